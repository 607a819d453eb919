/* test/nf/spin_test.c - looking before sleeping: begins where it pays, ends where it does not. */
#include "lib/check.h"

#include "nf/common/spin.h"

static void a_window_of_nothing_never_looks(void **state)
{
    (void)state;
    struct spin s = spin_of(0);
    for (unsigned i = 0; i < 100; i++) {
        spin_waited(&s, 0);
        assert_false(spin_pays(&s));
    }
}

static void it_looks_after_some_short_waits_and_not_before(void **state)
{
    (void)state;
    struct spin s = spin_of(200);
    for (unsigned i = 0; i < 3; i++) {
        spin_waited(&s, 200);
        assert_false(spin_pays(&s));
    }
    spin_waited(&s, 200);
    assert_true(spin_pays(&s));
}

static void long_waits_teach_it_nothing(void **state)
{
    (void)state;
    struct spin s = spin_of(200);
    for (unsigned i = 0; i < 100; i++) {
        spin_waited(&s, 201);
        spin_waited(&s, UINT64_MAX);
        assert_false(spin_pays(&s));
    }
}

static void a_quiet_peer_costs_a_few_windows_and_no_more(void **state)
{
    (void)state;
    struct spin s = spin_of(200);
    unsigned looked = 0;
    for (unsigned i = 0; i < 100; i++) {
        spin_waited(&s, 1);
    }
    for (unsigned i = 0; i < 1000; i++) {
        if (spin_pays(&s)) {
            looked++;
            spin_in_vain(&s);
        }
        spin_waited(&s, 1000000);
    }
    assert_in_range(looked, 1, 3);
}

static void waits_of_both_kinds_cost_at_most_a_window_for_two_short_ones(void **state)
{
    (void)state;
    struct spin s = spin_of(200);
    unsigned in_vain = 0;
    for (unsigned i = 0; i < 900; i++) {
        bool is_short = i % 3 == 0; /* one in three: not worth it */
        bool pays = spin_pays(&s);
        in_vain += pays && !is_short;
        if (pays && !is_short) {
            spin_in_vain(&s);
        }
        spin_waited(&s, is_short ? 10 : 1000);
    }
    assert_true(in_vain <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_window_of_nothing_never_looks),
        cmocka_unit_test(it_looks_after_some_short_waits_and_not_before),
        cmocka_unit_test(long_waits_teach_it_nothing),
        cmocka_unit_test(a_quiet_peer_costs_a_few_windows_and_no_more),
        cmocka_unit_test(waits_of_both_kinds_cost_at_most_a_window_for_two_short_ones),
    };
    return cmocka_run_group_tests_name("nf/spin", tests, NULL, NULL);
}
