/* cli/import_seen.h - which IMSIs of a file had keys already, and in which line, so that a file
 * that contradicts itself is told and its last row does not silently win.
 *
 * Of keys there is only a digest under a secret of this run. It takes at most 130 octets for each
 * IMSI with keys.
 */
#ifndef BINDERY_CLI_IMPORT_SEEN_H
#define BINDERY_CLI_IMPORT_SEEN_H

#include "crypto/crypto.h"
#include <jansson.h>

struct seen_row;
struct import_seen {
    struct crypto crypto;
    uint8_t secret[32];
    struct seen_row *rows;
    size_t room, n; /* room: 0, or a power of two */
};
struct import_clash {
    unsigned long line; /* where the IMSI stands with other keys */
    const char *what;   /* "K"; "OPc", also of OP */
};

/* Errors: E_CRYPTO, E_MEMORY. */
MUST_USE enum err import_seen_open(struct import_seen *s);
/* Takes a row as POST /v1/import does. E_OK, also where it has no keys; E_CONFLICT with *clash: the
 * first row of this IMSI with keys has others, and stays the one that counts. Keys that cannot be
 * held against each other (one in clear and one encrypted, OP and OPc) are no conflict. Errors:
 * E_MEMORY, E_CRYPTO. */
MUST_USE enum err import_seen_add(struct import_seen *s, const json_t *row, unsigned long line,
                                  struct import_clash *clash);
void import_seen_close(struct import_seen *s);

#endif
