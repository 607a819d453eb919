/* bench/air_client - a closed-loop S6a client: so many connections, each a Diameter node of its own
 * with so many AIRs outstanding, IMSIs picked at random from a range, one thread.
 *
 *   bench_air_client --to IP:PORT [--connections N] [--window W] [--seconds S] [--warmup S]
 *                    [--imsi FIRST] [--imsis COUNT] [--vectors V] [--plmn HEX]
 *                    [--host PREFIX] [--realm REALM] [--destination-realm REALM]
 *
 * Connection i calls itself PREFIX<i>.REALM. A request leaves when an answer came, so this finds
 * what a server can do, and not how long a caller waits when more is offered than that. Output: one
 * line each, "name TAB value": answers per second, latencies in microseconds, every result code
 * with its count, answers that did not come. Ends with 1 if the server could not be used.
 */
#include "air_message.h"
#include "lib/measure.h"
#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <getopt.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define SLOT_BITS       10
#define WINDOW_MAX      (1U << SLOT_BITS)
#define RESULTS_MAX     16
#define IN_MAX          65536
#define OUT_MAX         (WINDOW_MAX * AIR_MAX + 4096)
#define DRAIN_NS        2000000000U

struct options {
    struct sockaddr_in to;
    unsigned connections;
    unsigned window;
    unsigned seconds;
    unsigned warmup;
    uint32_t vectors;
    uint64_t imsi_first;
    uint64_t imsi_count;
    const char *host;
    struct identity who; /* all but the host */
};
enum state { CONNECTED, OPEN, CLOSED };
struct slot {
    uint32_t id;   /* of the request that is out; 0: none */
    uint64_t sent; /* ns */
};
struct connection {
    int fd;
    enum state state;
    bool blocked; /* the server must read before more can leave */
    char host[128];
    struct identity who;
    struct air_template air;
    struct slot slot[WINDOW_MAX];
    uint32_t round;
    size_t in_n;
    size_t out_at;
    size_t out_n;
    uint8_t in[IN_MAX];
    uint8_t out[OUT_MAX];
};
struct result {
    uint32_t code;
    uint64_t n;
};
struct client {
    struct options o;
    int epoll;
    unsigned open;
    uint64_t outstanding;
    uint64_t answers; /* also those that are not measured */
    bool sending;     /* new requests leave */
    bool measuring;   /* answers count */
    uint64_t random;
    struct latency latency;
    struct result result[RESULTS_MAX];
    struct connection *connection;
};

static void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_air_client: %s: %s\n", what, why);
    exit(1);
}

/* ---- sending ---- */

/* Any spread over the range will do; this is no secret. */
static uint64_t next_imsi(struct client *cl)
{
    cl->random ^= cl->random << 13;
    cl->random ^= cl->random >> 7;
    cl->random ^= cl->random << 17;
    return cl->o.imsi_first + cl->random % cl->o.imsi_count;
}

static struct mbytes out_room(struct connection *c)
{
    return (struct mbytes){c->out + c->out_n, OUT_MAX - c->out_n};
}

static void send_air(struct client *cl, struct connection *c, uint32_t slot, uint64_t now)
{
    uint32_t id = ++c->round << SLOT_BITS | slot;
    if (OUT_MAX - c->out_n < c->air.n) {
        die(c->host, "the server reads nothing");
    }
    air_stamp(&c->air, id, next_imsi(cl), c->out + c->out_n);
    c->out_n += c->air.n;
    c->slot[slot] = (struct slot){id, now};
    cl->outstanding++;
}

static void flush_out(struct client *cl, struct connection *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n < 0) {
            die(c->host, strerror(errno));
        }
        c->out_at += (size_t)n;
    }
    bool all = c->out_at == c->out_n;
    if (all) {
        c->out_at = c->out_n = 0;
    }
    if (all == c->blocked) {
        struct epoll_event e = {.events = all ? EPOLLIN : EPOLLIN | EPOLLOUT, .data.ptr = c};
        epoll_ctl(cl->epoll, EPOLL_CTL_MOD, c->fd, &e);
        c->blocked = !all;
    }
}

/* ---- receiving ---- */

