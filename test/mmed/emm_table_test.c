/* Every state with every event: what the table has a row for, and that nothing else leaves a trace
 * (TS 24.301 7). The outcomes of the rows are written down here, one line each; a row that is
 * added, lost or changed shows. */
#include "lib/check.h"
#include "mmed/emm_rig.h"

/* ---- one event of each kind, as it would really come ------------------------------------------
 */

static uint8_t sht_of(const struct rig *g)
{
    return g->secured ? NAS_SHT_CIPHERED : NAS_SHT_PLAIN;
}

/* A message without elements. */
static struct bytes bare(struct rig *g, uint8_t type)
{
    const uint8_t plain[] = {NAS_PD_EMM, type};
    const uint8_t esm[] = {NAS_PD_ESM, 1, type};
    struct bytes m =
        type >= NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REQUEST ? BYTES_OF(esm) : BYTES_OF(plain);
    if (g->secured) {
        return rig_protect(g, NAS_SHT_CIPHERED, m);
    }
    memcpy(g->pdu, m.p, m.n);
    return (struct bytes){g->pdu, m.n};
}

static struct bytes with_cause(struct rig *g, uint8_t type, uint8_t cause)
{
    const uint8_t plain[] = {NAS_PD_EMM, type, cause};
    if (g->secured) {
        return rig_protect(g, NAS_SHT_CIPHERED, BYTES_OF(plain));
    }
    memcpy(g->pdu, plain, sizeof plain);
    return (struct bytes){g->pdu, sizeof plain};
}

static void nas_event(struct rig *g, enum emm_row_event e)
{
    static const uint8_t esm_information[] = {NAS_PD_ESM, 1, NAS_ESM_INFORMATION_RESPONSE};
    static const uint8_t pdn[] = {NAS_PD_ESM, 3, NAS_PDN_CONNECTIVITY_REQUEST, 0x11};
    /* type 8: packet services via S1 */
    static const uint8_t extended[] = {NAS_PD_EMM, NAS_EXTENDED_SERVICE_REQUEST, 0x08};
    bool initial = !g->ue->connected;
    uint8_t sht = sht_of(g);
    switch ((int)e) {
    case EMM_ON_ATTACH_REQUEST:
        g->imsi = "001010000000001"; /* not the same again */
        rig_pdu(g, initial, rig_attach_request(g, sht));
        return;
    case EMM_ON_IDENTITY_RESPONSE:
        if (g->ue->state == EMM_PROOF) {
            rig_imei(g, "35693803564380", (struct bytes){NULL, 0});
        } else if (g->ue->state == EMM_PROVISIONING) {
            uint8_t room[WIRE_KME_PAYLOAD_MAX];
            rig_imei(g, "35693803564380", rig_payload(g->imsi, "35693803564380", room));
        } else {
            rig_identity(g);
        }
        return;
    case EMM_ON_AUTHENTICATION_RESPONSE:
        rig_res(g);
        return;
    case EMM_ON_AUTHENTICATION_FAILURE:
        rig_auth_failure(g, EMM_CAUSE_SYNCH_FAILURE);
        return;
    case EMM_ON_SECURITY_MODE_COMPLETE:
        rig_security_complete(g);
        return;
    case EMM_ON_SECURITY_MODE_REJECT:
        rig_pdu(g, initial, with_cause(g, NAS_SECURITY_MODE_REJECT, 23));
        return;
    case EMM_ON_ATTACH_COMPLETE:
        rig_attach_complete(g);
        return;
    case EMM_ON_DETACH_REQUEST:
        rig_pdu(g, initial, rig_detach_request(g, sht, false));
        return;
    case EMM_ON_DETACH_ACCEPT:
        rig_pdu(g, initial, bare(g, NAS_DETACH_ACCEPT));
        return;
    case EMM_ON_TRACKING_AREA_UPDATE_REQUEST:
        rig_pdu(g, initial, rig_update_request(g, sht, 0));
        return;
    case EMM_ON_TRACKING_AREA_UPDATE_COMPLETE:
        rig_pdu(g, initial, bare(g, NAS_TRACKING_AREA_UPDATE_COMPLETE));
        return;
    case EMM_ON_SERVICE_REQUEST:
        if (!g->secured) { /* somebody who never attached here */
            rig_secure(g, 0x99, 1);
            g->secured = false;
        }
        rig_pdu(g, initial, rig_service_request(g));
        return;
    case EMM_ON_EXTENDED_SERVICE_REQUEST:
        if (!g->secured) {
            rig_secure(g, 0x99, 1);
            rig_pdu(g, initial, rig_protect(g, NAS_SHT_INTEGRITY, BYTES_OF(extended)));
            g->secured = false;
        } else {
            rig_pdu(g, initial, rig_protect(g, NAS_SHT_INTEGRITY, BYTES_OF(extended)));
        }
        return;
    case EMM_ON_ESM_INFORMATION_RESPONSE:
        must(g->secured);
        rig_pdu(g, initial, rig_protect(g, sht, BYTES_OF(esm_information)));
        return;
    case EMM_ON_ESM_REQUEST:
        must(g->secured);
        rig_pdu(g, initial, rig_protect(g, sht, BYTES_OF(pdn)));
        return;
    case EMM_ON_ESM_ANSWER:
        rig_pdu(g, initial, bare(g, NAS_DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT));
        return;
    case EMM_ON_EMM_STATUS:
        rig_pdu(g, initial, with_cause(g, NAS_EMM_STATUS, 98));
        return;
    case EMM_ON_TRANSPORT:
        rig_pdu(g, initial, bare(g, NAS_UPLINK_NAS_TRANSPORT));
        return;
    default:
        rig_pdu(g, initial, bare(g, 0x70));
        return;
    }
}

