/* The administration interface of an MME over its socket, and the loop that serves it: an MME in a
 * child process, HTTP as octets. Covers src/nf/mmed/admin_view.c, src/nf/mmed/admin_events.c,
 * src/nf/mmed/serve.c, src/nf/common/admin_server.c, src/nf/common/admin_call.c and
 * src/nf/common/admin_problem.c. */
#include "lib/check.h"

#include "common/half_reload.h"
#include "nf/mmed/admin.h"
#include "nf/mmed/events.h"
#include "nf/mmed/serve.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define UES 5

static char folder[40];
static char socket_path[64];
static char notify_path[64];
static pid_t child;

/* ---- the MME --------------------------------------------------------------------------------- */

static const char config_text[] =
    "origin_host: mme1.example.net\norigin_realm: example.net\nplmn: \"001-01\"\n"
    "listeners: [{address: \"s1-tcp://127.0.0.1:0\"}]\n"
    "homes: [{peers: [hss.example.net]}]\n"
    "peers: [{origin_host: hss.example.net, realm: example.net, address: \"tcp://127.0.0.1:1\"}]\n"
    "log: {level: error, mask_imsi: true}\n";
static const char limits_text[] = "limits: {ues: 100, events_kept: 100}\n";

#define SOCKET "admin: {socket: mme.sock}\n"
static struct half half; /* its log is the MME's */

/* With other limits than those of the start, if there are any. */
static void write_config(const char *admin, const char *limits)
{
    char path[64];
    snprintf(path, sizeof path, "%s/mmed.yaml", folder);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "%s%s%s", config_text, admin, limits[0] != '\0' ? limits : limits_text);
    fclose(f);
}

/* Contexts of five subscriptions, two events: as much as there is without an eNB. */
static void furnish(struct mmed *m)
{
    struct imsi imsi;
    for (unsigned i = 0; i < UES; i++) {
        char digits[24];
        snprintf(digits, sizeof digits, "00101000000000%u", i);
        struct ue *ue = ue_table_new(m->ues);
        if (ue == NULL || imsi_parse(bytes_of_str(digits), &imsi) != E_OK) {
            _exit(12);
        }
        ue_table_set_imsi(m->ues, ue, &imsi);
    }
    events_add(m->events, "registered", &imsi, NULL, NULL, NULL);
    events_add(m->events, "refused", NULL, NULL, "binding-failed", "\x1b[31m");
}

/* In the child: never returns. */
static void serve(void)
{
    static struct mmed m;
    char path[64];
    struct mmed_config *config = NULL;
    struct config_why config_why;
    struct admin_why why = {""};
    snprintf(path, sizeof path, "%s/mmed.yaml", folder);
    mmed_signals();
    if (mmed_config_load(path, &config, &config_why) != E_OK ||
        mmed_open(&m, config, half.log) != E_OK) {
        _exit(10);
    }
    furnish(&m);
    enum err err = mmed_serve(&m, notify_path, &why);
    mmed_close(&m);
    mmed_config_free(config);
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

static void make_folder(void)
{
    strcpy(folder, "/tmp/bindery-mmeadmin-XXXXXX");
    assert_non_null(mkdtemp(folder));
    snprintf(socket_path, sizeof socket_path, "%s/mme.sock", folder);
}

/* Until it answers. */
static int launch(void)
{
    char said[32] = "";
    int fd = notify_socket();
    child = fork();
    if (child == 0) {
        serve();
    }
    ssize_t n = recv(fd, said, sizeof said - 1, 0); /* the tests' own time-out is the last resort */
    close(fd);
    return n > 0 && strcmp(said, "READY=1") == 0 ? 0 : -1;
}

static int start(void **state)
{
    (void)state;
    make_folder();
    write_config(SOCKET, "");
    return launch();
}

/* How it ended; once. A second signal would find nobody who takes it. */
static int ended(void)
{
    int status = -1;
    if (child > 0) {
        waitpid(child, &status, 0);
        child = 0;
    }
    return status;
}

static int stop(void **state)
{
    char command[64];
    (void)state;
    if (child > 0) {
        kill(child, SIGTERM);
    }
    int status = child > 0 ? ended() : 0;
    bool gone = access(socket_path, F_OK) != 0;
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 && gone && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

/* ---- HTTP ------------------------------------------------------------------------------------ */

static char answer[1 << 18];

static int send_request(const char *method, const char *path, const char *body)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char request[1024];
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    int length = snprintf(request, sizeof request,
                          "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                          "Content-Length: %zu\r\n\r\n%s",
                          method, path, strlen(body), body);
    assert_int_equal(send(fd, request, (size_t)length, MSG_NOSIGNAL), length);
    return fd;
}

static int receive_answer(int fd, json_t **out)
{
    size_t got = 0;
    ssize_t n;
    while ((n = recv(fd, answer + got, sizeof answer - 1 - got, 0)) > 0) {
        got += (size_t)n;
    }
    close(fd);
    answer[got] = '\0';
    const char *text = strstr(answer, "\r\n\r\n");
    assert_non_null(text);
    *out = json_loads(text + 4, 0, NULL);
    return atoi(answer + strlen("HTTP/1.1 "));
}

static int ask(const char *method, const char *path, const char *body, json_t **out)
{
    return receive_answer(send_request(method, path, body), out);
}

static json_t *asked(const char *path)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", path, "", &json), 200);
    assert_non_null(json);
    return json;
}

