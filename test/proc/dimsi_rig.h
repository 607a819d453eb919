/* test/proc/dimsi_rig.h - all parties of procedure dimsi with real keys: secure elements, service
 * providers, ARPFs, operators and a discovery AUSF, and their ports over libcrypto alone. What
 * stands for a certificate here is a label, the key and the name: chains are the business of
 * nf/common/dimsi_port.h, whose verdict a party's `says` plays.
 */
#ifndef BINDERY_TEST_PROC_DIMSI_RIG_H
#define BINDERY_TEST_PROC_DIMSI_RIG_H

#include "proc/devid_rig.h"
#include "proc/dimsi.h"
#include "proc/failing.h"

#define DRIG_DIMSI  "901700000000001"
#define DRIG_IMSI   "001010000700001"
#define DRIG_TARGET "001-01"
#define DRIG_OTHER  "002-02"
#define DRIG_EXPIRY (RIG_AT + 1000)

struct drig_party {
    enum dimsi_signer who; /* DIMSI_SIGNERS: it signs nothing here */
    EVP_PKEY *key;
    struct dimsi_name name;
    uint8_t octets[200];
    struct bytes certificate;
    uint8_t digest[32], point[65];
    enum dimsi_cause says; /* of its chain */
};
enum drig_who {
    SE_1,
    SE_2,
    SP_1,
    SP_2,
    ARPF_1_SIGNS,
    ARPF_2_SIGNS,
    ARPF_1_AGREES,
    ARPF_1_AGREES_TOO, /* a newer key of the same one */
    ARPF_2_AGREES,
    AUSF_1,
    AUSF_2,
    DRIG_PARTIES
};
/* What went over from hand to hand until the operator has eK. Spans point into it. */
struct drig_offer {
    uint8_t atk[DIMSI_ATK_MAX], delegation[DIMSI_DELEGATION_MAX], signature[64];
    struct dimsi_offer offer;
};
struct drig_grant {
    uint8_t endorsement[DIMSI_ENDORSEMENT_MAX], signature[64], box[DIMSI_BOX_LEN];
    struct bytes content;
};
struct drig {
    struct crypto crypto;
    struct drig_party parties[DRIG_PARTIES];
    struct dimsi_verify_port verify;
    struct dimsi_arpf_port arpf[2];
    bool retired; /* ARPF_1_AGREES is none of the ARPF's keys any more */
    enum err sign_says, agree_says;
    enum dimsi_cause arpf_says; /* what the SE's port says of the ARPF's chain */
    bool bad_point;             /* the SE's fresh key is no point of the curve */
    enum drig_who se;           /* whose port it is */
};

static inline struct imsi drig_imsi(const char *digits)
{
    struct imsi imsi;
    assert_ok(imsi_parse(bytes_of_str(digits), &imsi));
    return imsi;
}

static inline struct plmn drig_plmn(const char *text)
{
    struct plmn plmn;
    assert_ok(plmn_parse(bytes_of_str(text), &plmn));
    return plmn;
}

static inline struct dimsi_name drig_name(const char *text)
{
    struct dimsi_name name;
    assert_ok(dimsi_name_parse(bytes_of_str(text), &name));
    return name;
}

/* ---- keys ---- */

static inline void drig_point(EVP_PKEY *key, uint8_t out[static 65])
{
    uint8_t *p = NULL;
    assert_int_equal(EVP_PKEY_get1_encoded_public_key(key, &p), 65);
    memcpy(out, p, 65);
    OPENSSL_free(p);
}

static inline enum err drig_derive(EVP_PKEY *own, struct bytes point, uint8_t z[static 32])
{
    size_t n = 32;
    EVP_PKEY *peer = EVP_PKEY_new();
    assert_int_equal(EVP_PKEY_copy_parameters(peer, own), 1);
    const bool good = EVP_PKEY_set1_encoded_public_key(peer, point.p, point.n) == 1;
    if (good) {
        EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new(own, NULL);
        assert_int_equal(EVP_PKEY_derive_init(ctx), 1);
        assert_int_equal(EVP_PKEY_derive_set_peer(ctx, peer), 1);
        assert_int_equal(EVP_PKEY_derive(ctx, z, &n), 1);
        EVP_PKEY_CTX_free(ctx);
    }
    EVP_PKEY_free(peer);
    return good ? E_OK : E_BAD_VALUE;
}

