/* nf/mmed/admin_events.h - GET /v1/events of the MME: its list in memory (nf/mmed/events.h) at the
 * desk of nf/common/event_desk.h, which has the bounds. All on the one thread.
 */
#ifndef BINDERY_NF_MMED_ADMIN_EVENTS_H
#define BINDERY_NF_MMED_ADMIN_EVENTS_H

#include "nf/common/event_desk.h"
#include "nf/mmed/mmed.h"

struct mmed_admin_events;
/* then: of a request whose answer is set now, and once with NULL behind the last. Errors: E_MEMORY,
 * E_IO. */
MUST_USE enum err mmed_admin_events_open(struct mmed *m, struct uv_loop_s *loop,
                                         void (*then)(void *ctx, struct admin_call *c), void *ctx,
                                         struct mmed_admin_events **out);
/* Whoever waits is answered with what there is, and nobody waits any more. Harmless on NULL. */
void mmed_admin_events_release(struct mmed_admin_events *e);
/* Runs the loop until its handles are closed. After the release. Harmless on NULL. */
void mmed_admin_events_close(struct mmed_admin_events *e);

/* The handler. *ask is freed by event_ask_free with the request. */
void mmed_admin_events_list(struct mmed_admin_events *e, struct admin_call *c,
                            struct event_ask **ask);

#endif
