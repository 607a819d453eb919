#include "store/store_internal.h"
#include "store/store_node.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <time.h>

/* ---- batches ---- */

/* Right after the statement that failed: SQLite keeps no older failure than its last one. Of a
 * COMMIT it does not keep the system's reason, which errno still is: batches begin with 0. */
static void note_full(struct store_writer *w)
{
    const int left = errno;
    const int rc = sqlite3_errcode(w->c.db) & 0xff;
    const int kept = rc == SQLITE_IOERR ? sqlite3_system_errno(w->c.db) : 0;
    const int why = rc == SQLITE_IOERR && kept == 0 ? left : kept;
    w->full = w->full || rc == SQLITE_FULL || why == ENOSPC || why == EDQUOT || why == EFBIG;
}

bool store_writer_is_full(const struct store_writer *w)
{
    return w->full;
}

enum err store_begin(struct store_writer *w)
{
    if (w->in_batch) {
        return E_BAD_STATE;
    }
    w->full = false;
    errno = 0;
    enum err err = stmt_run(w->c.st[ST_WRITE_BEGIN]);
    if (err == E_IO) {
        note_full(w);
    }
    w->in_batch = err == E_OK;
    w->failed = false;
    return err;
}

void store_rollback(struct store_writer *w)
{
    if (w->in_batch) {
        if (!sqlite3_get_autocommit(w->c.db)) {
            stmt_try(w->c.st[ST_ROLLBACK]);
        }
        w->in_batch = false;
        w->failed = false;
        writer_keys_dropped(w);
    }
}

enum err store_commit(struct store_writer *w)
{
    if (!w->in_batch) {
        return E_BAD_STATE;
    }
    enum err err = w->failed ? E_IO : stmt_run(w->c.st[ST_COMMIT]);
    if (err != E_OK) {
        if (!w->failed) {
            note_full(w);
        }
        store_rollback(w);
        return E_IO;
    }
    w->in_batch = false;
    writer_keys_committed(w);
    return E_OK;
}

/* After a failure of disk or memory SQLite may have ended the transaction, and what came next would
 * be committed on its own: such a batch takes nothing more. */
enum err writer_failed(struct store_writer *w, enum err err)
{
    if (err == E_IO || err == E_MEMORY || err == E_BUSY || sqlite3_get_autocommit(w->c.db)) {
        if (!w->failed) {
            note_full(w);
        }
        w->failed = true;
        return E_IO;
    }
    return err;
}

enum err writer_check(const struct store_writer *w)
{
    if (!w->in_batch) {
        return E_BAD_STATE;
    }
    return w->failed ? E_IO : E_OK;
}

/* Runs a bound statement. */
enum err writer_run(struct store_writer *w, enum statement which)
{
    enum err err = stmt_run(w->c.st[which]);
    return err == E_OK ? E_OK : writer_failed(w, err);
}

enum err store_step_begin(struct store_writer *w)
{
    enum err err = writer_check(w);
    return err == E_OK ? writer_run(w, ST_STEP_BEGIN) : err;
}

/* SQLite keeps a savepoint that was rolled back to, so it is released either way. */
enum err store_step_end(struct store_writer *w, bool keep)
{
    enum err err = writer_check(w);
    if (err == E_OK && !keep) {
        err = writer_run(w, ST_STEP_UNDO);
    }
    return err == E_OK ? writer_run(w, ST_STEP_KEEP) : err;
}

/* Runs a statement whose parameters are numbers, and which must touch a row. */
enum err writer_run_on_row(struct store_writer *w, enum statement which, int n, const int64_t v[])
{
    enum err err = writer_check(w);
    for (int i = 0; i < n && err == E_OK; i++) {
        err = sqlite_err(sqlite3_bind_int64(w->c.st[which], i + 1, v[i]));
    }
    if (err == E_OK) {
        err = writer_run(w, which);
    }
    return err == E_OK && sqlite3_changes(w->c.db) == 0 ? E_NOT_FOUND : err;
}

