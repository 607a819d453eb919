/* SIM makers' files (src/device/linux/sim_maker.c, import_rows.c): the example of the
 * documentation, what may differ, and each fault with its line. */
#include "device/linux/import_rows.h"
#include "device/linux/sim_maker.h"
#include "lib/check.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define COLUMNS "Var_Out: IMSI/ICCID/KI/OPC\n"

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
    assert_ok(import_rows_next(&rows, &row));
    assert_int_equal(row.line, line);
    json_t *wanted = json_loads(json, 0, NULL);
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
    assert_err(import_rows_next(&rows, &row), E_CLOSED);
    fclose(in);
}

static FILE *opened(const char *text, const char *transport_key)
{
    FILE *in = source(text);
    if (!import_rows_open_sim(&rows, in, transport_key, why, sizeof why)) {
        fail_msg("%s", why);
    }
    return in;
}

static void encrypted_keys_stay_as_they_are_and_other_columns_are_skipped(void **state)
{
    (void)state;
    FILE *in = opened("* remark\n\nCustomer: X: Y\nTRANSPORT KEY : A4-7\r\nalgorithm: milenage\n"
                      "Var_In:\nIMSI: 1\nVar_Out: imsi/PIN1/Ki/\n   KCV / OPc\r\n"
                      "# remark\n001010000000001 1234 aa bb cc\r\n\n"
                      "\t001010000000002\t1234  dd  ee  ff \n",
                      NULL);
    row_is(11, "{\"imsi\":\"001010000000001\",\"algorithm\":\"milenage\",\"k_encrypted\":\"aa\","
               "\"k_kcv\":\"bb\",\"opc_encrypted\":\"cc\",\"transport_key\":\"A4-7\"}");
    row_is(13, "{\"imsi\":\"001010000000002\",\"algorithm\":\"milenage\",\"k_encrypted\":\"dd\","
               "\"k_kcv\":\"ee\",\"opc_encrypted\":\"ff\",\"transport_key\":\"A4-7\"}");
    end_is(in);
}

static void a_delimiter_keeps_empty_fields_and_says_what_is_clear(void **state)
{
    (void)state;
    FILE *in = opened("Delimiter: semicolon\nTransport_key: 12\nEncrypted: KI\n"
                      "Var_Out: IMSI/MSISDN/KI/OPC\n"
                      "001010000000001;;aa;bb\n 001010000000002 ; 491700000001 ; cc ; dd\n",
                      "mine");
    row_is(5, "{\"imsi\":\"001010000000001\",\"k_encrypted\":\"aa\",\"opc\":\"bb\","
              "\"transport_key\":\"mine\"}");
    row_is(6, "{\"imsi\":\"001010000000002\",\"msisdn\":\"491700000001\",\"k_encrypted\":\"cc\","
              "\"opc\":\"dd\",\"transport_key\":\"mine\"}");
    end_is(in);
}

static void without_a_transport_key_keys_are_in_clear(void **state)
{
    static const char *const heads[] = {"", "Transport_key: 0\n", "Transport_key: none\n",
                                        "Transport_key: a\nEncrypted: none\n"};
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof heads[0]; i++) {
        char text[300];
        snprintf(text, sizeof text, "%sVar_Out: IMSI/KI/OP\n001010000000001 aa bb\n", heads[i]);
        FILE *in = opened(text, NULL);
        row_is(i == 0   ? 2
               : i == 3 ? 4
                        : 3,
               "{\"imsi\":\"001010000000001\",\"k\":\"aa\",\"op\":\"bb\"}");
        end_is(in);
    }
}

static void a_bad_row_is_told_with_its_line_and_costs_no_other(void **state)
{
    (void)state;
    FILE *in = opened(COLUMNS "001010000000001 1 aa\n001010000000002 1 aa bb cc\n"
                              "001010000000003 1 \xff bb\n001010000000004 1 aa bb\n",
                      NULL);
    fault_is(2, "3 fields, where Var_Out has 4");
    fault_is(3, "5 fields");
    fault_is(4, "UTF-8");
    row_is(5, "{\"imsi\":\"001010000000004\",\"k\":\"aa\",\"opc\":\"bb\"}");
    end_is(in);
    in = opened("Delimiter: ,\n" COLUMNS "001010000000001,1,,bb\n,1,aa,bb\n", NULL);
    fault_is(3, "is empty");
    fault_is(4, "is empty");
    end_is(in);
}

static void a_file_that_was_cut_off_is_told(void **state)
{
    (void)state;
    FILE *in = opened("Quantity: 2\n" COLUMNS "001010000000001 1 aa bb\n", NULL);
    row_is(3, "{\"imsi\":\"001010000000001\",\"k\":\"aa\",\"opc\":\"bb\"}");
    fault_is(3, "Quantity says 2 rows and there are 1");
    end_is(in);
    in = opened("Quantity: 1\n" COLUMNS "001010000000001 1 aa bb\n", NULL);
    row_is(3, "{\"imsi\":\"001010000000001\",\"k\":\"aa\",\"opc\":\"bb\"}");
    end_is(in);
}

