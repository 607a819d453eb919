#include "lib/check.h"
#include "peer/peer.h"
#include "peer/peer_states.h"

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

static void tick(struct link *l, uint64_t now)
{
    peer_tick(&l->mme.peer, now);
    peer_tick(&l->hss.peer, now);
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

static enum err ask(struct end *e, uint64_t cookie, uint64_t deadline)
{
    uint8_t msg[64];
    struct bytes m = request_of(318, 8, msg, sizeof msg);
    return peer_request(&e->peer, (struct mbytes){msg, m.n}, cookie, deadline);
}

static void two_ends_open_and_know_each_other(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    assert_string_equal(l->hss.peer.remote.host, "mme.example");
    assert_string_equal(l->mme.peer.remote.host, "hss.example");
    assert_string_equal(l->hss.peer.remote.realm, "home.example");
    assert_int_equal(l->hss.peer.remote.common, 3);
    assert_int_equal(l->hss.peer.remote.origin_state_id, 7);
    free(l);
}

static void octets_may_come_one_by_one(void **state)
{
    (void)state;
    struct link *l = open_link(1);
    assert_ok(ask(&l->mme, 42, 9000));
    settle(l, 1);
    assert_int_equal(l->hss.requests, 1);
    assert_int_equal(l->mme.answers, 1);
    assert_int_equal(l->mme.cookie, 42);
    free(l);
}

static void answers_find_their_requests(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    for (uint64_t i = 0; i < PENDING; i++) {
        assert_ok(ask(&l->mme, 100 + i, 9000));
    }
    assert_err(ask(&l->mme, 1, 9000), E_BUSY);
    settle(l, SIZE_MAX);
    assert_int_equal(l->mme.answers, PENDING);
    assert_int_equal(l->mme.peer.pending, 0);
    assert_int_equal(l->mme.cookie, 100 + PENDING - 1);
    assert_ok(ask(&l->hss, 7, 9000)); /* CLR goes the other way */
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.cookie, 7);
    free(l);
}

static void a_stray_answer_is_discarded(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    uint8_t msg[64];
    size_t n;
    struct diameter_header h = {.command = 318, .application = 16777251, .hop_by_hop = 99};
    struct bytes m = answer_to(&h, msg);
    peer_input(&l->hss.peer, m, &n);
    run(&l->hss);
    assert_int_equal(l->hss.peer.stats.answers_unmatched, 1);
    assert_int_equal(l->hss.answers, 0);
    /* Right identifier, wrong command. */
    l->hss.silent = true;
    assert_ok(ask(&l->mme, 1, 9000));
    h.command = 316;
    h.hop_by_hop = l->mme.peer.next_hop_by_hop - 1;
    peer_input(&l->mme.peer, answer_to(&h, msg), &n);
    run(&l->mme);
    assert_int_equal(l->mme.peer.stats.answers_unmatched, 1);
    assert_int_equal(l->mme.peer.pending, 1);
    free(l);
}

static void a_lost_answer_times_out(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    l->hss.silent = true;
    assert_ok(ask(&l->mme, 5, 4000));
    assert_ok(ask(&l->mme, 6, 3000));
    settle(l, SIZE_MAX);
    assert_int_equal(peer_next_deadline(&l->mme.peer), 3000);
    tick(l, 2999);
    run(&l->mme);
    assert_int_equal(l->mme.unanswered, 0);
    tick(l, 3000);
    assert_true(peer_is_ready(&l->mme.peer));
    run(&l->mme);
    assert_int_equal(l->mme.unanswered, 1);
    assert_int_equal(l->mme.cookie, 6);
    assert_int_equal(peer_next_deadline(&l->mme.peer), 4000);
    tick(l, 4000);
    run(&l->mme);
    assert_int_equal(l->mme.cookie, 5);
    assert_int_equal(l->mme.peer.stats.timeouts, 2);
    free(l);
}

static void pending_requests_die_with_the_connection(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    assert_ok(ask(&l->mme, 5, 90000));
    assert_ok(ask(&l->mme, 6, 90000));
    peer_lost(&l->mme.peer, PEER_CAUSE_TRANSPORT);
    run(&l->mme);
    assert_int_equal(l->mme.unanswered, 2);
    assert_int_equal(l->mme.closed, 1);
    assert_int_equal(l->mme.cause, PEER_CAUSE_TRANSPORT);
    assert_err(ask(&l->mme, 7, 90000), E_BAD_STATE);
    free(l);
}

