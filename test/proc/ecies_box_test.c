/* proc/ecies_box.c: ECIES behind the key agreement, against the data of TS 33.501 C.4.4 and
 * against what libcrypto makes of the same numbers. */
#include "proc/certattach_rig.h"

#include <openssl/core_names.h>
#include <openssl/kdf.h>
#include <stdlib.h>

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

/* ---- the data of the specification ---- */

struct vector {
    uint8_t z[32], sent[33], plain[64], cipher[64], mac[8];
    size_t sent_n, n;
};

static void vector_of(json_t *set, struct vector *v)
{
    v->sent_n = strlen(json_string_value(json_object_get(set, "eph_pub"))) / 2;
    v->n = strlen(json_string_value(json_object_get(set, "pt"))) / 2;
    assert_in_range(v->n, 1, sizeof v->plain);
    vector_hex(set, "z", MBYTES_OF(v->z));
    vector_hex(set, "eph_pub", (struct mbytes){v->sent, v->sent_n});
    vector_hex(set, "pt", (struct mbytes){v->plain, v->n});
    vector_hex(set, "ct", (struct mbytes){v->cipher, v->n});
    vector_hex(set, "mac", MBYTES_OF(v->mac));
}

/* Profile A differs in the key agreement alone, which is not done here. Its tag is the first eight
 * octets of ours. */
/*= test certattach-box */
static void the_data_of_ts_33_501_comes_out(void **state)
{
    (void)state;
    json_t *sets = vectors_load(TEST_DATA, "ecies_33501_C4.json");
    assert_int_equal(json_array_size(sets), 4);
    for (size_t i = 0; i < 4; i++) {
        struct vector v;
        uint8_t out[64], tag[CERTATTACH_TAG_LEN];
        const struct bytes none = {NULL, 0};
        vector_of(json_array_get(sets, i), &v);
        const struct bytes sent = {v.sent, v.sent_n};
        assert_ok(ecies_seal(&crypto, v.z, sent, none, (struct bytes){v.plain, v.n}, out, tag));
        assert_memory_equal(out, v.cipher, v.n);
        assert_memory_equal(tag, v.mac, sizeof v.mac);
        assert_ok(ecies_open(&crypto, v.z, sent, none, (struct bytes){v.cipher, v.n}, tag, out));
        assert_memory_equal(out, v.plain, v.n);
    }
    json_decref(sets);
}

/* NIST CAVP's, with a shared secret of another length and more than one round, and those of
 * SGP.22's session keys. */
/*= test certattach-box dimsi-0c-ek */
static void the_kdf_gives_what_is_published_of_it(void **state)
{
    (void)state;
    json_t *sets = vectors_load(TEST_DATA, "x963kdf_sha256.json");
    assert_int_equal(json_array_size(sets), 3);
    for (size_t i = 0; i < json_array_size(sets); i++) {
        uint8_t z[32], info[32], want[128];
        json_t *set = json_array_get(sets, i);
        const size_t z_n = strlen(json_string_value(json_object_get(set, "z"))) / 2,
                     info_n = strlen(json_string_value(json_object_get(set, "info"))) / 2,
                     n = strlen(json_string_value(json_object_get(set, "out"))) / 2;
        assert_true(z_n <= sizeof z && info_n <= sizeof info && n <= sizeof want);
        vector_hex(set, "z", (struct mbytes){z, z_n});
        vector_hex(set, "info", (struct mbytes){info, info_n});
        vector_hex(set, "out", (struct mbytes){want, n});
        for (size_t k = 0; k <= n; k++) { /* each length is the longer one's beginning */
            uint8_t *exact = exact_copy((struct bytes){want, k});
            memset(exact, 0, k);
            assert_ok(x963_kdf(&crypto, (struct bytes){z, z_n}, (struct bytes){info, info_n},
                               (struct mbytes){exact, k}));
            assert_memory_equal(exact, want, k);
            free(exact);
        }
    }
    json_decref(sets);
}

static void the_kdf_gives_no_more_than_255_digests_and_nothing_when_it_fails(void **state)
{
    (void)state;
    static uint8_t out[255 * 32 + 1];
    struct failing f;
    const struct bytes z = BYTES_LIT("z"), info = BYTES_LIT("info");
    assert_ok(x963_kdf(&crypto, z, info, (struct mbytes){out, sizeof out - 1}));
    assert_err(x963_kdf(&crypto, z, info, MBYTES_OF(out)), E_NO_ROOM);
    failing_open(&f, &crypto, 3);
    memset(out, 1, sizeof out);
    assert_err(x963_kdf(&f.table, z, info, (struct mbytes){out, 96}), E_CRYPTO);
    for (size_t i = 0; i < 96; i++) {
        assert_int_equal(out[i], 0);
    }
    assert_int_equal(out[96], 1);
}

/* ---- libcrypto on the same numbers ---- */

