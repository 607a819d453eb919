/* test/peer/peer_world.h - two peers in one process with a virtual clock between them, for
 * test/peer/peer_test.c: what one sends the other gets, in pieces of any size. */
#ifndef BINDERY_TEST_PEER_PEER_WORLD_H
#define BINDERY_TEST_PEER_PEER_WORLD_H

#include "lib/check.h"
#include "peer/peer.h"
#include "peer/peer_parts.h"

#include <stdlib.h>
#include <string.h>

enum { ANSWER_MAX = 2048, MESSAGE_MAX = 4096, PENDING = 4 };

static struct peer_config config_of(const char *host)
{
    return (struct peer_config){
        .origin_host = bytes_of_str(host),
        .origin_realm = BYTES_LIT("home.example"),
        .product_name = BYTES_LIT("test"),
        .vendor_id = 32473,
        .origin_state_id = 7,
        .applications = {{10415, 16777251}, {10415, 16777252}},
        .application_n = 2,
        .watchdog_ms = 30000,
        .cer_timeout_ms = 5000,
        .dpa_timeout_ms = 2000,
        .message_max = MESSAGE_MAX,
        .answer_max = ANSWER_MAX,
    };
}

/* One end with its memory and the events it told. */
struct end {
    struct peer_config config;
    struct peer peer;
    struct peer_pending pending[PENDING];
    uint8_t in[MESSAGE_MAX], out[4 * ANSWER_MAX];
    unsigned opened, closed, unanswered, answers, requests, asked;
    uint64_t cookie;
    enum peer_cause cause;
    enum refusal refusal;  /* what the CER is answered with */
    bool silent, deferred; /* requests get no answer; CERs no decision */
    uint8_t held[MESSAGE_MAX];
    size_t held_n;
};

static void open_end(struct end *e, bool initiator)
{
    struct peer_memory m = {MBYTES_OF(e->in), MBYTES_OF(e->out), e->pending, PENDING};
    static const uint8_t ip[] = {192, 0, 2, 1};
    assert_ok(peer_open(&e->peer, &e->config, &m, initiator, BYTES_OF(ip), initiator, 1000));
}

/* An answer with nothing but the header and a Result-Code. */
static struct bytes answer_to(const struct diameter_header *request, uint8_t out[static 64])
{
    struct wr w = wr_of((struct mbytes){out, 64});
    struct diameter_header h = *request;
    h.request = false;
    diameter_header_write(&w, &h);
    diameter_put_u32(&w, AVP_RESULT_CODE, 0, DIAMETER_SUCCESS);
    assert_ok(diameter_length_set(&w));
    return wr_done(&w);
}

static struct bytes request_of(uint32_t command, uint32_t padding, uint8_t *out, size_t room)
{
    struct wr w = wr_of((struct mbytes){out, room});
    struct diameter_header h = {.request = true,
                                .proxiable = true,
                                .command = command,
                                .application = 16777251,
                                .hop_by_hop = 5,
                                .end_to_end = 6};
    diameter_header_write(&w, &h);
    wr_zero(&w, padding);
    assert_ok(diameter_length_set(&w));
    return wr_done(&w);
}

static void take_event(struct end *e, const struct peer_event *v)
{
    uint8_t answer[64];
    switch (v->kind) {
    case PEER_HANDLED:
        break;
    case PEER_CER:
    case PEER_CEA:
        e->asked++;
        if (!e->deferred) {
            enum err err = peer_authorise(&e->peer, e->refusal);
            assert_true(err == E_OK || err == E_DENIED);
        }
        break;
    case PEER_OPENED:
        e->opened++;
        break;
    case PEER_REQUEST:
        e->requests++;
        if (!e->silent) {
            assert_ok(peer_send_answer(&e->peer, answer_to(&v->header, answer)));
        }
        break;
    case PEER_ANSWER:
        e->answers++;
        e->cookie = v->cookie;
        break;
    case PEER_UNANSWERED:
        e->unanswered++;
        e->cookie = v->cookie;
        break;
    case PEER_DISCONNECTED:
        e->closed++;
        e->cause = v->cause;
        break;
    }
}

static void run(struct end *e)
{
    struct peer_event v;
    while (peer_next(&e->peer, &v)) {
        take_event(e, &v);
    }
}

/* What a has for b goes there, `step` octets at a time. */
static bool carry(struct end *a, struct end *b, size_t step)
{
    bool any = false;
    for (;;) {
        struct bytes out = peer_out(&a->peer);
        size_t n, want = out.n < step ? out.n : step;
        uint8_t *exact = exact_copy((struct bytes){out.p, want});
        peer_input(&b->peer, (struct bytes){exact, want}, &n);
        free(exact);
        peer_out_done(&a->peer, n);
        run(b);
        if (n == 0) {
            return any;
        }
        any = true;
    }
}

struct link {
    struct end mme, hss;
};

static void settle(struct link *l, size_t step)
{
    bool moved;
    do {
        run(&l->mme);
        run(&l->hss);
        moved = carry(&l->mme, &l->hss, step);
        moved |= carry(&l->hss, &l->mme, step);
    } while (moved);
}

static struct link *new_link(void)
{
    struct link *l = calloc(1, sizeof *l);
    assert_non_null(l);
    l->mme.config = config_of("mme.example");
    l->hss.config = config_of("hss.example");
    open_end(&l->mme, true);
    open_end(&l->hss, false);
    return l;
}

static struct link *open_link(size_t step)
{
    struct link *l = new_link();
    settle(l, step);
    assert_int_equal(l->mme.peer.state, PEER_OPEN);
    assert_int_equal(l->hss.peer.state, PEER_OPEN);
    assert_int_equal(l->mme.opened, 1);
    assert_int_equal(l->hss.opened, 1);
    return l;
}

#endif