static void a_refused_peer_is_told_the_code(void **state)
{
    (void)state;
    struct link *l = new_link();
    l->hss.refusal = REFUSAL_PEER_UNKNOWN;
    carry(&l->mme, &l->hss, SIZE_MAX);
    struct bytes cea = peer_out(&l->hss.peer), code;
    assert_ok(diameter_find(cea, 268, 0, &code));
    assert_memory_equal(code.p, "\x00\x00\x0b\xc2", 4); /* 3010 */
    assert_ok(diameter_find(cea, 281, 0, &code));
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.cause, PEER_CAUSE_REFUSED);
    assert_int_equal(l->mme.cause, PEER_CAUSE_REFUSED_BY_PEER);
    assert_int_equal(l->hss.opened + l->mme.opened, 0);
    free(l);
}

static void the_initiator_may_refuse_too(void **state)
{
    (void)state;
    struct link *l = new_link();
    l->mme.refusal = REFUSAL_PEER_CERTIFICATE;
    settle(l, SIZE_MAX);
    assert_int_equal(l->mme.cause, PEER_CAUSE_REFUSED);
    assert_int_equal(l->mme.opened, 0);
    free(l);
}

static void no_common_application_is_refused(void **state)
{
    (void)state;
    struct link *l = new_link();
    l->hss.config.applications[0].id = 1;
    l->hss.config.applications[1].id = 2;
    carry(&l->mme, &l->hss, SIZE_MAX);
    struct bytes code;
    assert_ok(diameter_find(peer_out(&l->hss.peer), 268, 0, &code));
    assert_memory_equal(code.p, "\x00\x00\x13\x92", 4); /* 5010 */
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.cause, PEER_CAUSE_REFUSED);
    free(l);
}

static void authorisation_may_take_its_time(void **state)
{
    (void)state;
    struct link *l = new_link();
    l->hss.deferred = true;
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.peer.state, PEER_WAIT_AUTHORISE);
    uint8_t msg[64];
    size_t n; /* what comes meanwhile waits */
    peer_input(&l->hss.peer, request_of(318, 8, msg, sizeof msg), &n);
    run(&l->hss);
    assert_int_equal(l->hss.requests, 0);
    assert_ok(peer_authorise(&l->hss.peer, REFUSAL_NONE));
    assert_err(peer_authorise(&l->hss.peer, REFUSAL_NONE), E_BAD_STATE);
    run(&l->hss);
    assert_int_equal(l->hss.opened, 1);
    assert_int_equal(l->hss.requests, 1);
    free(l);
}

static void silence_before_the_cer_ends_it(void **state)
{
    (void)state;
    struct link *l = new_link();
    assert_int_equal(peer_next_deadline(&l->hss.peer), 6000);
    peer_tick(&l->hss.peer, 5999);
    run(&l->hss);
    assert_int_equal(l->hss.closed, 0);
    tick(l, 6000);
    run(&l->hss);
    run(&l->mme);
    assert_int_equal(l->hss.cause, PEER_CAUSE_NO_CAPABILITIES);
    assert_int_equal(l->mme.cause, PEER_CAUSE_NO_CAPABILITIES);
    free(l);
}

/* RFC 3539 3.4.1 with its 2 s of jitter either way. */
static void the_watchdog_asks_then_suspects_then_closes(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    struct peer *p = &l->hss.peer;
    for (unsigned miss = 0; miss < 3; miss++) {
        uint64_t at = peer_next_deadline(p), from = p->now;
        assert_true(at >= from + 28000 && at <= from + 32000);
        peer_tick(p, at);
        assert_int_equal(p->suspect, miss >= 1);
    }
    run(&l->hss);
    assert_int_equal(l->hss.cause, PEER_CAUSE_WATCHDOG);
    assert_int_equal(peer_out(p).n != 0, 1); /* one DWR, no second */
    assert_int_equal(p->stats.sent, 2);
    free(l);
}

static void an_answered_watchdog_keeps_it_open(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    uint64_t now = 1000;
    for (unsigned i = 0; i < 20; i++) {
        uint64_t a = peer_next_deadline(&l->hss.peer), b = peer_next_deadline(&l->mme.peer);
        now = a < b ? a : b;
        tick(l, now);
        settle(l, SIZE_MAX);
    }
    assert_true(now > 300000);
    assert_int_equal(l->hss.peer.state, PEER_OPEN);
    assert_int_equal(l->mme.peer.state, PEER_OPEN);
    assert_false(l->hss.peer.suspect || l->hss.peer.dwr_pending);
    free(l);
}

