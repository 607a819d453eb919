/* test/emulator/onboard_site.h - an operator that gives subscriptions, behind the small MME of
 * test/emulator/mme.h: real keys and certificates, and the AUSF's half of procedure certattach. The
 * i-th device gets the seed's i-th subscription, so that the MME knows it afterwards. And the
 * factory: a production lot, or a state file.
 */
#ifndef BINDERY_TEST_EMULATOR_ONBOARD_SITE_H
#define BINDERY_TEST_EMULATOR_ONBOARD_SITE_H

#include "device/onboarding.h"
#include "emulator/mme.h"
#include <openssl/x509v3.h>

#define SITE_DEVICES 64
#define SITE_LOOKS   "https://ca.example.org/DeviceID=box-"

enum site_answer {
    SITE_GIVES,
    SITE_REFUSES, /* #17, nothing with it */
    SITE_SWALLOWS /* nothing, but the end of the connection */
};
struct site_der {
    uint8_t b[1200];
    size_t n;
};
struct onboard_site {
    struct mme_onboarding hooks;
    struct maker maker; /* agreement and signature */
    EVP_PKEY *root_key, *device_key[SITE_DEVICES];
    struct site_der root, certificate; /* of the operator */
    struct plmn plmn;                  /* serving */
    /* what it does */
    enum site_answer answer;
    unsigned answer_n; /* so often, then SITE_GIVES; 0: always */
    bool other_keys;   /* what it gives is not what the MME knows */
    bool other_nonce, other_device;
    /* what it saw */
    unsigned asked, given, signed_requests;
    char url[CERTATTACH_URL_MAX + 1]; /* the last */
};

/* ---- certificates ---- */

static inline void site_extend(X509 *c, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, c, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(c, e, -1), 1);
    X509_EXTENSION_free(e);
}

/* names NULL: a root. */
static inline void site_certify(EVP_PKEY *key, EVP_PKEY *by, const char *cn, const char *names,
                                struct site_der *out)
{
    X509 *c = X509_new();
    unsigned char *p = out->b;
    assert_int_equal(X509_set_version(c, 2), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(c), names != NULL ? 2 : 1);
    X509_gmtime_adj(X509_getm_notBefore(c), -3600);
    X509_gmtime_adj(X509_getm_notAfter(c), 86400);
    X509_set_pubkey(c, key);
    X509_NAME_add_entry_by_txt(X509_get_subject_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)cn, -1, -1, 0);
    X509_NAME_add_entry_by_txt(X509_get_issuer_name(c), "CN", MBSTRING_UTF8,
                               (const unsigned char *)"provisioning root", -1, -1, 0);
    site_extend(c, c, NID_basic_constraints,
                names != NULL ? "critical,CA:FALSE" : "critical,CA:TRUE");
    site_extend(c, c, NID_key_usage,
                names != NULL ? "critical,digitalSignature" : "critical,keyCertSign,cRLSign");
    if (names != NULL) {
        site_extend(c, c, NID_ext_key_usage, "1.3.6.1.4.1.32473.1.1.7");
        site_extend(c, c, NID_subject_alt_name, names);
    }
    assert_true(X509_sign(c, by, EVP_sha256()) > 0);
    assert_true(i2d_X509(c, NULL) <= (int)sizeof out->b);
    out->n = (size_t)i2d_X509(c, &p);
    X509_free(c);
}

/* ---- the operator ---- */

static inline struct certattach_profile site_profile(const struct onboard_site *s, struct mme *m,
                                                     uint32_t i)
{
    struct certattach_profile p = {
        .policy = BINDING_OPEN, .home = s->plmn, .n_apns = 1, .apns = {"internet"}};
    struct lot_device device;
    assert_ok(population_derive(&m->c, &m->origin, i, &device));
    p.imsi = device.imsi;
    p.keys = device.keys;
    p.keys.k.b[0] ^= s->other_keys;
    return p;
}

