/* Associations that are sockets of the kernel: how they come, what epoll says of them, and how they
 * go. What is read and written is up to assoc_tcp.c and assoc_sctp.c. */
#include "net/assoc_set.h"
#include "net/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

enum { BACKLOG = 128, ACCEPTS_PER_WAKE_UP = 64 };

static enum err close_failed(int fd, enum err err)
{
    int why = errno;
    (void)close(fd);
    errno = why;
    return err;
}

enum err fd_listen(struct assoc_set *s, struct assoc_listener *l)
{
    enum transport t = l->at.transport;
    enum err err = socket_listen(&l->at, BACKLOG, &l->watch.fd);
    if (err != E_OK) {
        return err;
    }
    if (t == TRANSPORT_SCTP) {
        err = sctp_prepare(l->watch.fd, &s->config);
    }
    if (err == E_OK) {
        err = assoc_watch(s, &l->watch, EPOLLIN, false);
    }
    if (err != E_OK) {
        return close_failed(l->watch.fd, err);
    }
    l->at = socket_local(l->watch.fd, t);
    return E_OK;
}

/* A peer that is gone is noticed after about as long as over SCTP, in whole seconds. */
static void detect_loss(int fd, const struct assoc_config *c)
{
    int on = 1, count = c->retransmissions;
    int idle = (int)(c->heartbeat_ms / 1000) + 1, interval = (int)(c->rto_max_ms / 1000) + 1;
    unsigned timeout = (c->retransmissions + 1u) * c->rto_max_ms;
    (void)setsockopt(fd, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPIDLE, &idle, sizeof idle);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPINTVL, &interval, sizeof interval);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_KEEPCNT, &count, sizeof count);
    (void)setsockopt(fd, IPPROTO_TCP, TCP_USER_TIMEOUT, &timeout, sizeof timeout);
}

static uint32_t events_of(const struct assoc *a, bool full)
{
    bool room = full || a->state == ASSOC_SETUP;
    bool in = a->state != ASSOC_SETUP && !a->held;
    return (in ? (uint32_t)EPOLLIN : 0) | (room ? (uint32_t)EPOLLOUT : 0);
}

void fd_watch(struct assoc *a, bool full)
{
    uint32_t events = events_of(a, full);
    if (a->state == ASSOC_DEAD || events == a->watching) {
        return;
    }
    if (assoc_watch(a->set, &a->watch, events, true) != E_OK) {
        assoc_end(a, ASSOC_FAILED, true);
        return;
    }
    a->watching = events;
}

static void close_at_once(int fd)
{
    struct linger at_once = {1, 0};
    (void)setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    (void)close(fd);
}

/* The socket is the association's from now on, whatever happens. */
static enum err adopt(struct assoc_set *s, int fd, enum transport t, struct assoc **out)
{
    bool sctp = t == TRANSPORT_SCTP;
    struct assoc *a;
    enum err err = assoc_new(s, sctp ? &sctp_ops : &tcp_ops, &a);
    if (err != E_OK) {
        close_at_once(fd);
        return err;
    }
    a->watch.fd = fd;
    a->watching = EPOLLOUT;
    err = assoc_watch(s, &a->watch, a->watching, false);
    if (err == E_OK && !sctp) {
        detect_loss(fd, &s->config);
        err = assoc_queue_init(&a->in, s->config.in_size + ASSOC_HEAD);
    }
    if (err != E_OK) {
        assoc_end(a, ASSOC_FAILED, true);
        return err;
    }
    *out = a;
    return E_OK;
}

enum err fd_connect(struct assoc_set *s, const struct address *to, const struct address *from,
                    struct assoc **out)
{
    int fd;
    enum err err = socket_connect(to, from, &fd);
    if (err == E_OK && to->transport == TRANSPORT_SCTP) {
        err = sctp_prepare(fd, &s->config);
        if (err != E_OK) {
            return close_failed(fd, err);
        }
    }
    return err == E_OK ? adopt(s, fd, to->transport, out) : err;
}

static void begin(struct assoc *a, const struct address *at)
{
    uint16_t in = UINT16_MAX, out = a->set->config.streams;
    enum transport t = a->peer.transport;
    a->local = socket_local(a->watch.fd, t);
    if (t == TRANSPORT_SCTP && sctp_streams(a->watch.fd, &in, &out) != E_OK) {
        assoc_end(a, ASSOC_FAILED, true);
        return;
    }
    if (at != NULL) {
        assoc_arrived(a, at, in, out);
    } else {
        assoc_up(a, in, out);
    }
    fd_watch(a, a->state != ASSOC_DEAD && assoc_queue_length(&a->out) > 0);
}

void fd_accept(struct assoc_listener *l)
{
    for (unsigned i = 0; i < ACCEPTS_PER_WAKE_UP; i++) {
        struct address from;
        struct assoc *a;
        int fd;
        enum err err = socket_accept(l->watch.fd, l->at.transport, &fd, &from);
        if (err == E_AGAIN || err == E_BUSY) {
            return;
        }
        if (err == E_OK && adopt(l->set, fd, l->at.transport, &a) == E_OK) {
            a->peer = from;
            begin(a, &l->at);
        }
    }
}

static void connected(struct assoc *a)
{
    if (socket_connected(a->watch.fd) == E_OK) {
        begin(a, NULL);
    } else {
        assoc_end_by_errno(a, errno);
    }
}

void fd_event(struct assoc *a, uint32_t events)
{
    if (a->state == ASSOC_DEAD) {
        return;
    }
    if (a->state == ASSOC_SETUP) {
        connected(a);
        return;
    }
    if ((events & EPOLLOUT) != 0) {
        a->ops->flush(a);
    }
    if (a->held && (events & (EPOLLHUP | EPOLLERR)) != 0) {
        /* epoll says it again and again, and what is left to read may not be read */
        int why = socket_connected(a->watch.fd) == E_OK ? ECONNRESET : errno;
        assoc_end_by_errno(a, why);
    } else {
        assoc_make_ready(a);
    }
}

void fd_finish(struct assoc *a)
{
    (void)shutdown(a->watch.fd, SHUT_WR);
    fd_watch(a, false);
}

void fd_release(struct assoc *a, bool notice)
{
    if (notice) {
        close_at_once(a->watch.fd);
    } else {
        (void)close(a->watch.fd);
    }
    a->watch.fd = -1;
}

void fd_hold(struct assoc *a)
{
    if (a->state != ASSOC_SETUP) {
        fd_watch(a, (a->watching & EPOLLOUT) != 0);
    }
}
