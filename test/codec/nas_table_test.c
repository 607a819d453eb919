#include "codec/nas_emm.h"
#include "codec/nas_esm.h"
#include "codec/nas_samples.h"
#include "codec/nas_table.h"
#include <stdlib.h>

/* ---- every sample ---- */

static void writes_what_it_parsed(const struct nas_sample *s)
{
    union nas_any in;
    struct nas_fault fault;
    uint8_t out[SAMPLE_MAX];
    size_t n;
    const struct nas_message *m = sample_message(s);
    if (!m) {
        return;
    }
    assert_ok(nas_parse(m, s->pdu, &in, &fault));
    assert_int_equal(fault.ignored, 0);
    assert_ok(nas_write(m, &in, MBYTES_OF(out), &n));
    if (n != s->pdu.n || memcmp(out, s->pdu.p, n) != 0) {
        fail_msg("%s comes back different", s->name);
    }
}

static void every_sample_is_parsed_and_written_as_it_was(void **state)
{
    (void)state;
    assert_true(each_sample(writes_what_it_parsed) > 70);
}

/* Each prefix from a block of exactly its length: refused, or, once the mandatory part is whole,
 * taken with what was cut counted as absent (TS 24.301 7.7.1). */
static void parses_prefixes(const struct nas_sample *s)
{
    union nas_any in, zero;
    struct nas_fault fault;
    const struct nas_message *m = sample_message(s);
    bool taken = false;
    memset(&zero, 0, sizeof zero);
    for (size_t n = 0; m && n < s->pdu.n; n++) {
        uint8_t *copy = exact_copy((struct bytes){s->pdu.p, n});
        enum err e = nas_parse(m, (struct bytes){copy, n}, &in, &fault);
        if (e == E_OK) {
            taken = true;
            assert_true(fault.ignored <= 1);
        } else {
            assert_true(e == E_TRUNCATED || e == E_MISSING);
            assert_false(taken);
            assert_memory_equal(&in, &zero, m->size);
        }
        free(copy);
    }
}

static void every_prefix_is_refused_or_lacks_only_what_is_optional(void **state)
{
    (void)state;
    (void)each_sample(parses_prefixes);
}

static void refuses_small_room(const struct nas_sample *s)
{
    union nas_any in;
    const struct nas_message *m = sample_message(s);
    if (!m) {
        return;
    }
    assert_ok(nas_parse(m, s->pdu, &in, NULL));
    for (size_t room = 0; room < s->pdu.n; room++) {
        size_t n = 99999;
        uint8_t *exact = malloc(room ? room : 1);
        assert_non_null(exact);
        assert_err(nas_write(m, &in, (struct mbytes){exact, room}, &n), E_NO_ROOM);
        assert_int_equal(n, 99999);
        free(exact);
    }
}

static void every_capacity_that_is_too_small_gives_no_room(void **state)
{
    (void)state;
    (void)each_sample(refuses_small_room);
}

/* ---- tables ---- */

static bool format_fits_iei(const struct nas_row *r)
{
    bool high = r->iei >= 0x80;
    switch ((enum nas_format)r->format) {
    case NAS_M_HALF:
        return r->iei == 0 && r->min == 0 && r->max == 0;
    case NAS_M_V1:
    case NAS_M_V:
        return r->iei == 0 && r->min == r->max && r->max > 0;
    case NAS_M_LV:
        return r->iei == 0 && r->max <= 255;
    case NAS_M_LVE:
        return r->iei == 0;
    case NAS_O_TVH:
        return high && (r->iei & 0xF) == 0;
    case NAS_O_TV1:
    case NAS_O_TV:
        return !high && r->min == r->max && r->iei > 0xF && r->iei < 0x78;
    case NAS_O_TLV1:
        return !high && r->min == 1 && r->max == 1 && r->iei > 0xF && r->iei < 0x78;
    case NAS_O_TLV:
        return !high && r->max <= 255 && r->iei > 0xF && r->iei < 0x78;
    case NAS_O_TLVE:
        return r->iei >= 0x78 && r->iei <= 0x7F;
    }
    return false;
}

