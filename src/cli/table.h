/* cli/table.h - aligned tables for people, over libsmartcols.
 *
 * Only for people: scripts get JSON. Control characters in a cell are shown, never sent to the
 * terminal.
 */
#ifndef BINDERY_CLI_TABLE_H
#define BINDERY_CLI_TABLE_H

#include <stddef.h>

struct table;

/* Columns are named by a list that ends with NULL; a name that begins with '>' is right-aligned,
 * one that begins with '~' is cut where the terminal is too narrow.
 * NULL without memory; the functions below then do nothing. */
struct table *table_new(const char *const *columns);
/* One line; as many cells as there are columns, NULL is shown as '-'. Cells are copied. */
void table_add(struct table *t, const char *const *cells);
/* Prints to standard output and frees. */
void table_print(struct table *t);

#endif
