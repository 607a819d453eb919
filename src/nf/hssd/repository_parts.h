/* nf/hssd/repository_parts.h - what the files of nf/hssd/repository.h share; nobody else includes
 * it.
 *
 * repository.c          start and stop, time and the network
 * repository_ask.c      questions, who waits for them, and the threads that ask
 * repository_changes.c  up and down, and the thread that pulls changes
 */
#ifndef BINDERY_NF_HSSD_REPOSITORY_PARTS_H
#define BINDERY_NF_HSSD_REPOSITORY_PARTS_H

#include "crypto/openssl.h"
#include "nf/common/devid_port.h"
#include "nf/hssd/repository.h"
#include "nf/hssd/repository_cache.h"

#include <pthread.h>
#include <stdatomic.h>

#define ASK_BUCKETS     256u
#define ASKERS_MAX      16u
#define CHANGES_WAIT_MS 5000u

/* One question, however many wait for its answer. Under its source's lock. */
struct repository_ask {
    struct imei imei;
    struct repository_inquiry *waiting; /* by next */
    struct repository_ask *next;        /* in the queue */
    struct repository_ask *chain;       /* of its bucket */
    bool sent;
    uint64_t changed_serial; /* of a change that was told meanwhile */
};

struct source;
struct asker {
    struct source *source;
    pthread_t thread;
    bool runs;
    struct crypto crypto;
    struct devid_verifier *verifier;
    struct https_client *client; /* NULL: not made yet */
};

/* One repository. */
struct source {
    struct repositories *all;
    const struct hssd_repository *config;
    pthread_mutex_t lock;
    pthread_cond_t work; /* for the askers */
    pthread_cond_t due;  /* for the thread of the changes */
    struct repository_ask *queue, **queue_end;
    struct repository_ask *buckets[ASK_BUCKETS];
    struct repository_inquiry *oldest, *newest; /* all that wait, by deadline */
    unsigned waiting;
    struct repository_state seen; /* but for its counters */
    unsigned failures;            /* in a row */
    uint64_t from_ms;             /* the rest begins */
    uint64_t rest_ms;             /* until the next */
    uint64_t backoff_ms;          /* 0: the last pull went well */
    struct asker askers[ASKERS_MAX];
    unsigned n_askers;
    pthread_t changes;
    bool changes_run;
    struct https_client *changes_client;
    struct repository_page page;
#define X(name) _Atomic uint64_t n_##name;
    REPOSITORY_COUNTERS(X)
#undef X
};

struct repositories {
    const struct hssd_config *config;
    struct repository_world world;
    struct repository_cache *cache;
    atomic_bool stopping;
    pthread_mutex_t keeper_lock;
    pthread_cond_t keeper_wake;
    bool kicked;
    pthread_t keeper;
    bool keeper_runs;
    struct repository_answer *none, *silent, *busy;
    size_t n;
    struct source sources[];
};

uint64_t repository_now(const struct repositories *r);
void repository_count(_Atomic uint64_t *counter);
/* Waits on a condition until the world's clock has this time, or it is signalled. */
void repository_wait(const struct repositories *r, pthread_cond_t *cond, pthread_mutex_t *lock,
                     uint64_t until_ms);
/* GET of a path of the repository. Opens *client if need be. */
enum err repository_get(struct source *s, struct https_client **client, uint32_t total_ms,
                        const char *path, struct https_reply *out);

/* ---- repository_changes.c ---- */

/* What an attempt came to: err of the transport, or the cause that the answer gave. `changes`: it
 * was the pull. Not under the lock. Returns whether it went down for want of answers by this. */
bool repository_contact(struct source *s, enum err err, enum devid_cause cause, bool changes,
                        const char *reason);
/* Under the lock: is it known not to answer? */
bool repository_is_silent(const struct source *s);
MUST_USE enum err repository_changes_start(struct source *s);
void *repository_changes_main(void *source);

/* ---- repository_ask.c ---- */

void *repository_asker_main(void *arg); /* a struct asker */
/* Tells those that waited long enough. One thread for all repositories. */
void *repository_keeper_main(void *arg); /* a struct repositories */
/* Something that the keeper waits for has changed. */
void repository_kick_keeper(struct repositories *r);
/* Whoever's time is up at `until_ms` is told so. Not under the lock. */
void repository_end_late(struct source *s, uint64_t until_ms);

/* Whoever waits in the queue is told that nobody answers. Not under the lock. */
void repository_give_up(struct source *s);
/* Under the lock: a change was told; an answer that is under way is not kept. */
void repository_overtake(struct source *s, const struct repository_change *change);

#endif
