/* net/onboard_key.h - a secret for whoever holds the private key of a certificate: by ECDH with a
 * key on P-256, or encrypted to an RSA key (TR 33.899 5.12.4.Z step 3).
 *
 * OpenSSL behind it. Only public keys are known here, but for the ephemeral one, which is used
 * once. What the secret is for, and whether the certificate is good, is not asked (net/verify.h).
 */
#ifndef BINDERY_NET_ONBOARD_KEY_H
#define BINDERY_NET_ONBOARD_KEY_H

#include "base/span.h"
#include "net/verify_key.h"

#define ONBOARD_SECRET_LEN 32u
#define ONBOARD_SENT_EC    33u  /* a compressed point */
#define ONBOARD_SENT_MAX   512u /* RSA of 4096 bits */
#define ONBOARD_LABEL_MAX  64u

/* What is needed again and again; one per thread. Errors: E_MEMORY, E_CRYPTO (the library lacks an
 * algorithm). */
struct onboard_tools;
MUST_USE enum err onboard_tools_open(struct onboard_tools **out);
void onboard_tools_close(struct onboard_tools *t);

/* For the key of a certificate in DER, a fresh one each time. P-256: *kind VERIFY_KEY_P256, *sent
 * is the ephemeral key's compressed point (SEC 1 2.3.3), the secret is the x coordinate of the
 * common point (SEC 1 3.3.1). RSA of 2048 to 4096 bits: VERIFY_KEY_RSA, the secret is random, and
 * *sent is RSAES-OAEP of it with SHA-256, MGF1 with SHA-256 and `label` (RFC 8017 7.1.1). Errors:
 * E_UNSUPPORTED (the key is neither), E_BAD_VALUE (no certificate in DER, or no key in the one
 * encoding), E_NO_ROOM (the label is longer than ONBOARD_LABEL_MAX), E_CRYPTO. */
MUST_USE enum err onboard_agree(struct onboard_tools *t, struct bytes certificate,
                                struct bytes label, enum verify_key_kind *kind,
                                uint8_t sent[static ONBOARD_SENT_MAX], size_t *sent_n,
                                uint8_t secret[static ONBOARD_SECRET_LEN]);

#endif