static void rows_agree_with_their_format_and_every_element_has_one(void **state)
{
    (void)state;
    size_t n;
    bool known[NAS_IES_N] = {false};
    const struct nas_message *const *all = nas_messages(&n);
    for (size_t k = 0; k < n; k++) {
        size_t halves = 0;
        assert_non_null(nas_message_type_name(all[k]->type));
        for (size_t i = 0; i < all[k]->n; i++) {
            const struct nas_row *r = &all[k]->rows[i];
            known[r->ie] = true;
            halves += r->format == NAS_M_HALF;
            assert_true(format_fits_iei(r));
            assert_true(r->min <= r->max);
            assert_true(r->offset >= sizeof(struct nas_header) && r->offset < all[k]->size);
            assert_true(i == 0 || (r->format >= NAS_O_TVH) >= (r[-1].format >= NAS_O_TVH));
            for (size_t j = 0; j < i; j++) {
                assert_int_not_equal(all[k]->rows[j].offset, r->offset);
                assert_true(r->format < NAS_O_TVH || all[k]->rows[j].iei != r->iei);
            }
        }
        assert_int_equal(halves % 2, 0);
    }
    for (size_t ie = 0; ie < NAS_IES_N; ie++) {
        if (!known[ie]) {
            fail_msg("%s is in no message", nas_ie_name((enum nas_ie)ie));
        }
    }
}

static const struct nas_message *const described[] = {
#define X(name, type, direction, list) &nas_##name##_message,
    NAS_MESSAGES(X)
#undef X
};
static size_t samples_of[sizeof described / sizeof described[0]];

static void count_sample(const struct nas_sample *s)
{
    const struct nas_message *m = sample_message(s);
    for (size_t i = 0; i < sizeof described / sizeof described[0]; i++) {
        samples_of[i] += described[i] == m;
    }
}

static void every_message_has_a_sample(void **state)
{
    (void)state;
    (void)each_sample(count_sample);
    for (size_t i = 0; i < sizeof described / sizeof described[0]; i++) {
        if (samples_of[i] == 0) {
            fail_msg("%s has no sample", nas_message_type_name(described[i]->type));
        }
    }
}

/* ---- what clause 7 says of elements ---- */

#define TAU_REJECT "\x07\x4b\x16"

static enum err parse_tau_reject(struct bytes msg, struct nas_tracking_area_update_reject *out,
                                 struct nas_fault *fault)
{
    uint8_t *copy = exact_copy(msg);
    enum err e = nas_parse(&nas_tracking_area_update_reject_message, (struct bytes){copy, msg.n},
                           out, fault);
    free(copy);
    return e;
}

static void unknown_elements_are_passed_over_by_their_class(void **state)
{
    (void)state;
    struct nas_tracking_area_update_reject m;
    struct nas_fault fault;
    /* One octet with bit 8; a length of one octet; a length of two; then T3346. */
    struct bytes msg = BYTES_LIT(TAU_REJECT "\xd5"
                                            "\x2a\x03\x5f\x01\x25"
                                            "\x7d\x00\x02\xaa\xbb"
                                            "\x5f\x01\x25");
    assert_ok(parse_tau_reject(msg, &m, &fault));
    assert_true(m.t3346.present);
    assert_int_equal(m.t3346.v, 0x25);
    assert_int_equal(fault.ignored, 3);
    assert_int_equal(fault.ignored_at, 3);
}

static void an_unknown_element_that_must_be_comprehended_is_an_error(void **state)
{
    (void)state;
    struct nas_tracking_area_update_reject m;
    struct nas_fault fault;
    for (unsigned iei = 0; iei <= 0xF; iei++) {
        uint8_t msg[] = {0x07, 0x4b, 0x16, 0x5f, 0x01, 0x25, (uint8_t)iei, 0x00};
        assert_err(parse_tau_reject(BYTES_OF(msg), &m, &fault), E_UNKNOWN);
        assert_int_equal(fault.at, 6);
        assert_int_equal(fault.iei, iei);
        assert_false(m.t3346.present);
    }
    assert_int_equal(nas_cause_of(E_UNKNOWN), EMM_CAUSE_INVALID_MANDATORY_INFORMATION);
}

static void of_repeated_elements_the_first_counts(void **state)
{
    (void)state;
    struct nas_tracking_area_update_reject m;
    struct nas_fault fault;
    struct bytes msg = BYTES_LIT(TAU_REJECT "\x5f\x01\x25\x5f\x01\x26\xa1\xa2");
    assert_ok(parse_tau_reject(msg, &m, &fault));
    assert_int_equal(m.t3346.v, 0x25);
    assert_int_equal(m.extended_emm_cause.v, 1);
    assert_int_equal(fault.ignored, 2);
    assert_int_equal(fault.ignored_at, 6);
}

