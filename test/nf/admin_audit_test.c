/* The audit log and the imports at the administration interface: a HSS in a process of its own.
 * Covers src/nf/hssd/audit.c, src/nf/hssd/admin_audit.c, src/nf/hssd/admin_imports.c and
 * src/nf/hssd/imports.c. */
#include "nf/admin_world.h"

#include "crypto/openssl.h"
#include "store/store_audit.h"

#include <sqlite3.h>

#define KME    "00112233445566778899aabbccddeeff"
#define DEVICE ONE "/devices/35693803564380"

/* ---- the log ---- */

/* The newest entry as the answer has it; the caller's. */
static json_t *newest(uint64_t *id)
{
    char path[64];
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/v1/audit?limit=1", "", &json), 200);
    *id = (uint64_t)json_integer_value(json_object_get(json_object_get(json, "head"), "id"));
    json_decref(json);
    if (*id == 0) {
        return NULL;
    }
    snprintf(path, sizeof path, "/v1/audit?after=%llu", (unsigned long long)*id - 1);
    assert_int_equal(ask("GET", path, "", &json), 200);
    json_t *e = json_incref(json_array_get(json_object_get(json, "entries"), 0));
    json_decref(json);
    return e;
}

static uint64_t length_of_log(void)
{
    uint64_t id = 0;
    json_decref(newest(&id));
    return id;
}

static const char *text_in(const json_t *e, const char *key)
{
    const char *text = json_string_value(json_object_get(e, key));
    return text != NULL ? text : "";
}

/* The newest entry says this; `before` and `after` as they stand there, NULL: not looked at. */
static void log_says(const char *action, const char *target, const char *outcome,
                     const char *before, const char *after)
{
    uint64_t id = 0;
    json_t *e = newest(&id);
    assert_string_equal(text_in(e, "action"), action);
    assert_string_equal(text_in(e, "target"), target);
    assert_string_equal(text_in(e, "outcome"), outcome);
    if (before != NULL) {
        assert_string_equal(text_in(e, "before"), before);
    }
    if (after != NULL) {
        assert_string_equal(text_in(e, "after"), after);
    }
    assert_true(strncmp(text_in(e, "who"), "unix", 4) == 0);
    assert_string_equal(text_in(e, "from"), "unix");
    json_decref(e);
}

/* ---- tests: one HSS for all, in this order ---- */

static void an_empty_log_has_no_entries_and_no_head(void **state)
{
    json_t *json = NULL;
    (void)state;
    assert_int_equal(ask("GET", "/v1/audit", "", &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "entries")), 0);
    assert_true(json_is_null(json_object_get(json, "next")));
    assert_int_equal(json_integer_value(json_object_get(json_object_get(json, "head"), "id")), 0);
    json_decref(json);
}

#define PUT_SUBSCRIBER "PUT /v1/subscribers/{imsi}"
#define TARGET         "subscribers/001010000000001"
/*= test op-audit */
static void each_change_of_a_subscriber_is_an_entry_and_nothing_else_is(void **state)
{
    (void)state;
    expect(201, "PUT", ONE, "{" KEYS ",\"msisdn\":\"491700000001\"}");
    log_says(PUT_SUBSCRIBER, TARGET, "added", "",
             "{\"algorithm\":\"milenage\",\"devices\":{},\"keys\":\"set\",\"kme_request\":\"none\","
             "\"msisdn\":\"491700000001\",\"policy\":\"open\",\"profile\":\"default\","
             "\"proof\":\"off\",\"suspended\":false}");
    expect(200, "PUT", ONE, "{" KEYS ",\"msisdn\":\"491700000001\"}");
    expect(409, "PATCH", ONE, "{\"policy\":\"bound\"}");
    expect(422, "PATCH", ONE, "{\"profile\":\"gold\"}");
    assert_int_equal(length_of_log(), 1);
    expect(200, "PATCH", ONE, "{\"suspended\":true}");
    log_says("PATCH /v1/subscribers/{imsi}", TARGET, "changed", "{\"suspended\":false}",
             "{\"suspended\":true}");
    expect(200, "PUT", ONE,
           "{\"k\":\"00112233445566778899aabbccddee00\",\"opc\":\"" KME "\",\"suspended\":true}");
    log_says(PUT_SUBSCRIBER, TARGET, "changed", "{\"keys\":\"set\",\"msisdn\":\"491700000001\"}",
             "{\"keys\":\"changed\",\"msisdn\":null}");
    assert_int_equal(length_of_log(), 3);
}

