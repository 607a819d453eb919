#include "lib/check.h"

#include "crypto/aka_functions.h"
#include "crypto/tuak.h"
#include <string.h>

#define SETS 4 /* TS 35.233 6.3 to 6.6; the file is the list of all */

/* Hex of any length up to `room` octets; returns how many. */
static size_t any_hex(json_t *j, const char *key, uint8_t *out, size_t room)
{
    const char *hex = json_string_value(json_object_get(j, key));
    assert_non_null(hex);
    size_t n = strlen(hex) / 2;
    assert_true(n <= room);
    assert_ok(hex_decode(hex, (struct mbytes){out, n}));
    return n;
}

static uint64_t number(json_t *j, const char *key)
{
    uint8_t b[8];
    size_t n = any_hex(j, key, b, sizeof b);
    uint64_t v = 0;
    for (size_t i = 0; i < n; i++) {
        v = v << 8 | b[i];
    }
    return v;
}

struct set {
    uint8_t k[32];
    uint8_t top[32];
    uint8_t topc[32];
    struct tuak t;
    struct rand128 rand;
    uint64_t sqn;
    uint16_t amf;
};

static void set_read(json_t *j, struct set *s)
{
    s->t.k = (struct bytes){s->k, any_hex(j, "k", s->k, sizeof s->k)};
    s->t.topc = (struct bytes){s->topc, any_hex(j, "topc", s->topc, sizeof s->topc)};
    s->t.iterations = (unsigned)json_integer_value(json_object_get(j, "it"));
    assert_int_equal(any_hex(j, "top", s->top, sizeof s->top), 32);
    vector_hex(j, "rand", MBYTES_OF(s->rand.b));
    s->sqn = number(j, "sqn");
    s->amf = (uint16_t)number(j, "amf");
}

static void assert_hex(json_t *j, const char *key, const uint8_t *got, size_t n)
{
    uint8_t want[32];
    assert_int_equal(any_hex(j, key, want, sizeof want), n);
    assert_memory_equal(got, want, n);
}

static size_t length_of(json_t *j, const char *key)
{
    return strlen(json_string_value(json_object_get(j, key))) / 2;
}

static void check_set(json_t *j)
{
    struct set s;
    uint8_t a[32];
    uint8_t b[32];
    uint8_t d[32];
    struct key_ak ak;
    set_read(j, &s);
    struct tuak top = {.k = s.t.k, .topc = BYTES_OF(s.top), .iterations = s.t.iterations};
    assert_ok(tuak_topc(&top, a));
    assert_hex(j, "topc", a, 32);
    size_t mac = length_of(j, "f1");
    assert_ok(tuak_f1(&s.t, &s.rand, s.sqn, s.amf, (struct mbytes){a, mac}));
    assert_hex(j, "f1", a, mac);
    assert_ok(tuak_f1star(&s.t, &s.rand, s.sqn, s.amf, (struct mbytes){a, mac}));
    assert_hex(j, "f1star", a, mac);
    struct mbytes res = {a, length_of(j, "f2")};
    struct mbytes ck = {b, length_of(j, "f3")};
    struct mbytes ik = {d, length_of(j, "f4")};
    assert_ok(tuak_f2345(&s.t, &s.rand, res, ck, ik, &ak));
    assert_hex(j, "f2", res.p, res.n);
    assert_hex(j, "f3", ck.p, ck.n);
    assert_hex(j, "f4", ik.p, ik.n);
    assert_hex(j, "f5", ak.b, 6);
    assert_ok(tuak_f5star(&s.t, &s.rand, &ak));
    assert_hex(j, "f5star", ak.b, 6);
}

static void every_value_of_every_published_set_is_met(void **state)
{
    (void)state;
    json_t *sets = vectors_load(TEST_DATA, "tuak.json");
    assert_int_equal(json_array_size(sets), SETS);
    for (size_t i = 0; i < SETS; i++) {
        check_set(json_array_get(sets, i));
    }
    json_decref(sets);
}

/* Set 1 has the lengths of an AUTN. */
static void the_dispatch_gives_what_tuak_gives(void **state)
{
    (void)state;
    json_t *sets = vectors_load(TEST_DATA, "tuak.json");
    json_t *j = json_array_get(sets, 0);
    struct set s;
    set_read(j, &s);
    const struct crypto none = {0}; /* TUAK needs no table */
    struct aka_keys keys = {.algorithm = AKA_TUAK, .k.n = 16, .res_len = 4};
    struct key_op op = {.n = 32};
    memcpy(keys.k.b, s.k, 16);
    memcpy(op.b, s.top, 32);
    assert_ok(aka_opc(&none, AKA_TUAK, 1, &keys.k, &op, &keys.opc));
    assert_int_equal(keys.opc.n, 32);
    assert_hex(j, "topc", keys.opc.b, 32);
    struct aka_f12345 f;
    assert_ok(aka_f12345(&none, &keys, &s.rand, s.sqn, s.amf, &f));
    assert_hex(j, "f1", f.mac_a, 8);
    assert_hex(j, "f2", f.res.b, f.res.n);
    assert_hex(j, "f3", f.ck.b, 16);
    assert_hex(j, "f4", f.ik.b, 16);
    assert_hex(j, "f5", f.ak.b, 6);
    uint8_t mac[8];
    struct key_ak ak;
    assert_ok(aka_f1(&none, &keys, &s.rand, s.sqn, s.amf, mac));
    assert_hex(j, "f1", mac, 8);
    assert_ok(aka_f1star(&none, &keys, &s.rand, s.sqn, s.amf, mac));
    assert_hex(j, "f1star", mac, 8);
    assert_ok(aka_f5star(&none, &keys, &s.rand, &ak));
    assert_hex(j, "f5star", ak.b, 6);
    assert_ok(aka_f2345(&none, &keys, &s.rand, &f));
    assert_memory_equal(f.mac_a, "\0\0\0\0\0\0\0\0", 8);
    assert_hex(j, "f3", f.ck.b, 16);
    json_decref(sets);
}

