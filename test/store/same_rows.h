/* test/store/same_rows.h - do two database files hold the same rows? */
#ifndef BINDERY_TEST_STORE_SAME_ROWS_H
#define BINDERY_TEST_STORE_SAME_ROWS_H

#include "store/fixture.h"

static inline int64_t number_from(sqlite3 *db, const char *text)
{
    sqlite3_stmt *st = NULL;
    if (sqlite3_prepare_v2(db, text, -1, &st, NULL) != SQLITE_OK) {
        fail_msg("%s: %s", text, sqlite3_errmsg(db));
    }
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    int64_t n = sqlite3_column_int64(st, 0);
    sqlite3_finalize(st);
    return n;
}

/* The columns that the table of `is` has, as a list with quotes around the names. */
static inline void columns_of(sqlite3 *db, const char *table, char *out, size_t room)
{
    char text[128];
    sqlite3_stmt *st = NULL;
    snprintf(text, sizeof text,
             "SELECT group_concat('\"' || name || '\"') FROM "
             "pragma_table_info('%s', 'main')",
             table);
    assert_int_equal(sqlite3_prepare_v2(db, text, -1, &st, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(st), SQLITE_ROW);
    snprintf(out, room, "%s", (const char *)sqlite3_column_text(st, 0));
    sqlite3_finalize(st);
}

/* Every row of every table of `before` is in `after`, and no other, as far as the columns go that
 * `before` has. Tables whose names stand between spaces in `but` are not looked at. */
static inline void assert_same_rows(const char *before, const char *after, const char *but)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    char text[2048], columns[1024];
    int tables = 0;
    assert_int_equal(sqlite3_open_v2(before, &db, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    snprintf(text, sizeof text, "ATTACH '%s' AS after", after);
    assert_int_equal(sqlite3_exec(db, text, NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_prepare_v2(db,
                                        "SELECT name FROM main.sqlite_schema WHERE type = 'table' "
                                        "AND name NOT LIKE 'sqlite!_%' ESCAPE '!'",
                                        -1, &st, NULL),
                     SQLITE_OK);
    while (sqlite3_step(st) == SQLITE_ROW) {
        const char *name = (const char *)sqlite3_column_text(st, 0);
        char skip[64];
        snprintf(skip, sizeof skip, " %s ", name);
        if (strstr(but, skip) != NULL) {
            continue;
        }
        columns_of(db, name, columns, sizeof columns);
        for (int way = 0; way < 2; way++) {
            snprintf(text, sizeof text,
                     "SELECT count(*) FROM (SELECT %s FROM %s.\"%s\" EXCEPT SELECT %s FROM "
                     "%s.\"%s\")",
                     columns, way == 0 ? "main" : "after", name, columns,
                     way == 0 ? "after" : "main", name);
            if (number_from(db, text) != 0) {
                fail_msg("rows of %s differ", name);
            }
        }
        tables++;
    }
    sqlite3_finalize(st);
    assert_true(tables > 15);
    sqlite3_close(db);
}

static inline void assert_sound(const char *path)
{
    sqlite3 *db = NULL;
    assert_int_equal(sqlite3_open(path, &db), SQLITE_OK);
    assert_int_equal(
        number_from(db, "SELECT count(*) FROM pragma_integrity_check WHERE integrity_check = 'ok'"),
        1);
    sqlite3_close(db);
}

#endif
