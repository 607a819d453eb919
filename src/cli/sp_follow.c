/* What became of the devices of a service provider: src/cli/sp.h. */
#include "cli/sp.h"

#include "cli/api_client.h"
#include "cli/kme_view.h"
#include "cli/table.h"
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct options {
    struct sp_options sp;
    bool wait;
    char **dimsis;
    size_t n;
};
enum { OPT_WAIT = 0x100 };
#define WAIT_MS      200
#define WAIT_SECONDS 60
#define ERROR_MS     2000 /* when somebody did not answer as he should */
#define PAGES_FROM   8    /* devices of one operator or ARPF; fewer are asked for one by one */

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->sp;
        return 0;
    case OPT_WAIT:
        o->wait = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->dimsis = state->argv + state->next;
        o->n = (size_t)(state->argc - state->next);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option follow_options[] = {
    {"wait", OPT_WAIT, NULL, 0,
     "ask again for those that an operator is still busy with, for a minute at most", 10},
    {0},
};
static const struct argp_child children[] = {{&sp_argp, 0, NULL, 0}, {0}};
static const struct argp follow_argp = {
    follow_options,
    take,
    "[DIMSI...]",
    "Asks the operators that devices were offered to, and the ARPFs, what became of them.",
    children,
    NULL,
    NULL};
static const struct argp list_argp = {
    NULL,     take, "[DIMSI...]", "Lists the devices as this folder knows them; nobody is asked.",
    children, NULL, NULL};

/* ---- whom to ask for what ----
 *
 * By list, "LINK/v1/offers" or "LINK/v1/releases", an object: the rows that are to be asked for by
 * their dIMSIs, each the list's own reference. */

static const char *const collections[] = {"offers", "releases"};
static const char *const members[] = {"offer", "release"};

static bool wants(json_t *lists, unsigned which, const char *link, json_t *row)
{
    char key[400];
    snprintf(key, sizeof key, "%u%s", which, link);
    json_t *list = json_object_get(lists, key);
    if (!list) {
        list = json_object();
        if (!list || json_object_set_new(lists, key, list) != 0) {
            return false;
        }
    }
    return json_object_set(list, api_text(row, "dimsi"), row) == 0;
}

static bool wants_both(struct sp *s, const json_t *device, json_t *row, json_t *lists)
{
    const json_t *last = sp_last_offer(device);
    json_t *arpf = last ? sp_read(s, "arpfs", api_text(device, "arpf")) : NULL;
    const bool good = !last || (wants(lists, 0, api_text(last, "link"), row) &&
                                (!arpf || wants(lists, 1, api_text(arpf, "link"), row)));
    json_decref(arpf);
    return good;
}

/* ---- asking ---- */

static int fail(json_t *list, const char *cause, int rc)
{
    const char *dimsi;
    json_t *row;
    json_object_foreach(list, dimsi, row)
    {
        (void)json_object_set_new(row, "error", json_string(cause));
    }
    return rc;
}

/* Not found is an answer. */
static int ask_one(struct sp *s, unsigned which, const char *link, const char *dimsi, json_t *row)
{
    char path[64];
    struct sp_answer a;
    snprintf(path, sizeof path, "/v1/%s/%.20s", collections[which], dimsi);
    int rc = sp_call(s, "GET", link, path, NULL, &a);
    if (rc != CLI_DONE) {
        (void)json_object_set_new(row, "error", json_string("unreachable"));
        return rc;
    }
    if (a.status == 404) {
        rc = json_object_set_new(row, members[which], json_null()) == 0 ? CLI_DONE : CLI_REFUSED;
    } else if (a.status >= 200 && a.status <= 299) {
        rc = json_object_set(row, members[which], a.body) == 0 ? CLI_DONE : CLI_REFUSED;
    } else {
        rc = sp_say_problem(path, &a);
        (void)json_object_set_new(row, "error", json_string(sp_cause(&a)));
    }
    sp_answer_free(&a);
    return rc;
}

/* A page; `next`: where the one behind it begins, or empty. What is there is missed no more. */
static int take_page(unsigned which, const struct sp_answer *a, json_t *missed,
                     char next[static IMSI_DIGITS_MAX + 1])
{
    const json_t *page = json_object_get(a->body, collections[which]);
    size_t i;
    json_t *item;
    json_array_foreach(page, i, item)
    {
        json_t *row = json_object_get(missed, api_text(item, "dimsi"));
        if (row && json_object_set(row, members[which], item) != 0) {
            return CLI_REFUSED;
        }
        (void)json_object_del(missed, api_text(item, "dimsi"));
    }
    snprintf(next, IMSI_DIGITS_MAX + 1, "%s", api_text(a->body, "next"));
    return CLI_DONE;
}