static void x963(const uint8_t secret[static 32], struct bytes sent, uint8_t out[static 64])
{
    uint8_t key[32], info[CERTATTACH_SENT_MAX];
    char digest[] = "SHA256";
    memcpy(key, secret, sizeof key);
    memcpy(info, sent.p, sent.n);
    const OSSL_PARAM params[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_KDF_PARAM_DIGEST, digest, 0),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_KEY, key, sizeof key),
        OSSL_PARAM_construct_octet_string(OSSL_KDF_PARAM_INFO, info, sent.n),
        OSSL_PARAM_construct_end()};
    EVP_KDF *kdf = EVP_KDF_fetch(NULL, "X963KDF", NULL);
    EVP_KDF_CTX *ctx = EVP_KDF_CTX_new(kdf);
    assert_int_equal(EVP_KDF_derive(ctx, out, 64, params), 1);
    EVP_KDF_CTX_free(ctx);
    EVP_KDF_free(kdf);
}

static void ctr(const uint8_t keys[static 32], struct bytes in, uint8_t *out)
{
    int n = 0;
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    assert_int_equal(EVP_EncryptInit_ex(ctx, EVP_aes_128_ctr(), NULL, keys, keys + 16), 1);
    assert_int_equal(EVP_EncryptUpdate(ctx, out, &n, in.p, (int)in.n), 1);
    assert_int_equal(n, in.n);
    EVP_CIPHER_CTX_free(ctx);
}

static void hmac(const uint8_t *key, struct bytes a, struct bytes b, uint8_t out[static 32])
{
    uint8_t both[1200];
    size_t n = 32;
    memcpy(both, a.p, a.n);
    memcpy(both + a.n, b.p, b.n);
    assert_non_null(
        EVP_Q_mac(NULL, "HMAC", NULL, "SHA256", NULL, key, 32, both, a.n + b.n, out, 32, &n));
}

static void libcrypto_computes_the_same_of_every_length(void **state)
{
    (void)state;
    uint64_t seed = 7;
    uint8_t plain[CERTATTACH_PROFILE_MAX], out[sizeof plain], want[sizeof plain];
    for (size_t n = 0; n <= sizeof plain; n += n < 140 ? 1 : 53) {
        uint8_t secret[32], keys[64], tag[32], want_tag[32], sent[256], info[60];
        for (size_t i = 0; i < sizeof sent; i++) {
            sent[i] = (uint8_t)test_rand(&seed);
            plain[i % sizeof plain] = (uint8_t)test_rand(&seed);
            secret[i % 32] = (uint8_t)test_rand(&seed);
            info[i % sizeof info] = (uint8_t)test_rand(&seed);
        }
        const struct bytes s = {sent, n % 2 == 0 ? 33 : sizeof sent};
        uint8_t *in = exact_copy((struct bytes){plain, n});
        uint8_t *made = exact_copy((struct bytes){plain, n}); /* exactly so much room */
        assert_ok(ecies_seal(&crypto, secret, s, BYTES_OF(info), (struct bytes){in, n}, made, tag));
        x963(secret, s, keys);
        ctr(keys, (struct bytes){plain, n}, want);
        assert_memory_equal(made, want, n);
        hmac(keys + 32, (struct bytes){want, n}, BYTES_OF(info), want_tag);
        assert_memory_equal(tag, want_tag, sizeof tag);
        assert_ok(
            ecies_open(&crypto, secret, s, BYTES_OF(info), (struct bytes){made, n}, tag, out));
        assert_memory_equal(out, plain, n);
        free(in);
        free(made);
    }
}

/* A KDF that gives ff.. as the initial counter block: the carry goes through all of it. */
static enum err all_ones(void *ctx, const struct bytes *parts, size_t n, uint8_t out[static 32])
{
    (void)ctx;
    (void)parts;
    (void)n;
    memset(out, 0xff, 32);
    return E_OK;
}

static void the_counter_goes_over_all_of_its_octets(void **state)
{
    (void)state;
    uint8_t secret[32] = {0}, keys[32], plain[80] = {0}, out[80], want[80], tag[32];
    struct crypto ones = crypto;
    ones.sha256 = all_ones;
    memset(keys, 0xff, sizeof keys);
    assert_ok(ecies_seal(&ones, secret, BYTES_LIT("x"), (struct bytes){NULL, 0}, BYTES_OF(plain),
                         out, tag));
    ctr(keys, BYTES_OF(plain), want);
    assert_memory_equal(out, want, sizeof want);
}

static void it_is_encrypted_and_decrypted_in_its_place_too(void **state)
{
    (void)state;
    uint8_t secret[32] = {1}, text[100], tag[32];
    memset(text, 'p', sizeof text);
    assert_ok(ecies_seal(&crypto, secret, BYTES_LIT("sent"), BYTES_LIT("info"), BYTES_OF(text),
                         text, tag));
    assert_int_not_equal(text[0], 'p');
    assert_ok(ecies_open(&crypto, secret, BYTES_LIT("sent"), BYTES_LIT("info"), BYTES_OF(text), tag,
                         text));
    for (size_t i = 0; i < sizeof text; i++) {
        assert_int_equal(text[i], 'p');
    }
}

