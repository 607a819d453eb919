/* test/net/assoc_ends.h - two sets of associations that are pumped by turns, on one virtual clock.
 */
#ifndef BINDERY_TEST_NET_ASSOC_ENDS_H
#define BINDERY_TEST_NET_ASSOC_ENDS_H

#include "lib/check.h"
#include "net/assoc.h"

#include <netinet/in.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { KEPT = 16, PUMPS_MAX = 400000 };

struct kept {
    uint8_t octets[64]; /* the first */
    size_t n;
    uint16_t stream;
    uint32_t ppid;
};
struct end {
    struct assoc_set *set;
    struct assoc *a; /* the one that came up last */
    unsigned asked, up, down, rooms;
    enum assoc_cause cause;
    bool turn_away, echo, hold, ordered;
    size_t received;
    struct kept kept[KEPT];
    struct address peer, at; /* as `accept` saw them */
    void *ctx_at_down;
};
static uint64_t test_clock;

static inline uint64_t now_of_test(void *ctx)
{
    (void)ctx;
    return test_clock;
}

static inline bool end_accept(void *ctx, const struct address *at, const struct address *peer,
                              void **assoc_ctx)
{
    struct end *e = ctx;
    e->asked++;
    e->peer = *peer;
    e->at = *at;
    *assoc_ctx = e;
    return !e->turn_away;
}

static inline void end_up(void *ctx, struct assoc *a)
{
    struct end *e = ctx;
    assert_true(assoc_is_up(a));
    e->up++;
    e->a = a;
    assoc_hold(a, e->hold);
}

static inline void end_down(void *ctx, struct assoc *a, enum assoc_cause why)
{
    struct end *e = ctx;
    assert_null(assoc_find(e->set, assoc_handle_of(a)));
    e->down++;
    e->cause = why;
    e->ctx_at_down = assoc_ctx(a);
    e->a = e->a == a ? NULL : e->a;
}

static inline void end_message(void *ctx, struct assoc *a, const struct assoc_message *m)
{
    struct end *e = ctx;
    struct kept *k = &e->kept[e->received % KEPT];
    if (e->ordered) {
        uint32_t number;
        assert_true(m->octets.n >= sizeof number);
        memcpy(&number, m->octets.p, sizeof number);
        assert_int_equal(number, e->received);
    }
    k->n = m->octets.n;
    k->stream = m->stream;
    k->ppid = m->ppid;
    memcpy(k->octets, m->octets.p, m->octets.n < 64 ? m->octets.n : 64);
    e->received++;
    if (e->echo) {
        assert_ok(assoc_send(a, m));
    }
}

static inline void end_room(void *ctx, struct assoc *a)
{
    struct end *e = ctx;
    (void)a;
    e->rooms++;
}

static inline struct assoc_config end_config(struct end *e)
{
    static const struct assoc_callbacks callbacks = {end_accept, end_up, end_down, end_message,
                                                     end_room};
    struct assoc_config c = assoc_config_default();
    c.callbacks = &callbacks;
    c.ctx = e;
    c.now_ms = now_of_test;
    return c;
}

static inline void end_open(struct end *e)
{
    struct assoc_config c = end_config(e);
    *e = (struct end){0};
    assert_ok(assoc_set_open(&c, &e->set));
}

static inline struct address address_of(const char *text)
{
    struct address a;
    assert_ok(address_parse_s1(text, &a));
    return a;
}

static inline void pump_one(struct end *e)
{
    assert_ok(assoc_poll(e->set, 0));
}

/* One turn of both, and a millisecond has passed. `b` may be NULL. */
static inline void pump(struct end *a, struct end *b)
{
    test_clock++;
    pump_one(a);
    if (b != NULL) {
        pump_one(b);
    }
}

#define pump_until(a, b, condition)                                                                \
    for (unsigned pumps_ = 0; !(condition); pumps_++) {                                            \
        if (pumps_ == PUMPS_MAX) {                                                                 \
            fail_msg("never happened: %s", #condition);                                            \
        }                                                                                          \
        pump(a, b);                                                                                \
    }

/* A listener of `server` there, and an association that is up at both ends. */
static inline struct address meet(struct end *server, struct end *client, const char *where)
{
    struct address at = address_of(where), bound;
    assoc_handle h;
    unsigned up = client->up, served = server->up;
    assert_ok(assoc_listen(server->set, &at, &bound));
    assert_ok(assoc_connect(client->set, &bound, NULL, client, &h));
    pump_until(server, client, client->up == up + 1 && server->up == served + 1);
    assert_true(assoc_handle_of(client->a) == h);
    return bound;
}

static inline void open_both(struct end *server, struct end *client)
{
    end_open(server);
    end_open(client);
}

static inline void close_both(struct end *server, struct end *client)
{
    assoc_set_close(server->set);
    assoc_set_close(client->set);
}

static inline int udp_at(uint16_t port, struct sockaddr_in *at)
{
    socklen_t n = sizeof *at;
    int fd = socket(AF_INET, SOCK_DGRAM | SOCK_NONBLOCK, 0);
    *at = (struct sockaddr_in){
        .sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK), .sin_port = htons(port)};
    assert_int_equal(bind(fd, (struct sockaddr *)at, sizeof *at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)at, &n), 0);
    return fd;
}

static inline void number_to(struct assoc *a, uint32_t number)
{
    uint8_t octets[100] = {0};
    memcpy(octets, &number, sizeof number);
    assert_ok(assoc_send(a, &(struct assoc_message){BYTES_OF(octets), 1, 18}));
}

#endif
