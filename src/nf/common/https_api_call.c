/* One call: its answer, its query and its body. Part of src/nf/common/https_api.h. */
#include "nf/common/https_api_parts.h"

#include "nf/common/base64.h"
#include "nf/common/json_whole.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define TOO_MANY  429u
#define NOT_NOW   503u
#define JSON_TYPE "application/json"

static const struct {
    const char *name;
    unsigned status;
    const char *sentence;
} causes[HTTPS_API_CAUSES] = {
#define X(name, text, status, sentence) {text, status, sentence},
    HTTPS_API_CAUSE_LIST(X)
#undef X
};

const char *https_api_cause_name(enum https_api_cause c)
{
    return causes[(unsigned)c < HTTPS_API_CAUSES ? c : HTTPS_API_NO_MEMORY].name;
}

/* ---- answers ---- */

/* The strings of a JSON value lie in memory of their own. */
static void wipe_strings(json_t *value)
{
    const char *key;
    json_t *inner;
    size_t i;
    if (json_is_string(value)) {
        wipe((void *)(uintptr_t)json_string_value(value), json_string_length(value));
    }
    json_object_foreach(value, key, inner)
    {
        wipe_strings(inner);
    }
    json_array_foreach(value, i, inner)
    {
        wipe_strings(inner);
    }
}

void https_api_refuse(struct https_api_call *c, unsigned status, const char *cause,
                      const char *sentence, const char *detail)
{
    c->cause = cause;
    https_problem(&c->call, status, cause, sentence, detail);
    c->call.retry_after = status == TOO_MANY || status == NOT_NOW ? 1 : 0;
    https_api_note(c, status);
}

void https_api_refuse_as(struct https_api_call *c, enum https_api_cause cause, const char *detail)
{
    https_api_refuse(c, causes[cause].status, causes[cause].name, causes[cause].sentence, detail);
}

void https_api_show(struct https_api_call *c, unsigned status, json_t *body)
{
    size_t n = 0;
    char *text = json_whole_text(body, &n);
    if (c->route != NULL && c->route->secret) {
        c->call.secret = true;
        wipe_strings(body);
    }
    json_decref(body);
    if (text == NULL) {
        https_api_refuse_as(c, HTTPS_API_NO_MEMORY, NULL);
        return;
    }
    https_answer(&c->call, status, JSON_TYPE, text, n);
    https_api_note(c, status);
}

/* ---- parameters ---- */

static bool wrong_parameter(struct https_api_call *c, const char *name, const char *what)
{
    char detail[120];
    (void)snprintf(detail, sizeof detail, "%.40s has to be %.70s", name, what);
    https_api_refuse_as(c, HTTPS_API_PARAMETER, detail);
    return false;
}

bool https_api_param_number(struct https_api_call *c, const char *name, uint64_t least,
                            uint64_t most, uint64_t *value)
{
    unsigned times = 0;
    char range[70];
    const char *text = https_parameter(&c->call, name, &times);
    const size_t n = text != NULL ? strlen(text) : 0;
    if (times == 0) {
        return true;
    }
    const bool digits = n > 0 && n < 19 && strspn(text, "0123456789") == n;
    const uint64_t v = digits ? strtoull(text, NULL, 10) : 0;
    if (!digits || v < least || v > most) {
        (void)snprintf(range, sizeof range, "a whole number from %llu to %llu",
                       (unsigned long long)least, (unsigned long long)most);
        return wrong_parameter(c, name, range);
    }
    *value = v;
    return true;
}

bool https_api_param_limit(struct https_api_call *c, size_t *limit)
{
    uint64_t v = HTTPS_API_LIMIT_DEFAULT;
    bool ok = https_api_param_number(c, "limit", 1, HTTPS_API_LIMIT_MAX, &v);
    *limit = (size_t)v;
    return ok;
}

bool https_api_param_imsi(struct https_api_call *c, const char *name, struct imsi *out)
{
    unsigned times = 0;
    const char *text = https_parameter(&c->call, name, &times);
    struct imsi imsi;
    if (times == 0) {
        return true;
    }
    if (text == NULL || imsi_parse(bytes_of_str(text), &imsi) != E_OK) {
        return wrong_parameter(c, name, "6 to 15 digits");
    }
    *out = imsi;
    return true;
}

/* ---- the body ---- */

/* Is the name in the list " a b? "? *optional: it stands there with '?'. */
static bool listed(const char *list, const char *name, bool *optional)
{
    char spaced[64], asked[64];
    (void)snprintf(spaced, sizeof spaced, " %.60s ", name);
    (void)snprintf(asked, sizeof asked, " %.60s? ", name);
    const bool plain = strchr(name, ' ') == NULL && strchr(name, '?') == NULL && strlen(name) < 60;
    *optional = plain && strstr(list, asked) != NULL;
    return *optional || (plain && strstr(list, spaced) != NULL);
}

static bool all_known(struct https_api_call *c)
{
    const char *key;
    json_t *value;
    bool optional;
    json_object_foreach(c->body, key, value)
    {
        if (!listed(c->route->members, key, &optional)) {
            https_api_refuse_as(c, HTTPS_API_UNKNOWN_MEMBER, key);
            return false;
        }
    }
    return true;
}

