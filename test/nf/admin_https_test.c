/* The HSS's administration over HTTPS: what a scope shows and hides, exports, conditions and
 * answers in lines (src/nf/hssd/admin_routes.c, src/nf/hssd/admin_pages.c, admin_export.c,
 * admin_write.c, admin_eir_write.c, admin_lot.c, src/nf/common/admin_condition.c). */
#include "nf/admin_world.h"

#include "net/https_client.h"
#include "net/pki.h"

static struct pki pki;
static unsigned port;
static char body[1 << 16], etag[HTTPS_CLIENT_ETAG_MAX];

#define IN  "/v1/subscribers/001010000000100"
#define OUT "/v1/subscribers/001010000000001"

static void give_role(const char *name)
{
    X509 *c = pki_cert(pki_path(&pki, name, ".crt"));
    EVP_PKEY *own = pki_key(pki_path(&pki, name, ".key")),
             *ca = pki_key(pki_path(&pki, "ca", ".key"));
    pki_extend(c, NID_ext_key_usage, "clientAuth,1.3.6.1.4.1.32473.1.1.9");
    assert_true(X509_sign(c, ca, EVP_sha256()) > 0);
    pki_save(&pki, name, c, own);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(own);
    X509_free(c);
}

static void make_certificates(void)
{
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "server", "ca", "server", "DNS:localhost");
    pki_make(&pki, "ops", "ca", "ops", "DNS:ops.example");
    pki_make(&pki, "some", "ca", "some", "DNS:some.example");
    pki_make(&pki, "narrow", "ca", "narrow", "DNS:narrow.example");
    pki_make(&pki, "late", "ca", "late", "DNS:late.example");
    give_role("ops");
    give_role("some");
    give_role("narrow");
    give_role("late");
}

/* more: another user, as a line of the configuration. */
static void write_config(const char *more)
{
    char text[4000];
    const char *admin = "admin: {socket: admin.sock}\n", *at = strstr(config_text, admin);
    assert_non_null(at);
    snprintf(text, sizeof text,
             "%.*sadmin:\n  socket: admin.sock\n  https:\n    listen: https://127.0.0.1:0\n"
             "    certificate: %s\n    key: %s\n    ca: %s\n    users:\n"
             "      - {name: ops.example, role: administrator}\n"
             "      - {name: late.example, role: provisioner}\n"
             "      - {name: some.example, role: provisioner, "
             "imsi_ranges: [\"001010000000100-001010000000199\"]}\n"
             "      - {name: narrow.example, role: administrator, "
             "imsi_ranges: [\"001010000000100-001010000000199\"]}\n%s"
             "transport_keys:\n"
             "  - {name: move, file: move.key, algorithm: aes-kw, export: true}\n"
             "  - {name: old, file: old.key, algorithm: aes-128-ecb, export: true}\n"
             "  - {name: maker, file: old.key, algorithm: aes-128-ecb}\n%s",
             (int)(at - config_text), config_text, pki_path(&pki, "server", ".crt"),
             pki_path(&pki, "server", ".key"), pki_path(&pki, "ca", ".crt"), more,
             at + strlen(admin));
    write_file("hssd.yaml", text);
}

static int setup(void **state)
{
    json_t *status = NULL;
    (void)state;
    make_folder();
    make_certificates();
    write_config("");
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    write_file("move.key", "000102030405060708090a0b0c0d0e0f\n");
    write_file("old.key", "000102030405060708090a0b0c0d0e0f\n");
    assert_int_equal(launch(), 0);
    assert_int_equal(ask("GET", "/v1/status", "", &status), 200);
    const char *listen =
        json_string_value(json_object_get(json_object_get(status, "admin"), "listen"));
    assert_non_null(listen);
    assert_int_equal(sscanf(listen, "https://127.0.0.1:%u", &port), 1);
    json_decref(status);
    expect(201, "PUT", OUT, "{" KEYS ",\"devices\":[{\"imei\":\"35693803564380\"}]}");
    expect(201, "PUT", IN,
           "{" KEYS ",\"msisdn\":\"491700000001\",\"devices\":"
           "[{\"imei\":\"35693803564380\"},{\"imei\":\"35693803564398\"}]}");
    return 0;
}

