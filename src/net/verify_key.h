/* net/verify_key.h - public keys of devices: which kinds are taken, and the octets that stand for a
 * key wherever it is compared or signed, its SubjectPublicKeyInfo in DER (RFC 5280 4.1.2.7).
 *
 * There is one encoding of a key here: named curve, uncompressed point, and nothing after it.
 */
#ifndef BINDERY_NET_VERIFY_KEY_H
#define BINDERY_NET_VERIFY_KEY_H

#include "base/span.h"

#define VERIFY_SPKI_MAX 600u /* RSA of 4096 bits */

enum verify_key_kind { VERIFY_KEY_P256, VERIFY_KEY_P384, VERIFY_KEY_ED25519, VERIFY_KEY_RSA };
const char *verify_key_name(enum verify_key_kind kind); /* "p256", "p384", "ed25519", "rsa" */

/* Errors: E_BAD_VALUE (no key in the one encoding, or no point of its curve), E_UNSUPPORTED
 * (another kind, RSA below 2048 or above 4096 bits, a public exponent below 65537), E_MEMORY. */
MUST_USE enum err verify_key(struct bytes spki, enum verify_key_kind *kind);
/* The key of a certificate in DER; spki_n has its length. No more of the certificate is looked at
 * than where its key stands: it is verify.h that judges it. Errors: as verify_key; E_NO_ROOM. */
MUST_USE enum err verify_key_of_certificate(struct bytes der, uint8_t spki[static VERIFY_SPKI_MAX],
                                            size_t *spki_n, enum verify_key_kind *kind);
/* The kind of a key that its CA vouches for, as its certificate was found good: told by its
 * encoding, without looking for faults in it once more, which takes milliseconds with RSA. Only
 * P-256 and P-384, whose point is looked at, and RSA of 2048 to 4096 bits. *spki points into it.
 * Errors: as verify_key. */
MUST_USE enum err verify_key_vouched(struct bytes der, struct bytes *spki,
                                     enum verify_key_kind *kind);
/* Errors: E_CRYPTO. */
MUST_USE enum err verify_digest(struct bytes in, uint8_t out[static 32]);

#endif
