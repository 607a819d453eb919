#include "store/store_dimsi.h"

#include "store/store_internal.h"

#include <string.h>

#define COL(kind, member)                                                                          \
    {                                                                                              \
        kind, offsetof(struct store_dimsi, member), sizeof(((struct store_dimsi *)0)->member), 0   \
    }
#define COL_IMSI_IF(flag, member)                                                                  \
    {                                                                                              \
        COL_OPTIONAL_IMSI, offsetof(struct store_dimsi, member), sizeof(struct imsi),              \
            offsetof(struct store_dimsi, flag)                                                     \
    }
static const struct column dimsi_columns[] = {
    COL(COL_IMSI, dimsi),
    COL(COL_INT, phase),
    COL(COL_INT, todo),
    COL(COL_INT, next_try),
    COL(COL_INT, tries),
    COL(COL_TEXT, cause),
    COL(COL_TEXT, detail),
    COL(COL_TEXT, sp),
    COL(COL_TEXT, arpf),
    COL(COL_BLOB, token),
    COL(COL_BLOB, se),
    COL(COL_BOOL, has_se_before),
    COL(COL_BLOB, se_before),
    COL(COL_INT, number),
    COL(COL_INT, release),
    COL_IMSI_IF(has_imsi, imsi),
    COL_IMSI_IF(has_operator, operator_imsi),
    COL(COL_BOOL, delivered),
    COL(COL_BOOL, confirmed),
    COL(COL_BOOL, used),
    COL(COL_INT, first),
    COL(COL_INT, changed),
    COL(COL_INT, expires),
};
#define DIMSI_ROW                                                                                  \
    ((struct columns){dimsi_columns, (int)(sizeof dimsi_columns / sizeof *dimsi_columns)})

/* ---- reading ---- */

static enum err bind_number(sqlite3_stmt *st, int i, int64_t v)
{
    return sqlite_err(sqlite3_bind_int64(st, i, v));
}

/* Of a statement whose parameters are bound. */
static enum err get_row(sqlite3_stmt *st, struct store_dimsi *out)
{
    struct store_dimsi row = {.phase = 0};
    enum err err = stmt_row(st);
    if (err == E_OK) {
        err = columns_get(DIMSI_ROW, st, &row);
    }
    stmt_end(st);
    if (err == E_OK) {
        *out = row;
    }
    return err;
}

static enum err read_row(struct connection *c, enum statement which, const struct imsi *imsi,
                         struct store_dimsi *out)
{
    sqlite3_stmt *st = c->st[which];
    enum err err = bind_number(st, 1, imsi_key(imsi));
    return err == E_OK ? get_row(st, out) : err;
}

enum err store_read_dimsi(struct store_reader *r, const struct imsi *dimsi, struct store_dimsi *out)
{
    return read_row(&r->c, ST_DIMSI, dimsi, out);
}

enum err store_read_dimsi_of(struct store_reader *r, const struct imsi *imsi,
                             struct store_dimsi *out)
{
    return read_row(&r->c, ST_DIMSI_OF, imsi, out);
}

static enum err get_text(sqlite3_stmt *st, int column, struct mbytes room, size_t *n)
{
    struct bytes v = stmt_blob(st, column);
    if (v.n > room.n) {
        return E_IO;
    }
    if (v.n > 0) {
        memcpy(room.p, v.p, v.n);
    }
    *n = v.n;
    return E_OK;
}

static enum err get_papers(struct connection *c, sqlite3_stmt *st, const struct imsi *dimsi,
                           struct store_dimsi_papers *out)
{
    enum err err = get_text(st, 0, MBYTES_OF(out->offer), &out->offer_n);
    if (err == E_OK) {
        err = get_text(st, 1, MBYTES_OF(out->endorsement), &out->endorsement_n);
    }
    struct bytes sealed = stmt_blob(st, 2);
    if (err == E_OK && sealed.n > 0) {
        err = open_challenge(c->sealer, dimsi, sealed, &out->challenge);
        out->has_challenge = err == E_OK;
    }
    return err;
}

enum err store_read_dimsi_papers(struct store_reader *r, const struct imsi *dimsi,
                                 struct store_dimsi_papers *out)
{
    sqlite3_stmt *st = r->c.st[ST_DIMSI_PAPERS];
    out->offer_n = out->endorsement_n = 0;
    out->has_challenge = false;
    wipe(&out->challenge, sizeof out->challenge);
    enum err err = bind_number(st, 1, imsi_key(dimsi));
    if (err == E_OK) {
        err = stmt_row(st);
    }
    if (err == E_OK) {
        err = get_papers(&r->c, st, dimsi, out);
    }
    stmt_end(st);
    if (err != E_OK) {
        wipe(&out->challenge, sizeof out->challenge);
    }
    return err == E_NOT_FOUND ? E_OK : err;
}

