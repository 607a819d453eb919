/* What networks do besides the straight way, in good or bad faith: src/device/security.c,
 * src/device/service.c, src/device/detach.c, src/device/connection.c, src/device/ue.c. */
#include "device/world.h"

static void net_mode(struct world *w, const struct nas_security_mode_command *m)
{
    uint8_t out[96];
    world_down(w, net_protect(w, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message, m,
                              MBYTES_OF(out)));
}

/* ---- security mode ---- */

static void a_command_without_hash_and_imeisv_request_will_do(void **state)
{
    struct world w;
    uint8_t capability[2], hash[8];
    struct nas_security_mode_complete complete;
    (void)state;
    world_open(&w);
    world_begin(&w);
    net_challenge(&w, &w.kme);
    struct nas_security_mode_command m = net_command(&w, capability, hash);
    m.imeisv_request = (struct nas_u8){false, 0};
    m.hash_mme = (struct bytes){NULL, 0};
    net_new_context(&w);
    net_mode(&w, &m);
    net_expect(&w, &nas_security_mode_complete_message, &complete);
    assert_null(complete.imeisv.p);
    assert_null(complete.replayed_nas_message.p);
    net_accept(&w);
    world_close(&w);
}

/* TS 24.301 5.4.3.2: the same KASME, other algorithms; the COUNTs go on. */
static void algorithms_may_change_without_a_challenge(void **state)
{
    struct world w;
    uint8_t capability[2], hash[8], kenb[32];
    struct nas_security_mode_complete complete;
    struct nas_identity_request ask = {.identity_type = NAS_IDENTITY_IMEI};
    struct nas_identity_response told;
    struct key_kenb theirs;
    (void)state;
    world_open(&w);
    world_register(&w);
    const uint32_t up = w.security.receive_next;
    assert_ok(nassec_change(&w.c, &w.security, NAS_EEA3, NAS_EIA1, &w.security));
    w.eea = NAS_EEA3;
    w.eia = NAS_EIA1;
    struct nas_security_mode_command m = net_command(&w, capability, hash);
    net_mode(&w, &m);
    net_expect(&w, &nas_security_mode_complete_message, &complete);
    assert_ptr_equal(w.plain.p, w.opened); /* it verified */
    assert_int_equal(w.security.receive_next, up + 1);
    const struct bindery_ue_event *e = world_event(&w, BINDERY_UE_EVENT_SECURED);
    assert_int_equal(e->eea, NAS_EEA3);
    assert_int_equal(e->eia, NAS_EIA1);
    assert_int_equal(bindery_ue_kenb(&w.ue, kenb), BINDERY_UE_OK);
    assert_ok(nassec_kenb(&w.c, &w.security, up, &theirs));
    assert_memory_equal(kenb, theirs.b, sizeof kenb);
    net_secured(&w, &nas_identity_request_message, &ask);
    net_expect(&w, &nas_identity_response_message, &told);
    m = net_command(&w, capability, hash); /* but the MAC has to hold, and nothing changes else */
    w.security.knasint.b[0] ^= 1;
    net_mode(&w, &m);
    assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_BAD_MAC);
    w.security.knasint.b[0] ^= 1;
    assert_int_equal(net_open(&w), NAS_SECURITY_MODE_REJECT);
    net_secured(&w, &nas_identity_request_message, &ask);
    net_expect(&w, &nas_identity_response_message, &told);
    world_close(&w);
}

static void a_registered_device_is_challenged_anew(void **state)
{
    struct world w;
    uint8_t capability[2], hash[8], kenb[32];
    struct nas_security_mode_complete complete;
    struct nas_attach_request request;
    struct key_kenb theirs;
    (void)state;
    world_open(&w);
    world_register(&w);
    struct nas_authentication_request challenge = net_vector(&w, &w.kme);
    challenge.ksi = 4;
    net_secured(&w, &nas_authentication_request_message, &challenge);
    net_expect_res(&w); /* under the context that is still current */
    assert_int_equal(w.sht, NAS_SHT_CIPHERED);
    struct nas_security_mode_command m = net_command(&w, capability, hash);
    m.ksi = 4;
    m.hash_mme = (struct bytes){NULL, 0};
    net_new_context(&w);
    w.security.agreed.ksi = 4;
    net_mode(&w, &m);
    net_expect(&w, &nas_security_mode_complete_message, &complete);
    assert_int_equal(w.security.receive_next, 1); /* the COUNTs began anew */
    assert_int_equal(bindery_ue_kenb(&w.ue, kenb), BINDERY_UE_OK);
    assert_ok(nassec_kenb(&w.c, &w.security, 0, &theirs));
    assert_memory_equal(kenb, theirs.b, sizeof kenb);
    assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_REGISTERED);
    world_boot(&w, true);
    world_camp(&w, 1);
    world_attach(&w);
    net_expect_attach(&w, &request);
    assert_int_equal(request.ksi, 4);
    assert_ptr_equal(w.plain.p, w.opened);
    world_close(&w);
}

