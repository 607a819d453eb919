/* test/device/onboarding.h - a device without a subscription, and an operator that gives it one:
 * the AUSF's half of proc/certattach*.c, with real keys of libcrypto alone behind its port. What an
 * operator's certificate says is here what this rig says; device/linux/onboard_openssl.c has the
 * tests with certificates.
 */
#ifndef BINDERY_TEST_DEVICE_ONBOARDING_H
#define BINDERY_TEST_DEVICE_ONBOARDING_H

#include "device/bindery_ue.h"
#include "device/test_key.h"
#include "wire/certattach.h"
#include <openssl/core_names.h>
#include <openssl/ec.h>

#define MAKER_ID   "k7q2m5xw3j4a"
#define MAKER_URL  "https://ca.example.org/DeviceID=" MAKER_ID
#define MAKER_AT   1800000000 /* the device's time */
#define MAKER_SAYS 99         /* no verdict of the host's: it verifies */

struct maker {
    EVP_PKEY *device_key, *operator_key;
    EVP_PKEY *other_key; /* of another device */
    uint8_t root[128];   /* the operator's key in DER: what the device trusts */
    size_t root_n;
    struct plmn listed; /* by the operator's certificate */
    struct bindery_ue_onboarding onboarding;
    int64_t at;

    /* the host's functions */
    unsigned says; /* enum bindery_ue_operator_verdict, or MAKER_SAYS */
    bool secret_fails, install_fails;
    unsigned verified_n, opened_n, installed_n;
    struct bindery_ue_profile installed; /* the last that became durable */

    /* the operator */
    EVP_PKEY *sealed_to; /* the device's key */
    struct certattach_profile profile;
    uint8_t nonce_1[CERTATTACH_NONCE_LEN];
    int64_t expiry;
    uint8_t request[BINDERY_UE_ONBOARDING_ASK_MAX]; /* the last container */
    size_t request_n;
    uint8_t result[WIRE_CERTATTACH_RESULT_MAX];
    size_t result_n;
};

/* ---- keys ---- */

/* Made once for a program: an RSA key takes a while. */
static inline EVP_PKEY *maker_rsa(unsigned bits)
{
    static EVP_PKEY *keys[2];
    EVP_PKEY **key = &keys[bits == 4096];
    if (*key == NULL) {
        *key = EVP_RSA_gen(bits);
        assert_non_null(*key);
    }
    return *key;
}

static inline void maker_point(EVP_PKEY *key, uint8_t out[static 33])
{
    BIGNUM *x = NULL, *y = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_X, &x), 1);
    assert_int_equal(EVP_PKEY_get_bn_param(key, OSSL_PKEY_PARAM_EC_PUB_Y, &y), 1);
    out[0] = BN_is_odd(y) ? 3 : 2;
    assert_int_equal(BN_bn2binpad(x, out + 1, 32), 32);
    BN_free(x);
    BN_free(y);
}

/* NULL: no point of the curve. */
static inline EVP_PKEY *maker_peer(struct bytes point)
{
    EVP_PKEY *key = NULL;
    char group[] = "P-256";
    uint8_t copy[33];
    assert_int_equal(point.n, sizeof copy);
    memcpy(copy, point.p, sizeof copy);
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_PKEY_PARAM_GROUP_NAME, group, 0),
        OSSL_PARAM_construct_octet_string(OSSL_PKEY_PARAM_PUB_KEY, copy, sizeof copy),
        OSSL_PARAM_construct_end()};
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new_from_name(NULL, "EC", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(c), 1);
    if (EVP_PKEY_fromdata(c, &key, EVP_PKEY_PUBLIC_KEY, params) != 1) {
        key = NULL;
    }
    EVP_PKEY_CTX_free(c);
    return key;
}

static inline bool maker_dh(EVP_PKEY *own, EVP_PKEY *peer, uint8_t secret[static 32])
{
    size_t n = 32;
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(own, NULL);
    const bool done = EVP_PKEY_derive_init(c) == 1 && EVP_PKEY_derive_set_peer(c, peer) == 1 &&
                      EVP_PKEY_derive(c, secret, &n) == 1 && n == 32;
    EVP_PKEY_CTX_free(c);
    return done;
}

static inline EVP_PKEY_CTX *maker_oaep(EVP_PKEY *key, int (*init)(EVP_PKEY_CTX *))
{
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(key, NULL);
    void *label = OPENSSL_memdup(CERTATTACH_OAEP_LABEL, strlen(CERTATTACH_OAEP_LABEL));
    assert_int_equal(init(c), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(c, label, (int)strlen(CERTATTACH_OAEP_LABEL)),
                     1);
    return c;
}

/* ---- the host's three functions ---- */

