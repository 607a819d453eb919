/* A whole MME that has devices make KMEs: the command and its answer over S1, the payload and the
 * proof over S6a, counters, events and the administration's view, and the device's way back. Covers
 * src/nf/mmed/step.c, hss.c, mmed.c and admin_view.c. */
#include "mmed/s1_world.h"

#include "nf/mmed/admin_view.h"

static struct world w;
static const char *const IMSI = "001010123456789";
static const char *const IMEI = "35693803564380";
static const uint8_t nonce[KME_NONCE_LEN] = {1, 0xa5, 2};
static const uint8_t nw_sig[KME_NW_SIG_LEN] = {[0 ... KME_NW_SIG_LEN - 1] = 0xc3};

static void with_kme(struct mmed_config *c)
{
    c->provisioning.kme = true;
}

static void open_world(void)
{
    w_open(&w, with_kme);
    w_set_up(&w, 0);
    w.control = S6A_BINDING_PROVISIONING_ONLY;
    w.nonce = nonce;
    w.nw_sig = nw_sig;
}

/* ---- a device -------------------------------------------------------------------------------- */

static uint8_t room[EMM_PDU_MAX];

static struct bytes next_nas(void)
{
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    return rig_open_pdu(&w.ue, r.u.downlink_nas_transport.nas_pdu, room);
}

static struct w_ue to_command(uint32_t enb_id)
{
    struct w_ue u = {.enb = 0, .enb_id = enb_id};
    struct nas_identity_request m;
    uint8_t got[KME_NONCE_LEN];
    u.mme_id = w_begin(&w, 0, enb_id, IMSI);
    w_uplink(&w, 0, u.mme_id, enb_id, w_res(&w));
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    w_answer_security(&w, 0, u.mme_id, enb_id);
    assert_ok(nas_parse(&nas_identity_request_message, next_nas(), &m, NULL));
    assert_ok(wire_kme_command_read(m.bindery_container, got));
    assert_memory_equal(got, nonce, sizeof got);
    return u;
}

static void answer(const struct w_ue *u, struct bytes container)
{
    uint8_t id[NAS_IDENTITY_MAX];
    struct nas_identity imei = {.type = NAS_IDENTITY_IMEI};
    struct nas_identity_response m = {.bindery_container = container};
    assert_ok(imei_parse(bytes_of_str(IMEI), &imei.imei));
    assert_ok(nas_identity_write(&imei, MBYTES_OF(id), &m.identity));
    w_uplink(&w, u->enb, u->mme_id, u->enb_id,
             rig_write(&w.ue, NAS_SHT_CIPHERED, &nas_identity_response_message, &m));
}

/* ATTACH REJECT #17, protected, then the release; its container, or none. */
static struct bytes rejected(void)
{
    static uint8_t kept[EMM_PDU_MAX];
    struct nas_attach_reject m;
    struct bytes plain = next_nas();
    memcpy(kept, plain.p, plain.n);
    assert_ok(nas_parse(&nas_attach_reject_message, (struct bytes){kept, plain.n}, &m, NULL));
    assert_int_equal(m.emm_cause, 17);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_assert_counted(&w);
    w_turns(&w, 20);
    assert_int_equal(w.purs, 0);
    return m.bindery_container;
}

static unsigned events(const char *name, const char *cause)
{
    struct mmed_event_row row;
    unsigned n = 0;
    for (uint64_t after = 0; events_next(w.m.events, after, &row); after = row.id) {
        if (strcmp(row.name, name) == 0 && strcmp(row.cause, cause) == 0) {
            assert_true(row.has_imsi && row.has_imei);
            assert_string_equal(row.imsi.digits, IMSI);
            assert_string_equal(row.imei.digits, IMEI);
            assert_string_equal(row.detail, "");
            n++;
        }
    }
    return n;
}

/* ---- the tests ------------------------------------------------------------------------------- */

