/* test/attach/ausf.h - the AUSF of procedure certattach for the home network of test/attach/home.h:
 * proc/certattach.h with its ports over OpenSSL, one authority, a pool of IMSIs and rows in memory.
 * What it stores, and each of its messages, is a point.
 *
 * It does what nf/hssd/onboard.h does, without threads, Diameter and HTTP: the site is asked for
 * each request, and a subscription is drawn, stored, and only then sent. A kill loses what was
 * under way, never what was stored.
 */
#ifndef BINDERY_TEST_ATTACH_AUSF_H
#define BINDERY_TEST_ATTACH_AUSF_H

#include "attach/home.h"
#include "proc/certattach.h"
#include "wire/certattach.h"

#define AUSF_ROWS 4
#define AUSF_JOBS 8

/* Stored, for each device id. */
struct ausf_row {
    struct device_id id; /* n 0: free */
    struct imei imei;
    struct certattach_held held;
    struct imsi imsi; /* with PENDING and ACTIVE */
    uint8_t nonce_1[CERTATTACH_NONCE_LEN];
};
struct ausf_job {
    uint32_t number; /* 0: free */
    uint32_t context;
    uint64_t serial;
    struct imei imei;
    struct plmn plmn;
    size_t n;
    uint8_t container[WIRE_CERTATTACH_REQUEST_MAX];
};
struct ausf {
    struct world *w;
    struct home *home;
    const char *host; /* of the one authority's URLs */
    const struct certattach_authority_port *authority;
    const struct certattach_operator_port *operator_port;
    struct bytes chain; /* of the operator */
    /* What the authority's site has of a device; NULL: nothing. */
    const struct certattach_context *(*site)(void *ctx, const struct device_id *id);
    void *site_ctx;
    bool by_rule;
    uint8_t policy; /* of what is drawn: enum binding_policy */
    int64_t answer_seconds;
    const struct plmn *serves_as; /* what MMEs say, whatever is true; NULL: their own */
    unsigned pool;                /* IMSIs that it has */
    /* stored: */
    struct ausf_row rows[AUSF_ROWS];
    unsigned given; /* of the pool: each once */
    struct ausf_job jobs[AUSF_JOBS];
    uint32_t next_job;
    /* What happened: */
    unsigned asked, drawn, repeated, refused;
    enum certattach_cause last; /* of the last request */
    size_t seen_n, result_n;    /* the last request and result */
    uint8_t seen[WIRE_CERTATTACH_REQUEST_MAX];
    uint8_t result[WIRE_CERTATTACH_RESULT_MAX];
    /* A home network that is not the device's friend: changes a result that was made, before it is
     * signed and sent. NULL: it does not. */
    void (*meddle)(void *ctx, struct certattach_about *about, struct certattach_profile *profile,
                   int64_t *expiry);
    void *meddle_ctx;
};

/* home's AUSF from now on; ports, chain, site and host are the caller's to set. */
void ausf_open(struct ausf *a, struct home *home);
/* A request in an MME's place, who gets no answer but a->result. */
void ausf_ask(struct ausf *a, const struct imei *imei, const struct plmn *serving,
              struct bytes container);
/* The row of a device; NULL: there is none. */
struct ausf_row *ausf_row(struct ausf *a, const struct device_id *id);
/* The subscription was never used: its IMSI is nobody's any more. */
void ausf_expire(struct ausf *a, struct ausf_row *row);
/* Subscriptions that it made and that are there. */
unsigned ausf_subscriptions(const struct ausf *a);

/* For home.c: a request, what belongs to one under way, the end of all of them; whether one that
 * registers may, and that it has. */
void ausf_asked(struct ausf *a, const struct mail *m);
bool ausf_owns(uint32_t job);
void ausf_goes_on(struct ausf *a, const struct mail *m);
void ausf_killed(struct ausf *a);
enum refusal ausf_admits(const struct ausf *a, const struct imsi *imsi, const struct imei *imei);
void ausf_used(struct ausf *a, const struct imsi *imsi);

#endif
