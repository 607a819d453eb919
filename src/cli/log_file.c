#include "cli/log_file.h"
#include <jansson.h>
#include <string.h>

static enum cli_colour colour_of(const char *level)
{
    return !strcmp(level, "error") ? CLI_RED : !strcmp(level, "warning") ? CLI_YELLOW : CLI_PLAIN;
}

static void show_value(const char *key, const json_t *v, FILE *to)
{
    const char *s = json_string_value(v);
    char *text = s ? NULL : json_dumps(v, JSON_COMPACT | JSON_ENCODE_ANY);
    fprintf(to, " %s%s=%s", cli_paint(to, CLI_DIM), key, cli_paint(to, CLI_PLAIN));
    cli_put_clean(to, s ? s : text ? text : "?");
    if (text) {
        json_malloc_t give;
        json_free_t take_back;
        json_get_alloc_funcs(&give, &take_back);
        take_back(text);
    }
}

void log_file_put_time(const char *time, FILE *to)
{
    size_t n = strlen(time);
    for (size_t i = 0; i < n; i++) {
        char c = i == 10 && time[i] == 'T' ? ' ' : time[i];
        if ((c >= ' ' && c < 0x7f) && !(i + 1 == n && c == 'Z')) {
            fputc(c, to);
        }
    }
}

static bool is_head(const char *key)
{
    return !strcmp(key, "time") || !strcmp(key, "level") || !strcmp(key, "event") ||
           !strcmp(key, "program");
}

static void show_object(json_t *o, FILE *to)
{
    const char *key;
    json_t *v;
    const char *time = json_string_value(json_object_get(o, "time"));
    const char *level = json_string_value(json_object_get(o, "level"));
    const char *event = json_string_value(json_object_get(o, "event"));
    log_file_put_time(time ? time : "", to);
    fprintf(to, " %s%-7s %s", cli_paint(to, colour_of(level ? level : "")), level ? level : "",
            cli_paint(to, CLI_BOLD));
    cli_put_clean(to, event ? event : "");
    fputs(cli_paint(to, CLI_PLAIN), to);
    json_object_foreach(o, key, v)
    {
        if (!is_head(key)) {
            show_value(key, v, to);
        }
    }
    fputc('\n', to);
}

void log_file_show(const char *line, FILE *to)
{
    json_error_t why;
    json_t *o = json_loads(line, 0, &why);
    if (json_is_object(o)) {
        show_object(o, to);
    } else {
        cli_put_clean(to, line);
        fputc('\n', to);
    }
    json_decref(o);
}

void log_file_seek(FILE *in, unsigned n)
{
    if (fseek(in, 0, SEEK_END) != 0) {
        return;
    }
    long at = ftell(in);
    unsigned lines = 0;
    while (at > 0) {
        (void)fseek(in, at - 1, SEEK_SET);
        if (getc(in) == '\n' && ++lines > n) {
            break;
        }
        at--;
    }
    (void)fseek(in, at, SEEK_SET);
}

void log_file_tail(const char *path, long from, unsigned n, FILE *to)
{
    char line[LOG_FILE_LINE_MAX];
    FILE *in = fopen(path, "re");
    if (!in) {
        return;
    }
    log_file_seek(in, n);
    if (ftell(in) < from) {
        (void)fseek(in, from, SEEK_SET);
    }
    while (fgets(line, sizeof line, in)) {
        line[strcspn(line, "\n")] = '\0';
        log_file_show(line, to);
    }
    (void)fclose(in);
}
