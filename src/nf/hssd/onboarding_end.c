/* nf/hssd/onboarding_end.c - subscriptions that nobody used end, and the alarms of the pools: the
 * control thread looks, the writer writes. */
#include "nf/hssd/onboarding_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int64_t onboarding_ready(const struct hssd_config *config, int64_t now)
{
    return now + config->onboarding.quarantine_seconds;
}

/* ---- what ends ---- */

struct ended {
    bool did;
    struct imsi imsi;
    struct imei imei;
    struct store_serving serving;
};
struct sweep {
    struct writer_job job;
    struct hssd *h;
    int64_t now;
    size_t n;
    struct store_onboarding_key keys[ONBOARDING_SWEEP_BATCH];
    struct ended ended[ONBOARDING_SWEEP_BATCH];
};

/* Of the row as the batch sees it: it may have been used since it was found. */
static enum err end_one(struct store_writer *w, const struct sweep *s, size_t i, struct ended *out)
{
    struct store_onboarding row;
    struct store_subscriber subscriber;
    enum err err = store_writer_onboarding(w, &s->keys[i], &row);
    if (err == E_NOT_FOUND ||
        (err == E_OK && (row.phase != CERTATTACH_PHASE_PENDING || row.expires > s->now))) {
        return E_OK;
    }
    if (err == E_OK) {
        err = store_writer_subscriber(w, &row.imsi, &subscriber);
        wipe(&subscriber.keys, sizeof subscriber.keys);
    }
    /* What does not open ends as well, and what is not there keeps nobody else's from ending. */
    if (err == E_OK || err == E_WRONG_KEY || err == E_NOT_FOUND) {
        const bool opens = err == E_OK;
        err = store_end_onboarding(w, &row.key, CERTATTACH_PHASE_EXPIRED, s->now,
                                   onboarding_ready(s->h->config, s->now));
        *out = (struct ended){.did = err == E_OK, .imsi = row.imsi, .imei = row.imei};
        if (opens) {
            out->serving = subscriber.serving;
        }
    }
    return err;
}

/*= certattach-expiry */
static enum err sweep_run(struct store_writer *w, struct writer_job *job)
{
    struct sweep *s = (struct sweep *)job;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < s->n; i++) {
        err = end_one(w, s, i, &s->ended[i]);
    }
    return err;
}

/* The writer's thread. */
static void sweep_done(struct writer_job *job)
{
    struct sweep *s = (struct sweep *)job;
    struct hssd *h = s->h;
    for (size_t i = 0; job->result == E_OK && i < s->n; i++) {
        const struct ended *e = &s->ended[i];
        if (e->did) {
            onboarding_count(&h->counters.onboarding_expired);
            onboarding_tell(h, "onboarding-expired", &e->imsi, &e->imei, NULL, &s->keys[i]);
        }
        if (e->did && e->serving.host[0] != '\0' && !e->serving.purged) {
            hssd_cancel_location(h, &e->imsi, &e->serving, false, S6A_SUBSCRIPTION_WITHDRAWAL);
        }
    }
    atomic_store(&h->onboarding->sweeping, false);
    free(s);
}

/* Whether there may be more. */
static bool sweep(struct onboarding *o)
{
    struct sweep *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return false;
    }
    s->h = o->h;
    s->now = hssd_unix_seconds();
    s->job.run = sweep_run;
    s->job.done = sweep_done;
    bool found =
        store_due_onboarding(o->reader, s->now, s->keys, ONBOARDING_SWEEP_BATCH, &s->n) == E_OK &&
        s->n > 0;
    bool full = s->n == ONBOARDING_SWEEP_BATCH;
    atomic_store(&o->sweeping, true);
    if (!found || writer_submit(o->h->writer, &s->job) != E_OK) {
        atomic_store(&o->sweeping, false); /* the next one tries again */
        free(s);
        return false;
    }
    return full;
}

/* ---- the pools ---- */

enum err onboarding_pools(const struct hssd_config *config, struct store_reader *r, int64_t now,
                          struct store_pool *out)
{
    const struct hssd_onboarding *o = &config->onboarding;
    struct store_pool sum = {.total = 0};
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < o->n_pools; i++) {
        struct store_pool p;
        err = store_read_pool(r, &o->pools[i].first, &o->pools[i].last, now, &p);
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

static void tell_pools(struct onboarding *o, enum onboarding_alarm alarm, const char *detail)
{
    hssd_event(o->h,
               alarm == ONBOARDING_POOL_EMPTY ? "onboarding-pool-empty" : "onboarding-pool-low",
               NULL, NULL, NULL, NULL, detail);
}

/*= certattach-pool */
/* Once for each crossing. */
static void look_at_pools(struct onboarding *o)
{
    char detail[96];
    struct store_pool p;
    const struct hssd_config *c = o->h->config;
    if (onboarding_pools(c, o->reader, hssd_unix_seconds(), &p) != E_OK) {
        return;
    }
    const uint64_t left = p.never_used + p.ready;
    enum onboarding_alarm now = left == 0 ? ONBOARDING_POOL_EMPTY
                                : left < p.total / 100 * c->onboarding.pool_low_percent +
                                             p.total % 100 * c->onboarding.pool_low_percent / 100
                                    ? ONBOARDING_POOL_LOW
                                    : ONBOARDING_POOL_GOOD;
    if ((int)now > atomic_exchange(&o->alarm, (int)now)) {
        snprintf(detail, sizeof detail, "%llu of %llu IMSIs are left, %llu rest",
                 (unsigned long long)left, (unsigned long long)p.total,
                 (unsigned long long)p.resting);
        tell_pools(o, now, detail);
    }
}

void onboarding_found_empty(struct onboarding *o)
{
    if (atomic_exchange(&o->alarm, ONBOARDING_POOL_EMPTY) != ONBOARDING_POOL_EMPTY) {
        tell_pools(o, ONBOARDING_POOL_EMPTY, "a device was turned away");
    }
}

/* ---- every second ---- */

void onboarding_tick(struct hssd *h)
{
    struct onboarding *o = h->onboarding;
    uint64_t now_ms = hssd_monotonic_ms();
    if (o == NULL || now_ms < o->sweep_ms || atomic_load(&o->sweeping)) {
        return;
    }
    o->sweep_ms = sweep(o) ? now_ms : now_ms + ONBOARDING_SWEEP_S * 1000;
    if (o->pool != NULL) {
        look_at_pools(o);
    }
}
