/* emm_proof.c and emm_location.c, from the inquiry on: step 9 of device identifier authentication,
 * and what the EIR's and the home network's words make of it. */
#include "mmed/emm_proof_rig.h"

static bool all_zero(const void *p, size_t n)
{
    const uint8_t *b = p;
    for (size_t i = 0; i < n; i++) {
        if (b[i] != 0) {
            return false;
        }
    }
    return true;
}

/* ---- step 9 ---------------------------------------------------------------------------------- */

static void what_is_verified_is_bound_to_nonce_plmn_and_session(void **state)
{
    (void)state;
    uint8_t want[DEVID_CONTENT_LEN];
    for (uint8_t form = BINDING_CERTIFICATE; form <= BINDING_PUBLIC_KEY; form++) {
        struct devid_challenge c = asked();
        struct imei imei;
        struct devid_session session = {.plmn = g.config.plmn,
                                        .kasme = &g.security.agreed.kasme}; /* the UE's own */
        assert_ok(imei_parse(BYTES_LIT(IMEI), &imei));
        assert_ok(devid_content(&g.crypto, DEVID_ECDSA_P256, &imei, c.nonce, &session, want));
        answer(IMEI, IMEI);
        struct devid_credential cred = found(IMEI, form);
        credential(&cred);
        assert_outcome(DEVID_CAUSE_NONE);
        assert_memory_equal(library.content, want, sizeof want);
        assert_int_equal(library.algorithm, DEVID_ECDSA_P256);
        assert_int_equal(library.chains, form == BINDING_CERTIFICATE ? 1 : 0);
        assert_true(form != BINDING_CERTIFICATE || library.at == g.unix_s);
        assert_int_equal(rig_effect(&g, EMM_ASK_LOCATION)->proof.form, form);
        assert_int_equal(rig_effect(&g, EMM_ASK_LOCATION)->proof.serial, 77);
        rig_close(&g);
    }
}

static void what_the_library_finds_is_the_cause(void **state)
{
    (void)state;
    static const struct {
        enum err record, signature;
        enum devid_cause chain, cause;
    } of[] = {
        {E_NOT_FOUND, E_OK, DEVID_CAUSE_NONE, DEVID_CAUSE_RECORD_SIGNATURE},
        {E_OK, E_BAD_MAC, DEVID_CAUSE_NONE, DEVID_CAUSE_SIGNATURE},
        {E_OK, E_UNSUPPORTED, DEVID_CAUSE_NONE, DEVID_CAUSE_ALGORITHM},
        {E_OK, E_OK, DEVID_CAUSE_CHAIN_LATE, DEVID_CAUSE_CHAIN_LATE},
        {E_OK, E_OK, DEVID_CAUSE_NO_CRL, DEVID_CAUSE_NO_CRL},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        (void)asked();
        library.record = of[i].record;
        library.signature = of[i].signature;
        library.chain = of[i].chain;
        answer(IMEI, IMEI);
        struct devid_credential c = found(IMEI, BINDING_CERTIFICATE);
        credential(&c);
        assert_outcome(of[i].cause);
        rig_close(&g);
    }
}

static void the_date_of_the_step_is_what_a_binding_is_judged_at(void **state)
{
    (void)state;
    static const struct {
        int64_t at;
        enum devid_cause cause;
    } of[] = {{999, DEVID_CAUSE_BINDING_EARLY},
              {1000, DEVID_CAUSE_NONE},
              {3000, DEVID_CAUSE_NONE},
              {3001, DEVID_CAUSE_BINDING_LATE}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        (void)asked();
        answer(IMEI, IMEI);
        g.unix_s = of[i].at;
        struct devid_credential c = found(IMEI, BINDING_PUBLIC_KEY);
        credential(&c);
        assert_outcome(of[i].cause);
        rig_close(&g);
    }
}

static void silence_about_a_bound_imei_fails_and_about_an_unbound_one_does_not(void **state)
{
    (void)state;
    for (int bound = 0; bound < 2; bound++) {
        (void)asked();
        answer(IMEI, NULL);
        struct devid_credential c = bound ? found(IMEI, BINDING_PUBLIC_KEY) : none;
        credential(&c);
        assert_outcome(bound ? DEVID_CAUSE_NO_PROOF : DEVID_CAUSE_NO_BINDING);
        rig_close(&g);
    }
}

