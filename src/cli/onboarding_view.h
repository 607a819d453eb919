/* cli/onboarding_view.h - devices that get their subscription by attaching, for people: the members
 * that docs/admin-api.md calls pools and authorities, and those of a subscriber.
 *
 * What comes from the HSS is shown and not believed: control characters never reach the terminal.
 */
#ifndef BINDERY_CLI_ONBOARDING_VIEW_H
#define BINDERY_CLI_ONBOARDING_VIEW_H

#include <jansson.h>

/* The tables of pools and authorities, a line between them, and how many requests wait if any do,
 * to standard output. */
void onboarding_view(const json_t *summary);
/* "maker/3f9a", or "maker/3f9a, pending: not used yet"; "" for a subscriber that was not made so.
 */
void onboarding_view_words(const json_t *subscriber, char *out, size_t cap);
/* That as a line like those of kme_view, or none. */
void onboarding_view_subscriber(const json_t *subscriber);

#endif
