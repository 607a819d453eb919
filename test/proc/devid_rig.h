/* test/proc/devid_rig.h - a device, a repository and a CA with real keys for procedure devid, and
 * its port over libcrypto alone: what the room proc can be tried with. The port that runs in the
 * network functions is another one (nf/common/devid_port.h).
 */
#ifndef BINDERY_TEST_PROC_DEVID_RIG_H
#define BINDERY_TEST_PROC_DEVID_RIG_H

#include "crypto/openssl.h"
#include "lib/check.h"
#include "proc/devid.h"

#include <openssl/ec.h>
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <openssl/x509_vfy.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>

#define RIG_AT     1800000000 /* when everything is valid: */
#define RIG_RECORD 1000       /* the binding this long before and after, in seconds, */
#define RIG_CHAIN  500        /* and the certificates this long */

struct rig_der {
    uint8_t p[2048];
    size_t n;
};
/* The repository, the CA and one device. */
struct rig {
    struct crypto crypto;
    uint8_t algorithm;
    EVP_PKEY *device, *ca, *repository;
    struct rig_der leaf, root, spki;
    uint8_t signer_id[32];
    enum devid_cause chain_says; /* else the chain is verified */
    enum err record_says, signature_says;
    struct binding_record record;
    uint8_t record_octets[BINDING_RECORD_LEN];
    uint8_t record_signature[64];
};

/* ---- keys and signatures ---- */

static inline EVP_PKEY *rig_key(uint8_t algorithm)
{
    EVP_PKEY *key = algorithm == DEVID_ECDSA_P256   ? EVP_EC_gen("P-256")
                    : algorithm == DEVID_ECDSA_P384 ? EVP_EC_gen("P-384")
                    : algorithm == DEVID_ED25519    ? EVP_PKEY_Q_keygen(NULL, NULL, "ED25519")
                                                    : EVP_RSA_gen(2048);
    assert_non_null(key);
    return key;
}

static inline bool rig_key_is(EVP_PKEY *key, uint8_t algorithm)
{
    const int id = EVP_PKEY_get_base_id(key);
    switch (algorithm) {
    case DEVID_ECDSA_P256:
        return id == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 256;
    case DEVID_ECDSA_P384:
        return id == EVP_PKEY_EC && EVP_PKEY_get_bits(key) == 384;
    case DEVID_ED25519:
        return id == EVP_PKEY_ED25519;
    default:
        return algorithm == DEVID_RSA_PSS && id == EVP_PKEY_RSA;
    }
}

static inline const EVP_MD *rig_md(uint8_t algorithm)
{
    return algorithm == DEVID_ED25519      ? NULL
           : algorithm == DEVID_ECDSA_P384 ? EVP_sha384()
                                           : EVP_sha256();
}

static inline void rig_pss(EVP_PKEY_CTX *ctx, uint8_t algorithm)
{
    if (algorithm == DEVID_RSA_PSS) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(ctx, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(ctx, 32), 1);
    }
}

/* r || s from DER. */
static inline size_t rig_raw(const uint8_t *der, size_t n, size_t half, uint8_t *out)
{
    ECDSA_SIG *s = d2i_ECDSA_SIG(NULL, &der, (long)n);
    assert_non_null(s);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(s), out, (int)half), half);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(s), out + half, (int)half), half);
    ECDSA_SIG_free(s);
    return 2 * half;
}

static inline size_t rig_half(uint8_t algorithm)
{
    return algorithm == DEVID_ECDSA_P256 ? 32 : algorithm == DEVID_ECDSA_P384 ? 48 : 0;
}

/* Yields the signature's length. */
static inline size_t rig_sign(EVP_PKEY *key, uint8_t algorithm, struct bytes content, uint8_t *out)
{
    uint8_t made[600];
    size_t n = sizeof made;
    EVP_PKEY_CTX *pkey;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestSignInit(ctx, &pkey, rig_md(algorithm), NULL, key), 1);
    rig_pss(pkey, algorithm);
    assert_int_equal(EVP_DigestSign(ctx, made, &n, content.p, content.n), 1);
    EVP_MD_CTX_free(ctx);
    if (rig_half(algorithm) > 0) {
        return rig_raw(made, n, rig_half(algorithm), out);
    }
    memcpy(out, made, n);
    return n;
}

/* DER from r || s; NULL when it has not the curve's length. */
static inline uint8_t *rig_der_of(struct bytes raw, size_t half, size_t *n)
{
    uint8_t *der = NULL;
    if (raw.n != 2 * half) {
        return NULL;
    }
    ECDSA_SIG *s = ECDSA_SIG_new();
    ECDSA_SIG_set0(s, BN_bin2bn(raw.p, (int)half, NULL), BN_bin2bn(raw.p + half, (int)half, NULL));
    *n = (size_t)i2d_ECDSA_SIG(s, &der);
    ECDSA_SIG_free(s);
    return der;
}

