#include "cli/import_seen.h"

#include "crypto/openssl.h"
#include "id/imsi.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#define ROOM_FIRST 1024

/* A key as a file gives it: what it is (K, or OPc encrypted under such a key), and a digest. Both
 * 0: it is not given. */
struct seen_key {
    uint64_t kind, digest;
};
struct seen_row {
    uint64_t imsi; /* its digits, one in four bits; 0: free */
    uint64_t line;
    struct seen_key k, op;
};

enum err import_seen_open(struct import_seen *s)
{
    *s = (struct import_seen){.room = 0};
    enum err err = crypto_openssl_open(&s->crypto);
    return err == E_OK ? s->crypto.random(s->crypto.ctx, MBYTES_OF(s->secret)) : err;
}

void import_seen_close(struct import_seen *s)
{
    crypto_openssl_close(&s->crypto);
    wipe(s->secret, sizeof s->secret);
    free(s->rows);
    *s = (struct import_seen){.room = 0};
}

/* ---- one row ---- */

static uint64_t pack(const struct imsi *imsi)
{
    uint64_t packed = 1; /* so that 00101 and 0101 differ, and none is 0 */
    for (size_t i = 0; i < imsi->n; i++) {
        packed = packed << 4 | (uint64_t)(imsi->digits[i] - '0');
    }
    return packed;
}

static enum err short_digest(const struct import_seen *s, struct bytes a, struct bytes b,
                             uint64_t *out)
{
    const struct bytes parts[] = {a, BYTES_LIT("/"), b};
    uint8_t full[32];
    enum err err = s->crypto.hmac_sha256(s->crypto.ctx, BYTES_OF(s->secret), parts, 3, full);
    memcpy(out, full, sizeof *out);
    return err;
}

/* Encrypted under a key of one name only the same octets are the same key. */
static enum err kind_of(const struct import_seen *s, const json_t *row, const char *name,
                        uint64_t clear, uint64_t *out)
{
    const char *under = json_string_value(json_object_get(row, "transport_key"));
    *out = clear;
    return strstr(name, "_encrypted") == NULL
               ? E_OK
               : short_digest(s, bytes_of_str(name), bytes_of_str(under != NULL ? under : ""), out);
}

/* Hex digits count alike in either case. */
static enum err key_of(const struct import_seen *s, const json_t *row, const char *const *names,
                       size_t n_names, struct seen_key *out)
{
    char low[160] = "";
    size_t at = 0;
    while (at < n_names && json_object_get(row, names[at]) == NULL) {
        at++;
    }
    const json_t *v = at < n_names ? json_object_get(row, names[at]) : NULL;
    const size_t n = json_is_string(v) ? json_string_length(v) : 0;
    if (n == 0 || n >= sizeof low) {
        return E_OK; /* no key: the HSS will say so */
    }
    for (size_t i = 0; i < n; i++) {
        low[i] = (char)tolower((unsigned char)json_string_value(v)[i]);
    }
    enum err err = kind_of(s, row, names[at], at + 1, &out->kind);
    if (err == E_OK) {
        err = short_digest(s, BYTES_LIT("value"), (struct bytes){(const uint8_t *)low, n},
                           &out->digest);
    }
    wipe(low, sizeof low);
    return err;
}

static enum err keys_of(const struct import_seen *s, const json_t *row, struct seen_row *out)
{
    static const char *const k[] = {"k", "k_encrypted"};
    static const char *const op[] = {"opc", "op", "opc_encrypted", "op_encrypted"};
    enum err err = key_of(s, row, k, sizeof k / sizeof *k, &out->k);
    return err == E_OK ? key_of(s, row, op, sizeof op / sizeof *op, &out->op) : err;
}

static bool differ(const struct seen_key *a, const struct seen_key *b)
{
    return a->kind != 0 && a->kind == b->kind && a->digest != b->digest;
}

/* ---- the table: open addressing, never more than three quarters full ---- */

static struct seen_row *place_of(struct seen_row *rows, size_t room, uint64_t imsi)
{
    size_t at = (size_t)((imsi * UINT64_C(0x9e3779b97f4a7c15)) >> 20) & (room - 1);
    while (rows[at].imsi != 0 && rows[at].imsi != imsi) {
        at = (at + 1) & (room - 1);
    }
    return &rows[at];
}

static enum err make_room(struct import_seen *s)
{
    const size_t room = s->room == 0 ? ROOM_FIRST : 2 * s->room;
    if (4 * (s->n + 1) <= 3 * s->room) {
        return E_OK;
    }
    struct seen_row *rows = calloc(room, sizeof *rows);
    if (rows == NULL) {
        return E_MEMORY;
    }
    for (size_t i = 0; i < s->room; i++) {
        if (s->rows[i].imsi != 0) {
            *place_of(rows, room, s->rows[i].imsi) = s->rows[i];
        }
    }
    free(s->rows);
    s->rows = rows;
    s->room = room;
    return E_OK;
}

enum err import_seen_add(struct import_seen *s, const json_t *row, unsigned long line,
                         struct import_clash *clash)
{
    const char *text = json_string_value(json_object_get(row, "imsi"));
    struct seen_row now = {.line = line};
    struct imsi imsi;
    if (text == NULL || imsi_parse(bytes_of_str(text), &imsi) != E_OK) {
        return E_OK;
    }
    now.imsi = pack(&imsi);
    enum err err = keys_of(s, row, &now);
    if (err == E_OK && now.k.kind != 0) {
        err = make_room(s);
    }
    if (err != E_OK || now.k.kind == 0) {
        return err;
    }
    struct seen_row *is = place_of(s->rows, s->room, now.imsi);
    if (is->imsi == 0) {
        *is = now;
        s->n++;
        return E_OK;
    }
    const bool other_k = differ(&is->k, &now.k);
    *clash = (struct import_clash){is->line, other_k ? "K" : "OPc"};
    return other_k || differ(&is->op, &now.op) ? E_CONFLICT : E_OK;
}
