#include "cli/log_file.h"
#include "cli/said.h"
#include "cli/table.h"

static struct said said;

static const char *shown(const char *line)
{
    said_begin(&said);
    log_file_show(line, stdout);
    said_end(&said);
    return said.text;
}

static void a_line_for_a_person(void **state)
{
    (void)state;
    assert_string_equal(shown("{\"time\":\"2026-03-01T12:00:00.123Z\",\"level\":\"info\","
                              "\"program\":\"bindery-hssd\","
                              "\"event\":\"registered\",\"imsi\":\"001010000000001\",\"n\":3}"),
                        "2026-03-01 12:00:00.123 info    registered imsi=001010000000001 n=3\n");
}

static void what_is_no_log_line_is_shown_harmless(void **state)
{
    (void)state;
    assert_string_equal(shown("bindery-hssd: \033[31mno"), "bindery-hssd: \\x1b[31mno\n");
    assert_string_equal(shown("[1]"), "[1]\n");
    assert_string_equal(shown("{\"time\":\"x\\u001b\"}"), "x         \n");
    assert_string_equal(shown(""), "\n");
}

static void the_last_lines_of_this_run(void **state)
{
    char dir[64], path[160];
    (void)state;
    folder_make(dir);
    file_make(dir, "log", "one\ntwo\nthree\nfour\n", path);
    said_begin(&said);
    log_file_tail(path, 0, 2, stdout);
    said_end(&said);
    assert_string_equal(said.text, "three\nfour\n");
    said_begin(&said);
    log_file_tail(path, 14, 3, stdout); /* "four" begins there */
    log_file_tail(path, 0, 0, stdout);
    log_file_tail("/nowhere", 0, 3, stdout);
    said_end(&said);
    assert_string_equal(said.text, "four\n");
    folder_remove(dir);
}

static void a_table_is_aligned_and_harmless(void **state)
{
    static const char *const columns[] = {"NAME", ">N", "~REST", NULL};
    static const char *const a[] = {"a", "1", NULL};
    static const char *const b[] = {"long\033", "100", "x"};
    (void)state;
    said_begin(&said);
    struct table *t = table_new(columns);
    table_add(t, a);
    table_add(t, b);
    table_print(t);
    said_end(&said);
    said_holds(&said, "NAME       N REST\na          1 -\nlong\\x1b 100 x\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_for_a_person),
        cmocka_unit_test(what_is_no_log_line_is_shown_harmless),
        cmocka_unit_test(the_last_lines_of_this_run),
        cmocka_unit_test(a_table_is_aligned_and_harmless),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
