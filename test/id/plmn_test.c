#include "lib/check.h"

#include "id/plmn.h"
#include <stdio.h>
#include <string.h>

static struct plmn plmn_of(const char *text)
{
    struct plmn plmn;
    assert_ok(plmn_parse(bytes_of_str(text), &plmn));
    return plmn;
}

static void every_way_people_write_a_plmn_is_taken(void **state)
{
    (void)state;
    static const char *const ways[][2] = {
        {"001-01", "001-01"},   {"001.01", "001-01"},   {"001/01", "001-01"},
        {"00101", "001-01"},    {"001-001", "001-001"}, {"001.001", "001-001"},
        {"001/001", "001-001"}, {"001001", "001-001"},  {"999-99", "999-99"},
    };
    for (size_t i = 0; i < sizeof ways / sizeof ways[0]; i++) {
        char out[PLMN_TEXT_MAX];
        struct plmn plmn = plmn_of(ways[i][0]);
        plmn_print(&plmn, out);
        assert_string_equal(out, ways[i][1]);
    }
}

static void anything_else_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
    } bad[] = {
        {"", E_BAD_LENGTH},         {"0010", E_BAD_LENGTH},    {"001-1", E_BAD_LENGTH},
        {"001-0001", E_BAD_LENGTH}, {"0010001", E_BAD_LENGTH}, {"001-", E_BAD_LENGTH},
        {"00a-01", E_BAD_DIGIT},    {"001-0a", E_BAD_DIGIT},   {"0010a", E_BAD_DIGIT},
        {"001--01", E_BAD_DIGIT},   {"001_01", E_BAD_DIGIT},   {"001_001", E_BAD_DIGIT},
        {"01-001", E_BAD_DIGIT},    {"001 01", E_BAD_DIGIT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct plmn plmn = {"abc", "def"};
        assert_err(plmn_parse(bytes_of_str(bad[i].text), &plmn), bad[i].want);
        assert_string_equal(plmn.mcc, "abc");
        assert_string_equal(plmn.mnc, "def");
    }
}

static void two_digits_and_three_digits_are_different_networks(void **state)
{
    (void)state;
    struct plmn two = plmn_of("001-01");
    struct plmn three = plmn_of("001-001");
    struct plmn padded = plmn_of("001-010");
    struct plmn abroad = plmn_of("002-01");
    assert_false(plmn_eq(&two, &three));
    assert_false(plmn_eq(&two, &padded));
    assert_false(plmn_eq(&two, &abroad));
    assert_true(plmn_eq(&two, &two));
}

/* TS 24.301 9.9.3.32. */
static void the_octets_have_the_third_mnc_digit_in_the_middle(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *octets;
    } known[] = {
        {"208-034", "\x02\x48\x30"}, /* SN id of the KASME vector */
        {"001-01", "\x00\xf1\x10"},
        {"310-410", "\x13\x00\x14"},
        {"234-15", "\x32\xf4\x51"},
    };
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        uint8_t out[PLMN_LEN];
        struct plmn back;
        struct plmn plmn = plmn_of(known[i].text);
        plmn_to_octets(&plmn, out);
        assert_memory_equal(out, known[i].octets, PLMN_LEN);
        assert_ok(plmn_from_octets(out, &back));
        assert_memory_equal(&back, &plmn, sizeof plmn);
    }
}

static void all_three_octet_strings_are_canonical_or_refused(void **state)
{
    (void)state;
    unsigned taken = 0;
    for (uint32_t v = 0; v < 1u << 24; v++) {
        const uint8_t in[PLMN_LEN] = {(uint8_t)(v >> 16), (uint8_t)(v >> 8), (uint8_t)v};
        struct plmn plmn;
        uint8_t again[PLMN_LEN];
        if (plmn_from_octets(in, &plmn) == E_OK) {
            plmn_to_octets(&plmn, again);
            assert_true(memcmp(in, again, PLMN_LEN) == 0);
            taken++;
        }
    }
    assert_int_equal(taken, 1000 * 1000 + 1000 * 100);
}

static void a_realm_has_an_mnc_of_three_digits(void **state)
{
    (void)state;
    char out[REALM_TEXT_MAX];
    struct plmn two = plmn_of("234-15");
    plmn_realm(&two, out);
    assert_string_equal(out, "epc.mnc015.mcc234.3gppnetwork.org"); /* TS 23.003 19.2 */
    struct plmn three = plmn_of("310-410");
    plmn_realm(&three, out);
    assert_string_equal(out, "epc.mnc410.mcc310.3gppnetwork.org");
}

