#include "nf/repod/bulk.h"

#include "nf/common/json_whole.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SLICE       64u
#define PER_COMMIT  1024u
#define REPORT_ROOM 65536u
#define LINE_MOST   512u /* a row's, with a detail of which every octet is escaped */

struct outcome {
    uint64_t row, serial;
    enum publish_did did;
    enum cause cause; /* NONE: it was done */
    char imei[IMEI_DIGITS + 1];
    char detail[sizeof((struct publish_why *)0)->detail];
};
/* A row of a slice, from its text to its record. */
struct place {
    struct bytes text;
    struct publish_row row;
    struct repo_row record;
    struct outcome *outcome;
    struct publish_why why; /* the crew's: outcomes are the caller's */
    enum cause signing;
    bool named; /* has an IMEI */
};
struct bulk_desk {
    struct crew *crew;
    struct publish_roots roots[CREW_MAX];
    struct place places[SLICE];
    size_t n;
    struct place *waiting[SLICE]; /* for a signature, in the order of their serials */
    size_t waiting_n;
    struct outcome outcomes[PER_COMMIT];
    size_t outcomes_n;
    char report[REPORT_ROOM];
    size_t report_n;
    uint64_t serial; /* of the next record */
    const struct bulk_by *by;
};

enum err bulk_desk_open(struct crew *crew, struct bulk_desk **out)
{
    struct bulk_desk *d = calloc(1, sizeof *d);
    if (d == NULL) {
        return E_MEMORY;
    }
    d->crew = crew;
    *out = d;
    return E_OK;
}

void bulk_desk_close(struct bulk_desk *d)
{
    for (size_t i = 0; d != NULL && i < CREW_MAX; i++) {
        publish_roots_free(&d->roots[i]);
    }
    free(d);
}

struct publish_roots *bulk_desk_roots(struct bulk_desk *d)
{
    return &d->roots[0]; /* the crew's worker 0 is this thread */
}

enum err bulk_open(const char *folder, uint64_t rows_most, struct bulk **out)
{
    struct bulk *b = calloc(1, sizeof *b);
    if (b == NULL) {
        return E_MEMORY;
    }
    b->rows_most = rows_most;
    b->lines.buffer = (struct mbytes){malloc(BULK_BUFFER), BULK_BUFFER};
    b->report = open(folder, O_TMPFILE | O_RDWR | O_CLOEXEC, 0600);
    if (b->lines.buffer.p == NULL || b->report < 0) {
        enum err err = b->report < 0 ? E_IO : E_MEMORY;
        bulk_free(b);
        return err;
    }
    *out = b;
    return E_OK;
}

