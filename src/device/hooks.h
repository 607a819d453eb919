/* device/hooks.h - the challenge of layer 1 as the NAS client uses it: proc/binding.c, and
 * proc/kme.c for a device that makes its own KME, between the public types on one side and the
 * USIM's public function on the other. Keeps nothing.
 */
#ifndef BINDERY_DEVICE_HOOKS_H
#define BINDERY_DEVICE_HOOKS_H

#include "device/bindery_ue.h"
#include "proc/kme.h"

struct hooks_usim {
    bindery_ue_usim_fn authenticate;
    void *ctx;
};
/* What bindery_ue_binding_challenge says; with `keys`, which may be NULL, what
 * bindery_ue_kme_challenge says: the caller stores them if that which was pending became active. */
enum binding_me_outcome hooks_challenge(const struct crypto *c, struct kme_me *keys,
                                        struct binding_me *me, const struct hooks_usim *usim,
                                        const uint8_t rand[static 16],
                                        const uint8_t autn[static 16], struct usim_answer *out);
/* The same between public types: both challenges of layer 1. */
struct hooks_call {
    struct bindery_ue_binding *binding;
    struct kme_me *keys; /* or NULL */
    const struct bindery_ue_crypto *crypto;
    struct hooks_usim usim;
};
enum bindery_ue_outcome hooks_call(const struct hooks_call *call, const uint8_t rand[static 16],
                                   const uint8_t autn[static 16],
                                   struct bindery_ue_usim_answer *out, uint8_t *emm_cause);
/* The last challenge with its answer, not KME. */
void hooks_forget(struct binding_me *me);
/* The cause for AUTHENTICATION FAILURE (TS 24.301 5.4.2.6); 0 when there is none to be sent. */
uint8_t hooks_cause(enum binding_me_outcome o);
/* Does AMF in AUTN say that RAND is processed? */
bool hooks_processed(const uint8_t autn[static 16]);

#endif
