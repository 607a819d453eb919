/* bench/epoll_responder - what an AIR costs when nothing is left of an HSS but its cryptography: a
 * bare epoll loop that opens sealed keys as the store does, makes the vector (RAND, Milenage,
 * encRAND, KASME), and overwrites it in an answer that was encoded once per connection.
 *
 *   bench_epoll_responder PORT [THREADS]
 *
 * There is no store: one sealed subscriber and one sealed KME serve every IMSI, so nothing is
 * looked up. Odd IMSIs are bound, as bench/rows.pl has them. Of a request only the header, the
 * Session-Id and the last digit of User-Name are read; nobody is authorised, SQN just counts.
 * Connections are dealt out to the threads in turn. Ends on SIGTERM.
 */
#include "air_message.h"
#include "crypto/openssl.h"
#include "crypto/seal.h"
#include "lib/measure.h"
#include "proc/binding.h"
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#define THREADS_MAX 16
#define EVENTS      64
#define IN_MAX      65536
#define OUT_MAX     262144
#define ANSWER_MAX  1024
#define SESSION_MAX 256
#define HOST        "responder.home.bench"
#define REALM       "home.bench"

/* An AIA, and where in it stands what changes. */
struct answer {
    uint8_t octets[ANSWER_MAX];
    size_t n;
    size_t session_at, session_n;
    size_t rand_at, xres_at, autn_at, kasme_at;
};
struct conn {
    int fd;
    struct answer answer; /* n 0: no request came yet */
    size_t in_n, out_at, out_n;
    uint8_t in[IN_MAX];
    uint8_t out[OUT_MAX];
};
struct sealed_value {
    uint8_t b[128];
    size_t n;
};
struct thread {
    pthread_t id;
    int epoll;
    struct crypto crypto;
    struct sealer *sealer;
    struct sealed_value keys, kme;
    uint64_t sqn;
};
static const uint8_t sn_id[3] = {0x00, 0xf1, 0x10};
/* As long as the store's: the column's name, a zero octet, IMSI and IMEI. */
static const uint8_t keys_place[15 + 1 + 16] = "subscriber.keys";
static const uint8_t kme_place[10 + 1 + 16] = "device.kme";

static _Noreturn void die(const char *what, const char *why)
{
    fprintf(stderr, "bench_epoll_responder: %s: %s\n", what, why);
    exit(1);
}

/* ---- the cryptography ---- */

static bool open_all(struct thread *t, bool bound, struct aka_keys *keys, struct key_kme *kme)
{
    uint8_t plain[34];
    size_t n = 0;
    if (seal_open(t->sealer, BYTES_OF(keys_place), (struct bytes){t->keys.b, t->keys.n},
                  MBYTES_OF(plain), &n) != E_OK) {
        return false;
    }
    *keys = (struct aka_keys){.algorithm = AKA_MILENAGE, .k.n = 16, .opc.n = 16, .res_len = 8};
    memcpy(keys->k.b, plain + 1, 16);
    memcpy(keys->opc.b, plain + 18, 16);
    wipe(plain, sizeof plain);
    return !bound || seal_open(t->sealer, BYTES_OF(kme_place), (struct bytes){t->kme.b, t->kme.n},
                               MBYTES_OF(kme->b), &n) == E_OK;
}

static bool make_vector(struct thread *t, bool bound, struct binding_vector *v)
{
    struct aka_keys keys;
    struct key_kme kme;
    t->sqn += 32;
    bool ok = open_all(t, bound, &keys, &kme) &&
              binding_hss_vector(&t->crypto, &keys, bound ? &kme : NULL, t->sqn, sn_id, v) == E_OK;
    wipe(&keys, sizeof keys);
    wipe(&kme, sizeof kme);
    return ok;
}

static bool thread_keys(struct thread *t)
{
    struct seal_key data_key;
    uint8_t plain[34] = {16, [17] = 16};
    uint8_t kme[16] = {1};
    const struct crypto *c = &t->crypto;
    return crypto_openssl_open(&t->crypto) == E_OK && sealer_new(&t->sealer) == E_OK &&
           c->random(c->ctx, MBYTES_OF(data_key.b)) == E_OK &&
           sealer_add(t->sealer, 1, &data_key) == E_OK &&
           seal(t->sealer, BYTES_OF(keys_place), BYTES_OF(plain), MBYTES_OF(t->keys.b),
                &t->keys.n) == E_OK &&
           seal(t->sealer, BYTES_OF(kme_place), BYTES_OF(kme), MBYTES_OF(t->kme.b), &t->kme.n) ==
               E_OK;
}

/* ---- messages ---- */

