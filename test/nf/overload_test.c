/* test/nf/overload_test.c - who is turned away when more comes than can be done, and who never is.
 */
#include "lib/check.h"

#include "nf/common/overload.h"

static const struct overload_limits limits = {.peer_ms = 250, .total_ms = 50};

static struct overload_load load_of(uint32_t waited_ms, uint32_t pass_ms)
{
    return (struct overload_load){.waited_ms = waited_ms, .pass_ms = pass_ms, .more = true};
}

static unsigned served_of(struct overload *o, struct overload_conn *c, struct overload_load load,
                          unsigned n)
{
    unsigned served = 0;
    for (unsigned i = 0; i < n; i++) {
        served += overload_serves(o, c, &load);
    }
    return served;
}

static void within_the_bounds_all_are_served(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn c = {0};
    assert_int_equal(served_of(&o, &c, load_of(250, 50), 1000), 1000);
    assert_false(c.shedding);
}

static void a_peer_beyond_its_bound_keeps_a_share(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn c = {0};
    assert_int_equal(served_of(&o, &c, load_of(251, 0), 1000), 1000 / OVERLOAD_SHARE);
    assert_true(c.shedding);
    assert_int_equal(c.shed, 1000 - 1000 / OVERLOAD_SHARE);
}

static void it_ends_at_half_the_bound_and_not_before(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn c = {0};
    (void)served_of(&o, &c, load_of(251, 0), 1);
    (void)served_of(&o, &c, load_of(126, 0), 1);
    assert_true(c.shedding);
    assert_int_equal(served_of(&o, &c, load_of(125, 0), 100), 100);
    assert_false(c.shedding);
    assert_int_equal(served_of(&o, &c, load_of(250, 0), 100), 100); /* and begins only beyond it */
}

static void what_was_begun_is_served_always(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn c = {0};
    struct overload_load load = load_of(10000, 10000);
    load.in_progress = true;
    assert_int_equal(served_of(&o, &c, load, 1000), 1000);
    assert_true(c.shedding);
    assert_int_equal(c.shed, 0);
}

static void who_has_no_more_waiting_than_a_turn_is_never_turned_away(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn greedy = {0};
    struct overload_conn seldom = {0};
    struct overload_load load = load_of(10000, 10000);
    (void)served_of(&o, &greedy, load, 10);
    assert_true(greedy.shedding && o.total);
    load.more = false;
    assert_int_equal(served_of(&o, &seldom, load, 1000), 1000);
    assert_false(seldom.shedding);
}

static void too_long_a_pass_sheds_all_that_have_more_and_ends_at_half(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn a = {0};
    struct overload_conn b = {0};
    assert_int_equal(served_of(&o, &a, load_of(51, 51), 10), 2);
    assert_int_equal(served_of(&o, &b, load_of(51, 26), 10), 2);
    assert_int_equal(served_of(&o, &a, load_of(51, 25), 10), 10);
    assert_false(o.total || a.shedding);
    assert_int_equal(served_of(&o, &b, load_of(1, 0), 10), 10);
    assert_false(b.shedding);
}

static void who_was_held_up_once_may_catch_up(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn c = {0};
    assert_int_equal(served_of(&o, &c, load_of(50, 10000), 100), 100);
    assert_true(o.total);
    assert_false(c.shedding);
}

static void all_is_as_before_when_the_backlog_is_gone(void **state)
{
    (void)state;
    struct overload o = {.limits = limits};
    struct overload_conn c = {0};
    (void)served_of(&o, &c, load_of(1000, 1000), 100);
    struct overload_load load = {0};
    assert_int_equal(served_of(&o, &c, load, 100), 100);
    assert_false(c.shedding || o.total);
    assert_int_equal(c.shed, 80); /* for whoever tells of the end */
}

static void bounds_of_nothing_bound_nothing(void **state)
{
    (void)state;
    struct overload o = {0};
    struct overload_conn c = {0};
    assert_int_equal(served_of(&o, &c, load_of(UINT32_MAX, UINT32_MAX), 100), 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(within_the_bounds_all_are_served),
        cmocka_unit_test(a_peer_beyond_its_bound_keeps_a_share),
        cmocka_unit_test(it_ends_at_half_the_bound_and_not_before),
        cmocka_unit_test(what_was_begun_is_served_always),
        cmocka_unit_test(who_has_no_more_waiting_than_a_turn_is_never_turned_away),
        cmocka_unit_test(too_long_a_pass_sheds_all_that_have_more_and_ends_at_half),
        cmocka_unit_test(who_was_held_up_once_may_catch_up),
        cmocka_unit_test(all_is_as_before_when_the_backlog_is_gone),
        cmocka_unit_test(bounds_of_nothing_bound_nothing),
    };
    return cmocka_run_group_tests_name("nf/overload", tests, NULL, NULL);
}
