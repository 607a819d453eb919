/* net/verify_crl.h - a revocation list from a file, to be handed on: as DER, with the times that it
 * says of itself.
 *
 * Whether it is good is for whoever relies on it (net/verify.h); here it has to be one list, whole,
 * and nothing else.
 */
#ifndef BINDERY_NET_VERIFY_CRL_H
#define BINDERY_NET_VERIFY_CRL_H

#include "net/verify.h"

#define VERIFY_CRL_MOST (16u << 20) /* octets of the file */

struct verify_crl {
    uint8_t *der;
    size_t n;
    int64_t issued, until; /* Unix seconds; until 0: it does not say */
};
/* A file with one list in PEM. Errors: E_IO, E_BAD_VALUE (none, more than one, or too large), with
 * *why; E_MEMORY. */
MUST_USE enum err verify_crl_read(const char *path, struct verify_crl *out, struct verify_why *why);
/* Harmless on one that is empty. */
void verify_crl_free(struct verify_crl *crl);

#endif