static inline bool rig_verify(EVP_PKEY *key, uint8_t algorithm, struct bytes content,
                              struct bytes signature)
{
    uint8_t *der = NULL;
    size_t n = signature.n;
    EVP_PKEY_CTX *pkey;
    if (rig_half(algorithm) > 0 && (der = rig_der_of(signature, rig_half(algorithm), &n)) == NULL) {
        return false;
    }
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    assert_int_equal(EVP_DigestVerifyInit(ctx, &pkey, rig_md(algorithm), NULL, key), 1);
    rig_pss(pkey, algorithm);
    int good = EVP_DigestVerify(ctx, der != NULL ? der : signature.p, n, content.p, content.n);
    EVP_MD_CTX_free(ctx);
    OPENSSL_free(der);
    return good == 1;
}

/* ---- certificates ---- */

static inline void rig_extension(X509 *x, X509 *issuer, int nid, const char *value)
{
    X509V3_CTX ctx;
    X509V3_set_ctx(&ctx, issuer, x, NULL, NULL, 0);
    X509_EXTENSION *e = X509V3_EXT_conf_nid(NULL, &ctx, nid, value);
    assert_non_null(e);
    assert_int_equal(X509_add_ext(x, e, -1), 1);
    X509_EXTENSION_free(e);
}

static inline void rig_name(X509_NAME *name, const char *text)
{
    assert_int_equal(
        X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const uint8_t *)text, -1, -1, 0), 1);
}

static inline void rig_certify(EVP_PKEY *key, EVP_PKEY *by, bool ca, struct rig_der *out)
{
    X509 *x = X509_new();
    uint8_t *p = out->p;
    assert_int_equal(X509_set_version(x, X509_VERSION_3), 1);
    ASN1_INTEGER_set(X509_get_serialNumber(x), ca ? 1 : 2);
    rig_name(X509_get_issuer_name(x), "maker");
    rig_name(X509_get_subject_name(x), ca ? "maker" : "device");
    ASN1_TIME_set(X509_getm_notBefore(x), RIG_AT - RIG_CHAIN);
    ASN1_TIME_set(X509_getm_notAfter(x), RIG_AT + RIG_CHAIN);
    X509_set_pubkey(x, key);
    rig_extension(x, x, NID_basic_constraints, ca ? "critical,CA:TRUE" : "CA:FALSE");
    rig_extension(x, x, NID_key_usage, ca ? "critical,keyCertSign,cRLSign" : "digitalSignature");
    assert_true(X509_sign(x, by, EVP_sha256()) > 0);
    int n = i2d_X509(x, NULL);
    assert_true(n > 0 && (size_t)n <= sizeof out->p);
    out->n = (size_t)i2d_X509(x, &p);
    X509_free(x);
}

static inline struct bytes rig_bytes(const struct rig_der *der)
{
    return (struct bytes){der->p, der->n};
}

static inline X509 *rig_x509(struct bytes der)
{
    const uint8_t *p = der.p;
    return d2i_X509(NULL, &p, (long)der.n);
}

/* ---- the port ---- */

static inline enum err rig_port_record(void *ctx, struct bytes signer, struct bytes record,
                                       struct bytes signature)
{
    const struct rig *r = ctx;
    if (r->record_says != E_OK) {
        return r->record_says;
    }
    if (!bytes_eq(signer, BYTES_OF(r->signer_id))) {
        return E_NOT_FOUND;
    }
    return rig_verify(r->repository, DEVID_ECDSA_P256, record, signature) ? E_OK : E_BAD_MAC;
}

static inline enum devid_cause rig_chain_cause(int error)
{
    switch (error) {
    case X509_V_OK:
        return DEVID_CAUSE_NONE;
    case X509_V_ERR_CERT_NOT_YET_VALID:
        return DEVID_CAUSE_CHAIN_EARLY;
    case X509_V_ERR_CERT_HAS_EXPIRED:
        return DEVID_CAUSE_CHAIN_LATE;
    case X509_V_ERR_UNABLE_TO_GET_ISSUER_CERT_LOCALLY:
        return DEVID_CAUSE_CHAIN_UNTRUSTED;
    default:
        return DEVID_CAUSE_CHAIN_BAD;
    }
}

static inline enum devid_cause rig_port_chain(void *ctx, const struct bytes *chain, size_t n,
                                              int64_t at)
{
    const struct rig *r = ctx;
    X509 *leaf = rig_x509(chain[0]), *root = rig_x509(rig_bytes(&r->root));
    enum devid_cause cause = DEVID_CAUSE_CHAIN_BAD;
    assert_true(n >= 1 && n <= DEVID_CHAIN_MAX);
    if (r->chain_says == DEVID_CAUSE_NONE && leaf != NULL) {
        X509_STORE *store = X509_STORE_new();
        X509_STORE_CTX *v = X509_STORE_CTX_new();
        X509_STORE_add_cert(store, root);
        assert_int_equal(X509_STORE_CTX_init(v, store, leaf, NULL), 1);
        X509_VERIFY_PARAM_set_time(X509_STORE_CTX_get0_param(v), at);
        (void)X509_verify_cert(v);
        cause = rig_chain_cause(X509_STORE_CTX_get_error(v));
        X509_STORE_CTX_free(v);
        X509_STORE_free(store);
    }
    X509_free(leaf);
    X509_free(root);
    return r->chain_says != DEVID_CAUSE_NONE ? r->chain_says : cause;
}

