/* bench/handshakes - TLS 1.3 handshakes, both sides with a certificate, no resumption.
 *
 *   bench_handshakes --to IP:PORT --cert FILE --key FILE --ca FILE [--seconds S]
 *       against an HSS: connect, handshake, CER, CEA, close; one after the other
 *   bench_handshakes --bare --cert FILE --key FILE --ca FILE [--seconds S]
 *       both sides in this process, over memory: what OpenSSL needs for the server's side alone
 *
 * Prints "handshakes", "handshakes.per.second", and with --bare "server.cpu.us" for each.
 */
#include "air_message.h"
#include "lib/link.h"
#include "lib/measure.h"
#include <errno.h>
#include <getopt.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct sockaddr_in to;
    const char *certificate, *key, *ca;
    unsigned seconds;
    bool bare;
};

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_handshakes: %s: %s\n", what, why);
    exit(1);
}

/* ---- against an HSS ---- */

static struct bytes receive(struct link *l, struct mbytes room)
{
    size_t n = 0, total = 0;
    while (diameter_frame((struct bytes){room.p, n}, room.n, &total) == E_AGAIN) {
        struct pollfd p = {.fd = l->fd, .events = POLLIN};
        ssize_t got = link_recv(l, room.p + n, room.n - n);
        if (got < 0 && errno == EAGAIN) {
            if (poll(&p, 1, 10000) != 1) {
                die("CEA", "none came within ten seconds");
            }
        } else if (got <= 0) {
            die("receive", "the server closed the connection");
        } else {
            n += (size_t)got;
        }
    }
    return (struct bytes){room.p, total};
}

static void one_connection(const struct options *o, SSL_CTX *tls)
{
    static const struct identity who = {.host = "mme1.visited.bench", .realm = "visited.bench"};
    uint8_t cer[1024], room[4096], own_ip[4];
    struct link l;
    size_t n = 0;
    link_connect(&l, &o->to, tls, own_ip);
    if (cer_make(&who, own_ip, MBYTES_OF(cer), &n) != E_OK || link_send(&l, cer, n) != (ssize_t)n) {
        die("CER", "could not be sent");
    }
    if (result_of(receive(&l, MBYTES_OF(room))) != DIAMETER_SUCCESS) {
        die("CEA", "is no success");
    }
    if (dpr_make(&who, MBYTES_OF(cer), &n) == E_OK && link_send(&l, cer, n) == (ssize_t)n) {
        (void)receive(&l, MBYTES_OF(room)); /* so that the place is free again */
    }
    link_close(&l);
}

static void against(const struct options *o)
{
    SSL_CTX *tls = link_tls(o->certificate, o->key, o->ca);
    uint64_t from = now_ns(), n = 0;
    while (now_ns() - from < o->seconds * 1000000000ULL) {
        one_connection(o, tls);
        n++;
    }
    printf("handshakes\t%llu\n", (unsigned long long)n);
    printf("handshakes.per.second\t%.1f\n", (double)n * 1e9 / (double)(now_ns() - from));
    SSL_CTX_free(tls);
}

/* ---- nothing but OpenSSL ---- */

static SSL_CTX *server_context(const struct options *o)
{
    SSL_CTX *c = SSL_CTX_new(TLS_server_method());
    if (c == NULL || SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION) != 1 ||
        SSL_CTX_use_certificate_file(c, o->certificate, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_use_PrivateKey_file(c, o->key, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_load_verify_locations(c, o->ca, NULL) != 1 || SSL_CTX_set_num_tickets(c, 0) != 1) {
        die("TLS", "the certificate could not be used");
    }
    SSL_CTX_set_verify(c, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_session_cache_mode(c, SSL_SESS_CACHE_OFF);
    return c;
}

/* Processor time of the server's side. */
static uint64_t one_pair(SSL_CTX *server, SSL_CTX *client)
{
    BIO *a = NULL, *b = NULL;
    SSL *s = SSL_new(server), *c = SSL_new(client);
    uint64_t spent = 0;
    if (s == NULL || c == NULL || BIO_new_bio_pair(&a, 0, &b, 0) != 1) {
        die("TLS", "no memory");
    }
    SSL_set_bio(s, a, a);
    SSL_set_bio(c, b, b);
    SSL_set_accept_state(s);
    SSL_set_connect_state(c);
    for (int turns = 0; !SSL_is_init_finished(s) || !SSL_is_init_finished(c); turns++) {
        (void)SSL_do_handshake(c); /* the end is looked at, and how long it takes */
        uint64_t from = cpu_ns();
        (void)SSL_do_handshake(s);
        spent += cpu_ns() - from;
        if (turns > 20) {
            die("TLS", "the handshake does not end");
        }
    }
    SSL_free(s);
    SSL_free(c);
    return spent;
}

static void bare(const struct options *o)
{
    SSL_CTX *client = link_tls(o->certificate, o->key, o->ca), *server = server_context(o);
    uint64_t from = now_ns(), n = 0, spent = 0;
    for (; now_ns() - from < o->seconds * 1000000000ULL; n++) {
        spent += one_pair(server, client);
    }
    printf("handshakes\t%llu\n", (unsigned long long)n);
    printf("handshakes.per.second\t%.1f\n", (double)n * 1e9 / (double)spent);
    printf("server.cpu.us\t%.1f\n", (double)spent / 1000 / (double)n);
    SSL_CTX_free(client);
    SSL_CTX_free(server);
}

int main(int argc, char **argv)
{
    static const struct option options[] = {{"to", required_argument, NULL, 't'},
                                            {"cert", required_argument, NULL, 'C'},
                                            {"key", required_argument, NULL, 'K'},
                                            {"ca", required_argument, NULL, 'A'},
                                            {"seconds", required_argument, NULL, 's'},
                                            {"bare", no_argument, NULL, 'b'},
                                            {NULL, 0, NULL, 0}};
    struct options o = {.seconds = 3};
    for (int option; (option = getopt_long(argc, argv, "", options, NULL)) != -1;) {
        switch (option) {
        case 't':
            o.to = address_or_die(optarg);
            break;
        case 'C':
            o.certificate = optarg;
            break;
        case 'K':
            o.key = optarg;
            break;
        case 'A':
            o.ca = optarg;
            break;
        case 's':
            o.seconds = (unsigned)number_or_die(optarg, "seconds", 1, 3600);
            break;
        case 'b':
            o.bare = true;
            break;
        default:
            return 2;
        }
    }
    if (o.certificate == NULL || o.key == NULL || o.ca == NULL || (!o.bare && o.to.sin_port == 0)) {
        die("usage", "--to IP:PORT or --bare, with --cert, --key and --ca");
    }
    if (o.bare) {
        bare(&o);
    } else {
        against(&o);
    }
    return 0;
}
