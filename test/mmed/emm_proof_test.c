/* emm_proof.c, steps 3 and 5 of device identifier authentication: who is asked, what is sent, and
 * what may come back when. */
#include "mmed/emm_proof_rig.h"

/* ---- who is asked ---------------------------------------------------------------------------- */

static void a_device_is_asked_where_the_home_network_wants_a_proof_and_only_there(void **state)
{
    (void)state;
    static const struct {
        uint8_t control;
        bool configured, library;
        enum emm_state state;
    } of[] = {
        {S6A_PROOF_WANTED, true, true, EMM_PROOF},
        {S6A_PROOF_REMEMBERED, true, true, EMM_PROOF},
        {S6A_PROOF_NOT_WANTED, true, true, EMM_LOCATION},
        {3, true, true, EMM_LOCATION},
        {UINT8_MAX, true, true, EMM_LOCATION},
        {S6A_PROOF_WANTED, false, true, EMM_LOCATION},
        {S6A_PROOF_WANTED, true, false, EMM_LOCATION},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        open_wanting(of[i].control);
        g.config.devid = of[i].configured;
        g.devid = of[i].library ? &port : NULL;
        secure();
        assert_int_equal(g.ue->state, of[i].state);
        assert_null(rig_effect(&g, EMM_ASK_EQUIPMENT));
        const struct emm_effect *ulr = rig_effect(&g, EMM_ASK_LOCATION);
        assert_int_equal(ulr != NULL, of[i].state == EMM_LOCATION);
        assert_true(ulr == NULL || ulr->proof.result == DEVID_NOT_ASKED);
        rig_close(&g);
    }
}

static void who_owes_a_proof_is_not_sent_elsewhere_and_who_has_given_one_is(void **state)
{
    (void)state;
    static const struct {
        uint8_t control;
        bool configured, rerouted;
    } of[] = {{S6A_PROOF_WANTED, true, false},
              {S6A_PROOF_REMEMBERED, true, true},
              {S6A_PROOF_NOT_WANTED, true, true},
              {S6A_PROOF_WANTED, false, true}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        open_wanting(of[i].control);
        g.config.devid = of[i].configured;
        g.config.reroute = true;
        rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
        rig_vectors(&g, 1, 2001, false);
        assert_int_equal(rig_effect(&g, EMM_REROUTE) != NULL, of[i].rerouted);
        assert_int_equal(g.gone, of[i].rerouted);
        rig_close(&g);
    }
}

static void a_known_device_is_authenticated_anew_because_the_home_network_has_its_say(void **state)
{
    (void)state;
    for (int on = 0; on < 2; on++) {
        open_wanting(S6A_PROOF_NOT_WANTED);
        g.config.reuse_security = true;
        rig_to(&g, EMM_IDLE);
        g.config.devid = on != 0;
        g.by_guti = true;
        static struct emm_ue old;
        old = *g.ue;
        emm_ue_init(g.ue);
        g.old = &old;
        rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_INTEGRITY));
        assert_int_equal(g.ue->state, on ? EMM_VECTORS : EMM_LOCATION);
        rig_close(&g);
    }
}

/* ---- step 3 ---------------------------------------------------------------------------------- */

static void a_challenge_is_ciphered_and_its_nonce_is_of_one_attach_alone(void **state)
{
    (void)state;
    struct devid_challenge first = asked();
    assert_int_equal(first.n_algorithms, 2);
    assert_int_equal(first.algorithms[0], DEVID_ECDSA_P256);
    assert_int_equal(first.algorithms[1], DEVID_ED25519);
    assert_int_equal(rig_effect(&g, EMM_TIMER_START)->ms, g.config.t3470_ms);
    g.imsi = "001010000000001"; /* not the same again */
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_CIPHERED));
    rig_vectors(&g, 1, 2001, false);
    rig_res(&g);
    rig_security_complete(&g);
    struct devid_challenge second = challenged();
    assert_memory_not_equal(first.nonce, second.nonce, sizeof first.nonce);
    rig_close(&g);
}

static void a_lost_challenge_is_repeated_with_the_same_nonce_and_silence_is_refused(void **state)
{
    (void)state;
    static struct emm_ue nobody;
    struct devid_challenge first = asked();
    emm_ue_init(&nobody);
    for (unsigned i = 0; i < 4; i++) {
        rig_event(&g, EMM_UNDELIVERED); /* T3470 sees to it */
        assert_int_equal(g.fx.n, 0);
        rig_timer(&g, EMM_TIMER_PROCEDURE);
        struct devid_challenge again = challenged();
        assert_memory_equal(&again, &first, sizeof first);
    }
    rig_timer(&g, EMM_TIMER_PROCEDURE);
    assert_true(rig_told(&g, REFUSAL_DEVICE_SILENT));
    assert_true(g.fx.e[0].ends_attach);
    assert_null(rig_effect(&g, EMM_SEND));
    assert_null(rig_effect(&g, EMM_ASK_LOCATION));
    assert_non_null(rig_effect(&g, EMM_RELEASE));
    assert_true(g.gone);
    assert_memory_equal(g.ue, &nobody, sizeof nobody);
    rig_close(&g);
}