static void an_inquiry_without_an_answer_leaves_the_matter_open_and_the_attach_goes_on(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        bool has;
    } of[] = {{2001, false}, {0, false}, {0, true}, {3002, true}, {5012, true}, {3007, false}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        (void)asked();
        answer(IMEI, IMEI);
        struct devid_credential c = found(IMEI, BINDING_PUBLIC_KEY);
        g.credential = of[i].has ? &c : NULL;
        rig_checked(&g, of[i].code, EMM_EQUIPMENT_WHITE);
        assert_outcome(DEVID_CAUSE_INQUIRY_UNANSWERED);
        rig_close(&g);
    }
}

static void an_outcome_that_the_home_network_names_is_passed_on(void **state)
{
    (void)state;
    for (unsigned cause = DEVID_CAUSE_INQUIRY_UNANSWERED; cause <= DEVID_CAUSE_REPOSITORY_BUSY;
         cause++) {
        (void)asked();
        answer(IMEI, IMEI);
        struct devid_credential c = {.status = DEVID_UNAVAILABLE, .cause = (enum devid_cause)cause};
        credential(&c);
        assert_outcome((enum devid_cause)cause);
        rig_close(&g);
    }
}

static void what_the_device_said_is_wiped_when_it_was_judged(void **state)
{
    (void)state;
    (void)asked();
    answer(IMEI, IMEI);
    assert_false(all_zero(&g.ue->said, sizeof g.ue->said));
    struct devid_credential c = found(IMEI, BINDING_PUBLIC_KEY);
    credential(&c);
    assert_true(all_zero(&g.ue->said, sizeof g.ue->said));
    rig_close(&g);
}

/* ---- the EIR's verdict, and the home network's ----------------------------------------------- */

static void an_eir_that_has_a_verdict_on_the_equipment_is_heard(void **state)
{
    (void)state;
    static const struct {
        bool check, admit_grey;
        uint32_t code;
        bool experimental;
        uint8_t status;
        enum refusal why; /* NONE: the attach goes on */
    } of[] = {
        {false, false, 2001, false, EMM_EQUIPMENT_BLACK, REFUSAL_EQUIPMENT_BLACK},
        {false, false, 2001, false, EMM_EQUIPMENT_GREY, REFUSAL_EQUIPMENT_GREY},
        {false, true, 2001, false, EMM_EQUIPMENT_GREY, REFUSAL_NONE},
        {false, false, 5422, true, EMM_EQUIPMENT_WHITE, REFUSAL_EQUIPMENT_UNKNOWN},
        {false, false, 2001, false, UINT8_MAX, REFUSAL_NONE}, /* none was given */
        {true, false, 2001, false, UINT8_MAX, REFUSAL_HSS_REFUSED},
        {true, false, 0, false, EMM_EQUIPMENT_WHITE, REFUSAL_HSS_SILENT},
        {true, false, 5012, false, EMM_EQUIPMENT_WHITE, REFUSAL_HSS_REFUSED},
        {true, false, 2001, false, EMM_EQUIPMENT_WHITE, REFUSAL_NONE},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        (void)asked();
        g.config.check_imei = of[i].check;
        g.config.admit_grey = of[i].admit_grey;
        answer(IMEI, IMEI);
        struct devid_credential c = found(IMEI, BINDING_PUBLIC_KEY);
        g.credential = &c;
        struct emm_eca eca = {.code = of[i].code,
                              .experimental = of[i].experimental,
                              .status = of[i].status,
                              .has_credential = true,
                              .credential = c};
        struct emm_event event = {.kind = EMM_ECA, .eca = &eca};
        rig_step(&g, &event);
        if (of[i].why == REFUSAL_NONE) {
            assert_outcome(DEVID_CAUSE_NONE);
        } else {
            assert_true(rig_told(&g, of[i].why));
            assert_null(rig_effect(&g, EMM_ASK_LOCATION));
            assert_true(g.gone);
        }
        rig_close(&g);
    }
}

