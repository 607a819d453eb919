#include "nf/hssd/admin.h"

#include "crypto/openssl.h"
#include "nf/hssd/admin_audit.h"
#include "nf/hssd/admin_dimsi.h"
#include "nf/hssd/admin_eir.h"
#include "nf/hssd/admin_events.h"
#include "nf/hssd/admin_keys.h"
#include "nf/hssd/admin_lot.h"
#include "nf/hssd/admin_onboarding.h"
#include "nf/hssd/snapshots.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

struct admin {
    struct hssd *h;
    uv_loop_t *loop;
    struct crypto crypto;
    struct store_reader *reader;
    const struct address *bound;
    struct admin_server *server;
    uv_async_t async;
    bool listens; /* async is open */
    bool stopping;
    struct admin_worker *worker;
    struct admin_events *events; /* who waits for them */
    unsigned waiting;            /* requests on their way; control thread only */
    pthread_mutex_t lock;        /* of done */
    struct admin_request *done;  /* in the order in which they came back */
    struct admin_request **done_tail;
};

/*= op-audit */
/* Somebody who may not do it tried to change something. */
static void note_refusal(struct admin_request *r, const char *method, const char *path)
{
    const struct admin_call *c = &r->call;
    char action[STORE_AUDIT_ACTION_MAX];
    if (c->phase != ADMIN_ANSWERED || !c->is_problem ||
        (c->problem != PROBLEM_NOT_ALLOWED && c->problem != PROBLEM_OUT_OF_SCOPE) ||
        c->at == NULL || c->at->role == ADMIN_READER) {
        return;
    }
    admin_audit_target(r, c->at->path, path, r->target);
    snprintf(action, sizeof action, "%s %s", method, c->at->path);
    hssd_audit_refused(r->h, &c->who, action, r->target, problem_name(c->problem));
}

static void on_route(void *ctx, struct admin_call *call, const char *method, const char *path)
{
    struct admin *a = ctx;
    struct admin_request *r = (struct admin_request *)call;
    r->admin = a;
    r->h = a->h;
    r->reader = a->reader;
    r->crypto = &a->crypto;
    r->bound = a->bound;
    r->events = a->events;
    admin_route(r, method, path);
    note_refusal(r, method, path);
}

static void on_end(void *ctx, struct admin_call *call)
{
    struct admin_request *r = (struct admin_request *)call;
    (void)ctx;
    admin_write_free(r);
    admin_eir_free(r);
    admin_lot_free(r);
    admin_onboarding_free(r);
    admin_dimsi_free(r);
    admin_keys_free(r);
    admin_import_free(r);
    admin_events_free(r);
}

/* ---- to another thread and back ---- */

struct admin_request *admin_request_of(struct writer_job *job)
{
    struct admin_change *change = (struct admin_change *)job;
    return (struct admin_request *)((char *)change - offsetof(struct admin_request, change));
}

struct admin_request *admin_request_of_task(struct admin_task *task)
{
    return (struct admin_request *)((char *)task - offsetof(struct admin_request, task));
}

static void hand_back(struct admin_request *r)
{
    struct admin *a = r->admin;
    pthread_mutex_lock(&a->lock);
    r->next_done = NULL;
    *a->done_tail = r;
    a->done_tail = &r->next_done;
    pthread_mutex_unlock(&a->lock);
    (void)uv_async_send(&a->async);
}

static void wait_for(struct admin_request *r, void (*back)(struct admin_request *r))
{
    r->back = back;
    r->call.phase = ADMIN_WAITING;
    r->admin->waiting++;
}

/* On the writer's thread. */
static void on_written(struct writer_job *job)
{
    struct admin_request *r = admin_request_of(job);
    if (job->result != E_OK && r->undone != NULL) {
        r->undone(r);
    }
    hand_back(r);
}

/* On the worker's thread. */
static void on_thought(struct admin_task *task)
{
    struct admin_request *r = admin_request_of_task(task);
    snapshot_release(r->held);
    hand_back(r);
}

void admin_think(struct admin_request *r, void (*think)(struct admin_task *task),
                 void (*back)(struct admin_request *r))
{
    r->task.run = think;
    r->task.done = on_thought;
    r->held = snapshot_hold(r->h);
    wait_for(r, back);
    admin_worker_submit(r->admin->worker, &r->task);
}

bool admin_fault_busy(const struct admin_request *r, struct admin_fault *fault)
{
    if (!r->admin->stopping) {
        return admin_fault_store(fault, E_BUSY);
    }
    return admin_fault_set(fault, PROBLEM_STOPPING, NULL,
                           "the HSS is being stopped; nothing was changed");
}

