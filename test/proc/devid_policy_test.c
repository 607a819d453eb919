/* What a subscription makes of an outcome (proc/devid.h): policies as text and as bits, and whom
 * the home network admits. */
#include "proc/devid.h"

#include "lib/check.h"

#include <stdlib.h>
#include <string.h>

static bool same(const struct devid_policy *a, const struct devid_policy *b)
{
    return a->wanted == b->wanted && a->admit_unproven == b->admit_unproven &&
           a->admit_failed == b->admit_failed && a->admit_undetermined == b->admit_undetermined;
}

static enum err parse(const char *text, struct devid_policy *out)
{
    uint8_t *exact = exact_copy(bytes_of_str(text));
    enum err err = devid_policy_parse((struct bytes){exact, strlen(text)}, out);
    free(exact);
    return err;
}

/*= test devid-policy */
static void a_policy_is_read_as_it_is_written(void **state)
{
    (void)state;
    static const struct {
        const char *text, *shown;
        struct devid_policy policy;
    } table[] = {
        {"off", "off", {0}},
        {"observe", "observe", {true, true, true, true}},
        {"want", "want", {true, true, false, true}},
        {"require", "require", {true, false, false, false}},
        {"unproven=admit,failed=admit,undetermined=admit", "observe", {true, true, true, true}},
        {"undetermined=admit,unproven=admit,failed=refuse", "want", {true, true, false, true}},
        {"failed=refuse,undetermined=refuse,unproven=refuse", "require", {.wanted = true}},
        {"unproven=refuse,failed=refuse,undetermined=admit",
         "unproven=refuse,failed=refuse,undetermined=admit",
         {true, false, false, true}},
        {"failed=refuse,unproven=admit,undetermined=refuse",
         "unproven=admit,failed=refuse,undetermined=refuse",
         {true, true, false, false}},
    };
    for (size_t i = 0; i < sizeof table / sizeof table[0]; i++) {
        struct devid_policy got;
        char shown[DEVID_POLICY_TEXT];
        assert_ok(parse(table[i].text, &got));
        assert_true(same(&got, &table[i].policy));
        devid_policy_print(&got, shown);
        assert_string_equal(shown, table[i].shown);
    }
}

static void a_text_that_is_no_policy_is_refused_and_nothing_is_changed(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        enum err err;
    } bad[] = {
        {"", E_BAD_VALUE},
        {"on", E_BAD_VALUE},
        {"Off", E_BAD_VALUE},
        {"off ", E_BAD_VALUE},
        {"off,want", E_BAD_VALUE},
        {"requir", E_BAD_VALUE},
        {"requirement", E_BAD_VALUE},
        {",", E_BAD_VALUE},
        {"unproven", E_BAD_VALUE},
        {"unproven=", E_BAD_VALUE},
        {"unproven=admi,failed=refuse,undetermined=admit", E_BAD_VALUE},
        {"unproven=admits,failed=refuse,undetermined=admit", E_BAD_VALUE},
        {"unproven =admit,failed=refuse,undetermined=admit", E_BAD_VALUE},
        {"unproven=admit, failed=refuse,undetermined=admit", E_BAD_VALUE},
        {"unproven=admit,failed=refuse,undetermined=admit,", E_BAD_VALUE},
        {",unproven=admit,failed=refuse,undetermined=admit", E_BAD_VALUE},
        {"unproven=admit,,failed=refuse,undetermined=admit", E_BAD_VALUE},
        {"unproven=admit,failed=refuse,undetermined=admit,proven=admit", E_BAD_VALUE},
        {"proven=admit,unproven=admit,failed=refuse,undetermined=admit", E_BAD_VALUE},
        {"unproven=admit", E_MISSING},
        {"unproven=admit,failed=refuse", E_MISSING},
        {"failed=refuse,undetermined=admit", E_MISSING},
        {"unproven=admit,unproven=admit,failed=refuse", E_REPEATED},
        {"unproven=admit,failed=refuse,undetermined=admit,failed=admit", E_REPEATED},
    };
    static const struct devid_policy before = {true, false, true, false};
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct devid_policy got = before;
        assert_err(parse(bad[i].text, &got), bad[i].err);
        assert_true(same(&got, &before));
    }
}

static void of_256_bit_patterns_nine_are_policies_and_survive_both_ways(void **state)
{
    (void)state;
    unsigned valid = 0;
    for (unsigned bits = 0; bits < 256; bits++) {
        struct devid_policy p = {true, true, true, true}, again;
        char text[DEVID_POLICY_TEXT];
        bool is_one = bits == 0 || (bits < 16 && (bits & 1) != 0);
        assert_int_equal(devid_policy_of_bits((uint8_t)bits, &p), is_one ? E_OK : E_BAD_VALUE);
        if (!is_one) {
            continue;
        }
        valid++;
        assert_int_equal(devid_policy_bits(&p), bits);
        devid_policy_print(&p, text);
        assert_ok(parse(text, &again));
        assert_true(same(&p, &again));
    }
    assert_int_equal(valid, 9);
}

static void who_asks_nobody_has_nothing_to_admit(void **state)
{
    (void)state;
    const struct devid_policy p = {false, true, true, true};
    char text[DEVID_POLICY_TEXT];
    assert_int_equal(devid_policy_bits(&p), 0);
    devid_policy_print(&p, text);
    assert_string_equal(text, "off");
}

/* ---- whom the home network admits ---- */

enum brought { NOTHING, NOT_ASKED, PROVEN, UNPROVEN, FAILED, UNDETERMINED, BROUGHT };

