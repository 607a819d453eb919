/* The verb `subscriber`: one subscription at a time, through the administration interface. */
#include "cli/api_list.h"
#include "cli/key_options.h"
#include "cli/kme_view.h"
#include "cli/onboarding_view.h"
#include "cli/proof_view.h"
#include "cli/verb_options.h"
#include "proc/devid.h"
#include <string.h>
#include <time.h>

struct options {
    struct verb_said said;
    struct key_options keys;
    const char *policy, *profile, *msisdn, *suspended, *imei, *proof;
    const char *after, *limit;
};

enum {
    OPT_POLICY = 0x100,
    OPT_PROFILE,
    OPT_MSISDN,
    OPT_SUSPENDED,
    OPT_IMEI,
    OPT_PROOF,
    OPT_AFTER,
    OPT_LIMIT
};

static const struct verb_slot slots[] = {
    {offsetof(struct options, policy), OPT_POLICY, false},
    {offsetof(struct options, profile), OPT_PROFILE, false},
    {offsetof(struct options, msisdn), OPT_MSISDN, false},
    {offsetof(struct options, suspended), OPT_SUSPENDED, false},
    {offsetof(struct options, imei), OPT_IMEI, false},
    {offsetof(struct options, proof), OPT_PROOF, false},
    {offsetof(struct options, after), OPT_AFTER, false},
    {offsetof(struct options, limit), OPT_LIMIT, false},
    {0},
};

/* With the options that name keys as second child. */
static error_t take_write(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[1] = &o->keys;
    }
    if (key == OPT_SUSPENDED && arg == NULL) {
        o->suspended = "yes";
        return 0;
    }
    return verb_take(key, arg, state);
}

static const struct argp_option write_options[] = {
    {"policy", OPT_POLICY, "NAME", 0,
     "open: works in any device; learn: bound to the first that makes a key; bound", 10},
    {"binding", 0, NULL, OPTION_ALIAS, NULL, 10},
    {"profile", OPT_PROFILE, "NAME", 0, "a subscription profile of hssd.yaml", 10},
    {"msisdn", OPT_MSISDN, "DIGITS", 0, "the telephone number; '' for none", 10},
    {"suspended", OPT_SUSPENDED, "yes|no", OPTION_ARG_OPTIONAL, "bar the subscription", 10},
    {"imei", OPT_IMEI, "IMEI", 0, "a device it may be used in; its KME by --kme-file", 10},
    {"proof", OPT_PROOF, "POLICY", 0,
     "must the device prove its IMEI: off, observe (asked, and admitted whatever comes), want (who "
     "fails is refused), require (only who is proven is admitted), or each of unproven=, failed= "
     "and undetermined= with admit or refuse",
     10},
    {0},
};
static const struct argp_option list_options[] = {
    {"after", OPT_AFTER, "IMSI", 0, "begin behind this IMSI", 10},
    {"limit", OPT_LIMIT, "N", 0, "at most this many (default: all)", 10},
    {0},
};
static const struct argp_child write_children[] = {
    {&cli_common_argp, 0, NULL, 0}, {&key_options_argp, 0, NULL, 0}, {0}};

static const struct argp add_argp = {
    write_options,  take_write, "IMSI", "Makes a subscription; refused when it is there already.",
    write_children, NULL,       NULL};
static const struct argp set_argp = {
    write_options,  take_write, "IMSI", "Changes what is given and leaves the rest as it is.",
    write_children, NULL,       NULL};
static const struct argp show_argp = {
    NULL,          verb_take, "IMSI", "Shows a subscription and its devices, without keys.",
    verb_children, NULL,      NULL};
static const struct argp remove_argp = {
    NULL,          verb_take,
    "IMSI",        "Removes a subscription and its devices; the serving MME is told.",
    verb_children, NULL,
    NULL};
static const struct argp list_argp = {
    list_options, verb_take, NULL, "Lists subscriptions in IMSI order.", verb_children, NULL, NULL};

/* ---- what goes to the HSS ---- */

static void set_text(json_t *o, const char *key, const char *value)
{
    if (value && *value) {
        (void)json_object_set_new(o, key, json_string(value));
    }
}

