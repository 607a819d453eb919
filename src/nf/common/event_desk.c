#include "nf/common/event_desk.h"

#include "nf/common/admin_share.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <uv.h>

#define SOON_MS 20u /* events come in bursts: who waits looks once for many */

struct event_desk {
    struct event_desk_options options;
    uv_async_t async;
    uv_timer_t timer;
    unsigned handles; /* that are open */
    bool released, woken;
    uint64_t soon_ms; /* when it was woken: the time of the look */
    struct event_ask *waiting;
};

static uint64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- waiting ---- */

static void on_timer(uv_timer_t *timer);

static void arm(struct event_desk *d)
{
    const uint64_t now = now_ms();
    uint64_t due = UINT64_MAX;
    for (const struct event_ask *a = d->waiting; a != NULL; a = a->next) {
        due = a->until_ms < due ? a->until_ms : due;
    }
    if (d->waiting == NULL) {
        (void)uv_timer_stop(&d->timer);
        return;
    }
    uint64_t ms = due > now ? due - now : 0;
    const uint64_t soon = d->soon_ms > now ? d->soon_ms - now : 0;
    ms = d->woken && ms > soon ? soon : ms;
    (void)uv_timer_start(&d->timer, on_timer, ms, 0);
}

/* again: there may be new events. True: it has its answer. */
static bool answered(const struct event_desk *d, struct event_ask *a, bool again)
{
    bool all = true;
    enum err err = again ? d->options.look(d->options.ctx, a, &all) : E_OK;
    if (err != E_OK) {
        admin_call_refuse_err(a->call, err);
        return true;
    }
    if (json_array_size(a->found) == 0 && all && !d->released && now_ms() < a->until_ms) {
        return false;
    }
    event_ask_answer(a);
    return true;
}

static void answer_those(struct event_desk *d, bool again)
{
    bool any = false;
    if (again) {
        d->options.want(d->options.ctx);
    }
    for (struct event_ask **at = &d->waiting; *at != NULL;) {
        struct event_ask *a = *at;
        a->call->phase = ADMIN_READING;
        if (answered(d, a, again)) {
            *at = a->next;
            any = true;
            d->options.go_on(d->options.ctx, a->call);
        } else {
            a->call->phase = ADMIN_WAITING;
            at = &a->next;
        }
    }
    if (any) {
        d->options.go_on(d->options.ctx, NULL);
    }
    arm(d);
}

static void on_timer(uv_timer_t *timer)
{
    struct event_desk *d = timer->data;
    const bool woken = d->woken;
    d->woken = false;
    answer_those(d, woken);
}

static void on_async(uv_async_t *async)
{
    struct event_desk *d = async->data;
    if (!d->woken) { /* a look that is due is not put off: events that go on would do it for ever */
        d->woken = true;
        d->soon_ms = now_ms() + SOON_MS;
        arm(d);
    }
}

void event_desk_wake(struct event_desk *d)
{
    (void)uv_async_send(&d->async);
}

static struct admin_taken taken_for(const struct event_desk *d, const struct admin_call *c)
{
    struct admin_taken t = {.all = 0};
    for (const struct event_ask *a = d->waiting; a != NULL; a = a->next) {
        t.all++;
        t.https += a->call->https != NULL;
        t.own += strcmp(a->call->who.name, c->who.name) == 0;
    }
    return t;
}

/* Both pass within a wait, so both are said with a time to come again. */
static bool finds_place(const struct event_desk *d, struct admin_call *c)
{
    struct admin_fault fault;
    const struct admin_taken t = taken_for(d, c);
    const enum admin_share share = admin_share(EVENT_WAITERS, &t, c->https != NULL);
    if (share == ADMIN_SHARE_FREE) {
        return true;
    }
    if (share == ADMIN_SHARE_OWN) {
        (void)admin_fault_set(&fault, PROBLEM_BUSY, NULL,
                              "%" PRIu64 " requests of %.100s wait for events, and no more may",
                              t.own, c->who.name);
    } else {
        (void)admin_fault_set(&fault, PROBLEM_BUSY, NULL,
                              "%" PRIu64 " requests wait for events, and no more may", t.all);
    }
    admin_call_refuse(c, &fault);
    return false;
}

static void wait_for(struct event_desk *d, struct event_ask *a)
{
    if (finds_place(d, a->call)) {
        a->call->phase = ADMIN_WAITING;
        a->next = d->waiting;
        d->waiting = a;
        arm(d);
    }
}

/*= op-events-follow */
void event_desk_list(struct event_desk *d, struct admin_call *c, struct event_ask **ask)
{
    bool all = false;
    struct event_ask *a = event_ask_new(c);
    *ask = a;
    if (a == NULL) {
        admin_call_refuse_err(c, E_MEMORY);
        return;
    }
    if (!event_ask_read(a, now_ms())) {
        return;
    }
    if (a->until_ms > 0) {
        d->options.want(d->options.ctx); /* before the look */
    }
    enum err err = d->options.look(d->options.ctx, a, &all);
    if (err != E_OK) {
        admin_call_refuse_err(c, err);
    } else if (json_array_size(a->found) == 0 && all && a->until_ms > 0 && !d->released) {
        wait_for(d, a);
    } else {
        event_ask_answer(a);
    }
}

/* ---- start and stop ---- */

enum err event_desk_open(const struct event_desk_options *options, uv_loop_t *loop,
                         struct event_desk **out)
{
    struct event_desk *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return E_MEMORY;
    }
    d->options = *options;
    d->async.data = d->timer.data = d;
    if (uv_timer_init(loop, &d->timer) != 0) {
        free(d);
        return E_IO;
    }
    d->handles = 1;
    if (uv_async_init(loop, &d->async, on_async) != 0) {
        event_desk_close(d);
        return E_IO;
    }
    d->handles = 2;
    *out = d;
    return E_OK;
}

void event_desk_release(struct event_desk *d)
{
    if (d != NULL) {
        d->released = true;
        answer_those(d, true);
    }
}

static void on_closed(uv_handle_t *handle)
{
    ((struct event_desk *)handle->data)->handles--;
}

void event_desk_close(struct event_desk *d)
{
    if (d == NULL) {
        return;
    }
    uv_loop_t *loop = d->timer.loop;
    if (d->handles == 2) {
        uv_close((uv_handle_t *)&d->async, on_closed);
    }
    uv_close((uv_handle_t *)&d->timer, on_closed);
    while (d->handles > 0) {
        (void)uv_run(loop, UV_RUN_ONCE);
    }
    free(d);
}
