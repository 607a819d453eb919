#include "lib/check.h"

#include "id/imsi.h"
#include <string.h>

static struct imsi imsi_of(const char *text)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(text), &imsi));
    return imsi;
}

static void every_length_from_6_to_15_digits_is_taken(void **state)
{
    (void)state;
    static const char digits[] = "001010123456789";
    for (size_t n = IMSI_DIGITS_MIN; n <= IMSI_DIGITS_MAX; n++) {
        struct imsi imsi;
        memset(&imsi, 0xff, sizeof imsi);
        assert_ok(imsi_parse((struct bytes){(const uint8_t *)digits, n}, &imsi));
        assert_int_equal(imsi.n, n);
        assert_memory_equal(imsi.digits, digits, n);
        for (size_t i = n; i < sizeof imsi.digits; i++) {
            assert_int_equal(imsi.digits[i], 0);
        }
    }
}

static void anything_else_is_refused_and_nothing_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err want;
    } bad[] = {
        {"", E_BAD_LENGTH},
        {"00101", E_BAD_LENGTH},
        {"0010101234567890", E_BAD_LENGTH},
        {"00101012345678a", E_BAD_DIGIT},
        {" 00101012345678", E_BAD_DIGIT},
        {"+00101012345678", E_BAD_DIGIT},
        {"00101-123456789", E_BAD_DIGIT},
        {"00101012345678:", E_BAD_DIGIT},
        {"00101012345678/", E_BAD_DIGIT},
        {"0010101234\xd9\xa1", E_BAD_DIGIT}, /* an Arabic-Indic one */
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct imsi imsi;
        struct imsi before;
        memset(&imsi, 0x5a, sizeof imsi);
        memcpy(&before, &imsi, sizeof imsi);
        assert_err(imsi_parse(bytes_of_str(bad[i].text), &imsi), bad[i].want);
        assert_memory_equal(&imsi, &before, sizeof imsi);
    }
    struct imsi imsi;
    assert_err(imsi_parse(BYTES_LIT("001010\0"
                                    "12345"),
                          &imsi),
               E_BAD_DIGIT);
}

static void the_bcd_form_is_low_nibble_first_and_filled(void **state)
{
    (void)state;
    uint8_t bcd[IMSI_BCD_LEN];
    struct imsi a = imsi_of("001010123456789");
    imsi_to_bcd(&a, bcd);
    assert_memory_equal(bcd, "\x00\x01\x01\x21\x43\x65\x87\xf9", 8);
    struct imsi b = imsi_of("234150");
    imsi_to_bcd(&b, bcd);
    assert_memory_equal(bcd, "\x32\x14\x05\xff\xff\xff\xff\xff", 8);
}

static void bcd_and_text_are_the_same_imsi(void **state)
{
    (void)state;
    uint64_t seed = 7;
    for (unsigned i = 0; i < 2000; i++) {
        char text[16] = {0};
        size_t n = IMSI_DIGITS_MIN + test_rand(&seed) % 10;
        for (size_t j = 0; j < n; j++) {
            text[j] = (char)('0' + test_rand(&seed) % 10);
        }
        struct imsi a = imsi_of(text);
        struct imsi b;
        uint8_t bcd[IMSI_BCD_LEN];
        imsi_to_bcd(&a, bcd);
        assert_ok(imsi_from_bcd(bcd, &b));
        assert_true(imsi_eq(&a, &b));
        assert_memory_equal(&a, &b, sizeof a);
    }
}

/* parse(b) is refused, or write(parse(b)) == b. */
static void only_canonical_bcd_is_taken(void **state)
{
    (void)state;
    uint64_t seed = 8;
    for (unsigned i = 0; i < 20000; i++) {
        struct imsi imsi = imsi_of("001010123456789");
        uint8_t in[IMSI_BCD_LEN];
        uint8_t again[IMSI_BCD_LEN];
        imsi_to_bcd(&imsi, in);
        in[test_rand(&seed) % sizeof in] = (uint8_t)test_rand(&seed);
        in[4 + test_rand(&seed) % 4] |= 0xf0;
        if (imsi_from_bcd(in, &imsi) == E_OK) {
            imsi_to_bcd(&imsi, again);
            assert_memory_equal(in, again, sizeof in);
        }
    }
}

