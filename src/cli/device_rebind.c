/* The subverb `device rebind`: an operator's approval of another device, or of a new key. */
#include "cli/api_client.h"
#include "cli/kme_view.h"
#include <string.h>
#include <time.h>

struct options {
    struct cli_common common;
    const char *imsi, *imei;
    bool renew, withdraw;
};

enum { OPT_IMEI = 0x100, OPT_RENEW, OPT_WITHDRAW };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case OPT_IMEI:
        o->imei = arg;
        return 0;
    case OPT_RENEW:
        o->renew = true;
        return 0;
    case OPT_WITHDRAW:
        o->withdraw = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->imsi) {
            argp_error(state, "too many arguments: '%s'; the device is --imei", arg);
        }
        o->imsi = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->imsi) {
            argp_error(state, "an IMSI is needed");
        } else if ((o->imei != NULL) + o->renew + o->withdraw > 1) {
            argp_error(state, "--imei, --renew and --withdraw exclude each other");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"imei", OPT_IMEI, "IMEI", 0, "approve of this device and no other", 10},
    {"renew", OPT_RENEW, NULL, 0, "not another device, but a new key of the one that is bound", 10},
    {"withdraw", OPT_WITHDRAW, NULL, 0, "take back what was approved or wanted before", 10},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    options,
    take,
    "IMSI",
    "Approves of binding a subscription anew: at its next attach the device it is in, or the one "
    "of "
    "--imei, makes a key, and is bound by it in place of the one before.\v"
    "The key before stays good until the new one was used. What was offered to a device before "
    "counts no longer. `bindery device show IMSI` tells how it stands, `bindery events` what "
    "happens.",
    children,
    NULL,
    NULL};

static json_t *body_of(const struct options *o, const struct imei *imei)
{
    json_t *body = json_pack("{s:s}", "request",
                             o->withdraw ? "none"
                             : o->renew  ? "renew"
                                         : "rebind");
    if (o->imei) {
        (void)json_object_set_new(body, "imei", json_string(imei->digits));
    }
    return body;
}

int cli_device_rebind(int argc, char **argv)
{
    struct options o = {.imsi = NULL};
    struct imsi imsi;
    struct imei imei;
    struct api_answer answer;
    char path[64];
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 || !cli_imsi(o.imsi, &imsi) ||
        (o.imei && !cli_imei(o.imei, &imei))) {
        return CLI_USAGE;
    }
    json_t *body = body_of(&o, &imei);
    snprintf(path, sizeof path, "/v1/subscribers/%s/kme", imsi.digits);
    const struct api_request request = {.method = "POST", .path = path, .json = body};
    int rc = api_once(&o.common, imsi.digits, &request, &answer);
    json_decref(body);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (o.common.json) {
        api_print_json(answer.body);
    } else {
        char words[96];
        kme_view_words(answer.body, (int64_t)time(NULL), words, sizeof words);
        printf("%s: %s\n", imsi.digits, words);
    }
    api_answer_free(&answer);
    return CLI_DONE;
}