static bool set_number(json_t *o, const char *key, const char *option, const char *value, long max)
{
    long n;
    if (!value) {
        return true;
    }
    return cli_number(option, value, 1, max, &n) &&
           json_object_set_new(o, key, json_integer(n)) == 0;
}

static bool set_suspended(json_t *o, const char *value)
{
    if (!value) {
        return true;
    }
    bool yes = !strcmp(value, "yes") || !strcmp(value, "true");
    if (!yes && strcmp(value, "no") != 0 && strcmp(value, "false") != 0) {
        cli_error("--suspended takes yes or no, not '%s'", value);
        return false;
    }
    return json_object_set_new(o, "suspended", json_boolean(yes)) == 0;
}

static bool set_proof(json_t *o, const char *value)
{
    struct devid_policy policy;
    if (value && devid_policy_parse(bytes_of_str(value), &policy) != E_OK) {
        cli_error("--proof takes off, observe, want, require, or like "
                  "unproven=admit,failed=refuse,undetermined=admit, each of the three once; not "
                  "'%.80s'",
                  value);
        return false;
    }
    set_text(o, "proof", value);
    return true;
}

static bool set_device(json_t *o, const struct options *p, const struct key_texts *t)
{
    struct imei imei;
    if (!p->imei) {
        if (p->keys.kme_file) {
            cli_error("--kme-file needs --imei: a KME belongs to a device");
        }
        return !p->keys.kme_file;
    }
    if (!cli_imei(p->imei, &imei)) {
        return false;
    }
    json_t *device = json_pack("{s:s}", "imei", imei.digits);
    set_text(device, "kme", t->kme.hex);
    return json_object_set_new(o, "devices", json_pack("[o]", device)) == 0;
}

/* CLI_DONE, or said what is wrong with what was given. */
static int body_of(const struct options *p, const struct imsi *imsi, json_t **out)
{
    struct key_texts t;
    int rc = key_options_read(&p->keys, &t);
    if (rc != CLI_DONE) {
        return rc;
    }
    json_t *o = json_pack("{s:s}", "imsi", imsi->digits);
    set_text(o, "algorithm", p->keys.algorithm);
    set_text(o, "k", t.k.hex);
    set_text(o, "opc", t.opc.hex);
    set_text(o, "op", t.op.hex);
    set_text(o, "sqn", p->keys.sqn);
    set_text(o, "policy", p->policy);
    set_text(o, "profile", p->profile);
    set_text(o, "msisdn", p->msisdn);
    if (p->msisdn && !*p->msisdn) {
        (void)json_object_set_new(o, "msisdn", json_null());
    }
    bool good =
        set_number(o, "res_length", "--res-length", p->keys.res_length, 16) &&
        set_number(o, "keccak_iterations", "--keccak-iterations", p->keys.keccak_iterations, 255) &&
        set_suspended(o, p->suspended) && set_proof(o, p->proof) && set_device(o, p, &t);
    key_texts_wipe(&t);
    if (good) {
        *out = o;
    } else {
        json_decref(o);
    }
    return good ? CLI_DONE : CLI_USAGE;
}

/* ---- what comes from it ---- */

static void say_time(const char *key, json_int_t unix_seconds)
{
    char text[32];
    time_t at = (time_t)unix_seconds;
    struct tm tm;
    strftime(text, sizeof text, "%Y-%m-%d %H:%M:%SZ", gmtime_r(&at, &tm));
    printf("%-18s %s\n", key, text);
}

static void say(const char *key, const char *value)
{
    printf("%-18s ", key);
    cli_put_clean(stdout, *value ? value : "-");
    putchar('\n');
}

static void show_serving(const json_t *serving)
{
    if (!json_is_object(serving)) {
        say("served by", "nobody");
        return;
    }
    say("served by", api_text(serving, "host"));
    say("  in PLMN", api_text(serving, "plmn"));
    say_time("  since", json_integer_value(json_object_get(serving, "since")));
    if (json_is_true(json_object_get(serving, "purged"))) {
        say("  purged", "yes");
    }
}

