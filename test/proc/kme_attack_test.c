/* Who tries what against procedure kme (proc/kme.h). After each refusal the state is what it was
 * before. */
#include "proc/kme_rig.h"

static struct krig k;

static void is_refused(const struct kme_payload *p, enum kme_cause cause)
{
    const struct kme_arrived in = krig_arrived(&k, p);
    assert_string_equal(kme_cause_name(krig_refused(&k, &in).cause), kme_cause_name(cause));
}

/* What somebody makes who has N, a device key and whatever he saw; room for what is encrypted. */
struct forger {
    struct kme_lot lot;
    struct kme_parties parties; /* for the signature */
    struct imsi label_imsi;
    struct imei label_imei;
    uint8_t nonce[KME_NONCE_LEN], label_nonce[KME_NONCE_LEN];
    EVP_PKEY *signer;
    struct key_kme kme;
    uint8_t rme[KME_RME_LEN];
    size_t cut; /* octets that the plaintext lacks */
    uint8_t plain[KME_PLAINTEXT_LEN], encrypted[KME_MODULUS_MAX];
};

/* One who does everything right. */
static struct forger forger_of(void)
{
    struct forger f = {.lot = k.lot,
                       .parties = k.parties,
                       .label_imsi = k.parties.imsi,
                       .label_imei = k.parties.imei,
                       .signer = k.rig.device};
    memcpy(f.nonce, k.home.nonce, sizeof f.nonce);
    memcpy(f.label_nonce, k.home.nonce, sizeof f.label_nonce);
    memset(f.kme.b, 0x42, sizeof f.kme.b);
    memset(f.rme, 0x17, sizeof f.rme);
    return f;
}

static void forger_sign(struct forger *f)
{
    uint8_t content[KME_SIG_CONTENT_MAX];
    const struct bytes octets =
        kme_sig_content(&f->kme, &f->parties, f->rme, f->nonce, NULL, content);
    memcpy(f->plain, f->kme.b, KME_LEN);
    assert_int_equal(rig_sign(f->signer, DEVID_ECDSA_P256, octets, f->plain + KME_LEN),
                     KME_SIG_LEN);
    memcpy(f->plain + KME_LEN + KME_SIG_LEN, f->rme, KME_RME_LEN);
}

static struct kme_payload forger_encrypt(struct forger *f)
{
    uint8_t label[KME_OAEP_LABEL_LEN];
    kme_oaep_label(&f->label_imsi, &f->label_imei, f->label_nonce, label);
    assert_ok(krig_encrypt(NULL, (struct bytes){f->lot.modulus, f->lot.modulus_n}, BYTES_OF(label),
                           (struct bytes){f->plain, sizeof f->plain - f->cut}, f->encrypted));
    return (struct kme_payload){.imsi = k.parties.imsi,
                                .imei = k.parties.imei,
                                .lot = k.lot.id,
                                .encrypted = {f->encrypted, f->lot.modulus_n}};
}

static struct kme_payload forged(struct forger *f)
{
    forger_sign(f);
    return forger_encrypt(f);
}

static void scene_open(void)
{
    krig_open(&k, BINDING_PUBLIC_KEY);
    (void)krig_offer(&k);
}

static void what_the_forger_makes_right_is_taken(void **state)
{
    (void)state;
    struct kme_taken taken;
    scene_open();
    struct forger f = forger_of();
    const struct kme_payload p = forged(&f);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    krig_close(&k);
}

/* ---- replay ---- */

/*= test kme-latest kme-same-answer */
static void a_payload_that_is_replayed_changes_nothing_under_its_nonce_and_is_refused_under_another(
    void **state)
{
    (void)state;
    struct kme_taken taken, again;
    scene_open();
    const struct kme_payload p = krig_payload(&k);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    assert_int_equal(krig_take(&k, &p, &again), KME_CAUSE_NONE);
    assert_true(again.again);
    kme_home_request(&k.home, KME_REQUEST_REBIND, NULL);
    is_refused(&p, KME_CAUSE_NOT_ASKED);
    assert_int_equal(krig_offer(&k), KME_DUE_REBINDING);
    is_refused(&p, KME_CAUSE_REPLAYED);
    krig_close(&k);
}

