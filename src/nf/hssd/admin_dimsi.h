/* nf/hssd/admin_dimsi.h - devices that were offered by their discovery IMSI, in the administration
 * interface (docs/admin-api.md): how far each has come, what an operator says to it, how the others
 * stand, and what is left of the IMSIs.
 *
 * What a word makes of a row is nf/hssd/dimsi.h's, in the writer's batch; the control thread
 * answers and tells. No key is looked at.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_DIMSI_H
#define BINDERY_NF_HSSD_ADMIN_DIMSI_H

#include "nf/hssd/admin_request.h"
#include "nf/hssd/dimsi.h"

/* The handlers. */
void admin_dimsi_list(struct admin_request *r);
void admin_dimsi_get(struct admin_request *r);
void admin_dimsi_tell(struct admin_request *r);
void admin_dimsi_free(struct admin_request *r);

/* Every IMSI that the row names has to be one that he may see. */
bool admin_dimsi_sees(const struct admin_call *c, const struct store_dimsi *row);
/* NULL without memory. */
json_t *admin_dimsi_view(const struct store_dimsi *row);
/* Adds to a subscriber whose dIMSI it was made for; phase 0: nobody's. */
void admin_dimsi_add(json_t *subscriber, const struct store_dimsi *row);
/* Service providers, the other parties, and pools; null where there is no section `dimsi`. Errors:
 * E_MEMORY, the store's. */
MUST_USE enum err admin_dimsi_summary(struct hssd *h, struct store_reader *reader, json_t **out);

#endif
