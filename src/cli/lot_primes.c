/* The subverb `lot make`: P and Q of a manufacturer's lot, N for its devices. */
#include "cli/api_client.h"
#include "cli/home.h"
#include "cli/lot.h"
#include "cli/lot_cms.h"
#include "cli/lot_content.h"
#include "cli/memory.h"
#include "cli/waiting.h"
#include <string.h>
#include <time.h>
#include <unistd.h>

struct options {
    struct cli_common common;
    const char *id, *manufacturer, *bits, *dir;
    const char *to[LOT_CMS_RECIPIENTS_MAX];
    size_t n_to;
    struct lot_file ranges; /* the ranges alone */
};

enum { OPT_ID = 0x100, OPT_MANUFACTURER, OPT_RANGE, OPT_BITS, OPT_TO };

/* One or several with commas between. */
static void take_range(struct options *o, const char *arg, struct argp_state *state)
{
    struct imei_range range, with;
    char text[IMEI_RANGE_TEXT_MAX];
    for (const char *p = arg; p; p = strchr(p, ',') ? strchr(p, ',') + 1 : NULL) {
        const struct bytes one = {(const uint8_t *)p, strcspn(p, ",")};
        enum err e = imei_range_parse(one, &range);
        if (e != E_OK) {
            argp_error(state,
                       "--range '%.60s': write the 8 digits of a TAC, or the first and the last "
                       "IMEI with a hyphen between",
                       arg);
            return;
        }
        e = lot_file_add(&o->ranges, &range, &with);
        if (e == E_CONFLICT) {
            imei_range_print(&with, text);
            argp_error(state, "--range '%.60s': %s covers some of the same IMEIs", arg, text);
        } else if (e != E_OK) {
            argp_error(state, "--range '%.60s': %s", arg, err_sentence(e));
        }
    }
}

static void check(const struct options *o, struct argp_state *state)
{
    if (!o->id || !o->manufacturer || !o->ranges.n || !o->n_to) {
        argp_error(state, "--id, --manufacturer, --range and --to are needed");
    } else if (!o->dir) {
        argp_error(state, "a directory for the two files is needed");
    }
}

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case OPT_ID:
        o->id = arg;
        return 0;
    case OPT_MANUFACTURER:
        o->manufacturer = arg;
        return 0;
    case OPT_RANGE:
        take_range(o, arg, state);
        return 0;
    case OPT_BITS:
        o->bits = arg;
        return 0;
    case OPT_TO:
        if (o->n_to == LOT_CMS_RECIPIENTS_MAX) {
            argp_error(state, "at most %d recipients", LOT_CMS_RECIPIENTS_MAX);
        } else {
            o->to[o->n_to++] = arg;
        }
        return 0;
    case ARGP_KEY_ARG:
        if (o->dir) {
            argp_error(state, "too many arguments: '%s'; each certificate has a --to", arg);
        }
        o->dir = arg;
        return 0;
    case ARGP_KEY_END:
        check(o, state);
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"id", OPT_ID, "ID", 0, "the lot's name: 1 to 32 letters, digits, '.', '-' and '_'", 10},
    {"manufacturer", OPT_MANUFACTURER, "NAME", 0, "who makes the devices", 10},
    {"range", OPT_RANGE, "RANGE", 0,
     "IMEIs of the lot: the 8 digits of a TAC, or FIRST-LAST of 14 digits each; may be repeated",
     10},
    {"bits", OPT_BITS, "N", 0, "of N = PQ: 2048, 3072 (default) or 4096", 10},
    {"to", OPT_TO, "FILE", 0,
     "certificate of an operator that gets P and Q (`bindery lot recipient`); may be repeated", 10},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    options,
    take,
    "DIR",
    "Makes the modulus N = PQ of a lot of devices: DIR/ID" LOT_PUBLIC_SUFFIX ", which goes into "
    "the devices, and DIR/ID" LOT_PRIVATE_SUFFIX ", which has P and Q, encrypted to the operators "
    "that serve them.\v"
    "P and Q are primes by FIPS 186-4 B.3.6, checked a second time, and are kept nowhere else: who "
    "has none of the recipients' keys cannot get them back. Nothing that is there is replaced. The "
    "SHA-256 of N is for people: operators compare what `bindery lot import` shows.",
    children,
    NULL,
    NULL};

/* ---- making ---- */

struct making {
    unsigned bits;
    struct lot_key *key;
    enum err e;
};

static void make_key(void *ctx)
{
    struct making *m = ctx;
    m->e = lot_key_make(m->bits, &m->key);
}

/* Is there a way to everybody who is to get it? Better known before the long work than behind. */
static bool recipients_are_good(const struct options *o)
{
    struct lot_cms_text text;
    struct lot_cms_why why;
    enum err e = lot_cms_seal(o->to, o->n_to, BYTES_LIT("{}"), &text, &why);
    if (e != E_OK) {
        cli_error("--to %s", why.text);
    }
    lot_cms_free(&text);
    return e == E_OK;
}

static bool seal(const struct options *o, const struct lot_content *c, struct lot_cms_text *out)
{
    struct lot_cms_why why = {""};
    size_t n = 0;
    uint8_t *plain = wiped_malloc(LOT_CMS_PLAIN_MAX);
    enum err e =
        plain ? lot_content_write(c, (struct mbytes){plain, LOT_CMS_PLAIN_MAX}, &n) : E_MEMORY;
    if (e == E_OK) {
        e = lot_cms_seal(o->to, o->n_to, (struct bytes){plain, n}, out, &why);
    }
    if (e != E_OK) {
        cli_error("%s: %s", o->id, *why.text ? why.text : err_sentence(e));
    }
    wiped_free(plain);
    return e == E_OK;
}

