/* SCTP over UDP: over a wire that loses and repeats packets or is cut, and against packets that are
 * none. */
#include "net/assoc_ends.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usrsctp.h>

/* Stands between both ends: what comes from the server's socket goes to the last other sender. */
struct wire {
    int fd;
    struct sockaddr_in at, server, client;
    bool cut;
    unsigned lose, repeat; /* in a hundred */
    uint64_t seed;
};

static struct wire wire_to(const struct address *server)
{
    struct wire w = {.seed = 7};
    w.fd = udp_at(0, &w.at);
    w.server = w.at;
    w.server.sin_port = htons(server->udp_port);
    return w;
}

static void carry(struct wire *w)
{
    uint8_t packet[65536];
    struct sockaddr_in from;
    socklen_t n = sizeof from;
    ssize_t got;
    while ((got = recvfrom(w->fd, packet, sizeof packet, 0, (struct sockaddr *)&from, &n)) >= 0) {
        bool back = from.sin_port == w->server.sin_port;
        if (!back) {
            w->client = from;
        }
        const struct sockaddr_in *to = back ? &w->client : &w->server;
        unsigned times = test_rand(&w->seed) % 100 < w->repeat ? 2 : 1;
        if (w->cut || test_rand(&w->seed) % 100 < w->lose) {
            times = 0;
        }
        for (unsigned i = 0; i < times; i++) {
            (void)sendto(w->fd, packet, (size_t)got, 0, (const struct sockaddr *)to, sizeof *to);
        }
        n = sizeof from;
    }
}

