/* test/peer/peer_states_test.c - every state of the peer with every input, as its table says, and
 * random streams that must not break a rule. */
#include "peer/peer_world.h"

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
        cmocka_unit_test(every_state_takes_every_input_as_its_table_says),
        cmocka_unit_test(random_streams_never_break_a_rule),
    };
    return cmocka_run_group_tests_name("peer states", tests, NULL, NULL);
}
