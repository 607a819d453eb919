/* States and events: who handles what, and what happens to a PDU before that. */
#include "codec/nas.h"
#include "device/ue.h"
#include <string.h>

#define IN(name) (1U << BINDERY_UE_STATE_##name)
#define ANYWHERE ((1U << BINDERY_UE_STATE_COUNT) - 1)
/* Not attached, and nothing sent. */
#define OFF      (IN(DEREGISTERED) | IN(WAITING) | IN(LIMITED) | IN(NO_USIM))
#define ATTACHED (IN(REGISTERED) | IN(SERVICE_REQUESTED) | IN(UPDATING))
/* A procedure of the network may run. */
#define SERVED (ATTACHED | IN(ATTACHING) | IN(DETACHING))

static void nothing(struct step *s)
{
    s->harmless = true;
}

static void emm_unimplemented(struct step *s)
{
    ue_refuse(s, BINDERY_UE_REFUSED_UNKNOWN_TYPE);
    emm_status(s, EMM_CAUSE_MESSAGE_TYPE_NON_EXISTENT);
}

struct row {
    uint8_t event; /* enum emm_event */
    uint16_t states;
    emm_handler act;
};

/* A pair of state and event has one row at most. */
static const struct row rows[] = {
    {EMM_ON_CAMP, OFF | IN(ATTACHING) | IN(DETACHING), attach_camp},
    {EMM_ON_CAMP, ATTACHED, attach_camp_registered},
    {EMM_ON_ATTACH, OFF, attach_ask},
    {EMM_ON_DETACH, ATTACHED, detach_ask},
    {EMM_ON_DETACH, OFF | IN(ATTACHING) | IN(DETACHING), detach_ask_locally},
    {EMM_ON_SERVICE, IN(REGISTERED), service_ask},

    {EMM_ON_CONNECTED, ANYWHERE, connection_up},
    {EMM_ON_BEARERS, SERVED, service_done},
    {EMM_ON_RELEASED, OFF, connection_ended},
    {EMM_ON_RELEASED, IN(ATTACHING), attach_aborted},
    {EMM_ON_RELEASED, IN(REGISTERED), connection_idle},
    {EMM_ON_RELEASED, IN(SERVICE_REQUESTED), service_aborted},
    {EMM_ON_RELEASED, IN(UPDATING), update_aborted},
    {EMM_ON_RELEASED, IN(DETACHING), detach_released},
    {EMM_ON_FAILED, OFF, connection_ended},
    {EMM_ON_FAILED, IN(ATTACHING), attach_aborted},
    {EMM_ON_FAILED, IN(REGISTERED), connection_idle},
    {EMM_ON_FAILED, IN(SERVICE_REQUESTED), service_aborted},
    {EMM_ON_FAILED, IN(UPDATING), update_aborted},
    {EMM_ON_FAILED, IN(DETACHING), detach_released},

    {EMM_ON_EXPIRY_T3440, ANYWHERE, connection_t3440},
    {EMM_ON_EXPIRY_PROCEDURE, IN(ATTACHING), attach_timeout},
    {EMM_ON_EXPIRY_PROCEDURE, IN(SERVICE_REQUESTED), service_timeout},
    {EMM_ON_EXPIRY_PROCEDURE, IN(UPDATING), update_timeout},
    {EMM_ON_EXPIRY_PROCEDURE, IN(DETACHING), detach_again},
    {EMM_ON_EXPIRY_T3418, SERVED, security_t3418},
    {EMM_ON_EXPIRY_T3416, ANYWHERE, security_t3416},
    {EMM_ON_EXPIRY_T3346, IN(WAITING), attach_ready},
    {EMM_ON_EXPIRY_T3346, IN(REGISTERED), update_begin},
    {EMM_ON_EXPIRY_T3247, IN(LIMITED), attach_t3247},
    {EMM_ON_EXPIRY_T3247, ANYWHERE & ~IN(LIMITED), attach_t3247_elsewhere},
    {EMM_ON_EXPIRY_AREAS, IN(LIMITED), attach_areas},
    {EMM_ON_EXPIRY_AREAS, ANYWHERE & ~IN(LIMITED), attach_areas_elsewhere},
    {EMM_ON_EXPIRY_T3402, IN(WAITING), attach_t3402},
    {EMM_ON_EXPIRY_T3402, IN(REGISTERED), update_t3402},
    {EMM_ON_EXPIRY_T3411, IN(WAITING), attach_ready},
    {EMM_ON_EXPIRY_T3411, IN(REGISTERED), update_begin},
    {EMM_ON_EXPIRY_T3412, IN(REGISTERED), update_periodic},
    {EMM_ON_EXPIRY_FOLLOW, OFF, connection_follow},
    {EMM_ON_EXPIRY_FOLLOW, ATTACHED, connection_follow_attached},

    {EMM_ON_ATTACH_ACCEPT, IN(ATTACHING) | IN(REGISTERED), attach_accept},
    {EMM_ON_ATTACH_REJECT, IN(ATTACHING), reject_attach},
    {EMM_ON_DETACH_REQUEST, ATTACHED | IN(ATTACHING), detach_request},
    {EMM_ON_DETACH_REQUEST, IN(DETACHING), detach_request_collision},
    {EMM_ON_DETACH_ACCEPT, IN(DETACHING), detach_accept},
    {EMM_ON_UPDATE_ACCEPT, IN(UPDATING), update_accept},
    {EMM_ON_UPDATE_REJECT, IN(UPDATING), reject_update},
    {EMM_ON_SERVICE_REJECT, IN(SERVICE_REQUESTED), reject_service},
    {EMM_ON_SERVICE_ACCEPT, IN(SERVICE_REQUESTED), service_done},
    {EMM_ON_GUTI_REALLOCATION, ATTACHED, guti_reallocation},
    {EMM_ON_AUTHENTICATION_REQUEST, SERVED, security_authentication_request},
    {EMM_ON_AUTHENTICATION_REJECT, SERVED, security_authentication_reject},
    {EMM_ON_IDENTITY_REQUEST, SERVED, security_identity_request},
    {EMM_ON_SECURITY_MODE, SERVED, security_mode_command},
    {EMM_ON_EMM_STATUS, ANYWHERE, nothing},
    {EMM_ON_EMM_INFORMATION, SERVED, nothing},
    {EMM_ON_UNIMPLEMENTED, ANYWHERE, emm_unimplemented},
    {EMM_ON_ESM, SERVED, esm_message},
};

