/* The rules of docs/alerts: each has words (src/nf/common/alerts.c), metrics that there are, and a
 * test in which it is silent and then fires; docs/monitoring.md says what the words say. Whether
 * the rules do what their tests say promtool tells, in test/live/metrics.sh. */
#include "lib/check.h"

#include "nf/common/alerts.h"
#include "nf/common/names.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

#define ALERTS "../../docs/alerts/"

static char *read_all(const char *path)
{
    char full[512];
    snprintf(full, sizeof full, "%s/%s", TEST_DATA, path);
    FILE *f = fopen(full, "r");
    assert_non_null(f);
    char *text = calloc(1, 1 << 18);
    assert_non_null(text);
    assert_true(fread(text, 1, (1 << 18) - 1, f) > 0);
    assert_int_equal(fclose(f), 0);
    return text;
}

/* ---- YAML ---- */

static void load(const char *text, yaml_document_t *doc)
{
    yaml_parser_t parser;
    assert_int_equal(yaml_parser_initialize(&parser), 1);
    yaml_parser_set_input_string(&parser, (const unsigned char *)text, strlen(text));
    assert_int_equal(yaml_parser_load(&parser, doc), 1);
    yaml_parser_delete(&parser);
}

static const char *text_of(const yaml_node_t *n)
{
    return n != NULL && n->type == YAML_SCALAR_NODE ? (const char *)n->data.scalar.value : "";
}

static yaml_node_t *member(yaml_document_t *doc, const yaml_node_t *of, const char *key)
{
    for (yaml_node_pair_t *p = of->data.mapping.pairs.start;
         of->type == YAML_MAPPING_NODE && p < of->data.mapping.pairs.top; p++) {
        if (strcmp(text_of(yaml_document_get_node(doc, p->key)), key) == 0) {
            return yaml_document_get_node(doc, p->value);
        }
    }
    return NULL;
}

static size_t length(const yaml_node_t *list)
{
    return list != NULL && list->type == YAML_SEQUENCE_NODE
               ? (size_t)(list->data.sequence.items.top - list->data.sequence.items.start)
               : 0;
}

static yaml_node_t *item(yaml_document_t *doc, const yaml_node_t *list, size_t i)
{
    return yaml_document_get_node(doc, list->data.sequence.items.start[i]);
}

static yaml_node_t *rules_of(yaml_document_t *doc)
{
    yaml_node_t *groups = member(doc, yaml_document_get_root_node(doc), "groups");
    assert_int_equal(length(groups), 1);
    return member(doc, item(doc, groups, 0), "rules");
}

/* ---- what may be wrong; NULL: nothing ---- */

static char said[256];

static const char *say(const char *alert, const char *what)
{
    snprintf(said, sizeof said, "%.60s: %.150s", alert, what);
    return said;
}

/* In one test it is silent at first, and fires later. */
static bool is_tested(yaml_document_t *tests, const char *alert)
{
    const yaml_node_t *list = member(tests, yaml_document_get_root_node(tests), "tests");
    for (size_t i = 0; i < length(list); i++) {
        bool silent = false;
        const yaml_node_t *looks = member(tests, item(tests, list, i), "alert_rule_test");
        for (size_t k = 0; k < length(looks); k++) {
            const yaml_node_t *look = item(tests, looks, k);
            if (strcmp(text_of(member(tests, look, "alertname")), alert) != 0) {
                continue;
            }
            const size_t fires = length(member(tests, look, "exp_alerts"));
            if (fires > 0 && silent) {
                return true;
            }
            silent |= fires == 0;
        }
    }
    return false;
}

struct wanted {
    const char *name;
    size_t n;
    bool found, histogram;
};

static void look_for(void *ctx, const struct name_word *w)
{
    struct wanted *x = ctx;
    if (strcmp(w->kind, "metric") == 0 && strlen(w->name) == x->n &&
        strncmp(w->name, x->name, x->n) == 0) {
        x->found = true;
        x->histogram = strncmp(w->facts, "histogram", 9) == 0;
    }
}

