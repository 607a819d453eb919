#include "lib/check.h"

#include "crypto/openssl.h"
#include "proc/aka.h"
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

static void fill(uint64_t *seed, uint8_t *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (uint8_t)test_rand(seed);
    }
}

/* Every shape of keys: Milenage, and TUAK with each length of K and RES. */
#define SHAPES 7
static struct aka_keys keys_of(unsigned shape, uint64_t *seed)
{
    static const struct aka_keys shapes[SHAPES] = {
        {.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8},
        {.algorithm = AKA_TUAK, .k.n = 16, .opc.n = 32, .res_len = 4},
        {.algorithm = AKA_TUAK, .k.n = 16, .opc.n = 32, .res_len = 8},
        {.algorithm = AKA_TUAK, .k.n = 16, .opc.n = 32, .res_len = 16},
        {.algorithm = AKA_TUAK, .k.n = 32, .opc.n = 32, .res_len = 4},
        {.algorithm = AKA_TUAK, .k.n = 32, .opc.n = 32, .res_len = 8, .keccak_iterations = 2},
        {.algorithm = AKA_TUAK, .k.n = 32, .opc.n = 32, .res_len = 16},
    };
    struct aka_keys keys = shapes[shape];
    fill(seed, keys.k.b, keys.k.n);
    fill(seed, keys.opc.b, keys.opc.n);
    return keys;
}

static struct rand128 rand_of(uint64_t *seed)
{
    struct rand128 rand;
    fill(seed, rand.b, sizeof rand.b);
    return rand;
}

static struct aka_vector vector_of(const struct usim *usim, const struct rand128 *rand,
                                   uint64_t seq, unsigned ind)
{
    struct aka_vector v;
    uint64_t sqn = seq << SQN_IND_BITS | ind;
    assert_ok(aka_auc_vector(&crypto, &usim->keys, rand, sqn, AMF_SEPARATION_BIT, &v));
    return v;
}

/* Presents SEQ and IND to the USIM with a RAND of its own. */
static enum err present(struct usim *usim, uint64_t seq, unsigned ind, struct usim_answer *a)
{
    static uint64_t seed = 99;
    struct rand128 rand = rand_of(&seed);
    struct aka_vector v = vector_of(usim, &rand, seq, ind);
    return usim_authenticate(&crypto, usim, &rand, &v.autn, a);
}

static void auc_and_usim_agree_on_everything(void **state)
{
    (void)state;
    uint64_t seed = 1;
    for (unsigned i = 0; i < 50 * SHAPES; i++) {
        struct usim usim = {.keys = keys_of(i % SHAPES, &seed)};
        struct rand128 rand = rand_of(&seed);
        uint64_t sqn =
            (1 + test_rand(&seed) % SEQ_DELTA) << SQN_IND_BITS | test_rand(&seed) % SQN_IND_COUNT;
        uint16_t amf = (uint16_t)test_rand(&seed);
        struct aka_vector v;
        struct usim_answer a;
        assert_ok(aka_auc_vector(&crypto, &usim.keys, &rand, sqn, amf, &v));
        assert_memory_equal(v.rand.b, rand.b, 16);
        assert_int_equal(autn_amf(&v.autn), amf);
        assert_ok(usim_authenticate(&crypto, &usim, &rand, &v.autn, &a));
        assert_true(a.sqn == sqn);
        assert_int_equal(a.amf, amf);
        assert_int_equal(a.res.n, usim.keys.res_len);
        assert_memory_equal(&a.res, &v.xres, sizeof a.res);
        assert_memory_equal(a.ck.b, v.ck.b, 16);
        assert_memory_equal(a.ik.b, v.ik.b, 16);
        assert_true(usim_sqn_ms(&usim) == sqn);
    }
}

static void an_sqn_of_more_than_48_bits_is_refused(void **state)
{
    (void)state;
    uint64_t seed = 2;
    struct aka_keys keys = keys_of(0, &seed);
    struct rand128 rand = rand_of(&seed);
    struct aka_vector v = {.rand = {{0x5a}}};
    struct aka_vector before = v;
    assert_err(aka_auc_vector(&crypto, &keys, &rand, SQN_MAX + 1, 0, &v), E_BAD_VALUE);
    keys.res_len = 7;
    assert_err(aka_auc_vector(&crypto, &keys, &rand, SQN_MAX, 0, &v), E_BAD_LENGTH);
    assert_memory_equal(&v, &before, sizeof v);
    keys.res_len = 8;
    assert_ok(aka_auc_vector(&crypto, &keys, &rand, SQN_MAX, 0, &v));
}

