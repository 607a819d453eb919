#include "nf/hssd/thread.h"

#include "codec/s13.h"
#include "crypto/openssl.h"
#include "nf/common/overload.h"
#include "nf/hssd/admit.h"
#include "nf/hssd/push.h"
#include "nf/hssd/routes.h"
#include "nf/hssd/s6a.h"
#include "trace/pcapng.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define POSTS_CLR   4096u /* on top of what the writer can have under way */
#define POSTS_PUSH  64u
#define PENDING_MAX 64u /* our own requests waiting per connection */

struct hssd_thread {
    struct hssd *h;
    pthread_t thread;
    atomic_bool asked_to_stop;
    atomic_bool ended; /* the thread runs no more: posts run where they come from */
    struct node *node;
    struct store_reader *reader;
    struct eir_reader *eir;
    struct crypto crypto;
    struct overload overload;
    struct hssd_timings timings;
    bool reading; /* inside this wake-up's read transaction */
    uint8_t out[HSSD_ANSWER_LONG];
    uint8_t traced[1 << 16];
};

/* ---- reading ---- */

static void reading_begin(struct hssd_thread *t)
{
    /* Without a transaction each read stands alone: slower, not wrong. */
    t->reading = store_reader_begin(t->reader) == E_OK;
}

static void reading_end(struct hssd_thread *t)
{
    if (t->reading) {
        store_reader_end(t->reader);
    }
    t->reading = false;
}

static void on_before_batch(void *ctx)
{
    reading_begin(ctx);
}

static void on_after_batch(void *ctx)
{
    reading_end(ctx);
}

/* ---- connections ---- */

static enum refusal on_authorise(void *ctx, const struct node_cer *cer, void **peer_ctx)
{
    struct hssd_thread *t = ctx;
    struct hssd_peer_state *peer = NULL;
    enum refusal refusal = hssd_admit(t->h, cer, &peer);
    if (refusal == REFUSAL_NONE) {
        *peer_ctx = peer;
    }
    return refusal;
}

static void judge(void *arg, struct node_conn *conn)
{
    struct hssd_thread *t = arg;
    const struct node_cer cer = node_conn_cer(conn);
    if (!hssd_may_stay(node_conn_ctx(conn), &cer)) {
        node_disconnect(t->node, conn, DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU);
    }
}

static void judge_all(void *arg)
{
    struct hssd_thread *t = arg;
    if (!atomic_load(&t->ended)) {
        node_each(t->node, judge, t);
    }
}

bool hssd_thread_judge(struct hssd_thread *t)
{
    return hssd_thread_post(t, judge_all, t);
}

static void on_opened(void *ctx, struct node_conn *conn)
{
    struct hssd_thread *t = ctx;
    struct hssd_peer_state *peer = node_conn_ctx(conn);
    struct route route = {
        .peer = peer, .thread = t, .conn = node_conn_handle(conn), .opened_ms = push_unix_ms()};
    struct address_text at = address_print(node_conn_remote(conn));
    /* The table has room for every connection there can be; without its entry only CLR is lost. */
    const char *how = routes_add(t->h->routes, &route) == E_OK ? at.s : "no room among the routes";
    hssd_event(t->h, "peer-connected", NULL, NULL, peer->peer->origin_host, NULL, how);
    push_peer_opened(t->h);
    judge(t, conn); /* the configuration may have been read again since its CER */
}

static void on_closed(void *ctx, struct node_conn *conn, const char *why)
{
    struct hssd_thread *t = ctx;
    struct hssd_peer_state *peer = node_conn_ctx(conn);
    routes_remove(t->h->routes, t, node_conn_handle(conn));
    hssd_leave(peer);
    hssd_event(t->h, "peer-disconnected", NULL, NULL, peer->peer->origin_host, NULL, why);
}

/* It never said who it is: a scanner, a peer that speaks no Diameter, a certificate of another CA.
 */
static void on_strayed(void *ctx, struct node_conn *conn, bool denied, const char *why)
{
    struct hssd_thread *t = ctx;
    char detail[160];
    struct address_text at = address_print_ip(node_conn_remote(conn));
    const char *transport = transport_name(node_conn_remote(conn)->transport);
    const char *cause = denied ? refusal_row(REFUSAL_PEER_CERTIFICATE)->name : NULL;
    snprintf(detail, sizeof detail, "from %s over %s: %s", at.s, transport, why);
    atomic_fetch_add_explicit(&t->h->counters.peers_refused, 1, memory_order_relaxed);
    hssd_event(t->h, "peer-refused", NULL, NULL, NULL, cause, detail);
}

/* ---- overload ---- */

_Static_assert(sizeof(struct overload_conn) <= NODE_SPACE, "the node has room for it");

