/* The administration interface over its socket: a HSS in a child process, HTTP as octets. Covers
 * src/nf/hssd/admin.c, src/nf/hssd/admin_routes.c, src/nf/hssd/admin_write.c,
 * src/nf/hssd/admin_change.c, src/nf/hssd/admin_view.c, src/nf/hssd/control.c and
 * src/nf/common/notify.c, src/nf/common/admin_server.c and src/nf/common/admin_call.c. */
#include "lib/check.h"

#include "nf/hssd/config.h"
#include "nf/hssd/control.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEYS                                                                                       \
    "\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bc\",\"op\":\"cdc202d5123e20f62b6d676ac72cb318\""
#define ONE "/v1/subscribers/001010000000001"

static char folder[32];
static char socket_path[64];
static char notify_path[64];
static pid_t child;

/* ---- the HSS ---- */

static const char config_text[] =
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\"]\n"
    "store: {path: hss.db, key_file: hss.key}\nadmin: {socket: admin.sock}\n"
    "listeners: [{address: \"tcp://127.0.0.1:0\"}]\n"
    "peers: [{origin_host: m.example.net, realm: example.net, visited_plmns: [\"001-01\"]}]\n"
    "profiles: [{name: default, ambr: {uplink: 1, downlink: 1}, apns: [{name: a}]}]\n"
    "limits: {eir_rules: 1000}\n"
    "log: {level: error}\n";

static void write_file(const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
}

/* In the child: never returns. */
static void serve(void)
{
    static struct hssd h;
    char path[64];
    struct hssd_config *config = NULL;
    struct config_why config_why;
    struct store_why store_why;
    struct admin_why why = {""};
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    control_signals();
    if (hssd_config_load(path, &config, &config_why) != E_OK ||
        hssd_start(&h, config, NULL, &store_why) != E_OK) {
        _exit(10);
    }
    enum err err = control_run(&h, notify_path, &why);
    hssd_stop(&h);
    hssd_config_free(config);
    _exit(err == E_OK ? 0 : 11);
}

static int notify_socket(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM, 0);
    snprintf(notify_path, sizeof notify_path, "%s/notify", folder);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", notify_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static int start(void **state)
{
    char said[32] = "";
    (void)state;
    strcpy(folder, "/tmp/bindery-admin-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(socket_path, sizeof socket_path, "%s/admin.sock", folder);
    write_file("hssd.yaml", config_text);
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    int fd = notify_socket();
    child = fork();
    if (child == 0) {
        serve();
    }
    ssize_t n = recv(fd, said, sizeof said - 1, 0); /* the tests' own time-out is the last resort */
    close(fd);
    return n > 0 && strcmp(said, "READY=1") == 0 ? 0 : -1;
}

static int stop(void **state)
{
    int status = -1;
    char command[64];
    (void)state;
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    bool gone = access(socket_path, F_OK) != 0;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 && gone && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- HTTP ---- */

static char answer[1 << 20];

static int dial(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void say(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        assert_true(sent > 0);
        text += sent;
        n -= (size_t)sent;
    }
}

/* Asks and returns the status; *out is the body or NULL. */
static int ask_with(const char *method, const char *path, const char *header, const char *body,
                    json_t **out)
{
    char head[512];
    size_t at = 0;
    ssize_t n;
    int fd = dial();
    snprintf(head, sizeof head,
             "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
             method, path, header, strlen(body));
    say(fd, head, strlen(head));
    say(fd, body, strlen(body));
    while ((n = recv(fd, answer + at, sizeof answer - 1 - at, 0)) > 0) {
        at += (size_t)n;
    }
    close(fd);
    answer[at] = '\0';
    const char *text = strstr(answer, "\r\n\r\n");
    assert_non_null(text);
    *out = json_loads(text + 4, 0, NULL);
    return atoi(answer + strlen("HTTP/1.1 "));
}

static int ask(const char *method, const char *path, const char *body, json_t **out)
{
    return ask_with(method, path, "", body, out);
}

static void expect(int wanted, const char *method, const char *path, const char *body)
{
    json_t *json = NULL;
    int status = ask(method, path, body, &json);
    json_decref(json);
    if (status != wanted) {
        fail_msg("%s %s %s: wanted %d, got %s", method, path, body, wanted, answer);
    }
}

/* The name in the problem's type. */
static void expect_problem(const char *name, const char *method, const char *path, const char *body)
{
    json_t *json = NULL;
    (void)ask(method, path, body, &json);
    const char *type = json_string_value(json_object_get(json, "type"));
    bool same = type != NULL && strcmp(type + strlen("urn:bindery:problem:"), name) == 0;
    json_decref(json);
    if (!same) {
        fail_msg("%s %s %s: wanted %s, got %s", method, path, body, name, answer);
    }
    assert_non_null(strstr(answer, "application/problem+json"));
}

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
    assert_non_null(strstr(answer, "ETag: \"1\""));
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
    json_t *json = NULL;
    expect(204, "DELETE", ONE, "");
    expect(404, "DELETE", ONE, "");
    for (unsigned i = 0; i < 100; i++) { /* the event follows the answer */
        assert_int_equal(ask("GET", "/v1/events?name=subscriber-removed", "", &json), 200);
        size_t n = json_array_size(json_object_get(json, "events"));
        json_decref(json);
        if (n == 1) {
            return;
        }
        usleep(10000);
    }
    fail_msg("no event: %s", answer);
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
        cmocka_unit_test(a_thousand_rows_are_paged_through),
        cmocka_unit_test(a_rule_is_put_checked_and_removed),
        cmocka_unit_test(what_is_no_rule_is_refused_by_name),
        cmocka_unit_test(rules_are_imported_row_by_row_and_paged_through),
        cmocka_unit_test(no_more_rules_than_the_configuration_allows),
        cmocka_unit_test(a_client_that_hangs_up_is_no_trouble),
        cmocka_unit_test(a_body_too_large_is_refused),
        cmocka_unit_test(events_name_what_was_done),
    };
    return cmocka_run_group_tests(tests, start, stop);
}