static inline void site_give(struct onboard_site *s, struct mme *m, struct mme_ue *u,
                             const struct certattach_request *r, const struct plmn *plmn)
{
    const uint32_t i = (uint32_t)(u - m->ue);
    const struct certattach_operator_port port = {
        .ctx = &s->maker, .agree = maker_agree, .sign = maker_sign};
    uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN], value[WIRE_CERTATTACH_RESULT_MAX];
    struct nas_attach_reject reject = {.emm_cause = 17};
    struct certattach_about about = {.plmn = *plmn};
    struct certattach_result result;
    const struct certattach_profile profile = site_profile(s, m, i);
    assert_ok(certattach_url_id(r->url, &about.id));
    memcpy(about.nonce, r->nonce, sizeof about.nonce);
    about.nonce[0] ^= s->other_nonce;
    memset(about.nonce_1, 0x5a, sizeof about.nonce_1);
    s->maker.sealed_to = s->device_key[s->other_device ? i + 1 : i];
    assert_non_null(s->maker.sealed_to);
    assert_ok(certattach_ausf_protect(&m->c, &port, (struct bytes){NULL, 0}, &about, &profile,
                                      INT64_MAX / 2, MBYTES_OF(room), &result));
    result.certificates = (struct bytes){s->certificate.b, s->certificate.n};
    assert_ok(wire_certattach_result_write(&result, MBYTES_OF(value), &reject.bindery_container));
    mme_plain(m, u, &nas_attach_reject_message, &reject);
    mme_release(m, u);
    s->given++;
}

static inline void site_ask(void *ctx, struct mme *m, struct mme_ue *u,
                            const struct nas_attach_request *r)
{
    struct onboard_site *s = ctx;
    struct certattach_request request;
    s->asked++;
    assert_ok(wire_certattach_request_read(r->bindery_container, &request));
    s->signed_requests += request.proof.p != NULL;
    (void)snprintf(s->url, sizeof s->url, "%.*s", (int)request.url.n, (const char *)request.url.p);
    const enum site_answer answer = s->answer;
    if (answer != SITE_GIVES && s->answer_n > 0 && --s->answer_n == 0) {
        s->answer = SITE_GIVES;
    }
    if (answer == SITE_GIVES) {
        site_give(s, m, u, &request, &s->plmn);
        return;
    }
    if (answer == SITE_REFUSES) {
        mme_plain(m, u, &nas_attach_reject_message, &(struct nas_attach_reject){.emm_cause = 17});
    }
    mme_release(m, u);
}

static inline struct onboard_site *onboard_site_open(struct mme *m)
{
    struct onboard_site *s = calloc(1, sizeof *s);
    assert_non_null(s);
    m->origin.unbound = true;
    s->root_key = EVP_EC_gen("P-256");
    s->maker.operator_key = EVP_EC_gen("P-256");
    s->plmn = (struct plmn){"001", "01"};
    site_certify(s->root_key, s->root_key, "provisioning root", NULL, &s->root);
    site_certify(s->maker.operator_key, s->root_key, "operator",
                 "DNS:epc.mnc001.mcc001.3gppnetwork.org,DNS:epc.mnc070.mcc999.3gppnetwork.org",
                 &s->certificate);
    s->hooks = (struct mme_onboarding){.ctx = s, .ask = site_ask};
    m->onboarding = &s->hooks;
    return s;
}

static inline void onboard_site_close(struct onboard_site *s)
{
    for (unsigned i = 0; i < SITE_DEVICES; i++) {
        EVP_PKEY_free(s->device_key[i]);
    }
    EVP_PKEY_free(s->root_key);
    EVP_PKEY_free(s->maker.operator_key);
    free(s);
}

/* ---- the factory ---- */

/* The i-th device's key, which the operator learns too. */
static inline void site_device(struct onboard_site *s, uint32_t i, unsigned rsa_bits,
                               uint8_t key[static ONBOARD_KEY_MAX], size_t *n)
{
    const unsigned char *p = key;
    assert_true(i < SITE_DEVICES);
    assert_ok(onboard_openssl_make(rsa_bits, key, n));
    PKCS8_PRIV_KEY_INFO *info = d2i_PKCS8_PRIV_KEY_INFO(NULL, &p, (long)*n);
    EVP_PKEY_free(s->device_key[i]);
    s->device_key[i] = EVP_PKCS82PKEY(info);
    assert_non_null(s->device_key[i]);
    PKCS8_PRIV_KEY_INFO_free(info);
}

