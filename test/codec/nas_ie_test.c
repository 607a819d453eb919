/* codec/nas_ie.h: identities, places, capabilities. Octets by hand from the clauses' figures. */
#include "codec/nas_ie.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static struct imei imei_of(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse_transmitted(bytes_of_str(digits), &imei));
    return imei;
}

static struct plmn plmn_of(const char *text)
{
    struct plmn plmn;
    assert_ok(plmn_parse(bytes_of_str(text), &plmn));
    return plmn;
}

static void check_eps(const struct nas_eps_identity *id, struct bytes octets)
{
    uint8_t out[NAS_IDENTITY_MAX];
    struct bytes value;
    struct nas_eps_identity back;
    assert_ok(nas_eps_identity_write(id, MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, octets));
    for (size_t n = 0; n < octets.n; n++) {
        uint8_t *copy = exact_copy((struct bytes){octets.p, n});
        assert_err(nas_eps_identity_write(id, (struct mbytes){out, n}, &value), E_NO_ROOM);
        /* Fewer digits may be an identity too, a short one; nothing else is. */
        enum err e = nas_eps_identity_parse((struct bytes){copy, n}, &back);
        assert_true(e != E_OK || back.type == NAS_EPS_IDENTITY_IMSI);
        free(copy);
    }
    assert_ok(nas_eps_identity_parse(octets, &back));
    assert_int_equal(back.type, id->type);
    assert_ok(nas_eps_identity_write(&back, MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, octets));
}

static void eps_mobile_identities_are_written_and_parsed(void **state)
{
    (void)state;
    struct nas_eps_identity odd = {NAS_EPS_IDENTITY_IMSI, {.imsi = imsi_of("001010123456789")}};
    struct nas_eps_identity even = {NAS_EPS_IDENTITY_IMSI, {.imsi = imsi_of("00101012345678")}};
    struct nas_eps_identity imei = {NAS_EPS_IDENTITY_IMEI, {.imei = imei_of("35209900176148")}};
    struct nas_eps_identity guti = {NAS_EPS_IDENTITY_GUTI,
                                    {.guti = {plmn_of("001-01"), 0x8001, 0x02, 0xC0FFEE01}}};
    check_eps(&odd, BYTES_LIT("\x09\x10\x10\x10\x32\x54\x76\x98"));
    check_eps(&even, BYTES_LIT("\x01\x10\x10\x10\x32\x54\x76\xf8"));
    check_eps(&imei, BYTES_LIT("\x3b\x25\x90\x09\x10\x67\x41\x08"));
    check_eps(&guti, BYTES_LIT("\xf6\x00\xf1\x10\x80\x01\x02\xc0\xff\xee\x01"));
}

static void an_eps_mobile_identity_that_is_none_is_refused(void **state)
{
    (void)state;
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_IMEI};
    static const struct bytes bad[] = {
        BYTES_LIT("\x0a\x10\x10\x10\x32\x54\x76\x98"),             /* type 2 */
        BYTES_LIT("\x09\x10\x1a\x10\x32\x54\x76\x98"),             /* a digit A */
        BYTES_LIT("\x01\x10\x10\x10\x32\x54\x76\x98"),             /* even, without the fill */
        BYTES_LIT("\x09\x10\x10\x10\x32\x54\x76\x98\x98"),         /* 17 digits */
        BYTES_LIT("\x09\x10"),                                     /* an IMSI of 3 digits */
        BYTES_LIT("\x3b\x25\x90\x09\x10\x67\x41"),                 /* an IMEI of 13 digits */
        BYTES_LIT("\x06\x00\xf1\x10\x80\x01\x02\xc0\xff\xee\x01"), /* a GUTI without its fill */
        BYTES_LIT("\xf6\x00\xa1\x10\x80\x01\x02\xc0\xff\xee\x01"), /* no MNC */
        BYTES_LIT("\xf6\x00\xf1\x10\x80\x01\x02\xc0\xff\xee"),     /* ends too early */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(nas_eps_identity_parse(bad[i], &id), E_OK);
        assert_int_equal(id.type, NAS_EPS_IDENTITY_IMEI);
    }
}