enum err bind_octets(sqlite3_stmt *st, int i, struct bytes v)
{
    return sqlite_err(v.n == 0 ? sqlite3_bind_null(st, i)
                               : sqlite3_bind_blob(st, i, v.p, (int)v.n, SQLITE_STATIC));
}

static enum err bind_sealed(sqlite3_stmt *st, int i, const struct sealed *sealed)
{
    return bind_octets(st, i, (struct bytes){sealed->b, sealed->n});
}

/* ---- reading inside the batch ---- */

static enum err read_row(struct store_writer *w, const struct imsi *imsi, enum secrets secrets,
                         struct store_subscriber *out)
{
    enum err err = writer_check(w);
    if (err != E_OK) {
        wipe(out, sizeof *out);
        return err;
    }
    err = read_subscriber(&w->c, imsi, secrets, out);
    return err == E_MEMORY || err == E_IO ? writer_failed(w, err) : err;
}

enum err store_writer_subscriber(struct store_writer *w, const struct imsi *imsi,
                                 struct store_subscriber *out)
{
    return read_row(w, imsi, SECRETS_OPENED, out);
}

enum err writer_subscriber_closed(struct store_writer *w, const struct imsi *imsi,
                                  struct store_subscriber *out)
{
    return read_row(w, imsi, SECRETS_CLOSED, out);
}

enum err store_writer_devices(struct store_writer *w, const struct imsi *imsi,
                              struct store_device out[static STORE_DEVICES_MAX], size_t *n)
{
    *n = 0;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = read_devices(&w->c, imsi, out, n);
    }
    return err == E_MEMORY || err == E_IO ? writer_failed(w, err) : err;
}

/* ---- subscribers ---- */

/* Does `how` agree with whether the row is there? */
static enum err check_how(enum store_put how, bool there)
{
    if (how == STORE_INSERT && there) {
        return E_EXISTS;
    }
    return how == STORE_UPDATE && !there ? E_NOT_FOUND : E_OK;
}

static bool ended(const char *text, size_t room)
{
    return strnlen(text, room) < room;
}

static enum err check_subscriber(const struct store_subscriber *row)
{
    bool texts = ended(row->msisdn, sizeof row->msisdn) && ended(row->profile, sizeof row->profile);
    bool imsi = row->imsi.n >= IMSI_DIGITS_MIN && row->imsi.n <= IMSI_DIGITS_MAX;
    return texts && imsi ? aka_keys_check(&row->keys) : E_BAD_LENGTH;
}

static bool same_secret(const uint8_t *a, size_t a_n, const uint8_t *b, size_t b_n)
{
    return crypto_ct_eq((struct bytes){a, a_n}, (struct bytes){b, b_n});
}

static bool same_keys(const struct aka_keys *a, const struct aka_keys *b)
{
    bool k = same_secret(a->k.b, a->k.n, b->k.b, b->k.n);
    bool opc = same_secret(a->opc.b, a->opc.n, b->opc.b, b->opc.n);
    return k && opc && a->algorithm == b->algorithm && a->res_len == b->res_len &&
           a->keccak_iterations == b->keccak_iterations;
}

static bool same_admin(const struct store_subscriber *a, const struct store_subscriber *b)
{
    return a->policy == b->policy && a->proof == b->proof && a->suspended == b->suspended &&
           strcmp(a->msisdn, b->msisdn) == 0 && strcmp(a->profile, b->profile) == 0;
}

/* dif is the caller's to choose: it is not always row->dif. */
static enum err write_subscriber(struct store_writer *w, enum statement which,
                                 const struct store_subscriber *row, int64_t dif)
{
    sqlite3_stmt *st = w->c.st[which];
    struct sealed keys;
    enum err err = seal_keys(w->c.sealer, &row->imsi, &row->keys, &keys);
    if (err == E_OK) {
        err = columns_bind(subscriber_admin_columns, st, row);
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 5, dif));
    }
    if (err == E_OK) {
        err = bind_sealed(st, subscriber_admin_columns.n + 1, &keys);
    }
    return err == E_OK ? writer_run(w, which) : err;
}

