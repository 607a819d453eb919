/* bench/lib/kme_ports.h - what a device brings to procedure kme, by OpenSSL: its P-256 key signs,
 * and the lot's modulus encrypts. For clients that play devices.
 */
#ifndef BENCH_LIB_KME_PORTS_H
#define BENCH_LIB_KME_PORTS_H

#include "proc/kme.h"
#include <openssl/evp.h>

struct devid_signer kme_port_signer(EVP_PKEY *key);
struct kme_encrypter kme_port_encrypter(void);

#endif
