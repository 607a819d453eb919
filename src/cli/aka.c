/* The verb `aka`: a calculator of authentication vectors. */
#include "cli/aka_input.h"
#include "cli/secret_input.h"
#include "crypto/openssl.h"
#include <jansson.h>
#include <string.h>

struct options {
    struct aka_input in;
    const char *file;
    bool json;
    const char *option[6]; /* the values of options, set after the file */
};

static const struct {
    int key;
    const char *name;
} members[] = {{'r', "rand"}, {'s', "sqn"},    {'a', "amf"},
               {'u', "auts"}, {'m', "sqn_ms"}, {'p', "plmn"}};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    for (size_t i = 0; i < sizeof members / sizeof members[0]; i++) {
        if (members[i].key == key) {
            o->option[i] = arg;
            return 0;
        }
    }
    switch (key) {
    case 'J':
        o->json = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->file) {
            argp_error(state, "one file at a time: '%s' is the second", arg);
        }
        o->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->file) {
            argp_error(state, "a file with the keys is needed, or - for standard input");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"rand", 'r', "HEX", 0, "the challenge (drawn if not given); for --auts as it travelled", 0},
    {"sqn", 's', "HEX", 0, "the sequence number, 12 hex digits (000000000000)", 0},
    {"amf", 'a', "HEX", 0, "4 hex digits (8000; 8001 when there is a KME)", 0},
    {"plmn", 'p', "MCC-MNC", 0, "the serving network: gives KASME", 0},
    {"auts", 'u', "HEX", 0, "an AUTS to check, 28 hex digits; exit status 1 if it is false", 0},
    {"sqn-ms", 'm', "HEX", 0, "the USIM's SQN: gives the AUTS it would send", 0},
    {"json", 'J', NULL, 0, "answer in JSON, for scripts", 0},
    {0},
};
static const struct argp argp = {
    options,
    take,
    "FILE|-",
    "Computes what an AuC and a USIM compute. A calculator for experiments: IT SHOWS KEYS, so give "
    "it test keys only.\v"
    "FILE has lines like 'k=465b...' or one JSON object, with k, op or opc (TUAK: top or topc), "
    "algorithm (milenage, tuak), res_length, keccak_iterations, kme, and any of the options' "
    "values: rand, sqn, amf, plmn, auts, sqn_ms. Keys are not taken as arguments, where every "
    "user of the machine could read them.",
    NULL,
    NULL,
    NULL};

static bool read_input(struct options *o)
{
    char text[SECRET_FILE_MAX], why[200];
    size_t n;
    if (!secret_read_whole(o->file, true, text, sizeof text, &n)) {
        return false;
    }
    bool good = aka_input_parse(&o->in, text, n, why, sizeof why);
    wipe(text, sizeof text);
    if (!good) {
        cli_error("%s: %s", o->file, why);
    }
    for (size_t i = 0; good && i < sizeof members / sizeof members[0]; i++) {
        good =
            !o->option[i] || aka_input_set(&o->in, members[i].name, o->option[i], why, sizeof why);
        if (!good) {
            cli_error("--%s: %s", members[i].name, why);
        }
    }
    return good;
}

static void print_json(const struct aka_results *r)
{
    json_t *o = json_object();
    for (size_t i = 0; i < r->n; i++) {
        (void)json_object_set_new(o, r->row[i].name, json_string(r->row[i].value));
    }
    (void)json_dumpf(o, stdout, JSON_INDENT(2));
    putchar('\n');
    json_decref(o);
}

static void print_lines(const struct aka_results *r)
{
    for (size_t i = 0; i < r->n; i++) {
        printf("%-10s %s%-32s%s  %s%s%s\n", r->row[i].name, cli_paint(stdout, CLI_BOLD),
               r->row[i].value, cli_paint(stdout, CLI_PLAIN), cli_paint(stdout, CLI_DIM),
               r->row[i].what, cli_paint(stdout, CLI_PLAIN));
    }
}

static int compute(const struct options *o)
{
    struct aka_results r;
    struct crypto c;
    enum err e = crypto_openssl_open(&c);
    if (e == E_OK) {
        e = aka_compute(&c, &o->in, &r);
        crypto_openssl_close(&c);
    }
    if (e == E_MISSING) {
        cli_error("%s: k and one of op and opc are needed, and rand to check an AUTS", o->file);
        return CLI_REFUSED;
    }
    if (e != E_OK) {
        cli_error("%s: %s", o->file, err_sentence(e));
        return CLI_REFUSED;
    }
    if (o->json) {
        print_json(&r);
    } else {
        print_lines(&r);
    }
    int rc = r.auts_refused ? CLI_REFUSED : CLI_DONE;
    wipe(&r, sizeof r);
    return rc;
}

int cli_aka(int argc, char **argv)
{
    struct options o = {0};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = read_input(&o) ? compute(&o) : CLI_REFUSED;
    wipe(&o, sizeof o);
    return rc;
}
