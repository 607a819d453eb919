/* src/emulator/enb_setup.c and enb_ue.c against messages made by hand: releases, resets, errors,
 * pools of MMEs, overload. */
#include "emulator/bench.h"

/* ---- the end of connections ---- */

static void release(struct bench *b, struct s1ap_ue_ids ids)
{
    struct s1ap_pdu pdu = {.type = S1AP_UE_CONTEXT_RELEASE_COMMAND};
    pdu.u.ue_context_release_command = (struct s1ap_ue_context_release_command){
        .ue_ids = ids, .has_cause = true, .cause = S1AP_CAUSE_OF(NAS, S1AP_NAS_DETACH)};
    give(b, 0, 5, &pdu);
}

static void released(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 3, 9), id2 = connected(b, 4, 10);
    (void)state;
    release(b, (struct s1ap_ue_ids){S1AP_UE_IDS_PAIR, 9, id});
    const struct sent *s = last(b, S1AP_UE_CONTEXT_RELEASE_COMPLETE);
    assert_int_equal(s->pdu.u.ue_context_release_complete.mme_ue_s1ap_id, 9);
    assert_int_equal(s->pdu.u.ue_context_release_complete.enb_ue_s1ap_id, id);
    assert_int_equal(b->released_device, 3);
    release(b, (struct s1ap_ue_ids){.kind = S1AP_UE_IDS_MME, .mme_ue_s1ap_id = 10});
    s = last(b, S1AP_UE_CONTEXT_RELEASE_COMPLETE);
    assert_int_equal(s->pdu.u.ue_context_release_complete.enb_ue_s1ap_id, id2);
    assert_int_equal(b->released, 2);
    release(b, (struct s1ap_ue_ids){.kind = S1AP_UE_IDS_MME, .mme_ue_s1ap_id = 10});
    s = last(b, S1AP_ERROR_INDICATION);
    assert_int_equal(s->pdu.u.error_indication.cause.value, S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID);
    assert_int_equal(enb_counters(b->e)->releases, 2);
    done(b);
}

static void release_asked(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 3, 9);
    const struct s1ap_cause idle = S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_USER_INACTIVITY);
    (void)state;
    assert_ok(enb_release(b->e, id, idle));
    const struct sent *s = last(b, S1AP_UE_CONTEXT_RELEASE_REQUEST);
    assert_int_equal(s->pdu.u.ue_context_release_request.cause.value, S1AP_RADIO_USER_INACTIVITY);
    const unsigned n = b->n;
    assert_ok(enb_release(b->e, id, idle)); /* it was asked for */
    assert_int_equal(b->n, n);
    assert_err(enb_release(b->e, id + 1, idle), E_NOT_FOUND);
    assert_int_equal(b->released, 0); /* until the MME says so */
    done(b);
}

static void device_gone(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 3, 9), early;
    (void)state;
    enb_lost(b->e, id);
    const struct sent *s = last(b, S1AP_UE_CONTEXT_RELEASE_REQUEST);
    assert_int_equal(s->pdu.u.ue_context_release_request.cause.value,
                     S1AP_RADIO_RADIO_CONNECTION_WITH_UE_LOST);
    b->nas_count = 0;
    give_nas(b, 9, id);
    s = last(b, S1AP_NAS_NON_DELIVERY_INDICATION);
    assert_true(bytes_eq(s->pdu.u.nas_non_delivery_indication.nas_pdu, BYTES_OF(hello)));
    assert_int_equal(b->nas_count, 0);
    release(b, (struct s1ap_ue_ids){S1AP_UE_IDS_PAIR, 9, id});
    assert_int_equal(b->released, 0); /* nobody is there to hear it */

    assert_ok(enb_initial(b->e, 4, &first, &early));
    const unsigned n = b->n;
    enb_lost(b->e, early);
    assert_int_equal(b->n, n); /* the MME's ID is not known yet */
    give_nas(b, 10, early);
    assert_int_equal(b->sent[b->n - 2].pdu.type, S1AP_NAS_NON_DELIVERY_INDICATION);
    (void)last(b, S1AP_UE_CONTEXT_RELEASE_REQUEST);
    done(b);
}

