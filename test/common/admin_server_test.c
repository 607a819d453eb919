/* nf/common/admin_server.h (src/nf/common/admin_server.c, admin_door.c, admin_answer.c,
 * admin_call.c): one table of paths over the Unix socket and over HTTPS, asked over both in one
 * process. */
#include "net/pki.h"

#include "net/https_client.h"
#include "nf/common/admin_server.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <uv.h>

struct world {
    struct pki pki;
    struct admin_server *server;
    uv_loop_t loop;
    uv_async_t stop, reload;
    uv_idle_t later;
    struct admin_call *late; /* waits */
    pthread_t thread;
    atomic_int reloads, ends;
    enum err reloaded;
    bool drop; /* what is ready is not to count */
    struct admin_https https, next;
    struct admin_user users[4];
    struct admin_imsi_range range;
    char socket[64], answer[8192], etag[HTTPS_CLIENT_ETAG_MAX], type[64], why[256];
    unsigned port;
};

/* ---- the paths ---- */

static const struct admin_path paths[] = {
    {"GET", "/v1/who", " after ", ADMIN_READER},
    {"PUT", "/v1/subscribers/{imsi}", "", ADMIN_PROVISIONER},
    {"DELETE", "/v1/subscribers/{imsi}", "", ADMIN_ADMINISTRATOR},
    {"GET", "/v1/all", "", ADMIN_READER},
    {"GET", "/v1/lines", "", ADMIN_READER},
    {"GET", "/v1/later", "", ADMIN_READER},
    {"GET", "/v1/file", "", ADMIN_READER},
};

static void on_later(uv_idle_t *idle)
{
    struct world *w = idle->data;
    (void)uv_idle_stop(idle);
    admin_call_show(w->late, json_pack("{s:s}", "who", w->late->who.name));
    admin_server_resume(w->server, w->late);
    admin_server_run(w->server);
}

static void show_file(struct world *w, struct admin_call *c)
{
    admin_call_file(c, ADMIN_STATUS_OK, "text/plain",
                    open(pki_path(&w->pki, "file", ""), O_RDONLY | O_CLOEXEC));
}

static void handle(struct world *w, struct admin_call *c, int i)
{
    const char *after = admin_call_parameter(c, "after");
    switch (i) {
    case 1:
        admin_call_show(c, json_pack("{s:i,s:s%}", "n", (int)c->body_n, "body",
                                     c->body_n < 100 ? (const char *)c->body : "",
                                     c->body_n < 100 ? c->body_n : 0));
        break;
    case 2:
        admin_call_answer(c, 204, NULL);
        break;
    case 4:
        admin_call_lines(c, ADMIN_STATUS_OK, json_pack("[{s:i},{s:i}]", "a", 1, "a", 2));
        break;
    case 5:
        w->late = c;
        c->phase = ADMIN_WAITING;
        (void)uv_idle_start(&w->later, on_later);
        break;
    case 6:
        show_file(w, c);
        break;
    default:
        admin_call_show(c, json_pack("{s:s,s:s,s:s,s:s,s:b}", "who", c->who.name, "from",
                                     c->who.from, "role", admin_role_name(c->who.role), "after",
                                     after != NULL ? after : "", "lines",
                                     (int)admin_call_accepts(c, ADMIN_NDJSON)));
        break;
    }
}

static void route(void *ctx, struct admin_call *c, const char *method, const char *path)
{
    static const char *const scoped[] = {"/v1/who", NULL};
    struct imsi imsi;
    const int i =
        admin_call_route(c, paths, sizeof paths[0], sizeof paths / sizeof paths[0], method, path);
    if (i < 0 || !admin_call_scoped(c, scoped)) {
        return;
    }
    if (i == 1 || i == 2) {
        (void)admin_path_step(&path);
        (void)admin_path_step(&path);
        if (imsi_parse(admin_path_step(&path), &imsi) != E_OK) {
            (void)admin_call_parameter_wrong(c, "the IMSI", "is none");
            return;
        }
        if (!admin_call_in_scope(c, &imsi)) {
            return;
        }
    }
    handle(ctx, c, i);
}

