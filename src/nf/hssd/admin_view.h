/* nf/hssd/admin_view.h - what the administration interface shows: rows of the store and the state
 * of the process as JSON. Nothing here can show a secret: no key type is looked into.
 *
 * Every function returns a new object, or NULL without memory.
 */
#ifndef BINDERY_NF_HSSD_ADMIN_VIEW_H
#define BINDERY_NF_HSSD_ADMIN_VIEW_H

#include "nf/hssd/hssd.h"
#include "proc/kme.h"
#include "store/store_push.h"
#include <jansson.h>

/* devices NULL: without the member `devices`. */
json_t *view_subscriber(const struct store_subscriber *s, const struct store_device *devices,
                        size_t n);
/* Adds what is known of the device's proofs, if anything is, to a subscriber. */
void view_add_proof(json_t *subscriber, const struct store_proof *proof, uint32_t remember_seconds);
/* Adds how the provisioning of its KME stands. */
void view_add_kme(json_t *subscriber, const struct kme_home *kme);
/* Adds which device it was made for in the attach procedure; phase NEW: for none. */
void view_add_onboarding(json_t *subscriber, const struct store_onboarding *row);
/* Adds what its nodes are still to be told. */
void view_add_waiting(json_t *subscriber, const struct store_push *rows, size_t n);
/* The repositories, and the cache. */
json_t *view_repositories(struct hssd *h);
/* with_imsi: as a row of a list of devices. */
json_t *view_device(const struct store_device *d, bool with_imsi);
json_t *view_event(const struct store_event *e);
/* bound: the addresses the listeners got, config->n_listeners of them. onboarding: taken over. */
json_t *view_status(struct hssd *h, const struct address *bound, uint64_t subscribers,
                    uint64_t devices, json_t *onboarding);

#endif