static void other_event(struct rig *g, enum emm_row_event e)
{
    struct emm_ula ula = rig_subscription();
    switch ((int)e) {
    case EMM_ON_AIA:
        rig_vectors(g, 1, 2001, false);
        return;
    case EMM_ON_ULA:
        rig_located(g, &ula);
        return;
    case EMM_ON_ECA:
        rig_checked(g, 2001, EMM_EQUIPMENT_WHITE);
        return;
    case EMM_ON_CANCEL:
        rig_cancel(g, S6A_SUBSCRIPTION_WITHDRAWAL);
        return;
    case EMM_ON_CHANGED: {
        const struct emm_change change = {.has_ambr = true, .ambr_ul = 1, .ambr_dl = 2};
        const struct emm_event event = {.kind = EMM_CHANGED, .change = &change};
        rig_step(g, &event);
        return;
    }
    case EMM_ON_T_PROCEDURE:
        rig_timer(g, EMM_TIMER_PROCEDURE);
        return;
    case EMM_ON_T_ATTACH:
        rig_timer(g, EMM_TIMER_ATTACH);
        return;
    case EMM_ON_T_REACHABLE:
        rig_timer(g, EMM_TIMER_REACHABLE);
        return;
    case EMM_ON_UNDELIVERED:
        rig_event(g, EMM_UNDELIVERED);
        return;
    case EMM_ON_CONTEXT_SET:
        rig_event(g, EMM_CONTEXT_SET);
        return;
    case EMM_ON_CONTEXT_FAILED:
        rig_event(g, EMM_CONTEXT_FAILED);
        return;
    case EMM_ON_CONNECTION_LOST:
        rig_event(g, EMM_CONNECTION_LOST);
        return;
    case EMM_ON_SUPERSEDED:
        rig_event(g, EMM_SUPERSEDED);
        return;
    default:
        fail_msg("event %d has no kind", (int)e);
    }
}

static bool is_nas(enum emm_row_event e)
{
    return e <= EMM_ON_OTHER;
}

/* ---- what came of it --------------------------------------------------------------------------
 */

static const char *effect_name(enum emm_effect_kind k)
{
    static const char *const names[] = {
        [EMM_SEND] = "send",
        [EMM_SETUP] = "setup",
        [EMM_RELEASE] = "release",
        [EMM_REROUTE] = "reroute",
        [EMM_ASK_VECTORS] = "AIR",
        [EMM_ASK_LOCATION] = "ULR",
        [EMM_ASK_EQUIPMENT] = "ECR",
        [EMM_ASK_ONBOARDING] = "ECR(request)",
        [EMM_REPORT_FAILURE] = "NOR",
        [EMM_PURGE] = "PUR",
        [EMM_TIMER_START] = "start",
        [EMM_TIMER_STOP] = "stop",
        [EMM_ASSIGN_GUTI] = "assign",
        [EMM_DROP_GUTI] = "drop",
        [EMM_AUTHENTICATED] = "authenticated",
        [EMM_REGISTERED_NOW] = "registered",
        [EMM_DEVICE] = "device",
        [EMM_FORGET] = "forget",
        [EMM_TOLD] = "told",
    };
    return names[k];
}

