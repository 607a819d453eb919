#include "store/store_audit.h"

#include "store/store_internal.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define FIELDS      9
#define NUMBER_TEXT 24 /* 20 digits, a sign or ':', NUL */

/* ---- the hash ---- */

static struct bytes text(const char *s, size_t room)
{
    return (struct bytes){(const uint8_t *)s, strnlen(s, room)};
}

enum err store_audit_hash(const struct crypto *c, const uint8_t before[static STORE_AUDIT_HASH],
                          const struct store_audit *row, uint8_t out[static STORE_AUDIT_HASH])
{
    char id[NUMBER_TEXT], at[NUMBER_TEXT], lengths[FIELDS][NUMBER_TEXT];
    snprintf(id, sizeof id, "%" PRIu64, row->id);
    snprintf(at, sizeof at, "%" PRId64, row->at_ms);
    const struct bytes fields[FIELDS] = {
        text(id, sizeof id),
        text(at, sizeof at),
        text(row->who, sizeof row->who),
        text(row->from, sizeof row->from),
        text(row->action, sizeof row->action),
        text(row->target, sizeof row->target),
        text(row->before, sizeof row->before),
        text(row->after, sizeof row->after),
        text(row->outcome, sizeof row->outcome),
    };
    struct bytes parts[1 + 3 * FIELDS];
    parts[0] = (struct bytes){before, STORE_AUDIT_HASH};
    for (size_t i = 0; i < FIELDS; i++) {
        snprintf(lengths[i], sizeof lengths[i], "%zu:", fields[i].n);
        parts[1 + 3 * i] = text(lengths[i], sizeof lengths[i]);
        parts[2 + 3 * i] = fields[i];
        parts[3 + 3 * i] = BYTES_LIT(",");
    }
    return c->sha256(c->ctx, parts, sizeof parts / sizeof *parts, out);
}

/* ---- entries ---- */

static const struct column audit_array[] = {
    {COL_INT, offsetof(struct store_audit, id), 8, 0},
    {COL_INT, offsetof(struct store_audit, at_ms), 8, 0},
    {COL_TEXT, offsetof(struct store_audit, who), STORE_AUDIT_WHO_MAX, 0},
    {COL_TEXT, offsetof(struct store_audit, from), STORE_AUDIT_FROM_MAX, 0},
    {COL_TEXT, offsetof(struct store_audit, action), STORE_AUDIT_ACTION_MAX, 0},
    {COL_TEXT, offsetof(struct store_audit, target), STORE_AUDIT_TARGET_MAX, 0},
    {COL_TEXT, offsetof(struct store_audit, before), STORE_AUDIT_JSON_MAX, 0},
    {COL_TEXT, offsetof(struct store_audit, after), STORE_AUDIT_JSON_MAX, 0},
    {COL_TEXT, offsetof(struct store_audit, outcome), STORE_AUDIT_OUTCOME_MAX, 0},
    {COL_BLOB, offsetof(struct store_audit, hash), STORE_AUDIT_HASH, 0},
};
static const struct columns audit_columns = {audit_array, sizeof audit_array / sizeof *audit_array};

static bool texts_end(struct columns c, const void *row)
{
    for (int i = 0; i < c.n; i++) {
        const char *field = (const char *)row + c.p[i].at;
        if (c.p[i].kind == COL_TEXT && strnlen(field, c.p[i].size) == c.p[i].size) {
            return false;
        }
    }
    return true;
}

