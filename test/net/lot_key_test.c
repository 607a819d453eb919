#include "net/lot_key.h"

#include "lib/check.h"

#include <openssl/bn.h>
#include <stdlib.h>
#include <string.h>

/* Made once: it takes a while. */
static struct lot_key *key;

static int key_up(void **state)
{
    (void)state;
    return lot_key_make(2048, &key) == E_OK ? 0 : -1;
}

static int key_down(void **state)
{
    (void)state;
    lot_key_close(key);
    return 0;
}

struct primes {
    uint8_t p[LOT_KEY_PRIME_MAX], q[LOT_KEY_PRIME_MAX];
    size_t n;
};

static struct primes primes_of(const struct lot_key *k)
{
    struct primes x;
    assert_ok(lot_key_primes(k, x.p, x.q, &x.n));
    return x;
}

/* ---- the conditions ---- */

/*= test kme-lot-make kme-primes */
static void
a_key_that_is_made_lives_up_to_the_conditions_and_comes_back_from_its_primes(void **state)
{
    (void)state;
    enum lot_key_fault fault = LOT_KEY_FAULT_SIZE;
    struct lot_key *back;
    const struct primes x = primes_of(key);
    assert_int_equal(x.n, 128);
    assert_int_equal(lot_key_modulus(key).n, 256);
    assert_ok(lot_key_check((struct bytes){x.p, x.n}, (struct bytes){x.q, x.n}, &fault));
    assert_int_equal(fault, LOT_KEY_FAULT_NONE);
    assert_ok(lot_key_of_primes((struct bytes){x.p, x.n}, (struct bytes){x.q, x.n}, &fault, &back));
    assert_true(bytes_eq(lot_key_modulus(key), lot_key_modulus(back)));
    lot_key_close(back);
    /* the order does not matter */
    assert_ok(lot_key_of_primes((struct bytes){x.q, x.n}, (struct bytes){x.p, x.n}, &fault, &back));
    assert_true(bytes_eq(lot_key_modulus(key), lot_key_modulus(back)));
    lot_key_close(back);
}

/*= test kme-lot-make */
static void a_key_has_2048_to_4096_bits_in_steps_of_256(void **state)
{
    (void)state;
    static const unsigned wrong[] = {0, 512, 1024, 2047, 2049, 2304 - 128, 4097, 4352, 8192};
    struct lot_key *k = NULL;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_err(lot_key_make(wrong[i], &k), E_BAD_VALUE);
        assert_null(k);
    }
    assert_ok(lot_key_make(2304, &k));
    assert_int_equal(lot_key_modulus(k).n, 288);
    lot_key_close(k);
    lot_key_close(NULL);
}

/* What BIGNUM p and q come to. */
static enum lot_key_fault fault_of(const BIGNUM *p, const BIGNUM *q)
{
    enum lot_key_fault fault = LOT_KEY_FAULT_NONE;
    struct lot_key *k = NULL;
    size_t np = (size_t)BN_num_bytes(p), nq = (size_t)BN_num_bytes(q);
    uint8_t *po = malloc(np + 1), *qo = malloc(nq + 1);
    (void)BN_bn2bin(p, po);
    (void)BN_bn2bin(q, qo);
    enum err err = lot_key_check((struct bytes){po, np}, (struct bytes){qo, nq}, &fault);
    assert_int_equal(err, fault == LOT_KEY_FAULT_NONE ? E_OK : E_BAD_VALUE);
    assert_err(lot_key_of_primes((struct bytes){po, np}, (struct bytes){qo, nq}, &fault, &k), err);
    assert_int_equal(k != NULL, err == E_OK);
    lot_key_close(k);
    free(po);
    free(qo);
    return fault;
}

/* The first prime that is not below fraction / 16 * 2^bits + add. */
static BIGNUM *prime_above(int bits, unsigned fraction, unsigned add)
{
    BIGNUM *n = BN_new();
    BN_set_word(n, fraction);
    BN_lshift(n, n, bits - 4);
    BN_add_word(n, add | 1);
    while (BN_check_prime(n, NULL, NULL) != 1) {
        BN_add_word(n, 2);
    }
    return n;
}

static BIGNUM *number_of(const uint8_t *octets, size_t n)
{
    BIGNUM *b = BN_bin2bn(octets, (int)n, NULL);
    assert_non_null(b);
    return b;
}

static void is_fault(BIGNUM *p, BIGNUM *q, enum lot_key_fault fault)
{
    assert_string_equal(lot_key_fault_sentence(fault_of(p, q)), lot_key_fault_sentence(fault));
    assert_string_equal(lot_key_fault_sentence(fault_of(q, p)), lot_key_fault_sentence(fault));
    BN_free(p);
    BN_free(q);
}

