#include "cli/load_options.h"
#include "cli/cli.h"
#include "codec/private.h"
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <unistd.h>

#define DEFAULT_ADDRESS "tcp://127.0.0.1:3868"
#define RATE_MAX        10000000.0
#define DAY_NS          (86400 * LOAD_SECOND)

enum { FLAG_ROAM = LOAD_OPT_END, FLAG_ALLOW, FLAG_MINE };

static const struct argp_option argp_options[] = {
    {0, 0, 0, 0, "When, and what:", 1},
    {"pattern", LOAD_OPT_PATTERN, "NAME", 0,
     "constant, poisson (default), or beta: a storm as Beta(3,4)", 1},
    {"rate", LOAD_OPT_RATE, "N", 0, "requests per second (100)", 1},
    {"devices", LOAD_OPT_DEVICES, "N", 0, "instead of a rate: N requests within --over", 1},
    {"over", LOAD_OPT_OVER, "TIME", 0, "what the devices come within: 10s, 500ms, 2m", 1},
    {"duration", LOAD_OPT_DURATION, "TIME", 0, "how long a rate is held and measured (10s)", 1},
    {"warmup", LOAD_OPT_WARMUP, "TIME", 0, "how long before that, not measured (none)", 1},
    {"timeout", LOAD_OPT_TIMEOUT, "TIME", 0, "a request fails this long after it was due (5s)", 1},
    {"mix", LOAD_OPT_MIX, "LIST", 0, "requests by weight: air=80,ulr=15,resync=5 (air)", 1},
    {"vectors", LOAD_OPT_VECTORS, "N", 0, "vectors per AIR, 1 to 5 (1)", 1},
    {"seed", LOAD_OPT_SEED, "N", 0, "of all that is drawn, to repeat a run", 1},
    {0, 0, 0, 0, "The MMEs:", 2},
    {"peers", LOAD_OPT_PEERS, "N", 0, "how many (1)", 2},
    {"connections", LOAD_OPT_CONNECTIONS, "N", 0, "connections of each (1)", 2},
    {"threads", LOAD_OPT_THREADS, "N", 0, "threads, which share the connections evenly (1)", 2},
    {"origin-host", LOAD_OPT_HOST, "NAME", 0,
     "their names; %d is the number, from 1 (mme.REALM, for several mme%d.REALM)", 2},
    {"realm", LOAD_OPT_REALM, "NAME", 0, "their realm (made of the PLMN)", 2},
    {"destination-realm", LOAD_OPT_DESTINATION, "NAME", 0,
     "the HSS's, behind an agent (what the CEA says)", 2},
    {"plmn", LOAD_OPT_PLMN, "MCC-MNC", 0, "the serving network (001-01)", 2},
    {"vendor", LOAD_OPT_VENDOR, "ID", 0, "the vendor id of Bindery's own AVPs (32473)", 2},
    {"cert", LOAD_OPT_CERT, "FILE", 0, "the MME's certificate, for tls://; may hold %d", 2},
    {"key", LOAD_OPT_KEY, "FILE", 0, "its private key, likewise", 2},
    {"ca", LOAD_OPT_CA, "FILE", 0, "the CA that the HSS's certificate is from", 2},
    {0, 0, 0, 0, "The subscribers:", 3},
    {"imsi-from", LOAD_OPT_IMSI, "IMSI", 0, "the first (needed)", 3},
    {"count", LOAD_OPT_COUNT, "N", 0, "how many there are from there (1)", 3},
    {"order", LOAD_OPT_ORDER, "NAME", 0, "sequential (default) or random", 3},
    {"roam", FLAG_ROAM, NULL, 0, "each may turn up at any MME, not only at its own", 3},
    {"keys-file", LOAD_OPT_KEYS, "FILE", 0,
     "K and OPc of all, or rows as `bindery import` takes: for resync", 3},
    {"resync-sqn", LOAD_OPT_RESYNC_SQN, "HEX", 0, "the SQN that AUTS tells (000000000000)", 3},
    {0, 0, 0, 0, "What comes out:", 4},
    {"json", LOAD_OPT_JSON, "FILE", 0, "the result in JSON; - for standard output", 4},
    {"plot", LOAD_OPT_PLOT, "FILE.svg", 0, "draw latency and rates over time", 4},
    {"allow-failures", FLAG_ALLOW, NULL, 0, "exit with 0 although requests failed", 4},
    {"yes-this-is-mine", FLAG_MINE, NULL, 0,
     "send to an address that is not of this machine: the HSS there is yours to load", 4},
    {0},
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct load_options *o = state->input;
    if (key >= LOAD_OPT_PATTERN && key < LOAD_OPT_END) {
        o->text[key - LOAD_OPT_PATTERN] = arg;
    } else if (key == FLAG_ROAM) {
        o->roam = true;
    } else if (key == FLAG_ALLOW) {
        o->allow_failures = true;
    } else if (key == FLAG_MINE) {
        o->mine = true;
    } else if (key == ARGP_KEY_ARG && !o->to) {
        o->to = arg;
    } else if (key == ARGP_KEY_ARG) {
        argp_error(state, "one address is enough: '%s' is a second", arg);
    } else {
        return ARGP_ERR_UNKNOWN;
    }
    return 0;
}

