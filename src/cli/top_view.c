#include "cli/top_view.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define DAY_S          86400
#define COUNTERS_SHOWN 12u
#define EXPIRIES_SHOWN 5u

struct two { /* readings */
    const struct top_text *before, *now;
    double seconds;
};

/* A program that started anew counts from 0. */
static double per_second(const struct two *t, const struct top_sample *s)
{
    const struct top_sample *was = top_same(t->before, s);
    const double d = s->value - (was != NULL && was->value <= s->value ? was->value : 0);
    return t->seconds > 0 ? d / t->seconds : 0;
}

static json_t *real(double v)
{
    const bool fits = v > -1e15 && v < 1e15; /* and is a number */
    return json_real(fits ? (double)(long long)(v * 1000 + (v < 0 ? -0.5 : 0.5)) / 1000 : 0);
}

static json_t *milliseconds(const struct two *t, const char *command, double q)
{
    const double v =
        top_quantile(t->before, t->now, "bindery_hss_answer_seconds", "command", command, q);
    return v < 0 ? json_null() : real(v * 1000);
}

/* ---- the parts ---- */

static json_t *commands_of(const struct two *t)
{
    json_t *list = json_array();
    for (size_t i = 0; i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        if (strcmp(s->name, "bindery_hss_requests_total") != 0 ||
            strcmp(top_label(s, "result"), "success") != 0) {
            continue;
        }
        const char *command = top_label(s, "command");
        const double refused =
            (top_sum(t->now, s->name, "command", command) - s->value) -
            (top_sum(t->before, s->name, "command", command) -
             (top_same(t->before, s) != NULL ? top_same(t->before, s)->value : 0));
        (void)json_array_append_new(
            list,
            json_pack("{s:s,s:o,s:o,s:o,s:o}", "command", command, "per_second",
                      real(per_second(t, s)), "refused_per_second",
                      real(t->seconds > 0 && refused > 0 ? refused / t->seconds : 0), "p50_ms",
                      milliseconds(t, command, 0.5), "p99_ms", milliseconds(t, command, 0.99)));
    }
    return list;
}

/* Histograms beside those of commands: what one of them is called. */
static const struct {
    const char *count, *label, *before, *after;
} timed[] = {
    {"bindery_mme_attach_seconds_count", "result", "attach, ", ""},
    {"bindery_mme_hss_answer_seconds_count", "command", "", " to a home network"},
    {"bindery_dausf_answer_seconds_count", "command", "", ""},
    {"bindery_https_answer_seconds_count", "route", "", ""},
    {"bindery_hss_store_commit_seconds_count", "", "commit of the store", ""},
};

static json_t *quantile_ms(const struct two *t, const struct top_sample *count, double q)
{
    const double v = top_quantile_like(t->before, t->now, count, q);
    return v < 0 ? json_null() : real(v * 1000);
}

static json_t *times_of(const struct two *t)
{
    json_t *list = json_array();
    for (size_t k = 0; k < sizeof timed / sizeof *timed; k++) {
        for (size_t i = 0; i < t->now->n; i++) {
            const struct top_sample *s = &t->now->samples[i];
            char what[160];
            if (strcmp(s->name, timed[k].count) != 0) {
                continue;
            }
            (void)snprintf(what, sizeof what, "%s%.100s%s", timed[k].before,
                           top_label(s, timed[k].label), timed[k].after);
            (void)json_array_append_new(
                list, json_pack("{s:s,s:s,s:I,s:o,s:o,s:o}", "what", what, "listener",
                                top_label(s, "listener"), "count", (json_int_t)s->value,
                                "per_second", real(per_second(t, s)), "p50_ms",
                                quantile_ms(t, s, 0.5), "p99_ms", quantile_ms(t, s, 0.99)));
        }
    }
    return list;
}

