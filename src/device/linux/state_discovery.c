/* A subscription that a device with a secure element gets by way of a dIMSI, and then its
 * operator's own: src/device/linux/state_file.h. */
#include "device/linux/state_file.h"
#include <string.h>

/* ---- certificates and slots ---- */

static size_t octets_of(const struct device_certificates *c, size_t count)
{
    size_t at = 0;
    for (size_t i = 0; i < count; i++) {
        at += c->n[i];
    }
    return at;
}

struct bytes device_certificate(const struct device_certificates *c, size_t i)
{
    return i < c->count ? (struct bytes){c->der + octets_of(c, i), c->n[i]}
                        : (struct bytes){NULL, 0};
}

enum err device_add_certificate(struct device_certificates *c, struct bytes der)
{
    const size_t at = octets_of(c, c->count);
    if (c->count == DEVICE_CERTIFICATES_MAX || der.n == 0 || der.n > sizeof c->der - at) {
        return E_NO_ROOM;
    }
    memcpy(c->der + at, der.p, der.n);
    c->n[c->count++] = (uint16_t)der.n;
    return E_OK;
}

size_t device_slot_of(const struct device_state *state, const struct imsi *dimsi)
{
    for (size_t i = 0; i < state->se.n_slots; i++) {
        if (imsi_eq(&state->se.slot[i].dimsi, dimsi)) {
            return i;
        }
    }
    return DEVICE_SLOTS_MAX;
}

size_t device_slot_live(const struct device_state *state, size_t from)
{
    for (size_t i = from; i < state->se.n_slots; i++) {
        if (!state->se.slot[i].erased) {
            return i;
        }
    }
    return DEVICE_SLOTS_MAX;
}

/* A fresh slot, else the first whose key is erased: what it was used for is over, and the device
 * may be ordered for as often as it is sold. DEVICE_SLOTS_MAX: each has a key. */
static size_t free_slot(const struct device_se *se)
{
    size_t i = se->n_slots;
    if (i == DEVICE_SLOTS_MAX) {
        for (i = 0; i < DEVICE_SLOTS_MAX && !se->slot[i].erased;) {
            i++;
        }
    }
    return i;
}

/*= dimsi-0c-store dimsi-several */
enum err device_state_agreed(struct device_state *state, const struct dimsi_slot *slot)
{
    struct device_discovery *d = &state->discovery;
    size_t i = device_slot_of(state, &slot->dimsi);
    const bool in_use = i < DEVICE_SLOTS_MAX && d->slot == i + 1;
    if (state->se.key.n == 0 || (in_use && d->previous.imsi.n > 0)) {
        return E_BAD_STATE;
    }
    if (i == DEVICE_SLOTS_MAX) {
        i = free_slot(&state->se);
    }
    if (i == DEVICE_SLOTS_MAX || state->se.tokens == UINT32_MAX) {
        return E_NO_ROOM;
    }
    if (in_use) {
        device_state_drop(state);
    }
    state->se.slot[i] = *slot;
    state->se.n_slots = (uint8_t)(i == state->se.n_slots ? i + 1 : state->se.n_slots);
    state->se.tokens++;
    return E_OK;
}

/* ---- step 7 ---- */

/*= dimsi-7-replace dimsi-other-imsi dimsi-second-keys dimsi-trial */
enum err device_state_discovered(const struct crypto *c, struct device_state *state, size_t slot,
                                 const struct imsi *imsi)
{
    struct usim usim;
    memset(&usim, 0, sizeof usim);
    if (slot >= state->se.n_slots || state->se.slot[slot].erased) {
        return E_BAD_STATE;
    }
    struct dimsi_slot *s = &state->se.slot[slot];
    if (s->installed && !imsi_eq(&s->imsi, imsi)) {
        return E_CONFLICT;
    }
    if (state->imsi.n > 0) {
        return s->installed && state->discovery.slot == slot + 1 && imsi_eq(&state->imsi, imsi)
                   ? E_OK
                   : E_BAD_STATE;
    }
    const enum err err = dimsi_aka_keys(c, &s->ek, &s->dimsi, imsi, &usim.keys);
    if (err == E_OK) {
        device_state_drop(state);
        s->installed = true;
        s->imsi = *imsi;
        state->imsi = *imsi;
        state->usim = usim;
        state->discovery.slot = (uint8_t)(slot + 1);
    }
    wipe(&usim, sizeof usim);
    return err;
}

/* ---- step 11 ---- */

/*= dimsi-trial dimsi-durable */
enum err device_state_manage(struct device_state *state, const struct certattach_profile *profile)
{
    const struct device_discovery *d = &state->discovery;
    struct device_discovery kept = *d;
    enum err err = E_OK;
    if (d->slot == 0 || d->previous.imsi.n > 0 || !d->asked || state->imsi.n == 0) {
        err = E_BAD_STATE;
    } else if (profile->imsi.n == 0 || imsi_eq(&profile->imsi, &state->imsi) ||
               profile->n_apns > CERTATTACH_APNS_MAX || profile->policy > BINDING_BOUND ||
               aka_keys_check(&profile->keys) != E_OK) {
        err = E_BAD_VALUE;
    }
    if (err == E_OK) {
        kept.previous.imsi = state->imsi;
        kept.previous.usim = state->usim;
        kept.previous.mnc_n = state->mnc_n;
        device_state_drop(state);
        state->discovery = kept;
        state->imsi = profile->imsi;
        state->usim.keys = profile->keys;
        state->mnc_n = profile->home.mnc[2] == '\0' ? 2 : 3;
        state->profile = (struct device_profile){.present = true,
                                                 .home = profile->home,
                                                 .policy = profile->policy,
                                                 .n_apns = profile->n_apns};
        memcpy(state->profile.apns, profile->apns, sizeof state->profile.apns);
    }
    wipe(&kept, sizeof kept);
    return err;
}

/*= dimsi-erase */
enum err device_state_managed(struct device_state *state)
{
    struct device_discovery *d = &state->discovery;
    if (d->slot == 0 || d->previous.imsi.n == 0 || !state->profile.trial.confirmed) {
        return E_BAD_STATE;
    }
    struct dimsi_slot *s = &state->se.slot[d->slot - 1];
    s->erased = true;
    wipe(&s->ek, sizeof s->ek);
    wipe(d, sizeof *d);
    return E_OK;
}
