/* test/mmed/emm_rig.h - the EMM state machine on a bench: one context, a UE of a few lines that
 * shares its keys, and an HSS whose vectors are made up, because the MME does not look into them.
 * Puts a context into any state by the way that leads there. Aborts where that does not work; knows
 * no test library, so that the fuzz target can use it as well.
 */
#ifndef BINDERY_TEST_MMED_EMM_RIG_H
#define BINDERY_TEST_MMED_EMM_RIG_H

#include "codec/s6a.h"
#include "crypto/openssl.h"
#include "nf/mmed/emm_parts.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct rig {
    struct crypto crypto;
    struct emm_config config;
    struct emm_ue *ue; /* the context, in a block of its own */
    struct emm_effects fx;
    uint8_t *scratch;
    uint32_t m_tmsi;
    struct emm_where where;
    struct emm_ue *old; /* handed in with EMM_INITIAL */
    bool gone;          /* it was told to FORGET */
    /* the UE's side */
    struct nas_security security;
    bool secured;
    uint8_t kasme; /* every octet of the key of the challenge under way */
    uint8_t ksi;
    /* how the attach is to be */
    uint8_t attach_type, pti, pdn_type, claimed_ksi;
    bool by_guti, transfer;
    bool no_imeisv; /* in SECURITY MODE COMPLETE */
    uint32_t guti;
    const char *imsi;
    /* an attach for a subscription (type 5): the IMEI it names, NULL for the IMSI after all, and
     * its container */
    const char *imei;
    struct bytes container;
    uint8_t pdu[EMM_PDU_MAX]; /* the UE's last one */
    struct bytes last;        /* what the MME was given last */
    /* procedure kme: the vectors are for provisioning only, with this nonce */
    bool provisioning;
    uint8_t nonce[KME_NONCE_LEN];
    /* the proof of the IMEI: what the home network wants, answers, and what a library finds */
    uint8_t proof_control;
    const struct devid_credential *credential; /* with the ECA; NULL: none comes */
    const struct devid_port *devid;
    int64_t unix_s;
};

static inline void must_at(bool holds, const char *file, int line)
{
    if (!holds) {
        fprintf(stderr, "%s:%d: does not hold\n", file, line);
        abort();
    }
}
#define must(x) must_at((x), __FILE__, __LINE__)

/* A container 6 without a proof, of a URL of no one. */
#define RIG_REQUEST                                                                                \
    BYTES_LIT("\x06\x01\x0e\x00\x23"                                                               \
              "https://ca.example.org/DeviceID=d42"                                                \
              "\x0f\x00\x10"                                                                       \
              "0123456789abcdef")

/* A library that finds all of it good; who wants it otherwise puts another one in. */
static inline enum err rig_record(void *ctx, struct bytes signer, struct bytes record,
                                  struct bytes signature)
{
    (void)ctx;
    (void)signer;
    (void)record;
    (void)signature;
    return E_OK;
}

static inline enum devid_cause rig_chain(void *ctx, const struct bytes *chain, size_t n, int64_t at)
{
    (void)ctx;
    (void)chain;
    (void)n;
    (void)at;
    return DEVID_CAUSE_NONE;
}

static inline enum err rig_signature(void *ctx, uint8_t algorithm, bool certificate,
                                     struct bytes key, struct bytes content, struct bytes signature)
{
    (void)ctx;
    (void)algorithm;
    (void)certificate;
    (void)key;
    (void)content;
    (void)signature;
    return E_OK;
}

static const struct devid_port rig_devid = {NULL, rig_record, rig_chain, rig_signature};

