/* cli/load_mix.h - which requests a load is made of, and how much of each:
 * "air=80,ulr=15,resync=5".
 */
#ifndef BINDERY_CLI_LOAD_MIX_H
#define BINDERY_CLI_LOAD_MIX_H

#include "base/span.h"

enum load_kind { LOAD_AIR, LOAD_ULR, LOAD_RESYNC, LOAD_KINDS };
const char *load_kind_name(enum load_kind k); /* "air", "ulr", "resync" */

#define LOAD_WEIGHT_MAX 1000000
struct load_mix {
    uint32_t weight[LOAD_KINDS];
    uint32_t total; /* never 0 */
};
/* Weights are whole numbers; their sum is what they are parts of. A name alone has the weight 1.
 * False and why, for a person. */
MUST_USE bool load_mix_parse(const char *text, struct load_mix *out, char *why, size_t cap);
/* One of them, by a drawn number. */
enum load_kind load_mix_pick(const struct load_mix *mix, uint64_t drawn);

#endif
