/* What the UE does when the network says no: one table for ATTACH REJECT, TRACKING AREA UPDATE
 * REJECT, SERVICE REJECT, DETACH REQUEST and AUTHENTICATION REJECT (TS 24.301 5.5.1.2.5, 5.5.3.2.5,
 * 5.6.1.5, 5.5.2.3.2, 5.4.2.5), with 5.3.7b for those that came without protection. */
#include "codec/nas.h"
#include "device/offer.h"
#include "device/ue.h"

#define MINUTE_MS 60000U

enum does {
    DELETE = 1,    /* GUTI, TAI list, last visited TAI and KSI */
    INVALID = 2,   /* the USIM, until switch off */
    PLMN = 4,      /* stay off the PLMN */
    AREA = 8,      /* stay off the tracking area */
    RESET = 16,    /* the count of attempts */
    BACK_OFF = 32, /* T3346 */
    AGAIN = 64,    /* attach when the connection has ended */
    EXHAUST = 128, /* as if all attempts were used up: T3402 */
    SEVERE = 256,  /* twice the longest time between searches (TS 23.122 4.4.3.3) */
    DOUBT = 512    /* without protection believed only as 5.3.7b says */
};
struct row {
    uint8_t cause;
    uint16_t does;
};

/* A cause that has no row counts as #111 (9.9.3.9); one whose row is zero is "other": the procedure
 * failed, and is tried again. */
static const struct row rows[] = {
    {EMM_CAUSE_IMSI_UNKNOWN_IN_HSS, 0},
    {EMM_CAUSE_ILLEGAL_UE, DELETE | INVALID | DOUBT},
    {EMM_CAUSE_IMEI_NOT_ACCEPTED, 0},
    {EMM_CAUSE_ILLEGAL_ME, DELETE | INVALID | DOUBT},
    {EMM_CAUSE_EPS_SERVICES_NOT_ALLOWED, DELETE | INVALID | DOUBT},
    {EMM_CAUSE_EPS_AND_NON_EPS_SERVICES_NOT_ALLOWED, DELETE | INVALID | DOUBT},
    {EMM_CAUSE_UE_IDENTITY_CANNOT_BE_DERIVED, DELETE | AGAIN},
    {EMM_CAUSE_IMPLICITLY_DETACHED, AGAIN},
    {EMM_CAUSE_PLMN_NOT_ALLOWED, DELETE | RESET | PLMN | DOUBT},
    {EMM_CAUSE_TRACKING_AREA_NOT_ALLOWED, DELETE | RESET | AREA | DOUBT},
    {EMM_CAUSE_ROAMING_NOT_ALLOWED, DELETE | RESET | AREA | DOUBT},
    {EMM_CAUSE_EPS_SERVICES_NOT_ALLOWED_IN_PLMN, DELETE | RESET | PLMN | DOUBT},
    {EMM_CAUSE_NO_SUITABLE_CELLS, DELETE | RESET | AREA | DOUBT},
    {EMM_CAUSE_MSC_NOT_REACHABLE, 0},
    {EMM_CAUSE_NETWORK_FAILURE, 0},
    {EMM_CAUSE_CS_DOMAIN_NOT_AVAILABLE, 0},
    {EMM_CAUSE_ESM_FAILURE, 0},
    {EMM_CAUSE_MAC_FAILURE, 0},
    {EMM_CAUSE_SYNCH_FAILURE, 0},
    {EMM_CAUSE_CONGESTION, BACK_OFF},
    {EMM_CAUSE_UE_SECURITY_CAPABILITIES_MISMATCH, 0},
    {EMM_CAUSE_SECURITY_MODE_REJECTED, 0},
    {EMM_CAUSE_NOT_AUTHORIZED_FOR_CSG, DELETE | RESET | AREA},
    {EMM_CAUSE_NON_EPS_AUTHENTICATION_UNACCEPTABLE, 0},
    {EMM_CAUSE_REDIRECTION_TO_5GCN_REQUIRED, 0},
    {EMM_CAUSE_SERVICE_OPTION_NOT_AUTHORIZED, DELETE | RESET | PLMN | DOUBT},
    {EMM_CAUSE_CS_SERVICE_NOT_AVAILABLE, 0},
    {EMM_CAUSE_NO_EPS_BEARER_CONTEXT, AGAIN},
    {EMM_CAUSE_SEVERE_NETWORK_FAILURE, DELETE | RESET | SEVERE},
    {EMM_CAUSE_PLMN_NOT_ALLOWED_AT_LOCATION, DELETE | RESET | PLMN},
    {EMM_CAUSE_SEMANTICALLY_INCORRECT, EXHAUST},
    {EMM_CAUSE_INVALID_MANDATORY_INFORMATION, EXHAUST},
    {EMM_CAUSE_MESSAGE_TYPE_NON_EXISTENT, EXHAUST},
    {EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE, 0},
    {EMM_CAUSE_IE_NON_EXISTENT, EXHAUST},
    {EMM_CAUSE_CONDITIONAL_IE_ERROR, 0},
    {EMM_CAUSE_MESSAGE_NOT_COMPATIBLE, 0},
    {EMM_CAUSE_PROTOCOL_ERROR, EXHAUST},
};

