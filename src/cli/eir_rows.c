#include "cli/eir_rows.h"

#include "cli/api_client.h"

#include <string.h>
#include <strings.h>

#define FIELDS_MAX 3
#define WHOLE_LINE '\x1f' /* a separator that no text has */
#define NOTE_MAX   63     /* octets, as the store keeps it */

static const char *const format_names[EIR_FORMATS] = {"csv", "ndjson", "list", "tac"};

const char *eir_format_name(enum eir_format f)
{
    return format_names[f];
}

enum err eir_format_parse(const char *text, enum eir_format *out)
{
    for (unsigned i = 0; i < EIR_FORMATS; i++) {
        if (strcmp(text, format_names[i]) == 0) {
            *out = (enum eir_format)i;
            return E_OK;
        }
    }
    return E_BAD_VALUE;
}

static bool ends_with(const char *text, const char *end)
{
    size_t n = strlen(text), m = strlen(end);
    return n > m && strcmp(text + n - m, end) == 0;
}

enum eir_format eir_format_of(const char *file)
{
    return ends_with(file, ".ndjson") || ends_with(file, ".jsonl") ? EIR_NDJSON : EIR_CSV;
}

bool eir_format_wants_list(enum eir_format f)
{
    return f == EIR_LIST || f == EIR_TAC;
}

/* ---- what all formats share ---- */

static enum err fault(struct eir_row *out, const char *what)
{
    snprintf(out->fault, sizeof out->fault, "%s", what);
    return E_BAD_VALUE;
}

static const char *wrong_rule(enum err err)
{
    return err == E_BAD_CHECK_DIGIT ? "an IMEI whose last digit is not its check digit"
           : err == E_BAD_VALUE     ? "the range ends before it begins"
                                    : "no IMEI (14 digits, or 15 with the check digit), no TAC (8) "
                                      "and no two IMEIs with a hyphen between";
}

/* The rule in its shortest text, so that the HSS and an export name it alike. */
static enum err rule_of(const char *rule, const char *list, const char *note, struct eir_row *out)
{
    struct imei_range range;
    char text[IMEI_RANGE_TEXT_MAX];
    enum err err = imei_range_parse(bytes_of_str(rule), &range);
    if (err != E_OK) {
        return fault(out, wrong_rule(err));
    }
    imei_range_print(&range, text);
    out->json = json_pack("{s:s,s:s}", "rule", text, "list", list);
    if (out->json == NULL) {
        return E_MEMORY;
    }
    if (*note && json_object_set_new(out->json, "note", json_string(note)) != 0) {
        json_decref(out->json);
        out->json = NULL;
        return fault(out, "the note is not UTF-8");
    }
    return E_OK;
}

/* ---- csv, list ---- */

static enum err take_csv(const struct csv_row *row, struct eir_row *out)
{
    enum eir_list list;
    if (row->n < 2 || row->n > FIELDS_MAX) {
        return fault(out, "a line is RULE,LIST or RULE,LIST,NOTE");
    }
    enum err err =
        rule_of(row->field[0], row->field[1], row->n == FIELDS_MAX ? row->field[2] : "", out);
    if (err == E_OK && eir_list_parse(bytes_of_str(row->field[1]), &list) != E_OK) {
        json_decref(out->json);
        out->json = NULL;
        return fault(out, "the list is none of white, grey and black");
    }
    return err;
}

static enum err take_list(const struct eir_rows *r, const struct csv_row *row, struct eir_row *out)
{
    return row->n == 1 ? rule_of(row->field[0], eir_list_name(r->list), "", out)
                       : fault(out, "a line of a list is one IMEI, TAC or range");
}

/* ---- ndjson: each member is the HSS's to judge ---- */

static enum err take_json(const struct csv_row *row, struct eir_row *out)
{
    json_error_t error;
    if (row->n != 1) {
        return fault(out, "a control character");
    }
    out->json = json_loads(row->field[0], JSON_REJECT_DUPLICATES, &error);
    if (!json_is_object(out->json)) {
        json_decref(out->json);
        out->json = NULL;
        return fault(out, "the line is no JSON object, or has a member twice");
    }
    snprintf(out->rule, sizeof out->rule, "%s", api_text(out->json, "rule"));
    return E_OK;
}

/* ---- tac ---- */

static bool names(const char *column, const char *const *of)
{
    while (*of != NULL && strcasecmp(column, *of) != 0) {
        of++;
    }
    return *of != NULL;
}

/* A bar, a tab, or else a comma stands between the columns. */
static char separator_of(const char *header)
{
    return strchr(header, '|') != NULL ? '|' : strchr(header, '\t') != NULL ? '\t' : ',';
}

static char *unquoted(char *name)
{
    size_t n = strlen(name);
    if (n >= 2 && name[0] == '"' && name[n - 1] == '"') {
        name[n - 1] = '\0';
        name++;
    }
    return name;
}