static inline enum err drig_fresh(struct bytes point, uint8_t own[static 65], uint8_t z[static 32])
{
    EVP_PKEY *fresh = EVP_EC_gen("P-256");
    drig_point(fresh, own);
    const enum err err = drig_derive(fresh, point, z);
    EVP_PKEY_free(fresh);
    return err;
}

static inline void drig_party(struct drig *d, enum drig_who i, enum dimsi_signer who,
                              const char *name)
{
    struct drig_party *p = &d->parties[i];
    struct wr w = wr_of(MBYTES_OF(p->octets));
    *p = (struct drig_party){.who = who, .key = EVP_EC_gen("P-256")};
    drig_point(p->key, p->point);
    wr_put(&w, BYTES_LIT("a certificate of "));
    wr_put(&w, BYTES_OF(p->point));
    if (name != NULL) {
        p->name = drig_name(name);
        wr_put(&w, bytes_of_str(name));
    }
    p->certificate = wr_done(&w);
    assert_ok(d->crypto.sha256(d->crypto.ctx, &p->certificate, 1, p->digest));
}

/* ---- ports ---- */

static inline enum dimsi_cause drig_signed_by(void *ctx, enum dimsi_signer who,
                                              const struct bytes *chain, size_t n,
                                              struct bytes content, struct bytes signature,
                                              int64_t at, uint8_t digest[static 32],
                                              struct dimsi_name *name)
{
    static const enum dimsi_cause wrong[] = {DIMSI_TOKEN_SIGNATURE, DIMSI_DELEGATION_SIGNATURE,
                                             DIMSI_ENDORSEMENT_SIGNATURE};
    struct drig *d = ctx;
    assert_true(n > 0 && n <= DIMSI_CHAIN_MAX);
    assert_int_equal(signature.n, 64);
    assert_true(at >= RIG_AT);
    for (size_t i = 0; i < DRIG_PARTIES; i++) {
        const struct drig_party *p = &d->parties[i];
        if (!bytes_eq(chain[0], p->certificate)) {
            continue;
        }
        if (p->says != DIMSI_NONE || p->who != who) {
            return p->says != DIMSI_NONE ? p->says : DIMSI_CHAIN_PURPOSE;
        }
        if (!rig_verify(p->key, DEVID_ECDSA_P256, content, signature)) {
            return wrong[who];
        }
        memcpy(digest, p->digest, 32);
        *name = p->name;
        return DIMSI_NONE;
    }
    return DIMSI_CHAIN_UNTRUSTED;
}

static inline enum dimsi_cause drig_se_arpf(void *ctx, const struct bytes *chain, size_t n,
                                            struct dimsi_name *name, uint8_t point[static 65])
{
    struct drig *d = ctx;
    assert_true(n > 0);
    for (size_t i = ARPF_1_AGREES; d->arpf_says == DIMSI_NONE && i <= ARPF_2_AGREES; i++) {
        if (bytes_eq(chain[0], d->parties[i].certificate)) {
            *name = d->parties[i].name;
            memcpy(point, d->parties[i].point, 65);
            return DIMSI_NONE;
        }
    }
    return d->arpf_says != DIMSI_NONE ? d->arpf_says : DIMSI_CHAIN_UNTRUSTED;
}

static inline enum err drig_se_agree(void *ctx, const uint8_t arpf[static 65],
                                     uint8_t se[static 65], uint8_t z[static 32])
{
    struct drig *d = ctx;
    const enum err err = drig_fresh((struct bytes){arpf, 65}, se, z);
    if (d->bad_point) {
        se[64] ^= 1;
    }
    return d->agree_says != E_OK ? d->agree_says : err;
}

