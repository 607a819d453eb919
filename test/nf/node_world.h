/* test/nf/node_world.h - two nodes on one socket pair for test/nf/node_test.c: callbacks that
 * count, a clock that is handed in, and TLS contexts made on the spot.
 */
#ifndef BINDERY_TEST_NF_NODE_WORLD_H
#define BINDERY_TEST_NF_NODE_WORLD_H

#include "lib/check.h"

#include "net/pki.h"
#include "net/socket.h"
#include "nf/common/node.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ANSWER_MAX = 2048, MESSAGE_MAX = 4096, ROUNDS = 200000 };

struct side {
    struct node_callbacks callbacks;
    struct node *node;
    uint64_t clock;
    enum refusal refusal;
    unsigned opened, closed, requests, answers, unanswered, batches, in_batch, traced_in,
        traced_out;
    unsigned requests_this_batch, most_in_batch;
    node_handle conn;
    uint64_t cookie;
    char why[128], host[64], address[64], want_name[64];
    unsigned strayed;
    char stray_why[128];
    bool had_tls, silent, brief; /* says of what it does not answer yet that it will be short */
    struct diameter_header held; /* of the last request */
    size_t answer_size;
};

static uint64_t clock_of(void *ctx)
{
    return ((struct side *)ctx)->clock;
}

static enum refusal on_authorise(void *ctx, const struct node_cer *cer, void **peer_ctx)
{
    struct side *s = ctx;
    snprintf(s->host, sizeof s->host, "%.*s", (int)cer->origin_host.n,
             (const char *)cer->origin_host.p);
    snprintf(s->address, sizeof s->address, "%s", cer->address.s);
    s->had_tls = cer->tls != NULL;
    *peer_ctx = s;
    if (s->want_name[0] != '\0' && !node_cer_certificate_is(cer, bytes_of_str(s->want_name))) {
        return REFUSAL_PEER_CERTIFICATE;
    }
    return s->refusal;
}

static void on_opened(void *ctx, struct node_conn *c)
{
    struct side *s = ctx;
    s->opened++;
    s->conn = node_conn_handle(c);
    assert_ptr_equal(node_conn_ctx(c), s);
}

static void on_closed(void *ctx, struct node_conn *c, const char *why)
{
    struct side *s = ctx;
    s->closed++;
    snprintf(s->why, sizeof s->why, "%s", why);
    assert_null(node_find(s->node, node_conn_handle(c)));
}

static void on_strayed(void *ctx, struct node_conn *c, bool denied, const char *why)
{
    struct side *s = ctx;
    (void)c, (void)denied;
    s->strayed++;
    snprintf(s->stray_why, sizeof s->stray_why, "%s", why);
}

static struct bytes answer_to(const struct diameter_header *request, size_t size,
                              uint8_t out[static ANSWER_MAX])
{
    struct wr w = wr_of((struct mbytes){out, ANSWER_MAX});
    struct diameter_header h = *request;
    h.request = false;
    diameter_header_write(&w, &h);
    diameter_put_u32(&w, AVP_RESULT_CODE, 0, DIAMETER_SUCCESS);
    wr_zero(&w, size > w.n ? size - w.n : 0);
    assert_ok(diameter_length_set(&w));
    return wr_done(&w);
}

static void on_request(void *ctx, struct node_conn *c, const struct diameter_header *h,
                       struct bytes msg)
{
    struct side *s = ctx;
    uint8_t out[ANSWER_MAX];
    assert_true(s->in_batch == 1 && msg.n >= DIAMETER_HEADER_LEN);
    s->requests++;
    s->requests_this_batch++;
    s->held = *h;
    if (!s->silent) {
        assert_ok(node_send(s->node, c, answer_to(h, s->answer_size, out)));
    } else if (s->brief) {
        node_owes_short(c);
    }
}

static void on_answer(void *ctx, struct node_conn *c, uint64_t cookie, struct bytes msg)
{
    struct side *s = ctx;
    (void)c;
    s->cookie = cookie;
    s->answers += msg.n > 0;
    s->unanswered += msg.n == 0;
}

static void on_before(void *ctx)
{
    struct side *s = ctx;
    s->in_batch++;
    s->batches++;
    s->requests_this_batch = 0;
}

static void on_after(void *ctx)
{
    struct side *s = ctx;
    s->in_batch--;
    s->most_in_batch =
        s->requests_this_batch > s->most_in_batch ? s->requests_this_batch : s->most_in_batch;
}

