/* nf/common/metrics_port.h - an optional listener of plain HTTP for what gathers metrics: /metrics,
 * /health/live and /health/ready, and nothing else. There is no client authentication, so it
 * listens on loopback unless the configuration says in so many words that it may be elsewhere.
 *
 * libmicrohttpd by external epoll inside the caller's libuv loop, on its thread. Few connections,
 * few of one address, short idle times, no bodies: whoever means harm holds up other gatherers at
 * most. Nothing can be changed here.
 */
#ifndef BINDERY_NF_COMMON_METRICS_PORT_H
#define BINDERY_NF_COMMON_METRICS_PORT_H

#include "net/address.h"
#include "nf/common/metrics_answer.h"

struct metrics_port;
struct uv_loop_s;
struct metrics_port_why {
    char text[256]; /* where, what, and what to do */
};
/* The source stays the caller's. Errors with *why: those of socket_listen, E_MEMORY, E_IO. */
MUST_USE enum err metrics_port_open(const struct address *at, const struct metrics_source *source,
                                    struct uv_loop_s *loop, struct metrics_port **out,
                                    struct metrics_port_why *why);
struct address metrics_port_bound(const struct metrics_port *p); /* with the port that was taken */
/* Runs the loop until its handles are closed: not from inside one of the loop's callbacks. Harmless
 * on NULL. */
void metrics_port_close(struct metrics_port *p);
/* The same from inside a callback: it serves no more, and the loop frees it when it comes to it. */
void metrics_port_leave(struct metrics_port *p);

#endif
