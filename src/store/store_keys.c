#include "store/store_keys.h"

#include "crypto/openssl.h"
#include "store/store_internal.h"

#include <errno.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* ---- keys that are known ---- */

enum err ring_add(struct key_ring *ring, uint32_t id, const struct seal_key *key)
{
    struct ring_key *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return E_MEMORY;
    }
    *k = (struct ring_key){.id = id, .key = *key, .older = atomic_load(&ring->newest)};
    atomic_store_explicit(&ring->newest, k, memory_order_release); /* whole before it is seen */
    return E_OK;
}

enum err ring_add_all(struct key_ring *ring, const struct store_keys *keys)
{
    enum err err = E_OK;
    for (size_t i = 0; i < keys->n && err == E_OK; i++) {
        err = ring_add(ring, keys->data[i].id, &keys->data[i].key);
    }
    return err;
}

enum err ring_find(void *ctx, uint32_t id, struct seal_key *out)
{
    struct key_ring *ring = ctx;
    const struct ring_key *k = atomic_load_explicit(&ring->newest, memory_order_acquire);
    while (k != NULL && k->id != id) {
        k = k->older;
    }
    if (k == NULL) {
        return E_NOT_FOUND;
    }
    *out = k->key;
    return E_OK;
}

void ring_free(struct key_ring *ring)
{
    struct ring_key *k = atomic_exchange(&ring->newest, NULL);
    while (k != NULL) {
        struct ring_key *older = k->older;
        wipe(k, sizeof *k);
        free(k);
        k = older;
    }
}

/* ---- statements that run once in a while ---- */

static enum err prepare(sqlite3 *db, const char *sql, sqlite3_stmt **out)
{
    return sqlite_err(sqlite3_prepare_v2(db, sql, -1, out, NULL));
}

