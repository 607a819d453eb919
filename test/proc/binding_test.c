/* test/proc/binding_test.c - the procedure `binding` whole: HSS, MME and device in one process,
 * with what an attacker would try, and a look at the state after each refusal. */
#include "lib/check.h"

#include "crypto/openssl.h"
#include "proc/binding.h"
#include "proc/sqn.h"

#include <stdlib.h>
#include <string.h>

static struct crypto crypto;
static uint64_t seed = 20;

static int crypto_up(void **state)
{
    (void)state;
    return crypto_openssl_open(&crypto) == E_OK ? 0 : -1;
}
static int crypto_down(void **state)
{
    (void)state;
    crypto_openssl_close(&crypto);
    return 0;
}

static void fill(uint8_t *p, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)test_rand(&seed);
    }
}

static struct aka_keys some_keys(enum aka_algorithm algorithm)
{
    struct aka_keys keys = {.algorithm = algorithm,
                            .k.n = 16,
                            .opc.n = algorithm == AKA_TUAK ? 32 : 16,
                            .res_len = 8,
                            .keccak_iterations = 1};
    fill(keys.k.b, keys.k.n);
    fill(keys.opc.b, keys.opc.n);
    return keys;
}

static struct imei imei_of(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse(bytes_of_str(digits), &imei));
    return imei;
}

#define IMEI_A "35693803564380"
#define IMEI_B "35693803564381"
#define IMEI_C "35693803564382"

struct world {
    struct aka_keys keys;
    struct usim usim;
    struct binding_me me;
    struct binding_view view;
    uint64_t seq;
};

static struct world bound_world(void)
{
    struct world w = {.keys = some_keys(AKA_MILENAGE), .seq = 1000};
    w.usim.keys = w.keys;
    w.me.has_kme = true;
    fill(w.me.kme.b, sizeof w.me.kme.b);
    w.view.policy = BINDING_BOUND;
    w.view.n_devices = 1;
    w.view.devices[0] =
        (struct binding_device){.imei = imei_of(IMEI_A), .has_kme = true, .kme = w.me.kme};
    return w;
}

static struct binding_vector vector_of(struct world *w, const struct imei *served)
{
    struct binding_choice choice;
    struct binding_vector v;
    assert_int_equal(binding_hss_choose(&w->view, served, &choice), REFUSAL_NONE);
    const struct key_kme *kme = choice.processed ? &w->view.devices[choice.device].kme : NULL;
    assert_ok(binding_hss_vector(&crypto, &w->keys, kme, sqn_of(++w->seq, 0), NULL, &v));
    return v;
}

/* What the MME does in step 5. */
static bool res_matches(const struct usim_answer *a, const struct binding_vector *v)
{
    return a->res.n == v->xres.n &&
           crypto_ct_eq((struct bytes){a->res.b, a->res.n}, (struct bytes){v->xres.b, v->xres.n});
}

/*= test binding-4 */
/*= test binding-5a */
static void the_right_device_authenticates(void **state)
{
    (void)state;
    struct world w = bound_world();
    for (int i = 0; i < 50; i++) {
        struct usim_answer a;
        struct binding_vector v = vector_of(&w, NULL);
        assert_true(v.processed);
        assert_int_equal(autn_amf(&v.autn), BINDING_AMF_PROCESSED);
        assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, v.rand, &v.autn, &a),
                         BINDING_ME_ANSWERED);
        assert_true(res_matches(&a, &v));
        assert_memory_equal(a.ck.b, v.ck.b, 16);
        assert_memory_equal(a.ik.b, v.ik.b, 16);
    }
}

static void it_works_with_tuak_too(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct usim_answer a;
    w.keys = some_keys(AKA_TUAK);
    w.usim.keys = w.keys;
    struct binding_vector v = vector_of(&w, NULL);
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, v.rand, &v.autn, &a),
                     BINDING_ME_ANSWERED);
    assert_true(res_matches(&a, &v));
}

