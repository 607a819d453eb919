/* nf/hssd/admin_webhooks.h - GET /v1/webhooks: how far each receiver of events has come, and what
 * is wrong with those that do not take them. Of an address only the server is shown: a path may be
 * a receiver's secret.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_WEBHOOKS_H
#define BINDERY_NF_HSSD_ADMIN_WEBHOOKS_H

#include "nf/hssd/admin_request.h"

void admin_webhooks_get(struct admin_request *r);

#endif
