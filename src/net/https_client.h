/* net/https_client.h - an HTTPS client: mutual TLS 1.3, a connection that is kept, and a limit on
 * everything that a server could make large or slow.
 *
 * libcurl in its OpenSSL flavour, inside https_client.c. It blocks: a thread of its own, or one of
 * a pool, uses it. Redirects are not followed, no proxy and no cookie is used, and nothing but
 * https is spoken. The server's certificate must chain to the CA file and name the host of the URL.
 */
#ifndef BINDERY_NET_HTTPS_CLIENT_H
#define BINDERY_NET_HTTPS_CLIENT_H

#include "base/span.h"

struct https_client_options {
    const char *certificate, *key, *ca; /* PEM files */
    const char *crl;                    /* PEM, or NULL */
    uint32_t connect_ms, total_ms;      /* 0: 5 s, 15 s */
    size_t answer_most;                 /* 0: 1 MiB */
};
struct https_client;
/* Errors: E_MEMORY, E_IO. The files are read when a connection is made. */
MUST_USE enum err https_client_open(const struct https_client_options *options,
                                    struct https_client **out);
void https_client_close(struct https_client *c);

struct https_request {
    const char *method; /* "GET", "PUT", "POST", "DELETE" */
    const char *url;
    const char *type; /* of the body; NULL: application/json */
    struct bytes body;
};
struct https_reply {
    unsigned status;
    char type[64];     /* without its parameters */
    struct bytes body; /* good until the next request */
    char reason[256];  /* of a failure, for people */
};
/* E_OK whatever the status. Errors: E_BAD_VALUE (the URL is not https://), E_CLOSED (no
 * connection), E_DENIED (either certificate was not accepted), E_NO_ROOM (the answer is too large),
 * E_AGAIN (out of time), E_MEMORY, E_IO. */
MUST_USE enum err https_client_do(struct https_client *c, const struct https_request *request,
                                  struct https_reply *out);

#endif
