#include "codec/messages_test.h"
#include "codec/nas_container.h"
#include "codec/s13.h"

static void golden_messages_are_written_and_parsed(void **state)
{
    (void)state;
    _Static_assert(sizeof golden / sizeof golden[0] == SAMPLES, "every sample has its octets");
    assert_ptr_equal(samples[FIRST_S13].as, &s13_ecr_message);
    check_golden(FIRST_S13, SAMPLES);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    check_prefixes(FIRST_S13, SAMPLES);
}

static void every_capacity_that_is_too_small_gives_no_room(void **state)
{
    (void)state;
    check_every_capacity(FIRST_S13, SAMPLES);
}

static void random_messages_survive_the_wire(void **state)
{
    (void)state;
    check_random(FIRST_S13, SAMPLES);
}

static void a_command_of_s13_is_identified_or_named_as_unsupported(void **state)
{
    (void)state;
    const struct diameter_message *m = NULL;
    struct diameter_fault fault;
    struct diameter_header h = {.request = true, .application = DIAMETER_APP_S13, .command = 324};
    assert_ok(s13_identify(&h, &m, &fault));
    assert_ptr_equal(m, &s13_ecr_message);
    assert_int_equal(fault.result_code, 0);
    h.request = false;
    assert_ok(s13_identify(&h, &m, &fault));
    assert_ptr_equal(m, &s13_eca_message);
    h.command = 318;
    assert_err(s13_identify(&h, &m, &fault), E_UNSUPPORTED);
    assert_int_equal(fault.result_code, DIAMETER_COMMAND_UNSUPPORTED);
    h.application = DIAMETER_APP_S6A;
    assert_err(s13_identify(&h, &m, &fault), E_UNSUPPORTED);
    assert_int_equal(fault.result_code, DIAMETER_APPLICATION_UNSUPPORTED);
}

/* Writes the sample ECR as the caller changed it, and parses it. */
static enum err through(struct s13_ecr *ecr, struct s13_ecr *parsed, struct diameter_fault *fault)
{
    uint8_t out[1024];
    size_t n = 0;
    assert_ok(s13_ecr_write(OWN, ecr, MBYTES_OF(out), &n));
    return s13_ecr_parse(OWN, (struct bytes){out, n}, parsed, fault);
}

static void an_ecr_needs_no_user_name(void **state)
{
    (void)state;
    static struct s13_ecr ecr, parsed;
    struct diameter_fault fault;
    sample_ecr(&ecr);
    ecr.request.user_name = (struct bytes){NULL, 0};
    assert_ok(through(&ecr, &parsed, &fault));
    assert_null(parsed.request.user_name.p);
    assert_int_equal(parsed.terminal_information.imei.n, 14);
}

static void an_ecr_without_terminal_information_lacks_an_avp(void **state)
{
    (void)state;
    static struct s13_ecr ecr, parsed;
    struct diameter_fault fault;
    uint8_t out[1024];
    size_t n = 0;
    static struct s6a_pur pur; /* all that an ECR has but that one group */
    sample_pur(&pur);
    pur.pur_flags.present = false;
    assert_ok(s6a_pur_write(OWN, &pur, MBYTES_OF(out), &n));
    out[6] = 0x01, out[7] = 0x44; /* 324 */
    out[11] = 0x24;               /* S13 */
    assert_err(s13_ecr_parse(OWN, (struct bytes){out, n}, &parsed, &fault), E_MISSING);
    assert_int_equal(fault.result_code, DIAMETER_MISSING_AVP);
    assert_int_equal(fault.code, 1401);
    sample_ecr(&ecr);
    ecr.terminal_information.present = false;
    assert_err(s13_ecr_write(OWN, &ecr, MBYTES_OF(out), &n), E_MISSING);
}

static void an_imei_has_14_to_16_characters(void **state)
{
    (void)state;
    static struct s13_ecr ecr;
    uint8_t out[1024];
    size_t n = 0;
    const char *const digits = "35209900176148123";
    sample_ecr(&ecr);
    for (size_t len = 13; len <= 17; len++) {
        ecr.terminal_information.imei = (struct bytes){(const uint8_t *)digits, len};
        enum err err = s13_ecr_write(OWN, &ecr, MBYTES_OF(out), &n);
        assert_true((err == E_OK) == (len >= 14 && len <= 16));
    }
}

static void an_equipment_status_above_2_is_refused(void **state)
{
    (void)state;
    static struct s13_eca eca;
    uint8_t out[1024];
    size_t n = 0;
    sample_eca(&eca);
    eca.equipment_status.v = 3;
    assert_err(s13_eca_write(OWN, &eca, MBYTES_OF(out), &n), E_BAD_VALUE);
}

