/* The ARPF's record of releases: src/store/arpf_store.h. */
#include "store/arpf_store.h"

#include "store/store_file.h"

#include <stdlib.h>
#include <string.h>

#define ARPF_APPLICATION_ID 0x42494e41 /* "BINA" */

/* Of a dIMSI's releases one is the newest; the indexes of those who ask have only these. */
static const struct schema_step steps[] = {
    {1, "CREATE TABLE release ("
        " dimsi INTEGER NOT NULL," /* imsi_key */
        " number INTEGER NOT NULL,"
        " newest INTEGER NOT NULL,"
        " token BLOB NOT NULL,"
        " se BLOB NOT NULL,"
        " sp TEXT NOT NULL,"
        " target BLOB NOT NULL,"
        " delegation INTEGER NOT NULL,"
        " released INTEGER NOT NULL,"
        " times INTEGER NOT NULL,"
        " signer BLOB NOT NULL,"
        " signature BLOB NOT NULL,"
        " issued INTEGER NOT NULL,"
        " expires INTEGER NOT NULL,"
        " content BLOB NOT NULL,"
        " PRIMARY KEY (dimsi, number)) STRICT, WITHOUT ROWID;"
        "CREATE UNIQUE INDEX release_newest ON release (dimsi) WHERE newest = 1;"
        "CREATE INDEX release_by_sp ON release (sp, dimsi) WHERE newest = 1;"
        "CREATE INDEX release_by_target ON release (target, dimsi) WHERE newest = 1;"
        "CREATE TABLE revocation ("
        " token BLOB NOT NULL,"
        " sp TEXT NOT NULL,"
        " number INTEGER NOT NULL,"
        " PRIMARY KEY (token, sp)) STRICT, WITHOUT ROWID;"
        "PRAGMA application_id = 0x42494e41;"
        "PRAGMA user_version = 1;"},
    /* How many rows an SP has, without a look at them. An update is no insert. */
    {2, "CREATE TABLE revocations_of ("
        " sp TEXT PRIMARY KEY NOT NULL,"
        " many INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "INSERT INTO revocations_of SELECT sp, count(*) FROM revocation GROUP BY sp;"
        "CREATE TRIGGER revocation_added AFTER INSERT ON revocation BEGIN"
        " INSERT OR IGNORE INTO revocations_of VALUES (new.sp, 0);"
        " UPDATE revocations_of SET many = many + 1 WHERE sp = new.sp;"
        " END;"
        "PRAGMA user_version = 2;"},
    {3, STORE_FILE_ORIGIN "PRAGMA user_version = 3;"},
};
#define RELEASE_COLUMNS                                                                            \
    "dimsi, number, newest, token, se, sp, target, delegation, released, times, signer,"           \
    " signature, issued, expires, content"
/* Every release stays on record, and so does every revocation: both only ever come. */
const struct store_file_kind arpf_store_kind = {
    .application = ARPF_APPLICATION_ID,
    .steps = steps,
    .n_steps = sizeof steps / sizeof steps[0],
    .program = "bindery-arpfd",
    .missing = "SELECT (SELECT count(*) FROM main.release m WHERE NOT EXISTS"
               " (SELECT 1 FROM old.release o WHERE o.dimsi = m.dimsi AND o.number = m.number"
               " AND o.token = m.token AND o.target = m.target))"
               " + (SELECT count(*) FROM main.revocation m WHERE NOT EXISTS"
               " (SELECT 1 FROM old.revocation o WHERE o.token = m.token AND o.sp = m.sp"
               " AND o.number >= m.number))"
               " + (NOT EXISTS (SELECT 1 FROM main.release)"
               " AND NOT EXISTS (SELECT 1 FROM main.revocation))",
    .carry = "UPDATE main.release SET newest = 0 WHERE newest = 1 AND number <="
             " (SELECT max(o.number) FROM old.release o WHERE o.dimsi = main.release.dimsi);"
             "INSERT OR REPLACE INTO main.release (" RELEASE_COLUMNS ") SELECT " RELEASE_COLUMNS
             " FROM old.release o WHERE o.newest = 0 OR NOT EXISTS"
             " (SELECT 1 FROM main.release m WHERE m.dimsi = o.dimsi AND m.newest = 1);"
             "INSERT INTO main.revocation (token, sp, number)"
             " SELECT token, sp, number FROM old.revocation WHERE true"
             " ON CONFLICT (token, sp) DO UPDATE SET number = max(number, excluded.number);",
};

