/* cli/load_keys.h - the keys that `bindery load` needs to make AUTS that an HSS accepts: one pair
 * for all subscribers, or a row for each as `bindery import` takes it.
 */
#ifndef BINDERY_CLI_LOAD_KEYS_H
#define BINDERY_CLI_LOAD_KEYS_H

#include "crypto/aka_functions.h"
#include <stdio.h>

struct load_key {
    uint64_t imsi;
    struct aka_keys keys;
};
struct load_keys {
    bool common; /* `row` is one, for whichever IMSI */
    size_t n, room;
    struct load_key *row;
};
/* A file whose name ends in .csv or .ndjson: rows with imsi, k, op or opc, algorithm (other columns
 * are ignored), of which those with an IMSI from `from` to `from` + count - 1 are kept. Any other:
 * "name = value" lines or JSON with k, op or opc, algorithm, res_length, keccak_iterations. False,
 * and said why, never with a key. */
MUST_USE bool load_keys_read(const char *path, const struct crypto *c, uint64_t from,
                             uint64_t count, struct load_keys *out);
void load_keys_wipe(struct load_keys *k);

/* The 30 octets of Re-Synchronization-Info for this RAND: what a USIM whose highest SQN is sqn_ms
 * sends. Errors: E_BAD_LENGTH, E_CRYPTO. */
MUST_USE enum err load_resync_info(const struct crypto *c, const struct aka_keys *keys,
                                   const struct rand128 *rand, uint64_t sqn_ms,
                                   uint8_t out[static 30]);

#endif
