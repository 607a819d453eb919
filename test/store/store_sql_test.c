#include "store/fixture.h"

/* What signalling runs may not grow with the number of subscribers. */
static void no_statement_but_the_counts_scans_a_table_or_sorts(void **state)
{
    struct fixture *f = *state;
    open_store(f);
    for (int i = ST_SUBSCRIBER; i < ST_COUNT_ALL; i++) {
        char text[1024];
        sqlite3_stmt *plan = NULL;
        if (i == ST_COUNT || i == ST_COUNT_PROFILE || i == ST_WRITE_BEGIN) {
            continue;
        }
        snprintf(text, sizeof text, "EXPLAIN QUERY PLAN %s", sqlite3_sql(f->w->c.st[i]));
        assert_int_equal(sqlite3_prepare_v2(f->w->c.db, text, -1, &plan, NULL), SQLITE_OK);
        while (sqlite3_step(plan) == SQLITE_ROW) {
            const char *detail = (const char *)sqlite3_column_text(plan, 3);
            if (strstr(detail, "SCAN") != NULL || strstr(detail, "TEMP B-TREE") != NULL) {
                fail_msg("%s: %s", text, detail);
            }
        }
        sqlite3_finalize(plan);
    }
}

static void the_codes_of_sqlite_become_ours(void **state)
{
    (void)state;
    assert_ok(sqlite_err(SQLITE_OK));
    assert_ok(sqlite_err(SQLITE_ROW));
    assert_ok(sqlite_err(SQLITE_DONE));
    assert_err(sqlite_err(SQLITE_NOMEM), E_MEMORY);
    assert_err(sqlite_err(SQLITE_IOERR_NOMEM), E_IO);
    assert_err(sqlite_err(SQLITE_BUSY_SNAPSHOT), E_BUSY);
    assert_err(sqlite_err(SQLITE_CONSTRAINT_UNIQUE), E_CONFLICT);
    assert_err(sqlite_err(SQLITE_CONSTRAINT_DATATYPE), E_IO);
    assert_err(sqlite_err(SQLITE_FULL), E_IO);
    assert_err(sqlite_err(SQLITE_CORRUPT), E_IO);
}

static const char *pragma(struct connection *c, const char *text)
{
    static char value[32];
    sqlite3_stmt *st = NULL;
    assert_int_equal(sqlite3_prepare_v2(c->db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    snprintf(value, sizeof value, "%s", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
    return value;
}

static void the_writer_syncs_each_commit_and_overwrites_what_it_deletes(void **state)
{
    struct fixture *f = *state;
    assert_string_equal(pragma(&f->w->c, "PRAGMA journal_mode"), "wal");
    assert_string_equal(pragma(&f->w->c, "PRAGMA synchronous"), "2");
    assert_string_equal(pragma(&f->w->c, "PRAGMA secure_delete"), "1");
    assert_string_equal(pragma(&f->r->c, "PRAGMA query_only"), "1");
}

static void another_programs_transaction_makes_begin_busy_and_not_broken(void **state)
{
    struct fixture *f = *state;
    sqlite3 *tool = NULL;
    assert_int_equal(sqlite3_busy_timeout(f->w->c.db, 10), SQLITE_OK);
    assert_int_equal(sqlite3_open(f->path, &tool), SQLITE_OK);
    assert_int_equal(sqlite3_exec(tool, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_err(store_begin(f->w), E_BUSY);
    assert_int_equal(sqlite3_exec(tool, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(tool);
    assert_ok(store_begin(f->w));
    assert_ok(store_commit(f->w));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_FOLDER(no_statement_but_the_counts_scans_a_table_or_sorts),
        cmocka_unit_test(the_codes_of_sqlite_become_ours),
        IN_STORE(the_writer_syncs_each_commit_and_overwrites_what_it_deletes),
        IN_STORE(another_programs_transaction_makes_begin_busy_and_not_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
