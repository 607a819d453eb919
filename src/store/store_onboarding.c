/* Subscriptions that devices got, or want, by the URLs of their certificates. What a phase means is
 * proc/certattach.h's; who may be in which, nf/hssd/onboarding.h's. */
#include "store/store_internal.h"

#include <string.h>

/* Of enum certattach_phase, which this room does not see: those that the tables and their indices
 * depend on. */
enum { ONBOARDING_PENDING = 3, ONBOARDING_ACTIVE = 4, ONBOARDING_DENIED = 5 };

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct store_onboarding, member),                                           \
            sizeof(((struct store_onboarding *)0)->member), 0                                      \
    }
static const struct column onboarding_columns[] = {
    COL(COL_TEXT, key.authority),
    COL(COL_TEXT, key.id),
    COL(COL_INT, phase),
    COL(COL_BOOL, again),
    COL(COL_IMEI, imei),
    COL(COL_TEXT, manufacturer),
    COL(COL_TEXT, model),
    COL(COL_TEXT, serial_number),
    {COL_OPTIONAL_IMSI, offsetof(struct store_onboarding, imsi), sizeof(struct imsi),
     offsetof(struct store_onboarding, has_imsi)},
    COL(COL_BLOB, nonce_1),
    COL(COL_BLOB, digest),
    COL(COL_INT, first),
    COL(COL_INT, changed),
    COL(COL_INT, expires),
};
#define ONBOARDING_COLUMNS                                                                         \
    ((struct columns){onboarding_columns,                                                          \
                      (int)(sizeof onboarding_columns / sizeof *onboarding_columns)})
#define KEY_COLUMNS                                                                                \
    ((struct columns){onboarding_columns, 2}) /* of struct store_onboarding_key too */
_Static_assert(offsetof(struct store_onboarding, key) == 0, "a key is the beginning of a row");

/* ---- reading ---- */

static enum err bind_number(sqlite3_stmt *st, int i, int64_t v)
{
    return sqlite_err(sqlite3_bind_int64(st, i, v));
}

/* One row of a statement that is bound. */
static enum err one_row(sqlite3_stmt *st, struct store_onboarding *out)
{
    struct store_onboarding row = {.phase = 0};
    enum err err = stmt_row(st);
    if (err == E_OK) {
        err = columns_get(ONBOARDING_COLUMNS, st, &row);
    }
    stmt_end(st);
    if (err == E_OK) {
        *out = row;
    }
    return err;
}

static enum err read_row(struct connection *c, const struct store_onboarding_key *key,
                         struct store_onboarding *out)
{
    sqlite3_stmt *st = c->st[ST_ONBOARDING];
    enum err err = columns_bind(KEY_COLUMNS, st, key);
    return err == E_OK ? one_row(st, out) : err;
}

/* ST_ONBOARDING_OF or ST_ONBOARDING_OF_IMEI. */
static enum err read_by_number(struct connection *c, enum statement which, int64_t number,
                               struct store_onboarding *out)
{
    sqlite3_stmt *st = c->st[which];
    enum err err = bind_number(st, 1, number);
    return err == E_OK ? one_row(st, out) : err;
}

enum err store_read_onboarding(struct store_reader *r, const struct store_onboarding_key *key,
                               struct store_onboarding *out)
{
    return read_row(&r->c, key, out);
}

enum err store_read_onboarding_of(struct store_reader *r, const struct imsi *imsi,
                                  struct store_onboarding *out)
{
    return read_by_number(&r->c, ST_ONBOARDING_OF, imsi_key(imsi), out);
}