/*= test binding-1b */
static void encrand_is_one_aes_block_under_kme(void **state)
{
    (void)state;
    /* FIPS 197, appendix C.1 */
    struct key_kme kme;
    struct rand128 rand;
    struct encrand out;
    uint8_t want[16];
    assert_ok(hex_decode("000102030405060708090a0b0c0d0e0f", MBYTES_OF(kme.b)));
    assert_ok(hex_decode("00112233445566778899aabbccddeeff", MBYTES_OF(rand.b)));
    assert_ok(hex_decode("69c4e0d86a7b0430d8cdb78070b4c55a", MBYTES_OF(want)));
    assert_ok(binding_hss_encrypt(&crypto, &kme, &rand, &out));
    assert_memory_equal(out.b, want, 16);
}

/*= test binding-1c */
static void what_travels_is_encrypted_and_the_rest_is_of_the_plain_rand(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct binding_vector v = vector_of(&w, NULL);
    struct rand128 plain;
    struct aka_vector again;
    assert_ok(crypto.aes128_decrypt(crypto.ctx, w.me.kme.b, v.rand, plain.b));
    assert_ok(
        aka_auc_vector(&crypto, &w.keys, &plain, sqn_of(w.seq, 0), BINDING_AMF_PROCESSED, &again));
    assert_memory_equal(v.autn.b, again.autn.b, 16);
    assert_memory_equal(v.xres.b, again.xres.b, again.xres.n);
    assert_memory_not_equal(v.rand, plain.b, 16);
}

/*= test binding-5b */
static void a_sim_in_another_device_fails_and_nothing_changes(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct binding_me thief = {.has_kme = true};
    fill(thief.kme.b, sizeof thief.kme.b);
    struct binding_me unkeyed = {.has_kme = false};
    struct usim before = w.usim;
    struct binding_me thief_before = thief;
    struct usim_answer a;
    struct binding_vector v = vector_of(&w, NULL);
    assert_int_equal(binding_me_challenge(&crypto, &thief, &w.usim, v.rand, &v.autn, &a),
                     BINDING_ME_MAC_FAILURE);
    assert_int_equal(binding_me_challenge(&crypto, &unkeyed, &w.usim, v.rand, &v.autn, &a),
                     BINDING_ME_NO_KME);
    assert_memory_equal(&before, &w.usim, sizeof before);
    assert_memory_equal(&thief_before, &thief, sizeof thief);
}

/* A device that knows nothing of this hands encRAND to the USIM as it is. */
/*= test binding-factory */
static void a_device_without_this_feature_fails_too(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct binding_vector v = vector_of(&w, NULL);
    struct rand128 as_received;
    struct usim_answer a;
    memcpy(as_received.b, v.rand, 16);
    assert_err(usim_authenticate(&crypto, &w.usim, &as_received, &v.autn, &a), E_BAD_MAC);
}

/*= test binding-3b */
static void every_bit_of_rand_and_autn_is_protected(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct usim before = w.usim;
    struct binding_vector v = vector_of(&w, NULL);
    for (unsigned bit = 0; bit < 256; bit++) {
        struct binding_vector t = v;
        struct usim_answer a;
        uint8_t *at = bit < 128 ? t.rand : t.autn.b;
        at[(bit % 128) / 8] ^= (uint8_t)(1u << (bit % 8));
        enum binding_me_outcome o =
            binding_me_challenge(&crypto, &w.me, &w.usim, t.rand, &t.autn, &a);
        assert_true(o == BINDING_ME_MAC_FAILURE || o == BINDING_ME_NO_SEPARATION_BIT);
        assert_memory_equal(&before, &w.usim, sizeof before);
        assert_false(w.me.answered);
    }
}

/*= test binding-3a */
/*= test binding-amf */
static void the_amf_bit_flipped_either_way_is_refused(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct usim_answer a;
    struct binding_vector v = vector_of(&w, NULL);
    v.autn.b[7] ^= 0x01;
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, v.rand, &v.autn, &a),
                     BINDING_ME_MAC_FAILURE);
    w.view.policy = BINDING_OPEN;
    v = vector_of(&w, NULL);
    assert_false(v.processed);
    v.autn.b[7] ^= 0x01;
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, v.rand, &v.autn, &a),
                     BINDING_ME_MAC_FAILURE);
}

