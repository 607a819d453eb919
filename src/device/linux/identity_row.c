/* The rows of a production lot as text: src/device/linux/identity_lot.h. Written and read by hand,
 * so that no other library ever holds a key in its text. */
#include "device/linux/identity_lot.h"

#include "device/linux/base64.h"
#include <string.h>

/* Octets of the first `n` items that stand one behind the other. */
static size_t items(const uint16_t *len, size_t n)
{
    size_t at = 0;
    for (size_t k = 0; k < n; k++) {
        at += len[k];
    }
    return at;
}

static struct bytes item(const uint8_t *octets, const uint16_t *len, size_t n, size_t i)
{
    return i < n ? (struct bytes){octets + items(len, i), len[i]} : (struct bytes){NULL, 0};
}

/* *n of `most` items are there, in `room`. */
static enum err add_item(struct mbytes room, uint16_t *len, uint8_t *n, size_t most,
                         struct bytes der)
{
    const size_t at = items(len, *n);
    if (*n == most || der.n == 0 || der.n > room.n - at) {
        return E_NO_ROOM;
    }
    memcpy(room.p + at, der.p, der.n);
    len[(*n)++] = (uint16_t)der.n;
    return E_OK;
}

struct bytes identity_certificate(const struct identity_row *row, size_t i)
{
    return item(row->chain, row->chain_n, row->n_chain, i);
}

enum err identity_add_certificate(struct identity_row *row, struct bytes der)
{
    return add_item(MBYTES_OF(row->chain), row->chain_n, &row->n_chain, DEVID_CHAIN_MAX, der);
}

struct bytes identity_onboarding_certificate(const struct identity_onboarding *o, size_t i)
{
    return item(o->chain, o->chain_n, o->n_chain, i);
}

enum err identity_onboarding_add_certificate(struct identity_onboarding *o, struct bytes der)
{
    return add_item(MBYTES_OF(o->chain), o->chain_n, &o->n_chain, DEVID_CHAIN_MAX, der);
}

struct bytes identity_onboarding_root(const struct identity_onboarding *o, size_t i)
{
    return item(o->roots, o->root_n, o->n_roots, i);
}

