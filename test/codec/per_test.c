#include "codec/per.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

/* Octets from hex, in a heap block of exactly their number. */
static struct bytes octets(const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *p = malloc(n == 0 ? 1 : n);
    assert_ok(hex_decode(hex, (struct mbytes){p, n}));
    return (struct bytes){p, n};
}

static void written(struct per_wr *w, const char *hex)
{
    char got[256];
    struct bytes done = per_wr_done(w);
    assert_ok(w->err);
    hex_encode(done, got);
    assert_string_equal(got, hex);
}

/* Values, bounds and encodings, from the rules of X.691 11.5 by hand. */
static const struct {
    uint64_t v, low, high;
    const char *hex;
} wholes[] = {
    {5, 5, 5, ""},
    {1, 0, 1, "80"},
    {2, 1, 3, "40"},
    {15, 0, 15, "f0"},
    {254, 0, 254, "fe"},
    {200, 0, 255, "c8"},
    {256, 0, 256, "0100"},
    {65535, 0, 65535, "ffff"},
    {256, 1, 256, "ff"},
    {0, 0, 65536, "0000"},
    {255, 0, 65536, "00ff"},
    {65536, 0, 65536, "80010000"},
    {0, 0, 0xFFFFFFFF, "0000"},
    {0x12345, 0, 0xFFFFFFFF, "80012345"},
    {0xFFFFFFFF, 0, 0xFFFFFFFF, "c0ffffffff"},
    {0xFFFFFF, 0, 0xFFFFFF, "80ffffff"},
    {UINT64_C(10000000000), 0, UINT64_C(10000000000), "8002540be400"},
    {UINT64_MAX, 0, UINT64_MAX, "e0ffffffffffffffff"},
};

static void whole_numbers_have_the_shortest_form_their_bounds_allow(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        uint8_t out[16];
        struct per_wr w = per_wr_of(MBYTES_OF(out));
        per_wr_whole(&w, wholes[i].v, wholes[i].low, wholes[i].high);
        written(&w, wholes[i].hex);
        struct bytes in = octets(wholes[i].hex);
        struct per_rd r = per_rd_of(in);
        assert_true(per_rd_whole(&r, wholes[i].low, wholes[i].high) == wholes[i].v);
        assert_ok(per_rd_end(&r));
        free((void *)(uintptr_t)in.p);
    }
}

static void a_number_out_of_its_bounds_is_refused_both_ways(void **state)
{
    (void)state;
    uint8_t out[8];
    struct per_wr w = per_wr_of(MBYTES_OF(out));
    per_wr_whole(&w, 4, 1, 3);
    assert_err(w.err, E_BAD_VALUE);
    w = per_wr_of(MBYTES_OF(out));
    per_wr_whole(&w, 0, 1, 3);
    assert_err(w.err, E_BAD_VALUE);
    struct per_rd r = per_rd_of(BYTES_LIT("\xFF"));
    assert_true(per_rd_whole(&r, 1, 99) == 1);
    assert_err(r.err, E_BAD_VALUE);
}

static void every_short_number_and_length_is_truncated(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof wholes / sizeof wholes[0]; i++) {
        size_t full = strlen(wholes[i].hex) / 2;
        for (size_t n = 0; n < full; n++) {
            struct bytes in = octets(wholes[i].hex);
            uint8_t *cut = exact_copy((struct bytes){in.p, n});
            struct per_rd r = per_rd_of((struct bytes){cut, n});
            (void)per_rd_whole(&r, wholes[i].low, wholes[i].high);
            assert_err(r.err, E_TRUNCATED);
            free(cut);
            free((void *)(uintptr_t)in.p);
        }
    }
}

static void only_the_canonical_form_is_read(void **state)
{
    (void)state;
    struct per_rd r = per_rd_of(BYTES_LIT("\x40\x00\x05")); /* 5 in two octets */
    (void)per_rd_whole(&r, 0, 0xFFFFFFFF);
    assert_err(r.err, E_BAD_VALUE);
    r = per_rd_of(BYTES_LIT("\x81\x05")); /* padding that is not zero */
    (void)per_rd_bits(&r, 1);
    per_rd_align(&r);
    assert_err(r.err, E_BAD_VALUE);
    r = per_rd_of(BYTES_LIT("\x80\x05")); /* a length of 5 in two octets */
    (void)per_rd_length(&r, 0, PER_NO_BOUND);
    assert_err(r.err, E_BAD_VALUE);
    r = per_rd_of(BYTES_LIT("\x80\x01\x05")); /* a normally small 5 in the long form */
    (void)per_rd_small(&r);
    assert_err(r.err, E_BAD_VALUE);
}

