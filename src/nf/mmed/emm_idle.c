#include "nf/mmed/emm_parts.h"

static void reject_service(struct emm_run *r, enum refusal why)
{
    struct nas_service_reject m = {.emm_cause = EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED};
    emm_tell(r, why);
    emm_send_down_as(r, NAS_SHT_PLAIN, &nas_service_reject_message, &m);
}

static void reject_update(struct emm_run *r, enum refusal why)
{
    struct nas_tracking_area_update_reject m = {.emm_cause =
                                                    EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED};
    emm_tell(r, why);
    emm_send_down_as(r, NAS_SHT_PLAIN, &nas_tracking_area_update_reject_message, &m);
}

/* Whoever sent this is not known, or could not show who it is: the registered UE stays idle. */
static void back_to_idle(struct emm_run *r)
{
    emm_release(r, EMM_RELEASE_NORMAL);
    emm_go_idle(r);
}

/* A message that only a registered UE sends, for a context that is none (TS 24.301 5.5.3.2.5,
 * 5.6.1.5: #9 makes the UE attach anew). */
void emm_nobody_here(struct emm_run *r)
{
    struct nas_pdu pdu;
    struct nas_detach_request_up detach;
    if (nas_peek(r->plain, &pdu) != E_OK || pdu.kind == NAS_SERVICE_REQUEST) {
        reject_service(r, REFUSAL_IDENTITY_UNKNOWN);
    } else if (pdu.type == NAS_TRACKING_AREA_UPDATE_REQUEST) {
        reject_update(r, REFUSAL_IDENTITY_UNKNOWN);
    } else if (emm_parse(r, &nas_detach_request_up_message, &detach) &&
               (detach.detach_type & NAS_SWITCH_OFF) == 0) {
        struct nas_detach_accept m = {.header = {0}};
        emm_send_down(r, &nas_detach_accept_message, &m);
    }
    emm_forget(r);
}

static void connected_again(struct emm_run *r)
{
    r->ue->secured = true;
    r->ue->kenb_count = r->count;
    r->ue->state = EMM_REGISTERED;
    emm_stop(r, EMM_TIMER_REACHABLE);
}

/* TS 24.301 5.6.1: the bearer's radio side comes back, with the keys. */
void emm_on_service_request(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    enum err err = ue->has_security ? nassec_check_service_request(r->env->crypto, &ue->security,
                                                                   r->plain, &r->count)
                                    : E_NOT_FOUND;
    if (err != E_OK) {
        reject_service(r, err == E_SYNC ? REFUSAL_NAS_REPLAY : REFUSAL_NAS_MAC);
        back_to_idle(r);
        return;
    }
    connected_again(r);
    emm_set_up(r, (struct bytes){NULL, 0}); /* a failure has ended the context */
}

/* ---- TRACKING AREA UPDATE -------------------------------------------------------------------- */

static struct bytes update_accept(struct emm_run *r, uint8_t update_type)
{
    struct emm_places places;
    struct bytes guti;
    static const uint8_t bearers[2] = {1U << EMM_BEARER, 0};
    struct nas_tracking_area_update_accept m = {
        .t3412 = NAS_U8_OF(nas_timer_of(r->env->config->t3412_s)),
        .eps_bearer_context_status = BYTES_OF(bearers),
    };
    uint8_t kind = update_type & 7U;
    if (kind == NAS_COMBINED_UPDATING || kind == NAS_COMBINED_UPDATING_WITH_ATTACH) {
        m.emm_cause = NAS_U8_OF(EMM_CAUSE_CS_DOMAIN_NOT_AVAILABLE);
    }
    if (!emm_write_places(r, &places, &m.tai_list, &guti)) {
        emm_tell(r, REFUSAL_CRYPTO_FAILED);
        return (struct bytes){NULL, 0};
    }
    return emm_put(r, NAS_SHT_CIPHERED, &nas_tracking_area_update_accept_message, &m);
}

void emm_on_tracking_area_update(struct emm_run *r)
{
    struct nas_tracking_area_update_request m;
    if (!r->verified) {
        reject_update(r, REFUSAL_NAS_MAC);
        back_to_idle(r);
        return;
    }
    if (!emm_parse(r, &nas_tracking_area_update_request_message, &m)) {
        return;
    }
    connected_again(r);
    struct bytes pdu = update_accept(r, m.update_type);
    if (pdu.p == NULL) {
        return;
    }
    if ((m.update_type & NAS_UPDATE_ACTIVE) != 0 && !r->ue->set_up) {
        emm_set_up(r, pdu);
        return;
    }
    emm_add(r, EMM_SEND)->pdu = pdu;
    if (r->event->kind == EMM_INITIAL) { /* nothing else was wanted: no GUTI was given, no answer */
        back_to_idle(r);
    }
}

/* SMS, location and the like: nobody stands behind this MME to take it (TS 24.301 5.6.3, 5.6.4 have
 * no answer for that). */
void emm_transport(struct emm_run *r)
{
    emm_tell(r, REFUSAL_NAS_STATE);
}