enum err store_list_dimsi(struct store_reader *r, const struct store_dimsi_wanted *wanted,
                          struct store_dimsi *out, size_t max, size_t *n)
{
    const enum statement which = wanted->sp != NULL   ? ST_LIST_DIMSI_OF_SP
                                 : wanted->phase != 0 ? ST_LIST_DIMSI_IN
                                                      : ST_LIST_DIMSI;
    sqlite3_stmt *st = r->c.st[which];
    *n = 0;
    enum err err = bind_number(st, 1, wanted->after != NULL ? imsi_key(wanted->after) : 0);
    if (err == E_OK) {
        err = bind_number(st, 2, list_limit(max));
    }
    if (err == E_OK && which == ST_LIST_DIMSI_OF_SP) {
        err = sqlite_err(sqlite3_bind_text(st, 3, wanted->sp, -1, SQLITE_STATIC));
    }
    if (err == E_OK && which != ST_LIST_DIMSI) {
        err = bind_number(st, which == ST_LIST_DIMSI_OF_SP ? 4 : 3, wanted->phase);
    }
    return err == E_OK ? list_rows(st, DIMSI_ROW, out, sizeof *out, max, n) : err;
}

static enum err count(struct connection *c, const char *sp,
                      uint64_t counts[static STORE_DIMSI_PHASES])
{
    sqlite3_stmt *st = c->st[ST_COUNT_DIMSI];
    memset(counts, 0, STORE_DIMSI_PHASES * sizeof counts[0]);
    enum err err = sqlite_err(sqlite3_bind_text(st, 1, sp, -1, SQLITE_STATIC));
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        int64_t phase = sqlite3_column_int64(st, 0), rows = sqlite3_column_int64(st, 1);
        if (phase <= 0 || phase >= STORE_DIMSI_PHASES || rows < 0) {
            err = E_IO;
        } else {
            counts[phase] = (uint64_t)rows;
        }
    }
    stmt_end(st);
    if (err != E_NOT_FOUND) { /* that is after the last row */
        memset(counts, 0, STORE_DIMSI_PHASES * sizeof counts[0]);
        return err;
    }
    return E_OK;
}

enum err store_count_dimsi(struct store_reader *r, const char *sp,
                           uint64_t counts[static STORE_DIMSI_PHASES])
{
    return count(&r->c, sp, counts);
}

/* The dIMSIs that a statement finds by a time. */
static enum err list_by_time(struct store_reader *r, enum statement which, int64_t now,
                             struct imsi *out, size_t max, size_t *n)
{
    static const struct column one = {COL_IMSI, 0, sizeof(struct imsi), 0};
    sqlite3_stmt *st = r->c.st[which];
    *n = 0;
    enum err err = bind_number(st, 1, now);
    if (err == E_OK) {
        err = bind_number(st, 2, list_limit(max));
    }
    return err == E_OK ? list_rows(st, (struct columns){&one, 1}, out, sizeof *out, max, n) : err;
}

enum err store_due_dimsi(struct store_reader *r, int64_t now, struct imsi *out, size_t max,
                         size_t *n)
{
    enum err err = list_by_time(r, ST_DUE_DIMSI, now, out, max, n);
    if (err == E_OK && *n == 0 && now < INT64_MAX - STORE_DIMSI_FAR_S) {
        err = list_by_time(r, ST_FAR_DIMSI, now + STORE_DIMSI_FAR_S, out, max, n);
    }
    return err;
}

enum err store_expired_dimsi(struct store_reader *r, int64_t now, struct imsi *out, size_t max,
                             size_t *n)
{
    return list_by_time(r, ST_EXPIRED_DIMSI, now, out, max, n);
}

/* ---- reading inside the batch ---- */

static enum err batch_read(struct store_writer *w, enum err err)
{
    return err == E_OK || err == E_NOT_FOUND ? err : writer_failed(w, err);
}

static enum err batch_row(struct store_writer *w, enum statement which, const struct imsi *imsi,
                          struct store_dimsi *out)
{
    enum err err = writer_check(w);
    return err == E_OK ? batch_read(w, read_row(&w->c, which, imsi, out)) : err;
}

enum err store_writer_dimsi(struct store_writer *w, const struct imsi *dimsi,
                            struct store_dimsi *out)
{
    return batch_row(w, ST_DIMSI, dimsi, out);
}

