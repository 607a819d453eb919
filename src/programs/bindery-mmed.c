/* programs/bindery-mmed.c - the provisioning MME: the order of start and stop. */
#include "base/version.h"
#include "nf/common/program.h"
#include "nf/mmed/config.h"
#include "nf/mmed/serve.h"

#include <stdio.h>
#include <stdlib.h>

static const struct program program = {
    "bindery-mmed", "bindery-mmed " BINDERY_VERSION,
    "A mobility management entity that provisions devices: S1 to its eNBs, S6a and S13 to home "
    "networks, and an administration interface on a Unix socket.\v"
    "Exit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    .rotates_key = false};

static int serve(const struct program_options *o, const struct mmed_config *config, struct log *log)
{
    static struct mmed m; /* not on the stack: a sanitizer's stack is small */
    struct admin_why why = {.text = ""};
    m.trace_secrets = o->trace_secrets;
    if (!program_trace(&program, o, &m.trace)) {
        return PROGRAM_FAILED;
    }
    enum err err = mmed_open(&m, config, log);
    if (err != E_OK) {
        program_say(&program, "it cannot start", err_sentence(err)); /* the log has the place */
    } else {
        err = mmed_serve(&m, getenv("NOTIFY_SOCKET"), &why);
        if (err != E_OK) {
            program_say(&program, NULL, why.text);
        }
        mmed_close(&m);
    }
    pcapng_close(m.trace);
    return err == E_OK ? PROGRAM_DONE : PROGRAM_FAILED;
}

static int run(const struct program_options *o, const struct mmed_config *config)
{
    struct log *log = NULL;
    if (!program_log(&program, config->log_level, config->mask_imsi, &log)) {
        return PROGRAM_FAILED;
    }
    int status = serve(o, config, log);
    log_close(log);
    return status;
}

static int check(const struct program_options *o, const struct mmed_config *config)
{
    struct config_why why;
    if (mmed_check(config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    printf("%s: the configuration is good; listeners: %zu, homes: %zu, peers: %zu\n", o->config,
           config->n_listeners, config->n_homes, config->n_peers);
    return PROGRAM_DONE;
}

int main(int argc, char **argv)
{
    struct program_options o;
    struct mmed_config *config = NULL;
    struct config_why why;
    program_arguments(&program, argc, argv, &o);
    mmed_signals();
    if (!program_harden(&program)) {
        return PROGRAM_FAILED;
    }
    if (mmed_config_load(o.config, &config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    int status = o.check ? check(&o, config) : run(&o, config);
    mmed_config_free(config);
    return status;
}
