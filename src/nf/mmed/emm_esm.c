#include "nf/mmed/emm_parts.h"

#include <string.h>

/* ---- what the UE asks for -------------------------------------------------------------------- */

static void take_apn(struct emm_esm *esm, struct bytes apn)
{
    esm->apn_n = apn.p != NULL && apn.n <= sizeof esm->apn ? (uint8_t)apn.n : 0;
    if (esm->apn_n > 0) {
        memcpy(esm->apn, apn.p, esm->apn_n);
    }
}

enum err emm_esm_request(struct emm_run *r, struct bytes container)
{
    struct nas_pdn_connectivity_request m;
    enum err err = nas_parse(&nas_pdn_connectivity_request_message, container, &m, &r->fault);
    if (err != E_OK) {
        return E_MISSING;
    }
    struct emm_esm *esm = &r->ue->esm;
    *esm = (struct emm_esm){.pti = m.header.pti, .pdn_type = m.pdn_type};
    esm->wants_transfer = m.esm_information_transfer_flag.present &&
                          (m.esm_information_transfer_flag.v & NAS_ESM_INFORMATION_TRANSFER) != 0;
    take_apn(esm, m.apn);
    return E_OK;
}

/* ---- ESM INFORMATION ------------------------------------------------------------------------- */

static void send_information_request(struct emm_run *r)
{
    struct nas_esm_information_request m = {.header = {.pti = r->ue->esm.pti}};
    emm_send_down(r, &nas_esm_information_request_message, &m); /* a failure ended the attach */
}

void emm_esm_information_again(struct emm_run *r)
{
    if (emm_once_more(r, r->env->config->t3489_ms)) {
        send_information_request(r);
    }
}

/* ---- which APN, which address ---------------------------------------------------------------- */

static void reject_connectivity(struct emm_run *r, uint8_t esm_cause)
{
    uint8_t room[16];
    size_t n = 0;
    struct nas_pdn_connectivity_reject m = {.header = {.pti = r->ue->esm.pti},
                                            .esm_cause = esm_cause};
    if (nas_write(&nas_pdn_connectivity_reject_message, &m, MBYTES_OF(room), &n) != E_OK) {
        n = 0;
    }
    emm_reject_attach_as(r, REFUSAL_APN_NOT_ALLOWED, EMM_CAUSE_ESM_FAILURE,
                         (struct bytes){n > 0 ? room : NULL, n});
}

static bool find_apn(struct emm_ue *ue)
{
    struct bytes want = {ue->esm.apn, ue->esm.apn_n};
    for (uint8_t i = 0; i < ue->subscription.n_apns; i++) {
        const struct emm_apn *a = &ue->subscription.apns[i];
        if (want.n == 0 || bytes_eq_nocase(want, (struct bytes){a->encoded, a->n})) {
            ue->esm.chosen = i;
            return true;
        }
    }
    return false;
}

/* Addresses are IPv4 here. 0: granted as asked, or the ESM cause to grant it with. */
static bool grant_type(struct emm_esm *esm, uint8_t subscribed)
{
    bool wants_v4 = esm->pdn_type == NAS_PDN_IPV4 || esm->pdn_type == NAS_PDN_IPV4V6;
    esm->given_type = NAS_PDN_IPV4;
    esm->cause = esm->pdn_type == NAS_PDN_IPV4 ? 0 : ESM_CAUSE_PDN_TYPE_IPV4_ONLY;
    return wants_v4 && subscribed != EMM_SUBSCRIBED_IPV6;
}

static void choose(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    if (!find_apn(ue)) {
        reject_connectivity(r, ESM_CAUSE_MISSING_OR_UNKNOWN_APN);
    } else if (!grant_type(&ue->esm, ue->subscription.apns[ue->esm.chosen].pdn_type)) {
        reject_connectivity(r, ue->esm.pdn_type == NAS_PDN_IPV6 ? ESM_CAUSE_PDN_TYPE_IPV4_ONLY
                                                                : ESM_CAUSE_UNKNOWN_PDN_TYPE);
    } else {
        emm_accept(r);
    }
}

/* TS 24.007 11.2.3.1a.2: 0 is unassigned, 255 reserved. */
static bool is_pti(uint8_t pti)
{
    return pti != 0 && pti != 255;
}

void emm_after_location(struct emm_run *r)
{
    if (!is_pti(r->ue->esm.pti)) { /* TS 24.301 7.3.1 */
        reject_connectivity(r, ESM_CAUSE_INVALID_PTI);
        return;
    }
    if (!r->ue->esm.wants_transfer) {
        choose(r);
        return;
    }
    r->ue->state = EMM_ESM_INFORMATION;
    r->ue->sent = 1;
    emm_guard(r, r->env->config->t3489_ms);
    send_information_request(r);
}

void emm_on_esm_information(struct emm_run *r)
{
    struct nas_esm_information_response m;
    if (!emm_parse(r, &nas_esm_information_response_message, &m)) {
        return;
    }
    if (m.header.pti != r->ue->esm.pti) {
        emm_tell(r, REFUSAL_NAS_STATE);
        emm_send_status(r, ESM_CAUSE_PTI_MISMATCH);
        return;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    take_apn(&r->ue->esm, m.apn);
    choose(r);
}

/* ---- when registered ------------------------------------------------------------------------- */

/* PDN CONNECTIVITY REJECT, or PDN DISCONNECT REJECT, with the cause for which. */
static void reject_request(struct emm_run *r, uint8_t connectivity, uint8_t disconnection)
{
    struct nas_pdu pdu;
    if (nas_peek(r->plain, &pdu) != E_OK) {
        return;
    }
    if (pdu.type == NAS_PDN_CONNECTIVITY_REQUEST) {
        struct nas_pdn_connectivity_reject m = {
            .header = {.pti = pdu.pti},
            .esm_cause = is_pti(pdu.pti) ? connectivity : ESM_CAUSE_INVALID_PTI};
        emm_send_down(r, &nas_pdn_connectivity_reject_message, &m);
    } else {
        struct nas_pdn_disconnect_reject m = {.header = {.pti = pdu.pti},
                                              .esm_cause = disconnection};
        emm_send_down(r, &nas_pdn_disconnect_reject_message, &m);
    }
}

/* One default bearer is all there is: no second one, and the last one goes by detaching. */
void emm_on_esm_request(struct emm_run *r)
{
    reject_request(r, ESM_CAUSE_SERVICE_OPTION_NOT_SUPPORTED, ESM_CAUSE_LAST_PDN_DISCONNECTION);
}

/* ---- while it attaches ----------------------------------------------------------------------- */

/*= kme-no-bearer */
/* Of the causes of TS 24.301 6.5.1.4.1 this one says no more than no, and makes no UE wait for
 * minutes; there is no bearer that could be disconnected (6.5.2.4.1). */
void emm_esm_request_early(struct emm_run *r)
{
    if (!r->ue->provisioning) {
        emm_fits_nowhere(r);
        return;
    }
    emm_tell(r, REFUSAL_BEARER_NOT_NOW);
    reject_request(r, ESM_CAUSE_REJECTED_UNSPECIFIED, ESM_CAUSE_INVALID_EPS_BEARER_IDENTITY);
}

/* An answer that came late or twice, or a status: noted by whoever reads the trace. */
void emm_on_esm_answer(struct emm_run *r)
{
    (void)r;
}
