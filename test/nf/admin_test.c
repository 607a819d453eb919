/* The administration interface over its socket: a HSS in a process of its own, HTTP as octets.
 * Covers src/nf/hssd/admin.c, src/nf/hssd/admin_routes.c, src/nf/hssd/admin_write.c,
 * src/nf/hssd/admin_change.c, src/nf/hssd/admin_view.c, src/nf/hssd/control.c and
 * src/nf/common/notify.c, src/nf/common/admin_server.c and src/nf/common/admin_call.c. */
#include "nf/admin_world.h"

/* ---- tests: one HSS for all, in this order ---- */

static void only_its_owner_may_open_the_socket(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(stat(socket_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void a_subscriber_is_made_read_changed(void **state)
{
    (void)state;
    json_t *json = NULL;
    expect(404, "GET", ONE, "");
    expect(201, "PUT", ONE, "{" KEYS ",\"msisdn\":\"491700000001\"}");
    expect(200, "PUT", ONE, "{" KEYS ",\"msisdn\":\"491700000001\"}");
    assert_int_equal(ask("GET", ONE, "", &json), 200);
    assert_null(strstr(answer, "465b5c"));
    assert_non_null(strstr(answer, "ETag: \"1-"));
    assert_string_equal(json_string_value(json_object_get(json, "msisdn")), "491700000001");
    json_decref(json);
    expect(200, "PATCH", ONE, "{\"suspended\":true}");
    assert_int_equal(ask("GET", ONE, "", &json), 200);
    assert_true(json_is_true(json_object_get(json, "suspended")));
    assert_string_equal(json_string_value(json_object_get(json, "msisdn")), "491700000001");
    json_decref(json);
}

static void conditions_hold(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(ask_with("PUT", ONE, "If-None-Match: *\r\n", "{" KEYS "}", &json), 412);
    json_decref(json);
    assert_int_equal(ask_with("PATCH", ONE, "If-Match: \"1\"\r\n", "{}", &json), 412);
    json_decref(json);
    assert_int_equal(ask_with("PATCH", ONE, "If-Match: \"2\"\r\n", "{}", &json), 200);
    json_decref(json);
    assert_int_equal(ask_with("PATCH", ONE, "If-Match: 2\r\n", "{}", &json), 400);
    json_decref(json);
}

#define DEVICE(n) ONE "/devices/3569380356438" #n
static void devices_follow_the_rules_of_binding(void **state)
{
    (void)state;
    expect_problem("kme-missing", "PATCH", ONE, "{\"policy\":\"bound\"}");
    expect_problem("no-such-device", "PATCH", DEVICE(0),
                   "{\"kme\":\"00112233445566778899aabbccddeeff\"}");
    expect(201, "PUT", DEVICE(0), "{\"kme\":\"00112233445566778899aabbccddeeff\"}");
    expect(200, "PATCH", ONE, "{\"policy\":\"bound\"}");
    expect_problem("kme-differs", "PUT", DEVICE(1),
                   "{\"kme\":\"10112233445566778899aabbccddeeff\"}");
    expect(201, "PUT", DEVICE(1), "{\"kme\":\"00112233445566778899aabbccddeeff\"}");
    expect(204, "DELETE", DEVICE(1), "");
    expect_problem("no-such-device", "DELETE", DEVICE(1), "");
    expect_problem("kme-missing", "DELETE", DEVICE(0), "");
    expect(200, "GET", "/v1/devices/356938035643809", "");
    expect_problem("no-such-subscriber", "PUT",
                   "/v1/subscribers/001010000000099/devices/35693803564380", "{}");
}

static void what_does_not_fit_is_refused_by_name(void **state)
{
    (void)state;
    expect_problem("no-such-path", "GET", "/v1/", "");
    expect_problem("no-such-path", "GET", "/v1/subscribers/1/2/3", "");
    expect_problem("no-such-path", "GET", "/v1/subscribers/", "");
    expect_problem("method-not-allowed", "DELETE", "/v1/status", "");
    expect_problem("bad-parameter", "GET", "/v1/subscribers/abc", "");
    expect_problem("bad-parameter", "GET", "/v1/devices/356938035643808", "");
    expect_problem("bad-parameter", "GET", "/v1/subscribers?limit=1001", "");
    expect_problem("bad-parameter", "GET", "/v1/subscribers?limit=", "");
    expect_problem("bad-parameter", "GET", "/v1/devices?after=1", "");
    expect_problem("bad-parameter", "GET", "/v1/events?offset=1", "");
    expect_problem("bad-parameter", "POST", "/v1/import?dry_run=yes", "{}");
    expect_problem("not-json", "PUT", ONE, "{");
    expect_problem("not-json", "POST", "/v1/import", "\n\n");
    expect_problem("unknown-member", "PATCH", ONE, "{\"colour\":1}");
    expect_problem("unknown-profile", "PATCH", ONE, "{\"profile\":\"gold\"}");
    expect_problem("no-such-subscriber", "PATCH", "/v1/subscribers/001010000000099", "{" KEYS "}");
}

static json_t *import(const char *path, const char *body)
{
    json_t *json = NULL;
    assert_int_equal(ask("POST", path, body, &json), 200);
    return json;
}

static const char *did(const json_t *json, size_t row)
{
    const json_t *r = json_array_get(json_object_get(json, "results"), row);
    assert_int_equal(json_integer_value(json_object_get(r, "row")), row + 1);
    const char *text = json_string_value(json_object_get(r, "did"));
    return text != NULL ? text : "refused";
}

static void what_is_wanted_of_a_device_s_identity_is_set_and_shown(void **state)
{
    (void)state;
    json_t *json = NULL;
    static const char *const wrong[] = {"1", "null", "\"maybe\"", "\"unproven=admit\""};
    char body[128];
    assert_int_equal(ask("GET", ONE, "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "proof")), "off");
    assert_null(json_object_get(json, "proof_last"));
    assert_null(json_object_get(json, "proof_remembered"));
    json_decref(json);
    expect(200, "PATCH", ONE, "{\"proof\":\"require\"}");
    expect(200, "PATCH", ONE, "{\"suspended\":false}"); /* what is not given stays */
    assert_int_equal(ask("GET", ONE, "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "proof")), "require");
    json_decref(json);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        snprintf(body, sizeof body, "{\"proof\":%s}", wrong[i]);
        expect_problem("bad-member", "PATCH", ONE, body);
    }
    json = import("/v1/import", "{\"imsi\":\"001010000000001\",\"proof\":"
                                "\"unproven=admit,failed=refuse,undetermined=refuse\"}");
    assert_string_equal(did(json, 0), "changed");
    json_decref(json);
    expect(200, "POST", ONE "/proof/forget", "");
    expect_problem("no-such-subscriber", "POST", "/v1/subscribers/001010000000077/proof/forget",
                   "");
    expect(200, "PATCH", ONE, "{\"proof\":\"off\",\"suspended\":true}");
}

static void without_repositories_there_are_none_to_show(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/v1/repositories", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "repositories")), 0);
    assert_int_equal(json_integer_value(json_object_get(json, "cached")), 0);
    json_decref(json);
    assert_int_equal(ask("POST", "/v1/repositories/flush", "", &json), 200);
    assert_int_equal(json_integer_value(json_object_get(json, "dropped")), 0);
    json_decref(json);
    assert_int_equal(ask("GET", "/v1/status", "", &json), 200);
    assert_non_null(json_object_get(json, "devid"));
    json_decref(json);
}

static void an_import_takes_good_rows_and_names_bad_ones(void **state)
{
    (void)state;
    static const char rows[] =
        "{\"imsi\":\"001010000000002\"," KEYS "}\r\n"
        "nonsense\n\n"
        "{\"imsi\":\"001010000000003\"," KEYS ",\"msisdn\":\"491700000001\"}\n"
        "{\"imsi\":\"001010000000001\",\"suspended\":false}";
    static const char *const first[] = {"added", "refused", "refused", "changed"};
    static const char *const again[] = {"unchanged", "refused", "refused", "unchanged"};
    json_t *dry = import("/v1/import?dry_run=1", rows);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(did(dry, i), first[i]);
    }
    json_decref(dry);
    expect(404, "GET", "/v1/subscribers/001010000000002", "");
    json_t *one = import("/v1/import", rows);
    json_t *two = import("/v1/import", rows);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(did(one, i), first[i]);
        assert_string_equal(did(two, i), again[i]);
    }
    json_decref(one);
    json_decref(two);
    expect(404, "GET", "/v1/subscribers/001010000000003", "");
}

static void words_are(const json_t *results, size_t row, const char *key, const char *words)
{
    const json_t *result = json_array_get(json_object_get(results, "results"), row);
    char *text = json_dumps(json_object_get(result, key), JSON_COMPACT);
    if (words == NULL) {
        assert_null(text);
    } else {
        assert_non_null(text);
        assert_string_equal(text, words);
    }
    free(text);
}

/* The file of imsi, k and opc, again, after another one bound and suspended the subscriber. */
static void an_import_again_takes_nothing_from_a_subscriber(void **state)
{
    (void)state;
    static const char stock[] = "{\"imsi\":\"001010000000042\"," KEYS "}\n";
    static const char open[] = "{\"imsi\":\"001010000000042\"," KEYS ",\"policy\":\"open\","
                               "\"suspended\":false,\"msisdn\":\"491700000042\"}\n";
    json_t *json = import("/v1/import", stock);
    assert_string_equal(did(json, 0), "added");
    words_are(json, 0, "changed", NULL);
    json_decref(json);
    expect(200, "PATCH", "/v1/subscribers/001010000000042",
           "{\"policy\":\"bound\",\"suspended\":true,\"devices\":[{\"imei\":\"35693803564380\","
           "\"kme\":\"00112233445566778899aabbccddeeff\"}]}");
    json = import("/v1/import", stock);
    assert_string_equal(did(json, 0), "unchanged");
    json_decref(json);
    assert_int_equal(ask("GET", "/v1/subscribers/001010000000042", "", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "policy")), "bound");
    assert_true(json_is_true(json_object_get(json, "suspended")));
    json_decref(json);
    json = import("/v1/import?dry_run=1", open);
    words_are(json, 0, "lost", "[\"binding\",\"suspension\"]");
    json_decref(json);
    json = import("/v1/import", open); /* who says so gets it, and is told */
    assert_string_equal(did(json, 0), "changed");
    words_are(json, 0, "changed", "[\"policy\",\"msisdn\",\"suspended\"]");
    words_are(json, 0, "lost", "[\"binding\",\"suspension\"]");
    json_decref(json);
    json = import("/v1/import", open);
    assert_string_equal(did(json, 0), "unchanged");
    words_are(json, 0, "lost", NULL);
    json_decref(json);
    expect(204, "DELETE", "/v1/subscribers/001010000000042", "");
}

static void a_thousand_rows_are_paged_through(void **state)
{
    (void)state;
    char *rows = calloc(1001, 160), *at = rows;
    char path[80] = "/v1/subscribers?limit=300";
    size_t seen = 0;
    for (unsigned i = 0; i < 1001; i++) {
        at += sprintf(at, "{\"imsi\":\"00101%010u\"," KEYS "}\n", 1000 + i);
    }
    expect_problem("too-large", "POST", "/v1/import", rows);
    *strrchr(rows, '{') = '\0';
    json_t *json = import("/v1/import", rows);
    assert_string_equal(did(json, 999), "added");
    json_decref(json);
    free(rows);
    for (unsigned pages = 0; pages < 10; pages++) {
        assert_int_equal(ask("GET", path, "", &json), 200);
        seen += json_array_size(json_object_get(json, "subscribers"));
        const char *next = json_string_value(json_object_get(json, "next"));
        if (next != NULL) {
            snprintf(path, sizeof path, "/v1/subscribers?limit=300&after=%.15s", next);
        }
        json_decref(json);
        if (next == NULL) {
            break;
        }
    }
    assert_int_equal(seen, 1002);
}

/* A client that hangs up while its change is on the way disturbs nobody. */
/* ---- the lists of the EIR (src/nf/hssd/admin_eir.c, src/nf/hssd/admin_eir_write.c) ---- */

#define RULES "/v1/eir/rules/"

/* Asks until the HSS answers by what it has stored. */
static void lists_in_force(void)
{
    json_int_t stored = 1, in_force = 0;
    while (in_force != stored) {
        json_t *json = NULL;
        assert_int_equal(ask("GET", "/v1/eir", "", &json), 200);
        stored = json_integer_value(json_object_get(json, "version"));
        in_force =
            json_integer_value(json_object_get(json_object_get(json, "in_force"), "version"));
        json_decref(json);
    }
}

static void checked(const char *path, const char *status, const char *by, const char *rule)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", path, "", &json), 200);
    const json_t *deciding = json_object_get(json, "rule");
    assert_string_equal(json_string_value(json_object_get(json, "status")), status);
    assert_string_equal(json_string_value(json_object_get(json, "by")), by);
    assert_true(json_is_null(deciding) == (rule == NULL));
    if (rule != NULL) {
        assert_string_equal(json_string_value(json_object_get(deciding, "rule")), rule);
    }
    json_decref(json);
}

static void a_rule_is_put_checked_and_removed(void **state)
{
    (void)state;
    checked("/v1/eir/check/35693803564380", "unknown", "unknown", NULL);
    expect(201, "PUT", RULES "35693803/black", "{\"note\":\"stolen\"}");
    expect(200, "PUT", RULES "35693803/black", "{\"note\":\"stolen\"}");
    expect(200, "PUT", RULES "35693803000000-35693803999999/black",
           ""); /* the same in other words */
    expect(201, "PUT", RULES "356938035643809/white", "");
    lists_in_force();
    checked("/v1/eir/check/35693803564380", "whitelisted", "rule", "35693803564380");
    checked("/v1/eir/check/35693803564381", "blacklisted", "rule", "35693803");
    /* ONE is bound to 35693803564380 by now. */
    checked("/v1/eir/check/35693803564380?imsi=001010000000001", "whitelisted", "rule",
            "35693803564380");
    expect(201, "PUT", RULES "35693803564390/white", "");
    lists_in_force();
    checked("/v1/eir/check/35693803564390?imsi=001010000000001", "greylisted", "pairing",
            "35693803564390");
    expect(204, "DELETE", RULES "35693803/black", "");
    expect_problem("no-such-rule", "DELETE", RULES "35693803/black", "");
    expect_problem("no-such-rule", "DELETE", RULES "35693803564380/grey", "");
    lists_in_force();
    checked("/v1/eir/check/35693803564381", "unknown", "unknown", NULL);
}

static void what_is_no_rule_is_refused_by_name(void **state)
{
    (void)state;
    expect_problem("bad-parameter", "PUT", RULES "3569380/black", "");
    expect_problem("bad-parameter", "PUT", RULES "356938035643801/black", "");
    expect_problem("bad-parameter", "PUT", RULES "35693803/red", "");
    expect_problem("bad-parameter", "GET", "/v1/eir/rules?after=35693803", "");
    expect_problem("bad-parameter", "GET", "/v1/eir/rules?limit=0", "");
    expect_problem("bad-parameter", "GET", "/v1/eir/check/35693803564380?imsi=x", "");
    expect_problem("bad-parameter", "POST", "/v1/eir/import?dry_run=2", "{}");
    expect_problem("method-not-allowed", "PATCH", RULES "35693803/black", "{}");
    expect_problem("unknown-member", "PUT", RULES "35693803/black", "{\"list\":\"black\"}");
    expect_problem("bad-member", "PUT", RULES "35693803/black", "{\"note\":\"a\\u0007b\"}");
    expect_problem("bad-member", "PUT", RULES "35693803/black", "{\"note\":7}");
    expect_problem(
        "bad-member", "PUT", RULES "35693803/black",
        "{\"note\":\"0123456789012345678901234567890123456789012345678901234567890123\"}");
    expect_problem("bad-member", "PUT", RULES "35693803/black", "[]");
    expect_problem("not-json", "PUT", RULES "35693803/black", "{");
    expect_problem("not-json", "POST", "/v1/eir/import", "\n");
}

static void rules_are_imported_row_by_row_and_paged_through(void **state)
{
    (void)state;
    static const char rows[] =
        "{\"rule\":\"11111111\",\"list\":\"grey\"}\n"
        "{\"rule\":\"11111111\",\"list\":\"pink\"}\n"
        "nonsense\n\n"
        "{\"rule\":\"11111111000000-11111111000005\",\"list\":\"black\",\"note\":\"x\"}\n"
        "{\"list\":\"black\"}";
    static const char *const first[] = {"added", "refused", "refused", "added", "refused"};
    static const char *const again[] = {"unchanged", "refused", "refused", "unchanged", "refused"};
    static const char *const pages[] = {"/v1/eir/rules?limit=1&after=00000000000000-white",
                                        "/v1/eir/rules?limit=1&after="
                                        "11111111000000-11111111000005-black"};
    static const char *const rules[] = {"11111111000000-11111111000005", "11111111"};
    json_t *dry = import("/v1/eir/import?dry_run=1", rows);
    json_t *one = import("/v1/eir/import", rows);
    json_t *two = import("/v1/eir/import", rows);
    for (size_t i = 0; i < 5; i++) {
        assert_string_equal(did(dry, i), first[i]);
        assert_string_equal(did(one, i), first[i]);
        assert_string_equal(did(two, i), again[i]);
    }
    json_decref(dry);
    json_decref(one);
    json_decref(two);
    for (size_t i = 0; i < 2; i++) {
        json_t *json = NULL;
        assert_int_equal(ask("GET", pages[i], "", &json), 200);
        const json_t *list = json_object_get(json, "rules");
        assert_int_equal(json_array_size(list), 1);
        assert_string_equal(json_string_value(json_object_get(json_array_get(list, 0), "rule")),
                            rules[i]);
        assert_non_null(json_string_value(json_object_get(json, "next")));
        json_decref(json);
    }
}

/* limits.eir_rules is 1000 here. */
static void a_row_without_a_note_leaves_a_rule_its_own(void **state)
{
    (void)state;
    static const char bare[] = "{\"rule\":\"22222222\",\"list\":\"grey\"}";
    static const char empty[] = "{\"rule\":\"22222222\",\"list\":\"grey\",\"note\":\"\"}";
    json_t *added = import("/v1/eir/import", bare);
    assert_string_equal(did(added, 0), "added");
    expect(200, "PUT", RULES "22222222/grey", "{\"note\":\"watched\"}");
    json_t *again = import("/v1/eir/import", bare);
    assert_string_equal(did(again, 0), "unchanged");
    json_t *cleared = import("/v1/eir/import", empty);
    assert_string_equal(did(cleared, 0), "changed");
    expect(204, "DELETE", RULES "22222222/grey", "");
    json_decref(added);
    json_decref(again);
    json_decref(cleared);
}

static void no_more_rules_than_the_configuration_allows(void **state)
{
    (void)state;
    char *rows = calloc(1000, 64), *at = rows;
    for (unsigned i = 0; i < 1000; i++) {
        at += sprintf(at, "{\"rule\":\"9999%010u\",\"list\":\"white\"}\n", i);
    }
    json_t *json = import("/v1/eir/import", rows);
    free(rows);
    assert_string_equal(did(json, 0), "added");
    assert_string_equal(did(json, 999), "refused"); /* some were there before */
    json_decref(json);
    expect_problem("too-many-rules", "PUT", RULES "88888888/white", "");
    expect(204, "DELETE", RULES "99990000000000/white", "");
    expect(201, "PUT", RULES "88888888/white", "");
}

static void a_client_that_hangs_up_is_no_trouble(void **state)
{
    (void)state;
    static const char request[] =
        "PATCH " ONE " HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\n{}";
    for (unsigned i = 0; i < 50; i++) {
        int fd = dial();
        say(fd, request, sizeof request - 1);
        close(fd);
    }
    expect(200, "GET", "/v1/status", "");
}

static void a_body_too_large_is_refused(void **state)
{
    (void)state;
    size_t n = (1u << 20) + 1;
    char *body = malloc(n + 1);
    memset(body, ' ', n);
    body[n] = '\0';
    expect_problem("too-large", "POST", "/v1/import", body);
    free(body);
}

static void events_name_what_was_done(void **state)
{
    (void)state;
    expect(204, "DELETE", ONE, "");
    expect(404, "DELETE", ONE, "");
    (void)await_event("subscriber-removed", 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_owner_may_open_the_socket),
        cmocka_unit_test(a_subscriber_is_made_read_changed),
        cmocka_unit_test(conditions_hold),
        cmocka_unit_test(devices_follow_the_rules_of_binding),
        cmocka_unit_test(what_does_not_fit_is_refused_by_name),
        cmocka_unit_test(what_is_wanted_of_a_device_s_identity_is_set_and_shown),
        cmocka_unit_test(without_repositories_there_are_none_to_show),
        cmocka_unit_test(an_import_takes_good_rows_and_names_bad_ones),
        cmocka_unit_test(an_import_again_takes_nothing_from_a_subscriber),
        cmocka_unit_test(a_thousand_rows_are_paged_through),
        cmocka_unit_test(a_rule_is_put_checked_and_removed),
        cmocka_unit_test(what_is_no_rule_is_refused_by_name),
        cmocka_unit_test(rules_are_imported_row_by_row_and_paged_through),
        cmocka_unit_test(a_row_without_a_note_leaves_a_rule_its_own),
        cmocka_unit_test(no_more_rules_than_the_configuration_allows),
        cmocka_unit_test(a_client_that_hangs_up_is_no_trouble),
        cmocka_unit_test(a_body_too_large_is_refused),
        cmocka_unit_test(events_name_what_was_done),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
