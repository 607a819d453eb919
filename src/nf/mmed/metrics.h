/* nf/mmed/metrics.h - what the MME shows at /metrics, /health/live and /health/ready
 * (nf/common/metrics_answer.h): its counters, devices, eNBs and home networks. Read and answered on
 * the one thread that owns all of it; files are looked at by another. No label holds an identity of
 * a device.
 */
#ifndef BINDERY_NF_MMED_METRICS_H
#define BINDERY_NF_MMED_METRICS_H

#include "nf/common/metrics_desk.h"
#include "nf/mmed/mmed.h"

/* m->metrics is set. Errors with *why: those of metrics_desk_open. */
MUST_USE enum err mmed_metrics_open(struct mmed *m, struct uv_loop_s *loop,
                                    struct metrics_port_why *why);
/* Harmless before mmed_metrics_open. */
void mmed_metrics_close(struct mmed *m);

#endif
