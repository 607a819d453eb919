/* nf/hssd/admin_worker.h - one thread of low priority for what a request of the administration
 * interface computes for long: whether numbers are prime takes up to seconds, and neither the
 * control thread, nor the writer, nor any signalling waits for it.
 *
 * Tasks run one after the other, in their order. There are no more of them than the interface has
 * connections.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_WORKER_H
#define BINDERY_NF_HSSD_ADMIN_WORKER_H

#include "base/err.h"
#include <stdbool.h>

#define ADMIN_WORKER_NICE 10

struct admin_worker;
struct admin_task {
    void (*run)(struct admin_task *task);  /* on the worker's thread */
    void (*done)(struct admin_task *task); /* there, afterwards; only hands it to its owner's */
    bool skipped;                          /* it was not run: the worker ends */
    struct admin_task *next;               /* the worker's */
};

/* Errors: E_MEMORY, E_IO. */
MUST_USE enum err admin_worker_start(struct admin_worker **out);
/* The task stays the caller's memory until done is called. */
void admin_worker_submit(struct admin_worker *w, struct admin_task *task);
/* What waits is skipped, and so is what comes from now on; what runs goes on. Joins. Harmless on
 * NULL. */
void admin_worker_stop(struct admin_worker *w);
/* After admin_worker_stop, when nobody submits any more. Harmless on NULL. */
void admin_worker_free(struct admin_worker *w);

#endif
