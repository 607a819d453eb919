/* Tests src/codec/s1ap.c, src/codec/s1ap_get.c, src/codec/s1ap_put.c, src/codec/s1ap_types.c,
 * src/codec/s1ap_messages.c and src/codec/s1ap_table.c. */
#include "codec/s1ap_golden.h"
#include "codec/s1ap_table.h"

static struct s1ap_sample samples[S1AP_SAMPLES];

static void each_message_is_written_as_its_golden_octets(void **state)
{
    (void)state;
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        struct s1ap_octets want, got;
        s1ap_golden(samples[i].name, &want);
        assert_ok(s1ap_write(&samples[i].pdu, MBYTES_OF(got.p), &got.n));
        assert_int_equal(got.n, want.n);
        assert_memory_equal(got.p, want.p, want.n);
    }
}

static void each_message_is_read_without_fault_and_written_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        struct s1ap_octets in, again;
        struct s1ap_pdu pdu;
        struct s1ap_fault fault;
        s1ap_golden(samples[i].name, &in);
        assert_ok(s1ap_parse(s1ap_span(&in), &pdu, &fault));
        assert_int_equal(fault.kind, S1AP_FAULT_NONE);
        assert_false(fault.report);
        assert_int_equal(pdu.type, samples[i].pdu.type);
        assert_ok(s1ap_write(&pdu, MBYTES_OF(again.p), &again.n));
        assert_int_equal(again.n, in.n);
        assert_memory_equal(again.p, in.p, in.n);
    }
}

static void every_message_has_a_sample(void **state)
{
    (void)state;
    for (unsigned type = 0; type < S1AP_MESSAGE_COUNT; type++) {
        size_t i = 0;
        while (i < S1AP_SAMPLES && samples[i].pdu.type != (enum s1ap_message)type) {
            i++;
        }
        assert_true(i < S1AP_SAMPLES);
    }
}

static void every_prefix_of_every_message_is_refused_and_leaves_nothing(void **state)
{
    (void)state;
    static const struct s1ap_pdu zero;
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        struct s1ap_octets in;
        s1ap_golden(samples[i].name, &in);
        for (size_t n = 0; n < in.n; n++) {
            struct s1ap_pdu pdu;
            struct s1ap_fault fault;
            uint8_t *cut = exact_copy((struct bytes){in.p, n});
            assert_err(s1ap_parse((struct bytes){cut, n}, &pdu, &fault), E_TRUNCATED);
            assert_int_equal(fault.kind, S1AP_FAULT_TRANSFER_SYNTAX);
            assert_memory_equal(&pdu, &zero, sizeof pdu);
            free(cut);
        }
    }
}

static void an_octet_after_a_message_is_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        struct s1ap_octets in;
        struct s1ap_pdu pdu;
        struct s1ap_fault fault;
        s1ap_golden(samples[i].name, &in);
        in.p[in.n++] = 0;
        assert_err(s1ap_parse(s1ap_span(&in), &pdu, &fault), E_TRAILING);
    }
}

static void every_smaller_capacity_is_no_room(void **state)
{
    (void)state;
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        struct s1ap_octets in;
        s1ap_golden(samples[i].name, &in);
        for (size_t cap = 0; cap < in.n; cap++) {
            uint8_t *out = malloc(cap == 0 ? 1 : cap);
            size_t n = 12345;
            assert_err(s1ap_write(&samples[i].pdu, (struct mbytes){out, cap}, &n), E_NO_ROOM);
            assert_int_equal(n, 12345);
            free(out);
        }
    }
}

/* Whatever is changed, what is still accepted is written and read again as the same. */
static void a_message_with_any_octet_changed_is_refused_or_reads_the_same_again(void **state)
{
    (void)state;
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        struct s1ap_octets in;
        s1ap_golden(samples[i].name, &in);
        for (size_t k = 0; k < in.n * 8; k++) {
            struct s1ap_octets one, two;
            struct s1ap_pdu pdu, again;
            struct s1ap_fault fault;
            uint8_t *copy = exact_copy(s1ap_span(&in));
            copy[k / 8] ^= (uint8_t)(1U << k % 8);
            enum err e = s1ap_parse((struct bytes){copy, in.n}, &pdu, &fault);
            if (e == E_OK && (e = s1ap_write(&pdu, MBYTES_OF(one.p), &one.n)) != E_MISSING) {
                assert_ok(e);
                assert_ok(s1ap_parse(s1ap_span(&one), &again, &fault));
                assert_ok(s1ap_write(&again, MBYTES_OF(two.p), &two.n));
                assert_int_equal(one.n, two.n);
                assert_memory_equal(one.p, two.p, two.n);
            }
            free(copy);
        }
    }
}

