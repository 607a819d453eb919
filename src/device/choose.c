/* What a host decides beside the NAS client, as functions without a state of their own: which
 * network next, and whether a subscription that came over the air is good for anything. */
#include "codec/nas_codes.h"
#include "device/bindery_ue.h"
#include <string.h>

/* ---- which network ---- */

static bool same_plmn(const uint8_t a[static 3], const uint8_t b[static 3])
{
    return a[0] == b[0] && a[1] == b[1] && a[2] == b[2];
}

static bool names(const struct bindery_ue_network_policy *policy, const uint8_t plmn[static 3])
{
    for (size_t i = 0; i < policy->preferred_n; i++) {
        if (same_plmn(policy->preferred[i], plmn)) {
            return true;
        }
    }
    return false;
}

/*= certattach-1a */
size_t bindery_ue_network_choose(const struct bindery_ue_network_policy *policy,
                                 const struct bindery_ue_network *networks, size_t networks_n)
{
    for (size_t i = 0; i < policy->preferred_n; i++) {
        for (size_t k = 0; k < networks_n; k++) {
            if (!networks[k].tried && same_plmn(networks[k].plmn, policy->preferred[i])) {
                return k;
            }
        }
    }
    for (size_t k = 0; policy->others && k < networks_n; k++) {
        if (!networks[k].tried && !names(policy, networks[k].plmn)) {
            return k;
        }
    }
    return BINDERY_UE_NO_NETWORK;
}

/* ---- a subscription on trial ---- */

static bool is_used(const struct bindery_ue_event *e)
{
    return e->kind == BINDERY_UE_EVENT_REGISTERED || e->kind == BINDERY_UE_EVENT_KME_OFFERED ||
           e->kind == BINDERY_UE_EVENT_KME_ACTIVE;
}

/* Who made the challenge has K, whatever else was wrong with it. */
static bool shows_k(const struct bindery_ue_event *e)
{
    return e->kind == BINDERY_UE_EVENT_AUTHENTICATION &&
           (e->outcome == BINDERY_UE_ANSWERED || e->outcome == BINDERY_UE_SYNC_FAILURE);
}

static bool is_unknown(const struct bindery_ue_event *e)
{
    return e->kind == BINDERY_UE_EVENT_REJECTED && e->message == NAS_ATTACH_REJECT &&
           (e->cause == EMM_CAUSE_IMSI_UNKNOWN_IN_HSS || e->cause == EMM_CAUSE_ILLEGAL_UE ||
            e->cause == EMM_CAUSE_EPS_AND_NON_EPS_SERVICES_NOT_ALLOWED);
}

static bool has_failed(const struct bindery_ue_event *e)
{
    return is_unknown(e) || e->kind == BINDERY_UE_EVENT_NOT_GENUINE ||
           (e->kind == BINDERY_UE_EVENT_REJECTED && e->message == NAS_AUTHENTICATION_REJECT);
}

/*= certattach-installs */
bool bindery_ue_trial_event(struct bindery_ue_trial *trial, const struct bindery_ue_event *event)
{
    trial->confirmed = trial->confirmed || is_used(event);
    trial->challenged = trial->challenged || shows_k(event);
    if (trial->confirmed || !has_failed(event)) {
        return false;
    }
    trial->failures++;
    if (trial->failures < BINDERY_UE_TRIAL_FAILURES && (trial->challenged || !is_unknown(event))) {
        return false;
    }
    trial->failures = 0;
    return true;
}
