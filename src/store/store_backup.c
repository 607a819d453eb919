#include "store/store_backup.h"
#include "store/store_backup_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PAGES_A_STEP 256 /* 1 MiB */
#define BUSY_MS      5000
/* SQLite's own tables are not counted. */
#define TABLES_SELECT                                                                              \
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite!_%' "           \
    "ESCAPE '!' ORDER BY name"

/* ---- a database, looked at ---- */

enum err backup_err(int rc)
{
    return (rc & 0xff) == SQLITE_FULL ? E_NO_ROOM : sqlite_err(rc);
}

enum err backup_connect(const char *path, int flags, sqlite3 **out)
{
    int rc = sqlite3_open_v2(path, out, flags | SQLITE_OPEN_NOMUTEX, NULL);
    if (rc == SQLITE_OK) {
        (void)sqlite3_extended_result_codes(*out, 1); /* fails on NULL only */
        (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
        rc = sqlite3_busy_timeout(*out, BUSY_MS);
    }
    if (rc == SQLITE_OK) {
        rc = sqlite3_exec(*out,
                          "PRAGMA cache_size = -4096; PRAGMA mmap_size = 0;"
                          "PRAGMA temp_store = MEMORY; PRAGMA trusted_schema = OFF;"
                          "PRAGMA cell_size_check = ON;",
                          NULL, NULL, NULL);
    }
    return backup_err(rc);
}

enum err backup_number(sqlite3 *db, const char *sql, int64_t *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(db, sql, -1, &st, NULL));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        *out = sqlite3_column_int64(st, 0);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

static enum err count_rows(sqlite3 *db, const char *name, struct store_manifest *out)
{
    char sql[128];
    int64_t rows = 0;
    size_t i = out->n;
    if (i == STORE_BACKUP_TABLES_MAX || strlen(name) >= sizeof out->tables[i].name ||
        strchr(name, '"') != NULL || strchr(name, ' ') != NULL) {
        return E_BAD_VALUE;
    }
    (void)snprintf(sql, sizeof sql, "SELECT count(*) FROM \"%s\"", name);
    enum err err = backup_number(db, sql, &rows);
    if (err == E_OK) {
        (void)snprintf(out->tables[i].name, sizeof out->tables[i].name, "%s", name);
        out->tables[i].rows = (uint64_t)rows;
        out->n++;
    }
    return err;
}

static enum err count_tables(sqlite3 *db, struct store_manifest *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(db, TABLES_SELECT, -1, &st, NULL));
    out->n = 0;
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        const unsigned char *name = sqlite3_column_text(st, 0);
        err = name == NULL ? E_MEMORY : count_rows(db, (const char *)name, out);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_OK : err;
}

static bool has_rows(const struct store_manifest *m, const char *name)
{
    for (size_t i = 0; i < m->n; i++) {
        if (strcmp(m->tables[i].name, name) == 0) {
            return m->tables[i].rows > 0;
        }
    }
    return false;
}

/* A column of octets as hex. */
static enum err hex_of(sqlite3 *db, const char *sql, char out[static 33])
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(db, sql, -1, &st, NULL));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        struct bytes octets = stmt_blob(st, 0);
        err = octets.n == STORE_ID_LEN ? E_OK : E_BAD_VALUE;
        if (err == E_OK) {
            hex_encode(octets, out);
        }
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

enum err backup_describe(sqlite3 *db, struct store_manifest *out)
{
    int64_t application = 0, schema = 0, mark = 0;
    enum err err = backup_number(db, "PRAGMA application_id", &application);
    if (err == E_OK) {
        err = backup_number(db, "PRAGMA user_version", &schema);
    }
    if (err == E_OK) {
        err = count_tables(db, out);
    }
    if (err == E_OK && has_rows(out, "identity")) {
        err = hex_of(db, "SELECT store_id FROM identity", out->store_id);
    }
    if (err == E_OK && has_rows(out, "kek")) {
        err = hex_of(db, "SELECT fingerprint FROM kek", out->key);
    }
    if (err == E_OK && has_rows(out, "mark")) {
        err = backup_number(db, "SELECT mark FROM mark", &mark);
    }
    out->application = (uint32_t)application;
    out->schema = (uint32_t)schema;
    out->mark = (uint64_t)mark;
    return err;
}

