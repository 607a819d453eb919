#include "nf/common/admin_call.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- answers --------------------------------------------------------------------------------- */

void admin_call_answer(struct admin_call *c, unsigned status, json_t *body)
{
    c->phase = ADMIN_ANSWERED;
    c->status = status;
    c->answer = body;
}

void admin_call_show(struct admin_call *c, json_t *body)
{
    if (body == NULL) {
        admin_call_refuse_err(c, E_MEMORY);
    } else {
        admin_call_answer(c, ADMIN_STATUS_OK, body);
    }
}

void admin_call_refuse(struct admin_call *c, const struct admin_fault *fault)
{
    c->is_problem = true;
    admin_call_answer(c, problem_status(fault->problem), problem_json(fault, 0));
}

void admin_call_refuse_err(struct admin_call *c, enum err err)
{
    struct admin_fault fault;
    (void)admin_fault_store(&fault, err);
    admin_call_refuse(c, &fault);
}

/* ---- parameters ------------------------------------------------------------------------------ */

const char *admin_call_parameter(struct admin_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_GET_ARGUMENT_KIND, name);
}

const char *admin_call_header(struct admin_call *c, const char *name)
{
    return MHD_lookup_connection_value(c->connection, MHD_HEADER_KIND, name);
}

bool admin_call_parameter_wrong(struct admin_call *c, const char *name, const char *what)
{
    struct admin_fault fault;
    (void)admin_fault_set(&fault, PROBLEM_PARAMETER, NULL, "%.40s %s", name, what);
    admin_call_refuse(c, &fault);
    return false;
}

bool admin_call_number(struct admin_call *c, const char *name, uint64_t least, uint64_t most,
                       uint64_t *value)
{
    const char *text = admin_call_parameter(c, name);
    size_t n = text != NULL ? strlen(text) : 0;
    if (text == NULL) {
        return true;
    }
    uint64_t v = n > 0 && n < 19 && strspn(text, "0123456789") == n ? strtoull(text, NULL, 10) : 0;
    if (n == 0 || n >= 19 || strspn(text, "0123456789") != n || v < least || v > most) {
        return admin_call_parameter_wrong(c, name, "is not a whole number in its range");
    }
    *value = v;
    return true;
}

bool admin_call_limit(struct admin_call *c, size_t *limit)
{
    uint64_t v = ADMIN_LIMIT_DEFAULT;
    bool ok = admin_call_number(c, "limit", 1, ADMIN_LIMIT_MAX, &v);
    *limit = (size_t)v;
    return ok;
}

/* ---- which path ------------------------------------------------------------------------------ */

struct bytes admin_path_step(const char **path)
{
    const char *begin = *path + (**path == '/');
    size_t n = strcspn(begin, "/");
    *path = begin + n;
    return (struct bytes){(const uint8_t *)begin, n};
}

/* Does the path have the pattern's shape? Identities are looked at only when it does. */
static bool matches(const char *pattern, const char *path)
{
    while (*pattern != '\0' && *path != '\0') {
        struct bytes want = admin_path_step(&pattern), have = admin_path_step(&path);
        if (have.n == 0 || (want.p[0] != '{' && !bytes_eq(want, have))) {
            return false;
        }
    }
    return *pattern == '\0' && *path == '\0';
}

struct parameter_check {
    const char *known;
    char unknown[40];
};

static enum MHD_Result check_parameter(void *ctx, enum MHD_ValueKind kind, const char *key,
                                       const char *value)
{
    struct parameter_check *check = ctx;
    char spaced[48];
    (void)kind;
    (void)value;
    snprintf(spaced, sizeof spaced, " %.40s ", key);
    if (strstr(check->known, spaced) == NULL) {
        snprintf(check->unknown, sizeof check->unknown, "%.39s", key);
        return MHD_NO;
    }
    return MHD_YES;
}

static bool parameters_known(struct admin_call *c, const struct admin_path *at)
{
    struct parameter_check check = {.known = at->parameters};
    (void)MHD_get_connection_values(c->connection, MHD_GET_ARGUMENT_KIND, check_parameter, &check);
    return check.unknown[0] == '\0' ||
           admin_call_parameter_wrong(c, check.unknown, "is no parameter of this path");
}

static const struct admin_path *nth(const struct admin_path *first, size_t stride, size_t i)
{
    return (const struct admin_path *)(const void *)((const char *)first + i * stride);
}

static int find(struct admin_call *c, const struct admin_path *first, size_t stride, size_t n,
                const char *method, const char *path)
{
    struct admin_fault fault;
    for (size_t i = 0; i < n; i++) {
        const struct admin_path *at = nth(first, stride, i);
        if (!matches(at->path, path)) {
            continue;
        }
        if (strcmp(at->method, method) == 0) {
            c->allow[0] = '\0';
            return (int)i;
        }
        size_t used = strlen(c->allow);
        snprintf(c->allow + used, sizeof c->allow - used, "%s%s", used > 0 ? ", " : "", at->method);
    }
    (void)admin_fault_set(
        &fault, c->allow[0] != '\0' ? PROBLEM_METHOD : PROBLEM_NO_SUCH_PATH, NULL,
        c->allow[0] != '\0' ? "the methods here are %s" : "see docs/admin-api.md%s", c->allow);
    admin_call_refuse(c, &fault);
    return -1;
}

int admin_call_route(struct admin_call *c, const struct admin_path *first, size_t stride, size_t n,
                     const char *method, const char *path)
{
    struct admin_fault fault;
    int i = find(c, first, stride, n, method, path);
    if (i < 0 || !parameters_known(c, nth(first, stride, (size_t)i))) {
        return -1;
    }
    if (c->body_too_large) {
        (void)admin_fault_set(&fault, PROBLEM_TOO_LARGE, NULL, "a body has at most %u octets",
                              ADMIN_BODY_MAX);
        admin_call_refuse(c, &fault);
        return -1;
    }
    return i;
}

/* ---- values ---------------------------------------------------------------------------------- */

json_t *admin_time(int64_t unix_ms)
{
    char text[40];
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm tm;
    gmtime_r(&seconds, &tm);
    size_t n = strftime(text, sizeof text, "%Y-%m-%dT%H:%M:%S", &tm);
    snprintf(text + n, sizeof text - n, ".%03dZ", (int)(unix_ms % 1000));
    return json_string(text);
}

json_t *admin_text_or_null(const char *text)
{
    return text[0] != '\0' ? json_string(text) : json_null();
}
