/* Also of src/cli/memory.c. The HSS is a thread that says what it is told to. */
#include "cli/api_client.h"
#include "cli/memory.h"
#include "cli/said.h"
#include <pthread.h>
#include <sys/socket.h>

static char dir[64], path[96];
static struct said said;
static struct cli_common common;

struct hss {
    int fd;
    const char *answer;
    char heard[4096];
    pthread_t thread;
};

static void *serve(void *of)
{
    struct hss *h = of;
    int c = accept(h->fd, NULL, NULL);
    ssize_t n = recv(c, h->heard, sizeof h->heard - 1, 0);
    h->heard[n > 0 ? n : 0] = '\0';
    (void)!send(c, h->answer, strlen(h->answer), MSG_NOSIGNAL);
    close(c);
    return NULL;
}

static void hss_begin(struct hss *h, const char *answer)
{
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    *h = (struct hss){.fd = socket(AF_UNIX, SOCK_STREAM, 0), .answer = answer};
    snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
    unlink(path);
    assert_int_equal(bind(h->fd, (struct sockaddr *)&a, sizeof a), 0);
    assert_int_equal(listen(h->fd, 1), 0);
    assert_int_equal(pthread_create(&h->thread, NULL, serve, h), 0);
}

static void hss_end(struct hss *h)
{
    pthread_join(h->thread, NULL);
    close(h->fd);
}

/* One call against an HSS that gives this answer. */
static int asked(const char *answer, const struct api_request *request, struct api_answer *out)
{
    struct hss h;
    hss_begin(&h, answer);
    said_begin(&said);
    int rc = api_once(&common, "it", request, out);
    said_end(&said);
    hss_end(&h);
    return rc;
}

static const struct api_request get = {.method = "GET", .path = "/v1/status"};

static void an_answer(void **state)
{
    struct api_answer a;
    (void)state;
    assert_int_equal(asked("HTTP/1.1 200 OK\r\nContent-Length: 7\r\n\r\n{\"a\":1}", &get, &a),
                     CLI_DONE);
    assert_int_equal(a.status, 200);
    assert_int_equal(json_integer_value(json_object_get(a.body, "a")), 1);
    api_answer_free(&a);
}

static void a_request_with_body_and_condition(void **state)
{
    struct hss h;
    struct api_answer a;
    json_t *body = json_pack("{s:s}", "k", "v");
    struct api_request put = {
        .method = "PUT", .path = "/v1/x", .json = body, .condition = "If-None-Match: *"};
    (void)state;
    hss_begin(&h, "HTTP/1.1 201 Created\r\nContent-Length: 0\r\n\r\n");
    assert_int_equal(api_once(&common, "it", &put, &a), CLI_DONE);
    hss_end(&h);
    assert_null(a.body);
    assert_int_equal(strncmp(h.heard, "PUT /v1/x HTTP/1.1\r\n", 20), 0);
    assert_non_null(strstr(h.heard, "If-None-Match: *\r\n"));
    json_decref(body);
}

static void a_problem_is_said_with_its_place_and_what_to_do(void **state)
{
    struct api_answer a;
    (void)state;
    assert_int_equal(asked("HTTP/1.1 422 X\r\nConnection: close\r\n\r\n"
                           "{\"type\":\"urn:bindery:problem:bad-member\","
                           "\"detail\":\"k is no key\",\"pointer\":\"/k\",\"x\":1}",
                           &get, &a),
                     CLI_REFUSED);
    said_holds(&said, "it: k is no key (at /k) [422]; correct the value");
}

static void what_to_do_is_of_the_problem_and_not_of_its_status(void **state)
{
    static const struct {
        int status;
        const char *problem, *next;
    } all[] = {
        {409, "backup-exists", "it: d [409]; give it another name\n"},
        {404, "no-reseal", "it: d [404]; `bindery key show`"},
        {404, "no-such-lot", "it: d [404]; `bindery lot list` shows what is there\n"},
        {507, "store-full", "it: d [507]; free the disk of the store\n"},
        {403, "client-refused", "it: d [403]; `bindery pki DIR --administrator NAME`"},
        {403, "not-allowed", "it: d [403]; admin.https.users of the server's"},
        {409, "nobody-knows-it", "it: d [409]\n"},
    };
    (void)state;
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        struct api_answer a;
        char text[256];
        snprintf(text, sizeof text,
                 "HTTP/1.1 %d X\r\nConnection: close\r\n\r\n"
                 "{\"type\":\"urn:bindery:problem:%s\",\"detail\":\"d\"}",
                 all[i].status, all[i].problem);
        assert_int_equal(asked(text, &get, &a), CLI_REFUSED);
        said_holds(&said, all[i].next);
    }
}

static void a_long_reason_is_said_to_its_end(void **state)
{
    struct api_answer a;
    char text[1024], reason[661];
    (void)state;
    memset(reason, 'x', sizeof reason - 1);
    snprintf(reason + sizeof reason - 5, 5, "end.");
    snprintf(text, sizeof text, "HTTP/1.1 409 X\r\nConnection: close\r\n\r\n{\"detail\":\"%s\"}",
             reason);
    assert_int_equal(asked(text, &get, &a), CLI_REFUSED);
    said_holds(&said, "xend. [409]\n");
}

static void what_is_no_hss(void **state)
{
    struct api_answer a;
    (void)state;
    assert_int_equal(asked("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<htm>", &get, &a),
                     CLI_REFUSED);
    said_holds(&said, "not JSON");
    assert_int_equal(asked("SSH-2.0-x\r\n", &get, &a), CLI_UNREACHABLE);
    assert_int_equal(asked("HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}", &get, &a),
                     CLI_UNREACHABLE);
}

static void nobody_there(void **state)
{
    struct api_answer a;
    (void)state;
    unlink(path);
    said_begin(&said);
    assert_int_equal(api_once(&common, "it", &get, &a), CLI_UNREACHABLE);
    said_end(&said);
    said_holds(&said, "bindery up -d");
}

static void memory_keeps_its_contents_when_it_grows(void **state)
{
    (void)state;
    char *p = wiped_malloc(10);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    memset(p, 'x', 10);
    wiped_free(p);
    wiped_free(NULL);
    assert_null(wiped_malloc(SIZE_MAX));
}

static int setup(void **state)
{
    (void)state;
    cli_memory_wipes();
    folder_make(dir);
    snprintf(path, sizeof path, "%s/admin.sock", dir);
    common.socket = path;
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_answer),
        cmocka_unit_test(a_request_with_body_and_condition),
        cmocka_unit_test(a_problem_is_said_with_its_place_and_what_to_do),
        cmocka_unit_test(what_to_do_is_of_the_problem_and_not_of_its_status),
        cmocka_unit_test(a_long_reason_is_said_to_its_end),
        cmocka_unit_test(what_is_no_hss),
        cmocka_unit_test(nobody_there),
        cmocka_unit_test(memory_keeps_its_contents_when_it_grows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
