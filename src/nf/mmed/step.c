#include "codec/s6a.h"
#include "nf/mmed/hss.h"
#include "nf/mmed/s1.h"
#include "nf/mmed/trust.h"

#include <stdlib.h>

#define TIMERS_PER_TURN 1000

/* ---- before a step --------------------------------------------------------------------------- */

/* An M-TMSI that nobody has, and not all ones (TS 23.003 2.4); 0, and told, if there is no
 * randomness: no GUTI is given out then. */
static uint32_t fresh_m_tmsi(struct mmed *m)
{
    uint32_t v = 0;
    do {
        if (m->crypto.random(m->crypto.ctx, (struct mbytes){(uint8_t *)&v, sizeof v}) != E_OK) {
            mmed_tell(m, NULL, REFUSAL_CRYPTO_FAILED, "no M-TMSI");
            return 0;
        }
    } while (v == 0 || v == UINT32_MAX || ue_table_by_m_tmsi(m->ues, v) != NULL);
    return v;
}

/* Each slot of the table has an address of its own, so none has to be kept track of. */
static void address_of(const struct mmed *m, const struct ue *ue, uint8_t out[static 4])
{
    const uint8_t *p = m->config->pool;
    uint32_t v = (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
    v += ue_slot(ue);
    for (int i = 0; i < 4; i++) {
        out[i] = (uint8_t)(v >> (24 - 8 * i));
    }
}

static void show_plain(void *ctx, bool uplink, struct bytes message)
{
    mmed_trace_nas(ctx, uplink, message);
}

static bool is_registered(enum emm_state s)
{
    return s == EMM_REGISTERED || s == EMM_IDLE || s == EMM_DETACHING;
}

static bool is_attaching(enum emm_state s)
{
    return s >= EMM_ONBOARDING && s <= EMM_ACCEPT;
}

/* ---- effects --------------------------------------------------------------------------------- */

static void supersede_others(struct mmed *m, struct ue *ue, const struct imsi *imsi)
{
    uint32_t id = ue->id;
    ue_table_set_imsi(m->ues, ue, imsi);
    struct ue *other = ue_table_by_imsi(m->ues, imsi);
    while (other != NULL) {
        struct ue *next = ue_table_next_by_imsi(other);
        if (other->id != id) {
            struct emm_event event = {.kind = EMM_SUPERSEDED};
            mmed_step_nested(m, other, &event);
        }
        other = next;
    }
}

/* The outcome by its name, and why: what a policy makes of it is the home network's. */
static void device(struct mmed *m, const struct emm_effect *e)
{
    static const char *const names[] = {[DEVID_PROVEN] = "device-proven",
                                        [DEVID_UNPROVEN] = "device-unproven",
                                        [DEVID_FAILED] = "device-failed",
                                        [DEVID_UNDETERMINED] = "device-undetermined"};
    enum devid_result result = e->proof.result;
    if (result < DEVID_PROVEN || result > DEVID_UNDETERMINED) {
        return;
    }
    m->counters.device_proven += result == DEVID_PROVEN;
    m->counters.device_unproven += result == DEVID_UNPROVEN;
    m->counters.device_failed += result == DEVID_FAILED;
    m->counters.device_undetermined += result == DEVID_UNDETERMINED;
    mmed_event(m, names[result], &e->who,
               result == DEVID_PROVEN ? NULL : devid_cause_name(e->proof.cause),
               e->proof.form != 0 ? binding_form_name(e->proof.form) : NULL);
}

/* An attach for provisioning ends with a refusal whatever happened; one of them is what it was for.
 */
static void provisioning_over(struct mmed *m, const struct emm_effect *e)
{
    bool done = e->refusal == REFUSAL_PROVISIONED;
    m->counters.provisioned += done;
    m->counters.provisionings_refused += !done;
    m->counters.nas_refused += !done;
    m->counters.attaches_refused += !done;
    m->counters.refusals[e->refusal]++;
    mmed_event(m, done ? "provisioned" : "provisioning-refused", &e->who,
               done ? NULL : refusal_row(e->refusal)->name, NULL);
}

/* So does one for a subscription. Who asks for one is nobody yet, so all of this can be brought
 * about at will, and is limited as refusals are. */
static void onboarding_over(struct mmed *m, const struct emm_effect *e)
{
    bool done = e->refusal == REFUSAL_ONBOARDED;
    m->counters.onboarded += done;
    m->counters.onboardings_refused += !done;
    m->counters.nas_refused += !done;
    m->counters.attaches_refused += !done;
    m->counters.refusals[e->refusal]++;
    mmed_event(m, done ? "onboarded" : "onboarding-refused", &e->who,
               done ? NULL : refusal_row(e->refusal)->name, NULL);
}

static void told(struct mmed *m, const struct emm_effect *e)
{
    if (e->refusal == REFUSAL_BINDING_FAILED || e->refusal == REFUSAL_RES_MISMATCH) {
        m->counters.binding_failures++;
    }
    if (e->provisioning && e->ends_attach) {
        provisioning_over(m, e);
        return;
    }
    if (e->onboarding && e->ends_attach) {
        onboarding_over(m, e);
        return;
    }
    m->counters.nas_refused++;
    m->counters.attaches_refused += e->ends_attach;
    mmed_tell(m, &e->who, e->refusal, NULL);
}

static void release(struct mmed *m, struct ue *ue, const struct emm_effect *e)
{
    static const enum s1ap_cause_nas causes[] = {
        [EMM_RELEASE_NORMAL] = S1AP_NAS_NORMAL_RELEASE,
        [EMM_RELEASE_AUTHENTICATION_FAILURE] = S1AP_NAS_AUTHENTICATION_FAILURE,
        [EMM_RELEASE_DETACH] = S1AP_NAS_DETACH,
    };
    if (ue->enb != 0) {
        s1_release(m->s1, ue, S1AP_CAUSE_OF(NAS, causes[e->release_cause]));
    }
}

static void reroute(struct mmed *m, struct ue *ue)
{
    if (ue->enb != 0 && ue->initial == NULL) { /* it was too long to keep */
        s1_release(m->s1, ue, S1AP_CAUSE_OF(NAS, S1AP_NAS_UNSPECIFIED));
    } else if (ue->enb != 0) {
        m->counters.rerouted++;
        s1_send_reroute(m->s1, ue);
    }
    ue_disconnect(m->ues, ue);
}

static void on_s1(struct mmed *m, struct ue *ue, const struct emm_effect *e)
{
    if (ue->enb == 0) {
        return;
    }
    if (e->kind == EMM_SEND) {
        s1_send_nas(m->s1, ue, e->pdu);
    } else {
        s1_send_setup(m->s1, ue, e);
    }
}

static void registered(struct mmed *m, struct ue *ue, const struct emm_effect *e)
{
    m->counters.attaches++;
    free(ue->initial);
    ue->initial = NULL;
    mmed_event(m, "registered", &e->who, NULL, NULL);
}

static void carry_out(struct mmed *m, struct ue *ue, const struct emm_effect *e)
{
    switch (e->kind) {
    case EMM_SEND:
    case EMM_SETUP:
        on_s1(m, ue, e);
        return;
    case EMM_RELEASE:
        release(m, ue, e);
        return;
    case EMM_REROUTE:
        reroute(m, ue);
        return;
    case EMM_ASK_VECTORS:
        hss_ask_vectors(m->hss, ue, e);
        return;
    case EMM_ASK_LOCATION:
        hss_ask_location(m->hss, ue, e);
        return;
    case EMM_ASK_EQUIPMENT:
        hss_ask_equipment(m->hss, ue, e);
        return;
    case EMM_ASK_ONBOARDING:
        hss_ask_onboarding(m->hss, ue, e);
        return;
    case EMM_REPORT_FAILURE:
        if (m->config->report_failures) {
            hss_report_failure(m->hss, e);
        }
        return;
    case EMM_PURGE:
        hss_purge(m->hss, &e->who);
        return;
    case EMM_TIMER_START:
        ue_timer_start(m->ues, ue, e->timer, m->now_ms + e->ms);
        return;
    case EMM_TIMER_STOP:
        ue_timer_stop(m->ues, ue, e->timer);
        return;
    case EMM_ASSIGN_GUTI:
        if (!ue_table_add_m_tmsi(m->ues, ue, e->m_tmsi)) {
            m->counters.s1_unsent++;
        }
        return;
    case EMM_DROP_GUTI:
        ue_table_drop_m_tmsi(m->ues, ue, e->m_tmsi);
        return;
    case EMM_AUTHENTICATED:
        m->counters.authentications++;
        supersede_others(m, ue, &e->who.imsi);
        return;
    case EMM_REGISTERED_NOW:
        registered(m, ue, e);
        return;
    case EMM_DEVICE:
        device(m, e);
        return;
    case EMM_TOLD:
        told(m, e);
        return;
    case EMM_FORGET:
        return; /* the caller's: nothing follows it */
    }
}

static bool carry_out_all(struct mmed *m, struct ue *ue, const struct emm_effects *fx)
{
    for (unsigned i = 0; i < fx->n; i++) {
        if (fx->e[i].kind == EMM_FORGET) {
            return false;
        }
        carry_out(m, ue, &fx->e[i]);
    }
    return true;
}

/* ---- how long attaches take ------------------------------------------------------------------ */

static enum mmed_attach_end end_of(const struct emm_effects *fx)
{
    for (unsigned i = 0; i < fx->n; i++) {
        if (fx->e[i].kind == EMM_REGISTERED_NOW) {
            return MMED_ATTACH_COMPLETE;
        }
        if (fx->e[i].kind == EMM_TOLD && fx->e[i].ends_attach) {
            return MMED_ATTACH_ENDED;
        }
    }
    return MMED_ATTACH_ABANDONED;
}

/* A device that asks anew in the middle of an attach goes on with the first one's time. */
static void attach_timed(struct mmed *m, struct ue *ue, bool under_way,
                         const struct emm_effects *fx)
{
    if (under_way && ue->began_ns == 0) {
        ue->began_ns = metrics_now_ns();
    } else if (!under_way && ue->began_ns != 0) {
        metrics_observe(&m->times.attaches[end_of(fx)], metrics_now_ns() - ue->began_ns);
        ue->began_ns = 0;
    }
}

/* ---- a step ---------------------------------------------------------------------------------- */

static void step(struct mmed *m, struct ue *ue, const struct emm_event *event,
                 struct mbytes scratch)
{
    struct emm_effects fx;
    struct emm_env env = {.config = &m->emm,
                          .crypto = &m->crypto,
                          .m_tmsi = fresh_m_tmsi(m),
                          .plain = m->trace != NULL && m->trace_secrets ? show_plain : NULL,
                          .plain_ctx = m,
                          .devid = trust_port(m->trust),
                          .unix_s = m->now_unix,
                          .scratch = scratch};
    enum emm_state was = emm_ue_state(ue->emm);
    address_of(m, ue, env.pdn_address);
    emm_step(ue->emm, &env, event, &fx);
    bool stays = carry_out_all(m, ue, &fx);
    enum emm_state is = stays ? emm_ue_state(ue->emm) : EMM_DEREGISTERED;
    m->attaching = m->attaching + is_attaching(is) - is_attaching(was);
    attach_timed(m, ue, is_attaching(is), &fx);
    m->counters.detaches += is_registered(was) && !stays && event->kind != EMM_SUPERSEDED;
    m->counters.service_requests += was == EMM_IDLE && is == EMM_REGISTERED;
    emm_effects_wipe(&fx);
    if (!stays) {
        ue_table_free(m->ues, ue);
    }
}

void mmed_step(struct mmed *m, struct ue *ue, const struct emm_event *event)
{
    step(m, ue, event, (struct mbytes){m->scratch, MMED_SCRATCH});
}

void mmed_step_nested(struct mmed *m, struct ue *ue, const struct emm_event *event)
{
    step(m, ue, event, (struct mbytes){m->scratch + MMED_SCRATCH, MMED_SCRATCH});
}

/* Not more at a time than others can wait for: all UEs of an eNB that was lost fall due together.
 */
void mmed_timers(struct mmed *m)
{
    enum emm_timer which;
    struct ue *ue;
    for (unsigned n = 0;
         n < TIMERS_PER_TURN && (ue = ue_timer_expired(m->ues, m->now_ms, &which)) != NULL; n++) {
        struct emm_event event = {.kind = EMM_TIMER, .timer = which};
        mmed_step(m, ue, &event);
    }
}