static enum err read_head(struct connection *c, struct store_audit_head *out)
{
    sqlite3_stmt *st = c->st[ST_AUDIT_HEAD];
    *out = (struct store_audit_head){.id = 0};
    enum err err = stmt_row(st);
    if (err == E_OK) {
        const struct bytes hash = stmt_blob(st, 1);
        out->id = (uint64_t)sqlite3_column_int64(st, 0);
        err = hash.n == sizeof out->hash ? E_OK : E_IO;
        memcpy(out->hash, hash.p, err == E_OK ? hash.n : 0);
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err store_read_audit_head(struct store_reader *r, struct store_audit_head *out)
{
    return read_head(&r->c, out);
}

enum err store_add_audit(struct store_writer *w, const struct crypto *c, struct store_audit *row)
{
    struct store_audit_head head;
    enum err err = writer_check(w);
    if (err == E_OK && !texts_end(audit_columns, row)) {
        return E_BAD_LENGTH;
    }
    if (err == E_OK && (err = read_head(&w->c, &head)) != E_OK) {
        return writer_failed(w, err);
    }
    if (err == E_OK) {
        row->id = head.id + 1;
        err = store_audit_hash(c, head.hash, row, row->hash);
    }
    if (err == E_OK) {
        err = columns_bind(audit_columns, w->c.st[ST_ADD_AUDIT], row);
    }
    return err == E_OK ? writer_run(w, ST_ADD_AUDIT) : err;
}

/* ---- a list ---- */

static bool is_wanted(const struct store_audit_wanted *wanted, const struct store_audit *row)
{
    const size_t n = strlen(wanted->target);
    const bool below = n == 0 || (strncmp(row->target, wanted->target, n) == 0 &&
                                  (row->target[n] == '\0' || row->target[n] == '/'));
    return below && (wanted->who[0] == '\0' || strcmp(row->who, wanted->who) == 0);
}

/* Ids have no gaps, so what is looked at is bounded by their number. */
enum err store_list_audit(struct store_reader *r, const struct store_audit_wanted *wanted,
                          struct store_audit *out, size_t max, size_t *n, uint64_t *next)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_AUDIT];
    uint64_t last = wanted->after;
    size_t seen = 0;
    *n = 0;
    *next = 0;
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, (int64_t)wanted->after));
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, STORE_AUDIT_SCAN + 1));
    }
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        if (*n == max || seen == STORE_AUDIT_SCAN) {
            *next = last;
            break;
        }
        err = columns_get(audit_columns, st, &out[*n]);
        last = out[*n].id;
        seen++;
        *n += err == E_OK && is_wanted(wanted, &out[*n]);
    }
    stmt_end(st);
    if (err == E_OK || err == E_NOT_FOUND) {
        return E_OK;
    }
    *n = 0;
    return err;
}

/* ---- imports ---- */

static const struct column import_array[] = {
    {COL_INT, offsetof(struct store_import, id), 8, 0},
    {COL_INT, offsetof(struct store_import, state), 1, 0},
    {COL_TEXT, offsetof(struct store_import, kind), STORE_IMPORT_KIND_MAX, 0},
    {COL_TEXT, offsetof(struct store_import, name), STORE_IMPORT_NAME_MAX, 0},
    {COL_BOOL, offsetof(struct store_import, has_file), 1, 0},
    {COL_BLOB, offsetof(struct store_import, sha256), 32, 0},
    {COL_INT, offsetof(struct store_import, octets), 8, 0},
    {COL_INT, offsetof(struct store_import, rows), 8, 0},
    {COL_TEXT, offsetof(struct store_import, who), STORE_AUDIT_WHO_MAX, 0},
    {COL_TEXT, offsetof(struct store_import, from), STORE_AUDIT_FROM_MAX, 0},
    {COL_INT, offsetof(struct store_import, begun), 8, 0},
    {COL_INT, offsetof(struct store_import, touched), 8, 0},
    {COL_INT, offsetof(struct store_import, ended), 8, 0},
    {COL_INT, offsetof(struct store_import, did.added), 8, 0},
    {COL_INT, offsetof(struct store_import, did.changed), 8, 0},
    {COL_INT, offsetof(struct store_import, did.unchanged), 8, 0},
    {COL_INT, offsetof(struct store_import, did.refused), 8, 0},
    {COL_INT, offsetof(struct store_import, not_sent), 8, 0},
};
static const struct columns import_columns = {import_array,
                                              sizeof import_array / sizeof *import_array};

