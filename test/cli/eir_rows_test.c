#include "cli/eir_rows.h"

#include "cli/api_client.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

struct reading {
    struct csv csv;
    struct eir_row row;
    FILE *in;
};

static void begin(struct reading *r, const char *text)
{
    r->in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(r->in);
    csv_open(&r->csv, r->in);
}

static void next_is(struct reading *r, unsigned long line, const char *rule, const char *list,
                    const char *note)
{
    assert_ok(eir_rows_next(&r->csv, &r->row));
    assert_int_equal(r->row.line, line);
    assert_string_equal(api_text(r->row.json, "rule"), rule);
    assert_string_equal(api_text(r->row.json, "list"), list);
    assert_string_equal(api_text(r->row.json, "note"), note);
    json_decref(r->row.json);
}

static void fault_is(struct reading *r, unsigned long line, const char *part)
{
    assert_err(eir_rows_next(&r->csv, &r->row), E_BAD_VALUE);
    assert_int_equal(r->row.line, line);
    assert_non_null(strstr(r->row.fault, part));
    assert_null(r->row.json);
}

static void end_is(struct reading *r)
{
    assert_err(eir_rows_next(&r->csv, &r->row), E_CLOSED);
    fclose(r->in);
}

static void rules_are_read_with_and_without_a_note(void **state)
{
    (void)state;
    struct reading r;
    begin(&r, "# lists of May\n35693803,white\n\n"
              "356938035643809,black,\"stolen, \"\"case 17\"\"\"\r\n"
              "35693803564380-35693803564389,grey,\n#end");
    next_is(&r, 2, "35693803", "white", "");
    next_is(&r, 4, "35693803564380", "black", "stolen, \"case 17\"");
    next_is(&r, 5, "35693803564380-35693803564389", "grey", "");
    end_is(&r);
}

static void a_bad_line_is_told_with_its_number_and_costs_no_other(void **state)
{
    (void)state;
    struct reading r;
    begin(&r, "35693803\n35693803,white,note,more\n3569380,white\n35693803564381x,white\n"
              "356938035643801,white\n35693803564381-35693803564380,white\n35693803,red\n"
              "35693803,\"black\n35693803,white,\xff\n35693803,grey\n");
    fault_is(&r, 1, "RULE,LIST");
    fault_is(&r, 2, "RULE,LIST");
    fault_is(&r, 3, "no IMEI");
    fault_is(&r, 4, "no IMEI");
    fault_is(&r, 5, "check digit");
    fault_is(&r, 6, "ends before");
    fault_is(&r, 7, "none of white");
    fault_is(&r, 8, "quote");
    fault_is(&r, 9, "UTF-8");
    next_is(&r, 10, "35693803", "grey", "");
    end_is(&r);
}

static void what_is_written_is_read_as_it_was(void **state)
{
    (void)state;
    static const char *const notes[] = {"", "plain", "with, comma", "\"quoted\"", "# no remark"};
    for (size_t i = 0; i < sizeof notes / sizeof notes[0]; i++) {
        char *text = NULL;
        size_t n = 0;
        struct reading r;
        FILE *out = open_memstream(&text, &n);
        json_t *rule =
            json_pack("{s:s,s:s,s:s}", "rule", "35693803", "list", "grey", "note", notes[i]);
        eir_row_put(out, rule);
        json_decref(rule);
        fclose(out);
        begin(&r, text);
        next_is(&r, 1, "35693803", "grey", notes[i]);
        end_is(&r);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read_with_and_without_a_note),
        cmocka_unit_test(a_bad_line_is_told_with_its_number_and_costs_no_other),
        cmocka_unit_test(what_is_written_is_read_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