static void shedding_event(struct hssd_thread *t, struct node_conn *conn,
                           const struct overload_conn *c)
{
    struct hssd_peer_state *peer = node_conn_ctx(conn);
    char detail[128];
    if (c->shedding) {
        snprintf(detail, sizeof detail, "its requests wait %u ms, a turn of all takes %u ms",
                 node_conn_waited(conn), node_pass_ms(t->node));
    } else {
        snprintf(detail, sizeof detail, "%u requests were turned away", c->shed);
    }
    hssd_event(t->h, c->shedding ? "shedding" : "shedding-over", NULL, NULL,
               peer->peer->origin_host, refusal_row(REFUSAL_TOO_BUSY)->name, detail);
}

static bool may_serve(struct hssd_thread *t, struct node_conn *conn,
                      const struct diameter_header *header, struct bytes msg)
{
    struct overload_conn *c = node_conn_space(conn);
    if (!node_conn_has_more(conn) && !c->shedding) {
        return true; /* nearly always */
    }
    const struct overload_load load = {.waited_ms = node_conn_waited(conn),
                                       .pass_ms = node_pass_ms(t->node),
                                       .more = node_conn_has_more(conn),
                                       .in_progress = s6a_is_in_progress(header, msg)};
    bool was = c->shedding;
    bool serves = overload_serves(&t->overload, c, &load);
    if (was != c->shedding) {
        shedding_event(t, conn, c);
    }
    return serves;
}

static enum s6a_outcome turn_away(struct s6a_call *call, struct node_conn *conn)
{
    atomic_fetch_add_explicit(&call->h->counters.shed, 1, memory_order_relaxed);
    node_was_cheap(conn);
    return s6a_refuse(call, REFUSAL_TOO_BUSY, NULL, NULL, NULL);
}

/* ---- messages ---- */

static enum s6a_outcome serve(struct s6a_call *call)
{
    /* A malformed AVP is the parser's to name; what came before it is enough to route by. */
    enum err ignored = diameter_routing_read(call->msg, &call->routing);
    (void)ignored;
    return s6a_serve(call);
}

/* Space for an answer, which is wiped after each: only an equipment check may have a device's chain
 * in its answer, and a ULA with sixteen APNs takes a fifth of the rest. */
static struct mbytes space_for(struct hssd_thread *t, uint32_t command)
{
    return (struct mbytes){t->out,
                           command == S13_ME_IDENTITY_CHECK ? sizeof t->out : HSSD_ANSWER_SHORT};
}

static void on_request(void *ctx, struct node_conn *conn, const struct diameter_header *header,
                       struct bytes msg)
{
    struct hssd_thread *t = ctx;
    const uint64_t now_ns = metrics_now_ns();
    struct s6a_call call = {.h = t->h,
                            .thread = t,
                            .conn = node_conn_handle(conn),
                            .peer = node_conn_ctx(conn),
                            .reader = t->reader,
                            .eir = t->eir,
                            .crypto = &t->crypto,
                            .now_ms = now_ns / 1000000,
                            .timings = &t->timings,
                            .begun_ns = now_ns,
                            .header = *header,
                            .not_offered = !node_conn_shares(conn, header->application),
                            .crowded = node_conn_is_half_full(conn),
                            .msg = msg,
                            .out = space_for(t, header->command)};
    atomic_fetch_add_explicit(&call.peer->requests, 1, memory_order_relaxed);
    enum s6a_outcome outcome =
        may_serve(t, conn, header, msg) ? serve(&call) : turn_away(&call, conn);
    if (outcome == S6A_ANSWERED) {
        s6a_answered(&call);
        hssd_thread_send(t, call.conn, (struct bytes){call.out.p, call.n});
    }
    wipe(call.out.p, call.n);
}

static void on_answer(void *ctx, struct node_conn *conn, uint64_t cookie, struct bytes msg)
{
    struct hssd_thread *t = ctx;
    (void)conn;
    if (cookie != 0) {
        push_answered(t->h, cookie, msg);
    } else if (msg.n == 0) {
        atomic_fetch_add_explicit(&t->h->counters.clr_unanswered, 1, memory_order_relaxed);
    }
}

void hssd_thread_send(struct hssd_thread *t, uint64_t conn, struct bytes msg)
{
    struct node_conn *c = atomic_load(&t->ended) ? NULL : node_find(t->node, conn);
    if (c == NULL) {
        return;
    }
    if (msg.n == 0 || node_send(t->node, c, msg) != E_OK) {
        node_no_answer(t->node, c);
        return;
    }
    struct hssd_peer_state *peer = node_conn_ctx(c);
    atomic_fetch_add_explicit(&peer->answers, 1, memory_order_relaxed);
}

