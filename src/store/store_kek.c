#include "store/store_internal.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define KEK_DIGITS      ((size_t)64)
#define WRAPPING_KEY_ID 0 /* the key-encryption key has no number of its own */

enum err os_random(void *out, size_t n)
{
    return getrandom(out, n, 0) == (ssize_t)n ? E_OK : E_IO; /* n <= 256: never in part */
}

enum err sync_directory_of(const char *path)
{
    char dir[STORE_PATH_MAX];
    const char *slash = strrchr(path, '/');
    int n = slash == NULL ? 1 : (int)(slash - path) + 1; /* with the slash: right for "/x" too */
    if (snprintf(dir, sizeof dir, "%.*s", n, slash == NULL ? "." : path) >= (int)sizeof dir) {
        return E_IO;
    }
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) {
        return E_IO;
    }
    int failed = fsync(fd);
    (void)close(fd); /* nothing was written through it */
    return failed ? E_IO : E_OK;
}

/* ---- the key file ---- */

static enum err check_owner(int fd, const char *path, uid_t owner, struct store_why *why)
{
    struct stat st;
    if (fstat(fd, &st) != 0) {
        return why_set(why, E_IO, "%s: %s", path, strerror(errno));
    }
    if (!S_ISREG(st.st_mode)) {
        return why_set(why, E_DENIED, "%s: the key-encryption key must be a regular file", path);
    }
    if ((st.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
        return why_set(why, E_DENIED,
                       "%s: the key-encryption key may be read by its owner only, and its mode is "
                       "%04o; run: chmod 600 %s. If others had access to it, replace it",
                       path, (unsigned)(st.st_mode & 07777), path);
    }
    if (st.st_uid != owner) {
        return why_set(why, E_DENIED,
                       "%s: the key-encryption key belongs to user %u and this program runs as "
                       "user %u; run it as the owner, or change the owner with chown",
                       path, (unsigned)st.st_uid, (unsigned)owner);
    }
    return E_OK;
}

/* 64 hex digits; one line end may follow, as editors add it. */
static enum err parse_kek(char *text, size_t n, struct seal_key *kek)
{
    if (n == KEK_DIGITS + 1 && text[KEK_DIGITS] == '\n') {
        n--;
    }
    if (n != KEK_DIGITS) {
        return E_BAD_LENGTH;
    }
    text[KEK_DIGITS] = '\0';
    return hex_decode(text, MBYTES_OF(kek->b));
}

static enum err read_kek(int fd, const char *path, struct seal_key *kek, struct store_why *why)
{
    char text[KEK_DIGITS + 2] = {0};
    enum err err = E_OK;
    ssize_t n = read(fd, text, sizeof text);
    if (n < 0) {
        err = why_set(why, E_IO, "%s: %s", path, strerror(errno));
    } else if (parse_kek(text, (size_t)n, kek) != E_OK) {
        err = why_set(why, E_BAD_VALUE,
                      "%s: a key-encryption key is 64 hex digits on one line; this file has "
                      "something else. Restore it from its backup",
                      path);
    }
    wipe(text, sizeof text);
    return err;
}

static enum err open_kek(const char *path, int flags, int *fd, struct store_why *why)
{
    *fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | flags); /* a FIFO must not hold us */
    if (*fd >= 0) {
        return E_OK;
    }
    if (errno == ELOOP) {
        return why_set(why, E_DENIED,
                       "%s: a symbolic link is not followed here: a rotation writes a file. Look "
                       "who made it, and remove it",
                       path);
    }
    enum err e = errno == ENOENT ? E_NOT_FOUND : errno == EACCES ? E_DENIED : E_IO;
    return why_set(why, e, "%s: the key-encryption key cannot be opened: %s", path,
                   strerror(errno));
}

static enum err load_kek(const char *path, int flags, uid_t owner, struct seal_key *kek,
                         struct store_why *why)
{
    int fd = -1;
    enum err err = open_kek(path, flags, &fd, why);
    if (err != E_OK) {
        return err;
    }
    err = check_owner(fd, path, owner, why);
    if (err == E_OK) {
        err = read_kek(fd, path, kek, why);
    }
    (void)close(fd); /* read only */
    return err;
}

enum err kek_load(const char *path, struct seal_key *kek, struct store_why *why)
{
    return load_kek(path, 0, geteuid(), kek, why);
}

