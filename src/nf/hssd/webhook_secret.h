/* nf/hssd/webhook_secret.h - the secret that a receiver of events shares with the HSS, and what is
 * signed with it, by the rules of Standard Webhooks (standardwebhooks.com).
 *
 * The file has one line, `whsec_` and 32 to 64 octets in base64: what the libraries of receivers
 * take as it stands. Nobody but its owner may read it. The octets are never logged, shown or sent.
 */
#ifndef BINDERY_NF_HSSD_WEBHOOK_SECRET_H
#define BINDERY_NF_HSSD_WEBHOOK_SECRET_H

#include "crypto/crypto.h"

#define WEBHOOK_SECRET_LEAST  32u
#define WEBHOOK_SECRET_MOST   64u
#define WEBHOOK_SIGNATURE_MAX 48 /* "v1," and 32 octets in base64, with NUL */

struct webhook_secret {
    size_t n;
    uint8_t b[WEBHOOK_SECRET_MOST];
};
/* The caller wipes *out, after an error too. Errors, with why as a sentence: E_NOT_FOUND, E_DENIED
 * (others may read it), E_BAD_VALUE, E_IO. */
MUST_USE enum err webhook_secret_load(const char *path, struct webhook_secret *out,
                                      char why[static 160]);
/* The value of webhook-signature for a message: "v1," and HMAC-SHA-256 over ID.TIMESTAMP.BODY.
 * Errors: E_CRYPTO. */
MUST_USE enum err webhook_sign(const struct crypto *crypto, const struct webhook_secret *secret,
                               const char *id, const char *timestamp, struct bytes body,
                               char out[static WEBHOOK_SIGNATURE_MAX]);

#endif
