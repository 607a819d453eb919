/* test/nf/devid_pki.h - certificates of devices, with every fault that they can have, revocation
 * lists, and records that a repository signed. Header only: tests are single files. */
#ifndef BINDERY_TEST_NF_DEVID_PKI_H
#define BINDERY_TEST_NF_DEVID_PKI_H

#include "net/device_key.h"
#include "net/pki.h"

#include "net/verify_sign.h"
#include "proc/binding_record.h"

#include <time.h>

#define HOUR (60L * 60)
#define DAY  (24 * HOUR)

struct cert {
    X509 *x;
    EVP_PKEY *key;
    uint8_t octets[4096];
    struct bytes der;
};
struct cert_wish {
    const char *cn;
    const struct cert *by; /* NULL: it signs itself */
    EVP_PKEY *key;         /* NULL: one is made, on P-256 */
    bool ca;
    const char *usage; /* NULL: a CA or a device's usual one; "": none */
    long from, to;     /* seconds from now; both 0: an hour ago to in 30 days */
    const EVP_MD *md;  /* NULL: SHA-256 */
    size_t comment;    /* octets of one */
    const char *role;  /* extended key usage, or NULL */
    const char *names; /* subjectAltName, or NULL */
};

static inline void cert_encode(struct cert *c)
{
    unsigned char *p = c->octets;
    int n = i2d_X509(c->x, NULL);
    assert_in_range(n, 1, sizeof c->octets);
    c->der = (struct bytes){c->octets, (size_t)i2d_X509(c->x, &p)};
}

static inline void cert_make(struct cert *c, const struct cert_wish *w)
{
    static long serial = 1000;
    bool usual = w->from == 0 && w->to == 0;
    const char *usage = w->usage != NULL ? w->usage
                        : w->ca          ? "critical,keyCertSign,cRLSign"
                                         : "critical,digitalSignature";
    c->key = w->key != NULL ? w->key : EVP_EC_gen("P-256");
    c->x = X509_new();
    X509_set_version(c->x, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c->x), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c->x), usual ? -HOUR : w->from);
    X509_gmtime_adj(X509_getm_notAfter(c->x), usual ? 30 * DAY : w->to);
    X509_set_pubkey(c->x, c->key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c->x), "CN", MBSTRING_UTF8,
                               (const unsigned char *)w->cn, -1, -1, 0);
    X509_set_issuer_name(c->x, X509_get_subject_name(w->by != NULL ? w->by->x : c->x));
    pki_extend(c->x, NID_basic_constraints, w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    if (usage[0] != '\0') {
        pki_extend(c->x, NID_key_usage, usage);
    }
    if (w->role != NULL) {
        pki_extend(c->x, NID_ext_key_usage, w->role);
    }
    if (w->names != NULL) {
        pki_extend(c->x, NID_subject_alt_name, w->names);
    }
    if (w->comment > 0) {
        char *text = calloc(1, w->comment + 1);
        memset(text, 'x', w->comment);
        pki_extend(c->x, NID_netscape_comment, text);
        free(text);
    }
    EVP_PKEY *sign = w->by != NULL ? w->by->key : c->key;
    const EVP_MD *md = EVP_PKEY_is_a(sign, "ED25519") ? NULL : EVP_sha256();
    assert_true(X509_sign(c->x, sign, w->md != NULL ? w->md : md) > 0);
    cert_encode(c);
}

static inline void cert_drop(struct cert *c)
{
    X509_free(c->x);
    EVP_PKEY_free(c->key);
    *c = (struct cert){.x = NULL};
}

static inline const char *cert_save(struct pki *p, const char *name, const struct cert *c)
{
    pki_save(p, name, c->x, c->key);
    return pki_path(p, name, ".crt");
}

static inline int64_t cert_end(const struct cert *c)
{
    struct tm tm;
    assert_int_equal(ASN1_TIME_to_tm(X509_get0_notAfter(c->x), &tm), 1);
    return (int64_t)timegm(&tm);
}

/* A list of a CA, from an hour ago to in `to` seconds, behind what the file has if `more`. */
static inline void crl_save(const char *path, bool more, const struct cert *ca,
                            const struct cert *revoked, long to)
{
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *from = X509_gmtime_adj(NULL, -HOUR), *next = X509_gmtime_adj(NULL, to);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca->x));
    X509_CRL_set1_lastUpdate(crl, from);
    X509_CRL_set1_nextUpdate(crl, next);
    if (revoked != NULL) {
        X509_REVOKED *entry = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(entry, X509_get_serialNumber(revoked->x));
        X509_REVOKED_set_revocationDate(entry, from);
        X509_CRL_add0_revoked(crl, entry);
    }
    assert_true(X509_CRL_sign(crl, ca->key, EVP_sha256()) > 0);
    FILE *f = fopen(path, more ? "a" : "w");
    assert_non_null(f);
    assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
    fclose(f);
    ASN1_TIME_free(from);
    ASN1_TIME_free(next);
    X509_CRL_free(crl);
}

/* ---- repositories ---- */

struct repository {
    struct signer *signer;
    char public_path[64];
};

static inline void public_save(const char *path, EVP_PKEY *key, const char *mode)
{
    FILE *f = fopen(path, mode);
    assert_non_null(f);
    assert_int_equal(PEM_write_PUBKEY(f, key), 1);
    fclose(f);
}

static inline void repository_open(struct repository *r, struct pki *p, const char *name)
{
    struct verify_why why;
    EVP_PKEY *key = EVP_EC_gen("P-256");
    const char *path = pki_path(p, name, ".key");
    FILE *f = fopen(path, "w");
    assert_int_equal(PEM_write_PrivateKey(f, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
    assert_ok(signer_open(path, &r->signer, &why));
    snprintf(r->public_path, sizeof r->public_path, "%s", pki_path(p, name, ".pub"));
    public_save(r->public_path, key, "w");
    EVP_PKEY_free(key);
}

static inline void repository_close(struct repository *r)
{
    signer_close(r->signer);
}

#endif
