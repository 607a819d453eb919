#include "store/store_node.h"

#include "store/store_internal.h"

#include <string.h>
#include <strings.h>

#define DAY_S 86400

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct store_node, member), sizeof(((struct store_node *)0)->member), 0     \
    }
static const struct column node_columns[] = {
    COL(COL_TEXT, host), COL(COL_TEXT, realm),   COL(COL_BOOL, named),   COL(COL_INT, told),
    COL(COL_INT, asked), COL(COL_INT, asked_at), COL(COL_INT, next_try), COL(COL_INT, tries),
};
#define COLUMNS ((struct columns){node_columns, (int)(sizeof node_columns / sizeof *node_columns)})

static enum err bind_number(sqlite3_stmt *st, int i, int64_t v)
{
    return sqlite_err(sqlite3_bind_int64(st, i, v));
}

static enum err bind_text(sqlite3_stmt *st, int i, const char *v)
{
    return sqlite_err(sqlite3_bind_text(st, i, v, -1, SQLITE_STATIC));
}

/* ---- reading ---- */

enum err store_read_node(struct store_reader *r, const char *host, struct store_node *out)
{
    sqlite3_stmt *st = r->c.st[ST_NODE];
    struct store_node row = {.tries = 0};
    enum err err = bind_text(st, 1, host);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = columns_get(COLUMNS, st, &row);
    }
    stmt_end(st);
    if (err == E_OK) {
        *out = row;
    }
    return err;
}

enum err store_untold_nodes(struct store_reader *r, uint64_t epoch, const struct store_node *after,
                            struct store_node *out, size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_UNTOLD_NODES];
    *n = 0;
    enum err err = bind_number(st, 1, after != NULL ? after->next_try : INT64_MIN);
    if (err == E_OK) {
        err = bind_text(st, 2, after != NULL ? after->host : "");
    }
    if (err == E_OK) {
        err = bind_number(st, 3, (int64_t)epoch);
    }
    if (err == E_OK) {
        err = bind_number(st, 4, list_limit(max));
    }
    return err == E_OK ? list_rows(st, COLUMNS, out, sizeof *out, max, n) : err;
}

/* ---- in a batch ---- */

/* What is known of it already. */
struct known {
    bool is, named, same_realm;
    int64_t seen;
};

static enum err look(struct store_writer *w, const char *host, const char *realm, struct known *out)
{
    sqlite3_stmt *st = w->c.st[ST_NODE_KNOWN];
    *out = (struct known){.is = false};
    enum err err = writer_check(w);
    if (err == E_OK &&
        (host[0] == '\0' || strlen(host) >= STORE_HOST_MAX || strlen(realm) >= STORE_HOST_MAX)) {
        return E_BAD_LENGTH;
    }
    if (err != E_OK) {
        return err;
    }
    err = bind_text(st, 1, host);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        const unsigned char *text = sqlite3_column_text(st, 0);
        *out =
            (struct known){.is = true,
                           .named = sqlite3_column_int(st, 1) != 0,
                           .same_realm = text != NULL && strcasecmp((const char *)text, realm) == 0,
                           .seen = sqlite3_column_int64(st, 2)};
    }
    stmt_end(st);
    return err == E_OK || err == E_NOT_FOUND ? E_OK : writer_failed(w, err);
}

/* One more of this realm is to come. */
static enum err make_room(struct store_writer *w, const char *realm)
{
    sqlite3_stmt *st = w->c.st[ST_COUNT_NODES];
    int64_t have = 0;
    enum err err = bind_text(st, 1, realm);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        have = sqlite3_column_int64(st, 0);
    }
    stmt_end(st);
    if (err != E_OK) {
        return writer_failed(w, err);
    }
    if (have < STORE_NODES_OF_REALM) {
        return E_OK;
    }
    err = bind_text(w->c.st[ST_DROP_OLDEST_NODE], 1, realm);
    return err == E_OK ? writer_run(w, ST_DROP_OLDEST_NODE) : err;
}

static enum err put(struct store_writer *w, const char *host, const char *realm, int64_t seen,
                    bool named)
{
    sqlite3_stmt *st = w->c.st[ST_PUT_NODE];
    enum err err = bind_text(st, 1, host);
    if (err == E_OK) {
        err = bind_text(st, 2, realm);
    }
    if (err == E_OK) {
        err = bind_number(st, 3, seen);
    }
    if (err == E_OK) {
        err = bind_number(st, 4, named);
    }
    return err == E_OK ? writer_run(w, ST_PUT_NODE) : err;
}

enum err store_node_seen(struct store_writer *w, const char *host, const char *realm, int64_t seen)
{
    struct known known;
    enum err err = look(w, host, realm, &known);
    /* A clock that was set back says nothing new for as long. */
    if (err != E_OK || (known.is && known.same_realm && seen - known.seen < DAY_S)) {
        return err;
    }
    if (!known.is || (!known.named && !known.same_realm)) {
        err = make_room(w, realm);
    }
    return err == E_OK ? put(w, host, realm, seen, known.named) : err;
}

enum err store_node_named(struct store_writer *w, const char *host, const char *realm, int64_t seen)
{
    struct known known;
    enum err err = look(w, host, realm, &known);
    if (err != E_OK || (known.is && known.named)) {
        return err;
    }
    return put(w, host, realm, known.is && known.seen > seen ? known.seen : seen, true);
}

enum err store_node_asked(struct store_writer *w, const struct store_node *row)
{
    sqlite3_stmt *st = w->c.st[ST_NODE_ASKED];
    const int64_t numbers[] = {(int64_t)row->asked, row->asked_at, row->next_try, row->tries};
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = bind_text(st, 1, row->host);
    }
    for (int i = 0; err == E_OK && i < 4; i++) {
        err = bind_number(st, 2 + i, numbers[i]);
    }
    return err == E_OK ? writer_run(w, ST_NODE_ASKED) : err;
}

enum err store_node_told(struct store_writer *w, const char *host, uint64_t epoch)
{
    sqlite3_stmt *st = w->c.st[ST_NODE_TOLD];
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = bind_text(st, 1, host);
    }
    if (err == E_OK) {
        err = bind_number(st, 2, (int64_t)epoch);
    }
    return err == E_OK ? writer_run(w, ST_NODE_TOLD) : err;
}
