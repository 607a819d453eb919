/* nf/hssd/snapshots_parts.h - what the files of nf/hssd/snapshots.h share: snapshots.c holds,
 * snapshots_end.c takes and frees. Nobody else includes it.
 */
#ifndef BINDERY_NF_HSSD_SNAPSHOTS_PARTS_H
#define BINDERY_NF_HSSD_SNAPSHOTS_PARTS_H

#include "nf/hssd/snapshots.h"

/* Its memory is used again, but not freed before the end: so whoever was about to hold it while it
 * was replaced can find out. */
struct snapshot {
    _Atomic unsigned holds;
    uint64_t number;
    struct hssd_config *config; /* NULL: the start's */
    struct hssd_peers_table *peers;
    struct snapshot *newer; /* or the next that is not used */
};
/* A thread that holds nothing, and what it was told last. */
struct passer {
    uint64_t asked; /* the control thread's */
    _Atomic uint64_t passed;
};
struct snapshots {
    _Atomic(struct snapshot *) in_force;
    struct snapshot *oldest, *unused;
    struct passer threads[HSSD_THREADS_MAX];
    struct passer writer;
    struct writer_job job; /* the writer's passing */
};

#endif
