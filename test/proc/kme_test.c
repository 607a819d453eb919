#include "proc/kme.h"

#include "proc/kme_rig.h"

static struct krig k;

/* ---- all goes well ---- */

/*= test kme-3 kme-5a kme-5b kme-5d kme-5e kme-6 kme-8 kme-9a kme-9b kme-9c kme-9d kme-12 kme-lot */
/*= test kme-learn */
static void a_device_without_a_key_makes_one_and_both_sides_have_it(void **state)
{
    (void)state;
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        struct kme_taken taken;
        krig_open(&k, form);
        assert_int_equal(krig_offer(&k), KME_DUE_FIRST);
        const struct kme_payload p = krig_payload(&k);
        assert_true(k.me.pending.present);
        assert_false(k.me.has_active);
        assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
        assert_int_equal(k.view.n_devices, 1);
        assert_true(imei_eq(&k.view.devices[0].imei, &k.parties.imei));
        assert_true(k.view.devices[0].has_kme);
        assert_false(k.view.devices[0].has_previous);
        assert_memory_equal(k.view.devices[0].kme.b, k.me.pending.kme.b, KME_LEN);
        assert_ok(kme_me_confirm(taken.nw_sig, &k.me));
        assert_true(k.me.has_active);
        assert_false(k.me.pending.present);
        assert_memory_equal(k.view.devices[0].kme.b, k.me.active.b, KME_LEN);
        assert_int_equal(krig_offer(&k), KME_DUE_NOT);
        krig_close(&k);
    }
}

/* ---- octets ---- */

/* What Python makes of KME 00 to 0f, RME 10 to 2f, nonce 40 to 4f and an old KME 80 to 8f:
 * i = lambda b: len(b).to_bytes(2, "big") + b
 * consent = hmac.new(old, i(b"kme consent") + i(nonce), "sha256").digest()
 * content = b"".join(map(i, [b"bindery kme signature", kme, b"35693803564380",
 *                            bytes.fromhex("00010121436587f9"), b"\0\xf1\x10", rme, nonce,
 * consent])) label = b"".join(map(i, [bytes.fromhex("00010121436587f9"), b"35693803564380",
 * nonce])) nw_sig = hashlib.sha256(kme + rme).digest() */
static const char golden_consent[] =
    "deab74c45fb5d5ef45c194f734f275501abdde3bc8ab43d74a5bae4806d5e9cd";
static const char golden_content[] =
    "001562696e64657279206b6d65207369676e61747572650010000102030405060708090a0b0c0d0e0f000e33353639"
    "333830333536343338300008"
    "00010121436587f9000300f1100020101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f"
    "0010404142434445464748494a4b4c4d4e4f0020deab74c45fb5d5ef45c194f734f275501abdde3bc8ab43d74a5bae"
    "4806d5e9cd";
static const char golden_label[] =
    "000800010121436587f9000e33353639333830333536343338300010404142434445464748494a4b4c4d4e4f";
static const char golden_nw_sig[] =
    "4dbdc2b2b62cb00749785bc84202236dbc3777d74660611b8e58812f0cfde6c3";

struct octets {
    struct crypto crypto;
    struct key_kme kme, old;
    uint8_t rme[KME_RME_LEN], nonce[KME_NONCE_LEN], consent[32];
    struct kme_parties parties;
};

static void octets_open(struct octets *o)
{
    for (uint8_t i = 0; i < 16; i++) {
        o->kme.b[i] = i;
        o->old.b[i] = (uint8_t)(0x80 + i);
        o->nonce[i] = (uint8_t)(0x40 + i);
        o->rme[i] = (uint8_t)(0x10 + i);
        o->rme[16 + i] = (uint8_t)(0x20 + i);
    }
    o->parties =
        (struct kme_parties){krig_imsi(KRIG_IMSI), rig_imei(KRIG_IMEI), krig_plmn("001-01")};
    assert_ok(crypto_openssl_open(&o->crypto));
    assert_ok(kme_consent(&o->crypto, &o->old, o->nonce, o->consent));
}

static void is_hex(struct bytes got, const char *golden)
{
    char hex[2 * KME_SIG_CONTENT_MAX + 1];
    hex_encode(got, hex);
    assert_string_equal(hex, golden);
}

