/* First attaches with a discovery IMSI at the target AUSF: everything that can end in the middle of
 * something, and what ends by itself (src/nf/hssd/dimsi_pool.c, src/nf/hssd/dimsi_ask.c,
 * src/nf/hssd/dimsi_end.c, src/nf/hssd/dimsi_sweep.c, src/nf/hssd/dimsi_write.c). */
#include "nf/dimsi_world.h"

/* With time that passes meanwhile. */
#define AWAIT_OVER(condition, seconds, also)                                                       \
    while (!(condition)) {                                                                         \
        advance(seconds);                                                                          \
        also;                                                                                      \
        hss_dimsi_wake(hss.dimsi);                                                                 \
        sched_yield();                                                                             \
    }

/* ---- killed at each question to others ---- */

/* All sides agree, and there is one of everything. */
static void all_agree(const struct offered_one *one)
{
    const struct store_dimsi row = dimsi_now(one->dimsi.digits);
    assert_string_equal(row.imsi.digits, TEMP_1);
    assert_string_equal(row.operator_imsi.digits, OWN_1);
    assert_true(is_subscriber(TEMP_1) && is_subscriber(OWN_1));
    assert_false(is_subscriber(TEMP_2));
    assert_false(is_subscriber("001010000800001"));
    assert_string_equal(fake.entries[0].imsi, TEMP_1);
    assert_string_equal(fake.deliveries[0].imsi, TEMP_1);
    assert_string_equal(fake.entries[1].imsi, "");
    assert_string_equal(fake.deliveries[1].imsi, "");
}

static bool is_dark(void)
{
    pthread_mutex_lock(&fake.lock);
    const bool dark = fake.dark;
    pthread_mutex_unlock(&fake.lock);
    return dark;
}

static void killed_at(unsigned question, bool before)
{
    pthread_mutex_lock(&fake.lock);
    fake.cut_at = question;
    fake.cut_before = before;
    pthread_mutex_unlock(&fake.lock);
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    AWAIT(is_dark());
    dimsi_restart();
    advance(1000 / 2);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    all_agree(one);
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    all_agree(one);
    assert_true(fake_entry_now().spent);
}

/*= test dimsi-durable */
#define KILLED(name, question, before)                                                             \
    static void name(void **state)                                                                 \
    {                                                                                              \
        (void)state;                                                                               \
        killed_at(question, before);                                                               \
    }
KILLED(killed_before_the_first_question_it_goes_on, 1, true)
KILLED(killed_after_the_first_question_it_goes_on, 1, false)
KILLED(killed_before_the_second_question_it_goes_on, 2, true)
KILLED(killed_after_the_second_question_it_goes_on, 2, false)
KILLED(killed_before_the_third_question_it_goes_on, 3, true)
KILLED(killed_after_the_third_question_it_goes_on, 3, false)
KILLED(killed_before_the_fourth_question_it_goes_on, 4, true)
KILLED(killed_after_the_fourth_question_it_goes_on, 4, false)

static void killed_while_the_discovery_ausf_is_told_that_it_is_spent_it_tells_again(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_LOST);
    attaches(one);
    AWAIT(fake_number(&fake.spents) > 0);
    dimsi_restart();
    struct store_dimsi row = dimsi_now(DIMSI_1);
    assert_true(row.phase == STORE_DIMSI_ATTACHED && (row.todo & STORE_DIMSI_SPENT) != 0);
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_HONEST);
    advance(1000);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
}

static void what_the_rsmf_confirmed_is_found_by_its_cursor_after_a_restart(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    attaches_with_own(OWN_1);
    FAKE_SET(way[HSS_DIMSI_RSMF], FAKE_DOWN);
    confirms(0);
    dimsi_restart();
    FAKE_SET(way[HSS_DIMSI_RSMF], FAKE_HONEST);
    advance(60);
    (void)await_phase(DIMSI_1, STORE_DIMSI_DONE, 0);
    assert_false(is_subscriber(TEMP_1));
}

static void an_rsmf_that_counts_from_the_beginning_again_is_asked_from_there(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    FAKE_SET(serial, 100);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    attaches_with_own(OWN_1);
    uint64_t cursor = 0;
    AWAIT(store_read_cursor(thread.reader, "rsmf https://rsmf.example.org", &cursor) == E_OK &&
          cursor == 101);
    FAKE_SET(serial, 0);
    confirms(0); /* serial 1 */
    advance(10);
    AWAIT(store_read_cursor(thread.reader, "rsmf https://rsmf.example.org", &cursor) == E_OK &&
          cursor < 101);
    advance(10);
    (void)await_phase(DIMSI_1, STORE_DIMSI_DONE, 0);
}

