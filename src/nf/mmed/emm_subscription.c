/* nf/mmed/emm_subscription.c - a subscription that changes while it is served (TS 29.272 5.2.2),
 * and a registration that the home network may have forgotten (5.2.3). */
#include "codec/s6a.h"
#include "nf/mmed/emm_parts.h"

#include <string.h>

bool emm_ue_is_located(const struct emm_ue *ue)
{
    return ue->located;
}

bool emm_ue_reset(struct emm_ue *ue)
{
    ue->unconfirmed = ue->located;
    return ue->located;
}

/* ---- what is kept ---------------------------------------------------------------------------- */

static bool is_withdrawn(const struct emm_change *c, uint32_t context)
{
    for (size_t i = 0; i < c->n_withdrawn; i++) {
        if (c->withdrawn[i] == context) {
            return true;
        }
    }
    return false;
}

static void keep_unless_withdrawn(struct emm_subscription *s, const struct emm_change *c)
{
    uint8_t n = 0;
    for (uint8_t i = 0; i < s->n_apns; i++) {
        if (!is_withdrawn(c, s->apns[i].context)) {
            s->apns[n++] = s->apns[i];
        }
    }
    s->n_apns = n;
}

/* The first of them stays the default one. */
static void put_apn(struct emm_subscription *s, const struct emm_apn *apn)
{
    uint8_t at = 0;
    while (at < s->n_apns && s->apns[at].context != apn->context) {
        at++;
    }
    if (at < EMM_APNS_MAX) {
        s->apns[at] = *apn;
        s->n_apns = at == s->n_apns ? (uint8_t)(at + 1) : s->n_apns;
    }
}

static void apply(struct emm_subscription *s, const struct emm_change *c)
{
    if (c->has_ambr) {
        s->ambr_ul = c->ambr_ul;
        s->ambr_dl = c->ambr_dl;
    }
    if (c->has_apns && c->all_apns) {
        s->n_apns = 0;
    }
    for (uint8_t i = 0; c->has_apns && i < c->n_apns; i++) {
        put_apn(s, &c->apns[i]);
    }
    keep_unless_withdrawn(s, c);
}

static bool same_name(const struct emm_apn *a, const struct emm_apn *b)
{
    return a->n == b->n && memcmp(a->encoded, b->encoded, a->n) == 0;
}

/* TS 23.401 5.3.9.2: without the APN that its bearer is for, the UE has to attach anew. While it is
 * still to choose, all are there to choose from. */
static void take(struct emm_run *r, const struct emm_subscription *next)
{
    struct emm_ue *ue = r->ue;
    const struct emm_apn was = ue->subscription.apns[ue->esm.chosen];
    ue->subscription = *next;
    for (uint8_t i = 0; i < next->n_apns; i++) {
        if (same_name(&next->apns[i], &was)) {
            ue->esm.chosen = i;
            return;
        }
    }
    ue->esm.chosen = 0;
    if (ue->state != EMM_ESM_INFORMATION || next->n_apns == 0) {
        ue->reattach = true;
        emm_withdraw(r);
    }
}

/*= op-mme-answers */
void emm_on_changed(struct emm_run *r)
{
    struct emm_subscription next = r->ue->subscription;
    apply(&next, r->event->change);
    take(r, &next);
}

/* ---- what may be forgotten ------------------------------------------------------------------- */

/*= op-mme-answers */
void emm_confirm(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    if (!ue->unconfirmed || !ue->located) {
        return;
    }
    ue->unconfirmed = false;
    ue->confirming = true;
    struct emm_effect *e = emm_add(r, EMM_ASK_LOCATION);
    e->proof = ue->outcome;
    e->restores = true;
}

/* The home network says for good that there is no service. */
static bool is_final(enum refusal why)
{
    return why == REFUSAL_UNKNOWN_SUBSCRIBER || why == REFUSAL_ROAMING_NOT_ALLOWED ||
           why == REFUSAL_UNKNOWN_EPS_SUBSCRIPTION || why == REFUSAL_RAT_NOT_ALLOWED ||
           why == REFUSAL_EQUIPMENT_UNKNOWN;
}

void emm_on_confirmed(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    const struct emm_ula *a = r->event->ula;
    enum refusal why = emm_hss_refusal(a->code, a->experimental);
    if (!ue->confirming) {
        return;
    }
    ue->confirming = false;
    if (why == REFUSAL_NONE && !a->barred) {
        if (a->subscription.n_apns > 0) {
            take(r, &a->subscription);
        }
        return;
    }
    why = why == REFUSAL_NONE ? REFUSAL_BARRED : why;
    emm_tell(r, why);
    if (why == REFUSAL_BARRED || is_final(why)) {
        ue->located = why == REFUSAL_BARRED;
        ue->reattach = false;
        emm_withdraw(r);
    } else {
        ue->unconfirmed = true; /* an outage: at the next contact again */
    }
}
