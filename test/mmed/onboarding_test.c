/* A whole MME where devices without a subscription ask for one: the request and the result over S1
 * and S13, the realm that is asked, counters, events and the administration's view, congestion and
 * silence. Covers src/nf/mmed/step.c, hss_request.c, mmed.c and admin_view.c. */
#include "mmed/s1_world.h"

#include "codec/nas_container.h"
#include "nf/mmed/admin_view.h"
#include "wire/certattach.h"

static struct world w;
static const char *const IMEI = "35693803564380";
static char realm[] = "home.example";

static void with_onboarding(struct mmed_config *c)
{
    c->provisioning.onboarding = realm;
}

static struct bytes result_of(size_t ciphertext)
{
    static uint8_t room[NAS_CONTAINER_MAX], octets[4096];
    struct bytes value;
    for (size_t i = 0; i < sizeof octets; i++) {
        octets[i] = (uint8_t)(i * 7 + 1);
    }
    struct nas_provisioning_result m = {.nonce_1 = {octets, 16},
                                        .expiry = {octets, 8},
                                        .ciphertext = {octets, ciphertext},
                                        .operator_signature = {octets, 64},
                                        .certificate = {octets, 300}};
    assert_ok(nas_container_write(&nas_provisioning_result_container, &m, MBYTES_OF(room), &value));
    return value;
}

