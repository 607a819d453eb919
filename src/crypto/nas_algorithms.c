#include "crypto/nas_algorithms.h"

#include "crypto/cmac.h"
#include "crypto/snow3g.h"
#include "crypto/zuc.h"
#include <string.h>

/* ---- What all of them share ---- */

static void store32(uint8_t p[static 4], uint32_t v)
{
    p[0] = (uint8_t)(v >> 24);
    p[1] = (uint8_t)(v >> 16);
    p[2] = (uint8_t)(v >> 8);
    p[3] = (uint8_t)v;
}

static uint32_t load32(const uint8_t p[static 4])
{
    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 | p[3];
}

static size_t octets_of(size_t bits)
{
    return bits / 8 + (bits % 8 > 0 ? 1 : 0);
}

/* BEARER (5 bits), DIRECTION, two zeros: the fifth octet of every initial value but EIA1's. */
static uint8_t bearer_direction(struct nas_position at)
{
    return (uint8_t)(at.bearer << 3 | at.direction << 2);
}

MUST_USE static enum err check(struct nas_position at, size_t octets, size_t bits)
{
    if (at.bearer > 31 || at.direction > 1) {
        return E_BAD_VALUE;
    }
    return octets_of(bits) > octets ? E_BAD_LENGTH : E_OK;
}

/* Up to 8 octets of the message from octet `from` on, left-aligned in 64 bits; zeros behind its
 * last bit. */
static uint64_t message64(struct bytes m, size_t bits, size_t from)
{
    uint64_t v = 0;
    const size_t n = octets_of(bits);
    for (size_t i = 0; i < 8; i++) {
        v = v << 8 | (from + i < n ? m.p[from + i] : 0);
    }
    const size_t left = bits - 8 * from;
    return left < 64 ? v & ~(UINT64_MAX >> left) : v;
}

static uint32_t message32(struct bytes m, size_t bits, size_t from)
{
    return (uint32_t)(message64(m, bits, from) >> 32);
}

/* ---- SNOW 3G (TS 35.215; TS 33.401 B.1.2, B.2.2) ---- */

/* Both number the words of the key from its end. */
static void snow3g_keyed(struct snow3g *g, const uint8_t key[static 16],
                         const uint32_t iv[static 4])
{
    uint32_t k[4];
    for (size_t i = 0; i < 4; i++) {
        k[3 - i] = load32(key + 4 * i);
    }
    snow3g_start(g, k, iv);
    wipe(k, sizeof k);
}

static void eea1_start(struct snow3g *g, const struct key_knasenc *key, struct nas_position at)
{
    const uint32_t bd = (uint32_t)bearer_direction(at) << 24;
    const uint32_t iv[4] = {bd, at.count, bd, at.count};
    snow3g_keyed(g, key->b, iv);
}

/* a times b in GF(2^64) modulo x^64 + x^4 + x^3 + x + 1, the same steps whatever they are. */
static uint64_t multiply64(uint64_t a, uint64_t b)
{
    uint64_t product = 0;
    for (unsigned i = 0; i < 64; i++) {
        const uint64_t top = 0 - (product >> 63);
        product = product << 1 ^ (top & 0x1b) ^ (a & (0 - (b >> 63)));
        b <<= 1;
    }
    return product;
}

static void eia1(const struct key_knasint *key, struct nas_position at, struct bytes m, size_t bits,
                 uint8_t mac[static 4])
{
    const uint32_t fresh = (uint32_t)at.bearer << 27;
    const uint32_t direction = at.direction;
    const uint32_t iv[4] = {fresh ^ direction << 15, at.count ^ direction << 31, fresh, at.count};
    struct snow3g g;
    uint32_t z[5];
    snow3g_keyed(&g, key->b, iv);
    for (unsigned i = 0; i < 5; i++) {
        z[i] = snow3g_word(&g);
    }
    const uint64_t p = (uint64_t)z[0] << 32 | z[1];
    const uint64_t q = (uint64_t)z[2] << 32 | z[3];
    uint64_t eval = 0;
    for (size_t from = 0; from < octets_of(bits); from += 8) {
        eval = multiply64(p, eval ^ message64(m, bits, from));
    }
    eval = multiply64(q, eval ^ bits);
    store32(mac, (uint32_t)(eval >> 32) ^ z[4]);
    wipe(&g, sizeof g);
    wipe(z, sizeof z);
}

/* ---- ZUC (TS 35.221; TS 33.401 B.1.4, B.2.4) ---- */

static void eea3_start(struct zuc *z, const struct key_knasenc *key, struct nas_position at)
{
    uint8_t iv[16] = {0};
    store32(iv, at.count);
    iv[4] = bearer_direction(at);
    memcpy(iv + 8, iv, 8);
    zuc_start(z, key->b, iv);
}

static void eia3_start(struct zuc *z, const struct key_knasint *key, struct nas_position at)
{
    uint8_t iv[16] = {0};
    store32(iv, at.count);
    iv[4] = (uint8_t)(at.bearer << 3);
    memcpy(iv + 8, iv, 8);
    iv[8] ^= (uint8_t)(at.direction << 7);
    iv[14] ^= (uint8_t)(at.direction << 7);
    zuc_start(z, key->b, iv);
}

/* For each bit of the message that is one, the 32 bits of keystream that begin at its place; the
 * window holds two words of keystream, the first of them at the message's first bit. */
static uint32_t eia3_word(uint64_t window, uint32_t message)
{
    uint32_t t = 0;
    for (unsigned i = 0; i < 32; i++) {
        t ^= (uint32_t)(window >> 32) & (0 - (message >> 31));
        message <<= 1;
        window <<= 1;
    }
    return t;
}

