/* test/attach/home.h - a home network for the world of test/attach/world.h that provisions KMEs:
 * procedures binding and kme with subscriptions in memory, lots with real RSA keys, and the
 * devices' public keys from the world's repository. What it stores, and each of its messages, is a
 * point.
 *
 * It does what nf/hssd/provision.h does, without its threads and without Diameter: a nonce that
 * stands is offered again, a payload is opened once the credential has come, and kept a moment
 * later. A kill loses what was under way, never what was stored.
 */
#ifndef BINDERY_TEST_ATTACH_HOME_H
#define BINDERY_TEST_ATTACH_HOME_H

#include "attach/world.h"
#include "net/lot_key.h"

#define HOME_SUBSCRIBERS 8
#define HOME_LOTS        2
#define HOME_JOBS        8
#define HOME_UPDATE_MAX  1024

struct ausf;
struct home_subscriber {
    struct imsi imsi; /* of no digits: there is none */
    struct plmn plmn;
    struct aka_keys keys;
    /* stored: */
    struct binding_view view;
    struct kme_home kme;
    bool registered;
    struct imei imei;
};
/* A ULR with a payload that is being served. */
struct home_job {
    uint32_t number; /* 0: free */
    uint32_t context;
    uint64_t serial;
    struct home_subscriber *of;
    bool has_imei, opened;
    struct imei imei;
    struct kme_taken taken;
    size_t n;
    uint8_t container[HOME_UPDATE_MAX];
};
struct home {
    struct world *w;
    uint64_t seq;
    uint32_t lifetime; /* seconds, of a nonce */
    uint64_t work_ms;  /* from what is opened to what is kept */
    bool served_known;
    struct home_subscriber subscribers[HOME_SUBSCRIBERS];
    struct lot_key *keys[HOME_LOTS];
    struct kme_lot lots[HOME_LOTS];
    struct kme_opener openers[HOME_LOTS];
    struct kme_lot_range ranges[HOME_LOTS];
    struct kme_lots table;
    struct home_job jobs[HOME_JOBS];
    uint32_t next_job;
    bool rogue;  /* orders a KME, under a nonce of nobody's, whatever is due */
    bool forges; /* says this instead of NW_SIG: */
    uint8_t forged[KME_NW_SIG_LEN];
    /* what happened: */
    unsigned offers, stood, openings, taken, again, refused, owed, registrations;
    struct ausf *ausf;       /* NULL: nobody is given a subscription */
    struct kme_verdict last; /* of the last payload */
    struct emm_ula answer;   /* the last one */
    size_t seen_n;           /* the last payload's container */
    uint8_t seen[HOME_UPDATE_MAX];
};

/* Subscriptions of those devices of the world that have one, which learn; lot 0 covers both, lot 1
 * nothing. Their keys are made once for a program. */
void home_open(struct home *h, struct world *w);
void home_close(struct home *h);
/* A request of another MME, or of somebody in its place, who gets the answer and not this one. */
void home_ask(struct home *h, const struct emm_effect *e);
/* Likewise a ULR with a payload; `imei` NULL: without one. */
void home_update(struct home *h, const struct imsi *imsi, const struct imei *imei,
                 struct bytes container);
/* The subscriber of an IMSI; NULL: there is none. */
struct home_subscriber *home_find(struct home *h, const struct imsi *imsi);
/* In seconds since 1970. */
int64_t home_time(const struct home *h);

#endif
