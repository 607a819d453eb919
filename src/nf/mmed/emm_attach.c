#include "nf/mmed/emm_parts.h"

#include <string.h>

/* ---- refusing -------------------------------------------------------------------------------- */

void emm_leave(struct emm_run *r)
{
    if (r->ue->located) {
        emm_add(r, EMM_PURGE);
    }
    emm_forget(r);
}

static void reject(struct emm_run *r, enum refusal why, const struct nas_attach_reject *m)
{
    emm_tell_end(r, why);
    if (emm_send_down(r, &nas_attach_reject_message, m)) {
        emm_leave(r);
    }
}

void emm_reject_attach_as(struct emm_run *r, enum refusal why, uint8_t emm_cause, struct bytes esm)
{
    const struct nas_attach_reject m = {.emm_cause = emm_cause, .esm_message_container = esm};
    reject(r, why, &m);
}

void emm_reject_attach_with(struct emm_run *r, enum refusal why, struct bytes container)
{
    const struct nas_attach_reject m = {.emm_cause = refusal_row(why)->emm_cause,
                                        .bindery_container = container};
    reject(r, why, &m);
}

void emm_reject_attach(struct emm_run *r, enum refusal why)
{
    emm_reject_attach_as(r, why, refusal_row(why)->emm_cause, (struct bytes){NULL, 0});
}

void emm_attach_timeout(struct emm_run *r)
{
    emm_tell_end(r, REFUSAL_ATTACH_TIMEOUT);
    emm_leave(r);
}

bool emm_once_more_or(struct emm_run *r, uint32_t ms, enum refusal why)
{
    if (r->ue->sent > r->env->config->retransmissions) {
        emm_tell_end(r, why);
        emm_leave(r);
        return false;
    }
    r->ue->sent++;
    emm_guard(r, ms);
    return true;
}

bool emm_once_more(struct emm_run *r, uint32_t ms)
{
    return emm_once_more_or(r, ms, REFUSAL_ATTACH_TIMEOUT);
}

/* ---- identity -------------------------------------------------------------------------------- */

static void send_identity_request(struct emm_run *r)
{
    struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMSI};
    emm_send_down(r, &nas_identity_request_message, &m); /* a failure has ended the attach */
}

void emm_ask_identity(struct emm_run *r)
{
    r->ue->state = EMM_IDENTITY;
    r->ue->sent = 1;
    emm_guard(r, r->env->config->t3470_ms);
    send_identity_request(r);
}

void emm_identity_again(struct emm_run *r)
{
    if (emm_once_more(r, r->env->config->t3470_ms)) {
        send_identity_request(r);
    }
}

