/* nf/common/node_open.c - a node and its connections come and go; what other threads may do. */
#include "nf/common/node.h"

#include "net/socket.h"
#include "nf/common/node_parts.h"
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

struct node_config node_config_default(void)
{
    return (struct node_config){
        .peer = {.product_name = BYTES_LIT("Bindery"),
                 .vendor_id = DIAMETER_VENDOR_OWN_DEFAULT,
                 .watchdog_ms = 30000,
                 .cer_timeout_ms = 10000,
                 .dpa_timeout_ms = 3000,
                 .message_max = 16 * 1024,
                 .answer_max = 8 * 1024},
        .connections_max = 256,
        .in_size = 64 * 1024,
        .out_size = 256 * 1024,
        .pending_max = 64,
        .posts_max = 8192,
        .messages_per_turn = 16,
        .setup_timeout_ms = 10000,
        .stop_timeout_ms = 5000,
    };
}

static uint64_t monotonic_ms(void *ctx)
{
    struct timespec t;
    (void)ctx;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

/* ---- slots ---- */

static size_t slot_of(node_handle h)
{
    return (size_t)(h & 0xffffffffu);
}

struct node_conn *node_conn_of(struct node *n, node_handle h)
{
    size_t at = slot_of(h);
    struct node_conn *c = at < n->config.connections_max ? n->conns[at] : NULL;
    return c != NULL && c->handle == h ? c : NULL;
}

struct node_conn *node_find(struct node *n, node_handle h)
{
    struct node_conn *c = node_conn_of(n, h);
    return c != NULL && c->phase == NODE_RUNNING && c->is_open ? c : NULL;
}

/* One block for the connection and all its memory. */
static struct node_conn *conn_alloc(const struct node_config *k, bool tls)
{
    size_t pending = k->pending_max * sizeof(struct peer_pending);
    size_t stage = tls ? NODE_STAGE : 0;
    struct node_conn *c = malloc(sizeof *c + pending + k->in_size + k->out_size + stage);
    if (c == NULL) {
        return NULL;
    }
    memset(c, 0, sizeof *c);
    uint8_t *p = (uint8_t *)(c + 1);
    c->memory.pending = (struct peer_pending *)(void *)p;
    c->memory.pending_n = k->pending_max;
    c->memory.in = (struct mbytes){p + pending, k->in_size};
    c->memory.out = (struct mbytes){p + pending + k->in_size, k->out_size};
    c->stage = p + pending + k->in_size + k->out_size;
    return c;
}

static void conn_drop(struct node_conn *c)
{
    tls_context_close(c->tls_context);
    free(c);
}

static enum err conn_place(struct node *n, struct node_conn *c)
{
    size_t at = 0;
    while (at < n->config.connections_max && n->conns[at] != NULL) {
        at++;
    }
    if (at == n->config.connections_max) {
        NODE_COUNT(n, no_room, 1);
        return E_BUSY;
    }
    c->node = n;
    c->handle = (node_handle)(n->generations[at] + 1) << 32 | at;
    c->interest = c->phase == NODE_CONNECTING ? EPOLLOUT : EPOLLIN;
    struct epoll_event e = {.events = c->interest, .data.u64 = c->handle};
    if (epoll_ctl(n->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
        return E_IO;
    }
    n->generations[at]++;
    n->conns[at] = c;
    n->conn_n++;
    c->deadline = n->now + n->config.setup_timeout_ms;
    node_note_deadline(n, c->deadline);
    return E_OK;
}

void node_conn_free(struct node *n, struct node_conn *c)
{
    n->conns[slot_of(c->handle)] = NULL;
    n->conn_n--;
    NODE_COUNT(n, held, -1);
    (void)close(c->fd);
    tls_close(c->tls);
    wipe(c->memory.in.p, c->memory.in.n + c->memory.out.n); /* vectors went through them */
    conn_drop(c);
}

/* ---- posts ---- */

static bool take_post(struct node *n, struct node_post *out)
{
    (void)pthread_mutex_lock(&n->lock);
    bool any = n->posts_n > 0;
    if (any) {
        *out = n->posts[n->posts_from];
        n->posts_from = (n->posts_from + 1) % n->config.posts_max;
        n->posts_n--;
    }
    (void)pthread_mutex_unlock(&n->lock);
    return any;
}

/* At most one ring's worth, so that a job that posts itself cannot stop the loop. */
void node_run_posts(struct node *n)
{
    uint64_t count;
    struct node_post p;
    (void)!read(n->event, &count, sizeof count);
    for (size_t i = 0; i < n->config.posts_max && take_post(n, &p); i++) {
        p.fn(p.arg);
    }
}

/* ---- from other threads ---- */

static void wake(struct node *n)
{
    uint64_t one = 1;
    (void)!write(n->event, &one, sizeof one); /* full: it is awake already */
}

void node_stop(struct node *n)
{
    atomic_store(&n->stop, true);
    wake(n);
}

enum err node_post(struct node *n, void (*fn)(void *), void *arg)
{
    (void)pthread_mutex_lock(&n->lock);
    bool room = n->posts_n < n->config.posts_max;
    if (room) {
        size_t at = (n->posts_from + n->posts_n++) % n->config.posts_max;
        n->posts[at] = (struct node_post){fn, arg};
    }
    (void)pthread_mutex_unlock(&n->lock);
    if (room) {
        wake(n);
    }
    return room ? E_OK : E_BUSY;
}

/* A connection on its way into the node carries its node already. */
static void place_adopted(void *arg)
{
    struct node_conn *c = arg;
    struct node *n = c->node;
    NODE_COUNT(n, adopted, 1);
    if (n->stopping || n->finished || conn_place(n, c) != E_OK) {
        NODE_COUNT(n, held, -1);
        (void)close(c->fd);
        conn_drop(c);
        return;
    }
    c->remote = socket_remote(c->fd, c->remote.transport);
    node_conn_advance(c);
    node_make_dirty(c);
}

enum err node_adopt(struct node *n, int fd, enum transport t, struct tls_context *tls)
{
    struct node_conn *c = conn_alloc(&n->config, tls != NULL);
    if (c == NULL) {
        (void)close(fd);
        return E_MEMORY;
    }
    c->node = n;
    c->fd = fd;
    c->remote.transport = t;
    c->tls_context = tls_context_hold(tls);
    NODE_COUNT(n, held, 1); /* from here on, so that a burst finds its limits before it is placed */
    enum err err = socket_prepare(fd, t);
    if (err == E_OK) {
        err = node_post(n, place_adopted, c);
    }
    if (err != E_OK) {
        NODE_COUNT(n, held, -1);
        (void)close(fd);
        conn_drop(c);
    }
    return err;
}

/* ---- on the node's thread ---- */

enum err node_connect(struct node *n, const struct address *to, const struct address *from,
                      struct tls_context *tls, void *peer_ctx, node_handle *out)
{
    struct node_conn *c = conn_alloc(&n->config, tls != NULL);
    if (c == NULL) {
        return E_MEMORY;
    }
    n->now = n->config.now_ms(n->config.ctx);
    c->initiator = true;
    c->remote = *to;
    c->tls_context = tls_context_hold(tls);
    c->ctx = peer_ctx;
    enum err err = socket_connect(to, from, &c->fd);
    if (err != E_OK) {
        conn_drop(c);
        return err;
    }
    err = conn_place(n, c);
    if (err != E_OK) {
        (void)close(c->fd);
        conn_drop(c);
        return err;
    }
    NODE_COUNT(n, held, 1);
    c->let_in = true; /* the caller knows of it: it hears of its end */
    *out = c->handle;
    return E_OK;
}

enum err node_send(struct node *n, struct node_conn *c, struct bytes msg)
{
    enum err err = peer_send_answer(&c->peer, msg);
    if (err == E_OK) {
        NODE_COUNT(n, answers_sent, 1);
        node_make_dirty(c);
    }
    return err;
}

void node_no_answer(struct node *n, struct node_conn *c)
{
    (void)n;
    peer_no_answer(&c->peer);
    node_make_ready(c);
}

enum err node_request(struct node *n, struct node_conn *c, struct mbytes msg, uint64_t cookie,
                      uint32_t timeout_ms)
{
    uint64_t deadline = n->config.now_ms(n->config.ctx) + timeout_ms;
    enum err err = peer_request(&c->peer, msg, cookie, deadline);
    if (err == E_OK) {
        NODE_COUNT(n, requests_sent, 1);
        node_note_deadline(n, deadline);
        node_make_dirty(c);
    }
    return err;
}

uint32_t node_end_to_end(struct node_conn *c)
{
    return peer_end_to_end(&c->peer);
}

void node_disconnect(struct node *n, struct node_conn *c, enum diameter_disconnect_cause why)
{
    if (c->phase == NODE_RUNNING) {
        /* Where nothing came for a while it knows no later time, and its wait for DPA were over. */
        peer_tick(&c->peer, n->config.now_ms(n->config.ctx));
        peer_disconnect(&c->peer, why);
        node_note_deadline(n, peer_next_deadline(&c->peer));
        node_make_ready(c);
        node_make_dirty(c);
    }
}

void node_each(struct node *n, void (*fn)(void *arg, struct node_conn *c), void *arg)
{
    for (size_t i = 0; i < n->config.connections_max; i++) {
        if (n->conns[i] != NULL && n->conns[i]->is_open) {
            fn(arg, n->conns[i]);
        }
    }
}

struct node_cer node_conn_cer(const struct node_conn *c)
{
    return (struct node_cer){.origin_host = c->peer.remote.origin_host,
                             .origin_realm = c->peer.remote.origin_realm,
                             .remote = &c->remote,
                             .address = address_print_ip(&c->remote),
                             .initiator = c->initiator,
                             .tls = c->tls,
                             .shares_application = c->peer.remote.common != 0};
}

node_handle node_conn_handle(const struct node_conn *c)
{
    return c->handle;
}

void *node_conn_ctx(const struct node_conn *c)
{
    return c->ctx;
}

const struct address *node_conn_remote(const struct node_conn *c)
{
    return &c->remote;
}

const struct address *node_conn_local(const struct node_conn *c)
{
    return &c->local;
}

void *node_conn_space(struct node_conn *c)
{
    return c->space;
}

uint32_t node_conn_waited(const struct node_conn *c)
{
    return backlog_waited(&c->backlog, c->node->now);
}

bool node_conn_has_more(const struct node_conn *c)
{
    return c->backlog.waits;
}

bool node_conn_is_half_full(const struct node_conn *c)
{
    return peer_is_half_full(&c->peer);
}

void node_owes_short(struct node_conn *c)
{
    peer_owes_short(&c->peer);
}

void node_owes_no_more_short(struct node_conn *c)
{
    peer_owes_no_more_short(&c->peer);
}

uint32_t node_pass_ms(const struct node *n)
{
    uint64_t so_far = n->pass_last != NULL ? n->now - n->pass_began : 0;
    return so_far > n->pass_ms ? (uint32_t)so_far : n->pass_ms;
}

struct bytes node_conn_origin_host(const struct node_conn *c)
{
    return c->peer.remote.origin_host;
}

struct bytes node_conn_origin_realm(const struct node_conn *c)
{
    return c->peer.remote.origin_realm;
}

bool node_conn_shares(const struct node_conn *c, uint32_t application)
{
    const struct peer_config *config = &c->node->config.peer;
    for (size_t i = 0; i < config->application_n; i++) {
        if (config->applications[i].id == application) {
            return (c->peer.remote.common >> i & 1) != 0;
        }
    }
    return application == DIAMETER_APP_BASE;
}

void node_stats(const struct node *n, struct node_stats *out)
{
#define X(name, text) out->name = atomic_load_explicit(&n->count.name, memory_order_relaxed);
    NODE_COUNTERS(X)
#undef X
}

/* ---- the node itself ---- */

static bool config_is_sound(const struct node_config *k)
{
    return k->connections_max > 0 && k->connections_max < UINT32_MAX && k->posts_max > 0 &&
           k->messages_per_turn > 0 && k->callbacks != NULL && k->callbacks->authorise != NULL &&
           k->callbacks->request != NULL && k->peer.answer_max >= PEER_ANSWER_MIN &&
           k->in_size >= k->peer.message_max && k->out_size / 2 >= k->peer.answer_max;
}

static enum err open_descriptors(struct node *n)
{
    struct epoll_event e = {.events = EPOLLIN, .data.u64 = 0};
    n->epoll = epoll_create1(EPOLL_CLOEXEC);
    n->event = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    return n->epoll >= 0 && n->event >= 0 && epoll_ctl(n->epoll, EPOLL_CTL_ADD, n->event, &e) == 0
               ? E_OK
               : E_IO;
}

static void free_parts(struct node *n)
{
    if (n->epoll >= 0) {
        (void)close(n->epoll);
    }
    if (n->event >= 0) {
        (void)close(n->event);
    }
    free(n->conns);
    free(n->generations);
    free(n->posts);
    free(n);
}

enum err node_open(const struct node_config *config, struct node **out)
{
    if (!config_is_sound(config)) {
        return E_BAD_VALUE;
    }
    struct node *n = calloc(1, sizeof *n);
    if (n == NULL) {
        return E_MEMORY;
    }
    n->epoll = n->event = -1;
    n->config = *config;
    n->callbacks = *config->callbacks;
    n->config.now_ms = config->now_ms != NULL ? config->now_ms : monotonic_ms;
    n->seed = config->seed;
    n->spin = spin_of(config->spin_us);
    n->next_deadline = UINT64_MAX;
    n->pass = 1; /* a connection has had its last turn in none */
    n->conns = calloc(config->connections_max, sizeof(struct node_conn *));
    n->generations = calloc(config->connections_max, sizeof *n->generations);
    n->posts = calloc(config->posts_max, sizeof *n->posts);
    enum err err = n->conns && n->generations && n->posts ? open_descriptors(n) : E_MEMORY;
    if (err == E_OK && pthread_mutex_init(&n->lock, NULL) != 0) {
        err = E_MEMORY;
    }
    if (err != E_OK) {
        free_parts(n);
        return err;
    }
    n->now = n->config.now_ms(n->config.ctx);
    *out = n;
    return E_OK;
}

void node_close(struct node *n)
{
    if (n == NULL) {
        return;
    }
    n->finished = true; /* what is adopted from here on is closed at once */
    node_force_stop(n);
    node_run_posts(n);
    for (size_t i = 0; i < n->config.connections_max; i++) {
        if (n->conns[i] != NULL) {
            node_conn_free(n, n->conns[i]);
        }
    }
    (void)pthread_mutex_destroy(&n->lock);
    free_parts(n);
}
