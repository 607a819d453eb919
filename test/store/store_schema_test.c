#include "store/fixture.h"

/* A store that this program's version 1 wrote, and what a later program would do with it. */
static const char step_2[] = "ALTER TABLE subscriber ADD COLUMN note TEXT NOT NULL DEFAULT 'new';"
                             "PRAGMA user_version = 2;";
static const char step_3[] = "CREATE TABLE extra (id INTEGER PRIMARY KEY) STRICT;"
                             "PRAGMA user_version = 3;";

static sqlite3 *older_store(struct fixture *f)
{
    sqlite3 *db = NULL;
    struct store_subscriber s = subscriber_of(IMSI_A);
    open_store(f);
    put(f, &s);
    close_store(f);
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    return db;
}

static enum err migrate(struct fixture *f, sqlite3 *db, const char *two, const char *three)
{
    const struct schema_step steps[] = {schema_steps[0], {2, two}, {3, three}};
    return schema_migrate(db, f->path, steps, three == NULL ? 2 : 3, &f->why);
}

static int version_of(sqlite3 *db)
{
    int version = -1;
    assert_ok(schema_version(db, &version));
    return version;
}

static bool works(sqlite3 *db, const char *text)
{
    return sqlite3_exec(db, text, NULL, NULL, NULL) == SQLITE_OK;
}

static void an_older_store_gets_every_step_that_it_lacks_and_keeps_its_rows(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_int_equal(version_of(db), 1);
    assert_ok(migrate(f, db, step_2, step_3));
    assert_int_equal(version_of(db), 3);
    assert_true(works(db, "INSERT INTO extra SELECT count(*) FROM subscriber WHERE note = 'new'"));
    assert_true(works(db, "DELETE FROM extra WHERE id = 1"));
    assert_int_equal(sqlite3_changes(db), 1);
    assert_ok(migrate(f, db, step_2, step_3)); /* again: nothing to do */
    sqlite3_close(db);
}

static void a_step_that_fails_is_undone_and_the_steps_before_it_stay(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_err(migrate(f, db, step_2, "CREATE TABLE half (a); CREATE TABLE half (a);"), E_IO);
    assert_non_null(strstr(f->why.text, "step to schema version 3"));
    assert_int_equal(version_of(db), 2);
    assert_false(works(db, "SELECT * FROM half"));
    assert_true(works(db, "SELECT note FROM subscriber"));
    assert_ok(migrate(f, db, step_2, step_3)); /* mended: goes on from there */
    assert_int_equal(version_of(db), 3);
    sqlite3_close(db);
}

static void a_step_that_forgets_its_version_is_undone(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_err(migrate(f, db, "CREATE TABLE extra (a);", NULL), E_IO);
    assert_int_equal(version_of(db), 1);
    assert_false(works(db, "SELECT * FROM extra"));
    sqlite3_close(db);
}

static void a_newer_store_is_refused_with_both_versions_and_not_changed(void **state)
{
    struct fixture *f = *state;
    sqlite3 *db = older_store(f);
    assert_ok(migrate(f, db, step_2, step_3));
    sqlite3_close(db);
    struct mbytes before = slurp(f->path);
    assert_err(try_open(f, true), E_TOO_NEW);
    assert_non_null(strstr(f->why.text, "version 3"));
    assert_non_null(strstr(f->why.text, f->path));
    assert_same_file(f->path, before);
    assert_false(exists(with(f->path, "-wal")));
    free(before.p);
}

static void the_steps_are_in_order_and_a_new_store_has_the_last(void **state)
{
    struct fixture *f = *state;
    for (size_t i = 0; i < schema_steps_n; i++) {
        assert_int_equal(schema_steps[i].version, i + 1);
    }
    sqlite3 *db = older_store(f);
    assert_int_equal(version_of(db), schema_steps_n);
    assert_true(works(db, "SELECT 1 / (application_id = 0x42494e44) FROM pragma_application_id"));
    sqlite3_close(db);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(an_older_store_gets_every_step_that_it_lacks_and_keeps_its_rows),
        IN_FOLDER(a_step_that_fails_is_undone_and_the_steps_before_it_stay),
        IN_FOLDER(a_step_that_forgets_its_version_is_undone),
        IN_FOLDER(a_newer_store_is_refused_with_both_versions_and_not_changed),
        IN_FOLDER(the_steps_are_in_order_and_a_new_store_has_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
