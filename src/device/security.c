/* Authentication, security mode control and identification (TS 24.301 5.4.2 to 5.4.4). */
#include "codec/nas.h"
#include "crypto/kdf.h"
#include "device/offer.h"
#include "device/proof.h"
#include "device/ue.h"
#include <string.h>

#define T3416_MS 30000
#define T3418_MS 20000
#define T3420_MS 15000

/* ---- AUTHENTICATION REQUEST ---- */

/* 5.4.2.6: a challenge that failed stops the timer of the procedure it came in; one that holds
 * starts it again. */
static void hold_procedure(struct step *s)
{
    struct ue *ue = s->ue;
    if (ue_runs(ue, UE_PROCEDURE)) {
        ue_stop(s, UE_PROCEDURE);
        ue->procedure_held = true;
    }
}

static void resume_procedure(struct step *s)
{
    struct ue *ue = s->ue;
    if (ue->procedure_held) {
        ue->procedure_held = false;
        ue_start(s, UE_PROCEDURE, ue_procedure_ms(ue));
    }
}

/* 5.4.2.7: the connection is given up, and the procedure with it. */
static void not_genuine(struct step *s)
{
    struct ue *ue = s->ue;
    connection_over(s);
    ue_stop(s, UE_PROCEDURE);
    (void)ue_event(s, BINDERY_UE_EVENT_NOT_GENUINE);
    switch ((enum bindery_ue_state)ue->state) {
    case BINDERY_UE_STATE_ATTACHING:
        attach_failed(s, false);
        break;
    case BINDERY_UE_STATE_UPDATING:
        update_failed(s, false);
        break;
    case BINDERY_UE_STATE_DETACHING:
        detach_released(s);
        break;
    case BINDERY_UE_STATE_SERVICE_REQUESTED:
    case BINDERY_UE_STATE_REGISTERED:
        ue->state = BINDERY_UE_STATE_REGISTERED;
        connection_idle(s);
        break;
    case BINDERY_UE_STATE_DEREGISTERED:
    case BINDERY_UE_STATE_WAITING:
    case BINDERY_UE_STATE_LIMITED:
    case BINDERY_UE_STATE_NO_USIM:
    case BINDERY_UE_STATE_COUNT:
        break;
    }
}

void security_challenge_failed(struct step *s, uint8_t cause, const struct auts *auts)
{
    struct ue *ue = s->ue;
    const struct bindery_ue_timers *t = &ue->settings->timers;
    struct nas_authentication_failure m = {.emm_cause = cause};
    const bool sync = cause == EMM_CAUSE_SYNCH_FAILURE;
    hold_procedure(s);
    ue->auth_failures++;
    if (ue->auth_failures >= UE_AUTH_FAILURES) {
        not_genuine(s);
        return;
    }
    if (sync) {
        m.auts = BYTES_OF(auts->b);
    }
    ue_start(s, UE_T3418, sync ? ue_ms(t->t3420, T3420_MS) : ue_ms(t->t3418, T3418_MS));
    (void)emm_send(s, &nas_authentication_failure_message, &m);
}

void security_answer(struct step *s, const struct nas_authentication_request *m,
                     const struct usim_answer *a)
{
    struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    const struct nas_authentication_response out = {.res = {a->res.b, a->res.n}};
    struct key_kasme kasme;
    uint8_t sn_id[PLMN_LEN];
    plmn_to_octets(&ue->cell.plmn, sn_id);
    /* AUTN begins with SQN xor AK. */
    if (kdf_kasme(&c, &a->ck, &a->ik, sn_id, m->autn.p, &kasme) != E_OK) {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
        return;
    }
    ue->has_fresh = true;
    ue->fresh_ksi = m->ksi;
    ue->fresh = kasme;
    ue->auth_failures = 0;
    ue->dirty = true;
    ue_stop(s, UE_T3418);
    resume_procedure(s);
    /* It runs from when RAND and RES were stored: repetitions do not keep them for ever. */
    if (!ue_runs(ue, UE_T3416)) {
        ue_start(s, UE_T3416, ue_ms(ue->settings->timers.t3416, T3416_MS));
    }
    (void)emm_send(s, &nas_authentication_response_message, &out);
    wipe(&kasme, sizeof kasme);
}

