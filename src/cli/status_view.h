/* cli/status_view.h - the answers of GET /v1/status for a person: the HSS's, with the MME's as its
 * member `mme` where there is one, or either alone.
 */
#ifndef BINDERY_CLI_STATUS_VIEW_H
#define BINDERY_CLI_STATUS_VIEW_H

#include "cli/cli.h"
#include <jansson.h>

/* Asks for it. An enum cli_exit; *out is the caller's to free on CLI_DONE only. */
MUST_USE int status_get(const struct cli_common *common, json_t **out);
/* Where it is reached: listeners, administration. */
void status_view_addresses(const struct cli_common *common, const json_t *status);
/* All of it; of the counters those that are not zero, or `all`. */
void status_view(const struct cli_common *common, const json_t *status, bool all);

#endif
