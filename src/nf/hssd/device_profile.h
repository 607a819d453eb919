/* nf/hssd/device_profile.h - a subscription as a device gets it (proc/certattach.h): IMSI, keys,
 * home, policy and APNs. The same whoever brings it: an attach procedure or the RSMF.
 */
#ifndef BINDERY_NF_HSSD_DEVICE_PROFILE_H
#define BINDERY_NF_HSSD_DEVICE_PROFILE_H

#include "nf/hssd/config.h"
#include "proc/certattach.h"
#include "store/store.h"

/* pools: where its IMSI may come from, which says its home. *out is secret. False: the row's
 * profile is not configured any more. */
bool device_profile(const struct hssd_config *c, const struct hssd_imsi_pool *pools, size_t n,
                    const struct store_subscriber *row, struct certattach_profile *out);

#endif
