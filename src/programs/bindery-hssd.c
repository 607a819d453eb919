/* programs/bindery-hssd.c - the home subscriber server: arguments, the process's own safety, and
 * the order of start and stop. */
#include "nf/common/log.h"
#include "nf/hssd/admin_row.h"
#include "nf/hssd/config.h"
#include "nf/hssd/control.h"
#include "nf/hssd/hssd.h"
#include "trace/pcapng.h"

#include <argp.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/stat.h>

#define PROGRAM "bindery-hssd"

enum { EXIT_DONE = 0, EXIT_FAILED = 1, EXIT_USAGE = 2 };
enum { OPTION_CHECK = 256, OPTION_TRACE, OPTION_TRACE_SECRETS };

const char *argp_program_version = PROGRAM " 0.1.0";

struct options {
    const char *config;
    const char *trace;
    bool check;
    bool trace_secrets;
};

static const struct argp_option argp_options[] = {
    {"config", 'c', "FILE", 0, "The configuration, YAML; examples/hssd.yaml shows every key", 0},
    {"check", OPTION_CHECK, NULL, 0, "Read and check the configuration, then exit", 0},
    {"trace", OPTION_TRACE, "FILE", 0, "Write every Diameter message to FILE, a pcapng", 0},
    {"trace-secrets", OPTION_TRACE_SECRETS, NULL, 0,
     "Leave XRES, CK, IK and KASME in the trace; without it they are blanked", 0},
    {0}};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
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

static const struct argp argp = {
    argp_options,
    parse,
    NULL,
    "The home subscriber server of one network: S6a to its MMEs, and an administration interface "
    "on "
    "a Unix socket.\vExit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    NULL,
    NULL,
    NULL};

static void say(const char *where, const char *what)
{
    fprintf(stderr, PROGRAM ": %s%s%s\n", where != NULL ? where : "", where != NULL ? ": " : "",
            what);
}

/* No core and no debugger reads keys out of this process, and its files are its owner's. */
static bool harden(void)
{
    const struct rlimit none = {0, 0};
    (void)umask(077);
    return prctl(PR_SET_DUMPABLE, 0, 0, 0, 0) == 0 && setrlimit(RLIMIT_CORE, &none) == 0;
}

static bool trace_open(const struct options *o, struct hssd *h)
{
    h->trace_secrets = o->trace_secrets;
    if (o->trace != NULL && pcapng_create(o->trace, PROGRAM, &h->trace) != E_OK) {
        say(o->trace, strerror(errno));
        return false;
    }
    return true;
}

static int serve(const struct options *o, const struct hssd_config *config, struct log *log)
{
    static struct hssd h; /* not on the stack: a sanitizer's stack is small */
    struct store_why store_why;
    struct admin_why why = {.text = ""};
    if (!trace_open(o, &h)) {
        return EXIT_FAILED;
    }
    enum err err = hssd_start(&h, config, log, &store_why);
    if (err != E_OK) {
        say(NULL, store_why.text);
    } else {
        err = control_run(&h, getenv("NOTIFY_SOCKET"), &why);
        if (err != E_OK) {
            say(NULL, why.text);
        }
        hssd_stop(&h);
    }
    pcapng_close(h.trace);
    return err == E_OK ? EXIT_DONE : EXIT_FAILED;
}

static int run(const struct options *o, const struct hssd_config *config)
{
    struct log *log = NULL;
    const struct log_options options = {
        .program = PROGRAM, .fd = 2, .level = config->log_level, .mask_imsi = config->mask_imsi};
    if (log_open(&options, &log) != E_OK) {
        say(NULL, "there is not enough memory");
        return EXIT_FAILED;
    }
    int status = serve(o, config, log);
    log_close(log);
    return status;
}

int main(int argc, char **argv)
{
    struct options o = {0};
    struct hssd_config *config = NULL;
    struct config_why why;
    argp_err_exit_status = EXIT_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return EXIT_USAGE;
    }
    admin_json_wipes();
    control_signals();
    if (!harden()) {
        say("the process cannot be closed to debuggers and core dumps", strerror(errno));
        return EXIT_FAILED;
    }
    if (hssd_config_load(o.config, &config, &why) != E_OK) {
        say(why.place, why.sentence);
        return EXIT_USAGE;
    }
    if (o.check) {
        printf("%s: the configuration is good: %zu listeners, %zu peers, %zu profiles\n", o.config,
               config->n_listeners, config->n_peers, config->n_profiles);
    }
    int status = o.check ? EXIT_DONE : run(&o, config);
    hssd_config_free(config);
    return status;
}
