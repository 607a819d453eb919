/* The S1 side of a whole MME: s1.c, s1_setup.c, s1_ue.c, s1_send.c, s1_reset.c, and step.c and
 * mmed.c behind them. eNBs that are right, wrong, replaced and lost, and what each may touch. */
#include "mmed/s1_world.h"

static struct world w;
static const char *const IMSI = "001010123456789";
static const char *const OTHER = "001010123456780";

/* ---- S1 Setup -------------------------------------------------------------------------------- */

static void refused_setup(const char *plmn, uint16_t tac)
{
    w_connect(&w, 0);
    w_setup_request(&w, 0, 1, plmn, tac);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_S1_SETUP_FAILURE);
    assert_int_equal(r.u.s1_setup_failure.cause.group, S1AP_CAUSE_MISC);
    assert_int_equal(r.u.s1_setup_failure.cause.value, S1AP_MISC_UNKNOWN_PLMN);
    assert_true(r.u.s1_setup_failure.has_time_to_wait);
}

static void only_tac_7(struct mmed_config *c)
{
    static uint16_t tacs[] = {7};
    c->tacs = tacs;
    c->n_tacs = 1;
}

static void an_enb_of_a_foreign_network_or_area_is_not_set_up(void **state)
{
    (void)state;
    w_open(&w, only_tac_7);
    refused_setup("999-99", 7);
    refused_setup("001-01", 8);
    assert_int_equal(w.m.counters.s1_setups_refused, 2);
    assert_true(w_told(&w, REFUSAL_ENB_PLMN));
    w_initial(&w, 0, 1, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_ERROR_INDICATION);
    assert_int_equal(r.u.error_indication.cause.value,
                     S1AP_PROTOCOL_MESSAGE_NOT_COMPATIBLE_WITH_STATE);
    assert_true(w_told(&w, REFUSAL_ENB_NOT_SET_UP));
    w_set_up(&w, 1);
    assert_int_equal(w.m.counters.s1_setups, 1);
    w_close(&w);
}

static void a_second_setup_takes_down_what_the_first_one_had(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    uint32_t half = w_begin(&w, 0, 11, OTHER);
    w_assert_counted(&w);
    assert_int_equal(w.m.attaching, 1);
    w_setup_request(&w, 0, 1, "001-01", 7);
    (void)w_next(&w, 0, S1AP_S1_SETUP_RESPONSE);
    assert_int_equal(w_state(&w, IMSI), EMM_IDLE);
    assert_null(ue_table_find(w.m.ues, half));
    w_assert_counted(&w);
    assert_int_equal(w.m.attaching, 0);
    w_uplink(&w, 0, u.mme_id, u.enb_id, BYTES_LIT("\x07\x60\x60"));
    (void)w_next(&w, 0, S1AP_ERROR_INDICATION);
    w_close(&w);
}

static bool is_down(struct world *world, void *arg)
{
    (void)world;
    return ((struct w_enb *)arg)->down;
}

static void an_enb_that_comes_back_before_it_was_missed_replaces_itself(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w_set_up(&w, 2); /* another one, which stays */
    (void)w_attach(&w, 0, 10, IMSI);
    w_connect(&w, 1);
    w_setup_request(&w, 1, 1, "001-01", 7); /* the identity of eNB 0 */
    (void)w_next(&w, 1, S1AP_S1_SETUP_RESPONSE);
    assert_true(w_until(&w, is_down, &w.enbs[0]));
    w_turns(&w, 20);
    assert_int_equal(w_state(&w, IMSI), EMM_IDLE);
    assert_true(w.enbs[1].up && w.enbs[2].up);
    w_close(&w);
}

static void one_enb_only(struct mmed_config *c)
{
    c->limits.enbs = 1;
}

static void more_enbs_than_there_may_be_are_not_let_in(void **state)
{
    (void)state;
    w_open(&w, one_enb_only);
    w_set_up(&w, 0);
    w_connect(&w, 1);
    assert_true(w_until(&w, is_down, &w.enbs[1]));
    w_turns(&w, 20);
    w_setup_request(&w, 0, 1, "001-01", 7);
    (void)w_next(&w, 0, S1AP_S1_SETUP_RESPONSE);
    w_close(&w);
}

