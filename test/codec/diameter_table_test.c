#include "codec/diameter_table.h"
#include "codec/messages_test.h"

/* A message being built AVP by AVP; the parser sees it in a block of its exact size. */
struct draft {
    uint8_t p[4096];
    struct wr w;
};

static void draft_open(struct draft *d, const struct diameter_header *h)
{
    d->w = wr_of(MBYTES_OF(d->p));
    diameter_header_write(&d->w, h);
}

static const struct diameter_header air_header = {
    .request = true, .proxiable = true, .command = 318, .application = DIAMETER_APP_S6A};

/* Everything that an AIR must have, except for one AVP. */
static void draft_air(struct draft *d, enum diameter_avp_id except)
{
    static const struct {
        enum diameter_avp_id id;
        const char *text;
    } members[] = {
        {AVP_SESSION_ID, "a;1"},         {AVP_ORIGIN_HOST, "mme.example"},
        {AVP_ORIGIN_REALM, "r.example"}, {AVP_DESTINATION_REALM, "r.example"},
        {AVP_USER_NAME, "001010123"},    {AVP_VISITED_PLMN_ID, "\x09\xf1\x10"},
    };
    draft_open(d, &air_header);
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].id != except) {
            diameter_put_octets(&d->w, members[i].id, OWN, bytes_of_str(members[i].text));
        }
    }
    if (except != AVP_AUTH_SESSION_STATE) {
        diameter_put_u32(&d->w, AVP_AUTH_SESSION_STATE, OWN, 1);
    }
}

static void draft_hex(struct draft *d, const char *hex)
{
    size_t n = strlen(hex) / 2;
    uint8_t *at = wr_hold(&d->w, n);
    assert_non_null(at);
    assert_ok(hex_decode(hex, (struct mbytes){at, n}));
}

/* Parses the draft as an AIR; on a fault the answer is built too, and its Failed-AVP returned. */
struct verdict {
    enum err err;
    struct diameter_fault fault;
    uint8_t failed[256];
    size_t failed_n;
};

static void judge(struct draft *d, struct verdict *v)
{
    static struct s6a_air air;
    static uint8_t answer[4096];
    size_t n;
    struct bytes failed;
    assert_ok(diameter_length_set(&d->w));
    uint8_t *exact = exact_copy((struct bytes){d->p, d->w.n});
    struct bytes msg = {exact, d->w.n};
    *v = (struct verdict){0};
    v->err = s6a_air_parse(OWN, msg, &air, &v->fault);
    if (v->err != E_OK) {
        struct diameter_answer a = {.code = v->fault.result_code,
                                    .origin_host = HSS,
                                    .origin_realm = REALM,
                                    .fault = &v->fault};
        assert_ok(diameter_answer_error(msg, &a, MBYTES_OF(answer), &n));
        if (diameter_find((struct bytes){answer, n}, 279, 0, &failed) == E_OK) {
            assert_true(failed.n <= sizeof v->failed);
            memcpy(v->failed, failed.p, failed.n);
            v->failed_n = failed.n;
        }
        assert_int_equal(diameter_failed_avp_len(&v->fault), v->failed_n);
    }
    free(exact);
}

static void assert_failed(const struct verdict *v, const char *hex)
{
    char text[sizeof v->failed * 2 + 1];
    hex_encode((struct bytes){v->failed, v->failed_n}, text);
    assert_string_equal(text, hex);
}

static void a_minimal_air_is_accepted(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_COUNT);
    judge(&d, &v);
    assert_ok(v.err);
    assert_int_equal(v.fault.result_code, 0);
}

static void a_missing_avp_gives_5005_with_an_example(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_VISITED_PLMN_ID);
    judge(&d, &v);
    assert_err(v.err, E_MISSING);
    assert_int_equal(v.fault.result_code, 5005);
    assert_string_equal(v.fault.path, "Visited-PLMN-Id");
    assert_failed(&v, "0000057fc000000f000028af00000000");
    draft_air(&d, AVP_AUTH_SESSION_STATE);
    judge(&d, &v);
    assert_failed(&v, "000001154000000c00000000");
}

static void a_missing_member_of_a_group_is_named_with_its_path(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_COUNT);
    size_t mark = diameter_put_open(&d.w, AVP_SUPPORTED_FEATURES, OWN);
    diameter_put_u32(&d.w, AVP_VENDOR_ID, OWN, 10415);
    diameter_put_u32(&d.w, AVP_FEATURE_LIST, OWN, 1);
    diameter_put_close(&d.w, mark);
    judge(&d, &v);
    assert_int_equal(v.fault.result_code, 5005);
    assert_string_equal(v.fault.path, "Supported-Features/Feature-List-ID");
}