static bool is_refusal(const struct top_sample *s)
{
    return (strcmp(s->name, "bindery_hss_requests_total") == 0 &&
            strcmp(top_label(s, "result"), "success") != 0) ||
           strcmp(s->name, "bindery_mme_refusals_total") == 0 ||
           strcmp(s->name, "bindery_dausf_refusals_total") == 0 ||
           strcmp(s->name, "bindery_https_refused_total") == 0 ||
           (strcmp(s->name, "bindery_repo_answers_total") == 0 &&
            strcmp(top_label(s, "cause"), "ok") != 0);
}

struct row { /* to be ordered: the smallest first */
    const struct top_sample *s;
    double by, then_by;
};

static int compare(const void *a, const void *b)
{
    const struct row *x = a, *y = b;
    return x->by != y->by             ? (x->by < y->by ? -1 : 1)
           : x->then_by != y->then_by ? (x->then_by < y->then_by ? -1 : 1)
                                      : 0;
}

static json_t *refusal(const struct two *t, const struct top_sample *s)
{
    const char *cause = top_label(s, "result");
    return json_pack("{s:s,s:s,s:s,s:I,s:o}", "cause",
                     *cause != '\0' ? cause : top_label(s, "cause"), "command",
                     top_label(s, "command"), "listener", top_label(s, "listener"), "count",
                     (json_int_t)s->value, "per_second", real(per_second(t, s)));
}

/* Those that happen now first. */
static json_t *refusals_of(const struct two *t)
{
    size_t n = 0;
    json_t *list = json_array();
    struct row *rows = calloc(t->now->n + 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        if (is_refusal(s) && s->value > 0) {
            rows[n++] = (struct row){s, -per_second(t, s), -s->value};
        }
    }
    if (rows != NULL) {
        qsort(rows, n, sizeof *rows, compare);
    }
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, refusal(t, rows[i].s));
    }
    free(rows);
    return list;
}

static double of_peer(const struct two *t, const char *name, const char *peer)
{
    for (size_t i = 0; i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        if (strcmp(s->name, name) == 0 && strcmp(top_label(s, "peer"), peer) == 0) {
            return per_second(t, s);
        }
    }
    return 0;
}

static json_t *peer(const struct two *t, const struct top_sample *s)
{
    const char *name = top_label(s, "peer");
    return json_pack("{s:s,s:I,s:o,s:o}", "peer", name, "connections", (json_int_t)s->value,
                     "requests_per_second", real(of_peer(t, "bindery_peer_requests_total", name)),
                     "answers_per_second", real(of_peer(t, "bindery_peer_answers_total", name)));
}

/* Those that are not connected first, then those that ask most. */
static json_t *peers_of(const struct two *t)
{
    size_t n = 0;
    json_t *list = json_array();
    struct row *rows = calloc(t->now->n + 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        if (strcmp(s->name, "bindery_peer_connections") == 0) {
            rows[n++] = (struct row){
                s, s->value > 0, -of_peer(t, "bindery_peer_requests_total", top_label(s, "peer"))};
        }
    }
    if (rows != NULL) {
        qsort(rows, n, sizeof *rows, compare);
    }
    for (size_t i = 0; i < n; i++) {
        (void)json_array_append_new(list, peer(t, rows[i].s));
    }
    free(rows);
    return list;
}

/* Of all samples with this label value, or of all where label is NULL. */
static double sum_per_second(const struct two *t, const char *name, const char *label,
                             const char *value)
{
    double sum = 0;
    for (size_t i = 0; i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        if (strcmp(s->name, name) == 0 &&
            (label == NULL || strcmp(top_label(s, label), value) == 0)) {
            sum += per_second(t, s);
        }
    }
    return sum;
}

static json_t *listener(const char *name, double requests, double refused)
{
    return json_pack("{s:s,s:o,s:o}", "listener", name, "requests_per_second", real(requests),
                     "refused_per_second", real(refused));
}

