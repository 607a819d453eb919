#include "store/store_backup.h"
#include "store/store_backup_parts.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Beside the store: the copy that is to take its place, and a note of how the old one will be
 * called. While the note is there the restore is not finished. */
#define STAGED ".restoring"
#define OLD    ".restoring-old" /* what is newer in the old one is read from this copy */
#define NOTE   ".restore-begun"
#define PATHS  (STORE_PATH_MAX + 64)

/* ---- verifying ---- */

static enum err check_digest(const char *backup, const struct store_manifest *m,
                             struct store_why *why)
{
    char sum[65];
    uint64_t octets = 0;
    enum err err = backup_digest(backup, &octets, sum);
    if (err != E_OK) {
        return why_set(why, err, "%s: the backup cannot be read: %s", backup,
                       err == E_NOT_FOUND || err == E_DENIED || err == E_IO ? strerror(errno)
                                                                            : err_sentence(err));
    }
    if (octets != m->octets || strcmp(sum, m->sha256) != 0) {
        return why_set(why, E_BAD_VALUE,
                       "%s is damaged: its SHA-256 is %s and its manifest says %s; take another "
                       "backup",
                       backup, sum, m->sha256);
    }
    return E_OK;
}

enum err backup_check_sound(sqlite3 *db, const char *backup, struct store_why *why)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(db, "PRAGMA integrity_check(1)", -1, &st, NULL));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    const char *said = err == E_OK ? (const char *)sqlite3_column_text(st, 0) : sqlite3_errmsg(db);
    if (err != E_OK || said == NULL || strcmp(said, "ok") != 0) {
        err = why_set(why, E_BAD_VALUE, "%s is damaged: %s", backup, said == NULL ? "" : said);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

static enum err check_said(sqlite3 *db, const char *backup, const struct store_manifest *m,
                           struct store_why *why)
{
    struct store_manifest *found = calloc(1, sizeof *found);
    enum err err = found == NULL ? E_MEMORY : backup_describe(db, found);
    bool same = err == E_OK && found->application == m->application && found->schema == m->schema &&
                strcmp(found->store_id, m->store_id) == 0 && strcmp(found->key, m->key) == 0 &&
                found->mark == m->mark && found->n == m->n;
    for (size_t i = 0; same && i < m->n; i++) {
        same = strcmp(found->tables[i].name, m->tables[i].name) == 0 &&
               found->tables[i].rows == m->tables[i].rows;
    }
    free(found);
    if (err != E_OK) {
        return why_set(why, err, "%s: the backup cannot be read: %s", backup, sqlite3_errmsg(db));
    }
    return same ? E_OK
                : why_set(why, E_BAD_VALUE,
                          "%s is not what its manifest says: one of them is of "
                          "another backup",
                          backup);
}

static enum err check_key(sqlite3 *db, const char *backup, const char *kek_path,
                          const struct store_manifest *m, struct store_why *why)
{
    const struct store_options named = {.path = backup, .kek_path = kek_path};
    struct seal_key kek = {.b = {0}};
    struct store_keys *keys = calloc(1, sizeof *keys);
    enum err err =
        keys == NULL ? why_set(why, E_MEMORY, "no memory") : kek_load(kek_path, &kek, why);
    if (err == E_OK) {
        err = store_keys_load(db, &named, &kek, keys, why);
    }
    wipe(&kek, sizeof kek);
    if (keys != NULL) {
        wipe(keys, sizeof *keys);
    }
    free(keys);
    if (err == E_WRONG_KEY) {
        err = why_set(why, err,
                      "%s does not open %s: the backup needs the key file with the fingerprint "
                      "%s; put that one, from its own backup, in this place",
                      kek_path, backup, m->key[0] != '\0' ? m->key : "(unknown)");
    }
    return err;
}

enum err store_backup_verify(const char *backup, const char *kek_path, struct store_manifest *out,
                             struct store_why *why)
{
    sqlite3 *db = NULL;
    enum err err = store_manifest_read(backup, out, why);
    if (err == E_OK) {
        err = check_digest(backup, out, why);
    }
    if (err == E_OK) {
        err = store_check_file(backup, out->application, why);
    }
    if (err != E_OK) {
        return err;
    }
    err = backup_connect(backup, SQLITE_OPEN_READONLY, &db);
    if (err != E_OK) {
        err = why_set(why, err, "%s: the backup cannot be opened: %s", backup, sqlite3_errmsg(db));
    }
    if (err == E_OK) {
        err = backup_check_sound(db, backup, why);
    }
    if (err == E_OK) {
        err = check_said(db, backup, out, why);
    }
    if (err == E_OK && kek_path != NULL && out->store_id[0] != '\0') {
        err = check_key(db, backup, kek_path, out, why);
    }
    (void)sqlite3_close(db); /* only read */
    return err;
}

/* ---- the copy that takes the store's place ---- */

struct restoring {
    const struct store_restore_options *o;
    struct store_restored *out;
    struct store_why *why;
    const struct store_file_kind *kind; /* NULL while it is not known */
    struct carry carry;
    char staged[PATHS], note[PATHS];
};

static bool is_hss(const struct restoring *r)
{
    return r->kind == &hss_store_kind;
}

static enum err say_errno(struct restoring *r, const char *path, const char *what)
{
    enum err err = errno == ENOSPC || errno == EDQUOT || errno == EFBIG ? E_NO_ROOM
                   : errno == EACCES                                    ? E_DENIED
                                                                        : E_IO;
    return why_set(r->why, err, "%s: %s: %s", path, what, strerror(errno));
}

static bool copy_octets(int from, int to)
{
    uint8_t buffer[65536];
    ssize_t n;
    while ((n = read(from, buffer, sizeof buffer)) > 0) {
        for (ssize_t at = 0; at < n;) {
            ssize_t wrote = write(to, buffer + at, (size_t)(n - at));
            if (wrote <= 0) {
                return false;
            }
            at += wrote;
        }
    }
    return n == 0;
}

static enum err copy_file(struct restoring *r)
{
    char journal[PATHS + 16];
    int from = open(r->o->backup, O_RDONLY | O_CLOEXEC);
    /* One that a killed restore left would be played into the new copy. */
    (void)snprintf(journal, sizeof journal, "%s-journal", r->staged);
    (void)unlink(journal);
    if (from < 0) {
        return say_errno(r, r->o->backup, "the backup cannot be read");
    }
    int to = open(r->staged, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = to >= 0 && copy_octets(from, to) && fsync(to) == 0;
    int failed = errno;
    ok = (to < 0 || close(to) == 0) && ok;
    (void)close(from); /* read only */
    errno = failed;
    return ok ? E_OK : say_errno(r, r->staged, "the copy of the backup cannot be written");
}

/* What was copied is what was verified. */
static enum err check_copy(struct restoring *r)
{
    char sum[65];
    uint64_t octets = 0;
    enum err err = backup_digest(r->staged, &octets, sum);
    if (err != E_OK || strcmp(sum, r->out->manifest.sha256) != 0) {
        return why_set(r->why, err != E_OK ? err : E_IO,
                       "%s: the copy of the backup is not what was read; the disk is failing",
                       r->staged);
    }
    return E_OK;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash == NULL ? path : slash + 1;
}

static enum err write_origin(struct restoring *r, sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    char name[STORE_BACKUP_NAME_MAX + 1];
    const int64_t floor = r->out->loss ? r->o->now * 1000 : 0;
    int rc = sqlite3_prepare_v2(db,
                                "UPDATE origin SET closed = 1, restored = 1, restored_at = ?1,"
                                " backup_at = ?2, backup = ?3, sha256 = ?4, loss = ?5,"
                                " floor = max(floor, ?6)",
                                -1, &st, NULL);
    (void)snprintf(name, sizeof name, "%s", base_name(r->o->backup));
    if (rc == SQLITE_OK) {
        (void)sqlite3_bind_int64(st, 1, r->o->now);
        (void)sqlite3_bind_int64(st, 2, r->out->manifest.made);
        (void)sqlite3_bind_text(st, 4, r->out->manifest.sha256, -1, SQLITE_STATIC);
        (void)sqlite3_bind_int(st, 5, r->out->loss);
        (void)sqlite3_bind_int64(st, 6, floor);
        rc = sqlite3_bind_text(st, 3, name, -1, SQLITE_STATIC);
    }
    enum err err = rc == SQLITE_OK ? stmt_run(st) : backup_err(rc);
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

static enum err write_mark(const struct restoring *r, sqlite3 *db)
{
    sqlite3_stmt *st = NULL;
    int rc = sqlite3_prepare_v2(db,
                                "INSERT INTO mark (id, mark) VALUES (1, ?1)"
                                " ON CONFLICT (id) DO UPDATE SET mark = excluded.mark",
                                -1, &st, NULL);
    if (rc == SQLITE_OK) {
        rc = sqlite3_bind_int64(st, 1, (int64_t)r->out->mark);
    }
    enum err err = rc == SQLITE_OK ? stmt_run(st) : backup_err(rc);
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err;
}

/* Of the stores whose records are promises. */
static enum err take_over(struct restoring *r, sqlite3 *db)
{
    struct carry *c = &r->carry;
    enum err err = carry_rows(c, db);
    if (err == E_OK && c->attached) {
        err = backup_err(sqlite3_exec(db,
                                      "UPDATE main.origin SET floor ="
                                      " max(floor, (SELECT floor FROM old.origin))",
                                      NULL, NULL, NULL));
    }
    r->out->taken_over = c->attached;
    r->out->loss = !c->whole;
    if (err == E_OK && r->out->loss && !r->o->accept_loss) {
        return why_set(r->why, E_CONFLICT,
                       "%s; what %s recorded after the backup, if anything, would be forgotten, "
                       "and what that breaks is in docs/backup.md: read it, and run it again with "
                       "--accept-loss",
                       c->why_not, r->kind->program);
    }
    return err;
}

/* A transaction that would be IMMEDIATE would be one of `old` too, and leave a journal over both
 * where it is killed. */
static enum err fill_transaction(struct restoring *r, sqlite3 *db)
{
    enum err err =
        backup_err(sqlite3_exec(db, "PRAGMA main.synchronous = FULL; BEGIN", NULL, NULL, NULL));
    if (err == E_OK) {
        err = is_hss(r) ? write_mark(r, db) : take_over(r, db);
    }
    if (err == E_OK) {
        err = write_origin(r, db);
    }
    return err == E_OK ? backup_err(sqlite3_exec(db, "COMMIT", NULL, NULL, NULL)) : err;
}

static enum err fill_staged(struct restoring *r)
{
    sqlite3 *db = NULL;
    enum err err = backup_connect(r->staged, SQLITE_OPEN_READWRITE, &db);
    if (err == E_OK) {
        err = schema_migrate(db, r->staged, r->kind->steps, r->kind->n_steps, r->why);
    }
    if (err == E_OK && !is_hss(r)) {
        err = carry_attach(&r->carry, db, r->why);
    }
    if (err == E_OK) {
        err = fill_transaction(r, db);
    }
    if (err != E_OK && r->why->err == E_OK) {
        err = why_set(r->why, err, "%s: the copy cannot be made a store: %s", r->staged,
                      sqlite3_errmsg(db));
    }
    (void)sqlite3_close(db); /* committed, or not to be */
    return err;
}

/* ---- the mark ---- */

/* The old store is opened as SQLite opens any: its log counts. What cannot be read (it may be why
 * there is a restore) tells no mark. */
static void old_mark(struct restoring *r)
{
    sqlite3 *db = NULL;
    int64_t mark = 0;
    struct store_why not_said;
    if (access(r->o->store, F_OK) != 0 ||
        store_check_file(r->o->store, STORE_APPLICATION_ID, &not_said) != E_OK) {
        return;
    }
    enum err err = backup_connect(r->o->store, SQLITE_OPEN_READONLY, &db);
    if (err == E_OK) {
        err = backup_number(db, "SELECT mark FROM mark", &mark);
    }
    r->out->old_mark_read = err == E_OK;
    if (err == E_OK && mark > 0 && (uint64_t)mark > r->out->mark) {
        r->out->mark = (uint64_t)mark;
    }
    (void)sqlite3_close(db); /* only read */
}

static enum err choose_mark(struct restoring *r)
{
    const struct store_manifest *m = &r->out->manifest;
    if (r->o->now < m->made) {
        return why_set(r->why, E_BAD_VALUE,
                       "the clock of this machine is %" PRId64 " seconds before the time at which "
                       "the backup was made: set it first, for numbers follow it",
                       m->made - r->o->now);
    }
    if (is_hss(r)) {
        r->out->mark = m->mark > r->o->mark_least ? m->mark : r->o->mark_least;
        old_mark(r);
    }
    return E_OK;
}

/* ---- the old one aside, the new one in its place ---- */

static enum err write_note(struct restoring *r)
{
    char unfinished[PATHS + 8];
    (void)snprintf(unfinished, sizeof unfinished, "%s.new", r->note);
    int fd = open(unfinished, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0600);
    bool ok = fd >= 0 && dprintf(fd, "%s\n", r->out->aside) > 0 && fsync(fd) == 0;
    ok = (fd < 0 || close(fd) == 0) && ok && rename(unfinished, r->note) == 0 &&
         sync_directory_of(r->note) == E_OK;
    return ok ? E_OK : say_errno(r, r->note, "the restore cannot be begun");
}

static enum err read_note(struct restoring *r)
{
    int fd = open(r->note, O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : read(fd, r->out->aside, sizeof r->out->aside - 1);
    if (fd >= 0) {
        (void)close(fd); /* read only */
    }
    if (n < 0) {
        return say_errno(r, r->note, "what was begun cannot be read");
    }
    r->out->aside[n] = '\0';
    r->out->aside[strcspn(r->out->aside, "\n")] = '\0';
    return r->out->aside[0] != '\0'
               ? E_OK
               : why_set(r->why, E_BAD_VALUE, "%s is empty; move it away by hand", r->note);
}

static bool move(const char *from, const char *to)
{
    return rename(from, to) == 0 || errno == ENOENT;
}

/* The staged copy goes last: while it is there, what lies in the store's place is the old one. */
static enum err swap(struct restoring *r)
{
    char from[PATHS], to[sizeof r->out->aside + 16];
    static const char *const logs[] = {"-wal", "-journal"};
    bool ok = move(r->o->store, r->out->aside);
    for (size_t i = 0; ok && i < sizeof logs / sizeof logs[0]; i++) {
        (void)snprintf(from, sizeof from, "%s%s", r->o->store, logs[i]);
        (void)snprintf(to, sizeof to, "%s%s", r->out->aside, logs[i]);
        ok = move(from, to);
    }
    if (!ok || sync_directory_of(r->o->store) != E_OK) {
        return say_errno(r, r->o->store, "the store that is there cannot be moved aside");
    }
    (void)snprintf(from, sizeof from, "%s-shm", r->o->store);
    (void)unlink(from); /* it is made again from the log */
    return rename(r->staged, r->o->store) == 0
               ? E_OK
               : say_errno(r, r->o->store, "the backup cannot be put in place");
}

/* A key that a rotation could not put in its place opens the store that was put aside, and not the
 * one that takes its place, whose start would remove it. */
static bool keep_next_key(const struct restoring *r)
{
    char next[STORE_PATH_MAX], to[PATHS + STORE_PATH_MAX];
    if (r->o->kek_path == NULL || kek_next_path(r->o->kek_path, next) != E_OK) {
        return true;
    }
    const size_t n = strlen(r->o->store);
    const char *when = strncmp(r->out->aside, r->o->store, n) == 0 ? r->out->aside + n : ".aside";
    (void)snprintf(to, sizeof to, "%s%s", next, when);
    return move(next, to) && sync_directory_of(next) == E_OK;
}

/* Each step may be done again. */
static enum err put_in_place(struct restoring *r)
{
    enum err err = access(r->staged, F_OK) == 0 ? swap(r) : E_OK;
    if (err != E_OK) {
        return err;
    }
    if (!keep_next_key(r)) {
        return say_errno(r, r->o->kek_path, "the next key beside it cannot be put aside");
    }
    if (sync_directory_of(r->o->store) != E_OK || (unlink(r->note) != 0 && errno != ENOENT) ||
        sync_directory_of(r->o->store) != E_OK) {
        return say_errno(r, r->note, "the restore cannot be finished");
    }
    if (access(r->out->aside, F_OK) != 0) {
        r->out->aside[0] = '\0';
    }
    return E_OK;
}

static enum err name_aside(struct restoring *r)
{
    struct tm tm;
    time_t now = (time_t)r->o->now;
    char when[32];
    if (gmtime_r(&now, &tm) == NULL || strftime(when, sizeof when, "%Y%m%dT%H%M%SZ", &tm) == 0) {
        return why_set(r->why, E_BAD_VALUE, "the clock of this machine has no sensible time");
    }
    (void)snprintf(r->out->aside, sizeof r->out->aside, "%s.before-restore-%s", r->o->store, when);
    for (unsigned i = 2; access(r->out->aside, F_OK) == 0; i++) { /* more than one in a second */
        (void)snprintf(r->out->aside, sizeof r->out->aside, "%s.before-restore-%s-%u", r->o->store,
                       when, i);
    }
    return E_OK;
}

/* What is no database any more may be why there is a restore; what is another program's is where
 * it does not belong. */
static enum err check_kind(struct restoring *r)
{
    uint32_t there = 0;
    r->kind = store_kind_of(r->out->manifest.application);
    if (r->kind == NULL) {
        return why_set(r->why, E_BAD_VALUE,
                       "%s is a backup of a program that this one is too old "
                       "to know",
                       r->o->backup);
    }
    r->out->program = r->kind->program;
    r->carry =
        (struct carry){.kind = r->kind, .old = r->o->store, .store_id = r->out->manifest.store_id};
    (void)snprintf(r->carry.scratch, sizeof r->carry.scratch, "%s" OLD, r->o->store);
    if (!backup_application(r->o->store, &there) || there == r->kind->application) {
        return E_OK;
    }
    const struct store_file_kind *other = store_kind_of(there);
    return why_set(r->why, E_BAD_VALUE,
                   "%s is a backup of %s's store, and %s is that of %s: name the configuration of "
                   "%s; nothing was touched",
                   r->o->backup, r->kind->program, r->o->store,
                   other == NULL ? "another program" : other->program, r->kind->program);
}

static enum err stage(struct restoring *r)
{
    enum err err = copy_file(r);
    if (err == E_OK) {
        err = check_copy(r);
    }
    if (err == E_OK) {
        err = fill_staged(r);
    }
    carry_clean(&r->carry);
    return err;
}

/* No store was ever here: the lock, whose file stays, is taken for a backup that is good only. */
static bool is_new_place(const struct restoring *r)
{
    char lock[PATH_MAX];
    (void)snprintf(lock, sizeof lock, "%s.lock", r->o->store);
    return access(lock, F_OK) != 0 && access(r->note, F_OK) != 0;
}

static enum err restore_new(struct restoring *r, bool verified)
{
    enum err err =
        verified ? E_OK
                 : store_backup_verify(r->o->backup, r->o->kek_path, &r->out->manifest, r->why);
    if (err == E_OK) {
        err = check_kind(r);
    }
    if (err == E_OK) {
        err = choose_mark(r);
    }
    if (err == E_OK) {
        err = name_aside(r);
    }
    if (err == E_OK) {
        err = stage(r);
    }
    if (err == E_OK) {
        err = write_note(r);
    }
    if (err !=
        E_OK) { /* nothing was moved yet. A note says that the copy is whole: it goes first */
        if (unlink(r->note) == 0 || errno == ENOENT) {
            (void)unlink(r->staged);
        }
        return err;
    }
    return put_in_place(r);
}

/* As the first run would have said: what has to be done before the daemon starts depends on it. */
static void read_loss(struct restoring *r)
{
    sqlite3 *db = NULL;
    int64_t loss = 0;
    if (backup_connect(r->o->store, SQLITE_OPEN_READONLY, &db) == E_OK &&
        backup_number(db, "SELECT loss FROM origin", &loss) == E_OK) {
        r->out->loss = loss != 0;
    }
    (void)sqlite3_close(db); /* only read */
}

static enum err finish_begun(struct restoring *r)
{
    uint32_t application = 0;
    r->out->finished_earlier = true;
    enum err err = read_note(r);
    if (err == E_OK) {
        err = put_in_place(r);
    }
    if (err == E_OK && backup_application(r->o->store, &application) &&
        store_kind_of(application) != NULL) {
        r->out->program = store_kind_of(application)->program;
        read_loss(r);
    }
    return err;
}

/*= op-restore */
enum err store_restore(const struct store_restore_options *o, struct store_restored *out,
                       struct store_why *why)
{
    struct restoring r = {.o = o, .out = out, .why = why};
    int lock = -1;
    *why = (struct store_why){E_OK, ""};
    *out = (struct store_restored){.program = "bindery"};
    if (strlen(o->store) >= PATH_MAX - 64 || strlen(o->backup) >= PATH_MAX) {
        return why_set(why, E_BAD_VALUE, "the path of the store or of the backup is too long");
    }
    (void)snprintf(r.staged, sizeof r.staged, "%s" STAGED, o->store);
    (void)snprintf(r.note, sizeof r.note, "%s" NOTE, o->store);
    const bool first = is_new_place(&r);
    enum err err = first ? store_backup_verify(o->backup, o->kek_path, &out->manifest, why) : E_OK;
    if (err != E_OK || (err = store_take_lock(o->store, &lock, why)) != E_OK) {
        return err;
    }
    err = access(r.note, F_OK) == 0 ? finish_begun(&r) : restore_new(&r, first);
    (void)close(lock); /* gives the lock back */
    return err;
}

enum err restore_check_none(const char *path, struct store_why *why)
{
    char note[PATHS];
    (void)snprintf(note, sizeof note, "%s" NOTE, path);
    if (access(note, F_OK) != 0) {
        return E_OK;
    }
    return why_set(why, E_CONFLICT,
                   "a restore of %s was begun and not finished; run `bindery restore` again, which "
                   "finishes it",
                   path);
}