/*= test kme-covers kme-nwsig kme-consent kme-padding */
static void what_is_signed_and_hashed_is_the_octets_that_its_page_shows(void **state)
{
    (void)state;
    struct octets o;
    uint8_t content[KME_SIG_CONTENT_MAX], label[KME_OAEP_LABEL_LEN], nw_sig[KME_NW_SIG_LEN];
    octets_open(&o);
    is_hex(BYTES_OF(o.consent), golden_consent);
    is_hex(kme_sig_content(&o.kme, &o.parties, o.rme, o.nonce, o.consent, content), golden_content);
    const struct bytes without = kme_sig_content(&o.kme, &o.parties, o.rme, o.nonce, NULL, content);
    assert_int_equal(without.n, KME_SIG_CONTENT_MAX - 32);
    assert_int_equal(without.p[without.n - 1], 0); /* an item of no octets */
    kme_oaep_label(&o.parties.imsi, &o.parties.imei, o.nonce, label);
    is_hex(BYTES_OF(label), golden_label);
    assert_ok(kme_nw_sig(&o.crypto, &o.kme, o.rme, nw_sig));
    is_hex(BYTES_OF(nw_sig), golden_nw_sig);
    crypto_openssl_close(&o.crypto);
}

/* ---- step 3 ---- */

static struct binding_view view_of(enum binding_policy policy, uint8_t n, bool first_has_key)
{
    static const char *const imeis[] = {"35693803564380", "35693803564381", "35693803564382"};
    struct binding_view view = {.policy = policy, .n_devices = n};
    for (uint8_t i = 0; i < n; i++) {
        view.devices[i].imei = rig_imei(imeis[i]);
        view.devices[i].has_kme = i == 0 && first_has_key;
        memset(view.devices[i].kme.b, 0x11 * i, KME_LEN);
    }
    return view;
}

/*= test kme-3 kme-learn kme-rebind */
static void the_policy_and_what_is_known_decide_whether_a_subscription_is_due(void **state)
{
    (void)state;
    enum { OPEN = BINDING_OPEN, LEARN = BINDING_LEARN, BOUND = BINDING_BOUND };
    enum { NONE = KME_REQUEST_NONE, RENEW = KME_REQUEST_RENEW, REBIND = KME_REQUEST_REBIND };
    static const struct {
        int policy, devices, has_key, request;
        const char *to, *served;
        enum kme_due due;
    } table[] = {
        {OPEN, 0, 0, NONE, NULL, NULL, KME_DUE_NOT},
        {OPEN, 1, 1, RENEW, NULL, NULL, KME_DUE_NOT},
        {OPEN, 0, 0, REBIND, NULL, NULL, KME_DUE_NOT},
        {LEARN, 0, 0, NONE, NULL, NULL, KME_DUE_FIRST},
        {LEARN, 0, 0, NONE, NULL, "35693803564399", KME_DUE_FIRST},
        {LEARN, 2, 0, NONE, NULL, NULL, KME_DUE_FIRST},
        {LEARN, 2, 0, NONE, NULL, "35693803564381", KME_DUE_FIRST},
        {LEARN, 2, 0, NONE, NULL, "35693803564399", KME_DUE_NOT}, /* not on the list */
        {LEARN, 1, 1, NONE, NULL, NULL, KME_DUE_NOT},
        {LEARN, 2, 1, NONE, NULL, NULL, KME_DUE_NOT},
        {LEARN, 2, 1, NONE, NULL, "35693803564380", KME_DUE_NOT},
        {LEARN, 2, 1, NONE, NULL, "35693803564381", KME_DUE_FIRST},
        {LEARN, 2, 0, RENEW, NULL, NULL, KME_DUE_FIRST}, /* there is nothing to renew */
        {LEARN, 1, 1, RENEW, NULL, NULL, KME_DUE_RENEWAL},
        {BOUND, 1, 1, RENEW, NULL, "35693803564380", KME_DUE_RENEWAL},
        {BOUND, 2, 1, RENEW, NULL, "35693803564381", KME_DUE_NOT},
        {BOUND, 1, 0, NONE, NULL, NULL, KME_DUE_NOT}, /* bound: never a regular vector */
        {BOUND, 1, 1, NONE, NULL, NULL, KME_DUE_NOT},
        {BOUND, 1, 1, REBIND, NULL, NULL, KME_DUE_REBINDING},
        {BOUND, 1, 1, REBIND, "35693803564399", NULL, KME_DUE_REBINDING},
        {BOUND, 1, 1, REBIND, "35693803564399", "35693803564399", KME_DUE_REBINDING},
        {BOUND, 1, 1, REBIND, "35693803564399", "35693803564380", KME_DUE_NOT},
        {LEARN, 0, 0, REBIND, "35693803564399", "35693803564399", KME_DUE_REBINDING},
        /* an operator said to which device: no other is learned before it */
        {LEARN, 0, 0, REBIND, "35693803564399", "35693803564380", KME_DUE_NOT},
        {LEARN, 2, 0, REBIND, "35693803564399", "35693803564380", KME_DUE_NOT},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct binding_view view = view_of((enum binding_policy)table[i].policy,
                                                 (uint8_t)table[i].devices, table[i].has_key);
        struct kme_home home = {.phase = KME_IDLE};
        const struct imei to = rig_imei(table[i].to != NULL ? table[i].to : KRIG_IMEI);
        const struct imei served = rig_imei(table[i].served != NULL ? table[i].served : KRIG_IMEI);
        kme_home_request(&home, (enum kme_request)table[i].request,
                         table[i].to != NULL ? &to : NULL);
        const enum kme_due due =
            kme_home_due(&view, &home, table[i].served != NULL ? &served : NULL);
        if (due != table[i].due) {
            print_error("row %zu\n", i);
        }
        assert_string_equal(kme_due_name(due), kme_due_name(table[i].due));
    }
}

