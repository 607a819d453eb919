/* test/nf/recent_test.c - what an HSS remembers in memory: nothing is issued twice, nothing that
 * still counts is forgotten. */
#include "lib/check.h"

#include "nf/hssd/recent.h"

#include <pthread.h>
#include <stdio.h>

#define MME1   BYTES_LIT("mme1.example.org")
#define MME2   BYTES_LIT("mme2.example.org")
#define NOBODY ((struct bytes){NULL, 0})

static struct imsi imsi_nr(unsigned n)
{
    char text[16];
    struct imsi imsi;
    snprintf(text, sizeof text, "001010%09u", n);
    assert_ok(imsi_parse(bytes_of_str(text), &imsi));
    return imsi;
}

static void no_seq_comes_twice_while_the_clock_stands_still(void **state)
{
    (void)state;
    struct recent *r;
    struct recent_draw d;
    struct imsi imsi = imsi_nr(1);
    assert_ok(recent_open(1024, &r));
    uint64_t above = 0;
    for (int i = 0; i < 100; i++) {
        assert_ok(recent_take(r, &imsi, 1000, 2000, 0, 5, MME1, NOBODY, &d));
        assert_int_equal(d.got, 5);
        assert_true(d.first_seq > above);
        above = d.first_seq + d.got - 1;
    }
    assert_int_equal(recent_next(r, &imsi, 1000), above + 1);
    recent_close(r);
}

static void the_mark_bounds_what_is_issued(void **state)
{
    (void)state;
    struct recent *r;
    struct recent_draw d;
    struct imsi imsi = imsi_nr(1);
    assert_ok(recent_open(1024, &r));
    assert_ok(recent_take(r, &imsi, 1000, 1002, 0, 5, MME1, NOBODY, &d));
    assert_int_equal(d.got, 3);
    assert_err(recent_take(r, &imsi, 1000, 1002, 0, 1, MME1, NOBODY, &d), E_EXHAUSTED);
    recent_close(r);
}

static void a_full_set_refuses_rather_than_forgets(void **state)
{
    (void)state;
    struct recent *r;
    struct recent_draw d;
    unsigned refused = 0;
    assert_ok(recent_open(1024, &r));
    for (unsigned i = 0; i < 4096; i++) {
        struct imsi imsi = imsi_nr(i);
        enum err err = recent_take(r, &imsi, 1000, 2000, 0, 1, MME1, NOBODY, &d);
        assert_true(err == E_OK || err == E_EXHAUSTED);
        refused += err == E_EXHAUSTED;
    }
    assert_true(refused >= 4096 - 1024);
    /* A tick later the entries count no more, and all are served. */
    for (unsigned i = 4096; i < 4160; i++) {
        struct imsi imsi = imsi_nr(i);
        assert_ok(recent_take(r, &imsi, 1001, 2000, 0, 1, MME1, NOBODY, &d));
    }
    recent_close(r);
}

/* A thread reads the clock, and is held up while others draw, move on and forget. */
static void a_late_thread_draws_above_what_was_issued_and_forgotten(void **state)
{
    (void)state;
    struct recent *r;
    struct recent_draw d;
    struct imsi imsi = imsi_nr(1);
    assert_ok(recent_open(1024, &r));
    assert_ok(recent_take(r, &imsi, 1000, 9000, 0, 5, MME1, NOBODY, &d));
    assert_int_equal(d.first_seq, 1000);
    for (unsigned i = 2; i < 6000; i++) {
        struct imsi other = imsi_nr(i);
        assert_ok(recent_take(r, &other, 1000 + i, 9000, 0, 1, MME1, NOBODY, &d));
    }
    assert_false(recent_was_given(r, &imsi, MME1)); /* forgotten indeed */
    assert_ok(recent_take(r, &imsi, 1000, 9000, 0, 1, MME1, NOBODY, &d));
    assert_true(d.first_seq > 1004);
    recent_close(r);
}

