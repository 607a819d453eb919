/* EMM of a registered UE: emm_idle.c, emm_detach.c, and who may take its context
 * (emm_vouches of emm_receive.c). */
#include "lib/check.h"
#include "mmed/emm_rig.h"

static struct rig g;
static struct emm_ue before;
static uint8_t room[EMM_PDU_MAX];

static void begin(enum emm_state s)
{
    rig_open(&g);
    rig_to(&g, s);
}

static bool vouches(struct bytes pdu)
{
    static struct emm_ue as_it_was;
    as_it_was = *g.ue;
    bool yes = emm_vouches(g.ue, &g.crypto, pdu, MBYTES_OF(room));
    assert_memory_equal(g.ue, &as_it_was, sizeof as_it_was); /* it only looks */
    return yes;
}

static const uint8_t extended_packet[] = {NAS_PD_EMM, NAS_EXTENDED_SERVICE_REQUEST, 0x08};
static const uint8_t extended_fallback[] = {NAS_PD_EMM, NAS_EXTENDED_SERVICE_REQUEST, 0x00};
static const uint8_t control_plane[] = {NAS_PD_EMM, NAS_CONTROL_PLANE_SERVICE_REQUEST, 0x08};

/* ---- who may take the context that an S-TMSI names --------------------------------------------
 */

static void only_who_has_the_keys_gets_the_context_that_a_guti_names(void **state)
{
    (void)state;
    begin(EMM_IDLE);
    assert_true(vouches(rig_service_request(&g)));
    assert_true(vouches(rig_update_request(&g, NAS_SHT_INTEGRITY, 0)));
    assert_true(vouches(rig_detach_request(&g, NAS_SHT_CIPHERED, true)));
    assert_true(vouches(rig_protect(&g, NAS_SHT_INTEGRITY, BYTES_OF(extended_packet))));
    assert_false(vouches(rig_update_request(&g, NAS_SHT_PLAIN, 0)));
    assert_false(vouches(rig_detach_request(&g, NAS_SHT_PLAIN, true)));
    assert_false(vouches((struct bytes){NULL, 0}));
    rig_secure(&g, 0xaa, g.ksi); /* another one's keys */
    assert_false(vouches(rig_service_request(&g)));
    assert_false(vouches(rig_update_request(&g, NAS_SHT_INTEGRITY, 0)));
    g.ue->has_security = false;
    assert_false(vouches(rig_service_request(&g)));
    rig_close(&g);
}

static void a_pdu_that_was_accepted_once_vouches_for_nobody(void **state)
{
    (void)state;
    uint8_t copy[EMM_PDU_MAX];
    begin(EMM_IDLE);
    struct bytes pdu = rig_update_request(&g, NAS_SHT_INTEGRITY, 0);
    memcpy(copy, pdu.p, pdu.n);
    rig_pdu(&g, true, pdu);
    assert_int_equal(g.ue->state, EMM_IDLE);
    assert_false(vouches((struct bytes){copy, pdu.n}));
    pdu = rig_service_request(&g);
    memcpy(copy, pdu.p, pdu.n);
    rig_pdu(&g, true, pdu);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_false(vouches((struct bytes){copy, pdu.n}));
    rig_close(&g);
}

static void every_prefix_and_every_flipped_bit_of_a_request_vouches_for_nobody(void **state)
{
    (void)state;
    begin(EMM_IDLE);
    for (int service = 0; service < 2; service++) {
        struct bytes pdu =
            service ? rig_service_request(&g) : rig_update_request(&g, NAS_SHT_INTEGRITY, 0);
        for (size_t n = 0; n < pdu.n; n++) {
            uint8_t *prefix = exact_copy((struct bytes){pdu.p, n});
            assert_false(vouches((struct bytes){prefix, n}));
            free(prefix);
        }
        for (size_t bit = service ? 8 : 4; bit < 8 * pdu.n; bit++) { /* not the type's spare ones */
            uint8_t *flipped = exact_copy(pdu);
            flipped[bit / 8] ^= (uint8_t)(1u << bit % 8);
            assert_false(vouches((struct bytes){flipped, pdu.n}));
            free(flipped);
        }
    }
    rig_close(&g);
}

