#include "nf/hssd/dimsi.h"

#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- names, and what is told ---- */

static const char *const phases[STORE_DIMSI_PHASES] = {"none",    "offered",   "allocated",
                                                       "pushed",  "attached",  "done",
                                                       "refused", "withdrawn", "expired"};

const char *hss_dimsi_phase_name(uint8_t phase)
{
    return phases[phase < STORE_DIMSI_PHASES ? phase : 0];
}

uint8_t hss_dimsi_phase_of(const char *name)
{
    for (unsigned i = 1; i < STORE_DIMSI_PHASES; i++) {
        if (strcmp(phases[i], name) == 0) {
            return (uint8_t)i;
        }
    }
    return 0;
}

void hss_dimsi_count(_Atomic uint64_t *counter)
{
    atomic_fetch_add_explicit(counter, 1, memory_order_relaxed);
}

void hss_dimsi_event(struct hssd *h, const char *name, const struct store_dimsi *row,
                     const struct imsi *imsi, const char *peer, const char *cause)
{
    hssd_event(h, name, imsi, NULL, peer, cause, row->dimsi.digits);
}

void hss_dimsi_tell_phase(struct hssd *h, const struct store_dimsi *row, const struct imsi *imsi)
{
    char name[32];
    struct hssd_counters *c = &h->counters;
    _Atomic uint64_t *const counters[STORE_DIMSI_PHASES] = {
        [STORE_DIMSI_OFFERED] = &c->dimsi_offered,
        [STORE_DIMSI_ALLOCATED] = &c->dimsi_allocated,
        [STORE_DIMSI_PUSHED] = &c->dimsi_pushed,
        [STORE_DIMSI_ATTACHED] = &c->dimsi_attached,
        [STORE_DIMSI_DONE] = &c->dimsi_done,
        [STORE_DIMSI_REFUSED] = &c->dimsi_refused,
        [STORE_DIMSI_WITHDRAWN] = &c->dimsi_withdrawn,
        [STORE_DIMSI_EXPIRED] = &c->dimsi_expired};
    if (row->phase == 0 || row->phase >= STORE_DIMSI_PHASES) {
        return;
    }
    hss_dimsi_count(counters[row->phase]);
    (void)snprintf(name, sizeof name, "dimsi-%s", phases[row->phase]);
    hss_dimsi_event(h, name, row, imsi, row->sp,
                    row->phase == STORE_DIMSI_REFUSED ? row->cause : NULL);
}

/* ---- the world ---- */

static uint64_t world_now(void *ctx)
{
    (void)ctx;
    return hssd_monotonic_ms();
}

static int64_t world_unix(void *ctx)
{
    (void)ctx;
    return hssd_unix_seconds();
}

/* ---- start and stop ---- */

static void add(struct hss_dimsi *d, enum hss_dimsi_kind kind, const struct hssd_dimsi_remote *c,
                size_t n)
{
    for (size_t i = 0; i < n; i++) {
        d->remotes[d->n_remotes++] = (struct dimsi_remote){.kind = kind, .c = &c[i]};
    }
}

static enum err parts_open(struct hss_dimsi *d, struct verify_why *why)
{
    const struct hssd_dimsi *c = &d->h->config->dimsi;
    add(d, HSS_DIMSI_ARPF, c->arpfs, c->n_arpfs);
    add(d, HSS_DIMSI_DISCOVERY, c->discovery, c->n_discovery);
    add(d, HSS_DIMSI_RSMF, &c->rsmf, c->rsmf.link != NULL);
    enum err err = eck_open(c->agreement_key, c->agreement_certificate, &d->eck, why);
    return err == E_OK ? hss_dimsi_pool_start(d, why) : err;
}

enum err hss_dimsi_open(struct hssd *h, const struct hss_dimsi_world *world, struct store_why *why)
{
    struct verify_why reason = {""};
    struct hss_dimsi *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return E_MEMORY;
    }
    d->h = h;
    d->world = *world;
    pthread_mutex_init(&d->lock, NULL);
    pthread_condattr_t clock; /* one that is not set back an hour */
    pthread_condattr_init(&clock);
    pthread_condattr_setclock(&clock, CLOCK_MONOTONIC);
    pthread_cond_init(&d->wake, &clock);
    pthread_condattr_destroy(&clock);
    h->dimsi = d;
    enum err err = store_reader_open(h->store, &d->reader); /* what was begun ends all the same */
    if (err == E_OK && h->config->dimsi.enabled) {
        err = parts_open(d, &reason);
    }
    if (err != E_OK && reason.text[0] != '\0') {
        (void)snprintf(why->text, sizeof why->text, "%s", reason.text);
    }
    return err;
}

enum err hss_dimsi_start(struct hssd *h, struct store_why *why)
{
    const struct hss_dimsi_world world = {.ctx = h, .now_ms = world_now, .unix_s = world_unix};
    return hss_dimsi_open(h, &world, why);
}

void hss_dimsi_wake(struct hss_dimsi *d)
{
    if (d != NULL) {
        pthread_mutex_lock(&d->lock);
        d->signals++;
        pthread_cond_broadcast(&d->wake);
        pthread_mutex_unlock(&d->lock);
    }
}

void hss_dimsi_quiesce(struct hss_dimsi *d)
{
    if (d != NULL) {
        pthread_mutex_lock(&d->lock);
        d->stopping = true;
        pthread_cond_broadcast(&d->wake);
        pthread_mutex_unlock(&d->lock);
    }
}

void hss_dimsi_join(struct hss_dimsi *d)
{
    if (d != NULL) {
        hss_dimsi_quiesce(d);
        hss_dimsi_pool_stop(d);
    }
}

void hss_dimsi_close(struct hss_dimsi *d)
{
    if (d == NULL) {
        return;
    }
    hss_dimsi_join(d);
    eck_close(d->eck);
    if (d->reader != NULL) {
        store_reader_close(d->reader);
    }
    pthread_cond_destroy(&d->wake);
    pthread_mutex_destroy(&d->lock);
    free(d);
}

void hss_dimsi_tick(struct hssd *h)
{
    if (h->dimsi != NULL) {
        hss_dimsi_sweep(h->dimsi);
    }
}

/* ---- for the status ---- */

bool hss_dimsi_remote_status(struct hss_dimsi *d, size_t i, struct hss_dimsi_remote_status *out)
{
    if (d == NULL || i >= d->n_remotes) {
        return false;
    }
    pthread_mutex_lock(&d->lock);
    const struct dimsi_remote *r = &d->remotes[i];
    *out = (struct hss_dimsi_remote_status){.kind = hss_dimsi_kind_name(r->kind),
                                            .remote = r->c,
                                            .state = r->state,
                                            .since = r->since,
                                            .asked = r->asked};
    pthread_mutex_unlock(&d->lock);
    return true;
}

enum err hss_dimsi_pools(const struct hssd_imsi_pool *pools, size_t n, struct store_reader *r,
                         int64_t now, struct store_pool *out)
{
    struct store_pool sum = {.total = 0};
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < n; i++) {
        struct store_pool p;
        err = store_read_pool(r, &pools[i].first, &pools[i].last, now, &p);
        if (err == E_OK) {
            sum.total += p.total;
            sum.never_used += p.never_used;
            sum.resting += p.resting;
            sum.ready += p.ready;
        }
    }
    if (err == E_OK) {
        *out = sum;
    }
    return err;
}
