#include "nf/rsmfd/deliveries.h"

#include "proc/certattach.h"

#include <stdio.h>
#include <string.h>

_Static_assert(CERTATTACH_PROFILE_MAX <= DELIVERY_PROFILE_MAX, "every profile fits a row");
_Static_assert(DIMSI_DELIVERY_WITHDRAWN < DELIVERY_PHASES, "every phase is counted");

static const struct {
    const char *name;
    unsigned status;
    const char *sentence;
} results[DELIVERIES_RESULTS] = {
#define X(name, text, status, sentence) {text, status, sentence},
    DELIVERIES_RESULT_LIST(X)
#undef X
};

static unsigned known(enum deliveries_result r)
{
    return (unsigned)r < DELIVERIES_RESULTS ? (unsigned)r : DELIVERIES_STORE;
}

const char *deliveries_name(enum deliveries_result r)
{
    return results[known(r)].name;
}

unsigned deliveries_status(enum deliveries_result r)
{
    return results[known(r)].status;
}

const char *deliveries_sentence(enum deliveries_result r)
{
    return results[known(r)].sentence;
}

static enum deliveries_result result_of(enum err err)
{
    switch ((int)err) {
    case E_OK:
        return DELIVERIES_DONE;
    case E_NOT_FOUND:
        return DELIVERIES_NOT_FOUND;
    case E_WRONG_KEY:
        return DELIVERIES_KEY;
    case E_CRYPTO:
        return DELIVERIES_CRYPTO;
    default:
        return DELIVERIES_STORE;
    }
}

/* Is it on its way? */
static bool live(const struct delivery_row *row)
{
    return row->phase == DIMSI_DELIVERY_READY || row->phase == DIMSI_DELIVERY_FETCHED;
}

/* ---- writing ---- */

/* What became of a change. A row that is not there, or a value that does not fit, says nothing
 * about the store. */
static enum err written(struct deliveries *d, enum err err)
{
    if (err == E_OK) {
        d->store_failing = false;
    } else if (err == E_IO) {
        d->store_failing = true;
    }
    return err;
}

static enum err put(struct deliveries *d, struct delivery_row *row, struct bytes profile)
{
    return written(d, delivery_store_put(d->store, row, profile));
}

static enum err move(struct deliveries *d, struct delivery_row *row, enum delivery_profile what)
{
    return written(d, delivery_store_move(d->store, row, what));
}

/* ---- an operator ---- */

static enum deliveries_result check_profile(const struct delivery_row *row, struct bytes profile)
{
    struct certattach_profile p;
    enum deliveries_result r = DELIVERIES_DONE;
    if (!imsi_in_plmn(&row->imsi, &row->owner)) {
        return DELIVERIES_IMSI;
    }
    if (profile.n > DELIVERY_PROFILE_MAX || certattach_profile_read(profile, &p) != E_OK) {
        r = DELIVERIES_PROFILE;
    } else if (!plmn_eq(&p.home, &row->owner)) {
        r = DELIVERIES_HOME;
    }
    wipe(&p, sizeof p);
    return r;
}

static bool same_delivery(const struct delivery_row *held, const struct delivery_row *row)
{
    return memcmp(held->digest, row->digest, sizeof held->digest) == 0 &&
           imsi_eq(&held->imsi, &row->imsi);
}

/* May the new one take the place of what this operator has there? */
static enum deliveries_result may_replace(const struct delivery_row *held,
                                          const struct delivery_row *row)
{
    bool same = same_delivery(held, row);
    switch (held->phase) {
    case DIMSI_DELIVERY_READY:
    case DIMSI_DELIVERY_CONFIRMED:
        return same ? DELIVERIES_SAME : DELIVERIES_DONE;
    case DIMSI_DELIVERY_FETCHED:
        return same ? DELIVERIES_SAME : DELIVERIES_FETCHED;
    default:
        return DELIVERIES_DONE;
    }
}

enum deliveries_result deliveries_put(struct deliveries *d, struct delivery_row *row,
                                      struct bytes profile, int64_t at, bool *made)
{
    struct delivery_row held;
    *made = false;
    enum deliveries_result r = check_profile(row, profile);
    if (r != DELIVERIES_DONE) {
        return r;
    }
    if (d->crypto->sha256(d->crypto->ctx, &profile, 1, row->digest) != E_OK) {
        return DELIVERIES_CRYPTO;
    }
    r = result_of(delivery_store_find(d->store, row->se, &row->owner, &held));
    if (r == DELIVERIES_DONE) {
        r = may_replace(&held, row);
        if (r == DELIVERIES_SAME) {
            *row = held;
        }
    } else if (r == DELIVERIES_NOT_FOUND) {
        *made = true;
        r = DELIVERIES_DONE;
    }
    if (r != DELIVERIES_DONE) {
        return r;
    }
    row->phase = DIMSI_DELIVERY_READY;
    row->changed = at;
    row->from[0] = '\0';
    memset(row->request, 0, sizeof row->request);
    return result_of(put(d, row, profile));
}

