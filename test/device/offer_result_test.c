/* Whether the home network has the KME that was offered: NW_SIG in src/device/reject.c, a challenge
 * in src/device/security.c. */
#include "device/offering_client.h"

/* ---- the result ---- */

/* What an ordinary #17 does, and no more: T3411, and the KME still waits. */
static void expect_ordinary(struct client *c, bool refused)
{
    const struct bindery_ue_event *e = world_event(&c->w, BINDERY_UE_EVENT_WAITING);
    assert_non_null(e);
    assert_int_equal(e->why, BINDERY_UE_WHY_RETRY);
    assert_true(told(c, BINDERY_UE_EVENT_REJECTED));
    assert_false(told(c, BINDERY_UE_EVENT_KME_ACTIVE));
    assert_int_equal(world_refusal(&c->w),
                     refused ? BINDERY_UE_REFUSED_NW_SIGNATURE : BINDERY_UE_REFUSED_NONE);
    assert_int_equal(c->w.record_stores, 1);
    assert_true(record_of(c).me.pending.present);
}

/* The KME that waited is still good: the home network has it. */
static void expect_no_harm(struct client *c)
{
    world_lower(&c->w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(c->w.up.n, 0); /* not at once */
    assert_true(world_wait(&c->w));
    assert_int_equal(bindery_ue_state(&c->w.ue), BINDERY_UE_STATE_ATTACHING);
    struct nas_attach_request m;
    c->w.has_security = false;
    net_expect_attach(&c->w, &m);
    net_challenge(&c->w, maker_kme(&c->m));
    assert_true(told(c, BINDERY_UE_EVENT_KME_ACTIVE));
    net_secure(&c->w);
    net_accept(&c->w);
}

/*= test kme-wrong-nwsig */
static void a_reject_without_the_right_nw_sig_is_an_ordinary_one(void **state)
{
    (void)state;
    for (unsigned what = 0; what < 5; what++) {
        struct client c;
        client_open(&c);
        secure_under(&c, NULL);
        provide(&c);
        struct bytes result = maker_result(&c.m);
        switch (what) {
        case 0: /* none */
            result = (struct bytes){NULL, 0};
            break;
        case 1: /* a bit wrong */
            c.m.result[result.n - 1] ^= 1;
            break;
        case 2: /* cut short */
            result.n--;
            break;
        case 3: /* another container */
            c.m.result[0] = NAS_CONTAINER_PROVISIONING_RESULT;
            break;
        default: /* of a later version */
            c.m.result[1]++;
        }
        reject(&c, result);
        expect_ordinary(&c, what == 1 || what == 2);
        expect_no_harm(&c);
        client_close(&c);
    }
}

/*= test kme-wrong-nwsig */
static void the_nw_sig_of_another_run_is_refused(void **state)
{
    struct client c;
    uint8_t earlier[64];
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    const struct bytes result = maker_result(&c.m);
    memcpy(earlier, result.p, result.n);
    /* An operator asks for another binding; the device never heard of the first answer. */
    kme_home_request(&c.m.k.home, KME_REQUEST_REBIND, NULL);
    provide(&c);
    assert_int_equal(c.w.record_stores, 2);
    reject(&c, (struct bytes){earlier, result.n});
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NW_SIGNATURE);
    assert_false(told(&c, BINDERY_UE_EVENT_KME_ACTIVE));
    assert_true(record_of(&c).me.pending.present);
    expect_no_harm(&c);
    client_close(&c);
}

static void a_result_that_nobody_waits_for_is_refused(void **state)
{
    static const uint8_t result[] = {5,  1,  13, 0,  32, 1,  2,  3,  4,  5,  6,  7,  8,
                                     9,  10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20, 21,
                                     22, 23, 24, 25, 26, 27, 28, 29, 30, 31, 32};
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    reject(&c, BYTES_OF(result));
    assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_NW_SIGNATURE);
    assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_RETRY);
    assert_int_equal(c.w.record_stores, 0);
    client_close(&c);
}

