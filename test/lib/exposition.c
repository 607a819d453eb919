#include "lib/exposition.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FAMILIES 1024u
#define SAMPLES  65536u

static char said[512];
struct family {
    char name[160], type[16];
    bool helped, over; /* another one began */
};
static struct family families[FAMILIES];
static size_t n_families;
static char *samples[SAMPLES]; /* each with its labels: must be one of a kind */
static size_t n_samples;
static struct { /* the histogram that is being read */
    char key[512];
    double last_le, last_n, count;
    bool open;
} h;

static const char *wrong(const char *what, const char *line)
{
    snprintf(said, sizeof said, "%s: %.300s", what, line);
    return said;
}

static size_t name_of(const char *p, bool colon)
{
    size_t n = 0;
    while ((p[n] >= 'a' && p[n] <= 'z') || (p[n] >= 'A' && p[n] <= 'Z') || p[n] == '_' ||
           (colon && p[n] == ':') || (n > 0 && p[n] >= '0' && p[n] <= '9')) {
        n++;
    }
    return n;
}

static struct family *family_of(const char *name, size_t n)
{
    for (size_t i = 0; i < n_families; i++) {
        if (strlen(families[i].name) == n && memcmp(families[i].name, name, n) == 0) {
            return &families[i];
        }
    }
    return NULL;
}

static const char *comment(const char *line)
{
    bool help = strncmp(line, "# HELP ", 7) == 0;
    if (!help && strncmp(line, "# TYPE ", 7) != 0) {
        return wrong("a comment nobody asked for", line);
    }
    const char *name = line + 7;
    const size_t n = name_of(name, true);
    if (n == 0 || n >= 160 || name[n] != ' ' || name[n + 1] == '\0') {
        return wrong("no name, or nothing behind it", line);
    }
    struct family *f = family_of(name, n);
    if (help) {
        if (f != NULL || n_families == FAMILIES) {
            return wrong("HELP twice", line);
        }
        if (n_families > 0) {
            families[n_families - 1].over = true;
        }
        families[n_families] = (struct family){.helped = true};
        memcpy(families[n_families++].name, name, n);
        return NULL;
    }
    const char *type = name + n + 1;
    if (f == NULL || f != &families[n_families - 1] || f->type[0] != '\0') {
        return wrong("TYPE without HELP before it, or twice", line);
    }
    if (strcmp(type, "counter") != 0 && strcmp(type, "gauge") != 0 &&
        strcmp(type, "histogram") != 0) {
        return wrong("a type that is none of ours", line);
    }
    snprintf(f->type, sizeof f->type, "%s", type);
    return NULL;
}

/* To behind '}'. le: the value of that label, or empty. NULL: wrong. */
static const char *labels(const char *p, char le[static 32])
{
    le[0] = '\0';
    for (p++; *p != '}';) {
        const size_t n = name_of(p, false);
        const bool is_le = n == 2 && memcmp(p, "le", 2) == 0;
        size_t k = 0;
        if (n == 0 || p[n] != '=' || p[n + 1] != '"') {
            return NULL;
        }
        for (p += n + 2; *p != '"'; p++) {
            if (*p == '\0' || *p == '\n' || (*p == '\\' && strchr("\\\"n", *++p) == NULL)) {
                return NULL;
            }
            if (is_le && k + 1 < 32) {
                le[k++] = *p;
                le[k] = '\0';
            }
        }
        p++;
        if (*p != ',' && *p != '}') {
            return NULL;
        }
        p += *p == ',';
    }
    return p + 1;
}

static bool ends(const char *name, size_t n, const char *tail)
{
    const size_t k = strlen(tail);
    return n > k && memcmp(name + n - k, tail, k) == 0;
}

static const char *of_histogram(const char *line, size_t n, const char *le, double value)
{
    if (ends(line, n, "_bucket")) {
        const double bound = strtod(le, NULL);
        if (le[0] == '\0') {
            return wrong("a bucket without le", line);
        }
        if (h.open && (bound <= h.last_le || value < h.last_n)) {
            return wrong("buckets that do not grow", line);
        }
        h.open = !isinf(bound);
        h.last_le = bound;
        h.last_n = h.count = value;
        return NULL;
    }
    if (h.open) {
        return wrong("buckets that do not end with +Inf", line);
    }
    return ends(line, n, "_count") && value != h.count ? wrong("_count is not that of +Inf", line)
                                                       : NULL;
}

static const char *keep(const char *line, size_t n)
{
    for (size_t i = 0; i < n_samples; i++) {
        if (strlen(samples[i]) == n && memcmp(samples[i], line, n) == 0) {
            return wrong("a sample twice", line);
        }
    }
    if (n_samples == SAMPLES) {
        return wrong("too many samples", line);
    }
    samples[n_samples++] = strndup(line, n);
    return NULL;
}

static const char *sample(const char *line)
{
    char le[32] = "";
    char *end;
    const size_t n = name_of(line, true);
    const char *p = n > 0 && line[n] == '{' ? labels(line + n, le) : line + n;
    if (n == 0 || p == NULL || *p != ' ' || p[1] == '\0' || p[1] == ' ') {
        return wrong("no sample", line);
    }
    const double value = strtod(p + 1, &end);
    if (*end != '\0') {
        return wrong("no value", line);
    }
    struct family *f = n_families > 0 ? &families[n_families - 1] : NULL;
    size_t base = f != NULL ? strlen(f->name) : 0;
    if (f == NULL || f->type[0] == '\0' || n < base || memcmp(line, f->name, base) != 0) {
        return wrong("a sample that is not behind its own TYPE", line);
    }
    if (strcmp(f->type, "histogram") == 0) {
        const char *why = of_histogram(line, n, le, value);
        if (why != NULL || n == base) {
            return why != NULL ? why : wrong("a histogram's sample without its tail", line);
        }
    } else if (n != base) {
        return wrong("another name than that of its TYPE", line);
    }
    if (strcmp(f->type, "counter") == 0 && (value < 0 || !ends(line, n, "_total"))) {
        return wrong("a counter below 0, or not _total", line);
    }
    return keep(line, (size_t)(p - line));
}

const char *exposition_wrong(const char *text, size_t n)
{
    const char *why = NULL;
    n_families = 0;
    memset(&h, 0, sizeof h);
    if (n == 0 || text[n - 1] != '\n' || memchr(text, '\0', n) != NULL) {
        return wrong("it does not end with a line's end, or has a NUL", "");
    }
    char *copy = strndup(text, n);
    for (char *line = copy, *end; why == NULL && *line != '\0'; line = end + 1) {
        end = strchr(line, '\n');
        *end = '\0';
        why = *line == '#' ? comment(line) : sample(line);
    }
    free(copy);
    while (n_samples > 0) {
        free(samples[--n_samples]);
    }
    return why;
}

double exposition_value(const char *text, const char *sample_of)
{
    const size_t n = strlen(sample_of);
    for (const char *p = text; p != NULL; p = strchr(p, '\n')) {
        p += *p == '\n';
        if (strncmp(p, sample_of, n) == 0 && p[n] == ' ') {
            return strtod(p + n + 1, NULL);
        }
    }
    return -1;
}