static int teardown(void **state)
{
    pki_close(&pki);
    return stop(state);
}

static unsigned by(const char *who, const char *method, const char *path, const char *text)
{
    struct https_client *c = NULL;
    struct https_reply r;
    char url[200];
    const struct https_client_options o = {.ca = pki_path(&pki, "ca", ".crt"),
                                           .certificate = pki_path(&pki, who, ".crt"),
                                           .key = pki_path(&pki, who, ".key"),
                                           .total_ms = 60000};
    assert_ok(https_client_open(&o, &c));
    snprintf(url, sizeof url, "https://localhost:%u%s", port, path);
    const struct https_request q = {.method = method, .url = url, .body = bytes_of_str(text)};
    assert_ok(https_client_do(c, &q, &r));
    snprintf(body, sizeof body, "%.*s", (int)r.body.n, (const char *)r.body.p);
    snprintf(etag, sizeof etag, "%s", r.etag);
    https_client_close(c);
    return r.status;
}

static void said(const char *part, bool wanted)
{
    if ((strstr(body, part) != NULL) != wanted) {
        fail_msg("%s%s in %s", wanted ? "no " : "", part, body);
    }
}

static void out_of_scope(const char *method, const char *path, const char *text)
{
    assert_int_equal(by("some", method, path, text), 403);
    said("urn:bindery:problem:out-of-scope", true);
}

/* ---- scope ---- */

/*= test op-api-scope */
static void of_one_subscription_a_scope_says_no_before_anything_is_looked_up(void **state)
{
    (void)state;
    out_of_scope("GET", OUT, "");
    out_of_scope("GET", "/v1/subscribers/001010000000002", ""); /* which is not there */
    out_of_scope("PUT", OUT, "{");
    out_of_scope("DELETE", OUT, "");
    out_of_scope("PUT", OUT "/devices/35693803564380", "");
    out_of_scope("POST", OUT "/proof/forget", "");
    out_of_scope("POST", OUT "/kme", "{}");
    out_of_scope("GET", "/v1/eir/check/35693803564380?imsi=001010000000001", "");
    out_of_scope("GET", "/v1/dimsi/901700000000001", "");
    assert_int_equal(by("some", "GET", IN, ""), 200);
    assert_int_equal(by("ops", "GET", OUT, ""), 200);
    assert_int_equal(by("some", "GET", "/v1/eir/check/35693803564380?imsi=001010000000100", ""),
                     200);
}

static void lists_show_what_is_in_the_scope(void **state)
{
    (void)state;
    assert_int_equal(by("some", "GET", "/v1/subscribers", ""), 200);
    said("001010000000100", true);
    said("001010000000001", false);
    assert_int_equal(by("some", "GET", "/v1/devices", ""), 200);
    said("001010000000100", true);
    said("001010000000001", false);
    assert_int_equal(by("some", "GET", "/v1/devices/35693803564380", ""), 200);
    said("\"imsis\":[\"001010000000100\"]", true);
    expect(201, "PUT", OUT "/devices/35693803564406", "");
    assert_int_equal(by("some", "GET", "/v1/devices/35693803564406", ""), 404);
    assert_int_equal(by("ops", "GET", "/v1/devices/35693803564406", ""), 200);
    assert_int_equal(by("some", "GET", "/v1/events?limit=1000", ""), 200);
    said("001010000000001", false);
    said("\"imsi\":null", false);
    expect(204, "DELETE", OUT "/devices/35693803564406", "");
}

#define EXPORTED "/v1/export/subscribers?limit=1"
/* 001010000000001 and 001010000000200 are there too, before and behind. */
static void no_page_of_an_export_does(const char *who, const char *key)
{
    char path[160];
    snprintf(path, sizeof path, EXPORTED "%s", key);
    assert_int_equal(by(who, "GET", path, ""), 200);
    assert_int_equal(strncmp(body, "{\"imsi\":\"001010000000100\",", 26), 0);
    said("\n{\"next\":\"001010000000100\"}\n", true);
    snprintf(path, sizeof path, EXPORTED "&after=001010000000100%s", key);
    assert_int_equal(by(who, "GET", path, ""), 200);
    assert_int_equal(strncmp(body, "{\"imsi\":\"001010000000101\",", 26), 0);
    said("next", false);
    said("001010000000200", false);
    snprintf(path, sizeof path, EXPORTED "&after=001010000000101%s", key);
    assert_int_equal(by(who, "GET", path, ""), 200);
    assert_string_equal(body, "");
    snprintf(path, sizeof path, EXPORTED "&after=001010000000000%s", key); /* of others */
    assert_int_equal(by(who, "GET", path, ""), 200);
    said("\n{\"next\":\"001010000000100\"}\n", true);
    said("001010000000001", false);
}

