#include "nf/common/node.h"

#include "nf/common/node_parts.h"
#include <errno.h>
#include <sys/epoll.h>
#include <sys/ioctl.h>

enum {
    EVENTS = 256,
    COST = 4,       /* of a message; one that was cheap costs a quarter */
    ROUND_TURNS = 4 /* of connections with more waiting, then the others are looked at */
};

/* ---- queues ---- */

static void ready_append(struct node_list *l, struct node_conn *c)
{
    c->next_ready = NULL;
    *(l->last ? &l->last->next_ready : &l->first) = c;
    l->last = c;
}

/* Nobody is fresh twice in a pass, so those that ask seldom cannot keep the others waiting either.
 */
void node_make_ready(struct node_conn *c)
{
    struct node *n = c->node;
    if (c->in_ready || c->phase == NODE_DEAD) {
        return;
    }
    c->in_ready = true;
    ready_append(c->last_pass != n->pass ? &n->fresh : &n->ready, c);
}

static struct node_conn *take_ready(struct node_list *l)
{
    struct node_conn *c = l->first;
    l->first = c->next_ready;
    l->last = l->first ? l->last : NULL;
    c->in_ready = false;
    return c;
}

void node_make_dirty(struct node_conn *c)
{
    struct node_list *l = &c->node->dirty;
    if (c->in_dirty || c->phase == NODE_DEAD) {
        return;
    }
    c->in_dirty = true;
    c->next_dirty = NULL;
    *(l->last ? &l->last->next_dirty : &l->first) = c;
    l->last = c;
}

static struct node_conn *take_dirty(struct node *n)
{
    struct node_conn *c = n->dirty.first;
    n->dirty.first = c->next_dirty;
    n->dirty.last = n->dirty.first ? n->dirty.last : NULL;
    c->in_dirty = false;
    return c;
}

void node_note_deadline(struct node *n, uint64_t deadline)
{
    n->next_deadline = deadline < n->next_deadline ? deadline : n->next_deadline;
}

/* ---- events of a connection ---- */

static void begin_batch(struct node *n)
{
    if (!n->in_batch) {
        n->in_batch = true;
        if (n->callbacks.before_batch != NULL) {
            n->callbacks.before_batch(n->config.ctx);
        }
    }
}

static void end_batch(struct node *n)
{
    if (n->in_batch) {
        n->in_batch = false;
        if (n->callbacks.after_batch != NULL) {
            n->callbacks.after_batch(n->config.ctx);
        }
    }
}

void node_tell_closed(struct node_conn *c, const char *why)
{
    struct node *n = c->node;
    if (c->is_open) {
        c->is_open = false;
        NODE_COUNT(n, closed, 1);
        atomic_fetch_sub_explicit(&n->count.open, 1, memory_order_relaxed);
    }
    if (c->let_in && n->callbacks.closed != NULL) {
        n->callbacks.closed(n->config.ctx, c, why);
    }
    if (!c->initiator && !c->asked && !n->stopping && !n->finished &&
        n->callbacks.strayed != NULL) {
        n->callbacks.strayed(n->config.ctx, c, c->denied, why);
    }
    c->let_in = false;
    c->asked = true; /* told once */
}

void node_conn_kill(struct node_conn *c)
{
    c->phase = NODE_DEAD;
    c->node->any_dead = true;
}

void node_conn_failed(struct node_conn *c, const char *why)
{
    node_tell_closed(c, why != NULL ? why : "the transport connection ended");
    node_conn_kill(c);
}

static void authorise(struct node_conn *c)
{
    struct node *n = c->node;
    struct node_cer cer = node_conn_cer(c);
    c->asked = true;
    enum refusal r = n->callbacks.authorise(n->config.ctx, &cer, &c->ctx);
    c->let_in |= r == REFUSAL_NONE;
    if (peer_authorise(&c->peer, r) != E_OK) {
        NODE_COUNT(n, refused, 1);
    }
}

