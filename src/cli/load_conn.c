#include "cli/load_conn.h"
#include "codec/diameter_text.h"
#include "net/socket.h"
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define SETUP_NS     (5 * LOAD_SECOND)
#define PAUSE_MIN_NS (LOAD_SECOND / 10)
#define PAUSE_MAX_NS (5 * LOAD_SECOND)
#define READS_MAX    4 /* per wake-up, so that one connection cannot keep the thread */

static struct load_names names_of(const struct load_conn *c)
{
    const struct load_plan *p = c->plan;
    return (struct load_names){
        .host = c->host,
        .realm = p->realm,
        .destination_host = p->destination_realm ? NULL : c->peer_host,
        .destination_realm = p->destination_realm ? p->destination_realm : c->peer_realm,
        .session = c->session,
        .plmn = {p->plmn[0], p->plmn[1], p->plmn[2]},
        .vectors = p->vectors,
        .own_vendor = p->own_vendor,
        .imsi_digits = p->imsi_digits,
    };
}

/* ---- the end of a connection ---- */

static void shut(struct load_conn *c, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
static void shut(struct load_conn *c, const char *format, ...)
{
    bool was_open = c->state == LOAD_CONN_OPEN;
    uint64_t now = load_now();
    va_list ap;
    va_start(ap, format);
    vsnprintf(c->why, sizeof c->why, format, ap);
    va_end(ap);
    if (c->fd >= 0) {
        (void)close(c->fd); /* epoll forgets it */
        c->fd = -1;
    }
    tls_close(c->tls);
    c->tls = NULL;
    c->state = LOAD_CONN_DOWN;
    c->in_n = c->out_at = c->out_n = c->raw_at = c->raw_n = 0;
    c->wants_out = false;
    c->pause = was_open ? PAUSE_MIN_NS : c->pause * 2;
    c->pause = c->pause < PAUSE_MIN_NS   ? PAUSE_MIN_NS
               : c->pause > PAUSE_MAX_NS ? PAUSE_MAX_NS
                                         : c->pause;
    c->retry_at = now + c->pause / 2 + load_draw(&c->random) % (c->pause / 2 + 1);
    c->owner->closed(c->owner->ctx, c, was_open);
}

void load_conn_end(struct load_conn *c)
{
    c->bye = true;
    if (c->state != LOAD_CONN_DOWN) {
        shut(c, "the load is over");
    }
}

/* ---- octets out ---- */

static void watch(struct load_conn *c, bool out)
{
    struct epoll_event e = {.events = EPOLLIN | (out ? EPOLLOUT : 0), .data.ptr = c};
    if (out != c->wants_out && epoll_ctl(c->epoll, EPOLL_CTL_MOD, c->fd, &e) == 0) {
        c->wants_out = out;
    }
}

/* What the socket takes of n octets at p; false when the connection is gone. */
static bool offer(struct load_conn *c, const uint8_t *p, size_t n, size_t *taken)
{
    ssize_t sent = n > 0 ? send(c->fd, p, n, MSG_NOSIGNAL) : 0;
    if (sent < 0 && errno != EAGAIN && errno != EINTR) {
        shut(c, "the connection broke while sending: %s", strerror(errno));
        return false;
    }
    *taken = sent > 0 ? (size_t)sent : 0;
    return true;
}

/* Sends records that are ready; then makes new ones of what waits, as long as all leave. */
static bool flush_tls(struct load_conn *c)
{
    size_t taken = 0;
    for (;;) {
        if (c->raw_at == c->raw_n) {
            c->raw_at = 0;
            c->raw_n = tls_pull(c->tls, MBYTES_OF(c->raw));
        }
        if (c->raw_n == 0 && (c->out_n == 0 || c->state < LOAD_CONN_CAPABILITIES)) {
            return true;
        }
        if (c->raw_n == 0) {
            if (tls_write(c->tls, (struct bytes){c->out, c->out_n}) != E_OK) {
                shut(c, "TLS: %s", tls_reason(c->tls));
                return false;
            }
            c->out_n = 0;
            continue;
        }
        if (!offer(c, c->raw + c->raw_at, c->raw_n - c->raw_at, &taken)) {
            return false;
        }
        c->raw_at += taken;
        if (c->raw_at < c->raw_n) {
            return true;
        }
    }
}

static bool flush_plain(struct load_conn *c)
{
    size_t taken;
    if (!offer(c, c->out + c->out_at, c->out_n - c->out_at, &taken)) {
        return false;
    }
    c->out_at += taken;
    if (c->out_at == c->out_n) {
        c->out_at = c->out_n = 0;
    }
    return true;
}

void load_conn_flush(struct load_conn *c)
{
    if (c->fd < 0 || c->state == LOAD_CONN_CONNECTING) {
        return;
    }
    if (c->tls ? flush_tls(c) : flush_plain(c)) {
        watch(c, c->out_n > 0 || c->raw_at < c->raw_n);
    }
}

uint8_t *load_conn_room(struct load_conn *c)
{
    if (sizeof c->out - c->out_n < LOAD_MESSAGE_MAX && c->out_at > 0) {
        memmove(c->out, c->out + c->out_at, c->out_n - c->out_at);
        c->out_n -= c->out_at;
        c->out_at = 0;
    }
    return sizeof c->out - c->out_n < LOAD_MESSAGE_MAX ? NULL : c->out + c->out_n;
}

void load_conn_wrote(struct load_conn *c, size_t n)
{
    c->out_n += n;
}

/* ---- capabilities ---- */

static void keep_name(char out[static LOAD_HOST_MAX], struct bytes name)
{
    size_t n = name.n < LOAD_HOST_MAX - 1 ? name.n : LOAD_HOST_MAX - 1;
    memcpy(out, name.p, n);
    out[n] = '\0';
}

static bool make_templates(struct load_conn *c)
{
    struct load_names names = names_of(c);
    enum err e = E_OK;
    for (int k = 0; k < LOAD_KINDS && e == E_OK; k++) {
        e = load_template_make((enum load_kind)k, &names, &c->template[k]);
    }
    if (e != E_OK) {
        shut(c, "the requests cannot be written: %s", err_sentence(e));
    }
    return e == E_OK;
}

static void take_cea(struct load_conn *c, struct bytes msg)
{
    struct diameter_cea cea;
    struct diameter_fault fault;
    enum err e = diameter_cea_parse(msg, &cea, &fault);
    if (e != E_OK) {
        shut(c, "the CEA cannot be read: %s %s", fault.path, err_sentence(e));
    } else if (cea.result_code.v != DIAMETER_SUCCESS) {
        const char *name = diameter_result_name(cea.result_code.v, false);
        shut(c, "the CEA refuses %s: %s (%u)%s%.*s", c->host, name ? name : "an unknown result",
             cea.result_code.v, cea.error_message.n ? ": " : "",
             (int)(cea.error_message.n < 100 ? cea.error_message.n : 100),
             (const char *)cea.error_message.p);
    } else if (!diameter_offers(&cea.capabilities, DIAMETER_APP_S6A)) {
        shut(c, "the other side does not offer S6a");
    } else if (c->tls && !tls_peer_is(c->tls, cea.origin_host)) {
        shut(c, "the certificate does not name the Origin-Host of the CEA");
    } else {
        keep_name(c->peer_host, cea.origin_host);
        keep_name(c->peer_realm, cea.origin_realm);
        if (make_templates(c)) {
            c->state = LOAD_CONN_OPEN;
            c->owner->opened(c->owner->ctx, c);
        }
    }
}

static void send_cer(struct load_conn *c)
{
    struct address self = socket_local(c->fd, c->plan->to.transport);
    struct load_names names = names_of(c);
    enum err e = load_cer_write(&names, (struct bytes){self.ip, self.family == 6 ? 16 : 4},
                                MBYTES_OF(c->out), &c->out_n);
    if (e != E_OK) {
        shut(c, "the CER cannot be written: %s", err_sentence(e));
        return;
    }
    c->state = LOAD_CONN_CAPABILITIES;
    load_conn_flush(c);
}

void load_conn_goodbye(struct load_conn *c)
{
    struct load_names names = names_of(c);
    uint8_t *room = c->state == LOAD_CONN_OPEN ? load_conn_room(c) : NULL;
    size_t n;
    c->bye = true;
    if (room && load_dpr_write(&names, (struct mbytes){room, LOAD_MESSAGE_MAX}, &n) == E_OK) {
        load_conn_wrote(c, n);
        load_conn_flush(c);
    }
}

/* ---- messages in ---- */

static void take_request(struct load_conn *c, const struct diameter_header *h, struct bytes msg)
{
    struct load_names names = names_of(c);
    uint8_t *room = load_conn_room(c);
    size_t n;
    c->cancelled += h->command == S6A_CANCEL_LOCATION;
    if (room &&
        load_answer_write(&names, h, msg, (struct mbytes){room, LOAD_MESSAGE_MAX}, &n) == E_OK) {
        load_conn_wrote(c, n);
        load_conn_flush(c);
    }
    if (c->fd >= 0 && h->command == DIAMETER_DISCONNECT_PEER) {
        shut(c, "the other side disconnected (DPR)");
    }
}

static void take(struct load_conn *c, struct bytes msg, uint64_t now)
{
    struct diameter_header h;
    if (diameter_header_read(msg, &h) != E_OK) {
        return; /* a frame has one */
    }
    if (h.request) {
        take_request(c, &h, msg);
    } else if (h.command == DIAMETER_CAPABILITIES_EXCHANGE) {
        if (c->state == LOAD_CONN_CAPABILITIES) {
            take_cea(c, msg);
        }
    } else if (h.command == DIAMETER_DISCONNECT_PEER) {
        shut(c, "disconnected");
    } else if (h.command != DIAMETER_DEVICE_WATCHDOG) {
        c->owner->answer(c->owner->ctx, c, h.hop_by_hop, msg, now);
    }
}

/* False when the connection is gone. */
static bool take_all(struct load_conn *c, uint64_t now)
{
    size_t at = 0, total = 0;
    enum err e;
    while ((e = diameter_frame((struct bytes){c->in + at, c->in_n - at}, sizeof c->in, &total)) ==
           E_OK) {
        take(c, (struct bytes){c->in + at, total}, now);
        if (c->fd < 0) {
            return false;
        }
        at += total;
    }
    if (e != E_AGAIN) {
        shut(c, "what came is not Diameter: %s", err_sentence(e));
        return false;
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
    return true;
}

static bool shake_hands(struct load_conn *c)
{
    enum err e = tls_handshake(c->tls);
    if (e == E_OK) {
        send_cer(c);
    } else if (e == E_AGAIN) {
        load_conn_flush(c);
    } else {
        shut(c, "TLS: %s", tls_reason(c->tls));
    }
    return c->state > LOAD_CONN_SHAKING;
}

static bool take_tls(struct load_conn *c, struct bytes raw, uint64_t now)
{
    if (tls_feed(c->tls, raw) != E_OK) {
        shut(c, "TLS: too much came at once");
        return false;
    }
    if (c->state == LOAD_CONN_SHAKING && !shake_hands(c)) {
        return c->fd >= 0;
    }
    for (;;) {
        size_t n = 0;
        struct mbytes space = {c->in + c->in_n, sizeof c->in - c->in_n};
        enum err e = tls_read(c->tls, space, &n);
        if (e == E_AGAIN) {
            return true;
        }
        if (e != E_OK) {
            shut(c, "TLS: %s", e == E_CLOSED ? "the other side closed it" : tls_reason(c->tls));
            return false;
        }
        c->in_n += n;
        if (!take_all(c, now)) {
            return false;
        }
    }
}

/* One read; true when there may be more. */
static bool read_once(struct load_conn *c)
{
    uint8_t raw[16384];
    struct mbytes space = {c->in + c->in_n, sizeof c->in - c->in_n};
    if (c->tls) {
        space = MBYTES_OF(raw);
    }
    ssize_t n = recv(c->fd, space.p, space.n, 0);
    uint64_t now = load_now();
    if (n == 0) {
        shut(c, "the other side closed the connection");
    } else if (n < 0) {
        if (errno != EAGAIN && errno != EINTR) {
            shut(c, "the connection broke: %s", strerror(errno));
        }
    } else if (c->tls) {
        return take_tls(c, (struct bytes){raw, (size_t)n}, now) && (size_t)n == space.n;
    } else {
        c->in_n += (size_t)n;
        return take_all(c, now) && (size_t)n == space.n;
    }
    return false;
}

/* ---- the beginning of a connection ---- */

void load_conn_start(struct load_conn *c, uint64_t now)
{
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT, .data.ptr = c};
    c->state = LOAD_CONN_CONNECTING;
    c->deadline = now + SETUP_NS;
    c->wants_out = true;
    enum err err = socket_connect(&c->plan->to, NULL, &c->fd);
    if (err != E_OK) {
        c->fd = -1;
        shut(c, "%s", err == E_IO ? strerror(errno) : err_sentence(err));
    } else if (epoll_ctl(c->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
        shut(c, "epoll: %s", strerror(errno));
    }
}

static void connected(struct load_conn *c)
{
    if (socket_connected(c->fd) != E_OK) {
        shut(c, "%s", strerror(errno));
        return;
    }
    if (!c->tls_context) {
        send_cer(c);
        return;
    }
    if (tls_open(c->tls_context, &c->tls) != E_OK) {
        shut(c, "TLS cannot be set up");
        return;
    }
    c->state = LOAD_CONN_SHAKING;
    (void)shake_hands(c);
}

void load_conn_event(struct load_conn *c, uint32_t events)
{
    if (c->fd < 0) {
        return;
    }
    if (c->state == LOAD_CONN_CONNECTING) {
        connected(c);
        return;
    }
    if (events & (EPOLLIN | EPOLLHUP | EPOLLERR)) {
        for (int i = 0; i < READS_MAX && read_once(c); i++) {
        }
    }
    if (c->fd >= 0 && (events & EPOLLOUT)) {
        load_conn_flush(c);
    }
}

void load_conn_tick(struct load_conn *c, uint64_t now)
{
    if (c->state == LOAD_CONN_DOWN && !c->bye && now >= c->retry_at) {
        load_conn_start(c, now);
    } else if (c->state != LOAD_CONN_DOWN && c->state != LOAD_CONN_OPEN && now >= c->deadline) {
        shut(c, "no capabilities were exchanged within %u s", (unsigned)(SETUP_NS / LOAD_SECOND));
    }
}
