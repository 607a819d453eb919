/* nf/hssd/admin_plan.h - what a row would make of a subscriber: the state before and the row give
 * the state after, or the reason why not. Pure; the writer's job (nf/hssd/admin_change.h) carries
 * it out.
 *
 * All rules stand here: the profile must exist, the list of devices must be one that the binding
 * procedure can serve, SQNs never go back, and a change that makes vectors already given out wrong
 * asks for CLR.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_PLAN_H
#define BINDERY_NF_HSSD_ADMIN_PLAN_H

#include "nf/hssd/admin_row.h"
#include "nf/hssd/config.h"

/* A subscriber with its devices. Its holder wipes it. */
struct admin_state {
    bool exists;
    struct store_subscriber row;
    size_t n_devices;
    struct store_device devices[STORE_DEVICES_MAX]; /* ascending IMEI, or as planned */
    struct kme_home kme;
};

/* What becomes of that which is there and which the row does not name? */
enum admin_how {
    ADMIN_REPLACE, /* PUT: its default; devices go */
    ADMIN_MERGE    /* PATCH, import: it stays; devices are added or get the new KME */
};

struct admin_world {
    const struct hssd_config *config;
    uint64_t next_glc; /* the value that would be issued next to this subscriber */
};

/* after may not be before. next_glc serves DIF: on new keys it starts so that the USIM accepts the
 * first SQN, on a given sqn it moves only if the next SQN would not be accepted. */
MUST_USE bool admin_plan_row(const struct admin_world *world, const struct admin_row *row,
                             enum admin_how how, const struct admin_state *before,
                             struct admin_state *after, struct admin_fault *fault);
/* Adds the device or gives it its KME. */
MUST_USE bool admin_plan_device(const struct admin_world *world, const struct admin_device *device,
                                const struct admin_state *before, struct admin_state *after,
                                struct admin_fault *fault);
/* Withdraws it. Faults: NO_DEVICE, KME_MISSING (the last KME of a bound subscriber). */
MUST_USE bool admin_plan_withdraw(const struct admin_world *world, const struct imei *imei,
                                  const struct admin_state *before, struct admin_state *after,
                                  struct admin_fault *fault);
/* An operator's wish for the subscription's KME, or its withdrawal. Faults: POLICY_OPEN, NO_KME
 * (there is nothing to renew). */
MUST_USE bool admin_plan_kme(const struct admin_kme *wish, const struct admin_state *before,
                             struct admin_state *after, struct admin_fault *fault);
/* What is under way for a subscription whose devices, keys or policy change otherwise counts no
 * longer (proc/kme.h); one that stays as it was keeps it. */
void admin_plan_kme_reset(const struct admin_state *before, struct admin_state *after);
/* Is the state of the KME to be stored? */
bool admin_plan_kme_moved(const struct admin_state *before, const struct admin_state *after);
/* Do vectors given out before the change contradict it: is it bound now, and was not, or under
 * another KME? Then the serving node must drop them. */
bool admin_plan_cancels(const struct admin_state *before, const struct admin_state *after);
bool admin_keys_eq(const struct aka_keys *a, const struct aka_keys *b);
/* The members whose values the change changes: enum admin_member bits, ROW_K for the set of keys.
 */
unsigned admin_plan_changed(const struct admin_state *before, const struct admin_state *after);
/* What protected it and does so no longer: ROW_POLICY if it is open and was not, ROW_SUSPENDED if
 * it is served again. */
unsigned admin_plan_lost(const struct admin_state *before, const struct admin_state *after);

#endif
