/* test/device_linux/rsa.h - a lot's private key as OpenSSL makes one, and what was encrypted to it
 * opened by OpenSSL's own functions.
 */
#ifndef BINDERY_TEST_DEVICE_LINUX_RSA_H
#define BINDERY_TEST_DEVICE_LINUX_RSA_H

#include "lib/check.h"
#include "proc/kme_lot.h"
#include <openssl/bn.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/rsa.h>
#include <string.h>

struct rsa_lot {
    EVP_PKEY *key;
    size_t n;
    uint8_t modulus[KME_MODULUS_MAX];
};

static inline void rsa_make(struct rsa_lot *r, unsigned bits)
{
    BIGNUM *n = NULL;
    r->key = EVP_RSA_gen(bits);
    r->n = bits / 8;
    assert_non_null(r->key);
    assert_int_equal(EVP_PKEY_get_bn_param(r->key, OSSL_PKEY_PARAM_RSA_N, &n), 1);
    assert_int_equal(BN_bn2binpad(n, r->modulus, (int)r->n), (int)r->n);
    BN_free(n);
}

static inline struct bytes rsa_modulus(const struct rsa_lot *r)
{
    return (struct bytes){r->modulus, r->n};
}

/* Octets of what was in it; -1: it does not open. */
static inline int rsa_open(const struct rsa_lot *r, struct bytes encrypted, struct bytes label,
                           uint8_t out[static KME_MODULUS_MAX])
{
    size_t n = KME_MODULUS_MAX;
    unsigned char *copy = OPENSSL_memdup(label.p, label.n);
    EVP_PKEY_CTX *c = EVP_PKEY_CTX_new(r->key, NULL);
    assert_non_null(c);
    assert_int_equal(EVP_PKEY_decrypt_init(c), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_padding(c, RSA_PKCS1_OAEP_PADDING), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_oaep_md(c, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set_rsa_mgf1_md(c, EVP_sha256()), 1);
    assert_int_equal(EVP_PKEY_CTX_set0_rsa_oaep_label(c, copy, (int)label.n), 1);
    const int opened = EVP_PKEY_decrypt(c, out, &n, encrypted.p, encrypted.n);
    EVP_PKEY_CTX_free(c);
    return opened == 1 ? (int)n : -1;
}

static inline void rsa_free(struct rsa_lot *r)
{
    EVP_PKEY_free(r->key);
}

#endif