/* ---- step 4 ---- */

static enum err no_random(void *ctx, struct mbytes out)
{
    (void)ctx;
    memset(out.p, 0, out.n);
    return E_CRYPTO;
}

/*= test kme-offer-stands */
static void an_offer_for_the_same_reason_stands_for_half_of_its_life(void **state)
{
    (void)state;
    struct kme_home home = {.phase = KME_OFFERED, .due = KME_DUE_FIRST, .expires = 1060};
    assert_true(kme_home_stands(&home, KME_DUE_FIRST, 1000, 60));
    assert_true(kme_home_stands(&home, KME_DUE_FIRST, 1030, 60));
    assert_false(kme_home_stands(&home, KME_DUE_FIRST, 1031, 60));
    assert_false(kme_home_stands(&home, KME_DUE_FIRST, 999, 60)); /* of a longer life */
    assert_false(kme_home_stands(&home, KME_DUE_RENEWAL, 1000, 60));
    assert_false(kme_home_stands(&home, KME_DUE_NOT, 1000, 60));
    home.phase = KME_TAKEN;
    assert_false(kme_home_stands(&home, KME_DUE_FIRST, 1000, 60));
    home = (struct kme_home){.phase = KME_IDLE};
    assert_false(kme_home_stands(&home, KME_DUE_NOT, 0, 0));
}

/*= test kme-renewal-waits */
static void a_renewal_waits_for_another_device_s_offer_and_after_one_of_its_own(void **state)
{
    (void)state;
    struct kme_home home = {.phase = KME_OFFERED, .due = KME_DUE_RENEWAL, .expires = 1060};
    assert_false(kme_home_rests(&home, KME_DUE_RENEWAL, 1000, 60)); /* it stands */
    assert_false(kme_home_rests(&home, KME_DUE_RENEWAL, 1030, 60));
    assert_true(kme_home_rests(&home, KME_DUE_RENEWAL, 1031, 60));
    assert_true(kme_home_rests(&home, KME_DUE_RENEWAL, 1000 + KME_REST * 60 - 1, 60));
    assert_false(kme_home_rests(&home, KME_DUE_RENEWAL, 1000 + KME_REST * 60, 60));
    assert_false(kme_home_rests(&home, KME_DUE_RENEWAL, 999, 60)); /* the clock was set back */
    assert_false(kme_home_rests(&home, KME_DUE_FIRST, 1031, 60));
    assert_false(kme_home_rests(&home, KME_DUE_REBINDING, 1031, 60));
    home.due = KME_DUE_FIRST;
    assert_true(kme_home_rests(&home, KME_DUE_RENEWAL, 1030, 60));
    assert_false(kme_home_rests(&home, KME_DUE_RENEWAL, 1031, 60));
    assert_false(kme_home_rests(&home, KME_DUE_REBINDING, 1030, 60));
    home = (struct kme_home){.phase = KME_TAKEN, .due = KME_DUE_RENEWAL, .expires = 1060};
    assert_false(kme_home_rests(&home, KME_DUE_RENEWAL, 1031, 60));
    home = (struct kme_home){.phase = KME_IDLE};
    assert_false(kme_home_rests(&home, KME_DUE_RENEWAL, 1, 60));
}