static enum err change_subscriber(struct store_writer *w, const struct store_subscriber *old,
                                  const struct store_subscriber *row, enum store_did *did)
{
    bool keys = same_keys(&old->keys, &row->keys);
    if (keys && same_admin(old, row)) {
        *did = STORE_UNCHANGED;
        return E_OK;
    }
    enum err err = write_subscriber(w, ST_UPDATE_SUBSCRIBER, row, keys ? old->dif : row->dif);
    if (err == E_OK) {
        *did = STORE_CHANGED;
    }
    return err;
}

static enum err insert_subscriber(struct store_writer *w, const struct store_subscriber *row,
                                  enum store_did *did)
{
    enum err err = write_subscriber(w, ST_INSERT_SUBSCRIBER, row, row->dif);
    if (err == E_OK) {
        err = pool_rest_no_more(w, &row->imsi);
    }
    if (err == E_OK) {
        *did = STORE_ADDED;
    }
    return err;
}

enum err store_put_subscriber(struct store_writer *w, enum store_put how,
                              const struct store_subscriber *row, enum store_did *did)
{
    struct store_subscriber old;
    enum err err = check_subscriber(row);
    if (err != E_OK) {
        return err;
    }
    err = store_writer_subscriber(w, &row->imsi, &old);
    if (err == E_OK || err == E_NOT_FOUND) {
        bool there = err == E_OK;
        err = check_how(how, there);
        if (err == E_OK && there) {
            err = change_subscriber(w, &old, row, did);
        } else if (err == E_OK) {
            err = insert_subscriber(w, row, did);
        }
    }
    wipe(&old, sizeof old);
    return err;
}

enum err writer_remove_subscriber(struct store_writer *w, const struct imsi *imsi)
{
    const int64_t key[] = {imsi_key(imsi)};
    enum err err = writer_run_on_row(w, ST_DELETE_SUBSCRIBER, 1, key);
    if (err == E_OK) {
        err = writer_run_on_row(w, ST_DELETE_DEVICES_OF, 1, key);
        err = err == E_NOT_FOUND ? E_OK : err; /* it had none */
    }
    if (err == E_OK) {
        err = writer_run_on_row(w, ST_DELETE_PROOF, 1, key);
        err = err == E_NOT_FOUND ? E_OK : err;
    }
    if (err == E_OK) {
        err = writer_run_on_row(w, ST_DELETE_KME, 1, key);
        err = err == E_NOT_FOUND ? E_OK : err;
    }
    return err;
}

enum err store_remove_subscriber(struct store_writer *w, const struct imsi *imsi)
{
    struct store_onboarding row;
    struct store_dimsi offered;
    enum err err = store_writer_onboarding_of(w, imsi, &row);
    if (err == E_NOT_FOUND) {
        err = store_writer_dimsi_of(w, imsi, &offered);
    }
    if (err == E_OK) {
        return E_CONFLICT; /* its IMSI has to go back to the pool */
    }
    return err == E_NOT_FOUND ? writer_remove_subscriber(w, imsi) : err;
}

/* ---- devices ---- */

bool same_kme(const struct key_kme *a, const struct key_kme *b)
{
    return same_secret(a->b, sizeof a->b, b->b, sizeof b->b);
}

/* A KME that administration brought: since now, of no lot, and not used yet. */
static void kme_brought(struct store_device *row)
{
    row->kme_since = row->has_kme ? (int64_t)time(NULL) : 0;
    memset(row->kme_lot, 0, sizeof row->kme_lot);
    row->kme_used = 0;
}

/* A row without a KME says nothing about the one that is kept: a list of devices that is imported
 * again must not throw away what the devices agreed since. Returns whether there is a change. */
