/* nf/hssd/dimsi_parts.h - what the files of nf/hssd/dimsi.h share; nobody else includes it.
 *
 * dimsi.c           start and stop, names, what others ask
 * dimsi_api.c       the listener for service providers, on the control thread
 * dimsi_offer.c     what becomes of an offer: the writer
 * dimsi_pool.c      the threads, and what is due
 * dimsi_ask.c       one question to an ARPF, a D-AUSF or the RSMF, and how these stand
 * dimsi_write.c     a change of a row, and waiting until it is durable
 * dimsi_release.c   step 0-e; dimsi_allocate.c step 1; dimsi_push.c step 2 and the end of an entry
 * dimsi_deliver.c   the operator's profile at the RSMF; dimsi_poll.c what devices confirmed
 * dimsi_end.c       what ends, and how; dimsi_sweep.c expiry, and alarms of the pools
 * dimsi_used.c      registrations
 */
#ifndef BINDERY_NF_HSSD_DIMSI_PARTS_H
#define BINDERY_NF_HSSD_DIMSI_PARTS_H

#include "net/eck.h"
#include "net/https_client.h"
#include "nf/common/dimsi_json.h"
#include "nf/common/dimsi_port.h"
#include "nf/hssd/dimsi.h"
#include "nf/hssd/file_seen.h"

#include <pthread.h>

#define HSS_DIMSI_ASK_MS      8000u
#define HSS_DIMSI_ANSWER_MOST 262144u
#define HSS_DIMSI_REMOTES     (2 * HSSD_DIMSI_REMOTES_MAX + 1)
/* So many questions in a row without an answer, and a party is down: none goes out for a while,
 * then one, and for twice as long none after each further one. */
#define HSS_DIMSI_TRIES       3u
#define HSS_DIMSI_REST_MS     1000u
#define HSS_DIMSI_REST_MOST   30000u
#define HSS_DIMSI_RETRY_MOST  300 /* seconds between two tries of one row */
#define HSS_DIMSI_SWEEP_S     10u
#define HSS_DIMSI_SWEEP_BATCH 100u
#define HSS_DIMSI_POLL_BATCH  100
#define HSS_DIMSI_LOOK_MS     60000u
#define HSS_DIMSI_NICE        10

enum hss_dimsi_kind { HSS_DIMSI_ARPF, HSS_DIMSI_DISCOVERY, HSS_DIMSI_RSMF };

/* What it needs of the world; ctx is handed back. Any thread. */
struct hss_dimsi_world {
    void *ctx;
    uint64_t (*now_ms)(void *ctx); /* monotonic */
    int64_t (*unix_s)(void *ctx);
    /* NULL: https_client_do. Blocks, but not for long. The answer is good until the thread's next
     * question. */
    enum err (*ask)(void *ctx, const struct hssd_dimsi_remote *remote,
                    const struct https_request *request, struct https_reply *out);
};

struct dimsi_remote {
    enum hss_dimsi_kind kind;
    const struct hssd_dimsi_remote *c;
    /* under the lock of hss_dimsi */
    enum hss_dimsi_remote_state state;
    int64_t since;
    uint64_t asked;
    unsigned silent; /* in a row */
    uint64_t rest_until_ms;
    bool probed; /* down, and one question is out */
};

struct dimsi_worker {
    struct hss_dimsi *d;
    pthread_t thread;
    bool runs;
    struct crypto crypto;
    struct store_reader *reader;
    struct dimsi_trust *trust;
    struct file_seen seen[2]; /* CI: roots, list */
    uint64_t look_ms;
    struct https_client *clients[HSS_DIMSI_REMOTES];
    struct store_dimsi_papers *papers;
    struct dimsi_json_space *space; /* of an answer */
    struct imsi busy;               /* the one it is at; n 0: none. Under the lock */
};