/* The last dIMSI that is wanted, and the one before the first: a page begins behind that. */
static void ends_of(json_t *list, char before[static IMSI_DIGITS_MAX + 1],
                    char last[static IMSI_DIGITS_MAX + 1])
{
    const char *dimsi, *first = NULL, *most = NULL;
    json_t *row;
    json_object_foreach(list, dimsi, row)
    {
        first = !first || strcmp(dimsi, first) < 0 ? dimsi : first;
        most = !most || strcmp(dimsi, most) > 0 ? dimsi : most;
    }
    snprintf(before, IMSI_DIGITS_MAX + 1, "%s", first ? first : "");
    snprintf(last, IMSI_DIGITS_MAX + 1, "%s", most ? most : "");
    size_t i = strlen(before);
    while (i > 0 && before[i - 1] == '0') {
        before[--i] = '9';
    }
    if (i > 0) {
        before[i - 1]--;
    }
}

static int pages(struct sp *s, unsigned which, const char *link, json_t *missed)
{
    char path[80], after[IMSI_DIGITS_MAX + 1], next[IMSI_DIGITS_MAX + 1], last[IMSI_DIGITS_MAX + 1];
    struct sp_answer a;
    int rc;
    ends_of(missed, next, last);
    do {
        memcpy(after, next, sizeof after);
        snprintf(path, sizeof path, "/v1/%s?limit=1000&after=%s", collections[which], after);
        rc = sp_call(s, "GET", link, path, NULL, &a);
        if (rc != CLI_DONE) {
            return fail(missed, "unreachable", rc);
        }
        rc = a.status == 200 ? take_page(which, &a, missed, next) : sp_say_problem(path, &a);
        if (rc != CLI_DONE) {
            (void)fail(missed, sp_cause(&a), rc);
        }
        sp_answer_free(&a);
    } while (rc == CLI_DONE && strcmp(next, after) > 0 && strcmp(next, last) < 0);
    return rc;
}

static int ask_pages(struct sp *s, unsigned which, const char *link, json_t *list)
{
    const char *dimsi;
    json_t *row, *missed = json_copy(list);
    const int rc = missed ? pages(s, which, link, missed) : CLI_REFUSED;
    json_object_foreach(missed, dimsi, row)
    { /* what is on no page is not there */
        if (rc == CLI_DONE) {
            (void)json_object_set_new(row, members[which], json_null());
        }
    }
    json_decref(missed);
    return rc;
}

static int ask_list(struct sp *s, const char *key, json_t *list)
{
    const unsigned which = key[0] == '1';
    const char *dimsi;
    json_t *row;
    int rc = CLI_DONE;
    if (json_object_size(list) >= PAGES_FROM) {
        return ask_pages(s, which, key + 1, list);
    }
    json_object_foreach(list, dimsi, row)
    {
        const int one = ask_one(s, which, key + 1, dimsi, row);
        rc = one == CLI_UNREACHABLE || rc == CLI_DONE ? one : rc;
    }
    return rc;
}

/* ---- what came of it ---- */

/* What the operator says, or did at once, or why nobody knows. */
static const char *why_of(const json_t *row)
{
    const char *cause = api_text(json_object_get(row, "offer"), "cause");
    cause = *cause ? cause : api_text(row, "refused");
    return *cause ? cause : api_text(row, "error");
}

static void add_row(struct table *t, const json_t *row)
{
    char released[32] = "-";
    const json_t *release = json_object_get(row, "release");
    if (json_is_object(release)) {
        kme_view_time(json_object_get(release, "released"), released);
    }
    const char *cause = why_of(row);
    const char *cells[] = {
        api_text(row, "dimsi"), api_text(row, "imei"),
        api_text(row, "arpf"),  *api_text(row, "target") ? api_text(row, "target") : "-",
        sp_state(row),          released,
        *cause ? cause : "-"};
    table_add(t, cells);
}

static void show(const struct options *o, const json_t *rows)
{
    static const char *const columns[] = {"DIMSI", "IMEI",     "ARPF", "OPERATOR",
                                          "STATE", "RELEASED", "~WHY", NULL};
    size_t i;
    json_t *row;
    if (o->sp.common.json) {
        api_print_json(rows);
        return;
    }
    struct table *t = table_new(columns);
    json_array_foreach(rows, i, row)
    {
        add_row(t, row);
    }
    table_print(t);
}

