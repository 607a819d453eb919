/* What may be said to each verb, and how it is explained. */
#include "emulator/options.h"
#include <errno.h>

#define OPTIONS_S1(g)                                                                                \
    {0, 0, 0, 0, "The network:", g},                                                                 \
        {"mme",                                                                                      \
         OPT_MME,                                                                                    \
         "ADDRESS",                                                                                  \
         0,                                                                                          \
         "an MME: sctp://IP:PORT, sctp-udp://IP:PORT?udp=PORT or s1-tcp://IP:PORT; may be given "    \
         "up to eight times (" OPTIONS_MME ")",                                                      \
         g},                                                                                         \
        {"plmn", OPT_PLMN, "MCC-MNC", 0, "the network of the cell (" OPTIONS_PLMN ")", g},           \
        {"enb",                                                                                      \
         OPT_ENB,                                                                                    \
         "MCC-MNC=ADDRESS",                                                                          \
         0,                                                                                          \
         "a cell of another network too, and its MME; may be given up to seven times",               \
         g},                                                                                         \
        {"networks",                                                                                 \
         OPT_NETWORKS,                                                                               \
         "LIST",                                                                                     \
         0,                                                                                          \
         "the networks that a device may use, the best one first: 001-01,999-70 (a state file's "    \
         "own, or all that have a cell)",                                                            \
         g},                                                                                         \
        {"tac", OPT_TAC, "N", 0, "its tracking area (1)", g},                                        \
        {"enb-id", OPT_ENB_ID, "N", 0, "macro eNB id of the first eNB, 20 bits (2845)", g},          \
        {"enb-name", OPT_ENB_NAME, "NAME", 0, "its name (bindery-ue)", g},                           \
        {"connect-timeout", OPT_CONNECT, "TIME", 0, "S1 is to be set up within this time (10s)", g}, \
    {                                                                                                \
        "reroute", FLAG_REROUTE, NULL, 0,                                                            \
            "act on REROUTE NAS REQUEST: go to another MME given, of the group it names", g          \
    }

