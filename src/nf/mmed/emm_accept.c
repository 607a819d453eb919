#include "nf/mmed/emm_parts.h"

#include <string.h>

/* ---- building -------------------------------------------------------------------------------- */

static struct bytes bearer_request(struct emm_run *r, struct mbytes out)
{
    const struct emm_ue *ue = r->ue;
    const struct emm_apn *apn = &ue->subscription.apns[ue->esm.chosen];
    struct nas_pdn_address address = {.type = (enum nas_pdn_type)ue->esm.given_type};
    struct nas_apn_ambr ambr = {.down_kbps = (uint32_t)(ue->subscription.ambr_dl / 1000),
                                .up_kbps = (uint32_t)(ue->subscription.ambr_ul / 1000)};
    uint8_t address_room[NAS_PDN_ADDRESS_MAX], ambr_room[NAS_APN_AMBR_MAX];
    struct nas_activate_default_eps_bearer_context_request m = {
        .header = {.ebi = EMM_BEARER, .pti = ue->esm.pti},
        .eps_qos = {&apn->qci, 1},
        .apn = {apn->encoded, apn->n},
    };
    size_t n = 0;
    memcpy(address.ipv4, ue->esm.address, sizeof address.ipv4);
    if (ue->esm.cause != 0) {
        m.esm_cause = NAS_U8_OF(ue->esm.cause);
    }
    if (nas_pdn_address_write(&address, MBYTES_OF(address_room), &m.pdn_address) != E_OK ||
        nas_apn_ambr_write(&ambr, MBYTES_OF(ambr_room), &m.apn_ambr) != E_OK ||
        nas_write(&nas_activate_default_eps_bearer_context_request_message, &m, out, &n) != E_OK) {
        n = 0;
    }
    return (struct bytes){n > 0 ? out.p : NULL, n};
}

static struct bytes attach_accept(struct emm_run *r)
{
    uint8_t esm[256];
    struct emm_places places;
    struct nas_attach_accept m = {
        .attach_result = NAS_EPS_ONLY,
        .t3412 = nas_timer_of(r->env->config->t3412_s),
        .t3402 = NAS_U8_OF(nas_timer_of(r->env->config->t3402_s)),
        .esm_message_container = bearer_request(r, MBYTES_OF(esm)),
    };
    if (r->ue->attach_type == NAS_COMBINED_ATTACH) {
        m.emm_cause = NAS_U8_OF(EMM_CAUSE_CS_DOMAIN_NOT_AVAILABLE);
    }
    if (m.esm_message_container.p == NULL || !emm_write_places(r, &places, &m.tai_list, &m.guti)) {
        emm_reject_attach(r, REFUSAL_HSS_REFUSED);
        return (struct bytes){NULL, 0};
    }
    return emm_put(r, NAS_SHT_CIPHERED, &nas_attach_accept_message, &m);
}

bool emm_set_up(struct emm_run *r, struct bytes pdu)
{
    struct emm_ue *ue = r->ue;
    struct key_kenb kenb;
    if (nassec_kenb(r->env->crypto, &ue->security, ue->kenb_count, &kenb) != E_OK) {
        emm_tell(r, REFUSAL_CRYPTO_FAILED);
        emm_leave(r);
        return false;
    }
    struct emm_effect *e = emm_add(r, EMM_SETUP);
    e->pdu = pdu;
    e->kenb = kenb;
    /* TS 36.413 9.2.1.40 has algorithm 1 in the first bit, NAS algorithm 0 */
    e->ue_eea = (uint16_t)((ue->capability[0] & 0x7FU) << 9);
    e->ue_eia = (uint16_t)((ue->capability[1] & 0x7FU) << 9);
    e->ambr_ul = ue->subscription.ambr_ul;
    e->ambr_dl = ue->subscription.ambr_dl;
    e->apn = &ue->subscription.apns[ue->esm.chosen];
    e->bearer = EMM_BEARER;
    wipe(&kenb, sizeof kenb);
    return true;
}

