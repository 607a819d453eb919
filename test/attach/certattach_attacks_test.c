/* Attacks on procedure certattach by networks and operators, by counterfeit devices, and by who
 * copied something: each is refused, by its name, with nothing drawn or with nothing that the
 * attacker can use, and the genuine device is served. */
#include "attach/certattach_attack.h"

#include <stdio.h>

/* ---- operators ------------------------------------------------------------------------------- */

/* Somebody who encrypts as an operator does, and signs with whatever key he has. */
struct rogue {
    struct cert certificate;
    struct device_key key;
    bool unsigned_;
    struct certattach_operator_port port;
};

static enum err rogue_agree(void *ctx, struct bytes certificate, enum certattach_form *form,
                            uint8_t *sent, size_t *sent_n,
                            uint8_t secret[static CERTATTACH_SECRET_LEN])
{
    const struct certattach_operator_port *good = onboard_operator_port(factory.home.tools);
    (void)ctx;
    return good->agree(good->ctx, certificate, form, sent, sent_n, secret);
}

static enum err rogue_sign(void *ctx, struct bytes content,
                           uint8_t signature[static CERTATTACH_SIGNATURE_LEN])
{
    struct rogue *r = ctx;
    struct device_signature made;
    memset(signature, 0, CERTATTACH_SIGNATURE_LEN);
    if (!r->unsigned_) {
        device_sign(&r->key, content, &made);
        assert_int_equal(made.n, CERTATTACH_SIGNATURE_LEN);
        memcpy(signature, made.octets, made.n);
    }
    return E_OK;
}

static void rogue_open(struct rogue *r, const struct cert *by, const char *role, const char *names,
                       struct cert_wish wish)
{
    memset(r, 0, sizeof *r);
    device_make(&r->key, VERIFY_KEY_P256);
    EVP_PKEY_up_ref(r->key.key);
    wish.cn = "operator";
    wish.by = by;
    wish.key = r->key.key;
    cert_make(&r->certificate, &wish);
    cert_grant(&r->certificate, by, role, names);
    r->port = (struct certattach_operator_port){r, rogue_agree, rogue_sign};
}

static void rogue_close(struct rogue *r)
{
    cert_drop(&r->certificate);
    device_drop(&r->key);
}

static void of_rogue(struct rogue *r)
{
    s.a.operator_port = &r->port;
    s.a.chain = r->certificate.der;
}

static void of_home(void)
{
    s.a.operator_port = onboard_operator_port(factory.home.tools);
    s.a.chain = onboard_signer_chain(factory.home.signer);
}

/* A rogue's result comes first; then the device meets its own operator. */
static void rogue_refused(struct rogue *r, enum bindery_ue_refusal why)
{
    scene_open(&s);
    of_rogue(r);
    attempt(0);
    of_home();
    assert_refused_then_served(0, why);
    scene_close(&s);
}

/*= test certattach-operator */
static void an_operator_that_no_root_of_the_device_vouches_for_is_refused(void **state)
{
    (void)state;
    struct rogue r;
    factory_open();
    rogue_open(&r, &factory.stranger, FACTORY_OPERATOR, FACTORY_BOTH, (struct cert_wish){.md = 0});
    rogue_refused(&r, BINDERY_UE_REFUSED_OPERATOR_UNTRUSTED);
    rogue_close(&r);
}

/*= test certattach-operator */
static void a_certificate_of_another_purpose_is_refused(void **state)
{
    (void)state;
    static const char *const roles[] = {NULL, FACTORY_DEVICE, VERIFY_OID_ROLES ".1",
                                        VERIFY_OID_ROLES ".4"};
    factory_open();
    for (size_t i = 0; i < sizeof roles / sizeof roles[0]; i++) {
        struct rogue r;
        rogue_open(&r, &factory.root, roles[i], FACTORY_BOTH, (struct cert_wish){.md = 0});
        rogue_refused(&r, BINDERY_UE_REFUSED_OPERATOR_PURPOSE);
        rogue_close(&r);
    }
}

