/* Which network next, and whether a subscription is any good: src/device/choose.c. */
#include "device/bindery_ue.h"

#include "codec/nas_codes.h"
#include "lib/check.h"
#include <string.h>

/* ---- which network ---- */

static const uint8_t a_b[][3] = {{0x00, 0xf1, 0x10}, {0x99, 0xf9, 0x07}};

static struct bindery_ue_network network(uint8_t first)
{
    return (struct bindery_ue_network){
        .plmn = {first, first == 0x99 ? 0xf9 : 0xf1, first == 0x99 ? 0x07 : 0x10}};
}

/*= test certattach-1a */
static void the_policy_s_order_comes_before_what_was_found_first(void **state)
{
    const struct bindery_ue_network_policy policy = {a_b, 2, true};
    struct bindery_ue_network found[] = {network(0x12), network(0x99), network(0x00),
                                         network(0x13)};
    static const size_t order[] = {2, 1, 0, 3, BINDERY_UE_NO_NETWORK};
    (void)state;
    for (size_t i = 0; i < 5; i++) {
        const size_t next = bindery_ue_network_choose(&policy, found, 4);
        assert_int_equal(next, order[i]);
        if (next != BINDERY_UE_NO_NETWORK) {
            found[next].tried = true;
        }
    }
}

static void a_policy_may_be_all_that_is_allowed(void **state)
{
    const struct bindery_ue_network_policy only = {a_b, 1, false}, any = {NULL, 0, true},
                                           none = {NULL, 0, false};
    struct bindery_ue_network found[] = {network(0x12), network(0x00)};
    (void)state;
    assert_int_equal(bindery_ue_network_choose(&only, found, 2), 1);
    found[1].tried = true;
    assert_int_equal(bindery_ue_network_choose(&only, found, 2), BINDERY_UE_NO_NETWORK);
    assert_int_equal(bindery_ue_network_choose(&any, found, 2), 0);
    assert_int_equal(bindery_ue_network_choose(&none, found, 2), BINDERY_UE_NO_NETWORK);
    assert_int_equal(bindery_ue_network_choose(&any, found, 0), BINDERY_UE_NO_NETWORK);
    assert_int_equal(bindery_ue_network_choose(&any, NULL, 0), BINDERY_UE_NO_NETWORK);
}

/* Found in two cells: the mark is the one's that was tried. */
static void a_network_that_was_found_twice_is_tried_twice(void **state)
{
    const struct bindery_ue_network_policy policy = {a_b, 2, false};
    struct bindery_ue_network found[] = {network(0x00), network(0x00), network(0x99)};
    (void)state;
    assert_int_equal(bindery_ue_network_choose(&policy, found, 3), 0);
    found[0].tried = true;
    assert_int_equal(bindery_ue_network_choose(&policy, found, 3), 1);
    found[1].tried = true;
    assert_int_equal(bindery_ue_network_choose(&policy, found, 3), 2);
}

/* ---- a subscription on trial ---- */

static bool event(struct bindery_ue_trial *t, enum bindery_ue_event_kind kind, uint8_t message,
                  uint8_t cause)
{
    const struct bindery_ue_event e = {.kind = kind, .message = message, .cause = cause};
    return bindery_ue_trial_event(t, &e);
}

static bool rejected(struct bindery_ue_trial *t, uint8_t cause)
{
    return event(t, BINDERY_UE_EVENT_REJECTED, NAS_ATTACH_REJECT, cause);
}

static bool challenged(struct bindery_ue_trial *t, enum bindery_ue_outcome o)
{
    const struct bindery_ue_event e = {.kind = BINDERY_UE_EVENT_AUTHENTICATION,
                                       .message = NAS_AUTHENTICATION_REQUEST,
                                       .outcome = o};
    return bindery_ue_trial_event(t, &e);
}

/*= test certattach-installs */
static void a_subscription_that_nobody_knows_is_given_up_at_once(void **state)
{
    static const uint8_t unknown[] = {EMM_CAUSE_IMSI_UNKNOWN_IN_HSS, EMM_CAUSE_ILLEGAL_UE,
                                      EMM_CAUSE_EPS_AND_NON_EPS_SERVICES_NOT_ALLOWED};
    (void)state;
    for (unsigned cause = 0; cause < 256; cause++) {
        struct bindery_ue_trial t = {.confirmed = false};
        assert_int_equal(rejected(&t, (uint8_t)cause),
                         memchr(unknown, (int)cause, sizeof unknown) != NULL);
    }
}

static void one_whose_challenge_held_is_given_up_after_five(void **state)
{
    static const enum bindery_ue_outcome shown[] = {BINDERY_UE_ANSWERED, BINDERY_UE_SYNC_FAILURE};
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        struct bindery_ue_trial t = {.confirmed = false};
        assert_false(challenged(&t, shown[i]));
        for (unsigned n = 1; n < BINDERY_UE_TRIAL_FAILURES; n++) {
            assert_false(rejected(&t, EMM_CAUSE_ILLEGAL_UE));
            assert_false(challenged(&t, shown[i]));
            assert_false(rejected(&t, EMM_CAUSE_NETWORK_FAILURE)); /* says nothing of it */
        }
        assert_true(rejected(&t, EMM_CAUSE_ILLEGAL_UE));
        assert_int_equal(t.failures, 0);
    }
}

static void authentication_that_fails_counts(void **state)
{
    struct bindery_ue_trial t = {.confirmed = false};
    (void)state;
    for (unsigned n = 1; n < BINDERY_UE_TRIAL_FAILURES; n++) {
        assert_false(challenged(&t, BINDERY_UE_MAC_FAILURE));
        assert_false(n % 2 == 0
                         ? event(&t, BINDERY_UE_EVENT_NOT_GENUINE, 0, 0)
                         : event(&t, BINDERY_UE_EVENT_REJECTED, NAS_AUTHENTICATION_REJECT, 0));
    }
    assert_false(t.challenged);
    assert_true(event(&t, BINDERY_UE_EVENT_REJECTED, NAS_AUTHENTICATION_REJECT, 0));
}

static void once_it_was_used_it_is_never_given_up(void **state)
{
    static const enum bindery_ue_event_kind used[] = {
        BINDERY_UE_EVENT_REGISTERED, BINDERY_UE_EVENT_KME_OFFERED, BINDERY_UE_EVENT_KME_ACTIVE};
    (void)state;
    for (size_t i = 0; i < 3; i++) {
        struct bindery_ue_trial t = {.confirmed = false};
        assert_false(event(&t, used[i], 0, 0));
        assert_true(t.confirmed);
        for (unsigned n = 0; n < 300; n++) {
            assert_false(rejected(&t, EMM_CAUSE_ILLEGAL_UE));
            assert_false(event(&t, BINDERY_UE_EVENT_NOT_GENUINE, 0, 0));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_policy_s_order_comes_before_what_was_found_first),
        cmocka_unit_test(a_policy_may_be_all_that_is_allowed),
        cmocka_unit_test(a_network_that_was_found_twice_is_tried_twice),
        cmocka_unit_test(a_subscription_that_nobody_knows_is_given_up_at_once),
        cmocka_unit_test(one_whose_challenge_held_is_given_up_after_five),
        cmocka_unit_test(authentication_that_fails_counts),
        cmocka_unit_test(once_it_was_used_it_is_never_given_up),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
