/* What a registration makes of a device's proof (src/nf/hssd/proof.c). */
#include "lib/check.h"

#include "nf/hssd/proof.h"

#include <string.h>

#define NOW  1700000000
#define WEEK 604800u

static struct imei imei_of(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse_transmitted(bytes_of_str(digits), &imei));
    return imei;
}
#define A imei_of("35693803564380")
#define B imei_of("49015420323751")

static struct proof_registration reg;
static struct store_proof row;
static struct proof_decision d;

static int anew(void **state)
{
    (void)state;
    reg = (struct proof_registration){
        .has_imei = true, .imei = A, .remember_seconds = WEEK, .now = NOW};
    assert_ok(devid_policy_parse(BYTES_LIT("require"), &reg.policy));
    row = (struct store_proof){.remembered = false};
    return 0;
}

static void brings(enum devid_cause cause)
{
    reg.has_outcome = true;
    reg.outcome = (struct devid_outcome){.result = devid_cause_result(cause), .cause = cause};
    if (cause == DEVID_CAUSE_NONE || cause == DEVID_CAUSE_SIGNATURE) {
        reg.outcome.form = BINDING_PUBLIC_KEY;
        reg.outcome.serial = 7;
    }
}

/* Decides, and stores what is to be stored. */
static enum refusal decide(void)
{
    proof_decide(&reg, &row, &d);
    assert_int_equal(d.write, memcmp(&row, &d.after, sizeof row) != 0);
    row = d.after;
    return d.refusal;
}

static void proven(void)
{
    brings(DEVID_CAUSE_NONE);
    assert_int_equal(decide(), REFUSAL_NONE);
}

static void whose_policy_is_off_is_neither_asked_nor_remembered(void **state)
{
    (void)state;
    reg.policy = (struct devid_policy){.wanted = false};
    brings(DEVID_CAUSE_SIGNATURE);
    assert_int_equal(decide(), REFUSAL_NONE);
    assert_false(d.write || d.told);
}

/*= test devid-remembered */
static void a_shorter_time_counts_for_what_is_remembered_already(void **state)
{
    (void)state;
    proven();
    reg.has_outcome = false;
    reg.remember_seconds = 60;
    reg.now = NOW + 59;
    assert_int_equal(decide(), REFUSAL_NONE);
    reg.now = NOW + 60;
    assert_int_equal(decide(), REFUSAL_PROOF_MISSING);
    reg.now = NOW + 40;
    proven();
    assert_int_equal(row.memory.until, NOW + 100); /* more than half of the shorter time is over */
    reg.has_outcome = false;
    reg.remember_seconds = 0;
    assert_int_equal(decide(), REFUSAL_PROOF_MISSING);
    reg.remember_seconds = WEEK; /* a longer one does not bring it back */
    reg.now = NOW + 100;
    assert_int_equal(decide(), REFUSAL_PROOF_MISSING);
}

/*= test devid-remembered */
static void a_proof_is_remembered_and_serves_for_its_time(void **state)
{
    (void)state;
    proven();
    assert_true(d.renews && d.told);
    assert_int_equal(row.memory.until, NOW + WEEK);
    assert_int_equal(row.memory.serial, 7);
    reg.has_outcome = false;
    assert_int_equal(decide(), REFUSAL_NONE);
    assert_true(d.remembered && !d.write);
    reg.now = NOW + WEEK - 1;
    assert_int_equal(decide(), REFUSAL_NONE);
    reg.now = NOW + WEEK;
    assert_int_equal(decide(), REFUSAL_PROOF_MISSING);
}

static void the_same_again_writes_nothing_until_half_of_the_time_is_over(void **state)
{
    (void)state;
    proven();
    reg.now += WEEK / 2;
    proven();
    assert_false(d.write || d.told);
    reg.now++;
    proven();
    assert_true(d.renews && !d.told);
    assert_int_equal(row.memory.until, reg.now + WEEK);
    assert_int_equal(row.last.at, NOW); /* what came out is what came out before */
    reg.outcome.serial = 8;
    assert_int_equal(decide(), REFUSAL_NONE);
    assert_true(d.renews && d.told); /* another record */
}

/*= test devid-remembered */
static void another_imei_is_not_served_and_forgets_when_it_is(void **state)
{
    (void)state;
    proven();
    reg.has_outcome = false;
    reg.imei = B;
    assert_int_equal(decide(), REFUSAL_PROOF_MISSING);
    assert_false(d.write); /* a refused message changes nothing */
    brings(DEVID_CAUSE_NONE);
    assert_int_equal(decide(), REFUSAL_NONE);
    assert_true(imei_eq(&row.memory.imei, &reg.imei));
    assert_ok(devid_policy_parse(BYTES_LIT("observe"), &reg.policy));
    reg.imei = A;
    brings(DEVID_CAUSE_NO_BINDING);
    assert_int_equal(decide(), REFUSAL_NONE);
    assert_true(d.forgets && !row.remembered);
}

static void without_an_imei_no_memory_counts(void **state)
{
    (void)state;
    proven();
    reg.has_outcome = false;
    reg.has_imei = false;
    assert_int_equal(decide(), REFUSAL_PROOF_MISSING);
    assert_true(row.remembered);
}

static void who_fails_is_refused_told_each_time_and_forgotten(void **state)
{
    (void)state;
    proven();
    brings(DEVID_CAUSE_SIGNATURE);
    assert_int_equal(decide(), REFUSAL_DEVICE_FAILED);
    assert_true(d.forgets && d.told && !row.remembered);
    assert_string_equal(row.last.cause, "signature");
    assert_int_equal(decide(), REFUSAL_DEVICE_FAILED);
    assert_true(d.told && !d.write && !d.forgets);
}

/*= test devid-provisional */
static void who_cannot_be_checked_now_is_as_good_as_what_is_remembered(void **state)
{
    (void)state;
    brings(DEVID_CAUSE_REPOSITORY_SILENT);
    assert_int_equal(decide(), REFUSAL_DEVICE_UNDETERMINED);
    assert_true(d.write);
    proven();
    brings(DEVID_CAUSE_REPOSITORY_SILENT);
    assert_int_equal(decide(), REFUSAL_NONE);
    assert_true(row.remembered && d.told);
    assert_int_equal(row.last.result, DEVID_UNDETERMINED);
    brings(DEVID_CAUSE_NO_BINDING);
    reg.imei = B;
    assert_int_equal(decide(), REFUSAL_DEVICE_UNPROVEN);
    assert_true(row.remembered);
}

static void with_no_time_nothing_is_remembered(void **state)
{
    (void)state;
    reg.remember_seconds = 0;
    proven();
    assert_false(row.remembered);
    assert_true(row.known);
}

#define CASE(test) cmocka_unit_test_setup(test, anew)
int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(whose_policy_is_off_is_neither_asked_nor_remembered),
        CASE(a_proof_is_remembered_and_serves_for_its_time),
        CASE(a_shorter_time_counts_for_what_is_remembered_already),
        CASE(the_same_again_writes_nothing_until_half_of_the_time_is_over),
        CASE(another_imei_is_not_served_and_forgets_when_it_is),
        CASE(without_an_imei_no_memory_counts),
        CASE(who_fails_is_refused_told_each_time_and_forgotten),
        CASE(who_cannot_be_checked_now_is_as_good_as_what_is_remembered),
        CASE(with_no_time_nothing_is_remembered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
