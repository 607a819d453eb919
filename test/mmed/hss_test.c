/* The home network's side of a whole MME: src/nf/mmed/hss.c with hss_request.c and hss_serve.c, and
 * what step.c does with their answers. Silence, broken connections, answers for UEs that have gone
 * on, and who may cancel whom. */
#include "mmed/s1_world.h"

static struct world w;
static const char *const IMSI = "001010123456789";
static const char *const OTHER = "001010123456780";

static void cancel(const char *imsi, uint32_t type)
{
    static struct s6a_clr clr;
    uint8_t out[2048];
    size_t n = 0;
    struct node_conn *c = node_find(w.hss, w.conn);
    assert_non_null(c);
    memset(&clr, 0, sizeof clr);
    s6a_request_begin(&clr.request, 0, node_end_to_end(c));
    clr.request.session_id = BYTES_LIT("hss;1;1");
    clr.request.origin_host = BYTES_LIT("hss.home.example");
    clr.request.origin_realm = BYTES_LIT("home.example");
    clr.request.destination_host = BYTES_LIT("mme.visited.example");
    clr.request.destination_realm = BYTES_LIT("visited.example");
    clr.request.user_name = bytes_of_str(imsi);
    clr.cancellation_type = DIAMETER_U32_OF(type);
    assert_ok(s6a_clr_write(W_VENDOR, &clr, MBYTES_OF(out), &n));
    assert_ok(node_request(w.hss, c, (struct mbytes){out, n}, 1, 5000));
}

static void assert_rejected(unsigned enb, uint8_t cause)
{
    struct s1ap_pdu r = w_next(&w, enb, S1AP_DOWNLINK_NAS_TRANSPORT);
    struct bytes nas = r.u.downlink_nas_transport.nas_pdu;
    assert_int_equal(w_nas_type(nas), NAS_ATTACH_REJECT);
    assert_int_equal(nas.p[2], cause);
    (void)w_next(&w, enb, S1AP_UE_CONTEXT_RELEASE_COMMAND);
}

