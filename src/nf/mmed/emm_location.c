#include "codec/s6a.h"
#include "nf/mmed/emm_parts.h"

/* What a code of an HSS is to a UE. Only codes of 3GPP speak of the subscription; whatever else is
 * about now (an outage never locks a device out). 0: no answer came. */
enum refusal emm_hss_refusal(uint32_t code, bool experimental)
{
    if (!experimental) {
        return code == DIAMETER_SUCCESS ? REFUSAL_NONE
               : code == 0              ? REFUSAL_HSS_SILENT
                                        : REFUSAL_HSS_REFUSED;
    }
    switch (code) {
    case S6A_USER_UNKNOWN:
        return REFUSAL_UNKNOWN_SUBSCRIBER;
    case S6A_ROAMING_NOT_ALLOWED:
        return REFUSAL_ROAMING_NOT_ALLOWED;
    case S6A_UNKNOWN_EPS_SUBSCRIPTION:
        return REFUSAL_UNKNOWN_EPS_SUBSCRIPTION;
    case S6A_RAT_NOT_ALLOWED:
        return REFUSAL_RAT_NOT_ALLOWED;
    case S6A_AUTHENTICATION_DATA_UNAVAILABLE:
        return REFUSAL_NO_VECTORS;
    case S6A_EQUIPMENT_UNKNOWN:
        return REFUSAL_EQUIPMENT_UNKNOWN;
    default:
        return REFUSAL_HSS_REFUSED;
    }
}

static void ask_location(struct emm_run *r)
{
    r->ue->state = EMM_LOCATION;
    emm_add(r, EMM_ASK_LOCATION);
}

void emm_after_security(struct emm_run *r)
{
    if (!r->env->config->check_imei) {
        ask_location(r);
    } else if (!r->ue->who.has_imei) {
        emm_reject_attach(r, REFUSAL_IDENTITY_MISSING);
    } else {
        r->ue->state = EMM_EQUIPMENT;
        emm_add(r, EMM_ASK_EQUIPMENT);
    }
}

/* TS 23.401 5.3.2.1 step 5b; TS 29.272 7.3.51. */
void emm_on_eca(struct emm_run *r)
{
    const struct emm_eca *a = r->event->eca;
    enum refusal why = emm_hss_refusal(a->code, a->experimental);
    if (why == REFUSAL_NONE && a->status == EMM_EQUIPMENT_GREY && !r->env->config->admit_grey) {
        why = REFUSAL_EQUIPMENT_GREY;
    } else if (why == REFUSAL_NONE && a->status == EMM_EQUIPMENT_BLACK) {
        why = REFUSAL_EQUIPMENT_BLACK;
    } else if (why == REFUSAL_NONE && a->status > EMM_EQUIPMENT_GREY) {
        why = REFUSAL_HSS_REFUSED;
    }
    if (why != REFUSAL_NONE) {
        emm_reject_attach(r, why);
    } else {
        ask_location(r);
    }
}

void emm_on_ula(struct emm_run *r)
{
    const struct emm_ula *a = r->event->ula;
    enum refusal why = emm_hss_refusal(a->code, a->experimental);
    r->ue->located = why == REFUSAL_NONE;
    if (why == REFUSAL_NONE) {
        why = a->barred                     ? REFUSAL_BARRED
              : !r->env->config->serve      ? REFUSAL_NO_SERVICE_HERE
              : a->subscription.n_apns == 0 ? REFUSAL_HSS_REFUSED
                                            : REFUSAL_NONE;
    }
    if (why != REFUSAL_NONE) {
        emm_reject_attach(r, why);
        return;
    }
    r->ue->subscription = a->subscription;
    emm_after_location(r);
}
