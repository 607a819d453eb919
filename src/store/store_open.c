#include "store/store_internal.h"
#include "store/store_keys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ORIGIN_SINCE 7 /* the schema that says whether the store was closed in order */

enum err why_set(struct store_why *why, enum err err, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    why->err = err;
    vsnprintf(why->text, sizeof why->text, format, args);
    va_end(args);
    return err;
}

static enum err beside(const char *path, const char *suffix, char out[static STORE_PATH_MAX],
                       struct store_why *why)
{
    if (path == NULL || snprintf(out, STORE_PATH_MAX, "%s%s", path, suffix) >= PATH_MAX) {
        return why_set(why, E_IO, "the path of the store is missing or too long");
    }
    return E_OK;
}

/* ---- one process ---- */

static void read_holder(int fd, char *out, size_t room)
{
    ssize_t n = pread(fd, out, room - 1, 0);
    out[n > 0 ? n : 0] = '\0';
    out[strspn(out, "0123456789")] = '\0';
}

/* The lock is the flock, which the kernel gives back however the process ends; the number in the
 * file is for people. The file stays: removing a lock file lets two processes lock two files. */
enum err store_take_lock(const char *path, int *out, struct store_why *why)
{
    char lock[STORE_PATH_MAX], holder[16];
    enum err err = beside(path, ".lock", lock, why);
    if (err != E_OK) {
        return err;
    }
    int fd = open(lock, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0) {
        return why_set(why, errno == EACCES ? E_DENIED : E_IO,
                       "%s: the lock of the store cannot be opened: %s", lock, strerror(errno));
    }
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        read_holder(fd, holder, sizeof holder);
        (void)close(fd); /* nothing was written */
        return why_set(why, E_LOCKED,
                       "%s is held by process %s; one store serves one process: stop that one, or "
                       "give this one a store of its own",
                       path, holder[0] == '\0' ? "(unknown)" : holder);
    }
    if (ftruncate(fd, 0) != 0 || dprintf(fd, "%ld\n", (long)getpid()) < 0) {
        (void)close(fd);
        return why_set(why, E_IO, "%s: %s", lock, strerror(errno));
    }
    *out = fd;
    return E_OK;
}

static void drop_lock(int fd)
{
    if (fd >= 0) {
        (void)close(fd); /* gives the lock back; the number in it is then of no meaning */
    }
}

/* ---- is it ours? ---- */

/* Looks at the first octets before SQLite may: SQLite would recover, and so change, a database of
 * somebody else's that was left with a hot journal. */
enum err store_check_file(const char *path, uint32_t application, struct store_why *why)
{
    uint8_t header[100];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) {
        return why_set(why, errno == EACCES ? E_DENIED : E_IO, "%s: %s", path, strerror(errno));
    }
    ssize_t n = read(fd, header, sizeof header);
    (void)close(fd); /* read only */
    if (n != sizeof header || memcmp(header, "SQLite format 3", 16) != 0) {
        return why_set(why, E_BAD_VALUE,
                       "%s is not a Bindery store: it is no database. Check the path; the file was "
                       "not touched",
                       path);
    }
    struct rd r = rd_of((struct bytes){header + 68, 4});
    if (rd_be32(&r) != application) {
        return why_set(why, E_BAD_VALUE,
                       "%s is not a Bindery store: it is the database of another program. Check "
                       "the path; the file was not touched",
                       path);
    }
    return E_OK;
}

/* ---- a new store ---- */

static enum err fill_new(const char *path, const struct seal_key *kek, struct store_why *why)
{
    struct connection c;
    enum err err = connection_open(&c, path, CONNECTION_WRITER);
    if (err != E_OK) {
        err =
            why_set(why, err, "%s: the new store cannot be opened: %s", path, sqlite3_errmsg(c.db));
    }
    if (err == E_OK) {
        err = schema_migrate(c.db, path, schema_steps, schema_steps_n, why);
    }
    if (err == E_OK) {
        err = store_keys_create(c.db, kek, why);
    }
    if (err == E_OK &&
        sqlite3_exec(c.db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK) {
        err = why_set(why, E_IO, "%s: no write-ahead log: %s", path, sqlite3_errmsg(c.db));
    }
    connection_close(&c);
    return err;
}

/* A log without its database would be played into the new one. */
static enum err check_no_remains(const char *path, struct store_why *why)
{
    char remains[STORE_PATH_MAX];
    enum err err = beside(path, "-wal", remains, why);
    if (err == E_OK && access(remains, F_OK) == 0) {
        err = why_set(why, E_CONFLICT,
                      "%s belongs to a store whose file %s is gone; restore that file, or move the "
                      "log away to begin a new store",
                      remains, path);
    }
    return err;
}

/* What an interrupted creation left; nobody ever used it. */
static void remove_unfinished(const char *new)
{
    static const char *const suffixes[] = {"", "-journal", "-wal", "-shm"};
    char path[STORE_PATH_MAX + 16];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        snprintf(path, sizeof path, "%s%s", new, suffixes[i]);
        (void)unlink(path); /* most often not there */
    }
}

