/* The entries of a discovery AUSF: src/store/discovery_store.h. */
#include "store/discovery_store.h"

#include "store/store_file.h"
#include "store/store_sealed_parts.h"

#include <stdlib.h>
#include <string.h>

#define DISCOVERY_APPLICATION_ID 0x42494e47 /* "BING" */
#define CHALLENGE_LEN            (16u + 16 + 8 + 16 + 16)
#define XRES_LEN                 8u

static const struct schema_step steps[] = {
    {1, STORE_FILE_KEY_TABLES "CREATE TABLE entry ("
                              " dimsi INTEGER PRIMARY KEY,"
                              " phase INTEGER NOT NULL,"
                              " number INTEGER NOT NULL,"
                              " token BLOB NOT NULL,"
                              " target TEXT NOT NULL,"
                              " expires INTEGER NOT NULL,"
                              " asked INTEGER NOT NULL,"
                              " last_asked INTEGER NOT NULL,"
                              " imsi INTEGER NOT NULL,"
                              " challenge BLOB) STRICT;"
                              "CREATE INDEX entry_of_target ON entry (target, dimsi);"
                              "CREATE INDEX entry_due ON entry (expires) WHERE phase = 1;"
                              "PRAGMA application_id = 0x42494e47;"
                              "PRAGMA user_version = 1;"},
    {2, STORE_FILE_ORIGIN "PRAGMA user_version = 2;"},
};
#define ENTRY_COLUMNS                                                                              \
    "dimsi, phase, number, token, target, expires, asked, last_asked, imsi, challenge"
/* A row stays, its number grows, and at one number its phase. */
static enum err open_all(sqlite3 *db, struct sealer *sealer, struct sealed_look *l);
const struct store_file_kind discovery_store_kind = {
    .open_all = open_all,
    .application = DISCOVERY_APPLICATION_ID,
    .steps = steps,
    .n_steps = sizeof steps / sizeof steps[0],
    .program = "bindery-dausfd",
    .missing = "SELECT (SELECT count(*) FROM main.entry m WHERE NOT EXISTS (SELECT 1"
               " FROM old.entry o WHERE o.dimsi = m.dimsi AND o.number >= m.number))",
    .carry = "INSERT OR REPLACE INTO main.entry (" ENTRY_COLUMNS ") SELECT " ENTRY_COLUMNS
             " FROM old.entry o WHERE NOT EXISTS (SELECT 1 FROM main.entry m"
             " WHERE m.dimsi = o.dimsi AND (m.number > o.number"
             " OR (m.number = o.number AND m.phase > o.phase)));",
};

#define READ "SELECT " ENTRY_COLUMNS " FROM entry "
/* What ends with an entry. */
#define ENDED "imsi = 0, challenge = NULL"

enum discovery_statement {
    DS_FIND, /* and those of a reader: */
    DS_BEGIN_READ,
    DS_COMMIT,
    DS_READER_N,
    DS_BEGIN = DS_READER_N,
    DS_ROLLBACK,
    DS_LIST,
    DS_LIST_OF,
    DS_COUNT,
    DS_PUT,
    DS_SPEND,
    DS_DUE,
    DS_EXPIRE,
    DS_ASKED,
    DS_N
};
static const char *const statements[DS_N] = {
    [DS_FIND] = READ "WHERE dimsi = ?1",
    [DS_BEGIN_READ] = "BEGIN",
    [DS_COMMIT] = "COMMIT",
    [DS_BEGIN] = "BEGIN IMMEDIATE",
    [DS_ROLLBACK] = "ROLLBACK",
    [DS_LIST] = READ "WHERE dimsi > ?1 ORDER BY dimsi LIMIT ?2",
    [DS_LIST_OF] = READ "WHERE target = ?3 AND dimsi > ?1 ORDER BY dimsi LIMIT ?2",
    [DS_COUNT] = "SELECT count(*) FILTER (WHERE phase = 1), count(*) FILTER (WHERE phase = 2),"
                 " count(*) FILTER (WHERE phase = 3) FROM entry",
    [DS_PUT] = "INSERT OR REPLACE INTO entry (dimsi, phase, number, token, target, expires, asked,"
               " last_asked, imsi, challenge) VALUES (?1, ?2, ?3, ?4, ?5, ?6, 0, 0, ?7, ?8)",
    [DS_SPEND] = "UPDATE entry SET phase = 2, " ENDED " WHERE dimsi = ?1 AND number = ?2",
    [DS_DUE] =
        "SELECT dimsi FROM entry WHERE phase = 1 AND expires <= ?1 ORDER BY expires LIMIT ?2",
    [DS_EXPIRE] = "UPDATE entry SET phase = 3, " ENDED " WHERE dimsi = ?1",
    [DS_ASKED] = "UPDATE entry SET asked = asked + ?2, last_asked = max(last_asked, ?3)"
                 " WHERE dimsi = ?1 AND phase = 1",
};

