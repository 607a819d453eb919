/* net/https.h with src/net/https_call.c, src/net/https_conn.c, src/net/https_response.c and
 * src/net/https_file.c, net/https_rate.h and net/https_rates.h: a server on a thread of its own,
 * asked by net/https_client.h and by bare sockets. */
#include "net/pki.h"

#include "net/https.h"
#include "net/https_client.h"
#include "net/https_rate.h"
#include "net/https_rates.h"
#include "net/socket.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <uv.h>

struct world {
    struct pki pki;
    struct verifier *verifier, *other;
    struct https_server *server;
    uv_loop_t loop;
    uv_async_t stop, wake, distrust;
    pthread_t thread;
    struct address bound;
    char url[64];
    _Atomic uint64_t ahead_ms;
    atomic_int denied, headers, ended, ports, crowded, distrusted;
    uint16_t port;
    struct https_call *waiting;
};

/* ---- the server's side ---- */

static void on_denied(void *ctx, struct https_call *c)
{
    struct world *w = ctx;
    w->denied++;
    https_problem(c, 403, verify_verdict_name(c->peer->verdict), "No", "with \"quotes\"\n");
}

static void on_headers(void *ctx, struct https_call *c)
{
    struct world *w = ctx;
    w->headers++;
    w->ports += c->from->port != w->port;
    w->port = c->from->port;
    c->body_most = 1000;
    c->streams = strcmp(c->path, "/stream") == 0;
    if (strcmp(c->path, "/early") == 0) {
        https_problem(c, 413, "early", "No", NULL);
    }
}

static void on_data(void *ctx, struct https_call *c, struct bytes part)
{
    (void)ctx;
    c->retry_after += (unsigned)part.n;
}

static void echo(struct https_call *c)
{
    char *text = malloc(c->body_n + 1);
    memcpy(text, c->body_n > 0 ? c->body : (const uint8_t *)"", c->body_n);
    https_answer(c, 200, "text/plain", text, c->body_n);
}

static void answer_kept(struct https_call *c)
{
    snprintf(c->etag, sizeof c->etag, "\"v1\"");
    c->modified = 1800000000; /* Fri, 15 Jan 2027 08:00:00 GMT */
    c->cache = "private, max-age=9";
    if (https_unchanged(c)) {
        https_answer(c, 304, NULL, NULL, 0);
    } else {
        echo(c);
    }
}

static void on_request(void *ctx, struct https_call *c)
{
    struct world *w = ctx;
    if (c->body_too_large) {
        https_problem(c, 413, "too-large", "No", NULL);
    } else if (strcmp(c->path, "/wait") == 0) {
        c->phase = HTTPS_WAITING;
        w->waiting = c;
        uv_async_send(&w->wake);
    } else if (strcmp(c->path, "/large") == 0) {
        https_answer(c, 200, "text/plain", calloc(1, 100000), 100000);
    } else if (strcmp(c->path, "/moved") == 0) {
        https_answer(c, 302, NULL, NULL, 0);
    } else if (strcmp(c->path, "/file") == 0) {
        FILE *f = tmpfile();
        fputs("from a file", f);
        fflush(f);
        https_answer_file(c, 200, "text/plain", dup(fileno(f)));
        fclose(f);
    } else if (strcmp(c->path, "/stream") == 0) {
        c->status = c->retry_after == 5000 ? 200 : 500;
        https_answer(c, c->status, NULL, NULL, 0);
    } else if (strcmp(c->path, "/kept") == 0) {
        answer_kept(c);
    } else if (strcmp(c->path, "/query") == 0) {
        bool known = https_parameters_known(c, " a b ");
        https_answer(c, known ? 200 : 400, NULL, NULL, 0);
    } else if (strcmp(c->path, "/mute") != 0) {
        echo(c);
    }
}

static void on_end(void *ctx, struct https_call *c)
{
    (void)c;
    ((struct world *)ctx)->ended++;
}

