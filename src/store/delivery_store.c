/* An RSMF's deliveries: src/store/delivery_store.h. */
#include "store/delivery_store.h"

#include "store/store_file.h"
#include "store/store_sealed_parts.h"

#include <stdlib.h>
#include <string.h>

#define DELIVERY_APPLICATION_ID 0x42494e50 /* "BINP" */

static const struct schema_step steps[] = {
    {1, STORE_FILE_KEY_TABLES "CREATE TABLE delivery ("
                              " se BLOB NOT NULL,"
                              " owner TEXT NOT NULL,"
                              " serial INTEGER NOT NULL,"
                              " imsi INTEGER NOT NULL,"
                              " phase INTEGER NOT NULL,"
                              " request BLOB NOT NULL,"
                              " digest BLOB NOT NULL,"
                              " changed INTEGER NOT NULL,"
                              " fetched_from TEXT NOT NULL,"
                              " profile BLOB," /* sealed; NULL once it was erased */
                              " PRIMARY KEY (se, owner)) STRICT, WITHOUT ROWID;"
                              "CREATE UNIQUE INDEX delivery_by_serial ON delivery (serial);"
                              "CREATE INDEX delivery_of_operator ON delivery (owner, serial);"
                              "CREATE INDEX delivery_by_phase ON delivery (phase);"
                              "PRAGMA application_id = 0x42494e50;"
                              "PRAGMA user_version = 1;"},
    {2, STORE_FILE_ORIGIN "PRAGMA user_version = 2;"},
};
#define DELIVERY_COLUMNS                                                                           \
    "se, owner, serial, imsi, phase, request, digest, changed, fetched_from, profile"
/* A row stays, and each change gives it a serial above all others. */
static enum err open_all(sqlite3 *db, struct sealer *sealer, struct sealed_look *l);
const struct store_file_kind delivery_store_kind = {
    .open_all = open_all,
    .application = DELIVERY_APPLICATION_ID,
    .steps = steps,
    .n_steps = sizeof steps / sizeof steps[0],
    .program = "bindery-rsmfd",
    .missing = "SELECT (SELECT count(*) FROM main.delivery m WHERE NOT EXISTS (SELECT 1"
               " FROM old.delivery o WHERE o.se = m.se AND o.owner = m.owner"
               " AND o.serial >= m.serial))",
    .carry = "DELETE FROM main.delivery WHERE EXISTS (SELECT 1 FROM old.delivery o"
             " WHERE o.se = main.delivery.se AND o.owner = main.delivery.owner"
             " AND o.serial >= main.delivery.serial);"
             "INSERT OR IGNORE INTO main.delivery (" DELIVERY_COLUMNS ") SELECT " DELIVERY_COLUMNS
             " FROM old.delivery;",
};

#define READ                                                                                       \
    "SELECT se, owner, serial, imsi, phase, request, digest, changed, fetched_from"                \
    " FROM delivery "

enum delivery_statement {
    DS_FIND,
    DS_CHANGES,
    DS_CHANGES_OF,
    DS_LAST,
    DS_LAST_OF,
    DS_COUNT,
    DS_PROFILE,
    DS_BEGIN,
    DS_COMMIT,
    DS_ROLLBACK,
    DS_PUT,
    DS_KEEP,
    DS_ERASE,
    DS_N
};
#define MOVE                                                                                       \
    "UPDATE delivery SET serial = ?3, imsi = ?4, phase = ?5, request = ?6, digest = ?7,"           \
    " changed = ?8, fetched_from = ?9"
