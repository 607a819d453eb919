/* nf/common/https_api.h (src/nf/common/https_api.c, src/nf/common/https_api_call.c): what every
 * path of an HTTPS interface gets done for it, asked over loopback in one process. */
#include "net/pki.h"

#include "lib/exposition.h"
#include "net/https_client.h"
#include "nf/common/https_api.h"
#include "nf/common/metrics.h"

#include <fcntl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <uv.h>

#define DEVICE (1U << VERIFY_ROLE_DEVICE)
#define AUSF   (1U << VERIFY_ROLE_AUSF)
#define TOKEN  "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
#define GOOD                                                                                       \
    "{\"name\":\"Ada\",\"number\":-7,\"hex\":\"00ff10\",\"octets\":\"aGVsbG8=\","                  \
    "\"imsi\":\"001010000000001\"}"

struct world {
    struct pki pki;
    struct log *log;
    struct https_api *api;
    uv_loop_t loop;
    uv_async_t stop, reload;
    uv_idle_t later;
    struct https_api_call *late; /* waits */
    pthread_t thread;
    atomic_int reloads, ends;
    enum err reloaded;
    struct https_api_rules rules;
    char answer[8192];
};

/* ---- the paths ---- */

static void get_thing(void *ctx, struct https_api_call *c)
{
    (void)ctx;
    https_api_show(c, 200, json_pack("{s:s,s:i}", "imsi", c->imsi.digits, "roles", (int)c->roles));
}

static void put_thing(void *ctx, struct https_api_call *c)
{
    uint8_t hex[3], room[5];
    char digits[7];
    struct imsi imsi;
    (void)ctx;
    const char *name = https_api_text(c, "name", 1, 5);
    const int64_t number = https_api_number(c, "number", -10, 10);
    https_api_hex(c, "hex", MBYTES_OF(hex));
    const struct bytes octets = https_api_base64(c, "octets", MBYTES_OF(room));
    https_api_imsi(c, "imsi", &imsi);
    const json_t *list = https_api_member(c, "list");
    if (list != NULL && !json_is_array(list)) {
        https_api_bad_member(c, "list has to be an array");
    }
    if (!https_api_ok(c)) {
        assert_int_equal(https_api_number(c, "number", 0, 1), 0); /* all is over */
        return;
    }
    hex_encode(BYTES_OF(hex), digits);
    https_api_show(c, 201,
                   json_pack("{s:s,s:I,s:s,s:s%,s:s,s:b}", "name", name, "number",
                             (json_int_t)number, "hex", digits, "octets", octets.p, octets.n,
                             "imsi", imsi.digits, "list", list != NULL));
}

static void on_later(uv_idle_t *idle)
{
    struct world *w = idle->data;
    char hex[65];
    (void)uv_idle_stop(idle);
    hex_encode(BYTES_OF(w->late->digest), hex);
    https_api_show(w->late, 202, json_pack("{s:s}", "token", hex));
    https_api_resume(w->late);
}

static void put_late(void *ctx, struct https_api_call *c)
{
    struct world *w = ctx;
    w->late = c;
    https_api_wait(c);
    (void)uv_idle_start(&w->later, on_later);
}

static void get_page(void *ctx, struct https_api_call *c)
{
    struct imsi after = {.digits = "none"};
    uint64_t serial = 5;
    size_t limit = 0;
    (void)ctx;
    if (https_api_param_imsi(c, "after", &after) && https_api_param_limit(c, &limit) &&
        https_api_param_number(c, "serial", 1, 9, &serial)) {
        https_api_show(c, 200,
                       json_pack("{s:s,s:i,s:i}", "after", after.digits, "limit", (int)limit,
                                 "serial", (int)serial));
    }
}

static void get_nothing(void *ctx, struct https_api_call *c)
{
    (void)ctx;
    https_api_show(c, 200, NULL);
}

static void get_busy(void *ctx, struct https_api_call *c)
{
    (void)ctx;
    https_api_refuse(c, 503, "busy", "Too much is waiting", "a \"detail\"");
}

static const struct https_api_route routes[] = {
    {"GET", "/v1/things/{dimsi}", DEVICE | AUSF, .handle = get_thing},
    {"PUT", "/v1/things/{dimsi}", AUSF, .members = " name number hex octets imsi list? ",
     .secret = true, .handle = put_thing},
    {"PUT", "/v1/late/{token}", AUSF, .handle = put_late},
    {"GET", "/v1/pages", AUSF, .parameters = " after limit serial ", .handle = get_page},
    {"GET", "/v1/nothing", AUSF, .handle = get_nothing},
    {"GET", "/v1/busy", AUSF, .handle = get_busy},
};

