/* What `bindery top` reads and computes. Covers src/cli/top_text.c, src/cli/top_view.c,
 * src/cli/top_show.c; the verb itself, src/cli/top.c, runs in test/live/metrics.sh. */
#include "cli/top_view.h"

#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

static struct top_text read_text(const char *text)
{
    struct top_text t;
    assert_ok(top_text_read(text, strlen(text), &t));
    return t;
}

static void samples_are_read_with_their_labels(void **state)
{
    (void)state;
    struct top_text t =
        read_text("# HELP x y\n# TYPE x gauge\nx 1\n"
                  "x{a=\"q\\\"\\\\\\n\",b=\"\"} 2.5\nx{a=\"z\"} NaN 123\n\ny +Inf\n");
    assert_int_equal(t.n, 4);
    assert_string_equal(top_label(&t.samples[1], "a"), "q\"\\\n");
    assert_string_equal(top_label(&t.samples[1], "none"), "");
    assert_true(top_sum(&t, "x", "b", "") != top_sum(&t, "x", "a", "q\"\\\n")); /* NaN */
    assert_true(top_sum(&t, "x", "a", "q\"\\\n") == 2.5);
    assert_ptr_equal(top_same(&t, &t.samples[1]), &t.samples[1]);
    top_text_free(&t);
}

static void what_is_no_text_of_metrics_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {"x",
                                      "x 1",
                                      "1x 1\n",
                                      "x{ 1\n",
                                      "x{a} 1\n",
                                      "x{a=b} 1\n",
                                      "x{a=\"b} 1\n",
                                      "x{a=\"b\"}1\n",
                                      "x  1\n",
                                      "x y\n",
                                      "<html>\n",
                                      "x{a=\"\\q\"} 1\n",
                                      "x 1trailing\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct top_text t;
        assert_err(top_text_read(bad[i], strlen(bad[i]), &t), E_BAD_VALUE);
        assert_null(t.samples);
    }
    struct top_text t;
    assert_err(top_text_read("x 1\0\n", 5, &t), E_BAD_VALUE);
    assert_ok(top_text_read("", 0, &t));
    top_text_free(&t);
}

/* Every prefix, in a block of its exact size. */
static void no_prefix_is_read_past_its_end(void **state)
{
    (void)state;
    static const char text[] = "# HELP x y\nx{a=\"q\\\"\",le=\"+Inf\"} 2.5\ny 7\n";
    for (size_t n = 0; n < sizeof text; n++) {
        char *exact = malloc(n > 0 ? n : 1);
        struct top_text t;
        assert_non_null(exact);
        memcpy(exact, text, n);
        if (top_text_read(exact, n, &t) == E_OK) {
            top_text_free(&t);
        }
        free(exact);
    }
}

#define BUCKETS(a, b, c)                                                                           \
    "h_bucket{k=\"v\",le=\"0.001\"} " a "\nh_bucket{k=\"v\",le=\"0.002\"} " b                      \
    "\nh_bucket{k=\"v\",le=\"+Inf\"} " c "\n"

static void quantiles_are_of_what_came_between(void **state)
{
    (void)state;
    struct top_text before = read_text(BUCKETS("100", "100", "100"));
    struct top_text now = read_text(BUCKETS("150", "200", "200"));
    struct top_text late = read_text(BUCKETS("150", "200", "300"));
    assert_true(top_quantile(&before, &before, "h", "k", "v", 0.5) < 0);
    assert_true(top_quantile(&before, &now, "h", "k", "other", 0.5) < 0);
    const double p50 = top_quantile(&before, &now, "h", "k", "v", 0.5);
    const double p75 = top_quantile(&before, &now, "h", "k", "v", 0.75);
    assert_true(p50 > 0.00099 && p50 < 0.00101);
    assert_true(p75 > 0.00149 && p75 < 0.00151);
    assert_true(top_quantile(&before, &late, "h", "k", "v", 0.99) == 0.002); /* beyond it */
    top_text_free(&before);
    top_text_free(&now);
    top_text_free(&late);
}

#define READING(air, refused, requests, ready)                                                     \
    "bindery_build_info{program=\"bindery-hssd\",version=\"1\"} 1\n"                               \
    "bindery_start_time_seconds 1000\nbindery_ready " ready "\n"                                   \
    "bindery_not_ready{cause=\"mark-expired\"} " ready "\n"                                        \
    "bindery_hss_requests_total{command=\"AIR\",result=\"success\"} " air "\n"                     \
    "bindery_hss_requests_total{command=\"AIR\",result=\"barred\"} " refused "\n"                  \
    "bindery_peer_connections{peer=\"m\\n\x1b[2J\"} 1\n"                                           \
    "bindery_peer_requests_total{peer=\"m\\n\x1b[2J\"} " requests "\n"                             \
    "bindery_hss_vectors_total " air "\n"                                                          \
    "bindery_certificate_expiry_timestamp_seconds{use=\"late\",file=\"b\"} 2000000\n"              \
    "bindery_certificate_expiry_timestamp_seconds{use=\"over\",file=\"a\"} 1000\n"                 \
    "bindery_hss_writer_queue_jobs 3\nbindery_hss_writer_queue_room_jobs 4096\n"

