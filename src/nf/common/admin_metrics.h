/* nf/common/admin_metrics.h - /metrics, /health/live and /health/ready at an administration
 * interface: one row for each in a daemon's table of paths, and what their handlers do.
 *
 * A reader may take them, also one with a scope: no number in them is of one subscription.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_METRICS_H
#define BINDERY_NF_COMMON_ADMIN_METRICS_H

#include "nf/common/admin_call.h"
#include "nf/common/metrics_answer.h"

/* source NULL: the daemon is just beginning or ending, and that is what ready says. */
void admin_metrics(struct admin_call *c, const struct metrics_source *source,
                   enum metrics_page page);

#endif
