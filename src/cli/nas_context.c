#include "cli/nas_context.h"
#include "cli/named_values.h"
#include "crypto/kdf.h"
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAC_AT     1 /* TS 24.301 9.1: SHT and PD, MAC (4), SN, message */
#define SIGNED_AT  5
#define MESSAGE_AT NAS_SECURITY_HEADER_LEN

/* ---- reading ---- */

static bool take_key(const char *value, struct mbytes out, bool *has)
{
    *has = hex_decode(value, out) == E_OK;
    return *has;
}

static bool take_number(const char *value, unsigned long least, unsigned long most,
                        unsigned long *out)
{
    char *end;
    bool hex = !strncmp(value, "0x", 2);
    unsigned long v = strtoul(value, &end, hex ? 16 : 10);
    if (*value < '0' || *value > '9' || *end || v < least || v > most) {
        return false;
    }
    *out = v;
    return true;
}

/* "2", "EEA2" or "128-EEA2" */
static bool take_algorithm(const char *value, const char *kind, unsigned long least, uint8_t *out,
                           bool *has)
{
    unsigned long v;
    const char *s = value;
    s += !strncmp(s, "128-", 4) ? 4 : 0;
    if (!strncmp(s, kind, 3) || !strncmp(s, kind + 3, 3)) {
        s += 3;
    } else if (s != value) {
        return false;
    }
    *has = take_number(s, least, 3, &v);
    *out = *has ? (uint8_t)v : 0;
    return *has;
}

static bool take_direction(const char *value, struct nas_context *c)
{
    bool up = !strcmp(value, "up"), down = !strcmp(value, "down");
    c->has_direction = up || down;
    c->direction = down;
    return c->has_direction;
}

static bool set_key_member(struct nas_context *c, const char *name, const char *value, bool *known)
{
    *known = true;
    if (!strcmp(name, "kasme")) {
        return take_key(value, MBYTES_OF(c->kasme.b), &c->has_kasme);
    }
    if (!strcmp(name, "knasenc")) {
        return take_key(value, MBYTES_OF(c->knasenc.b), &c->has_knasenc);
    }
    if (!strcmp(name, "knasint")) {
        return take_key(value, MBYTES_OF(c->knasint.b), &c->has_knasint);
    }
    *known = false;
    return false;
}

static bool set_open_member(struct nas_context *c, const char *name, const char *value, bool *known)
{
    unsigned long v = 0;
    bool good = false;
    if (!strcmp(name, "eea")) {
        return take_algorithm(value, "EEAeea", 0, &c->eea, &c->has_eea);
    }
    if (!strcmp(name, "eia")) {
        return take_algorithm(value, "EIAeia", 1, &c->eia, &c->has_eia);
    }
    if (!strcmp(name, "direction")) {
        return take_direction(value, c);
    }
    if (!strcmp(name, "count")) {
        good = take_number(value, 0, NAS_CONTEXT_COUNT_MAX, &v);
        c->has_count = good;
        c->count = (uint32_t)v;
    } else if (!strcmp(name, "bearer")) {
        good = take_number(value, 0, 31, &v);
        c->bearer = (uint8_t)v;
    } else if (!strcmp(name, "header-type")) {
        good = take_number(value, NAS_SHT_INTEGRITY, NAS_SHT_CIPHERED_NEW, &v);
        c->sht = (uint8_t)v;
    } else {
        *known = false;
    }
    return good;
}

/* What each member takes, for whoever got it wrong. */
static const char *form_of(const char *name)
{
    static const char *const forms[][2] = {
        {"kasme", "64 hex digits"},
        {"knasenc", "32 hex digits"},
        {"knasint", "32 hex digits"},
        {"eea", "0 to 3"},
        {"eia", "1 to 3 (EIA0 protects nothing)"},
        {"count", "0 to 16777215 (24 bits)"},
        {"bearer", "0 to 31"},
        {"direction", "up or down"},
        {"header-type", "1 to 4 (TS 24.301 9.3.1)"},
    };
    size_t i = 0;
    while (i + 1 < sizeof forms / sizeof forms[0] && strcmp(forms[i][0], name) != 0) {
        i++;
    }
    return forms[i][1];
}

