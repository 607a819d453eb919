/* nf/repod/audit.h - who asked what, and what was said: one JSON object a line, appended to a file
 * that is only ever appended to.
 *
 * A line is written before its answer leaves; when it cannot be, the caller refuses. It holds
 * IMEIs, names and causes, and no key. The file is opened again when somebody moved it away.
 */
#ifndef BINDERY_NF_REPOD_AUDIT_H
#define BINDERY_NF_REPOD_AUDIT_H

#include "id/imei.h"
#include "net/address.h"
#include <jansson.h>

struct audit;
struct audit_entry {
    int64_t at_s;       /* Unix seconds */
    const char *client; /* NULL: nobody whose certificate was good */
    const struct address *from;
    const char *asked;       /* a fixed text: "GET /v1/bindings/{imei}" */
    const struct imei *imei; /* or NULL */
    const char *outcome;     /* "ok" or a cause's name */
    json_t *more;            /* an object of numbers, or NULL; freed here */
};
/* Errors: E_IO with errno, E_MEMORY. */
MUST_USE enum err audit_open(const char *path, struct audit **out);
void audit_close(struct audit *a);
/* Errors: E_IO, E_MEMORY. */
MUST_USE enum err audit_write(struct audit *a, const struct audit_entry *e);

#endif
