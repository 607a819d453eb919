/* device/linux/platform_openssl.h - the crypto table of device/bindery_ue.h filled by OpenSSL, for
 * emulated devices. One serves all devices of a thread.
 */
#ifndef BINDERY_DEVICE_LINUX_PLATFORM_OPENSSL_H
#define BINDERY_DEVICE_LINUX_PLATFORM_OPENSSL_H

#include "crypto/crypto.h"
#include "device/bindery_ue.h"

/* Fills *out. Errors: E_MEMORY, E_CRYPTO. */
MUST_USE enum err platform_openssl_open(struct bindery_ue_crypto *out);
/* Frees what open made; harmless on a zeroed table. */
void platform_openssl_close(struct bindery_ue_crypto *table);

#endif
