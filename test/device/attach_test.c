/* The attach procedure with a network made by hand: src/device/attach.c, src/device/emm_send.c,
 * src/device/connection.c, src/device/esm.c, src/device/out.c. */
#include "device/world.h"

static void a_device_attaches_with_a_processed_challenge(void **state)
{
    struct world w;
    struct nas_attach_request m;
    struct nas_eps_identity id;
    struct bindery_ue_registration r;
    uint8_t kenb[32];
    struct key_kenb theirs;
    (void)state;
    world_open(&w);
    world_camp(&w, 1);
    world_attach(&w);
    assert_true(w.up.initial);
    assert_int_equal(w.up.establishment, BINDERY_UE_MO_SIGNALLING);
    assert_false(w.up.has_guti);
    net_expect_attach(&w, &m);
    assert_int_equal(m.attach_type, NAS_EPS_ATTACH);
    assert_int_equal(m.ksi, NAS_KSI_NONE);
    assert_ok(nas_eps_identity_parse(m.identity, &id));
    assert_int_equal(id.type, NAS_EPS_IDENTITY_IMSI);
    assert_string_equal(id.imsi.digits, WORLD_IMSI);
    net_challenge(&w, &w.kme);
    const struct bindery_ue_event *e = world_event(&w, BINDERY_UE_EVENT_AUTHENTICATION);
    assert_non_null(e);
    assert_true(e->processed);
    assert_int_equal(e->outcome, BINDERY_UE_ANSWERED);
    net_secure(&w);
    e = world_event(&w, BINDERY_UE_EVENT_SECURED);
    assert_int_equal(e->eea, 2);
    assert_int_equal(e->eia, 2);
    /* KeNB from SECURITY MODE COMPLETE, the first message under the new context. */
    assert_int_equal(bindery_ue_kenb(&w.ue, kenb), BINDERY_UE_OK);
    assert_ok(nassec_kenb(&w.c, &w.security, 0, &theirs));
    assert_memory_equal(kenb, theirs.b, 32);
    net_accept(&w);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_REGISTERED));
    assert_int_equal(bindery_ue_registration(&w.ue, &r), BINDERY_UE_OK);
    assert_int_equal(r.guti.m_tmsi, w.guti.m_tmsi);
    assert_int_equal(r.t3412_ms, 3600000);
    assert_int_equal(r.bearer, 5);
    assert_int_equal(r.qci, 9);
    assert_int_equal(r.pdn_address[8], 10);
    world_close(&w);
}

static void every_algorithm_pair_serves(void **state)
{
    (void)state;
    for (uint8_t eea = 0; eea < 4; eea++) {
        for (uint8_t eia = 1; eia < 4; eia++) {
            struct world w;
            world_open(&w);
            w.settings.allow_eea0 = true;
            w.eea = eea;
            w.eia = eia;
            world_register(&w);
            world_close(&w);
        }
    }
}

static void the_apn_is_told_under_ciphering_only(void **state)
{
    struct world w;
    struct nas_attach_request m;
    struct nas_pdn_connectivity_request pdn;
    struct nas_esm_information_request ask = {.header = {.pti = 1}};
    struct nas_esm_information_response told;
    char text[NAS_APN_TEXT_MAX];
    (void)state;
    world_open(&w);
    world_camp(&w, 1);
    world_attach(&w);
    net_expect_attach(&w, &m);
    assert_ok(
        nas_parse(&nas_pdn_connectivity_request_message, m.esm_message_container, &pdn, NULL));
    assert_null(pdn.apn.p);
    assert_int_equal(pdn.esm_information_transfer_flag.v, 1);
    net_challenge(&w, &w.kme);
    net_plain(&w, &nas_esm_information_request_message, &ask);
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_UNPROTECTED);
    assert_int_equal(w.up.n, 0);
    net_secure(&w);
    net_secured(&w, &nas_esm_information_request_message, &ask);
    net_expect(&w, &nas_esm_information_response_message, &told);
    assert_ok(nas_apn_to_text(told.apn, text));
    assert_string_equal(text, "internet");
    net_accept(&w);
    net_secured(&w, &nas_esm_information_request_message, &ask);
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_BEARER);
    world_close(&w);
}