enum err kek_load_of(const char *path, unsigned owner, struct seal_key *kek, struct store_why *why)
{
    return load_kek(path, 0, (uid_t)owner, kek, why);
}

enum err kek_load_next(const char *path, struct seal_key *kek, struct store_why *why)
{
    return load_kek(path, O_NOFOLLOW, geteuid(), kek, why);
}

enum err kek_next_path(const char *path, char out[static STORE_PATH_MAX])
{
    return snprintf(out, STORE_PATH_MAX, "%s.next", path) < STORE_PATH_MAX ? E_OK : E_IO;
}

static enum err write_kek(int fd)
{
    struct seal_key kek;
    char text[2 * sizeof kek.b + 2];
    enum err err = os_random(kek.b, sizeof kek.b);
    if (err == E_OK) {
        hex_encode(BYTES_OF(kek.b), text);
        text[KEK_DIGITS] = '\n';
        bool whole = write(fd, text, KEK_DIGITS + 1) == (ssize_t)KEK_DIGITS + 1;
        err = whole && fsync(fd) == 0 ? E_OK : E_IO;
    }
    wipe(&kek, sizeof kek);
    wipe(text, sizeof text);
    return err;
}

enum err kek_create(const char *path, struct store_why *why)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (fd < 0) {
        return why_set(why, errno == EEXIST ? E_EXISTS : E_IO,
                       "%s: the key-encryption key cannot be made: %s", path, strerror(errno));
    }
    enum err err = write_kek(fd);
    if (close(fd) != 0 || (err == E_OK && sync_directory_of(path) != E_OK)) {
        err = E_IO;
    }
    if (err != E_OK) {
        err = why_set(why, E_IO, "%s: the key-encryption key cannot be written: %s", path,
                      strerror(errno));
        (void)unlink(path); /* best effort; it was never used */
    }
    return err;
}

/* ---- data keys ---- */

/* Associated data: where the wrapped key stands, and in which store. */
struct wrap_place {
    uint8_t b[48];
};
static struct bytes wrap_place(uint32_t id, const uint8_t store_id[static STORE_ID_LEN],
                               struct wrap_place *out)
{
    struct wr w = wr_of(MBYTES_OF(out->b));
    wr_put(&w, BYTES_LIT("data_key.wrapped"));
    wr_u8(&w, 0);
    wr_be32(&w, id);
    wr_put(&w, (struct bytes){store_id, STORE_ID_LEN});
    return wr_done(&w);
}

enum err kek_wrapper(const struct seal_key *kek, struct sealer **out)
{
    enum err err = sealer_new(out);
    return err == E_OK ? sealer_add(*out, WRAPPING_KEY_ID, kek) : err;
}

enum err kek_wrap(struct sealer *wrapper, uint32_t id, const uint8_t store_id[static STORE_ID_LEN],
                  const struct seal_key *key, struct wrapped_key *out)
{
    struct wrap_place place;
    return seal(wrapper, wrap_place(id, store_id, &place), BYTES_OF(key->b), MBYTES_OF(out->b),
                &out->n);
}

enum err kek_unwrap(struct sealer *wrapper, uint32_t id,
                    const uint8_t store_id[static STORE_ID_LEN], struct bytes wrapped,
                    struct seal_key *out)
{
    struct wrap_place place;
    size_t n = 0;
    enum err err =
        seal_open(wrapper, wrap_place(id, store_id, &place), wrapped, MBYTES_OF(out->b), &n);
    return err == E_OK && n != sizeof out->b ? E_WRONG_KEY : err;
}

/* One statement with a blob and the time; %1 is the id. */
static enum err insert_blob(sqlite3 *db, const char *sql, uint32_t id, struct bytes blob)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db, sql, -1, &st, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_int64(st, 1, id);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_blob(st, 2, blob.p, (int)blob.n, SQLITE_STATIC);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_int64(st, 3, (int64_t)time(NULL));
    }
    enum err err = rc == SQLITE_OK ? stmt_run(st) : sqlite_err(rc);
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

static enum err wrap_new_key(sqlite3 *db, struct sealer *wrapper, uint32_t id,
                             const uint8_t store_id[static STORE_ID_LEN])
{
    struct seal_key key;
    struct wrapped_key wrapped;
    enum err err = os_random(key.b, sizeof key.b);
    if (err == E_OK) {
        err = kek_wrap(wrapper, id, store_id, &key, &wrapped);
    }
    if (err == E_OK) {
        err = insert_blob(db, "INSERT INTO data_key (id, wrapped, created_at) VALUES (?1, ?2, ?3)",
                          id, (struct bytes){wrapped.b, wrapped.n});
    }
    wipe(&key, sizeof key);
    return err;
}

