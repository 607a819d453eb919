/* A store that the program before this one made, opened by this one. */
#include "store/every_row.h"
#include "store/failing_vfs.h"
#include "store/same_rows.h"

#define FIXTURE TEST_DATA "/../fixtures/store_schema_6"
/* What this program writes at each opening, and what it may number anew. */
#define NOT_KEPT " "

/* The store as it was left, and a second copy of it to compare with. */
static void old_store(struct fixture *f)
{
    struct mbytes text = slurp(FIXTURE ".sql"), key = slurp(FIXTURE ".kek");
    text.p[text.n] = '\0';
    sql(f->path, (const char *)text.p);
    spill(f->kek, (const char *)key.p, key.n, 0600);
    free(text.p);
    free(key.p);
    assert_int_equal(chmod(f->path, 0600), 0);
    copy_file(f->path, with(f->dir, "/old.db"));
}

static int version_in(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    int64_t version = number_from(db, "PRAGMA user_version");
    sqlite3_close(db);
    return (int)version;
}

/*= test op-upgrade */
static void a_store_of_the_program_before_keeps_every_row_and_every_secret(void **state)
{
    struct fixture *f = *state;
    uint64_t mark = 0;
    old_store(f);
    assert_int_equal(version_in(f->path), 6);
    open_store(f);
    assert_every_secret_opens(f);
    assert_ok(store_read_mark(f->r, &mark));
    assert_true(mark == EVERY_MARK);
    assert_true(store_origin_of(f->store)->closed_in_order);
    assert_false(store_origin_of(f->store)->restored);
    reopen_store(f);
    assert_every_secret_opens(f);
    close_store(f);
    assert_int_equal(version_in(f->path), schema_steps[schema_steps_n - 1].version);
    assert_same_rows(with(f->dir, "/old.db"), f->path, NOT_KEPT);
    assert_sound(f->path);
}

/* What a power cut leaves is what was written until then: nothing works after the nth write. */
static bool cut_at(struct fixture *f, enum fault_kind kind, long after)
{
    char cut[160];
    old_store(f);
    arm(kind, after);
    enum err err = try_open(f, true);
    for (size_t i = 0; i < 3; i++) { /* the files as they are then */
        static const char *const suffixes[] = {"", "-wal", "-journal"};
        snprintf(cut, sizeof cut, "%s/cut.db%s", f->dir, suffixes[i]);
        if (exists(with(f->path, suffixes[i]))) {
            copy_file(with(f->path, suffixes[i]), cut);
        }
    }
    bool struck = disarm();
    if (err == E_OK) {
        store_close(f->store);
    }
    unlink(with(f->path, "-wal"));
    unlink(with(f->path, "-shm"));
    unlink(with(f->path, "-journal"));
    unlink(f->path);
    rename(with(f->dir, "/cut.db"), f->path);
    rename(with(f->dir, "/cut.db-wal"), with(f->path, "-wal"));
    rename(with(f->dir, "/cut.db-journal"), with(f->path, "-journal"));
    int version = version_in(f->path);
    assert_true(version >= 6 && version <= schema_steps[schema_steps_n - 1].version);
    assert_same_rows(with(f->dir, "/old.db"), f->path, NOT_KEPT);
    open_store(f);
    assert_every_secret_opens(f);
    close_store(f);
    assert_int_equal(version_in(f->path), schema_steps[schema_steps_n - 1].version);
    assert_same_rows(with(f->dir, "/old.db"), f->path, NOT_KEPT);
    assert_sound(f->path);
    unlink(f->path);
    unlink(with(f->dir, "/old.db"));
    unlink(f->kek);
    return struck;
}

/*= test op-upgrade */
static void an_upgrade_that_is_cut_off_at_any_write_was_before_or_after(void **state)
{
    static const enum fault_kind kinds[] = {FAULT_FOR_GOOD, FAULT_DISK_FULL};
    for (size_t k = 0; k < 2; k++) {
        long n = 0;
        while (cut_at(*state, kinds[k], n)) {
            n++;
        }
        assert_true(n > 10);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(a_store_of_the_program_before_keeps_every_row_and_every_secret),
        IN_FOLDER(an_upgrade_that_is_cut_off_at_any_write_was_before_or_after),
    };
    return cmocka_run_group_tests(tests, failing_vfs_install, NULL);
}