static enum err take_header(struct eir_rows *r, char *line, struct eir_row *out)
{
    static const char *const rules[] = {"tac", "imei", "tac/imei", NULL};
    static const char *const notes[] = {"manufacturer", "manufacturer name",
                                        "brand name",   "marketing name",
                                        "model name",   "model",
                                        "reason",       NULL};
    const char between[] = {separator_of(line), '\0'};
    bool found = false;
    unsigned i = 0;
    r->begun = true;
    r->csv.separator = between[0];
    for (char *column; (column = strsep(&line, between)) != NULL; i++) {
        column = unquoted(column);
        if (!found && names(column, rules)) {
            found = true;
            r->rule_column = i;
        } else if (r->n_note_columns < EIR_NOTE_COLUMNS && names(column, notes)) {
            r->note_column[r->n_note_columns++] = i;
        }
    }
    if (!found) {
        (void)fault(out, "the first line is to name the columns, one of them TAC or IMEI");
        return E_MISSING;
    }
    return E_OK;
}

/* Cut where a character of UTF-8 ends. */
static void cut(char *text)
{
    size_t n = strlen(text);
    if (n > NOTE_MAX) {
        n = NOTE_MAX;
        while (n > 0 && ((unsigned char)text[n] & 0xc0U) == 0x80U) {
            n--;
        }
        text[n] = '\0';
    }
}

static enum err take_tac(const struct eir_rows *r, const struct csv_row *row, struct eir_row *out)
{
    char note[256] = "";
    size_t used = 0;
    if (r->rule_column >= row->n) {
        return fault(out, "the row ends before the column with the rule");
    }
    snprintf(out->rule, sizeof out->rule, "%s", row->field[r->rule_column]);
    for (unsigned i = 0; i < r->n_note_columns && used < NOTE_MAX; i++) {
        const char *part = r->note_column[i] < row->n ? row->field[r->note_column[i]] : "";
        if (*part) {
            snprintf(note + used, sizeof note - used, "%s%s", used > 0 ? " " : "", part);
            used = strlen(note);
        }
    }
    cut(note);
    return rule_of(row->field[r->rule_column], eir_list_name(r->list), note, out);
}

/* ---- rows ---- */

void eir_rows_open(struct eir_rows *r, FILE *in, enum eir_format format, enum eir_list list)
{
    *r = (struct eir_rows){.format = format, .list = list};
    bool whole_lines =
        format == EIR_NDJSON || format == EIR_TAC; /* the header says what separates */
    csv_open_as(&r->csv, in, whole_lines ? WHOLE_LINE : ',');
}

static enum err take(struct eir_rows *r, const struct csv_row *row, struct eir_row *out)
{
    snprintf(out->rule, sizeof out->rule, "%s", row->field[0]);
    switch (r->format) {
    case EIR_NDJSON:
        return take_json(row, out);
    case EIR_LIST:
        return take_list(r, row, out);
    case EIR_TAC:
        return take_tac(r, row, out);
    case EIR_CSV:
    case EIR_FORMATS:
        break;
    }
    return take_csv(row, out);
}

/*= op-eir-formats */
enum err eir_rows_next(struct eir_rows *r, struct eir_row *out)
{
    struct csv_row row;
    enum err err;
    *out = (struct eir_row){.line = 0};
    do {
        err = csv_next(&r->csv, &row);
        out->line = row.line;
    } while (err == E_OK && row.field[0][0] == '#');
    if (err == E_OK && r->format == EIR_TAC && !r->begun) {
        err = take_header(r, row.field[0], out);
        return err == E_OK ? eir_rows_next(r, out) : err;
    }
    if (err == E_BAD_VALUE) {
        out->line = row.fault_line;
        snprintf(out->fault, sizeof out->fault, "column %u: %s", row.fault_column, row.fault);
        return err;
    }
    return err == E_OK ? take(r, &row, out) : err;
}

/* ---- writing ---- */

static void put_csv(FILE *to, const json_t *rule)
{
    const char *note = api_text(rule, "note");
    fprintf(to, "%s,%s", api_text(rule, "rule"), api_text(rule, "list"));
    if (*note) {
        fputs(",\"", to);
        for (; *note; note++) {
            fputs(*note == '"' ? "\"\"" : (char[]){*note, '\0'}, to);
        }
        fputc('"', to);
    }
    fputc('\n', to);
}

static void put_json(FILE *to, const json_t *rule)
{
    const char *note = api_text(rule, "note");
    json_t *row = json_pack("{s:s,s:s,s:s*}", "rule", api_text(rule, "rule"), "list",
                            api_text(rule, "list"), "note", *note ? note : NULL);
    (void)json_dumpf(row, to, JSON_COMPACT);
    fputc('\n', to);
    json_decref(row);
}

static void put_tac(FILE *to, const json_t *rule)
{
    const char *note = api_text(rule, "note");
    fprintf(to, "%s|", api_text(rule, "rule"));
    for (; *note; note++) {
        fputc(*note == '|' ? '/' : *note, to);
    }
    fputc('\n', to);
}

void eir_rows_put_header(FILE *to, enum eir_format format)
{
    if (format == EIR_TAC) {
        fputs("TAC/IMEI|Manufacturer\n", to);
    }
}

void eir_row_put(FILE *to, enum eir_format format, const json_t *rule)
{
    switch (format) {
    case EIR_NDJSON:
        put_json(to, rule);
        return;
    case EIR_LIST:
        fprintf(to, "%s\n", api_text(rule, "rule"));
        return;
    case EIR_TAC:
        put_tac(to, rule);
        return;
    case EIR_CSV:
    case EIR_FORMATS:
        break;
    }
    put_csv(to, rule);
}
