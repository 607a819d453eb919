/* nf/common/daemon.h - a daemon between its start and its stop: signals, the libuv loop, and what
 * whoever started it is told (nf/common/notify.h).
 *
 * What a daemon opens, reloads and closes stays its own. Nothing is opened or closed here, and
 * nothing is decided: SIGTERM and SIGINT end the loop, SIGHUP calls `reload`.
 */
#ifndef BINDERY_NF_COMMON_DAEMON_H
#define BINDERY_NF_COMMON_DAEMON_H

#include "nf/common/log.h"

#define DAEMON_READY_MAX 6u /* fields of the line "ready" */

struct uv_loop_s;
struct daemon {
    struct log *log;
    void *ctx;                 /* of the two functions */
    void (*reload)(void *ctx); /* on SIGHUP, in the loop; NULL: nothing is read again */
    /* After the loop has ended: closes whatever is open in it. NULL: nothing is. */
    void (*stop)(void *ctx);
    struct log_field ready[DAEMON_READY_MAX]; /* where it listens, for people */
    size_t n_ready;
};
/* SIGPIPE ignored; SIGTERM, SIGINT and SIGHUP blocked until daemon_serve. Before anything starts a
 * thread. */
void daemon_signals(void);
/* Everything is open and listens: logs "ready", says READY=1 to the notify socket (NULL: nobody),
 * and serves until SIGTERM or SIGINT, or until uv_stop of the loop. Then it says STOPPING=1, calls
 * d->stop, and returns when all that was in the loop is closed. */
void daemon_serve(struct daemon *d, struct uv_loop_s *loop, const char *notify_socket);

#endif
