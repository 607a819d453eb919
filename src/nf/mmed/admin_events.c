#include "nf/mmed/admin_events.h"

#include "nf/mmed/admin_view.h"
#include "nf/mmed/events.h"

#include <stdlib.h>

struct mmed_admin_events {
    struct mmed *m;
    void (*go_on)(void *ctx, struct admin_call *c);
    void *ctx;
    struct event_desk *desk;
    bool wants; /* somebody waits: the next event wakes */
};

/* Nothing that happens here is about a peer by name: `peer` is null, and `peer=` chooses none. */
static bool wanted(const struct event_ask *a, const struct mmed_event_row *row)
{
    const struct event_facts facts = {.at_ms = row->unix_ms,
                                      .name = row->name,
                                      .imsi = row->has_imsi ? row->imsi.digits : "",
                                      .imei = row->has_imei ? row->imei.digits : "",
                                      .peer = "",
                                      .cause = row->cause};
    return event_ask_wants(a, &facts);
}

static enum err look(void *ctx, struct event_ask *a, bool *all)
{
    const struct mmed_admin_events *e = ctx;
    struct mmed_event_row row;
    const uint64_t last = events_last(e->m->events);
    if (!a->back && last != 0 && a->after > last) {
        a->after = 0; /* an id of a process before, whose clock was ahead: all is new to him */
    }
    *all = false;
    for (size_t i = 0; i < EVENT_LOOK && !event_ask_full(a); i++) {
        if (!(a->back ? events_previous : events_next)(e->m->events, a->after, &row)) {
            *all = true;
            break;
        }
        a->after = row.id;
        if (wanted(a, &row) && event_ask_take(a, mmed_view_event(e->m, &row)) != E_OK) {
            return E_MEMORY;
        }
    }
    return E_OK;
}

static void want(void *ctx)
{
    struct mmed_admin_events *e = ctx;
    e->wants = true;
}

static void on_event(void *ctx)
{
    struct mmed_admin_events *e = ctx;
    if (e->wants) {
        e->wants = false;
        event_desk_wake(e->desk);
    }
}

static void go_on(void *ctx, struct admin_call *c)
{
    struct mmed_admin_events *e = ctx;
    e->go_on(e->ctx, c);
}

/*= op-events-follow */
void mmed_admin_events_list(struct mmed_admin_events *e, struct admin_call *c,
                            struct event_ask **ask)
{
    event_desk_list(e->desk, c, ask);
}

enum err mmed_admin_events_open(struct mmed *m, struct uv_loop_s *loop,
                                void (*then)(void *ctx, struct admin_call *c), void *ctx,
                                struct mmed_admin_events **out)
{
    struct mmed_admin_events *e = calloc(1, sizeof *e);
    if (e == NULL) {
        return E_MEMORY;
    }
    *e = (struct mmed_admin_events){.m = m, .go_on = then, .ctx = ctx};
    const struct event_desk_options options = {
        .ctx = e, .look = look, .want = want, .go_on = go_on};
    enum err err = event_desk_open(&options, loop, &e->desk);
    if (err != E_OK) {
        free(e);
        return err;
    }
    events_watch(m->events, on_event, e);
    *out = e;
    return E_OK;
}

void mmed_admin_events_release(struct mmed_admin_events *e)
{
    if (e != NULL) {
        event_desk_release(e->desk);
    }
}

void mmed_admin_events_close(struct mmed_admin_events *e)
{
    if (e != NULL) {
        events_watch(e->m->events, NULL, NULL);
        event_desk_close(e->desk);
        free(e);
    }
}
