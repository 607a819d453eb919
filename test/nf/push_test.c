/* What a home network tells serving nodes of its own accord, and that it does so once the node has
 * answered and not before: src/nf/hssd/push.c, src/nf/hssd/push_message.c,
 * src/nf/hssd/push_change.c, src/nf/hssd/push_profile.c,
 * src/nf/hssd/push_reset.c and src/nf/hssd/reset.c, with a real store, a real writer and the real
 * thread; the signalling thread is the test's. A crash is a HSS whose thread ends without its store
 * having been closed. */
#include "nf/push_world.h"

/*= test op-idr */
static void a_change_goes_to_the_serving_node_and_its_row_with_the_answer(void **state)
{
    struct store_push rows[4];
    (void)state;
    world_with_two();
    push_up();
    route_to(0);
    change(IMSI_A, another_msisdn);
    const struct s6a_idr *idr = idr_sent();
    assert_true(bytes_eq(idr->request.destination_host, bytes_of_str(MME1)));
    assert_true(bytes_eq(idr->request.user_name, bytes_of_str(IMSI_A)));
    assert_int_equal(idr->subscription_data.apn_configuration_profile.apn_configuration_n, 2);
    assert_int_equal(idr->subscription_data.msisdn.n, 6);
    assert_int_equal(waiting(IMSI_A, rows), 1); /* it was not answered */
    answer_idr(idr, DIAMETER_SUCCESS);
    (void)await_row(IMSI_A, is_gone);
    while (events("subscription-inserted", NULL) == 0) { /* it comes after the row has gone */
    }
    push_down(true);
}

static void what_no_node_is_told_and_who_is_not_served_leaves_no_row(void **state)
{
    struct store_push rows[4];
    (void)state;
    world_with_two();
    push_up();
    change(IMSI_A, not_for_nodes);
    change(IMSI_B, another_msisdn);
    assert_int_equal(waiting(IMSI_A, rows), 0);
    assert_int_equal(waiting(IMSI_B, rows), 0);
    push_down(true);
}

/*= test op-idr */
static void a_crash_at_any_step_leaves_what_was_not_answered(void **state)
{
    struct store_push rows[4];
    (void)state;
    world_with_two();
    push_up();
    change(IMSI_A, another_msisdn); /* nobody is connected */
    push_down(false);
    hss_stop();
    hss_start(); /* before it was sent */
    push_up();
    assert_int_equal(waiting(IMSI_A, rows), 1);
    route_to(0);
    push_wake(&hss);
    while (next_command() != S6A_INSERT_SUBSCRIBER_DATA) {
    }
    push_down(false); /* before it was answered */
    hss_stop();
    hss_start();
    assert_int_equal(waiting(IMSI_A, rows), 1);
    push_up();
    route_to(0);
    push_wake(&hss);
    struct s6a_idr idr;
    struct diameter_fault fault;
    while (next_command() != S6A_INSERT_SUBSCRIBER_DATA) {
    }
    assert_ok(s6a_idr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &idr, &fault));
    answer_idr(&idr, DIAMETER_SUCCESS);
    (void)await_row(IMSI_A, is_gone);
    push_down(true);
}

static void no_answer_and_a_refusal_are_tried_again_and_named(void **state)
{
    (void)state;
    world_with_two();
    push_up();
    route_to(0);
    change(IMSI_A, suspended);
    const struct s6a_idr *idr = idr_sent();
    assert_int_equal(idr->subscription_data.subscriber_status.v, S6A_BARRED_BY_OPERATOR);
    answer_idr(idr, DIAMETER_UNABLE_TO_COMPLY);
    struct store_push row = await_row(IMSI_A, was_tried);
    assert_string_equal(row.cause, "refused");
    assert_true(row.next_try > row.tried);
    change(IMSI_A, another_msisdn); /* begins anew, at once */
    (void)idr_sent();
    push_answered(&hss, thread.cookie, (struct bytes){NULL, 0});
    row = await_row(IMSI_A, was_tried);
    assert_string_equal(row.cause, "no-answer");
    while (atomic_load(&hss.counters.push_unanswered) == 0) { /* it is told after the row */
    }
    push_answered(&hss, thread.cookie, (struct bytes){NULL, 0}); /* once more: nobody's */
    push_down(true);
}

/*= test op-idr-unknown */
static void a_node_that_does_not_know_the_user_serves_it_no_more(void **state)
{
    (void)state;
    world_with_two();
    push_up();
    route_to(0);
    change(IMSI_A, another_msisdn);
    answer_idr(idr_sent(), S6A_USER_UNKNOWN);
    (void)await_row(IMSI_A, is_gone);
    assert_true(row_of(IMSI_A).serving.purged);
    push_down(true);
}

