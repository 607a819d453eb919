/* Framed TCP against a peer that is a plain socket and sends what it likes. */
#include "net/assoc_ends.h"

#include <errno.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

static const uint8_t hello[] = {0, 0, 0, 5, 0, 1, 0, 0, 0, 18, 'h', 'e', 'l', 'l', 'o'};

static int plain_connect(const struct address *at)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(at->port)};
    memcpy(&in.sin_addr, at->ip, 4);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_int_equal(connect(fd, (struct sockaddr *)&in, sizeof in), 0);
    return fd;
}

static int meet_plain(struct end *server)
{
    struct address at = address_of("s1-tcp://127.0.0.1:0"), bound;
    end_open(server);
    assert_ok(assoc_listen(server->set, &at, &bound));
    int fd = plain_connect(&bound);
    pump_until(server, NULL, server->up == 1);
    return fd;
}

static void write_all(int fd, const void *octets, size_t n)
{
    assert_int_equal(send(fd, octets, n, MSG_NOSIGNAL), n);
}

static void the_head_is_length_stream_and_ppid(void **state)
{
    (void)state;
    struct end server;
    uint8_t got[sizeof hello];
    int fd = meet_plain(&server);
    write_all(fd, hello, sizeof hello);
    pump_until(&server, NULL, server.received == 1);
    assert_int_equal(server.kept[0].n, 5);
    assert_int_equal(server.kept[0].stream, 1);
    assert_int_equal(server.kept[0].ppid, 18);
    assert_memory_equal(server.kept[0].octets, "hello", 5);
    assert_ok(assoc_send(server.a, &(struct assoc_message){BYTES_LIT("hello"), 1, 18}));
    assert_int_equal(recv(fd, got, sizeof got, MSG_WAITALL), sizeof got);
    assert_memory_equal(got, hello, sizeof hello);
    (void)close(fd);
    assoc_set_close(server.set);
}

static void octets_may_come_one_by_one_and_messages_all_at_once(void **state)
{
    (void)state;
    struct end server;
    uint8_t three[3 * sizeof hello];
    int fd = meet_plain(&server);
    for (size_t i = 0; i < sizeof hello; i++) {
        assert_int_equal(server.received, 0);
        write_all(fd, &hello[i], 1);
        pump(&server, NULL);
    }
    pump_until(&server, NULL, server.received == 1);
    for (size_t i = 0; i < sizeof three; i++) {
        three[i] = hello[i % sizeof hello];
    }
    write_all(fd, three, sizeof three);
    pump_until(&server, NULL, server.received == 4);
    assert_int_equal(server.down, 0);
    (void)close(fd);
    assoc_set_close(server.set);
}

static void the_end_at_a_border_is_an_orderly_one_and_inside_a_message_a_torn_one(void **state)
{
    (void)state;
    for (size_t n = 0; n <= sizeof hello; n++) {
        struct end server;
        int fd = meet_plain(&server);
        write_all(fd, hello, n);
        (void)shutdown(fd, SHUT_WR);
        pump_until(&server, NULL, server.down == 1);
        bool whole = n == 0 || n == sizeof hello;
        assert_int_equal(server.cause, whole ? ASSOC_PEER_ENDED : ASSOC_TORN);
        assert_int_equal(server.received, n == sizeof hello ? 1 : 0);
        (void)close(fd);
        assoc_set_close(server.set);
    }
}

/* Sends a head alone and expects to be aborted for it at once. */
static void refused_head(uint32_t length, enum assoc_cause why)
{
    struct end server;
    uint8_t head[10] = {(uint8_t)(length >> 24), (uint8_t)(length >> 16), (uint8_t)(length >> 8),
                        (uint8_t)length};
    uint8_t octet;
    int fd = meet_plain(&server);
    write_all(fd, head, sizeof head);
    pump_until(&server, NULL, server.down == 1);
    assert_int_equal(server.cause, why);
    assert_int_equal(recv(fd, &octet, 1, 0), -1);
    assert_int_equal(errno, ECONNRESET);
    (void)close(fd);
    assoc_set_close(server.set);
}

static void a_length_that_cannot_be_is_refused_at_the_head(void **state)
{
    (void)state;
    refused_head(0, ASSOC_BAD_FRAME);
    refused_head(ASSOC_MESSAGE_MAX + 1, ASSOC_TOO_LONG);
    refused_head(0x80000000, ASSOC_TOO_LONG);
    refused_head(0xffffffff, ASSOC_TOO_LONG);
}

static void a_reset_is_an_abort(void **state)
{
    (void)state;
    struct end server;
    struct linger at_once = {1, 0};
    int fd = meet_plain(&server);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(fd);
    pump_until(&server, NULL, server.down == 1);
    assert_int_equal(server.cause, ASSOC_PEER_ABORTED);
    assoc_set_close(server.set);
}

static void a_reset_of_one_that_is_held_does_not_keep_us_awake(void **state)
{
    (void)state;
    struct end server;
    struct linger at_once = {1, 0};
    int fd = meet_plain(&server);
    assoc_hold(server.a, true);
    write_all(fd, hello, sizeof hello);
    for (unsigned i = 0; i < 10; i++) {
        pump(&server, NULL);
    }
    assert_int_equal(server.received, 0);
    struct pollfd p = {assoc_fd(server.set), POLLIN, 0};
    assert_int_equal(poll(&p, 1, 0), 0);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once), 0);
    (void)close(fd);
    pump_until(&server, NULL, server.down == 1);
    assert_int_equal(server.cause, ASSOC_PEER_ABORTED);
    assert_int_equal(poll(&p, 1, 0), 0);
    assoc_set_close(server.set);
}

static void a_burst_is_worked_off_in_turns(void **state)
{
    (void)state;
    struct end server;
    enum { COUNT = 1000 };
    static uint8_t burst[COUNT][sizeof hello];
    for (size_t i = 0; i < COUNT; i++) {
        memcpy(burst[i], hello, sizeof hello);
    }
    int fd = meet_plain(&server);
    write_all(fd, burst, sizeof burst);
    size_t before = 0;
    while (server.received < COUNT) {
        pump(&server, NULL);
        assert_true(server.received - before <= assoc_config_default().messages_per_turn);
        assert_true(server.received == COUNT || server.received == 0 ||
                    assoc_wait_ms(server.set) == 0);
        before = server.received;
    }
    (void)close(fd);
    assoc_set_close(server.set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_head_is_length_stream_and_ppid),
        cmocka_unit_test(octets_may_come_one_by_one_and_messages_all_at_once),
        cmocka_unit_test(the_end_at_a_border_is_an_orderly_one_and_inside_a_message_a_torn_one),
        cmocka_unit_test(a_length_that_cannot_be_is_refused_at_the_head),
        cmocka_unit_test(a_reset_is_an_abort),
        cmocka_unit_test(a_reset_of_one_that_is_held_does_not_keep_us_awake),
        cmocka_unit_test(a_burst_is_worked_off_in_turns),
    };
    return cmocka_run_group_tests_name("net/assoc_tcp", tests, NULL, NULL);
}
