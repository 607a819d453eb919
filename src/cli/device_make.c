/* The subverb `device make`: a production lot of device identities. */
#include "cli/api_client.h"
#include "cli/lot_onboarding.h"

#include <string.h>
#include <time.h>
#include <unistd.h>

static volatile sig_atomic_t interrupted;

static void interrupt(int number)
{
    (void)number;
    interrupted = 1;
}

struct options {
    struct cli_common common;
    const char *tac, *first, *count, *algorithm, *form, *ca, *model, *out;
    struct lot_onboarding_options onboarding;
};

enum { OPT_FIRST = 0x100, OPT_ALGORITHM, OPT_FORM, OPT_CA, OPT_MODEL };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->onboarding;
        state->child_inputs[1] = &o->common;
        return 0;
    case 'n':
        o->count = arg;
        return 0;
    case 't':
        o->tac = arg;
        return 0;
    case 'o':
        o->out = arg;
        return 0;
    case OPT_FIRST:
        o->first = arg;
        return 0;
    case OPT_ALGORITHM:
        o->algorithm = arg;
        return 0;
    case OPT_FORM:
        o->form = arg;
        return 0;
    case OPT_CA:
        o->ca = arg;
        return 0;
    case OPT_MODEL:
        o->model = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->count || !o->tac || !o->out) {
            argp_error(state, "--count, --tac and --out are needed");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"count", 'n', "N", 0, "so many devices", 10},
    {"tac", 't', "TAC", 0, "the first 8 digits of their IMEIs", 10},
    {"first", OPT_FIRST, "SNR", 0, "the serial number of the first (0)", 10},
    {"algorithm", OPT_ALGORITHM, "NAME", 0, "ecdsa-p256 (default) or ed25519", 10},
    {"form", OPT_FORM, "FORM", 0, "what is published: certificate (default) or public-key", 10},
    {"ca", OPT_CA, "DIR", 0, "where device-ca.crt and device-ca.key are (pki in --dir)", 10},
    {"model", OPT_MODEL, "NAME", 0, "in the certificates (demo device)", 10},
    {"out", 'o', "DIR", 0, "the lot's directory", 10},
    {0},
};
static const struct argp_child children[] = {
    {&lot_onboarding_argp, 0, NULL, 0}, {&cli_common_argp, 0, "", 20}, {0}};
static const struct argp argp = {
    options,
    take,
    NULL,
    "Makes a production lot: a key for each device, its certificate, and what the repository is "
    "told. A lot that was broken off goes on where it stopped.\v"
    "The directory has lot.json, devices.ndjson with the private keys (yours alone), and "
    "bindings.ndjson for `bindery binding publish`. The same command on a whole lot changes "
    "nothing; another one is refused.",
    children,
    NULL,
    NULL};

/* ---- what is asked for ---- */

static bool take_numbers(const struct options *o, struct identity_lot *lot)
{
    long first = 0, count;
    if (strlen(o->tac) != 8 || strspn(o->tac, "0123456789") != 8) {
        cli_error("--tac takes 8 digits, not '%.40s'", o->tac);
        return false;
    }
    if ((o->first && !cli_number("--first", o->first, 0, IDENTITY_LOT_MAX - 1, &first)) ||
        !cli_number("--count", o->count, 1, IDENTITY_LOT_MAX, &count)) {
        return false;
    }
    if (first + count > (long)IDENTITY_LOT_MAX) {
        cli_error("--first %ld and --count %ld: a TAC has serial numbers up to 999999", first,
                  count);
        return false;
    }
    memcpy(lot->tac, o->tac, sizeof lot->tac);
    lot->first = (uint32_t)first;
    lot->count = (uint32_t)count;
    return true;
}

