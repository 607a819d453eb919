/* nf/repod/cause.h */
#include "lib/check.h"
#include "nf/repod/cause.h"

#include <ctype.h>
#include <string.h>

static void every_cause_has_a_name_of_its_own_a_status_and_a_sentence(void **state)
{
    (void)state;
    for (unsigned i = 1; i < CAUSES; i++) {
        const char *name = cause_name((enum cause)i);
        assert_true(cause_status((enum cause)i) >= 400 && cause_status((enum cause)i) < 600);
        assert_true(isupper((unsigned char)cause_sentence((enum cause)i)[0]));
        assert_int_equal(strspn(name, "abcdefghijklmnopqrstuvwxyz-"), strlen(name));
        for (unsigned k = 1; k < i; k++) {
            assert_string_not_equal(name, cause_name((enum cause)k));
        }
    }
}

static void a_certificate_that_is_not_good_never_has_the_cause_none(void **state)
{
    (void)state;
    for (unsigned v = VERIFY_GOOD + 1; v <= VERIFY_FAILED; v++) {
        enum cause client = cause_of_client((enum verify_verdict)v);
        enum cause chain = cause_of_chain((enum verify_verdict)v);
        assert_int_equal(cause_status(client), 403);
        assert_int_equal(cause_status(chain), 422);
    }
    assert_int_equal(cause_of_client(VERIFY_EXPIRED), CAUSE_CERTIFICATE_EXPIRED);
    assert_int_equal(cause_of_client(VERIFY_REVOKED), CAUSE_CERTIFICATE_REVOKED);
    assert_int_equal(cause_of_chain(VERIFY_PURPOSE), CAUSE_CHAIN_USAGE);
}

static void a_number_that_is_no_cause_is_a_failure(void **state)
{
    (void)state;
    assert_int_equal(cause_status((enum cause)9999), 500);
    assert_int_equal(cause_of_err(E_MEMORY), CAUSE_NO_MEMORY);
    assert_int_equal(cause_of_err(E_IO), CAUSE_STORE_FAILED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_cause_has_a_name_of_its_own_a_status_and_a_sentence),
        cmocka_unit_test(a_certificate_that_is_not_good_never_has_the_cause_none),
        cmocka_unit_test(a_number_that_is_no_cause_is_a_failure)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
