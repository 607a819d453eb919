/* The verbs that look: `status`, `logs`, `events`. */
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/log_file.h"
#include "cli/status_view.h"
#include <errno.h>
#include <limits.h>
#include <poll.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

#define PAGE 1000L

struct options {
    struct cli_common common;
    const char *lines, *name, *after, *limit;
    bool follow;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'n':
        o->lines = arg;
        return 0;
    case 'f':
        o->follow = true;
        return 0;
    case 'N':
        o->name = arg;
        return 0;
    case 'a':
        o->after = arg;
        return 0;
    case 'l':
        o->limit = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};

/* ---- status ---- */

int cli_status(int argc, char **argv)
{
    static const struct argp argp = {
        NULL,     take,
        NULL,     "Shows the HSS: where it listens, its peers, counters and subscribers.",
        children, NULL,
        NULL};
    struct options o = {0};
    struct api_answer answer;
    struct api_request request = {.method = "GET", .path = "/v1/status"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = api_once(&o.common, "status", &request, &answer);
    if (rc == CLI_DONE) {
        if (o.common.json) {
            api_print_json(answer.body);
        } else {
            status_view(&o.common, answer.body);
        }
        api_answer_free(&answer);
    }
    return rc;
}

/* ---- logs ---- */

static void show_line(const struct options *o, const char *line)
{
    if (o->common.json) {
        puts(line);
    } else {
        log_file_show(line, stdout);
    }
}

/* Whole lines only: the rest of one that is being written comes with the next call. */
static void show_new(const struct options *o, FILE *in)
{
    char line[LOG_FILE_LINE_MAX];
    long at = ftell(in);
    while (fgets(line, sizeof line, in)) {
        size_t n = strlen(line);
        if (n && line[n - 1] != '\n' && n + 1 < sizeof line) {
            (void)fseek(in, at, SEEK_SET);
            break;
        }
        line[strcspn(line, "\n")] = '\0';
        show_line(o, line);
        at = ftell(in);
    }
    clearerr(in);
    (void)fflush(stdout);
}

static bool was_replaced(FILE *in, const char *path)
{
    struct stat open_one, named;
    return fstat(fileno(in), &open_one) == 0 && stat(path, &named) == 0 &&
           open_one.st_ino != named.st_ino;
}

static int follow(const struct options *o, FILE **in, const char *path, const char *dir)
{
    char event[4096];
    int fd = inotify_init1(IN_CLOEXEC);
    if (fd < 0 || inotify_add_watch(fd, dir, IN_MODIFY | IN_CREATE | IN_MOVED_TO) < 0) {
        cli_error("%s: %s", dir, strerror(errno));
        return CLI_REFUSED;
    }
    while (!ferror(stdout)) {
        ssize_t n = read(fd, event, sizeof event);
        if (n < 0 && errno != EINTR) {
            break;
        }
        show_new(o, *in);
        if (was_replaced(*in, path)) {
            FILE *fresh = fopen(path, "re");
            if (fresh) {
                (void)fclose(*in);
                *in = fresh;
                show_new(o, *in);
            }
        }
    }
    (void)close(fd);
    return CLI_REFUSED;
}

static const struct argp_option logs_options[] = {
    {"lines", 'n', "N", 0, "the last N lines (20)", 0},
    {"follow", 'f', NULL, 0, "go on as lines are written", 0},
    {0},
};

int cli_logs(int argc, char **argv)
{
    static const struct argp argp = {
        logs_options, take,
        NULL,         "Shows what the daemon of `bindery up` wrote; with --json as it wrote it.",
        children,     NULL,
        NULL};
    struct options o = {0};
    char dir[CLI_PATH_MAX], path[CLI_PATH_MAX];
    long lines = 20;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 ||
        (o.lines && !cli_number("--lines", o.lines, 0, 1000000, &lines)) ||
        !cli_path(cli_dir(&o.common), "log", dir, sizeof dir) ||
        !cli_path(dir, "hssd.log", path, sizeof path)) {
        return CLI_USAGE;
    }
    FILE *in = fopen(path, "re");
    if (!in) {
        cli_error("%s: %s%s", path, strerror(errno),
                  errno == ENOENT ? "; `bindery up` writes it" : "");
        return CLI_REFUSED;
    }
    log_file_seek(in, (unsigned)lines);
    show_new(&o, in);
    int rc = o.follow ? follow(&o, &in, path, dir) : CLI_DONE;
    (void)fclose(in);
    return rc;
}

