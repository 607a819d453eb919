/* kill -9 of a process that makes a backup, or puts one in a store's place, before each step that
 * changes a file, and in the middle of each that writes
 * (src/store/store_restore.c, src/store/store_backup.c, src/store/store_carry.c). The process is a
 * child of this one, and the functions below stand in front of the C library's, for SQLite too. */
#include "store/every_row.h"
#include "store/same_rows.h"
#include "store/store_backup_parts.h"

#include "store/arpf_store.h"

#include <signal.h>
#include <sys/syscall.h>

#define LATER INT64_C(4000000000) /* after any clock that makes a backup here */
#define BEGAN ".restore-begun"

/* ---- the steps ---- */

static struct {
    bool armed;
    long left; /* steps before the one at which it ends */
} killer;

static bool it_is_time(void)
{
    return killer.armed && killer.left-- == 0;
}

static void step(void)
{
    if (it_is_time()) {
        kill(getpid(), SIGKILL);
    }
}

int rename(const char *from, const char *to)
{
    step();
    return (int)syscall(SYS_renameat, AT_FDCWD, from, AT_FDCWD, to);
}

int unlink(const char *path)
{
    step();
    return (int)syscall(SYS_unlinkat, AT_FDCWD, path, 0);
}

/* A process that ends loses nothing of what it wrote: nothing has to reach a disk here. */
int fsync(int fd)
{
    (void)fd;
    step();
    return 0;
}

int fdatasync(int fd)
{
    return fsync(fd);
}

int ftruncate64(int fd, off64_t n)
{
    step();
    return (int)syscall(SYS_ftruncate, fd, n);
}

ssize_t write(int fd, const void *p, size_t n)
{
    if (fd > 2 && it_is_time()) {
        (void)!syscall(SYS_write, fd, p, n / 2);
        kill(getpid(), SIGKILL);
    }
    return syscall(SYS_write, fd, p, n);
}

ssize_t pwrite64(int fd, const void *p, size_t n, off64_t at)
{
    if (it_is_time()) {
        (void)!syscall(SYS_pwrite64, fd, p, n / 2, at);
        kill(getpid(), SIGKILL);
    }
    return syscall(SYS_pwrite64, fd, p, n, at);
}

/* ---- a process that is ended ---- */

typedef enum err (*what)(struct fixture *f);

/* False: it came to its end before. */
static bool killed_at(struct fixture *f, what run, long n)
{
    int status = 0;
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        killer.left = n;
        killer.armed = true;
        enum err err = run(f);
        killer.armed = false;
        if (err != E_OK) {
            fprintf(stderr, "%s: %s\n", err_name(err), f->why.text);
        }
        _exit(err == E_OK ? 0 : 1);
    }
    assert_int_equal(waitpid(pid, &status, 0), pid);
    if (WIFSIGNALED(status)) {
        assert_int_equal(WTERMSIG(status), SIGKILL);
        return true;
    }
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
    return false;
}

/* ---- what is there before each of them ---- */

struct kept {
    const char *suffix; /* behind the folder's name */
    struct mbytes octets;
};
static struct kept kept[8];
static size_t n_kept;

static void keep(struct fixture *f, const char *suffix)
{
    kept[n_kept++] = (struct kept){suffix, slurp(with(f->dir, suffix))};
}

static struct mbytes kept_of(const char *suffix)
{
    for (size_t i = 0; i < n_kept; i++) {
        if (strcmp(kept[i].suffix, suffix) == 0) {
            return kept[i].octets;
        }
    }
    fail_msg("%s was not kept", suffix);
    return (struct mbytes){NULL, 0};
}

static void forget(void)
{
    while (n_kept > 0) {
        free(kept[--n_kept].octets.p);
    }
}

static int in_folder(void **state)
{
    forget();
    return folder(state);
}

static int with_store(void **state)
{
    forget();
    return store_in_folder(state);
}

