/* Which keys of the MME's configuration count at once when it is read again: each key is decided
 * for, and none is lost. Covers src/nf/mmed/config_reload.c. */
#include "lib/config_keys.h"

#include "nf/mmed/config_raw.h"

static void each_key_that_changes_is_in_one_of_the_lists(void **state)
{
    (void)state;
    each_is_named(&mmed_config_shape, &mmed_config_rules);
}

static void somebody_decided_for_each_key_when_it_counts(void **state)
{
    (void)state;
    struct config_rules rules = mmed_config_rules;
    config_each_key(&mmed_config_shape, has_rule, &rules);
}

static void each_rule_is_for_a_key_that_there_is(void **state)
{
    (void)state;
    each_belongs(&mmed_config_shape, &mmed_config_rules);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_key_that_changes_is_in_one_of_the_lists),
        cmocka_unit_test(somebody_decided_for_each_key_when_it_counts),
        cmocka_unit_test(each_rule_is_for_a_key_that_there_is),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
