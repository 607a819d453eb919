/* src/cli/onboarding.c, src/cli/onboarding_view.c and src/cli/api_list.c. The HSS is a thread that
 * answers one request after the other, and writes down what it was asked. */
#include "cli/cli.h"

#include "cli/onboarding_view.h"
#include "cli/said.h"
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

#define ANSWERS_MAX 4

static char dir[64], path[96];
static struct said said;

static int setup(void **state)
{
    (void)state;
    folder_make(dir);
    snprintf(path, sizeof path, "%s/admin.sock", dir);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    folder_remove(dir);
    return 0;
}

/* ---- an HSS ---- */

struct hss {
    int fd;
    size_t n;
    const char *answers[ANSWERS_MAX]; /* "200 {...}" */
    char heard[ANSWERS_MAX][2048];
    pthread_t thread;
};

/* A request with its body, if it has one: curl sends both at once, or the body behind. */
static void hear(int c, char *out, size_t cap)
{
    size_t n = 0;
    const char *body = NULL;
    do {
        const ssize_t got = recv(c, out + n, cap - 1 - n, 0);
        n += got > 0 ? (size_t)got : 0;
        out[n] = '\0';
        body = strstr(out, "\r\n\r\n");
        if (got <= 0) {
            return;
        }
    } while (!body || (!strncmp(out, "POST", 4) && !body[4]));
}

static void *serve(void *of)
{
    struct hss *h = of;
    for (size_t i = 0; i < h->n; i++) {
        char text[2048];
        int c = accept(h->fd, NULL, NULL);
        hear(c, h->heard[i], sizeof h->heard[i]);
        snprintf(text, sizeof text,
                 "HTTP/1.1 %.3s X\r\nContent-Type: application/json\r\nConnection: close\r\n"
                 "Content-Length: %zu\r\n\r\n%s",
                 h->answers[i], strlen(h->answers[i] + 4), h->answers[i] + 4);
        (void)!send(c, text, strlen(text), MSG_NOSIGNAL);
        close(c);
    }
    return NULL;
}

/* The verb with these words, against an HSS that gives the answers, in this order, all of them. */
static int run(struct hss *h, const char *const *words)
{
    char *argv[12] = {NULL}, text[12][256];
    int argc = 0, rc;
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    for (; words[argc]; argc++) {
        snprintf(text[argc], sizeof text[argc], "%s", words[argc]);
        argv[argc] = text[argc];
    }
    if (h->n > 0) {
        h->fd = socket(AF_UNIX, SOCK_STREAM, 0);
        snprintf(a.sun_path, sizeof a.sun_path, "%s", path);
        unlink(path);
        assert_int_equal(bind(h->fd, (struct sockaddr *)&a, sizeof a), 0);
        assert_int_equal(listen(h->fd, ANSWERS_MAX), 0);
        assert_int_equal(pthread_create(&h->thread, NULL, serve, h), 0);
    }
    said_begin(&said);
    rc = cli_onboarding(argc, argv);
    said_end(&said);
    if (h->n > 0) {
        pthread_join(h->thread, NULL);
        close(h->fd);
        unlink(path);
    }
    return rc;
}

static void asked(const struct hss *h, size_t i, const char *line)
{
    if (strncmp(h->heard[i], line, strlen(line)) != 0) {
        fail_msg("'%.80s' is not '%s'", h->heard[i], line);
    }
}

#define DEVICE(authority, phase, imsi, again)                                                      \
    "{\"authority\":\"" authority "\",\"id\":\"3f9a\",\"phase\":\"" phase "\",\"again\":" again    \
    ",\"imei\":\"35693803564380\",\"manufacturer\":\"Maker 1\",\"model\":\"M1\","                  \
    "\"serial_number\":\"564380\",\"imsi\":" imsi                                                  \
    ",\"first\":1700000000,\"changed\":1700000060,\"expires\":1700604800}"
