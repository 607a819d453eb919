/* test/nf/admin_world.h - a HSS in a process of its own, asked over its administration socket: HTTP
 * as octets. Its log is in the file hssd.log of the folder.
 *
 * The process is the test program once more, begun afresh and not forked: a test may have threads,
 * and of what those hold locked at a fork nothing is ever unlocked in the child. */
#ifndef BINDERY_TEST_NF_ADMIN_WORLD_H
#define BINDERY_TEST_NF_ADMIN_WORLD_H

#include "lib/check.h"

#include "nf/hssd/config.h"
#include "nf/hssd/control.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#define KEYS                                                                                       \
    "\"k\":\"465b5ce8b199b49faa5f0a2ee238a6bc\",\"op\":\"cdc202d5123e20f62b6d676ac72cb318\""
#define ONE "/v1/subscribers/001010000000001"

static char folder[32];
static char socket_path[64];
static char notify_path[64];
static pid_t child;

/* ---- the HSS ---- */

static const char config_text[] =
    "origin_host: hss.example.net\norigin_realm: example.net\nplmns: [\"001-01\"]\n"
    "store: {path: hss.db, key_file: hss.key, backup_folder: backups}\nadmin: {socket: "
    "admin.sock}\n"
    "listeners: [{address: \"tcp://127.0.0.1:0\"}]\n"
    "peers: [{origin_host: m.example.net, realm: example.net, visited_plmns: [\"001-01\"]}]\n"
    "profiles: [{name: default, ambr: {uplink: 1, downlink: 1}, apns: [{name: a}]}]\n"
    "limits: {eir_rules: 1000}\n";

static inline void write_file(const char *name, const char *text)
{
    char path[64];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs(text, f);
    fclose(f);
    assert_int_equal(chmod(path, 0600), 0);
}

static inline struct log *log_in_folder(void)
{
    char path[64];
    struct log *log = NULL;
    snprintf(path, sizeof path, "%s/hssd.log", folder);
    const struct log_options options = {.program = "bindery-hssd",
                                        .fd = open(path, O_WRONLY | O_CREAT | O_APPEND, 0600),
                                        .level = LOG_LEVEL_DEBUG};
    return options.fd >= 0 && log_open(&options, &log) == E_OK ? log : NULL;
}

/* Built with a sanitizer that looks for what was not freed; at _exit it does not by itself. */
extern int __lsan_do_recoverable_leak_check(void) __attribute__((weak));

/* The variable that tells the program to be the HSS of the folder it names. */
#define SERVE "BINDERY_TEST_SERVES"

/* Never returns. */
static inline void serve(void)
{
    static struct hssd h;
    char path[64];
    struct hssd_config *config = NULL;
    struct config_why config_why;
    struct store_why store_why;
    struct admin_why why = {""};
    struct log *log = log_in_folder();
    snprintf(path, sizeof path, "%s/hssd.yaml", folder);
    control_signals();
    if (hssd_config_load(path, &config, &config_why) != E_OK || log == NULL ||
        hssd_start(&h, config, log, &store_why) != E_OK) {
        _exit(10);
    }
    enum err err = control_run(&h, notify_path, &why);
    hssd_stop(&h);
    log_close(log);
    hssd_config_free(config);
    bool leaks =
        __lsan_do_recoverable_leak_check != NULL && __lsan_do_recoverable_leak_check() != 0;
    _exit(err != E_OK ? 11 : leaks ? 12 : 0);
}

static inline void paths_of_folder(void)
{
    snprintf(socket_path, sizeof socket_path, "%s/admin.sock", folder);
    snprintf(notify_path, sizeof notify_path, "%s/notify", folder);
}

static inline void make_folder(void)
{
    strcpy(folder, "/tmp/bindery-admin-XXXXXX");
    assert_non_null(mkdtemp(folder));
    paths_of_folder();
}

/* Before main. */
__attribute__((constructor)) static void serve_if_told(void)
{
    const char *name = getenv(SERVE);
    if (name != NULL) {
        snprintf(folder, sizeof folder, "%s", name);
        paths_of_folder();
        serve();
    }
}

static inline int notify_socket(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", notify_path);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

/* Until it says that it is ready; -1 when it ends before. */
static inline int await_ready(int fd)
{
    const struct timeval turn = {.tv_usec = 100000};
    char said[32] = "";
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &turn, sizeof turn), 0);
    while (recv(fd, said, sizeof said - 1, 0) <= 0) {
        int status;
        if (waitpid(child, &status, WNOHANG) != 0) {
            print_error("the HSS ended before it was ready: %d\n", status);
            return -1;
        }
    }
    return strcmp(said, "READY=1") == 0 ? 0 : -1;
}

