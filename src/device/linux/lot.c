#include "device/linux/lot.h"

#include "device/linux/import_rows.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

static enum err say(struct lot_why *why, enum err err, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
static enum err say(struct lot_why *why, enum err err, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    (void)vsnprintf(why->text, sizeof why->text, format, ap);
    va_end(ap);
    return err;
}

/* ---- a row ---- */

static const char *text_at(json_t *row, const char *name)
{
    const char *text = json_string_value(json_object_get(row, name));
    return text != NULL && text[0] != '\0' ? text : NULL;
}

/* 16 or 32 octets of hex. */
static bool key_at(json_t *row, const char *name, uint8_t b[static 32], uint8_t *n)
{
    const char *text = text_at(row, name);
    *n = 0;
    if (text == NULL) {
        return true;
    }
    const size_t octets = strlen(text) / 2;
    if ((octets != 16 && octets != 32) || hex_decode(text, (struct mbytes){b, octets}) != E_OK) {
        return false;
    }
    *n = (uint8_t)octets;
    return true;
}

/* *out stays as it is when there is none. */
static bool number_at(json_t *row, const char *name, uint8_t *out)
{
    const json_t *v = json_object_get(row, name);
    const json_int_t n = json_integer_value(v);
    if (v == NULL || json_is_null(v)) {
        return true;
    }
    if (!json_is_integer(v) || n <= 0 || n > UINT8_MAX) {
        return false;
    }
    *out = (uint8_t)n;
    return true;
}

static const char *take_keys(const struct crypto *c, json_t *row, struct aka_keys *keys)
{
    const char *algorithm = text_at(row, "algorithm");
    struct key_op op = {.n = 0};
    const char *wrong = NULL;
    keys->algorithm = AKA_MILENAGE;
    if (algorithm != NULL &&
        aka_algorithm_parse(bytes_of_str(algorithm), &keys->algorithm) != E_OK) {
        return "'algorithm' is neither milenage nor tuak";
    }
    keys->res_len = 8;
    keys->keccak_iterations = 1;
    if (!number_at(row, "res_length", &keys->res_len) ||
        !number_at(row, "keccak_iterations", &keys->keccak_iterations)) {
        return "'res_length' or 'keccak_iterations' is not a number from 1 to 255";
    }
    if (!key_at(row, "k", keys->k.b, &keys->k.n) || !key_at(row, "op", op.b, &op.n) ||
        !key_at(row, "opc", keys->opc.b, &keys->opc.n)) {
        wrong = "'k', 'op' or 'opc' is not 32 or 64 hex digits";
    } else if (keys->opc.n == 0 && aka_opc(c, keys->algorithm, keys->keccak_iterations, &keys->k,
                                           &op, &keys->opc) != E_OK) {
        wrong = "'opc' is missing, and cannot be made of 'op'";
    } else if (aka_keys_check(keys) != E_OK) {
        wrong = "the lengths of 'k' and 'opc' do not fit the algorithm";
    }
    wipe(&op, sizeof op);
    return wrong;
}

/* The first of its devices is the one that comes. */
static const char *take_equipment(json_t *row, struct lot_device *out)
{
    json_t *first = json_array_get(json_object_get(row, "devices"), 0);
    const char *imei = text_at(first, "imei"), *kme = text_at(first, "kme");
    if (imei != NULL && imei_parse(bytes_of_str(imei), &out->imei) != E_OK) {
        return "'imei' is not 14 digits, or 15 with a right check digit";
    }
    out->has_imei = imei != NULL;
    if (kme != NULL && hex_decode(kme, MBYTES_OF(out->kme.b)) != E_OK) {
        return "'kme' is not 32 hex digits";
    }
    out->has_kme = kme != NULL;
    return NULL;
}

static const char *take_row(const struct crypto *c, const struct import_row *row,
                            struct lot_device *out)
{
    memset(out, 0, sizeof *out);
    if (imsi_parse(bytes_of_str(row->imsi), &out->imsi) != E_OK) {
        return "there is no IMSI";
    }
    const char *wrong = take_keys(c, row->json, &out->keys);
    return wrong != NULL ? wrong : take_equipment(row->json, out);
}

/* ---- all rows ---- */

struct reading {
    const struct crypto *c;
    lot_take *take;
    void *ctx;
    size_t taken;
    struct lot_why *why;
};

static enum err one(struct reading *r, const struct import_row *row)
{
    struct lot_device device;
    enum err err = E_OK;
    if (text_at(row->json, "k") == NULL) {
        return E_OK;
    }
    const char *wrong = take_row(r->c, row, &device);
    if (wrong != NULL) {
        err = say(r->why, E_BAD_VALUE, "line %lu: %s", row->line, wrong);
    } else if (!r->take(r->ctx, &device)) {
        err = say(r->why, E_MEMORY, "line %lu: there is no memory for it", row->line);
    } else {
        r->taken++;
    }
    wipe(&device, sizeof device);
    return err;
}

static enum err all(struct reading *r, struct import_rows *rows)
{
    struct import_row row = {0};
    enum err err;
    while ((err = import_rows_next(rows, &row)) == E_OK) {
        err = one(r, &row);
        json_decref(row.json);
        if (err != E_OK) {
            return err;
        }
    }
    if (err == E_BAD_VALUE) {
        return say(r->why, err, "line %lu: %s", row.line, row.fault);
    }
    if (err != E_CLOSED) {
        return say(r->why, E_IO, "%s", strerror(errno));
    }
    return r->taken > 0 ? E_OK : say(r->why, E_MISSING, "no row is a device: each needs a 'k'");
}

enum err lot_read(FILE *in, bool ndjson, const struct crypto *c, lot_take *take, void *ctx,
                  struct lot_why *why)
{
    struct reading r = {.c = c, .take = take, .ctx = ctx, .why = why};
    struct import_rows *rows = calloc(1, sizeof *rows);
    enum err err = E_BAD_VALUE;
    why->text[0] = '\0';
    if (rows == NULL) {
        return say(why, E_MEMORY, "there is not enough memory");
    }
    if (import_rows_open(rows, in, ndjson, why->text, sizeof why->text)) {
        err = all(&r, rows);
    }
    import_rows_wipe(rows);
    free(rows);
    return err;
}

static bool ends_with(const char *text, const char *end)
{
    const size_t n = strlen(text), m = strlen(end);
    return n >= m && strcmp(text + n - m, end) == 0;
}

enum err lot_load(const char *path, const struct crypto *c, lot_take *take, void *ctx,
                  struct lot_why *why)
{
    FILE *in = fopen(path, "re");
    if (in == NULL) {
        return say(why, errno == ENOENT ? E_NOT_FOUND : E_IO, "%s", strerror(errno));
    }
    enum err err =
        lot_read(in, ends_with(path, ".ndjson") || ends_with(path, ".jsonl"), c, take, ctx, why);
    (void)fclose(in);
    return err;
}

/* ---- writing ---- */

enum err lot_write_header(FILE *out)
{
    return fputs("imsi,algorithm,k,opc,policy,imei,kme\n", out) < 0 ? E_IO : E_OK;
}

enum err lot_write(FILE *out, const struct lot_device *d, enum binding_policy policy)
{
    char k[65], opc[65], kme[33] = "", imei[IMEI_DIGITS + 2] = "";
    hex_encode((struct bytes){d->keys.k.b, d->keys.k.n}, k);
    hex_encode((struct bytes){d->keys.opc.b, d->keys.opc.n}, opc);
    if (d->has_kme) {
        hex_encode(BYTES_OF(d->kme.b), kme);
    }
    if (d->has_imei) {
        imei_print(&d->imei, imei);
    }
    const int n = fprintf(out, "%s,%s,%s,%s,%s,%s,%s\n", d->imsi.digits,
                          aka_algorithm_name(d->keys.algorithm), k, opc,
                          binding_policy_name(policy), imei, kme);
    wipe(k, sizeof k);
    wipe(opc, sizeof opc);
    wipe(kme, sizeof kme);
    return n < 0 ? E_IO : E_OK;
}
