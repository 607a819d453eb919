#include "crypto/seal.h"
#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

#define AAD   BYTES_LIT("subscriber.keys\0 001010000000001")
#define PLAIN BYTES_LIT("0123456789abcdef0123456789abcdef")

static const struct seal_key key_a = {{1, 2, 3}};
static const struct seal_key key_b = {{9, 8, 7}};

static struct sealer *sealer_with(uint32_t id, const struct seal_key *key)
{
    struct sealer *s;
    assert_ok(sealer_new(&s));
    assert_ok(sealer_add(s, id, key));
    return s;
}

static size_t seal_plain(struct sealer *s, uint8_t *out, size_t room)
{
    size_t n = 0;
    assert_ok(seal(s, AAD, PLAIN, (struct mbytes){out, room}, &n));
    return n;
}

static void what_is_sealed_opens_again_in_the_documented_layout(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(0x01020304, &key_a);
    uint8_t sealed[128], plain[64];
    size_t n = seal_plain(s, sealed, sizeof sealed), m = 0;
    assert_int_equal(n, PLAIN.n + SEAL_OVERHEAD);
    assert_memory_equal(sealed, "\x01\x01\x02\x03\x04", 5);
    assert_ok(seal_open(s, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m));
    assert_true(bytes_eq((struct bytes){plain, m}, PLAIN));
    sealer_free(s);
}

static void an_empty_plain_text_is_sealed_and_opened(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(1, &key_a);
    uint8_t sealed[SEAL_OVERHEAD], none[1];
    size_t n = 0, m = 99;
    assert_ok(seal(s, (struct bytes){0}, (struct bytes){0}, MBYTES_OF(sealed), &n));
    assert_int_equal(n, SEAL_OVERHEAD);
    assert_ok(seal_open(s, (struct bytes){0}, BYTES_OF(sealed), (struct mbytes){none, 0}, &m));
    assert_int_equal(m, 0);
    assert_err(seal_open(s, AAD, BYTES_OF(sealed), (struct mbytes){none, 0}, &m), E_WRONG_KEY);
    sealer_free(s);
}

static void the_same_secret_never_seals_to_the_same_octets(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(1, &key_a);
    uint8_t a[128], b[128];
    size_t n = seal_plain(s, a, sizeof a);
    assert_int_equal(seal_plain(s, b, sizeof b), n);
    assert_memory_not_equal(a + SEAL_HEADER_LEN, b + SEAL_HEADER_LEN, SEAL_NONCE_LEN);
    assert_memory_not_equal(a + SEAL_HEADER_LEN + SEAL_NONCE_LEN,
                            b + SEAL_HEADER_LEN + SEAL_NONCE_LEN, PLAIN.n);
    sealer_free(s);
}

