/* Who wants a device, or a record, that is not his: peers that register what they never served, and
 * providers that offer what was another's or is used up (src/nf/hssd/dimsi_used.c,
 * src/nf/hssd/dimsi_end.c, src/nf/hssd/dimsi_offer.c). */
#include "nf/dimsi_world.h"

/* Any peer can say that it serves an IMSI. Without vectors there was no AKA, and the device that
 * the IMSI is for has yet to come. */
/*= test dimsi-10 */
static void a_registration_without_vectors_takes_nothing_from_the_device(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    const struct store_dimsi before = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_int_equal(ulr(1, TEMP_1, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(ulr(1, OWN_1, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    const struct store_dimsi after = dimsi_now(DIMSI_1);
    assert_true(after.phase == before.phase && after.todo == 0 && after.expires == before.expires);
    assert_true(has_papers(DIMSI_1) && !after.used);
    assert_true(fake_number(&fake.spents) == 0 && events("dimsi-attached", NULL) == 0);
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    assert_true(fake_entry_now().spent);
}

/* Somebody was registered in its place, or it lost what it had: the operator takes it back, and the
 * provider offers it anew. */
static void one_that_was_there_can_be_withdrawn_until_it_has_the_operators_own(void **state)
{
    (void)state;
    struct hss_dimsi_change change;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_RETRY, &change));
    assert_true(change.wrong_phase && !change.changed);
    assert_int_equal(ulr(1, OWN_1, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    assert_true(change.changed && change.over.ended && change.over.operators);
    assert_string_equal(change.over.imsi.digits, TEMP_1);
    assert_string_equal(change.over.serving.host, MME1); /* who is told by CLR */
    assert_string_equal(change.over.operator_serving.host, MME2);
    const struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_WITHDRAWN, 0);
    assert_false(row.has_imsi || row.has_operator || has_papers(DIMSI_1));
    assert_false(is_subscriber(TEMP_1) || is_subscriber(OWN_1));
    assert_true(fake_delivery_now().withdrawn && fake_entry_now().spent);
    FAKE_SET(release, 2);
    one = device(0, DIMSI_1, 5, 2);
    assert_true(take_offer(0, one).taken);
    assert_string_equal(await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0).imsi.digits, TEMP_2);
}

static struct offered_one *one_that_is_done(void)
{
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    attaches_with_own(OWN_1);
    confirms(0);
    (void)await_phase(DIMSI_1, STORE_DIMSI_DONE, 0);
    return one;
}

/*= test dimsi-spent */
static void a_token_that_was_used_up_stays_so_and_a_newer_one_begins_anew(void **state)
{
    (void)state;
    struct offered_one again = *one_that_is_done();
    again.offered.delegation.number = 2;
    FAKE_SET(release, 2);
    const struct dimsi_arrived a = take_offer(0, &again);
    assert_true(!a.taken && a.cause == DIMSI_SPENT && a.detail != NULL);
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_DONE);
    assert_true(take_offer(0, device(0, DIMSI_1, 6, 1)).taken);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
}

static void what_was_anothers_is_replaced_when_the_operator_says_so(void **state)
{
    (void)state;
    (void)one_that_is_done();
    struct offered_one *other = device(0, DIMSI_1, 6, 1);
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    FAKE_SET(release, 2);
    const struct dimsi_arrived a = take_offer(1, other);
    assert_true(!a.taken && a.cause == DIMSI_TAKEN && a.detail != NULL);
    const struct store_dimsi row = dimsi_now(DIMSI_1);
    assert_true(row.phase == STORE_DIMSI_DONE && row.has_operator);
    assert_string_equal(row.sp, SP_1_NAME);
    struct hssd_imsi_pool own = {.first = imsi_of(DIMSI_1), .last = imsi_of(DIMSI_2)};
    sps[1].dimsis = &own;
    sps[1].n_dimsis = 1;
    assert_true(take_offer(1, other).taken);
}

/* Else one refused offer would keep the dIMSI from whose it is. */
static void what_nobody_released_is_replaced_by_anybody(void **state)
{
    (void)state;
    struct hss_dimsi_change change;
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    (void)take_offer(1, device(0, DIMSI_1, 5, 1));
    assert_int_equal(take_offer(0, device(0, DIMSI_1, 6, 1)).cause, DIMSI_TAKEN);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    assert_true(take_offer(0, device(0, DIMSI_1, 6, 1)).taken);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, dimsi_up, dimsi_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_registration_without_vectors_takes_nothing_from_the_device),
        CASE(one_that_was_there_can_be_withdrawn_until_it_has_the_operators_own),
        CASE(a_token_that_was_used_up_stays_so_and_a_newer_one_begins_anew),
        CASE(what_was_anothers_is_replaced_when_the_operator_says_so),
        CASE(what_nobody_released_is_replaced_by_anybody),
    };
    dimsi_certificates();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dimsi_certificates_gone();
    return failed;
}
