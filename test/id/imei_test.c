#include "lib/check.h"

#include "id/imei.h"
#include <string.h>

static struct imei imei_of(const char *text)
{
    struct imei imei;
    assert_ok(imei_parse(bytes_of_str(text), &imei));
    return imei;
}

static void random_digits(uint64_t *seed, char *out, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        out[i] = (char)('0' + test_rand(seed) % 10);
    }
    out[n] = '\0';
}

/* TS 23.003 B.3. */
static void the_check_digit_of_the_published_example_is_7(void **state)
{
    (void)state;
    char out[IMEI_DIGITS + 2];
    struct imei imei = imei_of("26053179311383");
    assert_int_equal(imei_check_digit(&imei), '7');
    imei_print(&imei, out);
    assert_string_equal(out, "260531793113837");
}

static void fourteen_digits_and_fifteen_with_the_check_digit_are_one_imei(void **state)
{
    (void)state;
    struct imei a = imei_of("26053179311383");
    struct imei b = imei_of("260531793113837");
    assert_true(imei_eq(&a, &b));
    assert_memory_equal(&a, &b, sizeof a);
    assert_string_equal(b.digits, "26053179311383");
}

static void every_single_wrong_digit_and_most_swaps_are_found_by_the_check_digit(void **state)
{
    (void)state;
    uint64_t seed = 3;
    for (unsigned round = 0; round < 200; round++) {
        char text[16];
        char good[IMEI_DIGITS + 2];
        random_digits(&seed, text, IMEI_DIGITS);
        struct imei imei = imei_of(text);
        imei_print(&imei, good);
        for (size_t at = 0; at < 15; at++) {
            char bad[IMEI_DIGITS + 2];
            memcpy(bad, good, sizeof bad);
            bad[at] = (char)('0' + (good[at] - '0' + 1 + (int)(test_rand(&seed) % 9)) % 10);
            assert_err(imei_parse(bytes_of_str(bad), &imei), E_BAD_CHECK_DIGIT);
        }
        for (size_t at = 0; at < 14; at++) {
            char bad[IMEI_DIGITS + 2];
            memcpy(bad, good, sizeof bad);
            bad[at] = good[at + 1];
            bad[at + 1] = good[at];
            /* Luhn does not see a swap of 0 and 9, nor of equal digits. */
            int gap = good[at] - good[at + 1];
            bool seen = gap != 0 && gap != 9 && gap != -9;
            assert_err(imei_parse(bytes_of_str(bad), &imei), seen ? E_BAD_CHECK_DIGIT : E_OK);
        }
    }
}

static void what_equipment_transmits_has_a_spare_digit_that_is_ignored(void **state)
{
    (void)state;
    struct imei a;
    struct imei b;
    assert_ok(imei_parse_transmitted(BYTES_LIT("26053179311383"), &a));
    assert_ok(imei_parse_transmitted(BYTES_LIT("260531793113830"), &b));
    assert_true(imei_eq(&a, &b));
    assert_err(imei_parse_transmitted(BYTES_LIT("26053179311383x"), &b), E_BAD_DIGIT);
    assert_err(imei_parse_transmitted(BYTES_LIT("2605317931138300"), &b), E_BAD_LENGTH);
    assert_err(imei_parse_transmitted(BYTES_LIT("2605317931138"), &b), E_BAD_LENGTH);
}

static void anything_else_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
    } bad[] = {
        {"", E_BAD_LENGTH},
        {"2605317931138", E_BAD_LENGTH},
        {"2605317931138370", E_BAD_LENGTH},
        {"260531793113830", E_BAD_CHECK_DIGIT},
        {"2605317931138a", E_BAD_DIGIT},
        {"26053179311383a", E_BAD_DIGIT},
        {"26-53179311383", E_BAD_DIGIT},
        {" 26053179311383", E_BAD_DIGIT},
        {"2605317931138/", E_BAD_DIGIT},
        {"2605317931138:", E_BAD_DIGIT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct imei imei;
        struct imei before;
        memset(&imei, 0x5a, sizeof imei);
        memcpy(&before, &imei, sizeof imei);
        assert_err(imei_parse(bytes_of_str(bad[i].text), &imei), bad[i].want);
        assert_memory_equal(&imei, &before, sizeof imei);
    }
}

