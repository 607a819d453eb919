#include "lib/check.h"

#include "crypto/snow3g.h"

struct set {
    uint32_t k[4];
    uint32_t iv[4];
    size_t from; /* the number of the first word that is given, counted from 1 */
    uint32_t z[3];
};

/* SNOW 3G, Document 3 (implementors' test data), sets 1 to 4. */
static const struct set sets[] = {
    {{0x2bd6459f, 0x82c5b300, 0x952c4910, 0x4881ff48},
     {0xea024714, 0xad5c4d84, 0xdf1f9b25, 0x1c0bf45f},
     1,
     {0xabee9704, 0x7ac31373}},
    {{0x8ce33e2c, 0xc3c0b5fc, 0x1f3de8a6, 0xdc66b1f3},
     {0xd3c5d592, 0x327fb11c, 0xde551988, 0xceb2f9b7},
     1,
     {0xeff8a342, 0xf751480f}},
    {{0x4035c668, 0x0af8c6d1, 0xa8ff8667, 0xb1714013},
     {0x62a54098, 0x1ba6f9b7, 0x4592b0e7, 0x8690f71b},
     1,
     {0xa8c874a9, 0x7ae7c4f8}},
    {{0x0ded7263, 0x109cf92e, 0x3352255a, 0x140e0f76},
     {0x6b68079a, 0x41a7c4c9, 0x1befd79f, 0x7fdcc233},
     1,
     {0xd712c05c, 0xa937c2a6, 0xeb7eaae3}},
    {{0x0ded7263, 0x109cf92e, 0x3352255a, 0x140e0f76},
     {0x6b68079a, 0x41a7c4c9, 0x1befd79f, 0x7fdcc233},
     2500,
     {0x9c0db3aa}},
};

static void the_published_keystream_comes_out(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof sets / sizeof sets[0]; i++) {
        struct snow3g g;
        snow3g_start(&g, sets[i].k, sets[i].iv);
        for (size_t n = 1; n < sets[i].from; n++) {
            (void)snow3g_word(&g);
        }
        for (size_t n = 0; n < 3 && sets[i].z[n] != 0; n++) {
            assert_int_equal(snow3g_word(&g), sets[i].z[n]);
        }
    }
}

static void every_bit_of_key_and_iv_changes_the_keystream(void **state)
{
    (void)state;
    uint32_t in[8] = {0};
    struct snow3g g;
    snow3g_start(&g, in, in + 4);
    const uint32_t zero = snow3g_word(&g);
    for (unsigned bit = 0; bit < 256; bit++) {
        in[bit / 32] ^= 1u << bit % 32;
        snow3g_start(&g, in, in + 4);
        assert_int_not_equal(snow3g_word(&g), zero);
        in[bit / 32] ^= 1u << bit % 32;
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_keystream_comes_out),
        cmocka_unit_test(every_bit_of_key_and_iv_changes_the_keystream),
    };
    return cmocka_run_group_tests_name("crypto/snow3g", tests, NULL, NULL);
}