static void every_flipped_bit_is_refused_and_hands_out_nothing(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(1, &key_a);
    uint8_t sealed[128], plain[64];
    const uint8_t zero[64] = {0};
    size_t n = seal_plain(s, sealed, sizeof sealed), m = 0;
    for (size_t bit = 0; bit < n * 8; bit++) {
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
        memset(plain, 0, sizeof plain);
        enum err e = seal_open(s, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m);
        assert_err(e, bit < 8 ? E_UNSUPPORTED : E_WRONG_KEY);
        assert_memory_equal(plain, zero, sizeof plain);
        sealed[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    assert_ok(seal_open(s, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m));
    sealer_free(s);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(1, &key_a);
    uint8_t sealed[128], plain[64];
    size_t n = seal_plain(s, sealed, sizeof sealed), m = 0;
    for (size_t k = 0; k < n; k++) {
        uint8_t *exact = exact_copy((struct bytes){sealed, k});
        enum err e = seal_open(s, AAD, (struct bytes){exact, k}, MBYTES_OF(plain), &m);
        assert_err(e, k < SEAL_OVERHEAD ? E_TRUNCATED : E_WRONG_KEY);
        free(exact);
    }
    sealer_free(s);
}

static void other_associated_data_does_not_open(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(1, &key_a);
    uint8_t sealed[128], plain[64];
    size_t n = seal_plain(s, sealed, sizeof sealed), m = 0;
    struct bytes in = {sealed, n}, shorter = {AAD.p, AAD.n - 1};
    assert_err(seal_open(s, shorter, in, MBYTES_OF(plain), &m), E_WRONG_KEY);
    assert_err(seal_open(s, (struct bytes){0}, in, MBYTES_OF(plain), &m), E_WRONG_KEY);
    sealer_free(s);
}

static void another_key_under_the_same_id_does_not_open(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(1, &key_a), *t = sealer_with(1, &key_b);
    uint8_t sealed[128], plain[64];
    size_t n = seal_plain(s, sealed, sizeof sealed), m = 0;
    assert_err(seal_open(t, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m), E_WRONG_KEY);
    sealer_free(s);
    sealer_free(t);
}

static void the_key_added_last_seals_and_all_of_them_open(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(1, &key_a);
    uint8_t old[128], new[128], plain[64];
    size_t n = seal_plain(s, old, sizeof old), m = 0;
    assert_ok(sealer_add(s, 2, &key_b));
    assert_int_equal(seal_plain(s, new, sizeof new), n);
    assert_int_equal(new[4], 2);
    assert_ok(seal_open(s, AAD, (struct bytes){old, n}, MBYTES_OF(plain), &m));
    assert_ok(seal_open(s, AAD, (struct bytes){new, n}, MBYTES_OF(plain), &m));
    struct sealer *only_old = sealer_with(1, &key_a);
    assert_err(seal_open(only_old, AAD, (struct bytes){new, n}, MBYTES_OF(plain), &m), E_WRONG_KEY);
    sealer_free(only_old);
    sealer_free(s);
}

static void key_ids_are_unique_and_the_table_has_an_end(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(0, &key_a);
    assert_err(sealer_add(s, 0, &key_b), E_EXISTS);
    for (uint32_t id = 1; id < SEAL_KEYS_MAX; id++) {
        assert_ok(sealer_add(s, id, &key_b));
    }
    assert_err(sealer_add(s, SEAL_KEYS_MAX, &key_b), E_NO_ROOM);
    sealer_free(s);
}

static void too_little_room_and_no_key_are_refused(void **state)
{
    (void)state;
    struct sealer *s;
    uint8_t sealed[128], plain[64];
    size_t n = 0;
    assert_ok(sealer_new(&s));
    assert_err(seal(s, AAD, PLAIN, MBYTES_OF(sealed), &n), E_BAD_STATE);
    assert_ok(sealer_add(s, 1, &key_a));
    for (size_t room = 0; room < PLAIN.n + SEAL_OVERHEAD; room++) {
        assert_err(seal(s, AAD, PLAIN, (struct mbytes){sealed, room}, &n), E_NO_ROOM);
    }
    n = seal_plain(s, sealed, sizeof sealed);
    for (size_t room = 0; room < PLAIN.n; room++) {
        struct mbytes out = {plain, room};
        assert_err(seal_open(s, AAD, (struct bytes){sealed, n}, out, &n), E_NO_ROOM);
    }
    sealer_free(s);
    sealer_free(NULL);
}

/* ---- keys that come later ---- */

struct known {
    uint32_t least; /* ids from here on are known */
    unsigned asked;
};

static MUST_USE enum err find(void *ctx, uint32_t id, struct seal_key *out)
{
    struct known *k = ctx;
    k->asked++;
    if (id < k->least) {
        return E_NOT_FOUND;
    }
    *out = (struct seal_key){.b = {1, 2, (uint8_t)id}};
    return E_OK;
}

static void a_key_that_is_not_loaded_is_asked_for_once_and_does_not_seal(void **state)
{
    (void)state;
    struct known known = {.least = 9};
    const struct seal_key late = {.b = {1, 2, 9}};
    struct sealer *s = sealer_with(1, &key_a), *other = sealer_with(9, &late);
    uint8_t sealed[128], mine[128], plain[64];
    size_t n = seal_plain(other, sealed, sizeof sealed), m = 0;
    assert_err(seal_open(s, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m), E_WRONG_KEY);
    sealer_ask(s, find, &known);
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(seal_open(s, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m));
    }
    assert_int_equal(known.asked, 1);
    assert_int_equal(sealer_seals_under(s), 1);
    n = seal_plain(s, mine, sizeof mine);
    assert_int_equal(seal_key_id_of((struct bytes){mine, n}), 1);
    sealer_free(other);
    sealer_free(s);
}

static void a_key_that_nobody_knows_stays_unknown(void **state)
{
    (void)state;
    struct known known = {.least = 10};
    struct sealer *s = sealer_with(1, &key_a), *other = sealer_with(9, &key_b);
    uint8_t sealed[128], plain[64];
    size_t n = seal_plain(other, sealed, sizeof sealed), m = 0;
    sealer_ask(s, find, &known);
    assert_err(seal_open(s, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m), E_WRONG_KEY);
    assert_int_equal(known.asked, 1);
    sealer_free(other);
    sealer_free(s);
}

static void where_there_is_no_room_the_oldest_gives_way_and_never_the_one_that_seals(void **state)
{
    (void)state;
    struct known known = {.least = 2};
    struct sealer *s = sealer_with(1, &key_a);
    uint8_t first[128], sealed[128], plain[64];
    size_t first_n = seal_plain(s, first, sizeof first), m = 0;
    sealer_ask(s, find, &known);
    for (uint32_t id = 2; id < 4 * SEAL_KEYS_MAX; id++) {
        const struct seal_key key = {.b = {1, 2, (uint8_t)id}};
        struct sealer *other = sealer_with(id, &key);
        size_t n = seal_plain(other, sealed, sizeof sealed);
        assert_ok(seal_open(s, AAD, (struct bytes){sealed, n}, MBYTES_OF(plain), &m));
        sealer_free(other);
        assert_int_equal(sealer_seals_under(s), 1);
        assert_ok(seal_open(s, AAD, (struct bytes){first, first_n}, MBYTES_OF(plain), &m));
    }
    for (uint32_t id = 100; id < 100 + 2 * SEAL_KEYS_MAX; id++) {
        const struct seal_key key = {.b = {1, 2, (uint8_t)id}};
        assert_ok(sealer_add(s, id, &key));
        assert_int_equal(sealer_seals_under(s), id);
    }
    sealer_free(s);
}

static void what_is_no_sealed_value_names_no_key(void **state)
{
    (void)state;
    struct sealer *s = sealer_with(0x01020304, &key_a);
    uint8_t sealed[128];
    size_t n = seal_plain(s, sealed, sizeof sealed);
    assert_int_equal(seal_key_id_of((struct bytes){sealed, n}), 0x01020304);
    assert_int_equal(seal_key_id_of((struct bytes){sealed, SEAL_OVERHEAD - 1}), 0);
    assert_int_equal(seal_key_id_of((struct bytes){NULL, 0}), 0);
    sealed[0] = 2;
    assert_int_equal(seal_key_id_of((struct bytes){sealed, n}), 0);
    sealer_free(s);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_sealed_opens_again_in_the_documented_layout),
        cmocka_unit_test(an_empty_plain_text_is_sealed_and_opened),
        cmocka_unit_test(the_same_secret_never_seals_to_the_same_octets),
        cmocka_unit_test(every_flipped_bit_is_refused_and_hands_out_nothing),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(other_associated_data_does_not_open),
        cmocka_unit_test(another_key_under_the_same_id_does_not_open),
        cmocka_unit_test(the_key_added_last_seals_and_all_of_them_open),
        cmocka_unit_test(key_ids_are_unique_and_the_table_has_an_end),
        cmocka_unit_test(too_little_room_and_no_key_are_refused),
        cmocka_unit_test(a_key_that_is_not_loaded_is_asked_for_once_and_does_not_seal),
        cmocka_unit_test(a_key_that_nobody_knows_stays_unknown),
        cmocka_unit_test(where_there_is_no_room_the_oldest_gives_way_and_never_the_one_that_seals),
        cmocka_unit_test(what_is_no_sealed_value_names_no_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
