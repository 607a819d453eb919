/* cli/top_view.h - what `bindery top` shows, computed from two readings of /metrics: as JSON for
 * scripts, and from that as lines for a terminal of any size.
 */
#ifndef BINDERY_CLI_TOP_VIEW_H
#define BINDERY_CLI_TOP_VIEW_H

#include "cli/top_text.h"

#include <jansson.h>
#include <stdio.h>

/* `seconds` lie between the readings; now_unix: Unix seconds. NULL without memory. Members:
 * program, version, uptime_seconds, ready, not_ready (causes), seconds, commands (per_second,
 * refused_per_second, p50_ms, p99_ms or null), times (what else is timed: what, listener, count,
 * per_second, p50_ms, p99_ms), refusals (those that happen now first), listeners, records, peers
 * (those without connection first), queues (with their room), store, expiries (days, the soonest
 * first), counters (those that move, the fastest first). */
json_t *top_view(const struct top_text *before, const struct top_text *now, double seconds,
                 double now_unix);

/* At most `rows` lines of at most `columns` characters each; 0: as many as there are. Nothing of
 * another's text reaches the terminal but what can be printed. */
void top_show(FILE *to, const json_t *view, unsigned rows, unsigned columns);

#endif
