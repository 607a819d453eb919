/* How a device without a subscription gets one, for a modem with a NAS stack of its own: layer 1.
 */
#include "device/onboard.h"
#include "device/platform.h"
#include <string.h>

_Static_assert(sizeof(struct certattach_asked) <= BINDERY_UE_ASKED_SIZE,
               "the public size is enough");

static struct certattach_asked *asked_of(struct bindery_ue_asked *asked)
{
    return (struct certattach_asked *)(void *)asked->space;
}

const char *bindery_ue_onboarding_outcome_name(enum bindery_ue_onboarding_outcome o)
{
    static const char *const names[] = {
#define X(name, text, sentence) [BINDERY_UE_ONBOARDING_##name] = text,
        BINDERY_UE_ONBOARDING_OUTCOMES(X)
#undef X
    };
    return (size_t)o < sizeof names / sizeof names[0] ? names[o] : "unknown";
}

enum bindery_ue_result bindery_ue_onboarding_ask(struct bindery_ue_asked *asked,
                                                 const struct bindery_ue_crypto *crypto,
                                                 const struct bindery_ue_onboarding *onboarding,
                                                 const struct bindery_ue_signer *signer,
                                                 const char imei[14], const uint8_t plmn[3],
                                                 uint8_t *out, size_t *out_n)
{
    struct onboard_device d = {.crypto = crypto, .onboarding = onboarding, .signer = signer};
    const struct mbytes room = {out, *out_n};
    const struct bytes digits = {(const uint8_t *)imei, IMEI_DIGITS};
    struct bytes value = {NULL, 0};
    struct plmn selected;
    *out_n = 0;
    bindery_ue_onboarding_forget(asked); /* whatever becomes of this one */
    if (!platform_complete(crypto) || !onboard_is_right(onboarding) ||
        imei_parse(digits, &d.imei) != E_OK || plmn_from_octets(plmn, &selected) != E_OK) {
        return BINDERY_UE_ERR_ARGUMENT;
    }
    if (room.n < BINDERY_UE_ONBOARDING_ROOM) {
        return BINDERY_UE_ERR_ROOM;
    }
    if (onboard_ask(&d, &selected, room, asked_of(asked), &value) != E_OK) {
        wipe(room.p, room.n);
        return BINDERY_UE_ERR_CRYPTO;
    }
    memmove(room.p, value.p, value.n);
    memset(room.p + value.n, 0, room.n - value.n);
    *out_n = value.n;
    return BINDERY_UE_OK;
}

enum bindery_ue_onboarding_outcome
bindery_ue_onboarding_take(struct bindery_ue_asked *asked, const struct bindery_ue_crypto *crypto,
                           const struct bindery_ue_onboarding *onboarding, const uint8_t *element,
                           size_t element_n, uint8_t *room, size_t room_n)
{
    const struct onboard_device d = {.crypto = crypto, .onboarding = onboarding};
    if (!platform_complete(crypto) || !onboard_is_right(onboarding)) {
        bindery_ue_onboarding_forget(asked);
        return BINDERY_UE_ONBOARDING_BROKEN;
    }
    return onboard_take(&d, (struct bytes){element, element_n}, (struct mbytes){room, room_n},
                        asked_of(asked));
}

void bindery_ue_onboarding_forget(struct bindery_ue_asked *asked)
{
    wipe(asked, sizeof *asked);
}
