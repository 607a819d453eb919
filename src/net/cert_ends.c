#include "net/cert_ends.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <sys/stat.h>
#include <time.h>

#define PEM_MAX (16u << 20) /* octets */

static void earlier(int64_t *until, const ASN1_TIME *at)
{
    struct tm tm;
    if (at == NULL || ASN1_TIME_to_tm(at, &tm) != 1) {
        return;
    }
    const int64_t t = (int64_t)timegm(&tm);
    if (*until == 0 || t < *until) {
        *until = t;
    }
}

enum err cert_ends_read(const char *path, int64_t *certificate, int64_t *list)
{
    struct stat st;
    X509 *x;
    X509_CRL *crl;
    *certificate = *list = 0;
    if (stat(path, &st) != 0 || !S_ISREG(st.st_mode) || st.st_size > (off_t)PEM_MAX) {
        return E_IO;
    }
    BIO *in = BIO_new_file(path, "r");
    while (in != NULL && (x = PEM_read_bio_X509(in, NULL, NULL, NULL)) != NULL) {
        earlier(certificate, X509_get0_notAfter(x));
        X509_free(x);
    }
    if (in != NULL) {
        (void)BIO_reset(in);
    }
    while (in != NULL && (crl = PEM_read_bio_X509_CRL(in, NULL, NULL, NULL)) != NULL) {
        earlier(list, X509_CRL_get0_nextUpdate(crl));
        X509_CRL_free(crl);
    }
    const enum err err = in != NULL ? E_OK : E_IO;
    BIO_free(in);
    ERR_clear_error();
    return err;
}
