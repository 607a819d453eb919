/* device/frame.h - the frame around what the device keeps: the NAS client's image and the records
 * of keys.
 *
 * Three letters that say what it is, the version (1), octets of the body (2), the body, the first
 * 16 octets of SHA-256 over all before. The hash finds damage, not an attacker: who can write a
 * frame can write its hash. What a body has is its owner's.
 */
#ifndef BINDERY_DEVICE_FRAME_H
#define BINDERY_DEVICE_FRAME_H

#include "base/span.h"
#include "crypto/crypto.h"

#define FRAME_MAGIC_LEN 3
#define FRAME_OVERHEAD  22

/* ---- writing: begin, put the body, end ---- */

struct frame_writer {
    struct wr w;
    struct mbytes room;
    uint8_t *length;
};
struct frame_writer frame_begin(struct mbytes out, const uint8_t magic[static FRAME_MAGIC_LEN],
                                uint8_t version);
/* The octets written. After an error the whole room is wiped, for bodies are secret. Errors:
 * E_NO_ROOM, E_CRYPTO. */
MUST_USE enum err frame_end(const struct crypto *c, struct frame_writer *f, size_t *n);

/* ---- reading ---- */

/* *body is what lies between header and hash. Errors: E_TRUNCATED, E_TRAILING, E_UNSUPPORTED (it is
 * something else, or of an earlier version), E_TOO_NEW (a later version), E_BAD_MAC (the hash),
 * E_CRYPTO. */
MUST_USE enum err frame_open(const struct crypto *c, struct bytes in,
                             const uint8_t magic[static FRAME_MAGIC_LEN], uint8_t version,
                             struct bytes *body);
/* Sets the reader's sticky error, as if the octets had ended. */
void frame_fault(struct rd *r, enum err err);
/* 0 or 1; anything else is E_BAD_VALUE. */
bool frame_flag(struct rd *r);
/* out.n octets. */
void frame_octets(struct rd *r, struct mbytes out);

#endif
