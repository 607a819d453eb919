/* An administrator of bindery-mmed who is configured for some subscriptions alone: over HTTPS he
 * sees their UEs and their events and detaches them, and learns of no other whether it is there
 * (src/nf/mmed/admin.c). The administration of an MME in a thread, asked from outside. */
#include "net/pki.h"

#include "net/https_client.h"
#include "nf/mmed/admin.h"
#include "nf/mmed/emm_parts.h"
#include "nf/mmed/events.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

#define INSIDE  "001010000000150"
#define OUTSIDE "001010000000001"
#define FOREIGN "002020000000150" /* of another PLMN */
#define NOBODY  "001010000000002" /* outside, and not there */

static struct pki pki;
static struct mmed mmed;
static struct mmed_config *config;
static struct mmed_admin *admin;
static uv_loop_t loop;
static uv_async_t over;
static pthread_t thread;
static unsigned port;
static char answer[1 << 16];

/* ---- the MME --------------------------------------------------------------------------------- */

static void make_client(const char *name, const char *san)
{
    pki_make(&pki, name, "ca", name, san);
    X509 *c = pki_cert(pki_path(&pki, name, ".crt"));
    EVP_PKEY *own = pki_key(pki_path(&pki, name, ".key"));
    EVP_PKEY *ca = pki_key(pki_path(&pki, "ca", ".key"));
    pki_extend(c, NID_ext_key_usage, "clientAuth,1.3.6.1.4.1.32473.1.1.9");
    assert_true(X509_sign(c, ca, EVP_sha256()) > 0);
    pki_save(&pki, name, c, own);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(own);
    X509_free(c);
}

static void write_config(const char *path)
{
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("origin_host: mme1.example.net\norigin_realm: example.net\nplmn: \"001-01\"\n"
          "admin:\n  socket: mme.sock\n  https:\n    listen: https://127.0.0.1:0\n"
          "    certificate: server.crt\n    key: server.key\n    ca: ca.crt\n    users:\n"
          "      - {name: ops.example, role: administrator}\n"
          "      - {name: narrow.example, role: administrator, imsi_ranges: "
          "[\"001010000000100-001010000000199\"]}\n"
          "      - {name: abroad.example, role: administrator, plmns: [\"002-02\"]}\n"
          "listeners: [{address: \"s1-tcp://127.0.0.1:0\"}]\n"
          "homes: [{peers: [hss.example.net]}]\n"
          "peers: [{origin_host: hss.example.net, realm: example.net, "
          "address: \"tcp://127.0.0.1:1\"}]\n"
          "limits: {ues: 100, events_kept: 100}\nlog: {level: error, mask_imsi: false}\n",
          f);
    fclose(f);
}

/* One that was authenticated as this; NULL: one of which nobody knows yet who it is. */
static void add_ue(const char *digits)
{
    struct imsi imsi;
    struct ue *ue = ue_table_new(mmed.ues);
    assert_non_null(ue);
    if (digits != NULL) {
        assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
        ue_table_set_imsi(mmed.ues, ue, &imsi);
        ue->emm->who = (struct emm_who){.has_imsi = true, .authenticated = true, .imsi = imsi};
    }
}

static void add_event(const char *name, const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    (void)events_add(mmed.events, name, &imsi, NULL, NULL, NULL);
}

static void furnish(void)
{
    add_ue(INSIDE);
    add_ue(OUTSIDE);
    add_ue(FOREIGN);
    add_ue(NULL);
    add_event("registered", OUTSIDE);
    add_event("registered", INSIDE);
    (void)events_add(mmed.events, "files-read", NULL, NULL, NULL, NULL);
    add_event("registered", FOREIGN);
}

static void on_over(uv_async_t *async)
{
    mmed_admin_stop(admin);
    uv_close((uv_handle_t *)async, NULL);
}

static void *run(void *arg)
{
    (void)arg;
    uv_run(&loop, UV_RUN_DEFAULT);
    return NULL;
}

/* The port over HTTPS, as the status says it over the socket. */
static unsigned port_taken(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    static const char request[] = "GET /v1/status HTTP/1.0\r\nHost: x\r\n\r\n";
    static const char listen[] = "https://127.0.0.1:";
    size_t got = 0;
    ssize_t n;
    snprintf(at.sun_path, sizeof at.sun_path, "%s", pki_path(&pki, "mme", ".sock"));
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(send(fd, request, sizeof request - 1, MSG_NOSIGNAL), sizeof request - 1);
    while ((n = recv(fd, answer + got, sizeof answer - 1 - got, 0)) > 0) {
        got += (size_t)n;
    }
    close(fd);
    answer[got] = '\0';
    const char *port_at = strstr(answer, listen);
    assert_non_null(port_at);
    return (unsigned)strtoul(port_at + sizeof listen - 1, NULL, 10);
}

static int setup(void **state)
{
    char path[64];
    struct config_why wrong;
    struct admin_why why;
    (void)state;
    pki_open(&pki);
    pki_make(&pki, "ca", NULL, "ca", NULL);
    pki_make(&pki, "server", "ca", "server", "DNS:localhost");
    make_client("ops", "DNS:ops.example");
    make_client("narrow", "DNS:narrow.example");
    make_client("abroad", "DNS:abroad.example");
    snprintf(path, sizeof path, "%s", pki_path(&pki, "mmed", ".yaml"));
    write_config(path);
    assert_ok(mmed_config_load(path, &config, &wrong));
    assert_ok(mmed_open(&mmed, config, NULL));
    furnish();
    assert_int_equal(uv_loop_init(&loop), 0);
    assert_int_equal(uv_async_init(&loop, &over, on_over), 0);
    assert_ok(mmed_admin_start(&mmed, &loop, &admin, &why));
    assert_int_equal(pthread_create(&thread, NULL, run, NULL), 0);
    port = port_taken();
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    uv_async_send(&over);
    pthread_join(thread, NULL);
    assert_int_equal(uv_loop_close(&loop), 0);
    mmed_close(&mmed);
    mmed_config_free(config);
    pki_close(&pki);
    return 0;
}