static void a_command_ends_the_wait_for_a_better_challenge(void **state)
{
    struct world w;
    uint8_t capability[2], hash[8];
    struct nas_authentication_failure failure;
    struct nas_security_mode_complete complete;
    (void)state;
    world_open(&w);
    world_secure(&w);
    struct nas_authentication_request bad = net_vector(&w, NULL);
    w.vector.autn.b[15] ^= 1;
    net_secured(&w, &nas_authentication_request_message, &bad);
    net_expect(&w, &nas_authentication_failure_message, &failure);
    struct nas_security_mode_command m = net_command(&w, capability, hash);
    net_mode(&w, &m);
    net_expect(&w, &nas_security_mode_complete_message, &complete);
    assert_int_equal(bindery_ue_deadline(&w.ue), w.now + 15000); /* T3410, begun again */
    net_accept(&w);
    assert_int_equal(bindery_ue_deadline(&w.ue), BINDERY_UE_NEVER);
    world_close(&w);
}

/* T3416: what was answered once is not answered for ever. */
static void repetitions_do_not_keep_a_challenge_alive(void **state)
{
    struct world w;
    struct nas_authentication_failure failure;
    (void)state;
    world_open(&w);
    world_register(&w);
    struct nas_authentication_request m = net_vector(&w, &w.kme);
    for (int i = 0; i < 3; i++) { /* at 0, 10 and 20 seconds */
        net_secured(&w, &nas_authentication_request_message, &m);
        net_expect_res(&w);
        w.now += 10000;
    }
    assert_int_equal(bindery_ue_deadline(&w.ue), w.now);
    (void)world_wait(&w);
    net_secured(&w, &nas_authentication_request_message, &m);
    net_expect(&w, &nas_authentication_failure_message, &failure);
    assert_int_equal(failure.emm_cause, EMM_CAUSE_SYNCH_FAILURE);
    world_close(&w);
}

/* An MME that could not verify the update: HashMME is about that, not about the attach. */
static void hash_mme_is_of_the_request_that_was_sent_last(void **state)
{
    for (int changed = 0; changed < 2; changed++) {
        struct world w;
        uint8_t capability[2], hash[8], sent[256];
        struct nas_tracking_area_update_request update;
        struct nas_security_mode_complete complete;
        (void)state;
        world_open(&w);
        world_register(&w);
        world_lower(&w, BINDERY_UE_LOWER_RELEASED);
        world_camp(&w, 9);
        net_expect(&w, &nas_tracking_area_update_request_message, &update);
        w.attach_n = w.plain.n;
        memcpy(w.attach, w.plain.p, w.plain.n);
        memcpy(sent, w.plain.p, w.plain.n);
        w.attach[w.attach_n - 1] ^= (uint8_t)changed;
        net_challenge(&w, &w.kme);
        struct nas_security_mode_command m = net_command(&w, capability, hash);
        net_new_context(&w);
        net_mode(&w, &m);
        net_expect(&w, &nas_security_mode_complete_message, &complete);
        assert_int_equal(world_refusal(&w) == BINDERY_UE_REFUSED_ATTACH_CHANGED, changed);
        assert_int_equal(complete.replayed_nas_message.p != NULL, changed);
        if (changed) {
            assert_int_equal(complete.replayed_nas_message.n, w.attach_n);
            assert_memory_equal(complete.replayed_nas_message.p, sent, w.attach_n);
        }
        world_close(&w);
    }
}

