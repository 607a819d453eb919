/* A client node and a server node over loopback, on a virtual clock: no test waits for time. */
#include "nf/node_world.h"

#include <netinet/in.h>

static void two_nodes_talk(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    assert_string_equal(p->hss.host, "mme.home.example");
    assert_string_equal(p->mme.host, "hss.home.example");
    assert_string_equal(p->hss.address, "127.0.0.1");
    assert_false(p->hss.had_tls);
    for (uint64_t i = 0; i < 50; i++) {
        assert_ok(ask(&p->mme, i, 1000));
    }
    until(p, &p->mme.answers, 50);
    assert_int_equal(p->mme.cookie, 49);
    assert_ok(ask(&p->hss, 7, 1000)); /* the other way */
    until(p, &p->hss.answers, 1);
    assert_int_equal(p->hss.requests, 50);
    assert_true(p->hss.most_in_batch <= 16);
    assert_int_equal(p->hss.in_batch, 0);
    assert_int_equal(p->hss.traced_in, 52);  /* CER, 50 requests, 1 answer */
    assert_int_equal(p->hss.traced_out, 52); /* CEA, 50 answers, 1 request */
    struct node_stats st;
    node_stats(p->hss.node, &st);
    assert_int_equal(st.requests_received, 50);
    assert_int_equal(st.answers_sent, 50);
    assert_int_equal(st.open, 1);
    pair_close(p);
}

static void a_refused_peer_hears_why(void **state)
{
    (void)state;
    struct pair *p = pair_open();
    p->hss.refusal = REFUSAL_PEER_UNKNOWN;
    connect_them(p, NULL, NULL);
    until(p, &p->mme.closed, 1);
    assert_string_equal(p->mme.why, "the peer refused our capabilities exchange");
    spin(p, 10);
    assert_int_equal(p->hss.opened + p->mme.opened + p->hss.closed, 0);
    struct node_stats st;
    node_stats(p->hss.node, &st);
    assert_int_equal(st.refused, 1);
    pair_close(p);
}

static void nobody_there_is_told(void **state)
{
    (void)state;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct pair *p = pair_open();
    close(p->listener);
    /* A port that has an owner who does not listen: nobody else can be given it meanwhile. */
    p->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(bind(p->listener, (struct sockaddr *)&in, sizeof in), 0);
    p->at = socket_local(p->listener, TRANSPORT_TCP);
    enum err err = node_connect(p->mme.node, &p->at, NULL, NULL, &p->mme, &p->mme.conn);
    if (err == E_OK) {
        until(p, &p->mme.closed, 1);
        assert_non_null(strstr(p->mme.why, "refused"));
    } else {
        assert_err(err, E_IO);
    }
    pair_close(p);
}

static bool is_closed(int fd)
{
    uint8_t b[512];
    ssize_t n = recv(fd, b, sizeof b, MSG_DONTWAIT);
    return n == 0 || (n < 0 && errno != EAGAIN);
}

static void a_silent_connection_is_closed_after_the_cer_timeout(void **state)
{
    (void)state;
    struct pair *p = pair_open();
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_ok(node_adopt(p->hss.node, fds[0], TRANSPORT_TCP, NULL));
    spin(p, 5);
    p->hss.clock += 9999;
    spin(p, 5);
    assert_false(is_closed(fds[1]));
    p->hss.clock += 1;
    spin(p, 5);
    assert_true(is_closed(fds[1]));
    assert_int_equal(p->hss.strayed, 1);
    assert_int_equal(p->hss.closed, 0);
    assert_string_equal(p->hss.stray_why, peer_cause_sentence(PEER_CAUSE_NO_CAPABILITIES));
    close(fds[1]);
    pair_close(p);
}

