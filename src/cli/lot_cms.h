/* cli/lot_cms.h - the private key of a manufacturer's lot on its way to an operator: a file that
 * only the holders of some certificates can read.
 *
 * CMS AuthEnvelopedData (RFC 5083) of AES-256-GCM (RFC 5084) in PEM, to recipients with an RSA key
 * (RSAES-OAEP with SHA-256, RFC 3560) or one on P-256, P-384 or P-521 (ephemeral-static ECDH with
 * SHA-256 and AES-256 key wrap, RFC 5753); the openssl command reads it, and what that writes is
 * read here. Anybody can encrypt to a certificate: who made the file is not told by it, so people
 * compare the SHA-256 of N. No file is written here, and what was opened is never said.
 */
#ifndef BINDERY_CLI_LOT_CMS_H
#define BINDERY_CLI_LOT_CMS_H

#include "base/span.h"

#define LOT_CMS_RECIPIENTS_MAX 16
#define LOT_CMS_PLAIN_MAX      (256u * 1024)
#define LOT_CMS_MAX            (1024u * 1024) /* octets of the PEM text */

struct lot_cms_why {
    char text[512]; /* file, what is wrong, what to do */
};
/* A recipient's new key, unencrypted PKCS#8, and a certificate that it signs itself, both in PEM;
 * the caller wipes and frees with lot_cms_free. `algorithm` is ec-p384, ec-p256, rsa-3072 or
 * rsa-4096. Errors with *why: E_UNSUPPORTED (the algorithm), E_CRYPTO, E_MEMORY. */
struct lot_cms_text {
    char *p;
    size_t n;
};
MUST_USE enum err lot_cms_recipient(const char *algorithm, const char *name,
                                    struct lot_cms_text *key, struct lot_cms_text *certificate,
                                    struct lot_cms_why *why);
/* Encrypts to the certificates in these PEM files. Errors with *why: E_BAD_LENGTH (no recipient, or
 * more than LOT_CMS_RECIPIENTS_MAX), E_IO (a file cannot be read), E_BAD_VALUE (it is no
 * certificate), E_DENIED (not for this use, or not now), E_UNSUPPORTED (its key), E_CRYPTO. */
MUST_USE enum err lot_cms_seal(const char *const *certificates, size_t n, struct bytes plain,
                               struct lot_cms_text *out, struct lot_cms_why *why);
/* Decrypts with the key in one PEM file, which only its owner may read, and its certificate in
 * another; `name` is how to call what is opened. Asks on the terminal for the passphrase of a key
 * that has one. *n octets at out. Errors with *why: E_IO, E_DENIED (others may read the key),
 * E_BAD_VALUE (no key, no certificate, not a pair; no AuthEnvelopedData),
 * E_WRONG_KEY (it is for others), E_BAD_MAC (damaged or altered), E_NO_ROOM. */
MUST_USE enum err lot_cms_open(const char *name, struct bytes pem, const char *key,
                               const char *certificate, struct mbytes out, size_t *n,
                               struct lot_cms_why *why);
void lot_cms_free(struct lot_cms_text *t); /* wiped */

#endif
