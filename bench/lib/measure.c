#include "lib/measure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static uint64_t clock_ns(clockid_t id)
{
    struct timespec t;
    clock_gettime(id, &t);
    return (uint64_t)t.tv_sec * 1000000000U + (uint64_t)t.tv_nsec;
}

uint64_t now_ns(void)
{
    return clock_ns(CLOCK_MONOTONIC);
}

uint64_t cpu_ns(void)
{
    return clock_ns(CLOCK_THREAD_CPUTIME_ID);
}

static int ascending(const void *a, const void *b)
{
    const double *x = a;
    const double *y = b;
    return (*x > *y) - (*x < *y);
}

struct spread spread_of(double *v, size_t n)
{
    qsort(v, n, sizeof *v, ascending);
    return (struct spread){
        .median = n % 2 == 1 ? v[n / 2] : (v[n / 2 - 1] + v[n / 2]) / 2,
        .min = v[0],
        .max = v[n - 1],
    };
}

uint64_t number_or_die(const char *text, const char *what, uint64_t min, uint64_t max)
{
    char *end;
    errno = 0;
    unsigned long long v = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || v < min || v > max) {
        fprintf(stderr, "%s: '%s' is not a number from %llu to %llu\n", what, text,
                (unsigned long long)min, (unsigned long long)max);
        exit(2);
    }
    return v;
}

/* Below 2^SUB_BITS a cell is one nanosecond wide; above, each power of two has 2^SUB_BITS cells. */
static size_t cell_of(uint64_t ns)
{
    if (ns >> LATENCY_SUB_BITS == 0) {
        return (size_t)ns;
    }
    unsigned shift = 63U - (unsigned)__builtin_clzll(ns) - LATENCY_SUB_BITS;
    return ((size_t)(shift + 1) << LATENCY_SUB_BITS) +
           (size_t)((ns >> shift) & ((1U << LATENCY_SUB_BITS) - 1));
}

static uint64_t cell_end(size_t cell)
{
    size_t power = cell >> LATENCY_SUB_BITS;
    uint64_t low = cell & ((1U << LATENCY_SUB_BITS) - 1);
    if (power == 0) {
        return low;
    }
    return ((low | 1U << LATENCY_SUB_BITS) + 1) << (power - 1);
}

void latency_add(struct latency *l, uint64_t ns)
{
    l->cell[cell_of(ns)]++;
    l->n++;
    if (ns > l->max) {
        l->max = ns;
    }
}

uint64_t latency_quantile(const struct latency *l, double q)
{
    uint64_t rank = (uint64_t)(q * (double)l->n);
    uint64_t seen = 0;
    for (size_t i = 0; i < LATENCY_CELLS; i++) {
        seen += l->cell[i];
        if (seen > rank || (seen == l->n && seen != 0)) {
            uint64_t end = cell_end(i);
            return end < l->max ? end : l->max;
        }
    }
    return 0;
}
