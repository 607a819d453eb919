#include "nf/hssd/admin_metrics.h"

#include "nf/common/admin_metrics.h"
#include "nf/hssd/admin_request.h"
#include "nf/hssd/metrics.h"

static void show(struct admin_request *r, enum metrics_page page)
{
    admin_metrics(&r->call, hssd_metrics_source(r->h), page);
}

void admin_get_metrics(struct admin_request *r)
{
    show(r, METRICS_PAGE_METRICS);
}

void admin_get_live(struct admin_request *r)
{
    show(r, METRICS_PAGE_LIVE);
}

/*= op-health */
void admin_get_ready(struct admin_request *r)
{
    show(r, METRICS_PAGE_READY);
}
