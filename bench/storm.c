/* bench/storm - many devices come back at once: each is due once within a time, by Beta(3,4) as
 * 3GPP TR 37.868 has it; then its MME sends an AIR, and a ULR as soon as the AIA has come. An open
 * loop: when a device is due does not depend on how fast answers come, and its time counts from
 * then.
 *
 *   bench_storm --to IP:PORT [--devices N] [--over SECONDS] [--connections N] [--imsi FIRST]
 *               [--plot FILE.svg]
 *
 * IMSIs follow each other from FIRST. Connection i is mme<i>.visited.bench, and a device keeps its
 * MME. Prints "name TAB value" lines: devices, answered ones, latencies in microseconds of AIR, of
 * ULR and of both. Ends with 1 if a device was not answered.
 */
#include "air_message.h"
#include "lib/link.h"
#include "lib/measure.h"
#include "lib/storm_plot.h"
#include <errno.h>
#include <getopt.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#define CONNECTIONS_MAX 64
#define IN_MAX          65536
#define OUT_MAX         (16U << 20)
#define PATIENCE_NS     10000000000U /* after the last device was due */
#define ULR_BIT         0x80000000U  /* in an identifier: of the ULR */

struct device {
    uint64_t due;  /* ns from the start */
    uint64_t aia;  /* when its AIA came */
    bool answered; /* by ULA too */
};
struct conn {
    struct link link;
    char host[64];
    struct identity who;
    struct air_template air, ulr;
    bool open;
    size_t in_n, out_at, out_n;
    uint8_t in[IN_MAX];
    uint8_t *out;
};
struct storm {
    struct sockaddr_in to;
    unsigned devices, seconds, connections;
    uint64_t imsi;
    const char *plot;
    int epoll;
    unsigned open;
    uint64_t from;
    unsigned next; /* the first device that is not due yet */
    unsigned done, refused;
    struct device *device; /* by when they are due */
    struct conn *conn;
    struct latency air, ulr, both;
    struct storm_column column[STORM_COLUMNS];
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_storm: %s: %s\n", what, why);
    exit(1);
}

/* ---- when ---- */

/* Uniform in (0,1): a fixed sequence, so that two runs have the same storm. */
static double uniform(void)
{
    static uint64_t state = 1;
    state = state * UINT64_C(6364136223846793005) + 1442695040888963407;
    return ((double)(state >> 11) + 0.5) / 9007199254740992.0;
}

/* A sum of n exponentials has the gamma distribution; X/(X+Y) of two of them has Beta(3,4). */
static double gamma_of(unsigned n)
{
    double product = 1;
    for (unsigned i = 0; i < n; i++) {
        product *= uniform();
    }
    return -log(product);
}

static int by_due(const void *a, const void *b)
{
    const struct device *x = a;
    const struct device *y = b;
    return (x->due > y->due) - (x->due < y->due);
}

static void schedule(struct storm *s)
{
    s->device = calloc(s->devices, sizeof *s->device);
    if (s->device == NULL) {
        die("start", "no memory");
    }
    for (unsigned i = 0; i < s->devices; i++) {
        double x = gamma_of(3);
        s->device[i].due = (uint64_t)(x / (x + gamma_of(4)) * s->seconds * 1e9);
    }
    qsort(s->device, s->devices, sizeof *s->device, by_due);
}

static struct storm_column *column_of(struct storm *s, uint64_t due)
{
    uint64_t i = due * STORM_COLUMNS / (s->seconds * 1000000000ULL);
    return &s->column[i < STORM_COLUMNS ? i : STORM_COLUMNS - 1];
}

/* ---- sending ---- */

static void put(struct conn *c, const struct air_template *t, uint32_t id, uint64_t imsi)
{
    if (OUT_MAX - c->out_n < t->n) {
        die(c->host, "the server reads nothing");
    }
    air_stamp(t, id, imsi, c->out + c->out_n);
    c->out_n += t->n;
}

