/* test/live/raw_misbehave.c SCENE WORK REALM TCP TLS PID - peers that misbehave, each in one scene,
 * against a real bindery-hssd, while a neighbour that behaves asks for vectors all the time. A
 * scene passes when the HSS treats the peer as it should and the neighbour got every answer. */
#include "raw_stage.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

/* ---- the stage ---- */

const struct raw_subscriber *raw_next(struct raw_stage *s)
{
    size_t half = s->pool_n / 2;
    return &s->pool[half + s->next++ % half];
}

bool raw_stage_open(struct raw_stage *s)
{
    return raw_enter(&s->link, &s->at, "mme-a");
}

static bool is_served(struct raw_stage *s, struct raw_link *l)
{
    struct raw_air ask = {.imsi = raw_next(s)->imsi};
    struct raw_vector v[S6A_VECTORS_MAX];
    size_t n;
    return raw_authenticate(l, &ask, v, &n) == DIAMETER_SUCCESS;
}

bool raw_is_served(struct raw_stage *s)
{
    return is_served(s, &s->link);
}

static void nap(void)
{
    static const struct timespec pause = {.tv_nsec = 2000000};
    (void)nanosleep(&pause, NULL);
}

/* ---- the neighbour ---- */

struct neighbour {
    struct raw_stage *stage;
    pthread_t thread;
    struct raw_link link;
    struct crypto crypto;
    atomic_bool stop;
    atomic_bool failed;
    atomic_uint good;
    atomic_uint asked;
};

static bool neighbour_asks(struct neighbour *n)
{
    const struct raw_stage *s = n->stage;
    const struct raw_subscriber *sub = &s->pool[atomic_load(&n->asked) % (s->pool_n / 2)];
    struct raw_air ask = {.imsi = sub->imsi};
    struct raw_vector v[S6A_VECTORS_MAX];
    size_t got;
    uint64_t sqn;
    atomic_fetch_add(&n->asked, 1);
    return raw_authenticate(&n->link, &ask, v, &got) == DIAMETER_SUCCESS &&
           raw_sqn(&n->crypto, &sub->keys, NULL, &v[0], &sqn);
}

static void *neighbour_main(void *arg)
{
    struct neighbour *n = arg;
    bool good = true;
    while (good && !atomic_load(&n->stop)) {
        good = neighbour_asks(n);
        atomic_fetch_add(&n->good, good);
        nap();
    }
    atomic_store(&n->failed, !good);
    return NULL;
}

static bool neighbour_start(struct neighbour *n, struct raw_stage *s)
{
    n->stage = s;
    return crypto_openssl_open(&n->crypto) == E_OK && raw_enter(&n->link, &s->at, "mme-b") &&
           pthread_create(&n->thread, NULL, neighbour_main, n) == 0;
}

/* At least these many more answers, or the neighbour has failed. */
static void neighbour_lives(struct neighbour *n, unsigned more)
{
    unsigned until = atomic_load(&n->good) + more;
    while (atomic_load(&n->good) < until && !atomic_load(&n->failed)) {
        nap();
    }
}

static void neighbour_end(struct neighbour *n)
{
    neighbour_lives(n, 5);
    atomic_store(&n->stop, true);
    (void)pthread_join(n->thread, NULL);
    unsigned asked = atomic_load(&n->asked);
    printf("# the neighbour asked %u times\n", asked);
    raw_same(asked, atomic_load(&n->good), "its neighbour got every answer meanwhile");
    raw_close(&n->link);
    crypto_openssl_close(&n->crypto);
}

/* ---- who is let in ---- */

/* What a CER of this host and realm gets over this connection, which is then closed by the HSS. */
static void refused_at_the_door(struct raw_link *l, bool open, const char *host, const char *realm,
                                const char *sentence)
{
    struct bytes answer;
    uint32_t got = 0;
    if (open && raw_ask(l, raw_cer(l, host, realm), &answer)) {
        got = raw_result(answer);
    }
    if (got != DIAMETER_UNKNOWN_PEER) {
        printf("# expected 3010, got %u\n", got);
    }
    raw_says(got == DIAMETER_UNKNOWN_PEER && raw_is_closed(l), "%s gets 3010 and the door",
             sentence);
    raw_close(l);
}