static void no_page_of_a_list_names_what_is_not_in_the_scope(void **state)
{
    (void)state;
    expect(201, "PUT", "/v1/subscribers/001010000000101", "{" KEYS "}");
    expect(201, "PUT", "/v1/subscribers/001010000000200",
           "{" KEYS ",\"devices\":[{\"imei\":\"35693803564380\"}]}");
    assert_int_equal(by("some", "GET", "/v1/subscribers?limit=1", ""), 200);
    said("\"imsi\":\"001010000000100\"", true);
    said("\"next\":\"001010000000100\"", true);
    assert_int_equal(by("some", "GET", "/v1/subscribers?limit=1&after=001010000000100", ""), 200);
    said("\"imsi\":\"001010000000101\"", true);
    said("\"next\":null", true);
    assert_int_equal(by("some", "GET", "/v1/subscribers?limit=1&after=001010000000101", ""), 200);
    assert_string_equal(body, "{\"subscribers\":[],\"next\":null}");
    assert_int_equal(by("some", "GET", "/v1/devices?limit=1", ""), 200);
    said("\"next\":\"001010000000100-35693803564380\"", true);
    assert_int_equal(
        by("some", "GET", "/v1/devices?limit=1&after=001010000000100-35693803564380", ""), 200);
    said("\"imei\":\"35693803564398\"", true);
    said("\"next\":null", true);
    assert_int_equal(by("ops", "GET", "/v1/devices?limit=2", ""), 200);
    said("\"next\":\"001010000000100-35693803564380\"", true);
    no_page_of_an_export_does("some", "");
    no_page_of_an_export_does("narrow", "&transport_key=move");
    expect(204, "DELETE", "/v1/subscribers/001010000000101", "");
    expect(204, "DELETE", "/v1/subscribers/001010000000200", "");
}

static void what_concerns_all_is_not_for_a_scope(void **state)
{
    static const char *const paths[] = {"/v1/lots", "/v1/lots/a", "/v1/repositories",
                                        "/v1/onboarding-pool", "/v1/audit"};
    (void)state;
    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        out_of_scope("GET", paths[i], "");
    }
    out_of_scope("PUT", "/v1/eir/rules/35693803/black", "{}");
    out_of_scope("POST", "/v1/eir/import", "{}");
    assert_int_equal(by("some", "GET", "/v1/eir/rules", ""), 200);
    assert_int_equal(by("some", "GET", "/v1/status", ""), 200);
}

/*= test op-api-bulk */
static void rows_of_an_import_are_refused_one_by_one(void **state)
{
    (void)state;
    assert_int_equal(by("some", "POST", "/v1/import",
                        "{\"imsi\":\"001010000000101\"," KEYS "}\n"
                        "{\"imsi\":\"001010000000001\",\"msisdn\":\"491700000002\"}\n"),
                     200);
    said("{\"row\":1,\"imsi\":\"001010000000101\",\"did\":\"added\"}", true);
    said("urn:bindery:problem:out-of-scope", true);
    assert_int_equal(by("ops", "GET", OUT, ""), 200);
    said("491700000002", false);
    expect(204, "DELETE", "/v1/subscribers/001010000000101", "");
}

/* ---- the rest ---- */

