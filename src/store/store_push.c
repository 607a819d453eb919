#include "store/store_push.h"

#include "store/store_internal.h"

#include <string.h>

#define COL(type, kind, member)                                                                    \
    {                                                                                              \
        kind, offsetof(type, member), sizeof(((type *)0)->member), 0                               \
    }
#define COLUMNS(list) ((struct columns){list, (int)(sizeof(list) / sizeof *(list))})

#define P struct store_push
static const struct column push_columns[] = {
    COL(P, COL_IMSI, imsi),  COL(P, COL_TEXT, host),  COL(P, COL_TEXT, realm),
    COL(P, COL_INT, what),   COL(P, COL_INT, serial), COL(P, COL_INT, tries),
    COL(P, COL_INT, since),  COL(P, COL_INT, tried),  COL(P, COL_INT, next_try),
    COL(P, COL_TEXT, cause),
};
static const struct column node_columns[] = {
    COL(P, COL_IMSI, imsi),
    COL(P, COL_TEXT, host),
    COL(P, COL_TEXT, realm),
};
#undef P
#define P struct store_push_profile
static const struct column profile_columns[] = {
    COL(P, COL_TEXT, profile),
    COL(P, COL_BLOB, digest),
    COL(P, COL_INT, timer),
    COL(P, COL_INT, what),
};
#undef P
#define P struct store_reset
static const struct column reset_columns[] = {
    COL(P, COL_BOOL, open),
    COL(P, COL_INT, epoch),
    COL(P, COL_INT, since),
};
#undef P

static enum err bind_number(sqlite3_stmt *st, int i, int64_t v)
{
    return sqlite_err(sqlite3_bind_int64(st, i, v));
}

static enum err bind_text(sqlite3_stmt *st, int i, const char *v)
{
    return sqlite_err(sqlite3_bind_text(st, i, v, -1, SQLITE_STATIC));
}

static bool ends(const char *text, size_t size)
{
    return memchr(text, '\0', size) != NULL;
}

/* Of a statement whose parameters are bound. */
static enum err one(sqlite3_stmt *st, struct columns c, void *out)
{
    enum err err = stmt_row(st);
    if (err == E_OK) {
        err = columns_get(c, st, out);
    }
    stmt_end(st);
    return err;
}

/* ---- reading ---- */

static bool among(const struct store_push *rows, size_t n, const struct store_push *row)
{
    for (size_t i = 0; i < n; i++) {
        if (imsi_eq(&rows[i].imsi, &row->imsi)) {
            return true;
        }
    }
    return false;
}

/* What is due by its time, then what was last tried before the node came back. */
static enum err due_by(struct store_reader *r, enum statement which, const char *host, int64_t at,
                       struct store_push *out, size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[which];
    size_t came = 0;
    enum err err = bind_text(st, 1, host);
    if (err == E_OK) {
        err = bind_number(st, 2, at);
    }
    if (err == E_OK) {
        err = bind_number(st, 3, list_limit(max));
    }
    if (err == E_OK) {
        err = list_rows(st, COLUMNS(push_columns), out, sizeof *out, max, &came);
    }
    *n = came;
    return err;
}

enum err store_due_push(struct store_reader *r, const char *host, int64_t now, int64_t connected,
                        struct store_push *out, size_t max, size_t *n)
{
    size_t first = 0, more = 0;
    *n = 0;
    enum err err = due_by(r, ST_DUE_PUSH, host, now, out, max, &first);
    if (err == E_OK && first == 0 && now < INT64_MAX - STORE_PUSH_FAR_MS) {
        err = due_by(r, ST_FAR_PUSH, host, now + STORE_PUSH_FAR_MS, out, max, &first);
    }
    if (err == E_OK && first < max) {
        err = due_by(r, ST_PUSH_TRIED, host, connected, out + first, max - first, &more);
    }
    if (err != E_OK) {
        return err;
    }
    size_t kept = first;
    for (size_t i = first; i < first + more; i++) {
        if (!among(out, first, &out[i])) {
            out[kept++] = out[i];
        }
    }
    *n = kept;
    return E_OK;
}

enum err store_next_push_host(struct store_reader *r, const char *after,
                              char out[static STORE_HOST_MAX])
{
    sqlite3_stmt *st = r->c.st[ST_NEXT_PUSH_HOST];
    enum err err = bind_text(st, 1, after);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        struct bytes host = stmt_blob(st, 0);
        err = host.n < STORE_HOST_MAX ? E_OK : E_IO;
        if (err == E_OK) {
            memcpy(out, host.p, host.n);
            out[host.n] = '\0';
        }
    }
    stmt_end(st);
    return err;
}

