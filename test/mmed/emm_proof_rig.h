/* test/mmed/emm_proof_rig.h - the way to a device's proof on the bench of emm_rig.h, with a library
 * that finds what it is told to find. Real keys and chains are tried in test/attach/devid_test.c.
 */
#ifndef BINDERY_TEST_MMED_EMM_PROOF_RIG_H
#define BINDERY_TEST_MMED_EMM_PROOF_RIG_H

#include "lib/check.h"
#include "mmed/emm_rig.h"
#include "wire/devid.h"

static struct rig g;

#define IMEI  "35693803564380" /* of the IMEISV that the rig gives */
#define OTHER "35693803564398"

/* ---- a library and a credential -------------------------------------------------------------- */

static struct {
    enum err record, signature;
    enum devid_cause chain;
    unsigned records, signatures, chains;
    uint8_t algorithm;
    uint8_t content[DEVID_CONTENT_LEN];
    int64_t at;
} library;

static inline enum err judge_record(void *ctx, struct bytes signer, struct bytes record,
                                    struct bytes signature)
{
    (void)ctx;
    (void)signer;
    (void)record;
    (void)signature;
    library.records++;
    return library.record;
}

static inline enum devid_cause judge_chain(void *ctx, const struct bytes *chain, size_t n,
                                           int64_t at)
{
    (void)ctx;
    (void)chain;
    (void)n;
    library.chains++;
    library.at = at;
    return library.chain;
}

static inline enum err judge_signature(void *ctx, uint8_t algorithm, bool certificate,
                                       struct bytes key, struct bytes content,
                                       struct bytes signature)
{
    (void)ctx;
    (void)certificate;
    (void)key;
    (void)signature;
    library.signatures++;
    library.algorithm = algorithm;
    assert_int_equal(content.n, sizeof library.content);
    memcpy(library.content, content.p, content.n);
    return library.signature;
}

static const struct devid_port port = {NULL, judge_record, judge_chain, judge_signature};

static uint8_t record_octets[BINDING_RECORD_LEN];
static const uint8_t leaf[] = "a certificate";
static const uint8_t signer[32], signature[64];

static inline struct devid_credential found(const char *imei, uint8_t form)
{
    struct binding_record r = {.use = BINDING_IDENTITY,
                               .form = form,
                               .status = BINDING_ACTIVE,
                               .not_before = 1000,
                               .not_after = 3000,
                               .serial = 77,
                               .issued = 900};
    const struct bytes key = BYTES_OF(leaf);
    struct devid_credential c = {.status = DEVID_FOUND,
                                 .form = form,
                                 .record = BYTES_OF(record_octets),
                                 .signature = BYTES_OF(signature),
                                 .signer = BYTES_OF(signer),
                                 .source = DEVID_FROM_REPOSITORY};
    assert_ok(imei_parse(bytes_of_str(imei), &r.imei));
    assert_ok(g.crypto.sha256(g.crypto.ctx, &key, 1, r.digest));
    binding_record_write(&r, record_octets);
    if (form == BINDING_CERTIFICATE) {
        c.n_chain = 1;
        c.chain[0] = key;
    } else {
        c.spki = key;
    }
    return c;
}

static const struct devid_credential none = {.status = DEVID_NONE, .source = DEVID_FROM_REPOSITORY};

/* ---- the way there --------------------------------------------------------------------------- */

static inline void open_wanting(uint8_t control)
{
    rig_open(&g);
    memset(&library, 0, sizeof library);
    g.config.devid = true;
    g.devid = &port;
    g.unix_s = 2000;
    g.proof_control = control;
}

static inline void secure(void)
{
    rig_pdu(&g, true, rig_attach_request(&g, NAS_SHT_PLAIN));
    rig_vectors(&g, 1, 2001, false);
    rig_res(&g);
    rig_security_complete(&g);
}

/* The challenge that the last step sent. */
static inline struct devid_challenge challenged(void)
{
    uint8_t room[EMM_PDU_MAX];
    struct nas_identity_request m;
    struct devid_challenge c;
    const struct emm_effect *e = rig_effect(&g, EMM_SEND);
    assert_non_null(e);
    assert_int_equal(e->pdu.p[0] >> 4, NAS_SHT_CIPHERED);
    struct bytes plain = rig_open_pdu(&g, e->pdu, room);
    assert_ok(nas_parse(&nas_identity_request_message, plain, &m, NULL));
    assert_int_equal(m.identity_type, NAS_IDENTITY_IMEI);
    assert_ok(wire_devid_challenge_read(m.bindery_container, &c));
    return c;
}

static inline struct devid_challenge asked(void)
{
    open_wanting(S6A_PROOF_WANTED);
    secure();
    assert_int_equal(g.ue->state, EMM_PROOF);
    return challenged();
}

static inline struct bytes proof_of(const char *imei, uint8_t room[static EMM_PDU_MAX])
{
    struct devid_proof p = {.algorithm = DEVID_ECDSA_P256, .n = 64};
    struct bytes value;
    assert_ok(imei_parse(bytes_of_str(imei), &p.imei));
    memset(p.signature, 0x5a, p.n);
    assert_ok(wire_devid_proof_write(&p, (struct mbytes){room, EMM_PDU_MAX}, &value));
    return value;
}

static inline void answer(const char *imei, const char *proof_imei)
{
    uint8_t room[EMM_PDU_MAX];
    rig_imei(&g, imei, proof_imei != NULL ? proof_of(proof_imei, room) : (struct bytes){NULL, 0});
}

static inline void credential(const struct devid_credential *c)
{
    g.credential = c;
    rig_checked(&g, 2001, EMM_EQUIPMENT_WHITE);
}

/* The attach went on to the ULR, with this. */
static inline void assert_outcome(enum devid_cause cause)
{
    const struct emm_effect *told = rig_effect(&g, EMM_DEVICE);
    const struct emm_effect *ulr = rig_effect(&g, EMM_ASK_LOCATION);
    struct devid_outcome kept;
    assert_non_null(told);
    assert_non_null(ulr);
    assert_string_equal(devid_cause_name(told->proof.cause), devid_cause_name(cause));
    assert_int_equal(told->proof.result, devid_cause_result(cause));
    assert_int_equal(ulr->proof.cause, cause);
    assert_int_equal(ulr->proof.result, devid_cause_result(cause));
    emm_ue_proof(g.ue, &kept);
    assert_int_equal(kept.cause, cause);
    assert_int_equal(g.ue->state, EMM_LOCATION);
}

#endif