/* The stranger gets a context of his own, with the owner's as `old`, and an answer. */
static void a_stranger_with_a_copied_guti_is_rejected_and_the_owner_stays_as_he_is(void **state)
{
    (void)state;
    static struct emm_ue owner;
    static const uint8_t types[3] = {NAS_SERVICE_REJECT, NAS_TRACKING_AREA_UPDATE_REJECT,
                                     NAS_DETACH_ACCEPT};
    for (int i = 0; i < 3; i++) {
        uint8_t cause = 0;
        begin(EMM_REGISTERED);
        owner = before = *g.ue;
        emm_ue_init(g.ue);
        rig_secure(&g, 0xaa, g.ksi);
        struct bytes pdu = i == 0   ? rig_service_request(&g)
                           : i == 1 ? rig_update_request(&g, NAS_SHT_INTEGRITY, 0)
                                    : rig_detach_request(&g, NAS_SHT_PLAIN, false);
        g.old = &owner;
        rig_pdu(&g, true, pdu);
        assert_int_equal(rig_sent(&g, 0, &cause), types[i]);
        assert_true(i == 2 || cause == EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED);
        assert_true(rig_told(&g, i == 2 ? REFUSAL_NAS_UNPROTECTED : REFUSAL_NAS_MAC));
        assert_true(g.gone);
        assert_memory_equal(&owner, &before, sizeof owner);
        rig_close(&g);
    }
}

static void a_first_message_that_leads_nowhere_leaves_no_connection_open(void **state)
{
    (void)state;
    static const uint8_t complete[] = {NAS_PD_EMM, NAS_TRACKING_AREA_UPDATE_COMPLETE};
    static const uint8_t unknown[] = {NAS_PD_EMM, 0x70};
    static const uint8_t broken[] = {NAS_PD_EMM, NAS_TRACKING_AREA_UPDATE_REQUEST, 0};
    const struct bytes of[] = {BYTES_OF(complete), BYTES_OF(unknown), BYTES_OF(broken)};
    static const enum emm_state states[] = {EMM_IDLE, EMM_REGISTERED, EMM_ACCEPT, EMM_DETACHING};
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        for (size_t s = 0; s < sizeof states / sizeof states[0]; s++) {
            begin(states[s]);
            rig_pdu(&g, true, rig_protect(&g, NAS_SHT_INTEGRITY, of[i]));
            assert_non_null(rig_effect(&g, EMM_RELEASE));
            assert_false(g.ue->connected);
            bool registered = states[s] == EMM_IDLE || states[s] == EMM_REGISTERED;
            assert_int_equal(g.gone, !registered);
            assert_int_equal(g.ue->state, registered ? EMM_IDLE : EMM_DEREGISTERED);
            assert_int_equal(rig_effect(&g, EMM_PURGE) != NULL, states[s] == EMM_ACCEPT);
            rig_close(&g);
        }
    }
}

static void a_ue_that_went_on_before_its_attach_complete_arrived_attaches_anew(void **state)
{
    (void)state;
    uint8_t cause = 0;
    begin(EMM_ACCEPT);
    rig_pdu(&g, true, rig_service_request(&g));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_SERVICE_REJECT);
    assert_int_equal(cause, EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED);
    assert_non_null(rig_effect(&g, EMM_PURGE));
    assert_true(g.gone);
    rig_close(&g);
}

/* ---- SERVICE REQUEST ---------------------------------------------------------------------------
 */

static void a_service_request_that_does_not_hold_takes_nothing_from_who_is_connected(void **state)
{
    (void)state;
    begin(EMM_REGISTERED);
    before = *g.ue;
    struct nas_security own = g.security;
    rig_secure(&g, 0xaa, g.ksi);
    rig_pdu(&g, false, rig_service_request(&g));
    assert_true(rig_told(&g, REFUSAL_NAS_MAC));
    assert_int_equal(g.fx.n, 1);
    assert_memory_equal(g.ue, &before, sizeof before);
    g.security = own;
    rig_pdu(&g, false, rig_service_request(&g)); /* nor is a context that is set up set up again */
    assert_null(rig_effect(&g, EMM_SETUP));
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    rig_close(&g);
}

static void a_ue_of_low_priority_gets_its_bearer_by_extended_service_request(void **state)
{
    (void)state;
    begin(EMM_IDLE);
    rig_pdu(&g, true, rig_protect(&g, NAS_SHT_INTEGRITY, BYTES_OF(extended_packet)));
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_non_null(rig_effect(&g, EMM_SETUP));
    rig_close(&g);
}

