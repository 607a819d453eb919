/* The verb `dimsi`: devices that service providers offered, and that get their IMSI by a first
 * attach with a discovery IMSI (docs/dimsi.md). */
#include "cli/api_list.h"
#include "cli/kme_view.h"
#include "cli/verb_options.h"

#include <string.h>

struct options {
    struct verb_said said;
    const char *phase, *after, *limit;
};

enum { OPT_PHASE = 0x100, OPT_AFTER, OPT_LIMIT };

static const struct verb_slot slots[] = {
    {offsetof(struct options, phase), OPT_PHASE, false},
    {offsetof(struct options, after), OPT_AFTER, false},
    {offsetof(struct options, limit), OPT_LIMIT, false},
    {0},
};

static const char *const phases[] = {"offered", "allocated", "pushed",    "attached",
                                     "done",    "refused",   "withdrawn", "expired"};
#define PHASES (sizeof phases / sizeof phases[0])

static const struct argp_option list_options[] = {
    {"phase", OPT_PHASE, "PHASE", 0,
     "only those that are offered, allocated, pushed, attached, done, refused, withdrawn or "
     "expired",
     10},
    {"after", OPT_AFTER, "DIMSI", 0, "begin behind this device", 10},
    {"limit", OPT_LIMIT, "N", 0, "at most this many (default: all)", 10},
    {0},
};
static const struct argp list_argp = {
    list_options,  verb_take, NULL, "Lists the devices that service providers offered.",
    verb_children, NULL,      NULL};
#define DEVICE_ARGP(name, doc)                                                                     \
    static const struct argp name##_argp = {NULL,          verb_take, "DIMSI", doc,                \
                                            verb_children, NULL,      NULL}
DEVICE_ARGP(show, "Shows a device, and what happens next.");
DEVICE_ARGP(retry, "Does now what waits for its time; asks once more for one that was refused. Of "
                   "one for which nothing waits it is refused.");
DEVICE_ARGP(withdraw, "Takes no more part in it: the discovery AUSF is told, the subscription ends "
                      "where it is served too, and the IMSI rests. Not of a device that has the "
                      "operator's own subscription.");
DEVICE_ARGP(forget, "Forgets a device that is done, refused, withdrawn or expired.");

static bool is_phase(const char *text)
{
    for (size_t i = 0; i < PHASES; i++) {
        if (!strcmp(phases[i], text)) {
            return true;
        }
    }
    return false;
}

static void list_row(struct table *t, const json_t *d)
{
    char changed[32];
    const char *imsi = api_text(d, "imsi"), *cause = api_text(d, "cause");
    kme_view_time(json_object_get(d, "changed"), changed);
    const char *cells[] = {api_text(d, "dimsi"), api_text(d, "phase"), *imsi ? imsi : "-", changed,
                           api_text(d, "sp"),    *cause ? cause : "-"};
    table_add(t, cells);
}

static int list(int argc, char **argv)
{
    static const char *const columns[] = {"DIMSI",     "PHASE", "IMSI", "SINCE",
                                          "~PROVIDER", "~WHY",  NULL};
    struct options o = {.said = VERB_SAID(slots, 1)};
    char query[32];
    if (!verb_parse(&list_argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0] || (o.phase && !is_phase(o.phase))) {
        cli_error(o.said.words[0] ? "%s: a list takes no device; `bindery dimsi show`"
                                  : "--phase is one of those that --help names, not '%.40s'",
                  o.said.words[0] ? o.said.words[0] : o.phase);
        return CLI_USAGE;
    }
    snprintf(query, sizeof query, "phase=%s", o.phase ? o.phase : "");
    const struct api_list what = {.name = "devices",
                                  .path = "/v1/dimsi",
                                  .columns = columns,
                                  .row = list_row,
                                  .query = o.phase ? query : NULL,
                                  .after = o.after};
    return api_list(&o.said.common, &what, o.limit);
}

static void say(const char *key, const char *value)
{
    printf("%-14s ", key);
    cli_put_clean(stdout, *value ? value : "-");
    putchar('\n');
}

static const char *next_of(const char *phase)
{
    static const char *const words[PHASES] = {
        "its key is asked for at the ARPF",
        "the discovery AUSF is told of its IMSI",
        "nothing, until the device attaches",
        "the device fetches the operator's own subscription",
        "nothing: it has the operator's own subscription",
        "`bindery dimsi retry`, when the cause is mended",
        "nothing; `bindery dimsi forget`",
        "the service provider may offer it again",
    };
    for (size_t i = 0; i < PHASES; i++) {
        if (!strcmp(phases[i], phase)) {
            return words[i];
        }
    }
    return "";
}

static void show_human(const json_t *d)
{
    char time[32];
    say("dIMSI", api_text(d, "dimsi"));
    say("phase", api_text(d, "phase"));
    say("why", api_text(d, "cause"));
    say("detail", api_text(d, "detail"));
    say("provider", api_text(d, "sp"));
    say("ARPF", api_text(d, "arpf"));
    say("IMSI", api_text(d, "imsi"));
    say("operator IMSI", api_text(d, "operator_imsi"));
    kme_view_time(json_object_get(d, "changed"), time);
    say("phase since", time);
    kme_view_time(json_object_get(d, "expires"), time);
    say("expires", time);
    say("next", next_of(api_text(d, "phase")));
}

static int ask(const struct argp *argp, const char *verb, int argc, char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 1)};
    struct api_answer answer;
    struct imsi dimsi;
    char path[64];
    if (!verb_parse(argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (!o.said.words[0] || imsi_parse(bytes_of_str(o.said.words[0]), &dimsi) != E_OK) {
        cli_error("%s needs a discovery IMSI; `bindery dimsi list` shows them", argv[0]);
        return CLI_USAGE;
    }
    snprintf(path, sizeof path, "/v1/dimsi/%s", dimsi.digits);
    json_t *body = verb ? json_pack("{s:s}", "do", verb) : NULL;
    const struct api_request request = {
        .method = verb ? "POST" : "GET", .path = path, .json = body};
    int rc = api_once(&o.said.common, o.said.words[0], &request, &answer);
    json_decref(body);
    if (rc == CLI_DONE && o.said.common.json && answer.body) {
        api_print_json(answer.body);
    } else if (rc == CLI_DONE && !o.said.common.json) {
        if (json_is_object(answer.body)) {
            show_human(answer.body);
        } else {
            printf("%s: forgotten\n", dimsi.digits);
        }
    }
    if (rc == CLI_DONE) {
        api_answer_free(&answer);
    }
    return rc;
}

static int show(int argc, char **argv)
{
    return ask(&show_argp, NULL, argc, argv);
}

static int retry(int argc, char **argv)
{
    return ask(&retry_argp, "retry", argc, argv);
}

static int withdraw(int argc, char **argv)
{
    return ask(&withdraw_argp, "withdraw", argc, argv);
}

static int forget(int argc, char **argv)
{
    return ask(&forget_argp, "forget", argc, argv);
}

static const struct cli_verb verbs[] = {
    {"list", "the devices that were offered, and how far each is", list},
    {"show", "one of them", show},
    {"retry", "do now what waits, or ask again for one that was refused", retry},
    {"withdraw", "take no more part in it", withdraw},
    {"forget", "forget one that has ended", forget},
    {0},
};

int cli_dimsi(int argc, char **argv)
{
    return cli_dispatch("bindery dimsi",
                        "Devices that service providers offered, which find this operator by a "
                        "discovery IMSI.",
                        verbs, argc, argv);
}
