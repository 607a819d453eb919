/* test/nf/onboard_site.h - a certificate site over real TLS that asks for the operator's
 * certificate and does what the test says, also what no honest one does. Header only: tests are
 * single pki_files. */
#ifndef BINDERY_TEST_NF_ONBOARD_SITE_H
#define BINDERY_TEST_NF_ONBOARD_SITE_H

#include "nf/onboard_pki.h"

#include "net/socket.h"

#include <fcntl.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <sys/socket.h>

enum site_way {
    SITE_HONEST,
    SITE_STATUS,   /* with site.status, and site.body */
    SITE_REDIRECT, /* to itself, where it would be honest */
    SITE_LARGE,    /* a body longer than anybody takes, which it announces */
    SITE_ENDLESS,  /* one that never ends */
    SITE_GARBAGE,  /* octets that are no JSON */
    SITE_OTHER,    /* always the first device's record */
    SITE_LEAVES    /* reads the request, and goes */
};
#define SITE_GUESTS 512
struct site_guest {
    int fd;
    pthread_t thread;
};
static struct {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    enum site_way way;
    unsigned status;
    const char *body;
    bool held;          /* requests wait */
    bool validates;     /* answers have an ETag */
    unsigned asked;     /* requests */
    unsigned inside;    /* of these, those that wait */
    unsigned not_again; /* 304 */
    unsigned connections;
    char last[512]; /* the path of the last request */
    int listener;
    int kept; /* has the port, also while nobody listens there; 0: none yet */
    unsigned port;
    SSL_CTX *tls;
    pthread_t thread;
    struct site_guest guests[SITE_GUESTS];
} site = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};

#define SITE_SET(member, value)                                                                    \
    do {                                                                                           \
        pthread_mutex_lock(&site.lock);                                                            \
        site.member = (value);                                                                     \
        pthread_cond_broadcast(&site.wake);                                                        \
        pthread_mutex_unlock(&site.lock);                                                          \
    } while (0)
static inline unsigned site_number(const unsigned *member)
{
    pthread_mutex_lock(&site.lock);
    unsigned v = *member;
    pthread_mutex_unlock(&site.lock);
    return v;
}
#define SITE_GET(member) site_number(&site.member)
/* Until it holds, however long that takes: a test that hangs is ended by ctest. */
#define SITE_AWAIT(condition)                                                                      \
    while (!(condition)) {                                                                         \
        sched_yield();                                                                             \
    }

static inline bool site_say(SSL *tls, const char *text, size_t n)
{
    return n == 0 || SSL_write(tls, text, (int)n) > 0; /* the client may be gone */
}

static inline bool site_answer(SSL *tls, const char *status, const char *more, const char *body)
{
    char head[512];
    int n = snprintf(head, sizeof head, "HTTP/1.1 %s\r\nContent-Length: %zu\r\n%s\r\n", status,
                     strlen(body), more);
    return site_say(tls, head, (size_t)n) && site_say(tls, body, strlen(body));
}

#define NO_DEVICE "{\"type\":\"/problems/no-device\",\"status\":404}"

/* Under the lock, so that the test may change things. */
static inline char *site_record(const char *id, char etag[static 32])
{
    for (unsigned i = 0; i < THINGS; i++) {
        const struct thing *t = &things[site.way == SITE_OTHER ? 0 : i];
        if (t->serial != 0 && (site.way == SITE_OTHER || strcmp(t->id.text, id) == 0)) {
            snprintf(etag, 32, "\"%llu\"", (unsigned long long)t->serial);
            return thing_json(t);
        }
    }
    return NULL;
}

static inline bool site_honest(SSL *tls, const char *id, const char *request)
{
    char etag[32] = "", more[96] = "", match[64];
    pthread_mutex_lock(&site.lock);
    char *text = site_record(id, etag);
    if (site.validates && text != NULL) {
        snprintf(more, sizeof more, "ETag: %s\r\n", etag);
    }
    snprintf(match, sizeof match, "If-None-Match: %s\r\n", etag);
    bool unchanged = site.validates && text != NULL && strstr(request, match) != NULL;
    site.not_again += unchanged;
    pthread_mutex_unlock(&site.lock);
    bool said = text == NULL ? site_answer(tls, "404 Not Found", "", NO_DEVICE)
                : unchanged  ? site_answer(tls, "304 Not Modified", more, "")
                             : site_answer(tls, "200 OK", more, text);
    free(text);
    return said;
}

static inline bool site_without_end(SSL *tls, bool announced)
{
    static char much[8192];
    char head[128];
    memset(much, ' ', sizeof much);
    int n = snprintf(head, sizeof head,
                     announced ? "HTTP/1.1 200 OK\r\nContent-Length: 9999999\r\n\r\n"
                               : "HTTP/1.1 200 OK\r\n\r\n");
    bool said = site_say(tls, head, (size_t)n);
    while (said) {
        said = site_say(tls, much, sizeof much);
    }
    return false;
}

