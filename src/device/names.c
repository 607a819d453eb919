#include "device/bindery_ue.h"

static const char *const refusal_names[] = {
#define X(name, text, sentence) [BINDERY_UE_REFUSED_##name] = text,
    BINDERY_UE_REFUSALS(X)
#undef X
};
static const char *const refusal_sentences[] = {
#define X(name, text, sentence) [BINDERY_UE_REFUSED_##name] = sentence,
    BINDERY_UE_REFUSALS(X)
#undef X
};
static const char *const state_names[] = {
#define X(name, text) [BINDERY_UE_STATE_##name] = text,
    BINDERY_UE_STATES(X)
#undef X
};
static const char *const event_names[] = {
    [BINDERY_UE_EVENT_AUTHENTICATION] = "authentication",
    [BINDERY_UE_EVENT_SECURED] = "secured",
    [BINDERY_UE_EVENT_REGISTERED] = "registered",
    [BINDERY_UE_EVENT_REJECTED] = "rejected",
    [BINDERY_UE_EVENT_WAITING] = "waiting",
    [BINDERY_UE_EVENT_DEREGISTERED] = "deregistered",
    [BINDERY_UE_EVENT_NOT_GENUINE] = "not-genuine",
    [BINDERY_UE_EVENT_RELEASE] = "release",
    [BINDERY_UE_EVENT_REFUSED] = "refused",
    [BINDERY_UE_EVENT_STORE_FAILED] = "store-failed",
    [BINDERY_UE_EVENT_CRYPTO_FAILED] = "crypto-failed",
    [BINDERY_UE_EVENT_PROVED] = "proved",
    [BINDERY_UE_EVENT_NO_PROOF] = "no-proof",
    [BINDERY_UE_EVENT_KME_OFFERED] = "kme-offered",
    [BINDERY_UE_EVENT_KME_ACTIVE] = "kme-active",
    [BINDERY_UE_EVENT_KME_UNABLE] = "kme-unable",
    [BINDERY_UE_EVENT_ONBOARDING] = "onboarding",
    [BINDERY_UE_EVENT_ONBOARDED] = "onboarded",
    [BINDERY_UE_EVENT_ELSEWHERE] = "elsewhere",
    [BINDERY_UE_EVENT_DISCOVERY] = "discovery",
    [BINDERY_UE_EVENT_DISCOVERED] = "discovered",
};
static const char *const why_names[] = {
    [BINDERY_UE_WHY_RETRY] = "retry",           [BINDERY_UE_WHY_EXHAUSTED] = "exhausted",
    [BINDERY_UE_WHY_CONGESTION] = "congestion", [BINDERY_UE_WHY_FORBIDDEN] = "forbidden",
    [BINDERY_UE_WHY_UNBELIEVED] = "unbelieved", [BINDERY_UE_WHY_USIM_INVALID] = "usim-invalid",
    [BINDERY_UE_WHY_NO_CELL] = "no-cell",
};

#define NAME_AT(table, i) ((size_t)(i) < sizeof(table) / sizeof *(table) ? (table)[i] : "unknown")

const char *bindery_ue_refusal_name(enum bindery_ue_refusal r)
{
    return NAME_AT(refusal_names, r);
}

const char *bindery_ue_refusal_sentence(enum bindery_ue_refusal r)
{
    return NAME_AT(refusal_sentences, r);
}

const char *bindery_ue_state_name(enum bindery_ue_state s)
{
    return NAME_AT(state_names, s);
}

const char *bindery_ue_event_name(enum bindery_ue_event_kind k)
{
    return NAME_AT(event_names, k);
}

const char *bindery_ue_why_name(enum bindery_ue_why w)
{
    return NAME_AT(why_names, w);
}
