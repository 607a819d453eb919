/* Layer 1, the soft USIM and the crypto table: src/device/hooks.c, src/device/usim.c,
 * src/device/platform.c. */
#include "device/platform.h"
#include "device/world.h"

struct modem {
    struct world w; /* for its AuC */
    struct bindery_ue_binding binding;
    struct bindery_ue_usim_answer answer;
    uint8_t cause;
    unsigned asked; /* the USIM */
};

static enum bindery_ue_usim_status count_and_ask(void *ctx, const uint8_t rand[16],
                                                 const uint8_t autn[16],
                                                 struct bindery_ue_usim_answer *out)
{
    struct modem *m = ctx;
    m->asked++;
    return bindery_ue_usim_authenticate(&m->w.usim, rand, autn, out);
}

static enum bindery_ue_outcome ask(struct modem *m)
{
    return bindery_ue_binding_challenge(&m->binding, &m->w.table, count_and_ask, m,
                                        m->w.vector.rand, m->w.vector.autn.b, &m->answer,
                                        &m->cause);
}

/*= test binding-3a binding-3b */
static void a_modem_hands_its_usim_the_plain_rand(void **state)
{
    struct modem m = {.asked = 0};
    (void)state;
    world_open(&m.w);
    bindery_ue_binding_init(&m.binding, m.w.kme.b);
    (void)net_vector(&m.w, &m.w.kme);
    assert_int_equal(ask(&m), BINDERY_UE_ANSWERED);
    assert_int_equal(m.cause, 0);
    assert_int_equal(m.answer.res_n, m.w.vector.xres.n);
    assert_memory_equal(m.answer.res, m.w.vector.xres.b, m.answer.res_n);
    assert_memory_equal(m.answer.ck, m.w.vector.ck.b, 16);
    assert_memory_equal(m.answer.ik, m.w.vector.ik.b, 16);
    assert_int_equal(ask(&m), BINDERY_UE_REPEATED);
    assert_memory_equal(m.answer.res, m.w.vector.xres.b, m.answer.res_n);
    assert_int_equal(m.asked, 1);
    bindery_ue_binding_forget(&m.binding);
    assert_int_equal(ask(&m), BINDERY_UE_SYNC_FAILURE); /* the USIM saw it before */
    assert_int_equal(m.cause, 21);
    bindery_ue_binding_wipe(&m.binding);
    const struct bindery_ue_binding zero = {{0}};
    assert_memory_equal(&m.binding, &zero, sizeof zero);
    world_close(&m.w);
}

static void each_outcome_has_its_cause(void **state)
{
    struct modem m = {.asked = 0};
    (void)state;
    world_open(&m.w);
    bindery_ue_binding_init(&m.binding, NULL);
    (void)net_vector(&m.w, &m.w.kme);
    assert_int_equal(ask(&m), BINDERY_UE_NO_KME);
    assert_int_equal(m.cause, 20);
    assert_int_equal(m.asked, 0);
    (void)net_vector(&m.w, NULL);
    m.w.vector.autn.b[15] ^= 1;
    assert_int_equal(ask(&m), BINDERY_UE_MAC_FAILURE);
    assert_int_equal(m.cause, 20);
    m.w.vector.autn.b[6] &= 0x7f;
    assert_int_equal(ask(&m), BINDERY_UE_NO_SEPARATION_BIT);
    assert_int_equal(m.cause, 26);
    assert_string_equal(bindery_ue_outcome_name(BINDERY_UE_MAC_FAILURE), "mac-failure");
    world_close(&m.w);
}

static enum bindery_ue_usim_status odd_card(void *ctx, const uint8_t rand[16],
                                            const uint8_t autn[16],
                                            struct bindery_ue_usim_answer *out)
{
    (void)rand;
    (void)autn;
    out->res_n = *(uint8_t *)ctx;
    return BINDERY_UE_USIM_OK;
}

static void without_a_whole_table_or_a_usim_nothing_is_asked(void **state)
{
    struct modem m = {.asked = 0};
    (void)state;
    world_open(&m.w);
    bindery_ue_binding_init(&m.binding, m.w.kme.b);
    (void)net_vector(&m.w, &m.w.kme);
    const struct bindery_ue_crypto whole = m.w.table;
    m.w.table.aes128_decrypt = NULL;
    assert_int_equal(ask(&m), BINDERY_UE_BROKEN);
    m.w.table = whole;
    assert_int_equal(bindery_ue_binding_challenge(&m.binding, &m.w.table, NULL, NULL,
                                                  m.w.vector.rand, m.w.vector.autn.b, &m.answer,
                                                  &m.cause),
                     BINDERY_UE_BROKEN);
    assert_int_equal(m.cause, 0);
    assert_int_equal(m.asked, 0);
    assert_int_equal(ask(&m), BINDERY_UE_ANSWERED);
    world_close(&m.w);
}

