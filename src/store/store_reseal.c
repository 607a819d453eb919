#include "store/store_reseal.h"

#include "store/store_sealed_parts.h"

#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define LOOK_MAX  512 /* rows that one step comes by, sealed or not */
#define VALUE_MAX (STORE_LOT_MODULUS_MAX + SEAL_OVERHEAD)
#define SQL_MAX   512

/* What sealed_columns lacks keeps the old data keys: see store_reseal_check. */
#define COLUMNS SEALED_COLUMNS

/* Where it is: behind this row of this column. */
struct at {
    uint32_t column;
    int64_t first, second;
    char text[STORE_LOT_ID_MAX + 1];
};
static const struct at beginning = {.column = 0, .first = -1, .second = -1};

static enum err prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
    return sqlite_err(sqlite3_prepare_v2(db, sql, -1, out, NULL));
}

/* ---- the job's row ---- */

static enum err read_row(sqlite3 *db, struct store_reseal *out, struct at *at)
{
    sqlite3_stmt *st = NULL;
    *out = (struct store_reseal){.state = STORE_RESEAL_NEVER};
    enum err err = prepare(db,
                           "SELECT state, data_key, sealed, looked, resealed, failed, started,"
                           " changed, place, after_1, after_2, after_text FROM reseal",
                           &st);
    if (err == E_OK && (err = stmt_row(st)) == E_OK) {
        *out = (struct store_reseal){.state = (uint8_t)sqlite3_column_int(st, 0),
                                     .key_id = (uint32_t)sqlite3_column_int64(st, 1),
                                     .values = (uint64_t)sqlite3_column_int64(st, 2),
                                     .looked = (uint64_t)sqlite3_column_int64(st, 3),
                                     .resealed = (uint64_t)sqlite3_column_int64(st, 4),
                                     .failed = (uint64_t)sqlite3_column_int64(st, 5),
                                     .started = sqlite3_column_int64(st, 6),
                                     .changed = sqlite3_column_int64(st, 7)};
        *at = (struct at){.column = (uint32_t)sqlite3_column_int64(st, 8),
                          .first = sqlite3_column_int64(st, 9),
                          .second = sqlite3_column_int64(st, 10)};
        const unsigned char *text = sqlite3_column_text(st, 11);
        (void)snprintf(at->text, sizeof at->text, "%s", text == NULL ? "" : (const char *)text);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_OK : err;
}

static enum err write_row(sqlite3 *db, const struct store_reseal *row, const struct at *at)
{
    sqlite3_stmt *st = NULL;
    const int64_t v[] = {row->state,
                         row->key_id,
                         (int64_t)row->values,
                         (int64_t)row->looked,
                         (int64_t)row->resealed,
                         (int64_t)row->failed,
                         row->started,
                         row->changed,
                         at->column,
                         at->first,
                         at->second};
    const int n = (int)(sizeof v / sizeof v[0]);
    enum err err = prepare(db,
                           "INSERT OR REPLACE INTO reseal (id, state, data_key, sealed, looked,"
                           " resealed, failed, started, changed, place, after_1, after_2,"
                           " after_text) VALUES (1, ?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11,"
                           " ?12)",
                           &st);
    for (int i = 0; i < n && err == E_OK; i++) {
        err = sqlite_err(sqlite3_bind_int64(st, i + 1, v[i]));
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_text(st, n + 1, at->text, -1, SQLITE_STATIC));
    }
    if (err == E_OK) {
        err = stmt_run(st);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

enum err store_read_reseal(struct store_reader *r, struct store_reseal *out)
{
    struct at at;
    return read_row(r->c.db, out, &at);
}

static enum err change_row(struct store_writer *w, const struct store_reseal *row,
                           const struct at *at)
{
    enum err err = write_row(w->c.db, row, at);
    return err == E_OK ? E_OK : writer_failed(w, err);
}

/* ---- beginning, stopping, ending ---- */

enum err store_count_sealed(struct store_reader *r, uint64_t *out)
{
    enum err err = E_OK;
    *out = 0;
    for (size_t i = 0; i < COLUMNS && err == E_OK; i++) {
        char sql[SQL_MAX];
        sqlite3_stmt *st = NULL;
        (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM %s", sealed_columns[i].table);
        err = prepare(r->c.db, sql, &st);
        if (err == E_OK && (err = stmt_row(st)) == E_OK) {
            *out += (uint64_t)sqlite3_column_int64(st, 0);
        }
        (void)sqlite3_finalize(st); /* repeats the step's result */
    }
    return err;
}

static enum err make_key(struct store_writer *w, const struct store_keks *keks, int64_t now,
                         uint32_t *id)
{
    enum err err = E_WRONG_KEY;
    for (size_t i = 0; i < keks->n && err == E_WRONG_KEY; i++) {
        err = writer_make_data_key(w, &keks->key[i], now, id);
    }
    return err;
}

enum err store_reseal_begin(struct store_writer *w, const struct store_keks *keks, uint64_t values,
                            int64_t now, struct store_reseal *out)
{
    struct at at = beginning;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = read_row(w->c.db, out, &at);
    }
    if (err != E_OK) {
        return err == E_BAD_STATE ? err : writer_failed(w, err);
    }
    if (out->state == STORE_RESEAL_RUNNING || out->state == STORE_RESEAL_CHECKING) {
        return E_CONFLICT;
    }
    if (out->state != STORE_RESEAL_STOPPED) {
        uint32_t id = 0;
        err = make_key(w, keks, now, &id);
        at = beginning;
        *out = (struct store_reseal){.key_id = id, .values = values, .started = now};
    }
    if (err != E_OK) {
        return writer_failed(w, err);
    }
    out->state = STORE_RESEAL_RUNNING;
    out->changed = now;
    return change_row(w, out, &at);
}

enum err store_reseal_stop(struct store_writer *w, int64_t now, struct store_reseal *out)
{
    struct at at = beginning;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = read_row(w->c.db, out, &at);
    }
    if (err != E_OK) {
        return err == E_BAD_STATE ? err : writer_failed(w, err);
    }
    if (out->state != STORE_RESEAL_RUNNING && out->state != STORE_RESEAL_CHECKING) {
        return E_NOT_FOUND;
    }
    out->state = STORE_RESEAL_STOPPED;
    out->changed = now;
    return change_row(w, out, &at);
}

static enum err delete_old_keys(sqlite3 *db, uint32_t data_key)
{
    sqlite3_stmt *st = NULL;
    enum err err = prepare(db, "DELETE FROM data_key WHERE id <> ?1", &st);
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 1, data_key));
    }
    if (err == E_OK) {
        err = stmt_run(st);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

enum err store_reseal_end(struct store_writer *w, bool left, int64_t now, struct store_reseal *out)
{
    struct at at = beginning;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = read_row(w->c.db, out, &at);
    }
    if (err == E_OK && out->state != STORE_RESEAL_CHECKING) {
        return E_NOT_FOUND;
    }
    /* What seals in this process must be what stays: else a row written next would be lost. */
    if (err == E_OK && sealer_seals_under(w->c.sealer) != out->key_id) {
        return E_BAD_STATE;
    }
    if (err == E_OK && !left) {
        err = delete_old_keys(w->c.db, out->key_id);
    }
    if (err != E_OK) {
        return err == E_BAD_STATE ? err : writer_failed(w, err);
    }
    out->state = left ? STORE_RESEAL_FAILED : STORE_RESEAL_ENDED;
    out->changed = now;
    return change_row(w, out, &at);
}

