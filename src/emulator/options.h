/* emulator/options.h - the command lines of `bindery-ue`: what may be said, and the plan that is
 * made of it. Keys come from files, never from an argument.
 */
#ifndef BINDERY_EMULATOR_OPTIONS_H
#define BINDERY_EMULATOR_OPTIONS_H

#include "emulator/run.h"
#include <argp.h>

#define OPTIONS_MME  "s1-tcp://127.0.0.1:36412" /* what is meant when nothing is said */
#define OPTIONS_PLMN "001-01"
#define OPTIONS_IMEI "00101700000000" /* of a test TAC */

enum ue_option {
    OPT_MME = 1000,
    OPT_PLMN,
    OPT_TAC,
    OPT_ENB_ID,
    OPT_ENB_NAME,
    OPT_CONNECT,
    OPT_DEVICE,
    OPT_LOT,
    OPT_IMSI,
    OPT_IMEI,
    OPT_SEED_FILE,
    OPT_COUNT,
    OPT_APN,
    OPT_CAPABILITIES,
    OPT_AS_IMEI,
    OPT_RADIO_FLIP,
    OPT_FAULTS,
    OPT_ENBS,
    OPT_RATE,
    OPT_POISSON,
    OPT_STORM,
    OPT_REPEAT,
    OPT_HOLD,
    OPT_INACTIVITY,
    OPT_TIMEOUT,
    OPT_SEED,
    OPT_JSON,
    OPT_TRACE,
    OPT_OUT,
    OPT_IDENTITIES,
    OPT_PROOF_KEY,
    OPT_ALGORITHM,
    OPT_KME_LOT,
    OPT_REPLAY_KME,
    OPT_RECORD_KME,
    OPT_KME_FOR,
    OPT_MNC_LENGTH,
    OPT_ENB,
    OPT_NETWORKS,
    OPT_URL,
    OPT_RECORD_RESULT,
    OPT_REPLAY_RESULT,
    OPT_RSMF,
    OPT_DEVICES,
    OPT_ORDER,
    OPT_ORDERS,
    OPT_CREDENTIALS,
    OPT_RECORD_CHALLENGE,
    OPT_REPLAY_CHALLENGE,
    OPT_TEXTS_END,
    FLAG_EEA0 = OPT_TEXTS_END,
    FLAG_WITHOUT_KME,
    FLAG_DELAY_TOLERANT,
    FLAG_AT_ONCE,
    FLAG_STAY,
    FLAG_KEEP,
    FLAG_PERSIST,
    FLAG_SWITCH_OFF,
    FLAG_REROUTE,
    FLAG_TRACE_SECRETS,
    FLAG_ALLOW_FAILURES,
    FLAG_MINE,
    FLAG_JSON,
    FLAG_NO_PROOF,
    FLAG_SILENT,
    FLAG_REPLAY_PROOF,
    FLAG_REPLACE,
    FLAG_SHOW,
    FLAG_NO_KME,
    FLAG_TAMPER_KME,
    FLAG_ASK_BEARER,
    FLAG_UNBOUND,
    FLAG_AGAIN,
    FLAGS_END
};
struct ue_options {
    const char *text[OPT_TEXTS_END - OPT_MME];
    bool flag[FLAGS_END - OPT_TEXTS_END];
    const char *mme[ENB_MMES_MAX];
    unsigned mmes;
    const char *enb[EMULATION_NETWORKS_MAX - 1]; /* of further networks */
    unsigned enbs;
    bool reads_only; /* the verb changes nothing of a device */
    bool takes_file; /* of the verbs of `se` that take a name without a word before it */
    const char *file;
    struct manage manage;
};
/* Of each verb; their input is a struct ue_options. */
extern const struct argp options_attach, options_detach, options_identity, options_key, options_run,
    options_lot, options_se_show, options_se_accept;

const char *options_text(const struct ue_options *o, enum ue_option id);
bool options_flag(const struct ue_options *o, enum ue_option id);

/* The functions below say on standard error what is wrong, and return false. */

/* The plan of one device: at once, to hold until told otherwise. *o is used as long as the plan. */
MUST_USE bool options_plan_one(struct ue_options *o, const struct population *p,
                               struct run_plan *plan);
/* The plan of a run of all that the population has. */
MUST_USE bool options_plan_run(const struct ue_options *o, const struct population *p,
                               struct run_plan *plan);
/* Opens a population and fills it. */
MUST_USE bool options_population(const struct ue_options *o, struct population *p);
/* --imsi, --imei and --key-seed-file. The seed is read into `room`, which is to be wiped. */
MUST_USE bool options_origin(const struct ue_options *o, uint8_t room[static POPULATION_SEED_MAX],
                             struct population_origin *origin);
MUST_USE bool options_count(const struct ue_options *o, uint32_t *count);

/* "bindery-ue: ...\n" on standard error. */
void options_error(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
