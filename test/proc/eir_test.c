#include "proc/eir.h"

#include "lib/check.h"
#include <stdlib.h>
#include <string.h>

#define RULES_MAX 160

/* A table in memory of exactly the size that the header asks for. */
struct built {
    struct eir_rule rules[RULES_MAX];
    size_t n;
    struct eir_table table;
};

static int order(const void *a, const void *b)
{
    const struct eir_rule *x = a, *y = b;
    if (x->range.first != y->range.first) {
        return x->range.first < y->range.first ? -1 : 1;
    }
    if (x->range.last != y->range.last) {
        return x->range.last < y->range.last ? -1 : 1;
    }
    return (int)x->list - (int)y->list;
}

static void build(struct built *b)
{
    uint32_t *heap = malloc((b->n + 1) * sizeof *heap);
    b->table.edge = malloc(EIR_EDGES_OF(b->n) * sizeof *b->table.edge);
    b->table.rule = malloc(EIR_EDGES_OF(b->n) * sizeof *b->table.rule);
    qsort(b->rules, b->n, sizeof *b->rules, order);
    assert_ok(eir_table_build(b->rules, b->n, heap, &b->table));
    assert_true(b->table.n_edges <= EIR_EDGES_OF(b->n));
    free(heap);
}

static void drop(struct built *b)
{
    free(b->table.edge);
    free(b->table.rule);
}

static void add(struct built *b, const char *text, enum eir_list list)
{
    assert_ok(imei_range_parse(bytes_of_str(text), &b->rules[b->n].range));
    b->rules[b->n++].list = list;
}

static enum eir_list find(const struct built *b, const char *imei)
{
    struct imei_range r;
    assert_ok(imei_range_parse(bytes_of_str(imei), &r));
    return eir_table_find(&b->table, r.first, NULL);
}

/*= test eir-order */
static void the_narrowest_rule_decides(void **state)
{
    (void)state;
    struct built b = {.n = 0};
    add(&b, "35693803", EIR_BLACK);
    add(&b, "35693803500000-35693803599999", EIR_GREY);
    add(&b, "35693803564380", EIR_WHITE);
    build(&b);
    assert_int_equal(find(&b, "35693803564380"), EIR_WHITE);
    assert_int_equal(find(&b, "35693803564379"), EIR_GREY);
    assert_int_equal(find(&b, "35693803564381"), EIR_GREY);
    assert_int_equal(find(&b, "35693803499999"), EIR_BLACK);
    assert_int_equal(find(&b, "35693803600000"), EIR_BLACK);
    assert_int_equal(find(&b, "35693802999999"), EIR_NO_LIST);
    assert_int_equal(find(&b, "35693804000000"), EIR_NO_LIST);
    drop(&b);
}

/*= test eir-order */
static void between_rules_of_one_width_black_goes_before_grey_before_white(void **state)
{
    (void)state;
    struct built b = {.n = 0};
    add(&b, "35693803564380", EIR_WHITE);
    add(&b, "35693803564380", EIR_BLACK);
    add(&b, "35693803564380", EIR_GREY);
    add(&b, "35693803564390", EIR_WHITE);
    add(&b, "35693803564390", EIR_GREY);
    add(&b, "10000000000000-10000000000009", EIR_WHITE); /* overlapping, not the same */
    add(&b, "10000000000005-10000000000014", EIR_BLACK);
    build(&b);
    assert_int_equal(find(&b, "35693803564380"), EIR_BLACK);
    assert_int_equal(find(&b, "35693803564390"), EIR_GREY);
    assert_int_equal(find(&b, "10000000000004"), EIR_WHITE);
    assert_int_equal(find(&b, "10000000000005"), EIR_BLACK);
    assert_int_equal(find(&b, "10000000000014"), EIR_BLACK);
    drop(&b);
}

