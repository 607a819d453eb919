#include "nf/mmed/s1_parts.h"

#include <string.h>

void s1_send(struct s1 *s, struct assoc *a, uint16_t stream, const struct s1ap_pdu *pdu)
{
    struct mmed *m = s->m;
    size_t n = 0;
    uint16_t in = 0, streams = 0;
    assoc_streams(a, &in, &streams);
    if (stream >= streams) {
        stream = 0; /* an answer: the eNB has more streams to send on than we have */
    }
    enum err err = s1ap_write(pdu, (struct mbytes){m->out, MMED_OUT_MAX}, &n);
    struct assoc_message msg = {.octets = {m->out, n}, .stream = stream, .ppid = ASSOC_PPID_S1AP};
    if (err == E_OK) {
        err = assoc_send(a, &msg);
    }
    if (err != E_OK) {
        m->counters.s1_unsent++; /* NAS sends it again; a peer that is gone has its own event */
        return;
    }
    mmed_trace_s1ap(m, a, true, msg.octets);
}

static void send_to_ue(struct s1 *s, struct ue *ue, const struct s1ap_pdu *pdu)
{
    struct assoc *a = assoc_find(s->set, ue->enb);
    if (a == NULL) {
        s->m->counters.s1_unsent++;
        return;
    }
    s1_send(s, a, ue->stream, pdu);
}

/* ---- what a UE's step wants ------------------------------------------------------------------ */

void s1_send_nas(struct s1 *s, struct ue *ue, struct bytes pdu)
{
    struct s1ap_pdu msg = {.type = S1AP_DOWNLINK_NAS_TRANSPORT};
    msg.u.downlink_nas_transport = (struct s1ap_downlink_nas_transport){
        .mme_ue_s1ap_id = ue->id, .enb_ue_s1ap_id = ue->enb_ue_s1ap_id, .nas_pdu = pdu};
    send_to_ue(s, ue, &msg);
}

static struct s1ap_qos qos_of(const struct emm_apn *apn)
{
    return (struct s1ap_qos){
        .qci = apn->qci,
        .arp = {.priority_level = apn->priority,
                .capability = apn->may_pre_empt ? S1AP_PRE_EMPTION_MAY_TRIGGER
                                                : S1AP_PRE_EMPTION_SHALL_NOT_TRIGGER,
                .vulnerability = apn->pre_emptable ? S1AP_PRE_EMPTABLE : S1AP_NOT_PRE_EMPTABLE}};
}

/* The tunnel leads nowhere: there is no user plane behind this MME. */
void s1_send_setup(struct s1 *s, struct ue *ue, const struct emm_effect *e)
{
    const struct mmed_config *c = s->m->config;
    struct s1ap_e_rab_to_be_setup rab = {.e_rab_id = e->bearer,
                                         .qos = qos_of(e->apn),
                                         .address = BYTES_OF(c->transport),
                                         .gtp_teid = ue->id,
                                         .has_nas_pdu = e->pdu.p != NULL,
                                         .nas_pdu = e->pdu};
    struct s1ap_pdu pdu = {.type = S1AP_INITIAL_CONTEXT_SETUP_REQUEST};
    pdu.u.initial_context_setup_request = (struct s1ap_initial_context_setup_request){
        .mme_ue_s1ap_id = ue->id,
        .enb_ue_s1ap_id = ue->enb_ue_s1ap_id,
        .ambr = {.downlink = e->ambr_dl, .uplink = e->ambr_ul},
        .e_rabs = {.items = &rab, .n = 1},
        .security_capabilities = {.encryption = e->ue_eea, .integrity = e->ue_eia},
        .security_key = BYTES_OF(e->kenb.b),
    };
    send_to_ue(s, ue, &pdu);
    wipe(s->m->out, MMED_OUT_MAX); /* KeNB was in it */
}

void s1_send_reroute(struct s1 *s, struct ue *ue)
{
    struct s1ap_pdu pdu = {.type = S1AP_REROUTE_NAS_REQUEST};
    pdu.u.reroute_nas_request = (struct s1ap_reroute_nas_request){
        .enb_ue_s1ap_id = ue->enb_ue_s1ap_id,
        .has_mme_ue_s1ap_id = true,
        .mme_ue_s1ap_id = ue->id,
        .s1_message = {ue->initial, ue->initial_n},
        .mme_group_id = s->m->config->reroute_group_id,
    };
    send_to_ue(s, ue, &pdu);
}

void s1_release(struct s1 *s, struct ue *ue, struct s1ap_cause cause)
{
    struct s1ap_pdu pdu = {.type = S1AP_UE_CONTEXT_RELEASE_COMMAND};
    pdu.u.ue_context_release_command =
        (struct s1ap_ue_context_release_command){.ue_ids = {.kind = S1AP_UE_IDS_PAIR,
                                                            .mme_ue_s1ap_id = ue->id,
                                                            .enb_ue_s1ap_id = ue->enb_ue_s1ap_id},
                                                 .has_cause = true,
                                                 .cause = cause};
    send_to_ue(s, ue, &pdu);
    ue_disconnect(s->m->ues, ue);
}

/* ---- refusing -------------------------------------------------------------------------------- */

void s1_refuse_ids(struct s1_run *r, enum refusal why, struct s1ap_cause cause, const uint32_t *mme,
                   const uint32_t *enb)
{
    struct s1ap_pdu pdu = {.type = S1AP_ERROR_INDICATION};
    struct s1ap_error_indication *e = &pdu.u.error_indication;
    *e = (struct s1ap_error_indication){.has_cause = true, .cause = cause};
    if (mme != NULL) {
        e->has_mme_ue_s1ap_id = true;
        e->mme_ue_s1ap_id = *mme;
    }
    if (enb != NULL) {
        e->has_enb_ue_s1ap_id = true;
        e->enb_ue_s1ap_id = *enb;
    }
    r->m->counters.s1_refused++;
    mmed_tell(r->m, NULL, why, r->enb->name[0] != '\0' ? r->enb->name : r->enb->address.s);
    s1_send(r->s, r->a, r->stream, &pdu);
}

void s1_refuse(struct s1_run *r, enum refusal why, struct s1ap_cause cause)
{
    s1_refuse_ids(r, why, cause, NULL, NULL);
}