static void read_sample(const char *name, struct s1ap_octets *in, struct s1ap_pdu *pdu)
{
    struct s1ap_fault fault;
    s1ap_golden(name, in);
    assert_ok(s1ap_parse(s1ap_span(in), pdu, &fault));
}

static void an_initial_ue_message_gives_its_values(void **state)
{
    (void)state;
    struct s1ap_octets in;
    struct s1ap_pdu pdu;
    read_sample("InitialUEMessage-rerouted", &in, &pdu);
    const struct s1ap_initial_ue_message *m = &pdu.u.initial_ue_message;
    assert_int_equal(m->enb_ue_s1ap_id, 0xFFFFFF);
    assert_true(bytes_eq(m->nas_pdu, BYTES_OF(nas)));
    assert_true(plmn_eq(&m->tai.plmn, &wide));
    assert_int_equal(m->tai.tac, 0xFFFE);
    assert_true(m->has_eutran_cgi);
    assert_int_equal(m->eutran_cgi.cell_identity, 0xABCDE01);
    assert_int_equal(m->rrc_cause, S1AP_RRC_MO_EXCEPTION_DATA);
    assert_int_equal(m->s_tmsi.m_tmsi, 0xC0000001);
    assert_int_equal(m->gummei.mme_code, 7);
    assert_int_equal(m->ue_usage_type, 200);
}

static void the_digits_of_a_three_digit_mnc_lie_in_sequence(void **state)
{
    (void)state;
    /* 310-410: 9.2.3.8, not the order of TS 24.301 */
    uint8_t v[] = {0x13, 0x40, 0x01}, two[] = {0x62, 0xF2, 0x10};
    struct plmn plmn;
    s1ap_plmn_to_nas(v);
    assert_ok(plmn_from_octets(v, &plmn));
    assert_true(plmn_eq(&plmn, &wide));
    s1ap_plmn_from_nas(v);
    assert_memory_equal(v, "\x13\x40\x01", 3);
    s1ap_plmn_to_nas(two);
    s1ap_plmn_from_nas(two);
    assert_ok(plmn_from_octets(two, &plmn));
    assert_true(plmn_eq(&plmn, &partner));
}

static void lists_are_walked_as_they_came(void **state)
{
    (void)state;
    struct s1ap_octets in;
    struct s1ap_pdu pdu;
    read_sample("S1SetupRequest-home", &in, &pdu);
    const struct s1ap_s1_setup_request *m = &pdu.u.s1_setup_request;
    assert_int_equal(m->global_enb_id.enb_id.kind, S1AP_ENB_HOME);
    assert_int_equal(m->global_enb_id.enb_id.id, 0xFEDCBA9);
    assert_false(m->has_enb_name);
    struct s1ap_cursor c = s1ap_each(&m->supported_tas);
    for (size_t i = 0; i < 3; i++) {
        struct s1ap_supported_ta ta;
        struct plmn plmn;
        assert_true(s1ap_next_supported_ta(&c, &ta));
        assert_int_equal(ta.tac, tas_three[i].tac);
        assert_int_equal(ta.has_rat_type, tas_three[i].has_rat_type);
        assert_int_equal(ta.rat_type, tas_three[i].rat_type);
        struct s1ap_cursor inner = s1ap_each(&ta.broadcast_plmns);
        for (size_t k = 0; k < tas_three[i].broadcast_plmns.n; k++) {
            assert_true(s1ap_next_plmn(&inner, &plmn));
            assert_true(plmn_eq(&plmn, &plmns_six[k]));
        }
        assert_false(s1ap_next_plmn(&inner, &plmn));
    }
    struct s1ap_supported_ta none;
    assert_false(s1ap_next_supported_ta(&c, &none));
}

static void served_gummeis_are_lists_of_lists(void **state)
{
    (void)state;
    struct s1ap_octets in;
    struct s1ap_pdu pdu;
    struct s1ap_served_gummei item;
    read_sample("S1SetupResponse", &in, &pdu);
    struct s1ap_cursor c = s1ap_each(&pdu.u.s1_setup_response.served_gummeis);
    assert_true(s1ap_next_served_gummei(&c, &item));
    assert_false(item.has_gummei_type);
    assert_true(s1ap_next_served_gummei(&c, &item));
    assert_int_equal(item.gummei_type, S1AP_GUMMEI_MAPPED_FROM_5G);
    struct s1ap_cursor g = s1ap_each(&item.group_ids), m = s1ap_each(&item.mmecs);
    for (size_t i = 0; i < 3; i++) {
        uint16_t group;
        assert_true(s1ap_next_group_id(&g, &group));
        assert_int_equal(group, groups[i]);
    }
    for (size_t i = 0; i < 4; i++) {
        uint8_t mmec;
        assert_true(s1ap_next_mmec(&m, &mmec));
        assert_int_equal(mmec, codes[i]);
    }
}

