#include "device/linux/import_rows.h"
#include <ctype.h>
#include <stdlib.h>
#include <string.h>

const char *const import_columns[IMPORT_COLUMNS] = {
    [COLUMN_IMSI] = "imsi",
    [COLUMN_ALGORITHM] = "algorithm",
    [COLUMN_K] = "k",
    [COLUMN_OP] = "op",
    [COLUMN_OPC] = "opc",
    [COLUMN_MSISDN] = "msisdn",
    [COLUMN_POLICY] = "policy",
    [COLUMN_PROOF] = "proof",
    [COLUMN_PROFILE] = "profile",
    [COLUMN_SUSPENDED] = "suspended",
    [COLUMN_SQN] = "sqn",
    [COLUMN_IMEI] = "imei",
    [COLUMN_KME] = "kme",
    [COLUMN_K_ENCRYPTED] = "k_encrypted",
    [COLUMN_OPC_ENCRYPTED] = "opc_encrypted",
    [COLUMN_OP_ENCRYPTED] = "op_encrypted",
    [COLUMN_TRANSPORT_KEY] = "transport_key",
    [COLUMN_K_KCV] = "k_kcv",
    [COLUMN_KME_ENCRYPTED] = "kme_encrypted",
    [COLUMN_RES_LENGTH] = "res_length",
    [COLUMN_KECCAK] = "keccak_iterations",
    [COLUMN_KEYS] = "keys",
};

#define HEX_SHOWN_MAX 15 /* of hex digits with letters: they may be a part of a key */

/* ---- CSV ---- */

static int column_named(const char *name)
{
    for (int i = 0; i < IMPORT_COLUMNS; i++) {
        if (!strcmp(name, import_columns[i])) {
            return i;
        }
    }
    return -1;
}

/* What stands for the IMSI, also if it is none ("1.01E+12"): that finds the fault. A key in its
 * place is not repeated, nor what a report's reader could take for more than a text. */
static void keep_imsi(const char *text, char *out, size_t cap)
{
    const size_t n = strlen(text), hex = strspn(text, "0123456789abcdefABCDEF");
    const bool letters = strspn(text, "0123456789") < n;
    const bool safe = n < cap && isalnum((unsigned char)text[0]) &&
                      strspn(text, "0123456789abcdefghijklmnopqrstuvwxyz"
                                   "ABCDEFGHIJKLMNOPQRSTUVWXYZ.+- ") == n;
    snprintf(out, cap, "%s", safe && (hex < n || !letters || n <= HEX_SHOWN_MAX) ? text : "");
}

/* What to say of a name in the header that is none; a key in its place is not repeated. */
static void unknown_column(const char *name, char *out, size_t cap)
{
    static const char known[] = "known are imsi, algorithm, k, op, opc, msisdn, policy, proof, "
                                "profile, suspended, sqn, imei, kme, and what docs/import.md has "
                                "beside them";
    size_t n = strlen(name), letters = strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOP"
                                                    "QRSTUVWXYZ_- ");
    if (strchr(name, ';') || strchr(name, '\t')) {
        snprintf(out, cap, "the columns are not separated by commas");
    } else if (n && n == letters && n < 24) {
        snprintf(out, cap, "'%s' is not a column; %s", name, known);
    } else {
        snprintf(out, cap, "this is not a column's name: the first line has those; %s", known);
    }
}

static bool take_header(struct import_rows *r, const struct csv_row *row, char *why, size_t cap)
{
    bool seen[IMPORT_COLUMNS] = {false};
    char what[200];
    for (size_t i = 0; i < row->n; i++) {
        int c = column_named(row->field[i]);
        if (c < 0) {
            unknown_column(row->field[i], what, sizeof what);
            snprintf(why, cap, "line %lu, column %zu: %s", row->line, i + 1, what);
            return false;
        }
        if (seen[c]) {
            snprintf(why, cap, "line %lu, column %zu: '%s' is there twice", row->line, i + 1,
                     import_columns[c]);
            return false;
        }
        seen[c] = true;
        r->column[i] = (enum import_column)c;
    }
    r->n_columns = row->n;
    if (!seen[COLUMN_IMSI]) {
        snprintf(why, cap, "line %lu: there is no column 'imsi'", row->line);
    }
    return seen[COLUMN_IMSI];
}