static void flush_out(struct storm *s, struct conn *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = link_send(&c->link, c->out + c->out_at, c->out_n - c->out_at);
        if (n < 0 && errno != EAGAIN) {
            die(c->host, strerror(errno));
        }
        if (n < 0) {
            break;
        }
        c->out_at += (size_t)n;
    }
    bool all = c->out_at == c->out_n;
    if (all) {
        c->out_at = c->out_n = 0;
    }
    struct epoll_event e = {.events = all ? EPOLLIN : EPOLLIN | EPOLLOUT, .data.ptr = c};
    epoll_ctl(s->epoll, EPOLL_CTL_MOD, c->link.fd, &e);
}

static void send_due(struct storm *s, uint64_t now)
{
    unsigned first = s->next;
    for (; s->next < s->devices && s->device[s->next].due <= now; s->next++) {
        struct conn *c = &s->conn[s->next % s->connections];
        put(c, &c->air, s->next + 1, s->imsi + s->next);
        column_of(s, s->device[s->next].due)->due++;
    }
    for (unsigned i = 0; first != s->next && i < s->connections; i++) {
        flush_out(s, &s->conn[i]);
    }
}

/* ---- receiving ---- */

static void take_answer(struct storm *s, struct conn *c, uint32_t id, uint32_t result, uint64_t now)
{
    unsigned i = (id & ~ULR_BIT) - 1;
    if (i >= s->devices || s->device[i].answered) {
        die(c->host, "an answer to nothing that was asked");
    }
    struct device *d = &s->device[i];
    if (result != DIAMETER_SUCCESS) {
        s->refused++;
        d->answered = true;
        return;
    }
    if ((id & ULR_BIT) == 0) {
        d->aia = now;
        latency_add(&s->air, now - d->due);
        put(c, &c->ulr, id | ULR_BIT, s->imsi + i);
        return;
    }
    d->answered = true;
    s->done++;
    latency_add(&s->ulr, now - d->aia);
    latency_add(&s->both, now - d->due);
    storm_column_add(column_of(s, d->due), now - d->due);
}

static void take(struct storm *s, struct conn *c, struct bytes msg)
{
    struct diameter_header h;
    size_t n = 0;
    if (diameter_header_read(msg, &h) != E_OK) {
        die(c->host, "no Diameter message");
    }
    if (h.command == DIAMETER_CAPABILITIES_EXCHANGE) {
        if (result_of(msg) != DIAMETER_SUCCESS) {
            die(c->host, "the CEA is no success");
        }
        c->open = true;
        s->open++;
    } else if (h.request && h.command == DIAMETER_DEVICE_WATCHDOG) {
        if (dwa_make(&c->who, &h, (struct mbytes){c->out + c->out_n, OUT_MAX - c->out_n}, &n) ==
            E_OK) {
            c->out_n += n;
        }
    } else if (!h.request) {
        take_answer(s, c, h.hop_by_hop, result_of(msg), now_ns() - s->from);
    }
}