/*= test op-api-bulk */
/*= test op-key-export */
static void an_export_has_rows_that_can_be_imported_and_no_keys(void **state)
{
    json_t *json = NULL;
    char rows[2000];
    (void)state;
    assert_int_equal(by("some", "GET", "/v1/export/subscribers", ""), 200);
    assert_string_equal(body, "{\"imsi\":\"001010000000100\",\"policy\":\"open\",\"proof\":\"off\","
                              "\"profile\":\"default\",\"msisdn\":\"491700000001\",\"suspended\":"
                              "false,\"devices\":[{\"imei\":\"35693803564380\"},{\"imei\":"
                              "\"35693803564398\"}],\"keys\":\"left-out\"}\n");
    assert_int_equal(by("ops", "GET", "/v1/export/subscribers?limit=1", ""), 200);
    said("{\"imsi\":\"001010000000001\"", true);
    said("\n{\"next\":\"001010000000001\"}\n", true);
    said("465b5ce8", false);
    assert_int_equal(by("ops", "GET", "/v1/export/subscribers?after=001010000000001", ""), 200);
    said("next", false);
    snprintf(rows, sizeof rows, "%s", body);
    assert_int_equal(
        ask_with("POST", "/v1/import", "Accept: application/x-ndjson\r\n", rows, &json), 200);
    json_decref(json);
    assert_non_null(strstr(answer, "Content-Type: application/x-ndjson\r\n"));
    assert_non_null(
        strstr(answer, "{\"row\":1,\"imsi\":\"001010000000100\",\"did\":\"unchanged\"}\n"));
    assert_int_equal(by("ops", "GET", "/v1/export/subscribers?after=x", ""), 400);
}

/* K of KEYS under the transport keys of write_config: of openssl, once. */
#define K_KW   "58724199a77f71863136e4efb0f0a470acf804b2cd28a83d"
#define K_ECB  "e42c646c9acaacd57c8480a02a3dee8e"
#define EXPORT "/v1/export/subscribers?transport_key="

static void keys_leave_only_for_an_administrator_under_a_transport_key(void **state)
{
    (void)state;
    assert_int_equal(by("some", "GET", EXPORT "move", ""), 403);
    said("not-allowed", true);
    assert_int_equal(by("ops", "GET", EXPORT "maker", ""), 409);
    said("no-export", true);
    assert_int_equal(by("ops", "GET", EXPORT "nothing", ""), 422);
    said("no-such-transport-key", true);
    assert_int_equal(by("ops", "GET", EXPORT "a%2Fb", ""), 400);
    assert_int_equal(by("ops", "GET", EXPORT "old&limit=1", ""), 200);
    said("\"k_encrypted\":\"" K_ECB "\"", true);
    said("\"k_kcv\":\"", true);
    assert_int_equal(by("ops", "GET", EXPORT "move", ""), 200);
    said("{\"imsi\":\"001010000000001\"", true);
    said("\"k_encrypted\":\"" K_KW "\"", true);
    said("\"transport_key\":\"move\"", true);
    said("k_kcv", false);
    said("465b5ce8", false);
    said("left-out", false);
    assert_int_equal(by("narrow", "GET", EXPORT "move", ""), 200);
    said("001010000000001", false);
    said("001010000000100", true);
    assert_int_equal(by("ops", "GET", "/v1/audit?limit=1000", ""), 200);
    said("\"outcome\":\"exported\"", true);
    said("ops.example", true);
    said(K_KW, false);
}

static void what_was_exported_is_taken_again(void **state)
{
    char rows[4000];
    (void)state;
    assert_int_equal(by("ops", "GET", EXPORT "move", ""), 200);
    snprintf(rows, sizeof rows, "%s", body);
    assert_int_equal(by("ops", "POST", "/v1/import", rows), 200);
    said("\"did\":\"unchanged\"", true);
    said("\"did\":\"changed\"", false);
    said("problem", false);
    expect(204, "DELETE", OUT, "");
    assert_int_equal(by("ops", "POST", "/v1/import", rows), 200);
    said("{\"row\":1,\"imsi\":\"001010000000001\",\"did\":\"added\"}", true);
    expect(200, "PUT", OUT, "{" KEYS ",\"devices\":[{\"imei\":\"35693803564380\"}]}");
    assert_int_equal(by("ops", "GET", "/v1/audit?limit=1000", ""), 200);
    said("\"keys\":\"changed\"", false); /* K and OPc were the same */
}

static int ask_if(const char *method, const char *path, const char *header, const char *tag,
                  const char *text)
{
    json_t *json = NULL;
    char line[200];
    snprintf(line, sizeof line, "%s: %s\r\n", header, tag);
    int status = ask_with(method, path, line, text, &json);
    json_decref(json);
    return status;
}

