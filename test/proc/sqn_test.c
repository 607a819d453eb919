#include "lib/check.h"

#include "proc/sqn.h"
#include <string.h>

#define EPOCH_MS (SQN_EPOCH_UNIX * 1000)

/* One HSS process and what outlives it, for one subscriber. */
struct hss {
    uint64_t stored_mark; /* on disk */
    struct sqn_clock clock;
    uint64_t monotonic_ms;
    uint64_t last; /* in memory */
    int64_t dif;
};

static uint64_t hss_glc(const struct hss *h)
{
    return sqn_glc(&h->clock, h->monotonic_ms);
}

static void hss_start(struct hss *h, uint64_t wall_unix_ms, uint64_t monotonic_ms)
{
    h->monotonic_ms = monotonic_ms;
    h->clock = sqn_clock_start(wall_unix_ms, monotonic_ms, h->stored_mark);
    h->last = 0;
    (void)sqn_mark_due(hss_glc(h), h->stored_mark, &h->stored_mark);
}

static enum err hss_draw(struct hss *h, unsigned want, uint64_t *first, unsigned *got)
{
    return sqn_draw(hss_glc(h), h->stored_mark, h->dif, h->last, want, first, got, &h->last);
}

static void glc_begins_at_the_wall_clock_in_tenths_of_a_second(void **state)
{
    (void)state;
    struct sqn_clock c = sqn_clock_start(EPOCH_MS + 12345678, 999999, 0);
    assert_true(sqn_glc(&c, 999999) == 123456);
    assert_true(sqn_glc(&c, 999999 + 100) == 123457);
    c = sqn_clock_start(EPOCH_MS + 12345678, UINT64_C(1) << 60, 0); /* offset "below zero" */
    assert_true(sqn_glc(&c, UINT64_C(1) << 60) == 123456);
}

static void glc_begins_above_the_stored_mark_when_the_wall_clock_is_behind(void **state)
{
    (void)state;
    struct sqn_clock c = sqn_clock_start(EPOCH_MS + 1000, 5000, 777);
    assert_true(sqn_glc(&c, 5000) == 778);
    c = sqn_clock_start(0, 5000, 777); /* before the epoch */
    assert_true(sqn_glc(&c, 5000) == 778);
    c = sqn_clock_start(EPOCH_MS + 77700, 5000, 777);
    assert_true(sqn_glc(&c, 5000) == 778);
    c = sqn_clock_start(EPOCH_MS + 77900, 5000, 777);
    assert_true(sqn_glc(&c, 5000) == 779);
}

static void the_mark_is_renewed_when_half_of_it_is_left_and_never_goes_back(void **state)
{
    (void)state;
    uint64_t next = 0;
    assert_true(sqn_mark_due(1000, 0, &next));
    assert_true(next == 1000 + SQN_MARK_AHEAD);
    assert_false(sqn_mark_due(1000, 1000 + SQN_MARK_RENEW + 1, &next));
    assert_true(sqn_mark_due(1000, 1000 + SQN_MARK_RENEW, &next));
    assert_true(next > 1000 + SQN_MARK_RENEW);
    assert_true(sqn_mark_due(1000, 999, &next));
}

static void a_draw_is_consecutive_and_above_the_last(void **state)
{
    (void)state;
    uint64_t first = 0;
    uint64_t last = 0;
    unsigned got = 0;
    assert_ok(sqn_draw(1000, 1600, 5, 0, 5, &first, &got, &last));
    assert_true(first == 1005 && got == 5 && last == 1004);
    assert_ok(sqn_draw(1000, 1600, 5, last, 3, &first, &got, &last));
    assert_true(first == 1010 && got == 3 && last == 1007);
    assert_ok(sqn_draw(1200, 1600, 5, last, 1, &first, &got, &last));
    assert_true(first == 1205 && got == 1 && last == 1200);
    assert_ok(sqn_draw(1100, 1600, 5, last, 1, &first, &got, &last)); /* GLC seems to go back */
    assert_true(first == 1206 && got == 1 && last == 1201);
    assert_ok(sqn_draw(1202, 1600, -1000, last, 1, &first, &got, &last));
    assert_true(first == 202);
}

