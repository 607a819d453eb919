#include "device/platform.h"

#include <string.h>

bool platform_complete(const struct bindery_ue_crypto *t)
{
    return t != NULL && t->aes128_key != NULL && t->aes128_encrypt != NULL &&
           t->aes128_decrypt != NULL && t->hmac_sha256 != NULL && t->sha256 != NULL &&
           t->random != NULL;
}

MUST_USE static enum err of(bool done)
{
    return done ? E_OK : E_CRYPTO;
}

MUST_USE static enum err aes128_key(void *ctx, const uint8_t key[static 16])
{
    const struct bindery_ue_crypto *t = ctx;
    return of(t->aes128_key(t->ctx, key));
}

MUST_USE static enum err aes128_encrypt(void *ctx, const uint8_t *in, uint8_t *out, size_t blocks)
{
    const struct bindery_ue_crypto *t = ctx;
    return of(t->aes128_encrypt(t->ctx, in, out, blocks));
}

MUST_USE static enum err aes128_decrypt(void *ctx, const uint8_t key[static 16],
                                        const uint8_t in[static 16], uint8_t out[static 16])
{
    const struct bindery_ue_crypto *t = ctx;
    return of(t->aes128_decrypt(t->ctx, key, in, out));
}

/* The parts one after the other in `room`; p NULL when they do not fit. */
static struct bytes join(const struct bytes *parts, size_t n_parts, struct mbytes room)
{
    struct wr w = wr_of(room);
    if (n_parts == 1) {
        return parts[0];
    }
    for (size_t i = 0; i < n_parts; i++) {
        wr_put(&w, parts[i]);
    }
    return w.err == E_OK ? (struct bytes){room.p, w.n} : (struct bytes){NULL, 1};
}

MUST_USE static enum err hmac_sha256(void *ctx, struct bytes key, const struct bytes *parts,
                                     size_t n_parts, uint8_t out[static 32])
{
    const struct bindery_ue_crypto *t = ctx;
    uint8_t room[PLATFORM_MESSAGE_MAX];
    const struct bytes all = join(parts, n_parts, MBYTES_OF(room));
    enum err err = E_CRYPTO;
    if (all.p != NULL || all.n == 0) {
        err = of(t->hmac_sha256(t->ctx, key.p, key.n, all.p, all.n, out));
    }
    wipe(room, n_parts > 1 ? sizeof room : 0);
    return err;
}

MUST_USE static enum err sha256(void *ctx, const struct bytes *parts, size_t n_parts,
                                uint8_t out[static 32])
{
    const struct bindery_ue_crypto *t = ctx;
    uint8_t room[PLATFORM_MESSAGE_MAX];
    const struct bytes all = join(parts, n_parts, MBYTES_OF(room));
    enum err err = E_CRYPTO;
    if (all.p != NULL || all.n == 0) {
        err = of(t->sha256(t->ctx, all.p, all.n, out));
    }
    wipe(room, n_parts > 1 ? sizeof room : 0);
    return err;
}

/* ---- the same with a room for long parts ---- */

MUST_USE static enum err wide_aes128_key(void *ctx, const uint8_t key[static 16])
{
    const struct bindery_ue_crypto *t = ((const struct platform_wide *)ctx)->table;
    return of(t->aes128_key(t->ctx, key));
}

MUST_USE static enum err wide_aes128_encrypt(void *ctx, const uint8_t *in, uint8_t *out,
                                             size_t blocks)
{
    const struct bindery_ue_crypto *t = ((const struct platform_wide *)ctx)->table;
    return of(t->aes128_encrypt(t->ctx, in, out, blocks));
}

MUST_USE static enum err wide_aes128_decrypt(void *ctx, const uint8_t key[static 16],
                                             const uint8_t in[static 16], uint8_t out[static 16])
{
    const struct bindery_ue_crypto *t = ((const struct platform_wide *)ctx)->table;
    return of(t->aes128_decrypt(t->ctx, key, in, out));
}

MUST_USE static enum err wide_hmac_sha256(void *ctx, struct bytes key, const struct bytes *parts,
                                          size_t n_parts, uint8_t out[static 32])
{
    const struct platform_wide *w = ctx;
    const struct bytes all = join(parts, n_parts, w->room);
    enum err err = E_CRYPTO;
    if (all.p != NULL || all.n == 0) {
        err = of(w->table->hmac_sha256(w->table->ctx, key.p, key.n, all.p, all.n, out));
    }
    wipe(w->room.p, w->room.n);
    return err;
}

MUST_USE static enum err wide_sha256(void *ctx, const struct bytes *parts, size_t n_parts,
                                     uint8_t out[static 32])
{
    const struct platform_wide *w = ctx;
    const struct bytes all = join(parts, n_parts, w->room);
    enum err err = E_CRYPTO;
    if (all.p != NULL || all.n == 0) {
        err = of(w->table->sha256(w->table->ctx, all.p, all.n, out));
    }
    wipe(w->room.p, w->room.n);
    return err;
}

MUST_USE static enum err draw(void *ctx, struct mbytes out)
{
    const struct bindery_ue_crypto *t = ctx;
    const bool done = t->random(t->ctx, out.p, out.n);
    if (!done && out.n > 0) {
        memset(out.p, 0, out.n);
    }
    return of(done);
}

MUST_USE static enum err wide_draw(void *ctx, struct mbytes out)
{
    const struct bindery_ue_crypto *t = ((const struct platform_wide *)ctx)->table;
    const bool done = t->random(t->ctx, out.p, out.n);
    if (!done && out.n > 0) {
        memset(out.p, 0, out.n);
    }
    return of(done);
}

struct crypto platform_crypto_wide(struct platform_wide *wide)
{
    return (struct crypto){.ctx = wide,
                           .aes128_key = wide_aes128_key,
                           .aes128_encrypt = wide_aes128_encrypt,
                           .aes128_decrypt = wide_aes128_decrypt,
                           .hmac_sha256 = wide_hmac_sha256,
                           .sha256 = wide_sha256,
                           .random = wide_draw};
}

struct crypto platform_crypto(const struct bindery_ue_crypto *table)
{
    union { /* the functions above only read it */
        const struct bindery_ue_crypto *in;
        void *out;
    } ctx = {.in = table};
    return (struct crypto){.ctx = ctx.out,
                           .aes128_key = aes128_key,
                           .aes128_encrypt = aes128_encrypt,
                           .aes128_decrypt = aes128_decrypt,
                           .hmac_sha256 = hmac_sha256,
                           .sha256 = sha256,
                           .random = draw};
}

void platform_give_usim(const struct aka_keys *in, struct bindery_ue_usim_keys *out)
{
    out->algorithm = (enum bindery_ue_algorithm)in->algorithm;
    out->k_n = in->k.n;
    memcpy(out->k, in->k.b, sizeof out->k);
    out->opc_n = in->opc.n;
    memcpy(out->opc, in->opc.b, sizeof out->opc);
    out->res_n = in->res_len;
    out->keccak_iterations = in->keccak_iterations;
}
