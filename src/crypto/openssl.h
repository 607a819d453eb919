/* crypto/openssl.h - the table of crypto/crypto.h filled by OpenSSL 3, with contexts that are
 * fetched once and kept. Not part of the device library.
 */
#ifndef BINDERY_CRYPTO_OPENSSL_H
#define BINDERY_CRYPTO_OPENSSL_H

#include "crypto/crypto.h"

/* Fills *out; one per thread. Errors: E_MEMORY, E_CRYPTO. */
MUST_USE enum err crypto_openssl_open(struct crypto *out);
/* Wipes and frees what open made; harmless on a zeroed table. */
void crypto_openssl_close(struct crypto *c);

#endif
