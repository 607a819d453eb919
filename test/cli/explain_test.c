/* `bindery explain`: src/cli/explain.c. */
#include "cli/said.h"

#include "cli/cli.h"

static int explain(struct said *s, int argc, char **argv)
{
    said_begin(s);
    int rc = cli_explain(argc, argv);
    said_end(s);
    return rc;
}

static void a_cause_is_explained_with_what_to_do(void **state)
{
    char verb[] = "bindery explain", name[] = "unknown-subscriber", *argv[] = {verb, name, NULL};
    struct said s;
    (void)state;
    assert_int_equal(explain(&s, 2, argv), CLI_DONE);
    said_holds(&s, "unknown-subscriber: refusal\n");
    said_holds(&s, "the IMSI is not in this HSS");
    said_holds(&s, "bindery subscriber add");
    said_holds(&s, "Diameter 5001 (3GPP)");
}

static void an_event_and_a_metric_are_explained_in_json(void **state)
{
    char verb[] = "bindery explain", json[] = "--json", event[] = "suspected-theft",
         metric[] = "bindery_hss_shed_total", *argv[] = {verb, json, event, metric, NULL};
    struct said s;
    (void)state;
    assert_int_equal(explain(&s, 4, argv), CLI_DONE);
    said_holds(&s, "\"name\": \"suspected-theft\"");
    said_holds(&s, "\"kind\": \"event\"");
    said_holds(&s, "\"name\": \"bindery_hss_shed_total\"");
    assert_null(strstr(s.text, "null"));
}

static void a_name_that_several_have_is_explained_for_each(void **state)
{
    char verb[] = "bindery explain", name[] = "store-failed", *argv[] = {verb, name, NULL};
    struct said s;
    (void)state;
    assert_int_equal(explain(&s, 2, argv), CLI_DONE);
    said_holds(&s, "store-failed: refusal\n");
    said_holds(&s, "store-failed: problem of the administration interface\n");
}

static void an_unknown_name_is_refused_with_those_like_it(void **state)
{
    char verb[] = "bindery explain", name[] = "theft", *argv[] = {verb, name, NULL};
    struct said s;
    (void)state;
    assert_int_equal(explain(&s, 2, argv), CLI_REFUSED);
    said_holds(&s, "is called 'theft'");
    said_holds(&s, "There is: suspected-theft");
}

static void an_alert_is_explained_with_what_to_look_at(void **state)
{
    char verb[] = "bindery explain", name[] = "BinderyWriterFalling", *argv[] = {verb, name, NULL};
    struct said s;
    (void)state;
    assert_int_equal(explain(&s, 2, argv), CLI_DONE);
    said_holds(&s, "BinderyWriterFalling: alert\n");
    said_holds(&s, "severity page; look at: `bindery_hss_store_commit_seconds`");
    said_holds(&s, "what to do");
}

static void without_a_name_the_kinds_are_listed(void **state)
{
    char verb[] = "bindery explain", json[] = "--json", *argv[] = {verb, json, NULL};
    struct said s;
    (void)state;
    assert_int_equal(explain(&s, 1, argv), CLI_DONE);
    said_holds(&s, "  alert  ");
    said_holds(&s, "such as BinderyDown\n");
    said_holds(&s, "  line of the log  ");
    assert_int_equal(explain(&s, 2, argv), CLI_DONE);
    said_holds(&s, "\"kind\": \"metric\"");
}

static void of_a_kind_the_names_are_listed(void **state)
{
    char verb[] = "bindery explain", kind[] = "alert", json[] = "--json",
         *argv[] = {verb, kind, json, NULL};
    struct said s;
    (void)state;
    assert_int_equal(explain(&s, 2, argv), CLI_DONE);
    said_holds(&s, "BinderyDown: ");
    said_holds(&s, "BinderyWebhookLost: ");
    assert_int_equal(explain(&s, 3, argv), CLI_DONE);
    said_holds(&s, "\"name\": \"BinderyPeerGone\"");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_cause_is_explained_with_what_to_do),
        cmocka_unit_test(an_event_and_a_metric_are_explained_in_json),
        cmocka_unit_test(a_name_that_several_have_is_explained_for_each),
        cmocka_unit_test(an_unknown_name_is_refused_with_those_like_it),
        cmocka_unit_test(an_alert_is_explained_with_what_to_look_at),
        cmocka_unit_test(without_a_name_the_kinds_are_listed),
        cmocka_unit_test(of_a_kind_the_names_are_listed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
