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
#include <stdbool.h>
#include <stddef.h>

struct audit;
struct audit_entry {
    int64_t at_s;       /* Unix seconds */
    const char *client; /* NULL: nobody whose certificate was good */
    /* Who came by the administration interface, which `client` and `from` are NULL for, and from
     * where: "unix:root", "unix". */
    const char *administrator, *from_text;
    const struct address *from;
    const char *asked;       /* a fixed text: "GET /v1/bindings/{imei}" */
    const struct imei *imei; /* or NULL */
    const char *outcome;     /* "ok" or a cause's name */
    json_t *more;            /* an object without secrets, or NULL; freed here */
};
/* Errors: E_IO with errno, E_MEMORY. */
MUST_USE enum err audit_open(const char *path, struct audit **out);
void audit_close(struct audit *a);
/* Errors: E_IO, E_MEMORY. */
MUST_USE enum err audit_write(struct audit *a, const struct audit_entry *e);

/* ---- audit_read.c: the newest lines of a log ---- */

#define AUDIT_PART 262144u /* octets that one call looks at, at most */
struct audit_wanted {
    bool from_end;
    uint64_t before;         /* else: in front of this octet of the file */
    const char *client;      /* this client's, or administrator's, only; or NULL */
    const struct imei *imei; /* about this device only; or NULL */
    size_t limit;
};
struct audit_page {
    json_t *entries; /* as they stand there, newest first; the caller's */
    uint64_t unreadable;
    uint64_t next; /* `before` of the page behind it; 0: this was all */
};
/* Errors: E_BAD_VALUE (the file ends in front of `before`: it is another one now), E_IO, E_MEMORY.
 */
MUST_USE enum err audit_read(const char *path, const struct audit_wanted *wanted,
                             struct audit_page *out);

#endif
