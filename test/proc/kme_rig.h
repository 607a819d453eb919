/* test/proc/kme_rig.h - a device, a repository, two lots and a home network with real keys for
 * procedure kme, and its ports over libcrypto alone: what the room proc can be tried with. The key
 * of a lot that runs in the network functions is another one (net/lot_key.h).
 */
#ifndef BINDERY_TEST_PROC_KME_RIG_H
#define BINDERY_TEST_PROC_KME_RIG_H

#include "proc/devid_rig.h"
#include "proc/kme.h"

#define KRIG_LOTS     2
#define KRIG_LIFETIME 60
#define KRIG_IMSI     "001010123456789"
#define KRIG_IMEI     "35693803564380" /* of the rig's device */

struct krig {
    struct rig rig; /* device key, repository, CA */
    EVP_PKEY *lot_key;
    struct kme_lot lot;
    uint8_t room[KME_MODULUS_MAX]; /* the device's */
    struct kme_parties parties;    /* as the device has them */
    struct plmn home_plmn;         /* as the HSS has it */
    struct kme_me me;
    struct binding_view view;
    struct kme_home home;
    int64_t at;
    bool served_known;
    enum err opener_says; /* else the payload is opened */
    /* ports: */
    struct devid_signer signer;
    struct kme_encrypter encrypter;
    struct kme_opener opener;
    struct devid_port port;
    struct devid_credential credential;
};

/* ---- lots ---- */

/* Made once for a program: an RSA key takes a while. */
static inline EVP_PKEY *krig_lot_key(size_t i)
{
    static EVP_PKEY *keys[KRIG_LOTS];
    if (keys[i] == NULL) {
        keys[i] = EVP_RSA_gen(2048);
        assert_non_null(keys[i]);
    }
    return keys[i];
}

static inline struct kme_lot krig_lot(EVP_PKEY *key, const char *id)
{
    struct kme_lot lot;
    uint8_t octets[KME_MODULUS_MAX];
    BIGNUM *n = NULL;
    assert_int_equal(EVP_PKEY_get_bn_param(key, "n", &n), 1);
    const int len = BN_bn2bin(n, octets);
    BN_free(n);
    assert_ok(kme_lot_make(bytes_of_str(id), BYTES_LIT("Maker & Sons"),
                           (struct bytes){octets, (size_t)len}, &lot));
    return lot;
}

static inline void krig_oaep(EVP_PKEY_CTX *ctx, struct bytes label)
{
    void *copy = OPENSSL_memdup(label.p, label.n);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(ctx, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(ctx, copy, (int)label.n), 1);
}