static void a_silent_tls_connection_is_closed_too(void **state)
{
    (void)state;
    struct pki k;
    pki_open(&k);
    pki_make(&k, "ca", NULL, "CA", NULL);
    pki_make(&k, "hss", "ca", "hss.home.example", NULL);
    struct tls_files f = {pki_path(&k, "hss", ".crt"), pki_path(&k, "hss", ".key"),
                          pki_path(&k, "ca", ".crt")};
    struct tls_context *server;
    struct tls_why why;
    assert_ok(tls_context_open(&f, true, &server, &why));
    struct pair *p = pair_open();
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds), 0);
    assert_ok(node_adopt(p->hss.node, fds[0], TRANSPORT_TLS, server));
    spin(p, 5);
    assert_false(is_closed(fds[1]));
    p->hss.clock += 10000;
    spin(p, 5);
    assert_true(is_closed(fds[1]));
    close(fds[1]);
    pair_close(p);
    tls_context_close(server);
    pki_close(&k);
}

static uint64_t held_by(const struct node *n)
{
    struct node_stats st;
    node_stats(n, &st);
    return st.held;
}

/* Whoever adopts in a burst sees what it has adopted, however late the node's thread comes to it.
 */
static void what_is_adopted_counts_before_it_is_placed(void **state)
{
    (void)state;
    struct pair *p = pair_open();
    int fds[9][2];
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(held_by(p->hss.node), i);
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
        assert_ok(node_adopt(p->hss.node, fds[i][0], TRANSPORT_TCP, NULL));
    }
    assert_int_equal(held_by(p->hss.node), 9);
    spin(p, 5);
    assert_int_equal(held_by(p->hss.node), 8); /* one found no place */
    for (unsigned i = 0; i < 9; i++) {
        close(fds[i][1]);
    }
    spin(p, 5);
    assert_int_equal(held_by(p->hss.node), 0);
    connect_them(p, NULL, NULL);
    until(p, &p->mme.opened, 1);
    assert_int_equal(held_by(p->hss.node), 1);
    assert_int_equal(held_by(p->mme.node), 1);
    pair_close(p);
}

static void too_many_connections_are_closed_at_once(void **state)
{
    (void)state;
    struct pair *p = pair_open();
    int fds[9][2];
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds[i]), 0);
        assert_ok(node_adopt(p->hss.node, fds[i][0], TRANSPORT_TCP, NULL));
    }
    spin(p, 5);
    for (unsigned i = 0; i < 9; i++) {
        assert_int_equal(is_closed(fds[i][1]), i == 8);
        close(fds[i][1]);
    }
    spin(p, 5); /* places are free again */
    connect_them(p, NULL, NULL);
    until(p, &p->mme.opened, 1);
    pair_close(p);
}

static void a_lost_answer_times_out(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    p->hss.silent = true;
    assert_ok(ask(&p->mme, 77, 500));
    until(p, &p->hss.requests, 1);
    p->mme.clock += 499;
    spin(p, 5);
    assert_int_equal(p->mme.unanswered, 0);
    p->mme.clock += 1;
    until(p, &p->mme.unanswered, 1);
    assert_int_equal(p->mme.cookie, 77);
    pair_close(p);
}

static void what_waits_dies_with_the_connection_and_late_answers_find_nobody(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    node_handle dead = p->hss.conn;
    p->hss.silent = true;
    assert_ok(ask(&p->mme, 5, 60000));
    until(p, &p->hss.requests, 1);
    node_close(p->mme.node); /* without ceremony */
    assert_int_equal(p->mme.unanswered, 1);
    assert_int_equal(p->mme.closed, 1);
    side_open(&p->mme, "mme.home.example");
    until(p, &p->hss.closed, 1);
    assert_null(node_find(p->hss.node, dead));
    connect_them(p, NULL, NULL); /* takes the same slot */
    until(p, &p->hss.opened, 2);
    assert_null(node_find(p->hss.node, dead));
    assert_true(p->hss.conn != dead);
    pair_close(p);
}

