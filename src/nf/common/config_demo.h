/* nf/common/config_demo.h - tells certificates of the PKI that `bindery up` generates for a
 * try-out.
 *
 * They carry a fixed organisation, in their subject or their issuer's. This room verifies nothing:
 * it looks for that name in the first certificate of a PEM file, so that nobody goes into service
 * with it by mistake.
 */
#ifndef BINDERY_NF_COMMON_CONFIG_DEMO_H
#define BINDERY_NF_COMMON_CONFIG_DEMO_H

#include "base/err.h"
#include <stdbool.h>

/* Errors: E_IO (errno says why), E_BAD_VALUE (no certificate in PEM form). */
MUST_USE enum err config_demo_certificate(const char *path, bool *demo);

#endif
