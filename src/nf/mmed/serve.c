#include "nf/mmed/serve.h"

#include "nf/common/notify.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/metrics.h"
#include "nf/mmed/reload.h"
#include "nf/mmed/s1.h"

#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <uv.h>

static const int numbers[] = {SIGTERM, SIGINT, SIGHUP};
#define SIGNALS (sizeof numbers / sizeof numbers[0])

struct serve {
    struct mmed *m;
    uv_loop_t loop;
    uv_poll_t sources[2]; /* S1, home networks */
    uv_timer_t timer;
    uv_prepare_t prepare;
    uv_signal_t signals[SIGNALS];
    struct mmed_admin *admin;
    enum err err; /* what ended the loop, if not a signal */
};

static void signals_do(int how)
{
    sigset_t set;
    (void)sigemptyset(&set);
    for (size_t i = 0; i < SIGNALS; i++) {
        (void)sigaddset(&set, numbers[i]);
    }
    (void)pthread_sigmask(how, &set, NULL);
}

void mmed_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    signals_do(SIG_BLOCK);
}

/* ---- one wake-up ----------------------------------------------------------------------------- */

static void wake(struct serve *s)
{
    enum err err = mmed_poll(s->m);
    if (err != E_OK && s->err == E_OK) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_line(s->m->log, LOG_LEVEL_ERROR, "loop-failed", &field, 1);
        s->err = err;
        uv_stop(&s->loop);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    wake(poll->data);
}

static void on_timer(uv_timer_t *timer)
{
    wake(timer->data);
}

/* Right before the loop sleeps: as long as nothing is due. */
static void on_prepare(uv_prepare_t *prepare)
{
    struct serve *s = prepare->data;
    int wait = mmed_wait_ms(s->m);
    uv_update_time(&s->loop);
    if (wait < 0) {
        (void)uv_timer_stop(&s->timer);
    } else {
        (void)uv_timer_start(&s->timer, on_timer, (uint64_t)wait, 0);
    }
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct serve *s = handle->data;
    if (number == SIGHUP) {
        mmed_reload_now(s->m);
    } else {
        uv_stop(handle->loop);
    }
}

/* ---- start and stop -------------------------------------------------------------------------- */

static bool watch(struct serve *s, uv_poll_t *poll, int fd)
{
    poll->data = s;
    return uv_poll_init(&s->loop, poll, fd) == 0 &&
           uv_poll_start(poll, UV_READABLE, on_readable) == 0;
}

static enum err handles_start(struct serve *s)
{
    s->timer.data = s->prepare.data = s;
    bool ok =
        watch(s, &s->sources[0], s1_fd(s->m->s1)) && watch(s, &s->sources[1], hss_fd(s->m->hss)) &&
        uv_timer_init(&s->loop, &s->timer) == 0 && uv_prepare_init(&s->loop, &s->prepare) == 0 &&
        uv_prepare_start(&s->prepare, on_prepare) == 0;
    for (size_t i = 0; ok && i < SIGNALS; i++) {
        s->signals[i].data = s;
        ok = uv_signal_init(&s->loop, &s->signals[i]) == 0 &&
             uv_signal_start(&s->signals[i], on_signal, numbers[i]) == 0;
    }
    signals_do(SIG_UNBLOCK);
    return ok ? E_OK : E_IO;
}

static void tell(struct serve *s, const char *notify_socket, const char *state)
{
    enum err err = notify_send(notify_socket, state);
    if (err != E_OK) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_line(s->m->log, LOG_LEVEL_WARNING, "notify-failed", &field, 1);
    }
}

/* What the operator allowed and should not forget. */
static void warn(const struct serve *s)
{
    const struct nassec_preference *p = &s->m->config->algorithms;
    if (memchr(p->eea, 0, p->eea_n) != NULL) {
        const struct log_field field =
            LOG_FIELD_STR("detail", "security.ciphering has eea0: NAS messages may go in clear");
        log_line(s->m->log, LOG_LEVEL_WARNING, "no-ciphering", &field, 1);
    }
    const struct mmed_devid *d = &s->m->config->devid;
    if (d->on && d->ca != NULL && d->crl == NULL) {
        const struct log_field field =
            LOG_FIELD_STR("detail", "devid has no crl: a device's certificate that its CA revoked "
                                    "counts on");
        log_line(s->m->log, LOG_LEVEL_WARNING, "no-revocation-list", &field, 1);
    }
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void serve_close(struct serve *s)
{
    s->m->admin = NULL;
    mmed_metrics_close(s->m);
    mmed_admin_stop(s->admin);
    uv_walk(&s->loop, close_handle, NULL);
    while (uv_run(&s->loop, UV_RUN_DEFAULT) != 0) {
    }
    (void)uv_loop_close(&s->loop);
}

static enum err metrics_start(struct serve *s, struct admin_why *why)
{
    struct metrics_port_why said = {""};
    enum err err = mmed_metrics_open(s->m, &s->loop, &said);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", said.text);
    }
    return err;
}

enum err mmed_serve(struct mmed *m, const char *notify_socket, struct admin_why *why)
{
    struct serve s = {.m = m, .err = E_OK};
    snprintf(why->text, sizeof why->text, "the loop cannot start");
    if (uv_loop_init(&s.loop) != 0) {
        return E_MEMORY;
    }
    enum err err = mmed_admin_start(m, &s.loop, &s.admin, why);
    m->admin = s.admin;
    if (err == E_OK) {
        err = metrics_start(&s, why);
    }
    if (err == E_OK) {
        err = handles_start(&s);
    }
    if (err == E_OK) {
        warn(&s);
        log_line(m->log, LOG_LEVEL_INFO, "ready", NULL, 0);
        tell(&s, notify_socket, "READY=1");
        snprintf(why->text, sizeof why->text, "the loop failed; the log says more");
        (void)uv_run(&s.loop, UV_RUN_DEFAULT);
        log_line(m->log, LOG_LEVEL_INFO, "stopping", NULL, 0);
        tell(&s, notify_socket, "STOPPING=1");
        err = s.err;
    }
    serve_close(&s);
    return err;
}