static enum err write_import(struct store_writer *w, enum statement which,
                             const struct store_import *row)
{
    enum err err = writer_check(w);
    if (err == E_OK && !texts_end(import_columns, row)) {
        return E_BAD_LENGTH;
    }
    if (err == E_OK) {
        err = columns_bind(import_columns, w->c.st[which], row);
    }
    return err == E_OK ? writer_run(w, which) : err;
}

enum err store_add_import(struct store_writer *w, struct store_import *row)
{
    enum err err = write_import(w, ST_ADD_IMPORT, row);
    if (err == E_OK) {
        row->id = (uint64_t)sqlite3_last_insert_rowid(w->c.db);
    }
    return err;
}

enum err store_put_import(struct store_writer *w, const struct store_import *row)
{
    enum err err = write_import(w, ST_PUT_IMPORT, row);
    return err == E_OK && sqlite3_changes(w->c.db) == 0 ? E_NOT_FOUND : err;
}

enum err store_count_import(struct store_writer *w, uint64_t id, const char *who, const char *kind,
                            const struct store_import_counts *did, int64_t now)
{
    sqlite3_stmt *st = w->c.st[ST_COUNT_IMPORT];
    int rc = sqlite3_bind_text(st, 7, who, -1, SQLITE_STATIC);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_text(st, 8, kind, -1, SQLITE_STATIC);
    }
    const int64_t v[] = {(int64_t)id,           (int64_t)did->added,
                         (int64_t)did->changed, (int64_t)did->unchanged,
                         (int64_t)did->refused, now};
    return rc == SQLITE_OK ? writer_run_on_row(w, ST_COUNT_IMPORT, 6, v) : sqlite_err(rc);
}

/* One that a statement with one number finds. */
static enum err read_import(struct connection *c, enum statement which, int64_t v,
                            struct store_import *out)
{
    sqlite3_stmt *st = c->st[which];
    *out = (struct store_import){.id = 0};
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, v));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = columns_get(import_columns, st, out);
    }
    stmt_end(st);
    return err;
}

static enum err find_in_batch(struct store_writer *w, enum statement which, int64_t v,
                              struct store_import *out)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = read_import(&w->c, which, v, out);
        err = err == E_OK || err == E_NOT_FOUND ? err : writer_failed(w, err);
    }
    return err;
}

enum err store_writer_import(struct store_writer *w, uint64_t id, struct store_import *out)
{
    return find_in_batch(w, ST_IMPORT, (int64_t)id, out);
}

enum err store_writer_stale_import(struct store_writer *w, int64_t before, struct store_import *out)
{
    return find_in_batch(w, ST_STALE_IMPORT, before, out);
}

enum err store_writer_open_imports(struct store_writer *w, const char *who, const char *from,
                                   struct store_imports_open *out)
{
    sqlite3_stmt *st = w->c.st[ST_OPEN_IMPORTS];
    *out = (struct store_imports_open){.all = 0};
    enum err err = writer_check(w);
    if (err != E_OK) {
        return err;
    }
    err = sqlite_err(sqlite3_bind_text(st, 1, who, -1, SQLITE_STATIC));
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_text(st, 2, from, -1, SQLITE_STATIC));
    }
    if (err == E_OK && (err = stmt_row(st)) == E_OK) {
        out->all = (uint64_t)sqlite3_column_int64(st, 0);
        out->elsewhere = (uint64_t)sqlite3_column_int64(st, 1);
        out->own = (uint64_t)sqlite3_column_int64(st, 2);
    }
    stmt_end(st);
    return err == E_OK ? E_OK : writer_failed(w, err);
}

enum err store_read_import(struct store_reader *r, uint64_t id, struct store_import *out)
{
    return read_import(&r->c, ST_IMPORT, (int64_t)id, out);
}

enum err store_list_imports(struct store_reader *r, uint64_t after, struct store_import *out,
                            size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_IMPORTS];
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, (int64_t)after));
    *n = 0;
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, list_limit(max)));
    }
    return err == E_OK ? list_rows(st, import_columns, out, sizeof *out, max, n) : err;
}