#define READ                                                                                       \
    "SELECT dimsi, number, token, se, sp, target, delegation, released, times,"                    \
    " EXISTS (SELECT 1 FROM revocation v WHERE v.token = r.token AND v.sp = r.sp"                  \
    " AND v.number >= r.delegation), signer, signature, issued, expires, content FROM release r "
#define NEWEST "newest = 1 AND dimsi > ?1 "
#define PAGE   "ORDER BY dimsi LIMIT ?2"

enum arpf_statement {
    AS_FIND,
    AS_REVOKED,
    AS_LIST,
    AS_LIST_SP,
    AS_LIST_TARGET,
    AS_HISTORY,
    AS_COUNT,
    AS_BEGIN,
    AS_COMMIT,
    AS_ROLLBACK,
    AS_OLD,
    AS_ADD,
    AS_AGAIN,
    AS_REVOKE,
    AS_N
};
static const char *const statements[AS_N] = {
    [AS_FIND] = READ "WHERE newest = 1 AND dimsi = ?1",
    [AS_REVOKED] = "SELECT number FROM revocation WHERE token = ?1 AND sp = ?2",
    [AS_LIST] = READ "WHERE " NEWEST PAGE,
    [AS_LIST_SP] = READ "WHERE " NEWEST "AND sp = ?3 " PAGE,
    [AS_LIST_TARGET] = READ "WHERE " NEWEST "AND target = ?3 " PAGE,
    [AS_HISTORY] = READ "WHERE dimsi = ?1 AND number > ?2 ORDER BY number LIMIT ?3",
    [AS_COUNT] = "SELECT (SELECT count(*) FROM release WHERE newest = 1),"
                 " (SELECT count(*) FROM release), (SELECT count(*) FROM revocation)",
    [AS_BEGIN] = "BEGIN IMMEDIATE",
    [AS_COMMIT] = "COMMIT",
    [AS_ROLLBACK] = "ROLLBACK",
    [AS_OLD] = "UPDATE release SET newest = 0 WHERE dimsi = ?1 AND newest = 1",
    [AS_ADD] = "INSERT INTO release (dimsi, number, token, se, sp, target, delegation, released,"
               " times, newest, signer, signature, issued, expires, content)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, 1, 1, ?9, ?10, ?11, ?12, ?13)",
    [AS_AGAIN] = "UPDATE release SET times = times + 1, delegation = ?6, signer = ?1,"
                 " signature = ?2, issued = ?3, expires = ?4, content = ?5"
                 " WHERE dimsi = ?7 AND number = ?8 AND newest = 1",
    [AS_REVOKE] = "INSERT INTO revocation (token, sp, number) SELECT ?1, ?2, ?3"
                  " WHERE ?4 > coalesce((SELECT many FROM revocations_of WHERE sp = ?2), 0)"
                  " OR EXISTS (SELECT 1 FROM revocation WHERE token = ?1 AND sp = ?2)"
                  " ON CONFLICT (token, sp) DO UPDATE SET number = max(number, excluded.number)"
                  " RETURNING number",
};

struct arpf_store {
    struct store_file file;
    sqlite3_stmt *st[AS_N];
    bool in_batch, failed;
};

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct arpf_release, member), sizeof((struct arpf_release *)0)->member, 0   \
    }
#define ENDORSED_COL(kind, member)                                                                 \
    {                                                                                              \
        kind, offsetof(struct arpf_endorsed, member), sizeof((struct arpf_endorsed *)0)->member, 0 \
    }
#define WRITTEN                                                                                    \
    COL(COL_IMSI, dimsi), COL(COL_INT, number), COL(COL_BLOB, token), COL(COL_BLOB, se),           \
        COL(COL_TEXT, sp), COL(COL_BLOB, target), COL(COL_INT, delegation), COL(COL_INT, released)
