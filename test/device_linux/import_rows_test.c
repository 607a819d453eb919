#include "device/linux/import_rows.h"
#include "lib/check.h"
#include <stdio.h>
#include <string.h>

static struct import_rows rows;
static char why[400];

static FILE *source(const char *text)
{
    FILE *in = fmemopen((void *)(uintptr_t)text, strlen(text), "r");
    assert_non_null(in);
    return in;
}

static void row_is(unsigned long line, const char *json)
{
    struct import_row row;
    json_error_t at;
    assert_ok(import_rows_next(&rows, &row));
    assert_int_equal(row.line, line);
    json_t *wanted = json_loads(json, 0, &at);
    assert_non_null(wanted);
    assert_true(json_equal(row.json, wanted));
    json_decref(wanted);
    json_decref(row.json);
}

static void fault_is(unsigned long line, const char *part)
{
    struct import_row row;
    assert_err(import_rows_next(&rows, &row), E_BAD_VALUE);
    assert_int_equal(row.line, line);
    assert_non_null(strstr(row.fault, part));
    assert_null(row.json);
}

static void end_is(FILE *in)
{
    struct import_row row;
    assert_err(import_rows_next(&rows, &row), E_CLOSED);
    fclose(in);
}

/*= test binding-offline */
static void csv_rows(void **state)
{
    FILE *in = source("kme,imsi,imei,suspended,k,proof\n"
                      "aa,001010000000001,35693803564380,yes,bb,require\n"
                      ",001010000000002,,,,\n"
                      ",001010000000003,,maybe,,\n"
                      "aa,001010000000004,,,,\n"
                      "only,three,fields\n"
                      ",\"001010000000005\",,no,,\"unproven=admit,failed=refuse\"\n");
    (void)state;
    assert_true(import_rows_open(&rows, in, false, why, sizeof why));
    row_is(2, "{\"imsi\":\"001010000000001\",\"k\":\"bb\",\"proof\":\"require\",\"suspended\":true,"
              "\"devices\":[{\"imei\":\"35693803564380\",\"kme\":\"aa\"}]}");
    row_is(3, "{\"imsi\":\"001010000000002\"}");
    fault_is(4, "suspended");
    fault_is(5, "no device");
    fault_is(6, "3 fields, where the header has 6");
    row_is(7, "{\"imsi\":\"001010000000005\","
              "\"proof\":\"unproven=admit,failed=refuse\",\"suspended\":false}");
    end_is(in);
}

static void refused(const char *text, const char *part)
{
    FILE *in = source(text);
    assert_false(import_rows_open(&rows, in, false, why, sizeof why));
    assert_non_null(strstr(why, part));
    fclose(in);
}

static void headers(void **state)
{
    (void)state;
    refused("imsi,kk\n", "line 1, column 2: 'kk' is not a column");
    refused("imsi,k,imsi\n", "line 1, column 3: 'imsi' is there twice");
    refused("k,opc\n", "no column 'imsi'");
    refused("\n\n", "empty");
    refused("\"imsi\n", "line 1, octet 6: a quote was opened and not closed");
    refused("IMSI\n", "'IMSI' is not a column");
    refused("imsi;k;opc\n", "not separated by commas");
}

/* Columns that moved put a key where a name or an IMSI should be. */
static void a_misplaced_key_is_not_repeated(void **state)
{
    static const char key[] = "000102030405060708090a0b0c0d0e0f";
    char text[200];
    struct import_row row;
    (void)state;
    snprintf(text, sizeof text, "%s,%s\n", key, key);
    refused(text, "the first line has those");
    assert_null(strstr(why, "0001"));
    snprintf(text, sizeof text, "imsi,k\n%s,001010000000001\n", key);
    FILE *in = source(text);
    assert_true(import_rows_open(&rows, in, false, why, sizeof why));
    assert_ok(import_rows_next(&rows, &row));
    assert_string_equal(row.imsi, "");
    json_decref(row.json);
    end_is(in);
}

/* What a spreadsheet made of an IMSI finds its row; half of a key is as little repeated as all. */
static void what_stands_for_an_imsi_is_kept_to_be_said(void **state)
{
    static const char *const kept[] = {"1.01E+12", "00101000000000O", "0010100000000010"};
    static const char *const not_kept[] = {"465b5ce8b199b49f", "=1+1", "\"1;2\"", "\xe9"};
    char text[80];
    (void)state;
    for (size_t i = 0; i < 3 + 4; i++) {
        struct import_row row;
        const char *imsi = i < 3 ? kept[i] : not_kept[i - 3];
        snprintf(text, sizeof text, "imsi,k\n%s,\n", imsi);
        FILE *in = source(text);
        assert_true(import_rows_open(&rows, in, false, why, sizeof why));
        (void)!import_rows_next(&rows, &row);
        assert_string_equal(row.imsi, i < 3 ? imsi : "");
        json_decref(row.json);
        fclose(in);
    }
}

static void utf_16_is_told(void **state)
{
    static const char csv[] = "\xff\xfei\0m\0s\0i\0\n\0", json[] = "{\0\"\0i\0\n\0";
    struct import_row row;
    (void)state;
    FILE *in = fmemopen((void *)(uintptr_t)csv, sizeof csv - 1, "r");
    assert_non_null(in);
    assert_false(import_rows_open(&rows, in, false, why, sizeof why));
    assert_non_null(strstr(why, "save the file as UTF-8"));
    fclose(in);
    in = fmemopen((void *)(uintptr_t)json, sizeof json - 1, "r");
    assert_non_null(in);
    assert_true(import_rows_open(&rows, in, true, why, sizeof why));
    assert_err(import_rows_next(&rows, &row), E_BAD_VALUE);
    assert_non_null(strstr(row.fault, "save the file as UTF-8"));
    fclose(in);
}

static void ndjson_rows(void **state)
{
    FILE *in = source("\xef\xbb\xbf{\"imsi\":\"001010000000001\"}\n"
                      "\n"
                      "{\"imsi\":\"1\",\"imsi\":\"2\"}\n"
                      "[1]\n"
                      "{\"k\":\"4711secret\n"
                      "{\"imsi\":\"001010000000002\"}");
    (void)state;
    assert_true(import_rows_open(&rows, in, true, why, sizeof why));
    row_is(1, "{\"imsi\":\"001010000000001\"}");
    fault_is(3, "a member is there twice");
    fault_is(4, "not a JSON object");
    struct import_row row;
    assert_err(import_rows_next(&rows, &row), E_BAD_VALUE);
    assert_null(strstr(row.fault, "secret"));
    row_is(6, "{\"imsi\":\"001010000000002\"}");
    end_is(in);
}

static void a_line_too_long(void **state)
{
    static char text[IMPORT_LINE_MAX + 100];
    (void)state;
    memset(text, ' ', sizeof text - 1);
    memcpy(text + IMPORT_LINE_MAX + 50, "\n{}", 3);
    FILE *in = source(text);
    assert_true(import_rows_open(&rows, in, true, why, sizeof why));
    fault_is(1, "longer than");
    row_is(2, "{}");
    end_is(in);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(csv_rows),
        cmocka_unit_test(headers),
        cmocka_unit_test(a_misplaced_key_is_not_repeated),
        cmocka_unit_test(what_stands_for_an_imsi_is_kept_to_be_said),
        cmocka_unit_test(utf_16_is_told),
        cmocka_unit_test(ndjson_rows),
        cmocka_unit_test(a_line_too_long),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
