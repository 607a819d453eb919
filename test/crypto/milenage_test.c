#include "lib/check.h"

#include "crypto/milenage.h"
#include "crypto/openssl.h"
#include <string.h>

#define SETS 15 /* TS 35.208 4.3 to 4.17; the file is the list of all */

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

struct set {
    struct aka_keys keys;
    struct key_op op;
    struct rand128 rand;
    uint64_t sqn;
    uint16_t amf;
};

static struct set set_of(json_t *j)
{
    struct set s = {.keys = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8}};
    uint8_t sqn[6];
    uint8_t amf[2];
    s.op.n = 16;
    vector_hex(j, "k", (struct mbytes){s.keys.k.b, 16});
    vector_hex(j, "op", (struct mbytes){s.op.b, 16});
    vector_hex(j, "opc", (struct mbytes){s.keys.opc.b, 16});
    vector_hex(j, "rand", MBYTES_OF(s.rand.b));
    vector_hex(j, "sqn", MBYTES_OF(sqn));
    vector_hex(j, "amf", MBYTES_OF(amf));
    for (size_t i = 0; i < 6; i++) {
        s.sqn = s.sqn << 8 | sqn[i];
    }
    s.amf = (uint16_t)(amf[0] << 8 | amf[1]);
    return s;
}

static void assert_hex(json_t *j, const char *key, const uint8_t *got, size_t n)
{
    uint8_t want[32];
    vector_hex(j, key, (struct mbytes){want, n});
    assert_memory_equal(got, want, n);
}

static void assert_f2345(json_t *j, const struct aka_f12345 *f)
{
    assert_int_equal(f->res.n, 8);
    assert_hex(j, "f2", f->res.b, 8);
    assert_hex(j, "f3", f->ck.b, 16);
    assert_hex(j, "f4", f->ik.b, 16);
    assert_hex(j, "f5", f->ak.b, 6);
}

static void check_set(json_t *j)
{
    struct set s = set_of(j);
    struct key_opc opc;
    assert_ok(milenage_opc(&crypto, &s.keys.k, &s.op, &opc));
    assert_int_equal(opc.n, 16);
    assert_hex(j, "opc", opc.b, 16);
    struct aka_f12345 f;
    memset(&f, 0xff, sizeof f);
    assert_ok(milenage_f12345(&crypto, &s.keys, &s.rand, s.sqn, s.amf, &f));
    assert_hex(j, "f1", f.mac_a, 8);
    assert_f2345(j, &f);
    memset(&f, 0xff, sizeof f);
    assert_ok(milenage_f2345(&crypto, &s.keys, &s.rand, &f));
    assert_memory_equal(f.mac_a, "\0\0\0\0\0\0\0\0", 8);
    assert_f2345(j, &f);
    uint8_t mac[8];
    assert_ok(milenage_f1(&crypto, &s.keys, &s.rand, s.sqn, s.amf, mac));
    assert_hex(j, "f1", mac, 8);
    assert_ok(milenage_f1star(&crypto, &s.keys, &s.rand, s.sqn, s.amf, mac));
    assert_hex(j, "f1star", mac, 8);
    struct key_ak ak;
    assert_ok(milenage_f5star(&crypto, &s.keys, &s.rand, &ak));
    assert_hex(j, "f5star", ak.b, 6);
}

static void every_value_of_every_published_set_is_met(void **state)
{
    (void)state;
    json_t *sets = vectors_load(TEST_DATA, "milenage.json");
    assert_int_equal(json_array_size(sets), SETS);
    for (size_t i = 0; i < SETS; i++) {
        check_set(json_array_get(sets, i));
    }
    json_decref(sets);
}

