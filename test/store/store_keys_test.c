/* Another key-encryption key while the store is open (src/store/store_keys.c), and what a process
 * that ends in between leaves. */
#include "store/fixture.h"

#include "store/store_keys.h"

#include <signal.h>

#define NOW 1700000000

static struct store_keys_view keys_of(struct fixture *f)
{
    struct store_keys_view v;
    assert_ok(store_read_keys(f->r, &v));
    return v;
}

static void fill(struct fixture *f)
{
    struct store_subscriber s = subscriber_of(IMSI_A);
    (void)put(f, &s);
}

static void assert_filled(struct fixture *f)
{
    struct store_subscriber is = read_back(f, IMSI_A), was = subscriber_of(IMSI_A);
    assert_same_keys(&is.keys, &was.keys);
}

/* The steps of a rotation, one after the other; false: one failed. Assertions are not for a child.
 */
enum { STEP_FILE = 1, STEP_WRAPPED, STEP_COMMITTED, STEP_RENAMED, STEPS = STEP_RENAMED };
static bool rotate(struct store *s, unsigned steps)
{
    struct seal_key kek = {.b = {0}};
    struct store_why why;
    struct store_writer *w = store_the_writer(s);
    return (steps < STEP_FILE || store_kek_next(s, &kek, &why) == E_OK) &&
           (steps < STEP_WRAPPED ||
            (store_begin(w) == E_OK && store_rotate_kek(w, &kek, NOW) == E_OK)) &&
           (steps < STEP_COMMITTED || store_commit(w) == E_OK) &&
           (steps < STEP_RENAMED || store_kek_put_in_place(s, &why) == E_OK);
}

/* In a process of its own, which is killed after so many steps. */
static void die_after(struct fixture *f, unsigned steps)
{
    close_store(f);
    pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        struct store *s = NULL;
        struct store_options o = {f->path, f->kek, false};
        if (store_open(&o, &s, &f->why) == E_OK && rotate(s, steps)) {
            (void)kill(getpid(), SIGKILL);
        }
        _exit(1);
    }
    int status = 0;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL);
}

static void a_rotation_wraps_the_data_keys_under_another_key_and_touches_no_row(void **state)
{
    struct fixture *f = *state;
    fill(f);
    struct store_keys_view before = keys_of(f);
    copy_file(f->kek, with(f->kek, ".old"));
    assert_true(rotate(f->store, STEPS));
    struct store_keys_view after = keys_of(f);
    assert_memory_not_equal(&before.kek_id, &after.kek_id, sizeof before.kek_id);
    assert_int_equal(after.kek_since, NOW);
    assert_int_equal(after.n, 1);
    assert_int_equal(after.data[0].id, before.data[0].id);
    assert_int_equal(after.data[0].created, before.data[0].created);
    assert_false(exists(with(f->kek, ".next")));
    assert_filled(f);
    reopen_store(f);
    assert_filled(f);
    struct store_keys_view again = keys_of(f);
    assert_memory_equal(&again.kek_id, &after.kek_id, sizeof again.kek_id);
    close_store(f);
    copy_file(with(f->kek, ".old"), f->kek);
    assert_err(try_open(f, false), E_WRONG_KEY);
}

/* The former key file beside the one that took its place. */
static const char *former_of(struct fixture *f, const struct store_keys_view *before)
{
    static char path[320];
    assert_ok(store_kek_former_path(f->kek, &before->kek_id, path, sizeof path));
    return path;
}

static void the_former_key_file_stays_under_its_fingerprint_for_older_backups(void **state)
{
    struct fixture *f = *state;
    char short_path[40];
    fill(f);
    struct store_keys_view before = keys_of(f);
    copy_file(f->kek, with(f->kek, ".old"));
    assert_true(rotate(f->store, STEPS));
    struct seal_key was, is;
    struct store_why why;
    assert_ok(kek_load(with(f->kek, ".old"), &was, &why));
    assert_ok(kek_load(former_of(f, &before), &is, &why));
    assert_memory_equal(&was, &is, sizeof was);
    /* a start that finishes a rotation keeps it too, and a second rotation keeps both */
    struct store_keys_view between = keys_of(f);
    die_after(f, STEP_COMMITTED);
    reopen_store(f);
    assert_ok(kek_load(former_of(f, &between), &is, &why));
    assert_memory_not_equal(&was, &is, sizeof was);
    assert_true(exists(former_of(f, &before)));
    assert_err(store_kek_former_path(f->kek, &before.kek_id, short_path, sizeof short_path), E_IO);
}

static void the_fingerprint_is_that_of_the_key_file(void **state)
{
    struct fixture *f = *state;
    struct seal_key kek;
    struct store_kek_id id;
    assert_true(rotate(f->store, STEPS));
    assert_ok(kek_load(f->kek, &kek, &f->why));
    assert_ok(store_kek_id_of(&kek, &id));
    struct store_keys_view v = keys_of(f);
    assert_memory_equal(&v.kek_id, &id, sizeof id);
}

/* Wherever it dies: of the two files one opens the store and is then the only one, and a rotation
 * run again does all of it. */
