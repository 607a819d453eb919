#include "emulator/load_schedule.h"
#include "lib/check.h"

#define SECOND 1000000000.0

struct moments {
    uint64_t n, first, last;
    double mean, variance; /* of the arrivals, in parts of `over` */
};

/* Draws all, and holds them to the order and the bounds that every schedule has. */
static struct moments run(const struct load_arrivals *a)
{
    struct load_schedule s;
    struct moments m = {.n = 0};
    uint64_t at, before = 0;
    double sum = 0, squares = 0;
    load_schedule_begin(&s, a);
    while (load_schedule_next(&s, &at)) {
        double part = (double)at / (double)a->over_ns;
        assert_true(at >= before && at < a->over_ns);
        m.first = m.n == 0 ? at : m.first;
        m.last = before = at;
        m.n++;
        sum += part;
        squares += part * part;
    }
    assert_false(load_schedule_next(&s, &at));
    if (m.n > 0) {
        m.mean = sum / (double)m.n;
        m.variance = squares / (double)m.n - m.mean * m.mean;
    }
    return m;
}

static void near(double got, double want, double off)
{
    if (got < want - off || got > want + off) {
        fail_msg("%.9g is not within %.3g of %.9g", got, off, want);
    }
}

static void constant(void **state)
{
    struct load_arrivals a = {
        .pattern = LOAD_CONSTANT, .rate = 1000, .over_ns = 2000000000, .shares = 1};
    struct load_schedule s;
    uint64_t at;
    (void)state;
    assert_int_equal(run(&a).n, 2000);
    load_schedule_begin(&s, &a);
    for (uint64_t i = 0; i < 10; i++) {
        assert_true(load_schedule_next(&s, &at));
        near((double)at, (double)i * 1e6, 1.1);
    }
    a.rate = 0;
    a.devices = 77;
    struct moments m = run(&a);
    assert_int_equal(m.n, 77);
    near((double)m.last, 2 * SECOND * 76 / 77, 2);
}

/* Shares of threads interleave to the whole. */
static void constant_in_shares(void **state)
{
    struct load_arrivals a = {
        .pattern = LOAD_CONSTANT, .rate = 999, .over_ns = 1000000000, .shares = 3};
    uint64_t n = 0;
    (void)state;
    for (a.share = 0; a.share < 3; a.share++) {
        struct moments m = run(&a);
        near((double)m.first, a.share * SECOND / 999, 1.1);
        n += m.n;
    }
    assert_int_equal(n, 999);
}

/* As many as the rate says, within four standard deviations; evenly spread; gaps exponential. */
static void poisson(void **state)
{
    struct load_arrivals a = {
        .pattern = LOAD_POISSON, .rate = 10000, .over_ns = 20000000000, .shares = 1};
    (void)state;
    for (a.seed = 1; a.seed < 4; a.seed++) {
        struct moments m = run(&a);
        near((double)m.n, 200000, 4 * 447.3);
        near(m.mean, 0.5, 0.003);
        near(m.variance, 1.0 / 12, 0.001);
        struct load_schedule s;
        uint64_t at, before = 0, short_gaps = 0;
        load_schedule_begin(&s, &a);
        while (load_schedule_next(&s, &at)) {
            short_gaps += at - before < 100000; /* the mean gap: 1 - 1/e of all are shorter */
            before = at;
        }
        near((double)short_gaps / (double)m.n, 0.63212, 0.005);
    }
}

static void poisson_of_devices(void **state)
{
    struct load_arrivals a = {
        .pattern = LOAD_POISSON, .devices = 50000, .over_ns = 1000000000, .shares = 1, .seed = 5};
    (void)state;
    struct moments m = run(&a);
    assert_int_equal(m.n, 50000);
    near(m.mean, 0.5, 0.006);
    near(m.variance, 1.0 / 12, 0.002);
}

