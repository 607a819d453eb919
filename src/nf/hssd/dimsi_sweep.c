/* nf/hssd/dimsi_sweep.c - what was offered and never used ends, and the alarms of the pools: the
 * control thread looks, the writer writes. */
#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct sweep {
    struct writer_job job;
    struct hss_dimsi *d;
    int64_t now;
    size_t n;
    struct imsi dimsis[HSS_DIMSI_SWEEP_BATCH];
    struct store_dimsi rows[HSS_DIMSI_SWEEP_BATCH]; /* phase 0: it did not end */
    struct hss_dimsi_ended ended[HSS_DIMSI_SWEEP_BATCH];
    enum err errs[HSS_DIMSI_SWEEP_BATCH]; /* why one was passed over */
};

/* Of the row as the batch sees it: it may have been used since it was found. */
static enum err end_one(struct store_writer *w, struct sweep *s, size_t i)
{
    struct store_dimsi row;
    const struct dimsi_ending how = {.phase = STORE_DIMSI_EXPIRED, .at = s->now};
    enum err err = store_writer_dimsi(w, &s->dimsis[i], &row);
    if (err == E_NOT_FOUND ||
        (err == E_OK && (row.phase > STORE_DIMSI_PUSHED || row.expires > s->now))) {
        return E_OK;
    }
    if (err == E_OK) {
        err = hss_dimsi_end(s->d->h, w, &how, &row, &s->ended[i]);
    }
    if (err == E_OK) {
        s->rows[i] = row;
    }
    return err;
}

/* One that cannot be written keeps none of the others from ending; an error returned is the
 * store's.
 */
static enum err try_one(struct store_writer *w, struct sweep *s, size_t i)
{
    enum err err = store_step_begin(w);
    if (err == E_OK) {
        s->errs[i] = end_one(w, s, i);
        err = store_step_end(w, s->errs[i] == E_OK);
    }
    if (s->errs[i] != E_OK) {
        s->ended[i].ended = s->ended[i].operators = false;
    }
    return err;
}

/*= dimsi-expiry */
static enum err run(struct store_writer *w, struct writer_job *job)
{
    struct sweep *s = (struct sweep *)job;
    enum err err = E_OK;
    for (size_t i = 0; err == E_OK && i < s->n; i++) {
        err = try_one(w, s, i);
    }
    return err;
}

/* Not an event: it comes again with every sweep until somebody looks. */
static void tell_passed(const struct sweep *s, size_t i)
{
    const struct log_field fields[] = {LOG_FIELD_STR("dimsi", s->dimsis[i].digits),
                                       LOG_FIELD_STR("error", err_name(s->errs[i]))};
    log_limited(s->d->h->log, LOG_LEVEL_ERROR, "dimsi-not-expired", fields, 2);
}

static void tell_one(const struct sweep *s, size_t i)
{
    const struct hss_dimsi_ended *e = &s->ended[i];
    if (s->errs[i] != E_OK) {
        tell_passed(s, i);
    } else if (s->rows[i].phase != 0) {
        hss_dimsi_tell_phase(s->d->h, &s->rows[i], e->ended ? &e->imsi : NULL);
    }
    hss_dimsi_over(s->d->h, e);
}

/* The writer's thread. */
static void done(struct writer_job *job)
{
    struct sweep *s = (struct sweep *)job;
    struct hss_dimsi *d = s->d;
    for (size_t i = 0; job->result == E_OK && i < s->n; i++) {
        tell_one(s, i);
    }
    hss_dimsi_wake(d);
    atomic_store(&d->sweeping, false);
    free(s);
}

/* Whether there may be more. */
static bool sweep(struct hss_dimsi *d)
{
    struct sweep *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return false;
    }
    s->d = d;
    s->now = d->world.unix_s(d->world.ctx);
    s->job.run = run;
    s->job.done = done;
    const bool found =
        store_expired_dimsi(d->reader, s->now, s->dimsis, HSS_DIMSI_SWEEP_BATCH, &s->n) == E_OK &&
        s->n > 0;
    const bool full = s->n == HSS_DIMSI_SWEEP_BATCH;
    atomic_store(&d->sweeping, true);
    if (!found || writer_submit(d->h->writer, &s->job) != E_OK) {
        atomic_store(&d->sweeping, false); /* the next one tries again */
        free(s);
        return false;
    }
    return full;
}

/* ---- the pools ---- */

static void tell(struct hss_dimsi *d, enum dimsi_alarm alarm, const char *detail)
{
    hssd_event(d->h, alarm == DIMSI_POOL_EMPTY_NOW ? "dimsi-pool-empty" : "dimsi-pool-low", NULL,
               NULL, NULL, NULL, detail);
}

static const char *what(bool operators)
{
    return operators ? "operator_imsis" : "imsis";
}

/* Once for each crossing. */
static void look_at(struct hss_dimsi *d, const struct hssd_imsi_pool *pools, size_t n,
                    bool operators)
{
    char detail[128];
    struct store_pool p;
    const uint32_t percent = d->h->config->dimsi.pool_low_percent;
    _Atomic int *alarm = operators ? &d->operator_alarm : &d->alarm;
    if (n == 0 || hss_dimsi_pools(pools, n, d->reader, d->world.unix_s(d->world.ctx), &p) != E_OK) {
        return;
    }
    const uint64_t left = p.never_used + p.ready;
    const uint64_t low = p.total / 100 * percent + p.total % 100 * percent / 100;
    const enum dimsi_alarm now = left == 0    ? DIMSI_POOL_EMPTY_NOW
                                 : left < low ? DIMSI_POOL_LOW
                                              : DIMSI_POOL_GOOD;
    if ((int)now > atomic_exchange(alarm, (int)now)) {
        snprintf(detail, sizeof detail, "%llu of %llu IMSIs of %s are left, %llu rest",
                 (unsigned long long)left, (unsigned long long)p.total, what(operators),
                 (unsigned long long)p.resting);
        tell(d, now, detail);
    }
}

void hss_dimsi_found_empty(struct hss_dimsi *d, bool operators)
{
    char detail[64];
    _Atomic int *alarm = operators ? &d->operator_alarm : &d->alarm;
    if (atomic_exchange(alarm, DIMSI_POOL_EMPTY_NOW) != DIMSI_POOL_EMPTY_NOW) {
        snprintf(detail, sizeof detail, "none of %s is left: a device waits", what(operators));
        tell(d, DIMSI_POOL_EMPTY_NOW, detail);
    }
}

void hss_dimsi_sweep(struct hss_dimsi *d)
{
    const struct hssd_dimsi *c = &d->h->config->dimsi;
    const uint64_t now_ms = d->world.now_ms(d->world.ctx);
    if (now_ms < d->sweep_ms || atomic_load(&d->sweeping)) {
        return;
    }
    d->sweep_ms = sweep(d) ? now_ms : now_ms + HSS_DIMSI_SWEEP_S * 1000;
    look_at(d, c->pools, c->n_pools, false);
    look_at(d, c->operator_pools, c->n_operator_pools, true);
}
