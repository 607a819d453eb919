/* The verb `sp`, and the options that its subverbs share. */
#include "cli/sp.h"

#include "cli/home.h"
#include <string.h>

enum { OPT_FOLDER = 0x500, OPT_TRACE };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct sp_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case OPT_FOLDER:
        o->folder = arg;
        return 0;
    case OPT_TRACE:
        o->trace = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"sp", OPT_FOLDER, "DIR", 0, "the service provider's folder (sp in the directory)", 50},
    {"trace", OPT_TRACE, "FILE.pcapng", 0, "write what is asked of others, and their answers", 50},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
const struct argp sp_argp = {options, take, NULL, NULL, children, NULL, NULL};

static const struct cli_verb verbs[] = {
    {"arpf", "fetch an ARPF's certificate for key agreement (step 0-a)", sp_arpf},
    {"order", "give devices a discovery IMSI and that certificate (step 0-b)", sp_order},
    {"collect", "take in what their secure elements answered (step 0-c)", sp_collect},
    {"offer", "offer devices to an operator (step 0-d)", sp_offer},
    {"follow", "what became of them, at operators and ARPFs", sp_follow},
    {"revoke", "take an offer back, so that another operator can have the device", sp_revoke},
    {"list", "the devices, as this folder knows them", sp_list},
    {"links", "where the ARPF, and who takes offers, are in the directory of `up`", sp_links},
    {0},
};

/* ---- links ---- */

struct links {
    struct cli_common common;
    const char *word;
};

static error_t take_links(int key, char *arg, struct argp_state *state)
{
    struct links *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case ARGP_KEY_ARG:
        if (o->word || (strcmp(arg, "arpf") != 0 && strcmp(arg, "offers") != 0)) {
            argp_error(state, "arpf or offers, not '%s'", arg);
        }
        o->word = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child links_children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp links_argp = {
    NULL,
    take_links,
    "[arpf|offers]",
    "Says where the ARPF of the directory is, and where its HSS takes offers.",
    links_children,
    NULL,
    NULL};

int sp_links(int argc, char **argv)
{
    struct links o = {.word = NULL};
    char arpf[64] = "", offers[64] = "";
    if (argp_parse(&links_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    const char *dir = cli_dir(&o.common);
    if (!home_link(dir, "arpf/arpfd.yaml", NULL, arpf, sizeof arpf) ||
        !home_link(dir, "hssd.yaml", "dimsi", offers, sizeof offers)) {
        cli_error("%s: `bindery up` runs no ARPF there, or its HSS takes no offers", dir);
        return CLI_REFUSED;
    }
    if (o.common.json) {
        printf("{\"arpf\":\"%s\",\"offers\":\"%s\"}\n", arpf, offers);
    } else if (o.word) {
        puts(!strcmp(o.word, "arpf") ? arpf : offers);
    } else {
        printf("ARPF    %s\noffers  %s\n", arpf, offers);
    }
    return CLI_DONE;
}

int cli_sp(int argc, char **argv)
{
    return cli_dispatch("bindery sp",
                        "A service provider: brings devices that have no subscription together "
                        "with the operator that accepts them.",
                        verbs, argc, argv);
}