/*= test op-dsr */
static void what_an_insertion_cannot_take_away_goes_after_it(void **state)
{
    struct s6a_dsr dsr;
    struct diameter_fault fault;
    uint8_t out[4096];
    size_t n = 0;
    (void)state;
    world_with_two();
    push_up();
    route_to(0);
    change(IMSI_A, without_msisdn);
    const struct s6a_idr *idr = idr_sent();
    assert_null(idr->subscription_data.msisdn.p);
    answer_idr(idr, DIAMETER_SUCCESS);
    assert_int_equal(next_command(), S6A_DELETE_SUBSCRIBER_DATA);
    assert_ok(s6a_dsr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &dsr, &fault));
    assert_int_equal(dsr.dsr_flags.v, S6A_DSR_MSISDN);
    struct s6a_dsa dsa = {.answer = {.header = {0}}};
    fill_answer(&dsr.request, DIAMETER_SUCCESS, &dsa.answer);
    assert_ok(s6a_dsa_write(OWN, &dsa, MBYTES_OF(out), &n));
    push_answered(&hss, thread.cookie, (struct bytes){out, n});
    (void)await_row(IMSI_A, is_gone);
    push_down(true);
}

/*= test op-withdrawn */
static void a_subscriber_that_is_removed_is_withdrawn_when_its_node_is_there(void **state)
{
    uint8_t out[4096];
    size_t n = 0;
    struct change c = {.imsi = IMSI_A, .removes = true};
    (void)state;
    world_with_two();
    push_up();
    submit(&c);
    route_to(0);
    push_peer_opened(&hss);
    assert_int_equal(next_command(), S6A_CANCEL_LOCATION);
    struct s6a_clr clr = clr_sent();
    assert_int_equal(clr.cancellation_type.v, S6A_SUBSCRIPTION_WITHDRAWAL);
    struct s6a_cla cla = {.answer = {.header = {0}}};
    fill_answer(&clr.request, DIAMETER_SUCCESS, &cla.answer);
    assert_ok(s6a_cla_write(OWN, &cla, MBYTES_OF(out), &n));
    push_answered(&hss, thread.cookie, (struct bytes){out, n});
    (void)await_row(IMSI_A, is_gone);
    push_down(true);
}

static void a_registration_that_got_the_data_is_told_nothing_more(void **state)
{
    struct store_push rows[4];
    (void)state;
    world_with_two();
    push_up();
    change(IMSI_A, another_msisdn);
    assert_int_equal(waiting(IMSI_A, rows), 1);
    struct s6a_ula ula;
    assert_int_equal(ulr(1, IMSI_A, NULL, S6A_ULR_S6A_S6D, &ula), DIAMETER_SUCCESS);
    assert_int_equal(waiting(IMSI_A, rows), 0);
    push_down(true);
}

/* As often as it registers without anything to write, and when it wants no data. */
/*= test op-idr-unknown */
static void a_node_that_registered_since_is_not_taken_for_one_that_does_not_know(void **state)
{
    struct store_push rows[4];
    const uint32_t flags[] = {0, S6A_ULR_SKIP_SUBSCRIBER_DATA};
    (void)state;
    world_with_two();
    push_up();
    route_to(0);
    for (size_t i = 0; i < 2; i++) {
        change(IMSI_A, i == 0 ? another_msisdn : without_msisdn);
        const struct s6a_idr *idr = idr_kept();
        const uint64_t cookie = thread.cookie;
        assert_int_equal(ulr(0, IMSI_A, NULL, flags[i], NULL), DIAMETER_SUCCESS);
        assert_int_equal(waiting(IMSI_A, rows), i); /* it has the data, or waits for it */
        thread.cookie = cookie;
        answer_idr(idr, S6A_USER_UNKNOWN);
        if (i == 1) {
            (void)idr_sent(); /* once more: that answer was to one before it registered */
        }
    }
    push_down(true);
    assert_false(row_of(IMSI_A).serving.purged);
}

/*= test op-idr */
static void a_profile_that_changed_reaches_whoever_is_served_with_it(void **state)
{
    const struct hssd_profile was = profiles[0];
    (void)state;
    world_with_two();
    push_up();
    push_quiesce(&hss);
    push_join(&hss);
    assert_true(push_profiles_compare(hss.push)); /* also when the thread never came to it */
    push_down(true);
    hss_stop();
    profiles[0].ambr.uplink++;
    profiles[0].rau_tau_timer = 0;
    hss_start(); /* read at the next start, or by a reload: the same */
    push_up();
    route_to(0);
    const struct s6a_idr *idr = idr_sent();
    assert_true(bytes_eq(idr->request.user_name, bytes_of_str(IMSI_A)));
    assert_int_equal(idr->subscription_data.ambr.max_requested_bandwidth_ul.v, 1000001);
    answer_idr(idr, DIAMETER_SUCCESS);
    assert_int_equal(next_command(), S6A_DELETE_SUBSCRIBER_DATA);
    push_down(true);
    profiles[0] = was;
}

/* ---- reset ---- */