/* ---- a step ---- */

struct step {
    struct store_writer *w;
    struct store_reseal row;
    struct at at;
    sqlite3_stmt *next, *put; /* of the column at.column */
    unsigned looked, resealed;
    struct store_damaged *damaged; /* NULL: nobody asks */
};

static enum err bind_at(sqlite3_stmt *st, const struct sealed_column *c, const struct at *at)
{
    if (c->by_text) {
        return sqlite_err(sqlite3_bind_text(st, 3, at->text, -1, SQLITE_STATIC));
    }
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, at->first));
    return err == E_OK && c->by_two ? sqlite_err(sqlite3_bind_int64(st, 2, at->second)) : err;
}

/* The row behind `at`, and its value; E_NOT_FOUND after the last. */
static enum err fetch(struct step *s, const struct sealed_column *c, uint8_t value[VALUE_MAX],
                      size_t *n)
{
    enum err err = bind_at(s->next, c, &s->at);
    if (err == E_OK) {
        err = stmt_row(s->next);
    }
    if (err == E_OK) {
        const struct bytes v = stmt_blob(s->next, 3);
        const unsigned char *text = sqlite3_column_text(s->next, 2);
        s->at.first = sqlite3_column_int64(s->next, 0);
        s->at.second = sqlite3_column_int64(s->next, 1);
        (void)snprintf(s->at.text, sizeof s->at.text, "%s", text == NULL ? "" : (const char *)text);
        *n = v.n <= VALUE_MAX ? v.n : 0;
        memcpy(value, v.p == NULL ? (const uint8_t *)"" : v.p, *n);
    }
    stmt_end(s->next);
    return err;
}

