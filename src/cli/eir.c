/* The verb `eir`: the lists of the equipment identity register, through the administration
 * interface. `import` and `export` are in eir_import.c. */
#include "cli/eir.h"

#include "cli/api_list.h"
#include "cli/eir_rows.h"
#include "cli/verb_options.h"
#include "proc/eir.h"

#include <string.h>
#include <time.h>

#define AWAIT_SECONDS 60
#define AWAIT_NS      50000000L /* between two questions */
#define PATH_MAX_HERE 160

struct options {
    struct verb_said said;
    const char *note, *imsi, *after, *limit;
};
enum { OPT_NOTE = 0x100, OPT_IMSI, OPT_AFTER, OPT_LIMIT };

static const struct verb_slot slots[] = {
    {offsetof(struct options, note), OPT_NOTE, false},
    {offsetof(struct options, imsi), OPT_IMSI, false},
    {offsetof(struct options, after), OPT_AFTER, false},
    {offsetof(struct options, limit), OPT_LIMIT, false},
    {0},
};

static const struct argp_option add_options[] = {
    {"note", OPT_NOTE, "TEXT", 0, "why: shown wherever the rule is", 10}, {0}};
static const struct argp_option check_options[] = {
    {"imsi", OPT_IMSI, "IMSI", 0, "as if an MME asked for this subscriber", 10}, {0}};
static const struct argp_option list_options[] = {
    {"after", OPT_AFTER, "RULE-LIST", 0, "begin behind this rule", 10},
    {"limit", OPT_LIMIT, "N", 0, "at most this many (default: all)", 10},
    {0},
};
static const struct argp add_argp = {
    add_options,
    verb_take,
    "RULE white|grey|black",
    "Puts a rule on a list, or gives it another note.\v"
    "RULE is an IMEI, the 8 digits of a TAC, or two IMEIs with a hyphen between. Of the rules that "
    "cover an IMEI the one that covers the fewest decides; between equals black goes before grey "
    "and grey before white.",
    verb_children,
    NULL,
    NULL};
static const struct argp remove_argp = {
    NULL, verb_take, "RULE white|grey|black", "Takes a rule off a list.", verb_children,
    NULL, NULL};
static const struct argp check_argp = {
    check_options, verb_take,
    "IMEI",        "Says what an MME that asks for this IMEI is answered, and which rule says so.",
    verb_children, NULL,
    NULL};
static const struct argp list_argp = {
    list_options,  verb_take, NULL, "Lists the rules in the order of their IMEIs.",
    verb_children, NULL,      NULL};

/* ---- what is in force ---- */

static int in_force(struct api *api, bool *done)
{
    struct api_answer answer;
    struct api_request request = {.method = "GET", .path = "/v1/eir"};
    int rc = api_do(api, "eir", &request, &answer);
    if (rc == CLI_DONE) {
        const json_t *now = json_object_get(answer.body, "in_force");
        *done = json_integer_value(json_object_get(now, "version")) >=
                json_integer_value(json_object_get(answer.body, "version"));
        api_answer_free(&answer);
    }
    return rc;
}

bool eir_await_in_force(struct api *api)
{
    const struct timespec nap = {.tv_nsec = AWAIT_NS};
    struct timespec from, now;
    bool done = false;
    (void)clock_gettime(CLOCK_MONOTONIC, &from);
    while (in_force(api, &done) == CLI_DONE && !done) {
        (void)nanosleep(&nap, NULL);
        (void)clock_gettime(CLOCK_MONOTONIC, &now);
        if (now.tv_sec - from.tv_sec > AWAIT_SECONDS) {
            cli_error("the change is stored, but the HSS does not answer by it yet: see its log");
            return false;
        }
    }
    return done;
}

/* ---- one rule ---- */

static bool words_are(const struct options *o, unsigned n, const char *verb, const char *what)
{
    if (o->said.n_words != n) {
        cli_error("%s needs %s; see `%s --help`", verb, what, verb);
    }
    return o->said.n_words == n;
}

/* The path of a rule, in its shortest text. False and said when there is none. */
static bool path_of(const struct options *o, char out[static PATH_MAX_HERE])
{
    struct imei_range range;
    enum eir_list list;
    char text[IMEI_RANGE_TEXT_MAX];
    enum err err = imei_range_parse(bytes_of_str(o->said.words[0]), &range);
    if (err != E_OK) {
        cli_error("'%.40s' is no rule: %s", o->said.words[0],
                  err == E_BAD_CHECK_DIGIT ? "the last digit is not the check digit"
                  : err == E_BAD_VALUE     ? "it ends before it begins"
                                           : "that is an IMEI, the 8 digits of a TAC, or two "
                                             "IMEIs with a hyphen between");
        return false;
    }
    if (eir_list_parse(bytes_of_str(o->said.words[1]), &list) != E_OK) {
        cli_error("'%.40s' is no list: they are white, grey and black", o->said.words[1]);
        return false;
    }
    imei_range_print(&range, text);
    snprintf(out, PATH_MAX_HERE, "/v1/eir/rules/%s/%s", text, o->said.words[1]);
    return true;
}

