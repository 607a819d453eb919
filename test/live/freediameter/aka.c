#include "aka.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <stdlib.h>
#include <string.h>

struct outputs {
    uint8_t mac_a[8], mac_s[8], res[8], ck[16], ik[16], ak[6], ak_star[6];
};

static void aes(const uint8_t key[16], const uint8_t in[16], uint8_t out[16], int encrypt)
{
    int n = 0;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    if (c == NULL || EVP_CipherInit_ex(c, EVP_aes_128_ecb(), NULL, key, NULL, encrypt) != 1 ||
        EVP_CIPHER_CTX_set_padding(c, 0) != 1 || EVP_CipherUpdate(c, out, &n, in, 16) != 1) {
        abort();
    }
    EVP_CIPHER_CTX_free(c);
}

static void mix(uint8_t *to, const uint8_t *with, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        to[i] ^= with[i];
    }
}

static void put48(uint8_t out[6], uint64_t v)
{
    for (int i = 0; i < 6; i++) {
        out[i] = (uint8_t)(v >> (40 - 8 * i));
    }
}

static uint64_t get48(const uint8_t in[6])
{
    uint64_t v = 0;
    for (int i = 0; i < 6; i++) {
        v = v << 8 | in[i];
    }
    return v;
}

/* OUT2 to OUT5: E[rot(TEMP ^ OPc, octets) ^ c] ^ OPc. */
static void out_n(const struct sim *s, const uint8_t temp[16], unsigned octets, uint8_t c,
                  uint8_t out[16])
{
    uint8_t in[16];
    for (unsigned i = 0; i < 16; i++) {
        in[i] = temp[(i + octets) % 16] ^ s->opc[(i + octets) % 16];
    }
    in[15] ^= c;
    aes(s->k, in, out, 1);
    mix(out, s->opc, 16);
}

static void milenage(const struct sim *s, const uint8_t rand[16], uint64_t sqn, uint16_t amf,
                     struct outputs *o)
{
    uint8_t temp[16], in1[16], in[16], out[16];
    memcpy(in, rand, 16);
    mix(in, s->opc, 16);
    aes(s->k, in, temp, 1);

    put48(in1, sqn);
    in1[6] = (uint8_t)(amf >> 8);
    in1[7] = (uint8_t)amf;
    memcpy(in1 + 8, in1, 8);
    for (unsigned i = 0; i < 16; i++) { /* r1 is 64 bits, c1 is zero */
        in[i] = temp[i] ^ in1[(i + 8) % 16] ^ s->opc[(i + 8) % 16];
    }
    aes(s->k, in, out, 1);
    mix(out, s->opc, 16);
    memcpy(o->mac_a, out, 8);
    memcpy(o->mac_s, out + 8, 8);

    out_n(s, temp, 0, 1, out);
    memcpy(o->ak, out, 6);
    memcpy(o->res, out + 8, 8);
    out_n(s, temp, 4, 2, o->ck);
    out_n(s, temp, 8, 4, o->ik);
    out_n(s, temp, 12, 8, out);
    memcpy(o->ak_star, out, 6);
}

/* TS 33.401 A.2. */
static void kasme_of(const struct outputs *o, const uint8_t plmn[3], const uint8_t sqn_xor_ak[6],
                     uint8_t out[32])
{
    uint8_t key[32], s[14] = {0x10};
    memcpy(key, o->ck, 16);
    memcpy(key + 16, o->ik, 16);
    memcpy(s + 1, plmn, 3);
    s[5] = 3;
    memcpy(s + 6, sqn_xor_ak, 6);
    s[13] = 6;
    if (HMAC(EVP_sha256(), key, sizeof key, s, sizeof s, out, NULL) == NULL) {
        abort();
    }
}

/* TR 33.868 5.4.4.2.3.2 step 3: the device undoes what the HSS did to RAND. */
static void plain_rand(const struct sim *s, const uint8_t rand[16], uint8_t out[16])
{
    if (s->bound) {
        aes(s->kme, rand, out, 0);
    } else {
        memcpy(out, rand, 16);
    }
}

