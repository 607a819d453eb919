#include "lib/check.h"

#include "base/err.h"
#include <ctype.h>
#include <string.h>

static const struct {
    enum err code;
    const char *spelled;
    const char *sentence;
} all[] = {
#define X(name, sentence) {E_##name, #name, sentence},
    ERR_LIST(X)
#undef X
};
#define COUNT (sizeof all / sizeof all[0])

static void the_name_of_every_code_is_its_spelling_in_lower_case_with_hyphens(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        char want[64] = {0};
        for (size_t j = 0; all[i].spelled[j] != '\0'; j++) {
            char c = all[i].spelled[j];
            want[j] = c == '_' ? '-' : (char)tolower((unsigned char)c);
        }
        assert_string_equal(err_name(all[i].code), want);
    }
}

static void every_code_has_its_sentence(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_string_equal(err_sentence(all[i].code), all[i].sentence);
        assert_true(strlen(all[i].sentence) > 0);
    }
}

static void names_and_sentences_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(err_name(all[i].code), err_name(all[j].code));
            assert_string_not_equal(all[i].sentence, all[j].sentence);
        }
    }
}

static void success_is_zero(void **state)
{
    (void)state;
    assert_int_equal(E_OK, 0);
    assert_string_equal(err_name(E_OK), "ok");
}

static void a_value_outside_the_list_still_has_words(void **state)
{
    (void)state;
    assert_non_null(err_name((enum err)COUNT));
    assert_non_null(err_sentence((enum err)COUNT));
    assert_string_not_equal(err_name((enum err) - 1), "ok");
    assert_non_null(err_sentence((enum err) - 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_name_of_every_code_is_its_spelling_in_lower_case_with_hyphens),
        cmocka_unit_test(every_code_has_its_sentence),
        cmocka_unit_test(names_and_sentences_are_unique),
        cmocka_unit_test(success_is_zero),
        cmocka_unit_test(a_value_outside_the_list_still_has_words),
    };
    return cmocka_run_group_tests_name("base/err", tests, NULL, NULL);
}
