#include "cli/table.h"
#include <libsmartcols.h>
#include <stdlib.h>

struct table {
    struct libscols_table *scols;
    size_t columns;
};

struct table *table_new(const char *const *columns)
{
    struct table *t = calloc(1, sizeof *t);
    if (t) {
        t->scols = scols_new_table();
    }
    if (!t || !t->scols) {
        free(t);
        return NULL;
    }
    for (; columns[t->columns]; t->columns++) {
        const char *name = columns[t->columns];
        int flags = *name == '>' ? SCOLS_FL_RIGHT : *name == '~' ? SCOLS_FL_TRUNC : 0;
        (void)scols_table_new_column(t->scols, name + (flags != 0), 0, flags);
    }
    return t;
}

void table_add(struct table *t, const char *const *cells)
{
    struct libscols_line *line = t ? scols_table_new_line(t->scols, NULL) : NULL;
    for (size_t i = 0; line && i < t->columns; i++) {
        (void)scols_line_set_data(line, i, cells[i] && *cells[i] ? cells[i] : "-");
    }
}

void table_print(struct table *t)
{
    if (t) {
        (void)scols_print_table(t->scols);
        scols_unref_table(t->scols);
        free(t);
    }
}
