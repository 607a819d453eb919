/* The verbs `s1ap decode` and `s1ap encode`. */
#include "cli/nas.h"
#include "cli/pdu_input.h"
#include "cli/s1ap_json.h"

struct options {
    struct pdu_source from;
    struct s1ap_view view;
    bool json;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->from;
        return 0;
    case 'J':
        o->json = true;
        return 0;
    case 'k':
        o->view.show_keys = true;
        return 0;
    case 'm':
        o->view.mask = true;
        return 0;
    case 'z':
        o->view.null_cipher = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&pdu_source_argp, 0, NULL, 0}, {0}};
static const struct argp_option decode_options[] = {
    {"mask", 'm', NULL, 0, "mask IMSIs and IMEIs in NAS", 0},
    {"null-cipher", 'z', NULL, 0, "EEA0 is in use: look into what claims to be ciphered", 0},
    {"show-keys", 'k', NULL, 0, "show the SecurityKey, which is KeNB", 0},
    {"json", 'J', NULL, 0, "as JSON, which `s1ap encode` takes", 0},
    {0},
};
static const struct argp decode_argp = {
    decode_options,
    take,
    "[HEX...|-]",
    "Shows what an S1AP message says (TS 36.413), with the NAS inside it.\v"
    "HEX may have white space and colons between its octets.",
    children,
    NULL,
    NULL};
static const struct argp encode_argp = {
    NULL,       take,
    "[JSON|-]", "Makes the octets of an S1AP message from JSON as `s1ap decode --json` shows it.",
    children,   NULL,
    NULL};

static int show(const struct options *o, struct bytes msg)
{
    struct s1ap_fault fault;
    char why[1024];
    enum err e;
    json_t *shown = s1ap_json_of(msg, &o->view, &e, &fault);
    if (shown && o->json) {
        (void)json_dumpf(shown, stdout, JSON_INDENT(2));
        putchar('\n');
    } else if (shown) {
        e = s1ap_tree_put(stdout, msg, &o->view, &fault);
    }
    (void)fflush(stdout);
    if (e != E_OK || fault.kind != S1AP_FAULT_NONE) {
        s1ap_fault_text(msg, e, &fault, why, sizeof why);
        cli_error("%s", why);
    }
    json_decref(shown);
    return e == E_OK ? CLI_DONE : CLI_REFUSED;
}

static int decode(int argc, char **argv)
{
    struct options o = {0};
    static uint8_t octets[PDU_MAX];
    size_t n;
    if (argp_parse(&decode_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = CLI_REFUSED;
    if (pdu_read_hex(&o.from, MBYTES_OF(octets), &n)) {
        rc = show(&o, (struct bytes){octets, n});
    }
    wipe(octets, sizeof octets);
    return rc;
}

static int encode(int argc, char **argv)
{
    struct options o = {0};
    static uint8_t octets[PDU_MAX];
    char why[512] = "";
    size_t n;
    if (argp_parse(&encode_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    json_t *object = pdu_read_json(&o.from);
    if (!object) {
        return CLI_REFUSED;
    }
    enum err e = s1ap_json_build(object, MBYTES_OF(octets), &n, why, sizeof why);
    json_decref(object);
    if (e != E_OK) {
        cli_error("%s", why);
        return CLI_REFUSED;
    }
    pdu_print_hex((struct bytes){octets, n});
    return CLI_DONE;
}

static const struct cli_verb verbs[] = {
    {"decode", "what an S1AP message says, as a tree or JSON", decode},
    {"encode", "the octets of an S1AP message, from JSON", encode},
    {0},
};

int cli_s1ap(int argc, char **argv)
{
    static const char doc[] = "S1AP messages between octets, trees and JSON.";
    return cli_dispatch("bindery s1ap", doc, verbs, argc, argv);
}