static inline void site_row(struct onboard_site *s, const struct identity_lot *lot, uint32_t i,
                            unsigned rsa_bits, struct identity_row *row)
{
    struct identity_onboarding *o = &row->onboarding;
    static uint8_t key[SIGNER_KEY_MAX];
    size_t n = 0;
    memset(row, 0, sizeof *row);
    row->imei = identity_lot_imei(lot, i);
    row->algorithm = lot->algorithm;
    assert_ok(signer_openssl_make(lot->algorithm, key, &n));
    memcpy(row->key.der, key, n);
    row->key.n = (uint16_t)n;
    site_device(s, i, rsa_bits, o->key, &n);
    o->key_n = (uint16_t)n;
    o->form = rsa_bits > 0 ? CERTATTACH_RSA : CERTATTACH_EC;
    (void)snprintf(o->url, sizeof o->url, SITE_LOOKS "%u", (unsigned)i);
    (void)snprintf(o->manufacturer, sizeof o->manufacturer, "Example Meters");
    (void)snprintf(o->model, sizeof o->model, "meter 1");
    (void)snprintf(o->serial_number, sizeof o->serial_number, "%u", (unsigned)i);
    assert_ok(identity_onboarding_add_certificate(o, (struct bytes){s->root.b, s->root.n}));
    assert_ok(identity_onboarding_add_root(o, (struct bytes){s->root.b, s->root.n}));
}

/* A production lot of n devices, whose IMEIs are the seed's first. */
static inline void site_lot(struct onboard_site *s, const char *dir, uint32_t n, unsigned rsa_bits)
{
    struct identity_lot lot = {.tac = "00101700",
                               .count = n,
                               .algorithm = DEVID_ECDSA_P256,
                               .form = BINDING_PUBLIC_KEY,
                               .model = "meter 1",
                               .onboarding = {.form = rsa_bits > 0 ? CERTATTACH_RSA : CERTATTACH_EC,
                                              .bits = (uint16_t)rsa_bits,
                                              .host = "ca.example.org",
                                              .manufacturer = "Example Meters"}};
    static uint8_t device[IDENTITY_ROW_MAX], binding[IDENTITY_ROW_MAX];
    struct identity_maker *maker;
    struct identity_why why;
    struct identity_row row;
    assert_ok(identity_maker_open(dir, &lot, 1000, &maker, &why));
    for (uint32_t i = 0; i < n; i++) {
        size_t device_n = 0, binding_n = 0;
        site_row(s, &lot, i, rsa_bits, &row);
        assert_ok(identity_row_write(&row, MBYTES_OF(device), &device_n));
        assert_ok(
            identity_binding_write(&row, (struct bytes){NULL, 0}, MBYTES_OF(binding), &binding_n));
        assert_ok(identity_maker_append(maker, (struct bytes){device, device_n},
                                        (struct bytes){binding, binding_n}, 1, &why));
    }
    assert_ok(identity_maker_finish(maker, &why));
    identity_maker_close(maker);
}

/* The state file of the i-th device. */
static inline void site_state(struct onboard_site *s, uint32_t i, struct device_state *out)
{
    struct identity_lot lot = {.tac = "00101700", .count = 1, .algorithm = DEVID_ECDSA_P256};
    struct identity_row row;
    site_row(s, &lot, i, 0, &row);
    memset(out, 0, sizeof *out);
    out->imei = row.imei;
    out->identity.algorithm = row.algorithm;
    out->identity.n = row.key.n;
    memcpy(out->identity.der, row.key.der, row.key.n);
    out->onboarding.form = row.onboarding.form;
    out->onboarding.key_n = row.onboarding.key_n;
    memcpy(out->onboarding.key, row.onboarding.key, row.onboarding.key_n);
    (void)snprintf(out->onboarding.url, sizeof out->onboarding.url, "%s", row.onboarding.url);
    assert_ok(device_add_root(&out->onboarding, (struct bytes){s->root.b, s->root.n}));
}

#endif
