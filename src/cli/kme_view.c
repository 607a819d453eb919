#include "cli/kme_view.h"

#include "cli/api_client.h"
#include <string.h>
#include <time.h>

void kme_view_time(const json_t *seconds, char out[static 32])
{
    const time_t at = (time_t)json_integer_value(seconds);
    struct tm tm;
    if (!json_is_integer(seconds) || !gmtime_r(&at, &tm) ||
        strftime(out, 32, "%Y-%m-%d %H:%M:%SZ", &tm) == 0) {
        snprintf(out, 32, "-");
    }
}

/* ---- the subscription ---- */

/* How its devices stand. */
struct keys {
    size_t n;    /* that have one */
    bool unused; /* one that is new, or that none was used yet */
};

static struct keys keys_of(const json_t *subscriber)
{
    struct keys k = {0, false};
    size_t i, used = 0;
    const json_t *d;
    json_array_foreach(json_object_get(subscriber, "devices"), i, d)
    {
        if (json_is_true(json_object_get(d, "has_kme"))) {
            k.n++;
            used += json_is_integer(json_object_get(d, "kme_used"));
            k.unused = k.unused || json_is_true(json_object_get(d, "has_previous"));
        }
    }
    k.unused = k.unused || used == 0;
    return k;
}

static bool is_offered(const json_t *kme, int64_t now)
{
    const json_t *expires = json_object_get(kme, "expires");
    return !strcmp(api_text(kme, "phase"), "offered") && json_is_integer(expires) &&
           json_integer_value(expires) >= now;
}

const char *kme_view_state(const json_t *subscriber, int64_t now)
{
    const json_t *kme = json_object_get(subscriber, "kme");
    const char *request = api_text(kme, "request");
    const struct keys keys = keys_of(subscriber);
    if (!strcmp(api_text(subscriber, "policy"), "open")) {
        return "open";
    }
    if (!strcmp(request, "rebind") || !strcmp(request, "renew")) {
        return !strcmp(request, "renew") ? "renewal-wanted" : "rebinding-approved";
    }
    if (keys.n == 0) {
        return is_offered(kme, now) ? "offered" : "waiting";
    }
    return keys.unused ? "bound-unused" : "bound";
}

void kme_view_words(const json_t *subscriber, int64_t now, char *out, size_t cap)
{
    static const struct {
        const char *name, *words;
    } all[] = {
        {"open", "not bound, works in any device"},
        {"waiting", "waiting to be bound"},
        {"offered", "offered: a device was asked to make a key"},
        {"renewal-wanted", "bound, renewal wanted"},
        {"bound-unused", "bound, new key not used yet"},
        {"bound", "bound"},
    };
    const char *name = kme_view_state(subscriber, now);
    const char *imei = api_text(json_object_get(subscriber, "kme"), "request_imei");
    snprintf(out, cap, "rebinding approved for %s%.20s", *imei ? "IMEI " : "any device", imei);
    for (size_t i = 0; i < sizeof all / sizeof all[0]; i++) {
        if (!strcmp(all[i].name, name)) {
            snprintf(out, cap, "%s", all[i].words);
        }
    }
}

/* ---- saying ---- */

static void say(const char *key, const char *text)
{
    printf("%-18s ", key);
    cli_put_clean(stdout, text);
    putchar('\n');
}

static const char *due_words(const char *due)
{
    return !strcmp(due, "first")       ? "a first key"
           : !strcmp(due, "renewal")   ? "a new key of the same device"
           : !strcmp(due, "rebinding") ? "a key for a new binding"
                                       : "a key";
}

static void say_offer(const json_t *kme, int64_t now)
{
    char until[32], line[128];
    if (strcmp(api_text(kme, "phase"), "offered") != 0) {
        return;
    }
    kme_view_time(json_object_get(kme, "expires"), until);
    snprintf(line, sizeof line, "%s, %s %s", due_words(api_text(kme, "due")),
             is_offered(kme, now) ? "may be answered until" : "was not answered until", until);
    say("  offer", line);
}

/* "35693803564380: key of 2026-11-21 13:37:31Z by lot L, last used ..." */
static void say_device(const json_t *d)
{
    char since[32], used[32], line[320];
    const json_t *at = json_object_get(d, "kme_since");
    const char *imei = api_text(d, "imei"), *lot = api_text(d, "kme_lot");
    if (!json_is_true(json_object_get(d, "has_kme"))) {
        snprintf(line, sizeof line, "%.20s: has no key", imei);
        say("  device", line);
        return;
    }
    kme_view_time(at, since);
    kme_view_time(json_object_get(d, "kme_used"), used);
    const bool never = !strcmp(used, "-");
    snprintf(line, sizeof line, "%.20s: bound %s%s%s%s%.40s, %s%s%s", imei,
             json_is_integer(at) ? "since " : "", json_is_integer(at) ? since : "",
             json_is_integer(at) ? ", " : "", *lot ? "by lot " : "by a key that was brought", lot,
             never ? "not used yet" : "last used ", never ? "" : used,
             json_is_true(json_object_get(d, "has_previous")) ? "; the key before is still kept"
                                                              : "");
    say("  device", line);
}

void kme_view(const json_t *subscriber, int64_t now)
{
    char words[96];
    size_t i;
    const json_t *d;
    kme_view_words(subscriber, now, words, sizeof words);
    say("SIM binding", api_text(subscriber, "policy"));
    say("  state", words);
    say_offer(json_object_get(subscriber, "kme"), now);
    json_array_foreach(json_object_get(subscriber, "devices"), i, d)
    {
        say_device(d);
    }
}
