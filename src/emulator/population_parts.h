/* emulator/population_parts.h - what population.c (devices and where they come from),
 * population_proof.c (how they prove IMEIs), population_kme.c (how they make KMEs),
 * population_onboard.c (how they get subscriptions) and population_discovery.c (how they discover
 * their operators) share. For nobody else.
 */
#ifndef BINDERY_EMULATOR_POPULATION_PARTS_H
#define BINDERY_EMULATOR_POPULATION_PARTS_H

#include "emulator/population.h"

/* Is the USIM in other equipment than the file's? */
static inline bool population_is_disguised(const struct population *p)
{
    return p->guise.has_imei || p->guise.without_kme;
}

/* ---- population.c ---- */

/* What the factory gave a device to get a subscription with. */
struct population_factory {
    const char *url;
    struct bytes key;
    size_t n_roots;
    struct bytes root[ONBOARD_ROOTS_MAX];
};
/* What a device has beyond a lot's row. */
struct population_kept {
    const uint64_t *seq;
    struct bytes image, keys;
    const struct device_key *identity;
    uint8_t mnc_n;
    const struct population_factory *factory; /* NULL: it can get no subscription */
    const struct device_state *discovers;     /* its SE; NULL: it has none */
};
/* What NAS keeps in the state that was loaded, which is the right equipment's. Errors: those of
 * device_state_image and device_state_keys but E_NOT_FOUND. */
MUST_USE enum err population_read_kept(struct population *p, struct population_kept *kept);
/* Errors: those of population_add. */
MUST_USE enum err population_add_kept(struct population *p, const struct lot_device *from,
                                      const struct population_kept *kept);
/* A new NAS client for the device, as `from` and `kept` say; imsi.n 0: without a subscription.
 * Errors: E_BAD_VALUE. */
MUST_USE enum err population_begin(struct population *p, struct device *d,
                                   const struct lot_device *from,
                                   const struct population_kept *kept);

/* ---- population_proof.c ---- */

/* A copy of the private key. Errors: E_MEMORY. */
MUST_USE enum err population_give_key(struct population *p, struct device *d, struct bytes key,
                                      uint8_t algorithm);
/* From the population's production lot; who is not in it has none. Errors: those of
 * identity_source_find but E_NOT_FOUND, E_MEMORY. */
MUST_USE enum err population_find_key(struct population *p, struct device *d,
                                      const struct lot_device *from);
/* NULL when it has nothing to sign with. One that keeps silent has to be asked first. */
const struct bindery_ue_signer *population_signer(const struct population *p, struct device *d);

/* ---- population_onboard.c ---- */

/* That of the state file which was loaded. */
struct population_factory population_factory_of(const struct population *p);
/* Errors: E_BAD_VALUE (its roots are not those of the others, or none), E_MEMORY, those of
 * onboard_openssl_form. */
MUST_USE enum err population_give_onboard(struct population *p, struct device *d,
                                          const struct population_factory *factory);

/* ---- population_discovery.c ---- */

/* What the state has to begin with: the subscription, or the first dIMSI. */
struct lot_device population_row_of(const struct device_state *s);
/* What comes goes into the file if the state is the population's own. Errors: E_MEMORY. */
MUST_USE enum err population_give_discovery(struct population *p, struct device *d,
                                            const struct device_state *s);
/* population_trial of a device with an SE. */
bool population_discovery_trial(struct population *p, struct device *d,
                                const struct bindery_ue_event *event);

/* ---- population_kme.c ---- */

/* NULL: this device makes no KME. */
const struct bindery_ue_provisioning *population_provisioning(struct population *p,
                                                              const struct lot_device *from);
/* The host's store_keys; ctx is the device. */
bool population_store_keys(void *ctx, const uint8_t *keys, size_t n);
/* The population's lot into the state that was loaded, and into its file if it is another than was
 * there. Errors, said in p->why: E_CONFLICT, those of device_state_save_held. */
MUST_USE enum err population_give_lot(struct population *p);

#endif
