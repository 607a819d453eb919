/* nf/common/admin_server.h - HTTP over a Unix socket for an administration interface: libmicrohttpd
 * by external epoll inside the caller's libuv loop, all on its thread.
 *
 * Connections, body sizes and idle times are bounded. The socket belongs to its owner alone from
 * its first moment, and bodies are wiped. What is asked and answered is nf/common/admin_call.h's.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_SERVER_H
#define BINDERY_NF_COMMON_ADMIN_SERVER_H

#include "nf/common/admin_call.h"

struct admin_server;
struct uv_loop_s; /* libuv's uv_loop_t */
struct admin_why {
    char text[256]; /* what, where, and what to do */
};
struct admin_server_options {
    const char *path;    /* of the socket; kept by reference */
    const char *program; /* "HSS", for messages */
    size_t call_size;    /* of the structure that begins with a struct admin_call; zeroed */
    void *ctx;
    /* The request is whole: sets its answer, or ADMIN_WAITING. */
    void (*route)(void *ctx, struct admin_call *c, const char *method, const char *path);
    void (*end)(void *ctx, struct admin_call *c); /* frees what route allocated; may be NULL */
};
/* A socket file that nobody answers on is replaced. Errors: E_LOCKED (another process answers),
 * E_EXISTS (the path is no socket), E_IO, E_MEMORY. */
MUST_USE enum err admin_server_open(const struct admin_server_options *options,
                                    struct uv_loop_s *loop, struct admin_server **out,
                                    struct admin_why *why);
/* Calls that waited have their answers now. */
void admin_server_resume(struct admin_server *s, struct admin_call *c);
void admin_server_run(struct admin_server *s);
/* Takes no new connections; those there are go on. Before admin_server_close, when calls wait. */
void admin_server_quiesce(struct admin_server *s);
/* Sends what was answered last, closes, and removes the socket file. No call may wait. */
void admin_server_close(struct admin_server *s);

#endif
