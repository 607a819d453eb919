/* programs/bindery-arpfd.c - the third-party ARPF: arguments, the process's own safety, and the
 * order of start and stop. */
#include "base/version.h"
#include "nf/arpfd/arpfd.h"
#include "nf/common/daemon.h"
#include "nf/common/program.h"

#include <stdio.h>
#include <stdlib.h>

static const struct program program = {
    "bindery-arpfd", "bindery-arpfd " BINDERY_VERSION,
    "The third-party ARPF of first attaches with a discovery IMSI: verifies secure elements, and "
    "releases the key of each device to the operator that its service provider offered it to."
    "\vExit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    .rotates_key = false};

static int serve(const struct arpfd_config *config)
{
    struct arpfd a = {.config = config};
    struct arpfd_why why = {.text = ""};
    if (!program_log(&program, config->log_level, config->mask_imsi, &a.log)) {
        return PROGRAM_FAILED;
    }
    enum err err = arpfd_run(&a, getenv("NOTIFY_SOCKET"), &why);
    if (err != E_OK) {
        program_say(&program, NULL, why.text);
    }
    log_close(a.log);
    return err == E_OK ? PROGRAM_DONE : PROGRAM_FAILED;
}

static int check(const struct program_options *o, const struct arpfd_config *config)
{
    struct config_why why;
    if (arpfd_check(config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    printf("%s: the configuration is good; service providers: %zu, operators: %zu\n", o->config,
           config->n_service_providers, config->n_operators);
    return PROGRAM_DONE;
}

int main(int argc, char **argv)
{
    struct program_options o = {0};
    struct arpfd_config *config = NULL;
    struct config_why why;
    program_arguments(&program, argc, argv, &o);
    daemon_signals();
    if (!program_harden(&program)) {
        return PROGRAM_FAILED;
    }
    if (o.trace != NULL) {
        program_say(&program, "--trace", "there are no Diameter messages to trace here");
        return PROGRAM_USAGE;
    }
    if (arpfd_config_load(o.config, &config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    int status = o.check ? check(&o, config) : serve(config);
    arpfd_config_free(config);
    return status;
}
