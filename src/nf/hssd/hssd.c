#include "nf/hssd/hssd.h"

#include "crypto/openssl.h"
#include "net/socket.h"
#include "net/tls.h"
#include "nf/hssd/admit.h"
#include "nf/hssd/backups.h"
#include "nf/hssd/dimsi.h"
#include "nf/hssd/event_feed.h"
#include "nf/hssd/imports.h"
#include "nf/hssd/inquiry.h"
#include "nf/hssd/key_job.h"
#include "nf/hssd/kme_pool.h"
#include "nf/hssd/lots.h"
#include "nf/hssd/onboarding.h"
#include "nf/hssd/peers.h"
#include "nf/hssd/profiles.h"
#include "nf/hssd/push.h"
#include "nf/hssd/reload.h"
#include "nf/hssd/routes.h"
#include "nf/hssd/snapshots.h"
#include "nf/hssd/thread.h"
#include "nf/hssd/webhook.h"
#include "store/store_mark.h"

#include <inttypes.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the mark: no GLC value above it is issued, and it is stored first ---- */

static enum err mark_run(struct store_writer *w, struct writer_job *job)
{
    struct hssd *h = (struct hssd *)((char *)job - offsetof(struct hssd, mark_job));
    /* What is there already SQLite does not write, and then a probe would tell nothing. */
    enum err err = store_set_mark(w, h->mark_next - 1);
    return err == E_OK ? store_set_mark(w, h->mark_next) : err;
}

/* The store does not take it: the file beside it. On the writer's thread, where it takes as long as
 * a commit does. */
static void mark_beside(struct hssd *h)
{
    if (h->mark_next <= atomic_load(&h->mark)) {
        return; /* it was only to see whether the store can be written again */
    }
    if (h->mark_file == NULL || store_mark_put(h->mark_file, h->mark_next) != E_OK) {
        log_line(h->log, LOG_LEVEL_ERROR, "mark-not-stored", NULL, 0);
        return;
    }
    atomic_store_explicit(&h->mark, h->mark_next, memory_order_release);
    if (!atomic_exchange(&h->mark_is_beside, true)) {
        hssd_event(h, "mark-beside-store", NULL, NULL, NULL, NULL, "");
    }
}

static void mark_done(struct writer_job *job)
{
    struct hssd *h = (struct hssd *)((char *)job - offsetof(struct hssd, mark_job));
    if (job->result == E_OK) {
        atomic_store_explicit(&h->mark, h->mark_next, memory_order_release);
        atomic_store(&h->mark_is_beside, false);
    } else {
        mark_beside(h);
    }
    atomic_store(&h->mark_pending, false);
}

/* ---- can the store be written? ---- */

static enum err why_not_writable(struct hssd *h, char detail[static 160])
{
    const enum err err = writer_is_full(h->writer) ? E_DISK_FULL : E_IO;
    struct snapshot *held = snapshot_hold(h);
    (void)snprintf(detail, 160, "%.100s: %.50s", h->config->store_path, err_sentence(err));
    snapshot_release(held);
    return err;
}

/* On the writer's thread, once for each change. The log has it at once; whether the list of events
 * does shows when it can be written. */
static void on_store_turned(void *ctx, bool failing)
{
    struct hssd *h = ctx;
    char detail[160];
    if (failing) {
        const enum err err = why_not_writable(h, detail);
        h->unwritable_since_ms = hssd_monotonic_ms();
        hssd_event(h, "store-not-writable", NULL, NULL, NULL, err_name(err), detail);
    } else {
        (void)snprintf(detail, sizeof detail, "after %" PRIu64 " s",
                       (hssd_monotonic_ms() - h->unwritable_since_ms) / 1000);
        hssd_event(h, "store-writable-again", NULL, NULL, NULL, NULL, detail);
    }
}

void hssd_tick(struct hssd *h)
{
    uint64_t next;
    onboarding_tick(h);
    hss_dimsi_tick(h);
    imports_tick(h);
    hssd_reload_tick(h);
    webhooks_tick(h->webhooks);
    backups_tick(h->backups);
    uint64_t glc = sqn_glc(&h->clock, hssd_monotonic_ms());
    if (!sqn_mark_due(glc, atomic_load(&h->mark), &next)) {
        next = atomic_load(&h->mark); /* written once more: can the store be written again? */
        if (!writer_wants_probe(h->writer)) {
            return;
        }
    }
    if (atomic_exchange(&h->mark_pending, true)) {
        return;
    }
    h->mark_next = next;
    h->mark_job = (struct writer_job){.run = mark_run, .done = mark_done, .probes = true};
    if (writer_submit(h->writer, &h->mark_job) != E_OK) {
        atomic_store(&h->mark_pending, false); /* the next tick tries again */
    }
}

