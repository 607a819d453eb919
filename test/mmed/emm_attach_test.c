/* EMM until the UE is registered: emm_attach.c, emm_auth.c, emm_security.c, emm_location.c,
 * emm_esm.c, emm_accept.c. What a UE, an HSS or somebody on the radio may do that the usual attach
 * (test/attach) does not. */
#include "lib/check.h"
#include "mmed/emm_rig.h"

static struct rig g;

static void begin(enum emm_state s)
{
    rig_open(&g);
    rig_to(&g, s);
}

/* The UE was told this, and nothing of it is left. */
static void assert_refused(enum refusal why, uint8_t type, uint8_t cause)
{
    uint8_t got_cause = 0;
    static struct emm_ue nobody;
    emm_ue_init(&nobody);
    assert_true(rig_told(&g, why));
    assert_int_equal(rig_sent(&g, 0, &got_cause), type);
    assert_int_equal(got_cause, cause);
    assert_non_null(rig_effect(&g, EMM_RELEASE));
    assert_true(g.gone);
    assert_int_equal(g.fx.e[g.fx.n - 1].kind, EMM_FORGET);
    assert_memory_equal(g.ue, &nobody, sizeof nobody);
}

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

/* ---- ATTACH REQUEST -------------------------------------------------------------------------- */

static void emergency_and_rlos_attach_are_sent_elsewhere_before_anybody_is_asked(void **state)
{
    (void)state;
    static const uint8_t types[] = {NAS_EMERGENCY_ATTACH, NAS_RLOS_ATTACH};
    for (size_t i = 0; i < sizeof types; i++) {
        rig_open(&g);
        g.attach_type = types[i];
        rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
        assert_refused(REFUSAL_NO_SERVICE_HERE, NAS_ATTACH_REJECT, 17);
        assert_null(rig_effect(&g, EMM_ASK_VECTORS));
        rig_close(&g);
    }
}

/*= test op-eir-emergency */
static void where_there_is_another_mme_an_emergency_attach_goes_to_it_at_once(void **state)
{
    (void)state;
    static const uint8_t types[] = {NAS_EMERGENCY_ATTACH, NAS_RLOS_ATTACH};
    for (size_t i = 0; i < sizeof types; i++) {
        rig_open(&g);
        g.config.reroute = true;
        g.config.check_imei = true;
        g.attach_type = types[i];
        rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
        assert_non_null(rig_effect(&g, EMM_REROUTE));
        assert_null(rig_effect(&g, EMM_SEND));
        assert_null(rig_effect(&g, EMM_ASK_VECTORS));
        assert_null(rig_effect(&g, EMM_ASK_EQUIPMENT));
        rig_close(&g);
    }
}

static void a_type_of_attach_that_is_not_used_is_an_eps_attach(void **state)
{
    (void)state;
    static const uint8_t types[] = {0, 4, 7};
    for (size_t i = 0; i < sizeof types; i++) {
        rig_open(&g);
        g.attach_type = types[i];
        rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
        assert_int_equal(g.ue->state, EMM_VECTORS);
        rig_close(&g);
    }
}

static void every_prefix_of_an_attach_request_is_refused_or_ignored_and_leaves_nothing(void **state)
{
    (void)state;
    rig_open(&g);
    struct bytes whole = rig_attach_request(&g, NAS_SHT_PLAIN);
    uint8_t *copy = exact_copy(whole);
    rig_close(&g);
    for (size_t n = 0; n < whole.n; n++) {
        uint8_t *prefix = exact_copy((struct bytes){copy, n});
        rig_open(&g);
        rig_pdu(&g, true, (struct bytes){prefix, n});
        assert_true(g.gone);
        assert_non_null(rig_effect(&g, EMM_RELEASE));
        rig_close(&g);
        free(prefix);
    }
    free(copy);
}

static void an_identity_that_was_not_asked_for_ends_the_attach(void **state)
{
    (void)state;
    /* a TMSI, and none at all */
    static const uint8_t others[2][8] = {{0x07, NAS_IDENTITY_RESPONSE, 5, 0xf4, 1, 2, 3, 4},
                                         {0x07, NAS_IDENTITY_RESPONSE, 3, 0x00, 0, 0}};
    for (int i = 0; i < 2; i++) {
        begin(EMM_IDENTITY);
        rig_pdu(&g, false, (struct bytes){others[i], i == 0 ? 8 : 6});
        assert_refused(REFUSAL_IDENTITY_MISSING, NAS_ATTACH_REJECT, 17);
        rig_close(&g);
    }
}

