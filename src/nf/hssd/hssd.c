#include "nf/hssd/hssd.h"

#include "crypto/openssl.h"
#include "net/socket.h"
#include "net/tls.h"
#include "nf/hssd/admit.h"
#include "nf/hssd/inquiry.h"
#include "nf/hssd/kme_pool.h"
#include "nf/hssd/lots.h"
#include "nf/hssd/onboarding.h"
#include "nf/hssd/routes.h"
#include "nf/hssd/thread.h"

#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- the mark: no GLC value above it is issued, and it is stored first ---- */

static enum err mark_run(struct store_writer *w, struct writer_job *job)
{
    struct hssd *h = (struct hssd *)((char *)job - offsetof(struct hssd, mark_job));
    return store_set_mark(w, h->mark_next);
}

static void mark_done(struct writer_job *job)
{
    struct hssd *h = (struct hssd *)((char *)job - offsetof(struct hssd, mark_job));
    if (job->result == E_OK) {
        atomic_store_explicit(&h->mark, h->mark_next, memory_order_release);
    } else {
        log_line(h->log, LOG_LEVEL_ERROR, "mark-not-stored", NULL, 0);
    }
    atomic_store(&h->mark_pending, false);
}

void hssd_tick(struct hssd *h)
{
    uint64_t next;
    onboarding_tick(h);
    uint64_t glc = sqn_glc(&h->clock, hssd_monotonic_ms());
    if (!sqn_mark_due(glc, atomic_load(&h->mark), &next) ||
        atomic_exchange(&h->mark_pending, true)) {
        return;
    }
    h->mark_next = next;
    h->mark_job = (struct writer_job){.run = mark_run, .done = mark_done};
    if (writer_submit(h->writer, &h->mark_job) != E_OK) {
        atomic_store(&h->mark_pending, false); /* the next tick tries again */
    }
}

/* Before the first vector: the clock begins above what any earlier run may have issued. */
static enum err mark_start(struct hssd *h, struct store_reader *reader)
{
    uint64_t stored = 0;
    uint64_t next = 0;
    struct store_writer *w = store_the_writer(h->store);
    enum err err = store_read_mark(reader, &stored);
    if (err != E_OK) {
        return err;
    }
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

void hssd_adopt(struct hssd *h, int fd, const struct hssd_listener *listener)
{
    struct crowd crowd;
    const struct hssd_limits *limits = &h->config->limits;
    enum transport transport = listener->address.transport;
    struct address remote = socket_remote(fd, transport);
    struct address_text at = address_print_ip(&remote);
    if (!hssd_address_may_be_a_peer(h->config, &remote)) {
        not_adopted(h, fd, at.s, REFUSAL_PEER_ADDRESS);
        return;
    }
    struct hssd_thread *t = thread_with_fewest(h, &crowd);
    if (crowd.held >= limits->connections || crowd.waiting >= limits->handshakes) {
        not_adopted(h, fd, at.s, REFUSAL_TOO_BUSY);
        return;
    }
    struct tls_context *tls = h->tls[listener - h->config->listeners];
    if (hssd_thread_adopt(t, fd, transport, tls) != E_OK) {
        not_adopted(h, -1, at.s, REFUSAL_TOO_BUSY); /* the node has closed it */
    }
}

/* ---- start ---- */

static enum err tls_start(struct hssd *h, struct store_why *why)
{
    h->tls = calloc(h->config->n_listeners, sizeof(struct tls_context *));
    if (h->tls == NULL) {
        return E_MEMORY;
    }
    for (size_t i = 0; i < h->config->n_listeners; i++) {
        const struct hssd_listener *l = &h->config->listeners[i];
        const struct tls_files files = {l->certificate, l->key, l->ca};
        struct tls_why reason;
        if (l->address.transport != TRANSPORT_TLS) {
            continue;
        }
        enum err err = tls_context_open(&files, true, &h->tls[i], &reason);
        if (err != E_OK) {
            snprintf(why->text, sizeof why->text, "%s", reason.text);
            return err;
        }
    }
    return E_OK;
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
    err = mark_start(h, reader);
    store_reader_close(reader);
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
    return err;
}

static enum err tables_start(struct hssd *h)
{
    h->peers = calloc(h->config->n_peers + 1, sizeof *h->peers);
    if (h->peers == NULL) {
        return E_MEMORY;
    }
    for (size_t i = 0; i < h->config->n_peers; i++) {
        h->peers[i].peer = &h->config->peers[i];
    }
    enum err err = recent_open(h->config->limits.recent_subscribers, &h->recent);
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
    enum err err = tls_start(h, why);
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
        err = threads_start(h);
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
    repositories_quiesce(h->repositories);
    kme_pool_quiesce(h->kme_pool); /* who waits is told while there is somebody to answer */
    onboarding_quiesce(h->onboarding);
    for (unsigned i = 0; i < h->n_threads; i++) {
        hssd_thread_ask_stop(h->threads[i]);
    }
    for (unsigned i = 0; i < h->n_threads; i++) {
        hssd_thread_stop(h->threads[i]);
    }
    repositories_join(h->repositories); /* their changes need the writer */
    kme_pool_close(h->kme_pool);        /* so does what it opened; nobody hands it any more */
    onboarding_join(h->onboarding);     /* so do subscriptions for devices */
    /* What waits at a thread still runs when that is freed, and may name events: the writer refuses
     * them by then, but must be there. */
    writer_drain(h->writer);
    for (unsigned i = 0; i < h->n_threads; i++) {
        hssd_thread_free(h->threads[i]);
    }
    h->n_threads = 0;
    writer_stop(h->writer);
    repositories_close(h->repositories); /* the writer's jobs look at what was revoked */
    onboarding_close(h->onboarding);     /* and at what an authority may still have */
    crypto_openssl_close(&h->writers);
    lots_close(h->lots);
    for (size_t i = 0; h->tls != NULL && i < h->config->n_listeners; i++) {
        tls_context_close(h->tls[i]);
    }
    free(h->tls);
    inquiry_rates_close(h->inquiry_rates);
    recent_close(h->recent);
    routes_close(h->routes);
    free(h->peers);
    eir_lists_close(h->eir);
    store_close(h->store);
    h->repositories = NULL;
    h->kme_pool = NULL;
    h->onboarding = NULL;
    h->lots = NULL;
    h->inquiry_rates = NULL;
    h->tls = NULL;
    h->recent = NULL;
    h->routes = NULL;
    h->peers = NULL;
    h->eir = NULL;
    h->writer = NULL;
    h->store = NULL;
}