static inline enum err drig_se_sign(void *ctx, struct bytes content, uint8_t signature[static 64])
{
    struct drig *d = ctx;
    assert_int_equal(rig_sign(d->parties[d->se].key, DEVID_ECDSA_P256, content, signature), 64);
    return d->sign_says;
}

static inline struct dimsi_se_port drig_se_port(struct drig *d, enum drig_who se)
{
    d->se = se;
    return (struct dimsi_se_port){.ctx = d,
                                  .arpf = drig_se_arpf,
                                  .agree = drig_se_agree,
                                  .sign = drig_se_sign,
                                  .certificate = d->parties[se].certificate,
                                  .at = RIG_AT,
                                  .counter = 3};
}

static inline bool drig_arpf_key(void *ctx, const uint8_t digest[static 32],
                                 struct dimsi_arpf_key *out)
{
    struct drig *d = ctx;
    for (size_t i = d->retired ? ARPF_1_AGREES_TOO : ARPF_1_AGREES; i <= ARPF_2_AGREES; i++) {
        if (memcmp(digest, d->parties[i].digest, 32) == 0) {
            memcpy(out->digest, digest, 32);
            memcpy(out->point, d->parties[i].point, 65);
            return true;
        }
    }
    return false;
}

static inline enum err drig_arpf_agree(void *ctx, const struct dimsi_arpf_key *key,
                                       const uint8_t se[static 65], uint8_t z[static 32])
{
    struct drig *d = ctx;
    for (size_t i = ARPF_1_AGREES; i <= ARPF_2_AGREES; i++) {
        if (memcmp(key->digest, d->parties[i].digest, 32) == 0) {
            return d->agree_says != E_OK
                       ? d->agree_says
                       : drig_derive(d->parties[i].key, (struct bytes){se, 65}, z);
        }
    }
    return E_CRYPTO;
}

static inline void drig_open(struct drig *d)
{
    memset(d, 0, sizeof *d);
    assert_ok(crypto_openssl_open(&d->crypto));
    drig_party(d, SE_1, DIMSI_SE, NULL);
    drig_party(d, SE_2, DIMSI_SE, NULL);
    drig_party(d, SP_1, DIMSI_SP, "sp.example.org");
    drig_party(d, SP_2, DIMSI_SP, "sp.example.net");
    drig_party(d, ARPF_1_SIGNS, DIMSI_ARPF, "arpf.example.org");
    drig_party(d, ARPF_2_SIGNS, DIMSI_ARPF, "arpf.example.net");
    drig_party(d, ARPF_1_AGREES, DIMSI_SIGNERS, "arpf.example.org");
    drig_party(d, ARPF_1_AGREES_TOO, DIMSI_SIGNERS, "arpf.example.org");
    drig_party(d, ARPF_2_AGREES, DIMSI_SIGNERS, "arpf.example.net");
    drig_party(d, AUSF_1, DIMSI_SIGNERS, "epc.mnc001.mcc001.3gppnetwork.org");
    drig_party(d, AUSF_2, DIMSI_SIGNERS, "epc.mnc002.mcc002.3gppnetwork.org");
    d->verify = (struct dimsi_verify_port){.ctx = d, .signed_by = drig_signed_by};
    for (size_t i = 0; i < 2; i++) {
        d->arpf[i] = (struct dimsi_arpf_port){.ctx = d,
                                              .verify = &d->verify,
                                              .name = d->parties[ARPF_1_SIGNS + i].name,
                                              .key = drig_arpf_key,
                                              .agree = drig_arpf_agree};
    }
}

static inline void drig_close(struct drig *d)
{
    for (size_t i = 0; i < DRIG_PARTIES; i++) {
        EVP_PKEY_free(d->parties[i].key);
    }
    crypto_openssl_close(&d->crypto);
}

/* ---- steps 0-b to 0-e as they go when nothing is wrong ---- */