static bool admit(void *ctx, struct https_api_call *c)
{
    (void)ctx;
    if (strcmp(c->call.peer->name, "barred.example") != 0) {
        return true;
    }
    https_api_refuse(c, 403, "barred", "This one may not come in", NULL);
    return false;
}

static void end(void *ctx, struct https_api_call *c)
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

static void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static void on_reload(uv_async_t *async)
{
    struct world *w = async->data;
    struct https_why why;
    w->reloaded = https_api_reload(w->api, &w->rules, &why);
    w->reloads++;
}

static void *serve(void *arg)
{
    struct world *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static uint64_t clock_stands(void *ctx)
{
    (void)ctx;
    return 1000000;
}

static void make_certificates(struct pki *p)
{
    pki_open(p);
    pki_make(p, "ca", NULL, "ca", NULL);
    pki_make(p, "other", NULL, "other", NULL);
    pki_make(p, "server", "ca", "server", "DNS:localhost");
    pki_make(p, "op", "ca", "op", "DNS:op.example");
    pki_make(p, "barred", "ca", "barred", "DNS:barred.example");
    pki_make(p, "device", "ca", "device", NULL);
    pki_make(p, "nobody", "ca", "nobody", NULL);
    pki_make(p, "stranger", "other", "stranger", NULL);
    give_role(p, "op", "4");
    give_role(p, "barred", "4");
    give_role(p, "device", "5");
}

static void open_log(struct world *w)
{
    const struct log_options options = {
        .program = "test",
        .fd = open(pki_path(&w->pki, "log", ""), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600),
        .level = LOG_LEVEL_DEBUG,
        .mask_imsi = true};
    assert_ok(log_open(&options, &w->log));
}

static int setup_with(void **state, uint32_t burst)
{
    struct world *w = calloc(1, sizeof *w);
    struct https_why why;
    make_certificates(&w->pki);
    open_log(w);
    uv_loop_init(&w->loop);
    w->stop.data = w->reload.data = w->later.data = w;
    uv_async_init(&w->loop, &w->stop, on_stop);
    uv_async_init(&w->loop, &w->reload, on_reload);
    uv_idle_init(&w->loop, &w->later);
    w->rules = (struct https_api_rules){strdup(pki_path(&w->pki, "ca", ".crt")), NULL, 1, burst};
    struct https_api_options o = {.routes = routes,
                                  .n_routes = sizeof routes / sizeof routes[0],
                                  .ctx = w,
                                  .admit = admit,
                                  .end = end,
                                  .name = "front",
                                  .log = w->log,
                                  .certificate = pki_path(&w->pki, "server", ".crt"),
                                  .key = pki_path(&w->pki, "server", ".key"),
                                  .rules = w->rules,
                                  .limits = https_limits_default(),
                                  .now_ms = clock_stands};
    assert_ok(address_parse("tls://127.0.0.1:0", &o.address));
    assert_ok(https_api_open(&o, &w->loop, &w->api, &why));
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
    https_api_quiesce(w->api);
    https_api_close(w->api);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->reload, NULL);
    uv_close((uv_handle_t *)&w->later, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    log_close(w->log);
    free((char *)(uintptr_t)w->rules.ca);
    pki_close(&w->pki);
    free(w);
    return 0;
}

static unsigned ask(struct world *w, const char *who, const char *method, const char *path,
                    const char *body)
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
    snprintf(url, sizeof url, "https://localhost:%u%s", https_api_bound(w->api).port, path);
    const struct https_request q = {
        .method = method, .url = url, .body = bytes_of_str(body != NULL ? body : "")};
    assert_ok(https_client_do(c, &q, &r));
    snprintf(w->answer, sizeof w->answer, "%.*s", (int)r.body.n, (const char *)r.body.p);
    https_client_close(c);
    return r.status;
}

static void said(const struct world *w, const char *part)
{
    if (strstr(w->answer, part) == NULL) {
        fail_msg("no %s in %s", part, w->answer);
    }
}