/* TS 24.301 5.5.1.2.7 d, e: the device begins again, or says the same again. */
static void the_same_attach_request_again_goes_on_with_the_challenge_there_is(void **state)
{
    (void)state;
    struct devid_challenge first = asked();
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_CIPHERED));
    assert_int_equal(g.fx.n, 0);
    assert_int_equal(g.ue->state, EMM_PROOF);
    rig_timer(&g, EMM_TIMER_PROCEDURE);
    struct devid_challenge again = challenged();
    assert_memory_equal(&again, &first, sizeof first);
    rig_security_complete(&g); /* its repetition, too */
    assert_int_equal(g.fx.n, 0);
    answer(IMEI, IMEI);
    struct devid_credential c = found(IMEI, BINDING_PUBLIC_KEY);
    credential(&c);
    assert_outcome(DEVID_CAUSE_NONE);
    rig_close(&g);
}

static enum err no_random(void *ctx, struct mbytes out)
{
    (void)ctx;
    (void)out;
    return E_CRYPTO;
}

static void without_randomness_nobody_is_challenged(void **state)
{
    (void)state;
    uint8_t cause = 0;
    open_wanting(S6A_PROOF_WANTED);
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
    rig_vectors(&g, 1, 2001, false);
    rig_res(&g);
    g.crypto.random = no_random;
    rig_security_complete(&g);
    assert_true(rig_told(&g, REFUSAL_CRYPTO_FAILED));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_ATTACH_REJECT);
    assert_int_equal(cause, 17);
    assert_true(g.gone);
    rig_close(&g);
}

/*= test devid-ciphered */
static void who_does_not_cipher_is_not_asked_but_inquired_about(void **state)
{
    (void)state;
    for (int bound = 0; bound < 2; bound++) {
        open_wanting(S6A_PROOF_WANTED);
        g.config.algorithms = (struct nassec_preference){{0}, 1, {2}, 1};
        rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
        rig_vectors(&g, 1, 2001, false);
        rig_res(&g);
        rig_secure(&g, g.kasme, g.ksi);
        g.security.agreed.eea = NAS_EEA0;
        rig_security_complete(&g);
        assert_int_equal(g.ue->state, EMM_EQUIPMENT);
        assert_null(rig_effect(&g, EMM_SEND));
        assert_true(rig_effect(&g, EMM_ASK_EQUIPMENT)->wants_credential);
        struct devid_credential c = bound ? found(IMEI, BINDING_PUBLIC_KEY) : none;
        credential(&c);
        assert_outcome(bound ? DEVID_CAUSE_NOT_CIPHERED : DEVID_CAUSE_NO_BINDING);
        rig_close(&g);
    }
}

static void who_neither_ciphers_nor_names_its_imei_cannot_be_inquired_about(void **state)
{
    (void)state;
    open_wanting(S6A_PROOF_WANTED);
    g.no_imeisv = true;
    g.config.algorithms = (struct nassec_preference){{0}, 1, {2}, 1};
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
    rig_vectors(&g, 1, 2001, false);
    rig_res(&g);
    rig_secure(&g, g.kasme, g.ksi);
    g.security.agreed.eea = NAS_EEA0;
    rig_security_complete(&g);
    assert_true(rig_told(&g, REFUSAL_IDENTITY_MISSING));
    assert_true(g.gone);
    rig_close(&g);
}

/* ---- step 5 ---------------------------------------------------------------------------------- */

/*= test devid-6 */
static void an_answer_leads_to_the_inquiry_whether_it_has_a_proof_or_not(void **state)
{
    (void)state;
    for (int proof = 0; proof < 2; proof++) {
        (void)asked();
        answer(IMEI, proof ? IMEI : NULL);
        assert_int_equal(g.ue->state, EMM_EQUIPMENT);
        const struct emm_effect *e = rig_effect(&g, EMM_ASK_EQUIPMENT);
        assert_non_null(e);
        assert_true(e->wants_credential);
        assert_string_equal(e->who.imei.imei.digits, IMEI);
        assert_string_equal(e->who.imei.svn, "99"); /* of the IMEISV, which agrees */
        assert_int_equal(rig_effect(&g, EMM_TIMER_STOP)->timer, EMM_TIMER_PROCEDURE);
        rig_close(&g);
    }
}

