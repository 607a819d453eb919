#include "store/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BUSY_MS 5000

static enum err make_file(const char *path, struct store_why *why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* SQLite keeps the mode */
    if (fd < 0 || close(fd) != 0) {
        return why_set(why, E_IO, "%s: the store cannot be made: %s", path, strerror(errno));
    }
    return sync_directory_of(path) == E_OK
               ? E_OK
               : why_set(why, E_IO, "%s: its folder cannot be written: %s", path, strerror(errno));
}

/* A file that a crash left empty was never a store: it is filled now. */
static enum err check_or_make(const char *path, uint32_t application, bool *filled,
                              struct store_why *why)
{
    *filled = false;
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return errno == ENOENT ? make_file(path, why)
                               : why_set(why, errno == EACCES ? E_DENIED : E_IO, "%s: %s", path,
                                         strerror(errno));
    }
    *filled = lseek(fd, 0, SEEK_END) > 0;
    (void)close(fd); /* read only */
    return *filled ? store_check_file(path, application, why) : E_OK;
}

static enum err connect_to(struct store_file *f)
{
    static const char pragmas[] =
        "PRAGMA synchronous = FULL; PRAGMA cell_size_check = ON;"
        "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
        "PRAGMA secure_delete = ON; PRAGMA cache_size = -32768;"; /* KiB */
    int rc = sqlite3_open_v2(f->path, &f->db, SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_READWRITE, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_extended_result_codes(f->db, 1); /* fails on NULL only */
        (void)sqlite3_db_config(f->db, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
        rc = sqlite3_busy_timeout(f->db, BUSY_MS);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(f->db, pragmas, NULL, NULL, NULL);
    }
    return sqlite_err(rc);
}

/* ---- the key ---- */

static enum err load_kek(const char *kek_path, const char *path, bool filled,
                         struct kek_choice *out, struct store_why *why)
{
    bool there = access(kek_path, F_OK) == 0;
    if (filled) {
        kek_choice_next(kek_path, out);
    }
    if (!there && out->has_next) {
        return E_OK;
    }
    if (!there && filled) {
        return why_set(why, E_NOT_FOUND,
                       "%s is not there, and the store %s cannot be read without it: restore this "
                       "key file from its backup",
                       kek_path, path);
    }
    enum err err = there ? E_OK : kek_create(kek_path, why);
    if (err == E_OK) {
        err = kek_load(kek_path, &out->key, why);
    }
    out->has_key = err == E_OK;
    return err;
}

enum err store_file_has_data_key(sqlite3 *db, bool *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(db, "SELECT 1 FROM data_key", -1, &st, NULL));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    *out = err == E_OK;
    return err == E_NOT_FOUND ? E_OK : err;
}

static enum err make_data_key(sqlite3 *db, const struct seal_key *kek, struct store_why *why)
{
    enum err err = sqlite_err(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    if (err == E_OK) {
        err = store_keys_create(db, kek, why);
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL));
    }
    if (err != E_OK) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL); /* nothing else is left to do */
    }
    return err;
}

static enum err open_keys_of(struct store_file *f, const char *kek_path, struct kek_choice *keks,
                             struct store_why *why)
{
    const struct store_options named = {.path = f->path, .kek_path = kek_path};
    bool there = false;
    enum err err = store_file_has_data_key(f->db, &there);
    if (err == E_OK && !there) {
        err = keks->has_key ? make_data_key(f->db, &keks->key, why) : E_NOT_FOUND;
    }
    if (err == E_OK) {
        err = kek_choose(f->db, &named, keks, &f->keys, why);
    }
    if (err == E_OK) {
        err = kek_finish(kek_path, keks, why);
    }
    return err == E_OK ? store_keys_sealer(&f->keys, &f->sealer) : err;
}

/* ---- all of it ---- */

static enum err open_database(struct store_file *f, const char *kek_path,
                              const struct store_file_kind *kind, struct kek_choice *keks,
                              struct store_why *why)
{
    enum err err = connect_to(f);
    if (err == E_OK) {
        err = schema_migrate(f->db, f->path, kind->steps, kind->n_steps, why);
    }
    if (err == E_OK) {
        err = origin_read(f->db, &f->origin);
    }
    if (err == E_OK && kek_path != NULL) {
        err = open_keys_of(f, kek_path, keks, why);
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_exec(f->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL));
    }
    if (err != E_OK && why->err == E_OK) {
        err =
            why_set(why, err, "%s: the store cannot be opened: %s", f->path, sqlite3_errmsg(f->db));
    }
    return err;
}

