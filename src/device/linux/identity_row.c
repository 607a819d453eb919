/* The rows of a production lot as text: src/device/linux/identity_lot.h. Written and read by hand,
 * so that no other library ever holds a key in its text. */
#include "device/linux/identity_lot.h"

#include "device/linux/signer_openssl.h"
#include <openssl/evp.h>
#include <string.h>

struct bytes identity_certificate(const struct identity_row *row, size_t i)
{
    size_t at = 0;
    if (i >= row->n_chain) {
        return (struct bytes){NULL, 0};
    }
    for (size_t k = 0; k < i; k++) {
        at += row->chain_n[k];
    }
    return (struct bytes){row->chain + at, row->chain_n[i]};
}

enum err identity_add_certificate(struct identity_row *row, struct bytes der)
{
    size_t at = 0;
    for (size_t k = 0; k < row->n_chain; k++) {
        at += row->chain_n[k];
    }
    if (row->n_chain == DEVID_CHAIN_MAX || der.n == 0 || der.n > sizeof row->chain - at) {
        return E_NO_ROOM;
    }
    memcpy(row->chain + at, der.p, der.n);
    row->chain_n[row->n_chain++] = (uint16_t)der.n;
    return E_OK;
}

void identity_row_wipe(struct identity_row *row)
{
    wipe(row, sizeof *row);
}

/* ---- the public key ---- */

enum err identity_public_key(const struct identity_row *row, uint8_t out[static IDENTITY_SPKI_MAX],
                             size_t *n)
{
    const struct bytes key = {row->key.der, row->key.n};
    uint8_t algorithm, spki[SIGNER_PUBLIC_MAX];
    size_t spki_n = 0;
    if (signer_openssl_algorithm(key, &algorithm) != E_OK || algorithm != row->algorithm ||
        signer_openssl_public(key, spki, &spki_n) != E_OK) {
        return E_BAD_VALUE;
    }
    if (spki_n > IDENTITY_SPKI_MAX) {
        return E_NO_ROOM;
    }
    memcpy(out, spki, spki_n);
    *n = spki_n;
    return E_OK;
}

/* ---- writing ---- */

static void put(struct wr *w, const char *text)
{
    wr_put(w, bytes_of_str(text));
}

static void put_base64(struct wr *w, struct bytes in)
{
    const size_t n = (in.n + 2) / 3 * 4;
    uint8_t *at = wr_hold(w, n + 1); /* EVP_EncodeBlock ends its text */
    if (at != NULL) {
        (void)EVP_EncodeBlock(at, in.p, (int)in.n);
        w->n--;
    }
}

static void put_chain(struct wr *w, const struct identity_row *row)
{
    put(w, ",\"certificates\":[");
    for (size_t i = 0; i < row->n_chain; i++) {
        put(w, i > 0 ? ",\"" : "\"");
        put_base64(w, identity_certificate(row, i));
        put(w, "\"");
    }
    put(w, "]");
}

static void put_imei(struct wr *w, const struct identity_row *row)
{
    char imei[IMEI_DIGITS + 2];
    imei_print(&row->imei, imei);
    put(w, "{\"imei\":\"");
    put(w, imei);
}

static enum err done(const struct wr *w, size_t *n)
{
    *n = w->n;
    return w->err;
}

enum err identity_row_write(const struct identity_row *row, struct mbytes out, size_t *n)
{
    struct wr w = wr_of(out);
    if (row->key.n > sizeof row->key.der) {
        return E_BAD_VALUE;
    }
    put_imei(&w, row);
    put(&w, "\",\"algorithm\":\"");
    put(&w, devid_algorithm_name(row->algorithm));
    put(&w, "\",\"key\":\"");
    put_base64(&w, (struct bytes){row->key.der, row->key.n});
    put(&w, "\"");
    put_chain(&w, row);
    put(&w, "}\n");
    return done(&w, n);
}

