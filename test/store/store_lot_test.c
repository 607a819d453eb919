/* Lots, their keys and their ranges (src/store/store_lot.c). */
#include "store/fixture.h"

#include "id/imei_range.h"

static struct store_lot lot_of(const char *id, uint16_t modulus_n)
{
    struct store_lot l = {.modulus_n = modulus_n, .imported = 1700000000, .ranges = 99};
    snprintf(l.id, sizeof l.id, "%s", id);
    snprintf(l.manufacturer, sizeof l.manufacturer, "Maker of %s", id);
    for (size_t i = 0; i < modulus_n; i++) {
        l.modulus[i] = (uint8_t)(i * 7 + (uint8_t)id[0]);
    }
    return l;
}

static struct store_lot_key key_of(uint16_t n, uint8_t fill)
{
    struct store_lot_key k = {.n = n};
    for (size_t i = 0; i < n; i++) {
        k.p[i] = (uint8_t)(fill + i * 3);
        k.q[i] = (uint8_t)(fill + 1 + i * 5);
    }
    return k;
}

static struct store_lot_range range_of(uint64_t first, uint64_t last)
{
    return (struct store_lot_range){.first = first, .last = last};
}

static void put_lot(struct fixture *f, const char *id, uint64_t first)
{
    struct store_lot l = lot_of(id, 384);
    struct store_lot_key k = key_of(192, (uint8_t)id[0]);
    struct store_lot_range r = range_of(first, first + 9);
    COMMITTED(f, store_put_lot(f->w, &l, &k, &r, 1));
}

static void assert_same_lot(const struct store_lot *a, const struct store_lot *b)
{
    assert_string_equal(a->id, b->id);
    assert_string_equal(a->manufacturer, b->manufacturer);
    assert_int_equal(a->modulus_n, b->modulus_n);
    assert_memory_equal(a->modulus, b->modulus, sizeof a->modulus);
    assert_int_equal(a->imported, b->imported);
    assert_int_equal(a->ranges, b->ranges);
}

static void a_lot_of_each_size_is_read_back_also_after_a_restart(void **state)
{
    struct fixture *f = *state;
    static const uint16_t sizes[] = {256, 384, 512};
    for (size_t i = 0; i < 3; i++) {
        char id[] = {(char)('a' + i), '\0'};
        struct store_lot l = lot_of(id, sizes[i]), got;
        struct store_lot_key k = key_of(sizes[i] / 2, (uint8_t)i), key;
        struct store_lot_range r[] = {range_of(i * 100, i * 100),
                                      range_of(i * 100 + 50, i * 100 + 60)};
        COMMITTED(f, store_put_lot(f->w, &l, &k, r, 2));
        reopen_store(f);
        l.ranges = 2; /* counted, not taken */
        assert_ok(store_read_lot(f->r, id, &got));
        assert_same_lot(&got, &l);
        assert_ok(store_read_lot_key(f->r, id, &key));
        assert_int_equal(key.n, k.n);
        assert_memory_equal(&key, &k, sizeof k);
    }
}

static void pages_of_lots_and_of_ranges_join_to_the_whole(void **state)
{
    struct fixture *f = *state;
    static const char *const ids[] = {"c-1", "A-1", "b-1", "c-10", "c-2"};
    static const char *const sorted[] = {"A-1", "b-1", "c-1", "c-10", "c-2"};
    struct store_lot lots[2];
    struct store_lot_range ranges[2];
    size_t n = 0, seen = 0;
    for (size_t i = 0; i < 5; i++) {
        put_lot(f, ids[i], i * 1000);
    }
    const char *after = NULL;
    while (store_list_lots(f->r, after, lots, 2, &n) == E_OK && n > 0) {
        for (size_t i = 0; i < n; i++) {
            assert_string_equal(lots[i].id, sorted[seen++]);
        }
        after = lots[n - 1].id;
    }
    assert_int_equal(seen, 5);
    uint64_t last = 0;
    for (seen = 0;
         store_list_lot_ranges(f->r, seen == 0 ? NULL : &last, ranges, 2, &n) == E_OK && n > 0;
         last = ranges[n - 1].first) {
        for (size_t i = 0; i < n; i++) {
            assert_int_equal(ranges[i].first, seen * 1000);
            assert_int_equal(ranges[i].last, seen * 1000 + 9);
            assert_string_equal(ranges[i].lot, ids[seen++]);
        }
    }
    assert_int_equal(seen, 5);
    last = UINT64_MAX;
    assert_ok(store_list_lot_ranges(f->r, &last, ranges, 2, &n));
    assert_int_equal(n, 0);
}

