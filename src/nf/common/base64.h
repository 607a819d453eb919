/* nf/common/base64.h - octets as text in JSON: the alphabet with '+' and '/', padded (RFC 4648 4).
 *
 * There is one text for an octet string: white space, missing padding and left-over bits are
 * refused.
 */
#ifndef BINDERY_NF_COMMON_BASE64_H
#define BINDERY_NF_COMMON_BASE64_H

#include "base/span.h"

#define BASE64_ROOM(n) (((n) + 2) / 3 * 4 + 1) /* with NUL */

void base64_encode(struct bytes in, char *out); /* BASE64_ROOM(in.n) */
/* *n octets of out. Errors: E_BAD_LENGTH, E_BAD_DIGIT, E_NO_ROOM. */
MUST_USE enum err base64_decode(struct bytes text, struct mbytes out, size_t *n);

#endif