static void telephony_is_refused_and_the_ue_stays_registered(void **state)
{
    (void)state;
    const struct bytes of[] = {BYTES_OF(extended_fallback), BYTES_OF(control_plane)};
    for (size_t i = 0; i < 2; i++) {
        uint8_t cause = 0;
        begin(EMM_IDLE);
        rig_pdu(&g, true, rig_protect(&g, NAS_SHT_INTEGRITY, of[i]));
        assert_int_equal(rig_sent(&g, 0, &cause), NAS_SERVICE_REJECT);
        assert_int_equal(cause, EMM_CAUSE_CS_DOMAIN_NOT_AVAILABLE);
        assert_null(rig_effect(&g, EMM_SETUP));
        assert_int_equal(g.ue->state, EMM_IDLE);
        assert_non_null(rig_effect(&g, EMM_RELEASE));
        rig_close(&g);
    }
}

/* ---- TRACKING AREA UPDATE ----------------------------------------------------------------------
 */

static void an_update_with_the_active_flag_gets_its_bearer_too(void **state)
{
    (void)state;
    uint8_t cause = 0;
    begin(EMM_IDLE);
    rig_pdu(&g, true, rig_update_request(&g, NAS_SHT_INTEGRITY, NAS_UPDATE_ACTIVE));
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    assert_non_null(rig_effect(&g, EMM_SETUP));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_TRACKING_AREA_UPDATE_ACCEPT);
    rig_close(&g);
}

/* T3412 is told in steps of minutes or six of them, rounded up: the time here follows that. */
static void nobody_is_given_up_before_the_timer_that_he_was_told(void **state)
{
    (void)state;
    static const uint32_t seconds[] = {60, 62, 64, 1000, 1861, 1900, 3240, 3601, 11000};
    for (size_t i = 0; i < sizeof seconds / sizeof seconds[0]; i++) {
        begin(EMM_REGISTERED);
        g.config.t3412_s = seconds[i];
        g.config.implicit_detach_ms = 1000;
        rig_event(&g, EMM_CONNECTION_LOST);
        const struct emm_effect *e = rig_effect(&g, EMM_TIMER_START);
        assert_int_equal(e->timer, EMM_TIMER_REACHABLE);
        assert_int_equal(e->ms, nas_timer_seconds(nas_timer_of(seconds[i])) * 1000 + 1000);
        assert_true(e->ms > seconds[i] * 1000);
        rig_close(&g);
    }
}

/* ---- DETACH, CANCEL LOCATION -------------------------------------------------------------------
 */

static void only_a_subscription_that_is_withdrawn_is_told_to_the_ue(void **state)
{
    (void)state;
    for (uint8_t type = 0; type <= 5; type++) {
        begin(EMM_REGISTERED);
        rig_cancel(&g, type);
        bool told = type == S6A_SUBSCRIPTION_WITHDRAWAL;
        assert_int_equal(rig_effect(&g, EMM_SEND) != NULL, told);
        assert_int_equal(g.gone, !told);
        assert_null(rig_effect(&g, EMM_PURGE)); /* the HSS knows */
        rig_close(&g);
    }
}

static void what_the_operator_ends_here_the_home_network_hears_of(void **state)
{
    (void)state;
    const struct emm_event by_operator = {
        .kind = EMM_CANCEL, .cancellation_type = S6A_SUBSCRIPTION_WITHDRAWAL, .by_operator = true};
    static const uint8_t accept[] = {NAS_PD_EMM, NAS_DETACH_ACCEPT};
    begin(EMM_IDLE);
    rig_step(&g, &by_operator);
    assert_non_null(rig_effect(&g, EMM_PURGE));
    assert_true(g.gone);
    rig_close(&g);
    begin(EMM_REGISTERED);
    rig_step(&g, &by_operator);
    assert_int_equal(g.ue->state, EMM_DETACHING);
    rig_pdu(&g, false, rig_protect(&g, NAS_SHT_CIPHERED, BYTES_OF(accept)));
    assert_non_null(rig_effect(&g, EMM_PURGE));
    assert_true(g.gone);
    rig_close(&g);
}

