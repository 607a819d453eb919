#include "net/cert_file.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum err cert_file_names(const char *path, const char *host, bool *out)
{
    const unsigned flags = X509_CHECK_FLAG_NO_WILDCARDS | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT;
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return E_IO;
    }
    X509 *first = PEM_read_X509(f, NULL, NULL, NULL);
    (void)fclose(f); /* it was only read */
    ERR_clear_error();
    if (first == NULL) {
        return E_BAD_VALUE;
    }
    *out = X509_check_host(first, host, 0, flags, NULL) == 1;
    X509_free(first);
    return E_OK;
}
