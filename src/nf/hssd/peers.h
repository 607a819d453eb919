/* nf/hssd/peers.h - the states of peers: one for every Origin-Host that was ever configured since
 * the start, found by the host.
 *
 * A state keeps its address, so connections and jobs may point to it; what its peer may do is in
 * state->peer, which a reload replaces. What the table that is in force says is whole: whoever
 * looks into it sees the peers of one snapshot. Nothing is decided here about who may come in.
 */
#ifndef BINDERY_NF_HSSD_PEERS_H
#define BINDERY_NF_HSSD_PEERS_H

#include "nf/hssd/hssd.h"

/* Of h->config. Errors: E_MEMORY. */
MUST_USE enum err hssd_peers_start(struct hssd *h);
void hssd_peers_stop(struct hssd *h);
/* The state of a configured peer, case-insensitive; NULL: the snapshot in force has none of this
 * Origin-Host. Any thread. */
struct hssd_peer_state *hssd_peer_by_host(struct hssd *h, struct bytes host);
/* The states of the peers of one snapshot, in its order, and how many. Good as long as the snapshot
 * (nf/hssd/snapshots.h). Any thread. */
struct hssd_peer_state *const *hssd_peers_all(struct hssd *h, size_t *n);

/* A change in two steps: what the peers of another snapshot need is made ready, and then counts at
 * once. Control thread. Errors: E_MEMORY; nothing has changed then. */
struct hssd_peers_change;
MUST_USE enum err hssd_peers_prepare(struct hssd *h, const struct hssd_config *config,
                                     struct hssd_peers_change **out);
/* The table that counted before, which is to be freed when nobody looks at it any more. */
struct hssd_peers_table;
MUST_USE struct hssd_peers_table *hssd_peers_change(struct hssd *h,
                                                    struct hssd_peers_change *change);
void hssd_peers_table_free(struct hssd_peers_table *table);    /* harmless on NULL */
void hssd_peers_change_drop(struct hssd_peers_change *change); /* harmless on NULL */

#endif