static unsigned does_of(uint8_t cause)
{
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        if (rows[i].cause == cause) {
            return rows[i].does;
        }
    }
    return EXHAUST;
}

static void tell(struct step *s, uint8_t cause, uint8_t esm_cause)
{
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_REJECTED);
    e->cause = cause;
    e->esm_cause = esm_cause;
    e->secured = s->secured;
}

/* ---- 5.3.7b ---- */

static bool believed(struct step *s, unsigned does, uint8_t *counter)
{
    const uint8_t limit = s->ue->settings->unprotected_limit;
    if (s->secured || (does & DOUBT) == 0) {
        return true;
    }
    if (!ue_runs(s->ue, UE_T3247)) {
        ue_start(s, UE_T3247, ue_random_ms(s->ue, 30 * MINUTE_MS, 60 * MINUTE_MS));
    }
    if (limit == 0) {
        return false;
    }
    if (*counter >= limit) {
        return true;
    }
    (*counter)++;
    return false;
}

static void keep_off(struct step *s, unsigned does)
{
    struct ue *ue = s->ue;
    if (does & INVALID) {
        if (believed(s, does, &ue->usim_unprotected)) {
            ue->usim_invalid = true;
        } else {
            attach_forbid(s, false, true); /* try another cell, meanwhile */
        }
    }
    if (does & PLMN) {
        attach_forbid(s, true, !believed(s, does, &ue->plmn_unprotected));
    }
    if (does & AREA) {
        uint8_t none = 0; /* an area is counted by nobody */
        attach_forbid(s, false, !s->secured && !believed(s, does, &none));
    }
}

/* T3346: as told under protection, else anything within the default range (TS 24.008 table
 * 11.2d: 15 to 30 min). False: there is no usable value. */
static bool back_off(struct step *s, struct nas_u8 t3346)
{
    const uint32_t seconds = t3346.present ? nas_timer_seconds(t3346.v) : NAS_TIMER_OFF;
    if (seconds == 0 || seconds == NAS_TIMER_OFF) {
        return false;
    }
    s->ue->attempts = 0;
    s->ue->dirty = true;
    ue_start(s, UE_T3346,
             s->secured ? (uint64_t)seconds * 1000
                        : ue_random_ms(s->ue, 15 * MINUTE_MS, 30 * MINUTE_MS));
    return true;
}

/* ---- what all have in common ---- */

static void leave_registration(struct step *s)
{
    struct ue *ue = s->ue;
    ue_stop(s, UE_PROCEDURE);
    ue_stop(s, UE_T3411);
    ue_stop(s, UE_T3412);
    ue->procedure_held = false;
    ue->update_due = false;
    ue->bearer = 0;
}

/* Did the table say what follows? If not the procedure has failed, and its own file goes on. */
static bool apply(struct step *s, unsigned does)
{
    struct ue *ue = s->ue;
    if ((does & (DELETE | INVALID | PLMN | AREA | AGAIN | SEVERE)) == 0) {
        return false;
    }
    leave_registration(s);
    if (does & DELETE) {
        ue_forget_registration(ue);
    }
    if (does & RESET) {
        ue->attempts = 0;
    }
    keep_off(s, does);
    if (does & SEVERE) {
        ue_start(s, UE_T3402, 120 * MINUTE_MS);
        attach_waits(s, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED, ue->deadline[UE_T3402]);
    } else if (does & AGAIN) {
        ue->again = ue->wanted;
        ue->state = ue->wanted ? BINDERY_UE_STATE_WAITING : BINDERY_UE_STATE_DEREGISTERED;
    } else if (ue->wanted) {
        attach_try(s); /* which finds what keeps it off */
    } else {
        ue->state = BINDERY_UE_STATE_DEREGISTERED;
    }
    return true;
}

/* ---- one function a message ---- */

/* Does the element show that the home network has the KME that was offered? */
static bool kme_taken(struct step *s, struct bytes element)
{
    struct ue *ue = s->ue;
    const bool waited = ue->keys.me.pending.present;
    const enum bindery_ue_kme_outcome o =
        offer_result(element, s->secured, s->ciphered, &ue->keys.me);
    if (o == BINDERY_UE_KME_ACTIVE) {
        ue_event(s, BINDERY_UE_EVENT_KME_ACTIVE)->secured = true;
        ue->kme_told = ue->keys.me.pending.present;
        ue->keys_dirty = ue->keys_dirty || (waited && !ue->keys.me.pending.present);
    } else if (o != BINDERY_UE_KME_NOT_ASKED) {
        ue_refuse(s, BINDERY_UE_REFUSED_NW_SIGNATURE);
        s->harmless = false; /* the reject itself has its effect */
    }
    return o == BINDERY_UE_KME_ACTIVE;
}

