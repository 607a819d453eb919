/* nf/common/admin_changes.h - what a reading of the configuration changed, as administration
 * interfaces show it.
 */
#ifndef BINDERY_NF_COMMON_ADMIN_CHANGES_H
#define BINDERY_NF_COMMON_ADMIN_CHANGES_H

#include "nf/common/config_change.h"
#include <jansson.h>

struct admin_call;

/* {"changed": ["peers[mme.example.org].role"], "needs_restart": []}. NULL without memory. */
json_t *admin_changes_json(const struct config_changes *changes);
/* Answers POST /v1/reload: 200 with that, or the problem configuration-refused with the place.
 * Frees *changes. */
void admin_reloaded(struct admin_call *c, enum err err, struct config_changes *changes,
                    const struct config_why *why);

#endif
