/* device/linux/encrypter_openssl.h - what an emulated device encrypts its KME with: RSAES-OAEP to
 * the modulus of its lot, by OpenSSL (TR 33.868 5.4.4.2.3.3.3 step 5). It knows public moduli and
 * no private key, and there is no mode without padding.
 */
#ifndef BINDERY_DEVICE_LINUX_ENCRYPTER_OPENSSL_H
#define BINDERY_DEVICE_LINUX_ENCRYPTER_OPENSSL_H

#include "device/bindery_ue.h"
#include "proc/kme.h"

#define ENCRYPTER_LABEL_MAX 256u

/* RFC 8017 7.1.1 with SHA-256, MGF1 with SHA-256, and exponent 65537; modulus.n octets at `out`,
 * which is written on E_OK only. Errors: E_BAD_VALUE (no modulus that a lot may have, or the plain
 * octets are too many for it), E_NO_ROOM (the label is longer than ENCRYPTER_LABEL_MAX), E_CRYPTO.
 */
MUST_USE enum err encrypter_openssl(struct bytes modulus, struct bytes label, struct bytes plain,
                                    uint8_t *out);

/* The same as the device library and as procedure kme want it; ctx is not looked at. Any number of
 * threads may use them. */
extern const struct bindery_ue_encrypter encrypter_openssl_port;
extern const struct kme_encrypter encrypter_openssl_kme;

#endif