static inline int launch(void)
{
    char program[] = "test";
    char *const arguments[] = {program, NULL};
    const int fd = notify_socket();
    assert_int_equal(setenv(SERVE, folder, 1), 0);
    const int failed = posix_spawn(&child, "/proc/self/exe", NULL, NULL, arguments, environ);
    unsetenv(SERVE);
    assert_int_equal(failed, 0);
    const int ready = await_ready(fd);
    close(fd);
    return ready;
}

/* Its exit status, or -1. */
static inline int halt(void)
{
    int status = -1;
    kill(child, SIGTERM);
    waitpid(child, &status, 0);
    bool gone = access(socket_path, F_OK) != 0;
    (void)unlink(notify_path);
    return gone && WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static inline int start(void **state)
{
    (void)state;
    make_folder();
    write_file("hssd.yaml", config_text);
    write_file("hss.key", "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f\n");
    return launch();
}

static inline int stop(void **state)
{
    char command[64];
    (void)state;
    int status = halt();
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command) == 0 ? status : -1;
}

/* ---- HTTP ---- */

static char answer[1 << 20];

static inline int dial(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    snprintf(at.sun_path, sizeof at.sun_path, "%s", socket_path);
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static inline void say(int fd, const char *text, size_t n)
{
    while (n > 0) {
        ssize_t sent = send(fd, text, n, MSG_NOSIGNAL);
        assert_true(sent > 0);
        text += sent;
        n -= (size_t)sent;
    }
}

/* A request on a connection of its own. */
static inline int send_request(const char *method, const char *path, const char *header,
                               const char *body)
{
    char head[512];
    int fd = dial();
    snprintf(head, sizeof head,
             "%s %s HTTP/1.1\r\nHost: x\r\nConnection: close\r\n%sContent-Length: %zu\r\n\r\n",
             method, path, header, strlen(body));
    say(fd, head, strlen(head));
    say(fd, body, strlen(body));
    return fd;
}

/* Its answer's status; *out is the body or NULL. */
static inline int receive_answer(int fd, json_t **out)
{
    size_t at = 0;
    ssize_t n;
    while ((n = recv(fd, answer + at, sizeof answer - 1 - at, 0)) > 0) {
        at += (size_t)n;
    }
    close(fd);
    answer[at] = '\0';
    const char *text = strstr(answer, "\r\n\r\n");
    assert_non_null(text);
    *out = json_loads(text + 4, 0, NULL);
    return atoi(answer + strlen("HTTP/1.1 "));
}

static inline int ask_with(const char *method, const char *path, const char *header,
                           const char *body, json_t **out)
{
    return receive_answer(send_request(method, path, header, body), out);
}

static inline int ask(const char *method, const char *path, const char *body, json_t **out)
{
    return ask_with(method, path, "", body, out);
}

static inline void expect(int wanted, const char *method, const char *path, const char *body)
{
    json_t *json = NULL;
    int status = ask(method, path, body, &json);
    json_decref(json);
    if (status != wanted) {
        fail_msg("%s %s %s: wanted %d, got %s", method, path, body, wanted, answer);
    }
}

/* The name in the problem's type. */
static inline void expect_problem(const char *name, const char *method, const char *path,
                                  const char *body)
{
    json_t *json = NULL;
    (void)ask(method, path, body, &json);
    const char *type = json_string_value(json_object_get(json, "type"));
    bool same = type != NULL && strcmp(type + strlen("urn:bindery:problem:"), name) == 0;
    json_decref(json);
    if (!same) {
        fail_msg("%s %s %s: wanted %s, got %s", method, path, body, name, answer);
    }
    assert_non_null(strstr(answer, "application/problem+json"));
}

/* ---- events ---- */

/* Waits until an event of this name is in the list; its `detail`, or "". The event follows the
 * answer. */
static inline const char *await_event(const char *name, size_t nth)
{
    static char detail[200];
    char path[80];
    snprintf(path, sizeof path, "/v1/events?limit=1000&name=%s", name);
    for (unsigned i = 0; i < 6000; i++) {
        json_t *json = NULL;
        assert_int_equal(ask("GET", path, "", &json), 200);
        const json_t *event = json_array_get(json_object_get(json, "events"), nth);
        const char *text = json_string_value(json_object_get(event, "detail"));
        snprintf(detail, sizeof detail, "%s", text != NULL ? text : "");
        bool there = event != NULL;
        json_decref(json);
        if (there) {
            return detail;
        }
        usleep(10000);
    }
    fail_msg("no event %s: %s", name, answer);
    return "";
}

#endif