/* ---- others that are away ---- */

static void who_is_away_is_left_alone_and_what_waits_goes_on_when_it_is_back(void **state)
{
    (void)state;
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_DOWN);
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)take_offer(0, device(1, DIMSI_2, 6, 1));
    AWAIT_OVER(events("dimsi-discovery-down", NULL) == 1, 1, (void)0); /* once */
    struct store_dimsi row = dimsi_now(DIMSI_1);
    assert_true(row.phase == STORE_DIMSI_ALLOCATED && (row.todo & STORE_DIMSI_PUSH) != 0);
    assert_string_equal(row.cause, "discovery-silent");
    AWAIT_OVER(dimsi_now(DIMSI_1).delivered && dimsi_now(DIMSI_2).delivered, 1,
               (void)0); /* meanwhile */
    struct hss_dimsi_remote_status s;
    assert_true(hss_dimsi_remote_status(hss.dimsi, 1, &s));
    assert_int_equal(s.state, HSS_DIMSI_DOWN);
    assert_false(hss_dimsi_remote_status(hss.dimsi, 3, &s));
    const unsigned asked = fake_number(&fake.asked[HSS_DIMSI_DISCOVERY]);
    FAKE_SET(way[HSS_DIMSI_DISCOVERY], FAKE_HONEST);
    advance(600);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    (void)await_phase(DIMSI_2, STORE_DIMSI_PUSHED, 0);
    assert_true(fake_number(&fake.asked[HSS_DIMSI_DISCOVERY]) <= asked + 4);
    AWAIT(events("dimsi-discovery-up", NULL) == 1);
}

static void one_that_says_later_is_asked_later(void **state)
{
    (void)state;
    FAKE_SET(status, 503);
    FAKE_SET(problem, "store-failed");
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_SAYS);
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    AWAIT(dimsi_now(DIMSI_1).tries > 0);
    assert_string_equal(dimsi_now(DIMSI_1).cause, "store-failed");
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_HONEST);
    advance(10);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
}

/* ---- pools ---- */

static void an_empty_pool_makes_devices_wait_and_loses_nothing(void **state)
{
    (void)state;
    struct hss_dimsi_change change;
    struct store_pool p;
    config.dimsi.operator_pools[0].last = config.dimsi.operator_pools[0].first;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    (void)take_offer(0, device(1, DIMSI_2, 6, 1));
    AWAIT(dimsi_now(DIMSI_2).tries > 0);
    assert_string_equal(dimsi_now(DIMSI_2).cause, "pool-empty");
    assert_int_equal(dimsi_now(DIMSI_2).phase, STORE_DIMSI_OFFERED);
    AWAIT(events("dimsi-pool-empty", NULL) == 1);
    assert_ok(hss_dimsi_pools(config.dimsi.pools, 1, thread.reader, fake_unix(NULL), &p));
    assert_int_equal(p.never_used + p.ready, 4); /* what was taken of the other one is back */
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    advance(600);
    struct store_dimsi row = await_phase(DIMSI_2, STORE_DIMSI_PUSHED, 0);
    assert_string_equal(row.operator_imsi.digits, OWN_1);
}

/* ---- ends ---- */

static void sweep_until(const char *dimsi, enum store_dimsi_phase phase)
{
    AWAIT_OVER(dimsi_now(dimsi).phase == phase, 11, hss_dimsi_tick(&hss));
}

/*= test dimsi-expiry */
static void what_nobody_used_expires_and_the_others_are_told(void **state)
{
    (void)state;
    struct store_pool p;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    hss_dimsi_tick(&hss);
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_PUSHED);
    advance(1000);
    sweep_until(DIMSI_1, STORE_DIMSI_EXPIRED);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_EXPIRED, 0);
    assert_false(row.has_imsi || row.has_operator || row.delivered);
    assert_true(fake_entry_now().spent && fake_delivery_now().withdrawn);
    assert_false(is_subscriber(TEMP_1) || is_subscriber(OWN_1));
    assert_ok(hss_dimsi_pools(config.dimsi.pools, 1, thread.reader, hssd_unix_seconds(), &p));
    assert_int_equal(p.resting, 1);
    AWAIT(events("dimsi-expired", NULL) == 1);
    assert_int_equal(ulr(0, TEMP_1, IMEI_A, 0, NULL), 5001);
}