/* Of a device that has no subscription, and of one that has a dIMSI. What is not here is for one
 * that has a subscription: nothing that is about being attached, */
static const struct row onboarding_rows[] = {
    {EMM_ON_CAMP, OFF | IN(ATTACHING), onboarding_camp},
    {EMM_ON_ATTACH, OFF, onboarding_attach},
    {EMM_ON_DETACH, OFF | IN(ATTACHING), detach_ask_locally},
    {EMM_ON_CONNECTED, OFF | IN(ATTACHING), connection_up},
    {EMM_ON_RELEASED, OFF, connection_ended},
    {EMM_ON_RELEASED, IN(ATTACHING), attach_aborted},
    {EMM_ON_FAILED, OFF, connection_ended},
    {EMM_ON_FAILED, IN(ATTACHING), attach_aborted},
    {EMM_ON_EXPIRY_T3440, OFF, connection_t3440},
    {EMM_ON_EXPIRY_PROCEDURE, IN(ATTACHING), attach_timeout},
    {EMM_ON_EXPIRY_T3346, IN(WAITING), attach_ready},
    {EMM_ON_EXPIRY_T3402, IN(WAITING), attach_t3402},
    {EMM_ON_EXPIRY_T3411, IN(WAITING), attach_ready},
    {EMM_ON_EXPIRY_FOLLOW, OFF, connection_follow},
    {EMM_ON_ATTACH_REJECT, IN(ATTACHING), reject_seeking},
    {EMM_ON_IDENTITY_REQUEST, IN(ATTACHING), security_identity_request},
};

/*= dimsi-no-service */
/* ... and, but for one that has a dIMSI, no authentication and no security. A plain network may ask
 * for the APN before it asks for the subscription. */
static const struct row discovery_rows[] = {
    {EMM_ON_EXPIRY_T3418, IN(ATTACHING), security_t3418},
    {EMM_ON_EXPIRY_T3416, ANYWHERE, security_t3416},
    {EMM_ON_AUTHENTICATION_REQUEST, IN(ATTACHING), security_authentication_request},
    {EMM_ON_AUTHENTICATION_REJECT, IN(ATTACHING), security_authentication_reject},
    {EMM_ON_SECURITY_MODE, IN(ATTACHING), security_mode_command},
    {EMM_ON_EMM_STATUS, ANYWHERE, nothing},
    {EMM_ON_EMM_INFORMATION, IN(ATTACHING), nothing},
    {EMM_ON_ESM, IN(ATTACHING), esm_message},
};

