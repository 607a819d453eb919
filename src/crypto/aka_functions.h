/* crypto/aka_functions.h - f1 to f5* of TS 33.102 6.3, whichever algorithm set computes them.
 *
 * A subscription's algorithm is data: `struct aka_keys` carries it with K and OPc or TOPc, and the
 * functions below dispatch. Nothing here knows SQN management or AUTN's layout (proc/aka.h does).
 */
#ifndef BINDERY_CRYPTO_AKA_FUNCTIONS_H
#define BINDERY_CRYPTO_AKA_FUNCTIONS_H

#include "crypto/crypto.h"
#include "crypto/keys.h"

enum aka_algorithm { AKA_MILENAGE = 1, AKA_TUAK = 2 };

struct aka_keys {
    enum aka_algorithm algorithm;
    struct key_k k;            /* 16 octets; TUAK also 32 */
    struct key_opc opc;        /* OPc 16, TOPc 32 */
    uint8_t res_len;           /* octets: Milenage 8; TUAK 4, 8 or 16 */
    uint8_t keccak_iterations; /* TUAK: 1 or more; 0 means 1 */
};

struct aka_f12345 {
    uint8_t mac_a[8];
    struct res res;
    struct key_ck ck;
    struct key_ik ik;
    struct key_ak ak;
};

const char *aka_algorithm_name(enum aka_algorithm a); /* "milenage", "tuak" */
/* Errors: E_BAD_VALUE. */
MUST_USE enum err aka_algorithm_parse(struct bytes ascii, enum aka_algorithm *out);
/* Lengths agree with the algorithm? Errors: E_BAD_LENGTH, E_BAD_VALUE. */
MUST_USE enum err aka_keys_check(const struct aka_keys *keys);
/* OPc or TOPc from OP or TOP and K. Errors: E_BAD_LENGTH, E_BAD_VALUE (algorithm), E_CRYPTO. */
MUST_USE enum err aka_opc(const struct crypto *c, enum aka_algorithm a, uint8_t keccak_iterations,
                          const struct key_k *k, const struct key_op *op, struct key_opc *out);

/* All return what aka_keys_check says, or E_CRYPTO, and write their outputs only on E_OK. sqn is 48
 * bits. */
MUST_USE enum err aka_f12345(const struct crypto *c, const struct aka_keys *keys,
                             const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                             struct aka_f12345 *out);
/* As above without f1: mac_a is zero. */
MUST_USE enum err aka_f2345(const struct crypto *c, const struct aka_keys *keys,
                            const struct rand128 *rand, struct aka_f12345 *out);
MUST_USE enum err aka_f1(const struct crypto *c, const struct aka_keys *keys,
                         const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                         uint8_t mac_a[static 8]);
MUST_USE enum err aka_f1star(const struct crypto *c, const struct aka_keys *keys,
                             const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                             uint8_t mac_s[static 8]);
MUST_USE enum err aka_f5star(const struct crypto *c, const struct aka_keys *keys,
                             const struct rand128 *rand, struct key_ak *ak);

#endif
