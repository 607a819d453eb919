#include "nf/mmed/emm_parts.h"

/* What clause 9.8 types are to the table. */
static enum emm_row_event emm_event_of(uint8_t type)
{
    static const struct {
        uint8_t type;
        enum emm_row_event event;
    } of[] = {
        {NAS_ATTACH_REQUEST, EMM_ON_ATTACH_REQUEST},
        {NAS_IDENTITY_RESPONSE, EMM_ON_IDENTITY_RESPONSE},
        {NAS_AUTHENTICATION_RESPONSE, EMM_ON_AUTHENTICATION_RESPONSE},
        {NAS_AUTHENTICATION_FAILURE, EMM_ON_AUTHENTICATION_FAILURE},
        {NAS_SECURITY_MODE_COMPLETE, EMM_ON_SECURITY_MODE_COMPLETE},
        {NAS_SECURITY_MODE_REJECT, EMM_ON_SECURITY_MODE_REJECT},
        {NAS_ATTACH_COMPLETE, EMM_ON_ATTACH_COMPLETE},
        {NAS_DETACH_REQUEST, EMM_ON_DETACH_REQUEST},
        {NAS_DETACH_ACCEPT, EMM_ON_DETACH_ACCEPT},
        {NAS_TRACKING_AREA_UPDATE_REQUEST, EMM_ON_TRACKING_AREA_UPDATE_REQUEST},
        {NAS_TRACKING_AREA_UPDATE_COMPLETE, EMM_ON_TRACKING_AREA_UPDATE_COMPLETE},
        {NAS_EXTENDED_SERVICE_REQUEST, EMM_ON_EXTENDED_SERVICE_REQUEST},
        {NAS_CONTROL_PLANE_SERVICE_REQUEST, EMM_ON_EXTENDED_SERVICE_REQUEST},
        {NAS_EMM_STATUS, EMM_ON_EMM_STATUS},
        {NAS_UPLINK_NAS_TRANSPORT, EMM_ON_TRANSPORT},
        {NAS_UPLINK_GENERIC_NAS_TRANSPORT, EMM_ON_TRANSPORT},
        {NAS_ESM_INFORMATION_RESPONSE, EMM_ON_ESM_INFORMATION_RESPONSE},
        {NAS_PDN_CONNECTIVITY_REQUEST, EMM_ON_ESM_REQUEST},
        {NAS_PDN_DISCONNECT_REQUEST, EMM_ON_ESM_REQUEST},
        {NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_ACCEPT, EMM_ON_ESM_ANSWER},
        {NAS_ACTIVATE_DEFAULT_EPS_BEARER_CONTEXT_REJECT, EMM_ON_ESM_ANSWER},
        {NAS_DEACTIVATE_EPS_BEARER_CONTEXT_ACCEPT, EMM_ON_ESM_ANSWER},
        {NAS_ESM_STATUS, EMM_ON_ESM_ANSWER},
    };
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        if (of[i].type == type) {
            return of[i].event;
        }
    }
    return EMM_ON_OTHER;
}

/* The only identity that we ask for without protection is the IMSI. */
static uint8_t detail_of(uint8_t type)
{
    return type == NAS_IDENTITY_RESPONSE ? NAS_IDENTITY_IMSI : 0;
}

static bool refuse(struct emm_run *r, enum refusal why)
{
    emm_tell(r, why);
    return false;
}

static bool take_plain(struct emm_run *r, const struct nas_pdu *pdu)
{
    if (pdu->kind == NAS_PLAIN_ESM ||
        !nassec_may_be_plain(NASSEC_MME, r->ue->secured, pdu->type, detail_of(pdu->type))) {
        return refuse(r, REFUSAL_NAS_UNPROTECTED);
    }
    r->plain = pdu->inner;
    return true;
}

/* The MAC does not hold, or there is no key to check it with: some messages are looked at all the
 * same, as long as they are not ciphered (TS 24.301 4.4.4.3). */
static bool take_unverified(struct emm_run *r, const struct nas_pdu *pdu)
{
    struct nas_pdu inner;
    if (pdu->sht != NAS_SHT_INTEGRITY || nas_peek(pdu->inner, &inner) != E_OK ||
        inner.kind != NAS_PLAIN_EMM ||
        !nassec_may_fail_mac(r->ue->secured, inner.type, detail_of(inner.type))) {
        return refuse(r, REFUSAL_NAS_MAC);
    }
    r->plain = inner.inner;
    return true;
}

/* An attach that names a context which this one is to take over: its NAS security moves here, so
 * that no COUNT can be used in two places. */
static void inherit(struct emm_ue *ue, struct emm_ue *old)
{
    ue->security = old->security;
    ue->has_security = true;
    ue->who = old->who;
    wipe(&old->security, sizeof old->security);
    old->has_security = false;
}