static void the_dispatch_gives_what_milenage_gives(void **state)
{
    (void)state;
    json_t *sets = vectors_load(TEST_DATA, "milenage.json");
    for (size_t i = 0; i < SETS; i++) {
        json_t *j = json_array_get(sets, i);
        struct set s = set_of(j);
        struct aka_f12345 f;
        struct key_ak ak;
        struct key_opc opc;
        uint8_t mac[8];
        assert_ok(aka_opc(&crypto, AKA_MILENAGE, 0, &s.keys.k, &s.op, &opc));
        assert_hex(j, "opc", opc.b, 16);
        assert_ok(aka_f12345(&crypto, &s.keys, &s.rand, s.sqn, s.amf, &f));
        assert_hex(j, "f1", f.mac_a, 8);
        assert_f2345(j, &f);
        assert_ok(aka_f2345(&crypto, &s.keys, &s.rand, &f));
        assert_f2345(j, &f);
        assert_ok(aka_f1(&crypto, &s.keys, &s.rand, s.sqn, s.amf, mac));
        assert_hex(j, "f1", mac, 8);
        assert_ok(aka_f1star(&crypto, &s.keys, &s.rand, s.sqn, s.amf, mac));
        assert_hex(j, "f1star", mac, 8);
        assert_ok(aka_f5star(&crypto, &s.keys, &s.rand, &ak));
        assert_hex(j, "f5star", ak.b, 6);
    }
    json_decref(sets);
}

/* Every function of the set over these keys; all must answer `want` and write nothing. */
static void assert_all_refuse(const struct crypto *c, const struct aka_keys *keys, enum err want)
{
    const struct rand128 rand = {{1}};
    struct aka_f12345 f;
    struct aka_f12345 before;
    memset(&f, 0x5a, sizeof f);
    memcpy(&before, &f, sizeof f);
    uint8_t mac[8] = {0x5a};
    struct key_ak ak = {{0x5a}};
    assert_err(aka_f12345(c, keys, &rand, 1, 1, &f), want);
    assert_err(aka_f2345(c, keys, &rand, &f), want);
    assert_err(aka_f1(c, keys, &rand, 1, 1, mac), want);
    assert_err(aka_f1star(c, keys, &rand, 1, 1, mac), want);
    assert_err(aka_f5star(c, keys, &rand, &ak), want);
    assert_memory_equal(&f, &before, sizeof f);
    assert_memory_equal(mac, "\x5a\0\0\0\0\0\0\0", 8);
    assert_memory_equal(ak.b, "\x5a\0\0\0\0\0", 6);
}

static void lengths_that_are_not_milenages_are_refused(void **state)
{
    (void)state;
    const struct aka_keys good = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8};
    assert_ok(aka_keys_check(&good));
    static const uint8_t bad[] = {0, 4, 15, 17, 32, 255};
    for (size_t i = 0; i < sizeof bad; i++) {
        struct aka_keys k = good;
        struct aka_keys opc = good;
        struct aka_keys res = good;
        k.k.n = opc.opc.n = res.res_len = bad[i];
        assert_all_refuse(&crypto, &k, E_BAD_LENGTH);
        assert_all_refuse(&crypto, &opc, E_BAD_LENGTH);
        assert_all_refuse(&crypto, &res, E_BAD_LENGTH);
        struct rand128 rand = {{0}};
        struct key_ak ak;
        assert_err(milenage_f5star(&crypto, &k, &rand, &ak), E_BAD_LENGTH);
        struct key_op op = {.n = 16};
        struct key_op bad_op = {.n = bad[i]};
        struct key_opc out = {.n = 0x5a};
        assert_err(aka_opc(&crypto, AKA_MILENAGE, 0, &k.k, &op, &out), E_BAD_LENGTH);
        assert_err(aka_opc(&crypto, AKA_MILENAGE, 0, &good.k, &bad_op, &out), E_BAD_LENGTH);
        assert_int_equal(out.n, 0x5a);
    }
}

static void an_algorithm_that_is_none_is_refused(void **state)
{
    (void)state;
    struct aka_keys keys = {.k.n = 16, .opc.n = 16, .res_len = 8};
    assert_all_refuse(&crypto, &keys, E_BAD_VALUE);
    keys.algorithm = (enum aka_algorithm)3;
    assert_all_refuse(&crypto, &keys, E_BAD_VALUE);
    struct key_op op = {.n = 16};
    struct key_opc out;
    assert_err(aka_opc(&crypto, keys.algorithm, 0, &keys.k, &op, &out), E_BAD_VALUE);
}

