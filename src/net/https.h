/* net/https.h - an HTTPS server: mutual TLS 1.3, requests handed to a table of functions, and a
 * limit on everything that a client could make large, slow or many.
 *
 * libmicrohttpd with GnuTLS stays inside https.c; the chain that a client shows goes as DER to
 * net/verify.h, which judges it for the first request of a connection and again each minute.
 * Without a good one no handler but `denied` is called. It runs in the caller's libuv loop, on its
 * thread.
 *
 * A connection has a deadline for whatever it does: the handshake and a request's header, its body,
 * taking the answer, and rest between requests. A client that sends an octet now and then does not
 * move it. Addresses and query are handed on as they were sent, nothing is unescaped (unless
 * `unescape` says so): a path with '%' in it is another path. An answer to HEAD leaves without its
 * body, and there are no redirects. Nothing here knows what a request means.
 */
#ifndef BINDERY_NET_HTTPS_H
#define BINDERY_NET_HTTPS_H

#include "net/address.h"
#include "net/verify.h"

#define HTTPS_PATH_MAX 256
#define HTTPS_ETAG_MAX 72

struct MHD_Connection;
struct uv_loop_s;
struct https_conn;
enum https_phase { HTTPS_READING, HTTPS_WAITING, HTTPS_ANSWERED };

/* A structure of the caller's own begins with one; the rest of it is zero at first. */
struct https_call {
    struct MHD_Connection *connection;
    struct https_conn *conn;
    enum https_phase phase;
    bool sending; /* the server's: it has the answer */
    /* asked */
    const char *method, *path;      /* good until `end` */
    const struct verify_peer *peer; /* in `denied` its verdict says why */
    const struct address *from;
    bool streams;     /* set by `headers`: the body goes to `data` and is not kept */
    size_t body_most; /* `headers` may set another; a larger body becomes body_too_large */
    uint8_t *body;
    size_t body_n, body_room;
    bool body_too_large;
    /* answered */
    unsigned status;
    const char *type; /* Content-Type; NULL without a body */
    char *text;       /* freed by the server */
    bool secret;      /* text is wiped before it is freed, whether it left or not */
    size_t text_n;
    int file; /* instead of text, above 0: its octets from the first; closed by the server */
    const char *allow;    /* or NULL */
    unsigned retry_after; /* seconds, 0: none */
    /* What a cache may do with it (RFC 9111), and by what it asks again (RFC 9110 8.8). */
    const char *cache;         /* Cache-Control, good until `end`; NULL: no-store */
    char etag[HTTPS_ETAG_MAX]; /* with its quotes; empty: none */
    int64_t modified;          /* Unix seconds; 0: not said */
};

struct https_handlers {
    void (*denied)(void *ctx, struct https_call *c); /* must answer */
    /* The header is there. An answer given here ends the request without its body. */
    void (*headers)(void *ctx, struct https_call *c);
    void (*data)(void *ctx, struct https_call *c, struct bytes part);
    /* All is there: answer, or set HTTPS_WAITING and call https_resume with the answer later. */
    void (*request)(void *ctx, struct https_call *c);
    void (*end)(void *ctx,
                struct https_call *c); /* before the call is freed; NULL: nothing to do */
};

struct https_limits {
    unsigned connections, connections_per_address, connections_per_client;
    uint32_t header_ms, body_ms, answer_ms, idle_ms;
    size_t body_most;
};
/* 512 connections, 64 of an address, 32 of a client; 10 s, 30 s, 60 s, 60 s; 64 KiB. */
struct https_limits https_limits_default(void);

struct https_options {
    struct address address;
    const char *certificate, *key, *ca; /* PEM files; the key readable by its owner only */
    const struct verifier *verifier;    /* judges the clients; ca only makes them show a chain */
    struct https_limits limits;
    size_t call_size; /* of the caller's structure */
    /* Percent-encoding in addresses and queries is undone. Only for paths that nobody else reads:
     * two texts are then one path. */
    bool unescape;
    const struct https_handlers *handlers;
    void *ctx;
    /* NULL: the system's. Monotonic milliseconds and Unix seconds. */
    uint64_t (*now_ms)(void *ctx);
    int64_t (*wall_s)(void *ctx);
};
struct https_why {
    char text[256];
};
struct https_server;
struct https_identity;
/* Errors: E_IO, E_BAD_VALUE, E_DENIED (the key is readable by others), E_EXISTS (the address is in
 * use), E_MEMORY and those of socket_listen; all with *why. */
MUST_USE enum err https_open(const struct https_options *options, struct uv_loop_s *loop,
                             struct https_server **out, struct https_why *why);
/* Takes no new connection. */
void https_quiesce(struct https_server *s);
/* Ends every connection; calls that wait must have been resumed. Runs the loop until its handles
 * are closed. Harmless on NULL. */
void https_close(struct https_server *s);
/* Clients are judged by this one from the next request on, those that are connected too. The one
 * before is not used any more. */
void https_trust(struct https_server *s, const struct verifier *verifier);
/* Another certificate and key, in two steps: the files are read and checked, and then count or are
 * dropped. Errors: E_IO, E_DENIED, E_BAD_VALUE (they do not belong together), E_MEMORY; all with
 * *why. */
MUST_USE enum err https_identity_open(const char *certificate, const char *key,
                                      struct https_identity **out, struct https_why *why);
/* From the next handshake on, who is connected stays. It is the server's from now on. */
void https_identity_take(struct https_server *s, struct https_identity *identity);
void https_identity_drop(struct https_identity *identity); /* harmless on NULL */
struct address https_bound(const struct https_server *s);
/* Connections there are now. */
unsigned https_connections(const struct https_server *s);
/* A waiting call has its answer. */
void https_resume(struct https_server *s, struct https_call *c);
/* The call may take this long from now: for bodies that are known to be long. */
void https_extend(struct https_server *s, struct https_call *c, uint32_t ms);

/* ---- answers and questions (https_call.c) ---- */

/* text is the server's from now on. */
void https_answer(struct https_call *c, unsigned status, const char *type, char *text, size_t n);
void https_answer_file(struct https_call *c, unsigned status, const char *type, int fd);
/* application/problem+json (RFC 9457): type "/problems/<name>", title, status, detail. */
void https_problem(struct https_call *c, unsigned status, const char *name, const char *title,
                   const char *detail);
/* Has the client, by If-None-Match or else If-Modified-Since, what c->etag and c->modified stand
 * for (RFC 9110 13.2.2)? For GET and HEAD; 304 without a body is then the answer. */
bool https_unchanged(struct https_call *c);
/* A parameter of the query as it was sent; *n is how often it occurs. NULL: not there. */
const char *https_parameter(struct https_call *c, const char *name, unsigned *n);
/* The Host header as it was sent, a port included. NULL: there is none, or more than one. */
const char *https_host(struct https_call *c);
/* Is every parameter of the query in `known` (" after limit "), once and with a value? */
bool https_parameters_known(struct https_call *c, const char *known);
/* Does the path have the shape of the pattern, "/v1/bindings/{imei}"? steps[i] gets what stands for
 * the i-th {}, which is the end of its step ("/DeviceID={id}"), and may be empty behind such a
 * beginning. No empty step, nothing after the last. */
bool https_path_is(const char *pattern, const char *path, struct bytes *steps, size_t room);

#endif
