/* The server's PEM files as texts, as libmicrohttpd wants them: part of src/net/https_parts.h. */
#include "net/https_parts.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define FILE_MOST 65536u

static enum err say(struct https_why *why, enum err err, const char *where, const char *what)
{
    (void)snprintf(why->text, sizeof why->text, "%.150s: %.100s", where, what);
    return err;
}

enum err https_file_text(const char *path, bool secret, char **out, struct https_why *why)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    char *text = calloc(1, FILE_MOST + 1);
    if (f == NULL || text == NULL || fstat(fileno(f), &st) != 0) {
        const char *what = strerror(f == NULL ? errno : ENOMEM);
        if (f != NULL) {
            (void)fclose(f);
        }
        free(text);
        return say(why, E_IO, path, what);
    }
    bool open_to_others = secret && (st.st_mode & 077) != 0;
    size_t n = open_to_others ? 0 : fread(text, 1, FILE_MOST + 1, f);
    bool bad = ferror(f) != 0 || n > FILE_MOST;
    (void)fclose(f); /* was only read */
    *out = text;
    if (open_to_others) {
        return say(why, E_DENIED, path, "others may read this key: chmod 600 it");
    }
    return bad ? say(why, E_IO, path, "cannot be read, or is too large") : E_OK;
}
