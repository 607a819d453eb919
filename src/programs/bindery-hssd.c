/* programs/bindery-hssd.c - the home subscriber server: the order of start and stop. */
#include "base/version.h"
#include "nf/common/program.h"
#include "nf/hssd/admin_row.h"
#include "nf/hssd/config.h"
#include "nf/hssd/control.h"
#include "nf/hssd/hssd.h"

#include <stdio.h>
#include <stdlib.h>

static const struct program program = {
    "bindery-hssd", "bindery-hssd " BINDERY_VERSION,
    "The home subscriber server of one network: S6a and S13 to its MMEs, and an administration "
    "interface on a Unix socket.\vExit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    .rotates_key = false};

static int serve(const struct program_options *o, const struct hssd_config *config, struct log *log)
{
    static struct hssd h; /* not on the stack: a sanitizer's stack is small */
    struct store_why store_why;
    struct admin_why why = {.text = ""};
    h.trace_secrets = o->trace_secrets;
    if (!program_trace(&program, o, &h.trace)) {
        return PROGRAM_FAILED;
    }
    enum err err = hssd_start(&h, config, log, &store_why);
    if (err != E_OK) {
        program_say(&program, NULL, store_why.text);
    } else {
        err = control_run(&h, getenv("NOTIFY_SOCKET"), &why);
        if (err != E_OK) {
            program_say(&program, NULL, why.text);
        }
        hssd_stop(&h);
    }
    pcapng_close(h.trace);
    return err == E_OK ? PROGRAM_DONE : PROGRAM_FAILED;
}

static int run(const struct program_options *o, const struct hssd_config *config)
{
    struct log *log = NULL;
    if (!program_log(&program, config->log_level, config->mask_imsi, &log)) {
        return PROGRAM_FAILED;
    }
    int status = serve(o, config, log);
    log_close(log);
    return status;
}

static int check(const struct program_options *o, const struct hssd_config *config)
{
    struct config_why why;
    char backups[512];
    if (hssd_check(config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    if (!hssd_check_backups(config, backups, sizeof backups)) {
        program_say(&program, "warning", backups);
    }
    printf("%s: the configuration is good; listeners: %zu, peers: %zu, profiles: %zu\n", o->config,
           config->n_listeners, config->n_peers, config->n_profiles);
    return PROGRAM_DONE;
}

int main(int argc, char **argv)
{
    struct program_options o;
    struct hssd_config *config = NULL;
    struct config_why why;
    program_arguments(&program, argc, argv, &o);
    admin_json_wipes();
    control_signals();
    if (!program_harden(&program)) {
        return PROGRAM_FAILED;
    }
    if (hssd_config_load(o.config, &config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    int status = o.check ? check(&o, config) : run(&o, config);
    hssd_config_free(config);
    return status;
}