static void
a_process_that_dies_after_any_step_leaves_a_store_that_one_of_both_keys_opens(void **state)
{
    struct fixture *f = *state;
    fill(f);
    for (unsigned steps = 0; steps <= STEPS; steps++) {
        struct store_keys_view before = keys_of(f);
        struct seal_key kek;
        die_after(f, steps);
        bool both = steps >= STEP_FILE && steps < STEP_RENAMED;
        assert_int_equal(exists(with(f->kek, ".next")), both);
        open_store(f);
        assert_false(exists(with(f->kek, ".next")));
        assert_filled(f);
        struct store_keys_view now = keys_of(f);
        bool rotated = memcmp(&now.kek_id, &before.kek_id, sizeof now.kek_id) != 0;
        assert_int_equal(rotated, steps >= STEP_COMMITTED);
        struct store_kek_id id;
        assert_ok(kek_load(f->kek, &kek, &f->why));
        assert_ok(store_kek_id_of(&kek, &id));
        assert_memory_equal(&id, &now.kek_id, sizeof id);
        assert_true(rotate(f->store, STEPS));
        struct store_keys_view again = keys_of(f);
        assert_memory_not_equal(&again.kek_id, &now.kek_id, sizeof now.kek_id);
        reopen_store(f);
        assert_filled(f);
    }
}

/*= test op-key-rotate */
static void exactly_one_of_both_keys_opens_what_a_dead_process_left(void **state)
{
    struct fixture *f = *state;
    fill(f);
    for (unsigned steps = STEP_FILE; steps < STEP_RENAMED; steps++) {
        char next[160], key[160], store[160];
        snprintf(next, sizeof next, "%s.kept-next", f->dir);
        snprintf(key, sizeof key, "%s.kept-key", f->dir);
        snprintf(store, sizeof store, "%s.kept-store", f->dir);
        die_after(f, steps);
        copy_file(with(f->kek, ".next"), next);
        copy_file(f->kek, key);
        if (exists(with(f->path, "-wal"))) {
            sql(f->path, "PRAGMA wal_checkpoint(TRUNCATE)");
        }
        copy_file(f->path, store);
        unlink(with(f->kek, ".next"));
        enum err by_key = try_open(f, false);
        store_close(f->store);
        copy_file(store, f->path);
        copy_file(next, f->kek);
        enum err by_next = try_open(f, false);
        store_close(f->store);
        assert_int_equal(by_key == E_OK, steps < STEP_COMMITTED);
        assert_int_equal(by_next == E_OK, steps >= STEP_COMMITTED);
        copy_file(store, f->path);
        copy_file(key, f->kek);
        copy_file(next, with(f->kek, ".next"));
        unlink(next);
        unlink(key);
        unlink(store);
        open_store(f);
        assert_filled(f);
    }
}

static void a_next_file_that_was_cut_short_does_no_harm(void **state)
{
    struct fixture *f = *state;
    fill(f);
    close_store(f);
    spill(with(f->kek, ".next"), "0011", 4, 0600);
    open_store(f);
    assert_false(exists(with(f->kek, ".next")));
    spill(with(f->kek, ".next"), "", 0, 0600);
    assert_true(rotate(f->store, STEPS));
    assert_filled(f);
}

static void a_rotation_takes_up_the_file_of_one_that_was_not_finished(void **state)
{
    struct fixture *f = *state;
    struct seal_key a, b;
    struct store_why why;
    fill(f);
    assert_ok(store_kek_next(f->store, &a, &why));
    assert_ok(store_begin(f->w));
    assert_ok(store_rotate_kek(f->w, &a, NOW));
    store_rollback(f->w);
    assert_ok(store_kek_next(f->store, &b, &why));
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(rotate(f->store, STEPS));
    reopen_store(f);
    assert_filled(f);
}

static void a_missing_key_file_is_made_good_by_the_next_one_if_that_is_the_stores(void **state)
{
    struct fixture *f = *state;
    fill(f);
    die_after(f, STEP_COMMITTED);
    unlink(f->kek);
    open_store(f);
    assert_true(exists(f->kek));
    assert_filled(f);
    close_store(f);
    assert_int_equal(rename(f->kek, with(f->dir, ".aside")), 0);
    spill(with(f->kek, ".next"), "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
          64, 0600);
    assert_err(try_open(f, true), E_WRONG_KEY);
    assert_true(exists(with(f->kek, ".next")));
    assert_int_equal(rename(with(f->dir, ".aside"), f->kek), 0);
}

static void where_neither_file_is_the_stores_nothing_is_changed(void **state)
{
    struct fixture *f = *state;
    static const char other[] = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    fill(f);
    close_store(f);
    struct mbytes before = slurp(f->path);
    spill(f->kek, other, 64, 0600);
    spill(with(f->kek, ".next"), other, 64, 0600);
    assert_err(try_open(f, false), E_WRONG_KEY);
    assert_non_null(strstr(f->why.text, f->kek));
    assert_true(exists(f->kek) && exists(with(f->kek, ".next")));
    assert_same_file(f->path, before);
    free(before.p);
}

