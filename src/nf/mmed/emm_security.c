#include "nf/mmed/emm_parts.h"

/* ---- SECURITY MODE COMMAND ------------------------------------------------------------------- */

static void send_command(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    const struct nassec_agreement *a = &ue->security.agreed;
    uint8_t capability[NAS_UE_SECURITY_CAPABILITY_MAX];
    struct nas_security_mode_command m = {
        .algorithms = nas_algorithms(a->eea, a->eia),
        .ksi = a->ksi,
        .imeisv_request = NAS_U8_OF(NAS_IMEISV_REQUESTED),
    };
    struct bytes ms = {ue->ms_capability_n > 0 ? ue->ms_capability : NULL, ue->ms_capability_n};
    if (nas_ue_security_capability((struct bytes){ue->capability, ue->capability_n}, ms, capability,
                                   &m.replayed_ue_security_capabilities) != E_OK) {
        emm_reject_attach(r, REFUSAL_NAS_MALFORMED);
        return;
    }
    if (!ue->attach_protected) {
        m.hash_mme = BYTES_OF(ue->attach_hash);
    }
    emm_send_down_as(r, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message, &m);
}

/* TS 24.301 5.4.3.2. The vector's KASME lives on in the context alone; vectors behind it are not
 * kept for another attach, when the home network may decide otherwise about the device. */
static enum err agree(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    struct binding_vector *v = &ue->vectors[ue->next_vector - 1];
    struct nassec_agreement a = {.side = NASSEC_MME, .ksi = ue->ksi, .kasme = v->kasme};
    enum err err = ue->capability_n < 2
                       ? E_UNSUPPORTED
                       : nassec_select(ue->capability[0], ue->capability[1],
                                       &r->env->config->algorithms, &a.eea, &a.eia);
    if (err == E_OK) {
        err = nassec_establish(r->env->crypto, &a, &ue->security);
        ue->has_security = err == E_OK;
    }
    wipe(&a, sizeof a);
    emm_drop_vectors(ue);
    return err;
}

void emm_command_security(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    enum err err = agree(r);
    ue->secured = false;
    if (err != E_OK) {
        emm_reject_attach(r, err == E_UNSUPPORTED ? REFUSAL_NO_COMMON_ALGORITHM
                                                  : REFUSAL_CRYPTO_FAILED);
        return;
    }
    ue->state = EMM_SECURITY_MODE;
    ue->sent = 1;
    emm_guard(r, r->env->config->t3460_ms);
    send_command(r);
}

void emm_security_again(struct emm_run *r)
{
    if (emm_once_more(r, r->env->config->t3460_ms)) {
        send_command(r);
    }
}

/* ---- the UE's answer ------------------------------------------------------------------------- */

static void take_imeisv(struct emm_ue *ue, struct bytes value)
{
    struct nas_identity id;
    if (value.p != NULL && nas_identity_parse(value, &id) == E_OK &&
        id.type == NAS_IDENTITY_IMEISV) {
        ue->who.has_imei = true;
        ue->who.imei = id.imeisv;
        ue->imei_fresh = true;
    }
}

/* HashMME showed the UE that its ATTACH REQUEST was changed on the way: what it says now, under
 * integrity, is what counts (TS 33.401 8.1.1). */
static bool take_replayed(struct emm_run *r, struct bytes replayed)
{
    struct nas_attach_request m;
    if (replayed.p == NULL || replayed.n == 0) {
        return true;
    }
    emm_tell(r, REFUSAL_ATTACH_CHANGED);
    if (nas_parse(&nas_attach_request_message, replayed, &m, &r->fault) != E_OK ||
        emm_take_attach_request(r, &m) != E_OK) {
        emm_reject_attach(r, REFUSAL_NAS_MALFORMED);
        return false;
    }
    if (!emm_serves_type(r->ue->attach_type)) {
        emm_reject_attach(r, REFUSAL_NO_SERVICE_HERE);
        return false;
    }
    return true;
}

void emm_on_security_complete(struct emm_run *r)
{
    struct nas_security_mode_complete m;
    if (!r->verified) {
        emm_tell(r, REFUSAL_NAS_UNPROTECTED);
        return;
    }
    if (!emm_parse(r, &nas_security_mode_complete_message, &m)) {
        return;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    r->ue->secured = true;
    r->ue->kenb_count = r->count;
    take_imeisv(r->ue, m.imeisv);
    if (take_replayed(r, m.replayed_nas_message)) {
        emm_after_security(r);
    }
}

void emm_on_security_reject(struct emm_run *r)
{
    struct nas_security_mode_reject m;
    if (!emm_parse(r, &nas_security_mode_reject_message, &m)) {
        return;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    emm_tell_end(r, m.emm_cause == EMM_CAUSE_UE_SECURITY_CAPABILITIES_MISMATCH
                        ? REFUSAL_BIDDING_DOWN
                        : REFUSAL_SECURITY_MODE_REJECTED);
    emm_leave(r);
}