/* ---- who asks -------------------------------------------------------------------------------- */

static unsigned by(const char *who, const char *method, const char *path)
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
    const struct https_request q = {.method = method, .url = url};
    assert_ok(https_client_do(c, &q, &r));
    snprintf(answer, sizeof answer, "%.*s", (int)r.body.n, (const char *)r.body.p);
    https_client_close(c);
    return r.status;
}

static void sees(const char *who, const char *path, const char *list, const char *wanted)
{
    char imsis[200] = "";
    size_t i;
    json_t *row;
    assert_int_equal(by(who, "GET", path), 200);
    json_t *page = json_loads(answer, 0, NULL);
    json_array_foreach(json_object_get(page, list), i, row)
    {
        const char *imsi = json_string_value(json_object_get(row, "imsi"));
        const size_t n = strlen(imsis);
        snprintf(imsis + n, sizeof imsis - n, "%s%s", n > 0 ? " " : "", imsi ? imsi : "-");
    }
    json_decref(page);
    assert_string_equal(imsis, wanted);
}

static void out_of_scope(const char *who, const char *method, const char *path)
{
    assert_int_equal(by(who, method, path), 403);
    if (strstr(answer, "\"urn:bindery:problem:out-of-scope\"") == NULL) {
        fail_msg("%s %s: %s", method, path, answer);
    }
}

/* ---- tests: one MME for all, in this order --------------------------------------------------- */

static void only_the_ues_of_a_scope_are_seen(void **state)
{
    (void)state;
    sees("ops", "/v1/ues", "ues", INSIDE " " OUTSIDE " " FOREIGN " -");
    sees("narrow", "/v1/ues", "ues", INSIDE);
    sees("abroad", "/v1/ues", "ues", FOREIGN);
    sees("narrow", "/v1/ues?imsi=" INSIDE, "ues", INSIDE);
}

static void a_page_ends_with_the_scope(void **state)
{
    (void)state;
    sees("narrow", "/v1/ues?limit=1", "ues", INSIDE);
    assert_non_null(strstr(answer, "\"next\":null")); /* behind it are others', of no concern */
    sees("abroad", "/v1/ues?limit=1", "ues", FOREIGN);
    assert_non_null(strstr(answer, "\"next\":null"));
    sees("ops", "/v1/ues?limit=1", "ues", INSIDE);
    assert_null(strstr(answer, "\"next\":null"));
}

static void of_another_it_is_not_said_whether_it_is_there(void **state)
{
    static char there[sizeof answer];
    (void)state;
    out_of_scope("narrow", "GET", "/v1/ues?imsi=" OUTSIDE);
    snprintf(there, sizeof there, "%s", answer);
    out_of_scope("narrow", "GET", "/v1/ues?imsi=" NOBODY);
    assert_string_equal(there, answer);
    out_of_scope("narrow", "GET", "/v1/ues?imsi=" FOREIGN);
    out_of_scope("abroad", "GET", "/v1/ues?imsi=" INSIDE);
}

static void only_the_events_of_a_scope_are_seen(void **state)
{
    (void)state;
    sees("ops", "/v1/events?limit=4", "events", OUTSIDE " " INSIDE " - " FOREIGN);
    sees("narrow", "/v1/events?name=registered", "events", INSIDE);
    sees("narrow", "/v1/events?name=files-read", "events", "");
    sees("abroad", "/v1/events?name=registered", "events", FOREIGN);
}

static void what_concerns_all_is_not_shown(void **state)
{
    (void)state;
    out_of_scope("narrow", "GET", "/v1/enbs");
    out_of_scope("narrow", "POST", "/v1/reload");
    out_of_scope("abroad", "GET", "/v1/enbs");
    assert_int_equal(by("narrow", "GET", "/v1/status"), 200);
    assert_null(strstr(answer, OUTSIDE));
    assert_int_equal(by("narrow", "GET", "/v1/openapi.yaml"), 200);
    assert_int_equal(by("ops", "GET", "/v1/enbs"), 200);
}

static void only_a_ue_of_the_scope_is_detached(void **state)
{
    (void)state;
    out_of_scope("narrow", "POST", "/v1/ues/" OUTSIDE "/detach");
    out_of_scope("narrow", "POST", "/v1/ues/" NOBODY "/detach");
    out_of_scope("abroad", "POST", "/v1/ues/" INSIDE "/detach");
    sees("ops", "/v1/ues", "ues", INSIDE " " OUTSIDE " " FOREIGN " -");
    assert_int_equal(by("narrow", "POST", "/v1/ues/" INSIDE "/detach"), 202);
    assert_int_equal(by("narrow", "POST", "/v1/ues/" INSIDE "/detach"), 404);
    sees("ops", "/v1/ues", "ues", OUTSIDE " " FOREIGN " -");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(only_the_ues_of_a_scope_are_seen),
        cmocka_unit_test(a_page_ends_with_the_scope),
        cmocka_unit_test(of_another_it_is_not_said_whether_it_is_there),
        cmocka_unit_test(only_the_events_of_a_scope_are_seen),
        cmocka_unit_test(what_concerns_all_is_not_shown),
        cmocka_unit_test(only_a_ue_of_the_scope_is_detached),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, setup, teardown);
}