/*= test kme-nonce */
static void every_offer_has_a_nonce_of_its_own_that_says_whether_consent_is_wanted(void **state)
{
    (void)state;
    struct kme_home home = {.phase = KME_IDLE}, before;
    struct crypto crypto, broken = {.random = no_random};
    assert_ok(crypto_openssl_open(&crypto));
    for (int i = 0; i < 64; i++) {
        const enum kme_due due = (enum kme_due)(1 + i % 3);
        before = home;
        assert_ok(kme_home_offer(&crypto, due, 1000, 60, &home));
        assert_int_equal(kme_nonce_wants_consent(home.nonce), due == KME_DUE_RENEWAL);
        assert_memory_not_equal(home.nonce, before.nonce, KME_NONCE_LEN);
        assert_int_equal(home.phase, KME_OFFERED);
        assert_int_equal(home.due, due);
        assert_int_equal(home.expires, 1060);
    }
    before = home;
    assert_err(kme_home_offer(&crypto, KME_DUE_NOT, 1000, 60, &home), E_BAD_STATE);
    assert_err(kme_home_offer(&broken, KME_DUE_FIRST, 1000, 60, &home), E_CRYPTO);
    assert_memory_equal(&home, &before, sizeof home);
    crypto_openssl_close(&crypto);
}

static void what_was_offered_counts_no_longer_after_another_request(void **state)
{
    (void)state;
    struct kme_taken taken;
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    const struct kme_payload p = krig_payload(&k);
    kme_home_request(&k.home, KME_REQUEST_NONE, NULL);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NOT_ASKED);
    krig_close(&k);
}

/* ---- steps 5 and 6 ---- */

/*= test kme-same kme-one-key kme-5c */
static void the_same_nonce_gets_the_same_octets_and_a_new_one_the_same_key(void **state)
{
    (void)state;
    uint8_t first[KME_MODULUS_MAX];
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    struct kme_payload p = krig_payload(&k);
    memcpy(first, p.encrypted.p, p.encrypted.n);
    const struct kme_me one = k.me;
    p = krig_payload(&k);
    assert_memory_equal(&k.me, &one, sizeof one);
    assert_memory_equal(p.encrypted.p, first, p.encrypted.n);
    (void)krig_offer(&k);
    p = krig_payload(&k);
    assert_memory_equal(k.me.pending.kme.b, one.pending.kme.b, KME_LEN);
    assert_memory_not_equal(p.encrypted.p, first, p.encrypted.n);
    assert_memory_not_equal(k.me.pending.xnw_sig, one.pending.xnw_sig, KME_NW_SIG_LEN);
    krig_close(&k);
}

static enum err sign_nothing(void *ctx, struct bytes content, uint8_t *signature, size_t *n)
{
    (void)ctx, (void)content, (void)signature;
    *n = 0;
    return E_OK;
}

static enum err encrypt_not(void *ctx, struct bytes modulus, struct bytes label, struct bytes plain,
                            uint8_t *out)
{
    (void)ctx, (void)modulus, (void)label, (void)plain, (void)out;
    return E_CRYPTO;
}

static void a_device_that_cannot_make_a_payload_keeps_what_it_has(void **state)
{
    (void)state;
    struct kme_payload p;
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    (void)krig_payload(&k);
    const struct kme_me before = k.me;
    (void)krig_offer(&k);
    struct kme_device device = krig_device(&k);
    const struct crypto broken = {.random = no_random};
    const struct devid_signer lazy = {.algorithm = DEVID_ECDSA_P256, .sign = sign_nothing};
    const struct devid_signer other = {.algorithm = DEVID_ED25519, .sign = sign_nothing};
    const struct kme_encrypter none = {.encrypt = encrypt_not};
    assert_err(kme_me_offer(&broken, &device, k.home.nonce, &k.me, &p), E_CRYPTO);
    device.signer = &lazy;
    assert_err(kme_me_offer(&k.rig.crypto, &device, k.home.nonce, &k.me, &p), E_CRYPTO);
    device.signer = &other;
    assert_err(kme_me_offer(&k.rig.crypto, &device, k.home.nonce, &k.me, &p), E_UNSUPPORTED);
    device = krig_device(&k);
    device.encrypter = &none;
    assert_err(kme_me_offer(&k.rig.crypto, &device, k.home.nonce, &k.me, &p), E_CRYPTO);
    device = krig_device(&k);
    device.parties.home = krig_plmn("001-02");
    assert_err(kme_me_offer(&k.rig.crypto, &device, k.home.nonce, &k.me, &p), E_BAD_VALUE);
    assert_memory_equal(&k.me, &before, sizeof before);
    krig_close(&k);
}

