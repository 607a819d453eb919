/* Keys under transport keys: the vectors of RFC 3394, FIPS 197 and NIST SP 800-67, lengths, and
 * what does not open. */
#include "crypto/transport.h"
#include "lib/check.h"

#include <string.h>

#define KEK16 "000102030405060708090a0b0c0d0e0f"
#define KEK24 KEK16 "1011121314151617"
#define KEK32 KEK16 "101112131415161718191a1b1c1d1e1f"
#define DATA  "00112233445566778899aabbccddeeff"

static const struct vector {
    enum transport_algorithm algorithm;
    const char *key, *plain, *encrypted;
} vectors[] = {
    /* RFC 3394 4.1, 4.2, 4.3, 4.6 */
    {TRANSPORT_AES_KW, KEK16, DATA, "1fa68b0a8112b447aef34bd8fb5a7b829d3e862371d2cfe5"},
    {TRANSPORT_AES_KW, KEK24, DATA, "96778b25ae6ca435f92b5b97c050aed2468ab8a17ad84e5d"},
    {TRANSPORT_AES_KW, KEK32, DATA, "64e8c3f9ce0f5ba263e9777905818a2a93c8191e7d6e8ae7"},
    {TRANSPORT_AES_KW, KEK32, DATA "000102030405060708090a0b0c0d0e0f",
     "28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21"},
    /* FIPS 197 C.1, C.2, C.3 */
    {TRANSPORT_AES_128_ECB, KEK16, DATA, "69c4e0d86a7b0430d8cdb78070b4c55a"},
    {TRANSPORT_AES_192_ECB, KEK24, DATA, "dda97ca4864cdfe06eaf70a0ec0d7191"},
    {TRANSPORT_AES_256_ECB, KEK32, DATA, "8ea2b7ca516745bfeafc49904b496089"},
    /* SP 800-67 B.1, its first two blocks */
    {TRANSPORT_DES3_ECB, "0123456789abcdef23456789abcdef01456789abcdef0123",
     "5468652071756663"
     "6b2062726f776e20",
     "a826fd8ce53b855f"
     "cce21c8112256fe6"},
};

static struct bytes hex_of(const char *text, uint8_t room[static 64])
{
    const size_t n = strlen(text) / 2;
    assert_ok(hex_decode(text, (struct mbytes){room, n}));
    return (struct bytes){room, n};
}

static struct transport_key *open_it(enum transport_algorithm a, const char *key)
{
    uint8_t room[64];
    struct transport_key *t = NULL;
    assert_ok(transport_open(a, hex_of(key, room), &t));
    return t;
}

static void published_vectors_open_and_close(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const struct vector *v = &vectors[i];
        uint8_t a[64], b[64], out[TRANSPORT_PLAIN], made[TRANSPORT_MAX];
        const struct bytes plain = hex_of(v->plain, a), encrypted = hex_of(v->encrypted, b);
        struct transport_key *t = open_it(v->algorithm, v->key);
        size_t n = 0;
        for (int twice = 0; twice < 2; twice++) {
            assert_ok(transport_unwrap(t, encrypted, out, &n));
            assert_true(bytes_eq((struct bytes){out, n}, plain));
            if (v->algorithm == TRANSPORT_DES3_ECB) {
                assert_err(transport_wrap(t, plain, made, &n), E_UNSUPPORTED);
                continue;
            }
            assert_ok(transport_wrap(t, plain, made, &n));
            assert_true(bytes_eq((struct bytes){made, n}, encrypted));
            assert_int_equal(n, transport_length(t, plain.n));
        }
        transport_close(t);
    }
}

