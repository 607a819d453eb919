/* Session management: one PDN connection with its default bearer (TS 24.301 clause 6). */
#include "codec/nas.h"
#include "device/ue.h"
#include <string.h>

#define EBI_FIRST 5

static struct bytes apn_of(const struct ue *ue)
{
    const char *apn = ue->settings->apn;
    size_t n = 0;
    while (apn != NULL && apn[n] != '\0') {
        n++;
    }
    return (struct bytes){(const uint8_t *)apn, n};
}

/* The APN itself waits for ciphering (6.5.1.2): ESM INFORMATION REQUEST brings it. */
enum err esm_connectivity_request(const struct ue *ue, struct mbytes out, size_t *n)
{
    struct nas_pdn_connectivity_request m;
    memset(&m, 0, sizeof m);
    m.header.pti = UE_PTI;
    m.request_type = NAS_REQUEST_INITIAL;
    m.pdn_type = ue->settings->pdn_type;
    if (apn_of(ue).n > 0) {
        m.esm_information_transfer_flag = NAS_U8_OF(NAS_ESM_INFORMATION_TRANSFER);
    }
    return nas_write(&nas_pdn_connectivity_request_message, &m, out, n);
}

/* ---- within ATTACH ACCEPT and ATTACH REJECT ---- */

enum err esm_activate(struct bytes container, struct esm_bearer *bearer, struct mbytes out,
                      struct bytes *answer)
{
    struct nas_activate_default_eps_bearer_context_request m;
    struct nas_eps_qos qos;
    struct esm_bearer made = {.ebi = 0};
    enum err err =
        nas_parse(&nas_activate_default_eps_bearer_context_request_message, container, &m, NULL);
    if (err != E_OK) {
        return err;
    }
    if (m.header.pti != UE_PTI || m.header.ebi < EBI_FIRST) {
        return E_CONFLICT;
    }
    if ((err = nas_eps_qos_parse(m.eps_qos, &qos)) != E_OK ||
        (err = nas_pdn_address_parse(m.pdn_address, &made.address)) != E_OK) {
        return err;
    }
    made.ebi = m.header.ebi;
    made.qci = qos.qci;
    struct nas_activate_default_eps_bearer_context_accept accept;
    size_t n = 0;
    memset(&accept, 0, sizeof accept);
    accept.header.ebi = made.ebi; /* and no PTI (6.4.1.3) */
    err = nas_write(&nas_activate_default_eps_bearer_context_accept_message, &accept, out, &n);
    if (err == E_OK) {
        *bearer = made;
        *answer = (struct bytes){out.p, n};
    }
    return err;
}

uint8_t esm_reject_cause(struct bytes container)
{
    struct nas_pdn_connectivity_reject m;
    if (container.p == NULL ||
        nas_parse(&nas_pdn_connectivity_reject_message, container, &m, NULL) != E_OK) {
        return 0;
    }
    return m.esm_cause;
}

/* ---- messages of their own ---- */

static void status(struct step *s, uint8_t cause)
{
    struct nas_esm_status m;
    if (cause == 0) {
        return;
    }
    memset(&m, 0, sizeof m);
    m.header.ebi = s->ebi;
    m.header.pti = s->pti;
    m.esm_cause = cause;
    (void)emm_send(s, &nas_esm_status_message, &m);
}

static void refuse(struct step *s, enum bindery_ue_refusal why, uint8_t cause)
{
    ue_refuse(s, why);
    status(s, cause);
}

/* 6.6.1.2 */
static void information_request(struct step *s)
{
    struct nas_esm_information_request m;
    struct nas_esm_information_response out;
    uint8_t apn[NAS_APN_MAX];
    enum err err = nas_parse(&nas_esm_information_request_message, s->msg, &m, NULL);
    if (err != E_OK) {
        refuse(s, BINDERY_UE_REFUSED_MALFORMED, nas_cause_of(err));
        return;
    }
    if (m.header.pti != UE_PTI || m.header.ebi != 0 || s->ue->state != BINDERY_UE_STATE_ATTACHING) {
        refuse(s, BINDERY_UE_REFUSED_BEARER, ESM_CAUSE_PTI_MISMATCH);
        return;
    }
    memset(&out, 0, sizeof out);
    out.header.pti = UE_PTI;
    if (apn_of(s->ue).n > 0 && nas_apn_from_text(apn_of(s->ue), MBYTES_OF(apn), &out.apn) != E_OK) {
        out.apn = (struct bytes){NULL, 0}; /* not an APN: the default one */
    }
    (void)emm_send(s, &nas_esm_information_response_message, &out);
}

/* 6.4.4: the only bearer that there is goes, and with it the attachment. */
static void deactivate(struct step *s)
{
    struct ue *ue = s->ue;
    struct nas_deactivate_eps_bearer_context_request m;
    struct nas_deactivate_eps_bearer_context_accept out;
    enum err err = nas_parse(&nas_deactivate_eps_bearer_context_request_message, s->msg, &m, NULL);
    if (err != E_OK) {
        refuse(s, BINDERY_UE_REFUSED_MALFORMED, nas_cause_of(err));
        return;
    }
    memset(&out, 0, sizeof out);
    out.header.ebi = m.header.ebi;
    /* An unknown bearer is accepted too: it is gone already (6.4.4.3). */
    if (!emm_send(s, &nas_deactivate_eps_bearer_context_accept_message, &out) ||
        m.header.ebi != ue->bearer || ue->bearer == 0) {
        return;
    }
    ue->bearer = 0;
    ue->wanted = ue->wanted && m.esm_cause == ESM_CAUSE_REACTIVATION_REQUESTED;
    ue_start(s, UE_FOLLOW, 0);
}

static void activate_unasked(struct step *s)
{
    struct nas_activate_default_eps_bearer_context_reject m;
    memset(&m, 0, sizeof m);
    m.header.ebi = s->ebi;
    m.esm_cause = ESM_CAUSE_PTI_MISMATCH;
    ue_refuse(s, BINDERY_UE_REFUSED_BEARER);
    (void)emm_send(s, &nas_activate_default_eps_bearer_context_reject_message, &m);
}

void esm_message(struct step *s)
{
    switch (s->type) {
    case NAS_ESM_INFORMATION_REQUEST:
        information_request(s);
        break;
    case NAS_DEACTIVATE_EPS_BEARER_CONTEXT_REQUEST:
        deactivate(s);
        break;
    case NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REQUEST:
        activate_unasked(s);
        break;
    case NAS_ESM_STATUS:
    case NAS_NOTIFICATION:
    case NAS_ESM_DUMMY_MESSAGE:
        s->harmless = true;
        break;
    case NAS_PDN_CONNECTIVITY_REJECT:
    case NAS_PDN_DISCONNECT_REJECT:
        refuse(s, BINDERY_UE_REFUSED_BEARER, ESM_CAUSE_PTI_MISMATCH);
        break;
    default:
        refuse(s, BINDERY_UE_REFUSED_UNKNOWN_TYPE, ESM_CAUSE_MESSAGE_TYPE_NON_EXISTENT);
        break;
    }
}
