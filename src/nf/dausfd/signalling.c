/* The thread of the Diameter connections: part of src/nf/dausfd/dausfd.h. */
#include "codec/s6a.h"
#include "crypto/openssl.h"
#include "net/socket.h"
#include "nf/common/overload.h"
#include "nf/dausfd/peers.h"
#include "nf/dausfd/s6a.h"
#include "trace/pcapng.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define PENDING_MAX 8u /* our own requests waiting per connection: DWR and DPR */

struct signalling {
    atomic_bool ended; /* the thread */
    struct dausfd *d;
    pthread_t thread;
    bool runs;
    struct node *node;
    struct overload overload;
    struct discovery_reader *reader;
    struct crypto crypto;
    struct tls_context **tls; /* beside config->listeners */
    uint8_t out[DAUSFD_ANSWER_MAX];
    uint8_t traced[1 << 16];
};

/* ---- reading ---- */

static void on_before_batch(void *ctx)
{
    struct signalling *s = ctx;
    /* Without a transaction each read stands alone: slower, not wrong. */
    enum err ignored = discovery_reader_begin(s->reader);
    (void)ignored;
}

static void on_after_batch(void *ctx)
{
    struct signalling *s = ctx;
    discovery_reader_end(s->reader);
}

/* ---- connections ---- */

static void refused_connection(struct dausfd *d, enum refusal why, struct bytes host,
                               const char *from)
{
    atomic_fetch_add_explicit(&d->counters.peers_refused, 1, memory_order_relaxed);
    dausfd_refused(d, why, NULL, host, from);
}

static enum refusal admit(struct signalling *s, const struct node_cer *cer,
                          struct dausfd_peer_state **out)
{
    const struct dausfd_peer *p = NULL;
    enum refusal why = peers_admit(s->d->config, cer, &p);
    if (why != REFUSAL_NONE) {
        return why;
    }
    struct dausfd_peer_state *state = &s->d->peers[p - s->d->config->peers];
    if (atomic_fetch_add(&state->connections, 1) >= p->connections) {
        atomic_fetch_sub(&state->connections, 1);
        return REFUSAL_PEER_LIMIT;
    }
    *out = state;
    return REFUSAL_NONE;
}

static enum refusal on_authorise(void *ctx, const struct node_cer *cer, void **peer_ctx)
{
    struct signalling *s = ctx;
    struct dausfd_peer_state *state = NULL;
    enum refusal why = admit(s, cer, &state);
    if (why != REFUSAL_NONE) {
        refused_connection(s->d, why, cer->origin_host, cer->address.s);
    } else {
        *peer_ctx = state;
    }
    return why;
}

static void peer_line(struct signalling *s, const char *event, struct node_conn *conn,
                      const char *detail)
{
    struct dausfd_peer_state *state = node_conn_ctx(conn);
    const struct log_field fields[] = {LOG_FIELD_STR("peer", state->peer->origin_host),
                                       LOG_FIELD_STR("detail", detail)};
    log_limited(s->d->log, LOG_LEVEL_INFO, event, fields, 2);
}

static void on_opened(void *ctx, struct node_conn *conn)
{
    struct address_text at = address_print(node_conn_remote(conn));
    peer_line(ctx, "peer-connected", conn, at.s);
}

static void on_closed(void *ctx, struct node_conn *conn, const char *why)
{
    struct dausfd_peer_state *state = node_conn_ctx(conn);
    atomic_fetch_sub(&state->connections, 1);
    peer_line(ctx, "peer-disconnected", conn, why);
}

/* It never said who it is: a scanner, a peer that speaks no Diameter, a certificate of another CA.
 */
static void on_strayed(void *ctx, struct node_conn *conn, bool denied, const char *why)
{
    struct signalling *s = ctx;
    char detail[160];
    struct address_text at = address_print_ip(node_conn_remote(conn));
    (void)snprintf(detail, sizeof detail, "from %s: %s", at.s, why);
    refused_connection(s->d, denied ? REFUSAL_PEER_CERTIFICATE : REFUSAL_PEER_UNKNOWN,
                       (struct bytes){NULL, 0}, detail);
}

