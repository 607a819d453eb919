/* What comes out of the NAS client, and what it knows. */
#include "device/ue.h"
#include <string.h>

/* ---- what comes out ---- */

static void guti_out(const struct nas_guti *in, struct bindery_ue_guti *out)
{
    plmn_to_octets(&in->plmn, out->plmn);
    out->mme_group_id = in->mme_group_id;
    out->mme_code = in->mme_code;
    out->m_tmsi = in->m_tmsi;
}

bool bindery_ue_uplink(struct bindery_ue *ue, struct bindery_ue_uplink *out)
{
    struct ue *u = ue_of(ue);
    if (u->out.n == 0) {
        return false;
    }
    memset(out, 0, sizeof *out);
    out->pdu = u->buffer.p + (u->buffer.n - BINDERY_UE_UPLINK_MAX);
    out->n = u->out.n;
    out->initial = u->out.initial;
    out->establishment = u->out.establishment;
    if (out->initial && u->has_guti) {
        out->has_guti = true;
        guti_out(&u->guti, &out->guti);
    }
    u->out = (struct ue_out){.n = 0};
    return true;
}

bool bindery_ue_next_event(struct bindery_ue *ue, struct bindery_ue_event *out)
{
    struct ue *u = ue_of(ue);
    if (u->events_n == 0) {
        return false;
    }
    *out = u->events[0];
    u->events_n--;
    memmove(u->events, u->events + 1, u->events_n * sizeof u->events[0]);
    memset(&u->events[u->events_n], 0, sizeof u->events[0]);
    return true;
}

enum bindery_ue_state bindery_ue_state(const struct bindery_ue *ue)
{
    return (enum bindery_ue_state)ue_in(ue)->state;
}

enum bindery_ue_result bindery_ue_registration(const struct bindery_ue *ue,
                                               struct bindery_ue_registration *out)
{
    const struct ue *u = ue_in(ue);
    if (u->state != BINDERY_UE_STATE_REGISTERED && u->state != BINDERY_UE_STATE_UPDATING &&
        u->state != BINDERY_UE_STATE_SERVICE_REQUESTED) {
        return BINDERY_UE_ERR_STATE;
    }
    memset(out, 0, sizeof *out);
    if (u->has_guti) {
        guti_out(&u->guti, &out->guti);
    }
    out->t3412_ms = u->t3412_ms;
    out->bearer = u->bearer;
    out->qci = u->qci;
    out->pdn_type = (uint8_t)u->address.type;
    memcpy(out->pdn_address, u->address.interface_id, 8);
    memcpy(out->pdn_address + 8, u->address.ipv4, 4);
    out->connected = u->connected;
    return BINDERY_UE_OK;
}

bool bindery_ue_guti(const struct bindery_ue *ue, struct bindery_ue_guti *out)
{
    const struct ue *u = ue_in(ue);
    if (u->has_guti) {
        guti_out(&u->guti, out);
    }
    return u->has_guti;
}

enum bindery_ue_result bindery_ue_kenb(const struct bindery_ue *ue, uint8_t out[32])
{
    const struct ue *u = ue_in(ue);
    const struct crypto c = ue_crypto(u);
    struct key_kenb kenb;
    if (!u->has_security || !u->connected || !u->kenb_known) {
        return BINDERY_UE_ERR_STATE;
    }
    if (nassec_kenb(&c, &u->security, u->kenb_count, &kenb) != E_OK) {
        return BINDERY_UE_ERR_CRYPTO;
    }
    memcpy(out, kenb.b, sizeof kenb.b);
    wipe(&kenb, sizeof kenb);
    return BINDERY_UE_OK;
}
