/* SCTP over UDP against libusrsctp in another process, as others use it: with its own threads, its
 * own UDP sockets and IP addresses; and several sets at once in this one (src/net/assoc_stack.c).
 */
#include "net/assoc_ends.h"

#include <pthread.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>
#include <usrsctp.h>

/* The other implementation, in a process of its own. */

static void option(struct socket *so, int name, const void *value, socklen_t n)
{
    if (usrsctp_setsockopt(so, IPPROTO_SCTP, name, value, n) != 0) {
        _exit(10);
    }
}

static struct socket *other_socket(uint16_t peer_udp)
{
    int on = 1;
    struct socket *so = usrsctp_socket(AF_INET, SOCK_STREAM, IPPROTO_SCTP, NULL, NULL, 0, NULL);
    struct sctp_udpencaps encaps = {.sue_address.ss_family = AF_INET, .sue_port = htons(peer_udp)};
    if (so == NULL) {
        _exit(11);
    }
    option(so, SCTP_RECVRCVINFO, &on, sizeof on);
    option(so, SCTP_REMOTE_UDP_ENCAPS_PORT, &encaps, sizeof encaps);
    return so;
}

/* Sends everything back, on its stream and with its PPID, until the end. */
static void echo(struct socket *so)
{
    static uint8_t octets[100000];
    for (;;) {
        struct sctp_rcvinfo in;
        struct sockaddr_in from;
        socklen_t from_n = sizeof from, in_n = sizeof in;
        unsigned type = 0;
        int flags = 0;
        ssize_t n = usrsctp_recvv(so, octets, sizeof octets, (struct sockaddr *)&from, &from_n, &in,
                                  &in_n, &type, &flags);
        if (n <= 0) {
            usrsctp_close(so);
            return;
        }
        struct sctp_sndinfo out = {.snd_sid = in.rcv_sid, .snd_ppid = in.rcv_ppid};
        if (usrsctp_sendv(so, octets, (size_t)n, NULL, 0, &out, sizeof out, SCTP_SENDV_SNDINFO,
                          0) != n) {
            _exit(12);
        }
    }
}

static void other_ends(void)
{
    while (usrsctp_finish() != 0) { /* what was sent last is still on its way */
        (void)poll(NULL, 0, 1);
    }
    _exit(0);
}

