#include "store/store_sealed.h"

#include "store/store_backup_parts.h"
#include "store/store_sealed_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOLD_EACH 16384u /* values: some tenths of a second */

const struct sealed_column sealed_columns[SEALED_COLUMNS] = {
    {"subscriber.keys", "subscriber", "keys",
     "SELECT imsi, -1, '', keys FROM subscriber WHERE imsi > ?1 ORDER BY imsi",
     "UPDATE subscriber SET keys = ?4 WHERE imsi = ?1", false, false},
    {"device.kme", "device", "kme",
     "SELECT imsi, imei, '', kme FROM device WHERE (imsi, imei) > (?1, ?2) ORDER BY imsi, imei",
     "UPDATE device SET kme = ?4 WHERE imsi = ?1 AND imei = ?2", false, true},
    {"device.previous", "device", "previous",
     "SELECT imsi, imei, '', previous FROM device WHERE (imsi, imei) > (?1, ?2)"
     " ORDER BY imsi, imei",
     "UPDATE device SET previous = ?4 WHERE imsi = ?1 AND imei = ?2", false, true},
    {"provisioning.nw_sig", "provisioning", "nw_sig",
     "SELECT imsi, -1, '', nw_sig FROM provisioning WHERE imsi > ?1 ORDER BY imsi",
     "UPDATE provisioning SET nw_sig = ?4 WHERE imsi = ?1", false, false},
    {"dimsi.challenge", "dimsi_paper", "challenge",
     "SELECT dimsi, -1, '', challenge FROM dimsi_paper WHERE dimsi > ?1 ORDER BY dimsi",
     "UPDATE dimsi_paper SET challenge = ?4 WHERE dimsi = ?1", false, false},
    {"lot.key", "lot", "key", "SELECT 0, -1, id, key FROM lot WHERE id > ?3 ORDER BY id",
     "UPDATE lot SET key = ?4 WHERE id = ?3", true, false},
};

/* ---- whose one ---- */

struct store_sealed_value sealed_value_of(const struct seal_row *row)
{
    struct store_sealed_value v = {.place = row->place};
    if (row->text != NULL) {
        (void)snprintf(v.lot, sizeof v.lot, "%s", row->text);
        return v;
    }
    if (imsi_of_key(row->first, &v.imsi) != E_OK) {
        v.imsi = (struct imsi){.n = 0}; /* the row's own key is damaged */
    }
    if (row->second >= 0 && imei_of_key(row->second, &v.imei) != E_OK) {
        v.imei = (struct imei){0};
    }
    return v;
}

void damaged_add(struct store_damaged *d, const struct store_sealed_value *v)
{
    if (d->n < STORE_DAMAGED_MAX) {
        d->v[d->n++] = *v;
    }
}

void store_sealed_text(const struct store_sealed_value *v, char out[static STORE_SEALED_TEXT_MAX])
{
    const bool has_imei = v->imei.digits[0] != '\0';
    if (v->lot[0] != '\0') {
        (void)snprintf(out, STORE_SEALED_TEXT_MAX, "%s of lot %s", v->place, v->lot);
    } else {
        (void)snprintf(out, STORE_SEALED_TEXT_MAX, "%s of IMSI %s%s%s", v->place,
                       v->imsi.n > 0 ? v->imsi.digits : "(unknown)", has_imei ? ", IMEI " : "",
                       has_imei ? v->imei.digits : "");
    }
}

/* ---- every one ---- */

enum err sealed_looked(struct sealed_look *l, const struct store_sealed_value *v, enum err err)
{
    if (err == E_CRYPTO || err == E_MEMORY) {
        return err;
    }
    if (err != E_OK) {
        damaged_add(&l->out->damaged, v);
        l->out->failed++;
    }
    if (++l->out->looked % TOLD_EACH == 0 && l->told != NULL) {
        l->told(l->ctx, l->out->looked);
    }
    return E_OK;
}

static enum err bind_beginning(sqlite3_stmt *st, const struct sealed_column *c)
{
    if (c->by_text) {
        return sqlite_err(sqlite3_bind_text(st, 3, "", -1, SQLITE_STATIC));
    }
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, -1));
    return err == E_OK && c->by_two ? sqlite_err(sqlite3_bind_int64(st, 2, -1)) : err;
}

