/* net/eck.h - keys for agreement on P-256: one from a file with its certificates (SK.ARPF.ECKA, the
 * key that eK is encrypted to, the soft secure element), and ephemeral ones (ECKA-EG of BSI
 * TR-03111 4.3.2.2, TR 33.899 5.5.4.x).
 *
 * OpenSSL behind it. The private key stays inside, and an ephemeral one is gone with the call that
 * made it. Every point that comes in is looked at first: one of the curve, and not infinity; P-256
 * has cofactor 1. Whether a certificate is good is not asked (net/verify.h). What an agreement is
 * for is not known; its result is secret, and the caller wipes it.
 */
#ifndef BINDERY_NET_ECK_H
#define BINDERY_NET_ECK_H

#include "net/verify.h"

#define ECK_POINT_LEN      65u /* uncompressed (SEC 1 2.3.3) */
#define ECK_COMPRESSED_LEN 33u
#define ECK_SECRET_LEN     32u /* the x coordinate of the common point (SEC 1 3.3.1) */

struct eck;
/* `key`: a P-256 key in PEM that only its owner may read; `certificate`: PEM, the key's own first,
 * then what leads to a root. Errors: E_IO, E_DENIED (others may read the key), E_BAD_VALUE (no such
 * key, no certificate, more of them than VERIFY_CHAIN_MAX, or the first is another key's), all with
 * *why; E_MEMORY. */
MUST_USE enum err eck_open(const char *key, const char *certificate, struct eck **out,
                           struct verify_why *why);
void eck_close(struct eck *k);
/* All of it lives as long as k, which several threads may use at once. */
const uint8_t *eck_point(const struct eck *k);                 /* ECK_POINT_LEN octets */
const uint8_t *eck_digest(const struct eck *k);                /* SHA-256 of its certificate */
const struct bytes *eck_chain(const struct eck *k, size_t *n); /* DER, its own first */

/* The secret with whoever has the private half of `point`, which is of ECK_POINT_LEN octets or of
 * ECK_COMPRESSED_LEN. Errors: E_BAD_VALUE (no point of the curve, infinity, or another form),
 * E_CRYPTO; *secret is then zeros. */
MUST_USE enum err eck_agree(const struct eck *k, struct bytes point,
                            uint8_t secret[static ECK_SECRET_LEN]);
/* The same with a fresh key, of which the public half comes out and nothing else is left. Errors:
 * as eck_agree. */
MUST_USE enum err eck_fresh(struct bytes point, uint8_t own[static ECK_POINT_LEN],
                            uint8_t secret[static ECK_SECRET_LEN]);
/* 02 or 03, as y is even or odd, and x. */
void eck_compress(const uint8_t point[static ECK_POINT_LEN],
                  uint8_t out[static ECK_COMPRESSED_LEN]);
/* The point of a certificate in DER. Errors: E_BAD_VALUE (no certificate, no key in the one
 * encoding, no point of its curve), E_UNSUPPORTED (no key on P-256), E_CRYPTO. */
MUST_USE enum err eck_point_of_certificate(struct bytes der, uint8_t point[static ECK_POINT_LEN]);

#endif
