#include "cli/named_values.h"
#include <ctype.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static char *trimmed(char *s)
{
    while (isspace((unsigned char)*s)) {
        s++;
    }
    size_t n = strlen(s);
    while (n > 0 && isspace((unsigned char)s[n - 1])) {
        s[--n] = '\0';
    }
    return s;
}

static bool parse_lines(char *text, named_value_set *set, void *ctx, char *why, size_t cap)
{
    char *next = text;
    char what[120];
    for (unsigned line = 1; next; line++) {
        char *s = next;
        next = strchr(s, '\n');
        if (next) {
            *next++ = '\0';
        }
        s = trimmed(s);
        if (!*s || *s == '#') {
            continue;
        }
        char *equals = strchr(s, '=');
        if (!equals) {
            snprintf(why, cap, "line %u: not of the form name=value", line);
            return false;
        }
        *equals = '\0';
        if (!set(ctx, trimmed(s), trimmed(equals + 1), what, sizeof what)) {
            snprintf(why, cap, "line %u: %s", line, what);
            return false;
        }
    }
    return true;
}

static bool parse_json(const char *text, size_t n, named_value_set *set, void *ctx, char *why,
                       size_t cap)
{
    json_error_t at;
    const char *name;
    json_t *value, *o = json_loadb(text, n, JSON_REJECT_DUPLICATES, &at);
    bool good = json_is_object(o);
    if (!good) {
        snprintf(why, cap, "line %d column %d: not the JSON of one object", at.line, at.column);
    }
    json_object_foreach(o, name, value)
    {
        char number[24];
        const char *s = json_string_value(value);
        if (json_is_integer(value)) {
            snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
            s = number;
        }
        good = good && set(ctx, name, s ? s : "", why, cap);
    }
    json_decref(o);
    return good;
}

bool named_values_parse(char *text, size_t n, named_value_set *set, void *ctx, char *why,
                        size_t cap)
{
    if (memchr(text, '\0', n)) {
        snprintf(why, cap, "it holds a NUL character");
        return false;
    }
    return *trimmed(text) == '{' ? parse_json(text, strlen(text), set, ctx, why, cap)
                                 : parse_lines(text, set, ctx, why, cap);
}