static void bearers_and_connections_give_their_values(void **state)
{
    (void)state;
    struct s1ap_octets in;
    struct s1ap_pdu pdu;
    struct s1ap_e_rab_to_be_setup bearer;
    struct s1ap_connection connection;
    read_sample("InitialContextSetupRequest", &in, &pdu);
    const struct s1ap_initial_context_setup_request *m = &pdu.u.initial_context_setup_request;
    assert_true(m->ambr.downlink == UINT64_C(10000000000));
    assert_int_equal(m->security_capabilities.encryption, 0xE000);
    assert_true(bytes_eq(m->security_key, BYTES_OF(kenb)));
    struct s1ap_cursor c = s1ap_each(&m->e_rabs);
    assert_true(s1ap_next_e_rab_to_be_setup(&c, &bearer));
    assert_true(bytes_eq(bearer.nas_pdu, BYTES_OF(nas)));
    assert_true(s1ap_next_e_rab_to_be_setup(&c, &bearer));
    assert_int_equal(bearer.e_rab_id, 15);
    assert_true(bearer.qos.gbr.guaranteed_uplink == 65536);
    assert_int_equal(bearer.address.n, 20);
    assert_false(bearer.has_nas_pdu);
    read_sample("Reset-part", &in, &pdu);
    c = s1ap_each(&pdu.u.reset.type.connections);
    for (size_t i = 0; i < 4; i++) {
        assert_true(s1ap_next_connection(&c, &connection));
        assert_int_equal(connection.has_mme_ue_s1ap_id, connections[i].has_mme_ue_s1ap_id);
        assert_int_equal(connection.mme_ue_s1ap_id, connections[i].mme_ue_s1ap_id);
        assert_int_equal(connection.has_enb_ue_s1ap_id, connections[i].has_enb_ue_s1ap_id);
    }
}

static void outcomes_give_their_bearers_and_diagnostics(void **state)
{
    (void)state;
    struct s1ap_octets in;
    struct s1ap_pdu pdu;
    struct s1ap_e_rab_setup set_up;
    struct s1ap_e_rab_failed failed;
    struct s1ap_diagnostic diagnostic;
    struct s1ap_gummei gummei;
    read_sample("InitialContextSetupResponse", &in, &pdu);
    const struct s1ap_initial_context_setup_response *m = &pdu.u.initial_context_setup_response;
    struct s1ap_cursor c = s1ap_each(&m->e_rabs);
    assert_true(s1ap_next_e_rab_setup(&c, &set_up) && s1ap_next_e_rab_setup(&c, &set_up));
    assert_int_equal(set_up.gtp_teid, 0x80000000);
    c = s1ap_each(&m->e_rabs_failed);
    assert_true(s1ap_next_e_rab_failed(&c, &failed));
    assert_int_equal(failed.cause.value, S1AP_RADIO_NOT_SUPPORTED_QCI_VALUE);
    c = s1ap_each(&m->diagnostics.ies);
    assert_true(s1ap_next_diagnostic(&c, &diagnostic) && s1ap_next_diagnostic(&c, &diagnostic));
    assert_int_equal(diagnostic.ie_id, 65535);
    assert_false(s1ap_next_diagnostic(&c, &diagnostic));
    read_sample("OverloadStop", &in, &pdu);
    c = s1ap_each(&pdu.u.overload_stop.gummeis);
    assert_true(s1ap_next_gummei(&c, &gummei));
    assert_int_equal(gummei.mme_group_id, 0x8001);
}

static void a_struct_that_its_parser_would_refuse_is_not_written(void **state)
{
    (void)state;
    static uint8_t out[S1AP_MOST];
    size_t n;
    struct s1ap_pdu pdu = {.type = S1AP_UE_CONTEXT_RELEASE_REQUEST};
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_MISSING); /* Cause */
    pdu.u.ue_context_release_request.has_cause = true;
    assert_ok(s1ap_write(&pdu, MBYTES_OF(out), &n));
    pdu.u.ue_context_release_request.cause.value = 44;
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_VALUE);
    pdu.u.ue_context_release_request.cause = S1AP_CAUSE_OF(NAS, 0);
    pdu.u.ue_context_release_request.enb_ue_s1ap_id = 0x1000000;
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_VALUE);
    pdu = samples[13].pdu;
    pdu.u.initial_ue_message.nas_pdu.n = 0;
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_LENGTH);
    pdu = samples[13].pdu;
    pdu.u.initial_ue_message.tai.plmn.mcc[0] = '\0';
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_VALUE);
    pdu = samples[0].pdu;
    pdu.u.s1_setup_request.enb_name = BYTES_LIT("enb_1");
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_VALUE);
    pdu = samples[0].pdu;
    pdu.u.s1_setup_request.supported_tas.n = 0;
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_LENGTH);
    pdu = samples[22].pdu;
    pdu.u.initial_context_setup_request.security_key.n = 31;
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_LENGTH);
    pdu.type = S1AP_MESSAGE_COUNT;
    assert_err(s1ap_write(&pdu, MBYTES_OF(out), &n), E_BAD_VALUE);
}

