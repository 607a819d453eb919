#include "crypto/openssl.h"

#include <limits.h>
#include <openssl/core_names.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>

/* Fetching an algorithm takes a lock and a search in OpenSSL 3, so each is fetched once here and
 * its context is re-keyed or re-initialised for every use. */
struct kept {
    EVP_CIPHER *ecb;
    EVP_CIPHER_CTX *encrypt;
    EVP_CIPHER_CTX *decrypt;
    bool keyed; /* a key is loaded in encrypt */
    EVP_MAC *mac;
    EVP_MAC_CTX *hmac;
    EVP_MD *md;
    EVP_MD_CTX *sha256;
};

MUST_USE static enum err openssl_aes128_key(void *ctx, const uint8_t key[static 16])
{
    struct kept *k = ctx;
    /* After a failure the old key must not go on working in the new one's name. */
    k->keyed = EVP_EncryptInit_ex2(k->encrypt, NULL, key, NULL, NULL) == 1;
    return k->keyed ? E_OK : E_CRYPTO;
}

MUST_USE static enum err openssl_aes128_encrypt(void *ctx, const uint8_t *in, uint8_t *out,
                                                size_t blocks)
{
    struct kept *k = ctx;
    if (!k->keyed || blocks > INT_MAX / 16) {
        return E_CRYPTO;
    }
    int want = (int)(16 * blocks);
    int got = 0;
    if (EVP_EncryptUpdate(k->encrypt, out, &got, in, want) != 1 || got != want) {
        return E_CRYPTO;
    }
    return E_OK;
}

MUST_USE static enum err openssl_aes128_decrypt(void *ctx, const uint8_t key[static 16],
                                                const uint8_t in[static 16], uint8_t out[static 16])
{
    struct kept *k = ctx;
    int got = 0;
    if (EVP_DecryptInit_ex2(k->decrypt, NULL, key, NULL, NULL) != 1 ||
        EVP_DecryptUpdate(k->decrypt, out, &got, in, 16) != 1 || got != 16) {
        return E_CRYPTO;
    }
    return E_OK;
}

MUST_USE static enum err openssl_hmac_sha256(void *ctx, struct bytes key, const struct bytes *parts,
                                             size_t n_parts, uint8_t out[static 32])
{
    struct kept *k = ctx;
    static const uint8_t empty[1] = {0};
    /* A NULL key means to OpenSSL "the one before", which is never what is meant here. */
    if (EVP_MAC_init(k->hmac, key.n ? key.p : empty, key.n, NULL) != 1) {
        return E_CRYPTO;
    }
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].n && EVP_MAC_update(k->hmac, parts[i].p, parts[i].n) != 1) {
            return E_CRYPTO;
        }
    }
    size_t got = 0;
    return EVP_MAC_final(k->hmac, out, &got, 32) == 1 && got == 32 ? E_OK : E_CRYPTO;
}

MUST_USE static enum err openssl_sha256(void *ctx, const struct bytes *parts, size_t n_parts,
                                        uint8_t out[static 32])
{
    struct kept *k = ctx;
    if (EVP_DigestInit_ex2(k->sha256, k->md, NULL) != 1) {
        return E_CRYPTO;
    }
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].n && EVP_DigestUpdate(k->sha256, parts[i].p, parts[i].n) != 1) {
            return E_CRYPTO;
        }
    }
    unsigned got = 0;
    return EVP_DigestFinal_ex(k->sha256, out, &got) == 1 && got == 32 ? E_OK : E_CRYPTO;
}

MUST_USE static enum err openssl_random(void *ctx, struct mbytes out)
{
    (void)ctx; /* OpenSSL keeps a private generator for each thread */
    if (out.n > INT_MAX || RAND_priv_bytes(out.p, (int)out.n) != 1) {
        wipe(out.p, out.n);
        return E_CRYPTO;
    }
    return E_OK;
}

static bool open_aes(struct kept *k)
{
    static const uint8_t zero[16] = {0};
    k->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    k->encrypt = EVP_CIPHER_CTX_new();
    k->decrypt = EVP_CIPHER_CTX_new();
    return k->ecb != NULL && k->encrypt != NULL && k->decrypt != NULL &&
           EVP_EncryptInit_ex2(k->encrypt, k->ecb, zero, NULL, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(k->encrypt, 0) == 1 &&
           EVP_DecryptInit_ex2(k->decrypt, k->ecb, zero, NULL, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(k->decrypt, 0) == 1;
}

static bool open_hash(struct kept *k)
{
    char name[] = "SHA256";
    const OSSL_PARAM digest[] = {
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, name, 0),
        OSSL_PARAM_construct_end(),
    };
    k->md = EVP_MD_fetch(NULL, name, NULL);
    k->sha256 = EVP_MD_CTX_new();
    k->mac = EVP_MAC_fetch(NULL, "HMAC", NULL);
    k->hmac = k->mac ? EVP_MAC_CTX_new(k->mac) : NULL;
    return k->md != NULL && k->sha256 != NULL && k->hmac != NULL &&
           EVP_MAC_CTX_set_params(k->hmac, digest) == 1;
}

static void kept_free(struct kept *k)
{
    EVP_CIPHER_CTX_free(k->encrypt);
    EVP_CIPHER_CTX_free(k->decrypt);
    EVP_CIPHER_free(k->ecb);
    EVP_MAC_CTX_free(k->hmac);
    EVP_MAC_free(k->mac);
    EVP_MD_CTX_free(k->sha256);
    EVP_MD_free(k->md);
    free(k);
}

enum err crypto_openssl_open(struct crypto *out)
{
    struct kept *k = calloc(1, sizeof *k);
    if (k == NULL) {
        return E_MEMORY;
    }
    if (!open_aes(k) || !open_hash(k)) {
        kept_free(k);
        return E_CRYPTO;
    }
    *out = (struct crypto){
        .ctx = k,
        .aes128_key = openssl_aes128_key,
        .aes128_encrypt = openssl_aes128_encrypt,
        .aes128_decrypt = openssl_aes128_decrypt,
        .hmac_sha256 = openssl_hmac_sha256,
        .sha256 = openssl_sha256,
        .random = openssl_random,
    };
    return E_OK;
}

void crypto_openssl_close(struct crypto *c)
{
    if (c->ctx != NULL) {
        kept_free(c->ctx); /* OpenSSL cleanses the key schedules it frees */
    }
    memset(c, 0, sizeof *c);
}