static void an_unknown_avp_is_ignored_without_m_and_refused_with_it(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_COUNT);
    draft_hex(&d, "0000ffff0000000900000000");
    draft_hex(&d, "0000004d8000000d000028af01000000");
    judge(&d, &v);
    assert_ok(v.err);
    draft_hex(&d, "0000004dc000000d000028af01000000");
    judge(&d, &v);
    assert_err(v.err, E_UNKNOWN);
    assert_int_equal(v.fault.result_code, 5001);
    assert_string_equal(v.fault.path, "AVP 77 of vendor 10415");
    assert_failed(&v, "0000004dc000000d000028af01000000");
}

static void an_unknown_avp_with_m_inside_a_known_group_is_refused(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_COUNT);
    size_t mark = diameter_put_open(&d.w, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, OWN);
    draft_hex(&d, "0000ffff4000000800000582c0000010000028af00000001");
    diameter_put_close(&d.w, mark);
    judge(&d, &v);
    assert_int_equal(v.fault.result_code, 5001);
    assert_string_equal(v.fault.path, "Requested-EUTRAN-Authentication-Info/AVP 65535 of vendor 0");
    assert_failed(&v, "0000ffff40000008");
}

static void an_avp_too_often_gives_5009_with_the_first_one_too_many(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_COUNT);
    diameter_put_octets(&d.w, AVP_USER_NAME, OWN, BYTES_LIT("2"));
    diameter_put_octets(&d.w, AVP_USER_NAME, OWN, BYTES_LIT("3"));
    judge(&d, &v);
    assert_err(v.err, E_REPEATED);
    assert_int_equal(v.fault.result_code, 5009);
    assert_failed(&v, "000000014000000932000000");
}

static void a_list_takes_as_many_as_it_has_room_for(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_COUNT);
    for (int i = 0; i < S6A_ROUTE_RECORDS_MAX; i++) {
        diameter_put_octets(&d.w, AVP_ROUTE_RECORD, OWN, BYTES_LIT("a.b"));
    }
    judge(&d, &v);
    assert_ok(v.err);
    diameter_put_octets(&d.w, AVP_ROUTE_RECORD, OWN, BYTES_LIT("a.b"));
    judge(&d, &v);
    assert_int_equal(v.fault.result_code, 5009);
}

static void bad_values_give_5004_with_the_avp(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_AUTH_SESSION_STATE);
    diameter_put_u32(&d.w, AVP_AUTH_SESSION_STATE, OWN, 2);
    judge(&d, &v);
    assert_err(v.err, E_BAD_VALUE);
    assert_int_equal(v.fault.result_code, 5004);
    assert_failed(&v, "000001154000000c00000002");
    draft_air(&d, AVP_ORIGIN_HOST);
    diameter_put_octets(&d.w, AVP_ORIGIN_HOST, OWN, BYTES_LIT("a b"));
    judge(&d, &v);
    assert_int_equal(v.fault.result_code, 5004);
    draft_air(&d, AVP_USER_NAME);
    diameter_put_octets(&d.w, AVP_USER_NAME, OWN, BYTES_LIT("\xc3("));
    judge(&d, &v);
    assert_int_equal(v.fault.result_code, 5004);
    assert_string_equal(v.fault.path, "User-Name");
}

static void bad_lengths_of_values_give_5014_with_the_avp(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_VISITED_PLMN_ID);
    diameter_put_octets(&d.w, AVP_VISITED_PLMN_ID, OWN, BYTES_LIT("\1\2"));
    judge(&d, &v);
    assert_err(v.err, E_BAD_LENGTH);
    assert_int_equal(v.fault.result_code, 5014);
    assert_failed(&v, "0000057fc000000e000028af01020000");
    draft_air(&d, AVP_AUTH_SESSION_STATE);
    draft_hex(&d, "000001154000000b00000100");
    judge(&d, &v);
    assert_int_equal(v.fault.result_code, 5014);
}

static void lengths_that_do_not_fit_give_5014_with_a_zero_example(void **state)
{
    (void)state;
    static const struct {
        const char *avp, *failed;
    } cases[] = {
        {"0000057fc00000ff000028af01020300", "0000057fc000000f000028af00000000"}, /* too long */
        {"0000057fc0ffffff000028af01020300", "0000057fc000000f000028af00000000"},
        {"0000057fc000000b000028af01020300", "0000057fc000000f000028af00000000"}, /* no header */
        {"000001154000000700000001", "000001154000000c00000000"},
        {"0000011540000000", "000001154000000c00000000"},
        {"00000115", "0000011500000008"}, /* the header itself is cut: code at the most */
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct draft d;
        struct verdict v;
        draft_air(&d, AVP_COUNT);
        draft_hex(&d, cases[i].avp);
        judge(&d, &v);
        assert_err(v.err, E_BAD_LENGTH);
        assert_int_equal(v.fault.result_code, 5014);
        if (i + 1 < sizeof cases / sizeof cases[0]) {
            assert_failed(&v, cases[i].failed);
        }
    }
}

