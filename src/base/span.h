/* base/span.h - octets and who may write them: spans, a reader and a writer with a sticky error.
 *
 * Parse straight down, ask once: after the first shortfall every read yields zero or an empty span
 * and the error stays. Nothing here allocates, and nothing reads or writes past its span.
 */
#ifndef BINDERY_BASE_SPAN_H
#define BINDERY_BASE_SPAN_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct bytes {
    const uint8_t *p;
    size_t n;
};
struct mbytes {
    uint8_t *p;
    size_t n;
};

#define BYTES_OF(array)    ((struct bytes){(const uint8_t *)(array), sizeof(array)})
#define MBYTES_OF(array)   ((struct mbytes){(uint8_t *)(array), sizeof(array)})
#define BYTES_LIT(literal) ((struct bytes){(const uint8_t *)(literal), sizeof(literal) - 1})

struct bytes bytes_of_str(const char *s);
/* Not constant time: for identifiers, never for secrets or MACs. */
bool bytes_eq(struct bytes a, struct bytes b);
/* ASCII case-insensitive, as DiameterIdentity is compared (RFC 6733 4.3.1). */
bool bytes_eq_nocase(struct bytes a, struct bytes b);

struct rd {
    const uint8_t *p;
    size_t n;
    size_t at;
    enum err err;
};
struct rd rd_of(struct bytes in);
uint8_t rd_u8(struct rd *r);
uint16_t rd_be16(struct rd *r);
uint32_t rd_be24(struct rd *r);
uint32_t rd_be32(struct rd *r);
uint64_t rd_be64(struct rd *r);
struct bytes rd_take(struct rd *r, size_t n);
size_t rd_left(const struct rd *r);
/* E_OK when all was read, E_TRAILING when octets are left, else the sticky error. */
MUST_USE enum err rd_end(const struct rd *r);

struct wr {
    uint8_t *p;
    size_t cap;
    size_t n;
    enum err err;
};
/* The error is E_NO_ROOM, or E_BAD_VALUE for a number that does not fit in 24 bits. */
struct wr wr_of(struct mbytes out);
void wr_u8(struct wr *w, uint8_t v);
void wr_be16(struct wr *w, uint16_t v);
void wr_be24(struct wr *w, uint32_t v);
void wr_be32(struct wr *w, uint32_t v);
void wr_be64(struct wr *w, uint64_t v);
void wr_put(struct wr *w, struct bytes v);
void wr_zero(struct wr *w, size_t n);
/* Space for n octets to be filled later; NULL once the writer has failed. */
uint8_t *wr_hold(struct wr *w, size_t n);
struct bytes wr_done(const struct wr *w); /* what was written; empty after an error */

/* Hex: lower case out; either case in, an even number of digits, nothing else; exactly out.n octets
 * or nothing is written. Errors: E_BAD_DIGIT, E_BAD_LENGTH. */
MUST_USE enum err hex_decode(const char *hex, struct mbytes out);
void hex_encode(struct bytes in, char *out); /* writes 2 * in.n + 1 chars */

/* Overwrites memory in a way the compiler may not leave out. */
void wipe(void *p, size_t n);

#endif
