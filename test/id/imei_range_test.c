#include "id/imei_range.h"

#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

static enum err parse(const char *text, struct imei_range *out)
{
    return imei_range_parse(bytes_of_str(text), out);
}

static void expect(const char *text, uint64_t first, uint64_t last, const char *printed)
{
    struct imei_range r = {1, 0};
    char out[IMEI_RANGE_TEXT_MAX];
    assert_ok(parse(text, &r));
    assert_true(r.first == first && r.last == last);
    imei_range_print(&r, out);
    assert_string_equal(out, printed);
}

static void an_imei_a_tac_and_a_range_have_their_texts(void **state)
{
    (void)state;
    expect("35693803564380", 35693803564380, 35693803564380, "35693803564380");
    expect("35693803", 35693803000000, 35693803999999, "35693803");
    expect("35693803564380-35693803564389", 35693803564380, 35693803564389,
           "35693803564380-35693803564389");
    expect("00000000", 0, 999999, "00000000");
    expect("99999999999999", 99999999999999, 99999999999999, "99999999999999");
    expect("00000000000000-99999999999999", 0, IMEI_NUMBERS - 1, "00000000000000-99999999999999");
}

static void the_text_is_the_shortest_whatever_was_written(void **state)
{
    (void)state;
    expect("35693803564380-35693803564380", 35693803564380, 35693803564380, "35693803564380");
    expect("35693803000000-35693803999999", 35693803000000, 35693803999999, "35693803");
    expect("356938035643809", 35693803564380, 35693803564380, "35693803564380");
    expect("356938035643809-35693803564389", 35693803564380, 35693803564389,
           "35693803564380-35693803564389");
}

static void what_is_no_range_is_refused_with_what_is_wrong(void **state)
{
    (void)state;
    struct imei_range r = {7, 8};
    assert_err(parse("", &r), E_BAD_LENGTH);
    assert_err(parse("3569380", &r), E_BAD_LENGTH);
    assert_err(parse("356938035", &r), E_BAD_LENGTH);
    assert_err(parse("3569380a", &r), E_BAD_DIGIT);
    assert_err(parse("3569380356438x", &r), E_BAD_DIGIT);
    assert_err(parse("356938035643801", &r), E_BAD_CHECK_DIGIT);
    assert_err(parse("-", &r), E_BAD_LENGTH);
    assert_err(parse("35693803564380-", &r), E_BAD_LENGTH);
    assert_err(parse("35693803-35693804", &r), E_BAD_LENGTH);
    assert_err(parse("35693803564380-35693803564381-35693803564382", &r), E_BAD_LENGTH);
    assert_err(parse("35693803564381-35693803564380", &r), E_BAD_VALUE);
    assert_true(r.first == 7 && r.last == 8);
}

static void no_text_is_read_past_its_end(void **state)
{
    (void)state;
    static const char whole[] = "356938035643809-35693803564389";
    for (size_t n = 0; n < sizeof whole; n++) {
        uint8_t *cut = exact_copy((struct bytes){(const uint8_t *)whole, n});
        struct imei_range r;
        enum err err = imei_range_parse((struct bytes){cut, n}, &r);
        /* The TAC, the IMEI, that with its check digit, and the whole. */
        assert_true((err == E_OK) == (n == 8 || n == 14 || n == 15 || n == sizeof whole - 1));
        free(cut);
    }
}

static void numbers_and_imeis_are_the_same_thing(void **state)
{
    (void)state;
    uint64_t seed = 5;
    for (unsigned i = 0; i < 1000; i++) {
        struct imei imei;
        uint64_t v = test_rand(&seed) % IMEI_NUMBERS;
        imei_of_number(v, &imei);
        assert_int_equal(strlen(imei.digits), IMEI_DIGITS);
        assert_true(imei_number(&imei) == v);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_imei_a_tac_and_a_range_have_their_texts),
        cmocka_unit_test(the_text_is_the_shortest_whatever_was_written),
        cmocka_unit_test(what_is_no_range_is_refused_with_what_is_wrong),
        cmocka_unit_test(no_text_is_read_past_its_end),
        cmocka_unit_test(numbers_and_imeis_are_the_same_thing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
