/* Provisioning at the HSS from octets to answer and store: offers, payloads that are taken, what is
 * owed, and registrations under a new KME (src/nf/hssd/provision_offer.c,
 * src/nf/hssd/provision_take.c, src/nf/hssd/air.c, src/nf/hssd/ulr.c, src/nf/hssd/cancel.c,
 * src/nf/hssd/subscription.c). */
#include "nf/provision_world.h"

static int up(void **state)
{
    int rc = provision_up(state);
    batch(learns);
    return rc;
}

static void serve_again(struct imei *imei, const char *cause)
{
    assert_int_equal(registers(0, 1, BOTH), DIAMETER_SUCCESS);
    assert_int_equal(events("kme-in-use", cause), 1);
    struct store_subscriber row = now_row();
    assert_true(imei_eq(&row.last_imei, imei));
}

static void to_all_peers(void)
{
    const struct route routes[] = {{.peer = peer_states[0], .thread = &thread, .conn = 1},
                                   {.peer = peer_states[1], .thread = &thread, .conn = 2}};
    assert_ok(routes_add(hss.routes, &routes[0]));
    assert_ok(routes_add(hss.routes, &routes[1]));
}

/* ---- all of it ---- */

/*= test kme-3 kme-4a kme-4b kme-7 kme-8 kme-9a kme-9c kme-10 kme-next kme-events */
static void a_device_without_a_key_is_offered_one_brings_it_and_is_served_under_it(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN], nw_sig[KME_NW_SIG_LEN];
    struct store_device d[STORE_DEVICES_MAX];
    struct imei imei = world_imei(1);
    assert_true(offered(0, imei.digits, BOTH, nonce));
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 1); /* of three */
    assert_int_equal(aia.authentication_info.utran_vector_n, 0);
    assert_int_equal(aia.authentication_info.e_utran_vector[0].autn.p[6], 0x80); /* regular */
    assert_int_equal(kme_row().phase, KME_OFFERED);
    assert_int_equal(events("provisioning-offered", NULL), 1);
    assert_int_equal(brings(0, imei.digits, maker_answers(1, nonce)), DIAMETER_SUCCESS);
    assert_ok(wire_kme_answer_read(&ula, nw_sig));
    assert_ok(kme_me_confirm(nw_sig, &makers[1].me));
    assert_int_equal(devices_now(d), 1);
    assert_true(imei_eq(&d[0].imei, &imei));
    assert_memory_equal(d[0].kme.b, makers[1].me.active.b, KME_LEN);
    assert_string_equal(d[0].kme_lot, "north");
    assert_true(d[0].kme_since > 0 && d[0].kme_used == 0 && !d[0].has_previous);
    assert_int_equal(events("provisioned", NULL), 1);
    assert_int_equal(now_row().serving.host[0], '\0'); /* nobody was registered */
    assert_false(now_row().has_last_imei);
    assert_false(offered(0, imei.digits, BOTH, nonce)); /* it is not due any more */
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 3);
    assert_int_equal(aia.binding_control.binding_mode.v, S6A_BINDING_PROCESSED);
    assert_int_equal(serve(0, asks(0, 1, NULL, BOTH)), S6A_ANSWERED); /* without a write */
    serve_again(&imei, NULL);
    assert_int_equal(devices_now(d), 1);
    assert_true(d[0].kme_used > 0);
    assert_int_equal(serve(0, updates(0, imei.digits, (struct bytes){NULL, 0}, BOTH)),
                     S6A_ANSWERED); /* no write any more */
    assert_int_equal(counted(&hss.counters.provisionings_taken), 1);
}

/*= test kme-enforced */
static void the_answer_to_a_payload_serves_nobody(void **state)
{
    (void)state;
    provisions(1);
    const struct s6a_subscription_data *s = &ula.subscription_data;
    assert_true(s->present);
    assert_int_equal(s->subscriber_status.v, S6A_BARRED_BY_OPERATOR);
    assert_int_equal(s->operator_determined_barring.v, 1);
    assert_false(s->apn_configuration_profile.present);
    assert_null(s->msisdn.p);
    assert_int_equal(s6a_features_of(ula.answer.supported_features, ula.answer.supported_features_n,
                                     OWN, OWN_FEATURE_LIST_ID),
                     OWN_FEATURE_PROVISIONING);
}

