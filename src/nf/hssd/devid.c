/* nf/hssd/devid.c - what the repositories need of this HSS: its clock, its events and its store. */
#include "nf/common/http_trace.h"
#include "nf/hssd/hssd.h"
#include "nf/hssd/inquiry.h"
#include "nf/hssd/kme_pool.h"
#include "nf/hssd/snapshots.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define INQUIRY_IMSIS 65536u

static uint64_t world_now(void *ctx)
{
    (void)ctx;
    return hssd_monotonic_ms();
}

static void world_event(void *ctx, const char *name, const char *repository,
                        const struct imei *imei, const char *cause, const char *detail)
{
    hssd_event(ctx, name, NULL, imei, repository, cause, detail);
}

/* Pulls of changes are left out: there would be little else in the trace. */
static void world_trace(void *ctx, const struct hssd_repository *r, const char *url,
                        const struct https_reply *reply)
{
    struct hssd *h = ctx;
    if (strstr(url, "/v1/bindings/") == NULL) {
        return;
    }
    struct snapshot *held = snapshot_hold(h); /* a repository's thread */
    const struct http_trace t = {h->trace, h->config->origin_host, r->name};
    if ((reply == NULL ? http_trace_request(&t, url) : http_trace_reply(&t, url, reply)) != E_OK) {
        atomic_fetch_add_explicit(&h->counters.trace_lost, 1, memory_order_relaxed);
    }
    snapshot_release(held);
}

static enum err world_cursor(void *ctx, const char *repository, uint64_t *out)
{
    struct hssd *h = ctx;
    struct store_reader *reader = NULL;
    enum err err = store_reader_open(h->store, &reader);
    if (err == E_OK) {
        err = store_read_cursor(reader, repository, out);
        store_reader_close(reader);
    }
    return err;
}

/* ---- changes, by the writer ---- */

struct forgotten {
    struct imsi imsi;
    bool was;
};
struct changed_job {
    struct writer_job job;
    const char *repository;
    uint64_t cursor;
    const struct repository_change *revoked;
    struct forgotten *forgotten; /* one for each */
    size_t n;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

static enum err changed_run(struct store_writer *w, struct writer_job *job)
{
    struct changed_job *j = (struct changed_job *)job;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < j->n; i++) {
        err = store_forget_proof_of(w, &j->revoked[i].imei, &j->forgotten[i].imsi);
        j->forgotten[i].was = err == E_OK;
        err = err == E_NOT_FOUND ? E_OK : err;
    }
    return err == E_OK ? store_set_cursor(w, j->repository, j->cursor) : err;
}

static void changed_done(struct writer_job *job)
{
    struct changed_job *j = (struct changed_job *)job;
    pthread_mutex_lock(&j->lock);
    j->done = true;
    pthread_cond_signal(&j->wake);
    pthread_mutex_unlock(&j->lock);
}

static enum err changed_submit(struct hssd *h, struct changed_job *j)
{
    j->job.run = changed_run;
    j->job.done = changed_done;
    enum err err = writer_submit(h->writer, &j->job);
    if (err != E_OK) {
        return err; /* the page is pulled again */
    }
    pthread_mutex_lock(&j->lock);
    while (!j->done) {
        pthread_cond_wait(&j->wake, &j->lock);
    }
    pthread_mutex_unlock(&j->lock);
    return j->job.result;
}

static enum err world_changed(void *ctx, const char *repository, uint64_t cursor,
                              const struct repository_change *revoked, size_t n)
{
    struct hssd *h = ctx;
    struct changed_job j = {.repository = repository,
                            .cursor = cursor,
                            .revoked = revoked,
                            .n = n,
                            .lock = PTHREAD_MUTEX_INITIALIZER,
                            .wake = PTHREAD_COND_INITIALIZER};
    j.forgotten = calloc(n + 1, sizeof *j.forgotten);
    enum err err = j.forgotten != NULL ? changed_submit(h, &j) : E_MEMORY;
    for (size_t i = 0; err == E_OK && i < n; i++) {
        if (j.forgotten[i].was) {
            hssd_event(h, "proof-forgotten", &j.forgotten[i].imsi, &revoked[i].imei, repository,
                       devid_cause_name(DEVID_CAUSE_REVOKED), "");
        }
    }
    free(j.forgotten);
    pthread_cond_destroy(&j.wake);
    pthread_mutex_destroy(&j.lock);
    return err;
}

/* ---- start ---- */

enum err hssd_repositories_start(struct hssd *h, struct store_why *why)
{
    const struct repository_world world = {.ctx = h,
                                           .now_ms = world_now,
                                           .trace = h->trace != NULL ? world_trace : NULL,
                                           .event = world_event,
                                           .cursor = world_cursor,
                                           .changed = world_changed};
    struct verify_why reason = {""};
    if (h->config->n_repositories == 0) {
        return E_OK;
    }
    enum err err = inquiry_rates_open(INQUIRY_IMSIS, &h->inquiry_rates);
    if (err == E_OK) {
        err = repositories_open(h->config, &world, &h->repositories, &reason);
        if (err != E_OK) {
            snprintf(why->text, sizeof why->text, "%s", reason.text);
        }
    }
    return err;
}

static void pool_event(void *ctx, const char *name, const char *detail)
{
    hssd_event(ctx, name, NULL, NULL, NULL, NULL, detail);
}

enum err hssd_kme_pool_start(struct hssd *h, struct store_why *why)
{
    const struct kme_pool_world world = {.ctx = h, .now_ms = world_now, .event = pool_event};
    struct verify_why reason = {""};
    if (h->config->n_repositories == 0) {
        return E_OK;
    }
    enum err err = kme_pool_open(h->config, h->store, &world, &h->kme_pool, &reason);
    if (err != E_OK) {
        snprintf(why->text, sizeof why->text, "%s", reason.text);
    }
    return err;
}
