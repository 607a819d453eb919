/* nf/mmed/admin.h - the administration interface of bindery-mmed (docs/admin-api.md): its state,
 * its events, its UEs and eNBs, and detaching a UE. HTTP over a Unix socket
 * and HTTPS (nf/common/admin_server.h), answered at once on the one thread that owns all of it. No
 * answer holds a key.
 */
#ifndef BINDERY_NF_MMED_ADMIN_H
#define BINDERY_NF_MMED_ADMIN_H

#include "nf/common/admin_server.h"
#include "nf/mmed/mmed.h"

struct mmed_admin;
/* Errors: those of admin_server_open, with *why. */
MUST_USE enum err mmed_admin_start(struct mmed *m, struct uv_loop_s *loop, struct mmed_admin **out,
                                   struct admin_why *why);
/* For a reload of users, rates and files (nf/common/admin_server.h). NULL for NULL. */
struct admin_server *mmed_admin_server(const struct mmed_admin *a);
void mmed_admin_stop(struct mmed_admin *a);
/* The i-th path that is served; NULL behind the last. */
const struct admin_path *mmed_admin_paths(size_t i);

#endif
