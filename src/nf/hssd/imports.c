#include "nf/hssd/imports.h"

#include "nf/hssd/audit.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_SECONDS 60
#define JOB_MAX      IMPORTS_OPEN_MAX /* in one job */

struct imports_job {
    struct writer_job job;
    struct hssd *h;
    int64_t before; /* heard of last then, or earlier */
    unsigned n;     /* that were ended */
    struct store_import ended[JOB_MAX];
};

json_t *imports_audited(const struct store_import *row)
{
    char sha256[65] = "";
    hex_encode(BYTES_OF(row->sha256), sha256);
    return json_pack("{s:s,s:s,s:o,s:o,s:o,s:I,s:I,s:I,s:I,s:I}", "kind", row->kind, "name",
                     row->name, "sha256", row->has_file ? json_string(sha256) : json_null(),
                     "octets", row->has_file ? json_integer((json_int_t)row->octets) : json_null(),
                     "rows", row->has_file ? json_integer((json_int_t)row->rows) : json_null(),
                     "added", (json_int_t)row->did.added, "changed", (json_int_t)row->did.changed,
                     "unchanged", (json_int_t)row->did.unchanged, "refused",
                     (json_int_t)row->did.refused + (json_int_t)row->not_sent, "begun",
                     (json_int_t)row->begun);
}

/*= op-audit-import */
enum err imports_end(const struct hssd *h, struct store_writer *w, struct store_import *row,
                     enum store_import_state state, int64_t now, const char *action)
{
    char target[STORE_AUDIT_TARGET_MAX];
    row->state = (uint8_t)state;
    row->ended = now;
    enum err err = store_put_import(w, row);
    if (err != E_OK) {
        return err;
    }
    json_t *after = imports_audited(row);
    if (action == NULL) { /* it was the HSS that ended it */
        (void)json_object_set_new(after, "importer", json_string(row->who));
    }
    snprintf(target, sizeof target, "imports/%llu", (unsigned long long)row->id);
    const struct audit_note note = {.who = action != NULL ? row->who : AUDIT_WHO_DAEMON,
                                    .from = row->from,
                                    .action = action != NULL ? action : "import-unfinished",
                                    .target = target,
                                    .outcome = state == STORE_IMPORT_DONE ? "done" : "unfinished",
                                    .after = after};
    return hssd_audit(h, w, &note);
}

void imports_tell(struct hssd *h, const struct store_import *row)
{
    char detail[160];
    snprintf(detail, sizeof detail,
             "import %" PRIu64 "%s: %" PRIu64 " added, %" PRIu64 " changed, %" PRIu64
             " unchanged, %" PRIu64 " refused",
             row->id, row->state == STORE_IMPORT_DONE ? "" : ", unfinished", row->did.added,
             row->did.changed, row->did.unchanged, row->did.refused + row->not_sent);
    hssd_event(h, strcmp(row->kind, IMPORT_EIR) == 0 ? "eir-imported" : "imported", NULL, NULL,
               NULL, NULL, detail);
}

static enum err run(struct store_writer *w, struct writer_job *job)
{
    struct imports_job *j = (struct imports_job *)job;
    enum err err = E_OK;
    while (err == E_OK && j->n < JOB_MAX) {
        struct store_import *row = &j->ended[j->n];
        err = store_writer_stale_import(w, j->before, row);
        if (err == E_OK) {
            err = imports_end(j->h, w, row, STORE_IMPORT_UNFINISHED, hssd_unix_seconds(), NULL);
        }
        j->n += err == E_OK;
    }
    return err == E_NOT_FOUND ? E_OK : err;
}

static void done(struct writer_job *job)
{
    struct imports_job *j = (struct imports_job *)job;
    for (unsigned i = 0; job->result == E_OK && i < j->n; i++) {
        imports_tell(j->h, &j->ended[i]);
    }
    if (job->result != E_OK) {
        log_line(j->h->log, LOG_LEVEL_ERROR, "imports-not-ended", NULL, 0); /* tried again */
    }
    free(j);
}

static void look(struct hssd *h, int64_t before)
{
    struct imports_job *j = calloc(1, sizeof *j);
    if (j == NULL) {
        return; /* the next look */
    }
    *j = (struct imports_job){.job = {.run = run, .done = done}, .h = h, .before = before};
    if (writer_submit_low(h->writer, &j->job) != E_OK) {
        free(j);
    }
}

void imports_start(struct hssd *h)
{
    look(h, INT64_MAX);
}

void imports_tick(struct hssd *h)
{
    const int64_t now = hssd_unix_seconds();
    if (now - h->imports_looked >= LOOK_SECONDS || now < h->imports_looked) {
        h->imports_looked = now;
        look(h, now - IMPORT_IDLE_SECONDS);
    }
}
