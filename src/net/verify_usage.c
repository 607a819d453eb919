#include "net/verify_usage.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>

bool verify_usage_encrypts(struct bytes der, enum verify_key_kind kind)
{
    const unsigned char *p = der.p;
    const uint32_t wanted = kind == VERIFY_KEY_P256  ? KU_KEY_AGREEMENT
                            : kind == VERIFY_KEY_RSA ? KU_KEY_ENCIPHERMENT
                                                     : 0;
    X509 *x =
        wanted != 0 && der.n > 0 && der.n <= INT32_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    bool said = x != NULL && (X509_get_extension_flags(x) & EXFLAG_KUSAGE) != 0;
    bool may = said && (X509_get_key_usage(x) & wanted) != 0;
    X509_free(x);
    ERR_clear_error();
    return may;
}