static void autn_with_any_bit_changed_is_refused_and_the_usim_is_as_before(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct usim usim = {.keys = keys_of(shape, &seed)};
        struct rand128 rand = rand_of(&seed);
        struct aka_vector v = vector_of(&usim, &rand, 1000, 3);
        struct usim before;
        struct usim_answer a;
        struct usim_answer untouched;
        memset(&a, 0x5a, sizeof a);
        memcpy(&untouched, &a, sizeof a);
        memcpy(&before, &usim, sizeof usim);
        for (size_t bit = 0; bit < 128; bit++) {
            struct autn bad = v.autn;
            bad.b[bit / 8] = (uint8_t)(bad.b[bit / 8] ^ 1u << bit % 8);
            assert_err(usim_authenticate(&crypto, &usim, &rand, &bad, &a), E_BAD_MAC);
            struct rand128 other = rand;
            other.b[bit / 8] = (uint8_t)(other.b[bit / 8] ^ 1u << bit % 8);
            assert_err(usim_authenticate(&crypto, &usim, &other, &v.autn, &a), E_BAD_MAC);
            assert_memory_equal(&usim, &before, sizeof usim);
            assert_memory_equal(&a, &untouched, sizeof a);
        }
        assert_ok(usim_authenticate(&crypto, &usim, &rand, &v.autn, &a));
    }
}

static void a_vector_of_another_subscriber_is_refused(void **state)
{
    (void)state;
    uint64_t seed = 4;
    struct usim mine = {.keys = keys_of(0, &seed)};
    struct usim other = {.keys = keys_of(0, &seed)};
    struct rand128 rand = rand_of(&seed);
    struct aka_vector v = vector_of(&other, &rand, 1, 0);
    struct usim_answer a;
    assert_err(usim_authenticate(&crypto, &mine, &rand, &v.autn, &a), E_BAD_MAC);
}

static void a_replay_is_a_synchronisation_failure_that_tells_sqn_ms(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct usim usim = {.keys = keys_of(shape, &seed)};
        struct rand128 rand = rand_of(&seed);
        struct aka_vector v = vector_of(&usim, &rand, 77, 9);
        struct usim_answer a;
        uint64_t sqn_ms = 0;
        assert_ok(usim_authenticate(&crypto, &usim, &rand, &v.autn, &a));
        struct usim before;
        memcpy(&before, &usim, sizeof usim);
        assert_err(usim_authenticate(&crypto, &usim, &rand, &v.autn, &a), E_SYNC);
        assert_memory_equal(&usim, &before, sizeof usim);
        assert_true(a.sqn == (77u << SQN_IND_BITS | 9u));
        assert_int_equal(a.amf, AMF_SEPARATION_BIT);
        assert_int_equal(a.res.n, 0);
        assert_ok(aka_auc_resync(&crypto, &usim.keys, &rand, &a.auts, &sqn_ms));
        assert_true(sqn_ms == usim_sqn_ms(&usim));
    }
}

static void a_forged_auts_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    uint64_t seed = 6;
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct usim usim = {.keys = keys_of(shape, &seed)};
        struct rand128 rand = rand_of(&seed);
        struct aka_vector v = vector_of(&usim, &rand, 77, 9);
        struct usim_answer a;
        uint64_t sqn_ms = 0x5a;
        assert_ok(usim_authenticate(&crypto, &usim, &rand, &v.autn, &a));
        assert_err(usim_authenticate(&crypto, &usim, &rand, &v.autn, &a), E_SYNC);
        for (size_t bit = 0; bit < 8 * sizeof a.auts.b; bit++) {
            struct auts bad = a.auts;
            bad.b[bit / 8] = (uint8_t)(bad.b[bit / 8] ^ 1u << bit % 8);
            assert_err(aka_auc_resync(&crypto, &usim.keys, &rand, &bad, &sqn_ms), E_BAD_MAC);
        }
        struct rand128 other = rand_of(&seed);
        assert_err(aka_auc_resync(&crypto, &usim.keys, &other, &a.auts, &sqn_ms), E_BAD_MAC);
        struct aka_keys foreign = keys_of(shape, &seed);
        assert_err(aka_auc_resync(&crypto, &foreign, &rand, &a.auts, &sqn_ms), E_BAD_MAC);
        assert_true(sqn_ms == 0x5a);
    }
}