static void an_offer_that_nobody_released_expires_with_its_delegation(void **state)
{
    (void)state;
    FAKE_SET(way[HSS_DIMSI_ARPF], FAKE_DOWN);
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    advance(100001);
    sweep_until(DIMSI_1, STORE_DIMSI_EXPIRED);
    assert_int_equal(dimsi_now(DIMSI_1).todo, 0); /* nobody has anything to be told */
}

/* A row that names an operator's subscriber who is not there, as no code path leaves one. */
static enum err spoil(struct store_writer *w, struct dimsi_write *x)
{
    const struct imsi gone = imsi_of(OWN_1);
    struct store_dimsi *row = x->ctx;
    row->used = true;
    row->expires -= 10; /* it is the first of the sweep */
    enum err err = store_put_dimsi(w, row);
    return err == E_OK ? store_end_dimsi_subscriber(w, &gone, 1) : err;
}

/*= test dimsi-expiry */
static void a_row_that_cannot_be_written_keeps_no_other_from_expiring(void **state)
{
    (void)state;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    (void)take_offer(0, device(1, DIMSI_2, 6, 1));
    (void)await_phase(DIMSI_2, STORE_DIMSI_PUSHED, 0);
    struct dimsi_write x = {.d = hss.dimsi, .apply = spoil, .ctx = &row};
    assert_ok(hss_dimsi_write(&x));
    advance(1000);
    sweep_until(DIMSI_2, STORE_DIMSI_EXPIRED);
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_PUSHED);
    assert_true(is_subscriber(TEMP_1)); /* nothing of it was ended by half */
    assert_false(is_subscriber(TEMP_2));
    AWAIT(events("dimsi-expired", NULL) == 1);
}

static void what_was_used_does_not_expire(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    advance(100000);
    hss_dimsi_tick(&hss);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    assert_true(is_subscriber(TEMP_1));
}

/* Who has vectors is known in memory only. The device has its subscription all the same, is not
 * locked out, and counts with the next vectors of whom it is registered at. */
/*= test dimsi-10 */
static void killed_between_vectors_and_registration_it_counts_with_the_next_vectors(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    const struct ask q = {.imsi = TEMP_1, .vectors = 1, .plain = true};
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    air(&q, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    dimsi_restart();
    assert_int_equal(ulr(0, TEMP_1, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_PUSHED);
    air(&q, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    AWAIT(events("dimsi-attached", NULL) == 1);
}

/* And without them: it confirms, and is registered with what it fetched. */
static void one_that_nobody_saw_attach_is_done_when_it_has_the_operators_own(void **state)
{
    (void)state;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_int_equal(ulr(0, TEMP_1, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    confirms(0);
    AWAIT(dimsi_now(DIMSI_1).confirmed);
    attaches_with_own(OWN_1);
    const struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_DONE, 0);
    assert_true(row.expires == 0 && !row.has_imsi && fake_entry_now().spent);
    assert_false(is_subscriber(TEMP_1));
}

static void withdrawn_it_ends_everywhere_and_can_be_forgotten(void **state)
{
    (void)state;
    struct hss_dimsi_change change;
    (void)take_offer(0, device(0, DIMSI_1, 5, 1));
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_FORGET, &change));
    assert_true(change.wrong_phase);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_RETRY, &change)); /* there is nothing to do */
    assert_true(change.wrong_phase && !change.changed);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    assert_true(change.changed && change.over.ended);
    assert_string_equal(change.over.imsi.digits, TEMP_1);
    (void)await_phase(DIMSI_1, STORE_DIMSI_WITHDRAWN, 0);
    assert_true(fake_entry_now().spent && fake_delivery_now().withdrawn);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    assert_false(change.changed || change.wrong_phase);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_FORGET, &change));
    assert_int_equal(dimsi_now(DIMSI_1).phase, 0);
    assert_err(tell(DIMSI_1, HSS_DIMSI_FORGET, &change), E_NOT_FOUND);
}

