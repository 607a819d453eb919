#include "codec/s6a.h"
#include "nf/mmed/emm_parts.h"

#include <string.h>

static struct binding_vector *current(struct emm_ue *ue)
{
    return &ue->vectors[ue->next_vector - 1];
}

void emm_drop_vectors(struct emm_ue *ue)
{
    wipe(ue->vectors, sizeof ue->vectors);
    ue->n_vectors = ue->next_vector = 0;
}

/* ---- vectors --------------------------------------------------------------------------------- */

void emm_ask_vectors(struct emm_run *r)
{
    r->ue->state = EMM_VECTORS;
    emm_add(r, EMM_ASK_VECTORS)->vectors = r->env->config->vectors;
}

static void send_challenge(struct emm_run *r)
{
    const struct binding_vector *v = current(r->ue);
    struct nas_authentication_request m = {
        .ksi = r->ue->ksi, .rand = BYTES_OF(v->rand), .autn = BYTES_OF(v->autn.b)};
    emm_send_down(r, &nas_authentication_request_message, &m); /* a failure ended the attach */
}

/* Another one than the context's in use, here and, as far as it says so, in the UE. */
static uint8_t next_ksi(const struct emm_ue *ue)
{
    uint8_t ksi = ue->has_security ? (uint8_t)((ue->security.agreed.ksi + 1) % NAS_KSI_NONE) : 0;
    return ksi == ue->claimed_ksi ? (uint8_t)((ksi + 1) % NAS_KSI_NONE) : ksi;
}

/* TS 24.301 5.4.2.2. */
static void challenge(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    ue->next_vector++;
    ue->ksi = next_ksi(ue);
    ue->state = EMM_AUTHENTICATION;
    ue->sent = 1;
    emm_guard(r, r->env->config->t3460_ms);
    send_challenge(r);
}

void emm_authenticate(struct emm_run *r)
{
    if (r->ue->next_vector < r->ue->n_vectors) {
        challenge(r);
    } else {
        emm_ask_vectors(r);
    }
}

void emm_challenge_again(struct emm_run *r)
{
    if (emm_once_more(r, r->env->config->t3460_ms)) {
        send_challenge(r);
    }
}

static bool may_prove(const struct emm_run *r)
{
    return r->env->config->devid && r->env->devid != NULL;
}

void emm_reroute(struct emm_run *r)
{
    emm_add(r, EMM_REROUTE);
    r->ue->connected = false; /* the eNB takes the connection elsewhere */
    emm_forget(r);
}

/* Those who need no provisioning and owe no proof are the ordinary MME's, and know nothing of this
 * one. A proof that is remembered is not owed. */
static bool rerouted(struct emm_run *r, const struct emm_aia *a)
{
    if (!r->env->config->reroute || r->ue->provisioning ||
        (may_prove(r) && a->proof_control == S6A_PROOF_WANTED)) {
        return false;
    }
    emm_reroute(r);
    return true;
}

void emm_on_aia(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    const struct emm_aia *a = r->event->aia;
    enum refusal why = emm_hss_refusal(a->code, a->experimental);
    if (why == REFUSAL_NONE && (a->n == 0 || a->n > EMM_VECTORS_MAX)) {
        why = REFUSAL_NO_VECTORS;
    }
    if (why == REFUSAL_NONE) {
        why = emm_take_offer(r->env->config, a, ue);
    }
    if (why != REFUSAL_NONE) {
        emm_reject_attach(r, why);
        return;
    }
    if (rerouted(r, a)) {
        return;
    }
    ue->proof_wanted =
        may_prove(r) && !ue->provisioning && /* whose payload is signed: that is as good */
        (a->proof_control == S6A_PROOF_WANTED || a->proof_control == S6A_PROOF_REMEMBERED);
    emm_drop_vectors(ue);
    memcpy(ue->vectors, a->vectors, a->n * sizeof a->vectors[0]);
    ue->n_vectors = (uint8_t)a->n;
    challenge(r);
}

/* ---- the UE's answer ------------------------------------------------------------------------- */

static void report(struct emm_run *r, enum s6a_binding_failure_cause cause)
{
    struct emm_effect *e = emm_add(r, EMM_REPORT_FAILURE);
    e->failure_cause = (uint8_t)cause;
    e->failure_count = 1;
}

/* TS 24.301 5.4.2.5: a GUTI may have led to the wrong IMSI, so the UE is asked once, and the home
 * network of an IMSI that nobody has claimed hears nothing. */
static void failed(struct emm_run *r, enum refusal why, enum s6a_binding_failure_cause cause)
{
    struct nas_authentication_reject m = {.header = {0}};
    emm_stop(r, EMM_TIMER_PROCEDURE);
    if (r->ue->by_guti) {
        emm_tell(r, why);
        r->ue->by_guti = false;
        emm_drop_vectors(r->ue);
        emm_ask_identity(r);
        return;
    }
    report(r, cause);
    emm_tell_end(r, why);
    if (emm_send_down(r, &nas_authentication_reject_message, &m)) {
        emm_release(r, EMM_RELEASE_AUTHENTICATION_FAILURE);
        emm_leave(r);
    }
}

void emm_on_res(struct emm_run *r)
{
    struct nas_authentication_response m;
    const struct binding_vector *v = current(r->ue);
    if (!emm_parse(r, &nas_authentication_response_message, &m)) {
        return;
    }
    if (!crypto_ct_eq(m.res, (struct bytes){v->xres.b, v->xres.n})) {
        failed(r, REFUSAL_RES_MISMATCH, S6A_FAILURE_RES);
        return;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    r->ue->who.authenticated = true;
    r->ue->by_guti = false;
    emm_add(r, EMM_AUTHENTICATED);
    emm_command_security(r);
}

static void resynchronise(struct emm_run *r, struct bytes auts)
{
    struct emm_ue *ue = r->ue;
    struct auts in;
    uint8_t rand[16];
    emm_stop(r, EMM_TIMER_PROCEDURE);
    if (auts.p == NULL || auts.n != sizeof in.b || ue->resyncs >= r->env->config->resyncs) {
        emm_reject_attach(r, REFUSAL_SYNC_LOOP);
        return;
    }
    memcpy(in.b, auts.p, sizeof in.b);
    memcpy(rand, current(ue)->rand, sizeof rand);
    ue->resyncs++;
    emm_drop_vectors(ue);
    emm_ask_vectors(r);
    struct emm_effect *e = &r->out->e[r->out->n - 1];
    e->has_resync = true;
    memcpy(e->resync_rand, rand, sizeof rand);
    e->auts = in;
}

void emm_on_authentication_failure(struct emm_run *r)
{
    struct nas_authentication_failure m;
    if (!emm_parse(r, &nas_authentication_failure_message, &m)) {
        return;
    }
    switch (m.emm_cause) {
    case EMM_CAUSE_SYNCH_FAILURE:
        resynchronise(r, m.auts);
        return;
    case EMM_CAUSE_NON_EPS_AUTHENTICATION_UNACCEPTABLE:
        emm_stop(r, EMM_TIMER_PROCEDURE);
        emm_reject_attach(r, REFUSAL_SEPARATION_BIT);
        return;
    default: /* #20, and whatever a UE may think of */
        failed(r, REFUSAL_BINDING_FAILED, S6A_FAILURE_MAC);
        return;
    }
}