static const struct https_handlers handlers = {on_denied, on_headers, on_data, on_request, on_end};

static void on_wake(uv_async_t *async)
{
    struct world *w = async->data;
    struct https_call *c = w->waiting;
    w->waiting = NULL;
    if (c != NULL) {
        echo(c);
        https_resume(w->server, c);
    }
}

static void on_distrust(uv_async_t *async)
{
    struct world *w = async->data;
    https_trust(w->server, w->other);
    w->distrusted = 1;
}

static void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static uint64_t now_ms(void *ctx)
{
    struct world *w = ctx;
    return 1000000 + w->ahead_ms;
}

static void *serve(void *arg)
{
    struct world *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static struct https_options options_of(struct world *w)
{
    static char certificate[64], key[64], ca[64];
    snprintf(certificate, sizeof certificate, "%s", pki_path(&w->pki, "server", ".crt"));
    snprintf(key, sizeof key, "%s", pki_path(&w->pki, "server", ".key"));
    snprintf(ca, sizeof ca, "%s", pki_path(&w->pki, "ca", ".crt"));
    struct https_options o = {.certificate = certificate,
                              .key = key,
                              .ca = ca,
                              .verifier = w->verifier,
                              .limits = https_limits_default(),
                              .call_size = sizeof(struct https_call),
                              .handlers = &handlers,
                              .ctx = w,
                              .now_ms = now_ms};
    o.limits.connections_per_client = 2;
    assert_ok(address_parse("tls://127.0.0.1:0", &o.address));
    return o;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct verify_why verify;
    struct https_why why;
    pki_open(&w->pki);
    pki_make(&w->pki, "ca", NULL, "ca", NULL);
    pki_make(&w->pki, "other", NULL, "other", NULL);
    pki_make(&w->pki, "server", "ca", "server", "DNS:localhost");
    pki_make(&w->pki, "client", "ca", "client", "DNS:client.example");
    pki_make(&w->pki, "stranger", "other", "stranger", "DNS:client.example");
    const struct verify_files files = {pki_path(&w->pki, "ca", ".crt"), NULL};
    assert_ok(verifier_open(&files, &w->verifier, &verify));
    const struct verify_files others = {pki_path(&w->pki, "other", ".crt"), NULL};
    assert_ok(verifier_open(&others, &w->other, &verify));
    uv_loop_init(&w->loop);
    w->stop.data = w->wake.data = w->distrust.data = w;
    uv_async_init(&w->loop, &w->distrust, on_distrust);
    uv_async_init(&w->loop, &w->stop, on_stop);
    uv_async_init(&w->loop, &w->wake, on_wake);
    struct https_options o = options_of(w);
    assert_ok(https_open(&o, &w->loop, &w->server, &why));
    w->bound = https_bound(w->server);
    snprintf(w->url, sizeof w->url, "https://localhost:%u", w->bound.port);
    pthread_create(&w->thread, NULL, serve, w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    uv_async_send(&w->stop);
    pthread_join(w->thread, NULL);
    https_close(w->server);
    assert_int_equal(w->ended, w->headers + w->denied + w->crowded);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->wake, NULL);
    uv_close((uv_handle_t *)&w->distrust, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    verifier_close(w->verifier);
    verifier_close(w->other);
    pki_close(&w->pki);
    free(w);
    return 0;
}

/* ---- the client's side ---- */

static struct https_client *client_of(struct world *w, const char *name, const char *ca)
{
    struct https_client *c = NULL;
    const struct https_client_options o = {.certificate = pki_path(&w->pki, name, ".crt"),
                                           .key = pki_path(&w->pki, name, ".key"),
                                           .ca = pki_path(&w->pki, ca, ".crt"),
                                           .total_ms = 60000,
                                           .answer_most = 20000};
    assert_ok(https_client_open(&o, &c));
    return c;
}

static enum err ask(struct world *w, struct https_client *c, const char *path, struct bytes body,
                    struct https_reply *reply)
{
    char url[128];
    snprintf(url, sizeof url, "%s%s", w->url, path);
    const struct https_request r = {
        .method = body.n > 0 ? "PUT" : "GET", .url = url, .type = "text/plain", .body = body};
    return https_client_do(c, &r, reply);
}

#define NOTHING ((struct bytes){NULL, 0})

static void requests_are_answered_over_one_connection(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    struct https_client *c = client_of(w, "client", "ca");
    for (int i = 0; i < 5; i++) {
        assert_ok(ask(w, c, "/echo", BYTES_LIT("hello"), &r));
        assert_int_equal(r.status, 200);
        assert_string_equal(r.type, "text/plain");
        assert_true(bytes_eq(r.body, BYTES_LIT("hello")));
        assert_ok(ask(w, c, "/wait", NOTHING, &r));
        assert_int_equal(r.status, 200);
    }
    assert_ok(ask(w, c, "/file", NOTHING, &r));
    assert_true(bytes_eq(r.body, BYTES_LIT("from a file")));
    assert_int_equal(w->ports, 1);
    https_client_close(c);
}

static void a_certificate_of_another_ca_reaches_no_handler_but_denied(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    struct https_client *c = client_of(w, "stranger", "ca");
    assert_ok(ask(w, c, "/echo", BYTES_LIT("hello"), &r));
    assert_int_equal(r.status, 403);
    assert_string_equal(r.type, "application/problem+json");
    json_t *problem = json_loadb((const char *)r.body.p, r.body.n, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(problem, "type")), "/problems/untrusted");
    json_decref(problem);
    assert_int_equal(w->headers, 0);
    assert_int_equal(w->denied, 1);
    https_client_close(c);
}

/* The stranger's CA takes the place of ours while both are connected. */
static void who_is_trusted_changes_for_those_who_are_connected(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    struct https_client *c = client_of(w, "client", "ca"), *s = client_of(w, "stranger", "ca");
    assert_ok(ask(w, c, "/echo", NOTHING, &r));
    assert_int_equal(r.status, 200);
    assert_ok(ask(w, s, "/echo", NOTHING, &r));
    assert_int_equal(r.status, 403);
    uv_async_send(&w->distrust);
    while (!w->distrusted) {
        sched_yield();
    }
    assert_ok(ask(w, c, "/echo", NOTHING, &r));
    assert_int_equal(r.status, 403);
    assert_ok(ask(w, s, "/echo", NOTHING, &r));
    assert_int_equal(r.status, 200);
    https_client_close(c);
    https_client_close(s);
}

static void the_client_takes_no_other_server(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    struct https_client *c = client_of(w, "client", "other");
    assert_err(ask(w, c, "/echo", NOTHING, &r), E_DENIED);
    assert_true(r.reason[0] != '\0');
    https_client_close(c);
    c = client_of(w, "client", "ca");
    snprintf(w->url, sizeof w->url, "https://127.0.0.1:%u", w->bound.port); /* not its name */
    assert_err(ask(w, c, "/echo", NOTHING, &r), E_DENIED);
    snprintf(w->url, sizeof w->url, "http://localhost:%u", w->bound.port);
    assert_err(ask(w, c, "/echo", NOTHING, &r), E_BAD_VALUE);
    snprintf(w->url, sizeof w->url, "file:///etc/passwd");
    assert_err(ask(w, c, "", NOTHING, &r), E_BAD_VALUE);
    assert_int_equal(w->headers, 0);
    https_client_close(c);
}

static void what_is_too_large_is_refused_on_either_side(void **state)
{
    struct world *w = *state;
    static uint8_t large[5000];
    struct https_reply r;
    struct https_client *c = client_of(w, "client", "ca");
    assert_ok(ask(w, c, "/echo", (struct bytes){large, 1001}, &r));
    assert_int_equal(r.status, 413);
    assert_ok(ask(w, c, "/echo", (struct bytes){large, 1000}, &r));
    assert_int_equal(r.status, 200);
    assert_ok(ask(w, c, "/stream", BYTES_OF(large), &r));
    assert_int_equal(r.status, 200);
    assert_ok(ask(w, c, "/early", BYTES_OF(large), &r));
    assert_int_equal(r.status, 413);
    assert_err(ask(w, c, "/large", NOTHING, &r), E_NO_ROOM);
    assert_int_equal(r.body.n, 0);
    https_client_close(c);
}

static void a_redirect_is_an_answer_and_a_mute_handler_is_the_end(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    struct https_client *c = client_of(w, "client", "ca");
    assert_ok(ask(w, c, "/moved", NOTHING, &r));
    assert_int_equal(r.status, 302);
    assert_err(ask(w, c, "/mute", NOTHING, &r), E_CLOSED);
    assert_ok(ask(w, c, "/query?a=1&b=2", NOTHING, &r));
    assert_int_equal(r.status, 200);
    assert_ok(ask(w, c, "/query?a=1&a=2", NOTHING, &r));
    assert_int_equal(r.status, 400);
    assert_ok(ask(w, c, "/query?c=1", NOTHING, &r));
    assert_int_equal(r.status, 400);
    https_client_close(c);
}

static void who_has_an_answer_gets_it_once(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *tag;
        unsigned status;
    } asked[] = {{NULL, 200},         {"", 200},        {"\"v1\"", 304},       {"W/\"v1\"", 304},
                 {"\"v2\"", 200},     {"*", 304},       {"\"a\",\"v1\"", 304}, {"\"a, \"v1\"", 200},
                 {"v1", 200},         {"\"v1", 200},    {"\"v1\"\"", 304},     {"w/\"v1\"", 200},
                 {" , \"v1\",", 304}, {"\"\"v1\"", 200}};
    struct https_reply r;
    char url[128];
    struct https_client *c = client_of(w, "client", "ca");
    snprintf(url, sizeof url, "%s/kept", w->url);
    for (size_t i = 0; i < sizeof asked / sizeof asked[0]; i++) {
        const struct https_request q = {.method = "GET", .url = url, .if_none_match = asked[i].tag};
        assert_ok(https_client_do(c, &q, &r));
        if (r.status != asked[i].status) {
            fail_msg("%s", asked[i].tag);
        }
        assert_string_equal(r.etag, "\"v1\"");
        assert_int_equal(r.body.n, 0);
    }
    assert_ok(ask(w, c, "/echo", NOTHING, &r));
    assert_string_equal(r.etag, ""); /* is not the one of the answer before */
    assert_int_equal(w->ports, 1);
    https_client_close(c);
}