enum deliveries_result deliveries_withdraw(struct deliveries *d, const uint8_t se[static 32],
                                           const struct plmn *owner, int64_t at,
                                           struct delivery_row *row)
{
    enum err err = delivery_store_find(d->store, se, owner, row);
    if (err != E_OK) {
        return result_of(err);
    }
    if (!live(row)) {
        return row->phase == DIMSI_DELIVERY_WITHDRAWN ? DELIVERIES_SAME : DELIVERIES_CONFIRMED;
    }
    row->phase = DIMSI_DELIVERY_WITHDRAWN;
    row->changed = at;
    return result_of(move(d, row, DELIVERY_ERASE));
}

/* ---- a device ---- */

/* What this operator has for it. NONE: the phase is 0. */
/*= dimsi-rsmf-operators */
static enum err held_of(struct deliveries *d, const struct deliveries_device *device,
                        struct delivery_row *row, struct dimsi_delivery *held)
{
    enum err err = delivery_store_find(d->store, device->se, &device->owner, row);
    *held = (struct dimsi_delivery){.request = {0}};
    if (err == E_OK) {
        held->phase = (enum dimsi_delivery_phase)row->phase;
        memcpy(held->request, row->request, sizeof held->request);
    }
    return err == E_NOT_FOUND ? E_OK : err;
}

/*= dimsi-rsmf-once dimsi-11 */
enum deliveries_result deliveries_fetch(struct deliveries *d,
                                        const struct deliveries_device *device,
                                        const uint8_t request[static DIMSI_REQUEST_LEN],
                                        const char *from, int64_t at, struct delivery_row *row,
                                        uint8_t profile[static DELIVERY_PROFILE_MAX], size_t *n,
                                        enum dimsi_cause *why)
{
    struct dimsi_delivery held;
    enum dimsi_decision decision = DIMSI_REFUSE;
    *n = 0;
    *why = DIMSI_STORE;
    enum err err = held_of(d, device, row, &held);
    if (err != E_OK) {
        return result_of(err);
    }
    decision = dimsi_rsmf_fetch(&held, request, why);
    if (decision == DIMSI_REFUSE) {
        return DELIVERIES_DEVICE;
    }
    err = delivery_store_profile(d->store, row, profile, n);
    if (err == E_OK && decision == DIMSI_NEW) {
        row->phase = DIMSI_DELIVERY_FETCHED;
        row->changed = at;
        memcpy(row->request, request, sizeof row->request);
        (void)snprintf(row->from, sizeof row->from, "%s", from);
        err = move(d, row, DELIVERY_KEEP);
    }
    if (err != E_OK) {
        wipe(profile, DELIVERY_PROFILE_MAX);
        *n = 0;
        return err == E_NOT_FOUND ? DELIVERIES_STORE : result_of(err);
    }
    return decision == DIMSI_NEW ? DELIVERIES_DONE : DELIVERIES_SAME;
}

/*= dimsi-erase */
enum deliveries_result deliveries_confirm(struct deliveries *d,
                                          const struct deliveries_device *device,
                                          const uint8_t request[static DIMSI_REQUEST_LEN],
                                          int64_t at, struct delivery_row *row,
                                          enum dimsi_cause *why)
{
    struct dimsi_delivery held;
    *why = DIMSI_STORE;
    enum err err = held_of(d, device, row, &held);
    if (err != E_OK) {
        return result_of(err);
    }
    switch (dimsi_rsmf_confirm(&held, request, why)) {
    case DIMSI_NEW:
        row->phase = DIMSI_DELIVERY_CONFIRMED;
        row->changed = at;
        err = move(d, row, DELIVERY_ERASE);
        return err == E_NOT_FOUND ? DELIVERIES_STORE : result_of(err);
    case DIMSI_AGAIN:
        return DELIVERIES_SAME;
    case DIMSI_REFUSE:
        break;
    }
    return DELIVERIES_DEVICE;
}