/*= test kme-ciphered */
static void a_command_is_answered_only_under_integrity_and_ciphering(void **state)
{
    (void)state;
    for (int i = 0; i < 4; i++) {
        assert_int_equal(kme_may_answer((i & 1) != 0, (i & 2) != 0), i == 3);
    }
}

/* ---- step 7 ---- */

/*= test kme-context */
static void an_mme_carries_only_payloads_of_its_own_ue(void **state)
{
    (void)state;
    const struct imsi imsi = krig_imsi(KRIG_IMSI), other_imsi = krig_imsi("001010123456780");
    const struct imei imei = rig_imei(KRIG_IMEI), other_imei = rig_imei("35693803564381");
    const struct kme_payload p = {.imsi = imsi, .imei = imei};
    assert_int_equal(kme_mme_carries(&p, &imsi, &imei), KME_CAUSE_NONE);
    assert_int_equal(kme_mme_carries(&p, &other_imsi, &imei), KME_CAUSE_OTHER_IMSI);
    assert_int_equal(kme_mme_carries(&p, &imsi, &other_imei), KME_CAUSE_OTHER_IMEI);
}

/* ---- step 9: into the subscription ---- */

/*= test kme-same-answer */
static void the_same_payload_gets_the_same_answer_however_late(void **state)
{
    (void)state;
    struct kme_taken first, again;
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    const struct kme_payload p = krig_payload(&k);
    assert_int_equal(krig_take(&k, &p, &first), KME_CAUSE_NONE);
    const struct binding_view view = k.view;
    const struct kme_home home = k.home;
    for (int i = 0; i < 3; i++) {
        k.at += 1000;
        assert_int_equal(krig_take(&k, &p, &again), KME_CAUSE_NONE);
        assert_true(again.again);
        assert_memory_equal(again.nw_sig, first.nw_sig, KME_NW_SIG_LEN);
        assert_memory_equal(&k.view, &view, sizeof view);
        assert_memory_equal(&k.home, &home, sizeof home);
    }
    krig_close(&k);
}

/*= test kme-old-kept kme-consent kme-approval */
static void a_new_key_leaves_the_old_one_until_it_was_used(void **state)
{
    (void)state;
    for (int rebind = 0; rebind < 2; rebind++) {
        krig_open(&k, BINDING_PUBLIC_KEY);
        krig_bind(&k);
        const struct key_kme old = k.me.active;
        kme_home_request(&k.home, rebind ? KME_REQUEST_REBIND : KME_REQUEST_RENEW, NULL);
        krig_bind(&k);
        const struct binding_device *d = &k.view.devices[0];
        assert_int_equal(k.view.n_devices, 1);
        assert_true(d->has_previous);
        assert_memory_equal(d->previous.b, old.b, KME_LEN);
        assert_memory_not_equal(d->kme.b, old.b, KME_LEN);
        assert_memory_equal(d->kme.b, k.me.pending.kme.b, KME_LEN);
        assert_memory_equal(k.me.active.b, old.b, KME_LEN);
        assert_int_equal(k.home.request, KME_REQUEST_NONE);
        assert_int_equal(krig_offer(&k), KME_DUE_NOT);
        const struct imei nobody = rig_imei("35693803564399");
        assert_false(kme_home_used(&k.view, &nobody));
        assert_true(kme_home_used(&k.view, &k.parties.imei));
        assert_false(d->has_previous);
        assert_memory_equal(d->previous.b, (const uint8_t[KME_LEN]){0}, KME_LEN);
        assert_false(kme_home_used(&k.view, &k.parties.imei));
        krig_close(&k);
    }
}