static void tell_outcome(struct step *s, enum binding_me_outcome o, const uint8_t *autn)
{
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_AUTHENTICATION);
    e->outcome = (enum bindery_ue_outcome)o;
    e->processed = hooks_processed(autn);
    e->cause = hooks_cause(o);
    e->secured = s->secured;
}

/* The challenge was right under the KME that waited: the home network has it. */
static void tell_active(struct step *s)
{
    struct ue *ue = s->ue;
    if (!ue->kme_told) {
        struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_KME_ACTIVE);
        e->processed = true;
        e->secured = s->secured;
    }
    ue->kme_told = false;
    ue->keys_dirty = true;
}

/* The USIM's, and the binding's. */
static void challenge(struct step *s, const struct nas_authentication_request *m)
{
    struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    const struct hooks_usim usim = {.authenticate = ue->host.usim, .ctx = ue->host.usim_ctx};
    struct usim_answer a;
    memset(&a, 0, sizeof a);
    const bool waited = ue->keys.me.pending.present;
    enum binding_me_outcome o =
        hooks_challenge(&c, &ue->keys.me, &ue->me, &usim, m->rand.p, m->autn.p, &a);
    tell_outcome(s, o, m->autn.p);
    if (waited && !ue->keys.me.pending.present) {
        tell_active(s);
    }
    if (o == BINDING_ME_ANSWERED) {
        ue_stop(s, UE_T3416);
    }
    if (o == BINDING_ME_ANSWERED || o == BINDING_ME_REPEATED) {
        security_answer(s, m, &a);
    } else if (hooks_cause(o) != 0) {
        security_challenge_failed(s, hooks_cause(o), &a.auts);
    } else {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
    }
    wipe(&a, sizeof a);
}

/*= dimsi-binding-apart */
void security_authentication_request(struct step *s)
{
    struct nas_authentication_request m;
    enum err err = nas_parse(&nas_authentication_request_message, s->msg, &m, NULL);
    if (err == E_OK && (m.ksi & NAS_KSI_MAPPED || m.ksi == NAS_KSI_NONE)) {
        err = E_BAD_LENGTH; /* a mandatory value that cannot be: #96 */
    }
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    if (ue_discovers(s->ue)) {
        discovery_challenge(s, &m);
    } else {
        challenge(s, &m);
    }
}

void security_t3416(struct step *s)
{
    hooks_forget(&s->ue->me);
}

/* No challenge that holds came after the one that failed. */
void security_t3418(struct step *s)
{
    not_genuine(s);
}

void security_authentication_reject(struct step *s)
{
    struct nas_authentication_reject m;
    enum err err = nas_parse(&nas_authentication_reject_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
        return;
    }
    /* 5.4.2.5: without protection it may only follow what this device answered. */
    if (!s->secured && !ue_runs(s->ue, UE_T3416) && !ue_runs(s->ue, UE_T3418)) {
        ue_refuse(s, BINDERY_UE_REFUSED_UNEXPECTED);
        return;
    }
    if (ue_discovers(s->ue)) {
        reject_authentication_seeking(s);
    } else {
        reject_authentication(s);
    }
}

/* ---- SECURITY MODE COMMAND ---- */

static void reject_mode(struct step *s, enum bindery_ue_refusal why, uint8_t cause)
{
    const struct nas_security_mode_reject m = {.emm_cause = cause};
    ue_refuse(s, why);
    if (cause != 0) {
        (void)emm_send(s, &nas_security_mode_reject_message, &m);
    }
}