/* The sample ECA with this change: is it written? */
static enum err write_changed(void (*change)(struct s13_device_credential *))
{
    static struct s13_eca eca;
    uint8_t out[2048];
    size_t n = 0;
    sample_eca(&eca);
    change(&eca.device_credential);
    return s13_eca_write(OWN, &eca, MBYTES_OF(out), &n);
}

static void form_0(struct s13_device_credential *c)
{
    c->credential_form.v = 0;
}

static void status_5(struct s13_device_credential *c)
{
    c->credential_status.v = 5;
}

static void source_4(struct s13_device_credential *c)
{
    c->credential_source.v = 4;
}

static void status_absent(struct s13_device_credential *c)
{
    c->credential_status.present = false;
}

static void short_signature(struct s13_device_credential *c)
{
    c->record_signature.n = 63;
}

static void short_signer(struct s13_device_credential *c)
{
    c->record_signer.n = 31;
}

static void empty_certificate(struct s13_device_credential *c)
{
    c->credential_certificate[1].n = 0;
}

static void what_a_credential_cannot_hold_is_not_written(void **state)
{
    (void)state;
    assert_err(write_changed(form_0), E_BAD_VALUE);
    assert_err(write_changed(status_5), E_BAD_VALUE);
    assert_err(write_changed(source_4), E_BAD_VALUE);
    assert_err(write_changed(status_absent), E_MISSING);
    assert_err(write_changed(short_signature), E_BAD_LENGTH);
    assert_err(write_changed(short_signer), E_BAD_LENGTH);
    assert_err(write_changed(empty_certificate), E_BAD_LENGTH);
}

/* The sample ECA with its first certificate n times. */
static enum err parse_with_certificates(size_t n, struct s13_eca *parsed,
                                        struct diameter_fault *fault)
{
    uint8_t out[2048];
    struct wr w = wr_of(MBYTES_OF(out));
    diameter_header_write(&w, &(struct diameter_header){.application = DIAMETER_APP_S13,
                                                        .command = S13_ME_IDENTITY_CHECK});
    diameter_put_octets(&w, AVP_SESSION_ID, OWN, BYTES_LIT("a;1;2"));
    diameter_put_u32(&w, AVP_RESULT_CODE, OWN, DIAMETER_SUCCESS);
    diameter_put_u32(&w, AVP_AUTH_SESSION_STATE, OWN, S6A_NO_STATE_MAINTAINED);
    diameter_put_octets(&w, AVP_ORIGIN_HOST, OWN, HSS);
    diameter_put_octets(&w, AVP_ORIGIN_REALM, OWN, REALM);
    size_t mark = diameter_put_open(&w, AVP_DEVICE_CREDENTIAL, OWN);
    diameter_put_u32(&w, AVP_CREDENTIAL_STATUS, OWN, S13_CREDENTIAL_FOUND);
    for (size_t i = 0; i < n; i++) {
        diameter_put_octets(&w, AVP_CREDENTIAL_CERTIFICATE, OWN, FIRST(20 + i));
    }
    diameter_put_close(&w, mark);
    assert_ok(diameter_length_set(&w));
    return s13_eca_parse(OWN, wr_done(&w), parsed, fault);
}

static void a_chain_has_six_certificates_at_most_in_their_order(void **state)
{
    (void)state;
    static struct s13_eca parsed;
    struct diameter_fault fault;
    assert_ok(parse_with_certificates(S13_CHAIN_MAX, &parsed, &fault));
    assert_int_equal(parsed.device_credential.credential_certificate_n, S13_CHAIN_MAX);
    for (size_t i = 0; i < S13_CHAIN_MAX; i++) {
        assert_int_equal(parsed.device_credential.credential_certificate[i].n, 20 + i);
    }
    assert_err(parse_with_certificates(S13_CHAIN_MAX + 1, &parsed, &fault), E_REPEATED);
    assert_int_equal(fault.result_code, DIAMETER_AVP_OCCURS_TOO_MANY_TIMES);
}

/* An MME that knows nothing of bindings has no use for what it did not ask for, nor any trouble
 * with it. */
static void an_eca_under_another_vendor_id_is_a_plain_one(void **state)
{
    (void)state;
    static struct s13_eca eca, parsed;
    struct diameter_fault fault;
    uint8_t out[2048];
    size_t n = 0;
    sample_eca(&eca);
    assert_ok(s13_eca_write(OWN, &eca, MBYTES_OF(out), &n));
    assert_ok(s13_eca_parse(OWN + 1, (struct bytes){out, n}, &parsed, &fault));
    assert_false(parsed.device_credential.present);
    assert_null(parsed.provisioning_result.p);
    assert_int_equal(parsed.equipment_status.v, S13_GREYLISTED);
}