static const char *const statements[DS_N] = {
    [DS_FIND] = READ "WHERE se = ?1 AND owner = ?2",
    [DS_CHANGES] = READ "WHERE serial > ?1 ORDER BY serial LIMIT ?2",
    [DS_CHANGES_OF] = READ "WHERE owner = ?3 AND serial > ?1 ORDER BY serial LIMIT ?2",
    [DS_LAST] = "SELECT coalesce(max(serial), 0) FROM delivery",
    [DS_LAST_OF] = "SELECT coalesce(max(serial), 0) FROM delivery WHERE owner = ?1",
    [DS_COUNT] = "SELECT phase, count(*) FROM delivery GROUP BY phase",
    [DS_PROFILE] = "SELECT profile FROM delivery WHERE se = ?1 AND owner = ?2",
    [DS_BEGIN] = "BEGIN IMMEDIATE",
    [DS_COMMIT] = "COMMIT",
    [DS_ROLLBACK] = "ROLLBACK",
    [DS_PUT] = "INSERT OR REPLACE INTO delivery (se, owner, serial, imsi, phase, request,"
               " digest, changed, fetched_from, profile)"
               " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)",
    [DS_KEEP] = MOVE " WHERE se = ?1 AND owner = ?2",
    [DS_ERASE] = MOVE ", profile = NULL WHERE se = ?1 AND owner = ?2",
};

struct delivery_store {
    struct store_file file;
    sqlite3_stmt *st[DS_N];
};

/* The row as its columns are: the operator as text. */
struct kept {
    struct delivery_row row;
    char owner[PLMN_TEXT_MAX];
};
#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct kept, member), sizeof((struct kept *)0)->member, 0                   \
    }
static const struct column all[] = {
    COL(COL_BLOB, row.se),     COL(COL_TEXT, owner),      COL(COL_INT, row.serial),
    COL(COL_IMSI, row.imsi),   COL(COL_INT, row.phase),   COL(COL_BLOB, row.request),
    COL(COL_BLOB, row.digest), COL(COL_INT, row.changed), COL(COL_TEXT, row.from),
};
#define ALL ((struct columns){all, (int)(sizeof all / sizeof all[0])})

/* ---- opening ---- */

static enum err prepare_all(struct delivery_store *s, struct store_why *why)
{
    int rc = SQLITE_OK;
    for (int i = 0; i < DS_N && rc == SQLITE_OK; i++) {
        rc = sqlite3_prepare_v3(s->file.db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &s->st[i],
                                NULL);
    }
    return rc == SQLITE_OK ? E_OK
                           : why_set(why, sqlite_err(rc), "%s: the store cannot be used: %s",
                                     s->file.path, sqlite3_errmsg(s->file.db));
}

enum err delivery_store_rotate(const char *path, const char *kek_path, struct store_why *why)
{
    *why = (struct store_why){E_OK, ""};
    return store_file_rotate(path, kek_path, &delivery_store_kind, why);
}

enum err delivery_store_open(const char *path, const char *kek_path, struct delivery_store **out,
                             struct store_why *why)
{
    struct delivery_store *s = calloc(1, sizeof *s);
    *why = (struct store_why){E_OK, ""};
    if (s == NULL) {
        return why_set(why, E_MEMORY, "no memory for the store");
    }
    enum err err = store_file_open(path, kek_path, &delivery_store_kind, &s->file, why);
    if (err == E_OK) {
        err = prepare_all(s, why);
    }
    if (err != E_OK) {
        delivery_store_close(s);
        return err;
    }
    store_file_origin_told(&s->file);
    *out = s;
    return E_OK;
}

const struct store_origin *delivery_store_origin(const struct delivery_store *s)
{
    return &s->file.origin;
}

void delivery_store_close(struct delivery_store *s)
{
    if (s == NULL) {
        return;
    }
    for (int i = 0; i < DS_N; i++) {
        (void)sqlite3_finalize(s->st[i]); /* repeats an earlier result */
    }
    store_file_close(&s->file);
    free(s);
}

/* ---- the profile ---- */

#define PLACE_MAX 64

/* A profile opens in no other row. */
static struct bytes place(const struct delivery_row *row, uint8_t out[static PLACE_MAX])
{
    uint8_t plmn[PLMN_LEN];
    struct wr w = wr_of((struct mbytes){out, PLACE_MAX});
    plmn_to_octets(&row->owner, plmn);
    wr_put(&w, BYTES_LIT("delivery.profile"));
    wr_u8(&w, 0);
    wr_put(&w, BYTES_OF(row->se));
    wr_put(&w, BYTES_OF(plmn));
    return wr_done(&w);
}

