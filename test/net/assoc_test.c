/* What holds for an association over any transport, tried over framed TCP and over SCTP over UDP
 * with both ends in this process. */
#include "net/assoc_ends.h"

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static const char *where(void **state)
{
    return *state;
}

static bool is_udp(void **state)
{
    return strncmp(where(state), "sctp-udp", 8) == 0;
}

static void messages_keep_their_borders_streams_and_ppids(void **state)
{
    struct end server, client;
    open_both(&server, &client);
    struct address at = meet(&server, &client, where(state));
    assert_int_not_equal(at.port, 0);
    for (uint16_t i = 0; i < 5; i++) {
        uint8_t octets[40] = {(uint8_t)i};
        struct assoc_message m = {{octets, 1u + i * 7u}, i, 18u + i};
        assert_ok(assoc_send(client.a, &m));
    }
    pump_until(&server, &client, server.received == 5);
    bool seen[5] = {false};
    for (size_t k = 0; k < 5; k++) {
        const struct kept *got = &server.kept[k];
        uint8_t i = got->octets[0];
        assert_true(i < 5 && !seen[i]);
        seen[i] = true;
        assert_int_equal(got->n, 1 + i * 7);
        assert_int_equal(got->stream, i);
        assert_int_equal(got->ppid, 18 + i);
    }
    close_both(&server, &client);
}

static void both_ends_know_whom_they_met(void **state)
{
    struct end server, client;
    uint16_t in, out;
    open_both(&server, &client);
    struct address at = meet(&server, &client, where(state));
    assert_true(address_eq(assoc_peer(client.a), &at));
    assert_true(address_eq(&server.at, &at));
    assert_true(address_same_ip(&server.peer, &at));
    assert_true(address_eq(assoc_peer(server.a), &server.peer));
    assert_int_equal(assoc_local(client.a)->port, server.peer.port);
    assert_int_equal(assoc_local(client.a)->udp_port, server.peer.udp_port);
    assert_true(assoc_initiator(client.a));
    assert_false(assoc_initiator(server.a));
    assert_ptr_equal(assoc_ctx(server.a), &server);
    assert_ptr_equal(assoc_ctx(client.a), &client);
    assoc_streams(client.a, &in, &out);
    assert_true(in >= 2);
    assert_int_equal(out, 32);
    assoc_streams(server.a, &in, &out);
    assert_true(in >= 2);
    assert_int_equal(out, 32);
    close_both(&server, &client);
}

static void what_is_no_message_is_not_sent(void **state)
{
    struct end server, client;
    static uint8_t octets[ASSOC_MESSAGE_MAX + 1];
    struct assoc_message none = {{octets, 0}, 0, 18}, long_one = {BYTES_OF(octets), 0, 18};
    struct assoc_message stray = {{octets, 1}, 32, 18};
    open_both(&server, &client);
    (void)meet(&server, &client, where(state));
    assert_err(assoc_send(client.a, &none), E_BAD_LENGTH);
    assert_err(assoc_send(client.a, &long_one), E_BAD_LENGTH);
    assert_err(assoc_send(client.a, &stray), E_BAD_VALUE);
    assert_int_equal(assoc_unsent(client.a), 0);
    close_both(&server, &client);
}

static void the_longest_messages_arrive_whole(void **state)
{
    struct end server, client;
    static uint8_t octets[ASSOC_MESSAGE_MAX];
    const size_t lengths[] = {1, 1200, 1300, 20000, ASSOC_MESSAGE_MAX - 1, ASSOC_MESSAGE_MAX};
    const size_t count = sizeof lengths / sizeof lengths[0];
    open_both(&server, &client);
    (void)meet(&server, &client, where(state));
    for (size_t i = 0; i < count; i++) {
        struct assoc_message m = {{octets, lengths[i]}, 1, 18};
        octets[0] = (uint8_t)i;
        while (assoc_send(client.a, &m) == E_BUSY) {
            pump(&server, &client);
        }
    }
    pump_until(&server, &client, server.received == count);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(server.kept[i].n, lengths[i]);
        assert_int_equal(server.kept[i].octets[0], i);
    }
    assert_int_equal(client.down, 0);
    close_both(&server, &client);
}

