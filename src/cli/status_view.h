/* cli/status_view.h - the answer of GET /v1/status for a person. */
#ifndef BINDERY_CLI_STATUS_VIEW_H
#define BINDERY_CLI_STATUS_VIEW_H

#include <jansson.h>

/* Where it is reached: directory, listeners, administration. */
void status_view_addresses(const char *dir, const json_t *status);
/* All of it. */
void status_view(const char *dir, const json_t *status);

#endif
