#include "crypto/tuak.h"

#include <string.h>

/* ---- Keccak-f[1600] (FIPS 202 3.2, 3.3) ---- */

#define LANES  25
#define ROUNDS 24

static const uint64_t round_constant[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008};

/* n: 1 to 63 */
static uint64_t rotate(uint64_t v, unsigned n)
{
    return v << n | v >> (64 - n);
}

static void theta(uint64_t *a)
{
    uint64_t parity[5];
    for (unsigned x = 0; x < 5; x++) {
        parity[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
    }
    for (unsigned i = 0; i < LANES; i++) {
        a[i] ^= parity[(i + 4) % 5] ^ rotate(parity[(i + 1) % 5], 1);
    }
    wipe(parity, sizeof parity);
}

/* pi moves lane (x, y) to (y, 2x + 3y), which leads from (1, 0) through all lanes but (0, 0); on
 * that way the offsets of rho are the triangular numbers (FIPS 202 3.2.2). */
static void rho_pi(uint64_t *a)
{
    uint64_t moved = a[1];
    unsigned x = 1, y = 0;
    for (unsigned t = 0; t < LANES - 1; t++) {
        const unsigned to = (2 * x + 3 * y) % 5;
        x = y;
        y = to;
        const uint64_t here = a[x + 5 * y];
        a[x + 5 * y] = rotate(moved, (t + 1) * (t + 2) / 2 % 64);
        moved = here;
    }
    wipe(&moved, sizeof moved);
}

static void chi(uint64_t *a)
{
    uint64_t row[5];
    for (unsigned y = 0; y < LANES; y += 5) {
        memcpy(row, a + y, sizeof row);
        for (unsigned x = 0; x < 5; x++) {
            a[y + x] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
    }
    wipe(row, sizeof row);
}

void keccak_f1600(uint64_t a[static 25])
{
    for (unsigned round = 0; round < ROUNDS; round++) {
        theta(a);
        rho_pi(a);
        chi(a);
        a[0] ^= round_constant[round];
    }
}

/* ---- INOUT (TS 35.231 6.1 to 6.6) ---- */

/* INOUT is 1600 bits, kept as Keccak's lanes; each field stands in it with its last octet first. */
enum {
    AT_TOPC = 0,
    AT_INSTANCE = 32,
    AT_ALGONAME = 33,
    AT_RAND = 40,
    AT_AMF = 56,
    AT_SQN = 58,
    AT_KEY = 64,
    AT_PAD_FIRST = 96, /* the pad of a sponge with 512 bits of capacity: 1111, 1, zeros, 1 */
    AT_PAD_LAST = 135,
};
/* Where f2345 leaves its results. */
enum { OUT_RES = 0, OUT_CK = 32, OUT_IK = 64, OUT_AK = 96 };

/* INSTANCE (6.2 to 6.6): which function, and how long everything is. */
enum {
    INSTANCE_TOPC = 0x00,
    INSTANCE_F1 = 0x00,
    INSTANCE_F1STAR = 0x80,
    INSTANCE_F2345 = 0x40,
    INSTANCE_F5STAR = 0xc0,
    INSTANCE_CK_256 = 0x04,
    INSTANCE_IK_256 = 0x02,
    INSTANCE_K_256 = 0x01,
};

/* Octet i is eight bits of lane i / 8; what is put has to find zeros. */
static void put_octet(uint64_t *inout, size_t i, uint8_t v)
{
    inout[i / 8] |= (uint64_t)v << 8 * (i % 8);
}

static void put_reversed(uint64_t *inout, size_t at, const uint8_t *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_octet(inout, at + i, field[n - 1 - i]);
    }
}

static void put_number(uint64_t *inout, size_t at, uint64_t v, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        put_octet(inout, at + i, (uint8_t)(v >> 8 * i));
    }
}

static void get_reversed(const uint64_t *inout, size_t at, uint8_t *field, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        field[n - 1 - i] = (uint8_t)(inout[(at + i) / 8] >> 8 * ((at + i) % 8));
    }
}

static bool keys_fit(const struct tuak *t)
{
    return t->topc.n == 32 && (t->k.n == 16 || t->k.n == 32);
}

