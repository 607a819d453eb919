/* nf/hssd/admin_metrics.h - the handlers of /metrics and /health/... for nf/hssd/admin_routes.c
 * (nf/common/admin_metrics.h). They change nothing. */
#ifndef BINDERY_NF_HSSD_ADMIN_METRICS_H
#define BINDERY_NF_HSSD_ADMIN_METRICS_H

struct admin_request;
void admin_get_metrics(struct admin_request *r);
void admin_get_live(struct admin_request *r);
void admin_get_ready(struct admin_request *r);

#endif
