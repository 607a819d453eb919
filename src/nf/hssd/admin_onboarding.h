/* nf/hssd/admin_onboarding.h - devices that have, or want, a subscription by the URL of their
 * certificate, in the administration interface (docs/admin-api.md): who waits, what an operator
 * says to it, and what is left of the IMSIs.
 *
 * What a word makes of a device is planned without any I/O, of the row as the writer's batch sees
 * it, and carried out by the writer; the control thread answers and tells. No key is looked at.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_ONBOARDING_H
#define BINDERY_NF_HSSD_ADMIN_ONBOARDING_H

#include "nf/hssd/admin_request.h"
#include "proc/certattach.h"

/* What an operator says to a device. */
enum admin_onboarding_word {
    ADMIN_ONBOARDING_APPROVE, /* it may have a subscription; an active one its keys once more */
    ADMIN_ONBOARDING_DENY,    /* it may not; what it never used ends */
    ADMIN_ONBOARDING_EXPIRE,  /* what it never used ends */
    ADMIN_ONBOARDING_FORGET,  /* as if it had never asked */
    ADMIN_ONBOARDING_WORDS
};
/* {"do":"approve"}. */
MUST_USE bool admin_onboarding_parse(const json_t *json, enum admin_onboarding_word *out,
                                     struct admin_fault *fault);

enum admin_onboarding_act {
    ADMIN_ONBOARDING_NOTHING, /* it is so already */
    ADMIN_ONBOARDING_PUT,     /* *row is to be stored */
    ADMIN_ONBOARDING_END,     /* the subscription ends; row->phase is what is left */
    ADMIN_ONBOARDING_REMOVE,  /* the row goes */
    ADMIN_ONBOARDING_WRONG    /* the word makes no sense in this phase: *fault */
};
/* *row: as it is, then as it is to be (with END but for what the store takes from it). */
enum admin_onboarding_act admin_onboarding_plan(enum admin_onboarding_word word, int64_t now,
                                                struct store_onboarding *row,
                                                struct admin_fault *fault);

/* {authority} and {id} of a path into r->onboarding. False when the request was refused. */
MUST_USE bool admin_onboarding_authority(struct admin_request *r, struct bytes step);
MUST_USE bool admin_onboarding_id(struct admin_request *r, struct bytes step);
/* The handlers. */
void admin_onboarding_list(struct admin_request *r);
void admin_onboarding_get(struct admin_request *r);
void admin_onboarding_tell(struct admin_request *r);
void admin_onboarding_pools(struct admin_request *r);
void admin_onboarding_free(struct admin_request *r);

/* A pool as it is now. Errors: E_MEMORY, the store's. */
MUST_USE enum err admin_pool_view(const struct hssd_imsi_pool *pool, struct store_reader *reader,
                                  int64_t now, json_t **out);
/* NULL without memory. */
json_t *admin_onboarding_view(const struct store_onboarding *row);
/* The pools and the authorities of the configuration; null where it has none. Errors: E_MEMORY,
 * the store's. */
MUST_USE enum err admin_onboarding_summary(struct hssd *h, struct store_reader *reader,
                                           json_t **out);

#endif
