/* test/arpfd/papers.h - the certificates of test/arpfd/world.h: of secure elements, an ARPF,
 * service providers and operators, good ones and others; and revocation lists. Header only. */
#ifndef BINDERY_TEST_ARPFD_PAPERS_H
#define BINDERY_TEST_ARPFD_PAPERS_H

#include "net/pki.h"

#define DAY_S     86400
#define HOME_2    "epc.mnc002.mcc001.3gppnetwork.org"
#define HOME_1    "epc.mnc001.mcc001.3gppnetwork.org" /* of 001-01 */
#define SP_NAME   "sp.example.org"
#define ARPF_NAME "arpf.example.org"
/* ---- certificates ---- */

struct paper {
    const char *name, *issuer;           /* issuer NULL: a root */
    const char *san, *key_usage, *roles; /* or NULL */
    bool ca;
    long from, until; /* seconds from now; 0, 0: an hour ago, and in ten years */
};

static inline void paper_extend(X509 *c, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(c, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* The key is the caller's. */
static inline void paper_make_with(struct pki *p, const struct paper *w, EVP_PKEY *key)
{
    static long serial = 1000;
    X509 *c = X509_new(), *by = w->issuer ? pki_cert(pki_path(p, w->issuer, ".crt")) : c;
    EVP_PKEY *sign = w->issuer ? pki_key(pki_path(p, w->issuer, ".key")) : key;
    X509_set_version(c, 2);
    ASN1_INTEGER_set(X509_get_serialNumber(c), serial++);
    X509_gmtime_adj(X509_getm_notBefore(c), w->until != 0 ? w->from : -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), w->until != 0 ? w->until : 3650L * DAY_S);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)w->name, -1, -1, 0);
    X509_set_issuer_name(c, X509_get_subject_name(by));
    paper_extend(c, by, NID_basic_constraints, w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    paper_extend(c, by, NID_key_usage, w->ca ? "critical,keyCertSign,cRLSign" : w->key_usage);
    if (w->roles != NULL) {
        paper_extend(c, by, NID_ext_key_usage, w->roles);
    }
    if (w->san != NULL) {
        paper_extend(c, by, NID_subject_alt_name, w->san);
    }
    assert_true(X509_sign(c, sign, EVP_sha256()) > 0);
    pki_save(p, w->name, c, key);
    if (w->issuer) {
        X509_free(by);
        EVP_PKEY_free(sign);
    }
    X509_free(c);
}

static inline void paper_make(struct pki *p, const struct paper *w)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    paper_make_with(p, w, key);
    EVP_PKEY_free(key);
}

#define ROLE_SP     "clientAuth,1.3.6.1.4.1.32473.1.1.3"
#define ROLE_AUSF   "clientAuth,1.3.6.1.4.1.32473.1.1.4"
#define ROLE_DEVICE "clientAuth,1.3.6.1.4.1.32473.1.1.5"
#define ROLE_ARPF   "1.3.6.1.4.1.32473.1.1.8"
#define SIGNS       "critical,digitalSignature"
#define AGREES      "critical,keyAgreement"

