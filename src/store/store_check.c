#include "store/store_check.h"

#include "store/store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define BUSY_MS 1000
#define URI_MAX ((size_t)3 * STORE_PATH_MAX + 64)

static const struct store_file_kind *const kinds[] = {
    [STORE_OF_HSS] = &hss_store_kind,         [STORE_OF_ARPF] = &arpf_store_kind,
    [STORE_OF_DAUSF] = &discovery_store_kind, [STORE_OF_RSMF] = &delivery_store_kind,
    [STORE_OF_REPOSITORY] = &repo_store_kind,
};

struct look {
    const struct store_file_kind *kind;
    struct store_options named;
    bool filled; /* there is a store */
    uid_t owner; /* who has it */
    struct kek_choice keks;
    struct store_why *why;
};

/* ---- folders and files ---- */

static enum err folder_of(const char *path, char out[static STORE_PATH_MAX], struct store_why *why)
{
    const char *slash = strrchr(path, '/');
    const int n = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    return strlen(path) < PATH_MAX && snprintf(out, STORE_PATH_MAX, "%.*s", n,
                                               slash == NULL ? "." : path) < STORE_PATH_MAX
               ? E_OK
               : why_set(why, E_IO, "the path of the store is too long");
}

/* Of the store and of its key-encryption key: a rotation makes a file beside that. */
static enum err check_folder(const char *path, struct stat *st, struct store_why *why)
{
    char folder[STORE_PATH_MAX];
    enum err err = folder_of(path, folder, why);
    if (err != E_OK) {
        return err;
    }
    if (stat(folder, st) != 0) {
        return why_set(why, errno == ENOENT ? E_NOT_FOUND : E_IO, "%s: the folder %s: %s", path,
                       folder, strerror(errno));
    }
    if (!S_ISDIR(st->st_mode)) {
        return why_set(why, E_IO, "%s: %s is no folder", path, folder);
    }
    return faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) == 0
               ? E_OK
               : why_set(why, E_DENIED, "%s: nothing can be made in the folder %s: %s", path,
                         folder, strerror(errno));
}

/* One that another user has made, root for instance, ends the start. */
static enum err check_files(const char *path, struct store_why *why)
{
    static const char *const suffixes[] = {"", "-wal", "-shm", ".lock", ".mark"};
    char file[STORE_PATH_MAX + 16];
    for (size_t i = 0; i < sizeof suffixes / sizeof suffixes[0]; i++) {
        (void)snprintf(file, sizeof file, "%s%s", path, suffixes[i]);
        if (faccessat(AT_FDCWD, file, R_OK | W_OK, AT_EACCESS) != 0 && errno != ENOENT) {
            return why_set(why, errno == EACCES ? E_DENIED : E_IO,
                           "%s: cannot be read and written: %s", file, strerror(errno));
        }
    }
    return E_OK;
}

static enum err check_none_is_lost(const struct look *l)
{
    char wal[STORE_PATH_MAX + 16];
    (void)snprintf(wal, sizeof wal, "%s-wal", l->named.path);
    if (l->kind != &hss_store_kind || access(wal, F_OK) != 0) {
        return E_OK;
    }
    return why_set(l->why, E_CONFLICT,
                   "%s belongs to a store whose file %s is gone; restore that file, or move the "
                   "log away to begin a new store",
                   wal, l->named.path);
}

/* An empty file is what a crash left of one that was being made: the HSS renames a whole one. */
static enum err look_at_file(struct look *l)
{
    struct stat st;
    if (stat(l->named.path, &st) != 0) {
        return errno == ENOENT ? check_none_is_lost(l)
                               : why_set(l->why, E_IO, "%s: %s", l->named.path, strerror(errno));
    }
    l->filled = l->kind == &hss_store_kind || st.st_size > 0;
    l->owner = geteuid() == 0 ? st.st_uid : l->owner;
    return l->filled ? store_check_file(l->named.path, l->kind->application, l->why) : E_OK;
}

/* ---- the key-encryption key ---- */

static enum err look_for_none(const struct look *l, bool has_next)
{
    struct stat st;
    const char *kek = l->named.kek_path, *path = l->named.path;
    if (l->filled) {
        return why_set(l->why, E_NOT_FOUND,
                       "%s is not there and the store %s cannot be read without it; restore this "
                       "key file from its backup",
                       kek, path);
    }
    if (has_next && l->kind == &hss_store_kind) {
        return why_set(l->why, E_CONFLICT,
                       "%s.next is what a rotation left beside a store whose file %s is gone; "
                       "restore that file, or move the key away to begin a new store",
                       kek, path);
    }
    return check_folder(kek, &st, l->why); /* it will be made */
}