/* What is wrong with such a choice. */
static enum bindery_ue_refusal choice_fault(const struct ue *ue, unsigned eea, unsigned eia)
{
    const struct bindery_ue_settings *set = ue->settings;
    const uint8_t sent[2] = {set->eea, set->eia};
    if (eia == 0) {
        return BINDERY_UE_REFUSED_NULL_INTEGRITY;
    }
    if (!nas_ue_supports_eia(BYTES_OF(sent), eia) || !nas_ue_supports_eea(BYTES_OF(sent), eea)) {
        return BINDERY_UE_REFUSED_ALGORITHM;
    }
    if (eea == 0 && !set->allow_eea0) {
        return BINDERY_UE_REFUSED_NULL_CIPHERING;
    }
    return BINDERY_UE_REFUSED_NONE;
}

bool security_allows(const struct ue *ue, unsigned eea, unsigned eia)
{
    return choice_fault(ue, eea, eia) == BINDERY_UE_REFUSED_NONE;
}

static bool capabilities_are_ours(const struct ue *ue, const struct nas_security_mode_command *m)
{
    const uint8_t sent[2] = {ue->settings->eea, ue->settings->eia};
    return nas_ue_security_capability_eq(m->replayed_ue_security_capabilities, BYTES_OF(sent)) &&
           m->replayed_additional_capability.p == NULL;
}

/* A repetition, or other algorithms: the context is current, and its COUNTs go on. */
static enum err verify_current(struct step *s, const struct nassec_agreement *agreed,
                               struct nas_security *out)
{
    const struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    const struct mbytes scratch = {ue->buffer.p, ue->buffer.n - BINDERY_UE_UPLINK_MAX};
    struct nassec_received got;
    enum err err = nassec_change(&c, &ue->security, agreed->eea, agreed->eia, out);
    return err == E_OK ? nassec_unprotect(&c, out, s->pdu, scratch, &got) : err;
}

/* Verifies it under the context that it names: the one of the last AKA, or the current one. What
 * *out has then counts on E_OK only; the caller wipes it in any case. */
static enum err verify_mode(struct step *s, const struct nas_security_mode_command *m,
                            struct nas_security *out)
{
    const struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    struct nassec_agreement agreed = {.side = NASSEC_UE,
                                      .ksi = m->ksi,
                                      .eea = (enum nas_eea)nas_algorithms_eea(m->algorithms),
                                      .eia = (enum nas_eia)nas_algorithms_eia(m->algorithms)};
    if (ue->has_fresh && m->ksi == ue->fresh_ksi) {
        agreed.kasme = ue->fresh;
        enum err err = nassec_accept_smc(&c, &agreed, s->pdu, out);
        wipe(&agreed, sizeof agreed);
        return err;
    }
    if (ue->has_security && m->ksi == ue->security.agreed.ksi) {
        return verify_current(s, &agreed, out);
    }
    return E_NOT_FOUND;
}

struct mode_answer {
    struct nas_security_mode_complete m;
    uint8_t imeisv[NAS_IDENTITY_MAX];
    bool changed; /* the request that began this was, on its way */
};

static enum err fill_complete(struct ue *ue, const struct nas_security_mode_command *m,
                              struct mode_answer *out)
{
    const struct crypto c = ue_crypto(ue);
    uint8_t hash[NASSEC_HASH_MME_LEN];
    enum err err = E_OK;
    memset(out, 0, sizeof *out);
    if (m->imeisv_request.present && m->imeisv_request.v == NAS_IMEISV_REQUESTED) {
        const struct nas_identity id = {.type = NAS_IDENTITY_IMEISV, .imeisv = ue->imeisv};
        err = nas_identity_write(&id, MBYTES_OF(out->imeisv), &out->m.imeisv);
    }
    const bool asked =
        ue->state == BINDERY_UE_STATE_ATTACHING || ue->state == BINDERY_UE_STATE_UPDATING;
    if (err == E_OK && m->hash_mme.p != NULL && asked && ue->sent_n > 0) {
        const struct bytes sent = {ue->sent, ue->sent_n};
        err = nassec_hash_mme(&c, sent, hash);
        out->changed = err == E_OK && !bytes_eq(m->hash_mme, BYTES_OF(hash));
        if (out->changed) {
            out->m.replayed_nas_message = sent;
        }
    }
    return err;
}

