/* The verb `onboarding`: devices that have, or want, a subscription by the URL of their certificate
 * (docs/certattach.md). */
#include "cli/api_list.h"
#include "cli/kme_view.h"
#include "cli/onboarding_view.h"
#include "cli/verb_options.h"
#include "proc/certattach.h"

#include <string.h>

#define AUTHORITY_MAX 64
#define NAME_LEN      (AUTHORITY_MAX + 1 + DEVICE_ID_MAX + 1)
#define PATH_LEN      (16 + NAME_LEN)

struct name {
    char authority[AUTHORITY_MAX + 1]; /* "": it is to be found out */
    char id[DEVICE_ID_MAX + 1];
};

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

static const struct argp_option list_options[] = {
    {"phase", OPT_PHASE, "PHASE", 0,
     "only those that are waiting, approved, pending, active, denied or expired", 10},
    {"after", OPT_AFTER, "AUTHORITY/ID", 0, "begin behind this device", 10},
    {"limit", OPT_LIMIT, "N", 0, "at most this many (default: all)", 10},
    {0},
};
static const struct argp list_argp = {
    list_options,  verb_take, NULL, "Lists the devices that asked for a subscription.",
    verb_children, NULL,      NULL};
static const struct argp pool_argp = {
    NULL,
    verb_take,
    NULL,
    "Shows what is left of the IMSIs, and how many devices of each authority are where.",
    verb_children,
    NULL,
    NULL};
#define DEVICE_ARGP(name, doc)                                                                     \
    static const struct argp name##_argp = {NULL, verb_take, "AUTHORITY/ID", doc, verb_children,   \
                                            NULL, NULL}
DEVICE_ARGP(show, "Shows a device, and what can be done with it.");
DEVICE_ARGP(approve,
            "A device that waits gets its subscription when it asks the next time; one that was "
            "denied, or never used what it had, may ask again; one that is active may have its "
            "keys once more, if it lost them. Keys never change.");
DEVICE_ARGP(deny, "A device gets no subscription. One that was never used ends.");
DEVICE_ARGP(expire, "A subscription that was never used ends now; its IMSI rests for a while.");
DEVICE_ARGP(forget, "As if the device had never asked. Not while it has a subscription.");

/* ---- which device ---- */

/* As the HSS takes it, so that no other path comes of it. */
static bool is_authority(const char *text, size_t n)
{
    bool good = n > 0 && n <= AUTHORITY_MAX;
    bool dots = true;
    for (size_t i = 0; good && i < n; i++) {
        good = strchr("abcdefghijklmnopqrstuvwxyz0123456789-._", text[i]) != NULL;
        dots = dots && text[i] == '.';
    }
    return good && !dots;
}

/* AUTHORITY/ID, or ID alone. False and said. */
static bool take_name(const char *word, struct name *out)
{
    struct device_id id;
    const char *slash = strchr(word, '/');
    const size_t n = slash ? (size_t)(slash - word) : 0;
    const char *rest = slash ? slash + 1 : word;
    if ((slash && !is_authority(word, n)) || device_id_parse(bytes_of_str(rest), &id) != E_OK) {
        cli_error(
            "'%.140s' is no device: that is AUTHORITY/ID, or ID alone, as `bindery onboarding "
            "list` shows it",
            word);
        return false;
    }
    snprintf(out->authority, sizeof out->authority, "%.*s", (int)n, word);
    snprintf(out->id, sizeof out->id, "%s", rest);
    return true;
}

static void path_of(const struct name *name, char path[static PATH_LEN])
{
    snprintf(path, PATH_LEN, "/v1/onboarding/%s/%s", name->authority, name->id);
}

/* Does it have this device? *count goes up, and *found gets its name. */
static int look_at(struct api *api, const char *authority, const char *id, struct name *found,
                   unsigned *count)
{
    struct name here;
    struct api_answer answer;
    char path[PATH_LEN];
    snprintf(here.authority, sizeof here.authority, "%s", authority);
    snprintf(here.id, sizeof here.id, "%s", id);
    path_of(&here, path);
    const struct api_request request = {.method = "GET", .path = path};
    int rc = api_call(api, &request, &answer);
    if (rc == CLI_DONE && answer.status == 200) {
        *found = here;
        ++*count;
    } else if (rc == CLI_DONE && answer.status != 404) {
        rc = api_say_problem(id, &answer);
    }
    api_answer_free(&answer);
    return rc;
}

