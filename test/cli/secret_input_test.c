/* Also of src/cli/key_options.c. */
#include "cli/key_options.h"
#include "cli/said.h"
#include "cli/secret_input.h"
#include <sys/stat.h>

static char dir[64], path[160];
static struct said said;

static int setup(void **state)
{
    (void)state;
    folder_make(dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

static bool reads(const char *text, mode_t mode, bool long_too, struct secret_text *out)
{
    file_make(dir, "k.hex", text, path);
    assert_int_equal(chmod(path, mode), 0);
    said_begin(&said);
    bool good = secret_read("--k-file", path, long_too, out);
    said_end(&said);
    return good;
}

static void a_key_with_white_space_around(void **state)
{
    struct secret_text k;
    (void)state;
    assert_true(reads(" 000102030405060708090a0b0c0d0e0F\r\n", 0600, false, &k));
    assert_string_equal(k.hex, "000102030405060708090a0b0c0d0e0F");
    assert_string_equal(said.text, "");
    secret_wipe(&k);
    assert_string_equal(k.hex, "");
}

static void a_file_that_others_may_read_is_refused(void **state)
{
    static const mode_t open_modes[] = {0640, 0604, 0620, 0644};
    struct secret_text k;
    (void)state;
    for (size_t i = 0; i < sizeof open_modes / sizeof open_modes[0]; i++) {
        assert_false(reads("000102030405060708090a0b0c0d0e0f", open_modes[i], false, &k));
        said_holds(&said, "chmod 600");
        said_holds(&said, path);
    }
}

static void a_key_where_a_file_belongs_is_not_said_again(void **state)
{
    static const char *const keys[] = {
        "000102030405060708090a0b0c0d0e0F",
        "000102030405060708090a0b0c0d0e0f000102030405060708090a0b0c0d0e0f"};
    struct secret_text k;
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        said_begin(&said);
        assert_false(secret_read("--opc-file", keys[i], true, &k));
        said_end(&said);
        said_holds(&said, "a key is not an argument");
        assert_null(strstr(said.text, keys[i]));
    }
    assert_false(secret_is_key("000102030405060708090a0b0c0d0e0g"));
    assert_false(secret_is_key("0001"));
}

static void what_is_no_key_is_told_by_its_place(void **state)
{
    struct secret_text k;
    (void)state;
    assert_false(reads("4711 4711", 0600, false, &k));
    said_holds(&said, "octet 5 is not a hex digit");
    assert_null(strstr(said.text, "4711"));
    assert_false(reads("4711", 0600, false, &k));
    said_holds(&said, "4 hex digits, where 32 are wanted");
    assert_false(reads("", 0600, true, &k));
    said_holds(&said, "32 (or 64, with TUAK)");
}

static void a_key_too_long_and_no_file(void **state)
{
    static char text[SECRET_FILE_MAX + 10];
    struct secret_text k;
    (void)state;
    memset(text, '0', sizeof text - 1);
    assert_false(reads(text, 0600, false, &k));
    said_holds(&said, "far longer than a key");
    said_begin(&said);
    assert_false(secret_read("--k-file", "/nowhere/k", false, &k));
    said_end(&said);
    said_holds(&said, "/nowhere/k: No such file");
}

static void options_that_contradict(void **state)
{
    struct key_texts t;
    struct key_options both = {.op_file = "a", .opc_file = "b"};
    struct key_options two = {.k_file = "-", .opc_file = "-"};
    struct key_options none = {0};
    (void)state;
    said_begin(&said);
    assert_int_equal(key_options_read(&both, &t), CLI_USAGE);
    assert_int_equal(key_options_read(&two, &t), CLI_USAGE);
    assert_int_equal(key_options_read(&none, &t), CLI_DONE);
    said_end(&said);
    said_holds(&said, "exclude each other");
    said_holds(&said, "only one key");
}

static void a_bad_second_key_wipes_the_first(void **state)
{
    static const struct key_texts nothing;
    struct key_texts t;
    char opc[160];
    (void)state;
    file_make(dir, "opc.hex", "xyz", opc);
    assert_int_equal(chmod(opc, 0600), 0);
    assert_int_equal(!reads("000102030405060708090a0b0c0d0e0f", 0600, false, &t.k), 0);
    struct key_options o = {.k_file = path, .opc_file = opc};
    said_begin(&said);
    assert_int_equal(key_options_read(&o, &t), CLI_REFUSED);
    said_end(&said);
    assert_memory_equal(&t, &nothing, sizeof t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_key_with_white_space_around),
        cmocka_unit_test(a_file_that_others_may_read_is_refused),
        cmocka_unit_test(a_key_where_a_file_belongs_is_not_said_again),
        cmocka_unit_test(what_is_no_key_is_told_by_its_place),
        cmocka_unit_test(a_key_too_long_and_no_file),
        cmocka_unit_test(options_that_contradict),
        cmocka_unit_test(a_bad_second_key_wipes_the_first),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
