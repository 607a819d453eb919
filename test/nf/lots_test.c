/* test/nf/lots_test.c - lots in memory (src/nf/hssd/lots.c, src/nf/hssd/lots_load.c): which lot an
 * IMEI is of, and what may be added. */
#include "nf/lots_world.h"

/* The id of the lot that an IMEI is of, or "". */
static const char *lot_at(struct lots *l, uint64_t number)
{
    static struct kme_lot lot;
    struct imei imei;
    imei_of_number(number, &imei);
    enum err err = lots_find(l, &imei, &lot);
    assert_true(err == E_OK || err == E_NOT_FOUND);
    return err == E_OK ? lot.id.text : "";
}

/* ---- which lot ---- */

/*= test kme-find */
static void what_was_stored_is_found_from_the_start(void **state)
{
    struct fixture *f = *state;
    const struct imei_range a[] = {{300, 399}, {100, 199}}, b[] = {{200, 299}, {50, 50}};
    struct lots *l = open_lots(f);
    assert_string_equal(lot_at(l, 0), "");
    assert_int_equal(lots_count(l), 0);
    lots_close(l);
    struct lots_entry *x = entry_of("b.lot", 1, b, 2), *y = entry_of("A-1", 2, a, 2);
    assert_ok(store_begin(f->w));
    store_lot(f, x);
    store_lot(f, y);
    assert_ok(store_commit(f->w));
    l = open_lots(f);
    assert_int_equal(lots_count(l), 2);
    static const struct {
        uint64_t number;
        const char *id;
    } cases[] = {{0, ""},      {49, ""},     {50, "b.lot"},       {51, ""},       {99, ""},
                 {100, "A-1"}, {199, "A-1"}, {200, "b.lot"},      {299, "b.lot"}, {300, "A-1"},
                 {399, "A-1"}, {400, ""},    {99999999999999, ""}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        assert_string_equal(lot_at(l, cases[i].number), cases[i].id);
    }
    const struct kme_lot_id id = id_of("A-1");
    struct lots_entry *got = lots_get(l, &id);
    assert_non_null(got);
    assert_int_equal(got->n, 2);
    assert_true(got->ranges[0].first == 100 && got->ranges[1].last == 399);
    assert_int_equal(got->imported, 1700000000);
    assert_memory_equal(got->lot.modulus, y->lot.modulus, 256);
    lots_entry_drop(got);
    lots_entry_drop(x);
    lots_entry_drop(y);
    lots_close(l);
    lots_close(NULL);
}

#define MANY 100000u
/*= test kme-find */
static void of_a_hundred_thousand_lots_each_imei_has_its_own(void **state)
{
    struct fixture *f = *state;
    char id[STORE_LOT_ID_MAX + 1];
    const struct store_lot_key k = primes();
    struct store_lot row = {.modulus_n = 256, .modulus = {0x80}, .ranges = 1, .imported = 1};
    strcpy(row.manufacturer, "Example Devices");
    row.modulus[255] = 1;
    assert_ok(store_begin(f->w));
    for (uint32_t i = 0; i < MANY; i++) {
        const struct store_lot_range range = {.first = 1000 * i + 10, .last = 1000 * i + 989};
        snprintf(row.id, sizeof row.id, "lot-%u", (i * 7919) % MANY);
        assert_ok(store_put_lot(f->w, &row, &k, &range, 1));
    }
    assert_ok(store_commit(f->w));
    struct lots *l = open_lots(f);
    assert_int_equal(lots_count(l), MANY);
    for (uint32_t i = 0; i < MANY; i++) {
        snprintf(id, sizeof id, "lot-%u", (i * 7919) % MANY);
        assert_string_equal(lot_at(l, 1000 * (uint64_t)i + 10), id);
        assert_string_equal(lot_at(l, 1000 * (uint64_t)i + 989), id);
        assert_string_equal(lot_at(l, 1000 * (uint64_t)i + 990), "");
    }
    add(f, l, "one-more", 1, 1000 * (uint64_t)777 + 995, 1000 * (uint64_t)777 + 999);
    assert_string_equal(lot_at(l, 777996), "one-more");
    take_away(f, l, "lot-0");
    assert_string_equal(lot_at(l, 10), "");
    snprintf(id, sizeof id, "lot-%u", (99999u * 7919) % MANY);
    assert_string_equal(lot_at(l, 99999 * (uint64_t)1000 + 500), id);
    assert_int_equal(lots_count(l), MANY);
    lots_close(l);
}