static void every_plmn_comes_back_from_its_realm(void **state)
{
    (void)state;
    for (unsigned v = 0; v < 100000; v++) {
        char text[16];
        char realm[REALM_TEXT_MAX];
        struct plmn back;
        snprintf(text, sizeof text, "%03u-%02u", v / 100, v % 100);
        struct plmn two = plmn_of(text);
        plmn_realm(&two, realm);
        assert_ok(plmn_from_realm(bytes_of_str(realm), 2, &back));
        assert_true(plmn_eq(&two, &back));
        snprintf(text, sizeof text, "%03u-%03u", v % 1000, v / 100);
        struct plmn three = plmn_of(text);
        plmn_realm(&three, realm);
        assert_ok(plmn_from_realm(bytes_of_str(realm), 3, &back));
        assert_true(plmn_eq(&three, &back));
    }
}

static void a_realm_of_an_mnc_above_099_has_three_digits_whatever_is_asked(void **state)
{
    (void)state;
    struct plmn plmn;
    assert_ok(plmn_from_realm(BYTES_LIT("epc.mnc410.mcc310.3gppnetwork.org"), 2, &plmn));
    assert_string_equal(plmn.mnc, "410");
    assert_ok(plmn_from_realm(BYTES_LIT("EPC.MNC001.mcc001.3GPPnetwork.ORG"), 2, &plmn));
    assert_string_equal(plmn.mnc, "01");
}

static void another_text_is_no_realm(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "",
        "epc.mnc001.mcc001.3gppnetwork.or",
        "epc.mnc001.mcc001.3gppnetwork.org.",
        "ims.mnc001.mcc001.3gppnetwork.org",
        "epc.mcc001.mnc001.3gppnetwork.org",
        "epc.mnc0a1.mcc001.3gppnetwork.org",
        "epc.mnc001.mcc0a1.3gppnetwork.org",
        "epc-mnc001.mcc001.3gppnetwork.org",
        "epc.mnc01.mcc001.3gppnetwork.orgg",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct plmn plmn = {"abc", "def"};
        assert_err(plmn_from_realm(bytes_of_str(bad[i]), 2, &plmn), E_BAD_VALUE);
        assert_string_equal(plmn.mcc, "abc");
    }
}

static void a_diameter_identity_is_a_host_name(void **state)
{
    (void)state;
    static const char *const good[] = {
        "a.b",
        "hss.epc.mnc001.mcc001.3gppnetwork.org",
        "HSS-1.Example.COM",
        "3gpp.1",
        "1.2.3.4",
        "x--y.z",
        "localdomain",
    };
    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        assert_ok(diameter_identity_check(bytes_of_str(good[i])));
    }
    static const char *const bad[] = {
        ".",        "a.",    ".a",    "a..b",  "-a.b",  "a-.b",  "a.-b",
        "a.b-",     "a_b.c", "a b.c", "a.b\n", "a@b.c", "a.b;c", "h\xc3\xa9.c",
        "a.b:3868", "a/.b",  "[.a",   "{.a",   "`.a",
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_err(diameter_identity_check(bytes_of_str(bad[i])), E_BAD_VALUE);
    }
    assert_err(diameter_identity_check(BYTES_LIT("a\0.b")), E_BAD_VALUE);
}

static void a_label_has_63_octets_and_an_identity_255_at_most(void **state)
{
    (void)state;
    uint8_t name[256];
    memset(name, 'a', sizeof name);
    name[63] = name[127] = name[191] = '.';
    assert_ok(diameter_identity_check((struct bytes){name, 255}));
    assert_err(diameter_identity_check((struct bytes){name, 256}), E_BAD_LENGTH);
    assert_err(diameter_identity_check((struct bytes){name, 0}), E_BAD_LENGTH);
    name[63] = 'a';
    name[64] = '.';
    assert_err(diameter_identity_check((struct bytes){name, 100}), E_BAD_LENGTH);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_way_people_write_a_plmn_is_taken),
        cmocka_unit_test(anything_else_is_refused_and_nothing_is_written),
        cmocka_unit_test(two_digits_and_three_digits_are_different_networks),
        cmocka_unit_test(the_octets_have_the_third_mnc_digit_in_the_middle),
        cmocka_unit_test(all_three_octet_strings_are_canonical_or_refused),
        cmocka_unit_test(a_realm_has_an_mnc_of_three_digits),
        cmocka_unit_test(every_plmn_comes_back_from_its_realm),
        cmocka_unit_test(a_realm_of_an_mnc_above_099_has_three_digits_whatever_is_asked),
        cmocka_unit_test(another_text_is_no_realm),
        cmocka_unit_test(a_diameter_identity_is_a_host_name),
        cmocka_unit_test(a_label_has_63_octets_and_an_identity_255_at_most),
    };
    return cmocka_run_group_tests_name("id/plmn", tests, NULL, NULL);
}
