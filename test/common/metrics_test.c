/* The text of metrics as a strict reader sees it, histograms, the table of names, causes of not
 * being ready, and the pages. Covers src/nf/common/metrics.c, src/nf/common/metrics_table.c and
 * src/nf/common/metrics_answer.c. */
#include "lib/check.h"
#include "lib/exposition.h"

#include "nf/common/metrics_answer.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct metric times_metric = {"x_seconds", METRIC_HISTOGRAM, "k", "times"};

/* With a NUL behind it, for the test's own looks. */
static char *text_of(struct metrics_text *t)
{
    assert_false(t->failed);
    char *text = malloc(t->n + 1);
    assert_non_null(text);
    memcpy(text, t->p, t->n);
    text[t->n] = '\0';
    const char *wrong = exposition_wrong(text, t->n);
    assert_string_equal(wrong != NULL ? wrong : "", "");
    free(t->p);
    return text;
}

static void a_label_can_hold_any_text(void **state)
{
    (void)state;
    static const struct metric m = {"x_total", METRIC_COUNTER, "k", "help with \\ and\nline"};
    const struct metrics_label label = {"k", "quote \" backslash \\ line\n{},= \xC3\xA4"};
    struct metrics_text t = {.p = NULL};
    metrics_begin(&t, &m);
    metrics_sample(&t, &m, &label, 1, UINT64_MAX);
    char *text = text_of(&t);
    assert_string_equal(text, "# HELP x_total help with \\\\ and\\nline\n# TYPE x_total counter\n"
                              "x_total{k=\"quote \\\" backslash \\\\ line\\n{},= \xC3\xA4\"} "
                              "18446744073709551615\n");
    free(text);
}

static void a_long_label_is_cut_at_a_whole_character(void **state)
{
    (void)state;
    static const struct metric m = {"x", METRIC_GAUGE, "k", "help"};
    char value[METRICS_LABEL_MAX + 8];
    struct metrics_text t = {.p = NULL};
    memset(value, 'a', sizeof value);
    memcpy(value + METRICS_LABEL_MAX - 1, "\xC3\xA4zz", 5);
    const struct metrics_label label = {"k", value};
    metrics_begin(&t, &m);
    metrics_sample(&t, &m, &label, 1, 1);
    char *text = text_of(&t);
    assert_non_null(strstr(text, "aaa\"} 1\n"));
    assert_null(strchr(text, '\xC3'));
    free(text);
}

static void each_time_falls_into_its_bucket(void **state)
{
    (void)state;
    static struct metrics_histogram h;
    struct metrics_times sum = {{0}, 0};
    struct metrics_text t = {.p = NULL};
    metrics_observe(&h, 0);
    metrics_observe(&h, 25000);       /* on the first bound: still in it */
    metrics_observe(&h, 25001);       /* in the second */
    metrics_observe(&h, 10000000000); /* on the last bound */
    metrics_observe(&h, 10000000001); /* beyond it */
    metrics_times_add(&h, &sum);
    metrics_times_add(&h, &sum); /* as if of two threads */
    metrics_begin(&t, &times_metric);
    const struct metrics_label label = {"k", "v"};
    metrics_sample_times(&t, &times_metric, &label, 1, &sum);
    char *text = text_of(&t);
    assert_true(exposition_value(text, "x_seconds_bucket{k=\"v\",le=\"2.5e-05\"}") == 4);
    assert_true(exposition_value(text, "x_seconds_bucket{k=\"v\",le=\"5e-05\"}") == 6);
    assert_true(exposition_value(text, "x_seconds_bucket{k=\"v\",le=\"2.5\"}") == 6);
    assert_true(exposition_value(text, "x_seconds_bucket{k=\"v\",le=\"10\"}") == 8);
    assert_true(exposition_value(text, "x_seconds_bucket{k=\"v\",le=\"+Inf\"}") == 10);
    assert_true(exposition_value(text, "x_seconds_count{k=\"v\"}") == 10);
    assert_non_null(strstr(text, "x_seconds_sum{k=\"v\"} 40.000100004\n"));
    free(text);
}

static void every_metric_has_a_name_and_a_sentence(void **state)
{
    (void)state;
    struct metrics_text t = {.p = NULL};
    for (unsigned i = 0; i < METRICS_COUNT; i++) {
        const struct metric *m = metrics_of((enum metrics_id)i);
        assert_int_equal(strncmp(m->name, "bindery_", 8), 0);
        assert_true(m->help[strlen(m->help) - 1] == '.');
        for (unsigned k = 0; k < i; k++) {
            assert_string_not_equal(m->name, metrics_of((enum metrics_id)k)->name);
        }
        metrics_begin(&t, m);
    }
    free(text_of(&t));
    assert_null(metrics_counter_help(METRICS_OF_HSS, "no such counter"));
    assert_non_null(metrics_counter_help(METRICS_OF_HSS, "air"));
    assert_non_null(metrics_counter_help(METRICS_OF_MME, "attaches"));
    assert_non_null(metrics_counter_help(METRICS_OF_DAUSF, "pushed"));
}