static void ask(uint32_t enb_id, const char *imei)
{
    w.ue.attach_type = NAS_PROVISIONING_ATTACH;
    w.ue.imei = imei;
    w_initial(&w, 0, enb_id, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    w.ue.attach_type = NAS_EPS_ATTACH;
}

/* ATTACH REJECT #17 in clear, then the release; its container, or none. */
static struct bytes rejected(void)
{
    static uint8_t kept[EMM_PDU_MAX];
    struct nas_attach_reject m;
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    struct bytes plain = r.u.downlink_nas_transport.nas_pdu;
    memcpy(kept, plain.p, plain.n);
    assert_ok(nas_parse(&nas_attach_reject_message, (struct bytes){kept, plain.n}, &m, NULL));
    assert_int_equal(m.emm_cause, 17);
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    w_assert_counted(&w);
    w_turns(&w, 20);
    assert_int_equal(w.purs, 0);
    assert_int_equal(w.airs, 0);
    return m.bindery_container;
}

static unsigned events(const char *name, const char *cause)
{
    struct mmed_event_row row;
    unsigned n = 0;
    for (uint64_t after = 0; events_next(w.m.events, after, &row); after = row.id) {
        if (strcmp(row.name, name) == 0 && strcmp(row.cause, cause) == 0) {
            assert_false(row.has_imsi);
            assert_true(row.has_imei);
            assert_string_equal(row.imei.digits, IMEI);
            n++;
        }
    }
    return n;
}

static void a_device_gets_what_the_home_network_has_for_it_and_is_nobody(void **state)
{
    (void)state;
    static const size_t sizes[] = {200, 1300};
    w_open(&w, with_onboarding);
    w_set_up(&w, 0);
    for (uint32_t i = 0; i < 2; i++) {
        w.result = result_of(sizes[i]);
        ask(i + 1, IMEI);
        assert_true(bytes_eq(rejected(), w.result));
    }
    assert_int_equal(w.onboardings, 2);
    assert_true(bytes_eq((struct bytes){w.request, w.request_n}, RIG_REQUEST));
    assert_memory_equal(w.plmn, "\x00\xf1\x10", 3);
    assert_string_equal(w.imei, IMEI);
    assert_string_equal(w.realm, realm);
    assert_int_equal(w.m.counters.onboarded, 2);
    assert_int_equal(w.m.counters.refusals[REFUSAL_ONBOARDED], 2);
    assert_int_equal(w.m.counters.onboardings_refused, 0);
    assert_int_equal(w.m.counters.attaches_refused, 0);
    assert_int_equal(w.m.counters.nas_refused, 0);
    assert_int_equal(w.m.counters.attaches, 0);
    assert_int_equal(events("onboarded", ""), 2);
    w_close(&w);
}

static void what_the_home_network_does_not_give_is_told_counted_and_named(void **state)
{
    (void)state;
    static const enum refusal of[] = {REFUSAL_ONBOARDING_REFUSED, REFUSAL_TOO_BUSY,
                                      REFUSAL_COMMAND_NOT_ALLOWED, REFUSAL_NONE};
    w_open(&w, with_onboarding);
    w_set_up(&w, 0);
    for (uint32_t i = 0; i < 4; i++) { /* the last: an EIR that knows nothing of this */
        w.refuses = of[i];
        ask(i + 1, IMEI);
        assert_null(rejected().p);
    }
    assert_int_equal(w.m.counters.onboarded, 0);
    assert_int_equal(w.m.counters.onboardings_refused, 4);
    assert_int_equal(w.m.counters.attaches_refused, 4);
    assert_int_equal(w.m.counters.refusals[REFUSAL_ONBOARDING_REFUSED], 4);
    assert_int_equal(events("onboarding-refused", "onboarding-refused"), 4);
    assert_int_equal(events("refused", "onboarding-refused"), 0);
    w_close(&w);
}

static void without_the_setting_it_is_refused_and_nobody_is_asked(void **state)
{
    (void)state;
    w_open(&w, NULL);
    w_set_up(&w, 0);
    ask(1, IMEI);
    assert_null(rejected().p);
    assert_int_equal(w.ecrs, 0);
    assert_int_equal(events("onboarding-refused", "onboarding-not-offered"), 1);
    w_close(&w);
}

static void soon(struct mmed_config *c)
{
    with_onboarding(c);
    c->onboard_ms = 30;
}

static void a_home_network_that_is_silent_or_gone_locks_nobody_out(void **state)
{
    (void)state;
    w_open(&w, soon);
    w_set_up(&w, 0);
    w.silent = true;
    ask(1, IMEI);
    assert_null(rejected().p);
    node_disconnect(w.hss, node_find(w.hss, w.conn), DIAMETER_REBOOTING);
    w_turns(&w, 20);
    ask(2, IMEI);
    assert_null(rejected().p);
    assert_int_equal(events("onboarding-refused", "hss-silent"), 2);
    assert_int_equal(w.m.counters.hss_unanswered, 2);
    w_close(&w);
}

static void others_soon(struct mmed_config *c)
{
    with_onboarding(c);
    c->request_ms = 30;
}

/* Its home network has to ask somebody else first: what is asked later, and of which an answer is
 * not waited for so long, is over while it still waits. */
static void a_subscription_is_waited_for_longer_than_vectors_are(void **state)
{
    (void)state;
    w_open(&w, others_soon);
    w_set_up(&w, 0);
    w.silent = true;
    ask(1, IMEI);
    for (unsigned i = 0; i < W_TURNS && w.m.attaching == 0; i++) {
        w_turn(&w);
    }
    w_initial(&w, 0, 2, rig_attach_request(&w.ue, NAS_SHT_PLAIN), NULL);
    (void)w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT); /* the second one's refusal */
    (void)w_next(&w, 0, S1AP_UE_CONTEXT_RELEASE_COMMAND);
    assert_int_equal(w.airs, 1);
    assert_int_equal(w.m.counters.hss_unanswered, 1);
    assert_int_equal(ue_table_count(w.m.ues), 1);
    assert_int_equal(w.m.attaching, 1);
    assert_int_equal(events("onboarding-refused", "hss-silent"), 0);
    w_close(&w);
}

/* Whom nobody has authenticated cannot be cancelled, superseded or found by an identity; the
 * administration sees it while it lasts. */
static void while_it_waits_it_shows_as_what_it_is(void **state)
{
    (void)state;
    w_open(&w, with_onboarding);
    w_set_up(&w, 0);
    w.silent = true;
    ask(1, IMEI);
    for (unsigned i = 0; i < W_TURNS && ue_table_count(w.m.ues) == 0; i++) {
        w_turn(&w);
    }
    json_t *view = mmed_view_ue(&w.m, ue_table_find(w.m.ues, UE_TABLE_MAX));
    assert_string_equal(json_string_value(json_object_get(view, "state")), "onboarding");
    assert_string_equal(json_string_value(json_object_get(view, "imei")), IMEI);
    assert_true(json_is_null(json_object_get(view, "imsi")));
    assert_true(json_is_null(json_object_get(view, "m_tmsi")));
    json_decref(view);
    json_t *status = mmed_view_status(&w.m);
    json_t *p = json_object_get(status, "provisioning");
    assert_string_equal(json_string_value(json_object_get(p, "onboarding")), realm);
    assert_true(json_is_false(json_object_get(p, "kme")));
    assert_int_equal(
        json_integer_value(json_object_get(json_object_get(status, "ues"), "onboarding")), 1);
    json_decref(status);
    assert_int_equal(w.m.attaching, 1);
    w_assert_counted(&w);
    w_close(&w);
}

