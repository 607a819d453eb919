/* nf/hssd/kme_pool.h - a few threads of low priority for what procedure kme costs: an RSA private
 * operation and signatures to verify, so that no AIR waits for one.
 *
 * Each thread has a reader of the store, a crypto table and, for each repository, a port of its
 * own. Jobs wait in a bounded queue, in their order; a full one refuses at once (E_BUSY) and the
 * caller answers TOO_BUSY. What a job does is its owner's; nothing here decides or answers.
 */
#ifndef BINDERY_NF_HSSD_KME_POOL_H
#define BINDERY_NF_HSSD_KME_POOL_H

#include "net/verify.h"
#include "nf/hssd/config.h"
#include "proc/devid.h"
#include "store/store.h"

struct kme_pool;

/* What a job works with, while it runs. */
struct kme_tools {
    const struct crypto *crypto;
    struct store_reader *reader;
    /* For records of this repository (one of the configuration's), and chains of its devices. */
    const struct devid_port *(*port)(const struct kme_tools *tools,
                                     const struct hssd_repository *repository);
};
struct kme_job {
    /* On a thread of the pool, once. tools NULL: the pool ends and nothing is to be done any more,
     * on whatever thread. The job is its owner's again. */
    void (*run)(struct kme_job *job, const struct kme_tools *tools);
    struct kme_job *next; /* the pool's */
};

/* On threads of the pool. `event` is told that kme.ca and kme.crl changed and were read
 * (devid-files-read), or could not be (devid-files-bad). */
struct kme_pool_world {
    void *ctx;
    uint64_t (*now_ms)(void *ctx); /* monotonic */
    void (*event)(void *ctx, const char *name, const char *detail);
};
#define KME_POOL_LOOK_MS 60000u /* so often they are looked at, when there is something to do */

/* kme.threads threads with nice value KME_POOL_NICE, kme.queue places. Errors with *why: E_IO,
 * E_BAD_VALUE, E_MEMORY, E_CRYPTO. */
#define KME_POOL_NICE 10
MUST_USE enum err kme_pool_open(const struct hssd_config *config, struct store *s,
                                const struct kme_pool_world *world, struct kme_pool **out,
                                struct verify_why *why);
/* Who waits is told on this thread that nothing is done any more; who submits from now on gets
 * E_BUSY. What runs goes on. NULL is harmless. */
void kme_pool_quiesce(struct kme_pool *p);
/* After kme_pool_quiesce: joins the threads. NULL is harmless. */
void kme_pool_close(struct kme_pool *p);
/* The job stays the caller's memory until run is called. Any thread. Errors: E_BUSY. */
MUST_USE enum err kme_pool_submit(struct kme_pool *p, struct kme_job *job);
unsigned kme_pool_waiting(struct kme_pool *p);

#endif
