/* nf/common/overload.h - which requests are answered TOO_BUSY when more comes than can be done.
 *
 * Two bounds, both on time: how long what one connection sends may wait for its turn, and how long
 * one pass over all connections with more waiting than a turn may take. Beyond the first that
 * connection is shed; beyond the second every one is whose own wait is longer than that, too. Both
 * end at half the bound. A connection whose input runs dry at its turns is below its share and is
 * never shed, whatever the others do; nor is one that was held up once and catches up. Shed is only
 * what begins something new; what belongs to an attach that has its vectors is served always. One
 * request in OVERLOAD_SHARE is served even then, so that a connection that asks for ten times its
 * share still gets part of it.
 *
 * Pure: no clock, no memory of its own. Nothing here answers or names an event.
 */
#ifndef BINDERY_NF_COMMON_OVERLOAD_H
#define BINDERY_NF_COMMON_OVERLOAD_H

#include <stdbool.h>
#include <stdint.h>

#define OVERLOAD_SHARE 5u

struct overload_limits {
    uint32_t peer_ms;  /* 0: no bound */
    uint32_t total_ms; /* 0: no bound */
};
/* Of a signalling thread, zeroed at first. */
struct overload {
    struct overload_limits limits;
    bool total; /* the second bound was passed */
};
/* Of a connection, zeroed when it opens. */
struct overload_conn {
    bool shedding;
    uint8_t since_served;
    uint32_t shed; /* since shedding began */
};
/* What there is to know when a request's turn has come. */
struct overload_load {
    uint32_t waited_ms; /* what its connection sends, before its turn */
    uint32_t pass_ms;   /* the last pass over all that had more waiting */
    bool more;          /* its connection had more waiting than its last turn took */
    bool in_progress;   /* it belongs to something that was begun */
};

/* Serve it? False: answer TOO_BUSY, cheaply. c->shedding changes here and nowhere else. */
bool overload_serves(struct overload *o, struct overload_conn *c, const struct overload_load *load);

#endif