static bool take_protected(struct emm_run *r, const struct nas_pdu *pdu)
{
    struct emm_ue *ue = r->ue;
    struct emm_ue *old = r->event->kind == EMM_INITIAL ? r->event->old : NULL;
    struct emm_ue *keeper = ue->has_security || old == NULL ? ue : old;
    struct nassec_received got;
    struct mbytes room = {r->env->scratch.p, EMM_PDU_MAX};
    if (!keeper->has_security) {
        return take_unverified(r, pdu);
    }
    enum err err = nassec_unprotect(r->env->crypto, &keeper->security, r->event->pdu, room, &got);
    if (err == E_BAD_MAC) {
        return take_unverified(r, pdu);
    }
    if (err != E_OK) {
        return refuse(r, err == E_SYNC     ? REFUSAL_NAS_REPLAY
                         : err == E_CRYPTO ? REFUSAL_CRYPTO_FAILED
                                           : REFUSAL_NAS_MAC);
    }
    if (keeper != ue) {
        inherit(ue, keeper);
    }
    r->plain = (struct bytes){room.p, got.n};
    r->used = EMM_PDU_MAX;
    emm_show(r, true, r->plain);
    r->verified = true;
    r->hidden = nassec_was_ciphered(&ue->security, &got);
    r->count = got.count;
    return true;
}

bool emm_vouches(const struct emm_ue *ue, const struct crypto *c, struct bytes pdu,
                 struct mbytes room)
{
    struct nas_pdu head;
    struct nassec_received got = {.n = 0};
    struct nas_security copy;
    uint32_t count;
    enum err err = nas_peek(pdu, &head);
    if (err != E_OK || !ue->has_security) {
        return false;
    }
    copy = ue->security;
    err = head.kind == NAS_PROTECTED         ? nassec_unprotect(c, &copy, pdu, room, &got)
          : head.kind == NAS_SERVICE_REQUEST ? nassec_check_service_request(c, &copy, pdu, &count)
                                             : E_BAD_MAC;
    wipe(&copy, sizeof copy);
    wipe(room.p, got.n);
    return err == E_OK;
}

static bool open_pdu(struct emm_run *r, enum emm_row_event *out)
{
    struct nas_pdu pdu;
    if (nas_peek(r->event->pdu, &pdu) != E_OK) {
        return refuse(r, REFUSAL_NAS_MALFORMED);
    }
    if (pdu.kind == NAS_SERVICE_REQUEST) {
        r->plain = r->event->pdu;
        *out = EMM_ON_SERVICE_REQUEST;
        return true;
    }
    return pdu.kind == NAS_PROTECTED ? take_protected(r, &pdu) : take_plain(r, &pdu);
}

bool emm_receive(struct emm_run *r, enum emm_row_event *out)
{
    struct nas_pdu plain;
    *out = EMM_ON_COUNT;
    if (!open_pdu(r, out)) {
        return false;
    }
    if (*out == EMM_ON_SERVICE_REQUEST) {
        return true;
    }
    if (nas_peek(r->plain, &plain) != E_OK ||
        (plain.kind != NAS_PLAIN_EMM && plain.kind != NAS_PLAIN_ESM)) {
        return refuse(r, REFUSAL_NAS_MALFORMED);
    }
    *out = emm_event_of(plain.type);
    if (*out == EMM_ON_OTHER) {
        emm_tell(r, REFUSAL_NAS_MALFORMED);
        emm_send_status(r, EMM_CAUSE_MESSAGE_TYPE_NON_EXISTENT);
        return false;
    }
    return true;
}

bool emm_parse(struct emm_run *r, const struct nas_message *m, void *out)
{
    enum err err = nas_parse(m, r->plain, out, &r->fault);
    if (err == E_OK) {
        return true;
    }
    emm_tell(r, REFUSAL_NAS_MALFORMED);
    emm_send_status(r, nas_cause_of(err));
    return false;
}

/* Under protection only: a UE would not look at one in clear (TS 24.301 4.4.4.2). */
void emm_send_status(struct emm_run *r, uint8_t cause)
{
    struct nas_pdu pdu;
    bool esm = nas_peek(r->plain, &pdu) == E_OK && pdu.kind == NAS_PLAIN_ESM;
    if (!r->ue->secured || !r->ue->connected || cause == 0) {
        return;
    }
    if (esm) {
        struct nas_esm_status m = {.header = {.ebi = pdu.ebi, .pti = pdu.pti}, .esm_cause = cause};
        emm_send_down(r, &nas_esm_status_message, &m); /* a failure has told itself */
    } else {
        struct nas_emm_status m = {.emm_cause = cause};
        emm_send_down(r, &nas_emm_status_message, &m);
    }
}
