#include "nf/dausfd/asked.h"

#include "lib/check.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

static struct discovery_asked rows[ASKED_ROOM];

static struct imsi dimsi_of(unsigned i)
{
    struct imsi imsi;
    char digits[16];
    snprintf(digits, sizeof digits, "90170%010u", i);
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static void it_counts_until_it_is_taken(void **state)
{
    (void)state;
    struct asked *a = NULL;
    size_t n = 9;
    const struct imsi one = dimsi_of(1), two = dimsi_of(2);
    assert_ok(asked_open(&a));
    asked_take(a, rows, &n);
    assert_int_equal(n, 0);
    assert_true(asked_note(a, &one, 100));
    assert_true(asked_note(a, &two, 101));
    assert_true(asked_note(a, &one, 102));
    asked_take(a, rows, &n);
    assert_int_equal(n, 2);
    const struct discovery_asked *first = imsi_eq(&rows[0].dimsi, &one) ? &rows[0] : &rows[1];
    assert_int_equal(first->times, 2);
    assert_int_equal(first->last, 102);
    asked_take(a, rows, &n);
    assert_int_equal(n, 0);
    assert_true(asked_note(a, &one, 103));
    asked_take(a, rows, &n);
    assert_int_equal(n, 1);
    assert_int_equal(rows[0].times, 1);
    asked_close(a);
    asked_close(NULL);
}

/*= test dimsi-guess */
static void it_never_grows(void **state)
{
    (void)state;
    struct asked *a = NULL;
    size_t n = 0;
    assert_ok(asked_open(&a));
    for (unsigned i = 0; i < ASKED_ROOM; i++) {
        const struct imsi dimsi = dimsi_of(i);
        assert_true(asked_note(a, &dimsi, i));
    }
    const struct imsi known = dimsi_of(7), more = dimsi_of(ASKED_ROOM);
    assert_false(asked_note(a, &more, 1));
    assert_true(asked_note(a, &known, 5000));
    asked_take(a, rows, &n);
    assert_int_equal(n, ASKED_ROOM);
    uint64_t times = 0;
    for (size_t i = 0; i < n; i++) {
        times += rows[i].times;
    }
    assert_int_equal(times, ASKED_ROOM + 1);
    assert_true(asked_note(a, &more, 1));
    asked_close(a);
}

static void *note_many(void *arg)
{
    for (unsigned i = 0; i < 20000; i++) {
        const struct imsi dimsi = dimsi_of(i % 50);
        if (!asked_note(arg, &dimsi, 1)) {
            return NULL;
        }
    }
    return arg;
}

static void none_is_lost_between_two_threads(void **state)
{
    (void)state;
    struct asked *a = NULL;
    pthread_t thread;
    void *ended = NULL;
    size_t n = 0;
    uint64_t times = 0;
    assert_ok(asked_open(&a));
    assert_int_equal(pthread_create(&thread, NULL, note_many, a), 0);
    while (times < 20000) {
        asked_take(a, rows, &n);
        for (size_t i = 0; i < n; i++) {
            times += rows[i].times;
        }
    }
    pthread_join(thread, &ended);
    assert_ptr_equal(ended, a);
    assert_int_equal(times, 20000);
    asked_close(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(it_counts_until_it_is_taken),
                                       cmocka_unit_test(it_never_grows),
                                       cmocka_unit_test(none_is_lost_between_two_threads)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
