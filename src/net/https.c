#include "net/https.h"

#include "net/https_parts.h"

#include "net/socket.h"

#include <errno.h>
#include <gnutls/gnutls.h>
#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#define PRIORITIES        "NORMAL:-VERS-ALL:+VERS-TLS1.3"
#define CONNECTION_MEMORY (size_t)65536 /* header, and what is read of a body at once */
#define BACKLOG           128
#define TICK_MS           250u
#define RUNS_PER_TURN     16u
#define REST_MOST_MS      16u
#define BODY_FIRST        4096u

struct https_server {
    struct https_options options;
    uv_loop_t *loop;
    int listener;
    struct address bound;
    char *certificate, *key, *ca; /* texts, as the library wants them */
    size_t key_n;
    struct https_identities *identities; /* the same two, as they are now */
    struct MHD_Daemon *daemon;
    struct https_conns conns;
    unsigned trust; /* counts the verifiers */
    /* whether it is worth while to run the library again: see run() */
    unsigned moves, sending;
    uint64_t rest_ms;
    uv_poll_t poll;
    uv_timer_t timer, tick;
    unsigned handles; /* that are open */
};

static uint64_t now_ms(const struct https_server *s)
{
    struct timespec t;
    if (s->options.now_ms != NULL) {
        return s->options.now_ms(s->options.ctx);
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (uint64_t)t.tv_sec * 1000 + (uint64_t)t.tv_nsec / 1000000;
}

static int64_t wall_s(const struct https_server *s)
{
    return s->options.wall_s != NULL ? s->options.wall_s(s->options.ctx) : (int64_t)time(NULL);
}

/* ---- who asks ---- */

/* The chain as it came in the handshake; the handshake proved that the client has the leaf's key.
 */
static size_t shown(struct MHD_Connection *connection, struct bytes chain[static VERIFY_CHAIN_MAX])
{
    unsigned n = 0;
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    const gnutls_datum_t *list =
        info != NULL ? gnutls_certificate_get_peers(info->tls_session, &n) : NULL;
    if (list == NULL) {
        return 0;
    }
    for (unsigned i = 0; i < n && i < VERIFY_CHAIN_MAX; i++) {
        chain[i] = (struct bytes){list[i].data, list[i].size};
    }
    return n;
}

static void judge(struct https_server *s, struct MHD_Connection *connection, struct https_conn *c)
{
    struct bytes chain[VERIFY_CHAIN_MAX];
    int64_t now = wall_s(s);
    bool fresh = c->judged_at != 0 && c->trust == s->trust && now >= c->judged_at &&
                 now < c->judged_at + HTTPS_VERDICT_S;
    if (!fresh) {
        size_t n = shown(connection, chain);
        verify_chain(s->options.verifier, chain, n, VERIFY_TLS_CLIENT, now, &c->peer);
        c->judged_at = now;
        c->trust = s->trust;
    } else if (c->peer.verdict == VERIFY_GOOD && now > c->peer.not_after) {
        c->peer.verdict = VERIFY_EXPIRED;
    }
}

/* ---- calls ---- */

static bool body_room(struct https_call *c, size_t need)
{
    size_t room = c->body_room > 0 ? c->body_room : BODY_FIRST;
    while (room < need) {
        room *= 2;
    }
    uint8_t *bigger = room != c->body_room ? realloc(c->body, room) : c->body;
    if (bigger == NULL) {
        return false;
    }
    c->body = bigger;
    c->body_room = room;
    return true;
}

static void body_add(struct https_call *c, const char *data, size_t n)
{
    if (c->body_too_large || n > c->body_most - c->body_n || !body_room(c, c->body_n + n)) {
        c->body_too_large = true; /* read to its end, kept no more */
        return;
    }
    memcpy(c->body + c->body_n, data, n);
    c->body_n += n;
}

static void call_free(struct https_server *s, struct https_call *c)
{
    if (s->options.handlers->end != NULL) {
        s->options.handlers->end(s->options.ctx, c);
    }
    if (c->file > 0) {
        (void)close(c->file); /* was never handed on */
    }
    free(c->body);
    if (c->secret && c->text != NULL) {
        wipe(c->text, c->text_n);
    }
    free(c->text);
    free(c);
}

static enum MHD_Result reply(struct https_server *s, struct https_call *c)
{
    struct MHD_Response *response = https_response_of(c);
    if (response == NULL) {
        return MHD_NO;
    }
    c->conn->deadline = now_ms(s) + s->options.limits.answer_ms;
    s->sending += !c->sending;
    c->sending = true;
    enum MHD_Result result = MHD_queue_response(c->connection, c->status, response);
    MHD_destroy_response(response);
    return result;
}

/* The handler left a call without an answer: nothing is better than a wrong one. */
static enum MHD_Result answered(struct https_server *s, struct https_call *c)
{
    return c->phase == HTTPS_ANSWERED ? reply(s, c) : MHD_NO;
}

static bool crowded(const struct https_server *s, struct https_call *c)
{
    if (https_conns_of(&s->conns, c->conn) <= s->options.limits.connections_per_client) {
        return false;
    }
    https_problem(c, MHD_HTTP_TOO_MANY_REQUESTS, "too-many-connections",
                  "This client has as many connections as it may", "close some, then come again");
    c->retry_after = 1;
    return true;
}

/* The header is there. */
static enum MHD_Result call_begins(struct https_server *s, struct https_call *c)
{
    const struct https_handlers *h = s->options.handlers;
    c->conn->deadline = now_ms(s) + s->options.limits.body_ms;
    judge(s, c->connection, c->conn);
    if (c->peer->verdict != VERIFY_GOOD) {
        h->denied(s->options.ctx, c);
        return answered(s, c);
    }
    if (!crowded(s, c)) {
        h->headers(s->options.ctx, c);
    }
    return c->phase == HTTPS_ANSWERED ? reply(s, c) : MHD_YES;
}

static struct https_conn *conn_of(struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_SOCKET_CONTEXT);
    return info != NULL ? info->socket_context : NULL;
}