static void a_client_has_no_more_connections_than_it_may(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    struct https_client *c[3];
    for (int i = 0; i < 3; i++) {
        c[i] = client_of(w, "client", "ca");
        assert_ok(ask(w, c[i], "/echo", NOTHING, &r));
        assert_int_equal(r.status, i < 2 ? 200 : 429);
        assert_int_equal(r.retry_after, i < 2 ? 0 : 1);
        w->crowded += i == 2; /* no handler is asked */
    }
    for (int i = 0; i < 3; i++) {
        https_client_close(c[i]);
    }
}

/* Until the server ends it; a test that waits for ever fails by its runner's time. */
static bool ended_by_server(int fd)
{
    char octet;
    ssize_t n = recv(fd, &octet, 1, 0);
    return n <= 0;
}

static int connect_bare(const struct world *w)
{
    int fd = -1;
    assert_ok(socket_connect(&w->bound, NULL, &fd));
    int flags = fcntl(fd, F_GETFL);
    fcntl(fd, F_SETFL, flags & ~O_NONBLOCK);
    return fd;
}

static void who_says_nothing_or_little_is_cut_off_at_the_deadline(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    struct https_client *c = client_of(w, "client", "ca");
    int fds[3];
    for (int i = 0; i < 3; i++) {
        fds[i] = connect_bare(w);
    }
    /* the beginning of a TLS record: not enough for a handshake */
    assert_int_equal(send(fds[1], "\x16\x03\x01\x02\x00\x01", 6, MSG_NOSIGNAL), 6);
    assert_ok(ask(w, c, "/echo", BYTES_LIT("a"), &r)); /* so all three were accepted before */
    w->ahead_ms += 9000;
    assert_int_equal(send(fds[1], "\x00", 1, MSG_NOSIGNAL), 1); /* moves no deadline */
    w->ahead_ms += 1000;
    for (int i = 0; i < 3; i++) {
        assert_true(ended_by_server(fds[i]));
        close(fds[i]);
    }
    assert_ok(ask(w, c, "/echo", BYTES_LIT("a"), &r)); /* rests longer than that */
    assert_int_equal(w->ports, 1);
    https_client_close(c);
}

