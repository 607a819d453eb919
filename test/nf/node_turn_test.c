/* test/nf/node_turn_test.c - whose turn it is, and how long who waits: two nodes on a virtual
 * clock. */
#include "nf/node_world.h"

enum { GREEDY = 6, AT_ONCE = 64 };

static void poll_all(struct side greedy[static GREEDY])
{
    for (unsigned i = 0; i < GREEDY; i++) {
        assert_ok(node_poll(greedy[i].node, 0));
    }
}

/* Peers that have AT_ONCE requests waiting in the server's buffers. */
static void greedy_open(struct pair *p, struct side greedy[static GREEDY])
{
    for (unsigned i = 0; i < GREEDY; i++) {
        char *host = greedy[i].host; /* until the CEA */
        snprintf(host, sizeof greedy[i].host, "greedy%u.home.example", i);
        side_open(&greedy[i], host);
        assert_ok(node_connect(greedy[i].node, &p->at, NULL, NULL, &greedy[i], &greedy[i].conn));
        assert_ok(node_adopt(p->hss.node, accept_one(p), TRANSPORT_TCP, NULL));
        for (unsigned j = 0; j < ROUNDS && greedy[i].opened == 0; j++) {
            assert_ok(node_poll(greedy[i].node, 0));
            assert_ok(node_poll(p->hss.node, 0));
        }
        assert_int_equal(greedy[i].opened, 1);
    }
    for (unsigned i = 0; i < GREEDY; i++) {
        for (unsigned j = 0; j < AT_ONCE; j++) {
            assert_ok(ask(&greedy[i], j, 100000));
        }
    }
    poll_all(greedy);
}

static void greedy_close(struct side greedy[static GREEDY])
{
    for (unsigned i = 0; i < GREEDY; i++) {
        node_close(greedy[i].node);
    }
}

static void who_asks_seldom_waits_for_no_pass_of_those_who_always_ask(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    struct side greedy[GREEDY] = {0};
    greedy_open(p, greedy);
    assert_ok(node_poll(p->hss.node, 0)); /* all are new to it, so all have a turn */
    assert_ok(node_poll(p->hss.node, 0)); /* and from now on the turns of a round */
    assert_ok(ask(&p->mme, 1, 1000));
    assert_ok(node_poll(p->mme.node, 0));
    unsigned before = p->hss.requests;
    assert_ok(node_poll(p->hss.node, 0));
    assert_ok(node_poll(p->mme.node, 0));
    assert_int_equal(p->mme.answers, 1);
    assert_in_range(p->hss.requests - before, 1 + 16, 1 + 4 * 16);
    assert_true(p->hss.requests < GREEDY * AT_ONCE); /* they still had something waiting */
    for (unsigned i = 0; i < ROUNDS && p->hss.requests < GREEDY * AT_ONCE + 1; i++) {
        assert_ok(node_poll(p->hss.node, 0));
    }
    for (unsigned i = 0; i < AT_ONCE; i++) { /* their nodes take turns with the answers too */
        poll_all(greedy);
    }
    for (unsigned i = 0; i < GREEDY; i++) {
        assert_int_equal(greedy[i].answers, AT_ONCE);
    }
    greedy_close(greedy);
    pair_close(p);
}

struct asked {
    uint32_t waited_ms, pass_ms;
    bool more;
    unsigned n;
};
static struct asked asked;

static void on_request_watched(void *ctx, struct node_conn *c, const struct diameter_header *h,
                               struct bytes msg)
{
    struct side *s = ctx;
    asked = (struct asked){node_conn_waited(c), node_pass_ms(s->node), node_conn_has_more(c),
                           asked.n + 1};
    if (s->had_tls) { /* here: makes everything cheap */
        node_was_cheap(c);
    }
    on_request(ctx, c, h, msg);
}

