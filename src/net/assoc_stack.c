#include "net/assoc_stack.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <openssl/hmac.h>
#include <openssl/rand.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>
#include <usrsctp.h>

enum {
    BATCH = 16,
    BATCHES_PER_WAKE_UP = 8,
    DATAGRAM_MAX = 65536,
    UDP_BUFFER = 4 * 1024 * 1024,
    TICK_MS = 10,
    IDLE_TICK_MS = 1000,
    BUCKETS = 1024,
    CHUNKS_MAX = 4096,
    CANDIDATES = 14, /* two octets each of a hash of 32, the mark has the rest */
    RESERVED_MS = 5000,
    FINISH_TRIES = 100
};

LIST_HEAD(peer_list, stack_peer);

/* A number that a stranger got for its handshake. */
struct reservation {
    uint64_t until_ms;
    uint32_t mark;
};

/* The one global: usrsctp keeps its state in globals of its own, so this cannot be an object. */
static struct {
    pthread_mutex_t lock;
    size_t users;
    bool running; /* also without users, when the library could not finish yet */
    uint64_t last_ms;
    uint8_t key[32];
    uint8_t (*datagrams)[DATAGRAM_MAX];
    struct stack_peer **numbers;     /* 65536; what each number stands for */
    struct reservation *reserved;    /* 65536 */
    struct peer_list peers[BUCKETS]; /* by what they are */
    struct stack_peer passing;       /* of the packet that is being processed, if it has no other */
    struct assoc_listener *knocked;  /* that the packet has brought somebody to */
    struct assoc_set *caller;        /* that will look at its touched list itself */
} stack = {.lock = PTHREAD_MUTEX_INITIALIZER};

void stack_lock(void)
{
    (void)pthread_mutex_lock(&stack.lock);
}

void stack_unlock(void)
{
    (void)pthread_mutex_unlock(&stack.lock);
}

union any {
    struct sockaddr base;
    struct sockaddr_in four;
    struct sockaddr_in6 six;
    struct sockaddr_storage room;
};

static socklen_t to_sockaddr(const struct address *a, union any *out)
{
    memset(out, 0, sizeof *out);
    if (a->family == 6) {
        out->six.sin6_family = AF_INET6;
        out->six.sin6_port = htons(a->udp_port);
        memcpy(&out->six.sin6_addr, a->ip, 16);
        return sizeof out->six;
    }
    out->four.sin_family = AF_INET;
    out->four.sin_port = htons(a->udp_port);
    memcpy(&out->four.sin_addr, a->ip, 4);
    return sizeof out->four;
}

static struct address from_sockaddr(const union any *in)
{
    struct address a = {.transport = TRANSPORT_SCTP_UDP};
    if (in->base.sa_family == AF_INET6) {
        a.family = 6;
        a.udp_port = ntohs(in->six.sin6_port);
        memcpy(a.ip, &in->six.sin6_addr, 16);
    } else {
        a.family = 4;
        a.udp_port = ntohs(in->four.sin_port);
        memcpy(a.ip, &in->four.sin_addr, 4);
    }
    return a;
}

/* Peers */

static bool is_peer(const struct stack_peer *p, const struct stack_endpoint *e,
                    const struct address *remote)
{
    return p->endpoint == e && address_eq(&p->remote, remote);
}

/* Which list: any spread will do, for none but those who finished a handshake stand there. */
static struct peer_list *list_of(const struct address *remote)
{
    uint32_t sum = remote->port * 31u + remote->udp_port;
    for (size_t i = 0; i < sizeof remote->ip; i++) {
        sum = sum * 31 + remote->ip[i];
    }
    return &stack.peers[sum % BUCKETS];
}

static struct stack_peer *find_peer(const struct stack_endpoint *e, const struct address *remote)
{
    for (struct stack_peer *p = LIST_FIRST(list_of(remote)); p != NULL; p = LIST_NEXT(p, link)) {
        if (is_peer(p, e, remote)) {
            return p;
        }
    }
    return NULL;
}