static inline enum err krig_encrypt(void *unused, struct bytes modulus, struct bytes label,
                                    struct bytes plain, uint8_t *out)
{
    (void)unused;
    size_t n = modulus.n;
    uint8_t number[KME_MODULUS_MAX + 1] = {0}; /* little endian, as OSSL_PARAM has it here */
    unsigned e = KME_RSA_EXPONENT;
    for (size_t i = 0; i < modulus.n; i++) {
        number[i] = modulus.p[modulus.n - 1 - i];
    }
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN("n", number, modulus.n),
                           OSSL_PARAM_construct_uint("e", &e), OSSL_PARAM_construct_end()};
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *make = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_int_equal(EVP_PKEY_fromdata_init(make), 1);
    assert_int_equal(EVP_PKEY_fromdata(make, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(key, NULL);
    assert_int_equal(EVP_PKEY_encrypt_init(ctx), 1);
    krig_oaep(ctx, label);
    bool ok = EVP_PKEY_encrypt(ctx, out, &n, plain.p, plain.n) == 1 && n == modulus.n;
    EVP_PKEY_CTX_free(ctx);
    EVP_PKEY_CTX_free(make);
    EVP_PKEY_free(key);
    return ok ? E_OK : E_CRYPTO;
}

static inline enum err krig_open_payload(void *ctx, struct bytes encrypted, struct bytes label,
                                         struct mbytes out)
{
    struct krig *k = ctx;
    uint8_t plain[KME_MODULUS_MAX];
    size_t n = sizeof plain;
    if (k->opener_says != E_OK) {
        return k->opener_says;
    }
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(k->lot_key, NULL);
    assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
    krig_oaep(c, label);
    bool ok = EVP_PKEY_decrypt(c, plain, &n, encrypted.p, encrypted.n) == 1 && n == out.n;
    if (ok) {
        memcpy(out.p, plain, out.n);
    }
    EVP_PKEY_CTX_free(c);
    return ok ? E_OK : E_BAD_MAC;
}

/* ---- the rig ---- */

static inline struct imsi krig_imsi(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static inline struct plmn krig_plmn(const char *text)
{
    struct plmn plmn;
    assert_ok(plmn_parse(bytes_of_str(text), &plmn));
    return plmn;
}

/* The repository publishes the record as it is now. */
static inline void krig_publish(struct krig *k)
{
    rig_publish(&k->rig);
    k->credential = rig_credential(&k->rig);
}

/* A device with a P-256 key that nobody bound yet, and a subscription that learns; no lot. */
static inline void krig_open_without_lot(struct krig *k, uint8_t form)
{
    memset(k, 0, sizeof *k);
    rig_open(&k->rig, DEVID_ECDSA_P256, form);
    k->home_plmn = krig_plmn("001-01");
    k->parties = (struct kme_parties){krig_imsi(KRIG_IMSI), rig_imei(KRIG_IMEI), k->home_plmn};
    k->view.policy = BINDING_LEARN;
    k->at = RIG_AT;
    k->signer = rig_signer(&k->rig);
    k->encrypter = (struct kme_encrypter){.encrypt = krig_encrypt};
    k->opener = (struct kme_opener){.ctx = k, .open = krig_open_payload};
    k->port = rig_port(&k->rig);
    k->credential = rig_credential(&k->rig);
}

static inline void krig_open(struct krig *k, uint8_t form)
{
    krig_open_without_lot(k, form);
    k->lot_key = krig_lot_key(0);
    k->lot = krig_lot(k->lot_key, "lot-2026.1");
}

static inline void krig_close(struct krig *k)
{
    rig_close(&k->rig);
}

static inline struct kme_device krig_device(struct krig *k)
{
    return (struct kme_device){.parties = k->parties,
                               .lot = k->lot.id,
                               .modulus = {k->lot.modulus, k->lot.modulus_n},
                               .signer = &k->signer,
                               .encrypter = &k->encrypter,
                               .room = k->room};
}

/* ---- steps ---- */

/* Steps 3 and 4. */
static inline enum kme_due krig_offer(struct krig *k)
{
    enum kme_due due = kme_home_due(&k->view, &k->home, NULL);
    if (due != KME_DUE_NOT) {
        assert_ok(kme_home_offer(&k->rig.crypto, due, k->at, KRIG_LIFETIME, &k->home));
    }
    return due;
}

/* Steps 5 and 6, under the nonce that is out. */
static inline struct kme_payload krig_payload(struct krig *k)
{
    struct kme_payload p;
    const struct kme_device device = krig_device(k);
    assert_ok(kme_me_offer(&k->rig.crypto, &device, k->home.nonce, &k->me, &p));
    return p;
}

/* What the HSS has in its hands: the request agrees with the payload. */
static inline struct kme_arrived krig_arrived(struct krig *k, const struct kme_payload *p)
{
    return (struct kme_arrived){.payload = p,
                                .imsi = p->imsi,
                                .imei = &p->imei,
                                .home = k->home_plmn,
                                .served_known = k->served_known,
                                .lot = &k->lot,
                                .opener = &k->opener,
                                .port = &k->port,
                                .credential = &k->credential,
                                .at = k->at};
}

static inline struct kme_verdict krig_judge(struct krig *k, const struct kme_arrived *in,
                                            struct kme_taken *taken)
{
    return kme_home_take(&k->rig.crypto, &k->view, &k->home, in, taken);
}

/* Steps 8 and 9: taken and kept, or refused. */
static inline enum kme_cause krig_take(struct krig *k, const struct kme_payload *p,
                                       struct kme_taken *taken)
{
    const struct kme_arrived in = krig_arrived(k, p);
    struct kme_verdict v = krig_judge(k, &in, taken);
    if (v.cause == KME_CAUSE_NONE) {
        assert_ok(kme_home_keep(taken, k->served_known, &k->view, &k->home));
    }
    return v.cause;
}

/* Judges; what is refused leaves no trace, and judging changes no state. */
static inline struct kme_verdict krig_refused(struct krig *k, const struct kme_arrived *in)
{
    struct kme_taken taken, untouched;
    memset(&taken, 0x5c, sizeof taken);
    memcpy(&untouched, &taken, sizeof taken);
    const struct binding_view view = k->view;
    const struct kme_home home = k->home;
    struct kme_verdict v = krig_judge(k, in, &taken);
    if (v.cause != KME_CAUSE_NONE) {
        assert_memory_equal(&taken, &untouched, sizeof taken);
    }
    assert_memory_equal(&k->view, &view, sizeof view);
    assert_memory_equal(&k->home, &home, sizeof home);
    return v;
}

/* All of it, up to step 12. */
static inline void krig_bind(struct krig *k)
{
    struct kme_taken taken;
    assert_int_not_equal(krig_offer(k), KME_DUE_NOT);
    const struct kme_payload p = krig_payload(k);
    assert_int_equal(krig_take(k, &p, &taken), KME_CAUSE_NONE);
    assert_ok(kme_me_confirm(taken.nw_sig, &k->me));
}

#endif