static void a_suspect_that_speaks_is_trusted_again(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    struct peer *p = &l->hss.peer;
    peer_tick(p, peer_next_deadline(p));
    peer_tick(p, peer_next_deadline(p));
    assert_true(p->suspect);
    settle(l, SIZE_MAX);
    assert_false(p->suspect || p->dwr_pending);
    free(l);
}

static void both_ways_of_leaving_are_orderly(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    peer_disconnect(&l->hss.peer, DIAMETER_REBOOTING);
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.cause, PEER_CAUSE_STOPPED);
    assert_int_equal(l->mme.cause, PEER_CAUSE_DISCONNECTED);
    assert_int_equal(l->hss.closed + l->mme.closed, 2);
    free(l);
    l = open_link(SIZE_MAX); /* both at once */
    peer_disconnect(&l->hss.peer, DIAMETER_REBOOTING);
    peer_disconnect(&l->mme.peer, DIAMETER_REBOOTING);
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.closed + l->mme.closed, 2);
    free(l);
    l = open_link(SIZE_MAX); /* nobody answers */
    peer_disconnect(&l->hss.peer, DIAMETER_REBOOTING);
    assert_err(ask(&l->hss, 1, 9000), E_BAD_STATE);
    peer_tick(&l->hss.peer, peer_next_deadline(&l->hss.peer));
    run(&l->hss);
    assert_int_equal(l->hss.cause, PEER_CAUSE_NO_DPA);
    free(l);
}

static void requests_under_way_at_the_dpr_are_answered(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    assert_ok(ask(&l->mme, 9, 9000));
    peer_disconnect(&l->hss.peer, DIAMETER_REBOOTING);
    carry(&l->mme, &l->hss, SIZE_MAX);
    assert_int_equal(l->hss.requests, 1);
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.closed, 1);
    free(l);
}

static void a_second_cer_is_told_and_ends_it(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    struct link *other = new_link();
    size_t n;
    peer_input(&l->hss.peer, peer_out(&other->mme.peer), &n);
    run(&l->hss);
    struct bytes code;
    assert_ok(diameter_find(peer_out(&l->hss.peer), 268, 0, &code));
    assert_memory_equal(code.p, "\x00\x00\x13\x94", 4); /* 5012 */
    settle(l, SIZE_MAX);
    assert_int_equal(l->hss.cause, PEER_CAUSE_SECOND_CAPABILITIES);
    free(l), free(other);
}

static void bad_frames_end_it(void **state)
{
    (void)state;
    static const uint8_t bad[][20] = {
        {2, 0, 0, 20},                     /* version */
        {1, 0, 0, 16},                     /* shorter than a header */
        {1, 0, 0, 21},                     /* no multiple of four */
        {1, 0, (MESSAGE_MAX + 4) >> 8, 4}, /* longer than allowed */
    };
    for (size_t i = 0; i < 4; i++) {
        struct link *l = open_link(SIZE_MAX);
        size_t n;
        peer_input(&l->hss.peer, BYTES_OF(bad[i]), &n);
        run(&l->hss);
        assert_int_equal(l->hss.cause, PEER_CAUSE_FRAME);
        free(l);
    }
}

/* A DWR without Origin-Realm: 5005 with the missing AVP in Failed-AVP; the connection stays. */
static void a_malformed_dwr_is_answered(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    uint8_t msg[128];
    struct wr w = wr_of(MBYTES_OF(msg));
    struct diameter_header h = {.request = true, .command = 280, .hop_by_hop = 77};
    size_t n;
    diameter_header_write(&w, &h);
    diameter_put_octets(&w, AVP_ORIGIN_HOST, 0, BYTES_LIT("mme.example"));
    assert_ok(diameter_length_set(&w));
    peer_input(&l->hss.peer, wr_done(&w), &n);
    run(&l->hss);
    struct bytes v;
    assert_ok(diameter_find(peer_out(&l->hss.peer), 268, 0, &v));
    assert_memory_equal(v.p, "\x00\x00\x13\x8d", 4); /* 5005 */
    assert_ok(diameter_find(peer_out(&l->hss.peer), 279, 0, &v));
    assert_int_equal(l->hss.peer.state, PEER_OPEN);
    assert_int_equal(l->hss.peer.stats.malformed, 1);
    free(l);
}

