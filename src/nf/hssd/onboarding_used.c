/* nf/hssd/onboarding_used.c - registrations of subscriptions that were made in the attach
 * procedure.
 */
#include "nf/hssd/onboarding_parts.h"

#include <string.h>

/* Only an IMSI of a pool can have been given to a device: all others cost no look into the store.
 */
static bool may_be_made_here(const struct hssd_onboarding *o, const struct store_subscriber *row)
{
    bool may = row->pending;
    for (size_t i = 0; i < o->n_pools && !may; i++) {
        may = o->pools[i].first.n == row->imsi.n &&
              strcmp(o->pools[i].first.digits, row->imsi.digits) <= 0 &&
              strcmp(row->imsi.digits, o->pools[i].last.digits) <= 0;
    }
    return may;
}

/*= certattach-pending */
enum refusal onboarding_admits(struct s6a_call *call, const struct store_subscriber *row,
                               const struct imei *imei, struct onboarding_use *use)
{
    struct store_onboarding o;
    *use = (struct onboarding_use){.wanted = false};
    if (!may_be_made_here(&call->h->config->onboarding, row)) {
        return REFUSAL_NONE;
    }
    enum err err = store_read_onboarding_of(call->reader, &row->imsi, &o);
    if (err != E_OK) { /* a pending one has a row */
        return err == E_NOT_FOUND && !row->pending ? REFUSAL_NONE : REFUSAL_STORE_FAILED;
    }
    if (row->pending && (imei == NULL || !imei_eq(imei, &o.imei))) {
        return REFUSAL_SUBSCRIPTION_PENDING;
    }
    use->first = row->pending;
    use->wanted = row->pending || (o.phase == CERTATTACH_PHASE_ACTIVE && o.again);
    use->key = o.key;
    return REFUSAL_NONE;
}

/* What was looked at may have ended since, and its IMSI be another device's by now. */
static enum err is_still_its(struct store_writer *w, const struct store_onboarding_key *key,
                             const struct imsi *imsi)
{
    struct store_onboarding row;
    enum err err = store_writer_onboarding(w, key, &row);
    if (err == E_OK) {
        return row.has_imsi && imsi_eq(&row.imsi, imsi) ? E_OK : E_CONFLICT;
    }
    return err == E_NOT_FOUND ? E_CONFLICT : err;
}

/* Keys that an operator let the device have once more: it has them. */
static enum err again_is_over(struct store_writer *w, const struct store_onboarding_key *key)
{
    struct store_onboarding row;
    enum err err = store_writer_onboarding(w, key, &row);
    if (err != E_OK || !row.again) {
        return err == E_NOT_FOUND ? E_OK : err;
    }
    row.again = false;
    return store_put_onboarding(w, &row);
}

/*= certattach-active */
enum err onboarding_used(struct store_writer *w, const struct imsi *imsi, int64_t at,
                         const struct onboarding_use *use)
{
    if (!use->wanted) {
        return E_OK;
    }
    if (!use->first) {
        return again_is_over(w, &use->key);
    }
    enum err err = is_still_its(w, &use->key, imsi);
    return err == E_OK ? store_onboarding_used(w, imsi, at) : err;
}

/*= certattach-events */
void onboarding_tell_used(struct hssd *h, const struct imsi *imsi, const struct imei *imei,
                          const char *peer, const struct onboarding_use *use)
{
    if (use->wanted && use->first) {
        onboarding_count(&h->counters.onboarding_active);
        onboarding_tell(h, "onboarding-active", imsi, imei, peer, &use->key);
    }
}
