/* store/store_node.h - the serving nodes that a home network knows: each that registered somebody
 * here, or that the configuration names, and whether it has heard of the last reset (TS 29.272
 * 5.2.3). So nodes behind an agent that names none of them can be told, and nothing scans
 * subscribers for it.
 *
 * Nodes are their Origin-Hosts, in any case of letters. Of one realm at most STORE_NODES_OF_REALM
 * are kept: an agent may carry any name below its realm, and one that invents them fills no disk.
 * Nothing here decides who is told, or when.
 */
#ifndef BINDERY_STORE_STORE_NODE_H
#define BINDERY_STORE_STORE_NODE_H

#include "store/store.h"

#define STORE_NODES_OF_REALM 4096

struct store_node {
    uint64_t told;    /* the epoch (store_push.h) that it answered; 0: none */
    uint64_t asked;   /* the one that it was last asked about */
    int64_t asked_at; /* Unix milliseconds: that was then */
    int64_t next_try;
    uint32_t tries; /* requests since it last answered */
    bool named;     /* by the configuration: it does not go for another one */
    char host[STORE_HOST_MAX];
    char realm[STORE_HOST_MAX]; /* of its last registration; may be empty */
};

/* ---- reading: every function may return E_IO and E_MEMORY ---- */

/* Errors: E_NOT_FOUND. */
MUST_USE enum err store_read_node(struct store_reader *r, const char *host, struct store_node *out);
/* Those that have not heard of this epoch, by next_try and then by name, behind `after` (NULL: from
 * the first), at most max. What was never tried is first, so whoever begins at the front each time
 * comes to everybody before he comes to anybody again. */
MUST_USE enum err store_untold_nodes(struct store_reader *r, uint64_t epoch,
                                     const struct store_node *after, struct store_node *out,
                                     size_t max, size_t *n);

/* ---- in a batch; errors beside those named: E_BAD_STATE, E_IO ---- */

/* It registered a subscriber at `seen` (Unix seconds): it is known from now on. Where its realm has
 * STORE_NODES_OF_REALM others, the one of which nothing was heard for longest goes, of those that
 * nobody named. Writes nothing where that says nothing new (`seen` is kept to a day). Errors:
 * E_BAD_LENGTH. */
MUST_USE enum err store_node_seen(struct store_writer *w, const char *host, const char *realm,
                                  int64_t seen);
/* The configuration names it. Errors: E_BAD_LENGTH. */
MUST_USE enum err store_node_named(struct store_writer *w, const char *host, const char *realm,
                                   int64_t seen);
/* It is being asked: writes asked, asked_at, tries and next_try. Before the request leaves. A node
 * that is not there any more is no error. */
MUST_USE enum err store_node_asked(struct store_writer *w, const struct store_node *row);
/* It answered: told, and no tries. A node that is not there any more is no error. */
MUST_USE enum err store_node_told(struct store_writer *w, const char *host, uint64_t epoch);

#endif