/* ---- the pages ---- */

static bool broken;

static void on_write(void *ctx, struct metrics_text *t)
{
    assert_ptr_equal(ctx, &broken);
    metrics_counter(t, METRICS_OF_HSS, "air", 7);
}

static void on_health(void *ctx, struct metrics_health *h)
{
    assert_ptr_equal(ctx, &broken);
    if (broken) {
        metrics_unready(h, METRICS_STORE_NOT_WRITABLE, "/x.db");
    }
}

static const struct metrics_source source = {.program = "bindery-test",
                                             .version = "1",
                                             .started_unix = 1000,
                                             .ctx = &broken,
                                             .write = on_write,
                                             .health = on_health};

static void ready_says_why_not(void **state)
{
    (void)state;
    struct metrics_reply r;
    broken = false;
    metrics_reply(&source, METRICS_PAGE_READY, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.text, "{\"ready\":true,\"causes\":[]}");
    free(r.text);
    broken = true;
    metrics_reply(&source, METRICS_PAGE_READY, &r);
    assert_int_equal(r.status, 503);
    json_t *json = json_loads(r.text, 0, NULL);
    json_t *cause = json_array_get(json_object_get(json, "causes"), 0);
    assert_true(json_is_false(json_object_get(json, "ready")));
    assert_string_equal(json_string_value(json_object_get(cause, "cause")), "store-not-writable");
    assert_string_equal(json_string_value(json_object_get(cause, "detail")), "/x.db");
    json_decref(json);
    free(r.text);
    metrics_reply(&source, METRICS_PAGE_LIVE, &r);
    assert_int_equal(r.status, 200);
    assert_string_equal(r.text, "{\"live\":true}");
    free(r.text);
}

static void the_metrics_say_it_too(void **state)
{
    (void)state;
    struct metrics_reply r;
    broken = true;
    metrics_reply(&source, METRICS_PAGE_METRICS, &r);
    assert_int_equal(r.status, 200);
    struct metrics_text t = {.p = r.text, .n = r.n};
    char *text = text_of(&t);
    assert_true(exposition_value(text, "bindery_ready") == 0);
    assert_true(exposition_value(text, "bindery_not_ready{cause=\"store-not-writable\"}") == 1);
    assert_true(exposition_value(text, "bindery_not_ready{cause=\"mark-expired\"}") == 0);
    assert_true(exposition_value(text, "bindery_hss_air_total") == 7);
    assert_true(exposition_value(text, "bindery_start_time_seconds") == 1000);
    assert_true(
        exposition_value(text, "bindery_build_info{program=\"bindery-test\",version=\"1\"}") == 1);
    free(text);
}

static void listeners_and_peers_share_their_metrics(void **state)
{
    (void)state;
    struct metrics_text t = {.p = NULL};
    json_t *one = json_pack("{s:i,s:{s:i}}", "requests", 5, "refused", "not-json", 2);
    json_t *two = json_pack("{s:i,s:{}}", "requests", 6, "refused");
    const struct metrics_listener all[] = {{"a", one}, {"b", two}};
    metrics_listeners(&t, all, 2);
    char *text = text_of(&t);
    assert_true(exposition_value(text, "bindery_https_requests_total{listener=\"b\"}") == 6);
    assert_true(exposition_value(
                    text, "bindery_https_refused_total{listener=\"a\",cause=\"not-json\"}") == 2);
    json_decref(one);
    json_decref(two);
    free(text);
}

/* The reader itself: what must not pass. */
static void the_strict_reader_is_strict(void **state)
{
    (void)state;
#define HEAD "# HELP a_total x\n# TYPE a_total counter\n"
    static const char *const bad[] = {
        "",
        "a_total 1\n",
        HEAD "a_total 1",
        HEAD "a_total 1\na_total 1\n",
        HEAD "a_total x\n",
        HEAD "a_total{b=\"\\x\"} 1\n",
        HEAD "a_total{b=\"1\"\n",
        HEAD "b_total 1\n",
        HEAD HEAD,
        "# TYPE a_total counter\na_total 1\n",
        "# HELP a x\n# TYPE a counter\na 1\n",
        "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_bucket{le=\"2\"} 1\n",
        "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"1\"} 2\nh_sum 1\n",
        "# HELP h x\n# TYPE h histogram\nh_bucket{le=\"+Inf\"} 2\nh_sum 1\nh_count 3\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_non_null(exposition_wrong(bad[i], strlen(bad[i])));
    }
    assert_null(exposition_wrong(HEAD "a_total 1\n", strlen(HEAD "a_total 1\n")));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_label_can_hold_any_text),
        cmocka_unit_test(a_long_label_is_cut_at_a_whole_character),
        cmocka_unit_test(each_time_falls_into_its_bucket),
        cmocka_unit_test(every_metric_has_a_name_and_a_sentence),
        cmocka_unit_test(ready_says_why_not),
        cmocka_unit_test(the_metrics_say_it_too),
        cmocka_unit_test(listeners_and_peers_share_their_metrics),
        cmocka_unit_test(the_strict_reader_is_strict),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
