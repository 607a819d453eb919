/* nf/hssd/dimsi_pool.c - the threads: each takes a row that is due and that no other is at, and
 * does all that is to be done for it, a step after the other. */
#include "nf/hssd/dimsi_parts.h"
#include "nf/hssd/snapshots.h"

#include "crypto/openssl.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#define IDLE_MS 1000

/* ---- what is due ---- */

/* Under the lock. */
static bool is_taken(const struct hss_dimsi *d, const struct imsi *dimsi)
{
    for (unsigned i = 0; i < d->n_workers; i++) {
        if (d->workers[i].busy.n > 0 && imsi_eq(&d->workers[i].busy, dimsi)) {
            return true;
        }
    }
    return false;
}

/* Among as many as there are threads, and one more, there is one that nobody is at. Under the lock,
 * so that what a thread had done before it let go of its row is seen. */
static bool take(struct dimsi_worker *w)
{
    struct imsi due[HSSD_DIMSI_THREADS_MAX + 1];
    size_t n = 0;
    struct hss_dimsi *d = w->d;
    const int64_t now = d->world.unix_s(d->world.ctx);
    if (store_due_dimsi(w->reader, now, due, d->n_workers + 1, &n) != E_OK) {
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        if (!is_taken(d, &due[i])) {
            w->busy = due[i];
            return true;
        }
    }
    return false;
}

/* Under the lock. */
static bool take_poll(struct hss_dimsi *d)
{
    struct snapshot *held = snapshot_hold(d->h);
    const struct hssd_dimsi *c = &d->h->config->dimsi;
    const uint64_t now = d->world.now_ms(d->world.ctx);
    const bool due = c->rsmf.link != NULL && !d->polling && now >= d->poll_ms;
    if (due) {
        d->poll_ms = now + (uint64_t)c->poll_seconds * 1000;
        d->polling = true;
    }
    snapshot_release(held);
    return due;
}

/* ---- what failed ---- */

struct failing {
    const struct dimsi_result *result;
    uint64_t number; /* of the delegation that it was about */
    int64_t at;
    struct hss_dimsi_ended ended;
    bool ends;
};

static int64_t wait_of(uint32_t tries)
{
    const int64_t s = tries < 9 ? INT64_C(1) << tries : HSS_DIMSI_RETRY_MOST;
    return s > HSS_DIMSI_RETRY_MOST ? HSS_DIMSI_RETRY_MOST : s;
}

static enum err put_later(struct store_writer *w, struct store_dimsi *row, const struct failing *f)
{
    const struct dimsi_result *r = f->result;
    if (row->todo == 0) {
        return E_OK;
    }
    /* Of one that is down, nothing new was found out. */
    row->next_try = f->at + (r->rest_s > 0 ? (int64_t)r->rest_s : wait_of(row->tries));
    row->tries += r->rest_s == 0 && row->tries < UINT32_MAX;
    if (row->phase != STORE_DIMSI_REFUSED) { /* that one's cause stays */
        (void)snprintf(row->cause, sizeof row->cause, "%s", dimsi_cause_name(r->cause));
        (void)snprintf(row->detail, sizeof row->detail, "%s", r->detail);
    }
    return store_put_dimsi(w, row);
}

/* What others refuse for good is over, unless it was used meanwhile, or what they refused was an
 * offer that its provider has made anew since. */
static enum err apply_failed(struct store_writer *w, struct dimsi_write *x)
{
    struct failing *f = x->ctx;
    const struct dimsi_ending how = {.phase = STORE_DIMSI_REFUSED,
                                     .cause = dimsi_cause_name(f->result->cause),
                                     .detail = f->result->detail,
                                     .at = f->at};
    const unsigned begins = STORE_DIMSI_RELEASE | STORE_DIMSI_PUSH;
    f->ends = f->result->end == DIMSI_STEP_REFUSED && (x->row.todo & begins) != 0 &&
              x->row.number == f->number;
    return f->ends ? hss_dimsi_end(x->d->h, w, &how, &x->row, &f->ended) : put_later(w, &x->row, f);
}

