/* POST /v1/bulk: rows of NDJSON as they come, a batch of the store for each 64 KiB, and a report
 * with a line for each row. Memory holds one buffer of rows and the lines of one batch; the report
 * is a file without a name. Part of src/nf/repod/api.h. */
#include "nf/repod/api.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define REPORT_TYPE "application/x-ndjson"

struct outcome {
    uint64_t row, serial;
    enum publish_did did;
    enum cause cause; /* NONE: it was done */
    char imei[IMEI_DIGITS + 1];
    char detail[sizeof((struct publish_why *)0)->detail];
};
struct batch {
    struct repod *r;
    struct api_call *c;
    struct outcome *all;
    size_t n, room;
    struct publish_row *row;
    struct publish_rules rules;
    struct publish_context ctx;
};

void api_bulk_free(struct api_bulk *b)
{
    if (b == NULL) {
        return;
    }
    if (b->report >= 0) {
        (void)close(b->report); /* nobody reads it any more */
    }
    free(b->buffer);
    free(b);
}

void api_bulk_begin(struct repod *r, struct api_call *c)
{
    struct api_bulk *b = calloc(1, sizeof *b);
    if (b != NULL) {
        b->buffer = malloc(API_BULK_BUFFER);
        b->report = open(r->folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    }
    c->bulk = b;
    if (b == NULL || b->buffer == NULL || b->report < 0) {
        api_refuse(r, c, b != NULL && b->buffer != NULL ? CAUSE_STORE_FAILED : CAUSE_NO_MEMORY,
                   NULL);
        return;
    }
    c->call.streams = true;
    https_extend(r->server, &c->call, r->config->bulk_ms);
}

/* ---- the report ---- */

static bool write_all(int fd, const char *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(fd, p, n);
        if (done < 0 && errno == EINTR) {
            continue;
        }
        if (done <= 0) {
            return false;
        }
        p += done;
        n -= (size_t)done;
    }
    return true;
}

static json_t *line_of(const struct outcome *o)
{
    const char *imei = o->imei[0] != '\0' ? o->imei : NULL;
    if (o->cause == CAUSE_NONE) {
        return json_pack("{s:I,s:s,s:s,s:I}", "row", (json_int_t)o->row, "imei", o->imei, "did",
                         publish_did_name(o->did), "serial", (json_int_t)o->serial);
    }
    return json_pack("{s:I,s:s*,s:s,s:s,s:s}", "row", (json_int_t)o->row, "imei", imei, "did",
                     "refused", "cause", cause_name(o->cause), "detail", o->detail);
}

static bool report(struct api_bulk *b, const struct batch *batch)
{
    bool ok = true;
    for (size_t i = 0; ok && i < batch->n; i++) {
        const struct outcome *o = &batch->all[i];
        json_t *line = line_of(o);
        char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
        json_decref(line);
        size_t n = text != NULL ? strlen(text) : 0;
        if (text != NULL) {
            text[n] = '\n'; /* in the place of its end: written by its length */
        }
        ok = text != NULL && write_all(b->report, text, n + 1);
        free(text);
        b->done[o->did] += o->cause == CAUSE_NONE;
        b->refused += o->cause != CAUSE_NONE;
    }
    return ok;
}

/* ---- rows ---- */

static struct outcome *outcome_add(struct batch *batch)
{
    if (batch->n == batch->room) {
        size_t room = batch->room == 0 ? 64 : 2 * batch->room;
        struct outcome *all = realloc(batch->all, room * sizeof *all);
        if (all == NULL) {
            return NULL;
        }
        batch->all = all;
        batch->room = room;
    }
    struct outcome *o = &batch->all[batch->n++];
    *o = (struct outcome){.row = ++batch->c->bulk->rows};
    return o;
}

static bool row_apply(struct batch *batch, struct bytes text, struct outcome *o,
                      struct publish_why *why)
{
    struct publish_row *row = batch->row;
    json_t *json = publish_json(text, why);
    bool ok = json != NULL && publish_identity(json, row, why);
    if (ok) {
        memcpy(o->imei, row->imei.digits, sizeof o->imei);
        ok = repod_grant_covers(batch->c->grant, &row->imei);
        why->cause = ok ? CAUSE_NONE : CAUSE_OUTSIDE_GRANT;
    }
    ok = ok && publish_read(json, true, &batch->rules, row, why) &&
         publish_apply(&batch->ctx, row, &o->did, &o->serial, why);
    json_decref(json);
    return ok;
}

static void row_take(struct batch *batch, struct bytes text)
{
    struct api_bulk *b = batch->c->bulk;
    struct publish_why why = {.cause = CAUSE_NONE};
    if (b->rows == batch->r->config->bulk_rows) {
        b->ended = CAUSE_TOO_MANY_ROWS;
        return;
    }
    struct outcome *o = outcome_add(batch);
    if (o == NULL) {
        b->ended = CAUSE_NO_MEMORY;
    } else if (!row_apply(batch, text, o, &why)) {
        o->cause = why.cause;
        memcpy(o->detail, why.detail, sizeof o->detail);
    }
}

