#include "lib/check.h"

#include "base/refusal.h"
#include <string.h>

static const struct {
    enum refusal r;
    const char *name;
} all[] = {
#define X(NAME, text, carrier, code, emm, kind, next, sentence) {REFUSAL_##NAME, text},
    REFUSAL_LIST(X)
#undef X
};
#define COUNT (sizeof all / sizeof all[0])

static void every_refusal_has_exactly_its_row(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(all[i].r, i); /* no gaps: the table is as long as the enum */
        assert_string_equal(refusal_row(all[i].r)->name, all[i].name);
        assert_true(strlen(refusal_row(all[i].r)->sentence) > 0);
        assert_true(strlen(refusal_row(all[i].r)->device_next) > 0);
    }
}

static void names_are_lower_case_with_hyphens(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const char *name = all[i].name;
        assert_true(name[0] >= 'a' && name[0] <= 'z');
        assert_true(name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] == '\0');
        assert_true(name[strlen(name) - 1] != '-');
        assert_null(strstr(name, "--"));
    }
}

static void names_and_sentences_are_unique(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_string_not_equal(all[i].name, all[j].name);
            assert_string_not_equal(refusal_row(all[i].r)->sentence,
                                    refusal_row(all[j].r)->sentence);
        }
    }
}

/* #3, #6, #7, #8 and #11 make a device stop or forget (TS 24.301 5.5.1.2.5). */
static void a_provisional_refusal_never_gives_a_cause_that_disables_the_sim(void **state)
{
    (void)state;
    static const uint8_t lasting[] = {3, 6, 7, 8, 11};
    for (size_t i = 0; i < COUNT; i++) {
        const struct refusal_row *row = refusal_row(all[i].r);
        for (size_t j = 0; row->kind == REFUSAL_PROVISIONAL && j < sizeof lasting; j++) {
            assert_int_not_equal(row->emm_cause, lasting[j]);
        }
    }
}

/* #6 is a verdict on the device: only an EIR's answer or a failed proof may give it, never an
 * outage, and not that nobody published a binding. */
/*= test devid-provisional */
static void only_the_eir_and_a_failed_proof_call_the_equipment_illegal(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        bool verdict = all[i].r == REFUSAL_EQUIPMENT_BLACK ||
                       all[i].r == REFUSAL_EQUIPMENT_UNKNOWN || all[i].r == REFUSAL_DEVICE_FAILED;
        assert_true((refusal_row(all[i].r)->emm_cause == 6) == verdict);
    }
}

/* The MME that asked tells a failed proof by its code from all that may pass. */
static void of_a_proof_only_its_failure_is_final_and_has_a_code_of_its_own(void **state)
{
    (void)state;
    static const enum refusal passing[] = {REFUSAL_DEVICE_UNPROVEN, REFUSAL_DEVICE_UNDETERMINED,
                                           REFUSAL_PROOF_MISSING};
    assert_int_equal(refusal_row(REFUSAL_DEVICE_FAILED)->kind, REFUSAL_FINAL);
    assert_int_equal(refusal_row(REFUSAL_DEVICE_FAILED)->code, 5422);
    assert_int_equal(refusal_row(REFUSAL_DEVICE_FAILED)->carrier, REFUSAL_3GPP);
    for (size_t i = 0; i < sizeof passing / sizeof passing[0]; i++) {
        assert_int_equal(refusal_row(passing[i])->kind, REFUSAL_PROVISIONAL);
        assert_int_equal(refusal_row(passing[i])->emm_cause, 17);
        assert_int_equal(refusal_row(passing[i])->code, 5012);
        assert_int_equal(refusal_row(passing[i])->carrier, REFUSAL_BASE);
    }
}

/* Why a device was given nothing, its code does not say; and it may always come back. Nor is who
 * tries another device's subscription told more than that. */
/*= test certattach-one-refusal */
static void of_a_subscription_for_a_device_every_refusal_looks_the_same_and_passes(void **state)
{
    (void)state;
    static const enum refusal same[] = {
        REFUSAL_ONBOARDED, REFUSAL_ONBOARDING_REFUSED, REFUSAL_ONBOARDING_NOT_OFFERED,
        REFUSAL_ONBOARDING_UNREADABLE, REFUSAL_SUBSCRIPTION_PENDING};
    for (size_t i = 0; i < sizeof same / sizeof same[0]; i++) {
        assert_int_equal(refusal_row(same[i])->kind, REFUSAL_PROVISIONAL);
        assert_int_equal(refusal_row(same[i])->carrier, REFUSAL_BASE);
        assert_int_equal(refusal_row(same[i])->code, 5012);
        assert_int_equal(refusal_row(same[i])->emm_cause, 17);
    }
}

/* 5001 and 5004 mean something else as a base Result-Code (RFC 6733 7.1.5). */
static void every_code_stands_in_the_range_of_its_carrier(void **state)
{
    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        const struct refusal_row *row = refusal_row(all[i].r);
        if (row->carrier == REFUSAL_3GPP) {
            assert_true(row->code == 4181 || (row->code >= 5001 && row->code <= 5004) ||
                        (row->code >= 5420 && row->code <= 5423));
        } else {
            assert_true((row->code >= 2001 && row->code <= 2002) ||
                        (row->code >= 3001 && row->code <= 3010) ||
                        (row->code >= 5001 && row->code <= 5017));
        }
    }
}

/* Where the device is told nothing, the table says what becomes of it instead. */
static void only_none_succeeds_and_who_is_refused_is_told_why_or_nothing(void **state)
{
    (void)state;
    assert_int_equal(REFUSAL_NONE, 0);
    for (size_t i = 0; i < COUNT; i++) {
        const struct refusal_row *row = refusal_row(all[i].r);
        assert_int_equal(row->code == 2001, all[i].r == REFUSAL_NONE);
        if (row->emm_cause == 0 && all[i].r != REFUSAL_NONE) {
            assert_int_equal(strncmp(row->device_next, "is ", 3), 0);
        }
    }
}

static void a_value_outside_the_list_fails_closed(void **state)
{
    (void)state;
    assert_int_not_equal(refusal_row((enum refusal)COUNT)->code, 2001);
    assert_int_equal(refusal_row((enum refusal) - 1)->kind, REFUSAL_PROVISIONAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_refusal_has_exactly_its_row),
        cmocka_unit_test(names_are_lower_case_with_hyphens),
        cmocka_unit_test(names_and_sentences_are_unique),
        cmocka_unit_test(a_provisional_refusal_never_gives_a_cause_that_disables_the_sim),
        cmocka_unit_test(only_the_eir_and_a_failed_proof_call_the_equipment_illegal),
        cmocka_unit_test(of_a_proof_only_its_failure_is_final_and_has_a_code_of_its_own),
        cmocka_unit_test(of_a_subscription_for_a_device_every_refusal_looks_the_same_and_passes),
        cmocka_unit_test(every_code_stands_in_the_range_of_its_carrier),
        cmocka_unit_test(only_none_succeeds_and_who_is_refused_is_told_why_or_nothing),
        cmocka_unit_test(a_value_outside_the_list_fails_closed),
    };
    return cmocka_run_group_tests_name("base/refusal", tests, NULL, NULL);
}
