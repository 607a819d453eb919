/* net/verify_seen.h - certificates that were read before: the same part number, operator or client
 * comes again and again, and OpenSSL takes longer to read a certificate than to verify its
 * signature.
 *
 * Octets in DER and what they were read as, the last few. All the octets are compared. Nothing is
 * known here of whether a certificate is good: that is judged each time anew (net/verify.h), which
 * hands in only those of a chain that it found good, so that what nobody vouches for takes no
 * place. Any thread.
 */
#ifndef BINDERY_NET_VERIFY_SEEN_H
#define BINDERY_NET_VERIFY_SEEN_H

#include "base/err.h"
#include "base/span.h"

#include <openssl/x509.h>

#define VERIFY_SEEN_MAX 16u /* leaves, and as many others: most leaves come once */

struct verify_seen;
/* Errors: E_MEMORY. */
MUST_USE enum err verify_seen_open(struct verify_seen **out);
void verify_seen_close(struct verify_seen *s); /* harmless on NULL */
/* What these octets were read as, with a reference of the caller's own; NULL: they are not here. */
X509 *verify_seen_find(struct verify_seen *s, bool leaf, struct bytes der);
/* x was read from these octets. It takes a reference, and the place of the oldest; of one that is
 * here already nothing changes. Without memory nothing is kept. */
void verify_seen_keep(struct verify_seen *s, bool leaf, X509 *x, struct bytes der);

#endif