static void lots_come_and_go_and_the_others_stay_what_they_are(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    char id[8];
    for (unsigned i = 0; i < 40; i++) { /* in no order of ids, nor of ranges */
        snprintf(id, sizeof id, "l%u", (i * 23) % 40);
        add(f, l, id, i + 1, 100 * ((i * 17) % 40), 100 * ((i * 17) % 40) + 99);
    }
    assert_int_equal(lots_count(l), 40);
    for (unsigned i = 0; i < 40; i += 2) {
        snprintf(id, sizeof id, "l%u", (i * 23) % 40);
        take_away(f, l, id);
    }
    assert_int_equal(lots_count(l), 20);
    for (unsigned i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "l%u", (i * 23) % 40);
        assert_string_equal(lot_at(l, 100 * ((i * 17) % 40) + 50), i % 2 == 0 ? "" : id);
    }
    const struct kme_lot_id gone = id_of("l0");
    assert_null(lots_get(l, &gone));
    lots_removed(l, &gone); /* again */
    lots_close(l);
    l = open_lots(f); /* the store says the same */
    for (unsigned i = 0; i < 40; i++) {
        snprintf(id, sizeof id, "l%u", (i * 23) % 40);
        assert_string_equal(lot_at(l, 100 * ((i * 17) % 40) + 50), i % 2 == 0 ? "" : id);
    }
    lots_close(l);
}

static void pages_are_bounded_in_lots_and_in_ranges(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    struct lots_entry *got[8];
    size_t n = 0;
    bool more = false;
    lots_page(l, NULL, 8, 100, got, &n, &more);
    assert_true(n == 0 && !more);
    for (unsigned i = 0; i < 5; i++) {
        add(f, l, (char[]){(char)('e' - i), '\0'}, i + 1, 10 * i, 10 * i);
    }
    lots_page(l, NULL, 8, 100, got, &n, &more);
    assert_true(n == 5 && !more);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(got[i]->lot.id.text[0], 'a' + i);
        lots_entry_drop(got[i]);
    }
    const struct kme_lot_id b = id_of("b"), between = id_of("bb"), last = id_of("e");
    lots_page(l, &b, 2, 100, got, &n, &more);
    assert_true(n == 2 && more && got[0]->lot.id.text[0] == 'c');
    lots_entry_drop(got[0]);
    lots_entry_drop(got[1]);
    lots_page(l, &between, 8, 3, got, &n, &more);
    assert_true(n == 3 && !more && got[0]->lot.id.text[0] == 'c');
    for (size_t i = 0; i < n; i++) {
        lots_entry_drop(got[i]);
    }
    lots_page(l, NULL, 8, 2, got, &n, &more);
    assert_true(n == 2 && more);
    lots_entry_drop(got[0]);
    lots_entry_drop(got[1]);
    lots_page(l, &last, 8, 2, got, &n, &more);
    assert_true(n == 0 && !more);
    lots_close(l);
}

/* ---- what may be added ---- */

static void refused(struct lots *l, enum err wanted, const char *id, uint64_t first, uint64_t last,
                    const char *text)
{
    const struct imei_range ranges[] = {{first, last}, {90000, 90000}};
    struct lots_entry *e = entry_of(id, 77, ranges, 2);
    struct lots_why why = {""};
    bool same = true;
    assert_err(lots_plan(l, e, &same, &why), wanted);
    assert_false(same);
    assert_string_equal(why.text, text);
    lots_entry_drop(e);
}

