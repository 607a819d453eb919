#include "net/https_client.h"

#include <curl/curl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define CONNECT_MS    5000u
#define TOTAL_MS      15000u
#define ANSWER_MOST   ((size_t)1 << 20)
#define HEADERS_MOST  16384u
#define KEPT          2L
#define KEPT_SECONDS  50L /* less than a server's rest */
#define LIFE_SECONDS  300L
#define HOST_MAX_HERE 256
#define RETRY_MOST    3600u /* seconds */
#define LINE_MAX_HERE (HTTPS_CLIENT_ETAG_MAX + 24)

struct https_client {
    struct https_client_options options;
    CURL *curl;
    struct foreign_key *key;
    char host[HOST_MAX_HERE]; /* of the URL that is asked, with `key` */
    struct curl_slist *connect_to;
    uint8_t *answer;
    size_t answer_n, answer_room, headers_n;
    char etag[HTTPS_CLIENT_ETAG_MAX];
    unsigned retry_after;
    bool too_large;
};

static pthread_once_t once = PTHREAD_ONCE_INIT;
static CURLcode started;

static void start(void)
{
    started = curl_global_init(CURL_GLOBAL_DEFAULT);
}

static size_t on_body(char *data, size_t size, size_t n, void *ctx)
{
    struct https_client *c = ctx;
    size_t octets = size * n;
    if (octets > c->options.answer_most - c->answer_n) {
        c->too_large = true;
        return 0;
    }
    if (c->answer_n + octets > c->answer_room) {
        size_t room = 2 * (c->answer_n + octets);
        uint8_t *bigger = malloc(room);
        if (bigger == NULL) {
            return 0;
        }
        if (c->answer != NULL) { /* there may be secrets in it: nothing is left behind */
            memcpy(bigger, c->answer, c->answer_n);
            wipe(c->answer, c->answer_n);
            free(c->answer);
        }
        c->answer = bigger;
        c->answer_room = room;
    }
    memcpy(c->answer + c->answer_n, data, octets);
    c->answer_n += octets;
    return octets;
}

/* A line of a header, without what stands around its value. False: it has another name. */
static bool value_of(struct bytes line, struct bytes name, struct bytes *value)
{
    if (line.n <= name.n || line.p[name.n] != ':' ||
        !bytes_eq_nocase((struct bytes){line.p, name.n}, name)) {
        return false;
    }
    struct bytes v = {line.p + name.n + 1, line.n - name.n - 1};
    while (v.n > 0 && v.p[0] <= ' ') {
        v.p++;
        v.n--;
    }
    while (v.n > 0 && v.p[v.n - 1] <= ' ') {
        v.n--;
    }
    *value = v;
    return true;
}

/* Of digits alone; more than anybody waits for counts as none, as a date does. */
static unsigned seconds_of(struct bytes v)
{
    unsigned n = 0;
    for (size_t i = 0; i < v.n; i++) {
        if (v.p[i] < '0' || v.p[i] > '9' || n > RETRY_MOST) {
            return 0;
        }
        n = 10 * n + (unsigned)(v.p[i] - '0');
    }
    return n <= RETRY_MOST ? n : 0;
}

static void take_line(struct https_client *c, struct bytes line)
{
    struct bytes v;
    if (line.n >= 5 && bytes_eq((struct bytes){line.p, 5}, BYTES_LIT("HTTP/"))) {
        c->etag[0] = '\0'; /* what stood before belongs to an interim answer */
        c->retry_after = 0;
    } else if (value_of(line, BYTES_LIT("ETag"), &v)) {
        bool fits = v.n < sizeof c->etag && (v.n == 0 || memchr(v.p, '\0', v.n) == NULL);
        (void)snprintf(c->etag, sizeof c->etag, "%.*s", fits ? (int)v.n : 0, (const char *)v.p);
    } else if (value_of(line, BYTES_LIT("Retry-After"), &v)) {
        c->retry_after = seconds_of(v);
    }
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    struct https_client *c = ctx;
    take_line(c, (struct bytes){(const uint8_t *)data, size * n});
    c->headers_n += size * n;
    c->too_large = c->too_large || c->headers_n > HEADERS_MOST;
    return c->too_large ? 0 : size * n;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(c->curl, option, value) == CURLE_OK)

