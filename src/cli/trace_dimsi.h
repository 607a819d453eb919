/* cli/trace_dimsi.h - steps of a first attach with a discovery IMSI in a trace (TR 33.899 5.5.4.x,
 * its figure: "dimsi 0-a" to "dimsi 11").
 *
 * What HTTPS carries tells itself by its path, and names the dIMSI; an attach under one of those is
 * told from any other by that. The attach that follows from the same eNB with an IMSI is the second
 * one. For cli/trace_steps.c alone.
 */
#ifndef BINDERY_CLI_TRACE_DIMSI_H
#define BINDERY_CLI_TRACE_DIMSI_H

#include "cli/trace_read.h"

/* By its path; sets the step, and of which dIMSI it is. False: it is none of these. */
bool trace_dimsi_take(struct trace_message *m);
/* As trace_steps_follow. */
void trace_dimsi_follow(struct trace_list *list);

#endif
