/* net/https_parts.h - what https.c (the server), https_conn.c (its connections and their
 * deadlines), https_response.c (what leaves) and https_file.c (its files) lend each other. Not for
 * others. */
#ifndef BINDERY_NET_HTTPS_PARTS_H
#define BINDERY_NET_HTTPS_PARTS_H

#include "net/https.h"

/* How long a verdict about a chain holds on a connection that is kept. */
#define HTTPS_VERDICT_S 60

struct https_conn {
    struct https_conn *prev, *next;
    int fd;
    uint64_t deadline; /* monotonic milliseconds */
    struct address from;
    struct verify_peer peer;
    int64_t judged_at; /* Unix seconds; 0: not yet */
    unsigned trust;    /* by which of the server's verifiers */
    bool over;         /* told to end */
};
struct https_conns {
    struct https_conn *first;
    unsigned n;
};

struct https_conn *https_conn_add(struct https_conns *all, int fd, uint64_t deadline);
void https_conn_remove(struct https_conns *all, struct https_conn *c);
/* Those past their deadline are shut down: the loop then finds them at their end. */
void https_conns_expire(struct https_conns *all, uint64_t now);
/* How many show the certificate that c shows, c included. */
unsigned https_conns_of(const struct https_conns *all, const struct https_conn *c);

struct MHD_Response;
/* The answer of a call with its headers; its text or file is handed on. NULL: without memory. */
struct MHD_Response *https_response_of(struct https_call *c);

/* A file of 64 KiB at most; secret: nobody but its owner may read it. *out is the caller's, also
 * after an error. Errors: E_IO, E_DENIED, with *why. */
MUST_USE enum err https_file_text(const char *path, bool secret, char **out, struct https_why *why);

#endif