static void padding_must_be_inside_and_may_hold_anything(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_VISITED_PLMN_ID);
    draft_hex(&d, "0000057fc000000f000028af010203ff");
    judge(&d, &v);
    assert_ok(v.err);
    draft_air(&d, AVP_COUNT);
    size_t mark = diameter_put_open(&d.w, AVP_REQUESTED_EUTRAN_AUTHENTICATION_INFO, OWN);
    draft_hex(&d, "0000ffff00000009aa"); /* its padding would lie outside the group */
    diameter_put_close(&d.w, mark);
    judge(&d, &v);
    assert_int_equal(v.fault.result_code, 5014);
    assert_string_equal(v.fault.path, "Requested-EUTRAN-Authentication-Info/AVP 65535 of vendor 0");
}

static void reserved_avp_bits_give_3009(void **state)
{
    (void)state;
    struct draft d;
    struct verdict v;
    draft_air(&d, AVP_COUNT);
    draft_hex(&d, "0000ffff0100000800000fff20000008"); /* P alone would be fine */
    judge(&d, &v);
    assert_err(v.err, E_BAD_VALUE);
    assert_int_equal(v.fault.result_code, 3009);
    assert_failed(&v, "0000ffff01000008");
}

static void header_faults_have_their_codes(void **state)
{
    (void)state;
    static struct s6a_air air;
    struct draft d;
    struct diameter_fault f;
    draft_air(&d, AVP_COUNT);
    assert_ok(diameter_length_set(&d.w));
    struct bytes msg = {d.p, d.w.n};
    d.p[4] |= 0x20; /* E on a request */
    assert_err(s6a_air_parse(OWN, msg, &air, &f), E_BAD_VALUE);
    assert_int_equal(f.result_code, 3008);
    d.p[4] = 0xCF; /* reserved header bits are ignored */
    assert_ok(s6a_air_parse(OWN, msg, &air, &f));
    d.p[0] = 2;
    assert_err(s6a_air_parse(OWN, msg, &air, &f), E_BAD_VALUE);
    assert_int_equal(f.result_code, 5011);
    d.p[0] = 1;
    d.p[3] ^= 4;
    assert_err(s6a_air_parse(OWN, msg, &air, &f), E_BAD_LENGTH);
    assert_int_equal(f.result_code, 5015);
    d.p[3] ^= 4;
    d.p[7] ^= 1;
    assert_err(s6a_air_parse(OWN, msg, &air, &f), E_UNSUPPORTED);
    assert_int_equal(f.result_code, 3001);
    d.p[11] ^= 1;
    assert_err(s6a_air_parse(OWN, msg, &air, &f), E_UNSUPPORTED);
    assert_int_equal(f.result_code, 3007);
}

static void an_answer_with_the_error_bit_may_lack_what_others_need(void **state)
{
    (void)state;
    static struct s6a_aia aia;
    struct diameter_fault f;
    struct draft d;
    struct diameter_header h = {
        .error = true, .command = 318, .application = DIAMETER_APP_S6A, .hop_by_hop = 5};
    draft_open(&d, &h);
    diameter_put_u32(&d.w, AVP_RESULT_CODE, OWN, 3002);
    assert_ok(diameter_length_set(&d.w));
    assert_ok(s6a_aia_parse(OWN, (struct bytes){d.p, d.w.n}, &aia, &f));
    assert_int_equal(aia.answer.result_code.v, 3002);
    d.p[4] = 0;
    assert_err(s6a_aia_parse(OWN, (struct bytes){d.p, d.w.n}, &aia, &f), E_MISSING);
}

/* A table that contains itself: groups can go as deep as a sender likes. */
struct nest {
    struct diameter_header header;
};
static const struct diameter_table nest_table;
static const struct diameter_row nest_rows[] = {
    {.avp = AVP_FAILED_AVP, .at_most = 65535, .offset = 0, .size = 1, .group = &nest_table}};
static const struct diameter_table nest_table = {nest_rows, 1, sizeof(struct nest)};
static const struct diameter_message nest_message = {.command = 1, .table = &nest_table};