/* What the nodes are still to be told of it. */
static void show_waiting(const json_t *waiting)
{
    size_t i, k;
    json_t *row, *what;
    json_array_foreach(waiting, i, row)
    {
        char line[512] = "";
        size_t n = 0;
        json_array_foreach(json_object_get(row, "what"), k, what)
        {
            n += (size_t)snprintf(line + n, n < sizeof line ? sizeof line - n : 0, "%s%s",
                                  n > 0 ? ", " : "", json_string_value(what));
            n = n < sizeof line ? n : sizeof line - 1;
        }
        say("waits to be told", api_text(row, "host"));
        say("  what", line);
        say("  since", api_text(row, "since"));
        if (json_integer_value(json_object_get(row, "tries")) > 0) {
            (void)snprintf(line, sizeof line, "%" JSON_INTEGER_FORMAT ", the last: %s; again at %s",
                           json_integer_value(json_object_get(row, "tries")),
                           api_text(row, "cause"), api_text(row, "next_try"));
            say("  tries", line);
        }
    }
}

static void show_devices(const json_t *devices)
{
    static const char *const columns[] = {"IMEI",      "KME",          "SINCE", "BY LOT",
                                          "LAST USED", "PREVIOUS KME", NULL};
    struct table *t = table_new(columns);
    size_t i;
    json_t *d;
    json_array_foreach(devices, i, d)
    {
        const char *lot = api_text(d, "kme_lot");
        char since[32], used[32];
        kme_view_time(json_object_get(d, "kme_since"), since);
        kme_view_time(json_object_get(d, "kme_used"), used);
        const char *cells[] = {api_text(d, "imei"),
                               json_is_true(json_object_get(d, "has_kme")) ? "yes" : "no",
                               since,
                               *lot ? lot : NULL,
                               used,
                               json_is_true(json_object_get(d, "has_previous")) ? "yes" : "no"};
        table_add(t, cells);
    }
    putchar('\n');
    table_print(t);
}

static void show_human(const json_t *s)
{
    static const char *const plain[] = {"imsi", "algorithm", "policy", "profile", "msisdn"};
    char words[96];
    for (size_t i = 0; i < sizeof plain / sizeof plain[0]; i++) {
        say(plain[i], api_text(s, plain[i]));
    }
    kme_view_words(s, (int64_t)time(NULL), words, sizeof words);
    say("binding", words);
    onboarding_view_subscriber(s);
    say("suspended", json_is_true(json_object_get(s, "suspended")) ? "yes" : "no");
    say("last IMEI", api_text(s, "last_imei"));
    printf("%-18s %" JSON_INTEGER_FORMAT "\n", "binding failures",
           json_integer_value(json_object_get(s, "binding_failures")));
    proof_view(s);
    show_serving(json_object_get(s, "serving"));
    show_waiting(json_object_get(s, "waiting"));
    if (json_array_size(json_object_get(s, "devices"))) {
        show_devices(json_object_get(s, "devices"));
    }
}

/* ---- the subverbs ---- */

static int parsed(const struct argp *argp, int argc, char **argv, struct options *o,
                  struct imsi *imsi)
{
    *o = (struct options){.said = VERB_SAID(slots, 1)};
    if (!verb_parse(argp, argc, argv, &o->said)) {
        return CLI_USAGE;
    }
    if (!o->said.n_words) {
        cli_error("%s needs an IMSI; see `%s --help`", argv[0], argv[0]);
        return CLI_USAGE;
    }
    return cli_imsi(o->said.words[0], imsi) ? CLI_DONE : CLI_USAGE;
}

