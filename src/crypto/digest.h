/* crypto/digest.h - SHA-256 of what does not fit into memory at once, octets after octets. Not part
 * of the device library.
 */
#ifndef BINDERY_CRYPTO_DIGEST_H
#define BINDERY_CRYPTO_DIGEST_H

#include "base/span.h"

struct digest;
/* Errors: E_MEMORY, E_CRYPTO. */
MUST_USE enum err digest_new(struct digest **out);
/* Errors: E_CRYPTO. */
MUST_USE enum err digest_add(struct digest *d, struct bytes octets);
/* Once, at the end. Errors: E_CRYPTO. */
MUST_USE enum err digest_end(struct digest *d, uint8_t out[static 32]);
/* Harmless on NULL. */
void digest_free(struct digest *d);

#endif