/* Beta(3,4): mean 3/7, variance 12/392, and the distribution function at three points. */
static void beta(void **state)
{
    struct load_arrivals a = {
        .pattern = LOAD_BETA, .devices = 30000, .over_ns = 10000000000, .shares = 1};
    (void)state;
    for (a.seed = 1; a.seed < 6; a.seed++) {
        struct load_schedule s;
        uint64_t at, below[3] = {0};
        static const double x[3] = {0.2, 0.4, 0.7};
        struct moments m = run(&a);
        assert_int_equal(m.n, 30000);
        near(m.mean, 3.0 / 7, 0.005);
        near(m.variance, 12.0 / 392, 0.001);
        load_schedule_begin(&s, &a);
        while (load_schedule_next(&s, &at)) {
            for (size_t i = 0; i < 3; i++) {
                below[i] += (double)at < x[i] * (double)a.over_ns;
            }
        }
        for (size_t i = 0; i < 3; i++) {
            near((double)below[i] / 30000, load_beta_cdf(x[i]), 0.012);
        }
    }
}

static void beta_in_shares(void **state)
{
    struct load_arrivals a = {
        .pattern = LOAD_BETA, .devices = 10007, .over_ns = 1000000000, .shares = 4, .seed = 9};
    uint64_t n = 0, first[4];
    (void)state;
    for (a.share = 0; a.share < 4; a.share++) {
        struct moments m = run(&a);
        n += m.n;
        first[a.share] = m.first;
        near(m.mean, 3.0 / 7, 0.02);
    }
    assert_int_equal(n, 10007);
    assert_true(first[0] != first[1] && first[1] != first[2] && first[2] != first[3]);
}

static void seeded(void **state)
{
    struct load_arrivals a = {
        .pattern = LOAD_BETA, .devices = 100, .over_ns = 1000000000, .shares = 1, .seed = 3};
    (void)state;
    struct moments one = run(&a), again = run(&a);
    a.seed = 4;
    struct moments other = run(&a);
    assert_int_equal(one.last, again.last);
    assert_int_not_equal(one.last, other.last);
}

static void one_device(void **state)
{
    struct load_arrivals a = {.devices = 1, .over_ns = 1000000, .shares = 1};
    (void)state;
    for (int p = LOAD_CONSTANT; p <= LOAD_BETA; p++) {
        a.pattern = (enum load_pattern)p;
        assert_int_equal(run(&a).n, 1);
    }
}

static void logarithm(void **state)
{
    (void)state;
    near(load_ln(1), 0, 0);
    near(load_ln(2), 0.69314718055994531, 1e-15);
    near(load_ln(10), 2.3025850929940457, 1e-14);
    near(load_ln(0x1p-53), -36.736800569677101, 1e-13);
    near(load_ln(1e18), 41.446531673892822, 1e-13);
    near(load_ln(0.999999), -1.0000005000003334e-6, 1e-15);
}

static void inverse(void **state)
{
    (void)state;
    near(load_beta_cdf(0), 0, 0);
    near(load_beta_cdf(1), 1, 1e-12);
    near(load_beta_cdf(0.5), 0.65625, 1e-12);
    for (int i = 1; i < 10000; i++) {
        double u = i / 10000.0;
        near(load_beta_cdf(load_beta_inverse(u, 0)), u, 1e-9);
    }
    near(load_beta_cdf(load_beta_inverse(1e-12, 0)), 1e-12, 1e-15);
}

static void names(void **state)
{
    enum load_pattern p;
    (void)state;
    for (int i = LOAD_CONSTANT; i <= LOAD_BETA; i++) {
        assert_true(load_pattern_parse(load_pattern_name((enum load_pattern)i), &p));
        assert_int_equal(p, i);
    }
    assert_false(load_pattern_parse("burst", &p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(constant),  cmocka_unit_test(constant_in_shares),
        cmocka_unit_test(poisson),   cmocka_unit_test(poisson_of_devices),
        cmocka_unit_test(beta),      cmocka_unit_test(beta_in_shares),
        cmocka_unit_test(seeded),    cmocka_unit_test(one_device),
        cmocka_unit_test(logarithm), cmocka_unit_test(inverse),
        cmocka_unit_test(names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