/* The state that Keccak's designers publish for an input of all zeros. */
static void keccak_f1600_of_zero_is_the_published_state(void **state)
{
    (void)state;
    uint64_t a[25] = {0};
    keccak_f1600(a);
    assert_true(a[0] == UINT64_C(0xf1258f7940e1dde7));
    assert_true(a[1] == UINT64_C(0x84d5ccf933c0478a));
    assert_true(a[24] == UINT64_C(0xeaf1ff7b5ceca249));
    keccak_f1600(a);
    assert_true(a[0] == UINT64_C(0x2d5c954df96ecb3c));
}

static void the_number_of_iterations_counts_and_none_is_one(void **state)
{
    (void)state;
    uint8_t k[16] = {1};
    uint8_t topc[32] = {2};
    uint8_t mac[4][8];
    const struct rand128 rand = {{3}};
    for (unsigned i = 0; i < 4; i++) {
        struct tuak t = {.k = BYTES_OF(k), .topc = BYTES_OF(topc), .iterations = i};
        assert_ok(tuak_f1(&t, &rand, 4, 5, MBYTES_OF(mac[i])));
    }
    assert_memory_equal(mac[0], mac[1], 8);
    assert_memory_not_equal(mac[1], mac[2], 8);
    assert_memory_not_equal(mac[2], mac[3], 8);
}

static void lengths_that_ts_35_231_does_not_know_are_refused(void **state)
{
    (void)state;
    uint8_t buf[64] = {0};
    uint8_t k[33] = {0};
    const struct rand128 rand = {{0}};
    struct key_ak ak = {{0x5a}};
    const struct tuak good = {.k = {k, 16}, .topc = {k, 32}};
    for (size_t n = 0; n <= 33; n++) {
        bool mac = n == 8 || n == 16 || n == 32;
        bool res = mac || n == 4;
        bool key = n == 16 || n == 32;
        struct mbytes out = {buf, n};
        struct mbytes ok = {buf + 32, 16};
        assert_err(tuak_f1(&good, &rand, 0, 0, out), mac ? E_OK : E_BAD_LENGTH);
        assert_err(tuak_f1star(&good, &rand, 0, 0, out), mac ? E_OK : E_BAD_LENGTH);
        assert_err(tuak_f2345(&good, &rand, out, ok, ok, &ak), res ? E_OK : E_BAD_LENGTH);
        assert_err(tuak_f2345(&good, &rand, ok, out, ok, &ak), key ? E_OK : E_BAD_LENGTH);
        assert_err(tuak_f2345(&good, &rand, ok, ok, out, &ak), key ? E_OK : E_BAD_LENGTH);
        struct tuak t = {.k = {k, n}, .topc = {k, 32}};
        uint8_t topc[32];
        assert_err(tuak_topc(&t, topc), key ? E_OK : E_BAD_LENGTH);
        assert_err(tuak_f5star(&t, &rand, &ak), key ? E_OK : E_BAD_LENGTH);
        t = (struct tuak){.k = {k, 16}, .topc = {k, n}};
        assert_err(tuak_f1(&t, &rand, 0, 0, ok), n == 32 ? E_OK : E_BAD_LENGTH);
    }
}

static void keys_that_do_not_fit_an_autn_are_refused(void **state)
{
    (void)state;
    const struct crypto none = {0};
    const struct rand128 rand = {{0}};
    for (unsigned n = 0; n < 256; n++) {
        struct aka_keys k = {.algorithm = AKA_TUAK, .k.n = 16, .opc.n = 32, .res_len = 8};
        struct aka_keys opc = k;
        struct aka_keys res = k;
        struct key_ak ak;
        k.k.n = opc.opc.n = res.res_len = (uint8_t)n;
        bool key = n == 16 || n == 32;
        assert_err(aka_f5star(&none, &k, &rand, &ak), key ? E_OK : E_BAD_LENGTH);
        assert_err(aka_f5star(&none, &opc, &rand, &ak), n == 32 ? E_OK : E_BAD_LENGTH);
        bool fits = n == 4 || n == 8 || n == 16;
        assert_err(aka_keys_check(&res), fits ? E_OK : E_BAD_LENGTH);
        struct key_op op = {.n = 32};
        struct key_opc out = {.n = 0x5a};
        assert_err(aka_opc(&none, AKA_TUAK, 1, &k.k, &op, &out), key ? E_OK : E_BAD_LENGTH);
        assert_int_equal(out.n, key ? 32 : 0x5a);
        op.n = (uint8_t)n;
        k.k.n = 16;
        assert_err(aka_opc(&none, AKA_TUAK, 1, &k.k, &op, &out), n == 32 ? E_OK : E_BAD_LENGTH);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_value_of_every_published_set_is_met),
        cmocka_unit_test(the_dispatch_gives_what_tuak_gives),
        cmocka_unit_test(keccak_f1600_of_zero_is_the_published_state),
        cmocka_unit_test(the_number_of_iterations_counts_and_none_is_one),
        cmocka_unit_test(lengths_that_ts_35_231_does_not_know_are_refused),
        cmocka_unit_test(keys_that_do_not_fit_an_autn_are_refused),
    };
    return cmocka_run_group_tests_name("crypto/tuak", tests, NULL, NULL);
}
