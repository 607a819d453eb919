/* The subverb `device show`: what the HSS knows of a device, and of the proofs of its IMEI. */
#include "cli/api_client.h"
#include "cli/kme_view.h"
#include "cli/onboarding_view.h"
#include "cli/proof_view.h"
#include <string.h>
#include <time.h>

struct options {
    struct cli_common common;
    const char *word;
};

static error_t take(int key, char *arg, struct argp_state *state)
{
    struct options *o = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &o->common;
        return 0;
    case ARGP_KEY_ARG:
        if (o->word) {
            argp_error(state, "too many arguments: '%s'", arg);
        }
        o->word = arg;
        return 0;
    case ARGP_KEY_END:
        if (!o->word) {
            argp_error(state, "an IMEI or an IMSI is needed");
        }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&cli_common_argp, 0, NULL, 0}, {0}};
static const struct argp argp = {
    NULL,
    take,
    "IMEI|IMSI",
    "Shows which subscriptions may be used in a device or were seen in it; of each how it is "
    "bound, "
    "since when, by which lot and when the key was used last, and whether the IMEI is proven: by "
    "which record, until when, and what came out last.\v"
    "Digits that are the IMEI of a device that is known are taken as that, else as an IMSI.",
    children,
    NULL,
    NULL};

/* GET; 404 is no failure but NULL. Failures are said. */
static int get(struct api *api, const char *what, const char *format, const char *id, json_t **out)
{
    char path[96];
    struct api_answer answer;
    *out = NULL;
    snprintf(path, sizeof path, "%s/%s", format, id);
    struct api_request request = {.method = "GET", .path = path};
    int rc = api_call(api, &request, &answer);
    if (rc == CLI_DONE && answer.status == 200) {
        *out = json_incref(answer.body);
    } else if (rc == CLI_DONE && answer.status != 404) {
        rc = api_say_problem(what, &answer);
    }
    api_answer_free(&answer);
    return rc;
}

/* What the words say, for scripts. */
static void add_state(json_t *subscription)
{
    const char *state = kme_view_state(subscription, (int64_t)time(NULL));
    (void)json_object_set_new(subscription, "binding_state", json_string(state));
}

/* Each IMSI's subscription into the array. */
static int add_subscriptions(struct api *api, const json_t *imsis, json_t *to)
{
    size_t i;
    const json_t *imsi;
    json_array_foreach(imsis, i, imsi)
    {
        json_t *one = NULL;
        struct imsi id;
        const char *text = json_string_value(imsi);
        int rc = text && imsi_parse(bytes_of_str(text), &id) == E_OK
                     ? get(api, text, "/v1/subscribers", id.digits, &one)
                     : CLI_DONE;
        if (one) {
            add_state(one);
            (void)json_array_append_new(to, one);
        }
        if (rc != CLI_DONE) {
            return rc;
        }
    }
    return CLI_DONE;
}

/* What is known: *out is {"imei" or "imsi", "imsis", "subscriptions"}, NULL when nothing is. */
static int find(struct api *api, const char *word, json_t **out)
{
    struct imei imei;
    struct imsi imsi;
    json_t *found = NULL, *list = json_array();
    int rc = CLI_DONE;
    if (imei_parse(bytes_of_str(word), &imei) == E_OK) {
        rc = get(api, word, "/v1/devices", imei.digits, &found);
    }
    if (found) {
        rc = add_subscriptions(api, json_object_get(found, "imsis"), list);
    } else if (rc == CLI_DONE && imsi_parse(bytes_of_str(word), &imsi) == E_OK) {
        json_t *one;
        rc = get(api, word, "/v1/subscribers", imsi.digits, &one);
        if (one) {
            found = json_pack("{s:s,s:[s]}", "imsi", imsi.digits, "imsis", imsi.digits);
            add_state(one);
            (void)json_array_append_new(list, one);
        }
    }
    if (found) {
        (void)json_object_set_new(found, "subscriptions", list);
    } else {
        json_decref(list);
    }
    *out = found;
    return rc;
}

static void show(const json_t *found, const char *word)
{
    size_t i;
    const json_t *s, *list = json_object_get(found, "subscriptions");
    const char *lot = api_text(found, "lot");
    if (*api_text(found, "imei")) {
        printf("device %s%s%s%s\n", word, *lot ? ", of lot " : "", lot,
               json_array_size(list) ? "" : ", with no subscription");
    }
    json_array_foreach(list, i, s)
    {
        printf("%s%-18s %s\n", i ? "\n" : "", "subscription", api_text(s, "imsi"));
        onboarding_view_subscriber(s);
        kme_view(s, (int64_t)time(NULL));
        printf("%-18s %s\n", "last IMEI",
               *api_text(s, "last_imei") ? api_text(s, "last_imei") : "-");
        proof_view(s);
    }
}

/* 15 digits that are no subscription were probably meant to be an IMEI. */
static int say_unknown(const char *word)
{
    struct imei imei;
    enum err e = imei_parse(bytes_of_str(word), &imei);
    if (e == E_BAD_CHECK_DIGIT) {
        cli_error("%s: no subscription has this IMSI, and as an IMEI its last digit is not the "
                  "check digit of the others [404]",
                  word);
        return CLI_USAGE;
    }
    if (e == E_OK) {
        cli_error("%s: no subscription may be used in this device or was last seen in it, so there "
                  "is nothing to show, and no subscription has this IMSI; `bindery device add IMSI "
                  "%s` lets one be used in it, `bindery device list` shows all pairs [404]",
                  word, word);
    } else {
        cli_error("%s: no subscription has this IMSI; `bindery subscriber list` shows all [404]",
                  word);
    }
    return CLI_REFUSED;
}

int cli_device_show(int argc, char **argv)
{
    struct options o = {0};
    struct api api;
    struct imei imei;
    struct imsi imsi;
    json_t *found = NULL;
    if (argp_parse(&argp, argc, argv, 0, NULL, &o) != 0) {
        return CLI_USAGE;
    }
    if (imei_parse(bytes_of_str(o.word), &imei) != E_OK &&
        imsi_parse(bytes_of_str(o.word), &imsi) != E_OK) {
        return cli_imei(o.word, &imei) ? CLI_DONE : CLI_USAGE;
    }
    int rc = api_open(&o.common, &api);
    if (rc != CLI_DONE) {
        return rc;
    }
    rc = find(&api, o.word, &found);
    api_close(&api);
    if (rc == CLI_DONE && !found) {
        rc = say_unknown(o.word);
    } else if (rc == CLI_DONE && o.common.json) {
        api_print_json(found);
    } else if (rc == CLI_DONE) {
        show(found, o.word);
    }
    json_decref(found);
    return rc;
}
