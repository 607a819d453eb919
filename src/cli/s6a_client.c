#include "cli/s6a_client.h"
#include "codec/diameter_text.h"
#include "codec/private.h"
#include "id/imsi.h"
#include "net/socket.h"
#include <errno.h>
#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static enum err fail(struct s6a_client *c, enum err e, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum err fail(struct s6a_client *c, enum err e, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(c->why, sizeof c->why, format, ap);
    va_end(ap);
    return e;
}

static int64_t now_ms(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000 + t.tv_nsec / 1000000;
}

/* ---- trace ---- */

static struct pcapng_end end_of(const struct address *a)
{
    struct pcapng_end e = {.family = a->family, .port = a->port};
    memcpy(e.ip, a->ip, sizeof e.ip);
    return e;
}

static void trace(struct s6a_client *c, bool sent, struct bytes message)
{
    uint8_t copy[S6A_CLIENT_BUFFER];
    struct timespec t;
    if (!c->trace || message.n > sizeof copy) {
        return;
    }
    memcpy(copy, message.p, message.n);
    if (!c->options.trace_secrets) {
        diameter_redact(c->options.own_vendor, (struct mbytes){copy, message.n});
    }
    (void)clock_gettime(CLOCK_REALTIME, &t);
    struct pcapng_packet p = {.time_ns = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec,
                              .dissector = BYTES_LIT("diameter"),
                              .port_type = PCAPNG_PORT_TCP,
                              .from = sent ? c->self : c->peer,
                              .to = sent ? c->peer : c->self,
                              .message = {copy, message.n}};
    enum err written = pcapng_write(c->trace, &p);
    (void)written; /* a full disk must not stop the play; the file says where it ends */
    wipe(copy, message.n);
}

/* ---- octets ---- */

static enum err wait_for(struct s6a_client *c, short what, int64_t deadline)
{
    for (;;) {
        struct pollfd p = {.fd = c->fd, .events = what};
        int64_t left = deadline - now_ms();
        int n = poll(&p, 1, left > 0 ? (int)left : 0);
        if (n > 0) {
            return E_OK;
        }
        if (n == 0) {
            return fail(c, E_AGAIN, "nothing came within %d ms", c->options.timeout_ms);
        }
        if (errno != EINTR) {
            return fail(c, E_IO, "poll: %s", strerror(errno));
        }
    }
}

static enum err send_raw(struct s6a_client *c, struct bytes octets, int64_t deadline)
{
    while (octets.n > 0) {
        ssize_t n = send(c->fd, octets.p, octets.n, MSG_NOSIGNAL);
        if (n < 0 && errno != EAGAIN && errno != EINTR) {
            return fail(c, E_CLOSED, "the connection broke while sending: %s", strerror(errno));
        }
        if (n < 0) {
            enum err e = wait_for(c, POLLOUT, deadline);
            if (e != E_OK) {
                return e;
            }
            continue;
        }
        octets.p += n;
        octets.n -= (size_t)n;
    }
    return E_OK;
}

static enum err flush_tls(struct s6a_client *c, int64_t deadline)
{
    uint8_t chunk[4096];
    enum err e = E_OK;
    size_t n;
    while (e == E_OK && (n = tls_pull(c->tls, MBYTES_OF(chunk))) > 0) {
        e = send_raw(c, (struct bytes){chunk, n}, deadline);
    }
    return e;
}

static enum err recv_raw(struct s6a_client *c, struct mbytes out, size_t *got, int64_t deadline)
{
    for (;;) {
        ssize_t n = recv(c->fd, out.p, out.n, 0);
        if (n > 0) {
            *got = (size_t)n;
            return E_OK;
        }
        if (n == 0) {
            return fail(c, E_CLOSED, "the other side closed the connection");
        }
        if (errno != EAGAIN && errno != EINTR) {
            return fail(c, E_CLOSED, "the connection broke: %s", strerror(errno));
        }
        enum err e = wait_for(c, POLLIN, deadline);
        if (e != E_OK) {
            return e;
        }
    }
}

static enum err feed_tls(struct s6a_client *c, int64_t deadline)
{
    uint8_t chunk[4096];
    size_t n = 0;
    enum err e = recv_raw(c, MBYTES_OF(chunk), &n, deadline);
    if (e == E_OK && tls_feed(c->tls, (struct bytes){chunk, n}) != E_OK) {
        e = fail(c, E_IO, "TLS: too much came at once");
    }
    return e;
}

