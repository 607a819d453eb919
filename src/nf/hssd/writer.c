#include "nf/hssd/writer.h"

#include <pthread.h>
#include <stdlib.h>

#define BATCH_MAX 256 /* jobs between two commits: bounds how long the first one waits */

struct writer {
    struct store_writer *store;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct writer_job *head;
    struct writer_job **tail;
    unsigned depth;
    unsigned capacity;
    bool stopping;
    bool joined; /* the thread that drains sees and sets it */
    _Atomic uint64_t committed, failed;
    atomic_bool doubted, failing, full;
    unsigned good; /* probes since the last failure; the writer's thread's */
    void (*turned)(void *ctx, bool failing);
    void *turned_ctx;
    struct metrics_histogram times;
};

static struct writer_job *take_batch(struct writer *w)
{
    struct writer_job *first;
    struct writer_job **cut;
    unsigned n = 0;
    pthread_mutex_lock(&w->lock);
    while (w->head == NULL && !w->stopping) {
        pthread_cond_wait(&w->wake, &w->lock);
    }
    first = w->head;
    for (cut = &w->head; *cut != NULL && n < BATCH_MAX; cut = &(*cut)->next) {
        n++;
    }
    w->head = *cut;
    if (first != NULL) {
        *cut = NULL;
    }
    if (w->head == NULL) {
        w->tail = &w->head;
    }
    w->depth -= n;
    pthread_mutex_unlock(&w->lock);
    return first;
}

/* A job that fails leaves no half of itself in the batch; an error returned is the batch's end. */
static enum err run_job(struct writer *w, struct writer_job *job)
{
    enum err err = store_step_begin(w->store);
    if (err == E_OK) {
        job->result = job->run(w->store, job);
        err = store_step_end(w->store, job->result == E_OK);
    }
    return err;
}

static void set_failing(struct writer *w, bool failing)
{
    const bool was = atomic_exchange_explicit(&w->failing, failing, memory_order_relaxed);
    if (was != failing && w->turned != NULL) {
        w->turned(w->turned_ctx, failing);
    }
}

static void note_failure(struct writer *w, bool full)
{
    const bool again = atomic_exchange_explicit(&w->doubted, true, memory_order_relaxed);
    w->good = 0;
    atomic_store_explicit(&w->full, full, memory_order_relaxed);
    if (again) {
        set_failing(w, true);
    }
}

static void note_probe(struct writer *w)
{
    if (++w->good >= WRITER_PROBES) {
        w->good = 0;
        atomic_store_explicit(&w->doubted, false, memory_order_relaxed);
        set_failing(w, false);
    }
}

/* The writer's thread, before anybody is told. A job that fails for its own reasons is no sign. */
static void note(struct writer *w, const struct writer_job *first, enum err err, uint64_t begun_ns)
{
    bool failed = err != E_OK, probed = false;
    for (const struct writer_job *j = first; j != NULL; j = j->next) {
        failed = failed || j->result == E_IO;
        probed = probed || (j->probes && j->result == E_OK);
    }
    metrics_observe(&w->times, metrics_now_ns() - begun_ns);
    metrics_add(err == E_OK ? &w->committed : &w->failed, 1);
    if (failed) {
        note_failure(w, err == E_DISK_FULL);
    } else if (probed) {
        note_probe(w);
    }
}

static void run_batch(struct writer *w, struct writer_job *first)
{
    const uint64_t begun_ns = metrics_now_ns();
    enum err err = store_begin(w->store);
    for (struct writer_job *j = first; j != NULL && err == E_OK; j = j->next) {
        err = run_job(w, j);
    }
    if (err == E_OK) {
        err = store_commit(w->store);
    }
    if (err != E_OK) {
        store_rollback(w->store);
        err = store_writer_is_full(w->store) ? E_DISK_FULL : E_IO;
    }
    note(w, first, err, begun_ns);
    for (struct writer_job *j = first; j != NULL;) {
        struct writer_job *next = j->next; /* done may free the job */
        if (err != E_OK) {
            j->result = err;
        }
        j->done(j);
        j = next;
    }
}

static void *writer_main(void *arg)
{
    struct writer *w = arg;
    struct writer_job *batch;
    while ((batch = take_batch(w)) != NULL) {
        run_batch(w, batch);
    }
    return NULL;
}

void writer_watch(struct writer *w, void (*turned)(void *ctx, bool failing), void *ctx)
{
    w->turned = turned;
    w->turned_ctx = ctx;
}

enum err writer_start(struct store *s, unsigned capacity, struct writer **out)
{
    struct writer *w = calloc(1, sizeof *w);
    if (w == NULL) {
        return E_MEMORY;
    }
    w->store = store_the_writer(s);
    w->capacity = capacity;
    w->tail = &w->head;
    pthread_mutex_init(&w->lock, NULL);
    pthread_cond_init(&w->wake, NULL);
    if (pthread_create(&w->thread, NULL, writer_main, w) != 0) {
        pthread_cond_destroy(&w->wake);
        pthread_mutex_destroy(&w->lock);
        free(w);
        return E_IO;
    }
    *out = w;
    return E_OK;
}

void writer_drain(struct writer *w)
{
    if (w == NULL || w->joined) {
        return;
    }
    pthread_mutex_lock(&w->lock);
    w->stopping = true;
    pthread_cond_signal(&w->wake);
    pthread_mutex_unlock(&w->lock);
    pthread_join(w->thread, NULL);
    w->joined = true;
}

void writer_stop(struct writer *w)
{
    if (w == NULL) {
        return;
    }
    writer_drain(w);
    pthread_cond_destroy(&w->wake);
    pthread_mutex_destroy(&w->lock);
    free(w);
}

static enum err submit(struct writer *w, struct writer_job *job, unsigned capacity)
{
    enum err err = E_BUSY;
    job->next = NULL;
    job->result = E_BAD_STATE;
    pthread_mutex_lock(&w->lock);
    if (w->depth < capacity && !w->stopping) {
        *w->tail = job;
        w->tail = &job->next;
        w->depth++;
        err = E_OK;
        pthread_cond_signal(&w->wake);
    }
    pthread_mutex_unlock(&w->lock);
    return err;
}

enum err writer_submit(struct writer *w, struct writer_job *job)
{
    return submit(w, job, w->capacity);
}

enum err writer_submit_low(struct writer *w, struct writer_job *job)
{
    return submit(w, job, w->capacity / 2);
}

unsigned writer_depth(struct writer *w)
{
    pthread_mutex_lock(&w->lock);
    unsigned depth = w->depth;
    pthread_mutex_unlock(&w->lock);
    return depth;
}

void writer_stats(const struct writer *w, struct writer_stats *out)
{
    *out = (struct writer_stats){
        .committed = atomic_load_explicit(&w->committed, memory_order_relaxed),
        .failed = atomic_load_explicit(&w->failed, memory_order_relaxed),
        .failing = atomic_load_explicit(&w->failing, memory_order_relaxed)};
    metrics_times_add(&w->times, &out->times);
}

bool writer_is_failing(const struct writer *w)
{
    return atomic_load_explicit(&w->failing, memory_order_relaxed);
}

bool writer_wants_probe(const struct writer *w)
{
    return atomic_load_explicit(&w->doubted, memory_order_relaxed);
}

bool writer_is_full(const struct writer *w)
{
    return atomic_load_explicit(&w->full, memory_order_relaxed);
}
