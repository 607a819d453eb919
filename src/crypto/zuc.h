/* crypto/zuc.h - the keystream of ZUC-128 (ETSI/SAGE, Document 2, version 1.6), which EEA3 and EIA3
 * use.
 *
 * Pure: the state is the caller's, who wipes it. Two S-boxes of 256 octets are looked up at places
 * that depend on the key; crypto/nas_algorithms.h says why that is accepted.
 */
#ifndef BINDERY_CRYPTO_ZUC_H
#define BINDERY_CRYPTO_ZUC_H

#include <stdint.h>

struct zuc {
    uint32_t s[16]; /* the LFSR over integers modulo 2^31 - 1, a ring that begins at `at` */
    uint32_t r1;
    uint32_t r2;
    unsigned at;
};

/* Runs the 32 clocks of initialisation (3.6.1) and the one whose word is dropped. */
void zuc_start(struct zuc *z, const uint8_t key[static 16], const uint8_t iv[static 16]);
/* The next 32 bits of keystream. */
uint32_t zuc_word(struct zuc *z);

#endif