enum err store_list_onboarding(struct store_reader *r, const struct store_onboarding_key *after,
                               uint8_t phase, struct store_onboarding *out, size_t max, size_t *n)
{
    static const struct store_onboarding_key first = {"", ""};
    sqlite3_stmt *st = r->c.st[phase == 0 ? ST_LIST_ONBOARDING : ST_LIST_ONBOARDING_IN];
    *n = 0;
    enum err err = columns_bind(KEY_COLUMNS, st, after != NULL ? after : &first);
    if (err == E_OK) {
        err = bind_number(st, 3, list_limit(max));
    }
    if (err == E_OK && phase != 0) {
        err = bind_number(st, 4, phase);
    }
    return err == E_OK ? list_rows(st, ONBOARDING_COLUMNS, out, sizeof *out, max, n) : err;
}

static enum err get_count(sqlite3_stmt *st, uint64_t counts[static STORE_ONBOARDING_PHASES])
{
    int64_t phase = sqlite3_column_int64(st, 0), rows = sqlite3_column_int64(st, 1);
    if (phase < 0 || phase >= STORE_ONBOARDING_PHASES || rows < 0) {
        return E_IO;
    }
    counts[phase] = (uint64_t)rows;
    return E_OK;
}

static enum err count(struct connection *c, const char *authority,
                      uint64_t counts[static STORE_ONBOARDING_PHASES])
{
    sqlite3_stmt *st = c->st[ST_COUNT_ONBOARDING];
    uint64_t found[STORE_ONBOARDING_PHASES] = {0};
    enum err err = sqlite_err(sqlite3_bind_text(st, 1, authority, -1, SQLITE_STATIC));
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        err = get_count(st, found);
    }
    stmt_end(st);
    err = err == E_NOT_FOUND ? E_OK : err; /* after the last row */
    for (size_t i = 0; i < STORE_ONBOARDING_PHASES; i++) {
        counts[i] = err == E_OK ? found[i] : 0;
    }
    return err;
}

enum err store_count_onboarding(struct store_reader *r, const char *authority,
                                uint64_t counts[static STORE_ONBOARDING_PHASES])
{
    return count(&r->c, authority, counts);
}

enum err store_due_onboarding(struct store_reader *r, int64_t now, struct store_onboarding_key *out,
                              size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_DUE_ONBOARDING];
    *n = 0;
    enum err err = bind_number(st, 1, now);
    if (err == E_OK) {
        err = bind_number(st, 2, list_limit(max));
    }
    return err == E_OK ? list_rows(st, KEY_COLUMNS, out, sizeof *out, max, n) : err;
}

/* ---- reading inside the batch ---- */

static enum err batch_read(struct store_writer *w, enum err err)
{
    return err == E_OK || err == E_NOT_FOUND ? err : writer_failed(w, err);
}

enum err store_writer_onboarding(struct store_writer *w, const struct store_onboarding_key *key,
                                 struct store_onboarding *out)
{
    enum err err = writer_check(w);
    return err == E_OK ? batch_read(w, read_row(&w->c, key, out)) : err;
}

enum err store_writer_count_onboarding(struct store_writer *w, const char *authority,
                                       uint64_t counts[static STORE_ONBOARDING_PHASES])
{
    enum err err = writer_check(w);
    if (err != E_OK) {
        memset(counts, 0, STORE_ONBOARDING_PHASES * sizeof counts[0]);
        return err;
    }
    return batch_read(w, count(&w->c, authority, counts));
}

static enum err row_of(struct store_writer *w, enum statement which, int64_t number,
                       struct store_onboarding *out)
{
    enum err err = writer_check(w);
    return err == E_OK ? batch_read(w, read_by_number(&w->c, which, number, out)) : err;
}

enum err store_writer_onboarding_of(struct store_writer *w, const struct imsi *imsi,
                                    struct store_onboarding *out)
{
    return row_of(w, ST_ONBOARDING_OF, imsi_key(imsi), out);
}

/* ---- writing: what may be written ---- */

static bool ended(const char *text, size_t room)
{
    return strnlen(text, room) < room;
}

static bool lives(const struct store_onboarding *row)
{
    return row->phase == ONBOARDING_PENDING || row->phase == ONBOARDING_ACTIVE;
}