/* The answer was lost: the device still has the old key, and consents by that. */
/*= test kme-consent kme-one-key */
static void
the_key_before_consents_as_well_and_a_key_that_comes_again_is_not_its_own_old_one(void **state)
{
    (void)state;
    struct kme_taken taken;
    krig_open(&k, BINDING_PUBLIC_KEY);
    krig_bind(&k);
    const struct key_kme old = k.me.active;
    for (int i = 0; i < 3; i++) {
        kme_home_request(&k.home, KME_REQUEST_RENEW, NULL);
        assert_int_equal(krig_offer(&k), KME_DUE_RENEWAL);
        const struct kme_payload p = krig_payload(&k);
        assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
        assert_memory_equal(k.view.devices[0].previous.b, old.b, KME_LEN);
        assert_memory_equal(k.view.devices[0].kme.b, k.me.pending.kme.b, KME_LEN);
    }
    assert_ok(kme_me_confirm(taken.nw_sig, &k.me));
    krig_close(&k);
}

/* Its key is one that the home network does not have any more: it is bound anew all the same. */
/*= test kme-consent */
static void a_key_that_the_home_network_lost_is_no_hindrance(void **state)
{
    (void)state;
    krig_open(&k, BINDING_PUBLIC_KEY);
    krig_bind(&k);
    k.view.n_devices = 0;
    kme_home_request(&k.home, KME_REQUEST_NONE, NULL);
    krig_bind(&k);
    assert_memory_equal(k.view.devices[0].kme.b, k.me.pending.kme.b, KME_LEN);
    /* Or it has another one, from a backup. */
    memset(k.view.devices[0].kme.b, 0x77, KME_LEN);
    kme_home_request(&k.home, KME_REQUEST_REBIND, NULL);
    krig_bind(&k);
    assert_memory_equal(k.view.devices[0].kme.b, k.me.pending.kme.b, KME_LEN);
    krig_close(&k);
}

/*= test kme-approval kme-list */
static void a_device_that_an_operator_approved_of_takes_the_place_of_the_others(void **state)
{
    (void)state;
    krig_open(&k, BINDING_PUBLIC_KEY);
    k.view = view_of(BINDING_BOUND, 3, true);
    k.view.devices[0].imei = rig_imei("35693803564399"); /* ours is none of the three */
    kme_home_request(&k.home, KME_REQUEST_REBIND, &k.parties.imei);
    krig_bind(&k);
    assert_int_equal(k.view.n_devices, 1);
    assert_true(imei_eq(&k.view.devices[0].imei, &k.parties.imei));
    assert_memory_equal(k.view.devices[0].kme.b, k.me.active.b, KME_LEN);
    assert_false(k.view.devices[0].has_previous);
    assert_false(k.view.devices[1].has_kme);
    krig_close(&k);
}

/*= test kme-race */
static void what_was_opened_is_not_kept_when_the_subscription_has_changed(void **state)
{
    (void)state;
    struct kme_taken taken;
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    const struct kme_payload p = krig_payload(&k);
    const struct kme_arrived in = krig_arrived(&k, &p);
    assert_int_equal(krig_judge(&k, &in, &taken).cause, KME_CAUSE_NONE);
    for (int i = 0; i < 5; i++) {
        struct kme_home home = k.home;
        struct binding_view view = k.view;
        switch (i) {
        case 0: /* an AIR came in between */
            assert_ok(kme_home_offer(&k.rig.crypto, KME_DUE_FIRST, k.at, 60, &home));
            break;
        case 1: /* another payload was faster */
            home.phase = KME_TAKEN;
            break;
        case 2: /* the offer was withdrawn */
            kme_home_request(&home, KME_REQUEST_NONE, NULL);
            break;
        case 3: /* the list was changed, or the policy */
            view.devices[view.n_devices++].imei = rig_imei("35693803564399");
            break;
        default:
            view.policy = BINDING_OPEN;
            break;
        }
        const struct kme_home home_before = home;
        const struct binding_view view_before = view;
        assert_err(kme_home_keep(&taken, false, &view, &home), E_CONFLICT);
        assert_memory_equal(&home, &home_before, sizeof home);
        assert_memory_equal(&view, &view_before, sizeof view);
    }
    assert_ok(kme_home_keep(&taken, false, &k.view, &k.home));
    krig_close(&k);
}

