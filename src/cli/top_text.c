#include "cli/top_text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- reading ---- */

static bool is_name(char c, bool first)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' || c == ':' ||
           (!first && c >= '0' && c <= '9');
}

/* The name that begins at *at, ended by a NUL in its place; *next is what stood there. */
static char *take_name(char **at, char *next)
{
    char *name = *at, *p = *at;
    while (is_name(*p, p == name)) {
        p++;
    }
    *next = *p;
    *at = *p != '\0' ? p + 1 : p;
    *p = '\0';
    return p > name ? name : NULL;
}

/* Behind the opening quote; undoes what was escaped in place. */
static char *take_value(char **at)
{
    char *value = *at, *to = *at, *p = *at;
    for (; *p != '\0' && *p != '"'; p++) {
        if (*p == '\\') {
            p++;
            if (*p != '\\' && *p != '"' && *p != 'n') {
                return NULL;
            }
            *to++ = *p == 'n' ? '\n' : *p;
        } else {
            *to++ = *p;
        }
    }
    if (*p != '"') {
        return NULL;
    }
    *to = '\0';
    *at = p + 1;
    return value;
}

/* Behind '{', to behind '}'. */
static bool take_labels(char **at, struct top_sample *s)
{
    char next = '\0';
    while (**at != '}') {
        char *name = take_name(at, &next);
        if (name == NULL || next != '=' || **at != '"' || s->n_labels == TOP_LABELS_MAX) {
            return false;
        }
        (*at)++;
        char *value = take_value(at);
        if (value == NULL || (**at != ',' && **at != '}')) {
            return false;
        }
        s->labels[s->n_labels].name = name;
        s->labels[s->n_labels++].value = value;
        *at += **at == ',';
    }
    (*at)++;
    return true;
}

static bool take_sample(char *line, struct top_sample *s)
{
    char next = '\0', *at = line, *end = NULL;
    *s = (struct top_sample){.n_labels = 0};
    s->name = take_name(&at, &next);
    if (s->name == NULL || (next == '{' && !take_labels(&at, s))) {
        return false;
    }
    if (next == '{') {
        next = *at;
        at += next == ' ';
    }
    if (next != ' ' || *at == '\0' || *at == ' ') {
        return false;
    }
    s->value = strtod(at, &end); /* also NaN and +Inf; the locale is C for numbers */
    return end != at && (*end == '\0' || *end == ' ');
}

static enum err add(struct top_text *t, const struct top_sample *s)
{
    if (t->n == t->room) {
        const size_t room = t->room > 0 ? 2 * t->room : 1024;
        struct top_sample *bigger = realloc(t->samples, room * sizeof *bigger);
        if (bigger == NULL) {
            return E_MEMORY;
        }
        t->samples = bigger;
        t->room = room;
    }
    t->samples[t->n++] = *s;
    return E_OK;
}

enum err top_text_read(const char *text, size_t n, struct top_text *out)
{
    *out = (struct top_text){.samples = NULL};
    out->memory = malloc(n + 1);
    if (out->memory == NULL) {
        return E_MEMORY;
    }
    memcpy(out->memory, text, n);
    out->memory[n] = '\0';
    enum err err = strlen(out->memory) == n && (n == 0 || text[n - 1] == '\n') ? E_OK : E_BAD_VALUE;
    for (char *line = out->memory, *end; err == E_OK && *line != '\0'; line = end + 1) {
        struct top_sample s;
        end = strchr(line, '\n');
        *end = '\0';
        if (*line == '\0' || *line == '#') {
            continue;
        }
        err = take_sample(line, &s) ? add(out, &s) : E_BAD_VALUE;
    }
    if (err != E_OK) {
        top_text_free(out);
    }
    return err;
}

void top_text_free(struct top_text *t)
{
    free(t->samples);
    free(t->memory);
    *t = (struct top_text){.samples = NULL};
}

/* ---- looking up ---- */