/* Before the first vector: the clock begins above what any earlier run may have issued. */
static enum err mark_start(struct hssd *h, struct store_reader *reader, struct store_why *why)
{
    uint64_t stored = 0;
    uint64_t beside = 0;
    uint64_t next = 0;
    struct store_writer *w = store_the_writer(h->store);
    enum err err = store_read_mark(reader, &stored);
    if (err == E_OK) {
        err = store_mark_open(h->store, &h->mark_file, &beside, why);
    }
    if (err != E_OK) {
        return err;
    }
    stored = beside > stored ? beside : stored;
    uint64_t now_ms = hssd_monotonic_ms();
    h->clock = sqn_clock_start((uint64_t)hssd_unix_seconds() * 1000, now_ms, stored);
    if (!sqn_mark_due(sqn_glc(&h->clock, now_ms), stored, &next)) {
        atomic_store(&h->mark, stored);
        return E_OK;
    }
    if ((err = store_begin(w)) == E_OK && (err = store_set_mark(w, next)) == E_OK) {
        err = store_commit(w);
    }
    if (err != E_OK) {
        store_rollback(w);
        return err;
    }
    atomic_store(&h->mark, next);
    return E_OK;
}

/* ---- connections ---- */

struct crowd {
    uint64_t held;    /* connections of all threads */
    uint64_t waiting; /* those of them that have not got past their CER */
};
/* The thread with the fewest connections, and how many there are in all. */
static struct hssd_thread *thread_with_fewest(struct hssd *h, struct crowd *crowd)
{
    unsigned best = 0;
    uint64_t fewest = UINT64_MAX;
    *crowd = (struct crowd){0, 0};
    for (unsigned i = 0; i < h->n_threads; i++) {
        struct node_stats stats;
        unsigned at = (h->next_thread + i) % h->n_threads;
        hssd_thread_stats(h->threads[at], &stats);
        crowd->held += stats.held;
        crowd->waiting += stats.held > stats.open ? stats.held - stats.open : 0;
        if (stats.held < fewest) {
            fewest = stats.held;
            best = at;
        }
    }
    h->next_thread = best + 1;
    return h->threads[best];
}

static void not_adopted(struct hssd *h, int fd, const char *from, enum refusal why)
{
    atomic_fetch_add_explicit(&h->counters.peers_refused, 1, memory_order_relaxed);
    hssd_event(h, "peer-refused", NULL, NULL, NULL, refusal_row(why)->name, from);
    if (fd >= 0) {
        close(fd);
    }
}

void hssd_adopt(struct hssd *h, int fd, size_t listener)
{
    struct crowd crowd;
    const struct hssd_config *config = h->config;
    const struct hssd_limits *limits = &config->limits;
    enum transport transport = config->listeners[listener].address.transport;
    struct address remote = socket_remote(fd, transport);
    struct address_text at = address_print_ip(&remote);
    if (!hssd_address_may_be_a_peer(config, &remote)) {
        not_adopted(h, fd, at.s, REFUSAL_PEER_ADDRESS);
        return;
    }
    struct hssd_thread *t = thread_with_fewest(h, &crowd);
    if (crowd.held >= limits->connections || crowd.waiting >= limits->handshakes) {
        not_adopted(h, fd, at.s, REFUSAL_TOO_BUSY);
        return;
    }
    struct tls_context *tls = h->tls[listener];
    if (hssd_thread_adopt(t, fd, transport, tls) != E_OK) {
        not_adopted(h, -1, at.s, REFUSAL_TOO_BUSY); /* the node has closed it */
    }
}

/* ---- start ---- */

static enum err tls_start(struct hssd *h, struct store_why *why)
{
    struct tls_why reason = {""};
    enum err err = hssd_tls_open(h->config, &h->tls, &reason);
    if (err != E_OK && reason.text[0] != '\0') {
        snprintf(why->text, sizeof why->text, "%s", reason.text);
    }
    return err;
}

static enum err store_start(struct hssd *h, struct store_why *why)
{
    const struct store_options options = {
        .path = h->config->store_path, .kek_path = h->config->key_path, .create = true};
    struct store_reader *reader;
    enum err err = store_open(&options, &h->store, why);
    if (err != E_OK) {
        return err;
    }
    if ((err = store_reader_open(h->store, &reader)) != E_OK) {
        return err;
    }
    err = mark_start(h, reader, why);
    store_reader_close(reader);
    if (err == E_OK) {
        err = push_open(h, why);
    }
    if (err == E_OK) {
        err = eir_lists_open(h->store, h->log, h->config->limits.eir_rules, &h->eir, why);
    }
    if (err == E_OK) {
        err = lots_open(h->store, &h->lots, why);
    }
    if (err == E_OK) {
        err = crypto_openssl_open(&h->writers);
    }
    if (err == E_OK) {
        err = writer_start(h->store, h->config->limits.writer_queue, &h->writer);
    }
    if (err == E_OK) {
        writer_watch(h->writer, on_store_turned, h);
    }
    if (err == E_OK) {
        err = key_job_start(h);
    }
    if (err == E_OK) {
        imports_start(h);
    }
    return err;
}

static enum err tables_start(struct hssd *h)
{
    enum err err = hssd_peers_start(h);
    if (err == E_OK) {
        err = recent_open(h->config->limits.recent_subscribers, &h->recent);
    }
    return err == E_OK ? routes_open(h->config->limits.connections * HSSD_THREADS_MAX, &h->routes)
                       : err;
}