/*= test certattach-operator */
static void a_certificate_that_is_over_or_not_yet_valid_is_refused(void **state)
{
    (void)state;
    static const long times[][2] = {{-30 * DAY, -DAY}, {DAY, 30 * DAY}};
    factory_open();
    for (size_t i = 0; i < 2; i++) {
        struct rogue r;
        rogue_open(&r, &factory.root, FACTORY_OPERATOR, FACTORY_BOTH,
                   (struct cert_wish){.from = times[i][0], .to = times[i][1]});
        rogue_refused(&r, BINDERY_UE_REFUSED_OPERATOR_CERTIFICATE_EXPIRED);
        rogue_close(&r);
    }
}

/*= test certattach-operator */
static void an_operator_of_other_networks_alone_is_refused_here(void **state)
{
    (void)state;
    static const char *const names[] = {
        NULL, "DNS:epc.mnc002.mcc002.3gppnetwork.org", "DNS:epc.mnc010.mcc001.3gppnetwork.org",
        "DNS:*.mcc001.3gppnetwork.org", "DNS:mnc001.mcc001.3gppnetwork.org"};
    factory_open();
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        struct rogue r;
        rogue_open(&r, &factory.root, FACTORY_OPERATOR, names[i], (struct cert_wish){.md = 0});
        rogue_refused(&r, BINDERY_UE_REFUSED_OPERATOR_PLMN);
        rogue_close(&r);
    }
}

/*= test certattach-signed */
static void a_result_that_is_unsigned_or_signed_with_another_key_is_refused(void **state)
{
    (void)state;
    struct rogue r;
    factory_open();
    rogue_open(&r, &factory.root, FACTORY_OPERATOR, FACTORY_BOTH, (struct cert_wish){.md = 0});
    r.unsigned_ = true;
    rogue_refused(&r, BINDERY_UE_REFUSED_OPERATOR_SIGNATURE);
    r.unsigned_ = false;
    scene_open(&s); /* the genuine operator's certificate, and a signature of somebody's */
    s.a.operator_port = &r.port;
    attempt(0);
    of_home();
    assert_refused_then_served(0, BINDERY_UE_REFUSED_OPERATOR_SIGNATURE);
    scene_close(&s);
    rogue_close(&r);
}

/* ---- a right signature over something else --------------------------------------------------- */

enum meddling { OTHER_NONCE, OTHER_PLMN, OTHER_ID, OVER, MEDDLINGS };

static void meddle(void *ctx, struct certattach_about *about, struct certattach_profile *profile,
                   int64_t *expiry)
{
    (void)profile;
    switch (*(const enum meddling *)ctx) {
    case OTHER_NONCE:
        about->nonce[15] ^= 1;
        return;
    case OTHER_PLMN:
        assert_ok(plmn_parse(BYTES_LIT("002-02"), &about->plmn));
        return;
    case OTHER_ID:
        assert_ok(device_id_parse(BYTES_LIT("d-0002"), &about->id));
        return;
    case OVER:
        *expiry = home_time(&s.h) - 1;
        return;
    case MEDDLINGS:
        return;
    }
}

/*= test certattach-nonce certattach-signed */
static void a_right_signature_over_another_nonce_network_or_device_is_refused(void **state)
{
    (void)state;
    static const enum bindery_ue_refusal why[MEDDLINGS] = {
        [OTHER_NONCE] = BINDERY_UE_REFUSED_OPERATOR_SIGNATURE,
        [OTHER_PLMN] = BINDERY_UE_REFUSED_OPERATOR_SIGNATURE,
        [OTHER_ID] = BINDERY_UE_REFUSED_OPERATOR_SIGNATURE,
        [OVER] = BINDERY_UE_REFUSED_RESULT_EXPIRED};
    for (enum meddling what = OTHER_NONCE; what < MEDDLINGS; what++) {
        scene_open(&s);
        s.a.meddle = meddle;
        s.a.meddle_ctx = &what;
        attempt(0);
        s.a.meddle = NULL;
        assert_refused_then_served(0, why[what]);
        scene_close(&s);
    }
}

