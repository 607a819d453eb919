/* crypto/kdf.h - key derivation of TS 33.401 Annex A over TS 33.220 B.2, and of this project's own
 * procedures.
 *
 * Takes and returns typed keys, so that a KASME cannot be made from anything but CK and IK.
 */
#ifndef BINDERY_CRYPTO_KDF_H
#define BINDERY_CRYPTO_KDF_H

#include "crypto/crypto.h"
#include "crypto/keys.h"

/* KASME (TS 33.401 A.2) for the serving network's three octets. Errors: E_CRYPTO. */
MUST_USE enum err kdf_kasme(const struct crypto *c, const struct key_ck *ck,
                            const struct key_ik *ik, const uint8_t sn_id[static 3],
                            const uint8_t sqn_xor_ak[static 6], struct key_kasme *out);

/* KNASenc and KNASint (A.7) for the algorithm that they are used with: the last 16 octets of 32.
 * Errors: E_CRYPTO. */
MUST_USE enum err kdf_knasenc(const struct crypto *c, const struct key_kasme *kasme, uint8_t eea,
                              struct key_knasenc *out);
MUST_USE enum err kdf_knasint(const struct crypto *c, const struct key_kasme *kasme, uint8_t eia,
                              struct key_knasint *out);
/* KeNB (A.3). Errors: E_CRYPTO. */
MUST_USE enum err kdf_kenb(const struct crypto *c, const struct key_kasme *kasme,
                           uint32_t ul_nas_count, struct key_kenb *out);
/* NH (A.4). SYNC-input is the KeNB at first, then the NH before. Errors: E_CRYPTO. */
MUST_USE enum err kdf_nh(const struct crypto *c, const struct key_kasme *kasme,
                         const uint8_t sync[static 32], struct key_nh *out);

/* Own procedures: HMAC-SHA-256 over the label and the items, each with its length before it in two
 * octets; each label serves one purpose. KDF_OWN_MAX octets at most, lengths included. Errors:
 * E_CRYPTO, E_NO_ROOM. */
#define KDF_OWN_MAX 128
MUST_USE enum err kdf_own(const struct crypto *c, struct bytes key, const char *label,
                          const struct bytes *items, size_t n_items, uint8_t out[static 32]);

#endif