static int change(const struct options *o, const char *method, json_t *body,
                  struct api_answer *answer)
{
    struct api api;
    char path[PATH_MAX_HERE];
    if (!path_of(o, path)) {
        return CLI_USAGE;
    }
    int rc = api_open(&o->said.common, &api);
    if (rc != CLI_DONE) {
        return rc;
    }
    struct api_request request = {.method = method, .path = path, .json = body};
    rc = api_do(&api, o->said.words[0], &request, answer);
    if (rc == CLI_DONE && !eir_await_in_force(&api)) {
        api_answer_free(answer);
        rc = CLI_REFUSED;
    }
    api_close(&api);
    return rc;
}

static int add(int argc, char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 2)};
    struct api_answer answer;
    if (!verb_parse(&add_argp, argc, argv, &o.said) ||
        !words_are(&o, 2, argv[0], "a rule and a list")) {
        return CLI_USAGE;
    }
    json_t *body = json_pack("{s:s}", "note", o.note ? o.note : "");
    if (!body) {
        cli_error("--note is not UTF-8");
        return CLI_USAGE;
    }
    int rc = change(&o, "PUT", body, &answer);
    json_decref(body);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (o.said.common.json) {
        api_print_json(answer.body);
    } else {
        printf("%s is on the %s list%s\n", api_text(answer.body, "rule"), o.said.words[1],
               answer.status == 201 ? "" : " (it was there)");
    }
    api_answer_free(&answer);
    return CLI_DONE;
}

static int remove_one(int argc, char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 2)};
    struct api_answer answer;
    if (!verb_parse(&remove_argp, argc, argv, &o.said) ||
        !words_are(&o, 2, argv[0], "a rule and a list")) {
        return CLI_USAGE;
    }
    int rc = change(&o, "DELETE", NULL, &answer);
    if (rc == CLI_DONE) {
        if (!o.said.common.json) {
            printf("%s is no more on the %s list\n", o.said.words[0], o.said.words[1]);
        }
        api_answer_free(&answer);
    }
    return rc;
}

/* ---- a check ---- */

static void show_check(const json_t *c)
{
    const json_t *rule = json_object_get(c, "rule");
    const char *by = api_text(c, "by");
    printf("%s is %s%s%s: ", api_text(c, "imei"), cli_paint(stdout, CLI_BOLD),
           api_text(c, "status"), cli_paint(stdout, CLI_PLAIN));
    if (!strcmp(by, "pairing")) {
        puts("the subscription is bound, and this is none of its devices");
    } else if (!strcmp(by, "unknown")) {
        puts("no rule covers it");
    } else {
        printf("%s on the %s list", api_text(rule, "rule"), api_text(rule, "list"));
        if (*api_text(rule, "note")) {
            fputs(" (", stdout);
            cli_put_clean(stdout, api_text(rule, "note"));
            putchar(')');
        }
        putchar('\n');
    }
    if (json_is_false(json_object_get(c, "enabled"))) {
        puts("no MME is told so now: eir.enabled is false in the HSS's configuration");
    }
    if (json_is_true(json_object_get(c, "changed"))) {
        puts("the subscriber's last registration was in another device");
    }
}

static int check(int argc, char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 2)};
    struct imei imei;
    struct imsi imsi;
    struct api_answer answer;
    char path[PATH_MAX_HERE];
    if (!verb_parse(&check_argp, argc, argv, &o.said) || !words_are(&o, 1, argv[0], "an IMEI") ||
        !cli_imei(o.said.words[0], &imei) || (o.imsi && !cli_imsi(o.imsi, &imsi))) {
        return CLI_USAGE;
    }
    snprintf(path, sizeof path, "/v1/eir/check/%s%s%s", imei.digits, o.imsi ? "?imsi=" : "",
             o.imsi ? imsi.digits : "");
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_once(&o.said.common, imei.digits, &request, &answer);
    if (rc == CLI_DONE) {
        if (o.said.common.json) {
            api_print_json(answer.body);
        } else {
            show_check(answer.body);
        }
        api_answer_free(&answer);
    }
    return rc;
}

/* ---- the list ---- */

static void list_row(struct table *t, const json_t *rule)
{
    const char *cells[] = {api_text(rule, "rule"), api_text(rule, "list"), api_text(rule, "note")};
    table_add(t, cells);
}

static int list(int argc, char **argv)
{
    static const char *const columns[] = {"RULE", "LIST", "~NOTE", NULL};
    struct options o = {.said = VERB_SAID(slots, 2)};
    if (!verb_parse(&list_argp, argc, argv, &o.said) || !words_are(&o, 0, argv[0], "no argument")) {
        return CLI_USAGE;
    }
    const struct api_list what = {.name = "rules",
                                  .path = "/v1/eir/rules",
                                  .columns = columns,
                                  .row = list_row,
                                  .after = o.after};
    return api_list(&o.said.common, &what, o.limit);
}

int cli_eir(int argc, char **argv)
{
    static const struct cli_verb table[] = {
        {"list", "all rules", list},
        {"add", "put a rule on a list", add},
        {"remove", "take a rule off a list", remove_one},
        {"check", "what an equipment check is answered, and by which rule", check},
        {"import", "put the rules of a file on the lists", cli_eir_import},
        {"export", "write all rules as `import` reads them", cli_eir_export},
        {0},
    };
    return cli_dispatch("bindery eir", "The white, grey and black lists of equipment (S13).", table,
                        argc, argv);
}
