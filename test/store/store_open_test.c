#include "store/fixture.h"

#include <signal.h>

static unsigned mode_of(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    return (unsigned)st.st_mode & 07777;
}

static void a_new_store_and_its_key_are_made_for_their_owner_only(void **state)
{
    struct fixture *f = *state;
    mode_t old = umask(0);
    open_store(f);
    umask(old);
    struct store_subscriber s = subscriber_of(IMSI_A);
    put(f, &s);
    assert_int_equal(mode_of(f->path), 0600);
    assert_int_equal(mode_of(f->kek), 0600);
    assert_int_equal(mode_of(with(f->path, "-wal")), 0600);
    assert_int_equal(mode_of(with(f->path, "-shm")), 0600);
    assert_int_equal(mode_of(with(f->path, ".lock")), 0600);
    assert_false(exists(with(f->path, ".new")));
}

static void a_store_that_was_closed_opens_again_without_create(void **state)
{
    struct fixture *f = *state;
    struct store_subscriber s = subscriber_of(IMSI_A);
    open_store(f);
    put(f, &s);
    close_store(f);
    assert_ok(try_open(f, false));
    assert_string_equal(f->why.text, "");
    assert_ok(store_reader_open(f->store, &f->r));
    struct store_subscriber back = read_back(f, IMSI_A);
    s.version = 1;
    assert_same_subscriber(&back, &s);
}

static void without_create_a_missing_store_is_not_made(void **state)
{
    struct fixture *f = *state;
    assert_err(try_open(f, false), E_NOT_FOUND);
    assert_int_equal(f->why.err, E_NOT_FOUND);
    assert_non_null(strstr(f->why.text, f->path));
    assert_false(exists(f->path));
    assert_false(exists(f->kek));
    assert_false(exists(with(f->path, ".lock")));
}

static void a_missing_key_of_a_store_that_is_there_is_never_made_anew(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    struct mbytes before = slurp(f->path);
    assert_int_equal(rename(f->kek, with(f->kek, ".away")), 0);
    assert_err(try_open(f, true), E_NOT_FOUND);
    assert_non_null(strstr(f->why.text, "restore"));
    assert_non_null(strstr(f->why.text, f->kek));
    assert_false(exists(f->kek));
    assert_same_file(f->path, before);
    free(before.p);
    assert_int_equal(rename(with(f->kek, ".away"), f->kek), 0);
    open_store(f);
}

static void a_second_opener_is_told_which_process_holds_the_store(void **state)
{
    struct fixture *f = *state, second = *f;
    char pid[32];
    open_store(f);
    snprintf(pid, sizeof pid, "held by process %ld", (long)getpid());
    assert_err(try_open(&second, true), E_LOCKED);
    assert_non_null(strstr(second.why.text, pid));
    close_store(f);
    assert_ok(try_open(&second, true));
    store_close(second.store);
}

/* A child that opens the store, says so, and waits to be killed. */
static pid_t holder(struct fixture *f)
{
    int pipes[2];
    char said;
    assert_int_equal(pipe(pipes), 0);
    pid_t pid = fork();
    if (pid == 0) {
        said = try_open(f, true) == E_OK;
        (void)!write(pipes[1], &said, 1);
        pause();
        _exit(0);
    }
    assert_int_equal(read(pipes[0], &said, 1), 1);
    assert_int_equal(said, 1);
    close(pipes[0]);
    close(pipes[1]);
    return pid;
}

static void a_holder_that_is_killed_gives_the_store_back(void **state)
{
    struct fixture *f = *state;
    char words[32];
    pid_t pid = holder(f);
    snprintf(words, sizeof words, "held by process %ld;", (long)pid);
    assert_err(try_open(f, true), E_LOCKED);
    assert_non_null(strstr(f->why.text, words));
    assert_int_equal(kill(pid, SIGKILL), 0);
    assert_int_equal(waitpid(pid, NULL, 0), pid);
    open_store(f);
}

static void assert_refused_untouched(struct fixture *f, const char *words)
{
    struct mbytes before = slurp(f->path);
    assert_err(try_open(f, true), E_BAD_VALUE);
    assert_non_null(strstr(f->why.text, words));
    assert_non_null(strstr(f->why.text, f->path));
    assert_same_file(f->path, before);
    assert_false(exists(f->kek));
    assert_false(exists(with(f->path, "-wal")));
    free(before.p);
}

static void a_file_that_is_not_ours_is_refused_and_not_touched(void **state)
{
    struct fixture *f = *state;
    char text[200];
    memset(text, 'x', sizeof text);
    spill(f->path, text, 0, 0600);
    assert_refused_untouched(f, "no database");
    spill(f->path, text, sizeof text, 0600);
    assert_refused_untouched(f, "no database");
    spill(f->path, "SQLite format 3", 16, 0600);
    assert_refused_untouched(f, "no database");
    unlink(f->path);
    sql(f->path, "CREATE TABLE notes (text); PRAGMA journal_mode = WAL");
    assert_refused_untouched(f, "another program");
    sql(f->path, "PRAGMA application_id = 7");
    assert_refused_untouched(f, "another program");
}

