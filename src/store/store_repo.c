/* The repository's records: src/store/repo_store.h. */
#include "store/repo_store.h"

#include "store/store_file.h"

#include <stdlib.h>
#include <string.h>

#define REPO_APPLICATION_ID 0x42494e52 /* "BINR" */

/* No row is updated or deleted, so the newest row of an (imei, use) is the one with the highest
 * serial, and the index finds it from its end. */
static const struct schema_step steps[] = {
    {1, "CREATE TABLE record ("
        " serial INTEGER PRIMARY KEY,"
        " imei INTEGER NOT NULL,"
        " use INTEGER NOT NULL,"
        " form INTEGER NOT NULL,"
        " status INTEGER NOT NULL,"
        " not_before INTEGER NOT NULL,"
        " not_after INTEGER NOT NULL,"
        " issued INTEGER NOT NULL,"
        " digest BLOB NOT NULL,"
        " publisher TEXT NOT NULL,"
        " signer BLOB NOT NULL,"
        " signature BLOB NOT NULL,"
        " credential BLOB NOT NULL) STRICT;"
        "CREATE UNIQUE INDEX record_by_imei ON record (imei, use, serial);"
        "PRAGMA application_id = 0x42494e52;"
        "PRAGMA user_version = 1;"},
    /* `device_owner` has an id's first row, and so its IMEI, for good; `device` what each record
       says. */
    {2, "CREATE TABLE device ("
        " serial INTEGER PRIMARY KEY REFERENCES record (serial),"
        " id TEXT NOT NULL,"
        " manufacturer TEXT NOT NULL,"
        " model TEXT NOT NULL,"
        " serial_number TEXT NOT NULL,"
        " signature BLOB NOT NULL) STRICT;"
        "CREATE TABLE device_owner ("
        " id TEXT PRIMARY KEY,"
        " imei INTEGER NOT NULL) STRICT, WITHOUT ROWID;"
        "PRAGMA user_version = 2;"},
    {3, STORE_FILE_ORIGIN "PRAGMA user_version = 3;"},
};

#define COLUMNS                                                                                    \
    "serial, imei, use, form, status, not_before, not_after, issued, digest, publisher, signer,"   \
    " signature"
#define DEVICE_COLUMNS "id, manufacturer, model, serial_number, signature"
/* As they are read: the record's, then the device's or an empty id, then the credential. */
#define READ                                                                                       \
    "SELECT r.serial, imei, use, form, status, not_before, not_after, issued, digest, publisher,"  \
    " signer, r.signature, coalesce(d.id, ''), coalesce(d.manufacturer, ''),"                      \
    " coalesce(d.model, ''), coalesce(d.serial_number, ''), coalesce(d.signature, zeroblob(64)), "
#define FROM " FROM record r LEFT JOIN device d ON d.serial = r.serial "

/* Records only come. Two with one serial are of two histories: the one of the backup stays. */
const struct store_file_kind repo_store_kind = {
    .application = REPO_APPLICATION_ID,
    .steps = steps,
    .n_steps = sizeof steps / sizeof steps[0],
    .program = "bindery-repod",
    .missing = "SELECT (SELECT count(*) FROM main.record m WHERE NOT EXISTS (SELECT 1"
               " FROM old.record o WHERE o.serial = m.serial AND o.signature = m.signature))"
               " + (NOT EXISTS (SELECT 1 FROM main.record))",
    .carry = "INSERT OR IGNORE INTO main.record (" COLUMNS ", credential)"
             " SELECT " COLUMNS ", credential FROM old.record"
             " WHERE serial > (SELECT coalesce(max(serial), 0) FROM main.record);"
             "INSERT OR IGNORE INTO main.device (serial, " DEVICE_COLUMNS ")"
             " SELECT d.serial, id, manufacturer, model, serial_number, d.signature"
             " FROM old.device d JOIN old.record o ON o.serial = d.serial"
             " JOIN main.record m ON m.serial = d.serial AND m.signature = o.signature;"
             "INSERT OR IGNORE INTO main.device_owner (id, imei)"
             " SELECT id, imei FROM old.device_owner WHERE id IN (SELECT id FROM main.device);",
};

