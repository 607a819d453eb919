/* What devices want of their eNB: a connection, a message carried, an end. */
#include "emulator/enb_parts.h"
#include <string.h>

#define RADIO_LOST S1AP_CAUSE_OF(RADIO_NETWORK, S1AP_RADIO_RADIO_CONNECTION_WITH_UE_LOST)

/* ---- which MME? (TS 36.410 5.9.2, TS 23.401 4.3.7.2) ---- */

/* What an Overload Action turns away, by RRC establishment cause (TS 36.413 8.7.6.2). */
static bool covers(enum s1ap_overload_action action, enum bindery_ue_establishment cause)
{
    switch (action) {
    case S1AP_OVERLOAD_REJECT_NON_EMERGENCY_MO_DT:
    case S1AP_OVERLOAD_NOT_ACCEPT_FROM_CP_CIOT:
        return cause == BINDERY_UE_MO_DATA || cause == BINDERY_UE_DELAY_TOLERANT;
    case S1AP_OVERLOAD_REJECT_RRC_CR_SIGNALLING:
    case S1AP_OVERLOAD_PERMIT_EMERGENCY_AND_MT_ONLY:
    case S1AP_OVERLOAD_PERMIT_HIGH_PRIORITY_AND_MT_ONLY:
        return cause != BINDERY_UE_MT_ACCESS;
    case S1AP_OVERLOAD_REJECT_DELAY_TOLERANT_ACCESS:
        return cause == BINDERY_UE_DELAY_TOLERANT;
    }
    return false;
}

static bool concerns(const struct enb_link *l, const struct s1ap_gummei *gummei)
{
    for (size_t i = 0; gummei != NULL && i < l->n_overloaded; i++) {
        const struct s1ap_gummei *o = &l->overloaded[i];
        if (plmn_eq(&o->plmn, &gummei->plmn) && o->mme_group_id == gummei->mme_group_id &&
            o->mme_code == gummei->mme_code) {
            return true;
        }
    }
    return l->n_overloaded == 0;
}

static bool bars(const struct enb_link *l, enum bindery_ue_establishment cause,
                 const struct s1ap_gummei *gummei)
{
    return l->overload && covers(l->action, cause) && concerns(l, gummei);
}

/* Of a reduction of 30 per cent, thirty of each hundred are turned away, evenly. */
static bool turns_away(struct enb_link *l)
{
    l->spared += l->reduction;
    if (l->spared < 100) {
        return false;
    }
    l->spared -= 100;
    return true;
}

/* Smooth weighted round robin over relative capacities; one of 0 gets nobody new. */
static int choose(struct enb *e, enum bindery_ue_establishment cause)
{
    int best = -1, total = 0;
    for (unsigned i = 0; i < e->config.mmes; i++) {
        struct enb_link *l = &e->link[i];
        if (l->state != ENB_LINK_READY || (bars(l, cause, NULL) && l->reduction == 100)) {
            continue;
        }
        l->turn += l->capacity;
        total += l->capacity;
        if (l->capacity > 0 && (best < 0 || l->turn > e->link[best].turn)) {
            best = (int)i;
        }
    }
    if (best >= 0) {
        e->link[best].turn -= total;
    }
    return best;
}

static int registered_with(const struct enb *e, const struct s1ap_gummei *gummei)
{
    for (unsigned i = 0; i < e->config.mmes; i++) {
        if (e->link[i].state == ENB_LINK_READY && enb_serves(&e->link[i], gummei)) {
            return (int)i;
        }
    }
    return -1;
}

static bool any_ready(const struct enb *e)
{
    for (unsigned i = 0; i < e->config.mmes; i++) {
        if (e->link[i].state == ENB_LINK_READY) {
            return true;
        }
    }
    return false;
}

static enum err pick(struct enb *e, enum bindery_ue_establishment cause,
                     const struct s1ap_gummei *gummei, unsigned *mme)
{
    int i = gummei != NULL ? registered_with(e, gummei) : -1;
    if (i < 0) {
        i = choose(e, cause);
        gummei = NULL;
    }
    if (i < 0 && !any_ready(e)) {
        return E_CLOSED;
    }
    if (i < 0 || (bars(&e->link[i], cause, gummei) && turns_away(&e->link[i]))) {
        return E_BUSY;
    }
    *mme = (unsigned)i;
    return E_OK;
}

/* ---- INITIAL UE MESSAGE ---- */

