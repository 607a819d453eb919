/* nf/hssd/admin_lot.h - manufacturers' lots in the administration interface (docs/admin-api.md): a
 * lot with its P and Q, and what of it may be seen.
 *
 * P and Q come in and never go out. Whether they are prime is found out on a thread of its own;
 * whether the lot may be added is decided by the writer (nf/hssd/lots.h), so that of two requests
 * at once one is refused. All else runs on the control thread.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_LOT_H
#define BINDERY_NF_HSSD_ADMIN_LOT_H

#include "nf/hssd/admin_request.h"
#include "nf/hssd/lots.h"

/* A lot as a body has it. Its holder wipes `key` and frees `ranges`. */
struct admin_lot_row {
    char manufacturer[KME_LOT_MANUFACTURER_MAX + 1];
    struct store_lot_key key; /* as they were given, of lengths that may differ: */
    size_t p_n, q_n;
    size_t n;
    struct imei_range *ranges;
};
/* {"manufacturer":"...","ranges":["..."],"p":"...","q":"..."}. On false nothing is left in *out. */
MUST_USE bool admin_lot_parse(const json_t *json, struct admin_lot_row *out,
                              struct admin_fault *fault);

/* The handlers. */
void admin_lots_list(struct admin_request *r);
void admin_lot_get(struct admin_request *r);
void admin_lot_put(struct admin_request *r);
void admin_lot_delete(struct admin_request *r);
/* Wipes and frees what the request has of a lot. */
void admin_lot_free(struct admin_request *r);

/* NULL without memory. */
json_t *admin_lot_view(const struct crypto *c, const struct lots_entry *e);

#endif