static void bcd_that_is_not_canonical_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *bcd;
        enum err want;
    } bad[] = {
        {"\x00\x01\x01\x21\x43\x65\x87\x09", E_BAD_LENGTH}, /* 16 digits */
        {"\x00\x01\xf1\xff\xff\xff\xff\xff", E_BAD_LENGTH}, /* 5 digits */
        {"\xff\xff\xff\xff\xff\xff\xff\xff", E_BAD_LENGTH},
        {"\x00\x01\x01\x21\x43\x65\xf7\xf9", E_BAD_DIGIT}, /* a digit after the fill */
        {"\x00\x01\x01\xff\xff\xff\xff\x0f", E_BAD_DIGIT},
        {"\x00\x01\x01\x2a\x43\x65\x87\xf9", E_BAD_DIGIT},
        {"\x00\x01\x01\xe1\x43\x65\x87\xf9", E_BAD_DIGIT},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct imsi imsi = {.n = 0x5a};
        assert_err(imsi_from_bcd((const uint8_t *)bad[i].bcd, &imsi), bad[i].want);
        assert_int_equal(imsi.n, 0x5a);
    }
}

static void imsis_differ_by_digit_and_by_length(void **state)
{
    (void)state;
    struct imsi a = imsi_of("001010123456789");
    struct imsi b = imsi_of("001010123456788");
    struct imsi c = imsi_of("00101012345678");
    assert_true(imsi_eq(&a, &a));
    assert_false(imsi_eq(&a, &b));
    assert_false(imsi_eq(&a, &c));
    assert_false(imsi_eq(&c, &a));
}

static void a_masked_imsi_shows_the_network_and_three_digits(void **state)
{
    (void)state;
    static const char *const want[][2] = {
        {"001010123456678", "00101*******678"},
        {"00101012345678", "00101******678"},
        {"001010123", "00101*123"},
        {"00101012", "00101***"},
        {"001010", "00101*"},
    };
    for (size_t i = 0; i < sizeof want / sizeof want[0]; i++) {
        char out[IMSI_DIGITS_MAX + 1];
        struct imsi imsi = imsi_of(want[i][0]);
        imsi_mask(&imsi, out);
        assert_string_equal(out, want[i][1]);
    }
}

static void an_imsi_belongs_to_the_plmn_it_begins_with(void **state)
{
    (void)state;
    struct imsi imsi = imsi_of("001010123456789");
    const struct plmn two = {"001", "01"};
    const struct plmn three = {"001", "010"};
    const struct plmn other = {"001", "02"};
    const struct plmn abroad = {"002", "01"};
    const struct plmn longer = {"001", "011"};
    assert_true(imsi_in_plmn(&imsi, &two));
    assert_true(imsi_in_plmn(&imsi, &three));
    assert_false(imsi_in_plmn(&imsi, &other));
    assert_false(imsi_in_plmn(&imsi, &abroad));
    assert_false(imsi_in_plmn(&imsi, &longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_length_from_6_to_15_digits_is_taken),
        cmocka_unit_test(anything_else_is_refused_and_nothing_is_written),
        cmocka_unit_test(the_bcd_form_is_low_nibble_first_and_filled),
        cmocka_unit_test(bcd_and_text_are_the_same_imsi),
        cmocka_unit_test(only_canonical_bcd_is_taken),
        cmocka_unit_test(bcd_that_is_not_canonical_is_refused),
        cmocka_unit_test(imsis_differ_by_digit_and_by_length),
        cmocka_unit_test(a_masked_imsi_shows_the_network_and_three_digits),
        cmocka_unit_test(an_imsi_belongs_to_the_plmn_it_begins_with),
    };
    return cmocka_run_group_tests_name("id/imsi", tests, NULL, NULL);
}
