/* Every name has words, and what a checker tells of the values that it checks. Covers
 * src/nf/common/names.c, event_names.c, log_names.c, advice.c, advice_procedures.c and the listener
 * of config_values.c. */
#include "lib/check.h"

#include "base/refusal.h"
#include "nf/common/admin_problem.h"
#include "nf/common/advice.h"
#include "nf/common/config_values.h"
#include "nf/common/event_names.h"
#include "nf/common/metrics_table.h"
#include "nf/common/names.h"

#include <string.h>

static void has_words(void *ctx, const struct name_word *w)
{
    size_t *n = ctx;
    const char *all[] = {w->kind, w->name, w->meaning};
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        assert_non_null(all[i]);
        assert_true(all[i][0] != '\0');
        assert_null(strpbrk(all[i], "\t\n"));
    }
    if (strcmp(w->kind, "metric") != 0 && (w->todo == NULL || w->todo[0] == '\0')) {
        fail_msg("%s (%s): nobody wrote what to do about it", w->name, w->kind);
    }
    assert_null(strpbrk(w->todo != NULL ? w->todo : "", "\t\n"));
    (*n)++;
}

/*= test op-reference */
static void every_name_says_what_it_means_and_what_to_do(void **state)
{
    size_t n = 0;
    (void)state;
    names_each(has_words, &n);
    assert_true(n > REFUSAL_COUNT + METRICS_COUNT);
}

struct wanted {
    const char *kind, *name;
    unsigned found;
};
static void count(void *ctx, const struct name_word *w)
{
    struct wanted *x = ctx;
    x->found += strcmp(w->kind, x->kind) == 0 && strcmp(w->name, x->name) == 0;
}

static void every_refusal_is_walked_once_and_none_is_not(void **state)
{
    (void)state;
    for (unsigned i = 0; i < REFUSAL_COUNT; i++) {
        struct wanted w = {"refusal", refusal_row((enum refusal)i)->name, 0};
        names_each(count, &w);
        assert_int_equal(w.found, i == REFUSAL_NONE ? 0 : 1);
    }
}

static void in_order(const struct event_word *rows, size_t n)
{
    assert_true(n > 0);
    for (size_t i = 1; i < n; i++) {
        if (strcmp(rows[i - 1].name, rows[i].name) >= 0) {
            fail_msg("%s stands before %s", rows[i - 1].name, rows[i].name);
        }
    }
}

static void events_lines_and_causes_stand_once_in_the_order_of_their_names(void **state)
{
    size_t n = 0;
    (void)state;
    const struct event_word *rows = event_words(&n);
    in_order(rows, n);
    rows = log_words(&n);
    in_order(rows, n);
    rows = cause_words(&n);
    in_order(rows, n);
}

static void is_used(void *ctx, const struct name_word *w)
{
    const struct advice *a = ctx;
    if (a->kind != ADVICE_ANY && advice_of(a->kind, w->name) == a->todo) {
        ((struct advice *)ctx)->name = NULL;
    } else if (a->kind == ADVICE_ANY && strcmp(w->name, a->name != NULL ? a->name : "") == 0) {
        ((struct advice *)ctx)->name = NULL;
    }
}

static void no_advice_is_for_a_name_that_is_gone(void **state)
{
    (void)state;
    for (int table = 0; table < 2; table++) {
        size_t n = 0;
        const struct advice *rows = table == 0 ? advice_interfaces(&n) : advice_procedures(&n);
        for (size_t i = 0; i < n; i++) {
            struct advice a = rows[i];
            names_each(is_used, &a);
            if (a.name != NULL) {
                fail_msg("%s: no table has this name, or another row hides it", rows[i].name);
            }
        }
    }
}

static void advice_of_a_kind_goes_before_that_of_any(void **state)
{
    (void)state;
    assert_non_null(advice_of(ADVICE_KME, "store-failed"));
    assert_string_equal(advice_of(ADVICE_REFUSAL, "store-failed"),
                        advice_of(ADVICE_ANY, "store-failed"));
    assert_null(advice_of(ADVICE_ANY, "unknown-subscriber"));
    assert_null(advice_of(ADVICE_REFUSAL, "there is no such name"));
}

struct heard {
    unsigned n;
    char key[64], kind[24], otherwise[24], choices[64];
    uint64_t least, most;
};
static void hear(void *ctx, const struct check_rule *rule)
{
    struct heard *h = ctx;
    h->n++;
    snprintf(h->key, sizeof h->key, "%s", rule->key);
    snprintf(h->kind, sizeof h->kind, "%s", rule->kind);
    snprintf(h->otherwise, sizeof h->otherwise, "%s", rule->otherwise ? rule->otherwise : "");
    snprintf(h->choices, sizeof h->choices, "%s", rule->choices ? rule->choices : "");
    h->least = rule->least;
    h->most = rule->most;
}

static void a_listener_hears_what_values_are_held_against(void **state)
{
    static const char *const colours[] = {"red", "blue"};
    struct heard h = {0};
    struct config_why why = {{0}, {0}};
    const struct check_record record = {hear, &h};
    struct checker k = {.why = &why, .record = &record};
    (void)state;
    check_section(&k, "limits.");
    assert_int_equal(check_bounded(&k, "burst", NULL, 1, 9, 5), 5);
    assert_string_equal(h.key, "limits.burst");
    assert_string_equal(h.kind, "number");
    assert_string_equal(h.otherwise, "5");
    assert_int_equal(h.least, 1);
    assert_int_equal(h.most, 9);
    assert_int_equal(check_choice(&k, "colour", "blue", colours, 2, 0), 1);
    assert_string_equal(h.choices, "red, blue");
    assert_string_equal(h.otherwise, "red");
    assert_true(check_bool(&k, "on", NULL, true));
    assert_string_equal(h.otherwise, "true");
    assert_int_equal(h.n, 3);
}

static void a_listener_hears_all_of_a_file_with_faults(void **state)
{
    struct heard h = {0};
    struct config_why why = {{0}, {0}};
    const struct check_record record = {hear, &h};
    struct checker k = {.why = &why, .record = &record};
    (void)state;
    assert_int_equal(check_bounded(&k, "burst", "many", 1, 9, 5), 5);
    assert_int_equal(k.err, E_OK);
    assert_string_equal(why.sentence, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_name_says_what_it_means_and_what_to_do),
        cmocka_unit_test(every_refusal_is_walked_once_and_none_is_not),
        cmocka_unit_test(events_lines_and_causes_stand_once_in_the_order_of_their_names),
        cmocka_unit_test(no_advice_is_for_a_name_that_is_gone),
        cmocka_unit_test(advice_of_a_kind_goes_before_that_of_any),
        cmocka_unit_test(a_listener_hears_what_values_are_held_against),
        cmocka_unit_test(a_listener_hears_all_of_a_file_with_faults),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
