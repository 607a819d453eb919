#include "nf/common/base64.h"

#include <string.h>

static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(struct bytes in, char *out)
{
    for (size_t i = 0; i < in.n; i += 3) {
        size_t left = in.n - i;
        uint32_t v = (uint32_t)in.p[i] << 16 | (left > 1 ? (uint32_t)in.p[i + 1] << 8 : 0) |
                     (left > 2 ? in.p[i + 2] : 0);
        *out++ = digits[v >> 18];
        *out++ = digits[v >> 12 & 63];
        *out++ = left > 1 ? digits[v >> 6 & 63] : '=';
        *out++ = left > 2 ? digits[v & 63] : '=';
    }
    *out = '\0';
}

static int value_of(uint8_t c)
{
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

enum err base64_decode(struct bytes text, struct mbytes out, size_t *n)
{
    size_t pad = 0;
    if (text.n % 4 != 0) {
        return E_BAD_LENGTH;
    }
    while (pad < 2 && pad < text.n && text.p[text.n - 1 - pad] == '=') {
        pad++;
    }
    size_t octets = text.n / 4 * 3 - pad;
    if (octets > out.n) {
        return E_NO_ROOM;
    }
    uint32_t held = 0;
    unsigned bits = 0;
    size_t at = 0;
    for (size_t i = 0; i < text.n - pad; i++) {
        int v = value_of(text.p[i]);
        if (v < 0) {
            return E_BAD_DIGIT;
        }
        held = held << 6 | (uint32_t)v;
        bits += 6;
        if (bits >= 8) {
            bits -= 8;
            out.p[at++] = (uint8_t)(held >> bits);
        }
    }
    *n = at;
    return (held & ((1U << bits) - 1)) == 0 ? E_OK : E_BAD_DIGIT;
}
