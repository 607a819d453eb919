/* A device without a subscription through the NAS client: src/device/onboard_nas.c,
 * src/device/attach.c and src/device/reject.c. What else a network may send is in
 * onboard_network_test.c. */
#include "device/onboarding_client.h"

/* ---- all of it ---- */

/*= test certattach-1b certattach-5 certattach-installs */
static void a_device_out_of_the_box_ends_with_service(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    reject(&c, result(&c));
    assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_REJECTED)->cause,
                     EMM_CAUSE_NETWORK_FAILURE);
    expect_onboarded(&c);
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(bindery_ue_deadline(&c.w.ue), BINDERY_UE_NEVER);
    attaches_normally(&c);
    client_close(&c);
}

static void the_connection_ends_also_if_nobody_releases_it(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    reject(&c, result(&c));
    assert_true(world_wait(&c.w)); /* T3440 */
    assert_true(told(&c, BINDERY_UE_EVENT_RELEASE));
    assert_false(world_wait(&c.w));
    client_close(&c);
}

static enum bindery_ue_result init_with(struct client *c, size_t buffer_n)
{
    return bindery_ue_init(&c->w.ue, &c->w.table, &c->w.host, &c->w.settings, &c->w.identity,
                           c->w.buffer, buffer_n, NULL, 0);
}

/* The longest result, from an operator that fills every member, to the longest key. */
static void the_largest_result_fits_the_least_buffer(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    maker_close(&c.k);
    maker_open_rsa(&c.k, 4096);
    c.k.profile.n_apns = CERTATTACH_APNS_MAX;
    for (size_t i = 0; i < CERTATTACH_APNS_MAX; i++) {
        memset(c.k.profile.apns[i], 'a', CERTATTACH_APN_MAX);
        c.k.profile.apns[i][60] = '.';
    }
    assert_int_equal(init_with(&c, BINDERY_UE_ONBOARDING_BUFFER_MIN - 1), BINDERY_UE_ERR_ROOM);
    assert_int_equal(init_with(&c, BINDERY_UE_ONBOARDING_BUFFER_MIN), BINDERY_UE_OK);
    begin(&c);
    reject(&c, result(&c));
    expect_onboarded(&c);
    /* and a PDU that is longer than the buffer says is not looked at */
    assert_int_equal(
        bindery_ue_downlink(&c.w.ue, c.w.now, c.w.image, BINDERY_UE_ONBOARDING_ROOM + 1),
        BINDERY_UE_ERR_ARGUMENT);
    client_close(&c);
}

static void a_host_brings_what_is_needed_or_nothing_begins(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    const struct bindery_ue_onboarding good = c.k.onboarding;
    const struct bindery_ue_host host = c.w.host;
    c.w.host.usim = NULL; /* it has no card, and stores no image and no keys */
    c.w.host.store = NULL;
    c.w.host.store_keys = NULL;
    assert_int_equal(init_with(&c, sizeof c.w.buffer), BINDERY_UE_OK);
    c.k.onboarding.install = NULL;
    assert_int_equal(init_with(&c, sizeof c.w.buffer), BINDERY_UE_ERR_ARGUMENT);
    c.k.onboarding = good;
    c.k.onboarding.url = "https://10.0.0.1/DeviceID=a";
    assert_int_equal(init_with(&c, sizeof c.w.buffer), BINDERY_UE_ERR_ARGUMENT);
    c.k.onboarding = good;
    c.w.host.onboarding = NULL;
    assert_int_equal(init_with(&c, sizeof c.w.buffer), BINDERY_UE_ERR_ARGUMENT);
    c.w.host = host;
    c.w.identity.kme = c.w.kme.b; /* of which IMSI? */
    assert_int_equal(init_with(&c, sizeof c.w.buffer), BINDERY_UE_ERR_ARGUMENT);
    c.w.identity.kme = NULL;
    c.w.identity.keys = c.w.record;
    assert_int_equal(init_with(&c, sizeof c.w.buffer), BINDERY_UE_ERR_ARGUMENT);
    c.w.identity.keys = NULL;
    memcpy(c.w.identity.imsi, WORLD_IMSI, 15); /* one with an IMSI needs a place for its image */
    c.w.identity.imsi_n = 15;
    assert_int_equal(init_with(&c, BINDERY_UE_BUFFER_MIN), BINDERY_UE_OK);
    c.w.host.store = NULL;
    assert_int_equal(init_with(&c, sizeof c.w.buffer), BINDERY_UE_ERR_ARGUMENT);
    client_close(&c);
}

