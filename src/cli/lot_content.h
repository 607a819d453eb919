/* cli/lot_content.h - what stands inside NAME.lot.cms: P and Q of a manufacturer's lot, and what it
 * covers, for the operators that are to decrypt with it.
 *
 *   {"bindery_lot_key": 1, "id": "2026-07", "manufacturer": "Example Meters",
 *    "ranges": ["35693803000000-35693803499999", "35693804"], "p": "e1...", "q": "d7..."}
 *
 * Read strictly: an unknown, repeated or missing member is refused with its name. P and Q are
 * checked by our own checker (net/lot_key.h) before a lot leaves and when one comes. Secret: the
 * struct is wiped, and nothing said here holds a digit of it.
 */
#ifndef BINDERY_CLI_LOT_CONTENT_H
#define BINDERY_CLI_LOT_CONTENT_H

#include "device/linux/lot_file.h"
#include "net/lot_key.h"
#include <jansson.h>

struct lot_content {
    struct lot_file file; /* the public half */
    size_t n;             /* octets of P, and of Q */
    uint8_t p[LOT_KEY_PRIME_MAX], q[LOT_KEY_PRIME_MAX];
};
struct lot_content_why {
    char text[512];
};

/* id, manufacturer, P and Q into a content whose ranges are the caller's to add. Errors with *why:
 * those of kme_lot_make, E_BAD_VALUE (a fault of P and Q), E_CRYPTO, E_MEMORY. */
MUST_USE enum err lot_content_make(const char *id, const char *manufacturer,
                                   const struct lot_key *key, struct lot_content *out,
                                   struct lot_content_why *why);
/* The text, which the caller wipes. Errors: E_NO_ROOM, E_MEMORY. */
MUST_USE enum err lot_content_write(const struct lot_content *c, struct mbytes out, size_t *n);
/* *out is written on E_OK only, and is the caller's for lot_content_wipe. Errors with *why:
 * E_BAD_VALUE, E_MISSING, E_UNKNOWN, E_TOO_NEW, E_CRYPTO, E_MEMORY. */
MUST_USE enum err lot_content_read(struct bytes text, struct lot_content *out,
                                   struct lot_content_why *why);
void lot_content_wipe(struct lot_content *c); /* frees the ranges too */

/* The body of PUT /v1/lots/{id}; a secret. NULL without memory. */
json_t *lot_content_body(const struct lot_content *c);
/* The ranges as an array of texts; all of them, or NULL without memory. */
json_t *lot_content_ranges(const struct lot_file *file);
/* SHA-256 of N, 64 lower-case hex digits: what people compare. Errors: E_CRYPTO. */
#define LOT_FINGERPRINT_TEXT 65
MUST_USE enum err lot_fingerprint(struct bytes modulus, char out[static LOT_FINGERPRINT_TEXT]);

#endif
