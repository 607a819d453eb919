/* proc/eir_index.h - how many edges of an EIR table are not above an IMEI, found in a number of
 * steps that does not grow with the number of edges.
 *
 * A set of bits says which TACs have an edge within them, and a count stands before every few of
 * them; so one look tells how many such TACs there are up to a given one, and with that where its
 * edges are. Of a TAC with many edges the serial numbers are kept in the same way; of one with few,
 * they are bisected. A table with few edges in all needs none of this. Pure: the caller brings the
 * memory.
 */
#ifndef BINDERY_PROC_EIR_INDEX_H
#define BINDERY_PROC_EIR_INDEX_H

#include "base/span.h"

#define EIR_FEW 4096u /* edges that are bisected: twelve steps */

#define EIR_BLOCK_WORDS 7u
#define EIR_BLOCK_BITS  (64u * EIR_BLOCK_WORDS)
/* One line of a cache: so a look at a set waits for memory once. */
struct eir_block {
    uint64_t before; /* bits that are set in all blocks before this one */
    uint64_t bits[EIR_BLOCK_WORDS];
};
#define EIR_TACS          100000000u
#define EIR_SERIALS       1000000u
#define EIR_BLOCKS_OF(n)  (((n) + EIR_BLOCK_BITS - 1) / EIR_BLOCK_BITS)
#define EIR_TAC_BLOCKS    EIR_BLOCKS_OF(EIR_TACS)    /* 14.3 MB */
#define EIR_SERIAL_BLOCKS EIR_BLOCKS_OF(EIR_SERIALS) /* 143 kB */
#define EIR_SPARSE        UINT32_MAX

struct eir_index {
    size_t n_tacs;             /* that have an edge in them; 0: there are few edges, and no index */
    size_t n_dense;            /* those of them with more than EIR_FEW */
    struct eir_block *tacs;    /* EIR_TAC_BLOCKS, zeros at first */
    uint32_t *first;           /* n_tacs + 1: the first edge of each, and how many there are */
    uint32_t *dense;           /* n_tacs: the place among the dense ones, or EIR_SPARSE */
    struct eir_block *serials; /* EIR_SERIAL_BLOCKS for each dense one, zeros at first */
};
/* edges: ascending, each the number of 14 digits * 4 + anything below 4, at most UINT32_MAX of
 * them. Sets n_tacs and n_dense: what memory eir_index_build wants. Both 0: none. */
void eir_index_measure(const uint64_t *edge, size_t n, struct eir_index *out);
/* Fills what the caller has brought. Not where n_tacs is 0. */
void eir_index_build(const uint64_t *edge, size_t n, struct eir_index *index);
/* How many edges are not above this IMEI. */
size_t eir_index_find(const struct eir_index *index, const uint64_t *edge, size_t n, uint64_t imei);

#endif