const struct argp load_argp = {
    argp_options,
    take,
    "[ADDRESS]",
    "Loads an HSS over S6a as many MMEs would, at times that do not depend on how fast it answers, "
    "and says how long answers took from when their requests were due.\v"
    "ADDRESS is tcp://IP:PORT or tls://IP:PORT, tcp://127.0.0.1:3868 if not given. Exit status: 0 "
    "when every request succeeded, 1 when one failed, 3 when the HSS was not reached. Load only "
    "what is yours: vectors are used up, registrations move.",
    NULL,
    NULL,
    NULL};

/* ---- values ---- */

static const char *text_of(const struct load_options *o, enum load_option id)
{
    return o->text[id - LOAD_OPT_PATTERN];
}

bool load_time_parse(const char *text, uint64_t *ns)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1e9}, {"s", 1e9}, {"ms", 1e6}, {"m", 60e9}};
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    if (errno || end == text || *text < '0' || *text > '9') {
        return false;
    }
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        double t = v * units[i].factor;
        if (!strcmp(end, units[i].unit) && t >= 1e6 && t <= (double)DAY_NS) {
            *ns = (uint64_t)t;
            return true;
        }
    }
    return false;
}

static bool time_of(const struct load_options *o, enum load_option id, const char *name,
                    uint64_t *ns)
{
    const char *text = text_of(o, id);
    if (!text || load_time_parse(text, ns)) {
        return true;
    }
    cli_error("%s '%s' is no time: write 10s, 500ms or 2m", name, text);
    return false;
}

static bool number_of(const struct load_options *o, enum load_option id, const char *name, long max,
                      long *out)
{
    const char *text = text_of(o, id);
    return !text || cli_number(name, text, 1, max, out);
}

static bool small_of(const struct load_options *o, enum load_option id, const char *name, long max,
                     unsigned *out)
{
    long v = *out;
    bool good = number_of(o, id, name, max, &v);
    *out = (unsigned)v;
    return good;
}

/* ---- when, and what ---- */

static bool rate_of(const char *text, double *out)
{
    char *end;
    errno = 0;
    double v = strtod(text, &end);
    bool good = !errno && end != text && *text >= '0' && *text <= '9' &&
                (!*end || !strcmp(end, "/s")) && v >= 0.01 && v <= RATE_MAX;
    if (!good) {
        cli_error("--rate '%s' is no rate: write 1000 or 1000/s, at most %.0f", text, RATE_MAX);
        return false;
    }
    *out = v;
    return true;
}

static bool take_devices(const struct load_options *o, struct load_plan *p)
{
    long devices = 0;
    if (text_of(o, LOAD_OPT_RATE) || text_of(o, LOAD_OPT_DURATION) || text_of(o, LOAD_OPT_WARMUP)) {
        cli_error("--devices come within --over: leave out --rate, --duration and --warmup");
        return false;
    }
    if (!text_of(o, LOAD_OPT_OVER)) {
        cli_error("--devices needs --over TIME, what they come within: --over 10s");
        return false;
    }
    p->warmup_ns = 0;
    bool good = number_of(o, LOAD_OPT_DEVICES, "--devices", 1000000000L, &devices) &&
                time_of(o, LOAD_OPT_OVER, "--over", &p->duration_ns);
    p->devices = (uint64_t)devices;
    return good;
}

