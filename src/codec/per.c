#include "codec/per.h"
#include <string.h>

/* ---- both ways ---- */

/* How many bits hold every number up to v. */
static unsigned bits_for(uint64_t v)
{
    unsigned n = 0;
    while (n < 64 && v >> n != 0) {
        n++;
    }
    return n;
}

static unsigned octets_for(uint64_t v)
{
    unsigned n = (bits_for(v) + 7) / 8;
    return n == 0 ? 1 : n;
}

/* ---- reading ---- */

struct per_rd per_rd_of(struct bytes in)
{
    return (struct per_rd){.p = in.p, .n = in.n};
}

void per_rd_fail(struct per_rd *r, enum err e)
{
    if (r->err == E_OK) {
        r->err = e;
    }
}

uint64_t per_rd_bits(struct per_rd *r, unsigned n)
{
    if (r->err == E_OK && n > r->n * 8 - r->bit) {
        r->err = E_TRUNCATED;
    }
    if (r->err != E_OK) {
        return 0;
    }
    uint64_t v = 0;
    for (unsigned i = 0; i < n; i++, r->bit++) {
        v = v << 1 | (r->p[r->bit / 8] >> (7 - r->bit % 8) & 1);
    }
    return v;
}

void per_rd_align(struct per_rd *r)
{
    if (r->bit % 8 != 0 && per_rd_bits(r, (unsigned)(8 - r->bit % 8)) != 0) {
        per_rd_fail(r, E_BAD_VALUE);
    }
}

struct bytes per_rd_aligned(struct per_rd *r, size_t n)
{
    per_rd_align(r);
    if (r->err == E_OK && n > r->n - r->bit / 8) {
        r->err = E_TRUNCATED;
    }
    if (r->err != E_OK) {
        return (struct bytes){0};
    }
    struct bytes out = {r->p + r->bit / 8, n};
    r->bit += n * 8;
    return out;
}

enum err per_rd_end(const struct per_rd *r)
{
    struct per_rd rest = *r;
    if (rest.bit == 0 && rest.n == 1) { /* an empty encoding is one octet of zeros (11.2.1) */
        rest.bit = rest.p[0] == 0 ? 8 : 0;
    }
    per_rd_align(&rest);
    if (rest.err == E_OK && rest.bit != rest.n * 8) {
        return E_TRAILING;
    }
    return rest.err;
}

/* A number in n octets, of which the first is not zero unless it is the only one. */
static uint64_t shortest_octets(struct per_rd *r, size_t n)
{
    struct bytes v = per_rd_aligned(r, n);
    uint64_t out = 0;
    if (r->err != E_OK || n == 0 || n > 8 || (n > 1 && v.p[0] == 0)) {
        per_rd_fail(r, E_BAD_VALUE);
        return 0;
    }
    for (size_t i = 0; i < n; i++) {
        out = out << 8 | v.p[i];
    }
    return out;
}

uint64_t per_rd_whole(struct per_rd *r, uint64_t low, uint64_t high)
{
    uint64_t range = high - low; /* one less than X.691's */
    uint64_t v;
    if (range < 255) {
        v = per_rd_bits(r, bits_for(range));
    } else if (range <= 0xFFFF) {
        per_rd_align(r);
        v = per_rd_bits(r, range == 255 ? 8 : 16);
    } else {
        v = shortest_octets(r, (size_t)per_rd_whole(r, 1, octets_for(range)));
    }
    if (v > range) {
        per_rd_fail(r, E_BAD_VALUE);
    }
    return r->err == E_OK ? low + v : low;
}

uint64_t per_rd_semi(struct per_rd *r)
{
    return shortest_octets(r, per_rd_length(r, 0, PER_NO_BOUND));
}

uint64_t per_rd_small(struct per_rd *r)
{
    if (per_rd_bits(r, 1) == 0) {
        return per_rd_bits(r, 6);
    }
    uint64_t v = per_rd_semi(r);
    if (v < 64) {
        per_rd_fail(r, E_BAD_VALUE);
    }
    return v;
}

