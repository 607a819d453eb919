#include "cli/load_run.h"
#include "cli/load_worker.h"
#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define LOOK_NS  20000000L          /* how often the main thread looks */
#define LINE_NS  (LOAD_SECOND / 2)  /* how often the line is written anew */
#define AHEAD_NS (LOAD_SECOND / 50) /* from all being connected to the first arrival */

struct run {
    const struct load_plan *plan;
    struct load_shared shared;
    struct load_worker *worker; /* plan->threads of them */
    pthread_t thread[LOAD_THREADS_MAX];
    unsigned opened, started;
    uint64_t line_at, line_succeeded;
    char *why;
    size_t cap;
};

uint64_t load_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * LOAD_SECOND + (uint64_t)t.tv_nsec;
}

bool load_name(const char *pattern, unsigned number, char *out, size_t cap)
{
    char digits[12];
    size_t n = 0;
    int d = snprintf(digits, sizeof digits, "%u", number);
    for (; *pattern; pattern++) {
        bool here = pattern[0] == '%' && pattern[1] == 'd';
        size_t len = here ? (size_t)d : 1;
        if (n + len >= cap) {
            return false;
        }
        memcpy(out + n, here ? digits : pattern, len);
        n += len;
        pattern += here;
    }
    out[n] = '\0';
    return true;
}

/* ---- certificates ---- */

static bool file_of(const char *pattern, unsigned peer, char *out, size_t cap)
{
    return pattern && load_name(pattern, peer, out, cap);
}

static enum err open_tls(struct run *r)
{
    char certificate[4096], key[4096], ca[4096];
    const struct tls_files *files = &r->plan->tls;
    if (r->plan->to.transport != TRANSPORT_TLS) {
        return E_OK;
    }
    r->shared.tls = calloc(r->plan->peers, sizeof(struct tls_context *));
    for (unsigned i = 0; r->shared.tls && i < r->plan->peers; i++) {
        struct tls_files f = {certificate, key, ca};
        struct tls_why why = {""};
        if (!file_of(files->certificate, i + 1, certificate, sizeof certificate) ||
            !file_of(files->key, i + 1, key, sizeof key) ||
            !file_of(files->ca, i + 1, ca, sizeof ca) ||
            tls_context_open(&f, false, &r->shared.tls[i], &why) != E_OK) {
            snprintf(r->why, r->cap, "%s",
                     why.text[0] ? why.text : "a path is missing or too long");
            return E_DENIED;
        }
    }
    return r->shared.tls ? E_OK : E_MEMORY;
}

static void close_tls(struct run *r)
{
    for (unsigned i = 0; r->shared.tls && i < r->plan->peers; i++) {
        if (r->shared.tls[i]) {
            tls_context_close(r->shared.tls[i]);
        }
    }
    free(r->shared.tls);
}

/* ---- threads ---- */

static enum err open_workers(struct run *r)
{
    enum err e = E_OK;
    r->worker = calloc(r->plan->threads, sizeof *r->worker);
    if (!r->worker) {
        return E_MEMORY;
    }
    for (unsigned i = 0; i < r->plan->threads && e == E_OK; i++) {
        e = load_worker_open(&r->worker[i], &r->shared, i);
        r->opened++;
    }
    for (unsigned i = 0; i < r->plan->threads && e == E_OK; i++) {
        if (pthread_create(&r->thread[i], NULL, load_worker_run, &r->worker[i]) != 0) {
            e = E_MEMORY;
        } else {
            r->started++;
        }
    }
    return e;
}

static void look_again(void)
{
    struct timespec t = {.tv_nsec = LOOK_NS};
    (void)nanosleep(&t, NULL);
}

/* All connected, or not. */
static enum err await_ready(struct run *r, const atomic_bool *stop)
{
    for (unsigned i = 0; i < r->started; i++) {
        int ready;
        while ((ready = atomic_load(&r->worker[i].ready)) == LOAD_CONNECTS) {
            if (atomic_load(stop)) {
                atomic_store(&r->shared.stop, true);
            }
            look_again();
        }
        if (ready == LOAD_CANNOT) {
            snprintf(r->why, r->cap, "%s", r->worker[i].why);
            return E_CLOSED;
        }
    }
    return E_OK;
}

/* ---- the progress line ---- */

struct progress {
    uint64_t offered, succeeded, failed, p50, p99;
};

static struct progress look(const struct run *r)
{
    struct progress p = {0};
    for (unsigned i = 0; i < r->started; i++) {
        const struct load_worker *w = &r->worker[i];
        uint64_t p50 = atomic_load(&w->p_p50), p99 = atomic_load(&w->p_p99);
        p.offered += atomic_load(&w->p_offered);
        p.succeeded += atomic_load(&w->p_succeeded);
        p.failed += atomic_load(&w->p_failed);
        p.p50 = p50 > p.p50 ? p50 : p.p50; /* of the slowest thread */
        p.p99 = p99 > p.p99 ? p99 : p.p99;
    }
    return p;
}

static void line(struct run *r, uint64_t now)
{
    if (!r->plan->progress || now < r->line_at + LINE_NS) {
        return;
    }
    struct progress p = look(r);
    double since = (double)(now - r->line_at) / 1e9;
    double at = (double)(int64_t)(now - atomic_load(&r->shared.start)) / 1e9;
    fprintf(stderr,
            "\r\033[K%5.1f/%g s  %9.0f/s  offered %" PRIu64 "  ok %" PRIu64 "  failed %" PRIu64
            "  p50 %.2f  p99 %.2f ms",
            at > 0 ? at : 0, (double)(r->plan->duration_ns + r->plan->warmup_ns) / 1e9,
            (double)(p.succeeded - r->line_succeeded) / since, p.offered, p.succeeded, p.failed,
            (double)p.p50 / 1e6, (double)p.p99 / 1e6);
    (void)fflush(stderr);
    r->line_at = now;
    r->line_succeeded = p.succeeded;
}

static void await_end(struct run *r, const atomic_bool *stop)
{
    for (unsigned i = 0; i < r->started; i++) {
        while (!atomic_load(&r->worker[i].done)) {
            if (atomic_load(stop)) {
                atomic_store(&r->shared.stop, true);
            }
            line(r, load_now());
            look_again();
        }
    }
    if (r->plan->progress) {
        fputs("\r\033[K", stderr);
    }
}

/* ---- the whole ---- */

static void join_all(struct run *r, struct load_counts *out)
{
    for (unsigned i = 0; i < r->started; i++) {
        (void)pthread_join(r->thread[i], NULL);
        load_counts_merge(out, r->worker[i].counts);
    }
    for (unsigned i = 0; i < r->opened; i++) {
        load_worker_close(&r->worker[i]);
    }
    free(r->worker);
}

enum err load_run(const struct load_plan *plan, const atomic_bool *stop, struct load_counts *out,
                  char *why, size_t cap)
{
    struct run r = {.plan = plan, .shared = {.plan = plan}, .why = why, .cap = cap};
    why[0] = '\0';
    enum err e = open_tls(&r);
    e = e == E_OK ? open_workers(&r) : e;
    e = e == E_OK ? await_ready(&r, stop) : e;
    if (e == E_OK) {
        r.line_at = load_now();
        atomic_store(&r.shared.start, r.line_at + AHEAD_NS);
        await_end(&r, stop);
    } else {
        atomic_store(&r.shared.stop, true);
    }
    if (e != E_OK && !why[0]) {
        snprintf(why, cap, "%s", err_sentence(e));
    }
    join_all(&r, out);
    close_tls(&r);
    return e;
}