static bool take_when(const struct load_options *o, struct load_plan *p)
{
    const char *pattern = text_of(o, LOAD_OPT_PATTERN), *rate = text_of(o, LOAD_OPT_RATE);
    p->pattern = LOAD_POISSON;
    p->duration_ns = 10 * LOAD_SECOND;
    p->timeout_ns = 5 * LOAD_SECOND;
    if (pattern && !load_pattern_parse(pattern, &p->pattern)) {
        cli_error("--pattern '%s' is none of constant, poisson, beta", pattern);
        return false;
    }
    if (!time_of(o, LOAD_OPT_TIMEOUT, "--timeout", &p->timeout_ns)) {
        return false;
    }
    if (text_of(o, LOAD_OPT_DEVICES)) {
        return take_devices(o, p);
    }
    if (p->pattern == LOAD_BETA || text_of(o, LOAD_OPT_OVER)) {
        cli_error("%s needs --devices N, and --over TIME that they come within",
                  p->pattern == LOAD_BETA ? "--pattern beta" : "--over");
        return false;
    }
    p->rate = 100;
    return (!rate || rate_of(rate, &p->rate)) &&
           time_of(o, LOAD_OPT_DURATION, "--duration", &p->duration_ns) &&
           time_of(o, LOAD_OPT_WARMUP, "--warmup", &p->warmup_ns);
}

static bool take_what(const struct load_options *o, struct load_plan *p)
{
    const char *mix = text_of(o, LOAD_OPT_MIX);
    char why[160];
    long seed = 0;
    p->vectors = 1;
    if (!load_mix_parse(mix ? mix : "air", &p->mix, why, sizeof why)) {
        cli_error("--mix '%s': %s", mix, why);
        return false;
    }
    if (!number_of(o, LOAD_OPT_SEED, "--seed", LONG_MAX, &seed) ||
        !small_of(o, LOAD_OPT_VECTORS, "--vectors", S6A_VECTORS_MAX, &p->vectors)) {
        return false;
    }
    p->seed = (uint64_t)seed;
    return seed > 0 || getrandom(&p->seed, sizeof p->seed, 0) == (ssize_t)sizeof p->seed;
}

/* ---- the MMEs ---- */

static bool take_address(const struct load_options *o, struct load_plan *p)
{
    const char *text = o->to ? o->to : DEFAULT_ADDRESS;
    if (address_parse(text, &p->to) != E_OK || p->to.transport == TRANSPORT_SCTP ||
        p->to.port == 0) {
        cli_error("'%s' is no address to load: write tcp://127.0.0.1:3868 or tls://127.0.0.1:5658",
                  text);
        return false;
    }
    if (!address_is_loopback(&p->to) && !o->mine) {
        cli_error("%s is not this machine. A load uses up vectors and moves registrations, and can "
                  "stop an HSS: add --yes-this-is-mine if that is yours to do",
                  text);
        return false;
    }
    p->tls = (struct tls_files){text_of(o, LOAD_OPT_CERT), text_of(o, LOAD_OPT_KEY),
                                text_of(o, LOAD_OPT_CA)};
    if (p->to.transport == TRANSPORT_TLS && (!p->tls.certificate || !p->tls.key || !p->tls.ca)) {
        cli_error("tls:// needs --cert, --key and --ca");
        return false;
    }
    return true;
}

static bool take_names(const struct load_options *o, struct load_plan *p)
{
    const char *text = text_of(o, LOAD_OPT_PLMN), *realm = text_of(o, LOAD_OPT_REALM);
    const char *host = text_of(o, LOAD_OPT_HOST);
    struct plmn plmn;
    char last[LOAD_HOST_MAX];
    text = text ? text : "001-01";
    if (plmn_parse(bytes_of_str(text), &plmn) != E_OK) {
        cli_error("--plmn '%s' is no PLMN: write it like 001-01", text);
        return false;
    }
    plmn_to_octets(&plmn, p->plmn);
    plmn_realm(&plmn, p->realm);
    if (realm) {
        snprintf(p->realm, sizeof p->realm, "%s", realm);
    }
    int n = host ? snprintf(p->origin_host, sizeof p->origin_host, "%s", host)
                 : snprintf(p->origin_host, sizeof p->origin_host, "mme%s.%.240s",
                            p->peers > 1 ? "%d" : "", p->realm);
    if (n >= (int)sizeof p->origin_host ||
        !load_name(p->origin_host, p->peers, last, sizeof last) ||
        diameter_identity_check(bytes_of_str(last)) != E_OK ||
        diameter_identity_check(bytes_of_str(p->realm)) != E_OK) {
        cli_error("--origin-host '%s' or --realm '%s' is no Diameter identity", p->origin_host,
                  p->realm);
        return false;
    }
    if (p->peers > 1 && !strstr(p->origin_host, "%d")) {
        cli_error("--origin-host '%s' names %u peers alike: put %%d where the number belongs",
                  p->origin_host, p->peers);
        return false;
    }
    return true;
}

