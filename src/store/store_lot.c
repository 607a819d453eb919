/* Manufacturers' lots: N, the ranges of IMEIs it is for, and P and Q under a seal. Which lot an
 * IMEI is of is proc/kme_lot.h's to say. */
#include "store/store_internal.h"

#include "id/imei_range.h"

#include <string.h>

#define COL(type, kind, member)                                                                    \
    {                                                                                              \
        kind, offsetof(struct type, member), sizeof(((struct type *)0)->member), 0                 \
    }
/* Behind them the modulus, whose length differs. */
static const struct column lot_columns[] = {
    COL(store_lot, COL_TEXT, id),
    COL(store_lot, COL_TEXT, manufacturer),
    COL(store_lot, COL_INT, imported),
    COL(store_lot, COL_INT, ranges),
};
#define LOT_COLUMNS ((struct columns){lot_columns, (int)(sizeof lot_columns / sizeof *lot_columns)})
static const struct column range_columns[] = {
    COL(store_lot_range, COL_INT, first),
    COL(store_lot_range, COL_INT, last),
    COL(store_lot_range, COL_TEXT, lot),
};
#define RANGE_COLUMNS                                                                              \
    ((struct columns){range_columns, (int)(sizeof range_columns / sizeof *range_columns)})

/* ---- reading ---- */

static enum err bind_id(sqlite3_stmt *st, const char *id)
{
    return sqlite_err(sqlite3_bind_text(st, 1, id, -1, SQLITE_STATIC));
}

static enum err get_lot(sqlite3_stmt *st, struct store_lot *out)
{
    *out = (struct store_lot){.modulus_n = 0};
    enum err err = columns_get(LOT_COLUMNS, st, out);
    struct bytes modulus = stmt_blob(st, LOT_COLUMNS.n);
    if (err != E_OK || modulus.n == 0 || modulus.n > sizeof out->modulus) {
        return E_IO;
    }
    memcpy(out->modulus, modulus.p, modulus.n);
    out->modulus_n = (uint16_t)modulus.n;
    return E_OK;
}

enum err store_list_lots(struct store_reader *r, const char *after, struct store_lot *out,
                         size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_LOTS];
    *n = 0;
    enum err err = bind_id(st, after != NULL ? after : "");
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, list_limit(max)));
    }
    while (err == E_OK && *n < max && (err = stmt_row(st)) == E_OK) {
        err = get_lot(st, &out[*n]);
        *n += err == E_OK;
    }
    stmt_end(st);
    if (err == E_OK || err == E_NOT_FOUND) {
        return E_OK;
    }
    *n = 0;
    return err;
}

enum err store_list_lot_ranges(struct store_reader *r, const uint64_t *after,
                               struct store_lot_range *out, size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_LOT_RANGES];
    int64_t first = after == NULL ? -1 : *after < IMEI_NUMBERS ? (int64_t)*after : INT64_MAX;
    *n = 0;
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, first));
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, list_limit(max)));
    }
    return err == E_OK ? list_rows(st, RANGE_COLUMNS, out, sizeof *out, max, n) : err;
}

enum err store_read_lot(struct store_reader *r, const char *id, struct store_lot *out)
{
    sqlite3_stmt *st = r->c.st[ST_LOT];
    enum err err = bind_id(st, id);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = get_lot(st, out);
    }
    stmt_end(st);
    return err;
}

enum err store_read_lot_key(struct store_reader *r, const char *id, struct store_lot_key *out)
{
    sqlite3_stmt *st = r->c.st[ST_LOT_KEY];
    *out = (struct store_lot_key){.n = 0};
    enum err err = bind_id(st, id);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = open_lot_key(r->c.sealer, id, stmt_blob(st, 0), out);
    }
    stmt_end(st);
    return err;
}

/* ---- writing ---- */

static bool ended(const char *text, size_t room)
{
    return strnlen(text, room) < room;
}

