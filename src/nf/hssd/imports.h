/* nf/hssd/imports.h - imports whose importer went away: they are ended, and the log says so.
 *
 * All that were open at the start are of a run before, for whoever imports stops when the HSS does
 * not answer; while the HSS runs, one that was not heard of for an hour.
 */
#ifndef BINDERY_NF_HSSD_IMPORTS_H
#define BINDERY_NF_HSSD_IMPORTS_H

#include "nf/hssd/hssd.h"
#include "store/store_audit.h"
#include <jansson.h>

#define IMPORT_SUBSCRIBERS  "subscribers"
#define IMPORT_EIR          "eir"
#define IMPORT_IDLE_SECONDS 3600
#define IMPORTS_OPEN_MAX    64u

/* Once, when the writer runs and nobody else hands it anything yet. */
void imports_start(struct hssd *h);
/* From the control thread about once a second. */
void imports_tick(struct hssd *h);

/* What an entry of the log says of an import that ended; NULL without memory. */
json_t *imports_audited(const struct store_import *row);
/* Says so as an event, once that is committed. Any thread. */
void imports_tell(struct hssd *h, const struct store_import *row);
/* In a job: writes it as ended with this state at `now`, and the entry. `action` is what ended it,
 * by whom and from where; NULL: the HSS itself. Errors as the store's. */
MUST_USE enum err imports_end(const struct hssd *h, struct store_writer *w,
                              struct store_import *row, enum store_import_state state, int64_t now,
                              const char *action);

#endif
