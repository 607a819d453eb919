/* Layer 1 of the first attach with a dIMSI: what a soft secure element says to a challenge. */
#include "device/discovering.h"

struct answer {
    struct bindery_ue_usim_answer a;
    char imsi[15];
    uint8_t imsi_n;
};

static enum bindery_ue_discovery_outcome ask(const struct seeker *s, const struct bytes *autn,
                                             struct answer *out)
{
    memset(out, 0xee, sizeof *out);
    return bindery_ue_slot_challenge(&s->slot, &s->w.table, s->challenge.rand.b,
                                     autn != NULL ? autn->p : NULL, &out->a, out->imsi,
                                     &out->imsi_n);
}

static void expect_nothing(const struct answer *got)
{
    static const struct answer nothing;
    assert_memory_equal(&got->a, &nothing.a, sizeof got->a);
    assert_memory_equal(got->imsi, nothing.imsi, sizeof got->imsi);
    assert_int_equal(got->imsi_n, 0);
}

static void expect_answer(const struct seeker *s, const struct answer *got)
{
    assert_int_equal(got->a.res_n, s->challenge.xres.n);
    assert_memory_equal(got->a.res, s->challenge.xres.b, got->a.res_n);
    assert_memory_equal(got->a.ck, s->challenge.ck.b, 16);
    assert_memory_equal(got->a.ik, s->challenge.ik.b, 16);
    assert_int_equal(got->imsi_n, s->imsi.n);
    assert_memory_equal(got->imsi, s->imsi.digits, 15);
}

/*= test dimsi-7-integrity dimsi-repeat dimsi-first-keys */
static void the_challenge_of_the_target_ausf_is_answered(void **state)
{
    struct seeker s;
    struct answer got;
    (void)state;
    seeker_open(&s);
    seeker_make(&s);
    const struct bytes autn = BYTES_OF(s.challenge.autn.b);
    const struct bindery_ue_slot before = s.slot;
    for (unsigned i = 0; i < 2; i++) { /* nothing is changed by being asked */
        assert_int_equal(ask(&s, &autn, &got), BINDERY_UE_DISCOVERY_INSTALLED);
        expect_answer(&s, &got);
        assert_memory_equal(&before, &s.slot, sizeof before);
    }
    assert_int_equal(bindery_ue_slot_installed(&s.slot, got.imsi, got.imsi_n), BINDERY_UE_OK);
    assert_int_equal(ask(&s, &autn, &got), BINDERY_UE_DISCOVERY_REPEATED);
    expect_answer(&s, &got);
    seeker_close(&s);
}

/* No AUTN: the constant alone says that it is one. */
/*= test dimsi-7-ctv */
static void a_challenge_of_2g_is_verified_by_the_constant(void **state)
{
    struct seeker s;
    struct answer got;
    (void)state;
    seeker_open(&s);
    seeker_make(&s);
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_INSTALLED);
    expect_answer(&s, &got);
    for (unsigned bit = 0; bit < 128; bit++) {
        s.challenge.rand.b[bit / 8] ^= (uint8_t)(1 << (bit % 8));
        assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_CTV);
        expect_nothing(&got);
        s.challenge.rand.b[bit / 8] ^= (uint8_t)(1 << (bit % 8));
    }
    seeker_close(&s);
}

/*= test dimsi-7-integrity dimsi-separation */
static void a_changed_challenge_gives_nothing(void **state)
{
    struct seeker s;
    struct answer got;
    (void)state;
    seeker_open(&s);
    seeker_make(&s);
    const struct bytes autn = BYTES_OF(s.challenge.autn.b);
    for (unsigned bit = 0; bit < 256; bit++) {
        uint8_t *octet =
            bit < 128 ? &s.challenge.rand.b[bit / 8] : &s.challenge.autn.b[bit / 8 - 16];
        *octet ^= (uint8_t)(1 << (bit % 8));
        assert_int_equal(ask(&s, &autn, &got), BINDERY_UE_DISCOVERY_INTEGRITY);
        expect_nothing(&got);
        *octet ^= (uint8_t)(1 << (bit % 8));
    }
    seeker_close(&s);
}

/* RAND and AUTN of somebody who has eK, and writes what is no IMSI. */
static void what_is_no_imsi_is_not_installed(void **state)
{
    struct seeker s;
    struct answer got;
    struct imsi bad;
    (void)state;
    seeker_open(&s);
    bad = s.imsi;
    bad.digits[3] = '0' + 11;
    seeker_make_for(&s, &bad);
    const struct bytes autn = BYTES_OF(s.challenge.autn.b);
    assert_int_equal(ask(&s, &autn, &got), BINDERY_UE_DISCOVERY_IMSI_UNREADABLE);
    expect_nothing(&got);
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_IMSI_UNREADABLE);
    seeker_close(&s);
}

