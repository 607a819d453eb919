/* id/digits.h - decimal digits as text and as nibbles; shared by the files of this room only. */
#ifndef BINDERY_ID_DIGITS_H
#define BINDERY_ID_DIGITS_H

#include "base/span.h"

#define NIBBLE_FILL 0xfu /* TS 24.301 9.9.3.12: ends a number with an odd count of digits */

static inline bool digits_only(struct bytes ascii)
{
    for (size_t i = 0; i < ascii.n; i++) {
        if (ascii.p[i] < '0' || ascii.p[i] > '9') {
            return false;
        }
    }
    return true;
}

/* The i-th nibble, low nibble of the first octet being number 0. */
static inline unsigned nibble_at(const uint8_t *in, size_t i)
{
    return i % 2 == 0 ? in[i / 2] & 0xfu : in[i / 2] >> 4;
}

/* n digits low nibble first into octets octets; the rest is F. */
static inline void digits_to_bcd(const char *digits, size_t n, uint8_t *out, size_t octets)
{
    for (size_t i = 0; i < octets; i++) {
        unsigned low = 2 * i < n ? (unsigned)(digits[2 * i] - '0') : NIBBLE_FILL;
        unsigned high = 2 * i + 1 < n ? (unsigned)(digits[2 * i + 1] - '0') : NIBBLE_FILL;
        out[i] = (uint8_t)(high << 4 | low);
    }
}

/* The digits before the first F, at most 2 * octets of them. Errors: E_BAD_DIGIT for A to E and for
 * anything but F after the first F. */
MUST_USE static inline enum err digits_from_bcd(const uint8_t *in, size_t octets, char *digits,
                                                size_t *n)
{
    size_t count = 0;
    while (count < 2 * octets && nibble_at(in, count) != NIBBLE_FILL) {
        unsigned v = nibble_at(in, count);
        if (v > 9) {
            return E_BAD_DIGIT;
        }
        digits[count++] = (char)('0' + v);
    }
    for (size_t i = count; i < 2 * octets; i++) {
        if (nibble_at(in, i) != NIBBLE_FILL) {
            return E_BAD_DIGIT;
        }
    }
    *n = count;
    return E_OK;
}

#endif
