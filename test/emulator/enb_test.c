/* src/emulator/enb.c and enb_receive.c against messages made by hand: setup, connections, contexts.
 */
#include "emulator/bench.h"

/* ---- S1 Setup ---- */

static void asks_for_setup(void **state)
{
    struct bench *b = bench_of(1, 4);
    (void)state;
    enb_up(b->e, 0, 100, 9);
    const struct sent *s = last(b, S1AP_S1_SETUP_REQUEST);
    const struct s1ap_s1_setup_request *m = &s->pdu.u.s1_setup_request;
    struct s1ap_cursor tas = s1ap_each(&m->supported_tas);
    struct s1ap_supported_ta ta;
    struct plmn plmn;
    assert_int_equal(s->stream, 0);
    assert_int_equal(m->global_enb_id.enb_id.kind, S1AP_ENB_MACRO);
    assert_int_equal(m->global_enb_id.enb_id.id, 0xabcde);
    assert_string_equal(m->global_enb_id.plmn.mcc, "001");
    assert_true(bytes_eq(m->enb_name, BYTES_LIT("cell 1")));
    assert_int_equal(m->default_paging_drx, S1AP_PAGING_DRX_V64);
    assert_true(s1ap_next_supported_ta(&tas, &ta));
    assert_int_equal(ta.tac, 7);
    struct s1ap_cursor plmns = s1ap_each(&ta.broadcast_plmns);
    assert_true(s1ap_next_plmn(&plmns, &plmn) && s1ap_next_plmn(&plmns, &plmn));
    assert_string_equal(plmn.mcc, "262");

    struct s1ap_pdu response = response_of(0x8001, 1, 200);
    give(b, 0, 101, &response);
    assert_true(enb_is_set_up(b->e, 0));
    assert_int_equal(b->told.kind, ENB_TOLD_SET_UP);
    assert_int_equal(b->told.capacity, 200);
    assert_int_equal(enb_deadline(b->e), ENB_NEVER);
    done(b);
}

static void waits_before_it_asks_again(void **state)
{
    static const struct {
        bool has;
        enum s1ap_time_to_wait wait;
        uint64_t ms;
    } rows[] = {{true, S1AP_WAIT_1S, 1000},         {true, S1AP_WAIT_2S, 2000},
                {true, S1AP_WAIT_5S, 5000},         {true, S1AP_WAIT_10S, 10000},
                {true, S1AP_WAIT_20S, 20000},       {true, S1AP_WAIT_60S, 60000},
                {false, S1AP_WAIT_1S, ENB_RETRY_MS}};
    (void)state;
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct bench *b = bench_of(1, 4);
        struct s1ap_pdu failure = {.type = S1AP_S1_SETUP_FAILURE};
        failure.u.s1_setup_failure =
            (struct s1ap_s1_setup_failure){.has_cause = true,
                                           .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNKNOWN_PLMN),
                                           .has_time_to_wait = rows[i].has,
                                           .time_to_wait = rows[i].wait};
        enb_up(b->e, 0, 100, 9);
        give(b, 0, 200, &failure);
        assert_int_equal(b->faults[ENB_FAULT_SETUP_REFUSED], 1);
        assert_int_equal(b->told.cause.value, S1AP_MISC_UNKNOWN_PLMN);
        assert_int_equal(enb_deadline(b->e), 200 + rows[i].ms);
        enb_tick(b->e, 199 + rows[i].ms);
        assert_int_equal(b->n, 1);
        enb_tick(b->e, 200 + rows[i].ms);
        assert_int_equal(b->n, 2);
        (void)last(b, S1AP_S1_SETUP_REQUEST);
        done(b);
    }
}

static void silence_on_setup(void **state)
{
    struct bench *b = bench_of(1, 4);
    (void)state;
    enb_up(b->e, 0, 0, 9);
    enb_tick(b->e, ENB_SETUP_MS - 1);
    assert_int_equal(b->n, 1);
    enb_tick(b->e, ENB_SETUP_MS);
    assert_int_equal(b->faults[ENB_FAULT_SETUP_SILENT], 1);
    assert_int_equal(b->n, 2);
    done(b);
}

