/* device/linux/signer_parts.h - a private key of PKCS#8 in DER as OpenSSL has it, for the files
 * that use one. It lives as long as a function that uses it, and no longer.
 */
#ifndef BINDERY_DEVICE_LINUX_SIGNER_PARTS_H
#define BINDERY_DEVICE_LINUX_SIGNER_PARTS_H

#include "base/span.h"

#include <openssl/evp.h>

/* Of any kind. NULL: no PKCS#8, or octets are left over. The caller frees it. */
EVP_PKEY *signer_openssl_open(struct bytes der);

#endif