/*= test kme-overlap */
static void of_two_lots_that_cover_an_imei_the_second_is_refused_and_both_are_named(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    struct lots_why why;
    bool same;
    add(f, l, "old", 1, 1000, 1999);
    refused(l, E_CONFLICT, "new", 1999, 3000,
            "the lots old and new would both cover 00000000001999");
    refused(l, E_CONFLICT, "new", 500, 1000,
            "the lots old and new would both cover 00000000001000");
    refused(l, E_CONFLICT, "new", 0, 5000,
            "the lots old and new would both cover 00000000001000-00000000001999");
    refused(l, E_CONFLICT, "new", 1500, 1501,
            "the lots old and new would both cover 00000000001500-00000000001501");
    add(f, l, "below", 2, 999, 999);
    add(f, l, "above", 3, 2000, 2000);
    /* one that is on its way counts as one that is there */
    struct lots_entry *planned =
        entry_of("planned", 4, (const struct imei_range[]){{7000, 7999}, {9000, 9999}}, 2);
    assert_ok(lots_plan(l, planned, &same, &why));
    assert_string_equal(lot_at(l, 7000), ""); /* but it is not yet there */
    refused(l, E_CONFLICT, "new", 8500, 9000,
            "the lots planned and new would both cover 00000000009000");
    refused(l, E_CONFLICT, "new", 7900, 8500,
            "the lots planned and new would both cover 00000000007900-00000000007999");
    struct lots_entry *between =
        entry_of("between", 5, (const struct imei_range[]){{6000, 6999}, {8000, 8999}}, 2);
    assert_ok(lots_plan(l, between, &same, &why));
    /* one that could not be stored does not */
    lots_drop(l, planned);
    lots_drop(l, planned);
    lots_added(l, planned); /* it is not planned any more */
    assert_string_equal(lot_at(l, 7000), "");
    add(f, l, "instead", 6, 7000, 7001);
    lots_added(l, between);
    assert_string_equal(lot_at(l, 7000), "instead");
    assert_string_equal(lot_at(l, 8000), "between");
    lots_entry_drop(between);
    lots_entry_drop(planned);
    lots_close(l);
}

static void a_plan_that_nobody_carried_out_is_no_leak(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    struct lots_entry *e = entry_of("x", 1, &(struct imei_range){1, 2}, 1);
    struct lots_why why;
    bool same;
    assert_ok(lots_plan(l, e, &same, &why));
    lots_entry_drop(e);
    lots_close(l);
}

static enum err plan_as(struct lots *l, const struct kme_lot *lot, const struct imei_range *ranges,
                        size_t n, bool *same)
{
    struct lots_entry *e = NULL;
    struct lots_why why;
    assert_ok(lots_entry_new(lot, ranges, n, 5, &e, &why));
    enum err err = lots_plan(l, e, same, &why);
    lots_drop(l, e);
    lots_entry_drop(e);
    return err;
}

static void the_same_lot_again_is_the_same_and_another_of_its_id_is_refused(void **state)
{
    struct fixture *f = *state;
    struct lots *l = open_lots(f);
    const struct imei_range ranges[] = {{100, 199}, {300, 399}},
                            turned[] = {{300, 399}, {100, 199}};
    struct lots_entry *e = entry_of("a", 1, ranges, 2);
    struct lots_why why;
    bool same;
    assert_ok(lots_plan(l, e, &same, &why));
    for (unsigned there = 0; there < 2; there++) { /* on its way; then there */
        struct kme_lot lot = e->lot;
        assert_ok(plan_as(l, &lot, turned, 2, &same));
        assert_true(same);
        assert_err(plan_as(l, &lot, ranges, 1, &same), E_EXISTS);
        lot.modulus[100] ^= 1;
        assert_err(plan_as(l, &lot, ranges, 2, &same), E_EXISTS);
        lot = e->lot;
        lot.manufacturer[0] = 'F';
        assert_err(plan_as(l, &lot, ranges, 2, &same), E_EXISTS);
        lots_added(l, e);
    }
    assert_int_equal(lots_count(l), 1);
    lots_entry_drop(e);
    lots_close(l);
}