static void take_open(struct node_conn *c)
{
    struct node *n = c->node;
    c->is_open = true;
    NODE_COUNT(n, opened, 1);
    NODE_COUNT(n, open, 1);
    if (n->callbacks.opened != NULL) {
        n->callbacks.opened(n->config.ctx, c);
    }
}

static void take_answer(struct node_conn *c, const struct peer_event *v)
{
    struct node *n = c->node;
    if (v->kind == PEER_ANSWER) {
        NODE_COUNT(n, answers_received, 1);
    } else {
        NODE_COUNT(n, unanswered, 1);
    }
    begin_batch(n);
    if (n->callbacks.answer != NULL) {
        n->callbacks.answer(n->config.ctx, c, v->cookie, v->message);
    }
}

static void take_event(struct node_conn *c, const struct peer_event *v)
{
    struct node *n = c->node;
    if (v->message.n > 0 && n->callbacks.trace != NULL) {
        n->callbacks.trace(n->config.ctx, c, false, v->message);
    }
    switch (v->kind) {
    case PEER_HANDLED:
        break;
    case PEER_CER:
    case PEER_CEA:
        authorise(c);
        break;
    case PEER_OPENED:
        take_open(c);
        break;
    case PEER_REQUEST:
        NODE_COUNT(n, requests_received, 1);
        begin_batch(n);
        n->callbacks.request(n->config.ctx, c, &v->header, v->message);
        break;
    case PEER_ANSWER:
    case PEER_UNANSWERED:
        take_answer(c, v);
        break;
    case PEER_DISCONNECTED:
        node_tell_closed(c, c->why != NULL && v->cause == PEER_CAUSE_TRANSPORT
                                ? c->why
                                : peer_cause_sentence(v->cause));
        node_conn_finish(c);
        break;
    }
}

static void note_back_pressure(struct node_conn *c)
{
    bool held =
        c->phase == NODE_RUNNING && c->peer.state == PEER_OPEN && !peer_wants_input(&c->peer);
    if (held && !c->held_back) {
        NODE_COUNT(c->node, held_back, 1);
    }
    c->held_back = held;
}

/* What lies in the socket counts too. Where the kernel cannot tell, only ours does. */
static size_t octets_left(const struct node_conn *c)
{
    int in_socket = 0;
    if (ioctl(c->fd, FIONREAD, &in_socket) != 0 || in_socket < 0) {
        in_socket = 0;
    }
    return c->peer.in_to - c->peer.in_from - c->peer.in_held + (size_t)in_socket;
}

static void note_backlog(struct node_conn *c, bool more)
{
    if (!more && !c->readable) {
        backlog_ran_dry(&c->backlog);
    } else if (backlog_is_left(&c->backlog, c->node->now)) {
        backlog_mark(&c->backlog, octets_left(c), c->node->now);
    }
}

void node_was_cheap(struct node_conn *c)
{
    c->turn_left += COST - 1;
}

static void take_messages(struct node_conn *c)
{
    struct peer_event v;
    c->turn_left = c->node->config.messages_per_turn * COST;
    while (c->turn_left >= COST && c->phase == NODE_RUNNING && peer_next(&c->peer, &v)) {
        c->turn_left -= COST;
        backlog_took(&c->backlog, v.message.n);
        take_event(c, &v);
    }
    unsigned cost = c->node->config.messages_per_turn * COST - c->turn_left;
    c->node->round_left -= cost < c->node->round_left ? cost : c->node->round_left;
}

/* One turn of a running connection. */
static void serve(struct node_conn *c)
{
    node_conn_fill(c);
    take_messages(c);
    if (c->phase != NODE_RUNNING) {
        return;
    }
    node_make_dirty(c);
    note_back_pressure(c);
    note_backlog(c, peer_is_ready(&c->peer));
    if (peer_is_ready(&c->peer) || (c->plain_waits && peer_wants_input(&c->peer))) {
        node_make_ready(c);
    } else if (c->ended) {
        /* Only now: a CEA or DPR may have come with the end of the stream. */
        node_conn_lost(c, c->why);
    }
    node_note_deadline(c->node, peer_next_deadline(&c->peer));
}