static inline EVP_PKEY *rig_public(bool certificate, struct bytes der)
{
    if (!certificate) {
        const uint8_t *p = der.p;
        return d2i_PUBKEY(NULL, &p, (long)der.n);
    }
    X509 *x = rig_x509(der);
    EVP_PKEY *key = x != NULL ? X509_get_pubkey(x) : NULL;
    X509_free(x);
    return key;
}

static inline enum err rig_port_signature(void *ctx, uint8_t algorithm, bool certificate,
                                          struct bytes der, struct bytes content,
                                          struct bytes signature)
{
    const struct rig *r = ctx;
    if (r->signature_says != E_OK) {
        return r->signature_says;
    }
    EVP_PKEY *key = rig_public(certificate, der);
    enum err err = key == NULL ? E_BAD_VALUE : E_UNSUPPORTED;
    if (key != NULL && rig_key_is(key, algorithm)) {
        err = rig_verify(key, algorithm, content, signature) ? E_OK : E_BAD_MAC;
    }
    EVP_PKEY_free(key);
    return err;
}

static inline struct devid_port rig_port(struct rig *r)
{
    return (struct devid_port){.ctx = r,
                               .record = rig_port_record,
                               .chain = rig_port_chain,
                               .signature = rig_port_signature};
}

/* ---- the device's signer ---- */

static inline enum err rig_device_sign(void *ctx, struct bytes content, uint8_t *signature,
                                       size_t *n)
{
    const struct rig *r = ctx;
    *n = rig_sign(r->device, r->algorithm, content, signature);
    return E_OK;
}

static inline struct devid_signer rig_signer(struct rig *r)
{
    return (struct devid_signer){.ctx = r, .algorithm = r->algorithm, .sign = rig_device_sign};
}

/* ---- the repository ---- */

/* Signs the record as it is now. */
static inline void rig_publish(struct rig *r)
{
    binding_record_write(&r->record, r->record_octets);
    assert_int_equal(
        rig_sign(r->repository, DEVID_ECDSA_P256, BYTES_OF(r->record_octets), r->record_signature),
        64);
}

static inline void rig_digest(const struct rig *r, struct bytes of, uint8_t out[static 32])
{
    assert_ok(r->crypto.sha256(r->crypto.ctx, &of, 1, out));
}

static inline struct imei rig_imei(const char *digits)
{
    struct imei imei;
    assert_ok(imei_parse(bytes_of_str(digits), &imei));
    return imei;
}

static inline void rig_spki(EVP_PKEY *key, struct rig_der *out)
{
    uint8_t *p = out->p;
    assert_true(i2d_PUBKEY(key, NULL) <= (int)sizeof out->p);
    out->n = (size_t)i2d_PUBKEY(key, &p);
}

/* A device with a key of this algorithm, bound by certificate or by public key. */
static inline void rig_open(struct rig *r, uint8_t algorithm, uint8_t form)
{
    struct rig_der signer;
    *r = (struct rig){.algorithm = algorithm, .chain_says = DEVID_CAUSE_NONE};
    assert_ok(crypto_openssl_open(&r->crypto));
    r->device = rig_key(algorithm);
    r->ca = rig_key(DEVID_ECDSA_P256);
    r->repository = rig_key(DEVID_ECDSA_P256);
    rig_certify(r->ca, r->ca, true, &r->root);
    rig_certify(r->device, r->ca, false, &r->leaf);
    rig_spki(r->device, &r->spki);
    rig_spki(r->repository, &signer);
    rig_digest(r, rig_bytes(&signer), r->signer_id);
    r->record = (struct binding_record){.imei = rig_imei("35693803564380"),
                                        .use = BINDING_IDENTITY,
                                        .form = form,
                                        .status = BINDING_ACTIVE,
                                        .not_before = RIG_AT - RIG_RECORD,
                                        .not_after = RIG_AT + RIG_RECORD,
                                        .serial = 77,
                                        .issued = RIG_AT - RIG_RECORD};
    rig_digest(r, rig_bytes(form == BINDING_CERTIFICATE ? &r->leaf : &r->spki), r->record.digest);
    rig_publish(r);
}

static inline void rig_close(struct rig *r)
{
    EVP_PKEY_free(r->device);
    EVP_PKEY_free(r->ca);
    EVP_PKEY_free(r->repository);
    crypto_openssl_close(&r->crypto);
}

/* What the repository answers, as step 8 brings it. */
static inline struct devid_credential rig_credential(const struct rig *r)
{
    struct devid_credential c = {.status = DEVID_FOUND,
                                 .form = r->record.form,
                                 .record = BYTES_OF(r->record_octets),
                                 .signature = BYTES_OF(r->record_signature),
                                 .signer = BYTES_OF(r->signer_id),
                                 .source = DEVID_FROM_REPOSITORY};
    if (r->record.form == BINDING_CERTIFICATE) {
        c.n_chain = 1;
        c.chain[0] = rig_bytes(&r->leaf);
    } else {
        c.spki = rig_bytes(&r->spki);
    }
    return c;
}

#endif
