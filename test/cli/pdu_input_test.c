#include "cli/pdu_input.h"
#include "cli/said.h"

static char why[160];

static void hex_is(const char *text, const char *wanted)
{
    uint8_t out[16];
    char got[2 * sizeof out + 1];
    size_t n;
    assert_true(pdu_hex_parse(bytes_of_str(text), MBYTES_OF(out), &n, why, sizeof why));
    hex_encode((struct bytes){out, n}, got);
    assert_string_equal(got, wanted);
}

static void hex_with_what_people_put_between(void **state)
{
    (void)state;
    hex_is("074411", "074411");
    hex_is(" 07:44:11\n", "074411");
    hex_is("07 44\t11\r\n", "074411");
    hex_is("0x074411", "074411");
    hex_is("0x07 0X44 11", "074411");
}

static void refused(const char *text, const char *part)
{
    uint8_t out[4];
    size_t n;
    assert_false(pdu_hex_parse(bytes_of_str(text), MBYTES_OF(out), &n, why, sizeof why));
    if (!strstr(why, part)) {
        fail_msg("'%s' is not in '%s'", part, why);
    }
}

static void bad_hex_is_placed(void **state)
{
    (void)state;
    refused("", "no octets");
    refused(" \n", "no octets");
    refused("0x", "no octets");
    refused("07zz", "character 3 is not a hex digit");
    refused("074", "character 3: one digit alone");
    refused("07 4 11", "character 4: one digit alone");
    refused("07,44", "character 3 is not a hex digit");
    refused("07 0x0x44", "character 7 is not a hex digit");
    refused("0102030405", "more than 4 octets");
}

/* ---- from arguments, files and standard input ---- */

static void arguments_are_one_input(void **state)
{
    char first[] = "07", second[] = "44:11", dash[] = "-";
    char *words[] = {first, second}, *stdin_word[] = {dash};
    struct pdu_source from = {.words = words, .n_words = 2};
    uint8_t out[16];
    size_t n;
    (void)state;
    assert_false(pdu_source_is_stdin(&from));
    assert_true(pdu_read_hex(&from, MBYTES_OF(out), &n));
    assert_int_equal(n, 3);
    assert_true(pdu_source_is_stdin(&(struct pdu_source){0}));
    assert_true(pdu_source_is_stdin(&(struct pdu_source){.words = stdin_word, .n_words = 1}));
}

static void a_file_is_named_in_what_is_wrong_with_it(void **state)
{
    char dir[64], path[160];
    struct pdu_source from = {.file = path};
    struct said said;
    uint8_t out[16];
    size_t n;
    (void)state;
    folder_make(dir);
    file_make(dir, "pdu", "07 44\n11\n", path);
    assert_true(pdu_read_hex(&from, MBYTES_OF(out), &n));
    assert_int_equal(n, 3);
    file_make(dir, "json", "{\"a\": 1,\n \"a\": 2}", path);
    said_begin(&said);
    json_t *o = pdu_read_json(&from);
    bool hex = pdu_read_hex(&from, MBYTES_OF(out), &n);
    said_end(&said);
    assert_null(o);
    assert_false(hex);
    said_holds(&said, "json: line 2 column ");
    said_holds(&said, "json: character 1 is not a hex digit");
    file_make(dir, "list", "[1]", path);
    said_begin(&said);
    o = pdu_read_json(&from);
    said_end(&said);
    assert_null(o);
    said_holds(&said, "not the JSON of one object");
    folder_remove(dir);
    said_begin(&said);
    o = pdu_read_json(&from);
    said_end(&said);
    assert_null(o);
    said_holds(&said, "No such file");
}

/* ---- pairs ---- */

static json_t *json(const char *text)
{
    json_t *o = json_loads(text, 0, NULL);
    assert_non_null(o);
    return o;
}

static void objects_and_lists_become_paths(void **state)
{
    static const char *const wanted[][2] = {{"a", "x"},      {"b.c", "-7"}, {"b.d", "{}"},
                                            {"l[0].e", "1"}, {"l[1]", "y"}, {"l[2][0]", "2"},
                                            {"empty", "{}"}};
    json_t *o = json("{\"a\":\"x\",\"b\":{\"c\":-7,\"d\":{}},"
                     "\"l\":[{\"e\":1},\"y\",[2]],\"empty\":[]}");
    struct pdu_pairs pairs;
    (void)state;
    assert_true(pdu_pairs_of(o, &pairs, why, sizeof why));
    assert_int_equal(pairs.n, 7);
    for (size_t i = 0; i < pairs.n; i++) {
        assert_string_equal(pairs.pair[i].path, wanted[i][0]);
        assert_string_equal(pairs.pair[i].value, wanted[i][1]);
    }
    pdu_pairs_free(&pairs);
    json_decref(o);
}

static void pairs_refused(const char *text, const char *part)
{
    json_t *o = json(text);
    struct pdu_pairs pairs;
    assert_false(pdu_pairs_of(o, &pairs, why, sizeof why));
    if (!strstr(why, part)) {
        fail_msg("'%s' is not in '%s'", part, why);
    }
    pdu_pairs_free(&pairs);
    json_decref(o);
}

static void what_has_no_text_is_placed(void **state)
{
    char deep[2000] = "", *p = deep;
    (void)state;
    pairs_refused("{\"a\":{\"b\":true}}", "a.b: text or a whole number");
    pairs_refused("{\"a\":[1,null]}", "a[1]: text or a whole number");
    pairs_refused("{\"a\":1.5}", "a: text or a whole number");
    for (int i = 0; i < 200; i++) {
        p += snprintf(p, 8, "{\"a\":");
    }
    *p++ = '1';
    memset(p, '}', 200);
    pairs_refused(deep, "nested deeper");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(hex_with_what_people_put_between),
        cmocka_unit_test(bad_hex_is_placed),
        cmocka_unit_test(arguments_are_one_input),
        cmocka_unit_test(a_file_is_named_in_what_is_wrong_with_it),
        cmocka_unit_test(objects_and_lists_become_paths),
        cmocka_unit_test(what_has_no_text_is_placed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