/* A pair whose server looks at every request as on_request_watched does. */
static struct pair *watched_pair(void)
{
    struct pair *p = calloc(1, sizeof *p);
    side_open(&p->mme, "mme.home.example");
    side_open(&p->hss, "hss.home.example");
    node_close(p->hss.node);
    struct node_config k = side_config(&p->hss, "hss.home.example");
    p->hss.callbacks.request = on_request_watched;
    assert_ok(node_open(&k, &p->hss.node));
    assert_ok(address_parse("tcp://127.0.0.1:0", &p->at));
    assert_ok(socket_listen(&p->at, 8, &p->listener));
    p->at = socket_local(p->listener, TRANSPORT_TCP);
    connect_them(p, NULL, NULL);
    until(p, &p->mme.opened, 1);
    until(p, &p->hss.opened, 1);
    asked = (struct asked){0};
    return p;
}

static void ask_many(struct pair *p, unsigned n)
{
    for (uint64_t i = 0; i < n; i++) {
        assert_ok(ask(&p->mme, i, 100000));
    }
    assert_ok(node_poll(p->mme.node, 0));
}

static void what_waits_for_its_turn_is_measured(void **state)
{
    (void)state;
    struct pair *p = watched_pair();
    ask_many(p, 16);
    assert_ok(node_poll(p->hss.node, 0));
    assert_int_equal(asked.n, 16);
    assert_false(asked.more); /* one turn took all */
    ask_many(p, 40);
    assert_ok(node_poll(p->hss.node, 0)); /* 24 are left, and the mark is behind them */
    p->hss.clock += 70;
    assert_ok(node_poll(p->hss.node, 0));
    assert_int_equal(asked.n, 48);
    assert_true(asked.more);
    assert_int_equal(asked.waited_ms, 70);
    assert_int_equal(asked.pass_ms, 70);
    p->hss.clock += 30;
    assert_ok(node_poll(p->hss.node, 0)); /* the last 8 */
    assert_int_equal(asked.n, 56);
    assert_int_equal(asked.waited_ms, 100);
    ask_many(p, 1);
    assert_ok(node_poll(p->hss.node, 0));
    assert_int_equal(asked.n, 57);
    assert_false(asked.more);
    assert_int_equal(asked.waited_ms, 0);
    assert_int_equal(asked.pass_ms, 0);
    pair_close(p);
}

static void a_turn_of_cheap_requests_is_longer(void **state)
{
    (void)state;
    struct pair *p = watched_pair();
    p->hss.had_tls = true;
    ask_many(p, 64);
    assert_ok(node_poll(p->hss.node, 0));
    assert_in_range(asked.n, 4 * 16 - 3, 4 * 16);
    pair_close(p);
}

static void a_node_that_looks_before_it_sleeps_still_sleeps_and_stops(void **state)
{
    (void)state;
    struct pair *p = pair_open();
    node_close(p->hss.node);
    struct node_config k = side_config(&p->hss, "hss.home.example");
    k.spin_us = 1000;
    assert_ok(node_open(&k, &p->hss.node));
    connect_them(p, NULL, NULL);
    until(p, &p->mme.opened, 1);
    for (unsigned i = 0; i < 40; i++) { /* long enough to learn that looking pays */
        assert_ok(ask(&p->mme, i, 100000));
        assert_ok(node_poll(p->mme.node, 0));
        assert_ok(node_poll(p->hss.node, -1));
    }
    until(p, &p->mme.answers, 40);
    assert_ok(node_poll(p->hss.node, 1)); /* nothing comes */
    spin(p, 2);
    node_stop(p->hss.node);
    assert_ok(node_poll(p->hss.node, -1));
    pair_close(p);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(who_asks_seldom_waits_for_no_pass_of_those_who_always_ask),
        cmocka_unit_test(what_waits_for_its_turn_is_measured),
        cmocka_unit_test(a_turn_of_cheap_requests_is_longer),
        cmocka_unit_test(a_node_that_looks_before_it_sleeps_still_sleeps_and_stops),
    };
    return cmocka_run_group_tests_name("nf/node_turn", tests, NULL, NULL);
}