static enum err open_row(sqlite3_stmt *st, const struct sealed_column *c, struct sealer *s,
                         struct sealed_look *l)
{
    const struct bytes sealed = stmt_blob(st, 3);
    const char *text = (const char *)sqlite3_column_text(st, 2);
    const struct seal_row row = {c->place, c->by_text ? (text == NULL ? "" : text) : NULL,
                                 sqlite3_column_int64(st, 0), sqlite3_column_int64(st, 1)};
    if (sealed.n == 0) {
        return E_OK; /* there is none in this row */
    }
    const struct store_sealed_value v = sealed_value_of(&row);
    return sealed_looked(l, &v, seal_opens(s, &row, sealed));
}

/* A schema of an older program may not have it yet. */
static enum err has_column(sqlite3 *db, const struct sealed_column *c, bool *has)
{
    char sql[160];
    int64_t n = 0;
    (void)snprintf(sql, sizeof sql,
                   "SELECT count(*) FROM pragma_table_info('%s') WHERE name = '%s'", c->table,
                   c->column);
    enum err err = backup_number(db, sql, &n);
    *has = n > 0;
    return err;
}

static enum err open_column(sqlite3 *db, const struct sealed_column *c, struct sealer *s,
                            struct sealed_look *l)
{
    sqlite3_stmt *st = NULL;
    bool has = false;
    enum err err = has_column(db, c, &has);
    if (err != E_OK || !has) {
        return err;
    }
    err = sqlite_err(sqlite3_prepare_v2(db, c->next, -1, &st, NULL));
    if (err == E_OK) {
        err = bind_beginning(st, c);
    }
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        err = open_row(st, c, s, l);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err sealed_open_hss(sqlite3 *db, struct sealer *s, struct sealed_look *l)
{
    enum err err = E_OK;
    for (size_t i = 0; i < SEALED_COLUMNS && err == E_OK; i++) {
        err = open_column(db, &sealed_columns[i], s, l);
    }
    return err;
}

/* ---- of a backup ---- */

static enum err sealer_of(sqlite3 *db, const char *backup, const char *kek_path,
                          struct sealer **out, struct store_why *why)
{
    const struct store_options named = {.path = backup, .kek_path = kek_path};
    struct seal_key kek = {.b = {0}};
    struct store_keys *keys = calloc(1, sizeof *keys);
    enum err err =
        keys == NULL ? why_set(why, E_MEMORY, "no memory") : kek_load(kek_path, &kek, why);
    if (err == E_OK) {
        err = store_keys_load(db, &named, &kek, keys, why);
    }
    if (err == E_OK && (err = store_keys_sealer(keys, out)) != E_OK) {
        err = why_set(why, err, "%s: %s", backup, err_sentence(err));
    }
    wipe(&kek, sizeof kek);
    if (keys != NULL) {
        wipe(keys, sizeof *keys);
    }
    free(keys);
    return err;
}

static const struct store_file_kind *kind_of(const char *backup)
{
    uint32_t application = 0;
    return backup_application(backup, &application) ? store_kind_of(application) : NULL;
}

enum err store_backup_open_all(const char *backup, const char *kek_path,
                               void (*told)(void *ctx, uint64_t looked), void *ctx,
                               struct store_opened *out, struct store_why *why)
{
    const struct store_file_kind *kind = kind_of(backup);
    struct sealed_look look = {out, told, ctx};
    struct sealer *sealer = NULL;
    sqlite3 *db = NULL;
    *out = (struct store_opened){.has_sealed = false};
    *why = (struct store_why){E_OK, ""};
    if (kind == NULL || kind->open_all == NULL) {
        return E_OK;
    }
    out->has_sealed = true;
    enum err err = backup_connect(backup, SQLITE_OPEN_READONLY, &db);
    if (err != E_OK) {
        err = why_set(why, err, "%s cannot be opened: %s", backup, sqlite3_errmsg(db));
    }
    if (err == E_OK) {
        err = sealer_of(db, backup, kek_path, &sealer, why);
    }
    if (err == E_OK && (err = kind->open_all(db, sealer, &look)) != E_OK) {
        err = why_set(why, err, "%s: its sealed values cannot be read: %s", backup,
                      err_sentence(err));
    }
    sealer_free(sealer);
    (void)sqlite3_close(db); /* only read */
    return err;
}