static enum err put(struct step *s, const struct sealed_column *c, struct bytes value)
{
    enum err err = bind_at(s->put, c, &s->at);
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_blob(s->put, 4, value.p, (int)value.n, SQLITE_STATIC));
    }
    return err == E_OK ? stmt_run(s->put) : err;
}

/* The first ones of a job are named, however many steps and processes it takes. */
static void note_damaged(struct step *s, const struct seal_row *row)
{
    const struct store_sealed_value v = sealed_value_of(row);
    if (s->damaged != NULL && s->row.failed < STORE_DAMAGED_MAX) {
        damaged_add(s->damaged, &v);
    }
    s->row.failed++;
}

/* A value that is not there, or lies under the new key already, is only looked at. */
static enum err do_row(struct step *s, const struct sealed_column *c)
{
    uint8_t value[VALUE_MAX] = {0}, again[VALUE_MAX] = {0};
    size_t n = 0;
    enum err err = fetch(s, c, value, &n);
    if (err != E_OK) {
        return err;
    }
    s->looked++;
    const struct bytes sealed = {value, n};
    if (n == 0 || seal_key_id_of(sealed) == s->row.key_id) {
        return E_OK;
    }
    const struct seal_row row = {c->place, c->by_text ? s->at.text : NULL, s->at.first,
                                 s->at.second};
    err = seal_again(s->w->c.sealer, &row, sealed, again);
    if (err == E_WRONG_KEY) {
        note_damaged(s, &row);
        return E_OK;
    }
    if (err == E_OK) {
        err = put(s, c, (struct bytes){again, n});
    }
    s->resealed++;
    return err;
}

/* Up to the column's end, or as much as a step may do. E_NOT_FOUND: the end. */
static enum err do_column(struct step *s)
{
    char sql[SQL_MAX];
    const struct sealed_column *c = &sealed_columns[s->at.column];
    (void)snprintf(sql, sizeof sql, "%s LIMIT 1", c->next);
    enum err err = prepare(s->w->c.db, sql, &s->next);
    if (err == E_OK) {
        err = prepare(s->w->c.db, c->put, &s->put);
    }
    while (err == E_OK && s->looked < LOOK_MAX && s->resealed < STORE_RESEAL_STEP) {
        err = do_row(s, c);
    }
    (void)sqlite3_finalize(s->next); /* repeat what was looked at */
    (void)sqlite3_finalize(s->put);
    s->next = s->put = NULL;
    return err;
}

static enum err do_step(struct step *s)
{
    enum err err = E_OK;
    while (err == E_OK && s->at.column < COLUMNS && s->looked < LOOK_MAX &&
           s->resealed < STORE_RESEAL_STEP) {
        err = do_column(s);
        if (err == E_NOT_FOUND) {
            s->at = (struct at){.column = s->at.column + 1, .first = -1, .second = -1};
            err = E_OK;
        }
    }
    s->row.looked += s->looked;
    s->row.resealed += s->resealed;
    return err;
}