static enum err look_at_kek(struct look *l)
{
    char next[STORE_PATH_MAX];
    const char *kek = l->named.kek_path;
    const bool there = access(kek, F_OK) == 0;
    const bool has_next = kek_next_path(kek, next) == E_OK && access(next, F_OK) == 0;
    if (l->filled) {
        kek_choice_next(kek, &l->keks);
    }
    if (!there) {
        return l->keks.has_next ? E_OK : look_for_none(l, has_next);
    }
    enum err err = kek_load_of(kek, l->owner, &l->keks.key, l->why);
    l->keks.has_key = err == E_OK;
    if (err == E_BAD_VALUE && l->keks.has_next && l->kind == &hss_store_kind) {
        return E_OK; /* as store_open has it */
    }
    return err;
}

/* ---- the database ---- */

static void uri_of(const char *path, const char *query, char out[static URI_MAX])
{
    size_t n = (size_t)snprintf(out, URI_MAX, path[0] == '/' ? "file://" : "file:");
    for (const char *p = path; *p != '\0' && n < URI_MAX - 64; p++) {
        if (strchr("%?#", *p) != NULL) {
            n += (size_t)snprintf(out + n, URI_MAX - n, "%%%02X", (unsigned)*p);
        } else {
            out[n++] = *p;
        }
    }
    (void)snprintf(out + n, URI_MAX - n, "%s", query);
}

/* Neither way makes a file, takes a lock that a daemon waits for, or moves a log into its database.
 */
static enum err open_as(const char *path, const char *query, sqlite3 **out)
{
    char *uri = malloc(URI_MAX);
    int version = 0;
    *out = NULL;
    if (uri == NULL) {
        return E_MEMORY;
    }
    uri_of(path, query, uri);
    int rc = sqlite3_open_v2(uri, out, SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX,
                             NULL);
    free(uri);
    if (rc == SQLITE_OK) {
        (void)sqlite3_extended_result_codes(*out, 1); /* fails on NULL only */
        (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, (int *)NULL);
        (void)sqlite3_db_config(*out, SQLITE_DBCONFIG_DEFENSIVE, 1, (int *)NULL);
        rc = sqlite3_busy_timeout(*out, BUSY_MS);
    }
    return rc == SQLITE_OK ? schema_version(*out, &version) : sqlite_err(rc);
}

/* With its log where there is one, through the index that a daemon has of it. Where that cannot be
 * read the database alone has to do. */
static enum err open_to_read(const char *path, sqlite3 **out)
{
    struct stat st;
    char wal[STORE_PATH_MAX + 8];
    (void)snprintf(wal, sizeof wal, "%s-wal", path);
    if (stat(wal, &st) == 0 && st.st_size > 0) {
        if (open_as(path, "?mode=ro&readonly_shm=1", out) == E_OK) {
            return E_OK;
        }
        (void)sqlite3_close(*out); /* only read */
    }
    return open_as(path, "?mode=ro&immutable=1", out);
}

static enum err look_at_keys(struct look *l, sqlite3 *db)
{
    bool sealed = false;
    enum err err = store_file_has_data_key(db, &sealed);
    struct store_keys *keys = calloc(1, sizeof *keys);
    if (err == E_OK && keys == NULL) {
        err = E_MEMORY;
    }
    if (err == E_OK && sealed) {
        err = kek_choose(db, &l->named, &l->keks, keys, l->why);
    }
    if (keys != NULL) {
        wipe(keys, sizeof *keys);
    }
    free(keys);
    return err;
}

static enum err look_inside(struct look *l, sqlite3 *db)
{
    int version = 0;
    const struct store_file_kind *k = l->kind;
    enum err err = schema_version(db, &version);
    if (err == E_OK && version > k->steps[k->n_steps - 1].version) {
        err = schema_migrate(db, l->named.path, k->steps, k->n_steps, l->why); /* refuses at once */
    }
    if (err == E_OK && version > 0 && l->named.kek_path != NULL) {
        err = look_at_keys(l, db);
    }
    return err;
}

static enum err look_at_database(struct look *l)
{
    sqlite3 *db = NULL;
    enum err err = open_to_read(l->named.path, &db);
    if (err == E_OK) {
        err = look_inside(l, db);
    }
    if (err != E_OK && l->why->err == E_OK) {
        (void)why_set(l->why, err, "%s: the store cannot be read: %s", l->named.path,
                      db != NULL ? sqlite3_errmsg(db) : err_sentence(err));
    }
    (void)sqlite3_close(db); /* only read */
    return err;
}

enum err store_check(enum store_whose whose, const char *path, const char *kek_path,
                     struct store_why *why)
{
    struct stat folder;
    struct look l = {.kind = kinds[whose], .named = {.path = path, .kek_path = kek_path}};
    *why = (struct store_why){E_OK, ""};
    l.why = why;
    enum err err = check_folder(path, &folder, why);
    if (err == E_OK) {
        l.owner = geteuid() == 0 ? folder.st_uid : geteuid();
        err = restore_check_none(path, why);
    }
    if (err == E_OK) {
        err = check_files(path, why);
    }
    if (err == E_OK) {
        err = look_at_file(&l);
    }
    if (err == E_OK && kek_path != NULL) {
        err = look_at_kek(&l);
    }
    if (err == E_OK && l.filled) {
        err = look_at_database(&l);
    }
    wipe(&l.keks, sizeof l.keks);
    return err;
}