static enum err check_row(const struct store_onboarding *row)
{
    bool key = ended(row->key.authority, sizeof row->key.authority) &&
               ended(row->key.id, sizeof row->key.id) && row->key.authority[0] != '\0' &&
               row->key.id[0] != '\0';
    bool texts = ended(row->manufacturer, sizeof row->manufacturer) &&
                 ended(row->model, sizeof row->model) &&
                 ended(row->serial_number, sizeof row->serial_number);
    bool numbers = strnlen(row->imei.digits, sizeof row->imei.digits) == IMEI_DIGITS &&
                   (!row->has_imsi || row->imsi.n >= IMSI_DIGITS_MIN);
    if (!key || !texts || !numbers) {
        return E_BAD_LENGTH;
    }
    bool has_phase = row->phase > 0 && row->phase < STORE_ONBOARDING_PHASES;
    bool fits = row->has_imsi ? lives(row) || row->phase == ONBOARDING_DENIED : !lives(row);
    bool again = !row->again || row->phase == ONBOARDING_ACTIVE;
    return has_phase && fits && again ? E_OK : E_BAD_VALUE;
}

static bool same_key(const struct store_onboarding_key *a, const struct store_onboarding_key *b)
{
    return strcmp(a->authority, b->authority) == 0 && strcmp(a->id, b->id) == 0;
}

/* E_CONFLICT when a row of another device is found so. */
static enum err check_nobody_else(struct store_writer *w, enum statement which, int64_t number,
                                  const struct store_onboarding_key *key)
{
    struct store_onboarding other;
    enum err err = row_of(w, which, number, &other);
    if (err == E_OK) {
        return same_key(&other.key, key) ? E_OK : E_CONFLICT;
    }
    return err == E_NOT_FOUND ? E_OK : err;
}

static enum err check_others(struct store_writer *w, const struct store_onboarding *row)
{
    struct store_subscriber owner;
    enum err err = E_OK;
    if (lives(row)) {
        err = check_nobody_else(w, ST_ONBOARDING_OF_IMEI, imei_key(&row->imei), &row->key);
    }
    if (err == E_OK && row->has_imsi) {
        err = check_nobody_else(w, ST_ONBOARDING_OF, imsi_key(&row->imsi), &row->key);
    }
    if (err == E_OK && row->has_imsi) {
        err = writer_subscriber_closed(w, &row->imsi, &owner);
    }
    return err;
}

/* ---- writing ---- */

static enum err move_count(struct store_writer *w, const struct store_onboarding_key *key,
                           uint8_t phase, int64_t by)
{
    sqlite3_stmt *st = w->c.st[ST_ONBOARDING_MOVED];
    enum err err = sqlite_err(sqlite3_bind_text(st, 1, key->authority, -1, SQLITE_STATIC));
    if (err == E_OK) {
        err = bind_number(st, 2, phase);
    }
    if (err == E_OK) {
        err = bind_number(st, 3, by);
    }
    return err == E_OK ? writer_run(w, ST_ONBOARDING_MOVED) : err;
}

/* `before`: the phase of the row that is there; 0: none. */
static enum err write_row(struct store_writer *w, uint8_t before,
                          const struct store_onboarding *row)
{
    enum err err = columns_bind(ONBOARDING_COLUMNS, w->c.st[ST_PUT_ONBOARDING], row);
    if (err == E_OK) {
        err = writer_run(w, ST_PUT_ONBOARDING);
    }
    if (err == E_OK && before != row->phase) {
        err = move_count(w, &row->key, row->phase, 1);
        if (err == E_OK && before != 0) {
            err = move_count(w, &row->key, before, -1);
        }
    }
    return err;
}

static enum err set_pending(struct store_writer *w, const struct imsi *imsi, bool pending)
{
    return writer_run_on_row(w, ST_SET_PENDING, 2, (int64_t[]){imsi_key(imsi), pending});
}