static void end(void *ctx, struct admin_call *c)
{
    struct world *w = ctx;
    (void)c;
    w->ends++;
}

/* ---- the world ---- */

static void give_role(struct pki *p, const char *name, const char *role)
{
    char usage[80];
    X509 *c = pki_cert(pki_path(p, name, ".crt"));
    EVP_PKEY *own = pki_key(pki_path(p, name, ".key")), *ca = pki_key(pki_path(p, "ca", ".key"));
    snprintf(usage, sizeof usage, "clientAuth," VERIFY_OID_ROLES ".%s", role);
    pki_extend(c, NID_ext_key_usage, usage);
    assert_true(X509_sign(c, ca, EVP_sha256()) > 0);
    pki_save(p, name, c, own);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(own);
    X509_free(c);
}

static void make_certificates(struct pki *p)
{
    static const char *const people[] = {"admin", "maker", "reader", "some", "nobody"};
    char names[60];
    pki_open(p);
    pki_make(p, "ca", NULL, "ca", NULL);
    pki_make(p, "other", NULL, "other", NULL);
    pki_make(p, "server", "ca", "server", "DNS:localhost");
    pki_make(p, "second", "ca", "second", "DNS:localhost");
    for (size_t i = 0; i < sizeof people / sizeof people[0]; i++) {
        snprintf(names, sizeof names, "DNS:%s.example", people[i]);
        pki_make(p, people[i], "ca", people[i], names);
        give_role(p, people[i], "9");
    }
    pki_make(p, "operator", "ca", "operator", "DNS:admin.example");
    give_role(p, "operator", "1");
    pki_make(p, "stranger", "other", "stranger", "DNS:admin.example");
}

