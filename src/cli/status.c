/* The verb `status`. */
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/status_view.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct cli_common common;
    bool all;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    (void)arg;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &o->common;
        return 0;
    }
    if (key == 'a') {
        o->all = true;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

/* An HSS that posts its events says in another place how far it has come. */
static void add_webhooks(struct api *api, json_t *status)
{
    const struct api_request request = {.method = "GET", .path = "/v1/webhooks"};
    struct api_answer answer = {.body = NULL};
    if (strcmp(api_text(status, "program"), "bindery-hssd") != 0) {
        return;
    }
    api->quiet = true;
    if (api_call(api, &request, &answer) == CLI_DONE && answer.status == 200) {
        (void)json_object_update_missing(status, answer.body);
    }
    api_answer_free(&answer);
}

static int ask(struct api *api, int rc, json_t **out)
{
    struct api_answer answer;
    struct api_request request = {.method = "GET", .path = "/v1/status"};
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = api_do(api, "status", &request, &answer);
    *out = rc == CLI_DONE ? answer.body : NULL;
    if (rc == CLI_DONE) {
        add_webhooks(api, *out);
    }
    api_close(api);
    return rc;
}

/* ---- the repository and the parties: `up` says which processes they are, and they wrote in their
 * logs where they listen ---- */

static int pid_of(const char *dir, const char *name)
{
    char path[CLI_PATH_MAX], line[64];
    const size_t n = strlen(name);
    long pid = 0;
    FILE *f = cli_path(dir, "pids", path, sizeof path) ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        if (!strncmp(line, name, n) && line[n] == ' ') {
            pid = strtol(line + n, NULL, 10);
        }
    }
    if (f) {
        (void)fclose(f);
    }
    return pid > 0 && pid <= INT_MAX ? (int)pid : 0;
}

/* A member of the last line "ready" of a log; NULL: it has none. */
static json_t *said_ready(const char *dir, const char *log, const char *member)
{
    char path[CLI_PATH_MAX], line[1024];
    json_t *at = NULL;
    FILE *f = cli_path(dir, log, path, sizeof path) ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        json_t *row = strstr(line, "\"ready\"") ? json_loads(line, 0, NULL) : NULL;
        if (*api_text(row, member)) {
            json_decref(at);
            at = json_incref(json_object_get(row, member));
        }
        json_decref(row);
    }
    if (f) {
        (void)fclose(f);
    }
    return at;
}

/* Where it speaks HTTPS: its logs call that what is beneath. */
static void add_https(json_t *list, json_t *at)
{
    const char *text = json_string_value(at);
    if (text && !strncmp(text, "tls://", 6)) {
        (void)json_array_append_new(list, json_sprintf("https://%s", text + 6));
    }
    json_decref(at);
}

static json_t *running(const char *dir, const char *name, const char *program, json_t *listeners)
{
    int pid = pid_of(dir, name);
    return json_pack("{s:s, s:b, s:i, s:o}", "program", program, "running", pid != 0, "pid", pid,
                     "listeners", listeners);
}

/* The row has them among its listeners. */
static void drop_addresses(json_t *status)
{
    static const char *const of[] = {"push", "operators", "devices"};
    (void)json_object_del(status, "listener");
    for (size_t i = 0; i < sizeof of / sizeof of[0]; i++) {
        (void)json_object_del(json_object_get(status, of[i]), "listen");
    }
}

/* What it says itself, where its configuration gives it a socket of that name and it answers. */
static void add_own(const char *dir, const char *socket, const char *what, json_t *row)
{
    const struct cli_common own = {.dir = dir};
    const struct api_request request = {.method = "GET", .path = "/v1/status"};
    struct api_answer answer = {.body = NULL};
    struct api api;
    if (!home_has(dir, socket) || api_open_other(&own, what, socket, &api) != CLI_DONE) {
        return;
    }
    api.quiet = true;
    if (api_call(&api, &request, &answer) == CLI_DONE && answer.status == 200) {
        drop_addresses(answer.body);
        (void)json_object_update_missing(row, answer.body);
        (void)json_object_set_new(row, "socket", json_string(api.place));
    }
    api_answer_free(&answer);
    api_close(&api);
}

static json_t *repository(const char *dir)
{
    json_t *list = json_array();
    add_https(list, said_ready(dir, "log/repod.log", "listener"));
    json_t *row = running(dir, "repod", "bindery-repod", list);
    if (json_is_true(json_object_get(row, "running"))) {
        add_own(dir, "repod.sock", "repository", row);
    }
    return row;
}

/* ARPF, discovery AUSF and RSMF, those of them that the directory has. */
static json_t *parties(const char *dir)
{
    static const struct {
        const char *name, *program, *log, *configuration, *socket;
        const char *member[2]; /* of what the log says when it serves, HTTPS */
        bool diameter;         /* and `listener` is Diameter */
    } all[] = {
        {"arpfd",
         "bindery-arpfd",
         "log/arpfd.log",
         "arpf/arpfd.yaml",
         "arpf/arpf.sock",
         {"listener", NULL},
         false},
        {"dausfd",
         "bindery-dausfd",
         "log/dausfd.log",
         "discovery/dausfd.yaml",
         "discovery/discovery.sock",
         {"push", NULL},
         true},
        {"rsmfd",
         "bindery-rsmfd",
         "log/rsmfd.log",
         "rsmf/rsmfd.yaml",
         "rsmf/rsm.sock",
         {"listener", "devices"},
         false},
    };
    json_t *rows = json_array();
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        json_t *list = json_array();
        for (size_t k = 0; k < 2 && all[i].member[k]; k++) {
            add_https(list, said_ready(dir, all[i].log, all[i].member[k]));
        }
        if (all[i].diameter) {
            (void)json_array_append_new(list, said_ready(dir, all[i].log, "listener"));
        }
        json_t *row = running(dir, all[i].name, all[i].program, list);
        if (json_is_true(json_object_get(row, "running"))) {
            add_own(dir, all[i].socket, all[i].name, row);
        }
        if (home_has(dir, all[i].configuration)) {
            (void)json_array_append(rows, row);
        }
        json_decref(row);
    }
    return rows;
}

int status_get(const struct cli_common *common, json_t **out)
{
    struct api api;
    json_t *mme = NULL;
    int rc = ask(&api, api_open(common, &api), out);
    if (rc == CLI_DONE && cli_has_mme(common)) {
        rc = ask(&api, api_open_mme(common, &api), &mme);
        if (rc == CLI_DONE) {
            (void)json_object_set_new(*out, "mme", mme);
        } else {
            json_decref(*out);
        }
    }
    if (rc == CLI_DONE && cli_has_repo(common)) {
        (void)json_object_set_new(*out, "repository", repository(cli_dir(common)));
        (void)json_object_set_new(*out, "parties", parties(cli_dir(common)));
    }
    return rc;
}

int cli_status(int argc, char **argv)
{
    static const struct cli_common none;
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp_option options[] = {
        {"all", 'a', NULL, 0, "Counters that are zero too", 0}, {0}};
    static const struct argp argp = {options,
                                     take,
                                     NULL,
                                     "Shows HSS, MME and repository: where they listen, peers, "
                                     "eNBs, webhooks, subscribers, devices, counters.",
                                     children,
                                     NULL,
                                     NULL};
    struct options o = {.common = none};
    json_t *status;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = status_get(&o.common, &status);
    if (rc == CLI_DONE) {
        if (o.common.json) {
            api_print_json(status);
        } else {
            status_view(&o.common, status, o.all);
        }
        json_decref(status);
    }
    return rc;
}