static bool is_metric(const char *name, size_t n)
{
    static const char *const parts[] = {"_bucket", "_sum", "_count"};
    struct wanted whole = {name, n, false, false};
    names_each(look_for, &whole);
    for (size_t i = 0; i < 3; i++) {
        const size_t k = strlen(parts[i]);
        if (n > k && strncmp(name + n - k, parts[i], k) == 0) {
            struct wanted base = {name, n - k, false, false};
            names_each(look_for, &base);
            return base.found && base.histogram;
        }
    }
    return whole.found && !whole.histogram;
}

static const char *metrics_wrong(const char *alert, const char *expr)
{
    char what[150];
    for (const char *at = strstr(expr, "bindery_"); at != NULL; at = strstr(at, "bindery_")) {
        size_t n = 0;
        while (isalnum((unsigned char)at[n]) || at[n] == '_') {
            n++;
        }
        if (!is_metric(at, n)) {
            snprintf(what, sizeof what, "there is no metric %.*s", (int)n, at);
            return say(alert, what);
        }
        at += n;
    }
    return NULL;
}

static const struct alert_word *word_of(const char *alert)
{
    size_t n = 0;
    const struct alert_word *words = alert_words(&n);
    for (size_t i = 0; i < n; i++) {
        if (strcmp(words[i].name, alert) == 0) {
            return &words[i];
        }
    }
    return NULL;
}

static const char *rule_wrong(yaml_document_t *rules, const yaml_node_t *rule,
                              yaml_document_t *tests)
{
    const char *alert = text_of(member(rules, rule, "alert"));
    const char *expr = text_of(member(rules, rule, "expr"));
    const yaml_node_t *labels = member(rules, rule, "labels");
    const struct alert_word *w = word_of(alert);
    if (labels == NULL || *expr == '\0') {
        return say(alert, "it has no severity, or nothing to look at");
    }
    if (w == NULL || strcmp(w->severity, text_of(member(rules, labels, "severity"))) != 0) {
        return say(alert, "nf/common/alerts.c has no words for it, or another severity");
    }
    if (!is_tested(tests, alert)) {
        return say(alert,
                   "docs/alerts/bindery.test.yaml has no test in which it is silent and then "
                   "fires");
    }
    return metrics_wrong(alert, expr);
}

static const char *rules_wrong(const char *rules_text, const char *tests_text)
{
    yaml_document_t rules, tests;
    const char *wrong = NULL;
    load(rules_text, &rules);
    load(tests_text, &tests);
    const yaml_node_t *list = rules_of(&rules);
    for (size_t i = 0; i < length(list) && wrong == NULL; i++) {
        wrong = rule_wrong(&rules, item(&rules, list, i), &tests);
    }
    yaml_document_delete(&rules);
    yaml_document_delete(&tests);
    return wrong;
}

/* ---- tests ---- */

/*= test op-alerts */
static void every_rule_has_words_metrics_and_a_test(void **state)
{
    (void)state;
    char *rules = read_all(ALERTS "bindery.rules.yaml");
    char *tests = read_all(ALERTS "bindery.test.yaml");
    const char *wrong = rules_wrong(rules, tests);
    assert_string_equal(wrong != NULL ? wrong : "", "");
    free(rules);
    free(tests);
}

#define RULE(name, severity, expr)                                                                 \
    "groups:\n  - name: x\n    rules:\n      - {alert: " name ", expr: '" expr                     \
    "', labels: {severity: " severity "}}\n"
#define SILENT "{eval_time: 1m, alertname: BinderyDown, exp_alerts: []}"
#define FIRES  "{eval_time: 2m, alertname: BinderyDown, exp_alerts: [{exp_labels: {a: b}}]}"
#define TESTS(a, b)                                                                                \
    "tests:\n  - {interval: 1m, alert_rule_test: [" a "]}\n"                                       \
    "  - {interval: 1m, alert_rule_test: [" b "]}\n"

