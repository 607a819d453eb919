/* test/emulator/mme_base.h - what the small MME of emulator/mme.h is made of, and how it sends:
 * plain and protected NAS messages, challenge, security mode command, reject. For that file alone.
 */
#ifndef BINDERY_TEST_EMULATOR_MME_BASE_H
#define BINDERY_TEST_EMULATOR_MME_BASE_H

#include "lib/check.h"

#include "codec/nas.h"
#include "codec/nas_ie.h"
#include "codec/s1ap.h"
#include "crypto/openssl.h"
#include "emulator/population.h"
#include "nassec/nassec.h"
#include "proc/binding.h"
#include "wire/devid.h"
#include <stdlib.h>
#include <string.h>

#define MME_UES   512
#define MME_QUEUE 2048
#define MME_GROUP 0x8001
#define MME_CODE  7

static const char mme_seed[] = "a seed of more than sixteen octets";

struct mme_ue {
    bool known, connected, secured;
    unsigned enb;
    uint32_t enb_id, mme_id;
    struct imsi imsi;
    struct lot_device device;
    uint64_t sqn;
    struct binding_vector vector;
    struct nas_security security;
    uint8_t attach[1024];
    size_t attach_n;
    uint8_t capability[2];
    char imeisv[17];
    uint32_t count; /* of the message that KeNB comes from */
    bool registered;
    struct devid_challenge challenge;
    uint32_t secured_count; /* of SECURITY MODE COMPLETE */
    bool has_proof;
    struct devid_proof proof;
    bool nameless; /* was asked for its IMSI */
};
struct mme_out {
    unsigned enb;
    size_t n;
    uint8_t b[2600];
};
struct mme;
struct mme_home { /* has more to say than a vector; AKA is run at each attach */
    void *ctx;
    /* Under which KME the next vector is; NULL: a regular one. */
    const struct key_kme *(*key)(void *ctx, const struct mme_ue *u);
    /* Security mode is complete; a message came. True: it was dealt with. */
    bool (*complete)(void *ctx, struct mme *m, struct mme_ue *u);
    bool (*message)(void *ctx, struct mme *m, struct mme_ue *u, uint8_t type, struct bytes plain);
};
struct mme_onboarding { /* gives devices their subscriptions */
    void *ctx;
    void (*ask)(void *ctx, struct mme *m, struct mme_ue *u, const struct nas_attach_request *r);
};
struct mme_discovery { /* knows subscribers besides those of the seed, and vectors of a D-AUSF */
    void *ctx;
    /* NULL: it does not know it either. */
    struct mme_ue *(*find)(void *ctx, struct mme *m, const struct imsi *imsi);
    /* Fills u->vector. False: an ordinary one is made. */
    bool (*vector)(void *ctx, struct mme *m, struct mme_ue *u, const uint8_t sn[static 3]);
};
struct mme {
    struct crypto c;
    const struct mme_discovery *discovery; /* or NULL */
    const struct mme_home *home;           /* or NULL */
    const struct mme_onboarding
        *onboarding; /* NULL: it knows nothing of that, and asks for IMSIs */
    struct population_origin origin;
    struct mme_ue ue[MME_UES];
    uint32_t next_mme_id;
    uint64_t sqn;
    struct mme_out queue[MME_QUEUE];
    size_t first, last;
    /* what it does wrong, or otherwise */
    bool silent;    /* answers no NAS */
    bool wrong_kme; /* encrypts under another KME */
    bool plain;     /* encrypts under none */
    bool wrong_kenb;
    bool keep_context;   /* does not release after detach */
    bool asks_proof;     /* of the IMEI, after security mode */
    uint8_t reject;      /* EMM cause: rejects each attach */
    bool reject_secured; /* after security mode */
    bool resend_setup_failure;
    enum s1ap_time_to_wait wait;
    uint32_t group; /* of the GUMMEI; 0: MME_GROUP */
    uint8_t sn[3];  /* serving network of the vectors; zeros: 001-01 */
    /* what it saw */
    unsigned setups, attaches, registered, detached, services, errors, non_deliveries, resets,
        releases, release_requests, mac_failures, context_failures, challenges, proofs, unproven,
        nameless;
    enum s1ap_rrc_establishment_cause rrc_cause;
    bool has_s_tmsi;
    char last_imeisv[17];
};

static inline void mme_open(struct mme *m)
{
    memset(m, 0, sizeof *m);
    assert_ok(crypto_openssl_open(&m->c));
    m->origin.seed = BYTES_OF(mme_seed);
    assert_ok(imsi_parse(BYTES_LIT("001010000000001"), &m->origin.imsi));
    assert_ok(imei_parse(BYTES_LIT("00101700000000"), &m->origin.imei));
    m->sqn = 1 << 20;
    m->next_mme_id = 1000;
}

static inline void mme_close(struct mme *m)
{
    crypto_openssl_close(&m->c);
}

/* ---- sending ---- */

