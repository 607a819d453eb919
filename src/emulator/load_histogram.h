/* emulator/load_histogram.h - a fixed-size histogram of times in nanoseconds, log-linear: every
 * power of two is cut into 128 cells, so a quantile it tells is within 0.4% of the value that was
 * added.
 *
 * Nothing is allocated and nothing is forgotten: memory is the same after ten values and after ten
 * thousand million.
 */
#ifndef BINDERY_EMULATOR_LOAD_HISTOGRAM_H
#define BINDERY_EMULATOR_LOAD_HISTOGRAM_H

#include <stddef.h>
#include <stdint.h>

#define LOAD_HISTOGRAM_BITS  7  /* 2^7 cells per power of two */
#define LOAD_HISTOGRAM_TOP   40 /* 2^40 ns, 18 minutes; longer times count in the last cell */
#define LOAD_HISTOGRAM_CELLS ((LOAD_HISTOGRAM_TOP - LOAD_HISTOGRAM_BITS + 1) << LOAD_HISTOGRAM_BITS)

/* All zero: empty. */
struct load_histogram {
    uint64_t n;
    uint64_t sum;
    uint64_t min, max; /* exact */
    uint64_t cell[LOAD_HISTOGRAM_CELLS];
};

void load_histogram_add(struct load_histogram *h, uint64_t ns);
void load_histogram_merge(struct load_histogram *to, const struct load_histogram *from);
/* The smallest value that at least q of all values do not exceed (nearest rank), within 0.4%; 0 for
 * an empty histogram. q = 1 is the exact maximum. */
uint64_t load_histogram_quantile(const struct load_histogram *h, double q);
uint64_t load_histogram_mean(const struct load_histogram *h);

#endif