static enum err shake_hands(struct s6a_client *c, int64_t deadline)
{
    for (;;) {
        enum err e = tls_handshake(c->tls);
        enum err flushed = flush_tls(c, deadline);
        if (e != E_OK && e != E_AGAIN) {
            return fail(c, E_DENIED, "TLS: %s", tls_reason(c->tls));
        }
        if (e == E_OK || flushed != E_OK) {
            return flushed;
        }
        e = feed_tls(c, deadline);
        if (e != E_OK) {
            return e;
        }
    }
}

static enum err send_message(struct s6a_client *c, struct bytes message)
{
    int64_t deadline = now_ms() + c->options.timeout_ms;
    trace(c, true, message);
    if (!c->tls) {
        return send_raw(c, message, deadline);
    }
    if (tls_write(c->tls, message) != E_OK) {
        return fail(c, E_IO, "TLS: %s", tls_reason(c->tls));
    }
    return flush_tls(c, deadline);
}

/* More octets behind c->in. */
static enum err receive_more(struct s6a_client *c, int64_t deadline)
{
    struct mbytes space = {c->in + c->in_n, sizeof c->in - c->in_n};
    size_t n = 0;
    enum err e;
    if (!c->tls) {
        e = recv_raw(c, space, &n, deadline);
    } else {
        while ((e = tls_read(c->tls, space, &n)) == E_AGAIN) {
            e = feed_tls(c, deadline);
            if (e != E_OK) {
                return e;
            }
        }
        if (e != E_OK) {
            return fail(c, E_CLOSED, "TLS: %s",
                        e == E_CLOSED ? "the other side closed it" : tls_reason(c->tls));
        }
    }
    c->in_n += n;
    return e;
}

/* One message into c->message. */
static enum err receive_message(struct s6a_client *c, struct bytes *out, int64_t deadline)
{
    size_t total;
    for (;;) {
        enum err e = diameter_frame((struct bytes){c->in, c->in_n}, sizeof c->in, &total);
        if (e != E_OK && e != E_AGAIN) {
            return fail(c, E_BAD_VALUE, "what came is not Diameter: %s", err_sentence(e));
        }
        if (e == E_OK && total <= c->in_n) {
            break;
        }
        e = receive_more(c, deadline);
        if (e != E_OK) {
            return e;
        }
    }
    memcpy(c->message, c->in, total);
    memmove(c->in, c->in + total, c->in_n - total);
    c->in_n -= total;
    *out = (struct bytes){c->message, total};
    trace(c, false, *out);
    return E_OK;
}

/* ---- requests that come to us ---- */

/* Watchdogs, disconnections and location cancellations get 2001, anything else 3001. */
static enum err answer_request(struct s6a_client *c, const struct diameter_header *h,
                               struct bytes request)
{
    uint8_t out[4096];
    bool known = h->command == DIAMETER_DEVICE_WATCHDOG || h->command == DIAMETER_DISCONNECT_PEER ||
                 h->command == S6A_CANCEL_LOCATION;
    struct diameter_answer a = {.code = known ? DIAMETER_SUCCESS : DIAMETER_COMMAND_UNSUPPORTED,
                                .origin_host = bytes_of_str(c->options.host),
                                .origin_realm = bytes_of_str(c->options.realm)};
    size_t n;
    c->cancelled += h->command == S6A_CANCEL_LOCATION;
    if (diameter_answer_error(request, &a, MBYTES_OF(out), &n) != E_OK) {
        return fail(c, E_BAD_VALUE, "a request came that cannot be answered");
    }
    return send_message(c, (struct bytes){out, n});
}

static enum err await_answer(struct s6a_client *c, uint32_t hop_by_hop, struct bytes *answer)
{
    int64_t deadline = now_ms() + c->options.timeout_ms;
    for (;;) {
        struct diameter_header h;
        enum err e = receive_message(c, answer, deadline);
        if (e == E_OK && diameter_header_read(*answer, &h) != E_OK) {
            e = fail(c, E_BAD_VALUE, "what came is shorter than a Diameter header");
        }
        if (e != E_OK || (!h.request && h.hop_by_hop == hop_by_hop)) {
            return e;
        }
        if (h.request) {
            e = answer_request(c, &h, *answer);
        }
        if (e != E_OK) {
            return e;
        }
    }
}