static inline enum bindery_ue_operator_verdict
maker_verify(void *ctx, const struct bindery_ue_operator_message *m)
{
    struct maker *k = ctx;
    struct plmn plmn;
    const struct bytes certificate = {m->certificates, m->certificates_n};
    k->verified_n++;
    if (k->says != MAKER_SAYS) {
        return (enum bindery_ue_operator_verdict)k->says;
    }
    assert_ok(plmn_from_octets(m->plmn, &plmn));
    if (!bytes_eq(certificate, (struct bytes){k->root, k->root_n})) {
        return BINDERY_UE_OPERATOR_UNTRUSTED;
    }
    if (!plmn_eq(&plmn, &k->listed)) {
        return BINDERY_UE_OPERATOR_OTHER_PLMN;
    }
    if (test_verify(NULL, DEVID_ECDSA_P256, false, certificate,
                    (struct bytes){m->content, m->content_n},
                    (struct bytes){m->signature, BINDERY_UE_ONBOARDING_SIGNATURE_SIZE}) != E_OK) {
        return BINDERY_UE_OPERATOR_SIGNATURE;
    }
    return m->expiry < (uint64_t)k->at ? BINDERY_UE_OPERATOR_RESULT_EXPIRED
                                       : BINDERY_UE_OPERATOR_GOOD;
}

static inline bool maker_secret(void *ctx, uint8_t form, const uint8_t *sent, size_t sent_n,
                                uint8_t secret[BINDERY_UE_ONBOARDING_SECRET])
{
    struct maker *k = ctx;
    const bool rsa = EVP_PKEY_is_a(k->device_key, "RSA");
    uint8_t plain[512];
    size_t n = sizeof plain;
    bool done = false;
    k->opened_n++;
    assert_int_equal(sent_n, k->onboarding.sent_n);
    if (k->secret_fails || form != (rsa ? CERTATTACH_RSA : CERTATTACH_EC)) {
        return false;
    }
    if (rsa) {
        EVP_PKEY_CTX *c = maker_oaep(k->device_key, EVP_PKEY_decrypt_init);
        done = EVP_PKEY_decrypt(c, plain, &n, sent, sent_n) == 1 && n == 32;
        if (done) {
            memcpy(secret, plain, 32);
        }
        EVP_PKEY_CTX_free(c);
        return done;
    }
    EVP_PKEY *peer = maker_peer((struct bytes){sent, sent_n});
    done = peer != NULL && maker_dh(k->device_key, peer, secret);
    EVP_PKEY_free(peer);
    return done;
}

static inline bool maker_install(void *ctx, const struct bindery_ue_profile *profile)
{
    struct maker *k = ctx;
    if (k->install_fails) {
        return false;
    }
    k->installed = *profile;
    k->installed_n++;
    return true;
}

/* ---- open and close ---- */

static inline void maker_profile(struct maker *k)
{
    k->profile = (struct certattach_profile){
        .keys = {.algorithm = AKA_MILENAGE, .k = {.n = 16}, .opc = {.n = 16}, .res_len = 8},
        .policy = BINDING_LEARN,
        .n_apns = 2,
        .apns = {"internet", "iot.example"}};
    memset(k->profile.keys.k.b, 0x71, 16);
    memset(k->profile.keys.opc.b, 0x72, 16);
    assert_ok(imsi_parse(BYTES_LIT("001010000500007"), &k->profile.imsi));
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &k->profile.home));
}

/* rsa_bits 0: P-256. */
static inline void maker_open_rsa(struct maker *k, unsigned rsa_bits)
{
    memset(k, 0, sizeof *k);
    k->device_key = rsa_bits != 0 ? maker_rsa(rsa_bits) : EVP_EC_gen("P-256");
    k->operator_key = EVP_EC_gen("P-256");
    k->other_key = EVP_EC_gen("P-256");
    k->sealed_to = k->device_key;
    unsigned char *p = k->root;
    assert_true(i2d_PUBKEY(k->operator_key, NULL) <= (int)sizeof k->root);
    k->root_n = (size_t)i2d_PUBKEY(k->operator_key, &p);
    assert_ok(plmn_parse(BYTES_LIT("001-01"), &k->listed));
    k->says = MAKER_SAYS;
    k->at = MAKER_AT;
    k->expiry = MAKER_AT + 120;
    memset(k->nonce_1, 0xb1, sizeof k->nonce_1);
    maker_profile(k);
    k->onboarding = (struct bindery_ue_onboarding){
        .url = MAKER_URL,
        .sent_n = (uint16_t)(rsa_bits != 0 ? EVP_PKEY_get_size(k->device_key) : 33),
        .ctx = k,
        .verify = maker_verify,
        .secret = maker_secret,
        .install = maker_install};
}

static inline void maker_open(struct maker *k)
{
    maker_open_rsa(k, 0);
}

static inline void maker_close(struct maker *k)
{
    if (!EVP_PKEY_is_a(k->device_key, "RSA")) {
        EVP_PKEY_free(k->device_key);
    }
    EVP_PKEY_free(k->operator_key);
    EVP_PKEY_free(k->other_key);
}

/* ---- the operator ---- */

