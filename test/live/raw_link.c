#include "raw_link.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/tcp.h>
#include <openssl/ssl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

int raw_failures;

bool raw_says(bool held, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    printf("%s - ", held ? "ok" : "not ok");
    vprintf(format, ap);
    printf("\n");
    va_end(ap);
    fflush(stdout);
    raw_failures += !held;
    return held;
}

bool raw_same(uint32_t expected, uint32_t got, const char *sentence)
{
    if (expected != got) {
        printf("# expected %u, got %u\n", expected, got);
    }
    return raw_says(expected == got, "%s", sentence);
}

void raw_host(const struct raw_place *at, const char *name, char out[static 256])
{
    snprintf(out, 256, "%s.%s", name, at->realm);
}

/* ---- connections ---- */

static bool connect_to(struct raw_link *l, const struct raw_place *at, const char *name,
                       uint16_t port, int receive_buffer)
{
    struct timeval wait = {.tv_sec = RAW_WAIT_SECONDS};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int one = 1;
    memset(l, 0, sizeof *l);
    l->at = at;
    l->next = 1;
    raw_host(at, name, l->host);
    l->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (l->fd < 0) {
        return false;
    }
    (void)setsockopt(l->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    (void)setsockopt(l->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    (void)setsockopt(l->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (receive_buffer > 0) {
        (void)setsockopt(l->fd, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof receive_buffer);
    }
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (connect(l->fd, (struct sockaddr *)&to, sizeof to) != 0) {
        raw_close(l);
        return false;
    }
    return true;
}

bool raw_open(struct raw_link *l, const struct raw_place *at, const char *name)
{
    return connect_to(l, at, name, at->tcp, 0);
}

bool raw_open_small(struct raw_link *l, const struct raw_place *at, const char *name)
{
    return connect_to(l, at, name, at->tcp, 4096);
}

static bool use_certificate(SSL_CTX *ctx, const struct raw_place *at, const char *cert)
{
    char pem[512];
    char key[512];
    snprintf(pem, sizeof pem, "%s/pki/%s.pem", at->work, cert);
    snprintf(key, sizeof key, "%s/pki/%s.key", at->work, cert);
    return cert[0] == '\0' || (SSL_CTX_use_certificate_chain_file(ctx, pem) == 1 &&
                               SSL_CTX_use_PrivateKey_file(ctx, key, SSL_FILETYPE_PEM) == 1);
}

/* In TLS 1.3 the client is done before the server has judged its certificate, so success here says
 * little. */
bool raw_open_tls(struct raw_link *l, const struct raw_place *at, const char *name,
                  const char *cert)
{
    if (!connect_to(l, at, name, at->tls, 0)) {
        return false;
    }
    (void)signal(SIGPIPE, SIG_IGN); /* SSL_write knows no MSG_NOSIGNAL */
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    SSL *ssl = ctx != NULL && use_certificate(ctx, at, cert) ? SSL_new(ctx) : NULL;
    l->tls_context = ctx;
    l->tls = ssl;
    if (ssl == NULL || SSL_set_fd(ssl, l->fd) != 1 || SSL_connect(ssl) != 1) {
        raw_close(l);
        return false;
    }
    return true;
}

void raw_close(struct raw_link *l)
{
    if (l->fd >= 0) {
        (void)close(l->fd);
    }
    SSL_free(l->tls);
    SSL_CTX_free(l->tls_context);
    l->fd = -1;
    l->tls = NULL;
    l->tls_context = NULL;
}

void raw_reset(struct raw_link *l)
{
    struct linger hard = {.l_onoff = 1, .l_linger = 0};
    (void)setsockopt(l->fd, SOL_SOCKET, SO_LINGER, &hard, sizeof hard);
    raw_close(l);
}

/* ---- octets ---- */

bool raw_send(struct raw_link *l, struct bytes octets)
{
    if (l->tls != NULL) {
        return SSL_write(l->tls, octets.p, (int)octets.n) == (int)octets.n;
    }
    while (octets.n > 0) {
        ssize_t n = send(l->fd, octets.p, octets.n, MSG_NOSIGNAL);
        if (n < 0 && errno == EINTR) {
            continue;
        }
        if (n <= 0) {
            return false;
        }
        octets.p += n;
        octets.n -= (size_t)n;
    }
    return true;
}

static enum raw_got more(struct raw_link *l)
{
    size_t room = sizeof l->in - l->in_n;
    ssize_t n;
    do {           /* with a time-out set, whoever was stopped and goes on has EINTR */
        errno = 0; /* SSL_read may fail and leave it as it was */
        n = l->tls != NULL ? SSL_read(l->tls, l->in + l->in_n, (int)room)
                           : recv(l->fd, l->in + l->in_n, room, 0);
    } while (n < 0 && errno == EINTR);
    if (n > 0) {
        l->in_n += (size_t)n;
        return RAW_MESSAGE;
    }
    return n < 0 && (errno == EAGAIN || errno == EWOULDBLOCK) ? RAW_NOTHING : RAW_END;
}

enum raw_got raw_receive(struct raw_link *l, struct bytes *msg)
{
    size_t total;
    memmove(l->in, l->in + l->given, l->in_n - l->given);
    l->in_n -= l->given;
    l->given = 0;
    for (;;) {
        enum err err = diameter_frame((struct bytes){l->in, l->in_n}, sizeof l->in, &total);
        if (err == E_OK) {
            *msg = (struct bytes){l->in, total};
            l->given = total;
            return RAW_MESSAGE;
        }
        enum raw_got got = err == E_AGAIN ? more(l) : RAW_END;
        if (got != RAW_MESSAGE) {
            return got;
        }
    }
}

bool raw_is_closed(struct raw_link *l)
{
    struct bytes msg;
    enum raw_got got;
    do {
        got = raw_receive(l, &msg);
    } while (got == RAW_MESSAGE);
    return got == RAW_END;
}

/* ---- messages ---- */

void raw_begin(struct raw_link *l, struct s6a_request *r, const char *imsi,
               char session[static 300])
{
    l->next++;
    s6a_request_begin(r, l->next, l->next);
    snprintf(session, 300, "%s;%u;1", l->host, l->next);
    r->session_id = bytes_of_str(session);
    r->origin_host = bytes_of_str(l->host);
    r->origin_realm = bytes_of_str(l->at->realm);
    r->destination_realm = bytes_of_str(l->at->realm);
    r->user_name = bytes_of_str(imsi);
}

/* Watchdogs and cancellations get 2001, whatever else comes too. */
static bool answer_success(struct raw_link *l, struct bytes request)
{
    uint8_t out[1024];
    size_t n;
    struct diameter_answer a = {.code = DIAMETER_SUCCESS,
                                .origin_host = bytes_of_str(l->host),
                                .origin_realm = bytes_of_str(l->at->realm)};
    return diameter_answer_error(request, &a, MBYTES_OF(out), &n) == E_OK &&
           raw_send(l, (struct bytes){out, n});
}

static bool await(struct raw_link *l, uint32_t hop_by_hop, struct bytes *answer)
{
    struct diameter_header h;
    while (raw_receive(l, answer) == RAW_MESSAGE && diameter_header_read(*answer, &h) == E_OK) {
        if (!h.request && h.hop_by_hop == hop_by_hop) {
            return true;
        }
        if (h.request && !answer_success(l, *answer)) {
            return false;
        }
    }
    return false;
}

bool raw_ask(struct raw_link *l, size_t n, struct bytes *answer)
{
    struct diameter_header h;
    return n > 0 && diameter_header_read((struct bytes){l->out, n}, &h) == E_OK &&
           raw_send(l, (struct bytes){l->out, n}) && await(l, h.hop_by_hop, answer);
}

static uint32_t be32(struct bytes b)
{
    struct rd r = rd_of(b);
    return rd_be32(&r);
}

uint32_t raw_result(struct bytes answer)
{
    struct bytes data;
    if (diameter_find(answer, 268, 0, &data) == E_OK) {
        return be32(data);
    }
    if (diameter_find(answer, 297, 0, &data) == E_OK) {
        struct rd r = rd_of(data);
        return diameter_avp_next_of(&r, 298, 0, &data) == E_OK ? be32(data) : 0;
    }
    return 0;
}

size_t raw_cer(struct raw_link *l, const char *host, const char *realm)
{
    static const uint8_t loopback[] = {127, 0, 0, 1};
    uint8_t ip[18];
    struct diameter_cer cer = {
        .header = {.request = true, .hop_by_hop = l->next, .end_to_end = l->next},
        .origin_host = bytes_of_str(host),
        .origin_realm = bytes_of_str(realm)};
    struct diameter_capabilities *k = &cer.capabilities;
    size_t n = 0;
    k->host_ip_address[0] = diameter_address(BYTES_OF(loopback), ip);
    k->host_ip_address_n = 1;
    k->vendor_id = DIAMETER_U32_OF(RAW_OWN_VENDOR);
    k->product_name = BYTES_LIT("raw");
    k->vendor_specific_application_id[0] = (struct diameter_vendor_specific_application_id){
        .present = true,
        .vendor_id = DIAMETER_U32_OF(10415),
        .auth_application_id = DIAMETER_U32_OF(DIAMETER_APP_S6A)};
    k->vendor_specific_application_id_n = 1;
    return diameter_cer_write(&cer, MBYTES_OF(l->out), &n) == E_OK ? n : 0;
}

uint32_t raw_capabilities(struct raw_link *l)
{
    struct bytes answer;
    return raw_ask(l, raw_cer(l, l->host, l->at->realm), &answer) ? raw_result(answer) : 0;
}

/* ---- let in ---- */

static bool enter(struct raw_link *l, const struct raw_place *at, const char *name, int buffer,
                  uint32_t (*capabilities)(struct raw_link *l))
{
    static const struct timespec pause = {.tv_nsec = 20000000};
    time_t until = time(NULL) + RAW_WAIT_SECONDS;
    for (;;) {
        if (connect_to(l, at, name, at->tcp, buffer) && capabilities(l) == DIAMETER_SUCCESS) {
            return true;
        }
        raw_close(l);
        if (time(NULL) >= until) {
            return false;
        }
        (void)nanosleep(&pause, NULL);
    }
}

bool raw_enter(struct raw_link *l, const struct raw_place *at, const char *name)
{
    return enter(l, at, name, 0, raw_capabilities);
}

bool raw_enter_small(struct raw_link *l, const struct raw_place *at, const char *name)
{
    return enter(l, at, name, 4096, raw_capabilities);
}

bool raw_enter_as(struct raw_link *l, const struct raw_place *at, const char *name,
                  uint32_t (*capabilities)(struct raw_link *l))
{
    return enter(l, at, name, 0, capabilities);
}

size_t raw_air(struct raw_link *l, const struct raw_air *ask)
{
    static const uint8_t home[] = {0x00, 0xf1, 0x10};
    char session[300];
    struct s6a_air air = {.visited_plmn_id = {ask->plmn != NULL ? ask->plmn : home, 3}};
    struct s6a_requested_authentication_info *want = &air.requested_eutran_authentication_info;
    size_t n = 0;
    raw_begin(l, &air.request, ask->imsi, session);
    if (ask->origin != NULL) {
        air.request.origin_host = bytes_of_str(ask->origin);
    }
    if (ask->served_imei != NULL) {
        air.served_imei = bytes_of_str(ask->served_imei);
    }
    want->present = true;
    want->number_of_requested_vectors = DIAMETER_U32_OF(ask->vectors > 0 ? ask->vectors : 1);
    if (ask->resync != NULL) {
        want->re_synchronization_info = (struct bytes){ask->resync, 30};
    }
    return s6a_air_write(RAW_OWN_VENDOR, &air, MBYTES_OF(l->out), &n) == E_OK ? n : 0;
}

static bool take_vector(const struct s6a_e_utran_vector *v, struct raw_vector *out)
{
    if (v->rand.n != 16 || v->autn.n != 16 || v->xres.n > sizeof out->xres) {
        return false;
    }
    memcpy(out->rand, v->rand.p, 16);
    memcpy(out->autn, v->autn.p, 16);
    memcpy(out->xres, v->xres.p, v->xres.n);
    out->xres_n = v->xres.n;
    return true;
}

uint32_t raw_authenticate(struct raw_link *l, const struct raw_air *ask,
                          struct raw_vector out[static S6A_VECTORS_MAX], size_t *n)
{
    struct bytes answer;
    struct s6a_aia aia;
    struct diameter_fault fault;
    *n = 0;
    if (!raw_ask(l, raw_air(l, ask), &answer)) {
        return 0;
    }
    uint32_t code = raw_result(answer);
    if (code != DIAMETER_SUCCESS) {
        return code;
    }
    if (s6a_aia_parse(RAW_OWN_VENDOR, answer, &aia, &fault) != E_OK) {
        return 0;
    }
    const struct s6a_authentication_info *info = &aia.authentication_info;
    while (*n < info->e_utran_vector_n && take_vector(&info->e_utran_vector[*n], &out[*n])) {
        (*n)++;
    }
    return *n == info->e_utran_vector_n && *n > 0 ? code : 0;
}

/* ---- subscribers ---- */

static bool take_line(const char *line, struct raw_subscriber *s)
{
    char k[33], opc[33], imei[17], kme[33];
    if (sscanf(line, "%15s %32s %32s %*s %16s %32s", s->imsi, k, opc, imei, kme) != 5) {
        return false;
    }
    s->keys = (struct aka_keys){.algorithm = AKA_MILENAGE, .res_len = 8};
    s->keys.k.n = s->keys.opc.n = 16;
    snprintf(s->imei, sizeof s->imei, "%.15s", imei[0] == '-' ? "" : imei);
    return hex_decode(k, (struct mbytes){s->keys.k.b, 16}) == E_OK &&
           hex_decode(opc, (struct mbytes){s->keys.opc.b, 16}) == E_OK &&
           (kme[0] == '-' || hex_decode(kme, MBYTES_OF(s->kme.b)) == E_OK);
}

size_t raw_subscribers(const struct raw_place *at, const char *file, struct raw_subscriber *out,
                       size_t max)
{
    char path[512];
    char line[512];
    size_t n = 0;
    snprintf(path, sizeof path, "%s/%s", at->work, file);
    FILE *f = fopen(path, "re");
    while (f != NULL && n < max && fgets(line, sizeof line, f) != NULL &&
           take_line(line, &out[n])) {
        n++;
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return n;
}

bool raw_sqn(const struct crypto *c, const struct aka_keys *keys, const struct key_kme *kme,
             const struct raw_vector *v, uint64_t *sqn)
{
    struct rand128 rand;
    struct aka_f12345 f;
    uint8_t mac[8];
    memcpy(rand.b, v->rand, 16);
    if ((kme != NULL && c->aes128_decrypt(c->ctx, kme->b, v->rand, rand.b) != E_OK) ||
        aka_f2345(c, keys, &rand, &f) != E_OK) {
        return false;
    }
    uint64_t hidden = 0;
    for (size_t i = 0; i < 6; i++) {
        hidden = hidden << 8 | (uint64_t)(v->autn[i] ^ f.ak.b[i]);
    }
    uint16_t amf = (uint16_t)(v->autn[6] << 8 | v->autn[7]);
    *sqn = hidden;
    return aka_f1(c, keys, &rand, hidden, amf, mac) == E_OK && memcmp(mac, v->autn + 8, 8) == 0;
}

bool raw_auts(const struct crypto *c, const struct aka_keys *keys, const struct rand128 *plain,
              const uint8_t received[static 16], uint64_t sqn_ms, uint8_t out[static 30])
{
    struct key_ak ak;
    if (aka_f5star(c, keys, plain, &ak) != E_OK ||
        aka_f1star(c, keys, plain, sqn_ms, 0, out + 22) != E_OK) {
        return false;
    }
    memcpy(out, received, 16);
    for (size_t i = 0; i < 6; i++) {
        out[16 + i] = (uint8_t)(sqn_ms >> (40 - 8 * i)) ^ ak.b[i];
    }
    return true;
}