static void the_home_networks_refusal_is_named_by_what_it_was_told(void **state)
{
    (void)state;
    enum { PROVEN, UNPROVEN, FAILED, UNDETERMINED, NOBODY_ASKED };
    static const struct {
        int outcome;
        uint32_t code;
        bool experimental;
        enum refusal why;
        uint8_t cause;
    } of[] = {
        {FAILED, 5422, true, REFUSAL_DEVICE_FAILED, 6},
        {FAILED, 5012, false, REFUSAL_HSS_REFUSED, 17},
        {UNPROVEN, 5012, false, REFUSAL_DEVICE_UNPROVEN, 17},
        {UNDETERMINED, 5012, false, REFUSAL_DEVICE_UNDETERMINED, 17},
        {UNPROVEN, 5012, true, REFUSAL_HSS_REFUSED, 17}, /* 3GPP's 5012 is something else */
        {UNPROVEN, 3004, false, REFUSAL_HSS_REFUSED, 17},
        {PROVEN, 5012, false, REFUSAL_HSS_REFUSED, 17},
        {PROVEN, 5422, true, REFUSAL_EQUIPMENT_UNKNOWN, 6},
        {NOBODY_ASKED, 5012, false, REFUSAL_HSS_REFUSED, 17},
        {NOBODY_ASKED, 5422, true, REFUSAL_EQUIPMENT_UNKNOWN, 6},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        uint8_t cause = 0;
        if (of[i].outcome == NOBODY_ASKED) {
            open_wanting(S6A_PROOF_NOT_WANTED);
            secure();
        } else {
            (void)asked();
            answer(IMEI, of[i].outcome == FAILED ? NULL : IMEI);
            struct devid_credential c = of[i].outcome == UNPROVEN ? none
                                        : of[i].outcome == UNDETERMINED
                                            ? (struct devid_credential){.status = DEVID_UNAVAILABLE}
                                            : found(IMEI, BINDING_PUBLIC_KEY);
            credential(&c);
        }
        struct emm_ula ula = {.code = of[i].code, .experimental = of[i].experimental};
        rig_located(&g, &ula);
        assert_true(rig_told(&g, of[i].why));
        assert_int_equal(rig_sent(&g, 0, &cause), NAS_ATTACH_REJECT);
        assert_int_equal(cause, of[i].cause);
        assert_true(g.gone);
        rig_close(&g);
    }
}

static void the_outcome_stays_with_the_device_until_it_attaches_anew(void **state)
{
    (void)state;
    struct devid_outcome o;
    (void)asked();
    answer(IMEI, IMEI);
    struct devid_credential c = found(IMEI, BINDING_CERTIFICATE);
    credential(&c);
    struct emm_ula ula = rig_subscription();
    rig_located(&g, &ula);
    rig_event(&g, EMM_CONTEXT_SET);
    rig_attach_complete(&g);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_int_equal(g.ue->subscription.n_apns, 1); /* it lies where the proof was */
    emm_ue_proof(g.ue, &o);
    assert_int_equal(o.result, DEVID_PROVEN);
    assert_int_equal(o.serial, 77);
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_CIPHERED));
    emm_ue_proof(g.ue, &o);
    assert_int_equal(o.result, DEVID_NOT_ASKED);
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_verified_is_bound_to_nonce_plmn_and_session),
        cmocka_unit_test(what_the_library_finds_is_the_cause),
        cmocka_unit_test(the_date_of_the_step_is_what_a_binding_is_judged_at),
        cmocka_unit_test(silence_about_a_bound_imei_fails_and_about_an_unbound_one_does_not),
        cmocka_unit_test(
            an_inquiry_without_an_answer_leaves_the_matter_open_and_the_attach_goes_on),
        cmocka_unit_test(an_outcome_that_the_home_network_names_is_passed_on),
        cmocka_unit_test(what_the_device_said_is_wiped_when_it_was_judged),
        cmocka_unit_test(an_eir_that_has_a_verdict_on_the_equipment_is_heard),
        cmocka_unit_test(the_home_networks_refusal_is_named_by_what_it_was_told),
        cmocka_unit_test(the_outcome_stays_with_the_device_until_it_attaches_anew),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