static struct imsi imsi_of(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static void make_users(struct world *w)
{
    static char names[4][20] = {"admin.example", "maker.example", "reader.example", "some.example"};
    static const enum admin_role roles[4] = {ADMIN_ADMINISTRATOR, ADMIN_PROVISIONER, ADMIN_READER,
                                             ADMIN_PROVISIONER};
    w->range = (struct admin_imsi_range){imsi_of("001010000000100"), imsi_of("001010000000199")};
    for (size_t i = 0; i < 4; i++) {
        w->users[i] = (struct admin_user){.name = names[i], .role = roles[i]};
    }
    w->users[3].scoped = true;
    w->users[3].scope = (struct admin_scope){.ranges = &w->range, .n_ranges = 1};
}

static void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static void on_reload(uv_async_t *async)
{
    struct world *w = async->data;
    struct admin_why why = {.text = ""};
    struct admin_next *next = NULL;
    w->reloaded = admin_next_open(w->server, &w->next, &next, &why);
    if (w->reloaded == E_OK && !w->drop) {
        admin_next_take(w->server, next);
    } else {
        admin_next_drop(next);
    }
    snprintf(w->why, sizeof w->why, "%s", why.text);
    w->reloads++;
}

static void *serve(void *arg)
{
    struct world *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static void open_server(struct world *w)
{
    struct admin_why why = {.text = ""};
    const struct admin_server_options o = {.path = w->socket,
                                           .https = &w->https,
                                           .program = "test",
                                           .call_size = sizeof(struct admin_call),
                                           .ctx = w,
                                           .route = route,
                                           .end = end};
    assert_ok(admin_server_open(&o, &w->loop, &w->server, &why));
    json_t *view = admin_server_view(w->server);
    const char *listen = json_string_value(json_object_get(view, "listen"));
    assert_int_equal(sscanf(listen, "https://127.0.0.1:%u", &w->port), 1);
    json_decref(view);
}

static int setup_with(void **state, uint32_t burst)
{
    struct world *w = calloc(1, sizeof *w);
    make_certificates(&w->pki);
    make_users(w);
    snprintf(w->socket, sizeof w->socket, "%s", pki_path(&w->pki, "sock", ""));
    FILE *f = fopen(pki_path(&w->pki, "file", ""), "w");
    assert_true(fputs("what is in it\n", f) > 0);
    fclose(f);
    uv_loop_init(&w->loop);
    w->stop.data = w->reload.data = w->later.data = w;
    uv_async_init(&w->loop, &w->stop, on_stop);
    uv_async_init(&w->loop, &w->reload, on_reload);
    uv_idle_init(&w->loop, &w->later);
    w->https = (struct admin_https){.on = true,
                                    .certificate = strdup(pki_path(&w->pki, "server", ".crt")),
                                    .key = strdup(pki_path(&w->pki, "server", ".key")),
                                    .ca = strdup(pki_path(&w->pki, "ca", ".crt")),
                                    .limits = https_limits_default(),
                                    .requests_per_second = 1,
                                    .burst = burst,
                                    .users = w->users,
                                    .n_users = 4};
    assert_ok(address_parse("tls://127.0.0.1:0", &w->https.listen));
    w->next = w->https;
    open_server(w);
    pthread_create(&w->thread, NULL, serve, w);
    *state = w;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 100000);
}

static int setup_sparing(void **state)
{
    return setup_with(state, 2);
}

static int teardown(void **state)
{
    struct world *w = *state;
    uv_async_send(&w->stop);
    pthread_join(w->thread, NULL);
    admin_server_quiesce(w->server);
    admin_server_close(w->server);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->reload, NULL);
    uv_close((uv_handle_t *)&w->later, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    free(w->https.certificate);
    free(w->https.key);
    free(w->https.ca);
    pki_close(&w->pki);
    free(w);
    return 0;
}

/* ---- asking ---- */

static unsigned ask_so(struct world *w, const char *who, const char *method, const char *path,
                       struct bytes body, const char *if_none_match, const char *const *headers)
{
    struct https_client *c = NULL;
    struct https_reply r;
    char url[200];
    struct https_client_options o = {.ca = pki_path(&w->pki, "ca", ".crt"), .total_ms = 60000};
    if (who != NULL) {
        o.certificate = pki_path(&w->pki, who, ".crt");
        o.key = pki_path(&w->pki, who, ".key");
    }
    assert_ok(https_client_open(&o, &c));
    snprintf(url, sizeof url, "https://localhost:%u%s", w->port, path);
    const struct https_request q = {.method = method,
                                    .url = url,
                                    .body = body,
                                    .if_none_match = if_none_match,
                                    .headers = headers};
    assert_ok(https_client_do(c, &q, &r));
    snprintf(w->answer, sizeof w->answer, "%.*s", (int)r.body.n, (const char *)r.body.p);
    snprintf(w->etag, sizeof w->etag, "%s", r.etag);
    snprintf(w->type, sizeof w->type, "%s", r.type);
    https_client_close(c);
    return r.status;
}

static unsigned ask_if(struct world *w, const char *who, const char *method, const char *path,
                       struct bytes body, const char *if_none_match)
{
    return ask_so(w, who, method, path, body, if_none_match, NULL);
}

static unsigned ask(struct world *w, const char *who, const char *method, const char *path,
                    const char *body)
{
    return ask_if(w, who, method, path, bytes_of_str(body != NULL ? body : ""), NULL);
}

/* Over the Unix socket; the whole answer. */
static unsigned ask_local(struct world *w, const char *method, const char *path, const char *header)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char request[300];
    size_t n = 0;
    ssize_t more;
    const int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", w->socket);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    snprintf(request, sizeof request, "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%s\r\n",
             method, path, header);
    assert_int_equal(send(fd, request, strlen(request), MSG_NOSIGNAL), (ssize_t)strlen(request));
    while ((more = recv(fd, w->answer + n, sizeof w->answer - 1 - n, 0)) > 0) {
        n += (size_t)more;
    }
    close(fd);
    w->answer[n] = '\0';
    return n > 12 ? (unsigned)atoi(w->answer + 9) : 0;
}

