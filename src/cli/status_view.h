/* cli/status_view.h - the answer of GET /v1/status for a person. */
#ifndef BINDERY_CLI_STATUS_VIEW_H
#define BINDERY_CLI_STATUS_VIEW_H

#include "cli/cli.h"
#include <jansson.h>

/* Where it is reached: listeners, administration. */
void status_view_addresses(const struct cli_common *common, const json_t *status);
/* All of it. */
void status_view(const struct cli_common *common, const json_t *status);

#endif
