#include "emulator/options.h"

#include "emulator/options_parts.h"
#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>

#define DEFAULT_RATE 100.0
#define RATE_MAX     1e6
#define DAY_S        86400.0
#define COUNT_MAX    1000000
#define REPEAT_MAX   1000000
#define CONNECT_MS   10000
#define TIMEOUT_MS   30000

void options_error(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fputs("bindery-ue: ", stderr);
    (void)vfprintf(stderr, format, ap);
    fputc('\n', stderr);
    va_end(ap);
}

const char *options_text(const struct ue_options *o, enum ue_option id)
{
    return o->text[id - OPT_MME];
}

bool options_flag(const struct ue_options *o, enum ue_option id)
{
    return o->flag[id - OPT_TEXTS_END];
}

/* ---- values ---- */

bool options_number(const struct ue_options *o, enum ue_option id, const char *name, uint64_t min,
                    uint64_t max, uint64_t *out)
{
    const char *text = options_text(o, id);
    char *end;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    const unsigned long long v = strtoull(text, &end, 10);
    if (errno != 0 || end == text || *end != '\0' || *text < '0' || *text > '9' || v < min ||
        v > max) {
        options_error("--%s '%s' is no number from %llu to %llu", name, text,
                      (unsigned long long)min, (unsigned long long)max);
        return false;
    }
    *out = v;
    return true;
}

/* "10s", "500ms", "2m", "1h"; a number alone is seconds. */
static bool time_of(const struct ue_options *o, enum ue_option id, const char *name, uint64_t *ms)
{
    static const struct {
        const char *unit;
        double factor;
    } units[] = {{"", 1e3}, {"s", 1e3}, {"ms", 1}, {"m", 60e3}, {"h", 3600e3}};
    const char *text = options_text(o, id);
    char *end;
    if (text == NULL) {
        return true;
    }
    errno = 0;
    const double v = strtod(text, &end);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        const double t = v * units[i].factor;
        if (errno == 0 && end != text && *text >= '0' && *text <= '9' &&
            strcmp(end, units[i].unit) == 0 && t >= 0 && t <= DAY_S * 1e3) {
            *ms = (uint64_t)t;
            return true;
        }
    }
    options_error("--%s '%s' is no time: write 10s, 500ms or 2m", name, text);
    return false;
}

static bool rate_of(const char *name, const char *text, double *out)
{
    char *end;
    errno = 0;
    const double v = strtod(text, &end);
    if (errno != 0 || end == text || *text < '0' || *text > '9' || !(v >= 0.001 && v <= RATE_MAX) ||
        (*end != '\0' && strcmp(end, "/s") != 0)) {
        options_error("--%s '%s' is no rate: write 50 or 50/s, at most %.0f", name, text, RATE_MAX);
        return false;
    }
    *out = v;
    return true;
}

/* ---- one plan ---- */

static bool plan_radio(const struct ue_options *o, struct radio_config *r)
{
    const char *flip = options_text(o, OPT_RADIO_FLIP), *faults = options_text(o, OPT_FAULTS);
    const char *replay = options_text(o, OPT_REPLAY_CHALLENGE);
    if (getrandom(&r->seed, sizeof r->seed, 0) != (ssize_t)sizeof r->seed) {
        options_error("there is no randomness: %s", strerror(errno));
        return false;
    }
    if (flip != NULL && radio_flip_parse(flip, r) != E_OK) {
        options_error("--radio-flip '%s' is none of amf, capability, rand, autn, nas-octet=N, "
                      "nas-octet=up:N, challenge=RAND:AUTN",
                      flip);
        return false;
    }
    if (replay != NULL && (flip != NULL || radio_challenge_load(replay, r) != E_OK)) {
        options_error(flip != NULL ? "--radio-flip and --replay-challenge exclude each other: %s"
                                   : "%s is not what --record-challenge writes",
                      replay);
        return false;
    }
    if (faults != NULL && radio_faults_parse(faults, r) != E_OK) {
        options_error("--faults '%s' is not like lose=5,repeat=1,delay=10,delay-ms=200,tamper=1,"
                      "seed=7",
                      faults);
        return false;
    }
    return true;
}