/* ---- AKA ------------------------------------------------------------------------------------- */

static void the_key_set_identifier_is_none_that_the_ue_or_this_mme_has_in_use(void **state)
{
    (void)state;
    for (uint8_t claimed = 0; claimed <= NAS_KSI_NONE; claimed++) {
        for (int own = -1; own < (int)NAS_KSI_NONE; own++) {
            rig_open(&g);
            g.claimed_ksi = claimed;
            rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
            g.ue->has_security = own >= 0;
            g.ue->security.agreed.ksi = own >= 0 ? (uint8_t)own : 0;
            rig_vectors(&g, 1, 2001, false);
            assert_int_equal(g.ue->state, EMM_AUTHENTICATION);
            assert_true(g.ue->ksi < NAS_KSI_NONE);
            assert_int_not_equal(g.ue->ksi, claimed);
            assert_int_not_equal(g.ue->ksi, own);
            rig_close(&g);
        }
    }
}

static void vectors_that_were_not_needed_are_wiped_with_the_one_that_was(void **state)
{
    (void)state;
    rig_open(&g);
    g.config.vectors = 5;
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
    rig_vectors(&g, 5, 2001, false);
    assert_false(all_zero(g.ue->vectors, sizeof g.ue->vectors));
    rig_res(&g);
    assert_int_equal(g.ue->state, EMM_SECURITY_MODE);
    assert_true(all_zero(g.ue->vectors, sizeof g.ue->vectors));
    assert_int_equal(g.ue->n_vectors, 0);
    rig_close(&g);
}

static void odd_numbers_of_vectors_are_as_good_as_none(void **state)
{
    (void)state;
    static const unsigned numbers[] = {0, EMM_VECTORS_MAX + 1, 1000};
    for (size_t i = 0; i < 3; i++) {
        begin(EMM_VECTORS);
        rig_vectors(&g, numbers[i], 2001, false);
        assert_refused(REFUSAL_NO_VECTORS, NAS_ATTACH_REJECT, 17);
        rig_close(&g);
    }
}

/* The context that a GUTI names: the attach that names it proves nothing. */
static void begin_by_guti(struct emm_ue *owner)
{
    emm_ue_init(owner);
    owner->who.has_imsi = true;
    assert_ok(imsi_parse(BYTES_LIT("001010000000077"), &owner->who.imsi));
    rig_open(&g);
    g.old = owner;
    g.by_guti = true;
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
    g.old = NULL;
    assert_int_equal(g.ue->state, EMM_VECTORS);
    rig_vectors(&g, 1, 2001, false);
}

static void a_wrong_answer_under_a_guti_asks_who_it_is_and_alarms_nobody(void **state)
{
    (void)state;
    static struct emm_ue owner;
    for (int mac = 0; mac < 2; mac++) {
        begin_by_guti(&owner);
        g.kasme ^= 0x55; /* RES of another USIM */
        mac ? rig_auth_failure(&g, EMM_CAUSE_MAC_FAILURE) : rig_res(&g);
        assert_int_equal(g.ue->state, EMM_IDENTITY);
        assert_null(rig_effect(&g, EMM_REPORT_FAILURE));
        rig_identity(&g);
        assert_string_equal(g.ue->who.imsi.digits, g.imsi);
        assert_int_equal(g.ue->state, EMM_VECTORS);
        rig_vectors(&g, 1, 2001, false);
        g.kasme ^= 0x55; /* the second time it has said who it is */
        mac ? rig_auth_failure(&g, EMM_CAUSE_MAC_FAILURE) : rig_res(&g);
        assert_non_null(rig_effect(&g, EMM_REPORT_FAILURE));
        assert_string_equal(rig_effect(&g, EMM_REPORT_FAILURE)->who.imsi.digits, g.imsi);
        assert_refused(mac ? REFUSAL_BINDING_FAILED : REFUSAL_RES_MISMATCH,
                       NAS_AUTHENTICATION_REJECT, 0);
        rig_close(&g);
    }
}