#define WAITING DEVICE("maker", "waiting", "null", "false")
#define POOL                                                                                       \
    "200 {\"pools\":[{\"first\":\"001010000500000\",\"last\":\"001010000599999\","                 \
    "\"total\":100000,\"never_used\":99998,\"resting\":1,\"ready\":0}],\"authorities\":["          \
    "{\"name\":\"maker\",\"host\":\"ca.example.org\",\"waiting\":1,\"approved\":0,\"pending\":2,"  \
    "\"active\":3,\"denied\":4,\"expired\":5,\"site\":{\"state\":\"down\"}},"                      \
    "{\"name\":\"other\",\"host\":\"ca.other.example\"}],\"asking\":0}"

/* ---- a device by its name ---- */

static void what_is_no_name_of_a_device_is_said_and_nobody_is_asked(void **state)
{
    static const char *const words[] = {
        "",         "/",         "maker/",  "/3f9a",     "Maker/3f9a", "../3f9a",
        "./3f9a",   "maker/..",  "maker/.", "maker/a/b", "maker/a?b",  "maker/a b",
        "ma ker/a", "maker/%61", "maker/#", "..",        "maker/a\nb"};
    struct hss none = {.n = 0};
    (void)state;
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        const char *const argv[] = {"onboarding", "deny", words[i], "--dir", dir, NULL};
        assert_int_equal(run(&none, argv), CLI_USAGE);
        said_holds(&said, "is no device");
    }
}

static void a_name_that_is_too_long_is_none(void **state)
{
    char authority[80], id[80];
    struct hss none = {.n = 0};
    (void)state;
    memset(authority, 'a', sizeof authority);
    snprintf(authority + 65, sizeof authority - 65, "/3f9a");
    memset(id, 'a', 65);
    id[65] = '\0';
    const char *const first[] = {"onboarding", "show", authority, "--dir", dir, NULL};
    const char *const second[] = {"onboarding", "show", id, "--dir", dir, NULL};
    assert_int_equal(run(&none, first), CLI_USAGE);
    assert_int_equal(run(&none, second), CLI_USAGE);
    said_holds(&said, "is no device");
}

static void other_words_are_said(void **state)
{
    static const char *const no_device[] = {"onboarding", "approve", NULL};
    static const char *const phase[] = {"onboarding", "list", "--phase", "new", NULL};
    static const char *const word[] = {"onboarding", "list", "maker/3f9a", NULL};
    static const char *const pool_word[] = {"onboarding", "pool", "maker", NULL};
    static const char *const after[] = {"onboarding", "list", "--after", "maker?x=1", NULL};
    char far[200];
    const char *const too_far[] = {"onboarding", "list", "--after", far, NULL};
    struct hss none = {.n = 0};
    (void)state;
    memset(far, 'a', sizeof far);
    far[160] = '\0'; /* no place in a list is that long */
    assert_int_equal(run(&none, too_far), CLI_USAGE);
    said_holds(&said, "not a place in this list");
    assert_int_equal(run(&none, no_device), CLI_USAGE);
    said_holds(&said, "needs a device");
    assert_int_equal(run(&none, phase), CLI_USAGE);
    said_holds(&said, "--phase is waiting");
    assert_int_equal(run(&none, word), CLI_USAGE);
    said_holds(&said, "onboarding show maker/3f9a");
    assert_int_equal(run(&none, pool_word), CLI_USAGE);
    said_holds(&said, "takes no argument");
    assert_int_equal(run(&none, after), CLI_USAGE);
    said_holds(&said, "not a place in this list");
}

static void nobody_there_is_said(void **state)
{
    const char *const words[] = {"onboarding", "show", "maker/3f9a", "--dir", dir, NULL};
    struct hss none = {.n = 0};
    (void)state;
    assert_int_equal(run(&none, words), CLI_UNREACHABLE);
}

/* ---- what is said to it ---- */