static void at_the_mark_there_are_fewer_and_then_none(void **state)
{
    (void)state;
    uint64_t first = 0;
    uint64_t last = 1597;
    unsigned got = 0;
    assert_ok(sqn_draw(1000, 1600, 0, last, 5, &first, &got, &last));
    assert_true(first == 1598 && got == 3 && last == 1600);
    uint64_t seq = first;
    assert_err(sqn_draw(1000, 1600, 0, last, 1, &first, &got, &last), E_EXHAUSTED);
    assert_true(first == seq && got == 3 && last == 1600); /* nothing is written */
    assert_err(sqn_draw(1601, 1600, 0, 0, 1, &first, &got, &last), E_EXHAUSTED);
    assert_ok(sqn_draw(1600, 1600, 0, 0, 1, &first, &got, &last));
    assert_err(sqn_draw(1000, 1600, 0, 0, 0, &first, &got, &last), E_BAD_VALUE);
}

static void a_seq_outside_its_43_bits_is_not_issued(void **state)
{
    (void)state;
    static const struct {
        uint64_t glc;
        int64_t dif;
        bool fits;
    } edge[] = {
        {1000, -999, true},
        {1000, -1000, false},
        {1000, -1001, false},
        {1000, INT64_MIN, false},
        {1000, INT64_MAX, false},
        {1000, (int64_t)SEQ_MAX - 1000, true},
        {1000, (int64_t)SEQ_MAX - 999, false},
        {SEQ_MAX, 0, true},
        {SEQ_MAX + 1, 0, false},
        {SEQ_MAX + 1, -1, true},
        {UINT64_MAX - 5, -1, false},
        {UINT64_MAX - 5, INT64_MIN, false},
        {UINT64_C(1) << 63, INT64_MIN, false},
        {UINT64_C(1) << 62, INT64_MAX, false},
    };
    for (size_t i = 0; i < sizeof edge / sizeof edge[0]; i++) {
        uint64_t first = 0;
        uint64_t last = 0;
        unsigned got = 0;
        enum err err = sqn_draw(edge[i].glc, UINT64_MAX, edge[i].dif, 0, 1, &first, &got, &last);
        assert_err(err, edge[i].fits ? E_OK : E_EXHAUSTED);
        assert_true(!edge[i].fits || (first >= 1 && first <= SEQ_MAX && got == 1));
    }
    uint64_t first = 0;
    uint64_t last = UINT64_MAX;
    unsigned got = 0;
    assert_err(sqn_draw(5, UINT64_MAX, 0, last, 1, &first, &got, &last), E_EXHAUSTED);
    assert_ok(sqn_draw(SEQ_MAX - 1, UINT64_MAX, 0, 0, 5, &first, &got, &last));
    assert_true(got == 2 && first + got - 1 == SEQ_MAX);
    assert_ok(sqn_draw(0, 600, 0, 0, 1, &first, &got, &last));
    assert_true(first == 1);
}

static void a_mark_beyond_reason_stops_the_issue_and_does_not_wrap(void **state)
{
    (void)state;
    struct sqn_clock c = sqn_clock_start(EPOCH_MS, 5000, UINT64_MAX);
    uint64_t first = 0;
    uint64_t last = 0;
    unsigned got = 0;
    uint64_t glc = sqn_glc(&c, 5000);
    assert_err(sqn_draw(glc, UINT64_MAX, -(int64_t)SEQ_MAX, 0, 1, &first, &got, &last),
               E_EXHAUSTED);
    assert_err(sqn_draw(glc, UINT64_MAX, INT64_MIN, 0, 1, &first, &got, &last), E_EXHAUSTED);
}

static void an_sqn_is_seq_and_the_ind_of_the_instance(void **state)
{
    (void)state;
    assert_true(sqn_of(1, 0) == 32);
    assert_true(sqn_of(1, 31) == 63);
    assert_true(sqn_of(SEQ_MAX, 31) == SQN_MAX);
    assert_true(sqn_of(7, 33) == sqn_of(7, 1)); /* never spills into SEQ */
}

static void a_restart_within_one_tick_goes_on_above(void **state)
{
    (void)state;
    struct hss h = {0};
    uint64_t before = 0;
    for (unsigned i = 0; i < 100; i++) {
        uint64_t first = 0;
        unsigned got = 0;
        hss_start(&h, EPOCH_MS + 5000000, 1000); /* the same instant each time */
        assert_ok(hss_draw(&h, 5, &first, &got));
        assert_int_equal(got, 5);
        assert_true(first > before);
        before = first + got - 1;
    }
}

static void a_wall_clock_set_back_or_ahead_matters_at_a_start_only_and_never_repeats(void **state)
{
    (void)state;
    static const uint64_t walls[] = {5000000, 1000, 0, 9000000, 4999999, 9000001};
    struct hss h = {0};
    uint64_t before = 0;
    for (size_t i = 0; i < sizeof walls / sizeof walls[0]; i++) {
        hss_start(&h, EPOCH_MS + walls[i], 123456789);
        for (unsigned j = 0; j < 50; j++) {
            uint64_t first = 0;
            unsigned got = 0;
            h.monotonic_ms += 37;
            assert_ok(hss_draw(&h, 2, &first, &got));
            assert_true(first > before);
            before = first + got - 1;
        }
    }
}

