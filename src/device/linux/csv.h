/* device/linux/csv.h - rows of comma-separated values, read strictly and one at a time.
 *
 * RFC 4180 with one restriction: a row is one line. Fields may be quoted, a quote inside is
 * doubled, a quoted field may hold commas and no line end, so that a quote that is never closed
 * costs one row and not those behind it. Lines end with LF or CRLF. A byte-order mark before the
 * first row is skipped. A row that breaks the rules is told with its line and column, and reading
 * goes on with the next line: one bad row never costs another. Fields live until the next call and
 * are wiped then, for some are keys.
 */
#ifndef BINDERY_DEVICE_LINUX_CSV_H
#define BINDERY_DEVICE_LINUX_CSV_H

#include "base/span.h"
#include <stdio.h>

#define CSV_FIELDS_MAX 32
#define CSV_ROW_MAX    8192
/* Nobody writes one, but UTF-16 is full of them, and spreadsheets offer that as "Unicode". */
#define CSV_NUL_CHARACTER "a NUL character, as UTF-16 has them: save the file as UTF-8"

struct csv {
    FILE *in;
    char separator;
    unsigned long line; /* the line being read, from 1 */
    unsigned column;    /* characters of it that were read */
    uint64_t octets;    /* read in all */
    bool begun;
    char text[CSV_ROW_MAX];
};
struct csv_row {
    unsigned long line; /* where it begins */
    size_t n;
    char *field[CSV_FIELDS_MAX]; /* NUL-terminated, in the reader's text */
    const char *fault;           /* with E_BAD_VALUE: what is wrong, and where */
    unsigned long fault_line;
    unsigned fault_column;
};

void csv_open(struct csv *c, FILE *in);
/* Fields are separated by another character, and quotes are characters like others. */
void csv_open_as(struct csv *c, FILE *in, char separator);
/* The next row that isn't an empty line. E_OK; E_CLOSED at the end; E_BAD_VALUE for a row that
 * breaks the rules (row->fault); E_IO. */
MUST_USE enum err csv_next(struct csv *c, struct csv_row *row);
void csv_wipe(struct csv *c);

#endif
