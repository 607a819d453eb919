/* The lists of the EIR: rules as the operator gave them. What they mean together is proc/eir.h's.
 */
#include "store/store_internal.h"

#include "id/imei_range.h"

#include <string.h>

#define EIR_LISTS 3

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct store_eir_rule, member), sizeof((struct store_eir_rule *)0)->member, \
            0                                                                                      \
    }
static const struct column rule_columns[] = {COL(COL_INT, first), COL(COL_INT, last),
                                             COL(COL_INT, list), COL(COL_TEXT, note)};
#define RULE_COLUMNS                                                                               \
    ((struct columns){rule_columns, (int)(sizeof rule_columns / sizeof *rule_columns)})
#define RULE_KEY ((struct columns){rule_columns, 3})

/* ---- reading ---- */

static enum err read_eir(struct connection *c, struct store_eir *out)
{
    sqlite3_stmt *st = c->st[ST_EIR];
    enum err err = stmt_row(st);
    if (err == E_OK) {
        out->rules = (uint64_t)sqlite3_column_int64(st, 0);
        out->version = (uint64_t)sqlite3_column_int64(st, 1);
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_IO : err; /* the schema puts the row there */
}

enum err store_read_eir(struct store_reader *r, struct store_eir *out)
{
    return read_eir(&r->c, out);
}

enum err store_list_eir_rules(struct store_reader *r, const struct store_eir_rule *after,
                              struct store_eir_rule *out, size_t max, size_t *n)
{
    static const struct store_eir_rule first = {0}; /* no list is 0: below all others */
    sqlite3_stmt *st = r->c.st[ST_LIST_EIR_RULES];
    enum err err = columns_bind(RULE_KEY, st, after != NULL ? after : &first);
    *n = 0;
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 4, max > INT32_MAX ? INT32_MAX : (int64_t)max));
    }
    while (err == E_OK && *n < max && (err = stmt_row(st)) == E_OK) {
        out[*n] = (struct store_eir_rule){0};
        err = columns_get(RULE_COLUMNS, st, &out[*n]);
        *n += err == E_OK;
    }
    stmt_end(st);
    if (err == E_OK || err == E_NOT_FOUND) {
        return E_OK;
    }
    *n = 0;
    return err;
}

/* The note of the rule with this key. */
static enum err read_note(struct connection *c, const struct store_eir_rule *key,
                          char note[static STORE_NOTE_MAX])
{
    static const struct column column = {COL_TEXT, 0, STORE_NOTE_MAX, 0};
    sqlite3_stmt *st = c->st[ST_EIR_NOTE];
    enum err err = columns_bind(RULE_KEY, st, key);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = columns_get((struct columns){&column, 1}, st, note);
    }
    stmt_end(st);
    return err;
}

enum err store_read_eir_note(struct store_reader *r, struct store_eir_rule *rule)
{
    return read_note(&r->c, rule, rule->note);
}

static enum err get_pairing(sqlite3_stmt *st, struct store_pairing *out)
{
    struct store_pairing p = {.policy = (uint8_t)sqlite3_column_int(st, 0),
                              .has_last_imei = sqlite3_column_type(st, 1) != SQLITE_NULL,
                              .device_listed = sqlite3_column_int(st, 2) != 0};
    enum err err = p.has_last_imei ? imei_of_key(sqlite3_column_int64(st, 1), &p.last_imei) : E_OK;
    if (err == E_OK) {
        *out = p;
    }
    return err;
}

enum err store_read_pairing(struct store_reader *r, const struct imsi *imsi,
                            const struct imei *imei, struct store_pairing *out)
{
    sqlite3_stmt *st = r->c.st[ST_PAIRING];
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, imsi_key(imsi)));
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 2, imei_key(imei)));
    }
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = get_pairing(st, out);
    }
    stmt_end(st);
    return err;
}

/* ---- writing ---- */

enum err store_writer_eir_note(struct store_writer *w, struct store_eir_rule *rule)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = read_note(&w->c, rule, rule->note);
        err = err == E_OK || err == E_NOT_FOUND ? err : writer_failed(w, err);
    }
    return err;
}

static enum err check_rule(const struct store_eir_rule *row)
{
    if (row->first > row->last || row->last >= IMEI_NUMBERS || row->list < 1 ||
        row->list > EIR_LISTS) {
        return E_BAD_VALUE;
    }
    return strnlen(row->note, sizeof row->note) < sizeof row->note ? E_OK : E_BAD_LENGTH;
}

static enum err add_rule(struct store_writer *w, const struct store_eir_rule *row, uint64_t most)
{
    struct store_eir now;
    enum err err = read_eir(&w->c, &now);
    if (err != E_OK) {
        return writer_failed(w, err);
    }
    if (now.rules >= most) {
        return E_NO_ROOM;
    }
    err = columns_bind(RULE_COLUMNS, w->c.st[ST_PUT_EIR_RULE], row);
    if (err == E_OK) {
        err = writer_run(w, ST_PUT_EIR_RULE);
    }
    return err == E_OK ? writer_run_on_row(w, ST_EIR_MOVED, 1, (int64_t[]){1}) : err;
}

static enum err change_note(struct store_writer *w, const struct store_eir_rule *row)
{
    enum err err = columns_bind(RULE_COLUMNS, w->c.st[ST_PUT_EIR_RULE], row);
    return err == E_OK ? writer_run(w, ST_PUT_EIR_RULE) : err;
}

enum err store_put_eir_rule(struct store_writer *w, const struct store_eir_rule *row, uint64_t most,
                            enum store_did *did)
{
    char note[STORE_NOTE_MAX];
    enum store_did done = STORE_UNCHANGED;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = check_rule(row);
    }
    if (err != E_OK) {
        return err;
    }
    err = read_note(&w->c, row, note);
    if (err == E_NOT_FOUND) {
        done = STORE_ADDED;
        err = add_rule(w, row, most);
    } else if (err != E_OK) {
        err = writer_failed(w, err);
    } else if (strcmp(note, row->note) != 0) {
        done = STORE_CHANGED;
        err = change_note(w, row);
    }
    if (err == E_OK) {
        *did = done;
    }
    return err;
}

enum err store_remove_eir_rule(struct store_writer *w, const struct store_eir_rule *row)
{
    const int64_t key[] = {(int64_t)row->first, (int64_t)row->last, row->list};
    enum err err =
        row->last < IMEI_NUMBERS ? writer_run_on_row(w, ST_DELETE_EIR_RULE, 3, key) : E_NOT_FOUND;
    return err == E_OK ? writer_run_on_row(w, ST_EIR_MOVED, 1, (int64_t[]){-1}) : err;
}
