/* programs/bindery-rsmfd.c - remote subscription management: arguments, the process's own safety,
 * and the order of start and stop. */
#include "base/version.h"
#include "nf/common/daemon.h"
#include "nf/common/program.h"
#include "nf/rsmfd/rsmfd.h"
#include "store/delivery_store.h"

#include <stdio.h>
#include <stdlib.h>

static const struct program program = {
    "bindery-rsmfd", "bindery-rsmfd " BINDERY_VERSION,
    "Remote subscription management: operators leave the profile of a device here, and the device "
    "fetches it over HTTPS with the certificate of its secure element."
    "\vExit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    .rotates_key = true};

static int serve(const struct rsmfd_config *config)
{
    struct rsmfd r = {.config = config};
    struct rsmfd_why why = {.text = ""};
    if (!program_log(&program, config->log_level, config->mask_imsi, &r.log)) {
        return PROGRAM_FAILED;
    }
    enum err err = rsmfd_run(&r, getenv("NOTIFY_SOCKET"), &why);
    if (err != E_OK) {
        program_say(&program, NULL, why.text);
    }
    log_close(r.log);
    return err == E_OK ? PROGRAM_DONE : PROGRAM_FAILED;
}

static int rotate_key(const struct rsmfd_config *config)
{
    struct store_why why;
    if (delivery_store_rotate(config->store, config->kek, &why) != E_OK) {
        program_say(&program, NULL, why.text);
        return PROGRAM_FAILED;
    }
    printf("%s: the store has another key-encryption key; backups made before now open only with "
           "the former key file, which stays beside the new one, named by its fingerprint\n",
           config->store);
    return PROGRAM_DONE;
}

static int check(const struct program_options *o, const struct rsmfd_config *config)
{
    struct config_why why;
    if (rsmfd_check(config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    printf("%s: the configuration is good; operators: %zu, sources: %zu\n", o->config,
           config->n_operators, config->n_sources);
    return PROGRAM_DONE;
}

int main(int argc, char **argv)
{
    struct program_options o = {0};
    struct rsmfd_config *config = NULL;
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
    if (rsmfd_config_load(o.config, &config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    int status = o.check ? check(&o, config) : o.rotate_key ? rotate_key(config) : serve(config);
    rsmfd_config_free(config);
    return status;
}