/* MAC-S is made with f1* and an AMF of zero (6.3.3): MAC-A of the same numbers is not one. */
static void a_mac_a_does_not_pass_for_a_mac_s(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned shape = 0; shape < SHAPES; shape++) {
        struct aka_keys keys = keys_of(shape, &seed);
        struct rand128 rand = rand_of(&seed);
        struct key_ak ak;
        struct auts auts;
        uint64_t sqn_ms = 0;
        assert_ok(aka_f5star(&crypto, &keys, &rand, &ak));
        memcpy(auts.b, ak.b, 6); /* SQN_MS 0 */
        assert_ok(aka_f1(&crypto, &keys, &rand, 0, 0, auts.b + 6));
        assert_err(aka_auc_resync(&crypto, &keys, &rand, &auts, &sqn_ms), E_BAD_MAC);
        assert_ok(aka_f1star(&crypto, &keys, &rand, 0, AMF_SEPARATION_BIT, auts.b + 6));
        assert_err(aka_auc_resync(&crypto, &keys, &rand, &auts, &sqn_ms), E_BAD_MAC);
        assert_ok(aka_f1star(&crypto, &keys, &rand, 0, 0, auts.b + 6));
        assert_ok(aka_auc_resync(&crypto, &keys, &rand, &auts, &sqn_ms));
    }
}

/* C.2.1: the highest SEQ in the array, not the entry, is what delta is measured from. */
static void delta_is_accepted_and_one_more_is_not(void **state)
{
    (void)state;
    uint64_t seed = 8;
    struct usim usim = {.keys = keys_of(0, &seed)};
    struct usim_answer a;
    assert_err(present(&usim, SEQ_DELTA + 1, 0, &a), E_SYNC);
    assert_ok(present(&usim, SEQ_DELTA, 0, &a));
    assert_err(present(&usim, 2 * SEQ_DELTA + 1, 5, &a), E_SYNC);
    assert_ok(present(&usim, 2 * SEQ_DELTA, 5, &a));
    assert_ok(present(&usim, 2 * SEQ_DELTA + 1, 7, &a));
    assert_err(present(&usim, SEQ_MAX, 7, &a), E_SYNC);
}

static void a_usim_at_the_end_of_its_numbers_takes_the_last_and_no_more(void **state)
{
    (void)state;
    uint64_t seed = 9;
    struct usim usim = {.keys = keys_of(0, &seed)};
    struct usim_answer a;
    usim.seq[0] = SEQ_MAX - 1;
    assert_ok(present(&usim, SEQ_MAX, 31, &a));
    assert_true(usim_sqn_ms(&usim) == SQN_MAX);
    assert_err(present(&usim, SEQ_MAX, 31, &a), E_SYNC);
    assert_err(present(&usim, 0, 1, &a), E_SYNC);
}

/* C.2.2: each IND has its own order; an older SEQ of another IND is still fresh. */
static void the_array_keeps_an_order_for_each_ind(void **state)
{
    (void)state;
    uint64_t seed = 10;
    struct usim usim = {.keys = keys_of(0, &seed)};
    struct usim_answer a;
    for (unsigned ind = 0; ind < SQN_IND_COUNT; ind++) {
        assert_ok(present(&usim, 1000 - 10 * ind, ind, &a));
        assert_true(usim_sqn_ms(&usim) == 1000u << SQN_IND_BITS);
    }
    for (unsigned ind = 0; ind < SQN_IND_COUNT; ind++) {
        assert_true(usim.seq[ind] == 1000 - 10 * ind);
        assert_err(present(&usim, 1000 - 10 * ind, ind, &a), E_SYNC);
        assert_err(present(&usim, 999 - 10 * ind, ind, &a), E_SYNC);
        assert_ok(present(&usim, 1001 - 10 * ind, ind, &a));
    }
    assert_err(present(&usim, 0, 0, &a), E_SYNC);
}

static void sqn_ms_is_the_highest_of_the_array_and_zero_for_a_new_usim(void **state)
{
    (void)state;
    struct usim usim = {.keys = {.res_len = 0}};
    assert_true(usim_sqn_ms(&usim) == 0);
    usim.seq[4] = 20;
    usim.seq[30] = 19;
    assert_true(usim_sqn_ms(&usim) == (20u << SQN_IND_BITS | 4u));
    usim.seq[6] = 20;
    assert_true(usim_sqn_ms(&usim) == (20u << SQN_IND_BITS | 6u));
}

/* A USIM against a model of it, over random SEQ and IND. */
static void a_usim_accepts_exactly_what_annex_c_says(void **state)
{
    (void)state;
    uint64_t seed = 12;
    struct usim usim = {.keys = keys_of(0, &seed)};
    uint64_t model[SQN_IND_COUNT] = {0};
    uint64_t highest = 0;
    for (unsigned i = 0; i < 3000; i++) {
        unsigned ind = (unsigned)(test_rand(&seed) % SQN_IND_COUNT);
        uint64_t reach = test_rand(&seed) % 8 == 0 ? 2 * SEQ_DELTA : 100;
        uint64_t base = highest > 50 ? highest - 50 : 0;
        uint64_t seq = base + test_rand(&seed) % reach;
        bool fresh = seq > model[ind] && (seq <= highest || seq - highest <= SEQ_DELTA);
        struct usim_answer a;
        assert_err(present(&usim, seq, ind, &a), fresh ? E_OK : E_SYNC);
        model[ind] = fresh ? seq : model[ind];
        highest = model[ind] > highest ? model[ind] : highest;
        assert_memory_equal(usim.seq, model, sizeof model);
    }
}

