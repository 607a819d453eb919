/* emulator/latency.h - histograms of times for people and for programs: p50, p95, p99, p99.9 and
 * the maximum, in milliseconds.
 */
#ifndef BINDERY_EMULATOR_LATENCY_H
#define BINDERY_EMULATOR_LATENCY_H

#include "emulator/load_histogram.h"
#include <jansson.h>
#include <stdio.h>

/* A line that says what is measured, and the heads of the columns; `what` is how the last is
 * called. */
void latency_head(FILE *to, const char *sentence, const char *what);
/* One line; dashes when nothing was measured. */
void latency_row(FILE *to, const char *name, const struct load_histogram *h);
/* null when nothing was measured: what did not come has no latency, not one of zero. */
json_t *latency_json(const struct load_histogram *h, const char *what);

#endif
