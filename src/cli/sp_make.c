/* Steps 0-a, 0-b and 0-c at the service provider: src/cli/sp.h. */
#include "cli/sp.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- 0-a ---- */

struct word {
    struct sp_options sp;
    const char *word;
};

static error_t take_word(int key, char *arg, struct argp_state *state)
{
    struct word *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->sp;
        return 0;
    case ARGP_KEY_ARG:
        if (o->word) {
            argp_error(state, "too many arguments: '%s'", arg);
        }
        o->word = arg;
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&sp_argp, 0, NULL, 0}, {0}};
static const struct argp arpf_argp = {
    NULL,
    take_word,
    "https://HOST:PORT",
    "Fetches an ARPF's certificate for key agreement, and keeps it under the ARPF's name (step "
    "0-a). Again: when the ARPF has another one.",
    children,
    NULL,
    NULL};

/*= dimsi-0a */
static int keep_arpf(struct sp *s, const char *link, const struct sp_answer *a, bool json)
{
    struct dimsi_name name;
    struct dimsi_json_fault fault;
    struct dimsi_json_space space = {.n = 0};
    struct bytes chain[DIMSI_CHAIN_MAX];
    size_t n;
    const char *text = json_string_value(json_object_get(a->body, "name"));
    const json_t *certificates = json_object_get(a->body, "certificates");
    if (!text || dimsi_name_parse(bytes_of_str(text), &name) != E_OK) {
        cli_error("%s: the answer names no ARPF", link);
        return CLI_REFUSED;
    }
    if (!dimsi_json_chain(certificates, "certificates", &space, chain, &n, &fault)) {
        cli_error("%s: %s", link, fault.text);
        return CLI_REFUSED;
    }
    json_t *kept =
        json_pack("{s:s, s:s, s:O}", "name", name.text, "link", link, "certificates", certificates);
    const bool good = kept && sp_write(s, "arpfs", name.text, kept);
    if (good && json) {
        printf("{\"arpf\":\"%s\",\"certificates\":%zu}\n", name.text, n);
    } else if (good) {
        printf("%s: its certificate is kept. Next: `bindery sp order --arpf %s`\n", name.text,
               name.text);
    }
    json_decref(kept);
    return good ? CLI_DONE : CLI_REFUSED;
}