static void a_server_that_cannot_start_says_why(void **state)
{
    struct world *w = *state;
    struct https_server *s = NULL;
    struct https_why why;
    uv_loop_t loop;
    uv_loop_init(&loop);
    struct https_options o = options_of(w);
    o.address = w->bound;
    assert_err(https_open(&o, &loop, &s, &why), E_EXISTS);
    assert_non_null(strstr(why.text, "in use"));
    o = options_of(w);
    assert_int_equal(chmod(o.key, 0644), 0);
    assert_err(https_open(&o, &loop, &s, &why), E_DENIED);
    assert_non_null(strstr(why.text, "chmod"));
    assert_int_equal(chmod(o.key, 0600), 0);
    o.key = pki_path(&w->pki, "client", ".key");
    assert_err(https_open(&o, &loop, &s, &why), E_BAD_VALUE);
    o.certificate = "/nowhere";
    assert_err(https_open(&o, &loop, &s, &why), E_IO);
    assert_int_equal(uv_loop_close(&loop), 0);
}

static void a_path_has_the_shape_of_its_pattern_or_not(void **state)
{
    (void)state;
    static const char *const wrong[] = {
        "",         "v1/b/1/x",   "/v1/b",      "/v1/b/",      "/v1/b/1/y",
        "/v1/b//x", "//v1/b/1/x", "/v1/b/1/x/", "/v1/b/1/x/z", "/"};
    struct bytes steps[1];
    assert_true(https_path_is("/v1/b/{}/x", "/v1/b/12/x", steps, 1));
    assert_true(bytes_eq(steps[0], BYTES_LIT("12")));
    assert_false(https_path_is("/v1/b/{}/x", "/v1/b/12/x", steps, 0));
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        assert_false(https_path_is("/v1/b/{}/x", wrong[i], steps, 1));
    }
}

