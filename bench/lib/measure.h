/* bench/lib/measure.h - what the programs of bench/ share: a clock, medians, and a histogram of
 * latencies that keeps every value to within one part in 64.
 */
#ifndef BENCH_LIB_MEASURE_H
#define BENCH_LIB_MEASURE_H

#include <stddef.h>
#include <stdint.h>

uint64_t now_ns(void); /* monotonic */
uint64_t cpu_ns(void); /* processor time of this thread: what others do meanwhile is not in it */

/* Sorts v. n is at least 1. */
struct spread {
    double median;
    double min;
    double max;
};
struct spread spread_of(double *v, size_t n);

/* A number from the command line, or the program ends with a sentence that names `what`. */
uint64_t number_or_die(const char *text, const char *what, uint64_t min, uint64_t max);

#define LATENCY_SUB_BITS 6
#define LATENCY_CELLS    ((64 - LATENCY_SUB_BITS + 1) << LATENCY_SUB_BITS)
struct latency {
    uint64_t cell[LATENCY_CELLS];
    uint64_t n;
    uint64_t max;
};
void latency_add(struct latency *l, uint64_t ns);
/* The upper end of the cell that holds the quantile, in nanoseconds; 0 when there is no value. */
uint64_t latency_quantile(const struct latency *l, double q);

#endif