/* Whole lines of the buffer; what is left of a line goes to its beginning. An empty line is no row.
 */
static void rows_take(struct batch *batch, bool last)
{
    struct api_bulk *b = batch->c->bulk;
    size_t from = 0;
    while (from < b->n && b->ended == CAUSE_NONE) {
        const uint8_t *end = memchr(b->buffer + from, '\n', b->n - from);
        size_t n = end != NULL ? (size_t)(end - (b->buffer + from)) : b->n - from;
        if (end == NULL && !last) {
            break;
        }
        if (n > 0) {
            row_take(batch, (struct bytes){b->buffer + from, n});
        }
        from += n + (end != NULL);
    }
    memmove(b->buffer, b->buffer + from, b->n - from);
    b->n -= from;
}

/* What was not committed was not done. */
static void undo(struct batch *batch)
{
    for (size_t i = 0; i < batch->n; i++) {
        if (batch->all[i].cause == CAUSE_NONE) {
            batch->all[i].cause = CAUSE_STORE_FAILED;
        }
    }
    batch->c->bulk->ended = CAUSE_STORE_FAILED;
}

static void batch_run(struct repod *r, struct api_call *c, bool last)
{
    struct api_bulk *b = c->bulk;
    struct batch batch = {.r = r,
                          .c = c,
                          .row = calloc(1, sizeof *batch.row),
                          .rules = api_rules(r, c),
                          .ctx = api_context(r, c)};
    if (batch.row == NULL || repo_store_begin(r->store) != E_OK) {
        b->ended = batch.row == NULL ? CAUSE_NO_MEMORY : CAUSE_STORE_FAILED;
    } else {
        rows_take(&batch, last);
        if (repo_store_commit(r->store) != E_OK) {
            undo(&batch);
        }
    }
    if (!report(b, &batch)) {
        b->ended = CAUSE_STORE_FAILED;
    }
    free(batch.all);
    free(batch.row);
}

/* ---- the stream ---- */

void api_bulk_data(struct repod *r, struct api_call *c, struct bytes part)
{
    struct api_bulk *b = c->bulk;
    while (part.n > 0 && b->ended == CAUSE_NONE) {
        size_t room = API_BULK_BUFFER - b->n, n = part.n < room ? part.n : room;
        memcpy(b->buffer + b->n, part.p, n);
        b->n += n;
        part.p += n;
        part.n -= n;
        if (b->n == API_BULK_BUFFER) {
            batch_run(r, c, false);
            if (b->n == API_BULK_BUFFER && b->ended == CAUSE_NONE) {
                b->ended = CAUSE_TOO_LARGE; /* a row without an end */
            }
        }
    }
}

static json_t *counts(const struct api_bulk *b)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:s*}", "rows", (json_int_t)b->rows, "added",
                     (json_int_t)b->done[PUBLISH_ADDED], "replaced",
                     (json_int_t)b->done[PUBLISH_REPLACED], "revoked",
                     (json_int_t)b->done[PUBLISH_REVOKED], "unchanged",
                     (json_int_t)b->done[PUBLISH_UNCHANGED], "refused", (json_int_t)b->refused,
                     "ended", b->ended == CAUSE_NONE ? NULL : cause_name(b->ended));
}

/* The last line says how many rows had which outcome, and why the rest was not looked at. */
static bool report_end(struct api_bulk *b)
{
    json_t *line = json_pack("{s:o}", "report", counts(b));
    char *text = line != NULL ? json_dumps(line, JSON_COMPACT) : NULL;
    bool ok = text != NULL && write_all(b->report, text, strlen(text)) &&
              write_all(b->report, "\n", 1) && lseek(b->report, 0, SEEK_SET) == 0;
    json_decref(line);
    free(text);
    return ok;
}

void api_bulk_end(struct repod *r, struct api_call *c)
{
    struct api_bulk *b = c->bulk;
    if (b->ended == CAUSE_NONE) {
        batch_run(r, c, true);
    }
    if (!report_end(b)) {
        api_refuse(r, c, CAUSE_STORE_FAILED, "the rows before the failure stand");
        return;
    }
    const struct log_field fields[] = {
        LOG_FIELD_STR("client", c->grant->name), LOG_FIELD_UINT("rows", b->rows),
        LOG_FIELD_UINT("added", b->done[PUBLISH_ADDED]), LOG_FIELD_UINT("refused", b->refused)};
    log_line(r->log, LOG_LEVEL_INFO, "bulk", fields, sizeof fields / sizeof fields[0]);
    const char *outcome = b->ended == CAUSE_NONE ? "ok" : cause_name(b->ended);
    if (api_audit(r, c, outcome, counts(b))) {
        unsigned status = b->ended == CAUSE_NONE ? 200 : cause_status(b->ended);
        https_answer_file(&c->call, status, REPORT_TYPE, b->report);
        b->report = -1; /* the server's now */
    }
}
