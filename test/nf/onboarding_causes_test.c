/* Each reason why a device is given nothing: one answer for all, and the operator's own record
 * names it (src/nf/hssd/onboarding_serve.c, src/nf/hssd/onboarding_work.c,
 * src/nf/hssd/onboarding_draw.c). Here nothing is kept of what the site said. */
#include "nf/onboard_world.h"

static void nothing_is_kept(void)
{
    for (size_t i = 0; i < 2; i++) {
        authorities[i].cache_seconds = authorities[i].unknown_seconds = 0;
    }
}

static void hand_has_lists(void)
{
    static char crl[64];
    nothing_is_kept();
    snprintf(crl, sizeof crl, "%s", pki_path(&pki_files, "device-ca", ".crl"));
    crl_save(crl, false, &roots[0], &things[9].leaf, DAY);
    authorities[1].device_crl = crl;
    authorities[1].by_rule = true;
}

#define REFUSED(t, cause) assert_true(refused_for((t), CERTATTACH_##cause))

static void nothing_was_given(void)
{
    assert_int_equal(events("onboarding-drawn", NULL), 0);
    assert_int_equal(pools_now().never_used, 10);
}

/* ---- the request ---- */

static uint32_t asks_with(struct bytes value, const struct imei *imei)
{
    (void)carry(0, ecr_of(0, value, imei, HERE));
    return take_eca();
}

static struct bytes with_url(const char *url)
{
    static uint8_t octets[1024];
    struct bytes value;
    const struct certattach_request r = {.url = bytes_of_str(url), .nonce = {1}};
    assert_ok(wire_certattach_request_write(&r, MBYTES_OF(octets), &value));
    return value;
}

static void a_request_that_cannot_be_read(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct bytes value = thing_asks(t, HERE);
    for (size_t n = 1; n < value.n; n++) {
        assert_int_equal(asks_with((struct bytes){value.p, n}, &t->imei), 5012);
        assert_int_equal(events("onboarding-refused", "request-unreadable"), n);
    }
    nothing_was_given();
    assert_int_equal(SITE_GET(asked), 0);
}

/*= test certattach-name */
static void urls_that_are_no_name_of_an_entry(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "http://ca.example.org/DeviceID=device-1",
        "https://127.0.0.1/DeviceID=device-1",
        "https://10.0.0.1/DeviceID=device-1",
        "https://[::1]/DeviceID=device-1",
        "https://localhost/DeviceID=device-1",
        "https://2130706433/DeviceID=device-1",
        "https://ca.example.org:8443/DeviceID=device-1",
        "https://user@ca.example.org/DeviceID=device-1",
        "https://user:word@ca.example.org/DeviceID=device-1",
        "https://ca.example.org/DeviceID=device-1%0aHost:%20a",
        "https://ca.example.org/DeviceID=device-1\n",
        "https://ca.example.org/DeviceID=..",
        "https://ca.example.org/DeviceID=../../v1/devices",
        "https://ca.example.org/DeviceID=device-1?x=1",
        "https://ca.example.org/DeviceID=device-1#x",
        "https://ca.example.org/deviceid=device-1",
        "https://ca.example.org/DeviceID=",
        "https://ca.example.org/",
        "file:///etc/passwd",
        "ca.example.org",
    };
    struct thing *t = thing_make(1);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        assert_int_equal(asks_with(with_url(wrong[i]), &t->imei), 5012);
        assert_int_equal(events("onboarding-refused", "url-not-allowed"), i + 1);
    }
    assert_int_equal(asks_with(with_url("https://evil.example.org/DeviceID=device-1"), &t->imei),
                     5012);
    assert_int_equal(events("onboarding-refused", "authority-unknown"), 1);
    assert_int_equal(SITE_GET(asked), 0);
    nothing_was_given();
}

static void where_it_is_not_offered(void **state)
{
    (void)state;
    static struct plmn two[] = {{"001", "01"}, {"999", "70"}};
    struct thing *t = thing_make(1);
    assert_int_equal(asks_at(0, t, "999-70"), 5012); /* not a network of this peer's */
    assert_int_equal(events("onboarding-refused", "plmn-not-offered"), 1);
    peers[0].visited_plmns = two;
    peers[0].n_visited_plmns = 2;
    assert_int_equal(asks_at(0, t, "999-70"), 5012); /* nor of the operator's certificate */
    assert_int_equal(events("onboarding-refused", "plmn-not-offered"), 2);
    peers[0].visited_plmns = home;
    peers[0].n_visited_plmns = 1;
    assert_int_equal(SITE_GET(asked), 0);
    nothing_was_given();
}