static inline void make_certificates(struct pki *p)
{
    static const struct paper all[] = {
        {"ci", NULL, NULL, NULL, NULL, true, 0, 0},
        {"ci-other", NULL, NULL, NULL, NULL, true, 0, 0},
        {"pn", "ci", NULL, NULL, NULL, true, 0, 0},
        {"pn-other", "ci-other", NULL, NULL, NULL, true, 0, 0},
        {"pn-old", "ci", NULL, NULL, NULL, true, 0, 0},
        {"se", "pn", NULL, SIGNS, ROLE_DEVICE, false, 0, 0},
        {"se-2", "pn", NULL, SIGNS, ROLE_DEVICE, false, 0, 0},
        {"se-other", "pn-other", NULL, SIGNS, ROLE_DEVICE, false, 0, 0},
        {"se-old", "pn-old", NULL, SIGNS, ROLE_DEVICE, false, 0, 0},
        {"se-late", "pn", NULL, SIGNS, ROLE_DEVICE, false, -7200, -3600},
        {"se-early", "pn", NULL, SIGNS, ROLE_DEVICE, false, DAY_S, 2L * DAY_S},
        {"se-agrees", "pn", NULL, AGREES, ROLE_DEVICE, false, 0, 0},
        {"se-norole", "pn", NULL, SIGNS, "clientAuth", false, 0, 0},
        {"ecka", "ci", "DNS:" ARPF_NAME, AGREES, ROLE_ARPF, false, 0, 0},
        {"ecka-new", "ci", "DNS:" ARPF_NAME, AGREES, ROLE_ARPF, false, 0, 0},
        {"ecka-else", "ci", "DNS:arpf.elsewhere.org", AGREES, ROLE_ARPF, false, 0, 0},
        {"ecdsa", "ci", "DNS:" ARPF_NAME, SIGNS, ROLE_ARPF, false, 0, 0},
        {"ecdsa-new", "ci", "DNS:" ARPF_NAME, SIGNS, ROLE_ARPF, false, 0, 0},
        {"spca", NULL, NULL, NULL, NULL, true, 0, 0},
        {"sp-sign", "spca", "DNS:" SP_NAME, SIGNS, ROLE_SP, false, 0, 0},
        {"sp2-sign", "spca", "DNS:sp2.example.org", SIGNS, ROLE_SP, false, 0, 0},
        {"sp3-sign", "spca", "DNS:sp3.example.org", SIGNS, ROLE_SP, false, 0, 0},
        {"ca", NULL, NULL, NULL, NULL, true, 0, 0},
        {"server", "ca", "DNS:localhost", SIGNS, "serverAuth", false, 0, 0},
        {"sp", "ca", "DNS:" SP_NAME, SIGNS, ROLE_SP, false, 0, 0},
        {"sp2", "ca", "DNS:sp2.example.org", SIGNS, ROLE_SP, false, 0, 0},
        {"sp3", "ca", "DNS:sp3.example.org", SIGNS, ROLE_SP, false, 0, 0},
        {"sp-cn", "ca", NULL, SIGNS, ROLE_SP, false, 0, 0},
        {"sp-late", "ca", "DNS:" SP_NAME, SIGNS, ROLE_SP, false, -7200, -3600},
        {"sp-spca", "spca", "DNS:" SP_NAME, SIGNS, ROLE_SP, false, 0, 0},
        {"op", "ca", "DNS:" HOME_1, SIGNS, ROLE_AUSF, false, 0, 0},
        {"op2", "ca", "DNS:" HOME_2, SIGNS, ROLE_AUSF, false, 0, 0},
        {"op-key", "ca", "DNS:" HOME_1, AGREES, ROLE_AUSF, false, 0, 0},
        {"op2-key", "ca", "DNS:" HOME_2, AGREES, ROLE_AUSF, false, 0, 0},
        {"op-norole", "ca", "DNS:" HOME_1, AGREES, ROLE_SP, false, 0, 0},
        {"device", "ca", "DNS:" SP_NAME, SIGNS, ROLE_DEVICE, false, 0, 0},
    };
    pki_open(p);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        paper_make(p, &all[i]);
    }
}

/* Lists of CAs in one file, each with what it revokes (a certificate's name, or NULL). */
static inline void make_list(struct pki *p, const char *file, const char *issuer,
                             const char *revoked, const char *how)
{
    FILE *f = fopen(pki_path(p, file, ".crl"), how);
    X509 *by = pki_cert(pki_path(p, issuer, ".crt"));
    EVP_PKEY *sign = pki_key(pki_path(p, issuer, ".key"));
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = ASN1_TIME_new();
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(by));
    X509_CRL_set1_lastUpdate(crl, X509_gmtime_adj(t, -3600));
    X509_CRL_set1_nextUpdate(crl, X509_gmtime_adj(t, DAY_S));
    if (revoked != NULL) {
        X509 *c = pki_cert(pki_path(p, revoked, ".crt"));
        X509_REVOKED *r = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(c));
        X509_REVOKED_set_revocationDate(r, X509_gmtime_adj(t, -60));
        assert_int_equal(X509_CRL_add0_revoked(crl, r), 1);
        X509_free(c);
    }
    assert_true(X509_CRL_sign(crl, sign, EVP_sha256()) > 0);
    assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
    fclose(f);
    ASN1_TIME_free(t);
    X509_CRL_free(crl);
    X509_free(by);
    EVP_PKEY_free(sign);
}

static inline struct bytes der_of(struct pki *p, const char *name, uint8_t room[static 2048])
{
    uint8_t *at = room;
    X509 *c = pki_cert(pki_path(p, name, ".crt"));
    const int n = i2d_X509(c, &at);
    assert_true(n > 0 && n <= 2048);
    X509_free(c);
    return (struct bytes){room, (size_t)n};
}

#endif