static void a_pattern_may_begin_its_step(void **state)
{
    (void)state;
    struct bytes steps[1];
    assert_true(https_path_is("/Device={id}", "/Device=a-1", steps, 1));
    assert_true(bytes_eq(steps[0], BYTES_LIT("a-1")));
    assert_true(https_path_is("/Device={id}", "/Device=", steps, 1));
    assert_int_equal(steps[0].n, 0);
    assert_false(https_path_is("/Device={id}", "/Device", steps, 1));
    assert_false(https_path_is("/Device={id}", "/device=a", steps, 1));
    assert_false(https_path_is("/Device={id}", "/Device=a/b", steps, 1));
    assert_false(https_path_is("/Device={id}", "/x/Device=a", steps, 1));
    assert_false(https_path_is("/a/{id}", "/a/", steps, 1));
}

static struct address from(const char *text)
{
    struct address a;
    assert_ok(address_parse(text, &a));
    return a;
}

static void each_address_has_its_burst_and_all_of_them_no_more_than_the_table(void **state)
{
    (void)state;
    struct https_rates *r = NULL;
    struct address a = from("tls://192.0.2.1:1"), again = from("tls://192.0.2.1:9");
    struct address b = from("tls://192.0.2.2:1"), mapped = from("tls://[::ffff:192.0.2.1]:1");
    struct address six = from("tls://[2001:db8::1]:1"), same = from("tls://[2001:db8::ffff:1]:1");
    unsigned given = 0;
    assert_err(https_rates_open(0, &r), E_BAD_VALUE);
    assert_ok(https_rates_open((size_t)1 << 20, &r));
    assert_true(https_rates_take(r, &a, 1, 2, 5));
    assert_true(https_rates_take(r, &again, 1, 2, 5));
    assert_false(https_rates_take(r, &a, 1, 2, 5));
    assert_false(https_rates_take(r, &mapped, 1, 2, 5));
    assert_true(https_rates_take(r, &b, 1, 2, 5)); /* one in a million shares */
    assert_true(https_rates_take(r, &six, 1, 2, 5));
    assert_true(https_rates_take(r, &same, 1, 2, 5));
    assert_false(https_rates_take(r, &six, 1, 2, 5));
    assert_true(https_rates_take(r, &a, 1, 2, 1005));
    assert_false(https_rates_take(r, &a, 1, 2, 1005));
    https_rates_close(r);
    assert_ok(https_rates_open(4, &r));
    for (unsigned i = 0; i < 1000; i++) {
        b.ip[2] = (uint8_t)(i >> 8);
        b.ip[3] = (uint8_t)i;
        given += https_rates_take(r, &b, 1, 3, 5);
    }
    assert_int_equal(given, 12);
    https_rates_close(r);
    assert_ok(https_rates_open(1, &r));
    assert_true(https_rates_take(r, &a, 1, 1000, 5));
    assert_true(
        https_rates_take(r, &a, 1, 1, 5)); /* a smaller one than what is left of the other */
    assert_false(https_rates_take(r, &a, 1, 1, 5));
    https_rates_close(r);
}