MUST_USE static inline enum err maker_agree(void *ctx, struct bytes certificate,
                                            enum certattach_form *form, uint8_t *sent,
                                            size_t *sent_n,
                                            uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    struct maker *k = ctx;
    (void)certificate;
    if (EVP_PKEY_is_a(k->sealed_to, "RSA")) {
        *form = CERTATTACH_RSA;
        memset(secret, 0x5e, CERTATTACH_SECRET_LEN);
        EVP_PKEY_CTX *c = maker_oaep(k->sealed_to, EVP_PKEY_encrypt_init);
        assert_int_equal(EVP_PKEY_encrypt(c, sent, sent_n, secret, CERTATTACH_SECRET_LEN), 1);
        EVP_PKEY_CTX_free(c);
        return E_OK;
    }
    EVP_PKEY *once = EVP_EC_gen("P-256");
    *form = CERTATTACH_EC;
    *sent_n = 33;
    maker_point(once, sent);
    assert_true(maker_dh(once, k->sealed_to, secret));
    EVP_PKEY_free(once);
    return E_OK;
}

MUST_USE static inline enum err maker_sign(void *ctx, struct bytes content,
                                           uint8_t signature[static CERTATTACH_SIGNATURE_LEN])
{
    struct maker *k = ctx;
    uint8_t der[80];
    const unsigned char *p = der;
    size_t n = sizeof der;
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(m, NULL, EVP_sha256(), NULL, k->operator_key), 1);
    assert_int_equal(EVP_DigestSign(m, der, &n, content.p, content.n), 1);
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)n);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), signature, 32), 32);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), signature + 32, 32), 32);
    ECDSA_SIG_free(sig);
    EVP_MD_CTX_free(m);
    return E_OK;
}

/* The request that the device sent: kept, and read. */
static inline struct certattach_request maker_request(struct maker *k, struct bytes element)
{
    struct certattach_request r;
    assert_true(element.n <= sizeof k->request);
    memcpy(k->request, element.p, element.n);
    k->request_n = element.n;
    assert_ok(wire_certattach_request_read((struct bytes){k->request, k->request_n}, &r));
    assert_true(bytes_eq(r.url, bytes_of_str(k->onboarding.url)));
    return r;
}

static inline struct bytes maker_result_about(struct maker *k, const struct crypto *c,
                                              const struct certattach_about *about)
{
    const struct certattach_operator_port port = {
        .ctx = k, .agree = maker_agree, .sign = maker_sign};
    uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN];
    struct certattach_result r = {.certificates = {k->root, k->root_n}};
    struct bytes value;
    assert_ok(certattach_ausf_protect(c, &port, (struct bytes){NULL, 0}, about, &k->profile,
                                      k->expiry, MBYTES_OF(room), &r));
    assert_ok(wire_certattach_result_write(&r, MBYTES_OF(k->result), &value));
    k->result_n = value.n;
    return value;
}

static inline struct certattach_about
maker_about(struct maker *k, const struct certattach_request *r, const char *plmn)
{
    struct certattach_about about;
    memset(&about, 0, sizeof about);
    assert_ok(certattach_url_id(r->url, &about.id));
    memcpy(about.nonce, r->nonce, sizeof about.nonce);
    memcpy(about.nonce_1, k->nonce_1, sizeof about.nonce_1);
    assert_ok(plmn_parse(bytes_of_str(plmn), &about.plmn));
    return about;
}

/* Step 3 for the request that was kept, on the network 001-01. */
static inline struct bytes maker_result(struct maker *k, const struct crypto *c)
{
    struct certattach_request r;
    assert_ok(wire_certattach_request_read((struct bytes){k->request, k->request_n}, &r));
    const struct certattach_about about = maker_about(k, &r, "001-01");
    return maker_result_about(k, c, &about);
}

/* What the host stored is what the operator gave. */
static inline void maker_expect_installed(const struct maker *k)
{
    const struct bindery_ue_profile *p = &k->installed;
    const struct certattach_profile *in = &k->profile;
    uint8_t home[3];
    plmn_to_octets(&in->home, home);
    assert_int_equal(p->imsi_n, in->imsi.n);
    assert_memory_equal(p->imsi, in->imsi.digits, p->imsi_n);
    assert_int_equal(p->mnc_n, strlen(in->home.mnc));
    assert_memory_equal(p->home, home, 3);
    assert_int_equal(p->policy, in->policy);
    assert_int_equal(p->usim.algorithm, in->keys.algorithm);
    assert_int_equal(p->usim.k_n, in->keys.k.n);
    assert_memory_equal(p->usim.k, in->keys.k.b, p->usim.k_n);
    assert_int_equal(p->usim.opc_n, in->keys.opc.n);
    assert_memory_equal(p->usim.opc, in->keys.opc.b, p->usim.opc_n);
    assert_int_equal(p->usim.res_n, in->keys.res_len);
    assert_int_equal(p->usim.keccak_iterations, in->keys.keccak_iterations);
    assert_int_equal(p->n_apns, in->n_apns);
    for (size_t i = 0; i < p->n_apns; i++) {
        assert_string_equal(p->apns[i], in->apns[i]);
    }
}

#endif