static enum MHD_Result call_new(struct https_server *s, struct MHD_Connection *connection,
                                const char *method, const char *url, void **cls)
{
    struct https_conn *conn = conn_of(connection);
    struct https_call *c = conn != NULL ? calloc(1, s->options.call_size) : NULL;
    if (c == NULL) {
        return MHD_NO;
    }
    c->connection = connection;
    c->conn = conn;
    c->method = method;
    c->path = url;
    c->peer = &conn->peer;
    c->from = &conn->from;
    c->body_most = s->options.limits.body_most;
    *cls = c;
    return call_begins(s, c);
}

static void call_data(struct https_server *s, struct https_call *c, const char *data, size_t n)
{
    if (c->phase == HTTPS_ANSWERED) {
        return;
    }
    if (c->streams) {
        s->options.handlers->data(s->options.ctx, c, (struct bytes){(const uint8_t *)data, n});
    } else {
        body_add(c, data, n);
    }
}

static enum MHD_Result on_request(void *ctx, struct MHD_Connection *connection, const char *url,
                                  const char *method, const char *version, const char *data,
                                  size_t *n, void **cls)
{
    struct https_server *s = ctx;
    struct https_call *c = *cls;
    (void)version;
    s->moves++;
    if (c == NULL) {
        return call_new(s, connection, method, url, cls);
    }
    if (*n > 0) {
        call_data(s, c, data, *n);
        *n = 0;
        return MHD_YES;
    }
    if (c->phase == HTTPS_READING) {
        s->options.handlers->request(s->options.ctx, c);
    }
    if (c->phase == HTTPS_WAITING) {
        MHD_suspend_connection(connection);
        return MHD_YES;
    }
    return answered(s, c);
}