static void said(const struct world *w, const char *part)
{
    if (strstr(w->answer, part) == NULL) {
        fail_msg("no %s in %s", part, w->answer);
    }
}

static void refused(struct world *w, const char *who, const char *method, const char *path,
                    unsigned status, const char *cause)
{
    char type[80];
    const unsigned got = ask(w, who, method, path, NULL);
    snprintf(type, sizeof type, "\"type\":\"urn:bindery:problem:%s\"", cause);
    said(w, type);
    assert_string_equal(w->type, "application/problem+json");
    assert_int_equal(got, status);
}

static void reload(struct world *w, enum err wanted)
{
    const int before = w->reloads;
    uv_async_send(&w->reload);
    while (w->reloads == before) {
        sched_yield();
    }
    if (w->reloaded != wanted) {
        fail_msg("%s: %s", err_name(w->reloaded), w->why);
    }
}

/* ---- what holds ---- */

/*= test op-api-tls */
static void a_certificate_stands_for_the_user_that_the_configuration_names(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "admin", "GET", "/v1/who", NULL), 200);
    said(w, "{\"who\":\"admin.example\",\"from\":\"127.0.0.1\",\"role\":\"administrator\"");
    assert_int_equal(ask(w, "reader", "GET", "/v1/who?after=a%2Bb", NULL), 200);
    said(w, "\"role\":\"reader\",\"after\":\"a+b\"");
    assert_int_equal(ask(w, "maker", "PUT", "/v1/subscribers/001010000000001", "{\"k\":1}"), 200);
    said(w, "{\"n\":7,\"body\":\"{\\\"k\\\":1}\"}");
}

static void over_the_socket_it_is_the_user_of_the_process(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask_local(w, "GET", "/v1/who", ""), 200);
    said(w, "{\"who\":\"unix:");
    said(w, "\"from\":\"unix\",\"role\":\"administrator\"");
    assert_int_equal(ask_local(w, "DELETE", "/v1/subscribers/001010000000001", ""), 204);
}

static void whoever_is_nobody_here_is_refused_by_name(void **state)
{
    struct world *w = *state;
    refused(w, NULL, "GET", "/v1/who", 403, "no-certificate");
    refused(w, NULL, "GET", "/v1/nowhere", 403, "no-certificate");
    refused(w, "stranger", "GET", "/v1/who", 403, "client-untrusted");
    refused(w, "operator", "GET", "/v1/who", 403, "client-refused"); /* the name, not the role */
    refused(w, "nobody", "GET", "/v1/who", 403, "not-allowed");      /* the role, not the name */
    refused(w, "admin", "GET", "/v1/nowhere", 404, "no-such-path");
    refused(w, "admin", "POST", "/v1/who", 405, "method-not-allowed");
    refused(w, "admin", "GET", "/v1/who?x=1", 400, "bad-parameter");
}

/*= test op-api-role */
static void a_role_does_what_it_may_and_no_more(void **state)
{
    struct world *w = *state;
    refused(w, "reader", "PUT", "/v1/subscribers/001010000000001", 403, "not-allowed");
    refused(w, "reader", "DELETE", "/v1/subscribers/001010000000001", 403, "not-allowed");
    refused(w, "maker", "DELETE", "/v1/subscribers/001010000000001", 403, "not-allowed");
    said(w, " is a provisioner, and this is for an administrator");
    assert_int_equal(ask(w, "admin", "DELETE", "/v1/subscribers/001010000000001", NULL), 204);
    assert_int_equal(ask(w, "maker", "PUT", "/v1/subscribers/001010000000001", "{}"), 200);
}

