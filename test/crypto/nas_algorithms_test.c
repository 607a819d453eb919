#include "lib/check.h"

#include "crypto/nas_algorithms.h"
#include "crypto/openssl.h"
#include "crypto/snow3g.h"
#include "crypto/zuc.h"
#include <openssl/evp.h>
#include <stdlib.h>
#include <string.h>

static struct crypto crypto;

static int open_crypto(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}

static int close_crypto(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

#define OCTETS_MAX 256

/* One published set; spare bits of data and output are cleared, for publishers differ there. */
struct set {
    uint8_t key[16];
    struct nas_position at;
    size_t bits;
    size_t n;
    uint8_t data[OCTETS_MAX];
    uint8_t output[OCTETS_MAX];
};

static uint64_t number(json_t *j, const char *key)
{
    json_t *v = json_object_get(j, key);
    assert_true(json_is_integer(v));
    return (uint64_t)json_integer_value(v);
}

/* At least n octets of hex, of which n are taken. */
static void hex_of(json_t *j, const char *key, uint8_t *out, size_t n)
{
    uint8_t all[OCTETS_MAX];
    const char *hex = json_string_value(json_object_get(j, key));
    assert_non_null(hex);
    const size_t have = strlen(hex) / 2;
    assert_true(have >= n && have <= sizeof all);
    assert_ok(hex_decode(hex, (struct mbytes){all, have}));
    memcpy(out, all, n);
}

static void cut(uint8_t *octets, size_t bits)
{
    if (bits % 8 > 0) {
        octets[bits / 8] &= (uint8_t)(0xff << (8 - bits % 8));
    }
}

static void set_read(json_t *j, struct set *s)
{
    memset(s, 0, sizeof *s);
    vector_hex(j, "key", MBYTES_OF(s->key));
    s->at = (struct nas_position){(uint32_t)number(j, "count"), (uint8_t)number(j, "bearer"),
                                  (uint8_t)number(j, "direct")};
    s->bits = (size_t)number(j, "bitlen");
    s->n = (s->bits + 7) / 8;
    hex_of(j, "data", s->data, s->n);
}

static void check_cipher(json_t *j, enum nas_eea algorithm)
{
    struct set s;
    struct key_knasenc key;
    set_read(j, &s);
    hex_of(j, "output", s.output, s.n);
    cut(s.data, s.bits);
    cut(s.output, s.bits);
    memcpy(key.b, s.key, sizeof key.b);
    uint8_t *m = exact_copy((struct bytes){s.data, s.n});
    const struct mbytes octets = {m, s.n};
    assert_ok(nas_cipher(&crypto, algorithm, &key, s.at, octets, s.bits));
    assert_memory_equal(m, s.output, s.n);
    assert_ok(nas_cipher(&crypto, algorithm, &key, s.at, octets, s.bits));
    assert_memory_equal(m, s.data, s.n);
    free(m);
}

static void check_mac(json_t *j, enum nas_eia algorithm)
{
    struct set s;
    struct key_knasint key;
    uint8_t mac[4];
    set_read(j, &s);
    hex_of(j, "output", s.output, 4);
    memcpy(key.b, s.key, sizeof key.b);
    uint8_t *m = exact_copy((struct bytes){s.data, s.n});
    const struct bytes octets = {m, s.n};
    assert_ok(nas_mac(&crypto, algorithm, &key, s.at, octets, s.bits, mac));
    assert_memory_equal(mac, s.output, 4);
    if (s.bits % 8 > 0) { /* what is behind the last bit does not count */
        m[s.n - 1] ^= (uint8_t)(0xff >> s.bits % 8);
        assert_ok(nas_mac(&crypto, algorithm, &key, s.at, octets, s.bits, mac));
        assert_memory_equal(mac, s.output, 4);
    }
    free(m);
}

/* How many sets the file has of each; the file is the list of all. */
static const struct {
    const char *name;
    size_t sets;
    int eea;
    int eia;
} families[] = {{"eea1_uea2", 3, NAS_EEA1, 0}, {"eea2", 4, NAS_EEA2, 0}, {"eea3", 3, NAS_EEA3, 0},
                {"eia1", 4, 0, NAS_EIA1},      {"eia2", 6, 0, NAS_EIA2}, {"eia3", 3, 0, NAS_EIA3}};

static void every_value_of_every_published_set_is_met(void **state)
{
    (void)state;
    json_t *all = vectors_load(TEST_DATA, "nas_eea_eia.json");
    assert_int_equal(json_object_size(all), sizeof families / sizeof families[0]);
    for (size_t f = 0; f < sizeof families / sizeof families[0]; f++) {
        json_t *sets = json_object_get(all, families[f].name);
        assert_int_equal(json_array_size(sets), families[f].sets);
        for (size_t i = 0; i < families[f].sets; i++) {
            json_t *j = json_array_get(sets, i);
            if (families[f].eea > 0) {
                check_cipher(j, (enum nas_eea)families[f].eea);
            } else {
                check_mac(j, (enum nas_eia)families[f].eia);
            }
        }
    }
    json_decref(all);
}

/* ---- against the same thing written as its specification does, a bit at a time ---- */

static unsigned bit_of(const uint8_t *p, size_t i)
{
    return p[i / 8] >> (7 - i % 8) & 1u;
}

static uint32_t word_of(const uint8_t *p)
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static void store(uint8_t *p, uint32_t v)
{
    for (size_t i = 0; i < 4; i++) {
        p[i] = (uint8_t)(v >> (24 - 8 * i));
    }
}

/* EIA3 (its Document 1, 4.4). */
static void slow_eia3(const uint8_t key[16], struct nas_position at, const uint8_t *m, size_t bits,
                      uint8_t mac[4])
{
    uint8_t iv[16] = {0};
    const size_t words = (bits + 31) / 32 + 2;
    uint8_t *stream = malloc(4 * words);
    struct zuc z;
    store(iv, at.count);
    iv[4] = (uint8_t)(at.bearer << 3);
    for (size_t i = 0; i < 8; i++) {
        iv[8 + i] = iv[i];
    }
    iv[8] ^= (uint8_t)(at.direction << 7);
    iv[14] ^= (uint8_t)(at.direction << 7);
    zuc_start(&z, key, iv);
    for (size_t i = 0; i < words; i++) {
        store(stream + 4 * i, zuc_word(&z));
    }
    uint32_t t = 0;
    for (size_t i = 0; i <= bits; i++) { /* the one at LENGTH always counts */
        for (size_t b = 0; b < 32 && (i == bits || bit_of(m, i)); b++) {
            t ^= bit_of(stream, i + b) << (31 - b);
        }
    }
    store(mac, t ^ word_of(stream + 4 * (words - 1)));
    free(stream);
}

/* MUL64x, MUL64xPOW and MUL64 of EIA1 (TS 35.215 4.3). */
static uint64_t times_x(uint64_t v)
{
    return v >> 63 ? v << 1 ^ 0x1b : v << 1;
}

static uint64_t times(uint64_t v, uint64_t p)
{
    uint64_t r = 0;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t power = v;
        for (unsigned k = 0; k < i; k++) {
            power = times_x(power);
        }
        r ^= p >> i & 1 ? power : 0;
    }
    return r;
}

