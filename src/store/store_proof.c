/* What became of devices' proofs of their IMEI. What it means, and when it is written or forgotten,
 * is nf/hssd/proof.h's. */
#include "store/store_internal.h"

#include <string.h>

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct store_proof, member), sizeof(((struct store_proof *)0)->member), 0   \
    }
#define COL_IMEI_IF(member, has)                                                                   \
    {                                                                                              \
        COL_OPTIONAL_IMEI, offsetof(struct store_proof, member), sizeof(struct imei),              \
            offsetof(struct store_proof, has)                                                      \
    }
static const struct column proof_columns[] = {
    COL(COL_IMSI, imsi),           COL_IMEI_IF(memory.imei, remembered),
    COL(COL_INT, memory.form),     COL(COL_INT, memory.serial),
    COL(COL_INT, memory.at),       COL(COL_INT, memory.until),
    COL_IMEI_IF(last.imei, known), COL(COL_INT, last.result),
    COL(COL_TEXT, last.cause),     COL(COL_INT, last.form),
    COL(COL_INT, last.serial),     COL(COL_INT, last.at),
};
#define PROOF_COLUMNS                                                                              \
    ((struct columns){proof_columns, (int)(sizeof proof_columns / sizeof *proof_columns)})

/* ---- reading ---- */

static enum err read_proof(struct connection *c, enum statement which, int64_t key,
                           struct store_proof *out)
{
    sqlite3_stmt *st = c->st[which];
    struct store_proof row = {.remembered = false};
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, key));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = columns_get(PROOF_COLUMNS, st, &row);
    }
    stmt_end(st);
    if (err == E_OK) {
        *out = row;
    }
    return err;
}

static enum err proof_or_none(struct connection *c, const struct imsi *imsi,
                              struct store_proof *out)
{
    enum err err = read_proof(c, ST_PROOF, imsi_key(imsi), out);
    if (err == E_NOT_FOUND) {
        *out = (struct store_proof){.imsi = *imsi};
        err = E_OK;
    }
    return err;
}

enum err store_read_proof(struct store_reader *r, const struct imsi *imsi, struct store_proof *out)
{
    return proof_or_none(&r->c, imsi, out);
}

enum err store_read_cursor(struct store_reader *r, const char *repository, uint64_t *cursor)
{
    sqlite3_stmt *st = r->c.st[ST_CURSOR];
    enum err err = sqlite_err(sqlite3_bind_text(st, 1, repository, -1, SQLITE_STATIC));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        *cursor = (uint64_t)sqlite3_column_int64(st, 0);
    } else if (err == E_NOT_FOUND) {
        *cursor = 0;
        err = E_OK;
    }
    stmt_end(st);
    return err;
}

/* ---- writing ---- */

enum err store_writer_proof(struct store_writer *w, const struct imsi *imsi,
                            struct store_proof *out)
{
    enum err err = writer_check(w);
    if (err != E_OK) {
        return err;
    }
    err = proof_or_none(&w->c, imsi, out);
    return err == E_OK ? E_OK : writer_failed(w, err);
}

static enum err write_row(struct store_writer *w, const struct store_proof *row)
{
    enum err err = columns_bind(PROOF_COLUMNS, w->c.st[ST_PUT_PROOF], row);
    return err == E_OK ? writer_run(w, ST_PUT_PROOF) : err;
}

static enum err forget_elsewhere(struct store_writer *w, const struct store_proof *row)
{
    const int64_t v[] = {imei_key(&row->memory.imei), imsi_key(&row->imsi)};
    enum err err = writer_run_on_row(w, ST_FORGET_ELSEWHERE, 2, v);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err store_put_proof(struct store_writer *w, const struct store_proof *row)
{
    enum err err = writer_check(w);
    if (err != E_OK) {
        return err;
    }
    if (strnlen(row->last.cause, sizeof row->last.cause) == sizeof row->last.cause) {
        return E_BAD_LENGTH;
    }
    if (!row->remembered && !row->known) {
        err = writer_run_on_row(w, ST_DELETE_PROOF, 1, (int64_t[]){imsi_key(&row->imsi)});
        return err == E_NOT_FOUND ? E_OK : err;
    }
    err = row->remembered ? forget_elsewhere(w, row) : E_OK;
    return err == E_OK ? write_row(w, row) : err;
}

enum err store_forget_proof_of(struct store_writer *w, const struct imei *imei, struct imsi *whose)
{
    struct store_proof row;
    const int64_t key[] = {imei_key(imei)};
    enum err err = writer_check(w);
    if (err != E_OK) {
        return err;
    }
    err = read_proof(&w->c, ST_PROOF_OF, key[0], &row);
    if (err != E_OK) {
        return err == E_NOT_FOUND ? err : writer_failed(w, err);
    }
    err = writer_run_on_row(w, ST_FORGET_PROOF_OF, 1, key);
    if (err == E_OK) {
        *whose = row.imsi;
    }
    return err;
}

enum err store_set_cursor(struct store_writer *w, const char *repository, uint64_t cursor)
{
    sqlite3_stmt *st = w->c.st[ST_SET_CURSOR];
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_text(st, 1, repository, -1, SQLITE_STATIC));
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, (int64_t)cursor));
    }
    return err == E_OK ? writer_run(w, ST_SET_CURSOR) : err;
}
