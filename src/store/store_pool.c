/* IMSIs that are given to devices: which were never had, and which were given back and rest.
 *
 * An IMSI of a pool is a subscriber's, or rests, or nobody ever had it; what administration
 * brought is skipped. So how far a pool was passed is a matter of time alone: without it the next
 * free IMSI is found all the same, once, by a walk. A range that is asked for the first time is a
 * new pool, which takes the place of those that overlap it. */
#include "store/store_internal.h"

/* IMSIs of one length are numbers without gaps, and those of two lengths stay apart. */
#define NUMBERS INT64_C(1000000000000000)

static int64_t pool_number(const struct imsi *imsi)
{
    int64_t number = 0;
    for (unsigned i = 0; i < imsi->n; i++) {
        number = number * 10 + (imsi->digits[i] - '0');
    }
    return imsi->n * NUMBERS + number;
}

static struct imsi imsi_of_number(int64_t number)
{
    struct imsi imsi = {.n = (uint8_t)(number / NUMBERS)};
    int64_t left = number % NUMBERS;
    for (unsigned i = imsi.n; i-- > 0; left /= 10) {
        imsi.digits[i] = (char)('0' + left % 10);
    }
    return imsi;
}

struct range {
    int64_t first, last; /* pool_number */
};
static enum err range_of(const struct imsi *first, const struct imsi *last, struct range *out)
{
    if (first->n != last->n || first->n < IMSI_DIGITS_MIN || first->n > IMSI_DIGITS_MAX) {
        return E_BAD_VALUE;
    }
    *out = (struct range){pool_number(first), pool_number(last)};
    return out->first <= out->last ? E_OK : E_BAD_VALUE;
}

static int64_t key_of_number(int64_t number)
{
    const struct imsi imsi = imsi_of_number(number);
    return imsi_key(&imsi);
}

static enum err bind_all(sqlite3_stmt *st, int n, const int64_t v[])
{
    int rc = SQLITE_OK;
    for (int i = 0; i < n && rc == SQLITE_OK; i++) {
        rc = sqlite3_bind_int64(st, i + 1, v[i]);
    }
    return sqlite_err(rc);
}

/* The first row's first columns, which are numbers. */
static enum err read_numbers(sqlite3_stmt *st, int n_in, const int64_t in[], int n_out,
                             int64_t out[])
{
    enum err err = bind_all(st, n_in, in);
    if (err == E_OK) {
        err = stmt_row(st);
    }
    for (int i = 0; i < n_out && err == E_OK; i++) {
        out[i] = sqlite3_column_int64(st, i);
    }
    stmt_end(st);
    return err;
}

struct pool {
    int64_t id;
    int64_t passed; /* from the first on */
};
static enum err read_pool(struct connection *c, struct range range, struct pool *out)
{
    int64_t v[2];
    enum err err = read_numbers(c->st[ST_POOL], 2, (int64_t[]){range.first, range.last}, 2, v);
    if (err == E_OK) {
        *out = (struct pool){v[0], v[1]};
    }
    return err;
}

/* ---- how it stands ---- */

/* Subscribers with IMSIs of the range: those of other lengths, which lie between them by their
 * keys, end with more or with fewer "no digit"s. */
static enum err count_held(struct connection *c, struct range range, int64_t *out)
{
    int64_t blank = 1;
    if (range.first > range.last) {
        *out = 0;
        return E_OK;
    }
    for (int64_t n = range.first / NUMBERS; n < IMSI_DIGITS_MAX; n++) {
        blank *= 11;
    }
    const int64_t in[] = {key_of_number(range.first), key_of_number(range.last), blank, blank * 11};
    return read_numbers(c->st[ST_POOL_HELD], 4, in, 1, out);
}

/* In one transaction: an IMSI that goes from hand to hand meanwhile is counted once. */
static enum err count_pool(struct connection *c, struct range range, int64_t now,
                           struct store_pool *out)
{
    struct pool pool = {0, 0};
    int64_t held = 0, resting[3] = {0, 0, 0};
    enum err err = read_pool(c, range, &pool);
    int64_t next = range.first + pool.passed;
    if (err == E_OK || err == E_NOT_FOUND) { /* nothing was ever taken from it */
        err = count_held(c, (struct range){next, range.last}, &held);
    }
    if (err == E_OK) {
        const int64_t in[] = {range.first, range.last, now, next};
        err = read_numbers(c->st[ST_POOL_RESTING], 4, in, 3, resting);
    }
    if (err == E_OK) {
        *out =
            (struct store_pool){.total = (uint64_t)(range.last - range.first + 1),
                                .never_used = (uint64_t)(range.last - next + 1 - held - resting[2]),
                                .resting = (uint64_t)(resting[0] - resting[1]),
                                .ready = (uint64_t)resting[1]};
    }
    return err;
}

