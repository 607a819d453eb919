/* nf/hssd/admin_pages.h - pages of a list, for somebody who may have a scope: rows that he may not
 * see are passed over, and so no `next` of a page names one. Reads the store on the control thread,
 * a few rows at once, and nothing that lies between two parts of a scope.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_PAGES_H
#define BINDERY_NF_HSSD_ADMIN_PAGES_H

#include "nf/hssd/admin_request.h"
#include "store/store_dimsi.h"

/* At most max rows that r's asker sees, behind `after` (of devices: IMSI and IMEI) in their order.
 * Errors: those of store_list_subscribers, store_list_devices, store_list_dimsi. */
MUST_USE enum err admin_page_subscribers(struct admin_request *r, const struct imsi *after,
                                         struct store_subscriber *out, size_t max, size_t *n);
MUST_USE enum err admin_page_devices(struct admin_request *r, const struct imsi *after,
                                     const struct imei *after_imei, struct store_device *out,
                                     size_t max, size_t *n);
/* wanted->after: NULL from the beginning. Every IMSI that a row names has to be seen. */
MUST_USE enum err admin_page_dimsi(struct admin_request *r, const struct store_dimsi_wanted *wanted,
                                   struct store_dimsi *out, size_t max, size_t *n);
/* Devices without an IMSI are about nobody's subscription. They stand in no order that a scope has:
 * after ADMIN_PAGE_LOOKED rows that are not to be seen the page ends, and *next, which is empty
 * else, is the last one that was looked at. */
#define ADMIN_PAGE_LOOKED 20000u
MUST_USE enum err admin_page_onboarding(struct admin_request *r,
                                        const struct store_onboarding_key *after, uint8_t phase,
                                        struct store_onboarding *out, size_t max, size_t *n,
                                        struct store_onboarding_key *next);

#endif