struct dimsi_api;
struct hss_dimsi {
    struct hssd *h;
    struct hss_dimsi_world world;
    struct eck *eck; /* what eK is encrypted to */
    struct dimsi_remote remotes[HSS_DIMSI_REMOTES];
    size_t n_remotes;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stopping;
    unsigned signals; /* grows with each hss_dimsi_wake */
    bool polling;
    uint64_t poll_ms; /* the next one */
    unsigned n_workers;
    struct dimsi_worker workers[HSSD_DIMSI_THREADS_MAX];
    struct dimsi_api *api; /* the control thread's; */
    struct store_reader *reader;
    uint64_t sweep_ms;
    atomic_bool sweeping;              /* a sweep is with the writer */
    _Atomic int alarm, operator_alarm; /* enum dimsi_alarm */
};
enum dimsi_alarm { DIMSI_POOL_GOOD, DIMSI_POOL_LOW, DIMSI_POOL_EMPTY_NOW };

/* ---- dimsi.c ---- */

/* With a world of the caller's. */
MUST_USE enum err hss_dimsi_open(struct hssd *h, const struct hss_dimsi_world *world,
                                 struct store_why *why);
void hss_dimsi_count(_Atomic uint64_t *counter);
/* `row`: whose dIMSI is the detail. imsi, peer, cause: or NULL. */
void hss_dimsi_event(struct hssd *h, const char *name, const struct store_dimsi *row,
                     const struct imsi *imsi, const char *peer, const char *cause);
/* Once the row is durable that way: the event and the counter of its phase. */
void hss_dimsi_tell_phase(struct hssd *h, const struct store_dimsi *row, const struct imsi *imsi);

/* ---- dimsi_api.c ---- */

/* https_api_counts; null without a listener. */
json_t *hss_dimsi_offers_status(const struct hssd *h);

/* ---- dimsi_offer.c ---- */

struct dimsi_arriving { /* a good one */
    const struct hssd_sp *sp;
    const struct imsi *dimsi;
    const struct dimsi_offered *offered;
    const char *arpf;   /* the URL */
    struct bytes paper; /* {"credentials", "delegation"} */
    int64_t at;
};
struct dimsi_arrived {
    enum dimsi_cause cause;
    const char *detail; /* of the cause; or NULL */
    bool taken;         /* a new row; else it was there */
    struct store_dimsi row;
    struct hss_dimsi_ended over; /* what it took the place of */
};
MUST_USE enum err hss_dimsi_take(struct hssd *h, struct store_writer *w,
                                 const struct dimsi_arriving *in, struct dimsi_arrived *out);
json_t *hss_dimsi_offer_view(const struct store_dimsi *row); /* NULL without memory */

/* ---- dimsi_write.c ---- */

struct dimsi_write {
    struct writer_job job;
    struct hss_dimsi *d;
    struct imsi dimsi;
    const uint8_t *token; /* the row is to have this one; NULL: there is no row that matters */
    /* In the batch; *row as it is now. */
    enum err (*apply)(struct store_writer *w, struct dimsi_write *x);
    void *ctx;
    struct store_dimsi row;
    bool gone; /* there is no such row any more: nothing was done */
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};
/* Blocks until it is durable. Errors: what apply returned, E_BUSY, the store's. */
MUST_USE enum err hss_dimsi_write(struct dimsi_write *x);

/* ---- steps: on a thread of the pool ---- */

enum dimsi_step_end { DIMSI_STEP_DONE, DIMSI_STEP_LATER, DIMSI_STEP_REFUSED };
struct dimsi_result {
    enum dimsi_step_end end;
    enum dimsi_cause cause; /* of LATER and REFUSED */
    char detail[STORE_CAUSE_MAX];
    uint32_t
        rest_s; /* LATER: of a party that is down, so long from now; 0: as often as it failed */
};
struct dimsi_result hss_dimsi_done(void);
/* LATER where the same may succeed without anybody having done something (dimsi_status says), else
 * REFUSED. detail may be NULL. */
struct dimsi_result hss_dimsi_failed(enum dimsi_cause cause, const char *detail);
struct dimsi_result hss_dimsi_later(enum dimsi_cause cause, const char *detail);
/* Of a write that failed. */
struct dimsi_result hss_dimsi_unwritten(enum err err);