enum err store_read_pool(struct store_reader *r, const struct imsi *first, const struct imsi *last,
                         int64_t now, struct store_pool *out)
{
    struct range range;
    const bool own = !r->in_transaction;
    enum err err = range_of(first, last, &range);
    if (err == E_OK && own) {
        err = store_reader_begin(r);
    }
    if (err == E_OK) {
        err = count_pool(&r->c, range, now, out);
    }
    if (own) {
        store_reader_end(r);
    }
    return err;
}

/* ---- taking ---- */

static enum err run_numbers(struct store_writer *w, enum statement which, int n, const int64_t v[])
{
    enum err err = writer_run_on_row(w, which, n, v);
    return err == E_NOT_FOUND ? E_OK : err;
}

/* What rests in its range is the new pool's, whoever's it was. */
static enum err make_pool(struct store_writer *w, struct range range, struct pool *out)
{
    const int64_t bounds[] = {range.first, range.last};
    enum err err = run_numbers(w, ST_DELETE_POOLS, 2, bounds);
    if (err == E_OK) {
        err = run_numbers(w, ST_INSERT_POOL, 2, bounds);
    }
    if (err == E_OK) {
        *out = (struct pool){sqlite3_last_insert_rowid(w->c.db), 0};
        err = run_numbers(w, ST_ADOPT_RESTERS, 3, (int64_t[]){range.first, range.last, out->id});
    }
    return err;
}

static enum err pool_of(struct store_writer *w, struct range range, struct pool *out)
{
    enum err err = read_pool(&w->c, range, out);
    if (err == E_NOT_FOUND) {
        return make_pool(w, range, out);
    }
    return err == E_OK ? E_OK : writer_failed(w, err);
}

/* The one with so many before it that rested longer, or with fewer where there are not so many. */
static enum err take_ready(struct store_writer *w, const struct pool *pool, int64_t now,
                           int64_t before, int64_t *number)
{
    enum err err = E_NOT_FOUND;
    for (int64_t at = before; err == E_NOT_FOUND && at >= 0; at = at > 0 ? at / 2 : -1) {
        const int64_t in[] = {pool->id, now, at};
        err = read_numbers(w->c.st[ST_POOL_READY], 3, in, 1, number);
    }
    if (err == E_OK) {
        return run_numbers(w, ST_REST_NO_MORE, 1, number);
    }
    return err == E_NOT_FOUND ? err : writer_failed(w, err);
}

/* Passes those that follow one another from *number on and that the statement has; `as_imsi`: it
 * gives keys of IMSIs of any length, else numbers. */
static enum err pass_run(struct store_writer *w, enum statement which, bool as_imsi,
                         const int64_t bounds[2], int64_t *number)
{
    sqlite3_stmt *st = w->c.st[which];
    struct imsi imsi;
    enum err err = bind_all(st, 2, bounds);
    while (err == E_OK && (err = stmt_row(st)) == E_OK) {
        int64_t found = sqlite3_column_int64(st, 0);
        if (as_imsi) {
            err = imsi_of_key(found, &imsi) == E_OK ? E_OK : E_IO;
            found = err == E_OK ? pool_number(&imsi) : 0;
        }
        if (err == E_OK && found == *number) {
            ++*number;
        } else if (found / NUMBERS == *number / NUMBERS) {
            break; /* the next one is behind a gap */
        }
    }
    stmt_end(st);
    return err == E_OK || err == E_NOT_FOUND ? E_OK : writer_failed(w, err);
}

/* *number: the first to look at, then the first from there on that is neither a subscriber's nor
 * rests; or above the last. */
static enum err pass_taken(struct store_writer *w, int64_t last, int64_t *number)
{
    enum err err = E_OK;
    for (int64_t before = -1; err == E_OK && before != *number && *number <= last;) {
        before = *number;
        const int64_t keys[] = {key_of_number(*number), key_of_number(last)};
        err = pass_run(w, ST_POOL_SUBSCRIBERS, true, keys, number);
        if (err == E_OK && *number <= last) {
            const int64_t numbers[] = {*number, last};
            err = pass_run(w, ST_POOL_RESTERS, false, numbers, number);
        }
    }
    return err;
}