static void turn(struct node_conn *c)
{
    switch (c->phase) {
    case NODE_CONNECTING:
    case NODE_HANDSHAKE:
        node_conn_advance(c);
        break;
    case NODE_RUNNING:
        serve(c);
        break;
    case NODE_LINGER:
        node_conn_fill(c);
        if (c->ended) {
            node_conn_kill(c);
        }
        break;
    case NODE_DEAD:
        break;
    }
}

/* ---- one wake-up ---- */

static void take_socket_event(struct node *n, const struct epoll_event *e)
{
    struct node_conn *c = node_conn_of(n, e->data.u64);
    if (c == NULL) {
        return;
    }
    if ((e->events & EPOLLIN) != 0) {
        c->readable = true;
    }
    if ((e->events & EPOLLOUT) != 0) {
        c->blocked = false;
        node_make_dirty(c);
    }
    if ((e->events & (EPOLLHUP | EPOLLERR)) != 0) {
        c->readable = true; /* recv tells what it was */
        if (c->phase == NODE_RUNNING && !peer_wants_input(&c->peer)) {
            c->ended = true; /* nobody takes the answers that hold it back */
        }
    }
    node_make_ready(c);
}

static uint64_t deadline_of(const struct node_conn *c)
{
    return c->phase == NODE_RUNNING ? peer_next_deadline(&c->peer) : c->deadline;
}

static void take_deadline(struct node_conn *c)
{
    if (c->phase == NODE_RUNNING) {
        peer_tick(&c->peer, c->node->now);
        node_make_ready(c);
        node_make_dirty(c);
    } else if (c->phase == NODE_LINGER) {
        node_conn_kill(c);
    } else if (c->phase != NODE_DEAD) {
        node_conn_failed(c, c->phase == NODE_CONNECTING ? "no connection came about in time"
                                                        : "no TLS handshake in time");
    }
}

/* next_deadline may be too early, never too late; looking costs one pass over the slots. */
static void run_deadlines(struct node *n)
{
    if (n->now < n->next_deadline) {
        return;
    }
    n->next_deadline = n->stopping ? n->stop_deadline : UINT64_MAX;
    for (size_t i = 0; i < n->config.connections_max; i++) {
        struct node_conn *c = n->conns[i];
        if (c != NULL) {
            if (deadline_of(c) <= n->now) {
                take_deadline(c);
            }
            node_note_deadline(n, deadline_of(c));
        }
    }
}

static void run_turn(struct node_conn *c)
{
    c->last_pass = c->node->pass;
    if (c->phase == NODE_RUNNING) {
        peer_tick(&c->peer, c->node->now);
    }
    turn(c);
    node_make_dirty(c);
}

static void run_fresh(struct node *n)
{
    const struct node_conn *last = n->fresh.last;
    while (n->fresh.first != NULL) {
        struct node_conn *c = take_ready(&n->fresh);
        run_turn(c);
        if (c == last) {
            return;
        }
    }
}

static void new_pass(struct node *n)
{
    uint64_t took = n->pass_last != NULL ? n->now - n->pass_began : 0;
    n->pass_ms = took < UINT32_MAX ? (uint32_t)took : UINT32_MAX;
    n->pass_last = n->ready.last;
    n->pass_began = n->now;
    n->pass++;
}

/* At least one turn, whatever the fresh ones took of the round. */
static void run_waiting(struct node *n, const struct node_conn *last)
{
    while (n->ready.first != NULL && last != NULL) {
        struct node_conn *c = take_ready(&n->ready);
        bool ends_pass = c == n->pass_last;
        run_turn(c);
        if (ends_pass) {
            new_pass(n);
        }
        if (c == last || n->round_left == 0) {
            return;
        }
    }
}