static void slow_eia1(const uint8_t key[16], struct nas_position at, const uint8_t *m, size_t bits,
                      uint8_t mac[4])
{
    const uint32_t fresh = (uint32_t)at.bearer << 27;
    const uint32_t k[4] = {word_of(key + 12), word_of(key + 8), word_of(key + 4), word_of(key)};
    const uint32_t iv[4] = {fresh ^ (uint32_t)at.direction << 15,
                            at.count ^ (uint32_t)at.direction << 31, fresh, at.count};
    struct snow3g g;
    uint32_t z[5];
    snow3g_start(&g, k, iv);
    for (size_t i = 0; i < 5; i++) {
        z[i] = snow3g_word(&g);
    }
    uint64_t eval = 0;
    for (size_t from = 0; from < bits; from += 64) {
        uint64_t block = 0;
        for (size_t b = 0; b < 64 && from + b < bits; b++) {
            block |= (uint64_t)bit_of(m, from + b) << (63 - b);
        }
        eval = times(eval ^ block, (uint64_t)z[0] << 32 | z[1]);
    }
    eval = times(eval ^ bits, (uint64_t)z[2] << 32 | z[3]);
    store(mac, (uint32_t)(eval >> 32) ^ z[4]);
}

static struct nas_position any_position(uint64_t *seed)
{
    return (struct nas_position){(uint32_t)test_rand(seed), (uint8_t)(test_rand(seed) % 32),
                                 (uint8_t)(test_rand(seed) % 2)};
}

static void fill(uint64_t *seed, uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)test_rand(seed);
    }
}