void signalling_adopt(struct signalling *s, int fd, size_t i)
{
    struct node_stats stats;
    enum transport transport = s->d->config->listeners[i].address.transport;
    struct address remote = socket_remote(fd, transport);
    struct address_text at = address_print_ip(&remote);
    enum refusal why = REFUSAL_NONE;
    node_stats(s->node, &stats);
    if (!peers_may_come(s->d->config, &remote)) {
        why = REFUSAL_PEER_ADDRESS;
    } else if (stats.held >= s->d->config->limits.connections) {
        why = REFUSAL_TOO_BUSY;
    }
    if (why != REFUSAL_NONE) {
        (void)close(fd); /* nothing was written to it */
    } else if (node_adopt(s->node, fd, transport, s->tls[i]) != E_OK) {
        why = REFUSAL_TOO_BUSY; /* the node has closed it */
    }
    if (why != REFUSAL_NONE) {
        refused_connection(s->d, why, (struct bytes){NULL, 0}, at.s);
    }
}

/* ---- overload ---- */

_Static_assert(sizeof(struct overload_conn) <= NODE_SPACE, "the node has room for it");

static void shedding_line(struct signalling *s, struct node_conn *conn,
                          const struct overload_conn *c)
{
    char detail[128];
    if (c->shedding) {
        (void)snprintf(detail, sizeof detail, "its requests wait %u ms, a turn of all takes %u ms",
                       node_conn_waited(conn), node_pass_ms(s->node));
    } else {
        (void)snprintf(detail, sizeof detail, "%u requests were turned away", c->shed);
    }
    peer_line(s, c->shedding ? "shedding" : "shedding-over", conn, detail);
}

/* What is not an AIR is answered without a look at the store: that is as cheap as turning it away.
 */
static bool may_serve(struct signalling *s, struct node_conn *conn,
                      const struct diameter_header *header)
{
    struct overload_conn *c = node_conn_space(conn);
    const struct overload_load load = {.waited_ms = node_conn_waited(conn),
                                       .pass_ms = node_pass_ms(s->node),
                                       .more = node_conn_has_more(conn),
                                       .in_progress =
                                           header->command != S6A_AUTHENTICATION_INFORMATION};
    bool was = c->shedding;
    bool serves = overload_serves(&s->overload, c, &load);
    if (was != c->shedding) {
        shedding_line(s, conn, c);
    }
    return serves;
}

/* ---- messages ---- */

static enum dausfd_timed timed_of(uint32_t command)
{
#define X(name, code) code,
    static const uint32_t commands[DAUSFD_TIMED_COUNT] = {DAUSFD_TIMED(X)};
#undef X
    unsigned i = 0;
    while (i < DAUSFD_TIMED_OTHER && commands[i] != command) {
        i++;
    }
    return (enum dausfd_timed)i;
}

static void on_request(void *ctx, struct node_conn *conn, const struct diameter_header *header,
                       struct bytes msg)
{
    struct signalling *s = ctx;
    const uint64_t begun_ns = metrics_now_ns();
    struct dausfd_call call = {.d = s->d,
                               .peer = node_conn_ctx(conn),
                               .reader = s->reader,
                               .crypto = &s->crypto,
                               .header = *header,
                               .not_offered = !node_conn_shares(conn, header->application),
                               .msg = msg,
                               .out = MBYTES_OF(s->out)};
    atomic_fetch_add_explicit(&call.peer->requests, 1, memory_order_relaxed);
    if (may_serve(s, conn, header)) {
        dausfd_serve(&call);
    } else {
        dausfd_turn_away(&call);
        node_was_cheap(conn);
    }
    if (call.n == 0 || node_send(s->node, conn, (struct bytes){s->out, call.n}) != E_OK) {
        node_no_answer(s->node, conn);
    } else {
        atomic_fetch_add_explicit(&call.peer->answers, 1, memory_order_relaxed);
        metrics_observe(&s->d->times[timed_of(header->command)], metrics_now_ns() - begun_ns);
    }
    wipe(s->out, call.n);
}

