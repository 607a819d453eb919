/* nf/hssd/provision.h - procedure kme at the HSS (proc/kme.h, steps 3, 4 and 8 to 10): the offer in
 * an AIA, the payload in a ULR, and a ULR that should have brought one.
 *
 * It carries out: proc/kme decides. The nonce is stored before the AIA leaves, the KME before the
 * ULA. A payload is opened on a thread of nf/hssd/kme_pool.h and never on a signalling thread.
 * Whoever sent one that is refused learns nothing but that; the event has the cause. Nothing here
 * registers anybody.
 */
#ifndef BINDERY_NF_HSSD_PROVISION_H
#define BINDERY_NF_HSSD_PROVISION_H

#include "nf/hssd/s6a.h"
#include "proc/kme.h"

/* ---- steps 3 and 4: AIR ---- */

enum provision_state {
    PROVISION_NOT,     /* vectors as always */
    PROVISION_STANDS,  /* one regular vector and the nonce, which is stored */
    PROVISION_TO_OFFER /* provision_offer first */
};
struct provision_offer {
    enum provision_state state;
    uint8_t nonce[KME_NONCE_LEN]; /* with PROVISION_STANDS */
};
/* For an MME that can carry it out. `served`: the Served-IMEI, or NULL. Nothing more is read for a
 * subscription that is not due and of which nothing was asked. Errors: the store's. */
MUST_USE enum err provision_look(struct s6a_call *call, const struct store_subscriber *row,
                                 const struct binding_view *view, const struct imei *served,
                                 struct provision_offer *out);
/* Stores an offer, if it is still due and none stands by then; after that `finish` looks again.
 * later->offered says that there was none before, and `due` why. */
enum s6a_outcome
provision_offer(struct s6a_call *call, const struct imsi *imsi, const struct imei *served,
                enum s6a_outcome (*finish)(struct s6a_call *call, struct s6a_later *later));

/* ---- ULR ---- */

/* Has it OWN_FEATURE_PROVISIONING? */
bool provision_knows(const struct s6a_call *call, const struct s6a_ulr *ulr);
/* What a registration needs to know of the subscription's keys. */
struct provision_registration {
    bool listed; /* the IMEI is one that the subscription is served in */
    bool owed;   /* REFUSAL_PROVISIONING_OWED */
    struct provision_use use;
};
/* `imei`: the ULR's, or NULL; `knows`: provision_knows. Errors: the store's. */
MUST_USE enum err provision_registers(struct s6a_call *call, const struct store_subscriber *row,
                                      const struct imei *imei, bool knows,
                                      struct provision_registration *out);

/* In the writer's batch, with later->use.first: the use is stored, unless the device has another
 * KME by now; then there is nothing of it in later->use any more. Errors: the store's. */
MUST_USE enum err provision_used(struct store_writer *w, struct s6a_later *later);

/* Steps 8 to 10: a ULR with a KME-Payload, of a subscription that is served and in a radio access
 * that it may use. `imei`: the request's, or NULL; `use`: of a subscription that was made in the
 * attach procedure, whose first AKA this may be. */
enum s6a_outcome provision_serve(struct s6a_call *call, const struct s6a_ulr *ulr,
                                 const struct imsi *imsi, const struct imei *imei,
                                 const struct onboarding_use *use);

#endif