void hssd_thread_will_send_short(struct hssd_thread *t, uint64_t conn)
{
    struct node_conn *c = node_find(t->node, conn);
    if (c != NULL) {
        node_owes_short(c);
    }
}

void hssd_thread_send_short(struct hssd_thread *t, uint64_t conn, struct bytes msg)
{
    struct node_conn *c = atomic_load(&t->ended) ? NULL : node_find(t->node, conn);
    if (c != NULL) {
        node_owes_no_more_short(c);
        hssd_thread_send(t, conn, msg.n <= PEER_ANSWER_SHORT ? msg : (struct bytes){NULL, 0});
    }
}

bool hssd_thread_ask(struct hssd_thread *t, uint64_t conn, struct mbytes msg, uint64_t cookie)
{
    struct node_conn *c = atomic_load(&t->ended) ? NULL : node_find(t->node, conn);
    uint32_t timeout_ms = t->h->config->timers.request_seconds * 1000;
    return c != NULL && node_request(t->node, c, msg, cookie, timeout_ms) == E_OK;
}

bool hssd_thread_request(struct hssd_thread *t, uint64_t conn, struct mbytes msg)
{
    return hssd_thread_ask(t, conn, msg, 0);
}

/* ---- traces ---- */

static struct pcapng_end end_of(const struct address *a)
{
    struct pcapng_end e = {.family = a->family, .port = a->port};
    memcpy(e.ip, a->ip, sizeof e.ip);
    return e;
}

static uint64_t wall_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* A trace that cannot be written must not stop the service: the writer drops what does not fit. */
static void on_trace(void *ctx, struct node_conn *conn, bool sent, struct bytes msg)
{
    struct hssd_thread *t = ctx;
    if (t->h->trace == NULL || msg.n > sizeof t->traced) {
        return;
    }
    struct pcapng_end local = end_of(node_conn_local(conn));
    struct pcapng_end remote = end_of(node_conn_remote(conn));
    memcpy(t->traced, msg.p, msg.n);
    if (!t->h->trace_secrets) {
        diameter_redact(t->h->config->vendor_id, (struct mbytes){t->traced, msg.n});
    }
    enum transport transport = node_conn_remote(conn)->transport;
    const struct pcapng_packet packet = {.time_ns = wall_ns(),
                                         .dissector = BYTES_LIT("diameter"),
                                         .port_type = transport == TRANSPORT_SCTP ? PCAPNG_PORT_SCTP
                                                                                  : PCAPNG_PORT_TCP,
                                         .from = sent ? local : remote,
                                         .to = sent ? remote : local,
                                         .comment = node_conn_origin_host(conn),
                                         .message = {t->traced, msg.n}};
    if (pcapng_write(t->h->trace, &packet) != E_OK) {
        atomic_fetch_add_explicit(&t->h->counters.trace_lost, 1, memory_order_relaxed);
    }
    wipe(t->traced, msg.n);
}

/* ---- for other threads, and for answers that come later ---- */

bool hssd_thread_post(struct hssd_thread *t, void (*fn)(void *arg), void *arg)
{
    if (atomic_load(&t->ended)) {
        fn(arg);
        return true;
    }
    return node_post(t->node, fn, arg) == E_OK;
}

bool hssd_thread_has_ended(const struct hssd_thread *t)
{
    return atomic_load(&t->ended);
}

struct s6a_call hssd_thread_call(struct hssd_thread *t, uint64_t conn)
{
    /* A transaction that began before the commit would not see it. */
    reading_end(t);
    reading_begin(t);
    return (struct s6a_call){.h = t->h,
                             .thread = t,
                             .conn = conn,
                             .reader = t->reader,
                             .eir = t->eir,
                             .crypto = &t->crypto,
                             .now_ms = hssd_monotonic_ms(),
                             .timings = &t->timings,
                             .out = MBYTES_OF(t->out)};
}

void hssd_thread_call_end(struct hssd_thread *t)
{
    reading_end(t);
}

enum err hssd_thread_adopt(struct hssd_thread *t, int fd, enum transport transport,
                           struct tls_context *tls)
{
    return node_adopt(t->node, fd, transport, tls);
}

void hssd_thread_stats(const struct hssd_thread *t, struct node_stats *out)
{
    node_stats(t->node, out);
}

const struct hssd_timings *hssd_thread_timings(const struct hssd_thread *t)
{
    return &t->timings;
}

bool hssd_thread_is_broken(const struct hssd_thread *t)
{
    return atomic_load(&t->ended) && !atomic_load(&t->asked_to_stop);
}

/* ---- start and stop ---- */

static const struct node_callbacks callbacks = {.authorise = on_authorise,
                                                .opened = on_opened,
                                                .closed = on_closed,
                                                .strayed = on_strayed,
                                                .request = on_request,
                                                .answer = on_answer,
                                                .before_batch = on_before_batch,
                                                .after_batch = on_after_batch,
                                                .trace = on_trace};