static void an_imeisv_is_sixteen_digits(void **state)
{
    (void)state;
    struct imeisv sv;
    assert_ok(imeisv_parse(BYTES_LIT("2605317931138342"), &sv));
    assert_string_equal(sv.imei.digits, "26053179311383");
    assert_string_equal(sv.svn, "42");
    struct imeisv before = sv;
    assert_err(imeisv_parse(BYTES_LIT("260531793113834"), &sv), E_BAD_LENGTH);
    assert_err(imeisv_parse(BYTES_LIT("26053179311383420"), &sv), E_BAD_LENGTH);
    assert_err(imeisv_parse(BYTES_LIT(""), &sv), E_BAD_LENGTH);
    assert_err(imeisv_parse(BYTES_LIT("260531793113834x"), &sv), E_BAD_DIGIT);
    assert_err(imeisv_parse(BYTES_LIT("x605317931138342"), &sv), E_BAD_DIGIT);
    assert_memory_equal(&sv, &before, sizeof sv);
}

static void bcd_and_text_are_the_same_imei(void **state)
{
    (void)state;
    uint64_t seed = 4;
    for (unsigned i = 0; i < 2000; i++) {
        char text[16];
        uint8_t bcd[8];
        struct imei b;
        random_digits(&seed, text, IMEI_DIGITS);
        struct imei a = imei_of(text);
        imei_to_bcd(&a, bcd);
        assert_int_equal(bcd[7], 0xff);
        assert_ok(imei_from_bcd(bcd, &b));
        assert_memory_equal(&a, &b, sizeof a);
    }
    struct imei imei = imei_of("26053179311383");
    uint8_t bcd[8];
    imei_to_bcd(&imei, bcd);
    assert_memory_equal(bcd, "\x62\x50\x13\x97\x13\x31\x38\xff", 8);
}

static void bcd_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bcd;
        enum err want;
    } bad[] = {
        {"\x62\x50\x13\x97\x13\x31\x38\xf7", E_BAD_LENGTH}, /* 15 digits */
        {"\x62\x50\x13\x97\x13\x31\x38\x07", E_BAD_LENGTH}, /* 16 digits */
        {"\x62\x50\x13\x97\x13\x31\xf8\xff", E_BAD_LENGTH}, /* 13 digits */
        {"\x62\x50\x13\x97\x13\x31\x38\x7f", E_BAD_DIGIT},  /* a digit after the fill */
        {"\x62\x50\x1f\x97\x13\x31\x38\xff", E_BAD_DIGIT},
        {"\x62\x50\x1a\x97\x13\x31\x38\xff", E_BAD_DIGIT},
        {"\x62\x50\xe3\x97\x13\x31\x38\xff", E_BAD_DIGIT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct imei imei = {.digits = "unchanged"};
        assert_err(imei_from_bcd((const uint8_t *)bad[i].bcd, &imei), bad[i].want);
        assert_string_equal(imei.digits, "unchanged");
    }
}

static void different_imeis_are_not_equal(void **state)
{
    (void)state;
    struct imei a = imei_of("26053179311383");
    struct imei b = imei_of("26053179311384");
    struct imei c = imei_of("16053179311383");
    assert_false(imei_eq(&a, &b));
    assert_false(imei_eq(&a, &c));
    assert_true(imei_eq(&a, &a));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_check_digit_of_the_published_example_is_7),
        cmocka_unit_test(fourteen_digits_and_fifteen_with_the_check_digit_are_one_imei),
        cmocka_unit_test(every_single_wrong_digit_and_most_swaps_are_found_by_the_check_digit),
        cmocka_unit_test(what_equipment_transmits_has_a_spare_digit_that_is_ignored),
        cmocka_unit_test(anything_else_is_refused_and_nothing_is_written),
        cmocka_unit_test(an_imeisv_is_sixteen_digits),
        cmocka_unit_test(bcd_and_text_are_the_same_imei),
        cmocka_unit_test(bcd_that_is_not_canonical_is_refused),
        cmocka_unit_test(different_imeis_are_not_equal),
    };
    return cmocka_run_group_tests_name("id/imei", tests, NULL, NULL);
}