/*= test op-api-conditional */
static void a_rule_and_a_device_change_only_if_they_are_as_the_client_believes(void **state)
{
    static const char rule[] = "/v1/eir/rules/35693803/black";
    (void)state;
    assert_int_equal(ask_if("PUT", rule, "If-Match", "*", "{}"), 412);
    assert_int_equal(ask_if("PUT", rule, "If-None-Match", "*", "{}"), 201);
    assert_int_equal(ask_if("PUT", rule, "If-None-Match", "*", "{}"), 412);
    assert_int_equal(by("ops", "GET", rule, ""), 200);
    said("{\"rule\":\"35693803\",\"list\":\"black\",\"note\":null}", true);
    assert_int_equal(ask_if("PUT", rule, "If-Match", etag, "{\"note\":\"stolen\"}"), 200);
    assert_int_equal(ask_if("PUT", rule, "If-Match", etag, "{\"note\":\"lost\"}"), 412);
    assert_int_equal(ask_if("DELETE", rule, "If-Match", etag, ""), 412);
    assert_int_equal(ask_if("DELETE", rule, "If-Match", "stolen", ""), 400);
    assert_int_equal(by("ops", "GET", rule, ""), 200);
    assert_int_equal(ask_if("GET", rule, "If-None-Match", etag, ""), 304);
    assert_int_equal(ask_if("DELETE", rule, "If-Match", etag, ""), 204);
    expect_problem("no-such-rule", "GET", rule, "");
    /* a lot is not there, and is expected to be */
    assert_int_equal(ask_if("DELETE", "/v1/lots/a", "If-Match", "*", ""), 412);
    static const char device[] = IN "/devices/35693803564406";
    assert_int_equal(ask_if("PUT", device, "If-Match", "*", ""), 412);
    assert_int_equal(ask_if("PUT", device, "If-None-Match", "*", ""), 201);
    assert_int_equal(by("ops", "GET", device, ""), 200);
    assert_int_equal(
        ask_if("PATCH", device, "If-Match", etag, "{\"kme\":\"00112233445566778899aabbccddeeff\"}"),
        200);
    assert_int_equal(ask_if("DELETE", device, "If-Match", etag, ""), 412);
    expect(204, "DELETE", device, "");
}

static void a_subscriber_is_sent_again_when_a_device_came_though_its_version_stays(void **state)
{
    (void)state;
    char before[HTTPS_CLIENT_ETAG_MAX];
    assert_int_equal(by("ops", "GET", IN, ""), 200);
    memcpy(before, etag, sizeof before);
    assert_int_equal(ask_if("GET", IN, "If-None-Match", before, ""), 304);
    expect(201, "PUT", IN "/devices/35693803564406", "");
    assert_int_equal(ask_if("GET", IN, "If-None-Match", before, ""), 200);
    assert_int_equal(ask_if("PATCH", IN, "If-Match", before, "{}"), 200); /* its version stays */
    expect(204, "DELETE", IN "/devices/35693803564406", "");
}

/*= test op-api-scope */
static void a_scope_that_would_be_another_than_it_says_is_refused(void **state)
{
    (void)state;
    write_config("      - {name: b.example, role: reader, plmns: [\"001-010\"]}\n");
    expect_problem("configuration-refused", "POST", "/v1/reload", "");
    assert_non_null(strstr(answer, "(admin.https.users[4].plmns[0])"));
    assert_non_null(strstr(answer, "IMSIs of 001-01 too"));
    write_config("");
}

/* ---- who has how much ---- */

static size_t begun_by(const char *who)
{
    size_t n = 0;
    while (by(who, "POST", "/v1/imports", "{\"kind\":\"subscribers\",\"name\":\"a\"}") == 201) {
        n++;
    }
    return n;
}