static void empty_folder(struct fixture *f)
{
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        (void)unlinkat(dirfd(d), e->d_name, 0);
    }
    closedir(d);
}

static void put_back(struct fixture *f)
{
    empty_folder(f);
    for (size_t i = 0; i < n_kept; i++) {
        spill(with(f->dir, kept[i].suffix), (const char *)kept[i].octets.p, kept[i].octets.n, 0600);
    }
}

static unsigned files_with(struct fixture *f, const char *part)
{
    unsigned n = 0;
    DIR *d = opendir(f->dir);
    for (struct dirent *e; d != NULL && (e = readdir(d)) != NULL;) {
        n += strstr(e->d_name, part) != NULL;
    }
    closedir(d);
    return n;
}

static bool is_file(const char *path, struct mbytes octets)
{
    if (!exists(path)) {
        return false;
    }
    struct mbytes now = slurp(path);
    const bool same = now.n == octets.n && memcmp(now.p, octets.p, now.n) == 0;
    free(now.p);
    return same;
}

/* ---- backups ---- */

static const char *copy_path(struct fixture *f)
{
    return with(f->dir, "/night.backup");
}

static enum err back_up(struct fixture *f)
{
    struct store_manifest m;
    const struct store_backup_options o = {.store = f->path, .out = copy_path(f)};
    return store_backup_make(&o, &m, &f->why);
}

/* ---- restores ---- */

static bool has_key;

static enum err restore(struct fixture *f)
{
    struct store_restored done;
    const struct store_restore_options o = {.backup = copy_path(f),
                                            .store = f->path,
                                            .kek_path = has_key ? f->kek : NULL,
                                            .now = LATER,
                                            .mark_least = 5};
    return store_restore(&o, &done, &f->why);
}

/* Either the old store is there, or no start is possible, or the new one is there. */
static void is_old_or_barred_or_new(struct fixture *f, what open)
{
    if (exists(with(f->path, BEGAN))) {
        assert_err(open(f), E_CONFLICT);
        assert_non_null(strstr(f->why.text, "bindery restore"));
    } else if (!is_file(f->path, kept_of("/hss.db"))) {
        assert_int_equal(files_with(f, ".restoring"), 0);
        assert_ok(open(f));
    }
}

/* At each step; `check` looks at what is there after the same command was given again. Gives back
 * at how many of them a start was barred. */
static unsigned restores(struct fixture *f, what open, void (*check)(struct fixture *f, bool rows))
{
    unsigned barred = 0;
    bool killed = true;
    for (long n = 0; killed; n++) {
        put_back(f);
        killed = killed_at(f, restore, n);
        barred += exists(with(f->path, BEGAN)) ? 1 : 0;
        is_old_or_barred_or_new(f, open);
        assert_ok(restore(f));
        assert_true(is_file(with(f->path, ".before-restore-20961002T070640Z"), kept_of("/hss.db")));
        assert_int_equal(files_with(f, ".restoring"), 0);
        assert_int_equal(files_with(f, BEGAN), 0);
        check(f, n % 8 == 0 || !killed);
    }
    return barred;
}

static enum err open_hss(struct fixture *f)
{
    enum err err = try_open(f, true); /* as the HSS does */
    if (err == E_OK) {
        store_close(f->store);
        f->store = NULL;
    }
    return err;
}

static void check_hss(struct fixture *f, bool rows)
{
    uint64_t mark = 0;
    if (rows) {
        assert_same_rows(copy_path(f), f->path, " origin mark ");
    }
    open_store(f);
    assert_true(store_origin_of(f->store)->restored);
    assert_ok(store_read_mark(f->r, &mark));
    assert_true(mark == EVERY_MARK + 5000);
    close_store(f);
    assert_false(exists(with(f->kek, ".next")));
}

