/* crypto/nas_algorithms.h - the ciphers EEA0 to EEA3 and the MACs EIA1 to EIA3 of TS 33.401 Annex
 * B, one function each, whichever algorithm computes them.
 *
 * 1 is SNOW 3G, 2 is AES, 3 is ZUC. EIA0 is no choice here. A message is read in place, once, and
 * may be of any length; lengths are in bits, because the published values are. The table of
 * crypto/crypto.h is needed by EEA2 and EIA2 only. Nothing here knows what a NAS message is.
 *
 * SNOW 3G and ZUC look octets up in S-boxes of 256 octets at places that depend on the key, so they
 * are not constant in time where a cache is shared with somebody hostile. That is accepted: the two
 * run in a modem, which has no such neighbour, and in an MME, on keys that live as long as one
 * attach; EEA2 and EIA2 have no such tables of ours, and a preference list can name them alone.
 */
#ifndef BINDERY_CRYPTO_NAS_ALGORITHMS_H
#define BINDERY_CRYPTO_NAS_ALGORITHMS_H

#include "crypto/crypto.h"
#include "crypto/keys.h"

/* The identities of TS 33.401 5.1.3.2 and 5.1.4.2, as NAS carries them. */
enum nas_eea { NAS_EEA0 = 0, NAS_EEA1 = 1, NAS_EEA2 = 2, NAS_EEA3 = 3 };
enum nas_eia { NAS_EIA1 = 1, NAS_EIA2 = 2, NAS_EIA3 = 3 };

/* What makes one message's keystream or MAC differ from another's. */
struct nas_position {
    uint32_t count;
    uint8_t bearer;    /* 5 bits; 0 for NAS in EPS */
    uint8_t direction; /* 0 uplink, 1 downlink */
};

/* Enciphers, or deciphers, the first `bits` bits of `octets` in place; what is left of the last
 * octet that they reach becomes zero, octets behind it stay. Errors: E_BAD_VALUE (no such algorithm
 * or position), E_BAD_LENGTH (fewer octets than `bits` need), E_CRYPTO, after which octets may be
 * ciphered in part. */
MUST_USE enum err nas_cipher(const struct crypto *c, enum nas_eea algorithm,
                             const struct key_knasenc *key, struct nas_position at,
                             struct mbytes octets, size_t bits);

/* The MAC over the first `bits` bits of `octets`. Errors: as nas_cipher; mac is then not written.
 */
MUST_USE enum err nas_mac(const struct crypto *c, enum nas_eia algorithm,
                          const struct key_knasint *key, struct nas_position at,
                          struct bytes octets, size_t bits, uint8_t mac[static 4]);

#endif