/*= test certattach-approval */
static void a_device_is_told_what_the_operator_says(void **state)
{
    static const struct {
        const char *verb, *answer, *words;
    } cases[] = {
        {"approve", "200 " DEVICE("maker", "approved", "null", "false"),
         "maker/3f9a is approved: it gets its subscription when it asks the next time\n"},
        {"approve", "200 " DEVICE("maker", "active", "\"001010000500000\"", "true"),
         "maker/3f9a is active: it may have its keys once more\n"},
        {"deny", "200 " DEVICE("maker", "denied", "null", "false"), "maker/3f9a is denied: "},
        {"expire", "200 " DEVICE("maker", "expired", "null", "false"), "maker/3f9a is expired: "},
        {"forget", "200 " DEVICE("maker", "new", "null", "false"), "maker/3f9a is forgotten\n"}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char body[64];
        struct hss h = {.n = 1, .answers = {cases[i].answer}};
        const char *const words[] = {"onboarding", cases[i].verb, "maker/3f9a", "--dir", dir, NULL};
        assert_int_equal(run(&h, words), CLI_DONE);
        asked(&h, 0, "POST /v1/onboarding/maker/3f9a HTTP");
        snprintf(body, sizeof body, "\"%s\"", cases[i].verb);
        assert_non_null(strstr(h.heard[0], body));
        said_holds(&said, cases[i].words);
    }
}

static void what_the_hss_refuses_is_said_with_where_to_look(void **state)
{
    struct hss h = {
        .n = 1,
        .answers = {"409 {\"type\":\"urn:bindery:problem:onboarding-phase\",\"status\":409,"
                    "\"detail\":\"the device is active: suspend it\"}"}};
    const char *const words[] = {"onboarding", "deny", "maker/3f9a", "--dir", dir, NULL};
    (void)state;
    assert_int_equal(run(&h, words), CLI_REFUSED);
    said_holds(&said, "maker/3f9a: the device is active: suspend it [409]; `bindery onboarding");
}

static void an_id_alone_is_of_the_one_authority_that_has_it(void **state)
{
    struct hss h = {.n = 4, .answers = {POOL, "404 {}", "200 " WAITING, "200 " WAITING}};
    const char *const words[] = {"onboarding", "show", "3f9a", "--dir", dir, NULL};
    (void)state;
    assert_int_equal(run(&h, words), CLI_DONE);
    asked(&h, 0, "GET /v1/onboarding-pool HTTP");
    asked(&h, 1, "GET /v1/onboarding/maker/3f9a HTTP");
    asked(&h, 2, "GET /v1/onboarding/other/3f9a HTTP");
    asked(&h, 3, "GET /v1/onboarding/other/3f9a HTTP");
}

static void an_id_that_two_have_or_nobody_is_said(void **state)
{
    struct hss two = {.n = 3, .answers = {POOL, "200 " WAITING, "200 " WAITING}};
    struct hss none = {.n = 3, .answers = {POOL, "404 {}", "404 {}"}};
    struct hss broken = {.n = 3, .answers = {POOL, "200 " WAITING, "503 {\"detail\":\"later\"}"}};
    const char *const words[] = {"onboarding", "forget", "3f9a", "--dir", dir, NULL};
    (void)state;
    assert_int_equal(run(&two, words), CLI_REFUSED);
    said_holds(&said, "3f9a: several authorities have this device");
    assert_int_equal(run(&none, words), CLI_REFUSED);
    said_holds(&said, "3f9a: no authority that is configured has this device");
    assert_int_equal(run(&broken, words), CLI_REFUSED);
    said_holds(&said, "later");
}

/* ---- showing ---- */

static void a_device_is_shown_with_what_comes_next(void **state)
{
    struct hss h = {.n = 1, .answers = {"200 " WAITING}};
    const char *const words[] = {"onboarding", "show", "maker/3f9a", "--dir", dir, NULL};
    (void)state;
    assert_int_equal(run(&h, words), CLI_DONE);
    assert_string_equal(said.text, "device         maker/3f9a\n"
                                   "phase          waiting\n"
                                   "IMEI           35693803564380\n"
                                   "manufacturer   Maker 1\n"
                                   "model          M1\n"
                                   "serial number  564380\n"
                                   "IMSI           -\n"
                                   "asked first    2023-11-14 22:13:20Z\n"
                                   "phase since    2023-11-14 22:14:20Z\n"
                                   "expires        2023-11-21 22:13:20Z\n"
                                   "next           `bindery onboarding approve` or `deny`\n");
}