static void an_answer_of_no_length_is_no_answer(void **state)
{
    struct modem m = {.asked = 0};
    (void)state;
    world_open(&m.w);
    bindery_ue_binding_init(&m.binding, NULL);
    for (unsigned n = 0; n < 20; n++) {
        uint8_t length = (uint8_t)n;
        (void)net_vector(&m.w, NULL);
        enum bindery_ue_outcome o =
            bindery_ue_binding_challenge(&m.binding, &m.w.table, odd_card, &length, m.w.vector.rand,
                                         m.w.vector.autn.b, &m.answer, &m.cause);
        assert_int_equal(o, n >= 4 && n <= 16 ? BINDERY_UE_ANSWERED : BINDERY_UE_BROKEN);
    }
    world_close(&m.w);
}

static void a_soft_usim_takes_only_keys_that_fit(void **state)
{
    struct world w;
    struct bindery_ue_usim_keys keys = {
        .algorithm = BINDERY_UE_TUAK, .k_n = 32, .opc_n = 32, .res_n = 16, .keccak_iterations = 1};
    uint64_t seq[BINDERY_UE_USIM_SEQUENCES] = {0};
    (void)state;
    world_open(&w);
    assert_int_equal(bindery_ue_usim_init(&w.usim, &w.table, &keys, seq), BINDERY_UE_OK);
    keys.algorithm = BINDERY_UE_MILENAGE;
    assert_int_equal(bindery_ue_usim_init(&w.usim, &w.table, &keys, seq), BINDERY_UE_ERR_ARGUMENT);
    keys.algorithm = BINDERY_UE_TUAK;
    keys.k_n = 33;
    assert_int_equal(bindery_ue_usim_init(&w.usim, &w.table, &keys, seq), BINDERY_UE_ERR_ARGUMENT);
    keys.k_n = 32;
    seq[31] = SEQ_MAX + 1;
    assert_int_equal(bindery_ue_usim_init(&w.usim, &w.table, &keys, seq), BINDERY_UE_ERR_ARGUMENT);
    struct bindery_ue_crypto part = w.table;
    part.random = NULL;
    assert_int_equal(bindery_ue_usim_init(&w.usim, &part, &keys, NULL), BINDERY_UE_ERR_ARGUMENT);
    world_close(&w);
}

/* The adapter gives what OpenSSL gives, whole or in parts. */
static void the_table_computes_what_it_is_asked(void **state)
{
    struct world w;
    uint8_t a[32], b[32], message[300];
    (void)state;
    world_open(&w);
    const struct crypto c = platform_crypto(&w.table);
    for (size_t i = 0; i < sizeof message; i++) {
        message[i] = (uint8_t)i;
    }
    const struct bytes key = {message, 16};
    const struct bytes parts[3] = {{message, 40}, {message + 40, 0}, {message + 40, 60}};
    const struct bytes whole = {message, 100};
    assert_ok(c.sha256(c.ctx, parts, 3, a));
    assert_ok(w.c.sha256(w.c.ctx, &whole, 1, b));
    assert_memory_equal(a, b, 32);
    assert_ok(c.hmac_sha256(c.ctx, key, parts, 3, a));
    assert_ok(w.c.hmac_sha256(w.c.ctx, key, &whole, 1, b));
    assert_memory_equal(a, b, 32);
    const struct bytes large[2] = {{message, PLATFORM_MESSAGE_MAX}, {message, 1}};
    assert_err(c.sha256(c.ctx, large, 2, a), E_CRYPTO);
    assert_ok(c.sha256(c.ctx, large, 1, a)); /* one part may have any length */
    assert_ok(c.random(c.ctx, MBYTES_OF(a)));
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_modem_hands_its_usim_the_plain_rand),
        cmocka_unit_test(each_outcome_has_its_cause),
        cmocka_unit_test(without_a_whole_table_or_a_usim_nothing_is_asked),
        cmocka_unit_test(an_answer_of_no_length_is_no_answer),
        cmocka_unit_test(a_soft_usim_takes_only_keys_that_fit),
        cmocka_unit_test(the_table_computes_what_it_is_asked),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