static void every_length_in_bits_gives_the_mac_of_the_specification(void **state)
{
    (void)state;
    uint64_t seed = 33401;
    for (size_t bits = 0; bits <= 330; bits++) {
        const struct nas_position at = any_position(&seed);
        struct key_knasint key;
        uint8_t all[42];
        uint8_t mac[4];
        uint8_t want[4];
        fill(&seed, key.b, sizeof key.b);
        fill(&seed, all, sizeof all);
        uint8_t *m = exact_copy((struct bytes){all, (bits + 7) / 8});
        const struct bytes octets = {m, (bits + 7) / 8};
        slow_eia1(key.b, at, m, bits, want);
        assert_ok(nas_mac(&crypto, NAS_EIA1, &key, at, octets, bits, mac));
        assert_memory_equal(mac, want, 4);
        slow_eia3(key.b, at, m, bits, want);
        assert_ok(nas_mac(&crypto, NAS_EIA3, &key, at, octets, bits, mac));
        assert_memory_equal(mac, want, 4);
        free(m);
    }
}

/* ---- messages as long as the radio carries ---- */

#define LONG 8188

static void long_messages_are_ciphered_as_by_openssl(void **state)
{
    (void)state;
    uint64_t seed = 8188;
    static uint8_t plain[LONG];
    static uint8_t got[LONG];
    static uint8_t want[LONG + 16];
    struct key_knasenc key;
    fill(&seed, plain, sizeof plain);
    fill(&seed, key.b, sizeof key.b);
    for (size_t n = LONG - 70; n <= LONG; n++) {
        const struct nas_position at = any_position(&seed);
        uint8_t counter[16] = {0};
        int m;
        store(counter, at.count);
        counter[4] = (uint8_t)(at.bearer << 3 | at.direction << 2);
        EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
        assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, key.b, counter), 1);
        assert_int_equal(EVP_EncryptUpdate(ctx, want, &m, plain, (int)n), 1);
        EVP_CIPHER_CTX_free(ctx);
        memcpy(got, plain, n);
        assert_ok(nas_cipher(&crypto, NAS_EEA2, &key, at, (struct mbytes){got, n}, 8 * n));
        assert_memory_equal(got, want, n);
    }
}

static void long_messages_get_the_mac_of_openssl(void **state)
{
    (void)state;
    uint64_t seed = 8189;
    static uint8_t with_head[8 + LONG];
    struct key_knasint key;
    const struct nas_position at = any_position(&seed);
    uint8_t want[16];
    uint8_t mac[4];
    fill(&seed, key.b, sizeof key.b);
    fill(&seed, with_head, sizeof with_head);
    memset(with_head, 0, 8);
    store(with_head, at.count);
    with_head[4] = (uint8_t)(at.bearer << 3 | at.direction << 2);
    for (size_t n = LONG - 20; n <= LONG; n++) {
        assert_non_null(EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, key.b, 16, with_head,
                                  8 + n, want, sizeof want, NULL));
        const struct bytes octets = {with_head + 8, n};
        assert_ok(nas_mac(&crypto, NAS_EIA2, &key, at, octets, 8 * n, mac));
        assert_memory_equal(mac, want, 4);
        slow_eia3(key.b, at, octets.p, 8 * n, want);
        assert_ok(nas_mac(&crypto, NAS_EIA3, &key, at, octets, 8 * n, mac));
        assert_memory_equal(mac, want, 4);
    }
}

/* ---- what is the same for all ---- */

static void ciphering_stops_at_the_last_bit_and_touches_nothing_behind(void **state)
{
    (void)state;
    uint64_t seed = 5;
    const struct key_knasenc key = {{5}};
    for (int algorithm = NAS_EEA0; algorithm <= NAS_EEA3; algorithm++) {
        for (size_t bits = 0; bits <= 8 * 80; bits++) {
            const struct nas_position at = any_position(&seed);
            uint8_t m[82];
            uint8_t whole[82];
            uint8_t before[82];
            fill(&seed, m, sizeof m);
            memcpy(whole, m, sizeof m);
            memcpy(before, m, sizeof m);
            assert_ok(nas_cipher(&crypto, (enum nas_eea)algorithm, &key, at, MBYTES_OF(m), bits));
            assert_ok(nas_cipher(&crypto, (enum nas_eea)algorithm, &key, at, MBYTES_OF(whole),
                                 8 * sizeof whole));
            cut(whole, bits);
            assert_memory_equal(m, whole, (bits + 7) / 8);
            assert_memory_equal(m + (bits + 7) / 8, before + (bits + 7) / 8,
                                sizeof m - (bits + 7) / 8);
        }
    }
}