static inline void rig_open(struct rig *g)
{
    memset(g, 0, sizeof *g);
    must(crypto_openssl_open(&g->crypto) == E_OK);
    g->config = (struct emm_config){.mme_group_id = 2,
                                    .mme_code = 1,
                                    .algorithms = {{2, 1, 3}, 3, {2, 1, 3}, 3},
                                    .vectors = 1,
                                    .serve = true,
                                    .resyncs = 2,
                                    .t3412_s = 3240,
                                    .t3402_s = 720,
                                    .t3450_ms = 6000,
                                    .t3460_ms = 6000,
                                    .t3470_ms = 6000,
                                    .t3422_ms = 6000,
                                    .t3489_ms = 4000,
                                    .retransmissions = 4,
                                    .attach_ms = 60000,
                                    .implicit_detach_ms = 240000};
    must(plmn_parse(BYTES_LIT("001-01"), &g->config.plmn) == E_OK);
    g->where = (struct emm_where){.plmn = g->config.plmn, .tac = 1};
    g->ue = malloc(emm_ue_size);
    g->scratch = malloc((size_t)EMM_EFFECTS_MAX * EMM_PDU_MAX);
    must(g->ue != NULL && g->scratch != NULL);
    emm_ue_init(g->ue);
    g->imei = "35693803564380"; /* of the IMEISV in SECURITY MODE COMPLETE */
    g->container = RIG_REQUEST;
    g->attach_type = NAS_EPS_ATTACH;
    g->pti = 1;
    g->pdn_type = NAS_PDN_IPV4;
    g->claimed_ksi = NAS_KSI_NONE;
    g->imsi = "001010123456789";
    g->guti = 0x1234;
    g->devid = &rig_devid;
    g->config.n_proof_algorithms = 2;
    g->config.proof_algorithms[0] = DEVID_ECDSA_P256;
    g->config.proof_algorithms[1] = DEVID_ED25519;
}

static inline void rig_close(struct rig *g)
{
    emm_effects_wipe(&g->fx);
    free(g->ue);
    free(g->scratch);
    crypto_openssl_close(&g->crypto);
}

/* ---- steps ----------------------------------------------------------------------------------- */

static inline const struct emm_effect *rig_effect(const struct rig *g, enum emm_effect_kind kind)
{
    for (unsigned i = 0; i < g->fx.n; i++) {
        if (g->fx.e[i].kind == kind) {
            return &g->fx.e[i];
        }
    }
    return NULL;
}

static inline bool rig_told(const struct rig *g, enum refusal why)
{
    for (unsigned i = 0; i < g->fx.n; i++) {
        if (g->fx.e[i].kind == EMM_TOLD && g->fx.e[i].refusal == why) {
            return true;
        }
    }
    return false;
}

static inline void rig_step(struct rig *g, const struct emm_event *event)
{
    const struct emm_env env = {.config = &g->config,
                                .crypto = &g->crypto,
                                .m_tmsi = ++g->m_tmsi,
                                .pdn_address = {10, 45, 0, 2},
                                .devid = g->devid,
                                .unix_s = g->unix_s,
                                .scratch = {g->scratch, (size_t)EMM_EFFECTS_MAX * EMM_PDU_MAX}};
    emm_step(g->ue, &env, event, &g->fx);
    g->gone = g->gone || rig_effect(g, EMM_FORGET) != NULL;
}

static inline void rig_event(struct rig *g, enum emm_event_kind kind)
{
    static const struct emm_aia aia;
    static const struct emm_ula ula;
    static const struct emm_eca eca;
    struct emm_event event = {.kind = kind, .aia = &aia, .ula = &ula, .eca = &eca};
    rig_step(g, &event);
}

static inline void rig_timer(struct rig *g, enum emm_timer which)
{
    struct emm_event event = {.kind = EMM_TIMER, .timer = which};
    rig_step(g, &event);
}

/* A PDU as it is, on a connection of its own or on the one there is. */
static inline void rig_pdu(struct rig *g, bool initial, struct bytes pdu)
{
    struct emm_event event = {.kind = initial ? EMM_INITIAL : EMM_UPLINK,
                              .pdu = pdu,
                              .where = initial ? &g->where : NULL,
                              .old = initial ? g->old : NULL};
    g->last = pdu;
    rig_step(g, &event);
}

/* ---- the UE ---------------------------------------------------------------------------------- */