#define pump_wire_until(w, a, b, condition)                                                        \
    for (unsigned pumps_ = 0; !(condition); pumps_++) {                                            \
        if (pumps_ == PUMPS_MAX) {                                                                 \
            fail_msg("never happened: %s", #condition);                                            \
        }                                                                                          \
        carry(w);                                                                                  \
        pump(a, b);                                                                                \
    }

static struct wire meet_over_wire(struct end *server, struct end *client,
                                  const struct address *from)
{
    struct address at = address_of("sctp-udp://127.0.0.1:0?udp=0"), bound;
    assoc_handle h;
    unsigned up = server->up;
    assert_ok(assoc_listen(server->set, &at, &bound));
    struct wire w = wire_to(&bound);
    bound.udp_port = ntohs(w.at.sin_port);
    assert_ok(assoc_connect(client->set, &bound, from, client, &h));
    pump_wire_until(&w, server, client, client->up == 1 && server->up == up + 1);
    return w;
}

/* Where one packet in ten is lost there or back, five in a row are no sign that the peer is gone.
 */
static void open_patient(struct end *e)
{
    struct assoc_config c = end_config(e);
    *e = (struct end){0};
    c.retransmissions = 20;
    assert_ok(assoc_set_open(&c, &e->set));
}

static void a_wire_that_loses_and_repeats_packets_changes_nothing(void **state)
{
    (void)state;
    struct end server, client;
    uint32_t sent = 0;
    open_patient(&server);
    open_patient(&client);
    struct wire w = meet_over_wire(&server, &client, NULL);
    w.lose = 5;
    w.repeat = 5;
    server.echo = server.ordered = client.ordered = true;
    while (client.received < 2000) {
        while (sent < 2000 && sent - client.received < 50) {
            number_to(client.a, sent++);
        }
        carry(&w);
        pump(&server, &client);
    }
    assert_int_equal(server.received, 2000);
    assert_int_equal(client.down + server.down, 0);
    (void)close(w.fd);
    close_both(&server, &client);
}

static void a_peer_that_is_cut_off_is_lost_within_seconds(void **state)
{
    (void)state;
    struct end server, client;
    open_both(&server, &client);
    struct wire w = meet_over_wire(&server, &client, NULL);
    w.cut = true;
    uint64_t begun = test_clock;
    number_to(client.a, 0);
    number_to(server.a, 0);
    pump_wire_until(&w, &server, &client, client.down == 1 && server.down == 1);
    assert_int_equal(client.cause, ASSOC_LOST);
    assert_int_equal(server.cause, ASSOC_LOST);
    assert_true(test_clock - begun < 10000);
    (void)close(w.fd);
    close_both(&server, &client);
}

static void a_peer_that_restarted_is_noticed(void **state)
{
    (void)state;
    struct end server, client, again;
    struct address from = address_of("sctp-udp://127.0.0.1:40001?udp=0");
    assoc_handle h;
    open_both(&server, &client);
    struct wire w = meet_over_wire(&server, &client, &from);
    struct address to = *assoc_peer(client.a);
    from.udp_port = assoc_local(client.a)->udp_port;
    w.cut = true;
    assoc_set_close(client.set); /* its abort does not get through */
    carry(&w);
    w.cut = false;
    end_open(&again);
    assert_ok(assoc_connect(again.set, &to, &from, NULL, &h));
    pump_wire_until(&w, &server, &again, server.down == 1 && again.down == 1);
    assert_int_equal(server.cause, ASSOC_RESTARTED);
    assert_int_equal(again.cause, ASSOC_PEER_ABORTED);
    assert_ok(assoc_connect(again.set, &to, &from, NULL, &h));
    pump_wire_until(&w, &server, &again,
                    server.up == 2 && assoc_find(again.set, h) != NULL &&
                        assoc_is_up(assoc_find(again.set, h)));
    (void)close(w.fd);
    close_both(&server, &again);
}

static void packets_that_are_none_are_ignored(void **state)
{
    (void)state;
    struct end server, client;
    struct sockaddr_in at, to;
    uint8_t junk[1500];
    uint64_t seed = 3;
    open_both(&server, &client);
    struct address bound = meet(&server, &client, "sctp-udp://127.0.0.1:0?udp=0");
    int fd = udp_at(0, &at);
    to = at;
    to.sin_port = htons(bound.udp_port);
    for (unsigned i = 0; i < 2000; i++) {
        size_t n = test_rand(&seed) % (i % 2 == 0 ? 40 : sizeof junk);
        for (size_t k = 0; k < n; k++) {
            junk[k] = (uint8_t)test_rand(&seed);
        }
        if (n >= 12) { /* a good header and checksum, so that the stack has to look at the rest */
            uint32_t sum;
            junk[2] = (uint8_t)(bound.port >> 8);
            junk[3] = (uint8_t)bound.port;
            if (n >= 16) {
                junk[12] = (uint8_t)(test_rand(&seed) % 15);
                junk[14] = (uint8_t)((n - 12) >> 8);
                junk[15] = (uint8_t)(n - 12);
            }
            memset(junk + 4, 0, i % 4 < 2 ? 8 : 4);
            memset(junk + 8, 0, 4);
            sum = usrsctp_crc32c(junk, n);
            memcpy(junk + 8, &sum, 4);
        }
        (void)sendto(fd, junk, n, 0, (struct sockaddr *)&to, sizeof to);
        pump(&server, &client);
    }
    assert_int_equal(server.up, 1);
    assert_int_equal(server.down + client.down, 0);
    number_to(client.a, 1);
    pump_until(&server, &client, server.received == 1);
    (void)close(fd);
    close_both(&server, &client);
}

static void handshakes_that_are_never_finished_take_nothing(void **state)
{
    (void)state;
    struct end server, client;
    struct assoc_stats stats;
    open_both(&server, &client);
    struct address bound = meet(&server, &client, "sctp-udp://127.0.0.1:0?udp=0");
    for (unsigned i = 0; i < 500; i++) { /* an INIT each, from another UDP port */
        struct sockaddr_in at, to;
        uint8_t init[32] = {
            0x9c, 0x40, [12] = 1, [15] = 20, [19] = 1, [21] = 1, [25] = 2, [27] = 2};
        int fd = udp_at(0, &at);
        to = at;
        to.sin_port = htons(bound.udp_port);
        init[2] = (uint8_t)(bound.port >> 8);
        init[3] = (uint8_t)bound.port;
        uint32_t sum = usrsctp_crc32c(init, sizeof init);
        memcpy(init + 8, &sum, 4);
        (void)sendto(fd, init, sizeof init, 0, (struct sockaddr *)&to, sizeof to);
        pump(&server, &client);
        uint8_t answer[2048];
        assert_true(recv(fd, answer, sizeof answer, 0) > 16);
        assert_int_equal(answer[12], 2); /* INIT ACK */
        (void)close(fd);
    }
    assoc_stats(server.set, &stats);
    assert_int_equal(stats.held, 1);
    assert_int_equal(server.asked, 1);
    close_both(&server, &client);
}

static void one_udp_socket_serves_several_listeners(void **state)
{
    (void)state;
    struct end server, client;
    open_both(&server, &client);
    struct address first = meet(&server, &client, "sctp-udp://127.0.0.1:0?udp=0"), bound;
    struct address second = first;
    assoc_handle h;
    second.port = 0;
    assert_ok(assoc_listen(server.set, &second, &bound));
    assert_int_equal(bound.udp_port, first.udp_port);
    assert_int_not_equal(bound.port, first.port);
    assert_ok(assoc_connect(client.set, &bound, NULL, NULL, &h));
    pump_until(&server, &client, server.up == 2 && client.up == 2);
    assert_true(address_eq(&server.at, &bound));
    close_both(&server, &client);
}

static void a_port_of_one_listener_is_not_served_on_the_socket_of_another(void **state)
{
    (void)state;
    struct end server, client;
    open_both(&server, &client);
    struct address first = meet(&server, &client, "sctp-udp://127.0.0.1:0?udp=0");
    struct address second = address_of("sctp-udp://127.0.0.1:0?udp=0"), wrong = first;
    struct end other;
    assoc_handle h;
    end_open(&other);
    assert_ok(assoc_listen(other.set, &second, &second));
    wrong.udp_port = second.udp_port;
    assert_ok(assoc_connect(client.set, &wrong, NULL, NULL, &h));
    for (unsigned i = 0; i < PUMPS_MAX && client.down == 0; i++) {
        pump(&server, &client);
        pump_one(&other);
    }
    assert_int_equal(client.down, 1);
    assert_int_equal(server.asked, 1);
    assert_int_equal(other.asked, 0);
    close_both(&server, &client);
    assoc_set_close(other.set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_wire_that_loses_and_repeats_packets_changes_nothing),
        cmocka_unit_test(a_peer_that_is_cut_off_is_lost_within_seconds),
        cmocka_unit_test(a_peer_that_restarted_is_noticed),
        cmocka_unit_test(packets_that_are_none_are_ignored),
        cmocka_unit_test(handshakes_that_are_never_finished_take_nothing),
        cmocka_unit_test(one_udp_socket_serves_several_listeners),
        cmocka_unit_test(a_port_of_one_listener_is_not_served_on_the_socket_of_another),
    };
    return cmocka_run_group_tests_name("net/assoc_udp", tests, NULL, NULL);
}