/* What comes later than it may: the MME, or who sits in it, keeps it. */
static void a_result_that_was_kept_until_it_is_too_old_is_refused(void **state)
{
    (void)state;
    scene_open(&s);
    s.a.answer_seconds = 1;
    s.w.strike = (struct strike){.kind = STRIKE_DELAY, .at = 5, .ms = 3 * SECOND};
    attempt(0);
    assert_string_equal(s.w.log[5].name, "ECA");
    s.a.answer_seconds = 120;
    assert_refused_then_served(0, BINDERY_UE_REFUSED_RESULT_EXPIRED);
    scene_close(&s);
}

/* A network of somebody's carries the request to the real one as if it were that, and its result
 * back: the device selected another network than it is for. */
/*= test certattach-operator certattach-signed */
static void a_network_that_relays_under_another_plmn_brings_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *names;
        enum bindery_ue_refusal why;
    } of[] = {{FACTORY_HOME, BINDERY_UE_REFUSED_OPERATOR_PLMN},
              {FACTORY_BOTH, BINDERY_UE_REFUSED_OPERATOR_SIGNATURE}};
    for (size_t i = 0; i < 2; i++) {
        struct rogue home; /* the real one, as its root certifies it */
        factory_open();
        rogue_open(&home, &factory.root, FACTORY_OPERATOR, of[i].names,
                   (struct cert_wish){.md = 0});
        scene_open(&s);
        of_rogue(&home);
        const struct plmn plmn = s.w.other.plmn;
        world_camp(&s.w, 0, true);
        s.a.serves_as = &s.w.config.plmn; /* what it tells the AUSF */
        attempt(0);
        assert_true(s.w.devices[0].roams);
        assert_true(plmn_eq(&plmn, &s.w.other.plmn));
        s.a.serves_as = NULL;
        world_camp(&s.w, 0, false);
        assert_refused_then_served(0, of[i].why);
        scene_close(&s);
        rogue_close(&home);
    }
}

/* ---- devices --------------------------------------------------------------------------------- */

/* A copied URL, and a copied IMEI; the key is where it was. */
/*= test certattach-3c certattach-name */
static void whoever_copied_the_url_gets_nothing_that_he_can_open(void **state)
{
    (void)state;
    uint8_t other[ONBOARD_KEY_MAX];
    size_t n = 0;
    factory_open();
    struct fresh *f = &factory.devices[0];
    const struct bytes own = f->tools.key;
    assert_ok(onboard_openssl_make(0, other, &n));
    scene_open(&s);
    f->tools.key = (struct bytes){other, n};
    attempt(0);
    assert_int_equal(s.a.drawn, 1);
    f->tools.key = own;
    assert_refused_then_served(0, BINDERY_UE_REFUSED_RESULT_NOT_OPENED);
    assert_int_equal(s.a.drawn, 1); /* the device's own, all along */
    scene_close(&s);
}

/* The device is told #17 and nothing else; nothing is stored for it. */
static void assert_nothing_given(enum certattach_cause why)
{
    const struct device *d = &s.w.devices[0];
    if (s.a.last != why) {
        fail_msg("refused as %s, not as %s", certattach_cause_name(s.a.last),
                 certattach_cause_name(why));
    }
    assert_int_equal(s.a.given, 0);
    assert_null(scene_row(&s, 0));
    assert_int_equal(d->onboarded, 0);
    assert_int_equal(d->last_reject, 17);
    assert_int_equal(d->last_refused, BINDERY_UE_REFUSED_NONE);
    assert_true(world_was_told(&s.w, REFUSAL_ONBOARDING_REFUSED));
}

static void remake(void)
{
    fresh_drop(&factory.devices[0]);
    fresh_make(&factory.devices[0], "d-0001", "35693803564380", 0);
}

