#include "codec/messages_test.h"

static const struct diameter_answer too_busy = {
    .code = DIAMETER_TOO_BUSY,
    .origin_host = {(const uint8_t *)"hss.example", 11},
    .origin_realm = {(const uint8_t *)"example", 7},
    .error_message = {(const uint8_t *)"later", 5},
};

static void the_answer_to_a_sample_parses_as_its_answer(void **state)
{
    (void)state;
    static struct s6a_air air;
    static struct s6a_aia aia;
    struct diameter_fault f;
    uint8_t request[1024], answer[1024];
    size_t n, m;
    sample_air(&air);
    air.request.header.retransmitted = true;
    air.request.proxy_info[air.request.proxy_info_n++] = BYTES_LIT("second state");
    assert_ok(s6a_air_write(OWN, &air, MBYTES_OF(request), &n));
    struct diameter_answer a = {
        .code = 4181, .experimental = true, .origin_host = HSS, .origin_realm = REALM};
    assert_ok(diameter_answer_error((struct bytes){request, n}, &a, MBYTES_OF(answer), &m));
    assert_ok(s6a_aia_parse(OWN, (struct bytes){answer, m}, &aia, &f));
    assert_int_equal(aia.answer.experimental_result.experimental_result_code.v, 4181);
    assert_int_equal(aia.answer.experimental_result.vendor_id.v, DIAMETER_VENDOR_3GPP);
    assert_false(aia.answer.result_code.present);
    assert_false(aia.answer.header.error || aia.answer.header.retransmitted);
    assert_true(aia.answer.header.proxiable);
    assert_int_equal(aia.answer.header.hop_by_hop, air.request.header.hop_by_hop);
    assert_int_equal(aia.answer.header.end_to_end, air.request.header.end_to_end);
    assert_int_equal(aia.answer.auth_session_state.v, S6A_NO_STATE_MAINTAINED);
    assert_int_equal(aia.answer.vendor_specific_application_id.auth_application_id.v,
                     DIAMETER_APP_S6A);
    assert_int_equal(aia.answer.proxy_info_n, 2);
    assert_true(bytes_eq(aia.answer.proxy_info[0], air.request.proxy_info[0]));
    assert_true(bytes_eq(aia.answer.proxy_info[1], air.request.proxy_info[1]));
    struct rd r = diameter_avps((struct bytes){answer, m});
    struct diameter_avp first;
    assert_ok(diameter_avp_next(&r, &first));
    assert_int_equal(first.code, 263);
}

static void the_error_bit_is_for_protocol_errors_only(void **state)
{
    (void)state;
    static const struct {
        uint32_t code;
        bool experimental, error;
    } cases[] = {{3001, false, true},  {3999, false, true},  {2001, false, false},
                 {4002, false, false}, {5012, false, false}, {3001, true, false}};
    struct octets request;
    golden_octets(2, &request);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct diameter_answer a = too_busy;
        struct diameter_header h;
        uint8_t out[256];
        size_t n;
        a.code = cases[i].code;
        a.experimental = cases[i].experimental;
        assert_ok(
            diameter_answer_error((struct bytes){request.p, request.n}, &a, MBYTES_OF(out), &n));
        assert_ok(diameter_header_read((struct bytes){out, n}, &h));
        assert_int_equal(h.error, cases[i].error);
    }
}

static void a_request_of_an_unknown_application_is_answered_without_s6a_avps(void **state)
{
    (void)state;
    struct octets request;
    struct bytes ignored;
    uint8_t out[256];
    size_t n;
    golden_octets(2, &request);
    request.p[11] = 9;
    assert_ok(
        diameter_answer_error((struct bytes){request.p, request.n}, &too_busy, MBYTES_OF(out), &n));
    assert_err(diameter_find((struct bytes){out, n}, 277, 0, &ignored), E_NOT_FOUND);
    assert_err(diameter_find((struct bytes){out, n}, 263, 0, &ignored), E_NOT_FOUND);
    assert_ok(diameter_find((struct bytes){out, n}, 281, 0, &ignored));
}

static void every_prefix_of_a_request_with_its_header_is_answered(void **state)
{
    (void)state;
    for (size_t i = 0; i < SAMPLES; i++) {
        struct octets request;
        golden_octets(i, &request);
        for (size_t n = 0; n <= request.n; n++) {
            uint8_t *cut = exact_copy((struct bytes){request.p, n});
            uint8_t out[1024];
            size_t len;
            enum err e =
                diameter_answer_error((struct bytes){cut, n}, &too_busy, MBYTES_OF(out), &len);
            assert_err(e, n < 20 ? E_TRUNCATED : samples[i].as->request ? E_OK : E_BAD_STATE);
            free(cut);
        }
    }
}

static void every_capacity_that_is_too_small_gives_no_room(void **state)
{
    (void)state;
    struct octets request;
    uint8_t out[1024];
    size_t n, ignored;
    golden_octets(6, &request);
    struct bytes msg = {request.p, request.n};
    struct diameter_answer a = too_busy;
    struct diameter_fault fault;
    diameter_fault_value(msg, AVP_VISITED_PLMN_ID, OWN, &fault);
    a.fault = &fault;
    assert_ok(diameter_answer_error(msg, &a, MBYTES_OF(out), &n));
    for (size_t cap = 0; cap < n; cap++) {
        uint8_t *small = malloc(cap ? cap : 1);
        assert_err(diameter_answer_error(msg, &a, (struct mbytes){small, cap}, &ignored),
                   E_NO_ROOM);
        free(small);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_answer_to_a_sample_parses_as_its_answer),
        cmocka_unit_test(the_error_bit_is_for_protocol_errors_only),
        cmocka_unit_test(a_request_of_an_unknown_application_is_answered_without_s6a_avps),
        cmocka_unit_test(every_prefix_of_a_request_with_its_header_is_answered),
        cmocka_unit_test(every_capacity_that_is_too_small_gives_no_room),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
