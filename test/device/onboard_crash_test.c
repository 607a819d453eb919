/* Power cuts of a device that gets a subscription: whenever the power goes it ends with exactly one
 * that works, src/device/onboard_nas.c and whoever stores it. */
#include "device/onboarding_client.h"

/* The operator's half: an IMSI is drawn once, and the device gets the same whenever it asks. */
static void asks_until_it_has_one(struct client *c)
{
    for (unsigned i = 0; c->k.installed_n == 0 && i < 3; i++) {
        begin(c);
        reject(c, result(c));
    }
    assert_int_equal(c->k.installed_n, 1);
}

/*= test certattach-no-orphan certattach-installs certattach-same */
static void after_a_power_cut_at_any_point_it_ends_with_one_subscription(void **state)
{
    (void)state;
    for (unsigned cut = 0; cut < 9; cut++) {
        struct client c;
        client_open(&c);
        if (cut > 0) {
            world_camp(&c.w, 1);
        }
        if (cut > 1) { /* the request is made, and has not left */
            world_attach(&c.w);
        }
        if (cut > 2) { /* it left */
            expect_request(&c);
            world_lower(&c.w, BINDERY_UE_LOWER_CONNECTED);
        }
        if (cut == 4) { /* the answer is lost */
            (void)result(&c);
        }
        if (cut == 5) { /* the power goes while it is stored: what is written is not whole */
            c.k.install_fails = true;
            reject(&c, result(&c));
            c.k.install_fails = false;
        }
        if (cut >= 6) {
            reject(&c, result(&c));
        }
        if (cut == 7) { /* before the connection has ended, or after */
            world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
        }
        const bool stored = c.k.installed_n > 0;
        assert_int_equal(stored, cut >= 6);
        client_boot(&c); /* as flash says */
        if (!stored) {
            asks_until_it_has_one(&c);
        }
        maker_expect_installed(&c.k);
        attaches_normally(&c);
        client_close(&c);
    }
}

/* An answer that was on its way when the power went is for a nonce that nobody has any more. */
static void the_answer_before_the_cut_is_not_taken_after_it(void **state)
{
    struct client c;
    uint8_t old[sizeof c.k.result];
    (void)state;
    client_open(&c);
    begin(&c);
    const size_t n = result(&c).n;
    memcpy(old, c.k.result, n);
    client_boot(&c);
    begin(&c);
    reject(&c, (struct bytes){old, n});
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_OPERATOR_SIGNATURE);
    expect_elsewhere(&c, BINDERY_UE_WHY_RETRY);
    (void)wait_for_request(&c);
    reject(&c, result(&c));
    expect_onboarded(&c);
    client_close(&c);
}

/* Whoever has an IMSI does not ask, though it could. */
static void a_device_with_a_subscription_takes_no_other(void **state)
{
    struct client c;
    struct nas_attach_request m;
    (void)state;
    client_open(&c);
    begin(&c);
    const struct bytes value = result(&c);
    reject(&c, value);
    expect_onboarded(&c);
    client_boot(&c);
    world_camp(&c.w, 1);
    world_attach(&c.w);
    net_expect_attach(&c.w, &m);
    assert_int_equal(m.attach_type, NAS_EPS_ATTACH);
    assert_null(m.bindery_container.p);
    reject(&c, value); /* an ordinary reject to it */
    assert_int_equal(c.k.installed_n, 1);
    assert_false(told(&c, BINDERY_UE_EVENT_ONBOARDED));
    assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_RETRY);
    client_close(&c);
}

/* The trial, and what it is for: one that expired meanwhile is given up, and another one asked for.
 */
static void a_subscription_that_expired_unused_is_replaced(void **state)
{
    struct client c;
    struct bindery_ue_trial trial = {.confirmed = false};
    bool lost = false;
    (void)state;
    client_open(&c);
    begin(&c);
    reject(&c, result(&c));
    client_boot(&c);
    world_camp(&c.w, 1);
    world_attach(&c.w);
    reject_with(&c, EMM_CAUSE_EPS_AND_NON_EPS_SERVICES_NOT_ALLOWED, (struct bytes){NULL, 0});
    for (unsigned i = 0; i < c.w.events_n; i++) {
        lost = lost || bindery_ue_trial_event(&trial, &c.w.events[i]);
    }
    assert_true(lost);
    c.k.installed_n = 0;
    assert_ok(imsi_parse(BYTES_LIT("001010000500008"), &c.k.profile.imsi));
    client_boot(&c);
    begin(&c);
    reject(&c, result(&c));
    expect_onboarded(&c);
    client_boot(&c);
    world_begin(&c.w);
    net_challenge(&c.w, NULL);
    net_secure(&c.w);
    net_accept(&c.w);
    for (unsigned i = 0; i < c.w.events_n; i++) {
        assert_false(bindery_ue_trial_event(&trial, &c.w.events[i]));
    }
    assert_true(trial.confirmed);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_power_cut_at_any_point_it_ends_with_one_subscription),
        cmocka_unit_test(the_answer_before_the_cut_is_not_taken_after_it),
        cmocka_unit_test(a_device_with_a_subscription_takes_no_other),
        cmocka_unit_test(a_subscription_that_expired_unused_is_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
