#include "cli/eir_rows.h"

#include "cli/api_client.h"
#include "proc/eir.h"

#include <string.h>

#define FIELDS_MAX 3

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
static enum err take(const struct csv_row *row, struct eir_row *out)
{
    struct imei_range range;
    enum eir_list list;
    char text[IMEI_RANGE_TEXT_MAX];
    const char *note = row->n == FIELDS_MAX ? row->field[2] : "";
    if (row->n < 2 || row->n > FIELDS_MAX) {
        return fault(out, "a line is RULE,LIST or RULE,LIST,NOTE");
    }
    enum err err = imei_range_parse(bytes_of_str(row->field[0]), &range);
    if (err != E_OK) {
        return fault(out, wrong_rule(err));
    }
    if (eir_list_parse(bytes_of_str(row->field[1]), &list) != E_OK) {
        return fault(out, "the list is none of white, grey and black");
    }
    imei_range_print(&range, text);
    out->json = json_pack("{s:s,s:s}", "rule", text, "list", row->field[1]);
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

enum err eir_rows_next(struct csv *in, struct eir_row *out)
{
    struct csv_row row;
    enum err err;
    *out = (struct eir_row){.line = 0};
    do {
        err = csv_next(in, &row);
        out->line = row.line;
    } while (err == E_OK && row.field[0][0] == '#');
    if (err == E_BAD_VALUE) {
        out->line = row.fault_line;
        snprintf(out->fault, sizeof out->fault, "column %u: %s", row.fault_column, row.fault);
    } else if (err == E_OK) {
        snprintf(out->rule, sizeof out->rule, "%s", row.field[0]);
        err = take(&row, out);
    }
    return err;
}

void eir_row_put(FILE *to, const json_t *rule)
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
