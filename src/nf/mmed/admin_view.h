/* nf/mmed/admin_view.h - what the administration interface of an MME shows, as JSON. IMSIs are
 * masked where the configuration says so. Nothing here looks into a key.
 *
 * Every function returns a new object, or NULL without memory.
 */
#ifndef BINDERY_NF_MMED_ADMIN_VIEW_H
#define BINDERY_NF_MMED_ADMIN_VIEW_H

#include "nf/mmed/events.h"
#include "nf/mmed/s1.h"
#include <jansson.h>

json_t *mmed_view_status(struct mmed *m);
json_t *mmed_view_event(const struct mmed *m, const struct mmed_event_row *row);
json_t *mmed_view_ue(const struct mmed *m, const struct ue *ue);
json_t *mmed_view_enbs(struct mmed *m);

#endif
