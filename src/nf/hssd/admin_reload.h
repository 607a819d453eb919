/* nf/hssd/admin_reload.h - POST /v1/reload: the configuration is read again, and the answer names
 * what changed and what needs a restart. What that does is nf/hssd/reload.h's.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_RELOAD_H
#define BINDERY_NF_HSSD_ADMIN_RELOAD_H

#include "nf/hssd/admin_request.h"

/* 200 with {"changed": [...], "needs_restart": [...]}, or the problem configuration-refused. */
void admin_post_reload(struct admin_request *r);

#endif