static bool all_there(struct https_api_call *c)
{
    char name[64];
    const char *at = c->route->members;
    while (*(at += strspn(at, " ")) != '\0') {
        const size_t n = strcspn(at, " ");
        (void)snprintf(name, sizeof name, "%.*s", (int)n, at);
        if (at[n - 1] != '?' && json_object_get(c->body, name) == NULL) {
            https_api_refuse_as(c, HTTPS_API_MISSING_MEMBER, name);
            return false;
        }
        at += n;
    }
    return true;
}

bool https_api_take_body(struct https_api_call *c)
{
    json_error_t why;
    char detail[80];
    if (c->call.body_too_large) {
        https_api_refuse_as(c, HTTPS_API_TOO_LARGE, NULL);
        return false;
    }
    if (c->route->members == NULL) {
        return true;
    }
    c->body = c->call.body_n > 0 ? json_loadb((const char *)c->call.body, c->call.body_n,
                                              JSON_REJECT_DUPLICATES, &why)
                                 : NULL;
    if (!json_is_object(c->body)) {
        /* jansson's own text may quote the body, and with it a secret: the place is enough. */
        (void)snprintf(detail, sizeof detail, "near line %d, column %d",
                       c->body == NULL && c->call.body_n > 0 ? why.line : 1,
                       c->body == NULL && c->call.body_n > 0 ? why.column : 1);
        https_api_refuse_as(c, HTTPS_API_NOT_JSON, detail);
        return false;
    }
    return all_known(c) && all_there(c);
}

void https_api_drop_body(struct https_api_call *c)
{
    if (c->route != NULL && c->route->secret) {
        wipe_strings(c->body);
        if (c->call.body != NULL) {
            wipe(c->call.body, c->call.body_room);
        }
    }
    json_decref(c->body);
    c->body = NULL;
}

/* ---- members ---- */

bool https_api_ok(const struct https_api_call *c)
{
    return c->cause == NULL;
}

void https_api_bad_member(struct https_api_call *c, const char *detail)
{
    if (https_api_ok(c)) {
        https_api_refuse_as(c, HTTPS_API_BAD_MEMBER, detail);
    }
}

static void bad(struct https_api_call *c, const char *name, const char *what)
{
    char detail[160];
    (void)snprintf(detail, sizeof detail, "%.60s has to be %.80s", name, what);
    https_api_bad_member(c, detail);
}

json_t *https_api_member(struct https_api_call *c, const char *name)
{
    return https_api_ok(c) ? json_object_get(c->body, name) : NULL;
}

const char *https_api_text(struct https_api_call *c, const char *name, size_t least, size_t most)
{
    const json_t *v = https_api_member(c, name);
    char what[80];
    if (v == NULL) {
        return NULL;
    }
    const char *text = json_string_value(v);
    const size_t n = text != NULL ? json_string_length(v) : 0;
    if (text == NULL || n < least || n > most || strlen(text) != n) {
        (void)snprintf(what, sizeof what, "a text of %zu to %zu octets", least, most);
        bad(c, name, what);
        return NULL;
    }
    return text;
}

int64_t https_api_number(struct https_api_call *c, const char *name, int64_t least, int64_t most)
{
    const json_t *v = https_api_member(c, name);
    char what[80];
    if (v == NULL) {
        return 0;
    }
    const int64_t n = json_integer_value(v);
    if (!json_is_integer(v) || n < least || n > most) {
        (void)snprintf(what, sizeof what, "a whole number from %lld to %lld", (long long)least,
                       (long long)most);
        bad(c, name, what);
        return 0;
    }
    return n;
}

void https_api_hex(struct https_api_call *c, const char *name, struct mbytes out)
{
    char what[80];
    memset(out.p, 0, out.n);
    const char *text = https_api_text(c, name, 0, SIZE_MAX);
    if (text == NULL) {
        return;
    }
    if (strspn(text, "0123456789abcdef") != strlen(text) || hex_decode(text, out) != E_OK) {
        memset(out.p, 0, out.n);
        (void)snprintf(what, sizeof what, "%zu hex digits in lower case", 2 * out.n);
        bad(c, name, what);
    }
}

struct bytes https_api_base64(struct https_api_call *c, const char *name, struct mbytes room)
{
    char what[80];
    size_t n = 0;
    const char *text = https_api_text(c, name, 0, SIZE_MAX);
    if (text == NULL) {
        return (struct bytes){NULL, 0};
    }
    if (base64_decode(bytes_of_str(text), room, &n) != E_OK || n == 0) {
        (void)snprintf(what, sizeof what, "base64 of 1 to %zu octets", room.n);
        bad(c, name, what);
        return (struct bytes){NULL, 0};
    }
    return (struct bytes){room.p, n};
}

void https_api_imsi(struct https_api_call *c, const char *name, struct imsi *out)
{
    const char *text = https_api_text(c, name, 0, SIZE_MAX);
    *out = (struct imsi){.n = 0};
    if (text != NULL && imsi_parse(bytes_of_str(text), out) != E_OK) {
        *out = (struct imsi){.n = 0};
        bad(c, name, "6 to 15 digits");
    }
}