static void a_bucket_gives_its_burst_and_then_what_flows_in(void **state)
{
    (void)state;
    struct https_rate r = https_rate_of(3, 1000);
    for (int i = 0; i < 3; i++) {
        assert_true(https_rate_take(&r, 10, 3, 1000));
    }
    assert_false(https_rate_take(&r, 10, 3, 1000));
    assert_false(https_rate_take(&r, 10, 3, 1099));
    assert_true(https_rate_take(&r, 10, 3, 1100));
    assert_false(https_rate_take(&r, 10, 3, 500)); /* a clock that went back */
    assert_true(https_rate_take(&r, 10, 3, UINT64_MAX));
    assert_true(https_rate_take(&r, 10, 3, UINT64_MAX));
    assert_true(https_rate_take(&r, 10, 3, UINT64_MAX));
    assert_false(https_rate_take(&r, 10, 3, UINT64_MAX));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(requests_are_answered_over_one_connection),
        T(a_certificate_of_another_ca_reaches_no_handler_but_denied),
        T(who_is_trusted_changes_for_those_who_are_connected),
        T(the_client_takes_no_other_server),
        T(what_is_too_large_is_refused_on_either_side),
        T(a_redirect_is_an_answer_and_a_mute_handler_is_the_end),
        T(who_has_an_answer_gets_it_once),
        T(a_client_has_no_more_connections_than_it_may),
        T(who_says_nothing_or_little_is_cut_off_at_the_deadline),
        T(a_server_that_cannot_start_says_why),
        cmocka_unit_test(a_path_has_the_shape_of_its_pattern_or_not),
        cmocka_unit_test(a_pattern_may_begin_its_step),
        cmocka_unit_test(each_address_has_its_burst_and_all_of_them_no_more_than_the_table),
        cmocka_unit_test(a_bucket_gives_its_burst_and_then_what_flows_in)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
