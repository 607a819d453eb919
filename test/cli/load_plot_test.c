/* The picture is well-formed XML with the axes and numbers it should have, whatever was counted. */
#include "cli/load_plot.h"
#include "lib/check.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static struct load_counts c;

static struct load_plan plan(void)
{
    struct load_plan p = {.peers = 4,
                          .per_peer = 2,
                          .threads = 1,
                          .pattern = LOAD_POISSON,
                          .rate = 100,
                          .duration_ns = 10 * LOAD_SECOND,
                          .mix = {.weight = {1}, .total = 1}};
    assert_ok(address_parse("tcp://127.0.0.1:3868", &p.to));
    return p;
}

/* Tags nest and close, attributes are quoted and named once each, text has no bare markup. */
static const char *attributes(const char *s)
{
    while (*s != '>' && *s != '/' && *s != '?') {
        assert_true(isspace((unsigned char)*s));
        s++;
        size_t n = strspn(s, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ-0123456789");
        assert_true(n > 0 && s[n] == '=' && s[n + 1] == '"');
        s += n + 2;
        n = strcspn(s, "\"<&");
        assert_int_equal(s[n], '"');
        s += n + 1;
    }
    return s;
}

static unsigned well_formed(const char *s)
{
    char open[16][16];
    unsigned depth = 0, elements = 0;
    assert_memory_equal(s, "<?xml ", 6);
    s = attributes(s + 5);
    assert_memory_equal(s, "?>", 2);
    for (s += 2; *s;) {
        size_t n = strcspn(s, "<&");
        for (size_t i = 0; i < n; i++) {
            assert_true(depth > 0 || isspace((unsigned char)s[i]));
            assert_true((unsigned char)s[i] >= ' ' || s[i] == '\n');
        }
        s += n;
        if (*s == '&') {
            assert_true(!memcmp(s, "&lt;", 4) || !memcmp(s, "&gt;", 4) || !memcmp(s, "&amp;", 5));
            s++;
        } else if (s[0] == '<' && s[1] == '/') {
            assert_true(depth > 0);
            n = strlen(open[--depth]);
            assert_memory_equal(s + 2, open[depth], n);
            assert_int_equal(s[2 + n], '>');
            s += n + 3;
        } else if (*s == '<') {
            n = strspn(s + 1, "abcdefghijklmnopqrstuvwxyz");
            assert_true(n > 0 && n < 16 && depth < 16);
            memcpy(open[depth], s + 1, n);
            open[depth][n] = '\0';
            s = attributes(s + 1 + n);
            elements++;
            depth += *s != '/';
            s += *s == '/';
            assert_int_equal(*s++, '>');
        }
    }
    assert_int_equal(depth, 0);
    return elements;
}

static char *drawn(const struct load_plan *p)
{
    char *text = NULL;
    size_t n;
    FILE *f = open_memstream(&text, &n);
    assert_non_null(f);
    load_plot(&c, p, f);
    assert_int_equal(fclose(f), 0);
    assert_null(strstr(text, "nan"));
    assert_null(strstr(text, "inf"));
    return text;
}

static void nothing_counted(void **state)
{
    struct load_plan p = plan();
    (void)state;
    memset(&c, 0, sizeof c);
    char *text = drawn(&p);
    assert_true(well_formed(text) > 20);
    free(text);
}

static void add(const struct load_plan *p, uint64_t at, uint64_t ns)
{
    struct load_column *col = load_column_at(&c, p, at);
    c.offered++;
    c.succeeded++;
    col->offered++;
    col->succeeded++;
    load_histogram_add(&c.latency, ns);
    load_histogram_add(&col->latency, ns);
}

static void a_run(void **state)
{
    struct load_plan p = plan();
    uint64_t seed = 4;
    (void)state;
    memset(&c, 0, sizeof c);
    for (uint64_t i = 0; i < 100000; i++) {
        add(&p, i * 100000, 1000 + (test_rand(&seed) >> 34));
    }
    char *text = drawn(&p);
    assert_true(well_formed(text) > 40);
    assert_non_null(strstr(text, "latency, milliseconds"));
    assert_non_null(strstr(text, "requests per second"));
    assert_non_null(strstr(text, "seconds, by when requests were due"));
    assert_non_null(strstr(text, ">p99</text>"));
    assert_non_null(strstr(text, "100000 succeeded (10000/s), 0 failed"));
    free(text);
}

/* Extremes of values, and a duration of a millisecond. */
static void extremes(void **state)
{
    struct load_plan p = plan();
    (void)state;
    memset(&c, 0, sizeof c);
    p.duration_ns = 1000000;
    add(&p, 0, 0);
    add(&p, 999999, UINT64_MAX / 4);
    char *text = drawn(&p);
    (void)well_formed(text);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_counted),
        cmocka_unit_test(a_run),
        cmocka_unit_test(extremes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
