/* The verb `status`. */
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/status_view.h"

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
    return rc;
}

int cli_status(int argc, char **argv)
{
    static const struct cli_common none;
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {NULL,
                                     take,
                                     NULL,
                                     "Shows the HSS and the MME: where they listen, peers, eNBs, "
                                     "subscribers, devices, counters.",
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