static void expect_problem(int status, const char *name, const char *method, const char *path,
                           const char *body)
{
    json_t *json = NULL;
    int got = ask(method, path, body, &json);
    const char *type = json_string_value(json_object_get(json, "type"));
    bool same = type != NULL && strcmp(type + strlen("urn:bindery:problem:"), name) == 0;
    json_decref(json);
    if (!same || got != status) {
        fail_msg("%s %s %s: wanted %s, got %s", method, path, body, name, answer);
    }
    assert_non_null(strstr(answer, "application/problem+json"));
}

static json_int_t number_at(const json_t *o, const char *key)
{
    assert_true(json_is_integer(json_object_get(o, key)));
    return json_integer_value(json_object_get(o, key));
}

/* ---- tests: one MME for all, in this order --------------------------------------------------- */

static void only_its_owner_may_open_the_socket(void **state)
{
    (void)state;
    struct stat st;
    assert_int_equal(stat(socket_path, &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
}

static void the_status_has_all_its_parts(void **state)
{
    (void)state;
    json_t *s = asked("/v1/status");
    assert_string_equal(json_string_value(json_object_get(s, "program")), "bindery-mmed");
    assert_int_equal(number_at(json_object_get(s, "ues"), "all"), UES);
    assert_int_equal(number_at(json_object_get(s, "ues"), "deregistered"), UES);
    assert_int_equal(number_at(json_object_get(s, "limits"), "ues"), 100);
    assert_int_equal(number_at(json_object_get(s, "counters"), "s1_setups"), 0);
    json_t *peer = json_array_get(json_object_get(s, "peers"), 0);
    assert_true(json_is_false(json_object_get(peer, "connected")));
    json_t *listener = json_array_get(json_object_get(s, "listeners"), 0);
    const char *at = json_string_value(json_object_get(listener, "address"));
    assert_non_null(at);
    assert_null(strstr(at, ":0")); /* the port that it got */
    assert_int_equal(json_object_size(json_object_get(s, "refusals")), 0);
    json_decref(s);
}

static size_t events_for(const char *query, json_int_t *next)
{
    char path[200];
    snprintf(path, sizeof path, "/v1/events?%s", query);
    json_t *page = asked(path);
    const size_t n = json_array_size(json_object_get(page, "events"));
    *next = number_at(page, "next");
    json_decref(page);
    return n;
}

static json_int_t newest(void)
{
    json_int_t next = 0;
    (void)events_for("limit=1000", &next);
    return next;
}

static void events_come_in_order_masked_and_from_where_one_was(void **state)
{
    (void)state;
    char path[80];
    json_t *page = asked("/v1/events?limit=1");
    json_t *e = json_array_get(json_object_get(page, "events"), 0);
    assert_string_equal(json_string_value(json_object_get(e, "name")), "registered");
    assert_string_equal(json_string_value(json_object_get(e, "imsi")), "00101*******004");
    const json_int_t first = number_at(page, "next");
    assert_true(first > 1700000000000); /* behind all that a process before could have had */
    json_decref(page);
    snprintf(path, sizeof path, "/v1/events?after=%lld", (long long)first);
    page = asked(path);
    e = json_array_get(json_object_get(page, "events"), 0);
    assert_string_equal(json_string_value(json_object_get(e, "cause")), "binding-failed");
    assert_int_equal(number_at(page, "next"), first + 1);
    json_decref(page);
    page = asked("/v1/events?name=nothing");
    assert_int_equal(json_array_size(json_object_get(page, "events")), 0);
    assert_int_equal(number_at(page, "next"), first + 1);
    json_decref(page);
}

/*= test op-events-follow */
static void events_are_chosen_as_those_of_the_hss_are(void **state)
{
    (void)state;
    json_int_t next = 0;
    assert_int_equal(events_for("imsi=001010000000004", &next), 1); /* whole, though it is masked */
    assert_int_equal(events_for("imsi=001010000000003", &next), 0);
    assert_int_equal(events_for("cause=binding-failed", &next), 1);
    assert_int_equal(events_for("cause=binding-failed&name=registered", &next), 0);
    assert_int_equal(events_for("imei=35693803564380", &next), 0);
    assert_int_equal(events_for("peer=hss.example.net", &next), 0); /* none has one */
    assert_int_equal(events_for("since=2026-01-31T12:00:00Z", &next), 2);
    assert_int_equal(events_for("since=2199-01-31T12:00:00Z", &next), 0);
    assert_int_equal(next, newest());
    assert_int_equal(events_for("before=922337203685477580&limit=1", &next), 1);
    assert_int_equal(next, newest());
    /* an id that no event has yet is of a process whose clock was ahead */
    assert_int_equal(events_for("after=92233720368547758", &next), 2);
    assert_int_equal(next, newest());
    expect_problem(400, "bad-parameter", "GET", "/v1/events?imsi=12", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/events?wait=31", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/events?since=now", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/events?filter=1", "");
}

static void ues_come_in_pages_each_once(void **state)
{
    (void)state;
    char path[64] = "/v1/ues?limit=2";
    unsigned seen = 0, pages = 0;
    for (bool more = true; more; pages++) {
        json_t *page = asked(path);
        json_t *ues = json_object_get(page, "ues");
        const char *next = json_string_value(json_object_get(page, "next"));
        for (size_t i = 0; i < json_array_size(ues); i++) {
            seen++;
            json_t *ue = json_array_get(ues, i);
            assert_string_equal(json_string_value(json_object_get(ue, "state")), "deregistered");
            assert_true(json_is_null(json_object_get(ue, "enb")));
        }
        more = next != NULL;
        snprintf(path, sizeof path, "/v1/ues?limit=2&after=%s", more ? next : "");
        json_decref(page);
    }
    assert_int_equal(seen, UES);
    assert_int_equal(pages, 3);
}

static void one_is_found_by_its_imsi(void **state)
{
    (void)state;
    json_t *page = asked("/v1/ues?imsi=001010000000003");
    assert_int_equal(json_array_size(json_object_get(page, "ues")), 1);
    json_decref(page);
    page = asked("/v1/ues?imsi=001010000000009");
    assert_int_equal(json_array_size(json_object_get(page, "ues")), 0);
    json_decref(page);
    page = asked("/v1/enbs");
    assert_int_equal(json_array_size(json_object_get(page, "enbs")), 0);
    json_decref(page);
}

static void one_that_is_detached_is_gone(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(ask("POST", "/v1/ues/001010000000003/detach", "{\"reattach\":true}", &json),
                     202);
    assert_int_equal(number_at(json, "detached"), 1);
    json_decref(json);
    expect_problem(404, "no-such-ue", "POST", "/v1/ues/001010000000003/detach", "");
    json = asked("/v1/status");
    assert_int_equal(number_at(json_object_get(json, "ues"), "all"), UES - 1);
    json_decref(json);
}

/*= test op-audit */
static void who_changed_something_is_an_event(void **state)
{
    (void)state;
    json_t *page = asked("/v1/events?name=admin-change");
    const json_t *list = json_object_get(page, "events");
    assert_int_equal(json_array_size(list), 1); /* the 404 changed nothing */
    const json_t *e = json_array_get(list, 0);
    assert_string_equal(json_string_value(json_object_get(e, "imsi")), "00101*******003");
    assert_true(json_is_null(json_object_get(e, "cause")));
    const char *detail = json_string_value(json_object_get(e, "detail"));
    assert_non_null(detail);
    assert_non_null(strstr(detail, "POST /v1/ues/{imsi}/detach by unix:"));
    assert_non_null(strstr(detail, " from unix: 1 detached, to attach"));
    json_decref(page);
    json_t *json = NULL;
    write_config(SOCKET, "limits: {ues: 0}\n");
    assert_int_equal(ask("POST", "/v1/reload", "", &json), 409);
    json_decref(json);
    page = asked("/v1/events?name=admin-change&cause=configuration-refused");
    assert_int_equal(json_array_size(json_object_get(page, "events")), 1);
    json_decref(page);
    write_config(SOCKET, "");
    assert_int_equal(ask("POST", "/v1/reload", "", &json), 200);
    json_decref(json);
    json_int_t next = 0;
    assert_int_equal(events_for("name=admin-change", &next), 3);
}

/*= test op-events-follow */
static void who_waits_for_an_event_is_told_when_it_comes(void **state)
{
    (void)state;
    char path[120];
    json_t *json = NULL;
    snprintf(path, sizeof path,
             "/v1/events?wait=30&name=admin-change&imsi=001010000000002&after=%lld",
             (long long)newest());
    int fd = send_request("GET", path, "");
    /* Long enough for the detachment to come before its end, however slow this goes. */
    snprintf(path, sizeof path, "/v1/events?wait=5&name=nothing&after=%lld", (long long)newest());
    int other = send_request("GET", path, "");
    assert_int_equal(ask("POST", "/v1/ues/001010000000001/detach", "", &json), 202);
    json_decref(json);
    assert_int_equal(receive_answer(other, &json), 200); /* its time is up */
    assert_int_equal(json_array_size(json_object_get(json, "events")), 0);
    assert_int_equal(number_at(json, "next"), newest());
    json_decref(json);
    assert_int_equal(ask("POST", "/v1/ues/001010000000002/detach", "", &json), 202);
    json_decref(json);
    assert_int_equal(receive_answer(fd, &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "events")), 1);
    json_decref(json);
    json = asked("/v1/status"); /* and it serves on */
    assert_int_equal(number_at(json_object_get(json, "ues"), "all"), UES - 3);
    json_decref(json);
}

/* The last of all. */
static void who_waits_is_answered_when_the_mme_stops(void **state)
{
    (void)state;
    char path[80];
    json_t *json = NULL;
    snprintf(path, sizeof path, "/v1/events?wait=30&name=nothing&after=%lld", (long long)newest());
    int fd = send_request("GET", path, "");
    for (unsigned i = 0; i < 2; i++) { /* behind it on the one thread, a turn each */
        json = asked("/v1/status");
        json_decref(json);
    }
    kill(child, SIGTERM);
    assert_int_equal(receive_answer(fd, &json), 200);
    assert_int_equal(json_array_size(json_object_get(json, "events")), 0);
    json_decref(json);
    const int status = ended();
    assert_true(WIFEXITED(status));
    assert_int_equal(WEXITSTATUS(status), 0);
}

static void what_is_wrong_is_named(void **state)
{
    (void)state;
    expect_problem(404, "no-such-path", "GET", "/v1/subscribers", "");
    expect_problem(404, "no-such-path", "GET", "/", "");
    expect_problem(405, "method-not-allowed", "GET", "/v1/ues/001010000000001/detach", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/ues?limit=0", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/ues?limit=1001", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/ues?imsi=12", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/ues?after=x", "");
    expect_problem(400, "bad-parameter", "GET", "/v1/status?x=1", "");
    expect_problem(400, "bad-parameter", "POST", "/v1/ues/12/detach", "");
    expect_problem(400, "not-json", "POST", "/v1/ues/001010000000001/detach", "{");
    expect_problem(422, "bad-member", "POST", "/v1/ues/001010000000001/detach", "[]");
    expect_problem(422, "bad-member", "POST", "/v1/ues/001010000000001/detach", "{\"reattach\":1}");
    expect_problem(422, "unknown-member", "POST", "/v1/ues/001010000000001/detach", "{\"x\":1}");
    json_t *json = asked("/v1/ues");
    assert_int_equal(json_array_size(json_object_get(json, "ues")), UES - 3);
    json_decref(json);
}

static void a_second_one_is_told_that_the_first_answers(void **state)
{
    (void)state;
    static struct mmed m;
    char path[64];
    struct mmed_config *config = NULL;
    struct config_why config_why;
    struct admin_why why = {""};
    snprintf(path, sizeof path, "%s/mmed.yaml", folder);
    assert_ok(mmed_config_load(path, &config, &config_why));
    assert_ok(mmed_open(&m, config, NULL));
    assert_int_equal(mmed_serve(&m, NULL, &why), E_LOCKED);
    assert_non_null(strstr(why.text, "is this MME running already?"));
    mmed_close(&m);
    mmed_config_free(config);
    assert_int_equal(access(socket_path, F_OK), 0);
}

/* ---- tests: an MME of its own ---------------------------------------------------------------- */

#define HTTPS(https) "admin:\n  socket: mme.sock\n  https: " https "\n"

static int start_half(void **state)
{
    static struct pki pki;
    (void)state;
    make_folder();
    snprintf(pki.dir, sizeof pki.dir, "%s", folder);
    half_open(&half, &pki);
    write_config(HTTPS(HALF_ADMIN_BEFORE) HALF_METRICS_BEFORE, "");
    return launch();
}

static int stop_half(void **state)
{
    half_close(&half);
    return stop(state);
}

/*= test op-reload */
static void a_reload_that_fails_at_the_last_interface_changes_none_of_them(void **state)
{
    (void)state;
    json_t *json = asked("/v1/status");
    half_ports(&half, json_incref(json_object_get(json, "admin")));
    json_decref(json);
    half_is_before(&half);
    half_forget(&half);
    half_wrong_key(&half, "adm2");
    write_config(HTTPS(HALF_ADMIN_AFTER) HALF_METRICS_AFTER, "");
    expect_problem(409, "configuration-refused", "POST", "/v1/reload", "");
    assert_non_null(strstr(answer, "admin.https: "));
    half_said(&half, "\"configuration-refused\"", "admin.https: ");
    half_is_before(&half);
    half_right_key(&half, "adm2");
    json = NULL;
    assert_int_equal(ask("POST", "/v1/reload", "", &json), 200);
    json_decref(json);
    half_is_after(&half);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_its_owner_may_open_the_socket),
        cmocka_unit_test(the_status_has_all_its_parts),
        cmocka_unit_test(events_come_in_order_masked_and_from_where_one_was),
        cmocka_unit_test(events_are_chosen_as_those_of_the_hss_are),
        cmocka_unit_test(ues_come_in_pages_each_once),
        cmocka_unit_test(one_is_found_by_its_imsi),
        cmocka_unit_test(one_that_is_detached_is_gone),
        cmocka_unit_test(who_changed_something_is_an_event),
        cmocka_unit_test(who_waits_for_an_event_is_told_when_it_comes),
        cmocka_unit_test(what_is_wrong_is_named),
        cmocka_unit_test(a_second_one_is_told_that_the_first_answers),
        cmocka_unit_test(who_waits_is_answered_when_the_mme_stops),
    };
    const struct CMUnitTest own[] = {
        cmocka_unit_test(a_reload_that_fails_at_the_last_interface_changes_none_of_them),
    };
    const int failed = cmocka_run_group_tests(tests, start, stop);
    return failed + cmocka_run_group_tests(own, start_half, stop_half);
}