/* The UE's context under a key of such octets. */
static inline void rig_secure(struct rig *g, uint8_t kasme, uint8_t ksi)
{
    struct nassec_agreement a = {.side = NASSEC_UE, .ksi = ksi, .eea = NAS_EEA2, .eia = NAS_EIA2};
    memset(a.kasme.b, kasme, sizeof a.kasme.b);
    must(nassec_establish(&g->crypto, &a, &g->security) == E_OK);
    g->secured = true;
}

/* Writes a message, and protects it as `sht` says. */
static inline struct bytes rig_write(struct rig *g, uint8_t sht, const struct nas_message *m,
                                     const void *in)
{
    uint8_t plain[EMM_PDU_MAX];
    size_t n = 0;
    must(nas_write(m, in, MBYTES_OF(plain), &n) == E_OK);
    if (sht == NAS_SHT_PLAIN) {
        memcpy(g->pdu, plain, n);
    } else {
        must(nassec_protect(&g->crypto, &g->security, sht, (struct bytes){plain, n},
                            MBYTES_OF(g->pdu), &n) == E_OK);
    }
    return (struct bytes){g->pdu, n};
}

/* Octets that no table describes, protected. */
static inline struct bytes rig_protect(struct rig *g, uint8_t sht, struct bytes plain)
{
    size_t n = 0;
    must(nassec_protect(&g->crypto, &g->security, sht, plain, MBYTES_OF(g->pdu), &n) == E_OK);
    return (struct bytes){g->pdu, n};
}

static inline void rig_up(struct rig *g, const struct nas_message *m, const void *in)
{
    rig_pdu(g, !g->ue->connected,
            rig_write(g, g->secured ? NAS_SHT_CIPHERED : NAS_SHT_PLAIN, m, in));
}

static inline struct bytes rig_guti(const struct rig *g, uint32_t m_tmsi,
                                    uint8_t room[static NAS_IDENTITY_MAX])
{
    struct bytes value;
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_GUTI,
                                  .guti = {.plmn = g->config.plmn,
                                           .mme_group_id = g->config.mme_group_id,
                                           .mme_code = g->config.mme_code,
                                           .m_tmsi = m_tmsi}};
    must(nas_eps_identity_write(&id, (struct mbytes){room, NAS_IDENTITY_MAX}, &value) == E_OK);
    return value;
}

static inline struct bytes rig_eps_imsi(const struct rig *g, uint8_t room[static NAS_IDENTITY_MAX])
{
    struct bytes value;
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_IMSI};
    must(imsi_parse(bytes_of_str(g->imsi), &id.imsi) == E_OK);
    must(nas_eps_identity_write(&id, (struct mbytes){room, NAS_IDENTITY_MAX}, &value) == E_OK);
    return value;
}

static inline struct bytes rig_eps_imei(const struct rig *g, uint8_t room[static NAS_IDENTITY_MAX])
{
    struct bytes value;
    struct nas_eps_identity id = {.type = NAS_EPS_IDENTITY_IMEI};
    must(imei_parse(bytes_of_str(g->imei), &id.imei) == E_OK);
    must(nas_eps_identity_write(&id, (struct mbytes){room, NAS_IDENTITY_MAX}, &value) == E_OK);
    return value;
}

static inline struct bytes rig_attach_request(struct rig *g, uint8_t sht)
{
    static const uint8_t capability[] = {0xf0, 0x70};
    uint8_t esm[64], identity[NAS_IDENTITY_MAX];
    size_t n = 0;
    struct nas_pdn_connectivity_request pdn = {
        .header = {.pti = g->pti}, .request_type = 1, .pdn_type = g->pdn_type};
    if (g->transfer) {
        pdn.esm_information_transfer_flag = NAS_U8_OF(NAS_ESM_INFORMATION_TRANSFER);
    }
    must(nas_write(&nas_pdn_connectivity_request_message, &pdn, MBYTES_OF(esm), &n) == E_OK);
    struct nas_attach_request m = {.attach_type = g->attach_type,
                                   .ksi = g->claimed_ksi,
                                   .ue_network_capability = BYTES_OF(capability),
                                   .esm_message_container = {esm, n}};
    m.identity = g->by_guti ? rig_guti(g, g->guti, identity) : rig_eps_imsi(g, identity);
    if (g->attach_type == NAS_PROVISIONING_ATTACH) {
        m.identity = g->imei != NULL ? rig_eps_imei(g, identity) : m.identity;
        m.bindery_container = g->container;
    }
    return rig_write(g, sht, &nas_attach_request_message, &m);
}

