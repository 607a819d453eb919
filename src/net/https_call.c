#include "net/https.h"

#include <microhttpd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#define PROBLEM_MAX 1024

void https_answer(struct https_call *c, unsigned status, const char *type, char *text, size_t n)
{
    if (c->secret && c->text != NULL) {
        wipe(c->text, c->text_n);
    }
    free(c->text);
    c->phase = HTTPS_ANSWERED;
    c->status = status;
    c->type = text != NULL ? type : NULL;
    c->text = text;
    c->text_n = text != NULL ? n : 0;
}

void https_answer_file(struct https_call *c, unsigned status, const char *type, int fd)
{
    https_answer(c, status, NULL, NULL, 0);
    c->type = type;
    c->file = fd;
}

/* A JSON string's inside; what is not printable ASCII becomes a question mark. */
static void quoted(const char *in, char *out, size_t room)
{
    size_t n = 0;
    for (; *in != '\0' && n + 2 < room; in++) {
        bool plain = *in >= ' ' && *in <= '~';
        if (*in == '"' || *in == '\\') {
            out[n++] = '\\';
        }
        out[n++] = (char)(plain ? *in : '?');
    }
    out[n] = '\0';
}

void https_problem(struct https_call *c, unsigned status, const char *name, const char *title,
                   const char *detail)
{
    char said[400], *text = malloc(PROBLEM_MAX);
    quoted(detail != NULL ? detail : "", said, sizeof said);
    int n = text == NULL ? 0
                         : snprintf(text, PROBLEM_MAX,
                                    "{\"type\":\"/problems/%.60s\",\"title\":\"%.200s\","
                                    "\"status\":%u,\"detail\":\"%s\"}\n",
                                    name, title, status, said);
    https_answer(c, status, "application/problem+json", text, n > 0 ? (size_t)n : 0);
}

/* ---- the query ---- */

struct wanted {
    const char *name, *value;
    unsigned n;
};

static enum MHD_Result look(void *ctx, enum MHD_ValueKind kind, const char *key, const char *value)
{
    struct wanted *w = ctx;
    (void)kind;
    if (strcmp(key, w->name) == 0) {
        w->value = value;
        w->n++;
    }
    return MHD_YES;
}

const char *https_parameter(struct https_call *c, const char *name, unsigned *n)
{
    struct wanted w = {.name = name};
    (void)MHD_get_connection_values(c->connection, MHD_GET_ARGUMENT_KIND, look, &w);
    *n = w.n;
    return w.value;
}

static enum MHD_Result look_host(void *ctx, enum MHD_ValueKind kind, const char *key,
                                 const char *value)
{
    struct wanted *w = ctx;
    (void)kind;
    if (strcasecmp(key, w->name) == 0) {
        w->value = value;
        w->n++;
    }
    return MHD_YES;
}

const char *https_host(struct https_call *c)
{
    struct wanted w = {.name = MHD_HTTP_HEADER_HOST};
    (void)MHD_get_connection_values(c->connection, MHD_HEADER_KIND, look_host, &w);
    return w.n == 1 ? w.value : NULL;
}

struct all_known {
    struct https_call *call;
    const char *known;
    bool yes;
};

static enum MHD_Result look_up(void *ctx, enum MHD_ValueKind kind, const char *key,
                               const char *value)
{
    struct all_known *k = ctx;
    char spaced[48];
    unsigned n = 0;
    (void)kind;
    (void)snprintf(spaced, sizeof spaced, " %.40s ", key);
    (void)https_parameter(k->call, key, &n);
    k->yes = value != NULL && n == 1 && strlen(key) <= 40 && strchr(key, ' ') == NULL &&
             strstr(k->known, spaced) != NULL;
    return k->yes ? MHD_YES : MHD_NO;
}

bool https_parameters_known(struct https_call *c, const char *known)
{
    struct all_known k = {c, known, true};
    (void)MHD_get_connection_values(c->connection, MHD_GET_ARGUMENT_KIND, look_up, &k);
    return k.yes;
}

/* ---- the path ---- */

static struct bytes step(const char **path)
{
    const char *begin = *path + (**path == '/');
    size_t n = strcspn(begin, "/");
    *path = begin + n;
    return (struct bytes){(const uint8_t *)begin, n};
}

/* Does a step have the shape of the pattern's? *open: what stands for its {}, if it has one. */
static bool step_is(struct bytes want, struct bytes have, bool *is_open, struct bytes *open)
{
    const uint8_t *brace = want.n > 0 ? memchr(want.p, '{', want.n) : NULL;
    const size_t fixed = brace != NULL ? (size_t)(brace - want.p) : want.n;
    *is_open = brace != NULL;
    if (have.n == 0 || have.n < fixed || (!*is_open && have.n != fixed)) {
        return false;
    }
    *open = (struct bytes){have.p + fixed, have.n - fixed};
    return fixed == 0 || memcmp(want.p, have.p, fixed) == 0;
}

bool https_path_is(const char *pattern, const char *path, struct bytes *steps, size_t room)
{
    size_t n = 0;
    if (*path != '/' || strlen(path) > HTTPS_PATH_MAX) {
        return false;
    }
    while (*pattern != '\0' && *path != '\0') {
        struct bytes want = step(&pattern), have = step(&path), open;
        bool is_open = false;
        if (!step_is(want, have, &is_open, &open) || (is_open && n == room)) {
            return false;
        }
        if (is_open) {
            steps[n++] = open;
        }
    }
    return *pattern == '\0' && *path == '\0';
}