/*= test kme-latest */
static void a_delayed_update_of_an_earlier_nonce_is_refused(void **state)
{
    (void)state;
    uint8_t early[KME_MODULUS_MAX];
    struct kme_taken taken;
    scene_open();
    struct kme_payload p = krig_payload(&k), late = p;
    memcpy(early, p.encrypted.p, p.encrypted.n);
    late.encrypted.p = early;
    (void)krig_offer(&k); /* the second attach */
    is_refused(&late, KME_CAUSE_OPENING);
    p = krig_payload(&k);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    is_refused(&late, KME_CAUSE_NONCE_USED);
    assert_ok(kme_me_confirm(taken.nw_sig, &k.me));
    krig_close(&k);
}

/*= test kme-nonce */
static void a_nonce_that_expired_is_refused(void **state)
{
    (void)state;
    struct kme_taken taken;
    scene_open();
    const struct kme_payload p = krig_payload(&k);
    k.at += KRIG_LIFETIME + 1;
    is_refused(&p, KME_CAUSE_NONCE_EXPIRED);
    k.at--;
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    krig_close(&k);
}

/* ---- somebody else's ---- */

/*= test kme-covers kme-padding kme-context */
static void a_payload_of_another_imsi_is_refused_however_it_is_presented(void **state)
{
    (void)state;
    scene_open();
    const struct imsi other = krig_imsi("001010123456780");
    struct kme_payload p = krig_payload(&k);
    struct kme_arrived in = krig_arrived(&k, &p);
    in.imsi = other; /* the request is the other's */
    assert_int_equal(krig_refused(&k, &in).cause, KME_CAUSE_OTHER_IMSI);
    p.imsi = other; /* and somebody wrote it into the payload */
    assert_int_equal(krig_refused(&k, &in).cause, KME_CAUSE_OPENING);
    struct forger f = forger_of(); /* or encrypted it anew, the signature as it was */
    f.parties.imsi = other;
    p = forged(&f);
    is_refused(&p, KME_CAUSE_SIGNATURE);
    krig_close(&k);
}

/*= test kme-covers kme-padding kme-context */
static void a_payload_of_another_imei_is_refused_however_it_is_presented(void **state)
{
    (void)state;
    scene_open();
    const struct imei other = rig_imei("35693803564381");
    struct kme_payload p = krig_payload(&k);
    struct kme_arrived in = krig_arrived(&k, &p);
    in.imei = &other;
    assert_int_equal(krig_refused(&k, &in).cause, KME_CAUSE_OTHER_IMEI);
    in.imei = NULL;
    assert_int_equal(krig_refused(&k, &in).cause, KME_CAUSE_OTHER_IMEI);
    p.imei = other; /* with the other's credential, which the repository has */
    in.imei = &other;
    k.rig.record.imei = other;
    krig_publish(&k);
    assert_int_equal(krig_refused(&k, &in).cause, KME_CAUSE_OPENING);
    k.rig.record.imei = k.parties.imei;
    krig_publish(&k);
    struct forger f = forger_of();
    f.parties.imei = other;
    p = forged(&f);
    is_refused(&p, KME_CAUSE_SIGNATURE);
    krig_close(&k);
}

/*= test kme-covers */
static void a_payload_for_another_home_network_is_refused(void **state)
{
    (void)state;
    scene_open();
    const struct kme_payload p = krig_payload(&k);
    k.home_plmn = krig_plmn("001-001");
    is_refused(&p, KME_CAUSE_SIGNATURE);
    krig_close(&k);
}

/*= test kme-9b */
static void a_signature_by_another_device_is_refused(void **state)
{
    (void)state;
    scene_open();
    EVP_PKEY *other = rig_key(DEVID_ECDSA_P256);
    struct forger f = forger_of();
    f.signer = other;
    const struct kme_payload p = forged(&f);
    is_refused(&p, KME_CAUSE_SIGNATURE);
    EVP_PKEY_free(other);
    krig_close(&k);
}

/*= test kme-find kme-9a */
static void a_payload_for_another_lots_modulus_is_refused(void **state)
{
    (void)state;
    scene_open();
    struct forger f = forger_of();
    f.lot = krig_lot(krig_lot_key(1), "lot-2026.2");
    struct kme_payload p = forged(&f);
    is_refused(&p, KME_CAUSE_OPENING);
    p.lot = f.lot.id; /* and it says so */
    is_refused(&p, KME_CAUSE_OTHER_LOT);
    krig_close(&k);
}

