#include "nf/hssd/repository.h"

#include "nf/hssd/repository_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- time, and the network ---- */

uint64_t repository_now(const struct repositories *r)
{
    return r->world.now_ms(r->world.ctx);
}

void repository_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void repository_wait(const struct repositories *r, pthread_cond_t *cond, pthread_mutex_t *lock,
                     uint64_t until_ms)
{
    struct timespec t;
    uint64_t now = repository_now(r);
    uint64_t ms = until_ms > now ? until_ms - now : 0;
    if (until_ms == UINT64_MAX) {
        pthread_cond_wait(cond, lock);
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &t);
    t.tv_sec += (time_t)(ms / 1000);
    t.tv_nsec += (long)(ms % 1000) * 1000000;
    if (t.tv_nsec >= 1000000000) {
        t.tv_sec++;
        t.tv_nsec -= 1000000000;
    }
    (void)pthread_cond_timedwait(cond, lock, &t); /* the caller looks at the time again */
}

static enum err client_of(struct source *s, struct https_client **client, uint32_t total_ms)
{
    const struct hssd_repository *c = s->config;
    const struct https_client_options options = {.certificate = c->certificate,
                                                 .key = c->key,
                                                 .ca = c->ca,
                                                 .crl = c->crl,
                                                 .connect_ms = total_ms,
                                                 .total_ms = total_ms};
    return *client != NULL ? E_OK : https_client_open(&options, client);
}

static void trace(const struct source *s, const char *url, const struct https_reply *reply)
{
    const struct repository_world *world = &s->all->world;
    if (world->trace != NULL) {
        world->trace(world->ctx, s->config, url, reply);
    }
}

enum err repository_get(struct source *s, struct https_client **client, uint32_t total_ms,
                        const char *path, struct https_reply *out)
{
    const struct repository_world *world = &s->all->world;
    char url[512];
    *out = (struct https_reply){0};
    (void)snprintf(url, sizeof url, "%s%s", s->config->url, path);
    if (world->get != NULL) {
        return world->get(world->ctx, s->config, url, out);
    }
    const struct https_request request = {.method = "GET", .url = url};
    enum err err = client_of(s, client, total_ms);
    if (err != E_OK) {
        (void)snprintf(out->reason, sizeof out->reason, "no HTTPS client could be made: %s",
                       err_sentence(err));
        return err;
    }
    trace(s, url, NULL);
    err = https_client_do(*client, &request, out);
    if (err == E_OK) {
        trace(s, url, out);
    }
    return err;
}

/* ---- start and stop ---- */

static void cond_init(pthread_cond_t *cond)
{
    pthread_condattr_t monotonic;
    pthread_condattr_init(&monotonic);
    pthread_condattr_setclock(&monotonic, CLOCK_MONOTONIC);
    pthread_cond_init(cond, &monotonic);
    pthread_condattr_destroy(&monotonic);
}

static enum err asker_start(struct source *s, struct verify_why *why)
{
    struct asker *a = &s->askers[s->n_askers++];
    const struct devid_port_options options = {
        .signers = (const char *const *)(uintptr_t)s->config->signers,
        .n_signers = s->config->n_signers};
    a->source = s;
    enum err err = crypto_openssl_open(&a->crypto);
    if (err == E_OK) {
        err = devid_port_open(&options, &a->verifier, why);
    }
    if (err == E_OK) {
        a->runs = pthread_create(&a->thread, NULL, repository_asker_main, a) == 0;
        err = a->runs ? E_OK : E_IO;
    }
    return err;
}

static enum err source_start(struct source *s, struct verify_why *why)
{
    enum err err = E_OK;
    for (unsigned i = 0; err == E_OK && i < s->all->config->devid.connections; i++) {
        err = asker_start(s, why);
    }
    return err == E_OK ? repository_changes_start(s) : err;
}

static enum err answers_make(struct repositories *r)
{
    struct devid_credential c = {.status = DEVID_NONE};
    enum err err = repository_answer_of(&c, 0, &r->none);
    c = (struct devid_credential){.status = DEVID_UNAVAILABLE,
                                  .cause = DEVID_CAUSE_REPOSITORY_SILENT};
    if (err == E_OK) {
        err = repository_answer_of(&c, 0, &r->silent);
    }
    c.cause = DEVID_CAUSE_REPOSITORY_BUSY;
    return err == E_OK ? repository_answer_of(&c, 0, &r->busy) : err;
}

static void source_init(struct repositories *r, size_t i)
{
    struct source *s = &r->sources[i];
    s->all = r;
    s->config = &r->config->repositories[i];
    s->queue_end = &s->queue;
    s->seen.repository = s->config;
    s->seen.since_ms = repository_now(r);
    pthread_mutex_init(&s->lock, NULL);
    cond_init(&s->work);
    cond_init(&s->due);
}

