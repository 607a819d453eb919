/* nf/mmed/emm_proof.c - device identifier authentication as CP-AU: what of figures 5.2.4.x.2-1 and
 * 5.2.4.y.2-1 of TR 33.899 happens at an MME, in their order. Steps 1 and 2 are the attach up to
 * SECURITY MODE COMPLETE; step 7 is the home network's. */
#include "codec/nas_container.h"
#include "codec/s6a.h"
#include "nf/mmed/emm_parts.h"
#include "wire/devid.h"

#include <string.h>

#define CONTAINER_ROOM 64 /* of a challenge: 48 octets at most */

/* ---- step 3: device identity request with a challenge ---------------------------------------- */

static struct bytes algorithms(const struct emm_run *r)
{
    const struct emm_config *c = r->env->config;
    return (struct bytes){c->proof_algorithms, c->n_proof_algorithms};
}

/* The one of this attach: its nonce is kept, its algorithms are configuration. */
static void challenge_of(const struct emm_run *r, struct devid_challenge *out)
{
    struct bytes accepted = algorithms(r);
    *out = (struct devid_challenge){.n_algorithms = (uint8_t)accepted.n};
    memcpy(out->nonce, r->ue->said.nonce, sizeof out->nonce);
    memcpy(out->algorithms, accepted.p, accepted.n);
}

static void send_challenge(struct emm_run *r)
{
    uint8_t room[CONTAINER_ROOM];
    struct devid_challenge challenge;
    struct nas_identity_request m = {.identity_type = NAS_IDENTITY_IMEI};
    challenge_of(r, &challenge);
    if (wire_devid_challenge_write(&challenge, MBYTES_OF(room), &m.bindery_container) != E_OK) {
        emm_reject_attach(r, REFUSAL_CRYPTO_FAILED);
        return;
    }
    emm_send_down(r, &nas_identity_request_message, &m); /* a failure has ended the attach */
}

/*= devid-nonce */
static void challenge(struct emm_run *r)
{
    struct devid_challenge fresh;
    struct emm_ue *ue = r->ue;
    if (devid_challenge_make(r->env->crypto, algorithms(r), &fresh) != E_OK) {
        emm_reject_attach(r, REFUSAL_CRYPTO_FAILED);
        return;
    }
    memcpy(ue->said.nonce, fresh.nonce, sizeof ue->said.nonce);
    ue->imei_asked = true;
    ue->state = EMM_PROOF;
    ue->sent = 1;
    emm_guard(r, r->env->config->t3470_ms);
    send_challenge(r);
}

/*= devid-2 devid-ciphered */
/* Who does not cipher is not asked: neither IMEI nor signature is ever sent in clear. The inquiry
 * goes out all the same, because only who has no binding may do without. */
void emm_after_security(struct emm_run *r)
{
    struct emm_ue *ue = r->ue;
    bool inquire = r->env->config->check_imei || ue->proof_wanted;
    if (ue->provisioning) {
        emm_provision(r);
        return;
    }
    if (ue->proof_wanted) {
        wipe(&ue->said, sizeof ue->said);
    }
    if (ue->proof_wanted && ue->security.agreed.eea != NAS_EEA0) {
        challenge(r);
    } else if (!inquire) {
        emm_ask_location(r);
    } else if (!ue->who.has_imei || (ue->proof_wanted && !ue->imei_fresh)) {
        emm_reject_attach(r, REFUSAL_IDENTITY_MISSING);
    } else {
        emm_ask_equipment(r);
    }
}

/* The same nonce: an answer to either is one to both. A device that stays silent is refused. */
void emm_proof_again(struct emm_run *r)
{
    if (emm_once_more_or(r, r->env->config->t3470_ms, REFUSAL_DEVICE_SILENT)) {
        send_challenge(r);
    }
}

/* ---- step 5: device identity response -------------------------------------------------------- */

/* The IMEI that is inquired about is this one, and the home network is told no other. */
bool emm_take_imei(struct emm_ue *ue, const struct imei *imei)
{
    bool same = ue->who.has_imei && imei_eq(&ue->who.imei.imei, imei);
    bool another = ue->imei_fresh && !same;
    if (!same) {
        ue->who.imei = (struct imeisv){.imei = *imei};
    }
    ue->who.has_imei = ue->imei_fresh = true;
    return another;
}

