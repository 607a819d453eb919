/* crypto/snow3g.h - the keystream of SNOW 3G (ETSI/SAGE, Document 2), which EEA1 and EIA1 use.
 *
 * Pure: the state is the caller's, who wipes it. Two S-boxes of 256 octets are looked up at places
 * that depend on the key; crypto/nas_algorithms.h says why that is accepted.
 */
#ifndef BINDERY_CRYPTO_SNOW3G_H
#define BINDERY_CRYPTO_SNOW3G_H

#include <stdint.h>

struct snow3g {
    uint32_t s[16]; /* the LFSR, a ring that begins at `at` */
    uint32_t r1;
    uint32_t r2;
    uint32_t r3;
    unsigned at;
};

/* Key k0 to k3 and initial value IV0 to IV3, as 4.1 numbers them; runs its 32 clocks and the one
 * whose word is dropped. */
void snow3g_start(struct snow3g *g, const uint32_t k[static 4], const uint32_t iv[static 4]);
/* The next 32 bits of keystream. */
uint32_t snow3g_word(struct snow3g *g);

#endif
