/* cli/secret_input.h - keys from a file or standard input, never from an argument.
 *
 * The text is hex digits, with white space before and after them. What is read lives in a
 * struct secret_text that the caller wipes.
 */
#ifndef BINDERY_CLI_SECRET_INPUT_H
#define BINDERY_CLI_SECRET_INPUT_H

#include "cli/cli.h"

#define SECRET_HEX_MAX  64
#define SECRET_FILE_MAX 4096

struct secret_text {
    char hex[SECRET_HEX_MAX + 1];
};
/* Reads a key of 16 octets, or of 16 or 32 if `long_too`. `option` is how the user named it
 * ("--k-file"), `path` a file or "-". False, and said what and where, when it is no key; the text
 * itself is never said. A file that others may read is refused. On a terminal "-" asks without
 * showing what is typed. */
MUST_USE bool secret_read(const char *option, const char *path, bool long_too,
                          struct secret_text *out);
/* The whole of a small file or standard input with NUL after it: at most cap - 1 octets.
 * `open_too`: a file that others may read is warned of and read. */
MUST_USE bool secret_read_whole(const char *path, bool open_too, char *out, size_t cap, size_t *n);
/* Somebody wrote a key where a file's name belongs: it must not be said again. */
bool secret_is_key(const char *argument);
void secret_wipe(struct secret_text *s);

#endif
