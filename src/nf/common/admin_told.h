/* nf/common/admin_told.h - who changed something at an administration interface, as a line of the
 * log: for daemons that keep no audit log.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_TOLD_H
#define BINDERY_NF_COMMON_ADMIN_TOLD_H

#include "nf/common/admin_call.h"
#include "nf/common/log.h"

/* Of a request that has its answer: was something changed, or was a change refused because of who
 * asked, or because of what the configuration file says? What was refused for another reason
 * changed nothing. */
bool admin_is_told(const struct admin_call *c);
/* Why it was refused; NULL: it was not. */
const char *admin_told_cause(const struct admin_call *c);
/* The line `admin-change` of such a request, none of another. imsi: whose subscription, or NULL;
 * did: what it came to, or NULL. Refusals are limited, each cause for itself. */
void admin_tell(struct log *log, const struct admin_call *c, const struct imsi *imsi,
                const char *did);

#endif
