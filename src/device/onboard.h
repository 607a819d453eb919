/* device/onboard.h - how a device without a subscription gets one, as both layers do it:
 * proc/certattach*.c and wire/certattach.c between the content of information element 7E on one
 * side and what the host brings (verification, private key, a place to store) on the other. Keeps
 * nothing, and never sees the device's private key.
 */
#ifndef BINDERY_DEVICE_ONBOARD_H
#define BINDERY_DEVICE_ONBOARD_H

#include "device/bindery_ue.h"
#include "proc/certattach.h"

/* Are all of its functions there, is the URL of the one form, and the key's length one that there
 * is? NULL is not right. */
bool onboard_is_right(const struct bindery_ue_onboarding *o);

struct onboard_device {
    const struct bindery_ue_crypto *crypto;
    const struct bindery_ue_onboarding *onboarding; /* is right */
    const struct bindery_ue_signer *signer;         /* NULL: it has none */
    struct imei imei;
};
/* Step 1. *value lies in `room`, BINDERY_UE_ONBOARDING_ROOM octets. *asked and *value are written
 * on E_OK only. Errors: E_NO_ROOM, E_CRYPTO (also a signer that failed or is not whole). */
MUST_USE enum err onboard_ask(const struct onboard_device *d, const struct plmn *plmn,
                              struct mbytes room, struct certattach_asked *asked,
                              struct bytes *value);
/* Step 5. `element`, outside of `room`: p NULL, there is none. What bindery_ue_onboarding_take
 * says; with TAKEN the host has stored it. In any case asked->asked is false afterwards, and `room`
 * is wiped. */
enum bindery_ue_onboarding_outcome onboard_take(const struct onboard_device *d,
                                                struct bytes element, struct mbytes room,
                                                struct certattach_asked *asked);

#endif
