#include "net/verify_crl.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static enum err wrong(struct verify_why *why, enum err err, const char *path, const char *what)
{
    ERR_clear_error();
    (void)snprintf(why->text, sizeof why->text, "%.150s: %.90s", path, what);
    return err;
}

static int64_t unix_of(const ASN1_TIME *t)
{
    struct tm tm;
    return t != NULL && ASN1_TIME_to_tm(t, &tm) == 1 ? (int64_t)timegm(&tm) : 0;
}

static enum err keep(X509_CRL *crl, struct verify_crl *out)
{
    unsigned char *der = NULL;
    const int n = i2d_X509_CRL(crl, &der);
    struct verify_crl made = {.n = n > 0 ? (size_t)n : 0,
                              .issued = unix_of(X509_CRL_get0_lastUpdate(crl)),
                              .until = unix_of(X509_CRL_get0_nextUpdate(crl))};
    made.der = n > 0 ? malloc(made.n) : NULL;
    if (made.der != NULL) {
        memcpy(made.der, der, made.n);
    }
    OPENSSL_free(der);
    if (made.der == NULL) {
        return E_MEMORY;
    }
    *out = made;
    return E_OK;
}

enum err verify_crl_read(const char *path, struct verify_crl *out, struct verify_why *why)
{
    struct stat st;
    BIO *in = stat(path, &st) == 0 ? BIO_new_file(path, "r") : NULL;
    if (in == NULL) {
        return wrong(why, E_IO, path, "cannot be read");
    }
    const bool fits = st.st_size <= (off_t)VERIFY_CRL_MOST;
    X509_CRL *crl = fits ? PEM_read_bio_X509_CRL(in, NULL, NULL, NULL) : NULL;
    ERR_clear_error();
    X509_CRL *more = crl != NULL ? PEM_read_bio_X509_CRL(in, NULL, NULL, NULL) : NULL;
    const unsigned long last = ERR_peek_last_error();
    const bool ended = more == NULL && ERR_GET_LIB(last) == ERR_LIB_PEM &&
                       ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
    enum err err = crl == NULL || !ended
                       ? wrong(why, E_BAD_VALUE, path, "is not one revocation list in PEM form")
                       : keep(crl, out);
    if (err == E_MEMORY) {
        err = wrong(why, err, path, "there is not enough memory");
    }
    X509_CRL_free(more);
    X509_CRL_free(crl);
    BIO_free(in);
    ERR_clear_error();
    return err;
}

void verify_crl_free(struct verify_crl *crl)
{
    free(crl->der);
    *crl = (struct verify_crl){.der = NULL};
}
