/* src/crypto/openssl.c and src/crypto/ct.c. */
#include "lib/check.h"

#include "crypto/openssl.h"
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

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

static void assert_is(const uint8_t *got, const char *hex, size_t n)
{
    uint8_t want[64];
    assert_ok(hex_decode(hex, (struct mbytes){want, n}));
    assert_memory_equal(got, want, n);
}

static void load(const char *hex)
{
    uint8_t key[16];
    assert_ok(hex_decode(hex, MBYTES_OF(key)));
    assert_ok(crypto.aes128_key(crypto.ctx, key));
}

/* FIPS 197 C.1. */
static void aes_gives_the_block_of_fips_197_and_takes_it_back(void **state)
{
    (void)state;
    uint8_t key[16];
    uint8_t plain[16];
    uint8_t block[16];
    assert_ok(hex_decode("000102030405060708090a0b0c0d0e0f", MBYTES_OF(key)));
    assert_ok(hex_decode("00112233445566778899aabbccddeeff", MBYTES_OF(plain)));
    assert_ok(crypto.aes128_key(crypto.ctx, key));
    assert_ok(crypto.aes128_encrypt(crypto.ctx, plain, block, 1));
    assert_is(block, "69c4e0d86a7b0430d8cdb78070b4c55a", 16);
    assert_ok(crypto.aes128_decrypt(crypto.ctx, key, block, block));
    assert_memory_equal(block, plain, 16);
}

/* SP 800-38A F.1.1. */
static void several_blocks_at_once_and_in_place(void **state)
{
    (void)state;
    static const char *const plain =
        "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
        "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    static const char *const want =
        "3ad77bb40d7a3660a89ecaf32466ef97f5d3d58503b9699de785895a96fdbaaf"
        "43b1cd7f598ece23881b00e3ed0306887b0c785e27e8ad3f8223207104725dd4";
    uint8_t buf[64];
    load("2b7e151628aed2a6abf7158809cf4f3c");
    for (size_t blocks = 0; blocks <= 4; blocks++) {
        assert_ok(hex_decode(plain, MBYTES_OF(buf)));
        assert_ok(crypto.aes128_encrypt(crypto.ctx, buf, buf, blocks));
        uint8_t expect[64];
        assert_ok(hex_decode(want, MBYTES_OF(expect)));
        assert_memory_equal(buf, expect, 16 * blocks);
        assert_ok(hex_decode(plain, MBYTES_OF(expect)));
        assert_memory_equal(buf + 16 * blocks, expect + 16 * blocks, 64 - 16 * blocks);
    }
}

static void a_key_stays_loaded_whatever_is_decrypted_meanwhile(void **state)
{
    (void)state;
    static const uint8_t other[16] = {1, 2, 3};
    uint8_t first[16] = {0};
    uint8_t second[16] = {0};
    uint8_t out[16];
    load("2b7e151628aed2a6abf7158809cf4f3c");
    assert_ok(crypto.aes128_encrypt(crypto.ctx, first, first, 1));
    assert_ok(crypto.aes128_decrypt(crypto.ctx, other, second, out));
    assert_ok(crypto.aes128_encrypt(crypto.ctx, second, second, 1));
    assert_memory_equal(first, second, 16);
}

static void encrypting_and_decrypting_are_inverse(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (unsigned i = 0; i < 1000; i++) {
        uint64_t v[4];
        uint8_t out[16];
        for (size_t j = 0; j < 4; j++) {
            v[j] = test_rand(&seed);
        }
        const uint8_t *key = (const uint8_t *)v;
        const uint8_t *plain = (const uint8_t *)(v + 2);
        assert_ok(crypto.aes128_key(crypto.ctx, key));
        assert_ok(crypto.aes128_encrypt(crypto.ctx, plain, out, 1));
        assert_ok(crypto.aes128_decrypt(crypto.ctx, key, out, out));
        assert_memory_equal(out, plain, 16);
    }
}