static void nothing_before_setup(void **state)
{
    struct bench *b = bench_of(1, 4);
    uint32_t id;
    (void)state;
    assert_err(enb_initial(b->e, 0, &first, &id), E_CLOSED);
    enb_up(b->e, 0, 0, 9);
    assert_err(enb_initial(b->e, 0, &first, &id), E_CLOSED);
    assert_err(enb_reset(b->e, 0, S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED)), E_CLOSED);
    give_nas(b, 1, 0);
    assert_int_equal(b->faults[ENB_FAULT_UNEXPECTED], 1);
    const struct sent *s = last(b, S1AP_ERROR_INDICATION);
    assert_int_equal(s->pdu.u.error_indication.cause.value,
                     S1AP_PROTOCOL_MESSAGE_NOT_COMPATIBLE_WITH_STATE);
    struct s1ap_pdu response = response_of(0x8001, 1, 1);
    give(b, 0, 1, &response);
    give(b, 0, 2, &response); /* nobody asked */
    assert_int_equal(b->faults[ENB_FAULT_UNEXPECTED], 2);
    assert_true(enb_is_set_up(b->e, 0));
    done(b);
}

/* ---- connections ---- */

static void first_message(void **state)
{
    struct bench *b = ready(4);
    struct bindery_ue_uplink up = first;
    uint32_t id = 99, other;
    (void)state;
    up.has_guti = true;
    up.establishment = BINDERY_UE_MO_DATA;
    up.guti = (struct bindery_ue_guti){
        .plmn = {0x00, 0xf1, 0x10}, .mme_group_id = 0x8001, .mme_code = 1, .m_tmsi = 0xc0ffee};
    assert_ok(enb_initial(b->e, 3, &up, &id));
    const struct sent *s = last(b, S1AP_INITIAL_UE_MESSAGE);
    const struct s1ap_initial_ue_message *m = &s->pdu.u.initial_ue_message;
    assert_int_equal(m->enb_ue_s1ap_id, id);
    assert_true(s->stream >= 1 && s->stream < 9);
    assert_true(bytes_eq(m->nas_pdu, BYTES_OF(hello)));
    assert_int_equal(m->tai.tac, 7);
    assert_int_equal(m->eutran_cgi.cell_identity, 0xabcde01);
    assert_int_equal(m->rrc_cause, S1AP_RRC_MO_DATA);
    assert_true(m->has_s_tmsi && m->has_gummei);
    assert_int_equal(m->s_tmsi.m_tmsi, 0xc0ffee);
    assert_int_equal(m->s_tmsi.mmec, 1);
    assert_int_equal(m->gummei.mme_group_id, 0x8001);
    up.guti.mme_code = 2; /* of an MME that is not here: the GUMMEI, and no S-TMSI */
    up.establishment = BINDERY_UE_DELAY_TOLERANT;
    assert_ok(enb_initial(b->e, 4, &up, &other));
    s = last(b, S1AP_INITIAL_UE_MESSAGE);
    assert_false(s->pdu.u.initial_ue_message.has_s_tmsi);
    assert_int_equal(s->pdu.u.initial_ue_message.gummei.mme_code, 2);
    assert_int_equal(s->pdu.u.initial_ue_message.rrc_cause, S1AP_RRC_DELAY_TOLERANT_ACCESS);
    assert_int_not_equal(id, other);
    up.n = 0;
    assert_err(enb_initial(b->e, 5, &up, &other), E_BAD_LENGTH);
    done(b);
}

static void both_ways(void **state)
{
    struct bench *b = ready(4);
    uint32_t id;
    (void)state;
    assert_ok(enb_initial(b->e, 3, &first, &id));
    assert_err(enb_uplink(b->e, id, BYTES_OF(hello)), E_BAD_STATE);
    assert_err(enb_release(b->e, id, S1AP_CAUSE_OF(NAS, S1AP_NAS_UNSPECIFIED)), E_BAD_STATE);
    give_nas(b, 0xfffffff0, id);
    assert_int_equal(b->nas_n, sizeof hello);
    assert_ok(enb_uplink(b->e, id, BYTES_OF(hello)));
    const struct sent *s = last(b, S1AP_UPLINK_NAS_TRANSPORT);
    assert_int_equal(s->pdu.u.uplink_nas_transport.mme_ue_s1ap_id, 0xfffffff0);
    assert_int_equal(s->pdu.u.uplink_nas_transport.enb_ue_s1ap_id, id);
    assert_int_equal(s->pdu.u.uplink_nas_transport.tai.tac, 7);
    assert_int_equal(s->stream, b->sent[0].stream); /* one connection, one stream */
    assert_err(enb_uplink(b->e, id + 1, BYTES_OF(hello)), E_NOT_FOUND);
    assert_err(enb_uplink(b->e, id, (struct bytes){0}), E_BAD_LENGTH);
    done(b);
}