/*= test binding-repeat */
static void a_repeated_challenge_is_answered_from_the_cache(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct usim_answer first;
    struct usim_answer second;
    struct binding_vector v = vector_of(&w, NULL);
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, v.rand, &v.autn, &first),
                     BINDING_ME_ANSWERED);
    struct usim after = w.usim;
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, v.rand, &v.autn, &second),
                     BINDING_ME_REPEATED);
    assert_memory_equal(&after, &w.usim, sizeof after);
    assert_memory_equal(first.res.b, second.res.b, first.res.n);
}

static void an_older_vector_replayed_gives_a_synchronisation_failure(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct usim_answer a;
    struct binding_vector old = vector_of(&w, NULL);
    struct binding_vector newer = vector_of(&w, NULL);
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, old.rand, &old.autn, &a),
                     BINDING_ME_ANSWERED);
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, newer.rand, &newer.autn, &a),
                     BINDING_ME_ANSWERED);
    struct usim before = w.usim;
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, old.rand, &old.autn, &a),
                     BINDING_ME_SYNC_FAILURE);
    assert_memory_equal(&before, &w.usim, sizeof before);
}

/* A regular vector that an MME still holds from before the binding is stale once a processed one
 * with a higher SEQ and the same IND was used. */
static void a_regular_vector_from_before_the_binding_dies_with_the_first_processed_one(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct usim_answer a;
    w.view.policy = BINDING_OPEN;
    struct binding_vector regular = vector_of(&w, NULL);
    w.view.policy = BINDING_BOUND;
    struct binding_vector processed = vector_of(&w, NULL);
    assert_int_equal(
        binding_me_challenge(&crypto, &w.me, &w.usim, processed.rand, &processed.autn, &a),
        BINDING_ME_ANSWERED);
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, regular.rand, &regular.autn, &a),
                     BINDING_ME_SYNC_FAILURE);
}

static void a_vector_without_the_separation_bit_is_refused(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct usim_answer a;
    struct rand128 rand = {{1}};
    struct aka_vector v;
    assert_ok(aka_auc_vector(&crypto, &w.keys, &rand, sqn_of(5, 0), 0x0001, &v));
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, rand.b, &v.autn, &a),
                     BINDING_ME_NO_SEPARATION_BIT);
}

/*= test binding-resync */
static void auts_is_understood_for_plain_active_and_previous_rands(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct key_kme previous;
    fill(previous.b, sizeof previous.b);
    w.view.devices[0].has_previous = true;
    w.view.devices[0].previous = previous;
    const struct {
        const struct key_kme *kme;
        enum binding_auts_under under;
    } cases[] = {{NULL, BINDING_AUTS_PLAIN},
                 {&w.view.devices[0].kme, BINDING_AUTS_ACTIVE},
                 {&previous, BINDING_AUTS_PREVIOUS}};
    w.usim.seq[7] = 1000000; /* ran away */
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct binding_vector v;
        struct usim_answer a;
        uint64_t sqn_ms = 0;
        enum binding_auts_under under;
        struct binding_me me = {.has_kme = cases[i].kme != NULL};
        if (cases[i].kme != NULL) {
            me.kme = *cases[i].kme;
        }
        w.usim.seq[0] = 1000000;
        assert_ok(binding_hss_vector(&crypto, &w.keys, cases[i].kme, sqn_of(50, 0), NULL, &v));
        assert_int_equal(binding_me_challenge(&crypto, &me, &w.usim, v.rand, &v.autn, &a),
                         BINDING_ME_SYNC_FAILURE);
        assert_ok(binding_hss_resync(&crypto, &w.keys, &w.view, v.rand, &a.auts, &sqn_ms, &under));
        assert_int_equal(under, cases[i].under);
        assert_int_equal(sqn_ms >> SQN_IND_BITS, 1000000);
    }
}

