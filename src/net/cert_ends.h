/* net/cert_ends.h - when the certificates and revocation lists in a PEM file end. It judges none of
 * them, and passes over whatever else is in the file. */
#ifndef BINDERY_NET_CERT_ENDS_H
#define BINDERY_NET_CERT_ENDS_H

#include "base/err.h"
#include <stdint.h>

/* Unix seconds of the certificate, and of the list, that ends first (notAfter, nextUpdate); 0:
 * there is none in it. Errors: E_IO (no regular file of at most 16 MiB that can be read). */
MUST_USE enum err cert_ends_read(const char *path, int64_t *certificate, int64_t *list);

#endif
