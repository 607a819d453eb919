/* What an operator asks for in procedure kme, and what becomes of it when the subscription changes:
 * over the socket (src/nf/hssd/admin_change.c, src/nf/hssd/admin_plan.c). */
#include "nf/admin_world.h"

#include "proc/kme.h"
#include "store/store.h"

#define KME          ONE "/kme"
#define IMEI         "35693803564380"
#define OTHER        "35693803564381"
#define DEVICE(imei) ONE "/devices/" imei
#define KEY_A        "{\"kme\":\"00112233445566778899aabbccddeeff\"}"
#define KEY_B        "{\"kme\":\"10112233445566778899aabbccddeeff\"}"

/* ---- the view ---- */

static const json_t *null_or(const json_t *o, const char *name, const char *wanted)
{
    const json_t *v = json_object_get(o, name);
    assert_non_null(v);
    if (wanted == NULL) {
        assert_true(json_is_null(v));
    } else {
        assert_string_equal(json_string_value(v), wanted);
    }
    return v;
}

static void shows(const char *request, const char *imei, const char *phase, const char *due)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", ONE, "", &json), 200);
    const json_t *kme = json_object_get(json, "kme");
    assert_int_equal(json_object_size(kme), 5);
    (void)null_or(kme, "request", request);
    (void)null_or(kme, "request_imei", imei);
    (void)null_or(kme, "phase", phase);
    (void)null_or(kme, "due", due);
    assert_int_equal(json_integer_value(json_object_get(kme, "expires")),
                     due != NULL ? 1800000000 : 0);
    assert_true(json_is_null(json_object_get(kme, "expires")) == (due == NULL));
    json_decref(json);
}

static size_t events_of(const char *name)
{
    char path[80];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/v1/events?limit=1000&name=%s", name);
    assert_int_equal(ask("GET", path, "", &json), 200);
    size_t n = json_array_size(json_object_get(json, "events"));
    json_decref(json);
    return n;
}

/* ---- one HSS for all, in this order ---- */

static void a_subscriber_may_learn_before_there_is_any_device(void **state)
{
    (void)state;
    expect(404, "POST", KME, "{\"request\":\"rebind\"}");
    expect(201, "PUT", ONE, "{" KEYS ",\"policy\":\"learn\"}");
    shows("none", NULL, "idle", NULL);
    expect_problem("kme-missing", "PATCH", ONE, "{\"policy\":\"bound\"}");
    expect(201, "PUT", DEVICE(IMEI), "{}");
    expect_problem("kme-missing", "PATCH", ONE, "{\"policy\":\"bound\"}");
    expect(204, "DELETE", DEVICE(IMEI), "");
}

static void what_makes_no_sense_is_refused_by_name(void **state)
{
    (void)state;
    expect_problem("no-kme", "POST", KME, "{\"request\":\"renew\"}");
    expect(200, "PATCH", ONE, "{\"policy\":\"open\"}");
    expect_problem("policy-open", "POST", KME, "{\"request\":\"rebind\"}");
    expect_problem("policy-open", "POST", KME, "{\"request\":\"renew\"}");
    expect(200, "POST", KME, "{\"request\":\"none\"}");
    expect(200, "PATCH", ONE, "{\"policy\":\"learn\"}");
    expect_problem("no-such-subscriber", "POST", "/v1/subscribers/001010000000099/kme",
                   "{\"request\":\"none\"}");
    expect_problem("bad-parameter", "POST", "/v1/subscribers/abc/kme", "{\"request\":\"none\"}");
    expect_problem("bad-parameter", "POST", KME "?imei=1", "{\"request\":\"none\"}");
    expect_problem("method-not-allowed", "GET", KME, "");
    expect_problem("not-json", "POST", KME, "");
    expect_problem("bad-member", "POST", KME, "[]");
    expect_problem("missing-member", "POST", KME, "{}");
    expect_problem("missing-member", "POST", KME, "{\"imei\":\"" IMEI "\"}");
    expect_problem("unknown-member", "POST", KME, "{\"request\":\"none\",\"kme\":\"00\"}");
    expect_problem("bad-member", "POST", KME, "{\"request\":\"again\"}");
    expect_problem("bad-member", "POST", KME, "{\"request\":1}");
    expect_problem("bad-member", "POST", KME, "{\"request\":\"rebind\",\"imei\":\"1\"}");
    expect_problem("bad-member", "POST", KME,
                   "{\"request\":\"rebind\",\"imei\":\"356938035643808\"}");
    expect_problem("bad-member", "POST", KME, "{\"request\":\"renew\",\"imei\":\"" IMEI "\"}");
    expect_problem("bad-member", "POST", KME, "{\"request\":\"none\",\"imei\":\"" IMEI "\"}");
    shows("none", NULL, "idle", NULL);
}

