#include "nassec/nassec.h"

#include "codec/nas_codes.h"
#include <string.h>

/* ---- Choosing algorithms ---- */

/* Octets 3 and 4 of UE security capability: algorithm 0 is the highest bit. */
static bool has(uint8_t bits, uint8_t algorithm)
{
    return (bits & 0x80u >> algorithm) != 0;
}

static bool all_within(const uint8_t *list, size_t n, uint8_t lowest)
{
    for (size_t i = 0; i < n; i++) {
        if (list[i] < lowest || list[i] > 3) {
            return false;
        }
    }
    return n > 0;
}

/* 0xff when there is none. */
static uint8_t first_common(const uint8_t *list, size_t n, uint8_t bits)
{
    for (size_t i = 0; i < n; i++) {
        if (has(bits, list[i])) {
            return list[i];
        }
    }
    return 0xff;
}

enum err nassec_select(uint8_t eea_bits, uint8_t eia_bits, const struct nassec_preference *want,
                       enum nas_eea *eea, enum nas_eia *eia)
{
    if (want->eea_n > sizeof want->eea || want->eia_n > sizeof want->eia ||
        !all_within(want->eea, want->eea_n, NAS_EEA0) ||
        !all_within(want->eia, want->eia_n, NAS_EIA1)) {
        return E_BAD_VALUE;
    }
    const uint8_t cipher = first_common(want->eea, want->eea_n, eea_bits);
    const uint8_t integrity = first_common(want->eia, want->eia_n, eia_bits);
    if (cipher == 0xff || integrity == 0xff) {
        return E_UNSUPPORTED;
    }
    *eea = (enum nas_eea)cipher;
    *eia = (enum nas_eia)integrity;
    return E_OK;
}

/* ---- HashMME ---- */

enum err nassec_hash_mme(const struct crypto *c, struct bytes attach_request,
                         uint8_t out[static NASSEC_HASH_MME_LEN])
{
    static const uint8_t zero_key[32] = {0};
    uint8_t hash[32];
    enum err err = c->hmac_sha256(c->ctx, BYTES_OF(zero_key), &attach_request, 1, hash);
    if (err == E_OK) {
        memcpy(out, hash + sizeof hash - NASSEC_HASH_MME_LEN, NASSEC_HASH_MME_LEN);
    }
    return err;
}

/* ---- What may arrive unprotected ---- */

/* 4.4.4.2. A cause that keeps a UE out of a closed group or a place must be authentic. */
static bool ue_may(uint8_t message_type, uint8_t detail)
{
    switch (message_type) {
    case NAS_IDENTITY_REQUEST:
        return detail == NAS_IDENTITY_IMSI;
    case NAS_ATTACH_REJECT:
    case NAS_TRACKING_AREA_UPDATE_REJECT:
    case NAS_SERVICE_REJECT:
        return detail != EMM_CAUSE_NOT_AUTHORIZED_FOR_CSG &&
               detail != EMM_CAUSE_PLMN_NOT_ALLOWED_AT_LOCATION;
    case NAS_AUTHENTICATION_REQUEST:
    case NAS_AUTHENTICATION_REJECT:
    case NAS_DETACH_ACCEPT:
        return true;
    default:
        return false;
    }
}

/* 4.4.4.3, the first list. */
static bool mme_may(uint8_t message_type, uint8_t detail)
{
    switch (message_type) {
    case NAS_IDENTITY_RESPONSE:
        return detail == NAS_IDENTITY_IMSI;
    case NAS_ATTACH_REQUEST:
    case NAS_AUTHENTICATION_RESPONSE:
    case NAS_AUTHENTICATION_FAILURE:
    case NAS_SECURITY_MODE_REJECT:
    case NAS_DETACH_REQUEST:
    case NAS_DETACH_ACCEPT:
    case NAS_TRACKING_AREA_UPDATE_REQUEST:
        return true;
    default:
        return false;
    }
}

bool nassec_may_be_plain(enum nassec_side receiver, bool secured, uint8_t message_type,
                         uint8_t detail)
{
    if (secured) {
        return false;
    }
    return receiver == NASSEC_UE ? ue_may(message_type, detail) : mme_may(message_type, detail);
}

/* 4.4.4.3, the second list: the first, and the requests of a UE whose context the MME has lost. */
bool nassec_may_fail_mac(bool secured, uint8_t message_type, uint8_t detail)
{
    if (secured) {
        return false;
    }
    return message_type == NAS_EXTENDED_SERVICE_REQUEST ||
           message_type == NAS_CONTROL_PLANE_SERVICE_REQUEST || mme_may(message_type, detail);
}
