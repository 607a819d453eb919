/* What an operator's word makes of a device, without any HSS (src/nf/hssd/admin_onboarding.c). */
#include "lib/check.h"

#include "nf/hssd/admin_onboarding.h"

#include <string.h>

#define NOW INT64_C(1700000000)

static struct store_onboarding row_in(enum certattach_phase phase)
{
    struct store_onboarding row = {
        .key = {"maker", "d1"}, .phase = (uint8_t)phase, .first = NOW - 100, .changed = NOW - 50};
    assert_ok(imei_parse(BYTES_LIT("35693803564380"), &row.imei));
    if (phase == CERTATTACH_PHASE_PENDING || phase == CERTATTACH_PHASE_ACTIVE) {
        row.has_imsi = true;
        assert_ok(imsi_parse(BYTES_LIT("001010000500000"), &row.imsi));
        row.expires = phase == CERTATTACH_PHASE_PENDING ? NOW + 50 : 0;
    }
    return row;
}

#define SAME   ADMIN_ONBOARDING_NOTHING
#define PUT    ADMIN_ONBOARDING_PUT
#define END    ADMIN_ONBOARDING_END
#define REMOVE ADMIN_ONBOARDING_REMOVE
#define WRONG  ADMIN_ONBOARDING_WRONG

/*= test certattach-approval */
static void each_word_in_each_phase_does_what_the_table_says(void **state)
{
    (void)state;
    static const enum certattach_phase phases[] = {
        CERTATTACH_PHASE_WAITING, CERTATTACH_PHASE_APPROVED, CERTATTACH_PHASE_PENDING,
        CERTATTACH_PHASE_ACTIVE,  CERTATTACH_PHASE_DENIED,   CERTATTACH_PHASE_EXPIRED};
    static const enum admin_onboarding_act acts[ADMIN_ONBOARDING_WORDS][6] = {
        [ADMIN_ONBOARDING_APPROVE] = {PUT, SAME, WRONG, PUT, PUT, PUT},
        [ADMIN_ONBOARDING_DENY] = {PUT, PUT, END, WRONG, SAME, PUT},
        [ADMIN_ONBOARDING_EXPIRE] = {WRONG, WRONG, END, WRONG, WRONG, SAME},
        [ADMIN_ONBOARDING_FORGET] = {REMOVE, REMOVE, WRONG, WRONG, REMOVE, REMOVE},
    };
    static const enum certattach_phase becomes[] = {
        [ADMIN_ONBOARDING_APPROVE] = CERTATTACH_PHASE_APPROVED,
        [ADMIN_ONBOARDING_DENY] = CERTATTACH_PHASE_DENIED,
        [ADMIN_ONBOARDING_EXPIRE] = CERTATTACH_PHASE_EXPIRED};
    for (int word = 0; word < ADMIN_ONBOARDING_WORDS; word++) {
        for (size_t i = 0; i < 6; i++) {
            struct store_onboarding before = row_in(phases[i]), row = before;
            struct admin_fault fault = {.problem = PROBLEM_NONE};
            enum admin_onboarding_act act =
                admin_onboarding_plan((enum admin_onboarding_word)word, NOW, &row, &fault);
            assert_int_equal(act, acts[word][i]);
            assert_int_equal(fault.problem, act == WRONG ? PROBLEM_ONBOARDING_PHASE : PROBLEM_NONE);
            if (act == SAME || act == WRONG || act == REMOVE) {
                assert_memory_equal(&row, &before, sizeof row);
            } else if (phases[i] == CERTATTACH_PHASE_ACTIVE) {
                assert_true(row.again && row.phase == CERTATTACH_PHASE_ACTIVE);
                assert_true(row.changed == before.changed && row.has_imsi);
            } else {
                assert_int_equal(row.phase, becomes[word]);
                assert_true(act == END || (row.changed == NOW && row.expires == 0));
            }
        }
    }
}

static void an_active_device_is_let_again_once_and_a_denied_one_with_an_imsi_stays(void **state)
{
    (void)state;
    struct store_onboarding row = row_in(CERTATTACH_PHASE_ACTIVE);
    struct admin_fault fault;
    row.again = true;
    assert_int_equal(admin_onboarding_plan(ADMIN_ONBOARDING_APPROVE, NOW, &row, &fault), SAME);
    row = row_in(CERTATTACH_PHASE_ACTIVE);
    row.phase = CERTATTACH_PHASE_DENIED; /* its subscriber is there: that is to be removed */
    assert_int_equal(admin_onboarding_plan(ADMIN_ONBOARDING_APPROVE, NOW, &row, &fault), WRONG);
    assert_int_equal(admin_onboarding_plan(ADMIN_ONBOARDING_FORGET, NOW, &row, &fault), WRONG);
    assert_int_equal(admin_onboarding_plan(ADMIN_ONBOARDING_EXPIRE, NOW, &row, &fault), WRONG);
}

static void a_body_is_one_word_that_is_known(void **state)
{
    (void)state;
    static const char *const words[] = {"approve", "deny", "expire", "forget"};
    static const struct {
        const char *body;
        enum problem problem;
    } wrong[] = {
        {"[]", PROBLEM_BAD_MEMBER},
        {"{}", PROBLEM_MISSING_MEMBER},
        {"{\"do\":null}", PROBLEM_BAD_MEMBER},
        {"{\"do\":[\"deny\"]}", PROBLEM_BAD_MEMBER},
        {"{\"do\":\"deny \"}", PROBLEM_BAD_MEMBER},
        {"{\"do\":\"deny\",\"imei\":\"1\"}", PROBLEM_UNKNOWN_MEMBER},
    };
    enum admin_onboarding_word word;
    struct admin_fault fault;
    for (int i = 0; i < ADMIN_ONBOARDING_WORDS; i++) {
        json_t *json = json_pack("{s:s}", "do", words[i]);
        assert_true(admin_onboarding_parse(json, &word, &fault));
        assert_int_equal(word, i);
        json_decref(json);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        json_t *json = json_loads(wrong[i].body, 0, NULL);
        assert_non_null(json);
        assert_false(admin_onboarding_parse(json, &word, &fault));
        assert_int_equal(fault.problem, wrong[i].problem);
        json_decref(json);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_word_in_each_phase_does_what_the_table_says),
        cmocka_unit_test(an_active_device_is_let_again_once_and_a_denied_one_with_an_imsi_stays),
        cmocka_unit_test(a_body_is_one_word_that_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