/* ---- ATTACH ACCEPT --------------------------------------------------------------------------- */

static void assign_guti(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    ue->has_old = ue->who.has_guti;
    ue->old_m_tmsi = ue->who.m_tmsi;
    ue->who.has_guti = true;
    ue->who.m_tmsi = r->env->m_tmsi;
    emm_add(r, EMM_ASSIGN_GUTI)->m_tmsi = ue->who.m_tmsi;
}

void emm_accept(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    if (r->env->m_tmsi == 0) {
        emm_reject_attach(r, REFUSAL_CRYPTO_FAILED);
        return;
    }
    assign_guti(r);
    memcpy(ue->esm.address, r->env->pdn_address, sizeof ue->esm.address);
    ue->state = EMM_ACCEPT;
    ue->sent = 1;
    struct bytes pdu = attach_accept(r);
    if (pdu.p != NULL && emm_set_up(r, pdu)) {
        emm_guard(r, r->env->config->t3450_ms);
    }
}

/* TS 24.301 5.5.1.2.7 c: the same again, under the next COUNT. */
void emm_accept_again(struct emm_run *r)
{
    if (!emm_once_more(r, r->env->config->t3450_ms)) {
        return;
    }
    struct bytes pdu = attach_accept(r);
    if (pdu.p != NULL) {
        emm_add(r, EMM_SEND)->pdu = pdu;
    }
}

static void inform(struct emm_run *r)
{
    uint8_t name[NAS_NETWORK_NAME_TEXT_MAX];
    struct nas_emm_information m = {.header = {0}};
    struct bytes text = r->env->config->network_name;
    if (text.n > 0 && nas_network_name_from_text(text, MBYTES_OF(name), &m.full_name) == E_OK) {
        emm_send_down(r, &nas_emm_information_message, &m);
    }
}

void emm_on_attach_complete(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    struct nas_attach_complete m;
    struct nas_pdu esm;
    if (!emm_parse(r, &nas_attach_complete_message, &m)) {
        return;
    }
    if (nas_peek(m.esm_message_container, &esm) != E_OK ||
        esm.type != NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT || esm.ebi != EMM_BEARER) {
        emm_tell(r, REFUSAL_NAS_MALFORMED);
        emm_send_status(r, EMM_CAUSE_SEMANTICALLY_INCORRECT);
        return;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    emm_stop(r, EMM_TIMER_ATTACH);
    if (ue->has_old) {
        emm_add(r, EMM_DROP_GUTI)->m_tmsi = ue->old_m_tmsi;
        ue->has_old = false;
    }
    ue->esm.active = true;
    ue->state = EMM_REGISTERED;
    emm_add(r, EMM_REGISTERED_NOW);
    inform(r);
}

void emm_context_set(struct emm_run *r)
{
    r->ue->set_up = true;
}

void emm_context_failed(struct emm_run *r)
{
    emm_tell(r, REFUSAL_RADIO_FAILED);
    if (r->ue->state == EMM_REGISTERED) {
        emm_release(r, EMM_RELEASE_NORMAL);
        emm_go_idle(r);
    } else {
        emm_leave(r);
    }
}

/* ---- what ATTACH ACCEPT and TRACKING AREA UPDATE ACCEPT share -------------------------------- */

bool emm_write_places(const struct emm_run *r, struct emm_places *room, struct bytes *tai_list,
                      struct bytes *guti)
{
    const struct emm_config *c = r->env->config;
    struct nas_tai_list list = {.n = 1,
                                .tai[0] = {.plmn = r->ue->where.plmn, .tac = r->ue->where.tac}};
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_GUTI,
                                  .guti = {.plmn = c->plmn,
                                           .mme_group_id = c->mme_group_id,
                                           .mme_code = c->mme_code,
                                           .m_tmsi = r->ue->who.m_tmsi}};
    return nas_tai_list_write(&list, MBYTES_OF(room->tai), tai_list) == E_OK &&
           nas_eps_identity_write(&id, MBYTES_OF(room->guti), guti) == E_OK;
}