enum err store_writer_dimsi_of(struct store_writer *w, const struct imsi *imsi,
                               struct store_dimsi *out)
{
    return batch_row(w, ST_DIMSI_OF, imsi, out);
}

_Static_assert(STORE_DIMSI_ATTACHED == 4, "dimsi_by_se says so, and what is asked of it");

enum err store_writer_dimsi_of_se(struct store_writer *w,
                                  const uint8_t se[static STORE_DIMSI_DIGEST],
                                  const struct imsi *dimsi, struct store_dimsi *out)
{
    sqlite3_stmt *st = w->c.st[ST_DIMSI_OF_SE];
    enum err err = writer_check(w);
    if (err != E_OK) {
        return err;
    }
    err = bind_octets(st, 1, (struct bytes){se, STORE_DIMSI_DIGEST});
    if (err == E_OK) {
        err = bind_number(st, 2, imsi_key(dimsi));
    }
    return batch_read(w, err == E_OK ? get_row(st, out) : err);
}

enum err store_writer_count_dimsi(struct store_writer *w, const char *sp,
                                  uint64_t counts[static STORE_DIMSI_PHASES])
{
    enum err err = writer_check(w);
    if (err != E_OK) {
        memset(counts, 0, STORE_DIMSI_PHASES * sizeof counts[0]);
        return err;
    }
    return batch_read(w, count(&w->c, sp, counts));
}

/* ---- writing: what may be written ---- */

static bool ended(const char *text, size_t room)
{
    return strnlen(text, room) < room;
}

static enum err check_texts(const struct store_dimsi *row)
{
    bool good = ended(row->cause, sizeof row->cause) && ended(row->detail, sizeof row->detail) &&
                ended(row->sp, sizeof row->sp) && ended(row->arpf, sizeof row->arpf) &&
                row->sp[0] != '\0' && row->dimsi.n >= IMSI_DIGITS_MIN &&
                (!row->has_imsi || row->imsi.n >= IMSI_DIGITS_MIN) &&
                (!row->has_operator || row->operator_imsi.n >= IMSI_DIGITS_MIN);
    return good ? E_OK : E_BAD_LENGTH;
}

static enum err check_row(const struct store_dimsi *row)
{
    const uint8_t p = row->phase;
    const bool lives =
        p == STORE_DIMSI_ALLOCATED || p == STORE_DIMSI_PUSHED || p == STORE_DIMSI_ATTACHED;
    const unsigned begins = STORE_DIMSI_RELEASE | STORE_DIMSI_PUSH;
    enum err err = check_texts(row);
    if (err != E_OK) {
        return err;
    }
    bool good = p > 0 && p < STORE_DIMSI_PHASES && (row->todo & ~STORE_DIMSI_TODO_ALL) == 0 &&
                row->has_imsi == lives &&
                (lives || p == STORE_DIMSI_OFFERED || (row->todo & begins) == 0) &&
                ((row->todo & STORE_DIMSI_UNDELIVER) == 0 || row->has_se_before) &&
                row->number <= INT64_MAX && row->release <= INT64_MAX;
    return good ? E_OK : E_BAD_VALUE;
}

/* Is the subscriber there, and no other row's? */
static enum err check_imsi(struct store_writer *w, const struct imsi *imsi,
                           const struct imsi *dimsi)
{
    struct store_dimsi other;
    struct store_subscriber owner;
    enum err err = store_writer_dimsi_of(w, imsi, &other);
    if (err == E_OK && !imsi_eq(&other.dimsi, dimsi)) {
        return E_CONFLICT;
    }
    return err == E_OK || err == E_NOT_FOUND ? writer_subscriber_closed(w, imsi, &owner) : err;
}

/* ---- writing ---- */

static enum err move_count(struct store_writer *w, const struct store_dimsi *row, int64_t by)
{
    sqlite3_stmt *st = w->c.st[ST_DIMSI_MOVED];
    enum err err = sqlite_err(sqlite3_bind_text(st, 1, row->sp, -1, SQLITE_STATIC));
    if (err == E_OK) {
        err = bind_number(st, 2, row->phase);
    }
    if (err == E_OK) {
        err = bind_number(st, 3, by);
    }
    return err == E_OK ? writer_run(w, ST_DIMSI_MOVED) : err;
}