/* Those this process may run on: two threads on one core take turns of milliseconds, and a request
 * of one waits for a turn of the other. */
static unsigned cores(void)
{
    cpu_set_t set;
    int n = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 0;
    return n > 0 ? (unsigned)n : 1;
}

static unsigned threads_wanted(const struct hssd_config *config)
{
    unsigned n = config->limits.threads != 0 ? config->limits.threads : cores();
    return n > HSSD_THREADS_MAX ? HSSD_THREADS_MAX : n;
}

static enum err threads_start(struct hssd *h)
{
    unsigned wanted = threads_wanted(h->config);
    while (h->n_threads < wanted) {
        enum err err = hssd_thread_start(h, &h->threads[h->n_threads]);
        if (err != E_OK) {
            return err;
        }
        h->n_threads++;
    }
    return E_OK;
}

enum err hssd_start(struct hssd *h, const struct hssd_config *config, struct log *log,
                    struct store_why *why)
{
    h->config = config;
    h->log = log;
    h->started_unix = hssd_unix_seconds();
    why->text[0] = '\0';
    enum err err = snapshots_open(h);
    if (err == E_OK) {
        err = event_feed_open(&h->feed);
    }
    if (err == E_OK) {
        err = tls_start(h, why);
    }
    if (err == E_OK) {
        err = store_start(h, why);
    }
    if (err == E_OK) {
        err = tables_start(h);
    }
    if (err == E_OK) {
        err = hssd_repositories_start(h, why);
    }
    if (err == E_OK) {
        err = hssd_kme_pool_start(h, why);
    }
    if (err == E_OK) {
        err = onboarding_start(h, why);
    }
    if (err == E_OK) {
        err = hss_dimsi_start(h, why);
    }
    if (err == E_OK) {
        err = backups_open(h, &h->backups);
    }
    if (err == E_OK) {
        backups_tell_restored(h);
        profiles_tell_missing(h);
    }
    if (err == E_OK) {
        err = threads_start(h);
    }
    if (err == E_OK) {
        err = push_start(h, why);
    }
    if (err == E_OK) {
        err = webhooks_start(h, &h->webhooks);
    }
    if (err != E_OK) {
        if (why->text[0] == '\0') {
            snprintf(why->text, sizeof why->text, "the HSS could not be started: %s",
                     err_sentence(err));
        }
        why->err = err;
        hssd_stop(h);
    }
    return err;
}

void hssd_stop(struct hssd *h)
{
    backups_close(h->backups);
    h->backups = NULL;
    webhooks_stop(h->webhooks); /* how far each has come needs the writer */
    h->webhooks = NULL;
    push_quiesce(h);
    push_join(h); /* its changes need the writer, what it sends the threads */
    repositories_quiesce(h->repositories);
    kme_pool_quiesce(h->kme_pool); /* who waits is told while there is somebody to answer */
    onboarding_quiesce(h->onboarding);
    hss_dimsi_quiesce(h->dimsi);
    for (unsigned i = 0; i < h->n_threads; i++) {
        hssd_thread_ask_stop(h->threads[i]);
    }
    for (unsigned i = 0; i < h->n_threads; i++) {
        hssd_thread_stop(h->threads[i]);
    }
    repositories_join(h->repositories); /* their changes need the writer */
    kme_pool_close(h->kme_pool);        /* so does what it opened; nobody hands it any more */
    onboarding_join(h->onboarding);     /* so do subscriptions for devices */
    hss_dimsi_join(h->dimsi);
    key_job_close(h);
    /* What waits at a thread still runs when that is freed, and may name events: the writer refuses
     * them by then, but must be there. */
    writer_drain(h->writer);
    for (unsigned i = 0; i < h->n_threads; i++) {
        hssd_thread_free(h->threads[i]);
    }
    h->n_threads = 0;
    writer_stop(h->writer);
    store_mark_close(h->mark_file);
    h->mark_file = NULL;
    push_store_closes(h);
    repositories_close(h->repositories); /* the writer's jobs look at what was revoked */
    onboarding_close(h->onboarding);     /* and at what an authority may still have */
    hss_dimsi_close(h->dimsi);
    crypto_openssl_close(&h->writers);
    lots_close(h->lots);
    hssd_tls_close(h->config, h->tls);
    inquiry_rates_close(h->inquiry_rates);
    recent_close(h->recent);
    routes_close(h->routes);
    push_close(h);
    hssd_peers_stop(h);
    eir_lists_close(h->eir);
    store_close(h->store);
    event_feed_close(h->feed);
    h->feed = NULL;
    h->repositories = NULL;
    h->kme_pool = NULL;
    h->onboarding = NULL;
    h->dimsi = NULL;
    h->lots = NULL;
    h->inquiry_rates = NULL;
    h->tls = NULL;
    h->recent = NULL;
    h->routes = NULL;
    h->eir = NULL;
    h->writer = NULL;
    h->store = NULL;
    hssd_reload_close(h); /* snapshots: nobody looks into one any more */
}
