/* nf/hssd/metrics.h - what the HSS shows at /metrics, /health/live and /health/ready
 * (nf/common/metrics_answer.h), at its administration interface and at the plain listener.
 *
 * All of it is read on the control thread, from counters that other threads add to without a lock.
 * What is in files a thread of its own looks at (nf/common/file_watch.h); that thread counts the
 * rows too, once a minute. No label holds an IMSI, an IMEI or a key: there are as many
 * label values as peers, repositories, files, refusals and commands.
 */
#ifndef BINDERY_NF_HSSD_METRICS_H
#define BINDERY_NF_HSSD_METRICS_H

#include "nf/common/metrics_desk.h"
#include "nf/hssd/hssd.h"

/* h->metrics is set. Control thread. Errors with *why, those of metrics_desk_open and
 * store_reader_open. */
MUST_USE enum err hssd_metrics_open(struct hssd *h, struct uv_loop_s *loop,
                                    struct metrics_port_why *why);
/* Harmless before hssd_metrics_open. */
void hssd_metrics_close(struct hssd *h);
/* What is answered; NULL before it serves. */
const struct metrics_source *hssd_metrics_source(const struct hssd *h);
/* So many listeners take no connections for want of descriptors. Control thread. */
void hssd_metrics_resting(struct hssd *h, size_t listeners);
/* For a reload (nf/common/metrics_desk.h); NULL before it serves. */
struct metrics_desk *hssd_metrics_desk(const struct hssd *h);

/* metrics_webhooks.c: of each webhook of the configuration, by what is in the store. Control
 * thread, with a reader of its own. */
void hssd_metrics_webhooks(struct metrics_text *t, struct hssd *h, struct store_reader *reader);
/* metrics_files.c: the files that a configuration (struct hssd_config) names. */
void hssd_metrics_files(const void *config, struct metrics_files *out);

#endif