enum err s6a_client_ask(struct s6a_client *c, size_t n, struct bytes *answer)
{
    struct diameter_header h;
    if (diameter_header_read((struct bytes){c->out, n}, &h) != E_OK) {
        return fail(c, E_BAD_VALUE, "no request was written");
    }
    enum err e = send_message(c, (struct bytes){c->out, n});
    return e == E_OK ? await_answer(c, h.hop_by_hop, answer) : e;
}

void s6a_client_begin(struct s6a_client *c, struct s6a_request *r, const struct imsi *imsi,
                      char session[static S6A_CLIENT_HOST + 32])
{
    s6a_request_begin(r, c->hop_by_hop++, c->end_to_end++);
    snprintf(session, S6A_CLIENT_HOST + 32, "%.240s;%u;%u", c->options.host, c->end_to_end,
             c->session++);
    r->session_id = bytes_of_str(session);
    r->origin_host = bytes_of_str(c->options.host);
    r->origin_realm = bytes_of_str(c->options.realm);
    r->destination_host = bytes_of_str(c->peer_host);
    r->destination_realm = bytes_of_str(c->peer_realm);
    r->user_name = (struct bytes){(const uint8_t *)imsi->digits, imsi->n};
}

/* ---- capabilities ---- */

static void fill_cer(struct s6a_client *c, struct diameter_cer *cer, uint8_t ip[static 18])
{
    struct diameter_capabilities *k = &cer->capabilities;
    struct address self = socket_local(c->fd, c->options.address.transport);
    cer->header = (struct diameter_header){.request = true,
                                           .command = DIAMETER_CAPABILITIES_EXCHANGE,
                                           .hop_by_hop = c->hop_by_hop++,
                                           .end_to_end = c->end_to_end++};
    cer->origin_host = bytes_of_str(c->options.host);
    cer->origin_realm = bytes_of_str(c->options.realm);
    k->host_ip_address[0] =
        diameter_address((struct bytes){self.ip, self.family == 6 ? 16 : 4}, ip);
    k->host_ip_address_n = 1;
    k->vendor_id = DIAMETER_U32_OF(c->options.own_vendor);
    k->product_name = BYTES_LIT("bindery authenticate");
    k->supported_vendor_id[k->supported_vendor_id_n++] = DIAMETER_U32_OF(10415);
    k->supported_vendor_id[k->supported_vendor_id_n++] = DIAMETER_U32_OF(c->options.own_vendor);
    k->inband_security_id[k->inband_security_id_n++] = DIAMETER_U32_OF(DIAMETER_NO_INBAND_SECURITY);
    k->vendor_specific_application_id[0] = (struct diameter_vendor_specific_application_id){
        .present = true,
        .vendor_id = DIAMETER_U32_OF(10415),
        .auth_application_id = DIAMETER_U32_OF(DIAMETER_APP_S6A)};
    k->vendor_specific_application_id_n = 1;
}

static void keep_name(char out[static S6A_CLIENT_HOST], struct bytes name)
{
    size_t n = name.n < S6A_CLIENT_HOST - 1 ? name.n : S6A_CLIENT_HOST - 1;
    memcpy(out, name.p, n);
    out[n] = '\0';
}

static enum err take_cea(struct s6a_client *c, struct bytes answer)
{
    struct diameter_cea cea;
    struct diameter_fault fault;
    enum err e = diameter_cea_parse(answer, &cea, &fault);
    if (e != E_OK) {
        return fail(c, E_BAD_VALUE, "the CEA cannot be read: %s %s", fault.path, err_sentence(e));
    }
    if (cea.result_code.v != DIAMETER_SUCCESS) {
        const char *name = diameter_result_name(cea.result_code.v, false);
        return fail(c, E_DENIED, "the CEA refuses %s: %s (%u)%s%.*s", c->options.host,
                    name ? name : "an unknown result", cea.result_code.v,
                    cea.error_message.n ? ": " : "", (int)cea.error_message.n,
                    (const char *)cea.error_message.p);
    }
    keep_name(c->peer_host, cea.origin_host);
    keep_name(c->peer_realm, cea.origin_realm);
    if (!diameter_offers(&cea.capabilities, DIAMETER_APP_S6A)) {
        return fail(c, E_DENIED, "%s does not offer S6a", c->peer_host);
    }
    if (c->tls && !tls_peer_is(c->tls, cea.origin_host)) {
        return fail(c, E_DENIED, "the certificate does not name %s", c->peer_host);
    }
    return E_OK;
}

