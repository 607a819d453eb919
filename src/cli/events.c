/* The verb `events`: what the HSS and the MME keep, as one list in the order of time. */
#include "cli/api_client.h"
#include "cli/log_file.h"
#include "nf/common/event_names.h"
#include <ctype.h>
#include <limits.h>
#include <poll.h>
#include <string.h>

#define PAGE        1000L
#define SOURCES_MAX 2
#define WAIT_LONG   25 /* seconds that a question may wait for an event */
#define WAIT_SHORT  1  /* likewise, while another daemon's events are awaited too */
#define AGAIN_MS    1000
#define SHOWN_LAST  20 /* of those that were there already, when they are followed */
#define LAST_MOST   1000000
#define NEWEST      (INT64_MAX / 10)

struct options {
    struct cli_common common;
    const char *name, *after, *limit, *last, *from;
    const char *imsi, *imei, *peer, *cause, *since;
    bool follow;
};
/* One daemon's events, a page of them at a time. */
struct source {
    const char *from; /* "hss", "mme" */
    struct api api;
    json_int_t after;
    json_t *page;
    size_t at;
    bool dry;    /* there was nothing behind what was looked at */
    bool silent; /* it did not answer, and that was said */
};
struct merge {
    const struct options *o;
    struct source sources[SOURCES_MAX];
    size_t n;
    long left, skip;
    bool caught_up; /* all that was there is shown: now events are awaited */
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
    case 'n':
        o->last = arg;
        return 0;
    case 'F':
        o->from = arg;
        return 0;
    case 'i':
        o->imsi = arg;
        return 0;
    case 'e':
        o->imei = arg;
        return 0;
    case 'p':
        o->peer = arg;
        return 0;
    case 'c':
        o->cause = arg;
        return 0;
    case 's':
        o->since = arg;
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

/* "&key=value" behind what is there, escaped; nothing without a value. */
static void put(char path[static API_PATH_MAX], const char *key, const char *value)
{
    size_t n = strlen(path);
    if (value && n < API_PATH_MAX) {
        n += (size_t)snprintf(path + n, API_PATH_MAX - n, "&%s=", key);
    }
    for (; value && *value && n + 4 < API_PATH_MAX; value++) {
        const unsigned char c = (unsigned char)*value;
        const bool plain = isalnum(c) || strchr("-._~", c);
        n += (size_t)snprintf(path + n, API_PATH_MAX - n, plain ? "%c" : "%%%02X", c);
    }
}

static void path_of(const struct options *o, const char *place, json_int_t id, long most,
                    char path[static API_PATH_MAX])
{
    snprintf(path, API_PATH_MAX, "/v1/events?%s=%" JSON_INTEGER_FORMAT "&limit=%ld", place, id,
             most < PAGE ? most : PAGE);
    put(path, "name", o->name);
    put(path, "imsi", o->imsi);
    put(path, "imei", o->imei);
    put(path, "peer", o->peer);
    put(path, "cause", o->cause);
    put(path, "since", o->since);
}

/* While it is followed, a daemon that does not answer is waited for: it is being started again, or
 * too many wait there. Said once. */
static bool is_waited_for(const struct merge *m, struct source *s, int rc, long status)
{
    if (!m->caught_up || (rc == CLI_DONE && status != 503)) {
        return false;
    }
    if (!s->silent) {
        cli_error("the %s does not answer; waiting for it", s->api.who);
    }
    s->silent = true;
    (void)fflush(stdout);
    (void)poll(NULL, 0, AGAIN_MS);
    return true;
}

static void take_page(struct source *s, const json_t *body)
{
    const json_t *next = json_object_get(body, "next");
    const json_int_t was = s->after;
    json_decref(s->page);
    s->page = json_incref(json_object_get(body, "events"));
    s->at = 0;
    s->after = json_is_integer(next) ? json_integer_value(next) : was;
    s->dry = s->after == was;
    s->silent = false;
}

static int fetch(const struct merge *m, struct source *s)
{
    struct api_answer answer = {0};
    char path[API_PATH_MAX];
    path_of(m->o, "after", s->after, m->left, path);
    s->api.quiet = s->silent;
    if (m->caught_up) {
        const size_t n = strlen(path);
        snprintf(path + n, API_PATH_MAX - n, "&wait=%d", m->n > 1 ? WAIT_SHORT : WAIT_LONG);
        (void)fflush(stdout); /* what follows may take a while */
    }
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_call(&s->api, &request, &answer);
    const long status = answer.status;
    if (rc == CLI_DONE && status == 200) {
        take_page(s, answer.body);
    } else if (is_waited_for(m, s, rc, status)) {
        s->dry = true;
        rc = CLI_DONE;
    } else if (rc == CLI_DONE) {
        rc = api_say_problem("events", &answer);
    }
    api_answer_free(&answer);
    return rc;
}

/* Puts those that are older before those that were found. */
static bool put_before(json_t **found, json_t *older)
{
    const bool ok = json_array_extend(older, *found) == 0;
    json_decref(*found);
    *found = json_incref(older);
    return ok;
}

/* The newest of one daemon, as many as there are up to `most`, as its first page; what comes later
 * follows on them. */
static int fetch_last(const struct options *o, struct source *s, long most)
{
    char path[API_PATH_MAX];
    struct api_answer answer;
    const struct api_request request = {.method = "GET", .path = path};
    json_int_t before = NEWEST, first = 0;
    s->page = json_array();
    while ((long)json_array_size(s->page) < most) {
        path_of(o, "before", before, most - (long)json_array_size(s->page), path);
        int rc = api_do(&s->api, "events", &request, &answer);
        if (rc != CLI_DONE) {
            return rc;
        }
        const json_int_t next = json_integer_value(json_object_get(answer.body, "next"));
        json_t *older = json_object_get(answer.body, "events");
        const bool more = json_is_array(older) && put_before(&s->page, older) && next < before;
        api_answer_free(&answer);
        if (!more) {
            break;
        }
        first = first == 0 ? next : first;
        before = next;
    }
    const json_t *newest = json_array_get(s->page, json_array_size(s->page) - 1);
    s->after = newest ? json_integer_value(json_object_get(newest, "id")) : first;
    s->dry = !o->follow;
    return CLI_DONE;
}

static int begin_with_last(struct merge *m, long most)
{
    int rc = CLI_DONE;
    long found = 0;
    for (size_t i = 0; i < m->n && rc == CLI_DONE; i++) {
        rc = fetch_last(m->o, &m->sources[i], most);
        found += (long)json_array_size(m->sources[i].page);
    }
    m->skip = found > most ? found - most : 0;
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
        while (!head(s) && !s->dry && rc == CLI_DONE) {
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

/* Both have nothing now: the questions that wait are what the loop rests in. */
static void await(struct merge *m)
{
    (void)fflush(stdout);
    m->caught_up = true;
    for (size_t i = 0; i < m->n; i++) {
        m->sources[i].dry = false;
    }
}

static int run(struct merge *m)
{
    int rc = CLI_DONE;
    while (m->left > 0 && !ferror(stdout)) {
        rc = refill(m);
        struct source *s = rc == CLI_DONE ? oldest(m) : NULL;
        if (s && m->skip > 0) { /* the other daemon has newer ones */
            s->at++;
            m->skip--;
        } else if (s) {
            show(m->o, head(s), s->from);
            s->at++;
            m->left--;
        } else if (rc != CLI_DONE || !m->o->follow) {
            break;
        } else {
            await(m);
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
    {"imsi", 'i', "IMSI", 0, "only about this subscription", 0},
    {"imei", 'e', "IMEI", 0, "only about this device", 0},
    {"peer", 'p', "NAME", 0, "only about this peer, repository or webhook", 0},
    {"cause", 'c', "NAME", 0, "only with this cause", 0},
    {"since", 's', "TIME", 0, "only from then on: 2026-01-31T12:00:00Z", 0},
    {"limit", 'l', "N", 0, "at most this many, of the oldest (default: all)", 0},
    {"last", 'n', "N", 0, "the newest N", 0},
    {"follow", 'f', NULL, 0,
     "go on as they happen; begins with the last 20, or as --last, --after or --since say", 0},
    {0},
};

/* In UTC, as events are shown. */
static bool is_time(const char *s)
{
    static const char shape[] = "0000-00-00T00:00:00";
    const size_t n = sizeof shape - 1;
    for (size_t i = 0; i < n; i++) {
        if (shape[i] == '0' ? !isdigit((unsigned char)s[i]) : s[i] != shape[i]) {
            return false;
        }
    }
    const size_t fraction = s[n] == '.' ? 1 + strspn(s + n + 1, "0123456789") : 0;
    return fraction != 1 && !strcmp(s + n + fraction, "Z");
}

static bool checks_out(const struct options *o)
{
    if (o->name && !event_word(o->name)) {
        cli_error("--name: no event is called '%.60s'; `bindery explain event` lists them",
                  o->name);
        return false;
    }
    if (o->last && (o->after || o->limit)) {
        cli_error("--last goes neither with --after nor with --limit: it begins with the newest, "
                  "and they with the oldest");
        return false;
    }
    if (o->since && !is_time(o->since)) {
        cli_error("--since takes a time in UTC such as 2026-01-31T12:00:00Z, not '%s'", o->since);
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
    long after = 0, last = 0;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 ||
        (o.after && !cli_number("--after", o.after, 0, INT64_MAX, &after)) ||
        (o.limit && !cli_number("--limit", o.limit, 1, LONG_MAX, &m.left)) ||
        (o.last && !cli_number("--last", o.last, 1, LAST_MOST, &last)) || !checks_out(&o)) {
        return CLI_USAGE;
    }
    if (o.follow && !o.last && !o.after && !o.since) {
        last = SHOWN_LAST;
    }
    int rc = open_sources(&m, after);
    if (rc == CLI_DONE && last > 0) {
        rc = begin_with_last(&m, last);
    }
    if (rc == CLI_DONE) {
        rc = run(&m);
    }
    for (size_t i = 0; i < m.n; i++) {
        json_decref(m.sources[i].page);
        api_close(&m.sources[i].api);
    }
    return rc;
}
