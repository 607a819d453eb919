/* The lines of `bindery top`: part of cli/top_view.h. */
#include "cli/cli.h"
#include "cli/top_view.h"

#include <stdarg.h>
#include <string.h>

struct lines {
    FILE *to;
    unsigned rows, columns; /* 0: without bound */
    unsigned n;
};

__attribute__((format(printf, 3, 4))) static void line(struct lines *l, bool heading,
                                                       const char *format, ...)
{
    char text[512];
    va_list args;
    if (l->rows != 0 && l->n >= l->rows) {
        return;
    }
    va_start(args, format);
    (void)vsnprintf(text, sizeof text, format, args);
    va_end(args);
    size_t n = strlen(text);
    n = l->columns != 0 && n > l->columns ? l->columns : n;
    for (size_t i = 0; i < n; i++) {
        text[i] = text[i] >= ' ' && text[i] <= '~' ? text[i] : '?';
    }
    text[n] = '\0';
    (void)fprintf(l->to, "%s%s%s", heading ? cli_paint(l->to, CLI_BOLD) : "", text,
                  heading ? cli_paint(l->to, CLI_PLAIN) : "");
    l->n++;
    /* a full screen does not scroll */
    (void)fputs(l->rows != 0 && l->n == l->rows ? "" : "\n", l->to);
}

/* Words behind a heading, over as many lines as they need. */
struct flow {
    char text[400];
    size_t n, most;
    const char *heading;
};

static void flow_end(struct lines *l, struct flow *f)
{
    if (f->n > 0) {
        line(l, false, "%s", f->text);
    }
    f->n = 0;
}

static void flow_add(struct lines *l, struct flow *f, const char *word)
{
    const size_t k = strlen(word);
    f->most = l->columns != 0 && l->columns < 120 ? l->columns : 120;
    if (f->n > 0 && f->n + 3 + k > f->most) {
        flow_end(l, f);
        f->heading = "";
    }
    const int n = snprintf(f->text + f->n, sizeof f->text - f->n, "%s%s",
                           f->n > 0 ? "   " : f->heading, word);
    f->n += n > 0 && (size_t)n < sizeof f->text - f->n ? (size_t)n : 0;
}

/* How many rows of a list are shown: a quarter of the screen, so that others are seen too. */
static size_t rows_for(const struct lines *l, const json_t *list)
{
    const size_t n = json_array_size(list), most = l->rows != 0 ? l->rows / 4 : n;
    return n > most ? most : n;
}

static void more_line(struct lines *l, size_t shown, const json_t *list)
{
    if (shown > 0 && json_array_size(list) > shown) {
        line(l, false, "  and %zu more", json_array_size(list) - shown);
    }
}

static const char *text_of(const json_t *o, const char *key)
{
    const char *s = json_string_value(json_object_get(o, key));
    return s != NULL ? s : "";
}

static double number_of(const json_t *o, const char *key)
{
    return json_number_value(json_object_get(o, key));
}

#define SOON_DAYS 14

static void show_head(struct lines *l, const json_t *v)
{
    size_t i;
    json_t *cause;
    const json_t *first = json_array_get(json_object_get(v, "expiries"), 0);
    const long up = (long)number_of(v, "uptime_seconds");
    line(l, true, "%.32s %.16s   up %ldd %02ld:%02ld:%02ld   %s", text_of(v, "program"),
         text_of(v, "version"), up / 86400, up / 3600 % 24, up / 60 % 60, up % 60,
         json_is_true(json_object_get(v, "ready")) ? "ready" : "NOT READY");
    json_array_foreach(json_object_get(v, "not_ready"), i, cause)
    {
        line(l, true, "  not ready: %.60s", json_string_value(cause));
    }
    if (first != NULL && number_of(first, "days") < SOON_DAYS) {
        line(l, true, "  %s %.40s (%.60s)",
             number_of(first, "days") < 0 ? "has ended:" : "ends within two weeks:",
             text_of(first, "use"), text_of(first, "file"));
    }
}

static void put_ms(char out[static 16], const json_t *row, const char *key)
{
    const json_t *v = json_object_get(row, key);
    if (json_is_number(v)) {
        (void)snprintf(out, 16, "%.3f", json_number_value(v));
    } else {
        (void)snprintf(out, 16, "-");
    }
}

static void show_commands(struct lines *l, const json_t *v)
{
    size_t i;
    json_t *row;
    if (json_array_size(json_object_get(v, "commands")) > 0) {
        line(l, true, "%-8s %12s %12s %10s %10s", "COMMAND", "ANSWERS/s", "REFUSED/s", "p50 ms",
             "p99 ms");
    }
    json_array_foreach(json_object_get(v, "commands"), i, row)
    {
        char p50[16], p99[16];
        put_ms(p50, row, "p50_ms");
        put_ms(p99, row, "p99_ms");
        line(l, false, "%-8.8s %12.1f %12.1f %10s %10s", text_of(row, "command"),
             number_of(row, "per_second"), number_of(row, "refused_per_second"), p50, p99);
    }
}

/* What never happened is left out, and all of it only if nothing ever did. */
static void show_times(struct lines *l, const json_t *v)
{
    size_t i;
    json_t *row;
    bool any = false;
    json_array_foreach(json_object_get(v, "times"), i, row)
    {
        char p50[16], p99[16];
        if (number_of(row, "count") <= 0) {
            continue;
        }
        put_ms(p50, row, "p50_ms");
        put_ms(p99, row, "p99_ms");
        if (!any) {
            line(l, true, "%-42s %12s %10s %10s", "TIMED", "PER s", "p50 ms", "p99 ms");
        }
        any = true;
        line(l, false, "%-42.42s %12.1f %10s %10s", text_of(row, "what"),
             number_of(row, "per_second"), p50, p99);
    }
    if (!any && json_array_size(json_object_get(v, "times")) > 0 &&
        json_array_size(json_object_get(v, "commands")) == 0) {
        line(l, false, "Nothing was asked of it yet.");
    }
}