static void what_is_missing_is_named(void **state)
{
    static const struct {
        const char *rules, *tests, *wrong;
    } cases[] = {
        {RULE("BinderyDown", "page", "bindery_ready == 0"), TESTS(SILENT "," FIRES, ""), NULL},
        {RULE("BinderyDown", "page", "bindery_hss_answer_seconds_sum > 1"),
         TESTS("", SILENT "," FIRES), NULL},
        {RULE("BinderyNew", "page", "bindery_ready == 0"), TESTS(SILENT "," FIRES, ""), "no words"},
        {RULE("BinderyDown", "ticket", "bindery_ready == 0"), TESTS(SILENT "," FIRES, ""),
         "another severity"},
        {RULE("BinderyDown", "page", "bindery_ready == 0"), TESTS(SILENT, SILENT), "no test"},
        {RULE("BinderyDown", "page", "bindery_ready == 0"), TESTS(FIRES, FIRES), "no test"},
        {RULE("BinderyDown", "page", "bindery_ready == 0"), TESTS(SILENT, FIRES), "no test"},
        {RULE("BinderyDown", "page", "bindery_redy == 0"), TESTS(SILENT "," FIRES, ""),
         "there is no metric bindery_redy"},
        {RULE("BinderyDown", "page", "bindery_ready_count == 0"), TESTS(SILENT "," FIRES, ""),
         "there is no metric bindery_ready_count"},
        {RULE("BinderyDown", "page", "bindery_hss_answer_seconds > 1"), TESTS(SILENT "," FIRES, ""),
         "there is no metric bindery_hss_answer_seconds"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *wrong = rules_wrong(cases[i].rules, cases[i].tests);
        if (cases[i].wrong == NULL) {
            assert_null(wrong);
        } else if (wrong == NULL || strstr(wrong, cases[i].wrong) == NULL) {
            fail_msg("case %zu: %s", i, wrong != NULL ? wrong : "nothing is wrong");
        }
    }
}

static void no_words_are_for_a_rule_that_is_gone(void **state)
{
    (void)state;
    size_t n = 0;
    char *text = read_all(ALERTS "bindery.rules.yaml");
    const struct alert_word *words = alert_words(&n);
    yaml_document_t doc;
    load(text, &doc);
    const yaml_node_t *rules = rules_of(&doc);
    assert_int_equal(length(rules), n);
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(text_of(member(&doc, item(&doc, rules, i), "alert")), words[i].name);
    }
    yaml_document_delete(&doc);
    free(text);
}

static void sentence(char *out, size_t cap, const char *before, const char *text)
{
    const char last = text[strlen(text) - 1];
    const size_t n = strlen(out);
    snprintf(out + n, cap - n, "%s%c%s%s", before,
             *before == '\0' ? toupper((unsigned char)text[0]) : text[0], text + 1,
             last == '?' ? "" : ".");
}

static void the_guide_says_what_the_words_say(void **state)
{
    (void)state;
    size_t n = 0;
    char *guide = read_all("../../docs/monitoring.md");
    const struct alert_word *words = alert_words(&n);
    for (size_t i = 0; i < n; i++) {
        char wanted[2048] = "";
        sentence(wanted, sizeof wanted, "", words[i].meaning);
        sentence(wanted, sizeof wanted, " *Look at:* ", words[i].look);
        sentence(wanted, sizeof wanted, " *What to do:* ", words[i].todo);
        char paragraph[4096];
        snprintf(paragraph, sizeof paragraph, "\n### %s\n\n%s (`%s`)\n", words[i].name, wanted,
                 words[i].severity);
        if (strstr(guide, paragraph) == NULL) {
            fail_msg("docs/monitoring.md has not:%s", paragraph);
        }
    }
    free(guide);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_rule_has_words_metrics_and_a_test),
        cmocka_unit_test(what_is_missing_is_named),
        cmocka_unit_test(no_words_are_for_a_rule_that_is_gone),
        cmocka_unit_test(the_guide_says_what_the_words_say),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