static bool take_peers(const struct load_options *o, struct load_plan *p)
{
    long vendor = DIAMETER_VENDOR_OWN_DEFAULT;
    p->peers = p->per_peer = p->threads = 1;
    p->destination_realm = text_of(o, LOAD_OPT_DESTINATION);
    if (!small_of(o, LOAD_OPT_PEERS, "--peers", LOAD_PEERS_MAX, &p->peers) ||
        !small_of(o, LOAD_OPT_CONNECTIONS, "--connections", LOAD_PER_PEER_MAX, &p->per_peer) ||
        !small_of(o, LOAD_OPT_THREADS, "--threads", LOAD_THREADS_MAX, &p->threads) ||
        !number_of(o, LOAD_OPT_VENDOR, "--vendor", UINT32_MAX, &vendor)) {
        return false;
    }
    p->own_vendor = (uint32_t)vendor;
    if (p->destination_realm &&
        diameter_identity_check(bytes_of_str(p->destination_realm)) != E_OK) {
        cli_error("--destination-realm '%s' is no realm", p->destination_realm);
        return false;
    }
    if (p->peers * p->per_peer % p->threads != 0) {
        cli_error("%u connections cannot be shared evenly by %u threads", p->peers * p->per_peer,
                  p->threads);
        return false;
    }
    return take_address(o, p) && take_names(o, p);
}

/* ---- the subscribers ---- */

static bool take_sqn(const struct load_options *o, struct load_plan *p)
{
    const char *text = text_of(o, LOAD_OPT_RESYNC_SQN);
    uint8_t b[6];
    if (!text) {
        return true;
    }
    if (strlen(text) != 12 || hex_decode(text, MBYTES_OF(b)) != E_OK) {
        cli_error("--resync-sqn '%s' is no SQN: 12 hex digits", text);
        return false;
    }
    for (size_t i = 0; i < sizeof b; i++) {
        p->resync_sqn = p->resync_sqn << 8 | b[i];
    }
    return true;
}

static bool take_order(const struct load_options *o, struct load_plan *p)
{
    const char *order = text_of(o, LOAD_OPT_ORDER);
    p->roam = o->roam;
    p->random_order = order && !strcmp(order, "random");
    if (order && !p->random_order && strcmp(order, "sequential") != 0) {
        cli_error("--order '%s' is neither sequential nor random", order);
        return false;
    }
    return true;
}

static bool take_keys(const struct load_options *o, const struct crypto *c, struct load_plan *p)
{
    const char *path = text_of(o, LOAD_OPT_KEYS);
    if (p->mix.weight[LOAD_RESYNC] == 0) {
        return true;
    }
    if (!path) {
        cli_error("--mix with resync needs --keys-file FILE: only the keys of a subscription make "
                  "an AUTS that an HSS accepts");
        return false;
    }
    return load_keys_read(path, c, p->imsi_from, p->count, &p->keys);
}

static bool take_subscribers(const struct load_options *o, const struct crypto *c,
                             struct load_plan *p)
{
    const char *from = text_of(o, LOAD_OPT_IMSI);
    struct imsi imsi;
    long count = 1;
    uint64_t end = 1;
    if (!from) {
        cli_error("--imsi-from IMSI is needed: whom should the load be about?");
        return false;
    }
    if (!cli_imsi(from, &imsi) || !number_of(o, LOAD_OPT_COUNT, "--count", 1000000000L, &count)) {
        return false;
    }
    p->imsi_from = strtoull(imsi.digits, NULL, 10);
    p->imsi_digits = imsi.n;
    p->count = (uint64_t)count;
    for (unsigned i = 0; i < imsi.n; i++) {
        end *= 10;
    }
    if (p->count > end - p->imsi_from) {
        cli_error("--count %ld leads beyond the IMSIs of %u digits", count, imsi.n);
        return false;
    }
    return take_order(o, p) && take_sqn(o, p) && take_keys(o, c, p);
}

bool load_plan_make(const struct load_options *o, const struct crypto *c, struct load_plan *p)
{
    *p = (struct load_plan){.json = text_of(o, LOAD_OPT_JSON),
                            .plot = text_of(o, LOAD_OPT_PLOT),
                            .allow_failures = o->allow_failures,
                            .progress = isatty(STDERR_FILENO) == 1};
    return take_when(o, p) && take_what(o, p) && take_peers(o, p) && take_subscribers(o, c, p);
}
