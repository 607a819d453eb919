/* nf/hssd/onboarding.h - procedure certattach at the AUSF (proc/certattach.h, steps 2 and 3): an
 * ECR with the request of a device that has no subscription, and the subscription that it gets.
 *
 * It carries out: proc/certattach decides. A signalling thread looks whether the request can be of
 * a device at all and hands it to one of a few threads of low priority; those ask the site of the
 * device's authority (nf/hssd/onboard_site.h), verify, have the writer store what is given, and
 * protect it. The subscription is stored before anything of it leaves. Whoever is refused learns
 * nothing but that; the event has the cause. Nothing of a device that was not verified is kept but
 * an entry in tables of fixed size.
 *
 * The IMSI is what runs out, so it is given last, within what each authority may have at once and
 * per hour; one that nobody used goes back and rests.
 */
#ifndef BINDERY_NF_HSSD_ONBOARDING_H
#define BINDERY_NF_HSSD_ONBOARDING_H

#include "nf/hssd/onboard_site.h"
#include "nf/hssd/s6a.h"
#include "wire/s13_eir.h"

/* ---- start and stop: hssd.c ---- */

struct onboarding; /* h->onboarding; threads and tables only where something is offered */
MUST_USE enum err onboarding_start(struct hssd *h, struct store_why *why);
/* Who waits is told so while there is somebody to answer; who asks from now on too. */
void onboarding_quiesce(struct onboarding *o);
/* Joins the threads; they need the writer until then. After onboarding_quiesce and the signalling
 * threads. Both are harmless on NULL. */
void onboarding_join(struct onboarding *o);
void onboarding_close(struct onboarding *o); /* when the writer has stopped */

/* ---- ECR: a signalling thread ---- */

/* Has this ECR a device's request? Then it is no plain equipment check. */
bool onboarding_is_asked(const struct s13_ecr *ecr);
/* Serves it. `black`: the equipment is on the black list of this EIR. */
enum s6a_outcome onboarding_serve(struct s6a_call *call, const struct s13_ecr *ecr,
                                  const struct wire_ecr *asked, bool black);

/* ---- ULR: a signalling thread, and the writer ---- */

/* May a subscription be registered with this IMEI (NULL: none came)? One that nobody used yet only
 * with the IMEI that it was made for. *use: a registration that succeeds is to be stored by
 * onboarding_used. REFUSAL_NONE, SUBSCRIPTION_PENDING, or the store's. Nothing is read for a
 * subscription that cannot have been made here. */
enum refusal onboarding_admits(struct s6a_call *call, const struct store_subscriber *row,
                               const struct imei *imei, struct onboarding_use *use);
/* In the writer's batch: an AKA with the subscription succeeded. Errors: E_CONFLICT (it is not that
 * device's any more), the store's. */
MUST_USE enum err onboarding_used(struct store_writer *w, const struct imsi *imsi, int64_t at,
                                  const struct onboarding_use *use);
/* After the commit: the event and the counter. */
void onboarding_tell_used(struct hssd *h, const struct imsi *imsi, const struct imei *imei,
                          const char *peer, const struct onboarding_use *use);

/* ---- the end of subscriptions: the control thread, and the administration ---- */

/* Every second: what was never used and is due ends (every ONBOARDING_SWEEP_S seconds). */
#define ONBOARDING_SWEEP_S     10u
#define ONBOARDING_SWEEP_BATCH 100u
void onboarding_tick(struct hssd *h);
/* Until when an IMSI that is given back now rests. For store_end_onboarding. */
int64_t onboarding_ready(const struct hssd_config *config, int64_t now);
/* "AUTHORITY/ID", as events name a device. */
#define ONBOARDING_NAME_MAX (STORE_AUTHORITY_MAX + 1 + STORE_DEVICE_ID_MAX + 1)
void onboarding_name(const struct store_onboarding_key *key, char out[static ONBOARDING_NAME_MAX]);

/* ---- for the status ---- */

/* The site of config->onboarding.authorities[i], where something is offered. */
void onboarding_site(struct onboarding *o, size_t i, struct onboard_site_status *out);
unsigned onboarding_waiting(struct onboarding *o); /* requests in the queue; NULL: 0 */
/* All pools together, as they are now. Errors: the store's. */
MUST_USE enum err onboarding_pools(const struct hssd_config *config, struct store_reader *r,
                                   int64_t now, struct store_pool *out);

#endif