static struct sockaddr_in loopback(uint16_t port)
{
    return (struct sockaddr_in){
        .sin_family = AF_INET, .sin_port = htons(port), .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

static void other_serves(uint16_t udp, uint16_t port, int ready)
{
    struct sockaddr_in at = loopback(port);
    usrsctp_init(udp, NULL, NULL);
    struct socket *so = other_socket(0);
    if (usrsctp_bind(so, (struct sockaddr *)&at, sizeof at) != 0 || usrsctp_listen(so, 1) != 0 ||
        write(ready, "r", 1) != 1) {
        _exit(13);
    }
    struct socket *one = usrsctp_accept(so, NULL, NULL);
    if (one == NULL) {
        _exit(14);
    }
    echo(one);
    usrsctp_close(so);
    other_ends();
}

static void other_connects(uint16_t udp, uint16_t to_udp, uint16_t to_port)
{
    struct sockaddr_in at = loopback(0), to = loopback(to_port);
    usrsctp_init(udp, NULL, NULL);
    struct socket *so = other_socket(to_udp);
    if (usrsctp_bind(so, (struct sockaddr *)&at, sizeof at) != 0 ||
        usrsctp_connect(so, (struct sockaddr *)&to, sizeof to) != 0) {
        _exit(15);
    }
    echo(so);
    other_ends();
}

/* A child that dies with this process. */
static pid_t fork_other(void)
{
    pid_t parent = getpid(), other = fork();
    assert_true(other >= 0);
    if (other == 0 && (prctl(PR_SET_PDEATHSIG, SIGKILL) != 0 || getppid() != parent)) {
        _exit(17);
    }
    return other;
}

/* A UDP port that is free, of those that the kernel gives to nobody who does not name them. */
static uint16_t some_udp_port(void)
{
    for (unsigned i = 0; i < 10000; i++) {
        const uint16_t port = (uint16_t)(20000 + ((unsigned)getpid() + i) % 10000);
        struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(port)};
        int fd = socket(AF_INET, SOCK_DGRAM, 0);
        const bool is_free = bind(fd, (struct sockaddr *)&at, sizeof at) == 0;
        (void)close(fd);
        if (is_free) {
            return port;
        }
    }
    fail_msg("no UDP port is free");
    return 0;
}

/* With another process virtual time would run away, so these sets have the real clock and wait. */
static void open_real(struct end *e)
{
    *e = (struct end){0};
    struct assoc_config c = end_config(e);
    c.now_ms = NULL;
    assert_ok(assoc_set_open(&c, &e->set));
}

#define wait_until(e, condition)                                                                   \
    while (!(condition)) {                                                                         \
        assert_ok(assoc_poll((e)->set, 1000));                                                     \
    }

static void exchange_and_end(struct end *e, pid_t other)
{
    static uint8_t octets[60000];
    const size_t lengths[] = {1, 100, 1400, 5000, 60000};
    int status;
    for (size_t i = 0; i < 5; i++) {
        struct assoc_message m = {{octets, lengths[i]}, (uint16_t)i, (uint32_t)(18 + i)};
        octets[0] = (uint8_t)(i + 1);
        assert_ok(assoc_send(e->a, &m));
        wait_until(e, e->received == i + 1);
        assert_int_equal(e->kept[i].n, lengths[i]);
        assert_int_equal(e->kept[i].stream, i);
        assert_int_equal(e->kept[i].ppid, 18 + i);
        assert_int_equal(e->kept[i].octets[0], i + 1);
    }
    e->ordered = true;
    e->received = 0;
    for (uint32_t sent = 0; e->received < 10000;) {
        while (sent < 10000 && sent - e->received < 100) {
            number_to(e->a, sent++);
        }
        assert_ok(assoc_poll(e->set, 1000));
    }
    assoc_shutdown(e->a);
    wait_until(e, e->down == 1);
    assert_int_equal(e->cause, ASSOC_ENDED_HERE);
    assert_int_equal(waitpid(other, &status, 0), other);
    assert_int_equal(status, 0);
    assoc_set_close(e->set);
}

static void we_connect_to_another_stack(void **state)
{
    (void)state;
    struct end client;
    struct address to = address_of("sctp-udp://127.0.0.1:36412");
    int ready[2];
    char octet;
    assoc_handle h;
    to.udp_port = some_udp_port();
    assert_int_equal(pipe(ready), 0);
    pid_t other = fork_other();
    if (other == 0) {
        other_serves(to.udp_port, to.port, ready[1]);
    }
    assert_int_equal(read(ready[0], &octet, 1), 1);
    open_real(&client);
    assert_ok(assoc_connect(client.set, &to, NULL, NULL, &h));
    wait_until(&client, client.up + client.down > 0);
    assert_int_equal(client.up, 1);
    exchange_and_end(&client, other);
    (void)close(ready[0]);
    (void)close(ready[1]);
}

static void another_stack_connects_to_us(void **state)
{
    (void)state;
    struct end server;
    struct address at = address_of("sctp-udp://127.0.0.1:36412?udp=0");
    uint16_t udp = some_udp_port();
    int bound[2];
    assert_int_equal(pipe(bound), 0);
    pid_t other = fork_other(); /* before the stack of this process has started */
    if (other == 0) {
        if (read(bound[0], &at, sizeof at) != sizeof at) {
            _exit(16);
        }
        other_connects(udp, at.udp_port, at.port);
    }
    open_real(&server);
    assert_ok(assoc_listen(server.set, &at, &at));
    assert_int_equal(write(bound[1], &at, sizeof at), sizeof at);
    wait_until(&server, server.up == 1);
    assert_int_equal(server.peer.udp_port, udp);
    exchange_and_end(&server, other);
    (void)close(bound[0]);
    (void)close(bound[1]);
}

static void a_process_that_dies_is_lost(void **state)
{
    (void)state;
    struct end server;
    struct address at = address_of("sctp-udp://127.0.0.1:36412?udp=0");
    uint16_t udp = some_udp_port();
    int bound[2], status;
    assert_int_equal(pipe(bound), 0);
    pid_t other = fork_other();
    if (other == 0) {
        if (read(bound[0], &at, sizeof at) != sizeof at) {
            _exit(16);
        }
        other_connects(udp, at.udp_port, at.port);
    }
    server = (struct end){0};
    struct assoc_config c = end_config(&server);
    c.now_ms = NULL; /* heartbeats go by the real clock; these are quick */
    c.heartbeat_ms = 20;
    c.rto_initial_ms = c.rto_min_ms = c.rto_max_ms = 20;
    assert_ok(assoc_set_open(&c, &server.set));
    assert_ok(assoc_listen(server.set, &at, &at));
    assert_int_equal(write(bound[1], &at, sizeof at), sizeof at);
    wait_until(&server, server.up == 1);
    assert_int_equal(kill(other, SIGKILL), 0);
    assert_int_equal(waitpid(other, &status, 0), other);
    wait_until(&server, server.down == 1);
    assert_int_equal(server.cause, ASSOC_LOST);
    assoc_set_close(server.set);
    (void)close(bound[0]);
    (void)close(bound[1]);
}

/* Sets in threads of their own: a timer of one may fire in the thread of another. */
struct worker {
    pthread_t thread;
    struct end end;
    struct address to;
    int stop; /* readable: stop */
    enum err err;
};
enum { EACH = 2000, WORKERS = 3 };

static void *serve(void *arg)
{
    struct worker *w = arg;
    struct pollfd p[2] = {{assoc_fd(w->end.set), POLLIN, 0}, {w->stop, POLLIN, 0}};
    while (w->err == E_OK && p[1].revents == 0) {
        (void)poll(p, 2, assoc_wait_ms(w->end.set));
        w->err = assoc_poll(w->end.set, 0);
    }
    return NULL;
}

static void *ask(void *arg)
{
    struct worker *w = arg;
    struct end *e = &w->end;
    assoc_handle h;
    uint32_t sent = 0;
    w->err = assoc_connect(e->set, &w->to, NULL, NULL, &h);
    while (w->err == E_OK && e->received < EACH && e->down == 0) {
        while (e->a != NULL && sent < EACH && sent - e->received < 20) {
            number_to(e->a, sent++);
        }
        w->err = assoc_poll(e->set, 1000);
    }
    if (w->err == E_OK && e->a != NULL) {
        assoc_shutdown(e->a);
    }
    while (w->err == E_OK && e->down == 0) {
        w->err = assoc_poll(e->set, 1000);
    }
    return NULL;
}

static void sets_of_several_threads_share_the_stack(void **state)
{
    (void)state;
    static struct worker server, clients[WORKERS];
    struct address at = address_of("sctp-udp://127.0.0.1:0?udp=0"), bound;
    int stop[2];
    assert_int_equal(pipe(stop), 0);
    open_real(&server.end);
    server.end.echo = true;
    server.stop = stop[0];
    assert_ok(assoc_listen(server.end.set, &at, &bound));
    assert_int_equal(pthread_create(&server.thread, NULL, serve, &server), 0);
    for (size_t i = 0; i < WORKERS; i++) {
        open_real(&clients[i].end);
        clients[i].end.ordered = true;
        clients[i].to = bound;
        assert_int_equal(pthread_create(&clients[i].thread, NULL, ask, &clients[i]), 0);
    }
    for (size_t i = 0; i < WORKERS; i++) {
        assert_int_equal(pthread_join(clients[i].thread, NULL), 0);
        assert_ok(clients[i].err);
        assert_int_equal(clients[i].end.received, EACH);
        assert_int_equal(clients[i].end.cause, ASSOC_ENDED_HERE);
        assoc_set_close(clients[i].end.set);
    }
    assert_int_equal(write(stop[1], "s", 1), 1);
    assert_int_equal(pthread_join(server.thread, NULL), 0);
    assert_ok(server.err);
    assert_int_equal(server.end.received, WORKERS * EACH);
    assoc_set_close(server.end.set);
    (void)close(stop[0]);
    (void)close(stop[1]);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(we_connect_to_another_stack),
        cmocka_unit_test(another_stack_connects_to_us),
        cmocka_unit_test(a_process_that_dies_is_lost),
        cmocka_unit_test(sets_of_several_threads_share_the_stack),
    };
    return cmocka_run_group_tests_name("net/assoc_stack", tests, NULL, NULL);
}