enum err identity_onboarding_add_root(struct identity_onboarding *o, struct bytes der)
{
    return add_item(MBYTES_OF(o->roots), o->root_n, &o->n_roots, IDENTITY_ROOTS_MAX, der);
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

/* ,"name":["...","..."] */
static void put_list(struct wr *w, const char *name, const uint8_t *octets, const uint16_t *len,
                     size_t n)
{
    put(w, ",\"");
    put(w, name);
    put(w, "\":[");
    for (size_t i = 0; i < n; i++) {
        put(w, i > 0 ? ",\"" : "\"");
        base64_write(w, item(octets, len, n, i));
        put(w, "\"");
    }
    put(w, "]");
}

static void put_chain(struct wr *w, const struct identity_row *row)
{
    put_list(w, "certificates", row->chain, row->chain_n, row->n_chain);
}

/* "name":"text": what is written so needs no escapes, but for '"' and '\\'. */
static void put_text(struct wr *w, const char *name, const char *text)
{
    put(w, "\"");
    put(w, name);
    put(w, "\":\"");
    for (; *text != '\0'; text++) {
        if (*text == '"' || *text == '\\') {
            put(w, "\\");
        }
        wr_put(w, (struct bytes){(const uint8_t *)text, 1});
    }
    put(w, "\"");
}

static const char *form_name(uint8_t form)
{
    return form == CERTATTACH_RSA ? "rsa" : "p256";
}

/* Can all of it be written, and read again? */
static bool is_written(const struct identity_onboarding *o)
{
    struct certattach_url url;
    return (o->form == CERTATTACH_EC || o->form == CERTATTACH_RSA) && o->key_n > 0 &&
           o->key_n <= sizeof o->key && o->n_chain > 0 && o->n_roots > 0 &&
           certattach_url_parse(bytes_of_str(o->url), &url) == E_OK &&
           device_text_check(bytes_of_str(o->manufacturer)) == E_OK &&
           device_text_check(bytes_of_str(o->model)) == E_OK &&
           device_text_check(bytes_of_str(o->serial_number)) == E_OK;
}

static void put_texts(struct wr *w, const struct identity_onboarding *o)
{
    put_text(w, "manufacturer", o->manufacturer);
    put(w, ",");
    put_text(w, "model", o->model);
    put(w, ",");
    put_text(w, "serial_number", o->serial_number);
}

static void put_onboarding(struct wr *w, const struct identity_onboarding *o)
{
    put(w, ",\"onboarding\":{");
    put_text(w, "url", o->url);
    put(w, ",");
    put_texts(w, o);
    put(w, ",");
    put_text(w, "algorithm", form_name(o->form));
    put(w, ",\"key\":\"");
    base64_write(w, (struct bytes){o->key, o->key_n});
    put(w, "\"");
    put_list(w, "certificates", o->chain, o->chain_n, o->n_chain);
    put_list(w, "roots", o->roots, o->root_n, o->n_roots);
    put(w, "}");
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
    if (row->key.n > sizeof row->key.der ||
        (row->onboarding.form != 0 && !is_written(&row->onboarding))) {
        return E_BAD_VALUE;
    }
    put_imei(&w, row);
    put(&w, "\",\"algorithm\":\"");
    put(&w, devid_algorithm_name(row->algorithm));
    put(&w, "\",\"key\":\"");
    base64_write(&w, (struct bytes){row->key.der, row->key.n});
    put(&w, "\"");
    put_chain(&w, row);
    if (row->onboarding.form != 0) {
        put_onboarding(&w, &row->onboarding);
    }
    put(&w, "}\n");
    return done(&w, n);
}

/*= certattach-device */
static void put_provisioning(struct wr *w, const struct identity_row *row)
{
    const struct identity_onboarding *o = &row->onboarding;
    struct certattach_url url;
    if (!is_written(o) || certattach_url_parse(bytes_of_str(o->url), &url) != E_OK) {
        w->err = E_BAD_VALUE;
        return;
    }
    put_imei(w, row);
    put(w, "\",\"use\":\"provisioning\"");
    put_list(w, "certificates", o->chain, o->chain_n, o->n_chain);
    put(w, ",\"device\":{");
    put_text(w, "id", url.id.text);
    put(w, ",");
    put_texts(w, o);
    put(w, "}}\n");
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
        base64_write(&w, spki);
        put(&w, "\"");
    }
    put(&w, "}\n");
    if (row->onboarding.form != 0) {
        put_provisioning(&w, row);
    }
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

static bool take_base64(struct rd *r, struct mbytes out, size_t *n)
{
    struct bytes text;
    return take_text(r, &text) && base64_read(text, out, n) == E_OK;
}

/* The items of a list that has begun. */
static bool take_list(struct rd *r, struct mbytes room, uint16_t *len, uint8_t *n, size_t most)
{
    uint8_t der[IDENTITY_CHAIN_MAX];
    size_t der_n;
    if (take(r, "]")) {
        return true;
    }
    do {
        if (!take(r, "\"") || !take_base64(r, MBYTES_OF(der), &der_n) ||
            add_item(room, len, n, most, (struct bytes){der, der_n}) != E_OK) {
            return false;
        }
    } while (take(r, ","));
    return take(r, "]");
}

static bool take_chain(struct rd *r, struct identity_row *out)
{
    return take_list(r, MBYTES_OF(out->chain), out->chain_n, &out->n_chain, DEVID_CHAIN_MAX);
}

/* "name":"text", and back what put_text did. */
static bool take_named(struct rd *r, const char *name, struct mbytes out)
{
    size_t n = 0;
    bool closed = false;
    if (!take(r, "\"") || !take(r, name) || !take(r, "\":\"")) {
        return false;
    }
    while (rd_left(r) > 0 && !(closed = take(r, "\""))) {
        uint8_t c = rd_u8(r);
        const bool escaped = c == '\\';
        c = escaped ? rd_u8(r) : c;
        if (c < 0x20 || n + 1 >= out.n || (escaped && c != '"' && c != '\\')) {
            return false;
        }
        out.p[n++] = c;
    }
    out.p[n] = '\0';
    return closed;
}

static bool take_form(struct rd *r, struct identity_onboarding *out)
{
    out->form = take(r, ",\"algorithm\":\"p256\"")  ? CERTATTACH_EC
                : take(r, ",\"algorithm\":\"rsa\"") ? CERTATTACH_RSA
                                                    : 0;
    return out->form != 0;
}

static bool take_onboarding(struct rd *r, struct identity_onboarding *out)
{
    size_t n = 0;
    const bool good =
        take_named(r, "url", (struct mbytes){(uint8_t *)out->url, sizeof out->url}) &&
        take(r, ",") &&
        take_named(r, "manufacturer",
                   (struct mbytes){(uint8_t *)out->manufacturer, sizeof out->manufacturer}) &&
        take(r, ",") &&
        take_named(r, "model", (struct mbytes){(uint8_t *)out->model, sizeof out->model}) &&
        take(r, ",") &&
        take_named(r, "serial_number",
                   (struct mbytes){(uint8_t *)out->serial_number, sizeof out->serial_number}) &&
        take_form(r, out) && take(r, ",\"key\":\"") && take_base64(r, MBYTES_OF(out->key), &n);
    out->key_n = (uint16_t)n;
    return good && take(r, ",\"certificates\":[") &&
           take_list(r, MBYTES_OF(out->chain), out->chain_n, &out->n_chain, DEVID_CHAIN_MAX) &&
           take(r, ",\"roots\":[") &&
           take_list(r, MBYTES_OF(out->roots), out->root_n, &out->n_roots, IDENTITY_ROOTS_MAX) &&
           take(r, "}") && is_written(out);
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
    return good && take(r, ",\"certificates\":[") && take_chain(r, out) &&
           (!take(r, ",\"onboarding\":{") || take_onboarding(r, &out->onboarding)) &&
           take(r, "}") && rd_end(r) == E_OK;
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
