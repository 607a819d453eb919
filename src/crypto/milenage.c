#include "crypto/milenage.h"

#include <string.h>

#define BLOCK 16

/* What every function needs first: OPc, and TEMP = E_K(RAND xor OPc) (TS 35.206 4.1). The key stays
 * loaded in the table, so the blocks that follow cost no second schedule. */
struct milenage {
    const uint8_t *opc;
    uint8_t temp[BLOCK];
};

/* By words: octets written one by one are slow to read again as the block that AES takes. */
static void block_xor(uint8_t *out, const uint8_t *a, const uint8_t *b)
{
    uint64_t x[2];
    uint64_t y[2];
    memcpy(x, a, BLOCK);
    memcpy(y, b, BLOCK);
    x[0] ^= y[0];
    x[1] ^= y[1];
    memcpy(out, x, BLOCK);
}

static bool lengths_fit(const struct aka_keys *keys)
{
    return keys->k.n == BLOCK && keys->opc.n == BLOCK && keys->res_len == 8;
}

MUST_USE static enum err milenage_start(const struct crypto *c, const struct aka_keys *keys,
                                        const struct rand128 *rand, struct milenage *m)
{
    if (!lengths_fit(keys)) {
        return E_BAD_LENGTH;
    }
    if (c->aes128_key(c->ctx, keys->k.b) != E_OK) {
        return E_CRYPTO;
    }
    m->opc = keys->opc.b;
    block_xor(m->temp, rand->b, m->opc);
    return c->aes128_encrypt(c->ctx, m->temp, m->temp, 1);
}

/* Input of E_K for OUT1: TEMP xor rot(IN1 xor OPc, r1) xor c1, where IN1 = SQN AMF SQN AMF, r1 is
 * 64 bits and c1 is 0. */
static void block_1(const struct milenage *m, uint64_t sqn, uint16_t amf, uint8_t out[BLOCK])
{
    uint8_t in1[BLOCK];
    uint8_t opc[BLOCK]; /* rotated by 64 bits, as IN1 is anyway: its halves are the same */
    struct wr w = wr_of(MBYTES_OF(in1));
    wr_be64(&w, sqn << 16 | amf);
    memcpy(in1 + 8, in1, 8);
    memcpy(opc, m->opc + 8, 8);
    memcpy(opc + 8, m->opc, 8);
    block_xor(out, in1, opc);
    block_xor(out, out, m->temp);
    wipe(opc, sizeof opc);
}

/* Input of E_K for OUT2 to OUT5: rot(TEMP xor OPc, r) xor c, r being 0, 32, 64 and 96 bits and c
 * being 1, 2, 4 and 8. */
static void block_n(const struct milenage *m, unsigned n, uint8_t out[BLOCK])
{
    uint8_t twice[2 * BLOCK]; /* rotating is reading from further on */
    block_xor(twice, m->temp, m->opc);
    memcpy(twice + BLOCK, twice, BLOCK);
    memcpy(out, twice + (size_t)4 * (n - 2), BLOCK);
    out[BLOCK - 1] = (uint8_t)(out[BLOCK - 1] ^ 1u << (n - 2));
    wipe(twice, sizeof twice);
}

/* E_K over all blocks at once, then OPc over each. */
MUST_USE static enum err finish(const struct crypto *c, const struct milenage *m, uint8_t *blocks,
                                size_t n)
{
    if (c->aes128_encrypt(c->ctx, blocks, blocks, n) != E_OK) {
        return E_CRYPTO;
    }
    for (size_t i = 0; i < n; i++) {
        block_xor(blocks + BLOCK * i, blocks + BLOCK * i, m->opc);
    }
    return E_OK;
}

enum err milenage_opc(const struct crypto *c, const struct key_k *k, const struct key_op *op,
                      struct key_opc *out)
{
    if (k->n != BLOCK || op->n != BLOCK) {
        return E_BAD_LENGTH;
    }
    enum err err = E_CRYPTO;
    uint8_t block[BLOCK];
    if (c->aes128_key(c->ctx, k->b) != E_OK || c->aes128_encrypt(c->ctx, op->b, block, 1) != E_OK) {
        goto out;
    }
    memset(out, 0, sizeof *out);
    out->n = BLOCK;
    block_xor(out->b, block, op->b);
    err = E_OK;
out:
    wipe(block, sizeof block);
    return err;
}

