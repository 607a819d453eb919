/* emulator/population_parts.h - what population.c (devices and where they come from) and
 * population_kme.c (how they make KMEs) share. For nobody else.
 */
#ifndef BINDERY_EMULATOR_POPULATION_PARTS_H
#define BINDERY_EMULATOR_POPULATION_PARTS_H

#include "emulator/population.h"

/* Is the USIM in other equipment than the file's? */
static inline bool population_is_disguised(const struct population *p)
{
    return p->guise.has_imei || p->guise.without_kme;
}
/* NULL: this device makes no KME. */
const struct bindery_ue_provisioning *population_provisioning(struct population *p,
                                                              const struct lot_device *from);
/* The host's store_keys; ctx is the device. */
bool population_store_keys(void *ctx, const uint8_t *keys, size_t n);
/* The population's lot into the state that was loaded, and into its file if it is another than was
 * there. Errors, said in p->why: E_CONFLICT, those of device_state_save_held. */
MUST_USE enum err population_give_lot(struct population *p);

#endif
