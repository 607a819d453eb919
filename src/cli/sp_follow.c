/* What became of the devices of a service provider: src/cli/sp.h. */
#include "cli/sp.h"

#include "cli/api_client.h"
#include "cli/kme_view.h"
#include "cli/table.h"
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
     "ask again until no operator is still busy with an offer, for a minute at most", 10},
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

/* What is known of a device; members that are not known are null. */
static json_t *known(const json_t *device)
{
    const json_t *last = sp_last_offer(device);
    const bool revoked = json_is_true(json_object_get(last, "revoked"));
    return json_pack("{s:O?, s:O?, s:O?, s:b, s:O?, s:O?, s:b}", "dimsi",
                     json_object_get(device, "dimsi"), "imei", json_object_get(device, "imei"),
                     "arpf", json_object_get(device, "arpf"), "credentials",
                     json_is_string(json_object_get(device, "token")), "target",
                     last ? json_object_get(last, "target") : NULL, "number",
                     last ? json_object_get(last, "number") : NULL, "revoked", revoked);
}

/* One more member: the answer, or why there is none. Not found is an answer. */
static bool ask(struct sp *s, json_t *row, const char *member, const char *link, const char *path)
{
    struct sp_answer a;
    if (sp_call(s, "GET", link, path, NULL, &a) != CLI_DONE) {
        return false;
    }
    json_t *value = a.status == 404                     ? json_null()
                    : a.status >= 200 && a.status < 300 ? json_incref(a.body)
                                                        : NULL;
    if (!value) {
        (void)sp_say_problem(path, &a);
    }
    sp_answer_free(&a);
    return value && json_object_set_new(row, member, value) == 0;
}

static bool ask_both(struct sp *s, const json_t *device, json_t *row)
{
    char path[64];
    const json_t *last = sp_last_offer(device);
    const char *dimsi = api_text(device, "dimsi");
    json_t *arpf = sp_read(s, "arpfs", api_text(device, "arpf"));
    bool good = true;
    if (last) {
        snprintf(path, sizeof path, "/v1/offers/%s", dimsi);
        good = ask(s, row, "offer", api_text(last, "link"), path);
    }
    if (last && arpf) {
        snprintf(path, sizeof path, "/v1/releases/%s", dimsi);
        good = ask(s, row, "release", api_text(arpf, "link"), path) && good;
    }
    json_decref(arpf);
    return good;
}

/* In one or two words. */
static const char *state_of(const json_t *row)
{
    const char *phase = api_text(json_object_get(row, "offer"), "phase");
    return json_is_true(json_object_get(row, "revoked"))       ? "revoked"
           : *phase                                            ? phase
           : json_is_string(json_object_get(row, "target"))    ? "offered"
           : json_is_true(json_object_get(row, "credentials")) ? "collected"
                                                               : "ordered";
}

static void add_row(struct table *t, const json_t *row)
{
    char released[32] = "-";
    const json_t *release = json_object_get(row, "release");
    if (json_is_object(release)) {
        kme_view_time(json_object_get(release, "released"), released);
    }
    const char *cause = api_text(json_object_get(row, "offer"), "cause");
    const char *cells[] = {
        api_text(row, "dimsi"), api_text(row, "imei"),
        api_text(row, "arpf"),  *api_text(row, "target") ? api_text(row, "target") : "-",
        state_of(row),          released,
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

/* Into *rows, which is the caller's. */
static int gather(struct sp *s, bool asks, char **names, size_t n, json_t **out)
{
    json_t *rows = json_array();
    int rc = rows ? CLI_DONE : CLI_REFUSED;
    *out = rows;
    for (size_t i = 0; rows && i < n; i++) {
        json_t *device = sp_read(s, "devices", names[i]);
        json_t *row = device ? known(device) : NULL;
        if (!row) {
            cli_error("%.40s: nobody was given this dIMSI here", names[i]);
            rc = CLI_REFUSED;
        } else if ((asks && !ask_both(s, device, row)) || json_array_append(rows, row) != 0) {
            rc = CLI_REFUSED;
        }
        json_decref(row);
        json_decref(device);
    }
    return rc;
}

/* Is an operator still to ask an ARPF, or to tell the discovery AUSF? */
static bool any_is_busy(const json_t *rows)
{
    size_t i;
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        const char *state = state_of(row);
        if (!strcmp(state, "offered") || !strcmp(state, "allocated")) {
            return true;
        }
    }
    return false;
}

static int each(struct sp *s, const struct options *o, bool asks, char **names, size_t n)
{
    const struct timespec pause = {.tv_nsec = WAIT_MS * 1000000L};
    json_t *rows;
    int rc = gather(s, asks, names, n, &rows);
    for (unsigned i = 0;
         rc == CLI_DONE && o->wait && any_is_busy(rows) && i < WAIT_SECONDS * 1000 / WAIT_MS; i++) {
        json_decref(rows);
        (void)nanosleep(&pause, NULL);
        rc = gather(s, asks, names, n, &rows);
    }
    show(o, rows);
    if (rc == CLI_DONE && o->wait && any_is_busy(rows)) {
        cli_error("an operator is still busy with an offer; `bindery sp follow` shows it");
        rc = CLI_REFUSED;
    }
    json_decref(rows);
    return rc;
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