bool nas_context_set(struct nas_context *c, const char *name, const char *value, char *why,
                     size_t cap)
{
    bool known;
    bool good = set_key_member(c, name, value, &known);
    if (!known) {
        known = true;
        good = set_open_member(c, name, value, &known);
    }
    if (!known) {
        snprintf(why, cap, "'%.24s' is nothing of a NAS security context", name);
    } else if (!good) {
        snprintf(why, cap, "%s takes %s", name, form_of(name));
    }
    return good;
}

static bool set_named(void *ctx, const char *name, const char *value, char *why, size_t cap)
{
    return nas_context_set(ctx, name, value, why, cap);
}

bool nas_context_parse(struct nas_context *c, char *text, size_t n, char *why, size_t cap)
{
    return named_values_parse(text, n, set_named, c, why, cap);
}

static const char *what_is_missing(const struct nas_context *c)
{
    return !c->has_eia                        ? "eia, the integrity algorithm,"
           : !c->has_eea                      ? "eea, the ciphering algorithm,"
           : !c->has_direction                ? "direction, up or down,"
           : !c->has_kasme && !c->has_knasint ? "kasme or knasint"
           : !c->has_kasme && !c->has_knasenc && c->eea != NAS_EEA0 ? "kasme or knasenc"
                                                                    : NULL;
}

bool nas_context_complete(const struct crypto *crypto, struct nas_context *c, char *why, size_t cap)
{
    const char *missing = what_is_missing(c);
    if (missing) {
        snprintf(why, cap, "%s is missing", missing);
        return false;
    }
    enum err e = E_OK;
    if (!c->has_knasint) {
        e = kdf_knasint(crypto, &c->kasme, c->eia, &c->knasint);
    }
    if (e == E_OK && !c->has_knasenc && c->has_kasme) {
        e = kdf_knasenc(crypto, &c->kasme, c->eea, &c->knasenc);
    }
    if (e != E_OK) {
        snprintf(why, cap, "%s", err_sentence(e));
    }
    return e == E_OK;
}

/* ---- computing ---- */

static struct nas_position position(const struct nas_context *c, uint32_t count, uint8_t direction)
{
    return (struct nas_position){.count = count, .bearer = c->bearer, .direction = direction};
}

static enum err mac_of(const struct crypto *crypto, const struct nas_context *c,
                       struct nas_position at, struct bytes covered, uint8_t mac[static 4])
{
    return nas_mac(crypto, (enum nas_eia)c->eia, &c->knasint, at, covered, 8 * covered.n, mac);
}

static enum err cipher(const struct crypto *crypto, const struct nas_context *c,
                       struct nas_position at, uint8_t sht, struct mbytes octets)
{
    bool ciphered = sht == NAS_SHT_CIPHERED || sht == NAS_SHT_CIPHERED_NEW;
    return ciphered
               ? nas_cipher(crypto, (enum nas_eea)c->eea, &c->knasenc, at, octets, 8 * octets.n)
               : E_OK;
}

/* Only these two begin with a new context (TS 24.301 9.3.1). */
static uint8_t usual_header(const struct nas_pdu *plain)
{
    bool emm = plain->kind == NAS_PLAIN_EMM;
    return emm && plain->type == NAS_SECURITY_MODE_COMMAND    ? NAS_SHT_INTEGRITY_NEW
           : emm && plain->type == NAS_SECURITY_MODE_COMPLETE ? NAS_SHT_CIPHERED_NEW
                                                              : NAS_SHT_CIPHERED;
}

static enum err protect_service_request(const struct crypto *crypto, const struct nas_context *c,
                                        struct bytes given, struct mbytes out, size_t *n)
{
    uint8_t mac[4];
    if (out.n < NAS_SERVICE_REQUEST_LEN) {
        return E_NO_ROOM;
    }
    out.p[0] = given.p[0];
    out.p[1] = (uint8_t)((given.p[1] & 0xE0U) | (c->count & 0x1FU));
    enum err e =
        mac_of(crypto, c, position(c, c->count, c->direction), (struct bytes){out.p, 2}, mac);
    if (e == E_OK) {
        memcpy(out.p + 2, mac + 2, 2);
        *n = NAS_SERVICE_REQUEST_LEN;
    }
    return e;
}

