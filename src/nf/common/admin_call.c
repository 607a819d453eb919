#include "nf/common/admin_call.h"

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

void admin_call_text(struct admin_call *c, unsigned status, const char *type, char *text, size_t n)
{
    if (text == NULL) {
        admin_call_refuse_err(c, E_MEMORY);
        return;
    }
    c->text = text;
    c->text_n = n;
    c->type = type;
    admin_call_answer(c, status, NULL);
}

void admin_call_copy(struct admin_call *c, const char *type, const void *octets, size_t n)
{
    char *text = malloc(n + 1);
    if (text != NULL) {
        memcpy(text, octets, n);
    }
    admin_call_text(c, ADMIN_STATUS_OK, type, text, n);
}

void admin_call_file(struct admin_call *c, unsigned status, const char *type, int fd)
{
    c->file = fd;
    c->type = type;
    admin_call_answer(c, status, NULL);
}

/* What one element takes with its newline; 0 when there is no memory to find out. */
static size_t line(const json_t *element, char *out, size_t room)
{
    const size_t n = json_dumpb(element, out, room, JSON_COMPACT);
    if (n > 0 && n < room) {
        out[n] = '\n';
    }
    return n > 0 ? n + 1 : 0;
}

/*= op-api-bulk */
void admin_call_lines(struct admin_call *c, unsigned status, json_t *list)
{
    const size_t rows = json_array_size(list);
    size_t need = 0, n = 0;
    bool ok = list != NULL;
    for (size_t i = 0; ok && i < rows; i++) {
        const size_t one = line(json_array_get(list, i), NULL, 0);
        ok = one > 0;
        need += one;
    }
    char *text = ok ? malloc(need + 1) : NULL;
    for (size_t i = 0; text != NULL && i < rows; i++) {
        n += line(json_array_get(list, i), text + n, need + 1 - n);
    }
    json_decref(list);
    if (text != NULL && n != need) {
        free(text);
        text = NULL;
    }
    admin_call_text(c, status, ADMIN_NDJSON, text, n);
}

void admin_call_refuse(struct admin_call *c, const struct admin_fault *fault)
{
    c->is_problem = true;
    c->problem = fault->problem;
    c->etag[0] = '\0'; /* it would be that of what is not shown */
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
    return c->way->parameter(c, name);
}

const char *admin_call_header(struct admin_call *c, const char *name)
{
    return c->way->header(c, name);
}

/* RFC 9110 12.5.1, as far as it is needed: types between commas, weights and parameters behind a
 * semicolon. A type with weight 0 is one that is not wanted. */
bool admin_call_accepts(const struct admin_call *c, const char *type)
{
    const char *list = c->way->header(c, "Accept");
    while (list != NULL && *list != '\0') {
        list += strspn(list, " \t,");
        size_t all = strcspn(list, ","), n = strcspn(list, "; \t,");
        if (bytes_eq_nocase((struct bytes){(const uint8_t *)list, n}, bytes_of_str(type))) {
            const char *weight = memmem(list, all, "q=0", 3);
            return weight == NULL ||
                   (weight[3] == '.' && weight[4 + strspn(weight + 4, "0")] > '0');
        }
        list += all;
    }
    return false;
}

/* ---- whose subscriptions --------------------------------------------------------------------- */

bool admin_call_sees(const struct admin_call *c, const struct imsi *imsi)
{
    return c->who.scope == NULL || (imsi != NULL && admin_scope_has(c->who.scope, imsi));
}

static bool out_of_scope(struct admin_call *c, const char *what)
{
    struct admin_fault fault;
    (void)admin_fault_set(&fault, PROBLEM_OUT_OF_SCOPE, NULL, "%.100s %s", c->who.name, what);
    admin_call_refuse(c, &fault);
    return false;
}

bool admin_call_in_scope(struct admin_call *c, const struct imsi *imsi)
{
    return admin_call_sees(c, imsi) ||
           out_of_scope(c, "is configured for other subscriptions than this");
}

bool admin_call_unscoped(struct admin_call *c)
{
    return c->who.scope == NULL ||
           out_of_scope(c, "is configured for some subscriptions, and this concerns all");
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

static bool parameters_known(struct admin_call *c, const struct admin_path *at)
{
    const char *unknown = c->way->unknown(c, at->parameters);
    return unknown == NULL ||
           admin_call_parameter_wrong(c, unknown, "is no parameter of this path");
}

static const char *article(const char *noun)
{
    return strchr("aeio", noun[0]) != NULL ? "an" : "a";
}

static bool role_may(struct admin_call *c, const struct admin_path *at)
{
    struct admin_fault fault;
    if (admin_role_may(c->who.role, at->role)) {
        return true;
    }
    const char *is = admin_role_name(c->who.role), *wants = admin_role_name(at->role);
    (void)admin_fault_set(&fault, PROBLEM_NOT_ALLOWED, NULL,
                          "%.100s is %s %s, and this is for %s %s", c->who.name, article(is), is,
                          article(wants), wants);
    admin_call_refuse(c, &fault);
    return false;
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
    if (i < 0) {
        return -1;
    }
    c->at = nth(first, stride, (size_t)i);
    if (!role_may(c, c->at) || !parameters_known(c, c->at)) {
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

/*= op-api-scope */
bool admin_call_scoped(struct admin_call *c, const char *const *paths)
{
    bool holds = strstr(c->at->path, "{imsi}") != NULL;
    for (; !holds && *paths != NULL; paths++) {
        holds = strcmp(*paths, c->at->path) == 0;
    }
    return holds || admin_call_unscoped(c);
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
    json_t *v = text[0] != '\0' ? json_string(text) : json_null();
    char *ascii =
        v == NULL ? strdup(text) : NULL; /* it was cut within a character, or is no text */
    for (char *p = ascii; p != NULL && *p != '\0'; p++) {
        *p = (char)((*p & 0x80) != 0 ? '?' : *p);
    }
    v = ascii != NULL ? json_string(ascii) : v;
    free(ascii);
    return v;
}
