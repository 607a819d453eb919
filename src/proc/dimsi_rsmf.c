#include "proc/dimsi.h"

#include "crypto/crypto.h"

static enum dimsi_decision refuse(enum dimsi_cause cause, enum dimsi_cause *why)
{
    *why = cause;
    return DIMSI_REFUSE;
}

static bool same(const struct dimsi_delivery *held, const uint8_t request[static DIMSI_REQUEST_LEN])
{
    return crypto_ct_eq(BYTES_OF(held->request), (struct bytes){request, DIMSI_REQUEST_LEN});
}

/*= dimsi-rsmf-once */
enum dimsi_decision dimsi_rsmf_fetch(const struct dimsi_delivery *held,
                                     const uint8_t request[static DIMSI_REQUEST_LEN],
                                     enum dimsi_cause *why)
{
    *why = DIMSI_NONE;
    switch (held->phase) {
    case DIMSI_DELIVERY_READY:
        return DIMSI_NEW;
    case DIMSI_DELIVERY_FETCHED:
        return same(held, request) ? DIMSI_AGAIN : refuse(DIMSI_FETCHED, why);
    case DIMSI_DELIVERY_CONFIRMED:
        return refuse(DIMSI_FETCHED, why);
    case DIMSI_DELIVERY_WITHDRAWN:
        break;
    }
    return refuse(DIMSI_OTHER_DEVICE, why);
}

/*= dimsi-erase */
enum dimsi_decision dimsi_rsmf_confirm(const struct dimsi_delivery *held,
                                       const uint8_t request[static DIMSI_REQUEST_LEN],
                                       enum dimsi_cause *why)
{
    *why = DIMSI_NONE;
    switch (held->phase) {
    case DIMSI_DELIVERY_READY:
        return refuse(DIMSI_NOT_FETCHED, why);
    case DIMSI_DELIVERY_FETCHED:
        return same(held, request) ? DIMSI_NEW : refuse(DIMSI_NOT_FETCHED, why);
    case DIMSI_DELIVERY_CONFIRMED:
        return same(held, request) ? DIMSI_AGAIN : refuse(DIMSI_NOT_FETCHED, why);
    case DIMSI_DELIVERY_WITHDRAWN:
        break;
    }
    return refuse(DIMSI_OTHER_DEVICE, why);
}