/* An operator that decrypted a payload once knows KME, KME_SIG and RME, and N is public. */
/*= test kme-covers */
static void one_who_once_saw_the_key_cannot_offer_it_to_another_network_or_again(void **state)
{
    (void)state;
    static struct krig second;
    struct kme_taken taken;
    scene_open();
    struct forger f = forger_of(); /* what the first operator has: a device's own payload */
    forger_sign(&f);
    struct kme_payload p = forger_encrypt(&f);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    /* the same operator, or one who saw it there, at a later nonce */
    kme_home_request(&k.home, KME_REQUEST_REBIND, NULL);
    (void)krig_offer(&k);
    memcpy(f.label_nonce, k.home.nonce, sizeof f.label_nonce);
    p = forger_encrypt(&f);
    is_refused(&p, KME_CAUSE_SIGNATURE);
    /* a second operator, with a subscription of its own on the same device */
    second = k;
    second.opener.ctx = &second;
    second.view = (struct binding_view){.policy = BINDING_LEARN};
    second.home = (struct kme_home){.phase = KME_IDLE};
    second.home_plmn = krig_plmn("001-02");
    second.parties.imsi = krig_imsi("001020123456789");
    (void)krig_offer(&second);
    memcpy(f.label_nonce, second.home.nonce, sizeof f.label_nonce);
    f.label_imsi = second.parties.imsi;
    p = forger_encrypt(&f);
    p.imsi = second.parties.imsi;
    const struct kme_arrived in = krig_arrived(&second, &p);
    assert_int_equal(krig_judge(&second, &in, &taken).cause, KME_CAUSE_SIGNATURE);
    krig_close(&k);
}

/* It comes before the device's own, whose answer is then refused: both have the same key even so.
 */
static void the_devices_own_payload_encrypted_anew_under_its_nonce_locks_nobody_out(void **state)
{
    (void)state;
    struct kme_taken taken;
    uint8_t plain[KME_PLAINTEXT_LEN], label[KME_OAEP_LABEL_LEN];
    scene_open();
    const struct kme_payload own = krig_payload(&k);
    kme_oaep_label(&own.imsi, &own.imei, k.home.nonce, label);
    assert_ok(krig_open_payload(&k, own.encrypted, BYTES_OF(label), MBYTES_OF(plain)));
    struct forger f = forger_of();
    memcpy(f.plain, plain, sizeof plain);
    const struct kme_payload p = forger_encrypt(&f);
    assert_int_equal(krig_take(&k, &p, &taken), KME_CAUSE_NONE);
    is_refused(&own, KME_CAUSE_NONCE_USED);
    assert_ok(kme_me_confirm(taken.nw_sig, &k.me));
    assert_memory_equal(k.me.active.b, k.view.devices[0].kme.b, KME_LEN);
    krig_close(&k);
}

/* ---- one refusal ---- */

#define CALLS_MAX 64
struct calls {
    struct crypto inner;
    struct devid_port port;
    struct kme_opener opener;
    size_t n;
    struct {
        char what;
        size_t octets;
    } call[CALLS_MAX];
};
static struct calls calls;

static void called(char what, size_t octets)
{
    assert_true(calls.n < CALLS_MAX);
    calls.call[calls.n].what = what;
    calls.call[calls.n++].octets = octets;
}

static size_t octets_of(const struct bytes *parts, size_t n)
{
    size_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        sum += parts[i].n;
    }
    return sum;
}

static enum err log_random(void *ctx, struct mbytes out)
{
    called('r', out.n);
    return calls.inner.random(ctx, out);
}

static enum err log_sha256(void *ctx, const struct bytes *parts, size_t n, uint8_t out[static 32])
{
    called('h', octets_of(parts, n));
    return calls.inner.sha256(ctx, parts, n, out);
}

static enum err log_hmac(void *ctx, struct bytes key, const struct bytes *parts, size_t n,
                         uint8_t out[static 32])
{
    called('m', octets_of(parts, n));
    return calls.inner.hmac_sha256(ctx, key, parts, n, out);
}

