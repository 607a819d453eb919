/* How the provisioning of KMEs stands, and the devices that it leaves a subscription with. What it
 * means is proc/kme.h's. */
#include "store/store_internal.h"

#include <string.h>

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct store_kme, member), sizeof(((struct store_kme *)0)->member), 0       \
    }
static const struct column kme_columns[] = {
    COL(COL_IMSI, imsi),
    COL(COL_INT, request),
    {COL_OPTIONAL_IMEI, offsetof(struct store_kme, request_imei), sizeof(struct imei),
     offsetof(struct store_kme, request_has_imei)},
    COL(COL_INT, phase),
    COL(COL_INT, due),
    COL(COL_BLOB, nonce),
    COL(COL_INT, expires),
    COL(COL_BOOL, has_taken),
    COL(COL_BLOB, digest),
};
#define KME_COLUMNS ((struct columns){kme_columns, (int)(sizeof kme_columns / sizeof *kme_columns)})

/* ---- reading ---- */

static enum err get_kme(struct connection *c, sqlite3_stmt *st, struct store_kme *out)
{
    enum err err = columns_get(KME_COLUMNS, st, out);
    if (err == E_OK && out->has_taken) {
        err = open_nw_sig(c->sealer, &out->imsi, stmt_blob(st, KME_COLUMNS.n), out->nw_sig);
    }
    return err;
}

static enum err read_kme(struct connection *c, const struct imsi *imsi, struct store_kme *out)
{
    sqlite3_stmt *st = c->st[ST_KME];
    *out = (struct store_kme){.request = 0};
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, imsi_key(imsi)));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = get_kme(c, st, out);
    }
    stmt_end(st);
    if (err == E_NOT_FOUND) {
        *out = (struct store_kme){.imsi = *imsi};
        err = E_OK;
    }
    if (err != E_OK) {
        wipe(out, sizeof *out);
    }
    return err;
}

enum err store_read_kme(struct store_reader *r, const struct imsi *imsi, struct store_kme *out)
{
    return read_kme(&r->c, imsi, out);
}

enum err store_writer_kme(struct store_writer *w, const struct imsi *imsi, struct store_kme *out)
{
    enum err err = writer_check(w);
    if (err != E_OK) {
        wipe(out, sizeof *out);
        return err;
    }
    err = read_kme(&w->c, imsi, out);
    return err == E_OK ? E_OK : writer_failed(w, err);
}

/* ---- writing how it stands ---- */

static bool is_zero(const uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (p[i] != 0) {
            return false;
        }
    }
    return true;
}

static bool says_nothing(const struct store_kme *row)
{
    return row->request == 0 && !row->request_has_imei && row->phase == 0 && row->due == 0 &&
           is_zero(row->nonce, sizeof row->nonce) && row->expires == 0 && !row->has_taken &&
           is_zero(row->digest, sizeof row->digest);
}

static bool imei_whole(const struct imei *imei)
{
    return strnlen(imei->digits, sizeof imei->digits) == IMEI_DIGITS;
}

static enum err write_kme(struct store_writer *w, const struct store_kme *row,
                          const struct sealed *nw_sig)
{
    sqlite3_stmt *st = w->c.st[ST_PUT_KME];
    enum err err = columns_bind(KME_COLUMNS, st, row);
    if (err == E_OK) {
        err = bind_octets(st, KME_COLUMNS.n + 1, (struct bytes){nw_sig->b, nw_sig->n});
    }
    return err == E_OK ? writer_run(w, ST_PUT_KME) : err;
}

static enum err put_row(struct store_writer *w, const struct store_kme *row)
{
    struct sealed nw_sig = {.n = 0};
    enum err err = E_OK;
    if (says_nothing(row)) {
        err = writer_run_on_row(w, ST_DELETE_KME, 1, (int64_t[]){imsi_key(&row->imsi)});
        return err == E_NOT_FOUND ? E_OK : err;
    }
    if (row->has_taken) {
        err = seal_nw_sig(w->c.sealer, &row->imsi, row->nw_sig, &nw_sig);
    }
    return err == E_OK ? write_kme(w, row, &nw_sig) : err;
}

enum err store_put_kme(struct store_writer *w, const struct store_kme *row)
{
    struct store_subscriber owner;
    enum err err = writer_subscriber_closed(w, &row->imsi, &owner);
    if (err == E_OK && row->request_has_imei && !imei_whole(&row->request_imei)) {
        err = E_BAD_LENGTH;
    }
    if (err == E_OK) {
        err = put_row(w, row);
    }
    if (err == E_OK && owner.kme_request != row->request) {
        err = writer_run_on_row(w, ST_SET_KME_REQUEST, 2,
                                (int64_t[]){imsi_key(&row->imsi), row->request});
    }
    return err;
}

