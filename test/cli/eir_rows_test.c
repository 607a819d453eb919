#include "cli/eir_rows.h"

#include "cli/api_client.h"
#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

struct reading {
    struct eir_rows rows;
    struct eir_row row;
    FILE *in;
};

static void begin_as(struct reading *r, enum eir_format format, enum eir_list list,
                     const char *text)
{
    r->in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(r->in);
    eir_rows_open(&r->rows, r->in, format, list);
}

static void begin(struct reading *r, const char *text)
{
    begin_as(r, EIR_CSV, EIR_NO_LIST, text);
}

static void next_is(struct reading *r, unsigned long line, const char *rule, const char *list,
                    const char *note)
{
    assert_ok(eir_rows_next(&r->rows, &r->row));
    assert_int_equal(r->row.line, line);
    assert_string_equal(api_text(r->row.json, "rule"), rule);
    assert_string_equal(api_text(r->row.json, "list"), list);
    assert_string_equal(api_text(r->row.json, "note"), note);
    json_decref(r->row.json);
}

static void fault_is(struct reading *r, unsigned long line, const char *part)
{
    assert_err(eir_rows_next(&r->rows, &r->row), E_BAD_VALUE);
    assert_int_equal(r->row.line, line);
    assert_non_null(strstr(r->row.fault, part));
    assert_null(r->row.json);
}

static void end_is(struct reading *r)
{
    assert_err(eir_rows_next(&r->rows, &r->row), E_CLOSED);
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

/*= test op-eir-formats */
static void a_list_has_one_rule_a_line_and_is_for_the_list_that_was_named(void **state)
{
    (void)state;
    struct reading r;
    begin_as(&r, EIR_LIST, EIR_BLACK,
             "# stolen in May\n356938035643809\n\n35693803\n35693803,black\nnone\n");
    next_is(&r, 2, "35693803564380", "black", "");
    next_is(&r, 4, "35693803", "black", "");
    fault_is(&r, 5, "one IMEI, TAC or range");
    fault_is(&r, 6, "no IMEI");
    end_is(&r);
}

/*= test op-eir-formats */
static void ndjson_is_handed_on_as_it_is(void **state)
{
    (void)state;
    struct reading r;
    begin_as(&r, EIR_NDJSON, EIR_NO_LIST,
             "{\"rule\":\"35693803\",\"list\":\"grey\",\"note\":\"a|b\"}\n"
             "[1]\n{\"rule\":\"1\",\"rule\":\"2\"}\n{\"rule\"\x1f:1}\n");
    next_is(&r, 1, "35693803", "grey", "a|b");
    fault_is(&r, 2, "no JSON object");
    fault_is(&r, 3, "twice");
    fault_is(&r, 4, "control character");
    end_is(&r);
}

/*= test op-eir-formats */
static void a_file_of_tacs_names_its_columns_and_says_who_made_what(void **state)
{
    (void)state;
    static const struct {
        const char *text, *note;
    } of[] = {
        {"TAC|Manufacturer|Bands|Marketing Name\n35693803|Acme|LTE 1|Meter 7\" \"x\"\n",
         "Acme Meter 7\" \"x\""},
        {"Model\tTAC\nM1\t35693803\n", "M1"},
        {"\"tac\",\"Brand Name\"\r\n35693803,\"Acme, Inc.\"\r\n", "Acme, Inc."},
        {"IMEI\n35693803\n", ""},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        struct reading r;
        begin_as(&r, EIR_TAC, EIR_WHITE, of[i].text);
        next_is(&r, 2, "35693803", "white", of[i].note);
        end_is(&r);
    }
}

static void a_note_that_is_too_long_is_cut_between_two_characters(void **state)
{
    (void)state;
    struct reading r;
    char text[200] = "TAC|Model\n35693803|";
    for (unsigned i = 0; i < 40; i++) {
        strcat(text, "\xc3\xa9");
    }
    begin_as(&r, EIR_TAC, EIR_WHITE, text);
    assert_ok(eir_rows_next(&r.rows, &r.row));
    assert_int_equal(strlen(api_text(r.row.json, "note")), 62);
    json_decref(r.row.json);
    end_is(&r);
}

static void a_file_of_tacs_without_such_a_column_is_none(void **state)
{
    (void)state;
    struct reading r;
    begin_as(&r, EIR_TAC, EIR_WHITE, "Manufacturer|Model\nAcme|1\n");
    assert_err(eir_rows_next(&r.rows, &r.row), E_MISSING);
    assert_non_null(strstr(r.row.fault, "TAC or IMEI"));
    fclose(r.in);
    begin_as(&r, EIR_TAC, EIR_WHITE, "Model|TAC\nonly one\n");
    fault_is(&r, 2, "ends before");
    end_is(&r);
}

static void formats_have_their_names(void **state)
{
    (void)state;
    enum eir_format f;
    for (unsigned i = 0; i < EIR_FORMATS; i++) {
        assert_ok(eir_format_parse(eir_format_name((enum eir_format)i), &f));
        assert_int_equal(f, i);
    }
    assert_err(eir_format_parse("xml", &f), E_BAD_VALUE);
    assert_int_equal(eir_format_of("a.ndjson"), EIR_NDJSON);
    assert_int_equal(eir_format_of("a.txt"), EIR_CSV);
}

/*= test op-eir-formats */
static void what_is_written_is_read_as_it_was(void **state)
{
    (void)state;
    static const char *const notes[] = {"", "plain", "with, comma", "\"quoted\"", "# no remark"};
    for (size_t i = 0; i < EIR_FORMATS * sizeof notes / sizeof notes[0]; i++) {
        const enum eir_format format = (enum eir_format)(i % EIR_FORMATS);
        const char *note = notes[i / EIR_FORMATS];
        char *text = NULL;
        size_t n = 0;
        struct reading r;
        FILE *out = open_memstream(&text, &n);
        json_t *rule = json_pack("{s:s,s:s,s:s}", "rule", "35693803", "list", "grey", "note", note);
        eir_rows_put_header(out, format);
        eir_row_put(out, format, rule);
        json_decref(rule);
        fclose(out);
        begin_as(&r, format, EIR_GREY, text);
        next_is(&r, format == EIR_TAC ? 2 : 1, "35693803", "grey", format == EIR_LIST ? "" : note);
        end_is(&r);
        free(text);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rules_are_read_with_and_without_a_note),
        cmocka_unit_test(a_bad_line_is_told_with_its_number_and_costs_no_other),
        cmocka_unit_test(a_list_has_one_rule_a_line_and_is_for_the_list_that_was_named),
        cmocka_unit_test(ndjson_is_handed_on_as_it_is),
        cmocka_unit_test(a_file_of_tacs_names_its_columns_and_says_who_made_what),
        cmocka_unit_test(a_note_that_is_too_long_is_cut_between_two_characters),
        cmocka_unit_test(a_file_of_tacs_without_such_a_column_is_none),
        cmocka_unit_test(formats_have_their_names),
        cmocka_unit_test(what_is_written_is_read_as_it_was),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