struct link { /* a connection with its statements */
    struct store_file file;
    sqlite3_stmt *st[DS_N];
};
struct discovery_store {
    struct link link;
};
struct discovery_reader {
    struct link link;
    bool in_transaction;
};

/* ---- opening ---- */

static enum err link_ready(struct link *l, int n_statements)
{
    int rc = SQLITE_OK;
    for (int i = 0; i < n_statements && rc == SQLITE_OK; i++) {
        rc = sqlite3_prepare_v3(l->file.db, statements[i], -1, SQLITE_PREPARE_PERSISTENT, &l->st[i],
                                NULL);
    }
    return sqlite_err(rc);
}

static void link_close(struct link *l)
{
    for (int i = 0; i < DS_N; i++) {
        (void)sqlite3_finalize(l->st[i]); /* repeats an earlier result */
    }
    store_file_close(&l->file);
}

enum err discovery_store_rotate(const char *path, const char *kek_path, struct store_why *why)
{
    *why = (struct store_why){E_OK, ""};
    return store_file_rotate(path, kek_path, &discovery_store_kind, why);
}

enum err discovery_store_open(const char *path, const char *kek_path, struct discovery_store **out,
                              struct store_why *why)
{
    struct discovery_store *s = calloc(1, sizeof *s);
    *why = (struct store_why){E_OK, ""};
    if (s == NULL) {
        return why_set(why, E_MEMORY, "no memory for the store");
    }
    enum err err = store_file_open(path, kek_path, &discovery_store_kind, &s->link.file, why);
    if (err == E_OK && (err = link_ready(&s->link, DS_N)) != E_OK) {
        (void)why_set(why, err, "%s: the store cannot be used: %s", s->link.file.path,
                      sqlite3_errmsg(s->link.file.db));
    }
    if (err != E_OK) {
        discovery_store_close(s);
        return err;
    }
    store_file_origin_told(&s->link.file);
    *out = s;
    return E_OK;
}

const struct store_origin *discovery_store_origin(const struct discovery_store *s)
{
    return &s->link.file.origin;
}

void discovery_store_close(struct discovery_store *s)
{
    if (s != NULL) {
        link_close(&s->link);
        free(s);
    }
}

/* ---- the challenge ---- */

#define PLACE_MAX 48

/* A challenge opens in no other entry's place, and under no other number of its own. */
static struct bytes place(const struct discovery_entry *e, uint8_t out[static PLACE_MAX])
{
    struct wr w = wr_of((struct mbytes){out, PLACE_MAX});
    wr_put(&w, BYTES_LIT("entry.challenge"));
    wr_u8(&w, 0);
    wr_be64(&w, (uint64_t)imsi_key(&e->dimsi));
    wr_be64(&w, e->number);
    wr_be64(&w, (uint64_t)imsi_key(&e->imsi));
    return wr_done(&w);
}

