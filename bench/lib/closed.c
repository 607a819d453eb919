#include "lib/closed.h"

#include "lib/measure.h"
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define RESULTS_MAX     16
#define IN_MAX          65536
#define HELLO_MAX       4096
#define DRAIN_NS        2000000000U

enum state { CONNECTED, OPEN, CLOSED };
struct slot {
    uint32_t id;   /* of the request that is out; 0: none */
    uint64_t sent; /* ns */
};
struct closed_conn {
    struct closed *all;
    struct link link;
    enum state state;
    unsigned number;
    bool blocked; /* the server must read before more can leave */
    struct slot slot[CLOSED_WINDOW_MAX];
    uint32_t round;
    size_t in_n;
    size_t out_at;
    size_t out_n;
    size_t out_cap;
    uint8_t *out;
    void *own;
    uint8_t in[IN_MAX];
};
struct result {
    uint32_t code;
    uint64_t n;
};
struct closed {
    const struct closed_options *o;
    const struct closed_protocol *p;
    SSL_CTX *tls;
    int epoll;
    unsigned open;
    uint64_t outstanding;
    uint64_t answers; /* also those that are not measured */
    uint64_t vectors;
    uint64_t now;
    bool sending;   /* new requests leave */
    bool measuring; /* answers count */
    uint64_t random;
    struct latency latency;
    struct result result[RESULTS_MAX];
    struct closed_conn *connection;
};

_Noreturn void closed_die(const char *what, const char *why)
{
    fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what, why);
    exit(1);
}

/* ---- for the protocol ---- */

const struct closed_options *closed_options(const struct closed_conn *c)
{
    return c->all->o;
}

void *closed_own(struct closed_conn *c)
{
    return c->own;
}

unsigned closed_number(const struct closed_conn *c)
{
    return c->number;
}

struct mbytes closed_room(struct closed_conn *c)
{
    return (struct mbytes){c->out + c->out_n, c->out_cap - c->out_n};
}

void closed_put(struct closed_conn *c, size_t n)
{
    c->out_n += n;
}

void closed_opened(struct closed_conn *c)
{
    c->state = OPEN;
    c->all->open++;
}

void closed_over(struct closed_conn *c)
{
    c->state = CLOSED;
}

/* ---- sending ---- */

/* Any spread over the range will do; this is no secret. */
static uint64_t next_imsi(struct closed *cl)
{
    cl->random ^= cl->random << 13;
    cl->random ^= cl->random >> 7;
    cl->random ^= cl->random << 17;
    return cl->o->imsi_first + cl->random % cl->o->imsi_count;
}

static void send_request(struct closed *cl, struct closed_conn *c, uint32_t slot, uint64_t now)
{
    uint32_t id = ++c->round << CLOSED_SLOT_BITS | slot;
    if (c->out_cap - c->out_n < cl->p->request_max) {
        closed_die("a connection", "the server reads nothing");
    }
    c->out_n += cl->p->request(c, id, next_imsi(cl), c->out + c->out_n);
    c->slot[slot] = (struct slot){id, now};
    cl->outstanding++;
}

static void flush_out(struct closed *cl, struct closed_conn *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = link_send(&c->link, c->out + c->out_at, c->out_n - c->out_at);
        if (n < 0 && errno == EAGAIN) {
            break;
        }
        if (n < 0) {
            closed_die("send", strerror(errno));
        }
        c->out_at += (size_t)n;
    }
    bool all = c->out_at == c->out_n;
    if (all) {
        c->out_at = c->out_n = 0;
    }
    if (all == c->blocked) {
        struct epoll_event e = {.events = all ? EPOLLIN : EPOLLIN | EPOLLOUT, .data.ptr = c};
        epoll_ctl(cl->epoll, EPOLL_CTL_MOD, c->link.fd, &e);
        c->blocked = !all;
    }
}

/* ---- receiving ---- */

static void count_result(struct closed *cl, uint32_t code)
{
    for (size_t i = 0; i < RESULTS_MAX; i++) {
        if (cl->result[i].code == code || cl->result[i].n == 0) {
            cl->result[i].code = code;
            cl->result[i].n++;
            return;
        }
    }
}

void closed_answered(struct closed_conn *c, uint32_t id, uint32_t result, unsigned vectors)
{
    struct closed *cl = c->all;
    uint32_t slot = id & (CLOSED_WINDOW_MAX - 1);
    if (c->slot[slot].id != id || id == 0) {
        closed_die("a connection", "an answer to nothing that was asked");
    }
    c->slot[slot].id = 0;
    cl->outstanding--;
    cl->answers++;
    if (cl->measuring) {
        latency_add(&cl->latency, cl->now - c->slot[slot].sent);
        count_result(cl, result);
        cl->vectors += vectors;
    }
    if (cl->sending) {
        send_request(cl, c, slot, cl->now);
    }
}