static enum s1ap_rrc_establishment_cause rrc_cause(enum bindery_ue_establishment cause)
{
    switch (cause) {
    case BINDERY_UE_MO_DATA:
        return S1AP_RRC_MO_DATA;
    case BINDERY_UE_MT_ACCESS:
        return S1AP_RRC_MT_ACCESS;
    case BINDERY_UE_DELAY_TOLERANT:
        return S1AP_RRC_DELAY_TOLERANT_ACCESS;
    case BINDERY_UE_MO_SIGNALLING:
        break;
    }
    return S1AP_RRC_MO_SIGNALLING;
}

static struct s1ap_tai tai_of(const struct enb *e)
{
    return (struct s1ap_tai){.plmn = e->config.plmns[0], .tac = e->config.tac};
}

/* Of the eNB's first cell. */
static struct s1ap_eutran_cgi cgi_of(const struct enb *e)
{
    return (struct s1ap_eutran_cgi){.plmn = e->config.plmns[0],
                                    .cell_identity = e->config.id << 8 | 1};
}

/* The S-TMSI says which device, which only an MME of the pool knows; the GUMMEI says which MME. */
static void initial_of(const struct enb *e, const struct enb_connection *c,
                       const struct bindery_ue_uplink *up, const struct s1ap_gummei *gummei,
                       struct s1ap_pdu *pdu)
{
    struct s1ap_initial_ue_message *m = &pdu->u.initial_ue_message;
    pdu->type = S1AP_INITIAL_UE_MESSAGE;
    *m = (struct s1ap_initial_ue_message){.enb_ue_s1ap_id = c->id,
                                          .nas_pdu = {up->pdu, up->n},
                                          .tai = tai_of(e),
                                          .has_eutran_cgi = true,
                                          .eutran_cgi = cgi_of(e),
                                          .has_rrc_cause = true,
                                          .rrc_cause = rrc_cause(up->establishment)};
    if (gummei == NULL) {
        return;
    }
    if (enb_serves(&e->link[c->mme], gummei)) {
        m->has_s_tmsi = true;
        m->s_tmsi = (struct s1ap_s_tmsi){gummei->mme_code, up->guti.m_tmsi};
    }
    m->has_gummei = true;
    m->gummei = *gummei;
}

enum err enb_initial(struct enb *e, uint32_t device, const struct bindery_ue_uplink *up,
                     uint32_t *connection)
{
    struct s1ap_gummei gummei = {.mme_group_id = up->guti.mme_group_id,
                                 .mme_code = up->guti.mme_code};
    const bool has_gummei = up->has_guti && plmn_from_octets(up->guti.plmn, &gummei.plmn) == E_OK;
    const struct s1ap_gummei *named = has_gummei ? &gummei : NULL;
    struct s1ap_pdu pdu;
    unsigned mme = 0;
    if (up->n == 0 || up->n > ENB_NAS_MAX) {
        return E_BAD_LENGTH;
    }
    enum err err = pick(e, up->establishment, named, &mme);
    if (err == E_BUSY) {
        e->counters.barred++;
        enb_tell_fault(e, 0, ENB_FAULT_BARRED, device, NULL);
    }
    if (err != E_OK) {
        return err;
    }
    struct enb_connection *c = enb_take(e);
    if (c == NULL) {
        return E_EXHAUSTED;
    }
    c->mme = (uint8_t)mme;
    c->device = device;
    c->state = ENB_SENT;
    initial_of(e, c, up, named, &pdu);
    if (!enb_send_for(e, c, &pdu)) {
        enb_free(e, c);
        return E_IO;
    }
    e->counters.initials++;
    *connection = c->id;
    return E_OK;
}

/* ---- UPLINK NAS TRANSPORT ---- */

enum err enb_uplink(struct enb *e, uint32_t connection, struct bytes nas)
{
    const struct enb_connection *c = enb_find(e, connection);
    struct s1ap_pdu pdu = {.type = S1AP_UPLINK_NAS_TRANSPORT};
    if (c == NULL) {
        return E_NOT_FOUND;
    }
    if (c->state != ENB_UP) {
        return E_BAD_STATE;
    }
    if (nas.n == 0 || nas.n > ENB_NAS_MAX) {
        return E_BAD_LENGTH;
    }
    pdu.u.uplink_nas_transport = (struct s1ap_uplink_nas_transport){.mme_ue_s1ap_id = c->mme_id,
                                                                    .enb_ue_s1ap_id = c->id,
                                                                    .nas_pdu = nas,
                                                                    .has_eutran_cgi = true,
                                                                    .eutran_cgi = cgi_of(e),
                                                                    .has_tai = true,
                                                                    .tai = tai_of(e)};
    if (!enb_send_for(e, c, &pdu)) {
        return E_IO;
    }
    e->counters.uplinks++;
    return E_OK;
}