/*= test certattach-context */
static void imeis_that_are_not_the_authority_s_or_not_the_device_s(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    assert_ok(imei_parse_transmitted(BYTES_LIT("49015420323751"), &t->imei));
    REFUSED(t, OUTSIDE);
    assert_int_equal(SITE_GET(asked), 0);
    t->imei = thing_imei(2);
    REFUSED(t, OTHER_IMEI);
    nothing_was_given();
}

static void equipment_on_the_black_list(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct store_writer *w = store_the_writer(hss.store);
    struct store_eir_rule row = {
        .first = imei_number(&t->imei), .last = imei_number(&t->imei), .list = EIR_BLACK};
    struct eir_lists_state in_force = {.version = 0};
    struct store_eir stored;
    enum store_did did;
    assert_ok(store_begin(w));
    assert_ok(store_put_eir_rule(w, &row, 100, &did));
    assert_ok(store_commit(w));
    assert_ok(store_read_eir(thread.reader, &stored));
    eir_lists_changed(hss.eir);
    while (in_force.version != stored.version) {
        eir_lists_state(hss.eir, &in_force);
    }
    config.eir = (struct hssd_eir){true, {EIR_UNKNOWN_ALLOW, EIR_PAIRING_OFF}};
    REFUSED(t, EQUIPMENT);
    nothing_was_given();
    config.eir.enabled = false; /* no lists are kept */
    assert_int_equal(asks(t), DIAMETER_SUCCESS);
}

static void who_asks_too_often(void **state)
{
    (void)state;
    struct thing *t = thing_make(1), *other = thing_make(2);
    config.onboarding.device_seconds = 5;
    (void)gets(t);
    REFUSED(t, OFTEN);
    (void)gets(other);
    thread.now_ms += 4999;
    REFUSED(t, OFTEN);
    thread.now_ms += 1;
    (void)gets(t);
}

/* As onboarding-refused says it, without a new request of the device. */
static bool refused_again(struct bytes ecr, enum certattach_cause cause)
{
    size_t before = events("onboarding-refused", certattach_cause_name(cause));
    (void)carry(0, ecr);
    return take_eca() == 5012 &&
           events("onboarding-refused", certattach_cause_name(cause)) == before + 1;
}

/*= test certattach-quotas certattach-proof */
static void strangers_with_the_url_keep_no_device_out(void **state)
{
    (void)state;
    static uint8_t said[8192];
    struct thing *t = thing_make(1), *other = thing_make(2);
    config.onboarding.device_seconds = 5;
    thing_has_identity(t);
    thing_has_identity(other);
    for (unsigned i = 0; i < 3; i++) { /* whenever it may ask, others asked just before */
        t->proves = false;
        REFUSED(t, PROOF_MISSING);
        t->proves = true;
        t->proves_with = &other->identity;
        REFUSED(t, PROOF_WRONG);
        t->proves_with = &t->identity;
        (void)gets(t);
        thread.now_ms += 5000;
    }
    struct bytes ecr = ecr_of(0, thing_asks(t, HERE), &t->imei, HERE);
    memcpy(said, ecr.p, ecr.n);
    (void)carry(0, ecr);
    assert_int_equal(take_eca(), DIAMETER_SUCCESS);
    thread.now_ms += 5000;
    assert_true(refused_again((struct bytes){said, ecr.n}, CERTATTACH_OFTEN)); /* overheard */
    (void)gets(t);
}

/* ---- the site ---- */

/*= test certattach-fetch */
static void sites_that_answer_otherwise(void **state)
{
    (void)state;
    static const enum site_way bad[] = {SITE_REDIRECT, SITE_LARGE, SITE_ENDLESS, SITE_GARBAGE,
                                        SITE_OTHER};
    struct thing *t = thing_make(1);
    (void)thing_make(0);
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        unsigned before = SITE_GET(asked);
        SITE_SET(way, bad[i]);
        REFUSED(t, SITE_BAD);
        assert_int_equal(SITE_GET(asked), before + 1); /* no redirect is followed */
    }
    nothing_was_given();
    SITE_SET(way, SITE_HONEST);
    (void)gets(t);
}

