#include "device/linux/sim_maker.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define VAR_OUT "var_out"

static bool wrong(char *why, size_t cap, const char *what)
{
    snprintf(why, cap, "%s", what);
    return false;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\n';
}

/* Without blanks at both ends. */
static char *trimmed(char *text)
{
    size_t n;
    while (is_blank(*text)) {
        text++;
    }
    for (n = strlen(text); n > 0 && is_blank(text[n - 1]); n--) {
        text[n - 1] = '\0';
    }
    return text;
}

/* Transport_key, TRANSPORT KEY and transport-key are one name. */
static bool is_name(const char *text, const char *name)
{
    for (; *text && *name; text++, name++) {
        const char c = *text == '-' || *text == ' ' ? '_' : (char)tolower((unsigned char)*text);
        if (c != *name) {
            return false;
        }
    }
    return *text == *name;
}

static bool take_name(struct sim_maker *s, const char *text)
{
    static const char alphabet[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                   "0123456789.-_";
    if (strlen(text) >= sizeof s->transport_key || strspn(text, alphabet) != strlen(text)) {
        return false;
    }
    snprintf(s->transport_key, sizeof s->transport_key, "%s", text);
    return true;
}

bool sim_maker_open(struct sim_maker *s, const char *transport_key)
{
    *s = (struct sim_maker){.quantity = -1, .key_is_given = transport_key != NULL};
    return transport_key == NULL || (*transport_key && take_name(s, transport_key));
}

/* ---- columns ---- */

static const struct {
    const char *name;
    enum sim_maker_column column;
    bool encrypted; /* by its name */
} names[] = {
    {"imsi", SIM_IMSI, false}, {"ki", SIM_KI, false},      {"k", SIM_KI, false},
    {"eki", SIM_KI, true},     {"opc", SIM_OPC, false},    {"eopc", SIM_OPC, true},
    {"op", SIM_OP, false},     {"eop", SIM_OP, true},      {"msisdn", SIM_MSISDN, false},
    {"kcv", SIM_KCV, false},   {"ki_kcv", SIM_KCV, false},
};

static enum sim_maker_column column_of(const char *name, bool *encrypted)
{
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (is_name(name, names[i].name)) {
            *encrypted = names[i].encrypted;
            return names[i].column;
        }
    }
    *encrypted = false;
    return SIM_SKIPPED;
}

static bool add_column(struct sim_maker *s, const char *name, char *why, size_t cap)
{
    bool encrypted;
    const enum sim_maker_column c = column_of(name, &encrypted);
    if (s->n == SIM_MAKER_COLUMNS_MAX) {
        return wrong(why, cap, "Var_Out has more columns than can be read");
    }
    if (c != SIM_SKIPPED && (s->seen & (1u << c)) != 0) {
        return wrong(why, cap, "Var_Out has one column twice");
    }
    s->seen |= c != SIM_SKIPPED ? 1u << c : 0;
    s->must_be_encrypted = s->must_be_encrypted || encrypted;
    s->column[s->n++] = c;
    return true;
}

/* What only the whole header tells. */
static bool header_ended(struct sim_maker *s, char *why, size_t cap)
{
    s->at_rows = true;
    if ((s->seen & (1u << SIM_IMSI)) == 0 || (s->seen & (1u << SIM_KI)) == 0) {
        return wrong(why, cap, "Var_Out has no column IMSI, or none of KI and EKI");
    }
    if (s->must_be_encrypted && !*s->transport_key) {
        return wrong(why, cap,
                     "a column is of encrypted keys, and no line Transport_key says under "
                     "what: name it with --transport-key");
    }
    return true;
}