/*= test op-restore */
static void a_restore_of_an_hss_that_is_killed_at_any_step_is_finished_by_the_next(void **state)
{
    struct fixture *f = *state;
    has_key = true;
    fill_every_table(f);
    close_store(f);
    assert_ok(back_up(f));
    open_store(f);
    COMMITTED(f, store_set_mark(f->w, EVERY_MARK + 5000));
    close_store(f);
    assert_ok(kek_create(with(f->kek, ".next"), &f->why)); /* a rotation that did not come far */
    keep(f, "/hss.db");
    keep(f, "/hss.kek");
    keep(f, "/hss.kek.next");
    keep(f, "/night.backup");
    keep(f, "/night.backup.manifest");
    assert_true(restores(f, open_hss, check_hss) > 5);
}

static enum err open_arpf(struct fixture *f)
{
    struct arpf_store *s = NULL;
    enum err err = arpf_store_open(f->path, &s, &f->why);
    arpf_store_close(err == E_OK ? s : NULL);
    return err;
}

static void release(struct arpf_store *s, const char *dimsi)
{
    struct arpf_release r = {
        .dimsi = imsi_of(dimsi), .number = 1, .sp = "sp.example", .endorsed = {.n = 5}};
    assert_ok(arpf_store_begin(s));
    assert_ok(arpf_store_release(s, &r));
    assert_ok(arpf_store_commit(s));
}

/*= test op-backup */
static void a_backup_that_is_killed_at_any_step_is_whole_or_not_there(void **state)
{
    struct fixture *f = *state;
    struct arpf_store *s = NULL;
    struct store_manifest m;
    long n = 0;
    bool killed = true;
    assert_ok(arpf_store_open(f->path, &s, &f->why));
    release(s, IMSI_A);
    arpf_store_close(s);
    keep(f, "/hss.db");
    for (; killed; n++) {
        put_back(f);
        killed = killed_at(f, back_up, n);
        assert_true(is_file(f->path, kept_of("/hss.db")));
        if (!exists(copy_path(f))) {
            assert_ok(back_up(f)); /* and what was left goes */
        }
        assert_ok(store_backup_verify(copy_path(f), NULL, &m, &f->why));
        assert_int_equal(files_with(f, "night.backup"), 2);
    }
    assert_true(n > 20);
}

static void check_arpf(struct fixture *f, bool rows)
{
    (void)rows;
    struct arpf_store *s = NULL;
    struct arpf_counts counts;
    assert_ok(arpf_store_open(f->path, &s, &f->why));
    assert_ok(arpf_store_count(s, &counts));
    assert_int_equal(counts.releases, 2); /* the one that came after the backup too */
    assert_false(arpf_store_origin(s)->loss);
    arpf_store_close(s);
}

/*= test op-restore */
static void a_restore_of_an_arpf_that_is_killed_at_any_step_forgets_nothing(void **state)
{
    struct fixture *f = *state;
    struct arpf_store *s = NULL;
    has_key = false;
    assert_ok(arpf_store_open(f->path, &s, &f->why));
    release(s, IMSI_A);
    assert_ok(back_up(f));
    release(s, IMSI_B);
    arpf_store_close(s);
    keep(f, "/hss.db");
    keep(f, "/night.backup");
    keep(f, "/night.backup.manifest");
    assert_true(restores(f, open_arpf, check_arpf) > 5);
}

#define FOLDER(test) cmocka_unit_test_setup_teardown(test, in_folder, remove_folder)
#define STORE(test)  cmocka_unit_test_setup_teardown(test, with_store, remove_folder)
int main(void)
{
    const struct CMUnitTest tests[] = {
        FOLDER(a_backup_that_is_killed_at_any_step_is_whole_or_not_there),
        STORE(a_restore_of_an_hss_that_is_killed_at_any_step_is_finished_by_the_next),
        FOLDER(a_restore_of_an_arpf_that_is_killed_at_any_step_forgets_nothing),
    };
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    forget();
    return failed;
}
