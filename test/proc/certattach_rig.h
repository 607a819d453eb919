/* test/proc/certattach_rig.h - a device with an encryption key and an identity key, an authority,
 * an operator and a provisioning root for procedure certattach, with real keys, and its ports over
 * libcrypto alone: what the room proc can be tried with. The ports that run in the programs are
 * others (nf/common/onboard_port.h, device/linux/onboard_openssl.h).
 */
#ifndef BINDERY_TEST_PROC_CERTATTACH_RIG_H
#define BINDERY_TEST_PROC_CERTATTACH_RIG_H

#include "proc/certattach.h"
#include "proc/devid_rig.h"
#include "proc/failing.h"

#define CRIG_IMEI   "35693803564380" /* of the rig's device */
#define CRIG_URL    "https://CA.example.org/DeviceID=device-1"
#define CRIG_EXPIRY (RIG_AT + 120)

/* The spans of a rig point into it, so it stays where it is. */
struct crig {
    struct rig rig; /* identity key, its binding, the CA, and the signer of records */
    const struct crypto *crypto;
    EVP_PKEY *encryption, *operator_key, *root_key;
    struct rig_der certificate; /* of the encryption key */
    struct rig_der operator_certificate;
    struct device_record record;
    uint8_t record_octets[DEVICE_RECORD_MAX], record_signature[64];
    size_t record_n;
    /* what ports say, else it is found out: */
    enum certattach_cause chain_says;
    enum certattach_refusal operator_says;
    enum err agree_says, sign_says, secret_says;
    struct plmn listed; /* by the operator's certificate */
    int64_t device_time;
    unsigned verified, opened; /* how often the device's ports were asked */
    /* ports: */
    struct devid_port devid;
    struct devid_signer signer;
    struct certattach_authority_port authority;
    struct certattach_operator_port operator_port;
    struct certattach_device_port device_port;
    /* an attach: */
    struct certattach_device device;
    struct device_id id;
    struct plmn plmn;
    struct certattach_asked asked;
    struct certattach_request request;
    uint8_t proof[CERTATTACH_PROOF_MAX];
    struct certattach_arrived arrived;
    struct certattach_context context;
    struct certattach_profile profile; /* that the operator gives */
    struct certattach_about about;
    uint8_t room[CERTATTACH_BOX_MAX + CERTATTACH_SIGNATURE_LEN];
    struct certattach_result result;
    struct certattach_profile taken;
};

static inline struct plmn crig_plmn(const char *text)
{
    struct plmn plmn;
    assert_ok(plmn_parse(bytes_of_str(text), &plmn));
    return plmn;
}

/* ---- the authority ---- */

static inline void crig_publish(struct crig *c)
{
    const struct bytes made = device_record_write(&c->record, c->record_octets);
    c->record_n = made.n;
    assert_int_equal(rig_sign(c->rig.repository, DEVID_ECDSA_P256, made, c->record_signature), 64);
    c->context.record = made;
    c->context.signature = BYTES_OF(c->record_signature);
    c->context.signer = BYTES_OF(c->rig.signer_id);
}

static inline enum certattach_cause crig_chain(void *ctx, const struct bytes *chain, size_t n,
                                               int64_t at)
{
    struct crig *c = ctx;
    if (c->chain_says != CERTATTACH_NONE) {
        return c->chain_says;
    }
    return rig_port_chain(&c->rig, chain, n, at) == DEVID_CAUSE_NONE ? CERTATTACH_NONE
                                                                     : CERTATTACH_CHAIN_UNTRUSTED;
}

/* ---- the operator ---- */

static inline void crig_oaep(EVP_PKEY_CTX *ctx)
{
    static const char label[] = CERTATTACH_OAEP_LABEL;
    void *copy = OPENSSL_memdup(label, sizeof label - 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, sizeof label - 1), 1);
}

static inline void crig_derive(EVP_PKEY *own, EVP_PKEY *peer, uint8_t secret[static 32])
{
    size_t n = 32;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
    assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
    assert_int_equal(EVP_PKEY_derive(ctx, secret, &n), 1);
    assert_int_equal(n, 32);
    EVP_PKEY_CTX_free(ctx);
}

static inline size_t crig_agree_ec(EVP_PKEY *peer, uint8_t *sent, uint8_t secret[static 32])
{
    uint8_t *point = NULL;
    EVP_PKEY *fresh = EVP_EC_gen("P-256");
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(fresh, &point), 65);
    sent[0] = (uint8_t)(2 | (point[64] & 1));
    memcpy(sent + 1, point + 1, 32);
    crig_derive(fresh, peer, secret);
    OPENSSL_free(point);
    EVP_PKEY_free(fresh);
    return 33;
}

static inline size_t crig_agree_rsa(const struct crig *c, EVP_PKEY *peer, uint8_t *sent,
                                    uint8_t secret[static 32])
{
    size_t n = CERTATTACH_SENT_MAX;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(peer, NULL);
    assert_ok(c->rig.crypto.random(c->rig.crypto.ctx, (struct mbytes){secret, 32}));
    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    crig_oaep(ctx);
    assert_int_equal(EVP_PKEY_encrypt(ctx, sent, &n, secret, 32), 1);
    EVP_PKEY_CTX_free(ctx);
    return n;
}