static void unknown_connections(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 1, 500);
    (void)state;
    give_nas(b, 500, id + 1);
    assert_int_equal(b->faults[ENB_FAULT_UNKNOWN_CONNECTION], 1);
    const struct sent *s = last(b, S1AP_ERROR_INDICATION);
    assert_int_equal(s->pdu.u.error_indication.cause.value, S1AP_RADIO_UNKNOWN_ENB_UE_S1AP_ID);
    assert_int_equal(s->pdu.u.error_indication.enb_ue_s1ap_id, id + 1);
    give_nas(b, 501, id); /* another MME ID: both sides end it */
    assert_int_equal(b->faults[ENB_FAULT_UNKNOWN_PAIR], 1);
    s = last(b, S1AP_ERROR_INDICATION);
    assert_int_equal(s->pdu.u.error_indication.cause.value, S1AP_RADIO_UNKNOWN_PAIR_UE_S1AP_ID);
    assert_int_equal(b->released, 1);
    assert_int_equal(enb_counters(b->e)->connections, 0);
    done(b);
}

static void ids_come_back_late(void **state)
{
    struct bench *b = ready(3); /* places need two bits of an ID */
    uint32_t seen[200];
    (void)state;
    for (unsigned i = 0; i < 200; i++) {
        b->n = 0;
        assert_ok(enb_initial(b->e, 1, &first, &seen[i]));
        assert_true(seen[i] < 1U << 24);
        for (unsigned j = 0; j < i; j++) {
            assert_int_not_equal(seen[i], seen[j]);
            assert_err(enb_uplink(b->e, seen[j], BYTES_OF(hello)), E_NOT_FOUND);
        }
        b->again = false;
        enb_down(b->e, 0);
        set_up(b, 0, 0x8001, 1, 1);
    }
    done(b);
}

static void no_more_connections(void **state)
{
    struct bench *b = ready(2);
    uint32_t id;
    (void)state;
    assert_ok(enb_initial(b->e, 0, &first, &id));
    assert_ok(enb_initial(b->e, 1, &first, &id));
    assert_err(enb_initial(b->e, 2, &first, &id), E_EXHAUSTED);
    b->deaf = true;
    enb_down(b->e, 0);
    assert_int_equal(b->released, 2);
    assert_int_equal(enb_counters(b->e)->connections, 0);
    done(b);
}

static void not_sent(void **state)
{
    struct bench *b = ready(2);
    uint32_t id = connected(b, 0, 5), other;
    (void)state;
    b->deaf = true;
    assert_err(enb_uplink(b->e, id, BYTES_OF(hello)), E_IO);
    assert_err(enb_initial(b->e, 1, &first, &other), E_IO);
    assert_int_equal(enb_counters(b->e)->connections, 1);
    assert_int_equal(b->faults[ENB_FAULT_NOT_SENT], 2);
    done(b);
}

/* ---- INITIAL CONTEXT SETUP ---- */

struct setup {
    struct s1ap_pdu pdu;
    struct s1ap_e_rab_to_be_setup rab[3];
    uint8_t address[4], key[32];
};