/* How far the pool was passed is kept in any case, so that what is taken is walked over once. */
static enum err take_new(struct store_writer *w, const struct pool *pool, struct range range,
                         int64_t *number)
{
    int64_t next = range.first + pool->passed;
    enum err err = pass_taken(w, range.last, &next);
    bool found = next <= range.last;
    *number = next;
    int64_t passed = next - range.first + found;
    if (err == E_OK && passed != pool->passed) {
        err = run_numbers(w, ST_POOL_PASSED, 2, (int64_t[]){pool->id, passed});
    }
    return err == E_OK && !found ? E_EXHAUSTED : err;
}

static enum err is_free(struct store_writer *w, int64_t number, bool *out)
{
    int64_t found = 0;
    const int64_t key = key_of_number(number);
    enum err err = read_numbers(w->c.st[ST_POOL_SUBSCRIBERS], 2, (int64_t[]){key, key}, 1, &found);
    if (err == E_NOT_FOUND) {
        err = read_numbers(w->c.st[ST_POOL_RESTERS], 2, (int64_t[]){number, number}, 1, &found);
    }
    *out = err == E_NOT_FOUND;
    return err == E_OK || *out ? E_OK : writer_failed(w, err);
}

/* Nothing of the pool is written: it is found taken as soon as a subscriber has it. E_NOT_FOUND:
 * none was hit that is free. */
static enum err take_ahead(struct store_writer *w, const struct pool *pool, struct range range,
                           const uint32_t draws[static STORE_DRAWS], int64_t *number)
{
    const int64_t next = range.first + pool->passed;
    int64_t ahead = range.last - next + 1;
    bool found = false;
    enum err err = E_OK;
    ahead = ahead > STORE_DRAW_NEAREST ? STORE_DRAW_NEAREST : ahead;
    for (unsigned i = 0; i < STORE_DRAWS && ahead > 0 && err == E_OK && !found; i++) {
        *number = next + draws[i] % ahead;
        err = is_free(w, *number, &found);
    }
    return err == E_OK && !found ? E_NOT_FOUND : err;
}

/* draws NULL: the next one. */
static enum err take(struct store_writer *w, struct range range, int64_t now, const uint32_t *draws,
                     int64_t *number)
{
    struct pool pool = {0, 0};
    enum err err = pool_of(w, range, &pool);
    if (err == E_OK) {
        err = take_ready(w, &pool, now, draws != NULL ? draws[0] % STORE_DRAW_RESTED : 0, number);
    }
    if (err == E_NOT_FOUND && draws != NULL) {
        err = take_ahead(w, &pool, range, draws, number);
    }
    return err == E_NOT_FOUND ? take_new(w, &pool, range, number) : err;
}

static enum err take_imsi(struct store_writer *w, const struct imsi *first, const struct imsi *last,
                          int64_t now, const uint32_t *draws, struct imsi *out)
{
    struct range range;
    int64_t number = 0;
    enum err err = writer_check(w);
    if (err == E_OK) {
        err = range_of(first, last, &range);
    }
    if (err == E_OK) {
        err = take(w, range, now, draws, &number);
    }
    if (err == E_OK) {
        *out = imsi_of_number(number);
    }
    return err;
}

enum err store_take_imsi(struct store_writer *w, const struct imsi *first, const struct imsi *last,
                         int64_t now, struct imsi *out)
{
    return take_imsi(w, first, last, now, NULL, out);
}

enum err store_draw_imsi(struct store_writer *w, const struct imsi *first, const struct imsi *last,
                         int64_t now, const uint32_t draws[static STORE_DRAWS], struct imsi *out)
{
    return take_imsi(w, first, last, now, draws, out);
}

/* ---- giving back ---- */

enum err pool_rest(struct store_writer *w, const struct imsi *imsi, int64_t ready)
{
    int64_t number = pool_number(imsi), pool = 0;
    enum err err = read_numbers(w->c.st[ST_POOL_OF], 1, &number, 1, &pool);
    if (err != E_OK && err != E_NOT_FOUND) { /* of no pool: of none that there is now */
        return writer_failed(w, err);
    }
    return run_numbers(w, ST_REST, 3, (int64_t[]){number, pool, ready});
}

enum err pool_rest_no_more(struct store_writer *w, const struct imsi *imsi)
{
    const int64_t number = pool_number(imsi);
    return run_numbers(w, ST_REST_NO_MORE, 1, &number);
}
