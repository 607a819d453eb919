#include "cli/key_view.h"

#include "cli/api_client.h"
#include "cli/kme_view.h"

#include <stdio.h>
#include <string.h>

static const json_t *job(const json_t *keys)
{
    return json_object_get(keys, "reseal");
}

static json_int_t number(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

static bool is(const json_t *keys, const char *state)
{
    return !strcmp(api_text(job(keys), "state"), state);
}

bool key_view_is_under_way(const json_t *keys)
{
    return is(keys, "running") || is(keys, "checking");
}

bool key_view_has_failed(const json_t *keys)
{
    return is(keys, "failed");
}

int key_view_percent(const json_t *keys)
{
    const json_int_t values = number(job(keys), "values"), looked = number(job(keys), "looked");
    if (!is(keys, "running") && !is(keys, "stopped")) {
        return 100;
    }
    if (values <= 0 || looked >= values) {
        return 99; /* more came while it ran: it is not done before it says so */
    }
    return (int)(looked * 100 / values);
}

void key_view_words(const json_t *keys, char *out, size_t cap)
{
    const json_t *j = job(keys);
    const char *state = api_text(j, "state");
    if (is(keys, "never")) {
        snprintf(out, cap, "never sealed again");
    } else if (is(keys, "running") || is(keys, "stopped")) {
        snprintf(out, cap, "%s, %d %% of %lld values looked at", state, key_view_percent(keys),
                 (long long)number(j, "values"));
    } else if (is(keys, "checking")) {
        snprintf(out, cap, "looking whether any value was left out");
    } else {
        snprintf(out, cap, "%s, %lld values sealed again, %lld do not open", state,
                 (long long)number(j, "resealed"), (long long)number(j, "failed"));
    }
}

static void say(const char *name, const char *value)
{
    printf("%-22s ", name);
    cli_put_clean(stdout, *value ? value : "-");
    putchar('\n');
}

void key_view(const json_t *keys)
{
    char text[160], time[32];
    size_t i;
    json_t *key;
    const json_t *kek = json_object_get(keys, "kek");
    say("key-encryption key", api_text(kek, "fingerprint"));
    kme_view_time(json_object_get(kek, "since"), time);
    say("  in use since", time);
    json_array_foreach(json_object_get(keys, "data_keys"), i, key)
    {
        kme_view_time(json_object_get(key, "created"), time);
        snprintf(text, sizeof text, "%lld, made %s%s", (long long)number(key, "id"), time,
                 json_is_true(json_object_get(key, "seals")) ? ", seals" : ", only opens");
        say("data key", text);
    }
    key_view_words(keys, text, sizeof text);
    say("sealing again", text);
}

void key_view_former(const json_t *keys, char *out, size_t cap)
{
    const json_t *former = json_object_get(keys, "former");
    const char *file = api_text(former, "file"), *fingerprint = api_text(former, "fingerprint");
    if (former == NULL) {
        out[0] = '\0';
    } else if (*file) {
        snprintf(out, cap,
                 "backups made before now open only with the key file of fingerprint %s, which is "
                 "kept as %s: make a backup now, and remove that file when no such backup is "
                 "needed any more",
                 fingerprint, file);
    } else {
        snprintf(out, cap,
                 "backups made before now open only with the key file of fingerprint %s, which is "
                 "not there any more: make a backup now",
                 fingerprint);
    }
}