static void a_context_that_is_no_longer_allowed_is_not_used(void **state)
{
    struct world w;
    struct nas_attach_request request;
    (void)state;
    world_open(&w);
    w.settings.allow_eea0 = true;
    w.eea = NAS_EEA0;
    world_register(&w);
    for (int allowed = 1; allowed >= 0; allowed--) {
        w.settings.allow_eea0 = allowed == 1;
        world_boot(&w, true);
        world_camp(&w, 1);
        world_attach(&w);
        net_expect_attach(&w, &request);
        assert_int_equal(request.ksi, allowed ? 1 : NAS_KSI_NONE);
        assert_int_equal(w.sht, allowed ? NAS_SHT_INTEGRITY : NAS_SHT_PLAIN);
    }
    world_close(&w);
}

/* ---- the order of messages ---- */

static void messages_may_overtake_each_other(void **state)
{
    struct world w;
    struct nas_identity_request ask = {.identity_type = NAS_IDENTITY_IMEI};
    uint8_t out[8][64];
    struct bytes pdu[8];
    (void)state;
    world_open(&w);
    world_register(&w);
    for (int round = 0; round < 80; round++) { /* past where the SN wraps, twice */
        for (size_t i = 0; i < 8; i++) {
            pdu[i] = net_protect(&w, NAS_SHT_CIPHERED, &nas_identity_request_message, &ask,
                                 MBYTES_OF(out[i]));
        }
        for (size_t i = 0; i < 8; i++) {
            if (i != 3) { /* one is lost */
                world_down(&w, pdu[7 - i]);
                assert_int_equal(net_open(&w), NAS_IDENTITY_RESPONSE);
                world_down(&w, pdu[7 - i]);
                assert_int_equal(world_refusal(&w), BINDERY_UE_REFUSED_REPLAYED);
                assert_int_equal(w.up.n, 0);
            }
        }
    }
    world_close(&w);
}

/* ---- places and times ---- */

static void every_type_of_tai_list_is_understood(void **state)
{
    /* 001-01: TACs 1, 5; from 20 on three; 001-01 30 and 001-02 31 */
    static const uint8_t list[] = {0x01, 0x00, 0xf1, 0x10, 0,    1,    0,    5,    0x22,
                                   0x00, 0xf1, 0x10, 0,    20,   0x41, 0x00, 0xf1, 0x10,
                                   0,    30,   0x00, 0xf1, 0x20, 0,    31};
    static const struct {
        uint16_t tac;
        bool in;
    } cells[] = {{5, true}, {20, true}, {22, true}, {30, true}, {1, true}, {23, false}};
    struct world w;
    struct net_accept a;
    struct nas_attach_complete m;
    (void)state;
    world_open(&w);
    world_secure(&w);
    net_make_accept(&w, &a);
    a.m.tai_list = BYTES_OF(list);
    a.m.attach_result = NAS_COMBINED; /* more than was asked for, and half of it failed */
    a.m.emm_cause = NAS_U8_OF(EMM_CAUSE_IMSI_UNKNOWN_IN_HSS);
    net_secured(&w, &nas_attach_accept_message, &a.m);
    net_expect(&w, &nas_attach_complete_message, &m);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    for (size_t i = 0; i < sizeof cells / sizeof *cells; i++) {
        world_camp(&w, cells[i].tac);
        assert_int_equal(bindery_ue_state(&w.ue),
                         cells[i].in ? BINDERY_UE_STATE_REGISTERED : BINDERY_UE_STATE_UPDATING);
    }
    world_close(&w);
}

static void without_t3412_nothing_is_updated_in_time(void **state)
{
    struct world w;
    struct net_accept a;
    struct nas_attach_complete m;
    struct bindery_ue_registration r;
    (void)state;
    world_open(&w);
    world_secure(&w);
    net_make_accept(&w, &a);
    a.m.t3412 = nas_timer_of(NAS_TIMER_OFF);
    net_secured(&w, &nas_attach_accept_message, &a.m);
    net_expect(&w, &nas_attach_complete_message, &m);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(bindery_ue_registration(&w.ue, &r), BINDERY_UE_OK);
    assert_int_equal(r.t3412_ms, 0);
    assert_int_equal(bindery_ue_deadline(&w.ue), BINDERY_UE_NEVER);
    world_close(&w);
}