static void a_failure_report_is_known_again_by_its_origin_and_identifier(void **state)
{
    (void)state;
    struct recent *r;
    struct imsi imsi = imsi_nr(1);
    assert_ok(recent_open(1024, &r));
    assert_false(recent_report_is_known(r, &imsi, MME1, 7));
    recent_report_counted(r, &imsi, 1000, MME1, 7);
    assert_true(recent_report_is_known(r, &imsi, BYTES_LIT("MME1.example.org"), 7));
    assert_false(recent_report_is_known(r, &imsi, MME1, 8));
    assert_false(recent_report_is_known(r, &imsi, MME2, 7));
    recent_close(r);
}

/*= test binding-unconfirmed */
static void requests_without_a_registration_are_counted_per_subscriber(void **state)
{
    (void)state;
    struct recent *r;
    struct recent_draw d;
    struct imsi imsi = imsi_nr(1);
    assert_ok(recent_open(1024, &r));
    for (unsigned i = 1; i <= 4; i++) {
        assert_ok(recent_take(r, &imsi, 1000, 2000, 0, 1, MME1, MME2, &d));
        assert_int_equal(d.unconfirmed, i);
    }
    recent_confirmed(r, &imsi);
    assert_ok(recent_take(r, &imsi, 1000, 2000, 0, 1, MME1, MME2, &d));
    assert_int_equal(d.unconfirmed, 1);
    /* The serving node re-authenticates and prefetches: that is not theft. */
    assert_ok(recent_take(r, &imsi, 1000, 2000, 0, 1, BYTES_LIT("MME2.example.org"), MME2, &d));
    assert_int_equal(d.unconfirmed, 0);
    recent_close(r);
}

static void who_was_given_vectors_is_known_for_the_last_three(void **state)
{
    (void)state;
    struct recent *r;
    struct recent_draw d;
    struct imsi imsi = imsi_nr(1);
    struct imsi other = imsi_nr(2);
    assert_ok(recent_open(1024, &r));
    assert_false(recent_was_given(r, &imsi, MME1));
    assert_ok(recent_take(r, &imsi, 1000, 2000, 0, 1, MME1, NOBODY, &d));
    assert_true(recent_was_given(r, &imsi, MME1));
    assert_false(recent_was_given(r, &imsi, MME2));
    assert_false(recent_was_given(r, &other, MME1));
    recent_close(r);
}

struct race {
    struct recent *r;
    uint64_t seqs[1000];
};

static void *race_main(void *arg)
{
    struct race *race = arg;
    struct imsi imsi = imsi_nr(1);
    for (size_t i = 0; i < 1000; i++) {
        struct recent_draw d;
        if (recent_take(race->r, &imsi, 1000, 100000, 0, 1, MME1, NOBODY, &d) != E_OK) {
            return race;
        }
        race->seqs[i] = d.first_seq;
    }
    return NULL;
}

static void two_threads_never_draw_the_same_seq(void **state)
{
    (void)state;
    static struct race a;
    static struct race b;
    static uint8_t seen[4000];
    pthread_t t;
    struct recent *r;
    void *failed;
    assert_ok(recent_open(1024, &r));
    a.r = b.r = r;
    assert_int_equal(pthread_create(&t, NULL, race_main, &a), 0);
    assert_null(race_main(&b));
    assert_int_equal(pthread_join(t, &failed), 0);
    assert_null(failed);
    for (size_t i = 0; i < 1000; i++) {
        assert_int_equal(seen[a.seqs[i] - 1000]++, 0);
        assert_int_equal(seen[b.seqs[i] - 1000]++, 0);
    }
    recent_close(r);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(no_seq_comes_twice_while_the_clock_stands_still),
        cmocka_unit_test(the_mark_bounds_what_is_issued),
        cmocka_unit_test(a_full_set_refuses_rather_than_forgets),
        cmocka_unit_test(a_late_thread_draws_above_what_was_issued_and_forgotten),
        cmocka_unit_test(a_failure_report_is_known_again_by_its_origin_and_identifier),
        cmocka_unit_test(requests_without_a_registration_are_counted_per_subscriber),
        cmocka_unit_test(who_was_given_vectors_is_known_for_the_last_three),
        cmocka_unit_test(two_threads_never_draw_the_same_seq),
    };
    return cmocka_run_group_tests_name("recent", tests, NULL, NULL);
}
