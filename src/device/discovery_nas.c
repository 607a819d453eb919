/* Attaches of a device that has a dIMSI (TR 33.899 5.5.4.x, steps 3, 6 and 7): as any attach of
 * TS 24.301 5.5.1.2 up to the security mode, but the challenge goes to the secure element, which
 * stores the IMSI that it brings. Once that has happened any end is the good one. Before, every end
 * is an attempt that failed, and none is the last. No service comes of it in any case. */
#include "codec/nas.h"
#include "device/ue.h"
#include <string.h>

#define AMF_SEPARATION 0x80 /* of AUTN's octet 7 (TS 33.401 6.1.1) */
#define AUTN_AMF_AT    6

static void tell(struct step *s, enum bindery_ue_discovery_outcome o)
{
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_DISCOVERY);
    e->discovery = o;
    e->cause = bindery_ue_discovery_emm_cause(o);
    e->secured = s->secured;
    if (e->cause == 0) {
        e->imsi_n = s->ue->found.n;
        memcpy(e->imsi, s->ue->found.digits, sizeof e->imsi);
    }
}

/* What the secure element said, as this machine has it. False: it is not to be used. */
static bool take(const struct bindery_ue_usim_answer *in, const char *imsi, uint8_t imsi_n,
                 struct usim_answer *out, struct imsi *found)
{
    const struct bytes digits = {(const uint8_t *)imsi, imsi_n};
    if (in->res_n < 4 || in->res_n > sizeof in->res || imsi_n > IMSI_DIGITS_MAX ||
        imsi_parse(digits, found) != E_OK) {
        return false;
    }
    out->res.n = in->res_n;
    memcpy(out->res.b, in->res, sizeof out->res.b);
    memcpy(out->ck.b, in->ck, sizeof out->ck.b);
    memcpy(out->ik.b, in->ik, sizeof out->ik.b);
    return true;
}

static enum bindery_ue_discovery_outcome
ask(struct ue *ue, const struct nas_authentication_request *m, struct usim_answer *out)
{
    const struct bindery_ue_discovery *d = ue->host.discovery;
    struct bindery_ue_usim_answer a;
    char imsi[IMSI_DIGITS_MAX] = {0};
    uint8_t imsi_n = 0;
    struct imsi found;
    memset(&a, 0, sizeof a);
    enum bindery_ue_discovery_outcome o =
        d->challenge(d->ctx, m->rand.p, m->autn.p, &a, imsi, &imsi_n);
    if (o == BINDERY_UE_DISCOVERY_INSTALLED || o == BINDERY_UE_DISCOVERY_REPEATED) {
        if (take(&a, imsi, imsi_n, out, &found)) {
            ue->found = found;
        } else {
            o = BINDERY_UE_DISCOVERY_BROKEN;
        }
    }
    wipe(&a, sizeof a);
    return o;
}

/* The equipment's own check (TS 33.401 6.1.1): the secure element knows nothing of it. */
static void refuse_without_separation(struct step *s)
{
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_AUTHENTICATION);
    e->outcome = BINDERY_UE_NO_SEPARATION_BIT;
    e->cause = EMM_CAUSE_NON_EPS_AUTHENTICATION_UNACCEPTABLE;
    e->secured = s->secured;
    security_challenge_failed(s, e->cause, NULL);
}

/*= dimsi-7-integrity dimsi-7-replace dimsi-durable */
void discovery_challenge(struct step *s, const struct nas_authentication_request *m)
{
    struct usim_answer a;
    if ((m->autn.p[AUTN_AMF_AT] & AMF_SEPARATION) == 0) {
        refuse_without_separation(s);
        return;
    }
    memset(&a, 0, sizeof a);
    const enum bindery_ue_discovery_outcome o = ask(s->ue, m, &a);
    const uint8_t cause = bindery_ue_discovery_emm_cause(o);
    if (o == BINDERY_UE_DISCOVERY_NOT_STORED) {
        (void)ue_event(s, BINDERY_UE_EVENT_STORE_FAILED); /* nothing leaves: it comes again */
    } else if (o == BINDERY_UE_DISCOVERY_BROKEN) {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
    } else if (cause != 0) {
        tell(s, o);
        security_challenge_failed(s, cause, NULL);
    } else {
        tell(s, o);
        security_answer(s, m, &a);
    }
    wipe(&a, sizeof a);
}

/*= dimsi-8 */
bool discovery_over(struct step *s)
{
    struct ue *ue = s->ue;
    if (!ue_discovers(ue) || ue->found.n == 0) {
        return false;
    }
    ue->at_end = true;
    ue->wanted = false;
    ue->again = false;
    ue->state = BINDERY_UE_STATE_DEREGISTERED;
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_DISCOVERED);
    e->imsi_n = ue->found.n;
    memcpy(e->imsi, ue->found.digits, sizeof e->imsi);
    return true;
}