static void on_completed(void *ctx, struct MHD_Connection *connection, void **cls,
                         enum MHD_RequestTerminationCode code)
{
    struct https_server *s = ctx;
    struct https_call *c = *cls;
    (void)connection;
    (void)code;
    s->moves++;
    if (c != NULL) {
        *cls = NULL;
        s->sending -= c->sending;
        c->conn->deadline = now_ms(s) + s->options.limits.idle_ms;
        call_free(s, c);
    }
}

/* The handshake does not say which CAs are accepted: a client that goes by that would not show what
 * https_trust may have made good. And it shows the certificate that is the server's by now. */
static void prepare(const struct https_server *s, struct MHD_Connection *connection)
{
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_GNUTLS_SESSION);
    if (info != NULL && info->tls_session != NULL) {
        gnutls_certificate_send_x509_rdn_sequence(info->tls_session, 1);
        gnutls_session_set_ptr(info->tls_session, s->identities);
    }
}

static void on_connection(void *ctx, struct MHD_Connection *connection, void **socket_context,
                          enum MHD_ConnectionNotificationCode code)
{
    struct https_server *s = ctx;
    if (code == MHD_CONNECTION_NOTIFY_CLOSED) {
        if (*socket_context != NULL) {
            https_conn_remove(&s->conns, *socket_context);
            *socket_context = NULL;
        }
        return;
    }
    const union MHD_ConnectionInfo *info =
        MHD_get_connection_info(connection, MHD_CONNECTION_INFO_CONNECTION_FD);
    if (info == NULL) {
        return; /* without a context its requests are refused */
    }
    prepare(s, connection);
    struct https_conn *c =
        https_conn_add(&s->conns, info->connect_fd, now_ms(s) + s->options.limits.header_ms);
    if (c != NULL) {
        c->from = socket_remote(c->fd, TRANSPORT_TLS);
    }
    *socket_context = c;
}

/* Addresses stay as they were sent, unless the interface wants it otherwise. */
static size_t unescape(void *ctx, struct MHD_Connection *connection, char *text)
{
    const struct https_server *s = ctx;
    (void)connection;
    return s->options.unescape ? MHD_http_unescape(text) : strlen(text);
}

/* ---- the loop ---- */

static void run(struct https_server *s);

static void on_timer(uv_timer_t *timer)
{
    run(timer->data);
}

/* The library asks to be called again at once while a connection may have more, and goes on asking
 * for one that stopped inside a handshake or a TLS record, until its deadline. A timer of 0 ms
 * would run for ever within libuv's own round of timers, and nothing else would have its turn. So:
 * again while something moves, a few times; then after the others; and as long as nothing moves,
 * less and less often. What arrives at a socket is told by the poll and does not wait for this.
 */
static void run(struct https_server *s)
{
    MHD_UNSIGNED_LONG_LONG ms = 0;
    enum MHD_Result waits = MHD_YES;
    const unsigned first = s->moves;
    unsigned before = first - 1;
    for (unsigned i = 0;
         i < RUNS_PER_TURN && waits == MHD_YES && ms == 0 && (s->moves != before || s->sending > 0);
         i++) {
        before = s->moves;
        (void)MHD_run(s->daemon); /* fails only on a daemon with threads of its own */
        waits = MHD_get_timeout(s->daemon, &ms);
    }
    if (waits != MHD_YES) {
        (void)uv_timer_stop(&s->timer);
        return;
    }
    if (s->moves != first || s->sending > 0 || s->rest_ms == 0) {
        s->rest_ms = 1;
    } else if (s->rest_ms < REST_MOST_MS) {
        s->rest_ms *= 2;
    }
    (void)uv_timer_start(&s->timer, on_timer, ms > 0 ? ms : s->rest_ms, 0);
}

static void on_readable(uv_poll_t *poll, int status, int events)
{
    struct https_server *s = poll->data;
    (void)status;
    (void)events;
    s->rest_ms = 0;
    run(s);
}

