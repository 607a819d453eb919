#include "wire/s13_eir.h"

#include "codec/samples.h"
#include "lib/check.h"
#include <string.h>

/* The sample ECR with this IMEI and User-Name (NULL: absent), through the wire and read. */
static enum err read_with(const char *imei, const char *user, struct wire_ecr *out,
                          struct diameter_fault *fault)
{
    static struct s13_ecr ecr, parsed;
    static uint8_t octets[1024];
    size_t n = 0;
    sample_ecr(&ecr);
    ecr.request.user_name = user != NULL ? bytes_of_str(user) : (struct bytes){NULL, 0};
    ecr.terminal_information.imei = imei != NULL ? bytes_of_str(imei) : (struct bytes){NULL, 0};
    assert_ok(s13_ecr_write(OWN, &ecr, MBYTES_OF(octets), &n));
    assert_ok(s13_ecr_parse(OWN, (struct bytes){octets, n}, &parsed, fault));
    return wire_ecr_read(OWN, (struct bytes){octets, n}, &parsed, out, fault);
}

static void an_imei_of_14_15_or_16_digits_is_the_same_equipment(void **state)
{
    (void)state;
    static const char *const forms[] = {"35209900176148", "352099001761480", "352099001761481",
                                        "3520990017614823"};
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        struct wire_ecr ecr;
        struct diameter_fault fault;
        assert_ok(read_with(forms[i], NULL, &ecr, &fault));
        assert_string_equal(ecr.imei.digits, "35209900176148");
        assert_false(ecr.has_imsi);
    }
}

static void a_user_name_is_an_imsi(void **state)
{
    (void)state;
    struct wire_ecr ecr;
    struct diameter_fault fault;
    assert_ok(read_with("35209900176148", "001010123456789", &ecr, &fault));
    assert_true(ecr.has_imsi);
    assert_string_equal(ecr.imsi.digits, "001010123456789");
    assert_err(read_with("35209900176148", "somebody", &ecr, &fault), E_BAD_VALUE);
    assert_int_equal(fault.result_code, DIAMETER_INVALID_AVP_VALUE);
    assert_non_null(fault.avp.p);
}

static void an_imei_that_is_none_or_not_there_is_named(void **state)
{
    (void)state;
    struct wire_ecr ecr;
    struct diameter_fault fault;
    uint8_t failed[64];
    struct wr w = wr_of(MBYTES_OF(failed));
    assert_err(read_with("3520990017614x", NULL, &ecr, &fault), E_BAD_VALUE);
    assert_int_equal(fault.result_code, DIAMETER_INVALID_AVP_VALUE);
    assert_string_equal(fault.path, "IMEI");
    assert_err(read_with(NULL, NULL, &ecr, &fault), E_MISSING);
    assert_int_equal(fault.result_code, DIAMETER_MISSING_AVP);
    diameter_failed_avp_write(&w, &fault); /* header of 8, IMEI of 12 + 14 and 2 of padding */
    assert_int_equal(failed[7], 8 + 12 + 14 + 2);
    assert_int_equal(failed[10] << 8 | failed[11], 1402);
}

static void every_verdict_but_unknown_is_an_equipment_status(void **state)
{
    (void)state;
    struct diameter_u32 out = {false, 9};
    assert_true(wire_equipment_status(EIR_WHITELISTED, &out));
    assert_true(out.present && out.v == 0);
    assert_true(wire_equipment_status(EIR_BLACKLISTED, &out));
    assert_int_equal(out.v, 1);
    assert_true(wire_equipment_status(EIR_GREYLISTED, &out));
    assert_int_equal(out.v, 2);
    assert_false(wire_equipment_status(EIR_UNKNOWN_EQUIPMENT, &out));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_imei_of_14_15_or_16_digits_is_the_same_equipment),
        cmocka_unit_test(a_user_name_is_an_imsi),
        cmocka_unit_test(an_imei_that_is_none_or_not_there_is_named),
        cmocka_unit_test(every_verdict_but_unknown_is_an_equipment_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