enum err store_list_push(struct store_reader *r, const struct imsi *imsi, struct store_push *out,
                         size_t max, size_t *n)
{
    sqlite3_stmt *st = r->c.st[ST_LIST_PUSH];
    *n = 0;
    enum err err = bind_number(st, 1, imsi_key(imsi));
    if (err == E_OK) {
        err = bind_number(st, 2, list_limit(max));
    }
    return err == E_OK ? list_rows(st, COLUMNS(push_columns), out, sizeof *out, max, n) : err;
}

static enum err get_profile(sqlite3_stmt *st, struct store_push_profile *out)
{
    struct store_push_profile row = {.what = 0};
    enum err err = stmt_row(st);
    if (err == E_OK) {
        err = columns_get(COLUMNS(profile_columns), st, &row);
    }
    int64_t after = err == E_OK ? sqlite3_column_int64(st, COLUMNS(profile_columns).n) : 0;
    if (err == E_OK && after != 0) {
        err = imsi_of_key(after, &row.after);
    }
    stmt_end(st);
    if (err == E_OK) {
        *out = row;
    }
    return err;
}

enum err store_read_push_profile_left(struct store_reader *r, struct store_push_profile *out)
{
    return get_profile(r->c.st[ST_PUSH_PROFILE_LEFT], out);
}

enum err store_next_push_profile(struct store_reader *r, const char *after,
                                 char out[static STORE_PROFILE_MAX])
{
    sqlite3_stmt *st = r->c.st[ST_NEXT_PUSH_PROFILE];
    enum err err = bind_text(st, 1, after);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        const struct bytes name = stmt_blob(st, 0);
        err = name.n < STORE_PROFILE_MAX ? E_OK : E_IO;
        if (err == E_OK) {
            memcpy(out, name.p, name.n);
            out[name.n] = '\0';
        }
    }
    stmt_end(st);
    return err;
}

enum err store_count_profile(struct store_reader *r, const char *profile, uint32_t most,
                             uint32_t *out)
{
    sqlite3_stmt *st = r->c.st[ST_COUNT_PROFILE];
    *out = 0;
    enum err err = bind_text(st, 1, profile);
    if (err == E_OK) {
        err = bind_number(st, 2, most);
    }
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        *out = (uint32_t)sqlite3_column_int64(st, 0);
    }
    stmt_end(st);
    return err;
}

enum err store_read_reset(struct store_reader *r, struct store_reset *out)
{
    return one(r->c.st[ST_RESET], COLUMNS(reset_columns), out);
}

/* ---- in a batch ---- */

enum err store_put_push(struct store_writer *w, const struct store_push *row, uint8_t clear)
{
    sqlite3_stmt *st = w->c.st[ST_PUT_PUSH];
    if (!ends(row->host, sizeof row->host) || !ends(row->realm, sizeof row->realm) ||
        row->host[0] == '\0' || row->imsi.n == 0) {
        return E_BAD_LENGTH;
    }
    if (row->what == 0 || (row->what & ~STORE_PUSH_ALL) != 0) {
        return E_BAD_VALUE;
    }
    enum err err = writer_check(w);
    const int64_t numbers[] = {row->what, row->since, row->next_try, clear};
    if (err == E_OK) {
        err = bind_number(st, 1, imsi_key(&row->imsi));
    }
    if (err == E_OK) {
        err = bind_text(st, 2, row->host);
    }
    if (err == E_OK) {
        err = bind_text(st, 3, row->realm);
    }
    for (int i = 0; err == E_OK && i < 4; i++) {
        err = bind_number(st, 4 + i, numbers[i]);
    }
    return err == E_OK ? writer_run(w, ST_PUT_PUSH) : err;
}

/* Binds (imsi, host, serial) as the first three. */
static enum err bind_row(struct store_writer *w, enum statement which, const struct store_push *row)
{
    sqlite3_stmt *st = w->c.st[which];
    enum err err = writer_check(w);
    if (err == E_OK && !ends(row->host, sizeof row->host)) {
        err = E_BAD_LENGTH;
    }
    if (err == E_OK) {
        err = bind_number(st, 1, imsi_key(&row->imsi));
    }
    if (err == E_OK) {
        err = bind_text(st, 2, row->host);
    }
    return err == E_OK ? bind_number(st, 3, row->serial) : err;
}

static enum err run_on_row(struct store_writer *w, enum statement which)
{
    enum err err = writer_run(w, which);
    return err == E_OK && sqlite3_changes(w->c.db) == 0 ? E_NOT_FOUND : err;
}

