/* test/nf/webhook_receiver.h - a receiver of webhooks inside a test: HTTP over TLS 1.3, or plain,
 * on a thread. It keeps what came and answers what it is told. */
#ifndef BINDERY_TEST_NF_WEBHOOK_RECEIVER_H
#define BINDERY_TEST_NF_WEBHOOK_RECEIVER_H

#include "nf/admin_world.h"

#include <arpa/inet.h>
#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>

#define GOT_MAX 4096
struct got {
    char id[80], timestamp[24], signature[64];
    char *body;
    unsigned status; /* what it was answered */
};
struct receiver {
    int listener;
    int kept; /* has the port, also while nobody listens there; 0: none */
    uint16_t port;
    SSL_CTX *tls; /* NULL: plain */
    pthread_t thread;
    atomic_uint status;
    atomic_int fd; /* of the connection; -1 */
    atomic_bool ending;
    pthread_mutex_t lock;
    struct got got[GOT_MAX];
    unsigned n;
    unsigned connections;
};

static inline ssize_t receiver_read(SSL *tls, int fd, char *to, size_t n)
{
    return tls != NULL ? SSL_read(tls, to, (int)n) : recv(fd, to, n, 0);
}

static inline void receiver_header(const char *head, const char *name, char *to, size_t size)
{
    const char *at = strcasestr(head, name);
    to[0] = '\0';
    if (at != NULL) {
        at += strlen(name);
        snprintf(to, size, "%.*s", (int)strcspn(at, "\r\n"), at);
    }
}

/* True: a whole request; `text` has it with a NUL behind. */
static inline bool receiver_request(SSL *tls, int fd, char *text, size_t room, char **body)
{
    size_t n = 0, wanted = SIZE_MAX;
    for (ssize_t got; n < room - 1 && n < wanted;) {
        if ((got = receiver_read(tls, fd, text + n, room - 1 - n)) <= 0) {
            return false;
        }
        n += (size_t)got;
        text[n] = '\0';
        char *end = strstr(text, "\r\n\r\n");
        if (end != NULL) {
            char length[24];
            receiver_header(text, "\r\nContent-Length: ", length, sizeof length);
            *body = end + 4;
            wanted = (size_t)(end + 4 - text) + strtoul(length, NULL, 10);
        }
    }
    return n == wanted;
}

static inline void receiver_converse(struct receiver *r, SSL *tls, int fd)
{
    static char text[65536];
    char *body = NULL, answer_line[96];
    while (receiver_request(tls, fd, text, sizeof text, &body)) {
        pthread_mutex_lock(&r->lock);
        struct got *g = &r->got[r->n];
        g->status = r->status;
        receiver_header(text, "\r\nwebhook-id: ", g->id, sizeof g->id);
        receiver_header(text, "\r\nwebhook-timestamp: ", g->timestamp, sizeof g->timestamp);
        receiver_header(text, "\r\nwebhook-signature: ", g->signature, sizeof g->signature);
        g->body = strdup(body);
        unsigned status = g->status;
        r->n += r->n < GOT_MAX - 1;
        pthread_mutex_unlock(&r->lock);
        snprintf(answer_line, sizeof answer_line, "HTTP/1.1 %u X\r\nContent-Length: 0\r\n\r\n",
                 status);
        if (tls != NULL) {
            (void)SSL_write(tls, answer_line, (int)strlen(answer_line));
        } else {
            (void)!send(fd, answer_line, strlen(answer_line), MSG_NOSIGNAL);
        }
    }
}

static inline void *receiver_run(void *arg)
{
    struct receiver *r = arg;
    for (int fd; (fd = accept(r->listener, NULL, NULL)) >= 0;) {
        r->connections++;
        r->fd = fd;
        if (r->ending) {
            shutdown(fd, SHUT_RDWR);
        }
        SSL *tls = r->tls != NULL ? SSL_new(r->tls) : NULL;
        if (tls != NULL) {
            SSL_set_fd(tls, fd);
        }
        if (tls == NULL || SSL_accept(tls) == 1) {
            receiver_converse(r, tls, fd);
        }
        r->fd = -1;
        SSL_free(tls);
        close(fd);
    }
    return NULL;
}

/* At r->port; 0: any, and it is there afterwards. */
static inline int receiver_bind(struct receiver *r)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_port = htons(r->port)};
    socklen_t n = sizeof at;
    const int one = 1, fd = socket(AF_INET, SOCK_STREAM, 0);
    at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    assert_int_equal(setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(fd, (struct sockaddr *)&at, &n), 0);
    r->port = ntohs(at.sin_port);
    return fd;
}

