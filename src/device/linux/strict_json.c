#include "device/linux/strict_json.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

void strict_refuse(struct strict *r, enum err e, const char *format, ...)
{
    if (r->err != E_OK) {
        return;
    }
    r->err = e;
    const int n = snprintf(r->why, r->why_cap, "%s: ", r->name);
    va_list ap;
    va_start(ap, format);
    if (n > 0 && (size_t)n < r->why_cap) {
        (void)vsnprintf(r->why + n, r->why_cap - (size_t)n, format, ap);
    }
    va_end(ap);
}

static bool is_one_of(const char *word, const char *const *known)
{
    while (*known != NULL && strcmp(word, *known) != 0) {
        known++;
    }
    return *known != NULL;
}

void strict_only(struct strict *r, json_t *o, const char *at, const char *const *known,
                 const char *what)
{
    const char *key;
    json_t *value;
    if (!json_is_object(o)) {
        strict_refuse(r, E_BAD_VALUE, "%s is not an object", at);
        return;
    }
    json_object_foreach(o, key, value)
    {
        if (!is_one_of(key, known)) {
            strict_refuse(r, E_UNKNOWN, "%s%s is not a member of %s", at, key, what);
        }
    }
}

bool strict_has(json_t *o, const char *key)
{
    const json_t *v = json_object_get(o, key);
    return v != NULL && !json_is_null(v);
}

const char *strict_text(struct strict *r, json_t *o, const char *at, const char *key)
{
    const json_t *v = json_object_get(o, key);
    const char *s = json_string_value(v);
    if (s == NULL) {
        strict_refuse(r, v != NULL ? E_BAD_VALUE : E_MISSING, "%s%s %s", at, key,
                      v != NULL ? "is not a string" : "is missing");
    }
    return s != NULL ? s : "";
}

void strict_hex(struct strict *r, json_t *o, const char *at, const char *key, struct mbytes out)
{
    const char *s = strict_text(r, o, at, key);
    if (r->err == E_OK && hex_decode(s, out) != E_OK) {
        strict_refuse(r, E_BAD_VALUE, "%s%s is not %zu hex digits", at, key, out.n * 2);
    }
}

size_t strict_long_hex(struct strict *r, json_t *o, const char *at, const char *key, size_t min,
                       struct mbytes out)
{
    const size_t n = strlen(strict_text(r, o, at, key)) / 2;
    if (r->err == E_OK && (n < min || n > out.n)) {
        strict_refuse(r, E_BAD_VALUE, "%s%s is not %zu to %zu hex digits", at, key, min * 2,
                      out.n * 2);
    }
    if (r->err == E_OK) {
        strict_hex(r, o, at, key, (struct mbytes){out.p, n});
    }
    return r->err == E_OK ? n : 0;
}

int64_t strict_number(struct strict *r, json_t *o, const char *at, const char *key, int64_t max)
{
    const json_t *v = json_object_get(o, key);
    const int64_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < 0 || n > max) {
        strict_refuse(r, v != NULL ? E_BAD_VALUE : E_MISSING, "%s%s %s", at, key,
                      v != NULL ? "is out of its range" : "is missing");
        return 0;
    }
    return n;
}

static enum err err_of_errno(int no)
{
    return no == ENOENT ? E_NOT_FOUND : no == EACCES ? E_DENIED : E_IO;
}

enum err strict_load(struct strict *r, const char *path, bool is_private, struct mbytes out,
                     size_t *n)
{
    struct stat st;
    FILE *f = fopen(path, "re");
    if (f != NULL) {
        (void)setvbuf(f, NULL, _IONBF, 0); /* no copy of the keys that nobody wipes */
    }
    *n = f != NULL ? fread(out.p, 1, out.n, f) : 0;
    if (f == NULL || ferror(f) || fstat(fileno(f), &st) != 0) {
        strict_refuse(r, err_of_errno(errno), "%s", strerror(errno));
    } else if (is_private && S_ISREG(st.st_mode) && (st.st_mode & 077) != 0) {
        strict_refuse(r, E_DENIED, "others may read this file, and it holds keys; `chmod 600 %s`",
                      path);
    } else if (*n == 0) {
        strict_refuse(r, E_BAD_VALUE, "it is empty");
    } else if (*n == out.n) {
        strict_refuse(r, E_BAD_VALUE, "longer than such a file ever is");
    }
    if (f != NULL) {
        (void)fclose(f);
    }
    return r->err;
}

json_t *strict_object(struct strict *r, struct bytes json, const char *what)
{
    json_error_t at;
    json_t *o = json_loadb((const char *)json.p, json.n, JSON_REJECT_DUPLICATES, &at);
    if (o == NULL) {
        /* jansson may quote the text near the fault, which may be a key: only the place is told */
        strict_refuse(r, E_BAD_VALUE, "line %d column %d: not the JSON of %s", at.line, at.column,
                      what);
    }
    return o;
}
