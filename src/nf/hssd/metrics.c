#include "nf/hssd/metrics.h"

#include "nf/hssd/kme_pool.h"
#include "nf/hssd/lots.h"
#include "nf/hssd/peers.h"
#include "nf/hssd/thread.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct hssd_metrics {
    struct hssd *h;
    struct metrics_desk *desk;
    struct store_reader *reader; /* of the thread that looks at files */
    struct store_reader *own;    /* of the control thread */
    _Atomic uint64_t subscribers, devices;
    atomic_bool unreadable; /* the store, when rows were counted last */
    size_t resting;
};

/* ---- is it ready? ---- */

/* On the thread that looks at files: with millions of rows it takes its time. */
static void count_rows(void *ctx)
{
    struct hssd_metrics *m = ctx;
    uint64_t subscribers = 0, devices = 0;
    const enum err err = store_count(m->reader, &subscribers, &devices);
    atomic_store(&m->unreadable, err != E_OK);
    if (err == E_OK) {
        atomic_store(&m->subscribers, subscribers);
        atomic_store(&m->devices, devices);
    }
}

/* Seconds that the mark still allows; below 0: none. */
static int64_t mark_left(struct hssd *h)
{
    const int64_t glc = (int64_t)sqn_glc(&h->clock, hssd_monotonic_ms());
    return ((int64_t)atomic_load(&h->mark) - glc) / (int64_t)SQN_TICKS_PER_SECOND;
}

static unsigned broken_threads(struct hssd *h)
{
    unsigned n = 0;
    for (unsigned i = 0; i < h->n_threads; i++) {
        n += hssd_thread_is_broken(h->threads[i]);
    }
    return n;
}

static void on_health(void *ctx, struct metrics_health *out)
{
    struct hssd_metrics *m = ctx;
    struct hssd *h = m->h;
    char detail[METRICS_DETAIL_MAX];
    const unsigned broken = broken_threads(h);
    if (writer_is_failing(h->writer)) {
        (void)snprintf(detail, sizeof detail, "%.100s%s%s", h->config->store_path,
                       writer_is_full(h->writer) ? ": " : "",
                       writer_is_full(h->writer) ? err_sentence(E_DISK_FULL) : "");
        metrics_unready(out, METRICS_STORE_NOT_WRITABLE, detail);
    }
    if (atomic_load(&m->unreadable)) {
        metrics_unready(out, METRICS_STORE_NOT_READABLE, h->config->store_path);
    }
    if (sqn_glc(&h->clock, hssd_monotonic_ms()) > atomic_load(&h->mark)) {
        metrics_unready(out, METRICS_MARK_EXPIRED, NULL);
    }
    if (writer_depth(h->writer) >= h->config->limits.writer_queue) {
        metrics_unready(out, METRICS_WRITER_FULL, NULL);
    }
    if (broken > 0) {
        (void)snprintf(detail, sizeof detail, "%u of %u", broken, h->n_threads);
        metrics_unready(out, METRICS_THREAD_ENDED, detail);
    }
    if (m->resting > 0) {
        (void)snprintf(detail, sizeof detail, "%zu of the listeners", m->resting);
        metrics_unready(out, METRICS_LISTENER_RESTING, detail);
    }
}

/* ---- requests ---- */

static void write_results(struct metrics_text *t, const struct hssd_timed_sum *sum)
{
    const struct metric *m = metrics_of(METRICS_HSS_REQUESTS);
    metrics_begin(t, m);
    for (unsigned c = 0; c < HSSD_TIMED_COUNT; c++) {
        for (unsigned r = 0; r < REFUSAL_COUNT; r++) {
            const char *result = r == REFUSAL_NONE ? "success" : refusal_row((enum refusal)r)->name;
            const struct metrics_label labels[] = {{"command", hssd_timed_name((enum hssd_timed)c)},
                                                   {"result", result}};
            if (sum->results[c][r] > 0 || r == REFUSAL_NONE) {
                metrics_sample(t, m, labels, 2, sum->results[c][r]);
            }
        }
    }
}

static void write_times(struct metrics_text *t, const struct hssd_timed_sum *sum)
{
    const struct metric *m = metrics_of(METRICS_HSS_LATENCY);
    metrics_begin(t, m);
    for (unsigned c = 0; c < HSSD_TIMED_COUNT; c++) {
        const struct metrics_label label = {"command", hssd_timed_name((enum hssd_timed)c)};
        metrics_sample_times(t, m, &label, 1, &sum->times[c]);
    }
}