bool admin_submit(struct admin_request *r,
                  enum err (*run)(struct store_writer *w, struct writer_job *job),
                  void (*back)(struct admin_request *r))
{
    struct admin_fault fault;
    r->change.h = r->h;
    r->change.request = r;
    r->change.job.run = run;
    r->change.job.done = on_written;
    wait_for(r, back);
    enum err err = r->admin->stopping ? E_BUSY : writer_submit(r->h->writer, &r->change.job);
    if (err != E_OK) {
        r->admin->waiting--;
        (void)admin_fault_busy(r, &fault);
        admin_refuse(r, &fault);
        return false;
    }
    return true;
}

static void on_async(uv_async_t *async)
{
    struct admin *a = async->data;
    pthread_mutex_lock(&a->lock);
    struct admin_request *list = a->done;
    a->done = NULL;
    a->done_tail = &a->done;
    pthread_mutex_unlock(&a->lock);
    while (list != NULL) {
        struct admin_request *r = list;
        list = r->next_done;
        a->waiting--;
        r->call.phase = ADMIN_READING;
        r->back(r);
        if (r->call.phase == ADMIN_ANSWERED) {
            admin_server_resume(a->server, &r->call);
        }
    }
    admin_server_run(a->server);
}

/* A request that waited for events, or the end of them. */
static void on_events(void *ctx, struct admin_call *c)
{
    struct admin *a = ctx;
    if (c != NULL) {
        admin_server_resume(a->server, c);
    } else {
        admin_server_run(a->server);
    }
}

/* ---- start and stop ---- */

static enum err start_server(struct admin *a, struct admin_why *why)
{
    const struct admin_server_options options = {.path = a->h->config->admin_socket,
                                                 .https = &a->h->config->admin_https,
                                                 .log = a->h->log,
                                                 .program = "HSS",
                                                 .call_size = sizeof(struct admin_request),
                                                 .ctx = a,
                                                 .route = on_route,
                                                 .end = on_end};
    a->async.data = a;
    if (uv_async_init(a->loop, &a->async, on_async) != 0) {
        return E_IO;
    }
    a->listens = true;
    return admin_server_open(&options, a->loop, &a->server, why);
}

enum err admin_start(struct hssd *h, uv_loop_t *loop, const struct address *bound,
                     struct admin **out, struct admin_why *why)
{
    struct admin *a = calloc(1, sizeof *a);
    snprintf(why->text, sizeof why->text, "the administration interface does not start");
    if (a == NULL) {
        return E_MEMORY;
    }
    *a = (struct admin){.h = h, .loop = loop, .bound = bound, .done_tail = &a->done};
    pthread_mutex_init(&a->lock, NULL);
    enum err err = crypto_openssl_open(&a->crypto);
    if (err == E_OK) {
        err = store_reader_open(h->store, &a->reader);
    }
    if (err == E_OK) {
        err = admin_worker_start(&a->worker);
    }
    if (err == E_OK) {
        err = admin_events_open(h, loop, on_events, a, &a->events);
    }
    if (err == E_OK) {
        err = start_server(a, why);
    }
    if (err != E_OK) {
        admin_stop(a);
        return err;
    }
    *out = a;
    return E_OK;
}

json_t *admin_listening(const struct admin_request *r)
{
    return r->admin != NULL ? admin_server_view(r->admin->server) : json_null();
}

static void on_closed(uv_handle_t *handle)
{
    ((struct admin *)handle->data)->listens = false;
}

static void stop_server(struct admin *a)
{
    if (a->server != NULL) {
        admin_server_quiesce(a->server);
        a->stopping = true;
        admin_events_release(a->events);
        admin_worker_stop(a->worker);
        while (a->waiting > 0) {
            (void)uv_run(a->loop, UV_RUN_ONCE);
        }
        admin_server_close(a->server);
    }
    if (a->listens) {
        uv_close((uv_handle_t *)&a->async, on_closed);
    }
    while (a->listens) {
        (void)uv_run(a->loop, UV_RUN_ONCE);
    }
}

struct admin_server *hssd_admin_server(const struct admin *a)
{
    return a != NULL ? a->server : NULL;
}

void admin_stop(struct admin *a)
{
    if (a == NULL) {
        return;
    }
    stop_server(a);
    admin_events_close(a->events);
    admin_worker_stop(a->worker);
    admin_worker_free(a->worker);
    store_reader_close(a->reader);
    crypto_openssl_close(&a->crypto);
    pthread_mutex_destroy(&a->lock);
    free(a);
}