static inline bool site_does(SSL *tls, enum site_way way, const char *id, const char *request)
{
    char status[32], more[300];
    switch (way) {
    case SITE_STATUS:
        snprintf(status, sizeof status, "%u Said", SITE_GET(status));
        return site_answer(tls, status, "", site.body != NULL ? site.body : "");
    case SITE_REDIRECT:
        snprintf(more, sizeof more, "Location: https://localhost:%u/v1/device-records/%.64s\r\n",
                 site.port, id);
        return site_answer(tls, "302 Found", more, "");
    case SITE_LARGE:
        return site_without_end(tls, true);
    case SITE_ENDLESS:
        return site_without_end(tls, false);
    case SITE_GARBAGE:
        return site_answer(tls, "200 OK", "", "\x01\xff{]");
    case SITE_LEAVES:
        return false;
    case SITE_HONEST:
    case SITE_OTHER:
        break;
    }
    return site_honest(tls, id, request);
}

/* A header and no body. */
static inline bool site_read(SSL *tls, char *text, size_t room)
{
    size_t n = 0;
    int got = 1;
    while (n < room - 1 && got > 0) {
        got = SSL_read(tls, text + n, (int)(room - 1 - n));
        n += got > 0 ? (size_t)got : 0;
        text[n] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL) {
            return true;
        }
    }
    return false;
}

/* A way for each request, as it is when the request may go on. */
static inline enum site_way site_enters(const char *path)
{
    pthread_mutex_lock(&site.lock);
    site.asked++;
    site.inside++;
    snprintf(site.last, sizeof site.last, "%s", path);
    while (site.held) {
        pthread_cond_wait(&site.wake, &site.lock);
    }
    site.inside--;
    enum site_way way = site.way;
    pthread_mutex_unlock(&site.lock);
    return way;
}

static inline void *site_attend(void *arg)
{
    struct site_guest *g = arg;
    char request[4096], path[512];
    SSL *tls = SSL_new(site.tls);
    SSL_set_fd(tls, g->fd);
    bool more = SSL_accept(tls) == 1;
    while (more && site_read(tls, request, sizeof request) &&
           sscanf(request, "GET %511s HTTP/1.1", path) == 1) {
        static const char prefix[] = "/v1/device-records/";
        enum site_way way = site_enters(path);
        bool known = strncmp(path, prefix, sizeof prefix - 1) == 0;
        more = known && site_does(tls, way, path + sizeof prefix - 1, request);
    }
    SSL_free(tls);
    shutdown(g->fd, SHUT_RDWR); /* closed at the end of the test */
    return NULL;
}

static inline void *site_serve(void *arg)
{
    (void)arg;
    for (int fd; (fd = accept(site.listener, NULL, NULL)) >= 0;) {
        pthread_mutex_lock(&site.lock);
        struct site_guest *g =
            site.connections < SITE_GUESTS ? &site.guests[site.connections] : NULL;
        if (g != NULL) {
            g->fd = fd;
            site.connections += pthread_create(&g->thread, NULL, site_attend, g) == 0;
        }
        pthread_mutex_unlock(&site.lock);
        if (g == NULL) {
            close(fd);
        }
    }
    return NULL;
}

/* A port that no other program is given until this one ends. */
static inline void site_keep_port(void)
{
    struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t n = sizeof at;
    const int one = 1;
    site.kept = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    assert_int_equal(setsockopt(site.kept, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one), 0);
    assert_int_equal(bind(site.kept, (struct sockaddr *)&at, sizeof at), 0);
    assert_int_equal(getsockname(site.kept, (struct sockaddr *)&at, &n), 0);
    site.port = ntohs(at.sin_port);
}

/* An honest one. The port stays when it comes back after site_close. */
static inline void site_open(void)
{
    struct address at;
    char text[64], crt[64], key[64], ca[64];
    (void)signal(SIGPIPE, SIG_IGN);
    snprintf(crt, sizeof crt, "%s", pki_path(&pki_files, "site", ".crt"));
    snprintf(key, sizeof key, "%s", pki_path(&pki_files, "site", ".key"));
    snprintf(ca, sizeof ca, "%s", pki_path(&pki_files, "tls-ca", ".crt"));
    site.way = SITE_HONEST;
    site.held = site.validates = false;
    site.asked = site.inside = site.not_again = site.connections = 0;
    site.body = NULL;
    site.tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_file(site.tls, crt, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(site.tls, key, SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_load_verify_file(site.tls, ca), 1);
    SSL_CTX_set_verify(site.tls, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    if (site.kept == 0) {
        site_keep_port();
    }
    snprintf(text, sizeof text, "tls://127.0.0.1:%u", site.port);
    assert_ok(address_parse(text, &at));
    assert_ok(socket_listen(&at, 64, &site.listener));
    fcntl(site.listener, F_SETFL, fcntl(site.listener, F_GETFL) & ~O_NONBLOCK);
    assert_int_equal(pthread_create(&site.thread, NULL, site_serve, NULL), 0);
}

static inline void site_close(void)
{
    SITE_SET(held, false);
    shutdown(site.listener, SHUT_RDWR); /* accept ends */
    pthread_join(site.thread, NULL);
    close(site.listener);
    for (unsigned i = 0; i < site.connections; i++) {
        shutdown(site.guests[i].fd, SHUT_RDWR);
        pthread_join(site.guests[i].thread, NULL);
        close(site.guests[i].fd);
    }
    SSL_CTX_free(site.tls);
}

#endif