static void the_first_and_the_last_imei_there_is_can_be_listed(void **state)
{
    (void)state;
    struct built b = {.n = 0};
    build(&b);
    assert_int_equal(find(&b, "00000000000000"), EIR_NO_LIST);
    drop(&b);
    add(&b, "00000000000000", EIR_BLACK);
    add(&b, "99999999999999", EIR_GREY);
    add(&b, "00000000000000-99999999999999", EIR_WHITE);
    build(&b);
    assert_int_equal(find(&b, "00000000000000"), EIR_BLACK);
    assert_int_equal(find(&b, "00000000000001"), EIR_WHITE);
    assert_int_equal(find(&b, "99999999999998"), EIR_WHITE);
    assert_int_equal(find(&b, "99999999999999"), EIR_GREY);
    drop(&b);
}

/* ---- against the rule, word for word ---- */

static bool decides_over(const struct eir_rule *a, const struct eir_rule *b)
{
    uint64_t wa = a->range.last - a->range.first, wb = b->range.last - b->range.first;
    if (wa != wb) {
        return wa < wb;
    }
    return a->list != b->list ? a->list > b->list : a->range.first < b->range.first;
}

static uint32_t by_hand(const struct built *b, uint64_t imei)
{
    uint32_t best = EIR_NO_RULE;
    for (uint32_t i = 0; i < b->n; i++) {
        const struct imei_range *r = &b->rules[i].range;
        if (r->first <= imei && imei <= r->last &&
            (best == EIR_NO_RULE || decides_over(&b->rules[i], &b->rules[best]))) {
            best = i;
        }
    }
    return best;
}

static bool there_already(const struct built *b)
{
    for (size_t i = 0; i < b->n; i++) {
        if (order(&b->rules[i], &b->rules[b->n]) == 0) {
            return true;
        }
    }
    return false;
}

/* Rules over a few IMEIs, so that they overlap, nest and touch in every way; `base` puts those
 * IMEIs at the beginning, in the middle and at the end of all numbers. */
static void random_rules(struct built *b, uint64_t *seed, uint64_t base, uint64_t span)
{
    size_t wanted = test_rand(seed) % RULES_MAX;
    b->n = 0;
    for (size_t tries = 0; b->n < wanted && tries < 1000; tries++) {
        uint64_t x = test_rand(seed) % span, y = test_rand(seed) % span;
        uint64_t width = test_rand(seed) % 3 == 0 ? 0 : test_rand(seed) % 8;
        y = test_rand(seed) % 2 ? y : x + width < span ? x + width : span - 1;
        b->rules[b->n].range = (struct imei_range){base + (x < y ? x : y), base + (x < y ? y : x)};
        b->rules[b->n].list = (enum eir_list)(EIR_WHITE + test_rand(seed) % 3);
        b->n += !there_already(b);
    }
}

/*= test eir-order */
static void the_table_says_what_the_rules_say_for_every_imei(void **state)
{
    (void)state;
    const uint64_t span = 200;
    const uint64_t bases[] = {0, 35693803999960, IMEI_NUMBERS - span};
    uint64_t seed = 11;
    for (unsigned round = 0; round < 1500; round++) {
        static struct built b;
        uint64_t base = bases[round % 3];
        random_rules(&b, &seed, base, span);
        build(&b);
        for (uint64_t i = base > 2 ? base - 2 : 0; i < base + span + 2 && i < IMEI_NUMBERS; i++) {
            uint32_t rule = 7, want = by_hand(&b, i);
            enum eir_list list = eir_table_find(&b.table, i, &rule);
            assert_int_equal(rule, want);
            assert_int_equal(list, want == EIR_NO_RULE ? EIR_NO_LIST : b.rules[want].list);
        }
        for (size_t i = 1; i < b.table.n_edges; i++) {
            assert_true(b.table.edge[i - 1] / 4 < b.table.edge[i] / 4);
            assert_int_not_equal(b.table.rule[i - 1], b.table.rule[i]);
        }
        drop(&b);
    }
}

