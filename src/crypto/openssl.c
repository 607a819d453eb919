#define _DEFAULT_SOURCE /* madvise */

#include "crypto/openssl.h"

#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <openssl/rand.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#define SHA256_BLOCK 64
#define SHA256_LEN   32

/* Random octets drawn ahead, each handed out once: a draw of 16 from OpenSSL's generator costs 1.4
 * us, as much as all AES and HMAC operations of a vector; 512 at once cost little more. Larger
 * wishes than a challenge do not come from here. */
#define POOL_LEN  512
#define POOL_DRAW 16
struct pool {
    size_t left;
    uint8_t octets[POOL_LEN];
};

/* Fetching an algorithm takes a lock and a search in OpenSSL 3, so each is fetched once here and
 * its context is re-keyed or re-initialised for every use. */
struct kept {
    EVP_CIPHER *ecb;
    EVP_CIPHER_CTX *encrypt;
    EVP_CIPHER_CTX *decrypt;
    bool keyed; /* a key is loaded in encrypt */
    EVP_MD *md;
    EVP_MD_CTX *sha256;
    struct pool *pool; /* a mapping of its own; NULL: this kernel cannot wipe it on fork */
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

MUST_USE static enum err openssl_sha256(void *ctx, const struct bytes *parts, size_t n_parts,
                                        uint8_t out[static SHA256_LEN])
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
    return EVP_DigestFinal_ex(k->sha256, out, &got) == 1 && got == SHA256_LEN ? E_OK : E_CRYPTO;
}

/* One of HMAC's two hashes (RFC 2104): over the key xor a constant, then the parts. */
MUST_USE static enum err hmac_hash(struct kept *k, const uint8_t key[static SHA256_BLOCK],
                                   uint8_t constant, const struct bytes *parts, size_t n_parts,
                                   uint8_t out[static SHA256_LEN])
{
    uint8_t pad[SHA256_BLOCK];
    unsigned got = 0;
    enum err err = E_CRYPTO;
    for (size_t i = 0; i < sizeof pad; i++) {
        pad[i] = key[i] ^ constant;
    }
    if (EVP_DigestInit_ex2(k->sha256, k->md, NULL) != 1 ||
        EVP_DigestUpdate(k->sha256, pad, sizeof pad) != 1) {
        goto out;
    }
    for (size_t i = 0; i < n_parts; i++) {
        if (parts[i].n && EVP_DigestUpdate(k->sha256, parts[i].p, parts[i].n) != 1) {
            goto out;
        }
    }
    if (EVP_DigestFinal_ex(k->sha256, out, &got) == 1 && got == SHA256_LEN) {
        err = E_OK;
    }
out:
    wipe(pad, sizeof pad);
    return err;
}

/* From the two hashes and not from EVP_MAC, which makes and frees contexts for every key: 0.32 us
 * where that takes 0.55 (docs/performance.md). */
MUST_USE static enum err openssl_hmac_sha256(void *ctx, struct bytes key, const struct bytes *parts,
                                             size_t n_parts, uint8_t out[static SHA256_LEN])
{
    uint8_t padded[SHA256_BLOCK] = {0};
    uint8_t inner[SHA256_LEN];
    enum err err = E_OK;
    if (key.n > sizeof padded) {
        err = openssl_sha256(ctx, &key, 1, padded);
    } else if (key.n > 0) {
        memcpy(padded, key.p, key.n);
    }
    if (err == E_OK) {
        err = hmac_hash(ctx, padded, 0x36, parts, n_parts, inner);
    }
    if (err == E_OK) {
        err = hmac_hash(ctx, padded, 0x5c, &BYTES_OF(inner), 1, out);
    }
    wipe(padded, sizeof padded);
    wipe(inner, sizeof inner);
    return err;
}

/* After fork() the child finds the pool zeroed and fills its own. */
static bool pool_take(struct pool *p, struct mbytes out)
{
    if (p->left < out.n) {
        p->left = 0;
        if (RAND_priv_bytes(p->octets, POOL_LEN) != 1) {
            return false;
        }
        p->left = POOL_LEN;
    }
    p->left -= out.n;
    memcpy(out.p, p->octets + p->left, out.n);
    wipe(p->octets + p->left, out.n);
    return true;
}

MUST_USE static enum err openssl_random(void *ctx, struct mbytes out)
{
    struct kept *k = ctx; /* OpenSSL keeps a private generator for each thread */
    bool ok = false;
    if (out.n <= POOL_DRAW && k->pool != NULL) {
        ok = pool_take(k->pool, out);
    } else if (out.n <= INT_MAX) {
        ok = RAND_priv_bytes(out.p, (int)out.n) == 1;
    }
    if (!ok) {
        wipe(out.p, out.n);
    }
    return ok ? E_OK : E_CRYPTO;
}

/* No pool where a child could hand out the parent's octets a second time. */
static struct pool *pool_open(void)
{
    struct pool *p =
        mmap(NULL, sizeof *p, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) {
        return NULL;
    }
    if (madvise(p, sizeof *p, MADV_WIPEONFORK) != 0 || madvise(p, sizeof *p, MADV_DONTDUMP) != 0) {
        munmap(p, sizeof *p);
        return NULL;
    }
    return p;
}

static void pool_close(struct pool *p)
{
    if (p != NULL) {
        wipe(p, sizeof *p);
        munmap(p, sizeof *p);
    }
}

/* Whole blocks come out of an encryption at once, padding or not, and openssl_aes128_encrypt sees
 * to it that they did. Switching it off would cost a search for the parameter with every new key.
 */
static bool open_aes(struct kept *k)
{
    static const uint8_t zero[16] = {0};
    k->ecb = EVP_CIPHER_fetch(NULL, "AES-128-ECB", NULL);
    k->encrypt = EVP_CIPHER_CTX_new();
    k->decrypt = EVP_CIPHER_CTX_new();
    return k->ecb != NULL && k->encrypt != NULL && k->decrypt != NULL &&
           EVP_EncryptInit_ex2(k->encrypt, k->ecb, zero, NULL, NULL) == 1 &&
           EVP_DecryptInit_ex2(k->decrypt, k->ecb, zero, NULL, NULL) == 1 &&
           EVP_CIPHER_CTX_set_padding(k->decrypt, 0) == 1;
}

static bool open_hash(struct kept *k)
{
    k->md = EVP_MD_fetch(NULL, "SHA256", NULL);
    k->sha256 = EVP_MD_CTX_new();
    return k->md != NULL && k->sha256 != NULL;
}

static void kept_free(struct kept *k)
{
    EVP_CIPHER_CTX_free(k->encrypt);
    EVP_CIPHER_CTX_free(k->decrypt);
    EVP_CIPHER_free(k->ecb);
    EVP_MD_CTX_free(k->sha256);
    EVP_MD_free(k->md);
    pool_close(k->pool);
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
    k->pool = pool_open();
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