static enum err challenge_seal(struct sealer *sealer, const struct discovery_entry *e,
                               struct sealed *out)
{
    uint8_t where[PLACE_MAX], plain[CHALLENGE_LEN];
    const struct discovery_challenge *c = &e->challenge;
    struct wr w = wr_of(MBYTES_OF(plain));
    wr_put(&w, BYTES_OF(c->rand.b));
    wr_put(&w, BYTES_OF(c->autn.b));
    wr_put(&w, (struct bytes){c->xres.b, c->xres.n});
    wr_put(&w, BYTES_OF(c->ck.b));
    wr_put(&w, BYTES_OF(c->ik.b));
    enum err err = w.err == E_OK && c->xres.n == XRES_LEN ? E_OK : E_BAD_VALUE;
    if (err == E_OK) {
        err = seal(sealer, place(e, where), BYTES_OF(plain), MBYTES_OF(out->b), &out->n);
    }
    wipe(plain, sizeof plain);
    return err;
}

static enum err challenge_open(struct sealer *sealer, struct bytes sealed,
                               struct discovery_entry *e)
{
    uint8_t where[PLACE_MAX], plain[CHALLENGE_LEN];
    struct discovery_challenge *c = &e->challenge;
    size_t n = 0;
    enum err err = seal_open(sealer, place(e, where), sealed, MBYTES_OF(plain), &n);
    if (err == E_OK && n == CHALLENGE_LEN) {
        c->xres.n = XRES_LEN;
        memcpy(c->rand.b, plain, 16);
        memcpy(c->autn.b, plain + 16, 16);
        memcpy(c->xres.b, plain + 32, XRES_LEN);
        memcpy(c->ck.b, plain + 40, 16);
        memcpy(c->ik.b, plain + 56, 16);
    }
    wipe(plain, sizeof plain);
    return err == E_OK && n == CHALLENGE_LEN ? E_OK : E_WRONG_KEY;
}

/* ---- reading ---- */

static enum err bind_numbers(sqlite3_stmt *st, int n, const int64_t v[])
{
    enum err err = E_OK;
    for (int i = 0; i < n && err == E_OK; i++) {
        err = sqlite_err(sqlite3_bind_int64(st, i + 1, v[i]));
    }
    return err;
}

/* A row as it stands, but for the challenge. Errors: E_IO, for what no one of us has written. */
static enum err entry_get(sqlite3_stmt *st, struct discovery_entry *e)
{
    struct bytes token = stmt_blob(st, 3);
    int64_t phase = sqlite3_column_int64(st, 1);
    int64_t imsi = sqlite3_column_int64(st, 8);
    struct bytes target = {sqlite3_column_text(st, 4), (size_t)sqlite3_column_bytes(st, 4)};
    *e = (struct discovery_entry){.phase = (enum discovery_phase)phase,
                                  .number = (uint64_t)sqlite3_column_int64(st, 2),
                                  .expires = sqlite3_column_int64(st, 5),
                                  .asked = (uint64_t)sqlite3_column_int64(st, 6),
                                  .last_asked = sqlite3_column_int64(st, 7)};
    if (phase < DISCOVERY_LIVE || phase > DISCOVERY_EXPIRED || token.n != sizeof e->token ||
        target.p == NULL || plmn_parse(target, &e->target) != E_OK ||
        imsi_of_key(sqlite3_column_int64(st, 0), &e->dimsi) != E_OK ||
        (imsi != 0 && imsi_of_key(imsi, &e->imsi) != E_OK)) {
        return E_IO;
    }
    memcpy(e->token, token.p, sizeof e->token);
    return E_OK;
}

/* A row that does not read as one of ours is named like one whose challenge does not open. */
static enum err open_all(sqlite3 *db, struct sealer *sealer, struct sealed_look *l)
{
    sqlite3_stmt *st = NULL;
    enum err err = sqlite_err(
        sqlite3_prepare_v2(db, READ "WHERE challenge IS NOT NULL ORDER BY dimsi", -1, &st, NULL));
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        struct discovery_entry e = {.number = 0};
        struct store_sealed_value v = {.place = "entry.challenge"};
        enum err opened = entry_get(st, &e);
        v.imsi = e.dimsi;
        if (opened == E_OK) {
            opened = challenge_open(sealer, stmt_blob(st, 9), &e);
        }
        wipe(&e, sizeof e);
        err = sealed_looked(l, &v, opened);
    }
    (void)sqlite3_finalize(st); /* repeats the step's result */
    return err == E_NOT_FOUND ? E_OK : err;
}

