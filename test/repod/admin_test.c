/* nf/repod/admin.h: src/nf/repod/admin.c and src/nf/repod/admin_view.c, asked over the socket of a
 * repository in this process. HTTPS, and each role at each path, are test/live/admin_daemons.sh's.
 */
#include "net/pki.h"

#include "nf/repod/admin.h"

#include <pthread.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <uv.h>

struct world {
    struct pki pki;
    struct repod_config *config;
    struct repod repod;
    uv_loop_t loop;
    uv_async_t stop;
    pthread_t thread;
    char path[64];
    json_t *body; /* of the last answer */
    char text[65536];
};

static void write_config(struct world *w, const char *operators)
{
    FILE *f = fopen(w->path, "w");
    assert_non_null(f);
    fprintf(f,
            "listener: {address: \"https://127.0.0.1:0\", certificate: server.crt,"
            " key: server.key, ca: ca.crt}\n"
            "signing_key: records.key\nstore: repo.db\naudit: audit.log\n"
            "manufacturers:\n  - {name: maker.example, ranges: [\"35693803\"], device_ca: ca.crt}\n"
            "operators: [%s]\nadmin: {socket: repod.sock}\n",
            operators);
    fclose(f);
}

/* Two records of one device, one of each of two others: 1, 2 and 3 at their ends. */
static void fill(struct repo_store *s)
{
    static const struct {
        const char *imei;
        uint8_t use;
    } rows[] = {{"35693803000001", 1},
                {"35693803000001", 2},
                {"35693803000003", 1},
                {"35693803000002", 1},
                {"35693803000001", 1}};
    assert_ok(repo_store_begin(s));
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        struct repo_row r = {.serial = i + 1,
                             .use = rows[i].use,
                             .form = 2,
                             .status = 1,
                             .issued = 1767225600,
                             .by = "maker.example",
                             .credential = BYTES_LIT("a public key")};
        assert_ok(imei_parse(bytes_of_str(rows[i].imei), &r.imei));
        assert_ok(repo_store_add(s, &r));
    }
    assert_ok(repo_store_commit(s));
}

static void on_stop(uv_async_t *async)
{
    uv_stop(async->loop);
}

static void *serve(void *arg)
{
    struct world *w = arg;
    uv_run(&w->loop, UV_RUN_DEFAULT);
    return NULL;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct config_why why;
    struct repod_why said;
    pki_open(&w->pki);
    pki_make(&w->pki, "ca", NULL, "ca", NULL);
    pki_make(&w->pki, "records", "ca", "records", NULL);
    pki_make(&w->pki, "server", "ca", "server", "DNS:localhost");
    snprintf(w->path, sizeof w->path, "%s", pki_path(&w->pki, "repod", ".yaml"));
    write_config(w, "{name: one.example}, {name: two.example, ranges: [\"35693803\"]}");
    assert_ok(repod_config_load(w->path, &w->config, &why));
    uv_loop_init(&w->loop);
    uv_async_init(&w->loop, &w->stop, on_stop);
    w->repod = (struct repod){.config = w->config};
    assert_ok(repod_start(&w->repod, &w->loop, &said));
    fill(w->repod.store);
    pthread_create(&w->thread, NULL, serve, w);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    uv_async_send(&w->stop);
    pthread_join(w->thread, NULL);
    repod_stop(&w->repod);
    assert_int_equal(access(pki_path(&w->pki, "repod", ".sock"), F_OK), -1);
    uv_close((uv_handle_t *)&w->stop, NULL);
    uv_run(&w->loop, UV_RUN_DEFAULT);
    assert_int_equal(uv_loop_close(&w->loop), 0);
    repod_config_free(w->config);
    json_decref(w->body);
    pki_close(&w->pki);
    free(w);
    return 0;
}

static unsigned ask(struct world *w, const char *method, const char *path)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    char request[256];
    size_t n = 0;
    const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", pki_path(&w->pki, "repod", ".sock"));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    const int k = snprintf(
        request, sizeof request,
        "%s %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
        method, path);
    assert_int_equal(send(fd, request, (size_t)k, MSG_NOSIGNAL), k);
    for (ssize_t got = 1; got > 0 && n < sizeof w->text - 1; n += (size_t)(got > 0 ? got : 0)) {
        got = recv(fd, w->text + n, sizeof w->text - 1 - n, 0);
    }
    w->text[n] = '\0';
    close(fd);
    const char *body = strstr(w->text, "\r\n\r\n");
    assert_non_null(body);
    json_decref(w->body);
    w->body = json_loads(body + 4, 0, NULL);
    return (unsigned)strtoul(w->text + strlen("HTTP/1.1 "), NULL, 10);
}

static unsigned get(struct world *w, const char *path)
{
    return ask(w, "GET", path);
}

static json_t *member(const struct world *w, const char *name)
{
    json_t *v = json_object_get(w->body, name);
    assert_non_null(v);
    return v;
}

static const char *row_text(const struct world *w, const char *list, size_t i, const char *name)
{
    return json_string_value(json_object_get(json_array_get(member(w, list), i), name));
}