static void counterfeit_refused(enum certattach_cause why)
{
    scene_open(&s);
    attempt(0);
    assert_nothing_given(why);
    scene_close(&s);
    remake();
    scene_open(&s);
    assert_true(scene_attach(&s, 0));
    assert_true(scene_one_subscription(&s, 0));
    scene_close(&s);
}

/*= test certattach-2c certattach-one-refusal */
static void a_certificate_that_is_not_good_gets_a_device_nothing(void **state)
{
    (void)state;
    factory_open();
    struct fresh *f = &factory.devices[0];
    fresh_certify(f, FACTORY_DEVICE, (struct cert_wish){.by = &factory.stranger});
    counterfeit_refused(CERTATTACH_CHAIN_UNTRUSTED);
    fresh_certify(f, FACTORY_DEVICE, (struct cert_wish){.from = -30 * DAY, .to = -DAY});
    counterfeit_refused(CERTATTACH_CHAIN_LATE);
    fresh_certify(f, FACTORY_DEVICE, (struct cert_wish){.from = DAY, .to = 30 * DAY});
    counterfeit_refused(CERTATTACH_CHAIN_EARLY);
    fresh_certify(f, FACTORY_OPERATOR, (struct cert_wish){.md = 0});
    counterfeit_refused(CERTATTACH_CHAIN_PURPOSE);
    fresh_certify(f, FACTORY_DEVICE, (struct cert_wish){.usage = "critical,digitalSignature"});
    counterfeit_refused(CERTATTACH_CHAIN_PURPOSE);
}

/*= test certattach-revoked */
static void a_device_that_its_authority_revoked_gets_nothing(void **state)
{
    (void)state;
    factory_open();
    struct fresh *f = &factory.devices[0];
    f->record.status = BINDING_REVOKED;
    fresh_publish(f);
    counterfeit_refused(CERTATTACH_DEVICE_REVOKED);
    crl_save(factory.crl, false, &factory.maker, &f->certificate, DAY);
    factory_trust();
    counterfeit_refused(CERTATTACH_CHAIN_REVOKED);
    crl_save(factory.crl, false, &factory.maker, NULL, DAY);
    factory_trust();
}

/*= test certattach-context */
static void a_record_that_is_not_the_devices_gets_it_nothing(void **state)
{
    (void)state;
    struct repository stranger;
    factory_open();
    struct fresh *f = &factory.devices[0];
    repository_open(&stranger, &factory.pki, "stranger");
    assert_ok(signer_sign(stranger.signer, f->context.record, f->signature));
    counterfeit_refused(CERTATTACH_RECORD_SIGNATURE); /* under the site's name */
    assert_ok(signer_sign(stranger.signer, f->context.record, f->signature));
    f->context.signer = signer_id(stranger.signer);
    counterfeit_refused(CERTATTACH_RECORD_SIGNATURE);
    repository_close(&stranger);
    assert_ok(imei_parse(BYTES_LIT("35693803564381"), &f->record.imei));
    fresh_publish(f);
    counterfeit_refused(CERTATTACH_OTHER_IMEI);
    f->record.digest[0] ^= 1; /* of another certificate */
    fresh_publish(f);
    counterfeit_refused(CERTATTACH_RECORD);
    f->published = false;
    counterfeit_refused(CERTATTACH_DEVICE_UNKNOWN);
}

/*= test certattach-name certattach-link */
static void a_url_of_no_authority_is_asked_of_nobody(void **state)
{
    (void)state;
    factory_open();
    struct fresh *f = &factory.devices[0];
    snprintf(f->url, sizeof f->url, "https://ca.example.net/DeviceID=d-0001");
    scene_open(&s);
    attempt(0);
    assert_nothing_given(CERTATTACH_AUTHORITY);
    for (unsigned i = 0; i < s.w.points; i++) {
        assert_string_not_equal(s.w.log[i].name, "site's question");
    }
    scene_close(&s);
    remake();
}

/* ---- requests that no device makes ----------------------------------------------------------- */