/* How many of forty requests may wait for their answers at a time. */
static unsigned may_wait(bool brief, bool and_again)
{
    struct pair *p = pair_open();
    node_close(p->hss.node);
    struct node_config k = side_config(&p->hss, "hss.home.example");
    k.peer.answer_max = 8192;
    k.out_size = 8 * k.peer.answer_max;
    assert_ok(node_open(&k, &p->hss.node));
    connect_them(p, NULL, NULL);
    until(p, &p->hss.opened, 1);
    until(p, &p->mme.opened, 1);
    p->hss.silent = true;
    p->hss.brief = brief;
    for (unsigned i = 0; i < 40; i++) {
        assert_ok(ask(&p->mme, i, 60000));
    }
    spin(p, 200);
    const unsigned waiting = p->hss.requests;
    struct node_conn *c = node_find(p->hss.node, p->hss.conn);
    for (unsigned i = 0; and_again && i < waiting; i++) {
        node_owes_no_more_short(c);
        node_no_answer(p->hss.node, c);
    }
    until(p, &p->hss.requests, and_again ? 2 * waiting : waiting);
    pair_close(p);
    return waiting;
}

static void of_short_answers_more_may_be_owed(void **state)
{
    (void)state;
    assert_int_equal(may_wait(false, false), 8);
    assert_int_equal(may_wait(true, false), 15); /* and room for the longest one */
    assert_int_equal(may_wait(true, true), 15);
}

static void a_dead_peer_is_found_by_the_watchdog(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    for (unsigned i = 0; i < 3; i++) {
        p->hss.clock += 32001;
        for (unsigned k = 0; k < 5; k++) {
            assert_ok(node_poll(p->hss.node, 0)); /* the other node never runs */
        }
    }
    assert_int_equal(p->hss.closed, 1);
    assert_string_equal(p->hss.why, "the peer did not answer two watchdogs");
    pair_close(p);
}

static void both_leave_in_order_when_one_stops(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    node_stop(p->hss.node);
    until(p, &p->mme.closed, 1);
    until(p, &p->hss.closed, 1);
    assert_string_equal(p->mme.why, "the peer asked to disconnect");
    assert_string_equal(p->hss.why, "this side disconnected");
    spin(p, 20);
    assert_err(node_poll(p->hss.node, 0), E_CLOSED);
    assert_ok(node_run(p->hss.node));
    pair_close(p);
}

/* The stop comes from another thread, at a time that the connection has not heard of. */
static void who_was_quiet_for_long_leaves_in_order_too(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    p->hss.clock += 20000; /* before a watchdog is due */
    node_stop(p->hss.node);
    until(p, &p->mme.closed, 1);
    until(p, &p->hss.closed, 1);
    assert_string_equal(p->mme.why, "the peer asked to disconnect");
    assert_string_equal(p->hss.why, "this side disconnected");
    pair_close(p);
}

static void a_stop_is_bounded(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    p->hss.silent = true;
    node_stop(p->hss.node);
    for (unsigned i = 0; i < 5; i++) {
        assert_ok(node_poll(p->hss.node, 0)); /* nobody answers the DPR */
    }
    p->hss.clock += 5000;
    enum err err = E_OK;
    for (unsigned i = 0; i < 5 && err == E_OK; i++) {
        err = node_poll(p->hss.node, 0);
    }
    assert_err(err, E_CLOSED);
    assert_int_equal(p->hss.closed, 1);
    pair_close(p);
}

/* One peer sends and never reads, with answers as large as they get; the other's answers come all
 * the same, and the server holds no more than its buffers. */
