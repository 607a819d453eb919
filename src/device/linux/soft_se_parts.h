/* device/linux/soft_se_parts.h - certificates as soft_se.c and se_maker.c look at them. Nobody
 * else's.
 */
#ifndef BINDERY_DEVICE_LINUX_SOFT_SE_PARTS_H
#define BINDERY_DEVICE_LINUX_SOFT_SE_PARTS_H

#include "device/linux/state_file.h"

#include <openssl/x509.h>

/* One, and nothing behind it. NULL: it is none. The caller frees it. */
X509 *soft_se_certificate(struct bytes der);
/* Roots: CAs that sign themselves. NULL: one is none. The caller frees it. */
X509_STORE *soft_se_roots(const struct device_certificates *ci);
/* An X509_V_ of OpenSSL; at: Unix seconds, or 0: validity is not looked at. */
int soft_se_verify(X509_STORE *roots, const struct bytes *chain, size_t n, int64_t at);
bool soft_se_is_p256(const EVP_PKEY *key);

#endif