/* The key seals since it was committed, unless there was no memory for it then. */
static enum err check_sealer(struct store_writer *w, uint32_t data_key)
{
    struct seal_key key = {.b = {0}};
    if (sealer_seals_under(w->c.sealer) == data_key) {
        return E_OK;
    }
    struct store *s = (struct store *)((char *)w - offsetof(struct store, writer));
    enum err err = ring_find(&s->ring, data_key, &key);
    if (err == E_OK) {
        err = sealer_add(w->c.sealer, data_key, &key);
    }
    wipe(&key, sizeof key);
    return err == E_OK || err == E_MEMORY || err == E_CRYPTO ? err : E_BAD_STATE;
}

/*= op-key-reseal */
enum err store_reseal_step(struct store_writer *w, int64_t now, struct store_reseal *out,
                           struct store_damaged *damaged)
{
    struct step s = {.w = w, .damaged = damaged};
    enum err err = writer_check(w);
    if (damaged != NULL) {
        damaged->n = 0;
    }
    if (err != E_OK) {
        return err;
    }
    err = read_row(w->c.db, &s.row, &s.at);
    if (err != E_OK) {
        return writer_failed(w, err);
    }
    *out = s.row;
    if (s.row.state != STORE_RESEAL_RUNNING) {
        return E_OK;
    }
    if ((err = check_sealer(w, s.row.key_id)) != E_OK) {
        return err;
    }
    if ((err = do_step(&s)) != E_OK) {
        return writer_failed(w, err);
    }
    if (s.at.column == COLUMNS) {
        s.row.state = STORE_RESEAL_CHECKING;
        s.at = beginning;
    }
    s.row.changed = now;
    *out = s.row;
    return change_row(w, &s.row, &s.at);
}

/* ---- is anything left? ---- */

/* Does a value of this column begin as what is sealed under that key does? */
static enum err look_in(sqlite3 *db, const char *table, const char *column, struct bytes head,
                        bool *left)
{
    char sql[SQL_MAX];
    sqlite3_stmt *st = NULL;
    if (snprintf(sql, sizeof sql,
                 "SELECT 1 FROM \"%s\" WHERE substr(\"%s\", 1, %d) = ?1 AND length(\"%s\") >= %d"
                 " LIMIT 1",
                 table, column, SEAL_HEADER_LEN, column, SEAL_OVERHEAD) >= (int)sizeof sql) {
        return E_NO_ROOM;
    }
    enum err err = prepare(db, sql, &st);
    if (err == E_OK) {
        err = bind_octets(st, 1, head);
    }
    if (err == E_OK) {
        err = stmt_row(st);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    *left = *left || err == E_OK;
    return err == E_NOT_FOUND ? E_OK : err;
}

/* In all columns of octets that the schema has, whoever made them. */
static enum err look_for(sqlite3 *db, uint32_t data_key, bool *left)
{
    uint8_t head[SEAL_HEADER_LEN];
    sqlite3_stmt *st = NULL;
    struct wr w = wr_of(MBYTES_OF(head));
    wr_u8(&w, SEAL_VERSION);
    wr_be32(&w, data_key);
    enum err err =
        prepare(db,
                "SELECT m.name, c.name FROM sqlite_schema m,"
                " pragma_table_info(m.name) c WHERE m.type = 'table' AND c.type = 'BLOB'",
                &st);
    while (err == E_OK && !*left && (err = stmt_row(st)) == E_OK) {
        err = look_in(db, (const char *)sqlite3_column_text(st, 0),
                      (const char *)sqlite3_column_text(st, 1), wr_done(&w), left);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err store_reseal_check(struct store_reader *r, uint32_t data_key, bool *left)
{
    struct store_keys_view keys;
    enum err err = store_read_keys(r, &keys);
    *left = false;
    for (size_t i = 0; i < keys.n && err == E_OK && !*left; i++) {
        if (keys.data[i].id != data_key) {
            err = look_for(r->c.db, keys.data[i].id, left);
        }
    }
    return err;
}
