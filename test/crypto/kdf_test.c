#include "lib/check.h"

#include "crypto/kdf.h"
#include "crypto/openssl.h"
#include <string.h>

#define SETS 1

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

static void assert_hex(json_t *j, const char *key, const uint8_t *got, size_t n)
{
    uint8_t want[32];
    vector_hex(j, key, (struct mbytes){want, n});
    assert_memory_equal(got, want, n);
}

static void check_set(json_t *j)
{
    struct key_ck ck;
    struct key_ik ik;
    uint8_t sn[3];
    uint8_t sqn[6];
    uint8_t ak[6];
    vector_hex(j, "ck", MBYTES_OF(ck.b));
    vector_hex(j, "ik", MBYTES_OF(ik.b));
    vector_hex(j, "plmn", MBYTES_OF(sn));
    vector_hex(j, "sqn", MBYTES_OF(sqn));
    vector_hex(j, "ak", MBYTES_OF(ak));
    for (size_t i = 0; i < 6; i++) {
        sqn[i] ^= ak[i];
    }
    struct key_kasme kasme;
    assert_ok(kdf_kasme(&crypto, &ck, &ik, sn, sqn, &kasme));
    assert_hex(j, "kasme", kasme.b, 32);
    struct key_knasenc knasenc;
    assert_ok(kdf_knasenc(&crypto, &kasme, 2, &knasenc));
    assert_hex(j, "knasenc_eea2", knasenc.b, 16);
    struct key_knasint knasint;
    assert_ok(kdf_knasint(&crypto, &kasme, 2, &knasint));
    assert_hex(j, "knasint_eia2", knasint.b, 16);
    struct key_kenb kenb;
    assert_ok(kdf_kenb(&crypto, &kasme, 0, &kenb));
    assert_hex(j, "kenb_ulcount0", kenb.b, 32);
}

static void every_value_of_every_set_is_met(void **state)
{
    (void)state;
    json_t *sets = vectors_load(TEST_DATA, "kdf_33401.json");
    assert_int_equal(json_array_size(sets), SETS);
    for (size_t i = 0; i < SETS; i++) {
        check_set(json_array_get(sets, i));
    }
    json_decref(sets);
}

/* The string S of TS 33.220 B.2, written out by hand, gives the same KeNB. */
static void the_nas_count_stands_in_network_order(void **state)
{
    (void)state;
    const struct key_kasme kasme = {{9}};
    static const uint8_t s[] = {0x11, 0x01, 0x02, 0x03, 0x04, 0x00, 0x04};
    const struct bytes part = BYTES_OF(s);
    struct key_kenb kenb;
    uint8_t want[32];
    assert_ok(kdf_kenb(&crypto, &kasme, 0x01020304, &kenb));
    assert_ok(crypto.hmac_sha256(crypto.ctx, BYTES_OF(kasme.b), &part, 1, want));
    assert_memory_equal(kenb.b, want, 32);
}

/* FC 0x12 and the 32 octets of SYNC-input (A.4), written out by hand. */
static void the_next_hop_follows_from_the_sync_input(void **state)
{
    (void)state;
    const struct key_kasme kasme = {{9}};
    uint8_t s[35] = {0x12};
    memset(s + 1, 0x5a, 32);
    s[34] = 32;
    const struct bytes part = BYTES_OF(s);
    struct key_nh nh;
    uint8_t want[32];
    assert_ok(kdf_nh(&crypto, &kasme, s + 1, &nh));
    assert_ok(crypto.hmac_sha256(crypto.ctx, BYTES_OF(kasme.b), &part, 1, want));
    assert_memory_equal(nh.b, want, 32);
}

static void every_input_of_kasme_changes_it(void **state)
{
    (void)state;
    struct key_ck ck = {{0}};
    struct key_ik ik = {{0}};
    uint8_t sn[3] = {0};
    uint8_t sqn[6] = {0};
    struct key_kasme zero;
    assert_ok(kdf_kasme(&crypto, &ck, &ik, sn, sqn, &zero));
    uint8_t *const inputs[] = {ck.b, ik.b, sn, sqn};
    const size_t lengths[] = {16, 16, 3, 6};
    for (size_t i = 0; i < 4; i++) {
        for (size_t bit = 0; bit < 8 * lengths[i]; bit++) {
            struct key_kasme other;
            inputs[i][bit / 8] = (uint8_t)(inputs[i][bit / 8] ^ 1u << bit % 8);
            assert_ok(kdf_kasme(&crypto, &ck, &ik, sn, sqn, &other));
            assert_memory_not_equal(&zero, &other, sizeof zero);
            inputs[i][bit / 8] = (uint8_t)(inputs[i][bit / 8] ^ 1u << bit % 8);
        }
    }
}

/* The value is of Python's hmac:
 * hmac.new(bytes(range(32)), b"\0\x0ddevid channel\0\x20" + bytes(range(64, 96)), "sha256") */