static void devices_are_named_alike_and_their_keys_are_not_shown(void **state)
{
    (void)state;
    expect(201, "PUT", ONE "/devices/356938035643809", "{}"); /* with its check digit */
    log_says("PUT /v1/subscribers/{imsi}/devices/{imei}", TARGET "/devices/35693803564380", "added",
             "{\"devices\":{}}", "{\"devices\":{\"35693803564380\":null}}");
    expect(200, "PATCH", DEVICE, "{\"kme\":\"" KME "\"}");
    log_says("PATCH /v1/subscribers/{imsi}/devices/{imei}", TARGET "/devices/35693803564380",
             "changed", "{\"devices\":{\"35693803564380\":null}}",
             "{\"devices\":{\"35693803564380\":\"set\"}}");
    expect(200, "PATCH", DEVICE, "{\"kme\":\"10112233445566778899aabbccddeeff\"}");
    log_says("PATCH /v1/subscribers/{imsi}/devices/{imei}", TARGET "/devices/35693803564380",
             "changed", "{\"devices\":{\"35693803564380\":\"set\"}}",
             "{\"devices\":{\"35693803564380\":\"changed\"}}");
    expect(200, "PATCH", ONE, "{\"policy\":\"bound\"}");
    log_says("PATCH /v1/subscribers/{imsi}", TARGET, "changed", "{\"policy\":\"open\"}",
             "{\"policy\":\"bound\"}");
    expect(200, "POST", ONE "/kme", "{\"request\":\"renew\"}");
    log_says("POST /v1/subscribers/{imsi}/kme", TARGET "/kme", "changed",
             "{\"kme_request\":\"none\"}", "{\"kme_request\":\"renew\"}");
    expect(200, "PATCH", ONE, "{\"policy\":\"open\"}");
    expect(204, "DELETE", DEVICE, "");
    log_says("DELETE /v1/subscribers/{imsi}/devices/{imei}", TARGET "/devices/35693803564380",
             "removed", "{\"devices\":{\"35693803564380\":\"set\"}}", "{\"devices\":{}}");
}

static void rules_and_orders_are_entries(void **state)
{
    (void)state;
    expect(201, "PUT", "/v1/eir/rules/35693803/black", "{\"note\":\"a\"}");
    log_says("PUT /v1/eir/rules/{rule}/{list}", "eir/rules/35693803/black", "added", "",
             "{\"note\":\"a\"}");
    expect(200, "PUT", "/v1/eir/rules/35693803/black", "{\"note\":\"b\"}");
    log_says("PUT /v1/eir/rules/{rule}/{list}", "eir/rules/35693803/black", "changed",
             "{\"note\":\"a\"}", "{\"note\":\"b\"}");
    uint64_t n = length_of_log();
    expect(200, "PUT", "/v1/eir/rules/35693803/black", "{\"note\":\"b\"}");
    expect(404, "DELETE", "/v1/eir/rules/35693804/black", "");
    assert_int_equal(length_of_log(), n);
    expect(204, "DELETE", "/v1/eir/rules/35693803/black", "");
    log_says("DELETE /v1/eir/rules/{rule}/{list}", "eir/rules/35693803/black", "removed",
             "{\"note\":\"b\"}", "");
    expect(200, "POST", "/v1/repositories/flush", "");
    log_says("POST /v1/repositories/flush", "repositories/flush", "done", "", "");
    expect(204, "DELETE", ONE, "");
    log_says("DELETE /v1/subscribers/{imsi}", TARGET, "removed", NULL, "");
}

