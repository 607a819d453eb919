/* nf/repod/repod.h with src/nf/repod/reload.c and src/nf/repod/api_site.c, asked over HTTPS in one
 * process: what no client can bring about from outside, and what a reload keeps. The rest is
 * test/live/repod.sh's and test/live/site.sh's. */
#define OPENSSL_SUPPRESS_DEPRECATED                                                                \
    1 /* RAND_set_rand_method: there is no other way to let it fail */
#include "net/pki.h"

#include "common/half_reload.h"
#include "net/https_client.h"
#include "nf/common/base64.h"
#include "nf/repod/admin.h"
#include "nf/repod/api.h"

#include <openssl/rand.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <uv.h>

struct world {
    struct pki pki;
    struct repod_config *config;
    struct repod repod;
    struct log *log;  /* or NULL */
    const char *rest; /* of the configuration, or NULL */
    unsigned burst;
    uv_loop_t loop;
    uv_async_t stop, reload;
    pthread_t thread;
    atomic_int reloads;
    enum err reloaded;
    struct config_changes changes; /* of the last one that was taken */
    struct repod_why why;
    char url[96], path[64], key[BASE64_ROOM(VERIFY_SPKI_MAX)];
    char chain[2][BASE64_ROOM(2048)]; /* a device's */
};

/* ---- what fails, and only on the server's thread ---- */

static atomic_bool no_random;
static atomic_int good_allocations, failing_allocations; /* these, then those, then good ones */
static _Thread_local bool server;

static void *allocate(size_t n)
{
    if (!server || failing_allocations == 0) {
        return malloc(n);
    }
    if (good_allocations > 0) {
        good_allocations--;
        return malloc(n);
    }
    failing_allocations--;
    return NULL;
}

static const RAND_METHOD *random_good;

static int random_octets(unsigned char *out, int n)
{
    return no_random && server ? 0 : random_good->bytes(out, n);
}

static int random_status(void)
{
    return 1;
}

/* ---- the world ---- */

static void give_role(struct world *w, const char *name, const char *role)
{
    char usage[80];
    X509 *c = pki_cert(pki_path(&w->pki, name, ".crt"));
    EVP_PKEY *own = pki_key(pki_path(&w->pki, name, ".key"));
    EVP_PKEY *ca = pki_key(pki_path(&w->pki, "ca", ".key"));
    snprintf(usage, sizeof usage, "clientAuth," VERIFY_OID_ROLES ".%s", role);
    pki_extend(c, NID_ext_key_usage, usage);
    assert_true(X509_sign(c, ca, EVP_sha256()) > 0);
    pki_save(&w->pki, name, c, own);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(own);
    X509_free(c);
}

static void write_config(struct world *w, const char *operators, const char *more)
{
    FILE *f = fopen(w->path, "w");
    assert_non_null(f);
    fprintf(
        f,
        "listener: {address: \"https://127.0.0.1:0\", certificate: server.crt,"
        " key: server.key, ca: ca.crt}\n"
        "signing_key: records.key\nstore: repo.db\naudit: audit.log\n"
        "manufacturers:\n  - {name: maker.example, ranges: [\"35693803\"]}\n"
        "operators:\n  - {name: %s}\nsite: {}\nlimits: {requests_per_second: 1, burst: %u%s}\n%s",
        operators, w->burst, more, w->rest != NULL ? w->rest : "");
    fclose(f);
}

static void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static void on_reload(uv_async_t *async)
{
    struct world *w = async->data;
    struct config_why reason;
    config_changes_free(&w->changes);
    w->reloaded = repod_reload(&w->repod, &w->changes, &reason);
    snprintf(w->why.text, sizeof w->why.text, "%s: %s", reason.place, reason.sentence);
    w->reloads++;
}