/* The same ATTACH REQUEST again, as T3410 or the radio may have it. */
static void a_request_that_is_repeated_is_asked_about_once(void **state)
{
    (void)state;
    w_open(&w, with_onboarding);
    w_set_up(&w, 0);
    w.result = result_of(200);
    w.ue.attach_type = NAS_PROVISIONING_ATTACH;
    struct bytes pdu = rig_attach_request(&w.ue, NAS_SHT_PLAIN);
    w_initial(&w, 0, 1, pdu, NULL);
    w_uplink(&w, 0, UE_TABLE_MAX, 1, pdu);
    assert_true(bytes_eq(rejected(), w.result));
    assert_int_equal(w.onboardings, 1);
    assert_int_equal(w.m.counters.onboarded, 1);
    w_close(&w);
}

static void few_attach(struct mmed_config *c)
{
    with_onboarding(c);
    c->limits.attaching = 3;
}

static void more_than_may_attach_at_a_time_are_turned_away_as_others_are(void **state)
{
    (void)state;
    w_open(&w, few_attach);
    w_set_up(&w, 0);
    w.silent = true;
    for (uint32_t i = 1; i <= 4; i++) {
        ask(i, IMEI);
        w_turns(&w, 5);
    }
    struct s1ap_pdu r = w_next(&w, 0, S1AP_DOWNLINK_NAS_TRANSPORT);
    assert_int_equal(r.u.downlink_nas_transport.nas_pdu.p[2], EMM_CAUSE_CONGESTION);
    assert_int_equal(w.m.counters.turned_away, 1);
    assert_int_equal(w.m.attaching, 3);
    w_close(&w);
}

/* The eNB goes while the home network thinks: what it says then is for nobody. */
static void a_lost_enb_ends_it_and_a_late_result_goes_nowhere(void **state)
{
    (void)state;
    w_open(&w, with_onboarding);
    w_set_up(&w, 0);
    w.silent = true;
    ask(1, IMEI);
    for (unsigned i = 0; i < W_TURNS && w.m.attaching == 0; i++) {
        w_turn(&w);
    }
    struct s1ap_pdu reset = {.type = S1AP_RESET};
    reset.u.reset = (struct s1ap_reset){.has_cause = true,
                                        .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_UNSPECIFIED),
                                        .type = {.kind = S1AP_RESET_S1_INTERFACE}};
    w_send(&w, 0, &reset);
    (void)w_next(&w, 0, S1AP_RESET_ACKNOWLEDGE);
    assert_int_equal(ue_table_count(w.m.ues), 0);
    assert_int_equal(w.m.attaching, 0);
    w.silent = false;
    w.result = result_of(200);
    ask(2, IMEI);
    assert_true(bytes_eq(rejected(), w.result));
    w_close(&w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_device_gets_what_the_home_network_has_for_it_and_is_nobody),
        cmocka_unit_test(what_the_home_network_does_not_give_is_told_counted_and_named),
        cmocka_unit_test(without_the_setting_it_is_refused_and_nobody_is_asked),
        cmocka_unit_test(a_home_network_that_is_silent_or_gone_locks_nobody_out),
        cmocka_unit_test(a_subscription_is_waited_for_longer_than_vectors_are),
        cmocka_unit_test(while_it_waits_it_shows_as_what_it_is),
        cmocka_unit_test(a_request_that_is_repeated_is_asked_about_once),
        cmocka_unit_test(more_than_may_attach_at_a_time_are_turned_away_as_others_are),
        cmocka_unit_test(a_lost_enb_ends_it_and_a_late_result_goes_nowhere),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
