/* nf/hssd/routes.h - which open connection leads to which node, for the requests we send (CLR).
 *
 * A peer that is an end leads to itself, an agent to the origins it may carry. Signalling threads
 * add and remove their connections; anybody may look up. One lock, held for a few comparisons.
 */
#ifndef BINDERY_NF_HSSD_ROUTES_H
#define BINDERY_NF_HSSD_ROUTES_H

#include "nf/hssd/hssd.h"

struct route {
    struct hssd_peer_state *peer;
    struct hssd_thread *thread;
    uint64_t conn;
    int64_t opened_ms; /* Unix milliseconds */
};

struct routes;
MUST_USE enum err routes_open(unsigned connections, struct routes **out);
void routes_close(struct routes *r);
/* Errors: E_NO_ROOM. */
MUST_USE enum err routes_add(struct routes *r, const struct route *route);
void routes_remove(struct routes *r, struct hssd_thread *thread, uint64_t conn);
/* Open connections, from the `from`th on, at most max. While others come and go one may be missed.
 */
size_t routes_copy(struct routes *r, size_t from, struct route *out, size_t max);
/* A connection towards this node; one to the node itself before one to an agent. Errors:
 * E_NOT_FOUND. */
MUST_USE enum err routes_find(struct routes *r, struct bytes host, struct route *out);

#endif