static void ten_thousand_messages_go_both_ways_in_order(void **state)
{
    struct end server, client;
    struct assoc_stats stats;
    enum { COUNT = 10000 };
    uint32_t sent = 0;
    open_both(&server, &client);
    (void)meet(&server, &client, where(state));
    server.echo = server.ordered = client.ordered = true;
    while (client.received < COUNT) {
        while (sent < COUNT && sent - client.received < 200) {
            number_to(client.a, sent++);
        }
        pump(&server, &client);
    }
    assert_int_equal(server.received, COUNT);
    assoc_stats(client.set, &stats);
    assert_int_equal(stats.messages_sent, COUNT);
    assert_int_equal(stats.messages_received, COUNT);
    assert_int_equal(stats.octets_received, COUNT * 100);
    assert_int_equal(stats.up, 1);
    close_both(&server, &client);
}

/* Sends until it is refused; how many were taken. */
static uint32_t fill(struct end *server, struct end *client, uint32_t from)
{
    uint8_t octets[1000] = {0};
    struct assoc_message m = {BYTES_OF(octets), 1, 18};
    uint32_t number = from;
    for (unsigned quiet = 0; quiet < 1000;) {
        memcpy(octets, &number, sizeof number);
        enum err err = assoc_send(client->a, &m);
        if (err == E_OK) {
            number++;
            quiet = 0;
        } else {
            assert_err(err, E_BUSY);
            quiet++;
            pump(server, client);
        }
    }
    return number;
}

static void a_peer_that_does_not_read_makes_us_busy_and_gets_all_of_it_later(void **state)
{
    struct end server, client;
    struct assoc_config c = assoc_config_default();
    open_both(&server, &client);
    server.hold = server.ordered = true;
    (void)meet(&server, &client, where(state));
    uint32_t taken = fill(&server, &client, 0);
    size_t waiting = assoc_unsent(client.a);
    assert_true(waiting <= c.out_size);
    assert_true(waiting > c.out_size - 2000);
    assert_int_equal(client.rooms, 0);
    assert_int_equal(server.received, 0);
    assert_int_equal(client.down + server.down, 0);
    assoc_hold(server.a, false);
    pump_until(&server, &client, client.rooms > 0);
    assert_true(assoc_unsent(client.a) <= c.out_size / 2);
    pump_until(&server, &client, server.received == taken);
    assert_int_equal(client.rooms, 1);
    assert_int_equal(client.down + server.down, 0);
    close_both(&server, &client);
}

static void a_stuck_peer_costs_another_nothing(void **state)
{
    struct end server, stuck, lively;
    assoc_handle h;
    open_both(&server, &stuck);
    end_open(&lively);
    struct address at = meet(&server, &stuck, where(state));
    struct assoc *to_stuck = server.a;
    assoc_hold(stuck.a, true);
    uint8_t octets[1000] = {0};
    struct assoc_message m = {BYTES_OF(octets), 1, 18};
    for (unsigned busy = 0; busy < 100;) {
        if (assoc_send(to_stuck, &m) == E_BUSY) {
            busy++;
            pump(&server, &stuck);
        }
    }
    server.echo = true;
    assert_ok(assoc_connect(lively.set, &at, NULL, &lively, &h));
    pump_until(&server, &lively, lively.up == 1);
    for (uint32_t i = 0; i < 500; i++) {
        number_to(lively.a, i);
        pump_until(&server, &lively, lively.received == i + 1);
    }
    assert_int_equal(lively.received, 500);
    close_both(&server, &stuck);
    assoc_set_close(lively.set);
}