#define OPTIONS_DEVICE(g)                                                                           \
    {0, 0, 0, 0, "What the device says and does:", g},                                              \
        {"apn", OPT_APN, "NAME", 0, "the APN that is asked for (the default one)", g},              \
        {"capabilities",                                                                            \
         OPT_CAPABILITIES,                                                                          \
         "LIST",                                                                                    \
         0,                                                                                         \
         "the algorithms that it says it has: eea0,eea2,eia2 (all)",                                \
         g},                                                                                        \
        {"allow-eea0", FLAG_EEA0, NULL, 0, "accept a network that selects no ciphering", g},        \
        {"delay-tolerant",                                                                          \
         FLAG_DELAY_TOLERANT,                                                                       \
         NULL,                                                                                      \
         0,                                                                                         \
         "the establishment cause of a low priority device",                                        \
         g},                                                                                        \
        {"mnc-length",                                                                              \
         OPT_MNC_LENGTH,                                                                            \
         "N",                                                                                       \
         0,                                                                                         \
         "digits of the MNC in the IMSI, as the USIM says: 2 or 3 (a state file's own)",            \
         g},                                                                                        \
        {"persist",                                                                                 \
         FLAG_PERSIST,                                                                              \
         NULL,                                                                                      \
         0,                                                                                         \
         "after a reject go on as TS 24.301 says, until --timeout",                                 \
         g},                                                                                        \
        {"timeout", OPT_TIMEOUT, "TIME", 0, "an attach or detach fails after this time (30s)", g},  \
        {0, 0, 0, 0, "Attacks, and faults:", g + 1},                                                \
        {"as-imei", OPT_AS_IMEI, "IMEI", 0, "report this IMEI instead of the own", g + 1},          \
        {"without-kme",                                                                             \
         FLAG_WITHOUT_KME,                                                                          \
         NULL,                                                                                      \
         0,                                                                                         \
         "the equipment has no KME, and no key to prove an IMEI or to make one: a stolen SIM",      \
         g + 1},                                                                                    \
        {"no-proof", FLAG_NO_PROOF, NULL, 0, "asked to prove the IMEI, give it without a proof",    \
         g + 1},                                                                                    \
        {"silent", FLAG_SILENT, NULL, 0, "asked to prove the IMEI, do not answer", g + 1},          \
        {"proof-key",                                                                               \
         OPT_PROOF_KEY,                                                                             \
         "FILE",                                                                                    \
         0,                                                                                         \
         "prove the IMEI with this private key (PKCS#8, PEM or DER, for its owner only)",           \
         g + 1},                                                                                    \
        {"replay-proof",                                                                            \
         FLAG_REPLAY_PROOF,                                                                         \
         NULL,                                                                                      \
         0,                                                                                         \
         "answer with what the device's key signed for another challenge",                          \
         g + 1},                                                                                    \
        {"no-kme", FLAG_NO_KME, NULL, 0, "asked for a KME, answer without one", g + 1},             \
        {"tamper-kme",                                                                              \
         FLAG_TAMPER_KME,                                                                           \
         NULL,                                                                                      \
         0,                                                                                         \
         "offer a KME with one bit of its encryption changed",                                      \
         g + 1},                                                                                    \
        {"kme-for",                                                                                 \
         OPT_KME_FOR,                                                                               \
         "IMSI/IMEI",                                                                               \
         0,                                                                                         \
         "offer a KME as that of another subscription and device",                                  \
         g + 1},                                                                                    \
        {"record-kme", OPT_RECORD_KME, "FILE", 0, "write what is offered to FILE", g + 1},          \
        {"replay-kme",                                                                              \
         OPT_REPLAY_KME,                                                                            \
         "FILE",                                                                                    \
         0,                                                                                         \
         "offer what FILE has, whatever nonce the network gave",                                    \
         g + 1},                                                                                    \
        {"url", OPT_URL, "URL", 0, "without a subscription, name this URL instead of the own",      \
         g + 1},                                                                                    \
        {"record-result",                                                                           \
         OPT_RECORD_RESULT,                                                                         \
         "FILE",                                                                                    \
         0,                                                                                         \
         "write the subscription that comes, as it comes, to FILE",                                 \
         g + 1},                                                                                    \
        {"replay-result",                                                                           \
         OPT_REPLAY_RESULT,                                                                         \
         "FILE",                                                                                    \
         0,                                                                                         \
         "somebody puts what FILE has into each ATTACH REJECT that reaches a device without a "     \
         "subscription",                                                                            \
         g + 1},                                                                                    \
        {"ask-bearer", FLAG_ASK_BEARER, NULL, 0, "asked for a KME, ask for a bearer first", g + 1}, \
        {"radio-flip",                                                                              \
         OPT_RADIO_FLIP,                                                                            \
         "WHAT",                                                                                    \
         0,                                                                                         \
         "somebody between device and network changes: amf, capability, rand, autn, nas-octet=N "   \
         "(what the device receives), nas-octet=up:N, challenge=RAND:AUTN (one of before)",         \
         g + 1},                                                                                    \
        {"record-challenge",                                                                        \
         OPT_RECORD_CHALLENGE,                                                                      \
         "FILE",                                                                                    \
         0,                                                                                         \
         "write RAND and AUTN of the last challenge that comes to FILE",                            \
         g + 1},                                                                                    \
        {"replay-challenge",                                                                        \
         OPT_REPLAY_CHALLENGE,                                                                      \
         "FILE",                                                                                    \
         0,                                                                                         \
         "somebody puts the one that FILE has in the place of each that comes",                     \
         g + 1},                                                                                    \
    {                                                                                               \
        "faults", OPT_FAULTS, "LIST", 0,                                                            \
            "per cent of NAS PDUs: lose=5,repeat=1,delay=10,delay-ms=200,tamper=1,seed=7", g + 1    \
    }

#define OPTIONS_TRACE(g)                                                                           \
    {"trace", OPT_TRACE, "FILE", 0, "write all S1AP messages to FILE, a pcapng", g},               \
    {                                                                                              \
        "trace-secrets", FLAG_TRACE_SECRETS, NULL, 0,                                              \
            "with KeNB, and with ciphered NAS messages once more in clear", g                      \
    }

#define OPTIONS_DERIVED(g)                                                                         \
    {"imsi", OPT_IMSI, "IMSI", 0, "or devices made of a seed: the IMSI of the first", g},          \
        {"imei", OPT_IMEI, "IMEI", 0, "and its IMEI (" OPTIONS_IMEI ")", g},                       \
        {"unbound", FLAG_UNBOUND, NULL, 0, "and they come without a KME", g},                      \
    {                                                                                              \
        "key-seed-file", OPT_SEED_FILE, "FILE", 0,                                                 \
            "and the seed of all keys: 16 octets or more, for its owner only", g                   \
    }