static void only_another_host(struct mmed_config *c)
{
    static struct address one;
    assert_ok(address_parse("tcp://192.0.2.9:0", &one));
    c->enb_addresses = &one;
    c->n_enb_addresses = 1;
}

static void an_enb_from_an_address_that_is_not_configured_is_not_let_in(void **state)
{
    (void)state;
    w_open(&w, only_another_host);
    w_connect(&w, 0);
    assert_true(w_until(&w, is_down, &w.enbs[0]));
    w_turns(&w, 20);
    assert_true(w_told(&w, REFUSAL_ENB_ADDRESS));
    w_close(&w);
}

/* ---- whose UE ----------------------------------------------------------------------------------
 */

static void assert_refused_ids(unsigned enb, enum refusal why, uint32_t mme_id, uint32_t enb_id)
{
    uint64_t before = w.m.counters.refusals[why];
    w_uplink(&w, enb, mme_id, enb_id, BYTES_LIT("\x07\x60\x60"));
    struct s1ap_pdu r = w_next(&w, enb, S1AP_ERROR_INDICATION);
    const struct s1ap_error_indication *e = &r.u.error_indication;
    assert_true(e->has_cause && e->cause.group == S1AP_CAUSE_RADIO_NETWORK);
    assert_true(e->has_mme_ue_s1ap_id && e->mme_ue_s1ap_id == mme_id);
    assert_true(e->has_enb_ue_s1ap_id && e->enb_ue_s1ap_id == enb_id);
    assert_int_equal(w.m.counters.refusals[why], before + 1);
}

static void an_enb_can_name_only_ues_of_its_own(void **state)
{
    (void)state;
    static struct emm_ue before;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w_set_up(&w, 1);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    struct ue *ue = ue_table_find(w.m.ues, u.mme_id);
    before = *ue->emm;
    assert_refused_ids(1, REFUSAL_S1_FOREIGN_ID, u.mme_id, u.enb_id);
    assert_refused_ids(0, REFUSAL_S1_UNKNOWN_ID, u.mme_id, u.enb_id + 1);
    assert_refused_ids(0, REFUSAL_S1_UNKNOWN_ID, u.mme_id + 1, u.enb_id);
    assert_refused_ids(0, REFUSAL_S1_UNKNOWN_ID, u.mme_id + UE_TABLE_MAX, u.enb_id);
    assert_refused_ids(0, REFUSAL_S1_UNKNOWN_ID, 0, u.enb_id);
    assert_refused_ids(0, REFUSAL_S1_UNKNOWN_ID, UINT32_MAX, u.enb_id);

    /* nor may it end one, complain of one or reset one */
    struct s1ap_pdu request = {.type = S1AP_UE_CONTEXT_RELEASE_REQUEST};
    request.u.ue_context_release_request = (struct s1ap_ue_context_release_request){
        .mme_ue_s1ap_id = u.mme_id,
        .enb_ue_s1ap_id = u.enb_id,
        .has_cause = true,
        .cause = S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_USER_INACTIVITY)};
    w_send(&w, 1, &request);
    (void)w_next(&w, 1, S1AP_ERROR_INDICATION);
    struct s1ap_pdu error = {.type = S1AP_ERROR_INDICATION};
    error.u.error_indication = (struct s1ap_error_indication){
        .has_mme_ue_s1ap_id = true,
        .mme_ue_s1ap_id = u.mme_id,
        .has_cause = true,
        .cause = S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID)};
    w_send(&w, 1, &error);
    const struct s1ap_connection named = {.has_mme_ue_s1ap_id = true, .mme_ue_s1ap_id = u.mme_id};
    struct s1ap_pdu reset = {.type = S1AP_RESET};
    reset.u.reset = (struct s1ap_reset){
        .has_cause = true,
        .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED),
        .type = {.kind = S1AP_RESET_PART, .connections = {.items = &named, .n = 1}}};
    w_send(&w, 1, &reset);
    (void)w_next(&w, 1, S1AP_RESET_ACKNOWLEDGE);
    w_assert_quiet(&w, 1);
    assert_memory_equal(ue->emm, &before, sizeof before);
    struct mmed_event_row row; /* and no event shows it somebody else's IMSI */
    for (uint64_t after = 0; events_next(w.m.events, after, &row); after = row.id) {
        assert_true(strcmp(row.name, "enb-error") != 0 || !row.has_imsi);
    }
    w_close(&w);
}