static void a_peer_that_only_does_not_read_is_not_given_up(void **state)
{
    struct end server, client;
    open_both(&server, &client);
    server.hold = server.ordered = true;
    (void)meet(&server, &client, where(state));
    uint32_t taken = fill(&server, &client, 0);
    for (unsigned ms = 0; ms < 60000; ms++) {
        pump(&server, &client);
    }
    assert_int_equal(client.down + server.down, 0);
    assoc_hold(server.a, false);
    pump_until(&server, &client, server.received == taken);
    close_both(&server, &client);
}

static void a_message_that_is_too_long_for_us_ends_it(void **state)
{
    struct end server = {0}, client;
    struct assoc_config c = end_config(&server);
    static uint8_t octets[60000];
    struct assoc_message fits = {{octets, 1000}, 1, 18}, longer = {{octets, 1001}, 1, 18};
    struct assoc_message longest = {BYTES_OF(octets), 1, 18};
    c.message_max = 1000;
    c.in_size = c.out_size = 2000;
    assert_ok(assoc_set_open(&c, &server.set));
    end_open(&client);
    (void)meet(&server, &client, where(state));
    for (unsigned i = 0; i < 10; i++) {
        assert_ok(assoc_send(client.a, &fits));
        pump_until(&server, &client, server.received == i + 1);
    }
    assert_ok(assoc_send(client.a, &longer));
    pump_until(&server, &client, server.down == 1 && client.down == 1);
    assert_int_equal(server.cause, ASSOC_TOO_LONG);
    assert_int_equal(client.cause, ASSOC_PEER_ABORTED);
    server.down = client.down = 0;
    (void)meet(&server, &client, where(state));
    assert_ok(assoc_send(client.a, &longest));
    pump_until(&server, &client, server.down == 1 && client.down == 1);
    assert_int_equal(server.cause, ASSOC_TOO_LONG);
    assert_int_equal(server.received, 10);
    close_both(&server, &client);
}

/* Ended from inside each callback in turn: nothing is touched after it is gone. */
static unsigned ends;
static void ends_in_up(void *ctx, struct assoc *a)
{
    end_up(ctx, a);
    if (ends == 0) {
        assoc_abort(a);
    }
}
static void ends_in_message(void *ctx, struct assoc *a, const struct assoc_message *m)
{
    end_message(ctx, a, m);
    if (ends == 1) {
        assoc_abort(a);
    } else if (ends == 2) {
        assoc_shutdown(a);
    } else if (ends == 3) {
        assert_ok(assoc_send(a, m));
        assoc_shutdown(a);
        assoc_abort(a);
    }
}

static void it_may_be_ended_from_inside_any_callback(void **state)
{
    static const struct assoc_callbacks callbacks = {end_accept, ends_in_up, end_down,
                                                     ends_in_message, end_room};
    const enum assoc_cause causes[] = {ASSOC_ABORTED_HERE, ASSOC_ABORTED_HERE, ASSOC_ENDED_HERE,
                                       ASSOC_ABORTED_HERE};
    for (ends = 0; ends < 4; ends++) {
        struct end server = {0}, client;
        struct assoc_config c = end_config(&server);
        struct address at = address_of(where(state)), bound;
        assoc_handle h;
        c.callbacks = &callbacks;
        assert_ok(assoc_set_open(&c, &server.set));
        end_open(&client);
        assert_ok(assoc_listen(server.set, &at, &bound));
        assert_ok(assoc_connect(client.set, &bound, NULL, NULL, &h));
        pump_until(&server, &client, client.up + client.down > 0);
        for (uint32_t i = 0; i < 3 && client.a != NULL && assoc_is_up(client.a); i++) {
            struct assoc_message m = {BYTES_LIT("three at once"), 1, 18};
            assert_ok(assoc_send(client.a, &m));
        }
        pump_until(&server, &client, server.down == 1 && client.down == 1);
        assert_int_equal(server.cause, causes[ends]);
        assert_int_equal(server.received, ends == 0 ? 0 : 1);
        close_both(&server, &client);
    }
}

