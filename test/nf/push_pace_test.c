/* How many requests of ours a node may have under way, and that one that does not answer, or cannot
 * be told, keeps nobody else from it: src/nf/hssd/push_pace.c, and src/nf/hssd/push.c with it. */
#include "nf/push_world.h"

static void to_a_profile_that_is_not_there(struct store_subscriber *row)
{
    strcpy(row->profile, "gone");
}

static void what_cannot_be_sent_waits_for_its_time(void **state)
{
    (void)state;
    world_with_two();
    push_up();
    route_to(0);
    change(IMSI_A, to_a_profile_that_is_not_there);
    const struct store_push row = await_row(IMSI_A, was_tried);
    assert_string_equal(row.cause, "no-profile");
    assert_true(row.tried > 0); /* or its connection would seem younger than the try, for ever */
    assert_true(row.next_try > row.tried);
    push_down(true);
}

static struct push_ask outcome_of(enum push_outcome outcome, size_t sent, int64_t tried)
{
    struct push_ask ask = {.p = hss.push, .outcome = outcome, .n = sent, .row = {.tried = tried}};
    snprintf(ask.row.host, sizeof ask.row.host, "%s", MME1);
    return ask;
}

static size_t window_after(enum push_outcome outcome, size_t sent, unsigned times,
                           const struct route *route)
{
    static struct push_ask ask;
    for (unsigned i = 0; i < times; i++) {
        ask = outcome_of(outcome, sent, route->opened_ms);
        push_paced(hss.push, &ask);
    }
    return push_window(hss.push, MME1, route);
}

static void a_node_that_does_not_answer_keeps_no_place(void **state)
{
    struct store_why why;
    (void)state;
    struct route route = {.peer = peer_states[0], .thread = &thread, .conn = 1, .opened_ms = 1000};
    assert_ok(push_open(&hss, &why));
    assert_int_equal(push_window(hss.push, MME1, &route), PUSH_WINDOW);
    assert_true(window_after(PUSH_SILENT, 1, 1, &route) <= 1);
    assert_int_equal(push_window(hss.push, MME2, &route), PUSH_WINDOW); /* its alone */
    route.opened_ms++;                                                  /* it came back */
    assert_int_equal(push_window(hss.push, MME1, &route), PUSH_WINDOW);
    route.opened_ms--;
    assert_int_equal(window_after(PUSH_DONE, 1, 1, &route), PUSH_WINDOW);
    assert_int_equal(window_after(PUSH_REFUSED, 0, 99, &route), PUSH_WINDOW); /* not sent */
    assert_int_equal(window_after(PUSH_REFUSED, 1, 7, &route), PUSH_WINDOW);
    assert_true(window_after(PUSH_REFUSED, 1, 1, &route) <= 1);
    hss.push->asks[0] = (struct push_ask){.state = PUSH_SENT, .thread = &thread, .conn = 1};
    for (size_t i = 1; i < PUSH_CONNECTION; i++) {
        hss.push->asks[i] = hss.push->asks[0]; /* others behind the same agent */
    }
    assert_int_equal(push_window(hss.push, MME2, &route), 0);
    push_close(&hss);
}

static void no_answer_makes_the_node_slow(void **state)
{
    struct route route;
    (void)state;
    world_with_two();
    push_up();
    route_to(0);
    change(IMSI_A, another_msisdn);
    (void)idr_sent();
    push_answered(&hss, thread.cookie, (struct bytes){NULL, 0});
    (void)await_row(IMSI_A, was_tried);
    push_quiesce(&hss);
    push_join(&hss); /* what comes behind the row is done too */
    assert_ok(routes_find(hss.routes, bytes_of_str(MME1), &route));
    assert_true(push_window(hss.push, MME1, &route) <= 1);
    push_down(true);
}

#define NODES 5u