static bool read_header(struct import_rows *r, char *why, size_t cap)
{
    struct csv_row row;
    enum err e = csv_next(&r->csv, &row);
    if (e == E_OK) {
        return take_header(r, &row, why, cap);
    }
    if (e == E_BAD_VALUE) {
        snprintf(why, cap, "line %lu, octet %u: %s", row.fault_line, row.fault_column, row.fault);
    } else if (e == E_CLOSED) {
        snprintf(why, cap, "it is empty: a header row with the names of the columns comes first");
    } else {
        snprintf(why, cap, "it cannot be read");
    }
    return false;
}

static enum err refuse(struct import_row *out, const char *what)
{
    snprintf(out->fault, sizeof out->fault, "%s", what);
    json_decref(out->json);
    out->json = NULL;
    return E_BAD_VALUE;
}

static bool set_suspended(json_t *o, const char *value)
{
    bool yes = !strcmp(value, "true") || !strcmp(value, "yes") || !strcmp(value, "1");
    bool no = !strcmp(value, "false") || !strcmp(value, "no") || !strcmp(value, "0");
    return (yes || no) && json_object_set_new(o, "suspended", json_boolean(yes)) == 0;
}

static bool set_number(json_t *o, const char *name, const char *value)
{
    const size_t n = strlen(value);
    return n < 4 && strspn(value, "0123456789") == n &&
           json_object_set_new(o, name, json_integer(strtol(value, NULL, 10))) == 0;
}

/*= binding-offline */
static bool set_device(json_t *o, const char *imei, const char *kme, const char *encrypted)
{
    json_t *device = json_pack("{s:s}", "imei", imei);
    if (*kme) {
        (void)json_object_set_new(device, "kme", json_string(kme));
    }
    if (*encrypted) {
        (void)json_object_set_new(device, "kme_encrypted", json_string(encrypted));
    }
    return json_object_set_new(o, "devices", json_pack("[o]", device)) == 0;
}

static enum err row_of(const char *const value[IMPORT_COLUMNS], struct import_row *out)
{
    static const enum import_column plain[] = {
        COLUMN_IMSI,         COLUMN_ALGORITHM,     COLUMN_K,           COLUMN_OP,
        COLUMN_OPC,          COLUMN_MSISDN,        COLUMN_POLICY,      COLUMN_PROOF,
        COLUMN_PROFILE,      COLUMN_SQN,           COLUMN_K_ENCRYPTED, COLUMN_OPC_ENCRYPTED,
        COLUMN_OP_ENCRYPTED, COLUMN_TRANSPORT_KEY, COLUMN_K_KCV,       COLUMN_KEYS};
    char what[64];
    out->json = json_object();
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        const char *v = value[plain[i]];
        if (*v && json_object_set_new(out->json, import_columns[plain[i]], json_string(v)) != 0) {
            snprintf(what, sizeof what, "column '%s' is not UTF-8", import_columns[plain[i]]);
            return refuse(out, what);
        }
    }
    if (*value[COLUMN_SUSPENDED] && !set_suspended(out->json, value[COLUMN_SUSPENDED])) {
        return refuse(out, "column 'suspended' is neither true nor false");
    }
    static const enum import_column numbers[] = {COLUMN_RES_LENGTH, COLUMN_KECCAK};
    for (size_t i = 0; i < sizeof numbers / sizeof numbers[0]; i++) {
        const char *name = import_columns[numbers[i]], *v = value[numbers[i]];
        if (*v && !set_number(out->json, name, v)) {
            snprintf(what, sizeof what, "column '%s' is not a number", name);
            return refuse(out, what);
        }
    }
    const char *encrypted = value[COLUMN_KME_ENCRYPTED];
    if ((*value[COLUMN_KME] || *encrypted) && !*value[COLUMN_IMEI]) {
        return refuse(
            out,
            "column 'kme' or 'kme_encrypted' has a key and 'imei' no device that it belongs to");
    }
    if (*value[COLUMN_IMEI] &&
        !set_device(out->json, value[COLUMN_IMEI], value[COLUMN_KME], encrypted)) {
        return refuse(out, "column 'imei' or that of its key is not UTF-8");
    }
    return E_OK;
}