/* "REGISTERED: send EMM INFORMATION, stop" */
static void describe(struct rig *g, char *out, size_t cap)
{
    unsigned sent = 0;
    uint8_t cause;
    size_t n = (size_t)snprintf(out, cap, "%s:", emm_state_name(g->ue->state));
    for (unsigned i = 0; i < g->fx.n; i++) {
        const struct emm_effect *e = &g->fx.e[i];
        n += (size_t)snprintf(out + n, cap - n, " %s", effect_name(e->kind));
        if (e->kind == EMM_TOLD) {
            n += (size_t)snprintf(out + n, cap - n, "(%s)", refusal_row(e->refusal)->name);
        } else if (e->kind == EMM_SEND && !g->secured && e->pdu.p[0] != NAS_PD_EMM) {
            n += (size_t)snprintf(out + n, cap - n, "(protected)");
        } else if (e->kind == EMM_SEND || (e->kind == EMM_SETUP && e->pdu.p != NULL)) {
            uint8_t type = rig_sent(g, sent++, &cause);
            n += (size_t)snprintf(out + n, cap - n, "(%s)", nas_message_type_name(type));
        }
    }
}

struct outcome {
    enum emm_state state;
    enum emm_row_event event;
    const char *text;
};
#define O(state, event, text) {EMM_##state, EMM_ON_##event, text},
static const struct outcome outcomes[] = {
#include "mmed/emm_outcomes.h"
};
#undef O

static const struct outcome *expected(enum emm_state s, enum emm_row_event e)
{
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        if (outcomes[i].state == s && outcomes[i].event == e) {
            return &outcomes[i];
        }
    }
    return NULL;
}

/* An ESM message does not exist for somebody without a context. */
static bool can_come(const struct rig *g, enum emm_row_event e)
{
    return g->secured || (e != EMM_ON_ESM_INFORMATION_RESPONSE && e != EMM_ON_ESM_REQUEST);
}

/* Clause 7: what has no row changes nothing, and is answered under protection alone. */
static void assert_no_trace(struct rig *g, const struct emm_ue *before, enum emm_row_event e,
                            const char *pair)
{
    struct emm_ue now = *g->ue, was = *before;
    uint8_t cause = 0;
    if (before->state == EMM_DEREGISTERED || before->state == EMM_IDLE) {
        return; /* its connection is over: the outcome is looked at by its text */
    }
    now.security.send_next = was.security.send_next = 0;
    now.security.receive_next = was.security.receive_next = 0;
    now.security.seen = was.security.seen = 0;
    if (memcmp(&now, &was, sizeof now) != 0) {
        fail_msg("%s: the context was changed", pair);
    }
    if (!is_nas(e)) {
        if (g->fx.n != 0) {
            fail_msg("%s: effects of what was to be let go", pair);
        }
        return;
    }
    if (!rig_told(g, REFUSAL_NAS_STATE) && !rig_told(g, REFUSAL_NAS_UNPROTECTED) &&
        !rig_told(g, REFUSAL_NAS_MAC) && !rig_told(g, REFUSAL_NAS_MALFORMED)) {
        fail_msg("%s: nobody was told", pair);
    }
    if (before->secured) {
        uint8_t type = rig_sent(g, 0, &cause);
        bool esm = e == EMM_ON_ESM_REQUEST || e == EMM_ON_ESM_ANSWER ||
                   e == EMM_ON_ESM_INFORMATION_RESPONSE;
        if (type != (esm ? NAS_ESM_STATUS : NAS_EMM_STATUS) ||
            cause != (e == EMM_ON_OTHER ? EMM_CAUSE_MESSAGE_TYPE_NON_EXISTENT
                                        : EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE)) {
            fail_msg("%s: answered by type %u, cause %u", pair, type, cause);
        }
    } else if (rig_effect(g, EMM_SEND) != NULL) {
        fail_msg("%s: answered in clear", pair);
    }
}

static void try_pair(enum emm_state s, enum emm_row_event e, unsigned *failed)
{
    static struct rig g;
    static struct emm_ue before;
    char pair[96], got[512];
    const struct outcome *want = expected(s, e);
    rig_open(&g);
    rig_to(&g, s);
    snprintf(pair, sizeof pair, "%s / %s", emm_state_name(s), emm_row_event_name(e));
    if (can_come(&g, e)) {
        bool row = emm_table_row(s, e) != NULL;
        before = *g.ue;
        is_nas(e) ? nas_event(&g, e) : other_event(&g, e);
        if (!row) {
            assert_no_trace(&g, &before, e, pair);
        }
        describe(&g, got, sizeof got);
        if ((row || s == EMM_DEREGISTERED || s == EMM_IDLE) &&
            (want == NULL || strcmp(want->text, got) != 0)) {
            printf("    O(%s, %s,\n      \"%s\")\n", emm_state_name(s), emm_row_event_name(e), got);
            (*failed)++;
        }
    }
    rig_close(&g);
}

