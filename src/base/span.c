#include "base/span.h"

#include <string.h>

struct bytes bytes_of_str(const char *s)
{
    return (struct bytes){(const uint8_t *)s, strlen(s)};
}

bool bytes_eq(struct bytes a, struct bytes b)
{
    return a.n == b.n && (a.n == 0 || memcmp(a.p, b.p, a.n) == 0);
}

static uint8_t lower(uint8_t c)
{
    return c >= 'A' && c <= 'Z' ? (uint8_t)(c - 'A' + 'a') : c;
}

bool bytes_eq_nocase(struct bytes a, struct bytes b)
{
    if (a.n != b.n) {
        return false;
    }
    for (size_t i = 0; i < a.n; i++) {
        if (lower(a.p[i]) != lower(b.p[i])) {
            return false;
        }
    }
    return true;
}

/* ---- reader ---- */

struct rd rd_of(struct bytes in)
{
    return (struct rd){.p = in.p, .n = in.n, .at = 0, .err = E_OK};
}

size_t rd_left(const struct rd *r)
{
    return r->err == E_OK ? r->n - r->at : 0;
}

struct bytes rd_take(struct rd *r, size_t n)
{
    if (r->err != E_OK || n > r->n - r->at) {
        r->err = r->err != E_OK ? r->err : E_TRUNCATED;
        return (struct bytes){NULL, 0};
    }
    if (n == 0) {
        return (struct bytes){r->p, 0}; /* r->p may be NULL: no arithmetic on it */
    }
    struct bytes v = {r->p + r->at, n};
    r->at += n;
    return v;
}

static uint64_t rd_be(struct rd *r, size_t n)
{
    struct bytes b = rd_take(r, n);
    uint64_t v = 0;
    for (size_t i = 0; i < b.n; i++) {
        v = v << 8 | b.p[i];
    }
    return v;
}

uint8_t rd_u8(struct rd *r)
{
    return (uint8_t)rd_be(r, 1);
}

uint16_t rd_be16(struct rd *r)
{
    return (uint16_t)rd_be(r, 2);
}

uint32_t rd_be24(struct rd *r)
{
    return (uint32_t)rd_be(r, 3);
}

uint32_t rd_be32(struct rd *r)
{
    return (uint32_t)rd_be(r, 4);
}

uint64_t rd_be64(struct rd *r)
{
    return rd_be(r, 8);
}

enum err rd_end(const struct rd *r)
{
    if (r->err != E_OK) {
        return r->err;
    }
    return r->at == r->n ? E_OK : E_TRAILING;
}

/* ---- writer ---- */

struct wr wr_of(struct mbytes out)
{
    return (struct wr){.p = out.p, .cap = out.n, .n = 0, .err = E_OK};
}

uint8_t *wr_hold(struct wr *w, size_t n)
{
    if (w->err != E_OK || n > w->cap - w->n) {
        w->err = w->err != E_OK ? w->err : E_NO_ROOM;
        return NULL;
    }
    if (n == 0) {
        return w->p; /* w->p may be NULL: no arithmetic on it */
    }
    uint8_t *p = w->p + w->n;
    w->n += n;
    return p;
}

static void wr_be(struct wr *w, uint64_t v, size_t n)
{
    uint8_t *p = wr_hold(w, n);
    if (p == NULL) {
        return;
    }
    for (size_t i = 0; i < n; i++) {
        p[i] = (uint8_t)(v >> 8 * (n - 1 - i));
    }
}

void wr_u8(struct wr *w, uint8_t v)
{
    wr_be(w, v, 1);
}

void wr_be16(struct wr *w, uint16_t v)
{
    wr_be(w, v, 2);
}

void wr_be24(struct wr *w, uint32_t v)
{
    if (v > 0xffffffu) {
        w->err = w->err != E_OK ? w->err : E_BAD_VALUE;
        return;
    }
    wr_be(w, v, 3);
}

void wr_be32(struct wr *w, uint32_t v)
{
    wr_be(w, v, 4);
}

void wr_be64(struct wr *w, uint64_t v)
{
    wr_be(w, v, 8);
}

void wr_put(struct wr *w, struct bytes v)
{
    uint8_t *p = wr_hold(w, v.n);
    if (p != NULL && v.n > 0) {
        memcpy(p, v.p, v.n);
    }
}

void wr_zero(struct wr *w, size_t n)
{
    uint8_t *p = wr_hold(w, n);
    if (p != NULL && n > 0) {
        memset(p, 0, n);
    }
}

struct bytes wr_done(const struct wr *w)
{
    return w->err == E_OK ? (struct bytes){w->p, w->n} : (struct bytes){NULL, 0};
}

/* ---- hex ---- */

static int nibble_of(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    if (c >= 'a' && c <= 'f') {
        return c - 'a' + 10;
    }
    if (c >= 'A' && c <= 'F') {
        return c - 'A' + 10;
    }
    return -1;
}

enum err hex_decode(const char *hex, struct mbytes out)
{
    size_t n = strlen(hex);
    /* All is looked at before anything is written. */
    for (size_t i = 0; i < n; i++) {
        if (nibble_of(hex[i]) < 0) {
            return E_BAD_DIGIT;
        }
    }
    if (n % 2 != 0 || n / 2 != out.n) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < out.n; i++) {
        out.p[i] = (uint8_t)(nibble_of(hex[2 * i]) << 4 | nibble_of(hex[2 * i + 1]));
    }
    return E_OK;
}

void hex_encode(struct bytes in, char *out)
{
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < in.n; i++) {
        out[2 * i] = digits[in.p[i] >> 4];
        out[2 * i + 1] = digits[in.p[i] & 0xf];
    }
    out[2 * in.n] = '\0';
}

void wipe(void *p, size_t n)
{
    if (n == 0) {
        return;
    }
    memset(p, 0, n);
    /* The statement claims to read the memory, so the stores above are not dead. */
    __asm__ volatile("" : : "r"(p) : "memory");
}