static enum err next_csv(struct import_rows *r, struct import_row *out)
{
    const char *value[IMPORT_COLUMNS];
    struct csv_row row;
    enum err e = csv_next(&r->csv, &row);
    r->octets = r->csv.octets;
    if (e == E_BAD_VALUE) {
        out->line = row.line;
        snprintf(out->fault, sizeof out->fault, "octet %u: %s", row.fault_column, row.fault);
    }
    if (e != E_OK) {
        return e;
    }
    out->line = row.line;
    if (row.n != r->n_columns) {
        snprintf(out->fault, sizeof out->fault, "%zu fields, where the header has %zu", row.n,
                 r->n_columns);
        return E_BAD_VALUE;
    }
    for (size_t i = 0; i < IMPORT_COLUMNS; i++) {
        value[i] = "";
    }
    for (size_t i = 0; i < row.n; i++) {
        value[r->column[i]] = row.field[i];
    }
    keep_imsi(value[COLUMN_IMSI], out->imsi, sizeof out->imsi);
    return row_of(value, out);
}

/* ---- NDJSON ---- */

/* The next line without its end. E_OK, E_CLOSED, E_NO_ROOM (skipped), E_IO. */
static enum err next_line(struct import_rows *r, size_t *n)
{
    int o = getc_unlocked(r->in);
    size_t at = 0;
    if (o == EOF) {
        return ferror(r->in) ? E_IO : E_CLOSED;
    }
    for (; o != EOF && o != '\n'; o = getc_unlocked(r->in)) {
        if (at < sizeof r->text) {
            r->text[at] = (char)o;
        }
        at++;
    }
    r->octets += at + 1;
    r->line++;
    *n = at > sizeof r->text ? sizeof r->text : at;
    return ferror(r->in) ? E_IO : at > sizeof r->text ? E_NO_ROOM : E_OK;
}

static bool is_blank(const char *p, size_t n)
{
    while (n > 0 && isspace((unsigned char)p[n - 1])) {
        n--;
    }
    return n == 0;
}

/* jansson's own words may quote a key. */
static const char *fault_of(const json_error_t *why)
{
    static const struct {
        enum json_error_code code;
        const char *words;
    } known[] = {
        {json_error_duplicate_key, "a member is there twice"},
        {json_error_invalid_utf8, "this is not UTF-8: save the file as UTF-8"},
        {json_error_end_of_input_expected, "something stands behind the object"},
        {json_error_premature_end_of_input, "the line ends within the object"},
    };
    enum json_error_code code = json_error_code(why);
    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (known[i].code == code) {
            return known[i].words;
        }
    }
    return "not the JSON of one object";
}

static enum err parse_line(struct import_rows *r, size_t n, struct import_row *out)
{
    json_error_t why;
    const struct bytes mark = BYTES_LIT("\xef\xbb\xbf"); /* UTF-8's byte order mark */
    const struct bytes first = {(const uint8_t *)r->text, n < mark.n ? n : mark.n};
    size_t skip = r->line == 1 && bytes_eq(first, mark) ? mark.n : 0;
    if (memchr(r->text, 0, n) != NULL) {
        return refuse(out, CSV_NUL_CHARACTER);
    }
    out->json = json_loadb(r->text + skip, n - skip, JSON_REJECT_DUPLICATES, &why);
    if (!out->json) {
        snprintf(out->fault, sizeof out->fault, "octet %d: %s", why.position, fault_of(&why));
        return E_BAD_VALUE;
    }
    if (!json_is_object(out->json)) {
        return refuse(out, "not a JSON object");
    }
    const char *imsi = json_string_value(json_object_get(out->json, "imsi"));
    keep_imsi(imsi ? imsi : "", out->imsi, sizeof out->imsi);
    return E_OK;
}