enum repo_statement {
    RS_FIND,
    RS_NEWEST,
    RS_HISTORY,
    RS_CHANGES,
    RS_BEGIN,
    RS_COMMIT,
    RS_ROLLBACK,
    RS_LAST,
    RS_ADD,
    RS_ADD_DEVICE,
    RS_OWNER,
    RS_NEXT,
    RS_KEEP_ID,
    RS_N
};
static const char *const statements[RS_N] = {
    [RS_FIND] = READ "credential" FROM "WHERE imei = ?1 AND r.serial ="
                     " (SELECT max(serial) FROM record WHERE imei = ?1 AND use = r.use)"
                     " ORDER BY use",
    [RS_NEWEST] = READ "x''" FROM "WHERE imei = ?1 AND use = ?2 ORDER BY r.serial DESC LIMIT 1",
    [RS_HISTORY] = READ "credential" FROM "WHERE imei = ?1 AND use = ?2 AND r.serial > ?3"
                        " ORDER BY r.serial LIMIT ?4",
    [RS_CHANGES] = READ "x''" FROM "WHERE r.serial > ?1 ORDER BY r.serial LIMIT ?2",
    [RS_BEGIN] = "BEGIN IMMEDIATE",
    [RS_COMMIT] = "COMMIT",
    [RS_ROLLBACK] = "ROLLBACK",
    [RS_LAST] = "SELECT coalesce(max(serial), 0) FROM record",
    [RS_ADD] = "INSERT INTO record (" COLUMNS ", credential)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13)",
    [RS_ADD_DEVICE] = "INSERT INTO device (" DEVICE_COLUMNS ", serial)"
                      " VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
    [RS_NEXT] = "SELECT imei FROM record WHERE imei > ?1 ORDER BY imei LIMIT 1",
    [RS_OWNER] = "SELECT imei FROM device_owner WHERE id = ?1",
    [RS_KEEP_ID] = "INSERT INTO device_owner (id, imei) VALUES (?1, ?2)",
};

struct repo_store {
    struct store_file file;
    sqlite3_stmt *st[RS_N];
    bool in_batch, failed;
    uint64_t next; /* serial; 0: not looked up in this batch */
};

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct repo_row, member), sizeof((struct repo_row *)0)->member, 0           \
    }
#define RECORD_COLUMNS                                                                             \
    COL(COL_INT, serial), COL(COL_IMEI, imei), COL(COL_INT, use), COL(COL_INT, form),              \
        COL(COL_INT, status), COL(COL_INT, not_before), COL(COL_INT, not_after),                   \
        COL(COL_INT, issued), COL(COL_BLOB, digest), COL(COL_TEXT, by), COL(COL_BLOB, signer),     \
        COL(COL_BLOB, signature)
#define DEVICE_COLUMNS_OF_ROW                                                                      \
    COL(COL_TEXT, device.id), COL(COL_TEXT, device.manufacturer), COL(COL_TEXT, device.model),     \
        COL(COL_TEXT, device.serial_number), COL(COL_BLOB, device.signature)
static const struct column row_columns[] = {RECORD_COLUMNS, DEVICE_COLUMNS_OF_ROW};
static const struct column device_columns_of_row[] = {DEVICE_COLUMNS_OF_ROW, COL(COL_INT, serial)};
#define N(array)       (int)(sizeof(array) / sizeof(array)[0])
#define READ_COLUMNS   ((struct columns){row_columns, N(row_columns)})
#define ADD_COLUMNS    ((struct columns){row_columns, N(row_columns) - 5})
#define DEVICE_WRITTEN ((struct columns){device_columns_of_row, N(device_columns_of_row)})
#define CREDENTIAL     N(row_columns)           /* stands behind those read */
#define CREDENTIAL_ADD (N(row_columns) - 5 + 1) /* and behind those written */

/* ---- opening ---- */

static enum err prepare_all(struct repo_store *s)
{
    int rc = SQLITE_OK;
    for (int i = 0; i < RS_N && rc == SQLITE_OK; i++) {
        rc = sqlite3_prepare_v3(s->file.db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i],
                                NULL);
    }
    return sqlite_err(rc);
}

enum err repo_store_open(const char *path, struct repo_store **out, struct store_why *why)
{
    struct repo_store *s = calloc(1, sizeof *s);
    *why = (struct store_why){E_OK, ""};
    if (s == NULL) {
        return why_set(why, E_MEMORY, "no memory for the repository");
    }
    enum err err = store_file_open(path, NULL, &repo_store_kind, &s->file, why);
    if (err == E_OK && (err = prepare_all(s)) != E_OK) {
        (void)why_set(why, err, "%s: the repository cannot be used: %s", s->file.path,
                      sqlite3_errmsg(s->file.db));
    }
    if (err != E_OK) {
        repo_store_close(s);
        return err;
    }
    store_file_origin_told(&s->file);
    *out = s;
    return E_OK;
}

