/* cli/key_view.h - the keys of an HSS's store and the job that seals again, for people: what
 * GET /v1/keys answers (docs/admin-api.md).
 *
 * No key is in it.
 */
#ifndef BINDERY_CLI_KEY_VIEW_H
#define BINDERY_CLI_KEY_VIEW_H

#include <jansson.h>
#include <stdbool.h>

/* To standard output. */
void key_view(const json_t *keys);
/* How far the job is, 0 to 100; 100 without one that is under way or stopped. */
int key_view_percent(const json_t *keys);
bool key_view_is_under_way(const json_t *keys);
bool key_view_has_failed(const json_t *keys);
/* "running, 40 % of 1200 values sealed again" */
void key_view_words(const json_t *keys, char *out, size_t cap);
/* What older backups need, after a rotation; else empty. */
void key_view_former(const json_t *keys, char *out, size_t cap);

#endif
