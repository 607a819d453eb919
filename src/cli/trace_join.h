/* cli/trace_join.h - one trace of all that was read: sorted by time, without what two ends both
 * wrote down, every message with the names of its ends and the IMSI that it is about.
 */
#ifndef BINDERY_CLI_TRACE_JOIN_H
#define BINDERY_CLI_TRACE_JOIN_H

#include "cli/trace_read.h"

/* Within a file the order stays. A message that is in k files counts once, in the first; which ones
 * are the same is told by their octets, keys apart. Errors: E_MEMORY, and the list is as it was. */
MUST_USE enum err trace_join(struct trace_list *list);

/* Follows S1 connections by their UE S1AP ids, and GUTIs to the IMSIs that they were given to: what
 * is about a UE gets its IMSI. Called by trace_join. Errors: E_MEMORY. */
MUST_USE enum err trace_follow(struct trace_list *list);

#endif