static bool set_always(struct https_client *c)
{
    const struct https_client_options *o = &c->options;
    bool ok = true;
    SET(CURLOPT_PROTOCOLS_STR, o->plain ? "http,https" : "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3 | (long)CURL_SSLVERSION_MAX_TLSv1_3);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAINFO, o->sign != NULL ? NULL : o->ca);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSLCERT, o->sign != NULL ? NULL : o->certificate);
    SET(CURLOPT_SSLKEY, o->sign != NULL ? NULL : o->key);
    SET(CURLOPT_CONNECTTIMEOUT_MS, (long)o->connect_ms);
    SET(CURLOPT_TIMEOUT_MS, (long)o->total_ms);
    SET(CURLOPT_MAXCONNECTS, KEPT);
    SET(CURLOPT_MAXAGE_CONN, KEPT_SECONDS);
    SET(CURLOPT_MAXLIFETIME_CONN, LIFE_SECONDS);
    SET(CURLOPT_CA_CACHE_TIMEOUT, 0L);    /* the CA file is read again, */
    SET(CURLOPT_SSL_SESSIONID_CACHE, 0L); /* and the server shows its chain again */
    SET(CURLOPT_QUICK_EXIT, 1L);          /* out of time, it does not wait for a name server */
    SET(CURLOPT_HTTP_VERSION, (long)CURL_HTTP_VERSION_1_1);
    SET(CURLOPT_WRITEFUNCTION, on_body);
    SET(CURLOPT_WRITEDATA, c);
    SET(CURLOPT_HEADERFUNCTION, on_header);
    SET(CURLOPT_HEADERDATA, c);
    if (o->crl != NULL) {
        SET(CURLOPT_CRLFILE, o->crl);
    }
    return ok;
}

/* ---- a key that is elsewhere ---- */

static X509 *certificate_of(struct bytes der)
{
    const unsigned char *p = der.p;
    X509 *x = der.n > 0 && der.n <= INT32_MAX ? d2i_X509(NULL, &p, (long)der.n) : NULL;
    if (x != NULL && p != der.p + der.n) {
        X509_free(x);
        x = NULL;
    }
    return x;
}

static bool put_certificate(SSL_CTX *tls, struct bytes der, bool leaf)
{
    X509 *x = certificate_of(der);
    bool ok = x != NULL &&
              (leaf ? SSL_CTX_use_certificate(tls, x) == 1 : SSL_CTX_add1_chain_cert(tls, x) == 1);
    X509_free(x);
    return ok;
}

static bool put_root(SSL_CTX *tls, struct bytes der)
{
    X509 *x = certificate_of(der);
    bool ok = x != NULL && X509_STORE_add_cert(SSL_CTX_get_cert_store(tls), x) == 1;
    X509_free(x);
    return ok;
}

/* libcurl looks at the name when the handshake is over: then the chain was shown already, and the
 * key has signed. The root itself has issued the server's certificate: other CAs may stand below it
 * that vouch for devices, and for no server. */
static bool want_server(SSL_CTX *tls, const char *host)
{
    X509_VERIFY_PARAM *p = SSL_CTX_get0_param(tls);
    X509_VERIFY_PARAM_set_hostflags(p, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT);
    X509_VERIFY_PARAM_set_depth(p, 0); /* of CAs between the two */
    return host[0] != '\0' && (X509_VERIFY_PARAM_set1_ip_asc(p, host) == 1 ||
                               X509_VERIFY_PARAM_set1_host(p, host, 0) == 1);
}

/* For each connection that is made. */
static CURLcode on_tls(CURL *curl, void *tls, void *ctx)
{
    const struct https_client *c = ctx;
    const struct https_client_sign *s = c->options.sign;
    bool ok = want_server(tls, c->host);
    (void)curl;
    for (size_t i = 0; i < s->n_chain; i++) {
        ok = ok && put_certificate(tls, s->chain[i], i == 0);
    }
    for (size_t i = 0; i < s->n_roots; i++) {
        ok = ok && put_root(tls, s->roots[i]);
    }
    ok = ok && SSL_CTX_use_PrivateKey(tls, foreign_key_pkey(c->key)) == 1;
    ERR_clear_error();
    return ok ? CURLE_OK : CURLE_SSL_CERTPROBLEM;
}

/* From time to time, and at least once a second. */
static int on_progress(void *ctx, curl_off_t down, curl_off_t downed, curl_off_t up,
                       curl_off_t upped)
{
    const struct https_client *c = ctx;
    (void)down;
    (void)downed;
    (void)up;
    (void)upped;
    return atomic_load(c->options.abandon) ? 1 : 0;
}

static bool set_special(struct https_client *c)
{
    const struct https_client_options *o = &c->options;
    char line[96];
    bool ok = true;
    if (o->sign != NULL) {
        SET(CURLOPT_SSL_CTX_FUNCTION, on_tls);
        SET(CURLOPT_SSL_CTX_DATA, c);
    }
    if (o->connect_to != NULL) { /* whatever host and port: this host, the same port */
        bool v6 = strchr(o->connect_to, ':') != NULL;
        (void)snprintf(line, sizeof line, "::%s%.60s%s:", v6 ? "[" : "", o->connect_to,
                       v6 ? "]" : "");
        c->connect_to = curl_slist_append(NULL, line);
        ok = c->connect_to != NULL;
        SET(CURLOPT_CONNECT_TO, c->connect_to);
    }
    if (o->abandon != NULL) {
        SET(CURLOPT_XFERINFOFUNCTION, on_progress);
        SET(CURLOPT_XFERINFODATA, c);
        SET(CURLOPT_NOPROGRESS, 0L);
    }
    if (o->source != NULL) {
        (void)snprintf(line, sizeof line, "host!%.80s", o->source);
        SET(CURLOPT_INTERFACE, line);
    }
    return ok;
}

static enum err open_key(struct https_client *c)
{
    const struct https_client_sign *s = c->options.sign;
    enum err err = s->n_chain > 0 && s->n_roots > 0 ? E_OK : E_BAD_VALUE;
    for (size_t i = 0; i < s->n_chain + s->n_roots && err == E_OK; i++) {
        X509 *x = certificate_of(i < s->n_chain ? s->chain[i] : s->roots[i - s->n_chain]);
        err = x != NULL ? E_OK : E_BAD_VALUE;
        X509_free(x);
    }
    ERR_clear_error();
    return err == E_OK ? foreign_key_open(&s->key, s->chain[0], &c->key) : err;
}

/* ---- a client ---- */

enum err https_client_open(const struct https_client_options *options, struct https_client **out)
{
    struct https_client *c = calloc(1, sizeof *c);
    if (c == NULL) {
        return E_MEMORY;
    }
    c->options = *options;
    c->options.connect_ms = options->connect_ms > 0 ? options->connect_ms : CONNECT_MS;
    c->options.total_ms = options->total_ms > 0 ? options->total_ms : TOTAL_MS;
    c->options.answer_most = options->answer_most > 0 ? options->answer_most : ANSWER_MOST;
    (void)pthread_once(&once, start); /* fails on a wrong argument only */
    c->curl = started == CURLE_OK ? curl_easy_init() : NULL;
    enum err err = c->curl != NULL && set_always(c) && set_special(c) ? E_OK : E_IO;
    if (err == E_OK && options->sign != NULL) {
        err = open_key(c);
    }
    if (err != E_OK) {
        https_client_close(c);
        return err;
    }
    *out = c;
    return E_OK;
}

void https_client_close(struct https_client *c)
{
    if (c != NULL) {
        curl_easy_cleanup(c->curl);
        curl_slist_free_all(c->connect_to);
        foreign_key_close(c->key); /* no connection has it any more */
        if (c->answer != NULL) {
            wipe(c->answer, c->answer_room);
        }
        free(c->answer);
        free(c);
    }
}

static enum err err_of(const struct https_client *c, CURLcode code)
{
    switch ((int)code) {
    case CURLE_OK:
        return E_OK;
    case CURLE_OPERATION_TIMEDOUT:
        return E_AGAIN;
    case CURLE_WRITE_ERROR:
        return c->too_large ? E_NO_ROOM : E_MEMORY;
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
        return E_BAD_VALUE;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_ISSUER_ERROR:
        return E_DENIED;
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_CONNECT:
    case CURLE_INTERFACE_FAILED:
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
    case CURLE_ABORTED_BY_CALLBACK:
        return E_CLOSED;
    case CURLE_OUT_OF_MEMORY:
        return E_MEMORY;
    default:
        return E_IO;
    }
}

/* *list is all or, after a failure, none. */
static bool put_header(struct curl_slist **list, const char *line)
{
    struct curl_slist *all = curl_slist_append(*list, line);
    if (all == NULL) {
        curl_slist_free_all(*list);
    }
    *list = all;
    return all != NULL;
}

static bool has_body(const struct https_request *r)
{
    return r->body.n > 0 || strcmp(r->method, "POST") == 0;
}

static bool headers_of(const struct https_request *r, struct curl_slist **out)
{
    char line[LINE_MAX_HERE];
    bool ok = true;
    *out = NULL;
    if (has_body(r)) {
        (void)snprintf(line, sizeof line, "Content-Type: %.70s",
                       r->type != NULL ? r->type : "application/json");
        ok = put_header(out, line) && put_header(out, "Expect:");
    }
    if (ok && r->if_none_match != NULL && r->if_none_match[0] != '\0') {
        (void)snprintf(line, sizeof line, "If-None-Match: %.*s", HTTPS_CLIENT_ETAG_MAX - 1,
                       r->if_none_match);
        ok = put_header(out, line);
    }
    for (size_t i = 0; ok && r->headers != NULL && r->headers[i] != NULL; i++) {
        ok = put_header(out, r->headers[i]);
    }
    return ok;
}

static bool set_request(struct https_client *c, const struct https_request *r,
                        struct curl_slist *headers, char error[static CURL_ERROR_SIZE])
{
    bool ok = true;
    bool once_only = strcmp(r->method, "POST") == 0 && !r->may_come_twice;
    SET(CURLOPT_HTTPGET, 1L); /* forgets the body of the last request */
    SET(CURLOPT_FRESH_CONNECT, once_only ? 1L : 0L);
    SET(CURLOPT_URL, r->url);
    SET(CURLOPT_ERRORBUFFER, error);
    SET(CURLOPT_HTTPHEADER, headers);
    if (has_body(r)) {
        SET(CURLOPT_POST, 1L);
        SET(CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)r->body.n);
        SET(CURLOPT_POSTFIELDS, r->body.n > 0 ? (const char *)r->body.p : "");
    }
    SET(CURLOPT_CUSTOMREQUEST, r->method);
    return ok;
}

