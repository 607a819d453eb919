#include "cli/load_keys.h"
#include "cli/aka_input.h"
#include "cli/secret_input.h"
#include "device/linux/import_rows.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define FIRST_ROOM 1024

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n >= m && !strcmp(text + n - m, end);
}

/* Moves rather than reallocates, so that no copy stays behind. */
static bool grow(struct load_keys *k)
{
    size_t room = k->room ? k->room * 2 : FIRST_ROOM;
    struct load_key *row = calloc(room, sizeof *row);
    if (!row) {
        return false;
    }
    if (k->n > 0) {
        memcpy(row, k->row, k->n * sizeof *row);
        wipe(k->row, k->n * sizeof *row);
    }
    free(k->row);
    k->row = row;
    k->room = room;
    return true;
}

static bool add(struct load_keys *k, uint64_t imsi, const struct aka_keys *keys)
{
    if (k->n == k->room && !grow(k)) {
        return false;
    }
    k->row[k->n++] = (struct load_key){.imsi = imsi, .keys = *keys};
    return true;
}

/* OPc of OP where only that is given, the algorithm where none is, and the lengths. */
static enum err complete(const struct crypto *c, struct aka_input *in)
{
    struct aka_keys *keys = &in->keys;
    enum err e = E_OK;
    keys->algorithm = keys->algorithm ? keys->algorithm : AKA_MILENAGE;
    keys->res_len = keys->res_len ? keys->res_len : 8;
    if (!keys->k.n || (!keys->opc.n && !in->op.n)) {
        return E_MISSING;
    }
    if (!keys->opc.n) {
        e = aka_opc(c, keys->algorithm, keys->keccak_iterations, &keys->k, &in->op, &keys->opc);
    }
    return e == E_OK ? aka_keys_check(keys) : e;
}

/* ---- one pair for all ---- */

static bool read_common(const char *path, const struct crypto *c, struct load_keys *out)
{
    struct aka_input in = {.has_rand = false};
    char text[SECRET_FILE_MAX], why[200] = "";
    size_t n;
    if (!secret_read_whole(path, false, text, sizeof text, &n)) {
        return false;
    }
    bool good = aka_input_parse(&in, text, n, why, sizeof why);
    if (good) {
        enum err e = complete(c, &in);
        good = e == E_OK && add(out, 0, &in.keys);
        snprintf(why, sizeof why, "k and one of op and opc: %s", err_sentence(e));
    }
    if (!good) {
        cli_error("%s: %s", path, why);
    }
    out->common = true;
    wipe(text, sizeof text);
    wipe(&in, sizeof in);
    return good;
}

/* ---- a row for each ---- */

static bool members(json_t *row, struct aka_input *in, char *why, size_t cap)
{
    static const char *const names[] = {"algorithm", "k",          "op",
                                        "opc",       "res_length", "keccak_iterations"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        json_t *v = json_object_get(row, names[i]);
        char number[24];
        const char *text = json_string_value(v);
        if (json_is_integer(v)) {
            snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(v));
            text = number;
        }
        if (text && *text && !aka_input_set(in, names[i], text, why, cap)) {
            return false;
        }
    }
    return true;
}

struct wanted {
    const struct crypto *c;
    uint64_t from, count;
};

static bool take_row(const struct wanted *w, const struct import_row *row, struct load_keys *out,
                     char *why, size_t cap)
{
    struct aka_input in = {.has_rand = false};
    struct imsi imsi;
    if (imsi_parse(bytes_of_str(row->imsi), &imsi) != E_OK) {
        snprintf(why, cap, "no IMSI");
        return false;
    }
    uint64_t number = strtoull(imsi.digits, NULL, 10);
    if (number < w->from || number - w->from >= w->count || !json_object_get(row->json, "k")) {
        return true; /* not one of ours, or a further device of one */
    }
    bool good = members(row->json, &in, why, cap);
    if (good) {
        enum err e = complete(w->c, &in);
        good = e == E_OK && add(out, number, &in.keys);
        snprintf(why, cap, "its keys: %s", err_sentence(e));
    }
    wipe(&in, sizeof in);
    return good;
}

static bool read_rows(const char *path, FILE *f, const struct wanted *w, struct import_rows *rows,
                      struct load_keys *out)
{
    char why[300];
    struct import_row row = {0};
    enum err e;
    if (!import_rows_open(rows, f, ends_with(path, ".ndjson"), why, sizeof why)) {
        cli_error("%s: %s", path, why);
        return false;
    }
    while ((e = import_rows_next(rows, &row)) == E_OK) {
        bool good = take_row(w, &row, out, why, sizeof why);
        json_decref(row.json);
        if (!good) {
            cli_error("%s: line %lu: %s", path, row.line, why);
            return false;
        }
    }
    if (e == E_BAD_VALUE) {
        cli_error("%s: line %lu: %s", path, row.line, row.fault);
    } else if (e != E_CLOSED) {
        cli_error("%s: %s", path, strerror(errno));
    } else if (out->n == 0) {
        cli_error("%s: no row has the keys of a subscriber of the range", path);
    }
    return e == E_CLOSED && out->n > 0;
}

static bool read_table(const char *path, const struct wanted *w, struct load_keys *out)
{
    FILE *f = fopen(path, "re");
    struct import_rows *rows = calloc(1, sizeof *rows);
    bool good = f && rows && read_rows(path, f, w, rows, out);
    if (!f || !rows) {
        cli_error("%s: %s", path, strerror(errno));
    }
    if (rows) {
        import_rows_wipe(rows);
        free(rows);
    }
    if (f) {
        (void)fclose(f);
    }
    return good;
}

/* ---- both ---- */

bool load_keys_read(const char *path, const struct crypto *c, uint64_t from, uint64_t count,
                    struct load_keys *out)
{
    struct wanted w = {c, from, count};
    *out = (struct load_keys){.n = 0};
    bool table = ends_with(path, ".csv") || ends_with(path, ".ndjson");
    bool good = table ? read_table(path, &w, out) : read_common(path, c, out);
    if (!good) {
        load_keys_wipe(out);
    }
    return good;
}

void load_keys_wipe(struct load_keys *k)
{
    if (k->row) {
        wipe(k->row, k->room * sizeof *k->row);
    }
    free(k->row);
    *k = (struct load_keys){.n = 0};
}

enum err load_resync_info(const struct crypto *c, const struct aka_keys *keys,
                          const struct rand128 *rand, uint64_t sqn_ms, uint8_t out[static 30])
{
    struct key_ak ak;
    uint8_t mac[8];
    enum err e = aka_f5star(c, keys, rand, &ak);
    if (e == E_OK) {
        e = aka_f1star(c, keys, rand, sqn_ms, 0, mac);
    }
    if (e == E_OK) {
        memcpy(out, rand->b, sizeof rand->b);
        for (size_t i = 0; i < sizeof ak.b; i++) {
            out[16 + i] = (uint8_t)(sqn_ms >> 8 * (5 - i) ^ ak.b[i]);
        }
        memcpy(out + 22, mac, sizeof mac);
    }
    wipe(&ak, sizeof ak);
    wipe(mac, sizeof mac);
    return e;
}