static void an_image_is_somebody_else_s(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    memcpy(c.w.identity.imsi, WORLD_IMSI, 15);
    c.w.identity.imsi_n = 15;
    c.w.identity.kme = c.w.kme.b;
    world_boot(&c.w, false);
    world_register(&c.w);
    c.w.identity.imsi_n = 0;
    c.w.identity.kme = NULL;
    assert_int_equal(bindery_ue_init(&c.w.ue, &c.w.table, &c.w.host, &c.w.settings, &c.w.identity,
                                     c.w.buffer, sizeof c.w.buffer, c.w.image, c.w.image_n),
                     BINDERY_UE_ERR_FOREIGN);
    client_close(&c);
}

/* ---- a result that is not taken ---- */

static void fails_as(struct client *c, struct bytes value, enum bindery_ue_refusal why)
{
    reject(c, value);
    assert_int_equal(world_refusal(&c->w), why);
    expect_elsewhere(c, BINDERY_UE_WHY_RETRY);
}

/*= test certattach-elsewhere certattach-operator certattach-signed */
static void each_refusal_is_a_failed_attempt_and_no_more(void **state)
{
    static const struct {
        unsigned says;
        enum bindery_ue_refusal why;
    } rows[] = {
        {BINDERY_UE_OPERATOR_UNTRUSTED, BINDERY_UE_REFUSED_OPERATOR_UNTRUSTED},
        {BINDERY_UE_OPERATOR_CERTIFICATE_EXPIRED, BINDERY_UE_REFUSED_OPERATOR_CERTIFICATE_EXPIRED},
        {BINDERY_UE_OPERATOR_PURPOSE, BINDERY_UE_REFUSED_OPERATOR_PURPOSE},
        {BINDERY_UE_OPERATOR_OTHER_PLMN, BINDERY_UE_REFUSED_OPERATOR_PLMN},
        {BINDERY_UE_OPERATOR_SIGNATURE, BINDERY_UE_REFUSED_OPERATOR_SIGNATURE},
        {BINDERY_UE_OPERATOR_RESULT_EXPIRED, BINDERY_UE_REFUSED_RESULT_EXPIRED},
    };
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct client c;
        client_open(&c);
        begin(&c);
        c.k.says = rows[i].says;
        fails_as(&c, result(&c), rows[i].why);
        assert_int_equal(c.k.opened_n, 0);
        c.k.says =
            MAKER_SAYS; /* and the next attempt, ten seconds later, is as good as the first */
        assert_int_equal(wait_for_request(&c), 10000);
        reject(&c, result(&c));
        expect_onboarded(&c);
        client_close(&c);
    }
}

static void a_result_that_cannot_be_opened_is_a_failed_attempt(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    c.k.sealed_to = c.k.other_key;
    fails_as(&c, result(&c), BINDERY_UE_REFUSED_RESULT_NOT_OPENED);
    c.k.sealed_to = c.k.device_key;
    (void)wait_for_request(&c);
    c.k.result[0] = 0;
    fails_as(&c, (struct bytes){result(&c).p, 40}, BINDERY_UE_REFUSED_RESULT_UNREADABLE);
    (void)wait_for_request(&c);
    c.k.says = BINDERY_UE_OPERATOR_FAILED;
    fails_as(&c, result(&c), BINDERY_UE_REFUSED_NONE);
    assert_true(told(&c, BINDERY_UE_EVENT_CRYPTO_FAILED));
    client_close(&c);
}

static void a_subscription_that_cannot_be_stored_is_asked_for_again(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    c.k.install_fails = true;
    fails_as(&c, result(&c), BINDERY_UE_REFUSED_NONE);
    assert_true(told(&c, BINDERY_UE_EVENT_STORE_FAILED));
    c.k.install_fails = false;
    (void)wait_for_request(&c);
    reject(&c, result(&c));
    expect_onboarded(&c);
    client_close(&c);
}

/* ---- one answer to one request ---- */