/* Session-Id comes first (RFC 6733 3) and User-Name without a vendor; the rest is stepped over. */
static bool scan(struct bytes msg, struct bytes *session, bool *bound)
{
    bool has_user = false;
    session->n = 0;
    for (size_t at = 20; at + 8 <= msg.n && !has_user;) {
        const uint8_t *p = msg.p + at;
        uint32_t code = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
        size_t n = (size_t)p[5] << 16 | (size_t)p[6] << 8 | p[7];
        if (n < 9 || n > msg.n - at) {
            return false;
        }
        if (code == 263) {
            *session = (struct bytes){p + 8, n - 8};
        } else if (code == 1) {
            *bound = (p[n - 1] & 1) != 0;
            has_user = true;
        }
        at += (n + 3) & ~(size_t)3;
    }
    return has_user && session->n > 0 && session->n <= SESSION_MAX;
}

static bool find_at(struct answer *a, struct bytes group, uint32_t code, size_t *at)
{
    struct rd r = rd_of(group);
    struct bytes found;
    bool ok = diameter_avp_next_of(&r, code, DIAMETER_VENDOR_3GPP, &found) == E_OK;
    *at = ok ? (size_t)(found.p - a->octets) : 0;
    return ok;
}

static bool find_parts(struct answer *a)
{
    struct bytes msg = {a->octets, a->n}, found, info, vector;
    if (diameter_find(msg, 263, 0, &found) != E_OK ||
        diameter_find(msg, 1413, DIAMETER_VENDOR_3GPP, &info) != E_OK) {
        return false;
    }
    a->session_at = (size_t)(found.p - a->octets);
    a->session_n = found.n;
    struct rd r = rd_of(info);
    return diameter_avp_next_of(&r, 1414, DIAMETER_VENDOR_3GPP, &vector) == E_OK &&
           find_at(a, vector, 1447, &a->rand_at) && find_at(a, vector, 1448, &a->xres_at) &&
           find_at(a, vector, 1449, &a->autn_at) && find_at(a, vector, 1450, &a->kasme_at);
}

static bool make_answer(struct answer *a, struct bytes session)
{
    static const uint8_t none[32];
    struct s6a_request request = {.session_id = session};
    struct s6a_aia aia = {.authentication_info = {.present = true, .e_utran_vector_n = 1}};
    request.header.request = true;
    request.header.proxiable = true;
    request.header.command = S6A_AUTHENTICATION_INFORMATION;
    request.header.application = DIAMETER_APP_S6A;
    s6a_answer_begin(&aia.answer, &request, BYTES_LIT(HOST), BYTES_LIT(REALM));
    s6a_answer_result(&aia.answer, DIAMETER_SUCCESS);
    aia.authentication_info.e_utran_vector[0] = (struct s6a_e_utran_vector){.present = true,
                                                                            .rand = {none, 16},
                                                                            .xres = {none, 8},
                                                                            .autn = {none, 16},
                                                                            .kasme = {none, 32}};
    return s6a_aia_write(DIAMETER_VENDOR_OWN_DEFAULT, &aia, MBYTES_OF(a->octets), &a->n) == E_OK &&
           find_parts(a);
}

static bool answer_air(struct thread *t, struct conn *c, struct bytes msg)
{
    struct bytes session = {0};
    struct binding_vector v;
    bool bound = false;
    if (!scan(msg, &session, &bound) || !make_vector(t, bound, &v)) {
        return false;
    }
    struct answer *a = &c->answer;
    if ((a->n == 0 || a->session_n != session.n) && !make_answer(a, session)) {
        return false;
    }
    uint8_t *out = c->out + c->out_n;
    memcpy(out, a->octets, a->n);
    memcpy(out + 12, msg.p + 12, 8); /* both identifiers */
    memcpy(out + a->session_at, session.p, session.n);
    memcpy(out + a->rand_at, v.rand, 16);
    memcpy(out + a->xres_at, v.xres.b, 8);
    memcpy(out + a->autn_at, v.autn.b, 16);
    memcpy(out + a->kasme_at, v.kasme.b, 32);
    c->out_n += a->n;
    wipe(&v, sizeof v);
    return true;
}

static bool answer_base(struct conn *c, struct bytes msg, const struct diameter_header *h)
{
    struct mbytes room = {c->out + c->out_n, OUT_MAX - c->out_n};
    size_t n = 0;
    enum err err = E_OK;
    (void)msg;
    if (h->command == DIAMETER_CAPABILITIES_EXCHANGE) {
        struct diameter_cea cea = {.header = *h,
                                   .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
                                   .origin_host = BYTES_LIT(HOST),
                                   .origin_realm = BYTES_LIT(REALM)};
        uint8_t address[18];
        struct diameter_capabilities *cap = &cea.capabilities;
        cea.header.request = false;
        cap->host_ip_address[cap->host_ip_address_n++] =
            diameter_address((struct bytes){(const uint8_t[4]){127, 0, 0, 1}, 4}, address);
        cap->vendor_id = DIAMETER_U32_OF(DIAMETER_VENDOR_OWN_DEFAULT);
        cap->product_name = BYTES_LIT("bench_epoll_responder");
        err = diameter_cea_write(&cea, room, &n);
    } else if (h->command == DIAMETER_DISCONNECT_PEER) {
        struct diameter_dpa dpa = {.header = *h,
                                   .result_code = DIAMETER_U32_OF(DIAMETER_SUCCESS),
                                   .origin_host = BYTES_LIT(HOST),
                                   .origin_realm = BYTES_LIT(REALM)};
        dpa.header.request = false;
        err = diameter_dpa_write(&dpa, room, &n);
    }
    c->out_n += n;
    return err == E_OK;
}

