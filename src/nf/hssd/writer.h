/* nf/hssd/writer.h - the one thread that writes to the store.
 *
 * Whoever wants a change hands in a job; the thread takes what is waiting, runs it in one batch,
 * commits, and only then tells each job's owner. The queue is bounded: a full one refuses at once
 * (E_BUSY) and the caller answers TOO_BUSY. Jobs never do I/O of their own.
 */
#ifndef BINDERY_NF_HSSD_WRITER_H
#define BINDERY_NF_HSSD_WRITER_H

#include "nf/common/metrics.h"
#include "store/store.h"

struct writer;
struct writer_job {
    /* On the writer's thread, inside a batch. What it returns is kept in `result`; with any error
     * its own changes are undone and the batch goes on. */
    enum err (*run)(struct store_writer *w, struct writer_job *job);
    /* On the writer's thread after the commit; must only hand the job over to its owner's thread.
     * result is E_IO for all of a batch whose commit failed, E_DISK_FULL where the disk has no room
     * left. */
    void (*done)(struct writer_job *job);
    enum err result;
    bool probes;             /* it is repeated about once a second while one is wanted */
    struct writer_job *next; /* the writer's */
};

MUST_USE enum err writer_start(struct store *s, unsigned capacity, struct writer **out);
/* Runs what is queued, commits, joins. Whoever submits from now on gets E_BUSY. */
void writer_drain(struct writer *w);
/* The same, and frees it: when nobody can submit any more. */
void writer_stop(struct writer *w);
/* The job stays the caller's memory until done is called. Errors: E_BUSY. */
MUST_USE enum err writer_submit(struct writer *w, struct writer_job *job);
/* As above, but only while the queue is less than half full: for what may be lost under load
 * (events). */
MUST_USE enum err writer_submit_low(struct writer *w, struct writer_job *job);
unsigned writer_depth(struct writer *w);

/* Any thread, without waiting. */
struct writer_stats {
    uint64_t committed, failed; /* batches */
    struct metrics_times times; /* of both */
    bool failing;
};
/* Whether the store can be written. One batch that could not be (or a job of it, E_IO) makes for
 * doubt, the second one within WRITER_PROBES probes for failing. WRITER_PROBES probes that
 * succeed, with no failure between them, end both; other changes that succeed say nothing: what is
 * small may still fit. So it follows neither a single failure nor a single success, and no clock.
 */
#define WRITER_PROBES 3u
bool writer_is_failing(const struct writer *w);
/* Who is told of each change of that, on the writer's thread, before the jobs' owners; it may hand
 * jobs in. Before the first job. */
void writer_watch(struct writer *w, void (*turned)(void *ctx, bool failing), void *ctx);
/* In doubt, or failing. */
bool writer_wants_probe(const struct writer *w);
/* The last failure was that the disk has no room left. */
bool writer_is_full(const struct writer *w);
void writer_stats(const struct writer *w, struct writer_stats *out);

#endif
