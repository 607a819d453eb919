#include "lib/check.h"
#include "net/socket.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

static int listen_on(const char *text, struct address *at)
{
    struct address a;
    int fd = -1;
    assert_ok(address_parse(text, &a));
    assert_ok(socket_listen(&a, 8, &fd));
    *at = socket_local(fd, a.transport);
    return fd;
}

static int option(int fd, int level, int name)
{
    int v = -1;
    socklen_t n = sizeof v;
    assert_int_equal(getsockopt(fd, level, name, &v, &n), 0);
    return v;
}

static void wait_for(int fd, short what)
{
    struct pollfd p = {fd, what, 0};
    assert_int_equal(poll(&p, 1, -1), 1);
}

static void assert_prepared(int fd)
{
    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_not_equal(option(fd, IPPROTO_TCP, TCP_NODELAY), 0);
}

static void tcp_ends_meet(void **state)
{
    (void)state;
    struct address at, from;
    int server, client, listener = listen_on("tcp://127.0.0.1:0", &at);
    assert_err(socket_accept(listener, TRANSPORT_TCP, &server, &from), E_AGAIN);
    assert_int_not_equal(at.port, 0);
    assert_ok(socket_connect(&at, NULL, &client));
    wait_for(client, POLLOUT);
    assert_ok(socket_connected(client));
    wait_for(listener, POLLIN);
    assert_ok(socket_accept(listener, TRANSPORT_TCP, &server, &from));
    assert_prepared(client);
    assert_prepared(server);
    struct address local = socket_local(client, TRANSPORT_TCP);
    assert_true(address_eq(&from, &local));
    struct address remote = socket_remote(client, TRANSPORT_TCP);
    assert_true(address_eq(&at, &remote));
    close(client), close(server), close(listener);
}

static void the_local_address_may_be_chosen(void **state)
{
    (void)state;
    struct address at, from, want;
    int server, client, listener = listen_on("tcp://127.0.0.1:0", &at);
    assert_ok(address_parse("tcp://127.0.0.2:0", &want));
    assert_ok(socket_connect(&at, &want, &client));
    wait_for(listener, POLLIN);
    assert_ok(socket_accept(listener, TRANSPORT_TCP, &server, &from));
    assert_true(address_same_ip(&from, &want));
    close(client), close(server), close(listener);
}

static void an_address_in_use_is_named(void **state)
{
    (void)state;
    struct address at;
    int fd = -1, listener = listen_on("tcp://127.0.0.1:0", &at);
    assert_err(socket_listen(&at, 8, &fd), E_EXISTS);
    assert_ok(address_parse("tcp://192.0.2.1:0", &at));
    assert_err(socket_listen(&at, 8, &fd), E_NOT_FOUND);
    assert_int_equal(fd, -1);
    close(listener);
}

static void a_refused_connection_is_told(void **state)
{
    (void)state;
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    int fd = -1, owner = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    /* It does not listen, and nobody else can be given its port meanwhile. */
    assert_int_equal(bind(owner, (struct sockaddr *)&in, sizeof in), 0);
    struct address at = socket_local(owner, TRANSPORT_TCP);
    enum err err = socket_connect(&at, NULL, &fd);
    if (err == E_OK) {
        wait_for(fd, POLLOUT);
        assert_err(socket_connected(fd), E_IO);
        assert_int_equal(errno, ECONNREFUSED);
        close(fd);
    } else {
        assert_err(err, E_IO);
    }
    close(owner);
}

static void sctp_works_or_says_that_there_is_none(void **state)
{
    (void)state;
    struct address at;
    int fd = -1;
    assert_ok(address_parse("sctp://127.0.0.1:0", &at));
    int probe = socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP);
    enum err err = socket_listen(&at, 8, &fd);
    if (probe < 0) {
        assert_err(err, E_UNSUPPORTED);
        assert_err(socket_connect(&at, NULL, &fd), E_UNSUPPORTED);
    } else {
        assert_ok(err);
        close(probe), close(fd);
    }
}

static void a_socket_pair_has_no_address(void **state)
{
    (void)state;
    int fds[2];
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    assert_ok(socket_prepare(fds[0], TRANSPORT_TCP));
    assert_int_equal(socket_remote(fds[0], TRANSPORT_TCP).family, 0);
    close(fds[0]), close(fds[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tcp_ends_meet),
        cmocka_unit_test(the_local_address_may_be_chosen),
        cmocka_unit_test(an_address_in_use_is_named),
        cmocka_unit_test(a_refused_connection_is_told),
        cmocka_unit_test(sctp_works_or_says_that_there_is_none),
        cmocka_unit_test(a_socket_pair_has_no_address),
    };
    return cmocka_run_group_tests_name("net/socket", tests, NULL, NULL);
}