/* The outcome of the entry with this id, which is written soon. */
static void soon_says(uint64_t id, const char *outcome, const char *part)
{
    for (unsigned i = 0; i < 6000 && length_of_log() < id; i++) {
        usleep(10000);
    }
    uint64_t last = 0;
    json_t *e = newest(&last);
    assert_int_equal(last, id);
    assert_string_equal(text_in(e, "action"), "POST /v1/reload");
    assert_string_equal(text_in(e, "target"), "reload");
    assert_string_equal(text_in(e, "outcome"), outcome);
    assert_non_null(strstr(text_in(e, "after"), part));
    json_decref(e);
}

static const char *outcome_of(uint64_t id)
{
    static char outcome[64];
    char path[64];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/v1/audit?limit=1&after=%llu", (unsigned long long)id - 1);
    assert_int_equal(ask("GET", path, "", &json), 200);
    snprintf(outcome, sizeof outcome, "%s",
             text_in(json_array_get(json_object_get(json, "entries"), 0), "outcome"));
    json_decref(json);
    return outcome;
}

/*= test op-audit */
static void a_reload_is_in_the_log_before_it_is_done_and_after(void **state)
{
    (void)state;
    uint64_t n = length_of_log();
    expect(200, "POST", "/v1/reload", "");
    soon_says(n + 2, "done", "\"changed\"");
    assert_string_equal(outcome_of(n + 1), "begun");
    write_file("hssd.yaml", "plmns: []\n");
    expect_problem("configuration-refused", "POST", "/v1/reload", "");
    soon_says(n + 4, "refused", "\"place\"");
    assert_string_equal(outcome_of(n + 3), "begun");
    write_file("hssd.yaml", config_text);
}

/* ---- imports ---- */

static char rows[200000];
static const char *subscribers(unsigned from, unsigned n)
{
    size_t at = 0;
    for (unsigned i = from; i < from + n; i++) {
        at += (size_t)snprintf(rows + at, sizeof rows - at,
                               "{\"imsi\":\"0010100001%05u\"," KEYS "}\n", i);
    }
    return rows;
}

static uint64_t begin(const char *kind, const char *name)
{
    char body[200];
    json_t *json = NULL;
    snprintf(body, sizeof body, "{\"kind\":\"%s\",\"name\":\"%s\"}", kind, name);
    assert_int_equal(ask("POST", "/v1/imports", body, &json), 201);
    assert_string_equal(text_in(json, "state"), "open");
    uint64_t id = (uint64_t)json_integer_value(json_object_get(json, "id"));
    json_decref(json);
    return id;
}

static const char *path_of(const char *before, uint64_t id, const char *after)
{
    static char path[80];
    snprintf(path, sizeof path, "%s%llu%s", before, (unsigned long long)id, after);
    return path;
}

static void rows_without_an_import_are_an_entry_a_chunk(void **state)
{
    (void)state;
    uint64_t n = length_of_log();
    expect(200, "POST", "/v1/import?dry_run=1", subscribers(0, 300));
    assert_int_equal(length_of_log(), n);
    expect(200, "POST", "/v1/import", subscribers(0, 300));
    assert_int_equal(length_of_log(), n + 3); /* of 128, 128 and 44 */
    log_says("POST /v1/import", "import", "done", "",
             "{\"added\":44,\"changed\":0,\"refused\":0,\"unchanged\":0}");
    expect(200, "POST", "/v1/import", subscribers(0, 300));
    assert_int_equal(length_of_log(), n + 3); /* nothing changed */
}