static enum err all_start(struct repositories *r, struct verify_why *why)
{
    const struct hssd_devid *d = &r->config->devid;
    const struct repository_times times = {d->cache_seconds, d->unknown_seconds, d->stale_seconds};
    enum err err = answers_make(r);
    if (err == E_OK) {
        err = repository_cache_open(d->entries, &times, &r->cache);
    }
    for (size_t i = 0; err == E_OK && i < r->n; i++) {
        err = source_start(&r->sources[i], why);
    }
    if (err == E_OK) {
        r->keeper_runs = pthread_create(&r->keeper, NULL, repository_keeper_main, r) == 0;
        err = r->keeper_runs ? E_OK : E_IO;
    }
    return err;
}

enum err repositories_open(const struct hssd_config *config, const struct repository_world *world,
                           struct repositories **out, struct verify_why *why)
{
    struct repositories *r = calloc(1, sizeof *r + config->n_repositories * sizeof(struct source));
    (void)snprintf(why->text, sizeof why->text, "the threads that ask repositories do not start");
    if (r == NULL) {
        return E_MEMORY;
    }
    r->config = config;
    r->world = *world;
    r->n = config->n_repositories;
    pthread_mutex_init(&r->keeper_lock, NULL);
    cond_init(&r->keeper_wake);
    for (size_t i = 0; i < r->n; i++) {
        source_init(r, i);
    }
    enum err err = all_start(r, why);
    if (err != E_OK) {
        repositories_quiesce(r);
        repositories_close(r);
        return err;
    }
    *out = r;
    return E_OK;
}

void repositories_kick(struct repositories *r)
{
    repository_kick_keeper(r);
    for (size_t i = 0; i < r->n; i++) {
        struct source *s = &r->sources[i];
        pthread_mutex_lock(&s->lock);
        pthread_cond_broadcast(&s->work);
        pthread_cond_broadcast(&s->due);
        pthread_mutex_unlock(&s->lock);
    }
}

void repositories_quiesce(struct repositories *r)
{
    if (r == NULL) {
        return;
    }
    atomic_store(&r->stopping, true);
    for (size_t i = 0; i < r->n; i++) {
        repository_end_late(&r->sources[i], UINT64_MAX);
    }
    repositories_kick(r);
}

static void source_join(struct source *s)
{
    for (unsigned i = 0; i < s->n_askers; i++) {
        struct asker *a = &s->askers[i];
        if (a->runs) {
            pthread_join(a->thread, NULL);
        }
        a->runs = false;
    }
    if (s->changes_run) {
        pthread_join(s->changes, NULL);
    }
    s->changes_run = false;
}

void repositories_join(struct repositories *r)
{
    if (r == NULL) {
        return;
    }
    if (r->keeper_runs) {
        pthread_join(r->keeper, NULL);
    }
    r->keeper_runs = false;
    for (size_t i = 0; i < r->n; i++) {
        source_join(&r->sources[i]);
    }
}

static void source_close(struct source *s)
{
    for (unsigned i = 0; i < s->n_askers; i++) {
        struct asker *a = &s->askers[i];
        https_client_close(a->client);
        devid_port_close(a->verifier);
        crypto_openssl_close(&a->crypto);
    }
    https_client_close(s->changes_client);
    pthread_cond_destroy(&s->work);
    pthread_cond_destroy(&s->due);
    pthread_mutex_destroy(&s->lock);
}

void repositories_close(struct repositories *r)
{
    if (r == NULL) {
        return;
    }
    repositories_join(r);
    for (size_t i = 0; i < r->n; i++) {
        source_close(&r->sources[i]);
    }
    repository_cache_close(r->cache);
    repository_answer_release(r->none);
    repository_answer_release(r->silent);
    repository_answer_release(r->busy);
    pthread_cond_destroy(&r->keeper_wake);
    pthread_mutex_destroy(&r->keeper_lock);
    free(r);
}

/* ---- for others ---- */

bool repositories_revoked(struct repositories *r, const struct imei *imei, uint64_t serial)
{
    return repository_cache_revoked(r->cache, imei, serial);
}

uint64_t repositories_flush(struct repositories *r)
{
    return repository_cache_flush(r->cache);
}

uint64_t repositories_cached(struct repositories *r)
{
    return repository_cache_count(r->cache);
}

size_t repositories_count(const struct repositories *r)
{
    return r->n;
}

void repositories_state(struct repositories *r, size_t i, struct repository_state *out)
{
    struct source *s = &r->sources[i];
    pthread_mutex_lock(&s->lock);
    *out = s->seen;
    out->waiting = s->waiting;
    pthread_mutex_unlock(&s->lock);
#define X(name) out->name = atomic_load_explicit(&s->n_##name, memory_order_relaxed);
    REPOSITORY_COUNTERS(X)
#undef X
}
