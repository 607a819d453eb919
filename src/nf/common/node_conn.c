#include "nf/common/node_parts.h"

#include "net/socket.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

bool node_cer_certificate_is(const struct node_cer *cer, struct bytes name)
{
    return cer->tls != NULL && tls_peer_is(cer->tls, name);
}

/* ---- setting up ---- */

static void start_peer(struct node_conn *c)
{
    struct node *n = c->node;
    struct bytes ip = {c->local.ip, c->local.family == 6 ? 16 : c->local.family == 4 ? 4 : 0};
    n->seed = n->seed * UINT64_C(6364136223846793005) + 1;
    if (peer_open(&c->peer, &n->config.peer, &c->memory, c->initiator, ip, n->seed, n->now) !=
        E_OK) {
        node_conn_failed(c, "this node's own configuration makes no valid CER");
        return;
    }
    c->phase = NODE_RUNNING;
    node_note_deadline(n, peer_next_deadline(&c->peer));
    node_make_ready(c);
    node_make_dirty(c);
}

static void start_tls(struct node_conn *c)
{
    if (c->tls_context == NULL) {
        start_peer(c);
        return;
    }
    if (tls_open(c->tls_context, &c->tls) != E_OK) {
        node_conn_failed(c, "no memory for TLS");
        return;
    }
    c->phase = NODE_HANDSHAKE;
    node_conn_advance(c);
}

static void shake_hands(struct node_conn *c)
{
    node_conn_fill(c);
    if (c->phase != NODE_HANDSHAKE) {
        return;
    }
    enum err err = tls_handshake(c->tls);
    node_make_dirty(c); /* also when it failed: the alert */
    if (err == E_OK) {
        start_peer(c);
    } else if (err != E_AGAIN) {
        NODE_COUNT(c->node, tls_failed, 1);
        c->denied = err == E_DENIED;
        node_conn_flush(c);
        node_tell_closed(c, tls_reason(c->tls));
        node_conn_linger(c);
    } else if (c->ended) {
        node_conn_failed(c, "the peer closed during the TLS handshake");
    }
}

void node_conn_advance(struct node_conn *c)
{
    if (c->phase == NODE_HANDSHAKE) {
        shake_hands(c);
        return;
    }
    if (socket_connected(c->fd) != E_OK) {
        node_conn_failed(c, strerrordesc_np(errno));
        return;
    }
    c->local = socket_local(c->fd, c->remote.transport);
    start_tls(c);
}

/* ---- in ---- */

/* recv, with the end of the stream and errors remembered. 0: nothing now. */
static size_t receive(struct node_conn *c, struct mbytes to)
{
    if (!c->readable || c->ended || to.n == 0) {
        return 0;
    }
    ssize_t got = recv(c->fd, to.p, to.n, MSG_DONTWAIT);
    if (got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR)) {
        c->readable = false;
        return 0;
    }
    if (got <= 0) {
        c->ended = true;
        c->why = got < 0 ? strerrordesc_np(errno) : NULL;
        return 0;
    }
    c->readable = (size_t)got == to.n; /* less than asked for: the socket is empty */
    NODE_COUNT(c->node, octets_received, (uint64_t)got);
    return (size_t)got;
}

/* One piece of ciphertext into TLS, which takes it: it is only called when TLS has used up all but
 * a part of a record. */
static bool feed_tls(struct node_conn *c)
{
    uint8_t piece[16 * 1024];
    size_t n = receive(c, MBYTES_OF(piece));
    if (n > 0 && tls_feed(c->tls, (struct bytes){piece, n}) != E_OK) {
        c->ended = true;
        c->why = "TLS takes no more";
    }
    return n > 0;
}