/* ---- the copy ---- */

struct copying {
    const struct store_backup_options *o;
    char data[STORE_PATH_MAX + 16], manifest[STORE_PATH_MAX + 16]; /* unfinished */
    char manifest_name[STORE_PATH_MAX + 16];
    sqlite3 *from, *to;
};

/* Steps within one read transaction of the source: without it every change by the writer would
 * begin the copy anew. */
static enum err copy_steps(struct copying *c, struct store_why *why)
{
    sqlite3_backup *b = sqlite3_backup_init(c->to, "main", c->from, "main");
    int rc = b == NULL ? sqlite3_extended_errcode(c->to) : SQLITE_OK;
    bool stopped = false;
    while (rc == SQLITE_OK && !stopped) {
        int all = sqlite3_backup_pagecount(b); /* 0 before the first step */
        stopped =
            c->o->go_on != NULL &&
            !c->o->go_on(c->o->ctx, (uint64_t)(all - sqlite3_backup_remaining(b)), (uint64_t)all);
        rc = stopped ? SQLITE_OK : sqlite3_backup_step(b, PAGES_A_STEP);
    }
    (void)sqlite3_backup_finish(b); /* repeats the step's result */
    if (stopped) {
        return why_set(why, E_BAD_STATE, "the backup was ended before it was whole");
    }
    return rc == SQLITE_DONE ? E_OK
                             : why_set(why, backup_err(rc), "%s: the store cannot be copied: %s",
                                       c->data, sqlite3_errstr(rc));
}

/* One file, without a log: what the copy's header says of the source's. */
static enum err copy_database(struct copying *c, struct store_why *why)
{
    enum err err = backup_connect(c->o->store, SQLITE_OPEN_READONLY, &c->from);
    if (err == E_OK) {
        err = sqlite_err(
            sqlite3_exec(c->from, "BEGIN; SELECT count(*) FROM sqlite_schema", NULL, NULL, NULL));
    }
    if (err != E_OK) {
        return why_set(why, err, "%s: the store cannot be read: %s", c->o->store,
                       sqlite3_errmsg(c->from));
    }
    err = backup_connect(c->data, SQLITE_OPEN_READWRITE, &c->to);
    if (err == E_OK) {
        err = copy_steps(c, why);
    }
    if (err == E_OK) {
        err = backup_err(sqlite3_exec(c->to, "PRAGMA journal_mode = DELETE", NULL, NULL, NULL));
    }
    if (err != E_OK && why->err == E_OK) {
        err =
            why_set(why, err, "%s: the copy cannot be written: %s", c->data, sqlite3_errmsg(c->to));
    }
    return err;
}

bool backup_application(const char *path, uint32_t *out)
{
    uint8_t header[100];
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    ssize_t n = fd < 0 ? -1 : read(fd, header, sizeof header);
    if (fd >= 0) {
        (void)close(fd); /* read only */
    }
    if (n != sizeof header || memcmp(header, "SQLite format 3", 16) != 0) {
        return false;
    }
    struct rd r = rd_of((struct bytes){header + 68, 4});
    *out = rd_be32(&r);
    return true;
}

static enum err describe_copy(struct copying *c, struct store_manifest *out, struct store_why *why)
{
    enum err err = backup_describe(c->to, out);
    if (err != E_OK) {
        return why_set(why, err, "%s: the copy cannot be read again: %s", c->data,
                       sqlite3_errmsg(c->to));
    }
    return E_OK;
}

/* ---- into its place ---- */

static enum err sync_file(const char *path)
{
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    bool ok = fd >= 0 && fsync(fd) == 0;
    int failed = errno;
    if (fd >= 0) {
        (void)close(fd); /* nothing was written through it */
    }
    errno = failed;
    return ok ? E_OK : E_IO;
}