static void device_out_of_reach(void **state)
{
    struct bench *b = ready(4);
    uint32_t id;
    (void)state;
    b->reachable = false;
    assert_ok(enb_initial(b->e, 3, &first, &id));
    give_nas(b, 9, id);
    assert_int_equal(b->sent[b->n - 2].pdu.type, S1AP_NAS_NON_DELIVERY_INDICATION);
    assert_int_equal(b->faults[ENB_FAULT_NOT_DELIVERED], 1);
    assert_int_equal(enb_counters(b->e)->non_deliveries, 1);
    done(b);
}

/* ---- RESET ---- */

static void reset_whole(void **state)
{
    struct bench *b = ready(8);
    struct s1ap_pdu pdu = {.type = S1AP_RESET};
    (void)state;
    for (uint32_t i = 0; i < 5; i++) {
        (void)connected(b, i, 100 + i);
    }
    pdu.u.reset = (struct s1ap_reset){.has_cause = true,
                                      .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_OM_INTERVENTION)};
    b->n = 0;
    b->again = true; /* each comes back at once, and is not reset again */
    give(b, 0, 5, &pdu);
    assert_int_equal(b->sent[0].pdu.type, S1AP_RESET_ACKNOWLEDGE); /* before anything new */
    assert_false(b->sent[0].pdu.u.reset_acknowledge.has_connections);
    assert_int_equal(b->released, 5);
    assert_int_equal(b->told.bearers, 5);
    assert_int_equal(b->n, 6);
    assert_int_equal(enb_counters(b->e)->connections, 5);
    done(b);
}

static void reset_part(void **state)
{
    struct bench *b = ready(8);
    struct s1ap_pdu pdu = {.type = S1AP_RESET};
    uint32_t id[4];
    (void)state;
    for (uint32_t i = 0; i < 4; i++) {
        id[i] = connected(b, i, 100 + i);
    }
    const struct s1ap_connection names[] = {{.has_enb_ue_s1ap_id = true, .enb_ue_s1ap_id = id[0]},
                                            {.has_mme_ue_s1ap_id = true, .mme_ue_s1ap_id = 101},
                                            {.has_mme_ue_s1ap_id = true,
                                             .mme_ue_s1ap_id = 999,
                                             .has_enb_ue_s1ap_id = true,
                                             .enb_ue_s1ap_id = id[2]}, /* the IDs of two */
                                            {.has_mme_ue_s1ap_id = true, .mme_ue_s1ap_id = 555}};
    pdu.u.reset =
        (struct s1ap_reset){.has_cause = true,
                            .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED),
                            .type = {.kind = S1AP_RESET_PART, .connections = S1AP_LIST_OF(names)}};
    give(b, 0, 5, &pdu);
    const struct sent *s = last(b, S1AP_RESET_ACKNOWLEDGE);
    assert_int_equal(s->pdu.u.reset_acknowledge.connections.n, 4); /* all that were named */
    assert_int_equal(b->released, 2);
    assert_int_equal(enb_counters(b->e)->connections, 2);
    done(b);
}

static void reset_by_us(void **state)
{
    struct bench *b = ready(8);
    const struct s1ap_cause why = S1AP_CAUSE_OF(MISC, S1AP_MISC_HARDWARE_FAILURE);
    struct s1ap_pdu ack = {.type = S1AP_RESET_ACKNOWLEDGE};
    struct s1ap_connection c;
    (void)state;
    uint32_t id[] = {connected(b, 0, 100), connected(b, 1, 101), connected(b, 2, 102)};
    assert_err(enb_reset_some(b->e, 0, why, id, 0), E_BAD_LENGTH);
    assert_ok(enb_reset_some(b->e, 0, why, id, 2));
    const struct sent *s = last(b, S1AP_RESET);
    assert_int_equal(s->pdu.u.reset.type.kind, S1AP_RESET_PART);
    struct s1ap_cursor at = s1ap_each(&s->pdu.u.reset.type.connections);
    assert_true(s1ap_next_connection(&at, &c));
    assert_int_equal(c.mme_ue_s1ap_id, 100);
    assert_int_equal(b->released, 2);
    assert_ok(enb_reset(b->e, 0, why));
    s = last(b, S1AP_RESET);
    assert_int_equal(s->pdu.u.reset.type.kind, S1AP_RESET_S1_INTERFACE);
    assert_int_equal(b->released, 3);
    give(b, 0, 6, &ack);
    assert_int_equal(enb_counters(b->e)->resets_sent, 2);
    assert_int_equal(enb_counters(b->e)->resets_acknowledged, 1);
    done(b);
}

