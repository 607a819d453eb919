#include "lib/check.h"

#include "crypto/cmac.h"
#include "crypto/openssl.h"
#include <openssl/evp.h>
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

static const char key_hex[] = "2b7e151628aed2a6abf7158809cf4f3c";
static const char message_hex[] =
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";

/* RFC 4493 clause 4. */
static const struct {
    size_t n;
    const char *mac;
} examples[] = {{0, "bb1d6929e95937287fa37d129b756746"},
                {16, "070a16b46b4d4144f79bdd9dd04a287c"},
                {40, "dfa66747de9ae63030ca32611497c827"},
                {64, "51f0bebf7e3b9d92fc49741779363cfe"}};

static void the_published_macs_come_out_however_the_message_is_split(void **state)
{
    (void)state;
    uint8_t key[16];
    uint8_t m[64];
    assert_ok(hex_decode(key_hex, MBYTES_OF(key)));
    assert_ok(hex_decode(message_hex, MBYTES_OF(m)));
    for (size_t i = 0; i < sizeof examples / sizeof examples[0]; i++) {
        uint8_t want[16];
        assert_ok(hex_decode(examples[i].mac, MBYTES_OF(want)));
        for (size_t at = 0; at <= examples[i].n; at++) {
            const struct bytes parts[3] = {{m, at}, {NULL, 0}, {m + at, examples[i].n - at}};
            uint8_t mac[16];
            assert_ok(cmac_aes128(&crypto, key, parts, 3, 0, mac));
            assert_memory_equal(mac, want, 16);
        }
    }
}

static void any_message_gives_what_openssl_gives(void **state)
{
    (void)state;
    uint64_t seed = 4493;
    for (size_t n = 0; n <= 200; n++) {
        uint8_t in[16 + 200];
        uint8_t mac[16];
        uint8_t want[16];
        for (size_t i = 0; i < sizeof in; i++) {
            in[i] = (uint8_t)test_rand(&seed);
        }
        const struct bytes part = {in + 16, n};
        assert_ok(cmac_aes128(&crypto, in, &part, 1, 0, mac));
        assert_non_null(EVP_Q_mac(NULL, "CMAC", NULL, "AES-128-CBC", NULL, in, 16, in + 16, n, want,
                                  sizeof want, NULL));
        assert_memory_equal(mac, want, 16);
    }
}

/* A message that ends within an octet is not the one that ends with that octet, nor with a one and
 * zeros there; and what is behind its end does not count. */
static void a_message_may_end_within_an_octet(void **state)
{
    (void)state;
    const uint8_t key[16] = {7};
    for (size_t n = 1; n <= 33; n++) {
        uint8_t m[33] = {0};
        uint8_t whole[16];
        const struct bytes part = {m, n};
        assert_ok(cmac_aes128(&crypto, key, &part, 1, 0, whole));
        for (unsigned spare = 1; spare < 8; spare++) {
            uint8_t mac[16];
            uint8_t other[16];
            m[n - 1] = 0;
            assert_ok(cmac_aes128(&crypto, key, &part, 1, spare, mac));
            assert_memory_not_equal(mac, whole, 16);
            m[n - 1] = (uint8_t)((1u << spare) - 1);
            assert_ok(cmac_aes128(&crypto, key, &part, 1, spare, other));
            assert_memory_equal(mac, other, 16);
            m[n - 1] = (uint8_t)(1u << spare);
            assert_ok(cmac_aes128(&crypto, key, &part, 1, spare, other));
            assert_memory_not_equal(mac, other, 16);
            m[n - 1] = 0;
        }
    }
}

static void spare_bits_of_nothing_are_refused(void **state)
{
    (void)state;
    const uint8_t key[16] = {7};
    const uint8_t m[1] = {0};
    uint8_t mac[16] = {0x5a};
    const struct bytes parts[2] = {{m, 1}, {NULL, 0}};
    assert_err(cmac_aes128(&crypto, key, parts, 1, 8, mac), E_BAD_VALUE);
    assert_err(cmac_aes128(&crypto, key, parts, 2, 1, mac), E_BAD_VALUE);
    assert_err(cmac_aes128(&crypto, key, parts, 0, 1, mac), E_BAD_VALUE);
    assert_int_equal(mac[0], 0x5a);
    assert_ok(cmac_aes128(&crypto, key, parts, 1, 7, mac));
}

/* A table that fails at the call numbered `*ctx`. */
static int calls;
static enum err failing_key(void *ctx, const uint8_t key[static 16])
{
    return calls++ == *(int *)ctx ? E_CRYPTO : crypto.aes128_key(crypto.ctx, key);
}
static enum err failing_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    return calls++ == *(int *)ctx ? E_CRYPTO : crypto.aes128_encrypt(crypto.ctx, in, out, blocks);
}

static void a_failure_is_reported_and_nothing_is_written(void **state)
{
    (void)state;
    const uint8_t key[16] = {7};
    const uint8_t m[40] = {0};
    const struct bytes part = BYTES_OF(m);
    int fail_at;
    const struct crypto c = {
        .ctx = &fail_at, .aes128_key = failing_key, .aes128_encrypt = failing_encrypt};
    for (fail_at = 0; fail_at < 6; fail_at++) {
        uint8_t mac[16] = {0x5a};
        calls = 0;
        const enum err err = cmac_aes128(&c, key, &part, 1, 0, mac);
        assert_int_equal(err, fail_at < 5 ? E_CRYPTO : E_OK);
        assert_int_equal(mac[0] == 0x5a && mac[15] == 0, fail_at < 5);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_published_macs_come_out_however_the_message_is_split),
        cmocka_unit_test(any_message_gives_what_openssl_gives),
        cmocka_unit_test(a_message_may_end_within_an_octet),
        cmocka_unit_test(spare_bits_of_nothing_are_refused),
        cmocka_unit_test(a_failure_is_reported_and_nothing_is_written),
    };
    return cmocka_run_group_tests_name("crypto/cmac", tests, open_crypto, close_crypto);
}