static void one_who_begins_imports_without_end_leaves_places_for_others(void **state)
{
    json_t *json = NULL;
    (void)state;
    assert_int_equal(begun_by("some"), 16);
    said("urn:bindery:problem:too-many-imports", true);
    said("some.example", true);
    assert_int_equal(begun_by("ops"), 16);
    assert_int_equal(begun_by("narrow"), 16);
    assert_int_equal(begun_by("late"), 0); /* the last quarter is the socket's */
    said("urn:bindery:problem:busy", true);
    size_t n = 0;
    while (ask("POST", "/v1/imports", "{\"kind\":\"eir\",\"name\":\"a\"}", &json) == 201) {
        json_decref(json);
        n++;
    }
    json_decref(json);
    assert_int_equal(n, 16);
    assert_non_null(strstr(answer, "too-many-imports"));
    assert_int_equal(by("some", "GET", "/v1/imports?limit=1", ""), 200);
    json = json_loads(body, 0, NULL);
    const json_t *own = json_array_get(json_object_get(json, "imports"), 0);
    char path[80];
    snprintf(path, sizeof path, "/v1/imports/%lld/end",
             (long long)json_integer_value(json_object_get(own, "id")));
    json_decref(json);
    assert_int_equal(by("some", "POST", path, "{}"), 200);
    assert_int_equal(begun_by("late"), 1);
}

/*= test op-audit */
static void keys_that_somebody_may_not_have_and_asked_for_are_in_the_audit_log(void **state)
{
    (void)state;
    static const char keys[] = "/v1/export/subscribers?transport_key=move";
    assert_int_equal(by("late", "GET", "/v1/export/subscribers", ""), 200);
    assert_int_equal(by("late", "GET", keys, ""), 403);
    said("urn:bindery:problem:not-allowed", true);
    for (unsigned i = 0; i < 1000; i++) { /* it is written soon */
        assert_int_equal(
            by("ops", "GET", "/v1/audit?who=late.example&target=export/subscribers", ""), 200);
        if (strstr(body, "\"outcome\":\"refused\"") != NULL) {
            break;
        }
    }
    said("\"action\":\"GET /v1/export/subscribers\"", true);
    said("\"outcome\":\"refused\"", true);
    said("not-allowed", true);
}

/*= test op-audit */
static void one_whose_refusals_are_too_many_hides_nobody_else_s(void **state)
{
    (void)state;
    for (unsigned i = 0; i < 70; i++) {
        out_of_scope("DELETE", OUT, "");
    }
    assert_int_equal(by("narrow", "DELETE", OUT, ""), 403);
    for (unsigned i = 0; i < 1000; i++) { /* it is written soon */
        assert_int_equal(by("ops", "GET", "/v1/audit?limit=1000&who=narrow.example", ""), 200);
        if (strstr(body, "\"outcome\":\"refused\"") != NULL) {
            break;
        }
    }
    said("\"outcome\":\"refused\"", true);
    said("subscribers/001010000000001", true);
}

static void the_description_of_the_interface_is_served(void **state)
{
    (void)state;
    assert_int_equal(by("some", "GET", "/v1/openapi.yaml", ""), 200);
    assert_int_equal(strncmp(body, "openapi: 3.1", 12), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(of_one_subscription_a_scope_says_no_before_anything_is_looked_up),
        cmocka_unit_test(lists_show_what_is_in_the_scope),
        cmocka_unit_test(no_page_of_a_list_names_what_is_not_in_the_scope),
        cmocka_unit_test(what_concerns_all_is_not_for_a_scope),
        cmocka_unit_test(rows_of_an_import_are_refused_one_by_one),
        cmocka_unit_test(an_export_has_rows_that_can_be_imported_and_no_keys),
        cmocka_unit_test(keys_leave_only_for_an_administrator_under_a_transport_key),
        cmocka_unit_test(what_was_exported_is_taken_again),
        cmocka_unit_test(a_rule_and_a_device_change_only_if_they_are_as_the_client_believes),
        cmocka_unit_test(a_subscriber_is_sent_again_when_a_device_came_though_its_version_stays),
        cmocka_unit_test(the_description_of_the_interface_is_served),
        cmocka_unit_test(a_scope_that_would_be_another_than_it_says_is_refused),
        cmocka_unit_test(one_who_begins_imports_without_end_leaves_places_for_others),
        cmocka_unit_test(keys_that_somebody_may_not_have_and_asked_for_are_in_the_audit_log),
        cmocka_unit_test(one_whose_refusals_are_too_many_hides_nobody_else_s),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