static void show_queues(struct lines *l, const json_t *v)
{
    size_t i;
    json_t *row;
    struct flow f = {.heading = "Waiting: "};
    json_array_foreach(json_object_get(v, "queues"), i, row)
    {
        const json_t *room = json_object_get(row, "room");
        char word[80], of[32] = "";
        if (json_is_integer(room)) {
            (void)snprintf(of, sizeof of, " of %lld", (long long)json_integer_value(room));
        }
        (void)snprintf(word, sizeof word, "%.40s %lld%s", text_of(row, "queue"),
                       (long long)number_of(row, "waiting"), of);
        flow_add(l, &f, word);
    }
    flow_end(l, &f);
}

static void show_records(struct lines *l, const json_t *v)
{
    size_t i;
    json_t *row;
    struct flow f = {.heading = "On record: "};
    json_array_foreach(json_object_get(v, "records"), i, row)
    {
        char word[64];
        (void)snprintf(word, sizeof word, "%.30s %lld", text_of(row, "what"),
                       (long long)number_of(row, "count"));
        flow_add(l, &f, word);
    }
    flow_end(l, &f);
}

static void show_store(struct lines *l, const json_t *v)
{
    struct flow f = {.heading = "Store: "};
    char word[64];
    const json_t *store = json_object_get(v, "store");
    if (number_of(store, "bytes") <= 0) {
        return;
    }
    (void)snprintf(word, sizeof word, "%.1f MB", number_of(store, "bytes") / 1e6);
    flow_add(l, &f, word);
    (void)snprintf(word, sizeof word, "log %.1f MB", number_of(store, "log_bytes") / 1e6);
    flow_add(l, &f, word);
    (void)snprintf(word, sizeof word, "disk free %.0f MB",
                   number_of(store, "disk_free_bytes") / 1e6);
    flow_add(l, &f, word);
    if (number_of(store, "commits_per_second") > 0) {
        (void)snprintf(word, sizeof word, "%.1f commits/s", number_of(store, "commits_per_second"));
        flow_add(l, &f, word);
    }
    flow_end(l, &f);
}

static void show_peers(struct lines *l, const json_t *v)
{
    const json_t *list = json_object_get(v, "peers");
    const size_t n = rows_for(l, list);
    if (n > 0) {
        line(l, true, "%-42s %5s %12s %12s", "PEER", "OPEN", "REQUESTS/s", "ANSWERS/s");
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(list, i);
        line(l, false, "%-42.42s %5lld %12.1f %12.1f", text_of(row, "peer"),
             (long long)number_of(row, "connections"), number_of(row, "requests_per_second"),
             number_of(row, "answers_per_second"));
    }
    more_line(l, n, list);
}

static void show_listeners(struct lines *l, const json_t *v)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(v, "listeners"), i, row)
    {
        if (i == 0) {
            line(l, true, "%-48s %12s %12s", "LISTENER", "REQUESTS/s", "REFUSED/s");
        }
        line(l, false, "%-48.48s %12.1f %12.1f", text_of(row, "listener"),
             number_of(row, "requests_per_second"), number_of(row, "refused_per_second"));
    }
}

static void show_refusals(struct lines *l, const json_t *v)
{
    const json_t *list = json_object_get(v, "refusals");
    const size_t n = rows_for(l, list);
    if (n > 0) {
        line(l, true, "%-36s %-11s %12s %12s", "REFUSED", "OF", "COUNT", "PER s");
    }
    for (size_t i = 0; i < n; i++) {
        const json_t *row = json_array_get(list, i);
        const char *command = text_of(row, "command");
        line(l, false, "%-36.36s %-11.11s %12lld %12.1f", text_of(row, "cause"),
             *command != '\0' ? command : text_of(row, "listener"),
             (long long)number_of(row, "count"), number_of(row, "per_second"));
    }
    more_line(l, n, list);
}

static void show_rest(struct lines *l, const json_t *v)
{
    size_t i;
    json_t *row;
    json_array_foreach(json_object_get(v, "counters"), i, row)
    {
        if (i == 0) {
            line(l, true, "%-48s %12s %12s", "COUNTER", "COUNT", "PER s");
        }
        line(l, false, "%-48.48s %12lld %12.1f", text_of(row, "counter"),
             (long long)number_of(row, "count"), number_of(row, "per_second"));
    }
    json_array_foreach(json_object_get(v, "expiries"), i, row)
    {
        if (i == 0) {
            line(l, true, "%-40s %8s  %s", "GOOD FOR", "DAYS", "FILE");
        }
        line(l, false, "%-40.40s %8lld  %.200s", text_of(row, "use"),
             (long long)number_of(row, "days"), text_of(row, "file"));
    }
}

void top_show(FILE *to, const json_t *view, unsigned rows, unsigned columns)
{
    struct lines l = {.to = to, .rows = rows, .columns = columns};
    show_head(&l, view);
    show_commands(&l, view);
    show_times(&l, view);
    show_queues(&l, view);
    show_records(&l, view);
    show_store(&l, view);
    show_peers(&l, view);
    show_listeners(&l, view);
    show_refusals(&l, view);
    show_rest(&l, view);
}
