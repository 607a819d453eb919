#include "cli/load_mix.h"
#include "lib/check.h"
#include <string.h>

static struct load_mix mix;
static char why[160];

static void good(void **state)
{
    (void)state;
    assert_true(load_mix_parse("air=80,ulr=15,resync=5", &mix, why, sizeof why));
    assert_int_equal(mix.weight[LOAD_AIR], 80);
    assert_int_equal(mix.weight[LOAD_ULR], 15);
    assert_int_equal(mix.weight[LOAD_RESYNC], 5);
    assert_int_equal(mix.total, 100);
    assert_true(load_mix_parse("ulr", &mix, why, sizeof why));
    assert_int_equal(mix.weight[LOAD_ULR], 1);
    assert_int_equal(mix.total, 1);
    assert_true(load_mix_parse("ulr=1,air=0", &mix, why, sizeof why));
    assert_int_equal(mix.weight[LOAD_AIR], 0);
}

static void bad(void **state)
{
    static const struct {
        const char *text, *part;
    } rows[] = {
        {"", "'' is none of"},
        {"air=80,", "'' is none of"},
        {"air=80,pur=1", "'pur' is none of"},
        {"airs=1", "'airs' is none of"},
        {"air=1,air=2", "twice"},
        {"air=0,air=2", "twice"},
        {"air=", "no whole number"},
        {"air=-1", "no whole number"},
        {"air=1.5", "no whole number"},
        {"air=1000001", "no whole number"},
        {"air=99999999999999999999", "no whole number"},
        {"air=0,ulr=0", "all weights are 0"},
    };
    (void)state;
    mix.total = 42;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        assert_false(load_mix_parse(rows[i].text, &mix, why, sizeof why));
        assert_non_null(strstr(why, rows[i].part));
        assert_int_equal(mix.total, 42);
    }
}

static void picked_by_weight(void **state)
{
    uint64_t seed = 3, n[LOAD_KINDS] = {0};
    (void)state;
    assert_true(load_mix_parse("air=80,ulr=15,resync=5", &mix, why, sizeof why));
    for (int i = 0; i < 100000; i++) {
        n[load_mix_pick(&mix, test_rand(&seed))]++;
    }
    assert_in_range(n[LOAD_AIR], 79500, 80500);
    assert_in_range(n[LOAD_ULR], 14500, 15500);
    assert_in_range(n[LOAD_RESYNC], 4700, 5300);
    assert_int_equal(load_mix_pick(&mix, 0), LOAD_AIR);
    assert_int_equal(load_mix_pick(&mix, UINT64_MAX), LOAD_RESYNC);
    assert_true(load_mix_parse("ulr=1", &mix, why, sizeof why));
    assert_int_equal(load_mix_pick(&mix, 0), LOAD_ULR);
    assert_int_equal(load_mix_pick(&mix, UINT64_MAX), LOAD_ULR);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(good),
        cmocka_unit_test(bad),
        cmocka_unit_test(picked_by_weight),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
