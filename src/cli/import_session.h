/* cli/import_session.h - what an import says of itself to the HSS, so that the audit log has one
 * entry for it: the file's name and hash, and how many rows came to what (docs/admin-api.md).
 *
 * The rows are the importer's. A session that is not ended, because we or the HSS died, is ended by
 * the HSS, as unfinished.
 */
#ifndef BINDERY_CLI_IMPORT_SESSION_H
#define BINDERY_CLI_IMPORT_SESSION_H

#include "cli/api_client.h"
#include "cli/hashed_file.h"

struct import_session {
    struct api *api;
    const char *file; /* as the person named it */
    long long id;     /* 0: there is none */
};
/* kind: "subscribers" or "eir". Returns CLI_DONE, or what api_do did, said. */
MUST_USE int import_session_begin(struct import_session *s, struct api *api, const char *kind,
                                  const char *file);
/* The path to post rows to: path, with the session as its parameter. */
void import_session_path(const struct import_session *s, const char *path, char *out, size_t cap);
/* Ends it, if there is one; finished: all rows came to something. rows: that the file had, as far
 * as it was read; not_sent: those of them that were refused here. Returns as begin does. */
MUST_USE int import_session_end(struct import_session *s, bool finished, struct hashed_file *h,
                                unsigned long rows, unsigned long not_sent);

#endif