static json_t *view_of(const char *a, const char *b)
{
    struct top_text before = read_text(a), now = read_text(b);
    json_t *v = top_view(&before, &now, 2, 2000);
    assert_non_null(v);
    top_text_free(&before);
    top_text_free(&now);
    return v;
}

static double number(const json_t *v, const char *list, size_t i, const char *key)
{
    return json_number_value(json_object_get(json_array_get(json_object_get(v, list), i), key));
}

/*= test op-top */
static void rates_are_differences_by_time(void **state)
{
    (void)state;
    json_t *v = view_of(READING("100", "10", "110", "1"), READING("300", "14", "314", "1"));
    assert_true(json_is_true(json_object_get(v, "ready")));
    assert_int_equal(json_integer_value(json_object_get(v, "uptime_seconds")), 1000);
    assert_true(number(v, "commands", 0, "per_second") == 100);
    assert_true(number(v, "commands", 0, "refused_per_second") == 2);
    assert_true(number(v, "peers", 0, "requests_per_second") == 102);
    assert_true(number(v, "refusals", 0, "count") == 14);
    assert_true(number(v, "counters", 0, "per_second") == 100);
    assert_true(number(v, "queues", 0, "waiting") == 3);
    assert_true(number(v, "expiries", 0, "days") == -1);
    assert_true(number(v, "expiries", 1, "days") == 23);
    json_decref(v);
    /* it was started anew in between */
    v = view_of(READING("100", "10", "110", "1"), READING("50", "0", "50", "1"));
    assert_true(number(v, "commands", 0, "per_second") == 25);
    assert_true(number(v, "commands", 0, "refused_per_second") == 0);
    json_decref(v);
}

static void the_screen_is_never_overrun(void **state)
{
    (void)state;
    json_t *v = view_of(READING("1", "1", "1", "0"), READING("2", "2", "2", "0"));
    for (unsigned rows = 1; rows < 24; rows++) {
        for (unsigned columns = 1; columns < 100; columns += 7) {
            char *text = NULL;
            size_t n = 0;
            unsigned lines = 1, column = 0;
            FILE *to = open_memstream(&text, &n);
            top_show(to, v, rows, columns);
            fclose(to);
            for (size_t i = 0; i < n; i++) {
                assert_true(text[i] == '\n' || (text[i] >= ' ' && text[i] <= '~'));
                column = text[i] == '\n' ? 0 : column + 1;
                lines += text[i] == '\n' && i + 1 < n;
                assert_true(column <= columns);
            }
            assert_true(lines <= rows);
            free(text);
        }
    }
    json_decref(v);
}

#define TIMES(name, labels, a, b)                                                                  \
    name "_bucket{" labels ",le=\"0.001\"} " a "\n" name "_bucket{" labels ",le=\"+Inf\"} " b      \
         "\n" name "_sum{" labels "} 1\n" name "_count{" labels "} " b "\n"
#define MME(a, b)                                                                                  \
    "bindery_build_info{program=\"bindery-mmed\",version=\"1\"} 1\nbindery_ready 1\n" TIMES(       \
        "bindery_mme_attach_seconds", "result=\"complete\"", a, b)                                 \
        TIMES("bindery_mme_attach_seconds", "result=\"ended\"", "0", "0")                          \
            TIMES("bindery_mme_hss_answer_seconds", "command=\"AIR\"", b, b)                       \
                TIMES("bindery_https_answer_seconds", "listener=\"l\",route=\"GET /x\"", b,        \
                      b) "bindery_mme_refusals_total{cause=\"old\"} 900\n"                         \
                         "bindery_mme_refusals_total{cause=\"now\"} " a "\n"                       \
                         "bindery_peer_connections{peer=\"here\"} "                                \
                         "1\nbindery_peer_connections{peer=\"gone\"} 0\n"                          \
                         "bindery_https_requests_total{listener=\"l\"} " b "\n"                    \
                         "bindery_https_refused_total{listener=\"l\",cause=\"x\"} " a "\n"         \
                         "bindery_hss_webhook_waiting_events{webhook=\"noc\"} 7\n"                 \
                         "bindery_dausf_entries{phase=\"live\"} 3\nbindery_mme_enbs 2\n"