/* Sixteenths of 2^1024; the least that is allowed are 11.3. */
#define LOW  12u
#define HIGH 14u

/*= test kme-primes */
static void every_condition_refuses_primes_that_break_it_and_only_those(void **state)
{
    (void)state;
    BIGNUM *near;
    is_fault(prime_above(1024, LOW, 1), prime_above(1024, HIGH, 1), LOT_KEY_FAULT_NONE);
    is_fault(prime_above(512, LOW, 1), prime_above(512, HIGH, 1), LOT_KEY_FAULT_SIZE);
    is_fault(prime_above(1016, LOW, 1), prime_above(1016, HIGH, 1), LOT_KEY_FAULT_SIZE);
    is_fault(prime_above(1024, LOW, 1), prime_above(1023, HIGH, 1), LOT_KEY_FAULT_LENGTH);
    /* 11/16 is below sqrt(1/2) = 0.7071, though N would be long enough with a large Q */
    is_fault(prime_above(1024, 11, 1), prime_above(1024, 15, 1), LOT_KEY_FAULT_RANGE);
    /* the same one twice, and two that are close */
    is_fault(prime_above(1024, LOW, 1), prime_above(1024, LOW, 1), LOT_KEY_FAULT_DISTANCE);
    near = prime_above(1024, LOW, 1);
    BN_add_word(near, 2);
    while (BN_check_prime(near, NULL, NULL) != 1) {
        BN_add_word(near, 2);
    }
    is_fault(prime_above(1024, LOW, 1), near, LOT_KEY_FAULT_DISTANCE);
}

/* |P - Q| of 2^(nlen/2 - 100) is too near, and one more is not: neither need be prime for that. */
/*= test kme-primes */
static void the_distance_is_measured_to_the_last_bit(void **state)
{
    (void)state;
    for (unsigned more = 0; more < 2; more++) {
        BIGNUM *p = prime_above(1024, LOW, 1), *q = BN_new();
        BN_set_word(q, 1);
        BN_lshift(q, q, 1024 - 100);
        BN_add(q, q, p);
        BN_add_word(q, more);
        const enum lot_key_fault fault = fault_of(p, q);
        assert_true((fault == LOT_KEY_FAULT_DISTANCE) == (more == 0));
        BN_free(p);
        BN_free(q);
    }
}

/* The least P that is allowed has a square of 2048 bits, and the one below it has not. */
/*= test kme-primes */
static void the_range_begins_at_the_root_of_a_half(void **state)
{
    (void)state;
    BIGNUM *low = BN_new(), *high = BN_new(), *mid = BN_new(), *square = BN_new();
    BN_CTX *ctx = BN_CTX_new();
    BN_set_word(low, 1);
    BN_lshift(low, low, 1023);
    BN_lshift(high, low, 1);
    for (;;) { /* between low, which is below, and high, which is not */
        BN_add(mid, low, high);
        BN_rshift1(mid, mid);
        if (BN_cmp(mid, low) == 0) {
            break;
        }
        BN_sqr(square, mid, ctx);
        (void)BN_copy(BN_num_bits(square) == 2048 ? high : low, mid);
    }
    BIGNUM *q = prime_above(1024, HIGH, 1);
    assert_int_equal(fault_of(low, q), LOT_KEY_FAULT_RANGE);
    assert_int_not_equal(fault_of(high, q), LOT_KEY_FAULT_RANGE);
    BN_free(low), BN_free(high), BN_free(mid), BN_free(square), BN_free(q);
    BN_CTX_free(ctx);
}

/*= test kme-primes kme-exponent */
static void a_multiple_of_the_exponent_below_a_prime_is_refused(void **state)
{
    (void)state;
    BIGNUM *p = prime_above(1024, LOW, 1), *step = BN_new();
    BN_set_word(step, 2 * 65537u);
    BN_sub_word(p, BN_mod_word(p, 2 * 65537u)); /* a multiple of both */
    BN_add_word(p, 1);
    while (BN_check_prime(p, NULL, NULL) != 1) {
        BN_add(p, p, step);
    }
    BN_free(step);
    is_fault(p, prime_above(1024, HIGH, 1), LOT_KEY_FAULT_EXPONENT);
}

/* P - 1 = 10 g and Q - 1 = 12 g have the least common multiple 60 g, so that d is short for many a
 * g. They need not be prime: this is judged before. */
