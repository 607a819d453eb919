/* test/nf/s6a_test.c - the HSS's half of S6a in one process (src/nf/hssd/s6a.c, src/nf/hssd/air.c,
 * src/nf/hssd/ulr.c, src/nf/hssd/pur.c, src/nf/hssd/nor.c, src/nf/hssd/cancel.c,
 * src/nf/hssd/subscription.c, src/nf/hssd/event.c, src/wire/s6a_aka.c, src/wire/refusal_wire.c).
 * Every attack of the procedure `binding` is here with the name of the refusal it gets, and a look
 * at what did not change. */
#include "nf/s6a_world.h"

/* ---- the procedure ---- */

/*= test binding-2 */
/*= test binding-list */
/*= test binding-keys */
static void a_bound_sim_authenticates_in_its_device_through_any_mme(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    air(&(struct ask){.vectors = 1, .plain = true}, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    assert_false(aia.binding_control.present);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(answer.sqn % SQN_IND_COUNT, config.instance);
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(aia.binding_control.binding_mode.v, S6A_BINDING_PROCESSED);
}

/*= test binding-1d */
static void five_vectors_use_one_key_and_consecutive_seqs(void **state)
{
    (void)state;
    struct s6a_aia aia;
    uint64_t before = 0;
    air(&(struct ask){.vectors = 5}, &aia);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 5);
    for (unsigned i = 0; i < 5; i++) {
        struct binding_vector v;
        struct usim_answer a;
        assert_ok(wire_aia_vector(&aia, i, &v));
        assert_int_equal(binding_me_challenge(&thread.crypto, &me, &usim, v.rand, &v.autn, &a),
                         BINDING_ME_ANSWERED);
        assert_true(i == 0 || a.sqn >> SQN_IND_BITS == before + 1);
        before = a.sqn >> SQN_IND_BITS;
        assert_int_equal(aia.authentication_info.e_utran_vector[i].item_number.v, i + 1);
    }
}

/*= test binding-access */
static void utran_vectors_are_processed_too(void **state)
{
    (void)state;
    struct s6a_aia aia;
    air(&(struct ask){.vectors = 1, .utran = 2}, &aia);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 1);
    assert_int_equal(aia.authentication_info.utran_vector_n, 2);
    const struct s6a_utran_vector *v = &aia.authentication_info.utran_vector[1];
    struct autn autn;
    struct usim_answer a;
    memcpy(autn.b, v->autn.p, 16);
    assert_int_equal(binding_me_challenge(&thread.crypto, &me, &usim, v->rand.p, &autn, &a),
                     BINDING_ME_ANSWERED);
    assert_memory_equal(a.ck.b, v->confidentiality_key.p, 16);
    assert_memory_equal(a.ik.b, v->integrity_key.p, 16);
}

/*= test binding-5b */
/*= test binding-factory */
/*= test binding-theft */
static void a_stolen_sim_is_refused_and_the_third_failure_raises_the_alarm(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    struct binding_me thief = {.has_kme = false};
    for (int i = 0; i < 4; i++) {
        struct binding_vector v;
        air(&(struct ask){.vectors = 1, .served_imei = IMEI_A}, &aia);
        assert_ok(wire_aia_vector(&aia, 0, &v));
        assert_int_equal(
            binding_me_challenge(&thread.crypto, &thief, &usim, v.rand, &v.autn, &answer),
            BINDING_ME_NO_KME);
        assert_int_equal(nor(0, IMEI_A), DIAMETER_SUCCESS);
        assert_int_equal(events("suspected-theft", NULL), i >= 2 ? 1 : 0);
    }
    assert_int_equal(row_of(IMSI_A).binding_failures, 4);
    assert_int_equal(events("binding-failure", "mac-failure"), 4);
    /* Nothing but the count changed: the right device still gets in, and that ends the row. */
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(row_of(IMSI_A).binding_failures, 0);
}

/*= test binding-unlisted */
/*= test binding-bound */
static void an_unlisted_served_imei_gets_no_vector(void **state)
{
    (void)state;
    struct s6a_aia aia;
    air(&(struct ask){.vectors = 1, .served_imei = IMEI_B}, &aia);
    assert_int_equal(code_of(&aia.answer), S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 0);
    assert_int_equal(events("refused", "imei-not-authorised"), 1);
}

