#include "cli/proof_view.h"

#include "cli/api_client.h"
#include "proc/devid.h"
#include <string.h>
#include <time.h>

static void time_text(const json_t *o, const char *key, char out[static 32])
{
    const json_t *v = json_object_get(o, key);
    const time_t at = (time_t)json_integer_value(v);
    struct tm tm;
    if (!json_is_integer(v) || !gmtime_r(&at, &tm) ||
        strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &tm) == 0) {
        snprintf(out, 32, "-");
    }
}

static void say(const char *key, const char *text)
{
    printf("%-18s ", key);
    cli_put_clean(stdout, text);
    putchar('\n');
}

/* What the policy means for who comes. */
static const char *policy_words(const struct devid_policy *p)
{
    if (!p->wanted) {
        return "nobody asks the device";
    }
    if (p->admit_unproven && p->admit_failed && p->admit_undetermined) {
        return "the device is asked, and admitted whatever comes";
    }
    if (!p->admit_unproven && !p->admit_failed && !p->admit_undetermined) {
        return "only who is proven is admitted";
    }
    return p->admit_unproven && !p->admit_failed && p->admit_undetermined ? "who fails is refused"
                                                                          : "";
}

static void say_policy(const char *text)
{
    struct devid_policy policy;
    char line[160];
    const char *words =
        devid_policy_parse(bytes_of_str(text), &policy) == E_OK ? policy_words(&policy) : "";
    snprintf(line, sizeof line, "%.80s%s%s", *text ? text : "off", *words ? ": " : "", words);
    say("proof of IMEI", line);
}

/* " (certificate, serial 12)" of what was relied on. */
static void relied_on(const json_t *o, char *out, size_t cap)
{
    const char *form = api_text(o, "form");
    const json_t *serial = json_object_get(o, "serial");
    if (*form && json_is_integer(serial)) {
        snprintf(out, cap, " (%.20s, record %" JSON_INTEGER_FORMAT ")", form,
                 json_integer_value(serial));
    } else {
        snprintf(out, cap, "%s", "");
    }
}

static void say_remembered(const json_t *r)
{
    char until[32], at[32], by[64], line[256];
    if (!json_is_object(r)) {
        say("  remembered", "no");
        return;
    }
    time_text(r, "until", until);
    time_text(r, "at", at);
    relied_on(r, by, sizeof by);
    snprintf(line, sizeof line, "proven with %.20s%s on %s, until %s", api_text(r, "imei"), by, at,
             until);
    say("  remembered", line);
}

static void say_last(const json_t *last)
{
    char at[32], by[64], line[512];
    enum devid_cause cause;
    if (!json_is_object(last)) {
        say("  last outcome", "none yet");
        return;
    }
    const char *name = api_text(last, "cause"), *sentence = "";
    if (devid_cause_parse(bytes_of_str(name), &cause) == E_OK) {
        sentence = devid_cause_sentence(cause);
    }
    time_text(last, "at", at);
    relied_on(last, by, sizeof by);
    snprintf(line, sizeof line, "%.20s with %.20s%s on %s", api_text(last, "result"),
             api_text(last, "imei"), by, at);
    say("  last outcome", line);
    if (*name && strcmp(name, "none") != 0) {
        snprintf(line, sizeof line, "%.40s%s%s", name, *sentence ? ": " : "", sentence);
        say("    cause", line);
    }
}

void proof_view(const json_t *subscriber)
{
    say_policy(api_text(subscriber, "proof"));
    const json_t *last = json_object_get(subscriber, "proof_last");
    const json_t *remembered = json_object_get(subscriber, "proof_remembered");
    if (!strcmp(api_text(subscriber, "proof"), "off") && !last && !remembered) {
        return;
    }
    say_remembered(remembered);
    say_last(last);
}
