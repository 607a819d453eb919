#include "store/store_internal.h"

/* A parameter of a point read or a list; binding numbers fails only without memory. */
static enum err bind_numbers(sqlite3_stmt *st, int n, const int64_t v[])
{
    int rc = SQLITE_OK;
    for (int i = 0; i < n && rc == SQLITE_OK; i++) {
        rc = sqlite3_bind_int64(st, i + 1, v[i]);
    }
    return sqlite_err(rc);
}

int64_t list_limit(size_t max)
{
    return max > INT32_MAX ? INT32_MAX : (int64_t)max;
}

/* ---- transactions ---- */

enum err store_reader_begin(struct store_reader *r)
{
    if (r->in_transaction) {
        return E_BAD_STATE;
    }
    enum err err = stmt_run(r->c.st[ST_READ_BEGIN]);
    r->in_transaction = err == E_OK;
    return err;
}

void store_reader_end(struct store_reader *r)
{
    if (r->in_transaction) {
        enum err err = stmt_run(r->c.st[ST_COMMIT]);
        if (err != E_OK) {
            stmt_try(r->c.st[ST_ROLLBACK]); /* nothing was written: only the snapshot ends */
        }
        r->in_transaction = false;
    }
}

/* ---- one subscriber ---- */

static enum err get_subscriber(struct connection *c, sqlite3_stmt *st, enum secrets secrets,
                               struct store_subscriber *out)
{
    enum err err = columns_get(subscriber_columns, st, out);
    if (err == E_OK && secrets == SECRETS_OPENED) {
        err = open_keys(c->sealer, &out->imsi, stmt_blob(st, subscriber_columns.n), &out->keys);
    }
    return err;
}

enum err read_subscriber(struct connection *c, const struct imsi *imsi, enum secrets secrets,
                         struct store_subscriber *out)
{
    sqlite3_stmt *st = c->st[ST_SUBSCRIBER];
    *out = (struct store_subscriber){0};
    enum err err = bind_numbers(st, 1, (int64_t[]){imsi_key(imsi)});
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = get_subscriber(c, st, secrets, out);
    }
    stmt_end(st);
    if (err != E_OK) {
        wipe(out, sizeof *out);
    }
    return err;
}

enum err store_read_subscriber(struct store_reader *r, const struct imsi *imsi,
                               struct store_subscriber *out)
{
    return read_subscriber(&r->c, imsi, SECRETS_OPENED, out);
}

/* ---- the devices of one subscriber ---- */

static enum err get_device(struct connection *c, sqlite3_stmt *st, struct store_device *out)
{
    *out = (struct store_device){0};
    enum err err = columns_get(device_columns, st, out);
    if (err == E_OK && out->has_kme) {
        err = open_kme(c->sealer, out, KME_ACTIVE, stmt_blob(st, device_columns.n));
    }
    if (err == E_OK && out->has_previous) {
        err = open_kme(c->sealer, out, KME_PREVIOUS, stmt_blob(st, device_columns.n + 1));
    }
    return err;
}

enum err read_devices(struct connection *c, const struct imsi *imsi,
                      struct store_device out[static STORE_DEVICES_MAX], size_t *n)
{
    sqlite3_stmt *st = c->st[ST_DEVICES];
    *n = 0;
    enum err err = bind_numbers(st, 1, (int64_t[]){imsi_key(imsi)});
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        err = *n < STORE_DEVICES_MAX ? get_device(c, st, &out[*n]) : E_IO;
        *n += err != E_IO; /* one that did not open is among what is wiped */
    }
    stmt_end(st);
    if (err == E_NOT_FOUND) { /* after the last row */
        return E_OK;
    }
    wipe(out, *n * sizeof *out);
    *n = 0;
    return err;
}

enum err store_read_devices(struct store_reader *r, const struct imsi *imsi,
                            struct store_device out[static STORE_DEVICES_MAX], size_t *n)
{
    return read_devices(&r->c, imsi, out, n);
}

/* ---- both, for vectors ---- */

/* One device of a row of ST_FOR_VECTORS. */
static enum err get_vector_device(struct connection *c, sqlite3_stmt *st, const struct imsi *imsi,
                                  struct store_device *out)
{
    int at = vector_columns.n + 1;
    *out = (struct store_device){.imsi = *imsi};
    enum err err = imei_of_key(sqlite3_column_int64(st, at), &out->imei) == E_OK ? E_OK : E_IO;
    struct bytes kme = stmt_blob(st, at + 1);
    struct bytes previous = stmt_blob(st, at + 2);
    out->has_kme = kme.p != NULL;
    out->has_previous = previous.p != NULL;
    if (err == E_OK && out->has_kme) {
        err = open_kme(c->sealer, out, KME_ACTIVE, kme);
    }
    if (err == E_OK && out->has_previous) {
        err = open_kme(c->sealer, out, KME_PREVIOUS, previous);
    }
    return err;
}

static enum err get_vector_devices(struct connection *c, sqlite3_stmt *st, const struct imsi *imsi,
                                   struct store_device out[static STORE_DEVICES_MAX], size_t *n)
{
    enum err err = E_OK;
    if (sqlite3_column_type(st, vector_columns.n + 1) == SQLITE_NULL) {
        return E_OK; /* the one row of a subscriber without devices */
    }
    while (err == E_OK) {
        if (*n == STORE_DEVICES_MAX) {
            return E_IO;
        }
        err = get_vector_device(c, st, imsi, &out[*n]);
        ++*n; /* one that did not open is among what is wiped */
        if (err == E_OK) {
            err = stmt_row(st);
            if (err == E_NOT_FOUND) { /* after the last row */
                return E_OK;
            }
        }
    }
    return err;
}

