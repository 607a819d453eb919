/* crypto/milenage.h - the Milenage algorithm set (TS 35.206), one call per thing a caller needs.
 *
 * Pure: no state, outputs written only on E_OK. Costs one AES key schedule a call.
 */
#ifndef BINDERY_CRYPTO_MILENAGE_H
#define BINDERY_CRYPTO_MILENAGE_H

#include "crypto/aka_functions.h"

/* OPc = E_K(OP) xor OP (TS 35.206 4.1). Errors: E_BAD_LENGTH, E_CRYPTO. */
MUST_USE enum err milenage_opc(const struct crypto *c, const struct key_k *k,
                               const struct key_op *op, struct key_opc *out);
/* f1, f2, f3, f4, f5 for one RAND, SQN and AMF. Errors: E_BAD_LENGTH, E_CRYPTO. */
MUST_USE enum err milenage_f12345(const struct crypto *c, const struct aka_keys *keys,
                                  const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                                  struct aka_f12345 *out);
/* f2, f3, f4, f5 alone (a USIM needs AK before it knows SQN). */
MUST_USE enum err milenage_f2345(const struct crypto *c, const struct aka_keys *keys,
                                 const struct rand128 *rand, struct aka_f12345 *out);
MUST_USE enum err milenage_f1(const struct crypto *c, const struct aka_keys *keys,
                              const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                              uint8_t mac_a[static 8]);
MUST_USE enum err milenage_f1star(const struct crypto *c, const struct aka_keys *keys,
                                  const struct rand128 *rand, uint64_t sqn, uint16_t amf,
                                  uint8_t mac_s[static 8]);
MUST_USE enum err milenage_f5star(const struct crypto *c, const struct aka_keys *keys,
                                  const struct rand128 *rand, struct key_ak *ak);

#endif
