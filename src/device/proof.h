/* device/proof.h - the challenge to prove the IMEI as both layers answer it: proc/devid.c and
 * wire/devid.c between the content of information element 7E on one side and the host's signer on
 * the other. Keeps nothing, and never sees the device's key.
 */
#ifndef BINDERY_DEVICE_PROOF_H
#define BINDERY_DEVICE_PROOF_H

#include "device/bindery_ue.h"
#include "proc/devid.h"

/* The host's signer as a procedure takes it; it points to `signer`. */
struct devid_signer proof_signer(const struct bindery_ue_signer *signer);

/* An IDENTITY REQUEST that has the element. */
struct proof_asked {
    uint8_t identity_type;
    struct bytes element;
    bool integrity;
    bool ciphered; /* not by EEA0 */
    struct devid_session session;
    struct imei imei;
};

/* What bindery_ue_devid_answer says. *value, in `out`, is written with BINDERY_UE_DEVID_PROVED;
 * `out` may be where the element stands. signer: NULL, the device has no key. */
enum bindery_ue_devid_outcome proof_answer(const struct crypto *c,
                                           const struct bindery_ue_signer *signer,
                                           const struct proof_asked *asked, struct mbytes out,
                                           struct bytes *value);

#endif