static enum err log_record(void *ctx, struct bytes signer, struct bytes record, struct bytes sig)
{
    called('R', record.n);
    return calls.port.record(ctx, signer, record, sig);
}

static enum err log_signature(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                              struct bytes content, struct bytes signature)
{
    called('S', content.n);
    return calls.port.signature(ctx, algorithm, certificate, key, content, signature);
}

static enum err log_open(void *ctx, struct bytes encrypted, struct bytes label, struct mbytes out)
{
    called('O', encrypted.n + label.n + out.n);
    return calls.opener.open(ctx, encrypted, label, out);
}

/* Everything that is done from here on is noted. */
static void log_calls(void)
{
    calls = (struct calls){.inner = k.rig.crypto, .port = k.port, .opener = k.opener};
    k.rig.crypto.random = log_random;
    k.rig.crypto.sha256 = log_sha256;
    k.rig.crypto.hmac_sha256 = log_hmac;
    k.port.record = log_record;
    k.port.signature = log_signature;
    k.opener.open = log_open;
}

/* Judges, and says whether the same was done as the time before. */
static enum kme_cause done_alike(const struct kme_payload *p, struct calls *before)
{
    calls.n = 0;
    const struct kme_arrived in = krig_arrived(&k, p);
    enum kme_cause cause = krig_refused(&k, &in).cause;
    assert_true(calls.n > 3);
    if (before->n > 0) {
        assert_int_equal(calls.n, before->n);
        assert_memory_equal(calls.call, before->call, calls.n * sizeof calls.call[0]);
    }
    *before = calls;
    return cause;
}

/*= test kme-one-refusal */
static void whatever_is_wrong_inside_the_same_is_done_and_one_refusal_is_given(void **state)
{
    (void)state;
    static struct calls before;
    before.n = 0;
    uint64_t seed = 7;
    uint8_t mauled[KME_MODULUS_MAX];
    scene_open();
    struct kme_payload own = krig_payload(&k);
    log_calls();
    assert_int_equal(done_alike(&own, &before), KME_CAUSE_NONE);
    /* mauled ciphertexts, as one who asks a padding oracle sends them */
    struct kme_payload p = own;
    p.encrypted.p = mauled;
    for (int i = 0; i < 40; i++) {
        memcpy(mauled, own.encrypted.p, own.encrypted.n);
        mauled[1 + test_rand(&seed) % (own.encrypted.n - 1)] ^=
            (uint8_t)(1 + test_rand(&seed) % 255);
        assert_int_equal(done_alike(&p, &before), KME_CAUSE_OPENING);
    }
    memset(mauled, 0, sizeof mauled);
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_OPENING);
    memset(mauled, 0xff, sizeof mauled); /* above N */
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_OPENING);
    /* what opens and is too short, and signatures that do not hold */
    struct forger f = forger_of();
    f.cut = 1;
    p = forged(&f);
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_OPENING);
    f = forger_of();
    p = forged(&f);
    f.plain[KME_LEN + 5] ^= 1;
    p = forger_encrypt(&f);
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_SIGNATURE);
    f = forger_of();
    f.label_nonce[3] ^= 1;
    p = forged(&f);
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_OPENING);
    krig_close(&k);
}

/*= test kme-one-refusal kme-consent */
static void the_same_is_done_for_a_renewal_with_and_without_consent(void **state)
{
    (void)state;
    static struct calls before;
    before.n = 0;
    krig_open(&k, BINDING_PUBLIC_KEY);
    krig_bind(&k);
    kme_home_request(&k.home, KME_REQUEST_RENEW, NULL);
    assert_int_equal(krig_offer(&k), KME_DUE_RENEWAL);
    const struct kme_payload own = krig_payload(&k);
    log_calls();
    assert_int_equal(done_alike(&own, &before), KME_CAUSE_NONE);
    struct forger f = forger_of(); /* the device's signature, and no old key */
    struct kme_payload p = forged(&f);
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_NO_CONSENT);
    EVP_PKEY *other = rig_key(DEVID_ECDSA_P256);
    f.signer = other;
    p = forged(&f);
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_SIGNATURE);
    f.encrypted[9] ^= 1;
    assert_int_equal(done_alike(&p, &before), KME_CAUSE_OPENING);
    EVP_PKEY_free(other);
    krig_close(&k);
}