static enum err check_lot(const struct store_lot *lot, const struct store_lot_key *key,
                          const struct store_lot_range *ranges, size_t n)
{
    bool texts = ended(lot->id, sizeof lot->id) && lot->id[0] != '\0' &&
                 ended(lot->manufacturer, sizeof lot->manufacturer);
    bool numbers = lot->modulus_n > 0 && lot->modulus_n <= sizeof lot->modulus && key->n > 0 &&
                   key->n <= sizeof key->p;
    if (!texts || !numbers || n == 0 || n > STORE_LOT_RANGES_MAX) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < n; i++) {
        if (ranges[i].first > ranges[i].last || ranges[i].last >= IMEI_NUMBERS) {
            return E_BAD_VALUE;
        }
    }
    return E_OK;
}

static enum err lot_there(struct store_writer *w, const char *id)
{
    sqlite3_stmt *st = w->c.st[ST_LOT];
    enum err err = bind_id(st, id);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    stmt_end(st);
    return err;
}

/* row->ranges is the number of ranges. */
static enum err insert_lot(struct store_writer *w, const struct store_lot *row,
                           const struct sealed_lot_key *key)
{
    sqlite3_stmt *st = w->c.st[ST_INSERT_LOT];
    enum err err = columns_bind(LOT_COLUMNS, st, row);
    if (err == E_OK) {
        err = bind_octets(st, LOT_COLUMNS.n + 1, (struct bytes){row->modulus, row->modulus_n});
    }
    if (err == E_OK) {
        err = bind_octets(st, LOT_COLUMNS.n + 2, (struct bytes){key->b, key->n});
    }
    return err == E_OK ? writer_run(w, ST_INSERT_LOT) : err;
}

static enum err insert_ranges(struct store_writer *w, const struct store_lot *lot,
                              const struct store_lot_range *ranges, size_t n)
{
    enum err err = E_OK;
    for (size_t i = 0; i < n && err == E_OK; i++) {
        struct store_lot_range row = {.first = ranges[i].first, .last = ranges[i].last};
        memcpy(row.lot, lot->id, sizeof row.lot);
        err = columns_bind(RANGE_COLUMNS, w->c.st[ST_INSERT_LOT_RANGE], &row);
        if (err == E_OK) {
            err = writer_run(w, ST_INSERT_LOT_RANGE);
        }
    }
    return err;
}

enum err store_put_lot(struct store_writer *w, const struct store_lot *lot,
                       const struct store_lot_key *key, const struct store_lot_range *ranges,
                       size_t n)
{
    struct sealed_lot_key sealed;
    struct store_lot row = *lot;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = check_lot(lot, key, ranges, n);
    }
    if (err != E_OK) {
        return err;
    }
    err = lot_there(w, lot->id);
    if (err != E_NOT_FOUND) {
        return err == E_OK ? E_EXISTS : writer_failed(w, err);
    }
    err = seal_lot_key(w->c.sealer, lot->id, key, &sealed);
    row.ranges = (uint32_t)n;
    if (err == E_OK) {
        err = insert_lot(w, &row, &sealed);
    }
    return err == E_OK ? insert_ranges(w, lot, ranges, n) : err;
}

/* Runs a statement whose parameter is the id; E_NOT_FOUND when it touches no row. */
static enum err run_on_id(struct store_writer *w, enum statement which, const char *id)
{
    enum err err = bind_id(w->c.st[which], id);
    if (err == E_OK) {
        err = writer_run(w, which);
    }
    return err == E_OK && sqlite3_changes(w->c.db) == 0 ? E_NOT_FOUND : err;
}

enum err store_remove_lot(struct store_writer *w, const char *id)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = run_on_id(w, ST_DELETE_LOT, id);
    }
    if (err == E_OK) {
        err = run_on_id(w, ST_DELETE_LOT_RANGES, id);
        err = err == E_NOT_FOUND ? E_OK : err;
    }
    return err;
}
