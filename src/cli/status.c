/* The verb `status`. */
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/status_view.h"
#include <limits.h>
#include <stdlib.h>
#include <string.h>

struct options {
    struct cli_common common;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    (void)arg;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &o->common;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
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
    api_close(api);
    return rc;
}

/* ---- the repository: it has no socket of ours, but `up` says which process it is, and it wrote in
 * its log where it listens ---- */

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

static json_t *listeners_of(const char *dir, const char *log)
{
    char path[CLI_PATH_MAX], line[1024];
    json_t *list = json_array();
    FILE *f = cli_path(dir, log, path, sizeof path) ? fopen(path, "re") : NULL;
    while (f && fgets(line, sizeof line, f)) {
        json_t *row = strstr(line, "\"ready\"") ? json_loads(line, 0, NULL) : NULL;
        const char *at = api_text(row, "listener");
        if (!strncmp(at, "tls://", 6)) { /* what it speaks there is HTTPS */
            (void)json_array_clear(list);
            (void)json_array_append_new(list, json_sprintf("https://%s", at + 6));
        }
        json_decref(row);
    }
    if (f) {
        (void)fclose(f);
    }
    return list;
}

static json_t *repository(const char *dir)
{
    int pid = pid_of(dir, "repod");
    return json_pack("{s:s, s:b, s:i, s:o}", "program", "bindery-repod", "running", pid != 0, "pid",
                     pid, "listeners", listeners_of(dir, "log/repod.log"));
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
    }
    return rc;
}

int cli_status(int argc, char **argv)
{
    static const struct cli_common none;
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {NULL,
                                     take,
                                     NULL,
                                     "Shows HSS, MME and repository: where they listen, peers, "
                                     "eNBs, subscribers, devices, counters.",
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
            status_view(&o.common, status);
        }
        json_decref(status);
    }
    return rc;
}