enum err store_read_for_vectors(struct store_reader *r, const struct imsi *imsi,
                                struct store_subscriber *out,
                                struct store_device devices[static STORE_DEVICES_MAX], size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_FOR_VECTORS];
    *out = (struct store_subscriber){.imsi = *imsi};
    *n = 0;
    enum err err = bind_numbers(st, 1, (int64_t[]){imsi_key(imsi)});
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = columns_get(vector_columns, st, out);
    }
    if (err == E_OK) {
        err = open_keys(r->c.sealer, imsi, stmt_blob(st, vector_columns.n), &out->keys);
    }
    if (err == E_OK) {
        err = get_vector_devices(&r->c, st, imsi, devices, n);
    }
    stmt_end(st);
    if (err != E_OK) {
        wipe(out, sizeof *out);
        wipe(devices, *n * sizeof *devices);
        *n = 0;
    }
    return err;
}

/* ---- lists ---- */

enum err list_rows(sqlite3_stmt *st, struct columns c, void *out, size_t row_size, size_t max,
                   size_t *n)
{
    uint8_t *row = out;
    enum err err = E_OK;
    *n = 0;
    while (*n < max && (err = stmt_row(st)) == E_OK) {
        for (size_t i = 0; i < row_size; i++) {
            row[i] = 0;
        }
        if ((err = columns_get(c, st, row)) != E_OK) {
            break;
        }
        row += row_size;
        ++*n;
    }
    stmt_end(st);
    if (err == E_OK || err == E_NOT_FOUND) {
        return E_OK;
    }
    *n = 0;
    return err;
}

enum err store_list_subscribers(struct store_reader *r, const struct imsi *after,
                                struct store_subscriber *out, size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_SUBSCRIBERS];
    *n = 0;
    enum err err = bind_numbers(st, 2, (int64_t[]){imsi_key(after), list_limit(max)});
    return err == E_OK ? list_rows(st, subscriber_columns, out, sizeof *out, max, n) : err;
}

enum err store_list_devices(struct store_reader *r, const struct imsi *after_imsi,
                            const struct imei *after_imei, struct store_device *out, size_t max,
                            size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_DEVICES];
    *n = 0;
    enum err err = bind_numbers(
        st, 3, (int64_t[]){imsi_key(after_imsi), imei_key(after_imei), list_limit(max)});
    return err == E_OK ? list_rows(st, device_columns, out, sizeof *out, max, n) : err;
}

enum err store_read_imsis_of(struct store_reader *r, const struct imei *imei, struct imsi *out,
                             size_t max, size_t *n)
{
    static const struct column imsi[] = {{COL_IMSI, 0, sizeof(struct imsi), 0}};
    sqlite3_stmt *st = r->c.st[ST_IMSIS_OF];
    *n = 0;
    enum err err = bind_numbers(st, 2, (int64_t[]){imei_key(imei), list_limit(max)});
    return err == E_OK ? list_rows(st, (struct columns){imsi, 1}, out, sizeof *out, max, n) : err;
}

/* SQLite numbers are signed; no id is above its largest. */
static int64_t event_id(uint64_t id)
{
    return id > INT64_MAX ? INT64_MAX : (int64_t)id;
}

static enum err list_events(sqlite3_stmt *st, uint64_t from, const char *name,
                            struct store_event *out, size_t max, size_t *n)
{
    *n = 0;
    enum err err = bind_numbers(st, 2, (int64_t[]){event_id(from), list_limit(max)});
    if (err == E_OK && name != NULL) {
        err = sqlite_err(sqlite3_bind_text(st, 3, name, -1, SQLITE_STATIC));
    }
    return err == E_OK ? list_rows(st, event_columns, out, sizeof *out, max, n) : err;
}

enum err store_list_events(struct store_reader *r, uint64_t after, const char *name,
                           struct store_event *out, size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[name == NULL ? ST_LIST_EVENTS : ST_LIST_EVENTS_NAMED];
    return list_events(st, after, name, out, max, n);
}

enum err store_list_events_back(struct store_reader *r, uint64_t before, const char *name,
                                struct store_event *out, size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[name == NULL ? ST_LIST_EVENTS_BACK : ST_LIST_EVENTS_BACK_NAMED];
    return list_events(st, before, name, out, max, n);
}

/* ---- numbers ---- */

enum err store_count(struct store_reader *r, uint64_t *subscribers, uint64_t *devices)
{
    sqlite3_stmt *st = r->c.st[ST_COUNT];
    enum err err = stmt_row(st);
    if (err == E_OK) {
        *subscribers = (uint64_t)sqlite3_column_int64(st, 0);
        *devices = (uint64_t)sqlite3_column_int64(st, 1);
    }
    stmt_end(st);
    return err;
}

enum err store_read_mark(struct store_reader *r, uint64_t *mark)
{
    sqlite3_stmt *st = r->c.st[ST_MARK];
    enum err err = stmt_row(st);
    if (err == E_OK) {
        *mark = (uint64_t)sqlite3_column_int64(st, 0);
    } else if (err == E_NOT_FOUND) {
        *mark = 0;
        err = E_OK;
    }
    stmt_end(st);
    return err;
}