static inline void rig_identity(struct rig *g)
{
    uint8_t room[NAS_IDENTITY_MAX];
    struct nas_identity id = {.type = NAS_IDENTITY_IMSI};
    struct nas_identity_response m = {.header = {0}};
    must(imsi_parse(bytes_of_str(g->imsi), &id.imsi) == E_OK);
    must(nas_identity_write(&id, MBYTES_OF(room), &m.identity) == E_OK);
    rig_up(g, &nas_identity_response_message, &m);
}

/* The answer to a challenge: an IMEI, and a container of these octets (empty: none). */
static inline void rig_imei(struct rig *g, const char *imei, struct bytes container)
{
    uint8_t room[NAS_IDENTITY_MAX];
    struct nas_identity id = {.type = NAS_IDENTITY_IMEI};
    struct nas_identity_response m = {.bindery_container = container};
    must(imei_parse(bytes_of_str(imei), &id.imei) == E_OK);
    must(nas_identity_write(&id, MBYTES_OF(room), &m.identity) == E_OK);
    rig_up(g, &nas_identity_response_message, &m);
}

/* The payload of a device that was told to make a KME: encrypted for whom it may concern. */
static inline struct bytes rig_payload(const char *imsi, const char *imei,
                                       uint8_t room[static WIRE_KME_PAYLOAD_MAX])
{
    static const uint8_t encrypted[KME_MODULUS_MIN] = {0xe5};
    struct kme_payload p = {.lot = {.n = 5, .text = "lot-1"}, .encrypted = BYTES_OF(encrypted)};
    struct bytes value;
    must(imsi_parse(bytes_of_str(imsi), &p.imsi) == E_OK);
    must(imei_parse(bytes_of_str(imei), &p.imei) == E_OK);
    must(wire_kme_payload_write(&p, (struct mbytes){room, WIRE_KME_PAYLOAD_MAX}, &value) == E_OK);
    return value;
}

/* RES of the made-up vectors: eight octets of the key's octet. */
static inline void rig_res(struct rig *g)
{
    uint8_t res[8];
    struct nas_authentication_response m = {.res = BYTES_OF(res)};
    memset(res, g->kasme, sizeof res);
    rig_up(g, &nas_authentication_response_message, &m);
}

static inline void rig_auth_failure(struct rig *g, uint8_t cause)
{
    static const uint8_t auts[14];
    struct nas_authentication_failure m = {.emm_cause = cause};
    if (cause == EMM_CAUSE_SYNCH_FAILURE) {
        m.auts = BYTES_OF(auts);
    }
    rig_up(g, &nas_authentication_failure_message, &m);
}

static inline void rig_security_complete(struct rig *g)
{
    uint8_t room[NAS_IDENTITY_MAX];
    struct nas_identity id = {.type = NAS_IDENTITY_IMEISV};
    struct nas_security_mode_complete m = {.header = {0}};
    if (!g->secured) {
        rig_secure(g, g->kasme, g->ksi);
    }
    must(imeisv_parse(BYTES_LIT("3569380356438099"), &id.imeisv) == E_OK);
    must(nas_identity_write(&id, MBYTES_OF(room), &m.imeisv) == E_OK);
    if (g->no_imeisv) {
        m.imeisv = (struct bytes){NULL, 0};
    }
    rig_pdu(g, !g->ue->connected,
            rig_write(g, NAS_SHT_CIPHERED_NEW, &nas_security_mode_complete_message, &m));
}

