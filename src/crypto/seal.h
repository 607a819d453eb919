/* crypto/seal.h - secrets at rest: AES-256-GCM under one of several data keys, with the identity of
 * what is sealed as associated data.
 *
 * A sealed value is version (1) | key id (4, big endian) | nonce (12) | ciphertext | tag (16). The
 * first five octets are authenticated with the caller's associated data. Nonces are random: one key
 * may seal 2^32 values before a repeated nonce gets likelier than 2^-32 (NIST SP 800-38D 8.3),
 * which rows that change by administration do not reach. A sealer belongs to one thread. Not part
 * of the device library.
 */
#ifndef BINDERY_CRYPTO_SEAL_H
#define BINDERY_CRYPTO_SEAL_H

#include "base/span.h"

#define SEAL_VERSION    1
#define SEAL_HEADER_LEN 5
#define SEAL_NONCE_LEN  12
#define SEAL_TAG_LEN    16
#define SEAL_OVERHEAD   (SEAL_HEADER_LEN + SEAL_NONCE_LEN + SEAL_TAG_LEN)
#define SEAL_KEYS_MAX   16

struct seal_key {
    uint8_t b[32];
};
struct sealer;

/* Errors: E_MEMORY. */
MUST_USE enum err sealer_new(struct sealer **out);
/* Wipes the keys; harmless on NULL. */
void sealer_free(struct sealer *s);
/* Loads a data key. The one added last seals; all of them open.
 * Errors: E_EXISTS (the id is taken), E_NO_ROOM (SEAL_KEYS_MAX), E_CRYPTO, E_MEMORY. */
MUST_USE enum err sealer_add(struct sealer *s, uint32_t key_id, const struct seal_key *key);
/* Who knows data keys that came after the sealer was made: asked on the sealer's own thread when a
 * value names a key that is not loaded; it must not wait. What it hands out is loaded and opens,
 * but does not seal. From now on the oldest key gives way where a new one has no room. */
typedef MUST_USE enum err sealer_find_fn(void *ctx, uint32_t key_id, struct seal_key *out);
void sealer_ask(struct sealer *s, sealer_find_fn *find, void *ctx);
/* The id of the key that seals; 0 without one. */
uint32_t sealer_seals_under(const struct sealer *s);
/* The id of the key that a sealed value names; 0 where it is no sealed value. */
uint32_t seal_key_id_of(struct bytes sealed);
/* Writes plain.n + SEAL_OVERHEAD octets. out may not overlap plain.
 * Errors: E_BAD_STATE (no key), E_NO_ROOM, E_BAD_LENGTH (more than 2^30 octets), E_CRYPTO. */
MUST_USE enum err seal(struct sealer *s, struct bytes aad, struct bytes plain, struct mbytes out,
                       size_t *n);
/* Writes sealed.n - SEAL_OVERHEAD octets on E_OK; on an error what of out was touched is wiped.
 * Errors: E_TRUNCATED, E_UNSUPPORTED (another version), E_NO_ROOM, E_BAD_LENGTH, E_CRYPTO,
 * E_WRONG_KEY: the key id is not loaded, or the value, its key or the associated data is not what
 * was sealed. */
MUST_USE enum err seal_open(struct sealer *s, struct bytes aad, struct bytes sealed,
                            struct mbytes out, size_t *n);

#endif