/* NAME/NAME/..., to be gone on with in the next line after a slash. */
static bool take_columns(struct sim_maker *s, char *text, char *why, size_t cap)
{
    char *name = trimmed(text);
    s->more = false;
    while (name != NULL) {
        char *slash = strchr(name, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        char *one = trimmed(name);
        name = slash != NULL ? slash + 1 : NULL;
        if (*one == '\0' && name == NULL) {
            s->more = true;
        } else if (*one == '\0') {
            return wrong(why, cap, "Var_Out has a column without a name");
        } else if (!add_column(s, one, why, cap)) {
            return false;
        }
    }
    return s->more || header_ended(s, why, cap);
}

/* ---- the other headers ---- */

/* 0 and none: the file's keys are in clear. */
static bool take_transport_key(struct sim_maker *s, char *value, char *why, size_t cap)
{
    if (s->key_is_given || is_name(value, "none") || is_name(value, "0")) {
        return true;
    }
    return take_name(s, value) ||
           wrong(why, cap,
                 "Transport_key is not the name of a transport key: 1 to 32 letters, "
                 "digits, dots, hyphens and underscores; --transport-key names another");
}

static bool take_quantity(struct sim_maker *s, char *value, char *why, size_t cap)
{
    char *end = value;
    s->quantity = isdigit((unsigned char)*value) ? strtol(value, &end, 10) : -1;
    return (s->quantity >= 0 && *end == '\0') || wrong(why, cap, "Quantity is not a number");
}

static bool take_algorithm(struct sim_maker *s, char *value, char *why, size_t cap)
{
    s->algorithm = is_name(value, "milenage") ? "milenage" : is_name(value, "tuak") ? "tuak" : NULL;
    return s->algorithm != NULL ||
           wrong(why, cap, "Algorithm is neither MILENAGE nor TUAK, and the HSS computes no other");
}

static bool take_delimiter(struct sim_maker *s, char *value, char *why, size_t cap)
{
    static const struct {
        const char *name;
        char c;
    } words[] = {{"space", 0},       {"blank", 0},  {"tab", '\t'}, {"comma", ','},
                 {"semicolon", ';'}, {"pipe", '|'}, {"", 0}};
    for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
        if (is_name(value, words[i].name)) {
            s->separator = words[i].c;
            return true;
        }
    }
    s->separator = value[0];
    return (value[1] == '\0' && ispunct((unsigned char)value[0]) && value[0] != '"') ||
           wrong(why, cap,
                 "Delimiter is neither one character nor one of space, tab, comma, "
                 "semicolon and pipe");
}

/* Columns, or none: those that are not named are in clear. */
static bool take_encrypted(struct sim_maker *s, char *value, char *why, size_t cap)
{
    bool by_name;
    s->chose_encrypted = true;
    for (size_t i = 0; i < SIM_COLUMNS; i++) {
        s->clear[i] = true;
    }
    for (char *name = is_name(value, "none") ? NULL : value; name != NULL;) {
        char *slash = strchr(name, '/');
        if (slash != NULL) {
            *slash = '\0';
        }
        const enum sim_maker_column c = column_of(trimmed(name), &by_name);
        if (c != SIM_KI && c != SIM_OPC && c != SIM_OP) {
            return wrong(why, cap,
                         "Encrypted has other names than KI, OPC and OP, with a slash "
                         "between, or none");
        }
        s->clear[c] = false;
        name = slash != NULL ? slash + 1 : NULL;
    }
    return true;
}

static const struct {
    const char *name;
    bool (*take)(struct sim_maker *s, char *value, char *why, size_t cap);
} headers[] = {
    {VAR_OUT, take_columns},       {"transport_key", take_transport_key},
    {"quantity", take_quantity},   {"algorithm", take_algorithm},
    {"delimiter", take_delimiter}, {"encrypted", take_encrypted},
};

bool sim_maker_is_remark(const char *line)
{
    while (is_blank(*line)) {
        line++;
    }
    return *line == '\0' || *line == '*' || *line == '#';
}

bool sim_maker_header(struct sim_maker *s, char *line, char *why, size_t cap)
{
    if (s->more) {
        return take_columns(s, line, why, cap);
    }
    char *colon = strchr(line, ':');
    if (colon == NULL) {
        return wrong(why, cap, "this is no line `KEY: value`, and no Var_Out came before it");
    }
    *colon = '\0';
    const char *name = trimmed(line);
    for (unsigned i = 0; i < sizeof headers / sizeof headers[0]; i++) {
        if (!is_name(name, headers[i].name)) {
            continue;
        }
        if ((s->header & (1u << i)) != 0) {
            snprintf(why, cap, "%s is there twice", headers[i].name);
            return false;
        }
        s->header |= 1u << i;
        return headers[i].take(s, trimmed(colon + 1), why, cap);
    }
    return true; /* Customer, Type, Batch: of no use here */
}

/* ---- rows ---- */

