/* crypto/cmac.h - AES-CMAC (RFC 4493, NIST SP 800-38B) over the AES of crypto/crypto.h.
 *
 * For EIA2, and for whatever else runs on a device and wants a CMAC. Reads its input once, in
 * place; loads its key into the table, so a key that was loaded before is gone.
 */
#ifndef BINDERY_CRYPTO_CMAC_H
#define BINDERY_CRYPTO_CMAC_H

#include "crypto/crypto.h"

/* Over the concatenation of the parts. `spare_bits` (0 to 7) low bits of the last octet are not
 * part of the message. Errors: E_BAD_VALUE (spare bits of nothing, or more than 7), E_CRYPTO; mac
 * is then not written. */
MUST_USE enum err cmac_aes128(const struct crypto *c, const uint8_t key[static 16],
                              const struct bytes *parts, size_t n_parts, unsigned spare_bits,
                              uint8_t mac[static 16]);

#endif