static void a_usim_that_asks_for_resynchronisation_without_end_is_stopped(void **state)
{
    (void)state;
    begin(EMM_AUTHENTICATION);
    for (unsigned i = 0; i < g.config.resyncs; i++) {
        rig_auth_failure(&g, EMM_CAUSE_SYNCH_FAILURE);
        const struct emm_effect *air = rig_effect(&g, EMM_ASK_VECTORS);
        assert_non_null(air);
        assert_true(air->has_resync);
        assert_memory_equal(air->resync_rand, (uint8_t[16]){[0 ... 15] = g.kasme}, 16);
        rig_vectors(&g, 1, 2001, false);
    }
    rig_auth_failure(&g, EMM_CAUSE_SYNCH_FAILURE);
    assert_refused(REFUSAL_SYNC_LOOP, NAS_ATTACH_REJECT, 17);
    rig_close(&g);
}

static void a_res_of_another_length_is_no_res(void **state)
{
    (void)state;
    static const uint8_t right[16] = {[0 ... 15] = 1}; /* what rig_vectors makes first */
    for (size_t n = 4; n <= 16; n++) {
        struct nas_authentication_response m = {.res = {right, n}};
        begin(EMM_AUTHENTICATION);
        rig_up(&g, &nas_authentication_response_message, &m);
        if (n == 8) {
            assert_int_equal(g.ue->state, EMM_SECURITY_MODE);
        } else {
            assert_refused(REFUSAL_RES_MISMATCH, NAS_AUTHENTICATION_REJECT, 0);
        }
        rig_close(&g);
    }
}

/* ---- SECURITY MODE --------------------------------------------------------------------------- */

static void each_retransmission_goes_out_under_a_count_of_its_own(void **state)
{
    (void)state;
    static const enum emm_state states[] = {EMM_SECURITY_MODE, EMM_ESM_INFORMATION, EMM_ACCEPT,
                                            EMM_DETACHING};
    for (size_t i = 0; i < sizeof states / sizeof states[0]; i++) {
        begin(states[i]);
        uint32_t count = g.ue->security.send_next;
        for (int again = 0; again < 4; again++) {
            rig_timer(&g, EMM_TIMER_PROCEDURE);
            assert_int_equal(g.ue->security.send_next, ++count);
            assert_int_equal(rig_effect(&g, EMM_SEND)->pdu.p[5], (uint8_t)(count - 1));
        }
        rig_timer(&g, EMM_TIMER_PROCEDURE); /* the fifth time (TS 24.301 5.4.3.7 b and its kin) */
        assert_true(g.gone);
        assert_true(rig_told(&g, REFUSAL_ATTACH_TIMEOUT));
        rig_close(&g);
    }
}

static void an_emergency_attach_does_not_come_in_by_the_message_that_is_replayed(void **state)
{
    (void)state;
    uint8_t request[256];
    begin(EMM_SECURITY_MODE);
    g.attach_type = NAS_EMERGENCY_ATTACH;
    struct bytes pdu = rig_attach_request(&g, NAS_SHT_PLAIN);
    memcpy(request, pdu.p, pdu.n);
    struct nas_security_mode_complete m = {.replayed_nas_message = {request, pdu.n}};
    rig_secure(&g, g.kasme, g.ksi);
    rig_pdu(&g, false,
            rig_write(&g, NAS_SHT_CIPHERED_NEW, &nas_security_mode_complete_message, &m));
    assert_true(rig_told(&g, REFUSAL_ATTACH_CHANGED));
    assert_refused(REFUSAL_NO_SERVICE_HERE, NAS_ATTACH_REJECT, 17);
    rig_close(&g);
}