static void a_lot_has_ranges_and_covers_nothing_twice(void **state)
{
    (void)state;
    const struct kme_lot lot = lot_of("a", 1);
    struct lots_entry *e = NULL;
    struct lots_why why = {""};
    struct imei_range *many = calloc(STORE_LOT_RANGES_MAX + 1, sizeof *many);
    const struct imei_range twice[] = {{5, 9}, {1, 5}}, within[] = {{10, 99}, {20, 30}};
    assert_err(lots_entry_new(&lot, twice, 0, 0, &e, &why), E_BAD_LENGTH);
    assert_err(lots_entry_new(&lot, twice, 2, 0, &e, &why), E_BAD_VALUE);
    assert_string_equal(why.text, "two ranges of the lot cover 00000000000005");
    assert_err(lots_entry_new(&lot, within, 2, 0, &e, &why), E_BAD_VALUE);
    assert_string_equal(why.text, "two ranges of the lot cover 00000000000020-00000000000030");
    for (size_t i = 0; i <= STORE_LOT_RANGES_MAX; i++) {
        many[i] = (struct imei_range){2 * i, 2 * i};
    }
    assert_err(lots_entry_new(&lot, many, STORE_LOT_RANGES_MAX + 1, 0, &e, &why), E_BAD_LENGTH);
    assert_null(e);
    assert_ok(lots_entry_new(&lot, many, STORE_LOT_RANGES_MAX, 0, &e, &why));
    lots_entry_drop(e);
    lots_entry_drop(NULL);
    free(many);
}

/* ---- a store that something else changed ---- */

static void what_the_store_cannot_have_written_is_refused(void **state)
{
    static const char *const changes[] = {"DELETE FROM lot_range WHERE first = 300",
                                          "UPDATE lot_range SET last = 350 WHERE first = 100",
                                          "UPDATE lot_range SET lot = 'b' WHERE first = 300",
                                          "UPDATE lot SET ranges = 0 WHERE id = 'b'",
                                          "UPDATE lot SET modulus = x'8001' WHERE id = 'b'",
                                          "UPDATE lot SET manufacturer = ''",
                                          "UPDATE lot SET id = 'c/d' WHERE id = 'b'"};
    struct fixture *f = *state;
    struct lots *l = NULL;
    const struct imei_range a[] = {{100, 199}, {300, 399}};
    struct lots_entry *x = entry_of("a", 1, a, 2),
                      *y = entry_of("b", 2, &(struct imei_range){200, 210}, 1);
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        assert_ok(store_begin(f->w));
        store_lot(f, x);
        store_lot(f, y);
        assert_ok(store_commit(f->w));
        close_store(f);
        sql(f->path, changes[i]);
        open_store(f);
        if (lots_open(f->store, &l, &f->why) != E_BAD_VALUE) {
            fail_msg("%s: taken", changes[i]);
        }
        assert_int_equal(f->why.err, E_BAD_VALUE);
        assert_non_null(strstr(f->why.text, "the store's lot "));
        assert_null(l);
        close_store(f);
        sql(f->path, "DELETE FROM lot_range; DELETE FROM lot;");
        open_store(f);
    }
    lots_entry_drop(x);
    lots_entry_drop(y);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        IN_STORE(what_was_stored_is_found_from_the_start),
        IN_STORE(of_a_hundred_thousand_lots_each_imei_has_its_own),
        IN_STORE(lots_come_and_go_and_the_others_stay_what_they_are),
        IN_STORE(pages_are_bounded_in_lots_and_in_ranges),
        IN_STORE(of_two_lots_that_cover_an_imei_the_second_is_refused_and_both_are_named),
        IN_STORE(a_plan_that_nobody_carried_out_is_no_leak),
        IN_STORE(the_same_lot_again_is_the_same_and_another_of_its_id_is_refused),
        IN_STORE(a_lot_has_ranges_and_covers_nothing_twice),
        IN_STORE(what_the_store_cannot_have_written_is_refused),
    };
    return cmocka_run_group_tests_name("nf/lots", tests, key_up, key_down);
}
