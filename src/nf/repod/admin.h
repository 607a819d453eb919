/* nf/repod/admin.h - the administration interface of the repository
 * (docs/openapi/repod-admin.yaml): what it serves and has, for whoever runs it.
 *
 * It runs in the repository's loop, as lookups do, and every answer is bounded: one page of the
 * store, one part of the audit log. Nothing is published or revoked here; what somebody may change
 * is a line of the audit log, with his name, before it is done.
 */
#ifndef BINDERY_NF_REPOD_ADMIN_H
#define BINDERY_NF_REPOD_ADMIN_H

#include "nf/common/admin_server.h"
#include "nf/repod/repod.h"

/* r->admin is set; it stays NULL where the configuration has neither socket nor HTTPS. Errors, with
 * *why: those of admin_server_open. */
MUST_USE enum err repod_admin_open(struct repod *r, struct uv_loop_s *loop, struct repod_why *why);
/* For a reload of users, rates and files (nf/common/admin_server.h). NULL for NULL. */
struct admin_server *repod_admin_server(const struct repod_admin *admin);
/* Harmless on NULL. */
void repod_admin_close(struct repod_admin *admin);
/* The i-th path that is served; NULL behind the last. */
const struct admin_path *repod_admin_paths(size_t i);

/* admin_view.c: JSON, or NULL without memory. */
json_t *repod_view_status(const struct repod *r);
json_t *repod_view_client(const struct repod_grant *g);
const char *repod_view_role(const struct repod_grant *g);

#endif