static inline enum err crig_agree(void *ctx, struct bytes certificate, enum certattach_form *form,
                                  uint8_t *sent, size_t *sent_n, uint8_t secret[static 32])
{
    struct crig *c = ctx;
    assert_int_equal(*sent_n, CERTATTACH_SENT_MAX);
    if (c->agree_says != E_OK) {
        return c->agree_says;
    }
    EVP_PKEY *key = rig_public(true, certificate);
    assert_non_null(key);
    const bool rsa = EVP_PKEY_get_base_id(key) == EVP_PKEY_RSA;
    *form = rsa ? CERTATTACH_RSA : CERTATTACH_EC;
    *sent_n = rsa ? crig_agree_rsa(c, key, sent, secret) : crig_agree_ec(key, sent, secret);
    EVP_PKEY_free(key);
    return E_OK;
}

static inline enum err crig_operator_sign(void *ctx, struct bytes content,
                                          uint8_t signature[static 64])
{
    const struct crig *c = ctx;
    if (c->sign_says == E_OK) {
        assert_int_equal(rig_sign(c->operator_key, DEVID_ECDSA_P256, content, signature), 64);
    }
    return c->sign_says;
}

/* ---- the device ---- */

/* The operator's certificate is issued by the one root, or it is not. */
static inline enum certattach_refusal crig_verify(void *ctx, struct bytes certificates,
                                                  const struct plmn *plmn, int64_t expiry,
                                                  struct bytes content, struct bytes signature)
{
    struct crig *c = ctx;
    c->verified++;
    if (c->operator_says != CERTATTACH_REFUSED_NONE) {
        return c->operator_says;
    }
    const uint8_t *p = certificates.p;
    X509 *x = d2i_X509(NULL, &p, (long)certificates.n);
    enum certattach_refusal r = CERTATTACH_REFUSED_UNTRUSTED;
    if (x != NULL && p == certificates.p + certificates.n && X509_verify(x, c->root_key) == 1) {
        EVP_PKEY *key = X509_get0_pubkey(x);
        r = !plmn_eq(plmn, &c->listed)                               ? CERTATTACH_REFUSED_OTHER_PLMN
            : !rig_verify(key, DEVID_ECDSA_P256, content, signature) ? CERTATTACH_REFUSED_SIGNATURE
            : c->device_time > expiry                                ? CERTATTACH_REFUSED_EXPIRED
                                                                     : CERTATTACH_REFUSED_NONE;
    }
    X509_free(x);
    return r;
}

static inline enum err crig_secret_ec(EVP_PKEY *own, struct bytes sent, uint8_t secret[static 32])
{
    EVP_PKEY *peer = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_copy_parameters(peer, own), 1);
    const bool on_curve = EVP_PKEY_set1_encoded_public_key(peer, sent.p, sent.n) == 1;
    if (on_curve) {
        crig_derive(own, peer, secret);
    }
    EVP_PKEY_free(peer);
    return on_curve ? E_OK : E_BAD_VALUE;
}

static inline enum err crig_secret_rsa(EVP_PKEY *own, struct bytes sent, uint8_t secret[static 32])
{
    uint8_t plain[CERTATTACH_SENT_MAX];
    size_t n = sizeof plain;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(ctx), 1);
    crig_oaep(ctx);
    const bool ok = EVP_PKEY_decrypt(ctx, plain, &n, sent.p, sent.n) == 1 && n == 32;
    if (ok) {
        memcpy(secret, plain, 32);
    }
    EVP_PKEY_CTX_free(ctx);
    return ok ? E_OK : E_BAD_MAC;
}

static inline enum err crig_secret(void *ctx, enum certattach_form form, struct bytes sent,
                                   uint8_t secret[static 32])
{
    struct crig *c = ctx;
    c->opened++;
    if (c->secret_says != E_OK) {
        return c->secret_says;
    }
    const bool rsa = EVP_PKEY_get_base_id(c->encryption) == EVP_PKEY_RSA;
    assert_int_equal(sent.n, c->device_port.sent_n);
    if ((form == CERTATTACH_RSA) != rsa) {
        return E_UNSUPPORTED;
    }
    return rsa ? crig_secret_rsa(c->encryption, sent, secret)
               : crig_secret_ec(c->encryption, sent, secret);
}

/* ---- an attach ---- */

/* Step 1, and what the AUSF has in its hands then. */
static inline void crig_ask(struct crig *c)
{
    assert_ok(
        certattach_device_ask(c->crypto, &c->device, &c->plmn, c->proof, &c->asked, &c->request));
    c->arrived = (struct certattach_arrived){
        .request = &c->request, .id = c->id, .imei = c->device.imei, .plmn = c->plmn, .at = RIG_AT};
    c->about.id = c->id;
    c->about.plmn = c->plmn;
    memcpy(c->about.nonce, c->request.nonce, sizeof c->about.nonce);
}

static inline enum certattach_cause crig_judge(struct crig *c, struct device_record *record)
{
    return certattach_ausf_verify(c->crypto, &c->authority, &c->arrived, &c->context, record);
}