static void a_registration_with_an_unlisted_imei_is_refused(void **state)
{
    (void)state;
    assert_int_equal(ulr(0, IMSI_A, IMEI_B, 0, NULL), DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(events("refused", "imei-not-listed"), 1);
    assert_string_equal(row_of(IMSI_A).serving.host, "");
    assert_false(row_of(IMSI_A).has_last_imei);
}

/*= test binding-reported */
/*= test binding-0 */
static void the_imei_of_the_registration_picks_the_key_next_time(void **state)
{
    (void)state;
    struct key_kme other = {{9}};
    struct s6a_aia aia;
    struct usim_answer answer;
    put_device(IMSI_A, IMEI_B, &other);
    assert_int_equal(air_code(&(struct ask){.vectors = 1}), S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(events("refused", "kme-ambiguous"), 1);
    air(&(struct ask){.vectors = 1, .served_imei = IMEI_A}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A "01", 0, NULL), DIAMETER_SUCCESS);
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
}

static bool is_in_progress(struct bytes msg)
{
    struct diameter_header header;
    assert_ok(diameter_header_read(msg, &header));
    return s6a_is_in_progress(&header, msg);
}

static void only_what_asks_for_first_vectors_is_new(void **state)
{
    (void)state;
    static const uint8_t info[30] = {1};
    struct bytes resync = air_octets(&(struct ask){.vectors = 1, .resync = info});
    assert_true(is_in_progress(resync));
    struct bytes msg = air_octets(&(struct ask){.vectors = 3, .utran = 1});
    assert_false(is_in_progress(msg));
    assert_false(is_in_progress((struct bytes){msg.p, DIAMETER_HEADER_LEN})); /* no AVP at all */
    struct diameter_header header = {.command = S6A_UPDATE_LOCATION};
    assert_true(s6a_is_in_progress(&header, msg));
}

/* ---- resynchronisation ---- */

/*= test binding-resync */
static void a_usim_far_ahead_resynchronises_with_one_write(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    uint8_t info[30];
    usim.seq[3] = UINT64_C(1) << 40;
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    air(&(struct ask){.vectors = 1, .resync = info}, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
    assert_true(row_of(IMSI_A).dif > 0);
    assert_int_equal(events("resynchronised", NULL), 1);
    /* The same AUTS again, replayed by whoever saw it: no state changes. */
    int64_t dif = row_of(IMSI_A).dif;
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .resync = info}), DIAMETER_SUCCESS);
    assert_int_equal(row_of(IMSI_A).dif, dif);
}

/*= test binding-update */
static void auts_under_the_previous_kme_is_understood(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    struct key_kme newer = {{7, 7, 7}};
    uint8_t info[30];
    usim.seq[3] = UINT64_C(1) << 40;
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    put_device(IMSI_A, IMEI_A, &newer);
    air(&(struct ask){.vectors = 1, .resync = info}, &aia);
    assert_int_equal(code_of(&aia.answer), DIAMETER_SUCCESS);
    me.kme = newer;
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
}