/* An EIR that knows nothing of provisioning answers for the equipment; nothing that it does not
 * know has the M bit, so nothing is refused. */
static void an_ecr_under_another_vendor_id_is_a_plain_one(void **state)
{
    (void)state;
    static struct s13_ecr ecr, parsed;
    struct diameter_fault fault;
    uint8_t out[1024];
    size_t n = 0;
    sample_ecr(&ecr);
    assert_ok(s13_ecr_write(OWN, &ecr, MBYTES_OF(out), &n));
    assert_ok(s13_ecr_parse(OWN + 1, (struct bytes){out, n}, &parsed, &fault));
    assert_false(parsed.credential_request.present);
    assert_null(parsed.provisioning_request.p);
    assert_null(parsed.provisioning_plmn.p);
    assert_int_equal(parsed.terminal_information.imei.n, 14);
}

static void a_provisioning_plmn_has_three_octets(void **state)
{
    (void)state;
    static struct s13_ecr ecr;
    uint8_t out[1024];
    size_t n = 0;
    sample_ecr(&ecr);
    for (size_t len = 0; len <= 4; len++) {
        ecr.provisioning_plmn = FIRST(len);
        assert_true((s13_ecr_write(OWN, &ecr, MBYTES_OF(out), &n) == E_OK) == (len == 3));
    }
}

/* The largest container 6 that there is, and the largest container 7 that a message carries. */
static void the_largest_containers_of_provisioning_are_carried(void **state)
{
    (void)state;
    static struct s13_ecr ecr, ecr_parsed;
    static struct s13_eca eca, eca_parsed;
    static uint8_t container[NAS_CONTAINER_MAX + 1], out[NAS_CONTAINER_MAX + 1024];
    struct diameter_fault fault;
    size_t n = 0;
    sample_ecr(&ecr);
    ecr.provisioning_request = (struct bytes){container, 2 + (3 + 512) + (3 + 16) + (3 + 513)};
    assert_ok(s13_ecr_write(OWN, &ecr, MBYTES_OF(out), &n));
    assert_ok(s13_ecr_parse(OWN, (struct bytes){out, n}, &ecr_parsed, &fault));
    assert_true(bytes_eq(ecr_parsed.provisioning_request, ecr.provisioning_request));
    sample_eca(&eca);
    eca.provisioning_result = (struct bytes){container, NAS_CONTAINER_MAX};
    assert_ok(s13_eca_write(OWN, &eca, MBYTES_OF(out), &n));
    assert_ok(s13_eca_parse(OWN, (struct bytes){out, n}, &eca_parsed, &fault));
    assert_true(bytes_eq(eca_parsed.provisioning_result, eca.provisioning_result));
    eca.provisioning_result.n++;
    assert_err(s13_eca_write(OWN, &eca, MBYTES_OF(out), &n), E_BAD_LENGTH);
}

static void a_request_begins_with_the_application_and_its_answer_takes_it_over(void **state)
{
    (void)state;
    struct s6a_request r;
    struct s6a_answer a;
    s13_request_begin(&r, 7, 9);
    assert_int_equal(r.header.application, DIAMETER_APP_S13);
    assert_int_equal(r.vendor_specific_application_id.auth_application_id.v, DIAMETER_APP_S13);
    s6a_answer_begin(&a, &r, HSS, REALM);
    assert_int_equal(a.header.application, DIAMETER_APP_S13);
    assert_int_equal(a.vendor_specific_application_id.auth_application_id.v, DIAMETER_APP_S13);
    assert_int_equal(a.vendor_specific_application_id.vendor_id.v, DIAMETER_VENDOR_3GPP);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_messages_are_written_and_parsed),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_capacity_that_is_too_small_gives_no_room),
        cmocka_unit_test(random_messages_survive_the_wire),
        cmocka_unit_test(a_command_of_s13_is_identified_or_named_as_unsupported),
        cmocka_unit_test(an_ecr_needs_no_user_name),
        cmocka_unit_test(an_ecr_without_terminal_information_lacks_an_avp),
        cmocka_unit_test(an_imei_has_14_to_16_characters),
        cmocka_unit_test(an_equipment_status_above_2_is_refused),
        cmocka_unit_test(what_a_credential_cannot_hold_is_not_written),
        cmocka_unit_test(a_chain_has_six_certificates_at_most_in_their_order),
        cmocka_unit_test(an_eca_under_another_vendor_id_is_a_plain_one),
        cmocka_unit_test(an_ecr_under_another_vendor_id_is_a_plain_one),
        cmocka_unit_test(a_provisioning_plmn_has_three_octets),
        cmocka_unit_test(the_largest_containers_of_provisioning_are_carried),
        cmocka_unit_test(a_request_begins_with_the_application_and_its_answer_takes_it_over),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