/* ---- events ---- */

/* A line, not a row of a table: most events have few of the fields, and -f prints them one by one.
 */
static void show_event(const json_t *e)
{
    static const char *const fields[] = {"imsi", "imei", "peer", "cause", "detail"};
    log_file_put_time(api_text(e, "time"), stdout);
    printf(" %s", cli_paint(stdout, CLI_BOLD));
    printf("%-19.32s%s", api_text(e, "name"), cli_paint(stdout, CLI_PLAIN));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *value = api_text(e, fields[i]);
        if (*value) {
            printf(" %s%s=%s", cli_paint(stdout, CLI_DIM), fields[i], cli_paint(stdout, CLI_PLAIN));
            cli_put_clean(stdout, value);
        }
    }
    putchar('\n');
}

static void show_events(const struct options *o, const json_t *events)
{
    size_t i;
    json_t *e;
    json_array_foreach(events, i, e)
    {
        if (o->common.json) {
            (void)json_dumpf(e, stdout, JSON_COMPACT);
            putchar('\n');
        } else {
            show_event(e);
        }
    }
    (void)fflush(stdout);
}

/* A page behind *after, which moves on; *n is how many there were. */
static int next_events(struct api *api, const struct options *o, long limit, json_int_t *after,
                       size_t *n)
{
    struct api_answer answer;
    char path[160];
    snprintf(path, sizeof path, "/v1/events?after=%" JSON_INTEGER_FORMAT "&limit=%ld%s%s", *after,
             limit, o->name ? "&name=" : "", o->name ? o->name : "");
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_do(api, "events", &request, &answer);
    if (rc == CLI_DONE) {
        const json_t *events = json_object_get(answer.body, "events");
        const json_t *next = json_object_get(answer.body, "next");
        *n = json_array_size(events);
        show_events(o, events);
        *after = json_is_integer(next) ? json_integer_value(next) : *after;
        api_answer_free(&answer);
    }
    return rc;
}

static const struct argp_option events_options[] = {
    {"name", 'N', "NAME", 0, "only these: registered, suspected-theft, ...", 0},
    {"after", 'a', "ID", 0, "only those behind this id (see --json)", 0},
    {"limit", 'l', "N", 0, "at most this many (default: all)", 0},
    {"follow", 'f', NULL, 0, "go on as they happen", 0},
    {0},
};

static bool is_name(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s) && strlen(s) < 32;
}

int cli_events(int argc, char **argv)
{
    static const struct argp argp = {
        events_options,
        take,
        NULL,
        "Shows what happened to subscribers: registrations, refusals with their cause, alarms.",
        children,
        NULL,
        NULL};
    struct options o = {0};
    struct api api;
    long after = 0, left = LONG_MAX;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 ||
        (o.after && !cli_number("--after", o.after, 0, INT64_MAX, &after)) ||
        (o.limit && !cli_number("--limit", o.limit, 1, LONG_MAX, &left))) {
        return CLI_USAGE;
    }
    if (o.name && !is_name(o.name)) {
        cli_error("--name '%s' is no event's name", o.name);
        return CLI_USAGE;
    }
    json_int_t at = after;
    int rc = api_open(&o.common, &api);
    if (rc != CLI_DONE) {
        return rc;
    }
    bool more = true;
    while (rc == CLI_DONE && more && left > 0 && !ferror(stdout)) {
        size_t n = 0;
        rc = next_events(&api, &o, left < PAGE ? left : PAGE, &at, &n);
        left -= (long)n;
        more = n > 0 || o.follow;
        if (rc == CLI_DONE && n == 0 && o.follow) {
            (void)poll(NULL, 0, 500);
        }
    }
    api_close(&api);
    return rc;
}