static void a_burst_ends_at_the_mark_and_goes_on_when_the_mark_does(void **state)
{
    (void)state;
    struct hss h = {0};
    uint64_t first = 0;
    uint64_t before = 0;
    unsigned got = 0;
    unsigned total = 0;
    hss_start(&h, EPOCH_MS + 5000000, 0);
    while (hss_draw(&h, 32, &first, &got) == E_OK) {
        assert_true(first > before);
        before = first + got - 1;
        total += got;
    }
    assert_int_equal(total, SQN_MARK_AHEAD + 1);
    h.monotonic_ms += 100 * SQN_MARK_RENEW;
    assert_true(sqn_mark_due(hss_glc(&h), h.stored_mark, &h.stored_mark));
    assert_ok(hss_draw(&h, 1, &first, &got));
    assert_true(first == before + 1);
}

/* Two instances serve one subscriber with clocks apart by seconds: the USIM takes every vector. */
static void two_instances_with_inds_of_their_own_do_not_disturb_each_other(void **state)
{
    (void)state;
    struct hss h[2] = {{0}, {0}};
    uint64_t usim[SQN_IND_COUNT] = {0};
    uint64_t seed = 21;
    hss_start(&h[0], EPOCH_MS + 500000000, 0);
    hss_start(&h[1], EPOCH_MS + 500003000, 777777);
    for (unsigned i = 0; i < 2000; i++) {
        unsigned who = (unsigned)(test_rand(&seed) % 2);
        uint64_t first = 0;
        unsigned got = 0;
        for (unsigned j = 0; j < 2; j++) {
            h[j].monotonic_ms += 150;
            (void)sqn_mark_due(hss_glc(&h[j]), h[j].stored_mark, &h[j].stored_mark);
        }
        assert_ok(hss_draw(&h[who], 1, &first, &got));
        uint64_t sqn = sqn_of(first, who);
        assert_true((sqn >> SQN_IND_BITS) > usim[sqn % SQN_IND_COUNT]);
        usim[sqn % SQN_IND_COUNT] = sqn >> SQN_IND_BITS;
    }
}

static void dif_stays_when_the_next_seq_would_be_accepted(void **state)
{
    (void)state;
    int64_t dif = 0;
    bool changed = true;
    assert_ok(sqn_resync(1000, 10, sqn_of(1009, 31), &dif, &changed));
    assert_true(dif == 10 && !changed);
    assert_ok(sqn_resync(SEQ_DELTA, 5, sqn_of(5, 0), &dif, &changed));
    assert_true(dif == 5 && !changed);
}

static void dif_moves_so_that_the_next_seq_is_the_one_above_sqn_ms(void **state)
{
    (void)state;
    static const struct {
        uint64_t next_glc;
        int64_t dif;
        uint64_t seq_ms;
    } needs[] = {
        {1000, 10, 1010},             /* equal is not above */
        {1000, 10, SEQ_MAX - 1},      /* a USIM far ahead */
        {SEQ_DELTA + 1, 5, 5},        /* one beyond delta */
        {UINT64_C(4000000000), 0, 0}, /* a new USIM and an old epoch */
        {1000, -5000, 3},             /* the next SEQ would be below 1 */
        {1000, INT64_MIN, 3},         /* a store that was tampered with */
        {1000, INT64_MAX, 3},
    };
    for (size_t i = 0; i < sizeof needs / sizeof needs[0]; i++) {
        int64_t dif = 0;
        bool changed = false;
        uint64_t first = 0;
        uint64_t last = needs[i].next_glc - 1;
        unsigned got = 0;
        assert_ok(sqn_resync(needs[i].next_glc, needs[i].dif, sqn_of(needs[i].seq_ms, 31), &dif,
                             &changed));
        assert_true(changed);
        assert_ok(sqn_draw(0, UINT64_MAX, dif, last, 1, &first, &got, &last));
        assert_true(first == needs[i].seq_ms + 1);
    }
}

static void an_sqn_ms_with_no_seq_above_it_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    int64_t dif = 42;
    bool changed = true;
    assert_err(sqn_resync(1000, 0, SQN_MAX, &dif, &changed), E_EXHAUSTED);
    assert_err(sqn_resync(1000, 0, sqn_of(SEQ_MAX, 0), &dif, &changed), E_EXHAUSTED);
    assert_err(sqn_resync(1000, 0, UINT64_MAX, &dif, &changed), E_EXHAUSTED);
    assert_err(sqn_resync(UINT64_MAX, 0, 32, &dif, &changed), E_EXHAUSTED);
    assert_true(dif == 42 && changed);
    assert_ok(sqn_resync(1000, 0, sqn_of(SEQ_MAX - 1, 31), &dif, &changed));
}

