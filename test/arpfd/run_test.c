/* nf/arpfd/arpfd.h (arpfd_run of src/nf/arpfd/serve.c) as src/programs/bindery-arpfd.c calls it, in
 * a process of its own; docs/openapi/arpfd.yaml against the paths that are there; and a reload of
 * which the last interface is wrong. */
#include "arpfd/world.h"
#include "common/half_reload.h"

#include "nf/arpfd/api.h"
#include "nf/common/daemon.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>

static int notify_open(struct world *w, char path[static 64])
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(path, 64, "%s", pki_path(&w->pki, "notify", ""));
    snprintf(at.sun_path, sizeof at.sun_path, "%s", path);
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    return fd;
}

static void hears(int fd, const char *state)
{
    char text[64];
    struct pollfd p = {.fd = fd, .events = POLLIN};
    assert_int_equal(poll(&p, 1, 60000), 1);
    const ssize_t n = recv(fd, text, sizeof text - 1, 0);
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, state);
}

static int child(const char *config_path, const char *notify)
{
    struct config_why said;
    struct arpfd_why why;
    struct arpfd_config *config = NULL;
    daemon_signals();
    if (arpfd_config_load(config_path, &config, &said) != E_OK) {
        return 2;
    }
    const struct log_options options = {.program = "arpfd", .fd = 2, .level = LOG_LEVEL_INFO};
    struct arpfd a = {.config = config};
    if (log_open(&options, &a.log) != E_OK) {
        return 3;
    }
    const enum err err = arpfd_run(&a, notify, &why);
    log_close(a.log);
    arpfd_config_free(config);
    return err == E_OK ? 0 : err == E_LOCKED ? 4 : 1;
}

static pid_t start(const char *config, const char *notify, const char *log)
{
    const pid_t pid = fork();
    assert_true(pid >= 0);
    if (pid == 0) {
        assert_non_null(freopen(log, "a", stderr));
        _exit(child(config, notify));
    }
    return pid;
}

