/* nf/hssd/push.h - telling serving nodes what changed of a subscription: Insert-Subscriber-Data,
 * Delete-Subscriber-Data, Cancel-Location for a subscription that was removed (TS 29.272 5.2.2,
 * 5.2.1.2), and Reset after something may have been lost (5.2.3).
 *
 * The change and the row that says who is to be told of it are one commit (push_* in a batch). One
 * thread of low priority takes what is due for the nodes that are connected, a bounded number at a
 * time, and the row goes when the node has answered with success. A node that is not connected
 * costs nothing until it is. What is sent is the subscription as it is then, so telling twice is
 * harmless.
 */
#ifndef BINDERY_NF_HSSD_PUSH_H
#define BINDERY_NF_HSSD_PUSH_H

#include "nf/hssd/hssd.h"
#include "store/store_push.h"

struct push; /* h->push */

int64_t push_unix_ms(void);

/* After the store and before anybody connects: decides about a reset, and marks the store as open.
 */
MUST_USE enum err push_open(struct hssd *h, struct store_why *why);
/* The thread, after the writer and the signalling threads. Errors: E_IO. */
MUST_USE enum err push_start(struct hssd *h, struct store_why *why);
void push_quiesce(struct hssd *h); /* asks the thread to end */
void push_join(struct hssd *h);    /* before the writer is drained */
void push_close(struct hssd *h);   /* after the signalling threads and the writer: frees */
/* Orderly end: the store was closed in order. After the writer has stopped, before store_close. */
void push_store_closes(struct hssd *h);

/* There is something new to tell, or a node has connected. Any thread. h->push may be NULL. */
void push_wake(struct hssd *h);
/* The same, on a signalling thread, of a connection that opened: what failed before is tried now.
 */
void push_peer_opened(struct hssd *h);

/* The configuration's profiles are others than before (a reload has put the new snapshot into
 * h->config): compares each with what the store says was pushed, and has those that differ walked
 * by an index on profile, a few subscribers in each writer job of low priority. How far it came is
 * stored. Any thread; returns at once. h->push may be NULL. */
void hssd_push_profiles_changed(struct hssd *h);

/* ---- in a writer's job, with the change itself ---- */

/* What a change of a served subscription leaves to be told. `before` is the row as it was. */
MUST_USE enum err push_changed(const struct hssd *h, struct store_writer *w,
                               const struct store_subscriber *before,
                               const struct store_subscriber *after);
/* The subscriber goes. */
MUST_USE enum err push_removed(struct store_writer *w, const struct store_subscriber *before);

/* ---- for nf/hssd/thread.c ---- */

/* The answer to what hssd_thread_ask sent, on the signalling thread; empty: none came. */
void push_answered(struct hssd *h, uint64_t cookie, struct bytes msg);

#endif