static void begin_attach(unsigned enb, uint32_t enb_id, const char *imsi)
{
    w.ue.imsi = imsi;
    w.ue.secured = false;
    w_initial(&w, enb, enb_id, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
}

/* ---- answers, and none -------------------------------------------------------------------------
 */

static void soon(struct mmed_config *c)
{
    c->request_ms = 30;
}

static void a_silent_hss_is_an_outage_that_locks_nobody_out(void **state)
{
    (void)state;
    w_open(&w, soon);
    w_set_up(&w, 0);
    w.silent = true;
    begin_attach(0, 1, IMSI);
    assert_rejected(0, 17);
    assert_true(w_told(&w, REFUSAL_HSS_SILENT));
    assert_int_equal(w.m.counters.hss_unanswered, 1);
    assert_int_equal(w.m.counters.attaches_refused, 1);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_assert_counted(&w);
    w.silent = false;
    w.config.request_ms = 5000;
    (void)w_attach(&w, 0, 2, IMSI);
    w_close(&w);
}

static void without_a_connection_the_answer_is_no_in_time_and_not_after_it(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w.silent = true;
    begin_attach(0, 1, IMSI);
    for (unsigned i = 0; i < W_TURNS && w.airs == 0; i++) {
        w_turn(&w);
    }
    assert_int_equal(w.airs, 1);
    node_disconnect(w.hss, node_find(w.hss, w.conn), DIAMETER_REBOOTING);
    assert_rejected(0, 17); /* no other peer: at once, not when the request has timed out */
    begin_attach(0, 2, IMSI);
    assert_rejected(0, 17);
    w_close(&w);
}

static void what_the_hss_refuses_reaches_the_ue_by_its_cause(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w.air_code = S6A_USER_UNKNOWN;
    begin_attach(0, 1, IMSI);
    assert_rejected(0, 8);
    w.air_code = 4181;
    begin_attach(0, 2, IMSI);
    assert_rejected(0, 17);
    w_close(&w);
}

/* The UE begins anew in another's name while its first question is under way: the answer to that
 * one must not authenticate it as the other. */
static void an_answer_to_what_was_asked_before_is_for_nobody(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w.silent = true;
    begin_attach(0, 1, IMSI);
    for (unsigned i = 0; i < W_TURNS && w.airs == 0; i++) {
        w_turn(&w);
    }
    struct imsi imsi;
    struct ue *ue = ue_table_find(w.m.ues, UE_TABLE_MAX); /* the first one there was */
    assert_non_null(ue);
    uint64_t first = ue->asked;
    assert_int_not_equal(first, 0);
    w.ue.imsi = OTHER;
    assert_ok(imsi_parse(bytes_of_str(OTHER), &imsi));
    w_uplink(&w, 0, ue->id, 1, rig_attach_request(&w.ue, NAS_SHT_PLAIN));
    for (unsigned i = 0; i < W_TURNS && w.airs < 2; i++) {
        w_turn(&w);
    }
    assert_int_equal(w.airs, 2);
    assert_int_not_equal(ue->asked, first);
    /* and with no place left for the second question there is none to answer */
    struct emm_effect e = {.kind = EMM_ASK_VECTORS, .vectors = 1, .who = {.has_imsi = true}};
    e.who.imsi = imsi;
    for (size_t i = 0; i < w.config.limits.hss_pending + 1; i++) {
        hss_ask_vectors(w.m.hss, ue, &e);
    }
    assert_int_equal(ue->asked, 0);
    assert_false(hss_has_room(w.m.hss));
    w_close(&w);
}

static void few_places(struct mmed_config *c)
{
    c->limits.hss_pending = 8;
}

static void
when_the_hss_is_slow_new_attaches_are_turned_away_before_the_places_run_out(void **state)
{
    (void)state;
    w_open(&w, few_places);
    w_set_up(&w, 0);
    w.silent = true;
    char imsi[16];
    for (uint32_t i = 0; i < 8; i++) {
        snprintf(imsi, sizeof imsi, "0010100000000%02u", i);
        begin_attach(0, i, imsi);
        w_turns(&w, 5);
    }
    assert_rejected(0, EMM_CAUSE_CONGESTION);
    assert_int_equal(w.m.counters.turned_away, 1);
    assert_int_equal(w.m.attaching, 7);
    w_close(&w);
}

static void check_imei(struct mmed_config *c)
{
    c->check_imei = true;
}

static void a_black_listed_device_is_told_so(void **state)
{
    (void)state;
    w_open(&w, check_imei);
    w_set_up(&w, 0);
    w.black = true;
    uint32_t id = w_begin(&w, 0, 1, IMSI);
    w_uplink(&w, 0, id, 1, w_res(&w));
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    w_answer_security(&w, 0, id, 1);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    uint8_t room[EMM_PDU_MAX];
    struct bytes nas = rig_open_pdu(&w.ue, r.u.downlink_nas_transport.nas_pdu, room);
    assert_int_equal(nas.p[1], NAS_ATTACH_REJECT);
    assert_int_equal(nas.p[2], 6);
    assert_int_equal(w.ecrs, 1);
    assert_int_equal(w.ulrs, 0);
    w_close(&w);
}

static void a_wrong_answer_to_the_challenge_is_reported_home(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    uint32_t id = w_begin(&w, 0, 1, IMSI);
    w.ue.kasme ^= 0x55;
    w_uplink(&w, 0, id, 1, w_res(&w));
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(w_nas_type(r.u.downlink_nas_transport.nas_pdu), NAS_AUTHENTICATION_REJECT);
    r = w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(r.u.ue_context_release_command.cause.value, S1AP_NAS_AUTHENTICATION_FAILURE);
    for (unsigned i = 0; i < W_TURNS && w.nors == 0; i++) {
        w_turn(&w);
    }
    assert_int_equal(w.nors, 1);
    assert_int_equal(w.m.counters.binding_failures, 1);
    assert_int_equal(w.m.counters.attaches_refused, 1);
    w_close(&w);
}

/* ---- two contexts in one name ------------------------------------------------------------------
 */

static void the_older_context_ends_when_the_newer_one_is_authenticated_and_not_before(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w_set_up(&w, 1);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    uint32_t id = w_begin(&w, 1, 20, IMSI);
    assert_int_equal(w_state(&w, IMSI), EMM_REGISTERED);
    assert_non_null(ue_table_find(w.m.ues, u.mme_id));
    w_uplink(&w, 1, id, 20, w_res(&w));
    (void)w_next(&w, 1, S1AP_DOWNLINK_NAS_TRANSPORT);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_null(ue_table_find(w.m.ues, u.mme_id));
    assert_int_equal(ue_table_count(w.m.ues), 1);
    assert_int_equal(w.purs, 0); /* the home network still has its subscriber here */
    assert_int_equal(w.m.counters.detaches, 0);
    w_assert_counted(&w);
    w_close(&w);
}

/* ---- CANCEL LOCATION ---------------------------------------------------------------------------
 */

static bool has_answer(struct world *world, void *arg)
{
    return world->clas >= *(unsigned *)arg;
}

static void await_answers(unsigned n)
{
    assert_true(w_until(&w, has_answer, &n));
}

static void a_subscription_that_is_withdrawn_detaches_its_ue_in_whatever_state(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    struct w_ue u = w_attach(&w, 0, 10, IMSI);
    cancel(IMSI, S6A_SUBSCRIPTION_WITHDRAWAL);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    uint8_t room[EMM_PDU_MAX];
    struct bytes nas = rig_open_pdu(&w.ue, r.u.downlink_nas_transport.nas_pdu, room);
    assert_int_equal(nas.p[1], NAS_DETACH_REQUEST);
    await_answers(1);
    const uint8_t accept[] = {NAS_PD_EMM, NAS_DETACH_ACCEPT};
    w_uplink(&w, 0, u.mme_id, 10, rig_protect(&w.ue, NAS_SHT_CIPHERED, BYTES_OF(accept)));
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    assert_int_equal(w.purs, 0);

    /* in the middle of an attach, once it is authenticated */
    uint32_t id = w_begin(&w, 0, 11, IMSI);
    w_uplink(&w, 0, id, 11, w_res(&w));
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    cancel(IMSI, S6A_SUBSCRIPTION_WITHDRAWAL);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    await_answers(2);
    w_assert_counted(&w);
    assert_int_equal(w.m.attaching, 0);

    /* before that nobody has shown to be it */
    (void)w_begin(&w, 0, 12, IMSI);
    cancel(IMSI, S6A_SUBSCRIPTION_WITHDRAWAL);
    await_answers(3);
    assert_int_equal(w.m.attaching, 1);
    w_assert_quiet(&w, 0);
    w_close(&w);
}

static void who_is_idle_or_elsewhere_already_is_forgotten_without_a_word(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    (void)w_attach(&w, 0, 10, IMSI);
    cancel(IMSI, S6A_MME_UPDATE_PROCEDURE);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    await_answers(1);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    (void)w_attach(&w, 0, 11, IMSI);
    struct s1ap_pdu reset = {.type = S1AP_RESET};
    reset.u.reset = (struct s1ap_reset){.has_cause = true,
                                        .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED),
                                        .type = {.kind = S1AP_RESET_S1_INTERFACE}};
    w_send(&w, 0, &reset);
    (void)w_next(&w, 0, S1AP_RESET_ACKNOWLEDGE);
    assert_int_equal(w_state(&w, IMSI), EMM_IDLE);
    cancel(IMSI, S6A_SUBSCRIPTION_WITHDRAWAL);
    await_answers(2);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    cancel("001019999999999", S6A_SUBSCRIPTION_WITHDRAWAL); /* nobody: success all the same */
    await_answers(3);
    assert_int_equal(w.purs, 0);
    w_close(&w);
}