static struct bytes request_of(const char *url, uint8_t fill)
{
    static uint8_t room[WIRE_CERTATTACH_REQUEST_MAX];
    struct bytes value;
    struct certattach_request q = {.url = bytes_of_str(url)};
    memset(q.nonce, fill, sizeof q.nonce);
    assert_ok(wire_certattach_request_write(&q, MBYTES_OF(room), &value));
    return value;
}

static void asks(const char *url, enum certattach_cause why)
{
    struct imei imei = factory.devices[0].record.imei;
    unsigned before = s.a.refused;
    ausf_ask(&s.a, &imei, &s.w.config.plmn, request_of(url, 7));
    world_run(&s.w, s.w.now + 100);
    assert_int_equal(s.a.refused, before + 1);
    if (s.a.last != why) {
        fail_msg("%s: %s", url, certattach_cause_name(s.a.last));
    }
}

/*= test certattach-name */
static void a_url_of_another_form_goes_nowhere(void **state)
{
    (void)state;
    static const char *const urls[] = {
        "http://ca.example.org/DeviceID=d-0001",
        "ftp://ca.example.org/DeviceID=d-0001",
        "file:///DeviceID=d-0001",
        "https://127.0.0.1/DeviceID=d-0001",
        "https://10.0.0.1/DeviceID=d-0001",
        "https://[::1]/DeviceID=d-0001",
        "https://2130706433/DeviceID=d-0001",
        "https://0x7f.0.0.1/DeviceID=d-0001",
        "https://localhost/DeviceID=d-0001",
        "https://user@ca.example.org/DeviceID=d-0001",
        "https://user:pass@ca.example.org/DeviceID=d-0001",
        "https://ca.example.org@evil.example/DeviceID=d-0001",
        "https://ca.example.org:8443/DeviceID=d-0001",
        "https://ca.example.org/DeviceID=d-0001?x=1",
        "https://ca.example.org/DeviceID=d-0001#x",
        "https://ca.example.org/DeviceID=d-0001%0d%0aX",
        "https://ca.example.org/DeviceID=d-0001\r\nX",
        "https://ca.example.org/DeviceID=../../v1",
        "https://ca.example.org/DeviceID=..",
        "https://ca.example.org/DeviceID=",
        "https://ca.example.org/deviceid=d-0001",
        "https://ca.example.org/x/DeviceID=d-0001",
        "https://ca.example.org./DeviceID=d-0001",
        "https:///DeviceID=d-0001",
        " https://ca.example.org/DeviceID=d-0001",
    };
    scene_open(&s);
    for (size_t i = 0; i < sizeof urls / sizeof urls[0]; i++) {
        asks(urls[i], CERTATTACH_URL);
    }
    asks("https://ca.example.org.evil.example/DeviceID=d-0001", CERTATTACH_AUTHORITY);
    assert_int_equal(s.a.given, 0);
    scene_close(&s);
}

/*= test certattach-quotas certattach-pool */
static void a_flood_of_guessed_device_ids_uses_nothing_up(void **state)
{
    (void)state;
    char url[80];
    scene_open(&s);
    s.a.pool = 1;
    for (unsigned i = 0; i < 1000; i++) {
        snprintf(url, sizeof url, "https://" FACTORY_HOST "/DeviceID=d-%04x", i + 0x1000);
        asks(url, CERTATTACH_DEVICE_UNKNOWN);
    }
    assert_int_equal(s.a.given, 0);
    assert_true(scene_attach(&s, 0));
    assert_true(scene_one_subscription(&s, 0));
    scene_close(&s);
}

/* With another's IMEI the record does not fit; with another's device id and IMEI he causes what the
 * device gets anyway, again and again. */
