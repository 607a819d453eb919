#include "emulator/load_histogram.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

#define VALUES 20000

static struct load_histogram all, half[2];
static uint64_t value[VALUES];

static int ascending(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

static uint64_t exact(double q)
{
    uint64_t rank = (uint64_t)(q * VALUES);
    rank += (double)rank < q * VALUES;
    return value[rank > 0 ? rank - 1 : 0];
}

/* Every quantile is within 1% of the exact one, over nine decades. */
static void error_bound(void **state)
{
    static const double q[] = {0, 0.001, 0.01, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95, 0.99, 0.999, 1};
    uint64_t seed = 1;
    (void)state;
    for (int round = 0; round < 8; round++) {
        memset(&all, 0, sizeof all);
        for (size_t i = 0; i < VALUES; i++) {
            unsigned bits = (unsigned)(test_rand(&seed) % 39) + 1;
            value[i] = test_rand(&seed) & ((UINT64_C(1) << bits) - 1);
            load_histogram_add(&all, value[i]);
        }
        qsort(value, VALUES, sizeof value[0], ascending);
        for (size_t i = 0; i < sizeof q / sizeof q[0]; i++) {
            double want = (double)exact(q[i]), got = (double)load_histogram_quantile(&all, q[i]);
            double off = got > want ? got - want : want - got;
            assert_true(off <= want * 0.01);
        }
        assert_int_equal(load_histogram_quantile(&all, 1), value[VALUES - 1]);
        assert_int_equal(all.min, value[0]);
    }
}

/* One value alone comes back within half a cell. */
static void each_power(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < LOAD_HISTOGRAM_TOP; bit++) {
        for (int more = -1; more <= 1; more++) {
            uint64_t v = (UINT64_C(1) << bit) + (uint64_t)more;
            memset(&all, 0, sizeof all);
            load_histogram_add(&all, v);
            load_histogram_add(&all, UINT64_C(1) << 39);
            uint64_t got = load_histogram_quantile(&all, 0.5);
            uint64_t off = got > v ? got - v : v - got;
            assert_true(off * 256 <= v);
        }
    }
}

static void merge_is_the_sum(void **state)
{
    uint64_t seed = 7;
    (void)state;
    memset(&all, 0, sizeof all);
    memset(half, 0, sizeof half);
    for (size_t i = 0; i < VALUES; i++) {
        uint64_t v = test_rand(&seed) >> 30;
        load_histogram_add(&all, v);
        load_histogram_add(&half[i % 3 == 0], v);
    }
    load_histogram_merge(&half[0], &half[1]);
    assert_memory_equal(&half[0], &all, sizeof all);
}

static void extremes(void **state)
{
    (void)state;
    memset(&all, 0, sizeof all);
    assert_int_equal(load_histogram_quantile(&all, 0.99), 0);
    assert_int_equal(load_histogram_mean(&all), 0);
    load_histogram_add(&all, UINT64_MAX / 2); /* beyond the top: its cell is the last, max exact */
    load_histogram_add(&all, 0);
    assert_int_equal(load_histogram_quantile(&all, 0.5), 0);
    assert_int_equal(load_histogram_quantile(&all, 1), UINT64_MAX / 2);
    assert_int_equal(all.n, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(error_bound),
        cmocka_unit_test(each_power),
        cmocka_unit_test(merge_is_the_sum),
        cmocka_unit_test(extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