static void count_result(struct client *cl, uint32_t code)
{
    for (size_t i = 0; i < RESULTS_MAX; i++) {
        if (cl->result[i].code == code || cl->result[i].n == 0) {
            cl->result[i].code = code;
            cl->result[i].n++;
            return;
        }
    }
}

static void take_aia(struct client *cl, struct connection *c, struct bytes msg, uint32_t id,
                     uint64_t now)
{
    uint32_t slot = id & (WINDOW_MAX - 1);
    if (c->slot[slot].id != id || id == 0) {
        die(c->host, "an answer to nothing that was asked");
    }
    c->slot[slot].id = 0;
    cl->outstanding--;
    cl->answers++;
    if (cl->measuring) {
        latency_add(&cl->latency, now - c->slot[slot].sent);
        count_result(cl, result_of(msg));
    }
    if (cl->sending) {
        send_air(cl, c, slot, now);
    }
}

static void take_cea(struct client *cl, struct connection *c, struct bytes msg)
{
    if (result_of(msg) != DIAMETER_SUCCESS) {
        char text[64];
        snprintf(text, sizeof text, "the CEA says %u", result_of(msg));
        die(c->host, text);
    }
    c->state = OPEN;
    cl->open++;
}

static void take(struct client *cl, struct connection *c, struct bytes msg, uint64_t now)
{
    struct diameter_header h;
    size_t n = 0;
    if (diameter_header_read(msg, &h) != E_OK) {
        die(c->host, "no Diameter message");
    }
    if (h.command == S6A_AUTHENTICATION_INFORMATION && !h.request) {
        take_aia(cl, c, msg, h.hop_by_hop, now);
    } else if (h.command == DIAMETER_CAPABILITIES_EXCHANGE && !h.request) {
        take_cea(cl, c, msg);
    } else if (h.command == DIAMETER_DEVICE_WATCHDOG && h.request &&
               dwa_make(&c->who, &h, out_room(c), &n) == E_OK) {
        c->out_n += n;
    } else if (h.command == DIAMETER_DISCONNECT_PEER) {
        c->state = CLOSED;
    }
}

static void take_all(struct client *cl, struct connection *c)
{
    uint64_t now = now_ns();
    size_t at = 0;
    size_t total;
    enum err err;
    while ((err = diameter_frame((struct bytes){c->in + at, c->in_n - at}, IN_MAX, &total)) ==
           E_OK) {
        take(cl, c, (struct bytes){c->in + at, total}, now);
        at += total;
    }
    if (err != E_AGAIN) {
        die(c->host, err_sentence(err));
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
}

static void readable(struct client *cl, struct connection *c)
{
    ssize_t n = recv(c->fd, c->in + c->in_n, IN_MAX - c->in_n, 0);
    if (n == 0 && !cl->sending) {
        c->state = CLOSED;
        epoll_ctl(cl->epoll, EPOLL_CTL_DEL, c->fd, NULL);
        return;
    }
    if (n == 0) {
        die(c->host, "the server closed the connection");
    }
    if (n < 0) {
        if (errno != EAGAIN) {
            die(c->host, strerror(errno));
        }
        return;
    }
    c->in_n += (size_t)n;
    take_all(cl, c);
}

/* One turn of the loop, at most until the given time. */
static void turn(struct client *cl, uint64_t until)
{
    struct epoll_event events[CONNECTIONS_MAX];
    uint64_t now = now_ns();
    int wait_ms = until > now ? (int)((until - now) / 1000000U) + 1 : 0;
    int n = epoll_wait(cl->epoll, events, CONNECTIONS_MAX, wait_ms);
    for (int i = 0; i < n; i++) {
        struct connection *c = events[i].data.ptr;
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            readable(cl, c);
        }
        if (c->state != CLOSED) {
            flush_out(cl, c);
        }
    }
}

/* ---- a run ---- */