static void what_is_sent_for_a_connection_that_was_released_is_answered_with_an_error(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    struct s1ap_pdu request = {.type = S1AP_UE_CONTEXT_RELEASE_REQUEST};
    request.u.ue_context_release_request = (struct s1ap_ue_context_release_request){
        .mme_ue_s1ap_id = u.mme_id,
        .enb_ue_s1ap_id = u.enb_id,
        .has_cause = true,
        .cause = S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_USER_INACTIVITY)};
    w_send(&w, 0, &request);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(r.u.ue_context_release_command.ue_ids.mme_ue_s1ap_id, u.mme_id);
    assert_int_equal(w_state(&w, IMSI), EMM_IDLE);
    assert_refused_ids(0, REFUSAL_S1_UNKNOWN_ID, u.mme_id, u.enb_id);
    w_close(&w);
}

static void an_id_that_an_enb_uses_anew_ends_what_it_stood_for(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    uint32_t half = w_begin(&w, 0, 11, OTHER);
    w.ue.imsi = "001010000000003";
    w_initial(&w, 0, 10, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    w_initial(&w, 0, 11, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(w_state(&w, IMSI), EMM_IDLE);
    assert_null(ue_table_find(w.m.ues, half));
    assert_int_equal(ue_table_find(w.m.ues, u.mme_id)->enb, 0);
    w_assert_counted(&w);
    w_close(&w);
}

/* ---- a stranger on the radio -------------------------------------------------------------------
 */

static void a_copied_s_tmsi_takes_no_connection_away(void **state)
{
    (void)state;
    static struct emm_ue before;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    struct ue *ue = ue_table_find(w.m.ues, u.mme_id);
    before = *ue->emm;
    rig_secure(&w.ue, 0xaa, 0);
    w.ue.guti = u.m_tmsi;
    for (unsigned i = 0; i < 3; i++) {
        struct bytes pdu = i == 0   ? rig_service_request(&w.ue)
                           : i == 1 ? rig_update_request(&w.ue, NAS_SHT_INTEGRITY, 0)
                                    : rig_update_request(&w.ue, NAS_SHT_PLAIN, 0);
        w_initial(&w, 0, 20 + i, pdu, &u.m_tmsi);
        struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
        assert_int_equal(r.u.downlink_nas_transport.enb_ue_s1ap_id, 20 + i);
        assert_int_equal(r.u.downlink_nas_transport.nas_pdu.p[2], 9);
        r = w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
        assert_int_equal(r.u.ue_context_release_command.ue_ids.enb_ue_s1ap_id, 20 + i);
    }
    assert_memory_equal(ue->emm, &before, sizeof before);
    assert_int_equal(ue->enb_ue_s1ap_id, u.enb_id);
    assert_int_equal(ue_table_count(w.m.ues), 1);
    /* the owner, on another cell of another eNB, does get it */
    w_set_up(&w, 1);
    w.ue.security = u.security;
    w_initial(&w, 1, 5, rig_service_request(&w.ue), &u.m_tmsi);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    (void)w_next(&w, 1, S1AP_INITIAL_CONTEXT_SETUP_REQUEST);
    w_close(&w);
}

static void a_detach_that_anybody_could_send_is_answered_and_detaches_nobody(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    w.ue.imsi = IMSI;
    w_initial(&w, 0, 30, rig_detach_request(&w.ue, NAS_SHT_PLAIN, false), &u.m_tmsi);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(w_nas_type(r.u.downlink_nas_transport.nas_pdu), NAS_DETACH_ACCEPT);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(w_state(&w, IMSI), EMM_REGISTERED);
    assert_int_equal(w.purs, 0);
    w_close(&w);
}

static void a_ue_of_another_mme_is_told_that_nobody_knows_it(void **state)
{
    (void)state;
    const uint32_t nobody = 0x77777777;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    rig_secure(&w.ue, 0xaa, 0);
    w.ue.guti = nobody;
    w_initial(&w, 0, 1, rig_service_request(&w.ue), &nobody);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_memory_equal(r.u.downlink_nas_transport.nas_pdu.p, "\x07\x4e\x09", 3);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    w_initial(&w, 0, 2, rig_update_request(&w.ue, NAS_SHT_INTEGRITY, 0), NULL);
    r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_memory_equal(r.u.downlink_nas_transport.nas_pdu.p, "\x07\x4b\x09", 3);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_close(&w);
}

/* ---- octets that are no message -----------------------------------------------------------------
 */

static void what_is_not_s1ap_is_told_and_changes_nothing(void **state)
{
    (void)state;
    static uint8_t junk[64];
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w_send_octets(&w, 0, BYTES_OF(junk), 46);
    w_assert_quiet(&w, 0);
    assert_int_equal(w.m.counters.s1_refused, 1);
    memset(junk, 0xff, sizeof junk);
    w_send_octets(&w, 0, BYTES_OF(junk), ASSOC_PPID_S1AP);
    (void)w_next(&w, 0, S1AP_ERROR_INDICATION);
    assert_int_equal(w.m.counters.s1_refused, 2);
    assert_true(w_told(&w, REFUSAL_S1_MALFORMED));
    w_close(&w);
}

static void an_error_indication_is_never_answered_with_one(void **state)
{
    (void)state;
    struct s1ap_pdu error = {.type = S1AP_ERROR_INDICATION};
    error.u.error_indication = (struct s1ap_error_indication){
        .has_cause = true, .cause = S1AP_CAUSE_OF(PROTOCOL, S1AP_PROTOCOL_SEMANTIC_ERROR)};
    w_open(&w, NULL);
    w_connect(&w, 0);
    w_send(&w, 0, &error); /* before S1 Setup */
    w_assert_quiet(&w, 0);
    w_setup_request(&w, 0, 1, "001-01", 7);
    (void)w_next(&w, 0, S1AP_S1_SETUP_RESPONSE);
    w_send(&w, 0, &error);
    w_assert_quiet(&w, 0);
    w_close(&w);
}

static void a_message_that_only_an_mme_sends_is_a_semantic_error(void **state)
{
    (void)state;
    struct s1ap_pdu pdu = {.type = S1AP_DOWNLINK_NAS_TRANSPORT};
    pdu.u.downlink_nas_transport = (struct s1ap_downlink_nas_transport){
        .mme_ue_s1ap_id = 1, .enb_ue_s1ap_id = 1, .nas_pdu = BYTES_LIT("\x07\x60\x60")};
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w_send(&w, 0, &pdu);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_ERROR_INDICATION);
    assert_int_equal(r.u.error_indication.cause.value, S1AP_PROTOCOL_SEMANTIC_ERROR);
    assert_true(w_told(&w, REFUSAL_S1_STATE));
    w_close(&w);
}

static void a_nas_pdu_that_is_too_long_is_refused_and_the_ue_stays(void **state)
{
    (void)state;
    static uint8_t big[12000];
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    memset(big, 0, sizeof big);
    big[0] = NAS_SHT_CIPHERED << 4 | NAS_PD_EMM;
    w_uplink(&w, 0, u.mme_id, u.enb_id, BYTES_OF(big));
    w_turns(&w, 20);
    assert_int_equal(w_state(&w, IMSI), EMM_REGISTERED);
    assert_true(w_told(&w, REFUSAL_NAS_MAC));
    big[0] = NAS_PD_EMM;
    big[1] = NAS_ATTACH_REQUEST;
    w_initial(&w, 0, 11, BYTES_OF(big), NULL);
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(ue_table_count(w.m.ues), 1);
    w_close(&w);
}

/* ---- RESET, and an eNB that is gone -------------------------------------------------------------
 */

static void a_reset_of_parts_takes_those_and_acknowledges_all_it_named(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    struct w_ue v = w_attach(&w, 0, 11, OTHER);
    const struct s1ap_connection items[] = {
        {.has_enb_ue_s1ap_id = true, .enb_ue_s1ap_id = u.enb_id},
        {.has_mme_ue_s1ap_id = true, .mme_ue_s1ap_id = 12345},
        {true, true, v.mme_id, v.enb_id + 1}, /* a pair that is none */
    };
    struct s1ap_pdu reset = {.type = S1AP_RESET};
    reset.u.reset =
        (struct s1ap_reset){.has_cause = true,
                            .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED),
                            .type = {.kind = S1AP_RESET_PART, .connections = S1AP_LIST_OF(items)}};
    w_send(&w, 0, &reset);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_RESET_ACKNOWLEDGE);
    assert_true(r.u.reset_acknowledge.has_connections);
    assert_int_equal(r.u.reset_acknowledge.connections.n, 3);
    assert_int_equal(w_state(&w, IMSI), EMM_IDLE);
    assert_int_equal(w_state(&w, OTHER), EMM_REGISTERED);
    reset.u.reset.type = (struct s1ap_reset_type){.kind = S1AP_RESET_S1_INTERFACE};
    w_send(&w, 0, &reset);
    r = w_next(&w, 0, S1AP_RESET_ACKNOWLEDGE);
    assert_false(r.u.reset_acknowledge.has_connections);
    assert_int_equal(w_state(&w, OTHER), EMM_IDLE);
    w_close(&w);
}

