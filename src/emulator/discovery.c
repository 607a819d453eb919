#include "emulator/discovery.h"

#include <stdlib.h>
#include <string.h>

/*= dimsi-7-replace dimsi-durable */
static enum bindery_ue_discovery_outcome challenge(void *ctx, const uint8_t rand[16],
                                                   const uint8_t *autn,
                                                   struct bindery_ue_usim_answer *out,
                                                   char imsi[15], uint8_t *imsi_n)
{
    struct discovery *d = ctx;
    struct dimsi_slot *slot = &d->slot[d->at];
    struct imsi found;
    const enum bindery_ue_discovery_outcome o =
        soft_se_challenge(d->crypto, slot, rand, autn, out, &found);
    if (o != BINDERY_UE_DISCOVERY_INSTALLED && o != BINDERY_UE_DISCOVERY_REPEATED) {
        return o;
    }
    if (d->store != NULL && !d->store(d->ctx, d->at, &found)) {
        wipe(out, sizeof *out);
        return BINDERY_UE_DISCOVERY_NOT_STORED;
    }
    slot->installed = true;
    slot->imsi = found;
    memcpy(imsi, found.digits, found.n);
    *imsi_n = found.n;
    return o;
}

bool discovery_is_wanted(const struct device_state *state)
{
    return state->discovery.slot != 0 ||
           (state->imsi.n == 0 && device_slot_live(state, 0) < DEVICE_SLOTS_MAX);
}

static void take_state(struct discovery *d, const struct device_state *state)
{
    d->n_slots = state->se.n_slots;
    memcpy(d->slot, state->se.slot, sizeof d->slot);
    if (state->discovery.slot == 0) {
        d->stage = DISCOVERY_DIMSI;
        d->at = (uint8_t)device_slot_live(state, 0);
        return;
    }
    d->at = (uint8_t)(state->discovery.slot - 1);
    d->stage = state->discovery.previous.imsi.n > 0 ? DISCOVERY_OWN : DISCOVERY_TEMPORARY;
    d->trial = d->stage == DISCOVERY_OWN ? state->profile.trial : state->discovery.trial;
}

struct discovery *discovery_of(const struct device_state *state, const struct crypto *crypto)
{
    if (!discovery_is_wanted(state)) {
        return NULL;
    }
    struct discovery *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return NULL;
    }
    d->crypto = crypto;
    d->port = (struct bindery_ue_discovery){.ctx = d, .challenge = challenge};
    take_state(d, state);
    return d;
}

void discovery_free(struct discovery *d)
{
    if (d != NULL) {
        wipe(d, sizeof *d);
        free(d);
    }
}

const struct dimsi_slot *discovery_slot(const struct discovery *d)
{
    return &d->slot[d->at];
}

/*= dimsi-several */
bool discovery_next(struct discovery *d)
{
    d->tried |= (uint8_t)(1U << d->at);
    for (uint8_t i = 0; i < d->n_slots; i++) {
        if (!d->slot[i].erased && (d->tried >> i & 1) == 0) {
            d->at = i;
            return true;
        }
    }
    d->tried = 0;
    return false;
}

/*= dimsi-trial */
bool discovery_back(struct discovery *d)
{
    for (uint8_t i = 0; i < d->n_slots; i++) {
        if (d->slot[i].installed && !d->slot[i].erased) {
            d->at = i;
            return true;
        }
    }
    return false;
}

/*= dimsi-second-keys */
enum err discovery_keys(const struct discovery *d, struct aka_keys *out)
{
    const struct dimsi_slot *s = discovery_slot(d);
    return s->installed && !s->erased ? dimsi_aka_keys(d->crypto, &s->ek, &s->dimsi, &s->imsi, out)
                                      : E_BAD_STATE;
}