/* P and Q first: no N may go into devices that nobody can decrypt for. */
static bool write_both(const struct options *o, const struct lot_content *c)
{
    struct lot_cms_text text = {NULL, 0};
    struct lot_file_why why;
    char name[LOT_NAME_MAX], secret[CLI_PATH_MAX], open[CLI_PATH_MAX];
    snprintf(name, sizeof name, "%s" LOT_PUBLIC_SUFFIX, o->id);
    if (!cli_path(o->dir, name, open, sizeof open)) {
        return false;
    }
    snprintf(name, sizeof name, "%s" LOT_PRIVATE_SUFFIX, o->id);
    bool good = cli_path(o->dir, name, secret, sizeof secret) && home_make(o->dir) &&
                seal(o, c, &text) && home_write(o->dir, name, text.p, text.n);
    lot_cms_free(&text);
    if (good && lot_file_save(open, &c->file, &why) != E_OK) {
        cli_error("%s", why.text);
        (void)unlink(secret);
        return false;
    }
    return good;
}

/* ---- saying ---- */

static void say_json(const struct options *o, const struct lot_content *c, const char *fingerprint)
{
    json_t *to = json_array();
    for (size_t i = 0; i < o->n_to; i++) {
        (void)json_array_append_new(to, json_string(o->to[i]));
    }
    json_t *all = json_pack("{s:s,s:s,s:i,s:s,s:o,s:o,s:o,s:o}", "id", o->id, "manufacturer",
                            o->manufacturer, "bits", (int)lot_bits(&c->file.lot), "fingerprint",
                            fingerprint, "ranges", lot_content_ranges(&c->file), "public",
                            json_sprintf("%s/%s" LOT_PUBLIC_SUFFIX, o->dir, o->id), "private",
                            json_sprintf("%s/%s" LOT_PRIVATE_SUFFIX, o->dir, o->id), "to", to);
    api_print_json(all);
    json_decref(all);
}

static void say(const struct options *o, const struct lot_content *c, double seconds)
{
    char fingerprint[LOT_FINGERPRINT_TEXT] = "";
    if (lot_fingerprint((struct bytes){c->file.lot.modulus, c->file.lot.modulus_n}, fingerprint) !=
        E_OK) {
        cli_error("%s: the SHA-256 of N cannot be computed", o->id);
    }
    if (o->common.json) {
        say_json(o, c, fingerprint);
        return;
    }
    lot_say(&c->file, fingerprint);
    printf("made in %.1f s, for %zu operator%s\n", seconds, o->n_to, o->n_to == 1 ? "" : "s");
    printf("\n%s/%s" LOT_PUBLIC_SUFFIX " goes into the devices: `bindery device file --lot`.\n"
           "%s/%s" LOT_PRIVATE_SUFFIX " goes to the operator%s: `bindery lot import`, which shows "
           "the SHA-256 of N\nagain; compare the two, by another way than the file came.\n",
           o->dir, o->id, o->dir, o->id, o->n_to == 1 ? "" : "s");
}

/* ---- the subverb ---- */

static bool take_bits(const struct options *o, unsigned *bits)
{
    long n = 3072;
    if (o->bits && (!cli_number("--bits", o->bits, 2048, 4096, &n))) {
        return false;
    }
    if (n % 1024) {
        cli_error("--bits takes 2048, 3072 or 4096, not %ld", n);
        return false;
    }
    *bits = (unsigned)n;
    return true;
}

static double seconds_now(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

static int make_lot(struct options *o, struct making *m)
{
    struct lot_content c = {.n = 0};
    struct lot_content_why why;
    const double began = seconds_now();
    waiting_for("making P and Q", make_key, m);
    if (m->e != E_OK) {
        cli_error("P and Q could not be made: %s", err_sentence(m->e));
        return CLI_REFUSED;
    }
    const double took = seconds_now() - began;
    enum err e = lot_content_make(o->id, o->manufacturer, m->key, &c, &why);
    lot_key_close(m->key);
    if (e != E_OK) {
        cli_error("%s", why.text);
        return CLI_REFUSED;
    }
    c.file.ranges = o->ranges.ranges;
    c.file.n = o->ranges.n;
    bool good = write_both(o, &c);
    if (good) {
        say(o, &c, took);
    }
    c.file.ranges = NULL; /* the options' */
    c.file.n = 0;
    lot_content_wipe(&c);
    return good ? CLI_DONE : CLI_REFUSED;
}

static bool files_are_new(const struct options *o)
{
    char name[LOT_NAME_MAX];
    snprintf(name, sizeof name, "%s" LOT_PRIVATE_SUFFIX, o->id);
    if (!lot_is_new(o->dir, name)) {
        return false;
    }
    snprintf(name, sizeof name, "%s" LOT_PUBLIC_SUFFIX, o->id);
    return lot_is_new(o->dir, name);
}

static bool manufacturer_is_good(const char *name)
{
    const size_t n = strlen(name);
    bool good = n > 0 && n <= KME_LOT_MANUFACTURER_MAX;
    for (size_t i = 0; i < n; i++) {
        good = good && name[i] >= ' ' && name[i] <= '~';
    }
    if (!good) {
        cli_error("--manufacturer takes 1 to %d printable ASCII characters",
                  KME_LOT_MANUFACTURER_MAX);
    }
    return good;
}

int lot_primes(int argc, char **argv)
{
    struct options o = {.n_to = 0};
    struct making m = {.bits = 0};
    int rc = CLI_USAGE;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) == 0 && lot_id_check(o.id) &&
        manufacturer_is_good(o.manufacturer) && take_bits(&o, &m.bits)) {
        rc = files_are_new(&o) && recipients_are_good(&o) ? make_lot(&o, &m) : CLI_REFUSED;
    }
    lot_file_free(&o.ranges);
    return rc;
}