static void the_second_attach_uses_guti_and_context(void **state)
{
    struct world w;
    struct nas_attach_request m;
    struct nas_detach_request_up detach;
    struct nas_eps_identity id;
    struct nas_detach_accept accept = {0};
    (void)state;
    world_open(&w);
    world_register(&w);
    w.events_n = 0;
    assert_int_equal(bindery_ue_detach(&w.ue, w.now, false), BINDERY_UE_OK);
    world_take(&w);
    net_expect(&w, &nas_detach_request_up_message, &detach);
    assert_int_equal(w.sht, NAS_SHT_CIPHERED);
    net_secured(&w, &nas_detach_accept_message, &accept);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_DEREGISTERED));
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_DEREGISTERED);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    world_attach(&w);
    assert_true(w.up.initial);
    assert_true(w.up.has_guti);
    net_expect_attach(&w, &m);
    assert_int_equal(w.sht, NAS_SHT_INTEGRITY);
    assert_int_equal(m.ksi, 1);
    assert_ok(nas_eps_identity_parse(m.identity, &id));
    assert_int_equal(id.type, NAS_EPS_IDENTITY_GUTI);
    assert_int_equal(id.guti.m_tmsi, w.guti.m_tmsi);
    assert_non_null(m.last_visited_tai.p);
    net_accept(&w); /* no AKA: the context was still there */
    world_close(&w);
}

static void attempts_are_counted_and_spaced(void **state)
{
    struct world w;
    struct bindery_ue_guti guti;
    (void)state;
    world_open(&w);
    world_register(&w);
    assert_int_equal(bindery_ue_detach(&w.ue, w.now, true), BINDERY_UE_OK);
    world_take(&w);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    world_attach(&w);
    for (int i = 1; i <= 5; i++) {
        uint64_t sent = w.now;
        assert_true(w.up.initial);
        assert_true(world_wait(&w)); /* T3410 */
        assert_int_equal(w.now - sent, 15000);
        assert_non_null(world_event(&w, BINDERY_UE_EVENT_RELEASE));
        const struct bindery_ue_event *e = world_event(&w, BINDERY_UE_EVENT_WAITING);
        assert_int_equal(e->why, i < 5 ? BINDERY_UE_WHY_RETRY : BINDERY_UE_WHY_EXHAUSTED);
        assert_int_equal(e->until - w.now, i < 5 ? 10000 : 720000);
        assert_int_equal(bindery_ue_guti(&w.ue, &guti), i < 5);
        assert_true(world_wait(&w));
        assert_int_equal(w.now, e->until);
    }
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_ATTACHING);
    assert_false(w.up.has_guti);
    world_close(&w);
}

static void another_tracking_area_begins_anew(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    world_begin(&w);
    world_lower(&w, BINDERY_UE_LOWER_FAILED);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_WAITING);
    world_camp(&w, 1);
    assert_int_equal(w.up.n, 0);
    world_camp(&w, 2);
    assert_int_equal(net_open(&w), NAS_ATTACH_REQUEST);
    world_close(&w);
}

/* Each message of the network is lost once, or comes twice; the device ends registered. */
static void repeated_messages_get_the_same_answer(void **state)
{
    struct world w;
    uint8_t capability[2], hash[8], out[64];
    struct nas_attach_complete complete;
    struct nas_security_mode_complete secured;
    struct net_accept a;
    (void)state;
    world_open(&w);
    world_begin(&w);
    struct nas_authentication_request m = net_vector(&w, &w.kme);
    for (int i = 0; i < 3; i++) {
        net_plain(&w, &nas_authentication_request_message, &m);
        net_expect_res(&w);
        assert_int_equal(world_event(&w, BINDERY_UE_EVENT_AUTHENTICATION)->outcome,
                         i == 0 ? BINDERY_UE_ANSWERED : BINDERY_UE_REPEATED);
    }
    struct nas_security_mode_command command = net_command(&w, capability, hash);
    net_new_context(&w);
    for (int i = 0; i < 3; i++) { /* a repetition has a COUNT of its own */
        world_down(&w, net_protect(&w, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message,
                                   &command, MBYTES_OF(out)));
        net_expect(&w, &nas_security_mode_complete_message, &secured);
    }
    net_make_accept(&w, &a);
    for (int i = 0; i < 3; i++) {
        net_secured(&w, &nas_attach_accept_message, &a.m);
        net_expect(&w, &nas_attach_complete_message, &complete);
        assert_int_equal(world_event(&w, BINDERY_UE_EVENT_REGISTERED) != NULL, i == 0);
    }
    world_close(&w);
}