/*= test kme-7 kme-11 */
static void a_device_is_provisioned_refused_and_comes_back_for_service(void **state)
{
    (void)state;
    uint8_t payload[WIRE_KME_PAYLOAD_MAX], got[KME_NW_SIG_LEN];
    struct bytes value = rig_payload(IMSI, IMEI, payload);
    open_world();
    struct w_ue u = to_command(1);
    assert_int_equal(w.offered_first, OWN_FEATURE_BINDING | OWN_FEATURE_PROVISIONING);
    assert_int_equal(w.ulrs, 0);
    answer(&u, value);
    assert_ok(wire_kme_result_read(rejected(), got));
    assert_memory_equal(got, nw_sig, sizeof got);
    assert_int_equal(w.offered, OWN_FEATURE_BINDING | OWN_FEATURE_PROVISIONING);
    assert_true(bytes_eq((struct bytes){w.payload, w.payload_n}, value));
    assert_int_equal(w.reported.result, DEVID_NOT_ASKED);
    assert_int_equal(w.m.counters.provisioned, 1);
    assert_int_equal(w.m.counters.refusals[REFUSAL_PROVISIONED], 1);
    assert_int_equal(w.m.counters.provisionings_refused, 0);
    assert_int_equal(w.m.counters.attaches_refused, 0);
    assert_int_equal(w.m.counters.nas_refused, 0);
    assert_int_equal(w.m.counters.attaches, 0);
    assert_int_equal(events("provisioned", ""), 1);
    assert_int_equal(events("refused", "provisioned"), 0);
    w.control = S6A_BINDING_PROCESSED;
    w.nonce = NULL;
    (void)w_attach(&w, 0, 2, IMSI);
    assert_int_equal(w.payload_n, 0);
    assert_int_equal(w.m.counters.attaches, 1);
    w_close(&w);
}

static void what_the_home_network_does_not_take_is_told_counted_and_named(void **state)
{
    (void)state;
    uint8_t payload[WIRE_KME_PAYLOAD_MAX];
    open_world();
    w.refuses = REFUSAL_KME_REFUSED;
    for (unsigned i = 1; i <= 2; i++) {
        struct w_ue u = to_command(i);
        answer(&u, i == 1 ? rig_payload(IMSI, IMEI, payload) : (struct bytes){NULL, 0});
        assert_null(rejected().p);
        assert_int_equal(w.ulrs, 1);
    }
    assert_int_equal(w.m.counters.provisioned, 0);
    assert_int_equal(w.m.counters.provisionings_refused, 2);
    assert_int_equal(w.m.counters.attaches_refused, 2);
    assert_int_equal(w.m.counters.nas_refused, 2);
    assert_int_equal(w.m.counters.refusals[REFUSAL_KME_REFUSED], 1);
    assert_int_equal(w.m.counters.refusals[REFUSAL_DEVICE_WITHOUT_KME], 1);
    assert_int_equal(events("provisioning-refused", "kme-refused"), 1);
    assert_int_equal(events("provisioning-refused", "device-without-kme"), 1);
    assert_int_equal(events("refused", "kme-refused"), 0);
    w_close(&w);
}

/*= test kme-no-bearer */
static void a_bearer_that_is_asked_for_meanwhile_is_refused_and_shows_as_such(void **state)
{
    (void)state;
    static const uint8_t request[] = {NAS_PD_ESM, 3, NAS_PDN_CONNECTIVITY_REQUEST, 0x11};
    uint8_t payload[WIRE_KME_PAYLOAD_MAX];
    open_world();
    struct w_ue u = to_command(1);
    w_uplink(&w, 0, u.mme_id, 1, rig_protect(&w.ue, NAS_SHT_CIPHERED, BYTES_OF(request)));
    struct bytes plain = next_nas();
    assert_int_equal(plain.p[2], NAS_PDN_CONNECTIVITY_REJECT);
    json_t *view = mmed_view_ue(&w.m, ue_table_find(w.m.ues, u.mme_id));
    assert_string_equal(json_string_value(json_object_get(view, "state")), "provisioning");
    assert_string_equal(json_string_value(json_object_get(view, "imsi")), IMSI);
    assert_true(json_is_null(json_object_get(view, "m_tmsi")));
    assert_true(json_is_null(json_object_get(view, "proof")));
    json_decref(view);
    w_assert_counted(&w);
    assert_int_equal(w.m.attaching, 1);
    assert_int_equal(events("refused", "bearer-not-now"), 1);
    answer(&u, rig_payload(IMSI, IMEI, payload));
    assert_non_null(rejected().p);
    w_close(&w);
}

