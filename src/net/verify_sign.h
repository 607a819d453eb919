/* net/verify_sign.h - signatures over records: ECDSA P-256 with SHA-256 as r || s, 64 octets, by a
 * key from a file, and their verification.
 *
 * The private key stays inside; a key for signatures is no key of TLS and no certificate stands for
 * it: whoever relies on it is given its SubjectPublicKeyInfo.
 */
#ifndef BINDERY_NET_VERIFY_SIGN_H
#define BINDERY_NET_VERIFY_SIGN_H

#include "net/verify.h"

#define SIGNATURE_LEN   64u
#define SIGNER_SPKI_LEN 91u

struct signer;
/* A P-256 key in PEM that only its owner may read. Errors: E_IO, E_DENIED, E_BAD_VALUE, with *why;
 * E_MEMORY. */
MUST_USE enum err signer_open(const char *path, struct signer **out, struct verify_why *why);
void signer_close(struct signer *s);
/* The public key in DER, and the SHA-256 of it that names the key. */
struct bytes signer_spki(const struct signer *s);
struct bytes signer_id(const struct signer *s);
/* Errors: E_CRYPTO. */
MUST_USE enum err signer_sign(const struct signer *s, struct bytes content,
                              uint8_t out[static SIGNATURE_LEN]);
/* The public key of somebody who signs: the file has it as SubjectPublicKeyInfo in PEM and nothing
 * else in PEM; id is its SHA-256. Errors: E_IO, E_BAD_VALUE (no P-256 key, or more than one), with
 * *why; E_CRYPTO. */
MUST_USE enum err signer_read_public(const char *path, uint8_t spki[static SIGNER_SPKI_LEN],
                                     uint8_t id[static 32], struct verify_why *why);
/* Errors: E_BAD_VALUE (no P-256 key), E_BAD_MAC (it does not verify). */
MUST_USE enum err signature_verify(struct bytes spki, struct bytes content,
                                   const uint8_t signature[static SIGNATURE_LEN]);

#endif