static bool is_problem(const struct world *w, const char *name)
{
    char type[80];
    snprintf(type, sizeof type, "urn:bindery:problem:%s", name);
    return strcmp(json_string_value(member(w, "type")), type) == 0;
}

static void the_status_has_what_is_served_and_counted(void **state)
{
    struct world *w = *state;
    struct stat st;
    assert_int_equal(stat(pki_path(&w->pki, "repod", ".sock"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    assert_int_equal(get(w, "/v1/status"), 200);
    assert_string_equal(json_string_value(member(w, "program")), "bindery-repod");
    assert_string_equal(json_string_value(member(w, "site")), "none");
    assert_int_equal(json_integer_value(member(w, "records")), 5);
    assert_int_equal(json_integer_value(member(w, "manufacturers")), 1);
    assert_int_equal(json_integer_value(member(w, "operators")), 2);
    assert_int_equal(strlen(json_string_value(member(w, "signer"))), 64);
    assert_true(json_is_false(member(w, "store_failing")));
    assert_int_equal(json_object_size(member(w, "published")), 4);
    assert_int_equal(json_integer_value(json_object_get(member(w, "https"), "requests")), 0);
    assert_true(json_is_null(json_object_get(member(w, "admin"), "listen")));
    assert_true(file_watch_wait(metrics_desk_source(w->repod.metrics)->files, 60000));
    assert_int_equal(get(w, "/v1/status"), 200);
    assert_int_equal(json_array_size(member(w, "files")), 3); /* server, ca, and the maker's */
    assert_string_equal(row_text(w, "files", 0, "use"), "listener.certificate");
    const json_t *first = json_array_get(member(w, "files"), 0);
    assert_true(json_is_true(json_object_get(first, "readable")));
    assert_true(json_is_integer(json_object_get(first, "days")));
    assert_non_null(row_text(w, "files", 0, "until"));
}

static void bindings_are_shown_page_by_page_and_one_by_one(void **state)
{
    struct world *w = *state;
    assert_int_equal(get(w, "/v1/bindings?limit=2"), 200);
    assert_int_equal(json_array_size(member(w, "bindings")), 3); /* two uses of the first */
    assert_string_equal(row_text(w, "bindings", 0, "imei"), "35693803000001");
    assert_int_equal(
        json_integer_value(json_object_get(json_array_get(member(w, "bindings"), 0), "serial")),
        5); /* the newest */
    assert_string_equal(row_text(w, "bindings", 2, "imei"), "35693803000002");
    assert_null(row_text(w, "bindings", 2, "public_key"));
    assert_string_equal(json_string_value(member(w, "next")), "35693803000002");
    assert_int_equal(get(w, "/v1/bindings?limit=2&after=35693803000002"), 200);
    assert_int_equal(json_array_size(member(w, "bindings")), 1);
    assert_true(json_is_null(member(w, "next")));
    assert_int_equal(get(w, "/v1/bindings?after=35693803000003"), 200);
    assert_int_equal(json_array_size(member(w, "bindings")), 0);
    assert_int_equal(get(w, "/v1/bindings/35693803000001"), 200);
    assert_int_equal(json_array_size(member(w, "bindings")), 2);
    assert_non_null(row_text(w, "bindings", 0, "public_key"));
    assert_int_equal(get(w, "/v1/bindings/35693803000009"), 404);
    assert_true(is_problem(w, "no-such-device"));
    assert_int_equal(get(w, "/v1/bindings/1"), 400);
    assert_int_equal(get(w, "/v1/bindings?after=1"), 400);
    assert_int_equal(get(w, "/v1/bindings?limit=0"), 400);
    assert_int_equal(get(w, "/v1/bindings?x=1"), 400);
    assert_true(is_problem(w, "bad-parameter"));
    assert_int_equal(ask(w, "DELETE", "/v1/bindings/35693803000001"), 405);
    assert_int_equal(get(w, "/v1/bindings/35693803000001/identity"), 404);
}

static void clients_are_shown_with_what_they_may(void **state)
{
    struct world *w = *state;
    assert_int_equal(get(w, "/v1/clients?limit=2"), 200);
    assert_int_equal(json_array_size(member(w, "clients")), 2);
    assert_string_equal(row_text(w, "clients", 0, "role"), "manufacturer");
    assert_non_null(row_text(w, "clients", 0, "device_ca"));
    assert_string_equal(row_text(w, "clients", 1, "name"), "one.example");
    assert_true(
        json_is_true(json_object_get(json_array_get(member(w, "clients"), 1), "every_device")));
    assert_int_equal(json_integer_value(member(w, "next")), 2);
    assert_int_equal(get(w, "/v1/clients?after=2"), 200);
    assert_int_equal(json_array_size(member(w, "clients")), 1);
    const json_t *ranges = json_object_get(json_array_get(member(w, "clients"), 0), "ranges");
    assert_string_equal(json_string_value(json_array_get(ranges, 0)), "35693803");
    assert_true(json_is_null(member(w, "next")));
    assert_int_equal(get(w, "/v1/clients?role=operator&limit=1"), 200);
    assert_string_equal(row_text(w, "clients", 0, "name"), "one.example");
    assert_int_equal(json_integer_value(member(w, "next")), 2);
    assert_int_equal(get(w, "/v1/clients?role=operator&after=2&limit=1"), 200);
    assert_string_equal(row_text(w, "clients", 0, "name"), "two.example");
    assert_true(json_is_null(member(w, "next")));
    assert_int_equal(get(w, "/v1/clients?role=manufacturer&after=3"), 200);
    assert_int_equal(json_array_size(member(w, "clients")), 0);
    assert_int_equal(get(w, "/v1/clients?role=other"), 400);
}

static void a_reload_is_written_down_with_who_ordered_it(void **state)
{
    struct world *w = *state;
    write_config(w, "{name: one.example}, {name: three.example}");
    assert_int_equal(ask(w, "POST", "/v1/reload"), 200);
    assert_int_equal(json_array_size(member(w, "changed")), 2);
    assert_int_equal(json_array_size(member(w, "needs_restart")), 0);
    assert_int_equal(get(w, "/v1/clients?after=2"), 200);
    assert_string_equal(row_text(w, "clients", 0, "name"), "three.example");
    write_config(w, "{nome: one.example}");
    assert_int_equal(ask(w, "POST", "/v1/reload"), 409);
    assert_true(is_problem(w, "configuration-refused"));
    assert_int_equal(get(w, "/v1/audit?limit=9"), 200);
    static const char *const outcomes[] = {"configuration-refused", "begun", "done", "begun"};
    assert_int_equal(json_array_size(member(w, "entries")), 4);
    for (size_t i = 0; i < 4; i++) {
        assert_string_equal(row_text(w, "entries", i, "outcome"), outcomes[i]);
        assert_string_equal(row_text(w, "entries", i, "asked"), "POST /v1/reload");
        assert_string_equal(row_text(w, "entries", i, "address"), "unix");
        assert_int_equal(strncmp(row_text(w, "entries", i, "administrator"), "unix:", 5), 0);
    }
    assert_true(json_is_null(member(w, "next")));
}

static void what_cannot_be_written_down_is_not_done(void **state)
{
    struct world *w = *state;
    const char *log = pki_path(&w->pki, "audit", ".log");
    assert_int_equal(unlink(log), 0);
    assert_int_equal(mkdir(log, 0700), 0);
    write_config(w, "{name: one.example}");
    assert_int_equal(ask(w, "POST", "/v1/reload"), 500);
    assert_true(is_problem(w, "audit-failed"));
    assert_int_equal(get(w, "/v1/audit"), 500);
    assert_true(is_problem(w, "audit-failed"));
    assert_int_equal(get(w, "/v1/clients?role=operator"), 200);
    assert_int_equal(json_array_size(member(w, "clients")), 2); /* as before */
    assert_int_equal(get(w, "/v1/status"), 200);
    assert_true(json_is_true(member(w, "audit_failing")));
    assert_int_equal(get(w, "/health/ready"), 503);
    assert_int_equal(rmdir(pki_path(&w->pki, "audit", ".log")), 0);
    assert_int_equal(ask(w, "POST", "/v1/reload"), 200);
    assert_int_equal(get(w, "/health/ready"), 200);
}

static void questions_to_the_audit_log_are_checked(void **state)
{
    struct world *w = *state;
    assert_int_equal(ask(w, "POST", "/v1/reload"), 200);
    assert_int_equal(get(w, "/v1/audit?client=nobody"), 200);
    assert_int_equal(json_array_size(member(w, "entries")), 0);
    assert_int_equal(get(w, "/v1/audit?limit=1"), 200);
    assert_int_equal(json_array_size(member(w, "entries")), 1);
    assert_true(json_integer_value(member(w, "next")) > 0);
    assert_int_equal(get(w, "/v1/audit?before=99999999"), 400);
    assert_true(is_problem(w, "bad-parameter"));
    assert_int_equal(get(w, "/v1/audit?imei=12"), 400);
    assert_int_equal(get(w, "/v1/audit?before=x"), 400);
}

static void the_pages_of_those_who_watch_are_there(void **state)
{
    struct world *w = *state;
    assert_int_equal(get(w, "/metrics"), 200);
    assert_non_null(strstr(w->text, "bindery_"));
    assert_int_equal(get(w, "/health/live"), 200);
    assert_int_equal(get(w, "/v1/openapi.yaml"), 200);
    assert_non_null(strstr(w->text, "Administration of bindery-repod"));
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(the_status_has_what_is_served_and_counted),
        T(bindings_are_shown_page_by_page_and_one_by_one),
        T(clients_are_shown_with_what_they_may),
        T(a_reload_is_written_down_with_who_ordered_it),
        T(what_cannot_be_written_down_is_not_done),
        T(questions_to_the_audit_log_are_checked),
        T(the_pages_of_those_who_watch_are_there),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
