#include "crypto/cmac.h"

#include <string.h>

#define BLOCK 16

/* A subkey from the one before it: doubled in GF(2^128) (SP 800-38B 6.1), without a branch. */
static void twice(uint8_t b[static BLOCK])
{
    const uint8_t overflow = (uint8_t)(0 - (b[0] >> 7));
    for (size_t i = 0; i + 1 < BLOCK; i++) {
        b[i] = (uint8_t)(b[i] << 1 | b[i + 1] >> 7);
    }
    b[BLOCK - 1] = (uint8_t)(b[BLOCK - 1] << 1 ^ (overflow & 0x87));
}

/* The chain so far, with the octets of the block that is not full yet already mixed in. */
struct chain {
    const struct crypto *c;
    uint8_t b[BLOCK];
    size_t n;
};

/* A full block waits until an octet follows it, because the last block is treated otherwise. */
MUST_USE static enum err chain_add(struct chain *k, struct bytes in)
{
    for (size_t i = 0; i < in.n; i++) {
        if (k->n == BLOCK) {
            enum err err = k->c->aes128_encrypt(k->c->ctx, k->b, k->b, 1);
            if (err != E_OK) {
                return err;
            }
            k->n = 0;
        }
        k->b[k->n++] ^= in.p[i];
    }
    return E_OK;
}

/* 6.2 steps 4 to 6: a last block that is not whole, to the bit, is filled with a one and zeros. */
MUST_USE static enum err chain_end(struct chain *k, const uint8_t zero_ciphered[static BLOCK],
                                   unsigned spare_bits)
{
    uint8_t subkey[BLOCK];
    memcpy(subkey, zero_ciphered, BLOCK);
    twice(subkey);
    if (k->n < BLOCK || spare_bits > 0) {
        twice(subkey);
        if (spare_bits > 0) {
            k->b[k->n - 1] ^= (uint8_t)(1u << (spare_bits - 1));
        } else {
            k->b[k->n] ^= 0x80;
        }
    }
    for (size_t i = 0; i < BLOCK; i++) {
        k->b[i] ^= subkey[i];
    }
    wipe(subkey, sizeof subkey);
    return k->c->aes128_encrypt(k->c->ctx, k->b, k->b, 1);
}

/* All parts, the last octet without its spare bits. */
MUST_USE static enum err add_parts(struct chain *k, const struct bytes *parts, size_t n_parts,
                                   unsigned spare_bits)
{
    for (size_t i = 0; i < n_parts; i++) {
        const bool cut = i + 1 == n_parts && spare_bits > 0;
        const struct bytes whole = {parts[i].p, parts[i].n - (cut ? 1 : 0)};
        enum err err = chain_add(k, whole);
        if (err == E_OK && cut) {
            const uint8_t last = (uint8_t)(parts[i].p[whole.n] & 0xffu << spare_bits);
            err = chain_add(k, (struct bytes){&last, 1});
        }
        if (err != E_OK) {
            return err;
        }
    }
    return E_OK;
}

enum err cmac_aes128(const struct crypto *c, const uint8_t key[static 16],
                     const struct bytes *parts, size_t n_parts, unsigned spare_bits,
                     uint8_t mac[static 16])
{
    if (spare_bits > 7 || (spare_bits > 0 && (n_parts == 0 || parts[n_parts - 1].n == 0))) {
        return E_BAD_VALUE;
    }
    struct chain k = {.c = c};
    uint8_t zero[BLOCK] = {0};
    enum err err = c->aes128_key(c->ctx, key);
    if (err == E_OK) {
        err = c->aes128_encrypt(c->ctx, zero, zero, 1);
    }
    if (err == E_OK) {
        err = add_parts(&k, parts, n_parts, spare_bits);
    }
    if (err == E_OK) {
        err = chain_end(&k, zero, spare_bits);
    }
    if (err == E_OK) {
        memcpy(mac, k.b, BLOCK);
    }
    wipe(&k, sizeof k);
    wipe(zero, sizeof zero);
    return err;
}
