/* net/https_client.h against a server that does on each connection what the test wrote down for it:
 * what a kept connection is worth, when a request goes out again, and what its time bounds. */
#include "net/pki.h"

#include "net/https_client.h"
#include "net/socket.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <netdb.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <sys/socket.h>

enum script {
    ANSWER,       /* every request, until the client goes */
    ANSWER_ONCE,  /* the first one; reads the second, and ends the connection */
    ANSWER_LEAVE, /* the first one, and ends the connection */
    READ_ONLY,    /* a request, and ends the connection */
    HALF,         /* half an answer, and ends the connection */
    MUTE,         /* handshakes, and says nothing more until the client goes */
    NO_HANDSHAKE  /* takes the connection, and nothing more until the client goes */
};
#define CONNECTIONS 8
struct world;
struct guest {
    struct world *world;
    int fd;
    enum script script;
    pthread_t thread;
};
struct world {
    struct pki pki;
    int listener;
    pthread_t thread;
    SSL_CTX *tls;
    enum script script[CONNECTIONS];
    struct guest guests[CONNECTIONS];
    atomic_uint connections, handshakes, requests;
    char url[64], files[4][64]; /* certificate, key, ca, crl */
};

/* ---- the server ---- */

/* A header and no body: the client sends these here. False at the end. */
static bool read_request(struct world *w, SSL *tls)
{
    char text[2048];
    size_t n = 0;
    int got = 1;
    while (n < sizeof text - 1 && got > 0) {
        got = SSL_read(tls, text + n, (int)(sizeof text - 1 - n));
        n += got > 0 ? (size_t)got : 0;
        text[n] = '\0';
        if (strstr(text, "\r\n\r\n") != NULL) {
            w->requests++;
            return true;
        }
    }
    return false;
}

static void say(SSL *tls, const char *text)
{
    (void)SSL_write(tls, text, (int)strlen(text)); /* the client may be gone */
}

#define OK_ANSWER "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
static void converse(struct world *w, SSL *tls, enum script script)
{
    char nothing;
    bool more = true;
    while (more && script != MUTE && read_request(w, tls)) {
        more = script == ANSWER || script == ANSWER_ONCE;
        if (script == HALF) {
            say(tls, "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nnot all");
        } else if (script != READ_ONLY) {
            say(tls, OK_ANSWER);
        }
        if (script == ANSWER_ONCE) {
            script = READ_ONLY;
        }
    }
    if (script == MUTE) {
        (void)SSL_read(tls, &nothing, 1);
        while (SSL_read(tls, &nothing, 1) > 0) {
        }
    }
    (void)SSL_shutdown(tls);
}

static void *attend(void *arg)
{
    struct guest *g = arg;
    char nothing[512];
    if (g->script == NO_HANDSHAKE) {
        while (recv(g->fd, nothing, sizeof nothing, 0) > 0) {
        }
        return NULL;
    }
    SSL *tls = SSL_new(g->world->tls);
    SSL_set_fd(tls, g->fd);
    if (SSL_accept(tls) == 1) {
        g->world->handshakes++;
        converse(g->world, tls, g->script);
    }
    SSL_free(tls);
    shutdown(g->fd, SHUT_RDWR); /* closed at the end of the test */
    return NULL;
}

static void *serve(void *arg)
{
    struct world *w = arg;
    for (int fd; (fd = accept(w->listener, NULL, NULL)) >= 0 && w->connections < CONNECTIONS;) {
        struct guest *g = &w->guests[w->connections];
        *g = (struct guest){.world = w, .fd = fd, .script = w->script[w->connections]};
        pthread_create(&g->thread, NULL, attend, g);
        w->connections++;
    }
    return NULL;
}

static int setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);
    struct address at;
    pki_open(&w->pki);
    pki_make(&w->pki, "ca", NULL, "ca", NULL);
    pki_make(&w->pki, "other", NULL, "other", NULL);
    pki_make(&w->pki, "server", "ca", "server", "DNS:localhost");
    snprintf(w->files[0], 64, "%s", pki_path(&w->pki, "server", ".crt"));
    snprintf(w->files[1], 64, "%s", pki_path(&w->pki, "server", ".key"));
    snprintf(w->files[2], 64, "%s", pki_path(&w->pki, "ca", ".crt"));
    snprintf(w->files[3], 64, "%s", pki_path(&w->pki, "ca", ".crl"));
    assert_ok(address_parse("tls://127.0.0.1:0", &at));
    assert_ok(socket_listen(&at, 8, &w->listener));
    fcntl(w->listener, F_SETFL, fcntl(w->listener, F_GETFL) & ~O_NONBLOCK);
    snprintf(w->url, sizeof w->url, "https://localhost:%u/",
             socket_local(w->listener, TRANSPORT_TLS).port);
    *state = w;
    return 0;
}

