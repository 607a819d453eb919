/* programs/bindery-dausfd.c - the discovery AUSF: arguments, the process's own safety, and the
 * order of start and stop. */
#include "base/version.h"
#include "nf/common/daemon.h"
#include "nf/common/program.h"
#include "nf/dausfd/dausfd.h"
#include "store/discovery_store.h"

#include <stdio.h>
#include <stdlib.h>

static const struct program program = {
    "bindery-dausfd", "bindery-dausfd " BINDERY_VERSION,
    "The discovery AUSF: answers the first attach of a device with the challenge that the operator "
    "who accepted it pushed for its discovery IMSI. S6a for MMEs, HTTPS with mutual TLS for target "
    "AUSFs.\vExit status: 0 done, 1 failed, 2 wrong usage or configuration.",
    .rotates_key = true};

static int serve(const struct program_options *o, const struct dausfd_config *config,
                 struct log *log)
{
    static struct dausfd d; /* not on the stack: a sanitizer's stack is small */
    struct dausfd_why why;
    d.config = config;
    d.log = log;
    d.trace_secrets = o->trace_secrets;
    if (!program_trace(&program, o, &d.trace)) {
        return PROGRAM_FAILED;
    }
    enum err err = dausfd_run(&d, getenv("NOTIFY_SOCKET"), &why);
    if (err != E_OK) {
        program_say(&program, NULL, why.text);
    }
    pcapng_close(d.trace);
    return err == E_OK ? PROGRAM_DONE : PROGRAM_FAILED;
}

static int run(const struct program_options *o, const struct dausfd_config *config)
{
    struct log *log = NULL;
    if (!program_log(&program, config->log_level, config->mask_imsi, &log)) {
        return PROGRAM_FAILED;
    }
    int status = serve(o, config, log);
    log_close(log);
    return status;
}

static int rotate_key(const struct dausfd_config *config)
{
    struct store_why why;
    if (discovery_store_rotate(config->store, config->kek, &why) != E_OK) {
        program_say(&program, NULL, why.text);
        return PROGRAM_FAILED;
    }
    printf("%s: the store has another key-encryption key; backups made before now open only with "
           "the former key file, which stays beside the new one, named by its fingerprint\n",
           config->store);
    return PROGRAM_DONE;
}

static int check(const struct program_options *o, const struct dausfd_config *config)
{
    struct config_why why;
    if (dausfd_check(config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    printf(
        "%s: the configuration is good; listeners: %zu, peers: %zu, operators: %zu, ARPFs: %zu\n",
        o->config, config->n_listeners, config->n_peers, config->n_operators, config->n_arpfs);
    return PROGRAM_DONE;
}

int main(int argc, char **argv)
{
    struct program_options o = {0};
    struct dausfd_config *config = NULL;
    struct config_why why;
    program_arguments(&program, argc, argv, &o);
    daemon_signals();
    if (!program_harden(&program)) {
        return PROGRAM_FAILED;
    }
    if (dausfd_config_load(o.config, &config, &why) != E_OK) {
        program_say(&program, why.place, why.sentence);
        return PROGRAM_USAGE;
    }
    int status = o.check ? check(&o, config) : o.rotate_key ? rotate_key(config) : run(&o, config);
    dausfd_config_free(config);
    return status;
}