static void an_element_out_of_order_is_passed_over(void **state)
{
    (void)state;
    struct nas_tracking_area_update_reject m;
    struct nas_fault fault;
    assert_ok(parse_tau_reject(BYTES_LIT(TAU_REJECT "\xa1\x5f\x01\x25"), &m, &fault));
    assert_true(m.extended_emm_cause.present);
    assert_false(m.t3346.present);
    assert_int_equal(fault.ignored, 1);
}

static void an_optional_element_of_wrong_length_is_absent_or_cut(void **state)
{
    (void)state;
    struct nas_tracking_area_update_reject m;
    struct nas_fault fault;
    /* Too short: absent, and a good one behind it is the first that counts. */
    assert_ok(parse_tau_reject(BYTES_LIT(TAU_REJECT "\x5f\x00\x5f\x01\x25"), &m, &fault));
    assert_int_equal(m.t3346.v, 0x25);
    assert_int_equal(fault.ignored, 1);
    /* Too long: what is over is not looked at (TS 24.007 11.4.2). */
    assert_ok(parse_tau_reject(BYTES_LIT(TAU_REJECT "\x5f\x02\x25\x77\xa1"), &m, &fault));
    assert_int_equal(m.t3346.v, 0x25);
    assert_true(m.extended_emm_cause.present);
    assert_int_equal(fault.ignored, 0);
    /* Past the end of the message: absent, and nothing is behind it. */
    assert_ok(parse_tau_reject(BYTES_LIT(TAU_REJECT "\x5f\x05\x25"), &m, &fault));
    assert_false(m.t3346.present);
    assert_int_equal(fault.ignored, 1);
}

static void a_fault_in_a_mandatory_element_is_an_error_with_its_place(void **state)
{
    (void)state;
    struct nas_authentication_response m;
    struct nas_fault fault;
    const struct nas_message *as = &nas_authentication_response_message;
    assert_err(nas_parse(as, BYTES_LIT("\x07"), &m, &fault), E_TRUNCATED);
    assert_err(nas_parse(as, BYTES_LIT("\x07\x53"), &m, &fault), E_MISSING);
    assert_int_equal(fault.at, 2);
    assert_int_equal(fault.ie, NAS_IE_RES);
    assert_err(nas_parse(as, BYTES_LIT("\x07\x53\x03\x01\x02\x03"), &m, &fault), E_BAD_LENGTH);
    assert_null(m.res.p);
    assert_err(nas_parse(as, BYTES_LIT("\x07\x54"), &m, &fault), E_UNSUPPORTED);
    assert_err(nas_parse(as, BYTES_LIT("\x17\x53\x04zzzz"), &m, &fault), E_UNSUPPORTED);
    assert_err(nas_parse(as, BYTES_LIT("\x02\x53\x04zzzz"), &m, &fault), E_UNSUPPORTED);
    /* 20 octets of RES: the first 16 are it. */
    assert_ok(nas_parse(as,
                        BYTES_LIT("\x07\x53\x14"
                                  "0123456789abcdef0123"),
                        &m, &fault));
    assert_int_equal(m.res.n, 16);
}

static void a_spare_half_octet_is_not_looked_at_and_written_as_zero(void **state)
{
    (void)state;
    struct nas_identity_request m;
    uint8_t out[3];
    size_t n;
    assert_ok(nas_parse(&nas_identity_request_message, BYTES_LIT("\x07\x55\xf1"), &m, NULL));
    assert_int_equal(m.identity_type, NAS_IDENTITY_IMSI);
    assert_int_equal(m.spare, 0);
    assert_ok(nas_write(&nas_identity_request_message, &m, MBYTES_OF(out), &n));
    assert_memory_equal(out, "\x07\x55\x01", 3);
}

static void the_captured_attach_request_says_what_its_device_said(void **state)
{
    (void)state;
    struct nas_attach_request m;
    struct nas_pdn_connectivity_request pdn;
    assert_ok(
        nas_parse(&nas_attach_request_message, sample_named("attach_request.captured"), &m, NULL));
    assert_int_equal(m.attach_type, NAS_COMBINED_ATTACH);
    assert_int_equal(m.ksi, 0);
    assert_int_equal(m.identity.n, 11);
    assert_memory_equal(m.ue_network_capability.p, "\xf0\x70\x00\x00\x10", 5);
    assert_memory_equal(m.last_visited_tai.p, "\x00\xf1\x10\x30\x39", 5);
    assert_true(m.tmsi_status.present && m.tmsi_status.v == 0);
    assert_true(m.voice_domain.present && m.voice_domain.v == 0);
    assert_true(m.old_guti_type.present && m.old_guti_type.v == 0);
    assert_true(m.ms_network_feature_support.present && m.ms_network_feature_support.v == 1);
    assert_false(m.device_properties.present);
    assert_null(m.bindery_container.p);
    assert_ok(
        nas_parse(&nas_pdn_connectivity_request_message, m.esm_message_container, &pdn, NULL));
    assert_int_equal(pdn.header.ebi, 0);
    assert_int_equal(pdn.header.pti, 0x15);
    assert_int_equal(pdn.request_type, NAS_REQUEST_INITIAL);
    assert_int_equal(pdn.pdn_type, NAS_PDN_IPV4);
    assert_int_equal(pdn.esm_information_transfer_flag.v, NAS_ESM_INFORMATION_TRANSFER);
}

