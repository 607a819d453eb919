/* test/device_linux/se_factory.h - a CI, a part number under it, secure elements of that part
 * number, and a third-party ARPF: real keys and certificates (TR 33.899 5.5.4.x). For tests of the
 * device's side.
 */
#ifndef BINDERY_TEST_DEVICE_LINUX_SE_FACTORY_H
#define BINDERY_TEST_DEVICE_LINUX_SE_FACTORY_H

#include "lib/check.h"

#include "device/linux/se_maker.h"
#include "device/linux/soft_se.h"
#include <openssl/ec.h>
#include <openssl/x509v3.h>
#include <string.h>

#define FACTORY_ARPF       "arpf.example.org"
#define FACTORY_SP         "sp.example.org"
#define FACTORY_ROLE_ARPF  "1.3.6.1.4.1.32473.1.1.8"
#define FACTORY_ROLE_OTHER "1.3.6.1.4.1.32473.1.1.3"

struct factory_der {
    uint8_t b[1200];
    size_t n;
};
struct factory {
    EVP_PKEY *ci_key, *pn_key, *arpf_key;
    struct factory_der ci, pn, arpf; /* CERT.CI, CERT.PN, CERT.ARPF.ECKA */
};
/* What a certificate is to be; NULL: without it. */
struct factory_wish {
    const char *cn, *issuer, *usage, *role, *name;
    bool ca;
    long from, to; /* seconds from now */
};

static inline struct bytes factory_bytes(const struct factory_der *d)
{
    return (struct bytes){d->b, d->n};
}

static inline void factory_extend(X509 *c, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, c, c, NULL, NULL, 0);
    X509_EXTENSION *e = value != NULL ? X509V3_EXT_conf_nid(NULL, &ctx, nid, value) : NULL;
    if (e != NULL) {
        assert_int_equal(X509_add_ext(c, e, -1), 1);
    }
    assert_true((e != NULL) == (value != NULL));
    X509_EXTENSION_free(e);
}

static inline void factory_certify(EVP_PKEY *key, EVP_PKEY *by, const struct factory_wish *w,
                                   struct factory_der *out)
{
    static long serial;
    char names[160];
    X509 *c = X509_new();
    unsigned char *p = out->b;
    assert_int_equal(X509_set_version(c, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(c), ++serial);
    X509_gmtime_adj(X509_getm_notBefore(c), w->from != 0 ? w->from : -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), w->to != 0 ? w->to : 86400);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)w->cn, -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)w->issuer, -1, -1, 0);
    factory_extend(c, NID_basic_constraints, w->ca ? "critical,CA:TRUE" : "critical,CA:FALSE");
    factory_extend(c, NID_key_usage, w->usage);
    factory_extend(c, NID_ext_key_usage, w->role);
    (void)snprintf(names, sizeof names, "DNS:%s", w->name != NULL ? w->name : "");
    factory_extend(c, NID_subject_alt_name, w->name != NULL ? names : NULL);
    assert_true(X509_sign(c, by, EVP_sha256()) > 0);
    assert_true(i2d_X509(c, NULL) <= (int)sizeof out->b);
    out->n = (size_t)i2d_X509(c, &p);
    X509_free(c);
}

static inline struct factory_wish factory_arpf_wish(void)
{
    return (struct factory_wish){.cn = "ARPF",
                                 .issuer = "CI",
                                 .usage = "critical,keyAgreement",
                                 .role = FACTORY_ROLE_ARPF,
                                 .name = FACTORY_ARPF};
}

static inline void factory_open(struct factory *f)
{
    const struct factory_wish ci = {
        .cn = "CI", .issuer = "CI", .usage = "critical,keyCertSign,cRLSign", .ca = true};
    const struct factory_wish pn = {
        .cn = "PN 7", .issuer = "CI", .usage = "critical,keyCertSign,cRLSign", .ca = true};
    const struct factory_wish arpf = factory_arpf_wish();
    f->ci_key = EVP_EC_gen("P-256");
    f->pn_key = EVP_EC_gen("P-256");
    f->arpf_key = EVP_EC_gen("P-256");
    factory_certify(f->ci_key, f->ci_key, &ci, &f->ci);
    factory_certify(f->pn_key, f->ci_key, &pn, &f->pn);
    factory_certify(f->arpf_key, f->ci_key, &arpf, &f->arpf);
}

