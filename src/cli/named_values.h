/* cli/named_values.h - the input of a calculator: lines "name = value" or one JSON object.
 *
 * Empty lines and lines that begin with # are passed over. The values may be keys: they are handed
 * on, and never said.
 */
#ifndef BINDERY_CLI_NAMED_VALUES_H
#define BINDERY_CLI_NAMED_VALUES_H

#include "base/err.h"
#include <stdbool.h>
#include <stddef.h>

/* Takes one; false and why. */
typedef bool named_value_set(void *ctx, const char *name, const char *value, char *why, size_t cap);
/* `text` has n characters and NUL behind them, and is written to. False and why, with the line. */
MUST_USE bool named_values_parse(char *text, size_t n, named_value_set *set, void *ctx, char *why,
                                 size_t cap);

#endif
