/* bench/https_get - look-ups over kept HTTPS connections: a closed loop, one request outstanding on
 * each connection, one thread.
 *
 *   bench_https_get --to IP:PORT --cert FILE --key FILE --ca FILE --count N
 *                   [--connections C] [--seconds S]
 *
 * GET /v1/bindings/{imei} for a device of bench_bindings' N, drawn at random. Every answer must be
 * 200, whole. Prints "answers.per.second", "answers.all", "p50.us", "p99.us", "answer.octets".
 */
#include "lib/link.h"
#include "lib/measure.h"
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECTIONS_MAX 256
#define ANSWER_MAX      8192
#define TAC_FIRST       35693800u /* as bench/bindings.c has it */

struct conn {
    struct link link;
    uint64_t sent_ns;
    size_t n;
    char answer[ANSWER_MAX + 1];
};
struct loop {
    struct sockaddr_in to;
    const char *certificate, *key, *ca;
    uint64_t count, connections, seconds;
    uint64_t random, answers, octets;
    struct latency latency;
    struct conn *all;
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_https_get: %s: %s\n", what, why);
    exit(1);
}

static uint64_t draw(struct loop *l)
{
    l->random = l->random * UINT64_C(6364136223846793005) + 1442695040888963407;
    return (l->random >> 33) % l->count;
}

/* So short a request always fits the socket. */
static void ask(struct loop *l, struct conn *c)
{
    char text[128];
    uint64_t i = draw(l);
    int n =
        snprintf(text, sizeof text, "GET /v1/bindings/%08u%06u HTTP/1.1\r\nHost: localhost\r\n\r\n",
                 (unsigned)(TAC_FIRST + i / 1000000 % 100), (unsigned)(i % 1000000));
    c->n = 0;
    c->sent_ns = now_ns();
    if (link_send(&c->link, text, (size_t)n) != n) {
        die("request", "could not be sent");
    }
}

/* The whole of an answer with a Content-Length, or 0. */
static size_t whole(struct conn *c)
{
    c->answer[c->n] = '\0';
    const char *end = strstr(c->answer, "\r\n\r\n");
    const char *length = strcasestr(c->answer, "\r\nContent-Length: ");
    if (end == NULL) {
        return 0;
    }
    if (strncmp(c->answer, "HTTP/1.1 200 ", 13) != 0 || length == NULL || length > end) {
        die("answer", c->answer);
    }
    size_t all = (size_t)(end + 4 - c->answer) + strtoul(length + 18, NULL, 10);
    return c->n >= all ? all : 0;
}

static void take(struct loop *l, struct conn *c)
{
    do {
        ssize_t got = link_recv(&c->link, c->answer + c->n, ANSWER_MAX - c->n);
        if (got < 0 && errno == EAGAIN) {
            return;
        }
        if (got <= 0) {
            die("answer", "the server ended the connection, or its answer is too large");
        }
        c->n += (size_t)got;
        size_t octets = whole(c);
        if (octets > 0) {
            latency_add(&l->latency, now_ns() - c->sent_ns);
            l->answers++;
            l->octets += octets;
            ask(l, c);
        }
    } while (link_pending(&c->link));
}

static void run(struct loop *l)
{
    struct pollfd fds[CONNECTIONS_MAX];
    SSL_CTX *tls = link_tls(l->certificate, l->key, l->ca);
    uint8_t own[4];
    for (uint64_t i = 0; i < l->connections; i++) {
        link_connect(&l->all[i].link, &l->to, tls, own);
        fds[i] = (struct pollfd){.fd = l->all[i].link.fd, .events = POLLIN};
        ask(l, &l->all[i]);
    }
    const uint64_t from = now_ns();
    while (now_ns() - from < l->seconds * 1000000000ULL) {
        if (poll(fds, (nfds_t)l->connections, 10000) <= 0) {
            die("poll", "nothing came within ten seconds");
        }
        for (uint64_t i = 0; i < l->connections; i++) {
            if (fds[i].revents != 0) {
                take(l, &l->all[i]);
            }
        }
    }
    const uint64_t spent = now_ns() - from;
    printf("answers.per.second\t%.0f\n", (double)l->answers * 1e9 / (double)spent);
    printf("answers.all\t%llu\n", (unsigned long long)l->answers);
    printf("p50.us\t%.0f\n", (double)latency_quantile(&l->latency, 0.5) / 1000);
    printf("p99.us\t%.0f\n", (double)latency_quantile(&l->latency, 0.99) / 1000);
    printf("answer.octets\t%llu\n", (unsigned long long)(l->octets / (l->answers + 1)));
    for (uint64_t i = 0; i < l->connections; i++) {
        link_close(&l->all[i].link);
    }
    SSL_CTX_free(tls);
}

static void option(struct loop *l, int which)
{
    switch (which) {
    case 't':
        l->to = address_or_die(optarg);
        break;
    case 'C':
        l->certificate = optarg;
        break;
    case 'K':
        l->key = optarg;
        break;
    case 'A':
        l->ca = optarg;
        break;
    case 'n':
        l->count = number_or_die(optarg, "count", 1, 100000000);
        break;
    case 'c':
        l->connections = number_or_die(optarg, "connections", 1, CONNECTIONS_MAX);
        break;
    case 's':
        l->seconds = number_or_die(optarg, "seconds", 1, 3600);
        break;
    default:
        exit(2);
    }
}

int main(int argc, char **argv)
{
    static const struct option options[] = {
        {"to", required_argument, NULL, 't'},      {"cert", required_argument, NULL, 'C'},
        {"key", required_argument, NULL, 'K'},     {"ca", required_argument, NULL, 'A'},
        {"count", required_argument, NULL, 'n'},   {"connections", required_argument, NULL, 'c'},
        {"seconds", required_argument, NULL, 's'}, {NULL, 0, NULL, 0}};
    struct loop *l = calloc(1, sizeof *l);
    if (l == NULL) {
        die("start", "no memory");
    }
    *l = (struct loop){.connections = 4, .seconds = 3, .random = 1};
    for (int which; (which = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        option(l, which);
    }
    if (l->to.sin_port == 0 || l->certificate == NULL || l->key == NULL || l->ca == NULL ||
        l->count == 0) {
        die("usage", "--to IP:PORT --cert --key --ca --count N [--connections C] [--seconds S]");
    }
    l->all = calloc(l->connections, sizeof *l->all);
    if (l->all == NULL) {
        die("start", "no memory");
    }
    run(l);
    free(l->all);
    free(l);
    return 0;
}