/*= test op-api-scope */
static void a_scope_holds_and_what_knows_none_is_not_for_those_who_have_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "some", "PUT", "/v1/subscribers/001010000000100", "{}"), 200);
    assert_int_equal(ask(w, "some", "PUT", "/v1/subscribers/001010000000199", "{}"), 200);
    refused(w, "some", "PUT", "/v1/subscribers/001010000000099", 403, "out-of-scope");
    refused(w, "some", "PUT", "/v1/subscribers/001010000000200", 403, "out-of-scope");
    refused(w, "some", "PUT", "/v1/subscribers/00101000000010", 403, "out-of-scope");
    refused(w, "some", "GET", "/v1/all", 403, "out-of-scope");
    assert_int_equal(ask(w, "some", "GET", "/v1/who", NULL), 200);
    assert_int_equal(ask(w, "reader", "GET", "/v1/all", NULL), 200);
}

static void a_web_page_changes_nothing_with_the_certificate_of_a_browser(void **state)
{
    static const char *const of_a_page[] = {"Origin: https://evil.example", NULL};
    struct world *w = *state;
    static const char path[] = "/v1/subscribers/001010000000100";
    const struct bytes body = BYTES_LIT("{}");
    assert_int_equal(ask_so(w, "admin", "PUT", path, body, NULL, of_a_page), 403);
    said(w, "urn:bindery:problem:not-allowed");
    assert_int_equal(ask_so(w, "admin", "PUT", path, body, NULL, NULL), 200);
    assert_int_equal(ask_so(w, "admin", "GET", "/v1/who", (struct bytes){0}, NULL, of_a_page), 200);
}

/*= test op-api-conditional */
static void what_a_client_has_already_is_not_sent_again(void **state)
{
    struct world *w = *state;
    char etag[HTTPS_CLIENT_ETAG_MAX], header[120];
    assert_int_equal(ask(w, "reader", "GET", "/v1/all", NULL), 200);
    memcpy(etag, w->etag, sizeof etag);
    assert_true(etag[0] == '"');
    assert_int_equal(ask_if(w, "reader", "GET", "/v1/all", BYTES_LIT(""), etag), 304);
    assert_string_equal(w->answer, "");
    assert_string_equal(w->etag, etag);
    assert_int_equal(ask_if(w, "admin", "GET", "/v1/all", BYTES_LIT(""), etag), 200);
    assert_string_not_equal(w->etag, etag);
    assert_int_equal(ask_local(w, "GET", "/v1/all", "If-None-Match: *\r\n"), 304);
    assert_int_equal(ask_local(w, "GET", "/v1/all", "If-None-Match: \"a\", b\r\n"), 200);
    const char *at = strstr(w->answer, "ETag: ");
    assert_non_null(at);
    snprintf(header, sizeof header, "If-None-Match: \"a\", W/%.*s\r\n", 26, at + 6);
    assert_int_equal(ask_local(w, "GET", "/v1/all", header), 304);
    assert_int_equal(ask(w, "admin", "PUT", "/v1/subscribers/001010000000001", "{}"), 200);
    assert_string_equal(w->etag, "");
}

static void there_are_lines_files_and_answers_that_come_later(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "reader", "GET", "/v1/lines", NULL), 200);
    assert_string_equal(w->answer, "{\"a\":1}\n{\"a\":2}\n");
    assert_string_equal(w->type, "application/x-ndjson");
    assert_int_equal(ask(w, "reader", "GET", "/v1/file", NULL), 200);
    assert_string_equal(w->answer, "what is in it\n");
    assert_int_equal(ask_local(w, "GET", "/v1/file", ""), 200);
    said(w, "\r\n\r\nwhat is in it\n");
    assert_int_equal(ask(w, "reader", "GET", "/v1/later", NULL), 200);
    said(w, "{\"who\":\"reader.example\"}");
    assert_int_equal(ask_local(w, "GET", "/v1/later", ""), 200);
    said(w, "{\"who\":\"unix:");
    assert_int_equal(
        ask_local(w, "GET", "/v1/who", "Accept: text/html;q=0.9, Application/X-NDJSON\r\n"), 200);
    said(w, "\"lines\":true");
    assert_int_equal(ask_local(w, "GET", "/v1/who", "Accept: application/x-ndjson;q=0\r\n"), 200);
    said(w, "\"lines\":false");
    assert_int_equal(ask_local(w, "GET", "/v1/who", "Accept: */*\r\n"), 200);
    said(w, "\"lines\":false");
}

