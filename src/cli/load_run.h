/* cli/load_run.h - a whole load: certificates, threads, one common start, the progress line, and
 * the sum of what all threads counted.
 */
#ifndef BINDERY_CLI_LOAD_RUN_H
#define BINDERY_CLI_LOAD_RUN_H

#include "cli/load_result.h"
#include <stdatomic.h>

/* Runs the plan and adds up into *out, which is zero. Once *stop is true no more requests begin.
 * Errors, with why: E_MEMORY, E_IO, E_DENIED (certificates), E_BAD_LENGTH (names), E_CLOSED (a
 * connection could not be made; nothing was sent). */
MUST_USE enum err load_run(const struct load_plan *plan, const atomic_bool *stop,
                           struct load_counts *out, char *why, size_t cap);

#endif