/*= test op-audit-import */
static void an_import_is_one_entry_with_its_file_and_its_counts(void **state)
{
    json_t *json = NULL;
    (void)state;
    uint64_t n = length_of_log(), id = begin("subscribers", "new.csv");
    expect(200, "POST", path_of("/v1/import?import=", id, ""), subscribers(200, 300));
    expect(200, "POST", path_of("/v1/import?import=", id, ""),
           "{\"imsi\":\"001010000100000\",\"profile\":\"gold\"}\n{\n");
    assert_int_equal(length_of_log(), n);
    assert_int_equal(ask("GET", path_of("/v1/imports/", id, ""), "", &json), 200);
    assert_int_equal(json_integer_value(json_object_get(json, "added")), 200);
    assert_int_equal(json_integer_value(json_object_get(json, "unchanged")), 100);
    assert_int_equal(json_integer_value(json_object_get(json, "refused")), 2);
    json_decref(json);
    expect(200, "POST", path_of("/v1/imports/", id, "/end"),
           "{\"sha256\":\"00000000000000000000000000000000000000000000000000000000000000ab\","
           "\"octets\":12,\"rows\":303,\"not_sent\":1}");
    assert_int_equal(length_of_log(), n + 1);
    char target[40];
    snprintf(target, sizeof target, "imports/%llu", (unsigned long long)id);
    log_says("POST /v1/imports/{import}/end", target, "done", "", NULL);
    json_t *e = newest(&n);
    json_t *after = json_loads(text_in(e, "after"), 0, NULL);
    assert_int_equal(json_integer_value(json_object_get(after, "refused")), 3);
    assert_int_equal(json_integer_value(json_object_get(after, "added")), 200);
    assert_string_equal(text_in(after, "name"), "new.csv");
    assert_string_equal(text_in(after, "sha256") + 62, "ab");
    json_decref(after);
    json_decref(e);
}

/* How many events of this name have this detail. */
static size_t events_with(const char *name, const char *detail)
{
    char path[80];
    json_t *json = NULL;
    size_t n = 0;
    snprintf(path, sizeof path, "/v1/events?limit=1000&name=%s", name);
    assert_int_equal(ask("GET", path, "", &json), 200);
    const json_t *list = json_object_get(json, "events");
    for (size_t i = 0; i < json_array_size(list); i++) {
        n += strcmp(text_in(json_array_get(list, i), "detail"), detail) == 0;
    }
    json_decref(json);
    return n;
}

static void await_detail(const char *name, const char *detail)
{
    for (unsigned i = 0; i < 6000 && events_with(name, detail) == 0; i++) {
        usleep(10000);
    }
    assert_int_equal(events_with(name, detail), 1);
}

static void an_import_is_one_event_however_many_requests_it_takes(void **state)
{
    char wanted[120];
    (void)state;
    const uint64_t id = begin("subscribers", "twice.csv");
    for (unsigned i = 0; i < 3; i++) {
        expect(200, "POST", path_of("/v1/import?import=", id, ""), subscribers(200, 2));
    }
    expect(200, "POST", path_of("/v1/imports/", id, "/end"), "{}");
    snprintf(wanted, sizeof wanted, "import %llu: 0 added, 0 changed, 6 unchanged, 0 refused",
             (unsigned long long)id);
    await_detail("imported", wanted);
    const uint64_t of_rules = begin("eir", "rules.csv");
    expect(200, "POST", path_of("/v1/eir/import?import=", of_rules, ""),
           "{\"rule\":\"35693803\",\"list\":\"grey\"}");
    expect(200, "POST", path_of("/v1/imports/", of_rules, "/end"), "{\"finished\":false}");
    snprintf(wanted, sizeof wanted,
             "import %llu, unfinished: 1 added, 0 changed, 0 unchanged, 0 refused",
             (unsigned long long)of_rules);
    await_detail("eir-imported", wanted);
    assert_int_equal(events_with("imported", "0 added, 0 changed, 2 unchanged, 0 refused"), 0);
}

/* Whom an import takes protection from, he has an entry and an event of his own. */
static void an_import_that_ends_a_suspension_is_an_entry_of_each(void **state)
{
    (void)state;
    static const char *const imsi = "001010000100007";
    char path[64], row[120], target[40];
    snprintf(path, sizeof path, "/v1/subscribers/%s", imsi);
    expect(200, "PATCH", path, "{\"suspended\":true}");
    const uint64_t n = length_of_log(), id = begin("subscribers", "free.csv");
    expect(200, "POST", path_of("/v1/import?import=", id, ""), subscribers(0, 20));
    assert_int_equal(length_of_log(), n); /* they say nothing of it */
    snprintf(row, sizeof row, "{\"imsi\":\"%s\",\"suspended\":false}", imsi);
    expect(200, "POST", path_of("/v1/import?import=", id, ""), row);
    assert_int_equal(length_of_log(), n + 1);
    snprintf(target, sizeof target, "subscribers/%s", imsi);
    log_says("POST /v1/import", target, "changed", "{\"suspended\":true}", "{\"suspended\":false}");
    await_detail("subscriber-changed", "not suspended any more");
    expect(200, "POST", path_of("/v1/imports/", id, "/end"), "{}");
}