static void keys_of_a_wrong_length_are_refused_on_both_sides(void **state)
{
    (void)state;
    uint64_t seed = 13;
    struct usim usim = {.keys = keys_of(0, &seed)};
    struct rand128 rand = rand_of(&seed);
    struct aka_vector v = vector_of(&usim, &rand, 1, 1);
    struct usim_answer a;
    struct auts auts = {{0}};
    uint64_t sqn_ms = 0x5a;
    usim.keys.k.n = 32;
    assert_err(usim_authenticate(&crypto, &usim, &rand, &v.autn, &a), E_BAD_LENGTH);
    assert_err(aka_auc_resync(&crypto, &usim.keys, &rand, &auts, &sqn_ms), E_BAD_LENGTH);
    assert_true(sqn_ms == 0x5a);
}

/* A table whose AES works for a given number of calls and then fails. */
static int calls_left;

static enum err failing_key(void *ctx, const uint8_t key[static 16])
{
    return calls_left-- > 0 ? crypto.aes128_key(ctx, key) : E_CRYPTO;
}

static enum err failing_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    return calls_left-- > 0 ? crypto.aes128_encrypt(ctx, in, out, blocks) : E_CRYPTO;
}

static void a_failure_of_aes_at_any_call_leaves_the_usim_as_before(void **state)
{
    (void)state;
    uint64_t seed = 14;
    struct usim usim = {.keys = keys_of(0, &seed)};
    struct crypto c = crypto;
    c.aes128_key = failing_key;
    c.aes128_encrypt = failing_encrypt;
    struct rand128 rand = rand_of(&seed);
    struct aka_vector good = vector_of(&usim, &rand, 5, 1);
    struct aka_vector far = vector_of(&usim, &rand, SEQ_MAX, 1);
    struct usim before;
    struct usim_answer a;
    memcpy(&before, &usim, sizeof usim);
    for (int calls = 0; calls < 12; calls++) {
        calls_left = calls;
        assert_err(usim_authenticate(&c, &usim, &rand, &far.autn, &a), E_CRYPTO);
        calls_left = calls < 6 ? calls : 5;
        assert_err(usim_authenticate(&c, &usim, &rand, &good.autn, &a), E_CRYPTO);
        assert_memory_equal(&usim, &before, sizeof usim);
    }
    calls_left = 12;
    assert_err(usim_authenticate(&c, &usim, &rand, &far.autn, &a), E_SYNC);
    uint64_t sqn_ms = 0x5a;
    for (int calls = 0; calls < 6; calls++) {
        calls_left = calls;
        assert_err(aka_auc_resync(&c, &usim.keys, &rand, &a.auts, &sqn_ms), E_CRYPTO);
    }
    assert_true(sqn_ms == 0x5a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(auc_and_usim_agree_on_everything),
        cmocka_unit_test(an_sqn_of_more_than_48_bits_is_refused),
        cmocka_unit_test(autn_with_any_bit_changed_is_refused_and_the_usim_is_as_before),
        cmocka_unit_test(a_vector_of_another_subscriber_is_refused),
        cmocka_unit_test(a_replay_is_a_synchronisation_failure_that_tells_sqn_ms),
        cmocka_unit_test(a_forged_auts_is_refused_and_nothing_is_written),
        cmocka_unit_test(a_mac_a_does_not_pass_for_a_mac_s),
        cmocka_unit_test(delta_is_accepted_and_one_more_is_not),
        cmocka_unit_test(a_usim_at_the_end_of_its_numbers_takes_the_last_and_no_more),
        cmocka_unit_test(the_array_keeps_an_order_for_each_ind),
        cmocka_unit_test(sqn_ms_is_the_highest_of_the_array_and_zero_for_a_new_usim),
        cmocka_unit_test(a_usim_accepts_exactly_what_annex_c_says),
        cmocka_unit_test(keys_of_a_wrong_length_are_refused_on_both_sides),
        cmocka_unit_test(a_failure_of_aes_at_any_call_leaves_the_usim_as_before),
    };
    return cmocka_run_group_tests_name("proc/aka", tests, open_crypto, close_crypto);
}