/* Made under another name and renamed when whole, so that a store is there in full or not at all.
 */
static enum err create_store(const char *path, const struct seal_key *kek, struct store_why *why)
{
    char new[STORE_PATH_MAX];
    enum err err = beside(path, ".new", new, why);
    if (err == E_OK) {
        err = check_no_remains(path, why);
    }
    if (err != E_OK) {
        return err;
    }
    remove_unfinished(new);
    int fd = open(new, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600); /* SQLite keeps the mode */
    if (fd < 0 || close(fd) != 0) {
        return why_set(why, E_IO, "%s: the store cannot be made: %s", new, strerror(errno));
    }
    err = fill_new(new, kek, why);
    if (err == E_OK && (rename(new, path) != 0 || sync_directory_of(path) != E_OK)) {
        err = why_set(why, E_IO, "%s: the new store cannot be put in place: %s", path,
                      strerror(errno));
    }
    if (err != E_OK) {
        remove_unfinished(new);
    }
    return err;
}

/* ---- opening ---- */

static enum err refuse_creation(const struct store_options *o, struct store_why *why)
{
    return why_set(why, E_CONFLICT,
                   "%s.next is what a rotation left beside a store whose file %s is gone; restore "
                   "that file, or move the key away to begin a new store",
                   o->kek_path, o->path);
}

static enum err load_or_create_kek(const struct store_options *o, bool store_exists, bool *made,
                                   struct seal_key *kek, struct store_why *why)
{
    char next[STORE_PATH_MAX];
    bool there = access(o->kek_path, F_OK) == 0;
    *made = false;
    if (!there && !store_exists && kek_next_path(o->kek_path, next) == E_OK &&
        access(next, F_OK) == 0) {
        return refuse_creation(o, why);
    }
    if (!there && store_exists) {
        return why_set(why, E_NOT_FOUND,
                       "%s is not there and the store %s cannot be read without it; restore this "
                       "key file from its backup (a new key would not open the store, so none was "
                       "made)",
                       o->kek_path, o->path);
    }
    if (!there) {
        enum err err = kek_create(o->kek_path, why);
        if (err != E_OK) {
            return err;
        }
        *made = true;
    }
    return kek_load(o->kek_path, kek, why);
}

/* Without a key file, or with one that is none, the next one may still be the store's. */
static enum err load_keks(const struct store_options *o, bool store_exists, bool *made,
                          struct kek_choice *out, struct store_why *why)
{
    enum err err = load_or_create_kek(o, store_exists, made, &out->key, why);
    out->has_key = err == E_OK;
    if (store_exists) {
        kek_choice_next(o->kek_path, out);
    }
    return (err == E_NOT_FOUND || err == E_BAD_VALUE) && out->has_next ? E_OK : err;
}

static bool has_log(const char *path)
{
    char wal[STORE_PATH_MAX + 8];
    struct stat st;
    snprintf(wal, sizeof wal, "%s-wal", path);
    return stat(wal, &st) == 0 && st.st_size > 0;
}

/* From here on data keys may come. */
static enum err keys_ready(struct store *s, const struct kek_choice *keks)
{
    enum err err = ring_add_all(&s->ring, &s->keys);
    sealer_ask(s->writer.c.sealer, ring_find, &s->ring);
    return err == E_OK ? store_note_kek(s->writer.c.db, keks->next_is_it ? &keks->next : &keks->key,
                                        (int64_t)time(NULL))
                       : err;
}