static const char *const event_names[] = {
#define X(name) [EMM_ON_##name] = #name,
    EMM_EVENTS(X)
#undef X
};

const char *emm_event_name(enum emm_event e)
{
    return (size_t)e < sizeof event_names / sizeof *event_names ? event_names[e] : "unknown";
}

static emm_handler find(const struct row *row, size_t n, enum bindery_ue_state state,
                        enum emm_event e)
{
    for (size_t i = 0; i < n; i++) {
        if (row[i].event == (unsigned)e && (row[i].states & 1U << state) != 0) {
            return row[i].act;
        }
    }
    return NULL;
}

emm_handler emm_handler_of(enum bindery_ue_state state, enum emm_event e)
{
    return find(rows, sizeof rows / sizeof rows[0], state, e);
}

emm_handler emm_handler_onboarding(enum bindery_ue_state state, enum emm_event e)
{
    return find(onboarding_rows, sizeof onboarding_rows / sizeof onboarding_rows[0], state, e);
}

emm_handler emm_handler_discovery(enum bindery_ue_state state, enum emm_event e)
{
    const emm_handler common = emm_handler_onboarding(state, e);
    return common != NULL
               ? common
               : find(discovery_rows, sizeof discovery_rows / sizeof discovery_rows[0], state, e);
}

static emm_handler handler_for(const struct ue *ue, enum emm_event e)
{
    const enum bindery_ue_state state = (enum bindery_ue_state)ue->state;
    return ue_discovers(ue)  ? emm_handler_discovery(state, e)
           : ue_onboards(ue) ? emm_handler_onboarding(state, e)
                             : emm_handler_of(state, e);
}

/* Why nobody handles a message. */
static enum bindery_ue_refusal misplaced(const struct ue *ue, enum emm_event e)
{
    if (!ue_seeks(ue) || emm_handler_of((enum bindery_ue_state)ue->state, e) == NULL) {
        return BINDERY_UE_REFUSED_UNEXPECTED;
    }
    return ue_discovers(ue) ? BINDERY_UE_REFUSED_NO_SERVICE : BINDERY_UE_REFUSED_NO_SUBSCRIPTION;
}

static bool is_call(enum emm_event e)
{
    return e == EMM_ON_CAMP || e == EMM_ON_ATTACH || e == EMM_ON_DETACH || e == EMM_ON_SERVICE;
}

