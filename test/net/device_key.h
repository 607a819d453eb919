/* test/net/device_key.h - keys of devices and what they sign, made with OpenSSL's general functions
 * and not with ours. Header only: tests are single files. */
#ifndef BINDERY_TEST_NET_DEVICE_KEY_H
#define BINDERY_TEST_NET_DEVICE_KEY_H

#include "lib/check.h"
#include "net/verify_key.h"

#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <openssl/x509.h>
#include <string.h>

#define DEVICE_KINDS 4

struct device_key {
    enum verify_key_kind kind;
    EVP_PKEY *key;
    uint8_t spki[1400];
    size_t spki_n;
};
struct device_signature {
    uint8_t octets[1024];
    size_t n;
};

static inline struct bytes device_spki(const struct device_key *k)
{
    return (struct bytes){k->spki, k->spki_n};
}

static inline struct bytes device_sig(const struct device_signature *s)
{
    return (struct bytes){s->octets, s->n};
}

/* Takes the key over. */
static inline void device_take(struct device_key *k, enum verify_key_kind kind, EVP_PKEY *key)
{
    unsigned char *p = k->spki;
    assert_non_null(key);
    k->kind = kind;
    k->key = key;
    int n = i2d_PUBKEY(key, NULL);
    assert_in_range(n, 1, sizeof k->spki);
    k->spki_n = (size_t)i2d_PUBKEY(key, &p);
}

static inline void device_make(struct device_key *k, enum verify_key_kind kind)
{
    EVP_PKEY *key = NULL;
    switch (kind) {
    case VERIFY_KEY_P256:
        key = EVP_EC_gen("P-256");
        break;
    case VERIFY_KEY_P384:
        key = EVP_EC_gen("P-384");
        break;
    case VERIFY_KEY_ED25519:
        key = EVP_PKEY_Q_keygen(NULL, NULL, "ED25519");
        break;
    case VERIFY_KEY_RSA:
        key = EVP_RSA_gen(2048);
        break;
    }
    device_take(k, kind, key);
}

static inline void device_drop(struct device_key *k)
{
    EVP_PKEY_free(k->key);
}

/* r || s of a signature in DER, each of `half` octets; and back. */
static inline void device_to_raw(struct device_signature *s, size_t half)
{
    const unsigned char *p = s->octets;
    ECDSA_SIG *sig = d2i_ECDSA_SIG(NULL, &p, (long)s->n);
    assert_non_null(sig);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_r(sig), s->octets, (int)half), half);
    assert_int_equal(BN_bn2binpad(ECDSA_SIG_get0_s(sig), s->octets + half, (int)half), half);
    s->n = 2 * half;
    ECDSA_SIG_free(sig);
}

static inline void device_to_der(struct device_signature *s)
{
    int half = (int)s->n / 2;
    ECDSA_SIG *sig = ECDSA_SIG_new();
    unsigned char *p = s->octets;
    assert_int_equal(ECDSA_SIG_set0(sig, BN_bin2bn(s->octets, half, NULL),
                                    BN_bin2bn(s->octets + half, half, NULL)),
                     1);
    s->n = (size_t)i2d_ECDSA_SIG(sig, &p);
    ECDSA_SIG_free(sig);
}

struct device_way {
    const EVP_MD *md;   /* NULL: the one of the kind */
    const EVP_MD *mgf1; /* NULL: the same */
    int padding, salt;  /* 0: PSS with 32 octets */
};

/* As `way` says, NULL: as the kind of the key is used. */
static inline void device_sign_as(const struct device_key *k, const struct device_way *way,
                                  struct bytes content, struct device_signature *out)
{
    static const struct device_way usual;
    const struct device_way *w = way != NULL ? way : &usual;
    const EVP_MD *md = k->kind == VERIFY_KEY_ED25519 ? NULL
                       : w->md != NULL               ? w->md
                       : k->kind == VERIFY_KEY_P384  ? EVP_sha384()
                                                     : EVP_sha256();
    EVP_PKEY_CTX *pctx = NULL;
    EVP_MD_CTX *ctx = EVP_MD_CTX_new();
    out->n = sizeof out->octets;
    assert_int_equal(EVP_DigestSignInit(ctx, &pctx, md, NULL, k->key), 1);
    if (k->kind == VERIFY_KEY_RSA) {
        int padding = w->padding != 0 ? w->padding : RSA_PKCS1_PSS_PADDING;
        assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(pctx, padding), 1);
        if (padding == RSA_PKCS1_PSS_PADDING) {
            assert_int_equal(EVP_PKEY_CTX_set_rsa_pss_saltlen(pctx, w->salt != 0 ? w->salt : 32),
                             1);
            assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(pctx, w->mgf1 != NULL ? w->mgf1 : md), 1);
        }
    }
    assert_int_equal(EVP_DigestSign(ctx, out->octets, &out->n, content.p, content.n), 1);
    EVP_MD_CTX_free(ctx);
    if (k->kind == VERIFY_KEY_P256 || k->kind == VERIFY_KEY_P384) {
        device_to_raw(out, k->kind == VERIFY_KEY_P256 ? 32 : 48);
    }
}

static inline void device_sign(const struct device_key *k, struct bytes content,
                               struct device_signature *out)
{
    device_sign_as(k, NULL, content, out);
}

/* An RSA public key of these numbers, whether it makes sense or not. */
static inline void device_rsa_of(struct device_key *k, const BIGNUM *n, const char *exponent_hex)
{
    uint8_t n_octets[2048], e_octets[16];
    BIGNUM *e = NULL;
    EVP_PKEY *key = NULL;
    EVP_PKEY_CTX *ctx = EVP_PKEY_CTX_new_from_name(NULL, "RSA", NULL);
    assert_true(BN_hex2bn(&e, exponent_hex) > 0);
    size_t n_n = (size_t)BN_num_bytes(n), e_n = (size_t)BN_num_bytes(e);
    BN_bn2nativepad(n, n_octets, (int)n_n);
    BN_bn2nativepad(e, e_octets, (int)e_n);
    OSSL_PARAM params[] = {OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_N, n_octets, n_n),
                           OSSL_PARAM_construct_BN(OSSL_PKEY_PARAM_RSA_E, e_octets, e_n),
                           OSSL_PARAM_construct_end()};
    assert_int_equal(EVP_PKEY_fromdata_init(ctx), 1);
    assert_int_equal(EVP_PKEY_fromdata(ctx, &key, EVP_PKEY_PUBLIC_KEY, params), 1);
    device_take(k, VERIFY_KEY_RSA, key);
    BN_free(e);
    EVP_PKEY_CTX_free(ctx);
}

#endif