static bool merge_device(const struct store_device *old, const struct store_device *row,
                         struct store_device *out)
{
    *out = *old;
    if (!row->has_kme || (old->has_kme && same_kme(&row->kme, &old->kme))) {
        return false;
    }
    if (old->has_kme) {
        out->previous = old->kme;
        out->has_previous = true;
    }
    out->kme = row->kme;
    out->has_kme = true;
    kme_brought(out);
    return true;
}

enum err seal_device(struct store_writer *w, const struct store_device *row,
                     struct sealed_device *out)
{
    *out = (struct sealed_device){.kme = {.n = 0}};
    enum err err = row->has_kme ? seal_kme(w->c.sealer, row, KME_ACTIVE, &out->kme) : E_OK;
    if (err == E_OK && row->has_previous) {
        err = seal_kme(w->c.sealer, row, KME_PREVIOUS, &out->previous);
    }
    return err;
}

enum err write_device(struct store_writer *w, enum statement which, const struct store_device *row,
                      const struct sealed_device *sealed)
{
    sqlite3_stmt *st = w->c.st[which];
    enum err err = columns_bind(device_written_columns, st, row);
    if (err == E_OK) {
        err = bind_sealed(st, device_written_columns.n + 1, &sealed->kme);
    }
    if (err == E_OK) {
        err = bind_sealed(st, device_written_columns.n + 2, &sealed->previous);
    }
    return err == E_OK ? writer_run(w, which) : err;
}

static enum err seal_and_write(struct store_writer *w, enum statement which,
                               const struct store_device *row)
{
    struct sealed_device sealed;
    enum err err = seal_device(w, row, &sealed);
    return err == E_OK ? write_device(w, which, row, &sealed) : err;
}

static enum err change_device(struct store_writer *w, const struct store_device *old,
                              const struct store_device *row, enum store_did *did)
{
    struct store_device merged;
    enum err err = E_OK;
    bool change = merge_device(old, row, &merged);
    if (change) {
        err = seal_and_write(w, ST_UPDATE_DEVICE, &merged);
    }
    if (err == E_OK) {
        *did = change ? STORE_CHANGED : STORE_UNCHANGED;
    }
    wipe(&merged, sizeof merged);
    return err;
}

static enum err add_device(struct store_writer *w, size_t n, const struct store_device *row,
                           enum store_did *did)
{
    if (n == STORE_DEVICES_MAX) {
        return E_NO_ROOM;
    }
    struct store_device added = *row;
    kme_brought(&added);
    enum err err = seal_and_write(w, ST_INSERT_DEVICE, &added);
    if (err == E_OK) {
        *did = STORE_ADDED;
    }
    wipe(&added, sizeof added);
    return err;
}

static enum err put_among(struct store_writer *w, enum store_put how,
                          const struct store_device *all, size_t n, const struct store_device *row,
                          enum store_did *did)
{
    const struct store_device *old = NULL;
    for (size_t i = 0; i < n; i++) {
        if (imei_eq(&all[i].imei, &row->imei)) {
            old = &all[i];
        }
    }
    enum err err = check_how(how, old != NULL);
    if (err != E_OK) {
        return err;
    }
    return old != NULL ? change_device(w, old, row, did) : add_device(w, n, row, did);
}

enum err store_put_device(struct store_writer *w, enum store_put how,
                          const struct store_device *row, enum store_did *did)
{
    struct store_device all[STORE_DEVICES_MAX];
    struct store_subscriber owner;
    size_t n = 0;
    if (strnlen(row->imei.digits, sizeof row->imei.digits) != IMEI_DIGITS) {
        return E_BAD_LENGTH;
    }
    enum err err = read_row(w, &row->imsi, SECRETS_CLOSED, &owner);
    if (err == E_OK) {
        err = store_writer_devices(w, &row->imsi, all, &n);
    }
    if (err == E_OK) {
        err = put_among(w, how, all, n, row, did);
    }
    wipe(all, n * sizeof all[0]);
    return err;
}

