/* nf/mmed/emm_onboard.c - credential provisioning in the attach procedure (proc/certattach.h): what
 * of the five steps of TR 33.899 5.12.4.Z happens at an MME, by their numbers. Steps 2 and 3 are
 * the home network's, and step 5 is the device's. Such an attach ends with a refusal, always:
 * nobody is authenticated in it and nobody is registered, so there is neither a vector nor a GUTI
 * nor a bearer. Both containers go on as they came: who made them answers for what they say. */
#include "codec/nas_container.h"
#include "nf/mmed/emm_parts.h"

/* A device waits 15 s (T3410, TS 24.301 table 10.2.1) and then begins anew. */
#define WAIT_MS 14000U

/* ---- step 1: ATTACH REQUEST with the request, and on to the home network --------------------- */

static bool is_request(struct bytes container)
{
    struct nas_provisioning_request request;
    return container.p != NULL &&
           nas_container_parse(&nas_provisioning_request_container, container, &request) == E_OK;
}

/*= certattach-not-offered */
static enum refusal check(const struct emm_run *r, const struct nas_attach_request *m,
                          const struct nas_eps_identity *id)
{
    if (!r->env->config->onboarding) {
        return REFUSAL_ONBOARDING_NOT_OFFERED;
    }
    bool whole = id->type == NAS_EPS_IDENTITY_IMEI && is_request(m->bindery_container);
    return whole ? REFUSAL_NONE : REFUSAL_ONBOARDING_UNREADABLE;
}

/*= certattach-no-vector */
/* Whoever it was before, here it is a device that says it has no subscription. */
static void begin(struct emm_run *r, const struct nas_eps_identity *id)
{
    struct emm_ue *ue = r->ue;
    ue->attach_type = NAS_PROVISIONING_ATTACH;
    ue->onboarding = true;
    wipe(&ue->security, sizeof ue->security);
    ue->has_security = ue->secured = false;
    ue->who = (struct emm_who){.has_imei = id->type == NAS_EPS_IDENTITY_IMEI};
    if (ue->who.has_imei) {
        ue->who.imei.imei = id->imei;
    }
}

void emm_onboard(struct emm_run *r, const struct nas_attach_request *m,
                 const struct nas_eps_identity *id)
{
    const struct emm_config *c = r->env->config;
    enum refusal why = check(r, m, id);
    begin(r, id);
    if (why != REFUSAL_NONE) {
        emm_reject_attach(r, why);
        return;
    }
    struct emm_effect *guard = emm_add(r, EMM_TIMER_START);
    guard->timer = EMM_TIMER_ATTACH;
    guard->ms = c->attach_ms < WAIT_MS ? c->attach_ms : WAIT_MS;
    r->ue->state = EMM_ONBOARDING;
    emm_add(r, EMM_ASK_ONBOARDING)->request = m->bindery_container;
}

/* ---- step 4: ATTACH REJECT with the result --------------------------------------------------- */

/*= certattach-one-refusal */
/* Why a device was given nothing, the home network tells nobody. */
static enum refusal outcome(const struct emm_eca *a)
{
    enum refusal why = emm_hss_refusal(a->code, a->experimental);
    if (why == REFUSAL_HSS_SILENT) {
        return why;
    }
    return why == REFUSAL_NONE && a->result.p != NULL ? REFUSAL_ONBOARDED
                                                      : REFUSAL_ONBOARDING_REFUSED;
}

/*= certattach-4 */
void emm_on_onboarded(struct emm_run *r)
{
    const struct emm_eca *a = r->event->eca;
    enum refusal why = outcome(a);
    if (why == REFUSAL_ONBOARDED) {
        emm_reject_attach_with(r, why, a->result);
    } else {
        emm_reject_attach(r, why);
    }
}

void emm_onboarding_timeout(struct emm_run *r)
{
    emm_reject_attach(r, REFUSAL_HSS_SILENT);
}