static bool failed(struct dimsi_worker *w, const struct store_dimsi *row,
                   const struct dimsi_result *result)
{
    struct hssd *h = w->d->h;
    struct failing f = {
        .result = result, .number = row->number, .at = w->d->world.unix_s(w->d->world.ctx)};
    struct dimsi_write x = {
        .d = w->d, .dimsi = row->dimsi, .token = row->token, .apply = apply_failed, .ctx = &f};
    if (hss_dimsi_write(&x) != E_OK) {
        return false;
    }
    if (f.ends && !x.gone) {
        hss_dimsi_tell_phase(h, &x.row, f.ended.ended ? &f.ended.imsi : NULL);
        hss_dimsi_over(h, &f.ended);
    } else {
        hss_dimsi_count(&h->counters.dimsi_later);
    }
    return true;
}

/* ---- the steps of a row ---- */

static const struct {
    uint8_t bit, after; /* not while one of `after` is to be done */
    dimsi_step *step;
} steps[] = {
    {STORE_DIMSI_SPENT, 0, hss_dimsi_spent}, /* with RELEASE: of the row before */
    {STORE_DIMSI_RELEASE, STORE_DIMSI_SPENT, hss_dimsi_release},
    {STORE_DIMSI_UNDELIVER, 0, hss_dimsi_undeliver},
    {STORE_DIMSI_PUSH, STORE_DIMSI_RELEASE, hss_dimsi_push},
    {STORE_DIMSI_DELIVER, STORE_DIMSI_RELEASE | STORE_DIMSI_UNDELIVER, hss_dimsi_deliver},
};

static bool is_stopping(struct hss_dimsi *d)
{
    pthread_mutex_lock(&d->lock);
    const bool stopping = d->stopping;
    pthread_mutex_unlock(&d->lock);
    return stopping;
}

/* One that fails keeps only those waiting that need it. False: not even that could be stored. */
static bool work(struct dimsi_worker *w, const struct imsi *dimsi)
{
    struct store_dimsi row = {.phase = 0};
    struct dimsi_result first = {.end = DIMSI_STEP_DONE};
    for (size_t i = 0; i < sizeof steps / sizeof *steps && !is_stopping(w->d); i++) {
        if (store_read_dimsi(w->reader, dimsi, &row) != E_OK || row.todo == 0) {
            return true;
        }
        if ((row.todo & steps[i].bit) == 0 || (row.todo & steps[i].after) != 0) {
            continue;
        }
        const struct dimsi_result result = steps[i].step(w, &row);
        if (result.end == DIMSI_STEP_REFUSED) {
            return failed(w, &row, &result);
        }
        if (result.end == DIMSI_STEP_LATER && first.end == DIMSI_STEP_DONE) {
            first = result;
        }
    }
    return first.end == DIMSI_STEP_DONE || failed(w, &row, &first);
}

/* ---- files ---- */

static void look_again(struct dimsi_worker *w)
{
    struct verify_why why = {""};
    const struct hssd_dimsi *c = &w->d->h->config->dimsi;
    const uint64_t now = w->d->world.now_ms(w->d->world.ctx);
    if (now < w->look_ms) {
        return;
    }
    w->look_ms = now + HSS_DIMSI_LOOK_MS;
    const struct file_seen seen[2] = {file_look(c->ci_roots), file_look(c->ci_crl)};
    if (file_same(&seen[0], &w->seen[0]) && file_same(&seen[1], &w->seen[1])) {
        return;
    }
    enum err err = dimsi_trust_reload(w->trust, &why);
    memcpy(w->seen, seen, sizeof w->seen);
    if (w == &w->d->workers[0]) { /* each thread reads them; one says so */
        hssd_event(w->d->h, err == E_OK ? "dimsi-files-read" : "dimsi-files-bad", NULL, NULL, NULL,
                   NULL, err == E_OK ? c->ci_roots : why.text);
    }
}

/* ---- a thread ---- */

static void idle(struct hss_dimsi *d)
{
    struct timespec until;
    (void)clock_gettime(CLOCK_MONOTONIC, &until); /* as dimsi.c made d->wake */
    until.tv_sec += IDLE_MS / 1000;
    (void)pthread_cond_timedwait(&d->wake, &d->lock, &until);
}