static void rules_that_are_none_or_not_in_order_are_refused(void **state)
{
    (void)state;
    uint64_t edge[EIR_EDGES_OF(2)];
    uint32_t rule[EIR_EDGES_OF(2)], heap[2];
    struct eir_table t = {edge, rule, 0, {0}};
    struct eir_rule r[2] = {{{5, 6}, EIR_WHITE}, {{5, 7}, EIR_WHITE}};
    assert_ok(eir_table_build(r, 2, heap, &t));
    r[1].range.last = 6; /* the same twice */
    assert_err(eir_table_build(r, 2, heap, &t), E_BAD_VALUE);
    r[1].list = EIR_GREY;
    assert_ok(eir_table_build(r, 2, heap, &t));
    r[1].range = (struct imei_range){4, 9};
    assert_err(eir_table_build(r, 2, heap, &t), E_BAD_VALUE);
    r[0] = (struct eir_rule){{3, 2}, EIR_WHITE};
    assert_err(eir_table_build(r, 1, heap, &t), E_BAD_VALUE);
    r[0] = (struct eir_rule){{3, IMEI_NUMBERS}, EIR_WHITE};
    assert_err(eir_table_build(r, 1, heap, &t), E_BAD_VALUE);
    r[0] = (struct eir_rule){{3, 3}, EIR_NO_LIST};
    assert_err(eir_table_build(r, 1, heap, &t), E_BAD_VALUE);
    assert_err(eir_table_build(r, (size_t)EIR_RULES_AT_MOST + 1, heap, &t), E_NO_ROOM);
}

/* ---- the verdict ---- */

static struct imei imei_of(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse(bytes_of_str(digits), &imei));
    return imei;
}

/*= test eir-unknown */
static void equipment_on_no_list_gets_what_the_policy_says(void **state)
{
    (void)state;
    const struct eir_subscription nobody = {.known = false};
    const struct imei imei = imei_of("35693803564380");
    static const enum eir_status want[] = {[EIR_UNKNOWN_REFUSE] = EIR_UNKNOWN_EQUIPMENT,
                                           [EIR_UNKNOWN_ALLOW] = EIR_WHITELISTED,
                                           [EIR_UNKNOWN_GREY] = EIR_GREYLISTED};
    for (unsigned u = EIR_UNKNOWN_REFUSE; u <= EIR_UNKNOWN_GREY; u++) {
        struct eir_policy p = {(enum eir_unknown)u, EIR_PAIRING_BLACK};
        assert_int_equal(eir_decide(&p, EIR_NO_LIST, &imei, &nobody).status, want[u]);
        assert_int_equal(eir_decide(&p, EIR_WHITE, &imei, &nobody).status, EIR_WHITELISTED);
        assert_int_equal(eir_decide(&p, EIR_GREY, &imei, &nobody).status, EIR_GREYLISTED);
        assert_int_equal(eir_decide(&p, EIR_BLACK, &imei, &nobody).status, EIR_BLACKLISTED);
    }
}

/*= test eir-pairing */
static void a_bound_subscription_in_another_device_is_never_judged_more_mildly(void **state)
{
    (void)state;
    const struct imei imei = imei_of("35693803564380");
    struct eir_subscription s = {.known = true, .policy = BINDING_BOUND};
    for (unsigned u = EIR_UNKNOWN_REFUSE; u <= EIR_UNKNOWN_GREY; u++) {
        for (unsigned p = EIR_PAIRING_OFF; p <= EIR_PAIRING_BLACK; p++) {
            for (unsigned list = EIR_NO_LIST; list <= EIR_BLACK; list++) {
                struct eir_policy policy = {(enum eir_unknown)u, (enum eir_pairing)p};
                s.device_listed = true;
                struct eir_verdict paired = eir_decide(&policy, list, &imei, &s);
                s.device_listed = false;
                struct eir_verdict v = eir_decide(&policy, list, &imei, &s);
                assert_false(paired.not_paired);
                assert_int_equal(v.not_paired, p != EIR_PAIRING_OFF);
                assert_true(v.status >= paired.status);
                assert_int_equal(v.by_pairing, v.status != paired.status);
                assert_true(p != EIR_PAIRING_BLACK || v.status == EIR_BLACKLISTED);
                assert_true(p != EIR_PAIRING_GREY || v.status >= EIR_GREYLISTED);
                assert_true(p > EIR_PAIRING_REPORT || v.status == paired.status);
            }
        }
    }
}