static const struct argp_option attach_options[] = {
    {"device", OPT_DEVICE, "FILE", 0, "the device's state file (needed)", 1},
    {"lot", OPT_KME_LOT, "FILE", 0,
     "its manufacturer's lot (NAME.lot.json): it can make a KME from now on", 1},
    {"stay", FLAG_STAY, NULL, 0, "keep the connection until Ctrl-C", 1},
    {"rsmf", OPT_RSMF, "IP:PORT", 0,
     "where the RSMF of any operator is reached: with what came for its dIMSI the device gets its "
     "operator's own subscription there, and attaches with it",
     1},
    OPTIONS_S1(2),
    OPTIONS_DEVICE(3),
    {0, 0, 0, 0, "What comes out:", 5},
    OPTIONS_TRACE(5),
    {0}};

static const struct argp_option detach_options[] = {
    {"device", OPT_DEVICE, "FILE", 0, "the device's state file (needed)", 1},
    {"switch-off", FLAG_SWITCH_OFF, NULL, 0, "because of switch off: nothing is waited for", 1},
    OPTIONS_S1(2),
    OPTIONS_DEVICE(3),
    {0, 0, 0, 0, "What comes out:", 5},
    OPTIONS_TRACE(5),
    {0}};

static const struct argp_option identity_options[] = {
    {"device", OPT_DEVICE, "FILE", 0, "the device's state file (needed)", 1},
    {"json", FLAG_JSON, NULL, 0, "in JSON", 1},
    {0}};

static const struct argp_option key_options[] = {
    {"device", OPT_DEVICE, "FILE", 0, "the device's state file (needed)", 1},
    {"algorithm", OPT_ALGORITHM, "NAME", 0, "ecdsa-p256, ecdsa-p384 or ed25519 (ecdsa-p256)", 1},
    {"replace", FLAG_REPLACE, NULL, 0, "replace the key that the device has", 1},
    {"show", FLAG_SHOW, NULL, 0, "make none: say the public half of the one it has", 1},
    {"json", FLAG_JSON, NULL, 0, "as a row that a repository takes", 1},
    {0}};

static const struct argp_option run_options[] = {
    {0, 0, 0, 0, "The devices:", 1},
    {"lot", OPT_LOT, "FILE", 0,
     "devices with their keys, rows as `bindery import` takes: CSV, or .ndjson", 1},
    {"device", OPT_DEVICE, "FILE", 0, "or one, of its state file", 1},
    OPTIONS_DERIVED(1),
    {"identities", OPT_IDENTITIES, "DIR", 0,
     "their keys to prove IMEIs with, by IMEI: a production lot. Alone: its devices, which came "
     "without subscriptions",
     1},
    {"devices", OPT_DEVICES, "DIR", 0,
     "or devices with secure elements, of their state files DIR/NAME.json, which stay as they are",
     1},
    {"kme-lot", OPT_KME_LOT, "FILE", 0,
     "their manufacturer's lot (NAME.lot.json): whom it covers can make a KME", 1},
    {"count", OPT_COUNT, "N", 0, "how many of them (1; of a lot all)", 1},
    {0, 0, 0, 0, "When:", 2},
    {"rate", OPT_RATE, "R", 0, "so many attaches begin per second, evenly (100)", 2},
    {"poisson", OPT_POISSON, "R", 0, "or at random", 2},
    {"storm", OPT_STORM, "TIME", 0, "or all within TIME, as Beta(3,4)", 2},
    {"at-once", FLAG_AT_ONCE, NULL, 0, "or all at once", 2},
    {"repeat", OPT_REPEAT, "N", 0, "how often each device attaches (1)", 2},
    {"hold", OPT_HOLD, "TIME", 0, "how long it stays registered before it detaches (0s)", 2},
    {"keep", FLAG_KEEP, NULL, 0, "do not detach", 2},
    {"stay", FLAG_STAY, NULL, 0, "go on until Ctrl-C when all is done", 2},
    {"switch-off", FLAG_SWITCH_OFF, NULL, 0, "detach because of switch off", 2},
    {"inactivity", OPT_INACTIVITY, "TIME", 0,
     "after this time the eNB asks for the release of the connection (never)", 2},
    {"seed", OPT_SEED, "N", 0, "of the arrivals, to repeat a run", 2},
    OPTIONS_S1(3),
    {"enbs", OPT_ENBS, "K", 0, "eNBs, each with an association of its own (1)", 3},
    OPTIONS_DEVICE(4),
    {0, 0, 0, 0, "What comes out:", 6},
    OPTIONS_TRACE(6),
    {"json", OPT_JSON, "FILE", 0, "the result in JSON; - for standard output", 6},
    {"allow-failures", FLAG_ALLOW_FAILURES, NULL, 0, "exit with 0 although attaches failed", 6},
    {"yes-this-is-mine", FLAG_MINE, NULL, 0,
     "to an address that is not of this machine: the MME there is yours to load", 6},
    {0}};