static void nothing_is_encrypted_before_a_key_is_loaded(void **state)
{
    (void)state;
    struct crypto fresh;
    uint8_t block[16] = {0};
    assert_ok(crypto_openssl_open(&fresh));
    assert_err(fresh.aes128_encrypt(fresh.ctx, block, block, 1), E_CRYPTO);
    crypto_openssl_close(&fresh);
}

static void more_than_openssl_can_count_is_refused(void **state)
{
    (void)state;
    uint8_t block[16] = {0};
    load("2b7e151628aed2a6abf7158809cf4f3c");
    assert_err(crypto.aes128_encrypt(crypto.ctx, block, block, SIZE_MAX / 16), E_CRYPTO);
    assert_err(crypto.aes128_encrypt(crypto.ctx, block, block, (size_t)1 << 27), E_CRYPTO);
}

/* FIPS 180-4 examples. */
static void sha256_gives_the_published_digests(void **state)
{
    (void)state;
    uint8_t out[32];
    const struct bytes abc[] = {BYTES_LIT("a"), {NULL, 0}, BYTES_LIT("bc")};
    assert_ok(crypto.sha256(crypto.ctx, abc, 3, out));
    assert_is(out, "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad", 32);
    assert_ok(crypto.sha256(crypto.ctx, NULL, 0, out));
    assert_is(out, "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855", 32);
    const struct bytes two = BYTES_LIT("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq");
    assert_ok(crypto.sha256(crypto.ctx, &two, 1, out));
    assert_is(out, "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1", 32);
}

/* RFC 4231 4.2, 4.3, 4.7; in this order, so that each key replaces the one before. */
static void hmac_sha256_gives_the_values_of_rfc_4231(void **state)
{
    (void)state;
    uint8_t key[131];
    uint8_t out[32];
    memset(key, 0x0b, 20);
    const struct bytes hi[] = {BYTES_LIT("Hi "), BYTES_LIT("There")};
    assert_ok(crypto.hmac_sha256(crypto.ctx, (struct bytes){key, 20}, hi, 2, out));
    assert_is(out, "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7", 32);
    const struct bytes what = BYTES_LIT("what do ya want for nothing?");
    assert_ok(crypto.hmac_sha256(crypto.ctx, BYTES_LIT("Jefe"), &what, 1, out));
    assert_is(out, "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843", 32);
    memset(key, 0xaa, sizeof key);
    const struct bytes large = BYTES_LIT("Test Using Larger Than Block-Size Key - Hash Key First");
    assert_ok(crypto.hmac_sha256(crypto.ctx, BYTES_OF(key), &large, 1, out));
    assert_is(out, "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54", 32);
}

static void an_empty_key_is_an_empty_key_and_not_the_one_before(void **state)
{
    (void)state;
    uint8_t out[32];
    const struct bytes none = {NULL, 0};
    assert_ok(crypto.hmac_sha256(crypto.ctx, BYTES_LIT("Jefe"), &none, 1, out));
    assert_ok(crypto.hmac_sha256(crypto.ctx, none, NULL, 0, out));
    assert_is(out, "b613679a0814d9ec772f95d778c35fc5ff1697c493715653c6c712144292c5ad", 32);
}

static void random_octets_differ_and_fill_exactly_their_span(void **state)
{
    (void)state;
    uint8_t a[34] = {0};
    uint8_t b[32];
    assert_ok(crypto.random(crypto.ctx, (struct mbytes){a + 1, 32}));
    assert_ok(crypto.random(crypto.ctx, MBYTES_OF(b)));
    assert_memory_not_equal(a + 1, b, 32);
    assert_int_equal(a[0], 0);
    assert_int_equal(a[33], 0);
    assert_ok(crypto.random(crypto.ctx, (struct mbytes){a, 0}));
}

