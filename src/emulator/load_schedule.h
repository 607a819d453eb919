/* emulator/load_schedule.h - when requests are due: arrivals in ascending order, decided before
 * anything is sent and never by how fast the other side answers.
 *
 * Either at a rate for a time (constant, Poisson), or a number of devices that all come once within
 * a time: evenly, at random, or as the storm of TR 37.868 6.1.1, Beta(3,4). Arrivals are made one
 * by one in constant memory: sorted random ones from exponential spacings, drawn twice from the
 * same seed, the first time for their sum. Shares for several threads add up to the whole.
 */
#ifndef BINDERY_EMULATOR_LOAD_SCHEDULE_H
#define BINDERY_EMULATOR_LOAD_SCHEDULE_H

#include "base/span.h"

enum load_pattern { LOAD_CONSTANT, LOAD_POISSON, LOAD_BETA };
const char *load_pattern_name(enum load_pattern p); /* "constant", "poisson", "beta" */
MUST_USE bool load_pattern_parse(const char *text, enum load_pattern *out);

struct load_arrivals {
    enum load_pattern pattern;
    double rate;      /* per second; with devices 0 */
    uint64_t devices; /* how many in all, or 0: as many as the rate gives. Beta needs it. */
    uint64_t over_ns; /* all are due in [0, over_ns) */
    uint64_t seed;
    unsigned share, shares; /* of this thread: share 0 of 1 is all of it */
};
struct load_schedule {
    struct load_arrivals a;
    uint64_t random; /* state of the generator */
    uint64_t i, n;   /* given so far, and how many; n is UINT64_MAX for a rate */
    double at;       /* seconds, or the sum of the spacings so far */
    double total;    /* the sum of all spacings */
    double x;        /* of the last arrival, 0 to 1 */
};
void load_schedule_begin(struct load_schedule *s, const struct load_arrivals *a);
/* The next arrival; false when there are no more. */
MUST_USE bool load_schedule_next(struct load_schedule *s, uint64_t *at_ns);

/* ---- what it is made of ---- */

/* A generator of 64 bits (splitmix64): for schedules and choices, never for keys. */
uint64_t load_draw(uint64_t *state);
/* In (0, 1]. */
double load_draw_unit(uint64_t *state);
double load_ln(double x); /* natural logarithm, x > 0 */
/* The distribution function of Beta(3,4) and its inverse; `from` is a lower bound of the result. */
double load_beta_cdf(double x);
double load_beta_inverse(double u, double from);

#endif
