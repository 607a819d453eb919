/* nf/common/daemon.h (src/nf/common/daemon.c): signals, the loop, and what is told to whom. */
#include "lib/check.h"
#include "nf/common/daemon.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <uv.h>

struct world {
    char dir[40], path[64];
    int notify, log_fd;
    uv_loop_t loop;
    uv_timer_t timer; /* stands for what a daemon has open */
    struct daemon d;
    int numbers[4]; /* signals that come, one after the other */
    unsigned at, reloads, stops;
};

static void on_timer(uv_timer_t *timer)
{
    struct world *w = timer->data;
    if (w->at < 4 && w->numbers[w->at] != 0) {
        assert_int_equal(kill(getpid(), w->numbers[w->at++]), 0);
    }
}

static void on_reload(void *ctx)
{
    struct world *w = ctx;
    assert_int_equal(w->stops, 0);
    w->reloads++;
}

static void on_stop(void *ctx)
{
    struct world *w = ctx;
    w->stops++;
    uv_close((uv_handle_t *)&w->timer, NULL);
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    snprintf(w->dir, sizeof w->dir, "/tmp/bindery-daemon-XXXXXX");
    assert_non_null(mkdtemp(w->dir));
    snprintf(w->path, sizeof w->path, "%.32s/log", w->dir);
    FILE *f = fopen(w->path, "w+");
    w->log_fd = dup(fileno(f));
    fclose(f);
    snprintf(at.sun_path, sizeof at.sun_path, "%.32s/notify", w->dir);
    w->notify = socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(w->notify, (struct sockaddr *)&at, sizeof at), 0);
    const struct log_options options = {.program = "a test", .fd = w->log_fd};
    w->d = (struct daemon){.ctx = w,
                           .reload = on_reload,
                           .stop = on_stop,
                           .ready = {LOG_FIELD_STR("listener", "somewhere")},
                           .n_ready = 1};
    assert_ok(log_open(&options, &w->d.log));
    uv_loop_init(&w->loop);
    uv_timer_init(&w->loop, &w->timer);
    w->timer.data = w;
    uv_timer_start(&w->timer, on_timer, 1, 1);
    *state = w;
    return 0;
}

static int teardown(void **state)
{
    struct world *w = *state;
    char command[80];
    assert_int_equal(uv_loop_close(&w->loop), 0); /* nothing was left in it */
    log_close(w->d.log);
    close(w->log_fd);
    close(w->notify);
    snprintf(command, sizeof command, "rm -rf '%s'", w->dir);
    assert_int_equal(system(command), 0);
    free(w);
    return 0;
}

static void serve(struct world *w, bool tells)
{
    char address[64];
    snprintf(address, sizeof address, "%.32s/notify", w->dir);
    daemon_serve(&w->d, &w->loop, tells ? address : NULL);
}

static void assert_told(struct world *w, const char *what)
{
    char text[64];
    ssize_t n = recv(w->notify, text, sizeof text - 1, 0);
    if (what == NULL) {
        assert_int_equal(n, -1);
        return;
    }
    assert_true(n > 0);
    text[n] = '\0';
    assert_string_equal(text, what);
}

static void assert_logged(struct world *w, const char *first, const char *then)
{
    char text[4096];
    FILE *f = fopen(w->path, "r");
    size_t n = fread(text, 1, sizeof text - 1, f);
    fclose(f);
    text[n] = '\0';
    const char *at = strstr(text, first);
    assert_non_null(at);
    assert_non_null(strstr(at, then));
}

static void it_serves_until_it_is_told_to_stop(void **state)
{
    struct world *w = *state;
    w->numbers[0] = SIGTERM;
    serve(w, true);
    assert_int_equal(w->stops, 1);
    assert_int_equal(w->reloads, 0);
    assert_told(w, "READY=1");
    assert_told(w, "STOPPING=1");
    assert_told(w, NULL);
    assert_logged(w, "\"event\":\"ready\",\"listener\":\"somewhere\"", "\"event\":\"stopping\"");
}

static void it_reads_again_and_goes_on(void **state)
{
    struct world *w = *state;
    w->numbers[0] = w->numbers[1] = SIGHUP;
    w->numbers[2] = SIGINT;
    serve(w, false);
    assert_int_equal(w->reloads, 2);
    assert_int_equal(w->stops, 1);
    assert_told(w, NULL);
}

static void who_has_nothing_to_read_again_is_not_ended_by_a_hangup(void **state)
{
    struct world *w = *state;
    w->d.reload = NULL;
    w->numbers[0] = SIGHUP;
    w->numbers[1] = SIGPIPE;
    w->numbers[2] = SIGTERM;
    serve(w, false);
    assert_int_equal(w->at, 3);
}

/* A signal that came before: it waits until there is somebody to take it. */
static void what_came_during_the_start_is_not_lost(void **state)
{
    struct world *w = *state;
    daemon_signals();
    assert_int_equal(kill(getpid(), SIGHUP), 0);
    assert_int_equal(kill(getpid(), SIGTERM), 0);
    serve(w, false);
    assert_int_equal(w->stops, 1);
    assert_int_equal(w->reloads, 1);
}

static void nobody_listening_for_it_does_not_stop_it(void **state)
{
    struct world *w = *state;
    w->numbers[0] = SIGTERM;
    daemon_serve(&w->d, &w->loop, "/tmp/bindery-there-is-no-such-socket");
    assert_int_equal(w->stops, 1);
    assert_logged(w, "\"event\":\"notify-failed\"", "\"event\":\"stopping\"");
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(it_serves_until_it_is_told_to_stop),
        T(it_reads_again_and_goes_on),
        T(who_has_nothing_to_read_again_is_not_ended_by_a_hangup),
        T(what_came_during_the_start_is_not_lost),
        T(nobody_listening_for_it_does_not_stop_it),
    };
    daemon_signals();
    return cmocka_run_group_tests(tests, NULL, NULL);
}