/*= test certattach-same */
static void whoever_asks_in_a_devices_name_changes_nothing_for_it(void **state)
{
    (void)state;
    scene_open(&s);
    for (unsigned i = 0; i < 50; i++) {
        ausf_ask(&s.a, &factory.devices[0].record.imei, &s.w.config.plmn,
                 request_of(factory.devices[0].url, (uint8_t)i));
        world_run(&s.w, s.w.now + 50);
    }
    assert_int_equal(s.a.drawn, 1);
    assert_int_equal(s.a.repeated, 49);
    assert_true(scene_attach(&s, 0));
    assert_true(scene_one_subscription(&s, 0));
    assert_int_equal(s.a.given, 1);
    scene_close(&s);
}

/* ---- what was given -------------------------------------------------------------------------- */

/*= test certattach-active */
static void ki_is_never_changed_once_there_is_one(void **state)
{
    (void)state;
    scene_open(&s);
    assert_true(scene_attach(&s, 0));
    const struct home_subscriber *of = home_find(&s.h, &scene_row(&s, 0)->imsi);
    const struct home_subscriber had = *of;
    const struct ausf_row row = *scene_row(&s, 0);
    for (unsigned i = 0; i < 20; i++) {
        asks(factory.devices[0].url, CERTATTACH_ACTIVE);
    }
    assert_memory_equal(&of->keys, &had.keys, sizeof had.keys);
    assert_memory_equal(scene_row(&s, 0), &row, sizeof row);
    assert_true(world_registered(&s.w, 0));
    scene_close(&s);
}

/* Somebody who has the whole subscription, keys and all, before its owner has used it. */
/*= test certattach-pending */
static void another_device_with_a_pending_subscription_is_refused(void **state)
{
    (void)state;
    scene_open(&s);
    world_attach(&s.w, 0);
    while (!s.w.devices[0].has_profile) {
        world_run(&s.w, s.w.now + 5);
    }
    struct device *thief = &s.w.devices[1];
    thief->has_profile = true;
    thief->profile = s.w.devices[0].profile;
    s.w.devices[0].wants = false; /* and it is switched off */
    world_boot(&s.w, 0);
    world_boot(&s.w, 1);
    assert_false(scene_attach_for(&s, 1, 10 * SECOND));
    assert_int_equal(s.h.registrations, 0);
    assert_int_equal(scene_row(&s, 0)->held.phase, CERTATTACH_PHASE_PENDING);
    world_boot(&s.w, 0);
    assert_true(scene_attach(&s, 0));
    assert_true(scene_one_subscription(&s, 0));
    scene_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_operator_that_no_root_of_the_device_vouches_for_is_refused),
        cmocka_unit_test(a_certificate_of_another_purpose_is_refused),
        cmocka_unit_test(a_certificate_that_is_over_or_not_yet_valid_is_refused),
        cmocka_unit_test(an_operator_of_other_networks_alone_is_refused_here),
        cmocka_unit_test(a_result_that_is_unsigned_or_signed_with_another_key_is_refused),
        cmocka_unit_test(a_right_signature_over_another_nonce_network_or_device_is_refused),
        cmocka_unit_test(a_result_that_was_kept_until_it_is_too_old_is_refused),
        cmocka_unit_test(a_network_that_relays_under_another_plmn_brings_nothing),
        cmocka_unit_test(whoever_copied_the_url_gets_nothing_that_he_can_open),
        cmocka_unit_test(a_certificate_that_is_not_good_gets_a_device_nothing),
        cmocka_unit_test(a_device_that_its_authority_revoked_gets_nothing),
        cmocka_unit_test(a_record_that_is_not_the_devices_gets_it_nothing),
        cmocka_unit_test(a_url_of_no_authority_is_asked_of_nobody),
        cmocka_unit_test(a_url_of_another_form_goes_nowhere),
        cmocka_unit_test(a_flood_of_guessed_device_ids_uses_nothing_up),
        cmocka_unit_test(whoever_asks_in_a_devices_name_changes_nothing_for_it),
        cmocka_unit_test(ki_is_never_changed_once_there_is_one),
        cmocka_unit_test(another_device_with_a_pending_subscription_is_refused),
    };
    return cmocka_run_group_tests_name("attacks on certattach", tests, NULL, factory_close);
}
