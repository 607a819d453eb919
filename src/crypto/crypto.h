/* crypto/crypto.h - the cryptographic operations everything above needs, as a small table of
 * functions.
 *
 * The same table serves a modem and a server: OpenSSL fills it on Linux (crypto/openssl.h), a
 * device's maker fills it elsewhere. Each table has a context of its own and belongs to one thread.
 * Nothing here knows what a key is for.
 */
#ifndef BINDERY_CRYPTO_CRYPTO_H
#define BINDERY_CRYPTO_CRYPTO_H

#include "base/span.h"

struct crypto {
    void *ctx;
    /* AES-128 in ECB over whole 16-octet blocks; in and out may be the same. A key stays loaded
     * until the next call of aes128_key, so several calls cost one key schedule.
     * Errors: E_CRYPTO. */
    MUST_USE enum err (*aes128_key)(void *ctx, const uint8_t key[static 16]);
    MUST_USE enum err (*aes128_encrypt)(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks);
    /* One block, one key, decrypted; independent of aes128_key. Errors: E_CRYPTO. */
    MUST_USE enum err (*aes128_decrypt)(void *ctx, const uint8_t key[static 16],
                                        const uint8_t in[static 16], uint8_t out[static 16]);
    /* HMAC-SHA-256 over the concatenation of parts. Errors: E_CRYPTO. */
    MUST_USE enum err (*hmac_sha256)(void *ctx, struct bytes key, const struct bytes *parts,
                                     size_t n_parts, uint8_t out[static 32]);
    MUST_USE enum err (*sha256)(void *ctx, const struct bytes *parts, size_t n_parts,
                                uint8_t out[static 32]);
    /* Octets fit for keys and challenges. Errors: E_CRYPTO; out is then all zero. */
    MUST_USE enum err (*random)(void *ctx, struct mbytes out);
};

/* Constant time in the contents; lengths are public. */
bool crypto_ct_eq(struct bytes a, struct bytes b);

#endif