enum err identity_binding_write(const struct identity_row *row, struct bytes spki,
                                struct mbytes out, size_t *n)
{
    struct wr w = wr_of(out);
    uint8_t own[IDENTITY_SPKI_MAX];
    if (row->n_chain == 0 && spki.n == 0) {
        const enum err err = identity_public_key(row, own, &spki.n);
        if (err != E_OK) {
            return err;
        }
        spki.p = own;
    }
    put_imei(&w, row);
    put(&w, "\",\"use\":\"identity\"");
    if (row->n_chain > 0) {
        put_chain(&w, row);
    } else {
        put(&w, ",\"public_key\":\"");
        put_base64(&w, spki);
        put(&w, "\"");
    }
    put(&w, "}\n");
    return done(&w, n);
}

/* ---- reading ---- */

static bool take(struct rd *r, const char *text)
{
    const size_t n = strlen(text);
    if (rd_left(r) < n || !bytes_eq((struct bytes){r->p + r->at, n}, bytes_of_str(text))) {
        return false;
    }
    return rd_take(r, n).n == n;
}

/* What stands before the next quotation mark, which is passed over. */
static bool take_text(struct rd *r, struct bytes *out)
{
    const uint8_t *from = r->p + r->at;
    const uint8_t *quote = rd_left(r) > 0 ? memchr(from, '"', rd_left(r)) : NULL;
    if (quote == NULL) {
        return false;
    }
    *out = rd_take(r, (size_t)(quote - from));
    return rd_u8(r) == '"';
}

/* Only the text that encoding gives: what was decoded is encoded again. */
static bool take_base64(struct rd *r, struct mbytes out, size_t *n)
{
    struct bytes text;
    uint8_t octets[IDENTITY_CHAIN_MAX + 3], again[(IDENTITY_CHAIN_MAX + 2) / 3 * 4 + 1];
    if (!take_text(r, &text) || text.n == 0 || text.n % 4 != 0 || text.n >= sizeof again) {
        return false;
    }
    size_t pad = text.p[text.n - 1] != '=' ? 0 : text.p[text.n - 2] != '=' ? 1 : 2;
    *n = text.n / 4 * 3 - pad;
    bool good = *n <= out.n && EVP_DecodeBlock(octets, text.p, (int)text.n) == (int)(*n + pad);
    if (good) {
        (void)EVP_EncodeBlock(again, octets, (int)*n);
        good = crypto_ct_eq((struct bytes){again, text.n}, text);
        memcpy(out.p, octets, *n);
    }
    wipe(octets, sizeof octets);
    wipe(again, sizeof again);
    return good;
}

static bool take_chain(struct rd *r, struct identity_row *out)
{
    uint8_t der[IDENTITY_CHAIN_MAX];
    size_t n;
    if (take(r, "]")) {
        return true;
    }
    do {
        if (!take(r, "\"") || !take_base64(r, MBYTES_OF(der), &n) ||
            identity_add_certificate(out, (struct bytes){der, n}) != E_OK) {
            return false;
        }
    } while (take(r, ","));
    return take(r, "]");
}

static bool take_row(struct rd *r, struct identity_row *out)
{
    struct bytes imei, algorithm;
    size_t n = 0;
    bool good = take(r, "{\"imei\":\"") && take_text(r, &imei) && imei.n == IMEI_DIGITS + 1 &&
                imei_parse(imei, &out->imei) == E_OK && take(r, ",\"algorithm\":\"") &&
                take_text(r, &algorithm) &&
                devid_algorithm_parse(algorithm, &out->algorithm) == E_OK &&
                take(r, ",\"key\":\"") && take_base64(r, MBYTES_OF(out->key.der), &n);
    out->key.n = (uint16_t)n;
    return good && take(r, ",\"certificates\":[") && take_chain(r, out) && take(r, "}") &&
           rd_end(r) == E_OK;
}

enum err identity_row_read(struct bytes line, struct identity_row *out)
{
    struct identity_row row = {.algorithm = 0};
    struct rd r = rd_of(line);
    const bool good = take_row(&r, &row);
    if (good) {
        *out = row;
    }
    identity_row_wipe(&row);
    return good ? E_OK : E_BAD_VALUE;
}
