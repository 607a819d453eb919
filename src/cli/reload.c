/* The verb `reload`. */
#include "cli/api_client.h"

#include <stdlib.h>
#include <string.h>

struct options {
    struct cli_common common;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    (void)arg;
    if (key == ARGP_KEY_INIT) {
        state->child_inputs[0] = &o->common;
        return 0;
    }
    return ARGP_ERR_UNKNOWN;
}

static int ask(struct api *api, int rc, json_t **out)
{
    struct api_answer answer;
    const struct api_request request = {.method = "POST", .path = "/v1/reload"};
    *out = NULL;
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = api_do(api, api->who, &request, &answer);
    *out = rc == CLI_DONE ? answer.body : NULL;
    api_close(api);
    return rc;
}

static void print_list(const char *who, const char *what, const json_t *names)
{
    size_t i;
    const json_t *name;
    printf("%s%s%s:", who, who[0] != '\0' ? ": " : "", what);
    json_array_foreach(names, i, name)
    {
        printf("%s %s", i > 0 ? "," : "", json_string_value(name));
    }
    puts(json_array_size(names) == 0 ? " nothing" : "");
}

static void print(const char *who, const json_t *body)
{
    print_list(who, "changed", json_object_get(body, "changed"));
    if (json_array_size(json_object_get(body, "needs_restart")) > 0) {
        print_list(who, "needs a restart", json_object_get(body, "needs_restart"));
    }
}

/* Each daemon is asked, also when the one before refused: they have files of their own. */
static int reload(const struct cli_common *common)
{
    struct api api;
    json_t *hss = NULL, *mme = NULL;
    int rc = ask(&api, api_open(common, &api), &hss), mme_rc = CLI_DONE;
    if (rc != CLI_USAGE && cli_has_mme(common)) {
        mme_rc = ask(&api, api_open_mme(common, &api), &mme);
    }
    if (common->json) {
        json_t *both = json_pack("{s:o*,s:o*}", "hss", hss, "mme", mme);
        api_print_json(both);
        json_decref(both);
        return rc != CLI_DONE ? rc : mme_rc;
    }
    if (hss != NULL) {
        print(cli_names_one(common) && mme == NULL ? "" : "HSS", hss);
    }
    if (mme != NULL) {
        print("MME", mme);
    }
    json_decref(hss);
    json_decref(mme);
    return rc != CLI_DONE ? rc : mme_rc;
}

int cli_reload(int argc, char **argv)
{
    static const struct cli_common none;
    static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
    static const struct argp argp = {NULL,
                                     take,
                                     NULL,
                                     "Has the HSS, and the MME that `bindery up` started, read "
                                     "their configuration again, and shows what changed and what "
                                     "needs a restart. With --socket or --server it is the daemon "
                                     "behind that, whichever it is.",
                                     children,
                                     NULL,
                                     NULL};
    struct options o = {.common = none};
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    return reload(&o.common);
}