/*= test kme-ciphered */
static void a_result_without_protection_counts_for_nothing(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 2; i++) {
        struct client c;
        uint8_t out[128];
        client_open(&c);
        secure_under(&c, NULL);
        provide(&c);
        struct nas_attach_reject m = {.emm_cause = EMM_CAUSE_NETWORK_FAILURE,
                                      .bindery_container = maker_result(&c.m)};
        if (i == 0) { /* integrity only */
            world_down(&c.w, net_protect(&c.w, NAS_SHT_INTEGRITY, &nas_attach_reject_message, &m,
                                         MBYTES_OF(out)));
            expect_ordinary(&c, true);
        } else { /* not even that: once it has security a device hears no #17 in clear */
            net_plain(&c.w, &nas_attach_reject_message, &m);
            assert_int_equal(world_refusal(&c.w), BINDERY_UE_REFUSED_UNPROTECTED);
            world_boot(&c.w, true); /* and one that begins anew may hear it */
            world_begin(&c.w);
            net_plain(&c.w, &nas_attach_reject_message, &m);
            expect_ordinary(&c, true);
        }
        expect_no_harm(&c);
        client_close(&c);
    }
}

static void a_reject_of_another_cause_does_as_it_says(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    reject_with(&c, EMM_CAUSE_NO_SUITABLE_CELLS, maker_result(&c.m));
    assert_true(told(&c, BINDERY_UE_EVENT_KME_ACTIVE)); /* which it shows all the same */
    assert_int_equal(bindery_ue_state(&c.w.ue), BINDERY_UE_STATE_LIMITED);
    assert_true(record_of(&c).me.has_active);
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(c.w.up.n, 0);
    client_close(&c);
}

static void a_network_that_does_not_release_is_released(void **state)
{
    struct client c;
    struct nas_attach_request m;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    reject(&c, maker_result(&c.m));
    assert_true(world_wait(&c.w)); /* T3440 */
    assert_true(told(&c, BINDERY_UE_EVENT_RELEASE));
    assert_true(world_wait(&c.w));
    c.w.has_security = false;
    net_expect_attach(&c.w, &m);
    net_challenge(&c.w, maker_kme(&c.m));
    client_close(&c);
}

static void a_device_that_was_told_to_detach_stays_away(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    reject(&c, maker_result(&c.m));
    assert_int_equal(bindery_ue_detach(&c.w.ue, c.w.now, false), BINDERY_UE_OK);
    world_take(&c.w);
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(c.w.up.n, 0);
    assert_int_equal(bindery_ue_state(&c.w.ue), BINDERY_UE_STATE_DEREGISTERED);
    assert_true(record_of(&c).me.has_active);
    client_close(&c);
}

/* A network that provides for ever is not asked for ever. */
static void each_attempt_counts(void **state)
{
    struct client c;
    struct nas_attach_request m;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    for (unsigned i = 1; i <= 5; i++) {
        provide(&c);
        reject(&c, maker_result(&c.m));
        assert_true(told(&c, BINDERY_UE_EVENT_KME_ACTIVE));
        assert_int_equal(bindery_ue_state(&c.w.ue), BINDERY_UE_STATE_WAITING);
        assert_int_equal(told(&c, BINDERY_UE_EVENT_WAITING), i == 5);
        if (i == 5) {
            break;
        }
        world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
        c.w.has_security = false;
        net_expect_attach(&c.w, &m);
        kme_home_request(&c.m.k.home, KME_REQUEST_REBIND, NULL);
        net_challenge(&c.w, NULL);
        net_secure(&c.w);
    }
    assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_WAITING)->why, BINDERY_UE_WHY_EXHAUSTED);
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(c.w.up.n, 0);
    assert_true(world_wait(&c.w)); /* T3402 */
    c.w.has_security = false;
    net_expect_attach(&c.w, &m);
    net_challenge(&c.w, maker_kme(&c.m));
    net_secure(&c.w);
    net_accept(&c.w);
    client_close(&c);
}

