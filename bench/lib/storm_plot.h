/* bench/lib/storm_plot.h - the picture of a storm: over time, how many devices were due, and how
 * long the middle one and the slowest had to wait.
 */
#ifndef BENCH_LIB_STORM_PLOT_H
#define BENCH_LIB_STORM_PLOT_H

#include "lib/measure.h"
#include <stdbool.h>

#define STORM_COLUMNS 100
struct storm_column {
    unsigned due;
    struct latency latency; /* of those that were answered */
};
void storm_column_add(struct storm_column *c, uint64_t ns);
/* Writes an SVG. False, with errno, when the file cannot be written. */
bool storm_plot(const char *path, const struct storm_column column[STORM_COLUMNS],
                unsigned seconds);

#endif
