/* Profiles that subscribers name and the configuration has no more (src/nf/hssd/profiles.c): a
 * reload is refused, a start says so and serves the others. */
#include "nf/admin_world.h"

#define GOLD "  - {name: gold, ambr: {uplink: 2, downlink: 2}, apns: [{name: a}]}\n"
#define LINE "profiles: [{name: default, ambr: {uplink: 1, downlink: 1}, apns: [{name: a}]}]\n"

/* config_text with or without the profile. */
static void configure(bool gold)
{
    char text[sizeof config_text + 200];
    const char *at = strstr(config_text, LINE);
    assert_non_null(at);
    snprintf(text, sizeof text,
             "%.*sprofiles:\n  - {name: default, ambr: {uplink: 1, downlink: 1}, apns: [{name: "
             "a}]}\n%s%s",
             (int)(at - config_text), config_text, gold ? GOLD : "", at + strlen(LINE));
    write_file("hssd.yaml", text);
}

static void subscriber_has(unsigned i, const char *profile)
{
    char path[64], body[200];
    snprintf(path, sizeof path, "/v1/subscribers/00101000000000%u", i);
    snprintf(body, sizeof body, "{" KEYS ",\"profile\":\"%s\"}", profile);
    json_t *json = NULL;
    const int status = ask("PUT", path, body, &json);
    json_decref(json);
    if (status != 200 && status != 201) {
        fail_msg("%s", answer);
    }
}

static size_t events(void)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/v1/events?limit=100&name=profile-missing", "", &json), 200);
    const size_t n = json_array_size(json_object_get(json, "events"));
    json_decref(json);
    return n;
}

/* Is the line of this event there, with this level? */
static bool logged(const char *event, const char *level)
{
    char path[64], line[4096];
    bool is = false;
    snprintf(path, sizeof path, "%s/hssd.log", folder);
    FILE *f = fopen(path, "r");
    assert_non_null(f);
    while (!is && fgets(line, sizeof line, f) != NULL) {
        is = strstr(line, event) != NULL && strstr(line, level) != NULL;
    }
    fclose(f);
    return is;
}

/*= test op-reload */
static void a_reload_without_a_profile_that_subscribers_name_is_refused(void **state)
{
    (void)state;
    configure(true);
    expect(200, "POST", "/v1/reload", "");
    for (unsigned i = 1; i <= 4; i++) {
        subscriber_has(i, "gold");
    }
    subscriber_has(5, "default");
    configure(false);
    expect_problem("configuration-refused", "POST", "/v1/reload", "");
    assert_non_null(strstr(answer, "profiles: profile gold is gone, and 4 subscribers name it"));
    subscriber_has(6, "gold"); /* all is as before */
    expect(204, "DELETE", "/v1/subscribers/001010000000006", "");
    for (unsigned i = 2; i <= 4; i++) {
        subscriber_has(i, "default");
    }
    expect_problem("configuration-refused", "POST", "/v1/reload", "");
    assert_non_null(strstr(answer, "and 1 subscriber names it"));
}

static void a_start_without_one_serves_and_says_so(void **state)
{
    (void)state;
    assert_int_equal(halt(), 0);
    assert_int_equal(launch(), 0);
    assert_non_null(
        strstr(await_event("profile-missing", 0), "profile gold is gone, and 1 subscriber names"));
    assert_true(logged("\"event\":\"profile-missing\"", "\"level\":\"error\""));
    expect(200, "GET", "/v1/subscribers/001010000000005", "");
    expect(200, "POST", "/v1/reload", ""); /* it is not made worse */
}

static void one_that_nobody_names_may_go(void **state)
{
    (void)state;
    const size_t before = events();
    configure(true);
    expect(200, "POST", "/v1/reload", "");
    subscriber_has(1, "default");
    configure(false);
    expect(200, "POST", "/v1/reload", "");
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(halt(), 0);
        assert_int_equal(launch(), 0);
        assert_int_equal(events(), before);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_reload_without_a_profile_that_subscribers_name_is_refused),
        cmocka_unit_test(a_start_without_one_serves_and_says_so),
        cmocka_unit_test(one_that_nobody_names_may_go),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, start, stop);
}
