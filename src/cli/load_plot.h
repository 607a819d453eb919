/* cli/load_plot.h - a load as a picture: latency percentiles over time above, rates below, in one
 * SVG that needs nothing else.
 */
#ifndef BINDERY_CLI_LOAD_PLOT_H
#define BINDERY_CLI_LOAD_PLOT_H

#include "cli/load_result.h"

void load_plot(const struct load_counts *c, const struct load_plan *p, FILE *to);

#endif
