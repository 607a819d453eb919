#include "device/linux/platform_openssl.h"

#include "crypto/openssl.h"
#include <stdlib.h>
#include <string.h>

static bool aes128_key(void *ctx, const uint8_t key[16])
{
    const struct crypto *c = ctx;
    return c->aes128_key(c->ctx, key) == E_OK;
}

static bool aes128_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    const struct crypto *c = ctx;
    return c->aes128_encrypt(c->ctx, in, out, blocks) == E_OK;
}

static bool aes128_decrypt(void *ctx, const uint8_t key[16], const uint8_t in[16], uint8_t out[16])
{
    const struct crypto *c = ctx;
    return c->aes128_decrypt(c->ctx, key, in, out) == E_OK;
}

static bool hmac_sha256(void *ctx, const uint8_t *key, size_t key_n, const uint8_t *message,
                        size_t message_n, uint8_t out[32])
{
    const struct crypto *c = ctx;
    const struct bytes part = {message, message_n};
    return c->hmac_sha256(c->ctx, (struct bytes){key, key_n}, &part, 1, out) == E_OK;
}

static bool sha256(void *ctx, const uint8_t *message, size_t message_n, uint8_t out[32])
{
    const struct crypto *c = ctx;
    const struct bytes part = {message, message_n};
    return c->sha256(c->ctx, &part, 1, out) == E_OK;
}

static bool draw(void *ctx, uint8_t *out, size_t n)
{
    const struct crypto *c = ctx;
    return c->random(c->ctx, (struct mbytes){out, n}) == E_OK;
}

enum err platform_openssl_open(struct bindery_ue_crypto *out)
{
    struct crypto *c = calloc(1, sizeof *c);
    memset(out, 0, sizeof *out);
    if (c == NULL) {
        return E_MEMORY;
    }
    enum err err = crypto_openssl_open(c);
    if (err != E_OK) {
        free(c);
        return err;
    }
    *out = (struct bindery_ue_crypto){.ctx = c,
                                      .aes128_key = aes128_key,
                                      .aes128_encrypt = aes128_encrypt,
                                      .aes128_decrypt = aes128_decrypt,
                                      .hmac_sha256 = hmac_sha256,
                                      .sha256 = sha256,
                                      .random = draw};
    return E_OK;
}

void platform_openssl_close(struct bindery_ue_crypto *table)
{
    if (table->ctx != NULL) {
        crypto_openssl_close(table->ctx);
        free(table->ctx);
    }
    memset(table, 0, sizeof *table);
}
