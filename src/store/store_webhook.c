#include "store/store_webhook.h"

#include "store/store_internal.h"

#include <string.h>

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct store_webhook, member), sizeof(((struct store_webhook *)0)->member), \
            0                                                                                      \
    }
static const struct column list[] = {COL(COL_TEXT, name), COL(COL_INT, cursor),
                                     COL(COL_BOOL, down)};
static const struct columns columns = {list, (int)(sizeof list / sizeof *list)};

static enum err bind_text(sqlite3_stmt *st, int i, const char *v)
{
    return sqlite_err(sqlite3_bind_text(st, i, v, -1, SQLITE_STATIC));
}

enum err store_read_webhook(struct store_reader *r, const char *name, struct store_webhook *out)
{
    sqlite3_stmt *st = r->c.st[ST_WEBHOOK];
    enum err err = bind_text(st, 1, name);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = columns_get(columns, st, out);
    }
    stmt_end(st);
    return err;
}

enum err store_list_webhooks(struct store_reader *r, struct store_webhook *out, size_t max,
                             size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_WEBHOOKS];
    *n = 0;
    enum err err = sqlite_err(sqlite3_bind_int64(st, 1, list_limit(max)));
    return err == E_OK ? list_rows(st, columns, out, sizeof *out, max, n) : err;
}

enum err store_newest_event(struct store_reader *r, uint64_t *id)
{
    sqlite3_stmt *st = r->c.st[ST_NEWEST_EVENT];
    *id = 0;
    enum err err = stmt_row(st);
    if (err == E_OK) {
        *id = (uint64_t)sqlite3_column_int64(st, 0);
    }
    stmt_end(st);
    return err;
}

/* A statement whose one parameter is a name; rows it did not change are no error. */
static enum err run_by_name(struct store_writer *w, enum statement which, const char *name)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = name[0] != '\0' && strlen(name) < STORE_WEBHOOK_NAME_MAX ? E_OK : E_BAD_VALUE;
    }
    if (err == E_OK) {
        err = bind_text(w->c.st[which], 1, name);
    }
    return err == E_OK ? writer_run(w, which) : err;
}

enum err store_begin_webhook(struct store_writer *w, const char *name)
{
    return run_by_name(w, ST_BEGIN_WEBHOOK, name);
}

enum err store_drop_webhook(struct store_writer *w, const char *name)
{
    return run_by_name(w, ST_DROP_WEBHOOK, name);
}

enum err store_put_webhook(struct store_writer *w, const struct store_webhook *webhook)
{
    enum err err = writer_check(w);
    if (err == E_OK && memchr(webhook->name, '\0', sizeof webhook->name) == NULL) {
        err = E_BAD_VALUE;
    }
    if (err == E_OK) {
        err = columns_bind(columns, w->c.st[ST_PUT_WEBHOOK], webhook);
    }
    if (err == E_OK) {
        err = writer_run(w, ST_PUT_WEBHOOK);
    }
    return err == E_OK && sqlite3_changes(w->c.db) == 0 ? E_NOT_FOUND : err;
}
