/* test/proc/failing.h - a crypto table of which one call fails, whichever a test wants. */
#ifndef BINDERY_TEST_PROC_FAILING_H
#define BINDERY_TEST_PROC_FAILING_H

#include "crypto/crypto.h"

struct failing {
    const struct crypto *inner;
    struct crypto table;
    unsigned calls, fail_at; /* the call of this number fails; 0: none */
};

static inline bool failing_now(struct failing *f)
{
    f->calls++;
    return f->calls == f->fail_at;
}

static inline enum err failing_key(void *ctx, const uint8_t key[static 16])
{
    struct failing *f = ctx;
    return failing_now(f) ? E_CRYPTO : f->inner->aes128_key(f->inner->ctx, key);
}

static inline enum err failing_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    struct failing *f = ctx;
    return failing_now(f) ? E_CRYPTO : f->inner->aes128_encrypt(f->inner->ctx, in, out, blocks);
}

static inline enum err failing_decrypt(void *ctx, const uint8_t key[static 16],
                                       const uint8_t in[static 16], uint8_t out[static 16])
{
    struct failing *f = ctx;
    return failing_now(f) ? E_CRYPTO : f->inner->aes128_decrypt(f->inner->ctx, key, in, out);
}

static inline enum err failing_hmac(void *ctx, struct bytes key, const struct bytes *parts,
                                    size_t n, uint8_t out[static 32])
{
    struct failing *f = ctx;
    return failing_now(f) ? E_CRYPTO : f->inner->hmac_sha256(f->inner->ctx, key, parts, n, out);
}

static inline enum err failing_sha256(void *ctx, const struct bytes *parts, size_t n,
                                      uint8_t out[static 32])
{
    struct failing *f = ctx;
    return failing_now(f) ? E_CRYPTO : f->inner->sha256(f->inner->ctx, parts, n, out);
}

static inline enum err failing_random(void *ctx, struct mbytes out)
{
    struct failing *f = ctx;
    return failing_now(f) ? E_CRYPTO : f->inner->random(f->inner->ctx, out);
}

/* *f stays where it is. */
static inline void failing_open(struct failing *f, const struct crypto *inner, unsigned fail_at)
{
    *f = (struct failing){.inner = inner,
                          .table = {.ctx = f,
                                    .aes128_key = failing_key,
                                    .aes128_encrypt = failing_encrypt,
                                    .aes128_decrypt = failing_decrypt,
                                    .hmac_sha256 = failing_hmac,
                                    .sha256 = failing_sha256,
                                    .random = failing_random},
                          .fail_at = fail_at};
}

#endif