int sp_arpf(int argc, char **argv)
{
    static struct sp s;
    struct word o = {.word = NULL};
    struct sp_answer a;
    if (argp_parse(&arpf_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (!o.word) {
        cli_error("%s needs the ARPF's link, https://HOST:PORT", argv[0]);
        return CLI_USAGE;
    }
    if (!sp_link(o.word)) {
        return CLI_USAGE;
    }
    int rc = sp_open_to_write(&o.sp, argv[0], &s);
    if (rc == CLI_DONE) {
        rc = sp_do(&s, o.word, "GET", o.word, "/v1/certificate", NULL, &a);
    }
    if (rc == CLI_DONE) {
        rc = keep_arpf(&s, o.word, &a, o.sp.common.json);
        sp_answer_free(&a);
    }
    sp_close(&s);
    return rc;
}

/* ---- 0-b ---- */

struct order {
    struct sp_options sp;
    const char *arpf, *dimsis, *out, *devices;
    bool again;
    char **imeis;
    size_t n;
};
enum { OPT_ARPF = 0x100, OPT_DIMSIS, OPT_OUT, OPT_DEVICES, OPT_AGAIN };

static error_t take_order(int key, char *arg, struct argp_state *state)
{
    struct order *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->sp;
        return 0;
    case OPT_ARPF:
        o->arpf = arg;
        return 0;
    case OPT_DIMSIS:
        o->dimsis = arg;
        return 0;
    case OPT_OUT:
        o->out = arg;
        return 0;
    case OPT_DEVICES:
        o->devices = arg;
        return 0;
    case OPT_AGAIN:
        o->again = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->imeis = state->argv + state->next;
        o->n = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_END:
        if (!o->arpf || !o->dimsis || !o->out || (!o->devices && !o->n)) {
            argp_error(state, "--arpf, --dimsis, --out and devices are needed: IMEIs, or --devices "
                              "DIR");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option order_options[] = {
    {"arpf", OPT_ARPF, "NAME", 0, "the ARPF, as `bindery sp arpf` kept it", 10},
    {"dimsis", OPT_DIMSIS, "FIRST-LAST", 0, "the discovery IMSIs to give; those given are passed",
     10},
    {"out", OPT_OUT, "DIR", 0, "where the orders go: one file IMEI.json for each device", 10},
    {"devices", OPT_DEVICES, "DIR", 0, "the devices of this folder: files IMEI.json", 10},
    {"again", OPT_AGAIN, NULL, 0, "also to those that have one that is open: it costs a slot", 10},
    {0},
};
static const struct argp order_argp = {
    order_options,
    take_order,
    "[IMEI...]",
    "Gives each device a discovery IMSI and the ARPF's certificate: an order for its secure "
    "element, which `bindery-ue se accept` carries out (step 0-b). A device whose discovery IMSI "
    "is "
    "open, because nobody took it back, gets no second one without --again.",
    children,
    NULL,
    NULL};

static bool count_up(struct imsi *d)
{
    for (size_t i = d->n; i-- > 0;) {
        if (d->digits[i] != '9') {
            d->digits[i]++;
            return true;
        }
        d->digits[i] = '0';
    }
    return false;
}

/* The next of the range that nobody has. */
static bool next_free(const struct sp *s, struct imsi *at, const struct imsi *last)
{
    while (strcmp(at->digits, last->digits) <= 0) {
        if (!sp_has(s, "devices", at->digits)) {
            return true;
        }
        if (!count_up(at)) {
            break;
        }
    }
    cli_error("no discovery IMSI is left up to %s; give another range with --dimsis", last->digits);
    return false;
}

/*= dimsi-0b */
static bool order_one(const struct sp *s, const struct order *o, const json_t *certificates,
                      const char *imei, const struct imsi *dimsi)
{
    char leaf[40], path[CLI_PATH_MAX];
    snprintf(leaf, sizeof leaf, "%.20s.json", imei);
    json_t *device = json_pack("{s:s, s:s, s:s, s:n, s:n, s:[]}", "dimsi", dimsi->digits, "imei",
                               imei, "arpf", o->arpf, "token", "certificates", "offers");
    json_t *order = json_pack("{s:s, s:s, s:O}", "dimsi", dimsi->digits, "sp", s->name.text, "arpf",
                              certificates);
    /* known here before it leaves: the dIMSI is given once */
    const bool good = device && order && sp_write_new(s, "devices", dimsi->digits, device) &&
                      cli_path(o->out, leaf, path, sizeof path) && sp_save(path, false, order);
    json_decref(device);
    json_decref(order);
    return good;
}

/* By IMEI, the discovery IMSI of each device that was not taken back: the caller's reference. NULL
 * and said. */
static json_t *open_ones(const struct sp *s)
{
    char path[CLI_PATH_MAX], **names = NULL;
    size_t n = 0;
    json_t *open = json_object();
    bool good = open && sp_folder_path(s, "devices", path) && sp_names(path, &names, &n);
    for (size_t i = 0; good && i < n; i++) {
        json_t *device = sp_read(s, "devices", names[i]);
        const char *imei = json_string_value(json_object_get(device, "imei"));
        if (imei && !sp_taken_back(sp_last_offer(device))) {
            good = json_object_set_new(open, imei, json_string(names[i])) == 0;
        }
        json_decref(device);
    }
    sp_names_free(names, n);
    if (!good) {
        json_decref(open);
    }
    return good ? open : NULL;
}

/* A slot of a secure element is not given back: a second order is none that comes by mistake. */
static bool is_open(const json_t *open, const char *imei)
{
    const char *dimsi = json_string_value(json_object_get(open, imei));
    if (dimsi) {
        cli_error("%.20s: it has %s, which is open; --again gives it another one", imei, dimsi);
    }
    return dimsi != NULL;
}

struct ordered {
    size_t done, had;
};

static bool order_each(const struct sp *s, const struct order *o, const json_t *certificates,
                       char **imeis, size_t n, struct ordered *of)
{
    struct imsi at, last;
    json_t *open = o->again ? json_object() : open_ones(s);
    bool good = open && sp_range(o->dimsis, &at, &last);
    if (good && mkdir(o->out, 0700) != 0 && errno != EEXIST) {
        cli_error("%s: %s", o->out, strerror(errno));
        good = false;
    }
    for (size_t i = 0; good && i < n; i++) {
        struct imei imei;
        if (is_open(open, imeis[i])) {
            of->had++;
            continue;
        }
        good = cli_imei(imeis[i], &imei) && next_free(s, &at, &last) &&
               order_one(s, o, certificates, imeis[i], &at) &&
               (o->again || json_object_set_new(open, imeis[i], json_string(at.digits)) == 0);
        of->done += good;
    }
    json_decref(open);
    return good;
}

static int order_all(const struct sp *s, const struct order *o, char **imeis, size_t n)
{
    struct ordered of = {0, 0};
    json_t *arpf = sp_read(s, "arpfs", o->arpf);
    if (!arpf) {
        cli_error("%s: this ARPF is not known here; `bindery sp arpf LINK` fetches its certificate",
                  o->arpf);
        return CLI_REFUSED;
    }
    const bool good =
        order_each(s, o, json_object_get(arpf, "certificates"), imeis, n, &of) && of.had == 0;
    json_decref(arpf);
    if (o->sp.common.json) {
        printf("{\"orders\":%zu,\"wanted\":%zu,\"open\":%zu}\n", of.done, n, of.had);
    } else if (of.done > 0) {
        printf("%zu order%s in %s. Next, with the devices: `bindery-ue se accept --devices DIR "
               "--orders %s --credentials DIR`, then `bindery sp collect`\n",
               of.done, of.done == 1 ? "" : "s", o->out, o->out);
    }
    return good ? CLI_DONE : CLI_REFUSED;
}

int sp_order(int argc, char **argv)
{
    static struct sp s;
    struct order o = {.n = 0};
    char **names = NULL;
    size_t n = 0;
    if (argp_parse(&order_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = sp_open_to_write(&o.sp, argv[0], &s);
    if (rc == CLI_DONE && o.devices && !sp_names(o.devices, &names, &n)) {
        rc = CLI_REFUSED;
    }
    if (rc == CLI_DONE) {
        rc = o.devices ? order_all(&s, &o, names, n) : order_all(&s, &o, o.imeis, o.n);
    }
    sp_names_free(names, n);
    sp_close(&s);
    return rc;
}

/* ---- 0-c ---- */

struct collect {
    struct sp_options sp;
    bool replace;
    char **paths;
    size_t n;
};
enum { OPT_REPLACE = 0x100 };

static error_t take_collect(int key, char *arg, struct argp_state *state)
{
    struct collect *o = state->input;
    (void)arg;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->sp;
        return 0;
    case OPT_REPLACE:
        o->replace = true;
        return 0;
    case ARGP_KEY_ARGS:
        o->paths = state->argv + state->next;
        o->n = (size_t)(state->argc - state->next);
        return 0;
    case ARGP_KEY_NO_ARGS:
        argp_error(state, "a file of SE CREDENTIALS, or a folder of them, is needed");
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_option collect_options[] = {
    {"replace", OPT_REPLACE, NULL, 0,
     "take those of another secure element, or older ones, in the place of those that are here",
     10},
    {0},
};
static const struct argp collect_argp = {
    collect_options,
    take_collect,
    "FILE|DIR...",
    "Takes in SE CREDENTIALS, of devices that were given an order here (step 0-c).",
    children,
    NULL,
    NULL};

static const char *fault_of(const struct sp *s, bool replace, const json_t *credentials,
                            const json_t *device, struct dimsi_json_fault *fault)
{
    const char *name = json_string_value(json_object_get(device, "arpf"));
    json_t *arpf = name ? sp_read(s, "arpfs", name) : NULL;
    const char *wrong = sp_judge(s, credentials, device, arpf, fault);
    json_decref(arpf);
    return wrong || replace ? wrong : sp_judge_replacing(credentials, device);
}

/*= dimsi-0c-store */
static bool collect_one(const struct sp *s, bool replace, const char *path)
{
    struct dimsi_json_fault fault = {""};
    struct imsi dimsi;
    json_t *credentials = sp_load(path);
    const char *text = json_string_value(json_object_get(credentials, "dimsi"));
    if (credentials && !text) {
        cli_error("%s: it holds no SE CREDENTIALS: no dimsi", path);
    }
    json_t *device = text && sp_dimsi(text, &dimsi) ? sp_read(s, "devices", dimsi.digits) : NULL;
    if (text && !device) {
        cli_error("%s: nobody was given %.20s here", path, text);
    }
    const char *wrong = device ? fault_of(s, replace, credentials, device, &fault) : "";
    bool good = wrong == NULL;
    if (device && wrong) {
        cli_error("%s: %s", path, wrong);
    }
    if (good) {
        good = json_object_set(device, "token", json_object_get(credentials, "token")) == 0 &&
               json_object_set(device, "certificates",
                               json_object_get(credentials, "certificates")) == 0 &&
               sp_write(s, "devices", dimsi.digits, device);
    }
    json_decref(device);
    json_decref(credentials);
    return good;
}

static void collect_path(const struct sp *s, bool replace, const char *path, size_t *done,
                         size_t *failed)
{
    struct stat st;
    char **names = NULL;
    size_t n = 0;
    if (stat(path, &st) != 0 || !S_ISDIR(st.st_mode)) {
        *(collect_one(s, replace, path) ? done : failed) += 1;
        return;
    }
    *failed += !sp_names(path, &names, &n);
    for (size_t i = 0; i < n; i++) {
        char file[CLI_PATH_MAX], leaf[100];
        snprintf(leaf, sizeof leaf, "%.80s.json", names[i]);
        *(cli_path(path, leaf, file, sizeof file) && collect_one(s, replace, file) ? done
                                                                                   : failed) += 1;
    }
    sp_names_free(names, n);
}

int sp_collect(int argc, char **argv)
{
    static struct sp s;
    struct collect o = {.n = 0};
    size_t done = 0, failed = 0;
    if (argp_parse(&collect_argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    int rc = sp_open_to_write(&o.sp, argv[0], &s);
    for (size_t i = 0; rc == CLI_DONE && i < o.n; i++) {
        collect_path(&s, o.replace, o.paths[i], &done, &failed);
    }
    sp_close(&s);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (o.sp.common.json) {
        printf("{\"collected\":%zu,\"refused\":%zu}\n", done, failed);
    } else {
        printf("SE CREDENTIALS of %zu device%s, %zu refused. Next: `bindery sp offer --to PLMN "
               "--link LINK --all`\n",
               done, done == 1 ? "" : "s", failed);
    }
    return failed == 0 ? CLI_DONE : CLI_REFUSED;
}
