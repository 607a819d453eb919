/* The verb `key`: the keys that the HSS seals secrets with (docs/keys.md). No key passes through
 * here: the HSS makes them, and shows fingerprints. */
#include "cli/api_client.h"
#include "cli/key_view.h"
#include "cli/verb_options.h"

#include <errno.h>
#include <limits.h>
#include <unistd.h>

#define LOOK_US 500000u /* between two looks at a job */

struct options {
    struct verb_said said;
    bool stop, no_wait;
};

enum { OPT_STOP = 0x100, OPT_NO_WAIT };

static const struct verb_slot slots[] = {
    {offsetof(struct options, stop), OPT_STOP, true},
    {offsetof(struct options, no_wait), OPT_NO_WAIT, true},
    {0},
};

static const struct argp_option reseal_options[] = {
    {"stop", OPT_STOP, NULL, 0, "stop the job; `reseal` goes on with it later", 10},
    {"no-wait", OPT_NO_WAIT, NULL, 0, "do not wait for its end", 10},
    {0},
};
static const struct argp show_argp = {
    NULL,          verb_take, NULL, "Shows which keys there are, and how far a job is.",
    verb_children, NULL,      NULL};
static const struct argp rotate_argp = {
    NULL,
    verb_take,
    NULL,
    "Gives the HSS another key-encryption key, in the place of its key file. It goes on serving, "
    "and "
    "no row is written. Backups made before open with the former key file only, which stays beside "
    "it under its fingerprint.",
    verb_children,
    NULL,
    NULL};
static const struct argp reseal_argp = {
    reseal_options,
    verb_take,
    NULL,
    "Seals all secrets of the store again under another data key, and deletes the old one. The HSS "
    "goes on serving.",
    verb_children,
    NULL,
    NULL};

static int done(const struct options *o, const json_t *body)
{
    if (o->said.common.json) {
        api_print_json(body);
    } else {
        char former[PATH_MAX + 512];
        key_view(body);
        key_view_former(body, former, sizeof former);
        if (*former) {
            cli_put_clean(stdout, former);
            putchar('\n');
        }
    }
    return CLI_DONE;
}

static int once(const struct argp *argp, const char *method, const char *path, int argc,
                char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 0)};
    struct api_answer answer;
    if (!verb_parse(argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    const struct api_request request = {.method = method, .path = path};
    int rc = api_once(&o.said.common, "keys", &request, &answer);
    if (rc == CLI_DONE) {
        rc = done(&o, answer.body);
        api_answer_free(&answer);
    }
    return rc;
}

static int show(int argc, char **argv)
{
    return once(&show_argp, "GET", "/v1/keys", argc, argv);
}

static int rotate(int argc, char **argv)
{
    return once(&rotate_argp, "POST", "/v1/keys/rotate", argc, argv);
}

/* ---- reseal ---- */

/* Says how far it is where that is news. */
static void say_progress(const json_t *body, int *said)
{
    const int percent = key_view_percent(body);
    if (percent / 5 != *said / 5) {
        printf("%3d %% sealed again\n", percent);
        (void)fflush(stdout);
        *said = percent;
    }
}

/* Until it has ended; it goes on without us when we are stopped. */
static int follow(const struct options *o, struct api *api, struct api_answer *answer)
{
    const struct api_request look = {.method = "GET", .path = "/v1/keys"};
    int rc = CLI_DONE, said = -5;
    while (rc == CLI_DONE && key_view_is_under_way(answer->body)) {
        if (!o->said.common.json) {
            say_progress(answer->body, &said);
        }
        api_answer_free(answer);
        (void)usleep(LOOK_US);
        rc = api_do(api, "keys", &look, answer);
    }
    return rc;
}

static int end_of(const struct options *o, const struct api_answer *answer)
{
    (void)done(o, answer->body);
    if (key_view_has_failed(answer->body)) {
        cli_error("some secrets do not open, so the old data key stays: docs/keys.md");
        return CLI_REFUSED;
    }
    return CLI_DONE;
}

static int reseal(int argc, char **argv)
{
    struct options o = {.said = VERB_SAID(slots, 0)};
    struct api api;
    struct api_answer answer = {0};
    if (!verb_parse(&reseal_argp, argc, argv, &o.said)) {
        return CLI_USAGE;
    }
    int rc = api_open(&o.said.common, &api);
    if (rc != CLI_DONE) {
        return rc;
    }
    const struct api_request request = {.method = o.stop ? "DELETE" : "POST",
                                        .path = "/v1/keys/reseal"};
    rc = api_do(&api, "keys", &request, &answer);
    if (rc == CLI_DONE && !o.stop && !o.no_wait) {
        rc = follow(&o, &api, &answer);
    }
    if (rc == CLI_DONE) {
        rc = end_of(&o, &answer);
        api_answer_free(&answer);
    }
    api_close(&api);
    return rc;
}

static const struct cli_verb verbs[] = {
    {"show", "which keys there are, and how far a job is", show},
    {"rotate", "another key-encryption key", rotate},
    {"reseal", "another data key for all secrets", reseal},
    {0},
};

int cli_key(int argc, char **argv)
{
    return cli_dispatch("bindery key", "The keys that the HSS seals secrets with.", verbs, argc,
                        argv);
}