static void refused(struct world *w, const char *who, const char *method, const char *path,
                    const char *body, unsigned status, const char *cause)
{
    char type[80];
    const unsigned got = ask(w, who, method, path, body);
    snprintf(type, sizeof type, "\"type\":\"/problems/%s\"", cause);
    said(w, type);
    assert_int_equal(got, status);
}

/* ---- what holds ---- */

static void a_path_gets_who_asks_and_what_for(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "op", "GET", "/v1/things/901700000000001", NULL), 200);
    said(w, "{\"imsi\":\"901700000000001\",\"roles\":8}");
    assert_int_equal(ask(w, "device", "GET", "/v1/things/901700000000001", NULL), 200);
    said(w, "\"roles\":16");
    assert_int_equal(ask(w, "op", "PUT", "/v1/things/901700000000001", GOOD), 201);
    said(w, "{\"name\":\"Ada\",\"number\":-7,\"hex\":\"00ff10\",\"octets\":\"hello\","
            "\"imsi\":\"001010000000001\",\"list\":false}");
    assert_int_equal(ask(w, "op", "GET", "/v1/pages", NULL), 200);
    said(w, "{\"after\":\"none\",\"limit\":100,\"serial\":5}");
    assert_int_equal(ask(w, "op", "GET", "/v1/pages?serial=9&limit=1000&after=123456", NULL), 200);
    said(w, "{\"after\":\"123456\",\"limit\":1000,\"serial\":9}");
    while (w->ends < 5) { /* the last one's end may come behind its answer */
        sched_yield();
    }
}

static void an_answer_may_come_later(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "op", "PUT", "/v1/late/" TOKEN, NULL), 202);
    said(w, "{\"token\":\"" TOKEN "\"}");
}

static void whoever_may_not_ask_learns_of_no_path(void **state)
{
    struct world *w = *state;
    refused(w, NULL, "GET", "/v1/pages", NULL, 403, "no-certificate");
    refused(w, NULL, "GET", "/v1/nowhere", NULL, 403, "no-certificate");
    refused(w, "stranger", "GET", "/v1/pages", NULL, 403, "client-untrusted");
    refused(w, "nobody", "GET", "/v1/pages", NULL, 403, "not-allowed");
    refused(w, "device", "PUT", "/v1/things/901700000000001", GOOD, 403, "not-allowed");
    refused(w, "device", "PUT", "/v1/things/x", GOOD, 403, "not-allowed");
    refused(w, "barred", "GET", "/v1/pages", NULL, 403, "barred");
}

static void addresses_that_are_none_are_refused(void **state)
{
    struct world *w = *state;
    static const char *const wrong[] = {"/v1/things/12345",
                                        "/v1/things/1234567890123456",
                                        "/v1/things/12345a",
                                        "/v1/things/123456?x=1",
                                        "/v1/pages?limit=0",
                                        "/v1/pages?limit=1001",
                                        "/v1/pages?limit=",
                                        "/v1/pages?limit=1&limit=1",
                                        "/v1/pages?limit=-1",
                                        "/v1/pages?after=1",
                                        "/v1/pages?serial=10",
                                        "/v1/pages?serial=1x",
                                        "/v1/pages?serial=99999999999999999999"};
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        refused(w, "op", "GET", wrong[i], NULL, 400, "bad-parameter");
    }
    refused(w, "op", "PUT", "/v1/late/0011", NULL, 400, "bad-parameter");
    refused(w, "op", "PUT", "/v1/late/" TOKEN "00", NULL, 400, "bad-parameter");
    refused(w, "op", "PUT",
            "/v1/late/00112233445566778899AABBccddeeff00112233445566778899aabbccddeeff", NULL, 400,
            "bad-parameter");
    refused(w, "op", "GET", "/v1/thing", NULL, 404, "no-such-path");
    refused(w, "op", "GET", "/v1/things/123456/7", NULL, 404, "no-such-path");
    refused(w, "op", "DELETE", "/v1/things/123456", NULL, 405, "method-not-allowed");
    said(w, "GET, PUT");
}

