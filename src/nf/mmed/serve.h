/* nf/mmed/serve.h - the one loop of bindery-mmed: S1, the home networks, timers, signals and the
 * administration interface, in libuv on the thread that calls mmed_serve.
 */
#ifndef BINDERY_NF_MMED_SERVE_H
#define BINDERY_NF_MMED_SERVE_H

#include "nf/mmed/admin.h"

/* SIGTERM, SIGINT and SIGPIPE out of the way, until mmed_serve takes them. */
void mmed_signals(void);
/* Opens the administration socket, tells notify_socket (may be NULL) READY=1, and serves until
 * SIGTERM or SIGINT; then says STOPPING=1 and closes what it opened. The caller has opened m and
 * closes it. Errors with why->text: those of mmed_admin_start, E_IO, E_MEMORY. */
MUST_USE enum err mmed_serve(struct mmed *m, const char *notify_socket, struct admin_why *why);

#endif
