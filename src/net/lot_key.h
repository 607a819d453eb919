/* net/lot_key.h - the RSA key of a manufacturer's lot: N = PQ with exponent 65537, which devices
 * encrypt to, and P and Q, which an operator decrypts with (TR 33.868 5.4.4.2.3.3.3).
 *
 * OpenSSL's generator makes P and Q by FIPS 186-4 B.3.6, with auxiliary primes; that P - 1 and
 * P + 1 have those cannot be seen in P afterwards. All conditions that can be seen are checked here
 * again, on keys that were made and on keys that were brought (FIPS 186-4 B.3.1, ANSI X9.31). The
 * private key stays inside and is wiped; nothing here signs, and there is no mode without padding.
 */
#ifndef BINDERY_NET_LOT_KEY_H
#define BINDERY_NET_LOT_KEY_H

#include "base/span.h"

#define LOT_KEY_MODULUS_MIN 256u /* octets: 2048 bits */
#define LOT_KEY_MODULUS_MAX 512u /* 4096 bits */
#define LOT_KEY_PRIME_MAX   (LOT_KEY_MODULUS_MAX / 2)
#define LOT_KEY_LABEL_MAX   256u

/* What is wrong with two primes: NAME, sentence. nlen is the length of N in bits. */
#define LOT_KEY_FAULT_LIST(X)                                                                      \
    X(NONE, "nothing")                                                                             \
    X(SIZE, "N would not have 2048 to 4096 bits in steps of 256")                                  \
    X(LENGTH, "P and Q are not half as long as N each")                                            \
    X(RANGE, "P or Q is below 2^(nlen/2 - 1/2)")                                                   \
    X(DISTANCE, "P and Q are not further apart than 2^(nlen/2 - 100)")                             \
    X(EXPONENT, "P - 1 or Q - 1 is a multiple of the exponent")                                    \
    X(PRIVATE_EXPONENT, "the private exponent is not above 2^(nlen/2)")                            \
    X(NOT_PRIME, "P or Q is not prime")
enum lot_key_fault {
#define X(name, sentence) LOT_KEY_FAULT_##name,
    LOT_KEY_FAULT_LIST(X)
#undef X
};
const char *lot_key_fault_sentence(enum lot_key_fault f);

/* The first fault of two numbers, highest octet first and not zero, is told. Errors: E_BAD_VALUE
 * with *fault, E_MEMORY. */
MUST_USE enum err lot_key_check(struct bytes p, struct bytes q, enum lot_key_fault *fault);

struct lot_key;
/* Makes P and Q; what fails the check is not given out. Takes a second or so, of 4096 bits several.
 * Errors: E_BAD_VALUE (bits are not 2048 to 4096 in steps of 256), E_CRYPTO, E_MEMORY. */
MUST_USE enum err lot_key_make(unsigned bits, struct lot_key **out);
/* From P and Q, which are checked. Errors: those of lot_key_check; E_CRYPTO. */
MUST_USE enum err lot_key_of_primes(struct bytes p, struct bytes q, enum lot_key_fault *fault,
                                    struct lot_key **out);
/* The same of P and Q that were checked when a store sealed them: everything is looked at again but
 * whether they are prime, which takes the longest. Errors: E_BAD_VALUE, E_CRYPTO, E_MEMORY. */
MUST_USE enum err lot_key_of_stored(struct bytes p, struct bytes q, struct lot_key **out);
void lot_key_close(struct lot_key *key);

/* N, highest octet first. */
struct bytes lot_key_modulus(const struct lot_key *key);
/* Secret: for a file that is encrypted and for a store that seals. Each half as long as N; the
 * caller wipes them. Errors: E_CRYPTO. */
MUST_USE enum err lot_key_primes(const struct lot_key *key, uint8_t p[static LOT_KEY_PRIME_MAX],
                                 uint8_t q[static LOT_KEY_PRIME_MAX], size_t *n);

/* RSAES-OAEP with SHA-256, MGF1 with SHA-256 and a label (RFC 8017 7.1). `open` decrypts into
 * exactly out.n octets; that it could not is one answer, whatever the reason, and *out then holds
 * what it held before, by the same work. Any number of threads may use one key. Errors: E_BAD_MAC
 * (it does not open, or has another length than N, or what is in it has another than `out`),
 * E_NO_ROOM (the label is longer than LOT_KEY_LABEL_MAX), E_CRYPTO. */
MUST_USE enum err lot_key_open(const struct lot_key *key, struct bytes encrypted,
                               struct bytes label, struct mbytes out);
/* For whoever has only N. modulus.n octets at `out`. Errors: E_BAD_VALUE (no N that is allowed, or
 * the content is too long for it), E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err lot_key_encrypt(struct bytes modulus, struct bytes label, struct bytes plain,
                                  uint8_t *out);

#endif
