#include "device/linux/csv.h"
#include <string.h>

void csv_open(struct csv *c, FILE *in)
{
    csv_open_as(c, in, ',');
}

void csv_open_as(struct csv *c, FILE *in, char separator)
{
    *c = (struct csv){.in = in, .separator = separator, .line = 1};
}

void csv_wipe(struct csv *c)
{
    wipe(c->text, sizeof c->text);
}

static int next_octet(struct csv *c)
{
    int o = getc_unlocked(c->in);
    if (o != EOF) {
        c->octets++;
        c->column++;
    }
    return o;
}

static int peek_octet(struct csv *c)
{
    int o = getc_unlocked(c->in);
    if (o != EOF) {
        (void)ungetc(o, c->in);
    }
    return o;
}

static void new_line(struct csv *c)
{
    c->line++;
    c->column = 0;
}

/* LF, or CR with LF behind it (which is then read). */
static bool ends_line(struct csv *c, int o)
{
    if (o == '\r' && peek_octet(c) == '\n') {
        o = next_octet(c);
    }
    return o == '\n';
}

static void skip_mark(struct csv *c)
{
    static const uint8_t mark[] = {0xef, 0xbb, 0xbf};
    for (size_t i = 0; i < sizeof mark && peek_octet(c) == mark[i]; i++) {
        (void)next_octet(c);
    }
    c->column = 0;
}

static enum err fault(struct csv *c, struct csv_row *row, const char *what)
{
    row->fault = what;
    row->fault_line = c->line;
    row->fault_column = c->column;
    return E_BAD_VALUE;
}

/* How a field ended. */
enum field_end { FIELD_MORE, FIELD_LAST, FIELD_EOF, FIELD_BAD };

static bool put(struct csv *c, size_t *at, int o)
{
    if (*at + 1 >= sizeof c->text) {
        return false;
    }
    c->text[(*at)++] = (char)o;
    return true;
}

static enum field_end bad(struct csv *c, struct csv_row *row, const char *what)
{
    (void)fault(c, row, what);
    return FIELD_BAD;
}

static enum field_end quoted_end(struct csv *c, struct csv_row *row, int o)
{
    if (o == EOF) {
        return FIELD_EOF;
    }
    if (o == c->separator) {
        return FIELD_MORE;
    }
    return ends_line(c, o) ? FIELD_LAST
                           : bad(c, row, "something stands between a closing quote and the comma");
}

static enum field_end quoted(struct csv *c, struct csv_row *row, size_t *at)
{
    for (;;) {
        int o = next_octet(c);
        if (o == EOF) {
            return bad(c, row, "a quote was opened and not closed on this line");
        }
        if (o == '"') {
            o = next_octet(c);
            if (o != '"') {
                return quoted_end(c, row, o);
            }
        } else if (o == '\n') {
            enum field_end end = bad(c, row, "a quote was opened and not closed on this line");
            new_line(c);
            return end;
        }
        if (o == '\0') {
            return bad(c, row, CSV_NUL_CHARACTER);
        }
        if (!put(c, at, o)) {
            return bad(c, row, "the row is longer than 8191 octets");
        }
    }
}

static enum field_end plain(struct csv *c, struct csv_row *row, size_t *at)
{
    for (;;) {
        int o = next_octet(c);
        if (o == EOF) {
            return FIELD_EOF;
        }
        if (o == c->separator) {
            return FIELD_MORE;
        }
        if (ends_line(c, o)) {
            return FIELD_LAST;
        }
        if (o == '"' && c->separator == ',') {
            return bad(c, row, "a quote inside a field that doesn't begin with one");
        }
        if (o == '\0' || o == '\r') {
            return bad(c, row, o ? "a carriage return alone" : CSV_NUL_CHARACTER);
        }
        if (!put(c, at, o)) {
            return bad(c, row, "the row is longer than 8191 octets");
        }
    }
}

static void skip_line(struct csv *c)
{
    int o;
    do {
        o = next_octet(c);
    } while (o != EOF && o != '\n');
    new_line(c);
}

static enum field_end read_field(struct csv *c, struct csv_row *row, size_t *at)
{
    if (row->n == CSV_FIELDS_MAX) {
        return bad(c, row, "more than 32 fields");
    }
    row->field[row->n++] = c->text + *at;
    bool quote = c->separator == ',' && peek_octet(c) == '"';
    if (quote) {
        (void)next_octet(c);
    }
    enum field_end end = quote ? quoted(c, row, at) : plain(c, row, at);
    c->text[(*at)++] = '\0';
    return end;
}

static enum err read_row(struct csv *c, struct csv_row *row)
{
    size_t at = 0;
    enum field_end end;
    *row = (struct csv_row){.line = c->line};
    do {
        end = read_field(c, row, &at);
    } while (end == FIELD_MORE);
    if (end == FIELD_BAD) {
        if (c->column > 0 && !feof(c->in)) {
            skip_line(c);
        }
        return E_BAD_VALUE;
    }
    new_line(c);
    return E_OK;
}

enum err csv_next(struct csv *c, struct csv_row *row)
{
    if (!c->begun) {
        c->begun = true;
        skip_mark(c);
    }
    csv_wipe(c);
    for (;;) {
        if (peek_octet(c) == EOF) {
            return ferror(c->in) ? E_IO : E_CLOSED;
        }
        enum err e = read_row(c, row);
        if (ferror(c->in)) {
            return E_IO;
        }
        if (e != E_OK || row->n > 1 || row->field[0][0]) {
            return e;
        }
    }
}
