#include "proc/binding_record.h"

#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

static struct binding_record sample(void)
{
    struct binding_record r = {.use = BINDING_PROVISIONING,
                               .form = BINDING_CERTIFICATE,
                               .status = BINDING_REVOKED,
                               .not_before = 0x0102030405060708,
                               .not_after = 0x1112131415161718,
                               .serial = 0x2122232425262728,
                               .issued = 0x3132333435363738};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &r.imei));
    memset(r.digest, 0xab, sizeof r.digest);
    return r;
}

static void a_record_is_the_octets_that_its_page_shows(void **state)
{
    (void)state;
    static const char golden[] =
        "001662696e64657279206465766963652062696e64696e67000101000e33353639333830333536343338300001"
        "020001010020abababababababababababababababababababababababababababababababab00080102030405"
        "060708000811121314151617180001020008212223242526272800083132333435363738";
    uint8_t out[BINDING_RECORD_LEN];
    char hex[2 * BINDING_RECORD_LEN + 1];
    struct binding_record r = sample();
    binding_record_write(&r, out);
    hex_encode(BYTES_OF(out), hex);
    assert_string_equal(hex, golden);
}

static void a_record_is_read_back_and_no_prefix_of_it_is(void **state)
{
    (void)state;
    uint8_t out[BINDING_RECORD_LEN], again[BINDING_RECORD_LEN];
    struct binding_record r = sample(), got;
    binding_record_write(&r, out);
    for (size_t n = 0; n < sizeof out; n++) {
        uint8_t *part = exact_copy((struct bytes){out, n});
        assert_int_not_equal(binding_record_read((struct bytes){part, n}, &got), E_OK);
        free(part);
    }
    assert_ok(binding_record_read(BYTES_OF(out), &got));
    binding_record_write(&got, again);
    assert_memory_equal(out, again, sizeof out);
}

static void only_the_one_way_to_write_a_record_is_read(void **state)
{
    (void)state;
    uint8_t out[BINDING_RECORD_LEN + 1] = {0}, again[BINDING_RECORD_LEN];
    struct binding_record r = sample(), got;
    binding_record_write(&r, out);
    assert_err(binding_record_read(BYTES_OF(out), &got), E_TRAILING);
    for (size_t i = 0; i < BINDING_RECORD_LEN; i++) {
        for (unsigned v = 0; v < 256; v++) {
            uint8_t kept = out[i];
            out[i] = (uint8_t)v;
            if (binding_record_read((struct bytes){out, BINDING_RECORD_LEN}, &got) == E_OK) {
                binding_record_write(&got, again);
                assert_memory_equal(out, again, sizeof again);
            }
            out[i] = kept;
        }
    }
}

static void every_value_has_its_name_and_no_other_has_one(void **state)
{
    (void)state;
    static const char *const uses[] = {"identity", "provisioning"};
    uint8_t use = 9;
    for (uint8_t v = 1; v <= 2; v++) {
        assert_string_equal(binding_use_name(v), uses[v - 1]);
        assert_ok(binding_use_parse(bytes_of_str(uses[v - 1]), &use));
        assert_int_equal(use, v);
    }
    assert_string_equal(binding_form_name(BINDING_CERTIFICATE), "certificate");
    assert_string_equal(binding_form_name(BINDING_PUBLIC_KEY), "public-key");
    assert_string_equal(binding_status_name(BINDING_ACTIVE), "active");
    assert_string_equal(binding_status_name(BINDING_REVOKED), "revoked");
    for (unsigned v = 3; v <= 256; v++) {
        assert_string_equal(binding_use_name((uint8_t)v), "unknown");
        assert_string_equal(binding_form_name((uint8_t)v), "unknown");
        assert_string_equal(binding_status_name((uint8_t)v), "unknown");
    }
    assert_err(binding_use_parse(BYTES_LIT("unknown"), &use), E_BAD_VALUE);
    assert_err(binding_use_parse(BYTES_LIT(""), &use), E_BAD_VALUE);
    assert_int_equal(use, 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_record_is_the_octets_that_its_page_shows),
        cmocka_unit_test(a_record_is_read_back_and_no_prefix_of_it_is),
        cmocka_unit_test(only_the_one_way_to_write_a_record_is_read),
        cmocka_unit_test(every_value_has_its_name_and_no_other_has_one),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