/* ---- step 12 ---- */

/*= test kme-wrong-nwsig */
static void a_wrong_answer_erases_nothing_and_none_is_expected_without_an_offer(void **state)
{
    (void)state;
    struct kme_taken taken;
    struct kme_me none = {.has_active = false};
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
    const struct kme_payload p = krig_payload(&k);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    const struct kme_me before = k.me;
    for (size_t bit = 0; bit < 8 * sizeof taken.nw_sig; bit++) {
        taken.nw_sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
        assert_err(kme_me_confirm(taken.nw_sig, &k.me), E_BAD_MAC);
        assert_memory_equal(&k.me, &before, sizeof before);
        taken.nw_sig[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_err(kme_me_confirm(taken.nw_sig, &none), E_BAD_STATE);
    assert_false(none.has_active);
    assert_ok(kme_me_confirm(taken.nw_sig, &k.me));
    assert_err(kme_me_confirm(taken.nw_sig, &k.me), E_BAD_STATE);
    krig_close(&k);
}

/* ---- names ---- */

static void every_cause_and_every_request_has_its_name(void **state)
{
    (void)state;
    enum kme_request r = KME_REQUEST_NONE;
    for (int i = 0; i < KME_CAUSES; i++) {
        const char *name = kme_cause_name((enum kme_cause)i);
        assert_true(name[0] != '\0' && name[strspn(name, "abcdefghijklmnopqrstuvwxyz-")] == '\0');
        assert_true(strlen(kme_cause_sentence((enum kme_cause)i)) > 0);
        for (int j = 0; j < i; j++) {
            assert_string_not_equal(name, kme_cause_name((enum kme_cause)j));
        }
    }
    assert_string_equal(kme_cause_name(KME_CAUSES), "unknown");
    assert_string_equal(kme_cause_sentence((enum kme_cause)1000), "unknown");
    for (int i = 0; i < 3; i++) {
        assert_ok(kme_request_parse(bytes_of_str(kme_request_name((enum kme_request)i)), &r));
        assert_int_equal(r, i);
    }
    assert_err(kme_request_parse(BYTES_LIT("rebin"), &r), E_BAD_VALUE);
    assert_int_equal(r, KME_REQUEST_REBIND);
    assert_string_equal(kme_request_name((enum kme_request)3), "unknown");
    assert_string_equal(kme_due_name((enum kme_due)4), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_without_a_key_makes_one_and_both_sides_have_it),
        cmocka_unit_test(what_is_signed_and_hashed_is_the_octets_that_its_page_shows),
        cmocka_unit_test(the_policy_and_what_is_known_decide_whether_a_subscription_is_due),
        cmocka_unit_test(an_offer_for_the_same_reason_stands_for_half_of_its_life),
        cmocka_unit_test(a_renewal_waits_for_another_device_s_offer_and_after_one_of_its_own),
        cmocka_unit_test(every_offer_has_a_nonce_of_its_own_that_says_whether_consent_is_wanted),
        cmocka_unit_test(what_was_offered_counts_no_longer_after_another_request),
        cmocka_unit_test(the_same_nonce_gets_the_same_octets_and_a_new_one_the_same_key),
        cmocka_unit_test(a_device_that_cannot_make_a_payload_keeps_what_it_has),
        cmocka_unit_test(a_command_is_answered_only_under_integrity_and_ciphering),
        cmocka_unit_test(an_mme_carries_only_payloads_of_its_own_ue),
        cmocka_unit_test(the_same_payload_gets_the_same_answer_however_late),
        cmocka_unit_test(a_new_key_leaves_the_old_one_until_it_was_used),
        cmocka_unit_test(
            the_key_before_consents_as_well_and_a_key_that_comes_again_is_not_its_own_old_one),
        cmocka_unit_test(a_key_that_the_home_network_lost_is_no_hindrance),
        cmocka_unit_test(a_device_that_an_operator_approved_of_takes_the_place_of_the_others),
        cmocka_unit_test(what_was_opened_is_not_kept_when_the_subscription_has_changed),
        cmocka_unit_test(a_wrong_answer_erases_nothing_and_none_is_expected_without_an_offer),
        cmocka_unit_test(every_cause_and_every_request_has_its_name),
    };
    return cmocka_run_group_tests_name("proc/kme", tests, NULL, NULL);
}