/* 5.6.2.2.1: T3346 or not. */
static void paging_is_answered_in_a_congestion(void **state)
{
    struct world w;
    struct nas_tracking_area_update_request update;
    struct nas_tracking_area_update_reject m = {.emm_cause = EMM_CAUSE_CONGESTION,
                                                .t3346 = NAS_U8_OF(nas_timer_of(120))};
    (void)state;
    world_open(&w);
    world_register(&w);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    world_camp(&w, 9);
    net_expect(&w, &nas_tracking_area_update_request_message, &update);
    net_secured(&w, &nas_tracking_area_update_reject_message, &m);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(bindery_ue_service(&w.ue, w.now, false), BINDERY_UE_OK);
    world_take(&w);
    assert_int_equal(w.up.n, 0); /* data have to wait */
    assert_int_equal(bindery_ue_service(&w.ue, w.now, true), BINDERY_UE_OK);
    world_take(&w);
    net_expect(&w, &nas_tracking_area_update_request_message, &update);
    assert_int_equal(update.update_type & NAS_UPDATE_ACTIVE, NAS_UPDATE_ACTIVE);
    world_close(&w);
}

/* 5.3.2: a device that cannot move is not kept off for ever. */
static void a_forbidden_area_is_tried_again_within_a_day(void **state)
{
    const uint64_t hour = 3600000;
    struct nas_attach_reject area = {.emm_cause = EMM_CAUSE_NO_SUITABLE_CELLS};
    struct nas_attach_reject plmn = {.emm_cause = EMM_CAUSE_PLMN_NOT_ALLOWED};
    struct world w;
    (void)state;
    world_open(&w);
    world_secure(&w);
    net_secured(&w, &nas_attach_reject_message, &area);
    const struct bindery_ue_event *e = world_event(&w, BINDERY_UE_EVENT_WAITING);
    assert_int_equal(e->why, BINDERY_UE_WHY_FORBIDDEN);
    assert_true(e->until >= w.now + 12 * hour && e->until <= w.now + 24 * hour);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    world_camp(&w, 1); /* asking in between does not help */
    assert_int_equal(w.up.n, 0);
    assert_true(world_wait(&w));
    assert_int_equal(net_open(&w), NAS_ATTACH_REQUEST);
    world_boot(&w, false);
    w.has_security = false;
    world_secure(&w);
    net_secured(&w, &nas_attach_reject_message, &plmn);
    assert_int_equal(world_event(&w, BINDERY_UE_EVENT_WAITING)->until, BINDERY_UE_NEVER);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    assert_false(world_wait(&w));
    world_close(&w);
}

/* ---- ends ---- */

/* 9.9.3.7: what is reserved counts as "re-attach not required"; and the answer always leaves. */
static void a_detach_of_a_reserved_type_is_for_good(void **state)
{
    static const uint8_t types[] = {0, 2, 4, 5, 6, 7};
    static const uint8_t causes[] = {0, EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED,
                                     EMM_CAUSE_IMPLICITLY_DETACHED, EMM_CAUSE_CONGESTION};
    (void)state;
    for (size_t i = 0; i < sizeof types; i++) {
        for (size_t j = 0; j < sizeof causes; j++) {
            struct world w;
            struct nas_detach_request_down m = {.detach_type = types[i],
                                                .emm_cause = {causes[j] != 0, causes[j]}};
            world_open(&w);
            world_register(&w);
            net_secured(&w, &nas_detach_request_down_message, &m);
            assert_int_equal(net_open(&w), NAS_DETACH_ACCEPT);
            assert_int_equal(bindery_ue_state(&w.ue), BINDERY_UE_STATE_WAITING);
            assert_int_equal(world_event(&w, BINDERY_UE_EVENT_WAITING)->why,
                             BINDERY_UE_WHY_EXHAUSTED);
            world_close(&w);
        }
    }
}

static void a_bearer_may_go_while_a_service_is_asked_for(void **state)
{
    struct world w;
    struct nas_deactivate_eps_bearer_context_request m = {
        .header = {.ebi = 5}, .esm_cause = ESM_CAUSE_REACTIVATION_REQUESTED};
    uint32_t count;
    (void)state;
    world_open(&w);
    world_register(&w);
    world_lower(&w, BINDERY_UE_LOWER_RELEASED);
    assert_int_equal(bindery_ue_service(&w.ue, w.now, true), BINDERY_UE_OK);
    world_take(&w);
    assert_ok(
        nassec_check_service_request(&w.c, &w.security, (struct bytes){w.up_pdu, w.up.n}, &count));
    net_secured(&w, &nas_deactivate_eps_bearer_context_request_message, &m);
    assert_int_equal(net_open(&w), NAS_DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT);
    assert_true(world_wait(&w));
    assert_int_equal(net_open(&w), NAS_DETACH_REQUEST);
    world_close(&w);
}

