/* nf/repod/bulk.h - rows of NDJSON as they come: each checked, made a record or refused on its own,
 * and reported in a line; what does it all for POST /v1/bulk, without HTTP.
 *
 * Rows are committed in batches, each durable before the next begins. Within a batch the checks of
 * 64 rows, and then the signatures of those that become records, are spread over a crew (crew.h);
 * what is decided and stored is decided and stored in the order of the rows, on the caller's
 * thread. Memory does not grow with the number of rows: the report is a file without a name.
 */
#ifndef BINDERY_NF_REPOD_BULK_H
#define BINDERY_NF_REPOD_BULK_H

#include "nf/repod/bulk_lines.h"
#include "nf/repod/config.h"
#include "nf/repod/crew.h"
#include "nf/repod/publish.h"

#define BULK_BUFFER 65536u /* of rows, and the longest row */

/* Where batches are worked on, one at a time: one for all bulks of a thread. */
struct bulk_desk;
/* The crew stays the caller's. Errors: E_MEMORY. */
MUST_USE enum err bulk_desk_open(struct crew *crew, struct bulk_desk **out);
/* Harmless on NULL. */
void bulk_desk_close(struct bulk_desk *d);
/* For who checks a row alone, on the thread of the desk. */
struct publish_roots *bulk_desk_roots(struct bulk_desk *d);

struct bulk { /* one that is being read */
    struct bulk_lines lines;
    int report; /* the file, or -1 */
    uint64_t rows, rows_most, done[4], refused;
    enum cause ended; /* why no more rows are taken */
};
struct bulk_by { /* who publishes, and by which rules */
    const struct repod_grant *grant;
    struct publish_rules rules; /* its roots are the desk's */
    struct publish_context ctx;
};
/* The report will stand in this folder while it is needed. Errors: E_IO, E_MEMORY. */
MUST_USE enum err bulk_open(const char *folder, uint64_t rows_most, struct bulk **out);
/* Harmless on NULL. */
void bulk_free(struct bulk *b);
/* More octets. Once b->ended is set they are looked at no more. */
void bulk_take(struct bulk_desk *d, struct bulk *b, const struct bulk_by *by, struct bytes part);
/* The rows that are left, and the last line: {"report":{"rows":...}}. The file is read from its
 * beginning then, and is the caller's once b->report is -1. Errors: E_IO, E_MEMORY. */
MUST_USE enum err bulk_end(struct bulk_desk *d, struct bulk *b, const struct bulk_by *by);
/* How many rows had which outcome. NULL without memory. */
json_t *bulk_counts(const struct bulk *b);

#endif
