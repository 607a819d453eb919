#include "cli/proof_view.h"

#include "cli/said.h"

static void shows(const char *json, const char *text)
{
    struct said s;
    json_t *o = json_loads(json, 0, NULL);
    assert_non_null(o);
    said_begin(&s);
    proof_view(o);
    said_end(&s);
    json_decref(o);
    assert_string_equal(s.text, text);
}

static void nobody_asks_and_nothing_is_known(void **state)
{
    (void)state;
    shows("{\"proof\":\"off\"}", "proof of IMEI      off: nobody asks the device\n");
    shows("{}", "proof of IMEI      off\n"
                "  remembered       no\n"
                "  last outcome     none yet\n");
}

static void a_proof_that_is_remembered_says_until_when_and_by_what(void **state)
{
    (void)state;
    shows("{\"proof\":\"require\","
          "\"proof_remembered\":{\"imei\":\"35693803564380\",\"until\":1700604800,\"form\":"
          "\"certificate\",\"serial\":12,\"at\":1700000000},"
          "\"proof_last\":{\"imei\":\"35693803564380\",\"result\":\"proven\",\"cause\":\"none\","
          "\"form\":\"certificate\",\"serial\":12,\"at\":1700000000}}",
          "proof of IMEI      require: only who is proven is admitted\n"
          "  remembered       proven with 35693803564380 (certificate, record 12) on 2023-11-14 "
          "22:13:20Z, until 2023-11-21 22:13:20Z\n"
          "  last outcome     proven with 35693803564380 (certificate, record 12) on 2023-11-14 "
          "22:13:20Z\n");
}

static void a_failure_says_its_cause_in_a_sentence(void **state)
{
    (void)state;
    shows("{\"proof\":\"want\",\"proof_last\":{\"imei\":\"35693803564380\",\"result\":\"failed\","
          "\"cause\":\"binding-revoked\",\"form\":null,\"serial\":null,\"at\":1700000000}}",
          "proof of IMEI      want: who fails is refused\n"
          "  remembered       no\n"
          "  last outcome     failed with 35693803564380 on 2023-11-14 22:13:20Z\n"
          "    cause          binding-revoked: the binding was revoked\n");
}

static void a_cause_or_time_that_is_not_known_is_shown_as_it_is(void **state)
{
    (void)state;
    shows("{\"proof\":\"unproven=refuse,failed=admit,undetermined=admit\",\"proof_last\":"
          "{\"imei\":\"\\u001b[31m\",\"result\":\"failed\",\"cause\":\"new-one\",\"at\":\"x\"}}",
          "proof of IMEI      unproven=refuse,failed=admit,undetermined=admit\n"
          "  remembered       no\n"
          "  last outcome     failed with \\x1b[31m on -\n"
          "    cause          new-one\n");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nobody_asks_and_nothing_is_known),
        cmocka_unit_test(a_proof_that_is_remembered_says_until_when_and_by_what),
        cmocka_unit_test(a_failure_says_its_cause_in_a_sentence),
        cmocka_unit_test(a_cause_or_time_that_is_not_known_is_shown_as_it_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