/*= test kme-rebind kme-events */
static void a_request_is_shown_changed_and_withdrawn(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(
        ask("POST", KME, "{\"request\":\"rebind\",\"imei\":\"356938035643809\"}", &json), 200);
    assert_string_equal(json_string_value(json_object_get(json, "imsi")), "001010000000001");
    assert_non_null(json_object_get(json, "kme"));
    json_decref(json);
    shows("rebind", IMEI, "idle", NULL);
    expect(200, "POST", KME, "{\"request\":\"rebind\",\"imei\":\"" IMEI "\"}"); /* the same */
    expect(200, "POST", KME, "{\"request\":\"rebind\",\"imei\":\"" OTHER "\"}");
    shows("rebind", OTHER, "idle", NULL);
    expect(200, "POST", KME, "{\"request\":\"rebind\"}");
    shows("rebind", NULL, "idle", NULL);
    (void)await_event("rebind-approved", 2);
    assert_int_equal(events_of("kme-request-withdrawn"), 0);
    expect(200, "POST", KME, "{\"request\":\"none\"}");
    expect(200, "POST", KME, "{\"request\":\"none\"}");
    shows("none", NULL, "idle", NULL);
    (void)await_event("kme-request-withdrawn", 0);
    expect(201, "PUT", DEVICE(IMEI), KEY_A);
    expect(200, "POST", KME, "{\"request\":\"renew\"}");
    expect(200, "POST", KME, "{\"request\":\"renew\"}");
    shows("renew", NULL, "idle", NULL);
    (void)await_event("renewal-asked", 0);
    expect(200, "POST", KME, "{\"request\":\"none\"}");
    (void)await_event("kme-request-withdrawn", 1);
    assert_int_equal(events_of("rebind-approved"), 3);
    assert_int_equal(events_of("renewal-asked"), 1);
    assert_int_equal(events_of("kme-request-withdrawn"), 2);
}

static void a_condition_holds_for_a_request_too(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(
        ask_with("POST", KME, "If-Match: \"99\"\r\n", "{\"request\":\"rebind\"}", &json), 412);
    json_decref(json);
    shows("none", NULL, "idle", NULL);
    assert_int_equal(ask("GET", ONE, "", &json), 200);
    json_int_t version = json_integer_value(json_object_get(json, "version"));
    json_decref(json);
    char match[64];
    snprintf(match, sizeof match, "If-Match: \"%lld\"\r\n", (long long)version);
    assert_int_equal(ask_with("POST", KME, match, "{\"request\":\"rebind\"}", &json), 200);
    assert_int_equal(json_integer_value(json_object_get(json, "version")), version);
    json_decref(json);
    expect(200, "POST", KME, "{\"request\":\"none\"}");
}

