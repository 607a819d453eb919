/* cli/eir_rows.h - the EIR's lists as a file: one rule on each line, RULE,LIST or RULE,LIST,NOTE.
 *
 * RULE is an IMEI, a TAC or two IMEIs with a hyphen between (id/imei_range.h), LIST is white, grey
 * or black. There is no header; a line that begins with # is a remark. Rows are CSV (cli/csv.h). A
 * bad row is told with its line and costs no other row.
 */
#ifndef BINDERY_CLI_EIR_ROWS_H
#define BINDERY_CLI_EIR_ROWS_H

#include "device/linux/csv.h"
#include <jansson.h>

struct eir_row {
    unsigned long line;
    char rule[40];   /* as it stands in the file, cut */
    json_t *json;    /* with E_OK: as POST /v1/eir/import takes it; the caller's */
    char fault[160]; /* with E_BAD_VALUE */
};
/* E_OK, E_BAD_VALUE (this row is refused; go on), E_CLOSED at the end, E_IO, E_MEMORY. */
MUST_USE enum err eir_rows_next(struct csv *in, struct eir_row *out);
/* One rule as the interface shows it, as a line of a file. */
void eir_row_put(FILE *to, const json_t *rule);

#endif
