/* nf/hssd/snapshots.h - how long a configuration that was replaced lives: until nobody can look
 * into it any more, and no longer.
 *
 * Signalling threads and the writer look into h->config, and at the states of peers, as they like,
 * but keep no pointer from one thing they do to the next: each passes once between two of them
 * after a reload. So does the control thread, which frees. Every other thread, and whatever keeps a
 * pointer for longer, holds: what is in force then, and all that follows it, stays until it is
 * released. Snapshots go in their order, the oldest first. The configuration of the start is the
 * caller's and is never freed here.
 */
#ifndef BINDERY_NF_HSSD_SNAPSHOTS_H
#define BINDERY_NF_HSSD_SNAPSHOTS_H

#include "nf/hssd/hssd.h"

struct hssd_peers_table;

/* With h->config set. Errors: E_MEMORY. */
MUST_USE enum err snapshots_open(struct hssd *h);

/* Any thread; never waits. NULL where there are none, which is released too. */
struct snapshot *snapshot_hold(struct hssd *h);
void snapshot_release(struct snapshot *s);

/* ---- the control thread ---- */

/* Room for one more, so that taking cannot fail. Errors: E_MEMORY. */
MUST_USE enum err snapshots_prepare(struct hssd *h);
/* `config` is in force from now on, and the snapshots' own; `peers` (or NULL) were the peers of the
 * one before, and end with it. */
void snapshots_take(struct hssd *h, struct hssd_config *config, struct hssd_peers_table *peers);
/* Asks who has not passed yet, and frees what nobody can look at any more. */
void snapshots_tick(struct hssd *h);
/* How many there are, the one in force included. */
size_t snapshots_count(const struct hssd *h);
/* When no thread runs any more: all but the one of the start. */
void snapshots_close(struct hssd *h);

#endif
