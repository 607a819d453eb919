/* programs/bindery-repod.c - the device binding repository: arguments, the process's own safety,
 * and the order of start and stop. */
#include "base/version.h"
#include "nf/common/program.h"
#include "nf/repod/repod.h"

#include <stdio.h>
#include <stdlib.h>

static const struct program program = {
    "bindery-repod", "bindery-repod " BINDERY_VERSION,
    "The device binding repository of a manufacturer or a third party: which key belongs to which "
    "IMEI, published and asked for over HTTPS with mutual TLS."
    "\vExit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    .rotates_key = false};

static int serve(const struct repod_config *config)
{
    struct repod r = {.config = config};
    struct repod_why why = {.text = ""};
    if (!program_log(&program, config->log_level, false, &r.log)) {
        return PROGRAM_FAILED;
    }
    enum err err = repod_run(&r, getenv("NOTIFY_SOCKET"), &why);
    if (err != E_OK) {
        program_say(&program, NULL, why.text);
    }
    log_close(r.log);
    return err == E_OK ? PROGRAM_DONE : PROGRAM_FAILED;
}

static int check(const struct program_options *o, const struct repod_config *config)
{
    struct config_why why;
    if (repod_check(config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    printf("%s: the configuration is good; grants: %zu\n", o->config, config->n_grants);
    return PROGRAM_DONE;
}

int main(int argc, char **argv)
{
    struct program_options o = {0};
    struct repod_config *config = NULL;
    struct config_why why;
    program_arguments(&program, argc, argv, &o);
    repod_signals();
    if (!program_harden(&program)) {
        return PROGRAM_FAILED;
    }
    if (o.trace != NULL) {
        program_say(&program, "--trace", "there are no Diameter messages to trace here");
        return PROGRAM_USAGE;
    }
    if (repod_config_load(o.config, &config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    int status = o.check ? check(&o, config) : serve(config);
    repod_config_free(config);
    return status;
}