/*= test certattach-nonce */
static void the_same_result_comes_twice(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    const struct bytes value = result(&c);
    reject(&c, value);
    expect_onboarded(&c);
    reject(&c, value);
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_UNEXPECTED);
    assert_int_equal(c.k.installed_n, 1);
    /* This context is at its end: another subscription is not asked for. */
    assert_int_equal(bindery_ue_attach(&c.w.ue, c.w.now), BINDERY_UE_ERR_STATE);
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    camp_on(&c, "999-70", 1);
    assert_int_equal(bindery_ue_attach(&c.w.ue, c.w.now), BINDERY_UE_ERR_STATE);
    assert_int_equal(c.w.up.n, 0);
    client_close(&c);
}

static void a_result_of_an_earlier_request_is_refused(void **state)
{
    struct client c;
    uint8_t old[sizeof c.k.result];
    (void)state;
    client_open(&c);
    begin(&c);
    const size_t n = result(&c).n;
    memcpy(old, c.k.result, n);
    reject(&c, (struct bytes){NULL, 0}); /* somebody held it back */
    expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
    (void)wait_for_request(&c);
    fails_as(&c, (struct bytes){old, n}, BINDERY_UE_REFUSED_OPERATOR_SIGNATURE);
    client_close(&c);
}

static void a_result_that_comes_too_late_is_refused(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) { /* T3410, or the connection, ended before */
        struct client c;
        client_open(&c);
        begin(&c);
        if (i == 0) {
            assert_true(world_wait(&c.w));
            assert_true(told(&c, BINDERY_UE_EVENT_RELEASE));
        } else {
            world_lower(&c.w, BINDERY_UE_LOWER_FAILED);
        }
        expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
        reject(&c, result(&c));
        assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_UNEXPECTED);
        assert_int_equal(c.k.installed_n, 0);
        assert_int_equal(c.k.verified_n, 0);
        client_close(&c);
    }
}

static void every_prefix_of_the_reject_is_survived(void **state)
{
    struct client c;
    uint8_t pdu[2048];
    size_t n = 0;
    (void)state;
    client_open(&c);
    begin(&c);
    const struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_NETWORK_FAILURE,
                                        .bindery_container = result(&c)};
    assert_ok(nas_write(&nas_attach_reject_message, &m, MBYTES_OF(pdu), &n));
    const struct bindery_ue before = c.w.ue;
    for (size_t i = 0; i < n; i++) {
        c.w.ue = before;
        world_down(&c.w, (struct bytes){pdu, i});
        assert_false(told(&c, BINDERY_UE_EVENT_ONBOARDED));
        assert_int_equal(c.k.installed_n, 0);
    }
    c.w.ue = before;
    world_down(&c.w, (struct bytes){pdu, n});
    expect_onboarded(&c);
    client_close(&c);
}

/* ---- nothing secret is left ---- */

static void nothing_of_the_subscription_stays_in_memory(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    begin(&c);
    reject(&c, result(&c));
    expect_onboarded(&c);
    assert_null(memmem(c.w.buffer, sizeof c.w.buffer, c.k.profile.keys.k.b, 16));
    assert_null(memmem(c.w.buffer, sizeof c.w.buffer, c.k.profile.keys.opc.b, 16));
    assert_null(memmem(&c.w.ue, sizeof c.w.ue, c.k.profile.keys.k.b, 16));
    assert_null(memmem(&c.w.ue, sizeof c.w.ue, c.request.nonce, sizeof c.request.nonce));
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_out_of_the_box_ends_with_service),
        cmocka_unit_test(the_connection_ends_also_if_nobody_releases_it),
        cmocka_unit_test(the_largest_result_fits_the_least_buffer),
        cmocka_unit_test(a_host_brings_what_is_needed_or_nothing_begins),
        cmocka_unit_test(an_image_is_somebody_else_s),
        cmocka_unit_test(each_refusal_is_a_failed_attempt_and_no_more),
        cmocka_unit_test(a_result_that_cannot_be_opened_is_a_failed_attempt),
        cmocka_unit_test(a_subscription_that_cannot_be_stored_is_asked_for_again),
        cmocka_unit_test(the_same_result_comes_twice),
        cmocka_unit_test(a_result_of_an_earlier_request_is_refused),
        cmocka_unit_test(a_result_that_comes_too_late_is_refused),
        cmocka_unit_test(every_prefix_of_the_reject_is_survived),
        cmocka_unit_test(nothing_of_the_subscription_stays_in_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