static void on_trace(void *ctx, struct node_conn *c, bool sent, struct bytes msg)
{
    struct side *s = ctx;
    size_t n;
    (void)c;
    assert_ok(diameter_frame(msg, MESSAGE_MAX, &n)); /* whole messages only */
    assert_int_equal(n, msg.n);
    *(sent ? &s->traced_out : &s->traced_in) += 1;
}

static struct node_config side_config(struct side *s, const char *host)
{
    s->callbacks =
        (struct node_callbacks){on_authorise, on_opened, on_closed, on_strayed, on_request,
                                on_answer,    on_before, on_after,  on_trace};
    struct node_config k = node_config_default();
    k.peer.origin_host = bytes_of_str(host);
    k.peer.origin_realm = BYTES_LIT("home.example");
    k.peer.applications[0] = (struct peer_application){10415, 16777251};
    k.peer.application_n = 1;
    k.peer.message_max = MESSAGE_MAX;
    k.peer.answer_max = ANSWER_MAX;
    k.in_size = 2 * MESSAGE_MAX;
    k.out_size = 32 * ANSWER_MAX;
    k.connections_max = 8;
    k.pending_max = 64;
    k.now_ms = clock_of;
    k.callbacks = &s->callbacks;
    k.ctx = s;
    s->clock = 1000;
    return k;
}

static void side_open(struct side *s, const char *host)
{
    struct node_config k = side_config(s, host);
    assert_ok(node_open(&k, &s->node));
}

struct pair {
    struct side mme, hss;
    int listener;
    struct address at;
};

static struct pair *pair_open(void)
{
    struct pair *p = calloc(1, sizeof *p);
    side_open(&p->mme, "mme.home.example");
    side_open(&p->hss, "hss.home.example");
    assert_ok(address_parse("tcp://127.0.0.1:0", &p->at));
    assert_ok(socket_listen(&p->at, 8, &p->listener));
    p->at = socket_local(p->listener, TRANSPORT_TCP);
    return p;
}

static void pair_close(struct pair *p)
{
    node_close(p->mme.node);
    node_close(p->hss.node);
    close(p->listener);
    free(p);
}

/* Both nodes run until *what reaches n. */
static void until(struct pair *p, const unsigned *what, unsigned n)
{
    for (unsigned i = 0; i < ROUNDS && *what < n; i++) {
        enum err a = node_poll(p->mme.node, 0), b = node_poll(p->hss.node, 0);
        assert_true((a == E_OK || a == E_CLOSED) && (b == E_OK || b == E_CLOSED));
    }
    assert_int_equal(*what, n);
}

static void spin(struct pair *p, unsigned rounds)
{
    for (unsigned i = 0; i < rounds; i++) {
        (void)!node_poll(p->mme.node, 0);
        (void)!node_poll(p->hss.node, 0);
    }
}

static int accept_one(struct pair *p)
{
    struct address from;
    int fd = -1;
    enum err err = E_AGAIN;
    for (unsigned i = 0; i < ROUNDS && err == E_AGAIN; i++) {
        err = socket_accept(p->listener, TRANSPORT_TCP, &fd, &from);
    }
    assert_ok(err);
    return fd;
}

static void connect_them(struct pair *p, struct tls_context *client, struct tls_context *server)
{
    assert_ok(node_connect(p->mme.node, &p->at, NULL, client, &p->mme, &p->mme.conn));
    assert_ok(
        node_adopt(p->hss.node, accept_one(p), server ? TRANSPORT_TLS : TRANSPORT_TCP, server));
}

static struct pair *open_pair(void)
{
    struct pair *p = pair_open();
    connect_them(p, NULL, NULL);
    until(p, &p->mme.opened, 1);
    until(p, &p->hss.opened, 1);
    return p;
}

static enum err ask(struct side *s, uint64_t cookie, uint32_t timeout_ms)
{
    uint8_t msg[64];
    struct wr w = wr_of(MBYTES_OF(msg));
    struct diameter_header h = {
        .request = true, .proxiable = true, .command = 318, .application = 16777251};
    struct node_conn *c = node_find(s->node, s->conn);
    assert_non_null(c);
    h.end_to_end = node_end_to_end(c);
    diameter_header_write(&w, &h);
    assert_ok(diameter_length_set(&w));
    return node_request(s->node, c, (struct mbytes){msg, wr_done(&w).n}, cookie, timeout_ms);
}

#endif