/* NW_SIG is also made by whoever can open a payload: only a challenge takes the active key away. */
/*= test kme-12 */
static void a_key_that_the_home_network_may_hold_is_not_given_up_for_nw_sig(void **state)
{
    struct client c;
    struct nas_attach_request m;
    (void)state;
    client_open(&c);
    c.w.identity.kme = c.w.kme.b;
    world_boot(&c.w, false);
    for (unsigned home_has_it = 0; home_has_it < 2; home_has_it++) {
        c.w.has_security = false;
        secure_under(&c, NULL);
        provide(&c);
        reject(&c, maker_result(&c.m));
        assert_true(told(&c, BINDERY_UE_EVENT_KME_ACTIVE));
        const struct ue_keys kept = record_of(&c);
        assert_true(kept.me.pending.present);
        assert_memory_equal(kept.me.active.b, c.w.kme.b, KME_LEN);
        world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
        c.w.has_security = false;
        net_expect_attach(&c.w, &m);
        net_challenge(&c.w, home_has_it ? maker_kme(&c.m) : &c.w.kme);
        assert_int_equal(world_event(&c.w, BINDERY_UE_EVENT_AUTHENTICATION)->outcome,
                         BINDERY_UE_ANSWERED);
        assert_false(told(&c, BINDERY_UE_EVENT_KME_ACTIVE)); /* it was said before */
        assert_int_equal(record_of(&c).me.pending.present, !home_has_it);
        net_secure(&c.w);
        if (!home_has_it) {
            kme_home_request(&c.m.k.home, KME_REQUEST_REBIND, NULL);
            world_boot(&c.w, true);
        }
    }
    assert_memory_equal(record_of(&c).me.active.b, maker_kme(&c.m)->b, KME_LEN);
    client_close(&c);
}

static void a_result_that_is_not_stored_is_stored_before_the_next_answer(void **state)
{
    struct client c;
    struct nas_attach_request m;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    c.w.store_keys_fails = true;
    reject(&c, maker_result(&c.m));
    assert_true(told(&c, BINDERY_UE_EVENT_KME_ACTIVE));
    assert_true(told(&c, BINDERY_UE_EVENT_STORE_FAILED));
    world_lower(&c.w, BINDERY_UE_LOWER_RELEASED);
    expect_nothing_leaves(&c, BINDERY_UE_EVENT_STORE_FAILED);
    assert_true(record_of(&c).me.pending.present);
    c.w.store_keys_fails = false;
    assert_true(world_wait(&c.w)); /* T3410: another attempt */
    assert_true(record_of(&c).me.has_active);
    assert_null(memmem(c.w.buffer, sizeof c.w.buffer, maker_kme(&c.m)->b, KME_LEN));
    assert_true(world_wait(&c.w));
    c.w.has_security = false;
    net_expect_attach(&c.w, &m);
    net_challenge(&c.w, maker_kme(&c.m));
    client_close(&c);
}

/* ---- challenges ---- */

/*= test kme-active-then-pending kme-store */
static void a_challenge_under_the_pending_kme_makes_it_active(void **state)
{
    struct client c;
    struct nas_attach_request attach;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c); /* and the answer to it is lost */
    world_boot(&c.w, true);
    c.w.has_security = false;
    world_camp(&c.w, 1);
    world_attach(&c.w);
    net_expect_attach(&c.w, &attach);
    const struct nas_authentication_request m = net_vector(&c.w, maker_kme(&c.m));
    c.w.store_keys_fails = true;
    net_plain(&c.w, &nas_authentication_request_message, &m);
    expect_nothing_leaves(&c, BINDERY_UE_EVENT_STORE_FAILED);
    assert_true(record_of(&c).me.pending.present);
    c.w.store_keys_fails = false;
    memset(c.w.stored, 0, sizeof c.w.stored);
    net_plain(&c.w, &nas_authentication_request_message, &m);
    net_expect_res(&c.w);
    assert_string_equal(c.w.stored, "ki");
    const struct ue_keys k = record_of(&c);
    assert_true(k.me.has_active && !k.me.pending.present);
    net_secure(&c.w);
    net_accept(&c.w);
    client_close(&c);
}