static bool plan_common(const struct ue_options *o, const struct population *devices,
                        struct run_plan *p)
{
    uint64_t timeout = TIMEOUT_MS, connect = CONNECT_MS;
    memset(p, 0, sizeof *p);
    if (options_flag(o, FLAG_TRACE_SECRETS) && options_text(o, OPT_TRACE) == NULL) {
        options_error("--trace-secrets has a meaning only with --trace FILE");
        return false;
    }
    if (!time_of(o, OPT_TIMEOUT, "timeout", &timeout) ||
        !time_of(o, OPT_CONNECT, "connect-timeout", &connect)) {
        return false;
    }
    p->emulation.timeout_ms = timeout;
    p->emulation.persist = options_flag(o, FLAG_PERSIST);
    p->emulation.switch_off = options_flag(o, FLAG_SWITCH_OFF);
    p->connect_ms = connect;
    p->stay = options_flag(o, FLAG_STAY);
    p->record = options_text(o, OPT_RECORD_CHALLENGE);
    return options_network(o, devices, p) && plan_radio(o, &p->emulation.radio);
}

bool options_plan_one(struct ue_options *o, const struct population *p, struct run_plan *plan)
{
    const char *rsmf = options_text(o, OPT_RSMF);
    if (!plan_common(o, p, plan)) {
        return false;
    }
    if (rsmf != NULL && manage_parse(rsmf, &o->manage) != E_OK) {
        options_error("--rsmf '%s' is no address: write it like 127.0.0.1:8443", rsmf);
        return false;
    }
    plan->manage = rsmf != NULL ? &o->manage : NULL;
    plan->attaches = 1;
    plan->emulation.enb.ues = 16; /* one, and those of it that have not ended yet */
    plan->emulation.hold_ms = EMULATION_FOR_EVER;
    return true;
}

/* ---- when ---- */

static bool plan_pattern(const struct ue_options *o, struct run_plan *p)
{
    const char *rate = options_text(o, OPT_RATE), *poisson = options_text(o, OPT_POISSON);
    const bool storm = options_text(o, OPT_STORM) != NULL;
    const bool at_once = options_flag(o, FLAG_AT_ONCE);
    double r = DEFAULT_RATE;
    uint64_t ms = 0;
    if ((rate != NULL) + (poisson != NULL) + storm + at_once > 1) {
        options_error("--rate, --poisson, --storm and --at-once exclude each other");
        return false;
    }
    if (at_once) {
        return true;
    }
    if (storm) {
        p->pattern = LOAD_BETA;
        p->over_ns = 0;
        if (!time_of(o, OPT_STORM, "storm", &ms)) {
            return false;
        }
        p->over_ns = ms * 1000000;
        return true;
    }
    p->pattern = poisson != NULL ? LOAD_POISSON : LOAD_CONSTANT;
    if ((rate != NULL && !rate_of("rate", rate, &r)) ||
        (poisson != NULL && !rate_of("poisson", poisson, &r))) {
        return false;
    }
    p->over_ns = (uint64_t)((double)p->attaches / r * 1e9);
    return true;
}

static bool plan_seed(const struct ue_options *o, struct run_plan *p)
{
    return getrandom(&p->seed, sizeof p->seed, 0) == (ssize_t)sizeof p->seed &&
           options_number(o, OPT_SEED, "seed", 0, INT64_MAX, &p->seed);
}

static bool plan_hold(const struct ue_options *o, struct run_plan *p)
{
    if (options_flag(o, FLAG_KEEP) && options_text(o, OPT_HOLD) != NULL) {
        options_error("--keep and --hold exclude each other");
        return false;
    }
    if (options_flag(o, FLAG_KEEP)) {
        p->emulation.hold_ms = EMULATION_FOR_EVER;
    }
    return time_of(o, OPT_HOLD, "hold", &p->emulation.hold_ms) &&
           time_of(o, OPT_INACTIVITY, "inactivity", &p->emulation.inactivity_ms);
}

static bool is_mine(const struct ue_options *o, const struct run_plan *p)
{
    for (unsigned i = 0; i < p->emulation.enb.mmes + p->emulation.further; i++) {
        if (!address_is_loopback(&p->mme[i]) && !options_flag(o, FLAG_MINE)) {
            options_error("%s is not this machine. Such a load can stop an MME: add "
                          "--yes-this-is-mine if that is yours to do",
                          address_print(&p->mme[i]).s);
            return false;
        }
    }
    return true;
}

