/* Service request, tracking area update and GUTI reallocation (TS 24.301 5.6.1, 5.5.3, 5.4.1). */
#include "codec/nas.h"
#include "device/ue.h"
#include <string.h>

/* ---- service request ---- */

void service_ask(struct step *s)
{
    struct ue *ue = s->ue;
    const bool paged = s->flag;
    if (ue->connected) {
        s->result = BINDERY_UE_ERR_STATE; /* there is a connection: nothing to ask for */
        return;
    }
    if (paged) { /* 5.6.2.2.1: congestion or not, it has to be answered */
        ue_stop(s, UE_T3346);
    }
    if (ue_runs(ue, UE_T3346)) {
        attach_waits(s, BINDERY_UE_STATE_REGISTERED, BINDERY_UE_WHY_CONGESTION,
                     ue->deadline[UE_T3346]);
    } else if (ue->update_due) {
        ue->update_active = true;
        update_begin(s);
    } else if (!ue->has_security || ue->security.send_next >= NASSEC_COUNT_LIMIT) {
        ue_forget_security(ue);
        attach_try(s);
    } else if (emm_send_service(s, paged ? BINDERY_UE_MT_ACCESS : BINDERY_UE_MO_DATA)) {
        ue->state = BINDERY_UE_STATE_SERVICE_REQUESTED;
        ue_start(s, UE_PROCEDURE, ue_procedure_ms(ue));
    }
}

/* 5.6.1.4: radio bearers, which need the keys, answer a service request. */
void service_done(struct step *s)
{
    struct ue *ue = s->ue;
    if (ue->state == BINDERY_UE_STATE_SERVICE_REQUESTED) {
        ue->state = BINDERY_UE_STATE_REGISTERED;
        ue->secured = true;
        ue_stop(s, UE_PROCEDURE);
    }
}

void service_aborted(struct step *s)
{
    ue_stop(s, UE_PROCEDURE);
    s->ue->state = BINDERY_UE_STATE_REGISTERED;
    connection_idle(s);
}

void service_timeout(struct step *s)
{
    connection_release(s);
    service_aborted(s);
}

/* ---- tracking area update ---- */

struct update {
    struct nas_tracking_area_update_request m;
    uint8_t guti[NAS_IDENTITY_MAX];
    uint8_t capability[2];
    uint8_t tai[NAS_TAI_LEN];
    uint8_t bearers[2];
};

/* 9.9.2.1: bearer n of 5 to 15, in the bit of its number; bits 1 to 5 of octet 3 are spare. */
static void bearer_status(uint8_t bearer, uint8_t out[static 2])
{
    const unsigned bits = bearer != 0 ? 1U << bearer : 0;
    out[0] = (uint8_t)bits;
    out[1] = (uint8_t)(bits >> 8);
}

static enum err fill_update(const struct ue *ue, struct update *u)
{
    struct nas_eps_identity id;
    memset(u, 0, sizeof *u);
    memset(&id, 0, sizeof id);
    u->m.update_type = (uint8_t)((ue->update_periodic ? NAS_PERIODIC_UPDATING : NAS_TA_UPDATING) |
                                 (ue->update_active ? NAS_UPDATE_ACTIVE : 0));
    u->m.ksi = ue->security.agreed.ksi;
    u->m.old_guti_type = NAS_U8_OF(0);
    bearer_status(ue->bearer, u->bearers);
    u->m.eps_bearer_context_status = BYTES_OF(u->bearers);
    if (!ue->update_periodic) {
        u->capability[0] = ue->settings->eea;
        u->capability[1] = ue->settings->eia;
        u->m.ue_network_capability = BYTES_OF(u->capability);
    }
    if (ue->has_last_tai) {
        nas_tai_write(&ue->last_tai, u->tai);
        u->m.last_visited_tai = BYTES_OF(u->tai);
    }
    id.type = NAS_EPS_IDENTITY_GUTI;
    id.guti = ue->guti;
    return nas_eps_identity_write(&id, MBYTES_OF(u->guti), &u->m.old_guti);
}

bool update_send(struct step *s)
{
    struct update u;
    return fill_update(s->ue, &u) == E_OK &&
           emm_send_kept(s, &nas_tracking_area_update_request_message, &u.m);
}

void update_begin(struct step *s)
{
    struct ue *ue = s->ue;
    if (!ue->update_due || ue_runs(ue, UE_T3346)) {
        return; /* T3346's end begins it */
    }
    if (!ue->has_guti || !ue->has_security) {
        attach_try(s);
        return;
    }
    ue_stop(s, UE_T3411);
    ue_stop(s, UE_T3402);
    if (update_send(s)) {
        ue->state = BINDERY_UE_STATE_UPDATING;
        ue_start(s, UE_PROCEDURE, ue_procedure_ms(ue));
    } else {
        update_failed(s, false);
    }
}