static void the_event_says_that_a_challenge_did_it(void **state)
{
    struct client c;
    (void)state;
    client_open(&c);
    secure_under(&c, NULL);
    provide(&c);
    const struct nas_authentication_request m = net_vector(&c.w, maker_kme(&c.m));
    net_secured(&c.w, &nas_authentication_request_message, &m);
    net_expect_res(&c.w);
    const struct bindery_ue_event *e = world_event(&c.w, BINDERY_UE_EVENT_KME_ACTIVE);
    assert_non_null(e);
    assert_true(e->processed && e->secured);
    client_close(&c);
}

/* MAC-A that holds is what counts: the USIM looks at the sequence number after it. */
static void so_does_one_whose_sequence_number_is_stale(void **state)
{
    struct client c;
    struct nas_authentication_failure failure;
    (void)state;
    client_open(&c);
    c.w.sqn = UINT64_C(32) << 20;
    secure_under(&c, NULL);
    provide(&c);
    c.w.sqn = 32;
    const struct nas_authentication_request m = net_vector(&c.w, maker_kme(&c.m));
    net_secured(&c.w, &nas_authentication_request_message, &m);
    net_expect(&c.w, &nas_authentication_failure_message, &failure);
    assert_int_equal(failure.emm_cause, EMM_CAUSE_SYNCH_FAILURE);
    assert_true(told(&c, BINDERY_UE_EVENT_KME_ACTIVE));
    assert_true(record_of(&c).me.has_active);
    client_close(&c);
}

/*= test kme-active-then-pending */
static void a_challenge_under_the_active_kme_leaves_the_pending_one(void **state)
{
    struct client c;
    struct nas_authentication_request m;
    struct nas_authentication_failure failure;
    (void)state;
    client_open(&c);
    c.w.identity.kme = c.w.kme.b;
    world_boot(&c.w, false);
    secure_under(&c, NULL);
    provide(&c);
    const struct ue_keys before = record_of(&c);
    const struct key_kme *under[] = {&c.w.kme, NULL};
    for (unsigned i = 0; i < 2; i++) { /* and a regular one too */
        m = net_vector(&c.w, under[i]);
        net_secured(&c.w, &nas_authentication_request_message, &m);
        net_expect_res(&c.w);
        assert_false(told(&c, BINDERY_UE_EVENT_KME_ACTIVE));
    }
    const struct key_kme other = {{9, 9, 9}}; /* under neither */
    m = net_vector(&c.w, &other);
    net_secured(&c.w, &nas_authentication_request_message, &m);
    net_expect(&c.w, &nas_authentication_failure_message, &failure);
    assert_int_equal(failure.emm_cause, EMM_CAUSE_MAC_FAILURE);
    assert_false(told(&c, BINDERY_UE_EVENT_KME_ACTIVE));
    assert_int_equal(c.w.record_stores, 1);
    m = net_vector(&c.w, maker_kme(&c.m));
    net_secured(&c.w, &nas_authentication_request_message, &m);
    net_expect_res(&c.w);
    const struct ue_keys after = record_of(&c);
    assert_true(after.me.has_active && !after.me.pending.present);
    assert_memory_equal(after.me.active.b, before.me.pending.kme.b, KME_LEN);
    client_close(&c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reject_without_the_right_nw_sig_is_an_ordinary_one),
        cmocka_unit_test(the_nw_sig_of_another_run_is_refused),
        cmocka_unit_test(a_result_that_nobody_waits_for_is_refused),
        cmocka_unit_test(a_result_without_protection_counts_for_nothing),
        cmocka_unit_test(a_reject_of_another_cause_does_as_it_says),
        cmocka_unit_test(a_network_that_does_not_release_is_released),
        cmocka_unit_test(a_device_that_was_told_to_detach_stays_away),
        cmocka_unit_test(each_attempt_counts),
        cmocka_unit_test(a_key_that_the_home_network_may_hold_is_not_given_up_for_nw_sig),
        cmocka_unit_test(a_result_that_is_not_stored_is_stored_before_the_next_answer),
        cmocka_unit_test(a_challenge_under_the_pending_kme_makes_it_active),
        cmocka_unit_test(the_event_says_that_a_challenge_did_it),
        cmocka_unit_test(so_does_one_whose_sequence_number_is_stale),
        cmocka_unit_test(a_challenge_under_the_active_kme_leaves_the_pending_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