static void make_setup(struct setup *s, uint32_t mme_id, uint32_t enb_id, size_t rabs)
{
    memset(s, 0, sizeof *s);
    memset(s->key, 0x4e, sizeof s->key);
    for (size_t i = 0; i < rabs; i++) {
        s->rab[i] = (struct s1ap_e_rab_to_be_setup){.e_rab_id = (uint8_t)(5 + i),
                                                    .qos = {.qci = 9},
                                                    .address = BYTES_OF(s->address),
                                                    .gtp_teid = 1,
                                                    .has_nas_pdu = i == 0,
                                                    .nas_pdu = BYTES_OF(hello)};
    }
    s->pdu.type = S1AP_INITIAL_CONTEXT_SETUP_REQUEST;
    s->pdu.u.initial_context_setup_request =
        (struct s1ap_initial_context_setup_request){.mme_ue_s1ap_id = mme_id,
                                                    .enb_ue_s1ap_id = enb_id,
                                                    .ambr = {1000, 1000},
                                                    .e_rabs = {.items = s->rab, .n = rabs},
                                                    .security_capabilities = {0xe000, 0xe000},
                                                    .security_key = BYTES_OF(s->key)};
}

static void context(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 1, 9);
    struct setup s;
    struct s1ap_e_rab_setup rab;
    (void)state;
    make_setup(&s, 9, id, 2);
    b->nas_count = 0;
    give(b, 0, 5, &s.pdu);
    const struct sent *out = last(b, S1AP_INITIAL_CONTEXT_SETUP_RESPONSE);
    struct s1ap_cursor at = s1ap_each(&out->pdu.u.initial_context_setup_response.e_rabs);
    assert_true(s1ap_next_e_rab_setup(&at, &rab));
    assert_int_equal(rab.e_rab_id, 5);
    assert_memory_equal(rab.address.p, b->config.transport, 4);
    assert_true(s1ap_next_e_rab_setup(&at, &rab));
    assert_int_equal(rab.e_rab_id, 6);
    assert_false(s1ap_next_e_rab_setup(&at, &rab));
    assert_false(out->pdu.u.initial_context_setup_response.has_e_rabs_failed);
    assert_int_equal(b->nas_count, 1);
    assert_int_equal(b->bearers, 1);
    assert_int_equal(b->told.kind, ENB_TOLD_CONTEXT);
    assert_int_equal(enb_counters(b->e)->contexts, 1);
    done(b);
}

static void context_of_another_key(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 1, 9);
    struct setup s;
    (void)state;
    b->nas_count = 0;
    make_setup(&s, 9, id, 1);
    s.key[31] ^= 1;
    give(b, 0, 5, &s.pdu);
    const struct sent *out = last(b, S1AP_INITIAL_CONTEXT_SETUP_FAILURE);
    assert_int_equal(out->pdu.u.initial_context_setup_failure.cause.value,
                     S1AP_RADIO_FAILURE_IN_RADIO_INTERFACE_PROCEDURE);
    assert_int_equal(b->faults[ENB_FAULT_KENB_MISMATCH], 1);
    assert_int_equal(b->told.device, 1);
    s.key[31] ^= 1;
    b->has_kenb = false;
    give(b, 0, 5, &s.pdu);
    assert_int_equal(b->faults[ENB_FAULT_KENB_UNKNOWN], 1);
    assert_int_equal(b->nas_count, 0); /* what came with it does not reach the device */
    assert_int_equal(b->bearers, 0);
    assert_int_equal(enb_counters(b->e)->contexts_failed, 2);
    b->has_kenb = true;
    give(b, 0, 5, &s.pdu); /* and the right one does after all */
    assert_int_equal(b->bearers, 1);
    done(b);
}

static void bearers_of_one_id(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 1, 9);
    struct setup s;
    struct s1ap_e_rab_failed bad;
    (void)state;
    b->nas_count = 0;
    make_setup(&s, 9, id, 3);
    s.rab[2].e_rab_id = 5;
    give(b, 0, 5, &s.pdu);
    const struct sent *out = last(b, S1AP_INITIAL_CONTEXT_SETUP_RESPONSE);
    struct s1ap_cursor at = s1ap_each(&out->pdu.u.initial_context_setup_response.e_rabs_failed);
    assert_true(s1ap_next_e_rab_failed(&at, &bad));
    assert_int_equal(bad.e_rab_id, 5);
    assert_int_equal(bad.cause.value, S1AP_RADIO_MULTIPLE_E_RAB_ID_INSTANCES);
    assert_int_equal(b->nas_count, 0); /* the PDU came with a bearer that does not stand */
    s.rab[1].e_rab_id = 5;
    give(b, 0, 5, &s.pdu);
    (void)last(b, S1AP_INITIAL_CONTEXT_SETUP_FAILURE);
    done(b);
}

