/* The verb `events`: what the HSS and the MME keep, as one list in the order of time. */
#include "cli/api_client.h"
#include "cli/log_file.h"
#include <limits.h>
#include <poll.h>
#include <string.h>

#define PAGE        1000L
#define SOURCES_MAX 2

struct options {
    struct cli_common common;
    const char *name, *after, *limit, *from;
    bool follow;
};
/* One daemon's events, a page of them at a time. */
struct source {
    const char *from; /* "hss", "mme" */
    struct api api;
    json_int_t after;
    json_t *page;
    size_t at;
    bool dry;
};
struct merge {
    const struct options *o;
    struct source sources[SOURCES_MAX];
    size_t n;
    long left;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
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
    case 'F':
        o->from = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

/* ---- showing --------------------------------------------------------------------------------- */

/* A line, not a row of a table: most events have few of the fields, and -f prints them one by one.
 */
static void show_line(const json_t *e, const char *from)
{
    static const char *const fields[] = {"imsi", "imei", "peer", "cause", "detail"};
    log_file_put_time(api_text(e, "time"), stdout);
    printf(" %s ", from);
    printf("%s%-19.32s%s", cli_paint(stdout, CLI_BOLD), api_text(e, "name"),
           cli_paint(stdout, CLI_PLAIN));
    for (size_t i = 0; i < sizeof fields / sizeof fields[0]; i++) {
        const char *value = api_text(e, fields[i]);
        if (*value) {
            printf(" %s%s=%s", cli_paint(stdout, CLI_DIM), fields[i], cli_paint(stdout, CLI_PLAIN));
            cli_put_clean(stdout, value);
        }
    }
    putchar('\n');
}

static void show(const struct options *o, json_t *e, const char *from)
{
    if (o->common.json) {
        (void)json_object_set_new(e, "from", json_string(from));
        (void)json_dumpf(e, stdout, JSON_COMPACT);
        putchar('\n');
    } else {
        show_line(e, from);
    }
}

/* ---- fetching -------------------------------------------------------------------------------- */

static int fetch(const struct merge *m, struct source *s)
{
    struct api_answer answer;
    char path[160];
    snprintf(path, sizeof path, "/v1/events?after=%" JSON_INTEGER_FORMAT "&limit=%ld%s%s", s->after,
             m->left < PAGE ? m->left : PAGE, m->o->name ? "&name=" : "",
             m->o->name ? m->o->name : "");
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_do(&s->api, "events", &request, &answer);
    if (rc == CLI_DONE) {
        const json_t *next = json_object_get(answer.body, "next");
        json_decref(s->page);
        s->page = json_incref(json_object_get(answer.body, "events"));
        s->at = 0;
        s->dry = json_array_size(s->page) == 0;
        s->after = json_is_integer(next) ? json_integer_value(next) : s->after;
        api_answer_free(&answer);
    }
    return rc;
}

static json_t *head(const struct source *s)
{
    return json_array_get(s->page, s->at);
}

/* A page in hand for each source that has more. */
static int refill(struct merge *m)
{
    int rc = CLI_DONE;
    for (size_t i = 0; i < m->n && rc == CLI_DONE; i++) {
        struct source *s = &m->sources[i];
        if (!head(s) && !s->dry) {
            rc = fetch(m, s);
        }
    }
    return rc;
}

/* The source whose next event is the oldest; NULL: there is none now. */
static struct source *oldest(struct merge *m)
{
    struct source *found = NULL;
    for (size_t i = 0; i < m->n; i++) {
        struct source *s = &m->sources[i];
        if (head(s) &&
            (!found || strcmp(api_text(head(s), "time"), api_text(head(found), "time")) < 0)) {
            found = s;
        }
    }
    return found;
}

static int run(struct merge *m)
{
    int rc = CLI_DONE;
    while (m->left > 0 && !ferror(stdout)) {
        rc = refill(m);
        struct source *s = rc == CLI_DONE ? oldest(m) : NULL;
        if (s) {
            show(m->o, head(s), s->from);
            s->at++;
            m->left--;
        } else if (rc != CLI_DONE || !m->o->follow) {
            break;
        } else {
            (void)fflush(stdout);
            (void)poll(NULL, 0, 500);
            m->sources[0].dry = m->sources[1].dry = false;
        }
    }
    return rc;
}

/* ---- which sources --------------------------------------------------------------------------- */

static int add(struct merge *m, const char *from, long after)
{
    struct source *s = &m->sources[m->n];
    bool mme = !strcmp(from, "mme");
    *s = (struct source){.from = from, .after = after};
    int rc = (mme ? api_open_mme : api_open)(&m->o->common, &s->api);
    m->n += rc == CLI_DONE;
    return rc;
}

static int open_sources(struct merge *m, long after)
{
    const struct options *o = m->o;
    bool both = !o->from && cli_has_mme(&o->common);
    if (both && o->after) {
        cli_error("--after: HSS and MME count their events each for itself; say --from hss or "
                  "--from mme too");
        return CLI_USAGE;
    }
    int rc = !o->from || !strcmp(o->from, "hss") ? add(m, "hss", after) : add(m, "mme", after);
    return rc == CLI_DONE && both ? add(m, "mme", 0) : rc;
}

static const struct argp_option events_options[] = {
    {"name", 'N', "NAME", 0, "only these: registered, suspected-theft, ...", 0},
    {"from", 'F', "hss|mme", 0, "only that daemon's", 0},
    {"after", 'a', "ID", 0, "only those behind this id (see --json)", 0},
    {"limit", 'l', "N", 0, "at most this many (default: all)", 0},
    {"follow", 'f', NULL, 0, "go on as they happen", 0},
    {0},
};

static bool is_name(const char *s)
{
    return strspn(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == strlen(s) && strlen(s) < 32;
}

static bool checks_out(const struct options *o)
{
    if (o->name && !is_name(o->name)) {
        cli_error("--name '%s' is no event's name", o->name);
        return false;
    }
    if (o->from && strcmp(o->from, "hss") != 0 && strcmp(o->from, "mme") != 0) {
        cli_error("--from takes hss or mme, not '%s'", o->from);
        return false;
    }
    return true;
}

int cli_events(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        events_options,
        take,
        NULL,
        "Shows what happened to subscribers: registrations, refusals with their cause, alarms.",
        children,
        NULL,
        NULL};
    struct options o = {0};
    struct merge m = {.o = &o, .left = LONG_MAX};
    long after = 0;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 ||
        (o.after && !cli_number("--after", o.after, 0, INT64_MAX, &after)) ||
        (o.limit && !cli_number("--limit", o.limit, 1, LONG_MAX, &m.left)) || !checks_out(&o)) {
        return CLI_USAGE;
    }
    int rc = open_sources(&m, after);
    if (rc == CLI_DONE) {
        rc = run(&m);
    }
    for (size_t i = 0; i < m.n; i++) {
        json_decref(m.sources[i].page);
        api_close(&m.sources[i].api);
    }
    return rc;
}
