/* nf/hssd/admin_events.h - GET /v1/events of the HSS: the event list of the store at the desk of
 * nf/common/event_desk.h, which has the bounds. Control thread.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_EVENTS_H
#define BINDERY_NF_HSSD_ADMIN_EVENTS_H

#include "nf/common/event_desk.h"
#include "nf/hssd/admin_request.h"

struct admin_events;
/* then: of a request whose answer is set now, and once with NULL behind the last. Errors: E_MEMORY,
 * E_IO. */
MUST_USE enum err admin_events_open(struct hssd *h, struct uv_loop_s *loop,
                                    void (*then)(void *ctx, struct admin_call *c), void *ctx,
                                    struct admin_events **out);
/* Whoever waits is answered with what there is, and nobody waits any more. Harmless on NULL. */
void admin_events_release(struct admin_events *e);
/* Runs the loop until its handles are closed. After admin_events_release. Harmless on NULL. */
void admin_events_close(struct admin_events *e);

void admin_events_list(struct admin_request *r);
/* What the request had of its own. */
void admin_events_free(struct admin_request *r);

#endif