/* ---- what does not open ---- */

struct box {
    uint8_t secret[32], sent[33], info[20], cipher[50], tag[32];
};

static struct box box_make(void)
{
    struct box b;
    uint8_t plain[50];
    memset(plain, 'p', sizeof plain);
    memset(b.secret, 1, sizeof b.secret);
    memset(b.sent, 2, sizeof b.sent);
    memset(b.info, 3, sizeof b.info);
    assert_ok(ecies_seal(&crypto, b.secret, BYTES_OF(b.sent), BYTES_OF(b.info), BYTES_OF(plain),
                         b.cipher, b.tag));
    return b;
}

static enum err box_open(const struct crypto *c, const struct box *b, uint8_t *out)
{
    return ecies_open(c, b->secret, BYTES_OF(b->sent), BYTES_OF(b->info), BYTES_OF(b->cipher),
                      b->tag, out);
}

/*= test certattach-bound-box */
static void every_bit_of_what_goes_in_keeps_it_shut_and_nothing_comes_out(void **state)
{
    (void)state;
    uint8_t out[50], untouched[50];
    memset(untouched, 0x5c, sizeof untouched);
    struct box b = box_make();
    for (size_t i = 0; i < sizeof b; i++) {
        for (unsigned bit = 0; bit < 8; bit++) {
            ((uint8_t *)&b)[i] ^= (uint8_t)(1U << bit);
            memcpy(out, untouched, sizeof out);
            assert_err(box_open(&crypto, &b, out), E_BAD_MAC);
            assert_memory_equal(out, untouched, sizeof out);
            ((uint8_t *)&b)[i] ^= (uint8_t)(1U << bit);
        }
    }
    assert_ok(box_open(&crypto, &b, out));
    assert_int_equal(out[0], 'p');
}

static void what_it_is_bound_to_cannot_be_left_out(void **state)
{
    (void)state;
    uint8_t out[50];
    const struct box b = box_make();
    assert_err(ecies_open(&crypto, b.secret, BYTES_OF(b.sent), (struct bytes){NULL, 0},
                          BYTES_OF(b.cipher), b.tag, out),
               E_BAD_MAC);
    assert_err(ecies_open(&crypto, b.secret, BYTES_OF(b.sent),
                          (struct bytes){b.info, sizeof b.info - 1}, BYTES_OF(b.cipher), b.tag,
                          out),
               E_BAD_MAC);
}

static void a_library_that_fails_at_any_call_leaves_nothing_behind(void **state)
{
    (void)state;
    const uint8_t secret[32] = {1}, zeros[150] = {0};
    uint8_t plain[150], out[150], tag[32];
    struct failing f;
    enum err err = E_CRYPTO;
    memset(plain, 'p', sizeof plain);
    for (unsigned at = 1; err != E_OK; at++) {
        assert_in_range(at, 1, 20);
        failing_open(&f, &crypto, at);
        memset(out, 0, sizeof out);
        err =
            ecies_seal(&f.table, secret, BYTES_LIT("s"), BYTES_LIT("i"), BYTES_OF(plain), out, tag);
        /* the tag comes last: what was encrypted by then is no secret */
        assert_true(err == E_OK || err == E_CRYPTO);
    }
    memcpy(plain, out, sizeof out);
    err = E_CRYPTO;
    for (unsigned at = 1; err != E_OK; at++) {
        assert_in_range(at, 1, 20);
        failing_open(&f, &crypto, at);
        memset(out, 0, sizeof out);
        err =
            ecies_open(&f.table, secret, BYTES_LIT("s"), BYTES_LIT("i"), BYTES_OF(plain), tag, out);
        assert_true(err == E_OK || memcmp(out, zeros, sizeof out) == 0);
    }
    assert_int_equal(out[149], 'p');
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_data_of_ts_33_501_comes_out),
        cmocka_unit_test(the_kdf_gives_what_is_published_of_it),
        cmocka_unit_test(the_kdf_gives_no_more_than_255_digests_and_nothing_when_it_fails),
        cmocka_unit_test(libcrypto_computes_the_same_of_every_length),
        cmocka_unit_test(the_counter_goes_over_all_of_its_octets),
        cmocka_unit_test(it_is_encrypted_and_decrypted_in_its_place_too),
        cmocka_unit_test(every_bit_of_what_goes_in_keeps_it_shut_and_nothing_comes_out),
        cmocka_unit_test(what_it_is_bound_to_cannot_be_left_out),
        cmocka_unit_test(a_library_that_fails_at_any_call_leaves_nothing_behind),
    };
    return cmocka_run_group_tests_name("proc/ecies_box", tests, open_crypto, close_crypto);
}