static void refused(const char *text, const char *transport_key, const char *part)
{
    FILE *in = source(text);
    assert_false(import_rows_open_sim(&rows, in, transport_key, why, sizeof why));
    if (strstr(why, part) == NULL) {
        fail_msg("no %s in %s", part, why);
    }
    fclose(in);
}

static void a_header_that_cannot_be_followed_is_refused_before_any_row(void **state)
{
    (void)state;
    refused("Customer: X\n", NULL, "no line Var_Out");
    refused("Customer: X\nnothing\n" COLUMNS, NULL, "line 2: this is no line `KEY: value`");
    refused("Quantity: many\n" COLUMNS, NULL, "line 1: Quantity is not a number");
    refused("Quantity: 1\nquantity: 2\n" COLUMNS, NULL, "line 2: quantity is there twice");
    refused("\nAlgorithm: COMP128-1\n" COLUMNS, NULL, "line 2: Algorithm is neither");
    refused("Delimiter: ab\n" COLUMNS, NULL, "line 1: Delimiter");
    refused("Encrypted: PIN1\n" COLUMNS, NULL, "line 1: Encrypted has other names");
    refused("Transport_key: a b\n" COLUMNS, NULL, "line 1: Transport_key is not the name");
    refused("Var_Out: IMSI/OPC\n", NULL, "line 1: Var_Out has no column IMSI, or none of KI");
    refused("Var_Out: KI/OPC\n", NULL, "no column IMSI");
    refused("Var_Out: IMSI/KI/EKI\n", NULL, "one column twice");
    refused("Var_Out: IMSI//KI\n", NULL, "without a name");
    refused("Var_Out: IMSI/EKI\n", NULL, "--transport-key");
    refused(COLUMNS, "a/b", "--transport-key");
    refused(COLUMNS, "", "--transport-key");
}

/* A key where a name should be. */
static void no_fault_repeats_a_value(void **state)
{
    static const char key[] = "465b5ce8b199b49faa5f0a2ee238a6bc465b5ce8b199b49f";
    char text[300];
    (void)state;
    snprintf(text, sizeof text, "Transport_key: %s\n" COLUMNS, key);
    refused(text, NULL, "Transport_key");
    assert_null(strstr(why, "465b"));
    snprintf(text, sizeof text, "Customer: X\n%s\n", key);
    refused(text, NULL, "line 2");
    assert_null(strstr(why, "465b"));
}

static void every_prefix_of_a_file_is_read_to_its_end(void **state)
{
    static const char text[] = "Quantity: 1\nTransport_key: a\nVar_Out: IMSI/KI/\nOPC\n"
                               "001010000000001 aa bb\n";
    (void)state;
    for (size_t n = 1; n < sizeof text; n++) {
        struct import_row row;
        char *copy = malloc(n);
        assert_non_null(copy);
        memcpy(copy, text, n);
        FILE *in = fmemopen(copy, n, "r");
        assert_non_null(in);
        if (import_rows_open_sim(&rows, in, NULL, why, sizeof why)) {
            enum err err;
            while ((err = import_rows_next(&rows, &row)) != E_CLOSED) {
                assert_true(err == E_OK || err == E_BAD_VALUE);
                json_decref(row.json);
            }
        }
        fclose(in);
        free(copy);
    }
}

static void a_file_is_known_by_its_line_var_out(void **state)
{
    static const char yes[] = "Customer: X\n  VAR_OUT : IMSI/KI\n";
    static const char no[] = "imsi,k,opc\nx var_out: y\n";
    (void)state;
    assert_true(sim_maker_is(yes, sizeof yes - 1));
    assert_false(sim_maker_is(no, sizeof no - 1));
    assert_false(sim_maker_is("", 0));
    assert_false(sim_maker_is("Var_Ou", 6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(encrypted_keys_stay_as_they_are_and_other_columns_are_skipped),
        cmocka_unit_test(a_delimiter_keeps_empty_fields_and_says_what_is_clear),
        cmocka_unit_test(without_a_transport_key_keys_are_in_clear),
        cmocka_unit_test(a_bad_row_is_told_with_its_line_and_costs_no_other),
        cmocka_unit_test(a_file_that_was_cut_off_is_told),
        cmocka_unit_test(a_header_that_cannot_be_followed_is_refused_before_any_row),
        cmocka_unit_test(no_fault_repeats_a_value),
        cmocka_unit_test(every_prefix_of_a_file_is_read_to_its_end),
        cmocka_unit_test(a_file_is_known_by_its_line_var_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
