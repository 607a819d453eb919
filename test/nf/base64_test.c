#include "nf/common/base64.h"

#include "lib/check.h"

static void base64_has_one_text_for_each_octet_string(void **state)
{
    (void)state;
    static const struct {
        const char *octets, *text;
    } rfc4648[] = {{"", ""},
                   {"f", "Zg=="},
                   {"fo", "Zm8="},
                   {"foo", "Zm9v"},
                   {"foob", "Zm9vYg=="},
                   {"fooba", "Zm9vYmE="},
                   {"foobar", "Zm9vYmFy"}};
    static const char *const bad[] = {
        "Z", "Zg", "Zg=", "Zh==", "Zm9=", "Z===", "====", "Zg==Zg==", "Zm 9", "Zm9v\n", "Zm-_"};
    char text[32];
    uint8_t out[16];
    size_t n = 0;
    for (size_t i = 0; i < sizeof rfc4648 / sizeof rfc4648[0]; i++) {
        base64_encode(bytes_of_str(rfc4648[i].octets), text);
        assert_string_equal(text, rfc4648[i].text);
        assert_ok(base64_decode(bytes_of_str(text), MBYTES_OF(out), &n));
        assert_true(bytes_eq((struct bytes){out, n}, bytes_of_str(rfc4648[i].octets)));
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        assert_int_not_equal(base64_decode(bytes_of_str(bad[i]), MBYTES_OF(out), &n), E_OK);
    }
    assert_err(base64_decode(BYTES_LIT("Zm9v"), (struct mbytes){out, 2}, &n), E_NO_ROOM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(base64_has_one_text_for_each_octet_string),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