bool options_plan_run(const struct ue_options *o, const struct population *p, struct run_plan *plan)
{
    const uint32_t devices = p->n;
    uint64_t repeat = 1;
    if (!plan_common(o, p, plan) ||
        !options_number(o, OPT_REPEAT, "repeat", 1, REPEAT_MAX, &repeat)) {
        return false;
    }
    plan->attaches = repeat * devices;
    /* A device that is switched off may be back before the MME has ended its last connection. */
    const uint64_t ues = 2ULL * (devices / plan->emulation.enbs + 1) + 16;
    plan->emulation.enb.ues = (uint32_t)(ues < ENB_UES_MAX ? ues : ENB_UES_MAX);
    return plan_pattern(o, plan) && plan_seed(o, plan) && plan_hold(o, plan) && is_mine(o, plan);
}

/* ---- the devices ---- */

bool options_count(const struct ue_options *o, uint32_t *count)
{
    uint64_t n = 1;
    bool good = options_number(o, OPT_COUNT, "count", 1, COUNT_MAX, &n);
    *count = (uint32_t)n;
    return good;
}

static bool imei_of(const char *option, const char *text, struct imei *out)
{
    if (imei_parse(bytes_of_str(text), out) == E_OK) {
        return true;
    }
    options_error("--%s '%s' is no IMEI: 14 digits, or 15 with a right check digit", option, text);
    return false;
}

/* What `openssl rand -hex` says, where the name of the file with it belongs. */
static bool is_seed(const char *argument)
{
    const size_t n = strlen(argument);
    return (n == 32 || n == 64) && strspn(argument, "0123456789abcdefABCDEF") == n;
}

static bool seed_of(const char *path, uint8_t *room, size_t *n)
{
    enum err err = population_seed_load(path, room, n);
    if (err == E_OK) {
        return true;
    }
    if (err == E_NOT_FOUND && is_seed(path)) {
        options_error("a seed is not an argument, which others may see: put it into a file of mode "
                      "0600 and name that");
        return false;
    }
    options_error("%s: %s", path,
                  err == E_DENIED       ? "others may read this file, and it is the seed of keys"
                  : err == E_BAD_LENGTH ? "a seed has 16 to 1023 octets"
                                        : strerror(errno));
    return false;
}

bool options_origin(const struct ue_options *o, uint8_t room[static POPULATION_SEED_MAX],
                    struct population_origin *origin)
{
    const char *imsi = options_text(o, OPT_IMSI), *imei = options_text(o, OPT_IMEI);
    const char *seed = options_text(o, OPT_SEED_FILE);
    size_t n = 0;
    if (imsi == NULL || seed == NULL) {
        options_error("devices made of a seed need --imsi IMSI and --key-seed-file FILE");
        return false;
    }
    if (imsi_parse(bytes_of_str(imsi), &origin->imsi) != E_OK) {
        options_error("--imsi '%s' is no IMSI: 6 to 15 digits", imsi);
        return false;
    }
    if (!imei_of("imei", imei != NULL ? imei : OPTIONS_IMEI, &origin->imei) ||
        !seed_of(seed, room, &n)) {
        return false;
    }
    origin->seed = (struct bytes){room, n};
    origin->unbound = options_flag(o, FLAG_UNBOUND);
    return true;
}

static bool settings_of(const struct ue_options *o, struct bindery_ue_settings *s)
{
    const char *list = options_text(o, OPT_CAPABILITIES), *apn = options_text(o, OPT_APN);
    *s = population_settings();
    if (list != NULL && population_capabilities(list, s) != E_OK) {
        options_error("--capabilities '%s' is not like eea0,eea2,eia2: eea0 to 3, eia1 to 3, at "
                      "least one eia",
                      list);
        return false;
    }
    if (apn != NULL && strlen(apn) > BINDERY_UE_APN_MAX) {
        options_error("--apn is longer than an APN may be");
        return false;
    }
    s->apn = apn;
    s->allow_eea0 = options_flag(o, FLAG_EEA0);
    s->delay_tolerant = options_flag(o, FLAG_DELAY_TOLERANT);
    return true;
}

