/* The verb `devices`: who is at the MME, and sending one away. */
#include "cli/api_list.h"
#include <string.h>

struct options {
    struct cli_common common;
    const char *imsi, *limit, *after, *detach;
    bool reattach;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case 'i':
        o->imsi = arg;
        return 0;
    case 'l':
        o->limit = arg;
        return 0;
    case 'a':
        o->after = arg;
        return 0;
    case 'd':
        o->detach = arg;
        return 0;
    case 'r':
        o->reattach = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static void row(struct table *t, const json_t *ue)
{
    char id[24];
    snprintf(id, sizeof id, "%" JSON_INTEGER_FORMAT, json_integer_value(json_object_get(ue, "id")));
    const char *imsi = api_text(ue, "imsi"), *imei = api_text(ue, "imei");
    const char *m_tmsi = api_text(ue, "m_tmsi"), *enb = api_text(ue, "enb");
    const char *cells[] = {id,
                           *imsi ? imsi : NULL,
                           *imei ? imei : NULL,
                           api_text(ue, "state"),
                           *m_tmsi ? m_tmsi : NULL,
                           *enb ? enb : NULL};
    table_add(t, cells);
}

static int list(const struct options *o)
{
    static const char *const columns[] = {">ID", "IMSI", "IMEI", "STATE", "M-TMSI", "ENB", NULL};
    char query[40];
    struct imsi imsi;
    struct api_list what = {.name = "ues",
                            .path = "/v1/ues",
                            .columns = columns,
                            .row = row,
                            .mme = true,
                            .after = o->after};
    if (o->imsi) {
        if (!cli_imsi(o->imsi, &imsi)) {
            return CLI_USAGE;
        }
        snprintf(query, sizeof query, "imsi=%s", imsi.digits);
        what.query = query;
    }
    return api_list(&o->common, &what, o->limit);
}

static int say_detached(const struct options *o, const struct imsi *imsi,
                        const struct api_answer *answer)
{
    if (answer->status == 404) {
        cli_error("no device of %s is at the MME; `bindery devices` shows who is", imsi->digits);
        return CLI_REFUSED;
    }
    if (answer->status < 200 || answer->status > 299) {
        return api_say_problem("devices", answer);
    }
    if (o->common.json) {
        api_print_json(answer->body);
    } else {
        puts(o->reattach ? "detached; it is to attach anew" : "detached");
    }
    return CLI_DONE;
}

static int detach(const struct options *o)
{
    struct imsi imsi;
    struct api api;
    struct api_answer answer = {0};
    char path[64];
    if (!cli_imsi(o->detach, &imsi)) {
        return CLI_USAGE;
    }
    snprintf(path, sizeof path, "/v1/ues/%s/detach", imsi.digits);
    json_t *body = json_pack("{s:b}", "reattach", (int)o->reattach);
    struct api_request request = {.method = "POST", .path = path, .json = body};
    int rc = api_open_mme(&o->common, &api);
    if (rc == CLI_DONE) {
        rc = api_call(&api, &request, &answer);
        rc = rc == CLI_DONE ? say_detached(o, &imsi, &answer) : rc;
        api_answer_free(&answer);
        api_close(&api);
    }
    json_decref(body);
    return rc;
}

static const struct argp_option devices_options[] = {
    {"imsi", 'i', "IMSI", 0, "only those of this subscription", 0},
    {"after", 'a', "PLACE", 0, "go on behind this place (see --json)", 0},
    {"limit", 'l', "N", 0, "at most this many (default: all)", 0},
    {"detach", 'd', "IMSI", 0, "detach this one instead", 0},
    {"reattach", 'r', NULL, 0, "with --detach: tell it to attach anew", 0},
    {0},
};

int cli_devices(int argc, char **argv)
{
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {
        devices_options,
        take,
        NULL,
        "Lists the devices at the MME: who they are, their state, and their eNB; or detaches one.\v"
        "--socket names the MME's administration socket; without it that is mme.sock in the "
        "directory.",
        children,
        NULL,
        NULL};
    struct options o = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (o.reattach && !o.detach) {
        cli_error("--reattach says how --detach IMSI is to end; give that too");
        return CLI_USAGE;
    }
    return o.detach ? detach(&o) : list(&o);
}