/* IMSIs of 901-70 are at a home of their own, which this peer does not serve. */
static void another_home(struct mmed_config *c)
{
    static struct mmed_home homes[2];
    static struct plmn plmn;
    static char realm[] = "other.example";
    assert_ok(plmn_parse(BYTES_LIT("901-70"), &plmn));
    homes[0] = c->homes[0];
    homes[1] = (struct mmed_home){.realm = realm, .plmns = &plmn, .n_plmns = 1};
    c->homes = homes;
    c->n_homes = 2;
}

static void a_home_network_cancels_only_subscribers_of_its_own(void **state)
{
    (void)state;
    w_open(&w, another_home);
    w_set_up(&w, 0);
    cancel("901700000000001", S6A_SUBSCRIPTION_WITHDRAWAL);
    for (unsigned i = 0; i < W_TURNS && !w_told(&w, REFUSAL_ORIGIN_NOT_ALLOWED); i++) {
        w_turn(&w);
    }
    assert_true(w_told(&w, REFUSAL_ORIGIN_NOT_ALLOWED));
    w_turns(&w, 20);
    assert_int_equal(w.clas, 0);
    begin_attach(0, 1, "901700000000001"); /* and nobody serves them: an outage, not a verdict */
    assert_rejected(0, 17);
    w_close(&w);
}

