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

void emm_ask_location(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    ue->state = EMM_LOCATION;
    ue->unconfirmed = ue->confirming = false;
    struct emm_effect *e = emm_add(r, EMM_ASK_LOCATION);
    e->proof = ue->outcome;
    if (ue->provisioning) {
        e->payload = (struct bytes){ue->carried.container, ue->carried.n};
    }
}

void emm_ask_equipment(struct emm_run *r)
{
    r->ue->state = EMM_EQUIPMENT;
    emm_add(r, EMM_ASK_EQUIPMENT)->wants_credential = r->ue->proof_wanted;
}

/* What the EIR says of the equipment (TS 29.272 7.3.51). */
static enum refusal verdict(const struct emm_run *r)
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
    return why;
}

/* Where the EIR was not to be asked, only the inquiry after the binding was: no answer to that is
 * the home network's to weigh. */
static bool tolerated(const struct emm_run *r, enum refusal why)
{
    return !r->env->config->check_imei && why != REFUSAL_EQUIPMENT_UNKNOWN &&
           why != REFUSAL_EQUIPMENT_BLACK && why != REFUSAL_EQUIPMENT_GREY;
}

/* TS 23.401 5.3.2.1 step 5b. */
void emm_on_eca(struct emm_run *r)
{
    enum refusal why = verdict(r);
    if (why != REFUSAL_NONE && !tolerated(r, why)) {
        emm_reject_attach(r, why);
        return;
    }
    if (r->ue->proof_wanted) {
        emm_judge_proof(r);
    }
    emm_ask_location(r);
}

/* The home network has decided: this is its reason, as far as its code and what it was told say. */
static enum refusal reason(const struct emm_run *r)
{
    const struct emm_ula *a = r->event->ula;
    enum devid_result result = r->ue->outcome.result;
    enum refusal why = emm_hss_refusal(a->code, a->experimental);
    if (why == REFUSAL_EQUIPMENT_UNKNOWN && result == DEVID_FAILED) {
        return REFUSAL_DEVICE_FAILED;
    }
    if (a->experimental || a->code != refusal_row(REFUSAL_DEVICE_UNPROVEN)->code) {
        return why;
    }
    return result == DEVID_UNPROVEN       ? REFUSAL_DEVICE_UNPROVEN
           : result == DEVID_UNDETERMINED ? REFUSAL_DEVICE_UNDETERMINED
                                          : why;
}

void emm_on_ula(struct emm_run *r)
{
    const struct emm_ula *a = r->event->ula;
    if (r->ue->provisioning) {
        emm_on_taken(r);
        return;
    }
    enum refusal why = reason(r);
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
