#include "nf/hssd/control.h"

#include "net/socket.h"
#include "nf/common/notify.h"
#include "nf/hssd/dimsi.h"
#include "nf/hssd/metrics.h"
#include "nf/hssd/reload.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define BACKLOG         128
#define ACCEPT_PER_TURN 32 /* then the other listeners and the administration have theirs */
#define TICK_MS         1000u
#define SIGNALS         3u
static const int numbers[SIGNALS] = {SIGTERM, SIGINT, SIGHUP};

struct control;
struct door {
    struct control *control;
    const struct hssd_listener *listener;
    int fd;
    bool polled;  /* the handle is initialised */
    bool resting; /* out of descriptors: tries again at the next tick */
    uv_poll_t poll;
};
struct control {
    struct hssd *h;
    uv_loop_t loop;
    uv_timer_t tick;
    uv_signal_t signals[SIGNALS];
    struct admin *admin;
    struct door *doors;
    size_t n_doors;
    struct address *bound;
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

void control_signals(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    (void)sigaction(SIGPIPE, &ignore, NULL);
    signals_do(SIG_BLOCK);
}

/* ---- listeners ---- */

static void on_connection(uv_poll_t *poll, int status, int events);

static void door_rest(struct door *d)
{
    struct address_text at = address_print(&d->listener->address);
    const struct log_field field = LOG_FIELD_STR("listener", at.s);
    log_limited(d->control->h->log, LOG_LEVEL_ERROR, "out-of-descriptors", &field, 1);
    (void)uv_poll_stop(&d->poll);
    d->resting = true;
}

static void on_connection(uv_poll_t *poll, int status, int events)
{
    struct door *d = poll->data;
    (void)status;
    (void)events;
    for (unsigned i = 0; i < ACCEPT_PER_TURN; i++) {
        struct address from;
        int fd = -1;
        enum err err = socket_accept(d->fd, d->listener->address.transport, &fd, &from);
        if (err == E_OK) {
            hssd_adopt(d->control->h, fd, (size_t)(d - d->control->doors));
        } else if (err == E_BUSY) {
            door_rest(d);
            return;
        } else if (err == E_AGAIN) {
            return;
        }
    }
}

static const char *advice(enum err err)
{
    switch ((int)err) {
    case E_EXISTS:
        return "the address is in use: is another HSS running, or is the port another program's?";
    case E_DENIED:
        return "this user may not listen there: take a port from 1024 on, or grant "
               "CAP_NET_BIND_SERVICE";
    case E_NOT_FOUND:
        return "no interface has this address";
    case E_UNSUPPORTED:
        return "this kernel has no such transport: load the sctp module, or use tcp:// or tls://";
    default:
        return "the operating system refused";
    }
}

static enum err door_open(struct control *c, struct door *d, struct admin_why *why)
{
    const struct hssd_listener *l = d->listener;
    enum err err = socket_listen(&l->address, BACKLOG, &d->fd);
    if (err != E_OK) {
        snprintf(why->text, sizeof why->text, "%s: %s (%s)", address_print(&l->address).s,
                 advice(err), err == E_IO ? strerror(errno) : err_name(err));
        return err;
    }
    c->bound[d - c->doors] = socket_local(d->fd, l->address.transport);
    if (uv_poll_init(&c->loop, &d->poll, d->fd) != 0) {
        return E_IO;
    }
    d->polled = true;
    d->poll.data = d;
    return uv_poll_start(&d->poll, UV_READABLE, on_connection) == 0 ? E_OK : E_IO;
}

static enum err doors_open(struct control *c, struct admin_why *why)
{
    const struct hssd_config *config = c->h->config;
    enum err err = E_OK;
    c->doors = calloc(config->n_listeners, sizeof *c->doors);
    c->bound = calloc(config->n_listeners, sizeof *c->bound);
    if (c->doors == NULL || c->bound == NULL) {
        return E_MEMORY;
    }
    for (size_t i = 0; err == E_OK && i < config->n_listeners; i++) {
        c->doors[i] = (struct door){.control = c, .listener = &config->listeners[i], .fd = -1};
        c->n_doors = i + 1;
        err = door_open(c, &c->doors[i], why);
    }
    return err;
}

static void doors_close(struct control *c)
{
    for (size_t i = 0; i < c->n_doors; i++) {
        struct door *d = &c->doors[i];
        if (d->polled) {
            (void)uv_poll_stop(&d->poll);
            uv_close((uv_handle_t *)&d->poll, NULL);
        }
        if (d->fd >= 0) {
            close(d->fd);
        }
    }
}

/* ---- each second ---- */

static void on_tick(uv_timer_t *timer)
{
    struct control *c = timer->data;
    size_t resting = 0;
    hssd_tick(c->h);
    for (size_t i = 0; i < c->n_doors; i++) {
        struct door *d = &c->doors[i];
        resting += d->resting;
        if (d->resting) {
            d->resting = uv_poll_start(&d->poll, UV_READABLE, on_connection) != 0;
        }
    }
    hssd_metrics_resting(c->h, resting);
}

static void on_signal(uv_signal_t *handle, int number)
{
    struct control *c = handle->data;
    if (number == SIGHUP) {
        hssd_reload_now(c->h);
    } else {
        uv_stop(handle->loop);
    }
}

static enum err tick_start(struct control *c)
{
    c->tick.data = c;
    bool ok = uv_timer_init(&c->loop, &c->tick) == 0 &&
              uv_timer_start(&c->tick, on_tick, TICK_MS, TICK_MS) == 0;
    for (unsigned i = 0; ok && i < SIGNALS; i++) {
        c->signals[i].data = c;
        ok = uv_signal_init(&c->loop, &c->signals[i]) == 0 &&
             uv_signal_start(&c->signals[i], on_signal, numbers[i]) == 0;
    }
    signals_do(SIG_UNBLOCK); /* the loop's own handlers need them on this thread */
    return ok ? E_OK : E_IO;
}

static void tell(struct control *c, const char *notify_socket, const char *state)
{
    enum err err = notify_send(notify_socket, state);
    if (err != E_OK) {
        const struct log_field field = LOG_FIELD_STR("error", err_name(err));
        log_line(c->h->log, LOG_LEVEL_WARNING, "notify-failed", &field, 1);
    }
}

static void close_handle(uv_handle_t *handle, void *ctx)
{
    (void)ctx;
    if (!uv_is_closing(handle)) {
        uv_close(handle, NULL);
    }
}

static void control_close(struct control *c)
{
    doors_close(c);
    hss_dimsi_unlisten(c->h);
    hssd_metrics_close(c->h);
    c->h->admin = NULL;
    admin_stop(c->admin);
    uv_walk(&c->loop, close_handle, NULL);
    while (uv_run(&c->loop, UV_RUN_DEFAULT) != 0) {
    }
    (void)uv_loop_close(&c->loop);
    free(c->doors);
    free(c->bound);
}

static enum err metrics_open(struct control *c, struct admin_why *why)
{
    struct metrics_port_why said = {""};
    enum err err = hssd_metrics_open(c->h, &c->loop, &said);
    if (err != E_OK) {
        (void)snprintf(why->text, sizeof why->text, "%s", said.text);
    }
    return err;
}

enum err control_run(struct hssd *h, const char *notify_socket, struct admin_why *why)
{
    struct control c = {.h = h};
    snprintf(why->text, sizeof why->text, "the control thread cannot start");
    if (uv_loop_init(&c.loop) != 0) {
        return E_MEMORY;
    }
    enum err err = doors_open(&c, why);
    if (err == E_OK) {
        err = admin_start(h, &c.loop, c.bound, &c.admin, why);
        h->admin = c.admin;
    }
    if (err == E_OK) {
        err = hss_dimsi_listen(h, &c.loop, why->text, sizeof why->text);
    }
    if (err == E_OK) {
        err = metrics_open(&c, why);
    }
    if (err == E_OK) {
        err = tick_start(&c);
    }
    if (err == E_OK) {
        log_line(h->log, LOG_LEVEL_INFO, "ready", NULL, 0);
        tell(&c, notify_socket, "READY=1");
        (void)uv_run(&c.loop, UV_RUN_DEFAULT);
        log_line(h->log, LOG_LEVEL_INFO, "stopping", NULL, 0);
        tell(&c, notify_socket, "STOPPING=1");
    }
    control_close(&c);
    return err;
}