bool emm_imei_answered(struct emm_run *r, struct imei *imei, struct bytes *container)
{
    struct nas_identity_response m;
    struct nas_identity id;
    if (!r->hidden) {
        emm_tell(r, REFUSAL_NAS_UNPROTECTED);
        return false;
    }
    if (!emm_parse(r, &nas_identity_response_message, &m)) {
        return false;
    }
    emm_stop(r, EMM_TIMER_PROCEDURE);
    if (nas_identity_parse(m.identity, &id) != E_OK || id.type != NAS_IDENTITY_IMEI) {
        emm_reject_attach(r, REFUSAL_IDENTITY_MISSING);
        return false;
    }
    *imei = id.imei;
    *container = m.bindery_container;
    return true;
}

static void take_proof(struct emm_ue *ue, struct bytes container)
{
    struct emm_said *said = &ue->said;
    said->answered = true;
    if (container.p == NULL) {
        return;
    }
    said->has_proof = wire_devid_proof_read(container, &said->proof) == E_OK;
    said->unreadable = !said->has_proof;
    said->contradicts =
        said->contradicts || (said->has_proof && !imei_eq(&said->proof.imei, &ue->who.imei.imei));
}

/*= devid-6 */
void emm_on_proof(struct emm_run *r)
{
    struct imei imei;
    struct bytes container;
    if (!emm_imei_answered(r, &imei, &container)) {
        return;
    }
    r->ue->said.contradicts = emm_take_imei(r->ue, &imei);
    take_proof(r->ue, container);
    emm_ask_equipment(r); /* step 6: inquiry by IMEI */
}

/* ---- step 9: verification, with the credential of step 8 ------------------------------------- */

void emm_judge_proof(struct emm_run *r)
{
    static const struct devid_credential unanswered = {.status = DEVID_UNAVAILABLE,
                                                       .cause = DEVID_CAUSE_INQUIRY_UNANSWERED};
    struct emm_ue *ue = r->ue;
    const struct emm_eca *a = r->event->eca;
    bool answered = a->has_credential && !a->experimental && a->code == DIAMETER_SUCCESS;
    struct devid_challenge made;
    challenge_of(r, &made);
    const struct devid_asked asked = {
        .challenge = ue->said.answered ? &made : NULL,
        .proof = ue->said.has_proof ? &ue->said.proof : NULL,
        .unreadable = ue->said.unreadable,
        .imei = ue->who.imei.imei,
        .session = {.plmn = r->env->config->plmn, .kasme = &ue->security.agreed.kasme},
        .at = r->env->unix_s,
    };
    devid_check(r->env->crypto, r->env->devid, &asked, answered ? &a->credential : &unanswered,
                &ue->outcome);
    if (ue->said.contradicts) { /* whoever it is, one of the IMEIs is not its own */
        ue->outcome =
            (struct devid_outcome){.result = DEVID_FAILED, .cause = DEVID_CAUSE_OTHER_IMEI};
    }
    wipe(&ue->said, sizeof ue->said);
    emm_add(r, EMM_DEVICE)->proof = ue->outcome;
}

/* ---- where nobody asked ---------------------------------------------------------------------- */

enum refusal emm_unasked(struct bytes container)
{
    uint8_t type = 0;
    if (container.p == NULL) {
        return REFUSAL_NAS_STATE;
    }
    bool kme = nas_container_type(container, &type) == E_OK && type == NAS_CONTAINER_KME_PAYLOAD;
    return kme ? REFUSAL_KME_UNASKED : REFUSAL_PROOF_UNASKED;
}

void emm_identity_unasked(struct emm_run *r)
{
    struct nas_identity_response m = {.bindery_container = {NULL, 0}};
    bool read = nas_parse(&nas_identity_response_message, r->plain, &m, &r->fault) == E_OK;
    emm_tell(r, read ? emm_unasked(m.bindery_container) : REFUSAL_NAS_STATE);
    emm_send_status(r, EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
}

void emm_identity_late(struct emm_run *r)
{
    if (!r->ue->imei_asked) {
        emm_identity_unasked(r);
    }
}