void emm_on_identity(struct emm_run *r)
{
    struct nas_identity_response m;
    struct nas_identity id;
    if (!emm_parse(r, &nas_identity_response_message, &m)) {
        return;
    }
    if (m.bindery_container.p != NULL) { /* the IMSI alone was asked for, before security */
        emm_tell(r, emm_unasked(m.bindery_container));
        return;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    if (nas_identity_parse(m.identity, &id) != E_OK || id.type != NAS_IDENTITY_IMSI) {
        emm_reject_attach(r, REFUSAL_IDENTITY_MISSING);
        return;
    }
    if (!r->ue->who.has_imsi || !imsi_eq(&r->ue->who.imsi, &id.imsi)) {
        emm_drop_vectors(r->ue);
    }
    r->ue->who.has_imsi = true;
    r->ue->who.imsi = id.imsi;
    emm_authenticate(r);
}

/* ---- ATTACH REQUEST -------------------------------------------------------------------------- */

static void keep(struct bytes in, uint8_t *out, size_t cap, uint8_t *n)
{
    *n = in.p != NULL && in.n <= cap ? (uint8_t)in.n : 0;
    if (*n > 0) {
        memcpy(out, in.p, *n);
    }
}

bool emm_serves_type(uint8_t attach_type)
{
    return attach_type != NAS_EMERGENCY_ATTACH && attach_type != NAS_RLOS_ATTACH &&
           attach_type != NAS_PROVISIONING_ATTACH;
}

/* What the rest of the attach needs of the message, whoever sent it. */
enum err emm_take_attach_request(struct emm_run *r, const struct nas_attach_request *m)
{
    struct emm_ue *ue = r->ue;
    ue->attach_type = m->attach_type & 7U;
    ue->claimed_ksi = m->ksi & 7U;
    keep(m->ue_network_capability, ue->capability, sizeof ue->capability, &ue->capability_n);
    keep(m->ms_network_capability, ue->ms_capability, sizeof ue->ms_capability,
         &ue->ms_capability_n);
    return emm_esm_request(r, m->esm_message_container);
}

/* The claim of a message that nothing vouches for yet. */
static void take_identity(struct emm_run *r, const struct nas_eps_identity *id)
{
    struct emm_who *who = &r->ue->who;
    const struct emm_ue *old = r->event->kind == EMM_INITIAL ? r->event->old : NULL;
    bool same =
        r->verified &&
        (id->type == NAS_EPS_IDENTITY_GUTI ||
         (id->type == NAS_EPS_IDENTITY_IMSI && who->has_imsi && imsi_eq(&who->imsi, &id->imsi)));
    if (same) {
        return;
    }
    r->verified = false;
    wipe(&r->ue->security, sizeof r->ue->security); /* another one's keys vouch for nothing here */
    r->ue->has_security = false;
    *who = (struct emm_who){0};
    if (id->type == NAS_EPS_IDENTITY_IMSI) {
        who->has_imsi = true;
        who->imsi = id->imsi;
    } else if (id->type == NAS_EPS_IDENTITY_GUTI && old != NULL && old->who.has_imsi) {
        who->has_imsi = true;
        who->imsi = old->who.imsi;
        r->ue->by_guti = true;
    }
}

static void proceed(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    ue->attach_protected = r->verified;
    const struct emm_config *c = r->env->config;
    /* who is to go elsewhere, owes a proof, or is to be provisioned is told by the HSS together
     * with vectors */
    bool reuse = r->verified && c->reuse_security && !c->reroute && !c->devid && !c->kme;
    if (reuse && !nassec_wants_aka(&ue->security)) {
        ue->secured = true;
        ue->kenb_count = r->count;
        emm_add(r, EMM_AUTHENTICATED);
        emm_after_security(r);
    } else if (ue->who.has_imsi) {
        emm_authenticate(r);
    } else {
        emm_ask_identity(r);
    }
}

static void malformed(struct emm_run *r, enum err err)
{
    uint8_t cause = nas_cause_of(err);
    emm_reject_attach_as(r, REFUSAL_NAS_MALFORMED,
                         cause != 0 ? cause : EMM_CAUSE_INVALID_MANDATORY_INFORMATION,
                         (struct bytes){NULL, 0});
}

/*= op-eir-emergency */
/* An emergency attach goes to who can serve it, at once: nobody is asked about subscription or
 * equipment before (TS 23.401 5.3.2.1). */
static void elsewhere(struct emm_run *r)
{
    if (r->env->config->reroute) {
        emm_reroute(r);
    } else {
        emm_reject_attach(r, REFUSAL_NO_SERVICE_HERE);
    }
}

void emm_on_attach_request(struct emm_run *r)
{
    struct nas_attach_request m;
    struct nas_eps_identity id;
    enum err err = nas_parse(&nas_attach_request_message, r->plain, &m, &r->fault);
    if (err == E_OK) {
        err = nas_eps_identity_parse(m.identity, &id) == E_OK ? E_OK : E_MISSING;
    }
    if (err == E_OK) {
        err = nassec_hash_mme(r->env->crypto, r->plain, r->ue->attach_hash);
    }
    bool onboards = err == E_OK && (m.attach_type & 7U) == NAS_PROVISIONING_ATTACH;
    if (err == E_OK && !onboards) { /* who onboards is asked for no bearer */
        err = emm_take_attach_request(r, &m);
    }
    if (err != E_OK) {
        malformed(r, err);
        return;
    }
    if (onboards) {
        emm_onboard(r, &m, &id);
        return;
    }
    if (!emm_serves_type(r->ue->attach_type)) {
        elsewhere(r);
        return;
    }
    struct emm_effect *guard = emm_add(r, EMM_TIMER_START);
    guard->timer = EMM_TIMER_ATTACH;
    guard->ms = r->env->config->attach_ms;
    take_identity(r, &id);
    proceed(r);
}

/* The UE begins anew on a connection that stands: what was there is dropped (TS 24.301 5.5.1.2.7 d,
 * f). Once registered only its own request gets here: secure exchange is established. */
void emm_attach_request_anew(struct emm_run *r)
{
    struct emm_where where = r->ue->where;
    if (r->ue->who.has_guti) {
        emm_add(r, EMM_DROP_GUTI)->m_tmsi = r->ue->who.m_tmsi;
    }
    if (r->ue->has_old) {
        emm_add(r, EMM_DROP_GUTI)->m_tmsi = r->ue->old_m_tmsi;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    emm_ue_wipe(r->ue);
    r->ue->where = where;
    r->ue->connected = true;
    r->verified = false;
    emm_on_attach_request(r);
}

/* TS 24.301 5.5.1.2.7 d, e: the same request again goes on where it was, another begins anew. */
void emm_attach_request_repeated(struct emm_run *r)
{
    uint8_t hash[NASSEC_HASH_MME_LEN];
    if (nassec_hash_mme(r->env->crypto, r->plain, hash) != E_OK) {
        emm_tell(r, REFUSAL_CRYPTO_FAILED);
        return;
    }
    bool same = bytes_eq(BYTES_OF(hash), BYTES_OF(r->ue->attach_hash));
    if (!same) {
        emm_attach_request_anew(r);
    } else if (r->ue->state == EMM_ACCEPT) {
        emm_accept_again(r);
    }
}