static void write_requests(struct metrics_text *t, struct hssd *h)
{
    struct hssd_timed_sum *sum = calloc(1, sizeof *sum);
    if (sum == NULL) {
        t->failed = true;
        return;
    }
    for (unsigned i = 0; i < h->n_threads; i++) {
        hssd_timed_add(hssd_thread_timings(h->threads[i]), sum);
    }
    write_results(t, sum);
    write_times(t, sum);
    free(sum);
}

static void write_counters(struct metrics_text *t, struct hssd *h)
{
#define X(name)                                                                                    \
    metrics_counter(t, METRICS_OF_HSS, #name,                                                      \
                    atomic_load_explicit(&h->counters.name, memory_order_relaxed));
    HSSD_COUNTERS(X)
#undef X
}

/* ---- peers and their connections ---- */

static bool read_peer(void *ctx, size_t i, struct metrics_peer *out)
{
    size_t n = 0;
    struct hssd_peer_state *const *peers = hssd_peers_all(ctx, &n);
    if (i >= n) {
        return false;
    }
    const struct hssd_peer *peer = peers[i]->peer;
    *out = (struct metrics_peer){peer->origin_host, atomic_load(&peers[i]->connections),
                                 atomic_load_explicit(&peers[i]->requests, memory_order_relaxed),
                                 atomic_load_explicit(&peers[i]->answers, memory_order_relaxed)};
    return true;
}

static void write_one(struct metrics_text *t, const char *name, const char *help, uint64_t value,
                      bool now)
{
    char full[96];
    (void)snprintf(full, sizeof full, "bindery_hss_diameter_%s%s", name, now ? "" : "_total");
    const struct metric m = {full, now ? METRIC_GAUGE : METRIC_COUNTER, "", help};
    metrics_one(t, &m, value);
}