void emm_happen(struct step *s, enum emm_event e)
{
    const emm_handler act = handler_for(s->ue, e);
    if (act != NULL) {
        act(s);
    } else if (is_call(e)) {
        s->result = BINDERY_UE_ERR_STATE;
    } else if (e >= EMM_ON_ATTACH_ACCEPT) {
        ue_refuse(s, misplaced(s->ue, e));
        if (e != EMM_ON_SECURITY_MODE) { /* which is not verified yet */
            emm_status(s, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
        }
    }
}

/* ---- a PDU from the network ---- */

static const struct {
    uint8_t type;
    uint8_t event;
} messages[] = {
    {NAS_ATTACH_ACCEPT, EMM_ON_ATTACH_ACCEPT},
    {NAS_ATTACH_REJECT, EMM_ON_ATTACH_REJECT},
    {NAS_DETACH_REQUEST, EMM_ON_DETACH_REQUEST},
    {NAS_DETACH_ACCEPT, EMM_ON_DETACH_ACCEPT},
    {NAS_TRACKING_AREA_UPDATE_ACCEPT, EMM_ON_UPDATE_ACCEPT},
    {NAS_TRACKING_AREA_UPDATE_REJECT, EMM_ON_UPDATE_REJECT},
    {NAS_SERVICE_REJECT, EMM_ON_SERVICE_REJECT},
    {NAS_SERVICE_ACCEPT, EMM_ON_SERVICE_ACCEPT},
    {NAS_GUTI_REALLOCATION_COMMAND, EMM_ON_GUTI_REALLOCATION},
    {NAS_AUTHENTICATION_REQUEST, EMM_ON_AUTHENTICATION_REQUEST},
    {NAS_AUTHENTICATION_REJECT, EMM_ON_AUTHENTICATION_REJECT},
    {NAS_IDENTITY_REQUEST, EMM_ON_IDENTITY_REQUEST},
    {NAS_EMM_STATUS, EMM_ON_EMM_STATUS},
    {NAS_EMM_INFORMATION, EMM_ON_EMM_INFORMATION},
};

static enum emm_event event_of(const struct nas_pdu *plain)
{
    if (plain->kind == NAS_PLAIN_ESM) {
        return EMM_ON_ESM;
    }
    for (size_t i = 0; i < sizeof messages / sizeof messages[0]; i++) {
        if (messages[i].type == plain->type) {
            return (enum emm_event)messages[i].event;
        }
    }
    return EMM_ON_UNIMPLEMENTED;
}

static void take_plain(struct step *s, const struct nas_pdu *plain)
{
    s->type = plain->type;
    s->ebi = plain->ebi;
    s->pti = plain->pti;
    s->msg = plain->inner;
}

static void plain_message(struct step *s, const struct nas_pdu *plain)
{
    take_plain(s, plain);
    /* The octet after the type: an EMM cause, or the identity type in its low half. */
    uint8_t detail = s->msg.n > 2 ? s->msg.p[2] : 0;
    detail = s->type == NAS_IDENTITY_REQUEST ? detail & 7 : detail;
    if (plain->kind == NAS_PLAIN_EMM &&
        nassec_may_be_plain(NASSEC_UE, s->ue->secured, s->type, detail)) {
        emm_happen(s, event_of(plain));
    } else {
        ue_refuse(s, plain->kind == NAS_PLAIN_EMM && s->type == NAS_IDENTITY_REQUEST
                         ? BINDERY_UE_REFUSED_IDENTITY_UNPROTECTED
                         : BINDERY_UE_REFUSED_UNPROTECTED);
    }
}

static void refuse_protected(struct step *s, enum err err)
{
    if (err == E_CRYPTO) {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
        return;
    }
    ue_refuse(s, err == E_BAD_MAC ? BINDERY_UE_REFUSED_BAD_MAC
                 : err == E_SYNC  ? BINDERY_UE_REFUSED_REPLAYED
                                  : BINDERY_UE_REFUSED_BAD_HEADER);
}

static void protected_message(struct step *s)
{
    struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    const struct mbytes room = {ue->buffer.p, ue->buffer.n - BINDERY_UE_UPLINK_MAX};
    struct nassec_received got;
    struct nas_pdu plain;
    if (!ue->has_security) {
        ue_refuse(s, BINDERY_UE_REFUSED_NO_CONTEXT);
        return;
    }
    enum err err = nassec_unprotect(&c, &ue->security, s->pdu, room, &got);
    if (err != E_OK) {
        refuse_protected(s, err);
        return;
    }
    s->secured = true;
    s->ciphered = nassec_was_ciphered(&ue->security, &got);
    ue->secured = true;
    err = nas_peek((struct bytes){room.p, got.n}, &plain);
    if (err != E_OK || (plain.kind != NAS_PLAIN_EMM && plain.kind != NAS_PLAIN_ESM)) {
        ue_refuse(s, BINDERY_UE_REFUSED_MALFORMED);
        return;
    }
    take_plain(s, &plain);
    emm_happen(s, event_of(&plain));
}

/* Its inside says which keys verify it: handled before anything is believed. */
static void mode_message(struct step *s)
{
    struct bytes inner;
    struct nas_pdu plain;
    if (nassec_peek(s->pdu, &inner) != E_OK || nas_peek(inner, &plain) != E_OK ||
        plain.kind != NAS_PLAIN_EMM || plain.type != NAS_SECURITY_MODE_COMMAND) {
        ue_refuse(s, BINDERY_UE_REFUSED_BAD_HEADER);
        return;
    }
    take_plain(s, &plain);
    emm_happen(s, EMM_ON_SECURITY_MODE);
}

void emm_downlink(struct step *s, struct bytes pdu)
{
    struct nas_pdu p;
    s->pdu = pdu;
    if (nas_peek(pdu, &p) != E_OK || p.kind == NAS_SERVICE_REQUEST) {
        ue_refuse(s, BINDERY_UE_REFUSED_MALFORMED);
    } else if (!s->ue->connected) { /* nobody can send to a device that is idle */
        s->type = p.type;
        ue_refuse(s, BINDERY_UE_REFUSED_UNEXPECTED);
    } else if (p.kind != NAS_PROTECTED) {
        plain_message(s, &p);
    } else if (p.sht == NAS_SHT_INTEGRITY_NEW) {
        mode_message(s);
    } else {
        protected_message(s);
    }
}
