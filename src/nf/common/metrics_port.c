#include "nf/common/metrics_port.h"

#include "net/socket.h"

#include <errno.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <uv.h>

#define CONNECTIONS_MAX         16u
#define CONNECTIONS_PER_ADDRESS 8u
#define IDLE_SECONDS            15u
#define CONNECTION_MEMORY       (size_t)16384
#define BACKLOG                 16
#define RUNS_PER_TURN           16u

struct metrics_port {
    const struct metrics_source *source;
    uv_loop_t *loop;
    int fd; /* until the daemon has it */
    struct address bound;
    struct MHD_Daemon *daemon;
    uv_poll_t poll;
    uv_timer_t timer;
    unsigned handles; /* that are open */
    bool left;        /* the last handle that closes frees it */
};

/* ---- answers ---- */

static enum MHD_Result send_text(struct MHD_Connection *c, unsigned status, const char *type,
                                 char *text, size_t n, const char *allow)
{
    struct MHD_Response *r = MHD_create_response_from_buffer(n, text, MHD_RESPMEM_MUST_FREE);
    if (r == NULL) {
        free(text);
        return MHD_NO;
    }
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CONTENT_TYPE, type);
    (void)MHD_add_response_header(r, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    if (allow != NULL) {
        (void)MHD_add_response_header(r, MHD_HTTP_HEADER_ALLOW, allow);
    }
    const enum MHD_Result result = MHD_queue_response(c, status, r);
    MHD_destroy_response(r);
    return result;
}

static enum MHD_Result say(struct MHD_Connection *c, unsigned status, const char *words,
                           const char *allow)
{
    char *text = strdup(words);
    return text != NULL
               ? send_text(c, status, "text/plain; charset=utf-8", text, strlen(text), allow)
               : MHD_NO;
}

static enum MHD_Result answer(struct metrics_port *p, struct MHD_Connection *c, const char *method,
                              const char *path)
{
    for (unsigned i = 0; i < METRICS_PAGES; i++) {
        struct metrics_reply reply;
        if (strcmp(path, metrics_page_path((enum metrics_page)i)) != 0) {
            continue;
        }
        if (strcmp(method, "GET") != 0 && strcmp(method, "HEAD") != 0) {
            return say(c, MHD_HTTP_METHOD_NOT_ALLOWED, "only GET and HEAD\n", "GET, HEAD");
        }
        metrics_reply(p->source, (enum metrics_page)i, &reply);
        return send_text(c, reply.status, reply.type, reply.text, reply.n, NULL);
    }
    return say(c, MHD_HTTP_NOT_FOUND, "here are /metrics, /health/live and /health/ready\n", NULL);
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **cls)
{
    static const char seen = 0;
    (void)version;
    (void)data;
    if (*cls == NULL) {
        *cls = (void *)(uintptr_t)&seen;
        return MHD_YES;
    }
    if (*n > 0) { /* a body nobody asked for */
        *n = 0;
        return MHD_YES;
    }
    return answer(ctx, connection, method, url);
}

/* ---- the loop: as nf/common/admin_server.c ---- */

static void run(struct metrics_port *p);

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

static void run(struct metrics_port *p)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    enum MHD_Result waits = MHD_YES;
    for (unsigned i = 0; i < RUNS_PER_TURN && waits == MHD_YES && ms == 0; i++) {
        (void)MHD_run(p->daemon); /* fails only on a daemon with threads of its own */
        waits = MHD_get_timeout(p->daemon, &ms);
    }
    if (waits == MHD_YES) {
        (void)uv_timer_start(&p->timer, on_timer, ms > 0 ? ms : 1, 0);
    } else {
        (void)uv_timer_stop(&p->timer);
    }
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    (void)status;
    (void)events;
    run(poll->data);
}

/* ---- start and stop ---- */

static enum err start_daemon(struct metrics_port *p)
{
    p->daemon = MHD_start_daemon(
        MHD_USE_EPOLL, 0, NULL, NULL, on_request, p, MHD_OPTION_LISTEN_SOCKET, p->fd,
        MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        CONNECTIONS_PER_ADDRESS, MHD_OPTION_CONNECTION_TIMEOUT, IDLE_SECONDS,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_END);
    if (p->daemon == NULL) {
        return E_IO;
    }
    p->fd = -1; /* the daemon's now */
    return E_OK;
}

static enum err start_handles(struct metrics_port *p)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(p->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    p->poll.data = p->timer.data = p;
    if (info == NULL || uv_timer_init(p->loop, &p->timer) != 0) {
        return E_IO;
    }
    p->handles = 1;
    if (uv_poll_init(p->loop, &p->poll, info->epoll_fd) != 0) {
        return E_IO;
    }
    p->handles = 2;
    return uv_poll_start(&p->poll, UV_READABLE, on_readable) == 0 ? E_OK : E_IO;
}

static void words(struct metrics_port_why *why, const struct address *at, enum err err)
{
    const char *what = "the operating system refused";
    if (err == E_EXISTS) {
        what = "the address is in use: give metrics.listen another port";
    } else if (err == E_DENIED) {
        what = "this user may not listen there: take a port from 1024 on";
    } else if (err == E_NOT_FOUND) {
        what = "no interface has this address";
    } else if (err == E_IO && errno != 0) {
        what = strerror(errno);
    }
    (void)snprintf(why->text, sizeof why->text, "metrics.listen, %s: %.150s", address_print(at).s,
                   what);
}

enum err metrics_port_open(const struct address *at, const struct metrics_source *source,
                           uv_loop_t *loop, struct metrics_port **out, struct metrics_port_why *why)
{
    struct metrics_port *p = calloc(1, sizeof *p);
    if (p == NULL) {
        words(why, at, E_MEMORY);
        return E_MEMORY;
    }
    *p = (struct metrics_port){.source = source, .loop = loop, .fd = -1};
    errno = 0;
    enum err err = socket_listen(at, BACKLOG, &p->fd);
    if (err == E_OK) {
        p->bound = socket_local(p->fd, at->transport);
        err = start_daemon(p);
    }
    if (err == E_OK) {
        err = start_handles(p);
    }
    if (err != E_OK) {
        words(why, at, err);
        metrics_port_leave(p); /* a reload opens one too */
        return err;
    }
    run(p);
    *out = p;
    return E_OK;
}

struct address metrics_port_bound(const struct metrics_port *p)
{
    return p->bound;
}

static void on_closed(uv_handle_t *handle)
{
    struct metrics_port *p = handle->data;
    p->handles--;
    if (p->left && p->handles == 0) {
        free(p);
    }
}

/* The daemon's own file may go as soon as the loop looks at it no more. */
static void end(struct metrics_port *p)
{
    uv_handle_t *all[] = {(uv_handle_t *)&p->timer, (uv_handle_t *)&p->poll};
    const unsigned n = p->handles; /* the poll is the second that is opened */
    for (unsigned i = 0; i < n && i < sizeof all / sizeof all[0]; i++) {
        uv_close(all[i], on_closed);
    }
    if (p->daemon != NULL) {
        MHD_stop_daemon(p->daemon);
    }
    if (p->fd >= 0) {
        (void)close(p->fd);
    }
}

void metrics_port_close(struct metrics_port *p)
{
    if (p == NULL) {
        return;
    }
    end(p);
    while (p->handles > 0) {
        (void)uv_run(p->loop, UV_RUN_ONCE);
    }
    free(p);
}

void metrics_port_leave(struct metrics_port *p)
{
    if (p == NULL) {
        return;
    }
    end(p);
    p->left = true;
    if (p->handles == 0) {
        free(p);
    }
}