static void shutdown_sends_what_waits_first(void **state)
{
    struct end server, client;
    open_both(&server, &client);
    server.ordered = true;
    (void)meet(&server, &client, where(state));
    struct assoc *a = client.a;
    for (uint32_t i = 0; i < 1500; i++) {
        number_to(client.a, i);
    }
    assoc_shutdown(a);
    assert_false(assoc_is_up(a));
    assert_err(assoc_send(a, &(struct assoc_message){BYTES_LIT("x"), 0, 18}), E_CLOSED);
    pump_until(&server, &client, client.down == 1 && server.down == 1);
    assert_int_equal(server.received, 1500);
    assert_int_equal(client.cause, ASSOC_ENDED_HERE);
    assert_int_equal(server.cause, ASSOC_PEER_ENDED);
    assert_ptr_equal(server.ctx_at_down, &server);
    close_both(&server, &client);
}

static void an_abort_is_seen_as_one(void **state)
{
    struct end server, client;
    open_both(&server, &client);
    (void)meet(&server, &client, where(state));
    assoc_handle h = assoc_handle_of(client.a);
    assert_ptr_equal(assoc_find(client.set, h), client.a);
    assoc_abort(client.a);
    assert_null(assoc_find(client.set, h));
    assert_int_equal(client.down, 0); /* never from inside */
    pump_until(&server, &client, client.down == 1 && server.down == 1);
    assert_int_equal(client.cause, ASSOC_ABORTED_HERE);
    assert_int_equal(server.cause, ASSOC_PEER_ABORTED);
    close_both(&server, &client);
}

static void nobody_listening_is_refused(void **state)
{
    struct end server, client;
    struct assoc_stats stats;
    assoc_handle h;
    open_both(&server, &client);
    struct address at = meet(&server, &client, where(state));
    if (is_udp(state)) {
        at.port++; /* the same stack, but no such SCTP port */
    } else {
        assoc_set_close(server.set);
        end_open(&server);
        pump_until(&server, &client, client.down == 1);
    }
    client.down = 0;
    assert_ok(assoc_connect(client.set, &at, NULL, &client, &h));
    pump_until(&server, &client, client.down == 1);
    assert_int_equal(client.cause, ASSOC_REFUSED);
    assert_ptr_equal(client.ctx_at_down, &client);
    assoc_stats(client.set, &stats);
    assert_int_equal(stats.not_up, 1);
    close_both(&server, &client);
}

static void one_that_is_turned_away_is_aborted(void **state)
{
    struct end server, client;
    struct assoc_stats stats;
    assoc_handle h;
    open_both(&server, &client);
    server.turn_away = true;
    struct address at = address_of(where(state)), bound;
    assert_ok(assoc_listen(server.set, &at, &bound));
    assert_ok(assoc_connect(client.set, &bound, NULL, NULL, &h));
    pump_until(&server, &client, client.down == 1);
    assert_int_equal(server.asked, 1);
    assert_int_equal(server.up + server.down, 0);
    assert_true(client.cause == ASSOC_PEER_ABORTED || client.cause == ASSOC_REFUSED);
    assoc_stats(server.set, &stats);
    assert_int_equal(stats.turned_away, 1);
    assert_int_equal(stats.held, 0);
    close_both(&server, &client);
}

static void those_too_many_are_aborted_and_those_there_stay(void **state)
{
    struct end server = {0}, client;
    struct assoc_config c = end_config(&server);
    struct assoc_stats stats;
    assoc_handle h;
    c.associations_max = 2;
    assert_ok(assoc_set_open(&c, &server.set));
    end_open(&client);
    struct address at = meet(&server, &client, where(state));
    for (unsigned i = 0; i < 3; i++) {
        assert_ok(assoc_connect(client.set, &at, NULL, NULL, &h));
    }
    pump_until(&server, &client, client.down == 2);
    assoc_stats(server.set, &stats);
    assert_int_equal(stats.no_room, 2);
    assert_int_equal(stats.up, 2);
    assert_int_equal(server.down, 0);
    assert_err(assoc_connect(server.set, &at, NULL, NULL, &h), E_BUSY);
    close_both(&server, &client);
}