static enum err bind_owner(sqlite3_stmt *st, const uint8_t se[static 32], const struct plmn *owner)
{
    char text[PLMN_TEXT_MAX];
    plmn_print(owner, text);
    int rc = sqlite3_bind_blob(st, 1, se, 32, SQLITE_STATIC);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_text(st, 2, text, -1, SQLITE_TRANSIENT);
    }
    return sqlite_err(rc);
}

enum err delivery_store_profile(struct delivery_store *s, const struct delivery_row *row,
                                uint8_t out[static DELIVERY_PROFILE_MAX], size_t *n)
{
    uint8_t where[PLACE_MAX];
    sqlite3_stmt *st = s->st[DS_PROFILE];
    enum err err = bind_owner(st, row->se, &row->owner);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        struct bytes sealed = stmt_blob(st, 0);
        err = sealed.n == 0 ? E_NOT_FOUND
                            : seal_open(s->file.sealer, place(row, where), sealed,
                                        (struct mbytes){out, DELIVERY_PROFILE_MAX}, n);
        if (err != E_OK && err != E_NOT_FOUND) {
            err = E_WRONG_KEY;
        }
    }
    stmt_end(st);
    return err;
}

/* ---- reading ---- */

static enum err take_row(sqlite3_stmt *st, struct delivery_row *out)
{
    struct kept kept = {.owner = ""};
    enum err err = columns_get(ALL, st, &kept);
    if (err == E_OK) {
        err = plmn_parse(bytes_of_str(kept.owner), &kept.row.owner) == E_OK &&
                      kept.row.phase < DELIVERY_PHASES
                  ? E_OK
                  : E_IO;
    }
    if (err == E_OK) {
        *out = kept.row;
    }
    return err;
}

/* A row that does not read as one of ours is named like one whose profile does not open. */
static enum err open_all(sqlite3 *db, struct sealer *sealer, struct sealed_look *l)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(
        db,
        "SELECT se, owner, serial, imsi, phase, request, digest, changed, fetched_from, profile"
        " FROM delivery WHERE length(profile) > 0 ORDER BY serial",
        -1, &st, NULL));
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        uint8_t where[PLACE_MAX], profile[DELIVERY_PROFILE_MAX];
        size_t n = 0;
        struct delivery_row row = {.serial = 0};
        enum err opened = take_row(st, &row);
        const struct store_sealed_value v = {.place = "delivery.profile", .imsi = row.imsi};
        if (opened == E_OK) {
            opened =
                seal_open(sealer, place(&row, where), stmt_blob(st, 9), MBYTES_OF(profile), &n);
        }
        wipe(profile, sizeof profile);
        err = sealed_looked(l, &v, opened);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_OK : err;
}

static enum err one_row(sqlite3_stmt *st, enum err err, struct delivery_row *out)
{
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = take_row(st, out);
    }
    stmt_end(st);
    return err;
}

enum err delivery_store_find(struct delivery_store *s, const uint8_t se[static 32],
                             const struct plmn *owner, struct delivery_row *out)
{
    sqlite3_stmt *st = s->st[DS_FIND];
    return one_row(st, bind_owner(st, se, owner), out);
}

static enum err bind_operator(sqlite3_stmt *st, int i, const struct plmn *owner)
{
    char text[PLMN_TEXT_MAX];
    if (owner == NULL) {
        return E_OK;
    }
    plmn_print(owner, text);
    return sqlite_err(sqlite3_bind_text(st, i, text, -1, SQLITE_TRANSIENT));
}