#define ENDORSED_OF_ROW                                                                            \
    COL(COL_BLOB, endorsed.signer), COL(COL_BLOB, endorsed.signature),                             \
        COL(COL_INT, endorsed.issued), COL(COL_INT, endorsed.expires)
static const struct column read_columns[] = {WRITTEN, COL(COL_INT, times), COL(COL_BOOL, revoked),
                                             ENDORSED_OF_ROW};
static const struct column add_columns[] = {WRITTEN, ENDORSED_OF_ROW};
static const struct column again_columns[] = {
    ENDORSED_COL(COL_BLOB, signer), ENDORSED_COL(COL_BLOB, signature),
    ENDORSED_COL(COL_INT, issued), ENDORSED_COL(COL_INT, expires)};
#define N(array)       (int)(sizeof(array) / sizeof(array)[0])
#define COLUMNS(array) ((struct columns){array, N(array)})

/* ---- opening ---- */

static enum err prepare_all(struct arpf_store *s)
{
    int rc = SQLITE_OK;
    for (int i = 0; i < AS_N && rc == SQLITE_OK; i++) {
        rc = sqlite3_prepare_v3(s->file.db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i],
                                NULL);
    }
    return sqlite_err(rc);
}

enum err arpf_store_open(const char *path, struct arpf_store **out, struct store_why *why)
{
    struct arpf_store *s = calloc(1, sizeof *s);
    *why = (struct store_why){E_OK, ""};
    if (s == NULL) {
        return why_set(why, E_MEMORY, "no memory for the record of releases");
    }
    enum err err = store_file_open(path, NULL, &arpf_store_kind, &s->file, why);
    if (err == E_OK && (err = prepare_all(s)) != E_OK) {
        (void)why_set(why, err, "%s: the record of releases cannot be used: %s", s->file.path,
                      sqlite3_errmsg(s->file.db));
    }
    if (err != E_OK) {
        arpf_store_close(s);
        return err;
    }
    store_file_origin_told(&s->file);
    *out = s;
    return E_OK;
}

void arpf_store_close(struct arpf_store *s)
{
    if (s == NULL) {
        return;
    }
    for (int i = 0; i < AS_N; i++) {
        (void)sqlite3_finalize(s->st[i]); /* repeats an earlier result */
    }
    store_file_close(&s->file);
    free(s);
}

const struct store_origin *arpf_store_origin(const struct arpf_store *s)
{
    return &s->file.origin;
}

/* ---- reading ---- */

static enum err bind_int(sqlite3_stmt *st, int i, uint64_t v)
{
    return sqlite_err(sqlite3_bind_int64(st, i, v > INT64_MAX ? INT64_MAX : (int64_t)v));
}

static enum err bind_text(sqlite3_stmt *st, int i, const char *text)
{
    return sqlite_err(sqlite3_bind_text(st, i, text, -1, SQLITE_STATIC));
}

static enum err read_row(sqlite3_stmt *st, struct arpf_release *row)
{
    *row = (struct arpf_release){.number = 0};
    const struct bytes content = stmt_blob(st, N(read_columns));
    if (content.n > sizeof row->endorsed.content) {
        return E_IO;
    }
    if (content.n > 0) {
        memcpy(row->endorsed.content, content.p, content.n);
    }
    row->endorsed.n = content.n;
    return columns_get(COLUMNS(read_columns), st, row);
}

/* Gives out the rows of a bound statement, and ends it. */
static enum err give(sqlite3_stmt *st, enum err err, arpf_each each, void *ctx)
{
    bool more = true;
    while (err == E_OK && more && (err = stmt_row(st)) == E_OK) {
        struct arpf_release row;
        err = read_row(st, &row);
        more = err == E_OK && each(ctx, &row);
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err arpf_store_find(struct arpf_store *s, const struct imsi *dimsi, struct arpf_release *out)
{
    sqlite3_stmt *st = s->st[AS_FIND];
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, imsi_key(dimsi)));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = read_row(st, out);
    }
    stmt_end(st);
    return err;
}