enum err store_keys_create(sqlite3 *db, const struct seal_key *kek, struct store_why *why)
{
    uint8_t store_id[STORE_ID_LEN];
    struct sealer *wrapper = NULL;
    enum err err = os_random(store_id, sizeof store_id);
    if (err == E_OK) {
        err = insert_blob(db, "INSERT INTO identity (id, store_id, created_at) VALUES (?1, ?2, ?3)",
                          1, BYTES_OF(store_id));
    }
    if (err == E_OK) {
        err = kek_wrapper(kek, &wrapper);
    }
    if (err == E_OK) {
        err = wrap_new_key(db, wrapper, 1, store_id);
    }
    sealer_free(wrapper);
    return err == E_OK ? E_OK
                       : why_set(why, err, "the new store's data key cannot be written: %s",
                                 sqlite3_errmsg(db));
}

static enum err load_store_id(sqlite3 *db, uint8_t out[static STORE_ID_LEN])
{
    sqlite3_stmt *st = NULL;
    enum err err =
        sqlite_err(sqlite3_prepare_v2(db, "SELECT store_id FROM identity", -1, &st, NULL));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        struct bytes id = stmt_blob(st, 0);
        err = id.n == STORE_ID_LEN ? E_OK : E_IO;
        memcpy(out, id.p, err == E_OK ? STORE_ID_LEN : 0);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

static enum err unwrap(sqlite3_stmt *st, struct sealer *wrapper, struct store_keys *out)
{
    if (out->n == SEAL_KEYS_MAX) {
        return E_NO_ROOM;
    }
    uint32_t id = (uint32_t)sqlite3_column_int64(st, 0);
    enum err err = kek_unwrap(wrapper, id, out->store_id, stmt_blob(st, 1), &out->data[out->n].key);
    out->data[out->n].id = id;
    out->n++;
    return err;
}

/* In ascending order: the newest key is loaded last, and seals. */
static enum err unwrap_all(sqlite3 *db, struct sealer *wrapper, struct store_keys *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(
        sqlite3_prepare_v2(db, "SELECT id, wrapped FROM data_key ORDER BY id", -1, &st, NULL));
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        err = unwrap(st, wrapper, out);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    if (err != E_NOT_FOUND) {
        return err;
    }
    return out->n > 0 ? E_OK : E_IO;
}

static enum err refuse_kek(const struct store_options *options, const struct store_keys *keys,
                           struct store_why *why)
{
    char id[2 * STORE_ID_LEN + 1];
    hex_encode(BYTES_OF(keys->store_id), id);
    return why_set(why, E_WRONG_KEY,
                   "%s is not the key-encryption key of the store %s (id %s); put the key file "
                   "that was in use with this store back in its place. Nothing was changed",
                   options->kek_path, options->path, id);
}

enum err store_keys_load(sqlite3 *db, const struct store_options *options,
                         const struct seal_key *kek, struct store_keys *out, struct store_why *why)
{
    struct sealer *wrapper = NULL;
    *out = (struct store_keys){0};
    enum err err = load_store_id(db, out->store_id);
    if (err == E_OK) {
        err = kek_wrapper(kek, &wrapper);
    }
    if (err == E_OK) {
        err = unwrap_all(db, wrapper, out);
    }
    sealer_free(wrapper);
    if (err == E_WRONG_KEY) {
        err = refuse_kek(options, out, why);
    } else if (err != E_OK) {
        err = why_set(why, err == E_NOT_FOUND ? E_IO : err,
                      "%s: the data keys cannot be read: %s (%s). If this goes on, restore the "
                      "store from its backup",
                      options->path, err_sentence(err), sqlite3_errmsg(db));
    }
    if (err != E_OK) {
        wipe(out, sizeof *out);
    }
    return err;
}

enum err store_keys_sealer(const struct store_keys *keys, struct sealer **out)
{
    enum err err = sealer_new(out);
    for (size_t i = 0; i < keys->n && err == E_OK; i++) {
        err = sealer_add(*out, keys->data[i].id, &keys->data[i].key);
    }
    return err; /* what was made is the connection's to free */
}