static void connect_one(struct client *cl, struct connection *c, unsigned i)
{
    int one = 1;
    struct sockaddr_in own;
    socklen_t own_n = sizeof own;
    snprintf(c->host, sizeof c->host, "%s%u.%s", cl->o.host, i + 1, cl->o.who.realm);
    c->who = cl->o.who;
    c->who.host = c->host;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || connect(c->fd, (struct sockaddr *)&cl->o.to, sizeof cl->o.to) != 0 ||
        getsockname(c->fd, (struct sockaddr *)&own, &own_n) != 0 ||
        setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        fcntl(c->fd, F_SETFL, O_NONBLOCK) != 0) {
        die("connect", strerror(errno));
    }
    uint8_t ip[4];
    memcpy(ip, &own.sin_addr, sizeof ip);
    if (air_template_make(&c->who, cl->o.vectors, &c->air) != E_OK ||
        cer_make(&c->who, ip, out_room(c), &c->out_n) != E_OK) {
        die(c->host, "the name does not fit a request");
    }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(cl->epoll, EPOLL_CTL_ADD, c->fd, &e) != 0) {
        die("epoll", strerror(errno));
    }
    flush_out(cl, c);
}

static void connect_all(struct client *cl)
{
    uint64_t until = now_ns() + 10000000000U;
    for (unsigned i = 0; i < cl->o.connections; i++) {
        connect_one(cl, &cl->connection[i], i);
    }
    while (cl->open < cl->o.connections) {
        turn(cl, until);
        if (now_ns() > until) {
            die("CER", "no answer within ten seconds");
        }
    }
}

static void first_requests(struct client *cl)
{
    cl->sending = true;
    for (unsigned i = 0; i < cl->o.connections; i++) {
        uint64_t now = now_ns();
        for (uint32_t s = 0; s < cl->o.window; s++) {
            send_air(cl, &cl->connection[i], s, now);
        }
        flush_out(cl, &cl->connection[i]);
    }
}

static uint64_t run_for(struct client *cl, uint64_t ns)
{
    uint64_t from = now_ns();
    uint64_t until = from + ns;
    while (now_ns() < until) {
        turn(cl, until);
    }
    return now_ns() - from;
}

static void drain_and_close(struct client *cl)
{
    uint64_t until = now_ns() + DRAIN_NS;
    cl->sending = false;
    cl->measuring = false;
    while (cl->outstanding > 0 && now_ns() < until) {
        turn(cl, until);
    }
    for (unsigned i = 0; i < cl->o.connections; i++) {
        struct connection *c = &cl->connection[i];
        size_t n = 0;
        if (dpr_make(&c->who, out_room(c), &n) == E_OK) {
            c->out_n += n;
            flush_out(cl, c);
        }
    }
    run_for(cl, 100000000U);
    for (unsigned i = 0; i < cl->o.connections; i++) {
        close(cl->connection[i].fd);
    }
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void print_all(const struct client *cl, double seconds, double cpu)
{
    static const struct {
        const char *name;
        double q;
    } rows[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}};
    printf("answers\t%llu\n", (unsigned long long)cl->latency.n);
    printf("answers.all\t%llu\n", (unsigned long long)cl->answers);
    printf("answers.per.second\t%.0f\n", (double)cl->latency.n / seconds);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        printf("%s.us\t%.1f\n", rows[i].name,
               (double)latency_quantile(&cl->latency, rows[i].q) / 1000);
    }
    printf("max.us\t%.1f\n", (double)cl->latency.max / 1000);
    printf("client.cpu.us\t%.2f\n", cl->latency.n > 0 ? cpu * 1e6 / (double)cl->latency.n : 0);
    for (size_t i = 0; i < RESULTS_MAX && cl->result[i].n > 0; i++) {
        printf("result.%u\t%llu\n", cl->result[i].code, (unsigned long long)cl->result[i].n);
    }
    printf("lost\t%llu\n", (unsigned long long)cl->outstanding);
}

/* ---- options ---- */

static struct sockaddr_in address_or_die(char *text)
{
    struct sockaddr_in a = {.sin_family = AF_INET};
    char *colon = strrchr(text, ':');
    if (colon == NULL) {
        die(text, "write IP:PORT");
    }
    a.sin_port = htons((uint16_t)number_or_die(colon + 1, "port", 1, 65535));
    *colon = '\0';
    if (inet_pton(AF_INET, text, &a.sin_addr) != 1) {
        die(text, "is not an IPv4 address");
    }
    return a;
}

