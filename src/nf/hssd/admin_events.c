#include "nf/hssd/admin_events.h"

#include "nf/hssd/admin_view.h"
#include "nf/hssd/event_feed.h"

#include <stdlib.h>

#define CHUNK 256u /* rows that are read at once */

struct admin_events {
    struct hssd *h;
    void (*go_on)(void *ctx, struct admin_call *c);
    void *ctx;
    struct event_desk *desk;
    struct event_watcher watcher;
    struct store_event rows[CHUNK];
};

/* ---- looking ---- */

static bool wanted(const struct event_ask *a, const struct store_event *row)
{
    const struct event_facts facts = {.at_ms = row->at_ms,
                                      .name = row->name,
                                      .imsi = row->imsi,
                                      .imei = row->imei,
                                      .peer = row->peer,
                                      .cause = row->cause};
    return event_ask_wants(a, &facts);
}

static enum err read_rows(struct admin_events *e, const struct event_ask *a, size_t *n)
{
    struct store_reader *reader = ((struct admin_request *)a->call)->reader;
    return (a->back ? store_list_events_back : store_list_events)(reader, a->after, a->name,
                                                                  e->rows, CHUNK, n);
}

static enum err look(void *ctx, struct event_ask *a, bool *all)
{
    struct admin_events *e = ctx;
    *all = false;
    for (size_t looked = 0, n = CHUNK; looked < EVENT_LOOK && !event_ask_full(a); looked += n) {
        enum err err = read_rows(e, a, &n);
        size_t i = 0;
        for (; err == E_OK && i < n && !event_ask_full(a); i++) {
            a->after = e->rows[i].id;
            if (wanted(a, &e->rows[i])) {
                err = event_ask_take(a, view_event(&e->rows[i]));
            }
        }
        if (err != E_OK) {
            return err;
        }
        if (i == n && n < CHUNK) {
            *all = true;
            break;
        }
    }
    return E_OK;
}

static void want(void *ctx)
{
    struct admin_events *e = ctx;
    event_feed_want(e->h->feed, &e->watcher);
}

/* The writer's thread. */
static void on_event(void *ctx)
{
    struct admin_events *e = ctx;
    event_desk_wake(e->desk);
}

static void go_on(void *ctx, struct admin_call *c)
{
    struct admin_events *e = ctx;
    e->go_on(e->ctx, c);
}

/*= op-events-follow */
void admin_events_list(struct admin_request *r)
{
    event_desk_list(r->events->desk, &r->call, &r->events_ask);
}

void admin_events_free(struct admin_request *r)
{
    event_ask_free(r->events_ask);
}

/* ---- start and stop ---- */

enum err admin_events_open(struct hssd *h, struct uv_loop_s *loop,
                           void (*then)(void *ctx, struct admin_call *c), void *ctx,
                           struct admin_events **out)
{
    struct admin_events *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return E_MEMORY;
    }
    e->h = h;
    e->go_on = then;
    e->ctx = ctx;
    e->watcher.wake = on_event;
    e->watcher.ctx = e;
    const struct event_desk_options options = {
        .ctx = e, .look = look, .want = want, .go_on = go_on};
    enum err err = event_desk_open(&options, loop, &e->desk);
    if (err != E_OK) {
        free(e);
        return err;
    }
    event_feed_watch(h->feed, &e->watcher);
    *out = e;
    return E_OK;
}

void admin_events_release(struct admin_events *e)
{
    if (e != NULL) {
        event_desk_release(e->desk);
    }
}

void admin_events_close(struct admin_events *e)
{
    if (e != NULL) {
        event_feed_leave(e->h->feed, &e->watcher);
        event_desk_close(e->desk);
        free(e);
    }
}
