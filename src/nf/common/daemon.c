#include "nf/common/daemon.h"

#include "nf/common/notify.h"

#include <pthread.h>
#include <signal.h>
#include <uv.h>

#define SIGNALS 3u
static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

static void mask(int how)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaddset(&set, numbers[i]);
    }
    (void)pthread_sigmask(how, &set, NULL);
}

void daemon_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    mask(SIG_BLOCK);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct daemon *d = handle->data;
    if (number != SIGHUP) {
        uv_stop(handle->loop);
    } else if (d->reload != NULL) {
        d->reload(d->ctx);
    }
}

static void tell(struct daemon *d, const char *notify_socket, const char *state)
{
    enum err err = notify_send(notify_socket, state);
    if (err != E_OK) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_line(d->log, LOG_LEVEL_WARNING, "notify-failed", &field, 1);
    }
}

void daemon_serve(struct daemon *d, uv_loop_t *loop, const char *notify_socket)
{
    uv_signal_t signals[SIGNALS];
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)uv_signal_init(loop, &signals[i]);
        signals[i].data = d;
        (void)uv_signal_start(&signals[i], on_signal, numbers[i]);
    }
    mask(SIG_UNBLOCK);
    log_line(d->log, LOG_LEVEL_INFO, "ready", d->ready, d->n_ready);
    tell(d, notify_socket, "READY=1");
    (void)uv_run(loop, UV_RUN_DEFAULT);
    log_line(d->log, LOG_LEVEL_INFO, "stopping", NULL, 0);
    tell(d, notify_socket, "STOPPING=1");
    for (size_t i = 0; i < SIGNALS; i++) {
        uv_close((uv_handle_t *)&signals[i], NULL);
    }
    if (d->stop != NULL) {
        d->stop(d->ctx);
    }
    (void)uv_run(loop, UV_RUN_DEFAULT);
}
