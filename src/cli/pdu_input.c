#include "cli/pdu_input.h"
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* Four characters an octet ("0x" and a space), and JSON with names around every octet. */
#define TEXT_MAX (16u * PDU_MAX)

/* ---- where it comes from ---- */

static const struct argp_option source_options[] = {
    {"file", 'f', "FILE", 0, "take it from a file; - for standard input", 10},
    {0},
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct pdu_source *from = state->input;
    switch (key) {
    case 'f':
        from->file = arg;
        return 0;
    case ARGP_KEY_ARGS:
        from->words = state->argv + state->next;
        from->n_words = state->argc - state->next;
        state->next = state->argc;
        return 0;
    case ARGP_KEY_END:
        if (from->file && from->n_words > 0) {
            argp_error(state, "--file and '%s': one of them", from->words[0]);
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

const struct argp pdu_source_argp = {.options = source_options, .parser = take};

static const char *file_of(const struct pdu_source *from)
{
    bool dash = from->n_words == 1 && !strcmp(from->words[0], "-");
    return from->file ? from->file : from->n_words == 0 || dash ? "-" : NULL;
}

bool pdu_source_is_stdin(const struct pdu_source *from)
{
    const char *file = file_of(from);
    return file && !strcmp(file, "-");
}

static char *join_words(const struct pdu_source *from, size_t *n)
{
    char *text = NULL;
    FILE *to = open_memstream(&text, n);
    for (int i = 0; to && i < from->n_words; i++) {
        fprintf(to, "%s%s", i ? " " : "", from->words[i]);
    }
    if (!to || fclose(to) != 0) {
        cli_error("%s", err_sentence(E_MEMORY));
        free(text);
        return NULL;
    }
    return text;
}

static char *read_stream(const char *path, FILE *in, size_t *n)
{
    char *text = malloc(TEXT_MAX + 1);
    *n = text ? fread(text, 1, TEXT_MAX + 1, in) : 0;
    if (!text || ferror(in) || *n > TEXT_MAX) {
        cli_error("%s: %s", path,
                  !text        ? err_sentence(E_MEMORY)
                  : ferror(in) ? strerror(errno)
                               : "longer than any message");
        free(text);
        return NULL;
    }
    text[*n] = '\0';
    return text;
}

/* What is to be read, with NUL behind it; NULL and said. */
static char *source_text(const struct pdu_source *from, size_t *n)
{
    const char *path = file_of(from);
    if (!path) {
        return join_words(from, n);
    }
    FILE *in = !strcmp(path, "-") ? stdin : fopen(path, "re");
    if (!in) {
        cli_error("%s: %s", path, strerror(errno));
        return NULL;
    }
    char *text = read_stream(path, in, n);
    if (in != stdin) {
        (void)fclose(in);
    }
    return text;
}

static const char *source_name(const struct pdu_source *from)
{
    const char *path = file_of(from);
    return !path ? "the argument" : !strcmp(path, "-") ? "standard input" : path;
}

/* ---- hex ---- */

static bool is_separator(uint8_t c)
{
    return isspace(c) || c == ':';
}

static int digit_of(uint8_t c)
{
    return isdigit(c) ? c - '0' : isxdigit(c) ? tolower(c) - 'a' + 10 : -1;
}

static size_t skip_separators(struct bytes text, size_t at)
{
    while (at < text.n && is_separator(text.p[at])) {
        at++;
    }
    return at + 1 < text.n && text.p[at] == '0' && (text.p[at + 1] | 0x20) == 'x' ? at + 2 : at;
}

static bool complain(char *why, size_t cap, struct bytes text, size_t at)
{
    if (at < text.n && !is_separator(text.p[at])) {
        snprintf(why, cap, "character %zu is not a hex digit", at + 1);
    } else {
        snprintf(why, cap, "character %zu: one digit alone, where an octet has two", at);
    }
    return false;
}

bool pdu_hex_parse(struct bytes text, struct mbytes out, size_t *n, char *why, size_t cap)
{
    *n = 0;
    for (size_t at = skip_separators(text, 0); at < text.n; at = skip_separators(text, at)) {
        for (size_t i = at; i < at + 2; i++) {
            if (i >= text.n || digit_of(text.p[i]) < 0) {
                return complain(why, cap, text, i);
            }
        }
        if (*n == out.n) {
            snprintf(why, cap, "more than %zu octets", out.n);
            return false;
        }
        out.p[(*n)++] = (uint8_t)(16 * digit_of(text.p[at]) + digit_of(text.p[at + 1]));
        at += 2;
    }
    if (*n == 0) {
        snprintf(why, cap, "there are no octets");
    }
    return *n > 0;
}

bool pdu_read_hex(const struct pdu_source *from, struct mbytes out, size_t *n)
{
    char why[120];
    size_t length;
    char *text = source_text(from, &length);
    bool good = text && pdu_hex_parse((struct bytes){(const uint8_t *)text, length}, out, n, why,
                                      sizeof why);
    if (text && !good) {
        cli_error("%s: %s", source_name(from), why);
    }
    free(text);
    return good;
}

void pdu_print_hex(struct bytes pdu)
{
    for (size_t i = 0; i < pdu.n; i++) {
        printf("%02x", pdu.p[i]);
    }
    putchar('\n');
}

/* ---- JSON ---- */

json_t *pdu_read_json(const struct pdu_source *from)
{
    json_error_t at;
    size_t n;
    char *text = source_text(from, &n);
    json_t *o = text ? json_loadb(text, n, JSON_REJECT_DUPLICATES, &at) : NULL;
    if (text && !o) {
        cli_error("%s: line %d column %d: %s", source_name(from), at.line, at.column, at.text);
    } else if (o && !json_is_object(o)) {
        cli_error("%s: not the JSON of one object", source_name(from));
        json_decref(o);
        o = NULL;
    }
    free(text);
    return o;
}

/* ---- pairs ---- */

struct flattening {
    struct pdu_pairs *out;
    char path[PDU_PATH_MAX];
    size_t path_n;
    char *why;
    size_t cap;
};

static bool refuse(struct flattening *f, const char *reason)
{
    snprintf(f->why, f->cap, "%.80s: %s", f->path, reason);
    return false;
}

static bool add_pair(struct flattening *f, const char *value)
{
    struct pdu_pairs *out = f->out;
    if (out->n == out->room) {
        size_t room = out->room ? 2 * out->room : 64;
        void *fresh = realloc(out->pair, room * sizeof *out->pair);
        if (!fresh) {
            return refuse(f, err_sentence(E_MEMORY));
        }
        out->pair = fresh;
        out->room = room;
    }
    struct pdu_pair *p = &out->pair[out->n];
    *p = (struct pdu_pair){strdup(f->path), strdup(value)};
    out->n++;
    return p->path && p->value ? true : refuse(f, err_sentence(E_MEMORY));
}

static bool flatten(struct flattening *f, const json_t *value);

/* One member of an object, or an element of a list. */
static bool flatten_part(struct flattening *f, const char *key, size_t index, const json_t *value)
{
    size_t before = f->path_n, room = sizeof f->path - before;
    int n = key ? snprintf(f->path + before, room, "%s%s", before ? "." : "", key)
                : snprintf(f->path + before, room, "[%zu]", index);
    if (n < 0 || (size_t)n >= room) {
        return refuse(f, "names nested deeper than any message has them");
    }
    f->path_n += (size_t)n;
    bool good = flatten(f, value);
    f->path_n = before;
    if (good) {
        f->path[before] = '\0';
    }
    return good;
}

static bool flatten(struct flattening *f, const json_t *value)
{
    char number[24];
    const char *key;
    json_t *part;
    size_t i;
    bool good = true;
    if (json_is_string(value)) {
        return add_pair(f, json_string_value(value));
    }
    if (json_is_integer(value)) {
        snprintf(number, sizeof number, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return add_pair(f, number);
    }
    if (!json_is_object(value) && !json_is_array(value)) {
        return refuse(f, "text or a whole number is wanted");
    }
    if (f->path_n > 0 && json_object_size(value) == 0 && json_array_size(value) == 0) {
        return add_pair(f, "{}");
    }
    json_array_foreach((json_t *)(uintptr_t)value, i, part)
    {
        good = good && flatten_part(f, NULL, i, part);
    }
    json_object_foreach((json_t *)(uintptr_t)value, key, part)
    {
        good = good && flatten_part(f, key, 0, part);
    }
    return good;
}

bool pdu_pairs_of(const json_t *object, struct pdu_pairs *out, char *why, size_t cap)
{
    struct flattening f = {.out = out, .why = why, .cap = cap};
    *out = (struct pdu_pairs){0};
    return flatten(&f, object);
}

void pdu_pairs_free(struct pdu_pairs *pairs)
{
    for (size_t i = 0; i < pairs->n; i++) {
        free(pairs->pair[i].path);
        free(pairs->pair[i].value);
    }
    free(pairs->pair);
    *pairs = (struct pdu_pairs){0};
}
