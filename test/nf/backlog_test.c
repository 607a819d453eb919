/* test/nf/backlog_test.c - the wait of a connection is the age of the mark that was worked off. */
#include "lib/check.h"

#include "nf/common/backlog.h"

static void who_runs_dry_waits_not_at_all(void **state)
{
    (void)state;
    struct backlog b = {0};
    assert_int_equal(backlog_waited(&b, 5000), 0);
    backlog_took(&b, 100);
    backlog_ran_dry(&b);
    assert_int_equal(backlog_waited(&b, 9000), 0);
    assert_false(b.waits);
}

static void the_wait_is_the_marks_age_when_it_is_passed(void **state)
{
    (void)state;
    struct backlog b = {0};
    assert_true(backlog_is_left(&b, 1000));
    backlog_mark(&b, 300, 1000);
    backlog_took(&b, 299);
    assert_false(backlog_is_left(&b, 1050)); /* an octet before the mark */
    assert_int_equal(backlog_waited(&b, 1050), 50);
    backlog_took(&b, 1);
    assert_true(backlog_is_left(&b, 1080));
    backlog_mark(&b, 500, 1080);
    assert_int_equal(backlog_waited(&b, 1081), 80);  /* what was measured last stands */
    assert_int_equal(backlog_waited(&b, 1200), 120); /* until what waits now is older */
}

static void it_falls_when_less_waits_and_ends_when_nothing_does(void **state)
{
    (void)state;
    struct backlog b = {0};
    assert_true(backlog_is_left(&b, 0));
    backlog_mark(&b, 100, 0);
    backlog_took(&b, 100);
    assert_true(backlog_is_left(&b, 400));
    backlog_mark(&b, 100, 400);
    backlog_took(&b, 100);
    assert_int_equal(backlog_waited(&b, 405), 400);
    assert_true(backlog_is_left(&b, 405));
    backlog_mark(&b, 1, 405);
    assert_int_equal(backlog_waited(&b, 405), 5);
    backlog_ran_dry(&b);
    assert_int_equal(backlog_waited(&b, 100000), 0);
}

static void a_clock_that_stands_or_runs_very_long_does_no_harm(void **state)
{
    (void)state;
    struct backlog b = {0};
    assert_true(backlog_is_left(&b, 100));
    backlog_mark(&b, 1, 100);
    assert_int_equal(backlog_waited(&b, 99), 0);
    assert_int_equal(backlog_waited(&b, UINT64_MAX), UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_runs_dry_waits_not_at_all),
        cmocka_unit_test(the_wait_is_the_marks_age_when_it_is_passed),
        cmocka_unit_test(it_falls_when_less_waits_and_ends_when_nothing_does),
        cmocka_unit_test(a_clock_that_stands_or_runs_very_long_does_no_harm),
    };
    return cmocka_run_group_tests_name("nf/backlog", tests, NULL, NULL);
}
