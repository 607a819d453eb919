#include "proc/binding_record.h"

#include <string.h>

static const char label[] = BINDING_RECORD_LABEL;

static const char *pick(const char *const names[static 3], uint8_t v)
{
    return v >= 1 && v <= 2 ? names[v] : names[0];
}

const char *binding_use_name(uint8_t use)
{
    static const char *const names[] = {"unknown", "identity", "provisioning"};
    return pick(names, use);
}

const char *binding_form_name(uint8_t form)
{
    static const char *const names[] = {"unknown", "certificate", "public-key"};
    return pick(names, form);
}

const char *binding_status_name(uint8_t status)
{
    static const char *const names[] = {"unknown", "active", "revoked"};
    return pick(names, status);
}

enum err binding_use_parse(struct bytes ascii, uint8_t *use)
{
    for (unsigned v = BINDING_IDENTITY; v <= BINDING_PROVISIONING; v++) {
        if (bytes_eq(ascii, bytes_of_str(binding_use_name((uint8_t)v)))) {
            *use = (uint8_t)v;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
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

void binding_record_write(const struct binding_record *r, uint8_t out[static BINDING_RECORD_LEN])
{
    struct wr w = wr_of((struct mbytes){out, BINDING_RECORD_LEN});
    put(&w, bytes_of_str(label));
    put_octet(&w, BINDING_RECORD_VERSION);
    put(&w, (struct bytes){(const uint8_t *)r->imei.digits, IMEI_DIGITS});
    put_octet(&w, r->use);
    put_octet(&w, r->form);
    put(&w, BYTES_OF(r->digest));
    put_number(&w, (uint64_t)r->not_before);
    put_number(&w, (uint64_t)r->not_after);
    put_octet(&w, r->status);
    put_number(&w, r->serial);
    put_number(&w, (uint64_t)r->issued);
}

/* ---- reading ---- */

/* An item of exactly n octets. */
static struct bytes item(struct rd *r, size_t n)
{
    if (rd_be16(r) != n && r->err == E_OK) {
        r->err = E_BAD_LENGTH;
    }
    return rd_take(r, n);
}

static uint8_t octet(struct rd *r, uint8_t most)
{
    struct bytes b = item(r, 1);
    uint8_t v = b.n == 1 ? b.p[0] : 0;
    if ((v < 1 || v > most) && r->err == E_OK) {
        r->err = E_BAD_VALUE;
    }
    return v;
}

static int64_t number(struct rd *r)
{
    struct rd n = rd_of(item(r, 8));
    uint64_t v = rd_be64(&n);
    if (v > INT64_MAX && r->err == E_OK) {
        r->err = E_BAD_VALUE;
    }
    return v > INT64_MAX ? 0 : (int64_t)v;
}

enum err binding_record_read(struct bytes in, struct binding_record *out)
{
    struct binding_record b = {.use = 0};
    struct rd r = rd_of(in);
    if (!bytes_eq(item(&r, sizeof label - 1), bytes_of_str(label)) && r.err == E_OK) {
        r.err = E_BAD_VALUE;
    }
    (void)octet(&r, BINDING_RECORD_VERSION); /* there is the one */
    struct bytes imei = item(&r, IMEI_DIGITS);
    b.use = octet(&r, BINDING_PROVISIONING);
    b.form = octet(&r, BINDING_PUBLIC_KEY);
    struct bytes digest = item(&r, sizeof b.digest);
    b.not_before = number(&r);
    b.not_after = number(&r);
    b.status = octet(&r, BINDING_REVOKED);
    b.serial = (uint64_t)number(&r);
    b.issued = number(&r);
    enum err err = rd_end(&r);
    if (err == E_OK) {
        err = imei_parse(imei, &b.imei);
    }
    if (err != E_OK) {
        return err;
    }
    memcpy(b.digest, digest.p, sizeof b.digest);
    *out = b;
    return E_OK;
}