static void a_body_has_what_it_has_to_have_and_no_more(void **state)
{
    struct world *w = *state;
    static const struct {
        const char *from, *to, *cause, *part;
    } all[] = {
        {"\"number\":-7,", "", "missing-member", "number"},
        {"\"number\":-7,", "\"number\":-7,\"more\":1,", "unknown-member", "more"},
        {"\"number\":-7,", "\"number\":-7,\"list?\":1,", "unknown-member", "list?"},
        {"\"number\":-7,", "\"number\":-7,\"name number\":1,", "unknown-member", "name number"},
        {"\"number\":-7,", "\"number\":-7,\"list\":1,", "bad-member", "list"},
        {"-7", "11", "bad-member", "number has to be a whole number from -10 to 10"},
        {"-7", "1e0", "bad-member", "number"},
        {"-7", "null", "bad-member", "number"},
        {"Ada", "", "bad-member", "name has to be a text of 1 to 5 octets"},
        {"Ada", "Adaaaa", "bad-member", "name"},
        {"\"Ada\"", "1", "bad-member", "name"},
        {"00ff10", "00ff1", "bad-member", "hex has to be 6 hex digits in lower case"},
        {"00ff10", "00FF10", "bad-member", "hex"},
        {"00ff10", "00ff1000", "bad-member", "hex"},
        {"aGVsbG8=", "aGVsbG8", "bad-member", "octets has to be base64 of 1 to 5 octets"},
        {"aGVsbG8=", "", "bad-member", "octets"},
        {"aGVsbG8=", "aGVsbG8hIQ==", "bad-member", "octets"},
        {"001010000000001", "00101", "bad-member", "imsi has to be 6 to 15 digits"},
        {"\"Ada\"", "\"Ada\",\"name\":\"Eve\"", "not-json", "line 1"},
        {"{\"name\"", "[{\"name\"", "not-json", "line"},
    };
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        char body[400];
        const char *at = strstr(GOOD, all[i].from);
        assert_non_null(at);
        snprintf(body, sizeof body, "%.*s%s%s", (int)(at - GOOD), GOOD, all[i].to,
                 at + strlen(all[i].from));
        refused(w, "op", "PUT", "/v1/things/901700000000001", body,
                strcmp(all[i].cause, "not-json") == 0 ? 400 : 422, all[i].cause);
        said(w, all[i].part);
    }
    refused(w, "op", "PUT", "/v1/things/901700000000001", "", 400, "not-json");
    refused(w, "op", "PUT", "/v1/things/901700000000001", "[]", 400, "not-json");
    refused(w, "op", "PUT", "/v1/late/" TOKEN, "{}", 413, "too-large"); /* it takes none */
    char *large = malloc(70000);
    memset(large, ' ', 69999);
    large[69999] = '\0';
    refused(w, "op", "PUT", "/v1/things/901700000000001", large, 413, "too-large");
    memcpy(large, GOOD, strlen(GOOD));
    large[60000] = '\0'; /* long, and good */
    assert_int_equal(ask(w, "op", "PUT", "/v1/things/901700000000001", large), 201);
    free(large);
}

static void a_refusal_is_a_problem_in_its_form(void **state)
{
    struct world *w = *state;
    refused(w, "op", "GET", "/v1/busy", NULL, 503, "busy");
    json_t *v = json_loads(w->answer, 0, NULL);
    assert_string_equal(json_string_value(json_object_get(v, "title")), "Too much is waiting");
    assert_string_equal(json_string_value(json_object_get(v, "detail")), "a \"detail\"");
    assert_int_equal(json_integer_value(json_object_get(v, "status")), 503);
    json_decref(v);
    refused(w, "op", "GET", "/v1/nothing", NULL, 503, "no-memory");
}

static void each_client_has_a_rate_of_its_own(void **state)
{
    struct world *w = *state;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ask(w, "op", "GET", "/v1/pages", NULL), 200);
        refused(w, "stranger", "GET", "/v1/pages", NULL, 403, "client-untrusted");
    }
    refused(w, "op", "GET", "/v1/pages", NULL, 429, "too-many-requests");
    refused(w, "op", "GET", "/v1/nowhere", NULL, 429, "too-many-requests");
    refused(w, NULL, "GET", "/v1/pages", NULL, 429, "too-many-requests"); /* the stranger's place */
    assert_int_equal(ask(w, "device", "GET", "/v1/things/123456", NULL), 200);
}

static enum err reload(struct world *w)
{
    const int before = w->reloads;
    uv_async_send(&w->reload);
    while (w->reloads == before) {
        sched_yield();
    }
    return w->reloaded;
}