static void whatever_is_lost_the_device_registers_in_the_end(void **state)
{
    (void)state;
    for (int lost = 0; lost < 3; lost++) { /* AUTHENTICATION REQUEST, SMC, ATTACH ACCEPT */
        struct world w;
        struct nas_attach_request m;
        world_open(&w);
        world_begin(&w);
        if (lost > 0) {
            net_challenge(&w, &w.kme);
        }
        if (lost > 1) {
            net_secure(&w);
        }
        while (bindery_ue_state(&w.ue) == BINDERY_UE_STATE_ATTACHING) {
            assert_true(world_wait(&w)); /* T3416, or T3410 */
        }
        assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_WAITING);
        while (bindery_ue_state(&w.ue) == BINDERY_UE_STATE_WAITING) {
            assert_true(world_wait(&w)); /* T3411 */
        }
        net_expect_attach(&w, &m);
        net_challenge(&w, &w.kme);
        net_secure(&w);
        net_accept(&w);
        world_close(&w);
    }
}

static void a_broken_accept_changes_nothing(void **state)
{
    (void)state;
    for (int what = 0; what < 4; what++) {
        struct world w;
        struct net_accept a;
        struct nas_emm_status status;
        static const uint8_t junk[] = {0x52, 1, 0xc1, 0, 0, 0};
        world_open(&w);
        world_secure(&w);
        net_make_accept(&w, &a);
        if (what == 0) {
            a.tai[0] = 0x60; /* a type of list that is reserved */
        } else if (what == 1) {
            a.esm[1] = 9; /* another transaction */
        } else if (what == 2) {
            a.esm[0] = 0x42; /* a bearer identity that is none */
        } else {
            a.m.esm_message_container = BYTES_OF(junk);
        }
        net_secured(&w, &nas_attach_accept_message, &a.m);
        net_expect(&w, &nas_emm_status_message, &status);
        assert_int_equal(status.emm_cause, EMM_CAUSE_INVALID_MANDATORY_INFORMATION);
        assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_MALFORMED);
        assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_ATTACHING);
        net_accept(&w);
        world_close(&w);
    }
}

static void session_messages_of_every_type_are_answered(void **state)
{
    struct world w;
    (void)state;
    world_open(&w);
    world_register(&w);
    for (unsigned type = 0xc1; type < 0x100; type++) {
        uint8_t plain[] = {0x52, 1, (uint8_t)type}, out[64];
        size_t n = 0;
        if (type == NAS_DEACTIVATE_EPS_BEARER_CONTEXT_REQUEST) {
            continue; /* below */
        }
        assert_ok(nassec_protect(&w.c, &w.security, NAS_SHT_CIPHERED, BYTES_OF(plain),
                                 MBYTES_OF(out), &n));
        world_down(&w, (struct bytes){out, n});
        if (type != NAS_ESM_STATUS && type != NAS_NOTIFICATION && type != NAS_ESM_DUMMY_MESSAGE) {
            assert_int_not_equal(world_refusal(&w), BINDERY_UE_REFUSED_NONE);
            assert_true(net_open(&w) == NAS_ESM_STATUS ||
                        w.plain.p[2] == NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REJECT);
        } else {
            assert_int_equal(w.up.n, 0);
        }
        assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_REGISTERED);
    }
    world_close(&w);
}

static void a_deactivated_bearer_ends_the_attachment(void **state)
{
    struct world w;
    struct nas_deactivate_eps_bearer_context_request m = {
        .header = {.ebi = 5}, .esm_cause = ESM_CAUSE_REACTIVATION_REQUESTED};
    struct nas_detach_request_up detach;
    struct nas_detach_accept accept = {0};
    (void)state;
    world_open(&w);
    world_register(&w);
    net_secured(&w, &nas_deactivate_eps_bearer_context_request_message, &m);
    assert_int_equal(net_open(&w), NAS_DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT);
    assert_true(world_wait(&w));
    net_expect(&w, &nas_detach_request_up_message, &detach);
    net_secured(&w, &nas_detach_accept_message, &accept);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED); /* cause 39: attach again */
    assert_int_equal(net_open(&w), NAS_ATTACH_REQUEST);
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_attaches_with_a_processed_challenge),
        cmocka_unit_test(every_algorithm_pair_serves),
        cmocka_unit_test(the_apn_is_told_under_ciphering_only),
        cmocka_unit_test(the_second_attach_uses_guti_and_context),
        cmocka_unit_test(attempts_are_counted_and_spaced),
        cmocka_unit_test(another_tracking_area_begins_anew),
        cmocka_unit_test(repeated_messages_get_the_same_answer),
        cmocka_unit_test(whatever_is_lost_the_device_registers_in_the_end),
        cmocka_unit_test(a_broken_accept_changes_nothing),
        cmocka_unit_test(session_messages_of_every_type_are_answered),
        cmocka_unit_test(a_deactivated_bearer_ends_the_attachment),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