static void *serve(void *arg)
{
    struct world *w = arg;
    server = true;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static uint64_t clock_stands(void *ctx)
{
    (void)ctx;
    return 1000000;
}

static void make_key(struct world *w)
{
    uint8_t spki[VERIFY_SPKI_MAX], *p = spki;
    EVP_PKEY *k = EVP_EC_gen("P-256");
    int n = i2d_PUBKEY(k, &p);
    base64_encode((struct bytes){spki, (size_t)n}, w->key);
    EVP_PKEY_free(k);
}

static void encode(struct world *w, const char *name, char out[static BASE64_ROOM(2048)])
{
    uint8_t der[2048], *p = der;
    X509 *c = pki_cert(pki_path(&w->pki, name, ".crt"));
    const int n = i2d_X509(c, &p);
    base64_encode((struct bytes){der, (size_t)n}, out);
    X509_free(c);
}

static void make_device(struct world *w)
{
    pki_make(&w->pki, "device", "ca", "device", NULL);
    X509 *c = pki_cert(pki_path(&w->pki, "device", ".crt"));
    EVP_PKEY *own = pki_key(pki_path(&w->pki, "device", ".key"));
    EVP_PKEY *ca = pki_key(pki_path(&w->pki, "ca", ".key"));
    pki_extend(c, NID_key_usage, "keyAgreement");
    pki_extend(c, NID_ext_key_usage, VERIFY_OID_ROLES ".5");
    assert_true(X509_sign(c, ca, EVP_sha256()) > 0);
    pki_save(&w->pki, "device", c, own);
    EVP_PKEY_free(ca);
    EVP_PKEY_free(own);
    X509_free(c);
    encode(w, "device", w->chain[0]);
    encode(w, "ca", w->chain[1]);
}

static void make_certificates(struct world *w)
{
    pki_open(&w->pki);
    pki_make(&w->pki, "ca", NULL, "ca", NULL);
    pki_make(&w->pki, "records", "ca", "records", NULL);
    pki_make(&w->pki, "server", "ca", "server", "DNS:localhost");
    pki_make(&w->pki, "maker", "ca", "maker", "DNS:maker.example");
    pki_make(&w->pki, "operator", "ca", "operator", "DNS:operator.example");
    give_role(w, "maker", "2");
    give_role(w, "operator", "1");
    make_device(w);
    make_key(w);
}

static void begin(struct world *w)
{
    struct config_why why;
    write_config(w, "operator.example", "");
    assert_ok(repod_config_load(w->path, &w->config, &why));
    uv_loop_init(&w->loop);
    w->stop.data = w->reload.data = w;
    uv_async_init(&w->loop, &w->stop, on_stop);
    uv_async_init(&w->loop, &w->reload, on_reload);
    w->repod = (struct repod){.config = w->config, .log = w->log, .now_ms = clock_stands};
    assert_ok(repod_start(&w->repod, &w->loop, &w->why));
    snprintf(w->url, sizeof w->url, "https://localhost:%u/v1/bindings/35693803564380",
             https_bound(w->repod.server).port);
    pthread_create(&w->thread, NULL, serve, w);
}

static int setup_with(void **state, unsigned burst)
{
    struct world *w = calloc(1, sizeof *w);
    w->burst = burst;
    make_certificates(w);
    snprintf(w->path, sizeof w->path, "%s", pki_path(&w->pki, "repod", ".yaml"));
    begin(w);
    *state = w;
    return 0;
}

static int setup(void **state)
{
    return setup_with(state, 6);
}

static int setup_generous(void **state)
{
    return setup_with(state, 100000);
}

static void end(struct world *w)
{
    uv_async_send(&w->stop);
    pthread_join(w->thread, NULL);
    repod_stop(&w->repod);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_close((uv_handle_t *)&w->reload, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    repod_config_free(w->config);
}

static int teardown(void **state)
{
    struct world *w = *state;
    end(w);
    pki_close(&w->pki);
    config_changes_free(&w->changes);
    free(w);
    return 0;
}

static struct https_client *client_of(struct world *w, const char *name)
{
    struct https_client *c = NULL;
    const struct https_client_options o = {.certificate = pki_path(&w->pki, name, ".crt"),
                                           .key = pki_path(&w->pki, name, ".key"),
                                           .ca = pki_path(&w->pki, "ca", ".crt"),
                                           .total_ms = 60000};
    assert_ok(https_client_open(&o, &c));
    return c;
}

/* The status; what was said has this in it. */
static unsigned said(const struct https_reply *reply, const char *part)
{
    char text[8192];
    snprintf(text, sizeof text, "%.*s", (int)reply->body.n, (const char *)reply->body.p);
    if (strstr(text, part) == NULL) {
        fail_msg("%s", text);
    }
    return reply->status;
}

static unsigned asked(struct world *w, struct https_client *c, const char *part)
{
    struct https_reply r;
    const struct https_request q = {.method = "GET", .url = w->url};
    assert_ok(https_client_do(c, &q, &r));
    return said(&r, part);
}

static unsigned put(struct world *w, struct https_client *c, const char *part)
{
    struct https_reply r;
    char url[128], body[256];
    snprintf(url, sizeof url, "%s/identity", w->url);
    snprintf(body, sizeof body, "{\"public_key\":\"%s\"}", w->key);
    const struct https_request q = {.method = "PUT", .url = url, .body = bytes_of_str(body)};
    assert_ok(https_client_do(c, &q, &r));
    return said(&r, part);
}

static unsigned put_device(struct world *w, struct https_client *c, unsigned replaces,
                           const char *part)
{
    struct https_reply r;
    char url[128], body[8192], more[32] = "";
    if (replaces > 0) {
        snprintf(more, sizeof more, ",\"replaces\":%u", replaces);
    }
    snprintf(url, sizeof url, "%s/provisioning", w->url);
    snprintf(body, sizeof body,
             "{\"certificates\":[\"%s\",\"%s\"],\"device\":{\"id\":\"one\",\"manufacturer\":\"a\","
             "\"model\":\"b\",\"serial_number\":\"c\"}%s}",
             w->chain[0], w->chain[1], more);
    const struct https_request q = {.method = "PUT", .url = url, .body = bytes_of_str(body)};
    assert_ok(https_client_do(c, &q, &r));
    return said(&r, part);
}

/* What the certificate site says at a path. */
static unsigned site(struct world *w, struct https_client *c, const char *path, const char *part)
{
    struct https_reply r;
    char url[128];
    snprintf(url, sizeof url, "https://localhost:%u%s", https_bound(w->repod.server).port, path);
    const struct https_request q = {.method = "GET", .url = url};
    assert_ok(https_client_do(c, &q, &r));
    return said(&r, part);
}

static void what_cannot_be_signed_is_not_published(void **state)
{
    struct world *w = *state;
    struct https_client *c = client_of(w, "maker");
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    no_random = true;
    assert_int_equal(put(w, c, "/problems/signing-failed"), 500);
    no_random = false;
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    assert_int_equal(put(w, c, "\"did\":\"added\",\"serial\":1"), 201);
    https_client_close(c);
}

static void without_memory_a_client_is_told_to_come_again(void **state)
{
    struct world *w = *state;
    struct https_client *c = client_of(w, "maker");
    assert_int_equal(put(w, c, "\"did\":\"added\""), 201);
    failing_allocations = 1;
    assert_int_equal(asked(w, c, "/problems/no-memory"), 503);
    assert_int_equal(failing_allocations, 0);
    assert_int_equal(asked(w, c, "\"status\":\"active\""), 200);
    https_client_close(c);
}

static bool get(struct world *w, struct https_client *c, const char *path, struct https_reply *r)
{
    char url[128];
    snprintf(url, sizeof url, "https://localhost:%u%s", https_bound(w->repod.server).port, path);
    const struct https_request q = {.method = "GET", .url = url};
    assert_ok(https_client_do(c, &q, r));
    if (r->status == 200) {
        return true;
    }
    assert_true(r->status == 503 || r->status == 500); /* 500: the audit took no line */
    assert_int_equal(r->etag[0], '\0');
    return false;
}

/* Whichever allocation of its JSON fails: it is refused, and else the answer is the same. */
static void a_site_without_memory_says_so(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    char etag[HTTPS_CLIENT_ETAG_MAX];
    unsigned failed = 0;
    struct https_client *c = client_of(w, "maker");
    no_random = true;
    assert_int_equal(put_device(w, c, 0, "/problems/signing-failed"), 500);
    no_random = false;
    assert_int_equal(put_device(w, c, 0, "\"did\":\"added\""), 201);
    assert_int_equal(put(w, c, "\"did\":\"added\""), 201);
    assert_int_equal(site(w, c, "/DeviceID=one", "-----BEGIN CERTIFICATE-----\n"), 200);
    assert_int_equal(site(w, c, "/v1/device-records/one", "\"certificates\":[\""), 200);
    assert_true(get(w, c, "/v1/device-records/one", &r));
    memcpy(etag, r.etag, sizeof etag);
    for (bool reached = true; reached; failed++) {
        good_allocations = (int)failed;
        failing_allocations = 1;
        bool ok = get(w, c, "/v1/device-records/one", &r);
        reached = failing_allocations == 0;
        if (ok && reached) {
            print_error("%u: %s\n%.*s\n", failed, r.etag, (int)r.body.n, (const char *)r.body.p);
        }
        failing_allocations = 0;
        assert_true(get(w, c, "/v1/device-records/one", &r));
        assert_string_equal(r.etag, etag);
    }
    assert_true(failed > 20);
    https_client_close(c);
}

/* Whoever has the chain before a new one is not told that it is the same. */
static void a_new_chain_has_a_new_tag(void **state)
{
    struct world *w = *state;
    struct https_reply r;
    char etag[HTTPS_CLIENT_ETAG_MAX], url[128];
    struct https_client *c = client_of(w, "maker");
    assert_int_equal(put_device(w, c, 0, "\"did\":\"added\""), 201);
    assert_true(get(w, c, "/DeviceID=one", &r));
    memcpy(etag, r.etag, sizeof etag);
    snprintf(url, sizeof url, "https://localhost:%u/DeviceID=one",
             https_bound(w->repod.server).port);
    const struct https_request again = {.method = "GET", .url = url, .if_none_match = etag};
    assert_ok(https_client_do(c, &again, &r));
    assert_int_equal(r.status, 304);
    make_device(w);
    assert_int_equal(put_device(w, c, 1, "\"did\":\"replaced\""), 200);
    assert_ok(https_client_do(c, &again, &r));
    assert_int_equal(r.status, 200);
    assert_string_not_equal(r.etag, etag);
    https_client_close(c);
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

static void a_reload_replaces_the_grants_or_nothing(void **state)
{
    struct world *w = *state;
    struct https_client *c = client_of(w, "operator");
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    write_config(w, "operator.example", ", connections: 3");
    assert_ok(reload(w));
    assert_int_equal(w->changes.changed.n, 0);
    assert_int_equal(w->changes.needs_restart.n, 1);
    assert_string_equal(w->changes.needs_restart.list[0], "limits.connections");
    write_config(w, "operator.example", ", burst: 0");
    assert_int_not_equal(reload(w), E_OK);
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    write_config(w, "somebody.example", "");
    assert_ok(reload(w));
    assert_int_equal(asked(w, c, "/problems/no-grant"), 403);
    write_config(w, "operator.example", "");
    assert_ok(reload(w));
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    https_client_close(c);
}

static void begin_with(struct world *w, struct log *log, const char *rest)
{
    end(w);
    w->log = log;
    w->rest = rest;
    begin(w);
}

/*= test op-reload */
static void a_reload_that_fails_at_the_last_interface_changes_none_of_them(void **state)
{
    static struct half h;
    struct world *w = *state;
    half_open(&h, &w->pki);
    begin_with(w, h.log,
               "admin:\n  socket: repod.sock\n  https: " HALF_ADMIN_BEFORE
               "\n" HALF_METRICS_BEFORE);
    half_ports(&h, admin_server_view(repod_admin_server(w->repod.admin)));
    half_is_before(&h);
    half_forget(&h);
    half_wrong_key(&h, "server");
    w->rest = "admin:\n  socket: repod.sock\n  https: " HALF_ADMIN_AFTER "\n" HALF_METRICS_AFTER;
    write_config(w, "somebody.example", "");
    assert_err(reload(w), E_BAD_VALUE);
    assert_non_null(strstr(w->why.text, "listener: "));
    half_said(&h, "\"reload-refused\"", "listener: ");
    half_is_before(&h);
    struct https_client *c = client_of(w, "operator");
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    https_client_close(c);
    half_right_key(&h, "server");
    assert_ok(reload(w));
    half_is_after(&h);
    begin_with(w, NULL, NULL);
    half_close(&h);
}

static void every_answer_is_timed_by_its_path(void **state)
{
    struct world *w = *state;
    struct metrics_times times = {.sum_ns = 0};
    uint64_t n = 0;
    struct https_client *c = client_of(w, "operator");
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    for (size_t i = 0; i < REPOD_ROUTES; i++) {
        const char *method = NULL, *path = NULL;
        repod_route(i, &method, &path);
        assert_non_null(method);
        assert_int_equal(path[0], '/');
        metrics_times_add(&w->repod.times[i], &times);
    }
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        n += times.n[i];
    }
    assert_int_equal(n, 2);
    https_client_close(c);
}

static void a_reload_gives_nobody_back_what_was_used_up(void **state)
{
    struct world *w = *state;
    struct https_client *c = client_of(w, "operator");
    for (int i = 0; i < 6; i++) {
        assert_int_equal(asked(w, c, "/problems/no-binding"), 404);
    }
    assert_int_equal(asked(w, c, "/problems/too-many-requests"), 429);
    assert_ok(reload(w));
    assert_int_equal(asked(w, c, "/problems/too-many-requests"), 429);
    https_client_close(c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(what_cannot_be_signed_is_not_published),
        T(without_memory_a_client_is_told_to_come_again),
        cmocka_unit_test_setup_teardown(a_site_without_memory_says_so, setup_generous, teardown),
        cmocka_unit_test_setup_teardown(a_new_chain_has_a_new_tag, setup_generous, teardown),
        T(a_reload_replaces_the_grants_or_nothing),
        T(a_reload_gives_nobody_back_what_was_used_up),
        T(a_reload_that_fails_at_the_last_interface_changes_none_of_them),
        T(every_answer_is_timed_by_its_path)};
    RAND_METHOD random = {
        .bytes = random_octets, .pseudorand = random_octets, .status = random_status};
    random_good = RAND_get_rand_method();
    signal(SIGPIPE, SIG_IGN);
    json_set_alloc_funcs(allocate, free);
    RAND_set_rand_method(&random);
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    RAND_set_rand_method(random_good);
    return failed;
}
