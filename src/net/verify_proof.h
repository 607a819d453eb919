/* net/verify_proof.h - signatures that devices make with their own keys: which key verifies which,
 * and in what form signature and key come.
 *
 * The kind of a key is the way it signs, there is no choice: P-256 with SHA-256 and P-384 with
 * SHA-384 as r || s, each as long as the curve; Ed25519 (RFC 8032); RSA of 2048 to 4096 bits as
 * RSASSA-PSS with SHA-256, MGF1 with SHA-256 and a salt of 32 octets (RFC 8017 8.1). A signature
 * has the one length that its key gives it. Nothing is signed here, no key is stored, and whether
 * a certificate is good is not asked (net/verify.h).
 *
 * OpenSSL 3.0 takes longer to read a key by its general decoder than to verify with it. Here the
 * one encoding of a key is compared or walked octet by octet, and OpenSSL gets the numbers.
 */
#ifndef BINDERY_NET_VERIFY_PROOF_H
#define BINDERY_NET_VERIFY_PROOF_H

#include "net/verify_key.h"

#define PROOF_SIGNATURE_MAX 512u /* octets: RSA of 4096 bits */
#define PROOF_RSA_KEPT_MAX  (1u << 16)

/* What verification needs again and again; one per thread. RSA keys are remembered as they were
 * taken, `rsa_kept` of them at most and one at least (2.5 KB each): making one ready takes as long
 * as verifying. Errors: E_BAD_VALUE (more than PROOF_RSA_KEPT_MAX), E_MEMORY, E_CRYPTO (the library
 * lacks an algorithm). */
struct proof_tools;
MUST_USE enum err proof_tools_open(size_t rsa_kept, struct proof_tools **out);
void proof_tools_close(struct proof_tools *t);

/* SHA-256 over the parts, one after the other. Errors: E_CRYPTO. */
MUST_USE enum err proof_digest(struct proof_tools *t, const struct bytes *parts, size_t n,
                               uint8_t out[static 32]);

/* The SubjectPublicKeyInfo in a certificate in DER; *spki points into it. Nothing else of the
 * certificate is judged. Where a key stands is found out here only, for repositories too: what one
 * of them takes, an MME finds. Errors: E_BAD_VALUE (no certificate in DER, or octets are left
 * over). */
MUST_USE enum err proof_certificate_spki(struct bytes certificate, struct bytes *spki);

/* Did the holder of this key, a SubjectPublicKeyInfo in its one encoding, sign the content? Errors:
 * E_UNSUPPORTED (the key is of another kind than `kind`, or RSA outside 2048 to 4096 bits or with a
 * public exponent below 65537), E_BAD_VALUE (no key in the one encoding, or no point of its
 * curve), E_BAD_MAC (he did not, or the signature has another length or form), E_CRYPTO (it could
 * not be found out). A y of Ed25519 without a point is E_BAD_MAC. */
MUST_USE enum err proof_verify(struct proof_tools *t, enum verify_key_kind kind, struct bytes spki,
                               struct bytes content, struct bytes signature);

#endif
