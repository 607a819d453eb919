#include "proc/aka.h"

#include <string.h>

/* TS 33.102 6.3.2: AUTN = SQN xor AK || AMF || MAC-A; 6.3.3: AUTS = SQN_MS xor AK* || MAC-S. */
enum { AUTN_AMF = 6, AUTN_MAC = 8, AUTS_MAC = 6 };
_Static_assert(AUTN_MAC + 8 == sizeof(struct autn), "AUTN is 16 octets");
_Static_assert(AUTS_MAC + 8 == sizeof(struct auts), "AUTS is 14 octets");

#define AMF_RESYNC 0 /* 6.3.3: f1* is computed with an AMF of all zeros */

static void sqn_conceal(uint64_t sqn, const struct key_ak *ak, uint8_t out[static 6])
{
    for (size_t i = 0; i < 6; i++) {
        out[i] = (uint8_t)(sqn >> 8 * (5 - i) ^ ak->b[i]);
    }
}

static uint64_t sqn_reveal(const uint8_t in[static 6], const struct key_ak *ak)
{
    uint64_t sqn = 0;
    for (size_t i = 0; i < 6; i++) {
        sqn = sqn << 8 | (uint8_t)(in[i] ^ ak->b[i]);
    }
    return sqn;
}

uint16_t autn_amf(const struct autn *autn)
{
    return (uint16_t)(autn->b[AUTN_AMF] << 8 | autn->b[AUTN_AMF + 1]);
}

/* ---- AuC ---- */

enum err aka_auc_vector(const struct crypto *c, const struct aka_keys *keys,
                        const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                        struct aka_vector *out)
{
    if (sqn > SQN_MAX) {
        return E_BAD_VALUE;
    }
    struct aka_f12345 f;
    enum err err = aka_f12345(c, keys, rand, sqn, amf, &f);
    if (err != E_OK) {
        goto out;
    }
    out->rand = *rand;
    sqn_conceal(sqn, &f.ak, out->autn.b);
    out->autn.b[AUTN_AMF] = (uint8_t)(amf >> 8);
    out->autn.b[AUTN_AMF + 1] = (uint8_t)amf;
    memcpy(out->autn.b + AUTN_MAC, f.mac_a, sizeof f.mac_a);
    out->xres = f.res;
    out->ck = f.ck;
    out->ik = f.ik;
out:
    wipe(&f, sizeof f);
    return err;
}

enum err aka_auc_resync(const struct crypto *c, const struct aka_keys *keys,
                        const struct rand128 *rand, const struct auts *auts, uint64_t *sqn_ms)
{
    struct key_ak ak;
    uint8_t mac[8];
    uint64_t sqn = 0;
    enum err err = aka_f5star(c, keys, rand, &ak);
    if (err != E_OK) {
        goto out;
    }
    sqn = sqn_reveal(auts->b, &ak);
    err = aka_f1star(c, keys, rand, sqn, AMF_RESYNC, mac);
    if (err != E_OK) {
        goto out;
    }
    if (!crypto_ct_eq(BYTES_OF(mac), (struct bytes){auts->b + AUTS_MAC, 8})) {
        err = E_BAD_MAC;
        goto out;
    }
    *sqn_ms = sqn;
out:
    wipe(&ak, sizeof ak);
    wipe(mac, sizeof mac);
    return err;
}

/* ---- USIM ---- */

uint64_t usim_sqn_ms(const struct usim *usim)
{
    uint64_t highest = 0;
    for (unsigned ind = 0; ind < SQN_IND_COUNT; ind++) {
        uint64_t sqn = usim->seq[ind] << SQN_IND_BITS | ind;
        /* An entry never used holds no SQN: without this, a new USIM would tell IND 31. */
        if (usim->seq[ind] != 0 && sqn > highest) {
            highest = sqn;
        }
    }
    return highest;
}

/* C.2.1 and C.2.2: above the last of its IND, and not further than delta above the highest. */
static bool usim_fresh(const struct usim *usim, uint64_t sqn)
{
    uint64_t seq = sqn >> SQN_IND_BITS;
    uint64_t seq_ms = usim_sqn_ms(usim) >> SQN_IND_BITS;
    return seq > usim->seq[sqn % SQN_IND_COUNT] && (seq <= seq_ms || seq - seq_ms <= SEQ_DELTA);
}

MUST_USE static enum err usim_auts(const struct crypto *c, const struct usim *usim,
                                   const struct rand128 *rand, struct auts *out)
{
    uint64_t sqn_ms = usim_sqn_ms(usim);
    struct key_ak ak;
    uint8_t mac[8];
    enum err err = aka_f5star(c, &usim->keys, rand, &ak);
    if (err != E_OK) {
        goto out;
    }
    err = aka_f1star(c, &usim->keys, rand, sqn_ms, AMF_RESYNC, mac);
    if (err != E_OK) {
        goto out;
    }
    sqn_conceal(sqn_ms, &ak, out->b);
    memcpy(out->b + AUTS_MAC, mac, sizeof mac);
out:
    wipe(&ak, sizeof ak);
    wipe(mac, sizeof mac);
    return err;
}

/* E_SYNC with everything that the answer then carries, or why AUTS could not be made. */
MUST_USE static enum err usim_refuse_sync(const struct crypto *c, const struct usim *usim,
                                          const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                                          struct usim_answer *out)
{
    struct usim_answer a = {.sqn = sqn, .amf = amf};
    enum err err = usim_auts(c, usim, rand, &a.auts);
    if (err != E_OK) {
        return err;
    }
    *out = a;
    return E_SYNC;
}

enum err usim_authenticate(const struct crypto *c, struct usim *usim, const struct rand128 *rand,
                           const struct autn *autn, struct usim_answer *out)
{
    struct aka_f12345 f;
    uint8_t xmac[8];
    uint64_t sqn = 0;
    const uint16_t amf = autn_amf(autn);
    enum err err = aka_f2345(c, &usim->keys, rand, &f);
    if (err != E_OK) {
        goto out;
    }
    sqn = sqn_reveal(autn->b, &f.ak);
    err = aka_f1(c, &usim->keys, rand, sqn, amf, xmac);
    if (err != E_OK) {
        goto out;
    }
    if (!crypto_ct_eq(BYTES_OF(xmac), (struct bytes){autn->b + AUTN_MAC, 8})) {
        err = E_BAD_MAC;
        goto out;
    }
    if (!usim_fresh(usim, sqn)) {
        err = usim_refuse_sync(c, usim, rand, sqn, amf, out);
        goto out;
    }
    *out = (struct usim_answer){.res = f.res, .ck = f.ck, .ik = f.ik, .sqn = sqn, .amf = amf};
    usim->seq[sqn % SQN_IND_COUNT] = sqn >> SQN_IND_BITS;
out:
    wipe(&f, sizeof f);
    wipe(xmac, sizeof xmac);
    return err;
}
