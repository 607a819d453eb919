#include "proc/ecies_box.h"

#include <string.h>

#define BLOCK  16u
#define BLOCKS 4u
#define DIGEST 32u

/* ---- keys ---- */

/* In the order of TS 33.501 C.3.2: what the KDF gives is cut up so. */
struct keys {
    uint8_t encryption[16];
    uint8_t counter[BLOCK]; /* the initial counter block */
    uint8_t mac[32];
};
_Static_assert(sizeof(struct keys) == 64, "two digests, without holes");

enum err x963_kdf(const struct crypto *c, struct bytes secret, struct bytes info, struct mbytes out)
{
    uint8_t made[DIGEST];
    enum err err = out.n > 255 * (size_t)DIGEST ? E_NO_ROOM : E_OK;
    uint8_t round = 1;
    for (size_t at = 0; err == E_OK && at < out.n; at += DIGEST, round++) {
        const size_t n = out.n - at < DIGEST ? out.n - at : DIGEST;
        const uint8_t counter[4] = {0, 0, 0, round};
        const struct bytes parts[] = {secret, BYTES_OF(counter), info};
        err = c->sha256(c->ctx, parts, 3, made);
        if (err == E_OK) {
            memcpy(out.p + at, made, n);
        }
    }
    if (err != E_OK) {
        wipe(out.p, out.n);
    }
    wipe(made, sizeof made);
    return err;
}

/*= certattach-box */
static enum err derive(const struct crypto *c, const uint8_t secret[static ECIES_SECRET_LEN],
                       struct bytes sent, struct keys *out)
{
    return x963_kdf(c, (struct bytes){secret, ECIES_SECRET_LEN}, sent,
                    (struct mbytes){(uint8_t *)out, sizeof *out});
}

/* ---- AES-128 in CTR mode ---- */

static void count_up(uint8_t counter[static BLOCK])
{
    for (size_t i = BLOCK; i-- > 0;) {
        counter[i]++;
        if (counter[i] != 0) {
            return;
        }
    }
}

/* Encrypts and decrypts. What was written is wiped when it could not be finished. */
static enum err stream(const struct crypto *c, struct keys *k, struct bytes in, uint8_t *out)
{
    uint8_t pad[BLOCKS * BLOCK];
    enum err err = c->aes128_key(c->ctx, k->encryption);
    for (size_t at = 0; err == E_OK && at < in.n; at += sizeof pad) {
        const size_t n = in.n - at < sizeof pad ? in.n - at : sizeof pad;
        for (size_t i = 0; i < BLOCKS; i++) {
            memcpy(pad + i * BLOCK, k->counter, BLOCK);
            count_up(k->counter);
        }
        err = c->aes128_encrypt(c->ctx, pad, pad, BLOCKS);
        for (size_t i = 0; err == E_OK && i < n; i++) {
            out[at + i] = in.p[at + i] ^ pad[i];
        }
    }
    if (err != E_OK) {
        wipe(out, in.n);
    }
    wipe(pad, sizeof pad);
    return err;
}

/* ---- both ways ---- */

static enum err tag_of(const struct crypto *c, const struct keys *k, struct bytes cipher,
                       struct bytes info, uint8_t tag[static ECIES_TAG_LEN])
{
    const struct bytes parts[] = {cipher, info};
    return c->hmac_sha256(c->ctx, BYTES_OF(k->mac), parts, info.p != NULL ? 2 : 1, tag);
}

enum err ecies_seal(const struct crypto *c, const uint8_t secret[static ECIES_SECRET_LEN],
                    struct bytes sent, struct bytes info, struct bytes plain, uint8_t *out,
                    uint8_t tag[static ECIES_TAG_LEN])
{
    struct keys k;
    enum err err = derive(c, secret, sent, &k);
    if (err == E_OK) {
        err = stream(c, &k, plain, out);
    }
    if (err == E_OK) {
        err = tag_of(c, &k, (struct bytes){out, plain.n}, info, tag);
    }
    wipe(&k, sizeof k);
    return err;
}

enum err ecies_open(const struct crypto *c, const uint8_t secret[static ECIES_SECRET_LEN],
                    struct bytes sent, struct bytes info, struct bytes cipher,
                    const uint8_t tag[static ECIES_TAG_LEN], uint8_t *out)
{
    struct keys k;
    uint8_t expected[ECIES_TAG_LEN];
    enum err err = derive(c, secret, sent, &k);
    if (err == E_OK) {
        err = tag_of(c, &k, cipher, info, expected);
    }
    if (err == E_OK && !crypto_ct_eq(BYTES_OF(expected), (struct bytes){tag, ECIES_TAG_LEN})) {
        err = E_BAD_MAC;
    }
    if (err == E_OK) {
        err = stream(c, &k, cipher, out);
    }
    wipe(expected, sizeof expected);
    wipe(&k, sizeof k);
    return err;
}
