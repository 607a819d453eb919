#include "nf/common/config_demo.h"

#include "base/span.h"

#include <stdio.h>
#include <string.h>

#define PEM_MAX 65536
#define BEGIN   "-----BEGIN CERTIFICATE-----"
#define END     "-----END CERTIFICATE-----"
/* In DER a name's organisation is the object identifier 2.5.4.10, a string type, a length, text. */
#define ORGANISATION "Bindery demo PKI, not for service"

static int sextet(char c)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const char *at = c != '\0' ? strchr(digits, c) : NULL;
    return at != NULL ? (int)(at - digits) : -1;
}

/* Base64 between two marks, in place: never longer than its text. Returns 0 for anything else. */
static size_t decode(char *text, const char *end)
{
    size_t n = 0;
    unsigned held = 0, bits = 0;
    for (const char *c = text; c < end && *c != '='; c++) {
        int v = sextet(*c);
        if (v < 0 && *c != '\n' && *c != '\r') {
            return 0;
        }
        if (v >= 0) {
            held = held << 6 | (unsigned)v;
            bits += 6;
        }
        if (bits >= 8) {
            bits -= 8;
            text[n++] = (char)(held >> bits & 0xff);
        }
    }
    return n;
}

static bool has_organisation(const char *der, size_t n)
{
    static const char types[] = {0x0c, 0x13}; /* UTF8String, PrintableString */
    char name[7 + sizeof ORGANISATION] = {0x06, 0x03, 0x55, 0x04, 0x0a, 0, sizeof ORGANISATION - 1};
    memcpy(name + 7, ORGANISATION, sizeof ORGANISATION - 1);
    for (size_t i = 0; i < sizeof types; i++) {
        name[5] = types[i];
        if (memmem(der, n, name, 7 + sizeof ORGANISATION - 1) != NULL) {
            return true;
        }
    }
    return false;
}

enum err config_demo_certificate(const char *path, bool *demo)
{
    static const char begin[] = BEGIN;
    char text[PEM_MAX];
    FILE *f = fopen(path, "re");
    if (f == NULL) {
        return E_IO;
    }
    size_t n = fread(text, 1, sizeof text - 1, f);
    bool failed = ferror(f) != 0;
    fclose(f);
    if (failed) {
        return E_IO;
    }
    text[n] = '\0';
    char *first = strstr(text, begin);
    char *body = first != NULL ? first + sizeof begin - 1 : NULL;
    const char *end = body != NULL ? strstr(body, END) : NULL;
    size_t octets = end != NULL ? decode(body, end) : 0;
    if (octets < 2 || body[0] != 0x30) {
        return E_BAD_VALUE;
    }
    *demo = has_organisation(body, octets);
    return E_OK;
}