/* Reads what TLS has, and at most one piece of the socket's per turn: others wait too. */
static void fill_from_tls(struct node_conn *c)
{
    bool fed = false;
    enum err err = E_OK;
    while (err == E_OK) {
        struct mbytes space = peer_input_space(&c->peer);
        size_t n = 0;
        c->plain_waits = space.n == 0;
        if (c->plain_waits) {
            return;
        }
        err = tls_read(c->tls, space, &n);
        peer_input_done(&c->peer, n);
        if (err == E_AGAIN && !fed && feed_tls(c)) {
            fed = true;
            err = E_OK;
        }
    }
    if (err != E_AGAIN) {
        c->ended = true;
        c->why = err == E_CLOSED ? NULL : tls_reason(c->tls);
    }
}

void node_conn_fill(struct node_conn *c)
{
    if (c->phase == NODE_HANDSHAKE) {
        (void)feed_tls(c);
    } else if (c->phase == NODE_RUNNING && peer_wants_input(&c->peer)) {
        if (c->tls != NULL) {
            fill_from_tls(c);
        } else {
            peer_input_done(&c->peer, receive(c, peer_input_space(&c->peer)));
        }
    } else if (c->phase == NODE_LINGER) {
        uint8_t nowhere[4096];
        (void)receive(c, MBYTES_OF(nowhere));
    }
}

/* ---- out ---- */

/* One send. False: the socket takes no more for now, or is broken. */
static bool send_some(struct node_conn *c, struct bytes out, size_t *sent)
{
    ssize_t n = send(c->fd, out.p, out.n, MSG_NOSIGNAL | MSG_DONTWAIT);
    *sent = n > 0 ? (size_t)n : 0;
    NODE_COUNT(c->node, octets_sent, *sent);
    if (n < 0 && errno != EAGAIN && errno != EWOULDBLOCK && errno != EINTR) {
        c->ended = true;
        c->why = strerrordesc_np(errno);
        node_make_ready(c);
        return false;
    }
    c->blocked = *sent < out.n;
    return !c->blocked;
}

static struct bytes first_message(struct bytes out)
{
    struct rd r = rd_of(out);
    (void)rd_u8(&r);
    size_t n = rd_be24(&r);
    return (struct bytes){out.p, n >= DIAMETER_HEADER_LEN && n < out.n ? n : out.n};
}

static void trace_sent(struct node_conn *c)
{
    struct bytes out = peer_out(&c->peer);
    if (c->node->callbacks.trace == NULL) {
        return;
    }
    while (c->traced < out.n) {
        struct bytes m = first_message((struct bytes){out.p + c->traced, out.n - c->traced});
        c->node->callbacks.trace(c->node->config.ctx, c, true, m);
        c->traced += m.n;
    }
}

static void out_done(struct node_conn *c, size_t n)
{
    peer_out_done(&c->peer, n);
    c->traced -= n < c->traced ? n : c->traced;
}

/* TCP takes all in one send. SCTP keeps messages apart (RFC 6733 2.1.1), so one each. */
static void flush_plain(struct node_conn *c)
{
    bool apart = c->remote.transport == TRANSPORT_SCTP;
    struct bytes out = peer_out(&c->peer);
    bool more = true;
    while (out.n > 0 && more) {
        size_t n;
        more = send_some(c, apart ? first_message(out) : out, &n);
        out_done(c, n);
        out = peer_out(&c->peer);
    }
}

/* The next piece of ciphertext, made from the peer's output when TLS has none left. */
static bool stage_tls(struct node_conn *c)
{
    if (c->stage_from < c->stage_to) {
        return true;
    }
    if (!tls_wants_send(c->tls) && c->phase == NODE_RUNNING) {
        struct bytes out = peer_out(&c->peer);
        out.n = out.n < 16384 ? out.n : 16384;
        if (out.n > 0 && tls_write(c->tls, out) == E_OK) {
            out_done(c, out.n);
        } else if (out.n > 0) {
            c->ended = true;
            c->why = tls_reason(c->tls);
            node_make_ready(c);
        }
    }
    c->stage_from = 0;
    c->stage_to = tls_pull(c->tls, (struct mbytes){c->stage, NODE_STAGE});
    return c->stage_to > 0;
}