static void take_reply(struct https_client *c, struct https_reply *out)
{
    long status = 0;
    const char *type = NULL;
    (void)curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(c->curl, CURLINFO_CONTENT_TYPE, &type);
    out->status = (unsigned)status;
    if (type != NULL) {
        (void)snprintf(out->type, sizeof out->type, "%.*s", (int)strcspn(type, "; "), type);
    }
    out->body = (struct bytes){c->answer, c->answer_n};
    memcpy(out->etag, c->etag, sizeof out->etag);
    out->retry_after = c->retry_after;
}

/* Between "https://" and what ends it; of another URL or one that is too long nothing, and no
 * connection is made for it. */
static void take_host(struct https_client *c, const char *url)
{
    static const char scheme[] = "https://";
    c->host[0] = '\0';
    if (strncmp(url, scheme, sizeof scheme - 1) == 0) {
        const char *at = url + sizeof scheme - 1;
        bool v6 = *at == '[';
        size_t n = strcspn(at + v6, v6 ? "]" : ":/?#");
        (void)snprintf(c->host, sizeof c->host, "%.*s", n < sizeof c->host ? (int)n : 0, at + v6);
    }
}

enum err https_client_do(struct https_client *c, const struct https_request *request,
                         struct https_reply *out)
{
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    *out = (struct https_reply){0};
    take_host(c, request->url);
    c->answer_n = c->headers_n = 0;
    c->etag[0] = '\0';
    c->retry_after = 0;
    c->too_large = false;
    if (!headers_of(request, &headers)) {
        return E_MEMORY;
    }
    CURLcode code =
        set_request(c, request, headers, error) ? curl_easy_perform(c->curl) : CURLE_FAILED_INIT;
    enum err err = err_of(c, code);
    if (err == E_OK) {
        take_reply(c, out);
    } else {
        (void)snprintf(out->reason, sizeof out->reason, "%s",
                       error[0] != '\0' ? error : curl_easy_strerror(code));
    }
    (void)curl_easy_setopt(c->curl, CURLOPT_ERRORBUFFER, NULL); /* it ends here */
    (void)curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, NULL);
    curl_slist_free_all(headers);
    return err;
}