static void a_database_cut_to_its_header_is_an_error_and_not_a_crash(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    close_store(f);
    assert_int_equal(truncate(f->path, 100), 0);
    assert_err(try_open(f, false), E_IO);
    assert_non_null(strstr(f->why.text, f->path));
}

static void a_log_without_its_database_is_not_played_into_a_new_one(void **state)
{
    struct fixture *f = *state;
    spill(with(f->path, "-wal"), "remains", 7, 0600);
    assert_err(try_open(f, true), E_CONFLICT);
    assert_non_null(strstr(f->why.text, "-wal"));
    assert_false(exists(f->path));
    assert_false(exists(f->kek));
    struct mbytes wal = slurp(with(f->path, "-wal"));
    assert_int_equal(wal.n, 7);
    free(wal.p);
}

static void what_an_interrupted_creation_left_is_in_nobodys_way(void **state)
{
    struct fixture *f = *state;
    spill(with(f->path, ".new"), "half", 4, 0600);
    spill(with(f->path, ".new-journal"), "half", 4, 0600);
    spill(with(f->path, ".new-wal"), "half", 4, 0600);
    open_store(f);
    assert_false(exists(with(f->path, ".new")));
    assert_false(exists(with(f->path, ".new-journal")));
    assert_false(exists(with(f->path, ".new-wal")));
}

static void a_new_store_takes_a_key_file_that_is_there(void **state)
{
    struct fixture *f = *state;
    assert_ok(kek_create(f->kek, &f->why));
    struct mbytes before = slurp(f->kek);
    open_store(f);
    close_store(f);
    assert_same_file(f->kek, before);
    free(before.p);
}

static void bad_paths_are_refused_with_words(void **state)
{
    struct fixture *f = *state;
    char longer[PATH_MAX + 10];
    struct store *s;
    struct store_options o = {NULL, f->kek, true};
    assert_err(store_open(&o, &s, &f->why), E_IO);
    memset(longer, 'a', sizeof longer);
    longer[sizeof longer - 1] = '\0';
    o.path = longer;
    assert_err(store_open(&o, &s, &f->why), E_IO);
    o.path = "/nowhere/at/all/hss.db";
    assert_err(store_open(&o, &s, &f->why), E_IO);
    assert_non_null(strstr(f->why.text, "/nowhere/at/all/hss.db"));
    o = (struct store_options){f->path, NULL, true};
    assert_err(store_open(&o, &s, &f->why), E_NOT_FOUND);
    o = (struct store_options){f->path, "/nowhere/at/all/kek", true};
    assert_err(store_open(&o, &s, &f->why), E_IO);
    assert_false(exists(f->path));
    store_close(NULL);
    store_reader_close(NULL);
}

static void a_path_in_the_working_directory_works(void **state)
{
    struct fixture *f = *state;
    char before[PATH_MAX];
    assert_non_null(getcwd(before, sizeof before));
    assert_int_equal(chdir(f->dir), 0);
    struct store_options o = {"here.db", "here.kek", true};
    enum err err = store_open(&o, &f->store, &f->why);
    assert_int_equal(chdir(before), 0);
    assert_ok(err);
}

/* The files as a power cut would leave them, since each commit is synchronous. */
static void a_copy_of_the_files_taken_after_commit_has_the_change(void **state)
{
    struct fixture *f = *state, copy = *f;
    snprintf(copy.path, sizeof copy.path, "%s/copy.db", f->dir);
    open_store(f);
    for (int i = 0; i < 30; i++) {
        char digits[16];
        snprintf(digits, sizeof digits, "0010100000%05d", i);
        struct store_subscriber s = subscriber_of(digits);
        put(f, &s);
        assert_ok(store_begin(f->w)); /* and one that is not committed */
        assert_ok(store_set_dif(f->w, &s.imsi, 99));
        copy_file(f->path, copy.path);
        copy_file(with(f->path, "-wal"), with(copy.path, "-wal"));
        store_rollback(f->w);
        open_store(&copy);
        struct store_subscriber back = read_back(&copy, digits);
        s.version = 1;
        assert_same_subscriber(&back, &s);
        close_store(&copy);
        unlink(copy.path);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_new_store_and_its_key_are_made_for_their_owner_only),
        IN_FOLDER(a_store_that_was_closed_opens_again_without_create),
        IN_FOLDER(without_create_a_missing_store_is_not_made),
        IN_FOLDER(a_missing_key_of_a_store_that_is_there_is_never_made_anew),
        IN_FOLDER(a_second_opener_is_told_which_process_holds_the_store),
        IN_FOLDER(a_holder_that_is_killed_gives_the_store_back),
        IN_FOLDER(a_file_that_is_not_ours_is_refused_and_not_touched),
        IN_FOLDER(a_database_cut_to_its_header_is_an_error_and_not_a_crash),
        IN_FOLDER(a_log_without_its_database_is_not_played_into_a_new_one),
        IN_FOLDER(what_an_interrupted_creation_left_is_in_nobodys_way),
        IN_FOLDER(a_new_store_takes_a_key_file_that_is_there),
        IN_FOLDER(bad_paths_are_refused_with_words),
        IN_FOLDER(a_path_in_the_working_directory_works),
        IN_FOLDER(a_copy_of_the_files_taken_after_commit_has_the_change),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