/* 0-b, 0-c: the SE's slot and SE CREDENTIALS. */
static inline void drig_agree(struct drig *d, enum drig_who se, enum drig_who arpf,
                              enum drig_who sp, const char *dimsi, struct dimsi_slot *slot,
                              struct drig_offer *o)
{
    const struct dimsi_se_port port = drig_se_port(d, se);
    const struct dimsi_order order = {.dimsi = drig_imsi(dimsi),
                                      .sp = d->parties[sp].name,
                                      .arpf_chain = &d->parties[arpf].certificate,
                                      .n_arpf_chain = 1};
    size_t n = 0;
    assert_int_equal(dimsi_se_agree(&d->crypto, &port, &order, slot, o->atk, &n), DIMSI_NONE);
    o->offer = (struct dimsi_offer){.atk = {o->atk, n},
                                    .se_chain = {d->parties[se].certificate},
                                    .n_se_chain = 1,
                                    .sp_chain = {d->parties[sp].certificate},
                                    .n_sp_chain = 1};
}

static inline void drig_delegate_as(struct drig *d, enum drig_who sp,
                                    const struct dimsi_delegation *delegation, struct drig_offer *o)
{
    o->offer.delegation = dimsi_delegation_write(delegation, o->delegation);
    rig_sign(d->parties[sp].key, DEVID_ECDSA_P256, o->offer.delegation, o->signature);
    o->offer.signature = BYTES_OF(o->signature);
    o->offer.sp_chain[0] = d->parties[sp].certificate;
}

static inline struct dimsi_delegation drig_delegation(struct drig *d, const struct drig_offer *o,
                                                      const char *target, uint64_t number)
{
    struct dimsi_delegation delegation = {
        .target = drig_plmn(target), .expiry = DRIG_EXPIRY, .number = number};
    struct dimsi_atk atk;
    struct bytes content;
    assert_ok(dimsi_atk_read(o->offer.atk, &atk, &content));
    delegation.arpf = atk.arpf;
    assert_ok(d->crypto.sha256(d->crypto.ctx, &o->offer.atk, 1, delegation.token));
    return delegation;
}

/* 0-d */
static inline void drig_delegate(struct drig *d, enum drig_who sp, const char *target,
                                 uint64_t number, struct drig_offer *o)
{
    const struct dimsi_delegation delegation = drig_delegation(d, o, target, number);
    drig_delegate_as(d, sp, &delegation, o);
}

/* 0-e at the ARPF, once it was decided. */
static inline void drig_grant(struct drig *d, size_t arpf, enum drig_who ausf,
                              const struct dimsi_offered *offered, uint64_t number,
                              struct drig_grant *g)
{
    uint8_t point[65], sent[33], z[32];
    struct key_ek ek;
    struct dimsi_endorsement e = {.dimsi = offered->atk.dimsi,
                                  .target = offered->delegation.target,
                                  .number = number,
                                  .expiry = DRIG_EXPIRY};
    memcpy(e.token, offered->token, 32);
    memcpy(e.se_digest, offered->atk.se_digest, 32);
    g->content = dimsi_endorsement_write(&e, g->endorsement);
    rig_sign(d->parties[ARPF_1_SIGNS + arpf].key, DEVID_ECDSA_P256, g->content, g->signature);
    assert_ok(dimsi_arpf_ek(&d->crypto, &d->arpf[arpf], offered, &ek));
    assert_ok(drig_fresh(BYTES_OF(d->parties[ausf].point), point, z));
    sent[0] = (uint8_t)(2 | (point[64] & 1));
    memcpy(sent + 1, point + 1, 32);
    assert_ok(dimsi_box_seal(&d->crypto, sent, z, g->content, &e.dimsi, &ek, g->box));
}

/* 0-e at the AUSF: the box is opened with its key. */
static inline enum err drig_unbox(struct drig *d, enum drig_who ausf, const struct drig_grant *g,
                                  const struct imsi *dimsi, struct key_ek *ek)
{
    uint8_t z[32];
    const enum err err = drig_derive(d->parties[ausf].key, (struct bytes){g->box, 33}, z);
    return err != E_OK ? err : dimsi_box_open(&d->crypto, g->box, z, g->content, dimsi, ek);
}

#endif