static inline void rig_attach_complete(struct rig *g)
{
    uint8_t esm[8];
    size_t n = 0;
    struct nas_activate_default_eps_bearer_context_accept accept = {.header = {.ebi = EMM_BEARER}};
    must(nas_write(&nas_activate_default_eps_bearer_context_accept_message, &accept, MBYTES_OF(esm),
                   &n) == E_OK);
    struct nas_attach_complete m = {.esm_message_container = {esm, n}};
    rig_up(g, &nas_attach_complete_message, &m);
}

static inline struct bytes rig_detach_request(struct rig *g, uint8_t sht, bool switch_off)
{
    uint8_t room[NAS_IDENTITY_MAX];
    struct nas_detach_request_up m = {.detach_type =
                                          NAS_EPS_DETACH | (switch_off ? NAS_SWITCH_OFF : 0),
                                      .identity = rig_eps_imsi(g, room)};
    return rig_write(g, sht, &nas_detach_request_up_message, &m);
}

static inline struct bytes rig_update_request(struct rig *g, uint8_t sht, uint8_t update_type)
{
    uint8_t room[NAS_IDENTITY_MAX];
    struct nas_tracking_area_update_request m = {
        .update_type = update_type, .ksi = NAS_KSI_NONE, .old_guti = rig_guti(g, g->guti, room)};
    return rig_write(g, sht, &nas_tracking_area_update_request_message, &m);
}

static inline struct bytes rig_service_request(struct rig *g)
{
    must(nassec_service_request(&g->crypto, &g->security, g->pdu) == E_OK);
    return (struct bytes){g->pdu, NASSEC_SERVICE_REQUEST_LEN};
}

/* ---- the HSS --------------------------------------------------------------------------------- */

static inline void rig_vectors(struct rig *g, unsigned n, uint32_t code, bool experimental)
{
    static struct emm_aia aia;
    struct emm_event event = {.kind = EMM_AIA, .aia = &aia};
    g->kasme++;
    g->secured = false;
    aia = (struct emm_aia){
        .code = code, .experimental = experimental, .n = n, .proof_control = g->proof_control};
    if (g->provisioning) {
        aia.has_control = aia.has_nonce = true;
        aia.control = S6A_BINDING_PROVISIONING_ONLY;
        memcpy(aia.nonce, g->nonce, sizeof aia.nonce);
    }
    for (unsigned i = 0; i < n && i < EMM_VECTORS_MAX; i++) {
        aia.vectors[i].xres.n = 8;
        memset(aia.vectors[i].xres.b, (uint8_t)(g->kasme + i), 8);
        memset(aia.vectors[i].kasme.b, (uint8_t)(g->kasme + i), sizeof aia.vectors[i].kasme.b);
        memset(aia.vectors[i].rand, (uint8_t)(g->kasme + i), sizeof aia.vectors[i].rand);
    }
    rig_step(g, &event);
    g->ksi = g->ue->ksi % NAS_KSI_NONE; /* of an ended context: any */
}

static inline struct emm_ula rig_subscription(void)
{
    struct emm_ula ula = {.code = 2001,
                          .subscription = {.ambr_ul = 50000000, .ambr_dl = 150000000, .n_apns = 1}};
    struct emm_apn *apn = &ula.subscription.apns[0];
    memcpy(apn->encoded, "\x08internet", 9);
    apn->n = 9;
    apn->qci = 9;
    apn->pdn_type = EMM_SUBSCRIBED_BOTH;
    return ula;
}

static inline void rig_located(struct rig *g, const struct emm_ula *ula)
{
    struct emm_event event = {.kind = EMM_ULA, .ula = ula};
    rig_step(g, &event);
}

static inline void rig_checked(struct rig *g, uint32_t code, uint8_t status)
{
    struct emm_eca eca = {.code = code, .status = status, .has_credential = g->credential != NULL};
    struct emm_event event = {.kind = EMM_ECA, .eca = &eca};
    if (g->credential != NULL) {
        eca.credential = *g->credential;
    }
    rig_step(g, &event);
}

