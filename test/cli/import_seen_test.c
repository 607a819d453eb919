/* Which IMSIs of a file had keys already, and which. */
#include "cli/import_seen.h"

#include "lib/check.h"
#include <stdio.h>
#include <string.h>

#define K   "\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bc\""
#define OPC "\"opc\":\"cd63cb71954a9f4e48a5994e37a02baf\""

static struct import_seen seen;
static struct import_clash clash;

static enum err add(unsigned long line, const char *text)
{
    json_error_t at;
    json_t *row = json_loads(text, 0, &at);
    assert_non_null(row);
    enum err e = import_seen_add(&seen, row, line, &clash);
    json_decref(row);
    return e;
}

static int open_one(void **state)
{
    (void)state;
    assert_ok(import_seen_open(&seen));
    return 0;
}

static int close_one(void **state)
{
    (void)state;
    import_seen_close(&seen);
    return 0;
}

static void rows_that_agree_are_taken(void **state)
{
    (void)state;
    assert_ok(add(2, "{\"imsi\":\"001010000000001\"," K "," OPC "}"));
    assert_ok(add(3, "{\"imsi\":\"001010000000001\"," K "," OPC ",\"devices\":[]}"));
    assert_ok(add(4, "{\"imsi\":\"001010000000001\",\"devices\":[]}"));
    assert_ok(add(5, "{\"imsi\":\"001010000000001\",\"k\":\"465B5CE8B199B49FAA5F0A2EE238A6BC\"," OPC
                     "}"));
    assert_ok(add(6, "{\"imsi\":\"001010000000001\"," K ",\"op\":\"00\"}"));
    assert_ok(
        add(7, "{\"imsi\":\"001010000000001\",\"k_encrypted\":\"00\",\"transport_key\":\"a\"}"));
    assert_int_equal(seen.n, 1);
}

static void another_key_is_told_with_its_first_line(void **state)
{
    (void)state;
    assert_ok(add(2, "{\"imsi\":\"001010000000001\"," K "," OPC "}"));
    assert_err(add(9, "{\"imsi\":\"001010000000001\",\"k\":\"00\"," OPC "}"), E_CONFLICT);
    assert_int_equal(clash.line, 2);
    assert_string_equal(clash.what, "K");
    assert_err(add(10, "{\"imsi\":\"001010000000001\"," K ",\"opc\":\"00\"}"), E_CONFLICT);
    assert_string_equal(clash.what, "OPc");
    assert_ok(add(11, "{\"imsi\":\"001010000000001\"," K "," OPC "}")); /* the first counts */
}

static void encrypted_keys_are_compared_under_one_name(void **state)
{
    (void)state;
#define ENCRYPTED(value, name)                                                                     \
    "{\"imsi\":\"001010000000001\",\"k_encrypted\":\"" value "\",\"transport_key\":\"" name "\"}"
    assert_ok(add(2, ENCRYPTED("00", "a")));
    assert_ok(add(3, ENCRYPTED("01", "b")));
    assert_err(add(4, ENCRYPTED("01", "a")), E_CONFLICT);
}

static void what_is_no_imsi_is_nobody_s(void **state)
{
    (void)state;
    assert_ok(add(2, "{" K "," OPC "}"));
    assert_ok(add(3, "{\"imsi\":\"1.01E+12\"," K "," OPC "}"));
    assert_ok(add(4, "{\"imsi\":\"1.01E+12\",\"k\":\"00\"," OPC "}"));
    assert_ok(add(5, "{\"imsi\":\"001010\"," K "," OPC "}"));
    assert_ok(add(6, "{\"imsi\":\"0001010\",\"k\":\"00\"," OPC "}"));
    assert_ok(add(7, "{\"imsi\":7,\"k\":7}"));
    assert_int_equal(seen.n, 2);
}

/* The memory is that of the IMSIs with keys, however many rows there are of each. */
static void many_are_found_again_and_the_table_grows_with_them_only(void **state)
{
    char text[120];
    (void)state;
    for (unsigned round = 0; round < 3; round++) {
        for (unsigned i = 0; i < 5000; i++) {
            snprintf(text, sizeof text, "{\"imsi\":\"00101%010u\",\"k\":\"%08x\"}", i,
                     round < 2 ? i : i + 1);
            enum err e = add(i + 2, text);
            assert_int_equal(e, round < 2 ? E_OK : E_CONFLICT);
            assert_true(round < 2 || clash.line == i + 2);
        }
    }
    assert_int_equal(seen.n, 5000);
    assert_true(seen.room <= 8192);
}

int main(void)
{
#define CASE(f) cmocka_unit_test_setup_teardown(f, open_one, close_one)
    const struct CMUnitTest tests[] = {
        CASE(rows_that_agree_are_taken),
        CASE(another_key_is_told_with_its_first_line),
        CASE(encrypted_keys_are_compared_under_one_name),
        CASE(what_is_no_imsi_is_nobody_s),
        CASE(many_are_found_again_and_the_table_grows_with_them_only),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
