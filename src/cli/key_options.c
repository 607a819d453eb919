#include "cli/key_options.h"
#include <string.h>

enum { OPT_K = 0x200, OPT_OPC, OPT_OP, OPT_KME, OPT_ALGORITHM, OPT_SQN, OPT_RES, OPT_KECCAK };

static const struct argp_option options[] = {
    {"k-file", OPT_K, "FILE", 0, "K as hex digits in a file, - for standard input", 20},
    {"opc-file", OPT_OPC, "FILE", 0, "OPc (TUAK: TOPc) likewise", 20},
    {"op-file", OPT_OP, "FILE", 0, "OP (TUAK: TOP) likewise, instead of OPc", 20},
    {"kme-file", OPT_KME, "FILE", 0, "KME, the key the device shares with the HSS, likewise", 20},
    {"algorithm", OPT_ALGORITHM, "NAME", 0, "milenage (default) or tuak", 20},
    {"res-length", OPT_RES, "OCTETS", 0, "length of RES: 8; TUAK also 4 or 16", 20},
    {"keccak-iterations", OPT_KECCAK, "N", 0, "TUAK only: 1 if not given", 20},
    {"sqn", OPT_SQN, "HEX", 0, "the highest SQN the USIM has seen, 12 hex digits", 20},
    {0},
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct key_options *o = state->input;
    const char **to = key == OPT_K           ? &o->k_file
                      : key == OPT_OPC       ? &o->opc_file
                      : key == OPT_OP        ? &o->op_file
                      : key == OPT_KME       ? &o->kme_file
                      : key == OPT_ALGORITHM ? &o->algorithm
                      : key == OPT_SQN       ? &o->sqn
                      : key == OPT_RES       ? &o->res_length
                      : key == OPT_KECCAK    ? &o->keccak_iterations
                                             : NULL;
    if (!to) {
        return ARGP_ERR_UNKNOWN;
    }
    *to = arg;
    return 0;
}

const struct argp key_options_argp = {.options = options, .parser = take};

static bool one_standard_input(const struct key_options *o)
{
    const char *const files[] = {o->k_file, o->opc_file, o->op_file, o->kme_file};
    unsigned n = 0;
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        n += files[i] && !strcmp(files[i], "-");
    }
    if (n > 1) {
        cli_error("only one key can come from standard input");
    }
    return n <= 1;
}

static bool read_one(const char *option, const char *path, bool long_too, struct secret_text *out)
{
    return !path || secret_read(option, path, long_too, out);
}

int key_options_read(const struct key_options *o, struct key_texts *out)
{
    bool tuak = o->algorithm && !strcmp(o->algorithm, "tuak");
    *out = (struct key_texts){0};
    if (o->opc_file && o->op_file) {
        cli_error("--op-file and --opc-file exclude each other: OPc is made from OP and K");
        return CLI_USAGE;
    }
    if (!one_standard_input(o)) {
        return CLI_USAGE;
    }
    bool good = read_one("--k-file", o->k_file, tuak, &out->k) &&
                read_one("--opc-file", o->opc_file, tuak, &out->opc) &&
                read_one("--op-file", o->op_file, tuak, &out->op) &&
                read_one("--kme-file", o->kme_file, false, &out->kme);
    if (!good) {
        key_texts_wipe(out);
    }
    return good ? CLI_DONE : CLI_REFUSED;
}

void key_texts_wipe(struct key_texts *t)
{
    wipe(t, sizeof *t);
}