static void a_forged_auts_is_refused_and_writes_nothing(void **state)
{
    (void)state;
    struct world w = bound_world();
    struct binding_vector v = vector_of(&w, NULL);
    struct usim_answer a;
    uint64_t sqn_ms = 77;
    enum binding_auts_under under = BINDING_AUTS_PREVIOUS;
    w.usim.seq[0] = 1000000;
    assert_int_equal(binding_me_challenge(&crypto, &w.me, &w.usim, v.rand, &v.autn, &a),
                     BINDING_ME_SYNC_FAILURE);
    for (unsigned bit = 0; bit < 8 * sizeof a.auts.b; bit++) {
        struct auts forged = a.auts;
        forged.b[bit / 8] ^= (uint8_t)(1u << (bit % 8));
        assert_err(binding_hss_resync(&crypto, &w.keys, &w.view, v.rand, &forged, &sqn_ms, &under),
                   E_BAD_MAC);
    }
    assert_int_equal(sqn_ms, 77);
    assert_int_equal(under, BINDING_AUTS_PREVIOUS);
}

/* ---- which KME ---- */

static struct binding_view view_of(enum binding_policy policy, size_t devices, bool group)
{
    static const char *const imeis[] = {IMEI_A, IMEI_B, IMEI_C};
    struct binding_view v = {.policy = policy, .n_devices = (uint8_t)devices};
    for (size_t i = 0; i < devices; i++) {
        v.devices[i].imei = imei_of(imeis[i]);
        v.devices[i].has_kme = true;
        v.devices[i].kme.b[0] = group ? 1 : (uint8_t)(i + 1);
    }
    return v;
}

/*= test binding-1a */
/*= test binding-unlisted */
static void the_served_imei_decides_if_it_is_on_the_list(void **state)
{
    (void)state;
    struct binding_view v = view_of(BINDING_BOUND, 3, false);
    struct binding_choice c;
    struct imei b = imei_of(IMEI_B);
    struct imei stranger = imei_of("35693803564399");
    assert_int_equal(binding_hss_choose(&v, &b, &c), REFUSAL_NONE);
    assert_true(c.processed);
    assert_int_equal(c.device, 1);
    assert_int_equal(binding_hss_choose(&v, &stranger, &c), REFUSAL_IMEI_NOT_AUTHORISED);
    v.devices[1].has_kme = false;
    assert_int_equal(binding_hss_choose(&v, &b, &c), REFUSAL_NO_KME);
}

/*= test binding-alt */
static void without_a_served_imei_the_last_one_decides_then_the_only_key(void **state)
{
    (void)state;
    struct binding_view v = view_of(BINDING_BOUND, 3, false);
    struct binding_choice c;
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_KME_AMBIGUOUS);
    v.has_last_imei = true;
    v.last_imei = imei_of(IMEI_C);
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_NONE);
    assert_int_equal(c.device, 2);
    v.last_imei = imei_of("35693803564399");
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_KME_AMBIGUOUS);
    v = view_of(BINDING_BOUND, 1, false);
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_NONE);
    v = view_of(BINDING_BOUND, 0, false);
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_NO_KME);
}

/*= test binding-group */
/*= test binding-keys */
static void a_group_key_serves_several_devices(void **state)
{
    (void)state;
    struct binding_view v = view_of(BINDING_BOUND, 3, true);
    struct binding_choice c;
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_NONE);
    assert_ok(binding_view_check(&v, false));
    v = view_of(BINDING_BOUND, 3, false);
    assert_err(binding_view_check(&v, false), E_CONFLICT);
    assert_ok(binding_view_check(&v, true));
    v = view_of(BINDING_BOUND, 0, true);
    assert_err(binding_view_check(&v, true), E_MISSING);
    v = view_of(BINDING_OPEN, 3, false);
    assert_ok(binding_view_check(&v, false));
}

