#include "nf/common/program.h"

#include <argp.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

enum { OPTION_CHECK = 256, OPTION_TRACE, OPTION_TRACE_SECRETS, OPTION_ROTATE_KEY };

static const struct argp_option argp_options[] = {
    {"config", 'c', "FILE", 0, "The configuration, YAML; examples/ shows every key", 0},
    {"check", OPTION_CHECK, NULL, 0, "Check the configuration and what it names, then exit", 0},
    {"trace", OPTION_TRACE, "FILE", 0, "Write every message to FILE, a pcapng", 0},
    {"trace-secrets", OPTION_TRACE_SECRETS, NULL, 0,
     "Leave keys that travel in the trace; without it they are blanked", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct program_options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        if (state->child_inputs != NULL) {
            state->child_inputs[0] = o;
        }
        return 0;
    case 'c':
        o->config = arg;
        return 0;
    case OPTION_CHECK:
        o->check = true;
        return 0;
    case OPTION_TRACE:
        o->trace = arg;
        return 0;
    case OPTION_TRACE_SECRETS:
        o->trace_secrets = true;
        return 0;
    case ARGP_KEY_END:
        if (o->config == NULL) {
            argp_error(state, "no configuration is named: write --config FILE");
        }
        if (o->trace_secrets && o->trace == NULL) {
            argp_error(state, "--trace-secrets has a meaning only with --trace FILE");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static error_t parse_key(int key, char *arg, struct argp_state *state)
{
    struct program_options *o = state->input;
    (void)arg;
    if (key != OPTION_ROTATE_KEY) {
        return ARGP_ERR_UNKNOWN;
    }
    o->rotate_key = true;
    return 0;
}

/* Of those whose store is not changed while it serves. */
static const struct argp_option key_options[] = {
    {"rotate-key", OPTION_ROTATE_KEY, NULL, 0,
     "Put another key-encryption key in the place of the store's key file, then exit; not while "
     "the program serves",
     0},
    {0}};
static const struct argp key_argp = {key_options, parse_key, NULL, NULL, NULL, NULL, NULL};
static const struct argp_child key_children[] = {{&key_argp, 0, NULL, 0}, {0}};

void program_arguments(const struct program *p, int argc, char **argv, struct program_options *out)
{
    const struct argp argp = {
        argp_options, parse, NULL, p->doc, p->rotates_key ? key_children : NULL, NULL, NULL};
    *out = (struct program_options){0};
    argp_err_exit_status = PROGRAM_USAGE;
    argp_program_version = p->version;
    (void)argp_parse(&argp, argc, argv, 0, NULL, out); /* what is wrong ends the process there */
}

void program_say(const struct program *p, const char *where, const char *what)
{
    fprintf(stderr, "%s: %s%s%s\n", p->name, where != NULL ? where : "", where != NULL ? ": " : "",
            what);
}

bool program_harden(const struct program *p)
{
    const struct rlimit none = {0, 0};
    const struct sigaction ignore = {.sa_handler = SIG_IGN};
    /* A file that may not grow any more is answered as a full disk is: EFBIG, and not the end. */
    (void)sigaction(SIGXFSZ, &ignore, NULL);
    (void)umask(077);
    if (prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0) {
        return true;
    }
    program_say(p, "the process cannot be closed to debuggers and core dumps", strerror(errno));
    return false;
}

bool program_trace(const struct program *p, const struct program_options *o,
                   struct pcapng_writer **out)
{
    *out = NULL;
    if (o->trace != NULL && pcapng_create(o->trace, p->name, out) != E_OK) {
        program_say(p, o->trace, strerror(errno));
        return false;
    }
    return true;
}

bool program_log(const struct program *p, enum log_level level, bool mask_imsi, struct log **out)
{
    const struct log_options options = {
        .program = p->name, .fd = 2, .level = level, .mask_imsi = mask_imsi};
    if (log_open(&options, out) != E_OK) {
        program_say(p, NULL, "there is not enough memory");
        return false;
    }
    return true;
}