/*= test eir-pairing */
static void only_a_bound_subscription_is_paired(void **state)
{
    (void)state;
    const struct imei imei = imei_of("35693803564380");
    const struct eir_policy policy = {EIR_UNKNOWN_ALLOW, EIR_PAIRING_BLACK};
    struct eir_subscription s = {.known = true, .policy = BINDING_OPEN};
    assert_int_equal(eir_decide(&policy, EIR_WHITE, &imei, &s).status, EIR_WHITELISTED);
    s.policy = BINDING_LEARN;
    assert_int_equal(eir_decide(&policy, EIR_WHITE, &imei, &s).status, EIR_WHITELISTED);
    s.policy = BINDING_BOUND;
    assert_int_equal(eir_decide(&policy, EIR_WHITE, &imei, &s).status, EIR_BLACKLISTED);
}

/*= test eir-changed */
static void another_imei_than_the_last_one_is_a_change_and_changes_no_verdict(void **state)
{
    (void)state;
    const struct imei imei = imei_of("35693803564380");
    struct eir_policy policy = {EIR_UNKNOWN_ALLOW, EIR_PAIRING_BLACK};
    struct eir_subscription s = {.known = true, .last_imei = imei_of("35693803564381")};
    assert_false(eir_decide(&policy, EIR_WHITE, &imei, &s).changed); /* never registered with one */
    s.has_last_imei = true;
    struct eir_verdict v = eir_decide(&policy, EIR_WHITE, &imei, &s);
    assert_true(v.changed);
    assert_int_equal(v.status, EIR_WHITELISTED);
    s.last_imei = imei;
    assert_false(eir_decide(&policy, EIR_WHITE, &imei, &s).changed);
    policy.pairing = EIR_PAIRING_OFF;
    s.last_imei = imei_of("35693803564381");
    assert_false(eir_decide(&policy, EIR_WHITE, &imei, &s).changed);
}

static void lists_have_their_names(void **state)
{
    (void)state;
    enum eir_list list;
    for (unsigned i = EIR_WHITE; i <= EIR_BLACK; i++) {
        assert_ok(eir_list_parse(bytes_of_str(eir_list_name((enum eir_list)i)), &list));
        assert_int_equal(list, i);
    }
    assert_err(eir_list_parse(BYTES_LIT("none"), &list), E_BAD_VALUE);
    assert_err(eir_list_parse(BYTES_LIT("Black"), &list), E_BAD_VALUE);
    assert_err(eir_list_parse(BYTES_LIT(""), &list), E_BAD_VALUE);
    assert_string_equal(eir_status_name(EIR_UNKNOWN_EQUIPMENT), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_narrowest_rule_decides),
        cmocka_unit_test(between_rules_of_one_width_black_goes_before_grey_before_white),
        cmocka_unit_test(the_first_and_the_last_imei_there_is_can_be_listed),
        cmocka_unit_test(the_table_says_what_the_rules_say_for_every_imei),
        cmocka_unit_test(rules_that_are_none_or_not_in_order_are_refused),
        cmocka_unit_test(equipment_on_no_list_gets_what_the_policy_says),
        cmocka_unit_test(a_bound_subscription_in_another_device_is_never_judged_more_mildly),
        cmocka_unit_test(only_a_bound_subscription_is_paired),
        cmocka_unit_test(another_imei_than_the_last_one_is_a_change_and_changes_no_verdict),
        cmocka_unit_test(lists_have_their_names),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