/* ---- traces ---- */

static struct pcapng_end end_of(const struct address *a)
{
    struct pcapng_end e = {.family = a->family, .port = a->port};
    memcpy(e.ip, a->ip, sizeof e.ip);
    return e;
}

/* A trace that cannot be written must not stop the service: the writer drops what does not fit. */
static void on_trace(void *ctx, struct node_conn *conn, bool sent, struct bytes msg)
{
    struct signalling *s = ctx;
    struct timespec now;
    if (msg.n > sizeof s->traced) {
        return;
    }
    (void)clock_gettime(CLOCK_REALTIME, &now);
    struct pcapng_end local = end_of(node_conn_local(conn));
    struct pcapng_end remote = end_of(node_conn_remote(conn));
    memcpy(s->traced, msg.p, msg.n);
    if (!s->d->trace_secrets) {
        diameter_redact(s->d->config->vendor_id, (struct mbytes){s->traced, msg.n});
    }
    enum transport transport = node_conn_remote(conn)->transport;
    const struct pcapng_packet packet = {
        .time_ns = (uint64_t)now.tv_sec * 1000000000U + (uint64_t)now.tv_nsec,
        .dissector = BYTES_LIT("diameter"),
        .port_type = transport == TRANSPORT_SCTP ? PCAPNG_PORT_SCTP : PCAPNG_PORT_TCP,
        .from = sent ? local : remote,
        .to = sent ? remote : local,
        .comment = node_conn_origin_host(conn),
        .message = {s->traced, msg.n}};
    if (pcapng_write(s->d->trace, &packet) != E_OK) {
        atomic_fetch_add_explicit(&s->d->counters.trace_lost, 1, memory_order_relaxed);
    }
    wipe(s->traced, msg.n);
}

/* ---- start and stop ---- */

static const struct node_callbacks callbacks = {.authorise = on_authorise,
                                                .opened = on_opened,
                                                .closed = on_closed,
                                                .strayed = on_strayed,
                                                .request = on_request,
                                                .before_batch = on_before_batch,
                                                .after_batch = on_after_batch,
                                                .trace = on_trace};
static const struct node_callbacks callbacks_untraced = {.authorise = on_authorise,
                                                         .opened = on_opened,
                                                         .closed = on_closed,
                                                         .strayed = on_strayed,
                                                         .request = on_request,
                                                         .before_batch = on_before_batch,
                                                         .after_batch = on_after_batch};

static enum err node_start(struct signalling *s)
{
    const struct dausfd_config *c = s->d->config;
    struct node_config n = node_config_default();
    n.peer.origin_host = bytes_of_str(c->origin_host);
    n.peer.origin_realm = bytes_of_str(c->origin_realm);
    n.peer.product_name = BYTES_LIT("Bindery");
    n.peer.vendor_id = c->vendor_id;
    n.peer.origin_state_id = (uint32_t)s->d->started;
    n.peer.applications[0] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S6A};
    n.peer.application_n = 1;
    n.peer.watchdog_ms = c->watchdog_seconds * 1000;
    n.peer.cer_timeout_ms = c->cer_seconds * 1000;
    n.peer.message_max = c->limits.message_size;
    n.peer.answer_max = DAUSFD_ANSWER_MAX;
    n.setup_timeout_ms = c->cer_seconds * 1000;
    n.connections_max = c->limits.connections;
    n.in_size = c->limits.receive_buffer;
    n.out_size = c->limits.send_buffer;
    n.pending_max = PENDING_MAX;
    n.posts_max = c->limits.connections;
    n.messages_per_turn = c->limits.messages_per_turn;
    n.spin_us = c->limits.spin_microseconds;
    n.callbacks = s->d->trace != NULL ? &callbacks : &callbacks_untraced;
    n.ctx = s;
    return getrandom(&n.seed, sizeof n.seed, 0) == sizeof n.seed ? node_open(&n, &s->node) : E_IO;
}