static bool take_kind(const struct options *o, struct identity_lot *lot)
{
    const char *algorithm = o->algorithm ? o->algorithm : "ecdsa-p256";
    const char *form = o->form ? o->form : "certificate";
    const char *model = o->model ? o->model : "demo device";
    if (devid_algorithm_parse(bytes_of_str(algorithm), &lot->algorithm) != E_OK ||
        (lot->algorithm != DEVID_ECDSA_P256 && lot->algorithm != DEVID_ED25519)) {
        cli_error("--algorithm is ecdsa-p256 or ed25519, not '%.40s'", algorithm);
        return false;
    }
    const bool certificate = !strcmp(form, "certificate");
    if (!certificate && strcmp(form, "public-key") != 0) {
        cli_error("--form is certificate or public-key, not '%.40s'", form);
        return false;
    }
    lot->form = certificate ? BINDING_CERTIFICATE : BINDING_PUBLIC_KEY;
    if (!certificate && !o->onboarding.wanted && (o->ca || o->model)) {
        cli_error("--ca and --model are for certificates; with --form public-key there are none");
        return false;
    }
    const bool issued = certificate || o->onboarding.wanted;
    if (issued && !identity_model_check(model)) {
        cli_error("--model takes 1 to 40 letters, digits, spaces, dots, hyphens and underscores");
        return false;
    }
    snprintf(lot->model, sizeof lot->model, "%s", issued ? model : "");
    return lot_onboarding_take(&o->onboarding, &lot->onboarding);
}

static bool open_ca(const struct options *o, struct identity_lot *lot, struct pki_ca **ca)
{
    char dir[CLI_PATH_MAX];
    if (lot->form == BINDING_PUBLIC_KEY && lot->onboarding.form == 0) {
        return true;
    }
    if (!o->ca && !cli_path(cli_dir(&o->common), "pki", dir, sizeof dir)) {
        return false;
    }
    *ca = pki_ca_open(o->ca ? o->ca : dir);
    if (*ca) {
        pki_ca_digest(*ca, lot->ca);
    }
    return *ca != NULL;
}

/* ---- saying ---- */

struct run {
    const struct options *o;
    uint32_t before, count;
    struct timespec began, said;
};

static double seconds_since(const struct timespec *then)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)(now.tv_sec - then->tv_sec) + (double)(now.tv_nsec - then->tv_nsec) / 1e9;
}

static void say_progress(void *ctx, uint32_t done)
{
    struct run *r = ctx;
    const double s = seconds_since(&r->began), made = done - r->before;
    if (!isatty(STDERR_FILENO) || (seconds_since(&r->said) < 0.25 && done < r->count) || s <= 0) {
        return;
    }
    (void)clock_gettime(CLOCK_MONOTONIC, &r->said);
    fprintf(stderr, "\r\033[K%u of %u devices, %.0f a second, %.0f s left", done, r->count,
            made / s, made > 0 ? (r->count - done) * s / made : 0);
}

static void clear_progress(void)
{
    if (isatty(STDERR_FILENO)) {
        fputs("\r\033[K", stderr);
    }
}

static const char *key_for_onboarding(const struct identity_lot *lot)
{
    return lot->onboarding.form == CERTATTACH_EC    ? "; onboarding with p256"
           : lot->onboarding.form == CERTATTACH_RSA ? "; onboarding with rsa"
                                                    : "";
}

static void say_json(const struct run *r, const struct identity_lot *lot, const char *first,
                     const char *last, double s)
{
    json_t *o = json_pack(
        "{s:s,s:s,s:I,s:I,s:s,s:s,s:s,s:s,s:I,s:f}", "out", r->o->out, "tac", lot->tac, "first",
        (json_int_t)lot->first, "count", (json_int_t)lot->count, "first_imei", first, "last_imei",
        last, "algorithm", devid_algorithm_name(lot->algorithm), "form",
        binding_form_name(lot->form), "made", (json_int_t)(lot->count - r->before), "seconds", s);
    (void)json_object_set_new(o, "onboarding", json_boolean(lot->onboarding.form != 0));
    api_print_json(o);
    json_decref(o);
}