static void take_all(struct closed *cl, struct closed_conn *c)
{
    size_t at = 0;
    size_t total;
    enum err err;
    cl->now = now_ns();
    while ((err = cl->p->frame((struct bytes){c->in + at, c->in_n - at}, &total)) == E_OK) {
        cl->p->take(c, (struct bytes){c->in + at, total});
        at += total;
    }
    if (err != E_AGAIN) {
        closed_die("an answer", err_sentence(err));
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
}

static void readable(struct closed *cl, struct closed_conn *c)
{
    do {
        ssize_t n = link_recv(&c->link, c->in + c->in_n, IN_MAX - c->in_n);
        if (n <= 0 && !cl->sending && (n == 0 || errno != EAGAIN)) {
            c->state = CLOSED;
            epoll_ctl(cl->epoll, EPOLL_CTL_DEL, c->link.fd, NULL);
            return;
        }
        if (n == 0) {
            closed_die("a connection", "the server closed it");
        }
        if (n < 0) {
            if (errno != EAGAIN) {
                closed_die("receive", strerror(errno));
            }
            return;
        }
        c->in_n += (size_t)n;
        take_all(cl, c);
    } while (link_pending(&c->link));
}

/* One turn of the loop, at most until the given time. */
static void turn(struct closed *cl, uint64_t until)
{
    struct epoll_event events[CONNECTIONS_MAX];
    uint64_t now = now_ns();
    int wait_ms = until > now ? (int)((until - now) / 1000000U) + 1 : 0;
    int n = epoll_wait(cl->epoll, events, CONNECTIONS_MAX, wait_ms);
    for (int i = 0; i < n; i++) {
        struct closed_conn *c = events[i].data.ptr;
        if ((events[i].events & (EPOLLIN | EPOLLHUP | EPOLLERR)) != 0) {
            readable(cl, c);
        }
        if (c->state != CLOSED) {
            flush_out(cl, c);
        }
    }
}

/* ---- a run ---- */

static void connect_one(struct closed *cl, struct closed_conn *c, unsigned number)
{
    uint8_t own_ip[4];
    c->all = cl;
    c->number = number;
    c->out_cap = cl->o->window * cl->p->request_max + HELLO_MAX;
    c->out = malloc(c->out_cap);
    c->own = calloc(1, cl->p->own_size);
    if (c->out == NULL || c->own == NULL) {
        closed_die("start", "no memory");
    }
    link_connect(&c->link, &cl->o->to, cl->tls, own_ip);
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(cl->epoll, EPOLL_CTL_ADD, c->link.fd, &e) != 0) {
        closed_die("epoll", strerror(errno));
    }
    cl->p->hello(c, own_ip);
    flush_out(cl, c);
}

static void connect_all(struct closed *cl)
{
    uint64_t until = now_ns() + 10000000000U;
    for (unsigned i = 0; i < cl->o->connections; i++) {
        connect_one(cl, &cl->connection[i], i + 1);
    }
    while (cl->open < cl->o->connections) {
        turn(cl, until);
        if (now_ns() > until) {
            closed_die("hello", "no answer within ten seconds");
        }
    }
}

static void first_requests(struct closed *cl)
{
    cl->sending = true;
    for (unsigned i = 0; i < cl->o->connections; i++) {
        uint64_t now = now_ns();
        for (uint32_t s = 0; s < cl->o->window; s++) {
            send_request(cl, &cl->connection[i], s, now);
        }
        flush_out(cl, &cl->connection[i]);
    }
}

static uint64_t run_for(struct closed *cl, uint64_t ns)
{
    uint64_t from = now_ns();
    uint64_t until = from + ns;
    while (now_ns() < until) {
        turn(cl, until);
    }
    return now_ns() - from;
}

static void drain_and_close(struct closed *cl)
{
    uint64_t until = now_ns() + DRAIN_NS;
    cl->sending = false;
    cl->measuring = false;
    while (cl->outstanding > 0 && now_ns() < until) {
        turn(cl, until);
    }
    for (unsigned i = 0; i < cl->o->connections && cl->p->bye != NULL; i++) {
        cl->p->bye(&cl->connection[i]);
        flush_out(cl, &cl->connection[i]);
    }
    run_for(cl, 100000000U);
    for (unsigned i = 0; i < cl->o->connections; i++) {
        link_close(&cl->connection[i].link);
        free(cl->connection[i].out);
        free(cl->connection[i].own);
    }
}

static double cpu_seconds(void)
{
    struct rusage u;
    getrusage(RUSAGE_SELF, &u);
    return (double)(u.ru_utime.tv_sec + u.ru_stime.tv_sec) +
           (double)(u.ru_utime.tv_usec + u.ru_stime.tv_usec) / 1e6;
}

