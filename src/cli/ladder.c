#include "cli/ladder.h"
#include <string.h>

static const char *line_of(const struct ladder *l)
{
    return l->ascii ? "|" : "│";
}

/* Printable, `room` characters at most, with a sign that it was cut. */
static int put_cut(const struct ladder *l, const char *text, size_t room)
{
    size_t n = strlen(text);
    bool cut = n > room;
    size_t shown = cut ? room - 1 : n;
    for (size_t i = 0; i < shown; i++) {
        fputc(text[i] >= 0x20 && text[i] < 0x7f ? text[i] : '.', l->to);
    }
    if (cut) {
        fputs(l->ascii ? "~" : "…", l->to);
    }
    return (int)(cut ? room : n);
}

static size_t column(const struct ladder *l, size_t i)
{
    return l->column[i] > LADDER_COLUMN ? l->column[i] : LADDER_COLUMN;
}

/* From one lifeline to another that is further right. */
static size_t distance(const struct ladder *l, size_t from, size_t to)
{
    size_t n = 0;
    while (from < to) {
        n += column(l, from++);
    }
    return n;
}

static void put_lifelines(const struct ladder *l)
{
    for (size_t i = 0; i < l->n; i++) {
        fprintf(l->to, "%s%*s", line_of(l), i + 1 < l->n ? (int)column(l, i) - 1 : 0, "");
    }
}

static void put_lifelines_only(const struct ladder *l)
{
    fprintf(l->to, "%*s", LADDER_MARGIN, "");
    put_lifelines(l);
    fputc('\n', l->to);
}

void ladder_head(const struct ladder *l)
{
    fprintf(l->to, "%*s", LADDER_MARGIN - 6, "");
    for (size_t i = 0; i < l->n; i++) {
        int n = put_cut(l, l->party[i], column(l, i) - 2);
        if (i + 1 < l->n) {
            fprintf(l->to, "%*s", (int)column(l, i) - n, "");
        }
    }
    fputc('\n', l->to);
    put_lifelines_only(l);
}

void ladder_foot(const struct ladder *l)
{
    put_lifelines_only(l);
}

static void put_times(const struct ladder *l, const char *what, size_t n)
{
    while (n-- > 0) {
        fputs(what, l->to);
    }
}

static void put_label(const struct ladder *l, const struct ladder_arrow *a, const char *label,
                      size_t room)
{
    fputs(a->bad && l->colour ? " \033[31m" : l->colour ? " \033[1m" : " ", l->to);
    put_cut(l, label, room);
    fputs(l->colour ? "\033[0m " : " ", l->to);
}

/* The shaft between two lifelines with the label in its middle; of what was not sent, the label. */
static void put_shaft(const struct ladder *l, const struct ladder_arrow *a, size_t inside)
{
    const char *dash = a->inside ? " " : l->ascii ? "-" : "─";
    const char *left = a->inside ? " " : l->ascii ? "<" : "◀";
    const char *right = a->inside ? " " : l->ascii ? ">" : "▶";
    bool fits = strlen(a->label) <= inside - 3;
    const char *text = fits || !a->brief ? a->label : a->brief;
    size_t label = strlen(text) + 2;
    size_t dashes = inside > label + 1 ? inside - label - 1 : 0;
    size_t before = dashes / 2;
    if (a->to < a->from) {
        fputs(left, l->to);
    }
    put_times(l, dash, before);
    put_label(l, a, text, inside - 3);
    put_times(l, dash, dashes - before);
    if (a->to > a->from) {
        fputs(right, l->to);
    }
}

static void put_arrow(const struct ladder *l, const struct ladder_arrow *a)
{
    size_t low = a->from < a->to ? a->from : a->to;
    size_t high = a->from < a->to ? a->to : a->from;
    for (size_t i = 0; i < l->n; i++) {
        fputs(line_of(l), l->to);
        if (i == low && high > low) {
            put_shaft(l, a, distance(l, low, high) - 1);
            i = high - 1;
        } else if (i + 1 < l->n) {
            fprintf(l->to, "%*s", (int)column(l, i) - 1, "");
        }
    }
}

#define LABEL_AROUND 7 /* a lifeline, a head, a space each side, and some shaft */
#define WORDS_MIN    40

void ladder_fit(struct ladder *l, const struct ladder_arrow *a)
{
    size_t low = a->from < a->to ? a->from : a->to;
    size_t high = a->from < a->to ? a->to : a->from;
    size_t wanted = strlen(a->label) + LABEL_AROUND;
    if (high == low + 1 && wanted > l->column[low]) {
        l->column[low] = wanted < LADDER_COLUMN_MAX ? wanted : LADDER_COLUMN_MAX;
    }
}

void ladder_settle(struct ladder *l)
{
    size_t used = LADDER_MARGIN + (l->n ? distance(l, 0, l->n - 1) : 0) + WORDS_MIN;
    if (l->width && used > l->width) {
        memset(l->column, 0, sizeof l->column);
    }
}

static void put_words(const struct ladder *l, const char *words, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        fputc(words[i] >= 0x20 && words[i] < 0x7f ? words[i] : '.', l->to);
    }
}

/* How many characters of the words go on this line: up to a space before `room`. */
static size_t fold(const char *words, size_t room)
{
    size_t n = strlen(words), at = room;
    if (n <= room) {
        return n;
    }
    while (at > 0 && words[at] != ' ') {
        at--;
    }
    return at ? at : room;
}

void ladder_draw(const struct ladder *l, const struct ladder_arrow *a)
{
    size_t used = LADDER_MARGIN + (l->n ? distance(l, 0, l->n - 1) : 0) + 2;
    size_t room = l->width > used + 20 ? l->width - used : l->width ? 20 : SIZE_MAX;
    const char *words = a->words;
    fprintf(l->to, "%*.6f  ", LADDER_MARGIN - 2, (double)a->time_ns / 1e9);
    put_arrow(l, a);
    for (;;) {
        size_t n = fold(words, room);
        if (n) {
            fputc(' ', l->to);
            put_words(l, words, n);
        }
        fputc('\n', l->to);
        words += n;
        words += strspn(words, " ");
        if (!*words) {
            return;
        }
        fprintf(l->to, "%*s", LADDER_MARGIN, "");
        put_lifelines(l);
    }
}