static void a_forged_auts_is_refused_and_nothing_moves(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    uint8_t info[30];
    usim.seq[3] = UINT64_C(1) << 40;
    air(&(struct ask){.vectors = 1}, &aia);
    assert_int_equal(challenge(&aia, &answer), BINDING_ME_SYNC_FAILURE);
    resync_info(&aia, &answer.auts, info);
    info[29] ^= 1;
    air(&(struct ask){.vectors = 1, .resync = info}, &aia);
    assert_int_equal(code_of(&aia.answer), S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(aia.authentication_info.e_utran_vector_n, 0);
    assert_int_equal(events("refused", "auts-forged"), 1);
    assert_int_equal(row_of(IMSI_A).dif, 0);
}

/* A crash is memory dropped and the stored image read again. */
static void after_a_crash_no_sqn_goes_back(void **state)
{
    (void)state;
    struct s6a_aia aia;
    struct usim_answer answer;
    uint64_t highest = 0;
    for (int crash = 0; crash < 12; crash++) {
        for (int i = 0; i < 7; i++) {
            air(&(struct ask){.vectors = 3}, &aia);
            assert_int_equal(challenge(&aia, &answer), BINDING_ME_ANSWERED);
            assert_true(answer.sqn > highest);
            highest = answer.sqn + 2 * SQN_IND_COUNT; /* the two that were not used */
        }
        hss_stop();
        hss_start();
    }
}

/* ---- registration ---- */

static void a_registration_brings_the_whole_subscription(void **state)
{
    (void)state;
    struct s6a_ula ula;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, S6A_ULR_INITIAL_ATTACH, &ula), DIAMETER_SUCCESS);
    const struct s6a_subscription_data *d = &ula.subscription_data;
    assert_int_equal(ula.ula_flags.v, S6A_ULA_SEPARATION);
    assert_int_equal(d->subscriber_status.v, S6A_SERVICE_GRANTED);
    assert_int_equal(d->network_access_mode.v, S6A_ONLY_PACKET);
    assert_int_equal(d->access_restriction_data.v, 1u << 6);
    assert_int_equal(d->subscribed_periodic_rau_tau_timer.v, 3240);
    assert_int_equal(d->ambr.max_requested_bandwidth_ul.v, 1000000);
    assert_int_equal(d->ambr.max_requested_bandwidth_dl.v, 2000000);
    assert_int_equal(d->msisdn.n, 6);
    assert_memory_equal(d->msisdn.p, "\x94\x71\x10\x32\x54\xf6", 6);
    assert_int_equal(d->apn_configuration_profile.apn_configuration_n, 2);
    const struct s6a_apn_configuration *apn = &d->apn_configuration_profile.apn_configuration[1];
    assert_true(bytes_eq(apn->service_selection, BYTES_LIT("meters")));
    assert_int_equal(apn->eps_subscribed_qos_profile.qos_class_identifier.v, 5);
    const struct s6a_allocation_retention_priority *arp =
        &apn->eps_subscribed_qos_profile.allocation_retention_priority;
    assert_int_equal(arp->priority_level.v, 2);
    assert_int_equal(arp->pre_emption_capability.v, S6A_MAY_PRE_EMPT);
    assert_int_equal(arp->pre_emption_vulnerability.v, S6A_NOT_PRE_EMPTABLE);
    assert_string_equal(row_of(IMSI_A).serving.host, MME1);
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, S6A_ULR_SKIP_SUBSCRIBER_DATA, &ula), DIAMETER_SUCCESS);
    assert_false(ula.subscription_data.present);
}