static void put_address(struct wr *w, const struct address *a)
{
    wr_u8(w, a->family);
    wr_put(w, BYTES_OF(a->ip));
    wr_be16(w, a->udp_port);
    wr_be16(w, a->port);
}

/* The numbers that a peer may get, in the order in which they are tried, and its mark. */
struct candidates {
    uint16_t number[CANDIDATES];
    uint32_t mark;
};

static enum err candidates_of(const struct stack_endpoint *e, const struct address *remote,
                              struct candidates *out)
{
    uint8_t text[42], mac[EVP_MAX_MD_SIZE];
    struct wr w = wr_of(MBYTES_OF(text));
    put_address(&w, &e->bound);
    put_address(&w, remote);
    if (w.err != E_OK ||
        HMAC(EVP_sha256(), stack.key, sizeof stack.key, text, sizeof text, mac, NULL) == NULL) {
        return E_CRYPTO;
    }
    struct rd r = rd_of((struct bytes){mac, 32});
    for (size_t i = 0; i < CANDIDATES; i++) {
        out->number[i] = rd_be16(&r);
    }
    out->mark = rd_be32(&r);
    return E_OK;
}

/* How good the number is for it: somebody has it (0), another stranger may come back for it (1), it
 * is free (2), it is what the peer got a moment ago (3). */
static unsigned suits(uint16_t number, uint32_t mark)
{
    const struct reservation *r = &stack.reserved[number];
    if (number == 0 || stack.numbers[number] != NULL) {
        return 0;
    }
    return r->until_ms <= stack.last_ms ? 2 : r->mark == mark ? 3 : 1;
}

/* A number for a peer that has none. With the first packet of a handshake it is reserved, so that
 * others who come at the same time get another one. A flood of them can take the reservations, but
 * not the numbers: what is left then is that two who shake hands at once may get the same one, of
 * whom the second begins anew when its time is up. */
static enum err choose_number(const struct stack_endpoint *e, const struct address *remote,
                              bool reserve, uint16_t *number)
{
    struct candidates c;
    unsigned best = 0;
    enum err err = candidates_of(e, remote, &c);
    if (err != E_OK) {
        return err;
    }
    for (size_t i = 0; i < CANDIDATES; i++) {
        unsigned how = suits(c.number[i], c.mark);
        if (how > best) {
            best = how;
            *number = c.number[i];
        }
    }
    if (best == 0) {
        return E_BUSY;
    }
    if (reserve) {
        stack.reserved[*number] = (struct reservation){stack.last_ms + RESERVED_MS, c.mark};
    }
    return E_OK;
}

enum err stack_peer_get(struct stack_endpoint *e, const struct address *remote,
                        struct stack_peer **out)
{
    struct stack_peer *p = find_peer(e, remote);
    uint16_t number = 0;
    if (p == NULL) {
        enum err err = choose_number(e, remote, false, &number);
        if (err != E_OK) {
            return err;
        }
        p = malloc(sizeof *p);
        if (p == NULL) {
            return E_MEMORY;
        }
        *p = (struct stack_peer){.number = number, .endpoint = e, .remote = *remote};
        LIST_INSERT_HEAD(list_of(remote), p, link);
        stack.numbers[number] = p;
        e->users++;
    }
    p->users++;
    *out = p;
    return E_OK;
}

void stack_peer_put(struct stack_peer *p)
{
    if (--p->users == 0) {
        LIST_REMOVE(p, link);
        stack.numbers[p->number] = NULL;
        p->endpoint->users--;
        free(p);
    }
}

/* Packets: the common header (RFC 9260 3.1), of which the ports are changed and the checksum with
 * them. */

enum { SOURCE_PORT = 0, DESTINATION_PORT = 2, CHECKSUM = 8, COMMON_HEADER = 12 };

static void write_port(uint8_t *packet, size_t at, uint16_t port)
{
    packet[at] = (uint8_t)(port >> 8);
    packet[at + 1] = (uint8_t)port;
}

