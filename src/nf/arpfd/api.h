/* nf/arpfd/api.h - the paths of the ARPF (docs/openapi/arpfd.yaml): who may take each, what is
 * answered; and the administration interface beside them. Not for others than the files of this
 * room.
 */
#ifndef BINDERY_NF_ARPFD_API_H
#define BINDERY_NF_ARPFD_API_H

#include "nf/arpfd/arpfd.h"
#include "nf/common/admin_call.h"
#include "nf/common/admin_metrics.h"
#include "nf/common/metrics_desk.h"

/* api.c. Errors with *why. */
MUST_USE enum err api_open(struct arpfd *a, struct uv_loop_s *loop, struct arpfd_why *why);
/* Records what waits, in one commit, and answers. */
void api_turn(struct arpfd *a);

/* view.c: NULL without memory */
json_t *view_release(const struct arpf_release *row);
json_t *view_status(const struct arpfd *a);

/* A page of releases on its way into a JSON array. */
struct view_list {
    json_t *rows;
    struct imsi last;
    size_t n;
    bool failed;
};
bool view_list_add(void *ctx, const struct arpf_release *row); /* an arpf_each */
/* {"releases": [...], "next": the dIMSI to go on behind, or null}; takes the rows. NULL without
 * memory. */
json_t *view_list_end(struct view_list *l, size_t limit);

/* metrics.c: a->metrics is set. Errors with *why. */
MUST_USE enum err arpfd_metrics_open(struct arpfd *a, struct uv_loop_s *loop,
                                     struct metrics_port_why *why);
/* admin.c. Errors with *why. */
MUST_USE enum err arpfd_admin_open(struct arpfd *a, struct uv_loop_s *loop, struct arpfd_why *why);
/* The i-th path of the administration, of docs/openapi/arpfd-admin.yaml; NULL behind the last. */
const struct admin_path *arpfd_admin_paths(size_t i);
/* For a reload of users, rates and files (nf/common/admin_server.h). NULL for NULL. */
struct admin_server *arpfd_admin_server(const struct arpfd_admin *admin);
/* Harmless on NULL. */
void arpfd_admin_close(struct arpfd_admin *admin);

#endif