/* ---- errors ---- */

static void error_indication(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 1, 9);
    struct s1ap_pdu pdu = {.type = S1AP_ERROR_INDICATION};
    (void)state;
    pdu.u.error_indication = (struct s1ap_error_indication){
        .has_cause = true,
        .cause = S1AP_CAUSE_OF(PROTOCOL, S1AP_PROTOCOL_SEMANTIC_ERROR),
        .has_enb_ue_s1ap_id = true,
        .enb_ue_s1ap_id = id};
    const unsigned n = b->n;
    give(b, 0, 5, &pdu);
    assert_int_equal(b->faults[ENB_FAULT_ERROR_INDICATION], 1);
    assert_int_equal(b->released, 0);
    pdu.u.error_indication.cause =
        (struct s1ap_cause)S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID);
    give(b, 0, 5, &pdu);
    assert_int_equal(b->released, 1); /* the MME knows nothing of it */
    assert_int_equal(b->n, n);        /* no error is answered with an error */
    done(b);
}

static void unreadable(void **state)
{
    struct bench *b = ready(4);
    static const uint8_t rubbish[] = {0x00, 0x0b, 0x40, 0x01, 0xff};
    (void)state;
    enb_receive(b->e, 0, 5, BYTES_OF(rubbish));
    assert_int_equal(b->faults[ENB_FAULT_UNREADABLE], 1);
    (void)last(b, S1AP_ERROR_INDICATION);
    const unsigned n = b->n;
    enb_receive(b->e, 0, 5, (struct bytes){rubbish, 0});
    assert_int_equal(b->faults[ENB_FAULT_UNREADABLE], 2);
    assert_true(b->n <= n + 1);
    enb_down(b->e, 0);
    enb_receive(b->e, 0, 5, BYTES_OF(rubbish)); /* nothing comes of what is not up */
    assert_int_equal(b->faults[ENB_FAULT_UNREADABLE], 2);
    done(b);
}

static void meant_for_an_mme(void **state)
{
    struct bench *b = ready(4);
    struct s1ap_pdu pdu = {.type = S1AP_UPLINK_NAS_TRANSPORT};
    (void)state;
    pdu.u.uplink_nas_transport = (struct s1ap_uplink_nas_transport){
        .mme_ue_s1ap_id = 1,
        .enb_ue_s1ap_id = 1,
        .nas_pdu = BYTES_OF(hello),
        .has_eutran_cgi = true,
        .eutran_cgi = {{"001", "01"}, 1},
        .has_tai = true,
        .tai = {{"001", "01"}, 1},
    };
    give(b, 0, 5, &pdu);
    assert_int_equal(b->faults[ENB_FAULT_UNEXPECTED], 1);
    (void)last(b, S1AP_ERROR_INDICATION);
    done(b);
}

/* ---- several MMEs ---- */

static unsigned goes_to(struct bench *b, const struct bindery_ue_uplink *up)
{
    uint32_t id;
    b->n = 0;
    assert_ok(enb_initial(b->e, 1, up, &id));
    return last(b, S1AP_INITIAL_UE_MESSAGE)->mme;
}

static void by_capacity(void **state)
{
    struct bench *b = bench_of(3, 1000);
    unsigned got[3] = {0};
    (void)state;
    set_up(b, 0, 0x8001, 1, 10);
    set_up(b, 1, 0x8001, 2, 30);
    set_up(b, 2, 0x8001, 3, 0); /* takes nobody new */
    for (unsigned i = 0; i < 400; i++) {
        got[goes_to(b, &first)]++;
    }
    assert_int_equal(got[0], 100);
    assert_int_equal(got[1], 300);
    assert_int_equal(got[2], 0);
    done(b);
}

static void by_guti(void **state)
{
    struct bench *b = bench_of(2, 100);
    struct bindery_ue_uplink up = first;
    (void)state;
    set_up(b, 0, 0x8001, 1, 10);
    set_up(b, 1, 0x8001, 2, 10);
    up.has_guti = true;
    up.guti = (struct bindery_ue_guti){
        .plmn = {0x00, 0xf1, 0x10}, .mme_group_id = 0x8001, .mme_code = 2, .m_tmsi = 1};
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(goes_to(b, &up), 1);
    }
    enb_down(b->e, 1);
    assert_int_equal(goes_to(b, &up), 0);
    done(b);
}