void reject_attach(struct step *s)
{
    struct ue *ue = s->ue;
    struct nas_attach_reject m;
    enum err err = nas_parse(&nas_attach_reject_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    /* Nothing of ESM counts without protection (4.4.4.2). */
    tell(s, m.emm_cause, s->secured ? esm_reject_cause(m.esm_message_container) : 0);
    if (s->secured) {
        ue_take_t3402(ue, m.t3402);
    }
    unsigned does = does_of(m.emm_cause);
    does = does & AGAIN ? 0 : does; /* these causes belong to the other messages */
    const bool taken = kme_taken(s, m.bindery_container);
    connection_expect_end(s);
    if (taken && m.emm_cause == EMM_CAUSE_NETWORK_FAILURE) {
        leave_registration(s);
        attach_follow(s);
    } else if ((does & BACK_OFF) && back_off(s, m.t3346)) {
        leave_registration(s);
        attach_try(s);
    } else if (!apply(s, does)) {
        attach_failed(s, (does & EXHAUST) != 0);
    }
}

/* What would end a subscription, or keep it off a place, says no more to a device that has none, or
 * a dIMSI, than that it makes no sense to ask here again soon. */
#define NOT_HERE (DELETE | INVALID | PLMN | AREA | SEVERE | EXHAUST)

/*= certattach-elsewhere dimsi-provisional */
void reject_seeking(struct step *s)
{
    struct nas_attach_reject m;
    enum err err = nas_parse(&nas_attach_reject_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    const unsigned does = does_of(m.emm_cause);
    tell(s, m.emm_cause, 0);
    const bool installed = ue_onboards(s->ue) && onboarding_result(s, m.bindery_container);
    connection_expect_end(s);
    leave_registration(s);
    if (installed) {
        s->ue->wanted = false;
        s->ue->state = BINDERY_UE_STATE_DEREGISTERED;
        (void)ue_event(s, BINDERY_UE_EVENT_ONBOARDED);
    } else if (discovery_over(s)) {
        return;
    } else if ((does & BACK_OFF) && back_off(s, m.t3346)) {
        onboarding_elsewhere(s);
        attach_try(s);
    } else {
        attach_failed(s, (does & NOT_HERE) != 0);
    }
}

void reject_update(struct step *s)
{
    struct nas_tracking_area_update_reject m;
    enum err err = nas_parse(&nas_tracking_area_update_reject_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    const unsigned does = does_of(m.emm_cause);
    tell(s, m.emm_cause, 0);
    connection_expect_end(s);
    if ((does & BACK_OFF) && back_off(s, m.t3346)) {
        ue_stop(s, UE_PROCEDURE);
        attach_waits(s, BINDERY_UE_STATE_REGISTERED, BINDERY_UE_WHY_CONGESTION,
                     s->ue->deadline[UE_T3346]);
    } else if (!apply(s, does)) {
        update_failed(s, (does & EXHAUST) != 0);
    }
}

void reject_service(struct step *s)
{
    struct nas_service_reject m;
    enum err err = nas_parse(&nas_service_reject_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    const unsigned does = does_of(m.emm_cause);
    tell(s, m.emm_cause, 0);
    connection_expect_end(s);
    if ((does & BACK_OFF) && back_off(s, m.t3346)) {
        attach_waits(s, BINDERY_UE_STATE_REGISTERED, BINDERY_UE_WHY_CONGESTION,
                     s->ue->deadline[UE_T3346]);
        ue_stop(s, UE_PROCEDURE);
    } else if (!apply(s, does)) {
        ue_stop(s, UE_PROCEDURE);
        s->ue->state = BINDERY_UE_STATE_REGISTERED;
    }
}

/* 5.5.2.3.4 b: no cause, or another one, is as if all attempts had failed. */
void reject_detach(struct step *s, uint8_t cause)
{
    unsigned does = cause != 0 ? does_of(cause) : 0;
    does = does & AGAIN ? 0 : does; /* these causes belong to the other messages */
    leave_registration(s);
    if (!s->ue->wanted) {
        s->ue->state = BINDERY_UE_STATE_DEREGISTERED;
    } else if (!apply(s, does)) {
        attach_failed(s, true);
    }
}

void reject_authentication(struct step *s)
{
    tell(s, 0, 0);
    ue_forget_challenge(s->ue);
    ue_stop(s, UE_T3416);
    ue_stop(s, UE_T3418);
    connection_expect_end(s);
    (void)apply(s, does_of(EMM_CAUSE_ILLEGAL_UE));
}

void reject_authentication_seeking(struct step *s)
{
    tell(s, 0, 0);
    ue_forget_challenge(s->ue);
    ue_stop(s, UE_T3416);
    ue_stop(s, UE_T3418);
    connection_expect_end(s);
    leave_registration(s);
    attach_failed(s, true);
}
