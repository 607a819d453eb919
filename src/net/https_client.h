/* net/https_client.h - an HTTPS client: mutual TLS 1.3, a connection that is kept, and a limit on
 * everything that a server could make large or slow.
 *
 * libcurl in its OpenSSL flavour, inside https_client.c. It blocks: a thread of its own, or one of
 * a pool, uses it, each with a client of its own. Redirects are not followed, no proxy and no
 * cookie is used, and nothing but https is spoken. The server's certificate must chain to the CA
 * file and name the host of the URL.
 *
 * The connection is kept from request to request, for five minutes at most. When the server ended
 * it meanwhile, and nothing of an answer came, the request goes out once more over a fresh one: so
 * a rest costs nobody a request. GET, PUT and DELETE only, which do the same when done twice (RFC
 * 9110 9.2.2); a POST always has a fresh connection, and one try, unless the request says that it
 * may come twice.
 *
 * A client's key may stand somewhere else than in a file: then it is asked for each signature, and
 * never seen.
 *
 * The files are read whenever a connection is made, and no session is resumed: another CA, list or
 * key counts from the next connection on.
 */
#ifndef BINDERY_NET_HTTPS_CLIENT_H
#define BINDERY_NET_HTTPS_CLIENT_H

#include "net/foreign_key.h"
#include <stdatomic.h>

/* A client's key that never leaves where it is: a secure element's. */
struct https_client_sign {
    struct foreign_key_port key; /* of ECDSA P-256 with SHA-256 */
    const struct bytes *chain;   /* DER, the client's first; no root */
    size_t n_chain;
    const struct bytes *roots; /* DER: one of them has issued the server's certificate itself */
    size_t n_roots;
};
struct https_client_options {
    const char *certificate, *key, *ca; /* PEM files; certificate and key NULL: none is shown */
    const char *crl;                    /* PEM, or NULL */
    /* Instead of certificate, key and ca, or NULL. What it points to stays the caller's, and as it
     * is, until the client is closed. */
    const struct https_client_sign *sign;
    const char *connect_to; /* an IP address, instead of the one of the URL's host; or NULL */
    const char *source;     /* the client's own IP address; or NULL: any */
    bool plain;             /* http:// is taken too: to loopback, which is the caller's to see to */
    const atomic_bool *abandon;    /* NULL, or: as soon as it is true, within a second or so, a
                                      request ends with E_CLOSED */
    uint32_t connect_ms, total_ms; /* 0: 5 s, 15 s; total: with looking up the name, and all else */
    size_t answer_most;            /* 0: 1 MiB */
};
#define HTTPS_CLIENT_ETAG_MAX 80 /* octets, its quotes and its end included */
struct https_client;
/* Errors: E_MEMORY, E_IO; with `sign` also E_BAD_VALUE (a certificate or a root is none,
 * or there is none) and those of foreign_key_open. The file names stay the caller's
 * until it is open. */
MUST_USE enum err https_client_open(const struct https_client_options *options,
                                    struct https_client **out);
void https_client_close(struct https_client *c);

struct https_request {
    const char *method; /* "GET", "PUT", "POST", "DELETE" */
    const char *url;
    const char *type; /* of the body; NULL: application/json */
    struct bytes body;
    const char *if_none_match;  /* an ETag as it came; NULL or empty: none */
    const char *const *headers; /* whole lines, "name: value"; NULL, or NULL behind the last */
    bool may_come_twice;        /* of a POST: its server knows it again */
};
struct https_reply {
    unsigned status;
    char type[64];     /* without its parameters */
    struct bytes body; /* good until the next request */
    char reason[256];  /* of a failure, for people */
    /* Of the answer, as it came; empty: none, or one that is too long to be kept. With status 304
     * what is there of the answer before still holds, and there is no body. */
    char etag[HTTPS_CLIENT_ETAG_MAX];
    unsigned retry_after; /* seconds; 0: it does not say, or gives a date */
};
/* E_OK whatever the status. Errors: E_BAD_VALUE (the URL is not https://), E_CLOSED (no
 * connection), E_DENIED (either certificate was not accepted), E_NO_ROOM (the answer is too large),
 * E_AGAIN (out of time), E_MEMORY, E_IO. */
MUST_USE enum err https_client_do(struct https_client *c, const struct https_request *request,
                                  struct https_reply *out);

#endif