static bool answer(struct thread *t, struct conn *c, struct bytes msg)
{
    struct diameter_header h;
    if (diameter_header_read(msg, &h) != E_OK || !h.request) {
        return false;
    }
    return h.command == S6A_AUTHENTICATION_INFORMATION ? answer_air(t, c, msg)
                                                       : answer_base(c, msg, &h);
}

/* ---- the loop ---- */

static void conn_close(struct conn *c)
{
    close(c->fd);
    free(c);
}

static bool flush_out(struct conn *c)
{
    while (c->out_at < c->out_n) {
        ssize_t n = send(c->fd, c->out + c->out_at, c->out_n - c->out_at, MSG_NOSIGNAL);
        if (n < 0) {
            return errno == EAGAIN;
        }
        c->out_at += (size_t)n;
    }
    c->out_at = c->out_n = 0;
    return true;
}

/* Answers what is there whole, as long as the answers have room. */
static bool serve(struct thread *t, struct conn *c)
{
    size_t at = 0, total = 0;
    while (OUT_MAX - c->out_n >= ANSWER_MAX &&
           diameter_frame((struct bytes){c->in + at, c->in_n - at}, IN_MAX, &total) == E_OK) {
        if (!answer(t, c, (struct bytes){c->in + at, total})) {
            return false;
        }
        at += total;
    }
    memmove(c->in, c->in + at, c->in_n - at);
    c->in_n -= at;
    return flush_out(c);
}

static bool ready(struct thread *t, struct conn *c, uint32_t events)
{
    if ((events & EPOLLOUT) != 0 && !flush_out(c)) {
        return false;
    }
    while (c->in_n < IN_MAX && c->out_n == 0) {
        size_t room = IN_MAX - c->in_n;
        ssize_t n = recv(c->fd, c->in + c->in_n, room, 0);
        if (n <= 0) {
            return n < 0 && errno == EAGAIN;
        }
        c->in_n += (size_t)n;
        if (!serve(t, c)) {
            return false;
        }
        if ((size_t)n < room) {
            return true;
        }
    }
    return true;
}

static void *thread_main(void *arg)
{
    struct thread *t = arg;
    struct epoll_event events[EVENTS];
    for (;;) {
        int n = epoll_wait(t->epoll, events, EVENTS, -1);
        for (int i = 0; i < n; i++) {
            struct conn *c = events[i].data.ptr;
            if (!ready(t, c, events[i].events)) {
                conn_close(c);
            }
        }
    }
    return NULL;
}

static void start(struct thread *t, unsigned threads)
{
    for (unsigned i = 0; i < threads; i++) {
        t[i].epoll = epoll_create1(EPOLL_CLOEXEC);
        if (t[i].epoll < 0 || !thread_keys(&t[i]) ||
            pthread_create(&t[i].id, NULL, thread_main, &t[i]) != 0) {
            die("start", "a thread could not be made");
        }
    }
}

static void adopt(struct thread *t, int fd)
{
    int one = 1;
    struct conn *c = calloc(1, sizeof *c);
    struct epoll_event e = {.events = EPOLLIN | EPOLLOUT | EPOLLET, .data.ptr = c};
    if (c == NULL) {
        die("accept", "no memory");
    }
    c->fd = fd;
    if (setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one) != 0 ||
        epoll_ctl(t->epoll, EPOLL_CTL_ADD, fd, &e) != 0) {
        conn_close(c);
    }
}

static int listen_on(uint16_t port)
{
    int one = 1;
    struct sockaddr_in here = {.sin_family = AF_INET, .sin_port = htons(port)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one) != 0 ||
        bind(fd, (struct sockaddr *)&here, sizeof here) != 0 || listen(fd, 64) != 0) {
        die("listen", strerror(errno));
    }
    return fd;
}

int main(int argc, char **argv)
{
    static struct thread thread[THREADS_MAX];
    if (argc < 2) {
        die("usage", "bench_epoll_responder PORT [THREADS]");
    }
    uint16_t port = (uint16_t)number_or_die(argv[1], "port", 1, 65535);
    long cores = sysconf(_SC_NPROCESSORS_ONLN);
    unsigned threads = argc > 2 ? (unsigned)number_or_die(argv[2], "threads", 1, THREADS_MAX)
                                : (unsigned)(cores > THREADS_MAX ? THREADS_MAX : cores);
    start(thread, threads);
    int fd = listen_on(port);
    for (unsigned next = 0;; next = (next + 1) % threads) {
        int got = accept4(fd, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (got < 0 && errno != EINTR && errno != ECONNABORTED) {
            die("accept", strerror(errno));
        }
        if (got >= 0) {
            adopt(&thread[next], got);
        }
    }
}