static void readable(struct storm *s, struct conn *c)
{
    size_t at = 0, total = 0;
    ssize_t n = link_recv(&c->link, c->in + c->in_n, IN_MAX - c->in_n);
    if (n < 0 && errno == EAGAIN) {
        return;
    }
    if (n <= 0) {
        die(c->host, "the server closed the connection");
    }
    c->in_n += (size_t)n;
    while (diameter_frame((struct bytes){c->in + at, c->in_n - at}, IN_MAX, &total) == E_OK) {
        take(s, c, (struct bytes){c->in + at, total});
        at += total;
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
}

static void turn(struct storm *s, int wait_ms)
{
    struct epoll_event events[CONNECTIONS_MAX];
    int n = epoll_wait(s->epoll, events, CONNECTIONS_MAX, wait_ms);
    for (int i = 0; i < n; i++) {
        struct conn *c = events[i].data.ptr;
        if ((events[i].events & ~(uint32_t)EPOLLOUT) != 0) {
            readable(s, c);
        }
        flush_out(s, c);
    }
}

/* ---- a run ---- */

static void connect_one(struct storm *s, struct conn *c, unsigned number)
{
    uint8_t own_ip[4];
    snprintf(c->host, sizeof c->host, "mme%u.visited.bench", number);
    c->who = (struct identity){.host = c->host,
                               .realm = "visited.bench",
                               .destination_realm = "home.bench",
                               .plmn = {0x00, 0xf1, 0x10}};
    c->out = malloc(OUT_MAX);
    if (c->out == NULL) {
        die("start", "no memory");
    }
    link_connect(&c->link, &s->to, NULL, own_ip);
    if (air_template_make(&c->who, 1, &c->air) != E_OK ||
        ulr_template_make(&c->who, &c->ulr) != E_OK ||
        cer_make(&c->who, own_ip, (struct mbytes){c->out, OUT_MAX}, &c->out_n) != E_OK) {
        die(c->host, "the name does not fit a request");
    }
    struct epoll_event e = {.events = EPOLLIN, .data.ptr = c};
    if (epoll_ctl(s->epoll, EPOLL_CTL_ADD, c->link.fd, &e) != 0) {
        die("epoll", strerror(errno));
    }
    flush_out(s, c);
}

static void connect_all(struct storm *s)
{
    uint64_t until = now_ns() + PATIENCE_NS;
    s->epoll = epoll_create1(EPOLL_CLOEXEC);
    s->conn = calloc(s->connections, sizeof *s->conn);
    if (s->epoll < 0 || s->conn == NULL) {
        die("start", "no memory");
    }
    for (unsigned i = 0; i < s->connections; i++) {
        connect_one(s, &s->conn[i], i + 1);
    }
    while (s->open < s->connections) {
        turn(s, 100);
        if (now_ns() > until) {
            die("CER", "no answer within ten seconds");
        }
    }
}

static void run(struct storm *s)
{
    uint64_t until = s->seconds * 1000000000ULL + PATIENCE_NS;
    s->from = now_ns();
    for (uint64_t now = 0; s->done + s->refused < s->devices && now < until;
         now = now_ns() - s->from) {
        send_due(s, now);
        bool soon = s->next < s->devices && s->device[s->next].due < now + 1000000;
        turn(s, soon ? 0 : 1);
    }
}

static void print_latency(const char *of, const struct latency *l)
{
    printf("%s.p50.us\t%.1f\n", of, (double)latency_quantile(l, 0.5) / 1000);
    printf("%s.p99.us\t%.1f\n", of, (double)latency_quantile(l, 0.99) / 1000);
    printf("%s.max.us\t%.1f\n", of, (double)l->max / 1000);
}

static struct storm options_of(int argc, char **argv)
{
    static const struct option options[] = {{"to", required_argument, NULL, 't'},
                                            {"devices", required_argument, NULL, 'd'},
                                            {"over", required_argument, NULL, 'o'},
                                            {"connections", required_argument, NULL, 'c'},
                                            {"imsi", required_argument, NULL, 'i'},
                                            {"plot", required_argument, NULL, 'p'},
                                            {NULL, 0, NULL, 0}};
    struct storm s = {.devices = 30000, .seconds = 10, .connections = 4, .imsi = 1010000000001U};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 't':
            s.to = address_or_die(optarg);
            break;
        case 'd':
            s.devices = (unsigned)number_or_die(optarg, "devices", 1, 10000000);
            break;
        case 'o':
            s.seconds = (unsigned)number_or_die(optarg, "seconds", 1, 3600);
            break;
        case 'c':
            s.connections = (unsigned)number_or_die(optarg, "connections", 1, CONNECTIONS_MAX);
            break;
        case 'i':
            s.imsi = number_or_die(optarg, "imsi", 1, 999999999999999U);
            break;
        case 'p':
            s.plot = optarg;
            break;
        default:
            exit(2);
        }
    }
    if (s.to.sin_port == 0) {
        die("--to", "is needed: where does the server listen?");
    }
    return s;
}

int main(int argc, char **argv)
{
    static struct storm s;
    s = options_of(argc, argv);
    schedule(&s);
    connect_all(&s);
    run(&s);
    printf("devices\t%u\nanswered\t%u\nrefused\t%u\nlost\t%u\n", s.devices, s.done, s.refused,
           s.devices - s.done - s.refused);
    print_latency("air", &s.air);
    print_latency("ulr", &s.ulr);
    print_latency("both", &s.both);
    if (s.plot != NULL && !storm_plot(s.plot, s.column, s.seconds)) {
        die(s.plot, strerror(errno));
    }
    return s.done == s.devices ? 0 : 1;
}
