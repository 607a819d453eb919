/* cli/load_options.h - the command line of `bindery load`, made into a plan or refused with what is
 * wrong.
 */
#ifndef BINDERY_CLI_LOAD_OPTIONS_H
#define BINDERY_CLI_LOAD_OPTIONS_H

#include "cli/load_plan.h"
#include <argp.h>

/* The options with a value. */
enum load_option {
    LOAD_OPT_PATTERN = 0x100,
    LOAD_OPT_RATE,
    LOAD_OPT_DEVICES,
    LOAD_OPT_OVER,
    LOAD_OPT_DURATION,
    LOAD_OPT_WARMUP,
    LOAD_OPT_TIMEOUT,
    LOAD_OPT_MIX,
    LOAD_OPT_VECTORS,
    LOAD_OPT_SEED,
    LOAD_OPT_PEERS,
    LOAD_OPT_CONNECTIONS,
    LOAD_OPT_THREADS,
    LOAD_OPT_HOST,
    LOAD_OPT_REALM,
    LOAD_OPT_DESTINATION,
    LOAD_OPT_PLMN,
    LOAD_OPT_VENDOR,
    LOAD_OPT_CERT,
    LOAD_OPT_KEY,
    LOAD_OPT_CA,
    LOAD_OPT_IMSI,
    LOAD_OPT_COUNT,
    LOAD_OPT_ORDER,
    LOAD_OPT_KEYS,
    LOAD_OPT_RESYNC_SQN,
    LOAD_OPT_JSON,
    LOAD_OPT_PLOT,
    LOAD_OPT_END
};
struct load_options {
    const char *text[LOAD_OPT_END - LOAD_OPT_PATTERN]; /* NULL: not given */
    const char *to;                                    /* the address, or NULL */
    bool roam, allow_failures, mine;
};
extern const struct argp load_argp;

/* False and said: not a plan, or one that leaves this machine without --yes-this-is-mine. The
 * caller wipes p->keys in any case. */
MUST_USE bool load_plan_make(const struct load_options *o, const struct crypto *c,
                             struct load_plan *p);
/* "10s", "1.5", "500ms", "2m" in nanoseconds; more than none and at most a day. */
MUST_USE bool load_time_parse(const char *text, uint64_t *ns);

#endif