/* Small draws come from octets drawn ahead; a child must not hand out its parent's. */
static void a_fork_does_not_repeat_random_octets(void **state)
{
    (void)state;
    uint8_t before[16];
    uint8_t here[16];
    uint8_t there[16] = {0};
    int pipes[2];
    assert_ok(crypto.random(crypto.ctx, MBYTES_OF(before)));
    assert_int_equal(pipe(pipes), 0);
    pid_t child = fork();
    if (child == 0) {
        bool drawn = crypto.random(crypto.ctx, MBYTES_OF(there)) == E_OK;
        _exit(drawn && write(pipes[1], there, sizeof there) == sizeof there ? 0 : 1);
    }
    assert_ok(crypto.random(crypto.ctx, MBYTES_OF(here)));
    assert_int_equal(read(pipes[0], there, sizeof there), sizeof there);
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
    assert_memory_not_equal(here, there, 16);
    close(pipes[0]);
    close(pipes[1]);
}

static void two_tables_do_not_share_a_key(void **state)
{
    (void)state;
    struct crypto other;
    static const uint8_t key[16] = {7};
    uint8_t a[16] = {0};
    uint8_t b[16] = {0};
    assert_ok(crypto_openssl_open(&other));
    load("2b7e151628aed2a6abf7158809cf4f3c");
    assert_ok(crypto.aes128_encrypt(crypto.ctx, a, a, 1));
    assert_ok(other.aes128_key(other.ctx, key));
    assert_ok(crypto.aes128_encrypt(crypto.ctx, b, b, 1));
    assert_memory_equal(a, b, 16);
    crypto_openssl_close(&other);
}

static void closing_is_harmless_on_zeros_and_leaves_zeros(void **state)
{
    (void)state;
    struct crypto c = {0};
    static const struct crypto zero = {0};
    crypto_openssl_close(&c);
    assert_ok(crypto_openssl_open(&c));
    crypto_openssl_close(&c);
    assert_memory_equal(&c, &zero, sizeof c);
    crypto_openssl_close(&c);
}

static void comparing_finds_every_single_bit(void **state)
{
    (void)state;
    uint8_t a[16];
    uint8_t b[16];
    memset(a, 0xa5, sizeof a);
    memcpy(b, a, sizeof b);
    assert_true(crypto_ct_eq(BYTES_OF(a), BYTES_OF(b)));
    for (size_t bit = 0; bit < 8 * sizeof b; bit++) {
        b[bit / 8] = (uint8_t)(b[bit / 8] ^ 1u << bit % 8);
        assert_false(crypto_ct_eq(BYTES_OF(a), BYTES_OF(b)));
        b[bit / 8] = (uint8_t)(b[bit / 8] ^ 1u << bit % 8);
    }
    assert_false(crypto_ct_eq(BYTES_OF(a), (struct bytes){b, 15}));
    assert_true(crypto_ct_eq((struct bytes){NULL, 0}, (struct bytes){a, 0}));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(aes_gives_the_block_of_fips_197_and_takes_it_back),
        cmocka_unit_test(several_blocks_at_once_and_in_place),
        cmocka_unit_test(a_key_stays_loaded_whatever_is_decrypted_meanwhile),
        cmocka_unit_test(encrypting_and_decrypting_are_inverse),
        cmocka_unit_test(nothing_is_encrypted_before_a_key_is_loaded),
        cmocka_unit_test(more_than_openssl_can_count_is_refused),
        cmocka_unit_test(sha256_gives_the_published_digests),
        cmocka_unit_test(hmac_sha256_gives_the_values_of_rfc_4231),
        cmocka_unit_test(an_empty_key_is_an_empty_key_and_not_the_one_before),
        cmocka_unit_test(random_octets_differ_and_fill_exactly_their_span),
        cmocka_unit_test(a_fork_does_not_repeat_random_octets),
        cmocka_unit_test(two_tables_do_not_share_a_key),
        cmocka_unit_test(closing_is_harmless_on_zeros_and_leaves_zeros),
        cmocka_unit_test(comparing_finds_every_single_bit),
    };
    return cmocka_run_group_tests_name("crypto/openssl", tests, open_crypto, close_crypto);
}
