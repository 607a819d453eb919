#include "proc/kme_lot.h"

#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

/* ---- ids ---- */

/*= test kme-lot */
static void an_id_is_letters_digits_and_three_signs(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } table[] = {
        {"a", E_OK},
        {"LOT-2026.1_b", E_OK},
        {"0123456789abcdef0123456789abcdef", E_OK},
        {"0123456789abcdef0123456789abcdef0", E_BAD_LENGTH},
        {"", E_BAD_LENGTH},
        {"a b", E_BAD_VALUE},
        {"a/b", E_BAD_VALUE},
        {"a\xc3\xa4", E_BAD_VALUE},
        {"a\n", E_BAD_VALUE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct kme_lot_id id = {.n = 77};
        const size_t n = strlen(table[i].text);
        uint8_t *exact = exact_copy(bytes_of_str(table[i].text));
        assert_err(kme_lot_id_parse((struct bytes){exact, n}, &id), table[i].err);
        assert_int_equal(id.n, table[i].err == E_OK ? n : 77);
        assert_true(table[i].err != E_OK || strcmp(id.text, table[i].text) == 0);
        free(exact);
    }
}

static void ids_are_equal_when_all_of_them_is(void **state)
{
    (void)state;
    struct kme_lot_id a, b;
    assert_ok(kme_lot_id_parse(BYTES_LIT("lot-1"), &a));
    assert_ok(kme_lot_id_parse(BYTES_LIT("lot-1"), &b));
    assert_true(kme_lot_id_eq(&a, &b));
    assert_ok(kme_lot_id_parse(BYTES_LIT("lot-10"), &b));
    assert_false(kme_lot_id_eq(&a, &b));
    assert_ok(kme_lot_id_parse(BYTES_LIT("lot-2"), &b));
    assert_false(kme_lot_id_eq(&a, &b));
}

/* ---- lots ---- */

/*= test kme-lot */
static void a_modulus_has_2048_to_4096_bits_and_is_odd(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        uint8_t first, last;
        enum err err;
    } table[] = {
        {256, 0x80, 1, E_OK},         {288, 0xff, 0xff, E_OK},      {384, 0x9a, 3, E_OK},
        {512, 0xc0, 1, E_OK},         {128, 0x80, 1, E_BAD_LENGTH}, {255, 0x80, 1, E_BAD_LENGTH},
        {513, 0x80, 1, E_BAD_LENGTH}, {0, 0, 0, E_BAD_LENGTH},      {257, 0x80, 1, E_BAD_VALUE},
        {272, 0x80, 1, E_BAD_VALUE},  {256, 0x7f, 1, E_BAD_VALUE},  {256, 0x00, 1, E_BAD_VALUE},
        {256, 0x80, 2, E_BAD_VALUE},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        static struct kme_lot lot;
        uint8_t n[KME_MODULUS_MAX + 1] = {0};
        memset(&lot, 0, sizeof lot);
        n[0] = table[i].first;
        n[table[i].n > 0 ? table[i].n - 1 : 0] |= table[i].last;
        uint8_t *exact = exact_copy((struct bytes){n, table[i].n});
        assert_err(kme_lot_make(BYTES_LIT("lot"), BYTES_LIT("Maker"),
                                (struct bytes){exact, table[i].n}, &lot),
                   table[i].err);
        assert_int_equal(lot.modulus_n, table[i].err == E_OK ? table[i].n : 0);
        assert_true(lot.modulus_n == 0 || memcmp(lot.modulus, n, lot.modulus_n) == 0);
        free(exact);
    }
}