static bool read_key(const char *path, struct device_key *out)
{
    uint8_t text[SIGNER_PEM_MAX];
    size_t n = 0, der_n = 0;
    enum err err = private_file_load(path, MBYTES_OF(text), &n);
    if (err != E_OK) {
        options_error("%s: %s", path,
                      err == E_DENIED       ? "others may read this file, and it is a private key"
                      : err == E_BAD_LENGTH ? "longer than a private key ever is"
                                            : strerror(errno));
        wipe(text, sizeof text);
        return false;
    }
    if (signer_openssl_from_pem((struct bytes){text, n}, out->der, &der_n) != E_OK) {
        der_n = n < sizeof out->der ? n : 0;
        memcpy(out->der, text, der_n);
    }
    wipe(text, sizeof text);
    if (signer_openssl_algorithm((struct bytes){out->der, der_n}, &out->algorithm) != E_OK) {
        options_error("%s: no private key that a device proves its IMEI with: PKCS#8 in PEM or "
                      "DER, P-256, P-384, Ed25519, or RSA of 2048 to 4096 bits",
                      path);
        return false;
    }
    out->n = (uint16_t)der_n;
    return true;
}

static bool kme_for(const char *text, struct forge_plan *f)
{
    const char *slash = strchr(text, '/');
    const struct bytes imsi = {(const uint8_t *)text, slash != NULL ? (size_t)(slash - text) : 0};
    if (slash != NULL && imsi_parse(imsi, &f->imsi) == E_OK &&
        imei_parse(bytes_of_str(slash + 1), &f->imei) == E_OK) {
        return true;
    }
    options_error("--kme-for '%s' is no IMSI and IMEI: write it like "
                  "001010000000001/35693803564380",
                  text);
    return false;
}

static bool replay_of(const char *path, struct forge_plan *f)
{
    const enum err err = forge_load(path, f);
    if (err != E_OK) {
        options_error("%s: %s", path,
                      err == E_BAD_VALUE ? "is not what --record-kme writes" : strerror(errno));
    }
    return err == E_OK;
}

static bool forge_of(const struct ue_options *o, struct population_guise *g)
{
    const char *replay = options_text(o, OPT_REPLAY_KME), *other = options_text(o, OPT_KME_FOR);
    const bool tamper = options_flag(o, FLAG_TAMPER_KME);
    const bool bearer = options_flag(o, FLAG_ASK_BEARER);
    g->makes_no_kme = options_flag(o, FLAG_NO_KME);
    g->forge.record = options_text(o, OPT_RECORD_KME);
    g->forge.deed = tamper           ? FORGE_TAMPERED
                    : bearer         ? FORGE_BEARER
                    : replay != NULL ? FORGE_REPLAYED
                    : other != NULL  ? FORGE_OTHER
                                     : FORGE_NOTHING;
    if (g->makes_no_kme + tamper + bearer + (replay != NULL) + (other != NULL) > 1 ||
        (g->makes_no_kme && g->forge.record != NULL)) {
        options_error("--no-kme, --tamper-kme, --kme-for, --replay-kme and --ask-bearer exclude "
                      "each other, and with --no-kme there is nothing to record");
        return false;
    }
    return (replay == NULL || replay_of(replay, &g->forge)) &&
           (other == NULL || kme_for(other, &g->forge));
}

static bool tap_of(const struct ue_options *o, struct population_guise *g)
{
    const char *replay = options_text(o, OPT_REPLAY_RESULT);
    struct certattach_url url;
    g->url = options_text(o, OPT_URL);
    g->tap.record = options_text(o, OPT_RECORD_RESULT);
    if (g->url != NULL && certattach_url_parse(bytes_of_str(g->url), &url) != E_OK) {
        options_error("--url '%s' is not https://HOST/DeviceID=ID", g->url);
        return false;
    }
    const enum err err = replay != NULL ? onboard_tap_load(replay, &g->tap) : E_OK;
    if (err != E_OK) {
        options_error("%s: %s", replay,
                      err == E_BAD_VALUE ? "is not what --record-result writes" : strerror(errno));
    }
    return err == E_OK;
}

static bool guise_of(const struct ue_options *o, struct population_guise *g)
{
    const char *imei = options_text(o, OPT_AS_IMEI), *key = options_text(o, OPT_PROOF_KEY);
    g->without_kme = options_flag(o, FLAG_WITHOUT_KME);
    g->without_proof = options_flag(o, FLAG_NO_PROOF);
    g->silent = options_flag(o, FLAG_SILENT);
    g->replay = options_flag(o, FLAG_REPLAY_PROOF);
    g->has_imei = imei != NULL;
    if (g->without_proof + g->silent + g->replay > 1 || (g->without_proof && key != NULL)) {
        options_error("--no-proof, --silent and --replay-proof exclude each other, and --no-proof "
                      "uses no --proof-key");
        return false;
    }
    return (imei == NULL || imei_of("as-imei", imei, &g->imei)) &&
           (key == NULL || read_key(key, &g->other)) && forge_of(o, g) && tap_of(o, g);
}

