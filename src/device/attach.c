/* The attach procedure (TS 24.301 5.5.1.2), and what keeps a device from beginning it. */
#include "codec/nas.h"
#include "device/ue.h"
#include <string.h>

/* ---- places to keep off ---- */

static bool forbids(const struct ue_forbidden *f, const struct nas_tai *cell)
{
    return f->used &&
           (f->whole_plmn ? plmn_eq(&f->tai.plmn, &cell->plmn) : nas_tai_eq(&f->tai, cell));
}

/* When an entry ends. */
static uint64_t forbidden_until(const struct ue *ue, const struct ue_forbidden *f)
{
    return f->unbelieved   ? ue->deadline[UE_T3247]
           : f->whole_plmn ? BINDERY_UE_NEVER
                           : ue->deadline[UE_AREAS];
}

const struct ue_forbidden *attach_forbidden(const struct ue *ue)
{
    const struct ue_forbidden *longest = NULL;
    for (size_t i = 0; i < UE_FORBIDDEN; i++) {
        const struct ue_forbidden *f = &ue->forbidden[i];
        if (forbids(f, &ue->cell) &&
            (longest == NULL || forbidden_until(ue, f) > forbidden_until(ue, longest))) {
            longest = f;
        }
    }
    return longest;
}

#define HOUR_MS 3600000U

void attach_forbid(struct step *s, bool whole_plmn, bool unbelieved)
{
    struct ue *ue = s->ue;
    ue->forbidden[ue->forbidden_next] = (struct ue_forbidden){
        .tai = ue->cell, .used = true, .whole_plmn = whole_plmn, .unbelieved = unbelieved};
    /* The oldest entry gives way (5.3.1.1 lets a list be that short). */
    ue->forbidden_next = (uint8_t)((ue->forbidden_next + 1) % UE_FORBIDDEN);
    if (!whole_plmn && !unbelieved && !ue_runs(ue, UE_AREAS)) {
        ue_start(s, UE_AREAS, ue_random_ms(ue, 12 * HOUR_MS, 24 * HOUR_MS));
    }
}

void attach_waits(struct step *s, enum bindery_ue_state state, enum bindery_ue_why why,
                  uint64_t until)
{
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_WAITING);
    s->ue->state = (uint8_t)state;
    e->why = why;
    e->until = until;
}

/* ---- ATTACH REQUEST ---- */

struct request {
    struct nas_attach_request m;
    uint8_t identity[NAS_IDENTITY_MAX];
    uint8_t capability[2];
    uint8_t tai[NAS_TAI_LEN];
    uint8_t esm[16];
};

static enum err fill_identity(const struct ue *ue, struct request *r)
{
    struct nas_eps_identity id;
    memset(&id, 0, sizeof id);
    if (ue_onboards(ue)) {
        id.type = NAS_EPS_IDENTITY_IMEI;
        id.imei = ue->imeisv.imei;
    } else if (ue->has_guti) {
        id.type = NAS_EPS_IDENTITY_GUTI;
        id.guti = ue->guti;
        r->m.old_guti_type = NAS_U8_OF(0); /* native */
    } else {
        id.type = NAS_EPS_IDENTITY_IMSI;
        id.imsi = ue->keys.imsi;
    }
    return nas_eps_identity_write(&id, MBYTES_OF(r->identity), &r->m.identity);
}

static enum err fill_request(const struct ue *ue, struct request *r)
{
    size_t n = 0;
    memset(r, 0, sizeof *r);
    r->m.attach_type = ue_onboards(ue) ? NAS_PROVISIONING_ATTACH : NAS_EPS_ATTACH;
    r->m.ksi = ue->has_security ? ue->security.agreed.ksi : NAS_KSI_NONE;
    r->capability[0] = ue->settings->eea;
    r->capability[1] = ue->settings->eia;
    r->m.ue_network_capability = BYTES_OF(r->capability);
    if (ue->has_last_tai) {
        nas_tai_write(&ue->last_tai, r->tai);
        r->m.last_visited_tai = BYTES_OF(r->tai);
    }
    enum err err = esm_connectivity_request(ue, MBYTES_OF(r->esm), &n);
    r->m.esm_message_container = (struct bytes){r->esm, n};
    return err == E_OK ? fill_identity(ue, r) : err;
}

/* T3410 runs, whatever becomes of the request. */
void attach_send(struct step *s, struct bytes container)
{
    struct request r;
    if (fill_request(s->ue, &r) != E_OK) {
        return;
    }
    r.m.bindery_container = container;
    if (!ue_onboards(s->ue)) {
        (void)emm_send_kept(s, &nas_attach_request_message, &r.m);
    } else if (emm_send_initial(s, &nas_attach_request_message, &r.m, false)) {
        (void)ue_event(s, BINDERY_UE_EVENT_ONBOARDING); /* nobody hashes it: there is no AKA */
    }
}