static void run_ready(struct node *n)
{
    const struct node_conn *last = n->ready.last; /* what joins now has its turn next time */
    n->round_left = ROUND_TURNS * n->config.messages_per_turn * COST;
    if (n->pass_last == NULL) {
        new_pass(n);
    }
    run_fresh(n);
    run_waiting(n, last);
}

static void run_dirty(struct node *n)
{
    while (n->dirty.first != NULL) {
        struct node_conn *c = take_dirty(n);
        node_conn_flush(c);
        node_conn_watch(c);
    }
}

static void reap(struct node *n)
{
    bool again = false;
    if (!n->any_dead) {
        return;
    }
    for (size_t i = 0; i < n->config.connections_max; i++) {
        struct node_conn *c = n->conns[i];
        if (c != NULL && c->phase == NODE_DEAD) {
            again |= c->in_ready || c->in_dirty;
            if (!c->in_ready && !c->in_dirty) {
                node_conn_free(n, c);
            }
        }
    }
    n->any_dead = again;
}

/* DPR to those that are open, the end for those that are not. */
static void begin_stop(struct node *n)
{
    n->stopping = true;
    n->stop_deadline = n->now + n->config.stop_timeout_ms;
    node_note_deadline(n, n->stop_deadline);
    for (size_t i = 0; i < n->config.connections_max; i++) {
        struct node_conn *c = n->conns[i];
        if (c != NULL && c->phase == NODE_RUNNING) {
            node_disconnect(n, c, DIAMETER_REBOOTING);
        } else if (c != NULL && c->phase != NODE_LINGER) {
            node_conn_failed(c, peer_cause_sentence(PEER_CAUSE_STOPPED));
        }
    }
}

/* Ends a connection now; whoever waits for something of it is told. */
static void abandon(struct node_conn *c)
{
    struct peer_event v;
    if (c->phase == NODE_RUNNING) {
        c->why = "the peer did not end in time";
        peer_lost(&c->peer, PEER_CAUSE_TRANSPORT);
        while (c->phase == NODE_RUNNING && peer_next(&c->peer, &v)) {
            take_event(c, &v);
        }
    }
    node_conn_failed(c, NULL);
}

void node_force_stop(struct node *n)
{
    for (size_t i = 0; i < n->config.connections_max; i++) {
        struct node_conn *c = n->conns[i];
        if (c != NULL && c->phase != NODE_DEAD) {
            abandon(c);
        }
    }
    end_batch(n);
}

static enum err wait_for_events(struct node *n, int timeout_ms)
{
    struct epoll_event events[EVENTS];
    int count = node_wait(n, events, EVENTS, timeout_ms);
    if (count < 0 && errno != EINTR) {
        return E_IO;
    }
    n->now = n->config.now_ms(n->config.ctx);
    for (int i = 0; i < count; i++) {
        if (events[i].data.u64 == 0) {
            node_run_posts(n);
        } else {
            take_socket_event(n, &events[i]);
        }
    }
    return E_OK;
}

enum err node_poll(struct node *n, int timeout_ms)
{
    n->now = n->config.now_ms(n->config.ctx);
    enum err err = wait_for_events(n, timeout_ms);
    if (err != E_OK) {
        return err;
    }
    if (atomic_load(&n->stop) && !n->stopping) {
        begin_stop(n);
    }
    run_deadlines(n);
    run_ready(n);
    end_batch(n);
    run_dirty(n);
    if (n->stopping && n->now >= n->stop_deadline) {
        node_force_stop(n);
    }
    reap(n);
    return n->stopping && n->conn_n == 0 ? E_CLOSED : E_OK;
}

enum err node_run(struct node *n)
{
    enum err err;
    do {
        err = node_poll(n, -1);
    } while (err == E_OK);
    return err == E_CLOSED ? E_OK : err;
}
