#include "emulator/load_histogram.h"

#define HALF (UINT64_C(1) << LOAD_HISTOGRAM_BITS)
#define LAST ((UINT64_C(1) << LOAD_HISTOGRAM_TOP) - 1)

static size_t cell_of(uint64_t ns)
{
    if (ns < HALF) {
        return (size_t)ns;
    }
    ns = ns > LAST ? LAST : ns;
    unsigned shift = 63U - (unsigned)__builtin_clzll(ns) - LOAD_HISTOGRAM_BITS;
    return ((size_t)(shift + 1) << LOAD_HISTOGRAM_BITS) + (size_t)((ns >> shift) & (HALF - 1));
}

/* The middle of a cell. */
static uint64_t value_of(size_t cell)
{
    uint64_t low = cell & (HALF - 1);
    size_t power = cell >> LOAD_HISTOGRAM_BITS;
    if (power == 0) {
        return low;
    }
    return ((low | HALF) << (power - 1)) + ((UINT64_C(1) << (power - 1)) >> 1);
}

void load_histogram_add(struct load_histogram *h, uint64_t ns)
{
    h->cell[cell_of(ns)]++;
    h->min = h->n == 0 || ns < h->min ? ns : h->min;
    h->max = ns > h->max ? ns : h->max;
    h->sum += ns;
    h->n++;
}

void load_histogram_merge(struct load_histogram *to, const struct load_histogram *from)
{
    if (from->n == 0) {
        return;
    }
    for (size_t i = 0; i < LOAD_HISTOGRAM_CELLS; i++) {
        to->cell[i] += from->cell[i];
    }
    to->min = to->n == 0 || from->min < to->min ? from->min : to->min;
    to->max = from->max > to->max ? from->max : to->max;
    to->sum += from->sum;
    to->n += from->n;
}

static uint64_t rank_of(double q, uint64_t n)
{
    double exact = q * (double)n;
    uint64_t rank = (uint64_t)exact;
    rank += (double)rank < exact;
    return rank < 1 ? 1 : rank;
}

uint64_t load_histogram_quantile(const struct load_histogram *h, double q)
{
    uint64_t rank = rank_of(q, h->n);
    uint64_t seen = 0;
    if (rank >= h->n) {
        return h->max;
    }
    for (size_t i = 0; i < LOAD_HISTOGRAM_CELLS; i++) {
        seen += h->cell[i];
        if (seen >= rank) {
            uint64_t v = value_of(i);
            return v < h->min ? h->min : v > h->max ? h->max : v;
        }
    }
    return h->max;
}

uint64_t load_histogram_mean(const struct load_histogram *h)
{
    return h->n > 0 ? h->sum / h->n : 0;
}