static void every_state_meets_every_event(void **state)
{
    (void)state;
    unsigned failed = 0;
    for (unsigned s = 0; s < EMM_STATE_COUNT; s++) {
        for (unsigned e = 0; e < EMM_ON_COUNT; e++) {
            try_pair((enum emm_state)s, (enum emm_row_event)e, &failed);
        }
    }
    assert_int_equal(failed, 0);
}

static void every_outcome_that_is_written_down_belongs_to_a_pair_that_can_happen(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof outcomes / sizeof outcomes[0]; i++) {
        const struct outcome *o = &outcomes[i];
        assert_ptr_equal(expected(o->state, o->event), o); /* none twice */
        assert_true(o->state == EMM_DEREGISTERED || o->state == EMM_IDLE ||
                    emm_table_row(o->state, o->event) != NULL);
    }
}

/* ---- the table itself -------------------------------------------------------------------------
 */

static void every_state_can_be_reached_and_has_a_name(void **state)
{
    (void)state;
    for (unsigned s = 0; s < EMM_STATE_COUNT; s++) {
        struct rig g;
        rig_open(&g);
        rig_to(&g, (enum emm_state)s); /* aborts if it is not reached */
        assert_string_not_equal(emm_state_name((enum emm_state)s), "?");
        rig_close(&g);
    }
    assert_string_equal(emm_state_name(EMM_STATE_COUNT), "?");
    assert_string_equal(emm_row_event_name(EMM_ON_COUNT), "?");
    assert_null(emm_table_row(EMM_STATE_COUNT, EMM_ON_AIA));
    assert_null(emm_table_row(EMM_IDLE, EMM_ON_COUNT));
}

static void every_handler_stands_in_the_table(void **state)
{
    (void)state;
    static const emm_handler handlers[] = {
        emm_on_attach_request,
        emm_attach_request_anew,
        emm_attach_request_repeated,
        emm_on_identity,
        emm_identity_again,
        emm_attach_timeout,
        emm_on_aia,
        emm_on_res,
        emm_on_authentication_failure,
        emm_challenge_again,
        emm_on_security_complete,
        emm_on_security_reject,
        emm_security_again,
        emm_on_proof,
        emm_proof_again,
        emm_on_payload,
        emm_provision_again,
        emm_identity_unasked,
        emm_identity_late,
        emm_on_onboarded,
        emm_onboarding_timeout,
        emm_on_eca,
        emm_on_ula,
        emm_on_changed,
        emm_on_confirmed,
        emm_on_esm_information,
        emm_esm_information_again,
        emm_on_esm_request,
        emm_esm_request_early,
        emm_on_esm_answer,
        emm_accept_again,
        emm_on_attach_complete,
        emm_context_set,
        emm_context_failed,
        emm_on_detach_request,
        emm_on_detach_accept,
        emm_detach_again,
        emm_cancel,
        emm_superseded,
        emm_unreachable,
        emm_lost_during_attach,
        emm_lost_registered,
        emm_on_service_request,
        emm_on_extended_service_request,
        emm_on_tracking_area_update,
        emm_transport,
        emm_nobody_here,
        emm_not_now,
        emm_ignore,
    };
    const size_t n = sizeof handlers / sizeof handlers[0];
    bool used[sizeof handlers / sizeof handlers[0]] = {false};
    for (unsigned s = 0; s < EMM_STATE_COUNT; s++) {
        for (unsigned e = 0; e < EMM_ON_COUNT; e++) {
            emm_handler h = emm_table_row((enum emm_state)s, (enum emm_row_event)e);
            bool known = h == NULL;
            for (size_t i = 0; i < n; i++) {
                used[i] = used[i] || h == handlers[i];
                known = known || h == handlers[i];
            }
            assert_true(known);
        }
    }
    for (size_t i = 0; i < n; i++) {
        if (!used[i]) {
            fail_msg("handler %zu is in no row", i);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_state_can_be_reached_and_has_a_name),
        cmocka_unit_test(every_handler_stands_in_the_table),
        cmocka_unit_test(every_outcome_that_is_written_down_belongs_to_a_pair_that_can_happen),
        cmocka_unit_test(every_state_meets_every_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