static size_t general_length(struct per_rd *r)
{
    per_rd_align(r);
    size_t n = (size_t)per_rd_bits(r, 8);
    if (n < 0x80) {
        return n;
    }
    if (n >= 0xC0) {
        per_rd_fail(r, E_BAD_LENGTH);
        return 0;
    }
    n = (n & 0x3F) << 8 | (size_t)per_rd_bits(r, 8);
    if (n < 0x80) {
        per_rd_fail(r, E_BAD_VALUE);
    }
    return r->err == E_OK ? n : 0;
}

size_t per_rd_length(struct per_rd *r, size_t low, size_t high)
{
    if (high <= 0xFFFF) {
        return (size_t)per_rd_whole(r, low, high);
    }
    return general_length(r);
}

uint32_t per_rd_index(struct per_rd *r, uint32_t root, bool extensible)
{
    if (!extensible || per_rd_bits(r, 1) == 0) {
        return (uint32_t)per_rd_whole(r, 0, root - 1);
    }
    uint64_t v = per_rd_small(r);
    if (v > UINT32_MAX - root) {
        per_rd_fail(r, E_BAD_VALUE);
    }
    return r->err == E_OK ? root + (uint32_t)v : 0;
}

uint64_t per_rd_bit_string(struct per_rd *r, unsigned n)
{
    if (n > 16) {
        per_rd_align(r);
    }
    return per_rd_bits(r, n);
}

uint64_t per_rd_number(struct per_rd *r, unsigned n)
{
    return per_rd_bit_string(r, n * 8); /* 16 and 17 align alike */
}

struct bytes per_rd_octets(struct per_rd *r)
{
    return per_rd_aligned(r, per_rd_length(r, 0, PER_NO_BOUND));
}

/* X.691 19.8: the count less one is normally small; more than 64 additions would be a length of
 * another form, and no message has them. */
void per_rd_skip_additions(struct per_rd *r)
{
    if (per_rd_bits(r, 1) != 0) {
        per_rd_fail(r, E_BAD_LENGTH);
    }
    unsigned n = (unsigned)per_rd_bits(r, 6) + 1;
    uint64_t there = per_rd_bits(r, n);
    for (unsigned i = 0; i < n && r->err == E_OK; i++) {
        if (there >> (n - 1 - i) & 1 && per_rd_octets(r).n == 0) {
            per_rd_fail(r, E_BAD_VALUE);
        }
    }
}

/* ---- writing ---- */

struct per_wr per_wr_of(struct mbytes out)
{
    return (struct per_wr){.p = out.p, .cap = out.n};
}

void per_wr_fail(struct per_wr *w, enum err e)
{
    if (w->err == E_OK) {
        w->err = e;
    }
}

void per_wr_bits(struct per_wr *w, uint64_t v, unsigned n)
{
    if (n < 64 && v >> n != 0) {
        per_wr_fail(w, E_BAD_VALUE);
    }
    if (w->err == E_OK && n > w->cap * 8 - w->bit) {
        w->err = E_NO_ROOM;
    }
    if (w->err != E_OK) {
        return;
    }
    for (unsigned i = 0; i < n; i++, w->bit++) {
        uint8_t *octet = &w->p[w->bit / 8];
        unsigned at = 7 - w->bit % 8;
        unsigned kept = at == 7 ? 0 : *octet;
        *octet = (uint8_t)(kept | (unsigned)(v >> (n - 1 - i) & 1) << at);
    }
}

void per_wr_align(struct per_wr *w)
{
    if (w->bit % 8 != 0) {
        per_wr_bits(w, 0, (unsigned)(8 - w->bit % 8));
    }
}

void per_wr_aligned(struct per_wr *w, struct bytes v)
{
    per_wr_align(w);
    if (w->err == E_OK && v.n > w->cap - w->bit / 8) {
        w->err = E_NO_ROOM;
    }
    if (w->err == E_OK && v.n > 0) {
        memcpy(w->p + w->bit / 8, v.p, v.n);
        w->bit += v.n * 8;
    }
}

