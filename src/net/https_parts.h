/* net/https_parts.h - what https.c (the server), https_conn.c (its connections and their
 * deadlines), https_response.c (what leaves), https_identity.c (its certificate and key) and
 * https_file.c (its files) lend each other. Not for
 * others. */
#ifndef BINDERY_NET_HTTPS_PARTS_H
#define BINDERY_NET_HTTPS_PARTS_H

#include "net/https.h"

#include <gnutls/abstract.h>

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

/* A certificate with its chain, and its key; another may take their place. */
struct https_identities;
struct https_identities *https_identities_new(void); /* NULL: without memory */
void https_identities_free(struct https_identities *all);
/* i is theirs, and what is shown, from now on. */
void https_identities_take(struct https_identities *all, struct https_identity *i);
/* What GnuTLS calls for a session whose pointer is a struct https_identities. */
int https_identities_show(gnutls_session_t session, const gnutls_datum_t *cas, int n_cas,
                          const gnutls_pk_algorithm_t *algorithms, int n_algorithms,
                          gnutls_pcert_st **chain, unsigned *n, gnutls_privkey_t *key);

/* A file of 64 KiB at most; secret: nobody but its owner may read it. *out is the caller's, also
 * after an error. Errors: E_IO, E_DENIED, with *why. */
MUST_USE enum err https_file_text(const char *path, bool secret, char **out, struct https_why *why);

#endif