static bool all_attaching(struct world *world, void *arg)
{
    return world->m.attaching == *(const size_t *)arg;
}

static void an_enb_that_goes_with_two_thousand_attaches_leaves_nothing(void **state)
{
    (void)state;
    size_t many = 2000, none = 0;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w.ue.by_guti = true;
    w.ue.guti = 0x1010101; /* nobody's: each is asked who it is */
    for (uint32_t i = 0; i < many; i++) {
        w_initial(&w, 0, i, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
        if (i % 16 == 15) {
            w_turns(&w, 2);
            while (w.enbs[0].head != w.enbs[0].tail) {
                w.enbs[0].head++;
            }
        }
    }
    assert_true(w_until(&w, all_attaching, &many));
    w_assert_counted(&w);
    assoc_abort(assoc_find(w.set, w.enbs[0].handle));
    assert_true(w_until(&w, all_attaching, &none));
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_assert_counted(&w);
    w.ue.by_guti = false;
    w_set_up(&w, 1);
    (void)w_attach(&w, 1, 1, IMSI);
    w_close(&w);
}

/* ---- congestion --------------------------------------------------------------------------------
 */

static void two_at_a_time(struct mmed_config *c)
{
    c->limits.attaching = 2;
}

static void those_too_many_are_told_to_come_back_later_each_under_an_id_of_its_own(void **state)
{
    (void)state;
    uint32_t ids[3];
    w_open(&w, two_at_a_time);
    w_set_up(&w, 0);
    (void)w_begin(&w, 0, 1, IMSI);
    (void)w_begin(&w, 0, 2, OTHER);
    w.ue.secured = false;
    for (uint32_t i = 0; i < 3; i++) {
        struct nas_attach_reject m;
        w_initial(&w, 0, 10 + i, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
        struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
        assert_ok(
            nas_parse(&nas_attach_reject_message, r.u.downlink_nas_transport.nas_pdu, &m, NULL));
        assert_int_equal(m.emm_cause, EMM_CAUSE_CONGESTION);
        assert_true(m.t3346.present);
        assert_in_range(nas_timer_seconds(m.t3346.v), 600, 600 * 5 / 4 + 60);
        ids[i] = r.u.downlink_nas_transport.mme_ue_s1ap_id;
        assert_null(ue_table_find(w.m.ues, ids[i]));
        r = w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
        assert_int_equal(r.u.ue_context_release_command.ue_ids.mme_ue_s1ap_id, ids[i]);
        assert_int_equal(r.u.ue_context_release_command.ue_ids.enb_ue_s1ap_id, 10 + i);
    }
    assert_true(ids[0] != ids[1] && ids[1] != ids[2]);
    assert_int_equal(w.m.counters.turned_away, 3);
    assert_int_equal(w.m.attaching, 2);
    w_assert_counted(&w);
    w_close(&w);
}

static void who_is_registered_is_served_however_crowded_it_is(void **state)
{
    (void)state;
    w_open(&w, two_at_a_time);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    struct s1ap_pdu reset = {.type = S1AP_RESET};
    reset.u.reset = (struct s1ap_reset){.has_cause = true,
                                        .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED),
                                        .type = {.kind = S1AP_RESET_S1_INTERFACE}};
    w_send(&w, 0, &reset);
    (void)w_next(&w, 0, S1AP_RESET_ACKNOWLEDGE);
    (void)w_begin(&w, 0, 1, "001010000000001");
    (void)w_begin(&w, 0, 2, "001010000000002");
    w.ue.security = u.security;
    w_initial(&w, 0, 20, rig_service_request(&w.ue), &u.m_tmsi);
    (void)w_next(&w, 0, S1AP_INITIAL_CONTEXT_SETUP_REQUEST);
    assert_int_equal(w.m.counters.service_requests, 1);
    w_close(&w);
}

static void three_ues(struct mmed_config *c)
{
    c->limits.ues = 3;
}

static void a_table_that_is_full_is_congestion_and_room_comes_back(void **state)
{
    (void)state;
    w_open(&w, three_ues);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 1, "001010000000001");
    (void)w_attach(&w, 0, 2, "001010000000002");
    (void)w_attach(&w, 0, 3, "001010000000003");
    w.ue.secured = false;
    w_initial(&w, 0, 4, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_true(w_told(&w, REFUSAL_CONGESTION));
    w.ue.security = u.security;
    w_uplink(&w, 0, u.mme_id, 1, rig_detach_request(&w.ue, NAS_SHT_CIPHERED, true));
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    (void)w_attach(&w, 0, 5, "001010000000005");
    w_turns(&w, 20);
    assert_int_equal(w.purs, 1);
    assert_string_equal(w.last_purged, "001010000000001");
    assert_int_equal(w.m.counters.detaches, 1);
    assert_int_equal(w.m.counters.attaches, 4);
    w_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_enb_of_a_foreign_network_or_area_is_not_set_up),
        cmocka_unit_test(a_second_setup_takes_down_what_the_first_one_had),
        cmocka_unit_test(an_enb_that_comes_back_before_it_was_missed_replaces_itself),
        cmocka_unit_test(more_enbs_than_there_may_be_are_not_let_in),
        cmocka_unit_test(an_enb_from_an_address_that_is_not_configured_is_not_let_in),
        cmocka_unit_test(an_enb_can_name_only_ues_of_its_own),
        cmocka_unit_test(what_is_sent_for_a_connection_that_was_released_is_answered_with_an_error),
        cmocka_unit_test(an_id_that_an_enb_uses_anew_ends_what_it_stood_for),
        cmocka_unit_test(a_copied_s_tmsi_takes_no_connection_away),
        cmocka_unit_test(a_detach_that_anybody_could_send_is_answered_and_detaches_nobody),
        cmocka_unit_test(a_ue_of_another_mme_is_told_that_nobody_knows_it),
        cmocka_unit_test(what_is_not_s1ap_is_told_and_changes_nothing),
        cmocka_unit_test(an_error_indication_is_never_answered_with_one),
        cmocka_unit_test(a_message_that_only_an_mme_sends_is_a_semantic_error),
        cmocka_unit_test(a_nas_pdu_that_is_too_long_is_refused_and_the_ue_stays),
        cmocka_unit_test(a_reset_of_parts_takes_those_and_acknowledges_all_it_named),
        cmocka_unit_test(an_enb_that_goes_with_two_thousand_attaches_leaves_nothing),
        cmocka_unit_test(those_too_many_are_told_to_come_back_later_each_under_an_id_of_its_own),
        cmocka_unit_test(who_is_registered_is_served_however_crowded_it_is),
        cmocka_unit_test(a_table_that_is_full_is_congestion_and_room_comes_back),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
