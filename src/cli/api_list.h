/* cli/api_list.h - lists that the administration interface gives in pages, as one table or one JSON
 * document.
 */
#ifndef BINDERY_CLI_API_LIST_H
#define BINDERY_CLI_API_LIST_H

#include "cli/api_client.h"
#include "cli/table.h"

struct api_list {
    const char *name; /* the array's member in the answer */
    const char *path;
    const char *const *columns;
    void (*row)(struct table *t, const json_t *element);
    const char *query; /* NULL, or a further parameter: "imsi=..." */
    bool mme;          /* the MME's list, not the HSS's */
    const char *after; /* NULL: from the first; letters, digits, and of "-._~/" only */
};
/* Fetches page by page up to `limit` elements (a number as text; NULL: all) and prints them. */
MUST_USE int api_list(const struct cli_common *common, const struct api_list *what,
                      const char *limit);

#endif