/* ---- writing ---- */

static void the_writer_refuses_what_the_table_does_not_allow(void **state)
{
    (void)state;
    uint8_t out[64];
    size_t n = 7;
    struct nas_authentication_request m = {.ksi = 1};
    const struct nas_message *as = &nas_authentication_request_message;
    assert_err(nas_write(as, &m, MBYTES_OF(out), &n), E_MISSING);
    m.rand = m.autn = BYTES_LIT("0123456789abcdef");
    assert_ok(nas_write(as, &m, MBYTES_OF(out), &n));
    assert_int_equal(n, 36);
    m.autn.n = 15;
    assert_err(nas_write(as, &m, MBYTES_OF(out), &n), E_BAD_LENGTH);
    m.autn.n = 16;
    m.ksi = 16;
    assert_err(nas_write(as, &m, MBYTES_OF(out), &n), E_BAD_VALUE);
    struct nas_pdn_connectivity_request pdn = {.header = {.ebi = 16}};
    assert_err(nas_write(&nas_pdn_connectivity_request_message, &pdn, MBYTES_OF(out), &n),
               E_BAD_VALUE);
    pdn.header.ebi = 0;
    pdn.esm_information_transfer_flag = NAS_U8_OF(16);
    assert_err(nas_write(&nas_pdn_connectivity_request_message, &pdn, MBYTES_OF(out), &n),
               E_BAD_VALUE);
    pdn.esm_information_transfer_flag.present = false;
    pdn.apn = (struct bytes){out, 0};
    assert_err(nas_write(&nas_pdn_connectivity_request_message, &pdn, MBYTES_OF(out), &n),
               E_BAD_LENGTH);
    assert_int_equal(n, 36);
}

static void errors_have_the_causes_of_clause_7(void **state)
{
    (void)state;
    assert_int_equal(nas_cause_of(E_OK), 0);
    assert_int_equal(nas_cause_of(E_TRUNCATED), 0);
    assert_int_equal(nas_cause_of(E_MISSING), 96);
    assert_int_equal(nas_cause_of(E_BAD_LENGTH), 96);
    assert_int_equal(nas_cause_of(E_UNSUPPORTED), 97);
    assert_int_equal(nas_cause_of(E_BAD_STATE), 98);
    assert_int_equal(nas_cause_of(E_NOT_FOUND), 100);
    assert_int_equal(nas_cause_of(E_CONFLICT), 95);
    assert_int_equal(nas_cause_of(E_BAD_VALUE), 96);
    assert_int_equal(nas_cause_of(E_BAD_DIGIT), 96);
    assert_int_equal(nas_cause_of(E_IO), 111);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_sample_is_parsed_and_written_as_it_was),
        cmocka_unit_test(every_prefix_is_refused_or_lacks_only_what_is_optional),
        cmocka_unit_test(every_capacity_that_is_too_small_gives_no_room),
        cmocka_unit_test(rows_agree_with_their_format_and_every_element_has_one),
        cmocka_unit_test(every_message_has_a_sample),
        cmocka_unit_test(unknown_elements_are_passed_over_by_their_class),
        cmocka_unit_test(an_unknown_element_that_must_be_comprehended_is_an_error),
        cmocka_unit_test(of_repeated_elements_the_first_counts),
        cmocka_unit_test(an_element_out_of_order_is_passed_over),
        cmocka_unit_test(an_optional_element_of_wrong_length_is_absent_or_cut),
        cmocka_unit_test(a_fault_in_a_mandatory_element_is_an_error_with_its_place),
        cmocka_unit_test(a_spare_half_octet_is_not_looked_at_and_written_as_zero),
        cmocka_unit_test(the_captured_attach_request_says_what_its_device_said),
        cmocka_unit_test(the_writer_refuses_what_the_table_does_not_allow),
        cmocka_unit_test(errors_have_the_causes_of_clause_7),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
