/* crypto/tuak.h - the TUAK algorithm set (TS 35.231) over a Keccak-f[1600] of our own.
 *
 * The lengths that TS 35.231 leaves to the operator are the lengths of the spans: MAC 8, 16 or 32
 * octets, RES 4, 8, 16 or 32, CK and IK 16 or 32, K 16 or 32. crypto/aka_functions.h uses the ones
 * that fit an AUTN. Needs no crypto table. Outputs are written only on E_OK; a length that is not
 * one of these is E_BAD_LENGTH, and there is no other error.
 */
#ifndef BINDERY_CRYPTO_TUAK_H
#define BINDERY_CRYPTO_TUAK_H

#include "base/span.h"
#include "crypto/keys.h"

/* The permutation alone (FIPS 202 3.3), on lanes x + 5y. */
void keccak_f1600(uint64_t a[static 25]);

struct tuak {
    struct bytes k;      /* 16 or 32 octets */
    struct bytes topc;   /* 32 octets; TOP for tuak_topc */
    unsigned iterations; /* of Keccak-f: 1 or more; 0 means 1 */
};

/* TOPc from TOP and K (6.1). */
MUST_USE enum err tuak_topc(const struct tuak *t, uint8_t topc[static 32]);
MUST_USE enum err tuak_f1(const struct tuak *t, const struct rand128 *rand, uint64_t sqn,
                          uint16_t amf, struct mbytes mac_a);
MUST_USE enum err tuak_f1star(const struct tuak *t, const struct rand128 *rand, uint64_t sqn,
                              uint16_t amf, struct mbytes mac_s);
/* f2, f3, f4 and f5 in one permutation (6.4). */
MUST_USE enum err tuak_f2345(const struct tuak *t, const struct rand128 *rand, struct mbytes res,
                             struct mbytes ck, struct mbytes ik, struct key_ak *ak);
MUST_USE enum err tuak_f5star(const struct tuak *t, const struct rand128 *rand, struct key_ak *ak);

#endif