static uint16_t read_port(const uint8_t *packet, size_t at)
{
    return (uint16_t)(packet[at] << 8 | packet[at + 1]);
}

static bool is_init(const uint8_t *packet, size_t n)
{
    return n > COMMON_HEADER && packet[COMMON_HEADER] == SCTP_INITIATION;
}

/* Both in the order in which they stand in the packet. */
static bool checksum_good(uint8_t *packet, size_t n)
{
    uint32_t said, is;
    memcpy(&said, packet + CHECKSUM, sizeof said);
    memset(packet + CHECKSUM, 0, sizeof said);
    is = usrsctp_crc32c(packet, n);
    return said == is;
}

/* What cannot be sent is lost, as it might be further on; SCTP sends it again. */
static int output(void *address, void *buffer, size_t n, uint8_t tos, uint8_t whole)
{
    uint8_t *packet = buffer;
    (void)address;
    (void)tos;
    (void)whole;
    if (n < COMMON_HEADER) {
        return 0;
    }
    uint16_t number = read_port(packet, DESTINATION_PORT);
    const struct stack_peer *p = stack.numbers[number];
    if (p == NULL && stack.passing.number == number) {
        p = &stack.passing;
    }
    if (p != NULL && number != 0) {
        union any to;
        socklen_t length = to_sockaddr(&p->remote, &to);
        write_port(packet, DESTINATION_PORT, p->remote.port);
        memset(packet + CHECKSUM, 0, sizeof(uint32_t));
        uint32_t sum = usrsctp_crc32c(packet, n);
        memcpy(packet + CHECKSUM, &sum, sizeof sum);
        (void)sendto(p->endpoint->watch.fd, packet, n, MSG_DONTWAIT | MSG_NOSIGNAL, &to.base,
                     length);
    }
    return 0;
}

static void input(struct stack_endpoint *e, struct address *remote, uint8_t *packet, size_t n)
{
    if (n < COMMON_HEADER || !checksum_good(packet, n)) {
        return;
    }
    remote->port = read_port(packet, SOURCE_PORT);
    const struct stack_peer *p = find_peer(e, remote);
    if (p == NULL) {
        p = &stack.passing;
        stack.passing = (struct stack_peer){.endpoint = e, .remote = *remote};
        if (remote->port == 0 ||
            choose_number(e, remote, is_init(packet, n), &stack.passing.number) != E_OK) {
            return;
        }
    }
    write_port(packet, SOURCE_PORT, p->number);
    stack.knocked = NULL;
    usrsctp_conninput(STACK_ADDRESS, packet, n, 0);
    if (stack.knocked != NULL) {
        udp_accept(stack.knocked, e, remote);
    }
    stack.passing.number = 0;
}

static int receive_batch(struct stack_endpoint *e)
{
    struct mmsghdr heads[BATCH];
    struct iovec iov[BATCH];
    union any from[BATCH];
    memset(heads, 0, sizeof heads);
    for (size_t i = 0; i < BATCH; i++) {
        iov[i] = (struct iovec){stack.datagrams[i], DATAGRAM_MAX};
        heads[i].msg_hdr = (struct msghdr){.msg_name = &from[i],
                                           .msg_namelen = sizeof from[i],
                                           .msg_iov = &iov[i],
                                           .msg_iovlen = 1};
    }
    int n = recvmmsg(e->watch.fd, heads, BATCH, MSG_DONTWAIT, NULL);
    for (int i = 0; i < n; i++) {
        struct address remote = from_sockaddr(&from[i]);
        input(e, &remote, stack.datagrams[i], heads[i].msg_len);
    }
    return n;
}

void stack_receive(struct stack_endpoint *e)
{
    stack_lock();
    stack.caller = e->set;
    for (unsigned i = 0; i < BATCHES_PER_WAKE_UP && receive_batch(e) == BATCH; i++) {
    }
    stack.caller = NULL;
    stack_unlock();
}