static void without_an_imeisv_the_imei_of_the_answer_counts_and_has_no_version(void **state)
{
    (void)state;
    open_wanting(S6A_PROOF_WANTED);
    g.no_imeisv = true;
    secure();
    answer(OTHER, OTHER);
    const struct emm_effect *e = rig_effect(&g, EMM_ASK_EQUIPMENT);
    assert_string_equal(e->who.imei.imei.digits, OTHER);
    assert_string_equal(e->who.imei.svn, "");
    struct devid_credential c = found(OTHER, BINDING_PUBLIC_KEY);
    credential(&c);
    assert_outcome(DEVID_CAUSE_NONE);
    rig_close(&g);
}

/* The one inquired about, and told the home network, is that of the answer: a forger can't have one
 * IMEI looked up and another one registered. */
static void imeis_that_differ_are_a_failure_whatever_the_repository_says(void **state)
{
    (void)state;
    static const struct {
        const char *identity, *proof;
    } of[] = {{OTHER, OTHER}, {OTHER, IMEI}, {IMEI, OTHER}, {OTHER, NULL}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        for (int bound = 0; bound < 2; bound++) {
            (void)asked();
            answer(of[i].identity, of[i].proof);
            const struct emm_effect *e = rig_effect(&g, EMM_ASK_EQUIPMENT);
            assert_string_equal(e->who.imei.imei.digits, of[i].identity);
            struct devid_credential c = bound ? found(of[i].identity, BINDING_PUBLIC_KEY) : none;
            credential(&c);
            assert_outcome(DEVID_CAUSE_OTHER_IMEI);
            assert_string_equal(rig_effect(&g, EMM_ASK_LOCATION)->who.imei.imei.digits,
                                of[i].identity);
            rig_close(&g);
        }
    }
}

static void an_answer_without_an_imei_ends_the_attach(void **state)
{
    (void)state;
    uint8_t cause = 0;
    (void)asked();
    rig_identity(&g); /* an IMSI */
    assert_true(rig_told(&g, REFUSAL_IDENTITY_MISSING));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_ATTACH_REJECT);
    assert_int_equal(cause, 17);
    assert_true(g.gone);
    rig_close(&g);
}

static void an_answer_in_clear_or_under_integrity_alone_changes_nothing(void **state)
{
    (void)state;
    uint8_t room[EMM_PDU_MAX], id[NAS_IDENTITY_MAX];
    static const uint8_t shts[] = {NAS_SHT_PLAIN, NAS_SHT_INTEGRITY};
    for (size_t i = 0; i < sizeof shts; i++) {
        (void)asked();
        struct nas_identity imei = {.type = NAS_IDENTITY_IMEI};
        struct nas_identity_response m = {.bindery_container = proof_of(IMEI, room)};
        assert_ok(imei_parse(BYTES_LIT(IMEI), &imei.imei));
        assert_ok(nas_identity_write(&imei, MBYTES_OF(id), &m.identity));
        struct emm_ue before = *g.ue;
        rig_pdu(&g, false, rig_write(&g, shts[i], &nas_identity_response_message, &m));
        assert_true(rig_told(&g, REFUSAL_NAS_UNPROTECTED));
        assert_int_equal(g.fx.n, 1);
        before.security = g.ue->security; /* its counter went on */
        assert_memory_equal(g.ue, &before, sizeof before);
        rig_close(&g);
    }
}

static void every_prefix_of_a_container_is_an_unreadable_proof(void **state)
{
    (void)state;
    uint8_t room[EMM_PDU_MAX];
    size_t whole = proof_of(IMEI, room).n;
    for (size_t n = 2; n < whole; n++) { /* shorter ones are no element at all */
        (void)asked();
        struct devid_credential c = found(IMEI, BINDING_PUBLIC_KEY);
        struct bytes prefix = {proof_of(IMEI, room).p, n};
        rig_imei(&g, IMEI, prefix);
        credential(&c);
        assert_outcome(DEVID_CAUSE_BAD_PROOF);
        assert_int_equal(library.signatures, 0);
        rig_close(&g);
    }
}

/* ---- what nobody asked for ------------------------------------------------------------------- */