static void one_that_was_lost_can_be_made_again(void **state)
{
    struct end server, client;
    assoc_handle h, before = 0;
    open_both(&server, &client);
    struct address at = meet(&server, &client, where(state));
    for (unsigned i = 1; i <= 20; i++) {
        assoc_abort(i % 2 == 0 ? client.a : server.a);
        pump_until(&server, &client, client.down == i && server.down == i);
        assert_ok(assoc_connect(client.set, &at, NULL, &client, &h));
        assert_true(h != before);
        before = h;
        pump_until(&server, &client, client.up == i + 1 && server.up == i + 1);
        number_to(client.a, i);
        pump_until(&server, &client, server.received == i);
    }
    close_both(&server, &client);
}

static void a_set_with_a_hundred_associations_serves_each(void **state)
{
    struct end server, client;
    assoc_handle h[100];
    open_both(&server, &client);
    struct address at = meet(&server, &client, where(state));
    server.echo = true;
    for (unsigned i = 0; i < 100; i++) {
        assert_ok(assoc_connect(client.set, &at, NULL, NULL, &h[i]));
    }
    pump_until(&server, &client, client.up == 101 && server.up == 101);
    for (unsigned i = 0; i < 100; i++) {
        struct assoc *a = assoc_find(client.set, h[i]);
        struct assoc_message m = {BYTES_LIT("here"), 1, 18};
        assert_non_null(a);
        assert_ok(assoc_send(a, &m));
    }
    pump_until(&server, &client, client.received == 100);
    assert_int_equal(client.down + server.down, 0);
    close_both(&server, &client);
}

static void closing_the_set_aborts_what_there_is(void **state)
{
    struct end server, client;
    open_both(&server, &client);
    (void)meet(&server, &client, where(state));
    assoc_set_close(server.set);
    assert_int_equal(server.down, 0); /* without callbacks */
    pump_until(&client, NULL, client.down == 1);
    assert_int_equal(client.cause, ASSOC_PEER_ABORTED);
    assoc_set_close(client.set);
}

static void an_address_is_taken_once(void **state)
{
    struct end server, other;
    struct address at = address_of(where(state)), bound;
    open_both(&server, &other);
    assert_ok(assoc_listen(server.set, &at, &bound));
    assert_err(assoc_listen(other.set, &bound, NULL), E_EXISTS);
    close_both(&server, &other);
    end_open(&server);
    assert_ok(assoc_listen(server.set, &bound, NULL)); /* and is free again */
    assoc_set_close(server.set);
}

static void the_descriptor_says_when_there_is_work(void **state)
{
    struct end server, client;
    open_both(&server, &client);
    (void)meet(&server, &client, where(state));
    struct pollfd p = {assoc_fd(server.set), POLLIN, 0};
    while (poll(&p, 1, 0) != 0) {
        pump_one(&server);
    }
    number_to(client.a, 7);
    assert_int_equal(poll(&p, 1, -1), 1);
    pump_until(&server, NULL, server.received == 1);
    while (poll(&p, 1, 0) != 0) {
        pump_one(&server);
    }
    assoc_abort(server.a); /* something to be said */
    assert_int_equal(poll(&p, 1, 0), 1);
    assert_int_equal(assoc_wait_ms(server.set), 0);
    pump_one(&server);
    assert_int_equal(server.down, 1);
    close_both(&server, &client);
}