enum { O_TO = 't', O_CONNECTIONS = 'c', O_WINDOW = 'w', O_SECONDS = 's', O_WARMUP = 'u' };
enum { O_IMSI = 'i', O_IMSIS = 'n', O_VECTORS = 'v', O_PLMN = 'p', O_HOST = 'h', O_REALM = 'r' };
enum { O_DESTINATION = 'd' };
static const struct option long_options[] = {
    {"to", required_argument, NULL, O_TO},
    {"connections", required_argument, NULL, O_CONNECTIONS},
    {"window", required_argument, NULL, O_WINDOW},
    {"seconds", required_argument, NULL, O_SECONDS},
    {"warmup", required_argument, NULL, O_WARMUP},
    {"imsi", required_argument, NULL, O_IMSI},
    {"imsis", required_argument, NULL, O_IMSIS},
    {"vectors", required_argument, NULL, O_VECTORS},
    {"plmn", required_argument, NULL, O_PLMN},
    {"host", required_argument, NULL, O_HOST},
    {"realm", required_argument, NULL, O_REALM},
    {"destination-realm", required_argument, NULL, O_DESTINATION},
    {NULL, 0, NULL, 0},
};

static void take_number(struct options *o, int option, const char *text)
{
    switch (option) {
    case O_CONNECTIONS:
        o->connections = (unsigned)number_or_die(text, "connections", 1, CONNECTIONS_MAX);
        break;
    case O_WINDOW:
        o->window = (unsigned)number_or_die(text, "window", 1, WINDOW_MAX);
        break;
    case O_SECONDS:
        o->seconds = (unsigned)number_or_die(text, "seconds", 1, 3600);
        break;
    case O_WARMUP:
        o->warmup = (unsigned)number_or_die(text, "warmup", 0, 3600);
        break;
    case O_VECTORS:
        o->vectors = (uint32_t)number_or_die(text, "vectors", 1, S6A_VECTORS_MAX);
        break;
    case O_IMSI:
        o->imsi_first = number_or_die(text, "imsi", 1, 999999999999999U);
        break;
    case O_IMSIS:
        o->imsi_count = number_or_die(text, "imsis", 1, 999999999999999U);
        break;
    default:
        exit(2); /* getopt_long has said why */
    }
}

static void take_option(struct options *o, int option, char *text)
{
    switch (option) {
    case O_TO:
        o->to = address_or_die(text);
        break;
    case O_HOST:
        o->host = text;
        break;
    case O_REALM:
        o->who.realm = text;
        break;
    case O_DESTINATION:
        o->who.destination_realm = text;
        break;
    case O_PLMN:
        if (hex_decode(text, MBYTES_OF(o->who.plmn)) != E_OK) {
            die(text, "is not a PLMN of three octets in hex");
        }
        break;
    default:
        take_number(o, option, text);
    }
}

static struct options options_of(int argc, char **argv)
{
    struct options o = {
        .connections = 1,
        .window = 1,
        .seconds = 3,
        .warmup = 1,
        .vectors = 1,
        .imsi_first = 1010000000001U,
        .imsi_count = 1,
        .host = "mme",
        .who = {.realm = "visited.bench",
                .destination_realm = "home.bench",
                .plmn = {0x00, 0xf1, 0x10}},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        take_option(&o, option, optarg);
    }
    if (o.to.sin_port == 0) {
        die("--to", "is needed: where does the server listen?");
    }
    return o;
}

int main(int argc, char **argv)
{
    static struct client cl;
    cl.o = options_of(argc, argv);
    cl.random = 0x9E3779B97F4A7C15U ^ now_ns();
    cl.epoll = epoll_create1(EPOLL_CLOEXEC);
    cl.connection = calloc(cl.o.connections, sizeof *cl.connection);
    if (cl.epoll < 0 || cl.connection == NULL) {
        die("start", strerror(errno));
    }
    connect_all(&cl);
    first_requests(&cl);
    run_for(&cl, cl.o.warmup * 1000000000ULL);
    cl.measuring = true;
    double cpu = cpu_seconds();
    uint64_t ns = run_for(&cl, cl.o.seconds * 1000000000ULL);
    cpu = cpu_seconds() - cpu;
    drain_and_close(&cl);
    print_all(&cl, (double)ns / 1e9, cpu);
    free(cl.connection);
    close(cl.epoll);
    return cl.latency.n > 0 ? 0 : 1;
}
