/* /metrics, /health/live and /health/ready of a HSS in a process of its own, at its administration
 * socket and at the plain listener, read by a strict reader; and that the HSS says so when its
 * store cannot be written. Covers src/nf/hssd/metrics.c, src/nf/hssd/metrics_files.c,
 * src/nf/hssd/admin_metrics.c, src/nf/hssd/timings.c, src/nf/common/admin_metrics.c,
 * src/nf/common/metrics_desk.c, src/nf/common/metrics_port.c and
 * src/nf/common/config_metrics.c. */
#include "nf/admin_world.h"

#include "codec/s13.h"
#include "codec/s6a.h"
#include "lib/exposition.h"
#include "nf/hssd/metrics.h"
#include "nf/hssd/timings.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/resource.h>

static unsigned port; /* of the plain listener */

static int begin(void **state)
{
    (void)state;
    char text[2048], path[64], line[1024];
    make_folder();
    snprintf(text, sizeof text, "%smetrics: {listen: \"http://127.0.0.1:0\"}\n", config_text);
    write_file("hssd.yaml", text);
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    signal(SIGXFSZ, SIG_IGN); /* the child has it from here: a write fails, nobody is killed */
    if (launch() != 0) {
        return -1;
    }
    snprintf(path, sizeof path, "%s/hssd.log", folder);
    FILE *f = fopen(path, "r");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        const char *at = strstr(line, "\"metrics-listener\"");
        at = at != NULL ? strstr(at, "tcp://127.0.0.1:") : NULL;
        port = at != NULL ? (unsigned)atoi(at + strlen("tcp://127.0.0.1:")) : port;
    }
    fclose(f);
    return port != 0 ? 0 : -1;
}

/* Asks the plain listener; the answer's status. *body points behind the head. */
static int plain(const char *request, const char **body)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    size_t n = 0;
    ssize_t k;
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    say(fd, request, strlen(request));
    while ((k = recv(fd, answer + n, sizeof answer - 1 - n, 0)) > 0) {
        n += (size_t)k;
    }
    close(fd);
    answer[n] = '\0';
    *body = strstr(answer, "\r\n\r\n");
    assert_non_null(*body);
    *body += 4;
    return atoi(answer + strlen("HTTP/1.1 "));
}

#define GET(path) "GET " path " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"

static const char *socket_metrics(void)
{
    json_t *json = NULL;
    assert_int_equal(ask("GET", "/metrics", "", &json), 200);
    json_decref(json);
    return strstr(answer, "\r\n\r\n") + 4;
}

/*= test op-metrics */
static void metrics_are_what_the_format_wants(void **state)
{
    (void)state;
    const char *text = socket_metrics();
    const char *wrong = exposition_wrong(text, strlen(text));
    assert_string_equal(wrong != NULL ? wrong : "", "");
    assert_non_null(strstr(answer, "text/plain; version=0.0.4"));
    assert_true(exposition_value(text, "bindery_ready") == 1);
    assert_true(exposition_value(text, "bindery_peer_connections{peer=\"m.example.net\"}") == 0);
    assert_true(exposition_value(
                    text, "bindery_hss_requests_total{command=\"AIR\",result=\"success\"}") == 0);
    assert_true(exposition_value(text, "bindery_hss_sequence_mark_left_seconds") > 0);
    assert_true(exposition_value(text, "bindery_hss_writer_queue_room_jobs") > 0);
}

