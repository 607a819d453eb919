#include "codec/messages_test.h"
#include "codec/s6a.h"

#define FIRST_S6A 6

static void golden_messages_are_written_and_parsed(void **state)
{
    (void)state;
    _Static_assert(sizeof golden / sizeof golden[0] == SAMPLES, "every sample has its octets");
    check_golden(FIRST_S6A, FIRST_S13);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    check_prefixes(FIRST_S6A, FIRST_S13);
}

static void every_capacity_that_is_too_small_gives_no_room(void **state)
{
    (void)state;
    check_every_capacity(FIRST_S6A, FIRST_S13);
}

static void random_messages_survive_the_wire(void **state)
{
    (void)state;
    check_random(FIRST_S6A, FIRST_S13);
}

static void an_answer_takes_over_what_its_request_had(void **state)
{
    (void)state;
    struct s6a_request r;
    struct s6a_answer a;
    sample_request(&r);
    r.header.retransmitted = true;
    s6a_answer_begin(&a, &r, HSS, REALM);
    assert_false(a.header.request);
    assert_false(a.header.retransmitted);
    assert_true(a.header.proxiable);
    assert_int_equal(a.header.hop_by_hop, r.header.hop_by_hop);
    assert_int_equal(a.header.end_to_end, r.header.end_to_end);
    assert_true(bytes_eq(a.session_id, r.session_id));
    assert_int_equal(a.proxy_info_n, 1);
    assert_true(bytes_eq(a.proxy_info[0], r.proxy_info[0]));
}

static void the_error_bit_is_set_exactly_for_3xxx(void **state)
{
    (void)state;
    struct s6a_answer a = {0};
    s6a_answer_result(&a, 3004);
    assert_true(a.header.error);
    s6a_answer_result(&a, 2001);
    assert_false(a.header.error);
    s6a_answer_result(&a, 5012);
    assert_false(a.header.error);
    s6a_answer_experimental(&a, 4181);
    assert_false(a.header.error);
    assert_false(a.result_code.present);
    s6a_answer_result(&a, 2001);
    assert_false(a.experimental_result.present);
}

static void a_command_is_identified_or_named_as_unsupported(void **state)
{
    (void)state;
    const struct diameter_message *m = NULL;
    struct diameter_fault fault;
    struct diameter_header h = {.request = true, .application = DIAMETER_APP_S6A, .command = 318};
    assert_ok(s6a_identify(&h, &m, &fault));
    assert_ptr_equal(m, &s6a_air_message);
    h.command = 319;
    assert_ok(s6a_identify(&h, &m, &fault));
    assert_ptr_equal(m, &s6a_idr_message);
    h.command = 325;
    assert_err(s6a_identify(&h, &m, &fault), E_UNSUPPORTED);
    assert_int_equal(fault.result_code, DIAMETER_COMMAND_UNSUPPORTED);
    h.application = 4;
    assert_err(s6a_identify(&h, &m, &fault), E_UNSUPPORTED);
    assert_int_equal(fault.result_code, DIAMETER_APPLICATION_UNSUPPORTED);
    h = (struct diameter_header){.command = DIAMETER_DEVICE_WATCHDOG};
    assert_ok(s6a_identify(&h, &m, &fault));
    assert_ptr_equal(m, &diameter_dwa_message);
}

static void feature_bits_are_found_by_vendor_and_list(void **state)
{
    (void)state;
    struct s6a_supported_features list[S6A_FEATURES_MAX] = {0};
    size_t n = 0;
    assert_int_equal(s6a_features_of(list, n, OWN, 1), 0);
    for (uint32_t i = 0; i < S6A_FEATURES_MAX; i++) {
        assert_true(s6a_features_add(list, &n, DIAMETER_VENDOR_3GPP, i, i + 100));
    }
    assert_false(s6a_features_add(list, &n, OWN, 1, 1));
    assert_int_equal(s6a_features_of(list, n, DIAMETER_VENDOR_3GPP, 2), 102);
    assert_int_equal(s6a_features_of(list, n, OWN, 2), 0);
}