static uint64_t decide(enum hssd_reset_after after, bool restored, bool wanted_unclean)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_reset r;
    bool unclean = !wanted_unclean;
    assert_ok(store_begin(w));
    assert_ok(reset_decide(after, restored, w, &r, &unclean));
    assert_ok(store_commit(w));
    assert_int_equal(unclean, wanted_unclean);
    assert_true(r.open);
    return r.epoch;
}

/*= test op-reset */
static void a_reset_is_wanted_after_what_the_configuration_says(void **state)
{
    (void)state;
    assert_int_equal(decide(HSSD_RESET_UNCLEAN, false, false), 0); /* a new store */
    assert_int_equal(decide(HSSD_RESET_NEVER, false, true), 0);
    assert_int_equal(decide(HSSD_RESET_UNCLEAN, false, true), 1);
    assert_int_equal(decide(HSSD_RESET_ALWAYS, false, true), 2);
}

/*= test op-reset op-restore */
static void a_store_that_was_restored_is_one_that_may_have_forgotten(void **state)
{
    struct store_writer *w = store_the_writer(hss.store);
    struct store_reset closed = {.epoch = 7};
    (void)state;
    assert_ok(store_begin(w));
    assert_ok(store_put_reset(w, &closed));
    assert_ok(store_commit(w));
    assert_int_equal(decide(HSSD_RESET_UNCLEAN, true, true), 8);
}

/*= test op-reset */
static void each_node_is_told_of_a_reset_once(void **state)
{
    struct s6a_rsr rsr;
    struct diameter_fault fault;
    uint8_t out[4096];
    size_t n = 0;
    (void)state;
    push_up();
    push_down(false);
    hss_stop();
    hss_start();
    push_up();
    route_to(0);
    push_peer_opened(&hss);
    assert_int_equal(next_command(), S6A_RESET);
    assert_ok(s6a_rsr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &rsr, &fault));
    assert_int_equal(rsr.user_id_n, 1);
    assert_true(bytes_eq(rsr.user_id[0], BYTES_LIT("00101")));
    push_down(false); /* a second crash, before the answer */
    hss_stop();
    hss_start();
    push_up();
    route_to(0);
    push_peer_opened(&hss);
    assert_int_equal(next_command(), S6A_RESET);
    assert_ok(s6a_rsr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &rsr, &fault));
    struct s6a_rsa rsa = {.answer = {.header = {0}}};
    fill_answer(&rsr.request, DIAMETER_SUCCESS, &rsa.answer);
    assert_ok(s6a_rsa_write(OWN, &rsa, MBYTES_OF(out), &n));
    push_answered(&hss, thread.cookie, (struct bytes){out, n});
    await_told(MME1, 2);
    push_down(true);
    hss_stop();
    hss_start(); /* in order: nobody is told */
    push_up();
    struct store_reset r;
    assert_ok(store_read_reset(thread.reader, &r));
    assert_int_equal(r.epoch, 2);
    push_down(true);
}

static void a_node_that_refuses_a_reset_for_good_is_not_asked_again(void **state)
{
    struct s6a_rsr rsr;
    struct diameter_fault fault;
    struct s6a_rsa rsa = {.answer = {.header = {0}}};
    uint8_t out[4096];
    size_t n = 0;
    (void)state;
    assert_int_equal(decide(HSSD_RESET_NEVER, false, false),
                     0); /* it is open, and was not closed */
    push_up();
    route_to(0);
    push_peer_opened(&hss);
    assert_int_equal(next_command(), S6A_RESET);
    assert_ok(s6a_rsr_parse(OWN, (struct bytes){thread.sent, thread.sent_n}, &rsr, &fault));
    fill_answer(&rsr.request, S6A_USER_UNKNOWN, &rsa.answer);
    assert_ok(s6a_rsa_write(OWN, &rsa, MBYTES_OF(out), &n));
    push_answered(&hss, thread.cookie, (struct bytes){out, n});
    while (events("insert-unanswered", NULL) == 0) { /* it comes after the row */
    }
    await_told(MME1, 1);
    push_down(true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_change_goes_to_the_serving_node_and_its_row_with_the_answer),
        TEST(what_no_node_is_told_and_who_is_not_served_leaves_no_row),
        TEST(a_crash_at_any_step_leaves_what_was_not_answered),
        TEST(no_answer_and_a_refusal_are_tried_again_and_named),
        TEST(a_node_that_does_not_know_the_user_serves_it_no_more),
        TEST(what_an_insertion_cannot_take_away_goes_after_it),
        TEST(a_subscriber_that_is_removed_is_withdrawn_when_its_node_is_there),
        TEST(a_registration_that_got_the_data_is_told_nothing_more),
        TEST(a_node_that_registered_since_is_not_taken_for_one_that_does_not_know),
        TEST(a_profile_that_changed_reaches_whoever_is_served_with_it),
        TEST(a_reset_is_wanted_after_what_the_configuration_says),
        TEST(a_store_that_was_restored_is_one_that_may_have_forgotten),
        TEST(each_node_is_told_of_a_reset_once),
        TEST(a_node_that_refuses_a_reset_for_good_is_not_asked_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