#define IMPORT(members) "{\"imsi\":\"001010000000001\"," members "}"
static const struct change {
    const char *method, *path, *body;
    bool resets;
} changes[] = {
    /* one of nothing, or of what has nothing to do with it */
    {"PATCH", ONE, "{\"suspended\":true}", false},
    {"PATCH", ONE, "{\"suspended\":false,\"msisdn\":\"491700000001\"}", false},
    {"PATCH", ONE, "{\"policy\":\"learn\"}", false},
    {"PATCH", ONE, "{" KEYS "}", false},
    {"PATCH", ONE, "{\"proof\":\"observe\"}", false},
    {"PATCH", ONE, "{\"devices\":[{\"imei\":\"" IMEI "\"}]}", false},
    {"PUT", DEVICE(IMEI), "{}", false},
    {"PUT", DEVICE(IMEI), KEY_A, false},
    {"PATCH", DEVICE(IMEI), KEY_A, false},
    {"POST", "/v1/import", IMPORT("\"policy\":\"learn\""), false},
    {"POST", "/v1/import?dry_run=1", IMPORT("\"policy\":\"open\""), false},
    {"POST", ONE "/proof/forget", "", false},
    {"PATCH", ONE, "{\"policy\":\"bound\",\"profile\":\"none\"}", false}, /* refused */
    {"PUT", ONE,
     "{" KEYS ",\"policy\":\"learn\",\"devices\":[{\"imei\":\"" IMEI "\"}],\"suspended\":true}",
     false},
    /* the list, the keys, the policy */
    {"PUT", DEVICE(OTHER), "{}", true},
    {"DELETE", DEVICE(OTHER), "", true},
    {"PATCH", DEVICE(IMEI), KEY_B, true},
    {"PUT", DEVICE(IMEI), KEY_A, true},
    {"PATCH", ONE, "{\"policy\":\"bound\"}", true},
    {"PATCH", ONE, "{\"policy\":\"learn\"}", true},
    {"PATCH", ONE,
     "{\"k\":\"565b5ce8b199b49faa5f0a2ee238a6bc\",\"op\":\"cdc202d5123e20f62b6d676ac72cb318\"}",
     true},
    {"POST", "/v1/import", IMPORT("\"devices\":[{\"imei\":\"" OTHER "\"}]"), true},
    {"PUT", ONE,
     "{\"k\":\"565b5ce8b199b49faa5f0a2ee238a6bc\",\"op\":\"cdc202d5123e20f62b6d676ac72cb318\","
     "\"policy\":\"learn\",\"devices\":[{\"imei\":\"" IMEI "\"}]}",
     true},
    {"PUT", ONE, "{" KEYS ",\"policy\":\"learn\",\"devices\":[{\"imei\":\"" IMEI "\"}]}", true},
};

static void make(const struct change *c)
{
    json_t *json = NULL;
    (void)ask(c->method, c->path, c->body, &json);
    json_decref(json);
}

static void a_change_of_devices_keys_or_policy_ends_what_was_asked_for(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        expect(200, "POST", KME, "{\"request\":\"rebind\",\"imei\":\"" OTHER "\"}");
        size_t before = events_of("kme-request-withdrawn");
        make(&changes[i]);
        json_t *json = NULL;
        assert_int_equal(ask("GET", ONE, "", &json), 200);
        const char *request =
            json_string_value(json_object_get(json_object_get(json, "kme"), "request"));
        bool reset = strcmp(request, "none") == 0;
        json_decref(json);
        if (reset != changes[i].resets) {
            fail_msg("%s %s %s: %s", changes[i].method, changes[i].path, changes[i].body, answer);
        }
        if (reset) {
            assert_string_equal(await_event("kme-request-withdrawn", before),
                                "the subscription was changed");
        }
    }
    expect(200, "POST", KME, "{\"request\":\"none\"}");
}

/* ---- what the network wrote ---- */

/* While no HSS runs: as the procedure leaves it. */
static void store_phase(enum kme_phase phase)
{
    char path[64], key[64];
    struct store *s = NULL;
    struct store_why why;
    struct store_device d = {.has_kme = true,
                             .kme = {{7}},
                             .has_previous = true,
                             .kme_since = 1700000001,
                             .kme_lot = "acme-1",
                             .kme_used = 1700000002};
    struct store_kme row = {.phase = (uint8_t)phase,
                            .due = KME_DUE_FIRST,
                            .nonce = {1},
                            .expires = 1800000000,
                            .has_taken = true,
                            .digest = {2},
                            .nw_sig = {3}};
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &row.imsi));
    assert_ok(imei_parse(BYTES_LIT(IMEI), &d.imei));
    d.imsi = row.imsi;
    snprintf(path, sizeof path, "%s/hss.db", folder);
    snprintf(key, sizeof key, "%s/hss.key", folder);
    const struct store_options options = {.path = path, .kek_path = key};
    assert_ok(store_open(&options, &s, &why));
    struct store_writer *w = store_the_writer(s);
    assert_ok(store_begin(w));
    assert_ok(store_put_kme(w, &row));
    assert_ok(store_set_devices(w, &row.imsi, &d, 1));
    assert_ok(store_commit(w));
    store_close(s);
}