enum err delivery_store_changes(struct delivery_store *s, const struct plmn *owner, uint64_t after,
                                size_t max, delivery_each each, void *ctx)
{
    sqlite3_stmt *st = s->st[owner != NULL ? DS_CHANGES_OF : DS_CHANGES];
    bool more = true;
    int64_t from = after > INT64_MAX ? INT64_MAX : (int64_t)after;
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, from));
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, list_limit(max)));
    }
    if (err == E_OK) {
        err = bind_operator(st, 3, owner);
    }
    while (err == E_OK && more && (err = stmt_row(st)) == E_OK) {
        struct delivery_row row;
        err = take_row(st, &row);
        more = err == E_OK && each(ctx, &row);
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err delivery_store_last(struct delivery_store *s, const struct plmn *owner, uint64_t *serial)
{
    sqlite3_stmt *st = s->st[owner != NULL ? DS_LAST_OF : DS_LAST];
    enum err err = bind_operator(st, 1, owner);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    *serial = err == E_OK ? (uint64_t)sqlite3_column_int64(st, 0) : 0;
    stmt_end(st);
    return err;
}

enum err delivery_store_count(struct delivery_store *s, uint64_t count[static DELIVERY_PHASES])
{
    sqlite3_stmt *st = s->st[DS_COUNT];
    enum err err = E_OK;
    memset(count, 0, DELIVERY_PHASES * sizeof count[0]);
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        int64_t phase = sqlite3_column_int64(st, 0);
        if (phase >= 0 && phase < (int64_t)DELIVERY_PHASES) {
            count[phase] = (uint64_t)sqlite3_column_int64(st, 1);
        }
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

/* ---- writing ---- */

static enum err check(const struct delivery_row *row)
{
    if (row->phase >= DELIVERY_PHASES || row->owner.mcc[0] == '\0' || row->imsi.n == 0) {
        return E_BAD_VALUE;
    }
    return strnlen(row->from, sizeof row->from) < sizeof row->from ? E_OK : E_BAD_LENGTH;
}

static enum err bind_all(sqlite3_stmt *st, struct kept *kept)
{
    plmn_print(&kept->row.owner, kept->owner);
    return columns_bind(ALL, st, kept);
}

/* Runs a bound statement in a transaction of its own, which has the next serial. */
static enum err write_row(struct delivery_store *s, enum delivery_statement which,
                          struct kept *kept, struct bytes sealed)
{
    uint64_t last = 0;
    sqlite3_stmt *st = s->st[which];
    enum err err = delivery_store_last(s, NULL, &last);
    last = last > s->file.origin.floor ? last : s->file.origin.floor;
    if (err == E_OK && last >= INT64_MAX) {
        return E_EXHAUSTED;
    }
    kept->row.serial = last + 1;
    if (err == E_OK) {
        err = bind_all(st, kept);
    }
    if (err == E_OK && sealed.n > 0) {
        err = sqlite_err(sqlite3_bind_blob(st, 10, sealed.p, (int)sealed.n, SQLITE_STATIC));
    }
    return err == E_OK ? stmt_run(st) : err;
}

static enum err change(struct delivery_store *s, enum delivery_statement which,
                       struct delivery_row *row, struct bytes sealed)
{
    struct kept kept = {.row = *row};
    enum err err = stmt_run(s->st[DS_BEGIN]);
    if (err != E_OK) {
        return err;
    }
    err = write_row(s, which, &kept, sealed);
    if (err == E_OK && sqlite3_changes(s->file.db) == 0) {
        err = E_NOT_FOUND;
    }
    if (err == E_OK) {
        err = stmt_run(s->st[DS_COMMIT]);
    }
    if (err != E_OK) {
        stmt_try(s->st[DS_ROLLBACK]);
        return err == E_CONFLICT || err == E_BUSY ? E_IO : err;
    }
    row->serial = kept.row.serial;
    return E_OK;
}

enum err delivery_store_put(struct delivery_store *s, struct delivery_row *row,
                            struct bytes profile)
{
    uint8_t where[PLACE_MAX], sealed[DELIVERY_PROFILE_MAX + SEAL_OVERHEAD];
    size_t n = 0;
    enum err err = profile.n > 0 && profile.n <= DELIVERY_PROFILE_MAX ? check(row) : E_BAD_LENGTH;
    if (err == E_OK) {
        err = seal(s->file.sealer, place(row, where), profile, MBYTES_OF(sealed), &n);
    }
    return err == E_OK ? change(s, DS_PUT, row, (struct bytes){sealed, n}) : err;
}

enum err delivery_store_move(struct delivery_store *s, struct delivery_row *row,
                             enum delivery_profile what)
{
    enum err err = check(row);
    return err == E_OK
               ? change(s, what == DELIVERY_KEEP ? DS_KEEP : DS_ERASE, row, (struct bytes){NULL, 0})
               : err;
}
