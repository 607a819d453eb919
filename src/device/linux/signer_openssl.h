/* device/linux/signer_openssl.h - private keys of emulated devices, which prove their IMEIs: made,
 * read, and signed with by OpenSSL. A key is its PKCS#8 in DER, in its owner's memory; OpenSSL has
 * it as long as a function below runs and no longer, so a hundred thousand devices cost what their
 * octets cost. No key is stored or printed here.
 */
#ifndef BINDERY_DEVICE_LINUX_SIGNER_OPENSSL_H
#define BINDERY_DEVICE_LINUX_SIGNER_OPENSSL_H

#include "base/span.h"
#include "proc/devid.h"

#define SIGNER_KEY_MAX    2560u /* octets of PKCS#8: RSA of 4096 bits */
#define SIGNER_PEM_MAX    3600u /* characters of its PEM, and NUL */
#define SIGNER_PUBLIC_MAX 600u  /* octets of SubjectPublicKeyInfo: RSA of 4096 bits */

/* The octets before the point of a SubjectPublicKeyInfo (RFC 5480, RFC 8410), and those of the
 * point.
 */
#define SIGNER_SPKI_HEAD_P256                                                                      \
    0x30, 0x59, 0x30, 0x13, 0x06, 0x07, 0x2a, 0x86, 0x48, 0xce, 0x3d, 0x02, 0x01, 0x06, 0x08,      \
        0x2a, 0x86, 0x48, 0xce, 0x3d, 0x03, 0x01, 0x07, 0x03, 0x42, 0x00
#define SIGNER_SPKI_HEAD_ED25519                                                                   \
    0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00
#define SIGNER_POINT_P256    65u
#define SIGNER_POINT_ED25519 32u

/* Which enum devid_algorithm signs with this key. Errors: E_BAD_VALUE (no PKCS#8 in DER, or octets
 * are left over), E_UNSUPPORTED (none does: another kind or curve, or RSA outside 2048 to 4096
 * bits). */
MUST_USE enum err signer_openssl_algorithm(struct bytes key, uint8_t *algorithm);
/* A new key for DEVID_ECDSA_P256, DEVID_ECDSA_P384 or DEVID_ED25519. Errors: E_UNSUPPORTED,
 * E_CRYPTO. */
MUST_USE enum err signer_openssl_make(uint8_t algorithm, uint8_t out[static SIGNER_KEY_MAX],
                                      size_t *n);
/* The same of DEVID_ECDSA_P256 or DEVID_ED25519, with what signer_openssl_public gives of it, in a
 * tenth of the time of both. Errors: E_UNSUPPORTED, E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err signer_openssl_make_pair(uint8_t algorithm, struct mbytes key, size_t *n,
                                           struct mbytes spki, size_t *spki_n);
/* As devid_signer wants it: *n is the room, then the octets written; ECDSA as r || s. Errors: those
 * of signer_openssl_algorithm; E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err signer_openssl_sign(struct bytes key, struct bytes content, uint8_t *signature,
                                      size_t *n);
/* Its public key: SubjectPublicKeyInfo in DER, named curve, uncompressed point. Errors: those of
 * signer_openssl_algorithm; E_CRYPTO. */
MUST_USE enum err signer_openssl_public(struct bytes key, uint8_t out[static SIGNER_PUBLIC_MAX],
                                        size_t *n);

/* "-----BEGIN PRIVATE KEY-----": the text, and back. One block, not encrypted, nothing after it.
 * What is in it is not looked at. Errors: E_BAD_VALUE, E_NO_ROOM, E_MEMORY. */
MUST_USE enum err signer_openssl_from_pem(struct bytes pem, uint8_t out[static SIGNER_KEY_MAX],
                                          size_t *n);
MUST_USE enum err signer_openssl_to_pem(struct bytes key, char out[static SIGNER_PEM_MAX]);
/* "-----BEGIN PUBLIC KEY-----" of a SubjectPublicKeyInfo. Errors: E_NO_ROOM, E_MEMORY. */
MUST_USE enum err signer_openssl_public_pem(struct bytes spki, char out[static SIGNER_PEM_MAX]);

#endif