static const struct node_callbacks callbacks_untraced = {.authorise = on_authorise,
                                                         .opened = on_opened,
                                                         .closed = on_closed,
                                                         .strayed = on_strayed,
                                                         .request = on_request,
                                                         .answer = on_answer,
                                                         .before_batch = on_before_batch,
                                                         .after_batch = on_after_batch};

static enum err node_config_of(struct hssd_thread *t, struct node_config *out)
{
    const struct hssd_config *c = t->h->config;
    struct node_config n = node_config_default();
    n.peer.origin_host = bytes_of_str(c->origin_host);
    n.peer.origin_realm = bytes_of_str(c->origin_realm);
    n.peer.product_name = BYTES_LIT("Bindery");
    n.peer.vendor_id = c->vendor_id;
    n.peer.origin_state_id = (uint32_t)t->h->started_unix;
    n.peer.applications[0] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S6A};
    n.peer.applications[1] = (struct peer_application){.vendor = 10415, .id = DIAMETER_APP_S13};
    n.peer.application_n = hssd_config_serves_s13(c) ? 2 : 1;
    n.peer.watchdog_ms = c->timers.watchdog_seconds * 1000;
    n.peer.cer_timeout_ms = c->timers.cer_seconds * 1000;
    n.peer.message_max = c->limits.message_size;
    n.peer.answer_max = hssd_config_answer_max(c);
    n.setup_timeout_ms = c->timers.cer_seconds * 1000;
    n.connections_max = c->limits.connections;
    n.in_size = c->limits.receive_buffer;
    n.out_size = c->limits.send_buffer;
    n.pending_max = PENDING_MAX;
    n.posts_max = c->limits.writer_queue + POSTS_CLR + POSTS_PUSH + c->limits.connections +
                  c->devid.queue * c->n_repositories + c->kme.queue + c->kme.threads +
                  (hssd_config_onboards(c) ? c->onboarding.queue + c->onboarding.threads : 0);
    n.messages_per_turn = c->limits.messages_per_turn;
    n.spin_us = c->limits.spin_microseconds;
    n.callbacks = t->h->trace != NULL ? &callbacks : &callbacks_untraced;
    n.ctx = t;
    if (getrandom(&n.seed, sizeof n.seed, 0) != sizeof n.seed) {
        return E_IO;
    }
    *out = n;
    return E_OK;
}

static void *thread_main(void *arg)
{
    struct hssd_thread *t = arg;
    if (node_run(t->node) != E_OK) {
        log_line(t->h->log, LOG_LEVEL_ERROR, "signalling-thread-failed", NULL, 0);
    }
    atomic_store(&t->ended, true); /* the writer must not wait for room that nobody makes */
    return NULL;
}

static enum err parts_open(struct hssd_thread *t)
{
    struct node_config config;
    enum err err = crypto_openssl_open(&t->crypto);
    if (err == E_OK) {
        err = store_reader_open(t->h->store, &t->reader);
    }
    if (err == E_OK) {
        err = eir_reader_open(t->h->eir, &t->eir);
    }
    if (err == E_OK) {
        err = node_config_of(t, &config);
    }
    if (err == E_OK) {
        err = node_open(&config, &t->node);
    }
    return err;
}

enum err hssd_thread_start(struct hssd *h, struct hssd_thread **out)
{
    struct hssd_thread *t = calloc(1, sizeof *t);
    if (t == NULL) {
        return E_MEMORY;
    }
    t->h = h;
    t->overload.limits = (struct overload_limits){.peer_ms = h->config->limits.wait_of_peer_ms,
                                                  .total_ms = h->config->limits.wait_of_all_ms};
    enum err err = parts_open(t);
    if (err == E_OK && pthread_create(&t->thread, NULL, thread_main, t) != 0) {
        err = E_IO;
    }
    if (err != E_OK) {
        hssd_thread_free(t);
        return err;
    }
    *out = t;
    return E_OK;
}

void hssd_thread_ask_stop(struct hssd_thread *t)
{
    atomic_store(&t->asked_to_stop, true);
    node_stop(t->node);
}

void hssd_thread_stop(struct hssd_thread *t)
{
    atomic_store(&t->asked_to_stop, true);
    node_stop(t->node);
    pthread_join(t->thread, NULL);
    atomic_store(&t->ended, true);
}

void hssd_thread_free(struct hssd_thread *t)
{
    if (t == NULL) {
        return;
    }
    if (t->node != NULL) {
        node_close(t->node);
    }
    if (t->reader != NULL) {
        store_reader_close(t->reader);
    }
    eir_reader_close(t->eir);
    crypto_openssl_close(&t->crypto);
    free(t);
}
