/* nf/common/notify.h - tells whoever started a program that it is ready, or stops: the datagram
 * protocol of sd_notify(3), without its library. `bindery up` and systemd both listen for it.
 */
#ifndef BINDERY_NF_COMMON_NOTIFY_H
#define BINDERY_NF_COMMON_NOTIFY_H

#include "base/err.h"

/* Sends e.g. "READY=1" to `address` (what NOTIFY_SOCKET says: a path, or '@' and an abstract name).
 * E_OK also when address is NULL or empty: nobody asked. Errors: E_BAD_VALUE, E_IO. */
MUST_USE enum err notify_send(const char *address, const char *state);

#endif