static void accept_mode(struct step *s, const struct nas_security_mode_command *m,
                        const struct nas_security *fresh)
{
    struct ue *ue = s->ue;
    struct mode_answer a;
    if (fill_complete(ue, m, &a) != E_OK) {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
        return;
    }
    s->secured = true;
    s->harmless = false;
    ue->security = *fresh;
    ue->has_security = true;
    ue->secured = true;
    ue->dirty = true;
    ue->reserved = 0;
    ue_forget_challenge(ue);
    ue->auth_failures = 0;
    ue_stop(s, UE_T3416);
    ue_stop(s, UE_T3418); /* table 10.2.1: the network goes on without another challenge */
    resume_procedure(s);
    (void)emm_send_complete(s, &a.m);
    if (a.changed) {
        ue_refuse(s, BINDERY_UE_REFUSED_ATTACH_CHANGED);
        s->harmless = false;
    }
    struct bindery_ue_event *e = ue_event(s, BINDERY_UE_EVENT_SECURED);
    e->eea = (uint8_t)fresh->agreed.eea;
    e->eia = (uint8_t)fresh->agreed.eia;
    e->secured = true;
}

/* A replay gets no answer, and neither does what only looks like a SECURITY MODE COMMAND. */
static void refuse_unverified(struct step *s, enum err err)
{
    if (err == E_CRYPTO) {
        (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
    } else if (err == E_BAD_MAC) {
        reject_mode(s, BINDERY_UE_REFUSED_BAD_MAC, EMM_CAUSE_SECURITY_MODE_REJECTED);
    } else if (err == E_NOT_FOUND) {
        reject_mode(s, BINDERY_UE_REFUSED_KEY_SET, EMM_CAUSE_SECURITY_MODE_REJECTED);
    } else {
        reject_mode(s, err == E_SYNC ? BINDERY_UE_REFUSED_REPLAYED : BINDERY_UE_REFUSED_BAD_HEADER,
                    0);
    }
}

void security_mode_command(struct step *s)
{
    struct ue *ue = s->ue;
    struct nas_security_mode_command m;
    struct nas_security fresh;
    s->harmless = true;
    if (nas_parse(&nas_security_mode_command_message, s->msg, &m, NULL) != E_OK ||
        (m.ksi & NAS_KSI_MAPPED) != 0) {
        ue_refuse(s, BINDERY_UE_REFUSED_MALFORMED);
        return;
    }
    /* On its face, MAC aside. */
    const enum bindery_ue_refusal fault =
        choice_fault(ue, nas_algorithms_eea(m.algorithms), nas_algorithms_eia(m.algorithms));
    if (fault != BINDERY_UE_REFUSED_NONE) {
        reject_mode(s, fault, EMM_CAUSE_SECURITY_MODE_REJECTED);
        return;
    }
    memset(&fresh, 0, sizeof fresh);
    enum err err = verify_mode(s, &m, &fresh);
    if (err != E_OK) {
        refuse_unverified(s, err);
    } else if (capabilities_are_ours(ue, &m)) {
        accept_mode(s, &m, &fresh);
    } else {
        reject_mode(s, BINDERY_UE_REFUSED_CAPABILITIES,
                    EMM_CAUSE_UE_SECURITY_CAPABILITIES_MISMATCH);
    }
    wipe(&fresh, sizeof fresh);
}

/* ---- IDENTITY REQUEST ---- */

/* Why what the element asks for is not given. */
static bool refuse_element(struct step *s, enum bindery_ue_refusal why)
{
    const bool malformed = why == BINDERY_UE_REFUSED_MALFORMED;
    ue_refuse(s, why);
    if (malformed || s->secured) { /* to a network that is none, this device says nothing */
        emm_status(s, malformed ? EMM_CAUSE_SEMANTICALLY_INCORRECT
                                : EMM_CAUSE_MESSAGE_TYPE_NOT_COMPATIBLE);
    }
    return false;
}

static bool give(struct security_element *e, enum bindery_ue_event_kind tell)
{
    e->asked = true;
    e->tell = tell;
    return true;
}

/* What the element asks for is in *e, if it is a challenge: a span in that part of the buffer where
 * the request stood. False: it was refused, or could not be signed. */
bool security_prove(struct step *s, const struct nas_identity_request *m,
                    struct security_element *e)
{
    struct ue *ue = s->ue;
    const struct crypto c = ue_crypto(ue);
    const struct mbytes room = {ue->buffer.p, ue->buffer.n - BINDERY_UE_UPLINK_MAX};
    const struct proof_asked asked = {.identity_type = m->identity_type & 7,
                                      .element = m->bindery_container,
                                      .integrity = s->secured,
                                      .ciphered = s->ciphered,
                                      .session = {ue->cell.plmn, &ue->security.agreed.kasme},
                                      .imei = ue->imeisv.imei};
    switch (proof_answer(&c, ue->host.signer, &asked, room, &e->value)) {
    case BINDERY_UE_DEVID_PROVED:
        return give(e, BINDERY_UE_EVENT_PROVED);
    case BINDERY_UE_DEVID_NO_PROOF:
        return give(e, BINDERY_UE_EVENT_NO_PROOF);
    case BINDERY_UE_DEVID_NOT_ASKED:
        return true;
    case BINDERY_UE_DEVID_UNPROTECTED:
        return refuse_element(s, BINDERY_UE_REFUSED_CHALLENGE_UNPROTECTED);
    case BINDERY_UE_DEVID_MALFORMED:
        return refuse_element(s, BINDERY_UE_REFUSED_MALFORMED);
    case BINDERY_UE_DEVID_BROKEN:
        break;
    }
    (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
    return false;
}

/* NULL: nobody says which it is. */
static const struct plmn *home_of(const struct ue *ue, struct plmn *room)
{
    if (ue->mnc_n == 0) {
        return &ue->cell.plmn; /* if it is not the IMSI's, offer_answer finds out */
    }
    return offer_home(&ue->keys.imsi, ue->mnc_n, room) == E_OK ? room : NULL;
}

/*= kme-often */
/* Each new nonce costs a signature, an encryption and a write to flash, and a network that is
 * authenticated, but another's, could ask until the flash is worn out. */
static bool is_spent(const struct step *s)
{
    const struct ue *ue = s->ue;
    return ue->offers >= UE_OFFERS && s->now - ue->offers_since < UE_OFFERS_MS;
}

static void count_offer(struct step *s)
{
    struct ue *ue = s->ue;
    if (ue->offers == 0 || s->now - ue->offers_since >= UE_OFFERS_MS) {
        ue->offers = 0;
        ue->offers_since = s->now;
    }
    ue->offers++;
    ue->keys_dirty = true;
}

/* The same for the command to make a KME; what it gives relies on keys that ue_finish stores. */
bool security_offer(struct step *s, const struct nas_identity_request *m,
                    struct security_element *e)
{
    struct ue *ue = s->ue;
    struct plmn home;
    bool changed = false;
    const struct crypto c = ue_crypto(ue);
    const struct mbytes room = {ue->buffer.p, ue->buffer.n - BINDERY_UE_UPLINK_MAX};
    const struct offer_asked asked = {.identity_type = m->identity_type & 7,
                                      .element = m->bindery_container,
                                      .integrity = s->secured,
                                      .ciphered = s->ciphered,
                                      .imei = ue->imeisv.imei,
                                      .imsi = ue->keys.imsi,
                                      .home = home_of(ue, &home),
                                      .signer = ue->host.signer,
                                      .provisioning = ue->host.provisioning};
    if (is_spent(s) && offer_is_new(&asked, &ue->keys.me)) {
        return refuse_element(s, BINDERY_UE_REFUSED_COMMAND_OFTEN);
    }
    const enum bindery_ue_kme_outcome o =
        offer_answer(&c, &asked, &ue->keys.me, room, &e->value, &changed);
    if (changed) {
        count_offer(s);
    }
    switch (o) {
    case BINDERY_UE_KME_OFFERED:
        return give(e, BINDERY_UE_EVENT_KME_OFFERED);
    case BINDERY_UE_KME_UNABLE:
        return give(e, BINDERY_UE_EVENT_KME_UNABLE);
    case BINDERY_UE_KME_NOT_ASKED:
        return true;
    case BINDERY_UE_KME_UNPROTECTED:
        return refuse_element(s, BINDERY_UE_REFUSED_COMMAND_UNPROTECTED);
    case BINDERY_UE_KME_MALFORMED:
        return refuse_element(s, BINDERY_UE_REFUSED_MALFORMED);
    case BINDERY_UE_KME_ACTIVE: /* those of a result, and layer 1's */
    case BINDERY_UE_KME_WRONG:
    case BINDERY_UE_KME_NOT_STORED:
    case BINDERY_UE_KME_BROKEN:
        break;
    }
    (void)ue_event(s, BINDERY_UE_EVENT_CRYPTO_FAILED);
    return false;
}

/* What this device does not have is answered with "no identity". */
static struct nas_identity identity_of(const struct ue *ue, uint8_t type)
{
    switch (type) {
    case NAS_IDENTITY_IMSI:
        if (ue_onboards(ue)) {
            return (struct nas_identity){.type = NAS_IDENTITY_NONE};
        }
        return (struct nas_identity){.type = NAS_IDENTITY_IMSI, .imsi = ue->keys.imsi};
    case NAS_IDENTITY_IMEI:
        return (struct nas_identity){.type = NAS_IDENTITY_IMEI, .imei = ue->imeisv.imei};
    case NAS_IDENTITY_IMEISV:
        return (struct nas_identity){.type = NAS_IDENTITY_IMEISV, .imeisv = ue->imeisv};
    default:
        return (struct nas_identity){.type = NAS_IDENTITY_NONE};
    }
}

/*= devid-5 kme-6 */
static void answer_identity(struct step *s, uint8_t type, const struct security_element *element)
{
    const struct nas_identity id = identity_of(s->ue, type);
    struct nas_identity_response out;
    uint8_t room[NAS_IDENTITY_MAX];
    memset(&out, 0, sizeof out);
    out.bindery_container = element->value;
    if (nas_identity_write(&id, MBYTES_OF(room), &out.identity) != E_OK ||
        !emm_send(s, &nas_identity_response_message, &out) || !element->asked) {
        return;
    }
    struct bindery_ue_event *e = ue_event(s, element->tell);
    e->algorithm = element->tell == BINDERY_UE_EVENT_PROVED ? s->ue->host.signer->algorithm : 0;
    e->secured = s->secured;
}

/* What may be asked for without protection was decided before (nassec_may_be_plain): the IMSI, and
 * that only. */
void security_identity_request(struct step *s)
{
    struct nas_identity_request m;
    struct security_element element = {.asked = false};
    enum err err = nas_parse(&nas_identity_request_message, s->msg, &m, NULL);
    if (err != E_OK) {
        emm_malformed(s, err);
    } else if (m.bindery_container.p == NULL || ue_discovers(s->ue) ||
               (security_prove(s, &m, &element) &&
                /* a proof stands where the element stood */
                (element.asked || security_offer(s, &m, &element)))) {
        answer_identity(s, m.identity_type & 7, &element);
    }
}