enum err signalling_tls_open(const struct dausfd_config *config, struct tls_context ***out,
                             struct tls_why *why)
{
    struct tls_context **list = calloc(config->n_listeners + 1, sizeof(struct tls_context *));
    enum err err = list != NULL ? E_OK : E_MEMORY;
    for (size_t i = 0; i < config->n_listeners && err == E_OK; i++) {
        const struct dausfd_listener *l = &config->listeners[i];
        const struct tls_files files = {l->certificate, l->key, l->ca};
        if (l->address.transport == TRANSPORT_TLS) {
            err = tls_context_open(&files, true, &list[i], why);
        }
    }
    if (err != E_OK) {
        signalling_tls_close(config, list);
        return err;
    }
    *out = list;
    return E_OK;
}

void signalling_tls_close(const struct dausfd_config *config, struct tls_context **tls)
{
    for (size_t i = 0; tls != NULL && i < config->n_listeners; i++) {
        tls_context_close(tls[i]);
    }
    free(tls);
}

void signalling_tls_take(struct signalling *s, struct tls_context **tls)
{
    signalling_tls_close(s->d->config, s->tls);
    s->tls = tls;
}

static enum err tls_start(struct signalling *s)
{
    struct tls_why why = {.text = ""};
    enum err err = signalling_tls_open(s->d->config, &s->tls, &why);
    if (err != E_OK) {
        const struct log_field field = LOG_FIELD_STR("detail", why.text);
        log_line(s->d->log, LOG_LEVEL_ERROR, "tls-files-bad", &field, 1);
    }
    return err;
}

static void *thread_main(void *arg)
{
    struct signalling *s = arg;
    if (node_run(s->node) != E_OK) {
        log_line(s->d->log, LOG_LEVEL_ERROR, "signalling-thread-failed", NULL, 0);
    }
    atomic_store(&s->ended, true);
    return NULL;
}

static enum err parts_start(struct signalling *s)
{
    enum err err = crypto_openssl_open(&s->crypto);
    if (err == E_OK) {
        err = discovery_reader_open(s->d->store, &s->reader);
    }
    if (err == E_OK) {
        err = tls_start(s);
    }
    if (err == E_OK) {
        err = node_start(s);
    }
    if (err == E_OK) {
        s->runs = pthread_create(&s->thread, NULL, thread_main, s) == 0;
        err = s->runs ? E_OK : E_IO;
    }
    return err;
}

bool signalling_has_ended(const struct signalling *s)
{
    return atomic_load(&s->ended);
}

enum err signalling_start(struct dausfd *d, struct signalling **out)
{
    struct signalling *s = calloc(1, sizeof *s);
    if (s == NULL) {
        return E_MEMORY;
    }
    s->d = d;
    s->overload.limits = (struct overload_limits){.peer_ms = d->config->limits.wait_of_peer_ms,
                                                  .total_ms = d->config->limits.wait_of_all_ms};
    enum err err = parts_start(s);
    if (err != E_OK) {
        signalling_stop(s);
        return err;
    }
    *out = s;
    return E_OK;
}

void signalling_stop(struct signalling *s)
{
    if (s == NULL) {
        return;
    }
    if (s->runs) {
        node_stop(s->node);
        (void)pthread_join(s->thread, NULL);
    }
    if (s->node != NULL) {
        node_close(s->node);
    }
    signalling_tls_close(s->d->config, s->tls);
    discovery_reader_close(s->reader);
    crypto_openssl_close(&s->crypto);
    free(s);
}