static enum err errno_err(void)
{
    return errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? E_NO_ROOM
           : errno == EACCES                                    ? E_DENIED
                                                                : E_IO;
}

/* The database is last: where it is, the backup is whole. */
static enum err rename_both(const struct copying *c)
{
    bool ok = rename(c->manifest, c->manifest_name) == 0 && sync_directory_of(c->o->out) == E_OK &&
              rename(c->data, c->o->out) == 0 && sync_directory_of(c->o->out) == E_OK;
    return ok ? E_OK : E_IO;
}

static enum err put_in_place(struct copying *c, struct store_manifest *m, struct store_why *why)
{
    enum err err = sync_file(c->data);
    if (err == E_OK) {
        err = backup_digest(c->data, &m->octets, m->sha256);
    }
    if (err == E_OK) {
        err = manifest_write(c->manifest, m);
    }
    if (err == E_OK) {
        err = rename_both(c);
    }
    return err == E_OK ? E_OK
                       : why_set(why, err == E_IO ? errno_err() : err,
                                 "%s: the backup cannot be put in place: %s", c->o->out,
                                 err == E_IO ? strerror(errno) : err_sentence(err));
}

static void remove_partial(const struct copying *c)
{
    char journal[sizeof c->data + 16];
    (void)snprintf(journal, sizeof journal, "%s-journal", c->data);
    (void)unlink(journal); /* most often none of them is there */
    (void)unlink(c->data);
    (void)unlink(c->manifest);
}

/* What an earlier one left that was killed goes; what is there under the name itself stays. */
static enum err clear_place(const struct copying *c, struct store_why *why)
{
    if (access(c->o->out, F_OK) == 0) {
        return why_set(why, E_EXISTS, "%s is there already; take another name", c->o->out);
    }
    remove_partial(c);
    int fd = open(c->data, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
    if (fd < 0 || close(fd) != 0) {
        enum err err = errno == ENOENT ? E_NOT_FOUND : errno_err();
        return why_set(why, err, "%s: the backup cannot be made: %s", c->data, strerror(errno));
    }
    return E_OK;
}

static enum err check_source(const struct store_backup_options *o, struct store_why *why)
{
    struct stat st;
    if (strlen(o->out) >= PATH_MAX || strlen(o->store) >= PATH_MAX) {
        return why_set(why, E_BAD_VALUE, "the path of the store or of the backup is too long");
    }
    if (stat(o->store, &st) != 0) {
        return why_set(why, errno == ENOENT ? E_NOT_FOUND : errno_err(), "%s: %s", o->store,
                       strerror(errno));
    }
    return E_OK;
}

/*= op-backup */
enum err store_backup_make(const struct store_backup_options *o, struct store_manifest *out,
                           struct store_why *why)
{
    struct copying c = {.o = o};
    *why = (struct store_why){E_OK, ""};
    *out = (struct store_manifest){.n = 0};
    enum err err = check_source(o, why);
    if (err != E_OK) {
        return err;
    }
    (void)snprintf(c.data, sizeof c.data, "%s" BACKUP_PARTIAL, o->out);
    (void)snprintf(c.manifest_name, sizeof c.manifest_name, "%s" BACKUP_MANIFEST, o->out);
    (void)snprintf(c.manifest, sizeof c.manifest, "%s" BACKUP_MANIFEST BACKUP_PARTIAL, o->out);
    err = clear_place(&c, why);
    if (err != E_OK) {
        return err;
    }
    const int64_t begun = (int64_t)time(NULL); /* what the copy has in it is of its beginning */
    err = copy_database(&c, why);
    if (err == E_OK) {
        err = describe_copy(&c, out, why);
        out->made = begun;
    }
    (void)sqlite3_close(c.from); /* only read */
    (void)sqlite3_close(c.to);   /* committed; its file is synced next */
    if (err == E_OK) {
        err = put_in_place(&c, out, why);
    }
    if (err != E_OK) {
        remove_partial(&c);
    }
    return err;
}