static void write_connections(struct metrics_text *t, struct hssd *h)
{
    struct node_stats sum = {.open = 0};
    for (unsigned i = 0; i < h->n_threads; i++) {
        struct node_stats one;
        hssd_thread_stats(h->threads[i], &one);
#define X(name, text) sum.name += one.name;
        NODE_COUNTERS(X)
#undef X
    }
#define X(name, text)                                                                              \
    write_one(t, #name, "Diameter: " text ".", sum.name,                                           \
              strcmp(#name, "open") == 0 || strcmp(#name, "held") == 0);
    NODE_COUNTERS(X)
#undef X
}

/* ---- the store and its writer ---- */

static void write_store(struct metrics_text *t, struct hssd_metrics *m)
{
    struct writer_stats w;
    struct hssd *h = m->h;
    const struct metric *commits = metrics_of(METRICS_HSS_COMMITS);
    const struct metric *times = metrics_of(METRICS_HSS_COMMIT_TIME);
    const struct metrics_label done = {"result", "done"}, failed = {"result", "failed"};
    writer_stats(h->writer, &w);
    metrics_one(t, metrics_of(METRICS_HSS_WRITER_WAITING), writer_depth(h->writer));
    metrics_one(t, metrics_of(METRICS_HSS_WRITER_ROOM), h->config->limits.writer_queue);
    metrics_begin(t, commits);
    metrics_sample(t, commits, &done, 1, w.committed);
    metrics_sample(t, commits, &failed, 1, w.failed);
    metrics_begin(t, times);
    metrics_sample_times(t, times, NULL, 0, &w.times);
    metrics_begin(t, metrics_of(METRICS_HSS_MARK_LEFT));
    metrics_sample_signed(t, metrics_of(METRICS_HSS_MARK_LEFT), NULL, 0, mark_left(h), true);
    metrics_one(t, metrics_of(METRICS_HSS_MARK_BESIDE), atomic_load(&h->mark_is_beside));
    metrics_one(t, metrics_of(METRICS_HSS_SUBSCRIBERS), atomic_load(&m->subscribers));
    metrics_one(t, metrics_of(METRICS_HSS_DEVICES), atomic_load(&m->devices));
}

/* ---- repositories ---- */

static void write_answers(struct metrics_text *t, const struct repository_state *all, size_t n)
{
    const struct metric *m = metrics_of(METRICS_HSS_REPOSITORY_ANSWERS);
    metrics_begin(t, m);
    for (size_t i = 0; i < n; i++) {
        struct metrics_label labels[] = {{"repository", all[i].repository->name}, {"result", ""}};
#define X(name)                                                                                    \
    labels[1].value = #name;                                                                       \
    metrics_sample(t, m, labels, 2, all[i].name);
        REPOSITORY_COUNTERS(X)
#undef X
    }
}

static void write_repositories(struct metrics_text *t, struct hssd *h)
{
    static const enum metrics_id ids[] = {METRICS_HSS_REPOSITORY_UP,
                                          METRICS_HSS_REPOSITORY_WAITING};
    struct repository_state all[HSSD_REPOSITORIES_MAX];
    const size_t have = h->repositories != NULL ? repositories_count(h->repositories) : 0;
    const size_t n = have < HSSD_REPOSITORIES_MAX ? have : HSSD_REPOSITORIES_MAX;
    if (n == 0) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        repositories_state(h->repositories, i, &all[i]);
    }
    metrics_one(t, metrics_of(METRICS_HSS_CACHED), repositories_cached(h->repositories));
    for (unsigned k = 0; k < 2; k++) {
        metrics_begin(t, metrics_of(ids[k]));
        for (size_t i = 0; i < n; i++) {
            const struct metrics_label label = {"repository", all[i].repository->name};
            const uint64_t values[] = {all[i].state == REPOSITORY_UP, all[i].waiting};
            metrics_sample(t, metrics_of(ids[k]), &label, 1, values[k]);
        }
    }
    write_answers(t, all, n);
}

/* ---- all ---- */

static void on_write(void *ctx, struct metrics_text *t)
{
    struct hssd_metrics *m = ctx;
    struct hssd *h = m->h;
    metrics_one(t, metrics_of(METRICS_HSS_THREADS), h->n_threads - broken_threads(h));
    write_requests(t, h);
    write_counters(t, h);
    metrics_peers(t, read_peer, h);
    write_connections(t, h);
    write_store(t, m);
    metrics_one(t, metrics_of(METRICS_HSS_PAYLOADS),
                h->kme_pool != NULL ? kme_pool_waiting(h->kme_pool) : 0);
    metrics_one(t, metrics_of(METRICS_HSS_LOTS), lots_count(h->lots));
    write_repositories(t, h);
    hssd_metrics_webhooks(t, h, m->own);
}

/* ---- start and stop ---- */

enum err hssd_metrics_open(struct hssd *h, struct uv_loop_s *loop, struct metrics_port_why *why)
{
    const struct hssd_config *config = h->config;
    struct hssd_metrics *m = calloc(1, sizeof *m);
    (void)snprintf(why->text, sizeof why->text, "metrics: %s", err_sentence(E_MEMORY));
    if (m == NULL) {
        return E_MEMORY;
    }
    m->h = h;
    h->metrics = m;
    const struct metrics_desk_options options = {.program = "bindery-hssd",
                                                 .started_unix = h->started_unix,
                                                 .ctx = m,
                                                 .write = on_write,
                                                 .health = on_health,
                                                 .also = count_rows,
                                                 .files = hssd_metrics_files,
                                                 .log = h->log};
    enum err err = store_reader_open(h->store, &m->reader);
    if (err == E_OK) {
        err = store_reader_open(h->store, &m->own);
    }
    if (err == E_OK) {
        err = metrics_desk_open(&options, &config->metrics, config, loop, &m->desk, why);
    }
    return err;
}

void hssd_metrics_close(struct hssd *h)
{
    struct hssd_metrics *m = h->metrics;
    if (m == NULL) {
        return;
    }
    h->metrics = NULL;
    metrics_desk_close(m->desk);
    store_reader_close(m->reader);
    store_reader_close(m->own);
    free(m);
}

struct metrics_desk *hssd_metrics_desk(const struct hssd *h)
{
    return h->metrics != NULL ? h->metrics->desk : NULL;
}

const struct metrics_source *hssd_metrics_source(const struct hssd *h)
{
    return metrics_desk_source(hssd_metrics_desk(h));
}

void hssd_metrics_resting(struct hssd *h, size_t listeners)
{
    if (h->metrics != NULL) {
        h->metrics->resting = listeners;
    }
}