static void sites_that_say_no(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    SITE_SET(way, SITE_STATUS);
    static const unsigned statuses[] = {401, 403, 429, 503, 404, 500, 204};
    static const enum certattach_cause causes[] = {CERTATTACH_SITE_REFUSED, CERTATTACH_SITE_REFUSED,
                                                   CERTATTACH_SITE_BUSY,    CERTATTACH_SITE_BUSY,
                                                   CERTATTACH_SITE_BAD,     CERTATTACH_SITE_BAD,
                                                   CERTATTACH_SITE_BAD};
    for (size_t i = 0; i < sizeof statuses / sizeof *statuses; i++) {
        SITE_SET(status, statuses[i]);
        assert_true(refused_for(t, causes[i]));
    }
    nothing_was_given();
    assert_int_equal(events("onboarding-site-down", NULL), 0); /* it does answer */
}

static void a_site_that_is_silent_is_an_alarm_and_comes_back(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    SITE_SET(way, SITE_LEAVES);
    for (unsigned i = 0; i < 5; i++) {
        REFUSED(t, SITE_SILENT);
    }
    assert_int_equal(events("onboarding-site-down", "site-silent"), 1);
    struct onboard_site_status s;
    onboarding_site(hss.onboarding, 0, &s);
    assert_int_equal(s.state, ONBOARD_SITE_DOWN);
    assert_int_equal(s.asked, 3); /* then it was left alone */
    SITE_SET(way, SITE_HONEST);
    while (asks(t) != DIAMETER_SUCCESS) {
        (void)events("none", NULL);
    }
    assert_int_equal(events("onboarding-site-up", NULL), 1);
    onboarding_site(hss.onboarding, 1, &s);
    assert_int_equal(s.state, ONBOARD_SITE_UNTRIED); /* it is another authority's */
}

/* ---- the record and the chain ---- */

/*= test certattach-revoked */
static void records_that_are_not_the_device_s(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    thing_named(t, MAKER_HOST, "nobody");
    t->serial = 0; /* the site has no such device */
    REFUSED(t, DEVICE_UNKNOWN);
    t = thing_make(2);
    t->revoked = true;
    REFUSED(t, DEVICE_REVOKED);
    t = thing_make(3);
    assert_ok(device_id_parse(BYTES_LIT("another"), &t->record_id));
    REFUSED(t, RECORD);
    t = thing_make(4);
    t->garbled = true;
    REFUSED(t, RECORD);
    t = thing_make(5);
    t->other_digest = true; /* another certificate than the record's */
    REFUSED(t, RECORD);
    t = thing_make(6);
    t->signer = 1;
    REFUSED(t, RECORD_SIGNATURE);
    nothing_was_given();
}

/*= test certattach-2c */
static void chains_that_do_not_hold(void **state)
{
    (void)state;
    static const struct {
        struct cert_wish wish;
        enum certattach_cause cause;
    } rows[] = {
        {{.cn = "early", .from = DAY, .to = 2 * DAY}, CERTATTACH_CHAIN_EARLY},
        {{.cn = "late", .from = -2 * DAY, .to = -DAY}, CERTATTACH_CHAIN_LATE},
        {{.cn = "untrusted", .by = &roots[1]}, CERTATTACH_CHAIN_UNTRUSTED},
        {{.cn = "signs", .usage = "critical,digitalSignature"}, CERTATTACH_CHAIN_PURPOSE},
        {{.cn = "roleless", .role = "clientAuth"}, CERTATTACH_CHAIN_PURPOSE},
        {{.cn = "authority", .ca = true}, CERTATTACH_CHAIN_PURPOSE},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct thing *t = thing_make_as((unsigned)i + 1, &rows[i].wish);
        if (!refused_for(t, rows[i].cause)) {
            fail_msg("%s", rows[i].wish.cn);
        }
    }
    struct thing *t = thing_make_as(10, &(struct cert_wish){.cn = "weak", .md = EVP_sha1()});
    REFUSED(t, CHAIN_BAD);
    t = thing_make_as(11, &(struct cert_wish){.cn = "curve", .key = EVP_EC_gen("P-384")});
    REFUSED(t, KEY);
    nothing_was_given();
}