/* Whatever the state of USIM and HSS, one resynchronisation is enough. */
static void after_one_resynchronisation_the_usim_accepts(void **state)
{
    (void)state;
    uint64_t seed = 22;
    for (unsigned i = 0; i < 5000; i++) {
        uint64_t seq_ms = test_rand(&seed) % SEQ_MAX >> test_rand(&seed) % 43;
        uint64_t glc = 1 + (test_rand(&seed) % SEQ_MAX >> test_rand(&seed) % 43);
        int64_t dif = (int64_t)(test_rand(&seed) % SEQ_MAX >> test_rand(&seed) % 43);
        dif = test_rand(&seed) % 2 ? dif : -dif;
        uint64_t first = 0;
        uint64_t last = 0;
        unsigned got = 0;
        bool changed = false;
        enum err err = sqn_resync(glc, dif, sqn_of(seq_ms, 3), &dif, &changed);
        if (seq_ms == SEQ_MAX) {
            assert_err(err, E_EXHAUSTED);
            continue;
        }
        assert_ok(err);
        assert_ok(sqn_draw(glc, UINT64_MAX, dif, 0, 1, &first, &got, &last));
        assert_true(first > seq_ms && first - seq_ms <= SEQ_DELTA);
    }
}

static void ten_thousand_random_steps_with_crashes_never_give_a_seq_twice(void **state)
{
    (void)state;
    uint64_t seed = 23;
    struct hss h = {.dif = 1234};
    uint64_t before = 0;
    unsigned drawn = 0;
    hss_start(&h, EPOCH_MS + 100000000, 0);
    for (unsigned i = 0; i < 10000; i++) {
        uint64_t r = test_rand(&seed);
        uint64_t first = 0;
        unsigned got = 0;
        if (r % 50 == 0) { /* crash; the wall clock may have gone anywhere within a month */
            hss_start(&h, EPOCH_MS + test_rand(&seed) % UINT64_C(2600000000), r >> 20);
        } else if (r % 5 == 0) {
            h.monotonic_ms += (r >> 8) % 20000;
        } else if (r % 7 == 0) {
            (void)sqn_mark_due(hss_glc(&h), h.stored_mark, &h.stored_mark);
        } else if (hss_draw(&h, 1 + (unsigned)(r >> 8) % 32, &first, &got) == E_OK) {
            assert_true(got >= 1 && got <= 32);
            assert_true(first > before);
            assert_true(h.last <= h.stored_mark);
            before = first + got - 1;
            drawn++;
        }
    }
    assert_true(drawn > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(glc_begins_at_the_wall_clock_in_tenths_of_a_second),
        cmocka_unit_test(glc_begins_above_the_stored_mark_when_the_wall_clock_is_behind),
        cmocka_unit_test(the_mark_is_renewed_when_half_of_it_is_left_and_never_goes_back),
        cmocka_unit_test(a_draw_is_consecutive_and_above_the_last),
        cmocka_unit_test(at_the_mark_there_are_fewer_and_then_none),
        cmocka_unit_test(a_seq_outside_its_43_bits_is_not_issued),
        cmocka_unit_test(a_mark_beyond_reason_stops_the_issue_and_does_not_wrap),
        cmocka_unit_test(an_sqn_is_seq_and_the_ind_of_the_instance),
        cmocka_unit_test(a_restart_within_one_tick_goes_on_above),
        cmocka_unit_test(a_wall_clock_set_back_or_ahead_matters_at_a_start_only_and_never_repeats),
        cmocka_unit_test(a_burst_ends_at_the_mark_and_goes_on_when_the_mark_does),
        cmocka_unit_test(two_instances_with_inds_of_their_own_do_not_disturb_each_other),
        cmocka_unit_test(dif_stays_when_the_next_seq_would_be_accepted),
        cmocka_unit_test(dif_moves_so_that_the_next_seq_is_the_one_above_sqn_ms),
        cmocka_unit_test(an_sqn_ms_with_no_seq_above_it_is_refused_and_nothing_is_written),
        cmocka_unit_test(after_one_resynchronisation_the_usim_accepts),
        cmocka_unit_test(ten_thousand_random_steps_with_crashes_never_give_a_seq_twice),
    };
    return cmocka_run_group_tests_name("proc/sqn", tests, NULL, NULL);
}