static void a_malformed_cer_is_answered_and_ends_it(void **state)
{
    (void)state;
    struct link *l = new_link();
    struct bytes cer = peer_out(&l->mme.peer);
    uint8_t *copy = exact_copy(cer);
    size_t n;
    /* Cut the last AVP off: the length in the header follows. */
    for (size_t cut = DIAMETER_HEADER_LEN; cut < cer.n; cut += 4) {
        copy[2] = (uint8_t)(cut >> 8), copy[3] = (uint8_t)cut;
        struct link *one = new_link();
        peer_input(&one->hss.peer, (struct bytes){copy, cut}, &n);
        run(&one->hss);
        if (one->hss.asked == 0) {
            assert_int_equal(one->hss.peer.state, PEER_DRAINING);
            assert_true(peer_out(&one->hss.peer).n > DIAMETER_HEADER_LEN);
            assert_int_equal(one->hss.peer.cause, PEER_CAUSE_BAD_CAPABILITIES);
        }
        free(one);
    }
    free(copy), free(l);
}

static void every_prefix_waits_for_more(void **state)
{
    (void)state;
    struct link *l = new_link();
    struct bytes cer = peer_out(&l->mme.peer);
    for (size_t n = 0; n < cer.n; n++) {
        struct link *one = new_link();
        size_t taken;
        uint8_t *exact = exact_copy((struct bytes){cer.p, n});
        peer_input(&one->hss.peer, (struct bytes){exact, n}, &taken);
        assert_false(peer_is_ready(&one->hss.peer));
        run(&one->hss);
        assert_int_equal(one->hss.peer.state, PEER_WAIT_CER);
        peer_lost(&one->hss.peer, PEER_CAUSE_TRANSPORT);
        run(&one->hss);
        assert_int_equal(one->hss.closed, 1);
        free(exact), free(one);
    }
    free(l);
}

/* The HSS gets request after request and its answers go nowhere: it must stop giving them out while
 * every one it gave out can still be answered, and go on when the peer reads again. */
static void a_peer_that_does_not_read_is_read_no_more(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    uint8_t msg[64], big[ANSWER_MAX];
    struct bytes m = request_of(318, 8, msg, sizeof msg);
    unsigned sent = 0, given = 0;
    for (unsigned i = 0; i < 1000; i++) {
        size_t n;
        struct peer_event v;
        if (peer_input_space(&l->hss.peer).n >= m.n) {
            peer_input(&l->hss.peer, m, &n);
            sent++;
        }
        if (peer_next(&l->hss.peer, &v)) {
            assert_int_equal(v.kind, PEER_REQUEST);
            struct bytes a = request_of(318, ANSWER_MAX - 20, big, sizeof big);
            assert_ok(peer_send_answer(&l->hss.peer, a));
            given++;
        }
    }
    assert_int_equal(given, 4);
    assert_true(sent < 200);
    assert_false(peer_wants_input(&l->hss.peer));
    assert_false(peer_is_ready(&l->hss.peer));
    peer_out_done(&l->hss.peer, ANSWER_MAX);
    assert_true(peer_is_ready(&l->hss.peer));
    free(l);
}

static void what_is_owed_is_reserved(void **state)
{
    (void)state;
    struct link *l = open_link(SIZE_MAX);
    uint8_t msg[64], big[ANSWER_MAX + 4];
    struct bytes m = request_of(318, 8, msg, sizeof msg);
    struct peer_event v;
    size_t n, given = 0;
    for (unsigned i = 0; i < 10; i++) {
        peer_input(&l->hss.peer, m, &n);
    }
    while (peer_next(&l->hss.peer, &v)) {
        given++;
    }
    assert_int_equal(given, 4);
    assert_err(ask(&l->hss, 1, 9000), E_NO_ROOM); /* a CLR may not take an answer's place */
    struct bytes a = request_of(318, ANSWER_MAX - 20, big, sizeof big);
    for (unsigned i = 0; i < 4; i++) {
        assert_ok(peer_send_answer(&l->hss.peer, a));
    }
    assert_err(peer_send_answer(&l->hss.peer, a), E_BAD_STATE);
    peer_out_done(&l->hss.peer, 4 * ANSWER_MAX);
    assert_true(peer_next(&l->hss.peer, &v));
    assert_err(peer_send_answer(&l->hss.peer, (struct bytes){big, ANSWER_MAX + 4}), E_NO_ROOM);
    peer_no_answer(&l->hss.peer);
    assert_err(peer_send_answer(&l->hss.peer, a), E_BAD_STATE);
    free(l);
}