static bool derive(const struct ue_options *o, struct population *p)
{
    uint8_t room[POPULATION_SEED_MAX];
    struct population_origin origin;
    uint32_t n = 0;
    bool good = options_count(o, &n) && options_origin(o, room, &origin);
    enum err err = good ? population_add_derived(p, &origin, n) : E_OK;
    wipe(room, sizeof room);
    if (err != E_OK) {
        options_error("the devices could not be made: %s", p->identities_why.text[0] != '\0'
                                                               ? p->identities_why.text
                                                               : err_sentence(err));
    }
    return good && err == E_OK;
}

/* Of those that a file has. */
static bool take_first(const struct ue_options *o, struct population *p)
{
    uint32_t n = 0;
    if (!options_count(o, &n)) {
        return false;
    }
    p->n = n < p->n ? n : p->n;
    return true;
}

/* Those of a production lot, or of a directory. */
static bool take_counted(const struct ue_options *o, struct population *p, const char *dir)
{
    struct population_why why = {""};
    uint32_t n = 0;
    if (options_text(o, OPT_COUNT) != NULL && !options_count(o, &n)) {
        return false;
    }
    const enum err err =
        dir != NULL ? population_load_devices(p, dir, n, &why) : population_load_boxed(p, n, &why);
    if (err != E_OK) {
        options_error("%s", why.text);
    }
    return err == E_OK;
}

static bool fill(const struct ue_options *o, struct population *p)
{
    const char *device = options_text(o, OPT_DEVICE), *lot = options_text(o, OPT_LOT);
    const char *identities = options_text(o, OPT_IDENTITIES);
    const char *kme_lot = options_text(o, OPT_KME_LOT), *devices = options_text(o, OPT_DEVICES);
    struct population_why why = {""};
    const int sources =
        (device != NULL) + (lot != NULL) + (options_text(o, OPT_IMSI) != NULL) + (devices != NULL);
    const bool boxed = sources == 0 && identities != NULL;
    if (sources != 1 && !boxed) {
        options_error("which device? Give %s",
                      "--device FILE, --lot FILE or --imsi IMSI, and one of them (attach, detach "
                      "and identity: --device); or --identities DIR alone, of devices without "
                      "subscriptions, or --devices DIR, of state files with secure elements");
        return false;
    }
    if (identities != NULL && (device != NULL || devices != NULL)) {
        options_error("--identities is for other devices: a state file has its own key");
        return false;
    }
    if ((identities != NULL && population_identities(p, identities, &why) != E_OK) ||
        (kme_lot != NULL && population_lot(p, kme_lot, &why) != E_OK)) {
        options_error("%s", why.text);
        return false;
    }
    if (boxed || devices != NULL) {
        return take_counted(o, p, boxed ? NULL : devices);
    }
    if (device == NULL && lot == NULL) {
        return derive(o, p);
    }
    enum err err = device != NULL ? population_load_device(p, device, &why)
                                  : population_load_lot(p, lot, &why);
    if (err != E_OK) {
        options_error("%s", why.text);
        return false;
    }
    return options_text(o, OPT_COUNT) == NULL || take_first(o, p);
}

static bool mnc_length_of(const struct ue_options *o, uint8_t *out)
{
    const char *text = options_text(o, OPT_MNC_LENGTH);
    const bool good = text == NULL || strcmp(text, "2") == 0 || strcmp(text, "3") == 0;
    if (!good) {
        options_error("--mnc-length is 2 or 3, not '%s'", text);
    }
    *out = good && text != NULL ? (uint8_t)(text[0] - '0') : 0;
    return good;
}

bool options_population(const struct ue_options *o, struct population *p)
{
    struct bindery_ue_settings settings;
    struct population_guise guise = {.has_imei = false};
    if (!settings_of(o, &settings) || !guise_of(o, &guise)) {
        return false;
    }
    const enum err err = population_open(p, &settings, &guise);
    wipe(&guise, sizeof guise);
    if (err != E_OK) {
        options_error("there is not enough memory");
        return false;
    }
    p->reads_only = o->reads_only;
    if (mnc_length_of(o, &p->mnc_n) && fill(o, p)) {
        return true;
    }
    population_close(p);
    return false;
}