static void a_request_that_was_not_stored_asks_for_no_connection(void **state)
{
    struct world w;
    struct bindery_ue_registration r;
    (void)state;
    world_open(&w);
    world_register(&w);
    world_boot(&w, true);
    world_camp(&w, 1);
    w.store_fails = true;
    world_attach(&w);
    assert_int_equal(w.up.n, 0);
    assert_non_null(world_event(&w, BINDERY_UE_EVENT_STORE_FAILED));
    assert_true(world_wait(&w)); /* T3410 */
    assert_null(world_event(&w, BINDERY_UE_EVENT_RELEASE));
    w.store_fails = false;
    assert_true(world_wait(&w)); /* T3411 */
    assert_int_equal(net_open(&w), NAS_ATTACH_REQUEST);
    assert_true(w.up.initial);
    net_accept(&w);
    assert_int_equal(bindery_ue_registration(&w.ue, &r), BINDERY_UE_OK);
    world_close(&w);
}

/* ---- calls in a wrong order ---- */

static void a_context_that_was_not_made_does_nothing(void **state)
{
    static const uint8_t pdu[] = {0x07, 0x44, 0x11};
    const struct bindery_ue_cell cell = {.plmn = {0x00, 0xf1, 0x10}, .tac = 1};
    struct world w;
    struct bindery_ue_uplink up;
    struct bindery_ue_event e;
    (void)state;
    world_open(&w);
    for (int i = 0; i < 3; i++) {
        const enum bindery_ue_result made =
            bindery_ue_init(&w.ue, &w.table, i == 0 ? NULL : &w.host, &w.settings,
                            i == 1 ? NULL : &w.identity, w.buffer, sizeof w.buffer, NULL, 0);
        assert_int_equal(made, i < 2 ? BINDERY_UE_ERR_ARGUMENT : BINDERY_UE_OK);
        if (i == 2) {
            bindery_ue_wipe(&w.ue);
        }
        assert_int_equal(bindery_ue_camp(&w.ue, 1, &cell), BINDERY_UE_ERR_STATE);
        assert_int_equal(bindery_ue_attach(&w.ue, 1), BINDERY_UE_ERR_STATE);
        assert_int_equal(bindery_ue_service(&w.ue, 1, true), BINDERY_UE_ERR_STATE);
        assert_int_equal(bindery_ue_detach(&w.ue, 1, true), BINDERY_UE_ERR_STATE);
        assert_int_equal(bindery_ue_tick(&w.ue, 1), BINDERY_UE_ERR_STATE);
        assert_int_equal(bindery_ue_downlink(&w.ue, 1, pdu, sizeof pdu), BINDERY_UE_ERR_STATE);
        assert_int_equal(bindery_ue_lower(&w.ue, 1, BINDERY_UE_LOWER_RELEASED),
                         BINDERY_UE_ERR_STATE);
        assert_false(bindery_ue_uplink(&w.ue, &up));
        assert_false(bindery_ue_next_event(&w.ue, &e));
    }
    world_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_command_without_hash_and_imeisv_request_will_do),
        cmocka_unit_test(algorithms_may_change_without_a_challenge),
        cmocka_unit_test(a_registered_device_is_challenged_anew),
        cmocka_unit_test(a_command_ends_the_wait_for_a_better_challenge),
        cmocka_unit_test(repetitions_do_not_keep_a_challenge_alive),
        cmocka_unit_test(hash_mme_is_of_the_request_that_was_sent_last),
        cmocka_unit_test(a_context_that_is_no_longer_allowed_is_not_used),
        cmocka_unit_test(messages_may_overtake_each_other),
        cmocka_unit_test(every_type_of_tai_list_is_understood),
        cmocka_unit_test(without_t3412_nothing_is_updated_in_time),
        cmocka_unit_test(paging_is_answered_in_a_congestion),
        cmocka_unit_test(a_forbidden_area_is_tried_again_within_a_day),
        cmocka_unit_test(a_detach_of_a_reserved_type_is_for_good),
        cmocka_unit_test(a_bearer_may_go_while_a_service_is_asked_for),
        cmocka_unit_test(a_request_that_was_not_stored_asks_for_no_connection),
        cmocka_unit_test(a_context_that_was_not_made_does_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
