/* nf/hssd/provision_rows.h - the store's rows of a subscription as the states of proc/binding.h and
 * proc/kme.h, and back.
 *
 * Pure translation, and the only place of it. Views and rows with keys are wiped by their owner.
 */
#ifndef BINDERY_NF_HSSD_PROVISION_ROWS_H
#define BINDERY_NF_HSSD_PROVISION_ROWS_H

#include "proc/kme.h"
#include "store/store.h"

void provision_view_of(const struct store_subscriber *row,
                       const struct store_device devices[static STORE_DEVICES_MAX], size_t n,
                       struct binding_view *out);

/* Numbers that no state has are read as the state in which nothing is asked and nothing is out. */
void provision_home_of(const struct store_kme *row, struct kme_home *out);
void provision_row_of(const struct imsi *imsi, const struct kme_home *home, struct store_kme *out);

/* The devices of a view as rows; `devices`, *n of them, are what was stored before, and of each
 * device what the view does not say stays. The device `imei` has its KME of `lot` since `at`,
 * unless it is the one it had. */
void provision_devices_of(const struct imsi *imsi, const struct binding_view *view,
                          const struct imei *imei, const struct kme_lot_id *lot, int64_t at,
                          struct store_device devices[static STORE_DEVICES_MAX], size_t *n);

#endif
