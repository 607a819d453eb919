/* nf/common/event_desk.h - GET /v1/events: what there is at once or, with `wait`, as soon as there
 * is something.
 *
 * A request that waits is suspended and costs no thread. EVENT_WAITERS of them wait at most, shared
 * as nf/common/admin_share.h says. A request looks at EVENT_LOOK events; `next` of its answer is
 * where the one after goes on, also when none of them was wanted. Nobody is woken into an answer by
 * an event that he may not see. All but event_desk_wake on the thread of the loop.
 */
#ifndef BINDERY_NF_COMMON_EVENT_DESK_H
#define BINDERY_NF_COMMON_EVENT_DESK_H

#include "nf/common/event_ask.h"

#define EVENT_WAITERS 32u

struct event_desk;
struct uv_loop_s;
struct event_desk_options {
    void *ctx;
    /* Looks at what stands behind a->after, at most EVENT_LOOK events and until a is full, takes
     * those that are wanted and moves a->after. *all: there is nothing behind it. */
    enum err (*look)(void *ctx, struct event_ask *a, bool *all);
    /* From now on the next event is to call event_desk_wake, once. */
    void (*want)(void *ctx);
    /* Of a request whose answer is set now, and once with NULL behind the last. */
    void (*go_on)(void *ctx, struct admin_call *c);
};
/* Errors: E_MEMORY, E_IO. */
MUST_USE enum err event_desk_open(const struct event_desk_options *options, struct uv_loop_s *loop,
                                  struct event_desk **out);
/* Whoever waits is answered with what there is, and nobody waits any more. Harmless on NULL. */
void event_desk_release(struct event_desk *d);
/* Runs the loop until its handles are closed. After event_desk_release. Harmless on NULL. */
void event_desk_close(struct event_desk *d);
/* The handler. *ask is the request's own and freed by event_ask_free with it. */
void event_desk_list(struct event_desk *d, struct admin_call *c, struct event_ask **ask);
/* Any thread, until event_desk_close: there are events. */
void event_desk_wake(struct event_desk *d);

#endif