/* By rule, one line each: what is admitted, else the refusal. */
static enum refusal wanted(const struct devid_policy *p, enum brought b, bool remembered)
{
    const struct {
        bool admitted;
        enum refusal otherwise;
    } rule[BROUGHT] = {
        [NOTHING] = {remembered || (p->admit_unproven && p->admit_undetermined),
                     REFUSAL_PROOF_MISSING},
        [NOT_ASKED] = {remembered || (p->admit_unproven && p->admit_undetermined),
                       REFUSAL_PROOF_MISSING},
        [PROVEN] = {true, REFUSAL_NONE},
        [UNPROVEN] = {p->admit_unproven, REFUSAL_DEVICE_UNPROVEN},
        [FAILED] = {p->admit_failed, REFUSAL_DEVICE_FAILED},
        [UNDETERMINED] = {p->admit_undetermined || remembered, REFUSAL_DEVICE_UNDETERMINED},
    };
    return !p->wanted || rule[b].admitted ? REFUSAL_NONE : rule[b].otherwise;
}

/*= test devid-policy devid-provisional */
static void the_policy_decides_over_every_result_and_nothing_else_does(void **state)
{
    (void)state;
    static const struct devid_outcome outcomes[BROUGHT] = {
        [PROVEN] = {.result = DEVID_PROVEN, .form = BINDING_PUBLIC_KEY, .serial = 1},
        [UNPROVEN] = {.result = DEVID_UNPROVEN, .cause = DEVID_CAUSE_NO_BINDING},
        [FAILED] = {.result = DEVID_FAILED, .cause = DEVID_CAUSE_SIGNATURE, .form = 1},
        [UNDETERMINED] = {.result = DEVID_UNDETERMINED, .cause = DEVID_CAUSE_REPOSITORY_SILENT}};
    for (unsigned bits = 0; bits < 16; bits++) {
        const struct devid_policy p = {(bits & 1) != 0, (bits & 2) != 0, (bits & 4) != 0,
                                       (bits & 8) != 0};
        for (int b = 0; b < BROUGHT; b++) {
            for (int remembered = 0; remembered <= 1; remembered++) {
                assert_int_equal(
                    devid_hss_admit(&p, b == NOTHING ? NULL : &outcomes[b], remembered != 0),
                    wanted(&p, (enum brought)b, remembered != 0));
            }
        }
    }
}

/* The four that have a name, in words. */
static void the_named_policies_admit_what_their_names_promise(void **state)
{
    (void)state;
    static const char *const names[] = {"off", "observe", "want", "require"};
    /* nothing, proven, unproven, failed, undetermined; nothing is remembered */
    static const char *const verdicts[] = {
        "none none none none none", "none none none none none", "none none none device-failed none",
        "proof-missing none device-unproven device-failed device-undetermined"};
    for (size_t i = 0; i < 4; i++) {
        struct devid_policy p;
        char got[160] = "";
        assert_ok(parse(names[i], &p));
        for (int r = DEVID_NOT_ASKED; r <= DEVID_UNDETERMINED; r++) {
            const struct devid_outcome o = {.result = (enum devid_result)r};
            enum refusal refusal = devid_hss_admit(&p, r == DEVID_NOT_ASKED ? NULL : &o, false);
            strcat(got, r > 0 ? " " : "");
            strcat(got, refusal_row(refusal)->name);
        }
        assert_string_equal(got, verdicts[i]);
    }
}

/*= test devid-remembered */
static void a_memory_helps_where_nobody_could_ask_and_never_against_a_failure(void **state)
{
    (void)state;
    const struct devid_policy require = {.wanted = true};
    struct devid_outcome o = {.result = DEVID_UNDETERMINED};
    assert_int_equal(devid_hss_admit(&require, NULL, true), REFUSAL_NONE);
    assert_int_equal(devid_hss_admit(&require, &o, true), REFUSAL_NONE);
    o.cause = DEVID_CAUSE_REPOSITORY_SILENT;
    assert_int_equal(devid_hss_admit(&require, &o, true), REFUSAL_NONE);
    o.cause = DEVID_CAUSE_REPOSITORY_BUSY;
    assert_int_equal(devid_hss_admit(&require, &o, true), REFUSAL_NONE);
    o.cause = DEVID_CAUSE_INQUIRY_LIMITED; /* a thief with the SIM can see to that himself */
    assert_int_equal(devid_hss_admit(&require, &o, true), REFUSAL_DEVICE_UNDETERMINED);
    o.result = DEVID_FAILED;
    assert_int_equal(devid_hss_admit(&require, &o, true), REFUSAL_DEVICE_FAILED);
    o.result = DEVID_UNPROVEN;
    assert_int_equal(devid_hss_admit(&require, &o, true), REFUSAL_DEVICE_UNPROVEN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_policy_is_read_as_it_is_written),
        cmocka_unit_test(a_text_that_is_no_policy_is_refused_and_nothing_is_changed),
        cmocka_unit_test(of_256_bit_patterns_nine_are_policies_and_survive_both_ways),
        cmocka_unit_test(who_asks_nobody_has_nothing_to_admit),
        cmocka_unit_test(the_policy_decides_over_every_result_and_nothing_else_does),
        cmocka_unit_test(the_named_policies_admit_what_their_names_promise),
        cmocka_unit_test(a_memory_helps_where_nobody_could_ask_and_never_against_a_failure),
    };
    return cmocka_run_group_tests_name("proc/devid policy", tests, NULL, NULL);
}