static enum err next_ndjson(struct import_rows *r, struct import_row *out)
{
    size_t n;
    enum err e;
    do {
        e = next_line(r, &n);
    } while (e == E_OK && is_blank(r->text, n));
    out->line = r->line;
    if (e == E_NO_ROOM) {
        snprintf(out->fault, sizeof out->fault, "the line is longer than %d octets",
                 IMPORT_LINE_MAX);
        return E_BAD_VALUE;
    }
    return e == E_OK ? parse_line(r, n, out) : e;
}

/* ---- SIM makers' files ---- */

/* The next line that is no remark, as a text in r->text. E_NO_ROOM: also for one with a NUL. */
static enum err next_text(struct import_rows *r)
{
    size_t n = 0;
    enum err e;
    do {
        e = next_line(r, &n);
        if (e == E_OK && (n == sizeof r->text || memchr(r->text, 0, n) != NULL)) {
            e = E_NO_ROOM;
        }
        if (e == E_OK) {
            r->text[n] = '\0';
        }
    } while (e == E_OK && sim_maker_is_remark(r->text));
    return e;
}

static enum err next_sim(struct import_rows *r, struct import_row *out)
{
    const char *imsi = "";
    enum err e = r->ended ? E_CLOSED : next_text(r);
    out->line = r->line;
    if (e == E_NO_ROOM) {
        r->sim.rows++;
        snprintf(out->fault, sizeof out->fault, "the line is longer than %d octets, or no text",
                 IMPORT_LINE_MAX - 1);
        return E_BAD_VALUE;
    }
    if (e == E_CLOSED && !r->ended) {
        r->ended = true;
        return sim_maker_end(&r->sim, out->fault, sizeof out->fault) ? E_CLOSED : E_BAD_VALUE;
    }
    if (e != E_OK) {
        return e;
    }
    e = sim_maker_row(&r->sim, r->text, &out->json, &imsi, out->fault, sizeof out->fault);
    keep_imsi(imsi, out->imsi, sizeof out->imsi);
    return e;
}

/* ---- all ---- */

static void begin(struct import_rows *r, FILE *in, enum import_format format)
{
    r->format = format;
    r->in = in;
    r->line = 0;
    r->octets = 0;
    r->n_columns = 0;
    r->ended = false;
}

bool import_rows_open_sim(struct import_rows *r, FILE *in, const char *transport_key, char *why,
                          size_t cap)
{
    char what[200] = "";
    enum err e = E_OK;
    begin(r, in, IMPORT_SIM_MAKER);
    if (!sim_maker_open(&r->sim, transport_key)) {
        snprintf(why, cap,
                 "--transport-key: 1 to 32 letters, digits, dots, hyphens and "
                 "underscores");
        return false;
    }
    while (!r->sim.at_rows && (e = next_text(r)) == E_OK) {
        if (!sim_maker_header(&r->sim, r->text, what, sizeof what)) {
            snprintf(why, cap, "line %lu: %s", r->line, what);
            return false;
        }
    }
    if (e == E_CLOSED) {
        (void)sim_maker_end(&r->sim, what, sizeof what);
        snprintf(why, cap, "%s", what);
    } else if (e != E_OK) {
        snprintf(why, cap, "line %lu: it cannot be read", r->line);
    }
    return e == E_OK;
}

bool import_rows_open(struct import_rows *r, FILE *in, bool ndjson, char *why, size_t cap)
{
    begin(r, in, ndjson ? IMPORT_NDJSON : IMPORT_CSV);
    if (ndjson) {
        return true;
    }
    csv_open(&r->csv, in);
    return read_header(r, why, cap);
}

enum err import_rows_next(struct import_rows *r, struct import_row *out)
{
    *out = (struct import_row){0};
    return r->format == IMPORT_NDJSON ? next_ndjson(r, out)
           : r->format == IMPORT_CSV  ? next_csv(r, out)
                                      : next_sim(r, out);
}

void import_rows_wipe(struct import_rows *r)
{
    csv_wipe(&r->csv);
    wipe(r->text, sizeof r->text);
}