/*= test kme-primes */
static void a_private_exponent_that_is_short_is_refused(void **state)
{
    (void)state;
    BIGNUM *g = BN_new(), *p = BN_new(), *q = BN_new();
    bool found = false;
    BN_set_word(g, 1);
    BN_lshift(g, g, 1024); /* 12 g fills 1024 bits, and 10 g is 5/6 of that */
    BN_div_word(g, 13);
    for (int i = 0; i < 200 && !found; i++) {
        BN_add_word(g, 1);
        BN_copy(p, g), BN_mul_word(p, 10), BN_add_word(p, 1);
        BN_copy(q, g), BN_mul_word(q, 12), BN_add_word(q, 1);
        const enum lot_key_fault fault = fault_of(p, q);
        found = fault == LOT_KEY_FAULT_PRIVATE_EXPONENT;
        assert_true(found || fault == LOT_KEY_FAULT_NOT_PRIME || fault == LOT_KEY_FAULT_EXPONENT);
    }
    assert_true(found);
    BN_free(g), BN_free(p), BN_free(q);
}

/*= test kme-primes */
static void what_is_not_prime_is_refused(void **state)
{
    (void)state;
    const struct primes x = primes_of(key);
    BIGNUM *p = number_of(x.p, x.n);
    BN_add_word(p, 2);
    assert_int_equal(BN_check_prime(p, NULL, NULL), 0);
    is_fault(p, number_of(x.q, x.n), LOT_KEY_FAULT_NOT_PRIME);
}

/*= test kme-primes */
static void primes_that_a_store_kept_come_back_without_being_tried_again(void **state)
{
    (void)state;
    struct lot_key *k = NULL;
    struct primes x = primes_of(key);
    const struct bytes p = {x.p, x.n}, q = {x.q, x.n};
    uint8_t sealed[256], opened[3] = {0};
    assert_ok(lot_key_of_stored(p, q, &k));
    assert_true(bytes_eq(lot_key_modulus(key), lot_key_modulus(k)));
    assert_ok(lot_key_encrypt(lot_key_modulus(k), BYTES_LIT("l"), BYTES_LIT("abc"), sealed));
    assert_ok(lot_key_open(k, BYTES_OF(sealed), BYTES_LIT("l"), MBYTES_OF(opened)));
    assert_memory_equal(opened, "abc", 3);
    lot_key_close(k);
    k = NULL;
    assert_err(lot_key_of_stored(p, (struct bytes){x.q, x.n - 1}, &k), E_BAD_VALUE);
    assert_err(lot_key_of_stored((struct bytes){x.p, 0}, q, &k), E_BAD_VALUE);
    assert_err(lot_key_of_stored(p, p, &k), E_BAD_VALUE);
    assert_null(k);
}

static void no_octets_too_many_and_a_leading_zero_are_refused(void **state)
{
    (void)state;
    enum lot_key_fault fault;
    const struct primes x = primes_of(key);
    uint8_t zero[LOT_KEY_PRIME_MAX + 1] = {0}, long_one[LOT_KEY_PRIME_MAX + 1];
    memset(long_one, 0xff, sizeof long_one);
    memcpy(zero + 1, x.p, x.n);
    const struct bytes q = {x.q, x.n};
    const struct bytes wrong[] = {
        {NULL, 0}, {zero, x.n + 1}, {long_one, sizeof long_one}, {long_one, 1}};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_err(lot_key_check(wrong[i], q, &fault), E_BAD_VALUE);
        assert_int_not_equal(fault, LOT_KEY_FAULT_NONE);
        assert_err(lot_key_check(q, wrong[i], &fault), E_BAD_VALUE);
        assert_int_not_equal(fault, LOT_KEY_FAULT_NONE);
    }
    assert_string_equal(lot_key_fault_sentence((enum lot_key_fault)99), "unknown");
}

/* ---- encryption ---- */

#define LABEL   BYTES_LIT("a label")
#define CONTENT BYTES_LIT("what is inside")

/*= test kme-padding */
static void what_is_encrypted_opens_and_with_another_label_it_does_not(void **state)
{
    (void)state;
    uint8_t box[256], out[14], untouched[14];
    assert_ok(lot_key_encrypt(lot_key_modulus(key), LABEL, CONTENT, box));
    assert_ok(lot_key_open(key, BYTES_OF(box), LABEL, MBYTES_OF(out)));
    assert_true(bytes_eq(BYTES_OF(out), CONTENT));
    memset(out, 0xe7, sizeof out);
    memset(untouched, 0xe7, sizeof untouched);
    assert_err(lot_key_open(key, BYTES_OF(box), BYTES_LIT("a labem"), MBYTES_OF(out)), E_BAD_MAC);
    assert_err(lot_key_open(key, BYTES_OF(box), (struct bytes){NULL, 0}, MBYTES_OF(out)),
               E_BAD_MAC);
    assert_memory_equal(out, untouched, sizeof out);
    assert_ok(lot_key_encrypt(lot_key_modulus(key), (struct bytes){NULL, 0}, CONTENT, box));
    assert_ok(lot_key_open(key, BYTES_OF(box), (struct bytes){NULL, 0}, MBYTES_OF(out)));
}

