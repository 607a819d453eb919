/* test/rsmfd/rsmf_pki.h - the certificates of all who meet at an RSMF, made on the spot, and what a
 * secure element does with its key. Header only: tests are single files. */
#ifndef BINDERY_TEST_RSMFD_RSMF_PKI_H
#define BINDERY_TEST_RSMFD_RSMF_PKI_H

#include "net/pki.h"
#include "net/verify_oids.h"

#include <openssl/bn.h>
#include <openssl/ec.h>

struct issue {
    const char *issuer; /* NULL: it signs itself */
    const char *names;  /* subjectAltName, or NULL */
    const char *basic, *usage, *extended;
    long days; /* 0: 30; below 0: it has expired */
};

static inline void pki_issue(struct pki *p, const char *name, struct issue how)
{
    static long serial = 1000;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *c = X509_new();
    X509 *by = how.issuer != NULL ? pki_cert(pki_path(p, how.issuer, ".crt")) : c;
    EVP_PKEY *sign = how.issuer != NULL ? pki_key(pki_path(p, how.issuer, ".key")) : key;
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c), how.days < 0 ? -40 * 86400L : -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), (how.days == 0 ? 30 : how.days) * 86400L);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)name, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(by));
    pki_extend(c, NID_basic_constraints, how.basic);
    pki_extend(c, NID_key_usage, how.usage);
    if (how.extended != NULL) {
        pki_extend(c, NID_ext_key_usage, how.extended);
    }
    if (how.names != NULL) {
        pki_extend(c, NID_subject_alt_name, how.names);
    }
    assert_true(X509_sign(c, sign, EVP_sha256()) > 0);
    pki_save(p, name, c, key);
    if (how.issuer != NULL) {
        X509_free(by);
        EVP_PKEY_free(sign);
    }
    X509_free(c);
    EVP_PKEY_free(key);
}

static inline void pki_root(struct pki *p, const char *name)
{
    pki_issue(
        p, name,
        (struct issue){NULL, NULL, "critical,CA:TRUE", "critical,keyCertSign,cRLSign", NULL, 0});
}

static inline void pki_part_number(struct pki *p, const char *name, const char *ci)
{
    pki_issue(p, name,
              (struct issue){ci, NULL, "critical,CA:TRUE,pathlen:0", "critical,keyCertSign,cRLSign",
                             NULL, 0});
}

static inline void pki_leaf(struct pki *p, const char *name, const char *issuer, const char *role,
                            const char *names, long days)
{
    char extended[80];
    snprintf(extended, sizeof extended, "clientAuth%s%s", role[0] != '\0' ? "," : "",
             role[0] != '\0' ? role : "");
    pki_issue(p, name,
              (struct issue){issuer, names, "critical,CA:FALSE", "critical,digitalSignature",
                             extended, days});
}

static inline void pki_server(struct pki *p, const char *name, const char *issuer,
                              const char *names)
{
    pki_issue(p, name,
              (struct issue){issuer, names, "critical,CA:FALSE", "critical,digitalSignature",
                             "serverAuth", 0});
}

/* A list of each CA in one file; `revoked`: the name of a certificate, or NULL. */
static inline void pki_list(struct pki *p, FILE *f, const char *ca, const char *revoked)
{
    X509 *by = pki_cert(pki_path(p, ca, ".crt"));
    EVP_PKEY *sign = pki_key(pki_path(p, ca, ".key"));
    X509_CRL *list = X509_CRL_new();
    ASN1_TIME *now = X509_gmtime_adj(NULL, -60), *next = X509_gmtime_adj(NULL, 86400);
    X509_CRL_set_version(list, 1);
    X509_CRL_set_issuer_name(list, X509_get_subject_name(by));
    X509_CRL_set1_lastUpdate(list, now);
    X509_CRL_set1_nextUpdate(list, next);
    if (revoked != NULL) {
        X509 *c = pki_cert(pki_path(p, revoked, ".crt"));
        X509_REVOKED *r = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(c));
        X509_REVOKED_set_revocationDate(r, now);
        X509_CRL_add0_revoked(list, r);
        X509_free(c);
    }
    assert_true(X509_CRL_sign(list, sign, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509_CRL(f, list), 1);
    ASN1_TIME_free(now);
    ASN1_TIME_free(next);
    X509_CRL_free(list);
    EVP_PKEY_free(sign);
    X509_free(by);
}

/* Of the CI and of a part number, each with one that it revoked. */
static inline void pki_lists(struct pki *p, const char *revoked_by_ci, const char *revoked_by_pn)
{
    FILE *f = fopen(pki_path(p, "ci", ".crl"), "w");
    assert_non_null(f);
    pki_list(p, f, "ci", revoked_by_ci);
    pki_list(p, f, "pn", revoked_by_pn);
    pki_list(p, f, "pn2", NULL);
    fclose(f);
}

static inline size_t pki_der(struct pki *p, const char *name, uint8_t out[static 2048])
{
    uint8_t *at = out;
    X509 *c = pki_cert(pki_path(p, name, ".crt"));
    const int n = i2d_X509(c, &at);
    assert_in_range(n, 1, 2048);
    X509_free(c);
    return (size_t)n;
}

/* Signs as an SE does: content in, r || s out. */
static inline bool pki_sign(EVP_PKEY *key, const uint8_t *content, size_t n, uint8_t out[64])
{
    uint8_t der[80];
    size_t der_n = sizeof der;
    const unsigned char *at = der;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, NULL, EVP_sha256(), NULL, key), 1);
    assert_int_equal(EVP_DigestSign(ctx, der, &der_n, content, n), 1);
    EVP_MD_CTX_free(ctx);
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &at, (long)der_n);
    assert_non_null(s);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(s), out, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(s), out + 32, 32), 32);
    ECDSA_SIG_free(s);
    return true;
}

#endif