static void lengths_are_one_octet_or_two_and_fragments_are_refused(void **state)
{
    (void)state;
    static const struct {
        size_t n;
        const char *hex;
    } lengths[] = {{0, "00"}, {127, "7f"}, {128, "8080"}, {300, "812c"}, {16383, "bfff"}};
    for (size_t i = 0; i < sizeof lengths / sizeof lengths[0]; i++) {
        uint8_t out[2];
        struct per_wr w = per_wr_of(MBYTES_OF(out));
        per_wr_length(&w, lengths[i].n, 0, PER_NO_BOUND);
        written(&w, lengths[i].hex);
        struct bytes in = octets(lengths[i].hex);
        struct per_rd r = per_rd_of(in);
        assert_int_equal(per_rd_length(&r, 0, PER_NO_BOUND), lengths[i].n);
        free((void *)(uintptr_t)in.p);
    }
    uint8_t out[4];
    struct per_wr w = per_wr_of(MBYTES_OF(out));
    per_wr_length(&w, 16384, 0, PER_NO_BOUND);
    assert_err(w.err, E_BAD_LENGTH);
    struct per_rd r = per_rd_of(BYTES_LIT("\xC1\x00"));
    (void)per_rd_length(&r, 0, PER_NO_BOUND);
    assert_err(r.err, E_BAD_LENGTH);
    w = per_wr_of(MBYTES_OF(out));
    per_wr_length(&w, 257, 1, 256);
    assert_err(w.err, E_BAD_LENGTH);
}

static void an_index_beyond_the_root_is_a_normally_small_number(void **state)
{
    (void)state;
    static const struct {
        uint32_t v;
        const char *hex;
    } indices[] = {{0, "00"}, {2, "40"}, {3, "80"}, {66, "bf"}, {67, "c00140"}, {323, "c0020140"}};
    for (size_t i = 0; i < sizeof indices / sizeof indices[0]; i++) {
        uint8_t out[8];
        struct per_wr w = per_wr_of(MBYTES_OF(out));
        per_wr_index(&w, indices[i].v, 3, true);
        written(&w, indices[i].hex);
        struct bytes in = octets(indices[i].hex);
        struct per_rd r = per_rd_of(in);
        assert_int_equal(per_rd_index(&r, 3, true), indices[i].v);
        assert_ok(per_rd_end(&r));
        free((void *)(uintptr_t)in.p);
    }
    struct per_rd r = per_rd_of(BYTES_LIT("\xC0\x05\x01\x00\x00\x00\x00"));
    (void)per_rd_index(&r, 3, true);
    assert_err(r.err, E_BAD_VALUE);
}

static void strings_of_up_to_sixteen_bits_are_not_aligned_and_longer_ones_are(void **state)
{
    (void)state;
    uint8_t out[16];
    struct per_wr w = per_wr_of(MBYTES_OF(out));
    per_wr_bits(&w, 1, 1);
    per_wr_bit_string(&w, 0xFFFF, 16);
    per_wr_bit_string(&w, 0x1FFFF, 17);
    per_wr_number(&w, 0x0102, 2);
    per_wr_number(&w, 0x010203, 3);
    /* 17 ones and 7 of padding, 17 ones, sixteen bits at once and 7 of padding, three octets */
    written(&w, "ffff80ffff808100010203");
    struct per_rd r = per_rd_of(BYTES_OF(out));
    assert_int_equal(per_rd_bits(&r, 1), 1);
    assert_int_equal(per_rd_bit_string(&r, 16), 0xFFFF);
    assert_int_equal(per_rd_bit_string(&r, 17), 0x1FFFF);
    assert_int_equal(per_rd_number(&r, 2), 0x0102);
    assert_int_equal(per_rd_number(&r, 3), 0x010203);
    assert_ok(r.err);
}