static void say_whole(const struct run *r, const struct identity_lot *lot)
{
    char first[IMEI_DIGITS + 2], last[IMEI_DIGITS + 2];
    const struct imei from = identity_lot_imei(lot, 0), to = identity_lot_imei(lot, lot->count - 1);
    const double s = seconds_since(&r->began);
    const unsigned made = lot->count - r->before;
    imei_print(&from, first);
    imei_print(&to, last);
    if (r->o->common.json) {
        say_json(r, lot, first, last, s);
        return;
    }
    printf("%s has %u device%s, IMEI %s to %s: %s, %s%s\n", r->o->out, lot->count,
           lot->count == 1 ? "" : "s", first, last, devid_algorithm_name(lot->algorithm),
           binding_form_name(lot->form), key_for_onboarding(lot));
    if (made == 0) {
        puts("It was whole already; nothing was changed.");
        return;
    }
    printf("%u made%s", made, r->before ? " now" : "");
    if (s >= 0.1) {
        printf(" in %.1f s, %.*f a second", s, made / s < 10 ? 1 : 0, made / s);
    }
    puts(".");
    printf("Next: `bindery binding publish %s/" IDENTITY_LOT_BINDINGS "`, `bindery device file "
           "--identity %s ...`%s.\n",
           r->o->out, r->o->out,
           lot->onboarding.form != 0 ? " without --imsi: they get theirs by attaching" : "");
}

/* ---- the subverb ---- */

/* The first Ctrl-C ends it behind a batch; a second one at once. */
static void catch_interrupt(void)
{
    struct sigaction a = {.sa_handler = interrupt, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&a.sa_mask);
    (void)sigaction(SIGINT, &a, NULL);
    (void)sigaction(SIGTERM, &a, NULL);
}

static int make_with(struct identity_maker *maker, struct run *r, const struct lot_given *given)
{
    struct identity_why why = {""};
    const struct lot_make how = {
        .given = *given, .stop = &interrupted, .progress = say_progress, .ctx = r};
    enum err e = lot_make(maker, &how, &why);
    clear_progress();
    if (e == E_CLOSED) {
        cli_error("%s: stopped with %u of %u devices; the same command goes on", r->o->out,
                  identity_maker_done(maker), r->count);
        return CLI_REFUSED;
    }
    if (e == E_OK && !identity_maker_lot(maker)->complete) {
        e = identity_maker_finish(maker, &why);
    }
    if (e != E_OK) {
        cli_error("%s; the same command goes on", why.text);
        return CLI_REFUSED;
    }
    say_whole(r, identity_maker_lot(maker));
    return CLI_DONE;
}

static int make_lot(const struct options *o, const struct identity_lot *lot,
                    const struct lot_given *given)
{
    struct identity_maker *maker;
    struct identity_why why = {""};
    if (identity_maker_open(o->out, lot, (int64_t)time(NULL), &maker, &why) != E_OK) {
        cli_error("%s", why.text);
        return CLI_REFUSED;
    }
    struct run r = {.o = o, .before = identity_maker_done(maker), .count = lot->count};
    (void)clock_gettime(CLOCK_MONOTONIC, &r.began);
    catch_interrupt();
    int rc = make_with(maker, &r, given);
    identity_maker_close(maker);
    return rc;
}

int cli_device_make(int argc, char **argv)
{
    struct options o = {0};
    struct identity_lot lot = {.first = 0};
    struct lot_roots roots = {.n = 0};
    struct lot_given given = {.n_roots = 0};
    struct pki_ca *ca = NULL;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (!take_numbers(&o, &lot) || !take_kind(&o, &lot)) {
        return CLI_USAGE;
    }
    int rc = CLI_REFUSED;
    if (open_ca(&o, &lot, &ca) &&
        (lot.onboarding.form == 0 || (lot_roots_read(&o.onboarding, cli_dir(&o.common), &roots) &&
                                      lot_roots_give(&roots, &given, &lot.onboarding)))) {
        given.ca = ca;
        rc = make_lot(&o, &lot, &given);
    }
    lot_roots_free(&roots);
    pki_ca_close(ca);
    return rc;
}