/* Of an ID alone, the authority that has it, among those that the HSS is configured with. */
static int find(struct api *api, struct name *name)
{
    struct api_answer answer;
    const struct api_request request = {.method = "GET", .path = "/v1/onboarding-pool"};
    struct name found = {.authority = ""};
    unsigned count = 0;
    size_t i;
    const json_t *a;
    int rc = api_do(api, "the authorities", &request, &answer);
    if (rc != CLI_DONE) {
        return rc;
    }
    json_array_foreach(json_object_get(answer.body, "authorities"), i, a)
    {
        const char *authority = api_text(a, "name");
        if (rc == CLI_DONE && is_authority(authority, strlen(authority))) {
            rc = look_at(api, authority, name->id, &found, &count);
        }
    }
    api_answer_free(&answer);
    if (rc == CLI_DONE && count != 1) {
        cli_error(count ? "%s: several authorities have this device; name one: AUTHORITY/ID"
                        : "%s: no authority that is configured has this device; `bindery "
                          "onboarding list` shows all [404]",
                  name->id);
        return CLI_REFUSED;
    }
    *name = rc == CLI_DONE ? found : *name;
    return rc;
}

/* ---- list ---- */

static void name_of(const json_t *d, char out[static NAME_LEN])
{
    snprintf(out, NAME_LEN, "%s/%s", api_text(d, "authority"), api_text(d, "id"));
}

static void list_row(struct table *t, const json_t *d)
{
    char name[NAME_LEN], changed[32];
    const char *imsi = api_text(d, "imsi");
    name_of(d, name);
    kme_view_time(json_object_get(d, "changed"), changed);
    const char *cells[] = {
        name,    api_text(d, "phase"),        api_text(d, "imei"),  *imsi ? imsi : "-",
        changed, api_text(d, "manufacturer"), api_text(d, "model"), api_text(d, "serial_number")};
    table_add(t, cells);
}

static int list(int argc, char **argv)
{
    static const char *const columns[] = {"DEVICE",       "PHASE",  "IMEI",    "IMSI", "SINCE",
                                          "MANUFACTURER", "~MODEL", "~SERIAL", NULL};
    struct options o = {.said = VERB_SAID(slots, 1)};
    enum certattach_phase phase;
    char query[32];
    if (!verb_parse(&list_argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0]) {
        cli_error("%s takes no device; `bindery onboarding show %s`", argv[0], o.said.words[0]);
        return CLI_USAGE;
    }
    if (o.phase && (certattach_phase_parse(bytes_of_str(o.phase), &phase) != E_OK ||
                    phase == CERTATTACH_PHASE_NEW)) {
        cli_error("--phase is waiting, approved, pending, active, denied or expired, not '%.40s'",
                  o.phase);
        return CLI_USAGE;
    }
    snprintf(query, sizeof query, "phase=%s", o.phase ? o.phase : "");
    const struct api_list what = {.name = "devices",
                                  .path = "/v1/onboarding",
                                  .columns = columns,
                                  .row = list_row,
                                  .query = o.phase ? query : NULL,
                                  .after = o.after};
    return api_list(&o.said.common, &what, o.limit);
}

/* ---- show ---- */

static void say_text(const char *key, const char *value)
{
    printf("%-14s ", key);
    cli_put_clean(stdout, *value ? value : "-");
    putchar('\n');
}

static void say_time(const char *key, const json_t *seconds)
{
    char text[32];
    kme_view_time(seconds, text);
    say_text(key, text);
}

/* What a person can do next; "" if nothing. */
static const char *next_of(const char *phase, bool again)
{
    const struct {
        const char *phase, *words;
    } next[] = {
        {"waiting", "`bindery onboarding approve` or `deny`"},
        {"approved", "it gets its subscription when it asks the next time"},
        {"pending", "nothing, until it attaches; `expire` or `deny` ends it"},
        {"active", again ? "it may have its keys once more"
                         : "`approve` lets it have its keys once more, if it lost them"},
        {"denied", "`approve`, if it may have one after all"},
        {"expired", "`approve`, or wait: when it asks again, it is as one that never did"},
    };
    for (size_t i = 0; i < sizeof next / sizeof next[0]; i++) {
        if (!strcmp(next[i].phase, phase)) {
            return next[i].words;
        }
    }
    return "";
}

static void show_human(const json_t *d)
{
    char name[NAME_LEN];
    name_of(d, name);
    say_text("device", name);
    say_text("phase", api_text(d, "phase"));
    say_text("IMEI", api_text(d, "imei"));
    say_text("manufacturer", api_text(d, "manufacturer"));
    say_text("model", api_text(d, "model"));
    say_text("serial number", api_text(d, "serial_number"));
    say_text("IMSI", api_text(d, "imsi"));
    say_time("asked first", json_object_get(d, "first"));
    say_time("phase since", json_object_get(d, "changed"));
    if (json_is_integer(json_object_get(d, "expires"))) {
        say_time("expires", json_object_get(d, "expires"));
    }
    say_text("next", next_of(api_text(d, "phase"), json_is_true(json_object_get(d, "again"))));
}

