/* A subscription that comes over the air into a device's state, or leaves it again:
 * src/device/linux/state_file.h. */
#include "device/linux/state_file.h"
#include <string.h>

/* ---- the provisioning roots ---- */

static size_t roots_n(const struct device_onboarding *o, size_t n)
{
    size_t at = 0;
    for (size_t i = 0; i < n; i++) {
        at += o->root_n[i];
    }
    return at;
}

struct bytes device_root(const struct device_onboarding *o, size_t i)
{
    return i < o->n_roots ? (struct bytes){o->roots + roots_n(o, i), o->root_n[i]}
                          : (struct bytes){NULL, 0};
}

enum err device_add_root(struct device_onboarding *o, struct bytes der)
{
    const size_t at = roots_n(o, o->n_roots);
    if (o->n_roots == DEVICE_ROOTS_MAX || der.n == 0 || der.n > sizeof o->roots - at) {
        return E_NO_ROOM;
    }
    memcpy(o->roots + at, der.p, der.n);
    o->root_n[o->n_roots++] = (uint16_t)der.n;
    return E_OK;
}

/* ---- the subscription ---- */

_Static_assert(sizeof((struct bindery_ue_usim_keys *)0)->k == sizeof((struct aka_keys *)0)->k.b &&
                   sizeof((struct bindery_ue_usim_keys *)0)->opc ==
                       sizeof((struct aka_keys *)0)->opc.b,
               "what one holds the other holds");

static enum err take_usim(const struct bindery_ue_profile *from, struct usim *out)
{
    const struct bindery_ue_usim_keys *keys = &from->usim;
    memset(out, 0, sizeof *out);
    out->keys.algorithm = (enum aka_algorithm)keys->algorithm;
    out->keys.res_len = keys->res_n;
    out->keys.keccak_iterations = keys->keccak_iterations;
    if (keys->k_n > sizeof keys->k || keys->opc_n > sizeof keys->opc) {
        return E_BAD_VALUE;
    }
    out->keys.k.n = keys->k_n;
    out->keys.opc.n = keys->opc_n;
    memcpy(out->keys.k.b, keys->k, keys->k_n);
    memcpy(out->keys.opc.b, keys->opc, keys->opc_n);
    return aka_keys_check(&out->keys) == E_OK ? E_OK : E_BAD_VALUE;
}

static enum err take_profile(const struct bindery_ue_profile *from, struct device_profile *out)
{
    memset(out, 0, sizeof *out);
    out->present = true;
    out->policy = from->policy;
    out->n_apns = from->n_apns;
    if (from->policy > BINDING_BOUND || from->n_apns > CERTATTACH_APNS_MAX ||
        plmn_from_octets(from->home, &out->home) != E_OK) {
        return E_BAD_VALUE;
    }
    for (size_t i = 0; i < from->n_apns; i++) {
        const size_t n = strnlen(from->apns[i], sizeof from->apns[i]);
        if (n == 0 || n >= sizeof out->apns[i]) {
            return E_BAD_VALUE;
        }
        memcpy(out->apns[i], from->apns[i], n);
    }
    return E_OK;
}

/*= certattach-installs */
enum err device_state_install(struct device_state *state, const struct bindery_ue_profile *profile)
{
    const struct bytes digits = {(const uint8_t *)profile->imsi, profile->imsi_n};
    struct imsi imsi;
    struct usim usim;
    struct device_profile other;
    if (state->onboarding.form == 0 || state->imsi.n > 0) {
        return E_BAD_STATE;
    }
    enum err err = profile->imsi_n <= sizeof profile->imsi && imsi_parse(digits, &imsi) == E_OK &&
                           (profile->mnc_n == 2 || profile->mnc_n == 3)
                       ? E_OK
                       : E_BAD_VALUE;
    if (err == E_OK) {
        err = take_usim(profile, &usim);
    }
    if (err == E_OK) {
        err = take_profile(profile, &other);
    }
    if (err == E_OK) {
        device_state_drop(state);
        state->imsi = imsi;
        state->usim = usim;
        state->mnc_n = profile->mnc_n;
        state->profile = other;
    }
    wipe(&usim, sizeof usim);
    return err;
}

/* What was before the subscription on trial is there again, and is asked about it under the same
 * request. */
static void restore(const struct device_discovery *from, struct device_state *to)
{
    to->imsi = from->previous.imsi;
    to->usim = from->previous.usim;
    to->mnc_n = from->previous.mnc_n;
    to->discovery = *from;
    wipe(&to->discovery.previous, sizeof to->discovery.previous);
}

/*= dimsi-trial */
void device_state_drop(struct device_state *state)
{
    struct device_state fresh;
    memset(&fresh, 0, sizeof fresh);
    fresh.imei = state->imei;
    fresh.lot = state->lot;
    fresh.identity = state->identity;
    fresh.onboarding = state->onboarding;
    fresh.se = state->se;
    if (state->discovery.previous.imsi.n > 0) {
        restore(&state->discovery, &fresh);
    }
    device_state_wipe(state);
    *state = fresh;
    device_state_wipe(&fresh);
}
