/* nf/rsmfd/rsmfd_parts.h - what rsmfd.c (start and stop), operators.c and devices.c (the paths of
 * the two listeners), view.c (JSON of rows) and admin.c lend each other. Not for others. */
#ifndef BINDERY_NF_RSMFD_PARTS_H
#define BINDERY_NF_RSMFD_PARTS_H

#include "nf/common/admin_metrics.h"
#include "nf/common/admin_server.h"
#include "nf/common/metrics_desk.h"
#include "nf/rsmfd/rsmfd.h"

int64_t rsmfd_wall(const struct rsmfd *r);

/* Both have a struct rsmfd as their context. */
extern const struct https_api_route rsmfd_operator_routes[];
extern const size_t rsmfd_operator_routes_n;
extern const struct https_api_route rsmfd_device_routes[];
extern const size_t rsmfd_device_routes_n;
/* May this client come in at all? False: it was refused. */
bool rsmfd_admit_operator(void *ctx, struct https_api_call *c);
bool rsmfd_admit_device(void *ctx, struct https_api_call *c);

/* A row as its operator sees it; for the administration with whose it is. NULL without memory. */
json_t *rsmfd_view(const struct delivery_row *row);
/* A page of them: {"deliveries": [...], "next": serial}. owner NULL: of all, for the
 * administration. *out is NULL without memory. Errors: those of the store. */
MUST_USE enum err rsmfd_view_page(struct rsmfd *r, const struct plmn *owner, uint64_t after,
                                  size_t limit, json_t **out);
/* Of a decision that was no refusal by proc/dimsi.h. */
void rsmfd_refuse(struct https_api_call *c, enum deliveries_result result);
/* A line in the log about a row. */
void rsmfd_tell(struct rsmfd *r, const char *event, const struct delivery_row *row, bool again);

/* metrics.c: r->metrics is set. Errors with *why. */
MUST_USE enum err rsmfd_metrics_open(struct rsmfd *r, struct uv_loop_s *loop,
                                     struct metrics_port_why *why);
/* Errors with *why. */
MUST_USE enum err rsmfd_admin_start(struct rsmfd *r, struct uv_loop_s *loop,
                                    struct rsmfd_admin **out, struct admin_why *why);
/* The i-th path of docs/openapi/rsmfd-admin.yaml; NULL behind the last. */
const struct admin_path *rsmfd_admin_paths(size_t i);
/* For a reload of users, rates and files (nf/common/admin_server.h). NULL for NULL. */
struct admin_server *rsmfd_admin_server(const struct rsmfd_admin *a);
/* Harmless on NULL. */
void rsmfd_admin_stop(struct rsmfd_admin *a);

#endif