static void print_all(const struct closed *cl, double seconds, double cpu)
{
    static const struct {
        const char *name;
        double q;
    } rows[] = {{"p50", 0.5}, {"p95", 0.95}, {"p99", 0.99}, {"p99.9", 0.999}};
    printf("answers\t%llu\n", (unsigned long long)cl->latency.n);
    printf("answers.all\t%llu\n", (unsigned long long)cl->answers);
    printf("answers.per.second\t%.0f\n", (double)cl->latency.n / seconds);
    printf("vectors.per.second\t%.0f\n", (double)cl->vectors / seconds);
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

int closed_run(const struct closed_options *o, const struct closed_protocol *p)
{
    static struct closed cl;
    cl = (struct closed){.o = o, .p = p, .random = 0x9E3779B97F4A7C15U ^ now_ns()};
    if (o->certificate != NULL) {
        cl.tls = link_tls(o->certificate, o->key, o->ca);
    }
    cl.epoll = epoll_create1(EPOLL_CLOEXEC);
    cl.connection = calloc(o->connections, sizeof *cl.connection);
    if (cl.epoll < 0 || cl.connection == NULL) {
        closed_die("start", strerror(errno));
    }
    connect_all(&cl);
    first_requests(&cl);
    run_for(&cl, o->warmup * 1000000000ULL);
    cl.measuring = true;
    double cpu = cpu_seconds();
    uint64_t ns = run_for(&cl, o->seconds * 1000000000ULL);
    cpu = cpu_seconds() - cpu;
    drain_and_close(&cl);
    print_all(&cl, (double)ns / 1e9, cpu);
    free(cl.connection);
    close(cl.epoll);
    SSL_CTX_free(cl.tls);
    return cl.latency.n > 0 ? 0 : 1;
}

/* ---- options ---- */

enum { O_TO = 't', O_CONNECTIONS = 'c', O_WINDOW = 'w', O_SECONDS = 's', O_WARMUP = 'u' };
enum { O_IMSI = 'i', O_IMSIS = 'n', O_VECTORS = 'v', O_PLMN = 'p', O_HOST = 'h', O_REALM = 'r' };
enum { O_DESTINATION = 'd', O_CERT = 'C', O_KEY = 'K', O_CA = 'A' };
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
    {"cert", required_argument, NULL, O_CERT},
    {"key", required_argument, NULL, O_KEY},
    {"ca", required_argument, NULL, O_CA},
    {NULL, 0, NULL, 0},
};

static void take_number(struct closed_options *o, int option, const char *text)
{
    switch (option) {
    case O_CONNECTIONS:
        o->connections = (unsigned)number_or_die(text, "connections", 1, CONNECTIONS_MAX);
        break;
    case O_WINDOW:
        o->window = (unsigned)number_or_die(text, "window", 1, CLOSED_WINDOW_MAX);
        break;
    case O_SECONDS:
        o->seconds = (unsigned)number_or_die(text, "seconds", 1, 3600);
        break;
    case O_WARMUP:
        o->warmup = (unsigned)number_or_die(text, "warmup", 0, 3600);
        break;
    case O_VECTORS:
        o->vectors = (uint32_t)number_or_die(text, "vectors", 1, 5);
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

static void take_option(struct closed_options *o, int option, char *text)
{
    switch (option) {
    case O_TO:
        o->to = address_or_die(text);
        break;
    case O_HOST:
        o->host = text;
        break;
    case O_REALM:
        o->realm = text;
        break;
    case O_DESTINATION:
        o->destination_realm = text;
        break;
    case O_CERT:
        o->certificate = text;
        break;
    case O_KEY:
        o->key = text;
        break;
    case O_CA:
        o->ca = text;
        break;
    case O_PLMN:
        if (hex_decode(text, MBYTES_OF(o->plmn)) != E_OK) {
            closed_die(text, "is not a PLMN of three octets in hex");
        }
        break;
    default:
        take_number(o, option, text);
    }
}

struct closed_options closed_options_of(int argc, char **argv)
{
    struct closed_options o = {
        .connections = 1,
        .window = 1,
        .seconds = 3,
        .warmup = 1,
        .vectors = 1,
        .imsi_first = 1010000000001U,
        .imsi_count = 1,
        .host = "mme",
        .realm = "visited.bench",
        .destination_realm = "home.bench",
        .plmn = {0x00, 0xf1, 0x10},
    };
    int option;
    while ((option = getopt_long(argc, argv, "", long_options, NULL)) != -1) {
        take_option(&o, option, optarg);
    }
    if (o.to.sin_port == 0) {
        closed_die("--to", "is needed: where does the server listen?");
    }
    if ((o.certificate == NULL) != (o.key == NULL) || (o.key == NULL) != (o.ca == NULL)) {
        closed_die("TLS", "--cert, --key and --ca go together");
    }
    return o;
}
