#include "emulator/wheel.h"

#include "lib/check.h"
#include <stdlib.h>

static void in_order(void **state)
{
    static struct wheel w;
    uint32_t t;
    (void)state;
    assert_ok(wheel_open(&w, 4, 1000));
    assert_int_equal(wheel_deadline(&w), WHEEL_NEVER);
    wheel_set(&w, 0, 1500);
    wheel_set(&w, 1, 1200);
    wheel_set(&w, 2, 900); /* past: due at once */
    assert_int_equal(wheel_deadline(&w), 1001);
    assert_false(wheel_next(&w, 1000, &t));
    assert_true(wheel_next(&w, 1001, &t));
    assert_int_equal(t, 2);
    assert_false(wheel_next(&w, 1199, &t));
    assert_int_equal(wheel_deadline(&w), 1200);
    assert_true(wheel_next(&w, 1600, &t));
    assert_int_equal(t, 1);
    wheel_set(&w, 3, 1250); /* already passed by what is looked at */
    assert_true(wheel_next(&w, 1600, &t));
    assert_true(wheel_next(&w, 1600, &t));
    assert_false(wheel_next(&w, 1600, &t));
    assert_int_equal(wheel_deadline(&w), WHEEL_NEVER);
    wheel_close(&w);
}

static void stopped_and_moved(void **state)
{
    static struct wheel w;
    uint32_t t;
    (void)state;
    assert_ok(wheel_open(&w, 3, 0));
    wheel_set(&w, 0, 10);
    wheel_set(&w, 1, 10);
    wheel_set(&w, 2, 10);
    wheel_set(&w, 1, WHEEL_NEVER);
    wheel_set(&w, 1, WHEEL_NEVER);
    wheel_set(&w, 2, 20);
    wheel_set(&w, 2, 20);
    assert_true(wheel_next(&w, 10, &t));
    assert_int_equal(t, 0);
    assert_false(wheel_next(&w, 19, &t));
    assert_true(wheel_next(&w, 20, &t));
    assert_int_equal(t, 2);
    wheel_close(&w);
}

static void further_than_a_turn(void **state)
{
    static struct wheel w;
    uint32_t t;
    (void)state;
    assert_ok(wheel_open(&w, 2, 0));
    wheel_set(&w, 0, 5 + 3 * (uint64_t)WHEEL_SLOTS);
    wheel_set(&w, 1, 5);
    assert_true(wheel_next(&w, 100, &t));
    assert_int_equal(t, 1);
    for (uint64_t now = 100; now < 5 + 3 * (uint64_t)WHEEL_SLOTS; now += 1000) {
        assert_false(wheel_next(&w, now, &t));
        assert_true(wheel_deadline(&w) <= 5 + 3 * (uint64_t)WHEEL_SLOTS);
        assert_true(wheel_deadline(&w) > now);
    }
    assert_true(wheel_next(&w, 10 * (uint64_t)WHEEL_SLOTS, &t)); /* a long sleep */
    assert_int_equal(t, 0);
    wheel_close(&w);
}

/* Timers set, moved and stopped at random, against a plain table of times. */
static void like_a_table(void **state)
{
    enum { TIMERS = 300 };
    static struct wheel w;
    static uint64_t at[TIMERS];
    uint64_t seed = 42, now = 777;
    (void)state;
    assert_ok(wheel_open(&w, TIMERS, now));
    for (unsigned i = 0; i < TIMERS; i++) {
        at[i] = WHEEL_NEVER;
    }
    for (unsigned step = 0; step < 20000; step++) {
        const uint32_t i = (uint32_t)(test_rand(&seed) % TIMERS);
        const uint64_t r = test_rand(&seed);
        uint32_t t;
        at[i] = r % 8 == 0 ? WHEEL_NEVER : now + 1 + r / 8 % (r % 3 ? 500 : 60000);
        wheel_set(&w, i, at[i]);
        now += r % 5 == 0 ? r / 7 % (r % 101 ? 300 : 40000) : 0;
        while (wheel_next(&w, now, &t)) {
            assert_true(at[t] <= now);
            at[t] = WHEEL_NEVER;
        }
        uint64_t first = WHEEL_NEVER;
        for (unsigned k = 0; k < TIMERS; k++) {
            assert_true(at[k] > now); /* none was forgotten */
            first = at[k] < first ? at[k] : first;
        }
        assert_true(wheel_deadline(&w) <= first);
        assert_true((wheel_deadline(&w) == WHEEL_NEVER) == (first == WHEEL_NEVER));
    }
    wheel_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"wheel: timers come in the order of their times", in_order, NULL, NULL, NULL},
        {"wheel: a timer that is stopped or moved does not come", stopped_and_moved, NULL, NULL,
         NULL},
        {"wheel: a time further than a turn waits its turns", further_than_a_turn, NULL, NULL,
         NULL},
        {"wheel: gives what a plain table would", like_a_table, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
