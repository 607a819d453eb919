#include "net/https_client.h"

#include <curl/curl.h>
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
#define LINE_MAX_HERE (HTTPS_CLIENT_ETAG_MAX + 24)

struct https_client {
    struct https_client_options options;
    CURL *curl;
    uint8_t *answer;
    size_t answer_n, answer_room, headers_n;
    char etag[HTTPS_CLIENT_ETAG_MAX];
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
        uint8_t *bigger = realloc(c->answer, room);
        if (bigger == NULL) {
            return 0;
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

static void take_etag(struct https_client *c, struct bytes line)
{
    struct bytes v;
    if (line.n >= 5 && bytes_eq((struct bytes){line.p, 5}, BYTES_LIT("HTTP/"))) {
        c->etag[0] = '\0'; /* what stood before belongs to an interim answer */
    } else if (value_of(line, BYTES_LIT("ETag"), &v)) {
        bool fits = v.n < sizeof c->etag && (v.n == 0 || memchr(v.p, '\0', v.n) == NULL);
        (void)snprintf(c->etag, sizeof c->etag, "%.*s", fits ? (int)v.n : 0, (const char *)v.p);
    }
}

static size_t on_header(char *data, size_t size, size_t n, void *ctx)
{
    struct https_client *c = ctx;
    take_etag(c, (struct bytes){(const uint8_t *)data, size * n});
    c->headers_n += size * n;
    c->too_large = c->too_large || c->headers_n > HEADERS_MOST;
    return c->too_large ? 0 : size * n;
}

#define SET(option, value) (ok = ok && curl_easy_setopt(c->curl, option, value) == CURLE_OK)

static bool set_always(struct https_client *c)
{
    const struct https_client_options *o = &c->options;
    bool ok = true;
    SET(CURLOPT_PROTOCOLS_STR, "https");
    SET(CURLOPT_FOLLOWLOCATION, 0L);
    SET(CURLOPT_PROXY, "");
    SET(CURLOPT_NOSIGNAL, 1L);
    SET(CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_3 | (long)CURL_SSLVERSION_MAX_TLSv1_3);
    SET(CURLOPT_SSL_VERIFYPEER, 1L);
    SET(CURLOPT_SSL_VERIFYHOST, 2L);
    SET(CURLOPT_CAINFO, o->ca);
    SET(CURLOPT_CAPATH, NULL);
    SET(CURLOPT_SSLCERT, o->certificate);
    SET(CURLOPT_SSLKEY, o->key);
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
    if (c->curl == NULL || !set_always(c)) {
        https_client_close(c);
        return E_IO;
    }
    *out = c;
    return E_OK;
}

void https_client_close(struct https_client *c)
{
    if (c != NULL) {
        curl_easy_cleanup(c->curl);
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
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_GOT_NOTHING:
    case CURLE_SEND_ERROR:
    case CURLE_RECV_ERROR:
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
    return ok;
}

static bool set_request(struct https_client *c, const struct https_request *r,
                        struct curl_slist *headers, char error[static CURL_ERROR_SIZE])
{
    bool ok = true;
    bool once_only = strcmp(r->method, "POST") == 0;
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
}

enum err https_client_do(struct https_client *c, const struct https_request *request,
                         struct https_reply *out)
{
    char error[CURL_ERROR_SIZE] = "";
    struct curl_slist *headers = NULL;
    *out = (struct https_reply){0};
    c->answer_n = c->headers_n = 0;
    c->etag[0] = '\0';
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
