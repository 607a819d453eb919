/* nf/hssd/onboarding_parts.h - what the files of nf/hssd/onboarding.h share; nobody else includes
 * it.
 *
 * onboarding.c        start and stop, tables, what others ask
 * onboarding_serve.c  the request and the answer, on a signalling thread
 * onboarding_work.c   everything between, on a thread of the pool
 * onboarding_draw.c   a subscription, by the writer
 * onboarding_end.c    what was never used, and the alarms of the pools
 * onboarding_used.c   registrations
 */
#ifndef BINDERY_NF_HSSD_ONBOARDING_PARTS_H
#define BINDERY_NF_HSSD_ONBOARDING_PARTS_H

#include "nf/hssd/onboard_pool.h"
#include "nf/hssd/onboard_rates.h"
#include "nf/hssd/onboarding.h"
#include "wire/certattach.h"

#include <pthread.h>

enum onboarding_alarm { ONBOARDING_POOL_GOOD, ONBOARDING_POOL_LOW, ONBOARDING_POOL_EMPTY };

struct onboarding {
    struct hssd *h;
    struct onboard_pool *pool;   /* NULL: nothing is offered */
    struct onboard_rates *rates; /* the same */
    struct onboard_site *sites[HSSD_AUTHORITIES_MAX];
    struct onboard_hour hours[HSSD_AUTHORITIES_MAX]; /* the writer's thread's */
    _Atomic int alarm;                               /* enum onboarding_alarm */
    struct store_reader *reader;                     /* the control thread's; NULL at first */
    uint64_t sweep_ms;                               /* the next one; likewise */
    atomic_bool sweeping;                            /* one is with the writer */
};

/* A device on its way. Owns a copy of the request, into which `request` points. */
struct onboarding_one {
    struct onboard_job job;
    struct hssd *h;
    struct hssd_thread *thread;
    uint64_t conn;
    struct hssd_peer_state *peer;
    uint64_t begun_ns;     /* of the call */
    struct snapshot *held; /* of `authority` */
    const struct hssd_authority *authority;
    struct certattach_request request;
    struct certattach_arrived arrived;
    uint64_t arrived_ms; /* monotonic */
    struct store_onboarding_key key;
    /* what becomes of it */
    bool busy;                   /* TOO_BUSY; or */
    enum certattach_cause cause; /* or, with NONE, */
    struct bytes result;         /* the container for the device */
    uint8_t octets[WIRE_CERTATTACH_RESULT_MAX];
    size_t len;
    uint8_t msg[];
};

void onboarding_count(_Atomic uint64_t *counter);
/* onboarding-refused, and its counter. `key` NULL: nothing is known of the device but its IMEI. */
void onboarding_tell_refused(struct hssd *h, const struct imei *imei, const char *peer,
                             enum certattach_cause cause, const struct store_onboarding_key *key);
/* An event about a device. */
void onboarding_tell(struct hssd *h, const char *name, const struct imsi *imsi,
                     const struct imei *imei, const char *peer,
                     const struct store_onboarding_key *key);

/* ---- onboarding_work.c ---- */

/* On a thread of the pool: cause, and result. */
void onboarding_work(struct onboarding_one *one, const struct onboard_tools *tools);

/* ---- onboarding_draw.c ---- */

struct onboarding_drawn {
    enum certattach_decision decision; /* of what was stored by then */
    enum certattach_cause cause;       /* NONE: what REPEAT needs is stored now */
    bool busy;                         /* nothing was done */
};
/* A subscription for a device that was verified, or its place among those that wait. Blocks until
 * that is durable; decides again of what is stored by then. */
void onboarding_draw(struct onboarding_one *one, const struct device_record *record,
                     struct onboarding_drawn *out);

/* ---- onboarding_end.c ---- */

/* The pools were found empty by a thread that needed one. */
void onboarding_found_empty(struct onboarding *o);

#endif