static inline void receiver_leave_port(struct receiver *r)
{
    if (r->kept > 0) {
        close(r->kept);
    }
    r->kept = 0;
}

/* certificate NULL: plain. port 0: any. No other program is given it until receiver_leave_port. */
static inline void receiver_open(struct receiver *r, const char *certificate, const char *key,
                                 uint16_t port)
{
    r->port = port;
    r->kept = r->kept > 0 ? r->kept : receiver_bind(r);
    r->status = r->status != 0 ? r->status : 204;
    r->fd = -1;
    r->ending = false;
    r->listener = receiver_bind(r);
    assert_int_equal(listen(r->listener, 8), 0);
    pthread_mutex_init(&r->lock, NULL);
    if (certificate != NULL) {
        r->tls = SSL_CTX_new(TLS_server_method());
        assert_int_equal(SSL_CTX_use_certificate_file(r->tls, certificate, SSL_FILETYPE_PEM), 1);
        assert_int_equal(SSL_CTX_use_PrivateKey_file(r->tls, key, SSL_FILETYPE_PEM), 1);
    }
    assert_int_equal(pthread_create(&r->thread, NULL, receiver_run, r), 0);
}

/* How many came; got[] up to there does not change any more. */
static inline unsigned receiver_n(struct receiver *r)
{
    pthread_mutex_lock(&r->lock);
    const unsigned n = r->n;
    pthread_mutex_unlock(&r->lock);
    return n;
}

/* What came stays, and the port until receiver_leave_port. */
static inline void receiver_close(struct receiver *r)
{
    r->ending = true;
    shutdown(r->listener, SHUT_RDWR);
    int fd = r->fd;
    if (fd >= 0) {
        shutdown(fd, SHUT_RDWR);
    }
    pthread_join(r->thread, NULL);
    close(r->listener);
    SSL_CTX_free(r->tls);
    r->tls = NULL;
}

static inline void receiver_forget(struct receiver *r)
{
    for (unsigned i = 0; i < r->n; i++) {
        free(r->got[i].body);
    }
    r->n = 0;
}

/* The message's `data`, and its type; the caller decrefs. */
static inline json_t *receiver_message(const struct got *g)
{
    json_t *message = json_loads(g->body, 0, NULL);
    assert_non_null(message);
    const json_t *data = json_object_get(message, "data");
    assert_string_equal(json_string_value(json_object_get(message, "type")),
                        json_string_value(json_object_get(data, "name")));
    assert_string_equal(json_string_value(json_object_get(message, "timestamp")),
                        json_string_value(json_object_get(data, "time")));
    return message;
}

static inline json_int_t receiver_event(const struct got *g, char name[static 32])
{
    json_t *message = receiver_message(g);
    const json_t *data = json_object_get(message, "data");
    snprintf(name, 32, "%s", json_string_value(json_object_get(data, "name")));
    json_int_t id = json_integer_value(json_object_get(data, "id"));
    json_decref(message);
    return id;
}

/* By OpenSSL's own HMAC. */
static inline void receiver_verify(const struct got *g, const uint8_t *secret, size_t secret_n)
{
    char text[70000], wanted[80] = "v1,";
    uint8_t mac[32];
    unsigned n = sizeof mac;
    const int size = snprintf(text, sizeof text, "%s.%s.%s", g->id, g->timestamp, g->body);
    assert_true(size > 0 && (size_t)size < sizeof text);
    assert_non_null(
        HMAC(EVP_sha256(), secret, (int)secret_n, (const uint8_t *)text, (size_t)size, mac, &n));
    EVP_EncodeBlock((unsigned char *)wanted + 3, mac, 32);
    assert_string_equal(g->signature, wanted);
}

/* Until n messages were answered with success. */
static inline void receiver_await(struct receiver *r, unsigned n)
{
    for (unsigned turns = 0; turns < 6000; turns++) {
        unsigned good = 0;
        pthread_mutex_lock(&r->lock);
        for (unsigned i = 0; i < r->n; i++) {
            good += r->got[i].status < 300;
        }
        pthread_mutex_unlock(&r->lock);
        if (good >= n) {
            return;
        }
        usleep(10000);
    }
    fail_msg("%u messages did not come", n);
}

#endif