/*= test certattach-revoked */
static void chains_that_were_revoked_or_have_no_list(void **state)
{
    struct thing *t = thing_make(9), *good = thing_make(8);
    onboard_wish = hand_has_lists;
    assert_int_equal(onboard_up(state), 0);
    thing_named(t, HAND_HOST, "device-9");
    REFUSED(t, CHAIN_REVOKED);
    thing_named(good, HAND_HOST, "device-8");
    (void)gets(good);
    crl_save(authorities[1].device_crl, false, &roots[0], NULL, -60); /* its time is over */
    onboard_restart();
    REFUSED(good, NO_CRL);
    assert_int_equal(onboard_down(state), 0);
    onboard_wish = nothing_is_kept;
}

/*= test certattach-proof */
static void the_key_that_proves_the_imei(void **state)
{
    (void)state;
    struct thing *t = thing_make(1), *other = thing_make(2);
    thing_has_identity(t);
    thing_has_identity(other);
    t->proves = false;
    REFUSED(t, PROOF_MISSING);
    t->proves = true;
    t->proves_with = &other->identity;
    REFUSED(t, PROOF_WRONG);
    t->proves_with = &t->identity;
    t->identity_revoked = true;
    REFUSED(t, IDENTITY);
    nothing_was_given();
    t->identity_revoked = false;
    (void)gets(t);
}

/* ---- what is stored ---- */

static void a_device_that_was_denied(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct store_onboarding row;
    thing_named(t, HAND_HOST, "device-1");
    REFUSED(t, WAITING);
    assert_ok(row_now("hand", t, &row));
    row.phase = CERTATTACH_PHASE_DENIED;
    put_row(&row);
    REFUSED(t, DENIED);
    nothing_was_given();
}

static void a_suspended_subscription_is_not_given_again(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    struct store_writer *w = store_the_writer(hss.store);
    enum store_did did;
    (void)gets(t);
    struct store_subscriber row = row_of(IMSI_FIRST);
    row.suspended = true;
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    assert_ok(store_put_subscriber(w, STORE_UPDATE, &row, &did));
    assert_ok(store_commit(w));
    REFUSED(t, DENIED);
    row.suspended = false;
    snprintf(row.profile, sizeof row.profile, "gone");
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    assert_ok(store_put_subscriber(w, STORE_UPDATE, &row, &did));
    assert_ok(store_commit(w));
    REFUSED(t, STORE); /* whatever it is made of is not there */
}

/*= test certattach-active certattach-same */
static void a_renewed_certificate_gets_what_was_never_used_and_no_more(void **state)
{
    (void)state;
    config.onboarding.policy = BINDING_OPEN;
    struct thing *t = thing_make(1);
    struct certattach_profile first = gets(t), again;
    t = thing_make(1);
    again = gets(t);
    assert_memory_equal(&first, &again, sizeof first);
    assert_int_equal(ulr(0, IMSI_FIRST, t->imei.digits, 0, NULL), DIAMETER_SUCCESS);
    t = thing_make(1);
    REFUSED(t, OTHER_KEY);
}

static void two_devices_of_one_imei(void **state)
{
    (void)state;
    struct thing *t = thing_make(1), *twin = thing_make(2);
    twin->imei = twin->record_imei = t->imei;
    (void)gets(t);
    REFUSED(twin, IMEI_IN_USE);
    assert_int_equal(pools_now().never_used, 9);
    assert_int_equal(phase_now("maker", twin), CERTATTACH_PHASE_NEW);
}

/* ---- quotas ---- */

/*= test certattach-quotas */
static void more_than_an_authority_may_have(void **state)
{
    (void)state;
    authorities[0].pending_most = 2;
    authorities[0].per_hour = 3;
    (void)gets(thing_make(1));
    (void)gets(thing_make(2));
    REFUSED(thing_make(3), QUOTA_PENDING);
    authorities[0].pending_most = 100;
    (void)gets(thing_make(3));
    REFUSED(thing_make(4), QUOTA_RATE);
    assert_int_equal(pools_now().never_used, 7);
    (void)gets(&things[1]); /* what one has is nobody's quota */
    authorities[1].waiting_most = 1;
    struct thing *a = thing_make(5), *b = thing_make(6);
    thing_named(a, HAND_HOST, "device-5");
    thing_named(b, HAND_HOST, "device-6");
    REFUSED(a, WAITING);
    REFUSED(b, QUOTA_WAITING);
    REFUSED(a, WAITING);
    assert_int_equal(phase_now("hand", b), CERTATTACH_PHASE_NEW);
}