enum err arpf_store_revoked(struct arpf_store *s, const uint8_t token[static 32], const char *sp,
                            uint64_t *number)
{
    sqlite3_stmt *st = s->st[AS_REVOKED];
    enum err err = bind_octets(st, 1, (struct bytes){token, 32});
    if (err == E_OK) {
        err = bind_text(st, 2, sp);
    }
    if (err == E_OK) {
        err = stmt_row(st);
    }
    *number = err == E_OK ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err arpf_store_list(struct arpf_store *s, const struct arpf_filter *filter,
                         const struct imsi *after, size_t max, arpf_each each, void *ctx)
{
    sqlite3_stmt *st = s->st[filter->sp != NULL       ? AS_LIST_SP
                             : filter->target != NULL ? AS_LIST_TARGET
                                                      : AS_LIST];
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, imsi_key(after)));
    if (err == E_OK) {
        err = bind_int(st, 2, max);
    }
    if (err == E_OK && filter->sp != NULL) {
        err = bind_text(st, 3, filter->sp);
    } else if (err == E_OK && filter->target != NULL) {
        err = bind_octets(st, 3, (struct bytes){filter->target, 3});
    }
    return give(st, err, each, ctx);
}

enum err arpf_store_history(struct arpf_store *s, const struct imsi *dimsi, uint64_t after,
                            size_t max, arpf_each each, void *ctx)
{
    sqlite3_stmt *st = s->st[AS_HISTORY];
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, imsi_key(dimsi)));
    if (err == E_OK) {
        err = bind_int(st, 2, after);
    }
    if (err == E_OK) {
        err = bind_int(st, 3, max);
    }
    return give(st, err, each, ctx);
}

enum err arpf_store_count(struct arpf_store *s, struct arpf_counts *out)
{
    sqlite3_stmt *st = s->st[AS_COUNT];
    enum err err = stmt_row(st);
    if (err == E_OK) {
        *out = (struct arpf_counts){(uint64_t)sqlite3_column_int64(st, 0),
                                    (uint64_t)sqlite3_column_int64(st, 1),
                                    (uint64_t)sqlite3_column_int64(st, 2)};
    }
    stmt_end(st);
    return err;
}

/* ---- writing ---- */

enum err arpf_store_begin(struct arpf_store *s)
{
    if (s->in_batch) {
        return E_BAD_STATE;
    }
    enum err err = stmt_run(s->st[AS_BEGIN]);
    s->in_batch = err == E_OK;
    s->failed = false;
    return err;
}

void arpf_store_rollback(struct arpf_store *s)
{
    if (s->in_batch) {
        stmt_try(s->st[AS_ROLLBACK]);
        s->in_batch = false;
    }
}

/* A fault of the disk, in a read too, may have ended the transaction by itself: what is written
 * after that would be durable alone. */
static enum err may_write(const struct arpf_store *s)
{
    return !s->in_batch                                           ? E_BAD_STATE
           : s->failed || sqlite3_get_autocommit(s->file.db) != 0 ? E_IO
                                                                  : E_OK;
}

static enum err failed(struct arpf_store *s, enum err err)
{
    s->failed = s->failed || err != E_OK;
    return err;
}

enum err arpf_store_commit(struct arpf_store *s)
{
    if (!s->in_batch) {
        return E_BAD_STATE;
    }
    enum err err = may_write(s);
    if (err == E_OK) {
        err = stmt_run(s->st[AS_COMMIT]);
    }
    if (err != E_OK) {
        arpf_store_rollback(s);
        return E_IO;
    }
    s->in_batch = false;
    return E_OK;
}

static bool fits(const struct arpf_endorsed *e)
{
    return e->n > 0 && e->n <= sizeof e->content;
}

uint64_t arpf_store_next(const struct arpf_store *s, uint64_t held)
{
    const uint64_t floor = s->file.origin.floor;
    return (held > floor ? held : floor) + 1;
}

/* Is this number the dIMSI's next? */
static enum err check_next(struct arpf_store *s, const struct arpf_release *row)
{
    struct arpf_release held;
    enum err err = arpf_store_find(s, &row->dimsi, &held);
    if (err != E_OK && err != E_NOT_FOUND) {
        return failed(s, err);
    }
    return row->number == arpf_store_next(s, err == E_OK ? held.number : 0) ? E_OK : E_CONFLICT;
}

