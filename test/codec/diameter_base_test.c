#include "codec/diameter_base.h"
#include "codec/messages_test.h"

#define FIRST_BASE 0
#define END_BASE   6

static void golden_messages_are_written_and_parsed(void **state)
{
    (void)state;
    check_golden(FIRST_BASE, END_BASE);
}

static void every_prefix_is_refused(void **state)
{
    (void)state;
    check_prefixes(FIRST_BASE, END_BASE);
}

static void every_capacity_that_is_too_small_gives_no_room(void **state)
{
    (void)state;
    check_every_capacity(FIRST_BASE, END_BASE);
}

static void random_messages_survive_the_wire(void **state)
{
    (void)state;
    check_random(FIRST_BASE, END_BASE);
}

static void a_refusing_cea_needs_no_capabilities(void **state)
{
    (void)state;
    struct diameter_cea cea = {.result_code = DIAMETER_U32_OF(DIAMETER_UNKNOWN_PEER),
                               .origin_host = HSS,
                               .origin_realm = REALM};
    struct diameter_cea parsed;
    struct diameter_fault fault;
    uint8_t out[256];
    size_t n;
    cea.header.error = true;
    assert_ok(diameter_cea_write(&cea, MBYTES_OF(out), &n));
    assert_ok(diameter_cea_parse((struct bytes){out, n}, &parsed, &fault));
    assert_int_equal(parsed.result_code.v, DIAMETER_UNKNOWN_PEER);
}

static void a_cer_without_an_address_lacks_an_avp(void **state)
{
    (void)state;
    struct diameter_cer cer;
    uint8_t out[512];
    size_t n;
    sample_cer(&cer);
    cer.capabilities.host_ip_address_n = 0;
    assert_err(diameter_cer_write(&cer, MBYTES_OF(out), &n), E_MISSING);
}

static void an_address_has_its_family_and_its_length(void **state)
{
    (void)state;
    static const uint8_t v4[] = {192, 0, 2, 1};
    static const uint8_t v6[16] = {0x20, 0x01, 0x0d, 0xb8};
    uint8_t out[18];
    struct bytes a = diameter_address(BYTES_OF(v4), out);
    assert_int_equal(a.n, 6);
    assert_int_equal(a.p[1], 1);
    a = diameter_address(BYTES_OF(v6), out);
    assert_int_equal(a.n, 18);
    assert_int_equal(a.p[1], 2);
    assert_int_equal(diameter_address(FIRST(5), out).n, 0);
}

static void an_address_of_the_wrong_length_for_its_family_is_refused(void **state)
{
    (void)state;
    static const uint8_t wrong[8] = {0, 1, 127, 0, 0, 1, 0, 0};
    uint32_t code = 0;
    assert_err(
        diameter_value_check(diameter_definition(AVP_HOST_IP_ADDRESS), BYTES_OF(wrong), &code),
        E_BAD_VALUE);
    assert_int_equal(code, DIAMETER_INVALID_AVP_VALUE);
}

static void an_application_is_offered_by_itself_under_a_vendor_or_by_a_relay(void **state)
{
    (void)state;
    struct diameter_capabilities c = {0};
    assert_false(diameter_offers(&c, DIAMETER_APP_S6A));
    c.auth_application_id[c.auth_application_id_n++] = DIAMETER_U32_OF(DIAMETER_APP_RELAY);
    assert_true(diameter_offers(&c, DIAMETER_APP_S6A));
    c.auth_application_id[0].v = DIAMETER_APP_S13;
    assert_false(diameter_offers(&c, DIAMETER_APP_S6A));
    c.vendor_specific_application_id[0].auth_application_id = DIAMETER_U32_OF(DIAMETER_APP_S6A);
    c.vendor_specific_application_id_n = 1;
    assert_true(diameter_offers(&c, DIAMETER_APP_S6A));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(golden_messages_are_written_and_parsed),
        cmocka_unit_test(every_prefix_is_refused),
        cmocka_unit_test(every_capacity_that_is_too_small_gives_no_room),
        cmocka_unit_test(random_messages_survive_the_wire),
        cmocka_unit_test(a_refusing_cea_needs_no_capabilities),
        cmocka_unit_test(a_cer_without_an_address_lacks_an_avp),
        cmocka_unit_test(an_address_has_its_family_and_its_length),
        cmocka_unit_test(an_address_of_the_wrong_length_for_its_family_is_refused),
        cmocka_unit_test(an_application_is_offered_by_itself_under_a_vendor_or_by_a_relay),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
