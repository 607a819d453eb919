/* cli/load_worker.h - one thread of a load: its share of the arrivals over its share of the
 * connections, under one epoll.
 *
 * Why not nf/common/node.h: the HSS under test may be ours, and a fault or a pause in the node
 * would then stand on both sides and cancel out; the node drops a request that finds no room, where
 * here it must wait and be charged for it; and its clock ticks in milliseconds. Nothing is
 * allocated while the load runs.
 *
 * The main thread makes, starts and joins workers (load_run.c); what they share is atomic.
 */
#ifndef BINDERY_CLI_LOAD_WORKER_H
#define BINDERY_CLI_LOAD_WORKER_H

#include "cli/load_conn.h"
#include "cli/load_result.h"
#include <stdatomic.h>

enum load_ready { LOAD_CONNECTS, LOAD_IS_READY, LOAD_CANNOT };

/* What workers and the main thread tell each other. */
struct load_shared {
    const struct load_plan *plan;
    struct tls_context **tls; /* one per peer, or NULL */
    _Atomic uint64_t start;   /* when the first arrival is due; 0: not yet */
    atomic_bool stop;         /* no more arrivals */
};
struct load_worker {
    struct load_shared *shared;
    const struct load_plan *plan;
    unsigned number;
    struct load_conn_owner owner;
    struct load_conn **conn;
    struct load_conn **dirty; /* those with octets to send, n_dirty of them */
    uint32_t conns, open, n_dirty;
    struct load_slots slots;
    struct load_schedule schedule;
    struct crypto crypto;
    uint64_t start, next, next_tick, next_publish, turn, random;
    uint32_t end_to_end, session;
    int epoll;
    bool more; /* `next` is an arrival */
    struct load_counts *counts;
    struct load_histogram recent; /* successes since it was published last */
    char why[300];                /* with LOAD_CANNOT */
    _Atomic int ready;            /* enum load_ready */
    /* for the progress line */
    _Atomic uint64_t p_offered, p_succeeded, p_failed, p_p50, p_p99;
    atomic_bool done;
};
/* Memory and sockets; nothing is sent. Errors: E_MEMORY, E_IO, E_CRYPTO, E_BAD_LENGTH (a name). */
MUST_USE enum err load_worker_open(struct load_worker *w, struct load_shared *shared,
                                   unsigned number);
void load_worker_close(struct load_worker *w);
/* The thread; arg is the worker. Connects, awaits the start, runs, says goodbye. */
void *load_worker_run(void *arg);

#endif