static void names_are_those_of_the_asn1(void **state)
{
    (void)state;
    assert_string_equal(s1ap_message_name(S1AP_REROUTE_NAS_REQUEST), "RerouteNASRequest");
    assert_null(s1ap_message_name(S1AP_MESSAGE_COUNT));
    assert_string_equal(s1ap_procedure_name(17), "S1Setup");
    assert_null(s1ap_procedure_name(10));
    assert_null(s1ap_procedure_name(255));
    assert_string_equal(s1ap_ie_name(S1AP_IE_NAS_PDU), "NAS-PDU");
    assert_null(s1ap_ie_name(65535));
    assert_string_equal(s1ap_cause_group_name(S1AP_CAUSE_OF(NAS, 0)), "nas");
    assert_string_equal(s1ap_cause_name(S1AP_CAUSE_OF(NAS, S1AP_NAS_DETACH)), "detach");
    assert_null(s1ap_cause_name(S1AP_CAUSE_OF(NAS, 6)));
    assert_null(s1ap_cause_name((struct s1ap_cause){.group = (enum s1ap_cause_group)5}));
}

/* Every IE of the tables has a name, and stands there once; the engine's masks hold 32. */
static void every_row_has_a_name_and_stands_once(void **state)
{
    (void)state;
    for (unsigned type = 0; type < S1AP_MESSAGE_COUNT; type++) {
        const struct s1ap_table *t = s1ap_message_info((enum s1ap_message)type)->table;
        assert_true(t->n <= 32 && t->size <= sizeof(((struct s1ap_pdu *)0)->u));
        for (size_t i = 0; i < t->n; i++) {
            assert_non_null(s1ap_ie_name(t->rows[i].id));
            assert_true(t->rows[i].offset + t->rows[i].type->size <= t->size);
            for (size_t k = 0; k < i; k++) {
                assert_int_not_equal(t->rows[i].id, t->rows[k].id);
            }
        }
    }
}

static void a_trace_does_not_hold_the_key(void **state)
{
    (void)state;
    struct s1ap_octets in, out;
    struct s1ap_pdu pdu;
    struct s1ap_fault fault;
    static const uint8_t zeros[32];
    s1ap_golden("InitialContextSetupRequest", &in);
    s1ap_redact((struct mbytes){in.p, in.n});
    assert_ok(s1ap_parse(s1ap_span(&in), &pdu, &fault));
    assert_memory_equal(pdu.u.initial_context_setup_request.security_key.p, zeros, 32);
    for (size_t n = 0; n < in.n; n++) {
        s1ap_golden("InitialContextSetupRequest", &in);
        s1ap_redact((struct mbytes){in.p, n});
        for (size_t i = 2; i < n; i++) {
            assert_int_equal(in.p[i], 0);
        }
    }
    for (size_t i = 0; i < S1AP_SAMPLES; i++) {
        s1ap_golden(samples[i].name, &in);
        out = in;
        s1ap_redact((struct mbytes){in.p, in.n});
        if (samples[i].pdu.type != S1AP_INITIAL_CONTEXT_SETUP_REQUEST) {
            assert_memory_equal(in.p, out.p, in.n);
        }
    }
}

int main(void)
{
    s1ap_samples(samples);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_message_is_written_as_its_golden_octets),
        cmocka_unit_test(each_message_is_read_without_fault_and_written_again),
        cmocka_unit_test(every_message_has_a_sample),
        cmocka_unit_test(every_prefix_of_every_message_is_refused_and_leaves_nothing),
        cmocka_unit_test(an_octet_after_a_message_is_refused),
        cmocka_unit_test(every_smaller_capacity_is_no_room),
        cmocka_unit_test(a_message_with_any_octet_changed_is_refused_or_reads_the_same_again),
        cmocka_unit_test(an_initial_ue_message_gives_its_values),
        cmocka_unit_test(the_digits_of_a_three_digit_mnc_lie_in_sequence),
        cmocka_unit_test(lists_are_walked_as_they_came),
        cmocka_unit_test(served_gummeis_are_lists_of_lists),
        cmocka_unit_test(bearers_and_connections_give_their_values),
        cmocka_unit_test(outcomes_give_their_bearers_and_diagnostics),
        cmocka_unit_test(a_struct_that_its_parser_would_refuse_is_not_written),
        cmocka_unit_test(names_are_those_of_the_asn1),
        cmocka_unit_test(every_row_has_a_name_and_stands_once),
        cmocka_unit_test(a_trace_does_not_hold_the_key),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