void bulk_free(struct bulk *b)
{
    if (b == NULL) {
        return;
    }
    if (b->report >= 0) {
        (void)close(b->report); /* nobody reads it any more */
    }
    free(b->lines.buffer.p);
    free(b);
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

/* A detail is printable ASCII. */
static void escape(const char *in, char *out)
{
    for (; *in != '\0'; in++) {
        if (*in == '"' || *in == '\\') {
            *out++ = '\\';
        }
        *out++ = *in;
    }
    *out = '\0';
}

static size_t line_of(const struct outcome *o, char *out, size_t room)
{
    char detail[2 * sizeof o->detail], imei[40] = "";
    if (o->imei[0] != '\0') {
        (void)snprintf(imei, sizeof imei, "\"imei\":\"%s\",", o->imei);
    }
    escape(o->detail, detail);
    int n = o->cause == CAUSE_NONE
                ? snprintf(out, room, "{\"row\":%llu,%s\"did\":\"%s\",\"serial\":%llu}\n",
                           (unsigned long long)o->row, imei, publish_did_name(o->did),
                           (unsigned long long)o->serial)
                : snprintf(out, room,
                           "{\"row\":%llu,%s\"did\":\"refused\",\"cause\":\"%s\","
                           "\"detail\":\"%s\"}\n",
                           (unsigned long long)o->row, imei, cause_name(o->cause), detail);
    return n > 0 && (size_t)n < room ? (size_t)n : 0;
}

static bool report_flush(struct bulk_desk *d, const struct bulk *b)
{
    bool ok = write_all(b->report, d->report, d->report_n);
    d->report_n = 0;
    return ok;
}

static bool report_all(struct bulk_desk *d, struct bulk *b)
{
    bool ok = true;
    d->report_n = 0;
    for (size_t i = 0; ok && i < d->outcomes_n; i++) {
        const struct outcome *o = &d->outcomes[i];
        d->report_n += line_of(o, d->report + d->report_n, sizeof d->report - d->report_n);
        b->done[o->did] += o->cause == CAUSE_NONE;
        b->refused += o->cause != CAUSE_NONE;
        ok = sizeof d->report - d->report_n > LINE_MOST || report_flush(d, b);
    }
    return ok && report_flush(d, b);
}

json_t *bulk_counts(const struct bulk *b)
{
    return json_pack("{s:I,s:I,s:I,s:I,s:I,s:I,s:s*}", "rows", (json_int_t)b->rows, "added",
                     (json_int_t)b->done[PUBLISH_ADDED], "replaced",
                     (json_int_t)b->done[PUBLISH_REPLACED], "revoked",
                     (json_int_t)b->done[PUBLISH_REVOKED], "unchanged",
                     (json_int_t)b->done[PUBLISH_UNCHANGED], "refused", (json_int_t)b->refused,
                     "ended", b->ended == CAUSE_NONE ? NULL : cause_name(b->ended));
}

/* The last line says how many rows had which outcome, and why the rest was not looked at. */
static enum err report_end(const struct bulk *b)
{
    json_t *line = json_pack("{s:o}", "report", bulk_counts(b));
    size_t n = 0;
    char *text = json_whole_text(line, &n);
    enum err err = text != NULL ? E_OK : E_MEMORY;
    if (err == E_OK && (!write_all(b->report, text, n) || !write_all(b->report, "\n", 1) ||
                        lseek(b->report, 0, SEEK_SET) != 0)) {
        err = E_IO;
    }
    json_decref(line);
    free(text);
    return err;
}

/* ---- a slice: checked by the crew ---- */

static bool check(const struct bulk_desk *d, struct place *p, struct publish_roots *roots)
{
    struct publish_rules rules = d->by->rules;
    json_t *json = publish_json(p->text, &p->why);
    bool ok = json != NULL && publish_identity(json, &p->row, &p->why);
    rules.roots = roots;
    p->named = ok;
    if (ok && !repod_grant_covers(d->by->grant, &p->row.imei)) {
        p->why.cause = CAUSE_OUTSIDE_GRANT;
        ok = false;
    }
    ok = ok && publish_read(json, true, &rules, &p->row, &p->why);
    json_decref(json);
    return ok;
}

static void check_place(void *ctx, unsigned worker, size_t i)
{
    struct bulk_desk *d = ctx;
    struct place *p = &d->places[i];
    p->why = (struct publish_why){.cause = CAUSE_NONE};
    (void)check(d, p, &d->roots[worker]); /* why says it */
}

static void sign_place(void *ctx, unsigned worker, size_t i)
{
    const struct bulk_desk *d = ctx;
    (void)worker;
    d->waiting[i]->signing = publish_sign(d->by->ctx.signer, &d->waiting[i]->record);
}

/* ---- a slice: decided and stored in its order ---- */

static void refuse(struct outcome *o, enum cause cause, const char *detail)
{
    o->cause = cause;
    (void)snprintf(o->detail, sizeof o->detail, "%s", detail);
}

/* Serials have no gaps, so what follows one that was not signed is not done either. */
static void store_waiting(struct bulk_desk *d)
{
    enum cause cause = CAUSE_NONE;
    crew_do(d->crew, d->waiting_n, sign_place, d);
    for (size_t i = 0; i < d->waiting_n; i++) {
        struct place *p = d->waiting[i];
        cause = cause != CAUSE_NONE ? cause : p->signing;
        if (cause == CAUSE_NONE) {
            cause = cause_of_err(repo_store_add(d->by->ctx.store, &p->record));
        }
        if (cause == CAUSE_NONE) {
            d->serial = p->record.serial + 1;
        } else {
            refuse(p->outcome, cause, "nothing was changed");
        }
    }
    d->waiting_n = 0;
}

/* One of this IMEI, or with this device's id. */
static bool is_waiting(const struct bulk_desk *d, const struct publish_row *row)
{
    bool found = false;
    for (size_t i = 0; i < d->waiting_n && !found; i++) {
        const struct publish_row *w = &d->waiting[i]->row;
        found = imei_eq(&w->imei, &row->imei) ||
                (row->device.id[0] != '\0' && strcmp(w->device.id, row->device.id) == 0);
    }
    return found;
}

static void decide(struct bulk_desk *d, struct place *p)
{
    struct outcome *o = p->outcome;
    if (p->named) {
        memcpy(o->imei, p->row.imei.digits, sizeof o->imei);
    }
    if (p->why.cause == CAUSE_NONE && is_waiting(d, &p->row)) {
        store_waiting(d); /* the store must know what this row follows */
    }
    if (p->why.cause == CAUSE_NONE && publish_decide(&d->by->ctx, &p->row, d->serial + d->waiting_n,
                                                     &o->did, &p->record, &p->why)) {
        o->serial = p->record.serial;
        if (o->did != PUBLISH_UNCHANGED) {
            d->waiting[d->waiting_n++] = p;
        }
    } else {
        refuse(o, p->why.cause, p->why.detail);
    }
}

static void slice_run(struct bulk_desk *d)
{
    crew_do(d->crew, d->n, check_place, d);
    for (size_t i = 0; i < d->n; i++) {
        decide(d, &d->places[i]);
    }
    store_waiting(d);
    d->n = 0;
}

/* ---- a batch ---- */

/* As many rows as there are, and as a batch takes. False: there is no whole row now. */
static bool rows_take(struct bulk_desk *d, struct bulk *b, bool last)
{
    struct bytes line;
    while (d->outcomes_n < PER_COMMIT) {
        if (!bulk_lines_next(&b->lines, last, &line)) {
            return false;
        }
        if (b->rows == b->rows_most) {
            b->ended = CAUSE_TOO_MANY_ROWS;
            return false;
        }
        struct outcome *o = &d->outcomes[d->outcomes_n++];
        *o = (struct outcome){.row = ++b->rows};
        d->places[d->n].text = line;
        d->places[d->n].outcome = o;
        if (++d->n == SLICE) {
            slice_run(d);
        }
    }
    return true;
}

/* What was not committed was not done. */
static void undo(struct bulk_desk *d, struct bulk *b)
{
    for (size_t i = 0; i < d->outcomes_n; i++) {
        if (d->outcomes[i].cause == CAUSE_NONE) {
            refuse(&d->outcomes[i], CAUSE_STORE_FAILED, "nothing was changed");
        }
    }
    b->ended = CAUSE_STORE_FAILED;
}

/* True: there may be more rows in the buffer. */
static bool batch_run(struct bulk_desk *d, struct bulk *b, const struct bulk_by *by, bool last)
{
    struct repo_store *store = by->ctx.store;
    d->by = by;
    d->outcomes_n = d->n = d->waiting_n = 0;
    if (repo_store_begin(store) != E_OK) {
        b->ended = CAUSE_STORE_FAILED;
        return false;
    }
    if (repo_store_next_serial(store, &d->serial) != E_OK) {
        repo_store_rollback(store);
        b->ended = CAUSE_STORE_FAILED;
        return false;
    }
    bool more = rows_take(d, b, last);
    slice_run(d);
    if (repo_store_commit(store) != E_OK) {
        undo(d, b);
    }
    if (!report_all(d, b)) {
        b->ended = CAUSE_STORE_FAILED;
    }
    return more && b->ended == CAUSE_NONE;
}

static void batches_run(struct bulk_desk *d, struct bulk *b, const struct bulk_by *by, bool last)
{
    while (batch_run(d, b, by, last)) {
    }
}

/* ---- the stream ---- */

void bulk_take(struct bulk_desk *d, struct bulk *b, const struct bulk_by *by, struct bytes part)
{
    while (part.n > 0 && b->ended == CAUSE_NONE) {
        size_t n = bulk_lines_put(&b->lines, part);
        part.p += n;
        part.n -= n;
        if (b->lines.n == b->lines.buffer.n) {
            batches_run(d, b, by, false);
            if (bulk_lines_stuck(&b->lines) && b->ended == CAUSE_NONE) {
                b->ended = CAUSE_TOO_LARGE; /* a row without an end */
            }
        }
    }
}

enum err bulk_end(struct bulk_desk *d, struct bulk *b, const struct bulk_by *by)
{
    if (b->ended == CAUSE_NONE) {
        batches_run(d, b, by, true);
    }
    return report_end(b);
}