static enum err entry_find(struct link *l, const struct imsi *dimsi, struct discovery_entry *out)
{
    sqlite3_stmt *st = l->st[DS_FIND];
    struct discovery_entry e = {.number = 0};
    enum err err = bind_numbers(st, 1, (int64_t[]){imsi_key(dimsi)});
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = entry_get(st, &e);
    }
    if (err == E_OK && e.phase == DISCOVERY_LIVE) {
        err = challenge_open(l->file.sealer, stmt_blob(st, 9), &e);
    }
    stmt_end(st);
    if (err == E_OK) {
        *out = e;
    }
    wipe(&e, sizeof e);
    return err;
}

enum err discovery_find(struct discovery_store *s, const struct imsi *dimsi,
                        struct discovery_entry *out)
{
    return entry_find(&s->link, dimsi, out);
}

enum err discovery_list(struct discovery_store *s, const struct plmn *target,
                        const struct imsi *after, size_t max, discovery_each each, void *ctx)
{
    char text[PLMN_TEXT_MAX];
    bool more = true;
    sqlite3_stmt *st = s->link.st[target != NULL ? DS_LIST_OF : DS_LIST];
    int64_t most = max > INT64_MAX ? INT64_MAX : (int64_t)max;
    enum err err = bind_numbers(st, 2, (int64_t[]){imsi_key(after), most});
    if (err == E_OK && target != NULL) {
        plmn_print(target, text);
        err = sqlite_err(sqlite3_bind_text(st, 3, text, -1, SQLITE_STATIC));
    }
    while (err == E_OK && more && (err = stmt_row(st)) == E_OK) {
        struct discovery_entry e;
        err = entry_get(st, &e);
        more = err == E_OK && each(ctx, &e);
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err discovery_count(struct discovery_store *s, struct discovery_counts *out)
{
    sqlite3_stmt *st = s->link.st[DS_COUNT];
    enum err err = stmt_row(st);
    if (err == E_OK) {
        *out = (struct discovery_counts){.live = (uint64_t)sqlite3_column_int64(st, 0),
                                         .spent = (uint64_t)sqlite3_column_int64(st, 1),
                                         .expired = (uint64_t)sqlite3_column_int64(st, 2)};
    }
    stmt_end(st);
    return err;
}

/* ---- writing ---- */

static enum err begin(struct discovery_store *s)
{
    return stmt_run(s->link.st[DS_BEGIN]);
}

/* The end of what begin began: all of it or nothing. */
static enum err commit(struct discovery_store *s, enum err err)
{
    if (err == E_OK) {
        err = stmt_run(s->link.st[DS_COMMIT]);
    }
    if (err != E_OK) {
        stmt_try(s->link.st[DS_ROLLBACK]);
    }
    return err;
}

enum err discovery_put(struct discovery_store *s, const struct discovery_entry *e)
{
    char target[PLMN_TEXT_MAX];
    struct sealed sealed;
    sqlite3_stmt *st = s->link.st[DS_PUT];
    if (e->dimsi.n == 0 || e->imsi.n == 0 || e->number == 0 || e->number > INT64_MAX) {
        return E_BAD_VALUE;
    }
    plmn_print(&e->target, target);
    enum err err = challenge_seal(s->link.file.sealer, e, &sealed);
    if (err != E_OK) {
        return err;
    }
    bool bound =
        bind_numbers(st, 3, (int64_t[]){imsi_key(&e->dimsi), DISCOVERY_LIVE, (int64_t)e->number}) ==
            E_OK &&
        bind_octets(st, 4, BYTES_OF(e->token)) == E_OK &&
        sqlite3_bind_text(st, 5, target, -1, SQLITE_STATIC) == SQLITE_OK &&
        sqlite3_bind_int64(st, 6, e->expires) == SQLITE_OK &&
        sqlite3_bind_int64(st, 7, imsi_key(&e->imsi)) == SQLITE_OK &&
        bind_octets(st, 8, (struct bytes){sealed.b, sealed.n}) == E_OK;
    return bound ? stmt_run(st) : E_IO;
}

enum err discovery_spend(struct discovery_store *s, const struct imsi *dimsi, uint64_t number)
{
    sqlite3_stmt *st = s->link.st[DS_SPEND];
    if (number > INT64_MAX) {
        return E_NOT_FOUND;
    }
    enum err err = bind_numbers(st, 2, (int64_t[]){imsi_key(dimsi), (int64_t)number});
    if (err == E_OK) {
        err = stmt_run(st);
    }
    return err == E_OK && sqlite3_changes(s->link.file.db) == 0 ? E_NOT_FOUND : err;
}

static enum err due(struct discovery_store *s, int64_t now, size_t max, struct imsi *dimsis,
                    size_t *n)
{
    sqlite3_stmt *st = s->link.st[DS_DUE];
    enum err err = bind_numbers(st, 2, (int64_t[]){now, (int64_t)max});
    while (err == E_OK && (err = stmt_row(st)) == E_OK && *n < max) {
        err = imsi_of_key(sqlite3_column_int64(st, 0), &dimsis[*n]);
        *n += err == E_OK;
    }
    stmt_end(st);
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err discovery_expire(struct discovery_store *s, int64_t now, size_t max, struct imsi *dimsis,
                          size_t *n)
{
    sqlite3_stmt *st = s->link.st[DS_EXPIRE];
    *n = 0;
    enum err err = due(s, now, max, dimsis, n);
    if (err != E_OK || *n == 0) {
        return err;
    }
    err = begin(s);
    for (size_t i = 0; i < *n && err == E_OK; i++) {
        err = bind_numbers(st, 1, (int64_t[]){imsi_key(&dimsis[i])});
        if (err == E_OK) {
            err = stmt_run(st);
        }
    }
    err = commit(s, err);
    *n = err == E_OK ? *n : 0;
    return err;
}

enum err discovery_add_asked(struct discovery_store *s, const struct discovery_asked *rows,
                             size_t n)
{
    sqlite3_stmt *st = s->link.st[DS_ASKED];
    enum err err = n > 0 ? begin(s) : E_OK;
    for (size_t i = 0; i < n && err == E_OK; i++) {
        err = bind_numbers(
            st, 3, (int64_t[]){imsi_key(&rows[i].dimsi), (int64_t)rows[i].times, rows[i].last});
        if (err == E_OK) {
            err = stmt_run(st);
        }
    }
    return n > 0 ? commit(s, err) : E_OK;
}

/* ---- readers ---- */

enum err discovery_reader_open(const struct discovery_store *s, struct discovery_reader **out)
{
    struct discovery_reader *r = calloc(1, sizeof *r);
    if (r == NULL) {
        return E_MEMORY;
    }
    enum err err = store_file_another(&s->link.file, &r->link.file);
    if (err == E_OK) {
        err = link_ready(&r->link, DS_READER_N);
    }
    if (err != E_OK) {
        discovery_reader_close(r);
        return err;
    }
    *out = r;
    return E_OK;
}

void discovery_reader_close(struct discovery_reader *r)
{
    if (r != NULL) {
        link_close(&r->link);
        free(r);
    }
}

enum err discovery_reader_begin(struct discovery_reader *r)
{
    enum err err = stmt_run(r->link.st[DS_BEGIN_READ]);
    r->in_transaction = err == E_OK;
    return err;
}

void discovery_reader_end(struct discovery_reader *r)
{
    if (r->in_transaction) {
        stmt_try(r->link.st[DS_COMMIT]);
    }
    r->in_transaction = false;
}

enum err discovery_read(struct discovery_reader *r, const struct imsi *dimsi,
                        struct discovery_entry *out)
{
    return entry_find(&r->link, dimsi, out);
}
