/* nf/hssd/admin_audit.h - the audit log and the imports at the administration interface
 * (docs/admin-api.md): both are read here; an import is begun, its rows are counted, and it is
 * ended.
 *
 * Nothing here changes an entry of the log or takes one away.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_AUDIT_H
#define BINDERY_NF_HSSD_ADMIN_AUDIT_H

#include "nf/hssd/admin_request.h"
#include "nf/hssd/audit.h"
#include "nf/hssd/imports.h"

/* The handlers. */
void admin_audit_list(struct admin_request *r);
void admin_imports_list(struct admin_request *r);
void admin_import_get(struct admin_request *r);
void admin_import_begin(struct admin_request *r);
void admin_import_end(struct admin_request *r);

/* The id in the path. False when the request was refused. */
MUST_USE bool admin_import_id(struct admin_request *r, struct bytes step);
void admin_import_free(struct admin_request *r);

/* What the path names, as the log has it: the path's pattern with what was read of each step, so
 * that one thing has one name however it was written. "subscribers/001010000000001" */
void admin_audit_target(const struct admin_request *r, const char *pattern, const char *path,
                        char out[static STORE_AUDIT_TARGET_MAX]);

/* Of a request that puts rows in: its parameter `import`, which names an open import of this kind
 * of whoever asks. False when the request was refused. */
MUST_USE bool admin_import_named(struct admin_request *r, const char *kind);
/* In the job that put rows in: counts them with the import; without one, an entry of the log tells
 * of them. Errors: E_NOT_FOUND (the import is open no longer), E_IO. */
MUST_USE enum err admin_import_count(struct store_writer *w, const struct admin_request *r,
                                     const char *kind, const struct store_import_counts *did);
/* For a row that cannot be taken because its import is open no longer. */
bool admin_import_not_open(struct admin_fault *fault);

/* {"id":1,"kind":"subscribers","state":"done",...}; NULL without memory. */
json_t *admin_import_view(const struct store_import *row);

#endif