static void an_import_takes_only_its_own_rows_and_only_while_it_is_open(void **state)
{
    (void)state;
    uint64_t id = begin("eir", "stolen.csv");
    expect_problem("import-not-open", "POST", path_of("/v1/import?import=", id, ""),
                   subscribers(0, 1));
    expect(200, "POST", path_of("/v1/eir/import?import=", id, ""),
           "{\"rule\":\"35693803\",\"list\":\"black\"}\n{\"rule\":\"1\",\"list\":\"black\"}");
    expect(200, "POST", path_of("/v1/imports/", id, "/end"), "{\"finished\":false}");
    uint64_t n = 0;
    json_t *e = newest(&n);
    assert_string_equal(text_in(e, "outcome"), "unfinished");
    assert_non_null(strstr(text_in(e, "after"), "\"added\":1,"));
    assert_non_null(strstr(text_in(e, "after"), "\"refused\":1,"));
    assert_non_null(strstr(text_in(e, "after"), "\"sha256\":null"));
    json_decref(e);
    expect_problem("import-not-open", "POST", path_of("/v1/imports/", id, "/end"), "{}");
    expect_problem("import-not-open", "POST", path_of("/v1/eir/import?import=", id, ""),
                   "{\"rule\":\"35693804\",\"list\":\"black\"}");
    expect(404, "DELETE", "/v1/eir/rules/35693804/black", ""); /* it is not in */
    expect_problem("no-such-import", "POST", "/v1/imports/99/end", "{}");
    expect_problem("no-such-import", "GET", "/v1/imports/99", "");
    expect_problem("no-such-import", "POST", "/v1/import?import=99", "{}");
    expect_problem("bad-parameter", "POST", "/v1/import?import=x", "{}");
    expect_problem("bad-parameter", "GET", "/v1/imports/0", "");
    expect_problem("bad-parameter", "GET", "/v1/imports/1x", "");
}

static void what_says_no_import_is_refused_by_name(void **state)
{
    (void)state;
    expect_problem("missing-member", "POST", "/v1/imports", "{\"kind\":\"eir\"}");
    expect_problem("bad-member", "POST", "/v1/imports", "{\"kind\":\"cars\",\"name\":\"a\"}");
    expect_problem("bad-member", "POST", "/v1/imports", "{\"kind\":\"eir\",\"name\":\"\"}");
    expect_problem("bad-member", "POST", "/v1/imports", "{\"kind\":\"eir\",\"name\":\"a\\nb\"}");
    expect_problem("bad-member", "POST", "/v1/imports", "[]");
    expect_problem("unknown-member", "POST", "/v1/imports", "{\"colour\":1}");
    expect_problem("missing-member", "POST", "/v1/imports",
                   "{\"kind\":\"eir\",\"name\":\"a\",\"rows\":1}");
    expect_problem("bad-member", "POST", "/v1/imports",
                   "{\"kind\":\"eir\",\"name\":\"a\",\"rows\":-1}");
    expect_problem("bad-member", "POST", "/v1/imports",
                   "{\"kind\":\"eir\",\"name\":\"a\",\"sha256\":\"00\"}");
    expect_problem("unknown-member", "POST", "/v1/imports/1/end", "{\"name\":\"a\"}");
    expect_problem("bad-member", "POST", "/v1/imports/1/end", "{\"finished\":1}");
    expect_problem("bad-parameter", "GET", "/v1/audit?limit=0", "");
    expect_problem("bad-parameter", "GET", "/v1/audit?since=0", "");
    expect_problem("method-not-allowed", "DELETE", "/v1/audit", "");
}