static void an_own_avp_under_another_vendor_id_is_ignored(void **state)
{
    (void)state;
    static struct s6a_air air, parsed;
    struct diameter_fault fault;
    uint8_t out[1024];
    size_t n;
    sample_air(&air);
    assert_ok(s6a_air_write(OWN, &air, MBYTES_OF(out), &n));
    assert_ok(s6a_air_parse(OWN + 1, (struct bytes){out, n}, &parsed, &fault));
    assert_null(parsed.served_imei.p);
    assert_non_null(parsed.visited_plmn_id.p);
}

/* Appends an AVP with the M bit to a sample AIR or ULR and parses. */
static enum err with_extra(const struct diameter_message *as, const char *avp_hex,
                           struct diameter_fault *fault)
{
    static union any_message m;
    uint8_t out[2048];
    size_t n = 0, extra = strlen(avp_hex) / 2;
    memset(&m, 0, sizeof m);
    if (as == &s6a_air_message) {
        sample_air(&m.s6a_air);
    } else {
        sample_ulr(&m.s6a_ulr);
    }
    assert_ok(diameter_write(as, OWN, &m, MBYTES_OF(out), &n));
    assert_ok(hex_decode(avp_hex, (struct mbytes){out + n, extra}));
    n += extra;
    out[2] = (uint8_t)(n >> 8);
    out[3] = (uint8_t)n;
    return diameter_parse(as, OWN, (struct bytes){out, n}, &m, fault);
}

static void what_mmes_commonly_send_is_ignored_even_with_the_m_bit(void **state)
{
    (void)state;
    struct diameter_fault fault;
    /* Homogeneous-Support-of-IMS-Voice-Over-PS-Sessions, MME-Number-for-MT-SMS */
    assert_ok(with_extra(&s6a_ulr_message, "000005d5c0000010000028af00000001", &fault));
    assert_ok(with_extra(&s6a_ulr_message, "0000066dc000000e000028af91470000", &fault));
    /* the same in an AIR is not understood */
    assert_err(with_extra(&s6a_air_message, "000005d5c0000010000028af00000001", &fault), E_UNKNOWN);
    assert_int_equal(fault.result_code, DIAMETER_AVP_UNSUPPORTED);
    /* DRMP, OC-Supported-Features */
    assert_ok(with_extra(&s6a_air_message, "0000012d0000000c00000005", &fault));
    assert_ok(with_extra(&s6a_air_message, "0000026d00000008", &fault));
}

static void terminal_information_may_lack_an_imei(void **state)
{
    (void)state;
    static struct s6a_ulr ulr, parsed;
    struct diameter_fault fault;
    uint8_t out[1024];
    size_t n;
    sample_ulr(&ulr);
    ulr.terminal_information.imei = (struct bytes){NULL, 0};
    assert_ok(s6a_ulr_write(OWN, &ulr, MBYTES_OF(out), &n));
    assert_ok(s6a_ulr_parse(OWN, (struct bytes){out, n}, &parsed, &fault));
    assert_true(parsed.terminal_information.present);
    assert_null(parsed.terminal_information.imei.p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_messages_are_written_and_parsed),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_capacity_that_is_too_small_gives_no_room),
        cmocka_unit_test(random_messages_survive_the_wire),
        cmocka_unit_test(an_answer_takes_over_what_its_request_had),
        cmocka_unit_test(the_error_bit_is_set_exactly_for_3xxx),
        cmocka_unit_test(a_command_is_identified_or_named_as_unsupported),
        cmocka_unit_test(feature_bits_are_found_by_vendor_and_list),
        cmocka_unit_test(an_own_avp_under_another_vendor_id_is_ignored),
        cmocka_unit_test(what_mmes_commonly_send_is_ignored_even_with_the_m_bit),
        cmocka_unit_test(terminal_information_may_lack_an_imei),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
