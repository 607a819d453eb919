/* The subverb `lot recipient`: the key to which manufacturers encrypt P and Q for this operator. */
#include "cli/home.h"
#include "cli/lot.h"
#include "cli/lot_cms.h"
#include "cli/waiting.h"
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct options {
    const char *dir, *name, *algorithm;
};

enum { OPT_NAME = 0x100, OPT_ALGORITHM };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case OPT_NAME:
        o->name = arg;
        return 0;
    case OPT_ALGORITHM:
        o->algorithm = arg;
        return 0;
    case ARGP_KEY_ARG:
        if (o->dir) {
            argp_error(state, "too many arguments: '%s'", arg);
        }
        o->dir = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->dir) {
            argp_error(state, "a directory for the key and its certificate is needed");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"name", OPT_NAME, "NAME", 0, "the operator's, in the certificate (lot recipient)", 10},
    {"algorithm", OPT_ALGORITHM, "NAME", 0, "ec-p384 (default), ec-p256, rsa-3072 or rsa-4096", 10},
    {0},
};
static const struct argp argp = {
    options,
    take,
    "DIR",
    "Makes an operator's key for lots: DIR/" LOT_RECIPIENT_KEY ", which stays here, and "
    "DIR/" LOT_RECIPIENT ", the certificate that manufacturers get.\v"
    "Nothing that is there is replaced. Hand the certificate over in a way that the manufacturer "
    "can rely on: who has another in its place reads P and Q.",
    NULL,
    NULL,
    NULL};

struct making {
    const struct options *o;
    enum err e;
    struct lot_cms_text key, certificate;
    struct lot_cms_why why;
};

static void make(void *ctx)
{
    struct making *m = ctx;
    m->e = lot_cms_recipient(m->o->algorithm, m->o->name, &m->key, &m->certificate, &m->why);
}

/* Both or none. */
static bool write_both(const char *dir, const struct making *m)
{
    char key[CLI_PATH_MAX], certificate[CLI_PATH_MAX];
    if (!cli_path(dir, LOT_RECIPIENT_KEY, key, sizeof key) ||
        !cli_path(dir, LOT_RECIPIENT, certificate, sizeof certificate) || !home_make(dir) ||
        !home_write(dir, LOT_RECIPIENT_KEY, m->key.p, m->key.n)) {
        return false;
    }
    if (!home_write(dir, LOT_RECIPIENT, m->certificate.p, m->certificate.n)) {
        (void)unlink(key);
        return false;
    }
    (void)chmod(certificate, 0644); /* it is for others */
    return true;
}

int lot_recipient(int argc, char **argv)
{
    struct options o = {.name = "lot recipient", .algorithm = "ec-p384"};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (!*o.name || strlen(o.name) > 64) {
        cli_error("--name takes 1 to 64 characters");
        return CLI_USAGE;
    }
    if (!lot_is_new(o.dir, LOT_RECIPIENT_KEY) || !lot_is_new(o.dir, LOT_RECIPIENT)) {
        return CLI_REFUSED;
    }
    struct making m = {.o = &o};
    waiting_for("making a key", make, &m);
    if (m.e != E_OK) {
        cli_error("--algorithm %s", m.why.text);
        return m.e == E_UNSUPPORTED ? CLI_USAGE : CLI_REFUSED;
    }
    bool good = write_both(o.dir, &m);
    lot_cms_free(&m.key);
    lot_cms_free(&m.certificate);
    if (!good) {
        return CLI_REFUSED;
    }
    printf("%s/" LOT_RECIPIENT " is for the manufacturers, for `bindery lot make --to`;\n"
           "%s/" LOT_RECIPIENT_KEY " stays here, for `bindery lot import --key`\n",
           o.dir, o.dir);
    return CLI_DONE;
}