static void assert_unasked(void)
{
    struct emm_ue before = *g.ue;
    answer(IMEI, IMEI);
    assert_true(rig_told(&g, REFUSAL_PROOF_UNASKED));
    assert_null(rig_effect(&g, EMM_ASK_EQUIPMENT));
    assert_null(rig_effect(&g, EMM_ASK_VECTORS));
    assert_int_equal(g.fx.n, before.secured ? 2 : 1); /* told, and STATUS under protection */
    before.security = g.ue->security;
    assert_memory_equal(g.ue, &before, sizeof before);
}

/*= test devid-2 */
static void a_proof_before_security_is_refused_by_name_and_changes_nothing(void **state)
{
    (void)state;
    static const enum emm_state states[] = {EMM_IDENTITY, EMM_VECTORS, EMM_AUTHENTICATION,
                                            EMM_SECURITY_MODE};
    uint8_t room[EMM_PDU_MAX], id[NAS_IDENTITY_MAX];
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        rig_open(&g);
        rig_to(&g, states[i]);
        assert_unasked();
        /* also beside the IMSI that may have been asked for */
        struct nas_identity imsi = {.type = NAS_IDENTITY_IMSI};
        struct nas_identity_response m = {.bindery_container = proof_of(IMEI, room)};
        assert_ok(imsi_parse(bytes_of_str(g.imsi), &imsi.imsi));
        assert_ok(nas_identity_write(&imsi, MBYTES_OF(id), &m.identity));
        struct emm_ue before = *g.ue;
        rig_up(&g, &nas_identity_response_message, &m);
        assert_true(rig_told(&g, REFUSAL_PROOF_UNASKED));
        assert_memory_equal(g.ue, &before, sizeof before);
        rig_close(&g);
    }
}

/*= test devid-nonce */
static void a_response_without_request_is_refused_by_name_and_changes_nothing(void **state)
{
    (void)state;
    static const enum emm_state states[] = {EMM_EQUIPMENT, EMM_LOCATION,   EMM_ESM_INFORMATION,
                                            EMM_ACCEPT,    EMM_REGISTERED, EMM_DETACHING};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        rig_open(&g);
        rig_to(&g, states[i]);
        assert_unasked();
        rig_close(&g);
    }
}

static void the_answer_to_a_repeated_challenge_is_let_go_when_the_first_was_taken(void **state)
{
    (void)state;
    (void)asked();
    rig_timer(&g, EMM_TIMER_PROCEDURE);
    answer(IMEI, IMEI);
    assert_int_equal(g.ue->state, EMM_EQUIPMENT);
    answer(IMEI, IMEI);
    assert_int_equal(g.fx.n, 0);
    struct devid_credential c = found(IMEI, BINDING_PUBLIC_KEY);
    credential(&c);
    assert_outcome(DEVID_CAUSE_NONE);
    answer(OTHER, NULL);
    assert_int_equal(g.fx.n, 0);
    assert_string_equal(g.ue->who.imei.imei.digits, IMEI);
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_asked_where_the_home_network_wants_a_proof_and_only_there),
        cmocka_unit_test(who_owes_a_proof_is_not_sent_elsewhere_and_who_has_given_one_is),
        cmocka_unit_test(a_known_device_is_authenticated_anew_because_the_home_network_has_its_say),
        cmocka_unit_test(a_challenge_is_ciphered_and_its_nonce_is_of_one_attach_alone),
        cmocka_unit_test(a_lost_challenge_is_repeated_with_the_same_nonce_and_silence_is_refused),
        cmocka_unit_test(the_same_attach_request_again_goes_on_with_the_challenge_there_is),
        cmocka_unit_test(without_randomness_nobody_is_challenged),
        cmocka_unit_test(who_does_not_cipher_is_not_asked_but_inquired_about),
        cmocka_unit_test(who_neither_ciphers_nor_names_its_imei_cannot_be_inquired_about),
        cmocka_unit_test(an_answer_leads_to_the_inquiry_whether_it_has_a_proof_or_not),
        cmocka_unit_test(without_an_imeisv_the_imei_of_the_answer_counts_and_has_no_version),
        cmocka_unit_test(imeis_that_differ_are_a_failure_whatever_the_repository_says),
        cmocka_unit_test(an_answer_without_an_imei_ends_the_attach),
        cmocka_unit_test(an_answer_in_clear_or_under_integrity_alone_changes_nothing),
        cmocka_unit_test(every_prefix_of_a_container_is_an_unreadable_proof),
        cmocka_unit_test(a_proof_before_security_is_refused_by_name_and_changes_nothing),
        cmocka_unit_test(a_response_without_request_is_refused_by_name_and_changes_nothing),
        cmocka_unit_test(the_answer_to_a_repeated_challenge_is_let_go_when_the_first_was_taken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
