#include "proc/device_record.h"

#include <string.h>

static const char label[] = DEVICE_RECORD_LABEL;

/* ---- texts ---- */

static bool is_id_character(uint8_t c)
{
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '.' ||
           c == '-' || c == '_' || c == '~';
}

/*= certattach-1c */
/* Of dots alone would be a place in a path, and no name. */
enum err device_id_parse(struct bytes ascii, struct device_id *out)
{
    bool dots = true;
    if (ascii.n == 0 || ascii.n > DEVICE_ID_MAX) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < ascii.n; i++) {
        if (!is_id_character(ascii.p[i])) {
            return E_BAD_VALUE;
        }
        dots = dots && ascii.p[i] == '.';
    }
    if (dots) {
        return E_BAD_VALUE;
    }
    memset(out, 0, sizeof *out);
    memcpy(out->text, ascii.p, ascii.n);
    out->n = (uint8_t)ascii.n;
    return E_OK;
}

bool device_id_eq(const struct device_id *a, const struct device_id *b)
{
    return bytes_eq((struct bytes){(const uint8_t *)a->text, a->n},
                    (struct bytes){(const uint8_t *)b->text, b->n});
}

enum err device_text_check(struct bytes ascii)
{
    if (ascii.n == 0 || ascii.n > DEVICE_TEXT_MAX) {
        return E_BAD_LENGTH;
    }
    for (size_t i = 0; i < ascii.n; i++) {
        if (ascii.p[i] < ' ' || ascii.p[i] > '~') {
            return E_BAD_VALUE;
        }
    }
    return E_OK;
}

/* ---- writing ---- */

static void put(struct wr *w, struct bytes item)
{
    wr_be16(w, (uint16_t)item.n);
    wr_put(w, item);
}

static void put_octet(struct wr *w, uint8_t v)
{
    put(w, (struct bytes){&v, 1});
}

static void put_number(struct wr *w, uint64_t v)
{
    wr_be16(w, 8);
    wr_be64(w, v);
}

struct bytes device_record_write(const struct device_record *r,
                                 uint8_t out[static DEVICE_RECORD_MAX])
{
    struct wr w = wr_of((struct mbytes){out, DEVICE_RECORD_MAX});
    put(&w, bytes_of_str(label));
    put_octet(&w, DEVICE_RECORD_VERSION);
    put(&w, (struct bytes){(const uint8_t *)r->id.text, r->id.n});
    put(&w, (struct bytes){(const uint8_t *)r->imei.digits, IMEI_DIGITS});
    put(&w, bytes_of_str(r->manufacturer));
    put(&w, bytes_of_str(r->model));
    put(&w, bytes_of_str(r->serial_number));
    put(&w, BYTES_OF(r->digest));
    put_octet(&w, r->status);
    put_number(&w, r->serial);
    put_number(&w, (uint64_t)r->issued);
    return wr_done(&w);
}

/* ---- reading ---- */

static void fault(struct rd *r, enum err err)
{
    if (r->err == E_OK) {
        r->err = err;
    }
}

static struct bytes item(struct rd *r, size_t least, size_t most)
{
    const size_t n = rd_be16(r);
    if (n < least || n > most) {
        fault(r, E_BAD_LENGTH);
    }
    return rd_take(r, n);
}

static uint8_t octet(struct rd *r, uint8_t most)
{
    const struct bytes b = item(r, 1, 1);
    const uint8_t v = b.n == 1 ? b.p[0] : 0;
    if (v < 1 || v > most) {
        fault(r, E_BAD_VALUE);
    }
    return v;
}

static uint64_t number(struct rd *r)
{
    struct rd n = rd_of(item(r, 8, 8));
    const uint64_t v = rd_be64(&n);
    if (v > INT64_MAX) {
        fault(r, E_BAD_VALUE);
    }
    return v;
}

static void text(struct rd *r, char out[static DEVICE_TEXT_MAX + 1])
{
    const struct bytes t = item(r, 1, DEVICE_TEXT_MAX);
    if (r->err == E_OK) {
        fault(r, device_text_check(t));
    }
    if (r->err == E_OK) {
        memcpy(out, t.p, t.n);
    }
}

static void names(struct rd *r, struct device_record *d)
{
    const struct bytes id = item(r, 1, DEVICE_ID_MAX);
    if (r->err == E_OK) {
        fault(r, device_id_parse(id, &d->id));
    }
    const struct bytes imei = item(r, IMEI_DIGITS, IMEI_DIGITS);
    if (r->err == E_OK) {
        fault(r, imei_parse(imei, &d->imei));
    }
}

/*= certattach-2d */
enum err device_record_read(struct bytes in, struct device_record *out)
{
    struct device_record d = {.status = 0};
    struct rd r = rd_of(in);
    if (!bytes_eq(item(&r, sizeof label - 1, sizeof label - 1), bytes_of_str(label))) {
        fault(&r, E_BAD_VALUE);
    }
    (void)octet(&r, DEVICE_RECORD_VERSION); /* there is the one */
    names(&r, &d);
    text(&r, d.manufacturer);
    text(&r, d.model);
    text(&r, d.serial_number);
    const struct bytes digest = item(&r, sizeof d.digest, sizeof d.digest);
    d.status = octet(&r, BINDING_REVOKED);
    d.serial = number(&r);
    d.issued = (int64_t)number(&r);
    const enum err err = rd_end(&r);
    if (err != E_OK) {
        return err;
    }
    memcpy(d.digest, digest.p, sizeof d.digest);
    *out = d;
    return E_OK;
}