static void a_label_and_its_items_have_their_lengths_before_them(void **state)
{
    (void)state;
    uint8_t key[32], nonce[32], want[32], got[32];
    for (uint8_t i = 0; i < 32; i++) {
        key[i] = i;
        nonce[i] = (uint8_t)(64 + i);
    }
    const struct bytes item = BYTES_OF(nonce);
    assert_ok(hex_decode("c33ce8a4e5b5b54262c84d96f717071bc2f8259e3e9b27a5dcdd43de86960c59",
                         MBYTES_OF(want)));
    assert_ok(kdf_own(&crypto, BYTES_OF(key), "devid channel", &item, 1, got));
    assert_memory_equal(got, want, 32);
}

/* The same octets, divided otherwise, are another input. */
static void where_one_item_ends_and_the_next_begins_counts(void **state)
{
    (void)state;
    static const uint8_t key[32] = {1};
    const struct bytes divided[][2] = {{BYTES_LIT("ab"), BYTES_LIT("c")},
                                       {BYTES_LIT("a"), BYTES_LIT("bc")},
                                       {BYTES_LIT("abc"), BYTES_LIT("")},
                                       {BYTES_LIT(""), BYTES_LIT("abc")}};
    uint8_t got[4][32], one[32];
    for (size_t i = 0; i < 4; i++) {
        assert_ok(kdf_own(&crypto, BYTES_OF(key), "label", divided[i], 2, got[i]));
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(got[i], got[j], 32);
        }
    }
    assert_ok(kdf_own(&crypto, BYTES_OF(key), "label", divided[2], 1, one));
    assert_memory_not_equal(one, got[2], 32);
}

static void what_does_not_fit_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const uint8_t key[32] = {1}, zero[32] = {0};
    static const uint8_t octets[0x10000 + 8] = {0};
    uint8_t out[32] = {0};
    /* two lengths and the label take up nine octets */
    struct bytes item = {octets, KDF_OWN_MAX - 8};
    assert_err(kdf_own(&crypto, BYTES_OF(key), "label", &item, 1, out), E_NO_ROOM);
    item.n = 0x10000 + 3; /* whose length in two octets would be 3 */
    assert_err(kdf_own(&crypto, BYTES_OF(key), "label", &item, 1, out), E_NO_ROOM);
    assert_memory_equal(out, zero, 32);
    item.n = KDF_OWN_MAX - 9;
    assert_ok(kdf_own(&crypto, BYTES_OF(key), "label", &item, 1, out));
    assert_memory_not_equal(out, zero, 32);
}

static enum err no_hmac(void *ctx, struct bytes key, const struct bytes *parts, size_t n_parts,
                        uint8_t out[static 32])
{
    (void)ctx;
    (void)key;
    (void)parts;
    (void)n_parts;
    memset(out, 0xee, 32); /* a table may leave anything there when it fails */
    return E_CRYPTO;
}

static void a_failure_is_reported_and_nothing_is_written(void **state)
{
    (void)state;
    const struct crypto c = {.hmac_sha256 = no_hmac};
    const struct key_ck ck = {{0}};
    const struct key_ik ik = {{0}};
    static const uint8_t zero[32] = {0};
    struct key_kasme kasme = {{0}};
    struct key_knasenc knasenc = {{0}};
    struct key_knasint knasint = {{0}};
    struct key_nh nh = {{0}};
    struct key_kenb kenb = {{0}};
    assert_err(kdf_kasme(&c, &ck, &ik, zero, zero, &kasme), E_CRYPTO);
    assert_err(kdf_knasenc(&c, &kasme, 2, &knasenc), E_CRYPTO);
    assert_err(kdf_knasint(&c, &kasme, 2, &knasint), E_CRYPTO);
    assert_err(kdf_nh(&c, &kasme, zero, &nh), E_CRYPTO);
    assert_err(kdf_kenb(&c, &kasme, 0, &kenb), E_CRYPTO);
    assert_err(kdf_own(&c, BYTES_OF(zero), "label", NULL, 0, kasme.b), E_CRYPTO);
    assert_memory_equal(kasme.b, zero, 32);
    assert_memory_equal(knasenc.b, zero, 16);
    assert_memory_equal(knasint.b, zero, 16);
    assert_memory_equal(nh.b, zero, 32);
    assert_memory_equal(kenb.b, zero, 32);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_set_is_met),
        cmocka_unit_test(the_nas_count_stands_in_network_order),
        cmocka_unit_test(the_next_hop_follows_from_the_sync_input),
        cmocka_unit_test(every_input_of_kasme_changes_it),
        cmocka_unit_test(a_label_and_its_items_have_their_lengths_before_them),
        cmocka_unit_test(where_one_item_ends_and_the_next_begins_counts),
        cmocka_unit_test(what_does_not_fit_is_refused_and_nothing_is_written),
        cmocka_unit_test(a_failure_is_reported_and_nothing_is_written),
    };
    return cmocka_run_group_tests_name("crypto/kdf", tests, open_crypto, close_crypto);
}