/* ---- the devices it leaves ---- */

struct device_change {
    bool write, insert;
    struct sealed_device sealed;
};

static bool same_device(const struct store_device *a, const struct store_device *b)
{
    bool keys = a->has_kme == b->has_kme && (!a->has_kme || same_kme(&a->kme, &b->kme));
    bool before = a->has_previous == b->has_previous &&
                  (!a->has_previous || same_kme(&a->previous, &b->previous));
    return keys && before && a->kme_since == b->kme_since && a->kme_used == b->kme_used &&
           strcmp(a->kme_lot, b->kme_lot) == 0;
}

static const struct store_device *device_of(const struct store_device *rows, size_t n,
                                            const struct imei *imei)
{
    for (size_t i = 0; i < n; i++) {
        if (imei_eq(&rows[i].imei, imei)) {
            return &rows[i];
        }
    }
    return NULL;
}

static enum err check_devices(const struct store_device *rows, size_t n)
{
    if (n > STORE_DEVICES_MAX) {
        return E_NO_ROOM;
    }
    for (size_t i = 0; i < n; i++) {
        if (!imei_whole(&rows[i].imei) ||
            strnlen(rows[i].kme_lot, sizeof rows[i].kme_lot) == sizeof rows[i].kme_lot) {
            return E_BAD_LENGTH;
        }
        if (device_of(rows, i, &rows[i].imei) != NULL) {
            return E_EXISTS;
        }
    }
    return E_OK;
}

/* Seals what is to be written, so that nothing is when one secret cannot be. */
static enum err plan(struct store_writer *w, const struct store_device *old, size_t n_old,
                     const struct store_device *row, struct device_change *out)
{
    const struct store_device *before = device_of(old, n_old, &row->imei);
    out->insert = before == NULL;
    out->write = before == NULL || !same_device(before, row);
    return out->write ? seal_device(w, row, &out->sealed) : E_OK;
}

static enum err remove_others(struct store_writer *w, const struct store_device *old, size_t n_old,
                              const struct store_device *rows, size_t n)
{
    enum err err = E_OK;
    for (size_t i = 0; i < n_old && err == E_OK; i++) {
        if (device_of(rows, n, &old[i].imei) == NULL) {
            err = store_remove_device(w, &old[i].imsi, &old[i].imei);
        }
    }
    return err;
}

/* rows[].imsi is the subscription's. */
static enum err set_devices(struct store_writer *w, const struct store_device *old, size_t n_old,
                            const struct store_device *rows, size_t n)
{
    struct device_change changes[STORE_DEVICES_MAX];
    enum err err = E_OK;
    for (size_t i = 0; i < n && err == E_OK; i++) {
        err = plan(w, old, n_old, &rows[i], &changes[i]);
    }
    if (err == E_OK) {
        err = remove_others(w, old, n_old, rows, n);
    }
    for (size_t i = 0; i < n && err == E_OK; i++) {
        if (changes[i].write) {
            err = write_device(w, changes[i].insert ? ST_INSERT_DEVICE : ST_UPDATE_DEVICE, &rows[i],
                               &changes[i].sealed);
        }
    }
    return err;
}

enum err store_set_devices(struct store_writer *w, const struct imsi *imsi,
                           const struct store_device *rows, size_t n)
{
    struct store_device old[STORE_DEVICES_MAX], now[STORE_DEVICES_MAX];
    struct store_subscriber owner;
    size_t n_old = 0;
    enum err err = check_devices(rows, n);
    if (err != E_OK) {
        return err;
    }
    err = writer_subscriber_closed(w, imsi, &owner);
    if (err == E_OK) {
        err = store_writer_devices(w, imsi, old, &n_old);
    }
    if (err == E_OK) {
        for (size_t i = 0; i < n; i++) {
            now[i] = rows[i];
            now[i].imsi = *imsi;
        }
        err = set_devices(w, old, n_old, now, n);
        wipe(now, n * sizeof now[0]);
    }
    wipe(old, n_old * sizeof old[0]);
    return err;
}

enum err store_kme_was_used(struct store_writer *w, const struct imsi *imsi,
                            const struct imei *imei, int64_t at)
{
    return writer_run_on_row(w, ST_KME_WAS_USED, 3,
                             (int64_t[]){imsi_key(imsi), imei_key(imei), at});
}
