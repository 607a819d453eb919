/* nf/common/json_whole.h. */
#include "lib/check.h"

#include "nf/common/json_whole.h"

#include <stdlib.h>
#include <string.h>

#define TEXT "{\"a\":[1,null,{\"c\":[[]]}],\"b\":\"x\\\"\xc3\xa9\"}"

static int good_allocations; /* below 0: all are; then one fails */

static void *allocate(size_t n)
{
    return good_allocations-- == 0 ? NULL : malloc(n);
}

static json_t *sample(void)
{
    return json_pack("{s:[i,n,{s:[[]]}],s:s}", "a", 1, "c", "b", "x\"\xc3\xa9");
}

static void a_text_is_whole_and_ends(void **state)
{
    (void)state;
    size_t n = 0;
    json_t *v = sample();
    char *text = json_whole_text(v, &n);
    assert_string_equal(text, TEXT);
    assert_int_equal(n, strlen(text));
    free(text);
    json_decref(v);
    assert_null(json_whole_text(NULL, &n));
    assert_int_equal(n, 0);
}

static void without_memory_there_is_none(void **state)
{
    (void)state;
    unsigned without = 0;
    bool reached = true;
    json_t *v = sample();
    json_set_alloc_funcs(allocate, free);
    for (int i = 0; reached; i++) {
        size_t n = 0;
        good_allocations = i;
        char *text = json_whole_text(v, &n);
        reached = good_allocations < 0;
        good_allocations = -1;
        without += text == NULL;
        if (text != NULL) {
            assert_string_equal(text, TEXT);
        }
        free(text);
    }
    json_set_alloc_funcs(malloc, free);
    json_decref(v);
    assert_true(without > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_text_is_whole_and_ends),
                                       cmocka_unit_test(without_memory_there_is_none)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