enum err store_push_done(struct store_writer *w, const struct store_push *row, uint8_t what)
{
    enum err err = bind_row(w, ST_PUSH_DONE, row);
    if (err == E_OK) {
        err = bind_number(w->c.st[ST_PUSH_DONE], 4, what);
    }
    if (err == E_OK) {
        err = run_on_row(w, ST_PUSH_DONE);
    }
    if (err == E_OK) {
        err = bind_row(w, ST_PUSH_OVER, row);
    }
    return err == E_OK ? writer_run(w, ST_PUSH_OVER) : err;
}

enum err store_push_later(struct store_writer *w, const struct store_push *row)
{
    sqlite3_stmt *st = w->c.st[ST_PUSH_LATER];
    enum err err =
        ends(row->cause, sizeof row->cause) ? bind_row(w, ST_PUSH_LATER, row) : E_BAD_LENGTH;
    const int64_t numbers[] = {row->tries, row->tried, row->next_try};
    for (int i = 0; err == E_OK && i < 3; i++) {
        err = bind_number(st, 4 + i, numbers[i]);
    }
    if (err == E_OK) {
        err = bind_text(st, 7, row->cause);
    }
    return err == E_OK ? run_on_row(w, ST_PUSH_LATER) : err;
}

static enum err run_for(struct store_writer *w, enum statement which, const struct imsi *imsi,
                        const char *host)
{
    sqlite3_stmt *st = w->c.st[which];
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = bind_number(st, 1, imsi_key(imsi));
    }
    if (err == E_OK) {
        err = bind_text(st, 2, host);
    }
    return err == E_OK ? writer_run(w, which) : err;
}

enum err store_push_registered(struct store_writer *w, const struct imsi *imsi, const char *host)
{
    return run_for(w, ST_PUSH_REGISTERED, imsi, host);
}

enum err store_push_known(struct store_writer *w, const struct imsi *imsi, const char *host)
{
    return run_for(w, ST_PUSH_KNOWN, imsi, host);
}

enum err store_drop_push(struct store_writer *w, const struct imsi *imsi, const char *host)
{
    return run_for(w, ST_DROP_PUSH, imsi, host);
}

/* ---- profiles ---- */

enum err store_writer_push_profile(struct store_writer *w, const char *profile,
                                   struct store_push_profile *out)
{
    sqlite3_stmt *st = w->c.st[ST_PUSH_PROFILE];
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = bind_text(st, 1, profile);
    }
    if (err == E_OK) {
        err = get_profile(st, out);
    }
    return err == E_OK || err == E_NOT_FOUND ? err : writer_failed(w, err);
}

enum err store_put_push_profile(struct store_writer *w, const struct store_push_profile *row)
{
    sqlite3_stmt *st = w->c.st[ST_PUT_PUSH_PROFILE];
    const struct columns c = COLUMNS(profile_columns);
    enum err err = writer_check(w);
    if (err == E_OK && !ends(row->profile, sizeof row->profile)) {
        err = E_BAD_LENGTH;
    }
    if (err == E_OK) {
        err = columns_bind(c, st, row);
    }
    if (err == E_OK) {
        err = bind_number(st, c.n + 1, imsi_key(&row->after));
    }
    return err == E_OK ? writer_run(w, ST_PUT_PUSH_PROFILE) : err;
}

enum err store_drop_push_profile(struct store_writer *w, const char *profile)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = bind_text(w->c.st[ST_DROP_PUSH_PROFILE], 1, profile);
    }
    return err == E_OK ? writer_run(w, ST_DROP_PUSH_PROFILE) : err;
}

enum err store_writer_served_by_profile(struct store_writer *w, const char *profile,
                                        const struct imsi *after, struct store_push *out,
                                        size_t max, size_t *n)
{
    sqlite3_stmt *st = w->c.st[ST_SERVED_BY_PROFILE];
    *n = 0;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = bind_text(st, 1, profile);
    }
    if (err == E_OK) {
        err = bind_number(st, 2, imsi_key(after));
    }
    if (err == E_OK) {
        err = bind_number(st, 3, list_limit(max));
    }
    if (err == E_OK) {
        err = list_rows(st, COLUMNS(node_columns), out, sizeof *out, max, n);
        err = err == E_OK ? E_OK : writer_failed(w, err);
    }
    return err;
}

/* ---- reset ---- */

enum err store_writer_reset(struct store_writer *w, struct store_reset *out)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = one(w->c.st[ST_RESET], COLUMNS(reset_columns), out);
        err = err == E_OK ? E_OK : writer_failed(w, err);
    }
    return err;
}

enum err store_put_reset(struct store_writer *w, const struct store_reset *row)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = columns_bind(COLUMNS(reset_columns), w->c.st[ST_PUT_RESET], row);
    }
    return err == E_OK ? run_on_row(w, ST_PUT_RESET) : err;
}
