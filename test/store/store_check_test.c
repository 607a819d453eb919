/* What a start would find wrong with a store, found without opening it (src/store/store_check.c):
 * beside a process that has it open too, and nothing in its folder is another afterwards. */
#include "store/fixture.h"

#include "store/store_check.h"

#define DIGITS   "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff\n"
#define SEEN_MAX 16

struct seen { /* a folder */
    size_t n;
    struct {
        char name[64];
        struct mbytes text;
        struct timespec changed;
    } files[SEEN_MAX];
};

static void look(const struct fixture *f, struct seen *out)
{
    DIR *d = opendir(f->dir);
    *out = (struct seen){.n = 0};
    assert_non_null(d);
    for (const struct dirent *e; (e = readdir(d)) != NULL;) {
        char path[400];
        struct stat st;
        snprintf(path, sizeof path, "%s/%s", f->dir, e->d_name);
        assert_int_equal(stat(path, &st), 0);
        if (S_ISREG(st.st_mode)) {
            assert_true(out->n < SEEN_MAX);
            snprintf(out->files[out->n].name, sizeof out->files[0].name, "%s", e->d_name);
            out->files[out->n].text = slurp(path);
            out->files[out->n++].changed = st.st_mtim;
        }
    }
    closedir(d);
}

static bool has(const struct seen *s, const char *name, const struct mbytes *text,
                const struct timespec *changed)
{
    for (size_t i = 0; i < s->n; i++) {
        if (strcmp(s->files[i].name, name) == 0) {
            return s->files[i].text.n == text->n &&
                   memcmp(s->files[i].text.p, text->p, text->n) == 0 &&
                   s->files[i].changed.tv_sec == changed->tv_sec &&
                   s->files[i].changed.tv_nsec == changed->tv_nsec;
        }
    }
    return false;
}

static void forget(struct seen *s)
{
    for (size_t i = 0; i < s->n; i++) {
        free(s->files[i].text.p);
    }
}

/* The check of an HSS's store; its folder is as it was. */
static enum err check(struct fixture *f)
{
    struct seen before, after;
    look(f, &before);
    const enum err err = store_check(STORE_OF_HSS, f->path, f->kek, &f->why);
    assert_int_equal(f->why.err, err);
    look(f, &after);
    assert_int_equal(before.n, after.n);
    for (size_t i = 0; i < before.n; i++) {
        if (!has(&after, before.files[i].name, &before.files[i].text, &before.files[i].changed)) {
            fail_msg("%s is another", before.files[i].name);
        }
    }
    forget(&before);
    forget(&after);
    return err;
}

/* The start agrees. */
static void both(struct fixture *f, enum err err)
{
    assert_err(check(f), err);
    assert_err(try_open(f, true), err);
}

static void a_good_store_is_good_and_so_is_none(void **state)
{
    struct fixture *f = *state;
    assert_ok(check(f));
    assert_false(exists(f->path));
    assert_false(exists(f->kek));
    open_store(f);
    assert_ok(store_check(STORE_OF_HSS, f->path, f->kek, &f->why)); /* while it is open */
    close_store(f);
    assert_ok(check(f));
    open_store(f);
}

static void a_key_that_is_not_the_stores_is_found(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    struct mbytes right = slurp(f->kek);
    close_store(f);
    unlink(f->kek);
    both(f, E_NOT_FOUND);
    spill(f->kek, DIGITS, 65, 0600);
    both(f, E_WRONG_KEY);
    assert_non_null(strstr(f->why.text, f->kek));
    unlink(f->kek);
    spill(f->kek, (const char *)right.p, right.n, 0644);
    both(f, E_DENIED);
    assert_non_null(strstr(f->why.text, "chmod 600"));
    unlink(f->kek);
    spill(f->kek, "no key", 6, 0600);
    both(f, E_BAD_VALUE);
    unlink(f->kek);
    spill(f->kek, (const char *)right.p, right.n, 0600);
    assert_ok(check(f));
    free(right.p);
}

static void without_a_folder_there_can_be_no_store(void **state)
{
    struct fixture *f = *state;
    char path[160];
    snprintf(path, sizeof path, "%s/nowhere/hss.db", f->dir);
    assert_err(store_check(STORE_OF_HSS, path, f->kek, &f->why), E_NOT_FOUND);
    assert_non_null(strstr(f->why.text, "nowhere"));
    snprintf(path, sizeof path, "%s/nowhere/hss.kek", f->dir);
    assert_err(store_check(STORE_OF_HSS, f->path, path, &f->why), E_NOT_FOUND);
}

static void what_is_no_store_is_found(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    unlink(f->path);
    spill(f->path, "not a database at all, and yet of some length", 45, 0600);
    both(f, E_BAD_VALUE);
    unlink(f->path);
    char wal[160];
    snprintf(wal, sizeof wal, "%s-wal", f->path);
    spill(wal, "x", 1, 0600);
    both(f, E_CONFLICT);
    unlink(wal);
    assert_ok(store_check(STORE_OF_REPOSITORY, f->path, NULL, &f->why));
}

static void one_of_a_newer_program_is_refused_and_an_older_one_is_not_migrated(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    sql(f->path, "PRAGMA user_version = 4711");
    both(f, E_TOO_NEW);
    sql(f->path, "PRAGMA user_version = 6");
    assert_ok(check(f));
}

/* Copied while it is open, which is what a crash leaves. */
static void the_log_that_a_crash_left_is_read_and_stays(void **state)
{
    struct fixture *f = *state;
    static const char *const suffixes[] = {"", "-wal", "-shm"};
    open_store(f);
    assert_ok(store_begin(f->w));
    assert_ok(store_set_mark(f->w, 7));
    assert_ok(store_commit(f->w));
    for (size_t i = 0; i < 3; i++) {
        copy_file(with(f->path, suffixes[i]), with(f->kek, with("-copy", suffixes[i])));
    }
    close_store(f);
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(
            rename(with(f->kek, with("-copy", suffixes[i])), with(f->path, suffixes[i])), 0);
    }
    assert_ok(check(f));
    assert_true(exists(with(f->path, "-wal")));
    unlink(with(f->path, "-shm"));
    assert_ok(check(f));
    open_store(f);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_good_store_is_good_and_so_is_none),
        IN_FOLDER(a_key_that_is_not_the_stores_is_found),
        IN_FOLDER(without_a_folder_there_can_be_no_store),
        IN_FOLDER(what_is_no_store_is_found),
        IN_FOLDER(one_of_a_newer_program_is_refused_and_an_older_one_is_not_migrated),
        IN_FOLDER(the_log_that_a_crash_left_is_read_and_stays),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
