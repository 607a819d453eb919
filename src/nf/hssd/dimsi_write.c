/* nf/hssd/dimsi_write.c - a change of a device's row by the writer, for a thread that waits until
 * it is durable; and what a step that failed is called. */
#include "nf/hssd/dimsi_parts.h"

#include <stdio.h>
#include <string.h>

static enum err run(struct store_writer *w, struct writer_job *job)
{
    struct dimsi_write *x = (struct dimsi_write *)job;
    if (x->token == NULL) {
        return x->apply(w, x);
    }
    enum err err = store_writer_dimsi(w, &x->dimsi, &x->row);
    x->gone = err == E_NOT_FOUND ||
              (err == E_OK && memcmp(x->row.token, x->token, sizeof x->row.token) != 0);
    if (x->gone) { /* what was begun for one that was there before it is nobody's any more */
        return E_OK;
    }
    return err == E_OK ? x->apply(w, x) : err;
}

static void done(struct writer_job *job)
{
    struct dimsi_write *x = (struct dimsi_write *)job;
    pthread_mutex_lock(&x->lock);
    x->done = true;
    pthread_cond_signal(&x->wake);
    pthread_mutex_unlock(&x->lock);
}

/*= dimsi-durable */
enum err hss_dimsi_write(struct dimsi_write *x)
{
    x->job = (struct writer_job){.run = run, .done = done};
    x->done = false;
    pthread_mutex_init(&x->lock, NULL);
    pthread_cond_init(&x->wake, NULL);
    enum err err = writer_submit(x->d->h->writer, &x->job);
    if (err == E_OK) {
        pthread_mutex_lock(&x->lock);
        while (!x->done) {
            pthread_cond_wait(&x->wake, &x->lock);
        }
        pthread_mutex_unlock(&x->lock);
        err = x->job.result;
    }
    pthread_cond_destroy(&x->wake);
    pthread_mutex_destroy(&x->lock);
    return err;
}

/* ---- the ends of steps ---- */

struct dimsi_result hss_dimsi_done(void)
{
    return (struct dimsi_result){.end = DIMSI_STEP_DONE};
}

static struct dimsi_result of(enum dimsi_step_end end, enum dimsi_cause cause, const char *detail)
{
    struct dimsi_result r = {.end = end, .cause = cause};
    (void)snprintf(r.detail, sizeof r.detail, "%s", detail != NULL ? detail : "");
    return r;
}

struct dimsi_result hss_dimsi_later(enum dimsi_cause cause, const char *detail)
{
    return of(DIMSI_STEP_LATER, cause, detail);
}

struct dimsi_result hss_dimsi_failed(enum dimsi_cause cause, const char *detail)
{
    return of(dimsi_status(cause) >= 500 ? DIMSI_STEP_LATER : DIMSI_STEP_REFUSED, cause, detail);
}

struct dimsi_result hss_dimsi_unwritten(enum err err)
{
    return hss_dimsi_later(err == E_CRYPTO ? DIMSI_CRYPTO : DIMSI_STORE, err_name(err));
}

struct clearing {
    uint8_t bit, phase;
    int64_t at;
    bool moved;
};

static enum err clear(struct store_writer *w, struct dimsi_write *x)
{
    struct clearing *c = x->ctx;
    struct store_dimsi *row = &x->row;
    if ((row->todo & c->bit) == 0) {
        return E_OK;
    }
    row->todo = (uint8_t)(row->todo & ~c->bit);
    if (c->bit == STORE_DIMSI_UNDELIVER) {
        row->has_se_before = false;
    }
    row->delivered |= c->bit == STORE_DIMSI_DELIVER;
    c->moved = c->phase != 0 && row->phase == STORE_DIMSI_ALLOCATED;
    if (c->moved) {
        row->phase = c->phase;
        row->changed = c->at;
    }
    if (row->todo == 0 && row->phase != STORE_DIMSI_REFUSED) { /* that one's cause stays */
        row->tries = 0;
        row->cause[0] = row->detail[0] = '\0';
    }
    return store_put_dimsi(w, row);
}

struct dimsi_result hss_dimsi_clear(struct dimsi_worker *w, const struct store_dimsi *row,
                                    uint8_t bit, uint8_t phase)
{
    struct clearing c = {bit, phase, w->d->world.unix_s(w->d->world.ctx), false};
    struct dimsi_write x = {
        .d = w->d, .dimsi = row->dimsi, .token = row->token, .apply = clear, .ctx = &c};
    enum err err = hss_dimsi_write(&x);
    if (err != E_OK) {
        return hss_dimsi_unwritten(err);
    }
    if (c.moved) {
        hss_dimsi_tell_phase(w->d->h, &x.row, &x.row.imsi);
    }
    return hss_dimsi_done();
}