/*= test dimsi-other-imsi dimsi-erase */
static void one_imsi_under_an_ek_and_none_when_it_was_erased(void **state)
{
    struct seeker s;
    struct answer got;
    struct imsi other;
    struct bindery_ue_usim_keys keys;
    struct bindery_ue_slot_view v;
    (void)state;
    seeker_open(&s);
    assert_int_equal(bindery_ue_slot_usim(&s.slot, &s.w.table, &keys), BINDERY_UE_ERR_STATE);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, "00101x000700001", 15),
                     BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, SEEKER_IMSI, 5), BINDERY_UE_ERR_ARGUMENT);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, SEEKER_IMSI, 15), BINDERY_UE_OK);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, SEEKER_IMSI, 15), BINDERY_UE_OK);
    assert_ok(imsi_parse(BYTES_LIT("001010000700002"), &other));
    assert_int_equal(bindery_ue_slot_installed(&s.slot, other.digits, other.n),
                     BINDERY_UE_ERR_STATE);
    seeker_make_for(&s, &other);
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_OTHER_IMSI);
    expect_nothing(&got);
    bindery_ue_slot_erase(&s.slot);
    seeker_make(&s);
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_ERASED);
    expect_nothing(&got);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, SEEKER_IMSI, 15), BINDERY_UE_ERR_STATE);
    assert_int_equal(bindery_ue_slot_usim(&s.slot, &s.w.table, &keys), BINDERY_UE_ERR_STATE);
    bindery_ue_slot_view(&s.slot, &v);
    assert_true(v.erased);
    assert_int_equal(v.imsi_n, 15);
    static const struct key_ek none;
    assert_memory_equal(&slot_in(&s.slot)->ek, &none, sizeof none);
    seeker_close(&s);
}

/*= test dimsi-second-keys */
static void k_and_opc_are_those_of_the_target_ausf(void **state)
{
    struct seeker s;
    struct bindery_ue_usim_keys keys;
    struct aka_keys theirs;
    (void)state;
    seeker_open(&s);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, SEEKER_IMSI, 15), BINDERY_UE_OK);
    assert_int_equal(bindery_ue_slot_usim(&s.slot, &s.w.table, &keys), BINDERY_UE_OK);
    assert_ok(dimsi_aka_keys(&s.w.c, &s.ek, &s.dimsi, &s.imsi, &theirs));
    assert_int_equal(keys.algorithm, theirs.algorithm);
    assert_int_equal(keys.k_n, 16);
    assert_memory_equal(keys.k, theirs.k.b, 16);
    assert_int_equal(keys.opc_n, 16);
    assert_memory_equal(keys.opc, theirs.opc.b, 16);
    assert_int_equal(keys.res_n, theirs.res_len);
    seeker_close(&s);
}

static bool fails(void *ctx, const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    (void)ctx, (void)key, (void)in, (void)out;
    return false;
}

static bool no_hmac(void *ctx, const uint8_t *key, size_t key_n, const uint8_t *message,
                    size_t message_n, uint8_t out[32])
{
    (void)ctx, (void)key, (void)key_n, (void)message, (void)message_n, (void)out;
    return false;
}

static void without_crypto_or_a_slot_nothing_is_said(void **state)
{
    struct seeker s;
    struct answer got;
    struct bindery_ue_usim_keys keys;
    (void)state;
    seeker_open(&s);
    seeker_make(&s);
    const struct bindery_ue_crypto good = s.w.table;
    s.w.table.aes128_decrypt = fails;
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_BROKEN);
    expect_nothing(&got);
    s.w.table.aes128_decrypt = NULL;
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_BROKEN);
    s.w.table = good;
    s.w.table.hmac_sha256 = no_hmac;
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_BROKEN);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, SEEKER_IMSI, 15), BINDERY_UE_OK);
    assert_int_equal(bindery_ue_slot_usim(&s.slot, &s.w.table, &keys), BINDERY_UE_ERR_CRYPTO);
    s.w.table.sha256 = NULL;
    assert_int_equal(bindery_ue_slot_usim(&s.slot, &s.w.table, &keys), BINDERY_UE_ERR_CRYPTO);
    s.w.table = good;
    bindery_ue_slot_wipe(&s.slot);
    assert_int_equal(ask(&s, NULL, &got), BINDERY_UE_DISCOVERY_BROKEN);
    assert_int_equal(bindery_ue_slot_installed(&s.slot, SEEKER_IMSI, 15), BINDERY_UE_ERR_STATE);
    assert_int_equal(bindery_ue_slot_usim(&s.slot, &s.w.table, &keys), BINDERY_UE_ERR_STATE);
    seeker_close(&s);
}

static void each_outcome_has_a_name_a_sentence_and_a_cause_if_it_is_a_failure(void **state)
{
    (void)state;
    for (unsigned i = 0; i <= BINDERY_UE_DISCOVERY_BROKEN; i++) {
        const enum bindery_ue_discovery_outcome o = (enum bindery_ue_discovery_outcome)i;
        const bool failure =
            o >= BINDERY_UE_DISCOVERY_INTEGRITY && o <= BINDERY_UE_DISCOVERY_ERASED;
        assert_string_not_equal(bindery_ue_discovery_outcome_name(o), "unknown");
        assert_string_not_equal(bindery_ue_discovery_outcome_sentence(o), "unknown");
        assert_int_equal(bindery_ue_discovery_emm_cause(o), failure ? EMM_CAUSE_MAC_FAILURE : 0);
    }
    const enum bindery_ue_discovery_outcome none = (enum bindery_ue_discovery_outcome)99;
    assert_string_equal(bindery_ue_discovery_outcome_name(none), "unknown");
    assert_string_equal(bindery_ue_discovery_outcome_sentence(none), "unknown");
    assert_int_equal(bindery_ue_discovery_emm_cause(none), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_challenge_of_the_target_ausf_is_answered),
        cmocka_unit_test(a_challenge_of_2g_is_verified_by_the_constant),
        cmocka_unit_test(a_changed_challenge_gives_nothing),
        cmocka_unit_test(what_is_no_imsi_is_not_installed),
        cmocka_unit_test(one_imsi_under_an_ek_and_none_when_it_was_erased),
        cmocka_unit_test(k_and_opc_are_those_of_the_target_ausf),
        cmocka_unit_test(without_crypto_or_a_slot_nothing_is_said),
        cmocka_unit_test(each_outcome_has_a_name_a_sentence_and_a_cause_if_it_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