static void play_strangers(struct raw_stage *s)
{
    struct raw_link *l = &s->link;
    char host[256];
    bool open = raw_open(l, &s->at, "mme-x");
    refused_at_the_door(l, open, l->host, s->at.realm, "an unknown peer");
    open = raw_open(l, &s->at, "mme-a");
    refused_at_the_door(l, open, l->host, "elsewhere.example", "a peer of another realm");
    open = raw_open(l, &s->at, "mme-a");
    raw_host(&s->at, "mme-c", host);
    refused_at_the_door(l, open, host, s->at.realm, "a forged Origin-Host from another address");
    open = raw_open_tls(l, &s->at, "mme-a", l->host);
    raw_host(&s->at, "mme-b", host);
    refused_at_the_door(l, open, host, s->at.realm, "a forged Origin-Host over TLS");
    open = raw_open_tls(l, &s->at, "mme-a", l->host);
    raw_says(open && raw_capabilities(l) == DIAMETER_SUCCESS && raw_is_served(s),
             "the certificate's own name is let in");
    raw_close(l);
}

/* In TLS 1.3 the client learns with its first read that its certificate was not accepted. */
static void play_certificates(struct raw_stage *s)
{
    struct raw_link *l = &s->link;
    bool open = raw_open_tls(l, &s->at, "mme-a", "");
    raw_says(!open || raw_capabilities(l) == 0, "TLS without a client certificate is refused");
    raw_close(l);
    open = raw_open_tls(l, &s->at, "mme-a", "stranger");
    raw_says(!open || raw_capabilities(l) == 0, "a certificate of another CA is refused");
    raw_close(l);
    struct raw_place crossed = s->at;
    crossed.tcp = s->at.tls;
    open = raw_open(l, &crossed, "mme-a");
    raw_says(open && raw_send(l, (struct bytes){l->out, raw_cer(l, l->host, s->at.realm)}) &&
                 raw_is_closed(l),
             "Diameter in the clear on the port of TLS ends the connection");
    raw_close(l);
}

/* ---- who may say what ---- */

static void play_forged(struct raw_stage *s)
{
    static const uint8_t foreign[] = {0x00, 0xf1, 0x20};
    struct raw_vector v[S6A_VECTORS_MAX];
    char other[256];
    size_t n;
    raw_host(&s->at, "mme-b", other);
    if (!raw_says(raw_stage_open(s), "the peer is let in")) {
        return;
    }
    struct raw_air ask = {.imsi = raw_next(s)->imsi, .origin = other};
    raw_same(DIAMETER_UNABLE_TO_COMPLY, raw_authenticate(&s->link, &ask, v, &n),
             "an AIR in another peer's name gets 5012");
    ask.origin = NULL;
    ask.plmn = foreign;
    raw_same(DIAMETER_UNABLE_TO_COMPLY, raw_authenticate(&s->link, &ask, v, &n),
             "an AIR for a foreign Visited-PLMN-Id gets 5012");
    ask.plmn = NULL;
    raw_same(DIAMETER_SUCCESS, raw_authenticate(&s->link, &ask, v, &n),
             "an honest AIR after them is served");
    raw_close(&s->link);
}

static void play_second_cer(struct raw_stage *s)
{
    struct raw_link *l = &s->link;
    bool open = raw_says(raw_stage_open(s), "the peer is let in");
    raw_same(DIAMETER_UNABLE_TO_COMPLY, open ? raw_capabilities(l) : 0, "a second CER gets 5012");
    raw_says(open && raw_is_closed(l), "and the connection ends");
    raw_close(l);
}

/* ---- who does not keep up ---- */