static void a_peer_that_does_not_read_harms_nobody(void **state)
{
    (void)state;
    struct pair *p = open_pair();
    p->hss.answer_size = ANSWER_MAX;
    struct side greedy = {0};
    side_open(&greedy, "greedy.home.example");
    assert_ok(node_connect(greedy.node, &p->at, NULL, NULL, &greedy, &greedy.conn));
    assert_ok(node_adopt(p->hss.node, accept_one(p), TRANSPORT_TCP, NULL));
    for (unsigned i = 0; i < ROUNDS && greedy.opened == 0; i++) {
        assert_ok(node_poll(greedy.node, 0));
        spin(p, 1);
    }
    /* From here its socket is used raw: its node is never run again. */
    int fd = -1;
    for (int i = 3; i < 256 && fd < 0; i++) {
        struct address a = socket_remote(i, TRANSPORT_TCP), mine = socket_local(i, TRANSPORT_TCP);
        struct node_conn *c = node_find(greedy.node, greedy.conn);
        if (address_eq(&a, &p->at) && mine.port == node_conn_local(c)->port) {
            fd = i;
        }
    }
    assert_true(fd >= 0);
    uint8_t request[20] = {1, 0, 0, 20, 0xc0, 0, 1, 62, 1, 0, 0, 0x23};
    size_t sent = 0;
    unsigned stuck = 0;
    while (stuck < 50 && sent < 64u << 20) {
        ssize_t n = send(fd, request, sizeof request, MSG_DONTWAIT | MSG_NOSIGNAL);
        stuck = n == sizeof request ? 0 : stuck + 1;
        sent += n > 0 ? (size_t)n : 0;
        if (n > 0 && n != sizeof request) {
            break; /* a torn request: enough of them are there */
        }
        assert_ok(node_poll(p->hss.node, 0));
    }
    assert_true(sent < 64u << 20);
    unsigned before = p->mme.answers;
    for (uint64_t i = 0; i < 20; i++) {
        assert_ok(ask(&p->mme, i, 1000));
        until(p, &p->mme.answers, before + (unsigned)i + 1);
    }
    struct node_stats st;
    node_stats(p->hss.node, &st);
    assert_true(st.held_back >= 1);
    node_close(greedy.node);
    pair_close(p);
}

static void tls_contexts(struct pki *k, struct tls_context **client, struct tls_context **server)
{
    struct tls_why why;
    pki_open(k);
    pki_make(k, "ca", NULL, "CA", NULL);
    pki_make(k, "hss", "ca", "x", "DNS:hss.home.example");
    pki_make(k, "mme", "ca", "x", "DNS:mme.home.example");
    struct tls_files s = {pki_path(k, "hss", ".crt"), pki_path(k, "hss", ".key"),
                          pki_path(k, "ca", ".crt")};
    assert_ok(tls_context_open(&s, true, server, &why));
    struct tls_files c = {pki_path(k, "mme", ".crt"), pki_path(k, "mme", ".key"),
                          pki_path(k, "ca", ".crt")};
    assert_ok(tls_context_open(&c, false, client, &why));
}

static void tls_binds_the_name_to_the_certificate(void **state)
{
    (void)state;
    struct pki k;
    struct tls_context *client, *server;
    tls_contexts(&k, &client, &server);
    struct pair *p = pair_open();
    strcpy(p->hss.want_name, "mme.home.example");
    strcpy(p->mme.want_name, "hss.home.example");
    connect_them(p, client, server);
    until(p, &p->mme.opened, 1);
    until(p, &p->hss.opened, 1);
    assert_true(p->hss.had_tls);
    p->hss.answer_size = ANSWER_MAX;
    for (uint64_t i = 0; i < 60; i++) {
        assert_ok(ask(&p->mme, i, 1000));
    }
    until(p, &p->mme.answers, 60);
    node_stop(p->mme.node);
    until(p, &p->hss.closed, 1);
    until(p, &p->mme.closed, 1);
    pair_close(p);
    p = pair_open(); /* the right CA, another name */
    strcpy(p->hss.want_name, "other.home.example");
    connect_them(p, client, server);
    until(p, &p->mme.closed, 1);
    assert_string_equal(p->mme.why, "the peer refused our capabilities exchange");
    pair_close(p);
    tls_context_close(client), tls_context_close(server);
    pki_close(&k);
}

