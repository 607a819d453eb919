/* The subverb `lot import`: P and Q of a manufacturer's lot into the HSS. */
#include "cli/api_client.h"
#include "cli/lot.h"
#include "cli/lot_cms.h"
#include "cli/lot_content.h"
#include "cli/memory.h"
#include "cli/secret_input.h"
#include <ctype.h>
#include <string.h>

struct options {
    struct cli_common common;
    const char *file, *key, *certificate, *fingerprint;
    bool dry_run;
};

enum { OPT_KEY = 0x100, OPT_CERTIFICATE, OPT_FINGERPRINT };

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case OPT_KEY:
        o->key = arg;
        return 0;
    case OPT_CERTIFICATE:
        o->certificate = arg;
        return 0;
    case OPT_FINGERPRINT:
        o->fingerprint = arg;
        return 0;
    case 'n':
        o->dry_run = true;
        return 0;
    case ARGP_KEY_ARG:
        if (o->file) {
            argp_error(state, "too many arguments: '%s'", arg);
        }
        o->file = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->file || !o->key || !o->certificate) {
            argp_error(state, "a file, --key and --certificate are needed");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option options[] = {
    {"key", OPT_KEY, "FILE", 0, "this operator's " LOT_RECIPIENT_KEY, 10},
    {"certificate", OPT_CERTIFICATE, "FILE", 0, "its " LOT_RECIPIENT, 10},
    {"fingerprint", OPT_FINGERPRINT, "SHA256", 0,
     "refuse unless this is the SHA-256 of N: what the manufacturer says it is", 10},
    {"dry-run", 'n', NULL, 0, "open the file, check P and Q, show what it is, and change nothing",
     10},
    {0},
};
static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    options,
    take,
    "FILE.lot.cms",
    "Gives the HSS P and Q of a manufacturer's lot, so that it can take the KMEs that the lot's "
    "devices make.\v"
    "P and Q are checked first: sizes, distance, exponents, and that they are prime. Anybody could "
    "have encrypted such a file to you: compare the SHA-256 of N with what the manufacturer says "
    "by another way, or give it as --fingerprint. The same file again changes nothing; a lot whose "
    "IMEIs another one covers is refused, and both are named.",
    children,
    NULL,
    NULL};

/* ---- the file ---- */

/* P and Q stand in plain text only where memory is wiped. */
static enum err open_file(const struct options *o, struct bytes pem, struct lot_content *out)
{
    struct lot_cms_why why = {""};
    struct lot_content_why inside = {""};
    size_t n = 0;
    uint8_t *plain = wiped_malloc(LOT_CMS_PLAIN_MAX);
    if (!plain) {
        cli_error("%s: %s", o->file, err_sentence(E_MEMORY));
        return E_MEMORY;
    }
    enum err e = lot_cms_open(o->file, pem, o->key, o->certificate,
                              (struct mbytes){plain, LOT_CMS_PLAIN_MAX}, &n, &why);
    if (e != E_OK) {
        cli_error("%s", why.text);
    } else {
        e = lot_content_read((struct bytes){plain, n}, out, &inside);
        if (e != E_OK) {
            cli_error("%s: inside, %s", o->file, inside.text);
        }
    }
    wiped_free(plain);
    return e;
}

static bool read_file(const struct options *o, struct lot_content *out)
{
    size_t n = 0;
    char *text = wiped_malloc(LOT_CMS_MAX);
    bool good = text && secret_read_whole(o->file, true, text, LOT_CMS_MAX, &n) &&
                open_file(o, (struct bytes){(const uint8_t *)text, n}, out) == E_OK;
    wiped_free(text);
    return good;
}

/* ---- what people compare ---- */

/* Hex digits as people write them: in either case, with colons or spaces between octets. */
static bool same_fingerprint(const char *given, const char *is)
{
    size_t n = 0;
    for (; *given; given++) {
        if (*given == ':' || *given == ' ') {
            continue;
        }
        if (n == LOT_FINGERPRINT_TEXT - 1 || tolower((unsigned char)*given) != is[n]) {
            return false;
        }
        n++;
    }
    return n == LOT_FINGERPRINT_TEXT - 1;
}

static bool is_expected(const struct options *o, const struct lot_file *file,
                        char fingerprint[static LOT_FINGERPRINT_TEXT])
{
    if (lot_fingerprint((struct bytes){file->lot.modulus, file->lot.modulus_n}, fingerprint) !=
        E_OK) {
        cli_error("%s: the SHA-256 of N cannot be computed", o->file);
        return false;
    }
    if (o->fingerprint && !same_fingerprint(o->fingerprint, fingerprint)) {
        cli_error("%s: N has the SHA-256 %s and not the one that --fingerprint says; this is not "
                  "the file that the manufacturer made",
                  o->file, fingerprint);
        return false;
    }
    return true;
}

/* ---- the HSS ---- */

static void say_json(const struct lot_file *file, const char *fingerprint, const char *did)
{
    json_t *all =
        json_pack("{s:s,s:s,s:i,s:s,s:o,s:s}", "id", file->lot.id.text, "manufacturer",
                  file->lot.manufacturer, "bits", (int)lot_bits(&file->lot), "fingerprint",
                  fingerprint, "ranges", lot_content_ranges(file), "did", did);
    api_print_json(all);
    json_decref(all);
}

static void say(const struct options *o, const struct lot_file *file, const char *fingerprint,
                const char *did)
{
    if (o->common.json) {
        say_json(file, fingerprint, did);
        return;
    }
    lot_say(file, fingerprint);
    puts(!strcmp(did, "added")       ? "\nThe HSS has it now. Compare the SHA-256 of N with the "
                                       "manufacturer's, if you have not."
         : !strcmp(did, "unchanged") ? "\nThe HSS had it already; nothing was changed."
                                     : "\nThe file opens, and P and Q are good. Nothing was "
                                       "changed.");
}

static int put(const struct options *o, const struct lot_content *c, const char *fingerprint)
{
    char path[64];
    struct api_answer answer;
    json_t *body = lot_content_body(c);
    if (!body) {
        cli_error("%s: %s", o->file, err_sentence(E_MEMORY));
        return CLI_REFUSED;
    }
    snprintf(path, sizeof path, "/v1/lots/%s", c->file.lot.id.text);
    const struct api_request request = {.method = "PUT", .path = path, .json = body};
    int rc = api_once(&o->common, c->file.lot.id.text, &request, &answer);
    json_decref(body);
    if (rc == CLI_DONE) {
        say(o, &c->file, fingerprint, answer.status == 201 ? "added" : "unchanged");
        api_answer_free(&answer);
    }
    return rc;
}

int lot_import(int argc, char **argv)
{
    struct options o = {.dry_run = false};
    char fingerprint[LOT_FINGERPRINT_TEXT];
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    struct lot_content c = {.n = 0};
    int rc = CLI_REFUSED;
    if (read_file(&o, &c) && lot_id_check(c.file.lot.id.text) &&
        is_expected(&o, &c.file, fingerprint)) {
        rc = CLI_DONE;
        if (o.dry_run) {
            say(&o, &c.file, fingerprint, "nothing");
        } else {
            rc = put(&o, &c, fingerprint);
        }
    }
    lot_content_wipe(&c);
    return rc;
}
