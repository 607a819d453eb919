#include "codec/s6a.h"
#include "nf/mmed/emm_parts.h"

/* ---- by the UE ------------------------------------------------------------------------------- */

static void send_detach_accept(struct emm_run *r)
{
    struct nas_detach_accept m = {.header = {0}};
    emm_send_down(r, &nas_detach_accept_message, &m); /* a failure has ended the context */
}

/* Nothing vouches for the request: whoever sent it is answered, and whoever is registered stays
 * so. TS 24.301 5.5.2.2.2 would let it through; then anybody could detach anybody. */
static void detach_unverified(struct emm_run *r, bool switch_off)
{
    bool registered = r->ue->state == EMM_REGISTERED || r->ue->state == EMM_IDLE;
    emm_tell(r, REFUSAL_NAS_UNPROTECTED);
    if (!switch_off) {
        send_detach_accept(r);
    }
    if (registered) {
        emm_release(r, EMM_RELEASE_DETACH);
        emm_go_idle(r);
    } else {
        emm_leave(r);
    }
}

void emm_on_detach_request(struct emm_run *r)
{
    struct nas_detach_request_up m;
    if (!emm_parse(r, &nas_detach_request_up_message, &m)) {
        return;
    }
    bool switch_off = (m.detach_type & NAS_SWITCH_OFF) != 0;
    if (!r->verified) {
        detach_unverified(r, switch_off);
        return;
    }
    r->ue->secured = true;
    if (!switch_off) {
        send_detach_accept(r);
    }
    emm_release(r, EMM_RELEASE_DETACH);
    emm_leave(r);
}

/* ---- by the network -------------------------------------------------------------------------- */

static void send_detach_request(struct emm_run *r)
{
    struct nas_detach_request_down m = {.detach_type = r->ue->reattach ? NAS_REATTACH_REQUIRED
                                                                       : NAS_REATTACH_NOT_REQUIRED};
    emm_send_down(r, &nas_detach_request_down_message, &m);
}

/* The HSS no longer has us as the serving node, so nothing is purged there. Only a subscription
 * that is withdrawn is told to the UE (TS 23.401 5.3.8.4); otherwise it is elsewhere already. One
 * that is not connected is not paged: what it sends next finds nobody and makes it attach anew. */
void emm_cancel(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    ue->located = ue->located && r->event->by_operator;
    ue->reattach = r->event->reattach;
    if (r->event->cancellation_type == S6A_SUBSCRIPTION_WITHDRAWAL) {
        emm_withdraw(r);
    } else {
        emm_leave(r);
    }
}

void emm_withdraw(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    if (ue->state != EMM_REGISTERED || !ue->secured) {
        emm_leave(r);
        return;
    }
    ue->state = EMM_DETACHING;
    ue->sent = 1;
    emm_guard(r, r->env->config->t3422_ms);
    send_detach_request(r);
}

void emm_detach_again(struct emm_run *r)
{
    if (emm_once_more(r, r->env->config->t3422_ms)) {
        send_detach_request(r);
    }
}

void emm_on_detach_accept(struct emm_run *r)
{
    emm_release(r, EMM_RELEASE_DETACH);
    emm_leave(r);
}

/* ---- without a word -------------------------------------------------------------------------- */

void emm_superseded(struct emm_run *r)
{
    r->ue->located = false; /* the newer context is at the same HSS */
    emm_forget(r);
}

void emm_unreachable(struct emm_run *r)
{
    emm_leave(r);
}

void emm_lost_during_attach(struct emm_run *r)
{
    r->ue->connected = false;
    emm_leave(r);
}

void emm_go_idle(struct emm_run *r)
{
    const struct emm_config *c = r->env->config;
    uint32_t t3412_s = nas_timer_seconds(nas_timer_of(c->t3412_s)); /* as the UE was told it */
    struct emm_effect *e = emm_add(r, EMM_TIMER_START);
    r->ue->state = EMM_IDLE;
    r->ue->connected = r->ue->secured = r->ue->set_up = false;
    e->timer = EMM_TIMER_REACHABLE;
    e->ms = (t3412_s == NAS_TIMER_OFF ? c->t3412_s : t3412_s) * 1000U + c->implicit_detach_ms;
}

void emm_lost_registered(struct emm_run *r)
{
    emm_go_idle(r);
}
