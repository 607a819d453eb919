/* The detach procedures (TS 24.301 5.5.2), begun by either side. */
#include "codec/nas.h"
#include "device/ue.h"
#include <string.h>

/* ---- begun here ---- */

/* What is forgotten when a device is switched off (5.3.1.1, 5.5.1.2.5). */
static void switch_off(struct step *s)
{
    struct ue *ue = s->ue;
    memset(ue->forbidden, 0, sizeof ue->forbidden);
    ue->forbidden_next = 0;
    ue->usim_invalid = false;
    ue->usim_unprotected = 0;
    ue->plmn_unprotected = 0;
    ue->attempts = 0;
    ue_stop(s, UE_T3247);
    ue_stop(s, UE_AREAS);
}

static void detached(struct step *s)
{
    struct ue *ue = s->ue;
    static const uint8_t ended[] = {UE_PROCEDURE, UE_T3402, UE_T3411, UE_T3412, UE_FOLLOW};
    for (size_t i = 0; i < sizeof ended; i++) {
        ue_stop(s, (enum ue_timer)ended[i]);
    }
    ue->procedure_held = false;
    ue->update_due = false;
    ue->bearer = 0;
    ue->state = BINDERY_UE_STATE_DEREGISTERED;
    if (ue->switch_off) {
        switch_off(s);
    }
    (void)ue_event(s, BINDERY_UE_EVENT_DEREGISTERED);
}

/* After a detach that was not asked for by the device's owner it attaches again. */
static void go_on(struct step *s)
{
    struct ue *ue = s->ue;
    if (!ue->wanted) {
        return;
    }
    ue->again = true;
    ue->state = BINDERY_UE_STATE_WAITING;
    if (ue->connected) {
        connection_expect_end(s);
    } else {
        ue_start(s, UE_FOLLOW, 0);
    }
}

static void send_request(struct step *s)
{
    struct ue *ue = s->ue;
    struct nas_detach_request_up m;
    struct nas_eps_identity id;
    uint8_t room[NAS_IDENTITY_MAX];
    memset(&m, 0, sizeof m);
    memset(&id, 0, sizeof id);
    m.detach_type = (uint8_t)(NAS_EPS_DETACH | (ue->switch_off ? NAS_SWITCH_OFF : 0));
    m.ksi = ue->has_security ? ue->security.agreed.ksi : NAS_KSI_NONE;
    id.type = ue->has_guti ? NAS_EPS_IDENTITY_GUTI : NAS_EPS_IDENTITY_IMSI;
    if (ue->has_guti) {
        id.guti = ue->guti;
    } else {
        id.imsi = ue->keys.imsi;
    }
    if (nas_eps_identity_write(&id, MBYTES_OF(room), &m.identity) == E_OK) {
        (void)emm_send_initial(s, &nas_detach_request_up_message, &m, true);
    }
}

void detach_begin(struct step *s)
{
    struct ue *ue = s->ue;
    ue->state = BINDERY_UE_STATE_DETACHING;
    ue->detach_attempts = 0;
    ue->procedure_held = false;
    ue_stop(s, UE_T3411);
    ue_stop(s, UE_T3402);
    ue_stop(s, UE_T3412);
    ue_stop(s, UE_T3440);
    send_request(s);
    if (ue->switch_off) { /* nobody answers that (5.5.2.2.1) */
        detached(s);
    } else {
        ue_start(s, UE_PROCEDURE, ue_procedure_ms(ue));
    }
}

void detach_ask(struct step *s)
{
    s->ue->wanted = false;
    s->ue->switch_off = s->flag;
    detach_begin(s);
    s->ue->switch_off = false;
}

void detach_ask_locally(struct step *s)
{
    struct ue *ue = s->ue;
    ue->wanted = false;
    ue->again = false;
    ue->switch_off = s->flag;
    if (ue->state == BINDERY_UE_STATE_ATTACHING || ue->state == BINDERY_UE_STATE_DETACHING) {
        connection_release(s);
    }
    detached(s);
    ue->switch_off = false;
}

void detach_again(struct step *s)
{
    struct ue *ue = s->ue;
    ue->detach_attempts++;
    if (ue->detach_attempts < UE_DETACH_ATTEMPTS) {
        send_request(s);
        ue_start(s, UE_PROCEDURE, ue_procedure_ms(ue));
        return;
    }
    connection_release(s);
    detached(s);
    go_on(s);
}

void detach_accept(struct step *s)
{
    struct nas_detach_accept m;
    enum err err = nas_parse(&nas_detach_accept_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    detached(s);
    go_on(s);
}

void detach_released(struct step *s)
{
    connection_over(s);
    detached(s);
    go_on(s);
}

/* ---- begun by the network ---- */

static bool read_request(struct step *s, struct nas_detach_request_down *m)
{
    enum err err = nas_parse(&nas_detach_request_down_message, s->msg, m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
    }
    return err == E_OK;
}

static void accept(struct step *s)
{
    struct nas_detach_accept out;
    memset(&out, 0, sizeof out);
    (void)emm_send(s, &nas_detach_accept_message, &out);
}

void detach_request(struct step *s)
{
    struct ue *ue = s->ue;
    struct nas_detach_request_down m;
    if (!read_request(s, &m)) {
        return;
    }
    accept(s);
    if ((m.detach_type & 7) == NAS_IMSI_DETACH_DOWN) {
        return; /* this device is attached for EPS services only: nothing ends */
    }
    const uint8_t cause = m.emm_cause.present ? m.emm_cause.v : 0;
    const bool wanted = ue->wanted;
    ue->wanted = false; /* so that nothing begins before the detach is told */
    detached(s);
    ue->wanted = wanted;
    struct bindery_ue_event *e = &ue->events[ue->events_n - 1];
    e->by_network = true;
    e->cause = cause;
    if ((m.detach_type & 7) == NAS_REATTACH_REQUIRED) {
        go_on(s);
    } else { /* what is reserved is read as "not required" too (9.9.3.7) */
        connection_expect_end(s);
        reject_detach(s, cause);
    }
}

/* 5.5.2.2.4: both sides detach; ours is done as well then. */
void detach_request_collision(struct step *s)
{
    struct nas_detach_request_down m;
    if (!read_request(s, &m)) {
        return;
    }
    accept(s);
    if ((m.detach_type & 7) != NAS_IMSI_DETACH_DOWN) {
        detached(s);
        go_on(s);
    }
}