static void on_tick(uv_timer_t *timer)
{
    struct https_server *s = timer->data;
    https_conns_expire(&s->conns, now_ms(s));
    run(s);
}

void https_resume(struct https_server *s, struct https_call *c)
{
    MHD_resume_connection(c->connection);
    (void)uv_timer_start(&s->timer, on_timer, 0, 0);
}

void https_extend(struct https_server *s, struct https_call *c, uint32_t ms)
{
    c->conn->deadline = now_ms(s) + ms;
}

void https_trust(struct https_server *s, const struct verifier *verifier)
{
    s->options.verifier = verifier;
    s->trust++;
}

/*= op-certificate */
void https_identity_take(struct https_server *s, struct https_identity *identity)
{
    https_identities_take(s->identities, identity);
}

struct address https_bound(const struct https_server *s)
{
    return s->bound;
}

unsigned https_connections(const struct https_server *s)
{
    return s->conns.n;
}

/* ---- start and stop ---- */

static enum err say(struct https_why *why, enum err err, const char *where, const char *what)
{
    (void)snprintf(why->text, sizeof why->text, "%.150s: %.100s", where, what);
    return err;
}

static enum err read_files(struct https_server *s, struct https_why *why)
{
    struct https_identity *identity = NULL;
    enum err err = https_file_text(s->options.certificate, false, &s->certificate, why);
    if (err == E_OK) {
        err = https_file_text(s->options.key, true, &s->key, why);
    }
    s->key_n = err == E_OK ? strlen(s->key) : 0;
    if (err == E_OK) {
        err = https_file_text(s->options.ca, false, &s->ca, why);
    }
    if (err == E_OK) {
        s->identities = https_identities_new();
        err = s->identities == NULL
                  ? E_MEMORY
                  : https_identity_open(s->options.certificate, s->options.key, &identity, why);
    }
    if (err == E_OK) {
        https_identities_take(s->identities, identity);
    }
    return err;
}

static enum err listen_at(struct https_server *s, struct https_why *why)
{
    enum err err = socket_listen(&s->options.address, BACKLOG, &s->listener);
    if (err != E_OK) {
        const char *what = err == E_EXISTS      ? "the address is in use"
                           : err == E_DENIED    ? "this user may not listen there"
                           : err == E_NOT_FOUND ? "no interface has this address"
                                                : strerror(errno);
        return say(why, err, address_print(&s->options.address).s, what);
    }
    s->bound = socket_local(s->listener, s->options.address.transport);
    return E_OK;
}

/* What the library has to say goes nowhere: it is about clients, who are many. */
__attribute__((format(printf, 2, 0))) static void no_words(void *ctx, const char *fmt, va_list args)
{
    (void)ctx;
    (void)fmt;
    (void)args;
}

static enum err start_daemon(struct https_server *s, struct https_why *why)
{
    const unsigned flags =
        MHD_USE_EPOLL | MHD_USE_TLS | MHD_ALLOW_SUSPEND_RESUME | MHD_USE_ERROR_LOG;
    const struct https_limits *l = &s->options.limits;
    /* Deadlines end connections; the library's own time-out is for one that none would end. */
    unsigned backstop = (l->answer_ms + l->body_ms + l->idle_ms + l->header_ms) / 1000 + 1;
    s->daemon = MHD_start_daemon(
        flags, 0, NULL, NULL, on_request, s, MHD_OPTION_EXTERNAL_LOGGER, no_words, NULL,
        MHD_OPTION_LISTEN_SOCKET, s->listener, MHD_OPTION_HTTPS_MEM_CERT, s->certificate,
        MHD_OPTION_HTTPS_MEM_KEY, s->key, MHD_OPTION_HTTPS_MEM_TRUST, s->ca,
        MHD_OPTION_HTTPS_CERT_CALLBACK, https_identities_show, MHD_OPTION_HTTPS_PRIORITIES,
        PRIORITIES, MHD_OPTION_CONNECTION_LIMIT, l->connections, MHD_OPTION_PER_IP_CONNECTION_LIMIT,
        l->connections_per_address, MHD_OPTION_CONNECTION_TIMEOUT, backstop,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, CONNECTION_MEMORY, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_UNESCAPE_CALLBACK, unescape, s, MHD_OPTION_NOTIFY_CONNECTION, on_connection, s,
        MHD_OPTION_NOTIFY_COMPLETED, on_completed, s, MHD_OPTION_END);
    if (s->daemon == NULL) {
        return say(why, E_BAD_VALUE, s->options.certificate,
                   "the HTTPS server does not start: do certificate and key belong together?");
    }
    s->listener = -1; /* the daemon's now */
    return E_OK;
}

