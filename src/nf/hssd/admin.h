/* nf/hssd/admin.h - the administration interface (docs/admin-api.md): HTTP over a Unix socket, on
 * the control thread.
 *
 * nf/common/admin_server.h inside the control thread's libuv loop. Reads are answered at once from
 * a reader of the store; a change suspends its connection, goes to the writer, and is answered when
 * it is durable.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_H
#define BINDERY_NF_HSSD_ADMIN_H

#include "nf/common/admin_server.h"
#include "nf/hssd/hssd.h"

struct admin;
/* bound: the addresses of the listeners, for the status answer; stays the caller's. A socket file
 * that nobody answers on is replaced. Errors: E_LOCKED (another process answers), E_EXISTS (the
 * path is no socket), E_IO, E_MEMORY, E_CRYPTO. */
MUST_USE enum err admin_start(struct hssd *h, struct uv_loop_s *loop, const struct address *bound,
                              struct admin **out, struct admin_why *why);
/* For a reload of users, rates and files (nf/common/admin_server.h). NULL for NULL. */
struct admin_server *hssd_admin_server(const struct admin *a);
/* Takes no new requests, waits (running the loop) for changes that are on their way, closes. Before
 * hssd_stop. */
void admin_stop(struct admin *a);
/* The i-th path that is served; NULL behind the last. */
const struct admin_path *admin_paths(size_t i);

#endif