/* The library says that there may be something to do, under the lock, while it works on a packet
 * or a timer. */
void stack_upcall(struct socket *so, void *arg, int flags)
{
    struct watch *w = arg;
    (void)so;
    (void)flags;
    if (w->kind == WATCH_LISTENER) {
        stack.knocked = arg;
        return;
    }
    struct assoc *a = arg;
    if (!a->touched) {
        if (TAILQ_EMPTY(&a->set->touched) && a->set != stack.caller) {
            assoc_wake(a->set);
        }
        a->touched = true;
        TAILQ_INSERT_TAIL(&a->set->touched, a, touched_link);
    }
}

void stack_turn(struct assoc_set *s)
{
    struct assoc *a;
    stack_lock();
    stack.caller = s;
    if (s->now >= stack.last_ms + TICK_MS) {
        usrsctp_handle_timers((uint32_t)(s->now - stack.last_ms));
        stack.last_ms = s->now;
    }
    stack.caller = NULL;
    while ((a = TAILQ_FIRST(&s->touched)) != NULL) {
        TAILQ_REMOVE(&s->touched, a, touched_link);
        a->touched = false;
        assoc_make_ready(a);
    }
    stack_unlock();
}

uint64_t stack_wait_ms(uint64_t now, bool busy)
{
    stack_lock();
    uint64_t next = stack.last_ms + (busy ? TICK_MS : IDLE_TICK_MS);
    stack_unlock();
    return next > now ? next - now : 0;
}

/* Sockets */

static enum err err_of_errno(void)
{
    switch (errno) {
    case EAFNOSUPPORT:
        return E_UNSUPPORTED;
    case EADDRINUSE:
        return E_EXISTS;
    case EADDRNOTAVAIL:
        return E_NOT_FOUND;
    case EACCES:
    case EPERM:
        return E_DENIED;
    default:
        return E_IO;
    }
}

/* A packet that is longer than the path takes is cut up by IP: the stack does not learn of it. */
static void socket_options(int fd, bool six)
{
    int size = UDP_BUFFER, on = 1, never = IP_PMTUDISC_DONT;
    (void)setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &size, sizeof size);
    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, sizeof size);
    if (six) {
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
        (void)setsockopt(fd, IPPROTO_IPV6, IPV6_MTU_DISCOVER, &never, sizeof never);
    } else {
        (void)setsockopt(fd, IPPROTO_IP, IP_MTU_DISCOVER, &never, sizeof never);
    }
}