static int wait_for(pid_t pid)
{
    int status = -1;
    assert_int_equal(waitpid(pid, &status, 0), pid);
    return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

static void wait_for_line(const char *log, const char *part)
{
    char text[16384];
    for (int i = 0; i < 6000; i++) {
        FILE *f = fopen(log, "r");
        text[fread(text, 1, sizeof text - 1, f)] = '\0';
        fclose(f);
        if (strstr(text, part) != NULL) {
            return;
        }
        (void)poll(NULL, 0, 10);
    }
    fail_msg("no %s in %s", part, text);
}

static void the_process_serves_until_it_is_told_to_stop(void **state)
{
    struct world w = {.agreement = "[{certificate: ecka.crt, key: ecka.key}]",
                      .more = REST_OF_CONFIG,
                      .burst = 10};
    char notify[64], log[64];
    (void)state;
    make_certificates(&w.pki);
    snprintf(w.path, sizeof w.path, "%s", pki_path(&w.pki, "arpfd", ".yaml"));
    snprintf(log, sizeof log, "%s", pki_path(&w.pki, "log", ""));
    write_config(&w);
    const int fd = notify_open(&w, notify);
    const pid_t pid = start(w.path, notify, log);
    hears(fd, "READY=1");
    assert_int_equal(wait_for(start(w.path, NULL, log)), 4); /* the store is the first one's */
    assert_int_equal(kill(pid, SIGHUP), 0);
    wait_for_line(log, "\"event\":\"reloaded\"");
    snprintf(w.more, sizeof w.more, "ci: {roots: none.crt}\nendorsement: {certificate: e, key: e}");
    write_config(&w);
    assert_int_equal(kill(pid, SIGHUP), 0);
    wait_for_line(log, "\"event\":\"reload-refused\"");
    assert_int_equal(kill(pid, SIGTERM), 0);
    hears(fd, "STOPPING=1");
    assert_int_equal(wait_for(pid), 0);
    assert_int_equal(access(pki_path(&w.pki, "arpfd", ".sock"), F_OK), -1);
    close(fd);
    pki_close(&w.pki);
}

/* ---- what is described ---- */

static const char *const methods[] = {"get", "put", "delete", "post"};
struct described {
    char path[64];
    bool has[4];
};

/* The file's lines "  /v1/...:" and, below them, "    get:". */
static size_t read_paths(struct described out[static 8])
{
    char line[512];
    size_t n = 0;
    FILE *f = fopen(TEST_DATA "/../../docs/openapi/arpfd.yaml", "r");
    assert_non_null(f);
    while (fgets(line, sizeof line, f) != NULL) {
        line[strcspn(line, ":\n")] = '\0';
        if (strncmp(line, "  /", 3) == 0) {
            assert_true(n < 8);
            out[n] = (struct described){.path = ""};
            snprintf(out[n++].path, sizeof out[0].path, "%.60s", line + 2);
        }
        for (size_t m = 0; n > 0 && m < 4; m++) {
            out[n - 1].has[m] |= strncmp(line, "    ", 4) == 0 && strcmp(line + 4, methods[m]) == 0;
        }
    }
    fclose(f);
    return n;
}

/* The path with something good in its braces. */
static void fill(const char *pattern, char out[static 160])
{
    const char *brace = strchr(pattern, '{');
    const bool dimsi = brace != NULL && strncmp(brace, "{dimsi}", 7) == 0;
    if (brace == NULL) {
        snprintf(out, 160, "%s", pattern);
    } else {
        snprintf(out, 160, "%.*s%s", (int)(brace - pattern), pattern,
                 dimsi ? DIMSI
                       : "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff");
    }
}

static void what_is_described_is_what_is_there(void **state)
{
    struct world *w = *state;
    static const char *const upper[] = {"GET", "PUT", "DELETE", "POST"};
    struct described all[8];
    char path[160];
    const size_t n = read_paths(all);
    assert_int_equal(n, 4);
    for (size_t i = 0; i < n; i++) {
        fill(all[i].path, path);
        for (size_t m = 0; m < 4; m++) {
            const unsigned status = ask(w, "sp", upper[m], path, NULL);
            print_message("%s %s: %u\n", upper[m], all[i].path, status);
            assert_int_not_equal(status == 405, all[i].has[m]);
            assert_null(strstr(w->answer, "no-such-path"));
        }
    }
}

/*= test op-reload */
static void a_reload_that_fails_at_the_last_interface_changes_none_of_them(void **state)
{
    static struct half h;
    struct world *w = *state;
    arpfd_down(w);
    half_open(&h, &w->pki);
    w->log = h.log;
    (void)snprintf(w->more, sizeof w->more,
                   REST_OF_CONFIG "admin_https: " HALF_ADMIN_BEFORE "\n" HALF_METRICS_BEFORE);
    arpfd_up(w);
    half_ports(&h, admin_server_view(arpfd_admin_server(w->arpfd.admin)));
    half_is_before(&h);
    (void)snprintf(w->more, sizeof w->more,
                   REST_OF_CONFIG "admin_https: " HALF_ADMIN_AFTER "\n" HALF_METRICS_AFTER);
    half_forget(&h);
    half_wrong_key(&h, "server");
    assert_err(reload(w), E_BAD_VALUE);
    assert_non_null(strstr(w->why.text, "listen: "));
    half_said(&h, "\"reload-refused\"", "listen: ");
    half_is_before(&h);
    assert_int_equal(ask(w, "op", "GET", "/v1/certificate", NULL), 200);
    half_right_key(&h, "server");
    assert_ok(reload(w));
    half_is_after(&h);
    arpfd_down(w);
    w->log = NULL;
    half_close(&h);
    (void)snprintf(w->more, sizeof w->more, REST_OF_CONFIG);
    arpfd_up(w);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_process_serves_until_it_is_told_to_stop),
        cmocka_unit_test_setup_teardown(what_is_described_is_what_is_there, setup, teardown),
        cmocka_unit_test_setup_teardown(
            a_reload_that_fails_at_the_last_interface_changes_none_of_them, setup, teardown)};
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