static void reroute(void **state)
{
    struct bench *b = bench_of(2, 4);
    struct s1ap_pdu pdu = {.type = S1AP_REROUTE_NAS_REQUEST};
    uint8_t initial[2048];
    uint32_t id;
    (void)state;
    enb_close(b->e);
    const struct enb_host host = {.ctx = b,
                                  .send = host_send,
                                  .downlink = host_downlink,
                                  .lower = host_lower,
                                  .kenb = host_kenb,
                                  .told = host_told};
    b->config.reroute = true;
    assert_ok(enb_open(&b->config, &host, &b->e));
    set_up(b, 0, 0x8001, 1, 10);
    set_up(b, 1, 0x8002, 2, 10);
    b->n = 0;
    assert_ok(enb_initial(b->e, 1, &first, &id));
    const size_t n = b->sent[0].n;
    memcpy(initial, b->sent[0].b, n);
    const unsigned from = b->sent[0].mme;
    pdu.u.reroute_nas_request =
        (struct s1ap_reroute_nas_request){.enb_ue_s1ap_id = id,
                                          .s1_message = {initial, n},
                                          .mme_group_id = from == 0 ? 0x8002 : 0x8001,
                                          .has_ue_usage_type = true,
                                          .ue_usage_type = 42};
    give(b, from, 5, &pdu);
    const struct sent *s = last(b, S1AP_INITIAL_UE_MESSAGE);
    assert_int_equal(s->mme, 1 - from);
    assert_true(s->pdu.u.initial_ue_message.has_mme_group_id);
    assert_int_equal(s->pdu.u.initial_ue_message.ue_usage_type, 42);
    assert_int_equal(s->pdu.u.initial_ue_message.enb_ue_s1ap_id, id);
    assert_true(bytes_eq(s->pdu.u.initial_ue_message.nas_pdu, BYTES_OF(hello)));
    assert_int_equal(enb_counters(b->e)->rerouted, 1);

    give(b, from, 5, &pdu); /* it is that MME's no longer */
    assert_int_equal(b->faults[ENB_FAULT_UNKNOWN_CONNECTION], 1);
    pdu.u.reroute_nas_request.mme_group_id = 0x9999;
    give(b, 1 - from, 5, &pdu);
    assert_int_equal(b->faults[ENB_FAULT_REROUTE_NOWHERE], 1);
    assert_int_equal(enb_counters(b->e)->reroutes, 3);
    done(b);
}

static void reroute_counted_only(void **state)
{
    struct bench *b = ready(4);
    struct s1ap_pdu pdu = {.type = S1AP_REROUTE_NAS_REQUEST};
    uint32_t id;
    (void)state;
    assert_ok(enb_initial(b->e, 1, &first, &id));
    pdu.u.reroute_nas_request = (struct s1ap_reroute_nas_request){
        .enb_ue_s1ap_id = id, .s1_message = BYTES_OF(hello), .mme_group_id = 2};
    const unsigned n = b->n;
    give(b, 0, 5, &pdu);
    assert_int_equal(enb_counters(b->e)->reroutes, 1);
    assert_int_equal(b->n, n);
    done(b);
}

/* ---- overload ---- */

static void overload(struct bench *b, enum s1ap_overload_action action, uint8_t reduction)
{
    struct s1ap_pdu pdu = {.type = S1AP_OVERLOAD_START};
    pdu.u.overload_start = (struct s1ap_overload_start){.response = {.action = action},
                                                        .has_load_reduction = reduction > 0,
                                                        .load_reduction = reduction};
    give(b, 0, 5, &pdu);
    assert_int_equal(b->told.kind, ENB_TOLD_OVERLOAD);
}