static void the_digit_behind_an_imei_is_not_part_of_it(void **state)
{
    (void)state;
    struct nas_eps_identity id;
    assert_ok(nas_eps_identity_parse(BYTES_LIT("\x3b\x25\x90\x09\x10\x67\x41\x18"), &id));
    assert_string_equal(id.imei.digits, "35209900176148");
}

static void check_identity(const struct nas_identity *id, struct bytes octets)
{
    uint8_t out[NAS_IDENTITY_MAX];
    struct bytes value;
    struct nas_identity back;
    assert_ok(nas_identity_write(id, MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, octets));
    for (size_t n = 0; n < octets.n; n++) {
        assert_err(nas_identity_write(id, (struct mbytes){out, n}, &value), E_NO_ROOM);
    }
    uint8_t *copy = exact_copy(octets);
    assert_ok(nas_identity_parse((struct bytes){copy, octets.n}, &back));
    free(copy);
    assert_int_equal(back.type, id->type);
    assert_ok(nas_identity_write(&back, MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, octets));
}

static void mobile_identities_are_written_and_parsed(void **state)
{
    (void)state;
    struct nas_identity imsi = {NAS_IDENTITY_IMSI, {.imsi = imsi_of("001010123456789")}};
    struct nas_identity imei = {NAS_IDENTITY_IMEI, {.imei = imei_of("35209900176148")}};
    struct nas_identity sv = {NAS_IDENTITY_IMEISV, {.tmsi = 0}};
    struct nas_identity tmsi = {NAS_IDENTITY_TMSI, {.tmsi = 0x1A2B3C4D}};
    struct nas_identity none = {NAS_IDENTITY_NONE, {.tmsi = 0}};
    assert_ok(imeisv_parse(BYTES_LIT("3520990017614823"), &sv.imeisv));
    check_identity(&imsi, BYTES_LIT("\x09\x10\x10\x10\x32\x54\x76\x98"));
    check_identity(&imei, BYTES_LIT("\x3a\x25\x90\x09\x10\x67\x41\x08"));
    check_identity(&sv, BYTES_LIT("\x33\x25\x90\x09\x10\x67\x41\x28\xf3"));
    check_identity(&tmsi, BYTES_LIT("\xf4\x1a\x2b\x3c\x4d"));
    check_identity(&none, BYTES_LIT("\0\0\0"));
}

static void a_mobile_identity_that_is_none_is_refused(void **state)
{
    (void)state;
    struct nas_identity id = {.type = NAS_IDENTITY_TMSI};
    assert_err(nas_identity_parse((struct bytes){NULL, 0}, &id), E_TRUNCATED);
    assert_err(nas_identity_parse(BYTES_LIT("\x05\x01\x02\x03"), &id), E_BAD_VALUE);
    assert_err(nas_identity_parse(BYTES_LIT("\xf4\x01\x02\x03"), &id), E_TRUNCATED);
    assert_err(nas_identity_parse(BYTES_LIT("\x04\x01\x02\x03\x04"), &id), E_BAD_VALUE);
    /* An IMEISV of 15 digits, an IMEI of 16. */
    assert_err(nas_identity_parse(BYTES_LIT("\x3b\x25\x90\x09\x10\x67\x41\x08"), &id),
               E_BAD_LENGTH);
    assert_err(nas_identity_parse(BYTES_LIT("\x32\x25\x90\x09\x10\x67\x41\x28\xf3"), &id),
               E_BAD_LENGTH);
    assert_int_equal(id.type, NAS_IDENTITY_TMSI);
}

static void gutis_are_equal_in_all_or_not(void **state)
{
    (void)state;
    struct nas_guti a = {plmn_of("001-01"), 1, 2, 3};
    struct nas_guti b = a;
    assert_true(nas_guti_eq(&a, &b));
    b.m_tmsi++;
    assert_false(nas_guti_eq(&a, &b));
    b = a;
    b.mme_code++;
    assert_false(nas_guti_eq(&a, &b));
    b = a;
    b.mme_group_id++;
    assert_false(nas_guti_eq(&a, &b));
    b = a;
    b.plmn = plmn_of("001-001");
    assert_false(nas_guti_eq(&a, &b));
}