static void a_security_mode_complete_in_clear_or_under_another_key_is_no_answer(void **state)
{
    (void)state;
    static const uint8_t plain[] = {0x07, NAS_SECURITY_MODE_COMPLETE};
    static struct emm_ue before;
    begin(EMM_SECURITY_MODE);
    before = *g.ue;
    rig_pdu(&g, false, BYTES_OF(plain));
    assert_memory_equal(g.ue, &before, sizeof before);
    assert_true(rig_told(&g, REFUSAL_NAS_UNPROTECTED));
    rig_secure(&g, 0xaa, g.ksi);
    rig_security_complete(&g);
    assert_memory_equal(g.ue, &before, sizeof before);
    assert_true(rig_told(&g, REFUSAL_NAS_MAC));
    rig_close(&g);
}

/* ---- the home network's answers ---------------------------------------------------------------
 */

static void a_subscription_that_is_barred_or_has_no_apn_is_refused_and_purged(void **state)
{
    (void)state;
    static const struct {
        bool barred, serve;
        uint8_t apns;
        enum refusal why;
    } of[] = {{true, true, 1, REFUSAL_BARRED},
              {false, false, 1, REFUSAL_NO_SERVICE_HERE},
              {false, true, 0, REFUSAL_HSS_REFUSED}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct emm_ula ula = rig_subscription();
        begin(EMM_LOCATION);
        g.config.serve = of[i].serve;
        ula.barred = of[i].barred;
        ula.subscription.n_apns = of[i].apns;
        rig_located(&g, &ula);
        assert_non_null(rig_effect(&g, EMM_PURGE));
        assert_string_equal(rig_effect(&g, EMM_PURGE)->who.imsi.digits, g.imsi);
        assert_refused(of[i].why, NAS_ATTACH_REJECT, 17);
        rig_close(&g);
    }
}

static void without_randomness_no_guti_is_given_and_the_attach_refused(void **state)
{
    (void)state;
    struct emm_ula ula = rig_subscription();
    begin(EMM_LOCATION);
    g.m_tmsi = UINT32_MAX; /* the next one is 0: none could be made */
    rig_located(&g, &ula);
    assert_null(rig_effect(&g, EMM_ASSIGN_GUTI));
    assert_null(rig_effect(&g, EMM_SETUP));
    assert_refused(REFUSAL_CRYPTO_FAILED, NAS_ATTACH_REJECT, 17);
    rig_close(&g);
}

static void a_context_without_counts_left_is_ended_and_purged(void **state)
{
    (void)state;
    begin(EMM_ACCEPT);
    g.ue->security.send_next = NASSEC_COUNT_LIMIT;
    rig_timer(&g, EMM_TIMER_PROCEDURE);
    assert_true(rig_told(&g, REFUSAL_NAS_COUNT_SPENT));
    assert_non_null(rig_effect(&g, EMM_PURGE));
    assert_null(rig_effect(&g, EMM_SEND));
    assert_true(g.gone);
    rig_close(&g);
}

/* ---- ESM ------------------------------------------------------------------------------------- */

/* The ESM message inside the ATTACH REJECT that was sent. */
static uint8_t esm_cause_sent(void)
{
    uint8_t room[EMM_PDU_MAX];
    struct nas_attach_reject reject;
    struct nas_pdn_connectivity_reject pdn;
    struct bytes plain = rig_open_pdu(&g, rig_effect(&g, EMM_SEND)->pdu, room);
    assert_ok(nas_parse(&nas_attach_reject_message, plain, &reject, NULL));
    assert_int_equal(reject.emm_cause, EMM_CAUSE_ESM_FAILURE);
    assert_ok(
        nas_parse(&nas_pdn_connectivity_reject_message, reject.esm_message_container, &pdn, NULL));
    return pdn.esm_cause;
}

