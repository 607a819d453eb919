/* test/live/raw_admin.h - one request to the administration socket, for tests that must know
 * whether it was acknowledged: no retry, no connection kept. */
#ifndef BINDERY_TEST_LIVE_RAW_ADMIN_H
#define BINDERY_TEST_LIVE_RAW_ADMIN_H

#include "raw_link.h"

#include <jansson.h>

/* The HTTP status, or 0 when no whole answer came. *out is the body (the caller decrefs) or NULL;
 * out may be NULL. body may be NULL. */
int raw_admin(const struct raw_place *at, const char *method, const char *path, const char *body,
              json_t **out);
/* The text at key, or "" when it is not there. */
const char *raw_text(const json_t *object, const char *key);

#endif