/* ---- places ---- */

static void a_tai_is_written_and_parsed(void **state)
{
    (void)state;
    struct nas_tai tai = {plmn_of("310-410"), 0x1234}, back;
    uint8_t out[NAS_TAI_LEN];
    nas_tai_write(&tai, out);
    assert_memory_equal(out, "\x13\x00\x14\x12\x34", 5);
    assert_ok(nas_tai_parse(BYTES_OF(out), &back));
    assert_true(nas_tai_eq(&tai, &back));
    assert_err(nas_tai_parse((struct bytes){out, 4}, &back), E_TRUNCATED);
    back.tac++;
    assert_false(nas_tai_eq(&tai, &back));
}

static void check_list(const struct nas_tai_list *list, struct bytes octets)
{
    uint8_t out[NAS_TAI_LIST_LEN];
    struct bytes value;
    struct nas_tai_list back;
    assert_ok(nas_tai_list_write(list, MBYTES_OF(out), &value));
    assert_true(bytes_eq(value, octets));
    for (size_t n = 0; n < octets.n; n++) {
        uint8_t *copy = exact_copy((struct bytes){octets.p, n});
        assert_err(nas_tai_list_parse((struct bytes){copy, n}, &back), E_TRUNCATED);
        assert_err(nas_tai_list_write(list, (struct mbytes){out, n}, &value), E_NO_ROOM);
        free(copy);
    }
    assert_ok(nas_tai_list_parse(octets, &back));
    assert_int_equal(back.n, list->n);
    for (size_t i = 0; i < list->n; i++) {
        assert_true(nas_tai_eq(&back.tai[i], &list->tai[i]));
        assert_true(nas_tai_list_has(&back, &list->tai[i]));
    }
}

static void tai_lists_of_three_types_are_written_and_parsed(void **state)
{
    (void)state;
    struct plmn home = plmn_of("001-01");
    struct nas_tai_list one = {{{home, 7}}, 1};
    struct nas_tai_list tacs = {{{home, 7}, {home, 9}}, 2};
    struct nas_tai_list row = {{{home, 7}, {home, 8}, {home, 9}}, 3};
    struct nas_tai_list mixed = {{{home, 7}, {plmn_of("002-02"), 7}}, 2};
    check_list(&one, BYTES_LIT("\x00\x00\xf1\x10\x00\x07"));
    check_list(&tacs, BYTES_LIT("\x01\x00\xf1\x10\x00\x07\x00\x09"));
    check_list(&row, BYTES_LIT("\x22\x00\xf1\x10\x00\x07"));
    check_list(&mixed, BYTES_LIT("\x41\x00\xf1\x10\x00\x07\x00\xf2\x20\x00\x07"));
    assert_false(nas_tai_list_has(&one, &row.tai[1]));
}

static void tai_lists_follow_one_another_up_to_sixteen(void **state)
{
    (void)state;
    struct nas_tai_list list;
    assert_ok(nas_tai_list_parse(BYTES_LIT("\x21\x00\xf1\x10\x00\x07"
                                           "\x00\x00\xf2\x20\x00\x01"),
                                 &list));
    assert_int_equal(list.n, 3);
    assert_int_equal(list.tai[1].tac, 8);
    assert_string_equal(list.tai[2].plmn.mcc, "002");
    /* 32 consecutive ones are read as 16, and more than 16 are not kept. */
    assert_ok(nas_tai_list_parse(BYTES_LIT("\x3f\x00\xf1\x10\x00\x07"
                                           "\x00\x00\xf2\x20\x00\x01"),
                                 &list));
    assert_int_equal(list.n, 16);
    /* What is behind the sixteenth is not even read. */
    assert_ok(nas_tai_list_parse(BYTES_LIT("\x2f\x00\xf1\x10\x00\x07\x60\x00"), &list));
    assert_int_equal(list.n, 16);
    assert_err(nas_tai_list_parse(BYTES_LIT("\x60\x00\xf1\x10\x00\x07"), &list), E_BAD_VALUE);
    assert_err(nas_tai_list_parse(BYTES_LIT("\x21\x00\xf1\x10\xff\xff"), &list), E_BAD_VALUE);
    list.n = 0;
    uint8_t out[8];
    struct bytes value;
    assert_err(nas_tai_list_write(&list, MBYTES_OF(out), &value), E_BAD_VALUE);
    list.n = 17;
    assert_err(nas_tai_list_write(&list, MBYTES_OF(out), &value), E_BAD_VALUE);
}

