/* codec/per.h - aligned PER (ITU-T X.691): a reader and a writer of bits with a sticky error, and
 * the encodings of the types that S1AP is made of.
 *
 * As in base/span.h: read or write straight down, ask once. Alignment counts from the first bit of
 * the span, which is why a reader may begin at any octet of a message that an open type starts at.
 * Only the canonical form is read: padding bits are zero, lengths and numbers are as short as they
 * can be. Lengths of 16K or more, which PER cuts into fragments, are refused as E_BAD_LENGTH.
 */
#ifndef BINDERY_CODEC_PER_H
#define BINDERY_CODEC_PER_H

#include "base/span.h"

/* ---- reading ---- */

struct per_rd {
    const uint8_t *p;
    size_t n;   /* octets */
    size_t bit; /* the next one */
    enum err err;
};
struct per_rd per_rd_of(struct bytes in);
/* Sets the error unless there is one. */
void per_rd_fail(struct per_rd *r, enum err e);
/* n (0 to 64) bits, the first one most significant. */
uint64_t per_rd_bits(struct per_rd *r, unsigned n);
void per_rd_align(struct per_rd *r);
/* n octets from an octet boundary on. */
struct bytes per_rd_aligned(struct per_rd *r, size_t n);
/* E_OK when nothing but the padding of the last octet is left, E_TRAILING when more is, else the
 * sticky error. */
MUST_USE enum err per_rd_end(const struct per_rd *r);

/* Constrained whole number (11.5). */
uint64_t per_rd_whole(struct per_rd *r, uint64_t low, uint64_t high);
/* Semi-constrained whole number with lower bound 0 (11.7), and the normally small one (11.6). */
uint64_t per_rd_semi(struct per_rd *r);
uint64_t per_rd_small(struct per_rd *r);
/* Length determinant (11.9): constrained when high is below 64K, else general. */
size_t per_rd_length(struct per_rd *r, size_t low, size_t high);
#define PER_NO_BOUND ((size_t)-1)
/* The index of an enumeration (14) or of a choice (23): root values first, then additions. */
uint32_t per_rd_index(struct per_rd *r, uint32_t root, bool extensible);
/* BIT STRING (SIZE (n)), n at most 64 (16), as a number. */
uint64_t per_rd_bit_string(struct per_rd *r, unsigned n);
/* OCTET STRING (SIZE (n)), n at most 8 (17), as a number in network order. */
uint64_t per_rd_number(struct per_rd *r, unsigned n);
/* OCTET STRING, and any open type (11.2). */
struct bytes per_rd_octets(struct per_rd *r);
/* The additions that follow a SEQUENCE whose extension bit was set (19.7 to 19.9): passed over. */
void per_rd_skip_additions(struct per_rd *r);

/* ---- writing ---- */

struct per_wr {
    uint8_t *p;
    size_t cap; /* octets */
    size_t bit;
    enum err err;
};
struct per_wr per_wr_of(struct mbytes out);
void per_wr_fail(struct per_wr *w, enum err e);
void per_wr_bits(struct per_wr *w, uint64_t v, unsigned n);
void per_wr_align(struct per_wr *w);
void per_wr_aligned(struct per_wr *w, struct bytes v);
/* What was written, padded to whole octets; empty after an error. */
struct bytes per_wr_done(struct per_wr *w);

/* As above. Errors: E_NO_ROOM; E_BAD_VALUE for a number, E_BAD_LENGTH for a length out of range. */
void per_wr_whole(struct per_wr *w, uint64_t v, uint64_t low, uint64_t high);
void per_wr_semi(struct per_wr *w, uint64_t v);
void per_wr_small(struct per_wr *w, uint64_t v);
void per_wr_length(struct per_wr *w, size_t n, size_t low, size_t high);
void per_wr_index(struct per_wr *w, uint32_t v, uint32_t root, bool extensible);
void per_wr_bit_string(struct per_wr *w, uint64_t v, unsigned n);
void per_wr_number(struct per_wr *w, uint64_t v, unsigned n);
void per_wr_octets(struct per_wr *w, struct bytes v);
/* An open type is begun, written and ended; the mark is what open returned. */
size_t per_wr_open(struct per_wr *w);
void per_wr_close(struct per_wr *w, size_t mark);

#endif
