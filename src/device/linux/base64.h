/* device/linux/base64.h - octets as base64 (RFC 4648 4) in the files of this room, which may be
 * keys: nothing here keeps a copy. There is one text for an octet string, and the reader takes no
 * other. For this room and the emulator.
 */
#ifndef BINDERY_DEVICE_LINUX_BASE64_H
#define BINDERY_DEVICE_LINUX_BASE64_H

#include "base/span.h"

#define BASE64_OCTETS_MAX     8192u /* that are read at once */
#define BASE64_LENGTH(octets) (((octets) + 2) / 3 * 4)

/* Into the writer, without an end mark; it needs room for one octet more. */
void base64_write(struct wr *w, struct bytes in);
/* *n octets, at least one. Errors: E_BAD_VALUE (it is none, or not the text that writing gives),
 * E_NO_ROOM. */
MUST_USE enum err base64_read(struct bytes text, struct mbytes out, size_t *n);

#endif