static void tls_of_a_stranger_gets_nowhere(void **state)
{
    (void)state;
    struct pki k, other;
    struct tls_context *client, *server, *strange_client, *strange_server;
    tls_contexts(&k, &client, &server);
    tls_contexts(&other, &strange_client, &strange_server);
    struct pair *p = pair_open();
    connect_them(p, strange_client, server);
    until(p, &p->mme.closed, 1);
    assert_int_equal(p->hss.opened + p->mme.opened, 0);
    assert_non_null(strstr(p->mme.why, "certificate")); /* the client refuses the server first */
    struct node_stats st;
    spin(p, 20);
    node_stats(p->hss.node, &st);
    assert_int_equal(st.tls_failed, 1);
    assert_int_equal(p->hss.strayed, 1);
    pair_close(p);
    tls_context_close(client), tls_context_close(server);
    tls_context_close(strange_client), tls_context_close(strange_server);
    pki_close(&k), pki_close(&other);
}

static void count_up(void *arg)
{
    atomic_fetch_add((atomic_uint *)arg, 1);
}

struct poster {
    struct node *node;
    atomic_uint *count;
};

static void *post_many(void *arg)
{
    struct poster *p = arg;
    for (unsigned i = 0; i < 1000; i++) {
        while (node_post(p->node, count_up, p->count) == E_BUSY) {
        }
    }
    return NULL;
}

static void *run_node(void *arg)
{
    assert_ok(node_run(arg));
    return NULL;
}

static void other_threads_may_post_and_stop(void **state)
{
    (void)state;
    struct side s = {0};
    pthread_t runner, posters[3];
    atomic_uint count = 0;
    side_open(&s, "hss.home.example");
    struct poster p = {s.node, &count};
    assert_int_equal(pthread_create(&runner, NULL, run_node, s.node), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(pthread_create(&posters[i], NULL, post_many, &p), 0);
    }
    for (unsigned i = 0; i < 3; i++) {
        pthread_join(posters[i], NULL);
    }
    node_stop(s.node);
    pthread_join(runner, NULL);
    node_close(s.node); /* runs what is left */
    assert_int_equal(atomic_load(&count), 3000);
}

static void unsound_configurations_are_refused(void **state)
{
    (void)state;
    struct node_callbacks none = {0};
    struct node_config k = node_config_default();
    struct node *n = NULL;
    k.callbacks = &none;
    assert_err(node_open(&k, &n), E_BAD_VALUE);
    assert_null(n);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(two_nodes_talk),
        cmocka_unit_test(a_refused_peer_hears_why),
        cmocka_unit_test(nobody_there_is_told),
        cmocka_unit_test(a_silent_connection_is_closed_after_the_cer_timeout),
        cmocka_unit_test(a_silent_tls_connection_is_closed_too),
        cmocka_unit_test(what_is_adopted_counts_before_it_is_placed),
        cmocka_unit_test(too_many_connections_are_closed_at_once),
        cmocka_unit_test(a_lost_answer_times_out),
        cmocka_unit_test(what_waits_dies_with_the_connection_and_late_answers_find_nobody),
        cmocka_unit_test(of_short_answers_more_may_be_owed),
        cmocka_unit_test(a_dead_peer_is_found_by_the_watchdog),
        cmocka_unit_test(both_leave_in_order_when_one_stops),
        cmocka_unit_test(who_was_quiet_for_long_leaves_in_order_too),
        cmocka_unit_test(a_stop_is_bounded),
        cmocka_unit_test(a_peer_that_does_not_read_harms_nobody),
        cmocka_unit_test(tls_binds_the_name_to_the_certificate),
        cmocka_unit_test(tls_of_a_stranger_gets_nowhere),
        cmocka_unit_test(other_threads_may_post_and_stop),
        cmocka_unit_test(unsound_configurations_are_refused),
    };
    return cmocka_run_group_tests_name("nf/node", tests, NULL, NULL);
}