/*= test binding-bound */
static void a_bound_subscription_never_gives_a_regular_vector(void **state)
{
    (void)state;
    for (int i = 0; i < 5000; i++) {
        struct binding_view v = view_of(BINDING_BOUND, test_rand(&seed) % 4, false);
        struct binding_choice c = {.processed = false};
        struct imei served = imei_of(test_rand(&seed) % 2 ? IMEI_A : "35693803564399");
        for (size_t d = 0; d < v.n_devices; d++) {
            v.devices[d].has_kme = test_rand(&seed) % 2;
        }
        v.has_last_imei = test_rand(&seed) % 2;
        v.last_imei = imei_of(test_rand(&seed) % 2 ? IMEI_B : "35693803564399");
        enum refusal r = binding_hss_choose(&v, test_rand(&seed) % 2 ? &served : NULL, &c);
        assert_true(r != REFUSAL_NONE || (c.processed && v.devices[c.device].has_kme));
    }
}

static void learn_is_regular_until_there_is_a_key_and_bound_from_then_on(void **state)
{
    (void)state;
    struct binding_view v = view_of(BINDING_LEARN, 2, false);
    struct binding_choice c;
    struct imei stranger = imei_of("35693803564399");
    v.devices[0].has_kme = v.devices[1].has_kme = false;
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_NONE);
    assert_false(c.processed);
    assert_int_equal(binding_hss_choose(&v, &stranger, &c), REFUSAL_IMEI_NOT_AUTHORISED);
    v.devices[1].has_kme = true;
    assert_int_equal(binding_hss_choose(&v, NULL, &c), REFUSAL_NONE);
    assert_true(c.processed);
    assert_int_equal(c.device, 1);
}

/*= test binding-theft */
static void failures_in_a_row_raise_the_alarm_once(void **state)
{
    (void)state;
    uint32_t n = 0;
    assert_false(binding_failure_counts(&n, 3));
    assert_false(binding_failure_counts(&n, 3));
    assert_true(binding_failure_counts(&n, 3));
    assert_false(binding_failure_counts(&n, 3));
    n = UINT32_MAX;
    assert_false(binding_failure_counts(&n, 0));
    assert_int_equal(n, UINT32_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_right_device_authenticates),
        cmocka_unit_test(it_works_with_tuak_too),
        cmocka_unit_test(encrand_is_one_aes_block_under_kme),
        cmocka_unit_test(what_travels_is_encrypted_and_the_rest_is_of_the_plain_rand),
        cmocka_unit_test(a_sim_in_another_device_fails_and_nothing_changes),
        cmocka_unit_test(a_device_without_this_feature_fails_too),
        cmocka_unit_test(every_bit_of_rand_and_autn_is_protected),
        cmocka_unit_test(the_amf_bit_flipped_either_way_is_refused),
        cmocka_unit_test(a_repeated_challenge_is_answered_from_the_cache),
        cmocka_unit_test(an_older_vector_replayed_gives_a_synchronisation_failure),
        cmocka_unit_test(
            a_regular_vector_from_before_the_binding_dies_with_the_first_processed_one),
        cmocka_unit_test(a_vector_without_the_separation_bit_is_refused),
        cmocka_unit_test(auts_is_understood_for_plain_active_and_previous_rands),
        cmocka_unit_test(a_forged_auts_is_refused_and_writes_nothing),
        cmocka_unit_test(the_served_imei_decides_if_it_is_on_the_list),
        cmocka_unit_test(without_a_served_imei_the_last_one_decides_then_the_only_key),
        cmocka_unit_test(a_group_key_serves_several_devices),
        cmocka_unit_test(a_bound_subscription_never_gives_a_regular_vector),
        cmocka_unit_test(learn_is_regular_until_there_is_a_key_and_bound_from_then_on),
        cmocka_unit_test(failures_in_a_row_raise_the_alarm_once),
    };
    return cmocka_run_group_tests_name("binding", tests, crypto_up, crypto_down);
}