enum err store_remove_device(struct store_writer *w, const struct imsi *imsi,
                             const struct imei *imei)
{
    return writer_run_on_row(w, ST_DELETE_DEVICE, 2, (int64_t[]){imsi_key(imsi), imei_key(imei)});
}

/* ---- what the network tells ---- */

enum err store_set_dif(struct store_writer *w, const struct imsi *imsi, int64_t dif)
{
    return writer_run_on_row(w, ST_SET_DIF, 2, (int64_t[]){imsi_key(imsi), dif});
}

enum err store_set_binding_failures(struct store_writer *w, const struct imsi *imsi,
                                    uint32_t in_a_row)
{
    return writer_run_on_row(w, ST_SET_FAILURES, 2, (int64_t[]){imsi_key(imsi), in_a_row});
}

static enum err serving_of(struct store_writer *w, const struct imsi *imsi,
                           struct store_serving *out)
{
    struct store_subscriber s;
    enum err err = read_row(w, imsi, SECRETS_CLOSED, &s);
    if (err == E_OK) {
        *out = s.serving;
    }
    return err;
}

enum err store_set_serving(struct store_writer *w, const struct imsi *imsi,
                           const struct store_serving *now, const struct imei *imei,
                           struct store_serving *before)
{
    sqlite3_stmt *st = w->c.st[ST_SET_SERVING];
    if (!ended(now->host, sizeof now->host) || !ended(now->realm, sizeof now->realm)) {
        return E_BAD_LENGTH;
    }
    struct store_serving old;
    enum err err = serving_of(w, imsi, &old);
    if (err == E_OK) {
        err = columns_bind(serving_columns, st, now);
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 6, imsi_key(imsi)));
    }
    if (err == E_OK) {
        err = sqlite_err(imei == NULL ? sqlite3_bind_null(st, 7)
                                      : sqlite3_bind_int64(st, 7, imei_key(imei)));
    }
    if (err == E_OK) {
        err = writer_run(w, ST_SET_SERVING);
    }
    if (err == E_OK && now->host[0] != '\0') {
        err = store_node_seen(w, now->host, now->realm, now->since);
    }
    if (err == E_OK) {
        *before = old;
    }
    return err;
}

enum err store_set_purged(struct store_writer *w, const struct imsi *imsi, const char *host)
{
    struct store_serving now;
    enum err err = serving_of(w, imsi, &now);
    if (err != E_OK) {
        return err;
    }
    if (now.host[0] == '\0' || strcasecmp(now.host, host) != 0) { /* RFC 6733 4.3.1 */
        return E_CONFLICT;
    }
    return writer_run_on_row(w, ST_SET_PURGED, 1, (int64_t[]){imsi_key(imsi)});
}

/* ---- events and the mark ---- */

/* Ids grow by one with each event and never come again, since the newest is always kept: what is to
 * go is a range at the low end of the table, found without a scan. */
static enum err trim_events(struct store_writer *w, uint64_t keep)
{
    uint64_t newest = (uint64_t)sqlite3_last_insert_rowid(w->c.db);
    keep = keep == 0 ? 1 : keep;
    if (newest <= keep) {
        return E_OK;
    }
    enum err err = writer_run_on_row(w, ST_TRIM_EVENTS, 1, (int64_t[]){(int64_t)(newest - keep)});
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err store_add_event(struct store_writer *w, const struct store_event *event, uint64_t keep)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = columns_bind(event_columns, w->c.st[ST_ADD_EVENT], event);
    }
    if (err == E_OK) {
        err = writer_run(w, ST_ADD_EVENT);
    }
    return err == E_OK ? trim_events(w, keep) : err;
}

enum err store_set_mark(struct store_writer *w, uint64_t mark)
{
    return writer_run_on_row(w, ST_SET_MARK, 1, (int64_t[]){(int64_t)mark});
}