typedef struct dimsi_result dimsi_step(struct dimsi_worker *w, const struct store_dimsi *row);
dimsi_step hss_dimsi_release, hss_dimsi_undeliver, hss_dimsi_push, hss_dimsi_deliver,
    hss_dimsi_spent;
/* The bit goes; `phase`, where it is not 0, takes the place of ALLOCATED. */
struct dimsi_result hss_dimsi_clear(struct dimsi_worker *w, const struct store_dimsi *row,
                                    uint8_t bit, uint8_t phase);

/* ---- dimsi_allocate.c: step 1, in the batch ---- */

struct dimsi_released { /* what the ARPF gave */
    const struct key_ek *ek;
    uint64_t number;
    struct bytes endorsement; /* as text */
    int64_t at;
    enum dimsi_cause cause; /* what became of it */
};
enum err hss_dimsi_allocate(struct store_writer *w, struct dimsi_write *x); /* ctx: the above */

/* ---- dimsi_ask.c ---- */

struct dimsi_remote *hss_dimsi_remote(struct hss_dimsi *d, enum hss_dimsi_kind kind,
                                      const struct hssd_dimsi_remote *c);
struct dimsi_reply {
    unsigned status;        /* 2xx to 4xx */
    json_t *json;           /* of 2xx; the caller decrefs */
    enum dimsi_cause cause; /* of others: what it says, or NONE */
};
/* body is taken over; NULL: none. False: nothing can be said yet, *result says why. */
MUST_USE bool hss_dimsi_ask(struct dimsi_worker *w, struct dimsi_remote *r, const char *method,
                            const char *path, json_t *body, struct dimsi_reply *out,
                            struct dimsi_result *result);
/* What a reply that is no success means. */
struct dimsi_result hss_dimsi_answered(const struct dimsi_remote *r,
                                       const struct dimsi_reply *reply);
const char *hss_dimsi_kind_name(enum hss_dimsi_kind kind); /* "arpf", "discovery", "rsmf" */

/* ---- dimsi_poll.c ---- */

void hss_dimsi_poll(struct dimsi_worker *w);
/* What ended when a row was done, for hss_dimsi_settled. */
struct dimsi_settled {
    bool done;
    struct imsi imsi;
    struct store_serving serving;
};
/* In the batch, before the row is put: DONE when the device has confirmed, and its operator's IMSI
 * was registered. */
MUST_USE enum err hss_dimsi_settle(struct hssd *h, struct store_writer *w, struct store_dimsi *row,
                                   int64_t at, struct dimsi_settled *out);
void hss_dimsi_settled(struct hssd *h, const struct store_dimsi *row,
                       const struct dimsi_settled *s);

/* ---- dimsi_end.c ---- */

struct dimsi_ending {
    uint8_t phase;              /* REFUSED, WITHDRAWN, EXPIRED */
    const char *cause, *detail; /* or NULL */
    int64_t at;
};
/* In the batch. *row becomes what is stored. */
MUST_USE enum err hss_dimsi_end(const struct hssd *h, struct store_writer *w,
                                const struct dimsi_ending *how, struct store_dimsi *row,
                                struct hss_dimsi_ended *out);
/* When it is durable: CLR. */
void hss_dimsi_ended(struct hssd *h, const struct imsi *imsi, const struct store_serving *serving);
void hss_dimsi_over(struct hssd *h, const struct hss_dimsi_ended *ended); /* of all that ended */
/* Its serving node, then it goes, and its IMSI rests. *serving is empty where there was nobody. */
MUST_USE enum err hss_dimsi_end_subscriber(const struct hssd *h, struct store_writer *w,
                                           const struct imsi *imsi, int64_t at,
                                           struct store_serving *serving);

/* ---- dimsi_sweep.c ---- */

void hss_dimsi_sweep(struct hss_dimsi *d);
void hss_dimsi_found_empty(struct hss_dimsi *d, bool operators);

/* ---- dimsi_pool.c ---- */

MUST_USE enum err hss_dimsi_pool_start(struct hss_dimsi *d, struct verify_why *why);
void hss_dimsi_pool_stop(struct hss_dimsi *d); /* joins */

#endif