static inline enum err crig_protect(struct crig *c, int64_t expiry)
{
    const enum err err =
        certattach_ausf_protect(c->crypto, &c->operator_port, rig_bytes(&c->certificate), &c->about,
                                &c->profile, expiry, MBYTES_OF(c->room), &c->result);
    c->result.certificates = rig_bytes(&c->operator_certificate);
    return err;
}

static inline enum certattach_refusal crig_take(struct crig *c)
{
    uint8_t room[CERTATTACH_PROFILE_MAX];
    static const uint8_t zeros[sizeof room];
    memset(room, 0x5c, sizeof room);
    const enum certattach_refusal r = certattach_device_take(
        c->crypto, &c->device_port, &c->id, &c->result, MBYTES_OF(room), &c->asked, &c->taken);
    assert_true(r == CERTATTACH_REFUSED_NOT_ASKED || memcmp(room, zeros, sizeof room) == 0);
    return r;
}

static inline void crig_profile(struct crig *c)
{
    c->profile = (struct certattach_profile){
        .keys = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8},
        .home = crig_plmn("001-01"),
        .policy = BINDING_LEARN,
        .n_apns = 2,
        .apns = {"internet", "iot.example"}};
    assert_ok(imsi_parse(BYTES_LIT("001010000500001"), &c->profile.imsi));
    assert_ok(certattach_ausf_draw(c->crypto, &c->id, &c->profile.home, &c->profile.keys,
                                   c->about.nonce_1));
}

/* Keys are made once for a program: an RSA key takes a while. */
static inline EVP_PKEY *crig_rsa(void)
{
    static EVP_PKEY *key;
    if (key == NULL) {
        key = EVP_RSA_gen(2048);
        assert_non_null(key);
    }
    EVP_PKEY_up_ref(key);
    return key;
}

static inline void crig_ports(struct crig *c)
{
    c->devid = rig_port(&c->rig);
    c->signer = rig_signer(&c->rig);
    c->authority =
        (struct certattach_authority_port){.ctx = c, .devid = &c->devid, .chain = crig_chain};
    c->operator_port = (struct certattach_operator_port){
        .ctx = c, .agree = crig_agree, .sign = crig_operator_sign};
    c->device_port = (struct certattach_device_port){
        .ctx = c,
        .verify = crig_verify,
        .secret = crig_secret,
        .sent_n = EVP_PKEY_get_base_id(c->encryption) == EVP_PKEY_RSA ? 256 : 33};
}

/* The device is published, has asked, and the operator has a profile for it. With `identity` the
 * authority knows a key that proves its IMEI. */
static inline void crig_open(struct crig *c, enum certattach_form form, bool identity)
{
    memset(c, 0, sizeof *c);
    rig_open(&c->rig, DEVID_ECDSA_P256, BINDING_PUBLIC_KEY);
    c->crypto = &c->rig.crypto;
    c->encryption = form == CERTATTACH_RSA ? crig_rsa() : EVP_EC_gen("P-256");
    c->operator_key = EVP_EC_gen("P-256");
    c->root_key = EVP_EC_gen("P-256");
    rig_certify(c->encryption, c->rig.ca, false, &c->certificate);
    rig_certify(c->operator_key, c->root_key, false, &c->operator_certificate);
    crig_ports(c);
    assert_ok(device_id_parse(BYTES_LIT("device-1"), &c->id));
    c->plmn = crig_plmn("001-01");
    c->listed = c->plmn;
    c->device_time = RIG_AT;
    c->record = (struct device_record){.id = c->id,
                                       .imei = rig_imei(CRIG_IMEI),
                                       .manufacturer = "Maker",
                                       .model = "m1",
                                       .serial_number = "42",
                                       .status = BINDING_ACTIVE,
                                       .serial = 7,
                                       .issued = RIG_AT - 1};
    rig_digest(&c->rig, rig_bytes(&c->certificate), c->record.digest);
    c->context.n_chain = 1;
    c->context.chain[0] = rig_bytes(&c->certificate);
    c->context.has_identity = identity;
    c->context.identity = rig_credential(&c->rig);
    crig_publish(c);
    c->device = (struct certattach_device){.url = BYTES_LIT(CRIG_URL),
                                           .imei = rig_imei(CRIG_IMEI),
                                           .signer = identity ? &c->signer : NULL};
    crig_ask(c);
    crig_profile(c);
}

static inline void crig_close(struct crig *c)
{
    EVP_PKEY_free(c->encryption);
    EVP_PKEY_free(c->operator_key);
    EVP_PKEY_free(c->root_key);
    rig_close(&c->rig);
}

static inline bool crig_same_profile(const struct certattach_profile *a,
                                     const struct certattach_profile *b)
{
    uint8_t x[CERTATTACH_PROFILE_MAX], y[CERTATTACH_PROFILE_MAX];
    size_t n, m;
    assert_ok(certattach_profile_write(a, x, &n));
    assert_ok(certattach_profile_write(b, y, &m));
    return bytes_eq((struct bytes){x, n}, (struct bytes){y, m});
}

#endif
