/* test/net/pki.h - certificates made on the spot, for the tests of TLS. Header only: tests are
 * single files. A party's files are <dir>/<name>.crt and .key. */
#ifndef BINDERY_TEST_NET_PKI_H
#define BINDERY_TEST_NET_PKI_H

#include "lib/check.h"

#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct pki {
    char dir[40];
    char path[8][64]; /* the last paths handed out */
    unsigned next;
};

static inline const char *pki_path(struct pki *p, const char *name, const char *suffix)
{
    char *s = p->path[p->next++ % 8];
    char dir[sizeof p->dir]; /* gcc fears that path and dir overlap */
    memcpy(dir, p->dir, sizeof dir);
    snprintf(s, 64, "%.32s/%.16s%.8s", dir, name, suffix);
    return s;
}

static inline void pki_open(struct pki *p)
{
    *p = (struct pki){.dir = "/tmp/bindery-pki-XXXXXX"};
    assert_non_null(mkdtemp(p->dir));
}

static inline void pki_close(struct pki *p)
{
    char command[80];
    snprintf(command, sizeof command, "rm -rf '%s'", p->dir);
    assert_int_equal(system(command), 0);
}

static inline EVP_PKEY *pki_key(const char *file)
{
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    EVP_PKEY *k = PEM_read_PrivateKey(f, NULL, NULL, NULL);
    fclose(f);
    return k;
}

static inline X509 *pki_cert(const char *file)
{
    FILE *f = fopen(file, "r");
    assert_non_null(f);
    X509 *c = PEM_read_X509(f, NULL, NULL, NULL);
    fclose(f);
    return c;
}

static inline void pki_extend(X509 *c, int nid, const char *value)
{
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, NULL, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(c, e, -1), 1);
    X509_EXTENSION_free(e);
}

static inline void pki_save(struct pki *p, const char *name, X509 *c, EVP_PKEY *k)
{
    FILE *f = fopen(pki_path(p, name, ".crt"), "w");
    assert_int_equal(PEM_write_X509(f, c), 1);
    fclose(f);
    const char *key = pki_path(p, name, ".key");
    f = fopen(key, "w");
    assert_int_equal(PEM_write_PrivateKey(f, k, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
    assert_int_equal(chmod(key, 0600), 0);
}

/* issuer NULL: a CA. names: an OpenSSL subjectAltName value, or NULL. */
static inline void pki_make(struct pki *p, const char *name, const char *issuer, const char *cn,
                            const char *names)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = X509_new(), *by = issuer ? pki_cert(pki_path(p, issuer, ".crt")) : NULL;
    EVP_PKEY *sign = issuer ? pki_key(pki_path(p, issuer, ".key")) : key;
    static long serial = 1;
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c), -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)cn, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(issuer ? by : c));
    pki_extend(c, NID_basic_constraints, issuer ? "critical,CA:FALSE" : "critical,CA:TRUE");
    if (names != NULL) {
        pki_extend(c, NID_subject_alt_name, names);
    }
    assert_true(X509_sign(c, sign, EVP_sha256()) > 0);
    pki_save(p, name, c, key);
    X509_free(c);
    X509_free(by);
    if (issuer) {
        EVP_PKEY_free(sign);
    }
    EVP_PKEY_free(key);
}

#endif