static enum err exchange_capabilities(struct s6a_client *c)
{
    struct diameter_cer cer = {0};
    struct bytes answer = {0};
    uint8_t ip[18];
    size_t n;
    fill_cer(c, &cer, ip);
    enum err e = diameter_cer_write(&cer, MBYTES_OF(c->out), &n);
    if (e != E_OK) {
        return fail(c, e, "the CER cannot be written: %s", err_sentence(e));
    }
    e = s6a_client_ask(c, n, &answer);
    return e == E_OK ? take_cea(c, answer) : e;
}

/* ---- opening and closing ---- */

static enum err connect_to(struct s6a_client *c, int64_t deadline)
{
    enum err e = socket_connect(&c->options.address, NULL, &c->fd);
    if (e != E_OK) {
        c->fd = -1;
        return fail(c, E_IO, "%s", e == E_IO ? strerror(errno) : err_sentence(e));
    }
    e = wait_for(c, POLLOUT, deadline);
    if (e == E_OK && socket_connected(c->fd) != E_OK) {
        e = E_IO;
        (void)fail(c, e, "%s", strerror(errno));
    }
    if (e == E_OK) {
        struct address self = socket_local(c->fd, c->options.address.transport);
        c->self = end_of(&self);
        c->peer = end_of(&c->options.address);
    }
    return e;
}

static enum err start_tls(struct s6a_client *c, int64_t deadline)
{
    struct tls_why why = {""};
    if (c->options.address.transport != TRANSPORT_TLS) {
        return E_OK;
    }
    if (tls_context_open(&c->options.tls, false, &c->tls_context, &why) != E_OK) {
        return fail(c, E_DENIED, "%s", why.text);
    }
    if (tls_open(c->tls_context, &c->tls) != E_OK) {
        return fail(c, E_MEMORY, "TLS cannot be set up");
    }
    return shake_hands(c, deadline);
}

static enum err open_trace(struct s6a_client *c)
{
    const char *path = c->options.trace;
    if (path && pcapng_create(path, "bindery authenticate", &c->trace) != E_OK) {
        return fail(c, E_DENIED, "the trace %s: %s", path, strerror(errno));
    }
    return E_OK;
}

enum err s6a_client_open(struct s6a_client *c, const struct s6a_client_options *options)
{
    uint32_t start[3];
    memset(c, 0, sizeof *c);
    c->options = *options;
    c->fd = -1;
    if (getrandom(start, sizeof start, 0) != (ssize_t)sizeof start) {
        return fail(c, E_IO, "no random numbers: %s", strerror(errno));
    }
    c->hop_by_hop = start[0];
    c->end_to_end = start[1];
    c->session = start[2];
    int64_t deadline = now_ms() + options->timeout_ms;
    enum err e = open_trace(c);
    e = e == E_OK ? connect_to(c, deadline) : e;
    e = e == E_OK ? start_tls(c, deadline) : e;
    return e == E_OK ? exchange_capabilities(c) : e;
}

static void disconnect(struct s6a_client *c)
{
    struct diameter_dpr dpr = {.header = {.request = true,
                                          .command = DIAMETER_DISCONNECT_PEER,
                                          .hop_by_hop = c->hop_by_hop++,
                                          .end_to_end = c->end_to_end++},
                               .origin_host = bytes_of_str(c->options.host),
                               .origin_realm = bytes_of_str(c->options.realm),
                               .disconnect_cause =
                                   DIAMETER_U32_OF(DIAMETER_DO_NOT_WANT_TO_TALK_TO_YOU)};
    struct bytes answer = {0};
    size_t n;
    if (diameter_dpr_write(&dpr, MBYTES_OF(c->out), &n) == E_OK) {
        c->options.timeout_ms = 1000;
        enum err e = s6a_client_ask(c, n, &answer);
        (void)e; /* we close whatever it says */
    }
}

void s6a_client_close(struct s6a_client *c)
{
    if (c->fd >= 0 && c->peer_host[0]) {
        disconnect(c);
    }
    if (c->tls) {
        tls_shutdown(c->tls);
        (void)flush_tls(c, now_ms() + 200);
        tls_close(c->tls);
    }
    if (c->tls_context) {
        tls_context_close(c->tls_context);
    }
    if (c->fd >= 0) {
        (void)close(c->fd);
    }
    if (c->trace) {
        pcapng_close(c->trace);
    }
    wipe(c, sizeof *c);
    c->fd = -1;
}