void update_periodic(struct step *s)
{
    s->ue->update_due = true;
    s->ue->update_periodic = true;
    s->ue->attempts = 0;
    update_begin(s);
}

/* 5.5.3.2.6: registered as before, and again after T3411, or T3402. */
void update_failed(struct step *s, bool exhausted)
{
    struct ue *ue = s->ue;
    ue_stop(s, UE_PROCEDURE);
    ue->procedure_held = false;
    ue->attempts = exhausted ? UE_ATTEMPTS : (uint8_t)(ue->attempts + 1);
    const bool left = ue->attempts < UE_ATTEMPTS;
    const enum ue_timer t = left ? UE_T3411 : UE_T3402;
    ue_start(s, t, left ? ue_ms(ue->settings->timers.t3411, 10000) : ue->t3402_ms);
    attach_waits(s, BINDERY_UE_STATE_REGISTERED,
                 left ? BINDERY_UE_WHY_RETRY : BINDERY_UE_WHY_EXHAUSTED, ue->deadline[t]);
}

void update_t3402(struct step *s)
{
    s->ue->attempts = 0;
    update_begin(s);
}

void update_aborted(struct step *s)
{
    connection_over(s);
    update_failed(s, false);
}

void update_timeout(struct step *s)
{
    connection_release(s);
    update_failed(s, false);
}

struct place {
    bool has_guti;
    struct nas_guti guti;
    struct bytes list; /* p NULL: as it was */
};

static bool read_place(struct bytes guti, struct bytes list, struct place *out)
{
    struct nas_eps_identity id;
    struct nas_tai_list tais;
    out->has_guti = guti.p != NULL && nas_eps_identity_parse(guti, &id) == E_OK &&
                    id.type == NAS_EPS_IDENTITY_GUTI;
    if (out->has_guti) {
        out->guti = id.guti;
    }
    out->list =
        list.p != NULL && nas_tai_list_parse(list, &tais) == E_OK ? list : (struct bytes){NULL, 0};
    return out->has_guti;
}

static void take_place(struct ue *ue, const struct place *p)
{
    if (p->has_guti) {
        ue->has_guti = true;
        ue->guti = p->guti;
    }
    if (p->list.p != NULL) {
        ue->tai_list_n = (uint8_t)p->list.n;
        memcpy(ue->tai_list, p->list.p, p->list.n);
    }
    ue->has_last_tai = true;
    ue->last_tai = ue->cell;
    ue->dirty = true;
}

static bool bearer_is_gone(const struct ue *ue, struct bytes status)
{
    uint8_t ours[2];
    bearer_status(ue->bearer, ours);
    return status.p != NULL && (status.p[0] & ours[0]) == 0 && (status.p[1] & ours[1]) == 0;
}

void update_accept(struct step *s)
{
    struct ue *ue = s->ue;
    struct nas_tracking_area_update_accept m;
    struct nas_tracking_area_update_complete out;
    struct place place;
    enum err err = nas_parse(&nas_tracking_area_update_accept_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    (void)read_place(m.guti, m.tai_list, &place);
    take_place(ue, &place);
    if (m.t3412.present) {
        const uint32_t t3412 = nas_timer_seconds(m.t3412.v);
        ue->t3412_ms = t3412 == NAS_TIMER_OFF ? 0 : t3412 * 1000;
    }
    ue_take_t3402(ue, m.t3402);
    ue->state = BINDERY_UE_STATE_REGISTERED;
    ue->attempts = 0;
    ue->update_due = false;
    ue_stop(s, UE_PROCEDURE);
    if (!ue->update_active) {
        connection_expect_end(s);
    }
    ue->update_active = false;
    (void)ue_event(s, BINDERY_UE_EVENT_REGISTERED);
    if (place.has_guti) {
        memset(&out, 0, sizeof out);
        (void)emm_send(s, &nas_tracking_area_update_complete_message, &out);
    }
    if (bearer_is_gone(ue, m.eps_bearer_context_status)) { /* without a bearer: attach again */
        ue->bearer = 0;
        ue_start(s, UE_FOLLOW, 0);
    }
}

/* ---- GUTI reallocation ---- */

void guti_reallocation(struct step *s)
{
    struct nas_guti_reallocation_command m;
    struct nas_guti_reallocation_complete out;
    struct place place;
    enum err err = nas_parse(&nas_guti_reallocation_command_message, s->msg, &m, NULL);
    if (err == E_OK && !read_place(m.guti, m.tai_list, &place)) {
        err = E_BAD_LENGTH;
    }
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    take_place(s->ue, &place);
    memset(&out, 0, sizeof out);
    (void)emm_send(s, &nas_guti_reallocation_complete_message, &out);
}
