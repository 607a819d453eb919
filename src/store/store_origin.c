#include "store/store_backup.h"
#include "store/store_internal.h"

#include <stdio.h>

#define ORIGIN_SELECT                                                                              \
    "SELECT closed, restored, restored_at, backup_at, backup, sha256, loss, floor FROM origin"

static void take_text(char *out, size_t room, sqlite3_stmt *st, int i)
{
    const unsigned char *text = sqlite3_column_text(st, i);
    (void)snprintf(out, room, "%s", text == NULL ? "" : (const char *)text);
}

static void origin_row(sqlite3_stmt *st, struct store_origin *out)
{
    out->closed_in_order = sqlite3_column_int(st, 0) != 0;
    out->restored = sqlite3_column_int(st, 1) != 0;
    out->restored_at = sqlite3_column_int64(st, 2);
    out->backup_at = sqlite3_column_int64(st, 3);
    take_text(out->backup, sizeof out->backup, st, 4);
    take_text(out->sha256, sizeof out->sha256, st, 5);
    out->loss = sqlite3_column_int(st, 6) != 0;
    out->floor = (uint64_t)sqlite3_column_int64(st, 7);
}

enum err origin_read(sqlite3 *db, struct store_origin *out)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(sqlite3_prepare_v2(db, ORIGIN_SELECT, -1, &st, NULL));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        origin_row(st, out);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_IO : err;
}

enum err origin_told(sqlite3 *db)
{
    return sqlite_err(sqlite3_exec(db, "UPDATE origin SET restored = 0", NULL, NULL, NULL));
}

enum err origin_opened(sqlite3 *db, bool crashed, struct store_origin *out)
{
    enum err err = origin_read(db, out);
    if (err == E_OK) {
        out->closed_in_order = out->closed_in_order && !crashed;
        err = sqlite_err(sqlite3_exec(db, "UPDATE origin SET closed = 0", NULL, NULL, NULL));
    }
    return err;
}

enum err store_origin_told(struct store_writer *w)
{
    enum err err = writer_check(w);
    if (err == E_OK && (err = origin_told(w->c.db)) != E_OK) {
        err = writer_failed(w, err);
    }
    return err;
}

void origin_closed(sqlite3 *db)
{
    /* What is open is rolled back, as closing would. If this fails the next opening takes it for a
     * crash, which is the safe side. */
    if (sqlite3_get_autocommit(db) == 0) {
        (void)sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL);
    }
    (void)sqlite3_exec(db, "UPDATE origin SET closed = 1", NULL, NULL, NULL);
}

const struct store_origin *store_origin_of(const struct store *s)
{
    return &s->origin;
}