static enum err write_row(struct store_writer *w, const struct store_dimsi *old,
                          const struct store_dimsi *row)
{
    enum err err = columns_bind(DIMSI_ROW, w->c.st[ST_PUT_DIMSI], row);
    if (err == E_OK) {
        err = writer_run(w, ST_PUT_DIMSI);
    }
    if (err == E_OK && (old->phase != row->phase || strcmp(old->sp, row->sp) != 0)) {
        err = move_count(w, row, 1);
        if (err == E_OK && old->phase != 0) {
            err = move_count(w, old, -1);
        }
    }
    return err;
}

enum err store_put_dimsi(struct store_writer *w, const struct store_dimsi *row)
{
    struct store_dimsi old = {.phase = 0}, now = *row;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = check_row(row);
    }
    if (err == E_OK) {
        err = store_writer_dimsi(w, &row->dimsi, &old);
        err = err == E_NOT_FOUND ? E_OK : err;
    }
    if (err == E_OK && row->has_imsi) {
        err = check_imsi(w, &row->imsi, &row->dimsi);
    }
    if (err == E_OK && row->has_operator) {
        err = check_imsi(w, &row->operator_imsi, &row->dimsi);
    }
    if (!now.has_se_before) {
        memset(now.se_before, 0, sizeof now.se_before);
    }
    return err == E_OK ? write_row(w, &old, &now) : err;
}

static enum err drop(struct store_writer *w, enum statement which, const struct imsi *dimsi)
{
    const int64_t key = imsi_key(dimsi);
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = writer_run_on_row(w, which, 1, &key);
    }
    return err == E_NOT_FOUND ? E_OK : err;
}

/*= dimsi-erase */
enum err store_drop_dimsi_papers(struct store_writer *w, const struct imsi *dimsi)
{
    return drop(w, ST_DROP_DIMSI_PAPERS, dimsi);
}

enum err store_keep_dimsi_offer(struct store_writer *w, const struct imsi *dimsi)
{
    return drop(w, ST_KEEP_DIMSI_OFFER, dimsi);
}

enum err store_remove_dimsi(struct store_writer *w, const struct imsi *dimsi)
{
    struct store_dimsi old = {.phase = 0};
    const int64_t key = imsi_key(dimsi);
    enum err err = store_writer_dimsi(w, dimsi, &old);
    if (err == E_OK && old.has_imsi) {
        return E_BAD_STATE;
    }
    if (err == E_OK) {
        err = store_drop_dimsi_papers(w, dimsi);
    }
    if (err == E_OK) {
        err = writer_run_on_row(w, ST_DELETE_DIMSI, 1, &key);
    }
    return err == E_OK ? move_count(w, &old, -1) : err;
}

/* ---- papers ---- */

static enum err put_paper(struct store_writer *w, enum statement which, const struct imsi *dimsi,
                          struct bytes paper)
{
    struct store_dimsi row;
    sqlite3_stmt *st = w->c.st[which];
    enum err err = store_writer_dimsi(w, dimsi, &row);
    if (err == E_OK) {
        err = bind_number(st, 1, imsi_key(dimsi));
    }
    if (err == E_OK) {
        err = bind_octets(st, 2, paper);
    }
    return err == E_OK ? writer_run(w, which) : err;
}

enum err store_put_dimsi_offer(struct store_writer *w, const struct imsi *dimsi, struct bytes offer)
{
    return offer.n > STORE_DIMSI_OFFER_MAX ? E_BAD_LENGTH
                                           : put_paper(w, ST_PUT_DIMSI_OFFER, dimsi, offer);
}

enum err store_put_dimsi_endorsement(struct store_writer *w, const struct imsi *dimsi,
                                     struct bytes endorsement)
{
    return endorsement.n > STORE_DIMSI_ENDORSEMENT_MAX
               ? E_BAD_LENGTH
               : put_paper(w, ST_PUT_DIMSI_ENDORSEMENT, dimsi, endorsement);
}

enum err store_put_dimsi_challenge(struct store_writer *w, const struct imsi *dimsi,
                                   const struct store_dimsi_challenge *challenge)
{
    struct sealed sealed;
    enum err err = writer_check(w);
    if (err == E_OK && challenge->xres.n != 8) {
        return E_BAD_LENGTH;
    }
    if (err == E_OK) {
        err = seal_challenge(w->c.sealer, dimsi, challenge, &sealed);
    }
    return err == E_OK
               ? put_paper(w, ST_PUT_DIMSI_CHALLENGE, dimsi, (struct bytes){sealed.b, sealed.n})
               : err;
}

enum err store_end_dimsi_subscriber(struct store_writer *w, const struct imsi *imsi, int64_t ready)
{
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = writer_remove_subscriber(w, imsi);
    }
    return err == E_OK || err == E_NOT_FOUND ? pool_rest(w, imsi, ready) : err;
}
