/* The verbs `nas decode` and `nas encode`. */
#include "cli/nas.h"
#include "cli/nas_json.h"
#include "cli/pdu_input.h"
#include <string.h>

struct options {
    struct pdu_source from;
    const char *direction;
    bool json, mask, null_cipher;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->from;
        return 0;
    case 'd':
        o->direction = arg;
        return 0;
    case 'J':
        o->json = true;
        return 0;
    case 'm':
        o->mask = true;
        return 0;
    case 'z':
        o->null_cipher = true;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&pdu_source_argp, 0, NULL, 0}, {0}};
static const struct argp_option decode_options[] = {
    {"direction", 'd', "up|down", 0, "who sent it; a DETACH REQUEST reads differently", 0},
    {"mask", 'm', NULL, 0, "mask IMSIs and IMEIs", 0},
    {"null-cipher", 'z', NULL, 0, "EEA0 is in use: look into what claims to be ciphered", 0},
    {"json", 'J', NULL, 0, "as JSON, which `nas encode` takes", 0},
    {0},
};
static const struct argp decode_argp = {
    decode_options,
    take,
    "[HEX...|-]",
    "Shows what a NAS PDU says (TS 24.301): messages, security headers and what is inside them.\v"
    "HEX may have white space and colons between its octets.",
    children,
    NULL,
    NULL};
static const struct argp_option encode_options[] = {
    {"direction", 'd', "up|down", 0, "who sends it; a DETACH REQUEST is written differently", 0},
    {0},
};
static const struct argp encode_argp = {
    encode_options,
    take,
    "[JSON|-]",
    "Makes the octets of a NAS PDU from JSON as `nas decode --json` shows it.",
    children,
    NULL,
    NULL};

static bool take_direction(const struct options *o, enum nas_direction *out)
{
    *out = NAS_BOTH;
    if (o->direction && !nas_direction_parse(o->direction, out)) {
        cli_error("--direction takes up or down, not '%s'", o->direction);
        return false;
    }
    return true;
}

/* What a receiver has to pass over is no error, but whoever looks at octets wants to know. */
static void tell_ignored(const struct nas_fault *fault)
{
    if (fault->ignored > 0) {
        cli_error("%u element%s passed over (TS 24.301 7.6), the first at octet %zu",
                  fault->ignored, fault->ignored == 1 ? "" : "s", fault->ignored_at);
    }
}

static int decode(int argc, char **argv)
{
    struct options o = {0};
    struct nas_fault fault;
    static uint8_t octets[PDU_MAX];
    char why[256];
    size_t n;
    enum err e;
    enum nas_direction direction;
    if (argp_parse(&decode_argp, argc, argv, 0, NULL, &o) != 0 || !take_direction(&o, &direction)) {
        return CLI_USAGE;
    }
    if (!pdu_read_hex(&o.from, MBYTES_OF(octets), &n)) {
        return CLI_REFUSED;
    }
    struct bytes pdu = {octets, n};
    struct nas_text_options how = {direction, o.mask, o.null_cipher};
    json_t *shown = nas_json_of(pdu, &how, &e, &fault);
    if (!shown) {
        nas_fault_text(pdu, e, &fault, why, sizeof why);
        cli_error("%s", why);
        return CLI_REFUSED;
    }
    if (o.json) {
        (void)json_dumpf(shown, stdout, JSON_INDENT(2));
        putchar('\n');
    } else {
        nas_tree_put(stdout, 0, pdu, &how);
    }
    (void)fflush(stdout);
    tell_ignored(&fault);
    json_decref(shown);
    return CLI_DONE;
}

static int encode(int argc, char **argv)
{
    struct options o = {0};
    static uint8_t octets[PDU_MAX];
    char why[512] = "";
    size_t n;
    enum nas_direction direction;
    if (argp_parse(&encode_argp, argc, argv, 0, NULL, &o) != 0 || !take_direction(&o, &direction)) {
        return CLI_USAGE;
    }
    json_t *object = pdu_read_json(&o.from);
    if (!object) {
        return CLI_REFUSED;
    }
    enum err e = nas_json_build(object, direction, MBYTES_OF(octets), &n, why, sizeof why);
    json_decref(object);
    if (e != E_OK) {
        cli_error("%s", why);
        return CLI_REFUSED;
    }
    pdu_print_hex((struct bytes){octets, n});
    return CLI_DONE;
}

static const struct cli_verb verbs[] = {
    {"decode", "what a NAS PDU says, as a tree or JSON", decode},
    {"encode", "the octets of a NAS PDU, from JSON", encode},
    {"protect", "put a NAS message under a security context", cli_nas_protect},
    {"unprotect", "check the MAC of a protected one, decipher and decode it", cli_nas_unprotect},
    {0},
};

int cli_nas(int argc, char **argv)
{
    static const char doc[] = "NAS PDUs between octets, trees and JSON, and NAS security by hand.";
    return cli_dispatch("bindery nas", doc, verbs, argc, argv);
}
