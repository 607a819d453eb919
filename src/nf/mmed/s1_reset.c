#include "nf/mmed/s1_parts.h"

/* The UE that an item of a RESET names, if it is this eNB's. */
static struct ue *ue_of_item(struct s1_run *r, const struct s1ap_connection *c)
{
    struct ue *ue = NULL;
    if (c->has_mme_ue_s1ap_id) {
        ue = ue_table_find(r->m->ues, c->mme_ue_s1ap_id);
    } else if (c->has_enb_ue_s1ap_id) {
        ue = ue_table_by_enb(r->m->ues, r->enb->handle, c->enb_ue_s1ap_id);
    }
    bool fits = ue != NULL && ue->enb == r->enb->handle &&
                (!c->has_enb_ue_s1ap_id || c->enb_ue_s1ap_id == ue->enb_ue_s1ap_id);
    return fits ? ue : NULL;
}

static const char *name_of(const struct enb *enb)
{
    return enb->name[0] != '\0' ? enb->name : enb->address.s;
}

/* TS 36.413 8.7.1. The acknowledgement lists what the request listed, known or not. */
void s1_on_reset(struct s1_run *r)
{
    const struct s1ap_reset *q = &r->pdu->u.reset;
    struct s1ap_pdu answer = {.type = S1AP_RESET_ACKNOWLEDGE};
    struct s1ap_connection items[256];
    size_t n = 0;
    if (q->type.kind == S1AP_RESET_S1_INTERFACE) {
        while (r->enb->ues.first != NULL) {
            s1_lose_ue(r->s, r->enb->ues.first);
        }
    } else {
        struct s1ap_cursor at = s1ap_each(&q->type.connections);
        while (n < sizeof items / sizeof items[0] && s1ap_next_connection(&at, &items[n])) {
            struct ue *ue = ue_of_item(r, &items[n++]);
            if (ue != NULL) {
                s1_lose_ue(r->s, ue);
            }
        }
        answer.u.reset_acknowledge.has_connections = n > 0;
        answer.u.reset_acknowledge.connections = (struct s1ap_list){.items = items, .n = n};
    }
    mmed_event(r->m, "enb-reset", NULL, NULL, name_of(r->enb));
    s1_send(r->s, r->a, r->stream, &answer);
}

/* 8.7.2. An eNB that does not know a connection has none: so have we. It is never answered. */
void s1_on_error_indication(struct s1_run *r)
{
    const struct s1ap_error_indication *q = &r->pdu->u.error_indication;
    const char *cause = q->has_cause ? s1ap_cause_name(q->cause) : NULL;
    const struct s1ap_connection ids = {.has_mme_ue_s1ap_id = q->has_mme_ue_s1ap_id,
                                        .has_enb_ue_s1ap_id = q->has_enb_ue_s1ap_id,
                                        .mme_ue_s1ap_id = q->mme_ue_s1ap_id,
                                        .enb_ue_s1ap_id = q->enb_ue_s1ap_id};
    struct ue *ue = ue_of_item(r, &ids);
    bool unknown = q->has_cause && q->cause.group == S1AP_CAUSE_RADIO_NETWORK &&
                   (q->cause.value == S1AP_RADIO_UNKNOWN_MME_UE_S1AP_ID ||
                    q->cause.value == S1AP_RADIO_UNKNOWN_ENB_UE_S1AP_ID ||
                    q->cause.value == S1AP_RADIO_UNKNOWN_PAIR_UE_S1AP_ID);
    struct emm_who who = {0};
    if (ue != NULL) {
        emm_ue_who(ue->emm, &who);
    }
    mmed_event(r->m, "enb-error", &who, cause, name_of(r->enb));
    if (unknown && ue != NULL) {
        s1_lose_ue(r->s, ue);
    }
}
