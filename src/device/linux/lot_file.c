#include "device/linux/lot_file.h"

#include "device/linux/durable_file.h"
#include "device/linux/strict_json.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FORMAT       1
#define FILE_MODE    0644
#define WHAT         "a lot's file"
#define LOT_FILE_MAX ((size_t)LOT_FILE_RANGES_MAX * (IMEI_RANGE_TEXT_MAX + 16) + 8192)

/* ---- ranges ---- */

enum err lot_file_add(struct lot_file *f, const struct imei_range *range, struct imei_range *with)
{
    size_t at = 0;
    while (at < f->n && f->ranges[at].last < range->first) {
        at++;
    }
    if (at < f->n && f->ranges[at].first <= range->last) {
        *with = f->ranges[at];
        return E_CONFLICT;
    }
    if (f->n == LOT_FILE_RANGES_MAX) {
        return E_NO_ROOM;
    }
    struct imei_range *more = realloc(f->ranges, (f->n + 1) * sizeof *more);
    if (more == NULL) {
        return E_MEMORY;
    }
    f->ranges = more;
    memmove(more + at + 1, more + at, (f->n - at) * sizeof *more);
    more[at] = *range;
    f->n++;
    return E_OK;
}

bool lot_file_covers(const struct lot_file *f, const struct imei *imei)
{
    const uint64_t number = imei_number(imei);
    size_t from = 0, to = f->n;
    while (from < to) {
        const size_t middle = from + (to - from) / 2;
        if (f->ranges[middle].last < number) {
            from = middle + 1;
        } else {
            to = middle;
        }
    }
    return from < f->n && f->ranges[from].first <= number;
}

void lot_file_free(struct lot_file *f)
{
    free(f->ranges);
    *f = (struct lot_file){.n = 0};
}

/* ---- reading ---- */

static void read_range(struct strict *r, json_t *value, size_t i, struct lot_file *out)
{
    struct imei_range range, with;
    const char *text = json_string_value(value);
    if (text == NULL || imei_range_parse(bytes_of_str(text), &range) != E_OK) {
        strict_refuse(r, E_BAD_VALUE,
                      "ranges[%zu] is neither a TAC of 8 digits nor an IMEI nor two with a hyphen "
                      "between",
                      i);
        return;
    }
    if (out->n > 0 && range.first <= out->ranges[out->n - 1].last) {
        strict_refuse(r, E_BAD_VALUE, "ranges[%zu] does not lie behind the one before it", i);
        return;
    }
    enum err err = lot_file_add(out, &range, &with);
    if (err != E_OK) {
        strict_refuse(r, err, "ranges has more than %u, or there is no memory",
                      LOT_FILE_RANGES_MAX);
    }
}

static void read_ranges(struct strict *r, json_t *ranges, struct lot_file *out)
{
    const size_t n = json_array_size(ranges);
    if (ranges == NULL) {
        strict_refuse(r, E_MISSING, "ranges is missing");
    } else if (n == 0) {
        strict_refuse(r, E_BAD_VALUE, "ranges is not a list with a range in it");
    }
    for (size_t i = 0; i < n && r->err == E_OK; i++) {
        read_range(r, json_array_get(ranges, i), i, out);
    }
}

/* Which of the three it is. */
static const char *fault_of(struct bytes id, struct bytes modulus)
{
    struct kme_lot_id parsed;
    if (kme_lot_id_parse(id, &parsed) != E_OK) {
        return "id is not 1 to 32 letters, digits, dots, hyphens and underscores";
    }
    if (kme_modulus_check(modulus) != E_OK) {
        return "modulus is not odd, of 2048 to 4096 bits in steps of 256, with its highest bit set";
    }
    return "manufacturer is not 1 to 64 printable ASCII characters";
}

static void read_lot(struct strict *r, json_t *o, struct kme_lot *out)
{
    uint8_t modulus[KME_MODULUS_MAX];
    const struct bytes id = bytes_of_str(strict_text(r, o, "", "id"));
    const struct bytes manufacturer = bytes_of_str(strict_text(r, o, "", "manufacturer"));
    const size_t n = strict_long_hex(r, o, "", "modulus", KME_MODULUS_MIN, MBYTES_OF(modulus));
    if (strict_number(r, o, "", "exponent", UINT32_MAX) != KME_RSA_EXPONENT) {
        strict_refuse(r, E_BAD_VALUE, "exponent is not %u", KME_RSA_EXPONENT);
    }
    if (r->err == E_OK && kme_lot_make(id, manufacturer, (struct bytes){modulus, n}, out) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "%s", fault_of(id, (struct bytes){modulus, n}));
    }
}

