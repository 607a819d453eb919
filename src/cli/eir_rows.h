/* cli/eir_rows.h - the EIR's lists as a file, in the formats that such lists come in.
 *
 *   csv     RULE,LIST or RULE,LIST,NOTE: no header, a line that begins with # is a remark
 *   ndjson  {"rule":"...","list":"...","note":"..."} on each line, as the interface takes it
 *   list    one RULE on each line, and remarks; all are for the list that the caller names
 *   tac     a header that names columns, separated by '|', tab or comma, then a row for each type
 * of equipment: the column TAC, or IMEI, is the rule, and who made it what is the note. Such is the
 * database of type allocation codes. For the list that the caller names as well
 *
 * RULE is an IMEI, a TAC or two IMEIs with a hyphen between (id/imei_range.h), LIST is white, grey
 * or black. Rows are CSV (device/linux/csv.h). A bad row is told with its line and costs no other.
 */
#ifndef BINDERY_CLI_EIR_ROWS_H
#define BINDERY_CLI_EIR_ROWS_H

#include "device/linux/csv.h"
#include "proc/eir.h"
#include <jansson.h>

enum eir_format { EIR_CSV, EIR_NDJSON, EIR_LIST, EIR_TAC, EIR_FORMATS };
const char *eir_format_name(enum eir_format f); /* "csv", "ndjson", "list", "tac" */
/* Errors: E_BAD_VALUE. */
MUST_USE enum err eir_format_parse(const char *text, enum eir_format *out);
/* By the end of a file's name: ".ndjson" and ".jsonl", else CSV. */
enum eir_format eir_format_of(const char *file);
/* Does the format leave it to the caller which list its rules are for? */
bool eir_format_wants_list(enum eir_format f);

#define EIR_NOTE_COLUMNS 3
struct eir_rows {
    struct csv csv;
    enum eir_format format;
    enum eir_list list; /* of every rule, where the format has no lists */
    bool begun;
    unsigned rule_column; /* EIR_TAC */
    unsigned note_column[EIR_NOTE_COLUMNS], n_note_columns;
};
void eir_rows_open(struct eir_rows *r, FILE *in, enum eir_format format, enum eir_list list);

struct eir_row {
    unsigned long line;
    char rule[40];   /* as it stands in the file, cut */
    json_t *json;    /* with E_OK: as POST /v1/eir/import takes it; the caller's */
    char fault[160]; /* with E_BAD_VALUE */
};
/* E_OK, E_BAD_VALUE (this row is refused; go on), E_CLOSED at the end, E_MISSING (the header has no
 * column with a rule; fault says so, and there is nothing more), E_IO, E_MEMORY. */
MUST_USE enum err eir_rows_next(struct eir_rows *r, struct eir_row *out);
/* One rule as the interface shows it, as a line of a file of this format; EIR_TAC has one header,
 * of eir_rows_put_header, and the others none. */
void eir_rows_put_header(FILE *to, enum eir_format format);
void eir_row_put(FILE *to, enum eir_format format, const json_t *rule);

#endif