static void attach_start(struct step *s)
{
    struct ue *ue = s->ue;
    struct bytes container = {NULL, 0};
    ue->state = BINDERY_UE_STATE_ATTACHING;
    ue->again = false;
    ue->bearer = 0;
    ue->auth_failures = 0;
    ue->procedure_held = false;
    ue_forget_challenge(ue);
    if (ue_discovers(ue)) {
        ue_forget_security(ue); /* each attempt is the first one */
    }
    ue_stop(s, UE_T3402);
    ue_stop(s, UE_T3411);
    ue_stop(s, UE_T3412);
    ue_stop(s, UE_T3440);
    ue_start(s, UE_PROCEDURE, ue_procedure_ms(ue));
    if (!ue_onboards(ue) || onboarding_request(s, &container)) {
        attach_send(s, container);
    }
}

/* ---- may it begin? ---- */

void attach_try(struct step *s)
{
    struct ue *ue = s->ue;
    const struct ue_forbidden *off = attach_forbidden(ue);
    if (ue->usim_invalid) {
        attach_waits(s, BINDERY_UE_STATE_NO_USIM, BINDERY_UE_WHY_USIM_INVALID, BINDERY_UE_NEVER);
    } else if (!ue->has_cell) {
        attach_waits(s, BINDERY_UE_STATE_LIMITED, BINDERY_UE_WHY_NO_CELL, BINDERY_UE_NEVER);
    } else if (ue_runs(ue, UE_T3346)) {
        attach_waits(s, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_CONGESTION,
                     ue->deadline[UE_T3346]);
    } else if (off != NULL) {
        attach_waits(s, BINDERY_UE_STATE_LIMITED,
                     off->unbelieved ? BINDERY_UE_WHY_UNBELIEVED : BINDERY_UE_WHY_FORBIDDEN,
                     forbidden_until(ue, off));
    } else {
        attach_start(s);
    }
}

void attach_ask(struct step *s)
{
    s->ue->wanted = true;
    attach_try(s);
}

bool attach_take_cell(struct step *s)
{
    struct ue *ue = s->ue;
    struct nas_tai cell = {.tac = s->cell->tac};
    if (plmn_from_octets(s->cell->plmn, &cell.plmn) != E_OK) {
        return false;
    }
    bool same = ue->has_cell && nas_tai_eq(&cell, &ue->cell);
    ue->has_cell = true;
    ue->cell = cell;
    return !same;
}

/* 5.5.1.2.6: a new tracking area begins a new count of attempts. */
void attach_camp(struct step *s)
{
    struct ue *ue = s->ue;
    const bool moved = attach_take_cell(s);
    if (moved) {
        ue->attempts = 0;
    }
    if (ue->wanted && !ue->again && (moved || ue->state == BINDERY_UE_STATE_LIMITED)) {
        ue_stop(s, UE_T3402);
        ue_stop(s, UE_T3411);
        attach_try(s);
    }
}

static bool in_tai_list(const struct ue *ue)
{
    struct nas_tai_list list;
    return nas_tai_list_parse((struct bytes){ue->tai_list, ue->tai_list_n}, &list) == E_OK &&
           nas_tai_list_has(&list, &ue->cell);
}

void attach_camp_registered(struct step *s)
{
    struct ue *ue = s->ue;
    if (attach_take_cell(s) && !in_tai_list(ue)) {
        ue->update_due = true;
        ue->update_periodic = false;
        ue->attempts = 0;
        if (ue->state == BINDERY_UE_STATE_REGISTERED) {
            ue_stop(s, UE_T3402);
            ue_stop(s, UE_T3411);
            update_begin(s);
        }
    }
}

/* ---- ATTACH ACCEPT ---- */

struct accept {
    struct nas_attach_accept m;
    bool has_guti;
    struct nas_guti guti;
    struct nas_tai_list list;
    struct esm_bearer bearer;
    uint8_t answer[8];
    struct bytes answered;
};

static enum err read_guti(struct bytes value, struct nas_guti *out)
{
    struct nas_eps_identity id;
    enum err err = nas_eps_identity_parse(value, &id);
    if (err != E_OK) {
        return err;
    }
    if (id.type != NAS_EPS_IDENTITY_GUTI) {
        return E_BAD_VALUE;
    }
    *out = id.guti;
    return E_OK;
}

static enum err read_accept(struct step *s, struct accept *a)
{
    enum err err = nas_parse(&nas_attach_accept_message, s->msg, &a->m, NULL);
    if (err != E_OK) {
        return err;
    }
    /* What is mandatory and cannot be read is #96; an optional GUTI counts as absent (7.7.1). */
    if (nas_tai_list_parse(a->m.tai_list, &a->list) != E_OK) {
        return E_BAD_LENGTH;
    }
    a->has_guti = a->m.guti.p != NULL && read_guti(a->m.guti, &a->guti) == E_OK;
    return esm_activate(a->m.esm_message_container, &a->bearer, MBYTES_OF(a->answer),
                        &a->answered) == E_OK
               ? E_OK
               : E_BAD_LENGTH;
}