void repo_store_close(struct repo_store *s)
{
    if (s == NULL) {
        return;
    }
    for (int i = 0; i < RS_N; i++) {
        (void)sqlite3_finalize(s->st[i]); /* repeats an earlier result */
    }
    store_file_close(&s->file); /* an open batch is rolled back */
    free(s);
}

const struct store_origin *repo_store_origin(const struct repo_store *s)
{
    return &s->file.origin;
}

/* ---- reading ---- */

static enum err bind_numbers(sqlite3_stmt *st, int n, const int64_t v[])
{
    enum err err = E_OK;
    for (int i = 0; i < n && err == E_OK; i++) {
        err = sqlite_err(sqlite3_bind_int64(st, i + 1, v[i]));
    }
    return err;
}

static int64_t at_most(uint64_t v)
{
    return v > INT64_MAX ? INT64_MAX : (int64_t)v;
}

/* Gives out the rows of a bound statement, and ends it. */
static enum err give(sqlite3_stmt *st, enum err err, repo_each each, void *ctx)
{
    bool more = true;
    while (err == E_OK && more && (err = stmt_row(st)) == E_OK) {
        struct repo_row row = {0};
        err = columns_get(READ_COLUMNS, st, &row);
        row.credential = stmt_blob(st, CREDENTIAL);
        more = err == E_OK && each(ctx, &row);
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err repo_store_find(struct repo_store *s, const struct imei *imei, repo_each each, void *ctx)
{
    sqlite3_stmt *st = s->st[RS_FIND];
    return give(st, bind_numbers(st, 1, (int64_t[]){imei_key(imei)}), each, ctx);
}

struct newest {
    struct repo_row *out;
    bool found;
};

static bool keep_newest(void *ctx, const struct repo_row *row)
{
    struct newest *n = ctx;
    *n->out = *row;
    n->out->credential = (struct bytes){NULL, 0};
    n->found = true;
    return false;
}

enum err repo_store_newest(struct repo_store *s, const struct imei *imei, uint8_t use,
                           struct repo_row *out)
{
    sqlite3_stmt *st = s->st[RS_NEWEST];
    struct newest n = {out, false};
    enum err err = give(st, bind_numbers(st, 2, (int64_t[]){imei_key(imei), use}), keep_newest, &n);
    return err == E_OK && !n.found ? E_NOT_FOUND : err;
}

/* The IMEI that a bound statement finds, and its end. */
static enum err one_imei(sqlite3_stmt *st, enum err err, struct imei *imei)
{
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = imei_of_key(sqlite3_column_int64(st, 0), imei);
    }
    stmt_end(st);
    return err;
}

enum err repo_store_next(struct repo_store *s, const struct imei *after, struct imei *imei)
{
    sqlite3_stmt *st = s->st[RS_NEXT];
    const int64_t v[] = {after != NULL ? imei_key(after) : -1};
    return one_imei(st, bind_numbers(st, 1, v), imei);
}

enum err repo_store_device(struct repo_store *s, const char *id, struct imei *imei)
{
    sqlite3_stmt *st = s->st[RS_OWNER];
    return one_imei(st, sqlite_err(sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC)), imei);
}

enum err repo_store_history(struct repo_store *s, const struct imei *imei, uint8_t use,
                            uint64_t after, size_t max, repo_each each, void *ctx)
{
    sqlite3_stmt *st = s->st[RS_HISTORY];
    const int64_t v[] = {imei_key(imei), use, at_most(after), at_most(max)};
    return give(st, bind_numbers(st, 4, v), each, ctx);
}

enum err repo_store_changes(struct repo_store *s, uint64_t after, size_t max, repo_each each,
                            void *ctx)
{
    sqlite3_stmt *st = s->st[RS_CHANGES];
    return give(st, bind_numbers(st, 2, (int64_t[]){at_most(after), at_most(max)}), each, ctx);
}

enum err repo_store_last(struct repo_store *s, uint64_t *serial)
{
    sqlite3_stmt *st = s->st[RS_LAST];
    enum err err = stmt_row(st);
    int64_t last = err == E_OK ? sqlite3_column_int64(st, 0) : 0;
    stmt_end(st);
    *serial = (uint64_t)last;
    return err;
}

/* ---- writing ---- */

enum err repo_store_begin(struct repo_store *s)
{
    if (s->in_batch) {
        return E_BAD_STATE;
    }
    enum err err = stmt_run(s->st[RS_BEGIN]);
    s->in_batch = err == E_OK;
    s->failed = false;
    s->next = 0;
    return err;
}

