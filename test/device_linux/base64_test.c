/* src/device/linux/base64.c. */
#include "device/linux/base64.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

static void texts_of_the_standard_are_written_and_read(void **state)
{
    static const char *const pairs[][2] = {{"f", "Zg=="},         {"fo", "Zm8="},
                                           {"foo", "Zm9v"},       {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    (void)state;
    for (size_t i = 0; i < sizeof pairs / sizeof pairs[0]; i++) { /* RFC 4648 10 */
        uint8_t text[16], back[8];
        size_t n = 0;
        struct wr w = wr_of(MBYTES_OF(text));
        base64_write(&w, bytes_of_str(pairs[i][0]));
        assert_ok(w.err);
        assert_true(bytes_eq((struct bytes){text, w.n}, bytes_of_str(pairs[i][1])));
        assert_ok(base64_read((struct bytes){text, w.n}, MBYTES_OF(back), &n));
        assert_true(bytes_eq((struct bytes){back, n}, bytes_of_str(pairs[i][0])));
    }
}

static void only_the_text_that_writing_gives_is_read(void **state)
{
    static const char *const wrong[] = {
        "",      "Z",    "Zg",   "Zg=",  "Zh==", "Zm9=",     "Zg==\n", " Zg==", "Zg== ",
        "Zm9v=", "====", "Z===", "Zm-v", "Zm_v", "Zg==Zg==", "Zm 9v",  "Zm9vYg"};
    (void)state;
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        uint8_t out[16] = {0};
        size_t n = 99;
        const size_t len = strlen(wrong[i]);
        uint8_t *exact = exact_copy((struct bytes){(const uint8_t *)wrong[i], len});
        assert_err(base64_read((struct bytes){exact, len}, MBYTES_OF(out), &n), E_BAD_VALUE);
        assert_int_equal(n, 99);
        assert_int_equal(out[0], 0);
        free(exact);
    }
}

static void what_does_not_fit_is_not_written(void **state)
{
    uint8_t in[9] = {1, 2, 3, 4, 5, 6, 7, 8, 9}, text[13], out[9];
    size_t n = 0;
    (void)state;
    for (size_t room = 0; room < sizeof text; room++) {
        struct wr w = wr_of((struct mbytes){text, room});
        base64_write(&w, BYTES_OF(in));
        assert_err(w.err, E_NO_ROOM);
    }
    struct wr w = wr_of(MBYTES_OF(text));
    base64_write(&w, BYTES_OF(in));
    assert_ok(w.err);
    assert_int_equal(w.n, BASE64_LENGTH(sizeof in));
    for (size_t room = 0; room < sizeof in; room++) {
        uint8_t *small = malloc(room + 1);
        assert_err(base64_read((struct bytes){text, w.n}, (struct mbytes){small, room}, &n),
                   E_NO_ROOM);
        free(small);
    }
    assert_ok(base64_read((struct bytes){text, w.n}, MBYTES_OF(out), &n));
    assert_memory_equal(in, out, sizeof in);
}

static void the_longest_is_read_and_one_longer_is_not(void **state)
{
    static uint8_t in[BASE64_OCTETS_MAX + 3], text[BASE64_LENGTH(sizeof in) + 1], out[sizeof in];
    size_t n = 0;
    (void)state;
    memset(in, 0xa5, sizeof in);
    struct wr w = wr_of(MBYTES_OF(text));
    base64_write(&w, (struct bytes){in, BASE64_OCTETS_MAX});
    assert_ok(base64_read((struct bytes){text, w.n}, MBYTES_OF(out), &n));
    assert_int_equal(n, BASE64_OCTETS_MAX);
    w = wr_of(MBYTES_OF(text));
    base64_write(&w, BYTES_OF(in));
    assert_err(base64_read((struct bytes){text, w.n}, MBYTES_OF(out), &n), E_BAD_VALUE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(texts_of_the_standard_are_written_and_read),
        cmocka_unit_test(only_the_text_that_writing_gives_is_read),
        cmocka_unit_test(what_does_not_fit_is_not_written),
        cmocka_unit_test(the_longest_is_read_and_one_longer_is_not),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