static inline void mme_send(struct mme *m, unsigned enb, const struct s1ap_pdu *pdu)
{
    struct mme_out *o = &m->queue[m->last++ % MME_QUEUE];
    assert_true(m->last - m->first <= MME_QUEUE);
    o->enb = enb;
    assert_ok(s1ap_write(pdu, MBYTES_OF(o->b), &o->n));
}

static inline bool mme_next(struct mme *m, struct mme_out *out)
{
    if (m->first == m->last) {
        return false;
    }
    *out = m->queue[m->first++ % MME_QUEUE];
    return true;
}

static inline void mme_nas(struct mme *m, const struct mme_ue *u, struct bytes nas)
{
    struct s1ap_pdu pdu = {.type = S1AP_DOWNLINK_NAS_TRANSPORT};
    pdu.u.downlink_nas_transport = (struct s1ap_downlink_nas_transport){
        .mme_ue_s1ap_id = u->mme_id, .enb_ue_s1ap_id = u->enb_id, .nas_pdu = nas};
    mme_send(m, u->enb, &pdu);
}

static inline void mme_plain(struct mme *m, const struct mme_ue *u, const struct nas_message *t,
                             const void *in)
{
    uint8_t b[2300];
    size_t n = 0;
    assert_ok(nas_write(t, in, MBYTES_OF(b), &n));
    mme_nas(m, u, (struct bytes){b, n});
}

static inline struct bytes mme_protect(struct mme *m, struct mme_ue *u, uint8_t sht,
                                       const struct nas_message *t, const void *in,
                                       struct mbytes out)
{
    uint8_t plain[512];
    size_t n = 0, made = 0;
    assert_ok(nas_write(t, in, MBYTES_OF(plain), &n));
    assert_ok(nassec_protect(&m->c, &u->security, sht, (struct bytes){plain, n}, out, &made));
    return (struct bytes){out.p, made};
}

static inline void mme_release(struct mme *m, const struct mme_ue *u)
{
    struct s1ap_pdu pdu = {.type = S1AP_UE_CONTEXT_RELEASE_COMMAND};
    pdu.u.ue_context_release_command = (struct s1ap_ue_context_release_command){
        .ue_ids = {S1AP_UE_IDS_PAIR, u->mme_id, u->enb_id},
        .has_cause = true,
        .cause = S1AP_CAUSE_OF(NAS, S1AP_NAS_NORMAL_RELEASE)};
    mme_send(m, u->enb, &pdu);
}

static inline void mme_reject(struct mme *m, struct mme_ue *u, bool secured)
{
    const struct nas_attach_reject reject = {.emm_cause = m->reject};
    uint8_t b[64];
    if (secured) {
        mme_nas(
            m, u,
            mme_protect(m, u, NAS_SHT_CIPHERED, &nas_attach_reject_message, &reject, MBYTES_OF(b)));
    } else {
        mme_plain(m, u, &nas_attach_reject_message, &reject);
    }
    mme_release(m, u);
}

static inline void mme_challenge(struct mme *m, struct mme_ue *u)
{
    static const uint8_t home[] = {0x00, 0xf1, 0x10};
    const uint8_t *sn = m->sn[0] + m->sn[1] + m->sn[2] == 0 ? home : m->sn;
    struct key_kme other = u->device.kme;
    const struct key_kme *kme = u->device.has_kme && !m->plain ? &other : NULL;
    other.b[0] ^= m->wrong_kme;
    kme = m->home != NULL ? m->home->key(m->home->ctx, u) : kme;
    m->sqn += 32;
    m->challenges++;
    if (m->discovery == NULL || !m->discovery->vector(m->discovery->ctx, m, u, sn)) {
        assert_ok(binding_hss_vector(&m->c, &u->device.keys, kme, m->sqn, sn, &u->vector));
    }
    const struct nas_authentication_request r = {
        .ksi = 1, .rand = BYTES_OF(u->vector.rand), .autn = BYTES_OF(u->vector.autn.b)};
    mme_plain(m, u, &nas_authentication_request_message, &r);
}

static inline void mme_secure(struct mme *m, struct mme_ue *u)
{
    const struct nassec_agreement agreed = {
        .side = NASSEC_MME, .ksi = 1, .eea = NAS_EEA2, .eia = NAS_EIA2, .kasme = u->vector.kasme};
    uint8_t hash[8], b[128];
    assert_ok(nassec_establish(&m->c, &agreed, &u->security));
    assert_ok(nassec_hash_mme(&m->c, (struct bytes){u->attach, u->attach_n}, hash));
    const struct nas_security_mode_command command = {
        .algorithms = nas_algorithms(NAS_EEA2, NAS_EIA2),
        .ksi = 1,
        .replayed_ue_security_capabilities = BYTES_OF(u->capability),
        .imeisv_request = NAS_U8_OF(NAS_IMEISV_REQUESTED),
        .hash_mme = BYTES_OF(hash)};
    mme_nas(m, u,
            mme_protect(m, u, NAS_SHT_INTEGRITY_NEW, &nas_security_mode_command_message, &command,
                        MBYTES_OF(b)));
}

#endif