static long rss_kib(int pid)
{
    char path[64];
    char line[256];
    long kib = -1;
    snprintf(path, sizeof path, "/proc/%d/status", pid);
    FILE *f = fopen(path, "re");
    while (f != NULL && fgets(line, sizeof line, f) != NULL) {
        (void)sscanf(line, "VmRSS: %ld", &kib);
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return kib;
}

/* Sends whole AIRs until nothing has left for half a second or the most is reached. Yields how many
 * have left in full, and what of the last one is still to be sent. */
static size_t push(struct raw_stage *s, size_t most, struct bytes *rest)
{
    struct raw_link *l = &s->link;
    size_t sent = 0;
    *rest = (struct bytes){NULL, 0};
    while (sent < most) {
        struct raw_air ask = {.imsi = raw_next(s)->imsi, .vectors = 5};
        *rest = (struct bytes){l->out, raw_air(l, &ask)};
        while (rest->n > 0) {
            struct pollfd p = {.fd = l->fd, .events = POLLOUT};
            ssize_t n = send(l->fd, rest->p, rest->n, MSG_NOSIGNAL | MSG_DONTWAIT);
            if (n < 0 && (errno != EAGAIN || poll(&p, 1, 500) == 0)) {
                return sent;
            }
            rest->p += n > 0 ? n : 0;
            rest->n -= n > 0 ? (size_t)n : 0;
        }
        sent++;
    }
    return sent;
}

static void play_stall(struct raw_stage *s)
{
    enum { MOST = 100000 };
    struct raw_link *l = &s->link;
    struct bytes rest, msg;
    long before = rss_kib(s->at.pid);
    bool open = raw_enter_small(l, &s->at, "mme-a");
    size_t sent = raw_says(open, "the peer is let in") ? push(s, MOST, &rest) : MOST;
    long grown = rss_kib(s->at.pid) - before;
    printf("# %zu requests left, VmRSS grew by %ld KiB from %ld\n", sent, grown, before);
    raw_says(sent > 100 && sent < MOST, "a peer that does not read is read no more");
    raw_says(before > 0 && grown < 16 * 1024, "the memory of the HSS stays within its bounds");
    size_t got = 0;
    while (got < sent && raw_receive(l, &msg) == RAW_MESSAGE && raw_result(msg) != 0) {
        got++;
    }
    raw_same((uint32_t)sent, (uint32_t)got, "once it reads, it gets the answer to each request");
    bool whole = rest.n == 0 || raw_send(l, rest);
    raw_says(whole && (rest.n == 0 || raw_receive(l, &msg) == RAW_MESSAGE) && raw_is_served(s),
             "and is served on");
    raw_close(l);
}

/* As above, but it never reads: the connection is closed by us, and must be no more. */
static void play_stall_reset(struct raw_stage *s)
{
    struct bytes rest;
    bool open = raw_enter_small(&s->link, &s->at, "mme-a");
    raw_says(open && push(s, 100000, &rest) < 100000, "a peer stops to read");
    raw_reset(&s->link);
    raw_says(raw_stage_open(s) && raw_is_served(s), "and, after a reset, is served anew");
    raw_close(&s->link);
}

static void play_silent(struct raw_stage *s)
{
    struct raw_link *l = &s->link;
    bool open = raw_open(l, &s->at, "mme-a");
    raw_says(open && raw_is_closed(l), "a peer that says nothing is closed");
    raw_close(l);
    struct raw_place crossed = s->at;
    crossed.tcp = s->at.tls;
    open = raw_open(l, &crossed, "mme-a");
    raw_says(open && raw_is_closed(l), "one that says nothing on the port of TLS too");
    raw_close(l);
    open = raw_open_tls(l, &s->at, "mme-a", l->host);
    raw_says(open && raw_is_closed(l), "one that says nothing after the TLS handshake too");
    raw_close(l);
}

static bool send_by_octets(struct raw_link *l, size_t n)
{
    bool sent = n > 0;
    for (size_t i = 0; sent && i < n; i++) {
        sent = raw_send(l, (struct bytes){l->out + i, 1});
    }
    return sent;
}

static void play_drip(struct raw_stage *s)
{
    struct raw_link *l = &s->link;
    struct bytes answer;
    struct raw_air ask = {.imsi = raw_next(s)->imsi};
    bool open = raw_open(l, &s->at, "mme-a") &&
                send_by_octets(l, raw_cer(l, l->host, s->at.realm)) &&
                raw_receive(l, &answer) == RAW_MESSAGE;
    raw_same(DIAMETER_SUCCESS, open ? raw_result(answer) : 0, "a CER of single octets is taken");
    open = open && send_by_octets(l, raw_air(l, &ask)) && raw_receive(l, &answer) == RAW_MESSAGE;
    raw_same(DIAMETER_SUCCESS, open ? raw_result(answer) : 0, "an AIR of single octets is served");
    raw_close(l);
    /* Slower than cer_seconds allows: an octet whenever nothing has come for a while. */
    open = raw_open(l, &s->at, "mme-a");
    size_t n = raw_cer(l, l->host, s->at.realm);
    size_t i = 0;
    struct pollfd p = {.fd = l->fd, .events = POLLIN};
    while (open && i + 1 < n && raw_send(l, (struct bytes){l->out + i, 1}) &&
           poll(&p, 1, 200) == 0) {
        i++;
    }
    raw_says(open && i + 1 < n && raw_is_closed(l),
             "a CER that takes too long ends the connection");
    raw_close(l);
}

static void play_reset(struct raw_stage *s)
{
    struct raw_link *l = &s->link;
    size_t done = 0;
    for (size_t i = 0; i < 50; i++) {
        bool open = raw_stage_open(s);
        for (size_t j = 0; open && j < 20; j++) {
            struct raw_air ask = {.imsi = raw_next(s)->imsi, .vectors = 5};
            open = raw_send(l, (struct bytes){l->out, raw_air(l, &ask)});
        }
        done += open;
        raw_reset(l);
    }
    printf("# %zu connections were reset in mid-answer\n", done);
    raw_says(done > 0, "connections are reset in mid-answer");
    size_t served = 0;
    bool open = raw_stage_open(s);
    for (size_t i = 0; open && i < 100; i++) {
        served += raw_is_served(s);
    }
    raw_same(100, (uint32_t)served, "the next connection gets every answer, from the first one on");
    raw_close(l);
}

/* ---- too many ---- */

/* The peer may have four connections. A slot is free again as soon as the HSS has seen the end. */
static void play_limit(struct raw_stage *s)
{
    static struct raw_link links[5];
    size_t in = 0;
    for (size_t i = 0; i < 4; i++) {
        in += raw_enter(&links[i], &s->at, "mme-a") && is_served(s, &links[i]);
    }
    raw_same(4, (uint32_t)in, "as many connections as the peer may have are served");
    bool open = raw_open(&links[4], &s->at, "mme-a");
    refused_at_the_door(&links[4], open, links[4].host, s->at.realm, "one more");
    raw_close(&links[0]);
    raw_says(raw_enter(&links[4], &s->at, "mme-a"), "with one gone the next is let in");
    for (size_t i = 1; i < 5; i++) {
        raw_close(&links[i]);
    }
}

/* More silent connections than may be on their way in (64), fewer than there may be in all (128):
 * those above the first number get no place. */
static void play_handshakes(struct raw_stage *s)
{
    enum { SOME = 100 };
    static struct raw_link some[SOME];
    size_t open = 0, closed = 0;
    for (size_t i = 0; i < SOME; i++) {
        open += raw_open(&some[i], &s->at, "mme-a");
    }
    for (size_t i = 0; i < SOME; i++) {
        closed += some[i].fd >= 0 && raw_is_closed(&some[i]);
        raw_close(&some[i]);
    }
    raw_same((uint32_t)open, (uint32_t)closed, "a hundred that say nothing are closed");
}

/* More silent connections than the HSS has places: they are refused or put out, and then a peer
 * comes in as before. */
static void play_flood(struct raw_stage *s)
{
    enum { MANY = 600 };
    struct raw_link *many = calloc(MANY, sizeof *many);
    size_t open = 0, closed = 0;
    for (size_t i = 0; many != NULL && i < MANY; i++) {
        open += raw_open(&many[i], &s->at, "mme-a");
    }
    raw_same(MANY, (uint32_t)open, "a flood of connections comes");
    raw_says(raw_stage_open(s) && raw_is_served(s), "a peer gets in all the same");
    for (size_t i = 0; many != NULL && i < MANY; i++) {
        closed += many[i].fd >= 0 && raw_is_closed(&many[i]);
        raw_close(&many[i]);
    }
    raw_same((uint32_t)open, (uint32_t)closed, "and every silent one is closed");
    raw_close(&s->link);
    free(many);
}

/* ---- the play ---- */

static const struct {
    const char *name;
    void (*play)(struct raw_stage *s);
} scenes[] = {
    {"strangers", play_strangers},
    {"certificates", play_certificates},
    {"forged", play_forged},
    {"second-cer", play_second_cer},
    {"malformed", raw_play_malformed},
    {"frames", raw_play_frames},
    {"stall", play_stall},
    {"stall-reset", play_stall_reset},
    {"silent", play_silent},
    {"drip", play_drip},
    {"reset", play_reset},
    {"limit", play_limit},
    {"handshakes", play_handshakes},
    {"flood", play_flood},
};

int main(int argc, char **argv)
{
    static struct raw_stage s;
    static struct neighbour n;
    if (argc != 7) {
        fprintf(stderr, "usage: %s SCENE WORK REALM TCP TLS PID\n", argv[0]);
        return 2;
    }
    s.at = (struct raw_place){.work = argv[2],
                              .realm = argv[3],
                              .tcp = (uint16_t)atoi(argv[4]),
                              .tls = (uint16_t)atoi(argv[5]),
                              .pid = atoi(argv[6])};
    s.link.fd = -1;
    s.pool_n = raw_subscribers(&s.at, "pool.sub", s.pool, RAW_POOL_MAX);
    if (s.pool_n < 2 || !neighbour_start(&n, &s)) {
        raw_says(false, "the neighbour is let in");
        return 1;
    }
    neighbour_lives(&n, 5);
    for (size_t i = 0; i < sizeof scenes / sizeof *scenes; i++) {
        if (strcmp(scenes[i].name, argv[1]) == 0) {
            scenes[i].play(&s);
        }
    }
    neighbour_end(&n);
    return raw_failures > 0;
}