static void a_next_file_that_others_may_read_is_not_trusted(void **state)
{
    struct fixture *f = *state;
    struct seal_key kek;
    struct store_why why;
    spill(with(f->kek, ".next"), "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff",
          64, 0640);
    assert_err(store_kek_next(f->store, &kek, &why), E_DENIED);
    assert_non_null(strstr(why.text, ".next"));
}

/* It would be renamed over the key file, and the key be wherever somebody has it. */
static void
a_next_file_that_is_a_symbolic_link_is_neither_followed_nor_written_through(void **state)
{
    struct fixture *f = *state;
    struct store_why why;
    struct seal_key kek;
    char elsewhere[160], next[160];
    snprintf(elsewhere, sizeof elsewhere, "%s", with(f->kek, ".elsewhere"));
    snprintf(next, sizeof next, "%s", with(f->kek, ".next"));
    fill(f);
    spill(elsewhere, "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff", 64, 0600);
    assert_int_equal(symlink(elsewhere, next), 0);
    assert_err(store_kek_next(f->store, &kek, &why), E_DENIED);
    assert_non_null(strstr(why.text, "symbolic link"));
    assert_null(strstr(why.text, "001122"));
    assert_true(exists(elsewhere) && exists(next));
    assert_int_equal(unlink(elsewhere), 0);
    assert_err(store_kek_next(f->store, &kek, &why), E_DENIED); /* nor where it leads to nothing */
    assert_false(exists(elsewhere));
    assert_int_equal(unlink(next), 0);
    assert_true(rotate(f->store, STEPS));
    assert_filled(f);
}

static void a_next_file_that_is_a_symbolic_link_opens_no_store(void **state)
{
    struct fixture *f = *state;
    char elsewhere[160];
    snprintf(elsewhere, sizeof elsewhere, "%s", with(f->kek, ".elsewhere"));
    die_after(f, STEP_COMMITTED);
    assert_int_equal(rename(with(f->kek, ".next"), elsewhere), 0);
    assert_int_equal(symlink(elsewhere, with(f->kek, ".next")), 0);
    assert_err(try_open(f, false), E_WRONG_KEY);
    assert_int_equal(rename(elsewhere, with(f->kek, ".next")), 0);
    assert_ok(try_open(f, false));
}

static void a_next_file_without_a_store_keeps_a_new_store_from_being_made(void **state)
{
    struct fixture *f = *state;
    close_store(f);
    unlink(f->path);
    assert_int_equal(rename(f->kek, with(f->kek, ".next")), 0);
    assert_err(try_open(f, true), E_CONFLICT);
    assert_true(exists(with(f->kek, ".next")));
    assert_false(exists(f->kek) || exists(f->path));
}

static void a_rename_that_fails_leaves_both_and_a_rotation_run_again_finishes(void **state)
{
    struct fixture *f = *state;
    struct store_why why;
    fill(f);
    assert_true(rotate(f->store, STEP_COMMITTED));
    char was[160];
    snprintf(was, sizeof was, "%s", with(f->kek, ".was"));
    assert_int_equal(rename(f->kek, was), 0);
    assert_int_equal(mkdir(f->kek, 0700), 0); /* no file can be renamed over it */
    assert_err(store_kek_put_in_place(f->store, &why), E_IO);
    assert_non_null(strstr(why.text, ".next"));
    assert_int_equal(rmdir(f->kek), 0);
    assert_int_equal(rename(was, f->kek), 0);
    assert_true(rotate(f->store, STEPS));
    reopen_store(f);
    assert_filled(f);
}

static void a_rotation_outside_of_a_batch_is_refused(void **state)
{
    struct fixture *f = *state;
    const struct seal_key kek = {.b = {1}};
    assert_err(store_rotate_kek(f->w, &kek, NOW), E_BAD_STATE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_rotation_wraps_the_data_keys_under_another_key_and_touches_no_row),
        IN_STORE(the_former_key_file_stays_under_its_fingerprint_for_older_backups),
        IN_STORE(the_fingerprint_is_that_of_the_key_file),
        IN_STORE(a_process_that_dies_after_any_step_leaves_a_store_that_one_of_both_keys_opens),
        IN_STORE(exactly_one_of_both_keys_opens_what_a_dead_process_left),
        IN_STORE(a_next_file_that_was_cut_short_does_no_harm),
        IN_STORE(a_rotation_takes_up_the_file_of_one_that_was_not_finished),
        IN_STORE(a_missing_key_file_is_made_good_by_the_next_one_if_that_is_the_stores),
        IN_STORE(where_neither_file_is_the_stores_nothing_is_changed),
        IN_STORE(a_next_file_that_others_may_read_is_not_trusted),
        IN_STORE(a_next_file_that_is_a_symbolic_link_is_neither_followed_nor_written_through),
        IN_STORE(a_next_file_that_is_a_symbolic_link_opens_no_store),
        IN_STORE(a_next_file_without_a_store_keeps_a_new_store_from_being_made),
        IN_STORE(a_rename_that_fails_leaves_both_and_a_rotation_run_again_finishes),
        IN_STORE(a_rotation_outside_of_a_batch_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