static json_t *listeners_of(const struct two *t)
{
    static const char answers[] = "bindery_repo_answers_total";
    json_t *list = json_array();
    for (size_t i = 0; i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        const char *name = top_label(s, "listener");
        if (strcmp(s->name, "bindery_https_requests_total") == 0) {
            (void)json_array_append_new(
                list, listener(name, per_second(t, s),
                               sum_per_second(t, "bindery_https_refused_total", "listener", name)));
        } else if (strcmp(s->name, answers) == 0 && strcmp(top_label(s, "cause"), "ok") == 0) {
            const double all = sum_per_second(t, answers, NULL, NULL);
            (void)json_array_append_new(list, listener("https", all, all - per_second(t, s)));
        }
    }
    return list;
}

static void add_queue(const struct two *t, json_t *list, const char *label, const char *name,
                      const char *room)
{
    for (size_t i = 0; i < t->now->n; i++) {
        if (strcmp(t->now->samples[i].name, name) == 0) {
            (void)json_array_append_new(
                list,
                json_pack("{s:s,s:I,s:o}", "queue", label, "waiting",
                          (json_int_t)t->now->samples[i].value, "room",
                          room != NULL ? json_integer((json_int_t)top_sum(t->now, room, NULL, NULL))
                                       : json_null()));
            return;
        }
    }
}

/* One for each that a label names. */
static void add_queues(const struct two *t, json_t *list, const char *what, const char *label,
                       const char *name)
{
    char text[160];
    for (size_t i = 0; i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        if (strcmp(s->name, name) == 0) {
            (void)snprintf(text, sizeof text, "%s %.100s", what, top_label(s, label));
            (void)json_array_append_new(list, json_pack("{s:s,s:I,s:n}", "queue", text, "waiting",
                                                        (json_int_t)s->value, "room"));
        }
    }
}

/* What is on record, by what became of it. */
static json_t *records_of(const struct two *t)
{
    static const struct {
        const char *name, *what, *label;
    } all[] = {
        {"bindery_hss_subscribers", "subscribers", NULL},
        {"bindery_hss_devices", "devices", NULL},
        {"bindery_mme_enbs", "eNBs", NULL},
        {"bindery_repo_last_serial", "last serial", NULL},
        {"bindery_repo_grants", "grants", NULL},
        {"bindery_arpf_releases", NULL, "phase"},
        {"bindery_dausf_entries", NULL, "phase"},
        {"bindery_rsmf_deliveries", NULL, "phase"},
    };
    json_t *list = json_array();
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        for (size_t i = 0; i < t->now->n; i++) {
            const struct top_sample *s = &t->now->samples[i];
            if (strcmp(s->name, all[k].name) == 0) {
                const char *what = all[k].label != NULL ? top_label(s, all[k].label) : all[k].what;
                (void)json_array_append_new(
                    list, json_pack("{s:s,s:I}", "what", what, "count", (json_int_t)s->value));
            }
        }
    }
    return list;
}

static json_t *queues_of(const struct two *t)
{
    json_t *list = json_array();
    add_queue(t, list, "store", "bindery_hss_writer_queue_jobs",
              "bindery_hss_writer_queue_room_jobs");
    add_queue(t, list, "kme payloads", "bindery_hss_kme_payloads_waiting", NULL);
    add_queue(t, list, "attaching", "bindery_mme_attaching", "bindery_mme_attaching_room");
    add_queue(t, list, "devices", "bindery_mme_ues", "bindery_mme_ues_room");
    add_queues(t, list, "repository", "repository", "bindery_hss_repository_waiting_inquiries");
    add_queues(t, list, "webhook", "webhook", "bindery_hss_webhook_waiting_events");
    return list;
}

static json_t *store_of(const struct two *t)
{
    const double commits = sum_per_second(t, "bindery_hss_store_commits_total", "result", "done") +
                           sum_per_second(t, "bindery_arpf_store_commits_total", NULL, NULL);
    return json_pack(
        "{s:I,s:I,s:I,s:o}", "bytes",
        (json_int_t)top_sum(t->now, "bindery_store_size_bytes", "part", "main"), "log_bytes",
        (json_int_t)top_sum(t->now, "bindery_store_size_bytes", "part", "log"), "disk_free_bytes",
        (json_int_t)top_sum(t->now, "bindery_store_disk_free_bytes", NULL, NULL),
        "commits_per_second", real(commits));
}