static void what_is_under_way_is_shown_and_ended_by_a_change(void **state)
{
    (void)state;
    static const char *const names[] = {[KME_OFFERED] = "offered", [KME_TAKEN] = "taken"};
    for (int phase = KME_OFFERED; phase <= KME_TAKEN; phase++) {
        size_t withdrawn = events_of("kme-request-withdrawn");
        assert_int_equal(halt(), 0);
        store_phase((enum kme_phase)phase);
        assert_int_equal(launch(), 0);
        shows("none", NULL, names[phase], "first");
        expect(200, "POST", KME, "{\"request\":\"none\"}"); /* there is nothing to withdraw */
        expect(200, "PATCH", ONE, "{\"suspended\":true}");
        shows("none", NULL, names[phase], "first");
        expect(200, "PATCH", DEVICE(IMEI), KEY_A);
        shows("none", NULL, "idle", NULL);
        assert_int_equal(events_of("kme-request-withdrawn"), withdrawn);
    }
    assert_int_equal(halt(), 0);
    store_phase(KME_OFFERED);
    assert_int_equal(launch(), 0);
    expect(200, "POST", KME,
           "{\"request\":\"rebind\"}"); /* what was offered before counts no more */
    shows("rebind", NULL, "idle", NULL);
    expect(200, "POST", KME, "{\"request\":\"none\"}");
}

static void a_device_shows_since_when_of_which_lot_and_when_it_was_used(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(halt(), 0);
    store_phase(KME_TAKEN);
    assert_int_equal(launch(), 0);
    assert_int_equal(ask("GET", ONE, "", &json), 200);
    const json_t *d = json_array_get(json_object_get(json, "devices"), 0);
    assert_int_equal(json_object_size(d), 6);
    assert_int_equal(json_integer_value(json_object_get(d, "kme_since")), 1700000001);
    assert_string_equal(json_string_value(json_object_get(d, "kme_lot")), "acme-1");
    assert_int_equal(json_integer_value(json_object_get(d, "kme_used")), 1700000002);
    assert_true(json_is_true(json_object_get(d, "has_previous")));
    json_decref(json);
    assert_int_equal(ask("GET", "/v1/devices", "", &json), 200);
    d = json_array_get(json_object_get(json, "devices"), 0);
    assert_string_equal(json_string_value(json_object_get(d, "kme_lot")), "acme-1");
    json_decref(json);
    /* one that an operator brings is of no lot, and was not used */
    assert_int_equal(ask("PATCH", DEVICE(IMEI), KEY_B, &json), 200);
    assert_true(json_integer_value(json_object_get(json, "kme_since")) > 1700000001);
    (void)null_or(json, "kme_lot", NULL);
    (void)null_or(json, "kme_used", NULL);
    json_decref(json);
    expect(200, "PUT", ONE, "{" KEYS ",\"policy\":\"learn\"}");
    assert_int_equal(ask("PUT", DEVICE(OTHER), "{}", &json), 201);
    (void)null_or(json, "kme_since", NULL);
    (void)null_or(json, "kme_used", NULL);
    json_decref(json);
}

static void what_is_under_way_goes_with_the_subscriber(void **state)
{
    (void)state;
    expect(200, "POST", KME, "{\"request\":\"rebind\"}");
    expect(204, "DELETE", ONE, "");
    expect(201, "PUT", ONE, "{" KEYS ",\"policy\":\"learn\"}");
    shows("none", NULL, "idle", NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_subscriber_may_learn_before_there_is_any_device),
        cmocka_unit_test(what_makes_no_sense_is_refused_by_name),
        cmocka_unit_test(a_request_is_shown_changed_and_withdrawn),
        cmocka_unit_test(a_condition_holds_for_a_request_too),
        cmocka_unit_test(a_change_of_devices_keys_or_policy_ends_what_was_asked_for),
        cmocka_unit_test(what_is_under_way_is_shown_and_ended_by_a_change),
        cmocka_unit_test(a_device_shows_since_when_of_which_lot_and_when_it_was_used),
        cmocka_unit_test(what_is_under_way_goes_with_the_subscriber),
    };
    return cmocka_run_group_tests_name("nf/admin_kme", tests, start, stop);
}