static void context_that_is_not_understood(void **state)
{
    struct bench *b = ready(4);
    uint32_t id = connected(b, 1, 9);
    struct setup s;
    uint8_t out[512];
    size_t n = 0;
    (void)state;
    make_setup(&s, 9, id, 1);
    assert_ok(s1ap_write(&s.pdu, MBYTES_OF(out), &n));
    /* The id of SecurityKey becomes one that nobody knows. */
    const uint8_t ie[] = {0x00, S1AP_IE_SECURITY_KEY, 0x00};
    uint8_t *at = memmem(out, n, ie, sizeof ie);
    assert_non_null(at);
    at[0] = 0x7f;
    enb_receive(b->e, 0, 5, (struct bytes){out, n});
    const struct sent *f = last(b, S1AP_INITIAL_CONTEXT_SETUP_FAILURE);
    assert_true(f->pdu.u.initial_context_setup_failure.has_diagnostics);
    assert_int_equal(f->pdu.u.initial_context_setup_failure.cause.group, S1AP_CAUSE_PROTOCOL);
    assert_int_equal(b->faults[ENB_FAULT_UNREADABLE], 1);
    done(b);
}

/* ---- bounds ---- */

static void configurations(void **state)
{
    const struct enb_host host = {.send = host_send};
    struct enb_config good = {.plmns = {{"001", "01"}}, .n_plmns = 1, .mmes = 1, .ues = 1};
    struct enb_config bad[] = {good, good, good, good, good, good};
    struct enb *e;
    (void)state;
    bad[0].n_plmns = 0;
    bad[1].n_plmns = ENB_PLMNS_MAX + 1;
    bad[2].id = 1 << 20;
    bad[3].mmes = ENB_MMES_MAX + 1;
    bad[4].ues = 0;
    memset(bad[5].name, 'x', sizeof bad[5].name);
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(enb_open(&bad[i], &host, &e), E_BAD_VALUE);
        assert_null(e);
    }
    assert_ok(enb_open(&good, &host, &e));
    enb_close(e);
    enb_close(NULL);
    assert_string_equal(enb_fault_name(ENB_FAULT_KENB_MISMATCH), "kenb-mismatch");
    assert_string_equal(enb_fault_name((enum enb_fault)999), "unknown");
    assert_string_equal(enb_fault_sentence((enum enb_fault)999), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        {"enb: asks for S1 SETUP with its identity and tracking area", asks_for_setup, NULL, NULL,
         NULL},
        {"enb: waits as long as S1 SETUP FAILURE says", waits_before_it_asks_again, NULL, NULL,
         NULL},
        {"enb: S1 SETUP REQUEST is sent again when nobody answers", silence_on_setup, NULL, NULL,
         NULL},
        {"enb: nothing else happens before S1 SETUP", nothing_before_setup, NULL, NULL, NULL},
        {"enb: INITIAL UE MESSAGE says where, why and with whom", first_message, NULL, NULL, NULL},
        {"enb: NAS is carried both ways", both_ways, NULL, NULL, NULL},
        {"enb: IDs that do not fit are reported, and the pair is ended", unknown_connections, NULL,
         NULL, NULL},
        {"enb: an ID that was used finds nobody", ids_come_back_late, NULL, NULL, NULL},
        {"enb: connections are bounded, and end with the association", no_more_connections, NULL,
         NULL, NULL},
        {"enb: what was not sent changes nothing", not_sent, NULL, NULL, NULL},
        {"enb: a context is set up with bearers and the PDU they bring", context, NULL, NULL, NULL},
        {"enb: a SecurityKey that is not the device's KeNB is refused by name",
         context_of_another_key, NULL, NULL, NULL},
        {"enb: bearers with one ID are refused", bearers_of_one_id, NULL, NULL, NULL},
        {"enb: a context request that is not understood fails with diagnostics",
         context_that_is_not_understood, NULL, NULL, NULL},
        {"enb: refuses a configuration that cannot be", configurations, NULL, NULL, NULL},
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
