#include "nf/mmed/emm_parts.h"

/* What is inside, if it is not ciphered. */
static bool peek_inside(struct bytes pdu, struct nas_pdu *out)
{
    if (nas_peek(pdu, out) != E_OK) {
        return false;
    }
    if (out->kind != NAS_PROTECTED) {
        return true;
    }
    return (out->sht == NAS_SHT_INTEGRITY || out->sht == NAS_SHT_INTEGRITY_NEW) &&
           nas_peek(out->inner, out) == E_OK && out->kind == NAS_PLAIN_EMM;
}

static void claim_identity(struct bytes value, struct emm_claim *out)
{
    struct nas_eps_identity id;
    if (nas_eps_identity_parse(value, &id) != E_OK) {
        return;
    }
    switch (id.type) {
    case NAS_EPS_IDENTITY_IMSI:
        out->kind = EMM_CLAIM_IMSI;
        out->imsi = id.imsi;
        return;
    case NAS_EPS_IDENTITY_GUTI:
        out->kind = EMM_CLAIM_GUTI;
        out->guti = id.guti;
        return;
    case NAS_EPS_IDENTITY_IMEI:
        out->kind = EMM_CLAIM_IMEI;
        return;
    }
}

void emm_claim(struct bytes pdu, struct emm_claim *out)
{
    struct nas_pdu inside;
    union nas_any m;
    *out = (struct emm_claim){.kind = EMM_CLAIM_NONE};
    if (!peek_inside(pdu, &inside) || inside.kind != NAS_PLAIN_EMM) {
        return;
    }
    out->attach = inside.type == NAS_ATTACH_REQUEST;
    if (out->attach &&
        nas_parse(&nas_attach_request_message, inside.inner, &m.attach_request, NULL) == E_OK) {
        claim_identity(m.attach_request.identity, out);
    } else if (inside.type == NAS_TRACKING_AREA_UPDATE_REQUEST &&
               nas_parse(&nas_tracking_area_update_request_message, inside.inner,
                         &m.tracking_area_update_request, NULL) == E_OK) {
        claim_identity(m.tracking_area_update_request.old_guti, out);
    } else if (inside.type == NAS_DETACH_REQUEST &&
               nas_parse(&nas_detach_request_up_message, inside.inner, &m.detach_request_up,
                         NULL) == E_OK) {
        claim_identity(m.detach_request_up.identity, out);
    }
}

/* ---- nobody is let in ------------------------------------------------------------------------ */

static enum err reject_of(uint8_t type, uint8_t cause, struct nas_u8 t3346, struct mbytes out,
                          size_t *n)
{
    struct nas_attach_reject attach = {.emm_cause = cause, .t3346 = t3346};
    struct nas_tracking_area_update_reject update = {.emm_cause = cause, .t3346 = t3346};
    switch (type) {
    case NAS_ATTACH_REQUEST:
        return nas_write(&nas_attach_reject_message, &attach, out, n);
    case NAS_TRACKING_AREA_UPDATE_REQUEST:
        return nas_write(&nas_tracking_area_update_reject_message, &update, out, n);
    default:
        return E_BAD_STATE;
    }
}

enum err emm_turn_away(struct bytes pdu, uint8_t emm_cause, uint32_t t3346_s, struct mbytes out,
                       size_t *n)
{
    struct nas_pdu inside;
    struct nas_u8 t3346 = {.present = t3346_s > 0, .v = nas_timer_of(t3346_s)};
    if (!peek_inside(pdu, &inside)) {
        return E_BAD_STATE;
    }
    if (inside.kind == NAS_SERVICE_REQUEST || inside.type == NAS_EXTENDED_SERVICE_REQUEST ||
        inside.type == NAS_CONTROL_PLANE_SERVICE_REQUEST) {
        struct nas_service_reject m = {.emm_cause = emm_cause, .t3346 = t3346};
        return nas_write(&nas_service_reject_message, &m, out, n);
    }
    return reject_of(inside.type, emm_cause, t3346, out, n);
}