struct bytes per_wr_done(struct per_wr *w)
{
    per_wr_align(w);
    return w->err == E_OK ? (struct bytes){w->p, w->bit / 8} : (struct bytes){0};
}

void per_wr_whole(struct per_wr *w, uint64_t v, uint64_t low, uint64_t high)
{
    uint64_t range = high - low;
    if (v < low || v > high) {
        per_wr_fail(w, E_BAD_VALUE);
        return;
    }
    v -= low;
    if (range < 255) {
        per_wr_bits(w, v, bits_for(range));
    } else if (range <= 0xFFFF) {
        per_wr_align(w);
        per_wr_bits(w, v, range == 255 ? 8 : 16);
    } else {
        per_wr_whole(w, octets_for(v), 1, octets_for(range));
        per_wr_align(w);
        per_wr_bits(w, v, octets_for(v) * 8);
    }
}

void per_wr_semi(struct per_wr *w, uint64_t v)
{
    per_wr_length(w, octets_for(v), 0, PER_NO_BOUND);
    per_wr_bits(w, v, octets_for(v) * 8);
}

void per_wr_small(struct per_wr *w, uint64_t v)
{
    per_wr_bits(w, v >= 64, 1);
    if (v < 64) {
        per_wr_bits(w, v, 6);
    } else {
        per_wr_semi(w, v);
    }
}

void per_wr_length(struct per_wr *w, size_t n, size_t low, size_t high)
{
    if (n < low || n > high || (high > 0xFFFF && n >= 0x4000)) {
        per_wr_fail(w, E_BAD_LENGTH);
    } else if (high <= 0xFFFF) {
        per_wr_whole(w, n, low, high);
    } else {
        per_wr_align(w);
        per_wr_bits(w, n < 0x80 ? n : 0x8000 | n, n < 0x80 ? 8 : 16);
    }
}

void per_wr_index(struct per_wr *w, uint32_t v, uint32_t root, bool extensible)
{
    if (extensible) {
        per_wr_bits(w, v >= root, 1);
    }
    if (v < root || !extensible) {
        per_wr_whole(w, v, 0, root - 1);
    } else {
        per_wr_small(w, v - root);
    }
}

void per_wr_bit_string(struct per_wr *w, uint64_t v, unsigned n)
{
    if (n > 16) {
        per_wr_align(w);
    }
    per_wr_bits(w, v, n);
}

void per_wr_number(struct per_wr *w, uint64_t v, unsigned n)
{
    per_wr_bit_string(w, v, n * 8);
}

void per_wr_octets(struct per_wr *w, struct bytes v)
{
    per_wr_length(w, v.n, 0, PER_NO_BOUND);
    per_wr_aligned(w, v);
}

size_t per_wr_open(struct per_wr *w)
{
    per_wr_align(w);
    size_t mark = w->bit / 8;
    per_wr_bits(w, 0, 8);
    return mark;
}

/* The length was given one octet; longer content moves on by another. */
void per_wr_close(struct per_wr *w, size_t mark)
{
    per_wr_align(w);
    if (w->err == E_OK && w->bit / 8 == mark + 1) {
        per_wr_bits(w, 0, 8); /* an empty encoding is one octet of zeros (11.2.1) */
    }
    if (w->err != E_OK) {
        return;
    }
    size_t n = w->bit / 8 - mark - 1;
    if (n >= 0x4000) {
        w->err = E_BAD_LENGTH;
    } else if (n < 0x80) {
        w->p[mark] = (uint8_t)n;
    } else {
        per_wr_bits(w, 0, 8);
        if (w->err == E_OK) {
            memmove(w->p + mark + 2, w->p + mark + 1, n);
            w->p[mark] = (uint8_t)(0x80 | n >> 8);
            w->p[mark + 1] = (uint8_t)n;
        }
    }
}