static int ask_open(struct api *api, const char *verb, struct name *name, struct api_answer *answer)
{
    char path[PATH_LEN], shown[NAME_LEN];
    int rc = *name->authority ? CLI_DONE : find(api, name);
    if (rc != CLI_DONE) {
        return rc;
    }
    path_of(name, path);
    snprintf(shown, sizeof shown, "%s/%s", name->authority, name->id);
    json_t *body = verb ? json_pack("{s:s}", "do", verb) : NULL;
    const struct api_request request = {
        .method = verb ? "POST" : "GET", .path = path, .json = body};
    rc = api_do(api, shown, &request, answer);
    json_decref(body);
    return rc;
}

static int ask(const struct argp *argp, const char *verb, int argc, char **argv, struct options *o,
               struct api_answer *answer)
{
    struct name name = {.authority = ""};
    struct api api;
    *o = (struct options){.said = VERB_SAID(slots, 1)};
    if (!verb_parse(argp, argc, argv, &o->said)) {
        return CLI_USAGE;
    }
    if (!o->said.words[0]) {
        cli_error("%s needs a device, AUTHORITY/ID; `bindery onboarding list` shows them", argv[0]);
        return CLI_USAGE;
    }
    if (!take_name(o->said.words[0], &name)) {
        return CLI_USAGE;
    }
    int rc = api_open(&o->said.common, &api);
    if (rc == CLI_DONE) {
        rc = ask_open(&api, verb, &name, answer);
        api_close(&api);
    }
    return rc;
}

static int show(int argc, char **argv)
{
    struct options o;
    struct api_answer answer;
    int rc = ask(&show_argp, NULL, argc, argv, &o, &answer);
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

/* ---- what is said to a device ---- */

static int tell(const struct argp *argp, const char *verb, int argc, char **argv)
{
    struct options o;
    struct api_answer answer;
    int rc = ask(argp, verb, argc, argv, &o, &answer);
    if (rc != CLI_DONE) {
        return rc;
    }
    const char *phase = api_text(answer.body, "phase");
    if (o.said.common.json) {
        api_print_json(answer.body);
    } else {
        char name[NAME_LEN];
        name_of(answer.body, name);
        cli_put_clean(stdout, name);
        if (!strcmp(phase, "new")) {
            puts(" is forgotten");
        } else {
            printf(" is %s: %s\n", phase,
                   next_of(phase, json_is_true(json_object_get(answer.body, "again"))));
        }
    }
    api_answer_free(&answer);
    return CLI_DONE;
}

static int approve(int argc, char **argv)
{
    return tell(&approve_argp, "approve", argc, argv);
}

static int deny(int argc, char **argv)
{
    return tell(&deny_argp, "deny", argc, argv);
}

static int expire(int argc, char **argv)
{
    return tell(&expire_argp, "expire", argc, argv);
}

static int forget(int argc, char **argv)
{
    return tell(&forget_argp, "forget", argc, argv);
}

/* ---- pool ---- */

static int pool(int argc, char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 1)};
    struct api_answer answer;
    const struct api_request request = {.method = "GET", .path = "/v1/onboarding-pool"};
    if (!verb_parse(&pool_argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    if (o.said.words[0]) {
        cli_error("%s takes no argument", argv[0]);
        return CLI_USAGE;
    }
    int rc = api_once(&o.said.common, "the pool", &request, &answer);
    if (rc != CLI_DONE) {
        return rc;
    }
    if (o.said.common.json) {
        api_print_json(answer.body);
    } else {
        onboarding_view(answer.body);
    }
    api_answer_free(&answer);
    return CLI_DONE;
}

int cli_onboarding(int argc, char **argv)
{
    static const struct cli_verb table[] = {
        {"list", "the devices that asked for a subscription", list},
        {"show", "one of them", show},
        {"approve", "it may have one, or the keys of the one it has once more", approve},
        {"deny", "it gets none", deny},
        {"expire", "end a subscription that was never used", expire},
        {"forget", "as if it had never asked", forget},
        {"pool", "the IMSIs that are left, and the authorities", pool},
        {0},
    };
    return cli_dispatch("bindery onboarding",
                        "Devices that have no subscription, and get one in the attach procedure by "
                        "the URL of their certificate.",
                        table, argc, argv);
}