static void a_list_goes_on_behind_the_last_and_keeps_its_phase(void **state)
{
    struct hss h = {.n = 2,
                    .answers = {"200 {\"devices\":[" WAITING "],\"next\":\"maker/3f9a\"}",
                                "200 {\"devices\":[],\"next\":null}"}};
    const char *const words[] = {"onboarding", "list",  "--phase", "waiting", "--after",
                                 "maker/3f00", "--dir", dir,       NULL};
    (void)state;
    assert_int_equal(run(&h, words), CLI_DONE);
    asked(&h, 0, "GET /v1/onboarding?limit=1000&after=maker/3f00&phase=waiting HTTP");
    asked(&h, 1, "GET /v1/onboarding?limit=1000&after=maker/3f9a&phase=waiting HTTP");
    said_holds(&said, "maker/3f9a waiting 35693803564380 -    2023-11-14 22:14:20Z Maker 1");
}

static void the_pool_shows_what_is_left_and_where_devices_are(void **state)
{
    struct hss h = {.n = 1, .answers = {POOL}};
    const char *const words[] = {"onboarding", "pool", "--dir", dir, NULL};
    (void)state;
    assert_int_equal(run(&h, words), CLI_DONE);
    said_holds(&said, "001010000500000-001010000599999 100000      99998       1     0");
    said_holds(&said, "maker     ca.example.org   down");
    assert_null(strstr(said.text, "for a thread"));
}

static void shows(const char *json, const char *text)
{
    json_t *o = json_loads(json, 0, NULL);
    assert_non_null(o);
    said_begin(&said);
    onboarding_view_subscriber(o);
    said_end(&said);
    json_decref(o);
    assert_string_equal(said.text, text);
}

static void a_subscriber_says_which_device_it_was_made_for(void **state)
{
    (void)state;
    shows("{\"pending\":false,\"onboarding\":null}", "");
    shows("{}", "");
    shows("{\"pending\":true,\"onboarding\":\"maker/3f9a\"}",
          "onboarded as       maker/3f9a, pending: not used yet\n");
    shows("{\"pending\":false,\"onboarding\":\"maker/3f9a\"}", "onboarded as       maker/3f9a\n");
    shows("{\"onboarding\":\"\\u001b[31m\"}", "onboarded as       \\x1b[31m\n");
}

static void what_waits_for_a_thread_is_said(void **state)
{
    json_t *o = json_loads("{\"pools\":[],\"authorities\":[],\"asking\":2}", 0, NULL);
    (void)state;
    said_begin(&said);
    onboarding_view(o);
    said_end(&said);
    json_decref(o);
    said_holds(&said, "2 requests wait for a thread");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_no_name_of_a_device_is_said_and_nobody_is_asked),
        cmocka_unit_test(a_name_that_is_too_long_is_none),
        cmocka_unit_test(other_words_are_said),
        cmocka_unit_test(nobody_there_is_said),
        cmocka_unit_test(a_device_is_told_what_the_operator_says),
        cmocka_unit_test(what_the_hss_refuses_is_said_with_where_to_look),
        cmocka_unit_test(an_id_alone_is_of_the_one_authority_that_has_it),
        cmocka_unit_test(an_id_that_two_have_or_nobody_is_said),
        cmocka_unit_test(a_device_is_shown_with_what_comes_next),
        cmocka_unit_test(a_list_goes_on_behind_the_last_and_keeps_its_phase),
        cmocka_unit_test(the_pool_shows_what_is_left_and_where_devices_are),
        cmocka_unit_test(a_subscriber_says_which_device_it_was_made_for),
        cmocka_unit_test(what_waits_for_a_thread_is_said),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
