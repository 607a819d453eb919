/* proc/ecies_box.h - a small content encrypted to the holder of a key, behind the key agreement:
 * ECIES of TS 33.501 C.3.2 with the algorithms of profile B, and the KDF that it stands on.
 *
 * X9.63 KDF with SHA-256 over the secret and SharedInfo1 = what was sent for it, AES-128 in CTR
 * mode, HMAC-SHA-256 over ciphertext and SharedInfo2, its tag whole. How the secret was agreed is
 * not known here, nor whose the key is; and the same secret never serves twice.
 */
#ifndef BINDERY_PROC_ECIES_BOX_H
#define BINDERY_PROC_ECIES_BOX_H

#include "crypto/crypto.h"

#define ECIES_SECRET_LEN 32u
#define ECIES_TAG_LEN    32u

/* ANSI X9.63 KDF with SHA-256 (SEC 1 3.6.1): as many octets as `out` has. After an error they are
 * zeros. Errors: E_CRYPTO, E_NO_ROOM (more than 255 digests are asked for). */
MUST_USE enum err x963_kdf(const struct crypto *c, struct bytes secret, struct bytes info,
                           struct mbytes out);

/* `info` NULL p: no SharedInfo2. out holds plain.n octets, tag ECIES_TAG_LEN. Errors: E_CRYPTO. */
MUST_USE enum err ecies_seal(const struct crypto *c, const uint8_t secret[static ECIES_SECRET_LEN],
                             struct bytes sent, struct bytes info, struct bytes plain, uint8_t *out,
                             uint8_t tag[static ECIES_TAG_LEN]);
/* Errors: E_BAD_MAC (*out is not written), E_CRYPTO. */
MUST_USE enum err ecies_open(const struct crypto *c, const uint8_t secret[static ECIES_SECRET_LEN],
                             struct bytes sent, struct bytes info, struct bytes cipher,
                             const uint8_t tag[static ECIES_TAG_LEN], uint8_t *out);

#endif
