/* The verb `device`: the devices that a subscription may be used in. */
#include "cli/api_list.h"
#include "cli/secret_input.h"
#include "cli/verb_options.h"
#include <string.h>

struct options {
    struct verb_said said;
    const char *kme_file;
    const char *after, *limit;
};

enum { OPT_KME = 0x100, OPT_AFTER, OPT_LIMIT };

static const struct verb_slot slots[] = {
    {offsetof(struct options, kme_file), OPT_KME, false},
    {offsetof(struct options, after), OPT_AFTER, false},
    {offsetof(struct options, limit), OPT_LIMIT, false},
    {0},
};

static const struct argp_option write_options[] = {
    {"kme-file", OPT_KME, "FILE", 0,
     "KME as 32 hex digits in a file, - for standard input: the key this device shares with the "
     "HSS",
     10},
    {0},
};
static const struct argp_option list_options[] = {
    {"after", OPT_AFTER, "IMSI-IMEI", 0, "begin behind this pair", 10},
    {"limit", OPT_LIMIT, "N", 0, "at most this many (default: all)", 10},
    {0},
};
static const struct argp add_argp = {
    write_options, verb_take, "IMSI IMEI", "Lets a subscription be used in a device.",
    verb_children, NULL,      NULL};
static const struct argp set_argp = {
    write_options, verb_take,
    "IMSI IMEI",   "Gives the device a new KME; the one before still serves resynchronisation.",
    verb_children, NULL,
    NULL};
static const struct argp remove_argp = {
    NULL,          verb_take, "IMSI IMEI", "Withdraws a device from a subscription.",
    verb_children, NULL,      NULL};
static const struct argp list_argp = {
    list_options,  verb_take, NULL, "Lists pairs of subscription and device.",
    verb_children, NULL,      NULL};

static int parsed(const struct argp *argp, int argc, char **argv, struct options *o,
                  struct imsi *imsi, struct imei *imei)
{
    *o = (struct options){.said = VERB_SAID(slots, 2)};
    if (!verb_parse(argp, argc, argv, &o->said)) {
        return CLI_USAGE;
    }
    if (o->said.n_words != 2) {
        cli_error("%s needs an IMSI and an IMEI; see `%s --help`", argv[0], argv[0]);
        return CLI_USAGE;
    }
    return cli_imsi(o->said.words[0], imsi) && cli_imei(o->said.words[1], imei) ? CLI_DONE
                                                                                : CLI_USAGE;
}

/* {"kme": ...}, {} without a file; NULL and said when the file holds no key. */
static json_t *body_of(const struct options *o)
{
    struct secret_text kme = {""};
    if (!o->kme_file) {
        return json_object();
    }
    if (!secret_read("--kme-file", o->kme_file, false, &kme)) {
        return NULL;
    }
    json_t *body = json_pack("{s:s}", "kme", kme.hex);
    secret_wipe(&kme);
    return body;
}

static void tell(const struct api_answer *answer, bool with_body, const char *imsi,
                 const char *imei)
{
    if (with_body && !json_is_true(json_object_get(answer->body, "has_kme"))) {
        printf(
            "%s is listed for %s, without a KME: where the subscription is bound, it can be used "
            "there when the device has one (`bindery device set %s %s --kme-file FILE`)\n",
            imei, imsi, imsi, imei);
        return;
    }
    printf("%s %s %s\n", imsi,
           !with_body              ? "may no longer be used in"
           : answer->status == 201 ? "may now be used in"
                                   : "could be used already, now as given, in",
           imei);
}

static int change(const struct argp *argp, const char *method, bool with_body, int argc,
                  char **argv)
{
    struct options o;
    struct imsi imsi;
    struct imei imei;
    struct api_answer answer;
    char path[96], what[48];
    int rc = parsed(argp, argc, argv, &o, &imsi, &imei);
    if (rc == CLI_DONE && !strcmp(method, "PATCH") && !o.kme_file) {
        cli_error("%s needs --kme-file: nothing else of a device can be changed", argv[0]);
        return CLI_USAGE;
    }
    json_t *body = rc == CLI_DONE && with_body ? body_of(&o) : NULL;
    if (rc != CLI_DONE || (with_body && !body)) {
        return rc != CLI_DONE ? rc : CLI_REFUSED;
    }
    snprintf(path, sizeof path, "/v1/subscribers/%s/devices/%s", imsi.digits, imei.digits);
    struct api_request request = {.method = method, .path = path, .json = body};
    snprintf(what, sizeof what, "%s in %s", imsi.digits, imei.digits);
    rc = api_once(&o.said.common, what, &request, &answer);
    json_decref(body);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (o.said.common.json && answer.body) {
        api_print_json(answer.body);
    } else if (!o.said.common.json) {
        tell(&answer, with_body, imsi.digits, imei.digits);
    }
    api_answer_free(&answer);
    return CLI_DONE;
}

static int add(int argc, char **argv)
{
    return change(&add_argp, "PUT", true, argc, argv);
}

static int set(int argc, char **argv)
{
    return change(&set_argp, "PATCH", true, argc, argv);
}

static int remove_one(int argc, char **argv)
{
    return change(&remove_argp, "DELETE", false, argc, argv);
}

static void list_row(struct table *t, const json_t *d)
{
    const char *cells[] = {api_text(d, "imsi"), api_text(d, "imei"),
                           json_is_true(json_object_get(d, "has_kme")) ? "yes" : "no",
                           json_is_true(json_object_get(d, "has_previous")) ? "yes" : "no"};
    table_add(t, cells);
}

static int list(int argc, char **argv)
{
    static const char *const columns[] = {"IMSI", "IMEI", "KME", "PREVIOUS KME", NULL};
    struct options o = {.said = VERB_SAID(slots, 2)};
    if (!verb_parse(&list_argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0]) {
        cli_error("device list takes no argument: '%.60s'; `bindery device show IMEI` shows one",
                  o.said.words[0]);
        return CLI_USAGE;
    }
    const struct api_list what = {.name = "devices",
                                  .path = "/v1/devices",
                                  .columns = columns,
                                  .row = list_row,
                                  .after = o.after};
    return api_list(&o.said.common, &what, o.limit);
}

int cli_device(int argc, char **argv)
{
    static const struct cli_verb table[] = {
        {"add", "let a subscription be used in a device", add},
        {"show", "what is known of a device, and whether its IMEI is proven", cli_device_show},
        {"list", "all pairs of subscription and device", list},
        {"set", "give a device a new KME", set},
        {"remove", "withdraw a device from a subscription", remove_one},
        {"rebind", "bind a subscription to another device, or make a new key", cli_device_rebind},
        {"file", "make the state file of an emulated device", cli_device_file},
        {"make", "make a production lot: keys, certificates, IMEIs", cli_device_make},
        {"se", "make devices with secure elements, that know no operator yet", cli_device_se},
        {0},
    };
    return cli_dispatch("bindery device", "The devices that subscriptions may be used in.", table,
                        argc, argv);
}