static void read_file(struct strict *r, json_t *o, struct lot_file *out)
{
    static const char *const known[] = {"bindery_lot", "id", "manufacturer", "ranges", "modulus",
                                        "exponent",    NULL};
    strict_only(r, o, "", known, WHAT);
    const int64_t format = strict_number(r, o, "", "bindery_lot", INT32_MAX);
    if (format != FORMAT) {
        strict_refuse(r, format > FORMAT ? E_TOO_NEW : E_BAD_VALUE,
                      format > FORMAT ? "it was written by a newer version of this program"
                                      : "bindery_lot is out of its range");
    }
    read_lot(r, o, &out->lot);
    read_ranges(r, json_object_get(o, "ranges"), out);
}

enum err lot_file_parse(const char *name, struct bytes json, struct lot_file *out,
                        struct lot_file_why *why)
{
    struct strict r = {.name = name, .why = why->text, .why_cap = sizeof why->text};
    struct lot_file read = {.n = 0};
    json_t *o = strict_object(&r, json, WHAT);
    if (o != NULL) {
        read_file(&r, o, &read);
    }
    json_decref(o);
    if (r.err == E_OK) {
        *out = read;
    } else {
        lot_file_free(&read);
    }
    return r.err;
}

enum err lot_file_load(const char *path, struct lot_file *out, struct lot_file_why *why)
{
    struct strict r = {.name = path, .why = why->text, .why_cap = sizeof why->text};
    uint8_t *text = malloc(LOT_FILE_MAX);
    size_t n = 0;
    if (text == NULL) {
        strict_refuse(&r, E_MEMORY, "no memory");
        return r.err;
    }
    enum err err = strict_load(&r, path, false, (struct mbytes){text, LOT_FILE_MAX}, &n);
    if (err == E_OK) {
        err = lot_file_parse(path, (struct bytes){text, n}, out, why);
    }
    free(text);
    return err;
}

/* ---- writing ---- */

static json_t *ranges_json(const struct lot_file *f)
{
    char text[IMEI_RANGE_TEXT_MAX];
    json_t *list = json_array();
    for (size_t i = 0; i < f->n; i++) {
        imei_range_print(&f->ranges[i], text);
        if (json_array_append_new(list, json_string(text)) != 0) {
            json_decref(list); /* a lot of fewer devices is another lot */
            return NULL;
        }
    }
    return list;
}

/* NULL: no memory. */
static char *text_of(const struct lot_file *f)
{
    char modulus[2 * KME_MODULUS_MAX + 1];
    hex_encode((struct bytes){f->lot.modulus, f->lot.modulus_n}, modulus);
    json_t *o = json_pack("{s:i, s:s, s:s, s:o, s:s, s:i}", "bindery_lot", FORMAT, "id",
                          f->lot.id.text, "manufacturer", f->lot.manufacturer, "ranges",
                          ranges_json(f), "modulus", modulus, "exponent", (int)KME_RSA_EXPONENT);
    /* Into memory of our own: jansson's allocator may be one that the program gave it. */
    const size_t n = o != NULL ? json_dumpb(o, NULL, 0, JSON_INDENT(2)) : 0;
    char *text = n > 0 ? malloc(n + 1) : NULL;
    if (text != NULL && json_dumpb(o, text, n, JSON_INDENT(2)) != n) {
        free(text);
        text = NULL;
    }
    if (text != NULL) {
        text[n] = '\0';
    }
    json_decref(o);
    return text;
}

enum err lot_file_save(const char *path, const struct lot_file *f, struct lot_file_why *why)
{
    struct strict r = {.name = path, .why = why->text, .why_cap = sizeof why->text};
    struct lot_file read;
    char *text = text_of(f);
    if (text == NULL) {
        strict_refuse(&r, E_MEMORY, "no memory");
        return r.err;
    }
    /* What could not be read again is not written. */
    enum err err = lot_file_parse(path, bytes_of_str(text), &read, why);
    if (err == E_OK) {
        const size_t n = strlen(text);
        lot_file_free(&read);
        text[n] = '\n'; /* in the place of the NUL */
        err = durable_write(path, FILE_MODE, DURABLE_FRESH, (struct bytes){(uint8_t *)text, n + 1},
                            NULL);
        if (err != E_OK) {
            strict_refuse(&r, err, "%s", strerror(errno));
        }
    }
    free(text);
    return err;
}
