#include "nf/mmed/s1_parts.h"

#include <stdlib.h>
#include <string.h>

#define T3346_SPREAD                                                                               \
    4u /* congestion lasts T3346 and up to a quarter more, so not all come back at once */

#define REROUTED_MAX (MMED_OUT_MAX - 64u) /* what is longer would not fit the REROUTE around it */

/* ---- INITIAL UE MESSAGE ---------------------------------------------------------------------- */

static bool area_is_ours(const struct s1_run *r, const struct s1ap_tai *tai)
{
    for (unsigned i = 0; i < r->enb->n_tas; i++) {
        if (r->enb->tas[i].tac == tai->tac && r->enb->tas[i].ours) {
            return s1_serves(r->m->config, &tai->plmn, tai->tac);
        }
    }
    return false;
}

static uint16_t next_stream(struct s1_run *r)
{
    uint16_t in = 0, out = 0;
    assoc_streams(r->a, &in, &out);
    if (out < 2) {
        return 0;
    }
    r->enb->next_stream = (uint16_t)(1 + r->enb->next_stream % (out - 1)); /* 0: common messages */
    return r->enb->next_stream;
}

/* #22, from the cheapest place there is: no context, no key, no HSS. */
static void turn_away(struct s1_run *r, const struct s1ap_initial_ue_message *q)
{
    uint8_t nas[64];
    size_t n = 0;
    uint32_t t3346 = r->m->config->t3346_s;
    struct s1ap_pdu pdu = {.type = S1AP_DOWNLINK_NAS_TRANSPORT};
    struct s1ap_pdu release = {.type = S1AP_UE_CONTEXT_RELEASE_COMMAND};
    const uint32_t nobody = ue_table_nobody(r->m->ues);
    t3346 += q->enb_ue_s1ap_id % (t3346 / T3346_SPREAD + 1);
    r->m->counters.turned_away++;
    mmed_tell(r->m, NULL, REFUSAL_CONGESTION, r->enb->name);
    if (emm_turn_away(q->nas_pdu, refusal_row(REFUSAL_CONGESTION)->emm_cause, t3346, MBYTES_OF(nas),
                      &n) == E_OK) {
        pdu.u.downlink_nas_transport = (struct s1ap_downlink_nas_transport){
            .mme_ue_s1ap_id = nobody, .enb_ue_s1ap_id = q->enb_ue_s1ap_id, .nas_pdu = {nas, n}};
        s1_send(r->s, r->a, r->stream, &pdu);
    }
    release.u.ue_context_release_command = (struct s1ap_ue_context_release_command){
        .ue_ids = {.kind = S1AP_UE_IDS_PAIR,
                   .mme_ue_s1ap_id = nobody,
                   .enb_ue_s1ap_id = q->enb_ue_s1ap_id},
        .has_cause = true,
        .cause = S1AP_CAUSE_OF(MISC, S1AP_MISC_CONTROL_PROCESSING_OVERLOAD)};
    s1_send(r->s, r->a, r->stream, &release);
}

/* The UE that a GUTI or an S-TMSI of ours names. */
static struct ue *named(struct s1_run *r, const struct s1ap_initial_ue_message *q,
                        const struct emm_claim *claim)
{
    const struct mmed_config *c = r->m->config;
    if (claim->kind == EMM_CLAIM_GUTI) {
        bool ours = plmn_eq(&claim->guti.plmn, &c->plmn) &&
                    claim->guti.mme_group_id == c->group_id && claim->guti.mme_code == c->code;
        return ours ? ue_table_by_m_tmsi(r->m->ues, claim->guti.m_tmsi) : NULL;
    }
    if (q->has_s_tmsi && q->s_tmsi.mmec == c->code) {
        return ue_table_by_m_tmsi(r->m->ues, q->s_tmsi.m_tmsi);
    }
    return NULL;
}

/* A UE that comes anew on a connection while it has another has lost that one. */
static void drop_connection(struct s1 *s, struct ue *ue)
{
    if (ue->enb != 0) {
        s1_release(s, ue, S1AP_CAUSE_OF(NAS, S1AP_NAS_UNSPECIFIED));
    }
}

static void keep_initial(struct s1_run *r, struct ue *ue)
{
    if (!r->m->config->reroute || r->octets.n == 0 || r->octets.n > REROUTED_MAX) {
        return;
    }
    free(ue->initial);
    ue->initial = malloc(r->octets.n);
    ue->initial_n = ue->initial != NULL ? r->octets.n : 0;
    if (ue->initial != NULL) {
        memcpy(ue->initial, r->octets.p, r->octets.n);
    }
}

static void begin(struct s1_run *r, const struct s1ap_initial_ue_message *q, struct ue *ue,
                  struct ue *old)
{
    struct emm_where where = {.plmn = q->tai.plmn, .tac = q->tai.tac};
    struct emm_event event = {.kind = EMM_INITIAL, .pdu = q->nas_pdu, .where = &where};
    where.cell = q->has_eutran_cgi ? q->eutran_cgi.cell_identity : 0;
    event.old = old != NULL ? old->emm : NULL;
    ue_connect(r->m->ues, ue, &r->enb->ues, r->enb->handle, q->enb_ue_s1ap_id, next_stream(r));
    keep_initial(r, ue);
    mmed_step(r->m, ue, &event);
}

/* No room for one attach more, in the table, among those under way, or among the questions to home
 * networks that wait? */
