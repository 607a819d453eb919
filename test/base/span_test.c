#include "lib/check.h"

#include "base/span.h"
#include <stdlib.h>
#include <string.h>

static void a_reader_takes_every_width_in_network_order(void **state)
{
    (void)state;
    static const uint8_t in[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,   10,
                                 11, 12, 13, 14, 15, 16, 17, 18, 0xaa};
    struct rd r = rd_of(BYTES_OF(in));
    assert_int_equal(rd_u8(&r), 0x01);
    assert_int_equal(rd_be16(&r), 0x0203);
    assert_int_equal(rd_be24(&r), 0x040506);
    assert_int_equal(rd_be32(&r), 0x0708090a);
    assert_true(rd_be64(&r) == UINT64_C(0x0b0c0d0e0f101112));
    assert_int_equal(rd_left(&r), 1);
    assert_err(rd_end(&r), E_TRAILING);
    assert_int_equal(rd_take(&r, 1).p[0], 0xaa);
    assert_ok(rd_end(&r));
}

static void after_the_first_shortfall_every_read_is_empty_and_the_error_stays(void **state)
{
    (void)state;
    static const uint8_t in[] = {1, 2, 3};
    struct rd r = rd_of(BYTES_OF(in));
    assert_int_equal(rd_be32(&r), 0);
    assert_err(rd_end(&r), E_TRUNCATED);
    assert_int_equal(rd_u8(&r), 0);
    assert_int_equal(rd_take(&r, 0).n, 0);
    assert_null(rd_take(&r, 1).p);
    assert_int_equal(rd_left(&r), 0);
    assert_err(rd_end(&r), E_TRUNCATED);
}

static void every_prefix_of_an_element_is_truncated(void **state)
{
    (void)state;
    static const uint8_t in[] = {1, 2, 3, 4, 5, 6, 7, 8};
    for (size_t n = 0; n <= sizeof in; n++) {
        uint8_t *copy = exact_copy((struct bytes){in, n});
        struct rd r = rd_of((struct bytes){copy, n});
        (void)rd_be16(&r);
        (void)rd_be24(&r);
        (void)rd_take(&r, 3);
        assert_err(rd_end(&r), n == sizeof in ? E_OK : E_TRUNCATED);
        free(copy);
    }
}

static void a_length_near_the_largest_number_does_not_wrap(void **state)
{
    (void)state;
    static const uint8_t in[] = {1, 2, 3};
    struct rd r = rd_of(BYTES_OF(in));
    (void)rd_u8(&r);
    assert_int_equal(rd_take(&r, SIZE_MAX).n, 0);
    assert_err(rd_end(&r), E_TRUNCATED);
    uint8_t out[3];
    struct wr w = wr_of(MBYTES_OF(out));
    wr_u8(&w, 1);
    assert_null(wr_hold(&w, SIZE_MAX));
    assert_err(w.err, E_NO_ROOM);
}

static void an_empty_span_without_memory_is_read_and_written(void **state)
{
    (void)state;
    struct rd r = rd_of((struct bytes){NULL, 0});
    assert_int_equal(rd_take(&r, 0).n, 0);
    assert_ok(rd_end(&r));
    struct wr w = wr_of((struct mbytes){NULL, 0});
    wr_put(&w, (struct bytes){NULL, 0});
    wr_zero(&w, 0);
    assert_ok(w.err);
    assert_true(bytes_eq((struct bytes){NULL, 0}, wr_done(&w)));
}

static void write_all(struct wr *w)
{
    wr_u8(w, 0x01);
    wr_be16(w, 0x0203);
    wr_be24(w, 0x040506);
    wr_be32(w, 0x0708090a);
    wr_be64(w, UINT64_C(0x0b0c0d0e0f101112));
    wr_put(w, BYTES_LIT("\x13\x14"));
    wr_zero(w, 2);
    uint8_t *p = wr_hold(w, 1);
    if (p != NULL) {
        *p = 0xff;
    }
}

static void a_writer_writes_every_width_in_network_order(void **state)
{
    (void)state;
    uint8_t out[23];
    struct wr w = wr_of(MBYTES_OF(out));
    write_all(&w);
    assert_ok(w.err);
    assert_int_equal(wr_done(&w).n, sizeof out);
    for (size_t i = 0; i < 20; i++) {
        assert_int_equal(out[i], i + 1);
    }
    assert_memory_equal(out + 20, "\x00\x00\xff", 3);
}

static void every_capacity_too_small_is_refused_without_a_write_past_it(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 23; cap++) {
        uint8_t *out = malloc(cap ? cap : 1);
        assert_non_null(out);
        struct wr w = wr_of((struct mbytes){out, cap});
        write_all(&w);
        assert_err(w.err, E_NO_ROOM);
        assert_int_equal(wr_done(&w).n, 0);
        wr_u8(&w, 0);
        assert_err(w.err, E_NO_ROOM);
        free(out);
    }
}

static void a_number_that_needs_more_than_24_bits_is_refused_as_such(void **state)
{
    (void)state;
    uint8_t out[8];
    struct wr w = wr_of(MBYTES_OF(out));
    wr_be24(&w, 0xffffff);
    assert_ok(w.err);
    wr_be24(&w, 0x1000000);
    assert_err(w.err, E_BAD_VALUE);
    wr_put(&w, BYTES_LIT("0123456789"));
    assert_err(w.err, E_BAD_VALUE);
}

