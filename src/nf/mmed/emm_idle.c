#include "nf/mmed/emm_parts.h"

#define SERVICE_TYPE_PACKET 8 /* and above (TS 24.301 9.9.3.27) */

static void reject_service_as(struct emm_run *r, enum refusal why, uint8_t emm_cause)
{
    struct nas_service_reject m = {.emm_cause = emm_cause};
    emm_tell(r, why);
    emm_send_down_as(r, r->ue->secured ? NAS_SHT_CIPHERED : NAS_SHT_PLAIN,
                     &nas_service_reject_message, &m);
}

static void reject_service(struct emm_run *r, enum refusal why)
{
    reject_service_as(r, why, EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED);
}

static void reject_update(struct emm_run *r, enum refusal why)
{
    struct nas_tracking_area_update_reject m = {.emm_cause =
                                                    EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED};
    emm_tell(r, why);
    emm_send_down(r, &nas_tracking_area_update_reject_message, &m);
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
    struct nas_pdu pdu = {.type = 0};
    struct nas_detach_request_up detach;
    bool named = r->event->kind == EMM_INITIAL && r->event->old != NULL;
    enum refusal why = named ? REFUSAL_NAS_MAC : REFUSAL_IDENTITY_UNKNOWN;
    if (nas_peek(r->plain, &pdu) != E_OK ||
        (pdu.type != NAS_TRACKING_AREA_UPDATE_REQUEST && pdu.type != NAS_DETACH_REQUEST)) {
        reject_service(r, why);
    } else if (pdu.type == NAS_TRACKING_AREA_UPDATE_REQUEST) {
        reject_update(r, why);
    } else if (emm_parse(r, &nas_detach_request_up_message, &detach) &&
               (detach.detach_type & NAS_SWITCH_OFF) == 0) {
        struct nas_detach_accept m = {.header = {0}};
        emm_tell(r, named ? REFUSAL_NAS_UNPROTECTED : REFUSAL_IDENTITY_UNKNOWN);
        emm_send_down(r, &nas_detach_accept_message, &m);
    }
    emm_leave(r);
}

/* On a connection of its own it shows that the UE has gone on: what was under way is over. Where
 * the attach or the detach is under way it fits nothing. */
void emm_not_now(struct emm_run *r)
{
    if (r->event->kind == EMM_INITIAL) {
        emm_nobody_here(r);
    } else {
        emm_fits_nowhere(r);
    }
}

static void connected_again(struct emm_run *r)
{
    r->ue->secured = true;
    r->ue->kenb_count = r->count;
    r->ue->state = EMM_REGISTERED;
    emm_stop(r, EMM_TIMER_REACHABLE);
    emm_confirm(r);
}

static void serve(struct emm_run *r)
{
    connected_again(r);
    if (!r->ue->set_up) {
        emm_set_up(r, (struct bytes){NULL, 0}); /* a failure has ended the context */
    }
}

/* TS 24.301 5.6.1: the bearer's radio side comes back, with the keys. One that does not hold takes
 * nothing away that stands (4.4.4.3). */
void emm_on_service_request(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    enum err err = ue->has_security ? nassec_check_service_request(r->env->crypto, &ue->security,
                                                                   r->plain, &r->count)
                                    : E_NOT_FOUND;
    enum refusal why = err == E_SYNC ? REFUSAL_NAS_REPLAY : REFUSAL_NAS_MAC;
    if (err == E_OK) {
        serve(r);
    } else if (ue->secured) {
        emm_tell(r, why);
    } else {
        reject_service(r, why);
        back_to_idle(r);
    }
}

/* TS 24.301 5.6.1, 9.9.3.27: a UE of low priority asks for packet services this way. Telephony has
 * no place here (#18), and the control plane's optimisation was offered to nobody. */
void emm_on_extended_service_request(struct emm_run *r)
{
    struct nas_pdu pdu;
    if (nas_peek(r->plain, &pdu) != E_OK || r->plain.n < 3) {
        emm_tell(r, REFUSAL_NAS_MALFORMED);
        emm_send_status(r, EMM_CAUSE_INVALID_MANDATORY_INFORMATION);
        return;
    }
    uint8_t type = r->plain.p[2] & 0x0FU;
    if (!r->verified) {
        reject_service(r, REFUSAL_NAS_MAC);
        back_to_idle(r);
    } else if (pdu.type == NAS_EXTENDED_SERVICE_REQUEST && type >= SERVICE_TYPE_PACKET) {
        serve(r);
    } else {
        r->ue->secured = true;
        reject_service_as(r, REFUSAL_NAS_STATE, EMM_CAUSE_CS_DOMAIN_NOT_AVAILABLE);
    }
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
