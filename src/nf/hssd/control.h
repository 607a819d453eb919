/* nf/hssd/control.h - the control thread of bindery-hssd: listeners, signals, the administration
 * interface and the tick of each second, in one libuv loop on the thread that calls control_run.
 */
#ifndef BINDERY_NF_HSSD_CONTROL_H
#define BINDERY_NF_HSSD_CONTROL_H

#include "nf/hssd/admin.h"

/* SIGTERM, SIGINT, SIGHUP and SIGPIPE out of the way: before threads are started, so that they
 * inherit it and only the control thread sees the signals. */
void control_signals(void);
/* Opens the listeners and the administration socket, tells notify_socket (may be NULL) READY=1, and
 * serves until SIGTERM or SIGINT, with SIGHUP the configuration is read again; then says STOPPING=1
 * and closes what it opened. The caller has started h and stops it. Errors with why->text:
 * E_EXISTS, E_DENIED, E_NOT_FOUND, E_UNSUPPORTED (a listener), those of admin_start, E_IO,
 * E_MEMORY. */
MUST_USE enum err control_run(struct hssd *h, const char *notify_socket, struct admin_why *why);

#endif