/* An IMSI that was given stays with its row until the subscription ends. */
static bool keeps_imsi(const struct store_onboarding *old, const struct store_onboarding *row)
{
    return !old->has_imsi || (row->has_imsi && imsi_eq(&old->imsi, &row->imsi));
}

enum err store_put_onboarding(struct store_writer *w, const struct store_onboarding *row)
{
    struct store_onboarding old = {.phase = 0}, now = *row;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = check_row(row);
    }
    if (err != E_OK) {
        return err;
    }
    err = store_writer_onboarding(w, &row->key, &old);
    if (err == E_OK && !keeps_imsi(&old, row)) {
        return E_BAD_STATE;
    }
    if (err == E_OK || err == E_NOT_FOUND) {
        err = check_others(w, row);
    }
    if (!now.has_imsi) {
        memset(now.nonce_1, 0, sizeof now.nonce_1);
        memset(now.digest, 0, sizeof now.digest);
    }
    if (err == E_OK) {
        err = write_row(w, old.phase, &now);
    }
    if (err == E_OK && now.has_imsi) {
        err = set_pending(w, &now.imsi, now.phase == ONBOARDING_PENDING);
    }
    return err;
}

enum err store_remove_onboarding(struct store_writer *w, const struct store_onboarding_key *key)
{
    struct store_onboarding old = {.phase = 0};
    enum err err = store_writer_onboarding(w, key, &old);
    if (err == E_OK && old.has_imsi) {
        return E_BAD_STATE;
    }
    if (err == E_OK) {
        err = columns_bind(KEY_COLUMNS, w->c.st[ST_DELETE_ONBOARDING], key);
    }
    if (err == E_OK) {
        err = writer_run(w, ST_DELETE_ONBOARDING);
    }
    return err == E_OK ? move_count(w, key, old.phase, -1) : err;
}

enum err store_onboarding_used(struct store_writer *w, const struct imsi *imsi, int64_t at)
{
    struct store_onboarding row = {.phase = 0};
    enum err err = row_of(w, ST_ONBOARDING_OF, imsi_key(imsi), &row);
    if (err != E_OK) {
        return err == E_NOT_FOUND ? E_OK : err;
    }
    uint8_t before = row.phase;
    if (!lives(&row) || (before == ONBOARDING_ACTIVE && !row.again)) {
        return E_OK;
    }
    row.again = false;
    if (before == ONBOARDING_PENDING) {
        row.phase = ONBOARDING_ACTIVE;
        row.changed = at;
        row.expires = 0;
    }
    err = write_row(w, before, &row);
    return err == E_OK ? set_pending(w, imsi, false) : err;
}

/* The row as it is when its subscription has ended. */
static struct store_onboarding ended_row(const struct store_onboarding *old, uint8_t phase,
                                         int64_t at)
{
    struct store_onboarding row = *old;
    row.phase = phase;
    row.again = false;
    row.has_imsi = false;
    row.imsi = (struct imsi){.n = 0};
    memset(row.nonce_1, 0, sizeof row.nonce_1);
    memset(row.digest, 0, sizeof row.digest);
    row.changed = at;
    row.expires = 0;
    return row;
}

enum err store_end_onboarding(struct store_writer *w, const struct store_onboarding_key *key,
                              uint8_t phase, int64_t at, int64_t ready)
{
    struct store_onboarding old = {.phase = 0}, row = old;
    enum err err = store_writer_onboarding(w, key, &old);
    if (err == E_OK && !old.has_imsi) {
        return E_BAD_STATE;
    }
    if (err == E_OK) {
        row = ended_row(&old, phase, at);
        err = check_row(&row);
    }
    if (err != E_OK) {
        return err;
    }
    err = writer_remove_subscriber(w, &old.imsi);
    if (err == E_OK || err == E_NOT_FOUND) {
        err = pool_rest(w, &old.imsi, ready);
    }
    return err == E_OK ? write_row(w, old.phase, &row) : err;
}
