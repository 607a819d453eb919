#include "codec/diameter_dictionary.h"
#include "lib/check.h"
#include <string.h>

static void the_list_is_sorted_by_vendor_and_code(void **state)
{
    (void)state;
    for (int i = 1; i < AVP_COUNT; i++) {
        const struct diameter_definition *a = diameter_definition((enum diameter_avp_id)(i - 1));
        const struct diameter_definition *b = diameter_definition((enum diameter_avp_id)i);
        assert_true(a->vendor < b->vendor || (a->vendor == b->vendor && a->code < b->code));
    }
}

static void every_avp_is_found_by_code_and_vendor(void **state)
{
    (void)state;
    uint32_t own = DIAMETER_VENDOR_OWN_DEFAULT;
    for (int i = 0; i < AVP_COUNT; i++) {
        const struct diameter_definition *d = diameter_definition((enum diameter_avp_id)i);
        enum diameter_avp_id found = AVP_COUNT;
        assert_true(diameter_avp_lookup(d->code, diameter_vendor(d, own), own, &found));
        assert_int_equal(found, i);
        assert_false(diameter_avp_lookup(d->code, 999, own, &found));
        assert_true(strlen(d->name) > 0 && d->min <= d->max);
    }
    enum diameter_avp_id ignored;
    assert_false(diameter_avp_lookup(0, 0, own, &ignored));
    assert_false(diameter_avp_lookup(0xFFFFFFFF, own, own, &ignored));
}

static void own_avps_never_carry_the_m_bit(void **state)
{
    (void)state;
    for (int i = 0; i < AVP_COUNT; i++) {
        const struct diameter_definition *d = diameter_definition((enum diameter_avp_id)i);
        assert_false(d->vendor == DIAMETER_OWN && d->mandatory);
    }
}

static void what_would_let_somebody_in_is_secret(void **state)
{
    (void)state;
    static const enum diameter_avp_id secret[] = {
        AVP_XRES, AVP_KASME, AVP_CONFIDENTIALITY_KEY, AVP_INTEGRITY_KEY, AVP_KC, AVP_SRES};
    for (size_t i = 0; i < sizeof secret / sizeof secret[0]; i++) {
        assert_true(diameter_definition(secret[i])->secret);
    }
    assert_false(diameter_definition(AVP_RAND)->secret);
}

static void the_least_value_has_the_length_of_its_type(void **state)
{
    (void)state;
    assert_int_equal(diameter_value_min(diameter_definition(AVP_RESULT_CODE)), 4);
    assert_int_equal(diameter_value_min(diameter_definition(AVP_OC_FEATURE_VECTOR)), 8);
    assert_int_equal(diameter_value_min(diameter_definition(AVP_VISITED_PLMN_ID)), 3);
    assert_int_equal(diameter_value_min(diameter_definition(AVP_AMBR)), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_list_is_sorted_by_vendor_and_code),
        cmocka_unit_test(every_avp_is_found_by_code_and_vendor),
        cmocka_unit_test(own_avps_never_carry_the_m_bit),
        cmocka_unit_test(what_would_let_somebody_in_is_secret),
        cmocka_unit_test(the_least_value_has_the_length_of_its_type),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