void repo_store_rollback(struct repo_store *s)
{
    if (s->in_batch) {
        stmt_try(s->st[RS_ROLLBACK]);
        s->in_batch = false;
    }
}

enum err repo_store_commit(struct repo_store *s)
{
    if (!s->in_batch) {
        return E_BAD_STATE;
    }
    enum err err = s->failed ? E_IO : stmt_run(s->st[RS_COMMIT]);
    if (err != E_OK) {
        repo_store_rollback(s);
        return E_IO;
    }
    s->in_batch = false;
    return E_OK;
}

static enum err failed(struct repo_store *s, enum err err)
{
    s->failed = s->failed || err != E_OK;
    return err == E_OK ? E_OK : E_IO;
}

enum err repo_store_next_serial(struct repo_store *s, uint64_t *serial)
{
    if (!s->in_batch || s->failed) {
        return s->failed ? E_IO : E_BAD_STATE;
    }
    if (s->next != 0) {
        *serial = s->next;
        return E_OK;
    }
    uint64_t last;
    enum err err = repo_store_last(s, &last);
    last = last > s->file.origin.floor ? last : s->file.origin.floor;
    if (err == E_OK && last >= INT64_MAX) {
        return E_EXHAUSTED;
    }
    *serial = last + 1;
    s->next = err == E_OK ? *serial : 0; /* the lock keeps other writers away */
    return failed(s, err);
}

/* The first to come keeps the id. */
static enum err keep_id(struct repo_store *s, const struct repo_row *row)
{
    sqlite3_stmt *st = s->st[RS_KEEP_ID];
    enum err err = sqlite_err(sqlite3_bind_text(st, 1, row->device.id, -1, SQLITE_STATIC));
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, imei_key(&row->imei)));
    }
    return err == E_OK ? stmt_run(st) : err;
}

static enum err add_device(struct repo_store *s, const struct repo_row *row, bool is_new)
{
    sqlite3_stmt *st = s->st[RS_ADD_DEVICE];
    enum err err = is_new ? keep_id(s, row) : E_OK;
    if (err == E_OK) {
        err = columns_bind(DEVICE_WRITTEN, st, row);
    }
    return err == E_OK ? stmt_run(st) : err;
}

static enum err add_record(struct repo_store *s, const struct repo_row *row)
{
    static const uint8_t nothing[1];
    sqlite3_stmt *st = s->st[RS_ADD];
    enum err err = columns_bind(ADD_COLUMNS, st, row);
    if (err == E_OK) {
        const void *p = row->credential.n > 0 ? row->credential.p : nothing;
        err = sqlite_err(
            sqlite3_bind_blob(st, CREDENTIAL_ADD, p, (int)row->credential.n, SQLITE_STATIC));
    }
    return err == E_OK ? stmt_run(st) : err;
}

/* Whose is the device's id? E_EXISTS: another IMEI's. */
static enum err look_up_id(struct repo_store *s, const struct repo_row *row, bool *is_new)
{
    struct imei owner = {.digits = ""};
    enum err err = repo_store_device(s, row->device.id, &owner);
    *is_new = err == E_NOT_FOUND;
    if (*is_new) {
        return E_OK;
    }
    return err != E_OK ? failed(s, err) : imei_eq(&owner, &row->imei) ? E_OK : E_EXISTS;
}

static bool ended(const char *text, size_t room)
{
    return strnlen(text, room) < room;
}

static bool fits(const struct repo_row *row)
{
    const struct repo_device *d = &row->device;
    return row->credential.n <= REPO_CREDENTIAL_MAX && ended(row->by, sizeof row->by) &&
           ended(d->id, sizeof d->id) && ended(d->manufacturer, sizeof d->manufacturer) &&
           ended(d->model, sizeof d->model) && ended(d->serial_number, sizeof d->serial_number);
}

enum err repo_store_add(struct repo_store *s, const struct repo_row *row)
{
    uint64_t next = 0;
    bool is_new = false;
    const bool has_device = row->device.id[0] != '\0';
    if (!fits(row)) {
        return E_BAD_LENGTH;
    }
    enum err err = repo_store_next_serial(s, &next);
    if (err != E_OK || row->serial != next) {
        return err != E_OK ? err : E_CONFLICT;
    }
    err = has_device ? look_up_id(s, row, &is_new) : E_OK;
    if (err != E_OK) {
        return err;
    }
    err = add_record(s, row);
    if (err == E_OK && has_device) {
        err = add_device(s, row, is_new);
    }
    s->next = err == E_OK && next < INT64_MAX ? next + 1 : 0;
    return failed(s, err);
}
