#include "cli/authenticate_options.h"

enum {
    OPT_DEVICE = 'd',
    OPT_PEER = 'p',
    OPT_TRACE = 't',
    OPT_VECTORS = 'n',
    OPT_ATTEMPTS = 'a',
    OPT_HOST = 0x100,
    OPT_REALM,
    OPT_PLMN,
    OPT_REPORT_IMEI,
    OPT_SERVED_IMEI,
    OPT_NO_ULR,
    OPT_NO_REPORT,
    OPT_CERT,
    OPT_KEY,
    OPT_CA,
    OPT_SECRETS,
    OPT_VENDOR,
    OPT_TIMEOUT
};

static const struct argp_option argp_options[] = {
    {0, 0, 0, 0, "The device:", 1},
    {"device", OPT_DEVICE, "FILE", 0, "its state file (`bindery device file` makes one)", 1},
    {"report-imei", OPT_REPORT_IMEI, "IMEI", 0, "claim to be this device instead", 1},
    {0, 0, 0, 0, "The MME:", 2},
    {"peer", OPT_PEER, "ADDRESS", 0, "the HSS: tcp://IP:PORT or tls://IP:PORT", 2},
    {"origin-host", OPT_HOST, "NAME", 0, "the MME's name (mme.REALM)", 2},
    {"realm", OPT_REALM, "NAME", 0, "its realm (made of the PLMN)", 2},
    {"plmn", OPT_PLMN, "MCC-MNC", 0, "the serving network (001-01)", 2},
    {"served-imei", OPT_SERVED_IMEI, NULL, 0, "tell the HSS in the AIR which IMEI was reported", 2},
    {"no-report", OPT_NO_REPORT, NULL, 0, "don't tell the HSS of a failure (no NOR)", 2},
    {"no-ulr", OPT_NO_ULR, NULL, 0, "don't register after success", 2},
    {"vectors", OPT_VECTORS, "N", 0, "ask for N vectors at once, 1 to 5, and use each", 2},
    {"attempts", OPT_ATTEMPTS, "N", 0, "attach N times", 2},
    {"cert", OPT_CERT, "FILE", 0, "the MME's certificate, for tls://", 2},
    {"key", OPT_KEY, "FILE", 0, "its private key", 2},
    {"ca", OPT_CA, "FILE", 0, "the CA that the HSS's certificate is from", 2},
    {"vendor", OPT_VENDOR, "ID", 0, "the vendor id of Bindery's own AVPs (32473)", 2},
    {"timeout", OPT_TIMEOUT, "SECONDS", 0, "for each answer (5)", 2},
    {0, 0, 0, 0, "The trace:", 3},
    {"trace", OPT_TRACE, "FILE.pcapng", 0, "write what is sent and received", 3},
    {"trace-secrets", OPT_SECRETS, NULL, 0, "WITH the keys that travel, else they are zeroed", 3},
    {0},
};

static const char **text_option(struct authenticate_options *o, int key)
{
    switch (key) {
    case OPT_DEVICE:
        return &o->device;
    case OPT_PEER:
        return &o->peer;
    case OPT_TRACE:
        return &o->trace;
    case OPT_VECTORS:
        return &o->vectors;
    case OPT_ATTEMPTS:
        return &o->attempts;
    case OPT_HOST:
        return &o->host;
    case OPT_REALM:
        return &o->realm;
    case OPT_PLMN:
        return &o->plmn;
    case OPT_REPORT_IMEI:
        return &o->report_imei;
    case OPT_CERT:
        return &o->tls.certificate;
    case OPT_KEY:
        return &o->tls.key;
    case OPT_CA:
        return &o->tls.ca;
    case OPT_VENDOR:
        return &o->vendor;
    case OPT_TIMEOUT:
        return &o->timeout;
    default:
        return NULL;
    }
}

static bool *flag_option(struct authenticate_options *o, int key)
{
    switch (key) {
    case OPT_SERVED_IMEI:
        return &o->served_imei;
    case OPT_NO_ULR:
        return &o->no_ulr;
    case OPT_NO_REPORT:
        return &o->no_report;
    case OPT_SECRETS:
        return &o->trace_secrets;
    default:
        return NULL;
    }
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct authenticate_options *o = state->input;
    const char **text = text_option(o, key);
    bool *flag = flag_option(o, key);
    if (text) {
        *text = arg;
    } else if (flag) {
        *flag = true;
    } else if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &o->common;
    } else if (key == ARGP_KEY_END && !o->device) {
        argp_error(state, "--device FILE is needed");
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
const struct argp authenticate_argp = {
    argp_options,
    take,
    NULL,
    "Plays an MME and a device behind it against a running HSS, over real S6a, and says what "
    "happens.\v"
    "Exit status: 0 when every attempt was authenticated (and registered), 1 when one was refused, "
    "3 when the HSS was not reached. The device's state is saved before it answers.",
    children,
    NULL,
    NULL};