static void eia3(const struct key_knasint *key, struct nas_position at, struct bytes m, size_t bits,
                 uint8_t mac[static 4])
{
    struct zuc z;
    eia3_start(&z, key, at);
    uint64_t window = (uint64_t)zuc_word(&z) << 32;
    window |= zuc_word(&z);
    uint32_t t = 0;
    size_t done = 0;
    while (bits - done >= 32) {
        t ^= eia3_word(window, message32(m, bits, done / 8));
        window = window << 32 | zuc_word(&z);
        done += 32;
    }
    const unsigned left = (unsigned)(bits - done);
    if (left > 0) {
        t ^= eia3_word(window, message32(m, bits, done / 8));
    }
    t ^= (uint32_t)(window << left >> 32); /* the word at bit LENGTH */
    /* The last word of keystream is the one after those that the message and that word reach. */
    t ^= left > 0 ? zuc_word(&z) : (uint32_t)window;
    store32(mac, t);
    wipe(&z, sizeof z);
    wipe(&window, sizeof window);
}

/* ---- AES (TS 33.401 B.1.3, B.2.3) ---- */

#define AES_BLOCKS 4

/* Counter blocks from number `block` on, as SP 800-38A counts: the low 64 bits start at zero. */
static void counter_blocks(struct nas_position at, uint64_t block, uint8_t out[static 64])
{
    memset(out, 0, 16 * AES_BLOCKS);
    for (unsigned i = 0; i < AES_BLOCKS; i++) {
        store32(out + 16 * i, at.count);
        out[16 * i + 4] = bearer_direction(at);
        store32(out + 16 * i + 8, (uint32_t)((block + i) >> 32));
        store32(out + 16 * i + 12, (uint32_t)(block + i));
    }
}

MUST_USE static enum err eea2(const struct crypto *c, const struct key_knasenc *key,
                              struct nas_position at, struct mbytes m)
{
    uint8_t stream[16 * AES_BLOCKS];
    enum err err = c->aes128_key(c->ctx, key->b);
    for (size_t done = 0; err == E_OK && done < m.n; done += sizeof stream) {
        counter_blocks(at, done / 16, stream);
        err = c->aes128_encrypt(c->ctx, stream, stream, AES_BLOCKS);
        for (size_t i = 0; err == E_OK && i < sizeof stream && done + i < m.n; i++) {
            m.p[done + i] ^= stream[i];
        }
    }
    wipe(stream, sizeof stream);
    return err;
}

MUST_USE static enum err eia2(const struct crypto *c, const struct key_knasint *key,
                              struct nas_position at, struct bytes m, size_t bits,
                              uint8_t mac[static 4])
{
    uint8_t head[8] = {0};
    uint8_t whole[16];
    store32(head, at.count);
    head[4] = bearer_direction(at);
    const struct bytes parts[2] = {BYTES_OF(head), {m.p, octets_of(bits)}};
    enum err err = cmac_aes128(c, key->b, parts, 2, (unsigned)(8 - bits % 8) % 8, whole);
    if (err == E_OK) {
        memcpy(mac, whole, 4);
    }
    wipe(whole, sizeof whole);
    return err;
}

/* ---- One of them ---- */

static void xor_word(struct mbytes m, size_t from, uint32_t word)
{
    for (size_t i = 0; i < 4 && from + i < m.n; i++) {
        m.p[from + i] ^= (uint8_t)(word >> (24 - 8 * i));
    }
}

static void eea1(const struct key_knasenc *key, struct nas_position at, struct mbytes m)
{
    struct snow3g g;
    eea1_start(&g, key, at);
    for (size_t from = 0; from < m.n; from += 4) {
        xor_word(m, from, snow3g_word(&g));
    }
    wipe(&g, sizeof g);
}

static void eea3(const struct key_knasenc *key, struct nas_position at, struct mbytes m)
{
    struct zuc z;
    eea3_start(&z, key, at);
    for (size_t from = 0; from < m.n; from += 4) {
        xor_word(m, from, zuc_word(&z));
    }
    wipe(&z, sizeof z);
}

enum err nas_cipher(const struct crypto *c, enum nas_eea algorithm, const struct key_knasenc *key,
                    struct nas_position at, struct mbytes octets, size_t bits)
{
    enum err err = check(at, octets.n, bits);
    if (err != E_OK) {
        return err;
    }
    const struct mbytes m = {octets.p, octets_of(bits)};
    switch (algorithm) {
    case NAS_EEA0:
        break;
    case NAS_EEA1:
        eea1(key, at, m);
        break;
    case NAS_EEA2:
        err = eea2(c, key, at, m);
        break;
    case NAS_EEA3:
        eea3(key, at, m);
        break;
    default:
        return E_BAD_VALUE;
    }
    if (bits % 8 > 0) {
        m.p[m.n - 1] &= (uint8_t)(0xffu << (8 - bits % 8));
    }
    return err;
}

enum err nas_mac(const struct crypto *c, enum nas_eia algorithm, const struct key_knasint *key,
                 struct nas_position at, struct bytes octets, size_t bits, uint8_t mac[static 4])
{
    enum err err = check(at, octets.n, bits);
    if (err != E_OK) {
        return err;
    }
    switch (algorithm) {
    case NAS_EIA1:
        eia1(key, at, octets, bits, mac);
        return E_OK;
    case NAS_EIA2:
        return eia2(c, key, at, octets, bits, mac);
    case NAS_EIA3:
        eia3(key, at, octets, bits, mac);
        return E_OK;
    default:
        return E_BAD_VALUE;
    }
}