static void a_lot_that_goes_takes_key_and_ranges_along(void **state)
{
    struct fixture *f = *state;
    struct store_lot_range ranges[4];
    struct store_lot got;
    struct store_lot_key key;
    size_t n = 0;
    put_lot(f, "one", 100);
    put_lot(f, "two", 200);
    COMMITTED(f, store_remove_lot(f->w, "one"));
    assert_err(store_read_lot(f->r, "one", &got), E_NOT_FOUND);
    assert_err(store_read_lot_key(f->r, "one", &key), E_NOT_FOUND);
    assert_ok(store_list_lot_ranges(f->r, NULL, ranges, 4, &n));
    assert_int_equal(n, 1);
    assert_string_equal(ranges[0].lot, "two");
    assert_ok(store_begin(f->w));
    assert_err(store_remove_lot(f->w, "one"), E_NOT_FOUND);
    assert_ok(store_commit(f->w));
    put_lot(f, "one", 100); /* may come again */
    assert_ok(store_read_lot_key(f->r, "one", &key));
}

static void what_is_no_lot_is_refused_and_leaves_nothing(void **state)
{
    struct fixture *f = *state;
    struct store_lot good = lot_of("one", 256), bad = good;
    struct store_lot_key key = key_of(128, 1), no_key = {.n = 0}, long_key = {.n = 257};
    struct store_lot_range r = range_of(5, 6), upside_down = range_of(6, 5),
                           beyond = range_of(5, IMEI_NUMBERS);
    size_t n = 9;
    assert_err(store_put_lot(f->w, &good, &key, &r, 1), E_BAD_STATE);
    assert_err(store_remove_lot(f->w, "one"), E_BAD_STATE);
    assert_ok(store_begin(f->w));
    assert_err(store_put_lot(f->w, &good, &no_key, &r, 1), E_BAD_LENGTH);
    assert_err(store_put_lot(f->w, &good, &long_key, &r, 1), E_BAD_LENGTH);
    assert_err(store_put_lot(f->w, &good, &key, &r, 0), E_BAD_LENGTH);
    assert_err(store_put_lot(f->w, &good, &key, &r, STORE_LOT_RANGES_MAX + 1), E_BAD_LENGTH);
    assert_err(store_put_lot(f->w, &good, &key, &upside_down, 1), E_BAD_VALUE);
    assert_err(store_put_lot(f->w, &good, &key, &beyond, 1), E_BAD_VALUE);
    bad.modulus_n = 0;
    assert_err(store_put_lot(f->w, &bad, &key, &r, 1), E_BAD_LENGTH);
    bad = good;
    bad.id[0] = '\0';
    assert_err(store_put_lot(f->w, &bad, &key, &r, 1), E_BAD_LENGTH);
    memset(bad.id, 'x', sizeof bad.id);
    assert_err(store_put_lot(f->w, &bad, &key, &r, 1), E_BAD_LENGTH);
    assert_ok(store_put_lot(f->w, &good, &key, &r, 1));
    r = range_of(50, 60);
    assert_err(store_put_lot(f->w, &good, &key, &r, 1), E_EXISTS);
    assert_ok(store_commit(f->w)); /* the batch went on */
    struct store_lot_range got[4];
    assert_ok(store_list_lot_ranges(f->r, NULL, got, 4, &n));
    assert_int_equal(n, 1);
    assert_int_equal(got[0].first, 5);
}

/* The caller sees to it that ranges are disjoint; two that begin at one IMEI cannot be stored. */
static void ranges_that_begin_alike_end_the_batch(void **state)
{
    struct fixture *f = *state;
    struct store_lot l = lot_of("two", 256);
    struct store_lot_key k = key_of(128, 1);
    struct store_lot_range r = range_of(100, 100);
    struct store_lot got;
    put_lot(f, "one", 100);
    assert_ok(store_begin(f->w));
    assert_err(store_put_lot(f->w, &l, &k, &r, 1), E_IO);
    assert_err(store_commit(f->w), E_IO);
    assert_err(store_read_lot(f->r, "two", &got), E_NOT_FOUND);
}

/* ---- secrets --------------------------------------------------------------------------------- */

static void a_key_opens_in_its_own_row_only(void **state)
{
    struct fixture *f = *state;
    const struct store_lot_key wiped = {.n = 0};
    struct store_lot_key key;
    put_lot(f, "one", 100);
    put_lot(f, "two", 200);
    close_store(f);
    sql(f->path, "UPDATE lot SET key = (SELECT key FROM lot WHERE id = 'two')");
    open_store(f);
    memset(&key, 0xee, sizeof key);
    assert_err(store_read_lot_key(f->r, "one", &key), E_WRONG_KEY);
    assert_memory_equal(&key, &wiped, sizeof key);
    assert_ok(store_read_lot_key(f->r, "two", &key));
    close_store(f);
    sql(f->path, "UPDATE lot SET id = 'three' WHERE id = 'two'");
    open_store(f);
    assert_err(store_read_lot_key(f->r, "three", &key), E_WRONG_KEY);
    close_store(f);
    sql(f->path, "UPDATE lot SET key = substr(key, 1, length(key) - 1), modulus = x''");
    open_store(f);
    struct store_lot lot;
    size_t n = 9;
    assert_err(store_read_lot_key(f->r, "one", &key), E_WRONG_KEY);
    assert_err(store_read_lot(f->r, "one", &lot), E_IO); /* nobody's N */
    assert_err(store_list_lots(f->r, NULL, &lot, 1, &n), E_IO);
    assert_int_equal(n, 0);
}

