/* nf/hssd/thread.h - a signalling thread: a node's connections, a reader, the contexts of its keys.
 *
 * An AIR runs to its end here. What other threads may call is in nf/hssd/s6a.h and hssd.h; this is
 * for hssd.c, which starts and stops them.
 */
#ifndef BINDERY_NF_HSSD_THREAD_H
#define BINDERY_NF_HSSD_THREAD_H

#include "nf/common/node.h"
#include "nf/hssd/hssd.h"
#include "nf/hssd/timings.h"

MUST_USE enum err hssd_thread_start(struct hssd *h, struct hssd_thread **out);
/* Begins the end without waiting for it, so that the threads wait for their peers side by side. */
void hssd_thread_ask_stop(struct hssd_thread *t);
/* Orderly: DPR to the peers, a bounded wait, then the thread ends. What the writer still finishes
 * runs on the writer's thread from now on. */
void hssd_thread_stop(struct hssd_thread *t);
/* After the writer has stopped. */
void hssd_thread_free(struct hssd_thread *t);
/* Takes over an accepted connection. Errors: E_BUSY, E_MEMORY; fd is closed then. */
MUST_USE enum err hssd_thread_adopt(struct hssd_thread *t, int fd, enum transport transport,
                                    struct tls_context *tls);
/* Any thread may read them. */
const struct hssd_timings *hssd_thread_timings(const struct hssd_thread *t);
/* Has it ended though nobody asked for that? Any thread. */
bool hssd_thread_is_broken(const struct hssd_thread *t);
/* Each open connection is judged again by what is configured now; one whose peer may not stay is
 * ended with DPR. Any thread; returns at once. False: too much waits there, to be tried again. */
bool hssd_thread_judge(struct hssd_thread *t);
void hssd_thread_stats(const struct hssd_thread *t, struct node_stats *out);

#endif