const char *top_label(const struct top_sample *s, const char *name)
{
    for (size_t i = 0; i < s->n_labels; i++) {
        if (strcmp(s->labels[i].name, name) == 0) {
            return s->labels[i].value;
        }
    }
    return "";
}

static bool matches(const struct top_sample *s, const char *name, const char *label,
                    const char *value)
{
    return strcmp(s->name, name) == 0 && (label == NULL || strcmp(top_label(s, label), value) == 0);
}

double top_sum(const struct top_text *t, const char *name, const char *label, const char *value)
{
    double sum = 0;
    for (size_t i = 0; i < t->n; i++) {
        if (matches(&t->samples[i], name, label, value)) {
            sum += t->samples[i].value;
        }
    }
    return sum;
}

const struct top_sample *top_same(const struct top_text *t, const struct top_sample *s)
{
    for (size_t i = 0; i < t->n; i++) {
        const struct top_sample *o = &t->samples[i];
        bool same = strcmp(o->name, s->name) == 0 && o->n_labels == s->n_labels;
        for (size_t k = 0; same && k < s->n_labels; k++) {
            same = strcmp(top_label(o, s->labels[k].name), s->labels[k].value) == 0;
        }
        if (same) {
            return o;
        }
    }
    return NULL;
}

/* ---- quantiles ---- */

#define BUCKETS_MAX 64u
struct bucket {
    double bound, n; /* at most so much; so many, with all below it */
};

/* Has it this name, and each of these labels? */
static bool is_like(const struct top_sample *s, const char *name, const struct top_sample *like)
{
    bool is = strcmp(s->name, name) == 0;
    for (size_t i = 0; is && i < like->n_labels; i++) {
        is = strcmp(top_label(s, like->labels[i].name), like->labels[i].value) == 0;
    }
    return is;
}

/* `like`: its labels, and a name that begins with the histogram's, of so many octets. */
static size_t buckets_of(const struct top_text *before, const struct top_text *now,
                         const struct top_sample *like, size_t name_n,
                         struct bucket out[static BUCKETS_MAX])
{
    char full[128];
    size_t n = 0;
    (void)snprintf(full, sizeof full, "%.*s_bucket", (int)name_n, like->name);
    for (size_t i = 0; i < now->n && n < BUCKETS_MAX; i++) {
        const struct top_sample *s = &now->samples[i];
        if (is_like(s, full, like)) {
            const struct top_sample *was = top_same(before, s);
            out[n++] = (struct bucket){strtod(top_label(s, "le"), NULL),
                                       s->value - (was != NULL ? was->value : 0)};
        }
    }
    return n;
}

static double quantile(const struct top_text *before, const struct top_text *now,
                       const struct top_sample *like, size_t name_n, double q)
{
    struct bucket b[BUCKETS_MAX] = {{0, 0}};
    const size_t n = buckets_of(before, now, like, name_n, b);
    const double all = n > 0 ? b[n - 1].n : 0;
    size_t i = 0;
    if (!(all > 0)) {
        return -1;
    }
    while (i < n - 1 && b[i].n < q * all) {
        i++;
    }
    const double low = i > 0 ? b[i - 1].bound : 0, below = i > 0 ? b[i - 1].n : 0;
    if (!isfinite(b[i].bound) || b[i].n - below <= 0) {
        return low;
    }
    return low + (b[i].bound - low) * (q * all - below) / (b[i].n - below);
}

double top_quantile(const struct top_text *before, const struct top_text *now, const char *name,
                    const char *label, const char *value, double q)
{
    const struct top_sample like = {
        .name = name, .n_labels = label != NULL ? 1 : 0, .labels = {{label, value}}};
    return quantile(before, now, &like, strlen(name), q);
}

double top_quantile_like(const struct top_text *before, const struct top_text *now,
                         const struct top_sample *count, double q)
{
    return quantile(before, now, count, strlen(count->name) - strlen("_count"), q);
}
