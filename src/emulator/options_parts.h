/* emulator/options_parts.h - what options.c and options_network.c share. For nobody else.
 */
#ifndef BINDERY_EMULATOR_OPTIONS_PARTS_H
#define BINDERY_EMULATOR_OPTIONS_PARTS_H

#include "emulator/options.h"

/* A number from min to max into *out, which stays as it is if nothing is said. False, and said why:
 * it is none. */
MUST_USE bool options_number(const struct ue_options *o, enum ue_option id, const char *name,
                             uint64_t min, uint64_t max, uint64_t *out);
/* eNBs, MMEs, networks and policy. */
MUST_USE bool options_network(const struct ue_options *o, const struct population *devices,
                              struct run_plan *plan);

#endif
