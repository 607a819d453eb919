/* The challenge under a dIMSI, and the IMSI that it brings, by a soft secure element: layer 1. */
#include "codec/nas_codes.h"
#include "device/platform.h"
#include "device/slot.h"
#include <string.h>

const char *bindery_ue_discovery_outcome_name(enum bindery_ue_discovery_outcome o)
{
    static const char *const names[] = {
#define X(name, text, sentence) [BINDERY_UE_DISCOVERY_##name] = text,
        BINDERY_UE_DISCOVERY_OUTCOMES(X)
#undef X
    };
    return (size_t)o < sizeof names / sizeof names[0] ? names[o] : "unknown";
}

const char *bindery_ue_discovery_outcome_sentence(enum bindery_ue_discovery_outcome o)
{
    static const char *const sentences[] = {
#define X(name, text, sentence) [BINDERY_UE_DISCOVERY_##name] = sentence,
        BINDERY_UE_DISCOVERY_OUTCOMES(X)
#undef X
    };
    return (size_t)o < sizeof sentences / sizeof sentences[0] ? sentences[o] : "unknown";
}

uint8_t bindery_ue_discovery_emm_cause(enum bindery_ue_discovery_outcome o)
{
    switch (o) {
    case BINDERY_UE_DISCOVERY_INTEGRITY:
    case BINDERY_UE_DISCOVERY_CTV:
    case BINDERY_UE_DISCOVERY_IMSI_UNREADABLE:
    case BINDERY_UE_DISCOVERY_OTHER_IMSI:
    case BINDERY_UE_DISCOVERY_ERASED:
        return EMM_CAUSE_MAC_FAILURE;
    case BINDERY_UE_DISCOVERY_INSTALLED:
    case BINDERY_UE_DISCOVERY_REPEATED:
    case BINDERY_UE_DISCOVERY_NOT_STORED:
    case BINDERY_UE_DISCOVERY_BROKEN:
        break;
    }
    return 0;
}

static enum bindery_ue_discovery_outcome outcome_of(enum dimsi_outcome o)
{
    static const uint8_t outcomes[] = {
        [DIMSI_OUTCOME_INSTALL] = BINDERY_UE_DISCOVERY_INSTALLED,
        [DIMSI_OUTCOME_REPEATED] = BINDERY_UE_DISCOVERY_REPEATED,
        [DIMSI_OUTCOME_BAD_MAC] = BINDERY_UE_DISCOVERY_INTEGRITY,
        [DIMSI_OUTCOME_BAD_CTV] = BINDERY_UE_DISCOVERY_CTV,
        [DIMSI_OUTCOME_BAD_IMSI] = BINDERY_UE_DISCOVERY_IMSI_UNREADABLE,
        [DIMSI_OUTCOME_OTHER_IMSI] = BINDERY_UE_DISCOVERY_OTHER_IMSI,
        [DIMSI_OUTCOME_ERASED] = BINDERY_UE_DISCOVERY_ERASED,
        [DIMSI_OUTCOME_BROKEN] = BINDERY_UE_DISCOVERY_BROKEN,
    };
    _Static_assert(sizeof outcomes == DIMSI_OUTCOMES, "each has its own");
    return (size_t)o < sizeof outcomes ? (enum bindery_ue_discovery_outcome)outcomes[o]
                                       : BINDERY_UE_DISCOVERY_BROKEN;
}

static void give(const struct dimsi_answer *in, struct bindery_ue_usim_answer *out, char imsi[15],
                 uint8_t *imsi_n)
{
    out->res_n = in->res.n;
    memcpy(out->res, in->res.b, sizeof out->res);
    memcpy(out->ck, in->ck.b, sizeof out->ck);
    memcpy(out->ik, in->ik.b, sizeof out->ik);
    memcpy(imsi, in->imsi.digits, IMSI_DIGITS_MAX);
    *imsi_n = in->imsi.n;
}

/*= dimsi-7-integrity dimsi-7-ctv */
enum bindery_ue_discovery_outcome bindery_ue_slot_challenge(const struct bindery_ue_slot *slot,
                                                            const struct bindery_ue_crypto *crypto,
                                                            const uint8_t rand[16],
                                                            const uint8_t *autn,
                                                            struct bindery_ue_usim_answer *out,
                                                            char imsi[15], uint8_t *imsi_n)
{
    const struct dimsi_slot *s = slot_in(slot);
    struct dimsi_answer a;
    struct rand128 r;
    struct autn n;
    memset(out, 0, sizeof *out);
    memset(imsi, 0, IMSI_DIGITS_MAX);
    *imsi_n = 0;
    if (!platform_complete(crypto) || s->dimsi.n == 0) {
        return BINDERY_UE_DISCOVERY_BROKEN;
    }
    const struct crypto c = platform_crypto(crypto);
    memcpy(r.b, rand, sizeof r.b);
    if (autn != NULL) {
        memcpy(n.b, autn, sizeof n.b);
    }
    const enum bindery_ue_discovery_outcome o =
        outcome_of(dimsi_se_challenge(&c, s, &r, autn != NULL ? &n : NULL, &a));
    if (o == BINDERY_UE_DISCOVERY_INSTALLED || o == BINDERY_UE_DISCOVERY_REPEATED) {
        give(&a, out, imsi, imsi_n);
    }
    wipe(&a, sizeof a);
    return o;
}

/*= dimsi-7-replace dimsi-other-imsi */
enum bindery_ue_result bindery_ue_slot_installed(struct bindery_ue_slot *slot, const char *imsi,
                                                 uint8_t imsi_n)
{
    struct dimsi_slot *s = slot_of(slot);
    struct imsi got;
    if (imsi_parse((struct bytes){(const uint8_t *)imsi, imsi_n}, &got) != E_OK) {
        return BINDERY_UE_ERR_ARGUMENT;
    }
    if (s->dimsi.n == 0 || s->erased || (s->installed && !imsi_eq(&s->imsi, &got))) {
        return BINDERY_UE_ERR_STATE;
    }
    s->installed = true;
    s->imsi = got;
    return BINDERY_UE_OK;
}

/*= dimsi-second-keys */
enum bindery_ue_result bindery_ue_slot_usim(const struct bindery_ue_slot *slot,
                                            const struct bindery_ue_crypto *crypto,
                                            struct bindery_ue_usim_keys *keys)
{
    const struct dimsi_slot *s = slot_in(slot);
    struct aka_keys k;
    memset(keys, 0, sizeof *keys);
    if (s->dimsi.n == 0 || s->erased || !s->installed) {
        return BINDERY_UE_ERR_STATE;
    }
    if (!platform_complete(crypto)) {
        return BINDERY_UE_ERR_CRYPTO;
    }
    const struct crypto c = platform_crypto(crypto);
    enum err err = dimsi_aka_keys(&c, &s->ek, &s->dimsi, &s->imsi, &k);
    if (err == E_OK) {
        platform_give_usim(&k, keys);
    }
    wipe(&k, sizeof k);
    return err == E_OK ? BINDERY_UE_OK : BINDERY_UE_ERR_CRYPTO;
}