/* TOPc, INSTANCE, ALGONAME, K and the pad; RAND, AMF and SQN are the function's own and zero. */
static void inout_start(const struct tuak *t, unsigned instance, uint64_t inout[static LANES])
{
    static const uint8_t algoname[] = {'T', 'U', 'A', 'K', '1', '.', '0'};
    memset(inout, 0, LANES * sizeof *inout);
    put_reversed(inout, AT_TOPC, t->topc.p, 32);
    put_octet(inout, AT_INSTANCE, (uint8_t)(instance | (t->k.n == 32 ? INSTANCE_K_256 : 0u)));
    put_reversed(inout, AT_ALGONAME, algoname, sizeof algoname);
    put_reversed(inout, AT_KEY, t->k.p, t->k.n);
    put_octet(inout, AT_PAD_FIRST, 0x1f);
    put_octet(inout, AT_PAD_LAST, 0x80);
}

static void permute(unsigned iterations, uint64_t inout[static LANES])
{
    for (unsigned i = 0; i < (iterations ? iterations : 1); i++) {
        keccak_f1600(inout);
    }
}

enum err tuak_topc(const struct tuak *t, uint8_t topc[static 32])
{
    if (!keys_fit(t)) {
        return E_BAD_LENGTH;
    }
    uint64_t inout[LANES];
    inout_start(t, INSTANCE_TOPC, inout);
    permute(t->iterations, inout);
    get_reversed(inout, 0, topc, 32);
    wipe(inout, sizeof inout);
    return E_OK;
}

MUST_USE static enum err mac(const struct tuak *t, unsigned instance, const struct rand128 *rand,
                             uint64_t sqn, uint16_t amf, struct mbytes out)
{
    if (!keys_fit(t) || (out.n != 8 && out.n != 16 && out.n != 32)) {
        return E_BAD_LENGTH;
    }
    uint64_t inout[LANES];
    inout_start(t, instance | (unsigned)out.n, inout); /* 6.2: the length in octets is the code */
    put_reversed(inout, AT_RAND, rand->b, sizeof rand->b);
    put_number(inout, AT_AMF, amf, 2);
    put_number(inout, AT_SQN, sqn, 6);
    permute(t->iterations, inout);
    get_reversed(inout, 0, out.p, out.n);
    wipe(inout, sizeof inout);
    return E_OK;
}

enum err tuak_f1(const struct tuak *t, const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                 struct mbytes mac_a)
{
    return mac(t, INSTANCE_F1, rand, sqn, amf, mac_a);
}

enum err tuak_f1star(const struct tuak *t, const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                     struct mbytes mac_s)
{
    return mac(t, INSTANCE_F1STAR, rand, sqn, amf, mac_s);
}

static bool res_fits(size_t n)
{
    return n == 4 || n == 8 || n == 16 || n == 32;
}

static bool session_key_fits(size_t n)
{
    return n == 16 || n == 32;
}

enum err tuak_f2345(const struct tuak *t, const struct rand128 *rand, struct mbytes res,
                    struct mbytes ck, struct mbytes ik, struct key_ak *ak)
{
    if (!keys_fit(t) || !res_fits(res.n) || !session_key_fits(ck.n) || !session_key_fits(ik.n)) {
        return E_BAD_LENGTH;
    }
    /* 6.4: the RES length in octets is the code, except that 4 octets are 0. */
    unsigned instance = INSTANCE_F2345 | (res.n == 4 ? 0u : (unsigned)res.n) |
                        (ck.n == 32 ? INSTANCE_CK_256 : 0u) | (ik.n == 32 ? INSTANCE_IK_256 : 0u);
    uint64_t inout[LANES];
    inout_start(t, instance, inout);
    put_reversed(inout, AT_RAND, rand->b, sizeof rand->b);
    permute(t->iterations, inout);
    get_reversed(inout, OUT_RES, res.p, res.n);
    get_reversed(inout, OUT_CK, ck.p, ck.n);
    get_reversed(inout, OUT_IK, ik.p, ik.n);
    get_reversed(inout, OUT_AK, ak->b, sizeof ak->b);
    wipe(inout, sizeof inout);
    return E_OK;
}

enum err tuak_f5star(const struct tuak *t, const struct rand128 *rand, struct key_ak *ak)
{
    if (!keys_fit(t)) {
        return E_BAD_LENGTH;
    }
    uint64_t inout[LANES];
    inout_start(t, INSTANCE_F5STAR, inout);
    put_reversed(inout, AT_RAND, rand->b, sizeof rand->b);
    permute(t->iterations, inout);
    get_reversed(inout, OUT_AK, ak->b, sizeof ak->b);
    wipe(inout, sizeof inout);
    return E_OK;
}