static void a_detach_says_goodbye_once_and_nothing_follows_the_end(void **state)
{
    (void)state;
    for (int spent = 0; spent < 2; spent++) { /* the second time no COUNT is left for the answer */
        begin(EMM_REGISTERED);
        g.ue->security.send_next = spent ? NASSEC_COUNT_LIMIT : g.ue->security.send_next;
        rig_pdu(&g, false, rig_detach_request(&g, NAS_SHT_CIPHERED, false));
        unsigned ends = 0, purges = 0;
        for (unsigned i = 0; i < g.fx.n; i++) {
            ends += g.fx.e[i].kind == EMM_FORGET;
            purges += g.fx.e[i].kind == EMM_PURGE;
        }
        assert_int_equal(ends, 1);
        assert_int_equal(purges, 1);
        assert_int_equal(g.fx.e[g.fx.n - 1].kind, EMM_FORGET);
        rig_close(&g);
    }
}

static void an_attach_request_of_a_registered_ue_begins_anew_without_the_old_keys(void **state)
{
    (void)state;
    begin(EMM_REGISTERED);
    uint32_t m_tmsi = g.ue->who.m_tmsi;
    rig_pdu(&g, false, rig_attach_request(&g, NAS_SHT_CIPHERED));
    assert_int_equal(g.ue->state, EMM_VECTORS);
    assert_int_equal(rig_effect(&g, EMM_DROP_GUTI)->m_tmsi, m_tmsi);
    assert_false(g.ue->has_security);
    assert_false(g.ue->secured);
    assert_false(g.ue->who.authenticated);
    rig_close(&g);
}

static void a_second_pdn_connection_is_refused_and_the_last_one_goes_by_detaching(void **state)
{
    (void)state;
    static const uint8_t connect[] = {NAS_PD_ESM, 7, NAS_PDN_CONNECTIVITY_REQUEST, 0x11};
    static const uint8_t nobody[] = {NAS_PD_ESM, 0, NAS_PDN_CONNECTIVITY_REQUEST, 0x11};
    static const uint8_t disconnect[] = {NAS_PD_ESM, 7, NAS_PDN_DISCONNECT_REQUEST, 0x05};
    uint8_t cause = 0;
    begin(EMM_REGISTERED);
    rig_pdu(&g, false, rig_protect(&g, NAS_SHT_CIPHERED, BYTES_OF(connect)));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_PDN_CONNECTIVITY_REJECT);
    assert_int_equal(cause, ESM_CAUSE_SERVICE_OPTION_NOT_SUPPORTED);
    rig_pdu(&g, false, rig_protect(&g, NAS_SHT_CIPHERED, BYTES_OF(nobody)));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_PDN_CONNECTIVITY_REJECT);
    assert_int_equal(cause, ESM_CAUSE_INVALID_PTI);
    rig_pdu(&g, false, rig_protect(&g, NAS_SHT_CIPHERED, BYTES_OF(disconnect)));
    assert_int_equal(rig_sent(&g, 0, &cause), NAS_PDN_DISCONNECT_REJECT);
    assert_int_equal(cause, ESM_CAUSE_LAST_PDN_DISCONNECTION);
    assert_int_equal(g.ue->state, EMM_REGISTERED);
    rig_close(&g);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_who_has_the_keys_gets_the_context_that_a_guti_names),
        cmocka_unit_test(a_pdu_that_was_accepted_once_vouches_for_nobody),
        cmocka_unit_test(every_prefix_and_every_flipped_bit_of_a_request_vouches_for_nobody),
        cmocka_unit_test(a_stranger_with_a_copied_guti_is_rejected_and_the_owner_stays_as_he_is),
        cmocka_unit_test(a_first_message_that_leads_nowhere_leaves_no_connection_open),
        cmocka_unit_test(a_ue_that_went_on_before_its_attach_complete_arrived_attaches_anew),
        cmocka_unit_test(a_service_request_that_does_not_hold_takes_nothing_from_who_is_connected),
        cmocka_unit_test(a_ue_of_low_priority_gets_its_bearer_by_extended_service_request),
        cmocka_unit_test(telephony_is_refused_and_the_ue_stays_registered),
        cmocka_unit_test(an_update_with_the_active_flag_gets_its_bearer_too),
        cmocka_unit_test(nobody_is_given_up_before_the_timer_that_he_was_told),
        cmocka_unit_test(only_a_subscription_that_is_withdrawn_is_told_to_the_ue),
        cmocka_unit_test(what_the_operator_ends_here_the_home_network_hears_of),
        cmocka_unit_test(a_detach_says_goodbye_once_and_nothing_follows_the_end),
        cmocka_unit_test(an_attach_request_of_a_registered_ue_begins_anew_without_the_old_keys),
        cmocka_unit_test(a_second_pdn_connection_is_refused_and_the_last_one_goes_by_detaching),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
