/* nf/rsmfd/deliveries.h - what an operator and a device may do with a profile, and what of it is
 * stored, without HTTP: the decisions of proc/dimsi.h over store/delivery_store.h.
 *
 * A device is known by its certificate's digest, and it says whose profile it wants. Of each
 * operator one delivery at a time is on its way to it: ready, then fetched. An operator's rows are
 * its own: no other learns of them, and nothing that another leaves for the same device touches
 * them, for the digest by which it is named is no secret. All is durable before the function
 * returns, so before anything leaves.
 */
#ifndef BINDERY_NF_RSMFD_DELIVERIES_H
#define BINDERY_NF_RSMFD_DELIVERIES_H

#include "crypto/crypto.h"
#include "nf/common/cause_lists.h"
#include "proc/dimsi.h"
#include "store/delivery_store.h"

struct deliveries {
    struct delivery_store *store;
    struct crypto *crypto;
    bool store_failing; /* the last write did */
};
enum deliveries_result {
#define X(name, text, status, sentence) DELIVERIES_##name,
    DELIVERIES_RESULT_LIST(X)
#undef X
        DELIVERIES_RESULTS
};
const char *deliveries_name(enum deliveries_result r);
unsigned deliveries_status(enum deliveries_result r);
const char *deliveries_sentence(enum deliveries_result r);

/* An operator hands over the profile for a device. `row` has se, owner and imsi, and gets the rest.
 * What waits is replaced; what was fetched is not; what was confirmed or withdrawn makes room for
 * another one. *made: there was no row of this operator before. */
enum deliveries_result deliveries_put(struct deliveries *d, struct delivery_row *row,
                                      struct bytes profile, int64_t at, bool *made);
/* The operator takes it back: it is given to nobody any more, and erased here. */
enum deliveries_result deliveries_withdraw(struct deliveries *d, const uint8_t se[static 32],
                                           const struct plmn *owner, int64_t at,
                                           struct delivery_row *row);

struct deliveries_device { /* who asks, and for whose profile */
    uint8_t se[32];        /* the digest of its certificate */
    struct plmn owner;
};
/* A device asks for its profile, from this address. A secret: the caller wipes it. DEVICE with *why
 * of proc/dimsi.h. */
enum deliveries_result deliveries_fetch(struct deliveries *d,
                                        const struct deliveries_device *device,
                                        const uint8_t request[static DIMSI_REQUEST_LEN],
                                        const char *from, int64_t at, struct delivery_row *row,
                                        uint8_t profile[static DELIVERY_PROFILE_MAX], size_t *n,
                                        enum dimsi_cause *why);
/* It was registered with it: the profile is erased here. */
enum deliveries_result deliveries_confirm(struct deliveries *d,
                                          const struct deliveries_device *device,
                                          const uint8_t request[static DIMSI_REQUEST_LEN],
                                          int64_t at, struct delivery_row *row,
                                          enum dimsi_cause *why);

#endif