/* Of what is over: below 0. */
static json_int_t whole_days(double seconds)
{
    const json_int_t s = (json_int_t)seconds;
    return s >= 0 ? s / DAY_S : -((-s + DAY_S - 1) / DAY_S);
}

static json_t *expiries_of(const struct two *t, double now_unix)
{
    size_t n = 0;
    json_t *list = json_array();
    struct row *rows = calloc(t->now->n + 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        if (strcmp(s->name, "bindery_certificate_expiry_timestamp_seconds") == 0 ||
            strcmp(s->name, "bindery_revocation_list_expiry_timestamp_seconds") == 0) {
            rows[n++] = (struct row){s, s->value, 0};
        }
    }
    if (rows != NULL) {
        qsort(rows, n, sizeof *rows, compare);
    }
    for (size_t i = 0; i < n && i < EXPIRIES_SHOWN; i++) {
        (void)json_array_append_new(list,
                                    json_pack("{s:s,s:s,s:I}", "use", top_label(rows[i].s, "use"),
                                              "file", top_label(rows[i].s, "file"), "days",
                                              whole_days(rows[i].by - now_unix)));
    }
    free(rows);
    return list;
}

static bool ends_total(const char *name)
{
    const size_t n = strlen(name);
    return n > 6 && strcmp(name + n - 6, "_total") == 0;
}

static json_t *counters_of(const struct two *t)
{
    size_t n = 0;
    json_t *list = json_array();
    struct row *rows = calloc(t->now->n + 1, sizeof *rows);
    for (size_t i = 0; rows != NULL && i < t->now->n; i++) {
        const struct top_sample *s = &t->now->samples[i];
        const double rate = s->n_labels == 0 && ends_total(s->name) ? per_second(t, s) : 0;
        if (rate > 0) {
            rows[n++] = (struct row){s, -rate, 0};
        }
    }
    if (rows != NULL) {
        qsort(rows, n, sizeof *rows, compare);
    }
    for (size_t i = 0; i < n && i < COUNTERS_SHOWN; i++) {
        (void)json_array_append_new(list, json_pack("{s:s,s:I,s:o}", "counter", rows[i].s->name,
                                                    "count", (json_int_t)rows[i].s->value,
                                                    "per_second", real(-rows[i].by)));
    }
    free(rows);
    return list;
}

static json_t *causes_of(const struct top_text *now)
{
    json_t *list = json_array();
    for (size_t i = 0; i < now->n; i++) {
        const struct top_sample *s = &now->samples[i];
        if (strcmp(s->name, "bindery_not_ready") == 0 && s->value > 0) {
            (void)json_array_append_new(list, json_string(top_label(s, "cause")));
        }
    }
    return list;
}

json_t *top_view(const struct top_text *before, const struct top_text *now, double seconds,
                 double now_unix)
{
    static const struct top_sample none = {.name = ""};
    const struct two t = {before, now, seconds};
    const struct top_sample *build = &none;
    for (size_t i = 0; i < now->n; i++) {
        build = strcmp(now->samples[i].name, "bindery_build_info") == 0 ? &now->samples[i] : build;
    }
    const double started = top_sum(now, "bindery_start_time_seconds", NULL, NULL);
    return json_pack("{s:s,s:s,s:I,s:b,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o,s:o}", "program",
                     top_label(build, "program"), "version", top_label(build, "version"),
                     "uptime_seconds", (json_int_t)(now_unix > started ? now_unix - started : 0),
                     "ready", top_sum(now, "bindery_ready", NULL, NULL) > 0, "not_ready",
                     causes_of(now), "seconds", real(seconds), "commands", commands_of(&t), "times",
                     times_of(&t), "refusals", refusals_of(&t), "listeners", listeners_of(&t),
                     "records", records_of(&t), "peers", peers_of(&t), "queues", queues_of(&t),
                     "store", store_of(&t), "expiries", expiries_of(&t, now_unix), "counters",
                     counters_of(&t));
}
