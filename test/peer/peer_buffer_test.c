/* Room for answers that are owed, the long and the short (src/peer/peer_buffer.c); with
 * test/peer/peer_test.c. */
#include "peer/peer_world.h"

/* Two ends of which one may answer at length. */
static struct link *open_long_link(size_t answer_max, size_t room)
{
    static uint8_t out[64 * 1024];
    struct link *l = open_link(SIZE_MAX);
    assert_true(room <= sizeof out);
    l->hss.config.answer_max = answer_max;
    l->hss.peer.memory.out = (struct mbytes){out, room};
    return l;
}

static unsigned given_out(struct link *l, bool shorts)
{
    uint8_t msg[64];
    struct bytes m = request_of(318, 8, msg, sizeof msg);
    struct peer_event v;
    size_t n;
    unsigned given = 0;
    for (unsigned i = 0; i < 40; i++) {
        peer_input(&l->hss.peer, m, &n);
    }
    while (peer_next(&l->hss.peer, &v)) {
        given++;
        if (shorts) {
            peer_owes_short(&l->hss.peer);
        }
    }
    return given;
}

static void for_short_answers_less_is_reserved(void **state)
{
    (void)state;
    static uint8_t big[16384];
    const size_t longest = 16384, room = 64 * 1024;
    struct link *l = open_long_link(longest, room);
    struct bytes brief = request_of(318, PEER_ANSWER_SHORT - 20, big, sizeof big);
    assert_int_equal(given_out(l, false), 4);
    free(l);
    l = open_long_link(longest, room);
    /* the last one has to leave room for the longest */
    const unsigned most = (unsigned)((room - longest) / PEER_ANSWER_SHORT) + 1;
    assert_int_equal(given_out(l, true), most);
    assert_int_equal(peer_out_spare(&l->hss.peer), room - most * PEER_ANSWER_SHORT);
    assert_true(peer_is_half_full(&l->hss.peer));
    for (unsigned i = 0; i < most; i++) {
        peer_owes_no_more_short(&l->hss.peer);
        assert_ok(peer_send_answer(&l->hss.peer, brief));
        assert_int_equal(peer_out_spare(&l->hss.peer), room - most * PEER_ANSWER_SHORT);
    }
    assert_err(peer_send_answer(&l->hss.peer, brief), E_BAD_STATE);
    free(l);
}

/* Whatever is said of answers that nobody owes, or that get none, counts for nothing. */
static void what_is_owed_short_is_never_more_than_what_is_owed(void **state)
{
    (void)state;
    const size_t longest = 16384, room = 64 * 1024;
    struct link *l = open_long_link(longest, room);
    struct peer *p = &l->hss.peer;
    static uint8_t big[16384];
    struct bytes whole = request_of(318, (uint32_t)longest - 20, big, sizeof big);
    peer_owes_short(p);
    peer_owes_no_more_short(p);
    peer_owes_short(p);
    assert_int_equal(peer_out_spare(p), room);
    assert_int_equal(given_out(l, false), 4);
    peer_owes_short(p);
    assert_int_equal(peer_out_spare(p), longest - PEER_ANSWER_SHORT);
    for (unsigned i = 0; i < 3; i++) { /* the long ones */
        peer_no_answer(p);
    }
    assert_int_equal(peer_out_spare(p), room - PEER_ANSWER_SHORT);
    peer_no_answer(p);
    assert_int_equal(peer_out_spare(p), room);
    assert_int_equal(p->owed_short, 0);
    free(l);
    l = open_long_link(longest, room); /* one that says short, and answers at length */
    p = &l->hss.peer;
    const unsigned most = given_out(l, true);
    for (unsigned i = 0; i < 4; i++) {
        assert_ok(peer_send_answer(p, whole));
    }
    assert_int_equal(peer_out(p).n, room);
    assert_err(peer_send_answer(p, whole), E_NO_ROOM); /* and not beyond the buffer */
    assert_int_equal(p->owed, most - 4);
    free(l);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(for_short_answers_less_is_reserved),
        cmocka_unit_test(what_is_owed_short_is_never_more_than_what_is_owed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