static size_t nest(uint8_t *out, unsigned depth)
{
    struct wr w = wr_of((struct mbytes){out, 4096});
    struct diameter_header h = {.command = 1};
    diameter_header_write(&w, &h);
    for (unsigned i = 0; i < depth; i++) {
        wr_be32(&w, 279);
        wr_be32(&w, (depth - i) * 8);
    }
    assert_ok(diameter_length_set(&w));
    return w.n;
}

static void groups_deeper_than_six_are_refused(void **state)
{
    (void)state;
    uint8_t out[4096];
    struct nest m;
    struct diameter_fault f;
    for (unsigned depth = 0; depth < 500; depth++) {
        size_t n = nest(out, depth);
        enum err e = diameter_parse(&nest_message, OWN, (struct bytes){out, n}, &m, &f);
        assert_err(e, depth < DIAMETER_DEPTH_MAX ? E_OK : E_BAD_VALUE);
        assert_int_equal(f.result_code, depth < DIAMETER_DEPTH_MAX ? 0 : 5004);
    }
}

static void the_writer_refuses_what_its_parser_would_refuse(void **state)
{
    (void)state;
    static struct s6a_air air;
    uint8_t out[1024];
    size_t n;
    sample_air(&air);
    air.visited_plmn_id.n = 2;
    assert_err(s6a_air_write(OWN, &air, MBYTES_OF(out), &n), E_BAD_LENGTH);
    sample_air(&air);
    air.request.user_name.p = NULL;
    assert_err(s6a_air_write(OWN, &air, MBYTES_OF(out), &n), E_MISSING);
    sample_air(&air);
    air.request.auth_session_state.v = 2;
    assert_err(s6a_air_write(OWN, &air, MBYTES_OF(out), &n), E_BAD_VALUE);
    sample_air(&air);
    air.request.route_record_n = S6A_ROUTE_RECORDS_MAX + 1;
    assert_err(s6a_air_write(OWN, &air, MBYTES_OF(out), &n), E_REPEATED);
    sample_air(&air);
    air.request.route_record_n = 2; /* the second is not there */
    assert_err(s6a_air_write(OWN, &air, MBYTES_OF(out), &n), E_MISSING);
    sample_air(&air);
    air.request.header.error = true;
    assert_err(s6a_air_write(OWN, &air, MBYTES_OF(out), &n), E_BAD_VALUE);
}

static void utf8_is_checked_as_its_rfc_has_it(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
    } cases[] = {
        {"plain", E_OK},
        {"\xc3\xa9", E_OK},
        {"\xe2\x82\xac", E_OK},
        {"\xf0\x9f\x98\x80", E_OK},
        {"\xc0\x80", E_BAD_VALUE},
        {"\xed\xa0\x80", E_BAD_VALUE},
        {"\xe0\x80\x80", E_BAD_VALUE},
        {"\xf4\x90\x80\x80", E_BAD_VALUE},
        {"\xff", E_BAD_VALUE},
        {"\xe2\x82", E_BAD_VALUE},
        {"\x80", E_BAD_VALUE},
        {"\xf0\x80\x80\x80", E_BAD_VALUE},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint32_t code;
        assert_err(diameter_value_check(diameter_definition(AVP_USER_NAME),
                                        bytes_of_str(cases[i].text), &code),
                   cases[i].want);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_minimal_air_is_accepted),
        cmocka_unit_test(a_missing_avp_gives_5005_with_an_example),
        cmocka_unit_test(a_missing_member_of_a_group_is_named_with_its_path),
        cmocka_unit_test(an_unknown_avp_is_ignored_without_m_and_refused_with_it),
        cmocka_unit_test(an_unknown_avp_with_m_inside_a_known_group_is_refused),
        cmocka_unit_test(an_avp_too_often_gives_5009_with_the_first_one_too_many),
        cmocka_unit_test(a_list_takes_as_many_as_it_has_room_for),
        cmocka_unit_test(bad_values_give_5004_with_the_avp),
        cmocka_unit_test(bad_lengths_of_values_give_5014_with_the_avp),
        cmocka_unit_test(lengths_that_do_not_fit_give_5014_with_a_zero_example),
        cmocka_unit_test(padding_must_be_inside_and_may_hold_anything),
        cmocka_unit_test(reserved_avp_bits_give_3009),
        cmocka_unit_test(header_faults_have_their_codes),
        cmocka_unit_test(an_answer_with_the_error_bit_may_lack_what_others_need),
        cmocka_unit_test(groups_deeper_than_six_are_refused),
        cmocka_unit_test(the_writer_refuses_what_its_parser_would_refuse),
        cmocka_unit_test(utf8_is_checked_as_its_rfc_has_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
