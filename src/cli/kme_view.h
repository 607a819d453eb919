/* cli/kme_view.h - how the binding of a subscription to its devices stands, for people: the members
 * policy, kme and devices of a subscriber in docs/admin-api.md.
 *
 * In words, and as one of a few names for scripts. Keys are not shown, and are not in what is read.
 */
#ifndef BINDERY_CLI_KME_VIEW_H
#define BINDERY_CLI_KME_VIEW_H

#include <jansson.h>
#include <stdint.h>

/* "open", "waiting", "offered", "renewal-wanted", "rebinding-approved", "bound-unused", "bound". */
const char *kme_view_state(const json_t *subscriber, int64_t now);
/* "waiting to be bound", "rebinding approved for IMEI 35693803564380", ... */
void kme_view_words(const json_t *subscriber, int64_t now, char *out, size_t cap);
/* A line for each, and one for each device, to standard output. `now` is in Unix seconds. */
void kme_view(const json_t *subscriber, int64_t now);
/* "2026-11-21 13:37:31Z", or "-". */
void kme_view_time(const json_t *seconds, char out[static 32]);

#endif