static void the_old_mme_is_told_when_another_registers(void **state)
{
    (void)state;
    struct route to_mme1 = {.peer = peer_states[0], .thread = &thread, .conn = 1};
    assert_ok(routes_add(hss.routes, &to_mme1));
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(ulr(1, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    pump_one();
    assert_int_equal(thread.requests, 1);
    struct s6a_clr clr = clr_sent();
    assert_true(bytes_eq(clr.request.destination_host, BYTES_LIT(MME1)));
    assert_true(bytes_eq(clr.request.user_name, BYTES_LIT(IMSI_A)));
    assert_int_equal(clr.cancellation_type.v, S6A_MME_UPDATE_PROCEDURE);
    /* A repetition tells nobody. */
    assert_int_equal(ulr(1, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_false(pump_waiting());
}

/*= test binding-cancel */
static void becoming_bound_tells_every_node_that_may_hold_vectors(void **state)
{
    (void)state;
    struct route routes[] = {{.peer = peer_states[0], .thread = &thread, .conn = 1},
                             {.peer = peer_states[1], .thread = &thread, .conn = 2}};
    assert_ok(routes_add(hss.routes, &routes[0]));
    assert_ok(routes_add(hss.routes, &routes[1]));
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    struct store_subscriber row = row_of(IMSI_A);
    hssd_cancel_location(&hss, &row.imsi, &row.serving, true, S6A_MME_UPDATE_PROCEDURE);
    pump_one();
    assert_true(bytes_eq(clr_sent().request.destination_host, BYTES_LIT(MME1)));
    pump_one();
    assert_true(bytes_eq(clr_sent().request.destination_host, BYTES_LIT(MME2)));
    assert_false(pump_waiting());
}

static void a_purge_counts_only_from_the_serving_node(void **state)
{
    (void)state;
    struct s6a_pua pua;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), DIAMETER_SUCCESS);
    assert_int_equal(pur(1, &pua), DIAMETER_SUCCESS);
    assert_int_equal(pua.pua_flags.v, 0);
    assert_false(row_of(IMSI_A).serving.purged);
    assert_int_equal(pur(0, &pua), DIAMETER_SUCCESS);
    assert_int_equal(pua.pua_flags.v, S6A_PUA_FREEZE_M_TMSI);
    assert_true(row_of(IMSI_A).serving.purged);
}

static void a_failure_report_from_a_node_that_got_no_vector_is_refused(void **state)
{
    (void)state;
    assert_int_equal(nor(1, IMEI_A), S6A_UNKNOWN_SERVING_NODE);
    assert_int_equal(row_of(IMSI_A).binding_failures, 0);
    assert_int_equal(events("refused", "unknown-serving-node"), 1);
}

/*= test binding-unconfirmed */
static void vectors_without_a_registration_raise_their_event_once(void **state)
{
    (void)state;
    for (int i = 0; i < 8; i++) {
        assert_int_equal(air_code(&(struct ask){.vectors = 1}), DIAMETER_SUCCESS);
    }
    assert_int_equal(events("unconfirmed-vectors", NULL), 1);
    assert_int_equal(events("suspected-theft", NULL), 0);
}

/* ---- refusals ---- */

static void each_refusal_has_its_code_and_its_name(void **state)
{
    (void)state;
    put_subscriber("001010000000002", BINDING_OPEN, true);
    put_subscriber("001010000000003", BINDING_BOUND, false);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "001010000000099"}),
                     S6A_USER_UNKNOWN);
    assert_int_equal(events("refused", "unknown-subscriber"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "001010000000002"}),
                     DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(events("refused", "barred"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "001010000000003"}),
                     S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(events("refused", "no-kme"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .plmn = "\x62\xf2\x10"}),
                     DIAMETER_UNABLE_TO_COMPLY);
    assert_int_equal(events("refused", "visited-plmn-not-allowed"), 1);
    assert_int_equal(air_code(&(struct ask){.vectors = 1, .imsi = "00101000000000x"}),
                     DIAMETER_INVALID_AVP_VALUE);
    assert_int_equal(air_code(&(struct ask){.vectors = 0}), DIAMETER_MISSING_AVP);
    assert_int_equal(events("refused", "malformed"), 2);
    assert_int_equal(ulr(0, "001010000000099", NULL, 0, NULL), S6A_USER_UNKNOWN);
    profiles[0].access_restriction_data = 1u << 4;
    assert_int_equal(ulr(0, IMSI_A, IMEI_A, 0, NULL), S6A_RAT_NOT_ALLOWED);
    profiles[0].access_restriction_data = 1u << 6;
    assert_int_equal(events("refused", "rat-not-allowed"), 1);
}

static void too_many_vectors_in_no_time_end_in_a_refusal_not_in_a_repeated_sqn(void **state)
{
    (void)state;
    uint32_t code = DIAMETER_SUCCESS;
    int asked = 0;
    while (code == DIAMETER_SUCCESS && asked < 1000) {
        code = air_code(&(struct ask){.vectors = 5});
        asked++;
    }
    assert_int_equal(code, S6A_AUTHENTICATION_DATA_UNAVAILABLE);
    assert_int_equal(events("refused", "sqn-exhausted"), 1);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(a_bound_sim_authenticates_in_its_device_through_any_mme),
        CASE(five_vectors_use_one_key_and_consecutive_seqs),
        CASE(utran_vectors_are_processed_too),
        CASE(a_stolen_sim_is_refused_and_the_third_failure_raises_the_alarm),
        CASE(an_unlisted_served_imei_gets_no_vector),
        CASE(a_registration_with_an_unlisted_imei_is_refused),
        CASE(the_imei_of_the_registration_picks_the_key_next_time),
        CASE(only_what_asks_for_first_vectors_is_new),
        CASE(a_usim_far_ahead_resynchronises_with_one_write),
        CASE(auts_under_the_previous_kme_is_understood),
        CASE(a_forged_auts_is_refused_and_nothing_moves),
        CASE(after_a_crash_no_sqn_goes_back),
        CASE(a_registration_brings_the_whole_subscription),
        CASE(the_old_mme_is_told_when_another_registers),
        CASE(becoming_bound_tells_every_node_that_may_hold_vectors),
        CASE(a_purge_counts_only_from_the_serving_node),
        CASE(a_failure_report_from_a_node_that_got_no_vector_is_refused),
        CASE(vectors_without_a_registration_raise_their_event_once),
        CASE(each_refusal_has_its_code_and_its_name),
        CASE(too_many_vectors_in_no_time_end_in_a_refusal_not_in_a_repeated_sqn),
    };
    return cmocka_run_group_tests_name("s6a", tests, NULL, NULL);
}