enum err nas_context_protect(const struct crypto *crypto, const struct nas_context *c,
                             struct bytes plain, struct mbytes out, size_t *n)
{
    struct nas_pdu seen;
    const struct nas_position at = position(c, c->count, c->direction);
    enum err e = nas_peek(plain, &seen);
    if (e != E_OK) {
        return e;
    }
    if (seen.kind == NAS_SERVICE_REQUEST) {
        return protect_service_request(crypto, c, plain, out, n);
    }
    if (seen.kind == NAS_PROTECTED) {
        return E_BAD_STATE;
    }
    if (out.n < plain.n + MESSAGE_AT) {
        return E_NO_ROOM;
    }
    uint8_t sht = c->sht ? c->sht : usual_header(&seen), mac[4] = {0};
    nas_security_header(sht, mac, (uint8_t)c->count, out.p);
    memcpy(out.p + MESSAGE_AT, plain.p, plain.n);
    e = cipher(crypto, c, at, sht, (struct mbytes){out.p + MESSAGE_AT, plain.n});
    if (e == E_OK) {
        e = mac_of(crypto, c, at, (struct bytes){out.p + SIGNED_AT, 1 + plain.n}, mac);
    }
    if (e == E_OK) {
        memcpy(out.p + MAC_AT, mac, sizeof mac);
        *n = plain.n + MESSAGE_AT;
    }
    return e;
}

/* Does the MAC hold in this direction? A SERVICE REQUEST has the two low octets of one. */
static enum err check_mac(const struct crypto *crypto, const struct nas_context *c,
                          const struct nas_opened *o, struct bytes pdu, uint8_t direction,
                          bool *holds)
{
    bool brief = o->pdu.kind == NAS_SERVICE_REQUEST;
    struct bytes covered =
        brief ? (struct bytes){pdu.p, 2} : (struct bytes){pdu.p + SIGNED_AT, pdu.n - SIGNED_AT};
    struct bytes got = brief ? (struct bytes){pdu.p + 2, 2} : (struct bytes){pdu.p + MAC_AT, 4};
    uint8_t mac[4];
    enum err e = mac_of(crypto, c, position(c, o->count, direction), covered, mac);
    *holds = e == E_OK && crypto_ct_eq((struct bytes){mac + 4 - got.n, got.n}, got);
    return e;
}

static enum err begin(const struct nas_context *c, struct bytes pdu, struct nas_opened *o)
{
    *o = (struct nas_opened){0};
    enum err e = nas_peek(pdu, &o->pdu);
    if (e != E_OK) {
        return e;
    }
    if (o->pdu.kind != NAS_PROTECTED && o->pdu.kind != NAS_SERVICE_REQUEST) {
        return E_BAD_STATE;
    }
    if (o->pdu.sht == NAS_SHT_PARTIAL) {
        return E_UNSUPPORTED;
    }
    uint32_t low = o->pdu.kind == NAS_SERVICE_REQUEST ? 0x1F : 0xFF;
    o->count = c->has_count ? c->count : o->pdu.sn;
    return (o->count & low) == o->pdu.sn ? E_OK : E_SYNC;
}

enum err nas_context_unprotect(const struct crypto *crypto, const struct nas_context *c,
                               struct bytes pdu, struct mbytes out, struct nas_opened *got)
{
    enum err e = begin(c, pdu, got);
    struct bytes inside = got->pdu.kind == NAS_SERVICE_REQUEST ? pdu : got->pdu.inner;
    if (e != E_OK) {
        return e;
    }
    if (out.n < inside.n) {
        return E_NO_ROOM;
    }
    e = check_mac(crypto, c, got, pdu, c->direction, &got->holds);
    if (e == E_OK && !got->holds) {
        return check_mac(crypto, c, got, pdu, !c->direction, &got->other_way);
    }
    memcpy(out.p, inside.p, inside.n);
    if (e == E_OK) {
        e = cipher(crypto, c, position(c, got->count, c->direction), got->pdu.sht,
                   (struct mbytes){out.p, inside.n});
    }
    got->raw = (struct bytes){out.p, inside.n};
    return e;
}