static void every_part_of_the_position_and_the_key_counts(void **state)
{
    (void)state;
    static const uint8_t zero[32] = {0};
    const struct nas_position places[] = {{0, 0, 0}, {1, 0, 0},  {UINT32_C(1) << 31, 0, 0},
                                          {0, 1, 0}, {0, 16, 0}, {0, 0, 1}};
    for (int algorithm = 1; algorithm <= 3; algorithm++) {
        uint8_t stream[7][32] = {{0}};
        uint8_t mac[7][4];
        for (size_t i = 0; i < 7; i++) {
            const struct key_knasenc enc = {{i == 6}};
            const struct key_knasint integrity = {{i == 6}};
            const struct nas_position at = places[i % 6];
            assert_ok(
                nas_cipher(&crypto, (enum nas_eea)algorithm, &enc, at, MBYTES_OF(stream[i]), 256));
            assert_ok(nas_mac(&crypto, (enum nas_eia)algorithm, &integrity, at, BYTES_OF(zero), 256,
                              mac[i]));
            for (size_t other = 0; other < i; other++) {
                assert_memory_not_equal(stream[i], stream[other], 32);
                assert_memory_not_equal(mac[i], mac[other], 4);
            }
        }
    }
}

static void what_is_no_algorithm_position_or_length_is_refused(void **state)
{
    (void)state;
    const struct key_knasenc enc = {{0}};
    const struct key_knasint integrity = {{0}};
    const struct nas_position good = {0};
    uint8_t m[4] = {1, 2, 3, 4};
    uint8_t mac[4] = {9, 9, 9, 9};
    const struct nas_position bad[] = {{0, 32, 0}, {0, 0, 2}};
    for (int a = -1; a < 9; a++) {
        const enum nas_eea eea = (enum nas_eea)a;
        const enum nas_eia eia = (enum nas_eia)a;
        assert_err(nas_cipher(&crypto, eea, &enc, good, MBYTES_OF(m), 0),
                   a >= 0 && a <= 3 ? E_OK : E_BAD_VALUE);
        assert_err(nas_mac(&crypto, eia, &integrity, good, BYTES_OF(m), 33, mac), E_BAD_LENGTH);
        assert_err(nas_cipher(&crypto, eea, &enc, good, MBYTES_OF(m), 33), E_BAD_LENGTH);
        for (size_t i = 0; i < 2; i++) {
            assert_err(nas_cipher(&crypto, eea, &enc, bad[i], MBYTES_OF(m), 32), E_BAD_VALUE);
            assert_err(nas_mac(&crypto, eia, &integrity, bad[i], BYTES_OF(m), 32, mac),
                       E_BAD_VALUE);
        }
    }
    assert_err(nas_mac(&crypto, (enum nas_eia)0, &integrity, good, BYTES_OF(m), 32, mac),
               E_BAD_VALUE);
    assert_err(nas_mac(&crypto, (enum nas_eia)4, &integrity, good, BYTES_OF(m), 32, mac),
               E_BAD_VALUE);
    assert_memory_equal(m, "\1\2\3\4", 4);
    assert_memory_equal(mac, "\11\11\11\11", 4);
}

static enum err no_key(void *ctx, const uint8_t key[static 16])
{
    (void)ctx;
    (void)key;
    return E_CRYPTO;
}

static void only_the_two_that_are_aes_need_the_table(void **state)
{
    (void)state;
    const struct crypto none = {.aes128_key = no_key};
    const struct key_knasenc enc = {{0}};
    const struct key_knasint integrity = {{0}};
    const struct nas_position at = {0};
    for (int a = 1; a <= 3; a++) {
        uint8_t m[4] = {0};
        uint8_t mac[4] = {9, 9, 9, 9};
        const enum err want = a == 2 ? E_CRYPTO : E_OK;
        assert_err(nas_cipher(&none, (enum nas_eea)a, &enc, at, MBYTES_OF(m), 32), want);
        assert_err(nas_mac(&none, (enum nas_eia)a, &integrity, at, BYTES_OF(m), 32, mac), want);
        assert_int_equal(memcmp(mac, "\11\11\11\11", 4) == 0, a == 2);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_published_set_is_met),
        cmocka_unit_test(every_length_in_bits_gives_the_mac_of_the_specification),
        cmocka_unit_test(long_messages_are_ciphered_as_by_openssl),
        cmocka_unit_test(long_messages_get_the_mac_of_openssl),
        cmocka_unit_test(ciphering_stops_at_the_last_bit_and_touches_nothing_behind),
        cmocka_unit_test(every_part_of_the_position_and_the_key_counts),
        cmocka_unit_test(what_is_no_algorithm_position_or_length_is_refused),
        cmocka_unit_test(only_the_two_that_are_aes_need_the_table),
    };
    return cmocka_run_group_tests_name("crypto/nas_algorithms", tests, open_crypto, close_crypto);
}
