/* The subverb `device se`: devices with a secure element and no subscription (proc/dimsi.h). */
#include "cli/pki.h"

#include "device/linux/se_maker.h"
#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define SNR_MOST 999999

struct options {
    struct cli_common common;
    const char *tac, *first, *count, *ci, *out;
    long first_n, count_n;
};

enum { OPT_FIRST = 0x100, OPT_CI };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
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
    case OPT_CI:
        o->ci = arg;
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
    {"ci", OPT_CI, "DIR", 0, "where ci.crt, pn.crt and pn.key are (ci in --dir)", 10},
    {"out", 'o', "DIR", 0, "where their state files go: one file IMEI.json for each", 10},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    options,
    take,
    NULL,
    "Makes devices with a secure element each: its key is made on board, its part number's key "
    "signs its certificate. They know no country and no operator yet.\v"
    "A device that is there already stays as it is, so the same command goes on where it stopped.",
    children,
    NULL,
    NULL};

static bool take_numbers(struct options *o)
{
    if (strlen(o->tac) != 8 || strspn(o->tac, "0123456789") != 8) {
        cli_error("--tac takes 8 digits, not '%.40s'", o->tac);
        return false;
    }
    if ((o->first && !cli_number("--first", o->first, 0, SNR_MOST, &o->first_n)) ||
        !cli_number("--count", o->count, 1, SNR_MOST + 1, &o->count_n)) {
        return false;
    }
    if (o->first_n + o->count_n > SNR_MOST + 1) {
        cli_error("--first %ld and --count %ld: a TAC has serial numbers up to %d", o->first_n,
                  o->count_n, SNR_MOST);
        return false;
    }
    return true;
}

/*= dimsi-0c-keys */
static bool make_one(const struct pki_maker *maker, const struct imei *imei, const char *path)
{
    static struct device_state state;
    uint8_t spki[SIGNER_PUBLIC_MAX], certificate[1024];
    struct device_why why = {""};
    size_t n = 0;
    memset(&state, 0, sizeof state);
    state.imei = *imei;
    bool good = se_maker_key(&state, spki, &n) == E_OK;
    const size_t len =
        good ? pki_se_certificate(maker, (struct bytes){spki, n}, MBYTES_OF(certificate)) : 0;
    const struct bytes chain[] = {{certificate, len}, pki_maker_part_number(maker)};
    const struct bytes ci = pki_maker_ci(maker);
    good = len > 0 && se_maker_certify(&state, chain, 2, &ci, 1, &why) == E_OK &&
           device_state_save(path, true, &state, &why) == E_OK;
    device_state_wipe(&state);
    if (!good) {
        cli_error("%s: %s", path, *why.text ? why.text : "the secure element cannot be made");
    }
    return good;
}

static int make_all(const struct options *o, const struct pki_maker *maker)
{
    long made = 0, there = 0;
    for (long i = 0; i < o->count_n; i++) {
        char digits[IMEI_DIGITS + 2], leaf[IMEI_DIGITS + 8], path[CLI_PATH_MAX];
        struct imei imei;
        snprintf(digits, sizeof digits, "%s%06ld", o->tac, o->first_n + i);
        if (!cli_imei(digits, &imei)) {
            return CLI_USAGE;
        }
        snprintf(leaf, sizeof leaf, "%s.json", digits);
        if (!cli_path(o->out, leaf, path, sizeof path)) {
            return CLI_REFUSED;
        }
        if (access(path, F_OK) == 0) {
            there++;
        } else if (make_one(maker, &imei, path)) {
            made++;
        } else {
            return CLI_REFUSED;
        }
    }
    if (o->common.json) {
        printf("{\"out\":\"%s\",\"made\":%ld,\"there\":%ld}\n", o->out, made, there);
        return CLI_DONE;
    }
    printf("%ld device%s made in %s", made, made == 1 ? "" : "s", o->out);
    if (there > 0) {
        printf(", %ld were there already", there);
    }
    printf(". Next: `bindery sp order --devices %s`\n", o->out);
    return CLI_DONE;
}

int cli_device_se(int argc, char **argv)
{
    struct options o = {.tac = NULL};
    char dir[CLI_PATH_MAX];
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0 || !take_numbers(&o)) {
        return CLI_USAGE;
    }
    if (!o.ci && !cli_path(cli_dir(&o.common), "ci", dir, sizeof dir)) {
        return CLI_USAGE;
    }
    struct pki_maker *maker = pki_maker_open(o.ci ? o.ci : dir);
    int rc = CLI_REFUSED;
    if (maker && mkdir(o.out, 0700) != 0 && errno != EEXIST) {
        cli_error("%s: %s", o.out, strerror(errno));
    } else if (maker) {
        rc = make_all(&o, maker);
    }
    pki_maker_close(maker);
    return rc;
}