static void one_row(struct dimsi_worker *w)
{
    struct hss_dimsi *d = w->d;
    const struct imsi dimsi = w->busy;
    pthread_mutex_unlock(&d->lock);
    struct snapshot *held = snapshot_hold(d->h);
    look_again(w);
    const bool stored = work(w, &dimsi);
    snapshot_release(held);
    pthread_mutex_lock(&d->lock);
    w->busy.n = 0;
    if (!stored && !d->stopping) {
        idle(d); /* the writer is full, or the disk is: not at once again */
    }
}

static void one_poll(struct dimsi_worker *w)
{
    struct hss_dimsi *d = w->d;
    pthread_mutex_unlock(&d->lock);
    struct snapshot *held = snapshot_hold(d->h);
    hss_dimsi_poll(w);
    snapshot_release(held);
    pthread_mutex_lock(&d->lock);
    d->polling = false;
}

static void *worker_main(void *arg)
{
    struct dimsi_worker *w = arg;
    struct hss_dimsi *d = w->d;
    /* Linux: of this thread alone. Where it may not, the pool is as good as the others. */
    (void)setpriority(PRIO_PROCESS, (id_t)gettid(), HSS_DIMSI_NICE);
    pthread_mutex_lock(&d->lock);
    while (!d->stopping) {
        if (take_poll(d)) {
            one_poll(w);
        } else if (take(w)) {
            one_row(w);
        } else {
            idle(d);
        }
    }
    pthread_mutex_unlock(&d->lock);
    return NULL;
}

/* ---- start and stop ---- */

static enum err worker_open(struct dimsi_worker *w, struct verify_why *why)
{
    const struct hssd_dimsi *c = &w->d->h->config->dimsi;
    const struct dimsi_trust_options options = {
        .roots = {[DIMSI_ARPF] = {.ca = c->ci_roots, .crl = c->ci_crl}}};
    w->papers = calloc(1, sizeof *w->papers);
    w->space = calloc(1, sizeof *w->space);
    if (w->papers == NULL || w->space == NULL) {
        return E_MEMORY;
    }
    w->seen[0] = file_look(c->ci_roots); /* before: what changes meanwhile is read again */
    w->seen[1] = file_look(c->ci_crl);
    w->look_ms = w->d->world.now_ms(w->d->world.ctx) + HSS_DIMSI_LOOK_MS;
    enum err err = crypto_openssl_open(&w->crypto);
    if (err == E_OK) {
        err = store_reader_open(w->d->h->store, &w->reader);
    }
    return err == E_OK ? dimsi_trust_open(&options, &w->trust, why) : err;
}

/* All are open before one runs: they look at each other. */
enum err hss_dimsi_pool_start(struct hss_dimsi *d, struct verify_why *why)
{
    enum err err = E_OK;
    for (unsigned i = 0; err == E_OK && i < d->h->config->dimsi.threads; i++) {
        struct dimsi_worker *w = &d->workers[d->n_workers++];
        w->d = d;
        err = worker_open(w, why);
    }
    for (unsigned i = 0; err == E_OK && i < d->n_workers; i++) {
        struct dimsi_worker *w = &d->workers[i];
        w->runs = pthread_create(&w->thread, NULL, worker_main, w) == 0;
        err = w->runs ? E_OK : E_IO;
    }
    return err;
}

static void worker_close(struct dimsi_worker *w)
{
    for (size_t i = 0; i < HSS_DIMSI_REMOTES; i++) {
        https_client_close(w->clients[i]);
    }
    dimsi_trust_close(w->trust);
    if (w->reader != NULL) {
        store_reader_close(w->reader);
    }
    crypto_openssl_close(&w->crypto);
    free(w->papers);
    free(w->space);
}

void hss_dimsi_pool_stop(struct hss_dimsi *d)
{
    for (unsigned i = 0; i < d->n_workers; i++) {
        if (d->workers[i].runs) {
            pthread_join(d->workers[i].thread, NULL);
        }
    }
    for (unsigned i = 0; i < d->n_workers; i++) {
        worker_close(&d->workers[i]);
    }
    d->n_workers = 0;
}