static void a_pdn_type_or_transaction_that_cannot_be_is_refused_with_its_esm_cause(void **state)
{
    (void)state;
    static const struct {
        uint8_t pdn_type, subscribed, pti, cause;
    } of[] = {{NAS_PDN_IPV6, EMM_SUBSCRIBED_BOTH, 1, ESM_CAUSE_PDN_TYPE_IPV4_ONLY},
              {5, EMM_SUBSCRIBED_BOTH, 1, ESM_CAUSE_UNKNOWN_PDN_TYPE}, /* non-IP */
              {0, EMM_SUBSCRIBED_BOTH, 1, ESM_CAUSE_UNKNOWN_PDN_TYPE},
              {NAS_PDN_IPV4, EMM_SUBSCRIBED_IPV6, 1, ESM_CAUSE_UNKNOWN_PDN_TYPE},
              {NAS_PDN_IPV4, EMM_SUBSCRIBED_BOTH, 0, ESM_CAUSE_INVALID_PTI},
              {NAS_PDN_IPV4, EMM_SUBSCRIBED_BOTH, 255, ESM_CAUSE_INVALID_PTI}};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct emm_ula ula = rig_subscription();
        rig_open(&g);
        g.pdn_type = of[i].pdn_type;
        g.pti = of[i].pti;
        rig_to(&g, EMM_LOCATION);
        ula.subscription.apns[0].pdn_type = of[i].subscribed;
        rig_located(&g, &ula);
        assert_int_equal(esm_cause_sent(), of[i].cause);
        assert_refused(REFUSAL_APN_NOT_ALLOWED, NAS_ATTACH_REJECT, EMM_CAUSE_ESM_FAILURE);
        rig_close(&g);
    }
}

static void esm_information_of_another_transaction_is_not_the_one_asked_for(void **state)
{
    (void)state;
    static const uint8_t other[] = {NAS_PD_ESM, 9, NAS_ESM_INFORMATION_RESPONSE};
    static const uint8_t right[] = {NAS_PD_ESM, 1, NAS_ESM_INFORMATION_RESPONSE};
    uint8_t cause = 0;
    begin(EMM_ESM_INFORMATION);
    rig_pdu(&g, false, rig_protect(&g, NAS_SHT_CIPHERED, BYTES_OF(other)));
    assert_int_equal(g.ue->state, EMM_ESM_INFORMATION);
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_ESM_STATUS);
    assert_int_equal(cause, ESM_CAUSE_PTI_MISMATCH);
    rig_pdu(&g, false, rig_protect(&g, NAS_SHT_CIPHERED, BYTES_OF(right)));
    assert_int_equal(g.ue->state, EMM_ACCEPT);
    rig_close(&g);
}

/* ---- ATTACH ACCEPT --------------------------------------------------------------------------- */

static void a_combined_attach_gets_eps_only_and_hears_that_there_is_no_cs_domain(void **state)
{
    (void)state;
    uint8_t room[EMM_PDU_MAX];
    struct nas_attach_accept m;
    rig_open(&g);
    g.attach_type = NAS_COMBINED_ATTACH;
    rig_to(&g, EMM_ACCEPT);
    struct bytes plain = rig_open_pdu(&g, rig_effect(&g, EMM_SETUP)->pdu, room);
    assert_ok(nas_parse(&nas_attach_accept_message, plain, &m, NULL));
    assert_int_equal(m.attach_result, NAS_EPS_ONLY);
    assert_true(m.emm_cause.present);
    assert_int_equal(m.emm_cause.v, EMM_CAUSE_CS_DOMAIN_NOT_AVAILABLE);
    rig_close(&g);
}

static void an_attach_complete_that_accepts_no_bearer_completes_nothing(void **state)
{
    (void)state;
    static const uint8_t esm[3][3] = {
        {0x52, 0, NAS_DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT},
        {0x62, 0, NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT}, /* of another bearer */
        {0x52, 0, NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REJECT}};
    begin(EMM_ACCEPT);
    for (int i = 0; i < 3; i++) {
        struct nas_attach_complete m = {.esm_message_container = {esm[i], 3}};
        rig_up(&g, &nas_attach_complete_message, &m);
        assert_int_equal(g.ue->state, EMM_ACCEPT);
        assert_true(rig_told(&g, REFUSAL_NAS_MALFORMED));
    }
    rig_attach_complete(&g);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    rig_close(&g);
}

static void the_same_request_again_goes_on_and_another_one_begins_anew(void **state)
{
    (void)state;
    for (unsigned s = EMM_IDENTITY; s <= EMM_SECURITY_MODE; s++) {
        begin((enum emm_state)s);
        g.by_guti = s == EMM_IDENTITY;
        rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_PLAIN));
        assert_int_equal(g.ue->state, s);
        assert_int_equal(g.fx.n, 0);
        g.by_guti = false;
        g.imsi = "001010000000042";
        rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_PLAIN));
        assert_int_equal(g.ue->state, EMM_VECTORS);
        assert_string_equal(rig_effect(&g, EMM_ASK_VECTORS)->who.imsi.digits, g.imsi);
        assert_false(g.ue->has_security);
        rig_close(&g);
    }
}

