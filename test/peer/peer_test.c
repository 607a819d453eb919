/* test/peer/peer_test.c - the peer's state machine on a virtual clock (src/peer/peer.c,
 * src/peer/peer_base.c, src/peer/peer_buffer.c, src/peer/peer_table.c). */
#include "peer/peer_world.h"

static void tick(struct link *l, uint64_t now)
{
    peer_tick(&l->mme.peer, now);
    peer_tick(&l->hss.peer, now);
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

static void a_refused_peer_is_told_the_code_and_no_more(void **state)
{
    (void)state;
    struct link *l = new_link();
    l->hss.refusal = REFUSAL_PEER_UNKNOWN;
    carry(&l->mme, &l->hss, SIZE_MAX);
    struct bytes cea = peer_out(&l->hss.peer), code;
    assert_ok(diameter_find(cea, 268, 0, &code));
    assert_memory_equal(code.p, "\x00\x00\x0b\xc2", 4);         /* 3010 */
    assert_err(diameter_find(cea, 281, 0, &code), E_NOT_FOUND); /* Error-Message */
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
        assert_int_equal(peer_is_half_full(&l->hss.peer), given > 2);
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

/* Vectors go through the output: what is out, or was moved, is nowhere in it. */
static void what_was_sent_is_wiped(void **state)
{
    (void)state;
    struct end e = {.config = config_of("a.example")};
    open_end(&e, true);
    size_t n = peer_out(&e.peer).n;
    assert_true(n > 64);
    peer_out_done(&e.peer, n - 64);
    for (size_t i = 0; i < n - 64; i++) {
        assert_int_equal(e.out[i], 0);
    }
    peer_out_done(&e.peer, 64);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(e.out[i], 0);
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
        cmocka_unit_test(a_refused_peer_is_told_the_code_and_no_more),
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
        cmocka_unit_test(what_was_sent_is_wiped),
        cmocka_unit_test(memory_that_does_not_suffice_is_refused),
    };
    return cmocka_run_group_tests_name("peer/peer", tests, NULL, NULL);
}