static void overload_actions(void **state)
{
    static const struct {
        enum s1ap_overload_action action;
        bool signalling, data, mt, tolerant; /* turned away */
    } rows[] = {
        {S1AP_OVERLOAD_REJECT_NON_EMERGENCY_MO_DT, false, true, false, true},
        {S1AP_OVERLOAD_REJECT_RRC_CR_SIGNALLING, true, true, false, true},
        {S1AP_OVERLOAD_PERMIT_EMERGENCY_AND_MT_ONLY, true, true, false, true},
        {S1AP_OVERLOAD_PERMIT_HIGH_PRIORITY_AND_MT_ONLY, true, true, false, true},
        {S1AP_OVERLOAD_REJECT_DELAY_TOLERANT_ACCESS, false, false, false, true},
        {S1AP_OVERLOAD_NOT_ACCEPT_FROM_CP_CIOT, false, true, false, true},
    };
    struct bench *b = ready(64);
    struct s1ap_pdu stop = {.type = S1AP_OVERLOAD_STOP};
    struct bindery_ue_uplink up = first;
    uint32_t id;
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        const bool barred[] = {[BINDERY_UE_MO_SIGNALLING] = rows[i].signalling,
                               [BINDERY_UE_MO_DATA] = rows[i].data,
                               [BINDERY_UE_MT_ACCESS] = rows[i].mt,
                               [BINDERY_UE_DELAY_TOLERANT] = rows[i].tolerant};
        overload(b, rows[i].action, 0);
        for (unsigned c = 0; c < 4; c++) {
            up.establishment = (enum bindery_ue_establishment)c;
            assert_err(enb_initial(b->e, 1, &up, &id), barred[c] ? E_BUSY : E_OK);
        }
    }
    give(b, 0, 5, &stop);
    assert_int_equal(b->told.kind, ENB_TOLD_OVERLOAD_OVER);
    assert_ok(enb_initial(b->e, 1, &first, &id));
    assert_int_equal(enb_counters(b->e)->barred, b->faults[ENB_FAULT_BARRED]);
    done(b);
}

static void overload_in_part(void **state)
{
    struct bench *b = ready(1000);
    unsigned turned = 0;
    uint32_t id;
    (void)state;
    overload(b, S1AP_OVERLOAD_REJECT_RRC_CR_SIGNALLING, 30);
    for (unsigned i = 0; i < 200; i++) {
        b->n = 0;
        turned += enb_initial(b->e, 1, &first, &id) == E_BUSY;
    }
    assert_int_equal(turned, 60);
    done(b);
}

static void overload_of_one_mme(void **state)
{
    struct bench *b = bench_of(2, 100);
    (void)state;
    set_up(b, 0, 0x8001, 1, 10);
    set_up(b, 1, 0x8001, 2, 10);
    overload(b, S1AP_OVERLOAD_REJECT_RRC_CR_SIGNALLING, 0);
    for (unsigned i = 0; i < 10; i++) {
        assert_int_equal(goes_to(b, &first), 1); /* the other one serves */
    }
    done(b);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"enb: UE CONTEXT RELEASE COMMAND is carried out by pair and by MME ID", released, NULL,
         NULL, NULL},
        {"enb: a release is asked for once", release_asked, NULL, NULL, NULL},
        {"enb: a device that is gone gets nothing, and the MME is told", device_gone, NULL, NULL,
         NULL},
        {"enb: NAS NON DELIVERY for a device out of reach", device_out_of_reach, NULL, NULL, NULL},
        {"enb: RESET ends all, acknowledged before anybody comes back", reset_whole, NULL, NULL,
         NULL},
        {"enb: RESET of a part ends those it names rightly", reset_part, NULL, NULL, NULL},
        {"enb: RESET by us", reset_by_us, NULL, NULL, NULL},
        {"enb: ERROR INDICATION is told, and ends what the MME does not know", error_indication,
         NULL, NULL, NULL},
        {"enb: what cannot be read is reported", unreadable, NULL, NULL, NULL},
        {"enb: a message that only an MME receives is refused", meant_for_an_mme, NULL, NULL, NULL},
        {"enb: new devices are shared by relative capacity", by_capacity, NULL, NULL, NULL},
        {"enb: a registered device goes to its MME while that is there", by_guti, NULL, NULL, NULL},
        {"enb: REROUTE NAS REQUEST sends the message on to the other group", reroute, NULL, NULL,
         NULL},
        {"enb: REROUTE NAS REQUEST is only counted unless asked for", reroute_counted_only, NULL,
         NULL, NULL},
        {"enb: OVERLOAD START turns away what its action covers", overload_actions, NULL, NULL,
         NULL},
        {"enb: a traffic load reduction turns away just that part", overload_in_part, NULL, NULL,
         NULL},
        {"enb: the other MME of a pool serves while one is overloaded", overload_of_one_mme, NULL,
         NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