/* So that each has more to be told than may be under way. */
static void wait_at_nodes(struct hssd_peer nodes[static NODES])
{
    char digits[16];
    struct store_writer *w = store_the_writer(hss.store);
    for (unsigned i = 0; i < NODES * (PUSH_WINDOW + 1); i++) {
        struct store_serving now = {.realm = REALM, .plmn = {0, 0xf1, 0x10}, .since = 1}, before;
        struct store_push row = {.realm = REALM, .what = STORE_PUSH_DATA, .since = 1};
        snprintf(digits, sizeof digits, "0010100000%05u", i + 1);
        put_subscriber(digits, 0, false);
        row.imsi = imsi_of(digits);
        snprintf(now.host, sizeof now.host, "%s", nodes[i % NODES].origin_host);
        memcpy(row.host, now.host, sizeof row.host);
        assert_ok(store_begin(w));
        assert_ok(store_set_serving(w, &row.imsi, &now, NULL, &before));
        assert_ok(store_put_push(w, &row, 0));
        assert_ok(store_commit(w));
    }
}

/* They connect one after the other. */
static void meet(struct hssd_peer nodes[static NODES], struct hssd_peer_state states[static NODES],
                 char hosts[static NODES][STORE_HOST_MAX])
{
    for (size_t i = 0; i < NODES; i++) {
        snprintf(hosts[i], STORE_HOST_MAX, "%c." REALM, (char)('a' + i));
        nodes[i] = (struct hssd_peer){.kind = HSSD_PEER_END, .origin_host = hosts[i]};
        atomic_store(&states[i].peer, &nodes[i]);
        const struct route r = {
            .peer = &states[i], .thread = &thread, .conn = i + 1, .opened_ms = (int64_t)i + 1};
        assert_ok(routes_add(hss.routes, &r));
    }
}

static void who_answers_is_served_before_who_does_not(void **state)
{
    static struct hssd_peer nodes[NODES];
    static struct hssd_peer_state states[NODES];
    static char hosts[NODES][STORE_HOST_MAX];
    struct store_why why;
    (void)state;
    meet(nodes, states, hosts);
    wait_at_nodes(nodes);
    assert_ok(push_open(&hss, &why));
    for (size_t i = 0; i < PUSH_PACES; i++) { /* all were silent, and only the last came back */
        hss.push->paces[i] = (struct push_pace){.tries = 1, .until = INT64_MAX, .tried = NODES - 1};
    }
    assert_ok(push_start(&hss, &why));
    for (unsigned i = 0; i < PUSH_WINDOW; i++) {
        const struct s6a_idr *idr = idr_sent();
        assert_true(bytes_eq(idr->request.destination_host, bytes_of_str(hosts[NODES - 1])));
    }
    push_down(true);
}

static void nodes_take_turns_when_more_waits_than_can_be_under_way(void **state)
{
    static struct hssd_peer nodes[NODES];
    static struct hssd_peer_state states[NODES];
    static char hosts[NODES][STORE_HOST_MAX];
    (void)state;
    meet(nodes, states, hosts);
    wait_at_nodes(nodes);
    push_up();
    const struct s6a_idr *first = idr_kept();
    const uint64_t cookie = thread.cookie;
    assert_true(bytes_eq(first->request.destination_host, bytes_of_str(hosts[0])));
    for (unsigned i = 1; i < PUSH_ASKS; i++) {
        const struct s6a_idr *idr = idr_sent();
        assert_false(bytes_eq(idr->request.destination_host, bytes_of_str(hosts[NODES - 1])));
    }
    thread.cookie = cookie;
    answer_idr(first, DIAMETER_SUCCESS);
    const struct s6a_idr *next = idr_sent();
    assert_true(bytes_eq(next->request.destination_host, bytes_of_str(hosts[NODES - 1])));
    push_down(true);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, world_up, world_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(what_cannot_be_sent_waits_for_its_time),
        TEST(a_node_that_does_not_answer_keeps_no_place),
        TEST(no_answer_makes_the_node_slow),
        TEST(who_answers_is_served_before_who_does_not),
        TEST(nodes_take_turns_when_more_waits_than_can_be_under_way),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