static inline void factory_close(struct factory *f)
{
    EVP_PKEY_free(f->ci_key);
    EVP_PKEY_free(f->pn_key);
    EVP_PKEY_free(f->arpf_key);
}

/* CERT.SE for the key that an SE has made. */
static inline void factory_se(const struct factory *f, const uint8_t *spki, size_t n,
                              struct factory_der *out)
{
    const struct factory_wish wish = {.cn = "SE",
                                      .issuer = "PN 7",
                                      .usage = "critical,digitalSignature",
                                      .role = "clientAuth,1.3.6.1.4.1.32473.1.1.5"};
    const unsigned char *p = spki;
    EVP_PKEY *key = d2i_PUBKEY(NULL, &p, (long)n);
    assert_non_null(key);
    factory_certify(key, f->pn_key, &wish, out);
    EVP_PKEY_free(key);
}

/* A device with an SE, and nothing else. */
static inline struct device_state factory_device(const struct factory *f, const char *imei)
{
    struct device_state s;
    struct device_why why;
    struct factory_der se;
    uint8_t spki[SIGNER_PUBLIC_MAX];
    size_t n = 0;
    memset(&s, 0, sizeof s);
    assert_ok(imei_parse(bytes_of_str(imei), &s.imei));
    assert_ok(se_maker_key(&s, spki, &n));
    factory_se(f, spki, n, &se);
    const struct bytes chain[] = {factory_bytes(&se), factory_bytes(&f->pn)};
    const struct bytes ci[] = {factory_bytes(&f->ci)};
    assert_ok(se_maker_certify(&s, chain, 2, ci, 1, &why));
    return s;
}

/* Step 0-c: the slot, and the token. */
static inline struct dimsi_slot factory_agree(const struct factory *f, const struct crypto *c,
                                              const struct device_state *s, const char *dimsi,
                                              uint8_t token[static DIMSI_ATK_MAX], size_t *n)
{
    const struct bytes chain[] = {factory_bytes(&f->arpf)};
    struct dimsi_order order = {.arpf_chain = chain, .n_arpf_chain = 1};
    struct dimsi_slot slot;
    struct soft_se *se;
    assert_ok(imsi_parse(bytes_of_str(dimsi), &order.dimsi));
    assert_ok(dimsi_name_parse(BYTES_LIT(FACTORY_SP), &order.sp));
    assert_ok(soft_se_open(&s->se, 0, &se));
    const struct dimsi_se_port port = soft_se_port(se);
    assert_int_equal(dimsi_se_agree(c, &port, &order, &slot, token, n), DIMSI_NONE);
    soft_se_close(se);
    return slot;
}

/* The same, and the slot is in the state. */
static inline void factory_order(const struct factory *f, const struct crypto *c,
                                 struct device_state *s, const char *dimsi)
{
    uint8_t token[DIMSI_ATK_MAX];
    size_t n = 0;
    const struct dimsi_slot slot = factory_agree(f, c, s, dimsi, token, &n);
    assert_ok(device_state_agreed(s, &slot));
}

/* eK as the ARPF computes it from a token. */
static inline void factory_ek(const struct factory *f, const struct crypto *c,
                              const struct dimsi_atk *atk, struct key_ek *out)
{
    uint8_t z[32], own[DIMSI_POINT_LEN];
    size_t n = sizeof z;
    EVP_PKEY *peer = EVP_PKEY_new();
    unsigned char *point = NULL;
    assert_int_equal(EVP_PKEY_copy_parameters(peer, f->arpf_key), 1);
    assert_int_equal(EVP_PKEY_set1_encoded_public_key(peer, atk->point, sizeof atk->point), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_pkey(NULL, f->arpf_key, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, z, &n), 1);
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(f->arpf_key, &point), DIMSI_POINT_LEN);
    memcpy(own, point, sizeof own);
    assert_ok(dimsi_ek(c, z, &atk->dimsi, atk->point, own, out));
    OPENSSL_free(point);
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_free(peer);
}

#endif