static enum err open_udp(struct stack_endpoint *e)
{
    union any at;
    bool six = e->asked.family == 6;
    socklen_t n = to_sockaddr(&e->asked, &at);
    int fd = socket(six ? AF_INET6 : AF_INET, SOCK_DGRAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (fd < 0) {
        return err_of_errno();
    }
    e->watch.fd = fd;
    socket_options(fd, six);
    if (bind(fd, &at.base, n) != 0 || getsockname(fd, &at.base, &n) != 0) {
        return err_of_errno();
    }
    e->bound = from_sockaddr(&at);
    return assoc_watch(e->set, &e->watch, EPOLLIN, false);
}

enum err stack_endpoint_get(struct assoc_set *s, const struct address *at,
                            struct stack_endpoint **out)
{
    struct stack_endpoint *e;
    for (e = LIST_FIRST(&s->endpoints); e != NULL; e = LIST_NEXT(e, link)) {
        if (address_same_ip(&e->asked, at) &&
            (e->asked.udp_port == at->udp_port || e->bound.udp_port == at->udp_port)) {
            *out = e;
            return E_OK;
        }
    }
    e = calloc(1, sizeof *e);
    if (e == NULL) {
        return E_MEMORY;
    }
    e->watch = (struct watch){WATCH_ENDPOINT, -1};
    e->set = s;
    e->asked = *at;
    enum err err = open_udp(e);
    if (err != E_OK) {
        int why = errno;
        if (e->watch.fd >= 0) {
            (void)close(e->watch.fd);
        }
        free(e);
        errno = why;
        return err;
    }
    LIST_INSERT_HEAD(&s->endpoints, e, link);
    *out = e;
    return E_OK;
}

void stack_sweep(struct assoc_set *s)
{
    struct stack_endpoint *e = LIST_FIRST(&s->endpoints);
    while (e != NULL) {
        struct stack_endpoint *next = LIST_NEXT(e, link);
        if (e->users == 0) {
            LIST_REMOVE(e, link);
            (void)close(e->watch.fd);
            free(e);
        }
        e = next;
    }
}

/* The process */

static void free_tables(void)
{
    free(stack.datagrams);
    free(stack.numbers);
    free(stack.reserved);
    stack.datagrams = NULL;
    stack.numbers = NULL;
    stack.reserved = NULL;
}

/* What neither end needs is not offered: less for a stranger to play with. */
static void switch_off(void)
{
    (void)usrsctp_sysctl_set_sctp_auto_asconf(0);
    (void)usrsctp_sysctl_set_sctp_asconf_enable(0);
    (void)usrsctp_sysctl_set_sctp_auth_enable(0);
    (void)usrsctp_sysctl_set_sctp_ecn_enable(0);
    (void)usrsctp_sysctl_set_sctp_pr_enable(0);
    (void)usrsctp_sysctl_set_sctp_reconfig_enable(0);
    (void)usrsctp_sysctl_set_sctp_nrsack_enable(0);
    (void)usrsctp_sysctl_set_sctp_pktdrop_enable(0);
}

/* The library starts one thread, which sleeps as long as nobody sends to all associations at once:
 * it must not catch the signals of the program. */
static void start_library(void)
{
    sigset_t all, before;
    (void)sigfillset(&all);
    (void)pthread_sigmask(SIG_SETMASK, &all, &before);
    usrsctp_init_nothreads(0, output, NULL);
    (void)pthread_sigmask(SIG_SETMASK, &before, NULL);
    switch_off();
    /* The buffers are the bound, not a number of chunks; and a chunk that meets a shut window is
     * sent again as often as it takes, while heartbeats tell whether the peer is there. */
    (void)usrsctp_sysctl_set_sctp_max_chunks_on_queue(CHUNKS_MAX);
    (void)usrsctp_sysctl_set_sctp_max_retran_chunk(0);
    usrsctp_enable_crc32c_offload(); /* to input and output */
    usrsctp_register_address(STACK_ADDRESS);
}

static enum err start(uint64_t now)
{
    stack.datagrams = malloc(sizeof *stack.datagrams * BATCH);
    stack.numbers = calloc(UINT16_MAX + 1, sizeof(struct stack_peer *));
    stack.reserved = calloc(UINT16_MAX + 1, sizeof *stack.reserved);
    if (stack.datagrams == NULL || stack.numbers == NULL || stack.reserved == NULL) {
        free_tables();
        return E_MEMORY;
    }
    if (RAND_bytes(stack.key, sizeof stack.key) != 1) {
        free_tables();
        return E_CRYPTO;
    }
    if (!stack.running) {
        start_library();
        stack.running = true;
    }
    stack.last_ms = now;
    return E_OK;
}

enum err stack_open(uint64_t now)
{
    stack_lock();
    enum err err = stack.users == 0 ? start(now) : E_OK;
    if (err == E_OK) {
        stack.users++;
    }
    stack_unlock();
    return err;
}

/* Sockets that were closed leave with a timer, so the clock goes on until they have. */
static void finish(void)
{
    for (unsigned i = 0; i < FINISH_TRIES; i++) {
        if (usrsctp_finish() == 0) {
            stack.running = false;
            break;
        }
        usrsctp_handle_timers(TICK_MS);
    }
    free_tables();
}

void stack_close(void)
{
    stack_lock();
    if (--stack.users == 0) {
        finish();
    }
    stack_unlock();
}