bool aka_vector_holds(const struct sim *sim, const uint8_t plmn[3], const struct vector *v,
                      uint64_t *sqn, const char **why)
{
    struct outputs o;
    uint8_t rand[16], concealed[6], kasme[32];
    uint16_t amf = (uint16_t)(v->autn[6] << 8 | v->autn[7]);
    plain_rand(sim, v->rand, rand);
    milenage(sim, rand, 0, 0, &o);
    memcpy(concealed, v->autn, 6);
    mix(concealed, o.ak, 6);
    *sqn = get48(concealed);
    milenage(sim, rand, *sqn, amf, &o);
    kasme_of(&o, plmn, v->autn, kasme);
    *why = amf != (sim->bound ? 0x8001 : 0x8000)  ? "AMF"
           : memcmp(o.mac_a, v->autn + 8, 8) != 0 ? "MAC-A"
           : memcmp(o.res, v->xres, 8) != 0       ? "XRES"
           : memcmp(kasme, v->kasme, 32) != 0     ? "KASME"
                                                  : NULL;
    return *why == NULL;
}

void aka_resync(const struct sim *sim, const uint8_t rand[16], uint64_t sqn_ms, uint8_t out[30])
{
    struct outputs o;
    uint8_t plain[16];
    plain_rand(sim, rand, plain);
    milenage(sim, plain, sqn_ms, 0, &o); /* AMF of zero: TS 33.102 6.3.3 */
    memcpy(out, rand, 16);
    put48(out + 16, sqn_ms);
    mix(out + 16, o.ak_star, 6);
    memcpy(out + 22, o.mac_s, 8);
}

bool aka_self_test(void)
{
    static const struct sim set1 = {.k = {0x46, 0x5B, 0x5C, 0xE8, 0xB1, 0x99, 0xB4, 0x9F, 0xAA,
                                          0x5F, 0x0A, 0x2E, 0xE2, 0x38, 0xA6, 0xBC},
                                    .opc = {0xCD, 0x63, 0xCB, 0x71, 0x95, 0x4A, 0x9F, 0x4E, 0x48,
                                            0xA5, 0x99, 0x4E, 0x37, 0xA0, 0x2B, 0xAF}};
    static const uint8_t rand[16] = {0x23, 0x55, 0x3C, 0xBE, 0x96, 0x37, 0xA8, 0x9D,
                                     0x21, 0x8A, 0xE6, 0x4D, 0xAE, 0x47, 0xBF, 0x35};
    static const struct outputs expected = {
        .mac_a = {0x4A, 0x9F, 0xFA, 0xC3, 0x54, 0xDF, 0xAF, 0xB3},
        .mac_s = {0x01, 0xCF, 0xAF, 0x9E, 0xC4, 0xE8, 0x71, 0xE9},
        .res = {0xA5, 0x42, 0x11, 0xD5, 0xE3, 0xBA, 0x50, 0xBF},
        .ck = {0xB4, 0x0B, 0xA9, 0xA3, 0xC5, 0x8B, 0x2A, 0x05, 0xBB, 0xF0, 0xD9, 0x87, 0xB2, 0x1B,
               0xF8, 0xCB},
        .ik = {0xF7, 0x69, 0xBC, 0xD7, 0x51, 0x04, 0x46, 0x04, 0x12, 0x76, 0x72, 0x71, 0x1C, 0x6D,
               0x34, 0x41},
        .ak = {0xAA, 0x68, 0x9C, 0x64, 0x83, 0x70},
        .ak_star = {0x45, 0x1E, 0x8B, 0xEC, 0xA4, 0x3B}};
    struct outputs o;
    milenage(&set1, rand, 0xFF9BB4D0B607, 0xB9B9, &o);
    return memcmp(&o, &expected, sizeof o) == 0;
}