static enum err add(struct arpf_store *s, const struct arpf_release *row)
{
    sqlite3_stmt *old = s->st[AS_OLD], *new = s->st[AS_ADD];
    enum err err = sqlite_err(sqlite3_bind_int64(old, 1, imsi_key(&row->dimsi)));
    if (err == E_OK) {
        err = stmt_run(old);
    }
    if (err == E_OK) {
        err = columns_bind(COLUMNS(add_columns), new, row);
    }
    if (err == E_OK) {
        err = bind_octets(new, N(add_columns) + 1,
                          (struct bytes){row->endorsed.content, row->endorsed.n});
    }
    return err == E_OK ? stmt_run(new) : err;
}

enum err arpf_store_release(struct arpf_store *s, const struct arpf_release *row)
{
    if (!fits(&row->endorsed) || strnlen(row->sp, sizeof row->sp) >= sizeof row->sp) {
        return E_BAD_LENGTH;
    }
    if (row->number > INT64_MAX || row->delegation > INT64_MAX) {
        return E_BAD_VALUE;
    }
    enum err err = may_write(s);
    if (err == E_OK) {
        err = check_next(s, row);
    }
    return err == E_OK ? failed(s, add(s, row)) : err;
}

static enum err write_again(struct arpf_store *s, const struct imsi *dimsi, uint64_t number,
                            uint64_t delegation, const struct arpf_endorsed *e)
{
    sqlite3_stmt *st = s->st[AS_AGAIN];
    enum err err = columns_bind(COLUMNS(again_columns), st, e);
    if (err == E_OK) {
        err = bind_octets(st, 5, (struct bytes){e->content, e->n});
    }
    if (err == E_OK) {
        err = bind_int(st, 6, delegation);
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 7, imsi_key(dimsi)));
    }
    if (err == E_OK) {
        err = bind_int(st, 8, number);
    }
    return err == E_OK ? stmt_run(st) : err;
}

enum err arpf_store_again(struct arpf_store *s, const struct imsi *dimsi, uint64_t number,
                          uint64_t delegation, const struct arpf_endorsed *endorsed)
{
    if (!fits(endorsed)) {
        return E_BAD_LENGTH;
    }
    if (number > INT64_MAX || delegation > INT64_MAX) {
        return E_BAD_VALUE;
    }
    enum err err = may_write(s);
    if (err == E_OK) {
        err = failed(s, write_again(s, dimsi, number, delegation, endorsed));
    }
    return err == E_OK && sqlite3_changes(s->file.db) == 0 ? E_NOT_FOUND : err;
}

/* The statement gives back what holds now: stepped to its end, so that it is done. No row: the SP
 * has as many as it may have. */
static enum err write_revoke(sqlite3_stmt *st, const uint8_t token[static 32], const char *sp,
                             uint64_t number, uint64_t most, uint64_t *now)
{
    enum err err = bind_octets(st, 1, (struct bytes){token, 32});
    if (err == E_OK) {
        err = bind_text(st, 2, sp);
    }
    if (err == E_OK) {
        err = bind_int(st, 3, number);
    }
    if (err == E_OK) {
        err = bind_int(st, 4, most);
    }
    if (err == E_OK) {
        err = stmt_row(st);
    }
    const uint64_t held = err == E_OK ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    if (err == E_OK) {
        err = stmt_row(st) == E_NOT_FOUND ? E_OK : E_IO;
    }
    stmt_end(st);
    *now = held;
    return err == E_NOT_FOUND ? E_NO_ROOM : err;
}

enum err arpf_store_revoke(struct arpf_store *s, const uint8_t token[static 32], const char *sp,
                           uint64_t number, uint64_t most, uint64_t *now)
{
    if (strlen(sp) >= ARPF_NAME_TEXT) {
        return E_BAD_LENGTH;
    }
    if (number > INT64_MAX) {
        return E_BAD_VALUE;
    }
    enum err err = may_write(s);
    if (err == E_OK) {
        err = write_revoke(s->st[AS_REVOKE], token, sp, number, most, now);
    }
    return err == E_NO_ROOM ? err : failed(s, err);
}