/*= test kme-revoke-vectors */
static void whoever_may_hold_vectors_is_told_but_not_who_asked(void **state)
{
    (void)state;
    to_all_peers();
    batch(is_open);
    assert_int_equal(registers(0, 1, 0), DIAMETER_SUCCESS); /* MME 0 serves */
    batch(learns);
    assert_int_equal(registers(1, 1, 0), 5012);
    provisions(1);
    assert_true(pump_waiting());
    pump_one();
    assert_true(bytes_eq(clr_sent().request.destination_host, BYTES_LIT(MME2)));
    (void)events("none", NULL);
    assert_int_equal(thread.requests, 1);
}

static void the_node_that_served_is_told_once(void **state)
{
    (void)state;
    struct store_serving serving = {.since = 1};
    struct imsi imsi = imsi_of(IMSI_A);
    to_all_peers();
    snprintf(serving.host, sizeof serving.host, "%s", MME2);
    snprintf(serving.realm, sizeof serving.realm, "%s", REALM);
    hssd_cancel_location_but(&hss, &imsi, &serving, BYTES_LIT("MME1." REALM), 0);
    pump_one();
    assert_true(bytes_eq(clr_sent().request.destination_host, BYTES_LIT(MME2)));
    assert_false(pump_waiting());
    hssd_cancel_location_but(&hss, &imsi, &serving, BYTES_LIT(MME2), 0);
    pump_one();
    assert_true(bytes_eq(clr_sent().request.destination_host, BYTES_LIT(MME1)));
    assert_false(pump_waiting());
}

/* ---- offers ---- */

/*= test kme-offer-stands kme-nonce */
static void an_offer_that_stands_is_given_out_again_without_a_write(void **state)
{
    (void)state;
    uint8_t first[KME_NONCE_LEN], again[KME_NONCE_LEN];
    assert_true(offered(0, NULL, BOTH, first));
    assert_int_equal(serve(1, asks(1, 1, NULL, BOTH)), S6A_ANSWERED);
    assert_int_equal(take_aia(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_offer_read(&aia.binding_control, again));
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(events("provisioning-offered", NULL), 1);
    assert_int_equal(counted(&hss.counters.provisionings_offered), 2);
    struct store_kme row = kme_row();
    row.expires -= 61; /* less than half of its life is left */
    put_kme(&row);
    assert_true(offered(0, NULL, BOTH, again));
    assert_memory_not_equal(first, again, sizeof first);
    assert_int_equal(events("provisioning-offered", NULL), 2);
}

static void nothing(struct store_writer *w)
{
    (void)w;
}

/*= test kme-offer-stands */
static void of_two_requests_at_once_one_makes_an_offer(void **state)
{
    (void)state;
    uint8_t first[KME_NONCE_LEN], again[KME_NONCE_LEN];
    rival_waits(nothing); /* the first is not written before the second is there */
    assert_int_equal(serve(0, asks(0, 1, NULL, BOTH)), S6A_LATER);
    assert_int_equal(serve(1, asks(1, 1, NULL, BOTH)), S6A_LATER);
    rival_goes_on();
    while (thread.sent_n == 0) {
        pump_one();
    }
    assert_int_equal(take_aia(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_offer_read(&aia.binding_control, first));
    thread.sent_n = 0;
    while (thread.sent_n == 0) {
        pump_one();
    }
    assert_int_equal(take_aia(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_offer_read(&aia.binding_control, again));
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(events("provisioning-offered", NULL), 1);
}

static uint32_t next_aia(void)
{
    thread.sent_n = 0;
    while (thread.sent_n == 0) {
        pump_one();
    }
    return take_aia();
}

static void an_offer_that_an_operator_overtakes_is_not_made(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN];
    rival_waits(is_open);
    assert_int_equal(serve(0, asks(0, 1, NULL, BOTH)), S6A_LATER);
    rival_goes_on();
    assert_int_equal(next_aia(), DIAMETER_SUCCESS);
    assert_int_equal(wire_kme_offer_read(&aia.binding_control, nonce), E_NOT_FOUND);
    assert_int_equal(kme_row().phase, KME_IDLE);
    assert_int_equal(events("provisioning-offered", NULL), 0);
    batch(learns);
    rival_waits(removes);
    assert_int_equal(serve(0, asks(0, 1, NULL, BOTH)), S6A_LATER);
    rival_goes_on();
    assert_int_equal(next_aia(), S6A_USER_UNKNOWN);
}

static void an_offer_that_an_operator_undoes_at_once_is_not_given_out(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN];
    assert_int_equal(serve(0, asks(0, 1, NULL, BOTH)), S6A_LATER);
    after_commit(is_open);
    assert_int_equal(next_aia(), DIAMETER_SUCCESS);
    assert_int_equal(wire_kme_offer_read(&aia.binding_control, nonce), E_NOT_FOUND);
    batch(learns);
    assert_int_equal(serve(0, asks(0, 1, NULL, BOTH)), S6A_LATER);
    after_commit(learns); /* another offer is due; but one request makes one */
    assert_int_equal(next_aia(), DIAMETER_TOO_BUSY);
}

/*= test kme-enforced */
static void an_mme_that_knows_nothing_of_it_gets_vectors_and_serves_nobody(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN];
    assert_false(offered(1, NULL, OWN_FEATURE_BINDING, nonce));
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 3);
    assert_int_equal(kme_row().phase, KME_IDLE);
    assert_int_equal(registers(1, 1, OWN_FEATURE_BINDING), 5012);
    (void)carry(1, updates(1, NULL, (struct bytes){NULL, 0}, 0));
    assert_int_equal(take_ula(), 5012);
    assert_int_equal(registers(1, 1, BOTH), 5012);
    assert_int_equal(now_row().serving.host[0], '\0');
    assert_int_equal(events("refused", "provisioning-owed"), 3);
    assert_int_equal(counted(&hss.counters.provisioning_owed), 3);
}