static bool crowded(const struct mmed *m)
{
    return ue_table_count(m->ues) >= ue_table_max(m->ues) ||
           m->attaching >= m->config->limits.attaching || !hss_has_room(m->hss);
}

static bool vouches(struct s1_run *r, const struct ue *ue, struct bytes pdu)
{
    return emm_vouches(ue->emm, &r->m->crypto, pdu, (struct mbytes){r->m->scratch, EMM_PDU_MAX});
}

static void route(struct s1_run *r, const struct s1ap_initial_ue_message *q)
{
    struct emm_claim claim;
    emm_claim(q->nas_pdu, &claim);
    struct ue *known = named(r, q, &claim);
    if (known != NULL && !claim.attach && vouches(r, known, q->nas_pdu)) {
        drop_connection(r->s, known);
        begin(r, q, known, NULL);
        return;
    }
    struct ue *ue = crowded(r->m) ? NULL : ue_table_new(r->m->ues);
    if (ue == NULL) {
        turn_away(r, q);
        return;
    }
    begin(r, q, ue, known);
}

void s1_on_initial(struct s1_run *r)
{
    const struct s1ap_initial_ue_message *q = &r->pdu->u.initial_ue_message;
    r->m->counters.initial_messages++;
    if (!area_is_ours(r, &q->tai)) {
        s1_refuse_ids(r, REFUSAL_ENB_PLMN, S1AP_CAUSE_OF(MISC, S1AP_MISC_UNKNOWN_PLMN), NULL,
                      &q->enb_ue_s1ap_id);
        return;
    }
    struct ue *same = ue_table_by_enb(r->m->ues, r->enb->handle, q->enb_ue_s1ap_id);
    if (same != NULL) { /* the eNB uses the id anew: it has forgotten the connection */
        s1_lose_ue(r->s, same);
    }
    route(r, q);
}

/* ---- on a connection ------------------------------------------------------------------------- */

/* The UE of both ids, if the connection is this eNB's; else ERROR INDICATION, and a name. */
static struct ue *ue_of(struct s1_run *r, uint32_t mme_id, uint32_t enb_id)
{
    struct ue *ue = ue_table_find(r->m->ues, mme_id);
    if (ue == NULL || ue->enb == 0) {
        s1_refuse_ids(r, REFUSAL_S1_UNKNOWN_ID,
                      S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID), &mme_id,
                      &enb_id);
        return NULL;
    }
    if (ue->enb != r->enb->handle) {
        s1_refuse_ids(r, REFUSAL_S1_FOREIGN_ID,
                      S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID), &mme_id,
                      &enb_id);
        return NULL;
    }
    if (ue->enb_ue_s1ap_id != enb_id) {
        s1_refuse_ids(r, REFUSAL_S1_UNKNOWN_ID,
                      S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNKNOWN_PAIR_UE_S1AP_ID), &mme_id,
                      &enb_id);
        return NULL;
    }
    return ue;
}

static void step(struct s1_run *r, struct ue *ue, enum emm_event_kind kind, struct bytes pdu)
{
    struct emm_event event = {.kind = kind, .pdu = pdu};
    if (ue != NULL) {
        mmed_step(r->m, ue, &event);
    }
}

void s1_on_uplink(struct s1_run *r)
{
    const struct s1ap_uplink_nas_transport *q = &r->pdu->u.uplink_nas_transport;
    step(r, ue_of(r, q->mme_ue_s1ap_id, q->enb_ue_s1ap_id), EMM_UPLINK, q->nas_pdu);
}

void s1_on_undelivered(struct s1_run *r)
{
    const struct s1ap_nas_non_delivery_indication *q = &r->pdu->u.nas_non_delivery_indication;
    step(r, ue_of(r, q->mme_ue_s1ap_id, q->enb_ue_s1ap_id), EMM_UNDELIVERED, q->nas_pdu);
}

void s1_on_context_set(struct s1_run *r)
{
    const struct s1ap_initial_context_setup_response *q = &r->pdu->u.initial_context_setup_response;
    if (q->has_mme_ue_s1ap_id && q->has_enb_ue_s1ap_id) {
        step(r, ue_of(r, q->mme_ue_s1ap_id, q->enb_ue_s1ap_id), EMM_CONTEXT_SET,
             (struct bytes){NULL, 0});
    }
}

void s1_on_context_failed(struct s1_run *r)
{
    const struct s1ap_initial_context_setup_failure *q = &r->pdu->u.initial_context_setup_failure;
    if (q->has_mme_ue_s1ap_id && q->has_enb_ue_s1ap_id) {
        step(r, ue_of(r, q->mme_ue_s1ap_id, q->enb_ue_s1ap_id), EMM_CONTEXT_FAILED,
             (struct bytes){NULL, 0});
    }
}

void s1_lose_ue(struct s1 *s, struct ue *ue)
{
    struct emm_event event = {.kind = EMM_CONNECTION_LOST};
    ue_disconnect(s->m->ues, ue);
    mmed_step(s->m, ue, &event);
}

/* TS 36.413 8.3.2: the eNB wants it over (inactivity, or the radio is lost). */
void s1_on_release_request(struct s1_run *r)
{
    const struct s1ap_ue_context_release_request *q = &r->pdu->u.ue_context_release_request;
    struct ue *ue = ue_of(r, q->mme_ue_s1ap_id, q->enb_ue_s1ap_id);
    if (ue == NULL) {
        return;
    }
    s1_release(r->s, ue,
               q->has_cause ? q->cause : S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_UNSPECIFIED));
    s1_lose_ue(r->s, ue);
}
