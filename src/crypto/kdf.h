/* crypto/kdf.h - key derivation of TS 33.401 Annex A over TS 33.220 B.2.
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

/* NAS and AS keys (A.7): type distinguisher and algorithm identity; the last 16 octets of 32. */
enum kdf_nas_type { KDF_NAS_ENC = 1, KDF_NAS_INT = 2 };
struct key_nas {
    uint8_t b[16];
};
MUST_USE enum err kdf_nas_key(const struct crypto *c, const struct key_kasme *kasme,
                              enum kdf_nas_type type, uint8_t algorithm, struct key_nas *out);
/* KeNB (A.3). */
struct key_kenb {
    uint8_t b[32];
};
MUST_USE enum err kdf_kenb(const struct crypto *c, const struct key_kasme *kasme,
                           uint32_t ul_nas_count, struct key_kenb *out);

#endif