static void a_manufacturer_has_a_printable_name(void **state)
{
    (void)state;
    static struct kme_lot lot;
    char name[KME_LOT_MANUFACTURER_MAX + 2];
    uint8_t n[256] = {0x80};
    n[255] = 1;
    memset(name, 'x', sizeof name);
    const struct bytes id = BYTES_LIT("lot"), modulus = BYTES_OF(n);
    assert_ok(kme_lot_make(id, BYTES_LIT("Maker & Sons, Ltd."), modulus, &lot));
    assert_string_equal(lot.manufacturer, "Maker & Sons, Ltd.");
    assert_ok(
        kme_lot_make(id, (struct bytes){(uint8_t *)name, KME_LOT_MANUFACTURER_MAX}, modulus, &lot));
    assert_int_equal(strlen(lot.manufacturer), KME_LOT_MANUFACTURER_MAX);
    assert_err(kme_lot_make(id, (struct bytes){(uint8_t *)name, KME_LOT_MANUFACTURER_MAX + 1},
                            modulus, &lot),
               E_BAD_LENGTH);
    assert_err(kme_lot_make(id, (struct bytes){NULL, 0}, modulus, &lot), E_BAD_LENGTH);
    assert_err(kme_lot_make(id, BYTES_LIT("a\tb"), modulus, &lot), E_BAD_VALUE);
    assert_err(kme_lot_make(id, BYTES_LIT("a\x7f"), modulus, &lot), E_BAD_VALUE);
    assert_err(kme_lot_make(BYTES_LIT("a b"), BYTES_LIT("Maker"), modulus, &lot), E_BAD_VALUE);
    assert_int_equal(strlen(lot.manufacturer), KME_LOT_MANUFACTURER_MAX);
}

/* ---- the table ---- */

static struct kme_lot_range range_of(uint64_t first, uint64_t last, uint32_t lot)
{
    return (struct kme_lot_range){.range = {first, last}, .lot = lot};
}

static struct imei imei_at(uint64_t number)
{
    struct imei imei;
    imei_of_number(number, &imei);
    return imei;
}

static void is_in(const struct kme_lots *lots, uint64_t number, uint32_t want)
{
    uint32_t lot = 12345;
    const struct imei imei = imei_at(number);
    assert_err(kme_lots_find(lots, &imei, &lot), want == 12345 ? E_NOT_FOUND : E_OK);
    assert_int_equal(lot, want);
}

/*= test kme-find */
static void an_imei_is_found_in_the_one_lot_that_covers_it(void **state)
{
    (void)state;
    const uint64_t top = IMEI_NUMBERS - 1;
    const struct kme_lot_range ranges[] = {range_of(0, 0, 3), range_of(5, 9, 1),
                                           range_of(10, 10, 2), range_of(20, 29, 1),
                                           range_of(top - 4, top, 0)};
    struct kme_lots lots;
    struct kme_lot_overlap overlap;
    static const struct {
        uint64_t number;
        uint32_t lot;
    } table[] = {{0, 3},      {1, 12345},  {4, 12345}, {5, 1},  {9, 1},     {10, 2},
                 {11, 12345}, {19, 12345}, {20, 1},    {29, 1}, {30, 12345}};
    assert_ok(kme_lots_of(ranges, 5, &overlap, &lots));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        is_in(&lots, table[i].number, table[i].lot);
    }
    is_in(&lots, top - 5, 12345);
    is_in(&lots, top - 4, 0);
    is_in(&lots, top, 0);
    assert_ok(kme_lots_of(NULL, 0, &overlap, &lots));
    is_in(&lots, 5, 12345);
}

/* Against a search through all of them. */
/*= test kme-find */
static void bisection_finds_what_a_search_from_the_start_finds(void **state)
{
    (void)state;
    enum { N = 3000 };
    static struct kme_lot_range ranges[N];
    struct kme_lot_overlap overlap;
    struct kme_lots lots;
    uint64_t seed = 3, at = 1000;
    for (uint32_t i = 0; i < N; i++) {
        at += test_rand(&seed) % 4;
        ranges[i] = range_of(at, at + test_rand(&seed) % 5, i);
        at = ranges[i].range.last + 1;
    }
    for (size_t n = 0; n <= N; n = n < 20 ? n + 1 : n * 2 - 3) {
        assert_ok(kme_lots_of(ranges, n, &overlap, &lots));
        for (uint64_t number = 990; number < (n < 20 ? 1200 : at + 10); number++) {
            uint32_t want = 12345;
            for (size_t i = n < 20 ? 0 : (number > 1010 ? (number - 1010) / 8 : 0); i < n; i++) {
                if (ranges[i].range.first <= number && number <= ranges[i].range.last) {
                    want = ranges[i].lot;
                }
                if (ranges[i].range.first > number) {
                    break;
                }
            }
            is_in(&lots, number, want);
        }
    }
}