/* The scripts are written down: now it may begin. */
static void begin(struct world *w)
{
    w->tls = SSL_CTX_new(TLS_server_method());
    assert_int_equal(SSL_CTX_use_certificate_file(w->tls, w->files[0], SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(w->tls, w->files[1], SSL_FILETYPE_PEM), 1);
    assert_int_equal(pthread_create(&w->thread, NULL, serve, w), 0);
}

static int teardown(void **state)
{
    struct world *w = *state;
    shutdown(w->listener, SHUT_RDWR); /* accept ends */
    pthread_join(w->thread, NULL);
    close(w->listener);
    for (unsigned i = 0; i < w->connections; i++) {
        shutdown(w->guests[i].fd, SHUT_RDWR); /* also when a test failed with its client open */
        pthread_join(w->guests[i].thread, NULL);
        close(w->guests[i].fd);
    }
    SSL_CTX_free(w->tls);
    pki_close(&w->pki);
    free(w);
    return 0;
}

/* ---- the client ---- */

static struct https_client *client_of(struct world *w, bool with_crl, uint32_t total_ms)
{
    struct https_client *c = NULL;
    const struct https_client_options o = {.certificate = w->files[0],
                                           .key = w->files[1],
                                           .ca = w->files[2],
                                           .crl = with_crl ? w->files[3] : NULL,
                                           .connect_ms = total_ms > 0 ? 600000 : 0,
                                           .total_ms = total_ms > 0 ? total_ms : 60000};
    assert_ok(https_client_open(&o, &c));
    return c;
}

static enum err ask(struct world *w, struct https_client *c, const char *method)
{
    struct https_reply r;
    const struct https_request q = {.method = method, .url = w->url};
    enum err err = https_client_do(c, &q, &r);
    if (err == E_OK) {
        assert_int_equal(r.status, 200);
        assert_true(bytes_eq(r.body, BYTES_LIT("ok")));
    } else {
        assert_true(r.reason[0] != '\0');
        assert_int_equal(r.body.n, 0);
    }
    return err;
}

static void one_handshake_serves_many_requests(void **state)
{
    struct world *w = *state;
    begin(w);
    struct https_client *c = client_of(w, false, 0);
    for (unsigned i = 0; i < 20; i++) {
        assert_ok(ask(w, c, i % 3 == 0 ? "DELETE" : "GET"));
    }
    assert_int_equal(w->handshakes, 1);
    assert_int_equal(w->requests, 20);
    https_client_close(c);
}

static void a_server_that_left_meanwhile_costs_no_request(void **state)
{
    struct world *w = *state;
    w->script[0] = w->script[1] = ANSWER_LEAVE;
    w->script[2] = ANSWER_ONCE; /* it goes when it has read the next request */
    begin(w);
    struct https_client *c = client_of(w, false, 0);
    for (unsigned i = 0; i < 5; i++) {
        assert_ok(ask(w, c, "GET"));
    }
    assert_int_equal(w->handshakes, 4);
    https_client_close(c);
}

static void a_request_goes_out_twice_and_no_more(void **state)
{
    struct world *w = *state;
    w->script[0] = ANSWER_ONCE;
    w->script[1] = READ_ONLY;
    w->script[2] = READ_ONLY;
    begin(w);
    struct https_client *c = client_of(w, false, 0);
    assert_ok(ask(w, c, "GET"));
    assert_err(ask(w, c, "GET"), E_CLOSED);
    assert_int_equal(w->handshakes, 2);
    assert_int_equal(w->requests, 3);
    assert_err(ask(w, c, "GET"), E_CLOSED); /* no kept connection, no second try */
    assert_int_equal(w->requests, 4);
    assert_ok(ask(w, c, "GET"));
    https_client_close(c);
}

/* Over the kept connection libcurl would send it again. */
static void what_may_not_be_done_twice_goes_out_once(void **state)
{
    struct world *w = *state;
    w->script[0] = ANSWER_ONCE;
    w->script[1] = READ_ONLY;
    begin(w);
    struct https_client *c = client_of(w, false, 0);
    assert_ok(ask(w, c, "GET"));
    assert_err(ask(w, c, "POST"), E_CLOSED);
    assert_int_equal(w->requests, 2);
    assert_int_equal(w->handshakes, 2);
    assert_ok(ask(w, c, "POST"));
    https_client_close(c);
}

static void half_an_answer_is_none(void **state)
{
    struct world *w = *state;
    w->script[0] = HALF;
    begin(w);
    struct https_client *c = client_of(w, false, 0);
    assert_int_not_equal(ask(w, c, "GET"), E_OK);
    assert_int_equal(w->requests, 1);
    https_client_close(c);
}

/* ---- files that change ---- */

static void write_crl(struct world *w, bool revoked)
{
    X509 *ca = pki_cert(pki_path(&w->pki, "ca", ".crt"));
    X509 *server = pki_cert(pki_path(&w->pki, "server", ".crt"));
    EVP_PKEY *key = pki_key(pki_path(&w->pki, "ca", ".key"));
    X509_CRL *crl = X509_CRL_new();
    ASN1_TIME *t = X509_gmtime_adj(NULL, -60);
    X509_CRL_set_version(crl, 1);
    X509_CRL_set_issuer_name(crl, X509_get_subject_name(ca));
    X509_CRL_set1_lastUpdate(crl, t);
    if (revoked) {
        X509_REVOKED *r = X509_REVOKED_new();
        X509_REVOKED_set_serialNumber(r, X509_get_serialNumber(server));
        X509_REVOKED_set_revocationDate(r, t);
        X509_CRL_add0_revoked(crl, r);
    }
    X509_CRL_set1_nextUpdate(crl, X509_gmtime_adj(t, 86400));
    assert_true(X509_CRL_sign(crl, key, EVP_sha256()) > 0);
    FILE *f = fopen(w->files[3], "w");
    assert_int_equal(PEM_write_X509_CRL(f, crl), 1);
    fclose(f);
    ASN1_TIME_free(t);
    X509_CRL_free(crl);
    EVP_PKEY_free(key);
    X509_free(server);
    X509_free(ca);
}

static void a_revocation_counts_from_the_next_connection_on(void **state)
{
    struct world *w = *state;
    w->script[0] = ANSWER_LEAVE;
    write_crl(w, false);
    begin(w);
    struct https_client *c = client_of(w, true, 0);
    assert_ok(ask(w, c, "GET"));
    write_crl(w, true);
    assert_err(ask(w, c, "GET"), E_DENIED);
    write_crl(w, false);
    assert_ok(ask(w, c, "GET"));
    https_client_close(c);
}

static void another_ca_counts_from_the_next_connection_on(void **state)
{
    struct world *w = *state;
    char ca[64];
    w->script[0] = ANSWER_LEAVE;
    begin(w);
    struct https_client *c = client_of(w, false, 0);
    assert_ok(ask(w, c, "GET"));
    snprintf(ca, sizeof ca, "%s", pki_path(&w->pki, "other", ".crt"));
    assert_int_equal(rename(ca, w->files[2]), 0);
    assert_err(ask(w, c, "GET"), E_DENIED);
    https_client_close(c);
}

/* ---- time ---- */

static pthread_mutex_t names_lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t names_change = PTHREAD_COND_INITIALIZER;
static bool names_answer = true;
static unsigned names_asked;

/* Stands before the C library's: a name server that does not answer while names_answer is false. */
int getaddrinfo(const char *node, const char *service, const struct addrinfo *hints,
                struct addrinfo **out)
{
    int (*real)(const char *, const char *, const struct addrinfo *, struct addrinfo **) = NULL;
    *(void **)&real = dlsym(RTLD_NEXT, "getaddrinfo");
    pthread_mutex_lock(&names_lock);
    names_asked++;
    pthread_cond_broadcast(&names_change);
    while (!names_answer) {
        pthread_cond_wait(&names_change, &names_lock);
    }
    names_asked--;
    pthread_cond_broadcast(&names_change);
    pthread_mutex_unlock(&names_lock);
    return real(node, service, hints, out);
}

/* A client that waited longer would wait for ever here. */
static void a_name_server_that_is_mute_is_within_the_time(void **state)
{
    struct world *w = *state;
    begin(w);
    struct https_client *c = client_of(w, false, 2000);
    names_answer = false; /* nobody else asks yet */
    snprintf(w->url, sizeof w->url, "https://nobody-knows.example:1/");
    assert_err(ask(w, c, "GET"), E_AGAIN);
    https_client_close(c);
    pthread_mutex_lock(&names_lock);
    while (names_asked == 0) { /* its thread may come to it only now */
        pthread_cond_wait(&names_change, &names_lock);
    }
    assert_int_equal(names_asked, 1); /* it waits still */
    names_answer = true;
    pthread_cond_broadcast(&names_change);
    while (names_asked > 0) {
        pthread_cond_wait(&names_change, &names_lock);
    }
    pthread_mutex_unlock(&names_lock);
}

static void a_handshake_and_an_answer_that_do_not_come_are_within_it_too(void **state)
{
    struct world *w = *state;
    w->script[0] = NO_HANDSHAKE;
    w->script[1] = MUTE;
    begin(w);
    struct https_client *c = client_of(w, false, 300);
    assert_err(ask(w, c, "GET"), E_AGAIN);
    assert_int_equal(w->handshakes, 0);
    https_client_close(c);
    c = client_of(w, false, 3000);
    assert_err(ask(w, c, "GET"), E_AGAIN);
    https_client_close(c);
}

static void a_post_that_may_come_twice_has_the_kept_connection(void **state)
{
    struct world *w = *state;
    static const char *const lines[] = {"webhook-id: 1", "webhook-timestamp: 2", NULL};
    begin(w);
    struct https_client *c = client_of(w, false, 0);
    for (unsigned i = 0; i < 4; i++) {
        struct https_reply r;
        const struct https_request q = {
            .method = "POST", .url = w->url, .headers = lines, .may_come_twice = true};
        assert_ok(https_client_do(c, &q, &r));
        assert_int_equal(r.status, 200);
    }
    assert_int_equal(w->handshakes, 1);
    assert_ok(ask(w, c, "POST"));
    assert_int_equal(w->handshakes, 2);
    https_client_close(c);
}

static void a_request_that_is_abandoned_ends(void **state)
{
    struct world *w = *state;
    struct https_client *c = NULL;
    struct https_reply r;
    const atomic_bool abandon = true;
    const struct https_client_options o = {
        .ca = w->files[2], .abandon = &abandon, .connect_ms = 600000, .total_ms = 600000};
    const struct https_request q = {.method = "GET", .url = w->url};
    w->script[0] = MUTE;
    begin(w);
    assert_ok(https_client_open(&o, &c)); /* without a certificate of its own */
    assert_err(https_client_do(c, &q, &r), E_CLOSED);
    https_client_close(c);
}

static void http_is_spoken_only_where_that_was_said(void **state)
{
    struct world *w = *state;
    struct https_client *c = NULL;
    struct https_reply r;
    struct https_client_options o = {.total_ms = 60000};
    const struct https_request q = {.method = "GET", .url = "http://127.0.0.1:1/"};
    begin(w);
    assert_ok(https_client_open(&o, &c));
    assert_err(https_client_do(c, &q, &r), E_BAD_VALUE);
    https_client_close(c);
    o.plain = true;
    assert_ok(https_client_open(&o, &c));
    assert_err(https_client_do(c, &q, &r), E_CLOSED); /* nobody is there */
    https_client_close(c);
}

#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
int main(void)
{
    const struct CMUnitTest tests[] = {
        T(a_post_that_may_come_twice_has_the_kept_connection),
        T(a_request_that_is_abandoned_ends),
        T(http_is_spoken_only_where_that_was_said),
        T(one_handshake_serves_many_requests),
        T(a_server_that_left_meanwhile_costs_no_request),
        T(a_request_goes_out_twice_and_no_more),
        T(what_may_not_be_done_twice_goes_out_once),
        T(half_an_answer_is_none),
        T(a_revocation_counts_from_the_next_connection_on),
        T(another_ca_counts_from_the_next_connection_on),
        T(a_name_server_that_is_mute_is_within_the_time),
        T(a_handshake_and_an_answer_that_do_not_come_are_within_it_too)};
    signal(SIGPIPE, SIG_IGN);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