static int write_subscriber(const struct argp *argp, const char *method, const char *condition,
                            int argc, char **argv)
{
    struct options o;
    struct imsi imsi;
    struct api_answer answer;
    char path[64];
    int rc = parsed(argp, argc, argv, &o, &imsi);
    json_t *body = NULL;
    rc = rc == CLI_DONE ? body_of(&o, &imsi, &body) : rc;
    if (rc != CLI_DONE) {
        return rc;
    }
    if (json_object_size(body) == 1 && !strcmp(method, "PATCH")) {
        json_decref(body);
        cli_error("%s: nothing is given that could be changed; see `%s --help`", imsi.digits,
                  argv[0]);
        return CLI_USAGE;
    }
    snprintf(path, sizeof path, "/v1/subscribers/%s", imsi.digits);
    struct api_request request = {
        .method = method, .path = path, .json = body, .condition = condition};
    rc = api_once(&o.said.common, imsi.digits, &request, &answer);
    json_decref(body);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (o.said.common.json && answer.body) {
        api_print_json(answer.body);
    } else if (!o.said.common.json) {
        printf("%s is %s\n", imsi.digits, answer.status == 201 ? "added" : "changed");
    }
    api_answer_free(&answer);
    return CLI_DONE;
}

static int add(int argc, char **argv)
{
    return write_subscriber(&add_argp, "PUT", "If-None-Match: *", argc, argv);
}

static int set(int argc, char **argv)
{
    return write_subscriber(&set_argp, "PATCH", NULL, argc, argv);
}

static int show(int argc, char **argv)
{
    struct options o;
    struct imsi imsi;
    struct api_answer answer;
    char path[64];
    int rc = parsed(&show_argp, argc, argv, &o, &imsi);
    if (rc != CLI_DONE) {
        return rc;
    }
    snprintf(path, sizeof path, "/v1/subscribers/%s", imsi.digits);
    struct api_request request = {.method = "GET", .path = path};
    rc = api_once(&o.said.common, imsi.digits, &request, &answer);
    if (rc == CLI_DONE) {
        if (o.said.common.json) {
            api_print_json(answer.body);
        } else {
            show_human(answer.body);
        }
        api_answer_free(&answer);
    }
    return rc;
}

static int remove_one(int argc, char **argv)
{
    struct options o;
    struct imsi imsi;
    struct api_answer answer;
    char path[64];
    int rc = parsed(&remove_argp, argc, argv, &o, &imsi);
    if (rc != CLI_DONE) {
        return rc;
    }
    snprintf(path, sizeof path, "/v1/subscribers/%s", imsi.digits);
    struct api_request request = {.method = "DELETE", .path = path};
    rc = api_once(&o.said.common, imsi.digits, &request, &answer);
    if (rc == CLI_DONE) {
        if (!o.said.common.json) {
            printf("%s is removed, with its devices\n", imsi.digits);
        }
        api_answer_free(&answer);
    }
    return rc;
}

static void list_row(struct table *t, const json_t *s)
{
    const json_t *serving = json_object_get(s, "serving");
    const char *state = json_is_true(json_object_get(s, "suspended")) ? "suspended"
                        : json_is_true(json_object_get(s, "pending")) ? "pending"
                                                                      : "";
    const char *cells[] = {api_text(s, "imsi"),       api_text(s, "algorithm"),
                           api_text(s, "policy"),     api_text(s, "profile"),
                           api_text(s, "msisdn"),     state,
                           api_text(serving, "host"), api_text(s, "last_imei")};
    table_add(t, cells);
}

static const char *const list_columns[] = {"IMSI",  "ALGORITHM", "POLICY",    "PROFILE", "MSISDN",
                                           "STATE", "~NODE",     "LAST IMEI", NULL};

static int list(int argc, char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 1)};
    if (!verb_parse(&list_argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0]) {
        cli_error(
            "subscriber list takes no argument: '%.60s'; `bindery subscriber show IMSI` shows "
            "one",
            o.said.words[0]);
        return CLI_USAGE;
    }
    const struct api_list what = {.name = "subscribers",
                                  .path = "/v1/subscribers",
                                  .columns = list_columns,
                                  .row = list_row,
                                  .after = o.after};
    return api_list(&o.said.common, &what, o.limit);
}

int cli_subscriber(int argc, char **argv)
{
    static const struct cli_verb table[] = {
        {"add", "make a subscription", add},
        {"show", "one subscription with its devices", show},
        {"list", "all subscriptions", list},
        {"set", "change a subscription", set},
        {"remove", "remove a subscription and its devices", remove_one},
        {0},
    };
    return cli_dispatch("bindery subscriber", "Subscriptions of the home network.", table, argc,
                        argv);
}