/* ---- INSERT and DELETE SUBSCRIBER DATA, RESET -------------------------------------------------
 */

static void begin_request(struct s6a_request *r, const char *imsi)
{
    struct node_conn *c = node_find(w.hss, w.conn);
    assert_non_null(c);
    s6a_request_begin(r, 0, node_end_to_end(c));
    r->session_id = BYTES_LIT("hss;1;2");
    r->origin_host = BYTES_LIT("hss.home.example");
    r->origin_realm = BYTES_LIT("home.example");
    r->destination_host = BYTES_LIT("mme.visited.example");
    r->destination_realm = BYTES_LIT("visited.example");
    if (imsi != NULL) {
        r->user_name = bytes_of_str(imsi);
    }
}

static void ask(struct mbytes msg)
{
    assert_ok(node_request(w.hss, node_find(w.hss, w.conn), msg, 1, 5000));
}

static void insert(const char *imsi, bool barred)
{
    static struct s6a_idr idr;
    uint8_t out[2048];
    size_t n = 0;
    idr = (struct s6a_idr){
        .subscription_data = {.present = true,
                              .subscriber_status = DIAMETER_U32_OF(barred ? S6A_BARRED_BY_OPERATOR
                                                                          : S6A_SERVICE_GRANTED),
                              .operator_determined_barring = DIAMETER_U32_OF(barred ? 1 : 0)}};
    begin_request(&idr.request, imsi);
    assert_ok(s6a_idr_write(W_VENDOR, &idr, MBYTES_OF(out), &n));
    ask((struct mbytes){out, n});
}

static bool has_done(struct world *world, void *arg)
{
    const unsigned *wanted = arg;
    return world->done >= wanted[0] && world->unknown >= wanted[1];
}

static void await_done(unsigned done, unsigned unknown)
{
    unsigned wanted[] = {done, unknown};
    assert_true(w_until(&w, has_done, wanted));
}

/*= test op-mme-answers */
static void what_the_home_network_changes_is_taken_where_the_subscriber_is(void **state)
{
    static struct s6a_dsr dsr;
    uint8_t out[2048];
    size_t n = 0;
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    insert(IMSI, false);
    await_done(0, 1); /* not here */
    (void)w_attach(&w, 0, 10, IMSI);
    insert(IMSI, false);
    await_done(1, 1);
    assert_int_equal(w_state(&w, IMSI), EMM_REGISTERED);
    dsr = (struct s6a_dsr){.dsr_flags = DIAMETER_U32_OF(S6A_DSR_MSISDN)};
    begin_request(&dsr.request, IMSI);
    assert_ok(s6a_dsr_write(W_VENDOR, &dsr, MBYTES_OF(out), &n));
    ask((struct mbytes){out, n});
    await_done(2, 1);
    assert_int_equal(w_state(&w, IMSI), EMM_REGISTERED);
    insert(IMSI, true);
    await_done(3, 1);
    assert_int_equal(w_state(&w, IMSI), EMM_DETACHING);
    w_close(&w);
}

/*= test op-mme-answers */
static void a_reset_is_for_the_subscribers_with_those_digits(void **state)
{
    static struct s6a_rsr rsr;
    uint8_t out[2048];
    size_t n = 0;
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    (void)w_attach(&w, 0, 10, IMSI);
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(IMSI), &imsi));
    const struct ue *ue = ue_table_by_imsi(w.m.ues, &imsi);
    const char *const digits[] = {"90170", "00101"};
    for (unsigned i = 0; i < 2; i++) {
        rsr = (struct s6a_rsr){.user_id = {bytes_of_str(digits[i])}, .user_id_n = 1};
        begin_request(&rsr.request, NULL);
        assert_ok(s6a_rsr_write(W_VENDOR, &rsr, MBYTES_OF(out), &n));
        ask((struct mbytes){out, n});
        await_done(i + 1, 0);
        assert_int_equal(ue->emm->unconfirmed, i == 1);
    }
    w_close(&w);
}

/* ---- REROUTE -----------------------------------------------------------------------------------
 */

static void sends_elsewhere(struct mmed_config *c)
{
    c->reroute = c->provisioning.kme = true;
    c->reroute_group_id = 77;
}