static void an_open_type_gets_the_length_its_content_turns_out_to_have(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, 127, 128, 300, 16383};
    static uint8_t content[16384], out[16400];
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        memset(content, 0x5A, sizeof content);
        struct per_wr w = per_wr_of(MBYTES_OF(out));
        size_t mark = per_wr_open(&w);
        per_wr_aligned(&w, (struct bytes){content, sizes[i]});
        per_wr_close(&w, mark);
        struct bytes done = per_wr_done(&w);
        struct per_rd r = per_rd_of(done);
        struct bytes got = per_rd_octets(&r);
        assert_ok(per_rd_end(&r));
        assert_int_equal(got.n, sizes[i] == 0 ? 1 : sizes[i]);
        assert_int_equal(got.p[0], sizes[i] == 0 ? 0 : 0x5A);
    }
    struct per_wr w = per_wr_of(MBYTES_OF(out));
    size_t mark = per_wr_open(&w);
    per_wr_aligned(&w, (struct bytes){content, 16384});
    per_wr_close(&w, mark);
    assert_err(w.err, E_BAD_LENGTH);
}

static void a_writer_has_no_room_at_every_smaller_capacity(void **state)
{
    (void)state;
    for (size_t cap = 0; cap < 133; cap++) {
        uint8_t *out = malloc(cap == 0 ? 1 : cap);
        struct per_wr w = per_wr_of((struct mbytes){out, cap});
        static const uint8_t content[130];
        per_wr_bits(&w, 1, 1);
        size_t mark = per_wr_open(&w);
        per_wr_aligned(&w, BYTES_OF(content));
        per_wr_close(&w, mark);
        assert_int_equal(per_wr_done(&w).n, 0);
        assert_err(w.err, E_NO_ROOM);
        free(out);
    }
}

static void additions_of_a_newer_sender_are_passed_over(void **state)
{
    (void)state;
    /* three additions, the first and the third there: 0 000010 101, two open types, then one octet
     */
    struct bytes in = octets("054001aa02bbccee");
    struct per_rd r = per_rd_of(in);
    per_rd_skip_additions(&r);
    assert_int_equal(per_rd_aligned(&r, 1).p[0], 0xEE);
    assert_ok(per_rd_end(&r));
    for (size_t n = 0; n < in.n - 1; n++) {
        uint8_t *cut = exact_copy((struct bytes){in.p, n});
        r = per_rd_of((struct bytes){cut, n});
        per_rd_skip_additions(&r);
        assert_err(r.err, E_TRUNCATED);
        free(cut);
    }
    free((void *)(uintptr_t)in.p);
    r = per_rd_of(BYTES_LIT("\x80\x40"));
    per_rd_skip_additions(&r);
    assert_err(r.err, E_BAD_LENGTH);
}

static void what_is_left_over_is_told_from_padding(void **state)
{
    (void)state;
    struct per_rd r = per_rd_of(BYTES_LIT("\x80"));
    (void)per_rd_bits(&r, 1);
    assert_ok(per_rd_end(&r));
    r = per_rd_of(BYTES_LIT("\x80\x00"));
    (void)per_rd_bits(&r, 1);
    assert_err(per_rd_end(&r), E_TRAILING);
    r = per_rd_of(BYTES_LIT("\x81"));
    (void)per_rd_bits(&r, 1);
    assert_err(per_rd_end(&r), E_BAD_VALUE);
    r = per_rd_of(BYTES_LIT("\x00"));
    assert_ok(per_rd_end(&r));
    r = per_rd_of(BYTES_LIT("\x01"));
    assert_err(per_rd_end(&r), E_TRAILING);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(whole_numbers_have_the_shortest_form_their_bounds_allow),
        cmocka_unit_test(a_number_out_of_its_bounds_is_refused_both_ways),
        cmocka_unit_test(every_short_number_and_length_is_truncated),
        cmocka_unit_test(only_the_canonical_form_is_read),
        cmocka_unit_test(lengths_are_one_octet_or_two_and_fragments_are_refused),
        cmocka_unit_test(an_index_beyond_the_root_is_a_normally_small_number),
        cmocka_unit_test(strings_of_up_to_sixteen_bits_are_not_aligned_and_longer_ones_are),
        cmocka_unit_test(an_open_type_gets_the_length_its_content_turns_out_to_have),
        cmocka_unit_test(a_writer_has_no_room_at_every_smaller_capacity),
        cmocka_unit_test(additions_of_a_newer_sender_are_passed_over),
        cmocka_unit_test(what_is_left_over_is_told_from_padding),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