/* ---- the end ---- */

void enb_ask_release(struct enb *e, struct enb_connection *c, struct s1ap_cause cause)
{
    struct s1ap_pdu pdu = {.type = S1AP_UE_CONTEXT_RELEASE_REQUEST};
    pdu.u.ue_context_release_request = (struct s1ap_ue_context_release_request){
        .mme_ue_s1ap_id = c->mme_id, .enb_ue_s1ap_id = c->id, .has_cause = true, .cause = cause};
    if (!c->release_asked && enb_send_for(e, c, &pdu)) {
        c->release_asked = true;
        e->counters.release_requests++;
    }
}

enum err enb_release(struct enb *e, uint32_t connection, struct s1ap_cause cause)
{
    struct enb_connection *c = enb_find(e, connection);
    if (c == NULL) {
        return E_NOT_FOUND;
    }
    if (c->state != ENB_UP) {
        return E_BAD_STATE;
    }
    enb_ask_release(e, c, cause);
    return c->release_asked ? E_OK : E_IO;
}

void enb_lost(struct enb *e, uint32_t connection)
{
    struct enb_connection *c = enb_find(e, connection);
    if (c == NULL) {
        return;
    }
    c->device = ENB_NO_DEVICE;
    if (c->state == ENB_UP) { /* else when the MME has said its ID */
        enb_ask_release(e, c, RADIO_LOST);
    }
}

/* ---- REROUTE NAS REQUEST (8.6.2.5) ---- */

/* Another MME of the group, the one that an additional GUTI names before any other. */
static int new_home(const struct enb_in *in, const struct s1ap_reroute_nas_request *m)
{
    int found = -1;
    for (unsigned i = 0; i < in->e->config.mmes; i++) {
        const struct enb_link *l = &in->e->link[i];
        if (i == in->mme || l->state != ENB_LINK_READY || !enb_serves_group(l, m->mme_group_id)) {
            continue;
        }
        if (m->has_additional_guti && enb_serves(l, &m->additional_guti.gummei)) {
            return (int)i;
        }
        found = found < 0 ? (int)i : found;
    }
    return found;
}

static bool same_initial(const struct s1ap_reroute_nas_request *m, struct s1ap_pdu *pdu)
{
    struct s1ap_fault fault;
    return s1ap_parse(m->s1_message, pdu, &fault) == E_OK && pdu->type == S1AP_INITIAL_UE_MESSAGE &&
           pdu->u.initial_ue_message.enb_ue_s1ap_id == m->enb_ue_s1ap_id;
}

static bool send_again(const struct enb_in *in, struct enb_connection *c, int to,
                       struct s1ap_pdu *pdu)
{
    const struct s1ap_reroute_nas_request *m = &in->pdu->u.reroute_nas_request;
    struct s1ap_initial_ue_message *again = &pdu->u.initial_ue_message;
    again->has_mme_group_id = true;
    again->mme_group_id = m->mme_group_id;
    again->has_ue_usage_type = m->has_ue_usage_type;
    again->ue_usage_type = m->ue_usage_type;
    c->mme = (uint8_t)to;
    c->state = ENB_SENT;
    c->release_asked = false;
    return enb_send_for(in->e, c, pdu);
}

void enb_on_reroute(const struct enb_in *in)
{
    const struct s1ap_reroute_nas_request *m = &in->pdu->u.reroute_nas_request;
    struct enb *e = in->e;
    struct enb_connection *c = enb_find(e, m->enb_ue_s1ap_id);
    struct s1ap_pdu again;
    e->counters.reroutes++;
    if (c == NULL || c->mme != in->mme) {
        enb_tell_fault(e, in->mme, ENB_FAULT_UNKNOWN_CONNECTION, ENB_NO_DEVICE, NULL);
        return;
    }
    if (!e->config.reroute) {
        return;
    }
    const int to = new_home(in, m);
    if (to < 0 || !same_initial(m, &again)) {
        enb_tell_fault(e, in->mme, to < 0 ? ENB_FAULT_REROUTE_NOWHERE : ENB_FAULT_UNREADABLE,
                       c->device, NULL);
        return;
    }
    if (send_again(in, c, to, &again)) {
        e->counters.rerouted++;
    } else {
        enb_end(e, c);
    }
}
