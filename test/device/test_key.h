/* test/device/test_key.h - a key that a device proves its IMEI with, and its proof verified the way
 * a network does: proc/devid.c's check, with OpenSSL's general functions behind its port.
 */
#ifndef BINDERY_TEST_DEVICE_TEST_KEY_H
#define BINDERY_TEST_DEVICE_TEST_KEY_H

#include "device/bindery_ue.h"
#include "device/linux/signer_openssl.h"
#include "lib/check.h"
#include "proc/binding_record.h"
#include <openssl/ecdsa.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

struct test_key {
    uint8_t algorithm;
    uint8_t der[SIGNER_KEY_MAX];
    size_t n;
    uint8_t spki[SIGNER_PUBLIC_MAX];
    size_t spki_n;
    struct bindery_ue_signer signer;
    unsigned signed_n;
    bool fails;
    size_t claims;                      /* another length than there is; 0: the right one */
    uint8_t content[DEVID_CONTENT_LEN]; /* what was signed last */
};

static inline bool test_key_sign(void *ctx, const uint8_t *content, size_t n, uint8_t *signature,
                                 size_t *signature_n)
{
    struct test_key *k = ctx;
    k->signed_n++;
    assert_int_equal(n, sizeof k->content);
    assert_int_equal(*signature_n, BINDERY_UE_SIGNATURE_MAX);
    memcpy(k->content, content, n);
    if (k->fails) {
        return false;
    }
    assert_ok(signer_openssl_sign((struct bytes){k->der, k->n}, (struct bytes){content, n},
                                  signature, signature_n));
    *signature_n = k->claims != 0 ? k->claims : *signature_n;
    return true;
}

static inline void test_key_rsa(struct test_key *k, unsigned bits)
{
    EVP_PKEY *key = EVP_RSA_gen(bits);
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(key);
    unsigned char *p = k->der;
    assert_true(i2d_PKCS8_PRIV_KEY_INFO(info, NULL) <= (int)sizeof k->der);
    k->n = (size_t)i2d_PKCS8_PRIV_KEY_INFO(info, &p);
    PKCS8_PRIV_KEY_INFO_free(info);
    EVP_PKEY_free(key);
}

static inline void test_key_make(struct test_key *k, uint8_t algorithm)
{
    uint8_t found = 0;
    memset(k, 0, sizeof *k);
    if (algorithm == DEVID_RSA_PSS) {
        test_key_rsa(k, 2048);
    } else {
        assert_ok(signer_openssl_make(algorithm, k->der, &k->n));
    }
    assert_ok(signer_openssl_algorithm((struct bytes){k->der, k->n}, &found));
    assert_int_equal(found, algorithm);
    assert_ok(signer_openssl_public((struct bytes){k->der, k->n}, k->spki, &k->spki_n));
    k->algorithm = algorithm;
    k->signer = (struct bindery_ue_signer){.ctx = k, .algorithm = algorithm, .sign = test_key_sign};
}

/* ---- the network's port ---- */

/* r || s as OpenSSL takes it; the length of what was written. */
static inline size_t test_ecdsa_der(struct bytes raw, uint8_t out[static 160])
{
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *p = out;
    const int half = (int)(raw.n / 2);
    assert_int_equal(
        ECDSA_SIG_set0(sig, BN_bin2bn(raw.p, half, NULL), BN_bin2bn(raw.p + half, half, NULL)), 1);
    const int n = i2d_ECDSA_SIG(sig, &p);
    ECDSA_SIG_free(sig);
    return (size_t)n;
}

static inline enum err test_verify(void *ctx, uint8_t algorithm, bool certificate, struct bytes key,
                                   struct bytes content, struct bytes signature)
{
    const unsigned char *p = key.p;
    const bool ecdsa = algorithm == DEVID_ECDSA_P256 || algorithm == DEVID_ECDSA_P384;
    uint8_t der[160];
    EVP_PKEY_CTX *c = NULL;
    (void)ctx;
    assert_false(certificate);
    EVP_PKEY *k = d2i_PUBKEY(NULL, &p, (long)key.n);
    EVP_MD_CTX *m = EVP_MD_CTX_new();
    const EVP_MD *md = algorithm == DEVID_ED25519      ? NULL
                       : algorithm == DEVID_ECDSA_P384 ? EVP_sha384()
                                                       : EVP_sha256();
    assert_non_null(k);
    assert_int_equal(EVP_DigestVerifyInit(m, &c, md, NULL, k), 1);
    if (algorithm == DEVID_RSA_PSS) {
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_PSS_PADDING), 1);
        assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(c, 32), 1);
    }
    if (ecdsa) {
        signature = (struct bytes){der, test_ecdsa_der(signature, der)};
    }
    const int good = EVP_DigestVerify(m, signature.p, signature.n, content.p, content.n);
    EVP_MD_CTX_free(m);
    EVP_PKEY_free(k);
    return good == 1 ? E_OK : E_BAD_MAC;
}

static inline enum err test_trust(void *ctx, struct bytes signer, struct bytes record,
                                  struct bytes signature)
{
    (void)ctx, (void)signer, (void)record, (void)signature;
    return E_OK; /* whose records are trusted is tested elsewhere */
}

/* What the network makes of a proof, when the repository says that this key is the IMEI's. */
static inline enum devid_cause test_check(const struct crypto *c, const struct test_key *k,
                                          const struct devid_challenge *challenge,
                                          const struct imei *imei,
                                          const struct devid_session *session,
                                          const struct devid_proof *proof)
{
    struct binding_record record = {.imei = *imei,
                                    .use = BINDING_IDENTITY,
                                    .form = BINDING_PUBLIC_KEY,
                                    .status = BINDING_ACTIVE,
                                    .not_after = INT64_MAX,
                                    .serial = 7,
                                    .issued = 1};
    const struct bytes spki = {k->spki, k->spki_n};
    const uint8_t filler[64] = {0};
    uint8_t octets[BINDING_RECORD_LEN];
    const struct devid_port port = {.record = test_trust, .signature = test_verify};
    assert_ok(c->sha256(c->ctx, &spki, 1, record.digest));
    binding_record_write(&record, octets);
    const struct devid_credential credential = {.status = DEVID_FOUND,
                                                .form = BINDING_PUBLIC_KEY,
                                                .spki = spki,
                                                .record = BYTES_OF(octets),
                                                .signature = BYTES_OF(filler),
                                                .signer = {filler, 32},
                                                .source = DEVID_FROM_REPOSITORY};
    const struct devid_asked asked = {
        .challenge = challenge, .proof = proof, .imei = *imei, .session = *session, .at = 1000};
    struct devid_outcome out;
    devid_check(c, &port, &asked, &credential, &out);
    assert_int_equal(out.result, devid_cause_result(out.cause));
    return out.cause;
}

#endif