/*= test kme-sealed */
static void neither_p_nor_q_is_in_the_files(void **state)
{
    struct fixture *f = *state;
    struct store_lot l = lot_of("one", 512);
    struct store_lot_key k = key_of(256, 0x31);
    struct store_lot_range r = range_of(5, 6);
    bool modulus = false;
    COMMITTED(f, store_put_lot(f->w, &l, &k, &r, 1));
    COMMITTED(f, store_remove_lot(f->w, "one"));
    COMMITTED(f, store_put_lot(f->w, &l, &k, &r, 1));
    copy_file(f->path, with(f->path, ".copy"));
    copy_file(with(f->path, "-wal"), with(f->path, ".copy-wal"));
    const char *const files[] = {with(f->path, ".copy"), with(f->path, ".copy-wal")};
    for (size_t i = 0; i < 2; i++) {
        struct mbytes m = slurp(files[i]);
        for (size_t at = 0; at + 16 <= k.n; at += 16) {
            assert_null(memmem(m.p, m.n, k.p + at, 16));
            assert_null(memmem(m.p, m.n, k.q + at, 16));
        }
        modulus = modulus || memmem(m.p, m.n, l.modulus, 64) != NULL;
        free(m.p);
    }
    assert_true(modulus);
}

/* ---- many ------------------------------------------------------------------------------------ */

#define MANY 5000

static void put_many(struct fixture *f)
{
    assert_ok(store_begin(f->w));
    for (unsigned i = 0; i < MANY; i++) {
        char id[16];
        snprintf(id, sizeof id, "lot-%05u", i);
        struct store_lot l = lot_of(id, 256);
        struct store_lot_key k = key_of(128, (uint8_t)i);
        struct store_lot_range r[] = {range_of(i * 100u, i * 100u + 9),
                                      range_of(i * 100u + 50, i * 100u + 50)};
        assert_ok(store_put_lot(f->w, &l, &k, r, 2));
    }
    assert_ok(store_commit(f->w));
}

/* Steps of SQLite's machine since the statement was asked last. */
static int steps(sqlite3_stmt *st)
{
    return sqlite3_stmt_status(st, SQLITE_STMTSTATUS_VM_STEP, 1);
}

static void five_thousand_lots_cost_what_one_costs(void **state)
{
    struct fixture *f = *state;
    static const enum statement point[] = {ST_LOT, ST_LOT_KEY};
    struct store_lot lot;
    struct store_lot_key key;
    int alone[2];
    put_lot(f, "zzz", IMEI_NUMBERS - 100);
    assert_ok(store_read_lot(f->r, "zzz", &lot));
    assert_ok(store_read_lot_key(f->r, "zzz", &key));
    for (size_t i = 0; i < 2; i++) {
        alone[i] = steps(f->r->c.st[point[i]]);
    }
    put_many(f);
    assert_ok(store_read_lot(f->r, "lot-02500", &lot));
    assert_ok(store_read_lot_key(f->r, "lot-02500", &key));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(steps(f->r->c.st[point[i]]), alone[i]);
    }
    COMMITTED(f, store_remove_lot(f->w, "lot-02500"));
    static const enum statement every[] = {ST_DELETE_LOT, ST_DELETE_LOT_RANGES, ST_LIST_LOTS,
                                           ST_LIST_LOT_RANGES};
    size_t n = 0;
    uint64_t after = 250000;
    struct store_lot_range range;
    assert_ok(store_list_lots(f->r, "lot-04000", &lot, 1, &n));
    assert_string_equal(lot.id, "lot-04001");
    assert_ok(store_list_lot_ranges(f->r, &after, &range, 1, &n));
    assert_int_equal(range.first, 250100); /* lot-02500's two are gone */
    for (size_t i = 0; i < 4; i++) {
        bool reads = every[i] < ST_READER_COUNT;
        sqlite3_stmt *st = reads ? f->r->c.st[every[i]] : f->w->c.st[every[i]];
        assert_int_equal(sqlite3_stmt_status(st, SQLITE_STMTSTATUS_FULLSCAN_STEP, 0), 0);
        assert_int_equal(sqlite3_stmt_status(st, SQLITE_STMTSTATUS_SORT, 0), 0);
        assert_true(steps(st) < 100);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(a_lot_of_each_size_is_read_back_also_after_a_restart),
        IN_STORE(pages_of_lots_and_of_ranges_join_to_the_whole),
        IN_STORE(a_lot_that_goes_takes_key_and_ranges_along),
        IN_STORE(what_is_no_lot_is_refused_and_leaves_nothing),
        IN_STORE(ranges_that_begin_alike_end_the_batch),
        IN_STORE(a_key_opens_in_its_own_row_only),
        IN_STORE(neither_p_nor_q_is_in_the_files),
        IN_STORE(five_thousand_lots_cost_what_one_costs),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