/*= test kme-overlap */
static void lots_that_cover_the_same_imei_are_refused_and_both_are_named(void **state)
{
    (void)state;
    struct kme_lots lots = {.n = 99};
    struct kme_lot_overlap o;
    const struct kme_lot_range apart[] = {range_of(10, 19, 7), range_of(20, 29, 8)};
    const struct kme_lot_range touching[] = {range_of(10, 20, 7), range_of(20, 29, 8)};
    const struct kme_lot_range inside[] = {range_of(1, 2, 6), range_of(10, 90, 7),
                                           range_of(20, 29, 8), range_of(40, 49, 9)};
    const struct kme_lot_range same[] = {range_of(10, 19, 7), range_of(10, 12, 7)};
    assert_ok(kme_lots_of(apart, 2, &o, &lots));
    lots.n = 99;
    assert_err(kme_lots_of(touching, 2, &o, &lots), E_CONFLICT);
    assert_true(o.a == 7 && o.b == 8 && o.range.first == 20 && o.range.last == 20);
    assert_err(kme_lots_of(inside, 4, &o, &lots), E_CONFLICT);
    assert_true(o.a == 7 && o.b == 8 && o.range.first == 20 && o.range.last == 29);
    assert_err(kme_lots_of(same, 2, &o, &lots), E_CONFLICT);
    assert_true(o.a == 7 && o.b == 7 && o.range.first == 10 && o.range.last == 12);
    assert_int_equal(lots.n, 99);
}

static void what_is_no_range_or_not_in_order_makes_no_table(void **state)
{
    (void)state;
    struct kme_lots lots = {.n = 99};
    struct kme_lot_overlap o;
    const struct kme_lot_range backwards[] = {range_of(9, 5, 0)};
    const struct kme_lot_range beyond[] = {range_of(9, IMEI_NUMBERS, 0)};
    const struct kme_lot_range unsorted[] = {range_of(20, 29, 0), range_of(10, 19, 1)};
    assert_err(kme_lots_of(backwards, 1, &o, &lots), E_BAD_VALUE);
    assert_err(kme_lots_of(beyond, 1, &o, &lots), E_BAD_VALUE);
    assert_err(kme_lots_of(unsorted, 2, &o, &lots), E_BAD_VALUE);
    assert_int_equal(lots.n, 99);
}

/*= test kme-overlap */
static void a_lot_that_is_brought_is_held_against_those_that_are_there(void **state)
{
    (void)state;
    const struct kme_lot_range ranges[] = {range_of(10, 19, 7), range_of(30, 39, 8)};
    static const struct {
        uint64_t first, last;
        enum err err;
        uint32_t with;
    } table[] = {
        {0, 9, E_OK, 0},
        {20, 29, E_OK, 0},
        {40, 99, E_OK, 0},
        {0, 10, E_CONFLICT, 7},
        {19, 29, E_CONFLICT, 7},
        {15, 16, E_CONFLICT, 7},
        {20, 30, E_CONFLICT, 8},
        {0, 99, E_CONFLICT, 8},
        {39, 39, E_CONFLICT, 8},
        {5, 4, E_BAD_VALUE, 0},
        {5, IMEI_NUMBERS, E_BAD_VALUE, 0},
    };
    struct kme_lots lots, none;
    struct kme_lot_overlap o;
    assert_ok(kme_lots_of(ranges, 2, &o, &lots));
    assert_ok(kme_lots_of(NULL, 0, &o, &none));
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        const struct kme_lot_range added = range_of(table[i].first, table[i].last, 55);
        assert_err(kme_lots_try(&lots, &added, &o), table[i].err);
        if (table[i].err == E_CONFLICT) {
            assert_true(o.a == table[i].with && o.b == 55 && o.range.first <= o.range.last);
        }
        assert_err(kme_lots_try(&none, &added, &o),
                   table[i].err == E_CONFLICT ? E_OK : table[i].err);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_id_is_letters_digits_and_three_signs),
        cmocka_unit_test(ids_are_equal_when_all_of_them_is),
        cmocka_unit_test(a_modulus_has_2048_to_4096_bits_and_is_odd),
        cmocka_unit_test(a_manufacturer_has_a_printable_name),
        cmocka_unit_test(an_imei_is_found_in_the_one_lot_that_covers_it),
        cmocka_unit_test(bisection_finds_what_a_search_from_the_start_finds),
        cmocka_unit_test(lots_that_cover_the_same_imei_are_refused_and_both_are_named),
        cmocka_unit_test(what_is_no_range_or_not_in_order_makes_no_table),
        cmocka_unit_test(a_lot_that_is_brought_is_held_against_those_that_are_there),
    };
    return cmocka_run_group_tests_name("proc/kme_lot", tests, NULL, NULL);
}
