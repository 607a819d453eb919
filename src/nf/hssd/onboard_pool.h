/* nf/hssd/onboard_pool.h - a few threads of low priority for what the provisioning of a device
 * costs: a question to a site, chains and signatures to verify, a key to agree on, a signature to
 * make.
 *
 * Each thread has a reader of the store, a crypto table, the operator's key, and for each authority
 * a port and a connection of its own. Jobs wait in a bounded queue, in their order; where there are
 * several authorities, the devices of one never have all of the places nor all of the threads, so
 * that a slow site holds up nobody else's. A job whose device does not wait any more is given back
 * undone, so that a queue that was once too long does not stay it. What a job does is its owner's;
 * nothing here decides or answers.
 */
#ifndef BINDERY_NF_HSSD_ONBOARD_POOL_H
#define BINDERY_NF_HSSD_ONBOARD_POOL_H

#include "crypto/crypto.h"
#include "net/https_client.h"
#include "nf/common/onboard_port.h"
#include "nf/hssd/config.h"
#include "store/store.h"

struct onboard_pool;

/* What a job works with, while it runs. */
struct onboard_tools {
    const struct crypto *crypto;
    struct store_reader *reader;
    const struct onboard_signer *signer;
    const struct certattach_operator_port *operator_port;
    const struct certattach_authority_port *authority_port; /* of the job's authority; */
    struct https_client **client;                           /* the same; the pool closes it */
};
struct onboard_job {
    /* On a thread of the pool, once. tools NULL: nothing is to be done any more, because it waited
     * for longer than ONBOARD_POOL_WAIT_MS, or because the pool ends, and then on whatever thread.
     * The job is its owner's again. */
    void (*run)(struct onboard_job *job, const struct onboard_tools *tools);
    size_t authority;         /* its index in the configuration */
    struct onboard_job *next; /* the pool's; */
    uint64_t since_ms;        /* the same */
};

/* On threads of the pool. `event` is told that files changed and were read (onboarding-files-read),
 * or could not be (onboarding-files-bad). */
struct onboard_pool_world {
    void *ctx;
    uint64_t (*now_ms)(void *ctx); /* monotonic */
    void (*event)(void *ctx, const char *name, const char *detail);
};
#define ONBOARD_POOL_LOOK_MS                                                                       \
    60000u /* so often files are looked at, when there is something to do */
#define ONBOARD_POOL_NICE 10
/* A device waits 15 s for what it asked (T3410, TS 24.301 table 10.2.1), and then asks anew. */
#define ONBOARD_POOL_WAIT_MS 14000u

/* Errors with *why: E_IO, E_DENIED, E_BAD_VALUE, E_MEMORY, E_CRYPTO. */
MUST_USE enum err onboard_pool_open(const struct hssd_config *config, struct store *s,
                                    const struct onboard_pool_world *world,
                                    struct onboard_pool **out, struct verify_why *why);
/* As kme_pool_quiesce and kme_pool_close. NULL is harmless to both. */
void onboard_pool_quiesce(struct onboard_pool *p);
void onboard_pool_close(struct onboard_pool *p);
/* The job stays the caller's memory until run is called. Any thread. Errors: E_BUSY. */
MUST_USE enum err onboard_pool_submit(struct onboard_pool *p, struct onboard_job *job);
unsigned onboard_pool_waiting(struct onboard_pool *p);

#endif