static void vectors_of_utran_alone_are_not_for_provisioning(void **state)
{
    (void)state;
    struct ask q = {.utran = 2};
    air(&q, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    assert_false(aia.binding_control.hss_nonce.p != NULL);
    assert_int_equal(aia.authentication_info.utran_vector_n, 2);
}

/* The USIM is ahead: it answers the offer's challenge with AUTS, and the offer is the same. */
static void a_resynchronisation_is_answered_with_the_offer_that_stands(void **state)
{
    (void)state;
    static uint8_t octets[4096];
    uint8_t nonce[KME_NONCE_LEN], again[KME_NONCE_LEN], info[30];
    struct usim_answer answer;
    size_t n;
    usim.seq[3] = UINT64_C(1) << 40;
    assert_true(offered(0, NULL, BOTH, nonce));
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    struct s6a_air a = {.visited_plmn_id = {(const uint8_t *)PLMN, 3}};
    request_of(&a.request, 0, IMSI_A);
    a.requested_eutran_authentication_info.present = true;
    a.requested_eutran_authentication_info.re_synchronization_info = BYTES_OF(info);
    assert_true(s6a_features_add(a.request.supported_features, &a.request.supported_features_n, OWN,
                                 OWN_FEATURE_LIST_ID, BOTH));
    assert_ok(s6a_air_write(OWN, &a, MBYTES_OF(octets), &n));
    (void)carry(0, (struct bytes){octets, n});
    assert_int_equal(take_aia(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_offer_read(&aia.binding_control, again));
    assert_memory_equal(nonce, again, sizeof nonce);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    struct store_kme none = {.imsi = imsi_of(IMSI_A)};
    put_kme(&none); /* and with an offer that has to be made first */
    usim.seq[3] = UINT64_C(1) << 41;
    assert_true(offered(0, NULL, BOTH, nonce));
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    put_kme(&none);
    assert_ok(s6a_air_write(OWN, &a, MBYTES_OF(octets), &n));
    (void)carry(0, (struct bytes){octets, n});
    assert_int_equal(take_aia(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_offer_read(&aia.binding_control, again));
    assert_memory_not_equal(nonce, again, sizeof nonce);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
}

/* ---- again ---- */

/*= test kme-same-answer */
static void the_same_payload_is_answered_again_without_a_write(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN], first[KME_NW_SIG_LEN], again[KME_NW_SIG_LEN];
    struct imei imei = world_imei(1);
    assert_true(offered(0, NULL, BOTH, nonce));
    assert_int_equal(brings(0, imei.digits, maker_answers(1, nonce)), DIAMETER_SUCCESS);
    assert_ok(wire_kme_answer_read(&ula, first));
    assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_ANSWERED);
    assert_int_equal(take_ula(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_answer_read(&ula, again));
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(ula.subscription_data.subscriber_status.v, S6A_BARRED_BY_OPERATOR);
    assert_int_equal(events("provisioned", NULL), 1);
    assert_int_equal(counted(&hss.counters.provisionings_again), 1);
}

/*= test kme-race kme-same-answer */
static void of_the_same_payload_twice_in_the_pool_one_is_taken_and_both_are_answered(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN], first[KME_NW_SIG_LEN], again[KME_NW_SIG_LEN];
    struct imei imei = world_imei(1);
    assert_true(offered(0, NULL, BOTH, nonce));
    (void)maker_answers(1, nonce);
    pool_stops();
    assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_LATER);
    assert_int_equal(serve(0, updates(0, imei.digits, makers[1].value, BOTH)), S6A_LATER);
    WORLD_AWAIT(kme_pool_waiting(hss.kme_pool) == 2); /* the repository has answered */
    pool_goes_on();
    assert_int_equal(next_ula(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_answer_read(&ula, first));
    assert_int_equal(next_ula(), DIAMETER_SUCCESS);
    assert_ok(wire_kme_answer_read(&ula, again));
    assert_memory_equal(first, again, sizeof first);
    assert_int_equal(events("provisioned", NULL), 1);
    assert_int_equal(counted(&hss.counters.provisionings_taken), 1);
    assert_int_equal(counted(&hss.counters.provisionings_again), 1);
}

/* ---- an operator's wish ---- */

/*= test kme-rebind kme-old-kept kme-enforced */
static void a_renewal_needs_the_old_key_and_keeps_it_until_the_new_one_is_used(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN];
    struct store_device d[STORE_DEVICES_MAX];
    struct imei imei = world_imei(1);
    provisions(1);
    serve_again(&imei, NULL);
    requests(KME_REQUEST_RENEW, MAKERS);
    assert_false(offered(1, NULL, OWN_FEATURE_BINDING, nonce)); /* the old key serves on */
    assert_int_equal(aia.binding_control.binding_mode.v, S6A_BINDING_PROCESSED);
    assert_int_equal(registers(1, 1, OWN_FEATURE_BINDING), DIAMETER_SUCCESS);
    assert_true(offered(0, NULL, BOTH, nonce));
    assert_int_equal(registers(0, 1, BOTH), 5012); /* this MME has got the regular vector */
    assert_int_equal(registers(1, 1, OWN_FEATURE_BINDING), DIAMETER_SUCCESS);
    const struct key_kme old = makers[1].me.active;
    assert_int_equal(brings(0, imei.digits, maker_answers(1, nonce)), DIAMETER_SUCCESS);
    assert_int_equal(devices_now(d), 1);
    assert_true(d[0].has_previous);
    assert_memory_equal(d[0].previous.b, old.b, KME_LEN);
    assert_int_equal(d[0].kme_used, 0);
    assert_int_equal(kme_row().request, KME_REQUEST_NONE);
    assert_int_equal(registers(0, 1, BOTH), DIAMETER_SUCCESS);
    assert_int_equal(devices_now(d), 1);
    assert_false(d[0].has_previous);
    assert_true(d[0].kme_used > 0);
    assert_int_equal(events("kme-in-use", NULL), 2);
}

