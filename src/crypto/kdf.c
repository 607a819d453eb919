#include "crypto/kdf.h"

#include <string.h>

/* FC values of TS 33.401 Annex A; the list of all of them is TS 33.220 B.2.2. */
enum { FC_KASME = 0x10, FC_KENB = 0x11, FC_NH = 0x12, FC_ALGORITHM_KEY = 0x15 };

/* A.7: what a key derived from KASME is for. */
enum { NAS_ENC_ALG = 1, NAS_INT_ALG = 2 };

/* Of one or two parameters, as every key of TS 33.401 that this project derives has; none is longer
 * than SYNC-input. */
#define PARAMETER_MAX 32

/* TS 33.220 B.2: HMAC-SHA-256(Key, FC || P0 || L0 || P1 || L1), each L two octets. S is put
 * together first: a part costs OpenSSL more than its octets do. */
MUST_USE static enum err kdf(const struct crypto *c, struct bytes key, uint8_t fc, struct bytes p0,
                             struct bytes p1, uint8_t out[static 32])
{
    uint8_t octets[1 + 2 * (PARAMETER_MAX + 2)];
    uint8_t made[32];
    struct wr s = wr_of(MBYTES_OF(octets));
    wr_u8(&s, fc);
    wr_put(&s, p0);
    wr_be16(&s, (uint16_t)p0.n);
    if (p1.n > 0) {
        wr_put(&s, p1);
        wr_be16(&s, (uint16_t)p1.n);
    }
    const struct bytes whole = wr_done(&s);
    enum err err = whole.n > 0 ? c->hmac_sha256(c->ctx, key, &whole, 1, made) : E_CRYPTO;
    if (err == E_OK) {
        memcpy(out, made, sizeof made);
    }
    wipe(octets, sizeof octets);
    wipe(made, sizeof made);
    return err;
}

enum err kdf_kasme(const struct crypto *c, const struct key_ck *ck, const struct key_ik *ik,
                   const uint8_t sn_id[static 3], const uint8_t sqn_xor_ak[static 6],
                   struct key_kasme *out)
{
    uint8_t key[32];
    memcpy(key, ck->b, 16);
    memcpy(key + 16, ik->b, 16);
    enum err err = kdf(c, BYTES_OF(key), FC_KASME, (struct bytes){sn_id, 3},
                       (struct bytes){sqn_xor_ak, 6}, out->b);
    wipe(key, sizeof key);
    return err;
}

/* A.7: the 128 least significant bits. */
MUST_USE static enum err nas_key(const struct crypto *c, const struct key_kasme *kasme,
                                 uint8_t distinguisher, uint8_t algorithm, uint8_t out[static 16])
{
    uint8_t made[32];
    enum err err = kdf(c, BYTES_OF(kasme->b), FC_ALGORITHM_KEY, (struct bytes){&distinguisher, 1},
                       (struct bytes){&algorithm, 1}, made);
    if (err == E_OK) {
        memcpy(out, made + 16, 16);
    }
    wipe(made, sizeof made);
    return err;
}

enum err kdf_knasenc(const struct crypto *c, const struct key_kasme *kasme, uint8_t eea,
                     struct key_knasenc *out)
{
    return nas_key(c, kasme, NAS_ENC_ALG, eea, out->b);
}

enum err kdf_knasint(const struct crypto *c, const struct key_kasme *kasme, uint8_t eia,
                     struct key_knasint *out)
{
    return nas_key(c, kasme, NAS_INT_ALG, eia, out->b);
}

enum err kdf_kenb(const struct crypto *c, const struct key_kasme *kasme, uint32_t ul_nas_count,
                  struct key_kenb *out)
{
    const uint8_t count[4] = {(uint8_t)(ul_nas_count >> 24), (uint8_t)(ul_nas_count >> 16),
                              (uint8_t)(ul_nas_count >> 8), (uint8_t)ul_nas_count};
    return kdf(c, BYTES_OF(kasme->b), FC_KENB, BYTES_OF(count), (struct bytes){NULL, 0}, out->b);
}

enum err kdf_nh(const struct crypto *c, const struct key_kasme *kasme,
                const uint8_t sync[static 32], struct key_nh *out)
{
    return kdf(c, BYTES_OF(kasme->b), FC_NH, (struct bytes){sync, 32}, (struct bytes){NULL, 0},
               out->b);
}

/* ---- own procedures ---- */

static void put_item(struct wr *s, struct bytes item)
{
    wr_be16(s, (uint16_t)item.n); /* one that is longer than that has no room either */
    wr_put(s, item);
}

enum err kdf_own(const struct crypto *c, struct bytes key, const char *label,
                 const struct bytes *items, size_t n_items, uint8_t out[static 32])
{
    uint8_t octets[KDF_OWN_MAX];
    uint8_t made[32];
    struct wr s = wr_of(MBYTES_OF(octets));
    put_item(&s, bytes_of_str(label));
    for (size_t i = 0; i < n_items; i++) {
        put_item(&s, items[i]);
    }
    enum err err = s.err;
    if (err == E_OK) {
        const struct bytes whole = wr_done(&s);
        err = c->hmac_sha256(c->ctx, key, &whole, 1, made);
    }
    if (err == E_OK) {
        memcpy(out, made, sizeof made);
    }
    wipe(octets, sizeof octets);
    wipe(made, sizeof made);
    return err;
}