static const struct argp_option lot_options[] = {
    OPTIONS_DERIVED(1),
    {"count", OPT_COUNT, "N", 0, "how many devices (1)", 1},
    {"out", OPT_OUT, "FILE", 0, "the lot, for its owner only; is not replaced (needed)", 1},
    {0}};

static const struct argp_option se_show_options[] = {{"json", FLAG_JSON, NULL, 0, "in JSON", 1},
                                                     {0}};

static const struct argp_option se_accept_options[] = {
    {"device", OPT_DEVICE, "FILE", 0, "one device: its state file", 1},
    {"order", OPT_ORDER, "FILE", 0, "what the service provider hands to it", 1},
    {"devices", OPT_DEVICES, "DIR", 0, "or many: their state files, DIR/NAME.json", 2},
    {"orders", OPT_ORDERS, "DIR", 0, "and an order for each that gets one, DIR/NAME.json", 2},
    {"credentials", OPT_CREDENTIALS, "FILE|DIR", 0,
     "where its SE CREDENTIALS go, or theirs: DIR/NAME.json (needed)", 3},
    {"again", FLAG_AGAIN, NULL, 0, "agree on a new key although the order was accepted before", 3},
    {0}};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct ue_options *o = state->input;
    if (key == OPT_MME) {
        if (o->mmes == ENB_MMES_MAX) {
            argp_error(state, "--mme may be given %d times", ENB_MMES_MAX);
            return EINVAL;
        }
        o->mme[o->mmes++] = arg;
    } else if (key == OPT_ENB) {
        if (o->enbs == EMULATION_NETWORKS_MAX - 1) {
            argp_error(state, "--enb may be given %d times", EMULATION_NETWORKS_MAX - 1);
            return EINVAL;
        }
        o->enb[o->enbs++] = arg;
    } else if (key == ARGP_KEY_ARG && o->takes_file && o->file == NULL) {
        o->file = arg;
    } else if (key > OPT_MME && key < OPT_TEXTS_END) {
        o->text[key - OPT_MME] = arg;
    } else if (key >= OPT_TEXTS_END && key < FLAGS_END) {
        o->flag[key - OPT_TEXTS_END] = true;
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp options_attach = {
    attach_options,
    take,
    NULL,
    "Attaches one device and says each step. Its state is in the file before anything leaves that "
    "relies on it. One that has no subscription asks for it first, network by network, and "
    "attaches "
    "with what it got.\vExit status: 0 registered, 1 rejected or failed, 2 wrong usage, 3 no MME, "
    "4 no "
    "answer in time.",
    NULL,
    NULL,
    NULL};
const struct argp options_detach = {
    detach_options,
    take,
    NULL,
    "Attaches one device, since one that was cut off must before it can detach, and detaches "
    "it.\vExit status: 0 detached, 1 rejected or failed, 2 wrong usage, 3 no MME, 4 no answer in "
    "time.",
    NULL,
    NULL,
    NULL};
const struct argp options_identity = {identity_options,
                                      take,
                                      NULL,
                                      "Says who a device is and what it has of the network.",
                                      NULL,
                                      NULL,
                                      NULL};
const struct argp options_key = {
    key_options,
    take,
    NULL,
    "Makes the private key that proves a device's IMEI, in its state file, and says the public "
    "half, "
    "which belongs in a device binding repository. The private one never leaves the file.",
    NULL,
    NULL,
    NULL};
const struct argp options_run = {
    run_options,
    take,
    NULL,
    "Many devices attach when they are due, however fast the network answers, and detach again. "
    "Times count from when an attach was due.\vExit status: 0 all attached, 1 an attach failed, 2 "
    "wrong usage, 3 no MME.",
    NULL,
    NULL,
    NULL};
const struct argp options_lot = {
    lot_options,
    take,
    NULL,
    "Writes the devices that `run` makes of a seed as rows for `bindery import`. They hold keys.",
    NULL,
    NULL,
    NULL};
const struct argp options_se_show = {
    se_show_options,
    take,
    "FILE",
    "Says what the secure element of a device has: its certificates, and a slot for each dIMSI. "
    "No secret is said.",
    NULL,
    NULL,
    NULL};
const struct argp options_se_accept = {
    se_accept_options,
    take,
    NULL,
    "Hands a secure element an order, of a dIMSI and the certificate of an ARPF: it agrees on a "
    "key with the ARPF, keeps it, and gives out its SE CREDENTIALS for the service provider. An "
    "order that was accepted, and whose credentials are there, is left alone.\vExit status: 0 all "
    "accepted, 1 at least one was not, 2 wrong usage.",
    NULL,
    NULL,
    NULL};