static void withdrawn_while_the_arpf_thinks_no_imsi_is_given(void **state)
{
    (void)state;
    struct hss_dimsi_change change;
    pthread_mutex_lock(&fake.lock); /* nobody gets an answer */
    struct offered_one *one = malloc(sizeof *one);
    assert_non_null(one);
    *one = offer_of(DIMSI_1, 5, 1);
    fake.devices[0] = one;
    pthread_mutex_unlock(&fake.lock);
    (void)take_offer(0, one);
    assert_ok(tell(DIMSI_1, HSS_DIMSI_WITHDRAW, &change));
    (void)await_phase(DIMSI_1, STORE_DIMSI_WITHDRAWN, 0);
    hss_dimsi_quiesce(hss.dimsi);
    hss_dimsi_join(hss.dimsi); /* whatever was on its way has come back */
    assert_int_equal(dimsi_now(DIMSI_1).phase, STORE_DIMSI_WITHDRAWN);
    assert_false(is_subscriber(TEMP_1));
}

/* ---- subscribers that an operator removes ---- */

struct removing {
    struct imsi imsi, dimsi;
    enum err err;
};

static enum err remove_run(struct store_writer *w, struct dimsi_write *x)
{
    struct removing *r = x->ctx;
    r->err = hss_dimsi_removes(&hss, w, &r->imsi, &r->dimsi);
    return E_OK;
}

static struct removing removes(const char *imsi)
{
    struct removing r = {.imsi = imsi_of(imsi)};
    struct dimsi_write x = {.d = hss.dimsi, .apply = remove_run, .ctx = &r};
    assert_ok(hss_dimsi_write(&x));
    hss_dimsi_wake(hss.dimsi);
    return r;
}

static void a_subscriber_that_is_removed_takes_its_row_along(void **state)
{
    (void)state;
    struct offered_one *one = device(0, DIMSI_1, 5, 1);
    assert_err(removes(IMSI_A).err, E_NOT_FOUND);
    (void)take_offer(0, one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_PUSHED, 0);
    installs(one, TEMP_1);
    attaches(one);
    (void)await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    struct removing r = removes(OWN_1);
    assert_ok(r.err);
    assert_string_equal(r.dimsi.digits, DIMSI_1);
    struct store_dimsi row = await_phase(DIMSI_1, STORE_DIMSI_ATTACHED, 0);
    assert_false(row.has_operator);
    assert_true(fake_delivery_now().withdrawn);
    assert_ok(removes(TEMP_1).err);
    row = await_phase(DIMSI_1, STORE_DIMSI_WITHDRAWN, 0);
    assert_false(row.has_imsi || is_subscriber(TEMP_1) || is_subscriber(OWN_1));
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, dimsi_up, dimsi_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(killed_before_the_first_question_it_goes_on),
        CASE(killed_after_the_first_question_it_goes_on),
        CASE(killed_before_the_second_question_it_goes_on),
        CASE(killed_after_the_second_question_it_goes_on),
        CASE(killed_before_the_third_question_it_goes_on),
        CASE(killed_after_the_third_question_it_goes_on),
        CASE(killed_before_the_fourth_question_it_goes_on),
        CASE(killed_after_the_fourth_question_it_goes_on),
        CASE(killed_while_the_discovery_ausf_is_told_that_it_is_spent_it_tells_again),
        CASE(what_the_rsmf_confirmed_is_found_by_its_cursor_after_a_restart),
        CASE(an_rsmf_that_counts_from_the_beginning_again_is_asked_from_there),
        CASE(who_is_away_is_left_alone_and_what_waits_goes_on_when_it_is_back),
        CASE(one_that_says_later_is_asked_later),
        CASE(an_empty_pool_makes_devices_wait_and_loses_nothing),
        CASE(what_nobody_used_expires_and_the_others_are_told),
        CASE(an_offer_that_nobody_released_expires_with_its_delegation),
        CASE(a_row_that_cannot_be_written_keeps_no_other_from_expiring),
        CASE(what_was_used_does_not_expire),
        CASE(killed_between_vectors_and_registration_it_counts_with_the_next_vectors),
        CASE(one_that_nobody_saw_attach_is_done_when_it_has_the_operators_own),
        CASE(withdrawn_it_ends_everywhere_and_can_be_forgotten),
        CASE(withdrawn_while_the_arpf_thinks_no_imsi_is_given),
        CASE(a_subscriber_that_is_removed_takes_its_row_along),
    };
    dimsi_certificates();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    dimsi_certificates_gone();
    return failed;
}