static void a_home_network_that_falls_silent_locks_nobody_out(void **state)
{
    (void)state;
    uint8_t payload[WIRE_KME_PAYLOAD_MAX];
    open_world();
    struct w_ue u = to_command(1);
    w.silent = true;
    answer(&u, rig_payload(IMSI, IMEI, payload));
    for (unsigned i = 0; i < W_TURNS && w.ulrs == 0; i++) {
        w_turn(&w);
    }
    assert_int_equal(w.ulrs, 1);
    node_disconnect(w.hss, node_find(w.hss, w.conn), DIAMETER_REBOOTING);
    assert_null(rejected().p);
    assert_int_equal(events("provisioning-refused", "hss-silent"), 1);
    assert_int_equal(w.m.counters.provisionings_refused, 1);
    w_close(&w);
}

/* Vectors that a home network marked for provisioning serve nobody whom this MME cannot provision.
 */
static void without_the_setting_nothing_is_offered_and_nobody_gets_by(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    w.control = S6A_BINDING_PROVISIONING_ONLY;
    w.nonce = nonce;
    w.ue.imsi = IMSI;
    w_initial(&w, 0, 1, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(w_nas_type(r.u.downlink_nas_transport.nas_pdu), NAS_ATTACH_REJECT);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(w.offered_first, OWN_FEATURE_BINDING);
    assert_int_equal(w.ulrs, 0);
    assert_true(w_told(&w, REFUSAL_HSS_REFUSED));
    assert_int_equal(w.m.counters.provisionings_refused, 0);
    w_close(&w);
}

/* A CLR for the subscription, which may be bound anew elsewhere by now. */
static void a_cancellation_ends_a_provisioning_without_a_word(void **state)
{
    (void)state;
    static struct s6a_clr clr;
    uint8_t out[2048];
    size_t n = 0;
    open_world();
    (void)to_command(1);
    memset(&clr, 0, sizeof clr);
    s6a_request_begin(&clr.request, 0, node_end_to_end(node_find(w.hss, w.conn)));
    clr.request.session_id = BYTES_LIT("hss;1;1");
    clr.request.origin_host = BYTES_LIT("hss.home.example");
    clr.request.origin_realm = BYTES_LIT("home.example");
    clr.request.destination_host = bytes_of_str(w.config.origin_host);
    clr.request.destination_realm = bytes_of_str(w.config.origin_realm);
    clr.request.user_name = bytes_of_str(IMSI);
    clr.cancellation_type = DIAMETER_U32_OF(S6A_MME_UPDATE_PROCEDURE);
    assert_ok(s6a_clr_write(W_VENDOR, &clr, MBYTES_OF(out), &n));
    assert_ok(node_request(w.hss, node_find(w.hss, w.conn), (struct mbytes){out, n}, 1, 5000));
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_turns(&w, 20);
    assert_int_equal(w.clas, 1);
    assert_int_equal(w.purs, 0);
    w_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_is_provisioned_refused_and_comes_back_for_service),
        cmocka_unit_test(what_the_home_network_does_not_take_is_told_counted_and_named),
        cmocka_unit_test(a_bearer_that_is_asked_for_meanwhile_is_refused_and_shows_as_such),
        cmocka_unit_test(a_home_network_that_falls_silent_locks_nobody_out),
        cmocka_unit_test(without_the_setting_nothing_is_offered_and_nobody_gets_by),
        cmocka_unit_test(a_cancellation_ends_a_provisioning_without_a_word),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
