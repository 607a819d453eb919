/* nf/hssd/repository.h - the repositories that are asked about devices: who of them, how long one
 * waits, and what is said when nobody answers.
 *
 * Each has a few threads with a connection each that is kept, and one more that pulls its changes.
 * A question about an IMEI is asked once, however many wait for it; each of them waits no longer
 * than devid.wait_ms and then gets REPOSITORY_SILENT, however slow the repository is. There is room
 * for devid.queue that wait; beyond, one gets REPOSITORY_BUSY. Where an old answer may be used
 * instead (devid.stale_seconds), one gets that. Nothing here blocks the thread that asks.
 *
 * A repository that did not answer three times in a row is down: nobody waits for it any more, and
 * only the thread of the changes tries it, after one second, then two, up to half a minute. The
 * first answer makes it up again.
 *
 * What is needed from outside comes in through struct repository_world, so that time and the
 * network can be a test's.
 */
#ifndef BINDERY_NF_HSSD_REPOSITORY_H
#define BINDERY_NF_HSSD_REPOSITORY_H

#include "net/https_client.h"
#include "net/verify.h"
#include "nf/hssd/config.h"
#include "nf/hssd/repository_answer.h"

#define REPOSITORY_TRIES        3    /* failures in a row that make it down */
#define REPOSITORY_BACKOFF_MS   1000 /* until it is tried again; doubles */
#define REPOSITORY_BACKOFF_MOST 30000

struct repository_world {
    void *ctx;
    uint64_t (*now_ms)(void *ctx); /* monotonic */
    /* Blocks, but not for long. NULL: https_client_do. */
    enum err (*get)(void *ctx, const struct hssd_repository *r, const char *url,
                    struct https_reply *out);
    /* Told of each GET before it goes out (`reply` NULL) and when it is answered. NULL: nobody is.
     */
    void (*trace)(void *ctx, const struct hssd_repository *r, const char *url,
                  const struct https_reply *reply);
    /* Any thread. imei and cause may be NULL. */
    void (*event)(void *ctx, const char *name, const char *repository, const struct imei *imei,
                  const char *cause, const char *detail);
    /* How far the changes were taken before. */
    enum err (*cursor)(void *ctx, const char *repository, uint64_t *out);
    /* Memories of these devices are forgotten and the cursor is stored: durable when it returns
     * E_OK, to be tried again otherwise. Blocks. */
    enum err (*changed)(void *ctx, const char *repository, uint64_t cursor,
                        const struct repository_change *revoked, size_t n);
};

struct repositories;
/* Starts the threads. Errors with *why: E_IO, E_BAD_VALUE, E_MEMORY, E_CRYPTO. */
MUST_USE enum err repositories_open(const struct hssd_config *config,
                                    const struct repository_world *world, struct repositories **out,
                                    struct verify_why *why);
/* Whoever waits is answered now; questions from here on get REPOSITORY_SILENT. Does not block. */
void repositories_quiesce(struct repositories *r);
/* After repositories_quiesce: joins the threads, which takes as long as what they ask now may.
 * Nobody is called any more; what is known may still be looked at. */
void repositories_join(struct repositories *r);
/* The same, and frees it. */
void repositories_close(struct repositories *r);

/* Asked by one who waits; his memory until done is called. */
struct repository_inquiry {
    struct imei imei;
    /* On a thread of the repositories, with `answer`, source and age set: hands it over and does
     * not block. */
    void (*done)(struct repository_inquiry *q);
    struct repository_answer *answer; /* never NULL; released by who takes it over */
    enum devid_source source;
    uint32_t age;
    /* the repositories' */
    struct repository_ask *ask;
    struct repository_inquiry *next, *before, *after;
    uint64_t deadline_ms;
};
enum repository_outcome {
    REPOSITORY_ANSWERED, /* q->answer is there; done is not called */
    REPOSITORY_LATER,    /* done will be called, or was */
    REPOSITORY_TO_ASK    /* by repositories_look: nothing is known yet */
};
/* Only what is known: an answer from the cache, NONE where nobody is asked about such an IMEI.
 * TO_ASK where a question would be needed. */
enum repository_outcome repositories_look(struct repositories *r, struct repository_inquiry *q);
/* The same, and asks. Any thread. */
enum repository_outcome repositories_ask(struct repositories *r, struct repository_inquiry *q);

/* After REPOSITORY_TO_ASK, for one who may not wait: an old answer, or REPOSITORY_BUSY. */
void repositories_turn_away(struct repositories *r, struct repository_inquiry *q);

/* See repository_cache_revoked. */
bool repositories_revoked(struct repositories *r, const struct imei *imei, uint64_t serial);
uint64_t repositories_flush(struct repositories *r);

#define REPOSITORY_COUNTERS(X)                                                                     \
    X(hits)    /* answered from the cache */                                                       \
    X(misses)  /* that had to be asked, or joined one that was */                                  \
    X(stale)   /* answered with an old answer */                                                   \
    X(asked)   /* requests for a binding that were sent */                                         \
    X(found)   /* of these: a binding, also a revoked one */                                       \
    X(none)    /* there is none */                                                                 \
    X(refused) /* 403 */                                                                           \
    X(bad)     /* an answer that cannot be read, or whose record is not believed */                \
    X(busy)    /* too many wait, here or there */                                                  \
    X(silent)  /* no answer in time */                                                             \
    X(changes) /* records of identities that changed */                                            \
    X(revoked) /* of these: revocations */
struct repository_state {
    const struct hssd_repository *repository;
    enum { REPOSITORY_UNTRIED, REPOSITORY_UP, REPOSITORY_DOWN } state;
    enum devid_cause cause; /* of being down */
    uint64_t since_ms;      /* monotonic */
    uint64_t cursor;
    uint64_t tried_ms; /* when the last pull of changes ended; 0: none did */
    unsigned waiting;
#define X(name) uint64_t name;
    REPOSITORY_COUNTERS(X)
#undef X
};
size_t repositories_count(const struct repositories *r);
void repositories_state(struct repositories *r, size_t i, struct repository_state *out);
uint64_t repositories_cached(struct repositories *r);
/* The clock has moved: for a world whose time is not the system's. */
void repositories_kick(struct repositories *r);

#endif
