/* src/nf/hssd/audit_rates.c: how many refusals of each come into the audit log. */
#include "lib/check.h"

#include "nf/hssd/audit_rates.h"

#include <stdio.h>

static struct audit_rates r;
static uint64_t left_out;

static int begin(void **state)
{
    (void)state;
    r = (struct audit_rates){.n = 0};
    return 0;
}

static unsigned taken(const char *who, unsigned tries, uint64_t now)
{
    unsigned n = 0;
    for (unsigned i = 0; i < tries; i++) {
        n += audit_rates_take(&r, who, now, &left_out);
    }
    return n;
}

static void so_many_at_once_then_one_after_the_other_and_what_is_missing_is_said(void **state)
{
    (void)state;
    assert_int_equal(taken("anna", 1000, 5000), AUDIT_REFUSED_BURST);
    assert_int_equal(taken("anna", 3, 5000 + AUDIT_REFUSED_MS - 1), 0);
    assert_true(audit_rates_take(&r, "anna", 5000 + AUDIT_REFUSED_MS, &left_out));
    assert_int_equal(left_out, 1000 - AUDIT_REFUSED_BURST + 3);
    assert_int_equal(taken("anna", 5, 5000 + AUDIT_REFUSED_MS), 0);
    const uint64_t much_later = 5000 + 2ULL * AUDIT_REFUSED_BURST * AUDIT_REFUSED_MS;
    assert_true(audit_rates_take(&r, "anna", much_later, &left_out));
    assert_int_equal(left_out, 5);
    assert_int_equal(taken("anna", 1000, much_later), AUDIT_REFUSED_BURST - 1);
}

/*= test op-audit */
static void one_hides_nobody_else_s(void **state)
{
    (void)state;
    assert_int_equal(taken("anna", 1000, 0), AUDIT_REFUSED_BURST);
    assert_int_equal(taken("bert", 1, 0), 1);
    assert_int_equal(left_out, 0); /* those are hers */
    assert_int_equal(taken("bert", 1000, 0), AUDIT_REFUSED_BURST - 1);
}

static void who_finds_no_place_shares_one_until_another_is_settled(void **state)
{
    (void)state;
    char name[16];
    for (unsigned i = 0; i < AUDIT_REFUSED_PEOPLE; i++) {
        snprintf(name, sizeof name, "u%u", i);
        assert_int_equal(taken(name, 1, 0), 1);
    }
    assert_int_equal(taken("late", 1000, 0), AUDIT_REFUSED_BURST);
    assert_int_equal(taken("later", 1, 0), 0); /* it shares */
    assert_int_equal(taken("u7", 1, 0), 1);    /* who was there keeps his own */
    assert_int_equal(taken("later", 1, AUDIT_REFUSED_MS), 1);
    assert_int_equal(left_out, 0);
    assert_int_equal(taken("later", 1000, AUDIT_REFUSED_MS), AUDIT_REFUSED_BURST - 1);
    assert_int_equal(r.n, AUDIT_REFUSED_PEOPLE);
}

static void who_is_owed_a_count_keeps_his_place(void **state)
{
    (void)state;
    char name[16];
    assert_int_equal(taken("anna", AUDIT_REFUSED_BURST + 9, 0), AUDIT_REFUSED_BURST);
    const uint64_t later = (AUDIT_REFUSED_BURST + 1ULL) * AUDIT_REFUSED_MS;
    for (unsigned i = 0; i < 2 * AUDIT_REFUSED_PEOPLE; i++) {
        snprintf(name, sizeof name, "u%u", i);
        (void)taken(name, 1, later + i * AUDIT_REFUSED_MS);
    }
    assert_true(audit_rates_take(&r, "anna", 10 * later, &left_out));
    assert_int_equal(left_out, 9);
}

#define FRESH(test) cmocka_unit_test_setup(test, begin)
int main(void)
{
    const struct CMUnitTest tests[] = {
        FRESH(so_many_at_once_then_one_after_the_other_and_what_is_missing_is_said),
        FRESH(one_hides_nobody_else_s),
        FRESH(who_finds_no_place_shares_one_until_another_is_settled),
        FRESH(who_is_owed_a_count_keeps_his_place),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