/*= test certattach-quotas */
static void what_is_refused_in_the_end_counts_for_no_quota(void **state)
{
    (void)state;
    struct thing *t = thing_make(1), *twin = thing_make(2);
    twin->imei = twin->record_imei = t->imei;
    authorities[0].per_hour = 2;
    (void)gets(t);
    for (unsigned i = 0; i < 5; i++) {
        REFUSED(twin, IMEI_IN_USE);
    }
    (void)gets(thing_make(3));
    REFUSED(thing_make(4), QUOTA_RATE);
}

/*= test certattach-pool */
static void an_empty_pool_is_an_alarm_and_whoever_has_one_is_still_served(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 10; i++) {
        (void)gets(thing_make(i));
    }
    REFUSED(thing_make(10), POOL_EMPTY);
    REFUSED(thing_make(11), POOL_EMPTY);
    assert_int_equal(events("onboarding-pool-empty", NULL), 1);
    assert_int_equal(phase_now("maker", &things[10]), CERTATTACH_PHASE_NEW);
    (void)gets(&things[3]);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS); /* and so is everybody */
}

/* What is refused for it is not walked over by every device anew. */
/*= test certattach-pool */
static void a_pool_that_administration_filled_is_walked_over_once(void **state)
{
    (void)state;
    struct store_writer *w = store_the_writer(hss.store);
    char digits[16] = IMSI_FIRST;
    authorities[0].per_hour = 1;
    for (unsigned i = 0; i < 10; i++) {
        digits[14] = (char)('0' + i);
        put_subscriber(digits, BINDING_OPEN, false);
    }
    REFUSED(thing_make(1), POOL_EMPTY);
    REFUSED(thing_make(2), POOL_EMPTY); /* and it costs the authority nothing */
    assert_int_equal(events("onboarding-drawn", NULL), 0);
    assert_int_equal(counted(&hss.counters.onboarding_drawn), 0);
    const struct imsi last = imsi_of(digits);
    (void)events("none", NULL);
    assert_ok(store_begin(w));
    assert_ok(store_remove_subscriber(w, &last));
    assert_ok(store_commit(w));
    assert_int_equal(pools_now().never_used, 0); /* it was passed */
}

static void the_writer_has_too_much_to_do(void **state)
{
    (void)state;
    struct thing *t = thing_make(1);
    writer_drain(hss.writer); /* takes nothing more */
    assert_int_equal(asks(t), DIAMETER_TOO_BUSY);
}

static int causes_up(void **state)
{
    onboard_wish = nothing_is_kept;
    return onboard_up(state);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, causes_up, onboard_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_request_that_cannot_be_read),
        CASE(urls_that_are_no_name_of_an_entry),
        CASE(where_it_is_not_offered),
        CASE(imeis_that_are_not_the_authority_s_or_not_the_device_s),
        CASE(equipment_on_the_black_list),
        CASE(who_asks_too_often),
        CASE(strangers_with_the_url_keep_no_device_out),
        CASE(sites_that_answer_otherwise),
        CASE(sites_that_say_no),
        CASE(a_site_that_is_silent_is_an_alarm_and_comes_back),
        CASE(records_that_are_not_the_device_s),
        CASE(chains_that_do_not_hold),
        cmocka_unit_test(chains_that_were_revoked_or_have_no_list),
        CASE(the_key_that_proves_the_imei),
        CASE(a_device_that_was_denied),
        CASE(a_suspended_subscription_is_not_given_again),
        CASE(a_renewed_certificate_gets_what_was_never_used_and_no_more),
        CASE(two_devices_of_one_imei),
        CASE(more_than_an_authority_may_have),
        CASE(what_is_refused_in_the_end_counts_for_no_quota),
        CASE(an_empty_pool_is_an_alarm_and_whoever_has_one_is_still_served),
        CASE(a_pool_that_administration_filled_is_walked_over_once),
        CASE(the_writer_has_too_much_to_do),
    };
    onboard_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    onboard_keys_gone();
    return failed;
}