/* The next field, or NULL behind the last one. */
static char *next_field(char **rest, char separator)
{
    char *field = *rest;
    if (field == NULL) {
        return NULL;
    }
    if (separator == 0) {
        field += strspn(field, " \t");
        size_t n = strcspn(field, " \t");
        *rest = field[n] != '\0' ? field + n + 1 : NULL;
        field[n] = '\0';
        return *field ? field : NULL;
    }
    char *end = strchr(field, separator);
    *rest = end != NULL ? end + 1 : NULL;
    if (end != NULL) {
        *end = '\0';
    }
    return trimmed(field);
}

static bool is_encrypted(const struct sim_maker *s, enum sim_maker_column c)
{
    return *s->transport_key && !(s->chose_encrypted && s->clear[c]);
}

static bool put(json_t *o, const char *name, const char *value)
{
    return *value == '\0' || json_object_set_new(o, name, json_string(value)) == 0;
}

static bool put_all(const struct sim_maker *s, const char *const value[SIM_COLUMNS], json_t *o)
{
    const bool k = is_encrypted(s, SIM_KI), opc = is_encrypted(s, SIM_OPC),
               op = is_encrypted(s, SIM_OP);
    const bool any = (k && *value[SIM_KI]) || (opc && *value[SIM_OPC]) || (op && *value[SIM_OP]);
    return put(o, "imsi", value[SIM_IMSI]) && put(o, k ? "k_encrypted" : "k", value[SIM_KI]) &&
           put(o, opc ? "opc_encrypted" : "opc", value[SIM_OPC]) &&
           put(o, op ? "op_encrypted" : "op", value[SIM_OP]) &&
           put(o, "msisdn", value[SIM_MSISDN]) && put(o, "k_kcv", value[SIM_KCV]) &&
           put(o, "algorithm", s->algorithm != NULL ? s->algorithm : "") &&
           put(o, "transport_key", any ? s->transport_key : "");
}

enum err sim_maker_row(struct sim_maker *s, char *line, json_t **out, const char **imsi, char *why,
                       size_t cap)
{
    const char *value[SIM_COLUMNS];
    char *rest = trimmed(line), *field;
    size_t n = 0;
    *out = NULL;
    s->rows++;
    for (size_t i = 0; i < SIM_COLUMNS; i++) {
        value[i] = "";
    }
    for (; (field = next_field(&rest, s->separator)) != NULL; n++) {
        if (n < s->n && s->column[n] != SIM_SKIPPED) {
            value[s->column[n]] = field;
        }
    }
    *imsi = value[SIM_IMSI];
    if (n != s->n) {
        snprintf(why, cap, "%zu fields, where Var_Out has %zu", n, s->n);
        return E_BAD_VALUE;
    }
    if (!*value[SIM_IMSI] || !*value[SIM_KI]) {
        snprintf(why, cap, "IMSI or KI is empty");
        return E_BAD_VALUE;
    }
    *out = json_object();
    if (!put_all(s, value, *out)) {
        json_decref(*out);
        *out = NULL;
        snprintf(why, cap, "a column is not UTF-8");
        return E_BAD_VALUE;
    }
    return E_OK;
}

bool sim_maker_end(const struct sim_maker *s, char *why, size_t cap)
{
    if (!s->at_rows) {
        return wrong(why, cap, "there is no line Var_Out that names the columns");
    }
    if (s->quantity >= 0 && (unsigned long)s->quantity != s->rows) {
        snprintf(why, cap, "Quantity says %ld rows and there are %lu: was the file cut off?",
                 s->quantity, s->rows);
        return false;
    }
    return true;
}

bool sim_maker_is(const char *text, size_t n)
{
    size_t at = 0;
    while (at < n) {
        size_t line = at;
        while (line < n && (text[line] == ' ' || text[line] == '\t')) {
            line++;
        }
        if (n - line > sizeof VAR_OUT &&
            (strncasecmp(text + line, "var_out", 7) == 0 ||
             strncasecmp(text + line, "var out", 7) == 0) &&
            (text[line + 7] == ':' || is_blank(text[line + 7]))) {
            return true;
        }
        const char *end = memchr(text + at, '\n', n - at);
        at = end != NULL ? (size_t)(end - text) + 1 : n;
    }
    return false;
}
