/* emulator/discovery.h - the secure element of an emulated device that came without an operator
 * (proc/dimsi.h): its slots, which of them it attaches with, and what came of it. Its NAS client
 * asks it on a challenge, as struct bindery_ue_discovery says.
 *
 * Nothing here opens a socket or writes a device's state: who owns the device stores what came.
 */
#ifndef BINDERY_EMULATOR_DISCOVERY_H
#define BINDERY_EMULATOR_DISCOVERY_H

#include "device/linux/soft_se.h"

enum discovery_stage {
    DISCOVERY_DIMSI,     /* it attaches with the dIMSI of a slot */
    DISCOVERY_TEMPORARY, /* with the IMSI that came for it */
    DISCOVERY_OWN        /* with the operator's own subscription, while the one before is kept */
};
struct discovery {
    struct bindery_ue_discovery port; /* its NAS client's; ctx is this */
    const struct crypto *crypto;      /* shared, not its own */
    uint8_t n_slots;
    struct dimsi_slot slot[DEVICE_SLOTS_MAX];
    uint8_t stage;                 /* enum discovery_stage */
    uint8_t at;                    /* the slot */
    uint8_t tried;                 /* slots of which nothing came, a bit for each */
    struct bindery_ue_trial trial; /* of the stage's subscription */
    /* Stores the IMSI that came for a slot for good, before it counts; NULL: it lives and dies with
     * the process. */
    bool (*store)(void *ctx, size_t slot, const struct imsi *imsi);
    void *ctx;
};
/* What the state says of its SE; NULL if there is nothing more to be done with it, or no memory. */
struct discovery *discovery_of(const struct device_state *state, const struct crypto *crypto);
/* Has such a state anything to discover with, or to go on with? */
bool discovery_is_wanted(const struct device_state *state);
void discovery_free(struct discovery *d);
/* The slot in use. */
const struct dimsi_slot *discovery_slot(const struct discovery *d);
/* Nothing came of the slot in use: the next one that has an eK and was not tried. False: each was;
 * they all count as not tried then, and the slot stays. */
bool discovery_next(struct discovery *d);
/* The first slot whose IMSI came and was given up, and whose eK is there. False: there is none. */
bool discovery_back(struct discovery *d);
/* K and OPc of the IMSI that came for the slot. Errors: E_BAD_STATE, E_CRYPTO. */
MUST_USE enum err discovery_keys(const struct discovery *d, struct aka_keys *out);

#endif