static void memory_that_does_not_suffice_is_refused(void **state)
{
    (void)state;
    struct end *e = calloc(1, sizeof *e);
    e->config = config_of("x.example");
    struct peer_memory m = {MBYTES_OF(e->in), MBYTES_OF(e->out), NULL, 0};
    m.in.n--;
    assert_err(peer_open(&e->peer, &e->config, &m, false, (struct bytes){0}, 0, 0), E_NO_ROOM);
    m.in.n++;
    m.out.n = 2 * ANSWER_MAX - 1;
    assert_err(peer_open(&e->peer, &e->config, &m, false, (struct bytes){0}, 0, 0), E_NO_ROOM);
    free(e);
}

/* ---- every state x input pair ---- */

static struct link *link_in(enum peer_state s)
{
    struct link *l = s == PEER_WAIT_CER || s == PEER_WAIT_CEA ? new_link() : NULL;
    if (s == PEER_WAIT_AUTHORISE) {
        l = new_link();
        l->hss.deferred = true;
        settle(l, SIZE_MAX);
    }
    if (l == NULL) {
        l = open_link(SIZE_MAX);
    }
    if (s == PEER_CLOSING || s == PEER_DRAINING) {
        struct end *leaver = s == PEER_CLOSING ? &l->hss : &l->mme;
        peer_disconnect(&leaver->peer, DIAMETER_REBOOTING);
    }
    if (s == PEER_DRAINING) {
        size_t n;
        struct peer_event v;
        peer_input(&l->hss.peer, peer_out(&l->mme.peer), &n);
        assert_true(peer_next(&l->hss.peer, &v));
    }
    if (s == PEER_CLOSED) {
        peer_lost(&l->hss.peer, PEER_CAUSE_TRANSPORT);
    }
    return l;
}

static void feed_command(struct peer *p, uint32_t command, bool request)
{
    uint8_t msg[128];
    struct wr w = wr_of(MBYTES_OF(msg));
    struct diameter_header h = {.request = request, .command = command, .hop_by_hop = 1};
    struct peer_event v;
    size_t n;
    diameter_header_write(&w, &h);
    diameter_put_octets(&w, AVP_ORIGIN_HOST, 0, BYTES_LIT("mme.example"));
    diameter_put_octets(&w, AVP_ORIGIN_REALM, 0, BYTES_LIT("home.example"));
    assert_ok(diameter_length_set(&w));
    peer_input(p, wr_done(&w), &n);
    (void)peer_next(p, &v);
}

static void give(struct peer *p, enum peer_input_kind k)
{
    static const uint8_t noise[20] = {9};
    struct peer_event v;
    size_t n;
    switch (k) {
    case PEER_IN_RCV_CER:
    case PEER_IN_RCV_CEA:
        feed_command(p, 257, k == PEER_IN_RCV_CER);
        break;
    case PEER_IN_RCV_DWR:
    case PEER_IN_RCV_DWA:
        feed_command(p, 280, k == PEER_IN_RCV_DWR);
        break;
    case PEER_IN_RCV_DPR:
    case PEER_IN_RCV_DPA:
        feed_command(p, 282, k == PEER_IN_RCV_DPR);
        break;
    case PEER_IN_RCV_REQUEST:
    case PEER_IN_RCV_ANSWER:
        feed_command(p, 318, k == PEER_IN_RCV_REQUEST);
        break;
    case PEER_IN_BAD_FRAME:
        peer_input(p, BYTES_OF(noise), &n);
        (void)peer_next(p, &v);
        break;
    case PEER_IN_AUTHORISED:
    case PEER_IN_REFUSED:
        (void)!peer_authorise(p, k == PEER_IN_AUTHORISED ? REFUSAL_NONE : REFUSAL_PEER_UNKNOWN);
        break;
    case PEER_IN_STOP:
        peer_disconnect(p, DIAMETER_BUSY);
        break;
    case PEER_IN_TIMER:
        peer_tick(p, p->timer == UINT64_MAX ? p->now : p->timer);
        break;
    case PEER_IN_GONE:
        peer_lost(p, PEER_CAUSE_TRANSPORT);
        break;
    case PEER_IN_ALL_SENT:
        peer_out_done(p, peer_out(p).n);
        (void)peer_next(p, &v);
        break;
    case PEER_INPUT_COUNT:
        break;
    }
}