/* A peer that answers nothing at all: what is there takes the packets and keeps them. */
static void a_silent_peer_is_given_up_after_the_setup_time(void **state)
{
    struct end client;
    struct address at = address_of(where(state));
    assoc_handle h;
    end_open(&client);
    if (is_udp(state)) {
        int silent = socket(AF_INET, SOCK_DGRAM, 0);
        struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        socklen_t n = sizeof in;
        assert_int_equal(bind(silent, (struct sockaddr *)&in, sizeof in), 0);
        assert_int_equal(getsockname(silent, (struct sockaddr *)&in, &n), 0);
        at.port = 36412;
        at.udp_port = ntohs(in.sin_port);
        uint64_t begun = test_clock;
        assert_ok(assoc_connect(client.set, &at, NULL, NULL, &h));
        pump_until(&client, NULL, client.down == 1);
        assert_int_equal(client.cause, ASSOC_SETUP_TIMEOUT);
        assert_true(test_clock - begun <= assoc_config_default().setup_timeout_ms + 1);
        (void)close(silent);
    }
    assoc_set_close(client.set);
}

static void an_orderly_end_that_the_peer_does_not_join_is_cut_short(void **state)
{
    struct end server, client;
    open_both(&server, &client);
    server.hold = true;
    (void)meet(&server, &client, where(state));
    (void)fill(&server, &client, 0);
    uint64_t begun = test_clock;
    assoc_shutdown(client.a);
    pump_until(&server, &client, client.down == 1);
    assert_int_equal(client.cause, ASSOC_LOST);
    assert_true(test_clock - begun >= assoc_config_default().shutdown_timeout_ms);
    close_both(&server, &client);
}

#define OVER(name, at)                                                                             \
    {                                                                                              \
#name " over " at, name, NULL, NULL, (void *)(uintptr_t)(at)                               \
    }
#define OVER_BOTH(name)                                                                            \
    OVER(name, "s1-tcp://127.0.0.1:0"), OVER(name, "sctp-udp://127.0.0.1:0?udp=0"),                \
        OVER(name, "sctp-udp://[::1]:0?udp=0")

int main(void)
{
    const struct CMUnitTest tests[] = {
        OVER_BOTH(messages_keep_their_borders_streams_and_ppids),
        OVER_BOTH(both_ends_know_whom_they_met),
        OVER_BOTH(what_is_no_message_is_not_sent),
        OVER_BOTH(the_longest_messages_arrive_whole),
        OVER_BOTH(ten_thousand_messages_go_both_ways_in_order),
        OVER_BOTH(a_peer_that_does_not_read_makes_us_busy_and_gets_all_of_it_later),
        OVER_BOTH(a_stuck_peer_costs_another_nothing),
        OVER(a_peer_that_only_does_not_read_is_not_given_up, "sctp-udp://127.0.0.1:0?udp=0"),
        OVER_BOTH(a_message_that_is_too_long_for_us_ends_it),
        OVER_BOTH(it_may_be_ended_from_inside_any_callback),
        OVER_BOTH(shutdown_sends_what_waits_first),
        OVER_BOTH(an_abort_is_seen_as_one),
        OVER_BOTH(nobody_listening_is_refused),
        OVER_BOTH(one_that_is_turned_away_is_aborted),
        OVER_BOTH(those_too_many_are_aborted_and_those_there_stay),
        OVER_BOTH(one_that_was_lost_can_be_made_again),
        OVER_BOTH(a_set_with_a_hundred_associations_serves_each),
        OVER_BOTH(closing_the_set_aborts_what_there_is),
        OVER_BOTH(an_address_is_taken_once),
        OVER_BOTH(the_descriptor_says_when_there_is_work),
        OVER(a_silent_peer_is_given_up_after_the_setup_time, "sctp-udp://127.0.0.1:0?udp=0"),
        OVER_BOTH(an_orderly_end_that_the_peer_does_not_join_is_cut_short),
    };
    return cmocka_run_group_tests_name("net/assoc", tests, NULL, NULL);
}
