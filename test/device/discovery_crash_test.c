/* Power cuts of a device with a dIMSI, and an IMSI that turned out to be no good: whenever the
 * power goes it ends with exactly one identity that works. src/device/discovery_nas.c,
 * src/device/slot.c.
 */
#include "device/discovering.h"

/* The host's half, when the subscription was given up: the dIMSI again, over the same slot. */
static void boot_with_dimsi(struct seeker *s)
{
    struct world *w = &s->w;
    memcpy(w->identity.imsi, SEEKER_DIMSI, 15);
    w->host.discovery = &s->discovery;
    w->has_security = false;
    w->image_n = 0;
    world_boot(w, false);
}

/*= test dimsi-durable dimsi-repeat */
static void after_a_power_cut_at_any_point_it_ends_with_one_imsi(void **state)
{
    (void)state;
    for (unsigned cut = 0; cut < 9; cut++) {
        struct seeker s;
        seeker_open(&s);
        if (cut > 0) {
            world_camp(&s.w, 1);
        }
        if (cut > 1) { /* the request is made, and has not left */
            world_attach(&s.w);
        }
        if (cut > 2) {
            seeker_expect_request(&s);
            world_lower(&s.w, BINDERY_UE_LOWER_CONNECTED);
        }
        if (cut == 4) { /* the power goes while the IMSI is written: what is written is not whole */
            s.flash_fails = true;
            seeker_make(&s);
            seeker_send(&s);
            s.flash_fails = false;
        }
        if (cut > 4) { /* RES was made, and has not left, or has */
            seeker_answers(&s);
        }
        if (cut > 5) {
            net_secure(&s.w);
        }
        if (cut > 6) {
            seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
        }
        if (cut > 7) {
            world_lower(&s.w, BINDERY_UE_LOWER_RELEASED);
        }
        seeker_boot(&s); /* as flash says */
        assert_int_equal(s.w.host.discovery == NULL, cut > 4);
        if (cut <= 4) {
            seeker_begin(&s);
            seeker_answers(&s);
            seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
            seeker_expect_discovered(&s);
        }
        seeker_attaches_with_imsi(&s);
        assert_int_equal(s.flashed, 1);
        seeker_close(&s);
    }
}

/*= test dimsi-trial dimsi-repeat */
static void an_imsi_that_is_given_up_comes_again(void **state)
{
    struct bindery_ue_trial trial = {.confirmed = false};
    struct seeker s;
    bool lost = false;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
    seeker_boot(&s);
    world_camp(&s.w, 1);
    world_attach(&s.w);
    seeker_reject(&s, EMM_CAUSE_EPS_AND_NON_EPS_SERVICES_NOT_ALLOWED);
    for (unsigned i = 0; i < s.w.events_n; i++) {
        lost = lost || bindery_ue_trial_event(&trial, &s.w.events[i]);
    }
    assert_true(lost);
    boot_with_dimsi(&s);
    seeker_begin(&s);
    seeker_make(&s);
    seeker_send(&s);
    seeker_expect_answer(&s, BINDERY_UE_DISCOVERY_REPEATED);
    net_secure(&s.w);
    seeker_reject(&s, EMM_CAUSE_NETWORK_FAILURE);
    seeker_expect_discovered(&s);
    seeker_attaches_with_imsi(&s);
    for (unsigned i = 0; i < s.w.events_n; i++) {
        assert_false(bindery_ue_trial_event(&trial, &s.w.events[i]));
    }
    assert_true(trial.confirmed);
    seeker_close(&s);
}

/*= test dimsi-other-imsi */
static void another_imsi_does_not_come_in_its_place(void **state)
{
    struct seeker s;
    struct imsi other;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    assert_ok(imsi_parse(BYTES_LIT("001010000700002"), &other));
    boot_with_dimsi(&s);
    seeker_begin(&s);
    seeker_make_for(&s, &other);
    seeker_send(&s);
    seeker_expect_failure(&s, BINDERY_UE_DISCOVERY_OTHER_IMSI);
    assert_int_equal(s.flashed, 1);
    seeker_close(&s);
}

/*= test dimsi-repeat */
static void an_old_challenge_is_nothing_to_a_device_with_its_imsi(void **state)
{
    struct seeker s;
    struct nas_authentication_failure m;
    (void)state;
    seeker_open(&s);
    seeker_begin(&s);
    seeker_answers(&s);
    seeker_boot(&s);
    assert_null(s.w.host.discovery);
    world_camp(&s.w, 1);
    world_attach(&s.w);
    s.asked = 0;
    seeker_send(&s); /* by whoever recorded it */
    net_expect(&s.w, &nas_authentication_failure_message, &m);
    assert_int_equal(m.emm_cause, EMM_CAUSE_MAC_FAILURE);
    assert_int_equal(world_event(&s.w, BINDERY_UE_EVENT_AUTHENTICATION)->outcome,
                     BINDERY_UE_MAC_FAILURE);
    assert_int_equal(s.asked, 0);
    seeker_close(&s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(after_a_power_cut_at_any_point_it_ends_with_one_imsi),
        cmocka_unit_test(an_imsi_that_is_given_up_comes_again),
        cmocka_unit_test(another_imsi_does_not_come_in_its_place),
        cmocka_unit_test(an_old_challenge_is_nothing_to_a_device_with_its_imsi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