/*= test kme-renewal-waits */
static void a_renewal_that_comes_to_nothing_leaves_the_old_key_to_be_served_under(void **state)
{
    (void)state;
    uint8_t first[KME_NONCE_LEN], nonce[KME_NONCE_LEN];
    provisions(1);
    requests(KME_REQUEST_RENEW, MAKERS);
    assert_true(offered(0, NULL, BOTH, first));
    struct store_kme row = kme_row();
    row.expires -= 61; /* less than half of its life is left */
    put_kme(&row);
    assert_false(offered(0, NULL, BOTH, nonce));
    assert_int_equal(aia.binding_control.binding_mode.v, S6A_BINDING_PROCESSED);
    assert_int_equal(registers(0, 1, BOTH), DIAMETER_SUCCESS); /* nothing is owed */
    row.expires -= KME_REST * 120;
    put_kme(&row);
    assert_true(offered(0, NULL, BOTH, nonce));
    assert_memory_not_equal(first, nonce, sizeof first);
    assert_int_equal(registers(0, 1, BOTH), 5012);
}

/*= test kme-renewal-waits kme-offer-stands */
static void who_claims_another_device_s_imei_takes_no_nonce_from_under_a_device(void **state)
{
    (void)state;
    uint8_t first[KME_NONCE_LEN], nonce[KME_NONCE_LEN];
    struct imei bound = world_imei(1), listed = world_imei(2);
    config.served_imei_known = true;
    provisions(1);
    adds_device(2, NULL);
    requests(KME_REQUEST_RENEW, MAKERS);
    assert_true(offered(0, listed.digits, BOTH, first));
    assert_false(offered(0, bound.digits, BOTH, nonce)); /* its renewal can wait */
    assert_int_equal(aia.binding_control.binding_mode.v, S6A_BINDING_PROCESSED);
    assert_int_equal(registers(0, 1, BOTH), DIAMETER_SUCCESS);
    assert_int_equal(brings(0, listed.digits, maker_answers(2, first)), DIAMETER_SUCCESS);
}