static inline void rig_cancel(struct rig *g, uint8_t type)
{
    struct emm_event event = {.kind = EMM_CANCEL, .cancellation_type = type};
    rig_step(g, &event);
}

/* ---- a context in a state -------------------------------------------------------------------- */

static inline void rig_to_location(struct rig *g, enum emm_state to)
{
    g->config.check_imei = to == EMM_EQUIPMENT;
    g->config.devid = to == EMM_PROOF;
    g->proof_control = to == EMM_PROOF ? S6A_PROOF_WANTED : S6A_PROOF_NOT_WANTED;
    g->config.kme = g->provisioning = to == EMM_PROVISIONING;
    g->config.onboarding = to == EMM_ONBOARDING;
    uint8_t attach_type = g->attach_type;
    g->attach_type = to == EMM_ONBOARDING ? NAS_PROVISIONING_ATTACH : attach_type;
    g->transfer = to == EMM_ESM_INFORMATION;
    g->by_guti = to == EMM_IDENTITY;
    rig_pdu(g, true, rig_attach_request(g, NAS_SHT_PLAIN));
    if (to >= EMM_AUTHENTICATION) {
        rig_vectors(g, 1, 2001, false);
    }
    if (to >= EMM_SECURITY_MODE) {
        rig_res(g);
    }
    if (to >= EMM_PROOF) {
        rig_security_complete(g);
    }
    g->config.check_imei = false;
    g->attach_type = attach_type;
    g->transfer = g->by_guti = g->provisioning = false;
}

static inline void rig_to(struct rig *g, enum emm_state to)
{
    struct emm_ula ula = rig_subscription();
    if (to != EMM_DEREGISTERED) {
        rig_to_location(g, to);
    }
    if (to >= EMM_ESM_INFORMATION) {
        rig_located(g, &ula);
    }
    if (to >= EMM_REGISTERED) {
        rig_event(g, EMM_CONTEXT_SET);
        rig_attach_complete(g);
        g->guti = g->ue->who.m_tmsi;
    }
    if (to == EMM_IDLE) {
        rig_event(g, EMM_CONNECTION_LOST);
    }
    if (to == EMM_DETACHING) {
        rig_cancel(g, S6A_SUBSCRIPTION_WITHDRAWAL);
    }
    must(g->ue->state == to && !g->gone);
}

/* Opens what was sent to the UE. */
static inline struct bytes rig_open_pdu(struct rig *g, struct bytes pdu,
                                        uint8_t room[static EMM_PDU_MAX])
{
    struct nas_pdu head;
    struct nassec_received got;
    must(nas_peek(pdu, &head) == E_OK);
    if (head.kind != NAS_PROTECTED) {
        return pdu;
    }
    struct nas_security copy = g->security; /* it may be looked at again */
    must(nassec_unprotect(&g->crypto, &copy, pdu, (struct mbytes){room, EMM_PDU_MAX}, &got) ==
         E_OK);
    return (struct bytes){room, got.n};
}

/* The type of the n-th message sent to the UE in this step, and its third octet (mostly a cause) in
 * *cause; 0: there is none. */
static inline uint8_t rig_sent(struct rig *g, unsigned which, uint8_t *cause)
{
    uint8_t room[EMM_PDU_MAX];
    for (unsigned i = 0; i < g->fx.n; i++) {
        const struct emm_effect *e = &g->fx.e[i];
        if ((e->kind == EMM_SEND || (e->kind == EMM_SETUP && e->pdu.p != NULL)) && which-- == 0) {
            struct bytes plain = rig_open_pdu(g, e->pdu, room);
            struct nas_pdu head;
            must(nas_peek(plain, &head) == E_OK);
            size_t at = head.kind == NAS_PLAIN_ESM ? 3 : 2;
            *cause = plain.n > at ? plain.p[at] : 0;
            return head.type;
        }
    }
    return 0;
}

#endif