static void a_reload_judges_everybody_again_or_changes_nothing(void **state)
{
    struct world *w = *state;
    const struct https_api_rules good = w->rules;
    w->rules.ca = pki_path(&w->pki, "nowhere", ".crt");
    assert_err(reload(w), E_IO);
    assert_int_equal(ask(w, "op", "GET", "/v1/pages", NULL), 200);
    w->rules.ca = pki_path(&w->pki, "other", ".crt");
    assert_ok(reload(w));
    refused(w, "op", "GET", "/v1/pages", NULL, 403, "client-untrusted");
    w->rules = good;
    w->rules.burst = 0;
    assert_ok(reload(w));
    refused(w, "op", "GET", "/v1/pages", NULL, 429, "too-many-requests");
    w->rules = good;
}

static void every_request_leaves_a_line_and_every_cause_is_counted(void **state)
{
    struct world *w = *state;
    char text[8192];
    assert_int_equal(ask(w, "op", "GET", "/v1/things/901700000000001", NULL), 200);
    refused(w, "op", "GET", "/v1/things/12x456", NULL, 400, "bad-parameter");
    refused(w, "op", "GET", "/v1/things/12x456", NULL, 400, "bad-parameter");
    refused(w, "nobody", "GET", "/v1/pages", NULL, 403, "not-allowed");
    FILE *f = fopen(pki_path(&w->pki, "log", ""), "r");
    text[fread(text, 1, sizeof text - 1, f)] = '\0';
    fclose(f);
    assert_non_null(strstr(text, "\"event\":\"request\",\"method\":\"GET\","
                                 "\"path\":\"/v1/things/{dimsi}\",\"status\":200,"
                                 "\"client\":\"op.example\",\"address\":\"127.0.0.1\","
                                 "\"listener\":\"front\",\"imsi\":\"90170*******001\""));
    assert_non_null(strstr(text, "\"event\":\"refused\",\"cause\":\"bad-parameter\""));
    assert_non_null(strstr(text, "\"event\":\"refused\",\"cause\":\"not-allowed\""));
    assert_null(strstr(text, "12x456"));
    json_t *v = https_api_counts(w->api);
    char *counts = json_dumps(v, JSON_COMPACT | JSON_SORT_KEYS);
    assert_string_equal(counts, "{\"refused\":{\"bad-parameter\":2,\"not-allowed\":1},"
                                "\"requests\":4}");
    free(counts);
    json_decref(v);
    assert_string_equal(https_api_cause_name(HTTPS_API_TOO_LARGE), "too-large");
}

/* Refused or not, once its path is known; also one that waited. */
static void every_answer_is_timed_by_its_path(void **state)
{
    struct world *w = *state;
    struct metrics_text t = {.p = NULL};
    const struct https_api_named all[] = {{"front", w->api}, {"none", NULL}};
    assert_int_equal(ask(w, "op", "GET", "/v1/things/901700000000001", NULL), 200);
    refused(w, "op", "GET", "/v1/things/12x456", NULL, 400, "bad-parameter");
    refused(w, "op", "GET", "/v1/elsewhere", NULL, 404, "no-such-path");
    assert_int_equal(ask(w, "op", "PUT", "/v1/late/" TOKEN, NULL), 202);
    https_api_write_times(&t, all, 2);
    assert_false(t.failed);
    const char *wrong = exposition_wrong(t.p, t.n);
    assert_string_equal(wrong != NULL ? wrong : "", "");
    char *text = strndup(t.p, t.n);
#define TIMED(part, route)                                                                         \
    exposition_value(text, "bindery_https_answer_seconds_" part                                    \
                           "{listener=\"front\",route=\"" route "\"}")
    assert_true(TIMED("count", "GET /v1/things/{dimsi}") == 2);
    assert_true(TIMED("count", "PUT /v1/late/{token}") == 1);
    assert_true(TIMED("sum", "PUT /v1/late/{token}") > 0);
    assert_true(TIMED("count", "GET /v1/busy") == 0);
    assert_null(strstr(text, "\"none\""));
    free(text);
    free(t.p);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_path_gets_who_asks_and_what_for),
        T(an_answer_may_come_later),
        T(whoever_may_not_ask_learns_of_no_path),
        T(addresses_that_are_none_are_refused),
        T(a_body_has_what_it_has_to_have_and_no_more),
        T(a_refusal_is_a_problem_in_its_form),
        cmocka_unit_test_setup_teardown(each_client_has_a_rate_of_its_own, setup_sparing, teardown),
        T(a_reload_judges_everybody_again_or_changes_nothing),
        T(every_request_leaves_a_line_and_every_cause_is_counted),
        T(every_answer_is_timed_by_its_path)};
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