/* The two answers to somebody who asks an oracle: open, or not. */
/*= test kme-one-refusal */
static void whatever_is_wrong_there_is_one_answer_and_the_room_is_as_it_was(void **state)
{
    (void)state;
    uint64_t seed = 5;
    uint8_t box[256], mauled[257], out[14], untouched[14];
    memset(out, 0xe7, sizeof out);
    memset(untouched, 0xe7, sizeof untouched);
    assert_ok(lot_key_encrypt(lot_key_modulus(key), LABEL, CONTENT, box));
    for (int i = 0; i < 60; i++) {
        memcpy(mauled, box, sizeof box);
        mauled[test_rand(&seed) % sizeof box] ^= (uint8_t)(1 + test_rand(&seed) % 255);
        assert_err(lot_key_open(key, (struct bytes){mauled, 256}, LABEL, MBYTES_OF(out)),
                   E_BAD_MAC);
        assert_memory_equal(out, untouched, sizeof out);
    }
    static const uint8_t fill[] = {0x00, 0xff};
    for (size_t i = 0; i < 2; i++) { /* 0, and above N */
        memset(mauled, fill[i], sizeof mauled);
        for (size_t n = 255; n <= 257; n++) {
            assert_err(lot_key_open(key, (struct bytes){mauled, n}, LABEL, MBYTES_OF(out)),
                       E_BAD_MAC);
        }
    }
    /* right, and of another length than is wanted */
    for (size_t n = 0; n <= 257; n++) {
        uint8_t *room = malloc(n + 1);
        memset(room, 0xe7, n + 1);
        assert_err(lot_key_open(key, BYTES_OF(box), LABEL, (struct mbytes){room, n}),
                   n == CONTENT.n ? E_OK : E_BAD_MAC);
        for (size_t i = n == CONTENT.n ? n : 0; i <= n; i++) {
            assert_int_equal(room[i], 0xe7);
        }
        free(room);
    }
    assert_memory_equal(out, untouched, sizeof out);
}

static void what_does_not_fit_is_not_encrypted(void **state)
{
    (void)state;
    static uint8_t label[LOT_KEY_LABEL_MAX + 1], plain[256];
    uint8_t box[512], n[512], out[190];
    const struct bytes modulus = lot_key_modulus(key);
    memcpy(n, modulus.p, modulus.n);
    assert_err(lot_key_encrypt(modulus, BYTES_OF(label), CONTENT, box), E_NO_ROOM);
    assert_err(lot_key_open(key, BYTES_OF(box), BYTES_OF(label), MBYTES_OF(out)), E_NO_ROOM);
    assert_err(lot_key_encrypt(modulus, LABEL, (struct bytes){plain, 191}, box), E_BAD_VALUE);
    assert_ok(lot_key_encrypt(modulus, LABEL, (struct bytes){plain, 190}, box));
    assert_ok(lot_key_open(key, (struct bytes){box, 256}, LABEL, MBYTES_OF(out)));
    assert_err(lot_key_encrypt((struct bytes){n, 255}, LABEL, CONTENT, box), E_BAD_VALUE);
    n[0] = 0x7f;
    assert_err(lot_key_encrypt((struct bytes){n, 256}, LABEL, CONTENT, box), E_BAD_VALUE);
    n[0] = 0x80;
    n[255] &= 0xfe;
    assert_err(lot_key_encrypt((struct bytes){n, 256}, LABEL, CONTENT, box), E_BAD_VALUE);
    assert_err(lot_key_encrypt((struct bytes){n, 0}, LABEL, CONTENT, box), E_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(
            a_key_that_is_made_lives_up_to_the_conditions_and_comes_back_from_its_primes),
        cmocka_unit_test(a_key_has_2048_to_4096_bits_in_steps_of_256),
        cmocka_unit_test(every_condition_refuses_primes_that_break_it_and_only_those),
        cmocka_unit_test(the_distance_is_measured_to_the_last_bit),
        cmocka_unit_test(the_range_begins_at_the_root_of_a_half),
        cmocka_unit_test(a_multiple_of_the_exponent_below_a_prime_is_refused),
        cmocka_unit_test(a_private_exponent_that_is_short_is_refused),
        cmocka_unit_test(what_is_not_prime_is_refused),
        cmocka_unit_test(primes_that_a_store_kept_come_back_without_being_tried_again),
        cmocka_unit_test(no_octets_too_many_and_a_leading_zero_are_refused),
        cmocka_unit_test(what_is_encrypted_opens_and_with_another_label_it_does_not),
        cmocka_unit_test(whatever_is_wrong_there_is_one_answer_and_the_room_is_as_it_was),
        cmocka_unit_test(what_does_not_fit_is_not_encrypted),
    };
    return cmocka_run_group_tests_name("net/lot_key", tests, key_up, key_down);
}