enum err store_file_open(const char *path, const char *kek_path, const struct store_file_kind *kind,
                         struct store_file *out, struct store_why *why)
{
    struct kek_choice keks = {.has_key = false};
    bool filled = false;
    *why = (struct store_why){E_OK, ""};
    *out = (struct store_file){.lock_fd = -1};
    if (strlen(path) >= PATH_MAX) {
        return why_set(why, E_IO, "the path of the store is too long");
    }
    (void)snprintf(out->path, sizeof out->path, "%s", path);
    enum err err = store_take_lock(path, &out->lock_fd, why);
    if (err == E_OK) {
        err = restore_check_none(path, why);
    }
    if (err == E_OK) {
        err = check_or_make(path, kind->application, &filled, why);
    }
    if (err == E_OK && kek_path != NULL) {
        err = load_kek(kek_path, path, filled, &keks, why);
    }
    if (err == E_OK) {
        err = open_database(out, kek_path, kind, &keks, why);
    }
    wipe(&keks, sizeof keks);
    return err;
}

/* ---- another key-encryption key ---- */

static enum err find_key(void *ctx, uint32_t id, struct seal_key *out)
{
    const struct store_keys *keys = ctx;
    for (size_t i = 0; i < keys->n; i++) {
        if (keys->data[i].id == id) {
            *out = keys->data[i].key;
            return E_OK;
        }
    }
    return E_NOT_FOUND;
}

static enum err wrap_in_one_commit(struct store_file *f, const struct seal_key *kek)
{
    enum err err = sqlite_err(sqlite3_exec(f->db, "BEGIN IMMEDIATE", NULL, NULL, NULL));
    if (err == E_OK) {
        err = kek_wrap_all(f->db, f->keys.store_id, kek, find_key, &f->keys);
    }
    if (err == E_OK) {
        err = sqlite_err(sqlite3_exec(f->db, "COMMIT", NULL, NULL, NULL));
    }
    if (err != E_OK) {
        (void)sqlite3_exec(f->db, "ROLLBACK", NULL, NULL, NULL); /* nothing else is left to do */
    }
    return err;
}

static enum err rotate_open(struct store_file *f, const char *kek_path, struct store_why *why)
{
    struct seal_key kek = {.b = {0}};
    enum err err = kek_make_next(kek_path, &kek, why);
    if (err == E_OK && (err = wrap_in_one_commit(f, &kek)) != E_OK) {
        (void)why_set(why, err, "%s: its keys cannot be written: %s", f->path,
                      sqlite3_errmsg(f->db));
    }
    wipe(&kek, sizeof kek);
    return err == E_OK ? kek_put_next_in_place(kek_path, why) : err;
}

enum err store_file_rotate(const char *path, const char *kek_path,
                           const struct store_file_kind *kind, struct store_why *why)
{
    struct store_file f;
    if (access(path, F_OK) != 0) {
        return why_set(why, E_NOT_FOUND, "%s: there is no store here: %s", path, strerror(errno));
    }
    enum err err = store_file_open(path, kek_path, kind, &f, why);
    if (err == E_OK) {
        err = rotate_open(&f, kek_path, why);
    }
    store_file_close(&f);
    return err;
}

enum err store_file_another(const struct store_file *first, struct store_file *out)
{
    *out = (struct store_file){.lock_fd = -1};
    memcpy(out->path, first->path, sizeof out->path);
    enum err err = connect_to(out);
    return err == E_OK && first->sealer != NULL ? store_keys_sealer(&first->keys, &out->sealer)
                                                : err;
}

void store_file_origin_told(struct store_file *f)
{
    if (f->origin.restored) {
        (void)origin_told(f->db); /* as it says: else the next start tells it again */
    }
}

void store_file_close(struct store_file *f)
{
    (void)sqlite3_close(f->db); /* an open transaction is rolled back */
    sealer_free(f->sealer);
    if (f->lock_fd >= 0) {
        (void)close(f->lock_fd); /* gives the lock back */
    }
    wipe(f, sizeof *f);
    f->lock_fd = -1;
}