/* ---- answers ---- */

/*= test kme-wrong-nwsig */
static void a_forged_answer_and_that_of_another_run_are_refused_by_the_device(void **state)
{
    (void)state;
    struct kme_taken first, second;
    uint8_t zeros[KME_NW_SIG_LEN] = {0}, hash[KME_NW_SIG_LEN];
    scene_open();
    struct kme_payload p = krig_payload(&k);
    struct kme_arrived in = krig_arrived(&k, &p);
    assert_int_equal(krig_judge(&k, &in, &first).cause, KME_CAUSE_NONE);
    (void)krig_offer(&k); /* a second run: the device offers its key again, under another RME */
    p = krig_payload(&k);
    in = krig_arrived(&k, &p);
    assert_int_equal(krig_judge(&k, &in, &second).cause, KME_CAUSE_NONE);
    assert_err(kme_me_confirm(first.nw_sig, &k.me), E_BAD_MAC);
    assert_err(kme_me_confirm(zeros, &k.me), E_BAD_MAC);
    assert_ok(k.rig.crypto.sha256(k.rig.crypto.ctx, &p.encrypted, 1, hash));
    assert_err(kme_me_confirm(hash, &k.me), E_BAD_MAC);
    assert_true(k.me.pending.present);
    assert_ok(kme_me_confirm(second.nw_sig, &k.me));
    krig_close(&k);
}

/* ---- two at once ---- */

/* Two devices with one SIM's worth of luck: both are in possession of the latest nonce. */
/*= test kme-race */
static void of_two_provisionings_that_race_one_is_taken_and_the_other_refused(void **state)
{
    (void)state;
    static struct krig other;
    struct kme_taken a, b;
    scene_open();
    krig_open(&other, BINDING_PUBLIC_KEY);
    other.parties.imei = rig_imei("35693803564381");
    other.rig.record.imei = other.parties.imei;
    krig_publish(&other);
    other.home = k.home; /* the same subscription */
    const struct kme_payload p = krig_payload(&k), q = krig_payload(&other);
    const struct kme_arrived in = krig_arrived(&k, &p), in_other = krig_arrived(&other, &q);
    assert_int_equal(krig_judge(&k, &in, &a).cause, KME_CAUSE_NONE);
    assert_int_equal(krig_judge(&other, &in_other, &b).cause, KME_CAUSE_NONE);
    assert_ok(kme_home_keep(&a, false, &k.view, &k.home));
    const struct binding_view view = k.view;
    assert_err(kme_home_keep(&b, false, &k.view, &k.home), E_CONFLICT);
    assert_memory_equal(&k.view, &view, sizeof view);
    assert_int_equal(k.view.n_devices, 1);
    assert_true(imei_eq(&k.view.devices[0].imei, &k.parties.imei));
    other.view = k.view;
    other.home = k.home;
    assert_int_equal(krig_judge(&other, &in_other, &b).cause, KME_CAUSE_NONCE_USED);
    krig_close(&other);
    krig_close(&k);
}

/* The stolen SIM is in a device that its repository knows, and the subscription is bound. */
/*= test kme-approval kme-list kme-consent */
static void a_thiefs_device_is_not_bound_in_the_place_of_the_right_one(void **state)
{
    (void)state;
    struct kme_taken taken;
    krig_open(&k, BINDING_PUBLIC_KEY);
    krig_bind(&k);
    assert_int_equal(krig_offer(&k), KME_DUE_NOT); /* he gets processed challenges, no nonce */
    kme_home_request(&k.home, KME_REQUEST_RENEW, NULL);
    assert_int_equal(krig_offer(&k), KME_DUE_RENEWAL);
    static struct krig thief;
    krig_open(&thief, BINDING_PUBLIC_KEY);
    thief.parties.imei = rig_imei("35693803564381");
    thief.rig.record.imei = thief.parties.imei;
    krig_publish(&thief);
    thief.home = k.home;
    thief.view = k.view;
    struct kme_payload p = krig_payload(&thief);
    struct kme_arrived in = krig_arrived(&thief, &p);
    assert_int_equal(krig_judge(&thief, &in, &taken).cause, KME_CAUSE_NOT_AUTHORISED);
    krig_close(&thief);
    krig_close(&k);
}