static void a_body_is_bounded(void **state)
{
    struct world *w = *state;
    char *large = malloc(ADMIN_BODY_MAX + 1);
    memset(large, ' ', ADMIN_BODY_MAX + 1);
    const char *path = "/v1/subscribers/001010000000001";
    struct bytes most = {(uint8_t *)large, ADMIN_BODY_MAX};
    assert_int_equal(ask_if(w, "admin", "PUT", path, most, NULL), 200);
    said(w, "\"n\":1048576");
    most.n++;
    assert_int_equal(ask_if(w, "admin", "PUT", path, most, NULL), 413);
    said(w, "too-large");
    free(large);
}

static void whoever_asks_too_often_waits(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "admin", "GET", "/v1/who", NULL), 200);
    unsigned last = 0;
    for (unsigned i = 0; i < 100 && last != 429; i++) {
        last = ask(w, "admin", "GET", "/v1/who", NULL);
    }
    assert_int_equal(last, 429);
    said(w, "too-many-requests");
}

/*= test op-certificate */
static void users_and_certificates_change_while_it_serves(void **state)
{
    struct world *w = *state;
    struct admin_https next = w->https;
    char certificate[64], key[64], ca[64];
    snprintf(certificate, sizeof certificate, "%s", pki_path(&w->pki, "second", ".crt"));
    snprintf(key, sizeof key, "%s", pki_path(&w->pki, "second", ".key"));
    snprintf(ca, sizeof ca, "%s", pki_path(&w->pki, "other", ".crt"));
    assert_int_equal(ask(w, "maker", "PUT", "/v1/subscribers/001010000000001", "{}"), 200);
    next.users = w->users + 2; /* the first two go */
    next.n_users = 2;
    w->next = next;
    reload(w, E_OK);
    refused(w, "maker", "PUT", "/v1/subscribers/001010000000001", 403, "not-allowed");
    assert_int_equal(ask(w, "reader", "GET", "/v1/who", NULL), 200);
    /* the key of another: all stays */
    w->next.users = w->users;
    w->next.n_users = 4;
    w->next.key = key;
    reload(w, E_BAD_VALUE);
    assert_non_null(strstr(w->why, "two pairs"));
    refused(w, "maker", "PUT", "/v1/subscribers/001010000000001", 403, "not-allowed");
    w->next.certificate = certificate;
    w->drop = true; /* what is good may be dropped too */
    reload(w, E_OK);
    refused(w, "maker", "PUT", "/v1/subscribers/001010000000001", 403, "not-allowed");
    w->drop = false;
    reload(w, E_OK);
    assert_int_equal(ask(w, "maker", "PUT", "/v1/subscribers/001010000000001", "{}"), 200);
    w->next.ca = ca;
    reload(w, E_OK);
    refused(w, "maker", "GET", "/v1/who", 403, "client-untrusted");
    json_t *view = admin_server_view(w->server);
    const json_t *counts = json_object_get(view, "refused");
    assert_int_equal(json_integer_value(json_object_get(counts, "client-untrusted")), 1);
    json_decref(view);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        TEST(a_certificate_stands_for_the_user_that_the_configuration_names),
        TEST(over_the_socket_it_is_the_user_of_the_process),
        TEST(whoever_is_nobody_here_is_refused_by_name),
        TEST(a_role_does_what_it_may_and_no_more),
        TEST(a_scope_holds_and_what_knows_none_is_not_for_those_who_have_one),
        TEST(a_web_page_changes_nothing_with_the_certificate_of_a_browser),
        TEST(what_a_client_has_already_is_not_sent_again),
        TEST(there_are_lines_files_and_answers_that_come_later),
        TEST(a_body_is_bounded),
        TEST(users_and_certificates_change_while_it_serves),
#undef TEST
        cmocka_unit_test_setup_teardown(whoever_asks_too_often_waits, setup_sparing, teardown),
    };
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