static void every_counter_has_a_sentence(void **state)
{
    (void)state;
#define X(name)                                                                                    \
    if (metrics_counter_help(METRICS_OF_HSS, #name) == NULL) {                                     \
        fail_msg("METRICS_HSS_COUNTERS of nf/common/metrics_table.h has no sentence for %s",       \
                 #name);                                                                           \
    }
    HSSD_COUNTERS(X)
#undef X
}

static void commits_and_rows_are_counted(void **state)
{
    (void)state;
    const char *done = "bindery_hss_store_commits_total{result=\"done\"}";
    const double before = exposition_value(socket_metrics(), done);
    expect(201, "PUT", ONE, "{" KEYS "}");
    const char *text = socket_metrics();
    assert_true(exposition_value(text, done) > before);
    assert_true(exposition_value(text, "bindery_hss_store_commit_seconds_count") > 0);
}

/* The store's size is looked at by a thread of its own. */
static void the_store_s_size_comes(void **state)
{
    (void)state;
    char sample[160];
    double size = -1;
    snprintf(sample, sizeof sample, "bindery_store_size_bytes{file=\"%s/hss.db\",part=\"main\"}",
             folder);
    for (unsigned i = 0; i < 6000 && size <= 0; i++) {
        size = exposition_value(socket_metrics(), sample);
        usleep(10000);
    }
    assert_true(size > 0);
    snprintf(sample, sizeof sample, "bindery_store_disk_free_bytes{file=\"%s/hss.db\"}", folder);
    assert_true(exposition_value(answer, sample) > 0);
}

static void the_plain_listener_has_three_pages_and_no_more(void **state)
{
    (void)state;
    const char *body = NULL;
    assert_int_equal(plain(GET("/metrics"), &body), 200);
    assert_null(exposition_wrong(body, strlen(body)));
    assert_int_equal(plain(GET("/metrics?x=1"), &body), 200);
    assert_int_equal(plain(GET("/health/live"), &body), 200);
    assert_string_equal(body, "{\"live\":true}");
    assert_int_equal(plain(GET("/health/ready"), &body), 200);
    assert_int_equal(plain(GET("/v1/status"), &body), 404);
    assert_int_equal(plain(GET("/v1/subscribers/001010000000001"), &body), 404);
    assert_int_equal(plain(GET("/"), &body), 404);
    assert_int_equal(
        plain("DELETE /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &body), 405);
    assert_int_equal(plain("POST /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                           "Content-Length: 3\r\n\r\nabc",
                           &body),
                     405);
    assert_int_equal(plain("HEAD /metrics HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n", &body),
                     200);
    assert_string_equal(body, "");
}

/* Who opens connections and says nothing does not stop others of the administration. */
static void silent_clients_are_bounded(void **state)
{
    (void)state;
    int fds[32];
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    for (size_t i = 0; i < 32; i++) {
        fds[i] = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fds[i], (struct sockaddr *)&at, sizeof at), 0);
    }
    expect(200, "GET", "/health/live", "");
    for (size_t i = 0; i < 32; i++) {
        close(fds[i]);
    }
    const char *body = NULL;
    int status = 0;
    for (unsigned i = 0; i < 6000 && status != 200; i++) { /* until it saw that they are gone */
        status = 0;
        int fd = socket(AF_INET, SOCK_STREAM, 0);
        assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
        say(fd, GET("/health/live"), strlen(GET("/health/live")));
        ssize_t n = recv(fd, answer, sizeof answer - 1, 0);
        close(fd);
        if (n > 0) {
            status = atoi(answer + strlen("HTTP/1.1 "));
        } else {
            usleep(10000);
        }
    }
    (void)body;
    assert_int_equal(status, 200);
}

static void may_write(bool may)
{
    struct rlimit l;
    assert_int_equal(prlimit(child, RLIMIT_FSIZE, NULL, &l), 0);
    l.rlim_cur = may ? l.rlim_max : 1;
    assert_int_equal(prlimit(child, RLIMIT_FSIZE, &l, NULL), 0);
}

static int ready(void)
{
    json_t *json = NULL;
    int status = ask("GET", "/health/ready", "", &json);
    json_decref(json);
    return status;
}

/*= test op-health */
static void not_ready_while_the_store_cannot_be_written(void **state)
{
    (void)state;
    json_t *json = NULL;
    assert_int_equal(ready(), 200);
    may_write(false);
    int status = ask("PUT", "/v1/subscribers/001010000000002", "{" KEYS "}", &json);
    json_decref(json);
    assert_true(status >= 500);
    for (unsigned i = 0; i < 6000 && ready() != 503; i++) { /* one failure is only a doubt */
        usleep(10000);
    }
    assert_int_equal(ready(), 503);
    assert_non_null(strstr(answer, "\"store-not-writable\""));
    const char *text = socket_metrics();
    assert_true(exposition_value(text, "bindery_ready") == 0);
    assert_true(exposition_value(text, "bindery_not_ready{cause=\"store-not-writable\"}") == 1);
    assert_true(exposition_value(text, "bindery_hss_store_commits_total{result=\"failed\"}") >= 1);
    may_write(true);
    for (unsigned i = 0; i < 6000 && ready() != 200; i++) { /* it tries by itself */
        usleep(10000);
    }
    assert_int_equal(ready(), 200);
    expect(201, "PUT", "/v1/subscribers/001010000000002", "{" KEYS "}");
}

/* ---- what a thread notes ---- */

/*= test op-metrics */
static void answers_are_noted_by_command_and_result(void **state)
{
    (void)state;
    static struct hssd_timings t;
    static struct hssd_timed_sum sum;
    struct diameter_header h = {.command = S6A_AUTHENTICATION_INFORMATION};
    hssd_timed(&t, &h, REFUSAL_NONE, metrics_now_ns());
    hssd_timed(&t, &h, REFUSAL_BARRED, 0);
    h.command = S13_ME_IDENTITY_CHECK;
    hssd_timed(&t, &h, REFUSAL_NONE, metrics_now_ns());
    h.command = 1;
    hssd_timed(&t, &h, REFUSAL_COMMAND_NOT_ALLOWED, metrics_now_ns());
    hssd_timed(NULL, &h, REFUSAL_NONE, 1);
    hssd_timed_add(&t, &sum);
    hssd_timed_add(&t, &sum);
    uint64_t timed = 0;
    for (unsigned i = 0; i < METRICS_BUCKETS; i++) {
        timed += sum.times[HSSD_TIMED_AIR].n[i];
    }
    assert_int_equal(timed, 2); /* twice the one whose time is known */
    assert_int_equal(sum.results[HSSD_TIMED_AIR][REFUSAL_NONE], 2);
    assert_int_equal(sum.results[HSSD_TIMED_AIR][REFUSAL_BARRED], 2);
    assert_int_equal(sum.results[HSSD_TIMED_ECR][REFUSAL_NONE], 2);
    assert_int_equal(sum.results[HSSD_TIMED_OTHER][REFUSAL_COMMAND_NOT_ALLOWED], 2);
    assert_string_equal(hssd_timed_name(HSSD_TIMED_OTHER), "OTHER");
}

/* ---- configuration ---- */

static enum err load(const char *section, struct hssd_config **out, struct config_why *why)
{
    char text[2048], path[64];
    snprintf(text, sizeof text, "%s%s", config_text, section);
    write_file("other.yaml", text);
    snprintf(path, sizeof path, "%s/other.yaml", folder);
    return hssd_config_load(path, out, why);
}

static void the_listener_is_on_loopback_unless_said_otherwise(void **state)
{
    (void)state;
    struct hssd_config *c = NULL, *d = NULL;
    struct config_why why;
    assert_ok(load("", &c, &why));
    assert_false(c->metrics.on);
    assert_ok(load("metrics: {listen: \"http://0.0.0.0:9464\", off_loopback: true}\n", &d, &why));
    assert_true(d->metrics.on);
    assert_false(same_metrics(&c->metrics, &d->metrics));
    assert_true(same_metrics(&d->metrics, &d->metrics));
    hssd_config_free(c);
    hssd_config_free(d);
    static const char *const bad[] = {"metrics: {listen: \"http://0.0.0.0:9464\"}\n",
                                      "metrics: {listen: \"https://127.0.0.1:9464\"}\n",
                                      "metrics: {listen: \"http://localhost:9464\"}\n",
                                      "metrics: {listen: \"http://127.0.0.1\"}\n",
                                      "metrics: {off_loopback: true}\n",
                                      "metrics: {port: 1}\n"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        assert_err(load(bad[i], &c, &why), E_BAD_VALUE);
        assert_non_null(strstr(why.place, "metrics"));
    }
}

static void files_are_named_by_their_place(void **state)
{
    (void)state;
    static struct metrics_files f;
    char crl[] = "site.crl", ca[] = "ca.pem";
    struct hssd_authority a = {.device_crl = crl, .roots = ca};
    struct hssd_config c = {.store_path = ca,
                            .onboarding = {.authorities = &a, .n_authorities = 1}};
    hssd_metrics_files(&c, &f);
    assert_int_equal(f.n, 3);
    assert_int_equal(f.items[0].kind, FILE_WATCH_STORE);
    assert_string_equal(f.items[1].use, "onboarding.authorities[0].roots");
    assert_string_equal(f.items[2].use, "onboarding.authorities[0].device_crl");
    assert_string_equal(f.items[2].path, "site.crl");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(metrics_are_what_the_format_wants),
        cmocka_unit_test(every_counter_has_a_sentence),
        cmocka_unit_test(commits_and_rows_are_counted),
        cmocka_unit_test(the_store_s_size_comes),
        cmocka_unit_test(the_plain_listener_has_three_pages_and_no_more),
        cmocka_unit_test(silent_clients_are_bounded),
        cmocka_unit_test(not_ready_while_the_store_cannot_be_written),
        cmocka_unit_test(answers_are_noted_by_command_and_result),
        cmocka_unit_test(the_listener_is_on_loopback_unless_said_otherwise),
        cmocka_unit_test(files_are_named_by_their_place),
    };
    return cmocka_run_group_tests(tests, begin, stop);
}