static void a_wrapped_key_opens_under_no_other_key_and_not_changed(void **state)
{
    (void)state;
    uint8_t b[64], out[TRANSPORT_PLAIN], zero[TRANSPORT_PLAIN] = {0};
    struct bytes in = hex_of(vectors[0].encrypted, b);
    struct transport_key *t = open_it(TRANSPORT_AES_KW, KEK16),
                         *other = open_it(TRANSPORT_AES_KW, KEK32);
    size_t n = 0;
    assert_err(transport_unwrap(other, in, out, &n), E_WRONG_KEY);
    for (size_t i = 0; i < in.n; i++) {
        b[i] ^= 1;
        memset(out, 0xee, sizeof out);
        assert_err(transport_unwrap(t, in, out, &n), E_WRONG_KEY);
        assert_memory_equal(out, zero, sizeof out); /* nothing of it stays */
        b[i] ^= 1;
    }
    assert_ok(transport_unwrap(t, in, out, &n)); /* and an error before does no harm */
    transport_close(t);
    transport_close(other);
}

static void only_keys_of_16_and_32_octets_travel(void **state)
{
    (void)state;
    uint8_t in[64] = {0}, out[TRANSPORT_MAX];
    for (int a = 0; a < TRANSPORT_ALGORITHMS; a++) {
        static const char *const keys[] = {KEK16, KEK16, KEK24, KEK32, KEK16};
        struct transport_key *t = open_it((enum transport_algorithm)a, keys[a]);
        for (size_t n = 0; n <= sizeof in; n++) {
            size_t got = 0;
            const bool opens = n == transport_length(t, 16) || n == transport_length(t, 32);
            const enum err err = transport_unwrap(t, (struct bytes){in, n}, out, &got);
            assert_true(opens == (err != E_BAD_LENGTH));
            if (a != TRANSPORT_DES3_ECB && n != 16 && n != 32) {
                assert_err(transport_wrap(t, (struct bytes){in, n}, out, &got), E_BAD_LENGTH);
            }
        }
        transport_close(t);
    }
}

static void transport_keys_have_the_length_of_their_algorithm(void **state)
{
    (void)state;
    uint8_t key[TRANSPORT_KEY_MAX + 8];
    for (size_t i = 0; i < sizeof key; i++) {
        key[i] = (uint8_t)(i * 7 + 1);
    }
    for (int a = 0; a < TRANSPORT_ALGORITHMS; a++) {
        for (size_t n = 0; n <= sizeof key; n++) {
            struct transport_key *t = NULL;
            const enum err err =
                transport_open((enum transport_algorithm)a, (struct bytes){key, n}, &t);
            assert_int_equal(
                err, transport_key_fits((enum transport_algorithm)a, n) ? E_OK : E_BAD_LENGTH);
            transport_close(t);
        }
    }
}

static void triple_des_that_is_des_is_none(void **state)
{
    (void)state;
    uint8_t room[64];
    struct transport_key *t = NULL;
    assert_err(
        transport_open(TRANSPORT_DES3_ECB, hex_of("0123456789abcdef0123456789abcdef", room), &t),
        E_BAD_VALUE);
    assert_err(transport_open(TRANSPORT_DES3_ECB,
                              hex_of("0123456789abcdef23456789abcdef0123456789abcdef01", room), &t),
               E_BAD_VALUE);
    assert_null(t);
}

static void a_check_value_is_that_of_aes_over_zeros(void **state)
{
    (void)state;
    uint8_t zero[32] = {0}, kcv[TRANSPORT_KCV];
    assert_ok(transport_kcv((struct bytes){zero, 16}, kcv));
    assert_memory_equal(kcv, "\x66\xe9\x4b", 3);
    assert_ok(transport_kcv((struct bytes){zero, 32}, kcv));
    assert_memory_equal(kcv, "\xdc\x95\xc0", 3);
    assert_err(transport_kcv((struct bytes){zero, 24}, kcv), E_BAD_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(published_vectors_open_and_close),
        cmocka_unit_test(a_wrapped_key_opens_under_no_other_key_and_not_changed),
        cmocka_unit_test(only_keys_of_16_and_32_octets_travel),
        cmocka_unit_test(transport_keys_have_the_length_of_their_algorithm),
        cmocka_unit_test(triple_des_that_is_des_is_none),
        cmocka_unit_test(a_check_value_is_that_of_aes_over_zeros),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