static void keys_are_not_used_again_where_the_home_network_decides_who_goes_elsewhere(void **state)
{
    (void)state;
    for (int reroute = 0; reroute < 2; reroute++) {
        static struct emm_ue owner;
        begin(EMM_IDLE);
        owner = *g.ue;
        emm_ue_init(g.ue);
        g.config.reuse_security = true;
        g.config.reroute = reroute != 0;
        g.by_guti = true;
        g.old = &owner;
        rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_INTEGRITY));
        assert_int_equal(g.ue->state, reroute ? EMM_VECTORS : EMM_LOCATION);
        assert_false(owner.has_security); /* one place only */
        assert_true(all_zero(&owner.security, sizeof owner.security));
        rig_close(&g);
    }
}

/* The keys of one subscriber under an attach in the name of another. */
static void keys_of_one_imsi_do_not_go_with_the_name_of_another(void **state)
{
    (void)state;
    static struct emm_ue owner;
    begin(EMM_IDLE);
    owner = *g.ue;
    emm_ue_init(g.ue);
    g.config.reuse_security = true;
    g.imsi = "001010000000077";
    g.old = &owner;
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_INTEGRITY));
    assert_int_equal(g.ue->state, EMM_VECTORS);
    assert_string_equal(g.ue->who.imsi.digits, g.imsi);
    assert_false(g.ue->who.authenticated);
    assert_false(g.ue->has_security);
    assert_true(all_zero(&g.ue->security, sizeof g.ue->security));
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emergency_and_rlos_attach_are_sent_elsewhere_before_anybody_is_asked),
        cmocka_unit_test(where_there_is_another_mme_an_emergency_attach_goes_to_it_at_once),
        cmocka_unit_test(a_type_of_attach_that_is_not_used_is_an_eps_attach),
        cmocka_unit_test(
            every_prefix_of_an_attach_request_is_refused_or_ignored_and_leaves_nothing),
        cmocka_unit_test(an_identity_that_was_not_asked_for_ends_the_attach),
        cmocka_unit_test(the_key_set_identifier_is_none_that_the_ue_or_this_mme_has_in_use),
        cmocka_unit_test(vectors_that_were_not_needed_are_wiped_with_the_one_that_was),
        cmocka_unit_test(odd_numbers_of_vectors_are_as_good_as_none),
        cmocka_unit_test(a_wrong_answer_under_a_guti_asks_who_it_is_and_alarms_nobody),
        cmocka_unit_test(a_usim_that_asks_for_resynchronisation_without_end_is_stopped),
        cmocka_unit_test(a_res_of_another_length_is_no_res),
        cmocka_unit_test(each_retransmission_goes_out_under_a_count_of_its_own),
        cmocka_unit_test(an_emergency_attach_does_not_come_in_by_the_message_that_is_replayed),
        cmocka_unit_test(a_security_mode_complete_in_clear_or_under_another_key_is_no_answer),
        cmocka_unit_test(a_subscription_that_is_barred_or_has_no_apn_is_refused_and_purged),
        cmocka_unit_test(without_randomness_no_guti_is_given_and_the_attach_refused),
        cmocka_unit_test(a_context_without_counts_left_is_ended_and_purged),
        cmocka_unit_test(a_pdn_type_or_transaction_that_cannot_be_is_refused_with_its_esm_cause),
        cmocka_unit_test(esm_information_of_another_transaction_is_not_the_one_asked_for),
        cmocka_unit_test(a_combined_attach_gets_eps_only_and_hears_that_there_is_no_cs_domain),
        cmocka_unit_test(an_attach_complete_that_accepts_no_bearer_completes_nothing),
        cmocka_unit_test(the_same_request_again_goes_on_and_another_one_begins_anew),
        cmocka_unit_test(keys_are_not_used_again_where_the_home_network_decides_who_goes_elsewhere),
        cmocka_unit_test(keys_of_one_imsi_do_not_go_with_the_name_of_another),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
