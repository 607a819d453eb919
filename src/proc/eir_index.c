#include "proc/eir_index.h"

static uint32_t tac_of(uint64_t edge)
{
    return (uint32_t)(edge / 4 / EIR_SERIALS);
}

static uint32_t serial_of(uint64_t edge)
{
    return (uint32_t)(edge / 4 % EIR_SERIALS);
}

/* ---- a set of numbers ---- */

static void set_add(struct eir_block *set, uint32_t x)
{
    uint32_t bit = x % EIR_BLOCK_BITS;
    set[x / EIR_BLOCK_BITS].bits[bit / 64] |= (uint64_t)1 << (bit % 64);
}

/* Bits that are set, added up side by side: the core calls no function of a compiler's library. */
static unsigned ones(uint64_t x)
{
    x -= x >> 1 & 0x5555555555555555u;
    x = (x & 0x3333333333333333u) + (x >> 2 & 0x3333333333333333u);
    x = (x + (x >> 4)) & 0x0f0f0f0f0f0f0f0fu;
    return (unsigned)((x * 0x0101010101010101u) >> 56);
}

static void set_count(struct eir_block *set, size_t blocks)
{
    uint64_t n = 0;
    for (size_t i = 0; i < blocks; i++) {
        set[i].before = n;
        for (unsigned w = 0; w < EIR_BLOCK_WORDS; w++) {
            n += ones(set[i].bits[w]);
        }
    }
}

static bool set_has(const struct eir_block *set, uint32_t x)
{
    uint32_t bit = x % EIR_BLOCK_BITS;
    return (set[x / EIR_BLOCK_BITS].bits[bit / 64] >> (bit % 64) & 1) != 0;
}

/* How many in the set are not above x. */
static size_t set_rank(const struct eir_block *set, uint32_t x)
{
    const struct eir_block *b = &set[x / EIR_BLOCK_BITS];
    uint32_t bit = x % EIR_BLOCK_BITS;
    uint64_t n = b->before + ones(b->bits[bit / 64] << (63 - bit % 64));
    for (uint32_t w = 0; w < bit / 64; w++) {
        n += ones(b->bits[w]);
    }
    return (size_t)n;
}

/* ---- building ---- */

/* Where the edges of the TAC of edge i end. */
static size_t tac_end(const uint64_t *edge, size_t n, size_t i)
{
    uint32_t tac = tac_of(edge[i]);
    while (i < n && tac_of(edge[i]) == tac) {
        i++;
    }
    return i;
}

void eir_index_measure(const uint64_t *edge, size_t n, struct eir_index *out)
{
    *out = (struct eir_index){0};
    for (size_t i = 0, end; n > EIR_FEW && i < n; i = end) {
        end = tac_end(edge, n, i);
        out->n_tacs++;
        out->n_dense += end - i > EIR_FEW;
    }
}

static void add_serials(struct eir_block *set, const uint64_t *edge, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        set_add(set, serial_of(edge[i]));
    }
    set_count(set, EIR_SERIAL_BLOCKS);
}

void eir_index_build(const uint64_t *edge, size_t n, struct eir_index *index)
{
    size_t tacs = 0;
    uint32_t dense = 0;
    for (size_t i = 0, end; i < n; i = end) {
        end = tac_end(edge, n, i);
        set_add(index->tacs, tac_of(edge[i]));
        index->first[tacs] = (uint32_t)i;
        index->dense[tacs] = EIR_SPARSE;
        if (end - i > EIR_FEW) {
            add_serials(index->serials + (size_t)dense * EIR_SERIAL_BLOCKS, edge + i, end - i);
            index->dense[tacs] = dense++;
        }
        tacs++;
    }
    index->first[tacs] = (uint32_t)n;
    set_count(index->tacs, EIR_TAC_BLOCKS);
}

/* ---- looking up ---- */

/*= op-eir-constant */

static size_t bisect(const uint64_t *edge, size_t n, uint64_t imei)
{
    const uint64_t want = imei * 4 + 3; /* an edge at this very IMEI is not above it */
    const uint64_t *from = edge;
    if (n == 0 || edge[0] > want) {
        return 0;
    }
    while (n > 1) {
        size_t half = n / 2;
        from = from[half] <= want ? from + half : from;
        n -= half;
    }
    return (size_t)(from - edge) + 1;
}

size_t eir_index_find(const struct eir_index *index, const uint64_t *edge, size_t n, uint64_t imei)
{
    if (index->n_tacs == 0) {
        return bisect(edge, n, imei);
    }
    uint32_t tac = (uint32_t)(imei / EIR_SERIALS), serial = (uint32_t)(imei % EIR_SERIALS);
    size_t at = set_rank(index->tacs, tac);
    if (!set_has(index->tacs, tac)) {
        return index->first[at]; /* all edges of the TACs before it */
    }
    at--;
    size_t first = index->first[at];
    if (index->dense[at] == EIR_SPARSE) {
        return first + bisect(edge + first, index->first[at + 1] - first, imei);
    }
    return first + set_rank(index->serials + (size_t)index->dense[at] * EIR_SERIAL_BLOCKS, serial);
}