static void algorithms_have_names(void **state)
{
    (void)state;
    enum aka_algorithm a = AKA_TUAK;
    assert_ok(aka_algorithm_parse(BYTES_LIT("milenage"), &a));
    assert_int_equal(a, AKA_MILENAGE);
    assert_ok(aka_algorithm_parse(BYTES_LIT("tuak"), &a));
    assert_int_equal(a, AKA_TUAK);
    assert_err(aka_algorithm_parse(BYTES_LIT("Milenage"), &a), E_BAD_VALUE);
    assert_err(aka_algorithm_parse(BYTES_LIT("unknown"), &a), E_BAD_VALUE);
    assert_err(aka_algorithm_parse(BYTES_LIT(""), &a), E_BAD_VALUE);
    assert_int_equal(a, AKA_TUAK);
    assert_non_null(aka_algorithm_name((enum aka_algorithm)0));
}

/* A table whose AES works for a given number of calls and then fails. */
struct failing {
    int left;
};

static enum err failing_key(void *ctx, const uint8_t key[static 16])
{
    struct failing *f = ctx;
    return f->left-- > 0 ? crypto.aes128_key(crypto.ctx, key) : E_CRYPTO;
}

static enum err failing_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct failing *f = ctx;
    return f->left-- > 0 ? crypto.aes128_encrypt(crypto.ctx, in, out, blocks) : E_CRYPTO;
}

static void a_failure_of_aes_at_any_call_is_reported_and_nothing_is_written(void **state)
{
    (void)state;
    const struct aka_keys keys = {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8};
    const struct rand128 rand = {{1}};
    struct failing failing;
    struct crypto c = {
        .ctx = &failing, .aes128_key = failing_key, .aes128_encrypt = failing_encrypt};
    for (int left = 0; left < 3; left++) {
        struct aka_f12345 f = {.mac_a = {0x5a}};
        struct aka_f12345 before = f;
        uint8_t mac[8] = {0x5a};
        struct key_ak ak = {{0x5a}};
        failing.left = left;
        assert_err(milenage_f12345(&c, &keys, &rand, 1, 1, &f), E_CRYPTO);
        failing.left = left;
        assert_err(milenage_f2345(&c, &keys, &rand, &f), E_CRYPTO);
        failing.left = left;
        assert_err(milenage_f1(&c, &keys, &rand, 1, 1, mac), E_CRYPTO);
        failing.left = left;
        assert_err(milenage_f1star(&c, &keys, &rand, 1, 1, mac), E_CRYPTO);
        failing.left = left;
        assert_err(milenage_f5star(&c, &keys, &rand, &ak), E_CRYPTO);
        assert_memory_equal(&f, &before, sizeof f);
        assert_int_equal(mac[0], 0x5a);
        assert_int_equal(ak.b[0], 0x5a);
    }
    struct key_op op = {.n = 16};
    struct key_opc opc = {.n = 0x5a};
    for (int left = 0; left < 2; left++) {
        failing.left = left;
        assert_err(milenage_opc(&c, &keys.k, &op, &opc), E_CRYPTO);
    }
    assert_int_equal(opc.n, 0x5a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_published_set_is_met),
        cmocka_unit_test(the_dispatch_gives_what_milenage_gives),
        cmocka_unit_test(lengths_that_are_not_milenages_are_refused),
        cmocka_unit_test(an_algorithm_that_is_none_is_refused),
        cmocka_unit_test(algorithms_have_names),
        cmocka_unit_test(a_failure_of_aes_at_any_call_is_reported_and_nothing_is_written),
    };
    return cmocka_run_group_tests_name("crypto/milenage", tests, open_crypto, close_crypto);
}