/* OUT2 to OUT4 as f2 to f5 (TS 35.206 4.1: f2 = OUT2[64..127], f5 = OUT2[0..47]). */
static void take_f2345(const uint8_t *blocks, struct aka_f12345 *out)
{
    memset(&out->res, 0, sizeof out->res);
    out->res.n = 8;
    memcpy(out->res.b, blocks + 8, 8);
    memcpy(out->ak.b, blocks, sizeof out->ak.b);
    memcpy(out->ck.b, blocks + BLOCK, BLOCK);
    memcpy(out->ik.b, blocks + 2 * BLOCK, BLOCK);
}

enum err milenage_f12345(const struct crypto *c, const struct aka_keys *keys,
                         const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                         struct aka_f12345 *out)
{
    struct milenage m;
    uint8_t blocks[4 * BLOCK];
    enum err err = milenage_start(c, keys, rand, &m);
    if (err != E_OK) {
        goto out;
    }
    block_1(&m, sqn, amf, blocks);
    for (unsigned n = 2; n <= 4; n++) {
        block_n(&m, n, blocks + BLOCK * (n - 1));
    }
    err = finish(c, &m, blocks, 4);
    if (err != E_OK) {
        goto out;
    }
    memcpy(out->mac_a, blocks, sizeof out->mac_a);
    take_f2345(blocks + BLOCK, out);
out:
    wipe(blocks, sizeof blocks);
    wipe(&m, sizeof m);
    return err;
}

enum err milenage_f2345(const struct crypto *c, const struct aka_keys *keys,
                        const struct rand128 *rand, struct aka_f12345 *out)
{
    struct milenage m;
    uint8_t blocks[3 * BLOCK];
    enum err err = milenage_start(c, keys, rand, &m);
    if (err != E_OK) {
        goto out;
    }
    for (unsigned n = 2; n <= 4; n++) {
        block_n(&m, n, blocks + BLOCK * (n - 2));
    }
    err = finish(c, &m, blocks, 3);
    if (err != E_OK) {
        goto out;
    }
    memset(out->mac_a, 0, sizeof out->mac_a);
    take_f2345(blocks, out);
out:
    wipe(blocks, sizeof blocks);
    wipe(&m, sizeof m);
    return err;
}

/* OUT1: the first half is f1, the second f1*. */
MUST_USE static enum err out1(const struct crypto *c, const struct aka_keys *keys,
                              const struct rand128 *rand, uint64_t sqn, uint16_t amf, size_t half,
                              uint8_t mac[static 8])
{
    struct milenage m;
    uint8_t block[BLOCK];
    enum err err = milenage_start(c, keys, rand, &m);
    if (err != E_OK) {
        goto out;
    }
    block_1(&m, sqn, amf, block);
    err = finish(c, &m, block, 1);
    if (err == E_OK) {
        memcpy(mac, block + half, 8);
    }
out:
    wipe(block, sizeof block);
    wipe(&m, sizeof m);
    return err;
}

enum err milenage_f1(const struct crypto *c, const struct aka_keys *keys,
                     const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                     uint8_t mac_a[static 8])
{
    return out1(c, keys, rand, sqn, amf, 0, mac_a);
}

enum err milenage_f1star(const struct crypto *c, const struct aka_keys *keys,
                         const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                         uint8_t mac_s[static 8])
{
    return out1(c, keys, rand, sqn, amf, 8, mac_s);
}

enum err milenage_f5star(const struct crypto *c, const struct aka_keys *keys,
                         const struct rand128 *rand, struct key_ak *ak)
{
    struct milenage m;
    uint8_t block[BLOCK];
    enum err err = milenage_start(c, keys, rand, &m);
    if (err != E_OK) {
        goto out;
    }
    block_n(&m, 5, block);
    err = finish(c, &m, block, 1);
    if (err == E_OK) {
        memcpy(ak->b, block, sizeof ak->b);
    }
out:
    wipe(block, sizeof block);
    wipe(&m, sizeof m);
    return err;
}