static const json_t *row_of(const json_t *v, const char *list, size_t i)
{
    return json_array_get(json_object_get(v, list), i);
}

static void holds(const json_t *row, const char *key, const char *text)
{
    const char *s = json_string_value(json_object_get(row, key));
    assert_string_equal(s != NULL ? s : "", text);
}

static void other_daemons_show_times_listeners_and_what_is_on_record(void **state)
{
    (void)state;
    json_t *v = view_of(MME("10", "10"), MME("20", "20"));
    holds(row_of(v, "times", 0), "what", "attach, complete");
    assert_true(number(v, "times", 0, "per_second") == 5);
    assert_true(number(v, "times", 0, "p50_ms") == 0.5);
    assert_true(json_is_null(json_object_get(row_of(v, "times", 1), "p99_ms")));
    holds(row_of(v, "times", 2), "what", "AIR to a home network");
    holds(row_of(v, "times", 3), "what", "GET /x");
    holds(row_of(v, "times", 3), "listener", "l");
    holds(row_of(v, "refusals", 0), "cause", "now");
    holds(row_of(v, "peers", 0), "peer", "gone");
    assert_true(number(v, "listeners", 0, "requests_per_second") == 5);
    assert_true(number(v, "listeners", 0, "refused_per_second") == 5);
    holds(row_of(v, "queues", 0), "queue", "webhook noc");
    assert_true(number(v, "queues", 0, "waiting") == 7);
    holds(row_of(v, "records", 0), "what", "eNBs");
    holds(row_of(v, "records", 1), "what", "live");
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    top_show(to, v, 24, 80);
    fclose(to);
    assert_non_null(strstr(text, "attach, complete "));
    assert_null(strstr(text, "attach, ended")); /* there was none */
    assert_non_null(strstr(text, "Waiting: webhook noc 7"));
    assert_non_null(strstr(text, "On record: eNBs 2   live 3"));
    free(text);
    json_decref(v);
}

static void what_only_the_repository_counts_is_a_listener(void **state)
{
    (void)state;
#define REPO(ok, no)                                                                               \
    "bindery_repo_answers_total{cause=\"ok\"} " ok                                                 \
    "\nbindery_repo_answers_total{cause=\"no-grant\"} " no "\n"
    json_t *v = view_of(REPO("1", "0"), REPO("21", "4"));
    holds(row_of(v, "listeners", 0), "listener", "https");
    assert_true(number(v, "listeners", 0, "requests_per_second") == 12);
    assert_true(number(v, "listeners", 0, "refused_per_second") == 2);
    json_decref(v);
}

/* More peers than fit leave room for what comes behind them. */
static void no_list_takes_the_whole_screen(void **state)
{
    (void)state;
    static char before[8192];
    size_t k = 0;
    for (unsigned i = 0; i < 100; i++) {
        k += (size_t)snprintf(before + k, sizeof before - k,
                              "bindery_peer_connections{peer=\"peer-%u\"} 1\n", i);
    }
    snprintf(before + k, sizeof before - k, "bindery_mme_refusals_total{cause=\"why\"} 1\n");
    json_t *v = view_of(before, before);
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    top_show(to, v, 24, 80);
    fclose(to);
    assert_non_null(strstr(text, "  and 94 more"));
    assert_non_null(strstr(text, "\nwhy "));
    free(text);
    json_decref(v);
}

static void not_ready_is_said_at_once(void **state)
{
    (void)state;
    json_t *v = view_of(READING("1", "1", "1", "0"), READING("2", "2", "2", "0"));
    char *text = NULL;
    size_t n = 0;
    FILE *to = open_memstream(&text, &n);
    top_show(to, v, 0, 0);
    fclose(to);
    assert_non_null(strstr(text, "NOT READY"));
    assert_non_null(strstr(text, "GOOD FOR"));
    free(text);
    json_decref(v);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(samples_are_read_with_their_labels),
        cmocka_unit_test(what_is_no_text_of_metrics_is_refused),
        cmocka_unit_test(no_prefix_is_read_past_its_end),
        cmocka_unit_test(quantiles_are_of_what_came_between),
        cmocka_unit_test(rates_are_differences_by_time),
        cmocka_unit_test(the_screen_is_never_overrun),
        cmocka_unit_test(not_ready_is_said_at_once),
        cmocka_unit_test(other_daemons_show_times_listeners_and_what_is_on_record),
        cmocka_unit_test(what_only_the_repository_counts_is_a_listener),
        cmocka_unit_test(no_list_takes_the_whole_screen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
