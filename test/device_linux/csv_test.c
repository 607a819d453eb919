#include "device/linux/csv.h"
#include "lib/check.h"
#include <stdio.h>
#include <string.h>

struct reading {
    struct csv csv;
    struct csv_row row;
    FILE *in;
};

static void begin(struct reading *r, const char *text, size_t n)
{
    r->in = fmemopen((void *)(uintptr_t)text, n, "r");
    assert_non_null(r->in);
    csv_open(&r->csv, r->in);
}

#define BEGIN(r, literal) begin((r), (literal), sizeof(literal) - 1)

static void next_is(struct reading *r, unsigned long line, size_t n, ...)
{
    va_list ap;
    assert_ok(csv_next(&r->csv, &r->row));
    assert_int_equal(r->row.line, line);
    assert_int_equal(r->row.n, n);
    va_start(ap, n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(r->row.field[i], va_arg(ap, const char *));
    }
    va_end(ap);
}

static void fault_is(struct reading *r, unsigned long line, unsigned column, const char *part)
{
    assert_err(csv_next(&r->csv, &r->row), E_BAD_VALUE);
    assert_int_equal(r->row.fault_line, line);
    assert_int_equal(r->row.fault_column, column);
    assert_non_null(strstr(r->row.fault, part));
}

static void end_is(struct reading *r)
{
    assert_err(csv_next(&r->csv, &r->row), E_CLOSED);
    fclose(r->in);
}

static void rows_and_ends(void **state)
{
    struct reading r;
    (void)state;
    BEGIN(&r, "\xef\xbb\xbf"
              "a,b\r\n1,\n\n,2\r\nlast,x");
    next_is(&r, 1, 2, "a", "b");
    next_is(&r, 2, 2, "1", "");
    next_is(&r, 4, 2, "", "2");
    next_is(&r, 5, 2, "last", "x");
    end_is(&r);
}

static void quotes(void **state)
{
    struct reading r;
    (void)state;
    BEGIN(&r, "\"a,1\",\"say \"\"hi\"\"\",\"two words\"\nnext,,\n\"\",b,\"c\"");
    next_is(&r, 1, 3, "a,1", "say \"hi\"", "two words");
    next_is(&r, 2, 3, "next", "", "");
    next_is(&r, 3, 3, "", "b", "c");
    end_is(&r);
}

static void a_bad_row_costs_no_other(void **state)
{
    struct reading r;
    (void)state;
    BEGIN(&r, "a,b\"c\nd,e\n\"f\"g,h\ni,j\rk\nl,m\nn,\"never closed\no\np,\"nor this");
    fault_is(&r, 1, 4, "quote inside");
    next_is(&r, 2, 2, "d", "e");
    fault_is(&r, 3, 4, "closing quote");
    fault_is(&r, 4, 4, "carriage return");
    next_is(&r, 5, 2, "l", "m");
    fault_is(&r, 6, 16, "not closed on this line");
    next_is(&r, 7, 1, "o");
    fault_is(&r, 8, 11, "not closed on this line");
    end_is(&r);
}

static void nul_and_too_many(void **state)
{
    struct reading r;
    (void)state;
    BEGIN(&r, "a,\0b\n,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,,\nx\n");
    fault_is(&r, 1, 3, "NUL");
    assert_err(csv_next(&r.csv, &r.row), E_BAD_VALUE);
    assert_non_null(strstr(r.row.fault, "32 fields"));
    next_is(&r, 3, 1, "x");
    end_is(&r);
}

static void a_row_too_long(void **state)
{
    static char text[20000];
    struct reading r;
    (void)state;
    memset(text, 'x', sizeof text);
    text[sizeof text - 3] = '\n';
    begin(&r, text, sizeof text);
    assert_err(csv_next(&r.csv, &r.row), E_BAD_VALUE);
    assert_non_null(strstr(r.row.fault, "longer"));
    next_is(&r, 2, 1, "xx");
    end_is(&r);
}

static void the_text_is_wiped(void **state)
{
    struct reading r;
    (void)state;
    BEGIN(&r, "secret\n");
    next_is(&r, 1, 1, "secret");
    csv_wipe(&r.csv);
    for (size_t i = 0; i < sizeof r.csv.text; i++) {
        assert_int_equal(r.csv.text[i], 0);
    }
    fclose(r.in);
}

/* Any octets: terminates, and never says E_OK with nothing. */
static void any_octets(void **state)
{
    static const char alphabet[] = "\"\",,\n\r\nab\0";
    uint64_t seed = 868;
    (void)state;
    for (unsigned round = 0; round < 2000; round++) {
        char text[64];
        struct reading r;
        for (size_t i = 0; i < sizeof text; i++) {
            text[i] = alphabet[test_rand(&seed) % sizeof alphabet];
        }
        begin(&r, text, 1 + test_rand(&seed) % sizeof text);
        enum err e;
        unsigned rows = 0;
        while ((e = csv_next(&r.csv, &r.row)) != E_CLOSED) {
            assert_true(e == E_OK || e == E_BAD_VALUE);
            assert_true(e != E_OK || r.row.n > 0);
            assert_true(++rows <= sizeof text);
        }
        fclose(r.in);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_and_ends),
        cmocka_unit_test(quotes),
        cmocka_unit_test(a_bad_row_costs_no_other),
        cmocka_unit_test(nul_and_too_many),
        cmocka_unit_test(a_row_too_long),
        cmocka_unit_test(the_text_is_wiped),
        cmocka_unit_test(any_octets),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