/* The first column of the first row. E_NOT_FOUND without one. */
static enum err one_number(sqlite3 *db, const char *sql, int64_t parameter, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = prepare(db, sql, &st);
    if (err == E_OK && sqlite3_bind_parameter_count(st) > 0) {
        err = sqlite_err(sqlite3_bind_int64(st, 1, parameter));
    }
    if (err == E_OK && (err = stmt_row(st)) == E_OK) {
        *out = sqlite3_column_int64(st, 0);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

/* Parameters: a number, octets, and a number if the statement has a third. */
static enum err write_octets(sqlite3 *db, const char *sql, int64_t id, struct bytes octets,
                             int64_t third)
{
    sqlite3_stmt *st = NULL;
    enum err err = prepare(db, sql, &st);
    if (err == E_OK) {
        err = sqlite_err(sqlite3_bind_int64(st, 1, id));
    }
    if (err == E_OK) {
        err = bind_octets(st, 2, octets);
    }
    if (err == E_OK && sqlite3_bind_parameter_count(st) > 2) {
        err = sqlite_err(sqlite3_bind_int64(st, 3, third));
    }
    if (err == E_OK) {
        err = stmt_run(st);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

/* ---- which KEK ---- */

enum err store_kek_id_of(const struct seal_key *kek, struct store_kek_id *out)
{
    struct crypto crypto;
    uint8_t digest[32];
    const struct bytes parts[] = {BYTES_LIT("bindery key-encryption key"), BYTES_OF(kek->b)};
    enum err err = crypto_openssl_open(&crypto);
    if (err != E_OK) {
        return err;
    }
    err = crypto.sha256(crypto.ctx, parts, 2, digest);
    crypto_openssl_close(&crypto);
    if (err == E_OK) {
        memcpy(out->b, digest, sizeof out->b);
    }
    return err;
}

#define KEK_PUT                                                                                    \
    "INSERT INTO kek (id, fingerprint, since) VALUES (?1, ?2, ?3)"                                 \
    " ON CONFLICT (id) DO UPDATE SET fingerprint = ?2, since = ?3 WHERE fingerprint <> ?2"

enum err store_note_kek(sqlite3 *db, const struct seal_key *kek, int64_t now)
{
    struct store_kek_id id;
    enum err err = store_kek_id_of(kek, &id);
    return err == E_OK ? write_octets(db, KEK_PUT, 1, BYTES_OF(id.b), now) : err;
}

static enum err read_kek_row(sqlite3 *db, struct store_keys_view *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = prepare(db, "SELECT fingerprint, since FROM kek", &st);
    if (err == E_OK && (err = stmt_row(st)) == E_OK) {
        struct bytes id = stmt_blob(st, 0);
        out->kek_since = sqlite3_column_int64(st, 1);
        err = id.n == sizeof out->kek_id.b ? E_OK : E_IO;
        memcpy(out->kek_id.b, id.p, err == E_OK ? id.n : 0);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_IO : err;
}

static enum err read_data_keys(sqlite3 *db, struct store_keys_view *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = prepare(db, "SELECT id, created_at FROM data_key ORDER BY id", &st);
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        if (out->n == SEAL_KEYS_MAX) {
            err = E_IO;
            break;
        }
        out->data[out->n].id = (uint32_t)sqlite3_column_int64(st, 0);
        out->data[out->n++].created = sqlite3_column_int64(st, 1);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err store_read_keys(struct store_reader *r, struct store_keys_view *out)
{
    *out = (struct store_keys_view){.n = 0};
    enum err err = read_kek_row(r->c.db, out);
    return err == E_OK ? read_data_keys(r->c.db, out) : err;
}

/* ---- a rotation ---- */

/* One that an earlier attempt left; what was not written to its end sealed nothing. */
static enum err take_up(const char *path, struct seal_key *out, struct store_why *why)
{
    enum err err = kek_load_next(path, out, why);
    if (err == E_BAD_VALUE && unlink(path) == 0) {
        return E_NOT_FOUND;
    }
    return err;
}

enum err kek_make_next(const char *kek_path, struct seal_key *out, struct store_why *why)
{
    char path[STORE_PATH_MAX];
    *why = (struct store_why){E_OK, ""};
    if (kek_next_path(kek_path, path) != E_OK) {
        return why_set(why, E_IO, "the path of the key file is too long");
    }
    enum err err = take_up(path, out, why);
    if (err == E_NOT_FOUND) {
        *why = (struct store_why){E_OK, ""};
        err = kek_create(path, why);
        if (err == E_OK) {
            err = kek_load_next(path, out, why);
        }
    }
    return err;
}

enum err store_kek_next(const struct store *s, struct seal_key *out, struct store_why *why)
{
    return kek_make_next(s->kek_path, out, why);
}

static struct store *store_of(struct store_writer *w)
{
    return (struct store *)((char *)w - offsetof(struct store, writer));
}

static enum err find_key(void *ctx, uint32_t id, struct seal_key *out)
{
    struct store_writer *w = ctx;
    if (w->has_made && w->made_id == id) {
        *out = w->made;
        return E_OK;
    }
    return ring_find(&store_of(w)->ring, id, out);
}

/* What all the keys of a store are wrapped with. */
struct wrapping {
    sqlite3 *db;
    const uint8_t *store_id;
    struct sealer *wrapper;
    sealer_find_fn *find;
    void *ctx;
};

static enum err wrap_anew(const struct wrapping *g, uint32_t id)
{
    struct seal_key key = {.b = {0}};
    struct wrapped_key wrapped;
    enum err err = g->find(g->ctx, id, &key) == E_OK ? E_OK : E_WRONG_KEY;
    if (err == E_OK) {
        err = kek_wrap(g->wrapper, id, g->store_id, &key, &wrapped);
    }
    if (err == E_OK) {
        err = write_octets(g->db, "UPDATE data_key SET wrapped = ?2 WHERE id = ?1", id,
                           (struct bytes){wrapped.b, wrapped.n}, 0);
    }
    wipe(&key, sizeof key);
    return err;
}

enum err kek_wrap_all(sqlite3 *db, const uint8_t store_id[static STORE_ID_LEN],
                      const struct seal_key *kek, sealer_find_fn *find, void *ctx)
{
    struct store_keys_view there = {.n = 0};
    struct wrapping g = {.db = db, .store_id = store_id, .find = find, .ctx = ctx};
    enum err err = read_data_keys(db, &there);
    if (err == E_OK) {
        err = kek_wrapper(kek, &g.wrapper);
    }
    for (size_t i = 0; i < there.n && err == E_OK; i++) {
        err = wrap_anew(&g, there.data[i].id);
    }
    sealer_free(g.wrapper);
    return err;
}

/*= op-key-rotate */
enum err store_rotate_kek(struct store_writer *w, const struct seal_key *kek, int64_t now)
{
    enum err err = writer_check(w);
    if (err != E_OK) {
        return err;
    }
    err = kek_wrap_all(w->c.db, store_of(w)->keys.store_id, kek, find_key, w);
    if (err == E_OK) {
        err = store_note_kek(w->c.db, kek, now);
    }
    return err == E_OK ? E_OK : writer_failed(w, err);
}

enum err store_kek_former_path(const char *kek_path, const struct store_kek_id *id, char *out,
                               size_t cap)
{
    char text[2 * sizeof id->b + 1];
    hex_encode(BYTES_OF(id->b), text);
    const int n = snprintf(out, cap, "%s.%s", kek_path, text);
    return n >= 0 && (size_t)n < cap ? E_OK : E_IO;
}

/* Backups made before open with it only. One that is gone or damaged opens nothing. */
static enum err keep_former(const char *kek_path)
{
    struct seal_key kek;
    struct store_kek_id id;
    struct store_why unsaid;
    char kept[STORE_PATH_MAX];
    if (kek_load(kek_path, &kek, &unsaid) != E_OK) {
        return E_OK;
    }
    enum err err = store_kek_id_of(&kek, &id);
    wipe(&kek, sizeof kek);
    if (err == E_OK) {
        err = store_kek_former_path(kek_path, &id, kept, sizeof kept);
    }
    return err != E_OK || link(kek_path, kept) == 0 || errno == EEXIST ? err : E_IO;
}

enum err kek_put_next_in_place(const char *kek_path, struct store_why *why)
{
    char path[STORE_PATH_MAX];
    *why = (struct store_why){E_OK, ""};
    if (kek_next_path(kek_path, path) != E_OK || access(path, F_OK) != 0 ||
        keep_former(kek_path) != E_OK || rename(path, kek_path) != 0 ||
        sync_directory_of(kek_path) != E_OK) {
        return why_set(why, E_IO,
                       "%s.next, which the store's keys lie under now, cannot be put in the place "
                       "of %s: %s. Keep both files, mend what is wrong, and rotate again",
                       kek_path, kek_path, strerror(errno));
    }
    return E_OK;
}

enum err store_kek_put_in_place(const struct store *s, struct store_why *why)
{
    return kek_put_next_in_place(s->kek_path, why);
}

/* ---- what one that was cut short left ---- */

void kek_choice_next(const char *kek_path, struct kek_choice *out)
{
    char path[STORE_PATH_MAX];
    struct store_why unsaid;
    out->has_next = kek_next_path(kek_path, path) == E_OK && access(path, F_OK) == 0 &&
                    kek_load_next(path, &out->next, &unsaid) == E_OK;
}

enum err kek_choose(sqlite3 *db, const struct store_options *o, struct kek_choice *keks,
                    struct store_keys *out, struct store_why *why)
{
    struct store_why unsaid;
    enum err err = keks->has_key ? store_keys_load(db, o, &keks->key, out, why) : E_WRONG_KEY;
    if (err == E_WRONG_KEY && keks->has_next &&
        store_keys_load(db, o, &keks->next, out, &unsaid) == E_OK) {
        keks->next_is_it = true;
        *why = (struct store_why){E_OK, ""};
        return E_OK;
    }
    if (err == E_WRONG_KEY && !keks->has_key) {
        (void)why_set(why, err,
                      "%s cannot be read, and %s.next is not the key-encryption key of the store "
                      "%s; restore the key file that was in use with it. Nothing was changed",
                      o->kek_path, o->kek_path, o->path);
    }
    return err;
}

enum err kek_finish(const char *kek_path, const struct kek_choice *keks, struct store_why *why)
{
    char next[STORE_PATH_MAX];
    if (keks->next_is_it) {
        return kek_put_next_in_place(kek_path, why);
    }
    if (kek_next_path(kek_path, next) == E_OK && unlink(next) == 0 &&
        sync_directory_of(next) != E_OK) {
        return why_set(why, E_IO, "%s: its folder cannot be written", next);
    }
    return E_OK;
}

/* ---- a new data key ---- */

enum err store_kek_files(const struct store *s, struct store_keks *out, struct store_why *why)
{
    char path[STORE_PATH_MAX];
    struct store_why unsaid;
    *why = (struct store_why){E_OK, ""};
    *out = (struct store_keks){.n = 0};
    if (kek_next_path(s->kek_path, path) == E_OK && access(path, F_OK) == 0 &&
        kek_load_next(path, &out->key[0], &unsaid) == E_OK) {
        out->n = 1;
    }
    enum err err = kek_load(s->kek_path, &out->key[out->n], why);
    out->n += err == E_OK ? 1 : 0;
    return out->n > 0 ? E_OK : err;
}

/* Is it the KEK that the store's newest data key lies under? */
static enum err check_kek(struct store_writer *w, struct sealer *wrapper)
{
    sqlite3_stmt *st = NULL;
    struct seal_key key = {.b = {0}};
    enum err err =
        prepare(w->c.db, "SELECT id, wrapped FROM data_key ORDER BY id DESC LIMIT 1", &st);
    if (err == E_OK && (err = stmt_row(st)) == E_OK) {
        err = kek_unwrap(wrapper, (uint32_t)sqlite3_column_int64(st, 0), store_of(w)->keys.store_id,
                         stmt_blob(st, 1), &key);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    wipe(&key, sizeof key);
    return err == E_NOT_FOUND ? E_IO : err;
}

static enum err next_id(struct store_writer *w, uint32_t *out)
{
    int64_t n = 0, last = 0;
    enum err err = one_number(w->c.db, "SELECT count(*) FROM data_key", 0, &n);
    if (err == E_OK) {
        err = one_number(w->c.db, "SELECT max(id) FROM data_key", 0, &last);
    }
    if (err == E_OK && (n >= SEAL_KEYS_MAX || last >= UINT32_MAX)) {
        err = E_NO_ROOM;
    }
    *out = (uint32_t)last + 1;
    return err;
}

static enum err insert_key(struct store_writer *w, struct sealer *wrapper, uint32_t id,
                           const struct seal_key *key, int64_t now)
{
    struct wrapped_key wrapped;
    enum err err = kek_wrap(wrapper, id, store_of(w)->keys.store_id, key, &wrapped);
    return err == E_OK
               ? write_octets(w->c.db,
                              "INSERT INTO data_key (id, wrapped, created_at) VALUES (?1, ?2, ?3)",
                              id, (struct bytes){wrapped.b, wrapped.n}, now)
               : err;
}

enum err writer_make_data_key(struct store_writer *w, const struct seal_key *kek, int64_t now,
                              uint32_t *id)
{
    struct seal_key key = {.b = {0}};
    struct sealer *wrapper = NULL;
    enum err err = kek_wrapper(kek, &wrapper);
    if (err == E_OK) {
        err = check_kek(w, wrapper);
    }
    if (err == E_OK) {
        err = next_id(w, id);
    }
    if (err == E_OK) {
        err = os_random(key.b, sizeof key.b);
    }
    if (err == E_OK) {
        err = insert_key(w, wrapper, *id, &key, now);
    }
    if (err == E_OK) {
        w->has_made = true;
        w->made_id = *id;
        w->made = key;
    }
    sealer_free(wrapper);
    wipe(&key, sizeof key);
    return err;
}

/* The step that made it may have been undone since. What cannot be made known here is known after
 * the next start; until then the old key seals, and the job that wants the new one waits. */
void writer_keys_committed(struct store_writer *w)
{
    int64_t there = 0;
    if (!w->has_made) {
        return;
    }
    if (one_number(w->c.db, "SELECT 1 FROM data_key WHERE id = ?1", w->made_id, &there) == E_OK &&
        ring_add(&store_of(w)->ring, w->made_id, &w->made) == E_OK) {
        (void)!sealer_add(w->c.sealer, w->made_id, &w->made); /* the job adds it else */
    }
    writer_keys_dropped(w);
}

void writer_keys_dropped(struct store_writer *w)
{
    w->has_made = false;
    wipe(&w->made, sizeof w->made);
}