static void take_accept(struct step *s, const struct accept *a)
{
    struct ue *ue = s->ue;
    const uint32_t t3412 = nas_timer_seconds(a->m.t3412);
    if (a->has_guti) {
        ue->has_guti = true;
        ue->guti = a->guti;
    }
    ue->tai_list_n = (uint8_t)a->m.tai_list.n;
    memcpy(ue->tai_list, a->m.tai_list.p, a->m.tai_list.n);
    ue->has_last_tai = true;
    ue->last_tai = ue->cell;
    ue->t3412_ms = t3412 == NAS_TIMER_OFF ? 0 : t3412 * 1000;
    ue_take_t3402(ue, a->m.t3402);
    ue->bearer = a->bearer.ebi;
    ue->qci = a->bearer.qci;
    ue->address = a->bearer.address;
    ue->attempts = 0;
    ue->usim_unprotected = 0;
    ue->plmn_unprotected = 0;
    ue->update_due = false;
    ue->dirty = true;
}

void attach_accept(struct step *s)
{
    struct ue *ue = s->ue;
    struct accept a;
    memset(&a, 0, sizeof a);
    enum err err = read_accept(s, &a);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    const bool again = ue->state == BINDERY_UE_STATE_REGISTERED;
    const struct nas_attach_complete complete = {.esm_message_container = a.answered};
    take_accept(s, &a);
    ue->state = BINDERY_UE_STATE_REGISTERED;
    ue_stop(s, UE_PROCEDURE);
    (void)emm_send(s, &nas_attach_complete_message, &complete);
    if (!again) { /* else our ATTACH COMPLETE was lost */
        (void)ue_event(s, BINDERY_UE_EVENT_REGISTERED);
    }
}

/* ---- attempts that fail ---- */

void attach_failed(struct step *s, bool exhausted)
{
    struct ue *ue = s->ue;
    const struct bindery_ue_timers *t = &ue->settings->timers;
    ue_stop(s, UE_PROCEDURE);
    ue->procedure_held = false;
    if (discovery_over(s)) {
        return;
    }
    if (ue_seeks(ue)) {
        onboarding_elsewhere(s);
    }
    ue->attempts = exhausted ? UE_ATTEMPTS : (uint8_t)(ue->attempts + 1);
    if (ue->attempts < UE_ATTEMPTS) {
        ue_start(s, UE_T3411, ue_ms(t->t3411, 10000));
        attach_waits(s, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_RETRY, ue->deadline[UE_T3411]);
        return;
    }
    ue->attempts = UE_ATTEMPTS;
    ue_forget_registration(ue);
    ue_start(s, UE_T3402, ue->t3402_ms);
    attach_waits(s, BINDERY_UE_STATE_WAITING, BINDERY_UE_WHY_EXHAUSTED, ue->deadline[UE_T3402]);
}

void attach_follow(struct step *s)
{
    struct ue *ue = s->ue;
    if (!ue->wanted || ue->attempts + 1 >= UE_ATTEMPTS) {
        attach_failed(s, false);
        return;
    }
    ue->attempts++;
    ue->again = true;
    ue->state = BINDERY_UE_STATE_WAITING;
}

void attach_aborted(struct step *s)
{
    connection_over(s);
    attach_failed(s, false);
}

void attach_timeout(struct step *s)
{
    connection_release(s);
    attach_failed(s, false);
}

/* ---- and are repeated ---- */

void attach_ready(struct step *s)
{
    if (s->ue->wanted) {
        attach_try(s);
    } else {
        s->ue->state = BINDERY_UE_STATE_DEREGISTERED;
    }
}

void attach_t3402(struct step *s)
{
    s->ue->attempts = 0;
    attach_ready(s);
}

static void forget_forbidden(struct ue *ue, bool unbelieved)
{
    for (size_t i = 0; i < UE_FORBIDDEN; i++) {
        struct ue_forbidden *f = &ue->forbidden[i];
        if (f->unbelieved == unbelieved && (unbelieved || !f->whole_plmn)) {
            *f = (struct ue_forbidden){.used = false};
        }
    }
}

static void try_if_wanted(struct step *s)
{
    if (s->ue->wanted) {
        attach_try(s);
    }
}

/* 5.3.7b: what was only said without protection is forgotten. */
void attach_t3247_elsewhere(struct step *s)
{
    forget_forbidden(s->ue, true);
}

void attach_t3247(struct step *s)
{
    attach_t3247_elsewhere(s);
    try_if_wanted(s);
}

void attach_areas_elsewhere(struct step *s)
{
    forget_forbidden(s->ue, false);
}

void attach_areas(struct step *s)
{
    attach_areas_elsewhere(s);
    try_if_wanted(s);
}