static void so_many_imports_are_open_and_no_more(void **state)
{
    uint64_t first = 0;
    (void)state;
    for (unsigned i = 0; i < 64; i++) {
        uint64_t id = begin("eir", "a");
        first = first == 0 ? id : first;
    }
    expect_problem("too-many-imports", "POST", "/v1/imports", "{\"kind\":\"eir\",\"name\":\"a\"}");
    expect(200, "POST", path_of("/v1/imports/", first, "/end"), "{}");
    (void)begin("eir", "b");
}

static unsigned imports_open(void)
{
    json_t *json = NULL, *one;
    size_t i;
    unsigned n = 0;
    assert_int_equal(ask("GET", "/v1/imports?limit=1000", "", &json), 200);
    json_array_foreach(json_object_get(json, "imports"), i, one)
    {
        n += strcmp(text_in(one, "state"), "open") == 0;
    }
    json_decref(json);
    return n;
}

/*= test op-audit-import */
static void what_was_open_ends_unfinished_when_the_hss_starts_again(void **state)
{
    (void)state;
    uint64_t n = length_of_log();
    assert_int_equal(halt(), 0);
    assert_int_equal(launch(), 0);
    for (unsigned turn = 0; imports_open() > 0 && turn < 3000; turn++) {
        usleep(10000); /* it serves while they are ended */
    }
    assert_int_equal(imports_open(), 0);
    assert_int_equal(length_of_log(), n + 64);
    json_t *e = newest(&n);
    assert_string_equal(text_in(e, "who"), "bindery-hssd");
    assert_string_equal(text_in(e, "action"), "import-unfinished");
    assert_string_equal(text_in(e, "outcome"), "unfinished");
    assert_non_null(strstr(text_in(e, "after"), "\"importer\":\"unix"));
    json_decref(e);
}

/* ---- the log as a whole ---- */

static size_t entries_for(const char *query)
{
    char path[160];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/v1/audit?limit=1000&%s", query);
    assert_int_equal(ask("GET", path, "", &json), 200);
    size_t n = json_array_size(json_object_get(json, "entries"));
    json_decref(json);
    return n;
}

static void the_log_is_looked_through_by_person_and_by_thing(void **state)
{
    (void)state;
    assert_int_equal(entries_for("who=bindery-hssd"), 64);
    assert_int_equal(entries_for("who=nobody"), 0);
    assert_int_equal(entries_for("target=" TARGET "/devices"), 4);
    assert_int_equal(entries_for("target=eir"), 3);
    assert_int_equal(entries_for("target=eir/rules/35693803"), 3);
    assert_int_equal(entries_for("target=ei"), 0);
}

static void take(const json_t *e, struct store_audit *out)
{
    *out = (struct store_audit){.id = (uint64_t)json_integer_value(json_object_get(e, "id")),
                                .at_ms = json_integer_value(json_object_get(e, "at_ms"))};
    snprintf(out->who, sizeof out->who, "%s", text_in(e, "who"));
    snprintf(out->from, sizeof out->from, "%s", text_in(e, "from"));
    snprintf(out->action, sizeof out->action, "%s", text_in(e, "action"));
    snprintf(out->target, sizeof out->target, "%s", text_in(e, "target"));
    snprintf(out->before, sizeof out->before, "%s", text_in(e, "before"));
    snprintf(out->after, sizeof out->after, "%s", text_in(e, "after"));
    snprintf(out->outcome, sizeof out->outcome, "%s", text_in(e, "outcome"));
}

static void each_entry_s_hash_is_that_of_its_text_and_the_one_before(void **state)
{
    struct crypto crypto;
    uint8_t last[32] = {0};
    char hex[65];
    uint64_t id = 0;
    (void)state;
    assert_ok(crypto_openssl_open(&crypto));
    for (bool more = true; more;) {
        json_t *json = NULL;
        size_t i;
        json_t *e;
        assert_int_equal(ask("GET", path_of("/v1/audit?limit=7&after=", id, ""), "", &json), 200);
        json_array_foreach(json_object_get(json, "entries"), i, e)
        {
            struct store_audit row;
            take(e, &row);
            assert_int_equal(row.id, id + 1);
            assert_ok(store_audit_hash(&crypto, last, &row, last));
            hex_encode(BYTES_OF(last), hex);
            assert_string_equal(text_in(e, "hash"), hex);
            id = row.id;
        }
        more = json_is_integer(json_object_get(json, "next"));
        json_decref(json);
    }
    assert_true(id > 70);
    crypto_openssl_close(&crypto);
}