/*= test kme-rebind kme-approval */
static void a_rebinding_puts_the_approved_device_in_the_place_of_the_other(void **state)
{
    (void)state;
    uint8_t nonce[KME_NONCE_LEN];
    struct store_device d[STORE_DEVICES_MAX];
    struct imei sold = world_imei(2), other = world_imei(3);
    provisions(1);
    requests(KME_REQUEST_REBIND, 2);
    assert_false(offered(0, world_imei(1).digits, BOTH, nonce)); /* the old one goes on as it was */
    assert_true(offered(0, sold.digits, BOTH, nonce));
    assert_int_equal(brings(0, other.digits, maker_answers(3, nonce)), 5012);
    assert_int_equal(events("provisioning-refused", "imei-not-authorised"), 1);
    assert_int_equal(brings(0, sold.digits, maker_answers(2, nonce)), DIAMETER_SUCCESS);
    assert_int_equal(devices_now(d), 1);
    assert_true(imei_eq(&d[0].imei, &sold));
    assert_int_equal(registers(0, 1, BOTH), 5012);
}

/* ---- a KME that was brought ---- */

static void has_a_brought_kme(struct store_writer *w)
{
    enum store_did did;
    struct store_device d = {.imsi = imsi_of(IMSI_A), .imei = world_imei(1), .has_kme = true};
    memset(d.kme.b, 7, sizeof d.kme.b);
    assert_ok(store_put_device(w, STORE_INSERT, &d, &did));
}

/*= test kme-events */
static void the_first_use_of_a_kme_that_was_brought_is_kept_and_is_no_news(void **state)
{
    (void)state;
    struct store_device d[STORE_DEVICES_MAX];
    batch(has_a_brought_kme);
    assert_int_equal(registers(0, 1, BOTH), DIAMETER_SUCCESS);
    assert_int_equal(devices_now(d), 1);
    assert_true(d[0].kme_used > 0);
    assert_int_equal(events("kme-in-use", NULL), 0);
}

#define CASE(test) cmocka_unit_test_setup_teardown(test, up, provision_down)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_device_without_a_key_is_offered_one_brings_it_and_is_served_under_it),
        CASE(the_answer_to_a_payload_serves_nobody),
        CASE(whoever_may_hold_vectors_is_told_but_not_who_asked),
        CASE(the_node_that_served_is_told_once),
        CASE(an_offer_that_stands_is_given_out_again_without_a_write),
        CASE(of_two_requests_at_once_one_makes_an_offer),
        CASE(an_offer_that_an_operator_overtakes_is_not_made),
        CASE(an_offer_that_an_operator_undoes_at_once_is_not_given_out),
        CASE(an_mme_that_knows_nothing_of_it_gets_vectors_and_serves_nobody),
        CASE(vectors_of_utran_alone_are_not_for_provisioning),
        CASE(a_resynchronisation_is_answered_with_the_offer_that_stands),
        CASE(the_same_payload_is_answered_again_without_a_write),
        CASE(of_the_same_payload_twice_in_the_pool_one_is_taken_and_both_are_answered),
        CASE(a_renewal_needs_the_old_key_and_keeps_it_until_the_new_one_is_used),
        CASE(a_renewal_that_comes_to_nothing_leaves_the_old_key_to_be_served_under),
        CASE(who_claims_another_device_s_imei_takes_no_nonce_from_under_a_device),
        CASE(a_rebinding_puts_the_approved_device_in_the_place_of_the_other),
        CASE(the_first_use_of_a_kme_that_was_brought_is_kept_and_is_no_news),
    };
    provision_keys();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    provision_keys_gone();
    return failed;
}