/* ---- capabilities ---- */

static void security_capabilities_are_made_of_network_capabilities(void **state)
{
    (void)state;
    uint8_t out[NAS_UE_SECURITY_CAPABILITY_MAX];
    struct bytes v;
    struct bytes none = {NULL, 0};
    assert_ok(nas_ue_security_capability(BYTES_LIT("\xf0\x70"), none, out, &v));
    assert_true(bytes_eq(v, BYTES_LIT("\xf0\x70")));
    /* UCS2 is the high bit of octet 4 there, and spare here. */
    assert_ok(nas_ue_security_capability(BYTES_LIT("\xf0\x70\xc0\xc0\x19"), none, out, &v));
    assert_true(bytes_eq(v, BYTES_LIT("\xf0\x70\xc0\x40")));
    /* GEA1 and GEA2, GEA3 of an MS network capability. */
    assert_ok(
        nas_ue_security_capability(BYTES_LIT("\xf0\x70"), BYTES_LIT("\xe5\xe0\x34"), out, &v));
    assert_true(bytes_eq(v, BYTES_LIT("\xf0\x70\x00\x00\x70")));
    assert_err(nas_ue_security_capability(BYTES_LIT("\xf0"), none, out, &v), E_TRUNCATED);
}

static void security_capabilities_are_compared_by_algorithm(void **state)
{
    (void)state;
    struct bytes a = BYTES_LIT("\xf0\x70\xc0\x40");
    assert_true(nas_ue_security_capability_eq(a, a));
    assert_true(nas_ue_security_capability_eq(a, BYTES_LIT("\xf0\x70\xc0\x40\x00")));
    assert_true(nas_ue_security_capability_eq(a, BYTES_LIT("\xf0\x70\xc0\xc0")));
    assert_false(nas_ue_security_capability_eq(a, BYTES_LIT("\xf0\x70")));
    assert_false(nas_ue_security_capability_eq(a, BYTES_LIT("\xf0\x30\xc0\x40")));
    assert_false(nas_ue_security_capability_eq(a, BYTES_LIT("\xe0\x70\xc0\x40")));
    assert_false(nas_ue_security_capability_eq(a, BYTES_LIT("\xf0\x70\xc0\x40\x01")));
    assert_true(nas_ue_supports_eea(a, 0));
    assert_true(nas_ue_supports_eea(a, 3));
    assert_false(nas_ue_supports_eea(a, 4));
    assert_false(nas_ue_supports_eea(a, 8));
    assert_false(nas_ue_supports_eia(a, 0));
    assert_true(nas_ue_supports_eia(a, 2));
    assert_false(nas_ue_supports_eia(BYTES_LIT("\xf0"), 2));
    assert_int_equal(nas_algorithms(2, 1), 0x21);
    assert_int_equal(nas_algorithms_eea(0x21), 2);
    assert_int_equal(nas_algorithms_eia(0xa9), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(eps_mobile_identities_are_written_and_parsed),
        cmocka_unit_test(an_eps_mobile_identity_that_is_none_is_refused),
        cmocka_unit_test(the_digit_behind_an_imei_is_not_part_of_it),
        cmocka_unit_test(mobile_identities_are_written_and_parsed),
        cmocka_unit_test(a_mobile_identity_that_is_none_is_refused),
        cmocka_unit_test(gutis_are_equal_in_all_or_not),
        cmocka_unit_test(a_tai_is_written_and_parsed),
        cmocka_unit_test(tai_lists_of_three_types_are_written_and_parsed),
        cmocka_unit_test(tai_lists_follow_one_another_up_to_sixteen),
        cmocka_unit_test(security_capabilities_are_made_of_network_capabilities),
        cmocka_unit_test(security_capabilities_are_compared_by_algorithm),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