/* The checks are in this order so that whatever is wrong is found before anything is written. */
static enum err open_writer(struct store *s, const struct store_options *o, struct kek_choice *keks,
                            struct store_why *why)
{
    struct connection *c = &s->writer.c;
    int version = 0;
    int keep_log = has_log(s->path);
    enum err err = connection_open(c, s->path, CONNECTION_WRITER);
    if (err == E_OK) {
        /* A refused store is left as it is: closing would move a log that a crash left into it. */
        (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, keep_log, (int *)NULL);
        err = schema_version(c->db, &version);
    }
    if (err != E_OK) {
        return why_set(why, err, "%s: the store cannot be opened: %s", s->path,
                       sqlite3_errmsg(c->db));
    }
    if (version <= schema_steps[schema_steps_n - 1].version) {
        err = kek_choose(c->db, o, keks, &s->keys, why);
    }
    if (err == E_OK) {
        err = schema_migrate(c->db, s->path, schema_steps, schema_steps_n, why);
    }
    if (err != E_OK) {
        return err;
    }
    if (sqlite3_exec(c->db, "PRAGMA journal_mode = WAL", NULL, NULL, NULL) != SQLITE_OK) {
        return why_set(why, E_IO, "%s: no write-ahead log: %s", s->path, sqlite3_errmsg(c->db));
    }
    err = connection_ready(c, CONNECTION_WRITER, &s->keys);
    if (err == E_OK) {
        err = keys_ready(s, keks);
    }
    if (err == E_OK) {
        err = origin_opened(c->db, version < ORIGIN_SINCE && keep_log, &s->origin);
    }
    if (err != E_OK) {
        return why_set(why, err, "%s: the store cannot be used: %s (%s)", s->path,
                       err_sentence(err), sqlite3_errmsg(c->db));
    }
    (void)sqlite3_db_config(c->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, (int *)NULL);
    s->opened = true;
    return E_OK;
}

/* Under the lock. */
static enum err open_files(struct store *s, const struct store_options *o, struct store_why *why)
{
    struct kek_choice keks = {.has_key = false};
    bool made_kek = false;
    bool there = access(s->path, F_OK) == 0;
    enum err err = restore_check_none(s->path, why);
    if (err != E_OK) {
        return err;
    }
    err = there ? store_check_file(s->path, STORE_APPLICATION_ID, why) : E_OK;
    if (err == E_OK) {
        err = load_keks(o, there, &made_kek, &keks, why);
    }
    if (err == E_OK && !there) {
        err = create_store(s->path, &keks.key, why);
        if (err != E_OK && made_kek) {
            (void)unlink(o->kek_path); /* it sealed nothing; best effort */
        }
    }
    if (err == E_OK) {
        err = open_writer(s, o, &keks, why);
    }
    if (err == E_OK) {
        err = kek_finish(o->kek_path, &keks, why);
    }
    wipe(&keks, sizeof keks);
    return err;
}

static enum err check_options(const struct store_options *o, struct store *s, struct store_why *why)
{
    enum err err = beside(o->path, "", s->path, why);
    if (err == E_OK && o->kek_path == NULL) {
        err = why_set(why, E_NOT_FOUND, "%s: no key-encryption key file was named", s->path);
    }
    if (err == E_OK) {
        err = beside(o->kek_path, "", s->kek_path, why);
    }
    if (err == E_OK && !o->create && access(s->path, F_OK) != 0) {
        err = why_set(why, E_NOT_FOUND,
                      "%s: there is no store here (%s); check the path, or have a new one made",
                      s->path, strerror(errno));
    }
    return err;
}

enum err store_open(const struct store_options *options, struct store **out, struct store_why *why)
{
    *why = (struct store_why){E_OK, ""};
    /* Without its statistics of memory SQLite takes no lock that all threads share at each
     * allocation: two readers are then 1.7 times as fast. Refused once SQLite runs, which is fine.
     */
    (void)sqlite3_config(SQLITE_CONFIG_MEMSTATUS, 0);
    struct store *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return why_set(why, E_MEMORY, "no memory for the store");
    }
    s->lock_fd = -1;
    enum err err = check_options(options, s, why);
    if (err == E_OK) {
        err = store_take_lock(s->path, &s->lock_fd, why);
    }
    if (err == E_OK) {
        err = open_files(s, options, why);
    }
    if (err != E_OK) {
        store_close(s);
        return err;
    }
    *out = s;
    return E_OK;
}

void store_close(struct store *s)
{
    if (s == NULL) {
        return;
    }
    if (s->opened) {
        origin_closed(s->writer.c.db);
    }
    connection_close(&s->writer.c);
    ring_free(&s->ring);
    drop_lock(s->lock_fd);
    wipe(s, sizeof *s);
    free(s);
}

struct store_writer *store_the_writer(struct store *s)
{
    return &s->writer;
}

enum err store_reader_open(struct store *s, struct store_reader **out)
{
    struct store_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    enum err err = connection_open(&r->c, s->path, CONNECTION_READER);
    if (err == E_OK) {
        err = connection_ready(&r->c, CONNECTION_READER, &s->keys);
    }
    if (err == E_OK) {
        sealer_ask(r->c.sealer, ring_find, &s->ring);
    }
    if (err != E_OK) {
        store_reader_close(r);
        return err;
    }
    *out = r;
    return E_OK;
}

void store_reader_close(struct store_reader *r)
{
    if (r != NULL) {
        connection_close(&r->c);
        free(r);
    }
}