static void every_state_takes_every_input_as_its_table_says(void **state)
{
    (void)state;
    for (unsigned s = 0; s < PEER_STATE_COUNT; s++) {
        for (unsigned k = 0; k < PEER_INPUT_COUNT; k++) {
            struct link *l = link_in((enum peer_state)s);
            struct peer *p = s == PEER_WAIT_CEA ? &l->mme.peer : &l->hss.peer;
            const struct peer_transition *t =
                peer_transition((enum peer_state)s, (enum peer_input_kind)k);
            assert_int_equal(p->state, s);
            give(p, (enum peer_input_kind)k);
            /* Without a handler the surface does not let the input in at all. */
            unsigned allowed = t->handler ? t->next : 1u << s;
            if (k == PEER_IN_BAD_FRAME || k == PEER_IN_ALL_SENT) {
                allowed |= 1u << s; /* states that don't read, or have nothing to end */
            }
            if ((allowed & 1u << p->state) == 0) {
                fail_msg("%s x %s led to %s", peer_state_name((enum peer_state)s),
                         peer_input_name((enum peer_input_kind)k), peer_state_name(p->state));
            }
            assert_int_not_equal(p->cause, PEER_CAUSE_INTERNAL);
            free(l);
        }
    }
}

static void random_streams_never_break_a_rule(void **state)
{
    (void)state;
    uint64_t seed = 11;
    for (unsigned round = 0; round < 2000; round++) {
        struct link *l = round % 2 ? open_link(SIZE_MAX) : new_link();
        struct bytes out = peer_out(&l->mme.peer);
        uint8_t *noise = malloc(512 + out.n);
        size_t n = out.n, taken;
        memcpy(noise, out.p, out.n);
        for (unsigned i = 0; i < 3 && n > 0; i++) {
            noise[test_rand(&seed) % n] = (uint8_t)test_rand(&seed);
        }
        struct bytes m = request_of(280 + (uint32_t)(test_rand(&seed) % 4), 8, noise + n, 512);
        n += m.n;
        peer_input(&l->hss.peer, (struct bytes){noise, n}, &taken);
        run(&l->hss);
        assert_int_not_equal(l->hss.peer.cause, PEER_CAUSE_INTERNAL);
        free(noise), free(l);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_ends_open_and_know_each_other),
        cmocka_unit_test(octets_may_come_one_by_one),
        cmocka_unit_test(answers_find_their_requests),
        cmocka_unit_test(a_stray_answer_is_discarded),
        cmocka_unit_test(a_lost_answer_times_out),
        cmocka_unit_test(pending_requests_die_with_the_connection),
        cmocka_unit_test(a_refused_peer_is_told_the_code),
        cmocka_unit_test(the_initiator_may_refuse_too),
        cmocka_unit_test(no_common_application_is_refused),
        cmocka_unit_test(authorisation_may_take_its_time),
        cmocka_unit_test(silence_before_the_cer_ends_it),
        cmocka_unit_test(the_watchdog_asks_then_suspects_then_closes),
        cmocka_unit_test(an_answered_watchdog_keeps_it_open),
        cmocka_unit_test(a_suspect_that_speaks_is_trusted_again),
        cmocka_unit_test(both_ways_of_leaving_are_orderly),
        cmocka_unit_test(requests_under_way_at_the_dpr_are_answered),
        cmocka_unit_test(a_second_cer_is_told_and_ends_it),
        cmocka_unit_test(bad_frames_end_it),
        cmocka_unit_test(a_malformed_dwr_is_answered),
        cmocka_unit_test(a_malformed_cer_is_answered_and_ends_it),
        cmocka_unit_test(every_prefix_waits_for_more),
        cmocka_unit_test(a_peer_that_does_not_read_is_read_no_more),
        cmocka_unit_test(what_is_owed_is_reserved),
        cmocka_unit_test(memory_that_does_not_suffice_is_refused),
        cmocka_unit_test(every_state_takes_every_input_as_its_table_says),
        cmocka_unit_test(random_streams_never_break_a_rule),
    };
    return cmocka_run_group_tests_name("peer/peer", tests, NULL, NULL);
}