/* A row for each device that is known here, and what it is to be asked for. Both are the caller's.
 */
static int gather(struct sp *s, char **names, size_t n, json_t *rows, json_t *lists)
{
    int rc = CLI_DONE;
    for (size_t i = 0; i < n; i++) {
        json_t *device = sp_read(s, "devices", names[i]);
        json_t *row = device ? sp_known(device) : NULL;
        if (!row) {
            cli_error("%.40s: nobody was given this dIMSI here", names[i]);
            rc = CLI_REFUSED;
        } else if (!wants_both(s, device, row, lists) || json_array_append(rows, row) != 0) {
            rc = CLI_REFUSED;
        }
        json_decref(row);
        json_decref(device);
    }
    return rc;
}

/* Whoever cannot be reached is one of several: the others are asked all the same. */
static int ask_all(struct sp *s, json_t *lists)
{
    const char *key;
    json_t *list;
    int rc = CLI_DONE;
    s->silent[0] = '\0';
    json_object_foreach(lists, key, list)
    {
        const int one = ask_list(s, key, list);
        rc = one == CLI_DONE || rc == CLI_UNREACHABLE ? rc : one;
    }
    return rc;
}

/* Those that are at their end are asked for no more. Returns how many are left. */
static size_t drop_settled(json_t *lists)
{
    const char *key, *dimsi;
    json_t *list, *row;
    void *next, *after;
    size_t left = 0;
    json_object_foreach_safe(lists, next, key, list)
    {
        json_object_foreach_safe(list, after, dimsi, row)
        {
            if (!sp_is_busy(row) && strcmp(api_text(row, "error"), "unreachable") != 0) {
                (void)json_object_del(list, dimsi);
            }
        }
        left += json_object_size(list);
        if (json_object_size(list) == 0) {
            (void)json_object_del(lists, key);
        }
    }
    return left;
}

static void forget_errors(json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        (void)json_object_del(row, "error");
    }
}

static long seconds_now(void)
{
    struct timespec now = {0};
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (long)now.tv_sec;
}

/* Asks until nobody is busy any more. */
static int wait_for_all(struct sp *s, json_t *rows, json_t *lists, int rc)
{
    const long end = seconds_now() + WAIT_SECONDS;
    size_t left = drop_settled(lists);
    const size_t n = left; /* as many as there were to wait for */
    while (left > 0 && seconds_now() < end) {
        const long ms = rc == CLI_DONE ? WAIT_MS : ERROR_MS;
        const struct timespec pause = {.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L};
        (void)nanosleep(&pause, NULL);
        forget_errors(rows);
        rc = ask_all(s, lists);
        left = drop_settled(lists);
        sp_progress(n - (left < n ? left : n), n);
    }
    if (left > 0 && rc == CLI_DONE) {
        cli_error("an operator is still busy with an offer; `bindery sp follow` shows it");
        rc = CLI_REFUSED;
    }
    return rc;
}

static int each(struct sp *s, const struct options *o, bool asks, char **names, size_t n)
{
    json_t *rows = json_array(), *lists = json_object();
    const int known = rows && lists ? gather(s, names, n, rows, lists) : CLI_REFUSED;
    int rc = asks ? ask_all(s, lists) : CLI_DONE;
    if (asks && o->wait) {
        rc = wait_for_all(s, rows, lists, rc);
    }
    show(o, rows);
    json_decref(lists);
    json_decref(rows);
    return rc == CLI_DONE ? known : rc;
}

static int run(const struct argp *argp, bool asks, int argc, char **argv)
{
    static struct sp s;
    struct options o = {.n = 0};
    char path[CLI_PATH_MAX], **names = NULL;
    size_t n = 0;
    if (argp_parse(argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = sp_open(&o.sp, &s);
    if (rc == CLI_DONE && o.n == 0 &&
        (!sp_folder_path(&s, "devices", path) || !sp_names(path, &names, &n))) {
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE) {
        rc = o.n > 0 ? each(&s, &o, asks, o.dimsis, o.n) : each(&s, &o, asks, names, n);
    }
    sp_names_free(names, n);
    sp_close(&s);
    return rc;
}

int sp_follow(int argc, char **argv)
{
    return run(&follow_argp, true, argc, argv);
}

int sp_list(int argc, char **argv)
{
    return run(&list_argp, false, argc, argv);
}