/* The begins of K, OP, the other K and both KMEs, in hex or as octets; OPc of K and OP. */
static bool holds_a_key(struct bytes in)
{
    static const char *const keys[] = {"465b5ce8b199b49f", "cdc202d5123e20f6", "0011223344556677",
                                       "1011223344556677", "cd63cb71954a9f4e"};
    for (size_t i = 0; in.n > 0 && i < sizeof keys / sizeof *keys; i++) {
        uint8_t octets[8];
        assert_ok(hex_decode(keys[i], (struct mbytes){octets, sizeof octets}));
        if (memmem(in.p, in.n, keys[i], strlen(keys[i])) != NULL ||
            memmem(in.p, in.n, octets, sizeof octets) != NULL) {
            return true;
        }
    }
    return false;
}

static void no_key_is_in_the_answers(void **state)
{
    json_t *json = NULL;
    (void)state;
    assert_true(holds_a_key(BYTES_LIT("x465b5ce8b199b49fx"))); /* it would be found */
    assert_int_equal(ask("GET", "/v1/audit?limit=1000", "", &json), 200);
    json_decref(json);
    assert_true(strlen(answer) > 10000);
    assert_false(holds_a_key(bytes_of_str(answer)));
}

/*= test op-audit */
static void no_key_is_in_the_tables(void **state)
{
    sqlite3 *db = NULL;
    sqlite3_stmt *st = NULL;
    char path[64];
    size_t cells = 0;
    (void)state;
    snprintf(path, sizeof path, "%s/hss.db", folder);
    assert_int_equal(sqlite3_open_v2(path, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
    for (int table = 0; table < 2; table++) {
        const char *sql = table == 0 ? "SELECT * FROM audit" : "SELECT * FROM import";
        assert_int_equal(sqlite3_prepare_v2(db, sql, -1, &st, NULL), SQLITE_OK);
        while (sqlite3_step(st) == SQLITE_ROW) {
            for (int i = 0; i < sqlite3_column_count(st); i++, cells++) {
                const struct bytes cell = {sqlite3_column_blob(st, i),
                                           (size_t)sqlite3_column_bytes(st, i)};
                assert_false(holds_a_key(cell));
            }
        }
        sqlite3_finalize(st);
    }
    sqlite3_close(db);
    assert_true(cells > 1000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_log_has_no_entries_and_no_head),
        cmocka_unit_test(each_change_of_a_subscriber_is_an_entry_and_nothing_else_is),
        cmocka_unit_test(devices_are_named_alike_and_their_keys_are_not_shown),
        cmocka_unit_test(rules_and_orders_are_entries),
        cmocka_unit_test(a_reload_is_in_the_log_before_it_is_done_and_after),
        cmocka_unit_test(rows_without_an_import_are_an_entry_a_chunk),
        cmocka_unit_test(an_import_is_one_entry_with_its_file_and_its_counts),
        cmocka_unit_test(an_import_is_one_event_however_many_requests_it_takes),
        cmocka_unit_test(an_import_that_ends_a_suspension_is_an_entry_of_each),
        cmocka_unit_test(an_import_takes_only_its_own_rows_and_only_while_it_is_open),
        cmocka_unit_test(what_says_no_import_is_refused_by_name),
        cmocka_unit_test(so_many_imports_are_open_and_no_more),
        cmocka_unit_test(what_was_open_ends_unfinished_when_the_hss_starts_again),
        cmocka_unit_test(the_log_is_looked_through_by_person_and_by_thing),
        cmocka_unit_test(each_entry_s_hash_is_that_of_its_text_and_the_one_before),
        cmocka_unit_test(no_key_is_in_the_answers),
        cmocka_unit_test(no_key_is_in_the_tables),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