static void what_is_written_is_read_back(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t v = test_rand(&seed);
        uint8_t out[18];
        struct wr w = wr_of(MBYTES_OF(out));
        wr_be64(&w, v);
        wr_be32(&w, (uint32_t)v);
        wr_be24(&w, (uint32_t)v & 0xffffff);
        wr_be16(&w, (uint16_t)v);
        wr_u8(&w, (uint8_t)v);
        struct rd r = rd_of(wr_done(&w));
        assert_true(rd_be64(&r) == v);
        assert_true(rd_be32(&r) == (uint32_t)v);
        assert_true(rd_be24(&r) == ((uint32_t)v & 0xffffff));
        assert_true(rd_be16(&r) == (uint16_t)v);
        assert_true(rd_u8(&r) == (uint8_t)v);
        assert_ok(rd_end(&r));
    }
}

static void spans_compare_by_length_and_content(void **state)
{
    (void)state;
    assert_true(bytes_eq(BYTES_LIT("abc"), bytes_of_str("abc")));
    assert_false(bytes_eq(BYTES_LIT("abc"), BYTES_LIT("abC")));
    assert_false(bytes_eq(BYTES_LIT("abc"), BYTES_LIT("ab")));
    assert_true(bytes_eq_nocase(BYTES_LIT("HSS.Example"), BYTES_LIT("hss.eXAMPLE")));
    assert_false(bytes_eq_nocase(BYTES_LIT("hss"), BYTES_LIT("hssd")));
    assert_false(bytes_eq_nocase(BYTES_LIT("a-b"), BYTES_LIT("a_b")));
    assert_false(bytes_eq_nocase(BYTES_LIT("@"), BYTES_LIT("`"))); /* 0x20 apart, not letters */
    assert_false(bytes_eq_nocase(BYTES_LIT("["), BYTES_LIT("{")));
}

static void hex_goes_both_ways(void **state)
{
    (void)state;
    uint8_t all[256];
    uint8_t back[256];
    char text[513];
    for (unsigned i = 0; i < 256; i++) {
        all[i] = (uint8_t)i;
    }
    hex_encode(BYTES_OF(all), text);
    assert_int_equal(strlen(text), 512);
    assert_memory_equal(text + 2 * 0xa5, "a5", 2);
    assert_ok(hex_decode(text, MBYTES_OF(back)));
    assert_memory_equal(all, back, sizeof all);
    assert_ok(hex_decode("AbCdEf", (struct mbytes){back, 3}));
    assert_memory_equal(back, "\xab\xcd\xef", 3);
    assert_ok(hex_decode("", (struct mbytes){NULL, 0}));
    hex_encode((struct bytes){NULL, 0}, text);
    assert_string_equal(text, "");
}

static void hex_that_is_not_exactly_right_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *hex;
        enum err want;
    } bad[] = {
        {"", E_BAD_LENGTH},      {"0", E_BAD_LENGTH},      {"000", E_BAD_LENGTH},
        {"00000", E_BAD_LENGTH}, {"000000", E_BAD_LENGTH}, {"00 0", E_BAD_DIGIT},
        {"000g", E_BAD_DIGIT},   {"0x00", E_BAD_DIGIT},    {"00\xc3\xa9", E_BAD_DIGIT},
        {"000:", E_BAD_DIGIT},   {"000/", E_BAD_DIGIT},    {"000@", E_BAD_DIGIT},
        {"000G", E_BAD_DIGIT},   {"000`", E_BAD_DIGIT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t out[2] = {0x5a, 0x5a};
        assert_err(hex_decode(bad[i].hex, MBYTES_OF(out)), bad[i].want);
        assert_memory_equal(out, "\x5a\x5a", 2);
    }
}

static void wipe_leaves_zeros_and_only_there(void **state)
{
    (void)state;
    uint8_t b[10];
    memset(b, 0xff, sizeof b);
    wipe(b + 1, 8);
    assert_memory_equal(b, "\xff\0\0\0\0\0\0\0\0\xff", 10);
    wipe(NULL, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reader_takes_every_width_in_network_order),
        cmocka_unit_test(after_the_first_shortfall_every_read_is_empty_and_the_error_stays),
        cmocka_unit_test(every_prefix_of_an_element_is_truncated),
        cmocka_unit_test(a_length_near_the_largest_number_does_not_wrap),
        cmocka_unit_test(an_empty_span_without_memory_is_read_and_written),
        cmocka_unit_test(a_writer_writes_every_width_in_network_order),
        cmocka_unit_test(every_capacity_too_small_is_refused_without_a_write_past_it),
        cmocka_unit_test(a_number_that_needs_more_than_24_bits_is_refused_as_such),
        cmocka_unit_test(what_is_written_is_read_back),
        cmocka_unit_test(spans_compare_by_length_and_content),
        cmocka_unit_test(hex_goes_both_ways),
        cmocka_unit_test(hex_that_is_not_exactly_right_is_refused_and_nothing_is_written),
        cmocka_unit_test(wipe_leaves_zeros_and_only_there),
    };
    return cmocka_run_group_tests_name("base/span", tests, NULL, NULL);
}