static enum err start_handles(struct https_server *s)
{
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(s->daemon, MHD_DAEMON_INFO_EPOLL_FD);
    s->poll.data = s->timer.data = s->tick.data = s;
    if (info == NULL || uv_timer_init(s->loop, &s->timer) != 0) {
        return E_IO;
    }
    s->handles = 1;
    if (uv_timer_init(s->loop, &s->tick) != 0) {
        return E_IO;
    }
    s->handles = 2;
    if (uv_poll_init(s->loop, &s->poll, info->epoll_fd) != 0) {
        return E_IO;
    }
    s->handles = 3;
    return uv_timer_start(&s->tick, on_tick, TICK_MS, TICK_MS) == 0 &&
                   uv_poll_start(&s->poll, UV_READABLE, on_readable) == 0
               ? E_OK
               : E_IO;
}

enum err https_open(const struct https_options *options, uv_loop_t *loop, struct https_server **out,
                    struct https_why *why)
{
    struct https_server *s = calloc(1, sizeof *s);
    (void)snprintf(why->text, sizeof why->text, "the HTTPS server does not start");
    if (s == NULL) {
        return E_MEMORY;
    }
    *s = (struct https_server){.options = *options, .loop = loop, .listener = -1};
    enum err err = read_files(s, why);
    if (err == E_OK) {
        err = listen_at(s, why);
    }
    if (err == E_OK) {
        err = start_daemon(s, why);
    }
    if (err == E_OK) {
        err = start_handles(s);
    }
    if (err != E_OK) {
        https_close(s);
        return err;
    }
    run(s);
    *out = s;
    return E_OK;
}

void https_quiesce(struct https_server *s)
{
    if (s->daemon != NULL && s->listener < 0) {
        s->listener = MHD_quiesce_daemon(s->daemon);
    }
}

static void on_closed(uv_handle_t *handle)
{
    ((struct https_server *)handle->data)->handles--;
}

static void close_handles(struct https_server *s)
{
    uv_handle_t *all[] = {(uv_handle_t *)&s->timer, (uv_handle_t *)&s->tick,
                          (uv_handle_t *)&s->poll};
    const unsigned most = sizeof all / sizeof all[0];
    for (unsigned i = 0, n = s->handles; i < n && i < most; i++) {
        uv_close(all[i], on_closed);
    }
    while (s->handles > 0) {
        (void)uv_run(s->loop, UV_RUN_ONCE);
    }
}

void https_close(struct https_server *s)
{
    if (s == NULL) {
        return;
    }
    if (s->daemon != NULL) {
        https_quiesce(s);
        (void)MHD_run(s->daemon); /* answers what was resumed last */
        close_handles(s);
        MHD_stop_daemon(s->daemon);
    }
    if (s->listener >= 0) {
        (void)close(s->listener); /* nothing was written to it */
    }
    if (s->key != NULL) {
        wipe(s->key, s->key_n);
    }
    https_identities_free(s->identities);
    free(s->certificate);
    free(s->key);
    free(s->ca);
    free(s);
}