static void who_needs_no_provisioning_is_rerouted_with_the_message_as_it_came(void **state)
{
    (void)state;
    w_open(&w, sends_elsewhere);
    w_set_up(&w, 0);
    begin_attach(0, 1, IMSI);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_REROUTE_NAS_REQUEST);
    const struct s1ap_reroute_nas_request *q = &r.u.reroute_nas_request;
    assert_int_equal(q->mme_group_id, 77);
    assert_int_equal(q->enb_ue_s1ap_id, 1);
    struct s1ap_pdu inner;
    struct s1ap_fault fault;
    assert_ok(s1ap_parse(q->s1_message, &inner, &fault));
    assert_int_equal(inner.type, S1AP_INITIAL_UE_MESSAGE);
    assert_int_equal(w.m.counters.rerouted, 1);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_assert_counted(&w);
    w.control = S6A_BINDING_PROVISIONING_ONLY;
    w.nonce = (const uint8_t[KME_NONCE_LEN]){0};
    (void)w_begin(&w, 0, 2, IMSI); /* who needs it stays */
    w_close(&w);
}

/* The same for a UE that had to be asked who it is first. */
static void a_ue_that_was_asked_for_its_imsi_is_rerouted_all_the_same(void **state)
{
    (void)state;
    w_open(&w, sends_elsewhere);
    w_set_up(&w, 0);
    w.ue.by_guti = true;
    w.ue.guti = 0x1010101;
    begin_attach(0, 1, IMSI);
    w.ue.by_guti = false;
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(w_nas_type(r.u.downlink_nas_transport.nas_pdu), NAS_IDENTITY_REQUEST);
    uint32_t id = r.u.downlink_nas_transport.mme_ue_s1ap_id;
    uint8_t room[NAS_IDENTITY_MAX];
    struct nas_identity who = {.type = NAS_IDENTITY_IMSI};
    struct nas_identity_response m = {.header = {0}};
    assert_ok(imsi_parse(bytes_of_str(IMSI), &who.imsi));
    assert_ok(nas_identity_write(&who, MBYTES_OF(room), &m.identity));
    w_uplink(&w, 0, id, 1, rig_write(&w.ue, NAS_SHT_PLAIN, &nas_identity_response_message, &m));
    (void)w_next(&w, 0, S1AP_REROUTE_NAS_REQUEST);
    w_close(&w);
}

static void a_message_that_is_too_long_to_reroute_is_not_left_hanging(void **state)
{
    (void)state;
    static uint8_t nas[9000];
    w_open(&w, sends_elsewhere);
    w_set_up(&w, 0);
    w.ue.imsi = IMSI;
    struct bytes pdu = rig_attach_request(&w.ue, NAS_SHT_PLAIN);
    memcpy(nas, pdu.p, pdu.n);
    for (size_t i = pdu.n; i < sizeof nas; i++) { /* half-octet elements that nobody knows */
        nas[i] = 0x80;
    }
    w_initial(&w, 0, 1, BYTES_OF(nas), NULL);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(w.m.counters.rerouted, 0);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_hss_is_an_outage_that_locks_nobody_out),
        cmocka_unit_test(without_a_connection_the_answer_is_no_in_time_and_not_after_it),
        cmocka_unit_test(what_the_hss_refuses_reaches_the_ue_by_its_cause),
        cmocka_unit_test(an_answer_to_what_was_asked_before_is_for_nobody),
        cmocka_unit_test(
            when_the_hss_is_slow_new_attaches_are_turned_away_before_the_places_run_out),
        cmocka_unit_test(a_black_listed_device_is_told_so),
        cmocka_unit_test(a_wrong_answer_to_the_challenge_is_reported_home),
        cmocka_unit_test(the_older_context_ends_when_the_newer_one_is_authenticated_and_not_before),
        cmocka_unit_test(a_subscription_that_is_withdrawn_detaches_its_ue_in_whatever_state),
        cmocka_unit_test(who_is_idle_or_elsewhere_already_is_forgotten_without_a_word),
        cmocka_unit_test(a_home_network_cancels_only_subscribers_of_its_own),
        cmocka_unit_test(what_the_home_network_changes_is_taken_where_the_subscriber_is),
        cmocka_unit_test(a_reset_is_for_the_subscribers_with_those_digits),
        cmocka_unit_test(who_needs_no_provisioning_is_rerouted_with_the_message_as_it_came),
        cmocka_unit_test(a_ue_that_was_asked_for_its_imsi_is_rerouted_all_the_same),
        cmocka_unit_test(a_message_that_is_too_long_to_reroute_is_not_left_hanging),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