static void flush_tls(struct node_conn *c)
{
    bool more = true;
    while (more && stage_tls(c)) {
        size_t n;
        more =
            send_some(c, (struct bytes){c->stage + c->stage_from, c->stage_to - c->stage_from}, &n);
        c->stage_from += n;
    }
}

void node_conn_flush(struct node_conn *c)
{
    if (c->phase == NODE_RUNNING) {
        trace_sent(c);
    }
    if (c->tls != NULL && c->phase != NODE_DEAD) {
        flush_tls(c);
    } else if (c->phase == NODE_RUNNING) {
        flush_plain(c);
    }
    if (c->phase == NODE_RUNNING && peer_is_ready(&c->peer)) {
        node_make_ready(c); /* room was made, or the last octet of an ended peer is out */
    }
}

/* ---- epoll ---- */

static uint32_t interest_of(const struct node_conn *c)
{
    switch (c->phase) {
    case NODE_CONNECTING:
        return EPOLLOUT;
    case NODE_HANDSHAKE:
    case NODE_LINGER:
        return EPOLLIN | (c->blocked ? EPOLLOUT : 0u);
    case NODE_RUNNING:
        /* A willing peer either has room, or whole messages and so a place in the ready queue. */
        return (peer_wants_input(&c->peer) && !c->ended ? EPOLLIN : 0u) |
               (c->blocked ? EPOLLOUT : 0u);
    case NODE_DEAD:
        break;
    }
    return 0;
}

void node_conn_watch(struct node_conn *c)
{
    uint32_t want = interest_of(c);
    if (want != c->interest && c->phase != NODE_DEAD) {
        struct epoll_event e = {.events = want, .data.u64 = c->handle};
        if (epoll_ctl(c->node->epoll, EPOLL_CTL_MOD, c->fd, &e) == 0) {
            c->interest = want;
        }
    }
}

/* ---- the end ---- */

void node_conn_lost(struct node_conn *c, const char *why)
{
    if (c->phase == NODE_RUNNING) {
        c->why = why != NULL ? why : c->why;
        peer_lost(&c->peer, PEER_CAUSE_TRANSPORT);
        node_make_ready(c);
    } else {
        node_conn_failed(c, why);
    }
}

/* Is there something that the other end should still read? */
static bool has_last_word(const struct node_conn *c)
{
    switch (c->peer.cause) {
    case PEER_CAUSE_REFUSED:
    case PEER_CAUSE_BAD_CAPABILITIES:
    case PEER_CAUSE_SECOND_CAPABILITIES:
    case PEER_CAUSE_DISCONNECTED:
        return !c->ended;
    case PEER_CAUSE_NONE:
    case PEER_CAUSE_TRANSPORT:
    case PEER_CAUSE_FRAME:
    case PEER_CAUSE_NOT_CAPABILITIES:
    case PEER_CAUSE_REFUSED_BY_PEER:
    case PEER_CAUSE_NO_CAPABILITIES:
    case PEER_CAUSE_WATCHDOG:
    case PEER_CAUSE_STOPPED:
    case PEER_CAUSE_NO_DPA:
    case PEER_CAUSE_NOT_READING:
    case PEER_CAUSE_INTERNAL:
        break;
    }
    return false;
}

void node_conn_linger(struct node_conn *c)
{
    if (c->ended || shutdown(c->fd, SHUT_WR) != 0) {
        node_conn_kill(c);
        return;
    }
    c->phase = NODE_LINGER;
    c->blocked = false;
    c->deadline = c->node->now + c->node->config.peer.dpa_timeout_ms;
    node_note_deadline(c->node, c->deadline);
}

void node_conn_finish(struct node_conn *c)
{
    bool linger = has_last_word(c);
    if (c->tls != NULL) {
        tls_shutdown(c->tls);
        node_conn_flush(c);
    }
    if (linger) {
        node_conn_linger(c);
    } else {
        node_conn_kill(c);
    }
}
