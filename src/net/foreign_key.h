/* net/foreign_key.h - a private key that is somewhere else, for OpenSSL: the certificate's public
 * half is here, and whatever TLS wants to be signed is handed to a function, in a secure element, a
 * TPM or a token.
 *
 * ECDSA on P-256 with SHA-256 alone, of content and not of a digest: the function sees what it
 * signs, and hashes it. OpenSSL gets at it through a provider in a library context of its own, so
 * that no other key of this process is served by it. There is no way to get the private half out,
 * for it never came in.
 */
#ifndef BINDERY_NET_FOREIGN_KEY_H
#define BINDERY_NET_FOREIGN_KEY_H

#include "base/span.h"

struct evp_pkey_st; /* OpenSSL's EVP_PKEY */
struct foreign_key;
struct foreign_key_port {
    void *ctx;
    /* r || s, of 32 octets each. False: it is not signed. */
    bool (*sign)(void *ctx, const uint8_t *content, size_t n, uint8_t signature[64]);
};
/* certificate: DER, whose key it is. Errors: E_BAD_VALUE (none, or its key is not one of P-256),
 * E_CRYPTO, E_MEMORY. */
MUST_USE enum err foreign_key_open(const struct foreign_key_port *port, struct bytes certificate,
                                   struct foreign_key **out);
/* After everything that uses its EVP_PKEY is gone. Harmless on NULL. */
void foreign_key_close(struct foreign_key *k);
/* Good until foreign_key_close; who keeps it takes a reference. */
struct evp_pkey_st *foreign_key_pkey(const struct foreign_key *k);

#endif
