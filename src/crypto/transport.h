/* crypto/transport.h - long-term keys on their way between a SIM maker, or another HSS, and this
 * one: encrypted under a transport key that both sides were given beforehand.
 *
 * aes-kw (RFC 3394) says whether what came is what was sent. The others are ECB over whole blocks,
 * as SIM makers' files have it ("A4" and its like): they open under any key of their length, to
 * something else, so a check value should come with the key. A transport key belongs to one thread,
 * and is wiped when it is closed. Not part of the device library.
 */
#ifndef BINDERY_CRYPTO_TRANSPORT_H
#define BINDERY_CRYPTO_TRANSPORT_H

#include "base/span.h"

enum transport_algorithm {
    TRANSPORT_AES_KW,      /* RFC 3394 under 16, 24 or 32 octets; 8 octets longer than the key */
    TRANSPORT_AES_128_ECB, /* as long as the key, and so the next ones */
    TRANSPORT_AES_192_ECB,
    TRANSPORT_AES_256_ECB,
    TRANSPORT_DES3_ECB, /* under 16 (two keys) or 24 octets (three); for opening only */
    TRANSPORT_ALGORITHMS
};
extern const char *const transport_algorithm_names[TRANSPORT_ALGORITHMS]; /* "aes-kw", ... */

#define TRANSPORT_KEY_MAX 32u /* octets of a transport key */
#define TRANSPORT_PLAIN   32u /* octets of a key that travels: 16, or this */
#define TRANSPORT_MAX     40u /* the same, encrypted */
#define TRANSPORT_KCV     3u  /* octets of a check value */

/* Is this a length that a key of the algorithm has? */
bool transport_key_fits(enum transport_algorithm a, size_t n);

struct transport_key;
/* Errors: E_BAD_LENGTH, E_BAD_VALUE (of Triple DES: two neighbouring keys are equal, which is DES),
 * E_CRYPTO, E_MEMORY. */
MUST_USE enum err transport_open(enum transport_algorithm a, struct bytes key,
                                 struct transport_key **out);
/* Wipes it; harmless on NULL. */
void transport_close(struct transport_key *t);

/* Octets that n octets of a key have when they are encrypted. */
size_t transport_length(const struct transport_key *t, size_t n);
/* A key of 16 or 32 octets out of what came; out has room for TRANSPORT_PLAIN, and is wiped after
 * an error. Errors: E_BAD_LENGTH (it is none of such a key), E_WRONG_KEY (aes-kw: it does not
 * open), E_CRYPTO. */
MUST_USE enum err transport_unwrap(struct transport_key *t, struct bytes in,
                                   uint8_t out[static TRANSPORT_PLAIN], size_t *n);
/* The other way. Errors: E_BAD_LENGTH, E_UNSUPPORTED (Triple DES), E_CRYPTO. */
MUST_USE enum err transport_wrap(struct transport_key *t, struct bytes key,
                                 uint8_t out[static TRANSPORT_MAX], size_t *n);

/* The check value of a key of 16 or 32 octets: the first octets of 16 zero octets encrypted with
 * AES under it. Errors: E_BAD_LENGTH, E_CRYPTO. */
MUST_USE enum err transport_kcv(struct bytes key, uint8_t out[static TRANSPORT_KCV]);

#endif