/* ---- two operators ---- */

/*= test kme-per-imsi */
static void another_operators_provisioning_leaves_the_key_of_the_first_alone(void **state)
{
    (void)state;
    static struct krig second;
    krig_open(&k, BINDING_PUBLIC_KEY);
    krig_bind(&k);
    const struct kme_me first = k.me;
    second = k; /* the same device and maker, an IMSI and a home network of their own */
    second.signer.ctx = &second.rig;
    second.opener.ctx = &second;
    second.port.ctx = &second.rig;
    second.me = (struct kme_me){.has_active = false};
    second.view = (struct binding_view){.policy = BINDING_LEARN};
    second.home = (struct kme_home){.phase = KME_IDLE};
    second.home_plmn = krig_plmn("001-02");
    second.parties.home = second.home_plmn;
    second.parties.imsi = krig_imsi("001020123456789");
    krig_bind(&second);
    assert_memory_equal(&k.me, &first, sizeof first);
    assert_memory_not_equal(second.me.active.b, first.active.b, KME_LEN);
    assert_memory_equal(k.view.devices[0].kme.b, first.active.b, KME_LEN);
    krig_close(&k);
}

/* Another operator has the lot too, and the device visits him: he opens what he is sent. */
/*= test kme-12 */
static void who_can_open_a_payload_takes_no_key_away_from_a_device(void **state)
{
    uint8_t label[KME_OAEP_LABEL_LEN], plain[KME_PLAINTEXT_LEN], nw_sig[KME_NW_SIG_LEN];
    struct key_kme seen;
    (void)state;
    krig_open(&k, BINDING_PUBLIC_KEY);
    krig_bind(&k);
    memset(k.home.nonce, 0x5a, sizeof k.home.nonce);
    const struct kme_payload p = krig_payload(&k);
    kme_oaep_label(&p.imsi, &p.imei, k.home.nonce, label);
    assert_ok(k.opener.open(k.opener.ctx, p.encrypted, BYTES_OF(label), MBYTES_OF(plain)));
    memcpy(seen.b, plain, sizeof seen.b);
    assert_ok(kme_nw_sig(&k.rig.crypto, &seen, plain + KME_LEN + KME_SIG_LEN, nw_sig));
    assert_ok(kme_me_confirm(nw_sig, &k.me));
    assert_memory_equal(k.me.active.b, k.view.devices[0].kme.b, KME_LEN);
    krig_close(&k);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_the_forger_makes_right_is_taken),
        cmocka_unit_test(
            a_payload_that_is_replayed_changes_nothing_under_its_nonce_and_is_refused_under_another),
        cmocka_unit_test(a_delayed_update_of_an_earlier_nonce_is_refused),
        cmocka_unit_test(a_nonce_that_expired_is_refused),
        cmocka_unit_test(a_payload_of_another_imsi_is_refused_however_it_is_presented),
        cmocka_unit_test(a_payload_of_another_imei_is_refused_however_it_is_presented),
        cmocka_unit_test(a_payload_for_another_home_network_is_refused),
        cmocka_unit_test(a_signature_by_another_device_is_refused),
        cmocka_unit_test(a_payload_for_another_lots_modulus_is_refused),
        cmocka_unit_test(one_who_once_saw_the_key_cannot_offer_it_to_another_network_or_again),
        cmocka_unit_test(the_devices_own_payload_encrypted_anew_under_its_nonce_locks_nobody_out),
        cmocka_unit_test(whatever_is_wrong_inside_the_same_is_done_and_one_refusal_is_given),
        cmocka_unit_test(the_same_is_done_for_a_renewal_with_and_without_consent),
        cmocka_unit_test(a_forged_answer_and_that_of_another_run_are_refused_by_the_device),
        cmocka_unit_test(of_two_provisionings_that_race_one_is_taken_and_the_other_refused),
        cmocka_unit_test(a_thiefs_device_is_not_bound_in_the_place_of_the_right_one),
        cmocka_unit_test(another_operators_provisioning_leaves_the_key_of_the_first_alone),
        cmocka_unit_test(who_can_open_a_payload_takes_no_key_away_from_a_device),
    };
    return cmocka_run_group_tests_name("proc/kme attacks", tests, NULL, NULL);
}
